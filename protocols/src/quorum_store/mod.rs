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
//! none; it is refused), repair of replicas that missed a write which nobody reads, and compaction of what is on the disk. The
//! papers' processes do not come back; these do, with their disks, and count their lives so that they never give out a version, or a number of an
//! operation, twice. The N replicas of a key are the nodes from number `key` modulo all on, in turn.
//!
//! Here are nodes, the step and replicas; `messages.rs` is what they say, `coordinator.rs` how an operation goes on.

mod config;
mod coordinator;
mod messages;
mod properties;

use crate::kv::{Kv, Op, Ret};
use Msg::*;
use Timer::*;
pub use config::{Asks, Config, Flaw, Reads, Versions};
use coordinator::{Goal::*, Pending};
pub use messages::{Held, Msg, Version};
pub use properties::Ghost;
use sim_core::prelude::*;

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

    fn has(&self, flaw: Flaw) -> bool {
        self.config.flaw == Some(flaw)
    }
}
