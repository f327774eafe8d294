//! How large the distribution of a file may be: a thousand receivers and a thousand chunks, by the optimal plan and among peers, with
//! properties judged.
//!
//! `cargo bench --bench chunks` prints seconds, events per second, and how near to the bound it came.

use protocols::chunks::{
    bounds,
    push::{self, Push},
    swarm::{self, Swarm},
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

const RECEIVERS: u32 = 1_000;
const CHUNKS: u32 = 1_000;
/// With its header it takes a millisecond at a gigabyte a second.
const CHUNK: Bytes = Bytes(1_000_000 - 40);

fn plan(nodes: u32, until: Span) -> Plan {
    let pipe = Pipe { rate: Rate(1_000_000_000), queue: Bytes(u64::MAX), express: Bytes(2_000) };
    let nic = Nic { up: Some(pipe), down: Some(pipe) };
    let delay = LinkPlan::new(Delay::Constant(10.us()));
    let network = NetworkPlan { nics: vec![nic; nodes as usize], ..NetworkPlan::new(delay) };
    Plan::new(1, Time::ZERO + until, vec![ServicePlan::new("peer", nodes)], network)
}

#[allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn timed(what: &str, build: impl FnOnce() -> World) -> Run {
    let start = std::time::Instant::now();
    let mut world = build();
    world.run(u64::MAX);
    let run = world.finish();
    let seconds = start.elapsed().as_secs_f64();
    let rate = run.events as f64 / seconds / 1e6;
    println!("{what}: {seconds:.2} s, {} events, {rate:.2} M events/s", run.events);
    let all = run.properties.iter().find(|property| property.name == "all have all");
    let rounds = bounds::rounds(RECEIVERS.into(), CHUNKS.into());
    match all.and_then(|all| all.first) {
        Some(at) => {
            println!("  all have all after {:.1} rounds; the bound is {rounds}", at.as_secs() * 1_000.0)
        }
        None => println!("  not all have all; the bound is {rounds} rounds"),
    }
    run
}

fn main() {
    timed("the optimal plan, 1,000 receivers and 1,000 chunks", || {
        let config = push::Config { chunks: CHUNKS, chunk: CHUNK, slots: 1, ..push::Config::default() };
        let mut world = World::new(plan(RECEIVERS + 1, 1_500.ms()));
        world.populate::<Push>(config, None).expect("the plan has this service");
        world
    });
    timed("a swarm, 1,000 receivers and 1,000 chunks", || {
        let config = swarm::Config {
            chunks: CHUNKS,
            chunk: CHUNK,
            neighbours: 14,
            refresh: 100.ms(),
            ..swarm::Config::default()
        };
        let mut world = World::new(plan(RECEIVERS + 2, 1_500.ms()));
        world.populate::<Swarm>(config, None).expect("the plan has this service");
        world
    });
}
