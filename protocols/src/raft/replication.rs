//! Replication (§5.3, §5.4.2): a leader's log becomes everybody's; what a majority holds is committed, and applied in order.

use super::*;

impl<S: Spec> Raft<S> {
    /// A follower's side of AppendEntries: how far its log now agrees with the leader's, or where to try next.
    pub(super) fn append(
        &mut self,
        leader: NodeId,
        prev: (u64, usize),
        entries: Vec<Entry<S::Op>>,
        ctx: &mut Ctx<Self>,
    ) -> Result<usize, usize> {
        self.follow(self.term, ctx);
        self.leader = Some(leader);
        if self.config.reads == Reads::Lease {
            self.heard = ctx.now();
        }
        self.rest(ctx);
        let log = &mut ctx.disk.log;
        if (prev.1 > log.len() || term_at(log, prev.1) != prev.0) && !self.has(Flaw::UncheckedPrevious) {
            return Err(conflict(log, prev.1));
        }
        let matched = prev.1 + entries.len();
        if self.config.flaw == Some(Flaw::AlwaysTruncate) {
            log.truncate(prev.1);
        }
        for (index, entry) in (prev.1 + 1..).zip(entries) {
            // "If an existing entry conflicts with a new one, delete the existing entry and all that follow it."
            if index <= log.len() && term_at(log, index) != entry.term {
                log.truncate(index - 1);
            }
            if index == log.len() + 1 {
                log.push(entry);
                self.written = true;
            }
        }
        Ok(if self.config.flaw == Some(Flaw::OwnMatch) { log.len() } else { matched.min(log.len()) })
    }

    /// The leader's side of the answer.
    pub(super) fn appended(
        &mut self,
        from: NodeId,
        prev: usize,
        matched: Result<usize, usize>,
        round: u64,
        ctx: &mut Ctx<'_, Self>,
    ) {
        let end = ctx.disk.log.len();
        let me = ctx.index(ctx.me);
        let Leader { followers, round: latest, lease } = &mut self.standing else { return };
        let follower = &mut followers[ctx.index(from)];
        follower.silent = 0;
        follower.round = follower.round.max(round);
        if self.config.reads == Reads::Lease {
            followers[me].round = *latest;
            lease.renew(quorum::committed(followers, |f| f.round), &self.config);
        }
        let follower = &mut followers[ctx.index(from)];
        let ask = match matched {
            Ok(index) => {
                // No log agrees with more than there is, whatever a flawed server says.
                follower.matched = follower.matched.max(index.min(end));
                follower.next = follower.matched + 1;
                follower.sent = follower.sent.max(follower.matched);
                follower.probing = false;
                follower.sent < end
            }
            // An answer to an earlier question, or to entries sent before the gap was found.
            Err(_) if prev <= follower.matched || follower.probing && prev != follower.next - 1 => false,
            Err(latest) => {
                let back = match self.config.backtrack {
                    Backtrack::ByOne => prev,
                    Backtrack::ByTerm => latest.min(prev),
                };
                follower.next = back.max(follower.matched + 1);
                follower.sent = follower.next - 1;
                follower.probing = true;
                true
            }
        };
        if ask {
            self.send_entries(from, ctx);
        }
        self.advance(ctx);
    }

    /// "If there exists an N such that N > commitIndex, a majority of matchIndex[i] >= N, and log[N].term ==
    /// currentTerm: set commitIndex = N."
    pub(super) fn advance(&mut self, ctx: &mut Ctx<Self>) {
        let Leader { followers, .. } = &mut self.standing else { return };
        followers[ctx.index(ctx.me)].matched = ctx.disk.log.len();
        // Mostly there is none: that is seen sooner than which one it is.
        if quorum::reached(followers, |f| f.matched > self.commit) {
            let index = quorum::committed(followers, |f| f.matched);
            if term_at(&ctx.disk.log, index) == self.term || self.config.flaw == Some(Flaw::CommitOldTerm) {
                self.commit = index;
            }
        }
        self.apply(ctx);
    }

    /// Lets itself be heard. Who left the last heartbeat unanswered is sent again what it is not known to have.
    pub(super) fn heartbeat(&mut self, ctx: &mut Ctx<'_, Self>) {
        let Leader { followers, .. } = &mut self.standing else { return };
        for follower in followers {
            if follower.silent > 0 || follower.probing {
                follower.sent = follower.next - 1;
            }
            follower.silent = SILENT.min(follower.silent + 1);
        }
        self.announce(ctx);
        ctx.set(Heartbeat, self.config.heartbeat);
    }

    /// A round of AppendEntries to everybody, with what is new to each.
    pub(super) fn announce(&mut self, ctx: &mut Ctx<'_, Self>) {
        let Leader { round, lease, .. } = &mut self.standing else { return };
        *round += 1;
        if self.config.reads == Reads::Lease {
            lease.ask(*round, ctx.now());
        }
        self.persist(ctx);
        for peer in ctx.peers() {
            self.send_entries(peer, ctx);
        }
    }

    /// Sends what is new to the followers that are known to listen.
    pub(super) fn replicate(&mut self, ctx: &mut Ctx<'_, Self>) {
        self.persist(ctx);
        for peer in ctx.peers() {
            if let Leader { followers, .. } = &self.standing
                && let Progress { silent, probing, .. } = followers[ctx.index(peer)]
                && silent < SILENT
                && !probing
            {
                self.send_entries(peer, ctx);
            }
        }
    }

    pub(super) fn send_entries(&mut self, peer: NodeId, ctx: &mut Ctx<'_, Self>) {
        let Leader { followers, round, .. } = &mut self.standing else { return };
        let follower = &mut followers[ctx.index(peer)];
        let log = &ctx.disk.log;
        let prev = follower.sent;
        let end = log.len().min(prev + self.config.batch as usize);
        follower.sent = end;
        let msg = AppendEntries {
            term: self.term,
            prev: (term_at(log, prev), prev),
            entries: log[prev..end].to_vec(),
            commit: self.commit,
            round: *round,
        };
        ctx.send(peer, msg);
    }

    /// "If commitIndex > lastApplied: increment lastApplied, apply log[lastApplied] to state machine."
    pub(super) fn apply(&mut self, ctx: &mut Ctx<Self>) {
        // What is committed is in the log; a flawed server may think otherwise.
        while self.applied < self.commit.min(ctx.disk.log.len()) {
            self.applied += 1;
            let entry = &ctx.disk.log[self.applied - 1];
            let term = entry.term;
            let ret = entry.op.as_ref().map(|op| S::apply(&mut self.machine, op));
            if let Some((asked, ticket)) = self.waiting.remove(&self.applied) {
                // Another entry was committed in this place: the one that was asked for never will be.
                ctx.answer(ticket, ret.filter(|_| asked == term).map_or(Answer::Refused, Answer::Ok));
            }
        }
        self.serve_reads(ctx);
    }
}
