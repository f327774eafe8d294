//! The summary on the terminal: read in five seconds, about forty lines of a hundred columns.
//!
//! First what it came to, last how to get it again; between them what was expected, what clients got and what the faults
//! did. Whatever is cut says how much is missing.

use crate::{
    faults::{self, Outcome, Told},
    gauges,
    groups::{self, Group, SINGLY_MAX},
    page,
    paint::{Ink, Paint},
    roles, sums,
    verdicts::{expectations, headline, sign},
    words::{self, clean, columns, count, counted, fit, moment, pack, percent, span, wrap},
};
use sim_core::{judged::Judged, property::Kind, time::Span};

pub(crate) const WIDTH: usize = 100;
const ABOUT_MAX: usize = 3;
/// So many names of faults, where there are too many faults for one by one.
const GROUPS_MAX: usize = 8;

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
    network(judged, &mut page);
    for sentence in gauges::sentences(judged) {
        page.entry("readings", &clean(&sentence));
    }
    for (index, line) in sums::lines(&judged.run, WIDTH - 12).iter().enumerate() {
        page.entry(if index == 0 { "tasks" } else { "" }, line);
    }
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
    let lines: Vec<FaultLine> = match all {
        0 => return page.entry("faults", "none"),
        1..=SINGLY_MAX => faults::told(judged, 0..all).iter().map(FaultLine::single).collect(),
        _ => {
            let groups = groups::groups(judged).into_iter().take(GROUPS_MAX);
            groups.map(|group| FaultLine::group(judged, group)).collect()
        }
    };
    let when = lines.iter().map(|line| columns(&line.when)).max().unwrap_or(0);
    for (index, fault) in lines.iter().enumerate() {
        let subject = if index == 0 { "faults" } else { "" };
        let gap = " ".repeat(when - columns(&fault.when) + 2);
        page.entry(subject, &format!("{}{gap}{}", fault.when, fault.title));
        fault.below(page);
    }
    let shown: usize = lines.iter().map(|line| line.faults).sum();
    if all > shown {
        let nothing = faults::harmless(judged);
        page.entry(
            "",
            &format!(
                "… and {} more; {} of all {} bit nothing",
                count((all - shown) as u64),
                count(nothing as u64),
                count(all as u64)
            ),
        );
    }
}

/// A fault, or several of one name, as two lines.
struct FaultLine {
    faults: usize,
    when: String,
    /// `split: db-1, db-2 | the rest`; the kind only where the name does not say it.
    title: String,
    recovery: String,
    unrecovered: bool,
    effect: String,
    idle: bool,
}

impl FaultLine {
    /// What came of it, in at most two lines. When clients were served again matters most, so it comes first.
    fn below(&self, page: &mut Page) {
        const LINES_MAX: usize = 2;
        let (room, margin) = (WIDTH - 14, " ".repeat(14));
        let recovery =
            if self.recovery.is_empty() { String::new() } else { format!("{} · ", self.recovery) };
        let parts: Vec<String> = format!("{recovery}{}", self.effect).split("; ").map(String::from).collect();
        let mut lines = pack(&parts, "; ", room - 1);
        let last = lines.len().min(LINES_MAX) - 1;
        for line in &mut lines[..last] {
            line.push(';');
        }
        if lines.len() > LINES_MAX {
            lines[last] = format!("{}; …", fit(&lines[last], room - 3));
        }
        let ink = if self.idle { Ink::Yellow } else { Ink::Plain };
        for (index, line) in lines.iter().take(LINES_MAX).enumerate() {
            let line = fit(line, room);
            let line = match line.strip_prefix(&self.recovery).filter(|_| index == 0 && self.unrecovered) {
                Some(rest) => {
                    format!("{}{}", page.paint.ink(Ink::Red, &self.recovery), page.paint.ink(ink, rest))
                }
                None => page.paint.ink(ink, &line),
            };
            page.line(&format!("{margin}{line}"));
        }
    }

    fn single(fault: &Told) -> FaultLine {
        let whom = if fault.whom.is_empty() { String::new() } else { format!(": {}", fault.whom) };
        FaultLine {
            faults: 1,
            when: fault.when.clone(),
            title: format!("{}{}{whom}", fit(&fault.name, 30), fault.aside()),
            recovery: fault.recovery.clone(),
            unrecovered: fault.unrecovered,
            effect: fault.effect.clone(),
            idle: fault.outcome != Outcome::Bit,
        }
    }

    fn group(judged: &Judged, group: Group) -> FaultLine {
        if let [only] = group.members[..] {
            return FaultLine::single(&faults::told(judged, [only])[0]);
        }
        let whom = if group.whom.is_empty() { String::new() } else { format!(": {}", group.whom) };
        let times = count(group.members.len() as u64);
        FaultLine {
            faults: group.members.len(),
            when: group.when,
            title: format!("{} × {times} ({}){whom}", fit(&group.stem, 30), group.kinds),
            recovery: group.recovery,
            unrecovered: group.unrecovered,
            effect: group.effect,
            idle: group.idle,
        }
    }
}

/// What became of messages, where something went wrong.
fn network(judged: &Judged, page: &mut Page) {
    let mishaps = page::mishaps(&judged.run.traffic);
    if mishaps.is_empty() {
        return;
    }
    let sent = format!("{} sent", counted(judged.run.traffic.sent, "message"));
    let parts: Vec<String> = core::iter::once(sent).chain(mishaps).collect();
    for (index, line) in pack(&parts, " · ", WIDTH - 12).iter().enumerate() {
        page.entry(if index == 0 { "network" } else { "" }, line);
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
