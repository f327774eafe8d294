//! Storms: random faults of every kind, overlapping as they like, over every feature of links, hosts, clocks and disks.
//! Whatever the plan, nothing panics, nothing leaks, every harm ends when it must, and a run is a function of its plan:
//! in one go, in slices, from a copy made half-way, and from what the report says that the faults chose.

use sim_core::{
    fault::{Condition, Fault, Gray, Keep, Pick, PlannedFault, Schedule, Shift},
    link::{Bursts, Impairment, LinkException, LinkPlan, NetworkPlan, Nic, Pipe, Reorder, Transport},
    plan::{ClockPlan, Damage, DiskPlan, HostPlan, Plan, ServicePlan, Timers, Zone},
    prelude::*,
    rng::{Chance, Keys, Purpose, Rng},
    run::Run,
    sample::Delay,
    size::{Bytes, Rate},
    stream::StreamPlan,
    world::World,
};

const SERVERS: u32 = 5;
const CLIENTS: u32 = 2;
const SEEDS: u64 = 500;
const CALM: Time = Time(4_000_000_000);
/// Late: a sync on a disk that five faults make slow takes its time.
const UNTIL: Time = Time(1_000_000_000_000_000);

/// A sum.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Adder {}

impl Spec for Adder {
    type Op = u64;
    type Ret = u64;
    type State = u64;
    fn apply(state: &mut u64, op: &u64) -> u64 {
        *state += op;
        *state
    }
    fn key(_: &u64) -> u64 {
        0
    }
    fn is_read(_: &u64) -> bool {
        false
    }
    fn kind(_: &u64) -> &'static str {
        "add"
    }
}

#[derive(Clone, Debug, PartialEq, Hash)]
enum Timer {
    Talk,
    /// Set and moved all the time, and cancelled now and then.
    Restless,
    Forget(Ticket),
}

/// Talks to its peers; what it hears it writes down, syncs, and answers. Each life says so much and falls silent.
#[derive(Clone, Debug, Hash)]
struct Server {
    heard: u64,
    left: u32,
}

/// So many sentences in a life.
const SENTENCES: u32 = 12;

impl Protocol for Server {
    type Config = ();
    type Msg = u64;
    type Timer = Timer;
    type Disk = (Cell<u64>, Log<u64>);
    type Serves = Adder;
    type Calls = Never;
    type Ghost = ();
    const PROPERTIES: &'static [Property<Self>] = &[];
    const ROLES: &'static [Role] = &[Role::PEER, Role::LEADER];

    fn start((): &(), ctx: &mut Ctx<Self>) -> Self {
        ctx.set(Timer::Talk, 1.ms()..300.ms());
        Server { heard: ctx.disk.1.len() as u64, left: SENTENCES }
    }

    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        match input {
            Timeout(Timer::Talk) => {
                let (to, now) = (NodeId(ctx.rng.below(u64::from(SERVERS)) as u32), ctx.now());
                match ctx.rng.below(4) {
                    0 => ctx.broadcast(now.0),
                    1 => ctx.work(7.ms()),
                    _ => ctx.send(to, now.0),
                }
                ctx.set(Timer::Restless, 1.ms()..200.ms());
                ctx.work(1.ms());
                self.left -= 1;
                if self.left > 0 {
                    ctx.set(Timer::Talk, 50.ms()..400.ms());
                }
            }
            Timeout(_) => self.heard += 1,
            Deliver(_, said) => {
                self.heard += 1;
                ctx.disk.0.set(said);
                if said.is_multiple_of(7) {
                    ctx.disk.1.truncate(self.heard as usize / 2);
                }
                ctx.disk.1.push(said);
                ctx.sync();
                match said % 3 {
                    0 => ctx.cancel(&Timer::Restless),
                    1 => ctx.set(Timer::Restless, 1.ms()..30.ms()),
                    _ => {}
                }
            }
            Request(ticket, op) => {
                ctx.disk.1.push(op);
                ctx.sync();
                ctx.answer(ticket, Answer::Ok(self.heard));
            }
            Response(..) => {}
        }
    }
    fn role(&self) -> Role {
        if self.heard % 5 == 4 { Role::LEADER } else { Role::PEER }
    }
    fn epoch(&self) -> u64 {
        self.heard
    }
    fn show(&self) -> Vec<(&'static str, String)> {
        vec![("heard", self.heard.to_string())]
    }
}

/// Calls servers, and waits for each answer for a while.
#[derive(Clone, Debug, Hash)]
struct Client {
    left: u32,
}

impl Protocol for Client {
    type Config = ();
    type Msg = Never;
    type Timer = Timer;
    type Disk = ();
    type Serves = Never;
    type Calls = Adder;
    type Ghost = ();
    const PROPERTIES: &'static [Property<Self>] = &[];
    const ROLES: &'static [Role] = &[Role::PEER];

    fn start((): &(), ctx: &mut Ctx<Self>) -> Self {
        ctx.set(Timer::Talk, 1.ms()..100.ms());
        Client { left: 2 * SENTENCES }
    }

    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        match input {
            Timeout(Timer::Talk) => {
                let to = NodeId(ctx.rng.below(u64::from(SERVERS)) as u32);
                let ticket = ctx.call(to, u64::from(self.left));
                ctx.after(300.ms(), Timer::Forget(ticket));
                self.left -= 1;
                if self.left > 0 {
                    ctx.set(Timer::Talk, 10.ms()..300.ms());
                }
            }
            Timeout(Timer::Forget(ticket)) => ctx.forget(ticket),
            Timeout(Timer::Restless) | Response(..) => {}
            Deliver(_, never) => match never {},
            Request(_, op) => match op {},
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

fn one<T: Clone>(rng: &mut Rng, of: &[T]) -> T {
    of[rng.below(of.len() as u64) as usize].clone()
}

fn span(rng: &mut Rng, from: Span, to: Span) -> Span {
    Span(rng.range(from.0, to.0))
}

fn network(rng: &mut Rng) -> NetworkPlan {
    let delay = Delay::LogNormal { median: 5.ms(), p99: 60.ms() };
    let plain =
        LinkPlan::new(one(rng, &[delay.clone(), Delay::Constant(3.ms()), Delay::Constant(Span::ZERO)]));
    let bad = LinkPlan {
        loss: chance(0.05),
        bursts: Some(Bursts { slot: 20.ms(), enter: chance(0.02), leave: chance(0.3), loss: chance(0.9) }),
        duplicate: chance(0.2),
        reorder: Some(Reorder { chance: chance(0.2), by: Delay::Exponential(20.ms()) }),
        corrupt: chance(0.05),
        ..LinkPlan::new(delay)
    };
    let patient = StreamPlan { retries: 4, syn_retries: 3, ..StreamPlan::default() };
    let stream = |link: &LinkPlan| LinkPlan { transport: Transport::Stream(patient), ..link.clone() };
    let links = [plain.clone(), bad.clone(), stream(&plain), stream(&bad)];
    let pipe = Some(Pipe { rate: Rate(5_000), queue: Bytes(300), express: Bytes(0) });
    let mut network = NetworkPlan::new(one(rng, &links));
    if rng.below(2) == 0 {
        network.nics = vec![Nic { up: pipe, down: pipe }; (SERVERS + CLIENTS) as usize];
    }
    if rng.below(2) == 0 {
        let (from, to) = (vec![NodeId(0), NodeId(1)], vec![NodeId(2), NodeId(6)]);
        network.links.push(LinkException { from, to, link: one(rng, &links), pipe });
    }
    network
}

fn pick(rng: &mut Rng) -> Pick {
    let db = || String::from("db");
    let leader = || String::from("leader");
    let node = Pick::Node(format!("db-{}", rng.below(u64::from(SERVERS)) + 1));
    one(
        rng,
        &[
            node.clone(),
            node.clone(),
            node,
            Pick::Node("client-1".into()),
            Pick::Service(db()),
            Pick::Role(leader()),
            Pick::Zone("a".into()),
            Pick::Region("r".into()),
            Pick::Random(2),
            Pick::RandomOf(db(), 1),
            Pick::Minority(db()),
            Pick::MinorityWith(db(), leader()),
            Pick::MajorityWithout(db(), leader()),
            Pick::All,
            Pick::Everybody,
        ],
    )
}

fn picks(rng: &mut Rng) -> Vec<Pick> {
    (0..=rng.below(2)).map(|_| pick(rng)).collect()
}

fn fault(rng: &mut Rng, earlier: u64) -> Fault {
    let (of, from) = (picks(rng), picks(rng));
    let to = if rng.below(2) == 0 { vec![Pick::Rest] } else { picks(rng) };
    let by = Shift::Ahead(span(rng, 1.ms(), 2.s()));
    let back = Shift::Behind(span(rng, 1.ms(), 2.s()));
    let every = span(rng, 1.ms(), 100.ms());
    let drift = one(rng, &[-0.9, -0.4, 0.4, 1.0]);
    let link = Impairment {
        delay: Some(Delay::Exponential(30.ms())),
        loss: chance(0.2),
        duplicate: chance(0.3),
        corrupt: chance(0.1),
        bandwidth: (rng.below(2) == 0).then_some(Pipe {
            rate: Rate(3_000),
            queue: Bytes(200),
            express: Bytes(0),
        }),
        ..Impairment::default()
    };
    let gray = [
        Gray::LossyNic,
        Gray::LimpingNic,
        Gray::JitteryNic,
        Gray::DeafNic,
        Gray::MuteNic,
        Gray::SlowDisk,
        Gray::SlowCpu,
    ];
    let gray = one(rng, &gray);
    let some = rng.below(earlier.max(1));
    let o = || of.clone();
    one(
        rng,
        &[
            Fault::Split(vec![from.clone(), to.clone()]),
            Fault::OneWay { from: from.clone(), to: to.clone() },
            Fault::Isolate(o()),
            Fault::Halves(o()),
            Fault::Bridge(o()),
            Fault::MinorityThird(o()),
            Fault::MajoritiesRing(o()),
            Fault::Clog { from: from.clone(), to: to.clone() },
            Fault::Lose { from: from.clone(), to: to.clone(), messages: 3 },
            Fault::Degrade { from, to, link: link.clone() },
            Fault::DegradeNic { of: o(), link },
            Fault::Heal,
            Fault::Crash(o()),
            Fault::Crash(o()),
            Fault::PowerLoss(o()),
            Fault::Wipe(o()),
            Fault::Restart(o()),
            Fault::Pause(o()),
            Fault::Pause(o()),
            Fault::Resume(o()),
            Fault::Slow { of: o(), factor: 20.0 },
            Fault::ClockJump { of: o(), by },
            Fault::ClockJump { of: o(), by: back },
            Fault::ClockDrift { of: o(), by: drift },
            Fault::ClockStrobe { of: o(), by, every },
            Fault::ClockReset(o()),
            Fault::DiskSlow { of: o(), factor: 50.0 },
            Fault::DiskStall(o()),
            Fault::DiskFull(o()),
            Fault::DiskFull(o()),
            Fault::BitRot { of: o(), records: 2 },
            Fault::Gray(gray, o()),
            Fault::End(format!("fault-{some}")),
        ],
    )
}

fn schedule(rng: &mut Rng, earlier: u64) -> Schedule {
    let at = Time::ZERO + span(rng, 100.ms(), 3_500.ms());
    let leader = || String::from("leader");
    match rng.below(8) {
        0 if earlier > 0 => {
            let after = span(rng, Span::ZERO, 300.ms());
            Schedule::After(format!("fault-{}", rng.below(earlier)), one(rng, &[Span::ZERO, after]))
        }
        1 => {
            let conditions = [
                Condition::Role(leader()),
                Condition::NoRole(leader()),
                Condition::RoleTaken(leader(), 5),
                Condition::Epoch(20),
                Condition::Answered(8),
                Condition::Shows("heard".into(), 12),
                Condition::RoleChange("p".into()),
                Condition::Unsynced("p".into()),
                Condition::Handled("p".into(), 30),
            ];
            let latest = [None, Some(at + rng.below(3_000).ms())];
            Schedule::When { condition: one(rng, &conditions), from: at, latest: one(rng, &latest) }
        }
        // Many begin at the same few moments.
        2..4 => Schedule::At(Time(at.0 / 500_000_000 * 500_000_000)),
        _ => Schedule::At(at),
    }
}

fn plan(seed: u64) -> Plan {
    let mut rng = Keys::new(seed).stream(Purpose::Test, 11, 0);
    let rng = &mut rng;
    let host = HostPlan {
        cores: 2,
        message: Delay::Exponential(5.ms()),
        request: Delay::Constant(3.ms()),
        queue: Some(4),
    };
    let service = ServicePlan {
        disk: DiskPlan {
            sync: one(rng, &[Delay::Exponential(8.ms()), Delay::Constant(Span::ZERO)]),
            write: one(rng, &[Delay::Uniform(1.us(), 2.ms()), Delay::Constant(Span::ZERO)]),
            damage: one(rng, &[Damage::Stop, Damage::Truncate]),
        },
        host: one(rng, &[host, HostPlan::default()]),
        clock: ClockPlan {
            offset: 50.ms(),
            drift: 0.01,
            timers: one(rng, &[Timers::Monotonic, Timers::Wall]),
        },
        ..ServicePlan::new("db", SERVERS)
    };
    let zone = |name: &str, nodes: std::ops::Range<u32>| Zone {
        name: name.into(),
        region: "r".into(),
        nodes: nodes.map(NodeId).collect(),
    };
    let mut faults = Vec::new();
    for number in 0..12 {
        let fault = fault(rng, number);
        let lasts = (rng.below(4) > 0 && !fault.momentary()).then(|| span(rng, 1.ms(), 1_500.ms()));
        // Likewise for ends.
        let lasts = lasts.map(|lasts| if rng.below(4) == 0 { 500.ms() } else { lasts });
        let keep = if rng.below(4) == 0 && fault.harms() { Keep::Quorum } else { Keep::Nothing };
        let when = schedule(rng, number);
        faults.push(PlannedFault {
            when,
            keep,
            ..PlannedFault::at(&format!("fault-{number}"), Time::ZERO, lasts, fault)
        });
    }
    let services = vec![service, ServicePlan::clients(CLIENTS)];
    let zones = vec![zone("a", 0..2), zone("b", 2..5)];
    Plan { faults, zones, calm_from: CALM, ..Plan::new(seed, UNTIL, services, network(rng)) }
}

fn world(plan: Plan) -> World {
    let mut world = World::new(plan);
    world.populate::<Server>((), None).unwrap();
    world.populate::<Client>((), Some("db")).unwrap();
    world
}

fn run(mut world: World) -> Run {
    world.run(u64::MAX);
    world.finish()
}

/// The same run as a plan in which every moment and every node is written out.
fn written_out(plan: &Plan, run: &Run) -> Plan {
    let node = |node: &NodeId| Pick::Node(run.name(*node));
    let mut faults = plan.faults.clone();
    faults.retain_mut(|planned| {
        let report = run.faults.iter().find(|report| report.planned.name == planned.name).unwrap();
        let Some(struck) = report.struck else { return false };
        let picks = report.planned.fault.picks();
        // A ring is an order, and names its nodes; elsewhere `Everybody` may be named beside any of them.
        let kept = picks.len() == report.chose.len() && !matches!(planned.fault, Fault::MajoritiesRing(_));
        let everybody = |index: usize| kept && picks[index].contains(&Pick::Everybody);
        let group = |(index, group): (usize, &Vec<NodeId>)| match everybody(index) {
            true => vec![Pick::Everybody],
            false => group.iter().map(node).collect(),
        };
        let groups = report.chose.iter().enumerate().map(group).collect();
        planned.when = Schedule::At(struck);
        planned.fault = report.planned.fault.as_drawn(groups);
        true
    });
    Plan { faults, ..plan.clone() }
}

/// Every harm has ended: in time, and at the latest when the calm began. It counted no node twice.
fn ended(run: &Run) {
    for report in &run.faults {
        let planned = &report.planned;
        let Some(struck) = report.struck else { continue };
        let fault = &planned.fault;
        if !fault.harms() {
            assert_eq!(report.ended, None, "{report:?}");
            continue;
        }
        let latest = planned.lasts.map_or(Time::MAX, |lasts| struck + lasts).min(CALM);
        assert!(struck < CALM, "{report:?}");
        assert!(report.ended.is_some_and(|ended| struck <= ended && ended <= latest), "{report:?}");
        let chosen = report.chose.iter().map(Vec::len).sum::<usize>();
        assert!(report.effect.nodes as usize <= chosen, "{report:?}");
    }
}

#[test]
fn storms_pass_and_leave_nothing_behind() {
    let (mut struck, mut bit, mut drained, mut events) = (0, std::collections::BTreeSet::new(), 0, 0);
    // Left behind in whatever state by the storm before.
    let mut used = world(plan(SEEDS));
    for seed in 0..SEEDS {
        let plan = plan(seed);
        let mut whole = world(plan.clone());
        whole.run(u64::MAX);
        let pending = whole.pending();
        let down: Vec<u32> =
            (0..SERVERS + CLIENTS).filter(|&node| whole.role(NodeId(node)) == Role::DOWN).collect();
        let whole = whole.finish();
        ended(&whole);

        // A receiving end of a connection keeps parcels of a sender that died for as long as it does not know.
        let broken = whole.traffic.streams.opened > 0;
        assert!(pending == 0 || broken, "seed {seed}: {pending} values are left");
        drained += u64::from(pending == 0);
        // Whoever is down was stopped by a damaged record.
        let rot = whole.faults.iter().any(|report| report.planned.fault.kind() == "bit rot" && report.bit());
        assert!(down.is_empty() || rot, "seed {seed}: {down:?} are down");

        let same = |other: &Run, how: &str| {
            assert_eq!(other.fingerprint, whole.fingerprint, "seed {seed} {how}");
            assert_eq!((&other.faults, other.traffic), (&whole.faults, whole.traffic), "seed {seed} {how}");
        };
        used.reset(plan.clone());
        used.run_to(Time(seed % 7 * 500_000_000), u64::MAX);
        used.reset(plan.clone());
        used.run(u64::MAX);
        same(&used.finish(), "in a world that was used before");
        let mut slices = world(plan.clone());
        let mut copy = None;
        let half = Time(500_000_000 + seed % 250 * 11_000_000);
        for slice in 1..200 {
            let until = Time(slice * 23_000_000);
            slices.run_to(until, u64::MAX);
            if until > half && copy.is_none() {
                copy = Some(slices.clone());
            }
        }
        same(&run(slices), "in slices");
        same(&run(copy.unwrap()), "from a copy");
        let again = run(world(written_out(&plan, &whole)));
        assert_eq!(again.fingerprint, whole.fingerprint, "seed {seed} written out");

        struck += whole.faults.iter().filter(|report| report.struck.is_some()).count();
        bit.extend(
            whole.faults.iter().filter(|report| report.bit()).map(|report| report.planned.fault.kind()),
        );
        events += whole.events;
    }
    assert!(struck as u64 > 9 * SEEDS, "only {struck} faults struck");
    assert!(drained > SEEDS / 2, "only {drained} worlds drained");
    assert!(events > 100 * SEEDS, "only {events} events");
    // Ready-made ones are reported as what they stand for.
    assert!(bit.len() >= 26, "only these bit: {bit:?}");
}
