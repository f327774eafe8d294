//! Elections do what their papers say (Chang and Roberts 1979, Garcia-Molina 1982), and cost the messages that theory says.
//!
//! Messages are counted in the traffic of worlds like any other. A mean must be within four standard errors of what is expected.

mod bully;
mod ring;

use protocols::election::{
    bully::{self as bullies, Bully},
    ring::{self as rings, Ring},
};
use sim_core::{
    fault::{Fault, Pick, PlannedFault},
    harness::Output,
    link::{LinkPlan, NetworkPlan},
    plan::{Plan, ServicePlan},
    prelude::*,
    run::Run,
    sample::Delay,
    trace,
    world::World,
};

const FIRST: NodeId = NodeId(0);
const SECOND: NodeId = NodeId(1);
const THIRD: NodeId = NodeId(2);

fn plan(seed: u64, nodes: u32, delay: Delay, until: Span) -> Plan {
    let network = NetworkPlan::new(LinkPlan::new(delay));
    Plan::new(seed, Time::ZERO + until, vec![ServicePlan::new("node", nodes)], network)
}

fn play<P: Protocol>(plan: Plan, config: P::Config) -> Run {
    let mut world = World::new(plan);
    world.populate::<P>(config, None).unwrap();
    world.trace();
    world.run(u64::MAX);
    world.finish()
}

/// How many messages of a kind were delivered from a moment on.
fn delivered(run: &Run, from: Time, kind: &str) -> u64 {
    let entries = run.trace.as_ref().unwrap().entries();
    let this = |text: &str| text == kind || text.starts_with(&format!("{kind}("));
    entries.filter(|e| e.kind == trace::Kind::Deliver && e.at >= from && this(e.text)).count() as u64
}

fn happened(run: &Run, property: &str) -> bool {
    run.properties.iter().find(|p| p.name == property).unwrap().held > 0
}

fn crash(node: u32, at: Span, lasts: Option<Span>, how: fn(Vec<Pick>) -> Fault) -> PlannedFault {
    PlannedFault::at("crash", Time::ZERO + at, lasts, how(vec![Pick::Node(format!("node-{}", node + 1))]))
}

fn broken(run: &Run, property: &str) -> bool {
    run.violations.iter().any(|violation| violation.property == property)
}

fn sent<P: Protocol>(outputs: &[Output<P>]) -> Vec<(NodeId, P::Msg)> {
    let messages = outputs.iter().filter_map(|output| match output {
        Output::Send(to, msg) => Some((*to, msg.clone())),
        Output::Answer(..) | Output::Call(..) => None,
    });
    messages.collect()
}

/// The paper's assumption is a condition: with a cut, every promise is broken. With the ring none is.
#[test]
fn a_cut_makes_two_leaders_of_bullies_and_none_of_a_ring() {
    let cut =
        Fault::Split(vec![vec![Pick::Node("node-4".into()), Pick::Node("node-5".into())], vec![Pick::Rest]]);
    let cut = |at: Span| vec![PlannedFault::at("cut", Time::ZERO + at, Some(2.s()), cut.clone())];
    let calm = plan(1, 5, Delay::Uniform(1.ms(), 10.ms()), 6.s());
    let run = play::<Bully>(Plan { faults: cut(1.s()), ..calm.clone() }, bullies::Config::default());
    for property in ["one leader", "nobody higher lives", "the highest soon leads all"] {
        assert!(broken(&run, property), "{property}");
    }
    let patience = (100.ms(), 200.ms());
    let run = play::<Ring>(
        Plan { faults: cut(5.ms()), ..calm },
        rings::Config { patience, ..rings::Config::default() },
    );
    let healed = Time::ZERO + 2005.ms();
    let elected = run.properties.iter().find(|property| property.name == "elected").unwrap().first;
    assert!(run.violations.is_empty() && elected.is_some_and(|at| at > healed), "{elected:?}");
}
