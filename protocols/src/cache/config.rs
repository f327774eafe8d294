//! What a scenario may say about a cache, and the flaws that it may switch on.

use serde::{Deserialize, Serialize};
use sim_core::prelude::*;

/// Timing and choices.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How long a value is served after it was asked for.
    pub ttl: Span,
    /// Values kept at most, by each node.
    pub capacity: u32,
    /// Whether nodes tell one another which keys are written.
    pub invalidate: bool,
    /// How long the store has to answer.
    pub timeout: Span,
    /// A mistake to make: for teaching, and to test the tests.
    pub flaw: Option<Flaw>,
}

impl Default for Config {
    fn default() -> Config {
        Config { ttl: 1.s(), capacity: 10_000, invalidate: false, timeout: 1.s(), flaw: None }
    }
}

impl Config {
    /// Refuses what cannot work: which key, and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        match self {
            Config { capacity: 0, .. } => {
                Err(("capacity", "a cache of no entries keeps nothing; 1 or more would do".into()))
            }
            Config { timeout: Span::ZERO, .. } => {
                Err(("timeout", "nobody answers within 0s; `1s` would do".into()))
            }
            _ => Ok(()),
        }
    }
}

/// Mistakes that implementations have made. Each costs one line where the decision is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Flaw {
    /// Values are served for ever.
    NoExpiry,
    /// A write leaves what the node keeps of its key.
    KeptOnWrite,
    /// What was fetched before a write is kept after it.
    StaleSet,
    /// Of several that fetch the same at once, whoever is answered last has its answer kept.
    LastAnswer,
    /// Values that are too many stay.
    NoEviction,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 5] =
        [Flaw::NoExpiry, Flaw::KeptOnWrite, Flaw::StaleSet, Flaw::LastAnswer, Flaw::NoEviction];
}
