//! The ring: what an election costs (EL1), the paper rule by rule, and mistakes.

use super::{FIRST, SECOND, THIRD, broken, crash, delivered, happened, plan, play, sent};
use protocols::election::ring::{Begins, Config, Flaw, Msg, Order, Ring, Timer};
use sim_core::{
    fault::{Fault, Pick, PlannedFault},
    harness::Harness,
    link::{LinkException, LinkPlan},
    prelude::*,
    run::Run,
    sample::Delay,
};

/// An election on a ring without faults, whose links are of different lengths and keep the order of messages: how many it takes,
/// beside one announcement to each node.
fn ring_election(seed: u64, nodes: u32, order: Order, begins: Begins) -> u64 {
    let config = Config { order, begins, patience: (60.s(), 60.s()), ..Config::default() };
    let mut plan = plan(seed, nodes, Delay::Constant(1.ms()), 30.s());
    plan.network.links.extend((0..nodes).map(|node| LinkException {
        from: vec![NodeId(node)],
        to: vec![NodeId((node + 1) % nodes)],
        link: LinkPlan::new(Delay::Constant(1.ms() + 1.ms() * u64::from(node * 7 % 11))),
        pipe: None,
    }));
    let run = play::<Ring>(plan, config);
    assert!(run.violations.is_empty() && happened(&run, "all know the leader"), "seed {seed}");
    assert_eq!(delivered(&run, Time::ZERO, "Elected"), u64::from(nodes));
    let elections = delivered(&run, Time::ZERO, "Election");
    assert_eq!(run.traffic.sent, elections + u64::from(nodes));
    elections
}

#[test]
fn a_random_ring_takes_n_times_the_nth_harmonic_number() {
    for (nodes, seeds) in [(5, 4_000), (10, 3_000), (50, 1_000)] {
        let counts: Vec<f64> =
            (0..seeds).map(|seed| ring_election(seed, nodes, Order::Random, Begins::All) as f64).collect();
        let mean = counts.iter().sum::<f64>() / f64::from(seeds as u32);
        let square = counts.iter().map(|count| (count - mean) * (count - mean)).sum::<f64>();
        let error = (square / (seeds as f64 - 1.0) / seeds as f64).sqrt();
        let wanted = (1..=nodes).map(|k| f64::from(nodes) / f64::from(k)).sum::<f64>();
        println!("{nodes} nodes: {mean:.3}, expected {wanted:.3}, standard error {error:.3}");
        assert!(error < wanted / 100.0, "too few seeds to tell");
        assert!((mean - wanted).abs() < 4.0 * error, "{nodes} nodes: {mean} is not {wanted} ± 4 · {error}");
    }
}

#[test]
fn the_worst_order_takes_n_times_n_plus_one_halves_and_the_best_two_n_minus_one() {
    for nodes in [1, 2, 5, 10, 50] {
        let n = u64::from(nodes);
        assert_eq!(ring_election(1, nodes, Order::Descending, Begins::All), n * (n + 1) / 2);
        assert_eq!(ring_election(1, nodes, Order::Ascending, Begins::All), 2 * n - 1);
    }
}

/// One number is under way at any time: it grows on the way to the greatest, which then goes round once.
#[test]
fn if_one_begins_it_takes_the_way_to_the_greatest_and_once_round() {
    for nodes in [2, 5, 50] {
        let n = u64::from(nodes);
        assert_eq!(ring_election(1, nodes, Order::Ascending, Begins::First), (n - 1) + n);
        assert_eq!(ring_election(1, nodes, Order::Descending, Begins::First), n);
        let random = ring_election(1, nodes, Order::Random, Begins::First);
        assert!((n..2 * n).contains(&random), "{random}");
    }
}

/// Nodes with the numbers 1, 2, 3, …, of which none has begun.
fn ring_of(nodes: u32) -> Harness<Ring> {
    let config = Config { order: Order::Ascending, ..Config::default() };
    let mut ring = Harness::<Ring>::new(nodes, config);
    (0..nodes).for_each(|node| drop(ring.boot(NodeId(node))));
    ring
}

#[test]
fn a_greater_number_is_passed_on_whether_one_takes_part_or_not() {
    let mut ring = ring_of(3);
    for _ in 0..2 {
        let told = ring.step(SECOND, Deliver(FIRST, Msg::Election(7)));
        assert_eq!(sent(&told), [(THIRD, Msg::Election(7))]);
    }
}

#[test]
fn a_smaller_number_is_swallowed_and_draws_in_who_has_not_begun() {
    let mut ring = ring_of(3);
    let told = ring.step(SECOND, Deliver(FIRST, Msg::Election(1)));
    assert_eq!(sent(&told), [(THIRD, Msg::Election(2))]);
    assert_eq!(sent(&ring.step(SECOND, Deliver(FIRST, Msg::Election(1)))), []);
    // Whoever has passed on a greater number has no chance of its own.
    ring.step(FIRST, Deliver(THIRD, Msg::Election(3)));
    assert_eq!(sent(&ring.step(FIRST, Deliver(THIRD, Msg::Election(0)))), []);
}

#[test]
fn whose_number_comes_back_leads_and_says_so_once() {
    let mut ring = ring_of(3);
    ring.fire(THIRD, &Timer::Begin);
    let back = || Deliver(SECOND, Msg::Election(3));
    assert_eq!(sent(&ring.step(THIRD, back())), [(FIRST, Msg::Elected(3))]);
    assert_eq!(ring.state(THIRD).unwrap().role(), Role::LEADER);
    assert_eq!(sent(&ring.step(THIRD, back())), [], "a copy");
}

#[test]
fn the_announcement_goes_round_once() {
    let mut ring = ring_of(3);
    let told = ring.fire(THIRD, &Timer::Begin);
    ring.settle(THIRD, told, |_, _| true);
    for node in [FIRST, SECOND] {
        assert_eq!(ring.state(node).unwrap().role(), Role("follower"));
        assert_eq!(ring.timers(node), [], "there is nothing to begin anew");
    }
    assert_eq!(ring.violations(), []);
    let next = ring.step(FIRST, Deliver(THIRD, Msg::Elected(3)));
    assert_eq!(sent(&next), [(SECOND, Msg::Elected(3))]);
    assert_eq!(sent(&ring.step(THIRD, Deliver(SECOND, Msg::Elected(3)))), []);
}

#[test]
fn who_took_part_and_heard_of_no_leader_begins_anew() {
    let mut ring = ring_of(3);
    for _ in 0..3 {
        let told = ring.fire(SECOND, &Timer::Begin);
        assert_eq!(sent(&told), [(THIRD, Msg::Election(2))]);
    }
}

#[test]
fn who_boots_again_has_the_number_that_it_had_and_begins() {
    let config = Config { begins: Begins::First, ..Config::default() };
    let mut ring = Harness::<Ring>::new(3, config);
    (0..3).for_each(|node| drop(ring.boot(NodeId(node))));
    assert_eq!(ring.timers(SECOND), [], "it is not the first");
    let number = *ring.disk(SECOND).get();
    ring.crash(SECOND);
    ring.boot(SECOND);
    let told = ring.fire(SECOND, &Timer::Begin);
    assert_eq!(sent(&told), [(THIRD, Msg::Election(number.unwrap()))]);
}

/// A node of the ring is away for a while, and then the leader loses its power.
fn troubled_ring(seed: u64, flaw: Option<Flaw>) -> Run {
    let mut plan = plan(seed, 5, Delay::Uniform(1.ms(), 10.ms()), 5.s());
    let leader = Fault::PowerLoss(vec![Pick::Role(Role::LEADER.0.into())]);
    plan.faults = vec![
        crash(2, 12.ms(), Some(500.ms()), Fault::Crash),
        PlannedFault::at("leader", Time::ZERO + 2.s(), Some(1.s()), leader),
    ];
    play::<Ring>(plan, Config { flaw, patience: (100.ms(), 200.ms()), ..Config::default() })
}

#[test]
fn every_mistake_on_the_ring_breaks_what_it_should() {
    let seeds = 0..20;
    for seed in seeds.clone() {
        let run = troubled_ring(seed, None);
        assert!(run.violations.is_empty() && happened(&run, "all know the leader"), "seed {seed}");
    }
    for (flaw, property) in [
        (Flaw::PassSmaller, "one leader"),
        (Flaw::ImpatientLeader, "the greatest leads"),
        (Flaw::EagerFollower, "only the elected is followed"),
        (Flaw::SharedNumbers, "one leader"),
        (Flaw::ForgottenNumber, "one leader"),
        (Flaw::UnsyncedNumber, "one leader"),
    ] {
        let found = seeds.clone().find(|&seed| broken(&troubled_ring(seed, Some(flaw)), property));
        assert!(found.is_some(), "{flaw:?} does not break {property}");
    }
}

#[test]
fn a_ring_with_a_gap_elects_nobody_however_often_it_tries() {
    let mut plan = plan(1, 5, Delay::Uniform(1.ms(), 10.ms()), 10.s());
    plan.faults = vec![crash(2, 5.ms(), None, Fault::Crash)];
    let run = play::<Ring>(plan, Config { patience: (100.ms(), 200.ms()), ..Config::default() });
    assert!(!happened(&run, "elected") && run.traffic.dead > 30, "{:?}", run.traffic);
}
