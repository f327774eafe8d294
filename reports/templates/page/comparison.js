// Variants in one picture: the same figure of each as a line, all pictures on one axis.

/** Which percentile of which kind is shown, and which variants are not. */
const choice = { percentile: 1, kind: "" };
const hidden = new Set();
const colorOf = (variant) => ink.series[variant % ink.series.length];
/** Beyond as many variants as there are colours, lines are dashed. */
const dashOf = (variant) => (variant < ink.series.length ? [] : [6, 3]);

/** The figures of a variant by column: `of` makes one of what was served and how long it took. */
function figures(of) {
  return data.variants.map(({ columns }) => {
    const latency = (columns.latency.find(([kind]) => kind === choice.kind) || ["", []])[1];
    return { from: columns.from, until: columns.until, values: columns.from.map((from, i) => of(columns.served[i], latency[i], columns.until[i] - from)) };
  });
}

/** A chart of one line for each variant. `scale` says how high a value stands, from 0 to 1, and which values have labels. */
function overlay(parent, { title, height, of, scale, words, steps = false, names = false, extra = null }) {
  const lines = () => figures(of), axis = () => scale(lines().flatMap((l, v) => (hidden.has(v) ? [] : l.values)).filter((x) => x != null));
  panel(parent, {
    title, label: `Chart: ${title.toLowerCase()} over time, a line for each variant`, height, names, extra,
    draw(ctx, width, tall) {
      const { share, marks } = axis(), y = (value) => (value == null ? null : tall - 4 - share(value) * (tall - 24));
      drawScale(ctx, width, marks.map((mark) => ({ y: y(mark), text: words(mark) })));
      within(ctx, width, tall, () => lines().forEach(({ from, until, values }, variant) => {
        if (hidden.has(variant)) return;
        ctx.setLineDash(dashOf(variant));
        const points = values.flatMap((value, i) => (steps ? [[from[i], y(value)], [until[i], y(value)]] : [[(from[i] + until[i]) / 2, y(value)]]));
        drawLine(ctx, width, points, colorOf(variant), 1.8);
        ctx.setLineDash([]);
      }));
    },
    hover(p) {
      const said = lines().flatMap(({ from, until, values }, variant) => {
        const i = first(from.length, (k) => until[k] > p.time);
        return hidden.has(variant) || i >= from.length || from[i] > p.time ? [] : [`${data.variants[variant].name}: ${values[i] == null ? "nothing" : words(values[i])}`];
      });
      return [moment(p.time, (view.until - view.from) / 1000), ...said, ...faultsAt(p.time)];
    },
  });
}

/** From zero, in even steps. */
function even(values, most = Math.max(1e-9, ...values) * 1.05) {
  const step = nice(most / 3.5), marks = [];
  for (let n = 0; n <= most; n += step) marks.push(n);
  return { share: (value) => value / most, marks };
}

/** By powers of ten: answers of a millisecond and of a second are both to be seen. */
function powers(values) {
  const there = values.filter((x) => x > 0), low = Math.min(...there, 1e9) / 1.3, high = Math.max(...there, low * 4) * 1.3, marks = [];
  for (let ten = 10 ** Math.floor(Math.log10(low)); ten <= high; ten *= 10) {
    for (const n of high / low > 300 ? [1] : high / low > 20 ? [1, 3] : [1, 2, 5]) if (n * ten >= low && n * ten <= high) marks.push(n * ten);
  }
  return { share: (value) => Math.log(Math.max(value, low) / low) / Math.log(high / low), marks };
}

/** Buttons of which one is pressed. */
function choose(label, all, chosen, act) {
  const box = make("div", { class: "choice", role: "group", "aria-label": label }, all.map(([value, text]) => make("button", {
    type: "button", "aria-pressed": String(value === chosen),
    onclick(e) { act(value); box.querySelectorAll("button").forEach((b) => b.setAttribute("aria-pressed", String(b === e.currentTarget))); changed(); },
  }, text)));
  return box;
}

/** The variants, each with its colour: a click hides one, or shows it again. */
function variantButtons() {
  return make("div", { class: "variants", role: "group", "aria-label": "variants that are shown" }, data.variants.map(({ name }, variant) => make("button", {
    type: "button", "aria-pressed": "true", title: `hide or show ${name}`,
    onclick(e) {
      if (!hidden.delete(variant)) hidden.add(variant);
      e.currentTarget.setAttribute("aria-pressed", String(!hidden.has(variant)));
      changed();
    },
  }, make("i", { class: `s${variant % ink.series.length}` }), name)));
}

function startPictures(parent) {
  if (data.variants.some(({ columns }) => columns.served.some((s) => s[0] > 0))) {
    const kinds = [...new Set(data.variants.flatMap(({ columns }) => columns.latency.map(([kind]) => kind)))];
    const extra = [choose("percentile", [[0, "p50"], [1, "p99"], [2, "p99.9"]], choice.percentile, (p) => { choice.percentile = p; })];
    if (kinds.length > 1) extra.push(choose("kind of operation", kinds.map((kind) => [kind, kind || "all"]), "", (kind) => { choice.kind = kind; }));
    overlay(parent, { title: "Latency", height: 200, names: true, of: (_, latency) => (latency && latency[choice.percentile] >= 0 ? latency[choice.percentile] * 1e3 : null), scale: powers, words: span, extra });
    overlay(parent, { title: "Served in time", height: 110, of: (s, _, width) => s[1] / (width / 1e9), scale: even, words: (n) => `${count(n)}/s`, steps: true });
    overlay(parent, { title: "Availability", height: 100, of: (s) => (s[0] ? s[1] / s[0] : null), scale: () => ({ share: (x) => x, marks: [0, 0.5, 1] }), words: (x) => `${digits(x * 100) || 0} %`, steps: true });
  }
  for (const [i, { title, unit, lines }] of data.gauges.entries()) {
    const shown = lines.map(({ variant, at, values }) => ({ name: data.variants[variant].name, at, values, color: variant, get hidden() { return hidden.has(variant); } }));
    readingsPanel(parent, title, unit, shown, { axis: i % 4 === 0 || i + 1 === data.gauges.length });
  }
}

function start() {
  const live = document.getElementById("live"), theme = make("button", { type: "button", id: "theme" }, "☾"), pictures = make("div", { class: "stack" });
  mix();
  const shown = make("output", { id: "interval" }), whole = make("button", { type: "button", id: "reset", title: "all of it (0)", onclick: reset }, "whole run");
  live.append(
    make("section", { class: "time", id: "time" }, make("h2", {}, "In one picture"), make("div", { class: "bar" }, make("div", { class: "controls" }, variantButtons(), whole, shown, theme)), pictures,
      make("p", { class: "hint" }, "Drag over a picture to zoom in, double click for the whole run; Ctrl and wheel zoom, Shift and wheel move. A click on a variant hides it. Shaded is what struck all of them at the same time.")),
  );
  startPictures(pictures);
  if (!pictures.children.length) return;
  live.hidden = false;
  document.documentElement.classList.add("live");
  document.body.append(tip);
  onChange(() => { shown.textContent = `${moment(view.from, (view.until - view.from) / 200)} – ${moment(view.until, (view.until - view.from) / 200)}`; });
  document.addEventListener("keydown", (e) => {
    const acts = { 0: reset, "+": () => zoom(0.5, (view.from + view.until) / 2), "=": () => zoom(0.5, (view.from + view.until) / 2), "-": () => zoom(2, (view.from + view.until) / 2), ArrowLeft: () => pan(-0.2), ArrowRight: () => pan(0.2) };
    if (e.ctrlKey || e.metaKey || e.altKey || !acts[e.key]) return;
    e.preventDefault(); acts[e.key]();
  });
  window.addEventListener("resize", changed); window.addEventListener("scroll", changed, { passive: true });
  startTheme(theme, () => {});
  changed();
}
start();
