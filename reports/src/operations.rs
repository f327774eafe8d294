//! The operations as CSV: one line each, for spreadsheets and plots.

use crate::words::Names;
use sim_core::{
    judged::{Judged, Measures},
    run::Operation,
    time::Time,
};
use std::{borrow::Cow, io};

/// The first line.
const HEADER: &str = "client,operation,kind,key,intended_ns,answered_ns,latency_ns,calls,outcome,counted";

/// Writes every operation, by intended start, as CSV (RFC 4180, UTF-8, lines end in `\n`). `DATA.md` beside this crate
/// documents the columns.
///
/// # Errors
/// Those of `to`.
pub fn operations_csv(judged: &Judged, to: &mut dyn io::Write) -> io::Result<()> {
    writeln!(to, "{HEADER}")?;
    let (mut line, mut names) = (String::new(), Names::of(&judged.run));
    for operation in &judged.measures.operations {
        let number = |line: &mut String, number: Option<u64>| {
            if let Some(number) = number {
                line.push_str(itoa::Buffer::new().format(number));
            }
            line.push(',');
        };
        line.clear();
        put_field(&mut line, names.get(operation.client));
        number(&mut line, Some(operation.number.into()));
        put_field(&mut line, operation.kind);
        number(&mut line, Some(operation.key));
        number(&mut line, Some(operation.intended.0));
        number(&mut line, operation.done.map(|done| done.0));
        number(&mut line, operation.latency().map(|latency| latency.0));
        number(&mut line, Some(operation.calls.into()));
        put_field(&mut line, outcome(operation, &judged.measures));
        line.push_str(if counted(operation, &judged.measures, judged.run.ended) {
            "true\n"
        } else {
            "false\n"
        });
        to.write_all(line.as_bytes())?;
    }
    Ok(())
}

/// The same words as in the summary.
pub(crate) fn outcome(operation: &Operation, measures: &Measures) -> &'static str {
    match operation.latency() {
        Some(latency) if latency <= measures.deadline => "in_time",
        Some(_) => "late",
        None if operation.unknown => "unknown",
        None => "refused",
    }
}

/// Whether availability counts it: what was wanted so late that its deadline lies beyond the end says nothing yet.
pub(crate) fn counted(operation: &Operation, measures: &Measures, ended: Time) -> bool {
    operation.intended + measures.deadline <= ended
}

/// A field and the comma behind it.
fn put_field(line: &mut String, text: &str) {
    line.push_str(&field(text));
    line.push(',');
}

/// A field, in quotes where it needs them.
pub(crate) fn field(text: &str) -> Cow<'_, str> {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\"")).into()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn a_field_that_would_be_two_is_quoted() {
        assert_eq!(
            ["db-1", "a,b", "say \"a\"", "a\nb"].map(field),
            ["db-1", "\"a,b\"", "\"say \"\"a\"\"\"", "\"a\nb\""]
        );
    }
}
