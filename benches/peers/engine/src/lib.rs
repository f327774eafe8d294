//! The workloads on our engine, on the path that every run of the product takes: typed messages, links with delay and
//! loss, keyed randomness, the fingerprint. Histories and traces are off.

pub mod gossip;
pub mod idle;
pub mod phold;
pub mod ping;
pub mod seeds;
pub mod timeouts;

use harness::{Done, Task, Workload};
use sim_core::{
    link::{LinkPlan, NetworkPlan},
    plan::{Plan, ServicePlan},
    prelude::*,
    sample::Delay,
    time::Time,
    world::World,
};

/// Runs a task.
pub fn run(task: Task) -> Done {
    match task.workload {
        Workload::Phold | Workload::Crowd => phold::run(task),
        Workload::PingPong => ping::run(task),
        Workload::Gossip => gossip::run(task),
        Workload::Seeds => seeds::run(task),
        Workload::Timeouts => timeouts::run(task),
    }
}

/// A world of so many nodes that all run `P`, on links like these, until `until`.
fn world<P: Protocol>(nodes: u64, config: P::Config, link: LinkPlan, until: Time) -> World {
    let nodes = u32::try_from(nodes).expect("fewer than 2^32 nodes");
    let plan = Plan::new(1, until, vec![ServicePlan::new("all", nodes)], NetworkPlan::new(link));
    let mut world = World::new(plan);
    world.populate::<P>(config, None).expect("the plan has this service");
    world
}

/// Runs it, and says how many units that was.
fn done(mut world: World, events: u64, units: impl FnOnce(&World) -> u64) -> Done {
    world.run(events);
    let units = units(&world);
    Done { units, check: world.finish().fingerprint }
}

fn uniform((low, high): (u64, u64)) -> LinkPlan {
    LinkPlan::new(Delay::Uniform(Span(low), Span(high)))
}
