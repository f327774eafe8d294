// What is looked at: an interval, one cursor of time, one selected event. All pictures listen here and move together.

const view = { from: 0, until: data.end, cursor: 0, selected: -1, hover: null, playing: false };
const LEFT = 96, RIGHT = 14;
const SHORTEST = 2e3;
const listeners = [];
let scheduled = false;

/** Calls `draw` whenever something changed, at most once a frame. */
function onChange(draw) { listeners.push(draw); }
function changed() {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => { scheduled = false; listeners.forEach((draw) => draw()); });
}

function look(from, until) {
  const width = Math.min(Math.max(until - from, SHORTEST), data.end);
  from = Math.min(Math.max(0, from), data.end - width);
  view.from = from; view.until = from + width;
  changed();
}
function zoom(factor, around) {
  const width = (view.until - view.from) * factor;
  const share = (around - view.from) / (view.until - view.from);
  look(around - width * share, around - width * share + width);
}
function pan(share) { const by = (view.until - view.from) * share; look(view.from + by, view.until + by); }
function reset() { look(0, data.end); }

/** Puts the cursor somewhere, and moves the view there if it is elsewhere. */
function seek(time, { center = false, width = null } = {}) {
  view.cursor = Math.min(Math.max(0, time), data.end);
  const wide = width ?? view.until - view.from;
  if (center || width || view.cursor < view.from || view.cursor > view.until) look(view.cursor - wide * 0.35, view.cursor + wide * 0.65);
  changed();
}

function select(place) {
  view.selected = place;
  if (place >= 0) seek(events.at[place]);
  changed();
}

/** Whether a canvas is so narrow that nothing can be drawn: the page is being printed, or its part is folded. */
const narrow = (canvas) => canvas.parentElement.clientWidth < LEFT + RIGHT + 40;

/** A canvas that is as sharp as the screen. Returns its context and size in CSS pixels. */
function surface(canvas, height) {
  const width = canvas.parentElement.clientWidth, ratio = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio); canvas.height = Math.round(height * ratio);
    canvas.style.height = `${height}px`;
  }
  const ctx = canvas.getContext("2d");
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, width, height);
  ctx.font = FONT;
  ctx.lineWidth = 1; ctx.globalAlpha = 1; ctx.setLineDash([]);
  return { ctx, width, height };
}
const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';
const SMALL = FONT.replace("12px", "11px");
const BOLD = `600 ${FONT}`;

const xOf = (time, width) => LEFT + ((time - view.from) / (view.until - view.from)) * (width - LEFT - RIGHT);
const timeOf = (x, width) => view.from + ((x - LEFT) / (width - LEFT - RIGHT)) * (view.until - view.from);

/** Zoom and pan by pointer, wheel and fingers, on a canvas with the shared axis. */
function movable(canvas, { click } = {}) {
  const fingers = new Map();
  let start = null, gap = 0;
  const place = (e) => { const box = canvas.getBoundingClientRect(); return { x: e.clientX - box.left, y: e.clientY - box.top, width: box.width }; };
  canvas.addEventListener("wheel", (e) => {
    const p = place(e);
    if (e.ctrlKey || e.metaKey || e.altKey) { e.preventDefault(); zoom(Math.exp(e.deltaY * (e.deltaMode ? 0.05 : 0.0025)), timeOf(p.x, p.width)); }
    else if (e.shiftKey || Math.abs(e.deltaX) > Math.abs(e.deltaY)) { e.preventDefault(); pan((e.deltaX || e.deltaY) / p.width); }
  }, { passive: false });
  canvas.addEventListener("pointerdown", (e) => {
    canvas.setPointerCapture(e.pointerId);
    fingers.set(e.pointerId, place(e));
    const p = place(e);
    start = { ...p, from: view.from, until: view.until, pans: e.shiftKey || e.pointerType === "touch" };
    if (fingers.size === 2) { const [a, b] = [...fingers.values()]; gap = Math.abs(a.x - b.x); }
  });
  canvas.addEventListener("pointermove", (e) => {
    const p = place(e);
    view.hover = { time: timeOf(p.x, p.width), x: p.x, y: p.y, canvas };
    if (fingers.has(e.pointerId)) fingers.set(e.pointerId, p);
    if (fingers.size === 2) {
      const [a, b] = [...fingers.values()], now = Math.max(8, Math.abs(a.x - b.x));
      if (gap) zoom(gap / now, timeOf((a.x + b.x) / 2, p.width));
      gap = now; start = null;
    } else if (start && start.pans) {
      const by = ((p.x - start.x) / (p.width - LEFT - RIGHT)) * (start.until - start.from);
      look(start.from - by, start.until - by);
    } else if (start) view.brush = [start.x, p.x];
    changed();
  });
  const end = (e) => {
    fingers.delete(e.pointerId);
    const p = place(e);
    if (start && Math.abs(p.x - start.x) < 4) { if (e.type === "pointerup") (click || ((q) => seek(timeOf(q.x, q.width))))(p); }
    else if (start && !start.pans) { const [a, b] = [timeOf(start.x, p.width), timeOf(p.x, p.width)]; look(Math.min(a, b), Math.max(a, b)); }
    start = null; gap = 0; view.brush = null; changed();
  };
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
  canvas.addEventListener("pointerleave", () => { view.hover = null; changed(); });
  canvas.addEventListener("dblclick", reset);
}
