//! Elections last as long as those that the Raft paper measured (Figure 16).

#![allow(clippy::unwrap_used, missing_docs, reason = "a test says what went wrong by failing")]

#[path = "../examples/figure-16/measure.rs"]
mod measure;

use measure::{RANGES, distance, published, quantile, times};

/// Kolmogorov–Smirnov distance at most 0.15, medians within 8 %, and 95 of 100 within 20 %: the model has two parameters that
/// were fitted to this very data, the latency of a message and what a server takes besides.
#[test]
fn elections_last_as_long_as_in_figure_16_of_the_paper() {
    std::thread::scope(|scope| {
        let all = RANGES.map(|range| scope.spawn(move || compare(range)));
        all.into_iter().for_each(|one| one.join().unwrap());
    });
}

fn compare(range: (u64, u64)) {
    let measured = times(range, 300);
    assert!(measured.len() > 290, "{range:?}: {} of 300 trials count", measured.len());
    let Some(published) = published(range) else {
        return println!("{range:?} skipped: ../shared/corpora/raft/fig16.csv is not here");
    };
    let found = distance(&measured, &published);
    let [median, late] = [0.5, 0.95].map(|share| quantile(&measured, share) / quantile(&published, share));
    println!("{range:?}: distance {found:.3}, median {median:.3}, 95 of 100 {late:.3} of the published");
    assert!(found <= 0.15, "{range:?}: {found}");
    assert!((0.92..1.08).contains(&median), "{range:?}: {median}");
    assert!((0.8..1.2).contains(&late), "{range:?}: {late}");
}
