//! Gauges: numbers that are read off the nodes while a run is recorded, for charts. Reading changes nothing: neither the
//! order of events nor the fingerprint knows whether somebody looked.
//!
//! A recording takes a fixed number of samples, evenly spaced. Of every gauge it keeps the least, the median and the
//! largest reading over the nodes, and in services of at most [`Series::NODES_MAX`] nodes each node's own readings, so that
//! its size does not grow with the length of a run and hardly with its nodes. In a service of more than
//! [`Series::READ_MAX`] nodes only so many are read, evenly spaced by number.
//!
//! Beside the gauges of the protocols there are the engine's own: what each node sent, how busy its interface was, what waited
//! there and at the node itself, and how wrong its clock was.

use crate::{
    link::Nic,
    protocol::{NodeId, Protocol},
    time::Time,
};
use alloc::{string::String, vec::Vec};

/// A number that can be read off a node.
pub struct Gauge<P: Protocol> {
    /// What it is, lower case: "chunks held".
    pub name: &'static str,
    /// What it is counted in: "chunks". May be empty.
    pub unit: &'static str,
    /// Its reading now; `None` if this node has none.
    pub read: fn(&P) -> Option<f64>,
    /// The reading at which this node has reached its goal; `None` for nodes that have none. Where some have, the share
    /// of nodes that reached theirs is recorded too.
    pub goal: fn(&P) -> Option<f64>,
}

impl<P: Protocol> Gauge<P> {
    /// A gauge without a goal.
    pub const fn new(name: &'static str, unit: &'static str, read: fn(&P) -> Option<f64>) -> Self {
        Gauge { name, unit, read, goal: |_| None }
    }

    /// A gauge that has a goal to reach.
    pub const fn toward(
        name: &'static str,
        unit: &'static str,
        read: fn(&P) -> Option<f64>,
        goal: fn(&P) -> Option<f64>,
    ) -> Self {
        Gauge { name, unit, read, goal }
    }
}

/// A moment before which, as theory has it, not all nodes can have reached the goal of a gauge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The gauge.
    pub gauge: &'static str,
    /// What the bound is, and whose: "13 rounds (Mundinger, Weber and Weiss 2008)".
    pub name: String,
    /// The moment.
    pub at: Time,
}

/// What theory may want to know of the world around a service.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// How each node of the service is attached, in their order.
    pub nics: Vec<Nic>,
}

/// The readings of one gauge of one service.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The service, by its position in [`crate::run::Run::services`].
    pub service: usize,
    /// The gauge.
    pub name: &'static str,
    /// What it is counted in.
    pub unit: &'static str,
    /// Whether it is one of the engine's own.
    pub own: bool,
    /// Whether it is nothing as a rule, and left out of a recording in which it always was.
    pub seldom: bool,
    /// Over all nodes that were read, one for each of [`Recording::moments`].
    pub points: Vec<Point>,
    /// The nodes that are told one by one; empty in large services.
    pub nodes: Vec<NodeId>,
    /// Their readings, for each of `nodes` one for each moment; NaN where there was none.
    pub each: Vec<Vec<f32>>,
    /// The largest goal of any node; 0 if there is none.
    pub goal: f64,
    /// What theory says of the goal.
    pub bounds: Vec<Bound>,
}

impl Series {
    /// Services of at most so many nodes are told node by node.
    pub const NODES_MAX: u32 = 1_024;
    /// Of larger services at most so many nodes are read.
    pub const READ_MAX: u32 = 20_000;
}

/// The readings of one gauge at one moment, over the nodes that had one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// So many had one; the figures below are 0 if none had.
    pub nodes: u32,
    /// The least.
    pub min: f64,
    /// The lower one of the middle two, if their number is even.
    pub median: f64,
    /// The largest.
    pub max: f64,
    /// Nodes that have a goal, by what was last known of them.
    pub aiming: u32,
    /// Those of them that had reached it, by their last reading.
    pub done: u32,
}

/// What was recorded of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recording {
    /// When samples were taken.
    pub moments: Vec<Time>,
    /// Service by service: the gauges of its protocol, then the engine's own.
    pub series: Vec<Series>,
}

/// A reading and a goal, each NaN where there is none.
pub(crate) type Reading = [f64; 2];

/// Takes the samples.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    samples: u32,
    until: Time,
    taken: u32,
    recording: Recording,
    /// For each series and node that is read: what was last known.
    last: Vec<Vec<Reading>>,
    /// For each series of the engine's own and each node that is read: what had been counted at the last sample.
    counted: Vec<Vec<f64>>,
    scratch: Vec<f64>,
}

impl Recorder {
    pub(crate) fn new(samples: u32, until: Time, series: Vec<Series>) -> Recorder {
        let last = alloc::vec![Vec::new(); series.len()];
        let counted = alloc::vec![Vec::new(); series.len()];
        let recording = Recording { moments: Vec::new(), series };
        Recorder { samples: samples.max(1), until, taken: 0, recording, last, counted, scratch: Vec::new() }
    }

    /// When the next sample is due; `None` after the last.
    pub(crate) fn due(&self) -> Option<Time> {
        let next = u128::from(self.taken) + 1;
        let at = u128::from(self.until.0) * next / u128::from(self.samples);
        (self.taken < self.samples).then_some(Time(at as u64))
    }

    /// Begins a sample: since when the nodes have gone on since the one before.
    pub(crate) fn begin(&mut self, now: Time) -> Time {
        self.taken += 1;
        let before = self.recording.moments.last().copied().unwrap_or(Time::ZERO);
        self.recording.moments.push(now);
        before
    }

    /// Takes note of what one gauge read at the nodes of its service that are read, in their order.
    pub(crate) fn take(&mut self, series: usize, readings: &[Reading]) {
        let last = &mut self.last[series];
        last.resize(readings.len(), [f64::NAN; 2]);
        let Series { each, points, goal, .. } = &mut self.recording.series[series];
        for (own, [reading, _]) in each.iter_mut().zip(readings) {
            own.push(*reading as f32);
        }
        self.scratch.clear();
        let mut point = Point::default();
        for (known, [reading, wanted]) in last.iter_mut().zip(readings) {
            if !reading.is_nan() {
                *known = [*reading, *wanted];
                self.scratch.push(*reading);
            }
            if !known[1].is_nan() {
                *goal = goal.max(known[1]);
                point.aiming += 1;
                point.done += u32::from(known[0] >= known[1]);
            }
        }
        if !self.scratch.is_empty() {
            let middle = (self.scratch.len() - 1) / 2;
            point.nodes = self.scratch.len() as u32;
            let (below, median, above) = self.scratch.select_nth_unstable_by(middle, f64::total_cmp);
            point.median = *median;
            point.min = below.iter().copied().fold(*median, f64::min);
            point.max = above.iter().copied().fold(*median, f64::max);
        }
        points.push(point);
    }

    /// The gauge of this series, if it is one of the engine's own for this service.
    pub(crate) fn own(&self, series: usize, service: usize) -> Option<&'static str> {
        let series = self.recording.series.get(series)?;
        (series.own && series.service == service).then_some(series.name)
    }

    /// What has been counted at a node, the one at this place among those that are read, since the last sample.
    pub(crate) fn more(&mut self, series: usize, place: usize, total: f64) -> f64 {
        let counted = &mut self.counted[series];
        counted.resize(counted.len().max(place + 1), 0.0);
        total - core::mem::replace(&mut counted[place], total)
    }

    pub(crate) fn finish(mut self) -> Recording {
        let nothing = |point: &Point| point.min == 0.0 && point.max == 0.0;
        self.recording.series.retain(|series| !(series.seldom && series.points.iter().all(nothing)));
        self.recording
    }
}

/// Every how many-th node of a service of this size is read.
pub(crate) fn stride(nodes: u32) -> usize {
    nodes.div_ceil(Series::READ_MAX).max(1) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn recorder() -> Recorder {
        let series = Series {
            service: 0,
            name: "held",
            unit: "chunks",
            own: false,
            seldom: false,
            points: Vec::new(),
            nodes: vec![NodeId(0), NodeId(1)],
            each: vec![Vec::new(); 2],
            goal: 0.0,
            bounds: Vec::new(),
        };
        Recorder::new(3, Time(100), vec![series])
    }

    #[test]
    fn samples_are_evenly_spaced_and_the_last_is_at_the_end() {
        let mut recorder = recorder();
        let mut moments = Vec::new();
        while let Some(at) = recorder.due() {
            let before = recorder.begin(at);
            assert_eq!(before, moments.last().copied().unwrap_or(Time::ZERO));
            moments.push(at);
        }
        assert_eq!(moments, [Time(33), Time(66), Time(100)]);
    }

    #[test]
    fn a_node_that_is_down_has_no_reading_and_what_it_reached_stands() {
        let mut recorder = recorder();
        recorder.take(0, &[[1.0, f64::NAN], [5.0, 5.0], [2.0, 5.0], [7.0, f64::NAN]]);
        recorder.take(0, &[[1.0, f64::NAN], [f64::NAN; 2], [5.0, 5.0], [f64::NAN; 2]]);
        let series = recorder.finish().series.remove(0);
        let first = Point { nodes: 4, min: 1.0, median: 2.0, max: 7.0, aiming: 2, done: 1 };
        assert_eq!(
            series.points,
            [first, Point { nodes: 2, min: 1.0, median: 1.0, max: 5.0, aiming: 2, done: 2 }]
        );
        assert_eq!(series.each[0], [1.0, 1.0]);
        assert!(series.each[1][1].is_nan());
        assert_eq!(series.goal, 5.0);
    }
}
