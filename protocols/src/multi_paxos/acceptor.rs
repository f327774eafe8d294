//! Acceptors (§2.2, §2.5): what they promised and accepted, for all slots, and how it survives.
//!
//! The disk is a journal: every promise and every proposal that was accepted is a record, and the acceptor is what the
//! records come to. A snapshot replaces the first of them: it holds the state machine after some slot, and the acceptor
//! without what it accepted up to there. It is taken of a moment past, `snapshot` slots ago at least, so that learners that
//! are a little behind are still told the values.

use super::*;

/// What is written to the journal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Record<O> {
    /// A ballot was promised.
    Promised(Ballot),
    /// A proposal was accepted in a slot.
    Accepted(u64, Proposal<O>),
    /// All slots up to this one are chosen, and what was accepted in them is what was chosen. Nobody waits for it to be
    /// durable: it spares the next life to ask again.
    Chosen(u64),
}

/// What an acceptor remembers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Acceptor<O> {
    /// The highest ballot that was promised, or accepted in.
    pub promised: Ballot,
    /// What was accepted last in each slot after the snapshot.
    pub accepted: BTreeMap<u64, Proposal<O>>,
    /// The last `Chosen` record.
    pub known: u64,
}

/// What the first slots have come to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Prefix<S: Spec> {
    /// The last of them; 0 is none.
    pub slot: u64,
    /// The state machine after it.
    pub machine: S::State,
}

/// What the first records of a journal have come to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Compacted<S: Spec> {
    /// The slots that were dropped.
    pub prefix: Prefix<S>,
    /// The acceptor, without them.
    pub acceptor: Acceptor<S::Op>,
}

/// What is on the disk.
pub type Journal<S> = Log<Record<<S as Spec>::Op>, Compacted<S>>;

/// A snapshot as it could be taken, and after how many records.
#[derive(Clone, Debug, Hash)]
pub(super) struct Mark<S: Spec> {
    records: usize,
    snapshot: Compacted<S>,
}

impl<O: Clone> Acceptor<O> {
    /// What another record makes of it.
    pub(super) fn take(&mut self, record: &Record<O>) {
        match record {
            Record::Promised(ballot) => self.promised = self.promised.max(*ballot),
            Record::Accepted(slot, proposal) => {
                self.promised = self.promised.max(proposal.0);
                self.accepted.insert(*slot, proposal.clone());
            }
            Record::Chosen(slot) => self.known = self.known.max(*slot),
        }
    }

    /// All that was accepted in the slots from this one on.
    pub(super) fn accepted_from(&self, first: u64) -> BTreeMap<u64, Proposal<O>> {
        self.accepted.range(first..).map(|(&slot, proposal)| (slot, proposal.clone())).collect()
    }
}

impl<S: Spec> MultiPaxos<S> {
    /// What an earlier life left.
    pub(super) fn remembered(config: &Config, ctx: &Ctx<Self>) -> Acceptor<S::Op> {
        let forgets = config.flaw == Some(Flaw::ForgottenPromise);
        let mut acceptor = ctx.disk.snapshot().state.acceptor.clone();
        if forgets {
            acceptor.promised = Ballot::default();
        }
        for record in ctx.disk.iter().filter(|record| !forgets || !matches!(record, Record::Promised(_))) {
            acceptor.take(record);
        }
        acceptor
    }

    /// Phase 1b: "If an acceptor receives a prepare request with number n greater than that of any prepare request to which it
    /// has already responded, then it responds with a promise not to accept any more proposals numbered less than n and with
    /// the highest-numbered proposal (if any) that it has accepted": in every slot from `first` on.
    pub(super) fn promise(&mut self, proposer: NodeId, ballot: Ballot, first: u64, ctx: &mut Ctx<Self>) {
        let promised = self.acceptor.promised;
        if ballot < promised {
            return ctx.send(proposer, Preempted { promised });
        }
        if ballot > promised {
            self.retire(ballot, ctx);
            self.write(Record::Promised(ballot), ctx);
        }
        if !self.has(Flaw::UnsyncedPromise) {
            ctx.sync();
        }
        let prefix = &ctx.disk.snapshot().state.prefix;
        let snapshot = (first <= prefix.slot).then(|| Box::new(prefix.clone()));
        ctx.send(proposer, Promise { ballot, accepted: self.acceptor.accepted_from(first), snapshot });
    }

    /// Phase 2b: "If an acceptor receives an accept request for a proposal numbered n, it accepts the proposal unless it has
    /// already responded to a prepare request having a number greater than n." Whether it did.
    pub(super) fn accept(
        &mut self,
        leader: NodeId,
        slot: u64,
        proposal: Proposal<S::Op>,
        ctx: &mut Ctx<Self>,
    ) -> bool {
        let (ballot, promised) = (proposal.0, self.acceptor.promised);
        if ballot < promised && !self.has(Flaw::BrokenPromise) {
            ctx.send(leader, Preempted { promised });
            return false;
        }
        self.follow(leader, ballot, ctx);
        // What a snapshot stands for is chosen: it can be nothing else, and is not kept twice.
        if slot > ctx.disk.snapshot().state.prefix.slot {
            self.write(Record::Accepted(slot, proposal), ctx);
        }
        if !self.has(Flaw::UnsyncedAccept) {
            ctx.sync();
        }
        ctx.send(leader, Accepted { ballot, slot });
        true
    }

    /// Remembers, for good once it is synced.
    pub(super) fn write(&mut self, record: Record<S::Op>, ctx: &mut Ctx<Self>) {
        self.acceptor.take(&record);
        ctx.disk.push(record);
    }

    /// A slot was applied: if it is one after which snapshots are taken, this is the moment for one. Whoever takes them takes
    /// them after the same slots.
    pub(super) fn mark(&mut self, ctx: &Ctx<Self>) {
        let due = self.config.snapshot.is_some_and(|every| self.chosen.is_multiple_of(u64::from(every)));
        if due {
            let prefix = Prefix { slot: self.chosen, machine: self.machine.clone() };
            let accepted = self.acceptor.accepted_from(self.chosen + 1);
            let acceptor = Acceptor { accepted, known: self.chosen, ..self.acceptor };
            self.marks.push_back(Mark { records: ctx.disk.end(), snapshot: Compacted { prefix, acceptor } });
        }
    }

    /// Notes what is chosen, and replaces the records before the last mark that is old enough.
    pub(super) fn tidy(&mut self, ctx: &mut Ctx<Self>) {
        if self.chosen > self.acceptor.known {
            self.write(Record::Chosen(self.chosen), ctx);
        }
        let every = u64::from(self.config.snapshot.unwrap_or_default());
        let mut due = None;
        while self.marks.front().is_some_and(|mark| mark.snapshot.prefix.slot + every <= self.chosen) {
            due = self.marks.pop_front();
        }
        if let Some(Mark { records, snapshot }) = due {
            self.acceptor.accepted = self.acceptor.accepted.split_off(&(snapshot.prefix.slot + 1));
            ctx.disk.compact(records, snapshot);
        }
    }

    /// Takes over what somebody else's first slots have come to. As an acceptor it forgets nothing but what was chosen.
    pub(super) fn install(&mut self, prefix: Prefix<S>, ctx: &mut Ctx<Self>) {
        if prefix.slot <= self.chosen {
            return;
        }
        (self.chosen, self.machine) = (prefix.slot, prefix.machine.clone());
        self.marks.clear();
        self.acceptor.accepted = self.acceptor.accepted.split_off(&(prefix.slot + 1));
        if self.has(Flaw::WholesaleSnapshot) {
            self.acceptor.accepted.clear();
        }
        self.acceptor.known = self.acceptor.known.max(prefix.slot);
        ctx.disk.compact(ctx.disk.end(), Compacted { prefix, acceptor: self.acceptor.clone() });
    }
}

impl<O> Default for Acceptor<O> {
    fn default() -> Self {
        Acceptor { promised: Ballot::default(), accepted: BTreeMap::new(), known: 0 }
    }
}

impl<S: Spec> Default for Compacted<S> {
    fn default() -> Self {
        let prefix = Prefix { slot: 0, machine: S::State::default() };
        Compacted { prefix, acceptor: Acceptor::default() }
    }
}
