//! What tells one message from every other, without memory that grows.

use crate::{
    protocol::NodeId,
    rng::{Chance, Rng, fate},
    time::Time,
};
use alloc::{collections::BTreeMap, vec::Vec};

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

/// What was handed over at this moment: messages from one node to another are told apart by their number. No node and no
/// link has memory for that. Nodes mostly send one after the other, at one moment in the order of their numbers if at all;
/// only when one sends again after another has sent, it has to be found.
#[derive(Clone, Debug, Default)]
pub(super) struct Sent {
    /// The moment, and the sender whose turn it is.
    turn: Option<(Time, NodeId)>,
    /// Whom it sent to, and how often; the last is the highest.
    receivers: Vec<(NodeId, u32)>,
    /// The highest number of any sender at this moment.
    highest: u32,
    /// The same of those whose turn is over.
    over: Vec<(NodeId, NodeId, u32)>,
    /// Those of `over` that were sorted, because somebody had a second turn.
    found: BTreeMap<(NodeId, NodeId), u32>,
}

impl Sent {
    /// The number of the next message from one node to another at this moment, from 0.
    #[inline]
    pub(super) fn number(&mut self, from: NodeId, to: NodeId, now: Time) -> u32 {
        if self.turn != Some((now, from)) {
            self.begin_turn(from, now);
        }
        // Broadcasts go up through the numbers of the nodes: for those nothing is searched.
        if self.receivers.last().is_none_or(|(last, _)| *last < to) {
            self.receivers.push((to, 0));
            return 0;
        }
        match self.receivers.iter_mut().find(|(node, _)| *node == to) {
            Some((_, count)) => {
                *count += 1;
                *count
            }
            None => {
                self.receivers.insert(0, (to, 0));
                0
            }
        }
    }

    #[inline]
    fn begin_turn(&mut self, from: NodeId, now: Time) {
        let before = self.turn.replace((now, from));
        match before {
            Some((at, sender)) if at == now => self.take_turns(sender, from),
            Some(_) | None => {
                self.receivers.clear();
                self.highest = from.0;
                self.over.clear();
                if !self.found.is_empty() {
                    self.found.clear();
                }
            }
        }
    }

    /// One sender's turn is over at this very moment, and another one's begins.
    fn take_turns(&mut self, before: NodeId, from: NodeId) {
        self.over.extend(self.receivers.drain(..).map(|(to, count)| (before, to, count)));
        if from.0 > self.highest {
            self.highest = from.0;
            return;
        }
        self.found.extend(self.over.drain(..).map(|(from, to, count)| ((from, to), count)));
        let all = (from, NodeId(0))..=(from, NodeId(u32::MAX));
        self.receivers.extend(self.found.range(all).map(|(&(_, to), &count)| (to, count)));
    }
}
