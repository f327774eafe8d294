//! What a scenario may say of heartbeats.

use serde::{Deserialize, Serialize};
use sim_core::prelude::*;

/// How often, and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// From one heartbeat to the next.
    pub period: Span,
    /// Who has missed so many in a row is suspected, half a period later.
    pub misses: u32,
    /// Whether who was suspected by mistake may miss one more from then on.
    pub adapt: bool,
    /// A mistake to make: for teaching, and to test the tests.
    pub flaw: Option<Flaw>,
}

impl Default for Config {
    fn default() -> Config {
        Config { period: 1.s(), misses: 3, adapt: true, flaw: None }
    }
}

impl Config {
    /// Refuses what cannot work: which key, and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        if self.period == Span::ZERO {
            return Err(("period", "heartbeats without a pause fill the network; `1s` would do".into()));
        }
        match self.misses {
            1..=1_000 => Ok(()),
            misses => Err(("misses", format!("{misses} heartbeats in a row; 1 to 1000 would do"))),
        }
    }
}

/// Mistakes that implementations have made. Each costs one line where the decision is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Flaw {
    /// One heartbeat too few is waited for.
    Eager,
    /// Who was suspected is never trusted again.
    Stubborn,
    /// Who was suspected and is trusted again is not watched any more.
    Unwatched,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 3] = [Flaw::Eager, Flaw::Stubborn, Flaw::Unwatched];
}
