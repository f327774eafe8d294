//! Log compaction (§7; dissertation chapter 5): a snapshot stands for the first entries of the log.
//!
//! Each server takes a snapshot of its state machine every so many entries, and replaces the log up to the one before that:
//! the entries between the two are kept for followers that are a little behind. A follower that needs what is gone gets the
//! leader's snapshot, in one message of its full size; the paper cuts it into chunks.

use super::*;

/// What the first entries of a log have come to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Snapshot<S: Spec> {
    /// The term of the last of them.
    pub term: u64,
    /// The state machine after them.
    pub machine: S::State,
    /// Who takes part after them.
    pub members: Members,
}

impl<S: Spec> Default for Snapshot<S> {
    fn default() -> Snapshot<S> {
        Snapshot { term: 0, machine: S::State::default(), members: Members::default() }
    }
}

/// A snapshot as the disk has it: it says for how many entries it stands.
pub type Compacted<S> = sim_core::disk::Snapshot<Snapshot<S>>;

/// A log, and the snapshot before it.
pub type Journal<S> = Log<Entry<<S as Spec>::Op>, Snapshot<S>>;

/// A state machine as it was, and after how many entries.
#[derive(Clone, Debug, Hash)]
pub(super) struct Mark<S: Spec> {
    index: usize,
    machine: S::State,
}

impl<S: Spec> Raft<S> {
    /// Takes a snapshot when it is time for one.
    pub(super) fn compact(&mut self, ctx: &mut Ctx<Self>) {
        let Some(every) = self.config.snapshot else { return };
        let log = &mut ctx.disk.log;
        let last = self.mark.as_ref().map_or(log.start(), |mark| mark.index).max(log.start());
        if self.applied < last + every as usize {
            return;
        }
        let now = Mark { index: self.applied, machine: self.machine.clone() };
        let Some(Mark { index, machine }) = self.mark.replace(now) else { return };
        if index > log.start() {
            let term = term_at(log, index);
            let members = match self.changed {
                changed if changed <= index => self.members.clone(),
                _ => Self::members_at(&self.config, index, ctx).1,
            };
            ctx.disk.log.compact(index, Snapshot { term, machine, members });
            self.written = true;
        }
    }

    /// A follower's side of InstallSnapshot: how far its log now agrees with the leader's.
    pub(super) fn install(&mut self, snapshot: Compacted<S>, ctx: &mut Ctx<Self>) -> usize {
        let (index, log) = (snapshot.len(), &mut ctx.disk.log);
        // What was committed is what the snapshot stands for, and was perhaps more.
        if index <= self.commit && !self.has(Flaw::StaleSnapshot) {
            return index;
        }
        let Snapshot { term, machine, .. } = snapshot.state.clone();
        // "If existing log entry has same index and term as snapshot's last included entry, retain log entries following it."
        if (log.start()..=log.end()).contains(&index) && term_at(log, index) == term {
            log.compact(index, snapshot.state);
        } else {
            // "Discard the entire log."
            log.install(snapshot);
        }
        (self.machine, self.commit, self.applied, self.mark) = (machine, index, index, None);
        // What became of requests in these entries is not known here.
        self.waiting = self.waiting.split_off(&(index + 1));
        (self.changed, self.members) = Self::members_at(&self.config, ctx.disk.log.end(), ctx);
        self.written = true;
        index
    }
}

impl<S: Spec> Message for Snapshot<S> {
    fn bytes(&self) -> u64 {
        16 + self.machine.bytes() + self.members.bytes()
    }
}
