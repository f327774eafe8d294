//! A sweep: runs over a grid of parameters with several seeds each, as a table, JSON, CSV and a picture.
//!
//! A figure of a point is the median over its seeds, with an interval that holds the true median with 95 % or more (order
//! statistics); of fewer than six seeds, from the lowest to the highest.

use crate::{
    metrics::{FAMILIES, Family, Unit, known},
    panel::{Line, Panel, draw},
    results::Measured,
    statistics::{Interval, median},
    words::{clean, columns, counted, fit, short},
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use sim_core::judged::Status;
use std::{fmt::Write, io};

/// The name and version of the JSON.
const SCHEMA: &str = "sim-sweep/1";
/// What the table and the picture show.
const SHOWN: [(&str, &str); 5] = [
    ("availability", "availability"),
    ("latency.p50", "p50"),
    ("latency.p99", "p99"),
    ("downtime", "downtime"),
    ("messages_per_operation", "messages/op"),
];
/// So many lines a panel has.
const LINES_MAX: usize = 8;
/// So wide a column of the table at most.
const COLUMN_MAX: usize = 36;

/// Runs over a grid.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// The scenario's name.
    pub scenario: String,
    /// Its file, as it was given.
    pub file: String,
    /// Version of the simulator.
    pub version: String,
    /// The command that gives this sweep again.
    pub command: String,
    /// What is varied, in the order in which it was given.
    pub parameters: Vec<String>,
    /// The grid; the last parameter varies fastest.
    pub points: Vec<Point>,
}

/// A point of the grid.
#[derive(Clone, Debug)]
pub struct Point {
    /// The value of each parameter.
    pub values: Vec<String>,
    /// A run for each seed, in order.
    pub runs: Vec<Measured>,
}

impl Point {
    /// The values of a figure, as far as runs have it.
    fn sample(&self, family: &str) -> Vec<f64> {
        let figure = |run: &Measured| {
            run.figures.iter().find(|((_, name), _)| name == family).map(|(_, value)| *value)
        };
        self.runs.iter().filter_map(figure).collect()
    }

    /// Runs of which every expectation held.
    fn held(&self) -> usize {
        self.runs.iter().filter(|run| status(run) == Status::Held).count()
    }
}

fn status(run: &Measured) -> Status {
    run.verdicts.values().copied().max().unwrap_or(Status::Vacuous)
}

/// The table for a terminal. Ends with a newline.
pub fn sweep_text(sweep: &Sweep) -> String {
    let mut head: Vec<String> = sweep.parameters.iter().map(|name| short(name, COLUMN_MAX)).collect();
    head.extend(SHOWN.iter().map(|(_, title)| title.to_string()));
    head.push("held".into());
    let mut rows = vec![head];
    for point in &sweep.points {
        let mut row: Vec<String> = point.values.iter().map(|value| short(value, COLUMN_MAX)).collect();
        row.extend(SHOWN.iter().map(|(name, _)| cell(point, name)));
        row.push(format!("{} of {}", point.held(), point.runs.len()));
        rows.push(row);
    }
    let widths: Vec<usize> =
        (0..rows[0].len()).map(|at| rows.iter().map(|row| columns(&row[at])).max().unwrap_or(0)).collect();
    let mut out = String::new();
    for row in rows {
        let padded = row.iter().zip(&widths).map(|(cell, width)| {
            let cell = fit(cell, *width);
            let gap = " ".repeat(width - columns(&cell));
            cell + &gap
        });
        let _ = writeln!(out, "{}", padded.collect::<Vec<_>>().join("  ").trim_end());
    }
    out
}

fn cell(point: &Point, name: &str) -> String {
    let unit = known(name).expect("one of the families").unit;
    match median(&point.sample(name)) {
        None => "–".into(),
        Some(Interval { low, mean, high }) if low == high => unit.shown(mean),
        Some(Interval { low, mean, high }) => {
            format!("{} ({}…{})", unit.shown(mean), unit.shown(low), unit.shown(high))
        }
    }
}

#[derive(Serialize)]
struct Whole<'a> {
    schema: &'static str,
    scenario: &'a str,
    file: &'a str,
    version: &'a str,
    command: &'a str,
    parameters: &'a [String],
    seeds: Vec<String>,
    points: Vec<Value>,
}

/// The sweep as JSON, pretty-printed. Times are nanoseconds; shares go from 0 to 1.
pub fn sweep_json(sweep: &Sweep) -> String {
    let point = |point: &Point| {
        let metric = |family: &Family| {
            let sample = point.sample(family.name);
            let Interval { low, mean: middle, high } = median(&sample)?;
            let told = json!({ "runs": sample.len(), "median": middle, "low": low, "high": high });
            Some((family.name.to_string(), told))
        };
        let metrics: Map<String, Value> = FAMILIES.iter().filter_map(metric).collect();
        let values: Map<String, Value> =
            sweep.parameters.iter().cloned().zip(point.values.iter().map(|value| json!(value))).collect();
        json!({ "values": values, "runs": point.runs.len(), "held": point.held(), "metrics": metrics })
    };
    let seeds = sweep
        .points
        .first()
        .map_or(Vec::new(), |point| point.runs.iter().map(|run| run.seed.to_string()).collect());
    let whole = Whole {
        schema: SCHEMA,
        scenario: &sweep.scenario,
        file: &sweep.file,
        version: &sweep.version,
        command: &sweep.command,
        parameters: &sweep.parameters,
        seeds,
        points: sweep.points.iter().map(point).collect(),
    };
    serde_json::to_string_pretty(&whole).expect("plain data with string keys") + "\n"
}

/// Every run as a line of CSV: the parameters, the seed, the worst verdict, and all metrics; an empty field is one that could not be
/// measured.
///
/// # Errors
/// Those of `to`.
pub fn sweep_csv(sweep: &Sweep, to: &mut dyn io::Write) -> io::Result<()> {
    let field = crate::operations::field;
    let mut head: Vec<String> = sweep.parameters.iter().map(|name| field(name).into_owned()).collect();
    head.extend(["seed", "status", "fingerprint"].map(String::from));
    head.extend(measured().map(|(_, Family { name, unit, .. })| match unit {
        Unit::Time => format!("{name}_ns"),
        Unit::Share | Unit::Number => name.to_string(),
    }));
    writeln!(to, "{}", head.join(","))?;
    for point in &sweep.points {
        for run in &point.runs {
            let mut row: Vec<String> = point.values.iter().map(|value| field(value).into_owned()).collect();
            row.extend([run.seed.to_string(), status(run).word().into(), run.fingerprint.clone()]);
            let figure = |(place, family): (usize, &Family)| {
                run.figures.get(&(place, family.name.to_string())).map_or_else(String::new, f64::to_string)
            };
            row.extend(measured().map(figure));
            writeln!(to, "{}", row.join(","))?;
        }
    }
    Ok(())
}

/// The families that a run as a whole has a figure of: recoveries are of single faults.
fn measured() -> impl Iterator<Item = (usize, &'static Family)> {
    FAMILIES.iter().enumerate().filter(|(_, family)| family.name != "recovery")
}

/// How figures go along the first parameter, as an SVG file: a panel for each figure, a line with its band for each combination of the
/// other parameters.
pub fn sweep_svg(sweep: &Sweep) -> String {
    let along = distinct(sweep.points.iter().filter_map(|point| point.values.first()));
    let mut others = distinct(sweep.points.iter().map(|point| &point.values[1.min(point.values.len())..]));
    let left_out = others.len().saturating_sub(LINES_MAX);
    others.truncate(LINES_MAX);
    let panel = |title: &str, unit, of: &dyn Fn(&Point) -> Option<Interval>| {
        let line = |rest: &&[String]| {
            let here = |value: &String, point: &&Point| {
                point.values.first() == Some(value) && point.values[1..] == **rest
            };
            let at = |value: &&String| of(sweep.points.iter().find(|point| here(value, point))?);
            let found: Vec<Option<Interval>> = along.iter().map(at).collect();
            Line {
                name: combination(sweep, rest),
                values: found.iter().map(|found| found.map(|found| found.mean)).collect(),
                band: found.iter().map(|found| found.map(|found| (found.low, found.high))).collect(),
            }
        };
        Panel {
            title: title.into(),
            unit,
            labels: along.iter().map(|value| short(value, 20)).collect(),
            lines: others.iter().map(line).collect(),
            across: sweep.parameters.first().map_or_else(String::new, |name| clean(name)),
        }
    };
    let figure = |name: &str| {
        let unit = known(name).expect("one of the families").unit;
        panel(name, unit, &|point| median(&point.sample(name)))
    };
    let mut panels: Vec<Panel> = SHOWN.iter().map(|(name, _)| figure(name)).collect();
    panels.push(panel("runs in which every expectation held", Unit::Share, &|point| {
        let share = point.held() as f64 / point.runs.len().max(1) as f64;
        Some(Interval { low: share, mean: share, high: share })
    }));
    let seeds = sweep.points.first().map_or(0, |point| point.runs.len()) as u64;
    let sure = if seeds < 6 { "goes from the lowest to the highest" } else { "holds the median with 95 %" };
    let more = if left_out > 0 {
        format!(" · {} not drawn", counted(left_out as u64, "combination"))
    } else {
        String::new()
    };
    let (file, seeds) = (short(&sweep.file, 60), counted(seeds, "seed"));
    draw(&panels, &format!("{file} · {seeds} · the band {sure} · sim {}{more}", sweep.version))
}

/// What the parameters behind the first one are, for a legend.
fn combination(sweep: &Sweep, rest: &[String]) -> String {
    let each = sweep.parameters.iter().skip(1).zip(rest).map(|(name, value)| format!("{name} = {value}"));
    let name = each.collect::<Vec<_>>().join(", ");
    if name.is_empty() { "median over seeds".into() } else { short(&name, 120) }
}

/// Each of them once, in the order in which they come.
fn distinct<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut once = Vec::new();
    for one in all {
        if !once.contains(&one) {
            once.push(one);
        }
    }
    once
}
