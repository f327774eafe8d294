//! A replicated register for each key, read and written by quorums. After "Weighted Voting for Replicated Data" (Gifford,
//! 1979: R and W) and "Sharing Memory Robustly in Message-Passing Systems" (Attiya, Bar-Noy and Dolev, 1995: the read that
//! writes back; with several writers after Lynch and Shvartsman, 1997).
//!
//! N replicas keep a copy of each key with its version. Any node coordinates an operation. A read asks the replicas and
//! takes the latest of the first R copies. A write asks R replicas for the latest version, and stores its value under a
//! later one at W of them. Where R + W > N, each read meets each write that was answered before it began. That alone is
//! not linearizable: a read that meets a write under way may be followed by one that misses it. A read that first stores
//! what it found at W replicas leaves no such gap.
//!
//! With R + W <= N reads may miss writes; how often, and for how long, is what "Probabilistically Bounded Staleness"
//! (Bailis et al., 2012) works out: versions are then taken from clocks, and its four delays are those of the messages
//! here: W is [`Msg::Store`], A is [`Msg::Stored`], R is [`Msg::Query`] and S is [`Msg::Report`].
//!
//! Left out: votes of different weight (each replica has one), changes of the replicas, compare-and-set (a register has
//! none; it is refused) repair of replicas that missed a write which nobody
//! reads, and compaction of what is on the disk. The papers' processes do not come
//! back; these do, with their disks, and count their lives so that they never give out a version, or a number of an
//! operation, twice. The N replicas of a key are the nodes from number `key` modulo all on, in turn.

mod config;
mod properties;

use crate::kv::{Kv, Op, Ret};
use Goal::*;
use Msg::*;
use Timer::*;
pub use config::{Asks, Config, Flaw, Reads, Versions};
pub use properties::Ghost;
use sim_core::prelude::*;

/// What tells writes of a key apart, and which is the later one: compared field by field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// One more than those before; or the time in nanoseconds that the coordinator's clock showed.
    pub counter: u64,
    /// The coordinator.
    pub node: NodeId,
    /// Which of its lives.
    pub life: u64,
}

/// What a replica holds of a key that was ever written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Held {
    /// Its version.
    pub version: Version,
    /// Its value.
    pub value: u64,
}

/// What is said. `id` is the operation, as its coordinator counts.
#[allow(missing_docs, reason = "each variant says what its fields are")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Msg {
    /// What do you hold of this key?
    Query { id: u64, key: u64 },
    /// This.
    Report { id: u64, copy: Option<Held> },
    /// Store this, unless you hold something later.
    Store { id: u64, key: u64, copy: Held },
    /// I hold that, or something later, for good.
    Stored { id: u64 },
}

/// What a coordinator waits for.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Timer {
    /// An operation was not answered by enough replicas.
    Again(u64),
}

/// What a node notes on its disk, in order: what it stored after a boot is there only if the boot is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Record {
    /// It booted: another life begins.
    Booted,
    /// It stored this copy of a key.
    Stored(u64, Held),
}

/// A node: a replica, and a coordinator.
#[derive(Clone, Debug, Hash)]
pub struct QuorumStore {
    config: Config,
    /// What it holds, by key: as on its disk.
    copies: BTreeMap<u64, Held>,
    /// The operations that it coordinates, by number.
    pending: BTreeMap<u64, Pending>,
    /// The number of the next one: no other life of this node has it.
    next: u64,
    life: u64,
    /// The highest counter that it gave out.
    issued: u64,
    /// Writes that it has answered, and the last of them.
    answered: (u64, Option<(u64, Version)>),
    /// Reads that found copies to differ, and those that stored what they found before they answered.
    differed: u64,
    written_back: u64,
}

/// An operation under way.
#[derive(Clone, Debug, Hash)]
struct Pending {
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
enum Goal {
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

impl Protocol for QuorumStore {
    type Config = Config;
    type Msg = Msg;
    type Timer = Timer;
    type Disk = Log<Record>;
    type Serves = Kv;
    type Calls = Never;
    type Ghost = Ghost;

    const PROPERTIES: &'static [Property<Self>] = properties::CLAIMS;
    const ROLES: &'static [Role] = &[Role::PEER];
    /// Every node may be a replica of every key.
    const NODES_MAX: u32 = 10_000;

    fn start(config: &Config, ctx: &mut Ctx<Self>) -> Self {
        ctx.disk.push(Record::Booted);
        ctx.sync();
        let (mut life, mut copies) = (0, BTreeMap::new());
        for record in &**ctx.disk {
            match record {
                Record::Booted => life += 1,
                Record::Stored(key, copy) => drop(copies.insert(*key, *copy)),
            }
        }
        QuorumStore {
            config: config.clone(),
            copies,
            pending: BTreeMap::new(),
            next: life << 32,
            life,
            issued: 0,
            answered: (0, None),
            differed: 0,
            written_back: 0,
        }
    }

    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        match input {
            // A coordinator.
            Request(ticket, Op::Get(key)) => self.begin(Get, key, ticket, ctx),
            Request(ticket, Op::Put(key, value)) => self.begin(Put(value), key, ticket, ctx),
            Request(ticket, Op::Cas(..)) => ctx.answer(ticket, Answer::Refused),
            Deliver(from, Report { id, copy }) => self.reported(from, id, copy, ctx),
            Deliver(from, Stored { id }) => self.stored(from, id, ctx),
            Timeout(Again(id)) => self.again(id, ctx),

            // A replica.
            Deliver(from, Query { id, key }) => {
                ctx.send(from, Report { id, copy: self.copies.get(&key).copied() })
            }
            Deliver(from, Store { id, key, copy }) => {
                self.store(key, copy, ctx);
                ctx.send(from, Stored { id });
            }

            Response(_, Answer::Ok(never)) => match never {},
            Response(_, Answer::Refused | Answer::Redirect(_)) => {}
        }
    }

    fn role(&self) -> Role {
        Role::PEER
    }
    fn epoch(&self) -> u64 {
        0
    }
    fn show(&self) -> Vec<(&'static str, String)> {
        vec![
            ("life", self.life.to_string()),
            ("keys", self.copies.len().to_string()),
            ("pending", self.pending.len().to_string()),
            ("answered", self.answered.0.to_string()),
        ]
    }
}

impl QuorumStore {
    /// Both begin by looking for the latest version, unless the clock says what a write's version is.
    fn begin(&mut self, goal: Goal, key: u64, ticket: Ticket, ctx: &mut Ctx<Self>) {
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

    fn reported(&mut self, from: NodeId, id: u64, copy: Option<Held>, ctx: &mut Ctx<Self>) {
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

    fn stored(&mut self, from: NodeId, id: u64, ctx: &mut Ctx<Self>) {
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
    fn again(&mut self, id: u64, ctx: &mut Ctx<Self>) {
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

    /// A replica keeps the later of what it holds and what it is told.
    fn store(&mut self, key: u64, copy: Held, ctx: &mut Ctx<Self>) {
        let later = self.copies.get(&key).is_none_or(|held| held.version < copy.version);
        if later || self.has(Flaw::OlderWins) {
            self.copies.insert(key, copy);
            ctx.disk.push(Record::Stored(key, copy));
        }
        // Also where it is the same: the sync that covers it may not be over.
        if !self.has(Flaw::UnsyncedStore) {
            ctx.sync();
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

    fn has(&self, flaw: Flaw) -> bool {
        self.config.flaw == Some(flaw)
    }
}

impl Message for Msg {
    fn bytes(&self) -> u64 {
        match self {
            Query { .. } => 17,
            Report { copy, .. } => 10 + copy.map_or(0, |_| 28),
            Store { .. } => 45,
            Stored { .. } => 9,
        }
    }
}
