//! Which key: some are hotter than others.

use crate::rng::Rng;
use alloc::{format, string::String};

/// Which of `count` keys: the key of rank r is chosen with probability proportional to r^-s. With `s` = 0 all are
/// equally likely; around 1 is what caches see.
///
/// Rejection-inversion (Hörmann and Derflinger, "Rejection-inversion to generate variates from monotone discrete
/// distributions", 1996): draw from the continuous hat `x^-s` by inversion, round to the nearest rank, and reject what
/// the hat has too much. No table, so a billion keys cost what ten do; fewer than 1.2 draws per key on average.
///
/// ```
/// use sim_core::{rng::{Keys, Purpose}, sample::Zipf};
/// let zipf = Zipf::new(100, 0.99).unwrap();
/// assert!(zipf.draw(&mut Keys::new(7).stream(Purpose::Test, 0, 0)) < 100);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Zipf {
    count: u64,
    s: f64,
    /// The hat's integral up to the first rank's left end, chosen so that rank 1 is never rejected.
    first: f64,
    /// The hat's integral up to the last rank's right end.
    last: f64,
    /// A rank at most this far above its `x` needs no test.
    sure: f64,
}

impl Zipf {
    /// Over `count` keys with exponent `s`; says what is wrong with them otherwise.
    pub fn new(count: u64, s: f64) -> Result<Zipf, String> {
        const MOST: u64 = 1 << 53; // beyond, neighbouring ranks are one and the same f64
        if !(1..=MOST).contains(&count) {
            return Err(format!("a Zipf choice among {count} keys: write a count from 1 to 2^53"));
        }
        if !(s.is_finite() && s >= 0.0) {
            return Err(format!(
                "a Zipf exponent of {s}: write a number from 0 (all keys alike) up, like 0.99"
            ));
        }
        let mut zipf = Zipf { count, s, first: 0.0, last: 0.0, sure: 0.0 };
        zipf.first = zipf.integral(1.5) - 1.0;
        zipf.last = zipf.integral(count as f64 + 0.5);
        zipf.sure = 2.0 - zipf.inverse(zipf.integral(2.5) - zipf.hat(2.0));
        Ok(zipf)
    }

    /// The index of a key: 0 is the most popular, `count - 1` the least.
    pub fn draw(&self, rng: &mut Rng) -> u64 {
        if self.s == 0.0 {
            return rng.below(self.count);
        }
        loop {
            let area = self.last + rng.unit() * (self.first - self.last);
            let x = self.inverse(area);
            let rank = ((x + 0.5) as u64).clamp(1, self.count);
            let r = rank as f64;
            if r - x <= self.sure || area >= self.integral(r + 0.5) - self.hat(r) {
                return rank - 1;
            }
        }
    }

    /// x^-s
    fn hat(&self, x: f64) -> f64 {
        libm::exp(-self.s * libm::log(x))
    }

    /// The integral of the hat from 1 to `x`: (x^(1-s) - 1) / (1-s), which at s = 1 is ln x.
    fn integral(&self, x: f64) -> f64 {
        let log = libm::log(x);
        let power = (1.0 - self.s) * log;
        // Near s = 1 both numerator and denominator vanish; the series holds to the last bit there.
        let ratio = if power.abs() > 1e-8 { libm::expm1(power) / power } else { 1.0 + power / 2.0 };
        ratio * log
    }

    /// The `x` whose integral is `area`.
    fn inverse(&self, area: f64) -> f64 {
        let power = (area * (1.0 - self.s)).max(-1.0); // rounding may step below the smallest possible
        let ratio = if power.abs() > 1e-8 { libm::log1p(power) / power } else { 1.0 - power / 2.0 };
        libm::exp(ratio * area)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zipf_choice_that_makes_no_sense_is_refused() {
        for (count, s) in [(0, 1.0), (u64::MAX, 1.0), (10, -0.1), (10, f64::NAN), (10, f64::INFINITY)] {
            assert!(Zipf::new(count, s).is_err(), "{count} {s}");
        }
    }
}
