//! What a scenario may say about replicated data types, and the flaws that it may switch on.

use serde::{Deserialize, Serialize};
use sim_core::prelude::*;

/// Timing and choices.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Its state is sent to others, so often.
    pub gossip: Span,
    /// To so many others, drawn at random.
    pub fanout: u32,
    /// A mistake to make: for teaching, and to test the tests.
    pub flaw: Option<Flaw>,
}

impl Default for Config {
    fn default() -> Config {
        Config { gossip: 100.ms(), fanout: 1, flaw: None }
    }
}

impl Config {
    /// Refuses what cannot work: which key, and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        if self.gossip == Span::ZERO {
            return Err(("gossip", "gossip every 0s would never end; `100ms` would do".into()));
        }
        if self.fanout == 0 {
            return Err(("fanout", "with a fanout of 0 nobody hears of anything; 1 or more would do".into()));
        }
        Ok(())
    }

    /// Refuses what so many nodes cannot do: which key, and why.
    pub fn check_for(&self, nodes: u32) -> Result<(), (&'static str, String)> {
        let most = nodes.saturating_sub(1).max(1);
        if self.fanout > most {
            return Err((
                "fanout",
                format!("{} others are more than there are; 1 to {most} would do", self.fanout),
            ));
        }
        Ok(())
    }
}

/// Mistakes that implementations have made. Each costs one line where the decision is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Flaw {
    /// A state that arrives replaces what is held.
    Overwrite,
    /// Counters are added when they are merged: what arrives twice counts twice.
    SummedMerge,
    /// An update is answered, and sent, before it is on the disk.
    UnsyncedUpdate,
    /// All additions of an element by one replica have one tag, so that one that was removed can never be added again.
    ReusedTag,
    /// A removal leaves no tombstone, so that the next state that arrives brings the element back.
    NoTombstone,
    /// A value is stamped by the replica's clock alone, though it has seen a later stamp.
    OwnClock,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 6] = [
        Flaw::Overwrite,
        Flaw::SummedMerge,
        Flaw::UnsyncedUpdate,
        Flaw::ReusedTag,
        Flaw::NoTombstone,
        Flaw::OwnClock,
    ];
}
