//! Clients (§8, dissertation §6): writes go through the log; how reads are answered is configured.

use super::*;

impl<S: Spec> Raft<S> {
    pub(super) fn request(&mut self, ticket: Ticket, op: S::Op, ctx: &mut Ctx<Self>) {
        let read = S::is_read(&op);
        if read && self.config.reads == Reads::Local {
            return ctx.answer(ticket, Answer::Ok(S::apply(&mut self.machine, &op)));
        }
        if !matches!(self.standing, Leader { .. }) {
            return ctx.answer(ticket, self.leader.map_or(Answer::Refused, Answer::Redirect));
        }
        if let Leader { successor: Some(_), .. } = self.standing
            && !(read && self.has(Flaw::LeaseAfterTransfer))
        {
            return ctx.answer(ticket, Answer::Refused);
        }
        if read && self.config.reads != Reads::Log {
            return self.read(ticket, op, ctx);
        }
        self.take(Command::Apply(op), ctx);
        self.waiting.insert(ctx.disk.log.end(), (self.term, ticket));
        self.replicate(ctx);
        self.advance(ctx);
    }

    /// Notes the commit index and asks everybody whether this server still leads; a lease says so without asking.
    pub(super) fn read(&mut self, ticket: Ticket, op: S::Op, ctx: &mut Ctx<Self>) {
        let Leader { lease, .. } = &self.standing else { return };
        let leased =
            self.config.reads == Reads::Lease && lease.holds(ctx.now()) || self.has(Flaw::UnconfirmedRead);
        if !leased {
            self.announce(ctx);
        }
        let Leader { round, .. } = self.standing else { return };
        let round = if leased { 0 } else { round };
        // Before an entry of its own term is committed, a leader does not know the commit index: not below its no-op.
        let log = &ctx.disk.log;
        let opening = match log.snapshot().state.term {
            term if term == self.term => 0,
            _ => log.start() + log.partition_point(|entry| entry.term < self.term) + 1,
        };
        self.reads.push_back(Read { round, index: self.commit.max(opening), op, ticket });
        self.serve_reads(ctx);
    }

    pub(super) fn serve_reads(&mut self, ctx: &mut Ctx<Self>) {
        if self.reads.is_empty() {
            return;
        }
        let Leader { followers, round, .. } = &mut self.standing else { return };
        followers[ctx.index(ctx.me)].round = *round;
        while let Some(read) = self.reads.front()
            && read.index <= self.applied
            && self.members.reached(|node| followers[ctx.index(node)].round >= read.round)
        {
            let read = self.reads.pop_front().expect("there is a front");
            ctx.answer(read.ticket, Answer::Ok(S::apply(&mut self.machine, &read.op)));
        }
    }

    /// A server that no longer leads cannot vouch for what it would read.
    pub(super) fn refuse_reads(&mut self, ctx: &mut Ctx<Self>) {
        for read in core::mem::take(&mut self.reads) {
            ctx.answer(read.ticket, Answer::Refused);
        }
    }
}
