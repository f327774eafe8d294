//! A read-through cache in front of a store: quick, and out of date by as much as its entries may live.
//!
//! Each node keeps what it has read for a time to live, up to a number of entries, of which the one used longest ago makes
//! room (LRU). Writes go to the store, and what the node keeps of that key is thrown away when a write sets out and again
//! when it is done. The other nodes keep theirs: they are told, if `invalidate` says so, by messages that can be lost.
//!
//! A value counts as old as the question that brought it, so none is served that was overwritten longer ago than the time to
//! live. Of fetches that are under way at the same time the store may answer the later one first, and a write may come between
//! (a *stale set*: Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013, §3.2.1). So a fetch is *overtaken* when a write
//! of its key sets out or is done, and when another answer for its key is passed on: what it brings is passed on and not kept,
//! and if that is another value than the one that is kept, nobody knows which of them is newer, and neither is kept.
//!
//! If the store is linearizable, this is what clients get. Those of one node, as long as nobody writes but through that node,
//! see a linearizable store. Others write through other nodes: then whoever stays with one node has the four session guarantees
//! (it reads what it wrote, never goes back in time, and its writes come in order and after what it had read), even if the node
//! crashes, and may read what was overwritten elsewhere for as long as the time to live. Whoever goes from one node to another
//! has nothing but this bound.
//!
//! Left out: stale answers when the store fails, fetching once for many who ask, negative caching apart from other values.
//!
//! Here is how requests come in and go on to the store; `entries.rs` is what is kept.

mod config;
mod entries;
mod properties;

use crate::kv::{Kv, Op, Ret};
use Timer::*;
pub use config::{Config, Flaw};
use entries::Entry;
use sim_core::prelude::*;

/// What nodes say to one another: this key is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Invalidate(pub u64);

/// What a cache waits for.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Timer {
    /// The answer of the store, to this call.
    Silence(Ticket),
}

/// A cache.
#[derive(Clone, Debug, Hash)]
pub struct Cache {
    entries: BTreeMap<u64, Entry>,
    /// The keys of the entries, by their last use.
    order: BTreeMap<u64, u64>,
    uses: u64,
    pending: BTreeMap<Ticket, Pending>,
    /// By key: the fetches under way that were not overtaken. Where a value is kept there are none.
    fetches: BTreeMap<u64, BTreeSet<Ticket>>,
    /// The server of the store that is asked, by its position.
    server: usize,
    /// Answers from what is kept, and from the store; and whether the last input was a hit.
    hits: u64,
    misses: u64,
    hit: bool,
    config: Config,
}

/// A call to the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Pending {
    /// Who waits for the answer.
    from: Ticket,
    op: Op,
    /// The server that was asked, by its position.
    server: usize,
    asked: Time,
    hops: usize,
    silence: Alarm,
}

impl Protocol for Cache {
    type Config = Config;
    type Msg = Invalidate;
    type Timer = Timer;
    type Disk = ();
    type Serves = Kv;
    type Calls = Kv;
    type Ghost = ();

    const PROPERTIES: &'static [Property<Self>] = properties::CLAIMS;
    const ROLES: &'static [Role] = &[Role("cache")];

    fn start(config: &Config, ctx: &mut Ctx<Self>) -> Self {
        Cache {
            entries: BTreeMap::new(),
            order: BTreeMap::new(),
            uses: 0,
            pending: BTreeMap::new(),
            fetches: BTreeMap::new(),
            server: ctx.index(ctx.me),
            hits: 0,
            misses: 0,
            hit: false,
            config: config.clone(),
        }
    }

    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        self.hit = false;
        match input {
            Request(from, Op::Get(key)) => match self.look_up(key, ctx.now()) {
                Some(value) => {
                    self.hits += 1;
                    self.hit = true;
                    ctx.answer(from, Answer::Ok(Ret::Value(value)));
                }
                None => {
                    self.misses += 1;
                    self.ask(from, Op::Get(key), 0, ctx);
                }
            },
            Request(from, op @ (Op::Put(key, _) | Op::Cas(key, ..))) => {
                self.written(key);
                self.ask(from, op, 0, ctx);
            }
            Response(call, Answer::Ok(ret)) => {
                let Some(pending) = self.finish(call, ctx) else { return };
                ctx.answer(pending.from, Answer::Ok(ret));
                match (pending.op, ret) {
                    (Op::Get(key), Ret::Value(value)) => self.fetched(key, value, call, pending.asked),
                    (Op::Put(key, _) | Op::Cas(key, ..), _) => {
                        self.written(key);
                        if self.config.invalidate {
                            ctx.broadcast(Invalidate(key));
                        }
                    }
                    (Op::Get(_), Ret::Done | Ret::Swapped(_)) => {}
                }
            }
            Response(call, Answer::Redirect(to)) => {
                let Some(Pending { from, op, hops, .. }) = self.give_up(call, ctx) else { return };
                let server = ctx.callees().position(|server| server == to);
                match server.filter(|_| hops < ctx.callees().len()) {
                    Some(server) => {
                        self.server = server;
                        self.ask(from, op, hops + 1, ctx);
                    }
                    None => ctx.answer(from, Answer::Refused),
                }
            }
            Response(call, Answer::Refused) => {
                let Some(pending) = self.give_up(call, ctx) else { return };
                self.leave(pending.server);
                ctx.answer(pending.from, Answer::Refused);
            }
            Timeout(Silence(call)) => {
                ctx.forget(call);
                let Some(pending) = self.give_up(call, ctx) else { return };
                self.leave(pending.server);
                // A write may have happened, so nobody can be told that it did not.
                if let Op::Put(key, _) | Op::Cas(key, ..) = pending.op {
                    self.written(key);
                }
            }
            Deliver(_, Invalidate(key)) => self.written(key),
        }
    }

    fn role(&self) -> Role {
        Role("cache")
    }
    fn epoch(&self) -> u64 {
        0
    }
    fn show(&self) -> Vec<(&'static str, String)> {
        let shown = [("kept", self.entries.len() as u64), ("hits", self.hits), ("misses", self.misses)];
        shown.map(|(name, count)| (name, count.to_string())).into()
    }
}

impl Cache {
    fn ask(&mut self, from: Ticket, op: Op, hops: usize, ctx: &mut Ctx<Self>) {
        let mut servers = ctx.callees();
        self.server %= servers.len();
        let server = self.server;
        let call = ctx.call(servers.nth(server).expect("a service has a node"), op);
        let silence = ctx.after(self.config.timeout, Silence(call));
        if let Op::Get(key) = op {
            self.fetches.entry(key).or_default().insert(call);
        }
        self.pending.insert(call, Pending { from, op, server, asked: ctx.now(), hops, silence });
    }

    fn finish(&mut self, call: Ticket, ctx: &mut Ctx<Self>) -> Option<Pending> {
        let pending = self.pending.remove(&call)?;
        ctx.stop(pending.silence);
        Some(pending)
    }

    /// A call has brought nothing.
    fn give_up(&mut self, call: Ticket, ctx: &mut Ctx<Self>) -> Option<Pending> {
        let pending = self.finish(call, ctx)?;
        self.forget(Kv::key(&pending.op), call);
        Some(pending)
    }

    /// A server that did not help is left for the next one, unless that has happened already.
    fn leave(&mut self, server: usize) {
        if self.server == server {
            self.server += 1;
        }
    }
}

impl Message for Invalidate {
    fn bytes(&self) -> u64 {
        8
    }
}
