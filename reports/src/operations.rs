//! The operations as CSV: one line each, for spreadsheets and plots.

use sim_core::{
    judged::{Judged, Measures},
    run::Operation,
    time::Time,
};
use std::{collections::BTreeMap, io};

/// The first line.
const HEADER: &str = "client,operation,kind,key,intended_ns,answered_ns,latency_ns,calls,outcome,counted";

/// Writes every operation, by intended start, as CSV (RFC 4180, UTF-8, lines end in `\n`). `DATA.md` beside this crate
/// documents the columns.
///
/// # Errors
/// Those of `to`.
pub fn operations_csv(judged: &Judged, to: &mut dyn io::Write) -> io::Result<()> {
    writeln!(to, "{HEADER}")?;
    let mut names = BTreeMap::new();
    for operation in &judged.measures.operations {
        let client = || field(&judged.run.name(operation.client));
        let client = names.entry(operation.client).or_insert_with(client);
        let number = |number: Option<u64>| number.map_or_else(String::new, |number| number.to_string());
        writeln!(
            to,
            "{},{},{},{},{},{},{},{},{},{}",
            client,
            operation.number,
            field(operation.kind),
            operation.key,
            operation.intended.0,
            number(operation.done.map(|done| done.0)),
            number(operation.latency().map(|latency| latency.0)),
            operation.calls,
            outcome(operation, &judged.measures),
            counted(operation, &judged.measures, judged.run.ended),
        )?;
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

/// A field, in quotes where it needs them.
pub(crate) fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
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
