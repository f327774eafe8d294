//! What a scenario may say about Multi-Paxos, and the flaws that it may switch on.

use serde::{Deserialize, Serialize};
use sim_core::prelude::*;

/// Timing and bounds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Whoever hears no leader for a time between these begins a ballot; the second is not reached. After each ballot in
    /// vain the range is twice as wide, up to eight times, so that duels end.
    pub election: (Span, Span),
    /// How often a leader lets itself be heard; well below the election timeout.
    pub heartbeat: Span,
    /// Whether acceptors answer heartbeats, and a leader retires that no majority answers for an election timeout: without,
    /// one that is heard and hears nobody keeps all others from trying. As in `raft/`; the papers leave it open.
    pub check_quorum: bool,
    /// So many slots at most are proposed and not chosen; a leader refuses requests beyond. At least 1.
    pub window: u32,
    /// A snapshot is taken every so many slots, and what was accepted in the slots before is dropped. Default: never.
    pub snapshot: Option<u32>,
    /// A mistake to make: for teaching, and to test the tests.
    pub flaw: Option<Flaw>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            election: (150.ms(), 300.ms()),
            heartbeat: 50.ms(),
            check_quorum: false,
            window: 256,
            snapshot: None,
            flaw: None,
        }
    }
}

impl Config {
    /// Refuses what cannot work: which key, and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        let (low, high) = self.election;
        if low == Span::ZERO || high < low {
            let found = format!("election timeouts between {low} and {high}");
            return Err(("election", format!("{found}: the first must be above 0 and at most the second")));
        }
        if self.heartbeat == Span::ZERO || self.heartbeat >= low {
            return Err((
                "heartbeat",
                format!(
                    "a heartbeat every {} with election timeouts from {low}: ballots would begin against a living \
                     leader; more than 0 and less than {low} would do",
                    self.heartbeat
                ),
            ));
        }
        if self.window == 0 {
            return Err((
                "window",
                "a window of 0 slots lets nothing be proposed; 1 or more would do".into(),
            ));
        }
        if self.snapshot == Some(0) {
            return Err(("snapshot", "a snapshot every 0 slots would never end; `1000` would do".into()));
        }
        Ok(())
    }
}

/// Mistakes that implementations have made. Each costs one line where the decision is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Flaw {
    /// Half of the acceptors are taken for a majority.
    SmallQuorum,
    /// An acceptor that is heard twice counts twice.
    CountedTwice,
    /// A new leader forgets what acceptors accepted before, and fills the slots anew.
    IgnoredAccepted,
    /// A new leader takes the value of the lowest ballot, and not that of the highest.
    LowestBallot,
    /// A new leader leaves gaps as they are, and skips them.
    SkippedGap,
    /// A leader applies all up to the highest slot that is chosen, though some below it are not.
    Unordered,
    /// A learner takes what it accepted in a chosen slot for what was chosen, whatever the ballot.
    UncheckedBallot,
    /// An acceptor accepts in a ballot below what it promised.
    BrokenPromise,
    /// An acceptor that boots has forgotten what it promised, though not what it accepted.
    ForgottenPromise,
    /// An acceptor says that it promised before that is on its disk.
    UnsyncedPromise,
    /// An acceptor says that it accepted before that is on its disk.
    UnsyncedAccept,
    /// A proposer that boots begins again with its first ballot.
    ReusedBallot,
    /// Whoever gets a snapshot drops what it accepted in the slots after it, too.
    WholesaleSnapshot,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 13] = [
        Flaw::SmallQuorum,
        Flaw::CountedTwice,
        Flaw::IgnoredAccepted,
        Flaw::LowestBallot,
        Flaw::SkippedGap,
        Flaw::Unordered,
        Flaw::UncheckedBallot,
        Flaw::BrokenPromise,
        Flaw::ForgottenPromise,
        Flaw::UnsyncedPromise,
        Flaw::UnsyncedAccept,
        Flaw::ReusedBallot,
        Flaw::WholesaleSnapshot,
    ];
}
