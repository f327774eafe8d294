//! Nobody plans anything: peers find one another, tell their neighbours what they have, and give to whom it helps. After
//! "Incentives build robustness in BitTorrent" (Cohen, 2003), whose names are used here.
//!
//! Who is there says a *tracker*, as in the paper; or nobody does, and peers that know a few others tell one another of them,
//! a random handful at a time ("Gossip-based peer sampling", Jelasity et al., 2007). A peer connects to some of those it
//! knows of, tells them which chunks it has, and from then on of each chunk that it gets.
//!
//! A peer with an upload to give away *unchokes* a neighbour that lacks something it has; that one chooses the chunk: the
//! *rarest* among its neighbours, so that no chunk is lost with the few who have it, and everybody has something that others want;
//! or a random one. One that is being served by others already declines, and the next is asked. Whom: anybody; or for
//! `serve: Givers` those first who have given most, and now and then somebody at random (the optimistic unchoke), so that those
//! who give nothing get little. A source gives to anybody.
//!
//! Left out: the sixteen-kilobyte blocks of a chunk, and with them the strict priority of chunks that were begun; rounds of ten
//! seconds, for an unchoke is for one chunk here; the endgame; encryption, and trackers that know more than addresses.

use super::{
    bounds,
    library::{Library, Read},
    properties::{self, Ghost, Holder},
    store::{Bits, Chunk, Shelf, Store, size},
};
use Msg::*;
use Timer::*;
use serde::{Deserialize, Serialize};
use sim_core::{prelude::*, rng::Chance, size::Bytes};

/// The file, and how it is spread.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// So many chunks.
    pub chunks: u32,
    /// Of so many bytes each.
    pub chunk: Bytes,
    /// Who says who is there. A tracker is the first node, the source the one after it; without one the source is the first.
    pub peers: Peers,
    /// Which chunk a peer chooses.
    pub pick: Pick,
    /// Whom a peer serves.
    pub serve: Serve,
    /// Who has fewer neighbours than this looks for more; who has twice as many takes no more.
    pub neighbours: u32,
    /// So many uploads of a peer are under way at the same time.
    pub slots: u32,
    /// And so many downloads: a peer that waits for so many chunks declines to be served.
    pub downloads: u32,
    /// Who has not answered after so long is given up, and what did not come is asked for again.
    pub patience: Span,
    /// How often peers ask, or tell one another, who is there.
    pub refresh: Span,
    /// So many peers, the last ones, give nothing.
    pub free_riders: u32,
    /// The probability that a sender's memory damages a chunk, and the network faithfully delivers that.
    pub damage: Chance,
    /// A mistake to make: for teaching, and to test the tests.
    pub flaw: Option<Flaw>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            chunks: 10,
            chunk: Bytes(500_000_000),
            peers: Peers::Tracker,
            pick: Pick::Rarest,
            serve: Serve::Anybody,
            neighbours: 20,
            slots: 2,
            downloads: 2,
            patience: 2.s(),
            refresh: 1.s(),
            free_riders: 0,
            damage: Chance::NEVER,
            flaw: None,
        }
    }
}

/// Who says who is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Peers {
    /// The first node.
    Tracker,
    /// Everybody; who is new knows the source.
    Gossip,
}

/// Which chunk a peer chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Pick {
    /// One that the fewest of its neighbours have.
    Rarest,
    /// Any, each equally likely.
    Random,
    /// The first.
    First,
}

/// Whom a peer serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Serve {
    /// Anybody who lacks something that it has.
    Anybody,
    /// Whoever of them gave it most; one time in four anybody.
    Givers,
}

impl Config {
    /// Refuses what cannot work: which key, and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        properties::check_file(self.chunks, self.chunk, self.slots, self.patience)?;
        if self.neighbours == 0 {
            return Err(("neighbours", "a peer without neighbours gets nothing; 20 would do".into()));
        }
        if self.downloads == 0 {
            return Err(("downloads", "a peer that declines everything gets nothing; 2 would do".into()));
        }
        if self.refresh == Span::ZERO {
            return Err(("refresh", "asking every 0s would never end; `1s` would do".into()));
        }
        Ok(())
    }

    /// Refuses what so many nodes cannot do: which key, and why.
    pub fn check_for(&self, nodes: u32) -> Result<(), (&'static str, String)> {
        let others = self.source() + 1;
        if nodes <= others {
            return Err(("peers", format!("{nodes} nodes leave nobody to receive; {} would do", others + 1)));
        }
        if self.free_riders > nodes - others {
            let found = format!("{} of {} peers cannot ride for free", self.free_riders, nodes - others);
            return Err(("free_riders", format!("{found}; 0 to {} can", nodes - others)));
        }
        Ok(())
    }

    /// Which node the source is.
    fn source(&self) -> u32 {
        u32::from(self.peers == Peers::Tracker)
    }
}

/// Mistakes that implementations have made. Each costs one line where the decision is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Flaw {
    /// A chunk is kept whatever is in it.
    Unverified,
    /// A chunk that comes twice is counted twice, so that a peer thinks that it has the file.
    CountedTwice,
    /// A chunk is told of, and passed on, as soon as it was asked for.
    EarlyHave,
    /// What was asked for and did not come is not asked for again.
    ForgottenRequest,
    /// Who gave no answer to an unchoke keeps its slot.
    LeakedSlot,
    /// The last chunk is never chosen.
    LastForgotten,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 6] = [
        Flaw::Unverified,
        Flaw::CountedTwice,
        Flaw::EarlyHave,
        Flaw::ForgottenRequest,
        Flaw::LeakedSlot,
        Flaw::LastForgotten,
    ];
}

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Msg {
    /// To the tracker: I am here; who else is?
    Announce,
    /// These are.
    Here(Vec<NodeId>),
    /// To somebody, without a tracker: I know of these, whom do you know of?
    Swap(Vec<NodeId>),
    /// Let us be neighbours; this is what I have.
    Hello(Bits),
    /// We are; and this is what I have.
    Welcome(Bits),
    /// I have got this chunk.
    Have(u32),
    /// I have an upload for you: choose.
    Unchoke,
    /// I choose this chunk.
    Wanted(u32),
    /// Others serve me.
    Busy,
    /// You have nothing that I lack, as far as I know.
    Nothing,
    /// A chunk, all of it; the second is its size.
    Piece(Chunk, u64),
    /// It came, and is not what it should be.
    Damaged(u32),
}

impl Message for Msg {
    fn bytes(&self) -> u64 {
        match self {
            Announce | Unchoke | Busy | Nothing => 1,
            Here(nodes) | Swap(nodes) => 1 + 6 * nodes.len() as u64,
            Hello(have) | Welcome(have) => 1 + have.bytes(),
            Have(_) | Wanted(_) | Damaged(_) => 5,
            Piece(_, bytes) => *bytes,
        }
    }
}

/// What a node waits for.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Timer {
    /// It is time to ask who is there.
    Refresh,
    /// This neighbour should have answered, or have its chunk.
    Served(NodeId),
    /// This chunk should have come.
    Comes(u32),
}

/// What a peer knows of a neighbour.
#[derive(Clone, Debug, Hash)]
struct Neighbour {
    node: NodeId,
    have: Bits,
    /// It declined, and has got nothing since.
    busy: bool,
    /// Chunks that it gave.
    gave: u32,
}

/// An upload: to whom, and which chunk if it has chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Upload {
    to: NodeId,
    chunk: Option<u32>,
}

/// A node.
#[derive(Clone, Debug, Hash)]
pub struct Swarm {
    role: Role,
    receivers: u32,
    store: Store,
    /// By number.
    neighbours: Vec<Neighbour>,
    /// For each chunk: how many neighbours have it.
    known: Vec<u32>,
    /// Others that it has heard of; the tracker: all that asked.
    others: Vec<NodeId>,
    uploads: Vec<Upload>,
    /// What it waits for, and of whom.
    coming: Vec<(u32, NodeId)>,
    gives: bool,
    config: Config,
}

const SOURCE: Role = Role("source");
const TRACKER: Role = Role("tracker");
const LEECHER: Role = Role("leecher");
const SEED: Role = Role("seed");

/// So many others are told at a time, without a tracker.
const HANDFUL: usize = 8;
/// And so many are remembered.
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
            store: Store::boot(config.chunks, role == SOURCE, ctx.disk),
            neighbours: Vec::new(),
            known: vec![0; config.chunks as usize],
            others: Vec::new(),
            uploads: Vec::new(),
            coming: Vec::new(),
            gives: index < nodes - config.free_riders,
            config: config.clone(),
        };
        if role != TRACKER {
            node.refresh(ctx);
        }
        node
    }

    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        match input {
            // Who is there.
            Timeout(Refresh) => self.refresh(ctx),
            Deliver(from, Announce) => {
                let told = self.some(self.config.neighbours as usize, from, ctx);
                ctx.send(from, Here(told));
                self.hear(&[from], ctx);
            }
            Deliver(_, Here(nodes)) => self.meet(&nodes, ctx),
            Deliver(from, Swap(nodes)) => {
                // Who asks is told as much as it tells; an answer is not answered.
                if nodes.contains(&from) {
                    let told = self.some(HANDFUL, from, ctx);
                    ctx.send(from, Swap(told));
                }
                self.meet(&nodes, ctx);
            }

            // What they have.
            Deliver(from, Hello(have)) => {
                // It may say so because it was unchoked, and did not know by whom.
                self.over(from, None, ctx);
                if self.befriend(from, have) {
                    ctx.send(from, Welcome(self.told()));
                    self.go_on(ctx);
                }
            }
            Deliver(from, Welcome(have)) => {
                self.befriend(from, have);
                self.go_on(ctx);
            }
            Deliver(from, Have(chunk)) => {
                self.learns(from, chunk);
                self.over(from, Some(chunk), ctx);
                self.go_on(ctx);
            }

            // Giving.
            Deliver(from, Wanted(chunk)) => self.give(from, chunk, ctx),
            Deliver(from, Busy) => {
                self.at(from).into_iter().for_each(|neighbour| neighbour.busy = true);
                self.over(from, None, ctx);
                self.go_on(ctx);
            }
            Deliver(from, Nothing) => {
                // One of the two does not know what the other has.
                self.at(from).into_iter().for_each(|neighbour| neighbour.busy = true);
                self.over(from, None, ctx);
                ctx.send(from, Hello(self.told()));
                self.go_on(ctx);
            }
            Deliver(from, Damaged(chunk)) => {
                self.over(from, Some(chunk), ctx);
                self.go_on(ctx);
            }
            Timeout(Served(node)) => {
                if !self.has(Flaw::LeakedSlot) {
                    self.over(node, None, ctx);
                    self.over_any(node);
                }
                self.forget(node);
                self.go_on(ctx);
            }

            // Taking.
            Deliver(from, Unchoke) => self.choose(from, ctx),
            Deliver(from, Piece(chunk, _)) => self.take(from, chunk, ctx),
            Timeout(Comes(chunk)) => {
                if !self.has(Flaw::ForgottenRequest) {
                    self.coming.retain(|(other, _)| *other != chunk);
                }
            }

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
    fn refresh(&mut self, ctx: &mut Ctx<Self>) {
        let first = ctx.members().next().expect("a group has a first node");
        match self.config.peers {
            Peers::Tracker => ctx.send(first, Announce),
            Peers::Gossip => {
                let mut told = self.some(HANDFUL, ctx.me, ctx);
                told.push(ctx.me);
                let to = ctx.rng.pick(&self.others).copied().unwrap_or(first);
                if to != ctx.me {
                    ctx.send(to, Swap(told));
                }
            }
        }
        // Whoever was busy may not be any more, and what it got since may have been lost on its way here.
        self.neighbours.iter_mut().for_each(|neighbour| neighbour.busy = false);
        let others = self.others.clone();
        self.meet(&others, ctx);
        self.go_on(ctx);
        ctx.set(Refresh, self.config.refresh);
    }

    /// Some that it has heard of, but not this one.
    fn some(&self, most: usize, but: NodeId, ctx: &mut Ctx<Self>) -> Vec<NodeId> {
        let chosen = ctx.rng.choose(self.others.len(), most);
        chosen.into_iter().map(|index| self.others[index]).filter(|node| *node != but).collect()
    }

    /// Remembers others; who knows too many forgets some, but a tracker does not.
    fn hear(&mut self, nodes: &[NodeId], ctx: &mut Ctx<Self>) {
        for &node in nodes.iter().filter(|node| **node != ctx.me) {
            let Err(place) = self.others.binary_search(&node) else { continue };
            self.others.insert(place, node);
            if self.others.len() > OTHERS_MAX && self.role != TRACKER {
                self.others.remove(ctx.rng.below(self.others.len() as u64) as usize);
            }
        }
    }

    fn meet(&mut self, nodes: &[NodeId], ctx: &mut Ctx<Self>) {
        self.hear(nodes, ctx);
        let room = (self.config.neighbours as usize).saturating_sub(self.neighbours.len());
        let strangers: Vec<NodeId> =
            nodes.iter().copied().filter(|node| *node != ctx.me && self.place(*node).is_err()).collect();
        for index in ctx.rng.choose(strangers.len(), room) {
            ctx.send(strangers[index], Hello(self.told()));
        }
    }

    fn place(&self, node: NodeId) -> Result<usize, usize> {
        self.neighbours.binary_search_by_key(&node, |neighbour| neighbour.node)
    }

    fn at(&mut self, node: NodeId) -> Option<&mut Neighbour> {
        let place = self.place(node).ok()?;
        self.neighbours.get_mut(place)
    }

    /// Takes note of what a neighbour has, new or not; whether it is one.
    fn befriend(&mut self, node: NodeId, have: Bits) -> bool {
        let busy = self.at(node).is_some_and(|neighbour| neighbour.busy);
        let gave = self.forget(node);
        if self.neighbours.len() >= 2 * self.config.neighbours as usize || self.role == TRACKER {
            return false;
        }
        let Err(place) = self.place(node) else { return true };
        have.iter().for_each(|chunk| self.known[chunk as usize] += 1);
        self.neighbours.insert(place, Neighbour { node, have, busy, gave });
        true
    }

    /// It is no neighbour any more. What it gave.
    fn forget(&mut self, node: NodeId) -> u32 {
        let Ok(place) = self.place(node) else { return 0 };
        let Neighbour { have, gave, .. } = self.neighbours.remove(place);
        have.iter().for_each(|chunk| self.known[chunk as usize] -= 1);
        gave
    }

    fn learns(&mut self, node: NodeId, chunk: u32) {
        let Some(neighbour) = self.at(node) else { return };
        neighbour.busy = false;
        if neighbour.have.add(chunk) {
            self.known[chunk as usize] += 1;
        }
    }

    /// What it says that it has.
    fn told(&self) -> Bits {
        let mut have = self.store.have().clone();
        if self.has(Flaw::EarlyHave) {
            for (chunk, _) in &self.coming {
                have.add(*chunk);
            }
        }
        have
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.config.flaw == Some(flaw)
    }
}

/// Giving.
impl Swarm {
    /// Gives its uploads away, as far as there is somebody who lacks something.
    fn go_on(&mut self, ctx: &mut Ctx<Self>) {
        while self.gives && self.uploads.len() < self.config.slots as usize {
            let Some(to) = self.whom(ctx) else { return };
            self.uploads.push(Upload { to, chunk: None });
            ctx.send(to, Unchoke);
            ctx.set(Served(to), self.config.patience);
        }
    }

    fn whom(&self, ctx: &mut Ctx<Self>) -> Option<NodeId> {
        let served = |node: NodeId| self.uploads.iter().any(|upload| upload.to == node);
        let lacks = |neighbour: &&Neighbour| {
            !neighbour.busy && self.store.have().more_than(&neighbour.have) && !served(neighbour.node)
        };
        let fair = self.config.serve == Serve::Givers && self.role != SOURCE && ctx.rng.below(4) > 0;
        // A draw for each: of those who gave as much, or of all, the one with the highest.
        let lot = |neighbour: &&Neighbour, ctx: &mut Ctx<Self>| {
            (if fair { neighbour.gave } else { 0 }, ctx.rng.next_u64(), neighbour.node)
        };
        let best = self.neighbours.iter().filter(lacks).map(|neighbour| lot(&neighbour, ctx)).max();
        best.map(|(_, _, node)| node)
    }

    fn give(&mut self, to: NodeId, chunk: u32, ctx: &mut Ctx<Self>) {
        let here = self.store.has(chunk) || self.has(Flaw::EarlyHave);
        let open = |upload: &&mut Upload| upload.to == to && upload.chunk.is_none();
        let Some(upload) = self.uploads.iter_mut().find(open).filter(|_| here) else { return };
        upload.chunk = Some(chunk);
        let mut piece = self.store.read(chunk);
        if ctx.rng.chance(self.config.damage) {
            piece = piece.damaged();
        }
        ctx.send(to, Piece(piece, size(self.config.chunk)));
        ctx.set(Served(to), self.config.patience);
    }

    /// The upload to this node is over, if it was one of this chunk, or an unchoke.
    fn over(&mut self, to: NodeId, chunk: Option<u32>, ctx: &mut Ctx<Self>) {
        let before = self.uploads.len();
        self.uploads.retain(|upload| *upload != Upload { to, chunk });
        if self.uploads.len() < before {
            ctx.cancel(&Served(to));
        }
    }

    /// It is over, whatever it was.
    fn over_any(&mut self, to: NodeId) {
        self.uploads.retain(|upload| upload.to != to);
    }
}

/// Taking.
impl Swarm {
    fn choose(&mut self, from: NodeId, ctx: &mut Ctx<Self>) {
        let Ok(place) = self.place(from) else { return ctx.send(from, Hello(self.told())) };
        if self.coming.len() >= self.config.downloads as usize {
            return ctx.send(from, Busy);
        }
        let Some(chunk) = self.pick(place, ctx) else {
            let comes = self.neighbours[place].have.more_than(self.store.have());
            return ctx.send(from, if comes { Busy } else { Nothing });
        };
        self.coming.push((chunk, from));
        ctx.send(from, Wanted(chunk));
        ctx.set(Comes(chunk), self.config.patience);
        if self.has(Flaw::EarlyHave) {
            self.neighbours.iter().for_each(|neighbour| ctx.send(neighbour.node, Have(chunk)));
        }
    }

    /// A chunk that this neighbour has, and that neither is here nor comes.
    fn pick(&self, neighbour: usize, ctx: &mut Ctx<Self>) -> Option<u32> {
        let last = self.config.chunks - 1;
        let comes = |chunk: u32| self.coming.iter().any(|(other, _)| *other == chunk);
        let wanted = self.neighbours[neighbour].have.without(self.store.have());
        let wanted =
            wanted.filter(|&chunk| !comes(chunk) && !(self.has(Flaw::LastForgotten) && chunk == last));
        if self.config.pick == Pick::First {
            return wanted.into_iter().next();
        }
        let rarity =
            |chunk: u32| if self.config.pick == Pick::Rarest { self.known[chunk as usize] } else { 0 };
        let mut rarest: Vec<u32> = Vec::new();
        let mut fewest = u32::MAX;
        for chunk in wanted {
            let rarity = rarity(chunk);
            if rarity < fewest {
                rarest.clear();
                fewest = rarity;
            }
            if rarity == fewest {
                rarest.push(chunk);
            }
        }
        ctx.rng.pick(&rarest).copied()
    }

    fn take(&mut self, from: NodeId, chunk: Chunk, ctx: &mut Ctx<Self>) {
        self.coming.retain(|(other, _)| *other != chunk.index);
        ctx.cancel(&Comes(chunk.index));
        if !chunk.intact() && !self.has(Flaw::Unverified) {
            return ctx.send(from, Damaged(chunk.index));
        }
        self.at(from).into_iter().for_each(|neighbour| neighbour.gave += 1);
        if self.store.keep(chunk, ctx.disk) {
            ctx.sync();
            self.store.serve(chunk.index, ctx);
            self.neighbours.iter().for_each(|neighbour| ctx.send(neighbour.node, Have(chunk.index)));
        } else {
            if self.has(Flaw::CountedTwice) {
                self.store.count_again();
            }
            ctx.send(from, Have(chunk.index));
        }
        if self.place(from).is_err() {
            ctx.send(from, Have(chunk.index));
        }
        self.go_on(ctx);
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
