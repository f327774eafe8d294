//! A catalog and a scenario for the tests of the file format.

#![allow(dead_code, reason = "every test file takes what it needs")]

use protocols::text::Texts;
use scenarios::format::{Catalog, Refusal, options, parse};
use serde::Deserialize;
use sim_core::time::Span;
use std::{fs, path::PathBuf};

/// The scenario that tests start from.
pub(crate) const BASE: &str = include_str!("../format/base.ron");

/// The same, to be broken.
pub(crate) fn base() -> String {
    BASE.to_owned()
}

/// A few protocols that exist only by name.
pub(crate) struct Zoo;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raft {
    #[serde(default = "election")]
    election: (Span, Span),
    #[serde(default, rename = "reads")]
    _reads: Reads,
}

fn election() -> (Span, Span) {
    (Span(150_000_000), Span(300_000_000))
}

#[derive(Default, Deserialize)]
enum Reads {
    #[default]
    Log,
    ReadIndex,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Quorum {
    #[serde(rename = "writes")]
    _writes: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct Mix {
    get: f64,
    put: f64,
    cas: f64,
}

impl Catalog for Zoo {
    fn protocols(&self) -> Vec<&str> {
        vec!["raft", "balancer", "quorum", "cache"]
    }
    fn roles(&self, protocol: &str) -> Vec<&'static str> {
        if protocol == "raft" { vec!["leader", "candidate", "follower"] } else { vec![] }
    }
    fn properties(&self, protocol: &str) -> Vec<(&'static str, bool)> {
        match protocol {
            "raft" => vec![("election safety", true), ("log matching", true), ("leader changed", false)],
            _ => vec![],
        }
    }
    fn check_config(&self, protocol: &str, ron_text: &str, _: u32) -> Result<(), Refusal> {
        match protocol {
            "raft" => {
                let config: Raft = parse(ron_text)?;
                if config.election.0 >= config.election.1 {
                    let message =
                        "the range ends before it starts: write the shorter timeout first".to_owned();
                    return Err(Refusal::Meaning { path: "election[1]".to_owned(), message });
                }
                Ok(())
            }
            "quorum" => parse::<Quorum>(ron_text).map(|_| ()),
            _ => parse::<()>(ron_text),
        }
    }
    fn calls(&self, protocol: &str) -> bool {
        protocol == "cache"
    }
    fn fits(&self, caller: &str, callee: &str) -> bool {
        caller == "cache" && callee == "raft"
    }
    fn serves(&self, _: &str) -> bool {
        true
    }
    fn registers(&self, protocol: &str) -> bool {
        protocol != "balancer"
    }
    fn nodes_max(&self, protocol: &str) -> u64 {
        if protocol == "raft" { 1_000 } else { u64::MAX }
    }
    /// Read by `ron` itself, to see what becomes of its errors.
    fn check_mix(&self, _: &str, ron_text: &str) -> Result<(), Refusal> {
        let mix: Mix = options().from_str(ron_text)?;
        let sum = mix.get + mix.put + mix.cas;
        if (sum - 1.0).abs() < 1e-9 {
            Ok(())
        } else {
            Err(format!("the shares add up to {sum}, not to 1").into())
        }
    }
    fn texts_held(&self, _: &str, _: &str) -> Option<Texts> {
        None
    }
    fn texts_wanted(&self, _: &str, _: &str, _: u64) -> Option<Texts> {
        None
    }
}

/// Compares `text` with the file of this name in `tests/format`, or writes that file if `BLESS` is set.
pub(crate) fn golden(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/format").join(name);
    if bless() {
        fs::write(&path, text).expect("the golden file can be written");
    }
    let before = fs::read_to_string(&path).unwrap_or_default();
    let differs = before.lines().zip(text.lines()).position(|(old, new)| old != new);
    let line = differs.unwrap_or(before.lines().count().min(text.lines().count()));
    let shown: Vec<&str> = text.lines().skip(line.saturating_sub(8)).take(24).collect();
    assert!(before == text, "{name}:{} is not what there is now:\n{}", line + 1, shown.join("\n"));
}

#[allow(clippy::disallowed_methods, reason = "whoever runs the tests decides whether goldens are rewritten")]
fn bless() -> bool {
    std::env::var("BLESS").is_ok()
}
