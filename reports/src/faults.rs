//! The faults of a run in words: when, what, for whom, and what came of it.

use crate::{
    effects,
    manner::manner,
    schedule,
    words::{moment, nodes, short, span},
};
use sim_core::{
    fault::{Area, Fault, Pick},
    judged::{Judged, Restored, Why},
    run::FaultReport,
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
    /// How strong it is; may be empty.
    pub(crate) manner: String,
    /// What it harms; `None` for the end of some earlier harm.
    pub(crate) area: Option<Area>,
    /// `20s`, or `20s–40s`; when it was to strike, or `never`, if it did not.
    pub(crate) when: String,
    /// What its moment depends on; empty if that is written down.
    pub(crate) trigger: String,
    /// Whom it chose.
    pub(crate) whom: String,
    /// What it did.
    pub(crate) effect: String,
    pub(crate) outcome: Outcome,
    /// When clients were served again; empty if that is not a question.
    pub(crate) recovery: String,
    /// Why that cannot be told; empty where it can.
    pub(crate) unmeasured: &'static str,
    /// Whether clients were still without service when the run ended.
    pub(crate) unrecovered: bool,
    pub(crate) say: String,
}

impl Told {
    /// What its name does not say: `(slow cpu, 10-fold)`, with a blank before it; may be empty.
    pub(crate) fn aside(&self) -> String {
        let kind = if self.name.contains(self.kind) { "" } else { self.kind };
        match [kind, &self.manner] {
            ["", ""] => String::new(),
            [one, ""] | ["", one] => format!(" ({one})"),
            [kind, manner] => format!(" ({kind}, {manner})"),
        }
    }
}

/// What a fault came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It made a difference.
    Bit,
    /// It struck and changed nothing: worth a second look.
    Nothing,
    /// Its moment did not come.
    NotStruck,
}

impl Outcome {
    pub(crate) fn of(report: &FaultReport) -> Outcome {
        match report.struck {
            None => Outcome::NotStruck,
            Some(_) if report.bit() => Outcome::Bit,
            Some(_) => Outcome::Nothing,
        }
    }
}

/// These faults of the run, by their position there.
pub(crate) fn told(judged: &Judged, chosen: impl IntoIterator<Item = usize>) -> Vec<Told> {
    let recoveries = recoveries(judged);
    let tell = |index: usize| {
        let report = &judged.run.faults[index];
        let outcome = recoveries.get(&index).copied();
        Told {
            number: index + 1,
            name: short(&report.planned.name, 80),
            kind: report.planned.fault.kind(),
            manner: manner(&report.planned.fault),
            area: report.planned.fault.area(),
            when: when(report, judged.run.ended),
            trigger: schedule::trigger(&report.planned.when),
            whom: whom(judged, report),
            effect: effect(judged, report),
            outcome: Outcome::of(report),
            recovery: outcome.filter(|_| report.bit()).map_or(String::new(), recovery),
            unmeasured: match outcome {
                Some(Restored::Unmeasured(why)) => why.phrase(),
                Some(Restored::Uninterrupted | Restored::After(_) | Restored::Never) | None => "",
            },
            unrecovered: report.bit() && outcome == Some(Restored::Never),
            say: short(&report.planned.say, 500),
        }
    };
    chosen.into_iter().map(tell).collect()
}

/// When service was restored, by the position of the fault.
pub(crate) fn recoveries(judged: &Judged) -> BTreeMap<usize, Restored> {
    judged.measures.recoveries.iter().map(|r| (r.fault, r.outcome)).collect()
}

fn recovery(outcome: Restored) -> String {
    match outcome {
        Restored::Uninterrupted => "no downtime".into(),
        Restored::After(after) => format!("back after {}", span(after)),
        Restored::Never => "not back before the end".into(),
        Restored::Unmeasured(Why::Idle) => "no service before".into(),
        Restored::Unmeasured(Why::Late) => "too near the end to tell if back".into(),
    }
}

/// How many faults struck without changing anything.
pub(crate) fn harmless(judged: &Judged) -> usize {
    judged.run.faults.iter().filter(|f| Outcome::of(f) == Outcome::Nothing).count()
}

fn when(report: &FaultReport, run_end: Time) -> String {
    let Some(struck) = report.struck else { return report.moment().map_or("never".into(), moment) };
    match (report.window(run_end), report.ended) {
        // Over as soon as it struck: a moment, not a window.
        (None, _) => moment(struck),
        (Some((from, until)), Some(_)) if from == until => moment(from),
        (Some((from, until)), Some(_)) => format!("{}–{}", moment(from), moment(until)),
        (Some(_), None) if report.planned.fault.momentary() => moment(struck),
        (Some((from, _)), None) => format!("{}–end", moment(from)),
    }
}

/// Whom it chose, group by group.
pub(crate) fn whom(judged: &Judged, report: &FaultReport) -> String {
    if report.struck.is_none() {
        return String::new();
    }
    let fault = report.planned.fault.plain();
    let picks = fault.picks();
    let groups: Vec<String> = report
        .chose
        .iter()
        .enumerate()
        .map(|(index, chosen)| match picks.get(index) {
            Some([Pick::Rest]) if picks.len() > 1 => "the rest".into(),
            Some(picks) if picks.contains(&Pick::Everybody) => "everybody".into(),
            _ => nodes(&judged.run, chosen),
        })
        .collect();
    match &fault {
        Fault::OneWay { .. } | Fault::Lose { .. } => groups.join(" ↛ "),
        Fault::Clog { .. } | Fault::Degrade { .. } => groups.join(" → "),
        Fault::Split(_) | Fault::Halves(_) | Fault::Bridge(_) | Fault::MinorityThird(_) => groups.join(" | "),
        Fault::Heal => "the whole network".into(),
        Fault::End(name) => short(name, 80),
        Fault::Isolate(_)
        | Fault::MajoritiesRing(_)
        | Fault::DegradeNic { .. }
        | Fault::Ranks { .. }
        | Fault::Crash(_)
        | Fault::PowerLoss(_)
        | Fault::Wipe(_)
        | Fault::Restart(_)
        | Fault::Pause(_)
        | Fault::Resume(_)
        | Fault::Slow { .. }
        | Fault::ClockJump { .. }
        | Fault::ClockDrift { .. }
        | Fault::ClockStrobe { .. }
        | Fault::ClockReset(_)
        | Fault::DiskSlow { .. }
        | Fault::DiskStall(_)
        | Fault::DiskFull(_)
        | Fault::BitRot { .. }
        | Fault::Gray(..) => groups.join(", "),
    }
}

/// What came of it, in words.
pub(crate) fn effect(judged: &Judged, report: &FaultReport) -> String {
    match Outcome::of(report) {
        Outcome::NotStruck => schedule::why_not(judged, report),
        Outcome::Nothing => effects::idle(report),
        Outcome::Bit => effects::did(judged, report),
    }
}
