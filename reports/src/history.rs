//! The history as JSON lines: every call of every client, for checkers of others.

use crate::plain::{plain, string};
use sim_core::{
    history::{AnyCall, Outcome},
    judged::Judged,
    protocol::NodeId,
    spec::Access,
};
use std::{collections::BTreeMap, fmt::Write, io};

/// Writes every call, one JSON object per line, history by history in the order in which calls were made. `DATA.md`
/// beside this crate documents the keys.
///
/// # Errors
/// Those of `to`.
pub fn history_jsonl(judged: &Judged, to: &mut dyn io::Write) -> io::Result<()> {
    // Written by hand, key by key: a run may have millions of calls, and is to be written faster than it was made.
    let (mut line, mut names) = (String::new(), BTreeMap::new());
    for (history, calls) in judged.run.histories.iter().enumerate() {
        for index in 0..calls.calls() {
            let call = calls.call(index);
            for node in [call.client, call.server] {
                names.entry(node).or_insert_with(|| quoted(&judged.run.name(node)));
            }
            line.clear();
            write_line(&mut line, (history, index), &call, &names);
            to.write_all(line.as_bytes())?;
        }
    }
    Ok(())
}

fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    string(text, &mut quoted);
    quoted
}

fn write_line(
    line: &mut String,
    (history, index): (usize, usize),
    call: &AnyCall,
    names: &BTreeMap<NodeId, String>,
) {
    let AnyCall { operation, kind, key, reads, intended, called, .. } = call;
    let kind = quoted(kind);
    let (client, server) = (&names[&call.client], &names[&call.server]);
    let (outcome, answer, returned) = match &call.outcome {
        Outcome::Ok(answer, at) => ("ok", Some(answer), Some(at.0)),
        Outcome::Refused(at) => ("refused", None, Some(at.0)),
        Outcome::Unknown => ("unknown", None, None),
    };
    put(
        line,
        format_args!("{{\"history\":{history},\"call\":{index},\"client\":{client},\"server\":{server}"),
    );
    put(
        line,
        format_args!(",\"operation\":{operation},\"kind\":{kind},\"key\":{key},\"reads\":{reads},\"asked\":"),
    );
    plain(&call.asked, line);
    put(line, format_args!(",\"intended_ns\":{},\"called_ns\":{}", intended.0, called.0));
    put(line, format_args!(",\"outcome\":\"{outcome}\",\"answer\":"));
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
        put(line, format_args!("\"written\":{written}"));
    }
}

fn number(line: &mut String, number: Option<u64>) {
    match number {
        Some(number) => put(line, format_args!("{number}")),
        None => line.push_str("null"),
    }
}

fn put(line: &mut String, text: std::fmt::Arguments<'_>) {
    line.write_fmt(text).expect("writing to a string does not fail");
}
