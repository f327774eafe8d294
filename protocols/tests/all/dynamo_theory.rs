//! The parts of Dynamo do what theory says: vector clocks tell what happened before what, Merkle trees look at as many
//! nodes as they must, and both sides of a partition write as many keys as chance has it.

use crate::measured::{Sample, close};
use core::cmp::Ordering;
use protocols::{
    dynamo::{
        Config, Dynamo, Versions,
        clock::VectorClock,
        merkle::{self, Tree},
        ring::Ring,
    },
    kv::{Kv, Op, Ret},
};
use sim_core::{
    fault::{Fault, Pick, PlannedFault},
    harness::{Harness, Output},
    link::{LinkPlan, NetworkPlan},
    plan::{Plan, ServicePlan},
    prelude::*,
    rng::{Keys, Purpose},
    sample::{Delay, exponential},
    world::World,
};

const SEEDS: u64 = 3;

/// The mean of these, and four standard errors of it.
fn mean(of: Vec<f64>) -> (f64, f64) {
    let sample = Sample(of);
    (sample.mean(), 4.0 * sample.error())
}

fn power(base: f64, exponent: u32) -> f64 {
    (0..exponent).fold(1.0, |product, _| product * base)
}

/// Q8: of two events of any computation, one happened before the other exactly if its vector clock says so. What happened
/// before what is found by following the events themselves.
#[test]
fn vector_clocks_order_events_as_they_happened() {
    for seed in 0..300 {
        let mut rng = Keys::new(seed).stream(Purpose::Test, 0, 0);
        let (processes, count) = (1 + rng.below(5) as usize, 40);
        // Each event is the next of its process, and may receive what an earlier one of another sent.
        let mut before: Vec<BTreeSet<usize>> = Vec::new();
        let mut clocks: Vec<VectorClock> = Vec::new();
        let mut last: Vec<Option<usize>> = vec![None; processes];
        for event in 0..count {
            let process = rng.below(processes as u64) as usize;
            let received = (event > 0 && rng.below(2) == 0).then(|| rng.below(event as u64) as usize);
            let (mut past, mut clock) = (BTreeSet::new(), VectorClock::default());
            for cause in last[process].into_iter().chain(received) {
                past.insert(cause);
                past.extend(&before[cause]);
                clock.join(&clocks[cause]);
            }
            let node = NodeId(process as u32);
            clock.take(node, clock.get(node) + 1);
            before.push(past);
            clocks.push(clock);
            last[process] = Some(event);
        }
        for one in 0..count {
            for other in 0..count {
                let happened =
                    match (one == other, before[other].contains(&one), before[one].contains(&other)) {
                        (true, ..) => Some(Ordering::Equal),
                        (_, true, _) => Some(Ordering::Less),
                        (_, _, true) => Some(Ordering::Greater),
                        _ => None,
                    };
                assert_eq!(clocks[one].compare(&clocks[other]), happened, "seed {seed}: {one} and {other}");
            }
        }
    }
}

/// Q7: of a tree with 2^d leaves, k of whose keys differ, 1 + 2 * sum over l < d of 2^l (1 - (1 - 2^-l)^k) nodes are compared.
fn compared(depth: u32, k: u32) -> f64 {
    let level = |l: u32| power(2.0, l) * (1.0 - power(1.0 - 1.0 / power(2.0, l), k));
    1.0 + 2.0 * (0..depth).map(level).sum::<f64>()
}

#[test]
fn merkle_trees_look_at_as_many_nodes_as_the_formula_says() {
    close("the formula", compared(10, 10), 136.40, 0.005);
    close("the formula", compared(16, 100), 1893.97, 0.005);
    for (depth, k, trials) in
        [(10, 1, 50), (10, 10, 400), (16, 100, 30), (6, 3, 400), (8, 200, 200), (0, 5, 10)]
    {
        for seed in 0..SEEDS {
            let counts: Vec<f64> = (0..trials)
                .map(|trial| {
                    let mut rng = Keys::new(seed).stream(Purpose::Test, u64::from(depth), trial);
                    let common = (0..500u64).map(|key| (key, 0));
                    let extra: Vec<u64> = (0..k).map(|_| 1_000 + rng.below(u64::MAX / 2)).collect();
                    let mut changed: BTreeMap<u64, u64> = common.clone().collect();
                    changed.extend(extra.iter().map(|&key| (key, 1)));
                    let (one, other) =
                        (Tree::new(depth, common), Tree::new(depth, changed.iter().map(|(k, v)| (*k, *v))));
                    let (mut nodes, mut compared) = (vec![merkle::ROOT], 0);
                    loop {
                        compared += nodes.len();
                        nodes = other.differing(&one.show(&nodes));
                        match one.below(&nodes) {
                            Some(children) if !nodes.is_empty() => nodes = children,
                            _ => break,
                        }
                    }
                    let leaves: BTreeSet<u32> = extra.iter().map(|&key| merkle::leaf(key, depth)).collect();
                    assert_eq!(nodes.into_iter().collect::<BTreeSet<_>>(), leaves, "exactly what differs");
                    compared as f64
                })
                .collect();
            let (found, error) = mean(counts);
            close(
                &format!("2^{depth} leaves, {k} keys, seed {seed}"),
                found,
                compared(depth, k),
                error.max(1e-9),
            );
        }
    }
}

/// The same between two nodes: one key differs, so a root and two children on each of d levels are shown.
#[test]
fn two_nodes_compare_two_hashes_a_level() {
    let config = Config { replicas: 2, read: 1, write: 1, depth: 9, ..Config::default() };
    let mut harness = Harness::<Dynamo>::new(2, config);
    let [one, other] = [0, 1].map(NodeId);
    for node in [one, other] {
        harness.boot(node);
    }
    // The first node is whom everybody knows.
    let told = harness.fire(other, &protocols::dynamo::Timer::Gossip);
    harness.settle(other, told, |_, _| true);
    for key in 0..200 {
        let (_, told) = harness.request(one, Op::Put(key, key + 1));
        // The last write reaches one node only.
        harness.settle(one, told, |_, _| key < 199);
    }
    let told = harness.fire(one, &protocols::dynamo::Timer::Compare);
    harness.settle(one, told, |_, _| true);
    let shown = |harness: &Harness<Dynamo>, what: &str| -> u64 {
        [one, other]
            .iter()
            .flat_map(|&node| harness.state(node).unwrap().show())
            .filter(|(label, _)| *label == what)
            .map(|(_, text)| text.parse::<u64>().unwrap())
            .sum()
    };
    assert_eq!(shown(&harness, "compared"), 2 * 9 + 1);
    assert_eq!((shown(&harness, "evened out"), shown(&harness, "keys")), (1, 400));
    let told = harness.fire(one, &protocols::dynamo::Timer::Compare);
    assert!(matches!(told[..], [Output::Send(..)]));
    harness.settle(one, told, |_, _| true);
    assert_eq!(shown(&harness, "compared"), 2 * 9 + 2, "equal roots end it");
}

/// HS2: a node that joins n others takes one part in n + 1 of the keys, and none moves between old nodes.
#[test]
fn a_node_that_joins_takes_its_share_and_nothing_else_moves() {
    for n in [3, 9] {
        let shares: Vec<f64> = (0..60)
            .map(|round| {
                let old: BTreeSet<NodeId> = (0..n).map(|i| NodeId(100 * round + i)).collect();
                let joins = NodeId(100 * round + n);
                let with: BTreeSet<NodeId> = old.iter().copied().chain([joins]).collect();
                let (before, after) = (Ring::new(&old, 50), Ring::new(&with, 50));
                let moved = (0..2_000).filter(|&key| {
                    let (was, is) = (before.preference(key)[0], after.preference(key)[0]);
                    assert!(was == is || is == joins);
                    was != is
                });
                moved.count() as f64 / 2_000.0
            })
            .collect();
        let (found, error) = mean(shares);
        close(&format!("{n} nodes and one more"), found, 1.0 / f64::from(n + 1), error);
    }
}

/// A client of each side that writes to random keys at a rate while the network is cut, each time through another server of
/// its side; long after that, one reads what has become of them.
#[derive(Clone, Debug, Hash)]
struct Writer {
    writes: u64,
    /// By key: the value that was acknowledged last, and the value that was there in the end.
    last: BTreeMap<u64, u64>,
    end: BTreeMap<u64, u64>,
    open: BTreeMap<Ticket, (u64, u64)>,
    side: u32,
    keys: u64,
    gap: Span,
    stop: Time,
}

#[derive(Clone, Debug)]
struct Writing {
    keys: u64,
    rates: [u64; 2],
    lasts: Span,
}

/// When the network is cut, and how long before the end keys are read.
const CUT: Span = Span(5_000_000_000);
const EVENED: Span = Span(30_000_000_000);

impl Protocol for Writer {
    type Config = Writing;
    type Msg = Never;
    /// Write, or read all.
    type Timer = bool;
    type Disk = ();
    type Serves = Never;
    type Calls = Kv;
    type Ghost = ();
    const PROPERTIES: &'static [Property<Self>] = &[];
    const ROLES: &'static [Role] = &[Role::PEER];

    fn start(config: &Writing, ctx: &mut Ctx<Self>) -> Self {
        let side = ctx.index(ctx.me) as u32;
        let gap = Span(1_000_000_000 / config.rates[side as usize]);
        // The cut is given a moment to be there.
        let start = CUT + 100.ms();
        let first = exponential(ctx.rng, gap);
        ctx.set(true, start + first);
        ctx.set(false, start + config.lasts + EVENED);
        let stop = Time::ZERO + start + config.lasts;
        let (last, end, open) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Writer { writes: 0, last, end, open, side, keys: config.keys, gap, stop }
    }

    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        match input {
            Timeout(true) if ctx.now() > self.stop => {}
            Timeout(true) => {
                self.writes += 1;
                let (key, server) = (ctx.rng.below(self.keys), 3 * self.side + ctx.rng.below(3) as u32);
                let value = self.writes * 2 + u64::from(self.side);
                let ticket = ctx.call(NodeId(server), Op::Put(key, value));
                self.open.insert(ticket, (key, value));
                let gap = exponential(ctx.rng, self.gap);
                ctx.set(true, gap);
            }
            Timeout(false) => {
                assert!(self.open.is_empty(), "every write was acknowledged");
                for key in 0..self.keys {
                    let ticket = ctx.call(NodeId(3 * self.side), Op::Get(key));
                    self.open.insert(ticket, (key, 0));
                }
            }
            Response(ticket, Answer::Ok(ret)) => {
                let (key, value) = self.open.remove(&ticket).unwrap();
                match ret {
                    Ret::Done => drop(self.last.insert(key, value)),
                    Ret::Value(found) => drop(found.and_then(|found| self.end.insert(key, found))),
                    Ret::Swapped(_) => unreachable!("nobody asked"),
                }
            }
            Response(_, answer) => panic!("{answer:?}"),
            Deliver(_, never) | Request(_, never) => match never {},
        }
    }

    fn role(&self) -> Role {
        Role::PEER
    }
    fn epoch(&self) -> u64 {
        0
    }
    fn show(&self) -> Vec<(&'static str, String)> {
        let last = self.last.iter().map(|(key, value)| ("last", format!("{key} {value}")));
        last.chain(self.end.iter().map(|(key, value)| ("end", format!("{key} {value}")))).collect()
    }
}

/// What a writer shows under this label, by key.
fn shown(world: &World, node: u32, what: &str) -> BTreeMap<u64, u64> {
    let shown = world.show(NodeId(node));
    let of = shown.iter().filter(|(label, _)| *label == what).filter_map(|(_, text)| text.split_once(' '));
    of.map(|(key, value)| (key.parse().unwrap(), value.parse().unwrap())).collect()
}

/// Six nodes are cut in half while both sides write. How many keys were written on both, after everything has been evened
/// out and looked at.
fn conflicts(seed: u64, writing: Writing, versions: Versions) -> usize {
    let network = NetworkPlan::new(LinkPlan::new(Delay::Constant(1.ms())));
    let services = vec![ServicePlan::new("db", 6), ServicePlan::clients(2)];
    let side = |servers: core::ops::Range<u32>, client: u32| -> Vec<Pick> {
        let servers = servers.map(|i| Pick::Node(format!("db-{i}")));
        servers.chain([Pick::Node(format!("client-{client}"))]).collect()
    };
    let cut = Fault::Split(vec![side(1..4, 1), side(4..7, 2)]);
    let cut = PlannedFault::at("cut", Time::ZERO + CUT, Some(writing.lasts + 5.s()), cut);
    let until = Time::ZERO + CUT + writing.lasts + EVENED + 5.s();
    let mut world = World::new(Plan { faults: vec![cut], ..Plan::new(seed, until, services, network) });
    // A write sees all that its side has.
    let config =
        Config { read: 3, write: 1, versions, gossip: 1.s(), anti_entropy: 3.s(), ..Config::default() };
    world.populate::<Dynamo>(config, None).unwrap();
    world.populate::<Writer>(writing, Some("db")).unwrap();
    world.run(u64::MAX);
    let [left, right] = [6, 7].map(|node| shown(&world, node, "last"));
    let [end, same] = [6, 7].map(|node| shown(&world, node, "end"));
    assert_eq!(end, same, "both sides see the same");
    let siblings: u64 = (0..6)
        .flat_map(|node| world.show(NodeId(node)))
        .filter(|(label, _)| *label == "siblings")
        .map(|(_, count)| count.parse::<u64>().unwrap())
        .sum();
    let both = left.keys().filter(|key| right.contains_key(key)).count();
    match versions {
        Versions::Siblings => assert_eq!(siblings, 3 * both as u64, "at each of three replicas"),
        Versions::LastWriterWins => assert_eq!(siblings, 0),
    }
    // One value of two can be read; where there was one, it is there.
    for (key, value) in &end {
        assert!(left.get(key) == Some(value) || right.get(key) == Some(value), "key {key}");
    }
    assert!(left.keys().chain(right.keys()).all(|key| end.contains_key(key)));
    both
}

/// Q9: of K keys, K (1 - e^(-λ1 T/K)) (1 - e^(-λ2 T/K)) are written on both sides of a partition that lasts T. With vector
/// clocks each of them has two siblings afterwards, and with the last writer winning exactly one of the two writes is lost.
#[test]
fn both_sides_of_a_partition_write_as_many_keys_as_the_formula_says() {
    // 1 - e^-1, 1 - e^-0.6 and so on, to six digits.
    let cases = [
        (100, [5, 3], 20, 28.52, 100.0 * 0.632_121 * 0.451_188),
        (50, [4, 4], 10, 15.17, 50.0 * 0.550_671 * 0.550_671),
    ];
    for (keys, rates, seconds, published, wanted) in cases {
        close("the formula", wanted, published, 0.01);
        for versions in [Versions::Siblings, Versions::LastWriterWins] {
            for seed in 0..SEEDS {
                let writing = Writing { keys, rates, lasts: Span(seconds * 1_000_000_000) };
                let counts: Vec<f64> = (0..40)
                    .map(|run| conflicts(seed << 32 | run, writing.clone(), versions) as f64)
                    .collect();
                let (found, error) = mean(counts);
                close(&format!("{keys} keys at {rates:?}, {versions:?}, seed {seed}"), found, wanted, error);
            }
        }
    }
}
