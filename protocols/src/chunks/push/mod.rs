//! Every transfer is planned beforehand: who sends which chunk to whom, and in which order. After §2 of "On cooperative content
//! distribution and the price of barter" (Ganesan and Seshadri, ICDCS 2005).
//!
//! - `ClientServer`: the source does it alone, receiver by receiver. `Senders(k)`: so many nodes have the file and share the
//!   receivers.
//! - `Chain`: everybody passes chunks on to the next (a pipeline). `Tree(b)`: to b children.
//! - `Optimal`: a hypercube of chunks, which nothing can beat ([`super::optimal`]).
//!
//! A node follows its plan: it begins the next transfer when it has the chunk, and as many before it as the plan wants, and
//! when one of its uploads is over, which the receiver tells it. The receiver keeps a chunk whose content hashes to what it should,
//! has it on disk, and then says so: a network that delivers what it was given is no proof that the file is whole (Saltzer,
//! Reed and Clark, "End-to-end arguments in system design", 1984). What is not acknowledged in time is sent again, after what
//! else the plan has. Left out: another plan when somebody is slow or gone.
//!
//! Here is when a node begins its transfers; `plan.rs` has the plans, `transfers.rs` how a transfer is made.

mod config;
mod messages;
mod plan;
mod transfers;

use config::Settings;
pub use config::{CHUNKS_MAX, Config, Flaw, Strategy};
pub use messages::Msg;
pub use plan::Transfer;

use super::{
    bounds,
    library::{Library, Read},
    properties::{self, Ghost, Holder},
    store::{Chunk, Shelf, Store},
};
use crate::retry::Retry;
use Msg::*;
use Timer::*;
use sim_core::prelude::*;
use transfers::UnderWay;

/// What a node waits for.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Timer {
    /// The transfer at this place of the plan should have come by now.
    Acknowledged(u32),
    /// What the next transfer waits for should have come by now.
    Begin,
}

/// A node.
#[derive(Clone, Debug, Hash)]
pub struct Push {
    index: u32,
    nodes: u32,
    plan: Vec<Transfer>,
    /// The place of the first transfer that was not begun.
    next: u32,
    /// Those that wait for an acknowledgement, and how long.
    under_way: Vec<UnderWay>,
    /// Those that got none in time.
    again: VecDeque<u32>,
    /// Who shares its corner of an optimal plan, and how many chunks have come to that one from outside.
    partner: Option<u32>,
    told: u32,
    /// How many have come here from outside, to be told.
    outside: u32,
    store: Store,
    /// How long to wait for an acknowledgement, and how often transfers were made in vain, by their place in the plan.
    retry: Retry,
    tries: BTreeMap<u32, u32>,
    config: Settings,
}

impl Protocol for Push {
    type Config = Config;
    type Msg = Msg;
    type Timer = Timer;
    /// The chunks, and how many transfers at the front of the plan are acknowledged.
    type Disk = (Shelf, Cell<u32>);
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
    const ROLES: &'static [Role] = &[Role("source"), Role("receiver"), Role("complete")];
    const NODES_MAX: u32 = 20_000;
    const GAUGES: &'static [Gauge<Self>] = &[properties::held(), properties::uploads()];

    fn start(config: &Config, ctx: &mut Ctx<Self>) -> Self {
        let (index, nodes) = (ctx.index(ctx.me) as u32, ctx.members().len() as u32);
        let mut plan = config.plan(index, nodes);
        if config.flaw == Some(Flaw::LastForgotten) {
            plan.pop();
        }
        let mut node = Push {
            index,
            nodes,
            plan,
            next: *ctx.disk.1.get(),
            under_way: Vec::new(),
            again: VecDeque::new(),
            partner: config.partner(index, nodes),
            told: 0,
            outside: 0,
            store: Store::boot(config.chunks, index < config.sources(), &ctx.disk.0),
            retry: Retry::new(config.patience),
            tries: BTreeMap::new(),
            config: config.settings(),
        };
        node.go_on(ctx);
        node
    }

    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        match input {
            Deliver(from, Take(chunk, _, since)) => self.take(from, chunk, since, ctx),
            Deliver(from, Got(chunk, since)) => self.got(from, chunk, since, ctx),
            Deliver(from, Damaged(chunk)) => {
                if let Some(place) = self.over(from, chunk, ctx) {
                    self.send(place, ctx);
                }
            }
            Deliver(_, Came(chunks)) => {
                self.told = self.told.max(chunks);
                self.go_on(ctx);
            }
            Timeout(Begin) => {
                // Somebody is late, or what it said was lost.
                self.told = u32::MAX / 2;
                self.go_on(ctx);
            }
            Timeout(Acknowledged(place)) => self.unacknowledged(place, ctx),
            Request(ticket, Read(chunk)) => self.store.ask(ticket, chunk, ctx),
            Response(_, Answer::Ok(never)) => match never {},
            Response(_, Answer::Refused | Answer::Redirect(_)) => {}
        }
    }

    fn role(&self) -> Role {
        let complete = usize::from(self.store.complete());
        Self::ROLES[if self.receives() { 1 + complete } else { 0 }]
    }
    fn epoch(&self) -> u64 {
        0
    }
    fn show(&self) -> Vec<(&'static str, String)> {
        properties::show(self)
    }
    fn bounds(config: &Config, around: &Surroundings) -> Vec<Bound> {
        let sources = config.sources() as usize;
        bounds::of(properties::HELD_NAME, sources, config.chunks, config.chunk.0, &around.nics)
    }
}

impl Push {
    /// Begins what the plan has next, as far as there is room.
    fn go_on(&mut self, ctx: &mut Ctx<Self>) {
        while self.under_way.len() < self.config.slots {
            let next = self.plan.get(self.next as usize).filter(|next| self.ready(next));
            let place = match next {
                Some(_) => {
                    self.next += 1;
                    self.next - 1
                }
                None => match self.again.pop_front() {
                    Some(place) => place,
                    None => return self.wait(ctx),
                },
            };
            self.send(place, ctx);
        }
    }

    /// What comes next has to wait: not for ever, if it is here.
    fn wait(&self, ctx: &mut Ctx<Self>) {
        if let Some(next) = self.plan.get(self.next as usize).filter(|next| self.store.has(next.chunk)) {
            // So many have to come first, one after the other.
            let missing = next.needs.saturating_sub(self.told.saturating_add(self.store.have().count()));
            ctx.set(Begin, self.retry.after(self.config.chunk, 0) * u64::from(missing.saturating_add(1)));
        }
    }

    fn ready(&self, next: &Transfer) -> bool {
        let here = self.store.has(next.chunk) && self.told + self.store.have().count() >= next.needs;
        here || self.has(Flaw::EarlyPass) && next.chunk <= self.store.have().count()
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.config.flaw == Some(flaw)
    }
}

impl Holder for Push {
    fn store(&self) -> &Store {
        &self.store
    }
    fn receives(&self) -> bool {
        self.index >= self.config.sources
    }
    fn receivers(&self) -> u32 {
        self.nodes - self.config.sources
    }
    fn passing(&self) -> impl Iterator<Item = u32> {
        self.under_way.iter().map(|transfer| self.plan[transfer.place as usize].chunk)
    }
}
