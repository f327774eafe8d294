//! Nobody plans anything: peers find one another, tell their neighbours what they have, and give to whom it helps. After
//! "Incentives build robustness in BitTorrent" (Cohen, 2003), §2 and §3, and the protocol's specification (BEP 3), whose words
//! are used here.
//!
//! Who is there says a *tracker* (§2.2 of the paper); or nobody does, and every peer asks another that it has heard of, in
//! return for what it knows itself ("Gossip-based peer sampling", Jelasity et al., 2007). A peer greets some of those, who
//! become its *neighbours*, with all that it has, and tells them of each chunk that it gets. It greets its neighbours again now
//! and then, because what was said may have been lost, and forgets those who do not answer (`peers.rs`, `neighbours.rs`).
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
mod messages;
mod neighbours;
mod peers;
mod picking;

pub use config::{Config, Flaw, Peers, Pick, Serve};
pub use messages::Msg;

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
            // §2.2: who is there.
            Timeout(Refresh) => self.refresh(ctx),
            Deliver(from, Who(nodes)) => self.introduce(from, &nodes, ctx),
            Deliver(_, Peers(nodes)) => {
                self.hear_of(&nodes, ctx);
                self.seek(&nodes, ctx);
            }

            // Neighbours, and what they have.
            Deliver(from, Hello(_)) if !self.has_room(from) => ctx.send(from, Leave),
            Deliver(from, Hello(have)) => self.welcome(from, have, ctx),
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

            // §3: choking.
            Deliver(from, Want(chunk, asked)) => self.give(from, chunk, asked, ctx),
            Deliver(from, Decline) => {
                self.neighbours.get_mut(from).into_iter().for_each(|neighbour| neighbour.busy = true);
                self.over(from, None, ctx);
            }
            Deliver(from, Damaged(chunk)) => self.over(from, Some(chunk), ctx),

            // §2.4: picking.
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

impl Swarm {
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
