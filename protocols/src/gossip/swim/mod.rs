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
//!
//! Here are what is held about members, and the step that takes inputs in; `probes.rs` is how failures are found, `suspicion.rs`
//! what becomes of who did not answer, `dissemination.rs` how news goes about. `memberlist.rs` has the formulas of an
//! implementation.

mod config;
mod dissemination;
pub mod memberlist;
mod messages;
mod probes;
mod properties;
mod suspicion;

use crate::gossip::{epidemic::Phase, permutation::Permutation};
use Status::*;
use Timer::*;
pub use config::{Accuracy, Config, Flaw, Order, Suspicion};
pub use messages::{Msg, News, What};
use probes::Probe;
pub use properties::Ghost;
use sim_core::prelude::*;

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
    /// What is held about another member.
    fn word(&self, member: NodeId) -> Word {
        self.others.get(&member).map_or_else(Word::default, |other| other.word)
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.config.flaw == Some(flaw)
    }
}
