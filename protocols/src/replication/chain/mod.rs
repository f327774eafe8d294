//! Chain replication: servers in a line. Updates enter at the head, go down the line, and are answered by the tail, which
//! also answers queries. After "Chain replication for supporting high throughput and availability" (van Renesse and
//! Schneider, 2004), whose names are used.
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
//! Left out: that the master is itself replicated (§3). It may crash and come back, and meanwhile nothing is repaired;
//! queries while a new tail catches up (§3.4, the predecessor could go on); reads from other servers than the tail
//! (CRAQ). Clients are redirected to head and tail. Indexes count updates from 1.

mod config;
mod master;
mod properties;

use Msg::*;
use Timer::*;
pub use config::{Config, Flaw};
use master::Master;
pub use properties::Ghost;
use sim_core::prelude::*;

/// An update in a history.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Update<O> {
    /// The version of the configuration under which the head took it: with its index it names it.
    pub version: u64,
    /// What to apply.
    pub op: O,
    /// Whom to answer.
    pub ticket: Ticket,
}

/// A configuration: who is in the chain, head first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Setup {
    /// Later ones are greater; 0 is none.
    pub version: u64,
    /// Head, …, tail.
    pub chain: Vec<NodeId>,
    /// Whether the tail is new, and is not known to have what its predecessor has.
    pub joining: bool,
}

/// What is said.
#[allow(missing_docs, reason = "each variant says what its fields are")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Msg<O> {
    /// To the master: I live, it is `sent` by my clock, and I caught up with my predecessor under this version.
    Alive { sent: Time, caught_up: Option<u64> },
    /// From the master: the configuration, and the time that the server's message bore that this answers.
    Configuration { setup: Setup, sent: Option<Time> },
    /// To the successor: all updates from index `prev.1` on, which was taken under version `prev.0`.
    Forward { version: u64, prev: (u64, usize), updates: Vec<Update<O>> },
    /// To the predecessor: my history agrees with yours up to `Ok`, or send from index `Err` on; the tail has `acknowledged`.
    Received { version: u64, agreed: Result<usize, usize>, acknowledged: usize },
}

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
            ("chain", format!("{:?}", self.setup.chain.iter().map(|node| node.0).collect::<Vec<_>>())),
            ("agreed", self.agreed.to_string()),
            ("acknowledged", self.acknowledged.to_string()),
        ]
    }
}

/// Updates, queries, and the way between.
impl<S: Spec> Chain<S> {
    /// Finds its place in a chain that may be new, and tells the successor how far it is.
    fn take_place(&mut self, ctx: &mut Ctx<Self>) {
        let chain = &self.setup.chain;
        let at = chain.iter().position(|&node| node == ctx.me);
        self.place = Place {
            member: at.is_some(),
            head: at == Some(0),
            tail: at.is_some_and(|at| at + 1 == chain.len()),
            predecessor: at.and_then(|at| chain.get(at.checked_sub(1)?).copied()),
            successor: at.and_then(|at| chain.get(at + 1).copied()),
        };
        // Who joins may have been a head, with updates that nobody else has.
        if self.place.tail && self.setup.joining {
            (self.agreed, self.caught_up) = (0, None);
            (self.applied, self.machine) = (0, S::State::default());
        }
        if self.place.head {
            (self.agreed, self.caught_up) = (ctx.disk.history.len(), Some(self.setup.version));
        }
        self.sent = self.agreed;
        self.forward(self.agreed, ctx);
        self.acknowledge(ctx);
    }

    fn update(&mut self, ticket: Ticket, op: S::Op, ctx: &mut Ctx<Self>) {
        if !self.place.head {
            return ctx.answer(
                ticket,
                self.setup.chain.first().map_or(Answer::Refused, |&head| Answer::Redirect(head)),
            );
        }
        if self.has(Flaw::HeadAnswers) {
            self.apply(ctx);
            ctx.answer(ticket, Answer::Ok(S::apply(&mut self.machine.clone(), &op)));
        }
        ctx.disk.history.push(Update { version: self.setup.version, op, ticket });
        ctx.sync();
        self.agreed = ctx.disk.history.len();
        self.forward(self.sent, ctx);
        self.acknowledge(ctx);
    }

    fn query(&mut self, ticket: Ticket, op: S::Op, ctx: &mut Ctx<Self>) {
        if !self.place.tail {
            return ctx.answer(
                ticket,
                self.setup.chain.last().map_or(Answer::Refused, |&tail| Answer::Redirect(tail)),
            );
        }
        let leased = ctx.now() < self.lease || self.has(Flaw::UnleasedQuery);
        let whole = self.caught_up.is_some() || self.has(Flaw::EagerTail);
        if !leased || !whole {
            return ctx.answer(ticket, Answer::Refused);
        }
        self.apply(ctx);
        ctx.answer(ticket, Answer::Ok(S::apply(&mut self.machine, &op)));
    }

    /// Sends the successor all that the predecessor has too, from this index on.
    fn forward(&mut self, from: usize, ctx: &mut Ctx<Self>) {
        let Some(successor) = self.place.successor else { return };
        // One that is not whole has nothing to say: the successor would take it for all there is.
        if self.caught_up.is_none() {
            return;
        }
        let prev = (version_at(&ctx.disk.history, from), from);
        let updates = ctx.disk.history[from..self.agreed].to_vec();
        self.sent = self.agreed;
        ctx.send(successor, Forward { version: self.setup.version, prev, updates });
    }

    /// Takes what the predecessor forwards, if the histories agree up to there.
    fn take(&mut self, from: NodeId, prev: (u64, usize), updates: Vec<Update<S::Op>>, ctx: &mut Ctx<Self>) {
        if self.place.predecessor != Some(from) && !self.has(Flaw::UncheckedVersion) {
            return;
        }
        let history = &ctx.disk.history;
        let reaches = prev.1 <= history.len();
        if !reaches || version_at(history, prev.1) != prev.0 && !self.has(Flaw::UncheckedPrevious) {
            return self.report(Err(if reaches { 0 } else { self.agreed }), ctx);
        }
        let mut written = false;
        let upto = prev.1 + updates.len();
        for (index, update) in (prev.1 + 1..).zip(updates) {
            if ctx.disk.history.get(index - 1).is_some_and(|held| held.version == update.version) {
                continue;
            }
            ctx.disk.history.truncate(index - 1);
            self.rewind(index - 1);
            ctx.disk.history.push(update);
            written = true;
        }
        if written && !self.has(Flaw::UnsyncedForward) {
            ctx.sync();
        }
        self.agreed = self.agreed.max(upto);
        self.caught_up = Some(self.setup.version);
        self.forward(self.sent.min(self.agreed), ctx);
        self.acknowledge(ctx);
        self.report(Ok(self.agreed), ctx);
    }

    fn report(&self, agreed: Result<usize, usize>, ctx: &mut Ctx<Self>) {
        let Some(predecessor) = self.place.predecessor else { return };
        let acknowledged = self.acknowledged.min(self.agreed);
        ctx.send(predecessor, Received { version: self.setup.version, agreed, acknowledged });
    }

    fn received(&mut self, agreed: Result<usize, usize>, acknowledged: usize, ctx: &mut Ctx<Self>) {
        if let Err(from) = agreed {
            return self.forward(from.min(self.agreed), ctx);
        }
        if acknowledged > self.acknowledged {
            self.acknowledged = acknowledged.min(self.agreed);
            self.report(Ok(self.agreed), ctx);
        }
    }

    /// The tail has an update, so all have it: it answers.
    fn acknowledge(&mut self, ctx: &mut Ctx<Self>) {
        if self.place.tail && self.caught_up.is_some() {
            self.apply(ctx);
            self.acknowledged = self.acknowledged.max(self.agreed);
        }
    }

    fn apply(&mut self, ctx: &mut Ctx<Self>) {
        while self.applied < self.agreed {
            let Update { op, ticket, .. } = &ctx.disk.history[self.applied];
            let ret = S::apply(&mut self.machine, op);
            let ticket = *ticket;
            self.applied += 1;
            if self.place.tail && self.applied > self.acknowledged {
                ctx.answer(ticket, Answer::Ok(ret));
            }
        }
    }

    /// The history was cut off.
    fn rewind(&mut self, len: usize) {
        self.agreed = self.agreed.min(len);
        self.acknowledged = self.acknowledged.min(len);
        self.sent = self.sent.min(len);
        if self.applied > len {
            (self.machine, self.applied) = (S::State::default(), 0);
        }
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.config.flaw == Some(flaw)
    }
}

/// The version under which the update at `index` was taken; 0 before the first.
fn version_at<O>(history: &[Update<O>], index: usize) -> u64 {
    index.checked_sub(1).map_or(0, |i| history[i].version)
}

impl<O: Message> Message for Msg<O> {
    fn bytes(&self) -> u64 {
        match self {
            Alive { .. } => 17,
            Configuration { setup, .. } => 18 + 4 * setup.chain.len() as u64,
            Forward { updates, .. } => {
                24 + updates.iter().map(|update| 8 + Ticket::BYTES + update.op.bytes()).sum::<u64>()
            }
            Received { .. } => 25,
        }
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
