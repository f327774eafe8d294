//! Randomness against its closed forms, and against its own values of yesterday. (`distributions.rs` has the shapes of
//! delays.)
//!
//! Statistical tests allow four standard errors, on each of three fixed seeds; a change of a generator or a sampler
//! that is meant to be none must leave every golden value as it is.

use libm::{pow, sqrt};
use proptest::{prelude::*, test_runner::RngSeed};
use serde::de::{
    Deserialize, IntoDeserializer,
    value::{Error as ValueError, F64Deserializer},
};
use sim_core::{
    digest::Digest,
    rng::{Chance, Keys, Purpose, Rng, fate},
    sample::{Delay, Zipf, exponential},
    time::{Span, Units},
};

const SEEDS: [u64; 3] = [1, 2, 3];

fn stream(seed: u64) -> Rng {
    Keys::new(seed).stream(Purpose::Test, 0, 0)
}

fn digest_of(values: impl Iterator<Item = u64>) -> u64 {
    let mut digest = Digest::new();
    values.for_each(|value| digest.add(value));
    digest.finish()
}

/// Fails unless the mean of `samples` is within four standard errors of `expected`.
fn assert_mean(name: &str, samples: &[f64], expected: f64) {
    let n = samples.len() as f64;
    let mean = samples.iter().sum::<f64>() / n;
    let variance = samples.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
    let error = sqrt(variance / n);
    assert!((mean - expected).abs() <= 4.0 * error, "{name}: {mean}, not {expected} ± {error}");
}

/// Mean, variance and three quantiles.
fn assert_shape(name: &str, samples: &[f64], mean: f64, variance: f64, quantiles: [(f64, f64); 3]) {
    assert_mean(&format!("{name}, mean"), samples, mean);
    let squares: Vec<f64> = samples.iter().map(|x| (x - mean) * (x - mean)).collect();
    assert_mean(&format!("{name}, variance"), &squares, variance);
    for (q, border) in quantiles {
        let below: Vec<f64> = samples.iter().map(|&x| if x < border { 1.0 } else { 0.0 }).collect();
        assert_mean(&format!("{name}, quantile {q}"), &below, q);
    }
}

/// Fails when the counts are further from what was expected than four standard deviations of chi-square, approximately
/// normal after Wilson and Hilferty.
fn assert_counts(name: &str, counts: &[u64], expected: &[f64]) {
    assert_eq!(counts.len(), expected.len());
    let mut chi2 = 0.0;
    let (mut groups, mut seen, mut wanted) = (0.0, 0.0, 0.0);
    for (&count, &expect) in counts.iter().zip(expected) {
        seen += count as f64;
        wanted += expect;
        if wanted >= 10.0 {
            chi2 += (seen - wanted) * (seen - wanted) / wanted;
            (groups, seen, wanted) = (groups + 1.0, 0.0, 0.0);
        }
    }
    let freedom: f64 = groups - 1.0;
    let z = (pow(chi2 / freedom, 1.0 / 3.0) - (1.0 - 2.0 / (9.0 * freedom))) / sqrt(2.0 / (9.0 * freedom));
    assert!(z <= 4.0, "{name}: chi-square {chi2} with {freedom} degrees of freedom, {z} sigma");
}

fn delays() -> [(&'static str, Delay); 8] {
    let parts = vec![
        (3.0, Delay::Uniform(1.ms(), 2.ms())),
        (1.0, Delay::Mixture(vec![(1.0, Delay::Constant(10.ms())), (1.0, Delay::Exponential(50.ms()))])),
    ];
    [
        ("constant", Delay::Constant(7.ms())),
        ("uniform", Delay::Uniform(1.ms(), 10.ms())),
        ("exponential", Delay::Exponential(5.ms())),
        ("log-normal", Delay::LogNormal { median: 1.ms(), p99: 8.ms() }),
        ("normal", Delay::Normal { mean: 5.ms(), sd: 4.ms() }),
        ("Pareto", Delay::Pareto { min: 1.ms(), shape: 2.5 }),
        ("empirical", Delay::Empirical(vec![1.ms(), 2.ms(), 2.ms(), 40.ms(), 3.ms()])),
        ("mixture", Delay::Mixture(parts)),
    ]
}

#[test]
fn golden_streams() {
    let first = |seed, purpose, who, which| {
        let mut rng = Keys::new(seed).stream(purpose, who, which);
        [rng.next_u64(), rng.next_u64(), rng.next_u64()]
    };
    assert_eq!(
        first(0, Purpose::Network, 0, 0),
        [0x2387_fff2_6dac_8877, 0x12f4_8a8f_27ae_e84e, 0xc205_56aa_c0ed_b1aa]
    );
    assert_eq!(
        first(7, Purpose::Protocol, 3, 0),
        [0x0d26_efdd_e58d_be9f, 0x6851_0024_2246_37d0, 0xb54c_893b_e653_ce7b]
    );
    assert_eq!(
        first(7, Purpose::Protocol, 3, 1),
        [0xed7f_99cd_08e5_7527, 0xbf29_e681_39c1_f740, 0xef6f_78a9_8334_4dc7]
    );
    assert_eq!(
        first(u64::MAX, Purpose::Test, u64::MAX, u64::MAX),
        [0x5904_fbeb_ce8d_cd10, 0x7b95_c3df_0a95_a047, 0xf135_575b_ade1_23e7]
    );
    let keys = Keys::new(7);
    assert_eq!(
        [keys.key(Purpose::Network, 0, 0), keys.key(Purpose::Ties, 0, 0)],
        [0x0075_730f_0f82_7092, 0xf9f2_a41a_eff6_087a]
    );
    let drawn = |from, to, at, nth| fate(keys.key(Purpose::Network, 0, 0), from, to, at, nth).next_u64();
    assert_eq!(
        [drawn(0, 0, 0, 0), drawn(1, 2, 1_000_000, 0), drawn(u32::MAX, 1, u64::MAX, u32::MAX)],
        [0x03d4_376b_f92c_df18, 0xc60a_1805_efc7_113c, 0xd3d7_655c_e81b_e501]
    );
    let every = (0..10_000).map(|n| drawn(n % 10, n / 1_000, u64::from(n) * 1_000, n % 3));
    assert_eq!(digest_of(every), 0x2fdf_63ea_9571_d83a);
}

#[test]
fn golden_purposes() {
    let numbers = [
        (Purpose::Network, 1),
        (Purpose::Protocol, 2),
        (Purpose::Disk, 3),
        (Purpose::Clock, 4),
        (Purpose::Load, 5),
        (Purpose::Keys, 6),
        (Purpose::Ops, 7),
        (Purpose::Pick, 8),
        (Purpose::Fault, 9),
        (Purpose::Client, 10),
        (Purpose::Ties, 11),
        (Purpose::Work, 12),
        (Purpose::Layout, 13),
        (Purpose::Test, 14),
    ];
    for (purpose, number) in numbers {
        assert_eq!(purpose as u64, number, "{purpose:?}");
    }
}

#[test]
fn golden_draws() {
    let golden = |mut draw: Box<dyn FnMut(&mut Rng) -> u64>| {
        let mut rng = stream(7);
        digest_of((0..10_000).map(|_| draw(&mut rng)))
    };
    let third = Chance::ratio(1, 3);
    let found = [
        golden(Box::new(Rng::next_u64)),
        golden(Box::new(|rng| rng.below(10))),
        golden(Box::new(|rng| rng.below(3 << 62))),
        golden(Box::new(|rng| rng.range(5, 1_000_005))),
        golden(Box::new(|rng| rng.unit().to_bits())),
        golden(Box::new(|rng| rng.open_unit().to_bits())),
        golden(Box::new(move |rng| u64::from(rng.chance(third)))),
        golden(Box::new(|rng| {
            let mut items = [1, 2, 3, 4, 5, 6, 7];
            rng.shuffle(&mut items);
            items.iter().fold(0, |number, item| 10 * number + item)
        })),
        golden(Box::new(|rng| *rng.pick(&[10, 20, 30, 40, 50]).expect("not empty"))),
        golden(Box::new(|rng| digest_of(rng.choose(20, 5).into_iter().map(|index| index as u64)))),
    ];
    assert_eq!(
        found,
        [
            0xdd6e_3c71_c0a3_ddf8,
            0xeb1b_a74f_7a5f_043d,
            0xee9c_18fd_c87b_17a3,
            0x299c_6fd3_aab5_04c6,
            0x4acf_9766_615a_cf35,
            0x9de4_2787_64ce_32be,
            0x14fa_4cd3_28f9_e748,
            0xc032_cb28_6bdb_fc8e,
            0xb5e2_6423_c75a_1820,
            0x1117_0fa8_8943_a185
        ]
    );
}

#[test]
fn golden_samples() {
    let of_delay = delays().map(|(_, delay)| {
        let (sampler, mut rng) = (delay.sampler(), stream(7));
        digest_of((0..10_000).map(|_| sampler.draw(&mut rng).0))
    });
    assert_eq!(
        of_delay,
        [
            0x9c24_6304_97cc_2b1e,
            0x20db_318b_40d0_82ca,
            0x7fce_0fb2_8a44_f8b2,
            0x8459_7773_2beb_4e73,
            0xf169_959d_bce2_afc4,
            0xc845_323a_cd98_6721,
            0x7221_2913_84ff_e09f,
            0xe80d_c1e6_8d24_da0b
        ]
    );
    let of_zipf = [(100, 0.0), (100, 0.99), (1_000_000, 1.0), (1_000_000, 1.2)].map(|(count, s)| {
        let (zipf, mut rng) = (Zipf::new(count, s).expect("makes sense"), stream(7));
        digest_of((0..10_000).map(|_| zipf.draw(&mut rng)))
    });
    assert_eq!(
        of_zipf,
        [0x5bff_27e4_076d_c8cc, 0x1c67_c6b0_bacc_96db, 0xc16d_6e8f_cb65_1578, 0x8c0f_a50c_1e91_ab7d]
    );
    let mut rng = stream(7);
    assert_eq!(digest_of((0..10_000).map(|_| exponential(&mut rng, 5.ms()).0)), of_delay[2]);
}

#[test]
fn streams_of_different_names_are_unrelated() {
    let purposes = [Purpose::Network, Purpose::Protocol, Purpose::Disk, Purpose::Test];
    let mut starts = Vec::new();
    for seed in 0..10 {
        for purpose in purposes {
            for who in 0..10 {
                for which in 0..10 {
                    starts.push(Keys::new(seed).stream(purpose, who, which).next_u64());
                    starts.push(Keys::new(seed).key(purpose, who, which));
                }
            }
        }
    }
    let mut counts = [0; 64];
    starts.iter().for_each(|start| counts[(start >> 58) as usize] += 1);
    assert_counts("top bits of first draws", &counts, &[starts.len() as f64 / 64.0; 64]);
    let all = starts.len();
    starts.sort_unstable();
    starts.dedup();
    assert_eq!(starts.len(), all);
}

#[test]
fn numbers_below_are_equally_likely_even_where_a_remainder_would_not_be() {
    for seed in SEEDS {
        let mut rng = stream(seed);
        let mut counts = [0; 7];
        (0..100_000).for_each(|_| counts[rng.below(7) as usize] += 1);
        assert_counts("below 7", &counts, &[100_000.0 / 7.0; 7]);
        // Of 3·2^62, the remainder of 64 bits falls into the lowest third half of the time.
        let mut counts = [0; 3];
        (0..100_000).for_each(|_| counts[(rng.below(3 << 62) >> 62) as usize] += 1);
        assert_counts("below 3·2^62", &counts, &[100_000.0 / 3.0; 3]);
    }
}

#[test]
fn units_are_uniform() {
    for seed in SEEDS {
        let mut rng = stream(seed);
        let shape = |name, samples: Vec<f64>| {
            assert_shape(name, &samples, 0.5, 1.0 / 12.0, [(0.01, 0.01), (0.5, 0.5), (0.99, 0.99)]);
        };
        shape("unit", (0..200_000).map(|_| rng.unit()).collect());
        shape("open unit", (0..200_000).map(|_| rng.open_unit()).collect());
    }
}

#[test]
fn chances_come_true_as_often_as_they_say() {
    for seed in SEEDS {
        for p in [0.001, 0.1, 0.5, 0.9] {
            let (mut rng, chance) = (stream(seed), Chance::new(p).expect("from 0 to 1"));
            let hits: Vec<f64> = (0..200_000).map(|_| f64::from(u8::from(rng.chance(chance)))).collect();
            assert_mean(&format!("chance {p}"), &hits, p);
        }
        let mut rng = stream(seed);
        assert!((0..10_000).all(|_| rng.chance(Chance::ALWAYS)));
        assert!(!(0..10_000).any(|_| rng.chance(Chance::NEVER)));
    }
}

#[test]
fn raising_a_chance_only_turns_no_into_yes_and_re_deals_nothing() {
    let (mut low, mut high) = (stream(1), stream(1));
    for _ in 0..10_000 {
        let rare = low.chance(Chance::ratio(1, 10));
        let common = high.chance(Chance::ratio(1, 5));
        assert!(common || !rare);
        assert_eq!(low, high);
    }
}

#[test]
fn every_order_and_every_choice_is_equally_likely() {
    for seed in SEEDS {
        let mut rng = stream(seed);
        let mut orders = [0; 64];
        for _ in 0..60_000 {
            let mut items = [0, 1, 2, 3];
            rng.shuffle(&mut items);
            orders[items[0] * 16 + items[1] * 4 + items[2]] += 1;
        }
        let orders: Vec<u64> = orders.into_iter().filter(|&count| count > 0).collect();
        assert_counts("orders of four", &orders, &[60_000.0 / 24.0; 24]);

        let mut sets = [0; 64];
        for _ in 0..60_000 {
            sets[rng.choose(6, 3).iter().map(|index| 1 << index).sum::<usize>()] += 1;
        }
        let sets: Vec<u64> = sets.into_iter().filter(|&count| count > 0).collect();
        assert_counts("three of six", &sets, &[60_000.0 / 20.0; 20]);
    }
}

/// The draws of neighbouring packets: a byte of each must be uniform, and no two neighbours alike.
#[test]
fn fates_of_neighbouring_packets_are_unrelated() {
    type Packet = fn(u32) -> (u32, u32, u64, u32);
    let packets: [(&str, Packet); 5] = [
        ("next nanosecond", |n| (1, 2, u64::from(n), 0)),
        ("next millisecond", |n| (1, 2, u64::from(n) * 1_000_000, 0)),
        ("next of the same moment", |n| (1, 2, 5_000_000_000, n)),
        ("next receiver", |n| (1, n, 77, 0)),
        ("both directions", |n| (n % 400, n / 400, 77, 0)),
    ];
    for key in [0, 1, Keys::new(7).key(Purpose::Network, 0, 0)] {
        for (name, packet) in packets {
            const COUNT: u32 = 160_000;
            let draws: Vec<[u64; 2]> = (0..COUNT)
                .map(|n| {
                    let (from, to, at, nth) = packet(n);
                    let mut rng = fate(key, from, to, at, nth);
                    [rng.next_u64(), rng.next_u64()]
                })
                .collect();
            for (turn, shift) in [(0, 56), (0, 28), (0, 0), (1, 56), (1, 0)] {
                let mut counts = [0; 256];
                draws.iter().for_each(|draw| counts[(draw[turn] >> shift & 255) as usize] += 1);
                assert_counts(
                    &format!("{name}, draw {turn} >> {shift}"),
                    &counts,
                    &[f64::from(COUNT) / 256.0; 256],
                );
            }
            let centred = |draw: &[u64; 2]| (draw[0] >> 11) as f64 / (1_u64 << 53) as f64 - 0.5;
            for lag in [1, 400] {
                let products: Vec<f64> = draws
                    .iter()
                    .zip(&draws[lag..])
                    .map(|(one, other)| centred(one) * centred(other))
                    .collect();
                assert_mean(&format!("{name}, correlation at {lag}"), &products, 0.0);
            }
        }
    }
}

/// Arrivals one mean apart: their number in a window is Poisson, so its mean is its variance.
#[test]
fn exponential_gaps_make_a_poisson_process() {
    for seed in SEEDS {
        let mut rng = stream(seed);
        let (mut windows, mut now) = (vec![0.0; 20_000], 0);
        loop {
            now += exponential(&mut rng, 1.ms()).0;
            match windows.get_mut((now / 10_000_000) as usize) {
                Some(window) => *window += 1.0,
                None => break,
            }
        }
        assert_mean("arrivals per window", &windows, 10.0);
        let squares: Vec<f64> = windows.iter().map(|n| (n - 10.0) * (n - 10.0)).collect();
        assert_mean("their variance", &squares, 10.0);
    }
}

#[test]
fn zipf_ranks_have_their_exact_probabilities() {
    const COUNT: u64 = 400_000;
    for seed in SEEDS {
        for keys in [2_u64, 10, 1_000] {
            for s in [0.0, 0.5, 0.99, 1.0, 1.000_000_001, 1.2, 3.0] {
                let (zipf, mut rng) = (Zipf::new(keys, s).expect("makes sense"), stream(seed));
                let mut counts = vec![0; keys as usize];
                (0..COUNT).for_each(|_| counts[zipf.draw(&mut rng) as usize] += 1);
                let weights: Vec<f64> = (1..=keys).map(|rank| pow(rank as f64, -s)).collect();
                let total: f64 = weights.iter().sum();
                let expected: Vec<f64> = weights.iter().map(|w| w / total * COUNT as f64).collect();
                assert_counts(&format!("Zipf({keys}, {s})"), &counts, &expected);
                for (rank, (&count, &expect)) in counts.iter().zip(&expected).take(10).enumerate() {
                    let error = sqrt(expect * (1.0 - expect / COUNT as f64));
                    let off = (count as f64 - expect).abs();
                    assert!(off <= 4.0 * error + 1.0, "Zipf({keys}, {s}) rank {rank}: {count}, not {expect}");
                }
            }
        }
    }
}

#[test]
fn zipf_works_at_its_extremes() {
    let mut rng = stream(1);
    for s in [0.0, 1e-12, 0.5, 1.0, 2.0, 50.0, 1e6] {
        for keys in [1, 2, 1 << 32, 1 << 53] {
            let zipf = Zipf::new(keys, s).expect("makes sense");
            assert!((0..1_000).all(|_| zipf.draw(&mut rng) < keys), "Zipf({keys}, {s})");
        }
    }
    // P(first) = 1 / zeta(2) for so many keys.
    let zipf = Zipf::new(1 << 53, 2.0).expect("makes sense");
    let first: Vec<f64> = (0..100_000).map(|_| f64::from(u8::from(zipf.draw(&mut rng) == 0))).collect();
    assert_mean("the first of 2^53 keys", &first, 6.0 / (core::f64::consts::PI * core::f64::consts::PI));
}

fn span() -> impl Strategy<Value = Span> {
    prop_oneof![any::<u64>(), 0..10_000_000_000_u64, (0..64_u32).prop_map(|bits| 1 << bits)].prop_map(Span)
}

fn delay() -> impl Strategy<Value = Delay> {
    let simple = prop_oneof![
        span().prop_map(Delay::Constant),
        (span(), span()).prop_map(|(low, high)| Delay::Uniform(low, high)),
        span().prop_map(Delay::Exponential),
        (span(), span()).prop_map(|(median, p99)| Delay::LogNormal { median, p99 }),
        (span(), span()).prop_map(|(mean, sd)| Delay::Normal { mean, sd }),
        (span(), number()).prop_map(|(min, shape)| Delay::Pareto { min, shape }),
        prop::collection::vec(span(), 0..5).prop_map(Delay::Empirical),
    ];
    simple.prop_recursive(6, 60, 4, |part| {
        prop::collection::vec((number(), part), 0..4).prop_map(Delay::Mixture)
    })
}

/// A shape or a weight, sensible or not. Few digits, because serde_json reads many only nearly.
fn number() -> impl Strategy<Value = f64> {
    prop::sample::select(vec![1.0, 0.01, 0.5, 2.5, 100.0, 0.0, -1.0, 1e-300, 5e-324, 1e300, 1.5e308])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn draws_stay_where_they_belong(seed: u64, lo: u64, hi: u64, n in 1_u64.., count in 0_usize..200, k in 0_usize..200) {
        let mut rng = stream(seed);
        prop_assert!(rng.below(n) < n);
        let drawn = rng.range(lo, hi);
        let inside = if lo < hi { (lo..hi).contains(&drawn) } else { drawn == lo };
        prop_assert!(inside);
        prop_assert!((0.0..1.0).contains(&rng.unit()));
        let open = rng.open_unit();
        prop_assert!(0.0 < open);
        prop_assert!(open < 1.0);
        let chosen = rng.choose(count, k);
        prop_assert_eq!(chosen.len(), k.min(count));
        prop_assert!(chosen.iter().all(|&index| index < count));
        prop_assert!(chosen.is_sorted_by(|one, other| one < other));
        let mut items: Vec<usize> = (0..count).collect();
        prop_assert_eq!(rng.pick(&items).is_none(), count == 0);
        rng.shuffle(&mut items);
        items.sort_unstable();
        prop_assert!(items.into_iter().eq(0..count));
    }

    #[test]
    fn a_chance_reads_back_as_it_was_written(p in prop_oneof![0.0..=1.0, (0..64_i32).prop_map(|e| pow(2.0, -f64::from(e))), 0.0..1e-12]) {
        let chance = Chance::new(p).expect("from 0 to 1");
        prop_assert_eq!(Chance::new(chance.as_f64()), Ok(chance));
        prop_assert!((chance.as_f64() - p).abs() <= 1e-19);
        prop_assert_eq!(chance == Chance::NEVER, p == 0.0);
        prop_assert_eq!(chance == Chance::ALWAYS, p == 1.0);
        let text = serde_json::to_string(&chance).expect("a number");
        for text in [text, chance.to_string()] {
            prop_assert_eq!(text.parse::<f64>().map(Chance::new), Ok(Ok(chance)));
        }
        let number: F64Deserializer<ValueError> = chance.as_f64().into_deserializer();
        prop_assert_eq!(Chance::deserialize(number), Ok(chance));
    }

    #[test]
    fn a_delay_reads_back_and_can_be_drawn_whatever_it_says(delay in delay(), seed: u64) {
        let text = serde_json::to_string(&delay).expect("plain data");
        prop_assert_eq!(&serde_json::from_str::<Delay>(&text).expect("the same"), &delay);
        let (sampler, mut rng) = (delay.sampler(), stream(seed));
        let drawn = sampler.draw(&mut rng);
        prop_assert!(delay.mean() >= 0.0);
        // None or one, whatever is drawn. (Spans near the longest may need another.)
        let few = |delay: &Delay| !matches!(delay, Delay::Uniform(..) | Delay::Empirical(_));
        if few(&delay) {
            let mut other = stream(seed);
            if sampler.constant().is_none() {
                other.next_u64();
            }
            prop_assert_eq!(rng, other);
        }
        match delay {
            Delay::Uniform(low, high) if low < high => prop_assert!((low..high).contains(&drawn)),
            Delay::Pareto { min, .. } => prop_assert!(drawn.0 as f64 >= min.0 as f64),
            Delay::Empirical(listed) if !listed.is_empty() => prop_assert!(listed.contains(&drawn)),
            Delay::Constant(span) => prop_assert_eq!(drawn, span),
            Delay::Uniform(..)
            | Delay::Exponential(_)
            | Delay::LogNormal { .. }
            | Delay::Normal { .. }
            | Delay::Empirical(_)
            | Delay::Mixture(_) => {}
        }
    }
}

#[test]
fn a_chance_is_written_as_short_as_it_can_be() {
    for (number, text) in [
        (0.001, "0.001"),
        (1e-9, "0.000000001"),
        (0.3, "0.3"),
        (1.0, "1"),
        (0.0, "0"),
        (2.0 / 3.0, "0.6666666666666666"),
    ] {
        assert_eq!(Chance::new(number).expect("from 0 to 1").to_string(), text);
    }
    assert_eq!(serde_json::from_str::<Chance>("1").expect("a whole number is a number"), Chance::ALWAYS);
    assert_eq!(serde_json::from_str::<Chance>("0").expect("a whole number is a number"), Chance::NEVER);
    for bad in ["1.5", "-0.1", "2", "-1"] {
        let message = serde_json::from_str::<Chance>(bad).expect_err("refused").to_string();
        assert!(message.contains("is not a probability: write a number from 0 to 1"), "{message}");
    }
    assert!(Chance::new(f64::NAN).is_err());
}

#[test]
fn a_delay_is_written_as_in_the_book_and_nothing_else_is_read() {
    let read = |text| serde_json::from_str::<Delay>(text);
    assert_eq!(read(r#"{"Constant":"1ms"}"#).expect("valid"), Delay::Constant(1.ms()));
    assert_eq!(read(r#"{"Uniform":["1ms","10ms"]}"#).expect("valid"), Delay::Uniform(1.ms(), 10.ms()));
    assert_eq!(
        read(r#"{"LogNormal":{"median":"1ms","p99":"8ms"}}"#).expect("valid"),
        Delay::LogNormal { median: 1.ms(), p99: 8.ms() }
    );
    assert!(read(r#"{"LogNormal":{"median":"1ms","p99":"8ms","p999":"9ms"}}"#).is_err());
    assert_eq!(
        read(r#"{"Normal":{"mean":"5ms","sd":"1ms"}}"#).expect("valid"),
        Delay::Normal { mean: 5.ms(), sd: 1.ms() }
    );
    assert_eq!(
        read(r#"{"Pareto":{"min":"1ms","shape":2}}"#).expect("valid"),
        Delay::Pareto { min: 1.ms(), shape: 2.0 }
    );
    assert_eq!(
        read(r#"{"Empirical":["1ms","2ms"]}"#).expect("valid"),
        Delay::Empirical(vec![1.ms(), 2.ms()])
    );
    assert_eq!(
        read(r#"{"Mixture":[[0.9,{"Constant":"1ms"}],[0.1,{"Exponential":"5ms"}]]}"#).expect("valid"),
        Delay::Mixture(vec![(0.9, Delay::Constant(1.ms())), (0.1, Delay::Exponential(5.ms()))])
    );
    assert!(read(r#"{"Normal":{"mean":"5ms","sd":"1ms","max":"9ms"}}"#).is_err());
    assert!(read(r#"{"Exponential":5}"#).is_err());
}
