//! How large gossip may be: one rumour to a million sites, and SWIM with ten thousand members for sixty simulated seconds, with
//! properties judged.
//!
//! `cargo bench --bench gossip` prints seconds, events per second, and how many know in the end.

use protocols::gossip::{
    database::Begins,
    epidemic::{self, Epidemic, Loses, Rumours},
    swim::{self, Swim},
};
use sim_core::{
    fault::{Fault, Pick, PlannedFault},
    link::{LinkPlan, NetworkPlan},
    plan::{Plan, ServicePlan},
    prelude::*,
    run::Run,
    sample::Delay,
    world::World,
};

fn plan(name: &str, nodes: u32, until: Span, delay: Delay) -> Plan {
    let network = NetworkPlan::new(LinkPlan::new(delay));
    Plan::new(1, Time::ZERO + until, vec![ServicePlan::new(name, nodes)], network)
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
    run
}

fn main() {
    let run = timed("one rumour, 1,000,000 sites", || {
        let rumours = Rumours { loses: Loses::Counter(4), ..Rumours::default() };
        let begins = Begins::Node(1);
        let config = epidemic::Config { rumours: Some(rumours), begins, ..epidemic::Config::default() };
        let mut world = World::new(plan("site", 1_000_000, 5.s(), Delay::Constant(10.ms())));
        world.populate::<Epidemic>(config, None).expect("the plan has this service");
        world
    });
    let heard = run.roles.iter().filter(|change| change.role == Role("infective")).count();
    println!("  {heard} heard it");

    let run = timed("SWIM, 10,000 members, 60 s", || {
        let delay = Delay::LogNormal { median: 1.ms(), p99: 8.ms() };
        let crash = Fault::Crash(vec![Pick::RandomOf("node".into(), 10)]);
        let crash = PlannedFault::at("crash", Time::ZERO + 10.s(), None, crash);
        let plan = plan("node", 10_000, 60.s(), delay);
        let mut world = World::new(Plan { faults: vec![crash], ..plan });
        world.populate::<Swim>(swim::Config::default(), None).expect("the plan has this service");
        world
    });
    let known = run.properties.iter().find(|property| property.name == "a crash is known to all");
    println!("  {} of 10 crashes are known to all", known.map_or(0, |property| property.held));
}
