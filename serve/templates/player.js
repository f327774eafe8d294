// Time, and what can be done at its present moment.

const SPEEDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30];
const MS = 1e6;
let playing = false, before = 0, speed = 1, step = 1e9;

/** Moments are whole milliseconds, so that what is saved is fit to read. */
const whole = (when) => Math.min(film.until, Math.max(0, Math.round(when / MS) * MS));

function go(when) {
  at = whole(when);
  if (ended()) playing = false;
  refresh();
}

function frame(now) {
  if (!playing || !film) return;
  const passed = Math.min(100, now - before);
  before = now;
  at = Math.min(film.until, at + passed * MS * speed);
  if (ended()) return pause();
  clock(); draw();
  requestAnimationFrame(frame);
}

function play() {
  if (ended()) at = 0;
  playing = true;
  before = performance.now();
  requestAnimationFrame(frame);
  refresh();
}

function pause() {
  playing = false;
  at = whole(at);
  refresh();
  stands();
}

function clock() {
  by("now").textContent = `${(at / 1e9).toFixed(3)} s of ${span(film.until)}`;
  by("cursor").value = Math.round((1000 * at) / film.until);
}

/** Why nothing can be done at the moment; or nothing. */
function obstacle() {
  if (playing) return "Pause first: what you do happens at the present moment.";
  if (ended()) return "The run is over. Go back in time, or save it.";
  if (film.acts.length && at <= lastAct()) return `You acted at ${span(lastAct())}: go on from there, or undo it.`;
  if (at === 0) return "Let time run a little first.";
  if (film.calm_from !== null && at >= film.calm_from) return `From ${span(film.calm_from)} on the scenario is calm, to see whether it recovers: nothing may strike there.`;
  return "";
}

function refresh() {
  if (!film || by("stage").hidden) return;
  clock(); draw();
  by("act-leader").hidden = !film.leads.length;
  by("forward").disabled = by("next").disabled = ended();
  by("play").textContent = playing ? "❚❚ Pause" : "▶ Play";
  const why = obstacle(), free = !why && !busy, picked = [...chosen], roles = picked.map((node) => nodeNow(node).role), led = leaders().filter((node, _, all) => nodeNow(node).role === nodeNow(all[0]).role);
  const enable = (name, on) => { by(`act-${name}`).disabled = !(free && on); };
  by("act-leader").textContent = led.length > 1 ? `Crash the leaders: ${led.map((n) => film.nodes[n].name).slice(0, 3).join(", ")}` : led.length ? `Crash the leader: ${film.nodes[led[0]].name}` : "Crash the leader";
  enable("leader", led.length > 0);
  enable("crash", picked.length && roles.some((role) => role !== "down"));
  enable("restart", picked.length && roles.some((role) => role === "down"));
  enable("pause", picked.length && roles.some((role) => role !== "down" && role !== "paused"));
  enable("resume", picked.length && roles.some((role) => role === "paused"));
  enable("cut", picked.length === 2);
  enable("isolate", picked.length > 0);
  enable("heal", inForce().some((fault) => fault.network));
  const names = picked.map((node) => film.nodes[node].name);
  by("advice").textContent = why || (names.length ? `Chosen: ${names.join(", ")}.${names.length === 1 ? " Choose a second one to cut the link between them." : ""}` : "Click nodes to choose whom it hits.");
  by("moment").textContent = `at ${span(at)}`;
  by("undo").disabled = busy || !film.acts.length;
  by("save").disabled = busy;
  by("play").disabled = busy && !playing;
}

/** A run lasts half a minute on the screen, and thirty steps. */
function pace() {
  const wanted = film.until / 30e9;
  speed = SPEEDS.reduce((best, one) => (Math.abs(Math.log(one / wanted)) < Math.abs(Math.log(best / wanted)) ? one : best));
  by("speed").value = String(speed);
  step = Math.max(MS, nice(film.until / 30));
  by("forward").textContent = `+${span(step)}`;
}

/** What was done, and how the run is called. */
function tell() {
  const items = film.acts.map(([when, words]) => make("li", {}, make("span", { class: "when" }, span(when)), ` ${words}`));
  by("log").replaceChildren(...(items.length ? items : [make("li", { class: "none" }, "Nothing yet: this is the scenario as its file has it.")]));
  by("again").textContent = film.command;
  by("fingerprint").textContent = film.fingerprint;
  by("which").textContent = `${film.title}, seed ${film.seed}, ${counted(film.events, "event")}${film.note ? ` — ${film.note}` : ""}`;
}

function listVerdicts(title, verdicts) {
  by("verdicts-title").textContent = title;
  by("verdicts").replaceChildren(...verdicts.map((v) => make("li", {}, make("span", { class: `badge ${v.word}` }, `${v.sign} ${v.word}`), make("b", {}, v.expectation), make("span", { class: "finding" }, v.finding))));
}

/** What each server knows, as a table. */
function listValues(shows) {
  const labels = [...new Set(shows.flatMap(([, values]) => values.map(([label]) => label)))].slice(0, 8);
  const rows = shows.filter(([, values]) => values.length).map(([node, values]) => {
    const known = new Map(values);
    return make("tr", {}, make("th", { scope: "row" }, film.nodes[node].name), labels.map((label) => make("td", {}, cut(known.get(label) ?? "", 60))));
  });
  by("values").replaceChildren(...(rows.length ? [make("table", {}, make("thead", {}, make("tr", {}, make("th", {}, "node"), labels.map((label) => make("th", {}, label)))), make("tbody", {}, rows))] : []));
}

/** Asks how things stand at the present moment; what comes too late is not shown. */
async function stands() {
  if (!film) return;
  if (ended()) { listVerdicts("Verdicts", film.verdicts); }
  else if (at === 0) { listVerdicts("Verdicts", []); listValues([]); return; }
  const asked = { id: film.id, revision: film.revision, at };
  const same = () => !playing && film && film.id === asked.id && film.revision === asked.revision && at === asked.at;
  try {
    const now = JSON.parse(await ask(`/api/runs/${film.id}/at/${at}`));
    if (!same()) return;
    listValues(now.shows);
    if (!ended()) listVerdicts(`As it stands at ${span(at)}`, now.verdicts);
  } catch (error) {
    if (same()) complain(error.message);
  }
}

function interfere(act, whom) {
  const when = at;
  return doing("interfering", async () => {
    load(JSON.parse(await ask(`/api/runs/${film.id}/interfere`, { revision: film.revision, at: when, act, ...whom })));
    chosen.clear();
    // A moment later, so that one sees it.
    at = Math.min(film.until, when + MS);
    tell();
    await stands();
  });
}

function undo() {
  return doing("undoing", async () => {
    const when = lastAct();
    load(JSON.parse(await ask(`/api/runs/${film.id}/undo`, { revision: film.revision })));
    at = when;
    tell();
    await stands();
  });
}

function save() {
  const link = make("a", { href: `/api/runs/${film.id}/scenario`, download: true });
  link.click();
}

function startPlayer() {
  by("speed").replaceChildren(...SPEEDS.map((value) => make("option", { value }, `${value}×`)));
  by("speed").addEventListener("change", () => { speed = Number(by("speed").value); });
  by("play").addEventListener("click", () => (playing ? pause() : play()));
  by("forward").addEventListener("click", () => { playing = false; go(at + step); stands(); });
  by("next").addEventListener("click", () => { playing = false; go(nextChange()); stands(); });
  by("cursor").addEventListener("input", () => { playing = false; go((by("cursor").value / 1000) * film.until); });
  by("cursor").addEventListener("change", stands);
  by("undo").addEventListener("click", undo);
  by("save").addEventListener("click", save);
  const names = () => ({ nodes: [...chosen].map((node) => film.nodes[node].name) });
  by("act-leader").addEventListener("click", () => interfere("crash", { role: nodeNow(leaders()[0]).role }));
  for (const act of ["crash", "restart", "pause", "resume", "isolate", "cut"]) by(`act-${act}`).addEventListener("click", () => interfere(act, names()));
  by("act-heal").addEventListener("click", () => interfere("heal", {}));
  document.addEventListener("keydown", (event) => {
    if (by("stage").hidden || by("ran").hidden || event.target.closest("input, select, button, summary, iframe")) return;
    if (event.key === " ") { event.preventDefault(); by("play").click(); }
  });
  window.addEventListener("resize", () => { if (film && !by("stage").hidden) { build(); refresh(); } });
}
