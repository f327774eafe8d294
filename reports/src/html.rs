//! The report as one HTML page that needs nothing else: no font, no picture, no network.
//!
//! The policy in its head forbids everything but the style inside it and our own script, known by its hash, so that even an
//! error of ours in escaping could not run or fetch anything. Texts are escaped by the template engine; the pictures are ours
//! and escape their own; the data of the script escape themselves.
//!
//! Without script, and on paper, the page shows the pictures; with it, the same and more as something to zoom into, to step
//! through and to ask.

use crate::{
    charts::{self, Place},
    embed,
    gauges::{self, Picture},
    groups::Group,
    lanes::lanes,
    page::{self, Listed},
    palette::{dark_css, variables},
    script, tables, tasks,
    text::downtime,
    verdicts::{headline, sign},
    words::{counted, moment, short},
};
use askama::Template;
use sim_core::judged::Judged;

#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    css: String,
    policy: String,
    script: String,
    data: String,
    scenario: String,
    word: &'static str,
    sign: &'static str,
    headline: String,
    about: String,
    stopped: Option<String>,
    ended: String,
    simulated: String,
    seed: u64,
    tiles: Vec<page::Tile>,
    verdicts: Listed<page::VerdictRow>,
    availability: String,
    latency: String,
    gauges: Vec<Picture>,
    tasks: Vec<Picture>,
    toil: Listed<tables::TaskRow>,
    lanes: String,
    hint: String,
    together: Listed<Group>,
    faults: Listed<page::FaultRow>,
    served: String,
    downtime: String,
    latencies: Listed<tables::LatencyRow>,
    properties: Listed<tables::PropertyRow>,
    violations: Listed<tables::ViolationRow>,
    notes: Listed<tables::NoteRow>,
    command: String,
    file: String,
    scenario_hash: String,
    plan_hash: String,
    fingerprint: String,
    events: String,
    world: String,
    traffic: String,
    version: String,
    plan: String,
    plan_note: String,
}

/// The report of a run as one self-contained HTML page.
///
/// It is legible on light and dark screens, on a telephone and on paper, and stays below three megabytes however long the
/// run was: long lists are cut, and say so; crowded charts take neighbours together.
pub fn html(judged: &Judged) -> String {
    const PLAN_MAX: usize = 150_000;
    let (p, run) = (&judged.provenance, &judged.run);
    let (plan, plan_note) = page::lines(&p.plan, PLAN_MAX);
    let scenario = short(&p.scenario, 120);
    let script = script::script();
    let page = Page {
        css: format!("{}{}", css(), include_str!("../templates/page/page.css")),
        policy: script::policy(&script),
        script,
        data: embed::embed(judged),
        scenario: if scenario.is_empty() { "unnamed run".into() } else { scenario },
        word: judged.status().word(),
        sign: sign(judged.status()),
        headline: headline(judged),
        about: short(&p.about, 2_000),
        stopped: run.stopped.as_deref().map(|why| short(why, 600)),
        ended: moment(run.ended),
        simulated: format!("{} simulated", moment(run.ended)),
        seed: run.seed,
        tiles: page::tiles(judged),
        verdicts: page::verdicts(judged),
        availability: charts::availability(judged, Place::Page),
        latency: charts::latency(judged, Place::Page),
        gauges: gauges::pictures(judged, Place::Page),
        tasks: tasks::pictures(judged, Place::Page),
        toil: tables::tasks(judged),
        lanes: lanes(judged),
        hint: hint(judged),
        together: page::together(judged),
        faults: page::faults(judged),
        served: page::served(judged),
        downtime: if judged.measures.total.wanted > 0 {
            format!("Downtime: {}.", downtime(judged))
        } else {
            String::new()
        },
        latencies: tables::latencies(judged),
        properties: tables::properties(judged),
        violations: tables::violations(judged),
        notes: tables::notes(judged),
        command: short(&p.command, 4_000),
        file: short(&p.file, 300),
        scenario_hash: format!("{:016x}", p.scenario_hash),
        plan_hash: format!("{:016x}", p.plan_hash),
        fingerprint: format!("{:016x}", run.fingerprint),
        events: counted(run.events, "event"),
        world: page::world(judged),
        traffic: page::traffic(judged),
        version: short(&p.version, 100),
        plan,
        plan_note,
    };
    page.render().expect("rendering into a string does not fail")
}

/// The style of all pages: light by default; where the reader prefers dark, the page by its variables and the pictures by their
/// colours.
pub fn css() -> String {
    const LIGHT: &str = include_str!("../templates/report.css");
    const DARK: &str = "color-scheme:dark;--paper:#171a1f;--card:#171a1f;--ground:#0f1115;--ink:#e8e8e8;--muted:#a4a9b0;--line:#2e333a;\
        --code:#22262d;--held:#5fd6ae;--held-bg:#0e3328;--failed:#ff9a5c;--failed-bg:#402010;--vacuous:#f2c04d;\
        --vacuous-bg:#3a2c08;--undecided:#7cc3f0;--undecided-bg:#0d2c42;";
    // Who chose a theme by hand has it whatever the system prefers; paper is light.
    let light = variables(|color| color.light);
    let dark = format!("{{{DARK}{}}}", variables(|color| color.dark));
    format!(
        "{LIGHT}:root{{{light}}}@media screen{{:root[data-theme=dark]{dark}}}\
         @media screen and (prefers-color-scheme: dark){{:root:not([data-theme=light]){dark}{}}}\n",
        dark_css()
    )
}

const LEGEND: &str = " Shaded: a fault was in force; the bars above a chart tell what it harmed. Numbers are those of the table \
    below: filled where harm began, hollow where it was ended. On a lane a dotted part is a frozen process, letters tell \
    the sides of a cut, a cross is a broken property.";

fn hint(judged: &Judged) -> String {
    let mut out = String::from("Point at anything for its numbers.");
    if !judged.run.faults.is_empty() {
        out.push_str(LEGEND);
    }
    let together = crate::columns::together(judged);
    if together > 1 {
        out.push_str(&format!(
            " Each column takes {together} windows together: the median of their medians, the worst of their other percentiles."
        ));
    }
    out
}
