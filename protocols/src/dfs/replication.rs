//! Where copies go, and what becomes of those that are lost (§4.2, §4.3): the master has others made.

use super::{Config, Dfs, Flaw, Msg::*, Name, Version, master::Master};
use crate::retry::Retry;
use sim_core::prelude::*;

/// So many copies are ordered at a look at most: what is lost is not to be replaced at the cost of all else.
const ORDERS: usize = 50;
/// So often the wait for a copy is doubled. What has too few copies may be lost meanwhile, so nobody learns to be patient.
const PATIENT: u32 = 2;

impl Master {
    /// Looks who is not there any more, and has copies made of what they had.
    pub(super) fn look(&mut self, config: &Config, ctx: &mut Ctx<Dfs>) {
        let now = ctx.now();
        let mut doubtful = Vec::new();
        for server in self.servers.values_mut() {
            if server.alive && now.since(server.heard) > config.patience {
                server.alive = false;
                doubtful.extend(server.copies.iter().copied());
            }
        }
        if self.listens.is_some_and(|until| until <= now) {
            self.listens = None;
            doubtful.extend(self.standing.iter().map(|(name, (version, _))| (*name, *version)));
        }
        doubtful.into_iter().for_each(|copy| self.doubt(copy));
        if self.listens.is_none() && config.flaw != Some(Flaw::NoRepair) {
            self.repair(config, ctx);
        }
    }

    /// Orders copies of what has too few.
    fn repair(&mut self, config: &Config, ctx: &mut Ctx<Dfs>) {
        let (now, retry) = (ctx.now(), Retry::new(config.retry));
        let (mut enough, mut coming, mut orders) = (Vec::new(), Vec::new(), 0);
        for copy in self.thin.iter().copied() {
            let have = self.alive(copy);
            if have.len() >= config.replicas as usize {
                enough.push(copy);
                continue;
            }
            let before = self.ordered.get(&copy).copied();
            let bytes = self.standing.get(&copy.0).map_or(0, |(_, bytes)| *bytes);
            let waits =
                before.is_some_and(|(at, tries)| now.since(at) < retry.after(bytes, tries.min(PATIENT)));
            let Some(from) = ctx.rng.pick(&have).copied().filter(|_| !waits && orders < ORDERS) else {
                continue;
            };
            if let Some(to) = self.targets(NodeId::NONE, &have, 1, ctx).first() {
                coming.push(*to);
                ctx.send(from, Copy(copy.0, copy.1, *to));
                self.ordered.insert(copy, (now, before.map_or(0, |(_, tries)| tries + 1)));
                orders += 1;
            }
        }
        self.expect(&coming);
        for copy in enough {
            self.thin.remove(&copy);
            self.ordered.remove(&copy);
        }
    }

    /// How many chunks have fewer copies on servers that are there.
    pub(super) fn thin(&self, replicas: u32) -> usize {
        self.thin.iter().filter(|copy| self.alive(**copy).len() < replicas as usize).count()
    }

    /// These are to have one copy more.
    pub(super) fn expect(&mut self, nodes: &[NodeId]) {
        for node in nodes {
            if let Some(server) = self.servers.get_mut(node) {
                server.coming += 1;
            }
        }
    }

    /// There may be too few copies of this, if it stands.
    pub(super) fn doubt(&mut self, copy: (Name, Version)) {
        if self.standing.get(&copy.0).is_some_and(|(version, _)| *version == copy.1) {
            self.thin.insert(copy);
        }
    }

    /// Where copies are to go that are not to be where some are: first to who writes, then to other zones than there are already,
    /// and to whoever has the fewest.
    pub(super) fn targets(
        &self,
        near: NodeId,
        have: &[NodeId],
        count: usize,
        ctx: &mut Ctx<Dfs>,
    ) -> Vec<NodeId> {
        let mut all: Vec<NodeId> = have.to_vec();
        let turn = ctx.rng.next_u64();
        while all.len() < have.len() + count {
            let zones: Vec<u32> = all.iter().map(|node| ctx.zone(*node)).collect();
            let free = self.servers.iter().filter(|(node, server)| server.alive && !all.contains(node));
            let best = free.min_by_key(|(node, server)| {
                let mixed = (u64::from(node.0) ^ turn).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                let copies = server.copies.len() + server.coming;
                (**node != near, zones.contains(&ctx.zone(**node)), copies, mixed)
            });
            let Some((node, _)) = best else { break };
            all.push(*node);
        }
        all.split_off(have.len())
    }
}
