//! The run as the script of the page reads it: one JSON object, in columns, so that it stays small. `templates/page/data.js`
//! is its other half.
//!
//! Texts are cleaned and cut as everywhere; `<` is written `\u003c`, so that nothing in it can end the element that holds it.

mod events;
mod happenings;
mod operations;
mod readings;
mod variants;
mod witness;

use crate::{
    axis::Axis,
    columns,
    words::{clean, short},
};
use serde::Serialize;
use sim_core::{judged::Judged, time::Time};

pub(crate) use variants::variants;
pub(crate) use witness::unexplained;

#[derive(Serialize)]
struct Data {
    ended: u64,
    end: u64,
    events: u64,
    deadline: u64,
    command: String,
    services: Vec<Service>,
    zones: Vec<(String, Vec<u32>)>,
    operations: operations::Operations,
    columns: operations::Columns,
    downtimes: Vec<(u64, u64)>,
    faults: Vec<happenings::FaultMark>,
    roles: happenings::Roles,
    violations: Vec<happenings::ViolationMark>,
    notes: Vec<(u64, u32, String)>,
    readings: Option<readings::Readings>,
    tasks: Option<readings::Bars>,
    trace: events::Part,
    witness: Option<witness::Shown>,
}

/// So many downtimes are told; the longest come first.
const DOWNTIMES_MAX: usize = 200;

#[derive(Serialize)]
struct Service {
    name: String,
    prefix: String,
    first: u32,
    nodes: u32,
    clients: bool,
}

/// The data of a page, ready to stand in it.
pub(crate) fn embed(judged: &Judged) -> String {
    let run = &judged.run;
    let axis = Axis::of(judged);
    let shown = columns::columns(judged, axis.end);
    let unexplained = unexplained(judged);
    let data = Data {
        ended: run.ended.0,
        end: axis.end.0,
        events: run.events,
        deadline: judged.measures.deadline.0,
        command: short(&judged.provenance.command, 1_000),
        services: run.services.iter().take(200).map(service).collect(),
        zones: zones(judged),
        operations: operations::operations(judged),
        columns: operations::columns(judged, &shown),
        downtimes: judged
            .measures
            .downtimes
            .iter()
            .take(DOWNTIMES_MAX)
            .map(|d| (d.from.0, d.until.0))
            .collect(),
        faults: happenings::faults(judged),
        roles: happenings::roles(judged),
        violations: happenings::violations(judged),
        notes: happenings::notes(judged),
        readings: readings::readings(judged),
        tasks: readings::bars(judged),
        trace: events::part(judged, unexplained.as_ref().map(|(_, witness)| witness.at)),
        witness: unexplained.map(|(history, witness)| witness::shown(judged, history, &witness)),
    };
    ready(&data)
}

/// So that nothing in it can end the element that holds it.
fn ready(data: &impl Serialize) -> String {
    let json = serde_json::to_string(data).expect("numbers and texts can be written");
    clean(&json).replace('<', "\\u003c")
}

fn service(service: &sim_core::run::ServiceInfo) -> Service {
    Service {
        name: short(&service.name, 60),
        prefix: short(&service.prefix, 40),
        first: service.first.0,
        nodes: service.nodes,
        clients: service.clients,
    }
}

/// Zones, of worlds whose nodes can be drawn one by one.
fn zones(judged: &Judged) -> Vec<(String, Vec<u32>)> {
    if judged.run.node_count() > 2_000 {
        return Vec::new();
    }
    let zones = judged.run.zones.iter();
    zones.map(|zone| (short(&zone.name, 60), zone.nodes.iter().map(|node| node.0).collect())).collect()
}

/// Moments as differences, each to the one before; in whole microseconds where `unit` is 1000.
fn differences(moments: impl Iterator<Item = Time>, unit: u64) -> Vec<i64> {
    let mut last = 0;
    let mut next = |at: Time| {
        let at = (at.0 / unit) as i64;
        at.wrapping_sub(std::mem::replace(&mut last, at))
    };
    moments.map(&mut next).collect()
}
