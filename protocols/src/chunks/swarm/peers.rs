//! Who is there (§2.1 and §2.2 of the paper): whom a peer asks, whom it greets, and what it gives up.

use super::*;

/// So many others a peer remembers, beside its neighbours.
const OTHERS_MAX: usize = 64;

impl Swarm {
    /// Greets its neighbours, asks who else is there, and looks for more if it has too few.
    pub(super) fn refresh(&mut self, ctx: &mut Ctx<Self>) {
        self.give_up(ctx);
        for neighbour in self.neighbours.iter_mut() {
            // Whoever was busy may not be any more, and what it got since may have been lost on its way here.
            (neighbour.busy, neighbour.unanswered) = (false, neighbour.unanswered + 1);
            ctx.send(neighbour.node, Hello(self.store.have().clone()));
        }
        let lot = ctx.rng.below(self.neighbours.len().max(1) as u64) as usize;
        self.optimistic = self.neighbours.iter().nth(lot).map(|neighbour| neighbour.node);

        // Who has neighbours enough says so all the same: a tracker that has lost its memory knows only who asked since.
        let first = ctx.members().next().expect("a group has a first node");
        let (asked, told) = match self.config.peers {
            Peers::Tracker => (first, Vec::new()),
            Peers::Gossip => (ctx.rng.pick(&self.others).copied().unwrap_or(first), self.some(ctx)),
        };
        if asked != ctx.me {
            ctx.send(asked, Who(told));
        }
        let others = self.others.clone();
        self.seek(&others, ctx);
        self.unchoke(ctx);
        // Not all at once.
        let Span(mean) = self.config.refresh;
        ctx.set(Refresh, Span(mean.div_ceil(2))..Span(mean.div_ceil(2) + mean));
    }

    pub(super) fn greet(&self, node: NodeId, ctx: &mut Ctx<Self>) {
        ctx.send(node, Hello(self.store.have().clone()));
    }

    /// Greets as many of these as it has too few neighbours.
    pub(super) fn seek(&mut self, nodes: &[NodeId], ctx: &mut Ctx<Self>) {
        let room = (self.config.neighbours as usize).saturating_sub(self.neighbours.len());
        let stranger = |node: &NodeId| *node != ctx.me && !self.neighbours.has(*node);
        let strangers: Vec<NodeId> = nodes.iter().copied().filter(stranger).collect();
        for index in ctx.rng.choose(strangers.len(), room) {
            self.greet(strangers[index], ctx);
        }
    }

    /// One asks who is there, and is remembered with those whom it knows.
    pub(super) fn introduce(&mut self, to: NodeId, known: &[NodeId], ctx: &mut Ctx<Self>) {
        let told = self.some(ctx);
        ctx.send(to, Peers(told));
        self.hear_of(known, ctx);
        self.hear_of(&[to], ctx);
    }

    /// One greets, and says what it has. What it was offered and has not answered is over.
    pub(super) fn welcome(&mut self, node: NodeId, have: Bits, ctx: &mut Ctx<Self>) {
        self.neighbours.greeted(node, have);
        ctx.send(node, Welcome(self.store.have().clone()));
        self.over(node, None, ctx);
        self.unchoke(ctx);
    }

    /// Some that it has heard of.
    fn some(&self, ctx: &mut Ctx<Self>) -> Vec<NodeId> {
        let chosen = ctx.rng.choose(self.others.len(), self.config.neighbours as usize);
        chosen.into_iter().map(|index| self.others[index]).collect()
    }

    /// Remembers others; who knows too many forgets one, but a tracker does not.
    pub(super) fn hear_of(&mut self, nodes: &[NodeId], ctx: &mut Ctx<Self>) {
        for &node in nodes.iter().filter(|node| **node != ctx.me) {
            let Err(place) = self.others.binary_search(&node) else { continue };
            self.others.insert(place, node);
            if self.others.len() > OTHERS_MAX && self.role != TRACKER {
                self.others.remove(ctx.rng.below(self.others.len() as u64) as usize);
            }
        }
    }

    /// What takes too long will not come.
    fn give_up(&mut self, ctx: &mut Ctx<Self>) {
        let (now, size) = (ctx.now(), self.size);
        let before = self.coming.len() + self.uploads.len();
        let late = |since: Time, bytes: u64| now.since(since) > self.retry.after(bytes, 0);
        if !self.config.has(Flaw::ForgottenRequest) {
            self.coming.retain(|(_, since)| !late(*since, size));
        }
        if !self.config.has(Flaw::LeakedSlot) {
            self.uploads.retain(|upload| !late(upload.since, if upload.chunk.is_some() { size } else { 0 }));
        }
        if self.coming.len() + self.uploads.len() < before {
            self.retry.back_off();
        }
        let silent: Vec<NodeId> = self.neighbours.silent().filter(|node| !self.serves(*node)).collect();
        silent.into_iter().for_each(|node| self.neighbours.forget(node));
    }

    pub(super) fn has_room(&self, node: NodeId) -> bool {
        let room = self.neighbours.len() < 2 * self.config.neighbours as usize;
        self.role != TRACKER && (room || self.neighbours.has(node))
    }
}
