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

mod config;
mod properties;

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
use sim_core::{prelude::*, rng::Chance};

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Msg {
    /// My rumours.
    Push(Vec<Update>),
    /// Which rumours have you?
    Pull,
    /// My rumours; which have you?
    PushPull(Vec<Update>),
    /// Of what you told me: whether it was news.
    Heard(Vec<(u64, Stamp, bool)>),
    /// Send me your database if its checksum is another.
    Ask(u64),
    /// What you may not know.
    Offer(Vec<Update>),
    /// My database: send me what I do not know.
    Exchange(Vec<Update>),
}

/// What a site waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// The next cycle of rumour mongering.
    Cycle,
    /// The next comparison of databases.
    Compare,
}

/// An update that a site is infective with: the one it knows of this key.
#[derive(Clone, Debug, Hash)]
struct Hot {
    key: u64,
    /// Contacts in a row that counted.
    useless: u32,
    /// Heard in this very cycle.
    fresh: bool,
    contact: Contact,
}

/// What came of the contacts of a cycle: the best of them counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Contact {
    None,
    Useless,
    Useful,
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
            Deliver(_, Heard(heard)) => {
                for (key, stamp, news) in heard {
                    let contact = if news { Contact::Useful } else { Contact::Useless };
                    self.contacted(key, stamp, contact, ctx);
                }
            }

            // Anti-entropy, §1.3.
            Timeout(Compare) => self.compare(ctx),
            Deliver(from, Ask(checksum)) => {
                let database = ctx.disk.get();
                if database.checksum() != checksum {
                    let all = database.updates().to_vec();
                    ctx.send(from, Offer(all));
                }
            }
            Deliver(from, Exchange(theirs)) => {
                let newer = self.newer(&theirs, ctx);
                if !newer.is_empty() {
                    ctx.send(from, Offer(newer));
                }
                self.resolve(theirs, ctx);
            }
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

    /// From here on the site is infective with what it knows of a key.
    fn heat(&mut self, key: u64, fresh: bool, ctx: &mut Ctx<Self>) {
        let Some(rumours) = self.config.rumours else { return };
        if self.hot.is_empty() && rumours.how == How::Push {
            self.first(Cycle, self.config.cycle, ctx);
        }
        self.hot.retain(|hot| hot.key != key);
        self.hot.push(Hot { key, useless: 0, fresh, contact: Contact::None });
    }

    /// A cycle ends, and the next begins with a contact.
    fn cycle(&mut self, ctx: &mut Ctx<Self>) {
        let Some(rumours) = self.config.rumours else { return };
        self.settle(rumours.loses, ctx);
        if rumours.how != How::Push || !self.hot.is_empty() {
            self.again(Cycle, self.config.cycle, ctx);
        }
        let Some(peer) = another(ctx) else { return };
        match rumours.how {
            How::Push => self.tell(peer, &[], ctx),
            How::Pull => ctx.send(peer, Pull),
            How::PushPull => {
                let updates = self.rumours(&[], ctx);
                ctx.send(peer, PushPull(updates));
            }
        }
    }

    /// What the contacts of the last cycle mean for the interest in each rumour.
    fn settle(&mut self, loses: Loses, ctx: &mut Ctx<Self>) {
        let early = self.has(Flaw::EarlyDeath);
        let news = &mut self.news;
        self.hot.retain_mut(|hot| {
            hot.fresh = false;
            let contact = core::mem::replace(&mut hot.contact, Contact::None);
            hot.useless = match contact {
                Contact::None => return true,
                Contact::Useful => 0,
                Contact::Useless => hot.useless + 1,
            };
            let lost = match loses {
                Loses::Never => false,
                Loses::Counter(k) => hot.useless >= if early { 1 } else { k },
                Loses::Coin(k) => hot.useless > 0 && ctx.rng.chance(Chance::ratio(1, k.into())),
            };
            if lost {
                news.push(News::Lost(hot.useless));
            }
            !lost
        });
    }

    /// What a site is infective with and may tell in this cycle, without what the other has told.
    fn rumours(&mut self, theirs: &[Update], ctx: &mut Ctx<Self>) -> Vec<Update> {
        let (database, blind) = (ctx.disk.get(), self.blind());
        let mut updates = Vec::new();
        for hot in self.hot.iter_mut().filter(|hot| !hot.fresh) {
            let update = *database.get(hot.key).expect("what is told is known");
            if theirs.contains(&update) {
                // Each has told the other what it knew.
                hot.contact = hot.contact.max(Contact::Useless);
                continue;
            }
            if blind {
                hot.contact = Contact::Useless;
            }
            updates.push(update);
        }
        self.told += updates.len() as u32;
        updates
    }

    fn tell(&mut self, to: NodeId, theirs: &[Update], ctx: &mut Ctx<Self>) {
        let updates = self.rumours(theirs, ctx);
        if !updates.is_empty() {
            ctx.send(to, Push(updates));
        }
    }

    /// Who hears what is new to it is infective; and says what was.
    fn hear(&mut self, from: NodeId, updates: Vec<Update>, ctx: &mut Ctx<Self>) {
        let mut heard = Vec::new();
        for update in updates {
            let known = ctx.disk.get().knows(&update);
            let fresh = |hot: &Hot| hot.key == update.key && hot.fresh;
            heard.push((update.key, update.stamp, !known || self.hot.iter().any(fresh)));
            if !known || self.has(Flaw::Overwrite) {
                self.learn(update, By::Rumour, ctx);
            }
        }
        let never = self.config.rumours.is_some_and(|rumours| rumours.loses == Loses::Never);
        if !heard.is_empty() && !never && !self.blind() {
            ctx.send(from, Heard(heard));
        }
    }

    /// The other said whether it was of use to tell it this update, if it is still told.
    fn contacted(&mut self, key: u64, stamp: Stamp, contact: Contact, ctx: &mut Ctx<Self>) {
        let current = ctx.disk.get().get(key).is_some_and(|known| known.stamp == stamp);
        if let Some(hot) = self.hot.iter_mut().find(|hot| current && hot.key == key) {
            hot.contact = hot.contact.max(contact);
        }
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

    /// A site picks another to compare databases with.
    fn compare(&mut self, ctx: &mut Ctx<Self>) {
        let Some(entropy) = self.config.anti_entropy else { return };
        self.again(Compare, entropy.every, ctx);
        let Some(peer) = another(ctx) else { return };
        let database = ctx.disk.get();
        let msg = match entropy.how {
            How::Push if database.is_empty() => return,
            How::Push => Offer(database.updates().to_vec()),
            How::Pull => Ask(database.checksum()),
            How::PushPull => Exchange(database.updates().to_vec()),
        };
        ctx.send(peer, msg);
    }

    /// What the other does not know.
    fn newer(&self, theirs: &[Update], ctx: &Ctx<Self>) -> Vec<Update> {
        let mut known = Database::default();
        theirs.iter().for_each(|update| known.set(*update));
        let lacks = |update: &&Update| match self.has(Flaw::PresenceOnly) {
            true => known.get(update.key).is_none(),
            false => !known.knows(update),
        };
        ctx.disk.get().updates().iter().filter(lacks).copied().collect()
    }

    fn resolve(&mut self, theirs: Vec<Update>, ctx: &mut Ctx<Self>) {
        for update in theirs {
            let lacks = match self.has(Flaw::PresenceOnly) {
                true => ctx.disk.get().get(update.key).is_none(),
                false => !ctx.disk.get().knows(&update),
            };
            if lacks || self.has(Flaw::Overwrite) {
                self.learn(update, By::AntiEntropy, ctx);
            }
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

    fn blind(&self) -> bool {
        self.config.rumours.is_some_and(|rumours| rumours.counts == Counts::Blind)
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

impl Message for Msg {
    fn bytes(&self) -> u64 {
        1 + match self {
            Push(updates) | PushPull(updates) | Offer(updates) | Exchange(updates) => updates.bytes(),
            Pull => 0,
            Heard(heard) => 4 + 21 * heard.len() as u64,
            Ask(_) => 8,
        }
    }
}
