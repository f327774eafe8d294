//! Heartbeats, against what probability says of them (`oracles.md` G11).

use protocols::heartbeat::{Config, Heartbeat};
use sim_core::{
    link::{LinkException, LinkPlan, NetworkPlan},
    plan::{Plan, ServicePlan},
    prelude::*,
    rng::Chance,
    sample::Delay,
    world::World,
};

/// Heartbeats of the second node until the first one suspects it; what goes the other way is never lost.
fn heartbeats(loss: Chance, misses: u32, seed: u64) -> f64 {
    let link = LinkPlan::new(Delay::Constant(1.ms()));
    let lossy = LinkPlan { loss, ..link.clone() };
    let exception = LinkException { from: vec![NodeId(1)], to: vec![NodeId(0)], link: lossy, pipe: None };
    let network = NetworkPlan { links: vec![exception], ..NetworkPlan::new(link) };
    let until = Time::ZERO + 20_000.s();
    let mut world = World::new(Plan::new(seed, until, vec![ServicePlan::new("n", 2)], network));
    world.populate::<Heartbeat>(Config { misses, ..Config::default() }, None).unwrap();
    loop {
        world.run_to(world.now() + 1.s(), u64::MAX);
        if !world.show(NodeId(0))[0].1.is_empty() {
            break;
        }
        assert!(world.now() < until, "it is suspected in the end");
    }
    let run = world.finish();
    assert_eq!(run.violations, []);
    let property =
        run.properties.iter().find(|property| property.name == "the living are suspected").unwrap();
    // Half a period after the last of so many that were lost would have been there.
    (property.first.unwrap().since(Time::ZERO).as_secs() - 0.5).round()
}

/// G11: so many heartbeats it takes on average until k in a row are lost. The number is nearly exponential, so the mean of 2,000
/// runs has a standard deviation of 2.2 % of it.
#[test]
fn k_losses_in_a_row_take_as_long_as_probability_says() {
    for (n, d, misses) in [(1, 5, 3), (1, 2, 4), (1, 10, 2)] {
        let p = n as f64 / d as f64;
        let power = p.powi(misses as i32);
        let wanted = (1.0 - power) / (power * (1.0 - p));
        let all: f64 = (1..=2_000).map(|seed| heartbeats(Chance::ratio(n, d), misses, seed)).sum();
        let found = all / 2_000.0;
        assert!((found / wanted - 1.0).abs() < 0.06, "{found} and not {wanted} for p = {p}, k = {misses}");
    }
}
