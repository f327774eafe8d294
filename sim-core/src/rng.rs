//! Randomness: every draw has a key, and there is no global stream (`README.md`, determinism).
//!
//! [`Keys`] turns (seed, purpose, who, which) into a key or the start of a stream with ChaCha8. The four words *are*
//! the 256-bit ChaCha key, so two different quadruples never share a stream, and a stream says nothing about another.
//! What they start is small: [`Rng`] is xoroshiro128++ in 16 bytes, because at a million nodes the size of a stream
//! costs ten times its arithmetic. The randomness of a single packet is not a stream at all: [`fate`] is a function of
//! the packet, so packets do not disturb one another, and adding a link or removing a fault re-deals nothing else.
//!
//! The values are ours: they depend on ChaCha8 and on this file, and golden tests hold them still.

use alloc::{format, string::String, vec::Vec};
use core::fmt;
use rand_chacha::ChaCha8Core;
use rand_core::{SeedableRng, block::Generator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::digest::{PI, fold};

/// Derives the keys of all random streams of a run from its seed.
///
/// ```
/// use sim_core::rng::{Keys, Purpose};
/// let keys = Keys::new(7);
/// let mut of_node_3 = keys.stream(Purpose::Protocol, 3, 0);
/// let die = 1 + of_node_3.below(6);
/// assert!((1..=6).contains(&die));
/// assert_eq!(keys.stream(Purpose::Protocol, 3, 0), keys.stream(Purpose::Protocol, 3, 0));
/// assert_ne!(keys.stream(Purpose::Protocol, 3, 0), keys.stream(Purpose::Protocol, 4, 0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keys {
    seed: u64,
}

/// What randomness is for. The numbers are part of the meaning of a seed: they never change, and none is used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u64)]
pub enum Purpose {
    /// The key of [`fate`]: delay, loss, duplication and reordering of packets.
    Network = 1,
    /// What a protocol draws on its node, such as election timeouts.
    Protocol = 2,
    /// Write and sync times, torn tails, bit rot.
    Disk = 3,
    /// Offsets, drifts and jumps of clocks.
    Clock = 4,
    /// When clients start operations.
    Load = 5,
    /// Which keys operations touch.
    Keys = 6,
    /// Which kinds of operation clients start, and with what values.
    Ops = 7,
    /// Whom a fault hits.
    Pick = 8,
    /// When generated faults happen, and which.
    Fault = 9,
    /// How clients behave: retries, jitter, choice of server.
    Client = 10,
    /// The order of events at equal times, when a scenario asks for it to be shuffled.
    Ties = 11,
    /// How long requests keep a node busy.
    Work = 12,
    /// How a world is laid out before it starts: placement, topology, initial contents.
    Layout = 13,
    /// Tests and tools; never a run.
    Test = 14,
}

impl Keys {
    /// The keys of the run with this seed.
    pub const fn new(seed: u64) -> Keys {
        Keys { seed }
    }

    /// The stream for `purpose`, of `who` (a node, a client, a fault), number `which` (a life, a shard; 0 if only one).
    pub fn stream(&self, purpose: Purpose, who: u64, which: u64) -> Rng {
        let words = self.words(purpose, who, which);
        Rng::from_state(words[0], words[1])
    }

    /// A 64-bit key of its own, independent of the stream of the same name: what [`fate`] asks for.
    pub fn key(&self, purpose: Purpose, who: u64, which: u64) -> u64 {
        self.words(purpose, who, which)[2]
    }

    fn words(&self, purpose: Purpose, who: u64, which: u64) -> [u64; 3] {
        let mut key = [0; 32];
        for (part, word) in key.chunks_exact_mut(8).zip([self.seed, purpose as u64, who, which]) {
            part.copy_from_slice(&word.to_le_bytes());
        }
        let mut block = [0; 64];
        ChaCha8Core::from_seed(key).generate(&mut block);
        let word = |index: usize| u64::from(block[2 * index + 1]) << 32 | u64::from(block[2 * index]);
        [word(0), word(1), word(2)]
    }
}

/// The randomness of one packet: a function of its arguments and of nothing else, so no link needs memory and no draw
/// waits for another. `nth` counts the packets that `from` sends to `to` at the same moment `at` (ns), and the parts of
/// one packet that need randomness of their own. Costs about as much as three draws.
#[inline]
pub fn fate(key: u64, from: u32, to: u32, at: u64, nth: u32) -> Rng {
    let link = u64::from(from) << 32 | u64::from(to);
    let sender = fold(key ^ link, PI[0]);
    let moment = fold(sender ^ at, PI[1]);
    let packet = fold(moment ^ u64::from(nth), PI[2]);
    Rng::from_state(fold(packet ^ key, PI[3]), fold(packet ^ sender, PI[4]))
}

/// One stream of random numbers: xoroshiro128++ (Blackman and Vigna, "Scrambled linear pseudorandom number
/// generators", 2021). Not `Copy`, because a stream that forks by accident repeats itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rng {
    /// Never both zero: from there the generator would not move.
    state: [u64; 2],
}

impl Rng {
    const fn from_state(first: u64, second: u64) -> Rng {
        Rng { state: if first | second == 0 { [PI[0], PI[1]] } else { [first, second] } }
    }

    /// Sixty-four random bits.
    #[inline]
    pub const fn next_u64(&mut self) -> u64 {
        let [a, b] = self.state;
        let mixed = a ^ b;
        self.state = [a.rotate_left(49) ^ mixed ^ (mixed << 21), mixed.rotate_left(28)];
        a.wrapping_add(b).rotate_left(17).wrapping_add(a)
    }

    /// A number in `0..n`, each equally likely (Lemire, "Fast random integer generation in an interval", 2019).
    ///
    /// # Panics
    /// If `n` is 0: there is no such number.
    #[inline(always)]
    pub const fn below(&mut self, n: u64) -> u64 {
        let product = self.next_u64() as u128 * n as u128;
        // Less than n; and 0 is not less than 0, but has to be found out too.
        if (product as u64) <= n.wrapping_sub(1) {
            self.below_again(n, product)
        } else {
            (product >> 64) as u64
        }
    }

    /// The same where the 2^64 mod n lowest fractions may be one too many for some results: then it draws again.
    #[cold]
    #[inline(never)]
    const fn below_again(&mut self, n: u64, mut product: u128) -> u64 {
        assert!(n > 0, "a number below 0 was asked for");
        let spare = n.wrapping_neg() % n;
        while (product as u64) < spare {
            product = self.next_u64() as u128 * n as u128;
        }
        (product >> 64) as u64
    }

    /// A number in `lo..hi`, each equally likely; `lo` (and no draw) when the range is empty.
    #[inline]
    pub const fn range(&mut self, lo: u64, hi: u64) -> u64 {
        if lo >= hi { lo } else { lo + self.below(hi - lo) }
    }

    /// A multiple of 2^-53 in `[0, 1)`.
    #[inline]
    pub const fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// An odd multiple of 2^-53 in `(0, 1)`: neither end, and symmetric about the middle.
    #[inline]
    pub const fn open_unit(&mut self) -> f64 {
        ((self.next_u64() >> 12) as f64 + 0.5) * (1.0 / (1u64 << 52) as f64)
    }

    /// Whether something with this probability happens. Always one draw, so changing a chance re-deals nothing after
    /// it, and raising one only ever turns a no into a yes.
    #[inline]
    pub const fn chance(&mut self, chance: Chance) -> bool {
        let drawn = self.next_u64();
        drawn < chance.0 || chance.0 == u64::MAX
    }

    /// Puts `items` into an order of which each is equally likely.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last as u64 + 1) as usize;
            items.swap(last, other);
        }
    }

    /// One of `items`, each equally likely; `None` (and no draw) when there are none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        if items.is_empty() { None } else { items.get(self.below(items.len() as u64) as usize) }
    }

    /// `k` different indices in `0..n`, in increasing order, each such set equally likely; all of them when `k >= n`.
    /// (Floyd's algorithm, in Bentley, "Programming pearls: a sample of brilliance", 1987.)
    pub fn choose(&mut self, n: usize, k: usize) -> Vec<usize> {
        let mut chosen: Vec<usize> = Vec::with_capacity(k.min(n));
        for last in n.saturating_sub(k)..n {
            let index = self.below(last as u64 + 1) as usize;
            match chosen.binary_search(&index) {
                Ok(_) => chosen.push(last), // greater than all before it
                Err(place) => chosen.insert(place, index),
            }
        }
        chosen
    }
}

/// A probability, as the threshold that 64 random bits must stay below. Exactly never and exactly always exist, and
/// no other number from a scenario becomes either of them.
///
/// ```
/// use sim_core::rng::Chance;
/// assert_eq!(Chance::new(0.5), Ok(Chance::ratio(1, 2)));
/// assert!(Chance::new(1.5).is_err());
/// assert_eq!(Chance::new(0.001).unwrap().to_string(), "0.001");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chance(u64);

impl Chance {
    /// Probability 0.
    pub const NEVER: Chance = Chance(0);
    /// Probability 1. The threshold stands for 2^64: no number below 1 comes nearer to it than 2^64 - 2^11.
    pub const ALWAYS: Chance = Chance(u64::MAX);

    /// The chance of `probability`, a number from 0 to 1; rounded up to a multiple of 2^-64.
    pub fn new(probability: f64) -> Result<Chance, String> {
        if !(0.0..=1.0).contains(&probability) {
            return Err(format!(
                "`{probability}` is not a probability: write a number from 0 to 1, like 0.01 for 1 %"
            ));
        }
        let threshold = libm::ceil(probability * 18_446_744_073_709_551_616.0);
        Ok(Chance(threshold as u64)) // 2^64 saturates to ALWAYS
    }

    /// `n` times out of `d`.
    ///
    /// # Panics
    /// If `d` is 0 or `n > d`.
    pub const fn ratio(n: u64, d: u64) -> Chance {
        assert!(d > 0, "a chance out of 0");
        assert!(n <= d, "a chance above 1");
        if n == d { Chance::ALWAYS } else { Chance((((n as u128) << 64) / d as u128) as u64) }
    }

    /// Whether this is probability 0, so that the draw can be saved.
    pub const fn is_never(self) -> bool {
        self.0 == 0
    }

    /// The probability: the shortest number that [`Chance::new`] turns into this chance, if one does.
    pub fn as_f64(self) -> f64 {
        if self == Chance::ALWAYS {
            return 1.0;
        }
        let exact = self.0 as f64 / 18_446_744_073_709_551_616.0;
        let short = (0..17).find_map(|digits| {
            let number = format!("{exact:.digits$e}").parse().ok()?;
            (Chance::new(number) == Ok(self)).then_some(number)
        });
        short.unwrap_or(exact)
    }
}

impl fmt::Display for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.as_f64(), f)
    }
}

impl Serialize for Chance {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(self.as_f64())
    }
}

impl<'de> Deserialize<'de> for Chance {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Chance, D::Error> {
        struct Number;
        impl serde::de::Visitor<'_> for Number {
            type Value = Chance;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a probability: a number from 0 to 1")
            }
            fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Chance, E> {
                Chance::new(number).map_err(E::custom)
            }
            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Chance, E> {
                self.visit_f64(number as f64)
            }
            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Chance, E> {
                self.visit_f64(number as f64)
            }
        }
        from.deserialize_f64(Number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::array;
    use rand_chacha::{ChaCha12Core, ChaCha20Core};

    fn first_words(mut cipher: impl Generator<Output = [u32; 64]>) -> [u32; 16] {
        let mut block = [0; 64];
        cipher.generate(&mut block);
        array::from_fn(|index| block[index])
    }

    /// draft-agl-tls-chacha20 (the ChaCha20 words), and what follows from the same key with fewer rounds.
    #[test]
    fn chacha_gives_its_published_vectors() {
        let key = [0; 32];
        let published = [
            0xade0_b876,
            0x903d_f1a0,
            0xe56a_5d40,
            0x28bd_8653,
            0xb819_d2bd,
            0x1aed_8da0,
            0xccef_36a8,
            0xc70d_778b,
            0x7c59_41da,
            0x8d48_5751,
            0x3fe0_2477,
            0x374a_d8b8,
            0xf4b8_436a,
            0x1ca1_1815,
            0x69b6_87c3,
            0x8665_eeb2,
        ];
        assert_eq!(first_words(ChaCha20Core::from_seed(key)), published);
        assert_eq!(first_words(ChaCha12Core::from_seed(key))[0], 0x6a9a_f49b);
        assert_eq!(first_words(ChaCha8Core::from_seed(key))[0], 0x2fef_003e);
    }

    /// Made with the authors' xoroshiro128plusplus.c from the state 1, 2.
    #[test]
    fn xoroshiro_gives_its_published_vectors() {
        let mut rng = Rng::from_state(1, 2);
        let published = [
            393_217,
            669_327_710_093_319,
            1_732_421_326_133_921_491,
            11_394_790_081_659_126_983,
            9_555_452_776_773_192_676,
            3_586_421_180_005_889_563,
            1_691_397_964_866_707_553,
            10_735_626_796_753_111_697,
            15_216_282_715_349_408_991,
        ];
        assert_eq!(published.map(|_| rng.next_u64()), published);
    }

    #[test]
    fn never_and_always_hold_even_for_the_rarest_draws() {
        let (zero, most) = (Rng::from_state(1, u64::MAX - 1), Rng::from_state(0, u64::MAX));
        assert_eq!((zero.clone().next_u64(), most.clone().next_u64()), (0, u64::MAX));
        assert!(!zero.clone().chance(Chance::NEVER));
        assert!(most.clone().chance(Chance::ALWAYS));
    }

    #[test]
    fn a_state_of_zeros_is_avoided() {
        let mut rng = Rng::from_state(0, 0);
        assert_ne!(rng.next_u64(), rng.next_u64());
    }

    #[test]
    fn a_key_is_made_of_the_seed_and_the_name_as_they_are() {
        let mut key = [0; 32];
        for (index, byte) in [(0, 0x44), (1, 0x33), (8, 2), (16, 5), (24, 9), (31, 1)] {
            key[index] = byte;
        }
        let words = first_words(ChaCha8Core::from_seed(key));
        let keys = Keys::new(0x3344);
        assert_eq!(
            keys.stream(Purpose::Protocol, 5, 9 | 1 << 56),
            Rng::from_state(
                u64::from(words[1]) << 32 | u64::from(words[0]),
                u64::from(words[3]) << 32 | u64::from(words[2]),
            )
        );
        assert_eq!(
            keys.key(Purpose::Protocol, 5, 9 | 1 << 56),
            u64::from(words[5]) << 32 | u64::from(words[4])
        );
    }
}
