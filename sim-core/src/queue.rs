//! The pending events: a queue that gives back the earliest first, and among equal times the lowest sequence number.
//!
//! A chunked radix ladder (after the ladder queue of Tang, Goh and Thng, 2005, with the bytes of the time as rungs).
//! Two places hold events:
//!
//! * `bottom`, a short sorted array with everything up to the time `reach`. Pops take from its front.
//! * `rungs`, unsorted, with everything later: coarsely by time, and the coarser the further ahead.
//!
//! When `bottom` is empty, the rungs fill it with the earliest few dozen events. When it grows too long, it goes back
//! to them. As long as all events fit into `bottom`, `reach` is the end of time, the rungs do not even have
//! memory, and the queue is a sorted array: the best there is for a few dozen events.

mod rungs;

use alloc::vec::Vec;
use core::fmt;
use rungs::{CHUNK, Entry, FOREVER, Rungs};

/// `bottom` goes back to the rungs when it would hold more than this.
const BOTTOM_MAX: usize = 2 * CHUNK;

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
    /// Every event up to `reach`, sorted, from index `head` on; what lies before `head` is gone.
    bottom: Vec<Entry<E>>,
    head: usize,
    /// Events up to this time are in `bottom`, all later ones on the rungs.
    reach: u64,
    /// The time of the last event popped. Not after any time.
    last: u64,
    rungs: Rungs<E>,
}

impl<E: Copy> Queue<E> {
    /// An empty queue at time 0. Allocates nothing.
    pub const fn new() -> Queue<E> {
        Queue { bottom: Vec::new(), head: 0, reach: FOREVER, last: 0, rungs: Rungs::new() }
    }

    /// Adds an event.
    ///
    /// # Panics
    /// If `at` is before the time of the last event popped.
    #[inline]
    pub fn push(&mut self, at: u64, seq: u64, event: E) {
        assert!(at >= self.last, "an event for {at} ns was pushed after {} ns was reached", self.last);
        if at > self.reach {
            self.rungs.place(Entry { at, seq, event });
        } else if self.bottom.len() - self.head < BOTTOM_MAX {
            self.insert(Entry { at, seq, event });
        } else {
            self.push_to_full(at, seq, event);
        }
    }

    /// Removes the earliest event: its time, its sequence number and what was pushed with them.
    #[inline]
    pub fn pop(&mut self) -> Option<(u64, u64, E)> {
        self.pop_by(u64::MAX)
    }

    /// Removes the earliest event, unless it is later than `latest`.
    #[inline]
    pub fn pop_by(&mut self, latest: u64) -> Option<(u64, u64, E)> {
        if self.head == self.bottom.len() && !self.refill(&mut |_| {}) {
            return None;
        }
        let Entry { at, seq, event } = self.bottom[self.head];
        if at > latest {
            return None;
        }
        self.head += 1;
        self.last = at;
        Some((at, seq, event))
    }

    /// The time of the earliest event.
    #[inline]
    pub fn next_at(&mut self) -> Option<u64> {
        if self.head == self.bottom.len() && !self.refill(&mut |_| {}) {
            return None;
        }
        Some(self.bottom[self.head].at)
    }

    /// Sorts out the next events if none is sorted, and says how many are. Calls `ahead` for most events, once or a few
    /// times before they are popped, together with others whose time comes near: for looking up what they will need. A queue
    /// that is only popped does the same by itself, without a word.
    #[inline]
    pub fn fetch(&mut self, mut ahead: impl FnMut(E)) -> usize {
        if self.head == self.bottom.len() {
            self.refill(&mut ahead);
        }
        self.bottom.len() - self.head
    }

    /// The next events, as far as they are sorted.
    pub fn sorted(&self) -> impl Iterator<Item = E> {
        self.bottom[self.head..].iter().map(|entry| entry.event)
    }

    /// How many events are pending.
    pub const fn len(&self) -> usize {
        self.bottom.len() - self.head + self.rungs.len()
    }

    /// Whether no event is pending.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets all events and returns to time 0, but keeps the memory. Costs less than popping them all would.
    pub fn clear(&mut self) {
        self.bottom.clear();
        self.head = 0;
        self.reach = FOREVER;
        self.last = 0;
        self.rungs.clear();
    }

    /// Fills an empty `bottom` with the earliest events. False when there are none.
    #[cold]
    #[inline(never)]
    fn refill(&mut self, ahead: &mut impl FnMut(E)) -> bool {
        self.bottom.clear();
        self.head = 0;
        self.reach = self.rungs.take_earliest(&mut self.bottom, ahead);
        if self.bottom.len() <= CHUNK {
            // Mostly they came sorted by time, and those of equal times in the order of their numbers.
            for len in 2..=self.bottom.len() {
                let last = self.bottom[len - 1];
                settle(&mut self.bottom[..len], last);
            }
        } else if !self.bottom.is_sorted_by_key(|entry| entry.seq) {
            // So many come only if their times are equal.
            self.bottom.sort_unstable_by_key(|entry| entry.seq);
        }
        !self.bottom.is_empty()
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
            self.bottom.drain(..self.head);
            self.head = 0;
        }
    }

    /// A `bottom` that is too long goes back to the rungs, unless all its events are at one time: it would only return.
    #[cold]
    #[inline(never)]
    fn push_to_full(&mut self, at: u64, seq: u64, event: E) {
        let entry = Entry { at, seq, event };
        if self.bottom[self.head].at == at && self.bottom[self.bottom.len() - 1].at == at {
            self.insert(entry);
            return;
        }
        self.rungs.rewind(self.last);
        for &entry in &self.bottom[self.head..] {
            self.rungs.place(entry);
        }
        self.rungs.place(entry);
        self.refill(&mut |_| {});
    }
}

impl<E: Copy> Default for Queue<E> {
    fn default() -> Queue<E> {
        Queue::new()
    }
}

/// How much there is and how far it has come; the events themselves would fill pages.
impl<E: Copy> fmt::Debug for Queue<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("len", &self.len()).field("last", &self.last).finish_non_exhaustive()
    }
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
