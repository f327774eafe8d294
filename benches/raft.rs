//! How fast a Raft world runs: five servers, ten clients, sixty simulated seconds, no trace, faults and properties on.
//!
//! `cargo bench --bench raft` prints events per second of processor time, best of five.

use protocols::{
    client::{self, Client, Load, Route},
    kv::{Kv, Mix},
    raft::{Config, Raft},
    workload::KeyChoice,
};
use sim_core::{
    fault::{Fault, Pick, PlannedFault},
    link::{LinkPlan, NetworkPlan},
    plan::{DiskPlan, Plan, ServicePlan},
    prelude::*,
    rng::Chance,
    sample::Delay,
    time::Time,
    world::World,
};

fn plan(seed: u64) -> Plan {
    let disk = DiskPlan { sync: Delay::Constant(1.ms()), ..DiskPlan::default() };
    let services = vec![ServicePlan { disk, ..ServicePlan::new("db", 5) }, ServicePlan::clients(10)];
    let delay = Delay::LogNormal { median: 1.ms(), p99: 8.ms() };
    let network = NetworkPlan::new(LinkPlan { loss: Chance::ratio(1, 1000), ..LinkPlan::new(delay) });
    let split = Fault::Split(vec![vec![Pick::Role("leader".into()), Pick::Random(1)], vec![Pick::Rest]]);
    let split = PlannedFault::at("split", Time(20_000_000_000), Some(20.s()), split);
    Plan { faults: vec![split], ..Plan::new(seed, Time(60_000_000_000), services, network) }
}

fn world(seed: u64) -> World {
    let mut world = World::new(plan(seed));
    world.populate::<Raft<Kv>>(Config::default(), None).expect("the plan has this service");
    let clients = client::Config {
        load: Load::Poisson(10.ms()),
        mix: Mix { get: 0.5, put: 0.4, cas: 0.1 },
        keys: KeyChoice::Uniform(100),
        timeout: 1.s(),
        attempts: 3,
        backoff: 20.ms(),
        route: Route::Sticky,
        start: Span::ZERO,
        writes_until: None,
        only: None,
    };
    world.populate::<Client<Kv>>(clients, Some("db")).expect("and this one");
    world
}

#[allow(clippy::disallowed_methods)]
fn main() {
    let mut best = f64::MAX;
    let mut events = 0;
    for seed in 1..=5 {
        let mut world = world(seed);
        let start = std::time::Instant::now();
        world.run(u64::MAX);
        let nanos = start.elapsed().as_nanos() as f64;
        events = world.events();
        best = best.min(nanos / events as f64);
    }
    println!(
        "raft, 5 servers, 10 clients, 60 s: {best:.0} ns/event, {:.2} M events/s ({events} events)",
        1e3 / best
    );
}
