//! The summary as JSON, for machines: what a build compares and a spreadsheet reads.

use crate::{
    entries::{self, FaultEntry, PropertyEntry, VerdictEntry, ViolationEntry},
    recorded::{self, ReadingsEntry, TasksEntry},
    roles,
};
use serde::Serialize;
use sim_core::{
    judged::{Judged, Latency, Served},
    run::Traffic,
};

/// The name and version of the format. A key that changes its meaning or goes away makes a new version; a new key
/// does not.
pub const SCHEMA: &str = "sim-summary/1";

/// The summary of a run as JSON, pretty-printed, with keys in a fixed order and a newline at the end.
///
/// `SUMMARY.md` beside this crate documents every key with its unit.
pub fn summary_json(judged: &Judged) -> String {
    let mut out = serde_json::to_string_pretty(&Summary::of(judged)).expect("plain data with string keys");
    out.push('\n');
    out
}

#[derive(Serialize)]
struct Summary<'a> {
    schema: &'static str,
    status: &'static str,
    exit_code: u8,
    scenario: Scenario<'a>,
    run: RunFacts<'a>,
    operations: Operations,
    latency: Percentiles,
    latency_by_kind: Vec<KindLatency>,
    downtimes: Vec<Stretch>,
    verdicts: Vec<VerdictEntry<'a>>,
    faults: Vec<FaultEntry<'a>>,
    properties: Vec<PropertyEntry<'a>>,
    violations: Vec<ViolationEntry<'a>>,
    traffic: TrafficEntry,
    windows: Windows,
    #[serde(skip_serializing_if = "Option::is_none")]
    readings: Option<ReadingsEntry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tasks: Option<TasksEntry<'a>>,
}

#[derive(Serialize)]
struct Scenario<'a> {
    name: &'a str,
    file: &'a str,
    about: &'a str,
    scenario_hash: String,
    plan_hash: String,
    version: &'a str,
    command: &'a str,
}

#[derive(Serialize)]
struct RunFacts<'a> {
    seed: String,
    fingerprint: String,
    events: u64,
    until_ns: u64,
    ended_ns: u64,
    stopped: Option<&'a str>,
    services: Vec<Service<'a>>,
    role_changes: usize,
    leaderships: usize,
    notes: usize,
}

#[derive(Serialize)]
struct Service<'a> {
    name: &'a str,
    nodes: u32,
    clients: bool,
}

#[derive(Serialize)]
struct Operations {
    deadline_ns: u64,
    #[serde(flatten)]
    counts: Counts,
}

#[derive(Serialize)]
struct Counts {
    wanted: u64,
    in_time: u64,
    late: u64,
    refused: u64,
    unknown: u64,
    availability: Option<f64>,
}

#[derive(Serialize)]
struct Percentiles {
    count: u64,
    p50_ns: u64,
    p90_ns: u64,
    p99_ns: u64,
    p999_ns: u64,
    max_ns: u64,
    mean_ns: u64,
}

#[derive(Serialize)]
struct KindLatency {
    kind: &'static str,
    #[serde(flatten)]
    latency: Percentiles,
}

#[derive(Serialize)]
struct Stretch {
    from_ns: u64,
    until_ns: u64,
}

#[derive(Serialize)]
struct TrafficEntry {
    sent: u64,
    bytes: u64,
    delivered: u64,
    lost: u64,
    cut: u64,
    dead: u64,
    duplicated: u64,
    corrupted: u64,
    overflowed: u64,
    refused: u64,
}

#[derive(Serialize)]
struct Windows {
    width_ns: u64,
    list: Vec<WindowEntry>,
}

#[derive(Serialize)]
struct WindowEntry {
    from_ns: u64,
    #[serde(flatten)]
    counts: Counts,
    latency: Percentiles,
}

impl<'a> Summary<'a> {
    fn of(judged: &'a Judged) -> Summary<'a> {
        let m = &judged.measures;
        let window = |w: &sim_core::judged::Window| WindowEntry {
            from_ns: w.from.0,
            counts: Counts::of(&w.served),
            latency: Percentiles::of(&w.latency),
        };
        let by_kind = |(kind, l): &(&'static str, Latency)| KindLatency { kind, latency: Percentiles::of(l) };
        Summary {
            schema: SCHEMA,
            status: judged.status().word(),
            exit_code: judged.status().exit_code(),
            scenario: Scenario::of(judged),
            run: RunFacts::of(judged),
            operations: Operations { deadline_ns: m.deadline.0, counts: Counts::of(&m.total) },
            latency: Percentiles::of(&m.latency),
            latency_by_kind: m.by_kind.iter().map(by_kind).collect(),
            downtimes: m
                .downtimes
                .iter()
                .map(|d| Stretch { from_ns: d.from.0, until_ns: d.until.0 })
                .collect(),
            verdicts: entries::verdicts(judged),
            faults: entries::faults(judged),
            properties: entries::properties(judged),
            violations: entries::violations(judged),
            traffic: TrafficEntry::of(judged.run.traffic),
            windows: Windows { width_ns: m.window.0, list: m.windows.iter().map(window).collect() },
            readings: recorded::readings(judged),
            tasks: recorded::tasks(judged),
        }
    }
}

impl<'a> Scenario<'a> {
    fn of(judged: &'a Judged) -> Scenario<'a> {
        let p = &judged.provenance;
        Scenario {
            name: &p.scenario,
            file: &p.file,
            about: &p.about,
            scenario_hash: format!("{:016x}", p.scenario_hash),
            plan_hash: format!("{:016x}", p.plan_hash),
            version: &p.version,
            command: &p.command,
        }
    }
}

impl<'a> RunFacts<'a> {
    fn of(judged: &'a Judged) -> RunFacts<'a> {
        let run = &judged.run;
        let service =
            |s: &'a sim_core::run::ServiceInfo| Service { name: &s.name, nodes: s.nodes, clients: s.clients };
        RunFacts {
            seed: run.seed.to_string(),
            fingerprint: format!("{:016x}", run.fingerprint),
            events: run.events,
            until_ns: run.until.0,
            ended_ns: run.ended.0,
            stopped: run.stopped.as_deref(),
            services: run.services.iter().map(service).collect(),
            role_changes: roles::turns(judged).len(),
            leaderships: roles::leaderships(judged).len(),
            notes: run.notes.len(),
        }
    }
}

impl TrafficEntry {
    fn of(traffic: Traffic) -> TrafficEntry {
        // What streams did comes last, as an object of its own, as soon as it is counted.
        TrafficEntry {
            sent: traffic.sent,
            bytes: traffic.bytes,
            delivered: traffic.delivered,
            lost: traffic.lost,
            cut: traffic.cut,
            dead: traffic.dead,
            duplicated: traffic.duplicated,
            corrupted: traffic.corrupted,
            overflowed: traffic.overflowed,
            refused: traffic.refused,
        }
    }
}

impl Counts {
    fn of(served: &Served) -> Counts {
        let Served { wanted, in_time, late, refused, unknown } = *served;
        Counts { wanted, in_time, late, refused, unknown, availability: served.availability() }
    }
}

impl Percentiles {
    fn of(l: &Latency) -> Percentiles {
        Percentiles {
            count: l.count,
            p50_ns: l.p50.0,
            p90_ns: l.p90.0,
            p99_ns: l.p99.0,
            p999_ns: l.p999.0,
            max_ns: l.max.0,
            mean_ns: l.mean.0,
        }
    }
}
