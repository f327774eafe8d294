// What `reports/src/embed` wrote, unpacked: moments are nanoseconds since the start of the run.

const data = JSON.parse(document.getElementById("data").textContent);

function summed(differences, unit = 1) {
  const out = new Float64Array(differences.length);
  let sum = 0;
  differences.forEach((difference, i) => { sum += difference; out[i] = sum * unit; });
  return out;
}

const KINDS = ["boot", "crash", "pause", "resume", "deliver", "timeout", "request", "response"];
const FATES = ["underway", "arrived", "lost", "cut", "dead", "overflowed", "corrupted", "refused", "reset", "unawaited"];
const FATE_SAYS = {
  underway: "was still on its way when the recording ended", lost: "was lost by chance", cut: "was stopped by a cut",
  dead: "came to a node where no process ran", overflowed: "found a full queue", corrupted: "was damaged and thrown away",
  refused: "found its receiver's run queue full", reset: "went down with its connection", unawaited: "came when nobody waited for it any more",
};
const OUTCOMES = ["in time", "late", "refused", "unknown"];

function serviceOf(node) {
  return data.services.find((s) => node >= s.first && node < s.first + s.nodes);
}
function nodeName(node) {
  const service = serviceOf(node);
  return service ? `${service.prefix}-${node - service.first + 1}` : `node-${node}`;
}
const isClient = (node) => { const service = serviceOf(node); return !!service && service.clients; };

const operations = data.operations;
operations.at = summed(operations.at, 1e3);
operations.took = Float64Array.from(operations.took, (us) => (us < 0 ? -1 : us * 1e3));
operations.complete = operations.served_step === 1 && operations.failed_step === 1;

/** By node: when it had which role. */
const roles = (() => {
  const { at, node, role, epoch, names, leading } = data.roles;
  const times = summed(at), by = new Map();
  times.forEach((time, i) => {
    if (!by.has(node[i])) by.set(node[i], []);
    const list = by.get(node[i]);
    if (list.length) list[list.length - 1].until = time;
    list.push({ from: time, until: data.ended, role: names[role[i]], leads: leading[role[i]], epoch: epoch[i] });
  });
  return by;
})();

/** The stretch of a node at a moment. */
function roleAt(node, time) {
  const list = roles.get(node) || [];
  const next = first(list.length, (i) => list[i].from > time);
  return next > 0 ? list[next - 1] : null;
}

/** Who began to lead, and when. */
const leaderships = (() => {
  const out = [];
  for (const [node, list] of roles) {
    let known = null;
    for (const s of list) {
      if (s.leads && known !== s.epoch) { out.push({ at: s.from, node, epoch: s.epoch, role: s.role }); known = s.epoch; }
    }
  }
  return out.sort((a, b) => a.at - b.at);
})();

const faults = data.faults.filter((f) => f.from >= 0).map((f) => ({ ...f, until: f.until < 0 ? data.ended : f.until, open: f.until < 0 }));
const windows = faults.filter((f) => f.harms && f.until > f.from);

// Events.
const events = data.trace.entries;
events.count = events.number.length;
events.number = summed(events.number);
events.at = summed(events.at);
const packets = data.trace.packets;
packets.count = packets.from.length;
packets.sent = summed(packets.sent);
packets.cause = summed(packets.cause);
packets.reached = Float64Array.from(packets.reached, (later, i) => (later < 0 ? -1 : packets.sent[i] + later));
packets.ended = Float64Array.from(packets.ended, (later, i) => (later < 0 ? -1 : (packets.reached[i] < 0 ? packets.sent[i] : packets.reached[i]) + later));
events.packet.forEach((packet, i) => { if (packet >= 0) packets.event[packet] = events.number[i]; });
const texts = data.trace.texts;

const placeOf = new Map(Array.from(events.number, (number, i) => [number, i]));
/** The place of the event that caused this one; -1 if there is none, or it is not here. */
events.causeAt = Int32Array.from(events.cause, (back, i) => (back ? placeOf.get(events.number[i] - back) ?? -1 : -1));
/** By place: the places of the events that it caused, and the packets that it sent. */
const effects = Array.from({ length: events.count }, () => []);
events.causeAt.forEach((cause, i) => { if (cause >= 0) effects[cause].push(i); });
const sentBy = Array.from({ length: events.count }, () => []);
packets.cause.forEach((number, i) => { const place = placeOf.get(number); if (place !== undefined) sentBy[place].push(i); });

/** Stretches of events without a gap. */
const segments = (() => {
  const out = [];
  for (let i = 0; i < events.count; i++) {
    if (i === 0 || events.number[i] !== events.number[i - 1] + 1) out.push({ first: i, last: i });
    out[out.length - 1].last = i;
  }
  return out.map((s) => ({ ...s, from: events.at[s.first], until: events.at[s.last] }));
})();

/** By node: its states, with all values. */
const states = (() => {
  const s = data.trace.states, at = summed(s.at), by = new Map(), after = new Map();
  at.forEach((time, i) => {
    const node = s.node[i];
    if (!by.has(node)) by.set(node, []);
    const list = by.get(node), last = list[list.length - 1];
    const values = new Map(last && !s.anew[i] ? last.values : []);
    for (let v = 0; v < s.values[i].length; v += 2) values.set(s.labels[s.values[i][v]], texts[s.values[i][v + 1]]);
    const state = { at: time, role: s.roles[s.role[i]], epoch: s.epoch[i], values, after: s.after[i], place: list.length, node };
    list.push(state);
    if (s.after[i]) after.set(s.after[i], state);
  });
  return { by, after };
})();

/** What is known of a node's state at a moment. */
function stateAt(node, time) {
  const list = states.by.get(node) || [];
  const next = first(list.length, (i) => list[i].at > time);
  return next > 0 ? list[next - 1] : null;
}

/** The segment in which a moment lies, if it is in one. */
const segmentAt = (time) => segments.find((s) => s.from <= time && time <= s.until);
