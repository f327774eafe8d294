//! The faults of a run in words: when, what, for whom, and what came of it.

use crate::words::{count, counted, moment, nodes, short, span};
use sim_core::{
    fault::{Fault, Pick},
    judged::{Judged, Restored, Why},
    run::{Effect, FaultReport},
    time::Time,
};
use std::collections::BTreeMap;

/// A fault, ready to be shown.
#[derive(Debug)]
pub(crate) struct Told {
    /// Its number in this run, from 1: the same in every table and picture.
    pub(crate) number: usize,
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    /// When it struck, or was to strike.
    pub(crate) at: Time,
    /// `20s`, or `20s–40s`.
    pub(crate) when: String,
    /// Whom it chose.
    pub(crate) whom: String,
    /// What it did.
    pub(crate) effect: String,
    pub(crate) outcome: Outcome,
    /// When clients were served again; empty if that is not a question.
    pub(crate) recovery: String,
    /// Whether clients were still without service when the run ended.
    pub(crate) unrecovered: bool,
    pub(crate) say: String,
    pub(crate) harms: bool,
}

/// What a fault came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It made a difference.
    Bit,
    /// It struck and changed nothing: worth a second look.
    Nothing,
    /// The run ended first.
    NotStruck,
}

impl Outcome {
    fn of(report: &FaultReport) -> Outcome {
        match report.struck {
            None => Outcome::NotStruck,
            Some(_) if report.bit() => Outcome::Bit,
            Some(_) => Outcome::Nothing,
        }
    }
}

/// The first `shown_max` faults of the run, in its order.
pub(crate) fn told(judged: &Judged, shown_max: usize) -> Vec<Told> {
    let recoveries: BTreeMap<usize, _> =
        judged.measures.recoveries.iter().map(|r| (r.fault, r.outcome)).collect();
    let faults = judged.run.faults.iter().enumerate().take(shown_max);
    let tell = |(index, report): (usize, &FaultReport)| {
        let (recovery, unrecovered) = match recoveries.get(&index) {
            None => (String::new(), false),
            Some(Restored::Uninterrupted) => ("no interruption".into(), false),
            Some(Restored::After(after)) => (format!("back after {}", span(*after)), false),
            Some(Restored::Never) => ("not back before the end".into(), true),
            Some(Restored::Unmeasured(Why::Idle)) => ("no service before".into(), false),
            Some(Restored::Unmeasured(Why::Late)) => ("too near the end to tell if back".into(), false),
        };
        Told {
            number: index + 1,
            name: short(&report.planned.name, 80),
            kind: report.planned.fault.kind(),
            at: report.struck.unwrap_or(report.planned.at),
            when: when(report, judged.run.ended),
            whom: whom(judged, report),
            effect: effect(report),
            outcome: Outcome::of(report),
            recovery,
            unrecovered,
            say: short(&report.planned.say, 500),
            harms: report.planned.fault.harms(),
        }
    };
    faults.map(tell).collect()
}

/// How many faults struck without changing anything.
pub(crate) fn harmless(judged: &Judged) -> usize {
    judged.run.faults.iter().filter(|f| Outcome::of(f) == Outcome::Nothing).count()
}

fn when(report: &FaultReport, run_end: Time) -> String {
    let Some(struck) = report.struck else { return moment(report.planned.at) };
    match (report.window(run_end), report.ended) {
        (None, _) => moment(struck),
        (Some((from, until)), Some(_)) => format!("{}–{}", moment(from), moment(until)),
        (Some((from, _)), None) => format!("{}–end", moment(from)),
    }
}

fn whom(judged: &Judged, report: &FaultReport) -> String {
    if report.struck.is_none() {
        return String::new();
    }
    let picks = report.planned.fault.picks();
    let groups: Vec<String> = report
        .chose
        .iter()
        .enumerate()
        .map(|(index, chosen)| match picks.get(index) {
            Some([Pick::Rest]) if index > 0 => "the rest".into(),
            _ => nodes(&judged.run, chosen),
        })
        .collect();
    match report.planned.fault {
        Fault::OneWay { .. } => groups.join(" ↛ "),
        Fault::Split(_) => groups.join(" | "),
        Fault::Heal => "every cut".into(),
        Fault::Crash(_) | Fault::Restart(_) | Fault::Pause(_) | Fault::Resume(_) => groups.join(", "),
    }
}

fn effect(report: &FaultReport) -> String {
    match Outcome::of(report) {
        Outcome::NotStruck => return "the run ended first".into(),
        Outcome::Nothing => return "bit nothing".into(),
        Outcome::Bit => {}
    }
    let Effect { nodes, dropped, delayed, in_flight, role_changes } = report.effect;
    let mut parts = Vec::new();
    if nodes > 0 {
        parts.push(counted(nodes.into(), "node"));
    }
    if dropped > 0 {
        parts.push(format!("{} lost", counted(dropped, "message")));
    }
    if delayed > 0 {
        parts.push(format!("{} held back", count(delayed)));
    }
    if in_flight > 0 {
        parts.push(format!("{} waiting", counted(in_flight, "call")));
    }
    if role_changes > 0 {
        parts.push(counted(role_changes, "role change"));
    }
    parts.join(", ")
}
