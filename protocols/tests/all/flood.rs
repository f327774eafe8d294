//! Flooding costs what Maelstrom measured (jepsen-io/maelstrom, `doc/03-broadcast/02-performance.md`): 2E − (n − 1) messages for
//! an update, or 2E with echoes, whatever the timing; and takes as many hops as the graph is wide.

use protocols::gossip::{
    database::Begins,
    flood::{Config, Flood, To, Topology},
};
use sim_core::{
    link::{LinkPlan, NetworkPlan},
    plan::{Plan, ServicePlan},
    prelude::*,
    rng::{Chance, Keys, Purpose},
    run::Run,
    sample::Delay,
    world::World,
};

fn run(config: Config, nodes: u32, link: LinkPlan, seed: u64) -> Run {
    let services = vec![ServicePlan::new("node", nodes)];
    let mut world = World::new(Plan::new(seed, Time(60_000_000_000), services, NetworkPlan::new(link)));
    world.populate::<Flood>(config, None).unwrap();
    world.run(u64::MAX);
    world.finish()
}

fn informed(run: &Run) -> Vec<Time> {
    run.roles.iter().filter(|change| change.role == Role("informed")).map(|change| change.at).collect()
}

#[test]
fn an_update_costs_as_many_messages_as_the_graph_has_links() {
    let rows = [
        (Topology::Grid, 5, 6, 10),
        (Topology::Grid, 25, 56, 80),
        (Topology::Line, 25, 24, 48),
        (Topology::Total, 25, 576, 600),
        (Topology::Tree(4), 25, 24, 48),
        (Topology::Tree(2), 25, 24, 48),
        (Topology::Ring, 25, 26, 50),
    ];
    for (topology, nodes, skip, echo) in rows {
        for delay in [Delay::Constant(100.ms()), Delay::Exponential(100.ms())] {
            for (to, expected) in [(To::SkipSender, skip), (To::Echo, echo)] {
                for node in 1..=nodes {
                    let config = Config { topology, to, begins: Begins::Node(node), ..Config::default() };
                    let run = run(config, nodes, LinkPlan::new(delay.clone()), 1);
                    assert_eq!(informed(&run).len(), nodes as usize);
                    let sent = run.traffic.sent;
                    // Where two hear of it from each other at the same time, either sends it on to the other all the same.
                    assert_eq!(sent, expected, "{topology:?}, {nodes} nodes, {to:?}, from node {node}");
                }
            }
        }
    }
}

#[test]
fn an_update_takes_as_many_hops_as_the_graph_is_wide() {
    let rows = [
        (Topology::Grid, 8),
        (Topology::Line, 24),
        (Topology::Total, 1),
        (Topology::Tree(4), 5),
        (Topology::Tree(2), 8),
        (Topology::Ring, 12),
    ];
    for (topology, expected) in rows {
        let hops = (1..=25).map(|node| {
            let config = Config { topology, begins: Begins::Node(node), ..Config::default() };
            let run = run(config, 25, LinkPlan::new(Delay::Constant(100.ms())), 1);
            informed(&run).into_iter().max().unwrap().0 / 100_000_000
        });
        assert_eq!(hops.max(), Some(expected), "{topology:?}");
    }
}

/// Random regular graphs of 1000 nodes: 2E − (n − 1) as well, and a width that grows with the logarithm.
#[test]
fn a_random_graph_is_narrow() {
    for seed in 0..5 {
        let keys = Keys::new(seed);
        let layout = |which| keys.stream(Purpose::Layout, 0, which);
        let ends: usize =
            (0..1000).map(|node| Topology::Regular(4).neighbours(node, 1000, layout).len()).sum();
        let config = Config { topology: Topology::Regular(4), begins: Begins::Node(1), ..Config::default() };
        let run = run(config, 1000, LinkPlan::new(Delay::Constant(100.ms())), seed);
        assert_eq!(run.traffic.sent, ends as u64 - 999);
        let hops = informed(&run).into_iter().max().unwrap().0 / 100_000_000;
        assert!((6..=10).contains(&hops), "{hops}");
    }
}

/// With retries every message arrives in the end. One that is lost with probability p is sent 1/(1 − p)² times until its
/// acknowledgement is back.
#[test]
fn what_is_lost_is_sent_until_it_is_acknowledged() {
    let link = LinkPlan { loss: Chance::ratio(1, 5), ..LinkPlan::new(Delay::Constant(1.ms())) };
    let (mut told, runs, nodes) = (0, 300, 25);
    for seed in 0..runs {
        let tree = Config { topology: Topology::Tree(2), begins: Begins::Node(1), ..Config::default() };
        let run = run(Config { retry: Some(100.ms()), ..tree }, nodes, link.clone(), seed);
        assert_eq!(informed(&run).len(), nodes as usize, "seed {seed}");
        // What arrives is a message or the answer to one.
        told += run.traffic.sent;
    }
    let per_link = told as f64 / f64::from(runs as u32) / f64::from(nodes - 1);
    let (arrives, attempts) = (0.8, 1.0 / (0.8 * 0.8));
    let expected = attempts * (1.0 + arrives);
    assert!((per_link - expected).abs() < 0.05, "{per_link}, expected {expected}");
}
