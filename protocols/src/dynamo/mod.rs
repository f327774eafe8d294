//! A key-value store that takes writes as long as any node is there. After "Dynamo: Amazon's Highly Available Key-value
//! Store" (DeCandia et al., 2007). Names and section numbers are the paper's.
//!
//! Keys and nodes stand on a ring (§4.2); the first N nodes after a key are its replicas. Any node coordinates (§4.5). A
//! read asks N nodes and is answered by R; a write is answered when W have it. Nodes that leave a question unanswered are
//! taken for failed, and the next ones on the ring stand in for them (sloppy quorum, §4.6): they keep what they are given
//! apart, with a hint for whom, and hand it over when that node is back. So both sides of a partition go on, and versions
//! carry vector clocks (§4.4) that tell which of two superseded the other. Where neither did, both are kept as *siblings*,
//! until a write whose coordinator has seen both. What is left over is evened out by read repair (§5) and by comparing
//! Merkle trees (§4.7).
//!
//! What is served here is a register for each key, and there is no room in it for what the paper's clients do: hand back
//! the context of what they read, and merge siblings. So the coordinator of a write reads the context first, a read that
//! finds siblings returns the one that was written last, and the next write supersedes them all. Two writes through one
//! coordinator are ordered as it took them. With `LastWriterWins` the later time of two versions decides, and the other is
//! lost. A read may miss a write in either case: Dynamo is not linearizable, and does not claim to be.
//!
//! Members are found by gossip (§4.8): a node knows itself and the first node, and exchanges lists; a copy that turns out
//! to be somebody else's is handed over like one with a hint. Left out: members that leave; coordinators chosen by the load
//! balancer or the client, and requests passed on to the top N (§6.4); truncated vector clocks; partitions of equal size
//! (§6.2); compaction of what is on the disk; compare-and-set, which is refused.
//!
//! Here are what nodes keep and wait for, and the step; `messages.rs` is what they say, `copies.rs` what they hold and have on
//! their disks, `coordinator.rs` reads and writes, `upkeep.rs` is what goes on beside that, `ghost.rs` what judges remember; `clock.rs`, `object.rs`, `ring.rs`
//! and `merkle.rs` know nothing of nodes and messages.

pub mod clock;
mod config;
mod coordinator;
mod copies;
mod ghost;
pub mod merkle;
mod messages;
pub mod object;
mod properties;
pub mod ring;
mod upkeep;

use crate::kv::{Kv, Op};
use Msg::*;
use Timer::*;
pub use config::{Config, Flaw, Quorum, Versions};
use coordinator::Pending;
pub use copies::{Copies, Disk, Record};
pub use ghost::Ghost;
pub use messages::Msg;
use object::Object;
use ring::Ring;
use sim_core::prelude::*;

/// What a node waits for.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Timer {
    /// An operation was not answered by enough nodes.
    Again(u64),
    /// It is time to offer what is kept for others.
    Hints,
    /// It is time to compare trees.
    Compare,
    /// It is time to gossip.
    Gossip,
}

/// A node.
#[derive(Clone, Debug, Hash)]
pub struct Dynamo {
    config: Config,
    ring: Ring,
    copies: Copies,
    /// The number of each hint: it changes with what is kept.
    numbers: BTreeMap<(u64, NodeId), u64>,
    /// Who left a question unanswered, and was not heard of since.
    suspects: BTreeSet<NodeId>,
    /// The operations that it coordinates, by number.
    pending: BTreeMap<u64, Pending>,
    /// The number of the next operation, write or hint: no other life of this node has it.
    next: u64,
    /// The highest time that it gave to a write.
    issued: u64,
    /// Writes that it answered, and the key of the last with its version.
    answered: (u64, Option<(u64, object::Version)>),
    done: Done,
}

/// What a node has done in this life, to be counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Done {
    /// Copies that it handed over.
    pub handed: u64,
    /// Nodes that it told in a read repair what they had missed.
    pub repaired: u64,
    /// Keys that it learned by comparing trees.
    pub evened: u64,
    /// Hashes that others showed it.
    pub compared: u64,
}

impl Protocol for Dynamo {
    type Config = Config;
    type Msg = Msg;
    type Timer = Timer;
    type Disk = Disk;
    type Serves = Kv;
    type Calls = Never;
    type Ghost = Ghost;

    const PROPERTIES: &'static [Property<Self>] = properties::CLAIMS;
    const ROLES: &'static [Role] = &[Role::PEER];
    /// Everybody knows everybody, and the ring is walked for each operation.
    const NODES_MAX: u32 = 1_000;

    fn start(config: &Config, ctx: &mut Ctx<Self>) -> Self {
        ctx.disk.log.push(Record::Booted);
        let mut members = ctx.disk.members.get().clone();
        members.extend(ctx.members().next());
        members.insert(ctx.me);
        ctx.disk.members.set(members.clone());
        ctx.sync();
        let life = ctx.disk.log.iter().filter(|record| **record == Record::Booted).count() as u64;
        let mut copies = Copies::default();
        ctx.disk.log.iter().for_each(|record| copies.apply(record));
        let numbers = copies.hints.keys().zip(0u64..).map(|(&hint, n)| (hint, (life << 32) + n)).collect();
        for (timer, every) in
            [(Hints, config.handoff), (Compare, config.anti_entropy), (Gossip, config.gossip)]
        {
            ctx.set(timer, Span::ZERO..every);
        }
        Dynamo {
            ring: Ring::new(&members, config.tokens),
            config: config.clone(),
            next: (life << 32) + copies.hints.len() as u64,
            copies,
            numbers,
            suspects: BTreeSet::new(),
            pending: BTreeMap::new(),
            issued: 0,
            answered: (0, None),
            done: Done::default(),
        }
    }

    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        if let Deliver(from, _) = &input {
            self.suspects.remove(from);
        }
        match input {
            // get() and put() (§4.5).
            Request(ticket, Op::Get(key)) => self.get(key, ticket, ctx),
            Request(ticket, Op::Put(key, value)) => self.put(key, value, ticket, ctx),
            Request(ticket, Op::Cas(..)) => ctx.answer(ticket, Answer::Refused),
            Deliver(from, Report { id, object }) => self.reported(from, id, object, ctx),
            Deliver(from, Stored { id, home }) => self.stored(from, id, home, ctx),
            Timeout(Again(id)) => self.again(id, ctx),
            Deliver(from, Query { id, key }) => {
                ctx.send(from, Report { id, object: self.copies.of(key, self.config.versions) })
            }
            Deliver(from, Store { id, key, object, home }) => {
                self.store(key, &object, home, ctx);
                ctx.send(from, Stored { id, home });
            }
            Deliver(_, Repair { key, object }) => drop(self.store(key, &object, ctx.me, ctx)),

            // Hinted handoff (§4.6).
            Timeout(Hints) => self.offer(ctx),
            Deliver(from, Handoff { number, key, object }) => {
                self.store(key, &object, ctx.me, ctx);
                ctx.send(from, Handed { number, key });
            }
            Deliver(from, Handed { number, key }) => self.handed(from, number, key, ctx),

            // Replica synchronization (§4.7).
            Timeout(Compare) => self.compare(ctx),
            Deliver(from, Hashes { nodes }) => self.differ(from, &nodes, ctx),
            Deliver(from, Leaves { leaves, entries, answer }) => {
                self.even_out(from, leaves, &entries, answer, ctx)
            }

            // Membership (§4.8).
            Timeout(Gossip) => self.gossip(ctx),
            Deliver(from, Members { members, answer }) => self.meet(from, members, answer, ctx),

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
        let siblings = self.copies.own.values().filter(|object| object.versions().len() > 1);
        vec![
            ("keys", self.copies.own.len().to_string()),
            ("siblings", siblings.count().to_string()),
            ("hints", self.copies.hints.len().to_string()),
            ("suspects", self.suspects.len().to_string()),
            ("handed over", self.done.handed.to_string()),
            ("read repairs", self.done.repaired.to_string()),
            ("evened out", self.done.evened.to_string()),
            ("compared", self.done.compared.to_string()),
        ]
    }
}

impl Dynamo {
    /// The replicas of a key.
    fn replicas(&self, key: u64) -> Vec<NodeId> {
        let mut list = self.ring.preference(key);
        list.truncate(self.config.replicas as usize);
        list
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.config.flaw == Some(flaw)
    }
}
