// A run and its present moment: what is known of it then. Nothing after the present is shown.

let film = null, at = 0;

/** For each node its changes of role, in order of time. */
let changes = [];

function load(next) {
  film = next;
  changes = film.nodes.map(() => []);
  for (const [when, node, role, epoch] of film.roles) changes[node]?.push({ when, role, epoch });
  colors = paints();
}

/** What happened strictly before the present; the beginning belongs to it. */
const past = (when) => when < at || (when === 0 && at === 0);

/** What a node is at the present. */
function nodeNow(node) {
  const list = changes[node], next = first(list.length, (k) => !past(list[k].when));
  return next > 0 ? list[next - 1] : { when: 0, role: "down", epoch: 0 };
}

const inForce = () => film.faults.filter((f) => f.harms && past(f.struck) && !(f.ended !== null && past(f.ended)));
const servers = () => film.nodes.map((_, node) => node).filter((node) => !film.nodes[node].client);
const leads = (role) => film.leads.includes(role);
const leaders = () => servers().filter((node) => leads(nodeNow(node).role));
const ended = () => at >= film.until;
/** After this moment one may interfere. */
const lastAct = () => (film.acts.length ? film.acts[film.acts.length - 1][0] : 0);

/** Pairs of nodes that a cut keeps apart, as `a-b` with a < b. */
function cutPairs() {
  const pairs = new Set(), pair = (a, b) => pairs.add(a < b ? `${a}-${b}` : `${b}-${a}`);
  for (const fault of inForce()) {
    if (fault.cuts === "apart") for (const a of fault.chose.flat()) film.nodes.forEach((_, b) => { if (a !== b) pair(a, b); });
    else if (fault.cuts) fault.chose.forEach((side, i) => fault.chose.forEach((other, j) => { if (i < j) for (const a of side) for (const b of other) if (a !== b) pair(a, b); }));
  }
  return pairs;
}

/** The sides of a cut between more nodes than two, as letters: `A`, `B`, … for each node that is on one. */
function sides() {
  const letters = new Map();
  for (const fault of inForce()) {
    if (fault.cuts !== "sides" || fault.chose.flat().length < 3) continue;
    fault.chose.forEach((side, i) => side.forEach((node) => letters.set(node, String.fromCharCode(65 + (i % 26)))));
  }
  return letters;
}

/** The next moment after the present at which something is seen to change. */
function nextChange() {
  const moments = servers().flatMap((node) => changes[node].map((c) => c.when));
  for (const fault of film.faults) { moments.push(fault.struck); if (fault.ended !== null) moments.push(fault.ended); }
  return Math.min(film.until, ...moments.filter((when) => when >= at && when > 0).map((when) => (Math.floor(when / 1e6) + 1) * 1e6));
}

let colors = new Map();
/** Who leads stands out, who wants to is orange, what most nodes are most of the time is quiet. */
function paints() {
  const times = new Map(), found = new Map([["down", "none"], ["paused", "crowded"]]);
  servers().forEach((node) => changes[node].forEach((c, i) => times.set(c.role, (times.get(c.role) || 0) + (changes[node][i + 1]?.when ?? film.until) - c.when)));
  const others = ["quiet", "green", "purple", "sky", "yellow"];
  for (const [role] of [...times].sort((a, b) => b[1] - a[1])) {
    if (found.has(role)) continue;
    if (leads(role)) found.set(role, "blue");
    else if (/candidate|electing|proposer/.test(role)) found.set(role, "orange");
    else found.set(role, others.length > 1 ? others.shift() : others[0]);
  }
  return found;
}
const colorOf = (role) => colors.get(role) || "quiet";
