//! Which links a harm concerns: it marks every node with a number, and compares those of the two ends.

use super::pipes::End;
use crate::protocol::NodeId;
use alloc::vec::Vec;

#[derive(Clone, Debug)]
pub(super) struct Scope {
    marks: Vec<u32>,
    rule: Rule,
}

#[derive(Clone, Copy, Debug)]
enum Rule {
    /// Between nodes with different marks, unless one is 0.
    Sides,
    /// Between nodes with different marks.
    Apart,
    /// Where the sender is marked `FROM` and the receiver `TO`; a node may be both.
    OneWay,
    /// Between nodes whose marks are places on a ring of this size, from 1, and more than so many steps apart.
    Ring { size: u32, steps: u32 },
    /// Where one end is marked, or both.
    Touch,
    /// Where the sender is marked.
    SentBy,
}

const FROM: u32 = 1;
const TO: u32 = 2;

impl Scope {
    /// Between the groups; one that is in several is in the last.
    pub(super) fn split(groups: &[Vec<NodeId>], nodes: usize) -> Scope {
        Scope::marked(groups.iter().map(Vec::as_slice), nodes, Rule::Sides)
    }

    /// From some nodes to others.
    pub(super) fn one_way(from: &[NodeId], to: &[NodeId], nodes: usize) -> Scope {
        let mut marks = alloc::vec![0; nodes];
        from.iter().for_each(|node| marks[node.0 as usize] |= FROM);
        to.iter().for_each(|node| marks[node.0 as usize] |= TO);
        Scope { marks, rule: Rule::OneWay }
    }

    /// Between nodes that are too far apart on a ring to be among each other's nearest majority.
    pub(super) fn ring(order: &[NodeId], nodes: usize) -> Scope {
        let size = order.len() as u32;
        // A majority is size / 2 + 1 with oneself: half of the others, rounded up, are on either side.
        let rule = Rule::Ring { size, steps: (size / 2).div_ceil(2) };
        Scope::marked(order.chunks(1), nodes, rule)
    }

    /// Between each of these and everybody.
    pub(super) fn isolate(of: &[NodeId], nodes: usize) -> Scope {
        Scope::marked(of.chunks(1), nodes, Rule::Apart)
    }

    /// From and to these.
    pub(super) fn touch(of: &[NodeId], nodes: usize) -> Scope {
        Scope::marked(of.chunks(1), nodes, Rule::Touch)
    }

    /// What these send.
    pub(super) fn sent_by(of: &[NodeId], nodes: usize) -> Scope {
        Scope::marked(of.chunks(1), nodes, Rule::SentBy)
    }

    fn marked<'a>(groups: impl Iterator<Item = &'a [NodeId]>, nodes: usize, rule: Rule) -> Scope {
        let mut marks = alloc::vec![0; nodes];
        for (mark, group) in (1..).zip(groups) {
            group.iter().for_each(|node| marks[node.0 as usize] = mark);
        }
        Scope { marks, rule }
    }

    #[inline]
    pub(super) fn concerns(&self, from: NodeId, to: NodeId) -> bool {
        from != to && self.parts(from, to)
    }

    /// Whether it concerns links from a node marked like this one to one marked like that.
    #[inline]
    pub(super) fn parts(&self, from: NodeId, to: NodeId) -> bool {
        let (sender, receiver) = (self.mark(from), self.mark(to));
        let both = sender != 0 && receiver != 0;
        match self.rule {
            Rule::Sides => both && sender != receiver,
            Rule::Apart => sender != receiver,
            Rule::OneWay => sender & FROM != 0 && receiver & TO != 0,
            Rule::Ring { size, steps } => {
                let apart = sender.abs_diff(receiver);
                both && apart.min(size - apart) > steps
            }
            Rule::Touch => sender != 0 || receiver != 0,
            Rule::SentBy => sender != 0,
        }
    }

    /// Whether it concerns every link of a node.
    pub(super) fn isolates(&self, node: NodeId) -> bool {
        matches!(self.rule, Rule::Apart | Rule::Touch) && self.mark(node) != 0
    }

    #[inline]
    pub(super) fn mark(&self, node: NodeId) -> u32 {
        self.marks[node.0 as usize]
    }

    /// Of the pipes that come with this scope, the one that messages on a link which it concerns pass at this end: all
    /// share one from some nodes to others, and of marked nodes each has one for sending and one for receiving.
    pub(super) fn pipe(&self, from: NodeId, to: NodeId, end: End) -> Option<usize> {
        let place = |node: NodeId| (self.marks[node.0 as usize] as usize).checked_sub(1);
        match (self.rule, end) {
            (Rule::Touch, End::Sender) => place(from).map(|place| 2 * place),
            (Rule::Touch, End::Receiver) => place(to).map(|place| 2 * place + 1),
            (Rule::OneWay, End::Sender) => Some(0),
            (Rule::OneWay, End::Receiver) => None,
            (Rule::Sides | Rule::Apart | Rule::Ring { .. } | Rule::SentBy, _) => None,
        }
    }
}
