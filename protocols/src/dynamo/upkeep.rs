//! What goes on beside reads and writes: hinted handoff (§4.6), replica synchronization (§4.7) and membership (§4.8).

use super::{
    merkle::{self, Tree},
    *,
};

impl Dynamo {
    /// Offers each copy that is kept for another to that one. It is dropped when it has arrived.
    pub(super) fn offer(&mut self, ctx: &mut Ctx<Self>) {
        ctx.set(Hints, self.config.handoff);
        for (&(key, home), object) in &self.copies.hints {
            let number = self.numbers[&(key, home)];
            ctx.send(home, Handoff { number, key, object: object.clone() });
        }
        if self.has(Flaw::DroppedHint) {
            for (key, home) in core::mem::take(&mut self.numbers).into_keys() {
                self.record(Record::Handed(key, home), ctx);
            }
        }
    }

    /// What was kept since is another copy, and stays.
    pub(super) fn handed(&mut self, home: NodeId, number: u64, key: u64, ctx: &mut Ctx<Self>) {
        if self.numbers.get(&(key, home)) == Some(&number) {
            self.numbers.remove(&(key, home));
            self.done.handed += 1;
            self.record(Record::Handed(key, home), ctx);
        }
    }

    /// Shows the root of the tree of common keys to somebody.
    pub(super) fn compare(&mut self, ctx: &mut Ctx<Self>) {
        ctx.set(Compare, self.config.anti_entropy);
        if let Some(peer) = self.somebody(ctx) {
            let nodes = self.tree(peer, ctx).show(&[merkle::ROOT]);
            ctx.send(peer, Hashes { nodes });
        }
    }

    /// Looks below the hashes that differ, down to the leaves.
    pub(super) fn differ(&mut self, peer: NodeId, shown: &[(u32, u64)], ctx: &mut Ctx<Self>) {
        self.done.compared += shown.len() as u64;
        let tree = self.tree(peer, ctx);
        let differing = tree.differing(shown);
        if differing.is_empty() {
            return;
        }
        match tree.below(&differing) {
            Some(children) => ctx.send(peer, Hashes { nodes: tree.show(&children) }),
            None => {
                let entries = self.entries(peer, &differing, ctx);
                ctx.send(peer, Leaves { leaves: differing, entries, answer: true });
            }
        }
    }

    pub(super) fn even_out(
        &mut self,
        peer: NodeId,
        leaves: Vec<u32>,
        entries: &[(u64, Object)],
        answer: bool,
        ctx: &mut Ctx<Self>,
    ) {
        for (key, object) in entries {
            self.done.evened += u64::from(self.store(*key, object, ctx.me, ctx));
        }
        if answer {
            let entries = self.entries(peer, &leaves, ctx);
            ctx.send(peer, Leaves { leaves, entries, answer: false });
        }
    }

    /// The keys that this node and that one are both replicas of.
    fn common(&self, peer: NodeId, ctx: &Ctx<Self>) -> impl Iterator<Item = (u64, &Object)> {
        let me = ctx.me;
        self.copies.own.iter().map(|(&key, object)| (key, object)).filter(move |&(key, _)| {
            let replicas = self.replicas(key);
            replicas.contains(&me) && replicas.contains(&peer)
        })
    }

    fn tree(&self, peer: NodeId, ctx: &Ctx<Self>) -> Tree {
        Tree::new(self.config.depth, self.common(peer, ctx))
    }

    fn entries(&self, peer: NodeId, leaves: &[u32], ctx: &Ctx<Self>) -> Vec<(u64, Object)> {
        let depth = self.config.depth;
        let within = self.common(peer, ctx).filter(|&(key, _)| leaves.contains(&merkle::leaf(key, depth)));
        within.map(|(key, object)| (key, object.clone())).collect()
    }

    /// Tells somebody whom it knows.
    pub(super) fn gossip(&mut self, ctx: &mut Ctx<Self>) {
        ctx.set(Gossip, self.config.gossip);
        if let Some(peer) = self.somebody(ctx) {
            let members = ctx.disk.members.get().clone();
            ctx.send(peer, Members { members, answer: true });
        }
    }

    pub(super) fn meet(
        &mut self,
        from: NodeId,
        members: BTreeSet<NodeId>,
        answer: bool,
        ctx: &mut Ctx<Self>,
    ) {
        let known = ctx.disk.members.get();
        let all: BTreeSet<NodeId> = known.union(&members).copied().collect();
        if all != *known {
            ctx.disk.members.set(all.clone());
            self.ring = Ring::new(&all, self.config.tokens);
            self.pass_on(ctx);
            ctx.sync();
        }
        // Also where both know the same: whoever asks is told that this node is there.
        if answer {
            ctx.send(from, Members { members: all, answer: false });
        }
    }

    /// Keys that are other nodes' on the new ring are kept for those from now on; and what it kept for others and now is
    /// its own will be offered to them all the same.
    fn pass_on(&mut self, ctx: &mut Ctx<Self>) {
        let own = self.copies.own.clone();
        for (key, object) in own {
            let replicas = self.replicas(key);
            if !replicas.contains(&ctx.me) {
                for home in replicas {
                    self.store(key, &object, home, ctx);
                }
                self.record(Record::Left(key), ctx);
            }
        }
    }

    /// A member drawn at random, but itself.
    fn somebody(&self, ctx: &mut Ctx<Self>) -> Option<NodeId> {
        let others: Vec<NodeId> =
            ctx.disk.members.get().iter().copied().filter(|&node| node != ctx.me).collect();
        ctx.rng.pick(&others).copied()
    }
}
