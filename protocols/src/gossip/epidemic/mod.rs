//! Epidemics: rumour mongering and anti-entropy. After "Epidemic algorithms for replicated database maintenance" (Demers,
//! Greene, Hauser, Irish, Larson, Shenker, Sturgis, Swinehart and Terry, PODC 1987), whose words are used here.
//!
//! Every site keeps a copy of a database, and takes updates from clients. *Anti-entropy* (§1.3): now and then a site picks
//! another at random, and they resolve the differences between their copies. That is reliable, and slow. *Rumour mongering*
//! (§1.4): a site that hears an update is *infective*, and tells it to one random other in each cycle, until it has lost
//! interest and is *removed*. That is fast and cheap, and may end while some are still *susceptible*: the *residue*. So the one
//! backs up the other. Whoever tells may *push*, whoever asks *pulls*.
//!
//! When interest is lost: on *feedback* that the other knew, or *blindly*; after k such contacts in a row (a *counter*), or with
//! probability 1/k after each (a *coin*). A contact that was of use sets the counter back. Where cycles are synchronous, all
//! contacts of one cycle are simultaneous. Of those who ask in one cycle one that did not know is enough to make it useful, and
//! all together count once. This is the variant that reproduces the tables of the paper.
//!
//! Left out: connection limits and hunting (§1.4), death certificates (§2), spatial distributions (§3), lists of recent updates
//! (§1.3; databases are compared by checksum and then sent whole), and direct mail.
//!
//! Here are what a site keeps, and how it takes updates in, from clients and from others; `rumours.rs` and `anti_entropy.rs` are
//! how it hears of them.

mod anti_entropy;
mod config;
mod messages;
mod properties;
mod rumours;

use crate::{
    gossip::{
        database::{Database, Stamp, Update},
        spread::{By, Ghost, News, Spreads},
    },
    kv::{Kv, Op, Ret},
};
use Msg::*;
use Timer::*;
pub use config::{AntiEntropy, Config, Counts, Flaw, Found, How, Loses, Phase, Rumours};
pub use messages::Msg;
use rumours::Hot;
use sim_core::prelude::*;

/// What a site waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// The next cycle of rumour mongering.
    Cycle,
    /// The next comparison of databases.
    Compare,
}

/// A site. Its database is on its disk, and all that is in it is synced before others hear of it.
#[derive(Clone, Debug, Hash)]
pub struct Epidemic {
    hot: Vec<Hot>,
    /// Whether the database holds anything.
    knows: bool,
    /// Copies of updates that it told as rumours: their sum over all sites, for each site, is the paper's traffic m.
    told: u32,
    /// What the last input changed, for those who judge.
    news: Vec<News>,
    config: Config,
}

impl Protocol for Epidemic {
    type Config = Config;
    type Msg = Msg;
    type Timer = Timer;
    type Disk = Cell<Database>;
    type Serves = Kv;
    type Calls = Never;
    type Ghost = Ghost;

    const PROPERTIES: &'static [Property<Self>] = properties::CLAIMS;
    const ROLES: &'static [Role] = &[Role("susceptible"), Role("infective"), Role("removed")];

    fn start(config: &Config, ctx: &mut Ctx<Self>) -> Self {
        let knows = !ctx.disk.get().is_empty();
        let mut site = Epidemic { hot: Vec::new(), knows, told: 0, news: Vec::new(), config: *config };
        if config.rumours.is_some_and(|rumours| rumours.how != How::Push) {
            site.first(Cycle, config.cycle, ctx);
        }
        if let Some(entropy) = config.anti_entropy {
            site.first(Compare, entropy.every, ctx);
        }
        if config.begins.at(ctx.index(ctx.me)) && !knows {
            site.begin(0, 1, ctx);
        }
        site
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

            // Rumour mongering, §1.4.
            Timeout(Cycle) => self.cycle(ctx),
            Deliver(from, Push(updates)) => self.hear(from, updates, ctx),
            Deliver(from, Pull) => self.tell(from, &[], ctx),
            Deliver(from, PushPull(updates)) => {
                self.tell(from, &updates, ctx);
                self.hear(from, updates, ctx);
            }
            Deliver(_, Heard(heard)) => self.heard(heard, ctx),

            // Anti-entropy, §1.3.
            Timeout(Compare) => self.compare(ctx),
            Deliver(from, Ask(checksum)) => self.offer(from, checksum, ctx),
            Deliver(from, Exchange(theirs)) => self.exchange(from, theirs, ctx),
            Deliver(_, Offer(theirs)) => self.resolve(theirs, ctx),

            Response(_, Answer::Ok(never)) => match never {},
            Response(_, Answer::Refused | Answer::Redirect(_)) => {}
        }
    }

    fn role(&self) -> Role {
        Self::ROLES[if !self.hot.is_empty() { 1 } else { usize::from(self.knows) * 2 }]
    }
    fn epoch(&self) -> u64 {
        0
    }
    fn show(&self) -> Vec<(&'static str, String)> {
        vec![("rumours", self.hot.len().to_string()), ("told", self.told.to_string())]
    }
}

impl Epidemic {
    /// An update of a client: a stamp of its own, later than what was known.
    fn begin(&mut self, key: u64, value: u64, ctx: &mut Ctx<Self>) {
        let after = ctx.disk.get().get(key).map_or(0, |known| known.stamp.time.0 + 1);
        let stamp = Stamp { time: Time(ctx.now().0.max(after)), site: ctx.me };
        let update = Update { key, value, stamp };
        self.news.push(News::Began(update));
        self.save(update, ctx);
        self.heat(key, false, ctx);
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

    fn learn(&mut self, mut update: Update, by: By, ctx: &mut Ctx<Self>) {
        let before = ctx.disk.get().get(update.key).map(|known| known.stamp);
        if self.has(Flaw::Restamp) {
            update.stamp = Stamp { time: ctx.now(), site: ctx.me };
        }
        self.news.push(News::Learned(update, before, by));
        self.save(update, ctx);
        let found = self.config.anti_entropy.map_or(Found::Cold, |entropy| entropy.found);
        if by == By::Rumour || found == Found::Hot {
            self.heat(update.key, self.config.phase == Phase::Together, ctx);
        } else {
            self.hot.retain(|hot| hot.key != update.key);
        }
    }

    /// Sets a timer that runs out `every` so often for the first time, after a boot or a rest.
    fn first(&self, timer: Timer, every: Span, ctx: &mut Ctx<Self>) {
        match self.config.phase {
            Phase::Together => self.again(timer, every, ctx),
            Phase::Random => ctx.set(timer, Span(1)..every + Span(1)),
        }
    }

    /// Sets it for the next time.
    fn again(&self, timer: Timer, every: Span, ctx: &mut Ctx<Self>) {
        let into = match self.config.phase {
            Phase::Together => ctx.now().0 % every.0,
            Phase::Random => 0,
        };
        ctx.set(timer, Span(every.0 - into));
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.config.flaw == Some(flaw)
    }
}

impl Spreads for Epidemic {
    fn news(&self) -> &[News] {
        &self.news
    }
    fn tells(&self) -> bool {
        !self.hot.is_empty()
    }
    fn soon(&self) -> Option<Span> {
        self.config.soon
    }
}

/// One of the others, each equally likely; `None` if there are none.
fn another(ctx: &mut Ctx<Epidemic>) -> Option<NodeId> {
    let members = ctx.members();
    let others = members.len() as u64 - 1;
    let drawn = (others > 0).then(|| ctx.rng.below(others) as usize)?;
    let skipped = usize::from(drawn >= ctx.index(ctx.me));
    members.into_iter().next().map(|first| NodeId(first.0 + (drawn + skipped) as u32))
}
