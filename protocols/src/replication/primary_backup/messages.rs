//! What is said, and the entries that it carries.

use Msg::*;
use sim_core::prelude::*;

/// An entry of the log: `None` opens an epoch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry<O> {
    /// The epoch of the primary that took it.
    pub epoch: u64,
    /// What to apply.
    pub op: Option<O>,
}

/// What is said.
#[allow(missing_docs, reason = "each variant says what its fields are")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Msg<O> {
    /// A primary is heard, and sends the entries that follow `prev` (epoch and index), perhaps none; so many are
    /// acknowledged.
    Ship { epoch: u64, prev: (u64, usize), entries: Vec<Entry<O>>, acknowledged: usize },
    /// A backup's log agrees with the primary's up to this index; `None`: it does not agree at `prev`, or the epoch is over.
    Shipped { epoch: u64, matched: Option<usize> },
    /// Who wants to be primary asks all to join its epoch; `last` is the epoch and index of its last entry.
    Fence { epoch: u64, last: (u64, usize) },
    /// I have joined, and take nothing from older epochs any more. The log, if it is later than yours.
    Fenced { epoch: u64, log: Vec<Entry<O>> },
}

impl<O> Msg<O> {
    pub(super) fn epoch(&self) -> u64 {
        match self {
            Ship { epoch, .. } | Shipped { epoch, .. } | Fence { epoch, .. } | Fenced { epoch, .. } => *epoch,
        }
    }
}

impl<O: Message> Message for Msg<O> {
    fn bytes(&self) -> u64 {
        let size = |entries: &[Entry<O>]| -> u64 {
            entries.iter().map(|e| 9 + e.op.as_ref().map_or(0, Message::bytes)).sum()
        };
        match self {
            Ship { entries, .. } => 32 + size(entries),
            Shipped { .. } => 17,
            Fence { .. } => 24,
            Fenced { log, .. } => 8 + size(log),
        }
    }
}
