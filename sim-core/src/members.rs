//! A group's nodes and everything in flight between them, in slabs of the protocol's own types: the generic half of the
//! engine. `group.rs` runs the inputs; this file carries out what a step asks for.

use crate::{
    clock::Clock,
    disk::Durable,
    history::{Call, History, Intent, Outcome},
    kernel::{Event, Kernel, What},
    network::Fate,
    plan::{ServicePlan, Timers},
    protocol::{Alarm, NodeId, Protocol, Role, Ticket},
    rng::{Keys, Purpose, Rng},
    run::Note,
    sample::Sampler,
    slab::{Arena, NO_SLOT, Slab},
    spec::{Answer, Message, Spec},
    time::{Span, Time},
    wire::WireId,
};
use alloc::{boxed::Box, collections::VecDeque, string::String, vec::Vec};

/// A node: its process if one runs, its disk, and what the engine keeps about it.
///
/// What every input needs comes first and begins where a line of the processor's caches does: in a large world each line
/// is a wait for memory.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub struct Member<P: Protocol> {
    pub(crate) rng: Rng,
    pub(crate) node: Node<P>,
    /// The process; `None` while it is down.
    pub state: Option<P>,
    /// What survives it.
    pub disk: P::Disk,
}

impl<P: Protocol> Member<P> {
    /// One that is told everything by [`Node::reset`] and its like.
    pub(crate) fn new() -> Member<P> {
        Member {
            rng: Keys::new(0).stream(Purpose::Protocol, 0, 0),
            node: Node::new(),
            state: None,
            disk: P::Disk::default(),
        }
    }
}

/// What the engine keeps about a node: here what every input needs, and beside it what many nodes never need.
#[derive(Clone, Debug)]
pub(crate) struct Node<P: Protocol> {
    /// Whatever is out of the ordinary: effects or inputs that wait, a clock that is wrong, a fault. `None` if it never
    /// had any of it.
    pub(crate) aside: Option<Box<Aside<P>>>,
    pub(crate) epoch: u64,
    /// Goes up at each crash: timers, syncs and work of an earlier life are recognised and dropped.
    pub(crate) life: u32,
    /// The slot of one of the named timers that are set, or cancelled and still queued; each names the next.
    pub(crate) timers: u32,
    /// Operations begun by calls that are operations of their own.
    pub(crate) operations: u32,
    /// Its place among the roles of the protocol; [`DOWN`] if no process runs.
    pub(crate) role: u32,
}

/// In place of a role: no process runs.
pub(crate) const DOWN: u32 = u32::MAX;

/// What is out of the ordinary about a node.
#[derive(Clone, Debug)]
pub(crate) struct Aside<P: Protocol> {
    /// Effects behind a barrier, the barrier itself in front; empty when nothing waits.
    pub(crate) waiting: VecDeque<Waiting<P>>,
    /// Barriers at the front of `waiting` that the sync in progress, if any, covers.
    pub(crate) syncing: usize,
    /// Inputs that arrived while the node was busy or frozen.
    pub(crate) inbox: VecDeque<Event>,
    /// The processor is busy until then.
    pub(crate) busy: Time,
    pub(crate) paused: bool,
    /// What the inputs that a core works on and those that wait for one are; `None` where they cost no time.
    pub(crate) service: Option<Box<Service>>,
    /// What faults in force do to it.
    pub(crate) ills: Option<Box<Ills>>,
    pub(crate) clock: Clock,
    pub(crate) disk_rng: Rng,
    /// The fault that damaged a record of its disk, if no boot got over that since.
    pub(crate) rotten: Option<usize>,
    /// The fault that took the node down, or froze it.
    pub(crate) hurt: Option<usize>,
}

/// Inputs in service at a node.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) rng: Rng,
    /// What each core works on.
    pub(crate) cores: Vec<Option<Event>>,
    /// What waits for a core.
    pub(crate) line: VecDeque<Event>,
}

/// What faults in force do to a node. Each counts what it did.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Ills {
    /// Faults that make the processor slow, and the factors.
    pub(crate) cpu: Vec<(usize, f64)>,
    /// Faults that make the disk slow, and the factors.
    pub(crate) disk: Vec<(usize, f64)>,
    /// Faults that make the disk hang.
    pub(crate) stalled: Vec<usize>,
    /// Faults that fill the disk.
    pub(crate) full: Vec<usize>,
    /// Faults that make the clock show a wrong time.
    pub(crate) wrong: Vec<usize>,
    /// Faults that make it run at a wrong rate.
    pub(crate) drifting: Vec<usize>,
    /// A sync would be over, but for the disk that hangs.
    pub(crate) late: bool,
}

impl Ills {
    fn stretch(by: &[(usize, f64)], span: Span, kernel: &mut Kernel) -> Span {
        if span == Span::ZERO {
            return span;
        }
        by.iter().fold(span, |span, &(fault, factor)| {
            kernel.books.effects[fault].delayed += 1;
            Span((span.0 as f64 * factor) as u64)
        })
    }
}

/// An effect that others can see, held back by a barrier; or the barrier.
#[derive(Clone, Debug)]
pub(crate) enum Waiting<P: Protocol> {
    Sync,
    Work(Time),
    Send(NodeId, P::Msg),
    Answer(Ticket, Answer<<P::Serves as Spec>::Ret>),
    Call(NodeId, Ticket, <P::Calls as Spec>::Op),
}

/// What is in flight within a group.
#[derive(Clone, Debug)]
pub(crate) struct Mail<P: Protocol> {
    pub(crate) messages: Slab<(NodeId, P::Msg)>,
    pub(crate) timers: Arena<Armed<P::Timer>>,
    pub(crate) calls: Arena<Open>,
    pub(crate) serves: WireId,
    pub(crate) asks: WireId,
    pub(crate) disk: DiskTimes,
    pub(crate) timers_follow_jumps: bool,
    /// The record of every call, where these are clients.
    pub(crate) history: Option<History<P::Calls>>,
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

/// Carries out, or holds back, what one step asks for.
pub(crate) struct Outbox<'a, P: Protocol> {
    pub(crate) me: NodeId,
    pub(crate) node: &'a mut Node<P>,
    pub(crate) mail: &'a mut Mail<P>,
    /// Processor time asked for in this step: timers count from its end.
    pub(crate) spent: Span,
}

impl<P: Protocol> Outbox<'_, P> {
    #[inline]
    pub(crate) fn send(&mut self, to: NodeId, msg: P::Msg, kernel: &mut Kernel) {
        match self.node.barriers() {
            None => self.mail.send(self.me, to, msg, kernel),
            Some(waiting) => waiting.push_back(Waiting::Send(to, msg)),
        }
    }

    pub(crate) fn answer(
        &mut self,
        to: Ticket,
        answer: Answer<<P::Serves as Spec>::Ret>,
        kernel: &mut Kernel,
    ) {
        match self.node.barriers() {
            None => self.mail.answer(self.me, to, answer, kernel),
            Some(waiting) => waiting.push_back(Waiting::Answer(to, answer)),
        }
    }

    pub(crate) fn call(
        &mut self,
        to: NodeId,
        op: <P::Calls as Spec>::Op,
        intent: Intent,
        kernel: &mut Kernel,
    ) -> Ticket {
        let record = self.mail.history.as_mut().map_or(0, |history| {
            let operation =
                if intent.operation == Intent::NEW { self.node.operations } else { intent.operation };
            self.node.operations = self.node.operations.max(operation + 1);
            history.calls.push(Call {
                client: self.me,
                server: to,
                operation,
                op: op.clone(),
                intended: Time(kernel.now.0.saturating_sub(intent.late.0)),
                called: kernel.now,
                outcome: Outcome::Unknown,
            });
            history.calls.len() as u32 - 1
        });
        let (slot, round) = self.mail.calls.insert(Open { caller: self.me, record });
        let ticket = Ticket { caller: self.me, slot, round };
        match self.node.barriers() {
            None => self.mail.call(self.me, to, ticket, op, kernel),
            Some(waiting) => waiting.push_back(Waiting::Call(to, ticket, op)),
        }
        ticket
    }

    pub(crate) fn forget(&mut self, ticket: Ticket) {
        if self.mail.calls.get(ticket.slot, ticket.round).is_some() {
            self.mail.calls.take(ticket.slot);
        }
    }

    pub(crate) fn sync(&mut self, disk: &mut P::Disk, kernel: &mut Kernel) {
        let healthy = |aside: &Aside<P>| aside.syncing == 0 && aside.ills.is_none();
        if self.mail.disk.instant && self.node.aside.as_deref().is_none_or(healthy) {
            disk.flush();
            disk.flushed();
            return;
        }
        let aside = self.node.aside(self.me, &kernel.keys);
        aside.waiting.push_back(Waiting::Sync);
        if aside.waiting.len() == 1 {
            self.node.flush(self.me, disk, &self.mail.disk, kernel);
        }
    }

    pub(crate) fn work(&mut self, span: Span, kernel: &mut Kernel) {
        let life = self.node.life;
        let aside = self.node.aside(self.me, &kernel.keys);
        let span = aside.stretched(span, kernel);
        self.spent = self.spent + span;
        aside.busy = aside.busy.max(kernel.now) + span;
        aside.waiting.push_back(Waiting::Work(aside.busy));
        kernel.post(aside.busy, Event { node: self.me.0, slot: 0, round: life, what: What::Worked });
    }

    #[inline]
    pub(crate) fn set(&mut self, timer: P::Timer, wait: Span, kernel: &mut Kernel) {
        let at = kernel.now + self.spent + wait;
        let seq = kernel.ticket();
        if let Some(slot) = self.named(&timer) {
            let armed = self.mail.timers.at(slot);
            if armed.queued.0 <= at {
                (armed.at, armed.seq) = (at, seq);
                return;
            }
            // Moved forward: its event would come too late, so this slot is left to it and another one taken.
            armed.at = Time::MAX;
            self.node.unlist(slot, &mut self.mail.timers);
        }
        let next = self.node.timers;
        self.node.timers = self.arm(timer, at, seq, next, kernel).slot;
    }

    pub(crate) fn cancel(&mut self, timer: &P::Timer) {
        if let Some(slot) = self.named(timer) {
            self.mail.timers.at(slot).at = Time::MAX;
        }
    }

    /// The slot of the timer with this name.
    #[inline]
    fn named(&mut self, timer: &P::Timer) -> Option<u32> {
        let mut slot = self.node.timers;
        while slot != NO_SLOT {
            let armed = self.mail.timers.at(slot);
            if armed.timer == *timer {
                return Some(slot);
            }
            slot = armed.next;
        }
        None
    }

    pub(crate) fn after(&mut self, wait: Span, timer: P::Timer, kernel: &mut Kernel) -> Alarm {
        let at = kernel.now + self.spent + wait;
        let seq = kernel.ticket();
        self.arm(timer, at, seq, NO_SLOT, kernel)
    }

    pub(crate) fn stop(&mut self, alarm: Alarm) {
        if let Some(armed) = self.mail.timers.get(alarm.slot, alarm.round) {
            armed.at = Time::MAX;
        }
    }

    #[inline]
    fn arm(&mut self, timer: P::Timer, at: Time, seq: u64, next: u32, kernel: &mut Kernel) -> Alarm {
        let armed = Armed { timer, owner: self.me, life: self.node.life, at, seq, queued: (at, seq), next };
        let (slot, round) = self.mail.timers.insert(armed);
        kernel.post_as(at, seq, Event { node: self.me.0, slot, round, what: What::Timer });
        Alarm { slot, round }
    }

    pub(crate) fn note(&mut self, text: impl FnOnce() -> String, kernel: &mut Kernel) {
        if kernel.notes.len() < Note::MAX {
            kernel.notes.push(Note { at: kernel.now, node: self.me, text: text() });
        }
    }
}

impl<P: Protocol> Node<P> {
    /// One that was never up.
    fn new() -> Node<P> {
        Node { aside: None, epoch: 0, life: 0, timers: NO_SLOT, operations: 0, role: DOWN }
    }

    /// As if it had never been up. What was aside keeps its memory.
    pub(crate) fn reset(&mut self, me: NodeId, keys: &Keys) {
        let aside = self.aside.take();
        *self = Node::new();
        self.aside = aside;
        if let Some(aside) = &mut self.aside {
            let Aside { mut waiting, mut inbox, .. } = core::mem::replace(&mut **aside, Aside::new(me, keys));
            waiting.clear();
            inbox.clear();
            (aside.waiting, aside.inbox) = (waiting, inbox);
        }
    }

    /// Its role when it was last looked at.
    pub(crate) fn role(&self) -> Role {
        P::ROLES.get(self.role as usize).copied().unwrap_or(Role::DOWN)
    }

    /// What is out of the ordinary about it; from here on there is a place for that.
    #[inline]
    pub(crate) fn aside(&mut self, me: NodeId, keys: &Keys) -> &mut Aside<P> {
        self.aside.get_or_insert_with(|| Box::new(Aside::new(me, keys)))
    }

    /// Where effects have to wait, if something waits there already.
    #[inline]
    fn barriers(&mut self) -> Option<&mut VecDeque<Waiting<P>>> {
        self.aside.as_mut().map(|aside| &mut aside.waiting).filter(|waiting| !waiting.is_empty())
    }

    pub(crate) fn paused(&self) -> bool {
        self.aside.as_ref().is_some_and(|aside| aside.paused)
    }

    /// The fault that took the node down, or froze it.
    pub(crate) fn hurt(&self) -> Option<usize> {
        self.aside.as_ref().and_then(|aside| aside.hurt)
    }

    pub(crate) fn clock(&self) -> Clock {
        self.aside.as_ref().map_or_else(Clock::default, |aside| aside.clock)
    }

    /// The faults that fill its disk.
    pub(crate) fn full(&self) -> Option<usize> {
        self.aside.as_ref()?.ills.as_ref()?.full.first().copied()
    }

    /// A named timer loses its name.
    #[inline]
    pub(crate) fn unlist(&mut self, slot: u32, timers: &mut Arena<Armed<P::Timer>>) {
        let next = timers.at(slot).next;
        if self.timers == slot {
            self.timers = next;
            return;
        }
        let mut before = self.timers;
        while before != NO_SLOT {
            let armed = timers.at(before);
            if armed.next == slot {
                armed.next = next;
                return;
            }
            before = armed.next;
        }
    }

    /// Begins a sync that covers every barrier now waiting: group commit. On a full disk it fails.
    pub(crate) fn flush(&mut self, me: NodeId, disk: &mut P::Disk, times: &DiskTimes, kernel: &mut Kernel) {
        let life = self.life;
        let event = |what| Event { node: me.0, slot: 0, round: life, what };
        let aside = self.aside(me, &kernel.keys);
        aside.syncing = aside.waiting.iter().filter(|w| matches!(w, Waiting::Sync)).count();
        let mut takes = times.sync.draw(&mut aside.disk_rng);
        if times.write.constant() != Some(Span::ZERO) {
            takes = (0..disk.dirty()).fold(takes, |sum, _| sum + times.write.draw(&mut aside.disk_rng));
        }
        if let Some(ills) = &aside.ills {
            if let Some(&fault) = ills.full.first().filter(|_| disk.dirty() > 0) {
                kernel.books.effects[fault].failed += 1;
                return kernel.post(kernel.now, event(What::Failed));
            }
            takes = Ills::stretch(&ills.disk, takes, kernel);
        }
        disk.flush();
        kernel.post(kernel.now + takes, event(What::Synced));
    }

    /// The true length of a span that the node measures with its clock.
    #[inline]
    pub(crate) fn real(&self, span: Span, kernel: &mut Kernel) -> Span {
        let Some(aside) = &self.aside else { return span };
        if let Some(ills) = &aside.ills {
            ills.drifting.iter().for_each(|&fault| kernel.books.effects[fault].misled += 1);
        }
        aside.clock.real(span)
    }

    /// What the node's clock shows.
    #[inline]
    pub(crate) fn looks_at_clock(&self, kernel: &mut Kernel) -> Time {
        let Some(aside) = &self.aside else { return kernel.now };
        if let Some(ills) = &aside.ills {
            ills.wrong.iter().for_each(|&fault| kernel.books.effects[fault].misled += 1);
        }
        aside.clock.shows(kernel.now)
    }
}

impl<P: Protocol> Aside<P> {
    fn new(me: NodeId, keys: &Keys) -> Aside<P> {
        Aside {
            waiting: VecDeque::new(),
            syncing: 0,
            inbox: VecDeque::new(),
            busy: Time::ZERO,
            paused: false,
            service: None,
            ills: None,
            clock: Clock::default(),
            disk_rng: keys.stream(Purpose::Disk, u64::from(me.0), 0),
            rotten: None,
            hurt: None,
        }
    }

    /// Whether inputs have to wait.
    #[inline]
    pub(crate) fn holds(&self, now: Time) -> bool {
        self.paused || self.busy > now
    }

    /// Processor time, as the processor is now.
    pub(crate) fn stretched(&self, span: Span, kernel: &mut Kernel) -> Span {
        match &self.ills {
            None => span,
            Some(ills) => Ills::stretch(&ills.cpu, span, kernel),
        }
    }
}

/// A message, request or answer goes on its way: each copy that the network will bring is kept, and an event posted for
/// it.
#[inline(always)]
fn carry<T: Clone>(
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
fn carry_with_care<T: Clone>(
    kernel: &mut Kernel,
    (from, to): (NodeId, NodeId),
    bytes: u64,
    what: What,
    value: T,
    mut keep: impl FnMut(&mut Kernel, T) -> u32,
) {
    let event = |slot, round| Event { node: to.0, slot, round, what };
    if kernel.network.stream(from, to).is_some() {
        let slot = keep(kernel, value);
        return kernel.stream(from, to, bytes, event(slot, Event::ARRIVED));
    }
    match kernel.send(from, to, bytes) {
        Fate::Lost => {}
        Fate::Once(arrival) => {
            let slot = keep(kernel, value);
            kernel.post(arrival.at, event(slot, arrival.leg));
        }
        Fate::Twice(first, second) => {
            for arrival in [first, second] {
                let slot = keep(kernel, value.clone());
                kernel.post(arrival.at, event(slot, arrival.leg));
            }
        }
    }
}

impl<P: Protocol> Mail<P> {
    pub(crate) fn new(serves: WireId, asks: WireId) -> Self {
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
    pub(crate) fn reset(&mut self, plan: &ServicePlan) {
        self.messages.clear();
        self.timers.clear();
        self.calls.clear();
        self.disk = DiskTimes::new(plan.disk.sync.sampler(), plan.disk.write.sampler());
        self.timers_follow_jumps = plan.clock.timers == Timers::Wall;
        self.history = plan.clients.then(History::default);
    }

    #[inline]
    pub(crate) fn send(&mut self, from: NodeId, to: NodeId, msg: P::Msg, kernel: &mut Kernel) {
        let messages = &mut self.messages;
        carry(kernel, (from, to), msg.bytes(), What::Message, msg, |_, msg| messages.insert((from, msg)));
    }

    fn answer(
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

    fn call(
        &mut self,
        from: NodeId,
        to: NodeId,
        ticket: Ticket,
        op: <P::Calls as Spec>::Op,
        kernel: &mut Kernel,
    ) {
        carry(kernel, (from, to), Ticket::BYTES + op.bytes(), What::Request, op, |kernel, op| {
            kernel.wire::<P::Calls>(self.asks).requests.insert((ticket, op))
        });
    }

    /// Carries out a held-back effect; barriers are the caller's business.
    pub(crate) fn release(&mut self, me: NodeId, effect: Waiting<P>, kernel: &mut Kernel) {
        match effect {
            Waiting::Send(to, msg) => self.send(me, to, msg, kernel),
            Waiting::Answer(to, answer) => self.answer(me, to, answer, kernel),
            Waiting::Call(to, ticket, op) => self.call(me, to, ticket, op, kernel),
            Waiting::Sync | Waiting::Work(_) => {}
        }
    }
}
