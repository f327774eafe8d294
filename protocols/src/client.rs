//! Clients: they put load on a service, wait, retry, follow redirects, and give up.
//!
//! An *operation* is what a user wants. It takes one or more *calls*: a refused or redirected call did not happen and
//! is made again elsewhere; a call without an answer may have happened, and making it again may make it happen twice,
//! so the history keeps both calls and the checker allows for both. In open loop operations are wanted at moments that
//! do not depend on the service, and latency counts from there, however long the client itself was held up.

use crate::workload::{KeyChoice, Workload};
use Timer::*;
use sim_core::{
    prelude::*,
    rng::{Keys, Purpose},
    sample::exponential,
};

/// What clients do.
#[derive(Clone, Debug, PartialEq)]
pub struct Config<W: Workload> {
    /// When operations are wanted.
    pub load: Load,
    /// Which operations.
    pub mix: W::Mix,
    /// On which keys.
    pub keys: KeyChoice,
    /// How long a call waits for its answer.
    pub timeout: Span,
    /// Calls per operation at most that are refused or time out; following redirects is free, up to one per server.
    pub attempts: u32,
    /// The pause before a call is made again: drawn up to this, which doubles each time, up to a hundredfold.
    pub backoff: Span,
    /// Where operations begin.
    pub route: Route,
    /// When the load begins.
    pub start: Span,
    /// When the load ends to change anything: operations wanted later are left out unless they only read. `None` if it
    /// never does. The others are drawn all the same.
    pub writes_until: Option<Span>,
    /// The only operations that are made, by client and number; `None` if all are. The others are drawn all the same.
    pub only: Option<BTreeSet<(NodeId, u32)>>,
}

/// When operations are wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Load {
    /// At the moments of a Poisson process with this mean gap per client.
    Poisson(Span),
    /// At equal gaps per client, clients staggered.
    Constant(Span),
    /// Each client has one at a time, and thinks between an answer and the next.
    Closed(Span),
}

/// Where operations begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// Where the client is: a redirect moves it to the server named, a refusal or a timeout to the next one.
    Sticky,
    /// At a server drawn anew for each operation; a redirect moves only that operation.
    Spread,
}

/// What a client waits for.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Timer {
    /// The next operation is wanted.
    Arrive,
    /// The answer to this call took too long.
    GiveUp(Ticket),
    /// An operation is tried again.
    Retry(u32),
}

/// An operation under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Pending<O> {
    op: O,
    wanted: Time,
    /// Calls that failed so far.
    failed: u32,
    /// Redirects followed since.
    hops: u32,
    server: NodeId,
}

/// A client.
#[derive(Clone, Debug, Hash)]
pub struct Client<W: Workload> {
    server: NodeId,
    /// Operations wanted so far.
    wanted: u32,
    /// When the next one is wanted.
    next: Time,
    pending: Queued<u32, Pending<W::Op>>,
    /// Calls that wait for an answer: for which operation, and the timer that gives up.
    calls: Queued<Ticket, (u32, Alarm)>,
    memory: W::Memory,
    arrivals: Rng,
    config: Shared<Config<W>>,
}

/// A map whose entries come and go in about the order of their keys, mostly few at a time: sorted, and cheap at both ends.
/// A tree would ask for memory whenever its first entry comes, and give it back with the last.
#[derive(Clone, Debug, Hash)]
struct Queued<K, V>(VecDeque<(K, V)>);

impl<K: Copy + Ord, V> Queued<K, V> {
    /// The place of `key`; otherwise where it would be.
    fn place(&self, key: K) -> Result<usize, usize> {
        self.0.binary_search_by_key(&key, |&(key, _)| key)
    }
    fn insert(&mut self, key: K, value: V) {
        match self.place(key) {
            Ok(place) => self.0[place].1 = value,
            Err(place) => self.0.insert(place, (key, value)),
        }
    }
    fn get(&self, key: K) -> Option<&V> {
        self.place(key).ok().map(|place| &self.0[place].1)
    }
    fn get_mut(&mut self, key: K) -> Option<&mut V> {
        self.place(key).ok().map(|place| &mut self.0[place].1)
    }
    fn remove(&mut self, key: K) -> Option<V> {
        self.place(key).ok().and_then(|place| self.0.remove(place)).map(|(_, value)| value)
    }
}

/// Configuration: the same for all, so no part of what tells two states apart.
#[derive(Clone, Debug)]
pub(crate) struct Shared<T>(pub(crate) T);
impl<T> core::hash::Hash for Shared<T> {
    fn hash<H: core::hash::Hasher>(&self, _: &mut H) {}
}

/// The operation of this number that `client` makes, by its mix and its keys, and the stream from which the rest of what
/// concerns it is drawn.
pub fn operation<W: Workload>(
    keys: &Keys,
    client: NodeId,
    number: u32,
    choice: (&W::Mix, &KeyChoice),
    memory: &W::Memory,
) -> (W::Op, Rng) {
    let rng = keys.stream(Purpose::Ops, u64::from(client.0), u64::from(number));
    draw::<W>(rng, client, number, choice, memory)
}

fn draw<W: Workload>(
    mut rng: Rng,
    client: NodeId,
    number: u32,
    (mix, keys): (&W::Mix, &KeyChoice),
    memory: &W::Memory,
) -> (W::Op, Rng) {
    let key = keys.draw(&mut rng);
    // Values say who wrote them, and start above 0, which stands for "never written" in a compare-and-set.
    let fresh = (u64::from(client.0) + 1) << 32 | u64::from(number);
    (W::draw(mix, key, fresh, memory, &mut rng), rng)
}

impl<W: Workload> Protocol for Client<W> {
    type Config = Config<W>;
    type Msg = Never;
    type Timer = Timer;
    type Disk = ();
    type Serves = Never;
    type Calls = W;
    type Ghost = ();

    const PROPERTIES: &'static [Property<Self>] = &[];
    const ROLES: &'static [Role] = &[Role::PEER];

    fn start(config: &Config<W>, ctx: &mut Ctx<Self>) -> Self {
        let (me, clients) = (ctx.index(ctx.me), ctx.members().len());
        let mut client = Client {
            server: server(ctx, me),
            wanted: ctx.operations(),
            next: Time::ZERO + config.start,
            pending: Queued(VecDeque::new()),
            calls: Queued(VecDeque::new()),
            memory: W::Memory::default(),
            arrivals: ctx.stream(Purpose::Load, 0),
            config: Shared(config.clone()),
        };
        client.next += match config.load {
            Load::Poisson(gap) => exponential(&mut client.arrivals, gap),
            Load::Constant(gap) => Span(gap.0 / clients as u64 * me as u64),
            Load::Closed(_) => Span::ZERO,
        };
        // A client that boots again goes on from now; what it wanted while it was down was never asked.
        let now = ctx.now();
        client.next = client.next.max(now);
        ctx.set(Arrive, client.next.since(now));
        client
    }

    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        match input {
            Timeout(Arrive) => self.arrive(ctx),
            Timeout(Retry(number)) => self.call(number, ctx),
            Timeout(GiveUp(ticket)) => {
                ctx.forget(ticket);
                if let Some((number, _)) = self.calls.remove(ticket) {
                    let pause = self.backoff(number, ctx);
                    self.failed(number, pause, ctx);
                }
            }
            Response(ticket, answer) => {
                let Some((number, alarm)) = self.calls.remove(ticket) else { return };
                ctx.stop(alarm);
                match answer {
                    Answer::Ok(ret) => self.finish(number, Some(ret), ctx),
                    Answer::Redirect(server) => self.redirected(number, server, ctx),
                    Answer::Refused => {
                        let pause = self.backoff(number, ctx);
                        self.failed(number, pause, ctx);
                    }
                }
            }
        }
    }

    fn role(&self) -> Role {
        Role::PEER
    }
    fn epoch(&self) -> u64 {
        0
    }
    fn show(&self) -> Vec<(&'static str, String)> {
        vec![("wanted", self.wanted.to_string()), ("pending", self.pending.0.len().to_string())]
    }
}

/// The server with this number, counted from 0 and on from the first after the last.
fn server<W: Workload>(ctx: &Ctx<Client<W>>, number: usize) -> NodeId {
    let mut servers = ctx.callees();
    servers.nth(number % servers.len()).expect("whoever has clients has a node")
}

impl<W: Workload> Client<W> {
    /// Begins every operation that is wanted by now: several, if the client was held up.
    fn arrive(&mut self, ctx: &mut Ctx<Self>) {
        let now = ctx.now();
        while self.next <= now {
            self.begin(ctx);
            self.next += match self.config.0.load {
                Load::Poisson(gap) => exponential(&mut self.arrivals, gap),
                Load::Constant(gap) => gap,
                Load::Closed(_) => return,
            };
        }
        ctx.set(Arrive, self.next.since(now));
    }

    /// What an operation is depends on the client and its number alone, so taking one away leaves the others.
    fn begin(&mut self, ctx: &mut Ctx<Self>) {
        let number = self.wanted;
        self.wanted += 1;
        if self.config.0.only.as_ref().is_some_and(|only| !only.contains(&(ctx.me, number))) {
            return self.skip(ctx);
        }
        let config = &self.config.0;
        let rng = ctx.stream(Purpose::Ops, u64::from(number));
        let (op, mut rng) = draw::<W>(rng, ctx.me, number, (&config.mix, &config.keys), &self.memory);
        let late = config.writes_until.is_some_and(|until| self.next >= Time::ZERO + until);
        if late && !W::is_read(&op) {
            return self.skip(ctx);
        }
        let server = match config.route {
            Route::Sticky => self.server,
            Route::Spread => server(ctx, rng.below(ctx.callees().len() as u64) as usize),
        };
        self.pending.insert(number, Pending { op, wanted: self.next, failed: 0, hops: 0, server });
        self.call(number, ctx);
    }

    /// An operation is left out. In closed loop the next one follows as if it had taken no time.
    fn skip(&mut self, ctx: &mut Ctx<Self>) {
        if let Load::Closed(think) = self.config.0.load {
            self.next = ctx.now() + think;
            ctx.set(Arrive, think);
        }
    }

    fn call(&mut self, number: u32, ctx: &mut Ctx<Self>) {
        let sticky = self.config.0.route == Route::Sticky;
        let Some(pending) = self.pending.get_mut(number) else { return };
        if sticky {
            pending.server = self.server;
        }
        let intent = Intent { operation: number, late: ctx.now().since(pending.wanted) };
        let ticket = ctx.call_for(intent, pending.server, pending.op.clone());
        let alarm = ctx.after(self.config.0.timeout, GiveUp(ticket));
        self.calls.insert(ticket, (number, alarm));
    }

    /// A call did not help: the operation's next one goes elsewhere after a pause, or the operation is given up.
    fn failed(&mut self, number: u32, pause: Span, ctx: &mut Ctx<Self>) {
        self.elsewhere(number, ctx);
        let Some(pending) = self.pending.get_mut(number) else { return };
        pending.failed += 1;
        pending.hops = 0;
        if pending.failed >= self.config.0.attempts {
            self.finish(number, None, ctx);
        } else {
            ctx.after(pause, Retry(number));
        }
    }

    /// Follows a redirect, unless servers only point at one another.
    fn redirected(&mut self, number: u32, server: NodeId, ctx: &mut Ctx<Self>) {
        let Some(pending) = self.pending.get_mut(number) else { return };
        if pending.hops as usize >= ctx.callees().len() {
            let pause = self.backoff(number, ctx);
            return self.failed(number, pause, ctx);
        }
        pending.hops += 1;
        pending.server = server;
        self.server = server;
        self.call(number, ctx);
    }

    fn finish(&mut self, number: u32, ret: Option<W::Ret>, ctx: &mut Ctx<Self>) {
        let Some(pending) = self.pending.remove(number) else { return };
        if let Some(ret) = ret {
            W::learn(&mut self.memory, &pending.op, &ret);
        }
        if let Load::Closed(think) = self.config.0.load {
            self.next = ctx.now() + think;
            ctx.set(Arrive, think);
        }
    }

    /// The server that did not help is left for the next one, unless that has happened already.
    fn elsewhere(&mut self, number: u32, ctx: &Ctx<Self>) {
        let Some(pending) = self.pending.get_mut(number) else { return };
        let here = ctx.callees().position(|server| server == pending.server);
        let next = server(ctx, here.map_or(0, |here| here + 1));
        if self.server == pending.server {
            self.server = next;
        }
        pending.server = next;
    }

    /// Full jitter: drawn between nothing and a bound that doubles with each failure, up to a hundredfold.
    fn backoff(&self, number: u32, ctx: &mut Ctx<Self>) -> Span {
        let failed = self.pending.get(number).map_or(0, |p| p.failed);
        let bound = self.config.0.backoff * (1u64 << failed.min(7)).min(100);
        Span(ctx.rng.range(1, bound.0.max(1) + 1))
    }
}
