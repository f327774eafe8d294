//! The links of a plan: nodes that the exceptions treat alike share a class, and a link is looked up by the classes of
//! its ends, so the table is as small as the scenario is simple.

use super::luck::Luck;
use crate::{
    link::{LinkPlan, NetworkPlan, Transport},
    protocol::NodeId,
    sample::Delay,
    stream::StreamPlan,
};
use alloc::{collections::BTreeSet, vec::Vec};

/// The default is number 0, and exceptions count from 1.
#[derive(Clone, Debug)]
pub(super) struct Links {
    /// The last one is that between two nodes on one machine.
    lucks: Vec<Luck>,
    /// The machine of each node; empty while each has its own.
    machines: Vec<NodeId>,
    /// By link; empty while none carries connections.
    streams: Vec<Option<StreamPlan>>,
    /// Class of each node; empty while there is only one class.
    class: Vec<u16>,
    /// The link by class of sender × class of receiver.
    table: Vec<u16>,
    classes: usize,
}

impl Links {
    pub(super) fn new(plan: &NetworkPlan, key: u64, nodes: usize) -> Links {
        let inside = LinkPlan::new(Delay::Constant(NetworkPlan::LOOPBACK));
        let shared = Some(&inside).filter(|_| !plan.machines.is_empty());
        let plans = || {
            let exceptions = plan.links.iter().map(|e| &e.link);
            core::iter::once(&plan.default).chain(exceptions).chain(shared)
        };
        let (class, classes) = classes(plan, nodes);
        let mut table = alloc::vec![0u16; classes * classes];
        for (index, exception) in plan.links.iter().enumerate() {
            for from in members(&exception.from, &class) {
                for to in members(&exception.to, &class) {
                    table[from * classes + to] = index as u16 + 1;
                }
            }
        }
        let mut streams: Vec<Option<StreamPlan>> = plans().map(stream).collect();
        if streams.iter().all(Option::is_none) {
            streams.clear();
        }
        Links {
            lucks: plans().map(|plan| Luck::of_link(plan, key)).collect(),
            machines: plan.machines.clone(),
            streams,
            class,
            table,
            classes,
        }
    }

    /// Whether they only delay and lose, and carry datagrams.
    pub(super) fn plain(&self) -> bool {
        self.streams.is_empty() && self.lucks.iter().all(Luck::plain)
    }

    /// The number of a link.
    #[inline]
    pub(super) fn index(&self, from: NodeId, to: NodeId) -> usize {
        if from != to && self.together(from, to) { self.lucks.len() - 1 } else { self.apart(from, to) }
    }

    /// The same for nodes that share no machine: the fast path asks this, where nobody shares one.
    #[inline]
    fn apart(&self, from: NodeId, to: NodeId) -> usize {
        if self.class.is_empty() {
            return 0;
        }
        let (row, column) = (self.class[from.0 as usize], self.class[to.0 as usize]);
        self.table[row as usize * self.classes + column as usize] as usize
    }

    /// Whether what one says to the other stays on a machine: two nodes on it, or a node and itself.
    #[inline]
    pub(super) fn together(&self, from: NodeId, to: NodeId) -> bool {
        from == to
            || !self.machines.is_empty() && self.machines[from.0 as usize] == self.machines[to.0 as usize]
    }

    pub(super) fn machine(&self, node: NodeId) -> NodeId {
        NetworkPlan::machine(&self.machines, node)
    }

    #[inline]
    pub(super) fn luck(&self, from: NodeId, to: NodeId) -> &Luck {
        &self.lucks[self.index(from, to)]
    }

    /// The luck of a link where nobody shares a machine.
    #[inline]
    pub(super) fn luck_apart(&self, from: NodeId, to: NodeId) -> &Luck {
        &self.lucks[self.apart(from, to)]
    }

    #[inline]
    pub(super) fn stream(&self, from: NodeId, to: NodeId) -> Option<&StreamPlan> {
        if self.streams.is_empty() { None } else { self.streams[self.index(from, to)].as_ref() }
    }
}

fn stream(plan: &LinkPlan) -> Option<StreamPlan> {
    match &plan.transport {
        Transport::Datagram => None,
        Transport::Stream(stream) => Some(*stream),
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
fn members(nodes: &[NodeId], class: &[u16]) -> BTreeSet<usize> {
    nodes.iter().map(|n| class[n.0 as usize] as usize).collect()
}
