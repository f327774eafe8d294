//! Raft under faults: nothing that must hold is ever broken, whatever crashes, stalls or is cut off, and every mistake
//! that [`Flaw`] knows is found. Schedules of faults are drawn from the seed before the run.
//!
//! A green sweep in which nothing happened proves nothing, so each one also says what was exercised.

use protocols::{
    client::{self, Client, Load, Route},
    kv::{Kv, Mix},
    raft::{Backtrack, Config, Flaw, Raft, Reads},
    workload::KeyChoice,
};
use sim_core::{
    check::linearizability::{Budget, Finding},
    fault::{Fault, Pick, PlannedFault, Schedule},
    link::{LinkPlan, NetworkPlan},
    plan::{ClockPlan, DiskPlan, Plan, ServicePlan},
    prelude::*,
    rng::{Chance, Keys, Purpose},
    run::Run,
    sample::Delay,
    world::World,
};

/// A world to be: its plan, what the servers are to do, and how much load there is.
#[derive(Clone, Debug)]
struct Trial {
    plan: Plan,
    config: Config,
    /// The gap between the operations of each client.
    gap: Span,
}

const SERVERS: u32 = 5;
const CLIENTS: u32 = 4;

impl Trial {
    fn world(&self) -> World {
        let mut world = World::new(self.plan.clone());
        world.populate::<Raft<Kv>>(self.config.clone(), None).unwrap();
        let clients = client::Config::<Kv> {
            load: Load::Poisson(self.gap),
            mix: Mix { get: 0.4, put: 0.4, cas: 0.2 },
            keys: KeyChoice::Uniform(10),
            timeout: 400.ms(),
            attempts: 4,
            backoff: 20.ms(),
            route: Route::Sticky,
            start: 300.ms(),
            writes_until: None,
            only: None,
        };
        world.populate::<Client<Kv>>(clients, Some("db")).unwrap();
        world
    }

    fn run(&self) -> Run {
        let mut world = self.world();
        world.run(u64::MAX);
        world.finish()
    }

    fn with(mut self, flaw: Option<Flaw>) -> Trial {
        self.config.flaw = flaw;
        self
    }
}

fn services(servers: u32, sync: Delay, drift: f64) -> Vec<ServicePlan> {
    let disk = DiskPlan { sync, ..DiskPlan::default() };
    let clock = ClockPlan { offset: 100.ms(), drift, ..ClockPlan::default() };
    vec![ServicePlan { disk, clock, ..ServicePlan::new("db", servers) }, ServicePlan::clients(CLIENTS)]
}

fn fault(number: usize, at: Span, lasts: Span, fault: Fault) -> PlannedFault {
    PlannedFault::at(&format!("fault-{number}"), Time::ZERO + at, Some(lasts), fault)
}

fn lossy(delay: Delay) -> NetworkPlan {
    NetworkPlan::new(LinkPlan { loss: Chance::ratio(2, 100), ..LinkPlan::new(delay) })
}

fn within(rng: &mut Rng, from: Span, to: Span) -> Span {
    Span(rng.range(from.0, to.0))
}

fn leader() -> Pick {
    Pick::Role("leader".into())
}

/// Up to a dozen faults of every kind in the first eight seconds, then four seconds of calm.
fn chaos(seed: u64) -> Trial {
    let mut rng = Keys::new(seed).stream(Purpose::Test, 0, 0);
    let count = 6 + rng.below(7) as usize;
    let mut faults = Vec::new();
    for number in 0..count {
        let at = within(&mut rng, 500.ms(), 6.s());
        let lasts = within(&mut rng, 50.ms(), 2.s());
        let some = Pick::Random(1 + rng.below(3) as u32);
        let kind = match rng.below(9) {
            0 | 1 => Fault::Crash(vec![leader()]),
            2 => Fault::Crash(vec![some]),
            3 => Fault::Crash(vec![Pick::Service("db".into())]),
            4 => Fault::Pause(vec![leader()]),
            5 => Fault::Pause(vec![some]),
            6 => Fault::Split(vec![vec![leader(), Pick::Random(1)], vec![Pick::Rest]]),
            7 => Fault::Split(vec![vec![some], vec![Pick::Rest]]),
            _ => Fault::OneWay { from: vec![leader()], to: vec![some] },
        };
        faults.push(fault(number, at, lasts, kind));
    }
    let delay = Delay::LogNormal { median: 2.ms(), p99: 40.ms() };
    let config = Config {
        reads: [Reads::ReadIndex, Reads::Lease, Reads::Log][(seed % 3) as usize],
        backtrack: if seed.is_multiple_of(4) { Backtrack::ByOne } else { Backtrack::ByTerm },
        batch: 8 << rng.below(4),
        snapshot: [None, Some(20), Some(100)][rng.below(3) as usize],
        pre_vote: rng.below(2) == 0,
        check_quorum: rng.below(2) == 0,
        ..Config::default()
    };
    Trial {
        plan: Plan {
            faults,
            ..Plan::new(
                seed,
                Time::ZERO + 12.s(),
                services(SERVERS, Delay::Uniform(500.us(), 10.ms()), 0.01),
                lossy(delay),
            )
        },
        config,
        gap: 80.ms(),
    }
}

/// Elections all the time, on slow disks, while voters crash and are back at once: three servers, so that one vote
/// decides.
fn storm(seed: u64) -> Trial {
    let mut rng = Keys::new(seed).stream(Purpose::Test, 1, 0);
    let mut faults = Vec::new();
    let mut at = 400.ms();
    while at < 5.s() {
        let mut blink = |at: Span, whom: Pick, rng: &mut Rng| {
            faults.push(fault(faults.len(), at, within(rng, 1.ms(), 4.ms()), Fault::Crash(vec![whom])));
        };
        // The leader forgets that it leads; 150 ms later candidates appear, and votes are asked for and given.
        blink(at, leader(), &mut rng);
        let mut next = at + within(&mut rng, 180.ms(), 220.ms());
        while next < at + 320.ms() {
            blink(next, Pick::Random(1), &mut rng);
            next = next + within(&mut rng, 15.ms(), 40.ms());
        }
        at = at + within(&mut rng, 450.ms(), 600.ms());
    }
    let delay = Delay::Uniform(1.ms(), 40.ms());
    Trial {
        plan: Plan {
            faults,
            ..Plan::new(
                seed,
                Time::ZERO + 6.s(),
                services(3, Delay::Uniform(20.ms(), 50.ms()), 0.0),
                lossy(delay),
            )
        },
        config: Config { election: (150.ms(), 190.ms()), ..Config::default() },
        gap: 80.ms(),
    }
}

/// What is broken, if anything is: a property, or linearizability.
fn broken(run: &Run) -> Option<String> {
    if let Some(violation) = run.violations.first() {
        return Some(format!("{}: {}", violation.property, violation.found));
    }
    match run.histories[0].linearizable(Budget::default()).finding {
        Finding::Linearizable => None,
        Finding::Violated(witness) => Some(format!("linearizability: {witness:?}")),
        Finding::Unknown(shortage) => panic!("seed {}: undecided, {shortage:?}", run.seed),
    }
}

/// Judges these seeds, one after the other.
fn sweep<T>(seeds: std::ops::Range<u64>, judge: impl FnMut(u64) -> T) -> Vec<T> {
    seeds.map(judge).collect()
}

/// What a run exercised.
#[derive(Clone, Copy, Debug, Default)]
struct Work {
    /// Operations that were answered, and those wanted and answered in the calm at the end.
    done: u64,
    calm: u64,
    /// Calls without an answer.
    unknown: u64,
    leaders: u64,
    repaired: u64,
    split: u64,
    /// Faults that made a difference.
    bit: u64,
    crashes: u64,
}

fn work(run: &Run) -> Work {
    let operations = run.histories[0].operations();
    let done = || operations.iter().filter(|operation| operation.done.is_some());
    let happened = |name: &str| run.properties.iter().find(|p| p.name == name).unwrap().held;
    let bit = run.faults.iter().filter(|fault| fault.bit());
    Work {
        done: done().count() as u64,
        calm: done().filter(|operation| operation.intended > Time::ZERO + 10.s()).count() as u64,
        unknown: operations.iter().filter(|operation| operation.unknown).count() as u64,
        leaders: happened("leader changed"),
        repaired: happened("log conflict repaired"),
        split: happened("vote split"),
        bit: bit.clone().count() as u64,
        crashes: bit.filter(|fault| matches!(fault.planned.fault, Fault::Crash(_))).count() as u64,
    }
}

#[test]
fn nothing_is_broken_in_two_thousand_worlds_of_faults() {
    let found = sweep(0..2_000, |seed| {
        let run = chaos(seed).run();
        if let Some(what) = broken(&run) {
            panic!("seed {seed}: {what}");
        }
        for property in run.properties.iter().filter(|p| p.kind == Kind::Always) {
            assert!(property.held > 0, "seed {seed}: {} was never judged", property.name);
        }
        work(&run)
    });
    let sum = |what: fn(&Work) -> u64| found.iter().map(what).sum::<u64>();
    let runs = |what: fn(&Work) -> u64| found.iter().filter(|work| what(work) > 0).count();
    println!(
        "operations done {}, of them in the calm {}, with a call unanswered {}; faults that bit {}, crashes {}; runs \
         in which the leader changed {}, a log was repaired {}, a vote was split {}",
        sum(|w| w.done),
        sum(|w| w.calm),
        sum(|w| w.unknown),
        sum(|w| w.bit),
        sum(|w| w.crashes),
        runs(|w| w.leaders),
        runs(|w| w.repaired),
        runs(|w| w.split),
    );
    // One entry a round trip, as in Figure 2, can take longer than the calm lasts: nearly all is enough there.
    let recovered = |(seed, work): &(usize, &Work)| work.calm > 30 || seed.is_multiple_of(4);
    assert!(found.iter().enumerate().all(|found| recovered(&found)), "every cluster recovered");
    assert!(found.iter().filter(|work| work.calm > 30).count() > 1_980, "and nearly all of the slow ones");
    assert!(found.iter().all(|work| work.done > 30), "each did some work");
    assert!(sum(|w| w.done) > 900_000);
    assert!(sum(|w| w.crashes) > 5_000);
    assert!(sum(|w| w.bit) > 12_000);
    assert!(runs(|w| w.leaders) > 1_900);
    assert!(runs(|w| w.repaired) > 1_000);
    assert!(runs(|w| w.split) > 900);
}

#[test]
fn nothing_is_broken_in_three_hundred_storms_of_elections() {
    let found = sweep(0..300, |seed| {
        let run = storm(seed).run();
        if let Some(what) = broken(&run) {
            panic!("seed {seed}: {what}");
        }
        work(&run)
    });
    assert!(found.iter().all(|work| work.crashes > 30 && work.split > 5));
    assert!(found.iter().filter(|work| work.leaders > 0 && work.done > 0).count() > 280);
}

/// A mistake, the worlds in which it should show soon, and how.
type Trap = (Flaw, fn(u64) -> Trial, &'static [&'static str]);

/// Mistakes that take no luck to find. Hunts find the others.
const TRAPS: [Trap; 9] = [
    (Flaw::SmallQuorum, chaos, &["election safety"]),
    (Flaw::UnsyncedVote, storm, &["election safety"]),
    (Flaw::UnsyncedLog, chaos, &["leader completeness", "state machine safety"]),
    (Flaw::UncheckedLog, chaos, &["leader completeness", "state machine safety"]),
    (Flaw::UncheckedTerm, chaos, &["leader completeness", "state machine safety"]),
    (Flaw::DoubleVote, chaos, &["election safety"]),
    (Flaw::UncheckedPrevious, chaos, &["log matching", "state machine safety"]),
    (Flaw::AlwaysTruncate, chaos, &["leader completeness", "state machine safety"]),
    (Flaw::BoundlessCommit, chaos, &["state machine safety"]),
];

/// The first seed of so many for which something is broken, and what.
fn caught(seeds: u64, make: impl Fn(u64) -> Trial) -> (u64, String) {
    (0..seeds)
        .find_map(|seed| broken(&make(seed).run()).map(|what| (seed, what)))
        .unwrap_or_else(|| panic!("not in {seeds} seeds"))
}

#[test]
fn every_flaw_is_caught_within_two_hundred_seeds() {
    for (flaw, make, how) in TRAPS {
        let (seed, what) = caught(200, |seed| make(seed).with(Some(flaw)));
        println!("{flaw:?}: caught after {} seeds: {what}", seed + 1);
        assert!(how.iter().any(|name| what.starts_with(name)), "{flaw:?}, seed {seed}: {what}");
        assert_eq!(broken(&make(seed).run()), None, "without the flaw the same world is fine");
    }
}

/// The properties cannot see this one: logs and elections are as they should be.
#[test]
fn reads_from_the_state_of_whichever_server_is_asked_are_caught_as_not_linearizable() {
    let local = |seed| {
        let mut trial = chaos(seed);
        trial.config.reads = Reads::Local;
        trial
    };
    let (seed, what) = caught(200, local);
    println!("local reads: caught after {} seeds", seed + 1);
    assert!(what.starts_with("linearizability"), "seed {seed}: {what}");
}

#[test]
fn clusters_of_any_size_keep_what_they_acknowledged() {
    for servers in [1, 2, 3, 4, 7] {
        let found = sweep(0..60, |seed| {
            let mut trial = chaos(seed);
            trial.plan.services[0].nodes = servers;
            let run = trial.run();
            if let Some(what) = broken(&run) {
                panic!("{servers} servers, seed {seed}: {what}");
            }
            work(&run)
        });
        let recovered = found.iter().filter(|work| work.calm > 30).count();
        assert!(recovered > 57, "{servers} servers: {recovered} of 60 recovered");
    }
}

#[test]
fn the_same_plan_gives_the_same_run_and_another_seed_another() {
    let fingerprints = sweep(0..40, |seed| {
        let (first, second) = (chaos(seed).run(), chaos(seed).run());
        assert_eq!(first.fingerprint, second.fingerprint);
        assert_eq!(format!("{first:?}"), format!("{second:?}"));
        first.fingerprint
    });
    let different: BTreeSet<u64> = fingerprints.iter().copied().collect();
    assert_eq!(different.len(), fingerprints.len());
}

#[test]
fn a_copy_of_a_world_goes_on_exactly_as_the_original() {
    sweep(0..40, |seed| {
        let mut world = chaos(seed).world();
        let mut copies = Vec::new();
        for millis in [1, 700, 2_345, 5_000, 11_999] {
            world.run_to(Time::ZERO + millis.ms(), u64::MAX);
            copies.push(world.clone());
        }
        let finish = |mut world: World| {
            world.run(u64::MAX);
            world.finish()
        };
        let whole = finish(world);
        assert_eq!(whole.fingerprint, chaos(seed).run().fingerprint, "stopping on the way changes nothing");
        for copy in copies {
            assert_eq!(format!("{:?}", finish(copy)), format!("{whole:?}"));
        }
    });
}

#[test]
fn memory_follows_what_is_pending_and_not_the_length_of_the_run() {
    let mut trial = chaos(7);
    let faults = std::mem::take(&mut trial.plan.faults);
    for round in 0..50 {
        for (number, fault) in faults.iter().enumerate() {
            let name = format!("fault-{round}-{number}");
            let Schedule::At(at) = fault.when else { continue };
            let when = Schedule::At(at + 12.s() * round);
            trial.plan.faults.push(PlannedFault { name, when, ..fault.clone() });
        }
    }
    trial.plan.until = Time::ZERO + 600.s();
    let mut world = trial.world();
    let mut most = |from: u64, to: u64| {
        let moments = (from * 10..to * 10).map(|tenth| {
            world.run_to(Time::ZERO + 100.ms() * tenth, u64::MAX);
            world.pending()
        });
        moments.max().unwrap()
    };
    let (first, rest) = (most(0, 60), most(60, 600));
    println!("pending at most {first} in the first minute, {rest} in the nine after it");
    assert!(rest <= first + first / 2);
}
