//! Leadership transfer (dissertation §3.10): a leader that is to go brings its successor up to date, takes no requests
//! meanwhile, and tells it to campaign at once. Who does not lead by the end of an election timeout never will, and the old
//! leader goes on.

use super::*;

impl<S: Spec> Raft<S> {
    /// The operator asks for transfer number `which`. Only a leader listens.
    pub(super) fn hand_over(&mut self, which: u32, ctx: &mut Ctx<Self>) {
        let target = numbered(&[self.config.transfers[which as usize].to], ctx.members());
        let voter = target[0] != ctx.me && self.members.voters().contains(&target[0]);
        let Leader { successor, .. } = &mut self.standing else { return };
        if voter && successor.is_none() {
            *successor = Some(target[0]);
            ctx.set(Resume, self.config.election.0);
            self.tell_successor(ctx);
        }
    }

    /// "Once the target's log is up to date": it is told to campaign. From here on others may lead, so a lease is over.
    pub(super) fn tell_successor(&mut self, ctx: &mut Ctx<Self>) {
        let Leader { successor: Some(successor), followers, lease, .. } = &mut self.standing else { return };
        if followers[ctx.index(*successor)].matched == ctx.disk.log.end() {
            if self.config.flaw != Some(Flaw::LeaseAfterTransfer) {
                lease.give_up();
            }
            ctx.send(*successor, TimeoutNow { term: self.term });
        }
    }

    /// The successor did not make it.
    pub(super) fn resume(&mut self) {
        if let Leader { successor, .. } = &mut self.standing {
            *successor = None;
        }
    }
}
