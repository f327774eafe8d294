//! Carries out what a step asks for, or holds it back.

use crate::{
    disk::Durable,
    history::{Call, Intent, Outcome},
    kernel::{Event, Kernel, What},
    mail::{Armed, Mail, Open},
    node::{Aside, Ills, Node, Waiting},
    protocol::{Alarm, NodeId, Protocol, Ticket},
    run::Note,
    slab::NO_SLOT,
    spec::{Answer, Spec},
    time::{Span, Time},
};
use alloc::string::String;

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
            Some(waiting) => {
                waiting.push_back(Waiting::Send(to, msg));
                kernel.holds(self.me);
            }
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
            Some(waiting) => {
                waiting.push_back(Waiting::Answer(to, answer));
                kernel.holds(self.me);
            }
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
            Some(waiting) => {
                waiting.push_back(Waiting::Call(to, ticket, op));
                kernel.holds(self.me);
            }
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
        let span = Ills::stretched(aside.ills.as_deref(), span, kernel);
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

    pub(crate) fn compute(&mut self, span: Span, timer: P::Timer, kernel: &mut Kernel) -> Alarm {
        let ills = self.node.aside.as_ref().and_then(|aside| aside.ills.as_deref());
        let span = Ills::stretched(ills, span, kernel);
        self.after(span, timer, kernel)
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
