//! What is said, phase by phase, and the values that are proposed.

use super::{Ballot, Prefix};
use Msg::*;
use sim_core::prelude::*;

/// A value: what is proposed for a slot.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command<O> {
    /// "A special 'no-op' command that leaves the state unchanged": what a new leader fills gaps with.
    Noop,
    /// What a client asked for, and whom to answer: whoever gets it chosen can, even if another took the request.
    Ask(Ticket, O),
}

/// A proposal: "a value and a number", its ballot.
pub type Proposal<O> = (Ballot, Command<O>);

/// What is said. Lamport's phases, in order; slots count from 1.
#[allow(missing_docs, reason = "each variant says what its fields are")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Msg<S: Spec> {
    /// 1a, for all slots at once: promise to accept nothing below this ballot, and say what you accepted in the slots from
    /// `first` on.
    Prepare { ballot: Ballot, first: u64 },
    /// 1b: promised, and this was accepted last, by slot. What was dropped of the slots asked for is in the snapshot.
    Promise { ballot: Ballot, accepted: BTreeMap<u64, Proposal<S::Op>>, snapshot: Option<Box<Prefix<S>>> },
    /// 2a: accept this value in this slot. By the way: all slots up to `chosen` are chosen.
    Accept { ballot: Ballot, slot: u64, command: Command<S::Op>, chosen: u64 },
    /// 2b: accepted; told to the leader only, who is the distinguished learner.
    Accepted { ballot: Ballot, slot: u64 },
    /// Neither: a higher ballot was promised.
    Preempted { promised: Ballot },
    /// The leader of this ballot is alive, and all slots up to `chosen` are chosen.
    Alive { ballot: Ballot, chosen: u64 },
    /// To the leader, if it checks its quorum: heard.
    Heard { ballot: Ballot },
    /// To the leader: I lack what was chosen in the slots from `first` on.
    Missing { ballot: Ballot, first: u64 },
    /// What the first slots have come to, for a learner that lacks some of them.
    Snapshot { prefix: Box<Prefix<S>> },
}

impl<S: Spec> Message for Msg<S> {
    fn bytes(&self) -> u64 {
        match self {
            Preempted { .. } | Heard { .. } => 13,
            Prepare { .. } | Accepted { .. } | Alive { .. } | Missing { .. } => 21,
            Promise { accepted, snapshot, .. } => {
                let values = accepted.values().map(|(_, command)| 20 + command.bytes());
                18 + values.sum::<u64>() + snapshot.as_ref().map_or(0, |prefix| prefix.bytes())
            }
            Accept { command, .. } => 29 + command.bytes(),
            Snapshot { prefix } => 1 + prefix.bytes(),
        }
    }
}

impl<O: Message> Command<O> {
    fn bytes(&self) -> u64 {
        match self {
            Command::Noop => 1,
            Command::Ask(_, op) => 1 + Ticket::BYTES + op.bytes(),
        }
    }
}

impl<S: Spec> Message for Prefix<S> {
    fn bytes(&self) -> u64 {
        8 + self.machine.bytes()
    }
}
