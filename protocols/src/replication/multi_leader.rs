//! Multi-leader (active-active) replication of a key-value map: every node takes writes, answers at once, and tells the
//! others later. After the database state machines that it is made of: last writer wins with time stamps (Johnson and
//! Thomas, RFC 677, 1975), version vectors (Parker et al., "Detection of mutual inconsistency in distributed systems",
//! 1983) and anti-entropy (Demers et al., "Epidemic algorithms", 1987; §1.3).
//!
//! Every write at a node has a *dot*: the node, and the number of its write. For each key a node keeps its *context*, the
//! version vector of all dots that it has heard of, and those versions that none of these has overwritten. Two copies
//! of a key are merged by keeping what both have, and what one has and the other has not heard of; contexts are joined.
//! So a key's versions follow from its context, and nodes that have heard of the same writes hold the same.
//!
//! Writes on both sides of a slow or broken network are *concurrent*: neither had heard of the other. Then several versions
//! are left, and the choice is what becomes of them: the latest by the clocks of the nodes, all (siblings), or the
//! one with the highest logical clock (Lamport 1978), which no later write can be below. Clients see one version: of siblings
//! the latest. Where the latest wins, a write under a clock that lags can be below what it was meant to replace: it is
//! acknowledged and has no effect.
//!
//! Left out: deletion, clients that carry contexts (a write overwrites what its node holds), and compare-and-set across
//! nodes: it is decided by what one node holds.

use crate::kv::{Kv, Op, Ret};
use Timer::*;
use serde::{Deserialize, Serialize};
use sim_core::prelude::*;

/// Timing and choices.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// What becomes of concurrent writes.
    pub conflicts: Conflicts,
    /// New writes are told to all so often; `0s`: each at once.
    pub exchange: Span,
    /// Each node compares all it has with a peer drawn at random, so often.
    pub anti_entropy: Span,
    /// A mistake to make: for teaching, and to test the tests.
    pub flaw: Option<Flaw>,
}

impl Default for Config {
    fn default() -> Config {
        Config { conflicts: Conflicts::LastWriterWins, exchange: Span::ZERO, anti_entropy: 1.s(), flaw: None }
    }
}

impl Config {
    /// Refuses what cannot work: which key, and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        if self.anti_entropy == Span::ZERO {
            return Err(("anti_entropy", "comparing every 0s would never end; `1s` would do".into()));
        }
        Ok(())
    }
}

/// What becomes of concurrent writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Conflicts {
    /// The one with the latest time, by the clock of the node that took it, stays.
    LastWriterWins,
    /// All stay, until a later write replaces them: version vectors.
    KeepSiblings,
    /// Version vectors find the conflict, and the version with the highest logical clock stays.
    HighestWins,
}

/// Mistakes that implementations have made. Each costs one line where the decision is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Flaw {
    /// A write is told before it is on the disk, so after a crash its dot names another one.
    UnsyncedWrite,
    /// What arrives last stays, whatever its stamp.
    ArrivalOrder,
    /// Versions that one side has overwritten come back from the other.
    BlindMerge,
    /// The logical clock counts a node's own writes only, so a write can be below what it replaces.
    DeafClock,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 4] = [Flaw::UnsyncedWrite, Flaw::ArrivalOrder, Flaw::BlindMerge, Flaw::DeafClock];
}

/// The name of a write: the node that took it, and the number of its write there.
pub type Dot = (NodeId, u64);

/// A value, and the write it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Version {
    /// What was written.
    pub value: u64,
    /// By which write.
    pub dot: Dot,
    /// Nanoseconds by the clock of its node, or a logical clock, or whichever is higher: the higher of two versions wins, or is shown.
    pub stamp: u64,
}

impl Version {
    fn rank(&self) -> (u64, Dot) {
        (self.stamp, self.dot)
    }
}

/// What a node knows of a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Entry {
    /// The version vector: for each node the number of its last write that was heard of.
    pub context: BTreeMap<NodeId, u64>,
    /// What was not overwritten, by dot.
    pub versions: Vec<Version>,
}

impl Entry {
    /// The version that clients see.
    fn shown(&self) -> Option<&Version> {
        self.versions.iter().max_by_key(|version| version.rank())
    }
    fn heard_of(&self, (node, number): Dot) -> bool {
        self.context.get(&node).is_some_and(|&heard| heard >= number)
    }
}

/// All that a node has: what is written to its disk as one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Store {
    /// Writes taken here.
    pub writes: u64,
    /// By key.
    pub entries: BTreeMap<u64, Entry>,
}

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Msg {
    /// This I have of these keys.
    Tell(Vec<(u64, Entry)>),
    /// These contexts I have: tell me what I have not heard of, and I you.
    Compare(BTreeMap<u64, BTreeMap<NodeId, u64>>),
}

/// What a node waits for.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Timer {
    /// It is time to tell new writes.
    Exchange,
    /// It is time to compare with somebody.
    AntiEntropy,
}

/// A node.
#[derive(Clone, Debug, Hash)]
pub struct MultiLeader {
    config: Config,
    /// Keys written here since the others were told.
    untold: BTreeSet<u64>,
    /// Concurrent versions that a merge found here.
    conflicts: u64,
    /// Writes that were acknowledged and had no effect: their stamp was below what the node held.
    ineffective: u64,
}

impl Protocol for MultiLeader {
    type Config = Config;
    type Msg = Msg;
    type Timer = Timer;
    type Disk = Cell<Store>;
    type Serves = Kv;
    type Calls = Never;
    type Ghost = Ghost;

    const PROPERTIES: &'static [Property<Self>] = &[
        Property::always("same writes, same versions", When::News, same),
        Property::always("nobody knows a node's writes better", When::News, known),
        Property::sometimes("conflict", When::News, |ghost: &Ghost, _, _| Judgement::times(ghost.conflicts)),
        Property::sometimes("write without effect", When::News, |ghost: &Ghost, _, _| {
            Judgement::happened(ghost.ineffective)
        }),
        Property::sometimes("all agree", When::News, agree),
    ];
    const ROLES: &'static [Role] = &[Role::LEADER];
    /// Everybody tells everybody.
    const NODES_MAX: u32 = 1_000;

    fn start(config: &Config, ctx: &mut Ctx<Self>) -> Self {
        if config.exchange > Span::ZERO {
            ctx.set(Exchange, config.exchange);
        }
        ctx.set(AntiEntropy, Span::ZERO..config.anti_entropy);
        MultiLeader { config: config.clone(), untold: BTreeSet::new(), conflicts: 0, ineffective: 0 }
    }

    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        match input {
            Request(ticket, op) => {
                let ret = self.serve(&op, ctx);
                ctx.answer(ticket, Answer::Ok(ret));
            }
            Timeout(Exchange) => {
                self.tell(ctx);
                ctx.set(Exchange, self.config.exchange);
            }
            Deliver(_, Msg::Tell(entries)) => {
                let mut store = ctx.disk.get().clone();
                for (key, theirs) in entries {
                    self.merge(store.entries.entry(key).or_default(), theirs);
                }
                if store != *ctx.disk.get() {
                    ctx.disk.set(store);
                    ctx.sync();
                }
            }
            Timeout(AntiEntropy) => {
                let others = ctx.peers().count() as u64;
                if others > 0 {
                    let peer = ctx.rng.below(others) as usize;
                    let to = ctx.peers().nth(peer).expect("it is one of them");
                    let contexts = contexts(ctx.disk.get());
                    ctx.send(to, Msg::Compare(contexts));
                }
                ctx.set(AntiEntropy, self.config.anti_entropy);
            }
            Deliver(from, Msg::Compare(theirs)) => {
                let differs = |&(key, entry): &(&u64, &Entry)| theirs.get(key) != Some(&entry.context);
                let entries = &ctx.disk.get().entries;
                let news: Vec<(u64, Entry)> =
                    entries.iter().filter(differs).map(|(k, e)| (*k, e.clone())).collect();
                let lacks = |(key, context): (&u64, &BTreeMap<NodeId, u64>)| {
                    context.iter().any(|(&node, &n)| !entries.get(key).is_some_and(|e| e.heard_of((node, n))))
                };
                let asks = theirs.iter().any(lacks).then(|| contexts(ctx.disk.get()));
                if !news.is_empty() {
                    ctx.send(from, Msg::Tell(news));
                }
                if let Some(contexts) = asks {
                    ctx.send(from, Msg::Compare(contexts));
                }
            }
            Response(_, Answer::Ok(never)) => match never {},
            Response(_, Answer::Refused | Answer::Redirect(_)) => {}
        }
    }

    fn role(&self) -> Role {
        Role::LEADER
    }
    fn epoch(&self) -> u64 {
        0
    }
    fn show(&self) -> Vec<(&'static str, String)> {
        vec![
            ("untold", self.untold.len().to_string()),
            ("conflicts", self.conflicts.to_string()),
            ("without effect", self.ineffective.to_string()),
        ]
    }
}

impl MultiLeader {
    /// Every operation is decided here and now.
    fn serve(&mut self, op: &Op, ctx: &mut Ctx<Self>) -> Ret {
        let held =
            ctx.disk.get().entries.get(&Kv::key(op)).and_then(Entry::shown).map(|version| version.value);
        match *op {
            Op::Get(_) => Ret::Value(held),
            Op::Put(key, value) => {
                self.write(key, value, ctx);
                Ret::Done
            }
            Op::Cas(key, expected, value) => {
                let hit = held == Some(expected);
                if hit {
                    self.write(key, value, ctx);
                }
                Ret::Swapped(hit)
            }
        }
    }

    /// Overwrites what this node holds, unless the clock says that it is later.
    fn write(&mut self, key: u64, value: u64, ctx: &mut Ctx<Self>) {
        let mut store = ctx.disk.get().clone();
        store.writes += 1;
        let (number, entry) = (store.writes, store.entries.entry(key).or_default());
        let highest = entry.shown().map_or(0, |version| version.stamp);
        let stamp = match self.config.conflicts {
            Conflicts::LastWriterWins => ctx.now().0,
            _ if self.has(Flaw::DeafClock) => number,
            Conflicts::HighestWins => highest + 1,
            // Of siblings clients see the latest, and never one that a write of theirs has replaced.
            Conflicts::KeepSiblings => ctx.now().0.max(highest + 1),
        };
        let version = Version { value, dot: (ctx.me, number), stamp };
        entry.context.insert(ctx.me, number);
        let wins = entry.shown().is_none_or(|shown| version.rank() > shown.rank());
        if wins || self.config.conflicts != Conflicts::LastWriterWins {
            entry.versions = vec![version];
        } else {
            self.ineffective += 1;
        }
        ctx.disk.set(store);
        if !self.has(Flaw::UnsyncedWrite) {
            ctx.sync();
        }
        self.untold.insert(key);
        if self.config.exchange == Span::ZERO {
            self.tell(ctx);
        }
    }

    fn tell(&mut self, ctx: &mut Ctx<Self>) {
        let entries = &ctx.disk.get().entries;
        let untold = core::mem::take(&mut self.untold);
        let told: Vec<(u64, Entry)> =
            untold.into_iter().filter_map(|key| Some((key, entries.get(&key)?.clone()))).collect();
        if !told.is_empty() {
            ctx.broadcast(Msg::Tell(told));
        }
    }

    /// Keeps what both have, and what one has and the other has not heard of.
    fn merge(&mut self, ours: &mut Entry, theirs: Entry) {
        let news = theirs.versions.iter().any(|version| !ours.heard_of(version.dot));
        let both = |version: &Version, other: &Entry| {
            other.versions.contains(version)
                || !other.heard_of(version.dot)
                || self.config.flaw == Some(Flaw::BlindMerge)
        };
        let mut versions: Vec<Version> = ours.versions.iter().filter(|v| both(v, &theirs)).copied().collect();
        versions.extend(theirs.versions.iter().filter(|v| both(v, ours)));
        versions.sort_unstable_by_key(|version| version.dot);
        versions.dedup();
        if news && versions.len() > 1 {
            self.conflicts += 1;
        }
        let highest = versions.iter().max_by_key(|version| version.rank()).copied();
        ours.versions = match (self.config.conflicts, highest) {
            _ if self.has(Flaw::ArrivalOrder) && news => theirs.versions.into_iter().take(1).collect(),
            (Conflicts::LastWriterWins | Conflicts::HighestWins, Some(highest)) => vec![highest],
            (Conflicts::KeepSiblings, _) | (_, None) => versions,
        };
        for (node, number) in theirs.context {
            let heard = ours.context.entry(node).or_default();
            *heard = number.max(*heard);
        }
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.config.flaw == Some(flaw)
    }
}

fn contexts(store: &Store) -> BTreeMap<u64, BTreeMap<NodeId, u64>> {
    store.entries.iter().map(|(&key, entry)| (key, entry.context.clone())).collect()
}

/// What the last event changed at a node.
#[derive(Clone, Debug, Default, Hash)]
pub struct Ghost {
    /// Each node's disk as it was seen last, by a number that stands for it, and its counts of conflicts and such.
    seen: BTreeMap<NodeId, (Option<Store>, u64, u64)>,
    conflicts: u64,
    ineffective: bool,
}

impl sim_core::property::Ghost<MultiLeader> for Ghost {
    fn observe(&mut self, view: &View<'_, MultiLeader>, changed: NodeId) -> bool {
        let store = view.disk(changed).get();
        let (conflicts, ineffective) =
            view.state(changed).map_or((0, 0), |state| (state.conflicts, state.ineffective));
        let seen = self.seen.entry(changed).or_default();
        self.conflicts = conflicts.saturating_sub(seen.1);
        self.ineffective = ineffective > seen.2;
        // A process that was killed has taken its counts with it.
        (seen.1, seen.2) = (conflicts.min(seen.1), ineffective.min(seen.2));
        let news = seen.0.as_ref() != Some(store) || self.conflicts > 0 || self.ineffective;
        if news {
            *seen = (Some(store.clone()), conflicts, ineffective);
        }
        news
    }
}

/// Nodes that have heard of the same writes of a key hold the same of it.
fn same(_: &Ghost, view: &View<'_, MultiLeader>, changed: NodeId) -> Judgement {
    let ours = view.disk(changed).get();
    let mut judged = Judgement::Idle;
    for (index, member) in view.nodes.iter().enumerate().filter(|(index, _)| *index != view.index(changed)) {
        for (key, entry) in &ours.entries {
            let Some(theirs) = member.disk.get().entries.get(key).filter(|e| e.context == entry.context)
            else {
                continue;
            };
            if theirs.versions != entry.versions {
                return Judgement::Broken(format!(
                    "nodes {} and {index} have heard of the same writes of key {key}, and hold {:?} and {:?}",
                    view.index(changed),
                    entry.versions.iter().map(|v| v.value).collect::<Vec<_>>(),
                    theirs.versions.iter().map(|v| v.value).collect::<Vec<_>>(),
                ));
            }
            judged = Judgement::Holds;
        }
    }
    judged
}

/// A dot is given once: nobody has heard of a write of a node that is not on that node's disk.
fn known(_: &Ghost, view: &View<'_, MultiLeader>, changed: NodeId) -> Judgement {
    for (key, entry) in &view.disk(changed).get().entries {
        for (&node, &number) in &entry.context {
            let taken = view.disk(node).get().writes;
            if number > taken {
                return Judgement::Broken(format!(
                    "node {} has heard of write {number} of node {} on key {key}, which knows of {taken} only",
                    view.index(changed),
                    view.index(node)
                ));
            }
        }
    }
    Judgement::Holds
}

/// All hold the same, and something.
fn agree(_: &Ghost, view: &View<'_, MultiLeader>, _: NodeId) -> Judgement {
    let stores = || view.nodes.iter().map(|member| &member.disk.get().entries);
    let first = stores().next().expect("a group has a first node");
    Judgement::happened(!first.is_empty() && stores().all(|entries| entries == first))
}

impl Message for Msg {
    fn bytes(&self) -> u64 {
        match self {
            Msg::Tell(entries) => {
                let size = |entry: &Entry| 12 * entry.context.len() as u64 + 28 * entry.versions.len() as u64;
                entries.iter().map(|(_, entry)| 8 + size(entry)).sum()
            }
            Msg::Compare(contexts) => contexts.values().map(|context| 8 + 12 * context.len() as u64).sum(),
        }
    }
}
