// Lines over the shared axis, and charts of nothing else.

function drawLine(ctx, width, points, color, thick = 1.5) {
  ctx.strokeStyle = color; ctx.lineWidth = thick; ctx.beginPath();
  let pen = false;
  for (const [time, y] of points) {
    if (y === null) { pen = false; continue; }
    const x = xOf(time, width);
    if (pen) ctx.lineTo(x, y); else ctx.moveTo(x, y);
    pen = true;
  }
  ctx.stroke(); ctx.lineWidth = 1;
}

const unitWords = (value, unit) => (unit === "ms" ? (value < 0 ? `−${span(-value * 1e6)}` : span(value * 1e6)) : unit === "B/s" ? `${size(value)}/s` : unit === "B" || unit === "bytes" ? size(value) : unit === "%" ? `${digits(value)} %` : `${Math.abs(value) >= 1000 ? count(value) : value < 0 ? `−${digits(-value)}` : digits(value)}${unit ? (unit.startsWith("/") ? unit : ` ${unit}`) : ""}`);

/**
 * A chart of lines: `lines` are {name, values, low, high}; of several runs also `at`, `color` and `hidden`, and the page has a key of its own.
 * A value may be missing.
 */
function readingsPanel(parent, title, unit, lines, { goal = 0, bounds = [], axis = false } = {}) {
  const shared = data.readings ? data.readings.at : [];
  const all = lines.flatMap((l) => [...l.values, ...(l.low || []), ...(l.high || [])]).filter((x) => x != null);
  const most = Math.max(goal, 1e-9, ...all) * 1.08, least = Math.min(0, ...all) * 1.08;
  const step = nice((most - least) / 3), share = (value) => (value - least) / (most - least);
  const marks = (height) => { const out = []; for (let n = Math.ceil(least / step - 1e-9) * step; n <= most; n += step) out.push({ y: height - share(n) * (height - 6), text: unitWords(n, unit) }); return out; };
  panel(parent, {
    title, height: 84, axis,
    legend: lines.length > 1 && lines.length <= 7 && lines[0].color == null ? () => lines.map((l, i) => swatch(`s${i % 7}`, "", l.name)) : null,
    draw(ctx, width, height) {
      drawScale(ctx, width, marks(height));
      const y = (value) => (value == null ? null : height - share(value) * (height - 6));
      within(ctx, width, height, () => {
        lines.forEach((l, k) => {
          if (l.hidden) return;
          const at = l.at || shared;
          const color = ink.series[(l.color ?? k) % ink.series.length];
          if (l.low) {
            ctx.fillStyle = color; ctx.globalAlpha = 0.18; ctx.beginPath();
            at.forEach((time, i) => { if (l.high[i] != null) ctx.lineTo(xOf(time, width), y(l.high[i])); });
            for (let i = at.length - 1; i >= 0; i--) if (l.low[i] != null) ctx.lineTo(xOf(at[i], width), y(l.low[i]));
            ctx.fill(); ctx.globalAlpha = 1;
          }
          drawLine(ctx, width, at.map((time, i) => [time, y(l.values[i])]), color, 1.6);
        });
        if (goal) { ctx.setLineDash([5, 4]); ctx.strokeStyle = ink.muted; ctx.beginPath(); ctx.moveTo(LEFT, y(goal)); ctx.lineTo(width, y(goal)); ctx.stroke(); ctx.setLineDash([]); }
        for (const [, time] of bounds) { const x = xOf(time, width); ctx.setLineDash([2, 3]); ctx.strokeStyle = ink.vermillion; ctx.beginPath(); ctx.moveTo(x, 0); ctx.lineTo(x, height); ctx.stroke(); ctx.setLineDash([]); }
      });
    },
    hover(p) {
      const near = (at) => Math.min(at.length - 1, first(at.length, (k) => at[k] >= p.time));
      const words = (l) => {
        const i = near(l.at || shared);
        return `${l.name}: ${l.values[i] == null ? "no reading" : unitWords(l.values[i], unit)}${l.low && l.values[i] != null ? ` (${unitWords(l.low[i], unit)} to ${unitWords(l.high[i], unit)})` : ""}`;
      };
      return [shared.length ? moment(shared[near(shared)], 1e6) : moment(p.time, 1e6), ...lines.filter((l) => !l.hidden).slice(0, 16).map(words), ...bounds.filter(([, time]) => Math.abs(time - p.time) < (view.until - view.from) / 60).map(([name, time]) => `not before ${moment(time)}: ${name}`), ...faultsAt(p.time)];
    },
  });
}
