//! The history of comparisons, one JSON object a line, and how figures went along it.

use crate::{
    metrics::{Unit, known},
    panel::{Line, Panel, draw},
    regression::{Compared, Found, Regression},
    words::{clean, counted, short},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The name and version of the format.
const SCHEMA: &str = "sim-history/1";
/// A history with more bytes is none.
pub const PAST_MAX: u64 = 64 << 20;
/// So many entries are drawn, the last ones.
const DRAWN_MAX: usize = 200;
/// So many scenarios are drawn.
const LINES_MAX: usize = 8;
/// What is drawn.
const DRAWN: [&str; 4] = ["availability", "latency.p50", "latency.p99", "messages_per_operation"];

/// One comparison: what the runs of that time came to.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Entry {
    schema: String,
    label: String,
    worse: u64,
    scenarios: BTreeMap<String, Past>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Past {
    runs: u64,
    held: u64,
    metrics: BTreeMap<String, f64>,
}

impl Entry {
    /// What to keep of a comparison: the figures of now, under a label such as the name of a commit. Figures of single kinds of
    /// operation and single faults are left out.
    pub fn of(regression: &Regression, label: &str) -> Entry {
        let past = |scenario: &Compared| Past {
            runs: scenario.runs.0 as u64,
            held: scenario.runs.1 as u64,
            metrics: scenario.figures.clone().into_iter().filter(|(name, _)| known(name).is_some()).collect(),
        };
        let worse = regression.rows().filter(|row| row.found == Found::Worse).count() + regression.gone.len();
        Entry {
            schema: SCHEMA.into(),
            label: clean(label),
            worse: worse as u64,
            scenarios: regression.scenarios.iter().map(|one| (one.name.clone(), past(one))).collect(),
        }
    }

    /// The line of the file, with its newline.
    pub fn line(&self) -> String {
        serde_json::to_string(self).expect("plain data with string keys") + "\n"
    }

    /// Reads a history; `file` is only its name, for messages.
    ///
    /// # Errors
    /// With file and line if it is none.
    pub fn read(file: &str, bytes: &[u8]) -> Result<Vec<Entry>, String> {
        let lines = bytes.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !line.is_empty());
        let entry = |(number, line): (usize, &[u8])| {
            let wrong =
                |why: String| format!("{file}:{}: no history of `sim compare`: {}", number + 1, clean(&why));
            let entry: Entry = serde_json::from_slice(line).map_err(|error| wrong(error.to_string()))?;
            match entry.schema == SCHEMA {
                true => Ok(entry),
                false => Err(wrong(format!("its schema is not `{SCHEMA}`"))),
            }
        };
        lines.map(entry).collect()
    }
}

/// How the figures of all scenarios went, as an SVG file: one panel for each figure, a line for each scenario.
pub fn trend_svg(past: &[Entry]) -> String {
    let drawn = &past[past.len().saturating_sub(DRAWN_MAX)..];
    let mut names: Vec<&String> = drawn.iter().flat_map(|entry| entry.scenarios.keys()).collect();
    names.sort();
    names.dedup();
    let left_out = names.len().saturating_sub(LINES_MAX);
    names.truncate(LINES_MAX);
    let labels: Vec<String> = drawn.iter().map(|entry| short(&entry.label, 12)).collect();
    let panels = DRAWN.map(|metric| {
        let unit = known(metric).map_or(Unit::Number, |family| family.unit);
        let lines = names.iter().map(|&name| {
            let value = |entry: &Entry| entry.scenarios.get(name)?.metrics.get(metric).copied();
            Line { name: short(name, 40), values: drawn.iter().map(value).collect(), band: Vec::new() }
        });
        Panel {
            title: metric.into(),
            unit,
            labels: labels.clone(),
            lines: lines.collect(),
            across: "comparison".into(),
        }
    });
    let more = if left_out > 0 {
        format!(" · {} not drawn", counted(left_out as u64, "scenario"))
    } else {
        String::new()
    };
    let drawn = counted(drawn.len() as u64, "comparison");
    draw(&panels, &format!("{drawn} of a history of `sim compare`{more}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_is_kept() {
        assert!(DRAWN.iter().all(|metric| known(metric).is_some()));
    }

    #[test]
    fn what_is_no_history_is_refused_with_its_line() {
        let good = "{\"schema\":\"sim-history/1\",\"label\":\"a\",\"worse\":0,\"scenarios\":{}}\n";
        assert_eq!(Entry::read("h", good.as_bytes()).unwrap().len(), 1);
        for (bad, line) in [("{}", 2), ("[", 2), (&good.replace("/1", "/2"), 2), ("\u{0}", 2)] {
            let error = Entry::read("h", format!("{good}{bad}").as_bytes()).unwrap_err();
            assert!(error.starts_with(&format!("h:{line}: ")), "{error}");
        }
    }
}
