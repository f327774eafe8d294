//! What servers say: the calls of the paper and the dissertation and their answers, and the entries that they carry.

use super::{Compacted, Members};
use Msg::*;
use sim_core::prelude::*;

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry<O> {
    /// The term of the leader that took it.
    pub term: u64,
    /// What it says.
    pub command: Command<O>,
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command<O> {
    /// Nothing: it opens a term.
    Noop,
    /// What a client asked for.
    Apply(O),
    /// Who takes part from here on.
    Change(Box<Members>),
}

/// The calls of the paper and the dissertation, and their answers.
#[allow(missing_docs, reason = "each variant says what its fields are")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Msg<S: Spec> {
    /// A candidate asks for a vote; `last` is the term and index of its last entry. It may have been `told` to campaign by
    /// the leader itself.
    RequestVote { term: u64, last: (u64, usize), told: bool },
    /// The vote.
    Vote { term: u64, granted: bool },
    /// A leader is heard, and sends the entries that follow index `prev.1` of term `prev.0`, perhaps none. `round` counts
    /// what a leader announced to all: its echo shows when the follower still followed.
    AppendEntries { term: u64, prev: (u64, usize), entries: Vec<Entry<S::Op>>, commit: usize, round: u64 },
    /// A follower's log agrees up to index `Ok`; or it does not agree at `prev`, and index `Err` is the latest worth
    /// trying next.
    Appended { term: u64, prev: usize, matched: Result<usize, usize>, round: u64 },
    /// Would you vote for me in this term? `last` is as in RequestVote.
    PreVote { term: u64, last: (u64, usize) },
    /// I would, in that term; or I would not, and this is my term.
    PreVoted { term: u64, granted: bool },
    /// What the first entries of the leader's log have come to, for a follower that needs some of them. The answer is
    /// Appended.
    InstallSnapshot { term: u64, snapshot: Box<Compacted<S>>, round: u64 },
    /// Campaign now: you are to lead.
    TimeoutNow { term: u64 },
}

impl<S: Spec> Msg<S> {
    /// The sender's term; 0 where it speaks of a term that nobody may ever be in.
    pub(super) fn term(&self) -> u64 {
        match self {
            PreVote { .. } | PreVoted { granted: true, .. } => 0,
            RequestVote { term, .. }
            | Vote { term, .. }
            | AppendEntries { term, .. }
            | Appended { term, .. }
            | PreVoted { term, .. }
            | InstallSnapshot { term, .. }
            | TimeoutNow { term } => *term,
        }
    }
}

impl<S: Spec> Message for Msg<S> {
    fn bytes(&self) -> u64 {
        match self {
            RequestVote { .. } => 25,
            Vote { .. } | PreVoted { .. } => 9,
            AppendEntries { entries, .. } => {
                40 + entries.iter().map(|entry| 9 + entry.command.bytes()).sum::<u64>()
            }
            Appended { .. } => 33,
            PreVote { .. } => 24,
            InstallSnapshot { snapshot, .. } => 24 + snapshot.state.bytes(),
            TimeoutNow { .. } => 8,
        }
    }
}

impl<O: Message> Command<O> {
    fn bytes(&self) -> u64 {
        match self {
            Command::Noop => 0,
            Command::Apply(op) => op.bytes(),
            Command::Change(members) => members.bytes(),
        }
    }
}
