//! What stands on the page, as plain texts: the template only places them, and escapes every one.

use crate::{
    areas,
    faults::{self, Outcome, Told},
    groups::{self, Group, SINGLY_MAX},
    verdicts::{evidence, sign},
    words::{clean_lines, count, counted, percent, short, span},
};
use sim_core::{
    judged::{Judged, Status, Verdict},
    run::Traffic,
};
use std::collections::BTreeSet;

/// A list cut at its maximum, and what the cut left out.
#[derive(Debug)]
pub(crate) struct Listed<T> {
    pub(crate) shown: Vec<T>,
    pub(crate) note: String,
}

impl<T> Listed<T> {
    pub(crate) fn new(shown: Vec<T>, all: usize, noun: &str) -> Listed<T> {
        let more = all.saturating_sub(shown.len());
        let note = if more == 0 { String::new() } else { format!("… and {}.", counted(more as u64, noun)) };
        Listed { shown, note }
    }
}

/// Lines until so many characters, and what the cut left out.
pub(crate) fn lines(text: &str, chars_max: usize) -> (String, String) {
    if text.len() <= chars_max {
        return (clean_lines(text), String::new());
    }
    let boundary = (0..=chars_max).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    let end = text[..boundary].rfind('\n').unwrap_or(boundary);
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
        let within =
            format!("of {} served within {}", counted(m.total.wanted, "operation"), span(m.deadline));
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
        let noun = if judged.run.faults.len() == 1 { "fault" } else { "faults" };
        let label = match nothing {
            0 => noun.into(),
            _ => format!("{noun}, {} bit nothing", count(nothing as u64)),
        };
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
    const LINES: usize = 40;
    /// So many are unfolded: a page that is all evidence says little.
    const OPEN: usize = 3;
    let mut all: Vec<&Verdict> = judged.verdicts.iter().collect();
    if all.len() > SHOWN {
        all.sort_by_key(|v| core::cmp::Reverse(v.status));
    }
    let mut left = 10 * LINES;
    let mut opened = 0;
    let row = |v: &&Verdict| {
        let lines = evidence(v);
        let room = LINES.min(left).min(lines.len());
        left -= room;
        let mut shown: Vec<String> = lines[..room].iter().map(|line| short(line, 240)).collect();
        if lines.len() > room {
            shown.push(format!("… and {}", counted((lines.len() - room) as u64, "more line")));
        }
        let open = v.status != Status::Held && opened < OPEN;
        opened += usize::from(open);
        VerdictRow {
            word: v.status.word(),
            sign: sign(v.status),
            expectation: short(&v.expectation, 300),
            finding: short(&v.finding, 600),
            evidence: shown.join("\n"),
            open,
        }
    };
    Listed::new(all.iter().take(SHOWN).map(row).collect(), judged.verdicts.len(), "more expectation")
}

#[derive(Debug)]
pub(crate) struct FaultRow {
    pub(crate) number: usize,
    pub(crate) when: String,
    pub(crate) trigger: String,
    pub(crate) name: String,
    pub(crate) aside: String,
    pub(crate) area: &'static str,
    pub(crate) whom: String,
    pub(crate) say: String,
    pub(crate) effect: String,
    pub(crate) warn: bool,
    pub(crate) recovery: String,
    pub(crate) unmeasured: &'static str,
    pub(crate) unrecovered: bool,
}

/// Every fault, one by one.
pub(crate) fn faults(judged: &Judged) -> Listed<FaultRow> {
    const SHOWN: usize = 1_000;
    let all = judged.run.faults.len();
    // The author's sentence is told once, and not at every occurrence.
    let mut said: BTreeSet<String> = BTreeSet::new();
    let row = |f: Told| FaultRow {
        number: f.number,
        aside: f.aside(),
        when: f.when,
        trigger: f.trigger,
        name: f.name,
        area: f.area.map_or("end", areas::word),
        whom: short(&f.whom, 200),
        say: if said.insert(f.say.clone()) { f.say } else { String::new() },
        warn: f.outcome != Outcome::Bit,
        effect: f.effect,
        recovery: f.recovery,
        unmeasured: f.unmeasured,
        unrecovered: f.unrecovered,
    };
    let shown = faults::told(judged, 0..all.min(SHOWN)).into_iter().map(row).collect();
    Listed::new(shown, all, "more fault")
}

/// The faults taken together by name, where there are so many that one would not read them one by one.
pub(crate) fn together(judged: &Judged) -> Listed<Group> {
    const SHOWN: usize = 100;
    let mut groups = groups::groups(judged);
    let all = groups.len();
    if judged.run.faults.len() <= SINGLY_MAX || all == judged.run.faults.len() {
        return Listed::new(Vec::new(), 0, "");
    }
    groups.truncate(SHOWN);
    Listed::new(groups, all, "more name")
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

/// What the network did, in a sentence, without what it did not do.
pub(crate) fn traffic(judged: &Judged) -> String {
    let t = &judged.run.traffic;
    let mut parts = vec![
        format!("{} of {} sent", counted(t.sent, "message"), counted(t.bytes, "byte")),
        format!("{} delivered", count(t.delivered)),
    ];
    parts.extend(mishaps(&judged.run.traffic));
    parts.join(", ")
}

/// What else became of messages, as far as it happened.
pub(crate) fn mishaps(traffic: &Traffic) -> Vec<String> {
    let all = [
        (traffic.lost, "lost"),
        (traffic.cut, "cut"),
        (traffic.dead, "for dead nodes"),
        (traffic.duplicated, "doubled"),
        (traffic.corrupted, "damaged"),
        (traffic.overflowed, "overflowed"),
        (traffic.refused, "refused by busy nodes"),
    ];
    // What streams did (opened, sent again, reset, given up) has its place here as soon as it is counted.
    all.into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{} {what}", count(number)))
        .collect()
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
    out + "."
}
