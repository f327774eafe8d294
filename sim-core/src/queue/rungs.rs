//! Events sorted coarsely by time: one rung per byte of the time, one slot per value of that byte.
//!
//! An event lies on the rung of the highest byte in which its time differs from `now`, in the slot which that byte
//! names. So the lowest occupied slot of the lowest occupied rung holds the earliest events, and every slot of a rung
//! covers a span of 256 slots of the rung below. Nothing within a slot is sorted: a push appends to its last chunk.
//!
//! To get the earliest events, that slot is taken if it fills no more than one chunk; a fuller one is spread over the
//! rungs below, after moving `now` to its start. Each event so moves down at most seven times, mostly once or twice,
//! and between neighbouring memory; that is why a million pending events cost little more than a thousand.
//!
//! Whatever is rare is kept out of line and gets its event in registers: a push that goes through memory on the stack
//! takes half as long again.

use alloc::{boxed::Box, vec::Vec};

/// Events per chunk: at most so many, unless of one time, are taken at once.
pub(super) const CHUNK: usize = 32;
/// The rungs up to this one have slots in which a time and a place in a chunk fit into a key of 31 bits.
const NARROW: usize = 3;
/// The end of time.
pub(super) const FOREVER: u64 = u64::MAX;
/// Events that leave a slot together are told ahead of time if they are fewer: more would be forgotten again before their
/// turn.
const AHEAD_MAX: u32 = 1024;
/// The number of values of a byte: slots per rung.
const SLOTS: usize = 256;
/// No chunk.
const NONE: u32 = u32::MAX;

#[derive(Clone, Copy)]
pub(super) struct Entry<E> {
    pub(super) at: u64,
    pub(super) seq: u64,
    pub(super) event: E,
}

#[derive(Clone)]
pub(super) struct Rungs<E> {
    /// What the places are relative to. Not after any time here.
    now: u64,
    /// How many events there are.
    len: usize,
    /// Bit i: rung i has an occupied slot.
    occupied: u32,
    /// The rung of the lowest byte first; each has memory from its first use on.
    rungs: [Option<Box<Rung>>; 8],
    pool: Pool<E>,
}

#[derive(Clone)]
struct Rung {
    slots: [Slot; SLOTS],
    /// One bit per slot that is not empty.
    occupied: [u64; SLOTS / 64],
    /// How many are not empty.
    used: u32,
}

/// A chain of chunks, all full but the last.
#[derive(Clone, Copy)]
struct Slot {
    first: u32,
    last: u32,
    len: u32,
}

const EMPTY: Slot = Slot { first: NONE, last: NONE, len: 0 };

/// The memory of all slots.
#[derive(Clone)]
struct Pool<E> {
    chunks: Vec<[Entry<E>; CHUNK]>,
    /// For each chunk, the one after it in its chain, or in the chain of those given back.
    next: Vec<u32>,
    /// The first of those given back.
    free: u32,
    /// How many chunks were taken since the last `clear`; the ones after them are free too.
    taken: u32,
}

impl<E> Entry<E> {
    /// Compares like (time, sequence number), without a branch.
    #[inline(always)]
    pub(super) fn key(&self) -> u128 {
        u128::from(self.at) << 64 | u128::from(self.seq)
    }
}

impl<E: Copy> Rungs<E> {
    pub(super) const fn new() -> Rungs<E> {
        let pool = Pool { chunks: Vec::new(), next: Vec::new(), free: NONE, taken: 0 };
        Rungs { now: 0, len: 0, occupied: 0, rungs: [const { None }; 8], pool }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Adds an event, which must not be before `now`.
    #[inline(always)]
    pub(super) fn place(&mut self, entry: Entry<E>) {
        let level = level_of(entry.at ^ self.now);
        let digit = usize::from((entry.at >> (8 * level)) as u8);
        let rung = self.rungs[level].get_or_insert_with(Rung::new);
        let slot = &mut rung.slots[digit];
        let offset = slot.len as usize % CHUNK;
        if offset == 0 {
            let chunk = self.pool.take(entry);
            if slot.len == 0 {
                slot.first = chunk;
                rung.occupied[digit / 64] |= 1 << (digit % 64);
                rung.used += 1;
                self.occupied |= 1 << level;
            } else {
                self.pool.next[slot.last as usize] = chunk;
            }
            slot.last = chunk;
        } else {
            self.pool.chunks[slot.last as usize][offset] = entry;
        }
        slot.len += 1;
        self.len += 1;
    }

    /// Moves the earliest events to the end of `into`, mostly sorted by time: no more than a chunk of them unless their times are
    /// equal. Every event up to the time returned was among them.
    ///
    /// Calls `ahead` for events that will be among the earliest soon.
    pub(super) fn take_earliest(&mut self, into: &mut Vec<Entry<E>>, ahead: &mut impl FnMut(E)) -> u64 {
        while let Some((level, digit)) = self.earliest() {
            let slot = self.vacate(level, digit);
            let low = (1u64 << (8 * level)) - 1; // the bits that may differ within the slot
            self.now = self.pool.chunks[slot.first as usize][0].at & !low;
            if level == 0 || slot.len as usize <= CHUNK {
                let first = into.len();
                if slot.len as usize <= CHUNK && level <= NARROW {
                    self.pool.drain_chunk(slot, self.now, into);
                } else {
                    self.pool.drain(slot, into);
                }
                if slot.len < AHEAD_MAX {
                    into[first..].iter().for_each(|entry| ahead(entry.event));
                }
                return if self.len == 0 { FOREVER } else { self.now | low };
            }
            if slot.len < AHEAD_MAX {
                self.pool.each(slot, ahead);
            }
            self.spread(slot);
        }
        FOREVER
    }

    /// Sets `now` to an earlier time, or to a later one that none of the events here is before. Events that lie on the
    /// rungs below the highest byte to change are placed anew; there are none if `now` did not go back.
    pub(super) fn rewind(&mut self, now: u64) {
        let changed = level_of(self.now ^ now);
        self.now = now;
        while let Some((level, digit)) = self.earliest()
            && level < changed
        {
            let slot = self.vacate(level, digit);
            self.spread(slot);
        }
    }

    /// Forgets all events and returns to time 0, but keeps the memory. Costs as much as there are occupied slots.
    pub(super) fn clear(&mut self) {
        while let Some((level, digit)) = self.earliest() {
            self.vacate(level, digit);
        }
        assert_eq!(self.len, 0, "every event is in an occupied slot");
        self.now = 0;
        self.pool.free = NONE;
        self.pool.taken = 0;
    }

    /// The level and the digit of the earliest occupied slot.
    #[inline]
    fn earliest(&self) -> Option<(usize, usize)> {
        let level = self.occupied.trailing_zeros() as usize;
        let words = &self.rungs.get(level)?.as_ref()?.occupied;
        let word = words.iter().position(|&bits| bits != 0)?;
        Some((level, 64 * word + words[word].trailing_zeros() as usize))
    }

    /// Takes a slot off its rung.
    #[inline]
    fn vacate(&mut self, level: usize, digit: usize) -> Slot {
        let rung = self.rungs[level].as_mut().expect("an occupied rung has slots");
        rung.occupied[digit / 64] &= !(1 << (digit % 64));
        rung.used -= 1;
        if rung.used == 0 {
            self.occupied &= !(1 << level);
        }
        let slot = core::mem::replace(&mut rung.slots[digit], EMPTY);
        self.len -= slot.len as usize;
        slot
    }

    /// Places the events of a vacated slot anew, relative to a `now` that has changed.
    fn spread(&mut self, slot: Slot) {
        let (mut chunk, mut left) = (slot.first, slot.len as usize);
        while left > 0 {
            for index in 0..left.min(CHUNK) {
                self.place(self.pool.chunks[chunk as usize][index]);
            }
            left = left.saturating_sub(CHUNK);
            chunk = self.pool.give_back(chunk);
        }
    }
}

impl Rung {
    #[cold]
    #[inline(never)]
    fn new() -> Box<Rung> {
        Box::new(Rung { slots: [EMPTY; SLOTS], occupied: [0; SLOTS / 64], used: 0 })
    }
}

impl<E: Copy> Pool<E> {
    /// A chunk that begins with `entry`.
    #[inline]
    fn take(&mut self, entry: Entry<E>) -> u32 {
        let chunk = self.free;
        if chunk == NONE {
            return self.take_fresh(entry.at, entry.seq, entry.event);
        }
        self.free = self.next[chunk as usize];
        self.chunks[chunk as usize][0] = entry;
        chunk
    }

    /// One not taken since the last `clear`.
    #[cold]
    #[inline(never)]
    fn take_fresh(&mut self, at: u64, seq: u64, event: E) -> u32 {
        let entry = Entry { at, seq, event };
        let chunk = self.taken;
        assert!(chunk < u32::MAX / CHUNK as u32, "more than 2^32 events are pending");
        if chunk as usize == self.chunks.len() {
            self.chunks.push([entry; CHUNK]);
            self.next.push(NONE);
        }
        self.chunks[chunk as usize][0] = entry;
        self.taken += 1;
        chunk
    }

    /// Frees a chunk; returns the one that followed it.
    fn give_back(&mut self, chunk: u32) -> u32 {
        let after = core::mem::replace(&mut self.next[chunk as usize], self.free);
        self.free = chunk;
        after
    }

    /// Calls `act` for each event of a slot.
    fn each(&self, slot: Slot, act: &mut impl FnMut(E)) {
        let (mut chunk, mut left) = (slot.first as usize, slot.len as usize);
        while left > 0 {
            let count = left.min(CHUNK);
            self.chunks[chunk][..count].iter().for_each(|entry| act(entry.event));
            left -= count;
            chunk = self.next[chunk] as usize;
        }
    }

    /// Copies out the events of a vacated slot that fill a chunk at most, by time, and frees that. None is before `now`. How many
    /// keys are less than its own is the place of an event: counted over all of them, without a branch that depends on one,
    /// since to guess wrong once an event would cost more.
    #[inline]
    fn drain_chunk(&mut self, slot: Slot, now: u64, into: &mut Vec<Entry<E>>) {
        let entries = &self.chunks[slot.first as usize][..slot.len as usize];
        // In a small world most are alone.
        if let [only] = entries {
            into.push(*only);
            self.give_back(slot.first);
            return;
        }
        let first = into.len();
        into.extend_from_slice(entries);
        let sorted = &mut into[first..];
        // Most chunks hold at most eight, and each is compared with as many as there can be.
        match entries.len() {
            0..=8 => sort_into::<E, 8>(sorted, entries, now),
            9..=16 => sort_into::<E, 16>(sorted, entries, now),
            _ => sort_into::<E, CHUNK>(sorted, entries, now),
        }
        self.give_back(slot.first);
    }

    /// Copies out the events of a vacated slot and frees its chunks.
    fn drain(&mut self, slot: Slot, into: &mut Vec<Entry<E>>) {
        let (mut chunk, mut left) = (slot.first, slot.len as usize);
        while left > 0 {
            let count = left.min(CHUNK);
            into.extend_from_slice(&self.chunks[chunk as usize][..count]);
            left -= count;
            chunk = self.give_back(chunk);
        }
    }
}

/// Sorts at most `N` entries by time.
#[inline(always)]
fn sort_into<E: Copy, const N: usize>(sorted: &mut [Entry<E>], entries: &[Entry<E>], now: u64) {
    let mut keys = [i32::MAX; N];
    for (index, (key, entry)) in keys.iter_mut().zip(entries).enumerate() {
        *key = ((entry.at - now) << CHUNK.trailing_zeros()) as i32 | index as i32;
    }
    for (entry, key) in entries.iter().zip(keys) {
        let place = keys.iter().map(|other| i32::from(*other < key)).sum::<i32>();
        sorted[place as usize] = *entry;
    }
}

/// The highest byte in which two times differ, from their bitwise difference; 0 when they are equal.
#[inline(always)]
fn level_of(difference: u64) -> usize {
    (63 - (difference | 1).leading_zeros() as usize) / 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again() {
        let mut rungs = Rungs::new();
        let mut earliest = Vec::new();
        for round in 0..3 {
            for seq in 0..200_000 {
                if rungs.len() >= 1_000 {
                    earliest.clear();
                    rungs.take_earliest(&mut earliest, &mut |()| {});
                }
                let at = rungs.now + (seq * 7_919) % 1_000_003;
                rungs.place(Entry { at, seq, event: () });
            }
            // Each of the 1,000 could be alone in a chunk.
            assert!(rungs.pool.chunks.len() <= 1_001, "round {round}: {} chunks", rungs.pool.chunks.len());
            rungs.clear();
        }
    }

    #[test]
    fn only_the_rungs_that_are_used_have_memory() {
        let mut rungs = Rungs::new();
        rungs.place(Entry { at: 0x0100, seq: 0, event: () });
        rungs.place(Entry { at: u64::MAX, seq: 1, event: () });
        let with_memory: Vec<usize> = (0..8).filter(|&level| rungs.rungs[level].is_some()).collect();
        assert_eq!(with_memory, [1, 7]);
    }
}
