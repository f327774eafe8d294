//! What is said, phase by phase; what a node waits for, and what it must not forget.

use sim_core::prelude::*;

/// The number of a proposal: two proposers never have the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ballot {
    /// Counts up at each proposer.
    pub round: u64,
    /// Whose it is, by its place in the group.
    pub proposer: u32,
}

/// A value, and the ballot in which it was accepted.
pub(super) type Accepted = Option<(Ballot, u64)>;

/// What is said. Lamport's phases, in order.
#[allow(missing_docs, reason = "each variant says what its fields are")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Msg {
    /// 1a: promise to accept nothing below this ballot.
    Prepare { ballot: Ballot },
    /// 1b: promised, and this was accepted last.
    Promise { ballot: Ballot, accepted: Accepted },
    /// 2a: accept this value.
    Accept { ballot: Ballot, value: u64 },
    /// 2b: accepted; told to all learners.
    Accepted { ballot: Ballot, value: u64 },
    /// Neither: a higher ballot was promised. "For efficiency", says the paper.
    Preempted { promised: Ballot },
    /// What was chosen, for whoever asks later.
    Chosen { value: u64 },
}

/// What a node waits for.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Timer {
    /// The ballot has come to nothing.
    Retry,
}

/// "An acceptor must remember this information even if it fails and then restarts", and a proposer its highest ballot (§2.5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Memory {
    /// The highest ballot that was promised.
    pub promised: Ballot,
    /// What was accepted last.
    pub accepted: Accepted,
    /// The highest round that was begun here.
    pub round: u64,
}

impl Message for Msg {
    fn bytes(&self) -> u64 {
        match self {
            Msg::Prepare { .. } | Msg::Preempted { .. } => 13,
            Msg::Promise { accepted, .. } => 14 + if accepted.is_some() { 20 } else { 0 },
            Msg::Accept { .. } | Msg::Accepted { .. } => 21,
            Msg::Chosen { .. } => 9,
        }
    }
}
