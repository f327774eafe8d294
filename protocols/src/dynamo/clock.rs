//! Vector clocks (Fidge and Mattern, 1988): which of two versions happened before the other, if either did.

use core::cmp::Ordering;
use sim_core::prelude::*;

/// For each node that wrote, the number of its last write that this version has taken in. Whoever is not named has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VectorClock(BTreeMap<NodeId, u64>);

impl VectorClock {
    /// The number of the last write of `node` that is in it; 0 if there is none.
    pub fn get(&self, node: NodeId) -> u64 {
        self.0.get(&node).copied().unwrap_or(0)
    }

    /// Takes in write number `number` of `node`, and so all that it wrote before.
    pub fn take(&mut self, node: NodeId, number: u64) {
        let own = self.0.entry(node).or_insert(0);
        *own = number.max(*own);
    }

    /// Takes in all that `other` has.
    pub fn join(&mut self, other: &VectorClock) {
        for (&node, &number) in &other.0 {
            self.take(node, number);
        }
    }

    /// Whether this one has all that `other` has.
    pub fn descends(&self, other: &VectorClock) -> bool {
        other.0.iter().all(|(&node, &number)| self.get(node) >= number)
    }

    /// `Less` if this one happened before `other`; `None` if they are concurrent.
    pub fn compare(&self, other: &VectorClock) -> Option<Ordering> {
        match (self.descends(other), other.descends(self)) {
            (true, true) => Some(Ordering::Equal),
            (true, false) => Some(Ordering::Greater),
            (false, true) => Some(Ordering::Less),
            (false, false) => None,
        }
    }

    /// How many nodes it names.
    pub fn width(&self) -> usize {
        self.0.len()
    }
}
