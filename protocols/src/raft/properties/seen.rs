//! Each server as it was seen last, so that a look at it costs what has changed.

use super::facts::Applied;
use crate::raft::{Journal, Raft, Standing, last};
use sim_core::prelude::*;

#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Seen {
    /// For how many entries its snapshot stands.
    pub(super) start: usize,
    /// The terms of the entries after it.
    pub(super) terms: Vec<u64>,
    /// What it has applied as the only voter, and what may not be durable yet.
    pub(super) tentative: VecDeque<(usize, Applied)>,
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

impl Seen {
    /// The first index at which `log` is another one than was seen. Logs are cut and appended to, nothing else, so the last
    /// index that agrees is found from the end.
    pub(super) fn first_change<S: Spec>(&mut self, log: &Journal<S>) -> usize {
        match log.start().checked_sub(self.start) {
            Some(0) => {}
            Some(dropped) if dropped <= self.terms.len() => drop(self.terms.drain(..dropped)),
            Some(_) | None => self.terms.clear(),
        }
        self.start = log.start();
        let mut kept = self.terms.len().min(log.len());
        while kept > 0 && self.terms[kept - 1] != log[kept - 1].term {
            kept -= 1;
        }
        self.start + kept + 1
    }
}
