//! A queue beside a sorted map that does the same. A fuzzer includes it as well as the tests.

use sim_core::queue::Queue;
use std::collections::BTreeMap;

/// One use of the queue. Times are relative to the last event popped.
#[derive(Clone, Debug)]
pub(crate) enum Use {
    /// A push at this distance.
    Push(u64),
    /// Pushes at one time, so many.
    Burst(u64, u8),
    /// A push this far before `u64::MAX`.
    Late(u64),
    /// A push under a sequence number from long ago.
    Repost(u64),
    /// Pops, so many.
    Pop(u8),
    /// Pops, each answered by a push at one of two distances.
    Hold(u16, u64, u64),
    /// Pushes of ever earlier events, looking at the next one after each.
    Descend(u8),
    /// A look at the next time.
    Look,
    /// All pops that are left, and a jump ahead.
    Drain,
    /// Forget everything.
    Clear,
    /// Go on with a copy.
    Copy,
}

/// The queue and the map side by side.
pub(crate) struct Pair {
    queue: Queue<u64>,
    map: BTreeMap<(u64, u64), u64>,
    last: u64,
    seq: u64,
    next_old: u64,
}

/// Sequence numbers below this are for events that are pushed again.
const OLD: u64 = 1 << 32;

impl Pair {
    pub(crate) fn new() -> Pair {
        Pair { queue: Queue::new(), map: BTreeMap::new(), last: 0, seq: OLD, next_old: OLD }
    }

    fn push_at(&mut self, at: u64, seq: u64) {
        let event = seq.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.queue.push(at, seq, event);
        assert_eq!(self.map.insert((at, seq), event), None);
        assert_eq!(self.queue.len(), self.map.len());
    }

    pub(crate) fn push(&mut self, distance: u64) {
        self.seq += 1;
        self.push_at(self.last.saturating_add(distance), self.seq);
    }

    pub(crate) fn pop(&mut self) -> bool {
        let expected = self.map.pop_first().map(|((at, seq), event)| (at, seq, event));
        assert_eq!(self.queue.pop(), expected);
        assert_eq!(self.queue.is_empty(), self.map.is_empty());
        self.last = expected.map_or(self.last, |(at, _, _)| at);
        expected.is_some()
    }

    fn look(&mut self) {
        assert_eq!(self.queue.next_at(), self.map.keys().next().map(|&(at, _)| at));
    }

    pub(crate) fn step(&mut self, what: &Use) {
        match *what {
            Use::Push(distance) => self.push(distance),
            Use::Burst(distance, count) => (0..count).for_each(|_| self.push(distance)),
            Use::Late(before) => {
                self.seq += 1;
                self.push_at(self.last.max(u64::MAX - before), self.seq);
            }
            Use::Repost(distance) => {
                self.next_old -= 1;
                self.push_at(self.last.saturating_add(distance), self.next_old);
            }
            Use::Pop(count) => (0..count).for_each(|_| _ = self.pop()),
            Use::Hold(count, near, far) => (0..count).for_each(|turn| {
                if self.pop() {
                    self.push(if turn % 3 == 0 { far } else { near.saturating_add(u64::from(turn)) });
                }
            }),
            Use::Descend(count) => (0..count).rev().for_each(|step| {
                self.push(u64::from(step) * 1_000);
                self.look();
            }),
            Use::Look => self.look(),
            Use::Drain => while self.pop() {},
            Use::Clear => {
                self.queue.clear();
                self.map.clear();
                self.last = 0;
                assert_eq!(self.queue.next_at(), None);
            }
            Use::Copy => {
                let mut original = self.queue.clone();
                core::mem::swap(&mut original, &mut self.queue);
                // What happens to the original must not be seen by the copy.
                while original.pop().is_some() {}
                original.push(u64::MAX, 0, 0);
            }
        }
    }
}
