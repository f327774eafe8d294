//! A file in chunks: every plan and every swarm against what theory says of it (`oracles.md` V23, V24, P1 to P3).

use protocols::chunks::{
    bounds,
    push::{self, Push, Strategy},
    swarm::{self, Peers, Pick, Serve, Swarm},
};
use sim_core::{
    link::{LinkPlan, NetworkPlan, Nic, Pipe},
    plan::{Plan, ServicePlan},
    prelude::*,
    run::Run,
    sample::Delay,
    size::{Bytes, Rate},
    world::World,
};
use std::collections::BTreeMap;

/// A chunk with its header takes a millisecond on the wire: one round.
const ROUND: Span = Span(1_000_000);
const CHUNK: Bytes = Bytes(1_000_000 - 40);

/// Every interface sends a gigabyte a second both ways, and what is said beside the chunks takes no time worth mentioning.
fn network(nodes: u32, delay: Span) -> NetworkPlan {
    let pipe = Pipe { rate: Rate(1_000_000_000), queue: Bytes(u64::MAX), express: Bytes(2_000) };
    let nic = Nic { up: Some(pipe), down: Some(pipe) };
    NetworkPlan { nics: vec![nic; nodes as usize], ..NetworkPlan::new(LinkPlan::new(Delay::Constant(delay))) }
}

fn play<P: Protocol>(nodes: u32, network: NetworkPlan, until: Span, seed: u64, config: P::Config) -> Run {
    let services = vec![ServicePlan::new("p", nodes)];
    let mut world = World::new(Plan::new(seed, Time(until.0), services, network));
    world.populate::<P>(config, None).unwrap();
    world.run(200_000_000);
    let run = world.finish();
    assert_eq!(run.violations, []);
    assert_eq!(run.stopped, None);
    run
}

/// How long it took until all had all, in rounds.
fn rounds(run: &Run) -> f64 {
    let all = run.properties.iter().find(|property| property.name == "all have all").unwrap();
    all.first.expect("all have all in the end").0 as f64 / ROUND.0 as f64
}

fn push(plan: Strategy, receivers: u32, chunks: u32) -> f64 {
    let sources = if let Strategy::Senders(count) = plan { count } else { 1 };
    let nodes = sources + receivers;
    let slots = if plan == Strategy::Optimal { 1 } else { 2 };
    let config =
        push::Config { chunks, chunk: CHUNK, plan, slots, patience: 10.s(), ..push::Config::default() };
    let until = ROUND * (4 + 2 * u64::from(receivers) * u64::from(chunks));
    rounds(&play::<Push>(nodes, network(nodes, Span::ZERO), until, 1, config))
}

/// What acknowledgements add, all in all: they have bytes, and everybody waits for them.
fn nearly(found: f64, wanted: u64) -> bool {
    found >= wanted as f64 && found <= wanted as f64 * 1.001
}

/// V23: the optimal plan needs as many rounds as the bound says, in the world with its interfaces, and none fewer.
#[test]
fn the_optimal_plan_attains_the_bound() {
    for (receivers, chunks, wanted) in [(10, 10, 13), (7, 7, 9), (1000, 10, 19), (1000, 1000, 1009)] {
        assert_eq!(bounds::rounds(receivers, chunks), wanted);
        let found = push(Strategy::Optimal, receivers as u32, chunks as u32);
        assert!(nearly(found, wanted), "({receivers}, {chunks}): {found} rounds and not {wanted}");
    }
    for receivers in [1, 2, 3, 4, 5, 6, 8, 15, 16, 31, 33, 63, 100] {
        for chunks in [1, 2, 9, 30] {
            let wanted = bounds::rounds(receivers.into(), chunks.into());
            let found = push(Strategy::Optimal, receivers, chunks);
            assert!(nearly(found, wanted), "({receivers}, {chunks}): {found} rounds and not {wanted}");
        }
    }
}

/// With lines of 100 kB a second a chunk takes ten seconds, and nobody waits for so long without having learned to. It
/// costs each some chunks that are sent twice, and no turn.
#[test]
fn slow_lines_cost_no_round() {
    const SLOWER: u64 = 10_000;
    let (receivers, chunks) = (10, 10);
    let bound = bounds::rounds(receivers.into(), chunks.into());
    let network = |nodes: u32| {
        let pipe = Pipe { rate: Rate(1_000_000_000 / SLOWER), queue: Bytes(u64::MAX), express: Bytes(2_000) };
        let nic = Nic { up: Some(pipe), down: Some(pipe) };
        NetworkPlan {
            nics: vec![nic; nodes as usize],
            ..NetworkPlan::new(LinkPlan::new(Delay::Constant(Span::ZERO)))
        }
    };
    let judge = |run: &Run, most: f64| {
        let found = rounds(run) / SLOWER as f64;
        assert!(found >= bound as f64 && found <= most * bound as f64, "{found} rounds of {bound}");
        // What is needed, and half as much again.
        let needed = f64::from(receivers * chunks) * CHUNK.0 as f64;
        let sent = run.traffic.bytes as f64;
        assert!(sent < 1.5 * needed, "{sent} bytes of {needed}");
    };
    let plan = push::Config { chunks, chunk: CHUNK, patience: 2.s(), ..push::Config::default() };
    judge(&play::<Push>(receivers + 1, network(receivers + 1), ROUND * SLOWER * 1_000, 1, plan), 1.6);
    let patient = config(chunks, Pick::Rarest, receivers);
    let swarm = swarm::Config { patience: 2.s(), refresh: 5.s(), ..patient };
    judge(&play::<Swarm>(receivers + 2, network(receivers + 2), ROUND * SLOWER * 1_000, 1, swarm), 2.5);
}

/// P1: the fewest rounds, by a search through all that can be done in each. A receiver takes any number of chunks a round.
#[test]
fn no_search_through_all_plans_finds_a_faster_one() {
    for (receivers, chunks) in
        [(1, 1), (1, 4), (2, 1), (2, 2), (2, 3), (3, 1), (3, 2), (3, 3), (4, 1), (4, 2), (5, 1), (7, 1)]
    {
        let wanted = bounds::rounds(receivers, chunks);
        assert_eq!(fewest(receivers as usize, chunks as u32), wanted, "({receivers}, {chunks})");
    }
}

/// Breadth first over what the receivers have, which is a set of chunks each; who is who does not matter, so they are sorted.
fn fewest(receivers: usize, chunks: u32) -> u64 {
    let whole: u32 = (1 << chunks) - 1;
    let mut states = std::collections::BTreeSet::from([vec![0_u32; receivers]]);
    for round in 0.. {
        if states.iter().any(|state| state.iter().all(|have| *have == whole)) {
            return round;
        }
        let mut next = std::collections::BTreeSet::new();
        for state in &states {
            let mut reached = std::collections::BTreeSet::from([state.clone()]);
            for sender in std::iter::once(whole).chain(state.iter().copied()).filter(|have| *have > 0) {
                reached = reached
                    .iter()
                    .flat_map(|after: &Vec<u32>| {
                        let transfers =
                            (0..receivers).flat_map(|to| (0..chunks).map(move |chunk| (to, 1_u32 << chunk)));
                        let useful = transfers
                            .filter(move |(to, chunk)| sender & chunk != 0 && after[*to] & chunk == 0);
                        let made = useful.map(|(to, chunk)| {
                            let mut more = after.clone();
                            more[to] |= chunk;
                            more
                        });
                        // Whoever can send something useful loses nothing by it.
                        let made: Vec<Vec<u32>> = made.collect();
                        if made.is_empty() { vec![after.clone()] } else { made }
                    })
                    .collect();
            }
            next.extend(reached.into_iter().map(|mut state| {
                state.sort_unstable();
                state
            }));
        }
        states = next;
    }
    unreachable!("it ends")
}

/// What one sender, several, a chain and a tree take: formulas of their own, for other numbers too.
#[test]
fn the_other_plans_take_as_long_as_their_formulas_say() {
    for (receivers, chunks) in [(1, 1), (10, 10), (7, 3), (3, 20)] {
        let (n, m) = (u64::from(receivers), u64::from(chunks));
        assert!(nearly(push(Strategy::ClientServer, receivers, chunks), n * m));
        assert!(nearly(push(Strategy::Chain, receivers, chunks), m + n - 1));
        for senders in [1_u64, 2, 3] {
            let found = push(Strategy::Senders(senders as u32), receivers, chunks);
            assert!(nearly(found, n.div_ceil(senders) * m), "{senders} senders: {found}");
        }
    }
    // Complete trees: the last chunk leaves the source for its last child after b·M rounds, and each level takes b more.
    for (children, levels, chunks) in [(2_u64, 3_u32, 10_u64), (2, 1, 4), (3, 2, 7), (4, 2, 5)] {
        let receivers = (1..=levels).map(|level| children.pow(level)).sum::<u64>();
        let found = push(Strategy::Tree(children as u32), receivers as u32, chunks as u32);
        let wanted = children * chunks + children * u64::from(levels - 1);
        assert!(nearly(found, wanted), "{children} children, {levels} levels: {found} and not {wanted}");
    }
}

/// V24 and P2: five gigabytes to a thousand machines at forty gigabits a second.
#[test]
fn the_fluid_limits_are_those_of_kumar_and_ross() {
    let rate = Rate(5_000_000_000);
    let file = 5_000_000_000;
    assert_eq!(bounds::client_server(file, &[rate], 1000, None), 1000.s());
    assert_eq!(bounds::client_server(file, &[rate; 10], 1000, None), 100.s());
    assert_eq!(bounds::fluid(file, rate, &vec![rate; 1000], Some(rate)), 1.s());
    // Each of the three can be what it takes: the source, the slowest receiver, all together.
    assert_eq!(bounds::fluid(100, Rate(10), &[Rate(1_000); 3], Some(Rate(50))), 10.s());
    assert_eq!(bounds::fluid(100, Rate(1_000), &[Rate(1_000); 3], Some(Rate(5))), 20.s());
    assert_eq!(bounds::fluid(100, Rate(100), &[Rate(25); 4], None), 2.s());
}

fn config(chunks: u32, pick: Pick, neighbours: u32) -> swarm::Config {
    swarm::Config {
        chunks,
        chunk: CHUNK,
        pick,
        peers: Peers::Tracker,
        neighbours,
        slots: 1,
        downloads: 1,
        patience: 10.s(),
        refresh: Span(5_000_000),
        ..swarm::Config::default()
    }
}

fn swarm(receivers: u32, seed: u64, config: swarm::Config) -> f64 {
    let nodes = receivers + 1 + u32::from(config.peers == Peers::Tracker);
    let until = ROUND * 3 * bounds::rounds(receivers.into(), config.chunks.into());
    rounds(&play::<Swarm>(nodes, network(nodes, Span::ZERO), until, seed, config))
}

/// P3: rarest first is within a quarter of what is possible and beats random picks, over these seeds.
#[test]
fn rarest_first_is_within_a_quarter_of_the_optimum_and_better_than_random() {
    for (receivers, chunks, seeds) in
        [(10, 10, 20), (10, 50, 10), (100, 20, 5), (100, 50, 5), (300, 30, 2), (1000, 20, 1)]
    {
        let bound = bounds::rounds(receivers.into(), chunks.into()) as f64;
        let mean = |pick: Pick| {
            let all = (0..seeds).map(|seed| swarm(receivers, seed, config(chunks, pick, receivers.min(60))));
            let all: Vec<f64> = all.collect();
            assert!(all.iter().all(|rounds| *rounds >= bound), "nobody beats the bound of {bound}: {all:?}");
            all.iter().sum::<f64>() / f64::from(seeds as u32)
        };
        let (rarest, random) = (mean(Pick::Rarest), mean(Pick::Random));
        println!(
            "({receivers}, {chunks}): bound {bound}, rarest {:.3}, random {:.3}",
            rarest / bound,
            random / bound
        );
        assert!(rarest <= 1.25 * bound, "({receivers}, {chunks}): {rarest} rounds of {bound}");
        assert!(rarest < random, "({receivers}, {chunks}): rarest {rarest}, random {random}");
    }
}

#[test]
fn gossip_does_without_a_tracker() {
    let gossip = swarm::Config { peers: Peers::Gossip, ..config(40, Pick::Rarest, 12) };
    let (found, bound) = (swarm(60, 1, gossip), bounds::rounds(60, 40) as f64);
    assert!((bound..2.0 * bound).contains(&found), "{found} rounds of {bound}");
}

/// Who gives nothing gets it later where givers are served first, and not much later where anybody is.
#[test]
fn free_riders_wait_where_givers_come_first() {
    let (receivers, riders) = (30, 6);
    let last = |serve: Serve| {
        let config = swarm::Config { serve, free_riders: riders, ..config(60, Pick::Rarest, 30) };
        let run = play::<Swarm>(receivers + 2, network(receivers + 2, Span::ZERO), ROUND * 1_000, 3, config);
        let done: BTreeMap<u32, f64> = run
            .roles
            .iter()
            .filter(|change| change.role == Role("seed"))
            .map(|change| (change.node.0, change.at.0 as f64 / ROUND.0 as f64))
            .collect();
        let mean = |nodes: core::ops::Range<u32>| {
            let count = f64::from(nodes.end - nodes.start);
            nodes.map(|node| done[&node]).sum::<f64>() / count
        };
        (mean(2..2 + receivers - riders), mean(2 + receivers - riders..2 + receivers))
    };
    let (givers, takers) = last(Serve::Givers);
    let (all, riders) = last(Serve::Anybody);
    println!("givers first: {givers:.1} and {takers:.1} rounds; anybody: {all:.1} and {riders:.1}");
    assert!(takers > givers * 1.15, "{givers} {takers}");
    assert!(takers / givers > riders / all, "{givers} {takers}, {all} {riders}");
}
