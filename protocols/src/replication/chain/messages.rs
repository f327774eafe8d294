//! What is said: between the master and the servers, and along the chain.

use Msg::*;
use sim_core::prelude::*;

/// An update in a history.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Update<O> {
    /// The version of the configuration under which the head took it: with its index it names it.
    pub version: u64,
    /// What to apply.
    pub op: O,
    /// Whom to answer.
    pub ticket: Ticket,
}

/// A configuration: who is in the chain, head first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Setup {
    /// Later ones are greater; 0 is none.
    pub version: u64,
    /// Head, …, tail.
    pub chain: Vec<NodeId>,
    /// Whether the tail is new, and is not known to have what its predecessor has.
    pub joining: bool,
}

/// What is said.
#[allow(missing_docs, reason = "each variant says what its fields are")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Msg<O> {
    /// To the master: I live, it is `sent` by my clock, and I caught up with my predecessor under this version.
    Alive { sent: Time, caught_up: Option<u64> },
    /// From the master: the configuration, and the time that the server's message bore that this answers.
    Configuration { setup: Setup, sent: Option<Time> },
    /// To the successor: all updates from index `prev.1` on, which was taken under version `prev.0`.
    Forward { version: u64, prev: (u64, usize), updates: Vec<Update<O>> },
    /// To the predecessor: my history agrees with yours up to `Ok`, or send from index `Err` on; the tail has `acknowledged`.
    Received { version: u64, agreed: Result<usize, usize>, acknowledged: usize },
}

impl<O: Message> Message for Msg<O> {
    fn bytes(&self) -> u64 {
        match self {
            Alive { .. } => 17,
            Configuration { setup, .. } => 18 + 4 * setup.chain.len() as u64,
            Forward { updates, .. } => {
                24 + updates.iter().map(|update| 8 + Ticket::BYTES + update.op.bytes()).sum::<u64>()
            }
            Received { .. } => 25,
        }
    }
}
