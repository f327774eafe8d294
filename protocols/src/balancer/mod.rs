//! A load balancer: one address for many servers, with health learnt from what they answer.
//!
//! Each node takes requests, asks one server for each, and passes on what it answers. A redirect is followed here, so that
//! whoever is in front need not know who leads. A server that does not answer in time, or refuses, several times in a row is
//! *ejected* for a while (outlier detection, as in Envoy). The choice of a server is one of five; "two choices" is "The
//! Power of Two Choices in Randomized Load Balancing" (Mitzenmacher, IEEE TPDS 2001), which counts here what this node
//! itself has under way, for it knows no more.
//!
//! A request that is tried again goes to a server that it was not tried at, as long as there is one; rather to one that is
//! ejected than to the same once more. What it may not do is try a write again that got no answer: it may have happened, and
//! would happen twice, for one that asked once. Reads it may. Left out: active health checks, slow start, connections.
//!
//! Here is the way of a request, and whom it ejects; `policy.rs` is the choice of a server.

mod config;
mod policy;
mod properties;

use crate::workload::Workload;
use Timer::*;
pub use config::{Config, Flaw};
use core::marker::PhantomData;
pub use policy::{Place, Policy, Server};
use sim_core::prelude::*;

/// What a balancer waits for.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Timer {
    /// The answer of a server, to this call.
    Silence(Ticket),
    /// The end of a server's ejection, by its position.
    Readmit(usize),
}

/// A load balancer.
#[derive(Clone, Debug, Hash)]
pub struct Balancer<S: Spec> {
    servers: Vec<Server>,
    /// By the call that was made for it.
    pending: BTreeMap<Ticket, Pending<S::Op>>,
    place: Place,
    /// Whether the last input made it eject a server, or follow a redirect.
    ejected: bool,
    redirected: bool,
    config: Config,
    spec: PhantomData<S>,
}

/// A request under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Pending<O> {
    /// Who waits for the answer.
    from: Ticket,
    op: O,
    attempts: Attempts,
    silence: Alarm,
}

/// Where a request was sent to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Attempts {
    /// Servers, in order; it is at the last.
    tried: Vec<usize>,
    /// How many of them were chosen, and redirects followed since.
    tries: u32,
    hops: usize,
}

impl<S: Workload> Protocol for Balancer<S> {
    type Config = Config;
    type Msg = Never;
    type Timer = Timer;
    type Disk = ();
    type Serves = S;
    type Calls = S;
    type Ghost = ();

    const PROPERTIES: &'static [Property<Self>] = Self::CLAIMS;
    const ROLES: &'static [Role] = &[Role("balancer")];

    fn start(config: &Config, ctx: &mut Ctx<Self>) -> Self {
        let servers = vec![Server::default(); ctx.callees().len()];
        // Balancers begin at different servers.
        let first = ctx.index(ctx.me) % servers.len().max(1);
        let place = Place { chosen: first, answered: first };
        let config = config.clone();
        let (pending, spec) = (BTreeMap::new(), PhantomData);
        Balancer { servers, pending, place, ejected: false, redirected: false, config, spec }
    }

    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        (self.ejected, self.redirected) = (false, false);
        match input {
            Request(from, op) => self.attempt(from, op, Attempts::default(), ctx),
            Response(call, Answer::Ok(ret)) => {
                let Some(pending) = self.finish(call, true, ctx) else { return };
                self.place.answered = pending.server();
                ctx.answer(pending.from, Answer::Ok(ret));
            }
            Response(call, Answer::Redirect(to)) => {
                let Some(Pending { from, op, mut attempts, .. }) = self.finish(call, true, ctx) else {
                    return;
                };
                match ctx.callees().position(|server| server == to) {
                    Some(server) if attempts.hops < self.servers.len() => {
                        self.redirected = true;
                        attempts.hops += 1;
                        self.forward(from, op, server, attempts, ctx);
                    }
                    Some(_) | None => self.attempt(from, op, attempts, ctx),
                }
            }
            Response(call, Answer::Refused) => {
                let Some(Pending { from, op, attempts, .. }) = self.finish(call, false, ctx) else { return };
                self.attempt(from, op, attempts, ctx);
            }
            Timeout(Silence(call)) => {
                ctx.forget(call);
                let Some(Pending { from, op, attempts, .. }) = self.finish(call, false, ctx) else { return };
                if S::is_read(&op) || self.has(Flaw::RetriedWrite) {
                    self.attempt(from, op, attempts, ctx);
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
    /// Tries a server, or gives up: nothing has happened, as far as this one is concerned.
    fn attempt(&mut self, from: Ticket, op: S::Op, mut attempts: Attempts, ctx: &mut Ctx<Self>) {
        if attempts.tries >= self.config.tries {
            return ctx.answer(from, Answer::Refused);
        }
        let server = self.config.policy.choose(&self.servers, &attempts.tried, self.place, ctx.rng);
        self.place.chosen = server;
        (attempts.tries, attempts.hops) = (attempts.tries + 1, 0);
        self.forward(from, op, server, attempts, ctx);
    }

    fn forward(
        &mut self,
        from: Ticket,
        op: S::Op,
        server: usize,
        mut attempts: Attempts,
        ctx: &mut Ctx<Self>,
    ) {
        let to = ctx.callees().nth(server).expect("servers are the nodes that are called");
        let call = ctx.call(to, op.clone());
        let silence = ctx.after(self.config.timeout, Silence(call));
        self.servers[server].under_way += 1;
        attempts.tried.push(server);
        self.pending.insert(call, Pending { from, op, attempts, silence });
    }

    /// A call has come to its end, well or not.
    fn finish(&mut self, call: Ticket, well: bool, ctx: &mut Ctx<Self>) -> Option<Pending<S::Op>> {
        let mut pending = self.pending.remove(&call)?;
        ctx.stop(pending.silence);
        if self.has(Flaw::CrossedAnswer) {
            let same = |other: &&mut Pending<S::Op>| other.server() == pending.server();
            if let Some(other) = self.pending.values_mut().rev().find(same) {
                core::mem::swap(&mut other.from, &mut pending.from);
            }
        }
        let position = pending.server();
        if !well && self.place.answered == position {
            self.place.answered = (position + 1) % self.servers.len();
        }
        let forgotten = !well && self.has(Flaw::FailedUnderWay);
        let server = &mut self.servers[position];
        server.under_way -= u32::from(!forgotten);
        server.failures = if well { 0 } else { server.failures + 1 };
        if server.failures == self.config.failures && !well && !server.ejected {
            server.ejected = true;
            self.ejected = true;
            ctx.set(Readmit(position), self.config.ejection);
        }
        Some(pending)
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.config.flaw == Some(flaw)
    }
}

impl<O> Pending<O> {
    fn server(&self) -> usize {
        *self.attempts.tried.last().expect("it was sent somewhere")
    }
}
