//! A comparison with earlier results as a table: for a terminal, and in Markdown for whoever reviews a change.

use crate::{
    paint::{Ink, Paint},
    regression::{Compared, Found, Regression, Row},
    words::{columns, count, fit, short},
};
use std::fmt::Write;

/// So many rows of a scenario are shown.
const ROWS_MAX: usize = 40;
/// So many scenarios are shown.
const SCENARIOS_MAX: usize = 200;
/// So wide a subject at most.
const SUBJECT_MAX: usize = 44;
/// So long a text of others in Markdown.
const CELL_MAX: usize = 120;

/// The order in which counts are told.
const ALL: [Found; 6] =
    [Found::Worse, Found::Unsure, Found::Within, Found::Better, Found::Moved, Found::Same];

impl Regression {
    /// How many of each, as a phrase.
    fn sum(&self) -> String {
        let of = |found: Found| self.rows().filter(|row| row.found == found).count();
        let some = |found: &Found| *found == Found::Worse || of(*found) > 0;
        let counts = ALL.iter().filter(|found| some(found));
        counts
            .map(|found| format!("{} {}", count(of(*found) as u64), found.word()))
            .collect::<Vec<_>>()
            .join(" · ")
    }
}

impl Compared {
    /// What moved, the worst first, and how much more there is.
    fn shown(&self) -> (Vec<&Row>, usize, usize) {
        let mut moved: Vec<&Row> = self.rows.iter().filter(|row| row.found != Found::Same).collect();
        moved.sort_by_key(|row| row.found);
        let (all, same) = (moved.len(), self.rows.len() - moved.len());
        moved.truncate(ROWS_MAX);
        (moved, all.saturating_sub(ROWS_MAX), same)
    }
}

/// The comparison for a terminal, with or without colour. Ends with a newline.
pub fn regression_text(regression: &Regression, color: bool) -> String {
    let paint = Paint(color);
    let mut out = String::new();
    for scenario in regression.scenarios.iter().take(SCENARIOS_MAX) {
        let _ = writeln!(out, "{}: {}", paint.ink(Ink::Bold, &short(&scenario.name, 80)), scenario.how);
        let (rows, more, same) = scenario.shown();
        let width = rows.iter().map(|row| columns(&row.subject)).max().unwrap_or(0).min(SUBJECT_MAX);
        let values = |row: &Row| format!("{} → {}", row.baseline, row.current);
        let wide = rows.iter().map(|row| columns(&values(row))).max().unwrap_or(0);
        for row in rows {
            let subject = fit(&row.subject, width);
            let pad = " ".repeat(width - columns(&subject));
            let values = values(row);
            let gap = " ".repeat(wide - columns(&values));
            let head = format!("{} {:<9}", row.found.sign(), row.found.word());
            let line =
                format!("{} {subject}{pad}  {values}{gap}  {}", paint.ink(ink(row.found), &head), row.change);
            let _ = writeln!(out, "  {}", line.trim_end());
        }
        let rest = if more > 0 { format!("{} more moved, ", count(more as u64)) } else { String::new() };
        let _ = writeln!(out, "  {}", paint.ink(Ink::Dim, &format!("{rest}{} the same", count(same as u64))));
    }
    let left = regression.scenarios.len().saturating_sub(SCENARIOS_MAX);
    if left > 0 {
        let _ = writeln!(out, "and {} more scenarios", count(left as u64));
    }
    for (name, why, found) in absent(regression) {
        let _ = writeln!(out, "{} {}: {why}", paint.ink(ink(found), found.sign()), short(name, 80));
    }
    let found = if regression.worse() { Found::Worse } else { Found::Better };
    let _ = writeln!(out, "\n{} {}", paint.ink(ink(found), found.sign()), regression.sum());
    out
}

fn ink(found: Found) -> Ink {
    match found {
        Found::Worse => Ink::Red,
        Found::Unsure | Found::Within => Ink::Yellow,
        Found::Better => Ink::Green,
        Found::Moved | Found::Same => Ink::Plain,
    }
}

/// Scenarios that only one side has.
pub(crate) fn absent(regression: &Regression) -> impl Iterator<Item = (&String, &'static str, Found)> {
    let gone =
        regression.gone.iter().map(|name| (name, "in the baseline only: it was not run", Found::Worse));
    let new = regression.new.iter().map(|name| (name, "not in the baseline", Found::Moved));
    gone.take(SCENARIOS_MAX).chain(new.take(SCENARIOS_MAX))
}

/// The comparison in Markdown as GitHub and GitLab show it. What names and findings say is shown as code, and is none of the page's own markup.
pub fn regression_markdown(regression: &Regression) -> String {
    let mut out = String::new();
    let verdict = if regression.worse() { "✘ Something got worse" } else { "✔ Nothing got worse" };
    let _ = writeln!(out, "### {verdict}\n\n{}\n", regression.sum());
    for scenario in regression.scenarios.iter().take(SCENARIOS_MAX) {
        let (rows, more, same) = scenario.shown();
        if rows.is_empty() {
            continue;
        }
        let _ = writeln!(out, "**{}**: {}\n", code(&scenario.name), scenario.how);
        let _ = writeln!(out, "| | metric | before | now | change |\n|---|---|---:|---:|---|");
        for row in rows {
            let Row { subject, baseline, current, change, found } = row;
            let (sign, word) = (found.sign(), found.word());
            let _ =
                writeln!(out, "| {sign} {word} | {} | {baseline} | {current} | {change} |", code(subject));
        }
        let rest = if more > 0 { format!("{} more moved, ", count(more as u64)) } else { String::new() };
        let _ = writeln!(out, "\n{rest}{} the same\n", count(same as u64));
    }
    let quiet =
        regression.scenarios.iter().filter(|s| s.rows.iter().all(|row| row.found == Found::Same)).count();
    if quiet > 0 {
        let _ = writeln!(out, "Scenarios in which nothing moved: {}\n", count(quiet as u64));
    }
    for (name, why, found) in absent(regression) {
        let _ = writeln!(out, "- {} {}: {why}", found.sign(), code(name));
    }
    out
}

/// A text of others as code, which can neither end that nor its cell.
fn code(text: &str) -> String {
    let harmless: String = short(text, CELL_MAX)
        .chars()
        .map(|c| match c {
            '`' => '\'',
            '|' => '¦',
            c => c,
        })
        .collect();
    if harmless.trim().is_empty() { "(no name)".into() } else { format!("`{harmless}`") }
}

#[cfg(test)]
mod tests {
    use super::code;

    #[test]
    fn a_name_cannot_leave_its_cell_or_speak_to_anybody() {
        assert_eq!(code("a`|<b>@all\n# x"), "`a'¦<b>@all # x`");
        assert_eq!(code(" "), "(no name)");
        assert!(code(&"x".repeat(1_000)).len() < 140);
    }
}
