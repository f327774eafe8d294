//! The trace as JSON lines: one object per input a node took, in order.

use serde::Serialize;
use sim_core::judged::Judged;
use std::io;

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
pub fn trace_jsonl(judged: &Judged, to: &mut dyn io::Write) -> io::Result<()> {
    let Some(trace) = &judged.run.trace else { return Ok(()) };
    for entry in trace.entries() {
        let (node, from) = (judged.run.name(entry.node), entry.peer.map(|peer| judged.run.name(peer)));
        let line = Line {
            number: entry.number,
            at_ns: entry.at.0,
            node: &node,
            from: from.as_deref(),
            kind: entry.kind.word(),
            text: entry.text,
        };
        serde_json::to_writer(&mut *to, &line)?;
        to.write_all(b"\n")?;
    }
    Ok(())
}
