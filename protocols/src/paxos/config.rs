//! What a scenario may say about Paxos, and the flaws that it may switch on.

use serde::{Deserialize, Serialize};
use sim_core::prelude::*;

/// Timing and choices.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// A proposer that has not heard what was chosen begins a higher ballot after a time between these; the second is not
    /// reached, unless they are the same: then proposers that meet once meet always.
    pub retry: (Span, Span),
    /// A mistake to make: for teaching, and to test the tests.
    pub flaw: Option<Flaw>,
}

impl Default for Config {
    fn default() -> Config {
        Config { retry: (50.ms(), 150.ms()), flaw: None }
    }
}

impl Config {
    /// Refuses what cannot work: which key, and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        let (low, high) = self.retry;
        if low == Span::ZERO || high < low {
            let found = format!("retries between {low} and {high}");
            return Err(("retry", format!("{found}: the first must be above 0 and at most the second")));
        }
        Ok(())
    }
}

/// Mistakes that implementations have made. Each costs one line where the decision is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Flaw {
    /// Half of the acceptors are taken for a majority.
    SmallQuorum,
    /// A proposer proposes its own value, whatever was accepted before.
    OwnValue,
    /// A proposer takes the value of any acceptor that has accepted one, and not that of the highest ballot.
    AnyValue,
    /// An acceptor accepts in a ballot below what it promised.
    BrokenPromise,
    /// An acceptor that boots has forgotten what it promised and accepted.
    ForgottenPromise,
    /// An acceptor says that it accepted before that is on its disk.
    UnsyncedAccept,
    /// A proposer that boots begins again with its first ballot.
    ReusedBallot,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 7] = [
        Flaw::SmallQuorum,
        Flaw::OwnValue,
        Flaw::AnyValue,
        Flaw::BrokenPromise,
        Flaw::ForgottenPromise,
        Flaw::UnsyncedAccept,
        Flaw::ReusedBallot,
    ];
}
