//! Chain replication: servers in a line. Updates enter at the head, go down the line, and are answered by the tail, which
//! also answers queries. After "Chain replication for supporting high throughput and availability" (van Renesse and
//! Schneider, OSDI 2004), §3, whose names are used.
//!
//! Every server keeps the history of updates, and has it on its disk before its successor hears of it; so histories only
//! get shorter down the chain (the Update Propagation Invariant), and what the tail has, all have. The *master*, the
//! first node, hears from all and repairs the chain: without its head, the next server is the head; without its tail,
//! the one before it is, and answers what was on its way; a gap in the middle is closed, and the server before it
//! forwards again what its new successor lacks. A server that is back joins at the end, as the tail: its predecessor
//! stops answering at once, and it begins when it has what the predecessor has.
//!
//! The paper assumes that servers stop when they fail, and that everybody notices. Here silence is no proof, so
//! configurations have versions, updates are taken only under the same version, and a tail answers queries for a while
//! after the master heard of it, no longer: less than the master waits before it takes somebody out. A joining server
//! may have updates that nobody else has; what its predecessor confirms counts, and what contradicts it is cut off.
//!
//! Left out: that the master is itself replicated. It may crash and come back, and meanwhile nothing is repaired;
//! queries while a new tail catches up (the predecessor could go on); reads from other servers than the tail
//! (CRAQ). Clients are redirected to head and tail. Indexes count updates from 1.
//!
//! Here are what nodes keep and wait for, and the step that takes inputs in; `messages.rs` is what they say, `servers.rs` what
//! the servers of the chain do, `master.rs` how it is repaired.

mod config;
mod master;
mod messages;
mod properties;
mod servers;

use Msg::*;
use Timer::*;
pub use config::{Config, Flaw};
use master::Master;
pub use messages::{Msg, Setup, Update};
pub use properties::Ghost;
use sim_core::{names::listed, prelude::*};

/// What a node waits for.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Timer {
    /// It is time to say that one lives, and to look after others.
    Heartbeat,
}

/// What survives a crash.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Disk<O> {
    /// The last configuration heard of.
    pub setup: Cell<Setup>,
    /// The history (`Hist`).
    pub history: Log<Update<O>>,
}

/// A node.
#[derive(Clone, Debug, Hash)]
pub struct Chain<S: Spec> {
    config: Config,
    setup: Setup,
    place: Place,
    /// What only the master keeps.
    master: Option<Master>,
    /// The history up to here is the predecessor's too. At the head it is all of it.
    agreed: usize,
    /// The version under which a predecessor was last heard to have nothing more, in this life.
    caught_up: Option<u64>,
    /// What the successor was sent.
    sent: usize,
    /// What the tail is known to have; no longer on its way (`Sent` is what lies between).
    acknowledged: usize,
    applied: usize,
    machine: S::State,
    /// A tail answers queries until then, by its own clock.
    lease: Time,
}

/// Where a server is in its chain.
#[derive(Clone, Copy, Debug, Default, Hash)]
struct Place {
    member: bool,
    head: bool,
    tail: bool,
    predecessor: Option<NodeId>,
    successor: Option<NodeId>,
}

impl<S: Spec> Protocol for Chain<S> {
    type Config = Config;
    type Msg = Msg<S::Op>;
    type Timer = Timer;
    type Disk = Disk<S::Op>;
    type Serves = S;
    type Calls = Never;
    type Ghost = Ghost;

    const PROPERTIES: &'static [Property<Self>] = Self::CLAIMS;
    const ROLES: &'static [Role] =
        &[Role("master"), Role("head"), Role("middle"), Role("tail"), Role("alone"), Role("outside")];
    /// Each configuration names all.
    const NODES_MAX: u32 = 1_000;

    fn start(config: &Config, ctx: &mut Ctx<Self>) -> Self {
        let is_master = ctx.index(ctx.me) == 0;
        let mut node = Chain {
            config: config.clone(),
            setup: ctx.disk.setup.get().clone(),
            place: Place::default(),
            master: is_master.then(|| Master::new(ctx)),
            agreed: 0,
            caught_up: None,
            sent: 0,
            // What was on its way in an earlier life was answered, or is waited for no more.
            acknowledged: ctx.disk.history.len(),
            applied: 0,
            machine: S::State::default(),
            lease: Time::ZERO,
        };
        if is_master && node.setup.version == 0 {
            let chain = ctx.peers().collect();
            node.configure(Setup { version: 1, chain, joining: false }, ctx);
        } else {
            node.take_place(ctx);
        }
        ctx.set(Heartbeat, config.heartbeat);
        node
    }

    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        match input {
            Request(ticket, op) if S::is_read(&op) => self.query(ticket, op, ctx),
            Request(ticket, op) => self.update(ticket, op, ctx),

            Deliver(from, Forward { version, prev, updates }) => {
                if version == self.setup.version || self.has(Flaw::UncheckedVersion) {
                    self.take(from, prev, updates, ctx);
                }
            }
            Deliver(from, Received { version, agreed, acknowledged }) => {
                if version == self.setup.version && self.place.successor == Some(from) {
                    self.received(agreed, acknowledged, ctx);
                }
            }

            Timeout(Heartbeat) => self.heartbeat(ctx),
            Deliver(from, Alive { sent, caught_up }) => self.alive(from, sent, caught_up, ctx),
            Deliver(_, Configuration { setup, sent }) => {
                if setup.version > self.setup.version {
                    self.setup = setup;
                    ctx.disk.setup.set(self.setup.clone());
                    ctx.sync();
                    self.take_place(ctx);
                } else if setup == self.setup
                    && let Some(sent) = sent
                {
                    self.lease = self.lease.max(sent + self.config.lease());
                }
            }

            Response(_, Answer::Ok(never)) => match never {},
            Response(_, Answer::Refused | Answer::Redirect(_)) => {}
        }
    }

    fn role(&self) -> Role {
        Role(match self.place {
            _ if self.master.is_some() => "master",
            Place { member: false, .. } => "outside",
            Place { head: true, tail: true, .. } => "alone",
            Place { head: true, .. } => "head",
            Place { tail: true, .. } => "tail",
            Place { .. } => "middle",
        })
    }
    fn epoch(&self) -> u64 {
        self.setup.version
    }
    fn show(&self) -> Vec<(&'static str, String)> {
        vec![
            ("role", self.role().0.to_string()),
            ("version", self.setup.version.to_string()),
            ("chain", listed(self.setup.chain.iter().copied())),
            ("agreed", self.agreed.to_string()),
            ("acknowledged", self.acknowledged.to_string()),
        ]
    }
}

impl<S: Spec> Chain<S> {
    fn has(&self, flaw: Flaw) -> bool {
        self.config.flaw == Some(flaw)
    }
}

impl<O> Default for Disk<O> {
    fn default() -> Self {
        Disk { setup: Cell::default(), history: Log::default() }
    }
}

impl<O: Message> Durable for Disk<O> {
    fn parts(&mut self, visit: &mut impl FnMut(&mut dyn Part)) {
        visit(&mut self.setup);
        visit(&mut self.history);
    }
}
