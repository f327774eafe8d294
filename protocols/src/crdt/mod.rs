//! Replicas that answer at once and agree later. After "Conflict-free Replicated Data Types" (Shapiro, Preguiça, Baquero and
//! Zawirski, 2011), §2, state based.
//!
//! Every replica holds all objects, and takes updates and reads without asking anybody: it is there as long as it runs
//! itself. Now and then it sends its state to another, which joins it with its own. Joining cannot conflict, so
//! replicas that have heard of the same updates are equal (*strong eventual consistency*). Until they have, they show what
//! they have: reads may miss what others were told long ago.
//!
//! An update is on the disk before it is answered or sent: a replica that counted, told others and forgot would count the
//! same number twice. Left out: sending what is new instead of everything (deltas), collecting tombstones, operation
//! based types, which need causal delivery, and sessions of clients: a request that the network doubles is done twice.
//! `types.rs` has the types.

mod config;
mod properties;
pub mod types;

use crate::objects::{ELEMENTS, Objects, Op, Ret};
pub use config::{Config, Flaw};
pub use properties::Ghost;
use sim_core::prelude::*;
use types::{Join, Object, Stamp, Tag};

/// All objects by key.
pub type State = BTreeMap<u64, Object>;

/// A state on its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Merge(pub State);

/// What a replica waits for: it is time to send its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Gossip;

/// What survives a crash. It is replaced as one: what a life made is there only if that life is counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Saved {
    /// How often the replica has booted.
    pub lives: u64,
    /// What it holds.
    pub state: State,
}

/// A replica.
#[derive(Clone, Debug, Hash)]
pub struct Crdt {
    config: Config,
    state: State,
    /// Which of its lives this is.
    lives: u64,
    /// The number of the next tag: no other life of this replica has it.
    next: u64,
    /// The latest time that it stamped.
    stamped: u64,
    /// Updates that it took in this life, and the last of them; and states that it merged and learned from.
    updates: u64,
    last: Option<Op>,
    learned: u64,
}

impl Protocol for Crdt {
    type Config = Config;
    type Msg = Merge;
    type Timer = Gossip;
    type Disk = Cell<Saved>;
    type Serves = Objects;
    type Calls = Never;
    type Ghost = Ghost;

    const PROPERTIES: &'static [Property<Self>] = properties::CLAIMS;
    const ROLES: &'static [Role] = &[Role::PEER];
    /// States name every replica that ever counted.
    const NODES_MAX: u32 = 1_000;

    fn start(config: &Config, ctx: &mut Ctx<Self>) -> Self {
        let Saved { lives, state } = ctx.disk.get().clone();
        ctx.set(Gossip, Span::ZERO..config.gossip);
        let crdt = Crdt {
            config: config.clone(),
            state,
            lives: lives + 1,
            next: (lives + 1) << 32,
            stamped: 0,
            updates: 0,
            last: None,
            learned: 0,
        };
        crdt.save(ctx);
        ctx.sync();
        crdt
    }

    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        match input {
            Request(ticket, op) if Objects::is_read(&op) => ctx.answer(ticket, Answer::Ok(self.read(op))),
            Request(ticket, op) => {
                self.update(op, ctx);
                self.save(ctx);
                if !self.has(Flaw::UnsyncedUpdate) {
                    ctx.sync();
                }
                ctx.answer(ticket, Answer::Ok(Ret::Done));
            }
            Timeout(Gossip) => {
                ctx.set(Gossip, self.config.gossip);
                let peers: Vec<NodeId> = ctx.peers().collect();
                for peer in ctx.rng.choose(peers.len(), self.config.fanout as usize) {
                    ctx.send(peers[peer], Merge(self.state.clone()));
                }
            }
            Deliver(_, Merge(other)) => self.merge(&other, ctx),
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
            ("keys", self.state.len().to_string()),
            ("updates", self.updates.to_string()),
            ("learned", self.learned.to_string()),
        ]
    }
}

impl Crdt {
    fn save(&self, ctx: &mut Ctx<Self>) {
        ctx.disk.set(Saved { lives: self.lives, state: self.state.clone() });
    }

    fn read(&self, op: Op) -> Ret {
        let nothing = Object::default();
        let object = self.state.get(&op.object()).unwrap_or(&nothing);
        match op {
            Op::Count(_) => Ret::Count(object.counter.value()),
            Op::Contains(_, element) => Ret::Contains(object.set.contains(element % ELEMENTS)),
            Op::Value(_) => Ret::Value(object.register.value()),
            Op::Increment(_) | Op::Decrement(_) | Op::Add(..) | Op::Remove(..) | Op::Assign(..) => Ret::Done,
        }
    }

    fn update(&mut self, op: Op, ctx: &mut Ctx<Self>) {
        let flaw = self.config.flaw;
        let replica = ctx.me;
        let object = self.state.entry(op.object()).or_default();
        match op {
            Op::Increment(_) => object.counter.up.increment(replica),
            Op::Decrement(_) => object.counter.down.increment(replica),
            Op::Add(_, element) => {
                let number = if flaw == Some(Flaw::ReusedTag) { element.into() } else { self.next };
                object.set.add(element % ELEMENTS, Tag { replica, number });
                self.next += 1;
            }
            Op::Remove(_, element) if flaw == Some(Flaw::NoTombstone) => {
                object.set.forget(element % ELEMENTS)
            }
            Op::Remove(_, element) => object.set.remove(element % ELEMENTS),
            Op::Assign(_, value) => {
                let register = &mut object.register;
                let seen = if flaw == Some(Flaw::OwnClock) { 0 } else { register.time() };
                self.stamped = ctx.now().0.max(self.stamped + 1).max(seen + 1);
                register.assign(Stamp { time: self.stamped, replica }, value);
            }
            Op::Count(_) | Op::Contains(..) | Op::Value(_) => return,
        }
        self.updates += 1;
        self.last = Some(op);
    }

    /// What is learned here and lost in a crash, others still have.
    fn merge(&mut self, other: &State, ctx: &mut Ctx<Self>) {
        if self.state.includes(other) {
            return;
        }
        self.learned += 1;
        if self.has(Flaw::Overwrite) {
            self.state = other.clone();
        }
        if self.has(Flaw::SummedMerge) {
            for (&key, object) in other {
                self.state.entry(key).or_default().counter.up.add(&object.counter.up);
            }
        }
        self.state.join(other);
        self.save(ctx);
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.config.flaw == Some(flaw)
    }
}

impl Message for Merge {
    fn bytes(&self) -> u64 {
        4 + self.0.values().map(|object| 8 + object.bytes()).sum::<u64>()
    }
}
