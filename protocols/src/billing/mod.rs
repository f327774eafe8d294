//! The billing service: of several workers one charges what falls due, elected by a lease in a replicated store. A charge
//! must never happen twice.
//!
//! The first node is the bank, the others are workers; the store is a service of its own, which they call. A worker that
//! sees a lease unchanged for as long as it lasts takes it over (`leases.rs`), asks the bank how far the charges have come,
//! and charges on from there, one after another. It stops when its lease has run out by its own clock.
//!
//! That is not enough: it may be stopped, or its message be late, after it has looked at the clock and before the bank
//! hears from it, and by then another may have charged the same. So much is known since Gray and Cheriton ("Leases", SOSP
//! 1989, §5), and was learnt again by many (Kleppmann, "How to do distributed locking", 2016). [`Guard`] says what the
//! bank does about it. Fencing is here by the token of the lease and, within a lease, by a sequence number, so that what a
//! worker itself has given up comes too late as well.
//!
//! Left out: who owes how much, and charges that the bank declines.
//!
//! Here are nodes, the step, and a worker that charges; `election.rs` is how it gets the lease, `bank.rs` the bank.

mod bank;
mod config;
mod election;
mod messages;
mod properties;

use crate::leases::{Lease, Leases};
use Timer::*;
use bank::Books;
pub use config::{Config, Flaw, Guard};
use election::Asked;
pub use messages::{Msg, Stamp};
pub use properties::Ghost;
use sim_core::prelude::*;

/// What a worker waits for.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Timer {
    /// The lease is to be renewed, or looked at.
    Heartbeat,
    /// The lease has run out.
    Lapse,
    /// The next invoice falls due.
    Due,
    /// The bank does not answer.
    Silence,
}

/// The lease under which a worker works.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Held {
    /// What the bank was told last.
    stamp: Stamp,
    /// When it runs out, by the worker's own clock.
    until: Time,
}

/// A node: the bank, or a worker.
#[derive(Clone, Debug, Hash)]
pub struct Billing {
    bank: bool,
    /// The bank: charges that came too late.
    late: u64,
    /// A worker: the server of the store that it asks, by its position.
    server: usize,
    asked: Option<Asked>,
    /// The lease as it knows it, and since when it has not changed.
    seen: (Lease, Time),
    held: Option<Held>,
    /// All invoices before this one are charged: what the bank knows, or what a worker was told.
    next: u64,
    config: Config,
}

impl Protocol for Billing {
    type Config = Config;
    type Msg = Msg;
    type Timer = Timer;
    type Disk = Books;
    type Serves = Never;
    type Calls = Leases;
    type Ghost = Ghost;

    const PROPERTIES: &'static [Property<Self>] = properties::CLAIMS;
    const ROLES: &'static [Role] = &[Role("bank"), Role("holder"), Role("standby")];

    fn start(config: &Config, ctx: &mut Ctx<Self>) -> Self {
        let place = ctx.index(ctx.me);
        if place > 0 {
            ctx.set(Heartbeat, Span::ZERO..config.heartbeat);
        }
        Billing {
            bank: place == 0,
            late: 0,
            server: place,
            asked: None,
            seen: (Lease::default(), ctx.now()),
            held: None,
            next: ctx.disk.1.iter().max().map_or(0, |last| last + 1),
            config: config.clone(),
        }
    }

    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        match input {
            // The bank.
            Deliver(from, Msg::Ask(stamp)) => self.answer(from, stamp, None, ctx),
            Deliver(from, Msg::Charge(stamp, invoice)) => self.answer(from, stamp, Some(invoice), ctx),

            // A worker and the store.
            Timeout(Heartbeat) => self.beat(ctx),
            Response(ticket, answer) if self.asked.as_ref().is_some_and(|asked| asked.ticket == ticket) => {
                self.hear(answer, ctx);
            }
            Response(..) => {}
            Timeout(Lapse) => self.step_down(ctx),

            // A worker and the bank.
            Timeout(Due) => self.charge(ctx),
            Timeout(Silence) if self.has(Flaw::BlindRetry) => self.charge(ctx),
            Timeout(Silence) if self.has(Flaw::BlindTrust) => self.go_on(self.next + 1, ctx),
            Timeout(Silence) => self.say(Msg::Ask, ctx),
            Deliver(_, Msg::Done(stamp, next)) if self.says(stamp) => self.go_on(next, ctx),
            Deliver(_, Msg::Late(stamp)) if self.says(stamp) => self.step_down(ctx),
            // About what it has given up.
            Deliver(_, Msg::Done(..) | Msg::Late(_)) => {}

            Request(_, never) => match never {},
        }
    }

    fn role(&self) -> Role {
        match (self.bank, &self.held) {
            (true, _) => Role("bank"),
            (false, Some(_)) => Role("holder"),
            (false, None) => Role("standby"),
        }
    }
    fn epoch(&self) -> u64 {
        self.held.as_ref().map_or(0, |held| held.stamp.token)
    }
    fn show(&self) -> Vec<(&'static str, String)> {
        match &self.held {
            _ if self.bank => vec![("late", self.late.to_string())],
            Some(held) => vec![("token", held.stamp.token.to_string()), ("next", self.next.to_string())],
            None => vec![("seen", format!("token {}", self.seen.0.token))],
        }
    }
}

// A worker and the bank.
impl Billing {
    /// Charges the next invoice, which is due, unless the lease has run out.
    fn charge(&mut self, ctx: &mut Ctx<Self>) {
        let (now, next) = (ctx.now(), self.next);
        if self.held.as_ref().is_some_and(|held| now < held.until) {
            // The moment that a lease cannot protect: whatever happens to the worker now, the charge leaves afterwards.
            ctx.work(self.config.work);
            self.say(|stamp| Msg::Charge(stamp, next), ctx);
        }
    }

    /// All invoices before this one are charged: waits until it is due.
    fn go_on(&mut self, next: u64, ctx: &mut Ctx<Self>) {
        self.next = next;
        ctx.cancel(&Silence);
        let due = Time::ZERO + self.config.every * (next + 1);
        let left = due.since(ctx.now());
        ctx.set(Due, left);
    }

    fn say(&mut self, msg: impl FnOnce(Stamp) -> Msg, ctx: &mut Ctx<Self>) {
        let Some(held) = &mut self.held else { return };
        held.stamp.sequence += 1;
        let bank = ctx.members().next().expect("a group has a first node");
        ctx.send(bank, msg(held.stamp));
        ctx.set(Silence, self.config.patience);
    }

    /// Whether this is what it said last.
    fn says(&self, stamp: Stamp) -> bool {
        self.held.as_ref().is_some_and(|held| held.stamp == stamp)
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.config.flaw == Some(flaw)
    }
}
