// The list of scenarios, the one that is chosen, and its views.

let scenarios = [], current = null, covers = "whole";

function showList() {
  const words = by("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (s) => words.every((word) => `${s.name} ${s.about} ${s.variants.join(" ")}`.toLowerCase().includes(word));
  const shown = scenarios.filter(fits);
  by("listed").textContent = words.length ? `${shown.length} of ${counted(scenarios.length, "scenario")}` : counted(scenarios.length, "scenario");
  let folder = "";
  by("list").replaceChildren(...shown.flatMap((s) => {
    const at = s.name.lastIndexOf("/"), here = s.name.slice(0, Math.max(0, at)), plain = s.name.slice(at + 1).replace(/\.ron$/, "");
    const head = here !== folder ? [make("li", { class: "folder" }, here)] : [];
    folder = here;
    const about = s.error ? "cannot be run: see why" : s.about.split(/(?<=[.!?])\s/)[0];
    const button = make("button", { type: "button", class: s.error ? "broken" : "", "aria-current": String(current?.id === s.id), onclick: () => choose(s) }, make("b", {}, plain), make("span", {}, cut(about, 90)));
    return [...head, make("li", {}, button)];
  }));
}

async function choose(s) {
  current = s; film = null; playing = false;
  content(); showList();
  by("welcome").hidden = by("ran").hidden = true;
  by("choice").hidden = false;
  by("file").textContent = s.name;
  by("name").textContent = s.name.slice(s.name.lastIndexOf("/") + 1).replace(/\.ron$/, "");
  by("about").textContent = s.about;
  by("seed").value = ""; by("seed").placeholder = s.seed || "the file's"; by("set").value = "";
  by("variants").hidden = !s.variants.length;
  by("variant").replaceChildren(...s.variants.map((name) => make("option", { value: name }, name)));
  by("ask").hidden = by("set-hint").hidden = Boolean(s.error);
  if (s.error) complain(s.error);
  const details = by("source");
  details.open = false; details.dataset.id = "";
  window.scrollTo(0, 0);
}

async function showSource() {
  const details = by("source"), id = current.id;
  if (!details.open || details.dataset.id === id) return;
  try {
    const text = await ask(`/api/scenarios/${id}`);
    if (current.id !== id) return;
    details.dataset.id = id;
    details.querySelector("pre").textContent = text;
  } catch (error) { complain(error.message); }
}

function run() {
  const set = by("set").value.split(";").map((one) => one.trim()).filter(Boolean), s = current;
  return doing("running", async () => {
    const next = JSON.parse(await ask("/api/runs", { scenario: s.id, variant: s.variants.length ? by("variant").value : null, seed: by("seed").value.trim(), set }));
    // Somebody has chosen another one meanwhile.
    if (current !== s) return;
    chosen.clear(); at = 0; playing = false;
    load(next); pace();
    by("ran").hidden = by("source").open = false;
    covers = "whole"; reported = "";
    listVerdicts("Verdicts", []); listValues([]);
    tell(); view(by("tab-stage").getAttribute("aria-selected") === "true" ? "stage" : "report");
    by("ran").scrollIntoView({ block: "start" });
  });
}

let reported = "";
/** The report, of all of the run or of what lies before the present moment. */
function showReport() {
  const part = covers === "past" && at > 0;
  const address = `/api/runs/${film.id}/report${part ? `/${at}` : ""}`, state = `${address} ${film.revision}`;
  by("covers").textContent = part ? `Up to ${span(at)}, the present moment.` : film.acts.length ? "The whole run, with what was done to it, as if nobody did anything more." : "The whole run.";
  by("other-report").textContent = part ? "Show the whole run" : at > 0 ? `Show it up to ${span(at)}` : "";
  by("other-report").hidden = !at;
  if (state === reported) return;
  reported = state;
  by("frame").src = address;
}

function view(which) {
  for (const name of ["report", "stage"]) {
    by(name).hidden = name !== which;
    by(`tab-${name}`).setAttribute("aria-selected", String(name === which));
    by(`tab-${name}`).tabIndex = name === which ? 0 : -1;
  }
  if (which === "report") { if (playing) pause(); if (at > 0 && !ended()) covers = "past"; showReport(); }
  else { build(); refresh(); stands(); }
}

function startTheme() {
  const root = document.documentElement, prefers = window.matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : prefers.matches);
  const apply = () => { by("theme").textContent = dark() ? "☀" : "☾"; by("theme").title = dark() ? "light" : "dark"; refresh(); };
  by("theme").addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; apply(); });
  prefers.addEventListener("change", apply);
  apply();
}

async function start() {
  startTheme(); startPlayer();
  by("trouble").querySelector("button").addEventListener("click", content);
  by("search").addEventListener("input", showList);
  by("source").addEventListener("toggle", showSource);
  by("ask").addEventListener("submit", (event) => { event.preventDefault(); run(); });
  by("other-report").addEventListener("click", () => { covers = covers === "past" ? "whole" : "past"; showReport(); });
  for (const name of ["report", "stage"]) by(`tab-${name}`).addEventListener("click", () => view(name));
  document.querySelector(".tabs").addEventListener("keydown", (event) => {
    if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    const other = by("report").hidden ? "report" : "stage";
    view(other); by(`tab-${other}`).focus();
  });
  try {
    const listing = JSON.parse(await ask("/api/scenarios"));
    // Those at the top first: they are what the rest is about.
    const deep = (s) => Number(s.name.includes("/"));
    scenarios = listing.scenarios.sort((a, b) => deep(a) - deep(b));
    showList();
    if (listing.note) by("listed").textContent += ` ${listing.note}`;
    if (scenarios.length === 1) choose(scenarios[0]);
    if (!scenarios.length) complain("There is no scenario file (*.ron) in this folder.");
  } catch (error) { complain(error.message); }
}
start();
