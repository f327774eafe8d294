//! Reads and writes (§4.5, §4.6), and read repair (§5).

use super::{object::Version, *};
use crate::kv::Ret;
use Phase::*;

/// An operation under way.
#[derive(Clone, Debug, Hash)]
pub(super) struct Pending {
    /// What is to be written; `None` for a read.
    put: Option<u64>,
    key: u64,
    ticket: Ticket,
    phase: Phase,
    /// Who is asked, and for which replica; who has answered, for which replicas, and with what.
    asked: Vec<(NodeId, NodeId)>,
    heard: BTreeSet<NodeId>,
    homes: BTreeSet<NodeId>,
    reports: BTreeMap<NodeId, Object>,
    since: Time,
    alarm: Alarm,
}

#[derive(Clone, Debug, Hash)]
enum Phase {
    /// Gathers what is held.
    Reading,
    /// Has this stored.
    Writing(Version),
    /// A read is answered; late reports are waited for.
    Answered,
}

impl Dynamo {
    pub(super) fn get(&mut self, key: u64, ticket: Ticket, ctx: &mut Ctx<Self>) {
        self.begin(None, key, ticket, Reading, ctx);
    }

    /// A write reads first what it supersedes; where time decides, it need not.
    pub(super) fn put(&mut self, key: u64, value: u64, ticket: Ticket, ctx: &mut Ctx<Self>) {
        let phase = match self.config.versions {
            Versions::Siblings => Reading,
            Versions::LastWriterWins => Writing(self.version(value, Object::default(), ctx)),
        };
        self.begin(Some(value), key, ticket, phase, ctx);
    }

    fn begin(&mut self, put: Option<u64>, key: u64, ticket: Ticket, phase: Phase, ctx: &mut Ctx<Self>) {
        let id = self.next;
        self.next += 1;
        let alarm = ctx.after(self.config.resend, Again(id));
        let pending = Pending {
            put,
            key,
            ticket,
            phase,
            asked: Vec::new(),
            heard: BTreeSet::new(),
            homes: BTreeSet::new(),
            reports: BTreeMap::new(),
            since: ctx.now(),
            alarm,
        };
        self.pending.insert(id, pending);
        self.ask(id, ctx);
    }

    /// A version that supersedes these.
    fn version(&mut self, value: u64, context: Object, ctx: &mut Ctx<Self>) -> Version {
        self.issued = ctx.now().0.max(self.issued + 1);
        let mut clock = context.context();
        if !self.has(Flaw::UncountedWrite) {
            clock.take(ctx.me, self.next);
        }
        self.next += 1;
        Version { written: self.issued, value, clock }
    }

    /// Whom to ask about a key, and for which replica: the first N that are healthy, each for itself if it is one, and
    /// otherwise in place of one that is not healthy.
    fn nodes(&self, key: u64) -> Vec<(NodeId, NodeId)> {
        let list = self.ring.preference(key);
        let n = list.len().min(self.config.replicas as usize);
        if self.config.quorum == Quorum::Strict {
            return list[..n].iter().map(|&node| (node, node)).collect();
        }
        let healthy = |node: &&NodeId| !self.suspects.contains(node);
        let mut missing = list[..n].iter().filter(|node| !healthy(node));
        let own = list[..n].iter().filter(healthy).map(|&node| (node, node));
        let others = list[n..].iter().filter(healthy).map_while(|&node| Some((node, *missing.next()?)));
        own.chain(others).collect()
    }

    /// Asks those who have not answered, and whoever now stands in for them.
    fn ask(&mut self, id: u64, ctx: &mut Ctx<Self>) {
        let Some(pending) = self.pending.get(&id) else { return };
        let fresh = self.nodes(pending.key);
        let Some(pending) = self.pending.get_mut(&id) else { return };
        for node in fresh {
            if pending.asked.iter().all(|asked| asked.0 != node.0) {
                pending.asked.push(node);
            }
        }
        let mut mine = None;
        let key = pending.key;
        for &(node, home) in pending.asked.iter().filter(|asked| !pending.heard.contains(&asked.0)) {
            match &pending.phase {
                _ if node == ctx.me => mine = Some(home),
                Reading | Answered => ctx.send(node, Query { id, key }),
                Writing(version) => {
                    ctx.send(node, Store { id, key, object: Object::new(version.clone()), home })
                }
            }
        }
        // Last, so that others need not wait for this node's disk.
        let Some(home) = mine else { return };
        match pending.phase.clone() {
            Reading | Answered => self.reported(ctx.me, id, self.copies.of(key, self.config.versions), ctx),
            Writing(version) => {
                self.store(key, &Object::new(version), home, ctx);
                self.stored(ctx.me, id, home, ctx);
            }
        }
    }

    pub(super) fn reported(&mut self, from: NodeId, id: u64, object: Object, ctx: &mut Ctx<Self>) {
        let Some(pending) = self.pending.get_mut(&id) else { return };
        if matches!(pending.phase, Writing(_)) || !pending.heard.insert(from) {
            return;
        }
        pending.reports.insert(from, object);
        let (heard, all) = (pending.heard.len(), pending.asked.len());
        if matches!(pending.phase, Reading) && heard >= self.config.read as usize {
            let mut found = self.found(id);
            let Some(pending) = self.pending.get_mut(&id) else { return };
            match pending.put {
                None => {
                    pending.phase = Answered;
                    ctx.answer(pending.ticket, Answer::Ok(Ret::Value(found.value())));
                }
                Some(value) => {
                    // What it holds itself it has seen too, though it was perhaps not asked.
                    found.merge(&self.copies.of(pending.key, self.config.versions), self.config.versions);
                    let version = self.version(value, found, ctx);
                    let Some(pending) = self.pending.get_mut(&id) else { return };
                    pending.phase = Writing(version);
                    pending.heard.clear();
                    return self.ask(id, ctx);
                }
            }
        }
        let answered = self.pending.get(&id).is_some_and(|pending| matches!(pending.phase, Answered));
        if answered && heard == all {
            self.repair(id, ctx);
        }
    }

    /// All that was reported, reconciled.
    fn found(&self, id: u64) -> Object {
        let mut found = Object::default();
        for object in self.pending[&id].reports.values() {
            found.merge(object, self.config.versions);
        }
        found
    }

    /// Read repair: replicas that reported less than was found are told.
    fn repair(&mut self, id: u64, ctx: &mut Ctx<Self>) {
        let object = self.found(id);
        let Some(Pending { key, reports, alarm, .. }) = self.pending.remove(&id) else { return };
        ctx.stop(alarm);
        for node in self.replicas(key) {
            match reports.get(&node) {
                Some(reported) if *reported != object => {
                    self.done.repaired += 1;
                    if node == ctx.me {
                        self.store(key, &object, ctx.me, ctx);
                    } else {
                        ctx.send(node, Repair { key, object: object.clone() });
                    }
                }
                Some(_) | None => {}
            }
        }
    }

    /// A copy counts for the replica that it is for: one that is there twice is there once.
    pub(super) fn stored(&mut self, from: NodeId, id: u64, home: NodeId, ctx: &mut Ctx<Self>) {
        let short = u32::from(self.has(Flaw::SmallWriteQuorum));
        let enough = (self.config.write - short).max(1) as usize;
        let Some(pending) = self.pending.get_mut(&id) else { return };
        let Writing(version) = &pending.phase else { return };
        pending.heard.insert(from);
        pending.homes.insert(home);
        if pending.homes.len() >= enough {
            self.answered = (self.answered.0 + 1, Some((pending.key, version.clone())));
            ctx.answer(pending.ticket, Answer::Ok(Ret::Done));
            ctx.stop(pending.alarm);
            self.pending.remove(&id);
        }
    }

    /// Takes those for failed who have not answered and asks others, or gives up. A write that some node may have stored is
    /// not known not to have happened.
    pub(super) fn again(&mut self, id: u64, ctx: &mut Ctx<Self>) {
        let now = ctx.now();
        let Some(pending) = self.pending.get_mut(&id) else { return };
        if matches!(pending.phase, Answered) {
            return self.repair(id, ctx);
        }
        if now.since(pending.since) < self.config.patience {
            let silent = pending.asked.iter().filter(|asked| !pending.heard.contains(&asked.0));
            self.suspects.extend(silent.map(|asked| asked.0).filter(|&node| node != ctx.me));
            pending.alarm = ctx.after(self.config.resend, Again(id));
            return self.ask(id, ctx);
        }
        if pending.put.is_none() || matches!(pending.phase, Reading) {
            ctx.answer(pending.ticket, Answer::Refused);
        }
        self.pending.remove(&id);
    }
}
