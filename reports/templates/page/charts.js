// Latency, throughput, availability, traffic, and whatever was read off the nodes of a run.

let kindShown = "";

/** The run in bins as wide as the view wants them: from the operations where all are here, otherwise as the page brought them. */
const bins = (() => {
  let cache = null;
  return () => {
    const key = `${view.from}|${view.until}|${kindShown}`;
    if (cache && cache.key === key) return cache;
    const columns = data.columns;
    const latency = columns.latency.find(([kind]) => kind === kindShown) || columns.latency[0];
    const given = { key, from: columns.from, until: columns.until, served: columns.served, latency: latency ? latency[1] : [], exact: false };
    const visible = columns.from.filter((from, i) => columns.until[i] >= view.from && from <= view.until).length;
    cache = operations.complete && operations.total && visible < 80 ? binned(key) : given;
    return cache;
  };
})();

function binned(key) {
  const width = nice((view.until - view.from) / 120);
  const start = Math.floor(view.from / width) * width, n = Math.ceil((view.until - start) / width) + 1;
  const out = { key, from: [], until: [], served: [], latency: [], exact: true, width };
  const wanted = kindShown ? operations.kinds.indexOf(kindShown) : -1;
  const low = first(operations.at.length, (i) => operations.at[i] >= start), lists = [];
  for (let b = 0; b < n; b++) { out.from.push(start + b * width); out.until.push(start + (b + 1) * width); out.served.push([0, 0, 0, 0, 0]); lists.push([]); }
  for (let i = low; i < operations.at.length; i++) {
    const bin = Math.floor((operations.at[i] - start) / width);
    if (bin >= n) break;
    const outcome = operations.what[i] & 3;
    // What may still be served in time when the run ends is not counted, as everywhere else.
    if (operations.at[i] + data.deadline <= data.ended) { out.served[bin][0] += 1; out.served[bin][outcome + 1] += 1; }
    if (operations.took[i] >= 0 && (wanted < 0 || operations.what[i] >> 2 === wanted)) lists[bin].push(operations.took[i] / 1e3);
  }
  out.latency = lists.map((list) => {
    list.sort((a, b) => a - b);
    return [0.5, 0.99, 0.999].map((q) => (list.length ? list[Math.max(0, Math.ceil(list.length * q) - 1)] : -1));
  });
  return out;
}

const binAt = (b, time) => { const i = first(b.from.length, (k) => b.until[k] > time); return i < b.from.length && b.from[i] <= time ? i : -1; };

/** Whether an operation is of the kind that is shown. */
const shownKind = (i) => !kindShown || operations.kinds[operations.what[i] >> 2] === kindShown;

const latencyScale = (() => {
  let low = Infinity, high = 0;
  for (const took of operations.took) if (took > 0) { low = Math.min(low, took); high = Math.max(high, took); }
  if (data.deadline > high && data.deadline < high * 20) high = data.deadline;
  if (!high) { low = 1e6; high = 1e9; }
  low = 10 ** (Math.floor(Math.log10(low) * 2) / 2) || 1e3; high = Math.max(high * 1.3, low * 4);
  const share = (ns) => (Math.log(Math.max(ns, low)) - Math.log(low)) / (Math.log(high) - Math.log(low));
  return { low, high, y: (ns, height) => height - 4 - share(ns) * (height - 44) };
})();

function latencyMarks(height) {
  const marks = [];
  for (let ten = 10 ** Math.floor(Math.log10(latencyScale.low)); ten <= latencyScale.high; ten *= 10) {
    const ratio = latencyScale.high / latencyScale.low;
    for (const n of ratio > 1000 ? [1] : ratio > 20 ? [1, 3] : [1, 2, 3, 5, 7]) {
      if (n * ten >= latencyScale.low && n * ten <= latencyScale.high) marks.push({ y: latencyScale.y(n * ten, height), text: span(n * ten) });
    }
  }
  return marks;
}

function drawLatency(ctx, width, height) {
  drawScale(ctx, width, latencyMarks(height));
  const b = bins();
  within(ctx, width, height, () => {
    const low = first(operations.at.length, (i) => operations.at[i] >= view.from);
    const high = first(operations.at.length, (i) => operations.at[i] > view.until);
    const many = high - low > 4000, radius = many ? 0.9 : 1.8;
    ctx.globalAlpha = many ? 0.35 : 0.65; ctx.fillStyle = ink.blue;
    for (let i = low; i < high; i++) {
      if ((operations.what[i] & 3) === 0 && shownKind(i)) ctx.fillRect(xOf(operations.at[i], width) - radius, latencyScale.y(operations.took[i], height) - radius, 2 * radius, 2 * radius);
    }
    ctx.globalAlpha = 0.9;
    for (let i = low; i < high; i++) {
      const outcome = operations.what[i] & 3;
      if (outcome === 0 || !shownKind(i)) continue;
      const x = xOf(operations.at[i], width);
      ctx.fillStyle = ctx.strokeStyle = ink.outcomes[outcome];
      if (outcome === 1) { ctx.fillRect(x - 2, latencyScale.y(operations.took[i], height) - 2, 4, 4); continue; }
      const y = outcome === 2 ? 31 : 24;
      ctx.beginPath(); ctx.moveTo(x - 2, y - 2); ctx.lineTo(x + 2, y + 2); ctx.moveTo(x + 2, y - 2); ctx.lineTo(x - 2, y + 2); ctx.stroke();
    }
    ctx.globalAlpha = 1;
    const middle = (i) => (b.from[i] + b.until[i]) / 2;
    [["orange", 2, 1.2], ["purple", 1, 1.5], ["green", 0, 2]].forEach(([color, which, thick]) => {
      drawLine(ctx, width, b.latency.map((l, i) => [middle(i), l[which] < 0 ? null : latencyScale.y(l[which] * 1e3, height)]), ink[color], thick);
    });
    if (data.deadline > latencyScale.low && data.deadline < latencyScale.high) {
      const y = latencyScale.y(data.deadline, height);
      ctx.setLineDash([5, 4]); ctx.strokeStyle = ink.muted; ctx.beginPath(); ctx.moveTo(LEFT, y); ctx.lineTo(width, y); ctx.stroke(); ctx.setLineDash([]);
      ctx.fillStyle = ink.muted; ctx.textAlign = "right"; ctx.font = SMALL; ctx.fillText(`deadline ${span(data.deadline)}`, width - RIGHT - 4, y - 4); ctx.font = FONT;
    }
  });
}

function operationWords(i) {
  const outcome = operations.what[i] & 3;
  const result = operations.took[i] >= 0 ? `answered after ${span(operations.took[i])}${outcome === 1 ? ", late" : ""}` : outcome === 2 ? "given up, certainly without effect" : "given up, perhaps done all the same";
  return `${nodeName(operations.client[i])}: ${operations.kinds[operations.what[i] >> 2]} key ${operations.key[i]}, wanted at ${moment(operations.at[i], 1e3)}, ${result}`;
}

function binWords(time) {
  const b = bins(), i = binAt(b, time);
  if (i < 0) return [];
  const [wanted, ...by] = b.served[i], [p50, p99, p999] = b.latency[i] || [-1, -1, -1];
  const lines = [`${span(b.until[i] - b.from[i])} from ${moment(b.from[i], b.until[i] - b.from[i])}: ${counted(wanted, "operation")}`];
  if (wanted) lines.push(OUTCOMES.map((word, k) => (by[k] ? `${count(by[k])} ${word}` : "")).filter(Boolean).join(" · ") + ` · ${((100 * by[0]) / wanted).toFixed(1)} % available`);
  if (p50 >= 0) lines.push(`${kindShown || "all"}: p50 ${span(p50 * 1e3)} · p99 ${span(p99 * 1e3)} · p99.9 ${span(p999 * 1e3)}`);
  return lines;
}

function hoverLatency(at, width, height) {
  const low = first(operations.at.length, (i) => operations.at[i] >= timeOf(at.x - 5, width));
  const high = first(operations.at.length, (i) => operations.at[i] > timeOf(at.x + 5, width));
  let best = -1, near = 64;
  for (let i = low; i < high; i++) {
    if (!shownKind(i)) continue;
    const outcome = operations.what[i] & 3;
    const y = operations.took[i] >= 0 ? latencyScale.y(operations.took[i], height) : outcome === 2 ? 31 : 24;
    const distance = (xOf(operations.at[i], width) - at.x) ** 2 + (y - at.y) ** 2;
    if (distance < near) { near = distance; best = i; }
  }
  return [moment(at.time, (view.until - view.from) / 1000), ...(best >= 0 ? [operationWords(best)] : []), ...binWords(at.time), ...faultsAt(at.time)];
}

/** What stands in the middle of each bin, as a stepped outline. */
function drawThroughput(ctx, width, height) {
  const b = bins();
  const rate = (n, i) => n / Math.max(1, b.until[i] - b.from[i]) * 1e9;
  // A bin that the end of the run cuts off would seem fuller, or emptier, than it is.
  const most = Math.max(1, ...b.served.map((s, i) => (b.until[i] > view.from && b.from[i] < view.until ? rate(s[0], i) : 0))) * 1.1;
  const step = nice(most / 3.5), marks = [];
  for (let n = 0; n <= most; n += step) marks.push({ y: height - (n / most) * height, text: `${count(n)}/s` });
  drawScale(ctx, width, marks);
  within(ctx, width, height, () => b.served.forEach((s, i) => {
    if (b.until[i] < view.from || b.from[i] > view.until) return;
    const x = xOf(b.from[i], width), wide = Math.max(1, xOf(b.until[i], width) - x - 0.5);
    let below = 0;
    for (let outcome = 0; outcome < 4; outcome++) {
      const tall = (rate(s[outcome + 1], i) / most) * height;
      ctx.fillStyle = ink.outcomes[outcome]; ctx.globalAlpha = outcome ? 0.95 : 0.55;
      ctx.fillRect(x, height - below - tall, wide, tall);
      below += tall;
    }
    ctx.globalAlpha = 1;
  }));
}

function drawAvailability(ctx, width, height) {
  const b = bins(), top = 6, y = (share) => top + (1 - share) * (height - top);
  drawScale(ctx, width, [0, 0.5, 1].map((share) => ({ y: y(share), text: `${share * 100} %` })));
  within(ctx, width, height, () => {
    ctx.fillStyle = ink.vermillion;
    b.served.forEach((s, i) => {
      if (!s[0] || b.until[i] < view.from || b.from[i] > view.until) return;
      const x = xOf(b.from[i], width), wide = xOf(b.until[i], width) - x, share = s[1] / s[0];
      ctx.globalAlpha = 0.25; ctx.fillRect(x, top, wide + 0.3, y(share) - top); ctx.globalAlpha = 1;
    });
    drawLine(ctx, width, b.served.flatMap((s, i) => { const h = s[0] ? y(s[1] / s[0]) : null; return [[b.from[i], h], [b.until[i], h]]; }), ink.blue, 2);
    ctx.fillStyle = ink.ink;
    for (const [from, until] of data.downtimes) {
      const x = xOf(from, width);
      ctx.fillRect(x, height - 6, Math.max(2, xOf(until, width) - x), 6);
    }
  });
}

function hoverShare(at) {
  const down = data.downtimes.filter(([from, until]) => from <= at.time && at.time <= until).map(([from, until]) => `nobody was served for ${span(until - from)}, from ${moment(from)} on`);
  return [moment(at.time, (view.until - view.from) / 1000), ...binWords(at.time), ...down, ...faultsAt(at.time)];
}

const seriesName = (line) => data.services[line.service]?.name ?? "";

/** What the protocols of the run tell of themselves. */
function startGauges(parent) {
  for (const line of (data.readings ? data.readings.list : []).filter((one) => !one.own)) {
    const median = { name: "median", values: line.median, low: line.min, high: line.max };
    const lines = line.each.length ? line.each.map(([node, values]) => ({ name: nodeName(node), values })) : [median];
    readingsPanel(parent, `${line.name}, ${seriesName(line)}`, line.unit, lines, line);
  }
}

/** What waits, and what clocks are off by: where it ever was anything. */
function startLevels(parent) {
  for (const line of (data.readings ? data.readings.list : []).filter((one) => one.seldom)) {
    const median = { name: "median", values: line.median, low: line.min, high: line.max };
    const lines = line.each.length ? line.each.map(([node, values]) => ({ name: nodeName(node), values })) : [median];
    readingsPanel(parent, `${line.name[0].toUpperCase()}${line.name.slice(1)}, ${seriesName(line)}`, line.unit, lines);
  }
}

/** What every node sends. */
function startTraffic(parent) {
  if (!data.readings) return;
  startLevels(parent);
  const list = data.readings.list;
  for (const own of ["messages sent", "bytes sent"]) {
    const lines = list.filter((line) => line.own && line.name === own && line.sum.length && line.sum.some((x) => x > 0)).slice(0, 7);
    if (lines.length) readingsPanel(parent, own === "bytes sent" ? "Bytes sent" : "Messages sent", lines[0].unit, lines.map((line) => ({ name: seriesName(line), values: line.sum })));
  }
  const used = list.filter((l) => l.own && l.unit === "%" && l.max.some((x) => x > 1)).slice(0, 8);
  if (!used.length) return;
  const fold = make("details", { ontoggle: changed }, make("summary", {}, "How far uplinks and downlinks are used"));
  parent.append(fold);
  for (const line of used) {
    readingsPanel(fold, `${line.name}, ${seriesName(line)}`, "%", [{ name: "median, least and most", values: line.median, low: line.min, high: line.max }]);
  }
}

function startCharts(parent) {
  if (operations.total) {
    const kinds = data.columns.latency.map(([kind]) => kind);
    const choose = kinds.length > 1 ? make("div", { class: "choice", role: "group", "aria-label": "kind of operation" }, kinds.map((kind) => make("button", {
      type: "button", "aria-pressed": String(kind === kindShown),
      onclick(e) { kindShown = kind; choose.querySelectorAll("button").forEach((b) => b.setAttribute("aria-pressed", String(b === e.currentTarget))); changed(); },
    }, kind || "all"))) : null;
    panel(parent, {
      title: "Latency", label: "Chart: latency over time, logarithmic", height: 224, names: true, draw: drawLatency, hover: hoverLatency, extra: choose,
      legend: () => [swatch("", "green", "p50"), swatch("", "purple", "p99"), swatch("", "orange", "p99.9"), swatch("dot", "blue", "one operation"), swatch("cross", "vermillion", "no answer")],
    });
    if (!operations.complete) {
      const all = operations.failed_step === 1 ? "all that were not served in time are drawn" : `of those not served in time 1 of ${count(operations.failed_step)}`;
      parent.append(make("p", { class: "hint" }, `Of ${count(operations.total)} operations, 1 of ${count(operations.served_step)} that were served in time is drawn; ${all}. Percentiles and shares are of all.`));
    }
    panel(parent, {
      title: "Throughput", label: "Chart: throughput by outcome over time", height: 96, axis: false, draw: drawThroughput, hover: hoverShare,
      legend: () => [swatch("", "blue", "in time"), swatch("", "orange", "late"), swatch("s6", "", "refused"), swatch("", "vermillion", "no answer")],
    });
    panel(parent, {
      title: "Availability", label: "Chart: availability over time", height: 84, draw: drawAvailability, hover: hoverShare,
      legend: () => [swatch("", "blue", `served within ${span(data.deadline)}`), ...(data.downtimes.length ? [swatch("", "ink", "nobody was served")] : [])],
    });
  }
}
