// Who had which role, as a lane per server.

/** The colours of roles: who leads stands out, who wants to is orange, and what most nodes are most of the time is quiet. */
const ROLE_COLORS = (() => {
  const times = new Map(), colors = new Map([["down", null], ["paused", "crowded"]]);
  for (const list of roles.values()) for (const s of list) times.set(s.role, (times.get(s.role) || 0) + s.until - s.from);
  const leading = new Set(data.roles.names.filter((_, i) => data.roles.leading[i]));
  const others = ["quiet", "green", "purple", "sky", "yellow"];
  for (const [role] of [...times].sort((a, b) => b[1] - a[1])) {
    if (colors.has(role)) continue;
    if (leading.has(role)) colors.set(role, "blue");
    else if (/candidate|electing|proposer/.test(role)) colors.set(role, "orange");
    else colors.set(role, others.length > 1 ? others.shift() : others[0]);
  }
  return colors;
})();
/** The colour of a role; none of one that is down. */
function roleColor(role) {
  const name = ROLE_COLORS.get(role);
  return name === null ? null : ink[name || "quiet"];
}

const LANES_MAX = 40;

/** Servers that have lanes: all if they are few. */
const laneNodes = (() => {
  const servers = data.services.filter((s) => !s.clients).flatMap((s) => (s.nodes <= 5000 ? Array.from({ length: s.nodes }, (_, i) => s.first + i) : []));
  if (servers.length <= 16) return { nodes: servers, all: servers.length };
  // Who leads, or changes, is worth a lane; of those who never do anything else a few.
  const list = (node) => roles.get(node) || [], weight = (node) => list(node).length + (list(node).some((s) => s.leads) ? 1000 : 0);
  const sorted = [...servers].sort((a, b) => weight(b) - weight(a) || a - b), busy = sorted.filter((node) => weight(node) > 1).length;
  const chosen = new Set(sorted.slice(0, Math.min(LANES_MAX, Math.max(busy, 8))));
  return { nodes: servers.filter((node) => chosen.has(node)), all: data.services.filter((s) => !s.clients).reduce((sum, s) => sum + s.nodes, 0) };
})();

function startLanes(parent) {
  const { nodes, all } = laneNodes;
  if (!nodes.length || ![...roles.values()].length) return;
  const tall = nodes.length > 16 ? 12 : 20;
  const known = [...new Set(nodes.flatMap((node) => (roles.get(node) || []).map((s) => s.role)))].slice(0, 7);
  panel(parent, {
    title: "Roles", label: "Chart: roles of the servers over time", height: nodes.length * tall + 4,
    legend: () => known.map((role) => make("span", { class: "swatch" }, make("i", { "data-role": role }), role)),
    draw(ctx, width, height) {
      ctx.font = SMALL;
      nodes.forEach((node, row) => {
        const y = row * tall + 3, high = tall - 4;
        ctx.fillStyle = ink.muted; ctx.textAlign = "right"; ctx.fillText(cut(nodeName(node), 14), LEFT - 8, y + high / 2 + 4);
        within(ctx, width, height, () => {
          const list = roles.get(node) || [];
          for (let i = first(list.length, (k) => list[k].until >= view.from); i < list.length && list[i].from <= view.until; i++) {
            const s = list[i], color = roleColor(s.role);
            const x = Math.max(LEFT, xOf(s.from, width)), wide = Math.max(1.5, xOf(s.until, width) - x);
            if (!color) { ctx.strokeStyle = ink.muted; ctx.setLineDash([3, 3]); ctx.strokeRect(x + 0.5, y + 0.5, wide - 1, high - 1); ctx.setLineDash([]); continue; }
            ctx.fillStyle = color; ctx.fillRect(x, y, wide, high);
            if (s.role === "paused") hatch(ctx, x, y, wide, high);
            const label = s.epoch ? String(s.epoch) : "";
            if (s.leads && label && wide > ctx.measureText(label).width + 8 && high > 10) { ctx.fillStyle = ink.paper; ctx.textAlign = "left"; ctx.fillText(label, x + 4, y + high / 2 + 4); }
          }
        });
      });
      ctx.font = FONT;
    },
    hover(at) {
      const node = nodes[Math.floor(at.y / tall)];
      const s = node === undefined ? null : roleAt(node, at.time);
      return [moment(at.time, (view.until - view.from) / 1000), ...(s ? [`${nodeName(node)}: ${s.role}${s.epoch ? `, epoch ${s.epoch}` : ""}, ${moment(s.from)} to ${moment(s.until)}`] : []), ...faultsAt(at.time)];
    },
  });
  if (data.roles.left_out) parent.append(make("p", { class: "hint" }, `${counted(data.roles.left_out, "later change")} of role ${data.roles.left_out === 1 ? "is" : "are"} not drawn.`));
  if (all > nodes.length) parent.append(make("p", { class: "hint" }, `${count(nodes.length)} of ${count(all)} servers: those that lead, or change their role most often.`));
}

function hatch(ctx, x, y, wide, high) {
  ctx.save(); ctx.beginPath(); ctx.rect(x, y, wide, high); ctx.clip();
  ctx.strokeStyle = ink.paper; ctx.lineWidth = 1.5; ctx.beginPath();
  for (let at = x - high; at < x + wide; at += 6) { ctx.moveTo(at, y + high); ctx.lineTo(at + high, y); }
  ctx.stroke(); ctx.restore();
}
