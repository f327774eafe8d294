//! What is in flight within a group, in slabs of the protocol's own types, and how it goes on its way.

use crate::{
    history::History,
    kernel::{Event, Kernel, What},
    network::{Arrival, Fate, Loss},
    node::Waiting,
    plan::{ServicePlan, Timers},
    protocol::{NodeId, Protocol, Ticket},
    sample::Sampler,
    slab::{Arena, Slab},
    spec::{Answer, Message, Spec},
    time::{Span, Time},
    trace,
    wire::WireId,
};
use core::fmt::Debug;

/// What is in flight within a group.
#[derive(Clone, Debug)]
pub(crate) struct Mail<P: Protocol> {
    pub(crate) messages: Slab<(NodeId, P::Msg)>,
    pub(crate) timers: Arena<Armed<P::Timer>>,
    pub(crate) calls: Arena<Open>,
    pub(crate) serves: WireId,
    pub(crate) asks: Callee,
    pub(crate) disk: DiskTimes,
    pub(crate) timers_follow_jumps: bool,
    /// The record of every call, where these are clients.
    pub(crate) history: Option<History<P::Calls>>,
}

/// The service that a group calls.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Callee {
    pub(crate) wire: WireId,
    pub(crate) first: NodeId,
    pub(crate) nodes: u32,
}

impl Callee {
    /// Of groups that call none.
    pub(crate) const NONE: Callee = Callee { wire: WireId(usize::MAX), first: NodeId::NONE, nodes: 0 };
}

/// How long a disk takes.
#[derive(Clone, Debug)]
pub(crate) struct DiskTimes {
    /// For a sync, whatever it writes.
    pub(crate) sync: Sampler,
    /// For each record, on top.
    pub(crate) write: Sampler,
    /// Neither ever takes time.
    pub(crate) instant: bool,
}

impl DiskTimes {
    pub(crate) fn new(sync: Sampler, write: Sampler) -> DiskTimes {
        let instant = [&sync, &write].iter().all(|times| times.constant() == Some(Span::ZERO));
        DiskTimes { sync, write, instant }
    }
}

/// A timer. One event for it is in the queue, perhaps at an earlier moment than `at`: then it is posted again.
#[derive(Clone, Debug)]
pub(crate) struct Armed<T> {
    pub(crate) timer: T,
    /// Whose it is.
    pub(crate) owner: NodeId,
    pub(crate) life: u32,
    /// When it fires, and its place among equals; `Time::MAX` once cancelled.
    pub(crate) at: Time,
    pub(crate) seq: u64,
    /// Where its event is in the queue.
    pub(crate) queued: (Time, u64),
    /// The next of its node's named timers, if this is one.
    pub(crate) next: u32,
}

/// A call that waits for its answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Open {
    pub(crate) caller: NodeId,
    /// Its position in the history.
    pub(crate) record: u32,
}

/// A message, request or answer goes on its way: each copy that the network will bring is kept, and an event posted for
/// it.
#[inline(always)]
fn carry<T: Clone + Debug>(
    kernel: &mut Kernel,
    (from, to): (NodeId, NodeId),
    bytes: u64,
    what: What,
    value: T,
    mut keep: impl FnMut(&mut Kernel, T) -> u32,
) {
    if kernel.network.quiet() {
        if let Some(at) = kernel.network.send_in_quiet(from, to, bytes, kernel.now, &mut kernel.books) {
            let slot = keep(kernel, value);
            kernel.post(at, Event { node: to.0, slot, round: 0, what });
        }
        return;
    }
    carry_with_care(kernel, (from, to), bytes, what, value, keep);
}

/// The same where anything may happen.
#[inline(never)]
fn carry_with_care<T: Clone + Debug>(
    kernel: &mut Kernel,
    (from, to): (NodeId, NodeId),
    bytes: u64,
    what: What,
    value: T,
    mut keep: impl FnMut(&mut Kernel, T) -> u32,
) {
    let event = |slot, round| Event { node: to.0, slot, round, what };
    let draft = kernel.drafts((from, to), bytes, what, &value);
    if kernel.network.stream(from, to).is_some() {
        let slot = keep(kernel, value);
        kernel.flies(draft, slot, None);
        return kernel.stream(from, to, bytes, event(slot, Event::ARRIVED));
    }
    let fate = kernel.send(from, to, bytes);
    let mut depart = |copy: Result<Arrival, Loss>, value: T, of: Option<trace::PacketId>| match copy {
        Ok(arrival) => {
            let slot = keep(kernel, value);
            kernel.post(arrival.at, event(slot, arrival.leg));
            kernel.flies(draft, slot, of)
        }
        Err(loss) => kernel.fails(draft, loss.fate(), of),
    };
    match fate {
        Fate::Lost(loss) => drop(depart(Err(loss), value, None)),
        Fate::Once(arrival) => drop(depart(Ok(arrival), value, None)),
        Fate::Twice(first, second) => {
            let original = depart(first, value.clone(), None);
            depart(second, value, original);
        }
    }
}

impl Loss {
    /// What the trace says of it.
    pub(crate) fn fate(self) -> trace::Fate {
        match self {
            Loss::Luck => trace::Fate::Lost,
            Loss::Cut => trace::Fate::Cut,
            Loss::Overflow => trace::Fate::Overflowed,
            Loss::Damage => trace::Fate::Corrupted,
        }
    }
}

impl<P: Protocol> Mail<P> {
    pub(crate) fn new(serves: WireId, asks: Callee) -> Self {
        let instant = Sampler::Constant(Span::ZERO);
        Mail {
            messages: Slab::default(),
            timers: Arena::default(),
            calls: Arena::default(),
            serves,
            asks,
            disk: DiskTimes::new(instant.clone(), instant),
            timers_follow_jumps: false,
            history: None,
        }
    }

    /// Nothing is in flight any more.
    pub(crate) fn reset(&mut self, plan: &ServicePlan, first: NodeId) {
        self.messages.clear();
        self.timers.clear();
        self.calls.clear();
        self.disk = DiskTimes::new(plan.disk.sync.sampler(), plan.disk.write.sampler());
        self.timers_follow_jumps = plan.clock.timers == Timers::Wall;
        self.history = plan.clients.then(|| History { first, ..History::default() });
    }

    #[inline]
    pub(crate) fn send(&mut self, from: NodeId, to: NodeId, msg: P::Msg, kernel: &mut Kernel) {
        let messages = &mut self.messages;
        carry(kernel, (from, to), msg.bytes(), What::Message, msg, |_, msg| messages.insert((from, msg)));
    }

    pub(crate) fn answer(
        &mut self,
        from: NodeId,
        to: Ticket,
        answer: Answer<<P::Serves as Spec>::Ret>,
        kernel: &mut Kernel,
    ) {
        let bytes = Ticket::BYTES
            + match &answer {
                Answer::Ok(ret) => ret.bytes(),
                Answer::Refused | Answer::Redirect(_) => Ticket::BYTES,
            };
        carry(kernel, (from, to.caller), bytes, What::Response, answer, |kernel, answer| {
            kernel.wire::<P::Serves>(self.serves).answers.insert((from, to, answer))
        });
    }

    pub(crate) fn call(
        &mut self,
        from: NodeId,
        to: NodeId,
        ticket: Ticket,
        op: <P::Calls as Spec>::Op,
        kernel: &mut Kernel,
    ) {
        carry(kernel, (from, to), Ticket::BYTES + op.bytes(), What::Request, op, |kernel, op| {
            kernel.wire::<P::Calls>(self.asks.wire).requests.insert((ticket, op))
        });
    }

    /// Carries out a held-back effect; barriers are the caller's business.
    pub(crate) fn release(&mut self, me: NodeId, effect: Waiting<P>, kernel: &mut Kernel) {
        if matches!(effect, Waiting::Sync | Waiting::Work(_)) {
            return;
        }
        kernel.lets_go(me);
        match effect {
            Waiting::Send(to, msg) => self.send(me, to, msg, kernel),
            Waiting::Answer(to, answer) => self.answer(me, to, answer, kernel),
            Waiting::Call(to, ticket, op) => self.call(me, to, ticket, op, kernel),
            Waiting::Sync | Waiting::Work(_) => {}
        }
        kernel.let_go();
    }
}
