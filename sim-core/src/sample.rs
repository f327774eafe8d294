//! Distributions: random lengths of time and random keys.
//!
//! A scenario writes a [`Delay`]; [`Delay::sampler`] compiles it into a small [`Sampler`]. A delay drawn from any of
//! them costs a fixed number of draws (none, or one), so exchanging one distribution for another leaves the rest of a
//! stream as it was. Logarithms and exponentials come from `libm`: the platform's own differ from machine to machine
//! in the last bit, and a run would differ with them. Results are whole nanoseconds, rounded to the nearest, and stop
//! at zero and at the longest span instead of wrapping.

mod normal;
mod zipf;

use alloc::{boxed::Box, format, string::String, vec::Vec};
use core::f64::consts::{FRAC_1_SQRT_2, LN_2, PI};
use serde::{Deserialize, Serialize};

use crate::{
    rng::{Rng, fate},
    time::Span,
};
pub use normal::normal_quantile;
pub use zipf::Zipf;

/// A random length of time, as a scenario writes it: `Constant("1ms")`, `Uniform("1ms", "10ms")`,
/// `Exponential("5ms")`, `LogNormal(median: "1ms", p99: "8ms")`, `Normal(mean: "5ms", sd: "1ms")`,
/// `Pareto(min: "1ms", shape: 2.5)`, `Empirical(["1ms", "1ms", "40ms"])`,
/// `Mixture([(0.99, Constant("1ms")), (0.01, Exponential("80ms"))])`.
///
/// ```
/// use sim_core::{rng::{Keys, Purpose}, sample::Delay, time::Units};
/// let delay = Delay::Uniform(1.ms(), 10.ms());
/// assert_eq!(delay.check(), Ok(()));
/// let drawn = delay.sampler().draw(&mut Keys::new(7).stream(Purpose::Test, 0, 0));
/// assert!((1.ms()..10.ms()).contains(&drawn));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// The bell curve without what would be below 0: what falls there is drawn again, as it were. So where `sd` is not
    /// small beside `mean`, lengths are longer on average than `mean`, and vary less than `sd`.
    Normal {
        /// The mean of the whole curve, which is its peak.
        mean: Span,
        /// The standard deviation of the whole curve: two in three are within one of the mean.
        sd: Span,
    },
    /// A power law: one in 2^`shape` is longer than twice `min`, one in 10^`shape` than ten times. The smaller the
    /// shape, the heavier the tail: at 2 and below there is no variance, at 1 and below no mean. Lengths beyond
    /// [`Span::MAX`] are that long.
    Pareto {
        /// None is shorter.
        min: Span,
        /// How fast long ones become rare, above 0.
        shape: f64,
    },
    /// One of these, each equally likely; what is listed twice is twice as likely. From 1 to 100,000 of them.
    Empirical(Vec<Span>),
    /// One of these, drawn anew each time, with a chance in proportion to its weight. From 1 to 100 parts, which may be
    /// mixtures themselves, up to four inside one another.
    Mixture(Vec<(f64, Delay)>),
}

/// The 99th percentile of the standard normal distribution.
const NORMAL_P99: f64 = 2.326_347_874_040_840_8;

/// Limits of what a scenario may write.
const LISTED_MAX: usize = 100_000;
const PARTS_MAX: usize = 100;
const LEVELS_MAX: usize = 4;

impl Delay {
    /// Whether the numbers make sense together; otherwise what was found and what would do.
    pub fn check(&self) -> Result<(), String> {
        self.check_within(LEVELS_MAX)
    }

    /// [`Delay::check`] where at most so many `levels` of mixtures may be.
    fn check_within(&self, levels: usize) -> Result<(), String> {
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
            Delay::Pareto { min: Span::ZERO, .. } => Err(String::from(
                "a Pareto delay cannot have a minimum of 0s: write `Constant(\"0s\")`, or a longer minimum",
            )),
            Delay::Pareto { shape, .. } if !is_positive(shape) => {
                Err(format!("a Pareto delay with a shape of {shape}: write a number above 0, like 2.5"))
            }
            Delay::Empirical(ref listed) if listed.is_empty() => Err(String::from(
                "an empirical delay that lists no lengths: write at least one, like `Empirical([\"1ms\"])`",
            )),
            Delay::Empirical(ref listed) if listed.len() > LISTED_MAX => Err(format!(
                "an empirical delay that lists {} lengths: write at most {LISTED_MAX}, like every tenth",
                listed.len()
            )),
            Delay::Mixture(_) if levels == 0 => Err(format!(
                "more than {LEVELS_MAX} mixtures inside one another: write the parts of the innermost into the one \
                 around it"
            )),
            Delay::Mixture(ref parts) => check_parts(parts, levels - 1),
            Delay::Constant(_)
            | Delay::Uniform(..)
            | Delay::Exponential(_)
            | Delay::LogNormal { .. }
            | Delay::Normal { .. }
            | Delay::Pareto { .. }
            | Delay::Empirical(_) => Ok(()),
        }
    }

    /// The mean in nanoseconds, for reports; infinite for a Pareto delay whose shape is 1 or less, and for a mixture
    /// with such a part, because it knows no longest span.
    pub fn mean(&self) -> f64 {
        self.sampler().mean()
    }

    /// The compiled form. What [`Delay::check`] refuses becomes the constant nearest to it; in a list of nothing that
    /// is no delay at all, and in a mixture it is the mixture of those parts that it does not refuse.
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
            Delay::Normal { mean, sd: Span::ZERO } => Sampler::Constant(mean),
            Delay::Normal { mean, sd } => {
                let (mean, sd) = (mean.0 as f64, sd.0 as f64);
                let above = libm::erfc(-mean / sd * FRAC_1_SQRT_2) / 2.0;
                Sampler::Normal(Box::new(Bell { mean, sd, above }))
            }
            Delay::Pareto { min, shape } if min == Span::ZERO || !is_positive(shape) => {
                Sampler::Constant(min)
            }
            Delay::Pareto { min, shape } => Sampler::Pareto { min: min.0 as f64, tail: 1.0 / shape },
            Delay::Empirical(ref listed) => match listed.first() {
                None => Sampler::Constant(Span::ZERO),
                Some(&first) if listed.iter().all(|&span| span == first) => Sampler::Constant(first),
                Some(_) => Sampler::Empirical(listed.clone().into_boxed_slice()),
            },
            Delay::Mixture(_) => {
                let mut parts = Vec::new();
                self.flatten(1.0, LEVELS_MAX, &mut parts);
                match parts.len() {
                    0 => Sampler::Constant(Span::ZERO),
                    1 => parts.remove(0).delay,
                    _ => Sampler::Mixture(parts.into_boxed_slice()),
                }
            }
        }
    }

    /// Adds this delay, which has `share` of a mixture, to its `parts`: mixtures inside mixtures become one.
    fn flatten(&self, share: f64, levels: usize, parts: &mut Vec<Part>) {
        match self {
            Delay::Mixture(_) if levels == 0 => {}
            Delay::Mixture(weighted) => {
                let sound = || weighted.iter().filter(|(weight, _)| is_positive(*weight));
                // Beside the largest, because the sum of the weights themselves may be infinite.
                let largest = sound().fold(0.0, |largest, &(weight, _)| f64::max(largest, weight));
                let total: f64 = sound().map(|(weight, _)| weight / largest).sum();
                for (weight, delay) in sound() {
                    delay.flatten(share * (weight / largest / total), levels - 1, parts);
                }
            }
            Delay::Constant(_)
            | Delay::Uniform(..)
            | Delay::Exponential(_)
            | Delay::LogNormal { .. }
            | Delay::Normal { .. }
            | Delay::Pareto { .. }
            | Delay::Empirical(_) => {
                if share > 0.0 {
                    let below = parts.last().map_or(0.0, |part| part.below + part.share);
                    parts.push(Part { below, share, delay: self.sampler() });
                }
            }
        }
    }
}

/// [`Delay::check`] for the parts of a mixture in which `levels` more of mixtures may be.
fn check_parts(parts: &[(f64, Delay)], levels: usize) -> Result<(), String> {
    let count = parts.len();
    if count == 0 {
        return Err(String::from(
            "a mixture of nothing: write at least one part, like `Mixture([(1, Constant(\"1ms\"))])`",
        ));
    }
    if count > PARTS_MAX {
        return Err(format!("a mixture of {count} parts: write at most {PARTS_MAX}"));
    }
    for ((weight, delay), number) in parts.iter().zip(1..) {
        if !is_positive(*weight) {
            return Err(format!(
                "part {number} of {count} of a mixture has a weight of {weight}: write a number above 0, like 0.5"
            ));
        }
        let inside = |message| format!("in part {number} of {count} of a mixture, {message}");
        delay.check_within(levels).map_err(inside)?;
    }
    Ok(())
}

fn is_positive(number: f64) -> bool {
    number.is_finite() && number > 0.0
}

/// A [`Delay`] made ready for drawing. Small, because every link of a network has one: what needs more room is boxed.
#[derive(Clone, Debug, PartialEq)]
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
    /// Pareto.
    Pareto {
        /// The shortest in nanoseconds, above 0.
        min: f64,
        /// How heavy the tail is: the inverse of the shape, above 0, and infinite at worst.
        tail: f64,
    },
    /// Normal, truncated below at 0.
    Normal(Box<Bell>),
    /// One of these, of which there are at least two.
    Empirical(Box<[Span]>),
    /// One of these, of which there are at least two, none a mixture: so drawing looks no deeper than one level.
    Mixture(Box<[Part]>),
}

/// A normal distribution without what is below 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Bell {
    /// The mean of the whole in nanoseconds.
    mean: f64,
    /// The standard deviation of the whole in nanoseconds, above 0.
    sd: f64,
    /// How much of the whole is above 0: from one half, as the mean is not negative, to 1.
    above: f64,
}

/// A part of a mixture. The parts divide the numbers from 0 to 1 among them.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Where this one begins: what all before it have together.
    below: f64,
    /// How often it is this one, above 0.
    share: f64,
    /// No mixture.
    delay: Sampler,
}

impl Sampler {
    /// One length of time. One draw from `rng` unless constant (a uniform or empirical one may, rarely, need another).
    #[inline(always)]
    pub fn draw(&self, rng: &mut Rng) -> Span {
        match *self {
            Sampler::Constant(span) => span,
            Sampler::Uniform(low, high) => Span(rng.range(low.0, high.0)),
            Sampler::Exponential { .. }
            | Sampler::LogNormal { .. }
            | Sampler::Pareto { .. }
            | Sampler::Normal(_)
            | Sampler::Empirical(_)
            | Sampler::Mixture(_) => self.draw_curve(rng),
        }
    }

    /// The same for those that take longer than a call.
    #[inline(never)]
    fn draw_curve(&self, rng: &mut Rng) -> Span {
        match *self {
            Sampler::Constant(_) | Sampler::Uniform(..) => self.draw(rng),
            Sampler::Exponential { mean } => nanoseconds(-mean * libm::log(1.0 - rng.unit())),
            Sampler::LogNormal { median, octaves } => {
                nanoseconds(median * libm::exp2(octaves * normal_quantile(rng.open_unit())))
            }
            // The p-quantile is min / (1 - p)^tail; an open unit and its difference from 1 are alike.
            Sampler::Pareto { min, tail } => {
                nanoseconds(min * libm::exp2(-tail * libm::log2(rng.open_unit())))
            }
            Sampler::Normal(ref bell) => bell.draw(rng),
            Sampler::Empirical(ref listed) => listed[rng.below(listed.len() as u64) as usize],
            Sampler::Mixture(ref parts) => draw_part(parts, rng),
        }
    }

    /// The length of time if it is always the same: then no randomness is needed.
    pub const fn constant(&self) -> Option<Span> {
        match *self {
            Sampler::Constant(span) => Some(span),
            Sampler::Uniform(..)
            | Sampler::Exponential { .. }
            | Sampler::LogNormal { .. }
            | Sampler::Pareto { .. }
            | Sampler::Normal(_)
            | Sampler::Empirical(_)
            | Sampler::Mixture(_) => None,
        }
    }

    fn mean(&self) -> f64 {
        match *self {
            Sampler::Constant(span) => span.0 as f64,
            Sampler::Uniform(low, high) => low.0 as f64 + (high.0 - low.0 - 1) as f64 / 2.0,
            Sampler::Exponential { mean } => mean,
            Sampler::LogNormal { median, octaves } => {
                let sigma = octaves * LN_2;
                median * libm::exp(sigma * sigma / 2.0)
            }
            Sampler::Pareto { tail, .. } if tail >= 1.0 => f64::INFINITY,
            Sampler::Pareto { min, tail } => min / (1.0 - tail),
            Sampler::Normal(ref bell) => bell.mean(),
            Sampler::Empirical(ref listed) => {
                listed.iter().map(|span| span.0 as f64).sum::<f64>() / listed.len() as f64
            }
            Sampler::Mixture(ref parts) => parts.iter().map(|part| part.share * part.delay.mean()).sum(),
        }
    }
}

impl Bell {
    /// Counted from above, where the tail is, because numbers near 0 are finer than those near 1.
    fn draw(&self, rng: &mut Rng) -> Span {
        nanoseconds(self.mean - self.sd * normal_quantile(self.above * rng.open_unit()))
    }

    /// The mean of what is left: the density at 0 in the scale of `sd`, over what is above it, is what it gains.
    fn mean(&self) -> f64 {
        let zero = self.mean / self.sd;
        let density = libm::exp(-zero * zero / 2.0) / libm::sqrt(2.0 * PI);
        self.mean + self.sd * density / self.above
    }
}

/// One draw starts a stream of its own for the choice and for what is chosen, so `rng` moves on by one whatever it is.
fn draw_part(parts: &[Part], rng: &mut Rng) -> Span {
    let mut rng = fate(rng.next_u64(), 0, 0, 0, 0);
    let chosen = rng.unit();
    let after = parts.partition_point(|part| part.below <= chosen);
    parts[after - 1].delay.draw(&mut rng) // the first begins at 0, so there is one
}

/// The time until the next arrival of a Poisson process that has one arrival per `mean`.
pub fn exponential(rng: &mut Rng, mean: Span) -> Span {
    Sampler::Exponential { mean: mean.0 as f64 }.draw(rng)
}

/// To the nearest whole nanosecond; the cast stops at both ends.
fn nanoseconds(length: f64) -> Span {
    Span((length + 0.5) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Units;
    use alloc::vec;

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
    fn a_power_law_or_a_list_that_makes_no_sense_is_refused_too() {
        let says = |delay: Delay| delay.check().expect_err("refused");
        assert_eq!(
            says(Delay::Pareto { min: 1.ms(), shape: -2.0 }),
            "a Pareto delay with a shape of -2: write a number above 0, like 2.5"
        );
        for shape in [0.0, f64::NAN, f64::INFINITY] {
            assert!(says(Delay::Pareto { min: 1.ms(), shape }).contains("write a number above 0"));
        }
        assert!(says(Delay::Pareto { min: Span::ZERO, shape: 2.0 }).contains("a longer minimum"));
        assert_eq!(
            says(Delay::Empirical(Vec::new())),
            "an empirical delay that lists no lengths: write at least one, like `Empirical([\"1ms\"])`"
        );
        assert_eq!(Delay::Empirical(vec![Span::ZERO; 100_000]).check(), Ok(()));
        assert_eq!(
            says(Delay::Empirical(vec![Span::ZERO; 100_001])),
            "an empirical delay that lists 100001 lengths: write at most 100000, like every tenth"
        );
    }

    #[test]
    fn a_mixture_that_makes_no_sense_is_refused_and_says_where() {
        let says = |parts| Delay::Mixture(parts).check().expect_err("refused");
        let sound = || (1.0, Delay::Constant(1.ms()));
        assert_eq!(
            says(Vec::new()),
            "a mixture of nothing: write at least one part, like `Mixture([(1, Constant(\"1ms\"))])`"
        );
        assert_eq!(Delay::Mixture(vec![sound(); 100]).check(), Ok(()));
        assert_eq!(says(vec![sound(); 101]), "a mixture of 101 parts: write at most 100");
        for weight in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(
                says(vec![sound(), (weight, Delay::Constant(1.ms()))]),
                format!(
                    "part 2 of 2 of a mixture has a weight of {weight}: write a number above 0, like 0.5"
                )
            );
        }
        assert_eq!(
            says(vec![sound(), (1.0, Delay::Mixture(vec![(1.0, Delay::Uniform(2.ms(), 1.ms()))])), sound()]),
            "in part 2 of 3 of a mixture, in part 1 of 1 of a mixture, a uniform delay from 2ms to 1ms ends before \
             it starts: write `Uniform(\"1ms\", \"2ms\")`"
        );
    }

    /// `levels` mixtures inside one another, and 3 ms inside the innermost.
    fn nested(levels: usize) -> Delay {
        (0..levels).fold(Delay::Constant(3.ms()), |inner, _| Delay::Mixture(vec![(0.5, inner)]))
    }

    #[test]
    fn mixtures_go_four_deep_and_what_is_deeper_is_left_out() {
        assert_eq!(nested(4).check(), Ok(()));
        assert_eq!(nested(4).sampler(), Sampler::Constant(3.ms()));
        let message = nested(5).check().expect_err("refused");
        assert!(message.ends_with(
            "more than 4 mixtures inside one another: write the parts of the innermost into the one around it"
        ));
        assert_eq!(nested(1_000).check(), Err(message));
        assert_eq!(nested(1_000).sampler(), Sampler::Constant(Span::ZERO));
        assert_eq!(nested(1_000).mean(), 0.0);
    }

    #[test]
    fn a_mixture_of_mixtures_is_one_of_all_their_parts() {
        let constant = |length: u64| Delay::Constant(length.ms());
        let inner = Delay::Mixture(vec![(3.0, constant(2)), (1.0, constant(6))]);
        let outer = Delay::Mixture(vec![(1e308, constant(1)), (1e308, inner)]);
        let part = |below, share, length: u64| Part { below, share, delay: Sampler::Constant(length.ms()) };
        assert_eq!(
            outer.sampler(),
            Sampler::Mixture(Box::new([part(0.0, 0.5, 1), part(0.5, 0.375, 2), part(0.875, 0.125, 6)]))
        );
        assert_eq!(outer.mean(), 2e6);
    }

    #[test]
    fn a_mixture_without_its_senseless_parts_can_be_drawn() {
        let weights = [f64::NAN, -1.0, 0.0, f64::INFINITY, f64::NEG_INFINITY];
        let mut parts: Vec<_> = weights.map(|weight| (weight, Delay::Constant(1.ms()))).into();
        assert_eq!(Delay::Mixture(parts.clone()).sampler(), Sampler::Constant(Span::ZERO));
        parts.push((1e-300, Delay::Constant(3.ms())));
        assert_eq!(Delay::Mixture(parts.clone()).sampler(), Sampler::Constant(3.ms()));
        // Beside such a weight the others are nothing, and nothing times an infinite mean is nothing.
        parts.extend([(5e-324, Delay::Pareto { min: 1.ms(), shape: 0.5 }), (1e308, Delay::Constant(4.ms()))]);
        assert_eq!(Delay::Mixture(parts).mean(), 4e6);
    }

    #[test]
    fn a_delay_without_choice_is_known_to_be_constant() {
        for delay in [
            Delay::Constant(3.ms()),
            Delay::Uniform(3.ms(), 3.ms()),
            Delay::LogNormal { median: 3.ms(), p99: 3.ms() },
            Delay::Normal { mean: 3.ms(), sd: Span::ZERO },
            Delay::Empirical(vec![3.ms(), 3.ms()]),
            Delay::Mixture(vec![(0.2, Delay::Constant(3.ms()))]),
        ] {
            assert_eq!(delay.check(), Ok(()));
            assert_eq!(delay.sampler().constant(), Some(3.ms()));
            assert_eq!(delay.mean(), 3e6);
        }
        assert_eq!(Delay::Exponential(3.ms()).sampler().constant(), None);
    }

    #[test]
    fn a_tail_too_heavy_has_no_mean() {
        let pareto = |shape| Delay::Pareto { min: 1.ms(), shape };
        assert_eq!([pareto(0.5).mean(), pareto(1.0).mean()], [f64::INFINITY; 2]);
        assert_eq!(pareto(2.0).mean(), 2e6);
        let mixture = Delay::Mixture(vec![(1e9, Delay::Constant(1.ms())), (1.0, pareto(1.0))]);
        assert_eq!(mixture.mean(), f64::INFINITY);
    }

    #[test]
    fn a_sampler_is_small() {
        assert_eq!(size_of::<Sampler>(), 24);
    }

    #[test]
    fn lengths_are_rounded_to_the_nearest_and_stop_at_the_longest() {
        assert_eq!(nanoseconds(0.4), Span(0));
        assert_eq!(nanoseconds(0.6), Span(1));
        assert_eq!(nanoseconds(1e30), Span::MAX);
        assert_eq!(nanoseconds(f64::INFINITY), Span::MAX);
    }
}
