//! What tells one message from every other, without memory that grows.

use crate::{
    protocol::NodeId,
    rng::{Chance, Rng, fate},
    time::Time,
};
use alloc::vec::Vec;

/// A message as fate sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet {
    pub(super) from: NodeId,
    pub(super) to: NodeId,
    /// When it was handed over.
    pub(super) at: Time,
    /// Which one of those at that moment.
    pub(super) nth: u32,
}

impl Packet {
    /// The randomness that it has under `key`.
    #[inline]
    pub(super) fn rng(self, key: u64) -> Rng {
        fate(key, self.from.0, self.to.0, self.at.0, self.nth)
    }

    /// Whether something with this chance, drawn under this key, happens to it.
    pub(super) fn meets(self, (chance, key): (Chance, u64)) -> bool {
        !chance.is_never() && self.rng(key).chance(chance)
    }

    /// Its duplicate: no sender reaches the upper half of the numbers within a nanosecond.
    pub(super) fn copy(self) -> Packet {
        Packet { nth: self.nth | 1 << 31, ..self }
    }
}

/// What a sender handed over at one moment: messages to one receiver are told apart by their number.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    at: Time,
    counts: Vec<(NodeId, u32)>,
}

impl Default for Sent {
    fn default() -> Sent {
        Sent { at: Time::MAX, counts: Vec::new() }
    }
}

impl Sent {
    /// The number of the next message to `to` at this moment, from 0.
    #[inline]
    pub(super) fn number(&mut self, to: NodeId, now: Time) -> u32 {
        if self.at != now {
            self.at = now;
            self.counts.clear();
        }
        // Broadcasts go up through the numbers of the nodes: for those nothing is searched.
        if self.counts.last().is_none_or(|(last, _)| *last < to) {
            self.counts.push((to, 0));
            return 0;
        }
        match self.counts.iter_mut().find(|(node, _)| *node == to) {
            Some((_, count)) => {
                *count += 1;
                *count
            }
            None => {
                self.counts.insert(0, (to, 0));
                0
            }
        }
    }
}
