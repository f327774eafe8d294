//! Two-phase commit in time: what it costs when nothing goes wrong, and who waits for whom when something does (T1).

use protocols::two_phase::{Config, TwoPhase};
use sim_core::{
    fault::{Fault, Pick, PlannedFault},
    link::{LinkPlan, NetworkPlan},
    plan::{Plan, ServicePlan},
    prelude::*,
    run::Run,
    sample::Delay,
    trace,
    world::World,
};

const ONE_WAY: Span = Span(10_000_000);

fn plan(managers: u32, faults: Vec<PlannedFault>) -> Plan {
    let network = NetworkPlan::new(LinkPlan::new(Delay::Constant(ONE_WAY)));
    Plan { faults, ..Plan::new(1, Time::ZERO + 5.s(), vec![ServicePlan::new("bank", managers + 1)], network) }
}

fn play(plan: Plan, config: Config) -> Run {
    let mut world = World::new(plan);
    world.populate::<TwoPhase>(config, None).expect("it has a service");
    world.trace();
    world.run(u64::MAX);
    world.finish()
}

/// When a message that says `text` was delivered to anybody, in order.
fn told(run: &Run, text: &str) -> Vec<Time> {
    let entries = run.trace.as_ref().expect("it was traced").entries();
    let deliver = |entry: &trace::Entry<'_>| entry.kind == trace::Kind::Deliver && entry.text == text;
    entries.filter(deliver).map(|entry| entry.at).collect()
}

/// T1: four messages for each participant; the decision is taken one round trip after the question, and each participant
/// is in doubt for exactly one round trip.
#[test]
fn four_messages_a_participant_and_a_round_trip_in_doubt() {
    for managers in [1, 3, 10] {
        let config = Config { resend: 200.ms(), ..Config::default() };
        let asked = Time::ZERO + config.work;
        let run = play(plan(managers, vec![]), config);
        assert_eq!(run.traffic.sent, 4 * u64::from(managers));
        let all = |text, at| assert_eq!(told(&run, text), vec![at; managers as usize], "{text}");
        all("Prepare", asked + ONE_WAY);
        all("Prepared", asked + ONE_WAY * 2);
        all("Commit", asked + ONE_WAY * 3);
        all("Done", asked + ONE_WAY * 4);
    }
}

/// "Blocking": a manager that is down between votes and decision leaves those that are prepared in doubt until it is back.
#[test]
fn in_doubt_for_as_long_as_the_manager_is_down() {
    // The votes are on their way.
    let manager = Fault::Crash(vec![Pick::Node("bank-1".into())]);
    let crash = PlannedFault::at("crash", Time::ZERO + 25.ms(), Some(3.s()), manager);
    let run = play(plan(3, vec![crash]), Config::default());
    let back = Time::ZERO + 25.ms() + 3.s();
    let done = told(&run, "Commit");
    assert_eq!(done.len(), 3);
    assert!(done.iter().all(|&at| at > back && at < back + 250.ms()), "{done:?}");
    let doubt = run.properties.iter().find(|p| p.name == "in doubt without a manager");
    // All three, and each once, however often it asks.
    assert_eq!(doubt.map(|property| property.held), Some(3));
}

/// One that cannot commit is enough for all to abort.
#[test]
fn one_refusal_aborts_all() {
    let run = play(plan(4, vec![]), Config { refuse: 1, ..Config::default() });
    let happened = |name: &str| run.properties.iter().any(|p| p.name == name && p.held > 0);
    assert!(happened("all aborted") && !happened("all committed"));
    assert_eq!(told(&run, "Commit"), []);
}
