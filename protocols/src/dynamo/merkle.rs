//! Merkle trees (§4.7): two nodes find the few keys in which they differ without sending the many in which they do not.
//!
//! A binary tree with 2^depth leaves, numbered like a heap: 1 is the root, 2n and 2n+1 are the children of n. Keys fall
//! into leaves by hash. Nodes whose hashes are equal have nothing below them that differs, so only the children of those
//! that differ are looked at next.

use super::ring::position;
use core::hash::Hash;
use sim_core::prelude::*;

/// The hashes of a tree.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tree {
    depth: u32,
    /// By number; 0 is nobody's.
    hashes: Vec<u64>,
}

/// The root.
pub const ROOT: u32 = 1;

/// The leaf into which a key falls.
pub fn leaf(key: u64, depth: u32) -> u32 {
    let bits = if depth == 0 { 0 } else { position(("leaf", key)) >> (64 - depth) };
    (1 << depth) + bits as u32
}

impl Tree {
    /// The tree over these keys, in their order, and what is held of each.
    pub fn new<T: Hash>(depth: u32, entries: impl Iterator<Item = (u64, T)>) -> Tree {
        let mut hashes = vec![0; 2 << depth];
        for (key, value) in entries {
            let hash = &mut hashes[leaf(key, depth) as usize];
            *hash = position((*hash, key, value));
        }
        for node in (1..1 << depth).rev() {
            hashes[node] = position((hashes[2 * node], hashes[2 * node + 1]));
        }
        Tree { depth, hashes }
    }

    /// These nodes with their hashes, as they are sent to be compared.
    pub fn show(&self, nodes: &[u32]) -> Vec<(u32, u64)> {
        nodes.iter().map(|&node| (node, self.hashes[node as usize])).collect()
    }

    /// Which of these nodes differ from those of this tree.
    pub fn differing(&self, shown: &[(u32, u64)]) -> Vec<u32> {
        let differs = |&&(node, hash): &&(u32, u64)| self.hashes.get(node as usize) != Some(&hash);
        shown.iter().filter(differs).map(|&(node, _)| node).collect()
    }

    /// The children of these nodes; `None` if these are leaves.
    pub fn below(&self, nodes: &[u32]) -> Option<Vec<u32>> {
        let leaves = nodes.iter().any(|&node| node >= 1 << self.depth);
        (!leaves).then(|| nodes.iter().flat_map(|&node| [2 * node, 2 * node + 1]).collect())
    }
}
