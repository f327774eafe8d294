//! Elections (§5.2, §5.4.1): a server whose timer runs out asks for votes, and leads once a majority has given it theirs.

use super::*;

impl<S: Spec> Raft<S> {
    pub(super) fn campaign(&mut self, ctx: &mut Ctx<Self>) {
        self.follow(self.term + 1, ctx);
        self.rest(ctx);
        let mut votes = vec![None; ctx.members().len()];
        votes[ctx.index(ctx.me)] = Some(true);
        self.standing = Candidate { votes };
        ctx.disk.vote.set((self.term, Some(ctx.me)));
        self.persist(ctx);
        ctx.broadcast(RequestVote { term: self.term, last: last(&ctx.disk.log) });
        self.count(ctx.me, true, ctx);
    }

    pub(super) fn vote(&mut self, candidate: NodeId, term: u64, log: (u64, usize), ctx: &mut Ctx<Self>) {
        let current = term == self.term || self.has(Flaw::UncheckedTerm);
        let free =
            ctx.disk.vote.get().1.is_none_or(|chosen| chosen == candidate) || self.has(Flaw::DoubleVote);
        // "Candidate's log is at least as up-to-date as receiver's log": later last term, or same and longer.
        let up_to_date = log >= last(&ctx.disk.log) || self.has(Flaw::UncheckedLog);
        let granted = current && free && up_to_date;
        if granted {
            ctx.disk.vote.set((self.term, Some(candidate)));
            self.written = true;
            self.rest(ctx);
        }
        if !self.has(Flaw::UnsyncedVote) {
            self.persist(ctx);
        }
        ctx.send(candidate, Vote { term: self.term, granted });
    }

    pub(super) fn count(&mut self, from: NodeId, granted: bool, ctx: &mut Ctx<Self>) {
        let Candidate { votes } = &mut self.standing else { return };
        votes[ctx.index(from)] = Some(granted);
        let half = votes.iter().filter(|vote| **vote == Some(true)).count() >= votes.len() / 2;
        match quorum::poll(votes) {
            Poll::Pending if half && self.has(Flaw::SmallQuorum) => self.lead(ctx),
            Poll::Won => self.lead(ctx),
            // Hopeless: wait for the next term as a follower.
            Poll::Lost => self.standing = Follower,
            Poll::Pending => {}
        }
    }

    pub(super) fn lead(&mut self, ctx: &mut Ctx<Self>) {
        let next = ctx.disk.log.len() + 1;
        let progress = Progress { next, sent: next - 1, ..Progress::default() };
        self.standing =
            Leader { followers: vec![progress; ctx.members().len()], round: 0, lease: Lease::default() };
        self.leader = Some(ctx.me);
        ctx.cancel(&Election);
        // A leader learns what is committed by committing something of its own term (§8).
        self.take(None, ctx);
        self.heartbeat(ctx);
        self.advance(ctx);
    }

    /// Becomes, or stays, a follower in `term`.
    pub(super) fn follow(&mut self, term: u64, ctx: &mut Ctx<Self>) {
        if term > self.term {
            self.term = term;
            self.leader = None;
            ctx.disk.vote.set((term, None));
            self.written = true;
        }
        if let Leader { .. } = self.standing {
            ctx.cancel(&Heartbeat);
            self.rest(ctx);
            self.refuse_reads(ctx);
        }
        self.standing = Follower;
    }

    /// Waits for another election timeout.
    pub(super) fn rest(&self, ctx: &mut Ctx<Self>) {
        ctx.set(Election, self.config.election.0..self.config.election.1);
    }
}
