//! Timers: when they are due, and how a clock moves them.

use super::Members;
use crate::{
    kernel::{Event, Kernel, What},
    mail::Armed,
    protocol::{NodeId, Protocol},
    time::{Span, Time},
};

impl<P: Protocol> Members<P> {
    /// Whether a timer is due when its event is. Of a dead life, or cancelled: its slot is freed. Moved since its event
    /// was posted: the event is posted again, in the place that the timer has now.
    pub(super) fn due(&mut self, index: usize, event: Event, kernel: &mut Kernel) -> bool {
        let life = self.members[index].node.life;
        // A timer that was moved forward by its node's clock left an event behind where it would have fired before.
        let Some(armed) = self.mail.timers.get(event.slot, event.round) else { return false };
        if armed.life != life || armed.at == Time::MAX {
            self.free(index, event.slot);
            return false;
        }
        if (armed.at, armed.seq) != armed.queued && armed.at >= kernel.now {
            armed.queued = (armed.at, armed.seq);
            kernel.post_as(armed.at, armed.seq, event);
            return false;
        }
        armed.at <= kernel.now
    }

    /// Moves the timers of a node: what is left of each becomes what `moved` makes of it. How many there are.
    pub(super) fn retime(&mut self, index: usize, kernel: &mut Kernel, moved: impl Fn(Span) -> Span) -> u64 {
        let me = NodeId(self.first.0 + index as u32);
        let life = self.members[index].node.life;
        // One that is due waits where it is.
        let now = kernel.now;
        let runs = |armed: &Armed<P::Timer>| {
            armed.owner == me && armed.life == life && armed.at > now && armed.at != Time::MAX
        };
        let mut slots = self.mail.timers.slots(runs);
        kernel.draws();
        slots.sort_by_key(|&(slot, _)| (self.mail.timers.at(slot).at, self.mail.timers.at(slot).seq));
        for &(slot, round) in &slots {
            let armed = self.mail.timers.at(slot);
            (armed.at, armed.seq) = (kernel.now + moved(armed.at.since(kernel.now)), kernel.ticket());
            if armed.at < armed.queued.0 {
                armed.queued = (armed.at, armed.seq);
                kernel.post_as(armed.at, armed.seq, Event { node: me.0, slot, round, what: What::Timer });
            }
        }
        slots.len() as u64
    }

    /// Frees a timer's slot. What it says, and the sequence number under which it was set.
    #[inline]
    pub(super) fn free(&mut self, index: usize, slot: u32) -> (P::Timer, u64) {
        self.members[index].node.unlist(slot, &mut self.mail.timers);
        let Armed { timer, seq, .. } = self.mail.timers.take(slot);
        (timer, seq)
    }
}
