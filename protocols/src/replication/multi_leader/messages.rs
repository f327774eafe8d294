//! What is said, and what a node waits for.

use super::Entry;
use sim_core::prelude::*;

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Msg {
    /// This I have of these keys.
    Tell(Vec<(u64, Entry)>),
    /// These contexts I have: tell me what I have not heard of, and I you.
    Compare(BTreeMap<u64, BTreeMap<NodeId, u64>>),
}

/// What a node waits for.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Timer {
    /// It is time to tell new writes.
    Exchange,
    /// It is time to compare with somebody.
    AntiEntropy,
}

impl Message for Msg {
    fn bytes(&self) -> u64 {
        match self {
            Msg::Tell(entries) => {
                let size = |entry: &Entry| 12 * entry.context.len() as u64 + 28 * entry.versions.len() as u64;
                entries.iter().map(|(_, entry)| 8 + size(entry)).sum()
            }
            Msg::Compare(contexts) => contexts.values().map(|context| 8 + 12 * context.len() as u64).sum(),
        }
    }
}
