//! What was read off the nodes, drawn over time: how many have reached their goal and when theory allows it, how the readings
//! lie, and node by node.
//!
//! Drawn are services whose protocol has gauges, and of those the gauges, and how busy the interfaces were. What a recording
//! holds beside that is in the summary for machines.

use crate::{
    axis::Axis,
    charts::{Chart, Place, Series as Drawn},
    palette::{BLUE, GREEN, ORANGE, VERMILLION},
    words::{count, moment, short},
};
use sim_core::{
    gauge::{Point, Recording, Series},
    judged::Judged,
    time::Time,
};
use std::fmt::Write;

/// A chart, and what it shows.
pub(crate) struct Picture {
    pub(crate) title: String,
    pub(crate) svg: String,
}

/// Pages stay readable, and small.
const PICTURES_MAX: usize = 12;
/// So many rows tell nodes apart; where there are more nodes, neighbours share one.
const ROWS_MAX: usize = 48;
/// So many columns tell moments apart.
const COLUMNS_MAX: usize = 100;
/// So many shades tell readings apart.
const LEVELS: f64 = 5.0;

/// The series of services whose protocol has gauges.
pub(crate) fn told(judged: &Judged) -> impl Iterator<Item = &Series> {
    let all = judged.run.recording.iter().flat_map(|recording| &recording.series);
    let services: Vec<usize> =
        all.clone().filter(|series| !series.own).map(|series| series.service).collect();
    all.filter(move |series| series.seldom || services.contains(&series.service))
}

/// All charts of what was read off the nodes in one SVG file, one below the other; `None` if there is nothing of the kind.
pub fn gauges_svg(judged: &Judged) -> Option<String> {
    stacked(pictures(judged, Place::File))
}

/// Pictures one below the other.
pub(crate) fn stacked(pictures: Vec<Picture>) -> Option<String> {
    const HEIGHT: &str = "height=\"";
    let mut body = String::new();
    let mut y = 0;
    for Picture { svg, .. } in pictures {
        let height = svg.find(HEIGHT).map_or("", |at| &svg[at + HEIGHT.len()..]);
        let height: u32 = height.split('"').next().and_then(|number| number.parse().ok()).unwrap_or(0);
        let _ = writeln!(body, "<g transform=\"translate(0,{y})\">\n{svg}</g>");
        y += height + 16;
    }
    let size = format!("width=\"1000\" height=\"{y}\" viewBox=\"0 0 1000 {y}\"");
    (y > 0).then(|| format!("<svg {size} xmlns=\"http://www.w3.org/2000/svg\">\n{body}</svg>\n"))
}

pub(crate) fn pictures(judged: &Judged, place: Place) -> Vec<Picture> {
    let Some(recording) = &judged.run.recording else { return Vec::new() };
    let mut pictures = Vec::new();
    // What the protocols tell comes first: it is what a run is about.
    let mut all: Vec<&Series> =
        told(judged).filter(|series| !series.own || series.unit == "%" || series.seldom).collect();
    all.sort_by_key(|series| (series.own, series.seldom));
    for series in all {
        if series.points.iter().all(|point| point.nodes == 0) {
            continue;
        }
        if series.goal > 0.0 {
            pictures.push(completion(judged, recording, series, place));
        }
        pictures.push(spread(judged, recording, series, place));
        if series.nodes.len() > 1 && (series.goal > 0.0 || series.own && !series.seldom) {
            pictures.push(map(judged, recording, series, place));
        }
    }
    pictures.truncate(PICTURES_MAX);
    pictures
}

/// In a sentence, for each gauge with a goal: who has reached it, and what theory says of that.
pub(crate) fn sentences(judged: &Judged) -> Vec<String> {
    let Some(recording) = &judged.run.recording else { return Vec::new() };
    let sentence = |series: &Series| {
        let last = series.points.last().filter(|point| point.aiming > 0)?;
        let (done, aiming) = (count(last.done.into()), count(last.aiming.into()));
        let when = recording.moments.iter().zip(&series.points).find(|(_, point)| point.done == point.aiming);
        let when = when.filter(|_| last.done == last.aiming);
        let when = when.map_or_else(String::new, |(at, _)| format!(" by {}", moment(*at)));
        let bound = series.bounds.iter().max_by_key(|bound| bound.at);
        let bound = bound.map_or_else(String::new, |b| format!("; not before {}, {}", moment(b.at), b.name));
        Some(format!("{}: {done} of {aiming} at {}{when}{bound}", series.name, goal(series)))
    };
    told(judged).filter(|series| series.goal > 0.0).filter_map(sentence).collect()
}

fn goal(series: &Series) -> String {
    format!("{} {}", number(series.goal), series.unit).trim_end().into()
}

pub(crate) fn title(judged: &Judged, series: &Series) -> String {
    let service = judged.run.services.get(series.service).map_or("", |service| &service.name);
    format!("{}: {}", short(service, 40), series.name)
}

/// The share of nodes that have reached the goal, and the moments before which nobody can.
fn completion(judged: &Judged, recording: &Recording, series: &Series, place: Place) -> Picture {
    let axis = Axis::of(judged);
    let share = |point: &Point| f64::from(point.done) / f64::from(point.aiming.max(1));
    let mut steps = vec![(0.0, 0.0)];
    for (at, point) in recording.moments.iter().zip(&series.points) {
        let before = steps.last().map_or(0.0, |step| step.1);
        steps.extend([(axis.share(*at), before), (axis.share(*at), share(point))]);
    }
    let tip = |point: &Point| format!("{} of {} at {}", point.done, point.aiming, goal(series));
    let title = format!("{}, nodes at {}", title(judged, series), goal(series));
    let chart = Chart {
        judged,
        axis,
        tips: tips(recording, series, tip),
        title: &title,
        key: vec![("reached".into(), BLUE), ("not before".into(), VERMILLION)],
        ticks: [0, 25, 50, 75, 100].map(|n| (f64::from(n) / 100.0, format!("{n}\u{a0}%"))).into(),
        series: vec![Drawn::Line(steps, BLUE, 2)],
        rule: None,
        uprights: series.bounds.iter().map(|bound| (axis.share(bound.at), bound.name.clone())).collect(),
        height: 150.0,
    };
    Picture { svg: chart.draw(place), title }
}

/// The least, the median and the largest reading.
fn spread(judged: &Judged, recording: &Recording, series: &Series, place: Place) -> Picture {
    let axis = Axis::of(judged);
    let most = series.points.iter().map(|point| point.max).fold(series.goal, f64::max);
    let least = series.points.iter().map(|point| point.min).fold(0.0, f64::min);
    // Below zero there are clocks that are behind.
    let below = ticks(-least).into_iter().skip(1).rev().map(|tick| -tick).filter(|_| least < 0.0);
    let ticks: Vec<f64> =
        below.chain(ticks(most).into_iter().take(if most > 0.0 || least == 0.0 { 7 } else { 1 })).collect();
    let (bottom, top) = (least, ticks.last().copied().unwrap_or(1.0).max(most));
    let share = |value: f64| ((value - bottom) / (top - bottom)).clamp(0.0, 1.0);
    let line = |pick: fn(&Point) -> f64| -> Vec<(f64, f64)> {
        let read = recording.moments.iter().zip(&series.points).filter(|(_, point)| point.nodes > 0);
        read.map(|(at, point)| (axis.share(*at), share(pick(point)))).collect()
    };
    let tip = |point: &Point| {
        let [min, median, max] = [point.min, point.median, point.max].map(number);
        format!("{} nodes: least {min}, median {median}, most {max} {}", point.nodes, series.unit)
    };
    let title = title(judged, series);
    let chart = Chart {
        judged,
        axis,
        tips: tips(recording, series, tip),
        title: &title,
        key: vec![("least".into(), ORANGE), ("median".into(), GREEN), ("most".into(), BLUE)],
        ticks: ticks.iter().map(|&tick| (share(tick), with_unit(tick, series.unit))).collect(),
        series: vec![
            Drawn::Line(line(|point| point.max), BLUE, 2),
            Drawn::Line(line(|point| point.min), ORANGE, 2),
            Drawn::Line(line(|point| point.median), GREEN, 2),
        ],
        rule: None,
        uprights: Vec::new(),
        height: 150.0,
    };
    Picture { svg: chart.draw(place), title }
}

/// A row for each node, darker the more it reads; the first on top.
fn map(judged: &Judged, recording: &Recording, series: &Series, place: Place) -> Picture {
    let axis = Axis::of(judged);
    let full = series.points.iter().map(|point| point.max).fold(series.goal, f64::max);
    let (nodes, moments) = (series.nodes.len(), recording.moments.len());
    let rows = nodes.min(ROWS_MAX);
    let row = |index: usize| index * nodes / rows..(index + 1) * nodes / rows;
    let stride = moments.div_ceil(COLUMNS_MAX).max(1);
    let mut drawn = Vec::new();
    for index in 0..rows {
        let [top, bottom] = [index, index + 1].map(|edge| 1.0 - edge as f64 / rows as f64);
        let mut open: Option<(f64, f64)> = None;
        let mut from = 0.0;
        for column in (0..moments).step_by(stride).chain([moments]) {
            let until = (column + stride).min(moments);
            let level = if column < moments { level(series, row(index), column..until, full) } else { 0.0 };
            if open.is_none_or(|(_, shade)| shade != level)
                && let Some((start, shade)) = open.replace((from, level)).filter(|(_, shade)| *shade > 0.0)
            {
                drawn.push(Drawn::Block([(start, bottom), (from, top)], BLUE, shade));
            }
            from = recording.moments.get(until.max(1) - 1).map_or(1.0, |at| axis.share(*at));
        }
    }
    let name = |index: usize| {
        let node = judged.run.name(series.nodes[row(index).start]);
        (1.0 - (index as f64 + 0.5) / rows as f64, short(&node, 12))
    };
    let shared = nodes.div_ceil(rows);
    let each = if shared > 1 { format!("{shared} neighbours a row") } else { "node by node".into() };
    let title = format!("{}, {each}", title(judged, series));
    let chart = Chart {
        judged,
        axis,
        tips: Vec::new(),
        title: &title,
        key: vec![(with_unit(full, series.unit), BLUE)],
        ticks: (0..rows).step_by(rows.div_ceil(8)).map(name).collect(),
        series: drawn,
        rule: None,
        uprights: Vec::new(),
        height: (rows as f64 * 14.0).clamp(56.0, 240.0),
    };
    Picture { svg: chart.draw(place), title }
}

/// The mean reading of these nodes at these moments, as a shade; only what is full is darkest.
fn level(
    series: &Series,
    nodes: core::ops::Range<usize>,
    moments: core::ops::Range<usize>,
    full: f64,
) -> f64 {
    let readings = series.each.get(nodes).into_iter().flatten();
    let readings = readings.filter_map(|node| node.get(moments.clone())).flatten();
    let (mut sum, mut read) = (0.0, 0.0);
    for reading in readings.filter(|reading| !reading.is_nan()) {
        sum += f64::from(*reading);
        read += 1.0;
    }
    // An interface is never busy to the last nanosecond.
    const NEARLY: f64 = 0.02;
    let level = (sum / read / full * LEVELS + NEARLY).floor().min(LEVELS) / LEVELS;
    if read == 0.0 || full <= 0.0 { 0.0 } else { level }
}

/// A text for each moment, from the one before it.
fn tips(recording: &Recording, series: &Series, tip: impl Fn(&Point) -> String) -> Vec<(Time, Time, String)> {
    let from = [Time::ZERO].into_iter().chain(recording.moments.iter().copied());
    let all = from.zip(&recording.moments).zip(&series.points);
    all.map(|((from, until), point)| (from, *until, format!("{}: {}", moment(*until), tip(point)))).collect()
}

/// Round numbers from zero, about five of them.
pub(crate) fn ticks(most: f64) -> Vec<f64> {
    if !most.is_finite() || most <= 0.0 {
        return vec![0.0, 1.0];
    }
    let mut step = 1.0;
    while most / step < 1.0 {
        step /= 10.0;
    }
    for factor in [2.0, 2.5, 2.0].into_iter().cycle() {
        if most / step <= 6.0 {
            break;
        }
        step *= factor;
    }
    (0..=6).map(|n| f64::from(n) * step).filter(|tick| *tick <= most).collect()
}

fn number(value: f64) -> String {
    if value < 0.0 {
        return format!("−{}", number(-value));
    }
    if value >= 10.0 || value.fract() == 0.0 { count(value.round() as u64) } else { format!("{value:.2}") }
}

fn with_unit(value: f64, unit: &str) -> String {
    if unit == "%" { format!("{}\u{a0}%", number(value)) } else { number(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_sign() {
        assert_eq!([-2_500.0, -0.5, 0.0, 12.4].map(number), ["−2,500", "−0.50", "0", "12"]);
    }

    #[test]
    fn ticks_are_round_and_reach_what_is_read() {
        assert_eq!(ticks(10.0), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(ticks(100.0), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        assert_eq!(ticks(1.0), [0.0, 1.0]);
        assert!((3..=7).contains(&ticks(0.35).len()));
        for most in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(ticks(most), [0.0, 1.0]);
        }
    }
}
