//! Recording: the world stops between two events, looks at its nodes, and goes on as if it had not.

use super::World;
use crate::{
    gauge::{Reading, Recorder, Series, Surroundings, stride},
    link::Nic,
    protocol::NodeId,
    run::ServiceInfo,
    task::Tasks,
    time::Time,
};
use alloc::vec::Vec;

/// In worlds of more nodes what each one sends is not counted: it would cost memory, and a wait for it, at every message.
const METERED_MAX: usize = 100_000;

/// The gauges that every node has: name, unit, and how to read them.
const OWN: [(&str, &str, Own); 8] = [
    ("uplink use", "%", Own::Rate(Rate::Up)),
    ("downlink use", "%", Own::Rate(Rate::Down)),
    ("bytes sent", "B/s", Own::Rate(Rate::Bytes)),
    ("messages sent", "/s", Own::Rate(Rate::Messages)),
    ("uplink queue", "B", Own::Level(Level::Up)),
    ("downlink queue", "B", Own::Level(Level::Down)),
    ("inputs waiting", "", Own::Level(Level::Inputs)),
    ("clock offset", "ms", Own::Level(Level::Clock)),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Own {
    /// What has passed since the last sample.
    Rate(Rate),
    /// What is there now. It is told where it ever was anything but nothing.
    Level(Level),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rate {
    /// The share of its rate that an uplink used.
    Up,
    Down,
    Bytes,
    Messages,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    /// What an uplink has taken and not sent yet.
    Up,
    Down,
    /// What waits for the node itself: for a core, or because it is busy or frozen.
    Inputs,
    /// By how much its clock is ahead.
    Clock,
}

impl World {
    /// Reads what can be read off the nodes so many times, evenly spaced, from now on to the end of the plan. Call it when
    /// every service is filled and before the world runs; the recording is part of the finished run.
    pub fn record(&mut self, samples: u32) {
        self.kernel.tasks = Some(Tasks::default());
        let metered = self.kernel.processes.len() <= METERED_MAX;
        if metered {
            self.kernel.network.meter(&mut self.kernel.books);
        }
        let mut all = Vec::new();
        for (service, group) in self.groups.iter().enumerate() {
            let info = &self.services[service];
            let attached = self.nics(info);
            let limited = |own: &Own| match own {
                Own::Rate(Rate::Up) | Own::Level(Level::Up) => attached.iter().any(|nic| nic.up.is_some()),
                Own::Rate(Rate::Down) | Own::Level(Level::Down) => {
                    attached.iter().any(|nic| nic.down.is_some())
                }
                Own::Rate(Rate::Bytes | Rate::Messages) | Own::Level(Level::Inputs | Level::Clock) => true,
            };
            let bounds = group.bounds(&Surroundings { nics: attached.clone() });
            let told = group.gauges().into_iter().map(|(name, unit)| (name, unit, false));
            let own = OWN.iter().filter(|(.., own)| metered && limited(own));
            let own = own.map(|(name, unit, _)| (*name, *unit, true));
            for (name, unit, own) in told.chain(own) {
                let level =
                    |&(other, _, own): &(&str, &str, Own)| other == name && matches!(own, Own::Level(_));
                let seldom = own && OWN.iter().any(level);
                let singly = info.nodes <= Series::NODES_MAX;
                let nodes: Vec<NodeId> = if singly { info.ids().collect() } else { Vec::new() };
                let bounds = bounds.iter().filter(|bound| !own && bound.gauge == name).cloned().collect();
                let each = alloc::vec![Vec::new(); nodes.len()];
                all.push(Series {
                    service,
                    name,
                    unit,
                    own,
                    seldom,
                    points: Vec::new(),
                    nodes,
                    each,
                    goal: 0.0,
                    bounds,
                });
            }
        }
        self.recorder = Some(Recorder::new(samples, self.plan.until, all));
    }

    /// How the nodes of a service are attached.
    fn nics(&self, service: &ServiceInfo) -> Vec<Nic> {
        let nics = &self.plan.network.nics;
        service.ids().map(|node| nics.get(node.0 as usize).copied().unwrap_or_default()).collect()
    }

    /// What an own gauge has counted at a node since the start, and what makes a rate of it one in the gauge's unit.
    fn total(&self, own: Rate, node: NodeId) -> (f64, f64) {
        let share = |pipe: Option<(u64, f64)>| match pipe {
            Some((rate, bytes)) => (bytes, 100.0 / rate.max(1) as f64),
            None => (f64::NAN, 1.0),
        };
        let (messages, bytes) = self.kernel.books.senders.get(node.0 as usize).copied().unwrap_or_default();
        let [up, down] = self.kernel.network.passed(node, self.kernel.now);
        match own {
            Rate::Up => share(up),
            Rate::Down => share(down),
            Rate::Bytes => (bytes as f64, 1.0),
            Rate::Messages => (messages as f64, 1.0),
        }
    }

    fn level(&self, own: Level, service: usize, node: NodeId) -> f64 {
        let now = self.kernel.now;
        let [up, down] = self.kernel.network.queued(node, now);
        let bytes = |queued: Option<u64>| queued.map_or(f64::NAN, |bytes| bytes as f64);
        match own {
            Level::Up => bytes(up),
            Level::Down => bytes(down),
            Level::Inputs => self.groups[service].inputs_waiting(node) as f64,
            Level::Clock => {
                let shown = self.groups[service].clock(node).shows(now);
                (i128::from(shown.0) - i128::from(now.0)) as f64 / 1e6
            }
        }
    }

    pub(super) fn sample_due(&self) -> Option<Time> {
        self.recorder.as_ref()?.due()
    }

    pub(super) fn sample(&mut self) {
        let Some(mut recorder) = self.recorder.take() else { return };
        let now = self.kernel.now;
        let passed = now.since(recorder.begin(now)).as_secs();
        let mut readings: Vec<Reading> = Vec::new();
        let mut series = 0;
        for (service, group) in self.groups.iter().enumerate() {
            let stride = stride(self.services[service].nodes);
            for gauge in 0..group.gauges().len() {
                readings.clear();
                group.read(gauge, stride, &mut readings);
                recorder.take(series, &readings);
                series += 1;
            }
            while let Some(name) = recorder.own(series, service) {
                let own = OWN.iter().find(|(own, ..)| *own == name).expect("one of the engine's own").2;
                readings.clear();
                for (place, node) in self.services[service].ids().step_by(stride).enumerate() {
                    let reading = match own {
                        Own::Level(level) => self.level(level, service, node),
                        Own::Rate(rate) => {
                            let (total, scale) = self.total(rate, node);
                            let more = recorder.more(series, place, total);
                            let known = passed > 0.0 && !total.is_nan();
                            if known { more.max(0.0) / passed * scale } else { f64::NAN }
                        }
                    };
                    readings.push([reading, f64::NAN]);
                }
                recorder.take(series, &readings);
                series += 1;
            }
        }
        self.recorder = Some(recorder);
    }
}
