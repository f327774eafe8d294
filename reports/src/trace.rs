//! The trace as JSON lines: one object per input a node took, in order.

use crate::words::clean_lines;
use serde::Serialize;
use sim_core::judged::Judged;
use std::fmt;

/// One line of the file. Keys keep this order.
#[derive(Serialize)]
struct Line<'a> {
    number: u64,
    at_ns: u64,
    node: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
    kind: &'static str,
    text: &'a str,
}

/// Writes the trace, one JSON object per line; writes nothing when the run was not traced.
///
/// | key | meaning |
/// |---|---|
/// | `number` | number of the event, from 1 |
/// | `at_ns` | when, in nanoseconds since the start of the run |
/// | `node` | who took it |
/// | `from` | who sent it; absent when nobody did |
/// | `kind` | `boot`, `crash`, `pause`, `resume`, `deliver`, `timeout`, `request` or `response` |
/// | `text` | the message, timer, request or answer itself |
pub fn write_trace_jsonl(judged: &Judged, out: &mut impl fmt::Write) -> fmt::Result {
    let Some(trace) = &judged.run.trace else { return Ok(()) };
    let names: Vec<String> =
        judged.run.services.iter().flat_map(|s| s.ids().map(|n| clean_lines(&s.node_name(n)))).collect();
    // Nodes are numbered over all services in order, so a position is a name; anything else gets a name of its own.
    let name = |node: sim_core::protocol::NodeId| match names.get(node.0 as usize) {
        Some(name) => name.clone(),
        None => judged.run.name(node),
    };
    for entry in trace.entries() {
        let (node, from) = (name(entry.node), entry.peer.map(name));
        let line = Line {
            number: entry.number,
            at_ns: entry.at.0,
            node: &node,
            from: from.as_deref(),
            kind: entry.kind.word(),
            text: entry.text,
        };
        out.write_str(&serde_json::to_string(&line).map_err(|_| fmt::Error)?)?;
        out.write_char('\n')?;
    }
    Ok(())
}

/// The trace in one string; see [`write_trace_jsonl`].
pub fn trace_jsonl(judged: &Judged) -> String {
    let mut out = String::new();
    write_trace_jsonl(judged, &mut out).expect("writing to a string cannot fail");
    out
}
