//! The pending events: a queue that gives back the earliest first, and among equal times the lowest sequence number.
//!
//! A chunked radix ladder (after the ladder queue of Tang, Goh and Thng, 2005, with the digits of the time as rungs).
//! Three places hold events:
//!
//! * `bottom`, a short sorted array with everything before the time `reach`. Pops take from its front.
//! * `rungs`, one per byte of the time. An event from `reach` on lies on the rung of the highest byte in which its time
//!   differs from `now`, in the slot which that byte names. So the lowest occupied slot of the lowest occupied rung
//!   holds the earliest of them.
//! * `pool`, the memory of all slots: chunks of 32 events, chained. A slot is unsorted; a push appends to its last chunk.
//!
//! When `bottom` is empty, it is refilled from the earliest slot: one with a single chunk is sorted into `bottom`; a
//! fuller one is spread over the rungs below, after moving `now` to its start. Each event so moves down at most seven
//! times, mostly once or twice, and always between neighbouring memory. When `bottom` grows too long, it goes back to
//! the rungs. As long as all events fit into `bottom`, `reach` lies beyond the end of time, the rungs do not even have
//! memory, and the queue is a sorted array: the best there is for a few dozen events.

use alloc::{boxed::Box, vec::Vec};
use core::fmt;

/// Events per chunk. At most so many are sorted at once.
const CHUNK: usize = 32;
/// `bottom` goes back to the rungs when it holds more than this.
const BOTTOM_MAX: usize = 2 * CHUNK;
/// The number of values of a byte: slots per rung.
const SLOTS: usize = 256;
/// No chunk.
const NONE: u32 = u32::MAX;
/// Past every time.
const FOREVER: u128 = 1 << 64;

/// Pending events of type `E`, in the order of (time, sequence number).
///
/// The caller's duties:
/// 1. A time is never before that of the last event popped; otherwise [`Queue::push`] panics.
/// 2. No two pending events have both the same time and the same sequence number; their order would be arbitrary.
///    Sequence numbers may come in any order (a re-armed timer returns under its old one).
///
/// Times are nanoseconds, but any unit would do; `u64::MAX` is a time like any other.
///
/// ```
/// use sim_core::queue::Queue;
/// let mut queue = Queue::new();
/// queue.push(20, 0, "timeout");
/// queue.push(10, 2, "second");
/// queue.push(10, 1, "first");
/// assert_eq!(queue.next_at(), Some(10));
/// assert_eq!(queue.pop(), Some((10, 1, "first")));
/// assert_eq!(queue.pop(), Some((10, 2, "second")));
/// assert_eq!(queue.pop(), Some((20, 0, "timeout")));
/// assert_eq!(queue.pop(), None);
/// ```
#[derive(Clone)]
pub struct Queue<E> {
    /// Every event before `reach`, sorted, from index `head` on; what lies before `head` is gone.
    bottom: Vec<Entry<E>>,
    head: usize,
    /// Events before this are in `bottom`, all others on the rungs. 0 when `bottom` was dissolved.
    reach: u128,
    /// What the places on the rungs are relative to. Not after any time on the rungs.
    now: u64,
    /// The time of the last event popped. Not after any time.
    last: u64,
    /// How many events are on the rungs.
    above: usize,
    /// Bit i: rung i has an occupied slot.
    occupied: u32,
    rungs: [Option<Box<Rung>>; 8],
    pool: Pool<E>,
}

#[derive(Clone, Copy)]
struct Entry<E> {
    at: u64,
    seq: u64,
    event: E,
}

impl<E> Entry<E> {
    /// Compares like (time, sequence number), without a branch.
    #[inline(always)]
    fn key(&self) -> u128 {
        u128::from(self.at) << 64 | u128::from(self.seq)
    }
}

/// The slots of one byte of the time.
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

impl<E: Copy> Queue<E> {
    /// An empty queue at time 0. Allocates nothing.
    pub const fn new() -> Queue<E> {
        Queue {
            bottom: Vec::new(),
            head: 0,
            reach: FOREVER,
            now: 0,
            last: 0,
            above: 0,
            occupied: 0,
            rungs: [const { None }; 8],
            pool: Pool { chunks: Vec::new(), next: Vec::new(), free: NONE, taken: 0 },
        }
    }

    /// Adds an event.
    ///
    /// # Panics
    /// If `at` is before the time of the last event popped.
    #[inline]
    pub fn push(&mut self, at: u64, seq: u64, event: E) {
        assert!(at >= self.last, "an event for {at} ns was pushed after {} ns was reached", self.last);
        let entry = Entry { at, seq, event };
        if u128::from(at) >= self.reach {
            self.place(entry);
        } else if self.bottom.len() - self.head < BOTTOM_MAX {
            self.insert(entry);
        } else {
            self.push_to_full(at, seq, event);
        }
    }

    /// Removes the earliest event: its time, its sequence number and what was pushed with them.
    #[inline]
    pub fn pop(&mut self) -> Option<(u64, u64, E)> {
        if self.head == self.bottom.len() && !self.refill() {
            return None;
        }
        let Entry { at, seq, event } = self.bottom[self.head];
        self.head += 1;
        self.last = at;
        Some((at, seq, event))
    }

    /// The time of the earliest event.
    #[inline]
    pub fn next_at(&mut self) -> Option<u64> {
        if self.head == self.bottom.len() && !self.refill() {
            return None;
        }
        Some(self.bottom[self.head].at)
    }

    /// How many events are pending.
    pub fn len(&self) -> usize {
        self.above + self.bottom.len() - self.head
    }

    /// Whether no event is pending.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets all events and returns to time 0, but keeps the memory. Costs as much as there are occupied slots.
    pub fn clear(&mut self) {
        while let Some((level, digit)) = self.earliest() {
            self.vacate(level, digit);
        }
        self.bottom.clear();
        self.head = 0;
        self.reach = FOREVER;
        self.now = 0;
        self.last = 0;
        self.above = 0;
        self.pool.free = NONE;
        self.pool.taken = 0;
    }

    /// Into `bottom`, searching from the late end: most events are later than most.
    #[inline(always)]
    fn insert(&mut self, entry: Entry<E>) {
        if self.bottom.len() == self.bottom.capacity() {
            self.make_room();
        }
        self.bottom.push(entry);
        settle(&mut self.bottom[self.head..], entry);
    }

    /// Drops what was popped from `bottom`, if that makes room worth its cost; else the next push takes more memory.
    #[cold]
    #[inline(never)]
    fn make_room(&mut self) {
        if self.bottom.is_empty() {
            self.bottom.reserve(CHUNK);
        } else if 2 * self.head >= self.bottom.len() {
            self.bottom.copy_within(self.head.., 0);
            self.bottom.truncate(self.bottom.len() - self.head);
            self.head = 0;
        }
    }

    /// A `bottom` that is too long goes back to the rungs, unless all its events are at one time: it would only return.
    #[cold]
    #[inline(never)]
    fn push_to_full(&mut self, at: u64, seq: u64, event: E) {
        let entry = Entry { at, seq, event };
        let (first, last) = (self.bottom[self.head].at, self.bottom[self.bottom.len() - 1].at);
        if first == last && first == entry.at {
            self.insert(entry);
            return;
        }
        // `now` must not be after any time on the rungs. It may be after some in `bottom`, if `next_at` filled that and
        // earlier events came. Then the rungs below the byte that changes are placed anew.
        let level = level_of(self.now ^ self.last);
        self.now = self.last;
        while let Some((low, digit)) = self.earliest()
            && low < level
        {
            self.spread(low, digit);
        }
        self.reach = 0;
        for index in self.head..self.bottom.len() {
            self.place(self.bottom[index]);
        }
        self.bottom.clear();
        self.head = 0;
        self.place(entry);
    }

    /// Onto the rungs.
    #[inline(always)]
    fn place(&mut self, entry: Entry<E>) {
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
        self.above += 1;
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
        self.above -= slot.len as usize;
        slot
    }

    /// Places the events of a slot anew, relative to a `now` that has changed.
    fn spread(&mut self, level: usize, digit: usize) {
        let slot = self.vacate(level, digit);
        let (mut chunk, mut left) = (slot.first, slot.len as usize);
        while left > 0 {
            for index in 0..left.min(CHUNK) {
                self.place(self.pool.chunks[chunk as usize][index]);
            }
            left = left.saturating_sub(CHUNK);
            chunk = self.pool.give_back(chunk);
        }
    }

    /// Fills an empty `bottom` with the earliest events. False when there are none.
    #[cold]
    #[inline(never)]
    fn refill(&mut self) -> bool {
        self.bottom.clear();
        self.head = 0;
        while let Some((level, digit)) = self.earliest() {
            let slot = self.rungs[level].as_ref().expect("an occupied rung has slots").slots[digit];
            let low = (1u64 << (8 * level)) - 1; // the bits that may differ within the slot
            self.now = self.pool.chunks[slot.first as usize][0].at & !low;
            if level == 0 || slot.len as usize <= CHUNK {
                self.serve(level, digit);
                self.reach = if self.above == 0 { FOREVER } else { u128::from(self.now | low) + 1 };
                return true;
            }
            self.spread(level, digit);
        }
        self.reach = FOREVER;
        false
    }

    /// Moves a slot to `bottom` and sorts it. Long ones are of one time, and most come sorted.
    fn serve(&mut self, level: usize, digit: usize) {
        let slot = self.vacate(level, digit);
        let (mut chunk, mut left) = (slot.first, slot.len as usize);
        while left > 0 {
            let count = left.min(CHUNK);
            self.bottom.extend_from_slice(&self.pool.chunks[chunk as usize][..count]);
            left -= count;
            chunk = self.pool.give_back(chunk);
        }
        if self.bottom.len() <= CHUNK {
            for len in 2..=self.bottom.len() {
                let last = self.bottom[len - 1];
                settle(&mut self.bottom[..len], last);
            }
        } else if !self.bottom.is_sorted_by_key(|entry| entry.seq) {
            self.bottom.sort_unstable_by_key(|entry| entry.seq);
        }
    }
}

impl<E: Copy> Default for Queue<E> {
    fn default() -> Queue<E> {
        Queue::new()
    }
}

/// How much there is and how far it has come; the events themselves would fill pages.
impl<E> fmt::Debug for Queue<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = self.above + self.bottom.len() - self.head;
        f.debug_struct("Queue").field("len", &len).field("last", &self.last).finish_non_exhaustive()
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
        assert!(chunk < NONE, "more than 2^37 events are pending");
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
}

/// The highest byte in which two times differ, from their bitwise difference; 0 when they are equal.
#[inline(always)]
fn level_of(difference: u64) -> usize {
    (63 - (difference | 1).leading_zeros() as usize) / 8
}

/// Moves `entry`, which comes last, to its place among the others, which are sorted.
#[inline(always)]
fn settle<E: Copy>(entries: &mut [Entry<E>], entry: Entry<E>) {
    let Some(mut place) = entries.len().checked_sub(1) else { return };
    while place > 0 && entry.key() < entries[place - 1].key() {
        entries[place] = entries[place - 1];
        place -= 1;
    }
    entries[place] = entry;
}
