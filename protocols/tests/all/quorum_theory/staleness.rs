//! Probabilistically bounded staleness (Bailis et al., "Quantifying Eventual Consistency with PBS", 2014).

use super::{
    SEEDS, choose, close, four_errors,
    prober::{Setting, patient},
};
use protocols::quorum_store::{Asks, Config};
use sim_core::{prelude::*, run::Run, sample::Delay};

/// Eq. 1: a read misses the last write when none of its R replicas is among the W of the write. Eq. 2: and the last k
/// writes when it misses each of them.
#[test]
fn a_read_misses_the_last_k_writes_as_often_as_the_formula_says() {
    let published =
        [(3, 1, 1, 0.6667), (3, 2, 1, 0.3333), (5, 2, 2, 0.3), (5, 3, 3, 0.0), (10, 3, 3, 0.2917)];
    for (n, r, w, wanted) in published {
        close("the formula", choose(n - w, r) / choose(n, r), wanted, 0.00005);
    }
    let more = [(3, 1, 2), (4, 2, 1), (7, 2, 3), (5, 1, 5)];
    for [n, r, w] in
        published.map(|(n, r, w, _)| [n, r, w]).into_iter().chain(more.map(|(n, r, w)| [n, r, w]))
    {
        let miss = choose(n - w, r) / choose(n, r);
        let store = Config { asks: Asks::Quorum, ..patient() };
        let delay = Delay::Constant(1.ms());
        let setting = Setting { store, ..Setting::new([n, r, w], [(); 4].map(|()| delay.clone())) };
        for seed in 0..SEEDS {
            let (missed, _) = setting.probe(seed, &[Span::ZERO], 60_000);
            let mut power = 1.0;
            for (k, found) in missed[0].into_iter().enumerate().skip(1) {
                power *= miss;
                let what = format!("N={n} R={r} W={w}, seed {seed}: the last {k} missed");
                close(&what, found, power, four_errors(power, 60_000).min(0.006));
            }
        }
    }
}

/// In milliseconds, as the paper writes it: a share of all that is Pareto, and a rest that is exponential with a rate.
fn fit(share: f64, (min, shape): (f64, f64), rate: f64) -> Delay {
    let span = |ms: f64| Span((ms * 1e6) as u64);
    let pareto = Delay::Pareto { min: span(min), shape };
    Delay::Mixture(vec![(share, pareto), (1.0 - share, Delay::Exponential(span(1.0 / rate)))])
}

/// LinkedIn with solid-state disks, with spinning disks, and Yammer, as the paper fitted them.
fn ssd() -> [Delay; 4] {
    [(); 4].map(|()| fit(0.9122, (0.235, 10.0), 1.66))
}
fn disk() -> [Delay; 4] {
    let [_, a, r, s] = ssd();
    [fit(0.38, (1.05, 1.51), 0.183), a, r, s]
}
fn yammer() -> [Delay; 4] {
    let [a, r, s] = [(); 3].map(|()| fit(0.982, (1.5, 3.8), 0.0217));
    [fit(0.939, (3.0, 3.35), 0.0028), a, r, s]
}

/// What quantile of the latencies of this kind, in milliseconds.
fn quantile(runs: &[Run], kind: &str, share: f64) -> f64 {
    let all = runs.iter().flat_map(|run| run.histories[0].operations());
    let mut all: Vec<f64> =
        all.filter(|operation| operation.kind == kind).map(|o| o.latency().unwrap().as_millis()).collect();
    all.sort_by(f64::total_cmp);
    all[((all.len() - 1) as f64 * share).round() as usize]
}

#[test]
fn a_read_right_after_the_commit_sees_it_as_often_as_published() {
    let ms = |ms: f64| Span((ms * 1e6) as u64);
    for (name, wars, n, after, wanted) in [
        ("SSD", ssd(), 3, 0.0, 0.974),
        ("disk", disk(), 3, 0.0, 0.439),
        ("disk, 10 ms later", disk(), 3, 10.0, 0.925),
        ("Yammer", yammer(), 3, 0.0, 0.893),
        ("disk, N=2", disk(), 2, 0.0, 0.575),
        ("disk, N=10", disk(), 10, 0.0, 0.211),
    ] {
        for seed in 0..SEEDS {
            let (missed, _) = Setting::new([n, 1, 1], wars.clone()).probe(seed, &[ms(after)], 30_000);
            close(&format!("{name}, seed {seed}: consistent"), 1.0 - missed[0][1], wanted, 0.01);
        }
    }
}

/// When reads that begin so long after the commit see it with a probability of 99.9 %, in milliseconds: on the line between
/// the two moments of `grid` around it.
fn visible(setting: &Setting, grid: &[f64], trials: u64) -> f64 {
    let spans: Vec<Span> = grid.iter().map(|&t| Span((t * 1e6) as u64)).collect();
    let mut missed = vec![0.0; grid.len()];
    for seed in 0..SEEDS {
        let (found, _) = setting.probe(seed, &spans, trials);
        missed.iter_mut().zip(found).for_each(|(sum, found)| *sum += found[1] / SEEDS as f64);
    }
    let later = missed.iter().position(|&missed| missed <= 0.001).expect("the grid goes far enough");
    assert!(later > 0, "the grid begins early enough");
    let [(t0, p0), (t1, p1)] = [later - 1, later].map(|i| (grid[i], missed[i]));
    t0 + (t1 - t0) * (p0 - 0.001) / (p0 - p1)
}

#[test]
fn writes_become_visible_when_published() {
    for (name, quorums, wars, wanted) in [
        ("SSD", [3, 1, 1], ssd(), 1.85),
        ("SSD", [3, 1, 2], ssd(), 1.79),
        // The tails of spinning disks are heavy. The paper has 45.5, 13.6 and 43.3 from 50,000 reads; these are from
        // 400,000 of an independent simulation.
        ("disk", [3, 1, 1], disk(), 51.9),
        ("disk", [3, 2, 1], disk(), 14.2),
        ("disk", [3, 1, 2], disk(), 45.3),
    ] {
        let grid: Vec<f64> = (0..9).map(|step| wanted * (0.6 + 0.1 * f64::from(step))).collect();
        let found = visible(&Setting::new(quorums, wars), &grid, 40_000);
        close(&format!("{name}, N R W {quorums:?}: 99.9 % visible"), found, wanted, 0.15 * wanted);
    }
    // At once, and not only nearly so where quorums meet.
    for (quorums, wars) in
        [([3, 2, 1], ssd()), ([3, 2, 2], disk()), ([3, 3, 1], yammer()), ([3, 1, 3], disk())]
    {
        let overlap = quorums[1] + quorums[2] > quorums[0];
        for seed in 0..SEEDS {
            let (missed, _) = Setting::new(quorums, wars.clone()).probe(seed, &[Span::ZERO], 30_000);
            assert!(missed[0][1] <= if overlap { 0.0 } else { 0.001 }, "{quorums:?}: {}", missed[0][1]);
        }
    }
}

#[test]
fn operations_take_as_long_as_published() {
    for (name, quorums, wars, read, write) in [
        ("SSD", [3, 1, 1], ssd(), 0.66, 0.66),
        ("SSD", [3, 2, 2], ssd(), 1.62, 1.64),
        ("disk", [3, 1, 1], disk(), 0.66, 10.99),
        ("disk", [3, 1, 2], disk(), 0.65, 20.97),
        ("Yammer", [3, 1, 1], yammer(), 5.58, 10.83),
        ("Yammer", [3, 2, 2], yammer(), 33.18, 428.11),
    ] {
        let setting = Setting::new(quorums, wars);
        let runs: Vec<Run> = (0..SEEDS).map(|seed| setting.probe(seed, &[Span::ZERO], 60_000).1).collect();
        for (kind, wanted) in [("get", read), ("put", write)] {
            let what = format!("{name}, N R W {quorums:?}: 999 of 1000 {kind}");
            close(&what, quantile(&runs, kind, 0.999), wanted, 0.06 * wanted);
        }
        if quorums == [3, 1, 1] && name == "SSD" {
            close("SSD: half of all get", quantile(&runs, "get", 0.5), 0.489, 0.01);
        }
    }
}
