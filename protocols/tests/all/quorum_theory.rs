//! A quorum store does what theory says: how often it misses writes, for how long, how long operations take, and how often
//! they can be served.
//!
//! Every number is measured in worlds like any other. A claim about probability is tested on three seeds; a share or a mean
//! must be within four standard errors of what is expected, unless the claim says how far off it may be.

mod availability;
mod latency;
mod prober;
mod staleness;

use crate::measured::close;

const SEEDS: u64 = 3;

/// Four standard errors of a share that is `p` and was found in so many trials.
fn four_errors(p: f64, trials: u64) -> f64 {
    4.0 * (p * (1.0 - p) / trials as f64).sqrt()
}

/// n choose k.
fn choose(n: u32, k: u32) -> f64 {
    if k > n { 0.0 } else { (0..k).fold(1.0, |ways, i| ways * f64::from(n - i) / f64::from(i + 1)) }
}
