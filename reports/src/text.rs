//! The summary on the terminal: read in five seconds, at most about forty lines of a hundred columns.
//!
//! First what it came to, last how to get it again; between them what was expected, what clients got and what the faults
//! did. Whatever is cut says how much is missing.

use crate::{
    faults::{self, Outcome, Told},
    paint::{Ink, Paint},
    roles,
    verdicts::{expectations, headline, sign},
    words::{self, clean, columns, count, counted, fit, moment, percent, span, wrap},
};
use sim_core::{judged::Judged, property::Kind, time::Span};

pub(crate) const WIDTH: usize = 100;
const ABOUT_MAX: usize = 3;
const FAULTS_MAX: usize = 6;

/// The summary of a run for a terminal, with or without colour. Ends with a newline.
pub fn text(judged: &Judged, color: bool) -> String {
    let mut page = Page { out: String::new(), paint: Paint(color) };
    verdict_line(judged, &mut page);
    for line in wrap(&clean(&judged.provenance.about), WIDTH - 2, ABOUT_MAX) {
        page.line(&format!("  {}", page.paint.ink(Ink::Dim, &line)));
    }
    expectations(judged, &mut page);
    page.line("");
    clients(judged, &mut page);
    faults(judged, &mut page);
    leaders(judged, &mut page);
    properties(judged, &mut page);
    page.line("");
    again(judged, &mut page);
    page.out
}

/// The summary as it grows.
pub(crate) struct Page {
    out: String,
    /// How to colour what is added.
    pub(crate) paint: Paint,
}

impl Page {
    pub(crate) fn line(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }
    /// A line with its subject in a column of its own.
    fn entry(&mut self, subject: &str, text: &str) {
        let subject = self.paint.ink(Ink::Bold, &format!("{subject:<12}"));
        self.line(&format!("{subject}{}", fit(text, WIDTH - 12)));
    }
}

fn verdict_line(judged: &Judged, page: &mut Page) {
    let status = judged.status();
    let name = fit(&clean(&judged.provenance.scenario), WIDTH / 2);
    let name = if name.is_empty() { "unnamed".into() } else { name };
    let verdict = format!("{} {name}: {}", sign(status), headline(judged));
    let line = page.paint.ink(Ink::of(status), &fit(&verdict, WIDTH));
    page.line(&line);
    if let Some(why) = &judged.run.stopped {
        let why = format!("  stopped at {}: {}", moment(judged.run.ended), clean(why));
        let line = page.paint.ink(Ink::Yellow, &fit(&why, WIDTH));
        page.line(&line);
    }
}

fn clients(judged: &Judged, page: &mut Page) {
    let (m, total) = (&judged.measures, &judged.measures.total);
    if total.wanted == 0 {
        page.entry("clients", "no operation was wanted");
        return;
    }
    let share = percent(total.in_time, total.wanted);
    page.entry(
        "clients",
        &format!("{share} of {} served within {}", counted(total.wanted, "operation"), span(m.deadline)),
    );
    let parts = [
        (total.in_time, "in time"),
        (total.late, "late"),
        (total.refused, "refused"),
        (total.unknown, "unknown"),
    ];
    page.entry("", &parts.map(|(number, word)| format!("{} {word}", count(number))).join(" · "));
    let l = &m.latency;
    let latency = match l.count {
        0 => "no operation was answered".into(),
        _ => format!(
            "p50 {} · p90 {} · p99 {} · p99.9 {} · max {} (of answered)",
            span(l.p50),
            span(l.p90),
            span(l.p99),
            span(l.p999),
            span(l.max)
        ),
    };
    page.entry("latency", &latency);
    page.entry("downtime", &downtime(judged));
}

/// How often and how long nobody was served, in one sentence.
pub(crate) fn downtime(judged: &Judged) -> String {
    let downtimes = &judged.measures.downtimes;
    let Some(longest) = downtimes.first() else { return "none".into() };
    let sum = downtimes.iter().fold(Span::ZERO, |sum, d| sum + d.until.since(d.from));
    let worst = format!(
        "{} ({}–{})",
        span(longest.until.since(longest.from)),
        moment(longest.from),
        moment(longest.until)
    );
    match downtimes.len() as u64 {
        1 => format!("once, {worst}"),
        times => format!("{} times, {} in all; longest {worst}", count(times), span(sum)),
    }
}

fn faults(judged: &Judged, page: &mut Page) {
    let all = judged.run.faults.len();
    if all == 0 {
        page.entry("faults", "none");
        return;
    }
    let told = faults::told(judged, FAULTS_MAX);
    let when = told.iter().map(|t| columns(&t.when)).max().unwrap_or(0);
    for (index, fault) in told.iter().enumerate() {
        let subject = if index == 0 { "faults" } else { "" };
        page.entry(subject, &format!("{:<when$}  {}", fault.when, named(fault)));
        // When clients were served again matters most, so it comes first and is never cut.
        let mut line = String::new();
        let mut room = WIDTH - 14;
        if !fault.recovery.is_empty() {
            let ink = if fault.unrecovered { Ink::Red } else { Ink::Plain };
            line = format!("{} · ", page.paint.ink(ink, &fault.recovery));
            room -= columns(&fault.recovery) + 3;
        }
        line.push_str(&page.paint.ink(effect_ink(fault), &fit(&fault.effect, room)));
        page.line(&format!("{}{line}", " ".repeat(14)));
    }
    if all > told.len() {
        let nothing = faults::harmless(judged);
        page.entry(
            "",
            &format!(
                "… and {} more; {} of all {} bit nothing",
                count((all - told.len()) as u64),
                count(nothing as u64),
                count(all as u64)
            ),
        );
    }
}

/// `split: db-1, db-2 | the rest`; the kind only where the name does not say it.
fn named(fault: &Told) -> String {
    let kind = if fault.name.contains(fault.kind) { String::new() } else { format!(" ({})", fault.kind) };
    let whom = if fault.whom.is_empty() { String::new() } else { format!(": {}", fault.whom) };
    format!("{}{kind}{whom}", fit(&fault.name, 30))
}

fn effect_ink(fault: &Told) -> Ink {
    match fault.outcome {
        Outcome::Bit => Ink::Plain,
        Outcome::Nothing | Outcome::NotStruck => Ink::Yellow,
    }
}

fn leaders(judged: &Judged, page: &mut Page) {
    let led = roles::leaderships(judged);
    let changes = counted(roles::turns(judged).len() as u64, "role change");
    if led.is_empty() {
        if !judged.run.roles.is_empty() {
            page.entry("roles", &format!("{changes}; nobody ever led"));
        }
        return;
    }
    const SHOWN: usize = 3;
    let skip = led.len().saturating_sub(SHOWN);
    let mut shown: Vec<String> = Vec::new();
    if skip > 0 {
        shown.push("…".into());
    }
    for change in &led[skip..] {
        let name = fit(&words::node(&judged.run, change.node), 16);
        shown.push(format!("{name} at {}", moment(change.at)));
    }
    let epoch = roles::changes(judged).iter().map(|c| c.epoch).max().unwrap_or(0);
    page.entry("leaders", &format!("{} · highest epoch {epoch} · {changes}", shown.join(" → ")));
}

fn properties(judged: &Judged, page: &mut Page) {
    let of = |kind| judged.run.properties.iter().filter(move |p| p.kind == kind);
    let always = of(Kind::Always).count();
    let kept = of(Kind::Always).filter(|p| p.broken == 0 && p.held > 0).count();
    let sometimes = of(Kind::Sometimes).count();
    if always + sometimes == 0 {
        return;
    }
    let never: Vec<String> = of(Kind::Sometimes).filter(|p| p.held == 0).map(|p| clean(p.name)).collect();
    let idle = of(Kind::Always).filter(|p| p.broken == 0 && p.held == 0).count();
    let broken: Vec<String> = of(Kind::Always).filter(|p| p.broken > 0).map(|p| clean(p.name)).collect();
    let mut line = format!("always: {kept} of {always} held");
    if idle > 0 {
        line.push_str(&format!(", {idle} never judged"));
    }
    line.push_str(&format!(" · sometimes: {} of {sometimes} reached", sometimes - never.len()));
    page.entry("properties", &line);
    if !broken.is_empty() {
        let line = page.paint.ink(Ink::Red, &fit(&format!("broken: {}", broken.join(", ")), WIDTH - 12));
        page.line(&format!("{}{line}", " ".repeat(12)));
    }
    if !never.is_empty() {
        let line =
            page.paint.ink(Ink::Yellow, &fit(&format!("never reached: {}", never.join(", ")), WIDTH - 12));
        page.line(&format!("{}{line}", " ".repeat(12)));
    }
}

fn again(judged: &Judged, page: &mut Page) {
    let run = &judged.run;
    let line = format!(
        "seed {} · fingerprint {:016x} · {} in {} simulated",
        run.seed,
        run.fingerprint,
        counted(run.events, "event"),
        moment(run.ended)
    );
    let line = page.paint.ink(Ink::Dim, &line);
    page.line(&line);
    // The command is the one line that is never cut: it is there to be copied.
    page.line(&format!("again: {}", clean(&judged.provenance.command)));
}
