//! The history as JSON lines: every call of every client, for checkers of others.

use crate::{
    plain::{plain, string},
    words::Names,
};
use sim_core::{
    history::{AnyCall, Outcome},
    run::Run,
    spec::Access,
};
use std::io;

/// Writes every call, one JSON object per line, history by history in the order in which calls were made. `DATA.md`
/// beside this crate documents the keys.
///
/// # Errors
/// Those of `to`.
pub fn history_jsonl(run: &Run, to: &mut dyn io::Write) -> io::Result<()> {
    // Written by hand, key by key: a run may have millions of calls, and is to be written faster than it was made.
    let (mut line, mut names) = (String::new(), Names::of(run));
    for (history, calls) in run.histories.iter().enumerate() {
        for index in 0..calls.calls() {
            let call = calls.call(index);
            line.clear();
            write_line(&mut line, (history, index), &call, &mut names);
            to.write_all(line.as_bytes())?;
        }
    }
    Ok(())
}

fn write_line(line: &mut String, (history, index): (usize, usize), call: &AnyCall, names: &mut Names<'_>) {
    let (outcome, answer, returned) = match &call.outcome {
        Outcome::Ok(answer, at) => ("ok", Some(answer), Some(at.0)),
        Outcome::Refused(at) => ("refused", None, Some(at.0)),
        Outcome::Unknown => ("unknown", None, None),
    };
    key(line, "{\"history\":", history as u64);
    key(line, ",\"call\":", index as u64);
    line.push_str(",\"client\":");
    string(names.get(call.client), line);
    line.push_str(",\"server\":");
    string(names.get(call.server), line);
    key(line, ",\"operation\":", call.operation.into());
    line.push_str(",\"kind\":");
    string(call.kind, line);
    key(line, ",\"key\":", call.key);
    line.push_str(if call.reads { ",\"reads\":true,\"asked\":" } else { ",\"reads\":false,\"asked\":" });
    plain(&call.asked, line);
    key(line, ",\"intended_ns\":", call.intended.0);
    key(line, ",\"called_ns\":", call.called.0);
    line.push_str(",\"outcome\":\"");
    line.push_str(outcome);
    line.push_str("\",\"answer\":");
    match answer {
        Some(answer) => plain(answer, line),
        None => line.push_str("null"),
    }
    line.push_str(",\"returned_ns\":");
    number(line, returned);
    // What was refused did nothing, whatever it was asked.
    if let Some(register) = call.register.filter(|_| outcome != "refused") {
        line.push_str(",\"register\":{");
        put_register(line, register);
        line.push('}');
    }
    line.push_str("}\n");
}

/// `read` is absent where the call does not tell, and null where nothing was ever written.
fn put_register(line: &mut String, Access { read, written }: Access) {
    if let Some(read) = read {
        line.push_str("\"read\":");
        number(line, read);
    }
    if let Some(written) = written {
        line.push_str(if read.is_some() { "," } else { "" });
        key(line, "\"written\":", written);
    }
}

fn key(line: &mut String, before: &str, value: u64) {
    line.push_str(before);
    line.push_str(itoa::Buffer::new().format(value));
}

fn number(line: &mut String, number: Option<u64>) {
    match number {
        Some(number) => key(line, "", number),
        None => line.push_str("null"),
    }
}
