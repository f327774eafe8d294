//! A load balancer: one address for many servers, with health learnt from what they answer.
//!
//! Each node takes requests, asks one server for each, and passes on what it answers. A redirect is followed here, so that
//! whoever is in front need not know who leads. A server that does not answer in time, or refuses, several times in a row is
//! *ejected* for a while (outlier detection, as in Envoy). The choice of a server is one of five; "two choices" is "The
//! Power of Two Choices in Randomized Load Balancing" (Mitzenmacher, IEEE TPDS 2001), which counts here what this node
//! itself has under way, for it knows no more.
//!
//! What it may not do is try a write again that got no answer: it may have happened, and would happen twice, for one that
//! asked once. Reads it may. Left out: active health checks, slow start, connections.

use crate::workload::Workload;
use Timer::*;
use core::marker::PhantomData;
use serde::{Deserialize, Serialize};
use sim_core::prelude::*;

/// Timing and choices.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Which server a request goes to.
    pub policy: Policy,
    /// How long a server has to answer.
    pub timeout: Span,
    /// Servers that a request is tried at, at most, the first included: after a refusal, and reads after silence too.
    pub tries: u32,
    /// A server that fails so often in a row is ejected; 0 ejects none.
    pub failures: u32,
    /// For so long.
    pub ejection: Span,
    /// A mistake to make: for teaching, and to test the tests.
    pub flaw: Option<Flaw>,
}

/// Which server a request goes to, of those that are not ejected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Policy {
    /// One after the other.
    #[default]
    RoundRobin,
    /// Any, all alike.
    Random,
    /// The one with the fewest requests of this balancer under way.
    LeastRequests,
    /// The better of two drawn ones, by the same measure.
    TwoChoices,
    /// The one that answered last: where one server leads and the others redirect.
    Sticky,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            policy: Policy::RoundRobin,
            timeout: 300.ms(),
            tries: 3,
            failures: 3,
            ejection: 5.s(),
            flaw: None,
        }
    }
}

impl Config {
    /// Refuses what cannot work: which key, and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        match self {
            Config { timeout: Span::ZERO, .. } => {
                Err(("timeout", "nobody answers within 0s; `300ms` would do".into()))
            }
            Config { tries: 0 | 101.., .. } => {
                Err(("tries", format!("{} tries; 1 to 100 would do", self.tries)))
            }
            _ => Ok(()),
        }
    }
}

/// Mistakes that implementations have made. Each costs one line where the decision is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Flaw {
    /// A write that got no answer is tried again elsewhere.
    RetriedWrite,
    /// What got no answer is said to be refused, as if it had not happened.
    CertainSilence,
    /// An answer goes to whoever asked that server last.
    CrossedAnswer,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 3] = [Flaw::RetriedWrite, Flaw::CertainSilence, Flaw::CrossedAnswer];
}

/// What a balancer waits for.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Timer {
    /// The answer of a server, to this call.
    Silence(Ticket),
    /// The end of a server's ejection, by its position.
    Readmit(usize),
}

/// A request under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Pending<O> {
    /// Who waits for the answer.
    from: Ticket,
    op: O,
    server: usize,
    /// Servers that it was tried at, and redirects followed from the last.
    tries: u32,
    hops: usize,
    silence: Alarm,
}

/// A server as a balancer knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Server {
    under_way: u32,
    /// Failures in a row.
    failures: u32,
    ejected: bool,
}

/// A load balancer.
#[derive(Clone, Debug, Hash)]
pub struct Balancer<S: Spec> {
    servers: Vec<Server>,
    /// By the call that was made for it.
    pending: BTreeMap<Ticket, Pending<S::Op>>,
    /// The server that was chosen last, or answered last.
    last: usize,
    /// Whether the last input made it eject a server, or follow a redirect.
    ejected: bool,
    redirected: bool,
    config: Config,
    spec: PhantomData<S>,
}

impl<S: Workload> Protocol for Balancer<S> {
    type Config = Config;
    type Msg = Never;
    type Timer = Timer;
    type Disk = ();
    type Serves = S;
    type Calls = S;
    type Ghost = ();

    const PROPERTIES: &'static [Property<Self>] = &[
        Property::always("what is counted as under way is under way", When::EveryEvent, counted),
        Property::sometimes("a server was ejected", When::EveryEvent, |_, view, changed| {
            Judgement::happened(view.state(changed).is_some_and(|balancer| balancer.ejected))
        }),
        Property::sometimes("a redirect was followed", When::EveryEvent, |_, view, changed| {
            Judgement::happened(view.state(changed).is_some_and(|balancer| balancer.redirected))
        }),
    ];
    const ROLES: &'static [Role] = &[Role("balancer")];

    fn start(config: &Config, ctx: &mut Ctx<Self>) -> Self {
        let servers = vec![Server::default(); ctx.callees().len()];
        let last = ctx.index(ctx.me) % servers.len().max(1);
        let config = config.clone();
        let (pending, spec) = (BTreeMap::new(), PhantomData);
        Balancer { servers, pending, last, ejected: false, redirected: false, config, spec }
    }

    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        (self.ejected, self.redirected) = (false, false);
        match input {
            Request(from, op) => {
                let server = self.choose(ctx);
                self.forward(from, op, server, (1, 0), ctx);
            }
            Response(call, Answer::Ok(ret)) => {
                let Some(pending) = self.finish(call, true, ctx) else { return };
                self.last = pending.server;
                ctx.answer(pending.from, Answer::Ok(ret));
            }
            Response(call, Answer::Redirect(to)) => {
                let Some(Pending { from, op, tries, hops, .. }) = self.finish(call, true, ctx) else {
                    return;
                };
                match ctx.callees().position(|server| server == to) {
                    Some(server) if hops < self.servers.len() => {
                        self.redirected = true;
                        self.forward(from, op, server, (tries, hops + 1), ctx);
                    }
                    Some(_) | None => self.again(from, op, tries, ctx),
                }
            }
            Response(call, Answer::Refused) => {
                let Some(Pending { from, op, tries, .. }) = self.finish(call, false, ctx) else { return };
                self.again(from, op, tries, ctx);
            }
            Timeout(Silence(call)) => {
                ctx.forget(call);
                let Some(Pending { from, op, tries, .. }) = self.finish(call, false, ctx) else { return };
                if S::is_read(&op) || self.has(Flaw::RetriedWrite) {
                    self.again(from, op, tries, ctx);
                } else if self.has(Flaw::CertainSilence) {
                    ctx.answer(from, Answer::Refused);
                }
            }
            Timeout(Readmit(server)) => {
                self.servers[server] =
                    Server { under_way: self.servers[server].under_way, ..Server::default() };
            }
            Deliver(_, never) => match never {},
        }
    }

    fn role(&self) -> Role {
        Role("balancer")
    }
    fn epoch(&self) -> u64 {
        0
    }
    fn show(&self) -> Vec<(&'static str, String)> {
        let ejected = self.servers.iter().filter(|server| server.ejected).count();
        vec![("pending", self.pending.len().to_string()), ("ejected", ejected.to_string())]
    }
}

impl<S: Workload> Balancer<S> {
    fn forward(
        &mut self,
        from: Ticket,
        op: S::Op,
        server: usize,
        (tries, hops): (u32, usize),
        ctx: &mut Ctx<Self>,
    ) {
        let to = ctx.callees().nth(server).expect("servers are the nodes that are called");
        let call = ctx.call(to, op.clone());
        let silence = ctx.after(self.config.timeout, Silence(call));
        self.servers[server].under_way += 1;
        self.pending.insert(call, Pending { from, op, server, tries, hops, silence });
    }

    /// Tries another server, or gives up: nothing has happened, as far as this one is concerned.
    fn again(&mut self, from: Ticket, op: S::Op, tries: u32, ctx: &mut Ctx<Self>) {
        if tries >= self.config.tries {
            return ctx.answer(from, Answer::Refused);
        }
        let server = self.choose(ctx);
        self.forward(from, op, server, (tries + 1, 0), ctx);
    }

    /// A call has come to its end, well or not.
    fn finish(&mut self, call: Ticket, well: bool, ctx: &mut Ctx<Self>) -> Option<Pending<S::Op>> {
        let mut pending = self.pending.remove(&call)?;
        ctx.stop(pending.silence);
        if self.has(Flaw::CrossedAnswer) {
            let same = |other: &&mut Pending<S::Op>| other.server == pending.server;
            if let Some(other) = self.pending.values_mut().rev().find(same) {
                core::mem::swap(&mut other.from, &mut pending.from);
            }
        }
        let server = &mut self.servers[pending.server];
        server.under_way -= 1;
        server.failures = if well { 0 } else { server.failures + 1 };
        if server.failures == self.config.failures && !well && !server.ejected {
            server.ejected = true;
            self.ejected = true;
            ctx.set(Readmit(pending.server), self.config.ejection);
        }
        Some(pending)
    }

    /// The server that a request goes to: one that is not ejected, if there is one.
    fn choose(&mut self, ctx: &mut Ctx<Self>) -> usize {
        let count = self.servers.len();
        let fit: Vec<usize> = match (0..count).filter(|&server| !self.servers[server].ejected).collect() {
            fit if !Vec::is_empty(&fit) => fit,
            _ => (0..count).collect(),
        };
        let mut drawn = || fit[ctx.rng.below(fit.len() as u64) as usize];
        let under_way = |&server: &usize| self.servers[server].under_way;
        let next = || *fit.iter().find(|&&server| server > self.last).unwrap_or(&fit[0]);
        let server = match self.config.policy {
            Policy::RoundRobin => next(),
            Policy::Random => drawn(),
            Policy::LeastRequests => fit.iter().copied().min_by_key(under_way).unwrap_or(0),
            Policy::TwoChoices => [drawn(), drawn()].into_iter().min_by_key(under_way).unwrap_or(0),
            Policy::Sticky if fit.contains(&self.last) => self.last,
            Policy::Sticky => next(),
        };
        self.last = server;
        server
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.config.flaw == Some(flaw)
    }
}

/// Each server has as many requests under way as are pending there.
fn counted<S: Workload>(_: &(), view: &View<'_, Balancer<S>>, changed: NodeId) -> Judgement {
    let Some(balancer) = view.state(changed) else { return Judgement::Idle };
    let counted: u32 = balancer.servers.iter().map(|server| server.under_way).sum();
    match balancer.pending.len() {
        pending if pending as u32 == counted => Judgement::Holds,
        pending => Judgement::Broken(format!("{counted} requests are counted and {pending} are pending")),
    }
}
