//! Seeds survive: taking a fault out of a plan changes nothing outside of that fault's causal future.
//!
//! Two hundred nodes on a ring talk to their neighbours only, so that news travels slowly. Of twenty plans with every
//! kind of fault and every kind of randomness, one fault is taken out; then the two traces are compared, node by node, up
//! to the moment at which the difference can have reached the node.

use sim_core::{
    fault::{Fault, Pick, PlannedFault, Shift},
    link::{Bursts, Impairment, LinkPlan, NetworkPlan, Nic, Pipe, Reorder},
    plan::{ClockPlan, DiskPlan, HostPlan, Plan, ServicePlan},
    prelude::*,
    rng::{Chance, Keys, Purpose},
    run::Run,
    sample::Delay,
    size::{Bytes, Rate},
    trace::Kind as Taken,
    world::World,
};
use std::collections::BTreeMap;

const NODES: u32 = 200;

/// Talks to a neighbour now and then; what it hears it writes down, syncs, and thanks for.
#[derive(Clone, Debug, Hash)]
struct Neighbour {
    heard: u64,
}

#[derive(Clone, Debug, Hash, PartialEq)]
enum Word {
    Hello(u64),
    Thanks(u64),
}

impl Message for Word {
    fn bytes(&self) -> u64 {
        200
    }
}

impl Protocol for Neighbour {
    type Config = ();
    type Msg = Word;
    type Timer = ();
    type Disk = Log<u64>;
    type Serves = Never;
    type Calls = Never;
    type Ghost = ();
    const PROPERTIES: &'static [Property<Self>] = &[];
    const ROLES: &'static [Role] = &[Role::PEER];

    fn start((): &(), ctx: &mut Ctx<Self>) -> Self {
        ctx.set((), 1.ms()..400.ms());
        Neighbour { heard: ctx.disk.len() as u64 }
    }

    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        match input {
            Timeout(()) => {
                let me = ctx.index(ctx.me) as u32;
                let to = if ctx.rng.below(2) == 0 { me + 1 } else { me + NODES - 1 } % NODES;
                let now = ctx.now();
                ctx.send(NodeId(to), Word::Hello(now.0));
                ctx.set((), 200.ms()..600.ms());
            }
            Deliver(from, Word::Hello(said)) => {
                self.heard += 1;
                ctx.disk.push(said);
                ctx.sync();
                ctx.send(from, Word::Thanks(self.heard));
            }
            Deliver(_, Word::Thanks(_)) => self.heard += 1,
            Request(_, op) => match op {},
            Response(..) => {}
        }
    }
    fn role(&self) -> Role {
        Role::PEER
    }
    fn epoch(&self) -> u64 {
        0
    }
    fn show(&self) -> Vec<(&'static str, String)> {
        vec![]
    }
}

fn chance(share: f64) -> Chance {
    Chance::new(share).unwrap()
}

/// Faults of all kinds, each on a node or two.
fn plan(seed: u64) -> Plan {
    let mut rng = Keys::new(seed).stream(Purpose::Test, 3, 0);
    let link = LinkPlan {
        loss: chance(0.02),
        bursts: Some(Bursts { slot: 20.ms(), enter: chance(0.02), leave: chance(0.3), loss: chance(0.9) }),
        duplicate: chance(0.05),
        reorder: Some(Reorder { chance: chance(0.1), by: Delay::Exponential(20.ms()) }),
        corrupt: chance(0.01),
        ..LinkPlan::new(Delay::LogNormal { median: 10.ms(), p99: 80.ms() })
    };
    let pipe = Some(Pipe { rate: Rate(20_000), queue: Bytes(10_000), express: Bytes(0) });
    let network =
        NetworkPlan { nics: vec![Nic { up: pipe, down: pipe }; NODES as usize], ..NetworkPlan::new(link) };
    let service = ServicePlan {
        disk: DiskPlan {
            sync: Delay::Exponential(3.ms()),
            write: Delay::Uniform(1.us(), 1.ms()),
            ..DiskPlan::default()
        },
        host: HostPlan { message: Delay::Exponential(1.ms()), ..HostPlan::default() },
        clock: ClockPlan { offset: 50.ms(), drift: 0.001, ..ClockPlan::default() },
        ..ServicePlan::new("p", NODES)
    };
    let mut faults = Vec::new();
    for number in 0..12 {
        let node = rng.below(u64::from(NODES)) as u32;
        let one = || vec![Pick::Node(format!("p-{}", node + 1))];
        let next = || vec![Pick::Node(format!("p-{}", (node + 1) % NODES + 1))];
        let by = Shift::Ahead(70.ms());
        let worse = Impairment { loss: chance(0.5), duplicate: chance(0.3), ..Impairment::default() };
        let kinds = [
            Fault::Crash(one()),
            Fault::Crash(vec![Pick::Random(1)]),
            Fault::PowerLoss(one()),
            Fault::Wipe(one()),
            Fault::Pause(vec![Pick::Random(1)]),
            Fault::Slow { of: one(), factor: 20.0 },
            Fault::Split(vec![one(), next()]),
            Fault::OneWay { from: one(), to: next() },
            Fault::Isolate(one()),
            Fault::Clog { from: one(), to: next() },
            Fault::Degrade { from: one(), to: next(), link: worse.clone() },
            Fault::DegradeNic { of: one(), link: worse },
            Fault::ClockJump { of: one(), by },
            Fault::ClockDrift { of: one(), by: -0.3 },
            Fault::ClockStrobe { of: one(), by, every: 30.ms() },
            Fault::DiskSlow { of: one(), factor: 9.0 },
            Fault::DiskStall(one()),
            Fault::DiskFull(one()),
        ];
        let at = Time::ZERO + Span(rng.range(500_000_000, 3_000_000_000));
        let lasts = Span(rng.range(200_000_000, 1_500_000_000));
        let fault = kinds[rng.below(kinds.len() as u64) as usize].clone();
        faults.push(PlannedFault::at(&format!("fault-{number}"), at, Some(lasts), fault));
    }
    Plan { faults, ..Plan::new(seed, Time::ZERO + 5.s(), vec![service], network) }
}

fn run(plan: Plan) -> Run {
    let mut world = World::new(plan);
    world.populate::<Neighbour>((), None).unwrap();
    world.trace();
    world.run(10_000_000);
    world.finish()
}

type Seen = (Time, Taken, Option<NodeId>, String);

fn by_node(run: &Run) -> Vec<Vec<Seen>> {
    let mut all = vec![Vec::new(); NODES as usize];
    for entry in run.trace.as_ref().unwrap().entries() {
        all[entry.node.0 as usize].push((entry.at, entry.kind, entry.peer, entry.text.to_string()));
    }
    all
}

/// When a difference between the two runs can have reached each node at the earliest.
fn reached(with: &Run, without: &Run, gone: &str) -> BTreeMap<NodeId, Time> {
    let chose = |run: &Run, name: &str| {
        run.faults
            .iter()
            .find(|fault| fault.planned.name == name)
            .map(|fault| (fault.struck, fault.chose.clone()))
    };
    let mut reached: BTreeMap<NodeId, Time> = BTreeMap::new();
    let mut touch = |node: NodeId, at: Time| {
        let first = reached.entry(node).or_insert(at);
        *first = at.min(*first);
    };
    for fault in &with.faults {
        let name = &fault.planned.name;
        if let Some((Some(at), nodes)) = chose(with, name)
            && (name == gone || chose(without, name) != chose(with, name))
        {
            let other = chose(without, name).map(|other| other.1).unwrap_or_default();
            nodes.into_iter().chain(other).flatten().for_each(|node| touch(node, at));
        }
    }
    // Whoever hears from a node that was reached is reached, in either run.
    let hears = |run: &Run| -> Vec<(Time, NodeId, NodeId)> {
        let entries = run.trace.as_ref().unwrap().entries();
        entries.filter_map(|entry| Some((entry.at, entry.peer?, entry.node))).collect()
    };
    let mut heard: Vec<_> = hears(with).into_iter().chain(hears(without)).collect();
    heard.sort();
    for (at, from, to) in heard {
        if reached.get(&from).is_some_and(|since| *since <= at) {
            let first = reached.entry(to).or_insert(at);
            *first = at.min(*first);
        }
    }
    reached
}

#[test]
fn taking_a_fault_out_of_a_plan_changes_nothing_outside_its_causal_future() {
    let (mut same, mut different) = (0, 0);
    for seed in 0..20 {
        let whole = plan(seed);
        let gone = whole.faults[(seed % 12) as usize].name.clone();
        let mut less = whole.clone();
        less.faults.retain(|fault| fault.name != gone);
        let (with, without) = (run(whole), run(less));
        let reached = reached(&with, &without, &gone);
        let (left, right) = (by_node(&with), by_node(&without));
        for node in 0..NODES {
            let until = reached.get(&NodeId(node)).copied().unwrap_or(Time::MAX);
            let before =
                |seen: &[Seen]| seen.iter().take_while(|seen| seen.0 < until).cloned().collect::<Vec<_>>();
            let (one, other) = (before(&left[node as usize]), before(&right[node as usize]));
            assert_eq!(one, other, "seed {seed} without {gone}: node {node} before {until}");
            same += one.len();
            different += usize::from(left[node as usize] != right[node as usize]);
        }
    }
    assert!(same > 100_000, "only {same} events were compared");
    assert!(different > 60, "taking faults out made a difference to {different} nodes only");
}
