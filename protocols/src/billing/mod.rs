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

mod bank;
mod properties;

pub use properties::Ghost;

use crate::leases::{self, Lease, Leases};
use Timer::*;
use bank::Books;
use serde::{Deserialize, Serialize};
use sim_core::prelude::*;

/// Timing and choices.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// An invoice falls due so often.
    pub every: Span,
    /// Processor time between looking at the clock and sending a charge.
    pub work: Span,
    /// How long a lease lasts after it was taken or renewed.
    pub lease: Span,
    /// How often its holder renews it, and the others look at it; shorter than the lease.
    pub heartbeat: Span,
    /// How long a worker waits for the bank before it asks how far the charges have come.
    pub patience: Span,
    /// What the bank does about charges that come late.
    pub guard: Guard,
    /// A mistake to make: for teaching, and to test the tests.
    pub flaw: Option<Flaw>,
}

/// What the bank does about charges that come late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Guard {
    /// Nothing: it trusts that the lease is enough.
    Nothing,
    /// It refuses what bears an older stamp (the token, and the number within the lease) than what it heard last, and does
    /// not do again what bears the same.
    #[default]
    Fencing,
    /// It does not charge an invoice before the one that comes next. That is enough where invoices are charged in the order
    /// of their numbers; otherwise the bank would have to keep all of these.
    Idempotency,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            every: 100.ms(),
            work: 5.ms(),
            lease: 2.s(),
            heartbeat: 500.ms(),
            patience: 300.ms(),
            guard: Guard::Fencing,
            flaw: None,
        }
    }
}

impl Config {
    /// Refuses what cannot work: which key, and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        let spans = [("every", self.every), ("heartbeat", self.heartbeat), ("patience", self.patience)];
        if let Some((key, _)) = spans.into_iter().find(|(_, span)| *span == Span::ZERO) {
            return Err((key, "every 0s would never end; `100ms` would do".into()));
        }
        if self.heartbeat >= self.lease {
            let found = format!("a lease of {} runs out before it is renewed", self.lease);
            return Err(("heartbeat", format!("{found}: less would do, such as a quarter")));
        }
        Ok(())
    }

    /// Refuses what so many nodes cannot do: which key, and why.
    pub fn check_for(&self, nodes: u32) -> Result<(), (&'static str, String)> {
        match nodes {
            0 | 1 => {
                Err(("", "the first node is the bank, so nobody is left to work; 2 or more would do".into()))
            }
            _ => Ok(()),
        }
    }
}

/// Mistakes that implementations have made. Each costs one line where the decision is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Flaw {
    /// The bank compares the tokens of leases alone, and not what is said within one.
    TokenOnly,
    /// The bank's fence is not on its disk, and so forgotten in a crash.
    UnsyncedFence,
    /// The bank says that it has charged before that is on its disk.
    UnsyncedCharge,
    /// A worker that hears nothing of a charge sends it again.
    BlindRetry,
    /// A worker that hears nothing of a charge takes it for done.
    BlindTrust,
    /// A worker that takes a lease over goes on from where it has been itself, and does not ask the bank.
    OldBooks,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 6] = [
        Flaw::TokenOnly,
        Flaw::UnsyncedFence,
        Flaw::UnsyncedCharge,
        Flaw::BlindRetry,
        Flaw::BlindTrust,
        Flaw::OldBooks,
    ];
}

/// What orders all that workers say to the bank.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    /// Of the lease under which it is said.
    pub token: u64,
    /// What it is of all that is said under this lease.
    pub sequence: u64,
}

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Msg {
    /// A worker asks the bank how far the charges have come.
    Ask(Stamp),
    /// A worker charges an invoice.
    Charge(Stamp, u64),
    /// The bank has done what was asked; all invoices before this one are charged.
    Done(Stamp, u64),
    /// The bank has heard of a later stamp.
    Late(Stamp),
}

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

/// What a worker asked the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Asked {
    ticket: Ticket,
    op: leases::Op,
    at: Time,
    /// Redirects followed.
    hops: usize,
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

/// The lease that workers compete for.
const LEASE: u64 = 0;

impl Protocol for Billing {
    type Config = Config;
    type Msg = Msg;
    type Timer = Timer;
    type Disk = Books;
    type Serves = Never;
    type Calls = Leases;
    type Ghost = Ghost;

    const PROPERTIES: &'static [Property<Self>] = properties::ALL;
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

// A worker and the store.
impl Billing {
    /// A holder renews its lease; another takes it if it is free, or has looked dead for as long as it lasts.
    fn beat(&mut self, ctx: &mut Ctx<Self>) {
        if let Some(asked) = self.asked.take() {
            ctx.forget(asked.ticket);
            self.server += 1;
        }
        let (seen, since) = self.seen;
        let op = match &self.held {
            Some(held) => leases::Op::Renew { lease: LEASE, token: held.stamp.token },
            None if seen.holder.is_none() || ctx.now().since(since) >= self.config.lease => {
                leases::Op::Take { lease: LEASE, by: u64::from(ctx.me.0), seen }
            }
            None => leases::Op::Look(LEASE),
        };
        self.ask(op, 0, ctx);
        ctx.set(Heartbeat, self.config.heartbeat);
    }

    fn ask(&mut self, op: leases::Op, hops: usize, ctx: &mut Ctx<Self>) {
        let mut servers = ctx.callees();
        let server = servers.nth(self.server % servers.len()).expect("a service has a node");
        self.asked = Some(Asked { ticket: ctx.call(server, op), op, at: ctx.now(), hops });
    }

    fn hear(&mut self, answer: Answer<leases::Ret>, ctx: &mut Ctx<Self>) {
        let Some(Asked { op, at, hops, .. }) = self.asked.take() else { return };
        match answer {
            Answer::Ok(ret) => self.learn(ret, at, ctx),
            Answer::Redirect(server) if hops < ctx.callees().len() => {
                self.server = ctx.callees().position(|node| node == server).unwrap_or(self.server + 1);
                self.ask(op, hops + 1, ctx);
            }
            // Refused, or servers only point at one another: elsewhere with the next heartbeat.
            Answer::Refused | Answer::Redirect(_) => self.server += 1,
        }
    }

    fn learn(&mut self, ret: leases::Ret, asked: Time, ctx: &mut Ctx<Self>) {
        let (leases::Ret::Known(lease) | leases::Ret::Done(lease) | leases::Ret::Denied(lease)) = ret;
        if lease != self.seen.0 {
            self.seen = (lease, ctx.now());
        }
        let mine = lease.holder == Some(u64::from(ctx.me.0));
        match (ret, &mut self.held) {
            (leases::Ret::Done(_), held) => {
                // Counted from before the store heard of it: others count from after.
                let until = asked + self.config.lease;
                let renewed = held.as_ref().is_some_and(|held| held.stamp.token == lease.token);
                let stamp = Stamp { token: lease.token, sequence: 0 };
                match held {
                    Some(held) if renewed => held.until = until,
                    Some(_) | None => *held = Some(Held { stamp, until }),
                }
                let left = until.since(ctx.now());
                ctx.set(Lapse, left);
                match renewed {
                    true => {}
                    false if self.has(Flaw::OldBooks) => self.go_on(self.next, ctx),
                    false => self.say(Msg::Ask, ctx),
                }
            }
            (leases::Ret::Denied(_), Some(_)) if !mine => self.step_down(ctx),
            (leases::Ret::Known(_) | leases::Ret::Denied(_), _) => {}
        }
    }

    fn step_down(&mut self, ctx: &mut Ctx<Self>) {
        self.held = None;
        if let Some(asked) = self.asked.take() {
            ctx.forget(asked.ticket);
        }
        for timer in [Lapse, Due, Silence] {
            ctx.cancel(&timer);
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

impl Message for Msg {
    fn bytes(&self) -> u64 {
        match self {
            Msg::Ask(_) | Msg::Late(_) => 17,
            Msg::Charge(..) | Msg::Done(..) => 25,
        }
    }
}
