//! A group's nodes and everything in flight between them, in slabs of the protocol's own types: the generic half of the
//! engine. `group.rs` runs the inputs; this file carries out what a step asks for.

use crate::{
    clock::Clock,
    disk::Durable,
    history::{Call, History, Intent, Outcome},
    kernel::{Event, Kernel, What},
    network::Fate,
    protocol::{Alarm, NodeId, Protocol, Role, Ticket},
    rng::Rng,
    run::Note,
    sample::Sampler,
    slab::Slab,
    spec::{Answer, Message, Spec},
    time::{Span, Time},
    wire::WireId,
};
use alloc::{boxed::Box, collections::VecDeque, string::String, vec::Vec};

/// A node: its process if one runs, its disk, and what the engine keeps about it.
#[derive(Clone, Debug)]
pub struct Member<P: Protocol> {
    /// The process; `None` while it is down.
    pub state: Option<P>,
    /// What survives it.
    pub disk: P::Disk,
    pub(crate) rng: Rng,
    pub(crate) node: Node<P>,
}

/// What the engine keeps about a node.
#[derive(Clone, Debug)]
pub(crate) struct Node<P: Protocol> {
    /// Goes up at each crash: timers, syncs and work of an earlier life are recognised and dropped.
    pub(crate) life: u32,
    pub(crate) clock: Clock,
    pub(crate) disk_rng: Rng,
    /// Slots of the named timers that are set, or cancelled and still queued.
    pub(crate) timers: Vec<u32>,
    /// Effects behind a barrier, the barrier itself in front; empty when nothing waits.
    pub(crate) waiting: VecDeque<Waiting<P>>,
    /// Barriers at the front of `waiting` that the sync in progress, if any, covers.
    pub(crate) syncing: usize,
    /// The processor is busy until then.
    pub(crate) busy: Time,
    /// Inputs that arrived while the node was busy or frozen.
    pub(crate) inbox: VecDeque<Event>,
    pub(crate) paused: bool,
    /// The fault that damaged a record of its disk, if no boot got over that since.
    pub(crate) rotten: Option<usize>,
    /// What the inputs that a core works on and those that wait for one are; `None` where they cost no time.
    pub(crate) service: Option<Box<Service>>,
    /// What faults in force do to it.
    pub(crate) ills: Option<Box<Ills>>,
    /// The fault that took the node down, or froze it.
    pub(crate) hurt: Option<usize>,
    pub(crate) role: Role,
    pub(crate) epoch: u64,
    /// Operations begun by calls that are operations of their own.
    pub(crate) operations: u32,
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
    pub(crate) timers: Slab<Armed<P::Timer>>,
    pub(crate) calls: Slab<Open>,
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
    /// Listed in its node's `timers` under its value.
    pub(crate) named: bool,
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
        if self.node.waiting.is_empty() {
            self.mail.send(self.me, to, msg, kernel);
        } else {
            self.node.waiting.push_back(Waiting::Send(to, msg));
        }
    }

    pub(crate) fn answer(
        &mut self,
        to: Ticket,
        answer: Answer<<P::Serves as Spec>::Ret>,
        kernel: &mut Kernel,
    ) {
        if self.node.waiting.is_empty() {
            self.mail.answer(self.me, to, answer, kernel);
        } else {
            self.node.waiting.push_back(Waiting::Answer(to, answer));
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
        let slot = self.mail.calls.insert(Open { caller: self.me, record });
        let ticket = Ticket { caller: self.me, slot, round: self.mail.calls.round(slot) };
        if self.node.waiting.is_empty() {
            self.mail.call(self.me, to, ticket, op, kernel);
        } else {
            self.node.waiting.push_back(Waiting::Call(to, ticket, op));
        }
        ticket
    }

    pub(crate) fn forget(&mut self, ticket: Ticket) {
        if self.mail.calls.get(ticket.slot, ticket.round).is_some() {
            self.mail.calls.take(ticket.slot);
        }
    }

    pub(crate) fn sync(&mut self, disk: &mut P::Disk, kernel: &mut Kernel) {
        if self.mail.disk.instant && self.node.syncing == 0 && self.node.ills.is_none() {
            disk.flush();
            disk.flushed();
            return;
        }
        self.node.waiting.push_back(Waiting::Sync);
        if self.node.waiting.len() == 1 {
            self.node.flush(self.me, disk, &self.mail.disk, kernel);
        }
    }

    pub(crate) fn work(&mut self, span: Span, kernel: &mut Kernel) {
        let span = self.node.stretched(span, kernel);
        self.spent = self.spent + span;
        self.node.busy = self.node.busy.max(kernel.now) + span;
        self.node.waiting.push_back(Waiting::Work(self.node.busy));
        kernel.post(
            self.node.busy,
            Event { node: self.me.0, slot: 0, round: self.node.life, what: What::Worked },
        );
    }

    pub(crate) fn set(&mut self, timer: P::Timer, wait: Span, kernel: &mut Kernel) {
        let at = kernel.now + self.spent + wait;
        let seq = kernel.ticket();
        let found = self.node.timers.iter().position(|&slot| self.mail.timers.at(slot).timer == timer);
        if let Some(position) = found {
            let slot = self.node.timers[position];
            let armed = self.mail.timers.at(slot);
            if armed.queued.0 <= at {
                (armed.at, armed.seq) = (at, seq);
                return;
            }
            // Moved forward: its event would come too late, so this slot is left to it and another one taken.
            (armed.at, armed.named) = (Time::MAX, false);
            self.node.timers.swap_remove(position);
        }
        let slot = self.arm(timer, at, seq, true, kernel);
        self.node.timers.push(slot);
    }

    pub(crate) fn cancel(&mut self, timer: &P::Timer) {
        if let Some(&slot) = self.node.timers.iter().find(|&&slot| self.mail.timers.at(slot).timer == *timer)
        {
            self.mail.timers.at(slot).at = Time::MAX;
        }
    }

    pub(crate) fn after(&mut self, wait: Span, timer: P::Timer, kernel: &mut Kernel) -> Alarm {
        let at = kernel.now + self.spent + wait;
        let seq = kernel.ticket();
        let slot = self.arm(timer, at, seq, false, kernel);
        Alarm { slot, round: self.mail.timers.round(slot) }
    }

    pub(crate) fn stop(&mut self, alarm: Alarm) {
        if self.mail.timers.get(alarm.slot, alarm.round).is_some() {
            self.mail.timers.at(alarm.slot).at = Time::MAX;
        }
    }

    fn arm(&mut self, timer: P::Timer, at: Time, seq: u64, named: bool, kernel: &mut Kernel) -> u32 {
        let armed = Armed { timer, owner: self.me, life: self.node.life, at, seq, queued: (at, seq), named };
        let slot = self.mail.timers.insert(armed);
        let round = self.mail.timers.round(slot);
        kernel.queue.push(at.0, seq, Event { node: self.me.0, slot, round, what: What::Timer });
        slot
    }

    pub(crate) fn note(&mut self, text: impl FnOnce() -> String, kernel: &mut Kernel) {
        if kernel.notes.len() < Note::MAX {
            kernel.notes.push(Note { at: kernel.now, node: self.me, text: text() });
        }
    }
}

impl<P: Protocol> Node<P> {
    /// Begins a sync that covers every barrier now waiting: group commit. On a full disk it fails.
    pub(crate) fn flush(&mut self, me: NodeId, disk: &mut P::Disk, times: &DiskTimes, kernel: &mut Kernel) {
        self.syncing = self.waiting.iter().filter(|w| matches!(w, Waiting::Sync)).count();
        let event = |what| Event { node: me.0, slot: 0, round: self.life, what };
        let mut takes = times.sync.draw(&mut self.disk_rng);
        if times.write.constant() != Some(Span::ZERO) {
            takes = (0..disk.dirty()).fold(takes, |sum, _| sum + times.write.draw(&mut self.disk_rng));
        }
        if let Some(ills) = &self.ills {
            if let Some(&fault) = ills.full.first().filter(|_| disk.dirty() > 0) {
                kernel.books.effects[fault].failed += 1;
                return kernel.post(kernel.now, event(What::Failed));
            }
            takes = Ills::stretch(&ills.disk, takes, kernel);
        }
        disk.flush();
        kernel.post(kernel.now + takes, event(What::Synced));
    }

    /// Processor time, as the processor is now.
    pub(crate) fn stretched(&self, span: Span, kernel: &mut Kernel) -> Span {
        match &self.ills {
            None => span,
            Some(ills) => Ills::stretch(&ills.cpu, span, kernel),
        }
    }

    /// The true length of a span that the node measures with its clock.
    #[inline]
    pub(crate) fn real(&self, span: Span, kernel: &mut Kernel) -> Span {
        if let Some(ills) = &self.ills {
            ills.drifting.iter().for_each(|&fault| kernel.books.effects[fault].misled += 1);
        }
        self.clock.real(span)
    }

    #[inline]
    pub(crate) fn looks_at_clock(&self, kernel: &mut Kernel) {
        if let Some(ills) = &self.ills {
            ills.wrong.iter().for_each(|&fault| kernel.books.effects[fault].misled += 1);
        }
    }
}

/// A message, request or answer goes on its way: each copy that the network will bring is kept, and an event posted for
/// it.
#[inline]
fn carry<T: Clone>(
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
