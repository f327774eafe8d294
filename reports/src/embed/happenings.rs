//! Faults, roles, violations and remarks.

use super::differences;
use crate::{
    areas, faults,
    roles::{changes, leads},
    words::{node, short},
};
use serde::Serialize;
use sim_core::{judged::Judged, protocol::NodeId};
use std::collections::BTreeMap;

const FAULTS_MAX: usize = 1_000;
const ROLES_MAX: usize = 8_000;
const NOTES_MAX: usize = 400;

#[derive(Serialize)]
pub(super) struct FaultMark {
    number: usize,
    name: String,
    kind: &'static str,
    area: Option<&'static str>,
    harms: bool,
    /// When it struck; -1 if it did not.
    from: i64,
    /// When it was over; -1 if it was not.
    until: i64,
    /// The sides it made, or whom it was aimed at.
    nodes: Vec<Vec<u32>>,
    whom: String,
    effect: String,
    say: String,
}

impl FaultMark {
    /// Whether it is the same that happens at the same time.
    pub(super) fn same(&self, other: &FaultMark) -> bool {
        (&self.name, self.kind, self.from, self.until) == (&other.name, other.kind, other.from, other.until)
    }
}

pub(super) fn faults(judged: &Judged) -> Vec<FaultMark> {
    let all = judged.run.faults.len().min(FAULTS_MAX);
    let told = faults::told(judged, 0..all);
    let mark = |(told, report): (faults::Told, &sim_core::run::FaultReport)| FaultMark {
        number: told.number,
        name: told.name,
        kind: told.kind,
        area: told.area.map(areas::word),
        harms: report.planned.fault.harms(),
        from: report.struck.map_or(-1, |at| at.0 as i64),
        until: report.ended.map_or(-1, |at| at.0 as i64),
        nodes: report.chose.iter().take(8).map(|side| side.iter().take(100).map(|n| n.0).collect()).collect(),
        whom: short(&told.whom, 120),
        effect: short(&told.effect, 200),
        say: short(&told.say, 300),
    };
    told.into_iter().zip(&judged.run.faults).map(mark).collect()
}

#[derive(Serialize)]
pub(super) struct Roles {
    names: Vec<&'static str>,
    leading: Vec<bool>,
    /// In nanoseconds, as differences.
    at: Vec<i64>,
    node: Vec<u32>,
    role: Vec<usize>,
    epoch: Vec<u64>,
    left_out: usize,
}

pub(super) fn roles(judged: &Judged) -> Roles {
    let mut all = changes(judged);
    if all.len() > ROLES_MAX {
        // Who never does anything but begin is left out first.
        let mut turns: BTreeMap<NodeId, usize> = BTreeMap::new();
        all.iter().for_each(|change| *turns.entry(change.node).or_default() += 1);
        all.retain(|change| turns[&change.node] > 1 || leads(change.role));
    }
    let mut names: Vec<&'static str> = all.iter().map(|change| change.role.0).collect();
    names.sort_unstable();
    names.dedup();
    let left_out = all.len().saturating_sub(ROLES_MAX);
    let shown = &all[..all.len() - left_out];
    Roles {
        leading: names.iter().map(|name| leads(sim_core::protocol::Role(name))).collect(),
        at: differences(shown.iter().map(|change| change.at), 1),
        node: shown.iter().map(|change| change.node.0).collect(),
        role: shown.iter().map(|change| names.binary_search(&change.role.0).unwrap_or(0)).collect(),
        epoch: shown.iter().map(|change| change.epoch).collect(),
        names,
        left_out,
    }
}

#[derive(Serialize)]
pub(super) struct ViolationMark {
    at: u64,
    event: u64,
    node: u32,
    name: String,
    property: String,
    found: String,
}

pub(super) fn violations(judged: &Judged) -> Vec<ViolationMark> {
    let run = &judged.run;
    let mark = |v: &sim_core::run::Violation| ViolationMark {
        at: v.at.0,
        event: v.event,
        node: v.node.0,
        name: node(run, v.node),
        property: short(v.property, 100),
        found: short(&v.found, 600),
    };
    run.violations.iter().map(mark).collect()
}

pub(super) fn notes(judged: &Judged) -> Vec<(u64, u32, String)> {
    let NodeId(none) = NodeId::NONE;
    let notes = judged.run.notes.iter().filter(|note| note.node.0 != none).take(NOTES_MAX);
    notes.map(|note| (note.at.0, note.node.0, short(&note.text, 160))).collect()
}
