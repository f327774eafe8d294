//! An operation takes as long as the R-th or W-th fastest of N replicas: an order statistic.

use super::{SEEDS, close, prober::Setting};
use sim_core::{prelude::*, sample::Delay};

/// H_n, the sum of the first n parts of one.
fn harmonic(n: u32) -> f64 {
    (1..=n).map(|i| 1.0 / f64::from(i)).sum()
}

/// The W-th of N delays that are exponential with mean 1 comes after H_N - H_(N-W), and the R-th likewise.
#[test]
fn an_operation_waits_for_the_slowest_of_the_fastest() {
    let published = [(3, 2, 0.8333), (5, 3, 0.7833), (5, 4, 1.2833), (5, 2, 0.45)];
    for (n, k, wanted) in published {
        close("the formula", harmonic(n) - harmonic(n - k), wanted, 0.00005);
    }
    for (n, k) in published.map(|(n, k, _)| (n, k)).into_iter().chain([(3, 1), (3, 3), (9, 5), (4, 3)]) {
        let (one, none) = (Delay::Exponential(1.ms()), Delay::Constant(Span::ZERO));
        let wars = [one.clone(), none.clone(), one, none];
        for seed in 0..SEEDS {
            let (_, run) = Setting::new([n, k, k], wars.clone()).probe(seed, &[Span::ZERO], 40_000);
            for kind in ["get", "put"] {
                let all = run.histories[0].operations();
                let all: Vec<f64> = all
                    .iter()
                    .filter(|operation| operation.kind == kind)
                    .map(|operation| operation.latency().unwrap().as_millis())
                    .collect();
                let mean = all.iter().sum::<f64>() / all.len() as f64;
                let square = all.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>();
                let error = (square / (all.len() - 1) as f64 / all.len() as f64).sqrt();
                let wanted = harmonic(n) - harmonic(n - k);
                close(
                    &format!("{kind}, {k} of {n}, seed {seed}"),
                    mean,
                    wanted,
                    (4.0 * error).max(0.01 * wanted),
                );
            }
        }
    }
}
