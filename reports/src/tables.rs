//! The tables of the page: latencies, tasks, properties, violations, remarks.

use crate::{
    page::Listed,
    sums::{TaskSum, task_sums},
    words::{self, count, moment, percent, short, size, span},
};
use sim_core::{
    judged::{Judged, Latency},
    property::{Kind, PropertyReport},
};

#[derive(Debug)]
pub(crate) struct LatencyRow {
    pub(crate) kind: String,
    pub(crate) cells: [String; 7],
}

pub(crate) fn latencies(judged: &Judged) -> Listed<LatencyRow> {
    let m = &judged.measures;
    let row = |kind: &str, l: &Latency| {
        let spans = [l.p50, l.p90, l.p99, l.p999, l.max, l.mean]
            .map(|s| if l.count > 0 { span(s) } else { "–".into() });
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
        node: words::node(run, v.node),
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
        node: words::node(run, n.node),
        text: short(&n.text, 300),
    };
    Listed::new(run.notes.iter().take(200).map(row).collect(), run.notes.len(), "more remark")
}

#[derive(Debug)]
pub(crate) struct TaskRow {
    pub(crate) kind: String,
    pub(crate) service: String,
    pub(crate) cells: [String; 12],
}

pub(crate) fn tasks(judged: &Judged) -> Listed<TaskRow> {
    let sums = task_sums(&judged.run);
    let row = |sum: &TaskSum| {
        let service = judged.run.services.get(sum.service).map_or("", |s| &s.name);
        let done = match sum.finished == sum.tasks {
            true => count(sum.tasks),
            false => format!("{} of {}", count(sum.finished), count(sum.tasks)),
        };
        let [again, backups, won] = [sum.again, sum.backups, sum.backups_won].map(count);
        let [lost, beaten, failed] = [sum.lost, sum.beaten, sum.failed].map(count);
        let [bytes, crossed] = [sum.bytes, sum.crossed()].map(size);
        let [median, longest] =
            [sum.median, sum.longest].map(|s| if sum.done > 0 { span(s) } else { "–".into() });
        let share = percent(sum.local, sum.bytes);
        TaskRow {
            kind: short(sum.kind, 60),
            service: short(service, 60),
            cells: [done, again, backups, won, lost, beaten, failed, bytes, share, crossed, median, longest],
        }
    };
    Listed::new(sums.iter().take(60).map(row).collect(), sums.len(), "more kind")
}
