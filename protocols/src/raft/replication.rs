//! Replication (§5.3, §5.4.2): a leader's log becomes everybody's; what a majority holds is committed, and applied in order.

use super::*;

impl<S: Spec> Raft<S> {
    /// The leader of this term is heard.
    pub(super) fn hear(&mut self, leader: NodeId, ctx: &mut Ctx<Self>) {
        self.follow(self.term, ctx);
        self.leader = Some(leader);
        if self.config.faithful() {
            self.heard = ctx.now();
        }
        self.rest(ctx);
    }

    /// A follower's side of AppendEntries: how far its log now agrees with the leader's, or where to try next.
    pub(super) fn append(
        &mut self,
        prev: (u64, usize),
        entries: Vec<Entry<S::Op>>,
        ctx: &mut Ctx<Self>,
    ) -> Result<usize, usize> {
        let log = &mut ctx.disk.log;
        let start = log.start();
        // How far the log was cut down.
        let mut cut = usize::MAX;
        let agrees = || prev.1 < start || prev.1 <= log.end() && term_at(log, prev.1) == prev.0;
        if !self.has(Flaw::UncheckedPrevious) && !agrees() {
            return Err(conflict(log, prev.1));
        }
        let matched = prev.1 + entries.len();
        if self.config.flaw == Some(Flaw::AlwaysTruncate) {
            cut = prev.1.clamp(start, log.end());
            log.truncate(cut);
        }
        for (index, entry) in (prev.1 + 1..).zip(entries) {
            // What a snapshot stands for is committed, and so the same in every log.
            if index <= start {
                continue;
            }
            // "If an existing entry conflicts with a new one, delete the existing entry and all that follow it."
            if index <= log.end() && term_at(log, index) != entry.term {
                cut = index - 1;
                log.truncate(cut);
            }
            if index == log.end() + 1 {
                if let Command::Change(members) = &entry.command {
                    (self.changed, self.members) = (index, (**members).clone());
                }
                log.push(entry);
                self.written = true;
            }
        }
        let end = log.end();
        // A Change that was cut off is no longer in force, unless another came after it.
        if cut < self.changed {
            (self.changed, self.members) = Self::members_at(&self.config, end, ctx);
        }
        Ok(if self.config.flaw == Some(Flaw::OwnMatch) { end } else { matched.min(end) })
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
        let end = ctx.disk.log.end();
        let me = ctx.index(ctx.me);
        let Leader { followers, round: latest, lease, .. } = &mut self.standing else { return };
        let follower = &mut followers[ctx.index(from)];
        follower.silent = 0;
        follower.answered = true;
        follower.round = follower.round.max(round);
        if self.config.reads == Reads::Lease {
            followers[me].round = *latest;
            lease.renew(self.members.committed(|node| followers[ctx.index(node)].round), &self.config);
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
        if self.wish.is_some() {
            self.pursue(ctx);
        }
        if let Leader { successor: Some(successor), .. } = self.standing
            && successor == from
        {
            self.tell_successor(ctx);
        }
    }

    /// "If there exists an N such that N > commitIndex, a majority of matchIndex[i] >= N, and log[N].term ==
    /// currentTerm: set commitIndex = N."
    pub(super) fn advance(&mut self, ctx: &mut Ctx<Self>) {
        let Leader { followers, .. } = &mut self.standing else { return };
        followers[ctx.index(ctx.me)].matched = ctx.disk.log.end();
        let before = self.commit;
        let matched = |node| followers[ctx.index(node)].matched;
        let new_majority = || quorum::reached(self.members.voters(), |&node| matched(node) > before);
        // Mostly there is none: that is seen sooner than which one it is.
        if self.members.reached(|node| matched(node) > before) {
            let index = self.members.committed(matched);
            if term_at(&ctx.disk.log, index) == self.term || self.config.flaw == Some(Flaw::CommitOldTerm) {
                self.commit = index;
            }
        } else if self.config.flaw == Some(Flaw::NewMajority) && new_majority() {
            self.commit = quorum::committed(self.members.voters(), |&node| matched(node));
        }
        self.apply(ctx);
        if (before + 1..=self.commit).contains(&self.changed) {
            self.changed(ctx);
        }
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
        for at in 0..self.members.all().len() {
            let peer = self.members.all()[at];
            if peer != ctx.me {
                self.send_entries(peer, ctx);
            }
        }
    }

    /// Sends what is new to the followers that are known to listen.
    pub(super) fn replicate(&mut self, ctx: &mut Ctx<'_, Self>) {
        self.persist(ctx);
        for at in 0..self.members.all().len() {
            let peer = self.members.all()[at];
            if let Leader { followers, .. } = &self.standing
                && peer != ctx.me
                && let Progress { silent, probing, .. } = followers[ctx.index(peer)]
                && silent < SILENT
                && !probing
            {
                self.send_entries(peer, ctx);
            }
        }
    }

    fn send_entries(&mut self, peer: NodeId, ctx: &mut Ctx<'_, Self>) {
        let Leader { followers, round, .. } = &mut self.standing else { return };
        let follower = &mut followers[ctx.index(peer)];
        let log = &ctx.disk.log;
        let start = log.start();
        if follower.sent < start {
            follower.sent = start;
            let snapshot = Box::new(log.snapshot().clone());
            return ctx.send(peer, InstallSnapshot { term: self.term, snapshot, round: *round });
        }
        let prev = follower.sent;
        let end = log.end().min(prev + self.config.batch as usize);
        follower.sent = end;
        let msg = AppendEntries {
            term: self.term,
            prev: (term_at(log, prev), prev),
            entries: log[prev - start..end - start].to_vec(),
            commit: self.commit,
            round: *round,
        };
        ctx.send(peer, msg);
    }

    /// "If commitIndex > lastApplied: increment lastApplied, apply log[lastApplied] to state machine."
    pub(super) fn apply(&mut self, ctx: &mut Ctx<Self>) {
        // What is committed is in the log; a flawed server may think otherwise.
        while self.applied < self.commit.min(ctx.disk.log.end()) {
            self.applied += 1;
            let Entry { term, command } = entry_at(&ctx.disk.log, self.applied);
            let term = *term;
            let ret = match command {
                Command::Apply(op) => Some(S::apply(&mut self.machine, op)),
                Command::Noop | Command::Change(_) => None,
            };
            if let Some((asked, ticket)) = self.waiting.remove(&self.applied) {
                // Another entry was committed in this place: the one that was asked for never will be.
                ctx.answer(ticket, ret.filter(|_| asked == term).map_or(Answer::Refused, Answer::Ok));
            }
        }
        self.compact(ctx);
        self.serve_reads(ctx);
    }
}
