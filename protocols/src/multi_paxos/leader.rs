//! Leaders (§3): phase 1 once for all slots, phase 2 for each.
//!
//! "The newly chosen leader executes phase 1 for infinitely many instances of the consensus algorithm at once": one prepare
//! request asks for all slots after those that it knows to be chosen, and a promise answers for all of them. From then on a
//! command costs a round trip to a majority, and several can be under way.

use super::*;

/// So many slots at most are sent again at a time.
const AGAIN: usize = 64;

impl<S: Spec> MultiPaxos<S> {
    /// Phase 1a: nobody leads, so it begins a ballot of its own, with the next number that it has not heard of. That it is on
    /// the disk keeps it from beginning it once more.
    pub(super) fn prepare(&mut self, ctx: &mut Ctx<Self>) {
        let ballot = Ballot { round: self.round + 1, proposer: ctx.index(ctx.me) as u32 };
        self.retire(ballot, ctx);
        self.vain += 1;
        self.standing = Preparing { ballot, promises: Vec::new(), found: BTreeMap::new() };
        self.write(Record::Promised(ballot), ctx);
        ctx.sync();
        let first = self.chosen + 1;
        ctx.broadcast(Prepare { ballot, first });
        self.count_promise(ctx.me, ballot, self.acceptor.accepted_from(first), ctx);
    }

    /// An acceptor promised: what it accepted counts for each slot in the highest ballot.
    pub(super) fn count_promise(
        &mut self,
        from: NodeId,
        ballot: Ballot,
        accepted: BTreeMap<u64, Proposal<S::Op>>,
        ctx: &mut Ctx<Self>,
    ) {
        let (quorum, twice, lowest) =
            (self.quorum(ctx), self.has(Flaw::CountedTwice), self.has(Flaw::LowestBallot));
        let Preparing { ballot: own, promises, found } = &mut self.standing else { return };
        if ballot != *own || promises.contains(&from) && !twice {
            return;
        }
        promises.push(from);
        for (slot, proposal) in accepted {
            let known = found.entry(slot).or_insert_with(|| proposal.clone());
            let counts = if lowest { proposal.0 < known.0 } else { proposal.0 > known.0 };
            if counts {
                *known = proposal;
            }
        }
        if promises.len() >= quorum {
            self.lead(ballot, ctx);
        }
    }

    /// A majority promised: it leads. Phase 2a for the slots in which something was accepted, with "the value of the
    /// highest-numbered proposal among the responses"; the gaps between them it fills with no-ops (§3).
    fn lead(&mut self, ballot: Ballot, ctx: &mut Ctx<Self>) {
        let led = Leading {
            ballot,
            next: self.chosen + 1,
            proposals: BTreeMap::new(),
            heard: BTreeSet::new(),
            sent: BTreeMap::new(),
        };
        let Preparing { mut found, .. } = core::mem::replace(&mut self.standing, led) else { return };
        (self.leader, self.vain) = (Some(ctx.me), 0);
        ctx.cancel(&Silence);
        if self.config.check_quorum {
            ctx.set(Quorum, self.config.election.0);
        }
        if self.has(Flaw::IgnoredAccepted) {
            found.clear();
        }
        let last = found.last_key_value().map_or(0, |(&slot, _)| slot);
        let commands = (self.chosen + 1..=last).filter_map(|slot| match found.remove(&slot) {
            Some((_, command)) => Some((slot, command)),
            None if self.has(Flaw::SkippedGap) => None,
            None => Some((slot, Command::Noop)),
        });
        self.propose(commands.collect(), ctx);
        self.beat(ctx);
    }

    /// Phase 2a for each of these slots. The acceptors write while the leader does: its own acceptance counts at once, since
    /// nothing that follows from it leaves this node before it is on the disk.
    pub(super) fn propose(&mut self, commands: Vec<(u64, Command<S::Op>)>, ctx: &mut Ctx<Self>) {
        let Leading { ballot, .. } = self.standing else { return };
        for (slot, command) in &commands {
            ctx.broadcast(Accept { ballot, slot: *slot, command: command.clone(), chosen: self.chosen });
        }
        let slots: Vec<u64> = commands.iter().map(|(slot, _)| *slot).collect();
        for (slot, command) in commands {
            self.write(Record::Accepted(slot, (ballot, command)), ctx);
            let Leading { next, proposals, .. } = &mut self.standing else { return };
            *next = slot + 1;
            proposals.insert(slot, Pending::default());
        }
        if !slots.is_empty() && !self.has(Flaw::UnsyncedAccept) {
            ctx.sync();
        }
        for slot in slots {
            self.count_accepted(ctx.me, ballot, slot, ctx);
        }
    }

    /// An acceptor accepted. Once a majority has, the value is chosen; values are applied in the order of their slots.
    pub(super) fn count_accepted(&mut self, from: NodeId, ballot: Ballot, slot: u64, ctx: &mut Ctx<Self>) {
        let twice = self.has(Flaw::CountedTwice);
        let Leading { ballot: own, proposals, .. } = &mut self.standing else { return };
        let Some(pending) = proposals.get_mut(&slot).filter(|_| ballot == *own) else { return };
        if !pending.acceptors.contains(&from) || twice {
            pending.acceptors.push(from);
        }
        while self.next_is_chosen(ctx) {
            self.apply(ctx);
        }
    }

    /// Whether a leader knows that the slot after those that it applied is chosen.
    fn next_is_chosen(&self, ctx: &Ctx<Self>) -> bool {
        let Leading { proposals, next, .. } = &self.standing else { return false };
        let quorum = self.quorum(ctx);
        let chosen = |pending: &Pending| pending.acceptors.len() >= quorum;
        match proposals.get(&(self.chosen + 1)) {
            Some(_) if self.has(Flaw::Unordered) => proposals.values().any(chosen),
            Some(pending) => chosen(pending),
            None => self.has(Flaw::SkippedGap) && self.chosen + 1 < *next,
        }
    }

    /// Lets itself be heard, and asks again whoever has not accepted what was proposed before it was heard last.
    pub(super) fn beat(&mut self, ctx: &mut Ctx<Self>) {
        let Leading { ballot, proposals, .. } = &mut self.standing else { return };
        let (ballot, chosen) = (*ballot, self.chosen);
        ctx.broadcast(Alive { ballot, chosen });
        for (&slot, pending) in proposals.iter().filter(|(_, pending)| pending.late).take(AGAIN) {
            let Some((_, command)) = self.acceptor.accepted.get(&slot) else { continue };
            for acceptor in ctx.peers().filter(|peer| !pending.acceptors.contains(peer)) {
                ctx.send(acceptor, Accept { ballot, slot, command: command.clone(), chosen });
            }
        }
        proposals.values_mut().for_each(|pending| pending.late = true);
        ctx.set(Heartbeat, self.config.heartbeat);
    }

    /// A node answers the leader of this ballot.
    pub(super) fn hear(&mut self, from: NodeId, ballot: Ballot) {
        if let Leading { ballot: own, heard, .. } = &mut self.standing
            && *own == ballot
            && self.config.check_quorum
        {
            heard.insert(from);
        }
    }

    /// A leader that no majority has answered for an election timeout may be heard and hear nobody: it makes room. It tries
    /// again like others; the round of whoever leads by then is soon ahead of its own, which it cannot hear of.
    pub(super) fn check_quorum(&mut self, ctx: &mut Ctx<Self>) {
        let quorum = self.quorum(ctx);
        let Leading { ballot, heard, .. } = &mut self.standing else { return };
        heard.insert(ctx.me);
        if heard.len() < quorum {
            let ballot = *ballot;
            return self.retire(ballot, ctx);
        }
        heard.clear();
        ctx.set(Quorum, self.config.election.0);
    }

    /// Tells a learner what it lacks: the leader proposes it again, in its own ballot, in which nothing else can be proposed
    /// for these slots. What was dropped is in the snapshot; one that is on its way is given an election timeout to arrive.
    pub(super) fn teach(&mut self, learner: NodeId, ballot: Ballot, first: u64, ctx: &mut Ctx<Self>) {
        let now = ctx.now();
        let Leading { ballot: own, sent, .. } = &mut self.standing else { return };
        if *own != ballot {
            return;
        }
        let (chosen, prefix) = (self.chosen, &ctx.disk.snapshot().state.prefix);
        let on_its_way =
            sent.get(&learner).is_some_and(|&(slot, at)| first <= slot && now < at + self.config.election.1);
        if first <= prefix.slot && !on_its_way {
            sent.insert(learner, (prefix.slot, now));
            let prefix = Box::new(prefix.clone());
            ctx.send(learner, Snapshot { prefix });
        }
        for (&slot, (_, command)) in
            self.acceptor.accepted.range(first..).take(AGAIN).take_while(|(slot, _)| **slot <= chosen)
        {
            ctx.send(learner, Accept { ballot, slot, command: command.clone(), chosen });
        }
    }

    /// A higher ballot is under way: it neither leads nor is about to, and waits before it tries again.
    pub(super) fn retire(&mut self, ballot: Ballot, ctx: &mut Ctx<Self>) {
        self.round = self.round.max(ballot.round);
        (self.standing, self.leader) = (Following, None);
        ctx.cancel(&Heartbeat);
        ctx.cancel(&Quorum);
        self.wait(ctx);
    }

    /// Waits for another election timeout; after ballots in vain for one out of a wider range.
    pub(super) fn wait(&self, ctx: &mut Ctx<Self>) {
        let (low, high) = self.config.election;
        ctx.set(Silence, low..low + (high - low) * (1 << self.vain.min(3)));
    }

    fn quorum(&self, ctx: &Ctx<Self>) -> usize {
        if self.has(Flaw::SmallQuorum) { ctx.members().len() / 2 } else { ctx.quorum() }
    }
}
