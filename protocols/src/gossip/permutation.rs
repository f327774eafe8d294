//! An order of many things that nobody has to store.

use sim_core::rng::Rng;

/// A random order of the numbers `0..count`: a Feistel network of twelve rounds over the smallest even number of bits, walked along
/// its cycles until it comes back into the range (Black and Rogaway, "Ciphers with arbitrary finite domains", 2002). A place takes
/// constant time to find, about four steps at most on average, and no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Permutation {
    count: u64,
    key: u64,
}

impl Permutation {
    /// Four are enough for large halves; the few values of a small one take more, or chi squared tells.
    const ROUNDS: u64 = 12;

    /// The order of `count` things that this stream of random numbers begins with.
    pub fn new(count: u64, rng: &mut Rng) -> Permutation {
        Permutation { count, key: rng.next_u64() }
    }

    /// Which is at this place.
    ///
    /// # Panics
    /// If there is no such place.
    pub fn at(&self, place: u64) -> u64 {
        self.walk(place, |value| (0..Self::ROUNDS).fold(value, |value, round| self.round(value, round)))
    }

    /// At which place this one is.
    ///
    /// # Panics
    /// If it is none of those that are in order.
    pub fn place(&self, value: u64) -> u64 {
        let swapped = |value: u64| value >> self.half() | (value & self.mask()) << self.half();
        self.walk(value, |value| {
            let back = |value, round| self.round(value, round);
            swapped((0..Self::ROUNDS).rev().fold(swapped(value), back))
        })
    }

    fn walk(&self, from: u64, step: impl Fn(u64) -> u64) -> u64 {
        assert!(from < self.count, "{from} of {} things", self.count);
        let mut value = step(from);
        while value >= self.count {
            value = step(value);
        }
        value
    }

    /// Half of the bits.
    fn half(&self) -> u32 {
        (u64::BITS - (self.count - 1).leading_zeros()).div_ceil(2).max(1)
    }

    fn mask(&self) -> u64 {
        (1 << self.half()) - 1
    }

    /// (left, right) becomes (right, left ⊕ mixed(right)).
    fn round(&self, value: u64, round: u64) -> u64 {
        let (left, right) = (value >> self.half(), value & self.mask());
        // The finisher of SplitMix64 (Steele, Lea and Flood, 2014).
        let mut mixed = (right ^ self.key).wrapping_add((round + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        right << self.half() | (left ^ mixed ^ (mixed >> 31)) & self.mask()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{collections::BTreeSet, vec::Vec};
    use sim_core::rng::{Keys, Purpose};

    fn order(count: u64, which: u64) -> Permutation {
        Permutation::new(count, &mut Keys::new(1).stream(Purpose::Test, count, which))
    }

    #[test]
    fn everything_has_one_place() {
        for count in [1, 2, 3, 5, 8, 49, 1000, 4097] {
            let order = order(count, 0);
            let all: BTreeSet<u64> = (0..count).map(|place| order.at(place)).collect();
            assert_eq!(all, (0..count).collect());
            assert!((0..count).all(|place| order.place(order.at(place)) == place), "{count}");
        }
    }

    /// What is at a place, over many orders, is anything, each equally likely: chi squared, at 4 standard deviations.
    #[test]
    fn orders_are_random() {
        for (count, place) in [(5, 0), (5, 4), (49, 7)] {
            let (orders, mut seen) = (49_000, Vec::from_iter((0..count).map(|_| 0_u64)));
            (0..orders).for_each(|which| seen[order(count, which).at(place) as usize] += 1);
            let expected = orders as f64 / count as f64;
            let square: f64 =
                seen.iter().map(|&n| (n as f64 - expected) * (n as f64 - expected) / expected).sum();
            let freedom = (count - 1) as f64;
            assert!(square < freedom + 4.0 * sim_core::libm::sqrt(2.0 * freedom), "{count}: {square}");
        }
    }
}
