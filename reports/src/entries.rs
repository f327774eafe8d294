//! The entries of the summary's lists: verdicts, faults, properties, violations. `SUMMARY.md` says what each key means.

use serde::Serialize;
use sim_core::{
    judged::{Judged, Restored},
    property::Kind,
    run::Effect,
    time::Time,
};
use std::collections::BTreeMap;

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
    at_ns: u64,
    lasts_ns: Option<u64>,
    struck_ns: Option<u64>,
    ended_ns: Option<u64>,
    chose: Vec<Vec<String>>,
    bit: bool,
    effect: EffectEntry,
    recovery: Option<RecoveryEntry>,
    say: &'a str,
}

#[derive(Serialize)]
struct EffectEntry {
    nodes: u32,
    dropped: u64,
    delayed: u64,
    in_flight: u64,
    role_changes: u64,
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
    let recoveries: BTreeMap<usize, _> =
        judged.measures.recoveries.iter().map(|r| (r.fault, r.outcome)).collect();
    let ns = |time: Option<Time>| time.map(|t| t.0);
    let names = |group: &Vec<_>| group.iter().map(|&n| judged.run.name(n)).collect();
    let faults = judged.run.faults.iter().enumerate();
    faults
        .map(|(index, f)| {
            let Effect { nodes, dropped, delayed, in_flight, role_changes } = f.effect;
            FaultEntry {
                name: &f.planned.name,
                kind: f.planned.fault.kind(),
                harms: f.planned.fault.harms(),
                at_ns: f.planned.at.0,
                lasts_ns: f.planned.lasts.map(|s| s.0),
                struck_ns: ns(f.struck),
                ended_ns: ns(f.ended),
                chose: f.chose.iter().map(names).collect(),
                bit: f.struck.is_some() && f.bit(),
                effect: EffectEntry { nodes, dropped, delayed, in_flight, role_changes },
                recovery: recoveries.get(&index).map(|&outcome| RecoveryEntry::of(outcome)),
                say: &f.planned.say,
            }
        })
        .collect()
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
