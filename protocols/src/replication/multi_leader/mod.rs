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
//!
//! Here are nodes and what they do; `versions.rs` is what they hold, and how two copies of a key are merged.

mod config;
mod messages;
mod properties;
mod versions;

use crate::kv::{Kv, Op, Ret};
use Timer::*;
pub use config::{Config, Conflicts, Flaw};
pub use messages::{Msg, Timer};
pub use properties::Ghost;
use sim_core::prelude::*;
pub use versions::{Dot, Entry, Store, Version};

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

    const PROPERTIES: &'static [Property<Self>] = properties::CLAIMS;
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

    fn has(&self, flaw: Flaw) -> bool {
        self.config.flaw == Some(flaw)
    }
}

fn contexts(store: &Store) -> BTreeMap<u64, BTreeMap<NodeId, u64>> {
    store.entries.iter().map(|(&key, entry)| (key, entry.context.clone())).collect()
}
