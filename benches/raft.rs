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
    network::{LinkPlan, NetworkPlan},
    plan::{ClockPlan, Plan, ServicePlan},
    prelude::*,
    rng::Chance,
    sample::Delay,
    time::Time,
    world::World,
};

fn plan(seed: u64) -> Plan {
    let service = |name: &str, nodes, clients| ServicePlan {
        name: name.into(),
        prefix: name.into(),
        nodes,
        sync: Delay::Constant(if clients { 0.ms() } else { 1.ms() }),
        clock: ClockPlan::default(),
        clients,
    };
    let split = Fault::Split(vec![vec![Pick::Role("leader".into()), Pick::Random(1)], vec![Pick::Rest]]);
    Plan {
        seed,
        until: Time(60_000_000_000),
        services: vec![service("db", 5, false), service("clients", 10, true)],
        network: NetworkPlan {
            default: LinkPlan {
                delay: Delay::LogNormal { median: 1.ms(), p99: 8.ms() },
                loss: Chance::new(0.001).expect("a probability"),
            },
            links: Vec::new(),
        },
        faults: vec![PlannedFault {
            name: "split".into(),
            at: Time(20_000_000_000),
            lasts: Some(20.s()),
            fault: split,
            say: String::new(),
        }],
    }
}

fn world(seed: u64) -> World {
    let mut world = World::new(plan(seed));
    world.populate::<Raft<Kv>>(Config::default(), None).expect("the plan has this service");
    let clients = client::Config {
        servers: (NodeId(0), 5),
        clients: (NodeId(5), 10),
        load: Load::Poisson(10.ms()),
        mix: Mix { get: 0.5, put: 0.4, cas: 0.1 },
        keys: KeyChoice::Uniform(100),
        timeout: 1.s(),
        attempts: 3,
        backoff: 20.ms(),
        route: Route::Sticky,
        start: Span::ZERO,
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
