//! What was read off the nodes, and what they worked on.

use crate::words::short;
use serde::Serialize;
use sim_core::{
    gauge::{Point, Series},
    judged::Judged,
    task::{How, Task, Why},
};

const SERIES_MAX: usize = 40;
const TASKS_MAX: usize = 4_000;
/// Of so many nodes each has a line of its own.
const LINES_MAX: usize = 12;

#[derive(Serialize)]
pub(super) struct Readings {
    at: Vec<u64>,
    list: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    service: usize,
    name: &'static str,
    unit: &'static str,
    own: bool,
    goal: f64,
    bounds: Vec<(String, u64)>,
    /// Whether it is nothing as a rule: what waits, and what clocks are off by.
    seldom: bool,
    /// Of all nodes together, where that is known; null where nobody had a reading.
    sum: Vec<f64>,
    min: Vec<f64>,
    median: Vec<f64>,
    max: Vec<f64>,
    each: Vec<(u32, Vec<f64>)>,
}

/// Four significant digits: a chart shows no more, and a page has no room for more. What is no number becomes null.
pub(super) fn rounded(number: f64) -> f64 {
    if !number.is_finite() || number == 0.0 {
        return number;
    }
    let scale = libm::pow(10.0, 3.0 - libm::floor(libm::log10(libm::fabs(number))));
    let near = libm::round(number * scale) / scale;
    if near.is_finite() { near } else { number }
}

pub(super) fn readings(judged: &Judged) -> Option<Readings> {
    let recording = judged.run.recording.as_ref()?;
    let services = &judged.run.services;
    let wanted = |series: &&Series| {
        let read = series.points.iter().any(|point| point.nodes > 0);
        read && series.service < services.len()
            && (!series.own || series.unit != "%" || series.nodes.len() <= 64)
    };
    let list: Vec<Line> = recording.series.iter().filter(wanted).take(SERIES_MAX).map(line).collect();
    let at = recording.moments.iter().map(|at| at.0).collect();
    (!list.is_empty()).then_some(Readings { at, list })
}

fn line(series: &Series) -> Line {
    let figures = |pick: fn(&Point) -> f64| -> Vec<f64> {
        let figure = |point: &Point| if point.nodes > 0 { rounded(pick(point)) } else { f64::NAN };
        series.points.iter().map(figure).collect()
    };
    let sum = |moment: usize| {
        let readings = series.each.iter().filter_map(|node| node.get(moment)).filter(|x| x.is_finite());
        let sum = readings.map(|&reading| f64::from(reading)).reduce(|one, other| one + other);
        rounded(sum.unwrap_or(f64::NAN))
    };
    let each = series.nodes.iter().zip(&series.each);
    let own_line = |(node, readings): (&sim_core::protocol::NodeId, &Vec<f32>)| {
        (node.0, readings.iter().map(|&reading| rounded(f64::from(reading))).collect())
    };
    Line {
        service: series.service,
        name: series.name,
        unit: series.unit,
        own: series.own,
        seldom: series.seldom,
        goal: rounded(series.goal),
        bounds: series.bounds.iter().map(|bound| (short(&bound.name, 80), bound.at.0)).collect(),
        sum: if series.each.is_empty() { Vec::new() } else { (0..series.points.len()).map(sum).collect() },
        min: figures(|point| point.min),
        median: figures(|point| point.median),
        max: figures(|point| point.max),
        each: if series.nodes.len() <= LINES_MAX && (!series.own || series.seldom) {
            each.map(own_line).collect()
        } else {
            Vec::new()
        },
    }
}

/// Tasks as bars.
#[derive(Serialize)]
pub(super) struct Bars {
    kinds: Vec<&'static str>,
    total: u64,
    node: Vec<u32>,
    kind: Vec<usize>,
    job: Vec<u32>,
    number: Vec<u32>,
    from: Vec<u64>,
    /// The end of the run for what goes on then.
    until: Vec<u64>,
    /// What became of it, and twelve more for one done again, 24 more for a backup: see `data.js`.
    how: Vec<u32>,
}

pub(super) fn bars(judged: &Judged) -> Option<Bars> {
    let tasks = &judged.run.tasks;
    if tasks.tasks.is_empty() {
        return None;
    }
    let mut kinds: Vec<&'static str> = tasks.tasks.iter().map(|task| task.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    // What went wrong, and then the longest: of many those that one would look for.
    let mut shown: Vec<&Task> = tasks.tasks.iter().collect();
    if shown.len() > TASKS_MAX {
        let length = |task: &Task| task.ended.unwrap_or(judged.run.ended).since(task.begun);
        let plain = |task: &Task| task.why == Why::First && task.how == How::Done;
        shown.sort_by_key(|task| (plain(task), core::cmp::Reverse(length(task))));
        shown.truncate(TASKS_MAX);
    }
    shown.sort_by_key(|task| (task.begun, task.node, task.number));
    let how = |task: &&Task| {
        let how = match task.how {
            How::Running => 0,
            How::Done => 1,
            How::Beaten => 2,
            How::Failed => 3,
            How::Lost => 4,
        };
        let why = match task.why {
            Why::First => 0,
            Why::Again => 1,
            Why::Backup => 2,
        };
        how + 12 * why
    };
    Some(Bars {
        total: tasks.tasks.len() as u64 + tasks.untold,
        node: shown.iter().map(|task| task.node.0).collect(),
        kind: shown.iter().map(|task| kinds.binary_search(&task.kind).unwrap_or(0)).collect(),
        job: shown.iter().map(|task| task.job).collect(),
        number: shown.iter().map(|task| task.number).collect(),
        from: shown.iter().map(|task| task.begun.0).collect(),
        until: shown.iter().map(|task| task.ended.unwrap_or(judged.run.ended).0).collect(),
        how: shown.iter().map(how).collect(),
        kinds,
    })
}
