//! Sets of configurations, of which none says less than another.

use super::states::NONE;
use alloc::vec::Vec;

/// One explanation of the answers so far.
///
/// `left` are the calls that may still happen, `owed` those that must: a call that has not happened is in both, one
/// that has is in neither, and one that is in `left` alone may be taken either way (see `frontier.rs`). A call that
/// never gets an answer is in `left` until it is used. Reads are in `owed` only.
#[derive(Clone, Copy, Debug)]
pub(super) struct Configuration<'a> {
    pub(super) state: u32,
    /// The call that made this state, for reports: no part of what the configuration is.
    pub(super) last: u32,
    pub(super) left: &'a [u64],
    pub(super) owed: &'a [u64],
}

impl Configuration<'_> {
    /// Whether everything that can follow `other` can follow this one: same state, more that may happen, less that
    /// must.
    fn covers(&self, other: &Configuration<'_>) -> bool {
        self.state == other.state
            && other.left.iter().zip(self.left).all(|(theirs, ours)| theirs & !ours == 0)
            && self.owed.iter().zip(other.owed).all(|(ours, theirs)| ours & !theirs == 0)
    }
}

/// Configurations in the order in which they were added, to be found by state.
#[derive(Debug, Default)]
pub(super) struct Antichain {
    /// Words per set of calls.
    width: usize,
    members: Vec<Member>,
    /// Per member `left`, then `owed`.
    bits: Vec<u64>,
    /// Per state the first member with that state.
    first: Vec<u32>,
    /// Comparisons made since the last time they were collected.
    pub(super) compared: u64,
}

#[derive(Clone, Copy, Debug)]
struct Member {
    state: u32,
    last: u32,
    /// The next member with the same state.
    next: u32,
}

impl Antichain {
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    /// Words of memory in use.
    pub(super) fn words(&self) -> u64 {
        (self.bits.len() + 2 * self.members.len()) as u64
    }

    pub(super) fn get(&self, index: usize) -> Configuration<'_> {
        let Member { state, last, .. } = self.members[index];
        let (left, owed) = self.bits[2 * self.width * index..][..2 * self.width].split_at(self.width);
        Configuration { state, last, left, owed }
    }

    /// The calls that may happen and those that must, to be changed in place: a call was made.
    pub(super) fn calls_mut(&mut self, index: usize) -> (&mut [u64], &mut [u64]) {
        self.bits[2 * self.width * index..][..2 * self.width].split_at_mut(self.width)
    }

    /// Empties the set; later members have `width` words per set of calls.
    pub(super) fn clear(&mut self, width: usize) {
        for member in self.members.drain(..) {
            if let Some(first) = self.first.get_mut(member.state as usize) {
                *first = NONE;
            }
        }
        self.bits.clear();
        self.width = width;
    }

    /// Whether a member covers `new`.
    pub(super) fn covers(&mut self, new: &Configuration<'_>) -> bool {
        let mut index = self.first.get(new.state as usize).copied().unwrap_or(NONE);
        while index != NONE {
            self.compared += self.width as u64;
            if self.get(index as usize).covers(new) {
                return true;
            }
            index = self.members[index as usize].next;
        }
        false
    }

    /// Adds `new`, whatever else is there.
    pub(super) fn push(&mut self, new: &Configuration<'_>) {
        let state = new.state as usize;
        if self.first.len() <= state {
            self.first.resize(state + 1, NONE);
        }
        let next = core::mem::replace(&mut self.first[state], self.members.len() as u32);
        self.members.push(Member { state: new.state, last: new.last, next });
        self.bits.extend_from_slice(new.left);
        self.bits.extend_from_slice(new.owed);
    }

    /// Takes the members of `other` that no other member of it covers, in their order; of equals, the first.
    pub(super) fn take_best(&mut self, other: &mut Antichain) {
        self.clear(other.width);
        for index in 0..other.len() {
            if !other.is_covered_by_another(index) {
                self.push(&other.get(index));
            }
        }
        self.compared += core::mem::take(&mut other.compared);
    }

    fn is_covered_by_another(&mut self, index: usize) -> bool {
        let mut at = self.first[self.members[index].state as usize];
        while at != NONE {
            let (ours, theirs) = (self.get(index), self.get(at as usize));
            if at as usize != index && theirs.covers(&ours) && (index > at as usize || !ours.covers(&theirs))
            {
                return true;
            }
            self.compared += self.width as u64;
            at = self.members[at as usize].next;
        }
        false
    }

    /// Renames the states after they were renumbered; the set can then be read and cleared, but not searched.
    pub(super) fn rename(&mut self, mut name: impl FnMut(u32) -> u32) {
        self.first.clear();
        for member in &mut self.members {
            member.state = name(member.state);
        }
    }

    /// Gives every set of calls `width` words.
    pub(super) fn widen(&mut self, width: usize) {
        let mut bits = Vec::with_capacity(2 * width * self.len());
        for set in self.bits.chunks_exact(self.width.max(1)) {
            bits.extend_from_slice(set);
            bits.resize(bits.len() + width - self.width, 0);
        }
        self.bits = bits;
        self.width = width;
    }
}

/// Whether `calls` contains `slot`.
pub(super) fn has(calls: &[u64], slot: usize) -> bool {
    calls[slot / 64] >> (slot % 64) & 1 == 1
}

/// Adds `slot` to `calls`.
pub(super) fn add(calls: &mut [u64], slot: usize) {
    calls[slot / 64] |= 1 << (slot % 64);
}

/// Takes `slot` out of `calls`.
pub(super) fn remove(calls: &mut [u64], slot: usize) {
    calls[slot / 64] &= !(1 << (slot % 64));
}

/// The members of `calls`, ascending.
pub(super) fn each(calls: &[u64]) -> impl Iterator<Item = usize> {
    calls.iter().enumerate().flat_map(|(word, &bits)| {
        core::iter::successors((bits != 0).then_some(bits), |bits| {
            Some(bits & (bits - 1)).filter(|rest| *rest != 0)
        })
        .map(move |bits| word * 64 + bits.trailing_zeros() as usize)
    })
}
