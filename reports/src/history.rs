//! The history as JSON lines: every call of every client, for checkers of others.

use crate::plain::plain;
use serde::Serialize;
use serde_json::Value;
use sim_core::{
    history::{AnyCall, Outcome},
    judged::Judged,
    spec::Access,
};
use std::io;

/// One line of the file. Keys keep this order.
#[derive(Serialize)]
struct Line<'a> {
    history: usize,
    call: usize,
    client: &'a str,
    server: &'a str,
    operation: u32,
    kind: &'static str,
    key: u64,
    reads: bool,
    asked: Value,
    intended_ns: u64,
    called_ns: u64,
    outcome: &'static str,
    answer: Value,
    returned_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    register: Option<Register>,
}

#[derive(Serialize)]
struct Register {
    /// Absent where the call does not tell, null where nothing was ever written.
    #[serde(skip_serializing_if = "Option::is_none")]
    read: Option<Option<u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    written: Option<u64>,
}

/// Writes every call, one JSON object per line, history by history in the order in which calls were made. `DATA.md`
/// beside this crate documents the keys.
///
/// # Errors
/// Those of `to`.
pub fn history_jsonl(judged: &Judged, to: &mut dyn io::Write) -> io::Result<()> {
    for (history, calls) in judged.run.histories.iter().enumerate() {
        for index in 0..calls.calls() {
            let call = calls.call(index);
            let (client, server) = (judged.run.name(call.client), judged.run.name(call.server));
            serde_json::to_writer(&mut *to, &line((history, index), &call, (&client, &server)))?;
            to.write_all(b"\n")?;
        }
    }
    Ok(())
}

fn line<'a>(
    (history, index): (usize, usize),
    call: &AnyCall,
    (client, server): (&'a str, &'a str),
) -> Line<'a> {
    let (outcome, answer, returned) = match &call.outcome {
        Outcome::Ok(answer, at) => ("ok", plain(answer), Some(at.0)),
        Outcome::Refused(at) => ("refused", Value::Null, Some(at.0)),
        Outcome::Unknown => ("unknown", Value::Null, None),
    };
    Line {
        history,
        call: index,
        client,
        server,
        operation: call.operation,
        kind: call.kind,
        key: call.key,
        reads: call.reads,
        asked: plain(&call.asked),
        intended_ns: call.intended.0,
        called_ns: call.called.0,
        outcome,
        answer,
        returned_ns: returned,
        // What was refused did nothing, whatever it was asked.
        register: call
            .register
            .filter(|_| outcome != "refused")
            .map(|Access { read, written }| Register { read, written }),
    }
}
