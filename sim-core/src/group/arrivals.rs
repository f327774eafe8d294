//! What reaches a node, and what becomes of the rest.

use super::Members;
use crate::{
    history::Outcome,
    kernel::{Event, Kernel, What},
    network::{Arrives, Onward},
    protocol::{Input, NodeId, Protocol, Ticket},
    spec::{Answer, Spec},
    trace::{Fate, Kind},
};

impl<P: Protocol> Members<P> {
    /// Takes the event's value out of its slab and gives it to the node as an input. Nothing more happens where no process
    /// runs, the timer was cancelled or moved, or nobody waits for the answer any more.
    pub(super) fn dispatch(&mut self, index: usize, event: Event, kernel: &mut Kernel) {
        match event.what {
            What::Message => {
                kernel.comes(&event);
                let (from, msg) = self.mail.messages.take(event.slot);
                if self.lands(index, kernel) {
                    self.deliver(index, from, msg, kernel);
                }
            }
            What::Request => {
                kernel.comes(&event);
                let (ticket, op) = kernel.wire::<P::Serves>(self.mail.serves).requests.take(event.slot);
                if self.lands(index, kernel) {
                    let kind = (Kind::Request, ticket.caller, 0);
                    self.input(index, kind, op, |op| Input::Request(ticket, op), kernel);
                }
            }
            What::Response => {
                kernel.comes(&event);
                let (from, ticket, answer) =
                    kernel.wire::<P::Calls>(self.mail.asks.wire).answers.take(event.slot);
                if self.lands(index, kernel) && self.closes(ticket, &answer, kernel) {
                    let kind = (Kind::Response, from, 0);
                    self.input(index, kind, answer, |answer| Input::Response(ticket, answer), kernel);
                }
            }
            What::Timer => {
                if self.due(index, event, kernel) {
                    let timer = self.free(index, event.slot);
                    self.timeout(index, timer, kernel);
                }
            }
            What::Boot
            | What::Synced
            | What::Worked
            | What::Served
            | What::Failed
            | What::Packet
            | What::Wake
            | What::Strike
            | What::Over
            | What::Strobe
            | What::Calm => {}
        }
    }

    /// Whether somebody still waits for this answer: then the call is closed, and its history written.
    fn closes(
        &mut self,
        ticket: Ticket,
        answer: &Answer<<P::Calls as Spec>::Ret>,
        kernel: &mut Kernel,
    ) -> bool {
        let Some(open) = self.mail.calls.get(ticket.slot, ticket.round) else {
            kernel.misses(Fate::Unawaited);
            return false;
        };
        let record = open.record as usize;
        self.mail.calls.take(ticket.slot);
        if let Some(history) = &mut self.mail.history {
            kernel.answered += u64::from(matches!(answer, Answer::Ok(_)));
            history.calls[record].outcome = match answer {
                Answer::Ok(ret) => Outcome::Ok(ret.clone(), kernel.now),
                Answer::Refused | Answer::Redirect(_) => Outcome::Refused(kernel.now),
            };
        }
        true
    }

    /// Whether a message finds a process. Counts it either way.
    #[inline]
    fn lands(&self, index: usize, kernel: &mut Kernel) -> bool {
        let up = self.members[index].state.is_some();
        if up {
            kernel.books.traffic.delivered += 1;
        } else {
            kernel.dead(self.members[index].node.hurt());
            kernel.misses(Fate::Dead);
        }
        up
    }

    /// Whether a message has come to its node: no leg of its way is left, no cut stops it here, and no clog keeps it.
    #[inline]
    pub(super) fn arrives(&mut self, event: &mut Event, kernel: &mut Kernel) -> bool {
        if event.round == Event::GONE {
            self.discard(*event, Fate::Reset, kernel);
            return false;
        }
        if event.round > Event::LEG_MAX || (event.round == 0 && kernel.network.clear()) {
            return true;
        }
        let from = self.sender(*event, kernel);
        if event.round != 0 {
            let to = NodeId(event.node);
            match kernel.network.onward(event.round, from, to, kernel.now, &mut kernel.books) {
                Onward::Arrived => event.round = 0,
                Onward::At(arrival) => {
                    kernel.post(arrival.at, Event { round: arrival.leg, ..*event });
                    return false;
                }
                Onward::Dropped(loss) => {
                    self.discard(*event, loss.fate(), kernel);
                    return false;
                }
            }
        }
        match kernel.arrives(from, *event) {
            Arrives::Yes => {
                event.round = Event::ARRIVED;
                true
            }
            Arrives::Held => false,
            Arrives::Stopped => {
                self.discard(*event, Fate::Cut, kernel);
                false
            }
        }
    }

    /// The run queue is full.
    pub(super) fn refuse(&mut self, event: Event, kernel: &mut Kernel) {
        kernel.books.traffic.refused += 1;
        self.discard(event, Fate::Refused, kernel);
    }

    /// Who sent the message, request or answer of this event.
    pub(super) fn sender(&mut self, event: Event, kernel: &mut Kernel) -> NodeId {
        if event.what == What::Request {
            kernel.wire::<P::Serves>(self.mail.serves).requests.at(event.slot).0.caller
        } else if event.what == What::Response {
            kernel.wire::<P::Calls>(self.mail.asks.wire).answers.at(event.slot).0
        } else {
            self.mail.messages.at(event.slot).0
        }
    }

    /// Frees what a message that does not arrive has held.
    pub(super) fn discard(&mut self, event: Event, fate: Fate, kernel: &mut Kernel) {
        kernel.vanishes(&event, fate);
        if event.what == What::Request {
            kernel.wire::<P::Serves>(self.mail.serves).requests.take(event.slot);
        } else if event.what == What::Response {
            kernel.wire::<P::Calls>(self.mail.asks.wire).answers.take(event.slot);
        } else {
            self.mail.messages.take(event.slot);
        }
    }
}
