use super::*;

/// A run with this value of so many figures.
fn run(seed: u64, value: f64, figures: usize, status: Status) -> Measured {
    Measured {
        scenario: "one".into(),
        seed,
        scenario_hash: "a".into(),
        plan_hash: seed.to_string(),
        fingerprint: seed.to_string(),
        file: String::new(),
        verdicts: BTreeMap::from([("linearizable".into(), status)]),
        figures: (0..figures).map(|n| ((2, format!("latency.kind-{n}.p50")), value)).collect(),
    }
}

fn results(runs: impl IntoIterator<Item = Measured>) -> Results {
    let mut results = Results::default();
    runs.into_iter().for_each(|run| results.add(run).expect("different seeds"));
    results
}

fn found(baseline: &Results, current: &Results) -> Vec<Found> {
    regression(baseline, current, &Tolerance::default()).rows().map(|row| row.found).collect()
}

#[test]
fn the_more_figures_there_are_the_surer_each_has_to_be() {
    let before = [(1, 10.0), (2, 10.0), (3, 10.0), (4, 10.0)];
    let after = [(1, 11.0), (2, 12.0), (3, 13.0), (4, 12.0)];
    let of = |values: [(u64, f64); 4], figures| {
        results(values.map(|(seed, value)| run(seed, value, figures, Status::Held)))
    };
    // t = 2 / (0.8165 / 2) = 4.90 with 3 degrees of freedom: 3.18 suffices for one figure, 5.84 for one of five, at 99 %.
    assert_eq!(found(&of(before, 1), &of(after, 1)), [Found::Same, Found::Worse]);
    assert_eq!(found(&of(after, 1), &of(before, 1)), [Found::Same, Found::Better]);
    assert!(found(&of(before, 5), &of(after, 5)).iter().all(|found| *found == Found::Same));
}

#[test]
fn what_is_worse_for_certain_and_perhaps_tolerated_is_unsure() {
    let of =
        |values: [f64; 4]| results((0..).zip(values).map(|(seed, value)| run(seed, value, 1, Status::Held)));
    // A difference of 20 on average, between 7 and 33 with 95 %.
    let (before, after) = (of([100.0; 4]), of([110.0, 120.0, 130.0, 120.0]));
    let with = |part: f64| {
        let tolerance = Tolerance { default: Some(Allowance::Part(part)), ..Tolerance::default() };
        regression(&before, &after, &tolerance).rows().nth(1).map(|row| row.found).expect("a figure")
    };
    assert_eq!([0.05, 0.1, 0.3, 0.4].map(with), [Found::Worse, Found::Unsure, Found::Unsure, Found::Within]);
}

#[test]
fn a_failure_among_other_seeds_is_worse_if_there_was_none() {
    let of = |seeds: std::ops::Range<u64>, failed: u64| {
        let status = |seed| if seed == failed { Status::Failed } else { Status::Held };
        results(seeds.map(|seed| run(seed, 1.0, 0, status(seed))))
    };
    assert_eq!(found(&of(0..9, 99), &of(10..20, 12)), [Found::Worse]);
    assert_eq!(found(&of(0..9, 5), &of(10..20, 12)), [Found::Same]);
    assert_eq!(found(&of(0..9, 99), &of(10..20, 99)), [Found::Same]);
    // And with common seeds each is held against itself.
    assert_eq!(found(&of(0..9, 5), &of(0..9, 6)), [Found::Worse]);
    assert_eq!(found(&of(0..9, 5), &of(0..9, 99)), [Found::Better]);
}
