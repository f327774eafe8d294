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
#[derive(Clone, Debug)]
pub(super) struct Sent {
    /// The moment.
    at: Time,
    /// The sender whose turn it is.
    from: NodeId,
    /// The highest receiver of its messages at this moment, and how many there were before the last.
    last: (NodeId, u32),
    /// Its other receivers, likewise.
    others: Vec<(NodeId, u32)>,
    /// The highest number of any sender at this moment.
    highest: NodeId,
    /// Those whose turn is over, with their receivers.
    over: Vec<((NodeId, NodeId), u32)>,
    /// Those of `over` that were sorted, because somebody had a second turn.
    found: BTreeMap<(NodeId, NodeId), u32>,
}

impl Default for Sent {
    fn default() -> Sent {
        Sent {
            at: Time::ZERO,
            from: NodeId::NONE,
            last: (NodeId::NONE, 0),
            others: Vec::new(),
            highest: NodeId(0),
            over: Vec::new(),
            found: BTreeMap::new(),
        }
    }
}

impl Sent {
    /// Among so few nothing needs to be sorted, and no memory.
    const FEW: usize = 16;

    /// Forgets everything, but keeps the memory.
    pub(super) fn clear(&mut self) {
        (self.at, self.from, self.highest) = (Time::ZERO, NodeId::NONE, NodeId(0));
        self.others.clear();
        self.over.clear();
        self.found.clear();
    }

    /// The number of the next message from one node to another at this moment, from 0.
    #[inline(always)]
    pub(super) fn number(&mut self, from: NodeId, to: NodeId, now: Time) -> u32 {
        if self.at == now {
            return self.number_again(from, to);
        }
        (self.at, self.from, self.highest) = (now, from, from);
        self.last = (to, 0);
        self.others.clear();
        self.over.clear();
        if !self.found.is_empty() {
            self.found.clear();
        }
        0
    }

    /// The same where it is not the first message at this moment.
    fn number_again(&mut self, from: NodeId, to: NodeId) -> u32 {
        if self.from != from && !self.takes_turn(from) {
            self.last = (to, 0);
            return 0;
        }
        // Broadcasts go up through the numbers of the nodes: for those nothing is searched.
        if self.last.0 < to {
            self.others.push(core::mem::replace(&mut self.last, (to, 0)));
            return 0;
        }
        if self.last.0 == to {
            self.last.1 += 1;
            return self.last.1;
        }
        if let Some((_, count)) = self.others.iter_mut().find(|(node, _)| *node == to) {
            *count += 1;
            return *count;
        }
        self.others.push((to, 0));
        0
    }

    /// It is another sender's turn. Whether that had one before at this moment.
    fn takes_turn(&mut self, from: NodeId) -> bool {
        let before = core::mem::replace(&mut self.from, from);
        if before != NodeId::NONE {
            let receivers = self.others.drain(..).chain([self.last]);
            self.over.extend(receivers.map(|(to, count)| ((before, to), count)));
        }
        if from > self.highest || before == NodeId::NONE {
            self.highest = from;
            return false;
        }
        if self.found.is_empty() && self.over.len() <= Self::FEW {
            let earlier = self.over.extract_if(.., |((sender, _), _)| *sender == from);
            self.others.extend(earlier.map(|((_, to), count)| (to, count)));
            self.others.sort_unstable();
        } else {
            self.found.extend(self.over.drain(..));
            let all = (from, NodeId(0))..=(from, NodeId::NONE);
            self.others.extend(self.found.range(all).map(|(&(_, to), &count)| (to, count)));
        }
        match self.others.pop() {
            Some(last) => {
                self.last = last;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Keys, Purpose};

    /// Every message gets the number of those before it on its link at its moment, whoever sends when.
    #[test]
    fn messages_are_numbered_as_a_map_would_number_them() {
        let mut rng = Keys::new(1).stream(Purpose::Network, 0, 0);
        let mut sent = Sent::default();
        for round in 0..2_000 {
            let now = Time(round);
            let mut counts: BTreeMap<(u64, u64), u32> = BTreeMap::new();
            // Few senders and receivers, or more than are searched one by one.
            let nodes = if round % 2 == 0 { 4 } else { 40 };
            for _ in 0..rng.range(1, 100) {
                let link = (rng.below(nodes), rng.below(nodes));
                let count = counts.entry(link).or_insert(0);
                let number = sent.number(NodeId(link.0 as u32), NodeId(link.1 as u32), now);
                assert_eq!(number, *count, "{link:?} in round {round}");
                *count += 1;
            }
        }
    }
}
