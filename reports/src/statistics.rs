//! How sure one can be that a mean has moved: intervals by Student's t, over pairs or over two samples (Welch).
//!
//! By hand over `libm`, because every crate for it that we looked at takes its logarithms from the platform, and then an
//! interval that touches a tolerance would fail on one machine and pass on another.

/// An interval and its middle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Interval {
    pub(crate) low: f64,
    pub(crate) mean: f64,
    pub(crate) high: f64,
}

/// Mean and variance of a sample; the variance of a single value is none.
fn moments(sample: &[f64]) -> (f64, f64) {
    let count = sample.len() as f64;
    let mean = sample.iter().sum::<f64>() / count;
    let squares: f64 = sample.iter().map(|value| (value - mean) * (value - mean)).sum();
    (mean, if sample.len() > 1 { squares / (count - 1.0) } else { f64::NAN })
}

/// The mean of a sample that is not empty.
pub(crate) fn mean(sample: &[f64]) -> f64 {
    moments(sample).0
}

/// Where the mean of a population lies, of which this is a sample of two or more; `None` of fewer. `confidence` is a share, such
/// as 0.95.
pub(crate) fn around(sample: &[f64], confidence: f64) -> Option<Interval> {
    let (mean, variance) = moments(sample);
    (sample.len() > 1)
        .then(|| spread(mean, variance / sample.len() as f64, sample.len() as f64 - 1.0, confidence))
}

/// How much larger the second mean is than the first: Welch's interval, for samples that need not have the same variance. `None`
/// where one has fewer than two values.
pub(crate) fn welch(first: &[f64], second: &[f64], confidence: f64) -> Option<Interval> {
    if first.len().min(second.len()) < 2 {
        return None;
    }
    let (of_first, of_second) = (moments(first), moments(second));
    let [a, b] = [of_first.1 / first.len() as f64, of_second.1 / second.len() as f64];
    let freedom =
        (a + b) * (a + b) / (a * a / (first.len() as f64 - 1.0) + b * b / (second.len() as f64 - 1.0));
    Some(spread(of_second.0 - of_first.0, a + b, freedom, confidence))
}

/// The median of a sample, the lower one of the middle two, between two of its values that hold the median of the population with a
/// probability of 95 % or more (order statistics, as in the sign test); of fewer than six between the lowest and the highest, which is less
/// sure. `None` of nothing.
pub(crate) fn median(sample: &[f64]) -> Option<Interval> {
    let mut sorted = sample.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let count = sorted.len();
    let rank = rank(count).max(1) - 1;
    let middle = sorted.get(count.checked_sub(1)? / 2)?;
    Some(Interval { low: sorted[rank], mean: *middle, high: sorted[count - 1 - rank] })
}

/// The highest rank, from 1, below which the median of so many values lies with a probability of at most 2.5 %; 0 if there is none.
fn rank(count: usize) -> usize {
    let of = count as f64;
    let ln_half = of * libm::log(0.5);
    let mut below = 0.0;
    let likely = |k: &usize| {
        let k = *k as f64;
        let chosen = libm::lgamma(of + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(of - k + 1.0);
        below += libm::exp(chosen + ln_half);
        below <= 0.025
    };
    (0..count).take_while(likely).count()
}

fn spread(mean: f64, variance: f64, freedom: f64, confidence: f64) -> Interval {
    // Where nothing varies there is nothing to be unsure of, and no freedom either.
    let half =
        if variance > 0.0 { quantile((1.0 + confidence) / 2.0, freedom) * variance.sqrt() } else { 0.0 };
    Interval { low: mean - half, mean, high: mean + half }
}

/// What Student's t with so many degrees of freedom does not exceed with probability `share`, from 0.5 to 1.
fn quantile(share: f64, freedom: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while cumulative(high, freedom) < share && high < 1e12 {
        high *= 2.0;
    }
    for _ in 0..200 {
        let middle = (low + high) / 2.0;
        if cumulative(middle, freedom) < share {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// The probability that Student's t does not exceed `t`, which is not negative.
fn cumulative(t: f64, freedom: f64) -> f64 {
    1.0 - incomplete_beta(freedom / 2.0, 0.5, freedom / (freedom + t * t)) / 2.0
}

/// The regularised incomplete beta function, by its continued fraction (Abramowitz and Stegun, 26.5.8).
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    // The fraction converges fast on this side of the mean only.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(b, a, 1.0 - x);
    }
    let front =
        libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b) + a * libm::log(x) + b * libm::log1p(-x);
    libm::exp(front) * fraction(a, b, x) / a
}

/// Lentz's evaluation of the continued fraction.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away = |value: f64| if value.abs() < TINY { TINY } else { value };
    let (mut c, mut d) = (1.0, 1.0 / away(1.0 - (a + b) * x / (a + 1.0)));
    let mut value = d;
    for m in 1..500 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let before = value;
        for term in [even, odd] {
            d = 1.0 / away(1.0 + term * d);
            c = away(1.0 + term / c);
            value *= c * d;
        }
        if (value - before).abs() <= 1e-15 * value.abs() {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Extra hours of sleep with two drugs, ten patients (Student 1908), as in R's documentation of `t.test`.
    const ONE: [f64; 10] = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
    const OTHER: [f64; 10] = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];

    fn near(found: f64, wanted: f64, by: f64) {
        assert!((found - wanted).abs() < by, "{found} is not {wanted}");
    }

    #[test]
    fn quantiles_are_those_of_the_tables() {
        // NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2.
        let table = [
            (0.975, 1.0, 12.706),
            (0.975, 2.0, 4.303),
            (0.975, 5.0, 2.571),
            (0.975, 10.0, 2.228),
            (0.975, 30.0, 2.042),
            (0.975, 100.0, 1.984),
            (0.95, 1.0, 6.314),
            (0.95, 20.0, 1.725),
            (0.99, 4.0, 3.747),
            (0.995, 10.0, 3.169),
            (0.999, 1.0, 318.309),
            (0.999, 50.0, 3.261),
        ];
        for (share, freedom, wanted) in table {
            near(quantile(share, freedom), wanted, 0.000_51);
        }
        // The normal distribution is where it ends.
        near(quantile(0.975, 1e7), 1.959_964, 1e-5);
    }

    #[test]
    fn intervals_are_those_that_r_prints() {
        let found = welch(&ONE, &OTHER, 0.95).unwrap();
        near(found.low, -0.205_483_2, 1e-7);
        near(found.high, 3.365_483_2, 1e-7);
        let pairs: Vec<f64> = ONE.iter().zip(OTHER).map(|(one, other)| other - one).collect();
        let found = around(&pairs, 0.95).unwrap();
        near(found.low, 0.700_114_2, 1e-7);
        near(found.high, 2.459_885_8, 1e-7);
        near(found.mean, 1.58, 1e-12);
    }

    #[test]
    fn the_interval_of_a_median_is_that_of_the_sign_test() {
        // Conover, Practical Nonparametric Statistics, and every table of the sign test: two-sided, 5 %.
        let table = [
            (5, 0),
            (6, 1),
            (8, 1),
            (9, 2),
            (10, 2),
            (12, 3),
            (15, 4),
            (20, 6),
            (25, 8),
            (30, 10),
            (50, 18),
            (100, 40),
        ];
        for (count, wanted) in table {
            assert_eq!(rank(count), wanted, "{count}");
        }
        let ten: Vec<f64> = (1..=10).rev().map(f64::from).collect();
        assert_eq!(median(&ten), Some(Interval { low: 2.0, mean: 5.0, high: 9.0 }));
        assert_eq!(median(&[3.0, 1.0]), Some(Interval { low: 1.0, mean: 1.0, high: 3.0 }));
        assert_eq!((median(&[]), median(&[7.0]).map(|one| one.high)), (None, Some(7.0)));
        assert_eq!(rank(10_000), 4_902);
    }

    #[test]
    fn what_does_not_vary_is_certain_and_a_single_value_says_nothing() {
        assert_eq!(welch(&[1.0, 1.0], &[3.0, 3.0], 0.95), Some(Interval { low: 2.0, mean: 2.0, high: 2.0 }));
        assert_eq!(welch(&[1.0], &[3.0, 3.0], 0.95), None);
        assert_eq!(around(&[1.0], 0.95), None);
        let half = welch(&[1.0, 2.0, 3.0], &[3.0, 3.0], 0.95).unwrap();
        near(half.high - half.mean, 4.303 / 3.0_f64.sqrt(), 0.001);
    }

    #[test]
    fn more_confidence_is_a_wider_interval() {
        let [narrow, wide] = [0.95, 0.999].map(|confidence| welch(&ONE, &OTHER, confidence).unwrap());
        assert!(wide.low < narrow.low && narrow.high < wide.high);
    }
}
