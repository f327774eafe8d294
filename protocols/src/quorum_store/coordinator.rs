//! Coordinators: an operation reads from R replicas, writes to W, or both, one after the other.

use super::*;

/// An operation under way.
#[derive(Clone, Debug, Hash)]
pub(super) struct Pending {
    goal: Goal,
    key: u64,
    ticket: Ticket,
    phase: Phase,
    /// The replicas that are asked, and those that have answered.
    asked: Vec<NodeId>,
    heard: BTreeSet<NodeId>,
    since: Time,
    alarm: Alarm,
}

#[derive(Clone, Copy, Debug, Hash)]
pub(super) enum Goal {
    Get,
    Put(u64),
}

#[derive(Clone, Copy, Debug, Hash)]
enum Phase {
    /// Looks for the latest copy: that so far, and how many replicas hold it.
    Reading { latest: Option<Held>, holders: usize },
    /// Stores this one.
    Writing(Held),
}

impl QuorumStore {
    /// Both begin by looking for the latest version, unless the clock says what a write's version is.
    pub(super) fn begin(&mut self, goal: Goal, key: u64, ticket: Ticket, ctx: &mut Ctx<Self>) {
        let id = self.next;
        self.next += 1;
        let alarm = ctx.after(self.config.resend, Again(id));
        let since = ctx.now();
        let phase = match goal {
            Put(value) if self.config.versions == Versions::Clock => {
                Phase::Writing(self.version(since.0, value, ctx))
            }
            Put(value) if self.has(Flaw::UnaskedVersion) => {
                let counter = self.copies.get(&key).map_or(1, |copy| copy.version.counter + 1);
                Phase::Writing(self.version(counter, value, ctx))
            }
            Get | Put(_) => Phase::Reading { latest: None, holders: 0 },
        };
        let pending =
            Pending { goal, key, ticket, phase, asked: Vec::new(), heard: BTreeSet::new(), since, alarm };
        self.pending.insert(id, pending);
        self.enter(id, phase, ctx);
    }

    /// Enters a phase: draws whom to ask, and asks.
    fn enter(&mut self, id: u64, phase: Phase, ctx: &mut Ctx<Self>) {
        let replicas = self.replicas(ctx);
        let quorum = self.quorum(phase, ctx);
        let Some(pending) = self.pending.get_mut(&id) else { return };
        let count = ctx.members().len();
        let start = (pending.key % count as u64) as usize;
        let base = ctx.members().next().expect("a group has a first node").0;
        let replica = |n: usize| NodeId(base + ((start + n) % count) as u32);
        pending.phase = phase;
        pending.heard.clear();
        pending.asked = match self.config.asks {
            Asks::All => (0..replicas).map(replica).collect(),
            Asks::Quorum => ctx.rng.choose(replicas, quorum).into_iter().map(replica).collect(),
        };
        self.ask(id, ctx);
    }

    /// Asks those who have not answered: others first, for they need not wait for this node's disk.
    fn ask(&mut self, id: u64, ctx: &mut Ctx<Self>) {
        let Some(Pending { key, phase, asked, heard, .. }) = self.pending.get(&id) else { return };
        let (key, phase, mut mine) = (*key, *phase, false);
        for &node in asked.iter().filter(|node| !heard.contains(node)) {
            match phase {
                _ if node == ctx.me => mine = true,
                Phase::Reading { .. } => ctx.send(node, Query { id, key }),
                Phase::Writing(copy) => ctx.send(node, Store { id, key, copy }),
            }
        }
        match phase {
            _ if !mine => {}
            Phase::Reading { .. } => self.reported(ctx.me, id, self.copies.get(&key).copied(), ctx),
            Phase::Writing(copy) => {
                self.store(key, copy, ctx);
                self.stored(ctx.me, id, ctx);
            }
        }
    }

    pub(super) fn reported(&mut self, from: NodeId, id: u64, copy: Option<Held>, ctx: &mut Ctx<Self>) {
        let Some(pending) = self.pending.get_mut(&id) else { return };
        let Phase::Reading { mut latest, mut holders } = pending.phase else { return };
        if !pending.heard.insert(from) {
            return;
        }
        if copy > latest {
            (latest, holders) = (copy, 0);
        }
        holders += usize::from(copy == latest);
        pending.phase = Phase::Reading { latest, holders };
        let (phase, heard, goal) = (pending.phase, pending.heard.len(), pending.goal);
        if heard < self.quorum(phase, ctx) {
            return;
        }
        match goal {
            Get => {
                self.differed += u64::from(holders < heard);
                let back = latest
                    .map(Phase::Writing)
                    .filter(|&writing| holders < self.quorum(writing, ctx))
                    .filter(|_| self.config.reads == Reads::WriteBack)
                    .filter(|_| !self.has(Flaw::ForgottenWriteBack));
                match back {
                    Some(writing) => self.enter(id, writing, ctx),
                    None => self.finish(id, Ret::Value(latest.map(|copy| copy.value)), ctx),
                }
            }
            Put(value) => {
                let counter = latest.map_or(1, |copy| copy.version.counter + 1);
                let copy = self.version(counter, value, ctx);
                self.enter(id, Phase::Writing(copy), ctx);
            }
        }
    }

    pub(super) fn stored(&mut self, from: NodeId, id: u64, ctx: &mut Ctx<Self>) {
        let Some(pending) = self.pending.get_mut(&id) else { return };
        let Phase::Writing(copy) = pending.phase else { return };
        pending.heard.insert(from);
        let (heard, key, goal) = (pending.heard.len(), pending.key, pending.goal);
        let short = usize::from(self.has(Flaw::SmallWriteQuorum));
        if heard < (self.quorum(Phase::Writing(copy), ctx) - short).max(1) {
            return;
        }
        match goal {
            Get => {
                self.written_back += 1;
                self.finish(id, Ret::Value(Some(copy.value)), ctx);
            }
            Put(_) => {
                self.answered = (self.answered.0 + 1, Some((key, copy.version)));
                self.finish(id, Ret::Done, ctx);
            }
        }
    }

    fn finish(&mut self, id: u64, ret: Ret, ctx: &mut Ctx<Self>) {
        let Some(pending) = self.pending.remove(&id) else { return };
        ctx.stop(pending.alarm);
        ctx.answer(pending.ticket, Answer::Ok(ret));
    }

    /// Asks again, or gives up. A write that some replica may have stored is not known not to have happened.
    pub(super) fn again(&mut self, id: u64, ctx: &mut Ctx<Self>) {
        let (now, config) = (ctx.now(), &self.config);
        let Some(pending) = self.pending.get_mut(&id) else { return };
        if now.since(pending.since) < config.patience {
            pending.alarm = ctx.after(config.resend, Again(id));
            return self.ask(id, ctx);
        }
        let Some(Pending { goal, phase, ticket, .. }) = self.pending.remove(&id) else { return };
        let harmless = matches!(goal, Get) || matches!(phase, Phase::Reading { .. });
        if harmless || self.has(Flaw::RefusedWrite) {
            ctx.answer(ticket, Answer::Refused);
        }
    }

    /// A version with at least this counter that nobody ever gave out.
    fn version(&mut self, counter: u64, value: u64, ctx: &Ctx<Self>) -> Held {
        self.issued = counter.max(self.issued + 1);
        let life = if self.has(Flaw::ReusedVersion) { 0 } else { self.life };
        Held { version: Version { counter: self.issued, node: ctx.me, life }, value }
    }

    /// N.
    fn replicas(&self, ctx: &Ctx<Self>) -> usize {
        let nodes = ctx.members().len();
        self.config.replicas.map_or(nodes, |n| nodes.min(n as usize))
    }

    /// R while reading, W while writing.
    fn quorum(&self, phase: Phase, ctx: &Ctx<Self>) -> usize {
        let replicas = self.replicas(ctx);
        let wanted = match phase {
            Phase::Reading { .. } => self.config.read,
            Phase::Writing(_) => self.config.write,
        };
        wanted.map_or(replicas / 2 + 1, |n| replicas.min(n as usize))
    }
}
