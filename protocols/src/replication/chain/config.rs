//! What a scenario may say about a chain, and the flaws that it may switch on.

use serde::{Deserialize, Serialize};
use sim_core::prelude::*;

/// Timing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How often servers tell the master that they live, and look after what was lost on the way to their successors.
    pub heartbeat: Span,
    /// The master takes a server out of the chain that it has not heard for so long.
    pub timeout: Span,
    /// A mistake to make: for teaching, and to test the tests.
    pub flaw: Option<Flaw>,
}

impl Default for Config {
    fn default() -> Config {
        Config { heartbeat: 50.ms(), timeout: 300.ms(), flaw: None }
    }
}

impl Config {
    /// Refuses what cannot work: which key, and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        if self.heartbeat == Span::ZERO || self.heartbeat * 2 > self.timeout {
            return Err((
                "heartbeat",
                format!(
                    "a heartbeat every {} with a timeout of {}: living servers would be taken out; more than 0 and at \
                     most half of the timeout would do",
                    self.heartbeat, self.timeout
                ),
            ));
        }
        Ok(())
    }

    /// How long a tail may answer queries after it told the master that it lives: a tenth of the timeout is kept back for
    /// clocks that run at different rates.
    pub(super) fn lease(&self) -> Span {
        Span(self.timeout.0 / 10 * 9)
    }
}

/// Mistakes that implementations have made. Each costs one line where the decision is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Flaw {
    /// The head answers before the tail has the update.
    HeadAnswers,
    /// Updates go on down the chain before they are on the disk.
    UnsyncedForward,
    /// A tail answers queries for as long as it believes to be one, although it may have been taken out of the chain.
    UnleasedQuery,
    /// A new tail answers queries before it has what its predecessor has.
    EagerTail,
    /// Updates of older configurations are taken.
    UncheckedVersion,
    /// A server takes updates without looking whether its history agrees up to there.
    UncheckedPrevious,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 6] = [
        Flaw::HeadAnswers,
        Flaw::UnsyncedForward,
        Flaw::UnleasedQuery,
        Flaw::EagerTail,
        Flaw::UncheckedVersion,
        Flaw::UncheckedPrevious,
    ];
}
