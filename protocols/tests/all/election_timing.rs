//! Raft takes the time that theory says: how long elections last and how often votes are split (Ongaro, "Consensus:
//! Bridging Theory and Practice", 2014, chapter 9), and how long a commit takes (chapter 10).
//!
//! Every number is measured in worlds like any other: servers boot, those that are to be missing are crashed a
//! nanosecond later, and the network has the latency of the claim. Each claim is tested on three blocks of seeds; a
//! mean must be within four standard errors of what is expected, unless the claim itself is an approximation.

use crate::measured::{Sample, close};
use protocols::{
    client::{Client, Load, Route},
    kv::{Kv, Mix},
    raft::{Config, Raft},
    workload::KeyChoice,
};
use sim_core::{
    fault::{Fault, Pick, PlannedFault},
    link::{LinkException, LinkPlan, NetworkPlan},
    plan::{Plan, ServicePlan},
    prelude::*,
    run::Run,
    sample::Delay,
    world::World,
};

const SEEDS: u64 = 3;

/// Measures once per seed of a block, in the order of the seeds.
fn sample(block: u64, count: u64, measure: impl Fn(u64) -> f64) -> Sample {
    Sample((0..count).map(|n| measure(block << 32 | n)).collect())
}

/// An election to watch: so many servers, so many of them alive, election timeouts, and the latency.
#[derive(Clone)]
struct Setting {
    servers: u32,
    alive: u32,
    election: (Span, Span),
    delay: Delay,
}

impl Setting {
    /// Servers whose timers start afresh at time 0; the missing ones are gone a nanosecond later.
    fn world(&self, seed: u64) -> World {
        let missing = (self.alive..self.servers).map(|n| Pick::Node(format!("raft-{}", n + 1)));
        let crash = PlannedFault::at("missing", Time(1), None, Fault::Crash(missing.collect()));
        let services = vec![ServicePlan::new("raft", self.servers)];
        let network = NetworkPlan::new(LinkPlan::new(self.delay.clone()));
        let plan = Plan::new(seed, Time::ZERO + 60.s(), services, network);
        let mut world = World::new(Plan { faults: vec![crash], ..plan });
        let config = Config { election: self.election, ..Config::default() };
        world.populate::<Raft<Kv>>(config, None).unwrap();
        world
    }

    /// The run up to the first server that takes this role, and a little further.
    fn until(&self, seed: u64, role: &str) -> Run {
        let mut world = self.world(seed);
        let mut until = Time::ZERO + self.election.0;
        while !(0..self.alive).any(|server| world.role(NodeId(server)).0 == role) {
            until += 5.ms();
            world.run_to(until, u64::MAX);
        }
        world.finish()
    }

    /// When, in milliseconds, a candidate has the votes of a quorum, and in which term.
    fn elected(&self, seed: u64) -> (f64, u64) {
        let run = self.until(seed, "leader");
        let first = run.roles.iter().find(|change| change.role == Role("leader")).unwrap();
        (first.at.since(Time::ZERO).as_millis(), first.epoch)
    }
}

fn fixed(servers: u32, alive: u32, election: (u64, u64), latency: Span) -> Setting {
    let election = (election.0.ms(), election.1.ms());
    Setting { servers, alive, election, delay: Delay::Constant(latency) }
}

/// E[M_s] = 1/(s+1): the first of s timeouts, as a share of the range they are drawn from.
#[test]
fn the_earliest_of_s_timeouts_comes_after_one_part_in_s_plus_one_of_the_range() {
    for (servers, alive) in [(3, 2), (5, 4), (9, 8)] {
        let setting = fixed(servers, alive, (150, 300), 10.ms());
        let mut all = Vec::new();
        for block in 0..SEEDS {
            let measured = sample(block, 50_000, |seed| {
                let run = setting.until(seed, "candidate");
                let first = run.roles.iter().find(|change| change.role == Role("candidate")).unwrap();
                (first.at.since(Time::ZERO).as_millis() - 150.0) / 150.0
            });
            let wanted = 1.0 / f64::from(alive + 1);
            close(&format!("M_{alive}, block {block}"), measured.mean(), wanted, 4.0 * measured.error());
            all.extend(measured.0);
        }
        let wanted = 1.0 / f64::from(alive + 1);
        close(&format!("M_{alive}"), Sample(all).mean(), wanted, 0.01 * wanted);
    }
}

/// The probability that the first term elects nobody when the latency is this share of the range (RAFT2): at least
/// c - 1 of the others time out before the first candidate's request reaches them, where c is the least number of
/// candidates that leaves no majority for any of them.
fn split(servers: u32, alive: u32, latency: f64) -> f64 {
    let c = alive - servers / 2 + 1;
    let ways = |k: u32| (0..k).fold(1.0, |ways, i| ways * f64::from(alive - i) / f64::from(i + 1));
    let power = |base: f64, exponent: u32| (0..exponent).fold(1.0, |product, _| product * base);
    (c - 1..=alive).map(|k| ways(k) * power(latency, k) * power(1.0 - latency, alive - k)).sum()
}

#[test]
fn votes_are_split_as_often_as_the_formula_says() {
    let published = [(5, 4, 0.01, 0.0006), (5, 4, 0.1, 0.0523), (5, 4, 0.2, 0.1808), (5, 3, 0.2, 0.488)];
    for (servers, alive, latency, wanted) in published {
        assert!(
            (split(servers, alive, latency) - wanted).abs() < 0.0005,
            "the formula gives the published number"
        );
    }
    let more =
        [(9, 7, 0.2, 0.148), (9, 6, 0.2, 0.345), (7, 6, 0.2, 0.099), (9, 5, 0.2, 0.672), (9, 5, 0.1, 0.4095)];
    for (servers, alive, latency, wanted) in published.into_iter().chain(more) {
        let setting = fixed(servers, alive, (150, 300), Span((latency * 150e6) as u64));
        for block in 0..SEEDS {
            let measured = sample(block, 20_000, |seed| f64::from(u8::from(setting.elected(seed).1 > 1)));
            let tolerance = (4.0 * measured.error()).max(0.004);
            let what = format!("split votes, {alive} of {servers} alive, latency {latency}, block {block}");
            close(&what, measured.mean(), wanted, tolerance);
        }
    }
}

#[test]
fn votes_are_split_as_often_as_the_dissertation_says_with_varying_latency() {
    for (alive, wanted) in [(4, 0.164), (3, 0.389)] {
        let delay = Delay::Uniform(15.ms(), 30.ms());
        let setting = Setting { servers: 5, alive, election: (150.ms(), 300.ms()), delay };
        for block in 0..SEEDS {
            let measured = sample(block, 20_000, |seed| f64::from(u8::from(setting.elected(seed).1 > 1)));
            let what = format!("split votes, {alive} of 5 alive, latency U(.1, .2), block {block}");
            close(&what, measured.mean(), wanted, (4.0 * measured.error()).max(0.01));
        }
    }
}

#[test]
fn an_election_takes_as_long_as_an_independent_simulation_says() {
    let slow = Span(7_500_000);
    for (setting, wanted, tolerance) in [
        (fixed(5, 4, (150, 300), 10.ms()), 204.7, 0.02),
        (fixed(5, 3, (150, 300), 10.ms()), 252.5, 0.02),
        (fixed(3, 2, (150, 300), 5.ms()), 223.9, 0.02),
        (fixed(5, 4, (150, 300), 15.ms()), 219.8, 0.02),
        (fixed(5, 4, (150, 300), slow), 197.9, 0.02),
        (fixed(3, 2, (150, 300), slow), 237.8, 0.02),
        (fixed(5, 4, (300, 600), 35.ms()), 458.1, 0.02),
        (fixed(9, 5, (150, 300), 15.ms()), 331.3, 0.04),
    ] {
        for block in 0..SEEDS {
            let measured = sample(block, 5_000, |seed| setting.elected(seed).0);
            let what = format!("{} of {} alive, block {block}: mean", setting.alive, setting.servers);
            close(&what, measured.mean(), wanted, tolerance * wanted);
            if wanted == 204.7 {
                close("median", measured.quantile(0.5), 194.1, 0.02 * 194.1);
                close("95 of 100", measured.quantile(0.95), 257.7, 0.02 * 257.7);
            }
        }
    }
}

#[test]
fn an_election_over_a_wide_area_takes_as_long_as_the_dissertation_says() {
    for (alive, mean, slowest) in [(4, 466.6, 1_474.0), (3, 625.4, 2_687.0)] {
        let delay = Delay::Uniform(30.ms(), 40.ms());
        let setting = Setting { servers: 5, alive, election: (300.ms(), 600.ms()), delay };
        let mut all = Vec::new();
        for block in 0..SEEDS {
            let measured = sample(block, 20_000, |seed| setting.elected(seed).0);
            close(&format!("{alive} of 5 alive, block {block}: mean"), measured.mean(), mean, 0.04 * mean);
            all.extend(measured.0);
        }
        close("999 of 1000", Sample(all).quantile(0.999), slowest, 0.15 * slowest);
    }
}

/// Servers, and beside them one client that writes, waits for the answer, thinks, and writes again.
#[derive(Clone)]
struct Writing {
    servers: u32,
    config: Config,
    /// The way between two servers, and between the client and a server.
    legs: Delay,
    client: Span,
    think: Span,
    /// When the client begins, and the end.
    start: Span,
    until: Span,
}

impl Writing {
    fn run(&self, seed: u64) -> Run {
        let servers: Vec<NodeId> = (0..self.servers).map(NodeId).collect();
        let client = vec![NodeId(self.servers)];
        let near = |from: &[NodeId], to: &[NodeId]| LinkException {
            from: from.to_vec(),
            to: to.to_vec(),
            link: LinkPlan::new(Delay::Constant(self.client)),
            pipe: None,
        };
        let network = NetworkPlan {
            links: vec![near(&servers, &client), near(&client, &servers)],
            ..NetworkPlan::new(LinkPlan::new(self.legs.clone()))
        };
        let services = vec![ServicePlan::new("raft", self.servers), ServicePlan::clients(1)];
        let mut world = World::new(Plan::new(seed, Time::ZERO + self.until, services, network));
        world.populate::<Raft<Kv>>(self.config.clone(), None).unwrap();
        let config = protocols::client::Config::<Kv> {
            load: Load::Closed(self.think),
            mix: Mix { get: 0.0, put: 1.0, cas: 0.0 },
            keys: KeyChoice::Uniform(10),
            timeout: 1.s(),
            attempts: 100,
            backoff: 1.ms(),
            route: Route::Sticky,
            start: self.start,
            writes_until: None,
            only: None,
        };
        world.populate::<Client<Kv>>(config, Some("raft")).unwrap();
        world.run(u64::MAX);
        let run = world.finish();
        assert_eq!(run.roles.iter().filter(|change| change.role == Role("leader")).count(), 1);
        run
    }

    /// What each write took, but for the first ones, which look for the leader.
    fn latencies(&self, seed: u64) -> Vec<Span> {
        let run = self.run(seed);
        run.histories[0].operations().iter().skip(5).filter_map(|operation| operation.latency()).collect()
    }
}

fn steady() -> Writing {
    Writing {
        servers: 5,
        config: Config::default(),
        legs: Delay::Constant(5.ms()),
        client: Span::ZERO,
        think: 7.ms(),
        start: 1.s(),
        until: 30.s(),
    }
}

#[test]
fn with_a_fixed_latency_every_write_takes_one_round_trip_to_a_majority_and_one_to_the_client() {
    for client in [Span::ZERO, 3.ms()] {
        for seed in 0..SEEDS {
            let latencies = Writing { client, ..steady() }.latencies(seed);
            assert!(latencies.len() > 1_000);
            let other = latencies.iter().filter(|latency| **latency != 10.ms() + client * 2).count();
            assert_eq!(
                other,
                0,
                "of {} writes, the slowest took {:?}",
                latencies.len(),
                latencies.iter().max()
            );
        }
    }
}

/// Heartbeats carry what is on its way a second time, which would help a little: here they are rare.
#[test]
fn a_commit_takes_the_second_fastest_of_four_round_trips() {
    let config = Config { election: (10.s(), 20.s()), heartbeat: 5.s(), ..Config::default() };
    let setting = Writing {
        config,
        legs: Delay::Exponential(1.ms()),
        think: 30.ms(),
        start: 60.s(),
        until: 2_300.s(),
        ..steady()
    };
    for block in 0..SEEDS {
        let measured = Sample(setting.latencies(block).iter().map(|latency| latency.as_millis()).collect());
        assert!(measured.0.len() > 70_000);
        let tolerance = 4.0 * measured.error();
        assert!(tolerance < 0.01 * 1.4378);
        close(&format!("commit latency, legs Exp(1), block {block}"), measured.mean(), 1.4378, tolerance);
    }
}

#[test]
fn a_commit_costs_two_messages_per_follower() {
    for servers in [3, 5, 7] {
        let busy = Writing { servers, ..steady() };
        let idle = Writing { start: 60.s(), ..busy.clone() };
        let (busy, idle) = (busy.run(1), idle.run(1));
        let calls = busy.histories[0].calls() as u64;
        // A request and its answer; only the first few calls, which are redirected, cost nothing else.
        let replication = busy.traffic.sent - idle.traffic.sent - 2 * calls;
        let wanted = u64::from(2 * (servers - 1)) * calls;
        println!("{servers} servers: {replication} messages for {calls} calls");
        assert!(wanted.abs_diff(replication) <= u64::from(2 * servers * (servers - 1)));
    }
}
