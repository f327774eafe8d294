//! What a scenario may say about several leaders, and the flaws that it may switch on.

use serde::{Deserialize, Serialize};
use sim_core::prelude::*;

/// Timing and choices.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// What becomes of concurrent writes.
    pub conflicts: Conflicts,
    /// New writes are told to all so often; `0s`: each at once.
    pub exchange: Span,
    /// Each node compares all it has with a peer drawn at random, so often.
    pub anti_entropy: Span,
    /// A mistake to make: for teaching, and to test the tests.
    pub flaw: Option<Flaw>,
}

impl Default for Config {
    fn default() -> Config {
        Config { conflicts: Conflicts::LastWriterWins, exchange: Span::ZERO, anti_entropy: 1.s(), flaw: None }
    }
}

impl Config {
    /// Refuses what cannot work: which key, and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        if self.anti_entropy == Span::ZERO {
            return Err(("anti_entropy", "comparing every 0s would never end; `1s` would do".into()));
        }
        Ok(())
    }
}

/// What becomes of concurrent writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Conflicts {
    /// The one with the latest time, by the clock of the node that took it, stays.
    LastWriterWins,
    /// All stay, until a later write replaces them: version vectors.
    KeepSiblings,
    /// Version vectors find the conflict, and the version with the highest logical clock stays.
    HighestWins,
}

/// Mistakes that implementations have made. Each costs one line where the decision is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Flaw {
    /// A write is told before it is on the disk, so after a crash its dot names another one.
    UnsyncedWrite,
    /// What arrives last stays, whatever its stamp.
    ArrivalOrder,
    /// Versions that one side has overwritten come back from the other.
    BlindMerge,
    /// The logical clock counts a node's own writes only, so a write can be below what it replaces.
    DeafClock,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 4] = [Flaw::UnsyncedWrite, Flaw::ArrivalOrder, Flaw::BlindMerge, Flaw::DeafClock];
}
