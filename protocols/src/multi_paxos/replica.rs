//! Learners and clients: chosen values are applied in the order of their slots, and whoever got one chosen answers.
//!
//! A learner hears up to which slot all is chosen. If what it accepted in a slot was accepted in the ballot of the leader who
//! says so, it is what was chosen, since a ballot has one value for a slot. Otherwise it cannot tell, and asks.

use super::*;

impl<S: Spec> MultiPaxos<S> {
    /// A leader takes the next slot for a request, reads included; others say who leads, if they know.
    pub(super) fn request(&mut self, ticket: Ticket, op: S::Op, ctx: &mut Ctx<Self>) {
        let Leading { next, .. } = self.standing else {
            return ctx.answer(ticket, self.leader.map_or(Answer::Refused, Answer::Redirect));
        };
        if next - self.chosen > u64::from(self.config.window) {
            return ctx.answer(ticket, Answer::Refused);
        }
        self.propose(vec![(next, Command::Ask(ticket, op))], ctx);
    }

    /// The leader of a ballot that is none below what was promised here is heard.
    pub(super) fn follow(&mut self, leader: NodeId, ballot: Ballot, ctx: &mut Ctx<Self>) {
        self.vain = 0;
        self.retire(ballot, ctx);
        self.leader = Some(leader);
    }

    /// The leader of this ballot says that all up to a slot is chosen.
    pub(super) fn learn(&mut self, ballot: Ballot, chosen: u64, ctx: &mut Ctx<Self>) {
        let unchecked = self.has(Flaw::UncheckedBallot);
        while self.chosen < chosen
            && let Some((accepted, _)) = self.acceptor.accepted.get(&(self.chosen + 1))
            && (*accepted == ballot || unchecked)
        {
            self.apply(ctx);
        }
    }

    /// The slot after those that were applied is chosen: its command is carried out. Only a flawed leader finds none.
    pub(super) fn apply(&mut self, ctx: &mut Ctx<Self>) {
        self.chosen += 1;
        let led = match &mut self.standing {
            Leading { proposals, .. } => proposals.remove(&self.chosen).is_some(),
            Following | Preparing { .. } => false,
        };
        if let Some((_, Command::Ask(ticket, op))) = self.acceptor.accepted.get(&self.chosen) {
            let ret = S::apply(&mut self.machine, op);
            if led {
                ctx.answer(*ticket, Answer::Ok(ret));
            }
        }
        self.mark(ctx);
    }
}
