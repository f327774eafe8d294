// The picture: nodes as buttons on a ring, or in rows where they are many, the links between them, and what happened so far as lanes.

const DRAWN_MAX = 40, LINKED_MAX = 16, CLIENTS_MAX = 12;
const SVG = "http://www.w3.org/2000/svg";

const chosen = new Set();
let places = new Map(), buttons = new Map();

/** Nodes that are drawn: servers on the ring, clients below if they are few. */
function cast() {
  const all = film.nodes.map((_, node) => node), clients = all.filter((node) => film.nodes[node].client);
  const few = clients.length <= CLIENTS_MAX ? clients : [];
  const inside = servers();
  return { ring: inside.slice(0, DRAWN_MAX), clients: few, left: inside.length - Math.min(inside.length, DRAWN_MAX), unseen: clients.length - few.length };
}

function build() {
  const box = by("nodes"), { ring, clients, left, unseen } = cast();
  const width = Math.max(320, box.clientWidth), columns = Math.max(2, Math.floor(width / 92)), grid = ring.length > LINKED_MAX;
  const tall = grid ? Math.ceil(ring.length / columns) * 50 : ring.length > 7 ? 340 : 300, high = tall + (clients.length ? 44 : 0);
  box.style.height = `${high}px`;
  box.classList.toggle("crowded", ring.length > 8);
  places = new Map();
  const cx = width / 2, cy = tall / 2, rx = Math.min(width / 2 - 60, 380), ry = tall / 2 - 46;
  ring.forEach((node, i) => {
    if (grid) return places.set(node, { x: (width * ((i % columns) + 0.5)) / columns, y: 50 * Math.floor(i / columns) + 25 });
    const turn = (2 * Math.PI * i) / ring.length - Math.PI / 2, alone = ring.length === 1;
    places.set(node, { x: alone ? cx : cx + rx * Math.cos(turn), y: alone ? cy : cy + ry * Math.sin(turn) });
  });
  clients.forEach((node, i) => places.set(node, { x: 70 + ((width - 70) * (i + 0.5)) / clients.length, y: tall + 20 }));
  for (const node of chosen) if (!places.has(node)) chosen.delete(node);
  buttons = new Map();
  const made = [...places].map(([node, { x, y }]) => {
    const toggle = () => { if (chosen.has(node)) chosen.delete(node); else chosen.add(node); refresh(); };
    const button = make("button", { type: "button", class: film.nodes[node].client ? "node client" : "node", onclick: toggle }, make("b", {}, film.nodes[node].client ? film.nodes[node].name.replace(/^client-/, "") : cut(film.nodes[node].name, 12)), make("span", {}));
    button.style.left = `${x}px`;
    button.style.top = `${y}px`;
    buttons.set(node, button);
    return button;
  });
  const links = by("links");
  links.setAttribute("viewBox", `0 0 ${width} ${high}`);
  const label = clients.length ? [make("span", { class: "clients" }, "clients")] : [];
  label.forEach((one) => { one.style.top = `${tall + 20}px`; });
  box.replaceChildren(links, ...label, ...made);
  const more = [left ? `${counted(left, "more server")}` : "", unseen ? counted(unseen, "client") : ""].filter(Boolean).join(" and ");
  const names = [...new Set(servers().flatMap((node) => changes[node].map((c) => c.role)))].slice(0, 8);
  by("legend").replaceChildren(...names.map((role) => make("span", { class: "swatch" }, make("i", { class: `role-${colorOf(role)}` }), role)), make("span", { class: "swatch" }, make("i", { class: "cut" }), "link cut"), more ? `Not drawn: ${more}.` : "");
}

function line(a, b, name) {
  const node = document.createElementNS(SVG, "line");
  for (const [key, value] of [["x1", a.x], ["y1", a.y], ["x2", b.x], ["y2", b.y], ["class", name]]) node.setAttribute(key, value);
  return node;
}

/** The middle of a link that is cut. */
function cross(a, b) {
  const x = (a.x + b.x) / 2, y = (a.y + b.y) / 2, node = document.createElementNS(SVG, "path");
  node.setAttribute("d", `M${x - 6} ${y - 6}L${x + 6} ${y + 6}M${x + 6} ${y - 6}L${x - 6} ${y + 6}`);
  node.setAttribute("class", "cross");
  return node;
}

let linked = "";
function drawLinks() {
  const pairs = cutPairs(), drawn = [...places.keys()], all = drawn.filter((node) => !film.nodes[node].client);
  const state = [...pairs].sort().join() + drawn.join();
  if (state === linked && by("links").childNodes.length) return;
  linked = state;
  const parts = [];
  if (all.length <= LINKED_MAX) {
    all.forEach((a, i) => all.slice(i + 1).forEach((b) => { if (!pairs.has(`${a}-${b}`)) parts.push(line(places.get(a), places.get(b), "link")); }));
  }
  // Of cuts between more nodes than one could follow, those of servers; the letters of the sides tell the rest.
  const shown = [...pairs].map((pair) => pair.split("-").map(Number)).filter((two) => two.every((node) => places.has(node)));
  const inside = shown.filter((two) => two.every((node) => !film.nodes[node].client));
  for (const [a, b] of shown.length > 8 ? inside.slice(0, 100) : shown) {
    parts.push(line(places.get(a), places.get(b), "link cut"));
    if (inside.length <= 30) parts.push(cross(places.get(a), places.get(b)));
  }
  by("links").replaceChildren(...parts);
}

function drawNodes() {
  const apart = new Set(inForce().filter((f) => f.cuts === "apart").flatMap((f) => f.chose.flat()));
  const letters = sides();
  for (const [node, button] of buttons) {
    const { role, epoch } = nodeNow(node), client = film.nodes[node].client;
    const word = client && role !== "down" && role !== "paused" ? "" : role === "down" ? "✕ down" : role === "paused" ? "❄ frozen" : leads(role) ? `★ ${role}` : role;
    const text = epoch && !client && (leads(role) || colorOf(role) === "orange") ? `${word} · ${epoch}` : word;
    const look = `node ${client ? "client" : ""} role-${client && !["down", "paused"].includes(role) ? "quiet" : colorOf(role)} ${role === "down" ? "down" : role === "paused" ? "frozen" : ""} ${apart.has(node) ? "apart" : ""}`;
    if (button.className !== look) button.className = look;
    if (button.lastChild.textContent !== text) button.lastChild.textContent = text;
    const letter = letters.get(node) ?? "";
    if (button.dataset.side !== letter) button.dataset.side = letter;
    const pressed = String(chosen.has(node));
    if (button.getAttribute("aria-pressed") !== pressed) button.setAttribute("aria-pressed", pressed);
    button.setAttribute("aria-label", `${film.nodes[node].name}, ${role}${apart.has(node) ? ", cut off" : ""}${letter ? `, on side ${letter} of a cut` : ""}`);
  }
}

/** Lanes of roles, faults, and how many operations were served in time: up to the present. */
function drawLanes() {
  const canvas = by("lanes"), rows = servers().slice(0, DRAWN_MAX), served = film.windows.some((w) => w[1] > 0);
  const lane = rows.length > 12 ? 9 : 16, left = 74, right = 18, top = 18, bars = served ? 44 : 0;
  const high = top + rows.length * lane + 6 + bars + 18, width = canvas.parentElement.clientWidth, scale = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(high * scale)) {
    canvas.width = Math.round(width * scale); canvas.height = Math.round(high * scale); canvas.style.height = `${high}px`;
  }
  const ctx = canvas.getContext("2d"), style = getComputedStyle(document.documentElement), ink = (name) => style.getPropertyValue(`--${name}`).trim();
  const x = (when) => left + ((width - left - right) * Math.min(when, film.until)) / film.until;
  ctx.setTransform(scale, 0, 0, scale, 0, 0);
  ctx.clearRect(0, 0, width, high);
  ctx.font = "11px system-ui, 'DejaVu Sans', sans-serif";
  ctx.textBaseline = "middle";
  const bottom = high - 16;
  // The calm part, in which nothing may strike.
  if (film.calm_from !== null) { ctx.fillStyle = ink("code"); ctx.fillRect(x(film.calm_from), top, x(film.until) - x(film.calm_from), bottom - top); }
  const step = nice(film.until / Math.max(3, (width - left) / 90));
  ctx.textAlign = "center";
  for (let when = 0; when <= film.until * 1.0001; when += step) {
    ctx.strokeStyle = ink("grid"); ctx.beginPath(); ctx.moveTo(x(when), top); ctx.lineTo(x(when), bottom); ctx.stroke();
    ctx.fillStyle = ink("muted"); ctx.fillText(when ? span(when) : "0s", x(when), high - 7);
  }
  if (film.calm_from !== null) { ctx.fillStyle = ink("muted"); ctx.fillText("calm", (x(film.calm_from) + x(film.until)) / 2, 8); }
  for (const fault of film.faults.filter((f) => past(f.struck))) {
    const from = x(fault.struck), to = x(Math.min(fault.ended ?? film.until, at));
    if (fault.harms) { ctx.globalAlpha = 0.12; ctx.fillStyle = ink("vermillion"); ctx.fillRect(from, top, Math.max(1, to - from), bottom - top); ctx.globalAlpha = 1; }
    ctx.fillStyle = fault.harms ? ink("vermillion") : ink("green");
    ctx.textAlign = "center"; ctx.fillText(fault.harms ? "▼" : "▽", from, top - 8);
  }
  rows.forEach((node, row) => {
    const y = top + row * lane;
    // Narrow lanes have no room for every name.
    if (lane > 11 || row % 2 === 0) { ctx.fillStyle = ink("muted"); ctx.textAlign = "right"; ctx.fillText(cut(film.nodes[node].name, 11), left - 6, y + lane / 2); }
    changes[node].forEach((c, i, list) => {
      if (!past(c.when)) return;
      const from = x(c.when), to = Math.max(from + 1, x(Math.min(list[i + 1]?.when ?? film.until, at)));
      const color = colorOf(c.role);
      if (color === "none") { ctx.strokeStyle = ink("muted"); ctx.setLineDash([3, 3]); ctx.strokeRect(from + 0.5, y + 2.5, Math.max(0, to - from - 1), lane - 5); ctx.setLineDash([]); return; }
      ctx.fillStyle = ink(color); ctx.fillRect(from, y + 2, to - from, lane - 4);
    });
  });
  if (served) {
    const base = bottom - 2, tallest = bars - 8, y = top + rows.length * lane + 6;
    ctx.fillStyle = ink("muted"); ctx.textAlign = "right"; ctx.fillText("served", left - 6, (y + base) / 2);
    film.windows.forEach(([from, wanted, inTime], i) => {
      const until = film.windows[i + 1]?.[0] ?? film.until;
      if (!wanted || until > at) return;
      const share = inTime / wanted, wide = Math.max(1, x(until) - x(from) - 0.5);
      ctx.fillStyle = ink("vermillion"); ctx.fillRect(x(from), base - tallest, wide, tallest * (1 - share));
      ctx.fillStyle = ink("green"); ctx.fillRect(x(from), base - tallest * share, wide, tallest * share);
    });
  }
  ctx.strokeStyle = ink("ink"); ctx.lineWidth = 2; ctx.beginPath(); ctx.moveTo(x(at), top - 2); ctx.lineTo(x(at), bottom); ctx.stroke(); ctx.lineWidth = 1;
}

function draw() {
  if (!film || by("stage").hidden) return;
  drawNodes(); drawLinks(); drawLanes();
}
