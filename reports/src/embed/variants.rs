//! Variants side by side, as the script of their page reads it: `templates/page/compare.js` is its other half.

use super::{happenings, operations, readings::rounded};
use crate::{axis::Axis, columns, gauges, words::short};
use serde::Serialize;
use sim_core::{
    gauge::{Point, Series},
    judged::Judged,
    time::Time,
};

/// So many gauges are drawn.
const GAUGES_MAX: usize = 24;

#[derive(Serialize)]
struct Data {
    end: u64,
    variants: Vec<Variant>,
    gauges: Vec<Gauge>,
    /// What struck all variants in the same way.
    faults: Vec<happenings::FaultMark>,
    /// Here no property is told broken: the table and the reports do.
    violations: [(); 0],
}

#[derive(Serialize)]
struct Variant {
    name: String,
    columns: operations::Columns,
}

/// A gauge, or the share of nodes that reached its goal, in every variant that has it.
#[derive(Serialize)]
struct Gauge {
    title: String,
    unit: &'static str,
    #[serde(skip)]
    seldom: bool,
    lines: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    variant: usize,
    at: Vec<u64>,
    /// The median over the nodes, or the furthest from nothing; null where nobody had a reading.
    values: Vec<f64>,
}

/// The data of the page, ready to stand in it.
pub(crate) fn variants(names: &[String], judged: &[&Judged]) -> String {
    let end = judged.iter().map(|judged| Axis::of(judged).end).max().unwrap_or(Time::ZERO);
    let variant = |(name, judged): (&String, &&Judged)| {
        let shown = columns::columns(judged, Axis::of(judged).end);
        Variant { name: short(name, 60), columns: operations::columns(judged, &shown) }
    };
    super::ready(&Data {
        end: end.0,
        variants: names.iter().zip(judged).map(variant).collect(),
        gauges: all_gauges(judged),
        faults: common(judged),
        violations: [],
    })
}

/// Faults of the first that all others have, too, at the same time.
fn common(judged: &[&Judged]) -> Vec<happenings::FaultMark> {
    let mut all = judged.iter().map(|judged| happenings::faults(judged));
    let mut common = all.next().unwrap_or_default();
    for others in all {
        common.retain(|mark| others.iter().any(|other| mark.same(other)));
    }
    common
}

fn all_gauges(judged: &[&Judged]) -> Vec<Gauge> {
    let mut found: Vec<Gauge> = Vec::new();
    for (variant, judged) in judged.iter().enumerate() {
        let at: Vec<u64> =
            judged.run.recording.iter().flat_map(|r| r.moments.iter().map(|at| at.0)).collect();
        for series in gauges::told(judged) {
            if series.own && !series.seldom {
                continue;
            }
            let title = gauges::title(judged, series);
            let mut add = |title: String, unit, values: Vec<f64>| {
                let line = Line { variant, at: at.clone(), values };
                match found.iter_mut().find(|gauge| gauge.title == title) {
                    Some(gauge) => gauge.lines.push(line),
                    None => found.push(Gauge { title, unit, seldom: series.seldom, lines: vec![line] }),
                }
            };
            if series.goal > 0.0 {
                add(format!("{title}, nodes that have all"), "%", reached(series));
            }
            // One node of many whose clock is off, or whose queue is full, is what is to be seen.
            let (title, pick): (String, fn(&Point) -> f64) = match series.seldom {
                true => (format!("{title}, where it is most"), furthest),
                false => (title, |point| point.median),
            };
            let read = |point: &Point| if point.nodes > 0 { rounded(pick(point)) } else { f64::NAN };
            add(title, series.unit, series.points.iter().map(read).collect());
        }
    }
    // What the protocols tell comes first.
    found.sort_by_key(|gauge| gauge.seldom);
    found.truncate(GAUGES_MAX);
    found
}

fn furthest(point: &Point) -> f64 {
    if -point.min > point.max { point.min } else { point.max }
}

fn reached(series: &Series) -> Vec<f64> {
    let share = |point: &Point| match point.aiming {
        0 => f64::NAN,
        aiming => rounded(100.0 * f64::from(point.done) / f64::from(aiming)),
    };
    series.points.iter().map(share).collect()
}
