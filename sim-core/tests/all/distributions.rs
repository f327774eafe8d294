//! Every distribution of delays against its closed form: mean, variance, and the quantiles 50 % and 99 %.
//!
//! 200,000 draws on each of three fixed seeds; each number may be off by four standard errors, taken from the sample.

use libm::{erf, exp, log, pow, sqrt};
use sim_core::{
    rng::{Keys, Purpose, Rng},
    sample::{Delay, normal_quantile},
    time::{Span, Units},
};
use std::f64::consts::PI;

const COUNT: usize = 200_000;
const SEEDS: [u64; 3] = [1, 2, 3];
const MS: f64 = 1e6;

/// What theory says, in nanoseconds.
struct Closed {
    mean: f64,
    variance: f64,
    p50: f64,
    p99: f64,
}

fn stream(seed: u64) -> Rng {
    Keys::new(seed).stream(Purpose::Test, 0, 0)
}

fn draws(delay: &Delay, seed: u64) -> Vec<f64> {
    assert_eq!(delay.check(), Ok(()));
    let (sampler, mut rng) = (delay.sampler(), stream(seed));
    (0..COUNT).map(|_| sampler.draw(&mut rng).0 as f64).collect()
}

/// Fails unless the mean of `samples` is within four standard errors of `expected`.
fn assert_mean(name: &str, samples: &[f64], expected: f64) {
    let n = samples.len() as f64;
    let mean = samples.iter().sum::<f64>() / n;
    let variance = samples.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
    let error = sqrt(variance / n);
    assert!((mean - expected).abs() <= 4.0 * error, "{name}: {mean}, not {expected} ± {error}");
}

/// Mean and variance as they are; a quantile by how many are below it.
fn assert_closed(samples: &[f64], closed: &Closed) {
    assert_mean("mean", samples, closed.mean);
    let squares: Vec<f64> = samples.iter().map(|x| (x - closed.mean) * (x - closed.mean)).collect();
    assert_mean("variance", &squares, closed.variance);
    for (p, border) in [(0.5, closed.p50), (0.99, closed.p99)] {
        let below: Vec<f64> = samples.iter().map(|&x| f64::from(u8::from(x < border))).collect();
        assert_mean(&format!("quantile {p}"), &below, p);
    }
}

/// Fails unless draws, and the mean that reports show, are as theory says.
fn assert_delay(delay: &Delay, closed: &Closed) {
    let (said, mean) = (delay.mean(), closed.mean);
    assert!((said - mean).abs() <= 1.0, "the mean of {delay:?} is {mean}, and not {said}");
    for seed in SEEDS {
        assert_closed(&draws(delay, seed), closed);
    }
}

/// Always c, and nothing is drawn.
#[test]
fn constant() {
    let (delay, mut rng) = (Delay::Constant(7.ms()), stream(1));
    assert_eq!(delay.mean(), 7.0 * MS);
    assert!((0..COUNT).all(|_| delay.sampler().draw(&mut rng) == 7.ms()));
    assert_eq!(rng, stream(1));
}

/// On [a, b): mean (a+b)/2, variance (b-a)²/12, quantile a + p(b-a).
#[test]
fn uniform() {
    let closed = Closed { mean: 5.5 * MS, variance: 81.0 / 12.0 * MS * MS, p50: 5.5 * MS, p99: 9.91 * MS };
    assert_delay(&Delay::Uniform(1.ms(), 10.ms()), &closed);
}

/// With mean m: variance m², quantile -m ln(1-p).
#[test]
fn exponential() {
    let m = 5.0 * MS;
    let closed = Closed { mean: m, variance: m * m, p50: m * log(2.0), p99: m * log(100.0) };
    assert_delay(&Delay::Exponential(5.ms()), &closed);
}

/// With median e^μ: mean e^(μ+σ²/2), variance (e^σ²-1) e^(2μ+σ²), quantile e^(μ+σz); so σ = ln(p99/median) / 2.326.
#[test]
fn log_normal() {
    let closed = |sigma: f64, p99| Closed {
        mean: MS * exp(sigma * sigma / 2.0),
        variance: MS * MS * (exp(sigma * sigma) - 1.0) * exp(sigma * sigma),
        p50: MS,
        p99,
    };
    const Z99: f64 = 2.326_347_874_040_840_8;
    let short = closed(log(2.0) / Z99, 2.0 * MS);
    assert_delay(&Delay::LogNormal { median: 1.ms(), p99: 2.ms() }, &short);

    // Of a longer tail, the fourth moment is too large to test the variance; that of the logarithm, σ², is not.
    let (delay, sigma) = (Delay::LogNormal { median: 1.ms(), p99: 8.ms() }, log(8.0) / Z99);
    let long = closed(sigma, 8.0 * MS);
    assert!((delay.mean() - long.mean).abs() <= 1.0);
    for seed in SEEDS {
        let samples = draws(&delay, seed);
        assert_mean("mean", &samples, long.mean);
        let logs: Vec<f64> = samples.iter().map(|&x| log(x / MS)).collect();
        assert_closed(&logs, &Closed { mean: 0.0, variance: sigma * sigma, p50: 0.0, p99: log(8.0) });
    }
}

/// N(m, s²) truncated below at 0, with a = m/s and λ = φ(a)/Φ(a): mean m + sλ, variance s²(1 - aλ - λ²), and the
/// quantile x with (Φ((x-m)/s) - Φ(-a)) / Φ(a) = p. (Johnson, Kotz and Balakrishnan, "Continuous univariate
/// distributions", volume 1, 1994, 13.10.1.)
#[test]
fn normal() {
    for (m, s) in [(50, 2), (5, 4), (1, 20), (0, 3)] {
        let delay = Delay::Normal { mean: m.ms(), sd: s.ms() };
        let (m, s) = (m as f64 * MS, s as f64 * MS);
        let a = m / s;
        let above = (1.0 + erf(a / sqrt(2.0))) / 2.0;
        let lambda = exp(-a * a / 2.0) / sqrt(2.0 * PI) / above;
        let quantile = |p| m + s * normal_quantile((1.0 - above) + p * above);
        let closed = Closed {
            mean: m + s * lambda,
            variance: s * s * (1.0 - a * lambda - lambda * lambda),
            p50: quantile(0.5),
            p99: quantile(0.99),
        };
        assert_delay(&delay, &closed);
    }
}

/// From m up with shape k: mean km/(k-1), variance km²/((k-1)²(k-2)), quantile m (1-p)^(-1/k).
#[test]
fn pareto() {
    // At shape 9 there is an eighth moment, on which the error of the error of the variance depends.
    let (m, k) = (2.0 * MS, 9.0);
    let closed = Closed {
        mean: k * m / (k - 1.0),
        variance: k * m * m / ((k - 1.0) * (k - 1.0) * (k - 2.0)),
        p50: m * pow(2.0, 1.0 / k),
        p99: m * pow(100.0, 1.0 / k),
    };
    assert_delay(&Delay::Pareto { min: 2.ms(), shape: k }, &closed);

    // Of a heavy tail, where a mean is missing, the logarithm of x/m is exponential with mean 1/k.
    for (shape, seed) in [0.5, 1.0, 1.5].into_iter().zip(SEEDS) {
        let delay = Delay::Pareto { min: 2.ms(), shape };
        let logs: Vec<f64> = draws(&delay, seed).iter().map(|&x| log(x / m)).collect();
        let mean = 1.0 / shape;
        assert_closed(
            &logs,
            &Closed { mean, variance: mean * mean, p50: mean * log(2.0), p99: mean * log(100.0) },
        );
    }
    // So heavy that every one is beyond the longest there is.
    assert_eq!(Delay::Pareto { min: 1.ns(), shape: 1e-300 }.sampler().draw(&mut stream(1)), Span::MAX);
}

/// Of n listed, each with chance 1/n: mean Σx/n, variance Σ(x-mean)²/n, and k of n are below a border with k below it.
#[test]
fn empirical() {
    // The squares 1, 4, ... 10,000: Σx = n(n+1)(2n+1)/6, Σx² = n(n+1)(2n+1)(3n²+3n-1)/30; 50 are below 51², 99 below 100².
    let n = 100.0;
    let mean = (n + 1.0) * (2.0 * n + 1.0) / 6.0;
    let closed = Closed {
        mean: mean * MS,
        variance: (mean * (3.0 * n * n + 3.0 * n - 1.0) / 5.0 - mean * mean) * MS * MS,
        p50: 51.0 * 51.0 * MS,
        p99: 100.0 * 100.0 * MS,
    };
    assert_delay(&Delay::Empirical((1..=100).map(|i| (i * i).ms()).collect()), &closed);

    // Listed twice, twice as likely: with 49 of 1 ms, 1 of 2 ms, 49 of 3 ms and 1 of 9 ms.
    let listed = [(49, 1), (1, 2), (49, 3), (1, 9)];
    let mean = (49.0 * 1.0 + 2.0 + 49.0 * 3.0 + 9.0) / 100.0;
    let square = (49.0 * 1.0 + 4.0 + 49.0 * 9.0 + 81.0) / 100.0;
    let closed =
        Closed { mean: mean * MS, variance: (square - mean * mean) * MS * MS, p50: 2.5 * MS, p99: 5.0 * MS };
    let listed = listed.into_iter().flat_map(|(times, length)| vec![length.ms(); times]).collect();
    assert_delay(&Delay::Empirical(listed), &closed);
}

/// Of parts with shares w, means m and variances v: mean M = Σwm, variance Σw(v+m²) - M², and the quantile x at which
/// the shares of those below x add up to p.
#[test]
fn mixture() {
    // 3/4 in 1..2 ms, 1/16 at 10 ms, 3/16 in 20..120 ms. Half of all is two thirds of the first part; what is left of
    // 0.99 after the first two, 0.1775, is 71/75 of the third.
    let inner = vec![(0.5, Delay::Constant(10.ms())), (1.5, Delay::Uniform(20.ms(), 120.ms()))];
    let delay = Delay::Mixture(vec![(30.0, Delay::Uniform(1.ms(), 2.ms())), (10.0, Delay::Mixture(inner))]);
    let parts =
        [(12.0 / 16.0, 1.5, 1.0 / 12.0), (1.0 / 16.0, 10.0, 0.0), (3.0 / 16.0, 70.0, 10_000.0 / 12.0)];
    let mean: f64 = parts.iter().map(|(w, m, _)| w * m).sum();
    let square: f64 = parts.iter().map(|(w, m, v)| w * (v + m * m)).sum();
    let closed = Closed {
        mean: mean * MS,
        variance: (square - mean * mean) * MS * MS,
        p50: (1.0 + 2.0 / 3.0) * MS,
        p99: (20.0 + 100.0 * 71.0 / 75.0) * MS,
    };
    assert_delay(&delay, &closed);
}
