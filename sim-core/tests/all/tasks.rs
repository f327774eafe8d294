//! Work that nodes tell of, how long it takes, and services that share machines: workers that run where the data lies.

use sim_core::{
    fault::{Fault, Pick, PlannedFault},
    link::{LinkPlan, NetworkPlan, Nic, Pipe},
    plan::{Plan, ServicePlan},
    prelude::*,
    run::Run,
    sample::Delay,
    size::{Bytes, Rate},
    task::Task,
    time::Time,
    world::World,
};

const LOOPBACK: Span = NetworkPlan::LOOPBACK;
/// Three of each: `store-1` is node 0, and `worker-1` node 3.
const NODES: u32 = 3;

/// So many bytes, with whatever goes with them on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Block(u64);

impl Message for Block {
    fn bytes(&self) -> u64 {
        self.0
    }
}

/// Blocks of the size that one asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Blocks {}

impl Spec for Blocks {
    type Op = u64;
    type Ret = Block;
    type State = ();
    fn apply((): &mut (), size: &u64) -> Block {
        Block(*size)
    }
    fn key(_: &u64) -> u64 {
        0
    }
    fn is_read(_: &u64) -> bool {
        true
    }
    fn kind(_: &u64) -> &'static str {
        "fetch"
    }
}

#[derive(Clone, Debug, Hash)]
struct Store;

impl Protocol for Store {
    type Config = ();
    type Msg = Never;
    type Timer = ();
    type Disk = ();
    type Serves = Blocks;
    type Calls = Never;
    type Ghost = ();
    const PROPERTIES: &'static [Property<Self>] = &[];
    const ROLES: &'static [Role] = &[Role::PEER];

    fn start((): &(), _: &mut Ctx<Self>) -> Self {
        Store
    }
    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        match input {
            Request(ticket, size) => ctx.answer(ticket, Answer::Ok(Block(size - Ticket::BYTES))),
            Deliver(_, never) => match never {},
            Timeout(()) | Response(..) => {}
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

/// What a worker does: the worker by its index, when after its boot, and what.
type Orders = Vec<(usize, Span, Do)>;

#[derive(Clone, Debug, PartialEq, Hash)]
enum Do {
    /// A task: fetches so many bytes from that store, and computes for a second.
    Work { from: u32, bytes: u64 },
    /// Sends so many bytes to that worker.
    Push { to: u32, bytes: u64 },
}
use Do::*;

#[derive(Clone, Debug, PartialEq, Hash)]
enum Timer {
    Order(usize),
    Computed(u64),
}

#[derive(Clone, Debug, Hash)]
struct Worker {
    orders: Orders,
    /// Whether it was there before.
    back: bool,
    fetching: Vec<(Ticket, u64, NodeId)>,
}

impl Protocol for Worker {
    type Config = Orders;
    type Msg = Block;
    type Timer = Timer;
    type Disk = ();
    type Serves = Never;
    type Calls = Blocks;
    type Ghost = ();
    const PROPERTIES: &'static [Property<Self>] = &[];
    const ROLES: &'static [Role] = &[Role::PEER];

    fn start(orders: &Orders, ctx: &mut Ctx<Self>) -> Self {
        let me = ctx.index(ctx.me);
        for (number, (_, at, _)) in orders.iter().enumerate().filter(|(_, order)| order.0 == me) {
            ctx.set(Timer::Order(number), *at);
        }
        Worker { orders: orders.clone(), back: !ctx.first_boot(), fetching: vec![] }
    }
    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        match input {
            Timeout(Timer::Order(number)) => match self.orders[number].2 {
                Work { from, bytes } => {
                    let (key, store) = (number as u64, ctx.callees().nth(from as usize).unwrap());
                    let why = if self.back { Why::Again } else { Why::First };
                    ctx.task(key, "work", (0, number as u32), why);
                    // Of what nobody began nobody hears.
                    ctx.task_takes(key + 1_000, 1, true);
                    ctx.task_ends(key + 1_000, How::Failed);
                    self.fetching.push((ctx.call(store, bytes), key, store));
                }
                Push { to, bytes } => ctx.send(ctx.members().nth(to as usize).unwrap(), Block(bytes)),
            },
            Response(ticket, Answer::Ok(block)) => {
                let (_, key, store) = *self.fetching.iter().find(|(asked, ..)| *asked == ticket).unwrap();
                let local = ctx.machine(ctx.me) == ctx.machine(store);
                ctx.note(|| format!("fetched {key}"));
                ctx.task_takes(key, block.0 + Ticket::BYTES, local);
                ctx.compute(1.s(), Timer::Computed(key));
            }
            Timeout(Timer::Computed(key)) => ctx.task_ends(key, How::Done),
            Deliver(from, block) => ctx.note(|| format!("{} of {}", block.0, from.0)),
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

/// Every link takes a millisecond; each worker runs beside the store with its number.
fn beside() -> NetworkPlan {
    let machines = [0, 1, 2, 0, 1, 2].map(NodeId).into();
    NetworkPlan { machines, ..apart() }
}

fn apart() -> NetworkPlan {
    NetworkPlan::new(LinkPlan::new(Delay::Constant(1.ms())))
}

/// Uplinks of a megabyte a second.
fn narrow(network: NetworkPlan) -> NetworkPlan {
    let pipe = Pipe { rate: Rate(1_000_000), queue: Bytes(10_000_000), express: Bytes(0) };
    NetworkPlan { nics: vec![Nic { up: Some(pipe), down: None }; 2 * NODES as usize], ..network }
}

type Faults = Vec<(Span, Option<Span>, Fault)>;

fn run(network: NetworkPlan, faults: Faults, orders: Orders, recorded: bool) -> Run {
    let services = vec![ServicePlan::new("store", NODES), ServicePlan::new("worker", NODES)];
    let planned = |(at, lasts, fault): (Span, Option<Span>, Fault)| {
        PlannedFault::at(fault.kind(), Time(at.0), lasts, fault.clone())
    };
    let faults = faults.into_iter().map(planned).collect();
    let mut world = World::new(Plan { faults, ..Plan::new(1, Time(10_000_000_000), services, network) });
    world.populate::<Store>((), None).unwrap();
    world.populate::<Worker>(orders, Some("store")).unwrap();
    if recorded {
        world.record(10);
    }
    world.run(1_000_000);
    world.finish()
}

fn recorded(network: NetworkPlan, faults: Faults, orders: Orders) -> Run {
    run(network, faults, orders, true)
}

fn node(name: &str) -> Vec<Pick> {
    vec![Pick::Node(name.into())]
}

/// Whose task, what became of it, when it began and how long it took.
fn told(run: &Run) -> Vec<(u32, How, Span, Option<Span>)> {
    let one = |task: &Task| {
        let took = task.ended.map(|ended| ended.since(task.begun));
        (task.node.0, task.how, Span(task.begun.0), took)
    };
    run.tasks.tasks.iter().map(one).collect()
}

/// When and what a worker remarked.
fn noted(run: &Run, worker: u32) -> Vec<(Span, &str)> {
    let mine = run.notes.iter().filter(|note| note.node == NodeId(NODES + worker));
    mine.map(|note| (Span(note.at.0), note.text.as_str())).collect()
}

// Tasks.

#[test]
fn tasks_are_told_as_they_begin_take_in_and_end() {
    let orders = vec![
        (0, 1.s(), Work { from: 0, bytes: 700 }),
        (1, 2.s(), Work { from: 0, bytes: 500 }),
        (2, 9_500.ms(), Work { from: 2, bytes: 300 }),
    ];
    let run = recorded(beside(), vec![], orders);
    let (near, far) = (LOOPBACK * 2, 2.ms());
    assert_eq!(
        told(&run),
        [
            (3, How::Done, 1.s(), Some(1.s() + near)),
            (4, How::Done, 2.s(), Some(1.s() + far)),
            (5, How::Running, 9_500.ms(), None),
        ]
    );
    let taken: Vec<(u64, u64)> = run.tasks.tasks.iter().map(|task| (task.bytes, task.local)).collect();
    assert_eq!(taken, [(700, 700), (500, 0), (300, 300)]);
    let first = &run.tasks.tasks[0];
    assert_eq!((first.kind, first.job, first.number, first.why), ("work", 0, 0, Why::First));
    assert_eq!(run.tasks.untold, 0);
}

#[test]
fn a_crash_loses_what_its_node_was_at_and_nothing_else() {
    let orders = vec![(0, 1.s(), Work { from: 0, bytes: 700 }), (1, 1.s(), Work { from: 1, bytes: 700 })];
    let crash = (1_500.ms(), Some(1.s()), Fault::Crash(node("worker-1")));
    let run = recorded(beside(), vec![crash], orders);
    let whole = Some(1.s() + LOOPBACK * 2);
    assert_eq!(
        told(&run),
        [
            (3, How::Lost, 1.s(), Some(500.ms())),
            (4, How::Done, 1.s(), whole),
            // It boots at 2.5 s, and finds out that it was there before.
            (3, How::Done, 3_500.ms(), whole),
        ]
    );
    let why: Vec<Why> = run.tasks.tasks.iter().map(|task| task.why).collect();
    assert_eq!(why, [Why::First, Why::First, Why::Again]);
}

#[test]
fn who_tells_of_tasks_does_what_it_would_do_anyway() {
    let orders: Orders = (0..30)
        .map(|n| {
            let act =
                if n % 3 == 0 { Push { to: 2, bytes: 9_000 } } else { Work { from: n % 2, bytes: 70_000 } };
            (n as usize % 2, (u64::from(n) * 90).ms(), act)
        })
        .collect();
    let faults = || {
        vec![
            (1.s(), Some(1.s()), Fault::Slow { of: node("worker-2"), factor: 3.0 }),
            (2.s(), Some(1.s()), Fault::Crash(node("worker-1"))),
            (5.s(), Some(1.s()), Fault::Crash(node("store-1"))),
        ]
    };
    for network in [beside(), narrow(beside()), narrow(apart())] {
        let plain = run(network.clone(), faults(), orders.clone(), false);
        let told = run(network, faults(), orders.clone(), true);
        assert_eq!((plain.tasks.tasks.len(), plain.tasks.untold), (0, 0));
        assert!(told.tasks.tasks.len() > 20 && told.tasks.tasks.iter().any(|task| task.how == How::Lost));
        assert_eq!(
            (plain.fingerprint, plain.events, plain.traffic),
            (told.fingerprint, told.events, told.traffic)
        );
    }
}

#[test]
fn a_slow_processor_computes_for_longer_while_it_is_slow() {
    let work = |at: Span| (1, at, Work { from: 1, bytes: 100 });
    let slow = (1_500.ms(), Some(2.s()), Fault::Slow { of: node("worker-2"), factor: 4.0 });
    let orders = vec![work(1.s()), work(2.s()), (0, 2.s(), Work { from: 0, bytes: 100 }), work(4.s())];
    let run = recorded(beside(), vec![slow], orders);
    let (before, after) = (1.s() + LOOPBACK * 2, 4.s() + LOOPBACK * 2);
    assert_eq!(
        told(&run),
        [
            // A piece goes on at the pace at which it began.
            (4, How::Done, 1.s(), Some(before)),
            (3, How::Done, 2.s(), Some(before)),
            (4, How::Done, 2.s(), Some(after)),
            (4, How::Done, 4.s(), Some(before)),
        ]
    );
    assert_eq!(run.faults[0].effect.delayed, 1, "one piece of work was held back");
}

// Services that share machines.

#[test]
fn what_stays_on_a_machine_takes_the_way_through_its_kernel_only() {
    let orders = vec![(0, 1.s(), Work { from: 0, bytes: 100 }), (0, 2.s(), Work { from: 1, bytes: 100 })];
    let fetched = |network| {
        let run = recorded(network, vec![], orders.clone());
        noted(&run, 0).iter().map(|(at, _)| *at).collect::<Vec<_>>()
    };
    assert_eq!(fetched(beside()), [1.s() + LOOPBACK * 2, 2_002.ms()]);
    assert_eq!(fetched(apart()), [1_002.ms(), 2_002.ms()]);
}

#[test]
fn who_is_cut_off_still_reaches_who_runs_beside_it() {
    let orders = vec![(0, 1.s(), Work { from: 0, bytes: 100 }), (0, 1.s(), Work { from: 1, bytes: 100 })];
    for cut_off in ["worker-1", "store-1"] {
        let cut = || vec![(500.ms(), Some(5.s()), Fault::Isolate(node(cut_off)))];
        let run = recorded(beside(), cut(), orders.clone());
        assert!(noted(&run, 0).contains(&(1.s() + LOOPBACK * 2, "fetched 0")), "{cut_off}");
        let other = noted(&run, 0).iter().any(|(_, text)| *text == "fetched 1");
        assert_eq!(other, cut_off == "store-1", "the other store is elsewhere");
        // Where each has a machine of its own, the cut stands between them.
        let run = recorded(apart(), cut(), orders.clone());
        assert!(noted(&run, 0).iter().all(|(_, text)| *text != "fetched 0"), "{cut_off}");
    }
}

#[test]
fn what_stays_on_a_machine_does_not_use_its_uplink() {
    let orders =
        vec![(0, 1.s(), Work { from: 0, bytes: 1_000_000 }), (0, 1.s(), Push { to: 1, bytes: 500_000 })];
    let run = recorded(narrow(beside()), vec![], orders.clone());
    assert_eq!(noted(&run, 0), [(1.s() + LOOPBACK * 2, "fetched 0")]);
    // What leaves it goes on as if the other had not been there: half a second, and a millisecond.
    assert_eq!(noted(&run, 1), [(1_501.ms(), "500000 of 3")]);
    let run = recorded(narrow(apart()), vec![], orders);
    let (at, _) = noted(&run, 0)[0];
    assert!(at > 2.s(), "through its own uplink a megabyte takes a second: {at}");
}

#[test]
fn those_on_one_machine_share_its_uplink() {
    // A store and the worker beside it have a megabyte each for another machine, at the same time: the request is there a
    // millisecond after it was sent.
    let orders =
        vec![(1, 999.ms(), Work { from: 0, bytes: 1_000_000 }), (0, 1.s(), Push { to: 2, bytes: 1_000_000 })];
    let last = |network| {
        let run = recorded(network, vec![], orders.clone());
        let both = [noted(&run, 1), noted(&run, 2)].concat();
        assert_eq!(both.len(), 2);
        both.into_iter().map(|(at, _)| Span(at.0 / 10_000_000 * 10_000_000)).max().unwrap()
    };
    assert_eq!(last(narrow(apart())), 2.s(), "each has its own");
    assert_eq!(last(narrow(beside())), 3.s(), "one after the other");
}
