// Space and time: a lane per node, messages as slanted lines, what was lost cut off with a cross.

const CLOSE = 1500;
const space = { clients: true, order: "causes", rows: [], lit: null };

/** Nodes that have lanes: servers first, then clients; of many those with most events. */
function spaceNodes() {
  const ROWS = 26, counts = new Map();
  for (let i = 0; i < events.count; i++) counts.set(events.node[i], (counts.get(events.node[i]) || 0) + 1);
  const all = [...counts.keys()].filter((node) => space.clients || !isClient(node));
  const chosen = new Set([...all].sort((a, b) => isClient(a) - isClient(b) || counts.get(b) - counts.get(a) || a - b).slice(0, ROWS));
  space.left = all.length - chosen.size;
  return [...chosen].sort((a, b) => isClient(a) - isClient(b) || a - b);
}

/** What the selected event was caused by, and what it caused: 1 past, 2 future. */
function light() {
  const place = view.selected, mode = space.order;
  if (space.lit && space.lit.place === place && space.lit.mode === mode) return space.lit;
  const sides = new Uint8Array(events.count);
  let past = 0, future = 0;
  if (place >= 0 && mode === "causes") {
    for (let i = events.causeAt[place]; i >= 0; i = events.causeAt[i]) { sides[i] = 1; past += 1; }
    const stack = [...effects[place]];
    while (stack.length) { const i = stack.pop(); if (sides[i] !== 2) { sides[i] = 2; future += 1; stack.push(...effects[i]); } }
  } else if (place >= 0) {
    // Happened before: also what the same node took before, or after.
    const nodes = new Set([events.node[place]]), causes = new Set([events.causeAt[place]]);
    for (let i = place - 1; i >= 0; i--) {
      if (!nodes.has(events.node[i]) && !causes.has(i)) continue;
      sides[i] = 1; past += 1; nodes.add(events.node[i]); causes.add(events.causeAt[i]);
    }
    const reached = new Set([events.node[place]]);
    for (let i = place + 1; i < events.count; i++) {
      const cause = events.causeAt[i];
      if (!reached.has(events.node[i]) && !(cause >= 0 && (cause === place || sides[cause] === 2))) continue;
      sides[i] = 2; future += 1; reached.add(events.node[i]);
    }
  }
  space.lit = { place, mode, sides, past, future };
  return space.lit;
}

/** 0 neither, 1 past, 2 future. */
function litPacket(p, lit) {
  const cause = placeOf.get(packets.cause[p]), there = packets.event[p] ? placeOf.get(packets.event[p]) : undefined;
  const side = (i) => (i === undefined ? 0 : i === lit.place ? 3 : lit.sides[i]);
  const a = side(cause), b = side(there);
  if ((a === 1 && (b === 1 || b === 3)) ) return 1;
  if ((a === 3 || a === 2) && (b === 2 || there === undefined)) return 2;
  return 0;
}

const packetColor = (p) => (packets.fate[p] > 1 ? ink.vermillion : packets.kind[p] === 6 ? ink.purple : packets.kind[p] === 7 ? ink.green : ink.blue);

/** Where a packet's line ends: at its receiver, or short of it. */
function lineOf(p, width, y) {
  const from = y.get(packets.from[p]), to = y.get(packets.to[p]);
  if (from === undefined || to === undefined) return null;
  const x = xOf(packets.sent[p], width);
  if (packets.fate[p] === 0 && packets.reached[p] < 0) return { x, y: from, x2: xOf(Math.max(data.ended, packets.sent[p]), width), y2: to, open: true };
  const end = packets.reached[p] >= 0 ? packets.reached[p] : packets.ended[p];
  const whole = packets.fate[p] === 1 || packets.reached[p] >= 0;
  if (whole) return { x, y: from, x2: xOf(end, width), y2: to };
  // Stopped as it was sent, or on its way: the line goes as far as it came, and shows where to.
  const share = packets.ended[p] > packets.sent[p] ? 0.85 : 0.45, x2 = packets.ended[p] > packets.sent[p] ? xOf(packets.ended[p], width) : x + Math.min(14, Math.abs(to - from) * 0.25);
  return { x, y: from, x2, y2: from + (to - from) * share, broken: true };
}

function drawBands(ctx, width, rows, y, high) {
  for (const fault of windows) {
    if (fault.area !== "network" || fault.nodes.length < 2 || fault.until < view.from || fault.from > view.until) continue;
    const a = Math.max(LEFT, xOf(fault.from, width)), b = Math.min(width - RIGHT, xOf(fault.until, width));
    fault.nodes.forEach((side, s) => side.forEach((node) => {
      if (!y.has(node)) return;
      ctx.fillStyle = ink.series[s % ink.series.length]; ctx.globalAlpha = 0.09;
      ctx.fillRect(a, y.get(node) - high / 2, b - a, high); ctx.globalAlpha = 1;
      ctx.font = SMALL.replace("11px", "bold 11px"); ctx.textAlign = "right";
      if (b - a > 40) ctx.fillText(String.fromCharCode(65 + (s % 26)), b - 4, y.get(node) - 4);
    }));
  }
  ctx.font = FONT;
}

function drawLife(ctx, width, node, y) {
  const list = roles.get(node) || [];
  ctx.lineWidth = 3;
  if (!list.length) { ctx.strokeStyle = ink.line; ctx.lineWidth = 1.5; ctx.beginPath(); ctx.moveTo(LEFT, y); ctx.lineTo(width - RIGHT, y); ctx.stroke(); ctx.lineWidth = 1; return; }
  for (let i = first(list.length, (k) => list[k].until >= view.from); i < list.length && list[i].from <= view.until; i++) {
    const s = list[i], color = roleColor(s.role), a = Math.max(LEFT, xOf(s.from, width)), b = Math.min(width - RIGHT, xOf(s.until, width));
    ctx.strokeStyle = color || ink.muted;
    if (!color) { ctx.lineWidth = 1; ctx.setLineDash([2, 4]); } else if (s.role === "paused") ctx.setLineDash([6, 4]); else ctx.lineWidth = s.leads ? 5 : 3;
    ctx.beginPath(); ctx.moveTo(a, y); ctx.lineTo(b, y); ctx.stroke();
    ctx.setLineDash([]); ctx.lineWidth = 3;
    if (i > 0 && s.from > view.from) {
      ctx.font = SMALL; ctx.fillStyle = ink.ink; ctx.textAlign = "left";
      const next = list[i + 1], text = `${s.role}${s.epoch ? ` ${s.epoch}` : ""}`;
      if (!next || xOf(Math.min(next.from, view.until), width) - a > ctx.measureText(text).width + 8 || s.leads) ctx.fillText(text, a + 4, y - 6);
      ctx.font = FONT;
    }
  }
  ctx.lineWidth = 1;
}

function drawEvent(ctx, i, x, y, strong) {
  const kind = KINDS[events.kind[i]], r = strong ? 4 : 2.6;
  ctx.beginPath();
  if (kind === "timeout") { ctx.arc(x, y, r + 0.4, 0, 7); ctx.fillStyle = ink.paper; ctx.fill(); ctx.lineWidth = 1.6; ctx.stroke(); ctx.lineWidth = 1; return; }
  if (kind === "crash") { ctx.lineWidth = 2.5; ctx.moveTo(x - 5, y - 5); ctx.lineTo(x + 5, y + 5); ctx.moveTo(x + 5, y - 5); ctx.lineTo(x - 5, y + 5); ctx.stroke(); ctx.lineWidth = 1; return; }
  if (kind === "boot" || kind === "resume") { ctx.moveTo(x - 4, y + 5); ctx.lineTo(x + 5, y); ctx.lineTo(x - 4, y - 5); ctx.closePath(); ctx.fill(); return; }
  if (kind === "pause") { ctx.fillRect(x - 4, y - 5, 3, 10); ctx.fillRect(x + 1, y - 5, 3, 10); return; }
  if (kind === "request" || kind === "response") ctx.rect(x - r, y - r, 2 * r, 2 * r); else ctx.arc(x, y, r, 0, 7);
  ctx.fill();
}

/** What of the view has no events in the page. */
function drawUnrecorded(ctx, width, height) {
  let last = view.from;
  const gap = (from, until) => {
    if (until - from <= (view.until - view.from) / 400) return;
    const a = xOf(from, width), b = xOf(until, width);
    ctx.save(); ctx.beginPath(); ctx.rect(a, 0, b - a, height); ctx.clip();
    ctx.strokeStyle = ink.grid; ctx.beginPath();
    for (let x = a - height; x < b; x += 9) { ctx.moveTo(x, height); ctx.lineTo(x + height, 0); }
    ctx.stroke(); ctx.restore();
    const text = "not in this page";
    if (b - a > 120) { ctx.font = SMALL; ctx.fillStyle = ink.muted; ctx.textAlign = "center"; const w = ctx.measureText(text).width + 10; ctx.fillStyle = ink.paper; ctx.fillRect((a + b) / 2 - w / 2, height / 2 - 9, w, 17); ctx.fillStyle = ink.muted; ctx.fillText(text, (a + b) / 2, height / 2 + 4); ctx.font = FONT; }
  };
  if (!segments.length || (segments.length === 1 && events.count === data.events)) return;
  for (const s of segments) {
    if (s.until < view.from) continue;
    if (s.from > view.until) break;
    gap(last, Math.max(last, s.from)); last = Math.max(last, s.until);
  }
  if (last < view.until) gap(last, view.until);
}

function drawDensity(ctx, width, y, high, low, top) {
  const BIN = 3, bins = Math.ceil((width - LEFT - RIGHT) / BIN), counts = new Map();
  let most = 1;
  for (let i = low; i < top; i++) {
    if (!y.has(events.node[i])) continue;
    const list = counts.get(events.node[i]) || counts.set(events.node[i], new Uint32Array(bins + 1)).get(events.node[i]);
    most = Math.max(most, ++list[Math.floor((xOf(events.at[i], width) - LEFT) / BIN)]);
  }
  ctx.fillStyle = ink.blue;
  for (const [node, list] of counts) list.forEach((n, b) => { if (n) { ctx.globalAlpha = 0.15 + 0.75 * Math.sqrt(n / most); const tall = Math.max(2, (high - 8) * Math.sqrt(n / most)); ctx.fillRect(LEFT + b * BIN, y.get(node) - tall / 2, BIN - 0.5, tall); } });
  ctx.globalAlpha = 1;
}

function drawPackets(ctx, width, y, lit) {
  const selected = lit.place >= 0;
  const cross = (x, yy) => { ctx.beginPath(); ctx.moveTo(x - 3.5, yy - 3.5); ctx.lineTo(x + 3.5, yy + 3.5); ctx.moveTo(x + 3.5, yy - 3.5); ctx.lineTo(x - 3.5, yy + 3.5); ctx.stroke(); };
  const draw = (p, side) => {
    const line = lineOf(p, width, y);
    if (!line) return;
    ctx.strokeStyle = side === 1 ? ink.orange : side === 2 ? ink.green : packetColor(p);
    ctx.globalAlpha = side ? 1 : selected ? 0.22 : packets.fate[p] > 1 ? 0.9 : 0.5; ctx.lineWidth = side || p === view.packet ? 2 : 1;
    if (p === view.packet) ctx.globalAlpha = 1;
    if (packets.copy[p]) ctx.setLineDash([2, 2]); else if (line.open) ctx.setLineDash([6, 3]);
    ctx.beginPath(); ctx.moveTo(line.x, line.y); ctx.lineTo(line.x2, line.y2); ctx.stroke(); ctx.setLineDash([]);
    if (packets.fate[p] > 1) { ctx.lineWidth = 1.6; cross(line.x2, line.y2); }
    // It waits in its receiver's line until it is taken.
    if (packets.fate[p] === 1 && packets.ended[p] > packets.reached[p]) { ctx.lineWidth = 2; ctx.beginPath(); ctx.moveTo(line.x2, line.y2); ctx.lineTo(xOf(packets.ended[p], width), line.y2); ctx.stroke(); }
    ctx.lineWidth = 1; ctx.globalAlpha = 1;
  };
  const later = [];
  for (let p = 0; p < packets.count; p++) {
    const end = packets.ended[p] < 0 ? data.ended : packets.ended[p];
    if (packets.sent[p] > view.until || (end < view.from)) continue;
    const side = selected ? litPacket(p, lit) : 0;
    if (side) later.push([p, side]); else draw(p, 0);
  }
  later.forEach(([p, side]) => draw(p, side));
}

function eventWords(i) {
  const kind = KINDS[events.kind[i]], packet = events.packet[i];
  const from = packet >= 0 ? ` from ${nodeName(packets.from[packet])}` : "";
  const verb = { boot: "starts", crash: "is killed", pause: "is frozen", resume: "goes on", deliver: "takes", timeout: "timer", request: "is asked", response: "is answered" }[kind];
  return `${nodeName(events.node[i])} ${verb}${from}${texts[events.text[i]] ? `: ${texts[events.text[i]]}` : ""}`;
}
function packetWords(p) {
  const name = ["", "", "", "", "message", "", "request", "answer"][packets.kind[p]];
  const end = packets.fate[p] === 1 ? `arrived after ${span(packets.reached[p] - packets.sent[p])}${packets.ended[p] > packets.reached[p] ? `, taken ${span(packets.ended[p] - packets.reached[p])} later` : ""}` : FATE_SAYS[FATES[packets.fate[p]]];
  return `${packets.copy[p] ? "copy of a " : ""}${name} ${nodeName(packets.from[p])} → ${nodeName(packets.to[p])}, ${size(packets.bytes[p])}, ${end}`;
}

/** The event or packet at a place of the picture. */
function hit(at, width, y) {
  let event = -1, near = 81;
  const low = first(events.count, (i) => events.at[i] >= timeOf(at.x - 9, width)), high = first(events.count, (i) => events.at[i] > timeOf(at.x + 9, width));
  for (let i = low; i < high; i++) {
    if (!y.has(events.node[i])) continue;
    const d = (xOf(events.at[i], width) - at.x) ** 2 + (y.get(events.node[i]) - at.y) ** 2;
    if (d <= near) { near = d; event = i; }
  }
  if (event >= 0) return { event };
  let packet = -1; near = 25;
  for (let p = 0; p < packets.count; p++) {
    const line = lineOf(p, width, y);
    if (!line || Math.min(line.x, line.x2) > at.x + 5 || Math.max(line.x, line.x2) < at.x - 5) continue;
    const dx = line.x2 - line.x, dy = line.y2 - line.y, long = dx * dx + dy * dy || 1;
    const share = Math.min(1, Math.max(0, ((at.x - line.x) * dx + (at.y - line.y) * dy) / long));
    const d = (line.x + share * dx - at.x) ** 2 + (line.y + share * dy - at.y) ** 2;
    if (d < near) { near = d; packet = p; }
  }
  return { packet };
}

const inView = () => [first(events.count, (i) => events.at[i] >= view.from), first(events.count, (i) => events.at[i] > view.until)];

function startSpace(parent) {
  if (!events.count) {
    parent.append(make("div", { class: "panel" }, make("div", { class: "head" }, make("h3", {}, "Messages")), make("p", { class: "hint" }, data.trace.absent), data.trace.asks ? make("pre", {}, `${data.command} --trace`) : null));
    return;
  }
  space.rows = spaceNodes();
  const servers = space.rows.filter((node) => !isClient(node));
  const tall = () => Math.max(18, Math.min(40, Math.round(420 / Math.max(1, space.rows.length))));
  const places = () => new Map(space.rows.map((node, i) => [node, i * tall() + tall() / 2 + 20]));
  const clients = servers.length && servers.length < space.rows.length ? make("label", {}, make("input", { type: "checkbox", checked: true, onchange(e) { space.clients = e.target.checked; space.rows = spaceNodes(); changed(); } }), " clients") : null;
  const order = make("label", {}, "lit: ", make("select", { "aria-label": "what lights up around a selected event", onchange(e) { space.order = e.target.value; changed(); } },
    make("option", { value: "causes" }, "causes and effects"), make("option", { value: "before" }, "all that happened before and after")));
  const says = make("p", { class: "hint", "aria-live": "polite" });
  panel(parent, {
    title: "Messages", label: "Space–time diagram: messages between nodes over time", names: true, bare: true,
    height: () => space.rows.length * tall() + 26, extra: [make("div", { class: "choice plain" }, clients, order)],
    legend: () => [swatch("line", "blue", "message"), swatch("line", "purple", "request"), swatch("line", "green", "answer"), swatch("cross", "vermillion", "lost"), swatch("ring", "ink", "timer")],
    draw(ctx, width, height) {
      const y = places(), lit = light(), [low, high] = inView(), many = high - low > CLOSE;
      within(ctx, width, height, () => { drawUnrecorded(ctx, width, height); drawBands(ctx, width, space.rows, y, tall()); });
      space.rows.forEach((node) => {
        ctx.fillStyle = view.selected >= 0 && events.node[view.selected] === node ? ink.ink : ink.muted; ctx.textAlign = "right"; ctx.font = view.selected >= 0 && events.node[view.selected] === node ? BOLD : SMALL;
        ctx.fillText(cut(nodeName(node), 14), LEFT - 8, y.get(node) + 4); ctx.font = FONT;
        drawLife(ctx, width, node, y.get(node));
      });
      within(ctx, width, height, () => {
        if (many) { drawDensity(ctx, width, y, tall(), low, high); return; }
        drawPackets(ctx, width, y, lit);
        for (let i = low; i < high; i++) {
          if (!y.has(events.node[i])) continue;
          const side = lit.sides[i];
          ctx.globalAlpha = lit.place >= 0 && !side && i !== lit.place ? 0.35 : 1;
          ctx.fillStyle = ctx.strokeStyle = side === 1 ? ink.orange : side === 2 ? ink.green : KINDS[events.kind[i]] === "crash" ? ink.vermillion : ink.ink;
          drawEvent(ctx, i, xOf(events.at[i], width), y.get(events.node[i]), side || i === lit.place);
        }
        ctx.globalAlpha = 1;
        if (lit.place >= 0 && y.has(events.node[lit.place])) { ctx.strokeStyle = ink.ink; ctx.lineWidth = 2; ctx.beginPath(); ctx.arc(xOf(events.at[lit.place], width), y.get(events.node[lit.place]), 8, 0, 7); ctx.stroke(); ctx.lineWidth = 1; }
      });
      const lost = space.left ? ` Lanes are those of the ${space.rows.length} nodes with most events; ${counted(space.left, "node")} more.` : "";
      const now = many ? `${count(high - low)} events in view: shown is where they are. Zoom in, or choose a moment above, to see the messages.${lost}`
        : high === low ? `None of the events in view is in this page.${lost}`
        : `${counted(high - low, "event")} in view.${lit.place >= 0 ? ` Orange: ${lit.past} before it. Green: ${lit.future} after it.` : " Click one for its cause and its effects."}${lost}`;
      if (says.textContent !== now) says.textContent = now;
    },
    hover(at, width) {
      const [low, high] = inView();
      if (high - low > CLOSE) return [moment(at.time, (view.until - view.from) / 1000), ...faultsAt(at.time)];
      const found = hit(at, width, places());
      if (found.event >= 0) return [`${moment(events.at[found.event], 1e3)} · event ${count(events.number[found.event])}`, eventWords(found.event)];
      if (found.packet >= 0) return [packetWords(found.packet), texts[packets.text[found.packet]]];
      return [moment(at.time, (view.until - view.from) / 1000), ...faultsAt(at.time)];
    },
    click(at) {
      const [low, high] = inView();
      if (high - low > CLOSE) { seek(timeOf(at.x, at.width)); focus(view.cursor); return; }
      const found = hit(at, at.width, places());
      view.packet = found.packet ?? -1;
      if (found.event >= 0) select(found.event);
      else if (found.packet < 0) { view.selected = -1; seek(timeOf(at.x, at.width)); }
      changed();
    },
  });
  parent.append(says);
}

/** Shows about as many events around a moment as one can read. */
function focus(time, most = 90) {
  if (!events.count) return;
  let place = Math.min(events.count - 1, first(events.count, (i) => events.at[i] >= time));
  const s = segments.find((one) => one.first <= place && place <= one.last);
  if (time < s.from && place > 0 && time - events.at[place - 1] < s.from - time) place -= 1;
  const from = events.at[Math.max(s.first, place - Math.round(most / 3))], until = events.at[Math.min(s.last, place + Math.round((2 * most) / 3))];
  const pad = Math.max(1e3, (until - from) * 0.03);
  look(Math.min(from, time) - pad, Math.max(until, time) + pad);
}
