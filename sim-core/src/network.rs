//! The network: who can reach whom, how late, with what luck.
//!
//! A message is handed over, and either gets a moment of arrival or is lost. Its fate depends on the seed, the two
//! ends, the moment, and how many messages went between these ends at that same moment; on nothing else. So removing a
//! fault or a client from a plan leaves the fates of unrelated messages as they were, and no link costs memory.
//! Messages overtake one another freely: this is a datagram network.

use crate::{
    protocol::NodeId,
    rng::{Chance, fate},
    sample::{Delay, Sampler},
    time::Time,
};
use alloc::vec::Vec;

/// How a link treats messages.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkPlan {
    /// From handing over to arrival.
    pub delay: Delay,
    /// The probability that a message is lost.
    pub loss: Chance,
}

/// The whole network: one default, and exceptions by direction.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkPlan {
    /// Every link that no exception names.
    pub default: LinkPlan,
    /// Exceptions; a later one wins.
    pub links: Vec<LinkException>,
}

/// All links from one set of nodes to another.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkException {
    /// The senders.
    pub from: Vec<NodeId>,
    /// The receivers.
    pub to: Vec<NodeId>,
    /// How these links behave.
    pub link: LinkPlan,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    delay: Sampler,
    loss: Chance,
}

/// Nodes that the exceptions treat alike share a class; a link is looked up by the classes of its ends, so the table
/// is as small as the scenario is simple.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    key: u64,
    links: Vec<Link>,
    /// Class of each node; empty while there is only one class.
    class: Vec<u16>,
    /// `links` index by class of sender × class of receiver.
    table: Vec<u16>,
    classes: usize,
    /// Per sender: the last moment at which it sent, and to whom how often at that moment.
    sent: Vec<Sent>,
    cuts: Vec<Cut>,
}

/// What a sender handed over at one moment: messages to one receiver are told apart by their number.
#[derive(Clone, Debug)]
struct Sent {
    at: Time,
    counts: Vec<(NodeId, u32)>,
}

impl Sent {
    /// The number of the next message to `to` at this moment, from 0.
    fn number(&mut self, to: NodeId, now: Time) -> u32 {
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

/// A cut in force: traffic between sides is lost, as `one_way` says.
#[derive(Clone, Debug)]
struct Cut {
    fault: usize,
    /// Side of each node; 0 is on no side and reaches everybody.
    side: Vec<u16>,
    one_way: bool,
}

impl Network {
    pub(crate) fn new(plan: &NetworkPlan, key: u64, nodes: usize) -> Network {
        let compile = |link: &LinkPlan| Link { delay: link.delay.sampler(), loss: link.loss };
        let links =
            core::iter::once(&plan.default).chain(plan.links.iter().map(|e| &e.link)).map(compile).collect();
        let (class, classes) = classes(plan, nodes);
        let mut table = alloc::vec![0u16; classes * classes];
        for (index, exception) in plan.links.iter().enumerate() {
            for from in members(&exception.from, &class) {
                for to in members(&exception.to, &class) {
                    table[from * classes + to] = index as u16 + 1;
                }
            }
        }
        let sent = alloc::vec![Sent { at: Time::MAX, counts: Vec::new() }; nodes];
        Network { key, links, class, table, classes, sent, cuts: Vec::new() }
    }

    /// When a message handed over `now` arrives; `None` if chance loses it.
    #[inline]
    pub(crate) fn travel(&mut self, from: NodeId, to: NodeId, now: Time) -> Option<Time> {
        let link = match self.class.is_empty() {
            true => self.links[0],
            false => {
                let (row, column) = (self.class[from.0 as usize], self.class[to.0 as usize]);
                self.links[self.table[row as usize * self.classes + column as usize] as usize]
            }
        };
        if let Some(delay) = link.delay.constant()
            && link.loss.is_never()
        {
            return Some(now + delay);
        }
        let number = self.sent[from.0 as usize].number(to, now);
        let mut rng = fate(self.key, from.0, to.0, now.0, number);
        if rng.chance(link.loss) {
            return None;
        }
        Some(now + link.delay.draw(&mut rng))
    }

    /// The fault that stops a message between these two now, if any does.
    #[inline]
    pub(crate) fn cut(&self, from: NodeId, to: NodeId) -> Option<usize> {
        self.cuts.iter().find(|cut| cut.stops(from, to)).map(|cut| cut.fault)
    }

    /// Puts a cut in force: the groups can no longer reach one another; one-way from the first to the second.
    pub(crate) fn split(&mut self, fault: usize, groups: &[Vec<NodeId>], one_way: bool) {
        let mut side = alloc::vec![0u16; self.sent.len()];
        for (number, group) in groups.iter().enumerate() {
            for node in group {
                side[node.0 as usize] = number as u16 + 1;
            }
        }
        self.cuts.push(Cut { fault, side, one_way });
    }

    /// Ends the cut of this fault.
    pub(crate) fn heal(&mut self, fault: usize) {
        self.cuts.retain(|cut| cut.fault != fault);
    }
}

impl Cut {
    fn stops(&self, from: NodeId, to: NodeId) -> bool {
        let (from, to) = (self.side[from.0 as usize], self.side[to.0 as usize]);
        if self.one_way { from == 1 && to == 2 } else { from != to && from != 0 && to != 0 }
    }
}

/// Classes by first appearance: nodes named by the same exceptions, in the same places, share one.
fn classes(plan: &NetworkPlan, nodes: usize) -> (Vec<u16>, usize) {
    if plan.links.is_empty() {
        return (Vec::new(), 1);
    }
    let mut class = alloc::vec![0u16; nodes];
    let mut count = 1usize;
    for set in plan.links.iter().flat_map(|e| [&e.from, &e.to]) {
        // Split every class into those inside and those outside the set.
        let mut inside: Vec<Option<u16>> = alloc::vec![None; count];
        let mut outside: Vec<bool> = alloc::vec![false; count];
        let mut member = alloc::vec![false; nodes];
        set.iter().for_each(|n| member[n.0 as usize] = true);
        (0..nodes).filter(|&n| !member[n]).for_each(|n| outside[class[n] as usize] = true);
        for n in (0..nodes).filter(|&n| member[n]) {
            let old = class[n] as usize;
            if outside[old] {
                class[n] = *inside[old].get_or_insert_with(|| {
                    count += 1;
                    u16::try_from(count - 1).expect("the scenario's limits keep classes below 65,536")
                });
            }
        }
    }
    (class, count)
}

/// The classes of these nodes, each once.
fn members(nodes: &[NodeId], class: &[u16]) -> alloc::collections::BTreeSet<usize> {
    nodes.iter().map(|n| class[n.0 as usize] as usize).collect()
}
