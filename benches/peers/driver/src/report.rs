//! The tables, and the file with everything.

use crate::{
    machine::About,
    plan::{OURS, ROWS, Row, System, thousands},
    samples::{Cell, Samples},
};
use serde::Serialize;

/// All samples, for programs.
pub(crate) fn json(about: &About, samples: &Samples) -> String {
    #[derive(Serialize)]
    struct Everything<'a> {
        about: &'a About,
        #[serde(flatten)]
        samples: &'a Samples,
    }
    let text = serde_json::to_string_pretty(&Everything { about, samples });
    text.expect("numbers and strings can be written") + "\n"
}

/// All tables, for people, and where they come from.
pub(crate) fn markdown(about: &About, systems: &[&System], samples: &Samples) -> String {
    format!(
        "# Compared with other engines\n\n\
         {}, {}, {} cores, {}, best of {} rounds: `{}`\n\n{}\n{}",
        about.date,
        about.processor,
        about.cores,
        about.rustc,
        about.rounds,
        about.command,
        tables(systems, samples),
        crate::verdicts::text(samples),
    )
}

/// The tables.
pub(crate) fn tables(systems: &[&System], samples: &Samples) -> String {
    let least = |row: &Row, cell: Cell| number(row, cell.least);
    let median = |row: &Row, cell: Cell| number(row, cell.median);
    let memory = |_: &Row, cell: Cell| mebibytes(cell.peak_kib);
    [
        "Nanoseconds of processor time per unit, the least of all rounds; runs per second, the most of all rounds:\n",
        &table(systems, samples, least),
        "Ours, beside the least that a hand-written program needs, and the fastest other engine:\n",
        &ratios(systems, samples),
        "The medians:\n",
        &table(systems, samples, median),
        "Peak memory in MiB:\n",
        &table(systems, samples, memory),
    ]
    .join("\n")
}

fn table(systems: &[&System], samples: &Samples, show: impl Fn(&Row, Cell) -> String) -> String {
    let mut lines = vec![vec!["workload".to_string()]];
    lines[0].extend(systems.iter().map(|system| system.name.to_string()));
    for row in ROWS {
        let cells: Vec<_> =
            systems.iter().map(|system| samples.cell(system.name, row.workload, row.size)).collect();
        if cells.iter().any(Option::is_some) {
            let shown = cells.into_iter().map(|cell| cell.map_or("–".to_string(), |cell| show(row, cell)));
            lines.push(std::iter::once(row.to_string()).chain(shown).collect());
        }
    }
    layout(&lines)
}

/// Ours beside the best of the others.
fn ratios(systems: &[&System], samples: &Samples) -> String {
    let header = ["workload", "ours", "best by hand", "", "ours / it", "best peer", "", "ours / it"];
    let mut lines = vec![header.map(str::to_string).to_vec()];
    for row in ROWS {
        let Some(ours) = samples.least(OURS, row.workload, row.size) else { continue };
        let mut line = vec![row.to_string(), number(row, ours)];
        for peer in [false, true] {
            let others = systems.iter().filter(|system| system.name != OURS && system.is_peer() == peer);
            let found = others.filter_map(|system| {
                Some((samples.least(system.name, row.workload, row.size)?, system.name))
            });
            line.extend(match found.min_by(|one, other| one.0.total_cmp(&other.0)) {
                Some((best, name)) => [name.to_string(), number(row, best), format!("{:.2}", ours / best)],
                None => ["–", "–", "–"].map(str::to_string),
            });
        }
        lines.push(line);
    }
    layout(&lines)
}

/// A table in Markdown: the first line is its head, the first column its labels.
fn layout(lines: &[Vec<String>]) -> String {
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..lines[0].len()).map(width).collect();
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        for (column, (word, &width)) in line.iter().zip(&widths).enumerate() {
            text += &if column == 0 { format!("| {word:<width$} ") } else { format!("| {word:>width$} ") };
        }
        text += "|\n";
        if index == 0 {
            for (column, width) in widths.iter().enumerate() {
                let line = "-".repeat(width + 1);
                text += &if column == 0 { format!("|{line}-") } else { format!("|{line}:") };
            }
            text += "|\n";
        }
    }
    text
}

/// Nanoseconds, or runs per second.
pub(crate) fn number(row: &Row, nanos: f64) -> String {
    let number = if row.is_runs() { 1e9 / nanos } else { nanos };
    if number < 100.0 { format!("{number:.1}") } else { thousands(number.round() as u64) }
}

fn mebibytes(kib: u64) -> String {
    thousands((kib + 512) / 1024)
}
