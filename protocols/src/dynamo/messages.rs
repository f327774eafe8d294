//! What is said, mechanism by mechanism.

use super::Object;
use Msg::*;
use sim_core::prelude::*;

/// What is said. `id` is an operation as its coordinator counts, `home` the replica that a copy belongs to, `number` a
/// hint as its keeper counts; `answer` asks for the same in return.
#[allow(missing_docs, reason = "each variant says what its fields are")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Msg {
    /// What do you hold of this key?
    Query { id: u64, key: u64 },
    /// This.
    Report { id: u64, object: Object },
    /// Keep this, for yourself or for another.
    Store { id: u64, key: u64, object: Object, home: NodeId },
    /// It is kept.
    Stored { id: u64, home: NodeId },
    /// You missed this (read repair).
    Repair { key: u64, object: Object },
    /// I kept this for you.
    Handoff { number: u64, key: u64, object: Object },
    /// Now I have it.
    Handed { number: u64, key: u64 },
    /// My Merkle tree, over the keys that both of us keep, has these hashes.
    Hashes { nodes: Vec<(u32, u64)> },
    /// These leaves differ, and this is what I have there.
    Leaves { leaves: Vec<u32>, entries: Vec<(u64, Object)>, answer: bool },
    /// I know these members.
    Members { members: BTreeSet<NodeId>, answer: bool },
}

impl Message for Msg {
    fn bytes(&self) -> u64 {
        match self {
            Query { .. } | Handed { .. } => 17,
            Report { object, .. } => 9 + object.bytes(),
            Store { object, .. } => 21 + object.bytes(),
            Stored { .. } => 13,
            Repair { object, .. } => 9 + object.bytes(),
            Handoff { object, .. } => 17 + object.bytes(),
            Hashes { nodes } => 3 + 12 * nodes.len() as u64,
            Leaves { leaves, entries, .. } => {
                let entries = entries.iter().map(|(_, object)| 8 + object.bytes());
                6 + 4 * leaves.len() as u64 + entries.sum::<u64>()
            }
            Members { members, .. } => 4 + 4 * members.len() as u64,
        }
    }
}
