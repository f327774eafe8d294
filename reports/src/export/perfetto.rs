//! A trace in Chrome's JSON format, which Perfetto opens: a process for each service with a thread for each node, a slice for each
//! input, an arrow for each message that arrived, a mark where one was lost; roles as slices of a process beside, faults and operations
//! of clients as spans of their own.
//!
//! Times are microseconds there, with three digits behind the point for the nanoseconds.

use super::loss;
use crate::trace::by_cause;
use crate::{
    faults,
    roles::{changes, servers, stretches},
    words::clean,
};
use serde_json::{Value, json};
use sim_core::{
    judged::Judged,
    protocol::NodeId,
    run::Run,
    time::Time,
    trace::{Entry, Trace},
};
use std::{collections::BTreeMap, io};

/// An input takes no time; its slice is as long as this where there is room, so that it can be seen.
const SLICE: u64 = 1_000;
/// The process of faults. Those of services follow, and those of their roles are so much further on.
const FAULTS: usize = 1;
const ROLES: usize = 1_000_000;

/// Writes one event after the other, for a run may have many.
struct Writer<'a> {
    to: &'a mut dyn io::Write,
    any: bool,
}

impl Writer<'_> {
    fn event(&mut self, event: &Value) -> io::Result<()> {
        self.to.write_all(if std::mem::replace(&mut self.any, true) { b",\n" } else { b"\n" })?;
        serde_json::to_writer(&mut *self.to, event).map_err(io::Error::from)
    }

    /// The two ends of a span of the process `pid`.
    fn span(&mut self, pid: usize, id: &str, name: &str, ends: [u64; 2], told: &Value) -> io::Result<()> {
        for (phase, at) in ["b", "e"].into_iter().zip(ends) {
            self.event(&json!({ "ph": phase, "cat": "span", "id": id, "pid": pid, "tid": 0, "name": name,
                "ts": micros(at), "args": told }))?;
        }
        Ok(())
    }
}

fn micros(at: u64) -> f64 {
    at as f64 / 1_000.0
}

pub(super) fn write(judged: &Judged, trace: &Trace, to: &mut dyn io::Write) -> io::Result<usize> {
    to.write_all(b"{\"displayTimeUnit\":\"ns\",\"traceEvents\":[")?;
    let (run, mut writer) = (&judged.run, Writer { to, any: false });
    names(run, &mut writer)?;
    let ends = [trace.entries().next(), trace.entries().next_back()];
    let ends = ends.map(|entry| entry.map_or(Time::ZERO, |entry| entry.at));
    for (entry, length) in trace.entries().zip(lengths(trace)) {
        let (pid, tid) = place(run, entry.node);
        let told = json!({ "event": entry.number, "text": clean(entry.text), "from": entry.peer.map(|peer| run.name(peer)) });
        writer.event(&json!({ "ph": "X", "cat": "input", "pid": pid, "tid": tid, "name": title(&entry),
            "ts": micros(entry.at.0), "dur": micros(length), "args": told }))?;
    }
    packets(run, trace, &mut writer)?;
    let inside = |from: Time, until: Time| from <= ends[1] && until >= ends[0];
    let changes = changes(judged);
    for node in servers(judged) {
        let (pid, tid) = place(run, node);
        for role in stretches(&changes, node, run.ended).iter().filter(|role| inside(role.from, role.until)) {
            writer.event(&json!({ "ph": "X", "cat": "role", "pid": pid + ROLES, "tid": tid, "name": role.role.0,
                "ts": micros(role.from.0), "dur": micros(role.until.0 - role.from.0), "args": { "epoch": role.epoch } }))?;
        }
    }
    for (index, report) in run.faults.iter().enumerate() {
        let Some(struck) = report.struck else { continue };
        let until = report.ended.unwrap_or(if report.planned.fault.momentary() { struck } else { run.ended });
        let told =
            json!({ "kind": report.planned.fault.kind(), "did": clean(&faults::effect(judged, report)) });
        writer.span(
            FAULTS,
            &format!("fault-{index}"),
            &clean(&report.planned.name),
            [struck.0, until.0],
            &told,
        )?;
    }
    for operation in run.histories.iter().flat_map(|history| history.operations()) {
        let until = operation.done.unwrap_or(run.ended);
        if inside(operation.intended, until) {
            let id = format!("operation-{}-{}", operation.client.0, operation.number);
            let told = json!({ "client": run.name(operation.client), "key": operation.key, "calls": operation.calls,
                "answered": operation.done.is_some() });
            let pid = place(run, operation.client).0;
            writer.span(pid, &id, operation.kind, [operation.intended.0, until.0], &told)?;
        }
    }
    writer.to.write_all(b"\n]}\n")?;
    Ok(trace.len())
}

/// The process and the thread of a node.
fn place(run: &Run, node: NodeId) -> (usize, u32) {
    let service = run.services.iter().position(|service| service.holds(node)).unwrap_or(run.services.len());
    (FAULTS + 1 + service, node.0 + 1)
}

fn names(run: &Run, writer: &mut Writer<'_>) -> io::Result<()> {
    let mut name = |what: &str, pid: usize, tid: u32, name: &str| {
        writer.event(&json!({ "ph": "M", "cat": "__metadata", "ts": 0, "name": what, "pid": pid, "tid": tid, "args": { "name": clean(name) } }))
    };
    name("process_name", FAULTS, 0, "faults")?;
    for (index, service) in run.services.iter().enumerate() {
        let pid = FAULTS + 1 + index;
        name("process_name", pid, 0, &service.name)?;
        if !service.clients {
            name("process_name", pid + ROLES, 0, &format!("roles of {}", service.name))?;
        }
        for node in service.ids() {
            let pids = if service.clients { vec![pid] } else { vec![pid, pid + ROLES] };
            pids.into_iter().try_for_each(|pid| name("thread_name", pid, node.0 + 1, &run.name(node)))?;
        }
    }
    Ok(())
}

/// How long the slice of each input is: never into the next one of its node.
fn lengths(trace: &Trace) -> Vec<u64> {
    let mut next: BTreeMap<NodeId, Time> = BTreeMap::new();
    let room = |entry: Entry<'_>| {
        let after = next.insert(entry.node, entry.at);
        after.map_or(SLICE, |after| after.since(entry.at).0.min(SLICE))
    };
    let mut lengths: Vec<u64> = trace.entries().rev().map(room).collect();
    lengths.reverse();
    lengths
}

/// What stands in a slice: for a message the name of its variant.
fn title(entry: &Entry<'_>) -> String {
    let word = entry.text.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default();
    if word.is_empty() { entry.kind.word().into() } else { format!("{} {word}", entry.kind.word()) }
}

/// Arrows from the inputs that sent packets to those as which they arrived, and marks for those that did not.
fn packets(run: &Run, trace: &Trace, writer: &mut Writer<'_>) -> io::Result<()> {
    for (cause, id) in by_cause(trace) {
        let packet = trace.packet(id);
        let ends = [
            (packet.from, trace.entry(cause)),
            (packet.to, packet.fate.event().and_then(|n| trace.entry(n))),
        ];
        if let Some(why) = loss(&packet) {
            let (pid, tid) = place(run, packet.from);
            let told = json!({ "to": run.name(packet.to), "why": why, "text": clean(packet.text) });
            writer.event(&json!({ "ph": "i", "s": "t", "cat": "lost", "pid": pid, "tid": tid, "name": packet.fate.word(),
                "ts": micros(packet.sent.0), "args": told }))?;
        } else if let [(from, Some(sent)), (to, Some(taken))] = ends {
            for (phase, node, at) in [("s", from, sent.at), ("f", to, taken.at)] {
                let (pid, tid) = place(run, node);
                writer.event(
                    &json!({ "ph": phase, "bp": "e", "cat": "message", "id": id.0, "pid": pid, "tid": tid,
                    "name": packet.kind.word(), "ts": micros(at.0) }),
                )?;
            }
        }
    }
    Ok(())
}
