//! Distributions: random lengths of time and random keys.
//!
//! A scenario writes a [`Delay`]; [`Delay::sampler`] compiles it into a small [`Sampler`]. A delay drawn from any of
//! them costs a fixed number of draws (none, or one), so exchanging one distribution for another leaves the rest of a
//! stream as it was. Logarithms and exponentials come from `libm`: the platform's own differ from machine to machine
//! in the last bit, and a run would differ with them. Results are whole nanoseconds, rounded to the nearest, and stop
//! at the longest span instead of wrapping.

use alloc::{format, string::String};
use core::f64::consts::LN_2;
use serde::{Deserialize, Serialize};

use crate::{rng::Rng, time::Span};

/// A random length of time, as a scenario writes it: `Constant("1ms")`, `Uniform("1ms", "10ms")`,
/// `Exponential("5ms")`, `LogNormal(median: "1ms", p99: "8ms")`.
///
/// ```
/// use sim_core::{rng::{Keys, Purpose}, sample::Delay, time::Units};
/// let delay = Delay::Uniform(1.ms(), 10.ms());
/// assert_eq!(delay.check(), Ok(()));
/// let drawn = delay.sampler().draw(&mut Keys::new(7).stream(Purpose::Test, 0, 0));
/// assert!((1.ms()..10.ms()).contains(&drawn));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Delay {
    /// Always the same.
    Constant(Span),
    /// Every nanosecond from the first up to (not including) the second is equally likely.
    Uniform(Span, Span),
    /// Memoryless, with this mean: short ones are common, and one in a hundred is longer than 4.6 means.
    Exponential(Span),
    /// The usual shape of network delays: a typical value and a long tail.
    LogNormal {
        /// Half of all are shorter.
        median: Span,
        /// One in a hundred is longer.
        p99: Span,
    },
}

/// The 99th percentile of the standard normal distribution.
const NORMAL_P99: f64 = 2.326_347_874_040_840_8;

impl Delay {
    /// Whether the numbers make sense together; otherwise what was found and what would do.
    pub fn check(&self) -> Result<(), String> {
        match *self {
            Delay::Uniform(low, high) if low > high => Err(format!(
                "a uniform delay from {low} to {high} ends before it starts: write `Uniform(\"{high}\", \"{low}\")`"
            )),
            Delay::Exponential(Span::ZERO) => Err(String::from(
                "an exponential delay with a mean of 0s is no delay: write `Constant(\"0s\")`, or a longer mean",
            )),
            Delay::LogNormal { median: Span::ZERO, .. } => Err(String::from(
                "a log-normal delay cannot have a median of 0s: write `Constant(\"0s\")`, or a longer median",
            )),
            Delay::LogNormal { median, p99 } if p99 < median => Err(format!(
                "a log-normal delay with median {median} has a p99 of at least that; found {p99}"
            )),
            Delay::Constant(_) | Delay::Uniform(..) | Delay::Exponential(_) | Delay::LogNormal { .. } => {
                Ok(())
            }
        }
    }

    /// The mean in nanoseconds, for reports.
    pub fn mean(&self) -> f64 {
        match self.sampler() {
            Sampler::Constant(span) => span.0 as f64,
            Sampler::Uniform(low, high) => low.0 as f64 + (high.0 - low.0 - 1) as f64 / 2.0,
            Sampler::Exponential { mean } => mean,
            Sampler::LogNormal { median, octaves } => {
                let sigma = octaves * LN_2;
                median * libm::exp(sigma * sigma / 2.0)
            }
        }
    }

    /// The compiled form. What [`Delay::check`] refuses becomes the constant nearest to it.
    pub fn sampler(&self) -> Sampler {
        match *self {
            Delay::Constant(span) => Sampler::Constant(span),
            Delay::Uniform(low, high) if high.0 <= low.0.saturating_add(1) => Sampler::Constant(low),
            Delay::Uniform(low, high) => Sampler::Uniform(low, high),
            Delay::Exponential(Span::ZERO) => Sampler::Constant(Span::ZERO),
            Delay::Exponential(mean) => Sampler::Exponential { mean: mean.0 as f64 },
            Delay::LogNormal { median, p99 } if p99 <= median || median == Span::ZERO => {
                Sampler::Constant(median)
            }
            Delay::LogNormal { median, p99 } => {
                let median = median.0 as f64;
                Sampler::LogNormal { median, octaves: libm::log2(p99.0 as f64 / median) / NORMAL_P99 }
            }
        }
    }
}

/// A [`Delay`] made ready for drawing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sampler {
    /// Always this; draws nothing.
    Constant(Span),
    /// In `low..high`, which has at least two members.
    Uniform(Span, Span),
    /// Exponential.
    Exponential {
        /// The mean in nanoseconds, above 0.
        mean: f64,
    },
    /// Log-normal.
    LogNormal {
        /// The median in nanoseconds, above 0.
        median: f64,
        /// The standard deviation of the logarithm to base 2, above 0: that many factors of two. (To base 2 because
        /// `exp` branches on the sign and size of its argument, which are random here, and takes three times as long.)
        octaves: f64,
    },
}

impl Sampler {
    /// One length of time. One draw from `rng` unless constant (a uniform one may, rarely, need another).
    #[inline]
    pub fn draw(&self, rng: &mut Rng) -> Span {
        match *self {
            Sampler::Constant(span) => span,
            Sampler::Uniform(low, high) => Span(rng.range(low.0, high.0)),
            Sampler::Exponential { mean } => nanoseconds(-mean * libm::log(1.0 - rng.unit())),
            Sampler::LogNormal { median, octaves } => {
                nanoseconds(median * libm::exp2(octaves * normal_quantile(rng.open_unit())))
            }
        }
    }

    /// The length of time if it is always the same: then no randomness is needed.
    pub const fn constant(&self) -> Option<Span> {
        match *self {
            Sampler::Constant(span) => Some(span),
            Sampler::Uniform(..) | Sampler::Exponential { .. } | Sampler::LogNormal { .. } => None,
        }
    }
}

/// The time until the next arrival of a Poisson process that has one arrival per `mean`.
pub fn exponential(rng: &mut Rng, mean: Span) -> Span {
    Sampler::Exponential { mean: mean.0 as f64 }.draw(rng)
}

/// To the nearest whole nanosecond; the cast stops at both ends.
fn nanoseconds(length: f64) -> Span {
    Span((length + 0.5) as u64)
}

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

/// The number that a standard normal variable stays below with probability `p`, for 0 < p < 1, to about 16 digits.
/// (Wichura, "Algorithm AS 241: the percentage points of the normal distribution", 1988, PPND16.)
pub fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180625 - q * q;
        return q * ratio(r, &MIDDLE);
    }
    let r = libm::sqrt(-libm::log(if q < 0.0 { p } else { 1.0 - p }));
    let tail = if r <= 5.0 { ratio(r - 1.6, &NEAR) } else { ratio(r - 5.0, &FAR) };
    if q < 0.0 { -tail } else { tail }
}

/// The quotient of two polynomials in `r`, coefficients from the highest power down.
#[inline]
fn ratio(r: f64, [over, under]: &[[f64; 8]; 2]) -> f64 {
    let value = |coefficients: &[f64; 8]| coefficients.iter().fold(0.0, |sum, c| sum * r + c);
    value(over) / value(under)
}

#[allow(clippy::excessive_precision, reason = "as printed in the paper")]
const MIDDLE: [[f64; 8]; 2] = [
    [
        2.5090809287301226727e3,
        3.3430575583588128105e4,
        6.7265770927008700853e4,
        4.5921953931549871457e4,
        1.3731693765509461125e4,
        1.9715909503065514427e3,
        1.3314166789178437745e2,
        3.3871328727963666080e0,
    ],
    [
        5.2264952788528545610e3,
        2.8729085735721942674e4,
        3.9307895800092710610e4,
        2.1213794301586595867e4,
        5.3941960214247511077e3,
        6.8718700749205790830e2,
        4.2313330701600911252e1,
        1.0,
    ],
];
#[allow(clippy::excessive_precision, reason = "as printed in the paper")]
const NEAR: [[f64; 8]; 2] = [
    [
        7.74545014278341407640e-4,
        2.27238449892691845833e-2,
        2.41780725177450611770e-1,
        1.27045825245236838258e0,
        3.64784832476320460504e0,
        5.76949722146069140550e0,
        4.63033784615654529590e0,
        1.42343711074968357734e0,
    ],
    [
        1.05075007164441684324e-9,
        5.47593808499534494600e-4,
        1.51986665636164571966e-2,
        1.48103976427480074590e-1,
        6.89767334985100004550e-1,
        1.67638483018380384940e0,
        2.05319162663775882187e0,
        1.0,
    ],
];
#[allow(clippy::excessive_precision, reason = "as printed in the paper")]
const FAR: [[f64; 8]; 2] = [
    [
        2.01033439929228813265e-7,
        2.71155556874348757815e-5,
        1.24266094738807843860e-3,
        2.65321895265761230930e-2,
        2.96560571828504891230e-1,
        1.78482653991729133580e0,
        5.46378491116411436990e0,
        6.65790464350110377720e0,
    ],
    [
        2.04426310338993978564e-15,
        1.42151175831644588870e-7,
        1.84631831751005468180e-5,
        7.86869131145613259100e-4,
        1.48753612908506148525e-2,
        1.36929880922735805310e-1,
        5.99832206555887937690e-1,
        1.0,
    ],
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Units;

    #[test]
    fn the_normal_quantile_agrees_with_published_values() {
        // Python's statistics.NormalDist and the tables of Abramowitz and Stegun, one for each of the three branches
        // and on both sides of the borders between them.
        for (p, expected) in [
            (0.5, 0.0),
            (0.6, 0.253_347_103_135_799_8),
            (0.925, 1.439_531_470_938_456),
            (0.93, 1.475_791_028_179_170_8),
            (0.975, 1.959_963_984_540_053_6),
            (0.99, NORMAL_P99),
            (0.999, 3.090_232_306_167_813),
            (1e-5, -4.264_890_793_922_825_6),
            (1e-10, -6.361_340_902_404_056),
            (1e-15, -7.941_345_326_170_995),
            (1e-300, -37.047_096_299_361_2),
        ] {
            let found = normal_quantile(p);
            assert!(
                (found - expected).abs() <= 1e-14 * f64::abs(expected),
                "at {p}: {found}, not {expected}"
            );
        }
        for p in [0.001, 0.01, 0.1, 0.3] {
            assert!((normal_quantile(p) + normal_quantile(1.0 - p)).abs() < 1e-12, "at {p}");
        }
    }

    #[test]
    fn a_delay_that_makes_no_sense_is_refused_with_what_would_do() {
        let says = |delay: Delay| delay.check().expect_err("refused");
        assert_eq!(
            says(Delay::Uniform(10.ms(), 1.ms())),
            "a uniform delay from 10ms to 1ms ends before it starts: write `Uniform(\"1ms\", \"10ms\")`"
        );
        assert_eq!(
            says(Delay::LogNormal { median: 5.ms(), p99: 1.ms() }),
            "a log-normal delay with median 5ms has a p99 of at least that; found 1ms"
        );
        assert!(says(Delay::Exponential(Span::ZERO)).contains("a longer mean"));
        assert!(says(Delay::LogNormal { median: Span::ZERO, p99: 1.ms() }).contains("a longer median"));
    }

    #[test]
    fn a_delay_without_choice_is_known_to_be_constant() {
        for delay in [
            Delay::Constant(3.ms()),
            Delay::Uniform(3.ms(), 3.ms()),
            Delay::LogNormal { median: 3.ms(), p99: 3.ms() },
        ] {
            assert_eq!(delay.check(), Ok(()));
            assert_eq!(delay.sampler().constant(), Some(3.ms()));
            assert_eq!(delay.mean(), 3e6);
        }
        assert_eq!(Delay::Exponential(3.ms()).sampler().constant(), None);
    }

    #[test]
    fn lengths_are_rounded_to_the_nearest_and_stop_at_the_longest() {
        assert_eq!(nanoseconds(0.4), Span(0));
        assert_eq!(nanoseconds(0.6), Span(1));
        assert_eq!(nanoseconds(1e30), Span::MAX);
        assert_eq!(nanoseconds(f64::INFINITY), Span::MAX);
    }

    #[test]
    fn a_zipf_choice_that_makes_no_sense_is_refused() {
        for (count, s) in [(0, 1.0), (u64::MAX, 1.0), (10, -0.1), (10, f64::NAN), (10, f64::INFINITY)] {
            assert!(Zipf::new(count, s).is_err(), "{count} {s}");
        }
    }
}
