//! What a scenario may say about Raft, and the flaws that it may switch on.

use serde::{Deserialize, Serialize};
use sim_core::prelude::*;

/// Timing and choices. Defaults are the paper's (§5.6, §9.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// An election timeout is drawn between these, anew each time; the second is not reached.
    pub election: (Span, Span),
    /// How often a leader lets itself be heard; well below the election timeout.
    pub heartbeat: Span,
    /// How reads are served.
    pub reads: Reads,
    /// How a leader finds the place where a follower's log begins to differ.
    pub backtrack: Backtrack,
    /// Entries per message, at most.
    pub batch: u32,
    /// A mistake to make: for teaching, and to test the tests.
    pub flaw: Option<Flaw>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            election: (150.ms(), 300.ms()),
            heartbeat: 50.ms(),
            reads: Reads::ReadIndex,
            backtrack: Backtrack::ByTerm,
            batch: 64,
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
                    "a heartbeat every {} with election timeouts from {low}: followers would campaign against a \
                     living leader; more than 0 and less than {low} would do",
                    self.heartbeat
                ),
            ));
        }
        if self.batch == 0 {
            return Err(("batch", "a batch of 0 entries replicates nothing; 1 or more would do".into()));
        }
        Ok(())
    }
}

/// How reads are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Reads {
    /// As entries of the log, like writes (§8, the plain way).
    Log,
    /// From the leader's state, once a round of heartbeats has shown that it still leads (dissertation §6.4).
    ReadIndex,
    /// From the leader's state, without asking anybody, for as long as its lease lasts: it counts from the last round of
    /// heartbeats that a quorum answered. Servers vote for nobody so soon after they heard a leader. Linearizable only
    /// while clocks run alike and are not set (dissertation §6.4.1).
    Lease,
    /// From the state of whichever server is asked. Not linearizable: a server that lags or is cut off answers with the
    /// past. Here to show what that looks like.
    Local,
}

/// How a leader finds the place where a follower's log begins to differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Backtrack {
    /// One entry at a time, as in Figure 2.
    ByOne,
    /// One term at a time (§5.3, last paragraphs).
    ByTerm,
}

/// Mistakes that implementations have made. Each costs one line where the decision is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Flaw {
    /// Half of the servers are taken for a majority when votes are counted.
    SmallQuorum,
    /// A vote is sent before it is on the disk, so a crash can make a server vote twice in a term.
    UnsyncedVote,
    /// A server that boots has forgotten whom it voted for.
    ForgottenVote,
    /// A server that boots has forgotten its term, and whom it voted for.
    ForgottenTerm,
    /// A second candidate of the same term gets a vote too.
    DoubleVote,
    /// Votes of older terms are counted.
    StaleVote,
    /// Votes go to candidates whose log is behind (no §5.4.1).
    UncheckedLog,
    /// Messages of older terms are taken for current.
    UncheckedTerm,
    /// Entries are acknowledged before they are on the disk, so a crash can take back what was committed.
    UnsyncedLog,
    /// A follower takes entries without looking whether its log agrees up to there (no §5.3).
    UncheckedPrevious,
    /// A follower cuts its log off where a message begins, even if the message is old and its log is right.
    AlwaysTruncate,
    /// A follower acknowledges all of its log, and not just what it knows to agree.
    OwnMatch,
    /// A follower takes the leader's commit index for its own, as far as its log goes ("the index of last new entry").
    UncheckedCommit,
    /// The same, even beyond what it has: what comes there later is applied at once.
    BoundlessCommit,
    /// A leader counts replicas of entries of older terms, and commits those (no §5.4.2, Figure 8).
    CommitOldTerm,
    /// A leader reads from its state without asking whether it still leads.
    UnconfirmedRead,
    /// A lease lasts for two election timeouts, so that somebody else can be elected meanwhile.
    LongLease,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 17] = [
        Flaw::SmallQuorum,
        Flaw::UnsyncedVote,
        Flaw::ForgottenVote,
        Flaw::ForgottenTerm,
        Flaw::DoubleVote,
        Flaw::StaleVote,
        Flaw::UncheckedLog,
        Flaw::UncheckedTerm,
        Flaw::UnsyncedLog,
        Flaw::UncheckedPrevious,
        Flaw::AlwaysTruncate,
        Flaw::OwnMatch,
        Flaw::UncheckedCommit,
        Flaw::BoundlessCommit,
        Flaw::CommitOldTerm,
        Flaw::UnconfirmedRead,
        Flaw::LongLease,
    ];
}
