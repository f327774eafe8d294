// What all pictures have in common: colours, the time axis, shades of faults, the cursor.

let ink = {};
/** The colours of the theme, from the style of the page. */
function mix() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["paper", "ink", "muted", "line", "grid", "blue", "green", "orange", "vermillion", "purple", "yellow", "sky", "quiet", "crowded"]) {
    ink[name] = style.getPropertyValue(`--${name}`).trim();
  }
  ink.outcomes = [ink.blue, ink.orange, ink.crowded, ink.vermillion];
  ink.series = [ink.blue, ink.green, ink.purple, ink.orange, ink.sky, ink.vermillion, ink.crowded];
}

const AREAS = { network: "vermillion", hosts: "orange", clocks: "purple", disks: "sky" };
const areaColor = (area) => ink[AREAS[area] || "crowded"];

const tickStep = (width) => nice(((view.until - view.from) / Math.max(1, width - LEFT - RIGHT)) * 96);

function ticks(width) {
  const step = tickStep(width), out = [];
  for (let n = Math.ceil(view.from / step - 1e-6); n * step <= view.until * (1 + 1e-12); n++) out.push(n * step);
  return out;
}

function drawGrid(ctx, width, top, bottom, labels) {
  const step = tickStep(width);
  ctx.strokeStyle = ink.grid; ctx.fillStyle = ink.muted; ctx.textAlign = "center"; ctx.font = SMALL;
  ctx.beginPath();
  for (const time of ticks(width)) {
    const x = Math.round(xOf(time, width)) + 0.5;
    ctx.moveTo(x, top); ctx.lineTo(x, bottom);
    if (labels) ctx.fillText(moment(time, step), Math.min(Math.max(x, 24), width - 24), bottom + 14);
  }
  ctx.stroke();
  ctx.font = FONT;
}

/** Shades of the faults in force; with names where there is room for them. */
function drawFaults(ctx, width, top, bottom, names, bare) {
  let end = -1;
  const edges = ({ from, until }) => { const a = Math.max(LEFT, xOf(from, width)); return [a, Math.min(width - RIGHT, Math.max(xOf(until, width), a + 1))]; };
  for (const shade of shades) {
    if (shade.until < view.from || shade.from > view.until) continue;
    const [a, b] = edges(shade);
    ctx.fillStyle = areaColor(shade.area); ctx.globalAlpha = 0.1;
    if (!(bare && shade.sided)) ctx.fillRect(a, top, b - a, bottom - top);
    ctx.globalAlpha = 0.9;
    ctx.fillRect(a, top, b - a, 2);
    ctx.globalAlpha = 1;
  }
  for (const fault of names ? windows : []) {
    if (fault.until < view.from || fault.from > view.until) continue;
    const [a, b] = edges(fault);
    ctx.font = SMALL;
    const name = cut(fault.name, 28), wide = ctx.measureText(name).width, x = Math.max(a + 5, LEFT + 4);
    if (x > end && (b - x > wide || x + wide < width - RIGHT)) {
      ctx.fillStyle = ink.paper; ctx.globalAlpha = 0.75; ctx.fillRect(x - 2, top + 4, wide + 4, 13); ctx.globalAlpha = 1;
      ctx.fillStyle = ink.ink; ctx.textAlign = "left"; ctx.fillText(name, x, top + 14); end = x + wide + 8;
    }
    ctx.font = FONT;
  }
  for (const violation of data.violations) {
    if (violation.at < view.from || violation.at > view.until) continue;
    const x = xOf(violation.at, width);
    ctx.strokeStyle = ink.vermillion; ctx.lineWidth = 1.5; ctx.beginPath(); ctx.moveTo(x, top); ctx.lineTo(x, bottom); ctx.stroke(); ctx.lineWidth = 1;
    if (!names) continue;
    ctx.font = SMALL;
    const text = `✘ ${cut(violation.property, 40)}`, wide = ctx.measureText(text).width, left = x + wide + 10 > width - RIGHT;
    ctx.fillStyle = ink.paper; ctx.fillRect(left ? x - wide - 7 : x + 3, top + 4, wide + 4, 13);
    ctx.fillStyle = ink.vermillion; ctx.textAlign = left ? "right" : "left"; ctx.fillText(text, left ? x - 5 : x + 5, top + 14); ctx.font = FONT;
  }
}

/** The cursor, the hovered moment, and what is being marked to zoom into. */
function drawCursor(ctx, width, top, bottom, canvas) {
  const line = (time, color, dash) => {
    if (time < view.from || time > view.until) return;
    const x = Math.round(xOf(time, width)) + 0.5;
    ctx.strokeStyle = color; ctx.setLineDash(dash); ctx.beginPath(); ctx.moveTo(x, top); ctx.lineTo(x, bottom); ctx.stroke(); ctx.setLineDash([]);
  };
  if (view.hover) line(view.hover.time, ink.muted, [2, 3]);
  ctx.lineWidth = 1.5; line(view.cursor, ink.ink, []); ctx.lineWidth = 1;
  if (view.brush && view.hover && view.hover.canvas === canvas) {
    const [a, b] = view.brush;
    ctx.fillStyle = ink.blue; ctx.globalAlpha = 0.15; ctx.fillRect(Math.min(a, b), top, Math.abs(b - a), bottom - top); ctx.globalAlpha = 1;
  }
}

/** A box of text beside the pointer. */
const tip = make("div", { class: "tip", role: "status", hidden: true });
function showTip(lines, canvas) {
  if (!lines || !lines.length || !view.hover || view.hover.canvas !== canvas) return;
  tip.replaceChildren(...lines.map((line, i) => make(i ? "div" : "b", {}, cut(String(line), 240))));
  tip.hidden = false;
  const box = canvas.getBoundingClientRect();
  const x = box.left + view.hover.x, y = box.top + view.hover.y;
  const left = x + 16 + tip.offsetWidth > document.documentElement.clientWidth ? x - 16 - tip.offsetWidth : x + 16;
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${Math.max(4, Math.min(y + 14, window.innerHeight - tip.offsetHeight - 4))}px`;
}
onChange(() => { if (!view.hover) tip.hidden = true; });

/** Windows of faults without overlaps, so that ten faults at once are no darker than one. Cuts with sides of their own apart. */
const shades = (() => {
  const out = [], last = new Map();
  for (const { area, from, until, nodes } of [...windows].sort((a, b) => a.from - b.from)) {
    const sided = area === "network" && nodes.length > 1, key = `${area}|${sided}`, open = last.get(key);
    if (open && from <= open.until) { open.until = Math.max(open.until, until); continue; }
    const shade = { area, from, until, sided };
    last.set(key, shade); out.push(shade);
  }
  return out;
})();

const faultsAt = (time) => windows.filter((f) => f.from <= time && time <= f.until).map((f) => `fault ${f.number} “${f.name}”: ${f.whom || f.kind}`);

/** A picture with the shared axis: a heading, a canvas that `draw` paints, and what `hover` says. */
function panel(parent, { title, label, height, draw, hover, click, axis = true, names = false, bare = false, extra, legend }) {
  const canvas = make("canvas", { role: "img", "aria-label": label || title, tabindex: "-1" });
  const head = make("div", { class: "head" }, make("h3", {}, title), extra || [], legend ? make("div", { class: "legend" }, legend()) : []);
  const box = make("div", { class: "panel" }, head, make("div", { class: "canvas" }, canvas));
  parent.append(box);
  movable(canvas, { click });
  const paint = () => {
    const tall = typeof height === "function" ? height() : height;
    const whole = tall + (axis ? 20 : 7);
    canvas.style.height = `${whole}px`;
    const rect = canvas.getBoundingClientRect();
    if (rect.bottom < -200 || rect.top > window.innerHeight + 200 || narrow(canvas)) return;
    const { ctx, width } = surface(canvas, whole);
    drawFaults(ctx, width, 0, tall, names, bare);
    drawGrid(ctx, width, 0, tall, axis);
    draw(ctx, width, tall);
    ctx.strokeStyle = ink.muted; ctx.beginPath(); ctx.moveTo(LEFT, tall + 0.5); ctx.lineTo(width - RIGHT, tall + 0.5); ctx.stroke();
    drawCursor(ctx, width, 0, tall, canvas);
    if (view.hover && view.hover.canvas === canvas && hover) showTip(hover(view.hover, width, tall), canvas);
  };
  onChange(paint);
  return { box, canvas, head };
}

/** A key of the colours. */
const swatch = (name, color, text) => make("span", { class: "swatch" }, make("i", { class: `${color ? `c-${color}` : ""} ${name}` }), text);

/** The labels of an upright axis, and the lines that go with them. */
function drawScale(ctx, width, marks) {
  ctx.font = SMALL; ctx.textAlign = "right"; ctx.fillStyle = ink.muted; ctx.strokeStyle = ink.grid; ctx.beginPath();
  for (const { y, text } of marks) {
    ctx.moveTo(LEFT, Math.round(y) + 0.5); ctx.lineTo(width - RIGHT, Math.round(y) + 0.5);
    ctx.fillText(text, LEFT - 8, Math.max(9, y + 4));
  }
  ctx.stroke(); ctx.font = FONT;
}
function within(ctx, width, height, draw) {
  ctx.save(); ctx.beginPath(); ctx.rect(LEFT, 0, width - LEFT - RIGHT, height); ctx.clip(); draw(); ctx.restore();
}
