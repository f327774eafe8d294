// Plays what was recorded: nodes on a ring, or by zone, and messages on their way between them. Nothing is simulated here.

const SPEEDS = [1e4, 1e5, 1e6, 5e6, 2e7, 1e8, 5e8, 2e9, 1e10];
const player = { speed: 3, jump: "any" };

const moments = (() => {
  const out = [];
  for (const v of data.violations) out.push({ at: v.at, kind: "violation", text: `✘ ${v.property}`, event: v.event });
  if (data.witness) out.push({ at: data.witness.at, kind: "violation", text: "✘ unexplained answer" });
  for (const f of faults) { out.push({ at: f.from, kind: "fault", text: `⚡ ${f.name}`, area: f.area }); if (!f.open && f.harms && f.until > f.from) out.push({ at: f.until, kind: "fault", text: `${f.name} over` }); }
  for (const l of leaderships) out.push({ at: l.at, kind: "leader", text: `${nodeName(l.node)} leads` });
  return out.sort((a, b) => a.at - b.at);
})();

function jump(direction) {
  const list = moments.filter((m) => player.jump === "any" || m.kind === player.jump);
  const next = direction > 0 ? list.find((m) => m.at > view.cursor + 0.5) : list.findLast((m) => m.at < view.cursor - 0.5);
  if (next) visit(next);
}

/** Goes to a moment, close enough to see the messages where there are any. */
function visit(m) {
  view.packet = -1;
  const place = m.event === undefined ? undefined : placeOf.get(m.event);
  if (events.count && segments.some((s) => s.from - 1e9 <= m.at && m.at <= s.until + 1e9)) {
    focus(m.at);
    view.selected = place ?? -1; view.cursor = m.at; changed();
  } else { view.selected = -1; seek(m.at, { width: Math.min(data.end, Math.max(1e9, data.end / 12)) }); }
}

function step(direction) {
  if (!events.count) return;
  view.packet = -1;
  const here = view.selected >= 0 && events.at[view.selected] === view.cursor ? view.selected : direction > 0 ? first(events.count, (i) => events.at[i] > view.cursor) - 1 : first(events.count, (i) => events.at[i] >= view.cursor);
  const next = Math.min(events.count - 1, Math.max(0, here + direction));
  const [low, high] = inView();
  if (high - low > CLOSE || events.at[next] < view.from || events.at[next] > view.until) focus(events.at[next]);
  view.selected = next; view.cursor = events.at[next]; changed();
}

let before = null;
function tick(now) {
  if (!view.playing) { before = null; return; }
  if (before !== null) {
    let cursor = view.cursor + ((now - before) / 1000) * SPEEDS[player.speed];
    if (events.count && !segmentAt(cursor)) {
      // What is not in the page is passed over, and what comes after all that is in it is not played.
      const next = segments.find((s) => s.from > view.cursor);
      if (next && cursor < next.from && !segmentAt(view.cursor + 1)) cursor = next.from;
      else if (!next && cursor > segments[segments.length - 1].until + SPEEDS[player.speed]) view.playing = false;
    }
    if (cursor >= data.end) { cursor = data.end; view.playing = false; }
    view.cursor = cursor;
    view.selected = -1;
    const width = view.until - view.from;
    if (cursor > view.until - width * 0.08 || cursor < view.from) look(cursor - width * 0.3, cursor + width * 0.7);
    changed();
  }
  before = now;
  requestAnimationFrame(tick);
}
function play(on = !view.playing) {
  if (on && view.cursor >= data.end) view.cursor = 0;
  if (on) { const [low, high] = inView(); if (high - low > CLOSE) focus(view.cursor); }
  view.playing = on;
  if (on) requestAnimationFrame(tick);
  changed();
}

/** Where nodes stand: between -1 and 1. */
const stage = (() => {
  const servers = data.services.filter((s) => !s.clients), known = new Set(events.node);
  const all = servers.flatMap((s) => Array.from({ length: Math.min(s.nodes, 400) }, (_, i) => s.first + i));
  const seen = (node) => (known.size ? known.has(node) : true);
  const inner = all.filter((node) => all.length <= 24 || seen(node)).slice(0, 48);
  const outer = data.services.filter((s) => s.clients).flatMap((s) => Array.from({ length: Math.min(s.nodes, 200) }, (_, i) => s.first + i)).filter(seen).slice(0, 24);
  const at = new Map(), zones = [];
  const ring = (nodes, radius, cx = 0, cy = 0, start = -Math.PI / 2) => nodes.forEach((node, i) => { const angle = start + (2 * Math.PI * i) / nodes.length; at.set(node, { x: cx + radius * Math.cos(angle), y: cy + radius * Math.sin(angle), client: isClient(node) }); });
  const placed = data.zones.filter(([, nodes]) => nodes.some((node) => inner.includes(node) || outer.includes(node)));
  if (placed.length > 1 && placed.length <= 12) {
    placed.forEach(([name, nodes], i) => {
      const angle = -Math.PI / 2 + (2 * Math.PI * i) / placed.length, far = placed.length > 4 ? 0.72 : 0.58, cx = far * Math.cos(angle), cy = far * Math.sin(angle);
      const servers = nodes.filter((node) => inner.includes(node)), clients = nodes.filter((node) => outer.includes(node)), radius = Math.min(0.36, 1.7 / placed.length);
      ring(servers, servers.length > 1 ? radius * (clients.length ? 0.45 : 0.6) : 0, cx, cy);
      ring(clients, radius * 0.95, cx, cy, -Math.PI / 2 + Math.PI / Math.max(1, clients.length)); zones.push({ name, x: cx, y: cy, radius });
    });
    const rest = [...inner, ...outer].filter((node) => !at.has(node));
    ring(rest, 0.18);
  } else { ring(inner, outer.length ? 0.58 : inner.length > 14 ? 0.92 : 0.8); ring(outer, 0.95, 0, 0, -Math.PI / 2 + Math.PI / Math.max(1, outer.length)); }
  return { at, zones, left: all.length - inner.length };
})();

function drawStage(ctx, width, height) {
  const radius = Math.min(width / 2 - 60, height / 2 - 34), wide = Math.max(radius, Math.min(width / 2 - 60, radius * 1.5)), cx = width / 2, cy = height / 2;
  const spot = (node) => { const p = stage.at.get(node); return p && { x: cx + p.x * wide, y: cy + p.y * radius, client: p.client }; };
  ctx.font = SMALL; ctx.textAlign = "center";
  for (const zone of stage.zones) {
    const x = cx + zone.x * wide, y = cy + zone.y * radius;
    ctx.fillStyle = ink.quiet; ctx.globalAlpha = 0.25; ctx.beginPath(); ctx.ellipse(x, y, zone.radius * wide + 22, zone.radius * radius + 18, 0, 0, 7); ctx.fill(); ctx.globalAlpha = 1;
    ctx.fillStyle = ink.muted; ctx.fillText(cut(zone.name, 24), x, y - zone.radius * radius - 22);
  }
  const now = view.cursor, flash = SPEEDS[player.speed] * 0.35, cuts = windows.filter((f) => f.area === "network" && f.nodes.length > 1 && f.from <= now && now < f.until);
  for (let p = 0; p < packets.count; p++) {
    const sent = packets.sent[p], lost = packets.fate[p] > 1 && packets.reached[p] < 0;
    const end = packets.reached[p] >= 0 ? packets.reached[p] : lost ? Math.max(packets.ended[p], sent + flash) : data.ended;
    if (sent > now || end < now) continue;
    const a = spot(packets.from[p]), b = spot(packets.to[p]);
    if (!a || !b) continue;
    const share = Math.min(1, (now - sent) / Math.max(1, end - sent)) * (lost ? 0.5 : 1);
    const x = a.x + (b.x - a.x) * share, y = a.y + (b.y - a.y) * share;
    ctx.strokeStyle = ctx.fillStyle = packetColor(p);
    ctx.globalAlpha = 0.35; ctx.beginPath(); ctx.moveTo(a.x, a.y); ctx.lineTo(x, y); ctx.stroke(); ctx.globalAlpha = 1;
    if (lost) { ctx.lineWidth = 2; ctx.beginPath(); ctx.moveTo(x - 4, y - 4); ctx.lineTo(x + 4, y + 4); ctx.moveTo(x + 4, y - 4); ctx.lineTo(x - 4, y + 4); ctx.stroke(); ctx.lineWidth = 1; }
    else { ctx.beginPath(); if (packets.kind[p] === 4) ctx.arc(x, y, 4, 0, 7); else ctx.rect(x - 3.5, y - 3.5, 7, 7); ctx.fill(); }
  }
  const crowded = !stage.zones.length && [...stage.at.values()].filter((p) => !p.client).length > 14;
  const recent = new Set();
  for (let i = first(events.count, (k) => events.at[k] >= now - flash * 0.6); i < events.count && events.at[i] <= now; i++) recent.add(events.node[i]);
  for (const node of stage.at.keys()) {
    const p = spot(node), r = p.client ? 7 : stage.zones.length ? 13 : crowded ? 9 : 19, s = roleAt(node, now), state = stateAt(node, now);
    const role = s ? s.role : state ? state.role : p.client ? "peer" : "", color = role ? roleColor(role) : ink.quiet;
    ctx.beginPath(); ctx.arc(p.x, p.y, r, 0, 7);
    ctx.fillStyle = color || ink.paper; ctx.fill();
    ctx.strokeStyle = recent.has(node) ? ink.ink : ink.muted; ctx.lineWidth = recent.has(node) ? 3 : 1;
    if (role === "down") ctx.setLineDash([3, 3]);
    ctx.stroke(); ctx.setLineDash([]); ctx.lineWidth = 1;
    if (role === "paused") hatch(ctx, p.x - r * 0.7, p.y - r * 0.7, 1.4 * r, 1.4 * r);
    if (role === "down") { ctx.strokeStyle = ink.vermillion; ctx.lineWidth = 2; ctx.beginPath(); ctx.moveTo(p.x - 6, p.y - 6); ctx.lineTo(p.x + 6, p.y + 6); ctx.moveTo(p.x + 6, p.y - 6); ctx.lineTo(p.x - 6, p.y + 6); ctx.stroke(); ctx.lineWidth = 1; }
    const epoch = state && state.epoch ? state.epoch : s ? s.epoch : 0;
    if (!p.client && epoch && role !== "down") { ctx.fillStyle = s && s.leads ? ink.paper : ink.ink; ctx.font = BOLD; ctx.fillText(cut(String(epoch), 5), p.x, p.y + 4); ctx.font = SMALL; }
    ctx.fillStyle = ink.ink; ctx.font = p.client || crowded ? SMALL : FONT;
    if (crowded) {
      // Around a crowded ring the names stand outside, and the kind of node is known from the first.
      const far = Math.hypot(p.x - cx, p.y - cy) || 1, ux = (p.x - cx) / far, uy = (p.y - cy) / far;
      ctx.textAlign = ux > 0.3 ? "left" : ux < -0.3 ? "right" : "center";
      ctx.fillText(cut(nodeName(node), 12), p.x + ux * (r + 5), p.y + uy * (r + 10) + 4); ctx.textAlign = "center";
    } else ctx.fillText(cut(nodeName(node), 16), p.x, p.y + r + 13);
    if (!p.client && role && !stage.zones.length && !crowded) { ctx.fillStyle = ink.muted; ctx.font = SMALL; ctx.fillText(role, p.x, p.y + r + 26); }
    for (const f of cuts) f.nodes.forEach((side, k) => { if (side.includes(node)) { ctx.fillStyle = ink.series[k % ink.series.length]; ctx.font = BOLD; ctx.fillText(String.fromCharCode(65 + k), p.x + r + 8, p.y - r + 4); ctx.font = SMALL; } });
  }
  ctx.font = FONT; ctx.textAlign = "left";
}

function valuesNow(body) {
  const servers = [...stage.at.keys()].filter((node) => !isClient(node) || stage.at.size <= 4).slice(0, 16);
  const labels = [...new Set(servers.flatMap((node) => [...(stateAt(node, view.cursor)?.values.keys() ?? [])]))].filter((label) => label !== "role").slice(0, 7);
  const rows = servers.map((node) => {
    const s = roleAt(node, view.cursor), state = stateAt(node, view.cursor), role = s ? s.role : state ? state.role : "";
    return make("tr", {}, make("th", { scope: "row" }, make("i", { "data-role": role }), cut(nodeName(node), 16)), make("td", {}, role), ...labels.map((label) => make("td", {}, cut(state?.values.get(label) ?? "", 60))));
  });
  body.replaceChildren(make("thead", {}, make("tr", {}, ["node", "role", ...labels].map((label) => make("th", {}, label)))), make("tbody", {}, rows));
  paintRoles(body);
}

/** Swatches of roles take the colours that the pictures give them. */
function paintRoles(root) {
  root.querySelectorAll("i[data-role]").forEach((i) => { i.style.background = i.dataset.role ? roleColor(i.dataset.role) || "transparent" : "transparent"; });
}

function startPlayer(parent) {
  if (!events.count) return;
  const canvas = make("canvas", { role: "img", "aria-label": "Nodes and messages on their way at the moment of the cursor" });
  const table = make("table", { class: "now" }), caption = make("p", { class: "caption" });
  parent.append(make("div", { class: "panel player" }, make("div", { class: "head" }, make("h3", {}, "At the cursor"), caption), make("div", { class: "canvas" }, canvas), make("div", { class: "scroll" }, table)));
  onChange(() => {
    canvas.style.height = "420px";
    const box = canvas.parentElement.getBoundingClientRect();
    if (box.bottom < -200 || box.top > window.innerHeight + 200 || narrow(canvas)) return;
    const { ctx, width, height } = surface(canvas, 420);
    drawStage(ctx, width, height);
    const inside = events.count === data.events || segmentAt(view.cursor), last = first(events.count, (i) => events.at[i] > view.cursor) - 1;
    caption.textContent = `${moment(view.cursor, 1e3)} · ${inside ? cut(eventWords(view.selected >= 0 ? view.selected : Math.max(0, last)), 110) : "no event around here is in this page"}`;
    // Outside of what is in the page values are those of the last event that is.
    table.classList.toggle("stale", !inside);
    valuesNow(table);
  });
  const density = segments.reduce((sum, s) => sum + (s.until - s.from), 0) / events.count;
  player.speed = Math.min(SPEEDS.length - 1, first(SPEEDS.length, (i) => SPEEDS[i] >= density * 12));
}
