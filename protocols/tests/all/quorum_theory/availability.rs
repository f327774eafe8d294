//! How often a majority is there to be had, and what a partition costs who waits for one.

use super::{SEEDS, choose, close, four_errors};
use protocols::{
    client::{Client, Config as Clients, Load, Route},
    kv::{Kv, Mix},
    quorum_store::{Config, QuorumStore},
    workload::KeyChoice,
};
use sim_core::{
    fault::{Fault, Pick, PlannedFault},
    link::{LinkPlan, NetworkPlan},
    plan::{Plan, ServicePlan},
    prelude::*,
    rng::{Chance, Keys, Purpose},
    run::Operation,
    sample::Delay,
    world::World,
};

/// So many servers, as many clients, and their load.
fn play(
    (seed, servers, clients): (u64, u32, u32),
    (load, attempts): (Load, u32),
    until: Span,
    faults: Vec<PlannedFault>,
) -> Vec<Operation> {
    let network = NetworkPlan::new(LinkPlan::new(Delay::Constant(1.ms())));
    let services = vec![ServicePlan::new("db", servers), ServicePlan::clients(clients)];
    let plan = Plan { faults, ..Plan::new(seed, Time::ZERO + until, services, network) };
    let mut world = World::new(plan);
    let config = Config { patience: 200.ms(), ..Config::default() };
    world.populate::<QuorumStore>(config, None).unwrap();
    let config = Clients::<Kv> {
        load,
        mix: Mix { get: 0.5, put: 0.5, cas: 0.0 },
        keys: KeyChoice::Uniform(10),
        timeout: 300.ms(),
        attempts,
        backoff: 1.ms(),
        route: Route::Sticky,
        start: 10.ms(),
        writes_until: None,
        only: None,
    };
    world.populate::<Client<Kv>>(config, Some("db")).unwrap();
    world.run(u64::MAX);
    world.finish().histories[0].operations()
}

/// Servers are up with probability p, each for itself: a majority is with the probability of a binomial tail (Naor and
/// Wool, 1998). Four servers are worse than three.
#[test]
fn a_majority_is_there_as_often_as_the_binomial_says() {
    let tail = |n: u32, p: f64| -> f64 {
        let power = |base: f64, exponent: u32| (0..exponent).fold(1.0, |product, _| product * base);
        (n / 2 + 1..=n).map(|k| choose(n, k) * power(p, k) * power(1.0 - p, n - k)).sum()
    };
    let published = [(1, 0.9, 0.9), (3, 0.9, 0.972), (5, 0.9, 0.99144), (7, 0.9, 0.99727), (4, 0.9, 0.9477)];
    for (n, p, wanted) in published {
        close("the formula", tail(n, p), wanted, 0.00005);
    }
    for (n, p) in published.map(|(n, p, _)| (n, p)).into_iter().chain([(3, 0.6), (6, 0.75), (5, 0.4)]) {
        let (wanted, trials) = (tail(n, p), 4_000);
        for block in 0..SEEDS {
            let served = (0..trials).filter(|trial| {
                let seed = block << 32 | trial;
                let mut rng = Keys::new(seed).stream(Purpose::Test, 0, 0);
                let down = Chance::new(1.0 - p).unwrap();
                let down = (1..=n).filter(|_| rng.chance(down)).map(|i| Pick::Node(format!("db-{i}")));
                let faults = match down.collect::<Vec<_>>() {
                    down if down.is_empty() => vec![],
                    down => vec![PlannedFault::at("down", Time(1), None, Fault::Crash(down))],
                };
                let once = (Load::Closed(1_000.s()), n);
                play((seed, n, 1), once, 5.s(), faults)[0].done.is_some()
            });
            let found = served.count() as f64 / trials as f64;
            close(&format!("{n} servers up {p}, block {block}"), found, wanted, four_errors(wanted, trials));
        }
    }
}

/// Clients stay with their server, and a minority of m of n servers is cut off for a share f of the time: so many of all
/// operations are served (Gilbert and Lynch, 2002: a minority must not answer).
#[test]
fn a_partition_costs_the_clients_of_the_minority() {
    for (n, m, f, wanted) in
        [(5, 2, 0.2, 0.920), (5, 1, 0.5, 0.9), (3, 1, 0.2, 1.0 - 0.2 / 3.0), (7, 3, 0.35, 0.85)]
    {
        for seed in 0..SEEDS {
            let node = |i: u32| [Pick::Node(format!("db-{i}")), Pick::Node(format!("client-{i}"))];
            let cut = Fault::Split(vec![(1..=m).flat_map(node).collect(), vec![Pick::Rest]]);
            let faults =
                vec![PlannedFault::at("cut", Time::ZERO + 200.s(), Some(Span((f * 1e12) as u64)), cut)];
            // A hundred operations a second over all: what is under way at the ends of the cut is little beside that.
            let load = Load::Poisson(Span(u64::from(n) * 10_000_000));
            let operations = play((seed, n, n), (load, 1), 1_000.s(), faults);
            let served = operations.iter().filter(|operation| operation.done.is_some()).count();
            let trials = operations.len() as u64;
            assert!(trials > 95_000);
            let what = format!("{m} of {n} cut off for {f} of the time, seed {seed}");
            close(&what, served as f64 / trials as f64, wanted, four_errors(wanted, trials).max(0.004));
        }
    }
}
