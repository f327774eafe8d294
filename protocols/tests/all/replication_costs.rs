//! What chains and many leaders cost and keep when nothing, or something, goes wrong.

use protocols::{
    client::{Client, Load, Route},
    kv::{Kv, Mix},
    replication::{
        chain::{self, Chain},
        multi_leader::{self, Conflicts, MultiLeader},
    },
    workload::KeyChoice,
};
use sim_core::{
    fault::{Fault, Pick, PlannedFault},
    link::{LinkPlan, NetworkPlan},
    plan::{Plan, ServicePlan},
    prelude::*,
    run::{Operation, Run},
    sample::Delay,
    world::World,
};

fn clients(mix: Mix, load: Load) -> protocols::client::Config<Kv> {
    protocols::client::Config {
        load,
        mix,
        keys: KeyChoice::Uniform(5),
        timeout: 500.ms(),
        attempts: 5,
        backoff: 10.ms(),
        route: Route::Sticky,
        start: 1.s(),
        writes_until: None,
        only: None,
    }
}

fn plan(seed: u64, servers: u32, callers: u32, delay: Span, until: Span, faults: Vec<PlannedFault>) -> Plan {
    let network = NetworkPlan::new(LinkPlan::new(Delay::Constant(delay)));
    let services = vec![ServicePlan::new("db", servers), ServicePlan::clients(callers)];
    Plan { faults, ..Plan::new(seed, Time::ZERO + until, services, network) }
}

/// Van Renesse and Schneider, §4: with n servers in the chain an update takes the way to the head, n − 1 steps down the
/// chain and the way back from the tail; a query goes to the tail and back.
#[test]
fn an_update_takes_every_step_of_the_chain_and_a_query_none() {
    for servers in [1, 3, 5] {
        let delay = 7.ms();
        for (mix, steps) in [
            (Mix { get: 0.0, put: 1.0, cas: 0.0 }, u64::from(servers) + 1),
            (Mix { get: 1.0, put: 0.0, cas: 0.0 }, 2),
        ] {
            let mut world = World::new(plan(1, servers + 1, 1, delay, 20.s(), vec![]));
            world.populate::<Chain<Kv>>(chain::Config::default(), None).unwrap();
            let config = clients(mix, Load::Closed(20.ms()));
            world.populate::<Client<Kv>>(config, Some("db")).unwrap();
            world.run(u64::MAX);
            let run = world.finish();
            // The first one is redirected by the master.
            let latencies: Vec<Span> =
                run.histories[0].operations().iter().skip(1).filter_map(Operation::latency).collect();
            assert!(latencies.len() > 100);
            assert!(
                latencies.iter().all(|&latency| latency == delay * steps),
                "{servers} servers: {latencies:?}"
            );
        }
    }
}

fn leaders(conflicts: Conflicts, seed: u64, flaw: Option<multi_leader::Flaw>) -> Run {
    let cut =
        Fault::Split(vec![vec![Pick::Node("db-1".into()), Pick::Node("client-1".into())], vec![Pick::Rest]]);
    let cut = PlannedFault::at("cut", Time::ZERO + 3.s(), Some(3.s()), cut);
    let mut plan = plan(seed, 3, 4, 5.ms(), 15.s(), vec![cut]);
    plan.calm_from = Time::ZERO + 8.s();
    let mut world = World::new(plan);
    let config = multi_leader::Config { conflicts, flaw, ..multi_leader::Config::default() };
    world.populate::<MultiLeader>(config, None).unwrap();
    let mut config = clients(Mix { get: 0.3, put: 0.7, cas: 0.0 }, Load::Poisson(50.ms()));
    // All is written during the cut.
    config.start = 3500.ms();
    config.only =
        Some((3..7).flat_map(|client| (0..20).map(move |number| (NodeId(client), number))).collect());
    world.populate::<Client<Kv>>(config, Some("db")).unwrap();
    world.run(u64::MAX);
    world.finish()
}

/// What was written on both sides of a cut is everywhere once it has healed, by anti-entropy alone, whatever becomes of
/// conflicts.
#[test]
fn replicas_agree_in_the_end() {
    for conflicts in [Conflicts::LastWriterWins, Conflicts::KeepSiblings, Conflicts::HighestWins] {
        for seed in 0..20 {
            let run = leaders(conflicts, seed, None);
            assert_eq!(run.violations, []);
            let property = |name: &str| run.properties.iter().find(|p| p.name == name).unwrap();
            assert!(property("conflict").held > 0, "{conflicts:?}, seed {seed}");
            let agreed = property("all agree").first.unwrap();
            assert!(agreed > Time::ZERO + 6.s() && agreed < Time::ZERO + 10.s(), "{conflicts:?}: {agreed}");
        }
    }
}

/// The property that judges all three choices can fail.
#[test]
fn versions_that_do_not_follow_from_what_was_heard_are_found() {
    let flawed = leaders(Conflicts::LastWriterWins, 1, Some(multi_leader::Flaw::ArrivalOrder));
    assert!(flawed.violations.iter().any(|violation| violation.property == "same writes, same versions"));
}
