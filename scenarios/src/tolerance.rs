//! Tolerance files: how much worse each metric of a comparison may get.
//!
//! ```ron
//! (default: "5%", metrics: {"latency.p99": "10%", "availability": "0.1pp"})
//! ```
//!
//! They are read as strictly as scenarios. Which metrics there are, and what can be said of one, is for the caller to say.

use crate::{
    decode::{decode_under, repeated},
    diagnostics::{Diagnostics, Mistakes},
    messages,
    outline::{Field, Node, Outline, Shape},
    read,
};
use std::collections::BTreeMap;

const KEYS: [&str; 2] = ["default", "metrics"];

/// Reads what is said of one metric, or with `None` of all; or says what would do.
pub type ReadOne<'a, T> = dyn Fn(Option<&str>, &str) -> Result<T, String> + 'a;

/// What a file says: of all metrics, and of some.
pub type Tolerances<T> = (Option<T>, BTreeMap<String, T>);

/// Reads a tolerance file. `known` are the metrics that it can name, and `value` reads what is said of one. `file` is only a name, for the messages.
///
/// # Errors
/// Everything that is wrong with it, with lines.
pub fn read<T>(
    file: &str,
    bytes: &[u8],
    known: &[&str],
    value: &ReadOne<'_, T>,
) -> Result<Tolerances<T>, Diagnostics> {
    let source = read::text(file, bytes)?;
    let outline = read::outline(file, source)?;
    let mut reader = Reader { outline: &outline, known, value, mistakes: Mistakes::default() };
    let tolerances = reader.root();
    let mistakes = reader.mistakes;
    if mistakes.is_empty() { Ok(tolerances) } else { Err(Diagnostics::new(file, source, mistakes)) }
}

struct Reader<'a, T> {
    outline: &'a Outline<'a>,
    known: &'a [&'a str],
    value: &'a ReadOne<'a, T>,
    mistakes: Mistakes,
}

impl<T> Reader<'_, T> {
    fn root(&mut self) -> Tolerances<T> {
        let (outline, mut tolerances) = (self.outline, (None, BTreeMap::new()));
        let Shape::Fields(fields) = &outline.root.shape else {
            return self.wrong("keys and values in `( )`", &outline.root, tolerances);
        };
        self.twice(fields);
        for field in fields {
            match outline.key(field).as_str() {
                "default" => tolerances.0 = self.tolerance(None, &field.value),
                "metrics" => tolerances.1 = self.metrics(&field.value),
                other => {
                    let at = field.key.clone();
                    self.mistakes.push(messages::unknown_key(at, other, "a tolerance file", &KEYS));
                }
            }
        }
        tolerances
    }

    fn metrics(&mut self, node: &Node) -> BTreeMap<String, T> {
        let (outline, mut metrics) = (self.outline, BTreeMap::new());
        let Shape::Map(named) = &node.shape else {
            return self.wrong("metrics by name in `{ }`, like {\"latency.p99\": \"10%\"}", node, metrics);
        };
        self.twice(named);
        for field in named {
            let name = outline.key(field);
            if self.known.contains(&name.as_str()) {
                metrics.extend(self.tolerance(Some(&name), &field.value).map(|tolerance| (name, tolerance)));
            } else {
                self.mistakes.push(messages::no_metric(field.key.clone(), &name, self.known));
            }
        }
        metrics
    }

    fn tolerance(&mut self, metric: Option<&str>, node: &Node) -> Option<T> {
        let text = match decode_under::<String>(metric.or(Some("default")), self.outline.source, node) {
            Ok(text) => text,
            Err(mistake) => {
                self.mistakes.push(mistake);
                return None;
            }
        };
        match (self.value)(metric, &text) {
            Ok(tolerance) => Some(tolerance),
            Err(help) => {
                self.mistakes.push(messages::no_tolerance(node.at.clone(), &text, metric, help));
                None
            }
        }
    }

    fn twice(&mut self, fields: &[Field]) {
        if let Some((second, first)) = repeated(self.outline.source, fields) {
            let name = self.outline.key(second);
            self.mistakes.push(messages::key_twice(second.key.clone(), &name, first.key.clone()));
        }
    }

    fn wrong<U>(&mut self, wanted: &str, node: &Node, otherwise: U) -> U {
        self.mistakes.push(messages::expected(wanted, self.outline.source, node));
        otherwise
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(source: &str) -> Result<Tolerances<u64>, String> {
        let value = |_: Option<&str>, text: &str| {
            text.strip_suffix('%').and_then(|text| text.parse().ok()).ok_or("write \"5%\"".to_string())
        };
        read("some.ron", source.as_bytes(), &["availability", "latency.p99"], &value)
            .map_err(|wrong| wrong.render(false))
    }

    #[test]
    fn what_is_said_is_read() {
        let (default, metrics) = of("(default: \"5%\", metrics: {\"latency.p99\": \"10%\"})").unwrap();
        assert_eq!((default, metrics), (Some(5), BTreeMap::from([("latency.p99".to_string(), 10)])));
        assert_eq!(of("()").unwrap_or_default().0, None);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line_and_what_would_do() {
        let refused = |source: &str, said: &[&str]| {
            let text = of(source).unwrap_err();
            said.iter().for_each(|said| assert!(text.contains(said), "{said}: {text}"));
        };
        refused("(\n  defalt: \"5%\",\n)", &["some.ron:2", "`defalt`", "did you mean `default`?"]);
        refused(
            "(metrics: {\n\"latency.p9\": \"5%\"})",
            &["some.ron:2", "`latency.p9`", "did you mean `latency.p99`?"],
        );
        refused("(metrics: {\n\n\"availability\": \"much\"})", &["some.ron:3", "`much`", "write \"5%\""]);
        refused("(default: 5)", &["some.ron:1", "text in quotes"]);
        refused("(metrics: [])", &["metrics by name"]);
        refused("(default: \"5%\", default: \"6%\")", &["given twice"]);
        refused("{\"a\": 1}", &["keys and values in `( )`"]);
        refused("(metrics: {\"latency.p99\": \"5%\", \"latency.p99\": \"6%\"})", &["given twice"]);
        refused("", &["empty"]);
        refused("(", &["some.ron:1"]);
    }
}
