//! The entries of the summary for what only a recorded run has: readings of gauges, and tasks. `SUMMARY.md` says what each
//! key means.

use crate::{
    gauges,
    sums::{TaskSum, task_sums},
};
use serde::Serialize;
use sim_core::judged::Judged;

/// What was read off the nodes of services whose protocol has gauges.
#[derive(Serialize)]
pub(crate) struct ReadingsEntry<'a> {
    moments_ns: Vec<u64>,
    list: Vec<SeriesEntry<'a>>,
}

#[derive(Serialize)]
struct SeriesEntry<'a> {
    service: &'a str,
    name: &'static str,
    unit: &'static str,
    goal: Option<f64>,
    bounds: Vec<BoundEntry<'a>>,
    nodes: Vec<u32>,
    min: Vec<f64>,
    median: Vec<f64>,
    max: Vec<f64>,
    done: Vec<u32>,
}

#[derive(Serialize)]
struct BoundEntry<'a> {
    name: &'a str,
    at_ns: u64,
}

/// `None` where there are none.
pub(crate) fn readings(judged: &Judged) -> Option<ReadingsEntry<'_>> {
    let recording = judged.run.recording.as_ref()?;
    let list: Vec<SeriesEntry<'_>> = gauges::told(judged)
        .map(|series| SeriesEntry {
            service: judged.run.services.get(series.service).map_or("", |service| &service.name),
            name: series.name,
            unit: series.unit,
            goal: Some(series.goal).filter(|goal| *goal > 0.0),
            bounds: series.bounds.iter().map(|b| BoundEntry { name: &b.name, at_ns: b.at.0 }).collect(),
            nodes: series.points.iter().map(|point| point.nodes).collect(),
            min: series.points.iter().map(|point| point.min).collect(),
            median: series.points.iter().map(|point| point.median).collect(),
            max: series.points.iter().map(|point| point.max).collect(),
            done: series.points.iter().map(|point| point.done).collect(),
        })
        .collect();
    let moments_ns = recording.moments.iter().map(|at| at.0).collect();
    (!list.is_empty()).then_some(ReadingsEntry { moments_ns, list })
}

/// What nodes worked on.
#[derive(Serialize)]
pub(crate) struct TasksEntry<'a> {
    untold: u64,
    list: Vec<TaskEntry<'a>>,
}

#[derive(Serialize)]
struct TaskEntry<'a> {
    service: &'a str,
    kind: &'static str,
    tasks: u64,
    finished: u64,
    done: u64,
    again: u64,
    backups: u64,
    backups_won: u64,
    lost: u64,
    beaten: u64,
    failed: u64,
    running: u64,
    bytes: u64,
    local_bytes: u64,
    crossed_bytes: u64,
    local_share: Option<f64>,
    median_ns: u64,
    longest_ns: u64,
}

/// `None` where there are none.
pub(crate) fn tasks(judged: &Judged) -> Option<TasksEntry<'_>> {
    let entry = |sum: TaskSum| TaskEntry {
        service: judged.run.services.get(sum.service).map_or("", |service| &service.name),
        crossed_bytes: sum.crossed(),
        local_share: (sum.bytes > 0).then(|| sum.local as f64 / sum.bytes as f64),
        kind: sum.kind,
        tasks: sum.tasks,
        finished: sum.finished,
        done: sum.done,
        again: sum.again,
        backups: sum.backups,
        backups_won: sum.backups_won,
        lost: sum.lost,
        beaten: sum.beaten,
        failed: sum.failed,
        running: sum.running,
        bytes: sum.bytes,
        local_bytes: sum.local,
        median_ns: sum.median.0,
        longest_ns: sum.longest.0,
    };
    let list: Vec<TaskEntry<'_>> = task_sums(&judged.run).into_iter().map(entry).collect();
    (!list.is_empty()).then_some(TasksEntry { untold: judged.run.tasks.untold, list })
}
