//! The entries of the summary's lists: verdicts, faults, properties, violations. `SUMMARY.md` says what each key means.

use crate::{areas, faults, schedule};
use serde::Serialize;
use sim_core::{
    fault::{Keep, Schedule},
    judged::{Judged, Restored},
    property::Kind,
    run::{Effect, FaultReport},
};

#[derive(Serialize)]
pub(crate) struct VerdictEntry<'a> {
    expectation: &'a str,
    status: &'static str,
    finding: &'a str,
    evidence: &'a [String],
}

#[derive(Serialize)]
pub(crate) struct FaultEntry<'a> {
    name: &'a str,
    kind: &'static str,
    harms: bool,
    area: Option<&'static str>,
    momentary: bool,
    when: WhenEntry<'a>,
    at_ns: Option<u64>,
    lasts_ns: Option<u64>,
    keep: &'static str,
    struck_ns: Option<u64>,
    ended_ns: Option<u64>,
    chose: Vec<Vec<String>>,
    bit: bool,
    did: String,
    effect: EffectEntry,
    recovery: Option<RecoveryEntry>,
    say: &'a str,
}

/// When it was to strike, as the plan says it.
#[derive(Default, Serialize)]
struct WhenEntry<'a> {
    schedule: &'static str,
    fault: Option<&'a str>,
    after_ns: Option<u64>,
    condition: Option<String>,
    from_ns: Option<u64>,
    latest_ns: Option<u64>,
}

impl WhenEntry<'_> {
    fn of(schedule: &Schedule) -> WhenEntry<'_> {
        let nothing = WhenEntry::default();
        match schedule {
            Schedule::At(_) => WhenEntry { schedule: "at", ..nothing },
            Schedule::After(fault, after) => {
                WhenEntry { schedule: "after", fault: Some(fault), after_ns: Some(after.0), ..nothing }
            }
            Schedule::When { condition, from, latest } => WhenEntry {
                schedule: "when",
                condition: Some(schedule::phrase(condition)),
                from_ns: Some(from.0),
                latest_ns: latest.map(|at| at.0),
                ..nothing
            },
        }
    }
}

#[derive(Serialize)]
struct EffectEntry {
    nodes: u32,
    spared: u32,
    dropped: u64,
    delayed: u64,
    duplicated: u64,
    corrupted: u64,
    misled: u64,
    failed: u64,
    records: u64,
    in_flight: u64,
    role_changes: u64,
    leader_changes: u64,
    quorum_lost: bool,
}

impl EffectEntry {
    fn of(effect: Effect) -> EffectEntry {
        let Effect {
            nodes,
            spared,
            dropped,
            delayed,
            duplicated,
            corrupted,
            misled,
            failed,
            records,
            in_flight,
            role_changes,
            leader_changes,
            quorum_lost,
        } = effect;
        EffectEntry {
            nodes,
            spared,
            dropped,
            delayed,
            duplicated,
            corrupted,
            misled,
            failed,
            records,
            in_flight,
            role_changes,
            leader_changes,
            quorum_lost,
        }
    }
}

#[derive(Serialize)]
struct RecoveryEntry {
    outcome: &'static str,
    after_ns: Option<u64>,
    why: Option<&'static str>,
}

impl RecoveryEntry {
    fn of(outcome: Restored) -> RecoveryEntry {
        let (after_ns, why) = match outcome {
            Restored::After(after) => (Some(after.0), None),
            Restored::Unmeasured(why) => (None, Some(why.phrase())),
            Restored::Uninterrupted | Restored::Never => (None, None),
        };
        RecoveryEntry { outcome: outcome.word(), after_ns, why }
    }
}

#[derive(Serialize)]
pub(crate) struct PropertyEntry<'a> {
    service: &'a str,
    name: &'static str,
    kind: &'static str,
    held: u64,
    broken: u64,
    first_ns: Option<u64>,
}

#[derive(Serialize)]
pub(crate) struct ViolationEntry<'a> {
    at_ns: u64,
    event: u64,
    node: String,
    property: &'static str,
    found: &'a str,
}

pub(crate) fn verdicts(judged: &Judged) -> Vec<VerdictEntry<'_>> {
    judged
        .verdicts
        .iter()
        .map(|v| VerdictEntry {
            expectation: &v.expectation,
            status: v.status.word(),
            finding: &v.finding,
            evidence: &v.evidence,
        })
        .collect()
}

pub(crate) fn faults(judged: &Judged) -> Vec<FaultEntry<'_>> {
    let recoveries = faults::recoveries(judged);
    let all = judged.run.faults.iter().enumerate();
    all.map(|(index, report)| fault(judged, report, recoveries.get(&index).copied())).collect()
}

fn fault<'a>(judged: &'a Judged, report: &'a FaultReport, recovery: Option<Restored>) -> FaultEntry<'a> {
    let names = |group: &Vec<_>| group.iter().map(|&n| judged.run.name(n)).collect();
    let planned = &report.planned;
    FaultEntry {
        name: &planned.name,
        kind: planned.fault.kind(),
        harms: planned.fault.harms(),
        area: planned.fault.area().map(areas::word),
        momentary: planned.fault.momentary(),
        when: WhenEntry::of(&planned.when),
        at_ns: report.moment().map(|t| t.0),
        lasts_ns: planned.lasts.map(|s| s.0),
        keep: match planned.keep {
            Keep::Nothing => "nothing",
            Keep::Quorum => "quorum",
        },
        struck_ns: report.struck.map(|t| t.0),
        ended_ns: report.ended.map(|t| t.0),
        chose: report.chose.iter().map(names).collect(),
        bit: report.struck.is_some() && report.bit(),
        did: faults::effect(judged, report),
        effect: EffectEntry::of(report.effect),
        recovery: recovery.map(RecoveryEntry::of),
        say: &planned.say,
    }
}

pub(crate) fn properties(judged: &Judged) -> Vec<PropertyEntry<'_>> {
    let entry = |p: &sim_core::property::PropertyReport| PropertyEntry {
        service: judged.run.services.get(p.service).map_or("", |s| &s.name),
        name: p.name,
        kind: match p.kind {
            Kind::Always => "always",
            Kind::Sometimes => "sometimes",
        },
        held: p.held,
        broken: p.broken,
        first_ns: p.first.map(|t| t.0),
    };
    judged.run.properties.iter().map(entry).collect()
}

pub(crate) fn violations(judged: &Judged) -> Vec<ViolationEntry<'_>> {
    let run = &judged.run;
    run.violations
        .iter()
        .map(|v| ViolationEntry {
            at_ns: v.at.0,
            event: v.event,
            node: run.name(v.node),
            property: v.property,
            found: &v.found,
        })
        .collect()
}
