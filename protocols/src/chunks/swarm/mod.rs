//! Nobody plans anything: peers find one another, tell their neighbours what they have, and give to whom it helps. After
//! "Incentives build robustness in BitTorrent" (Cohen, 2003) and the protocol's specification (BEP 3), whose words are used here.
//!
//! Who is there says a *tracker* (§2.1 of the paper); or nobody does, and every peer asks another that it has heard of, in
//! return for what it knows itself ("Gossip-based peer sampling", Jelasity et al., 2007). A peer greets some of those, who
//! become its *neighbours*, with all that it has, and tells them of each chunk that it gets. It greets its neighbours again now
//! and then, because what was said may have been lost, and forgets those who do not answer.
//!
//! A peer with an upload to give away *unchokes* a neighbour that lacks something it has (`choking.rs`); that one picks the chunk
//! (`picking.rs`): the *rarest* among its neighbours, so that everybody has something that others want, and no chunk is lost with
//! the few who have it; or a random one. Whoever waits for enough chunks already declines, and the next is asked. Who is unchoked:
//! anybody; or, for `serve: Givers`, those who have given most, so that those who give nothing get little, and besides them one at a
//! time who is drawn by lot (the *optimistic unchoke*), or nobody new could ever show what it gives. A source, or whoever is
//! complete, gives to anybody.
//!
//! Left out: the sixteen-kilobyte blocks of a chunk, and with them the strict priority of chunks that were begun and the random
//! first one, since a chunk is a single message here; unchokes for ten seconds: one is for one chunk; the endgame, in which the last
//! chunks are asked of everybody; that what was given long ago counts less; trackers that know who has gone.

mod choking;
mod config;
mod neighbours;
mod picking;

pub use config::{Config, Flaw, Peers, Pick, Serve};

use super::{
    bounds,
    library::{Library, Read},
    properties::{self, Ghost, Giver, Holder},
    store::{Bits, Chunk, Shelf, Store, size},
};
use crate::retry::Retry;
use Msg::*;
use Timer::*;
use choking::Upload;
use neighbours::Neighbours;
use sim_core::prelude::*;

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Msg {
    /// To a tracker, or to anybody without one: I know of these; whom do you know of?
    Who(Vec<NodeId>),
    /// Of these.
    Peers(Vec<NodeId>),
    /// Let us be neighbours, or still be; this is what I have.
    Hello(Bits),
    /// We are; and this is what I have.
    Welcome(Bits),
    /// We are not.
    Leave,
    /// I have got this chunk.
    Have(u32),
    /// I have an upload for you: choose.
    Unchoke,
    /// I choose this chunk, and this is when.
    Want(u32, Time),
    /// You have nothing that I want now.
    Decline,
    /// I have no upload for this chunk.
    Choke(u32),
    /// A chunk, all of it; its size; and when it was chosen.
    Piece(Chunk, u64, Time),
    /// It came, and is not what it should be.
    Damaged(u32),
}

impl Message for Msg {
    fn bytes(&self) -> u64 {
        match self {
            Leave | Unchoke | Decline => 1,
            Who(nodes) | Peers(nodes) => 1 + 6 * nodes.len() as u64,
            Hello(have) | Welcome(have) => 1 + have.bytes(),
            Have(_) | Choke(_) | Damaged(_) => 5,
            Want(..) => 13,
            Piece(_, bytes, _) => *bytes,
        }
    }
}

/// What a node waits for.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Timer {
    /// It is time to greet the neighbours, and to give up what takes too long.
    Refresh,
}

/// A node.
#[derive(Clone, Debug, Hash)]
pub struct Swarm {
    role: Role,
    /// How many of its service are there to receive.
    receivers: u32,
    /// And how many of those pass on what they get.
    givers: u32,
    /// It is no free rider.
    gives: bool,
    store: Store,
    neighbours: Neighbours,
    /// Whom it may unchoke although that one gave nothing.
    optimistic: Option<NodeId>,
    /// Others that it has heard of, by number; the tracker: all that asked.
    others: Vec<NodeId>,
    /// At most `slots`.
    uploads: Vec<Upload>,
    /// What it has requested, and when; at most `downloads`.
    coming: Vec<(u32, Time)>,
    /// How long to wait for a chunk, or for an answer.
    retry: Retry,
    /// Of a chunk on its way.
    size: u64,
    config: Config,
}

const SOURCE: Role = Role("source");
const TRACKER: Role = Role("tracker");
const LEECHER: Role = Role("leecher");
const SEED: Role = Role("seed");

/// So many others a peer remembers, beside its neighbours.
const OTHERS_MAX: usize = 64;

impl Protocol for Swarm {
    type Config = Config;
    type Msg = Msg;
    type Timer = Timer;
    type Disk = Shelf;
    type Serves = Library;
    type Calls = Never;
    type Ghost = Ghost;

    const PROPERTIES: &'static [Property<Self>] = &[
        Property::always("who is complete has every chunk", When::EveryEvent, properties::complete),
        Property::always("what is kept is intact", When::EveryEvent, properties::intact),
        Property::always("only what is there is passed on", When::EveryEvent, properties::passed),
        Property::sometimes("somebody has all", When::News, properties::somebody),
        Property::sometimes("all who give have all", When::News, properties::givers),
        Property::sometimes("all have all", When::News, properties::everybody),
    ];
    const ROLES: &'static [Role] = &[SOURCE, TRACKER, LEECHER, SEED];
    const NODES_MAX: u32 = 100_000;
    const GAUGES: &'static [Gauge<Self>] = &[properties::held(), properties::uploads()];

    fn start(config: &Config, ctx: &mut Ctx<Self>) -> Self {
        let (index, nodes) = (ctx.index(ctx.me) as u32, ctx.members().len() as u32);
        let source = config.source();
        let role = match index {
            index if index < source => TRACKER,
            index if index == source => SOURCE,
            _ => LEECHER,
        };
        let mut node = Swarm {
            role,
            receivers: nodes - source - 1,
            givers: nodes - source - 1 - config.free_riders,
            gives: index < nodes - config.free_riders,
            store: Store::boot(config.chunks, role == SOURCE, ctx.disk),
            neighbours: Neighbours::none(config.chunks),
            optimistic: None,
            others: Vec::new(),
            uploads: Vec::new(),
            coming: Vec::new(),
            retry: Retry::new(config.patience),
            size: size(config.chunk),
            config: config.clone(),
        };
        if role != TRACKER {
            node.refresh(ctx);
        }
        node
    }

    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        match input {
            // §2.1: who is there.
            Timeout(Refresh) => self.refresh(ctx),
            Deliver(from, Who(nodes)) => {
                let told = self.some(ctx);
                ctx.send(from, Peers(told));
                self.hear_of(&nodes, ctx);
                self.hear_of(&[from], ctx);
            }
            Deliver(_, Peers(nodes)) => {
                self.hear_of(&nodes, ctx);
                self.seek(&nodes, ctx);
            }

            // Neighbours, and what they have.
            Deliver(from, Hello(_)) if !self.has_room(from) => ctx.send(from, Leave),
            Deliver(from, Hello(have)) => {
                self.neighbours.greeted(from, have);
                ctx.send(from, Welcome(self.store.have().clone()));
                self.over(from, None, ctx);
                self.unchoke(ctx);
            }
            Deliver(from, Welcome(have)) => {
                self.neighbours.greeted(from, have);
                self.unchoke(ctx);
            }
            Deliver(from, Leave) => self.lose(from, ctx),
            Deliver(from, Have(chunk)) => {
                self.neighbours.got(from, chunk);
                self.over(from, Some(chunk), ctx);
                self.consider(from, ctx);
            }

            // §2.4: choking.
            Deliver(from, Want(chunk, asked)) => self.give(from, chunk, asked, ctx),
            Deliver(from, Decline) => {
                self.neighbours.get_mut(from).into_iter().for_each(|neighbour| neighbour.busy = true);
                self.over(from, None, ctx);
            }
            Deliver(from, Damaged(chunk)) => self.over(from, Some(chunk), ctx),

            // §2.3: picking.
            Deliver(from, Unchoke) => self.choose(from, ctx),
            Deliver(from, Piece(chunk, _, asked)) => self.take(from, chunk, asked, ctx),
            Deliver(_, Choke(chunk)) => self.gone(chunk),

            Request(ticket, Read(chunk)) => self.store.ask(ticket, chunk, ctx),
            Response(_, Answer::Ok(never)) => match never {},
            Response(_, Answer::Refused | Answer::Redirect(_)) => {}
        }
    }

    fn role(&self) -> Role {
        if self.role == LEECHER && self.store.complete() { SEED } else { self.role }
    }
    fn epoch(&self) -> u64 {
        0
    }
    fn show(&self) -> Vec<(&'static str, String)> {
        let mut shown = properties::show(self);
        shown.push(("neighbours", self.neighbours.len().to_string()));
        shown
    }
    fn bounds(config: &Config, around: &Surroundings) -> Vec<Bound> {
        let peers = around.nics.get(config.source() as usize..).unwrap_or_default();
        bounds::of(properties::HELD_NAME, 1, config.chunks, config.chunk.0, peers)
    }
}

/// Who is there.
impl Swarm {
    /// Greets its neighbours, asks who else is there, and looks for more if it has too few.
    fn refresh(&mut self, ctx: &mut Ctx<Self>) {
        self.give_up(ctx);
        for neighbour in self.neighbours.iter_mut() {
            // Whoever was busy may not be any more, and what it got since may have been lost on its way here.
            (neighbour.busy, neighbour.unanswered) = (false, neighbour.unanswered + 1);
            ctx.send(neighbour.node, Hello(self.store.have().clone()));
        }
        let lot = ctx.rng.below(self.neighbours.len().max(1) as u64) as usize;
        self.optimistic = self.neighbours.iter().nth(lot).map(|neighbour| neighbour.node);

        // Who has neighbours enough says so all the same: a tracker that has lost its memory knows only who asked since.
        let first = ctx.members().next().expect("a group has a first node");
        let (asked, told) = match self.config.peers {
            Peers::Tracker => (first, Vec::new()),
            Peers::Gossip => (ctx.rng.pick(&self.others).copied().unwrap_or(first), self.some(ctx)),
        };
        if asked != ctx.me {
            ctx.send(asked, Who(told));
        }
        let others = self.others.clone();
        self.seek(&others, ctx);
        self.unchoke(ctx);
        // Not all at once.
        let Span(mean) = self.config.refresh;
        ctx.set(Refresh, Span(mean.div_ceil(2))..Span(mean.div_ceil(2) + mean));
    }

    fn greet(&self, node: NodeId, ctx: &mut Ctx<Self>) {
        ctx.send(node, Hello(self.store.have().clone()));
    }

    /// Greets as many of these as it has too few neighbours.
    fn seek(&mut self, nodes: &[NodeId], ctx: &mut Ctx<Self>) {
        let room = (self.config.neighbours as usize).saturating_sub(self.neighbours.len());
        let stranger = |node: &NodeId| *node != ctx.me && !self.neighbours.has(*node);
        let strangers: Vec<NodeId> = nodes.iter().copied().filter(stranger).collect();
        for index in ctx.rng.choose(strangers.len(), room) {
            self.greet(strangers[index], ctx);
        }
    }

    /// Some that it has heard of.
    fn some(&self, ctx: &mut Ctx<Self>) -> Vec<NodeId> {
        let chosen = ctx.rng.choose(self.others.len(), self.config.neighbours as usize);
        chosen.into_iter().map(|index| self.others[index]).collect()
    }

    /// Remembers others; who knows too many forgets one, but a tracker does not.
    fn hear_of(&mut self, nodes: &[NodeId], ctx: &mut Ctx<Self>) {
        for &node in nodes.iter().filter(|node| **node != ctx.me) {
            let Err(place) = self.others.binary_search(&node) else { continue };
            self.others.insert(place, node);
            if self.others.len() > OTHERS_MAX && self.role != TRACKER {
                self.others.remove(ctx.rng.below(self.others.len() as u64) as usize);
            }
        }
    }

    /// What takes too long will not come.
    fn give_up(&mut self, ctx: &mut Ctx<Self>) {
        let (now, size) = (ctx.now(), self.size);
        let before = self.coming.len() + self.uploads.len();
        let late = |since: Time, bytes: u64| now.since(since) > self.retry.after(bytes, 0);
        if !self.config.has(Flaw::ForgottenRequest) {
            self.coming.retain(|(_, since)| !late(*since, size));
        }
        if !self.config.has(Flaw::LeakedSlot) {
            self.uploads.retain(|upload| !late(upload.since, if upload.chunk.is_some() { size } else { 0 }));
        }
        if self.coming.len() + self.uploads.len() < before {
            self.retry.back_off();
        }
        let silent: Vec<NodeId> = self.neighbours.silent().filter(|node| !self.serves(*node)).collect();
        silent.into_iter().for_each(|node| self.neighbours.forget(node));
    }

    fn has_room(&self, node: NodeId) -> bool {
        let room = self.neighbours.len() < 2 * self.config.neighbours as usize;
        self.role != TRACKER && (room || self.neighbours.has(node))
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.config.has(flaw)
    }
}

impl Giver for Swarm {
    fn gives(&self) -> bool {
        self.gives
    }
    fn givers(&self) -> u32 {
        self.givers
    }
}

impl Holder for Swarm {
    fn store(&self) -> &Store {
        &self.store
    }
    fn receives(&self) -> bool {
        self.role == LEECHER
    }
    fn receivers(&self) -> u32 {
        self.receivers
    }
    fn passing(&self) -> impl Iterator<Item = u32> {
        self.uploads.iter().filter_map(|upload| upload.chunk)
    }
}
