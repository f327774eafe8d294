//! Each server as it was seen last, so that a look at it costs what has changed.

use super::facts::record;
use crate::raft::{Journal, Raft, Standing, last, term_at};
use sim_core::prelude::*;

#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Seen {
    /// For how many entries its snapshot stands.
    pub(super) start: usize,
    /// The entries after it.
    entries: Vec<Known>,
    /// What it has applied as the only voter, and what may not be durable yet: index, entry, and the term that it led.
    pub(super) tentative: VecDeque<(usize, (Known, u64))>,
    pub(super) glance: Glance,
}

/// What tells at a glance whether anything changed at a server that properties look at. Logs are cut and appended to,
/// nothing else, so one that ends as it did is as it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Glance {
    /// Term and index of its last entry.
    last: (u64, usize),
    pub(super) start: usize,
    pub(super) applied: usize,
    /// How much it has applied beyond that, and may forget again.
    pub(super) tentative: usize,
    /// Whether it is a majority.
    alone: bool,
    /// The term that it leads, and that in which it is a candidate; 0 if it does not, and is not.
    pub(super) leads: u64,
    pub(super) campaigns: u64,
}

impl Glance {
    /// A server that is the only voter applies before its disk is done, and only its answers wait: what a crash takes back
    /// nobody was told of. So that counts as applied when it is durable.
    #[inline]
    pub(super) fn at<S: Spec>(view: &View<'_, Raft<S>>, node: NodeId, seen: &Seen) -> Glance {
        let log = &view.disk(node).log;
        let (last, start) = (last(log), log.start());
        let Some(state) = view.state(node) else { return Glance { last, start, ..Glance::default() } };
        let (leads, campaigns) = match state.standing {
            Standing::Follower | Standing::PreCandidate { .. } => (0, 0),
            Standing::Candidate { .. } => (0, state.term),
            Standing::Leader { .. } => (state.term, 0),
        };
        let alone = leads != 0 && state.members.one_decides();
        // It may have added voters since, in the very step in which it applied.
        let careful = alone || seen.glance.alone || !seen.tentative.is_empty();
        let applied = if careful { state.applied.min(log.durable()) } else { state.applied };
        Glance { last, start, applied, tentative: state.applied - applied, alone, leads, campaigns }
    }
}

/// An entry by its term, and as the digest of a snapshot has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Known {
    pub(super) term: u64,
    pub(super) record: u64,
}

impl Seen {
    /// The index of the last entry.
    pub(super) fn end(&self) -> usize {
        self.start + self.entries.len()
    }

    pub(super) fn get(&self, index: usize) -> Option<Known> {
        self.entries.get(index.checked_sub(self.start + 1)?).copied()
    }

    /// The first index at which `log` is another one than was seen. Logs are cut and appended to, nothing else, so the last
    /// index that agrees is found from the end.
    pub(super) fn first_change<S: Spec>(&self, log: &Journal<S>) -> usize {
        let start = log.start();
        let mut kept = if self.start <= start { self.end().min(log.end()).max(start) } else { start };
        while kept > start && self.entries[kept - self.start - 1].term != term_at(log, kept) {
            kept -= 1;
        }
        kept + 1
    }

    /// Sees what `log` holds from index `first` on, where it is another one than was seen.
    pub(super) fn see<S: Spec>(&mut self, first: usize, log: &Journal<S>) {
        if first <= self.start || first > self.end() + 1 {
            (self.start, self.entries) = (log.start(), Vec::new());
        }
        self.entries.truncate(first - self.start - 1);
        let new = &log[first - log.start() - 1..];
        self.entries.extend(new.iter().map(|entry| Known { term: entry.term, record: record(entry) }));
    }

    /// A snapshot stands for so many entries.
    pub(super) fn compact(&mut self, start: usize) {
        self.entries.drain(..start - self.start);
        self.start = start;
    }
}
