//! Flooding: who hears an update passes it on to all its neighbours, once. As in the broadcast workload of Maelstrom (Kingsbury,
//! `doc/03-broadcast`), and §15.3 of "Distributed Algorithms" (Lynch, 1996).
//!
//! On a graph of E links and n nodes an update takes 2E messages, or 2E − (n − 1) if nobody sends it back to whom it came from;
//! and it is everywhere after as many hops as the graph is wide. With many links it is fast and dear, with few slow and cheap. On
//! a network that loses messages each is sent again until it is *acknowledged*; what a node has to send again it forgets in a
//! crash, so that a crash can cut a branch off for good.
//!
//! Left out: mending the graph, batching, and comparing databases, for which see `epidemic`. `topology.rs` has the graphs,
//! `messages.rs` what nodes say.

mod config;
mod messages;
mod properties;
mod topology;

use super::{
    database::{Database, Stamp, Update},
    spread::{By, Ghost, News, Spreads},
};
use crate::kv::{Kv, Op, Ret};
pub use config::{Config, Flaw, To};
pub use messages::Msg;
use sim_core::prelude::*;
pub use topology::Topology;

/// What a node waits for: something was not acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Retry;

/// Something was not acknowledged.
#[derive(Clone, Debug, Hash)]
struct Unacked {
    by: NodeId,
    update: Update,
    retries: u32,
}

/// A node. Its database is on its disk, and all that is in it is synced before others hear of it.
#[derive(Clone, Debug, Hash)]
pub struct Flood {
    unacked: Vec<Unacked>,
    /// Copies of updates that it sent, retries included.
    told: u32,
    /// Whether the database holds anything.
    knows: bool,
    news: Vec<News>,
    config: Config,
}

impl Protocol for Flood {
    type Config = Config;
    type Msg = Msg;
    type Timer = Retry;
    type Disk = Cell<Database>;
    type Serves = Kv;
    type Calls = Never;
    type Ghost = Ghost;

    const PROPERTIES: &'static [Property<Self>] = properties::CLAIMS;
    const ROLES: &'static [Role] = &[Role("ignorant"), Role("informed")];

    fn start(config: &Config, ctx: &mut Ctx<Self>) -> Self {
        let knows = !ctx.disk.get().is_empty();
        let mut node = Flood { unacked: Vec::new(), told: 0, knows, news: Vec::new(), config: *config };
        if config.begins.at(ctx.index(ctx.me)) && !knows {
            node.begin(0, 1, ctx);
        }
        node
    }

    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        self.news = Vec::new();
        match input {
            Request(ticket, Op::Put(key, value)) => {
                self.begin(key, value, ctx);
                ctx.answer(ticket, Answer::Ok(Ret::Done));
            }
            Request(ticket, Op::Get(key)) => {
                let value = ctx.disk.get().get(key).map(|update| update.value);
                ctx.answer(ticket, Answer::Ok(Ret::Value(value)));
            }
            Request(ticket, Op::Cas(..)) => ctx.answer(ticket, Answer::Refused),

            Deliver(from, Msg::Tell(update)) => {
                let known = ctx.disk.get().get(update.key).copied();
                let new = known.is_none_or(|known| known.stamp < update.stamp);
                if new {
                    self.news.push(News::Learned(update, known.map(|known| known.stamp), By::Rumour));
                    self.save(update, ctx);
                }
                if self.config.retry.is_some() {
                    // Who tells it need not be told.
                    self.acked(from, update.key, update.stamp);
                    ctx.send(from, Msg::Ack(update.key, update.stamp));
                }
                if new {
                    self.pass_on(update, Some(from), ctx);
                } else if self.has(Flaw::ForgottenEcho) {
                    self.news.push(News::Passed(update));
                    ctx.send(from, Msg::Tell(update));
                }
            }
            Deliver(from, Msg::Ack(key, stamp)) => self.acked(from, key, stamp),
            Timeout(Retry) => self.retry(ctx),

            Response(_, Answer::Ok(never)) => match never {},
            Response(_, Answer::Refused | Answer::Redirect(_)) => {}
        }
    }

    fn role(&self) -> Role {
        Self::ROLES[usize::from(self.knows)]
    }
    fn epoch(&self) -> u64 {
        0
    }
    fn show(&self) -> Vec<(&'static str, String)> {
        vec![("told", self.told.to_string()), ("unacked", self.unacked.len().to_string())]
    }
}

impl Flood {
    /// An update of a client: a stamp of its own, later than what was known.
    fn begin(&mut self, key: u64, value: u64, ctx: &mut Ctx<Self>) {
        let after = ctx.disk.get().get(key).map_or(0, |known| known.stamp.time.0 + 1);
        let update = Update { key, value, stamp: Stamp { time: Time(ctx.now().0.max(after)), site: ctx.me } };
        self.news.push(News::Began(update));
        self.save(update, ctx);
        self.pass_on(update, None, ctx);
    }

    /// Whatever is told from here on is on the disk.
    fn save(&mut self, update: Update, ctx: &mut Ctx<Self>) {
        let mut database = ctx.disk.get().clone();
        database.set(update);
        ctx.disk.set(database);
        if !self.has(Flaw::UnsyncedUpdate) {
            ctx.sync();
        }
        self.knows = true;
    }

    fn pass_on(&mut self, update: Update, from: Option<NodeId>, ctx: &mut Ctx<Self>) {
        self.news.push(News::Passed(update));
        let members = ctx.members();
        let (first, me) = (ctx.me.0 - ctx.index(ctx.me) as u32, ctx.index(ctx.me));
        let mut neighbours = self.config.topology.neighbours(me, members.len(), |which| ctx.layout(which));
        if self.has(Flaw::ForgottenNeighbour) {
            neighbours.pop();
        }
        let neighbours = neighbours.into_iter().map(|neighbour| NodeId(first + neighbour as u32));
        let skipped = from.filter(|_| self.config.to == To::SkipSender);
        let neighbours: Vec<NodeId> = neighbours.filter(|neighbour| Some(*neighbour) != skipped).collect();
        if self.unacked.is_empty() && !neighbours.is_empty() {
            self.config.retry.into_iter().for_each(|every| ctx.set(Retry, every));
        }
        for neighbour in neighbours {
            self.told += 1;
            ctx.send(neighbour, Msg::Tell(update));
            if self.config.retry.is_some() {
                self.unacked.retain(|old| old.by != neighbour || old.update.key != update.key);
                self.unacked.push(Unacked { by: neighbour, update, retries: 0 });
            }
        }
    }

    fn acked(&mut self, by: NodeId, key: u64, stamp: Stamp) {
        let loose = self.has(Flaw::LooseAck);
        let covers =
            |old: &Unacked| old.by == by && old.update.key == key && (loose || old.update.stamp <= stamp);
        self.unacked.retain(|old| !covers(old));
    }

    fn retry(&mut self, ctx: &mut Ctx<Self>) {
        if self.has(Flaw::OneRetry) {
            self.unacked.retain(|old| old.retries == 0);
        }
        for Unacked { by, update, retries } in &mut self.unacked {
            *retries += 1;
            self.told += 1;
            ctx.send(*by, Msg::Tell(*update));
        }
        if let Some(every) = self.config.retry.filter(|_| !self.unacked.is_empty()) {
            ctx.set(Retry, every);
        }
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.config.flaw == Some(flaw)
    }
}

impl Spreads for Flood {
    fn news(&self) -> &[News] {
        &self.news
    }
    fn tells(&self) -> bool {
        !self.unacked.is_empty()
    }
    fn soon(&self) -> Option<Span> {
        self.config.soon
    }
}
