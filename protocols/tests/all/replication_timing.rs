//! Primary and backups take the time, and lose the writes, that theory says: how long a failover goes unnoticed (A4), what
//! that costs in availability (A5), what asynchronous shipping loses (K6), and how long a write waits for its backups.
//!
//! Every number is measured in worlds like any other, on fixed blocks of seeds; a mean must be within four standard errors.

use crate::measured::{Sample, close};
use protocols::{
    client::{Client, Load, Route},
    kv::{Kv, Mix},
    replication::primary_backup::{Config, PrimaryBackup, Shipping},
    workload::KeyChoice,
};
use sim_core::{
    fault::{Fault, Pick, PlannedFault},
    link::{LinkException, LinkPlan, NetworkPlan},
    plan::{Plan, ServicePlan},
    prelude::*,
    rng::{Keys, Purpose},
    run::Run,
    sample::Delay,
    world::World,
};

const BLOCKS: u64 = 3;

fn crash(at: Time, lasts: Option<Span>) -> PlannedFault {
    PlannedFault::at("crash", at, lasts, Fault::Crash(vec![Pick::Node("db-1".into())]))
}

/// A world of servers and one client beside the primary, whose writes come as `load` says.
struct Setting {
    servers: u32,
    config: Config,
    legs: Delay,
    load: Option<Load>,
    faults: Vec<PlannedFault>,
    until: Time,
}

impl Setting {
    fn world(&self, seed: u64) -> World {
        let servers: Vec<NodeId> = (0..self.servers).map(NodeId).collect();
        let client = vec![NodeId(self.servers)];
        let beside = |from: &[NodeId], to: &[NodeId]| LinkException {
            from: from.to_vec(),
            to: to.to_vec(),
            link: LinkPlan::new(Delay::Constant(Span::ZERO)),
            pipe: None,
        };
        let mut network = NetworkPlan::new(LinkPlan::new(self.legs.clone()));
        let mut services = vec![ServicePlan::new("db", self.servers)];
        if self.load.is_some() {
            network.links = vec![beside(&servers, &client), beside(&client, &servers)];
            services.push(ServicePlan::clients(1));
        }
        let plan = Plan::new(seed, self.until, services, network);
        let mut world = World::new(Plan { faults: self.faults.clone(), ..plan });
        world.populate::<PrimaryBackup<Kv>>(self.config.clone(), None).unwrap();
        if let Some(load) = self.load {
            let config = protocols::client::Config::<Kv> {
                load,
                mix: Mix { get: 0.0, put: 1.0, cas: 0.0 },
                keys: KeyChoice::Uniform(1_000),
                timeout: 100.s(),
                attempts: 1,
                backoff: 1.ms(),
                route: Route::Sticky,
                start: 1.s(),
                writes_until: None,
                only: None,
            };
            world.populate::<Client<Kv>>(config, Some("db")).unwrap();
        }
        world
    }

    fn run(&self, seed: u64) -> Run {
        let mut world = self.world(seed);
        world.run(u64::MAX);
        world.finish()
    }
}

/// When a server other than the first one first took this role.
fn took(run: &Run, role: &str) -> Time {
    let found = run.roles.iter().find(|change| change.node != NodeId(0) && change.role.0 == role);
    found.unwrap_or_else(|| panic!("nobody became {role}")).at
}

fn uniform(seed: u64, which: u64, below: Span) -> Span {
    Span(Keys::new(seed).stream(Purpose::Fault, 0, which).below(below.0))
}

/// A4: with a heartbeat every h that travels d, and a timeout of τ, a crash goes unnoticed for τ + d − h/2 on average, and
/// between τ + d − h and τ + d.
#[test]
fn a_crash_is_noticed_after_timeout_and_delay_less_half_a_heartbeat() {
    for (timeout, heartbeat, delay) in [
        (3.s(), 1.s(), 20.ms()),
        (500.ms(), 100.ms(), 5.ms()),
        (1.s(), 900.ms(), 50.ms()),
        (200.ms(), 10.ms(), 0.ms()),
    ] {
        let (least, most) = (timeout + delay - heartbeat, timeout + delay);
        for block in 0..BLOCKS {
            let sample: Vec<f64> = (0..600)
                .map(|n| {
                    let seed = block << 32 | n;
                    let at = Time::ZERO + 20.s() + uniform(seed, 1, heartbeat);
                    let setting = Setting {
                        servers: 3,
                        config: Config { timeout, heartbeat, stagger: 1.s(), ..Config::default() },
                        legs: Delay::Constant(delay),
                        load: None,
                        faults: vec![crash(at, None)],
                        until: at + timeout * 2,
                    };
                    let unnoticed = took(&setting.run(seed), "candidate").since(at);
                    assert!(unnoticed >= least && unnoticed <= most, "{unnoticed}");
                    unnoticed.as_secs()
                })
                .collect();
            let sample = Sample(sample);
            let (mean, error) = (sample.mean(), sample.error());
            let wanted = (timeout + delay).as_secs() - heartbeat.as_secs() / 2.0;
            close(
                &format!("τ {timeout}, h {heartbeat}, d {delay}, block {block}"),
                mean,
                wanted,
                4.0 * error,
            );
        }
    }
}

/// A5: a primary that fails after m on average, and a failover that takes f, make f / (m + f) of unavailability. Here
/// crashes come m after service is back, and f is what the failover takes: noticing, and a round trip to a majority.
#[test]
fn unavailability_is_failover_over_cycle() {
    for (timeout, delay, up) in [(200.ms(), 5.ms(), 10.s()), (2.s(), 50.ms(), 20.s())] {
        let heartbeat = 100.ms();
        let mut down = 0.0;
        let rounds = 300;
        for seed in 0..rounds {
            let at = Time::ZERO + up + uniform(seed, 2, heartbeat);
            let setting = Setting {
                servers: 3,
                config: Config { timeout, heartbeat, stagger: 1.s(), ..Config::default() },
                legs: Delay::Constant(delay),
                load: None,
                faults: vec![crash(at, None)],
                until: at + timeout * 2 + 1.s(),
            };
            down += took(&setting.run(seed), "primary").since(at).as_secs();
        }
        let found = down / (down + up.as_secs() * rounds as f64);
        // Noticed as in A4, and one round trip more until a majority has joined.
        let failover = (timeout + delay * 3).as_secs() - heartbeat.as_secs() / 2.0;
        let wanted = failover / (up.as_secs() + failover);
        let error = heartbeat.as_secs() / (12.0 * rounds as f64).sqrt() / up.as_secs();
        close(&format!("unavailability, up {up}, timeout {timeout}"), found, wanted, 4.0 * error);
    }
    // The row itself: 30 days and 30 seconds.
    let (up, failover) = (30.0 * 86_400.0, 30.0);
    assert!((failover / (up + failover) - 1.157e-5_f64).abs() < 1e-8);
}

/// A number that a server shows of itself.
fn shown(world: &World, node: NodeId, label: &str) -> u64 {
    let values = world.show(node);
    values.iter().find(|(name, _)| *name == label).unwrap().1.parse().unwrap()
}

/// K6: a crash loses the writes that were acknowledged since the last shipment, λ · lag of them, and their number is Poisson.
#[test]
fn a_crash_loses_as_many_writes_as_come_in_the_lag() {
    for (rate, lag) in [(50, 200.ms()), (200, 100.ms()), (20, 50.ms())] {
        let (interval, delay) = (500.ms(), 1.ms());
        for block in 0..BLOCKS {
            let sample: Vec<f64> = (0..800)
                .map(|n| {
                    let seed = block << 32 | n;
                    // The primary begins one round trip after its boot, and ships every half second from then on.
                    let at = Time::ZERO + delay * 2 + interval * 6 + lag;
                    let setting = Setting {
                        servers: 3,
                        config: Config { shipping: Shipping::Asynchronous(interval), ..Config::default() },
                        legs: Delay::Constant(delay),
                        load: Some(Load::Poisson(Span(1_000_000_000 / rate))),
                        faults: vec![crash(at, None)],
                        until: at + 2.s(),
                    };
                    let mut world = setting.world(seed);
                    world.run_to(Time(at.0 - 1), u64::MAX);
                    let acknowledged = shown(&world, NodeId(0), "acknowledged");
                    world.run_to(at + 500.ms(), u64::MAX);
                    assert_eq!(world.role(NodeId(1)).0, "primary");
                    (acknowledged - shown(&world, NodeId(1), "began with")) as f64
                })
                .collect();
            let sample = Sample(sample);
            let (mean, error, variance) = (sample.mean(), sample.error(), sample.variance());
            let wanted = rate as f64 * lag.as_secs();
            close(&format!("lost at {rate}/s, lag {lag}, block {block}"), mean, wanted, 4.0 * error);
            // The variance of a Poisson number is its mean; that of a sample of m is known to about √(2/m + 1/(mλ)).
            let spread = (2.0 / 800.0 + 1.0 / (800.0 * wanted)).sqrt();
            close("variance over mean", variance / mean, 1.0, 4.0 * spread);
        }
    }
}

/// What each write took.
fn latencies(servers: u32, shipping: Shipping, legs: Delay, until: Span, seed: u64) -> Vec<f64> {
    let setting = Setting {
        servers,
        // Heartbeats are rare, and nobody is given up.
        config: Config { shipping, heartbeat: 1_000.s(), timeout: 2_000_000.s(), ..Config::default() },
        legs,
        load: Some(Load::Closed(40.ms())),
        faults: vec![],
        until: Time::ZERO + until,
    };
    let run = setting.run(seed);
    // The first one may find no primary yet.
    run.histories[0]
        .operations()
        .iter()
        .skip(5)
        .filter_map(|op| op.latency())
        .map(|l| l.as_millis())
        .collect()
}

#[test]
fn with_a_fixed_latency_a_write_takes_one_round_trip_or_none() {
    for (shipping, wanted) in [
        (Shipping::Synchronous, 10.0),
        (Shipping::SemiSynchronous(1), 10.0),
        (Shipping::SemiSynchronous(4), 10.0),
        (Shipping::Asynchronous(100.ms()), 0.0),
    ] {
        let all = latencies(5, shipping, Delay::Constant(5.ms()), 20.s(), 1);
        assert!(all.len() > 300);
        assert!(all.iter().all(|&latency| latency == wanted), "{shipping:?}");
    }
}

/// The mean of the k-th smallest of n sums of two exponential numbers with mean 1: the integral of the chance that fewer
/// than k are below t.
fn erlang_order(n: u32, k: u32) -> f64 {
    let choose = |j: u32| (0..j).fold(1.0, |c, i| c * f64::from(n - i) / f64::from(i + 1));
    // e to the power of minus half a step, and of minus a step.
    let (step, mut decay, falls) = (1e-3, 0.999_500_124_979_169_3, 0.999_000_499_833_375);
    let mut mean = 0.0;
    for i in 0..40_000 {
        let above = decay * (1.0 + (f64::from(i) + 0.5) * step);
        let chance = |j: u32| {
            choose(j) * (0..j).fold(1.0, |p, _| p * (1.0 - above)) * (j..n).fold(1.0, |p, _| p * above)
        };
        mean += (0..k).map(chance).sum::<f64>() * step;
        decay *= falls;
    }
    mean
}

/// Synchronous shipping waits for the slowest backup, semi-synchronous shipping for the k-th. With legs Exp(1) a round trip
/// is Erlang-2; two of four is the 1.4378 of Raft (RAFT9).
#[test]
fn a_write_waits_for_the_backups_that_it_needs() {
    assert!((erlang_order(4, 2) - 1.4378).abs() < 1e-3);
    for (shipping, k) in [
        (Shipping::SemiSynchronous(1), 1),
        (Shipping::SemiSynchronous(2), 2),
        (Shipping::SemiSynchronous(3), 3),
        (Shipping::Synchronous, 4),
    ] {
        for block in 0..BLOCKS {
            let all = latencies(5, shipping, Delay::Exponential(1.ms()), 1_000.s(), block);
            assert!(all.len() > 20_000);
            let all = Sample(all);
            let (mean, error) = (all.mean(), all.error());
            close(&format!("{shipping:?}, block {block}"), mean, erlang_order(4, k), 4.0 * error);
        }
    }
}
