//! How old was what clients read?
//!
//! A read is *stale* when what it found had certainly been overwritten by a write that was acknowledged before the read
//! was made: somebody had been told that something newer is there. It is stale *by* the time from the earliest such
//! acknowledgement to the read's own call. A read that finds nothing is stale since the first acknowledged write of its
//! key. This is a lower bound: of writes that overlap, and of those whose end nobody knows, none overwrites the other.

use super::index::{Age, Found, Read, Registers};
use crate::time::{Span, Time};
use alloc::vec::Vec;

/// How stale reads were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Staleness {
    /// Reads that were judged.
    pub reads: usize,
    /// Reads left out, because nobody wrote what they found.
    pub unheard: usize,
    /// Reads left out, because what they found may be older than what had been acknowledged, or newer: it was tried
    /// without an answer.
    pub open: usize,
    /// By how much each of the stale ones was, in ascending order.
    pub stale: Vec<Span>,
    /// The stalest read, the first of several.
    pub worst: Option<StaleRead>,
}

/// A read that missed something. Calls are indices into the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StaleRead {
    /// The read.
    pub read: usize,
    /// The acknowledged write that had overwritten what it found.
    pub missed: usize,
    /// By so much.
    pub by: Span,
}

impl Staleness {
    /// So many per cent of the reads were stale by no more than this; fresh ones by nothing. `percent` is above 0 and at
    /// most 100. `None` if there are no reads.
    pub fn percentile(&self, percent: f64) -> Option<Span> {
        let rank = (libm::ceil(percent / 100.0 * self.reads as f64) as usize).clamp(1, self.reads.max(1));
        let fresh = self.reads.checked_sub(self.stale.len()).filter(|_| self.reads > 0)?;
        Some(if rank <= fresh { Span::ZERO } else { self.stale[rank - fresh - 1] })
    }

    /// The share of stale reads, from 0 to 1; `None` if there are no reads.
    pub fn share(&self) -> Option<f64> {
        (self.reads > 0).then(|| self.stale.len() as f64 / self.reads as f64)
    }
}

/// Judges the reads that count.
pub fn staleness(registers: &Registers, counts: impl Fn(&Read) -> bool) -> Staleness {
    let mut found = Staleness::default();
    for key in &registers.keys {
        let writes = Overwrites::of(registers, key.versions.clone());
        for read in registers.reads[key.reads.clone()].iter().filter(|read| counts(read)) {
            if read.found == Found::Unheard {
                found.unheard += 1;
                continue;
            }
            let before = |age| writes.first_over(age).filter(|(acked, _)| *acked < read.called);
            let missed = registers.over(read.found).and_then(before);
            if missed.is_none() && before(registers.stands_for(read.found)).is_some() {
                found.open += 1;
                continue;
            }
            found.reads += 1;
            let Some((acked, missed)) = missed else { continue };
            let by = read.called.since(acked);
            found.stale.push(by);
            let stale = StaleRead { read: read.call, missed, by };
            let worse = |worst: &StaleRead| (worst.by, stale.read) < (stale.by, worst.read);
            if found.worst.as_ref().is_none_or(worse) {
                found.worst = Some(stale);
            }
        }
    }
    found.stale.sort_unstable();
    found
}

/// The acknowledged writes of a key, latest call first, each with the earliest acknowledgement among it and those before
/// it here.
struct Overwrites(Vec<(Time, (Time, usize))>);

impl Overwrites {
    fn of(registers: &Registers, versions: core::ops::Range<usize>) -> Overwrites {
        let mut writes: Vec<(Time, (Time, usize))> = registers.versions[versions]
            .iter()
            .filter_map(|version| Some((version.called, version.acked?)))
            .collect();
        writes.sort_unstable_by(|one, other| other.cmp(one));
        let mut earliest = (Time::MAX, usize::MAX);
        for (_, acked) in &mut writes {
            earliest = earliest.min(*acked);
            *acked = earliest;
        }
        Overwrites(writes)
    }

    /// The earliest acknowledgement of a write that overwrote what is so old.
    fn first_over(&self, age: Age) -> Option<(Time, usize)> {
        let after = self.0.partition_point(|(called, _)| age.before(*called));
        after.checked_sub(1).map(|last| self.0[last].1)
    }
}
