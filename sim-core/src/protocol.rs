//! What a protocol is, and the little it can reach.

use crate::{
    disk::Durable,
    gauge::{Bound, Gauge, Surroundings},
    history::Intent,
    kernel::Kernel,
    mail::Callee,
    outbox::Outbox,
    property::{Ghost, Property},
    rng::{Purpose, Rng},
    spec::{Answer, Message, Spec},
    task::{How, Task, Why},
    time::{Span, Time, Wait},
};
use alloc::{string::String, vec::Vec};
use core::{
    fmt::{self, Debug},
    hash::Hash,
};

/// A node of the world, counted from 0 over all services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

impl NodeId {
    /// No node.
    pub const NONE: NodeId = NodeId(u32::MAX);
}

/// `node 2`: what [`crate::names::named`] finds in a text, and puts the node's name for.
impl fmt::Display for NodeId {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "node {}", self.0)
    }
}

/// A call that waits for its answer. The caller gets it from [`Ctx::call`], the callee with the request; it names the
/// caller, so a callee needs no table to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket {
    pub(crate) caller: NodeId,
    pub(crate) slot: u32,
    pub(crate) round: u32,
}

impl Ticket {
    /// What a ticket adds to the size of a request or an answer.
    pub const BYTES: u64 = 12;

    /// Who asked.
    pub fn caller(self) -> NodeId {
        self.caller
    }
}

/// A timer set with [`Ctx::after`], to be cancelled by handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Alarm {
    pub(crate) slot: u32,
    pub(crate) round: u32,
}

/// A type without values: "this protocol has none of these". The compiler then asks for no arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Never {}

/// What a node is to its group at the moment, in a word: "leader". Faults aim at it, reports show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Role(pub &'static str);

impl Role {
    /// No process runs on the node.
    pub const DOWN: Role = Role("down");
    /// A process is frozen.
    pub const PAUSED: Role = Role("paused");
    /// The one that leads: how often it changes is counted among the effects of faults.
    pub const LEADER: Role = Role("leader");
    /// For protocols whose nodes are all alike.
    pub const PEER: Role = Role("peer");
}

/// A distributed protocol: a state machine that takes one input at a time and reaches the world only through [`Ctx`].
///
/// The contract:
/// 1. `start` builds the state of a booting process from `ctx.disk`, which holds what the last life synced (or
///    `default()` at the first boot), and sets the first timers.
/// 2. `step` never blocks, sleeps or fails. It is one match; its arms are the paper's *upon* clauses.
/// 3. What must survive a crash is written to `ctx.disk`; [`Ctx::sync`] stands between the write and every effect that
///    tells others of it.
/// 4. State is plain data (`Clone + Hash`), so that worlds can be copied and compared.
pub trait Protocol: Clone + Debug + Hash + Sized + 'static {
    /// What a scenario may say about it.
    type Config: Clone + Debug + 'static;
    /// What its nodes say to one another.
    type Msg: Message;
    /// What it waits for. A timer is named by its value: setting an equal one again moves it.
    type Timer: Clone + Debug + Hash + PartialEq + 'static;
    /// The only thing that survives a crash, once synced.
    type Disk: Durable;
    /// The requests it answers.
    type Serves: Spec;
    /// The requests it makes of other services.
    type Calls: Spec;
    /// History variables of its properties; `()` if there are none.
    type Ghost: Ghost<Self>;

    /// What must always hold and what should happen once.
    const PROPERTIES: &'static [Property<Self>];
    /// The roles that [`Protocol::role`] can return; any other is a mistake, and panics.
    const ROLES: &'static [Role];
    /// The most nodes that a service of it may have. Lower it where every node keeps something about every other.
    const NODES_MAX: u32 = u32::MAX;
    /// What charts may read off its nodes. Default: nothing.
    const GAUGES: &'static [Gauge<Self>] = &[];

    /// Every boot: the first, and one after each crash.
    fn start(config: &Self::Config, ctx: &mut Ctx<'_, Self>) -> Self;
    /// One input.
    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<'_, Self>);
    /// Its role now.
    fn role(&self) -> Role;
    /// Its term, ballot or epoch now; 0 where there is none.
    fn epoch(&self) -> u64;
    /// A few labelled values of its state, for people: ("commit", "17"). Of a node write `node.to_string()`: people see its name.
    fn show(&self) -> Vec<(&'static str, String)>;

    /// What theory says of when the goals of its gauges can be reached, in a service of as many nodes as have an
    /// interface here; charts show it beside the readings. Default: nothing.
    fn bounds(config: &Self::Config, around: &Surroundings) -> Vec<Bound> {
        let _ = (config, around);
        Vec::new()
    }
}

/// What happens to a node.
#[derive(Clone, Debug)]
pub enum Input<P: Protocol> {
    /// A message of another node of the group.
    Deliver(NodeId, P::Msg),
    /// A timer ran out.
    Timeout(P::Timer),
    /// Another service calls; answer with the ticket, once, now or later or never.
    Request(Ticket, <P::Serves as Spec>::Op),
    /// The answer to a call of one's own. At most one per ticket.
    Response(Ticket, Answer<<P::Calls as Spec>::Ret>),
}

/// All that a protocol can reach, for the length of one step.
pub struct Ctx<'a, P: Protocol> {
    /// This node.
    pub me: NodeId,
    /// Its disk: writes are kept at a crash only after [`Ctx::sync`].
    pub disk: &'a mut P::Disk,
    /// Its own random stream.
    pub rng: &'a mut Rng,
    pub(crate) first: NodeId,
    pub(crate) count: u32,
    pub(crate) out: Outbox<'a, P>,
    pub(crate) kernel: &'a mut Kernel,
}

impl<'a, P: Protocol> Ctx<'a, P> {
    /// All nodes of the group, this one included.
    pub fn members(&self) -> impl ExactSizeIterator<Item = NodeId> + Clone + use<P> {
        (self.first.0..self.first.0 + self.count).map(NodeId)
    }

    /// All nodes of the group but this one.
    pub fn peers(&self) -> impl Iterator<Item = NodeId> + Clone + use<P> {
        let me = self.me;
        self.members().filter(move |&node| node != me)
    }

    /// The nodes of the service that this one calls; none if it calls none.
    pub fn callees(&self) -> impl ExactSizeIterator<Item = NodeId> + Clone + use<P> {
        let Callee { first, nodes, .. } = self.out.mail.asks;
        (0..nodes).map(move |index| NodeId(first.0 + index))
    }

    /// The position of `node` in the group, from 0: an index for arrays by member.
    pub fn index(&self, node: NodeId) -> usize {
        (node.0 - self.first.0) as usize
    }

    /// The smallest majority of the group.
    pub fn quorum(&self) -> usize {
        self.count as usize / 2 + 1
    }

    /// What its own clock shows.
    pub fn now(&mut self) -> Time {
        self.out.node.looks_at_clock(self.kernel)
    }

    /// Sends a message; it may be lost, late, or overtake others.
    pub fn send(&mut self, to: NodeId, msg: P::Msg) {
        self.out.send(to, msg, self.kernel);
    }

    /// Sends a message to every peer, in the order of their numbers.
    pub fn broadcast(&mut self, msg: P::Msg) {
        for node in self.peers() {
            self.send(node, msg.clone());
        }
    }

    /// Sets the timer of this name, or moves it if it is set; spans are measured by the node's own clock.
    pub fn set(&mut self, timer: P::Timer, wait: impl Wait) {
        let wait = wait.draw(self.rng);
        let wait = self.out.node.real(wait, self.kernel);
        self.out.set(timer, wait, self.kernel);
    }

    /// Cancels the timer of this name, if it is set.
    pub fn cancel(&mut self, timer: &P::Timer) {
        self.out.cancel(timer);
    }

    /// Sets a timer of its own, beside any of equal value; cancelled by handle, in constant time.
    pub fn after(&mut self, wait: impl Wait, timer: P::Timer) -> Alarm {
        let wait = wait.draw(self.rng);
        let wait = self.out.node.real(wait, self.kernel);
        self.out.after(wait, timer, self.kernel)
    }

    /// Cancels a timer set with [`Ctx::after`]; nothing happens if it ran out.
    pub fn stop(&mut self, alarm: Alarm) {
        self.out.stop(alarm);
    }

    /// A barrier: everything written to the disk so far is made durable, and every effect after it waits for that.
    /// The node goes on taking inputs meanwhile; their effects queue up behind.
    pub fn sync(&mut self) {
        self.out.sync(self.disk, self.kernel);
    }

    /// Spends processor time: effects after it wait, and the node takes no input until it is done.
    pub fn work(&mut self, span: Span) {
        self.out.work(span, self.kernel);
    }

    /// Sets a timer, as [`Ctx::after`] does, for when the processor will have worked so long beside all else that the node
    /// does: on a core of its own, as fast as the processor is now. Cut long work into pieces, so that one which becomes slow, or
    /// recovers, shows.
    pub fn compute(&mut self, span: Span, timer: P::Timer) -> Alarm {
        self.out.compute(span, timer, self.kernel)
    }

    /// Answers a request. The ticket is spent.
    pub fn answer(&mut self, ticket: Ticket, answer: Answer<<P::Serves as Spec>::Ret>) {
        self.out.answer(ticket, answer, self.kernel);
    }

    /// Calls a node of another service. The answer, if one comes, is an [`Input::Response`] with this ticket.
    pub fn call(&mut self, to: NodeId, op: <P::Calls as Spec>::Op) -> Ticket {
        self.out.call(to, op, Intent::NOW, self.kernel)
    }

    /// Calls on behalf of an operation that may take several calls, and that was wanted some time ago.
    pub fn call_for(&mut self, intent: Intent, to: NodeId, op: <P::Calls as Spec>::Op) -> Ticket {
        self.out.call(to, op, intent, self.kernel)
    }

    /// Stops waiting for the answer to a call: a late one is dropped, and the history says that nothing is known.
    pub fn forget(&mut self, ticket: Ticket) {
        self.out.forget(ticket);
    }

    /// A random stream for one purpose of this node, number `which`: what it yields depends on the seed, the purpose, the
    /// node and `which`, and not on what was drawn before.
    pub fn stream(&self, purpose: Purpose, which: u64) -> Rng {
        self.kernel.keys.stream(purpose, u64::from(self.me.0), which)
    }

    /// A random stream that all nodes of the group share, number `which`: what is drawn from it in the same way is the same for
    /// all of them, at each boot. For orders and graphs that nobody need store.
    pub fn layout(&self, which: u64) -> Rng {
        self.kernel.keys.stream(Purpose::Layout, u64::from(self.first.0), which)
    }

    /// The machine of a node of any service, by the first node on it.
    pub fn machine(&self, node: NodeId) -> NodeId {
        self.kernel.network.machine(node)
    }

    /// The zone in which a node stands, by number: what operators tell a service that is to survive the loss of one. The
    /// same for all nodes where there are no zones.
    pub fn zone(&self, node: NodeId) -> u32 {
        self.kernel.zones.get(node.0 as usize).copied().unwrap_or(0)
    }

    /// Whether this is the first process that the node ever runs: its disk is as it was installed. After a crash, or with
    /// another disk, it is not.
    pub fn first_boot(&self) -> bool {
        self.out.node.life == 0
    }

    /// Operations that this node has begun in all its lives, as far as the history knows: where a client that boots
    /// again goes on counting.
    pub fn operations(&self) -> u32 {
        self.out.node.operations
    }

    /// Work begins, for timelines: under a key by which this node ends it.
    pub fn task(&mut self, key: u64, kind: &'static str, (job, number): (u32, u32), why: Why) {
        if let Some(tasks) = &mut self.kernel.tasks {
            let (node, begun) = (self.me, self.kernel.now);
            let (ended, how, bytes, local) = (None, How::Running, 0, 0);
            tasks.begin(key, Task { node, kind, job, number, why, begun, ended, how, bytes, local });
        }
    }

    /// The task under this key took in so many bytes, from this machine or from elsewhere.
    pub fn task_takes(&mut self, key: u64, bytes: u64, local: bool) {
        if let Some(tasks) = &mut self.kernel.tasks {
            tasks.took(self.me, key, bytes, local);
        }
    }

    /// The task under this key ends.
    pub fn task_ends(&mut self, key: u64, how: How) {
        if let Some(tasks) = &mut self.kernel.tasks {
            tasks.end(self.me, key, how, self.kernel.now);
        }
    }

    /// A remark for the report, in which nodes that are written with `{node}` get their names. The closure runs only when
    /// somebody listens.
    pub fn note(&mut self, text: impl FnOnce() -> String) {
        self.out.note(text, self.kernel);
    }
}
