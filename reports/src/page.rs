//! What stands on the page, as plain texts: the template only places them, and escapes every one.

use crate::{
    faults::{self, Outcome, Told},
    verdicts::{evidence, sign},
    words::{clean_lines, count, counted, percent, short, span},
};
use sim_core::{
    judged::{Judged, Restored, Status, Verdict},
    run::Effect,
};

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
        name: f.name,
        kind: f.kind,
        whom: short(&f.whom, 300),
        say: f.say,
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
        let recovery = judged.measures.recoveries.iter().find(|r| r.fault + 1 == told.number);
        EffectRow {
            number: told.number,
            name: told.name,
            kind: told.kind,
            counts: (told.outcome == Outcome::Bit).then_some(counts),
            instead: told.effect,
            recovery: match recovery.map(|r| r.outcome) {
                None => "–".into(),
                Some(Restored::Uninterrupted) => "no interruption".into(),
                Some(Restored::After(after)) => span(after),
                Some(Restored::Never) => "not before the end".into(),
                Some(Restored::Unmeasured(why)) => format!("not measured: {}", why.phrase()),
            },
            unrecovered: told.unrecovered,
        }
    };
    let shown = faults::told(judged, 200).into_iter().zip(&judged.run.faults).map(row).collect();
    Listed::new(shown, judged.run.faults.len(), "more fault")
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
    out + "."
}
