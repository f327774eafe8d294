//! What is remembered of each index: what logs held there, and what was applied.

use crate::raft::Entry;
use core::hash::Hash;
use sim_core::{digest::Digest, prelude::*};

/// An entry by its term and record, and the term before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Held {
    pub(super) term: u64,
    pub(super) record: u64,
    pub(super) before: u64,
}

/// What was applied at an index, as far as anybody can know: what came, was applied and went into a snapshot before there was
/// a look at it, only the snapshot tells of.
#[derive(Clone, Copy, Debug, Hash)]
pub(super) struct Applied {
    /// The term of the server that applied it: it was committed in this term or before.
    pub(super) by: u64,
    pub(super) term: Option<u64>,
    /// Its digest.
    pub(super) record: Option<u64>,
    /// The digest of all records up to it, as snapshots that stand for them have it.
    pub(super) digest: Option<u64>,
}

/// An entry as the digest of a snapshot takes it in.
pub(super) fn record<O: Hash>(entry: &Entry<O>) -> u64 {
    let mut digest = Digest::new();
    entry.hash(&mut digest);
    digest.finish()
}

/// Facts by index, from 1, without the first ones: what the snapshots of all servers stand for is past.
#[derive(Clone, Debug, Hash)]
pub(super) struct Shelf<T> {
    past: usize,
    facts: Vec<T>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Shelf { past: 0, facts: Vec::new() }
    }
}

impl<T: Copy> Shelf<T> {
    /// The index after the last.
    pub(super) fn end(&self) -> usize {
        self.past + self.facts.len() + 1
    }

    pub(super) fn get(&self, index: usize) -> Option<T> {
        self.facts.get(index.checked_sub(self.past + 1)?).copied()
    }

    /// Puts a fact at its end, or at an index beyond, where all before is past then.
    pub(super) fn put(&mut self, index: usize, fact: T) {
        if index > self.end() {
            self.forget(index - 1);
        }
        self.facts.push(fact);
    }

    /// Something else is known of an index at which there is a fact.
    pub(super) fn amend(&mut self, index: usize, fact: T) {
        let place = index - self.past - 1;
        self.facts[place] = fact;
    }

    /// What is up to this index is past.
    fn forget(&mut self, index: usize) {
        let gone = index.saturating_sub(self.past);
        self.facts.drain(..gone.min(self.facts.len()));
        self.past += gone;
    }

    /// What is up to this index may be forgotten: it is when it is half of all, so that it costs little.
    pub(super) fn may_forget(&mut self, index: usize) {
        if index.saturating_sub(self.past) > self.facts.len() / 2 {
            self.forget(index.min(self.end() - 1));
        }
    }
}
