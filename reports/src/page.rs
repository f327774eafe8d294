//! What stands on the page, as plain texts: the template only places them, and escapes every one.

use crate::{
    faults::{self, Outcome, Told},
    text::sign,
    words::{clean, clean_lines, columns, count, counted, fit, moment, percent, span},
};
use sim_core::{
    judged::{Judged, Latency, Status, Verdict},
    property::{Kind, PropertyReport},
    run::Effect,
};

/// A list cut at its maximum, and what the cut left out.
#[derive(Debug)]
pub(crate) struct Listed<T> {
    pub(crate) shown: Vec<T>,
    pub(crate) note: String,
}

impl<T> Listed<T> {
    fn new(shown: Vec<T>, all: usize, noun: &str) -> Listed<T> {
        let more = all.saturating_sub(shown.len());
        let note = if more == 0 { String::new() } else { format!("… and {}.", counted(more as u64, noun)) };
        Listed { shown, note }
    }
}

/// A text of at most so many columns.
pub(crate) fn short(text: &str, room: usize) -> String {
    // A text that is far too long is cut before it is looked at.
    let end = text.char_indices().nth(room + 1).map_or(text.len(), |(end, _)| end);
    fit(&clean(&text[..end]), room)
}

/// Lines until so many characters, and what the cut left out.
pub(crate) fn lines(text: &str, chars_max: usize) -> (String, String) {
    if text.len() <= chars_max {
        return (clean_lines(text), String::new());
    }
    let end = text[..=text.floor_char_boundary(chars_max)].rfind('\n').unwrap_or(text.floor_char_boundary(chars_max));
    let more = counted(text[end..].trim_matches('\n').lines().count() as u64, "more line");
    (clean_lines(&text[..end]), format!("… and {more}."))
}

#[derive(Debug)]
pub(crate) struct Tile {
    pub(crate) value: String,
    pub(crate) label: String,
}

/// The figures one looks at first.
pub(crate) fn tiles(judged: &Judged) -> Vec<Tile> {
    let m = &judged.measures;
    let tile = |value: String, label: &str| Tile { value, label: label.into() };
    let mut tiles = Vec::new();
    if m.total.wanted > 0 {
        let within = format!("of {} served within {}", counted(m.total.wanted, "operation"), span(m.deadline));
        tiles.push(Tile { value: percent(m.total.in_time, m.total.wanted), label: within });
    }
    if m.latency.count > 0 {
        tiles.push(tile(span(m.latency.p50), "median latency"));
        tiles.push(tile(span(m.latency.p99), "99th percentile"));
        tiles.push(tile(span(m.latency.max), "slowest answer"));
    }
    if let Some(longest) = m.downtimes.first() {
        tiles.push(tile(span(longest.until.since(longest.from)), "longest downtime"));
    }
    let led = crate::roles::leaderships(judged).len() as u64;
    if led > 0 {
        tiles.push(tile(count(led), if led == 1 { "leadership" } else { "leaderships" }));
    }
    if !judged.run.faults.is_empty() {
        let nothing = faults::harmless(judged);
        let label = if nothing == 0 { "faults".into() } else { format!("faults, {} bit nothing", count(nothing as u64)) };
        tiles.push(Tile { value: count(judged.run.faults.len() as u64), label });
    }
    tiles.push(tile(count(judged.run.events), "events"));
    tiles
}

#[derive(Debug)]
pub(crate) struct VerdictRow {
    pub(crate) word: &'static str,
    pub(crate) sign: &'static str,
    pub(crate) expectation: String,
    pub(crate) finding: String,
    pub(crate) evidence: String,
    pub(crate) open: bool,
}

pub(crate) fn verdicts(judged: &Judged) -> Listed<VerdictRow> {
    const SHOWN: usize = 100;
    const LINES: usize = 60;
    let mut all: Vec<&Verdict> = judged.verdicts.iter().collect();
    if all.len() > SHOWN {
        all.sort_by_key(|v| core::cmp::Reverse(v.status));
    }
    let row = |v: &&Verdict| {
        let mut evidence: Vec<String> = v.evidence.iter().take(LINES).map(|line| short(line, 240)).collect();
        if v.evidence.len() > LINES {
            evidence.push(format!("… and {}", counted((v.evidence.len() - LINES) as u64, "more line")));
        }
        VerdictRow {
            word: v.status.word(),
            sign: sign(v.status),
            expectation: short(&v.expectation, 300),
            finding: short(&v.finding, 600),
            evidence: evidence.join("\n"),
            open: v.status != Status::Held,
        }
    };
    Listed::new(all.iter().take(SHOWN).map(row).collect(), judged.verdicts.len(), "more expectation")
}

#[derive(Debug)]
pub(crate) struct StoryRow {
    pub(crate) number: usize,
    pub(crate) when: String,
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    pub(crate) whom: String,
    pub(crate) say: String,
    pub(crate) effect: String,
    pub(crate) recovery: String,
    pub(crate) unrecovered: bool,
    pub(crate) harms: bool,
    pub(crate) warn: bool,
}

pub(crate) fn story(judged: &Judged) -> Listed<StoryRow> {
    let row = |f: Told| StoryRow {
        number: f.number,
        when: f.when,
        name: short(&f.name, 80),
        kind: f.kind,
        whom: short(&f.whom, 300),
        say: short(&f.say, 500),
        warn: f.outcome != Outcome::Bit,
        effect: f.effect,
        recovery: f.recovery,
        unrecovered: f.unrecovered,
        harms: f.harms,
    };
    let shown = faults::told(judged, 100).into_iter().map(row).collect();
    Listed::new(shown, judged.run.faults.len(), "more fault")
}

#[derive(Debug)]
pub(crate) struct EffectRow {
    pub(crate) number: usize,
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    /// What it did, in numbers; `None` where it did nothing.
    pub(crate) counts: Option<[String; 5]>,
    pub(crate) instead: String,
    pub(crate) recovery: String,
    pub(crate) unrecovered: bool,
}

pub(crate) fn effects(judged: &Judged) -> Listed<EffectRow> {
    let row = |(told, report): (Told, &sim_core::run::FaultReport)| {
        let Effect { nodes, dropped, delayed, in_flight, role_changes } = report.effect;
        let counts = [nodes.into(), dropped, delayed, in_flight, role_changes].map(count);
        let after = judged.measures.recoveries.iter().find(|r| r.fault + 1 == told.number).map(|r| r.after);
        EffectRow {
            number: told.number,
            name: short(&told.name, 80),
            kind: told.kind,
            counts: (told.outcome == Outcome::Bit).then_some(counts),
            instead: told.effect,
            recovery: match after {
                None => "–".into(),
                Some(Some(after)) => span(after),
                Some(None) => "not before the end".into(),
            },
            unrecovered: told.unrecovered,
        }
    };
    let shown = faults::told(judged, 200).into_iter().zip(&judged.run.faults).map(row).collect();
    Listed::new(shown, judged.run.faults.len(), "more fault")
}

#[derive(Debug)]
pub(crate) struct LatencyRow {
    pub(crate) kind: String,
    pub(crate) cells: [String; 7],
}

pub(crate) fn latencies(judged: &Judged) -> Listed<LatencyRow> {
    let m = &judged.measures;
    let row = |kind: &str, l: &Latency| {
        let spans = [l.p50, l.p90, l.p99, l.p999, l.max, l.mean].map(|s| if l.count > 0 { span(s) } else { "–".into() });
        let [p50, p90, p99, p999, max, mean] = spans;
        LatencyRow { kind: short(kind, 60), cells: [count(l.count), p50, p90, p99, p999, max, mean] }
    };
    let mut shown = Vec::new();
    if m.latency.count > 0 {
        shown.push(row("all", &m.latency));
        shown.extend(m.by_kind.iter().take(60).map(|(kind, l)| row(kind, l)));
    }
    let all = if shown.is_empty() { 0 } else { m.by_kind.len() + 1 };
    Listed::new(shown, all, "more kind")
}

#[derive(Debug)]
pub(crate) struct PropertyRow {
    pub(crate) name: String,
    pub(crate) service: String,
    pub(crate) claim: &'static str,
    pub(crate) result: String,
    pub(crate) class: &'static str,
    pub(crate) first: String,
}

pub(crate) fn properties(judged: &Judged) -> Listed<PropertyRow> {
    let row = |p: &PropertyReport| {
        let times = |n| if n == 1 { "once".into() } else { format!("{} times", count(n)) };
        let (claim, result, class) = match p.kind {
            Kind::Always if p.broken > 0 => ("always", format!("broken {}", times(p.broken)), "bad"),
            Kind::Always if p.held == 0 => ("always", "never judged".into(), "warn"),
            Kind::Always => ("always", format!("held {}", times(p.held)), ""),
            Kind::Sometimes if p.held == 0 => ("sometimes", "never reached".into(), "warn"),
            Kind::Sometimes => ("sometimes", format!("reached {}", times(p.held)), ""),
        };
        let service = judged.run.services.get(p.service).map_or("", |s| &s.name);
        let first = p.first.map_or("–".into(), moment);
        PropertyRow { name: short(p.name, 120), service: short(service, 60), claim, result, class, first }
    };
    let all = &judged.run.properties;
    Listed::new(all.iter().take(200).map(row).collect(), all.len(), "more claim")
}

#[derive(Debug)]
pub(crate) struct ViolationRow {
    pub(crate) at: String,
    pub(crate) event: String,
    pub(crate) node: String,
    pub(crate) property: String,
    pub(crate) found: String,
}

pub(crate) fn violations(judged: &Judged) -> Listed<ViolationRow> {
    let run = &judged.run;
    let row = |v: &sim_core::run::Violation| ViolationRow {
        at: moment(v.at),
        event: count(v.event),
        node: short(&run.name(v.node), 60),
        property: short(v.property, 120),
        found: short(&v.found, 600),
    };
    Listed::new(run.violations.iter().take(20).map(row).collect(), run.violations.len(), "more violation")
}

#[derive(Debug)]
pub(crate) struct NoteRow {
    pub(crate) at: String,
    pub(crate) node: String,
    pub(crate) text: String,
}

pub(crate) fn notes(judged: &Judged) -> Listed<NoteRow> {
    let run = &judged.run;
    let row = |n: &sim_core::run::Note| NoteRow {
        at: moment(n.at),
        node: short(&run.name(n.node), 60),
        text: short(&n.text, 300),
    };
    Listed::new(run.notes.iter().take(200).map(row).collect(), run.notes.len(), "more remark")
}

/// The services and their sizes: `db (5 servers), clients (10 clients)`.
pub(crate) fn world(judged: &Judged) -> String {
    const SHOWN: usize = 20;
    let services = &judged.run.services;
    let part = |s: &sim_core::run::ServiceInfo| {
        let noun = if s.clients { "client" } else { "server" };
        format!("{} ({})", short(&s.name, 60), counted(s.nodes.into(), noun))
    };
    let mut parts: Vec<String> = services.iter().take(SHOWN).map(part).collect();
    if services.len() > SHOWN {
        parts.push(format!("… and {}", counted((services.len() - SHOWN) as u64, "more service")));
    }
    if parts.is_empty() { "empty".into() } else { parts.join(", ") }
}

/// What the network did, in a sentence.
pub(crate) fn traffic(judged: &Judged) -> String {
    let t = &judged.run.traffic;
    let sent = counted(t.sent, "message");
    let sent = format!("{sent} of {} sent, {} delivered", counted(t.bytes, "byte"), count(t.delivered));
    let (lost, cut, dead) = (count(t.lost), count(t.cut), count(t.dead));
    format!("{sent}, {lost} lost by chance, {cut} stopped by cuts, {dead} for processes that were down")
}

/// Operations in a sentence, with every part that is not zero.
pub(crate) fn served(judged: &Judged) -> String {
    let total = &judged.measures.total;
    if total.wanted == 0 {
        return "No operation was wanted.".into();
    }
    let mut out = format!(
        "{} wanted: {} in time ({}, within {})",
        counted(total.wanted, "operation"),
        count(total.in_time),
        percent(total.in_time, total.wanted),
        span(judged.measures.deadline)
    );
    let parts = [
        (total.late, "late"),
        (total.refused, "given up, certainly without effect"),
        (total.unknown, "given up, perhaps done all the same"),
    ];
    for (number, word) in parts.iter().filter(|(number, _)| *number > 0) {
        out.push_str(&format!(", {} {word}", count(*number)));
    }
    debug_assert!(columns(&out) < 300);
    out + "."
}
