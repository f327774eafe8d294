//! Elections (§5.2, §5.4.1): a server whose timer runs out asks for votes, and leads once a majority has given it theirs.

use super::*;

impl<S: Spec> Raft<S> {
    /// The election timer ran out.
    pub(super) fn stand(&mut self, ctx: &mut Ctx<Self>) {
        if !self.members.votes(ctx.me) {
            return self.rest(ctx);
        }
        if !self.config.pre_vote {
            return self.campaign(false, ctx);
        }
        // "A candidate would first ask other servers whether its log is sufficiently up-to-date to get their vote" (§9.6).
        self.follow(self.term, ctx);
        self.rest(ctx);
        self.standing = PreCandidate { votes: self.own_vote(ctx) };
        self.ask_all(&PreVote { term: self.term + 1, last: last(&ctx.disk.log) }, ctx);
        self.count_pre_vote(ctx.me, true, ctx);
    }

    /// Asks for votes, because nobody leads or because the leader `told` it to.
    pub(super) fn campaign(&mut self, told: bool, ctx: &mut Ctx<Self>) {
        self.follow(self.term + 1, ctx);
        self.rest(ctx);
        self.standing = Candidate { votes: self.own_vote(ctx) };
        ctx.disk.vote.set((self.term, Some(ctx.me)));
        self.persist(ctx);
        self.ask_all(&RequestVote { term: self.term, last: last(&ctx.disk.log), told }, ctx);
        if self.members.one_decides() {
            // Nobody else's vote says that its own is on the disk: it comes back, over the node's link to itself, when it is.
            return ctx.send(ctx.me, Vote { term: self.term, granted: true });
        }
        self.count(ctx.me, true, ctx);
    }

    fn own_vote(&self, ctx: &Ctx<Self>) -> Vec<Option<bool>> {
        let mut votes = vec![None; ctx.members().len()];
        votes[ctx.index(ctx.me)] = Some(true);
        votes
    }

    fn ask_all(&self, question: &Msg<S>, ctx: &mut Ctx<Self>) {
        for &voter in self.members.all().iter().filter(|&&node| self.members.votes(node)) {
            if voter != ctx.me {
                ctx.send(voter, question.clone());
            }
        }
    }

    /// Whether it would vote for a candidate of this term, if it stood.
    pub(super) fn pre_vote(&mut self, candidate: NodeId, term: u64, log: (u64, usize), ctx: &mut Ctx<Self>) {
        let led = matches!(self.standing, Leader { .. }) || self.hears_a_leader(ctx);
        let granted = term > self.term && log >= last(&ctx.disk.log) && !led;
        let term = if granted { term } else { self.term };
        ctx.send(candidate, PreVoted { term, granted });
    }

    pub(super) fn count_pre_vote(&mut self, from: NodeId, granted: bool, ctx: &mut Ctx<Self>) {
        if self.has(Flaw::PreVoteCounts) {
            self.count(from, granted, ctx);
        }
        let PreCandidate { votes } = &mut self.standing else { return };
        votes[ctx.index(from)] = Some(granted);
        match self.members.poll(|node| votes[ctx.index(node)]) {
            Poll::Won => self.campaign(false, ctx),
            Poll::Lost => self.standing = Follower,
            Poll::Pending => {}
        }
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
        let half =
            votes.iter().filter(|vote| **vote == Some(true)).count() >= self.members.voters().len() / 2;
        match self.members.poll(|node| votes[ctx.index(node)]) {
            Poll::Pending if half && self.has(Flaw::SmallQuorum) => self.lead(ctx),
            Poll::Won => self.lead(ctx),
            // Hopeless: wait for the next term as a follower.
            Poll::Lost => self.standing = Follower,
            Poll::Pending => {}
        }
    }

    pub(super) fn lead(&mut self, ctx: &mut Ctx<Self>) {
        let next = ctx.disk.log.end() + 1;
        let progress = Progress { next, sent: next - 1, ..Progress::default() };
        let followers = vec![progress; ctx.members().len()];
        self.standing = Leader { followers, round: 0, lease: Lease::default(), successor: None };
        self.leader = Some(ctx.me);
        ctx.cancel(&Election);
        if self.config.check_quorum {
            ctx.set(Quorum, self.config.election.0);
        }
        // A leader learns what is committed by committing something of its own term (§8).
        self.take(Command::Noop, ctx);
        self.heartbeat(ctx);
        self.advance(ctx);
        self.pursue(ctx);
    }

    /// "A leader steps down if an election timeout elapses without a successful round of heartbeats to a majority of its
    /// cluster" (dissertation §6.2).
    pub(super) fn check_quorum(&mut self, ctx: &mut Ctx<Self>) {
        let Leader { followers, .. } = &mut self.standing else { return };
        followers[ctx.index(ctx.me)].answered = true;
        if !self.members.reached(|node| followers[ctx.index(node)].answered) {
            return self.follow(self.term, ctx);
        }
        followers.iter_mut().for_each(|follower| follower.answered = false);
        ctx.set(Quorum, self.config.election.0);
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
            for timer in [Heartbeat, Quorum, Resume] {
                ctx.cancel(&timer);
            }
            self.leader = None;
            self.rest(ctx);
            self.refuse_reads(ctx);
        }
        self.standing = Follower;
    }

    /// Whether it heard a leader within the shortest election timeout, or is one.
    pub(super) fn hears_a_leader(&self, ctx: &mut Ctx<Self>) -> bool {
        let leads = self.config.check_quorum && matches!(self.standing, Leader { .. });
        leads || ctx.now() < self.heard + self.config.election.0
    }

    /// Waits for another election timeout.
    pub(super) fn rest(&self, ctx: &mut Ctx<Self>) {
        ctx.set(Election, self.config.election.0..self.config.election.1);
    }
}
