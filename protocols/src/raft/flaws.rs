//! The flaws that a scenario may switch on in Raft.

use serde::{Deserialize, Serialize};

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
    /// A leader that told its successor to campaign goes on reading on its lease.
    LeaseAfterTransfer,
    /// Whoever would be voted for is taken to be voted for.
    PreVoteCounts,
    /// A follower installs a snapshot that is behind what it has applied.
    StaleSnapshot,
    /// A snapshot does not keep who takes part: where the log after it does not say so, it is the first members.
    ForgottenMembers,
    /// While two configurations are joint, a majority of the new one is enough.
    NewMajority,
    /// A leader changes the voters before an entry of its own term is committed.
    EagerChange,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 23] = [
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
        Flaw::LeaseAfterTransfer,
        Flaw::PreVoteCounts,
        Flaw::StaleSnapshot,
        Flaw::ForgottenMembers,
        Flaw::NewMajority,
        Flaw::EagerChange,
    ];
}
