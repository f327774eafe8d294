//! Fingerprints: a running 64-bit digest of what happened, the same on every platform.
//!
//! Each word costs one multiplication: it is xored into the state, and the two halves of the 128-bit product with
//! an odd constant are folded together. [`Digest::finish`] mixes once more, so that nearby histories look unrelated.
//! Not cryptographic: it tells runs apart, it does not defend against someone who builds two equal ones.

use core::hash::Hasher;

/// A running digest. Equal sequences of words give equal digests, on every platform and in every build.
///
/// It is a [`Hasher`] too, so anything that derives `Hash` can be added. Integers of every width enter as one
/// `u64` (`usize` like `u64`, `isize` and the other signed ones sign-extended). One gap is left, by the design of
/// `core`: a *slice* of integers hands over its memory as it lies there, so a `Vec<usize>` counts differently on a
/// 32-bit platform, and every `Vec` of integers wider than a byte on a big-endian one.
///
/// ```
/// use sim_core::digest::Digest;
/// let mut digest = Digest::new();
/// digest.add(7);
/// assert_ne!(digest.finish(), Digest::new().finish());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest(u64);

/// Odd constants from the fractional part of pi: no structure, nothing up the sleeve.
pub(crate) const PI: [u64; 5] = [
    0x243f_6a88_85a3_08d3,
    0x1319_8a2e_0370_7345,
    0xa409_3822_299f_31d1,
    0x082e_fa98_ec4e_6c89,
    0x4528_21e6_38d0_1377,
];

/// The halves of the product, xored: one multiplication that every input bit leaves through many output bits.
#[inline(always)]
pub(crate) const fn fold(a: u64, b: u64) -> u64 {
    let product = (a as u128).wrapping_mul(b as u128);
    (product as u64) ^ ((product >> 64) as u64)
}

impl Digest {
    /// The digest of nothing.
    pub const fn new() -> Digest {
        Digest(PI[0])
    }

    /// Adds one word.
    #[inline(always)]
    pub const fn add(&mut self, word: u64) {
        self.0 = fold(self.0 ^ word, PI[2]);
    }

    /// The digest of everything added so far; more may be added afterwards.
    pub const fn finish(&self) -> u64 {
        let mixed = fold(self.0 ^ PI[1], PI[4]);
        mixed ^ (mixed >> 32)
    }
}

impl Default for Digest {
    fn default() -> Digest {
        Digest::new()
    }
}

impl Hasher for Digest {
    fn finish(&self) -> u64 {
        Digest::finish(self)
    }
    /// Whole words first; what is left over enters with its length, so that trailing zeros count.
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks();
        words.iter().for_each(|word| self.add(u64::from_le_bytes(*word)));
        if !rest.is_empty() {
            self.add(rest.iter().rev().fold(rest.len() as u64, |word, &byte| word << 8 | u64::from(byte)));
        }
    }
    fn write_u8(&mut self, value: u8) {
        self.add(u64::from(value));
    }
    fn write_u16(&mut self, value: u16) {
        self.add(u64::from(value));
    }
    fn write_u32(&mut self, value: u32) {
        self.add(u64::from(value));
    }
    fn write_u64(&mut self, value: u64) {
        self.add(value);
    }
    fn write_u128(&mut self, value: u128) {
        self.add(value as u64);
        self.add((value >> 64) as u64);
    }
    fn write_usize(&mut self, value: usize) {
        self.add(value as u64);
    }
    fn write_i8(&mut self, value: i8) {
        self.add(i64::from(value) as u64);
    }
    fn write_i16(&mut self, value: i16) {
        self.add(i64::from(value) as u64);
    }
    fn write_i32(&mut self, value: i32) {
        self.add(i64::from(value) as u64);
    }
    fn write_i64(&mut self, value: i64) {
        self.add(value as u64);
    }
    fn write_i128(&mut self, value: i128) {
        self.write_u128(value as u128);
    }
    fn write_isize(&mut self, value: isize) {
        self.add(value as i64 as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use core::hash::Hash;

    fn of(value: impl Hash) -> u64 {
        let mut digest = Digest::new();
        value.hash(&mut digest);
        Hasher::finish(&digest)
    }

    fn of_words(words: &[u64]) -> u64 {
        let mut digest = Digest::new();
        words.iter().for_each(|&word| digest.add(word));
        digest.finish()
    }

    #[test]
    fn golden() {
        let words: Vec<u64> = (0..1_000).collect();
        assert_eq!(
            [of_words(&[]), of_words(&[0]), of_words(&[1]), of_words(&[u64::MAX]), of_words(&words)],
            [
                0x920f_e8e6_9229_cf19,
                0x0f9b_9d08_ca29_a5c8,
                0x8c2b_8131_0de3_8a15,
                0x95e1_67c1_aa41_e1ac,
                0xa29d_23ef_2e1d_6e9c
            ]
        );
        assert_eq!(
            [of("election"), of((1_u8, -1_i32, 'x')), of(Some([1_u128; 2]))],
            [0xcbfa_a9d0_1962_aacc, 0x08de_76a2_9b5f_baca, 0x062f_b828_cdee_55e9]
        );
    }

    #[test]
    fn integers_of_every_width_enter_as_one_word() {
        for same in [of(5_u8), of(5_u16), of(5_u32), of(5_usize), of(5_i8), of(5_i16), of(5_i64), of(5_isize)]
        {
            assert_eq!(same, of_words(&[5]));
        }
        for same in [of(-5_i8), of(-5_i16), of(-5_i32), of(-5_i64), of(-5_isize)] {
            assert_eq!(same, of_words(&[u64::MAX - 4]));
        }
    }

    #[test]
    fn order_length_and_trailing_zeros_count() {
        let different = [
            of_words(&[]),
            of_words(&[0]),
            of_words(&[0, 0]),
            of_words(&[1, 2]),
            of_words(&[2, 1]),
            of(""),
            of("a"),
            of("a\0"),
            of("a\0\0\0\0\0\0\0"),
            of(("ab", "c")),
            of(("a", "bc")),
        ];
        for (index, one) in different.iter().enumerate() {
            assert!(!different[..index].contains(one), "number {index}");
        }
    }

    #[test]
    fn every_bit_of_the_last_word_flips_about_half_of_the_digest() {
        for bit in 0..64 {
            let flips: u32 =
                (0..256).map(|n| (of_words(&[n]) ^ of_words(&[n ^ 1 << bit])).count_ones()).sum();
            let mean = f64::from(flips) / 256.0;
            assert!((mean - 32.0).abs() < 4.0 * 0.25, "bit {bit} flips {mean} bits"); // SE = 4 / sqrt(256)
        }
    }
}
