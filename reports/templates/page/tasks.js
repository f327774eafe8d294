// What nodes worked on: a lane per node, bars for tasks.

function startTasks(parent) {
  const tasks = data.tasks;
  if (!tasks) return;
  const HOW = ["still at it", "done", "given up: another was faster", "failed", "lost with its node"];
  const WHY = ["", ", once more", ", as a backup"];
  const order = [...new Set(tasks.node)].sort((a, b) => a - b);
  const shown = order.slice(0, 40), row = new Map(shown.map((node, i) => [node, i]));
  const tall = shown.length > 20 ? 13 : 18;
  // Tasks of a node that overlap share its lane, one below the other.
  const slots = new Map(), slot = new Int32Array(tasks.node.length);
  tasks.from.forEach((from, i) => {
    const ends = slots.get(tasks.node[i]) || slots.set(tasks.node[i], []).get(tasks.node[i]);
    let place = ends.findIndex((end) => end <= from);
    if (place < 0) place = ends.length;
    ends[place] = tasks.until[i]; slot[i] = place;
  });
  const depth = (node) => Math.min(6, Math.max(1, slots.get(node).length));
  const color = (i) => ink.series[tasks.kind[i] % ink.series.length];
  const box = (i, width) => {
    const y0 = row.get(tasks.node[i]) * tall + 2, high = (tall - 4) / depth(tasks.node[i]);
    const x = xOf(tasks.from[i], width);
    return [x, y0 + Math.min(slot[i], 5) * high, Math.max(1, xOf(tasks.until[i], width) - x - 0.5), Math.max(1.5, high - 0.7)];
  };
  panel(parent, {
    title: "What nodes worked on", height: shown.length * tall + 4,
    legend: () => [...tasks.kinds.slice(0, 7).map((kind, i) => swatch(`s${i % 7}`, "", kind)), swatch("hollow", "ink", "lost, failed or beaten")],
    draw(ctx, width, height) {
      ctx.font = SMALL; ctx.textAlign = "right"; ctx.fillStyle = ink.muted;
      shown.forEach((node, i) => ctx.fillText(cut(nodeName(node), 14), LEFT - 8, i * tall + tall / 2 + 4));
      within(ctx, width, height, () => {
        for (let i = 0; i < tasks.from.length; i++) {
          if (tasks.until[i] < view.from || tasks.from[i] > view.until || !row.has(tasks.node[i])) continue;
          const [x, y, wide, high] = box(i, width), how = tasks.how[i] % 12;
          ctx.fillStyle = ctx.strokeStyle = color(i); ctx.globalAlpha = how === 0 ? 0.5 : 0.9;
          if (how > 1) { ctx.lineWidth = 1.5; ctx.strokeRect(x + 0.75, y + 0.75, Math.max(1, wide - 1.5), Math.max(1, high - 1.5)); ctx.lineWidth = 1; }
          else ctx.fillRect(x, y, wide, high);
        }
        ctx.globalAlpha = 1;
      });
      ctx.font = FONT;
    },
    hover(at, width) {
      let hit = -1;
      for (let i = 0; i < tasks.from.length; i++) {
        if (tasks.from[i] > at.time || tasks.until[i] < at.time || !row.has(tasks.node[i])) continue;
        const [, y, , high] = box(i, width);
        if (at.y >= y - 1 && at.y <= y + high + 1) hit = i;
      }
      return [moment(at.time, (view.until - view.from) / 1000), ...(hit < 0 ? [] : [
        `${nodeName(tasks.node[hit])}: ${tasks.kinds[tasks.kind[hit]]} ${tasks.number[hit] + 1} of job ${tasks.job[hit] + 1}${WHY[Math.floor(tasks.how[hit] / 12)]}`,
        `${moment(tasks.from[hit])} to ${moment(tasks.until[hit])} (${span(tasks.until[hit] - tasks.from[hit])}): ${HOW[tasks.how[hit] % 12]}`,
      ]), ...faultsAt(at.time)];
    },
  });
  const left = [];
  if (tasks.total > tasks.node.length) left.push(`${count(tasks.node.length)} of ${count(tasks.total)} tasks: those that went wrong, and the longest`);
  if (order.length > shown.length) left.push(`${count(shown.length)} of ${count(order.length)} nodes that had tasks`);
  if (left.length) parent.append(make("p", { class: "hint" }, `${left.join("; ")}.`));
}
