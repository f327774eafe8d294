//! Whether services have a quorum.

use crate::protocol::NodeId;
use crate::world::World;
use alloc::{collections::BTreeSet, vec::Vec};

impl World {
    /// So many nodes of a large service are asked whether they reach a majority.
    const ASKED_MAX: usize = 64;

    /// Notes for every fault in force when a service has lost its quorum.
    pub(in crate::world) fn count_quorums(&mut self) {
        if !self.kernel.active.is_empty() && !self.quorum(|node| self.runs(node)) {
            for &index in &self.kernel.active {
                self.kernel.books.effects[index].quorum_lost = true;
            }
        }
    }

    /// Whether every service would keep a quorum if these nodes were hurt, beside all that faults hurt already.
    pub(super) fn keeps_quorum(&self, taken: &BTreeSet<NodeId>) -> bool {
        let hurt = |node: NodeId| self.faults.hurting(node, |_| true).next().is_some();
        let limps = |node: NodeId| self.kernel.active.iter().any(|&fault| self.faults.degrades(fault, node));
        self.quorum(|node| self.runs(node) && !taken.contains(&node) && !hurt(node) && !limps(node))
    }

    fn runs(&self, node: NodeId) -> bool {
        self.groups[self.group_of(node)].runs(node)
    }

    /// Whether every service has a node that is well and reaches, both ways, a majority of nodes that are.
    fn quorum(&self, well: impl Fn(NodeId) -> bool) -> bool {
        let network = &self.kernel.network;
        self.services.iter().filter(|service| !service.clients).all(|service| {
            let up: Vec<NodeId> = service.ids().filter(|&node| well(node)).collect();
            let majority = service.nodes as usize / 2 + 1;
            if up.len() < majority || network.clear() {
                return up.len() >= majority;
            }
            let reached = |node: NodeId| {
                let both = |other: &&NodeId| {
                    **other == node || network.reaches(node, **other) && network.reaches(**other, node)
                };
                up.iter().filter(both).count()
            };
            let step = up.len().div_ceil(if up.len() > 1_000 { Self::ASKED_MAX } else { up.len() });
            up.iter().step_by(step).any(|&node| reached(node) >= majority)
        })
    }
}
