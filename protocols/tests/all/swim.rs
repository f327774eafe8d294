//! SWIM detects as soon, errs as often and costs as much as its paper says (Das, Gupta and Motivala, DSN 2002).

use protocols::gossip::{
    epidemic::Phase,
    swim::{Config, Order, Suspicion, Swim},
};
use sim_core::{
    fault::{Fault, Pick, PlannedFault},
    link::{LinkPlan, NetworkPlan},
    plan::{Plan, ServicePlan},
    prelude::*,
    rng::Chance,
    sample::Delay,
    world::World,
};

const PERIOD: Span = Span(1_000_000_000);

fn config() -> Config {
    Config { suspicion: Suspicion::Fixed(1000.s()), phase: Phase::Together, ..Config::default() }
}

fn world(config: Config, nodes: u32, loss: Chance, faults: Vec<PlannedFault>, seed: u64) -> World {
    let services = vec![ServicePlan::new("node", nodes)];
    let network = NetworkPlan::new(LinkPlan { loss, ..LinkPlan::new(Delay::Constant(1.ms())) });
    let plan = Plan::new(seed, Time(u64::MAX / 4), services, network);
    let mut world = World::new(Plan { faults, ..plan });
    world.populate::<Swim>(config, None).unwrap();
    world
}

/// The last of so many is down before the first period begins.
fn last_is_down(nodes: u32) -> Vec<PlannedFault> {
    let crash = Fault::Crash(vec![Pick::Node(format!("node-{nodes}"))]);
    vec![PlannedFault::at("crash", Time(1), None, crash)]
}

fn shown(world: &World, node: u32, label: &str) -> u64 {
    let values = world.show(NodeId(node));
    values.iter().find(|(name, _)| *name == label).unwrap().1.parse().unwrap()
}

/// A little before the first period ends, counted from 0, and so on.
fn end(period: u64) -> Time {
    Time(PERIOD.0 * (period + 2) - 1)
}

/// In which period somebody first probes a member that is down: it is the one before the first in which a probe fails.
fn detected(nodes: u32, order: Order, seed: u64) -> u64 {
    let config = Config { order, ..config() };
    let mut world = world(config, nodes, Chance::NEVER, last_is_down(nodes), seed);
    let failed = |world: &World| (0..nodes - 1).any(|node| shown(world, node, "failed") > 0);
    let found = (1..).find(|&period| {
        world.run_to(end(period), u64::MAX);
        failed(&world)
    });
    found.unwrap()
}

/// §3.1: 1 / (1 − (1 − 1/(n−1))^(n−1)) periods on average, which becomes e/(e − 1).
#[test]
fn a_crash_is_probed_after_as_many_periods_as_the_paper_says() {
    for (nodes, expected) in [(10, 1.530), (50, 1.573)] {
        for block in 0..3_u64 {
            let runs = 4000;
            let periods: Vec<f64> =
                (0..runs).map(|run| detected(nodes, Order::Random, block << 32 | run) as f64).collect();
            let mean = periods.iter().sum::<f64>() / runs as f64;
            let square = periods.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / runs as f64;
            let tolerance = (4.0 * (square / runs as f64).sqrt()).max(0.01 * expected);
            println!("{nodes} members: {mean:.4}, expected {expected} ± {tolerance:.4}");
            assert!((mean - expected).abs() <= tolerance);
        }
    }
}

/// §4.3: one after the other, each member probes each other within 2n − 1 periods.
#[test]
fn round_robin_probes_everybody_in_time() {
    let nodes = 7;
    let mut latest = 0;
    for seed in 0..300 {
        let config = Config { indirect: 0, ..config() };
        let crash = Fault::Crash(vec![Pick::Node("node-7".into())]);
        let crash = PlannedFault::at("crash", end(9), None, crash);
        let mut world = world(config, nodes, Chance::NEVER, vec![crash], seed);
        for period in 10..10 + 2 * u64::from(nodes) {
            world.run_to(end(period), u64::MAX);
            let slowest = (0..6).any(|node| shown(&world, node, "failed") == 0);
            latest = if slowest { latest.max(period + 1 - 9) } else { latest };
        }
        assert!((0..6).all(|node| shown(&world, node, "failed") > 0), "seed {seed}");
    }
    assert!(latest > u64::from(nodes), "the worst case was never near: {latest}");
}

/// §3.1: a probe fails though its target lives with probability (1 − q²)(1 − q⁴)^k, if each message arrives with probability q.
#[test]
fn probes_fail_as_often_as_messages_are_lost() {
    for (loss, expected, periods) in [((1, 10), 0.00773, 3000), ((1, 20), 0.000622, 12_000)] {
        for seed in 0..3 {
            let nodes = 20;
            let mut world = world(config(), nodes, Chance::ratio(loss.0, loss.1), Vec::new(), seed);
            world.run_to(end(periods), u64::MAX);
            let sum = |label| (0..nodes).map(|node| shown(&world, node, label)).sum::<u64>() as f64;
            let (failed, probes) = (sum("failed"), sum("probes"));
            let (share, error) = (failed / probes, (expected / probes).sqrt());
            println!("loss {loss:?}: {share:.6} of {probes}, expected {expected} ± {:.6}", 4.0 * error);
            assert!((share - expected).abs() <= 4.0 * error);
        }
    }
}

/// Two messages per member and period while nobody fails.
#[test]
fn the_load_of_a_member_does_not_grow_with_the_group() {
    for nodes in [3, 10, 100, 1000] {
        let mut world = world(config(), nodes, Chance::NEVER, Vec::new(), 1);
        world.run_to(end(9), u64::MAX);
        assert_eq!(world.finish().traffic.sent, 2 * 10 * u64::from(nodes));
    }
}

/// And 4k + 2 for a probe whose direct answer does not come; one less if the ping is lost, which then has no answer.
#[test]
fn an_indirect_probe_costs_four_messages_for_each_that_is_asked() {
    for indirect in [1, 2, 3, 5] {
        let (nodes, periods) = (10, 200);
        let config = Config { indirect, order: Order::Random, ..config() };
        let node = |number| vec![Pick::Node(format!("node-{number}"))];
        // Node 1 does not hear the answers of node 2, nor its pings.
        let cut = PlannedFault::at("cut", Time(1), None, Fault::OneWay { from: node(2), to: node(1) });
        let mut world = world(config, nodes, Chance::NEVER, vec![cut], 3);
        world.run_to(end(periods), u64::MAX);
        assert!((0..nodes).all(|node| shown(&world, node, "failed") == 0));
        let run = world.finish();
        let asked =
            run.properties.iter().find(|property| property.name == "others had an answer").unwrap().held;
        assert!(asked > 10, "{asked}");
        let more = run.traffic.sent - 2 * u64::from(nodes) * (periods + 1);
        let each = 4 * u64::from(indirect);
        assert!(((each - 1) * asked..each * asked).contains(&more), "k = {indirect}: {more} for {asked}");
    }
}

/// With random phases the first ping comes after about one period, not after e/(e − 1) of them: the time to it is exponential.
#[test]
fn with_phases_of_their_own_members_find_a_crash_after_one_period() {
    let (nodes, runs) = (50, 3000);
    let mut waits = Vec::new();
    for seed in 0..runs {
        let config = Config { phase: Phase::Random, order: Order::Random, indirect: 0, ..config() };
        let crash = PlannedFault::at("crash", end(2), None, Fault::Crash(vec![Pick::Node("node-50".into())]));
        let mut world = world(config, nodes, Chance::NEVER, vec![crash], seed);
        let mut at = end(2);
        world.run_to(at, u64::MAX);
        while (0..nodes - 1).all(|node| shown(&world, node, "failed") == 0) {
            at += 20.ms();
            world.run_to(at, u64::MAX);
        }
        // It is known to have failed one period after the ping.
        waits.push(at.since(end(3)).as_secs() - 0.01);
    }
    let mean = waits.iter().sum::<f64>() / runs as f64;
    assert!((mean - 0.993).abs() < 4.0 / (runs as f64).sqrt() + 0.01, "{mean}");
}
