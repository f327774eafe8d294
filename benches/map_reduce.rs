//! How large MapReduce may be: the cluster of its paper, cut to a thousand machines, each with a worker and a server of the file
//! system, and a terabyte in 15,000 chunks; sorted by 4,000 reduce tasks, and searched with one.
//!
//! `cargo bench --bench map_reduce` prints simulated and real seconds, events per second and peak memory, for each job in a process
//! of its own.

use protocols::{
    client::{self, Client},
    dfs::{self, Dfs},
    map_reduce::{Backups, Config, Jobs, MapReduce, Mix},
    workload::KeyChoice,
};
use sim_core::{
    check::linearizability::{Budget, Finding},
    link::{LinkPlan, NetworkPlan, Nic, Pipe},
    plan::{Plan, ServicePlan},
    prelude::*,
    run::Run,
    sample::Delay,
    size::{Bytes, Rate},
    world::World,
};
use std::process::Command;

const MACHINES: u32 = 1_000;
const CHUNKS: u32 = 15_000;
const WORDS: u32 = 15;
const UNTIL: Span = Span(4_000_000_000_000);

/// What is measured: a name, the job, and from which share of map tasks on reduce tasks fetch. Who begins early asks every worker
/// again after each wave of map tasks, and is through as soon as the last one is done.
fn jobs() -> [(&'static str, Mix, f64); 3] {
    let none = Mix { word_count: 0.0, chunks: CHUNKS, words: WORDS, reduces: 1, ..Mix::default() };
    let sort = Mix { sort: 1.0, reduces: 4_000, ..none };
    let early = Config::default().fetch_from;
    [("sort", sort, 0.9), ("sort-early", sort, early), ("grep", Mix { grep: 1.0, ..none }, early)]
}

fn world(mix: Mix, fetch_from: f64) -> World {
    let nodes = MACHINES + 1;
    let mut network = NetworkPlan::new(LinkPlan::new(Delay::Constant(100.us())));
    network.machines = (0..nodes).chain(0..nodes).chain([2 * nodes]).map(NodeId).collect();
    let pipe = Pipe { rate: Rate(125_000_000), queue: Bytes(u64::MAX), express: Bytes(200_000) };
    network.nics = vec![Nic { up: Some(pipe), down: Some(pipe) }; 2 * nodes as usize];
    let services =
        vec![ServicePlan::new("files", nodes), ServicePlan::new("jobs", nodes), ServicePlan::clients(1)];
    let mut world = World::new(Plan::new(1, Time::ZERO + UNTIL, services, network));
    let files = dfs::Config { chunks: CHUNKS, words: WORDS, replicas: 2, ..dfs::Config::default() };
    world.populate::<Dfs>(files, None).expect("the plan has this service");
    let config = Config {
        map: Delay::Constant(5.s()),
        reduce: Delay::Constant(1.s()),
        backups: Backups::Behind(2.0),
        fetch_from,
        ..Config::default()
    };
    world.populate::<MapReduce>(config, Some("files")).expect("and this one");
    let clients = client::Config {
        load: client::Load::Closed(1.s()),
        mix,
        keys: KeyChoice::Uniform(1),
        timeout: UNTIL,
        attempts: 1,
        backoff: 1.s(),
        route: client::Route::Sticky,
        start: 10.ms(),
        writes_until: None,
        only: Some([(NodeId(2 * nodes), 0)].into()),
    };
    world.populate::<Client<Jobs>>(clients, Some("jobs")).expect("and this one");
    world
}

/// Until the client has what it wanted.
fn play(mut world: World) -> Run {
    let client = NodeId(2 * (MACHINES + 1));
    loop {
        world.run_to(world.now() + 1.s(), u64::MAX);
        let shown: Vec<String> = world.show(client).into_iter().map(|(_, value)| value).collect();
        let answered = shown[0] != "0" && shown[1] == "0";
        if answered || world.now() >= Time::ZERO + UNTIL {
            break;
        }
    }
    world.finish()
}

/// The most memory that this process ever held, in MiB; 0 where the system does not tell.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

#[allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn measure(what: &str, mix: Mix, fetch_from: f64) {
    let start = std::time::Instant::now();
    let run = play(world(mix, fetch_from));
    let (seconds, peak) = (start.elapsed().as_secs_f64(), peak());
    let rate = run.events as f64 / seconds / 1e6;
    let operations = run.histories[0].operations();
    let took = operations[0].latency().expect("the job is done in time").as_secs();
    assert_eq!(run.violations, []);
    // The specification of a job is what one machine alone makes of it.
    assert_eq!(run.histories[0].linearizable(Budget::default()).finding, Finding::Linearizable);
    println!(
        "{what}, {MACHINES} machines, {CHUNKS} map and {} reduce tasks: done after {took:.1} s, as one machine would have done it",
        mix.reduces
    );
    println!("  {seconds:.2} s, {} events, {rate:.2} M events/s, {peak} MiB", run.events);
}

fn main() {
    let wanted = std::env::args().nth(1);
    if let Some((what, mix, from)) = jobs().into_iter().find(|(what, ..)| wanted.as_deref() == Some(*what)) {
        return measure(what, mix, from);
    }
    let this = std::env::current_exe().expect("a program knows where it is");
    for (what, ..) in jobs() {
        let status = Command::new(&this).arg(what).status().expect("it starts again");
        assert!(status.success(), "a measurement failed");
    }
}
