//! What a scenario may say about a load balancer, and the flaws that it may switch on.

use super::Policy;
use serde::{Deserialize, Serialize};
use sim_core::prelude::*;

/// Timing and choices.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Which server a request goes to.
    pub policy: Policy,
    /// How long a server has to answer.
    pub timeout: Span,
    /// Servers that a request is tried at, at most, the first included: after a refusal, and reads after silence too.
    pub tries: u32,
    /// A server that fails so often in a row is ejected; 0 ejects none.
    pub failures: u32,
    /// For so long.
    pub ejection: Span,
    /// A mistake to make: for teaching, and to test the tests.
    pub flaw: Option<Flaw>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            policy: Policy::RoundRobin,
            timeout: 300.ms(),
            tries: 3,
            failures: 3,
            ejection: 5.s(),
            flaw: None,
        }
    }
}

impl Config {
    /// Refuses what cannot work: which key, and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        match self {
            Config { timeout: Span::ZERO, .. } => {
                Err(("timeout", "nobody answers within 0s; `300ms` would do".into()))
            }
            Config { tries: 0 | 101.., .. } => {
                Err(("tries", format!("{} tries; 1 to 100 would do", self.tries)))
            }
            _ => Ok(()),
        }
    }
}

/// Mistakes that implementations have made. Each costs one line where the decision is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Flaw {
    /// A write that got no answer is tried again elsewhere.
    RetriedWrite,
    /// What got no answer is said to be refused, as if it had not happened.
    CertainSilence,
    /// An answer goes to whoever asked that server last.
    CrossedAnswer,
    /// What has failed counts as under way for ever.
    FailedUnderWay,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 4] =
        [Flaw::RetriedWrite, Flaw::CertainSilence, Flaw::CrossedAnswer, Flaw::FailedUnderWay];
}
