//! The trace as JSON lines: one object per input a node took, in order.

use serde::{Serialize, Serializer, ser::SerializeMap};
use sim_core::{
    judged::Judged,
    run::Run,
    trace::{Entry, Packet, PacketId, State, Trace},
};
use std::{io, iter::Peekable};

/// One line of the file. Keys keep this order.
#[derive(Serialize)]
struct Line<'a> {
    number: u64,
    at_ns: u64,
    node: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    kind: &'static str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    packet: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sent: Vec<Sent<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<Shown<'a>>,
}

/// What an input sent.
#[derive(Serialize)]
struct Sent<'a> {
    packet: u32,
    to: String,
    kind: &'static str,
    bytes: u64,
    at_ns: u64,
    fate: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reached_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    copy_of: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

/// What an input led to.
#[derive(Serialize)]
struct Shown<'a> {
    role: &'static str,
    epoch: u64,
    #[serde(serialize_with = "as_map")]
    values: Vec<(&'static str, &'a str)>,
}

/// Writes the trace, one JSON object per line; writes nothing when the run was not traced. Nodes are called by their names,
/// within texts too.
///
/// | key | meaning |
/// |---|---|
/// | `number` | number of the event, from 1 |
/// | `at_ns` | when, in nanoseconds since the start of the run |
/// | `node` | who took it |
/// | `from` | who sent it; absent when nobody did |
/// | `kind` | `boot`, `crash`, `pause`, `resume`, `deliver`, `timeout`, `request` or `response` |
/// | `text` | the message, timer, request or answer itself |
/// | `cause` | number of the event that sent it, or that set the timer; absent when none did |
/// | `packet` | number of the packet that brought it; absent when none did |
/// | `sent` | what the node sent because of it, and what became of that; absent when it sent nothing |
/// | `state` | `role`, `epoch` and labelled `values` of the node after it; absent where none of them changed |
///
/// Each packet in `sent`:
///
/// | key | meaning |
/// |---|---|
/// | `packet` | its number, from 0 |
/// | `to` | to whom |
/// | `kind` | the kind of input that it is when it arrives: `deliver`, `request` or `response` |
/// | `bytes` | its size |
/// | `at_ns` | when it was handed to the network: later than the event where it waited for a disk or a processor |
/// | `fate` | `arrived`, `lost`, `cut`, `dead`, `overflowed`, `corrupted`, `refused`, `reset`, `unawaited` or `underway` |
/// | `event` | number of the event as which it arrived; absent when it did not |
/// | `reached_ns` | when it came to its receiver's host; absent when it did not |
/// | `ended_ns` | when it was taken, or lost; absent while it is `underway` |
/// | `copy_of` | the packet that it doubles; absent unless the network made it |
/// | `text` | what it says; absent when it arrived, because the line of `event` says it |
pub fn trace_jsonl(judged: &Judged, to: &mut dyn io::Write) -> io::Result<()> {
    let Some(trace) = &judged.run.trace else { return Ok(()) };
    let mut states = trace.states().filter(|state| state.after.is_some()).peekable();
    let sent = by_cause(trace);
    let mut sent = sent.iter().map(|&(_, id)| trace.packet(id)).peekable();
    for entry in trace.entries() {
        serde_json::to_writer(&mut *to, &line(&judged.run, entry, &mut sent, &mut states))?;
        to.write_all(b"\n")?;
    }
    Ok(())
}

/// All packets with the numbers of the events that sent them, in the order of those.
pub(crate) fn by_cause(trace: &Trace) -> Vec<(u64, PacketId)> {
    let mut packets: Vec<_> = trace.packets().map(|packet| (packet.cause, packet.id)).collect();
    packets.sort();
    packets
}

fn line<'a>(
    run: &Run,
    entry: Entry<'a>,
    packets: &mut Peekable<impl Iterator<Item = Packet<'a>>>,
    states: &mut Peekable<impl Iterator<Item = State<'a>>>,
) -> Line<'a> {
    let mut sent = Vec::new();
    while let Some(packet) = packets.next_if(|packet| packet.cause <= entry.number) {
        // What an event sent that is not here has no line to stand in.
        if packet.cause == entry.number {
            sent.push(written(run, &packet));
        }
    }
    let mut state = None;
    while let Some(next) = states.next_if(|state| state.after <= Some(entry.number)) {
        state = (next.after == Some(entry.number)).then_some(next);
    }
    Line {
        number: entry.number,
        at_ns: entry.at.0,
        node: run.name(entry.node),
        from: entry.peer.map(|peer| run.name(peer)),
        kind: entry.kind.word(),
        text: entry.text,
        cause: entry.cause,
        packet: entry.packet.map(|packet| packet.0),
        sent,
        state: state.map(|State { role, epoch, values, .. }| Shown { role: role.0, epoch, values }),
    }
}

fn written<'a>(run: &Run, packet: &Packet<'a>) -> Sent<'a> {
    let event = packet.fate.event();
    Sent {
        packet: packet.id.0,
        to: run.name(packet.to),
        kind: packet.kind.word(),
        bytes: packet.bytes,
        at_ns: packet.sent.0,
        fate: packet.fate.word(),
        event,
        reached_ns: packet.reached.map(|at| at.0),
        ended_ns: packet.ended.map(|at| at.0),
        copy_of: packet.copy_of.map(|packet| packet.0),
        text: event.is_none().then_some(packet.text),
    }
}

fn as_map<S: Serializer>(values: &[(&'static str, &str)], to: S) -> Result<S::Ok, S::Error> {
    let mut map = to.serialize_map(Some(values.len()))?;
    for (label, value) in values {
        map.serialize_entry(label, value)?;
    }
    map.end()
}
