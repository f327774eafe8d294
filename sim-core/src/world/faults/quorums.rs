//! Whether services have a quorum: of nodes that reach one another, and of disks that hold what one of them holds.

use crate::network::Network;
use crate::protocol::NodeId;
use crate::run::ServiceInfo;
use crate::world::World;
use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec,
    vec::Vec,
};

/// Who of a service is well, and whether one of them reaches, both ways, a majority of nodes that are. Kept while nodes
/// are taken away, one by one.
pub(super) struct Quorum {
    first: NodeId,
    majority: usize,
    /// By place in the service: the class of a node that is well. Within a class the network treats all alike.
    class: Vec<Option<usize>>,
    /// How many of each class are well.
    well: Vec<usize>,
    /// The classes of which a node is asked whether it reaches a majority.
    asked: Vec<Asked>,
}

struct Asked {
    class: usize,
    /// Which classes it reaches both ways; of its own class the others.
    mutual: Vec<bool>,
    /// How many nodes it reaches, itself not counted unless its class is mutual.
    reaches: usize,
}

impl Quorum {
    /// So many are asked, the largest.
    const ASKED_MAX: usize = 64;

    fn new(service: &ServiceInfo, network: &Network, runs: impl Fn(NodeId) -> bool) -> Quorum {
        let mut classes = BTreeMap::new();
        // One node of each class.
        let mut of_class = Vec::new();
        let mut well: Vec<usize> = Vec::new();
        let mut classify = |node: NodeId| {
            if network.clear() && !well.is_empty() {
                well[0] += 1;
                return 0;
            }
            let class = *classes.entry(network.marks(node)).or_insert_with(|| {
                of_class.push(node);
                well.push(0);
                well.len() - 1
            });
            well[class] += 1;
            class
        };
        let class = service.ids().map(|node| runs(node).then(|| classify(node))).collect();
        let majority = service.nodes as usize / 2 + 1;
        let mut large: Vec<usize> = (0..well.len()).collect();
        large.retain(|&class| majority == 1 || !network.alone(of_class[class]));
        large.sort_by_key(|&class| core::cmp::Reverse(well[class]));
        large.truncate(Self::ASKED_MAX);
        let ask = |class: usize| {
            let mutual = |other: &NodeId| network.mutual(of_class[class], *other);
            let mutual: Vec<bool> = of_class.iter().map(mutual).collect();
            let reaches =
                well.iter().zip(&mutual).filter(|&(_, mutual)| *mutual).map(|(well, _)| *well).sum();
            Asked { class, mutual, reaches }
        };
        let asked = large.into_iter().map(ask).collect();
        Quorum { first: service.first, majority, class, well, asked }
    }

    pub(super) fn holds(&self) -> bool {
        self.asked.iter().any(|asked| {
            let alone = usize::from(!asked.mutual[asked.class]);
            self.well[asked.class] > 0 && asked.reaches + alone >= self.majority
        })
    }

    /// Counts a node no longer, if the quorum holds without it. Whether it does.
    pub(super) fn spares(&mut self, node: NodeId) -> bool {
        let Some(class) = self.class[(node.0 - self.first.0) as usize].take() else { return self.holds() };
        self.well[class] -= 1;
        self.asked.iter_mut().for_each(|asked| asked.reaches -= usize::from(asked.mutual[class]));
        if self.holds() {
            return true;
        }
        self.class[(node.0 - self.first.0) as usize] = Some(class);
        self.well[class] += 1;
        self.asked.iter_mut().for_each(|asked| asked.reaches += usize::from(asked.mutual[class]));
        false
    }
}

impl World {
    /// Notes for every fault in force when a service has lost its quorum.
    pub(in crate::world) fn count_quorums(&mut self) {
        if !self.kernel.active.is_empty() && !self.quorums(|node| self.runs(node)).all(|(_, q)| q.holds()) {
            for &index in &self.kernel.active {
                self.kernel.books.effects[index].quorum_lost = true;
            }
        }
    }

    /// Of every service the nodes that run, are free of what faults do at the moment, and have no damage on their disks that
    /// the next boot will find.
    pub(super) fn unharmed(&self) -> BTreeMap<usize, Quorum> {
        let degraded = self.kernel.active.iter().filter_map(|&fault| self.faults.degraded(fault));
        let limping: BTreeSet<NodeId> = degraded.flatten().copied().collect();
        let well = |node: NodeId| {
            self.runs(node)
                && !limping.contains(&node)
                && self.faults.hurting(node, |_| true).next().is_none()
                && !self.groups[self.group_of(node)].rotten(node)
        };
        self.quorums(well).collect()
    }

    /// Whether all that is durable in the logs of a node is so on a majority of its service too, on disks that are whole:
    /// without its own, and without those. Values are a node's own, and nobody else has them.
    pub(super) fn replicated(&mut self, node: NodeId, without: &BTreeSet<NodeId>) -> bool {
        let service = self.group_of(node);
        let ServiceInfo { nodes, .. } = self.services[service];
        let others = self.services[service].ids().filter(|other| *other != node && !without.contains(other));
        let group = &mut self.groups[service];
        let lengths = group.records(node);
        let here = group.prefixes(node, &lengths);
        let mut copies = vec![0; here.len()];
        for other in others.filter(|&other| !group.rotten(other)).collect::<Vec<_>>() {
            let there = group.prefixes(other, &lengths);
            copies.iter_mut().zip(here.iter().zip(there)).for_each(|(copies, (here, there))| {
                *copies += u32::from(there == *here);
            });
        }
        copies.iter().all(|&copies| copies > nodes / 2)
    }

    fn runs(&self, node: NodeId) -> bool {
        self.groups[self.group_of(node)].runs(node)
    }

    /// Of every service, by its place.
    fn quorums(&self, well: impl Fn(NodeId) -> bool) -> impl Iterator<Item = (usize, Quorum)> {
        let services = self.services.iter().enumerate().filter(|(_, service)| !service.clients);
        services.map(move |(place, service)| (place, Quorum::new(service, &self.kernel.network, &well)))
    }
}
