//! Membership: who lives, and who does not. After "SWIM: Scalable Weakly-consistent Infection-style Process Group Membership
//! Protocol" (Das, Gupta and Motivala, DSN 2002), whose words are used here.
//!
//! In each protocol period a member *pings* one other. If no *ack* comes in time, it asks k members to ping that one for it
//! (*ping-req*): so a bad link between two is told from a dead member (§3.1). Who answered nobody by the end of the period is
//! *suspected*, and declared dead (the paper's *confirm*) if it does not refute that in time (§4.2). All this is *news*, and goes
//! with pings and acks, each piece a few times (§4.1). Members are pinged one after the other in a random order (§4.3).
//!
//! A word about a member has an *incarnation*, which only the member itself raises: to refute. The later word counts: the one of
//! the later incarnation, and of the same incarnation *dead* before *suspect* before *alive*.
//!
//! What differs from the paper, as in its implementations: a word of death counts only until its member refutes it with a later
//! incarnation, so that who was cut off, or boots again, comes back. To that end each message says the incarnation of its sender
//! and what the sender holds against the receiver, and now and then somebody pings one that it holds dead.
//!
//! All members are known from the start, and alive in incarnation 0; a member keeps no more than the exceptions to that, and computes
//! its order instead of storing it. Left out: joining, leaving, and full exchanges of states.

mod config;
pub mod memberlist;
mod properties;

use crate::gossip::{epidemic::Phase, permutation::Permutation};
use Status::*;
use Timer::*;
pub use config::{Accuracy, Config, Flaw, Order, Suspicion};
pub use properties::Ghost;
use sim_core::prelude::*;

/// What is said, and the news that goes with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Msg {
    what: What,
    /// That of the sender.
    incarnation: u32,
    news: Vec<News>,
}

/// What is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// Do you live? The prober wants to know, in its period of this number.
    Ping(NodeId, u32),
    /// Ping that one for me.
    PingReq(NodeId, u32),
    /// The answer to a ping, on its way to the prober.
    Ack(NodeId, u32),
}

/// What is held about a member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word {
    /// Compared first.
    pub incarnation: u32,
    /// Compared then.
    pub status: Status,
}

/// Whether a member lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// It does.
    #[default]
    Alive,
    /// It did not answer.
    Suspect,
    /// It did not refute that in time.
    Dead,
}

/// A word about a member, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct News {
    about: NodeId,
    word: Word,
    by: NodeId,
}

/// What a member waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// The period is over.
    Period,
    /// The direct probe was not answered.
    Unanswered,
    /// This member has not refuted a suspicion.
    Expired(NodeId),
    /// Time to try one that is held dead.
    Reconnect,
}

/// Another member about which there is more to say than that it lives in incarnation 0.
#[derive(Clone, Debug, Hash)]
struct Other {
    word: Word,
    since: Time,
    /// Who suspects it, as far as that counts.
    accusers: Vec<NodeId>,
}

/// The probe of this period.
#[derive(Clone, Copy, Debug, Hash)]
struct Probe {
    target: NodeId,
    acked: bool,
}

/// What the last input changed, for those who judge.
#[derive(Clone, Copy, Debug, Hash)]
struct Change {
    news: News,
    before: Word,
    source: Source,
}

/// Where a member has a word from. One's own may come back from others, in a later life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Source {
    Own,
    Heard,
}

/// A member.
#[derive(Clone, Debug, Hash)]
pub struct Swim {
    incarnation: u32,
    others: BTreeMap<NodeId, Other>,
    /// News to tell, and how often each was told.
    gossip: Vec<(u32, News)>,
    probe: Option<Probe>,
    /// Periods so far: the number of the probe.
    periods: u32,
    /// Probes that nobody answered.
    failed: u32,
    /// The order of this round, and the place in it.
    order: Permutation,
    place: u64,
    changes: Vec<Change>,
    /// The latest incarnation of which this member heard that it is suspected or dead.
    accused: Option<u32>,
    /// Whether an indirect probe was answered just now, where a direct one was not.
    saved: bool,
    config: Config,
}

impl Protocol for Swim {
    type Config = Config;
    type Msg = Msg;
    type Timer = Timer;
    type Disk = ();
    type Serves = Never;
    type Calls = Never;
    type Ghost = Ghost;

    const PROPERTIES: &'static [Property<Self>] = properties::CLAIMS;
    const ROLES: &'static [Role] = &[Role::PEER];
    /// A member may come to hold something against every other.
    const NODES_MAX: u32 = 1_000_000;

    fn start(config: &Config, ctx: &mut Ctx<Self>) -> Self {
        let first = match config.phase {
            Phase::Together => Span(config.period.0 - ctx.now().0 % config.period.0),
            Phase::Random => Span(1 + ctx.rng.below(config.period.0)),
        };
        ctx.set(Period, first);
        if let Some(every) = config.reconnect {
            ctx.set(Reconnect, Span(1)..every + Span(1));
        }
        Swim {
            incarnation: 0,
            others: BTreeMap::new(),
            gossip: Vec::new(),
            probe: None,
            periods: 0,
            failed: 0,
            order: Permutation::new(ctx.members().len() as u64, ctx.rng),
            place: 0,
            changes: Vec::new(),
            accused: None,
            saved: false,
            config: *config,
        }
    }

    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        (self.changes, self.saved) = (Vec::new(), false);
        match input {
            Timeout(Period) => self.period(ctx),
            Timeout(Unanswered) => self.ask_others(ctx),
            Timeout(Expired(member)) => self.declare(member, Dead, ctx),
            Timeout(Reconnect) => self.reconnect(ctx),

            Deliver(from, Msg { what, incarnation, news }) => {
                let alive = Word { incarnation, status: Alive };
                self.learn(News { about: from, word: alive, by: from }, Source::Heard, ctx);
                news.into_iter().for_each(|news| self.learn(news, Source::Heard, ctx));
                match what {
                    What::Ping(prober, number) => self.send(from, What::Ack(prober, number), ctx),
                    What::PingReq(target, number) => self.send(target, What::Ping(from, number), ctx),
                    What::Ack(prober, number) if prober == ctx.me => self.acked(from, number),
                    What::Ack(prober, number) => self.send(prober, What::Ack(prober, number), ctx),
                }
            }

            Request(_, never) | Response(_, Answer::Ok(never)) => match never {},
            Response(_, Answer::Refused | Answer::Redirect(_)) => {}
        }
    }

    fn role(&self) -> Role {
        Role::PEER
    }
    fn epoch(&self) -> u64 {
        0
    }
    fn show(&self) -> Vec<(&'static str, String)> {
        let count = |status| self.others.values().filter(|other| other.word.status == status).count();
        vec![
            ("incarnation", self.incarnation.to_string()),
            ("suspects", count(Suspect).to_string()),
            ("dead", count(Dead).to_string()),
            ("probes", self.periods.to_string()),
            ("failed", self.failed.to_string()),
            ("news", self.gossip.len().to_string()),
        ]
    }
}

impl Swim {
    /// §3.1: a period ends with what became of its probe, and the next begins with another.
    fn period(&mut self, ctx: &mut Ctx<Self>) {
        ctx.set(Period, self.config.period);
        let failed = self.probe.take_if(|probe| !probe.acked);
        if let Some(Probe { target, .. }) = failed {
            self.failed += 1;
            let at_once = self.config.suspicion == Suspicion::None || self.has(Flaw::EagerVerdict);
            self.declare(target, if at_once { Dead } else { Suspect }, ctx);
        }
        let stuck = failed.filter(|_| self.has(Flaw::StuckProbe)).map(|probe| probe.target);
        let Some(target) = stuck.or_else(|| self.next(ctx)) else { return };
        self.periods += 1;
        self.probe = Some(Probe { target, acked: false });
        ctx.set(Unanswered, self.config.probe);
        self.send(target, What::Ping(ctx.me, self.periods), ctx);
    }

    /// Whom to probe: nobody who is held dead.
    fn next(&mut self, ctx: &mut Ctx<Self>) -> Option<NodeId> {
        let (count, first) = (ctx.members().len() as u64, ctx.me.0 - ctx.index(ctx.me) as u32);
        // More than two rounds of dead members: all are.
        for _ in 0..=2 * count {
            let index = match self.config.order {
                Order::Random => ctx.rng.below(count),
                Order::RoundRobin => {
                    if self.place == count {
                        (self.order, self.place) = (Permutation::new(count, ctx.rng), 0);
                    }
                    self.place += 1;
                    self.order.at(self.place - 1)
                }
            };
            let member = NodeId(first + index as u32);
            if member != ctx.me && self.word(member).status != Dead {
                return Some(member);
            }
        }
        None
    }

    /// No ack: k others, drawn from those that are not held dead, ping it too.
    fn ask_others(&mut self, ctx: &mut Ctx<Self>) {
        let Some(Probe { target, acked: false }) = self.probe else { return };
        let (count, first) = (ctx.members().len() as u64, ctx.me.0 - ctx.index(ctx.me) as u32);
        let mut asked = Vec::new();
        // So many draws find k of those who are left, if there are as many.
        for _ in 0..20 * self.config.indirect {
            let member = NodeId(first + ctx.rng.below(count) as u32);
            let fit = member != ctx.me && member != target && self.word(member).status != Dead;
            if asked.len() < self.config.indirect as usize && fit && !asked.contains(&member) {
                asked.push(member);
            }
        }
        for member in asked {
            self.send(member, What::PingReq(target, self.periods), ctx);
        }
    }

    fn acked(&mut self, from: NodeId, number: u32) {
        if let Some(probe) = self.probe.as_mut().filter(|_| number == self.periods) {
            self.saved = from != probe.target && !probe.acked;
            probe.acked = true;
        }
    }

    /// One of those held dead may live.
    fn reconnect(&mut self, ctx: &mut Ctx<Self>) {
        if let Some(every) = self.config.reconnect {
            ctx.set(Reconnect, every);
        }
        let dead = self.others.iter().filter(|(_, other)| other.word.status == Dead);
        let dead: Vec<NodeId> = dead.map(|(&member, _)| member).collect();
        if let Some(&member) = ctx.rng.pick(&dead) {
            self.send(member, What::Ping(ctx.me, 0), ctx);
        }
    }

    /// What is held about another member.
    fn word(&self, member: NodeId) -> Word {
        self.others.get(&member).map_or_else(Word::default, |other| other.word)
    }

    /// A word of one's own.
    fn declare(&mut self, about: NodeId, status: Status, ctx: &mut Ctx<Self>) {
        let Word { incarnation, .. } = self.word(about);
        let bump = u32::from(self.has(Flaw::AccuserBumps) && status == Suspect);
        let word = Word { incarnation: incarnation + bump, status };
        self.learn(News { about, word, by: ctx.me }, Source::Own, ctx);
    }

    /// §4.2: the later word counts, and is passed on.
    fn learn(&mut self, news: News, source: Source, ctx: &mut Ctx<Self>) {
        let News { about, word, by } = news;
        if about == ctx.me {
            return self.hear_of_oneself(word, ctx);
        }
        let before = self.word(about);
        if word > before || self.has(Flaw::OldIncarnation) && word != before {
            self.changes.push(Change { news, before, source });
            let accusers = if word.status == Suspect { vec![by] } else { Vec::new() };
            let since = ctx.now();
            self.others.insert(about, Other { word, since, accusers });
            self.spread(news);
            if word.status == Suspect {
                self.wait(about, ctx);
            } else if !(word.status == Alive && self.has(Flaw::IgnoredRefutation)) {
                ctx.cancel(&Expired(about));
            }
        } else if word == before && word.status == Suspect {
            self.confirm(news, ctx);
        }
    }

    /// Somebody else suspects it too: the more, the less time is left.
    fn confirm(&mut self, news: News, ctx: &mut Ctx<Self>) {
        let Suspicion::Memberlist { confirmations, .. } = self.config.suspicion else { return };
        let Some(other) = self.others.get_mut(&news.about) else { return };
        if other.accusers.len() <= confirmations as usize && !other.accusers.contains(&news.by) {
            other.accusers.push(news.by);
            self.spread(news);
            self.wait(news.about, ctx);
        }
    }

    fn wait(&self, member: NodeId, ctx: &mut Ctx<Self>) {
        let Some(other) = self.others.get(&member) else { return };
        let (confirmed, elapsed) = (other.accusers.len() as u32 - 1, ctx.now().since(other.since));
        let members = ctx.members().len() as u32;
        let left = self.config.suspicion.left(confirmed, elapsed, members, self.config.period);
        ctx.set(Expired(member), left);
    }

    /// Who is suspected, or held dead, refutes it with a later incarnation.
    fn hear_of_oneself(&mut self, word: Word, ctx: &mut Ctx<Self>) {
        // A word from an earlier life.
        self.incarnation = self.incarnation.max(word.incarnation);
        if word.status == Alive {
            return;
        }
        self.accused = self.accused.max(Some(word.incarnation));
        if word.incarnation == self.incarnation && !self.has(Flaw::SilentAccused) {
            self.incarnation += 1;
            let alive = Word { incarnation: self.incarnation, status: Alive };
            self.spread(News { about: ctx.me, word: alive, by: ctx.me });
        }
    }

    /// §4.1: newer news of a member takes the place of older.
    fn spread(&mut self, news: News) {
        self.gossip.retain(|(_, old)| old.about != news.about);
        self.gossip.insert(0, (0, news));
    }

    /// What was told least goes with a message, and what was told often enough is not told any more. What the sender holds
    /// against the receiver always goes with it.
    fn send(&mut self, to: NodeId, what: What, ctx: &mut Ctx<Self>) {
        let against = Some(self.word(to)).filter(|word| word.status != Alive);
        let mut news: Vec<News> = Vec::new();
        news.extend(against.map(|word| News { about: to, word, by: ctx.me }));
        if !self.gossip.is_empty() {
            let limit = memberlist::retransmit_limit(self.config.retransmit, ctx.members().len() as u32);
            self.gossip.sort_by_key(|(told, _)| *told);
            for (told, piece) in self.gossip.iter_mut().take(self.config.piggyback as usize) {
                *told += 1;
                news.push(*piece);
            }
            self.gossip.retain(|(told, _)| *told < limit);
        }
        ctx.send(to, Msg { what, incarnation: self.incarnation, news });
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.config.flaw == Some(flaw)
    }
}

impl Message for Msg {
    /// A kind, two addresses and a number; for each piece of news a status, two addresses and an incarnation.
    fn bytes(&self) -> u64 {
        13 + 13 * self.news.len() as u64
    }
}
