//! Consistent hashing with virtual nodes (§4.2): which nodes keep a key, and who stands in for them.

use core::hash::Hash;
use sim_core::{digest::Digest, prelude::*};

/// Where on the ring something is.
pub fn position(what: impl Hash) -> u64 {
    let mut digest = Digest::new();
    what.hash(&mut digest);
    digest.finish()
}

/// Each member has so many tokens, which are where its virtual nodes stand. A key belongs to those that follow its own
/// position, clockwise.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ring {
    tokens: Vec<(u64, NodeId)>,
    members: usize,
}

impl Ring {
    /// The ring of these members.
    pub fn new(members: &BTreeSet<NodeId>, tokens_each: u32) -> Ring {
        let of = |&node: &NodeId| (0..tokens_each).map(move |token| (position((node.0, token)), node));
        let mut tokens: Vec<_> = members.iter().flat_map(of).collect();
        tokens.sort_unstable();
        Ring { tokens, members: members.len() }
    }

    /// The preference list (§4.3), to its end: all members in the order in which they come after the key, each once, and
    /// so skipping further virtual nodes of the same one. The first N of them are its replicas.
    pub fn preference(&self, key: u64) -> Vec<NodeId> {
        let start = self.tokens.partition_point(|&(token, _)| token < position(key));
        let (before, after) = self.tokens.split_at(start);
        let mut list = Vec::with_capacity(self.members);
        for &(_, node) in after.iter().chain(before) {
            if !list.contains(&node) {
                list.push(node);
                if list.len() == self.members {
                    break;
                }
            }
        }
        list
    }
}
