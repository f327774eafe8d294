// Why no order of the calls explains an answer: the calls as bars, a lane per client.

function startWitness(parent) {
  const w = data.witness;
  if (!w) return;
  const lanes = [...new Set(w.calls.map((c) => c.client))];
  const core = w.calls.filter((c) => c.core || c.stuck), ends = core.flatMap((c) => [c.called, c.returned < 0 ? w.at : c.returned]);
  const from = Math.min(...ends), until = Math.max(...ends, w.at), pad = Math.max(1e5, (until - from) * 0.08);
  const box = make("section", { class: "witness", id: "witness" }, make("h2", {}, `No order explains this answer (key ${w.key})`), w.sentences.map((s) => make("p", {}, s)));
  const canvas = make("canvas", { role: "img", "aria-label": "Calls as bars from call to return, a lane per client" });
  const states = w.states.length ? make("details", {}, make("summary", {}, `What the value could be just before ${moment(w.at, 1e3)}`), make("ul", {}, w.states.map((s) => make("li", {}, make("code", {}, s))))) : null;
  box.append(make("div", { class: "canvas" }, canvas), states || "",
    make("p", { class: "hint" }, `Strong: the calls that cannot be ordered even by themselves. Pale: others that overlap the answer or were never answered. An arrow: never answered.${w.left_out ? ` ${counted(w.left_out, "more call")} overlap it.` : ""}`),
    make("p", {}, make("button", { type: "button", onclick: () => { visit({ at: w.at, kind: "violation" }); document.getElementById("time").scrollIntoView(); } }, "Show this moment on the time axis")));
  parent.append(box);
  const tall = 34;
  onChange(() => {
    if (narrow(canvas)) return;
    const { ctx, width } = surface(canvas, lanes.length * tall + 34);
    const x = (t) => LEFT + ((Math.min(Math.max(t, from - pad), until + pad) - from + pad) / (until - from + 2 * pad)) * (width - LEFT - RIGHT), bottom = lanes.length * tall + 6;
    const step = nice(((until - from + 2 * pad) / (width - LEFT - RIGHT)) * 100);
    ctx.font = SMALL; ctx.textAlign = "center";
    for (let n = Math.ceil((from - pad) / step); n * step <= until + pad; n++) { const at = x(n * step); ctx.strokeStyle = ink.grid; ctx.beginPath(); ctx.moveTo(at, 0); ctx.lineTo(at, bottom); ctx.stroke(); ctx.fillStyle = ink.muted; if (n >= 0) ctx.fillText(moment(n * step, step), at, bottom + 16); }
    const edge = x(w.at);
    ctx.fillStyle = ink.green; ctx.globalAlpha = 0.08; ctx.fillRect(LEFT, 0, edge - LEFT, bottom); ctx.globalAlpha = 1;
    ctx.strokeStyle = ink.vermillion; ctx.lineWidth = 1.5; ctx.beginPath(); ctx.moveTo(edge, 0); ctx.lineTo(edge, bottom); ctx.stroke(); ctx.lineWidth = 1;
    lanes.forEach((client, row) => { ctx.fillStyle = ink.muted; ctx.textAlign = "right"; ctx.fillText(cut(client, 14), LEFT - 8, row * tall + tall / 2 + 8); });
    const order = [...w.calls].sort((a, b) => (a.core || a.stuck) - (b.core || b.stuck));
    for (const call of order) {
      const strong = call.core || call.stuck, y = lanes.indexOf(call.client) * tall + 8, a = x(call.called), b = Math.max(a + 3, call.returned < 0 ? width - RIGHT : x(call.returned));
      ctx.globalAlpha = strong ? 1 : 0.35;
      ctx.fillStyle = call.stuck ? ink.vermillion : call.made ? ink.purple : ink.blue;
      ctx.fillRect(a, y, b - a, 8);
      if (call.returned < 0) { ctx.beginPath(); ctx.moveTo(b - 8, y - 3); ctx.lineTo(b, y + 4); ctx.lineTo(b - 8, y + 11); ctx.fill(); }
      if (strong) {
        ctx.fillStyle = ink.ink; ctx.font = call.stuck ? BOLD.replace("12px", "11px") : SMALL; ctx.textAlign = "left";
        const text = cut(`${call.op} → ${call.answer ?? (call.returned < 0 ? "no answer" : "refused")}`, 70), wide = ctx.measureText(text).width;
        ctx.fillText(text, Math.max(LEFT, Math.min(a, width - RIGHT - wide)), y + 20);
      }
      ctx.globalAlpha = 1;
    }
    ctx.font = FONT;
  });
}
