// Puts the page together: the bar with overview and player, then the pictures, one below the other.

function drawOverview(canvas) {
  if (narrow(canvas)) return;
  const { ctx, width, height } = surface(canvas, 44), x = (t) => LEFT + (t / data.end) * (width - LEFT - RIGHT), base = height - 10;
  const columns = data.columns, most = Math.max(1, ...columns.served.map((s) => s[0]));
  if (operations.total < 100) drawSent(ctx, x, base);
  for (const f of shades) { ctx.fillStyle = areaColor(f.area); ctx.globalAlpha = 0.18; ctx.fillRect(x(f.from), 0, Math.max(1, x(f.until) - x(f.from)), base); }
  ctx.globalAlpha = 1;
  if (operations.total >= 100) columns.served.forEach((s, i) => {
    const a = x(columns.from[i]), wide = Math.max(0.7, x(columns.until[i]) - a - 0.4), tall = (s[0] / most) * (base - 6), good = s[0] ? (s[1] / s[0]) * tall : 0;
    ctx.fillStyle = ink.vermillion; ctx.fillRect(a, base - tall, wide, tall - good);
    ctx.fillStyle = ink.blue; ctx.globalAlpha = 0.5; ctx.fillRect(a, base - good, wide, good); ctx.globalAlpha = 1;
  });
  // Where there are events, for the pictures that need them.
  ctx.fillStyle = ink.line; ctx.fillRect(LEFT, base + 2, width - LEFT - RIGHT, 3);
  ctx.fillStyle = ink.green;
  for (const s of segments) ctx.fillRect(x(s.from), base + 2, Math.max(1.5, x(s.until) - x(s.from)), 3);
  for (const m of moments) { ctx.fillStyle = m.kind === "violation" ? ink.vermillion : m.kind === "leader" ? ink.blue : ink.muted; ctx.fillRect(x(m.at) - 0.75, 0, m.kind === "violation" ? 2.5 : 1.5, m.kind === "violation" ? base : 6); }
  const a = x(view.from), b = Math.max(a + 2, x(view.until));
  ctx.fillStyle = ink.paper; ctx.globalAlpha = 0.6; ctx.fillRect(LEFT, 0, a - LEFT, base); ctx.fillRect(b, 0, width - RIGHT - b, base); ctx.globalAlpha = 1;
  ctx.strokeStyle = ink.ink; ctx.strokeRect(a + 0.5, 0.5, Math.max(1, b - a - 1), base - 1);
  ctx.fillStyle = ink.ink; ctx.fillRect(x(view.cursor) - 0.75, 0, 1.5, height);
  ctx.fillStyle = ink.muted; ctx.font = SMALL; ctx.textAlign = "right"; ctx.fillText("whole run", LEFT - 8, base / 2 + 4); ctx.font = FONT;
}

/** What all nodes sent, where there are hardly any operations to tell when something happened. */
function drawSent(ctx, x, base) {
  const lines = (data.readings ? data.readings.list : []).filter((line) => line.own && line.name === "messages sent" && line.sum.length);
  if (!lines.length) return;
  const at = data.readings.at, sums = at.map((_, i) => lines.reduce((sum, line) => sum + Math.max(0, line.sum[i]), 0)), most = Math.max(1, ...sums);
  ctx.fillStyle = ink.blue; ctx.globalAlpha = 0.5;
  at.forEach((time, i) => { const from = x(i ? at[i - 1] : 0), tall = Math.sqrt(sums[i] / most) * (base - 6); ctx.fillRect(from, base - tall, Math.max(0.7, x(time) - from - 0.3), tall); });
  ctx.globalAlpha = 1;
}

function startOverview(canvas) {
  const time = (e) => { const box = canvas.getBoundingClientRect(); return ((e.clientX - box.left - LEFT) / (box.width - LEFT - RIGHT)) * data.end; };
  let drag = null;
  canvas.addEventListener("pointerdown", (e) => {
    canvas.setPointerCapture(e.pointerId);
    const t = time(e), slack = data.end * 0.006, wide = view.until - view.from;
    const whole = wide > data.end * 0.995;
    if (!whole && Math.abs(t - view.from) < slack) drag = (u) => look(Math.min(u, view.until - SHORTEST), view.until);
    else if (!whole && Math.abs(t - view.until) < slack) drag = (u) => look(view.from, Math.max(u, view.from + SHORTEST));
    else if (!whole && t > view.from && t < view.until) { const from = view.from; drag = (u) => look(from + u - t, from + u - t + wide); }
    else { drag = (u) => { if (Math.abs(u - t) > slack) look(Math.min(t, u), Math.max(t, u)); }; drag.click = () => (whole ? seek(t) : look(t - wide / 2, t + wide / 2)); }
    drag.start = e.clientX;
  });
  canvas.addEventListener("pointermove", (e) => { if (drag) drag(time(e)); });
  canvas.addEventListener("pointerup", (e) => { if (drag && drag.click && Math.abs(e.clientX - drag.start) < 4) drag.click(); drag = null; });
  canvas.addEventListener("dblclick", reset);
  onChange(() => drawOverview(canvas));
}

const button = (text, title, act, id) => make("button", { type: "button", title, "aria-label": title, onclick: act, id }, text);

function startBar(bar) {
  const playing = button("▶", "play or pause (space)", () => play(), "play");
  const speed = make("select", { "aria-label": "speed: simulated time per second", id: "speed", onchange(e) { player.speed = Number(e.target.value); changed(); } }, SPEEDS.map((s, i) => make("option", { value: i }, `${span(s)} a second`)));
  const kinds = [["any", "moment"], ["leader", "leader"], ["fault", "fault"], ["violation", "violation"]].filter(([kind]) => kind === "any" || moments.some((m) => m.kind === kind));
  const which = make("select", { "aria-label": "what to jump to", onchange(e) { player.jump = e.target.value; } }, kinds.map(([kind, word]) => make("option", { value: kind }, word)));
  const shown = make("output", { id: "interval" });
  const canvas = make("canvas", { role: "img", "aria-label": "The whole run, and what part of it is in view", id: "overview" });
  const theme = button("☾", "dark", () => {}, "theme");
  const has = events.count > 0;
  bar.append(make("div", { class: "controls" },
    has ? make("span", { class: "group" }, button("|◂", "the event before (,)", () => step(-1), "back"), playing, button("▸|", "the next event (.)", () => step(1), "step"), speed) : null,
    moments.length ? make("span", { class: "group" }, button("◂", "the moment before (p)", () => jump(-1), "previous"), which, button("▸", "the next moment (n)", () => jump(1), "next")) : null,
    make("span", { class: "group" }, button("−", "zoom out (-)", () => zoom(2, view.cursor >= view.from && view.cursor <= view.until ? view.cursor : (view.from + view.until) / 2), "out"), button("+", "zoom in (+)", () => zoom(0.5, view.cursor >= view.from && view.cursor <= view.until ? view.cursor : (view.from + view.until) / 2), "in"), button("whole run", "all of it (0)", reset, "reset")),
    shown, theme), make("div", { class: "canvas" }, canvas));
  startOverview(canvas);
  onChange(() => {
    playing.textContent = view.playing ? "⏸" : "▶"; speed.value = String(player.speed);
    const width = view.until - view.from, text = `${moment(view.from, width / 200)} – ${moment(view.until, width / 200)} · cursor ${moment(view.cursor, Math.min(1e6, width / 2000))}`;
    if (shown.textContent !== text) shown.textContent = text;
  });
  return theme;
}

/** The moments worth a visit, as buttons; of many those that weigh most. */
function startMoments(parent) {
  if (!moments.length) return;
  const weight = (m) => (m.kind === "violation" ? 0 : m.text.startsWith("⚡") ? 1 : m.kind === "leader" ? 2 : 3), most = 14;
  const shown = [...moments].sort((a, b) => weight(a) - weight(b) || a.at - b.at).slice(0, most).sort((a, b) => a.at - b.at);
  parent.append(make("div", { class: "moments", role: "group", "aria-label": "moments to look at" }, shown.map((m) => make("button", { type: "button", class: m.kind, onclick: () => visit(m) }, make("span", {}, moment(m.at, 1e6)), ` ${cut(m.text, 40)}`)), moments.length > most ? make("span", { class: "hint" }, `and ${moments.length - most} more: ◂ ▸`) : null));
}

function eventsSay() {
  if (!events.count) return null;
  const whole = events.count === data.events;
  const untold = data.trace.untold ? ` Of what one event sent, the first 64 messages are drawn; ${count(data.trace.untold)} more only where they arrived.` : "";
  return make("p", { class: "hint" }, whole ? `All ${count(data.events)} events of the run are in this page.${untold}` : [
    `Of ${count(data.events)} events ${count(events.count)} are in this page, around what matters: the start, faults, changes of leader, violations. The green line under the overview tells where.${untold} All of them, one a line: `, make("code", {}, `${data.command} --trace`)]);
}

function keys(e) {
  if (e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName)) return;
  const middle = view.cursor >= view.from && view.cursor <= view.until ? view.cursor : (view.from + view.until) / 2;
  const near = (direction) => { const node = events.node[view.selected]; for (let i = view.selected + direction; i >= 0 && i < events.count; i += direction) if (events.node[i] === node) return select(i); return undefined; };
  const acts = {
    " ": () => events.count && play(), ".": () => step(1), ",": () => step(-1), n: () => jump(1), p: () => jump(-1), "+": () => zoom(0.5, middle), "=": () => zoom(0.5, middle), "-": () => zoom(2, middle), 0: reset,
    ArrowLeft: () => pan(-0.2), ArrowRight: () => pan(0.2), Escape: () => { view.selected = -1; view.packet = -1; changed(); },
    c: () => view.selected >= 0 && events.causeAt[view.selected] >= 0 && select(events.causeAt[view.selected]), j: () => view.selected >= 0 && near(1), k: () => view.selected >= 0 && near(-1),
  };
  const act = acts[e.key];
  if (!act || (e.key === " " && e.target.tagName === "BUTTON")) return;
  e.preventDefault(); act();
}

function start() {
  const live = document.getElementById("live");
  live.hidden = false;
  document.documentElement.classList.add("live");
  mix();
  startWitness(live);
  const bar = make("div", { class: "bar" }), pictures = make("div", { class: "stack" }), below = make("div", { class: "below" });
  const section = make("section", { class: "time", id: "time" }, make("h2", {}, "What happened, on one time axis"));
  live.append(section);
  startMoments(section);
  section.append(bar, pictures, below);
  const theme = startBar(bar);
  // What the run is about comes first: of a job its tasks, of a service what its clients got.
  const toil = () => { startGauges(pictures); startTasks(pictures); };
  if (operations.total < 100) { toil(); startCharts(pictures); } else { startCharts(pictures); toil(); }
  startTraffic(pictures); startLanes(pictures); startSpace(pictures);
  startPlayer(below); startInspector(below);
  section.append(eventsSay() ?? "", make("p", { class: "hint" }, ["Drag over a picture to zoom in, double click for the whole run; Ctrl and wheel zoom, Shift and wheel (or Shift and drag) move. Keys: space plays, . and , step, n and p jump, + − 0 zoom, arrows move, c goes to the cause."].join(" ")));
  document.body.append(tip);
  const start = moments.find((m) => m.kind === "violation") || moments.find((m) => m.kind === "fault") || moments[0];
  view.cursor = start ? start.at : 0;
  document.addEventListener("keydown", keys);
  window.addEventListener("resize", changed); window.addEventListener("scroll", changed, { passive: true });
  startTheme(theme, () => paintRoles(document));
  changed();
}
start();
