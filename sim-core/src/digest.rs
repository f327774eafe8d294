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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
        let mut words = bytes.chunks_exact(8);
        for word in &mut words {
            let word = word.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
            self.add(word);
        }
        let rest = words.remainder();
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
