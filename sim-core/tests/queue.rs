//! The queue against a sorted map: any sequence of operations, the same answers.

use proptest::{prelude::*, test_runner::RngSeed};
use sim_core::queue::Queue;
use std::collections::BTreeMap;

/// One use of the queue. Times are relative to the last event popped.
#[derive(Clone, Debug)]
enum Use {
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

/// Distances of every magnitude: none, within a byte, around the borders between bytes, and up to centuries.
fn distance() -> impl Strategy<Value = u64> {
    prop_oneof![
        2 => Just(0),
        2 => 0..4_u64,
        2 => 0..1_000_u64,
        4 => 1_000_000..10_000_000_u64,
        2 => (0..62_u32, -2..3_i64).prop_map(|(bits, off)| (1_u64 << bits).saturating_add_signed(off)),
        1 => any::<u64>(),
    ]
}

fn uses() -> impl Strategy<Value = Vec<Use>> {
    let one = prop_oneof![
        8 => distance().prop_map(Use::Push),
        2 => (distance(), any::<u8>()).prop_map(|(distance, count)| Use::Burst(distance, count)),
        1 => (0..300_u64).prop_map(Use::Late),
        4 => distance().prop_map(Use::Repost),
        6 => (0..40_u8).prop_map(Use::Pop),
        3 => (0..400_u16, distance(), distance()).prop_map(|(count, near, far)| Use::Hold(count, near, far)),
        1 => any::<u8>().prop_map(Use::Descend),
        3 => Just(Use::Look),
        1 => Just(Use::Drain),
        1 => Just(Use::Clear),
        1 => Just(Use::Copy),
    ];
    prop::collection::vec(one, 1..150)
}

/// The queue and the map side by side.
struct Pair {
    queue: Queue<u64>,
    map: BTreeMap<(u64, u64), u64>,
    last: u64,
    seq: u64,
    next_old: u64,
}

/// Sequence numbers below this are for events that are pushed again.
const OLD: u64 = 1 << 32;

impl Pair {
    fn new() -> Pair {
        Pair { queue: Queue::new(), map: BTreeMap::new(), last: 0, seq: OLD, next_old: OLD }
    }

    fn push_at(&mut self, at: u64, seq: u64) {
        let event = seq.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.queue.push(at, seq, event);
        assert_eq!(self.map.insert((at, seq), event), None);
        assert_eq!(self.queue.len(), self.map.len());
    }

    fn push(&mut self, distance: u64) {
        self.seq += 1;
        self.push_at(self.last.saturating_add(distance), self.seq);
    }

    fn pop(&mut self) -> bool {
        let expected = self.map.pop_first().map(|((at, seq), event)| (at, seq, event));
        assert_eq!(self.queue.pop(), expected);
        assert_eq!(self.queue.is_empty(), self.map.is_empty());
        self.last = expected.map_or(self.last, |(at, _, _)| at);
        expected.is_some()
    }

    fn look(&mut self) {
        assert_eq!(self.queue.next_at(), self.map.keys().next().map(|&(at, _)| at));
    }

    fn step(&mut self, what: &Use) {
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
                    self.push(if turn % 3 == 0 { far } else { near + u64::from(turn) });
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_queue_gives_back_what_a_sorted_map_gives_back(uses in uses()) {
        let mut pair = Pair::new();
        uses.iter().for_each(|one| pair.step(one));
        while pair.pop() {}
    }
}

#[test]
fn holds_of_every_size_agree_with_a_sorted_map() {
    for count in [1, 2, 31, 32, 33, 63, 64, 65, 66, 100, 1_000, 20_000] {
        for spread in [1, 50, 1_000, 9_000_000, 1 << 40] {
            let mut pair = Pair::new();
            let mut random = 1_u64;
            let mut distance = || {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                if random >> 62 == 0 { 0 } else { (random >> 16) % spread }
            };
            (0..count).for_each(|_| pair.push(distance()));
            for _ in 0..20_000 {
                assert!(pair.pop());
                pair.push(distance());
            }
            while pair.pop() {}
        }
    }
}

#[test]
fn many_equal_times_keep_their_sequence_even_when_old_ones_return() {
    let mut pair = Pair::new();
    for round in 0..3_000_u64 {
        pair.step(&if round % 7 == 3 { Use::Repost(5_000) } else { Use::Push(5_000) });
        pair.push(round % 11);
    }
    for _ in 0..4_000 {
        pair.pop();
        pair.push(0);
        pair.step(&Use::Repost(0));
    }
    while pair.pop() {}
}

#[test]
#[should_panic(expected = "an event for 9 ns was pushed after 10 ns was reached")]
fn the_past_is_closed() {
    let mut queue = Queue::new();
    queue.push(10, 0, ());
    queue.pop();
    queue.push(9, 1, ());
}

#[test]
fn a_cleared_queue_starts_again_at_time_zero() {
    let mut queue = Queue::new();
    for count in [10, 5_000, 70] {
        (0..count).for_each(|seq| queue.push(seq * 1_000_003 % 65_537, seq, seq));
        queue.pop();
        queue.clear();
        assert!(queue.is_empty());
        assert_eq!(queue.pop(), None);
        queue.push(0, 0, 0);
        assert_eq!(queue.pop(), Some((0, 0, 0)));
        queue.clear();
    }
}
