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
    /// The one that answered last, until it fails; then the next: where one server leads and the others redirect.
    Sticky,
}

/// Where a balancer is, in the order of its servers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Place {
    /// The server that was chosen last.
    pub chosen: usize,
    /// The server that answered last, or the one after it if that has failed since.
    pub answered: usize,
}

impl Policy {
    /// The server that a request goes to which was tried at some: of those that are not ejected, and that it was not tried
    /// at, as far as there are any.
    pub fn choose(self, servers: &[Server], tried: &[usize], place: Place, rng: &mut Rng) -> usize {
        let ejected = |server: usize| servers[server].ejected;
        let first = match self {
            Policy::Sticky => place.answered,
            Policy::RoundRobin | Policy::Random | Policy::LeastRequests | Policy::TwoChoices => {
                place.chosen + 1
            }
        };
        // In turn, so that of several that are as good it is not always the same.
        let turn = (0..servers.len()).map(|step| (first + step) % servers.len());
        let rank = |&server: &usize| (tried.contains(&server), ejected(server));
        let best = turn.clone().map(|server| rank(&server)).min();
        let fit: Vec<usize> = turn.filter(|server| Some(rank(server)) == best).collect();
        let mut drawn = || fit[rng.below(fit.len() as u64) as usize];
        let under_way = |server: &usize| servers[*server].under_way;
        match self {
            Policy::RoundRobin | Policy::Sticky => fit[0],
            Policy::Random => drawn(),
            Policy::LeastRequests => fit.iter().copied().min_by_key(under_way).unwrap_or(fit[0]),
            Policy::TwoChoices => {
                let (one, two) = (drawn(), drawn());
                if under_way(&two) < under_way(&one) { two } else { one }
            }
        }
    }
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
    /// What has failed counts as under way for ever.
    FailedUnderWay,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 4] =
        [Flaw::RetriedWrite, Flaw::CertainSilence, Flaw::CrossedAnswer, Flaw::FailedUnderWay];
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

impl<O> Pending<O> {
    fn server(&self) -> usize {
        *self.attempts.tried.last().expect("it was sent somewhere")
    }
}

/// A server as a balancer knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Server {
    /// Requests of this balancer that it has not answered.
    pub under_way: u32,
    /// Failures in a row.
    pub failures: u32,
    /// Whether it is left out for a while.
    pub ejected: bool,
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

/// Each server has as many requests under way as are pending there.
fn counted<S: Workload>(_: &(), view: &View<'_, Balancer<S>>, changed: NodeId) -> Judgement {
    let Some(balancer) = view.state(changed) else { return Judgement::Idle };
    let mut pending = vec![0; balancer.servers.len()];
    balancer.pending.values().for_each(|request| pending[request.server()] += 1);
    let counted = balancer.servers.iter().map(|server| server.under_way);
    match counted.zip(pending).enumerate().find(|(_, (counted, pending))| counted != pending) {
        None => Judgement::Holds,
        Some((server, (counted, pending))) => Judgement::Broken(format!(
            "{counted} requests count as under way at server {}, and {pending} are",
            server + 1
        )),
    }
}
