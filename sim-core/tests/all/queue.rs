//! The queue against a sorted map: any sequence of operations, the same answers.

use crate::beside_a_map::{Pair, Use};
use proptest::{prelude::*, test_runner::RngSeed};
use sim_core::queue::Queue;

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
