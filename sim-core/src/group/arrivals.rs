//! What reaches a node, and what becomes of the rest.

use super::Members;
use crate::{
    history::Outcome,
    kernel::{Event, Kernel, What},
    network::{Arrives, Onward},
    protocol::{Input, NodeId, Protocol},
    spec::Answer,
};

impl<P: Protocol> Members<P> {
    /// Takes the event's value out of its slab: the input, with who sent it. `None` if there is nothing to take after
    /// all: no process runs, the timer was cancelled or moved, nobody waits for the answer any more.
    #[inline]
    pub(super) fn open(&mut self, event: Event, kernel: &mut Kernel) -> Option<(Input<P>, NodeId)> {
        let index = self.at(NodeId(event.node));
        match event.what {
            What::Message => {
                let (from, msg) = self.mail.messages.take(event.slot);
                self.lands(index, kernel).then_some((Input::Deliver(from, msg), from))
            }
            What::Request => {
                let (ticket, op) = kernel.wire::<P::Serves>(self.mail.serves).requests.take(event.slot);
                self.lands(index, kernel).then_some((Input::Request(ticket, op), ticket.caller))
            }
            What::Response => {
                let (from, ticket, answer) = kernel.wire::<P::Calls>(self.mail.asks).answers.take(event.slot);
                if !self.lands(index, kernel) {
                    return None;
                }
                let open = *self.mail.calls.get(ticket.slot, ticket.round)?;
                self.mail.calls.take(ticket.slot);
                if let Some(history) = &mut self.mail.history {
                    kernel.answered += u64::from(matches!(answer, Answer::Ok(_)));
                    history.calls[open.record as usize].outcome = match &answer {
                        Answer::Ok(ret) => Outcome::Ok(ret.clone(), kernel.now),
                        Answer::Refused | Answer::Redirect(_) => Outcome::Refused(kernel.now),
                    };
                }
                Some((Input::Response(ticket, answer), from))
            }
            What::Timer => self
                .due(index, event, kernel)
                .then(|| (Input::Timeout(self.free(index, event.slot)), NodeId::NONE)),
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
            | What::Calm => None,
        }
    }

    /// Whether a message finds a process. Counts it either way.
    #[inline]
    fn lands(&self, index: usize, kernel: &mut Kernel) -> bool {
        let up = self.members[index].state.is_some();
        if up {
            kernel.books.traffic.delivered += 1;
        } else {
            kernel.dead(self.members[index].node.hurt());
        }
        up
    }

    /// Whether a message has come to its node: no leg of its way is left, no cut stops it here, and no clog keeps it.
    #[inline]
    pub(super) fn arrives(&mut self, event: &mut Event, kernel: &mut Kernel) -> bool {
        if event.round == Event::GONE {
            self.discard(*event, kernel);
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
                Onward::Dropped => {
                    self.discard(*event, kernel);
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
                self.discard(*event, kernel);
                false
            }
        }
    }

    /// The run queue is full.
    pub(super) fn refuse(&mut self, event: Event, kernel: &mut Kernel) {
        kernel.books.traffic.refused += 1;
        self.discard(event, kernel);
    }

    /// Who sent the message, request or answer of this event.
    pub(super) fn sender(&mut self, event: Event, kernel: &mut Kernel) -> NodeId {
        if event.what == What::Request {
            kernel.wire::<P::Serves>(self.mail.serves).requests.at(event.slot).0.caller
        } else if event.what == What::Response {
            kernel.wire::<P::Calls>(self.mail.asks).answers.at(event.slot).0
        } else {
            self.mail.messages.at(event.slot).0
        }
    }

    /// Frees what a message that does not arrive has held.
    pub(super) fn discard(&mut self, event: Event, kernel: &mut Kernel) {
        if event.what == What::Request {
            kernel.wire::<P::Serves>(self.mail.serves).requests.take(event.slot);
        } else if event.what == What::Response {
            kernel.wire::<P::Calls>(self.mail.asks).answers.take(event.slot);
        } else {
            self.mail.messages.take(event.slot);
        }
    }
}
