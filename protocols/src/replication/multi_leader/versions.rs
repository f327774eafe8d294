//! Versions of a key, the version vector that tells which were heard of, and how two copies of a key become one.

use super::{Conflicts, Flaw, MultiLeader};
use sim_core::prelude::*;

/// The name of a write: the node that took it, and the number of its write there.
pub type Dot = (NodeId, u64);

/// A value, and the write it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Version {
    /// What was written.
    pub value: u64,
    /// By which write.
    pub dot: Dot,
    /// Nanoseconds by the clock of its node, or a logical clock, or whichever is higher: the higher of two versions wins, or is shown.
    pub stamp: u64,
}

/// What a node knows of a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Entry {
    /// The version vector: for each node the number of its last write that was heard of.
    pub context: BTreeMap<NodeId, u64>,
    /// What was not overwritten, by dot.
    pub versions: Vec<Version>,
}

/// All that a node has: what is written to its disk as one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Store {
    /// Writes taken here.
    pub writes: u64,
    /// By key.
    pub entries: BTreeMap<u64, Entry>,
}

impl Version {
    pub(super) fn rank(&self) -> (u64, Dot) {
        (self.stamp, self.dot)
    }
}

impl Entry {
    /// The version that clients see.
    pub(super) fn shown(&self) -> Option<&Version> {
        self.versions.iter().max_by_key(|version| version.rank())
    }

    pub(super) fn heard_of(&self, (node, number): Dot) -> bool {
        self.context.get(&node).is_some_and(|&heard| heard >= number)
    }
}

impl MultiLeader {
    /// Keeps what both have, and what one has and the other has not heard of.
    pub(super) fn merge(&mut self, ours: &mut Entry, theirs: Entry) {
        let news = theirs.versions.iter().any(|version| !ours.heard_of(version.dot));
        let both = |version: &Version, other: &Entry| {
            other.versions.contains(version)
                || !other.heard_of(version.dot)
                || self.config.flaw == Some(Flaw::BlindMerge)
        };
        let mut versions: Vec<Version> = ours.versions.iter().filter(|v| both(v, &theirs)).copied().collect();
        versions.extend(theirs.versions.iter().filter(|v| both(v, ours)));
        versions.sort_unstable_by_key(|version| version.dot);
        versions.dedup();
        if news && versions.len() > 1 {
            self.conflicts += 1;
        }
        let highest = versions.iter().max_by_key(|version| version.rank()).copied();
        ours.versions = match (self.config.conflicts, highest) {
            _ if self.has(Flaw::ArrivalOrder) && news => theirs.versions.into_iter().take(1).collect(),
            (Conflicts::LastWriterWins | Conflicts::HighestWins, Some(highest)) => vec![highest],
            (Conflicts::KeepSiblings, _) | (_, None) => versions,
        };
        for (node, number) in theirs.context {
            let heard = ours.context.entry(node).or_default();
            *heard = number.max(*heard);
        }
    }
}
