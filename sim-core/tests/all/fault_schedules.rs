//! When faults strike, whom they choose, and what is said about them afterwards.

use crate::puppet::*;
use sim_core::{
    fault::{Condition, Fault, Pick, PlannedFault, Schedule},
    plan::{Plan, ServicePlan, Zone},
    prelude::*,
    run::Run,
    time::Time,
};
use std::collections::BTreeSet;

fn moment(ms: u64) -> Time {
    Time(ms * 1_000_000)
}

/// One pause of node 0 that waits for its moment.
fn waiting(when: Schedule) -> Plan {
    let mut plan = plan(3, constant(1.ms()), vec![(0.ms(), Some(1.s()), Fault::Pause(vec![name(0)]))]);
    plan.faults[0].when = when;
    plan
}

fn when(condition: Condition, from: Time) -> Schedule {
    Schedule::When { condition, from, latest: None }
}

/// Node 1 leads from 1.001 s to 3.001 s, and again from 5.001 s on.
fn reigns() -> Script {
    vec![
        (0, 1_000.ms(), vec![Send(1, 100)]),
        (0, 3_000.ms(), vec![Send(1, 1)]),
        (2, 5_000.ms(), vec![Send(1, 100)]),
        (2, 9_000.ms(), vec![Send(0, 1)]),
    ]
}

#[test]
fn a_fault_strikes_a_nanosecond_after_what_it_waits_for_and_the_named_moment_gives_the_same_run() {
    let role = |role: &str| role.to_string();
    let cases = [
        (Condition::Role(role("leader")), 0, 1_001),
        (Condition::Role(role("leader")), 2_000, 2_000),
        (Condition::NoRole(role("leader")), 2_000, 3_001),
        (Condition::NoRole(role("leader")), 0, 0),
        (Condition::RoleTaken(role("leader"), 2), 0, 5_001),
        (Condition::Epoch(2), 0, 3_001),
        (Condition::Shows("count".into(), 3), 0, 5_001),
        (Condition::RoleChange("p".into()), 0, 1_001),
        (Condition::RoleChange("p".into()), 2_000, 3_001),
        (Condition::Handled("p".into(), 2), 0, 1_001),
        (Condition::Handled("p".into(), 1), 2_000, 3_000),
        (Condition::Handled("p".into(), 3), 2_000, 5_000),
    ];
    for (condition, from, expected) in cases {
        let found = run(waiting(when(condition.clone(), moment(from))), reigns());
        let struck = found.faults[0].struck.unwrap();
        assert_eq!(struck, Time(moment(expected).0 + 1), "{condition:?} from {from} ms");
        let named = run(waiting(Schedule::At(struck)), reigns());
        assert_eq!(named.fingerprint, found.fingerprint, "{condition:?}");
        assert_eq!(named.faults[0].ended, found.faults[0].ended);
    }
}

#[test]
fn a_fault_whose_moment_never_comes_never_strikes() {
    let found = run(waiting(when(Condition::Epoch(99), Time::ZERO)), reigns());
    let report = &found.faults[0];
    assert_eq!((report.struck, report.moment(), report.bit()), (None, None, false));
    assert_eq!(run(waiting(Schedule::After("nobody".into(), 1.s())), reigns()).faults[0].struck, None);
}

#[test]
fn a_fault_that_waited_in_vain_strikes_at_the_latest_moment_as_if_that_had_been_named() {
    let condition = Condition::Epoch(99);
    let when = Schedule::When { condition, from: moment(500), latest: Some(moment(4_000)) };
    let found = run(waiting(when), reigns());
    assert_eq!(found.faults[0].struck, Some(moment(4_000)));
    assert_eq!(found.faults[0].ended, Some(moment(5_000)));
    assert_eq!(run(waiting(Schedule::At(moment(4_000))), reigns()).fingerprint, found.fingerprint);
    // What came true before is not repeated.
    let condition = Condition::Role("leader".into());
    let when = Schedule::When { condition, from: Time::ZERO, latest: Some(moment(4_000)) };
    let found = run(waiting(when), reigns());
    assert_eq!(found.faults[0].struck, Some(Time(moment(1_001).0 + 1)));
    assert_eq!(found.faults[0].ended, Some(Time(moment(2_001).0 + 1)));
}

#[test]
fn what_is_written_is_unsynced_until_its_sync_is_over() {
    let script = || {
        vec![
            (2, 1_000.ms(), vec![Write(1), Sync]),
            (1, 2_000.ms(), vec![Look]),
            (1, 3_000.ms(), vec![Write(2)]),
        ]
    };
    let struck = |from| run(waiting(when(Condition::Unsynced("p".into()), from)), script()).faults[0].struck;
    assert_eq!(struck(Time::ZERO), Some(Time(moment(1_000).0 + 1)));
    // The sync takes 5 ms; what happens at other nodes, whose disks hold nothing, means nothing.
    assert_eq!(struck(moment(1_004)), Some(Time(moment(1_004).0 + 1)));
    assert_eq!(struck(moment(1_006)), Some(Time(moment(3_000).0 + 1)));
    // The last write is never synced.
    assert_eq!(struck(moment(4_000)), Some(Time(moment(4_000).0 + 1)));
}

#[test]
fn the_trigger_is_the_node_at_which_it_came_true_and_else_any() {
    let chose = |condition: Condition, seed: u64| {
        let mut plan = waiting(Schedule::When { condition, from: Time::ZERO, latest: Some(moment(6_000)) });
        plan.seed = seed;
        plan.faults[0].fault = Fault::Pause(vec![Pick::TriggerOf("p".into())]);
        let mut script = reigns();
        script.push((2, 1_500.ms(), vec![Write(1)]));
        run(plan, script).faults[0].chose.concat()
    };
    for seed in 0..20 {
        assert_eq!(chose(Condition::RoleChange("p".into()), seed), [NodeId(1)]);
        assert_eq!(chose(Condition::Unsynced("p".into()), seed), [NodeId(2)]);
        assert_eq!(chose(Condition::Handled("p".into(), 1), seed), [NodeId(0)]);
    }
    let drawn: BTreeSet<Vec<NodeId>> = (0..20).map(|seed| chose(Condition::Epoch(99), seed)).collect();
    assert_eq!(drawn.len(), 3, "{drawn:?}");
}

#[test]
fn what_a_fault_does_to_a_process_is_no_role_that_it_takes() {
    let mut plan = waiting(when(Condition::RoleChange("p".into()), moment(1_500)));
    plan.faults[0].fault = Fault::Isolate(vec![Pick::TriggerOf("p".into())]);
    let pause = (1_800.ms(), Some(100.ms()), Fault::Pause(vec![name(0)]));
    let crash = (2_000.ms(), Some(100.ms()), Fault::Crash(vec![name(2)]));
    for (at, lasts, fault) in [pause, crash] {
        let planned = PlannedFault::at(&format!("at {at}"), Time(at.0), lasts, fault);
        plan.faults.push(planned);
    }
    let run = run(plan, reigns());
    // Neither dying nor freezing nor going on: but booting is.
    let waited = run.faults.iter().find(|fault| fault.planned.name == "fault-0").unwrap();
    assert_eq!(waited.struck, Some(Time(moment(2_100).0 + 1)));
    assert_eq!((waited.chose.concat(), waited.trigger), (vec![NodeId(2)], Some(NodeId(2))));
}

#[test]
fn an_event_that_nobody_handles_is_no_input() {
    // Two alarms are set, one of them is put off; and what is sent to the dead is not handled.
    let script = vec![
        (0, 1_000.ms(), vec![Set(1, 100.ms()), Set(2, 300.ms())]),
        (0, 1_050.ms(), vec![Cancel(1), Set(2, 500.ms()), Send(2, 1)]),
    ];
    let mut plan = waiting(when(Condition::Handled("p".into(), 3), moment(500)));
    plan.faults.push(PlannedFault::at("dead", Time(moment(600).0), None, Fault::Crash(vec![name(2)])));
    let run = run(plan, script);
    let waited = run.faults.iter().find(|fault| fault.planned.name == "fault-0").unwrap();
    assert_eq!(waited.struck, Some(Time(moment(1_550).0 + 1)), "two lines of the script, and an alarm");
}

#[test]
fn a_trigger_that_the_fault_has_already_is_drawn_instead() {
    let of = vec![vec![name(1)], vec![Pick::TriggerOf("p".into())]];
    let mut plan = waiting(when(Condition::Role("leader".into()), Time::ZERO));
    plan.faults[0].fault = Fault::Split(of);
    let report = &run(plan, reigns()).faults[0];
    assert_eq!((report.chose[1].len(), report.trigger), (1, None));
    assert_ne!(report.chose[1], [NodeId(1)]);
}

#[test]
fn what_comes_after_a_fault_counts_from_the_moment_at_which_that_struck() {
    let mut plan = waiting(when(Condition::Role("leader".into()), Time::ZERO));
    let mut later = plan.faults[0].clone();
    (later.name, later.when) = ("later".into(), Schedule::After("fault-0".into(), 2.s()));
    plan.faults.push(later);
    let run = run(plan, reigns());
    assert_eq!(run.faults[1].struck, Some(Time(moment(3_001).0 + 1)));
}

#[test]
fn the_calm_part_ends_every_fault_and_lets_none_strike() {
    let faults = vec![
        (1.s(), None, Fault::Crash(vec![name(0)])),
        (1.s(), None, Fault::Split(vec![vec![name(1)], vec![name(2)]])),
        (1.s(), None, Fault::Slow { of: vec![name(1)], factor: 2.0 }),
        (7.s(), None, Fault::Pause(vec![name(2)])),
    ];
    let mut plan = plan(3, constant(1.ms()), faults);
    plan.calm_from = moment(5_000);
    let script = vec![(1, 6_000.ms(), vec![Send(0, 1), Send(2, 2)]), (1, 8_000.ms(), vec![Send(2, 3)])];
    let run = run(plan, script);
    assert_eq!(delivered(&run, 0), [(6_001.ms(), 1)]);
    assert_eq!(delivered(&run, 2), [(6_001.ms(), 2), (8_001.ms(), 3)]);
    let ended: Vec<_> = run.faults.iter().map(|fault| fault.ended).collect();
    assert_eq!(ended, [Some(moment(5_000)), Some(moment(5_000)), Some(moment(5_000)), None]);
    assert_eq!(run.faults[3].struck, None);
}

/// A service `p` of five and another, `q`, of three, in two zones of one region and one of another.
fn wide(pick: Vec<Pick>, seed: u64) -> Vec<NodeId> {
    let mut plan = plan(5, constant(1.ms()), vec![(2.s(), Some(1.s()), Fault::Pause(pick))]);
    plan.seed = seed;
    plan.services.push(ServicePlan::new("q", 3));
    let zone = |name: &str, region: &str, nodes: &[u32]| Zone {
        name: name.into(),
        region: region.into(),
        nodes: nodes.iter().map(|&node| NodeId(node)).collect(),
    };
    plan.zones =
        vec![zone("a", "east", &[0, 1, 5]), zone("b", "east", &[2]), zone("c", "west", &[3, 4, 6, 7])];
    let script: Script = vec![(0, 1.s(), vec![Send(3, 100)])];
    let mut world = sim_core::world::World::new(plan);
    world.populate::<Puppet>(Lines(script.clone()), None).unwrap();
    world.populate::<Puppet>(Lines(vec![]), None).unwrap();
    world.run(1_000_000);
    world.finish().faults[0].chose.concat()
}

#[test]
fn picks_choose_whom_they_say() {
    let ids = |numbers: &[u32]| numbers.iter().map(|&node| NodeId(node)).collect::<Vec<_>>();
    let of = |pick: Pick| wide(vec![pick], 1);
    let p = || "p".to_string();
    let leader = || "leader".to_string();
    assert_eq!(of(Pick::Node("q-2".into())), ids(&[6]));
    assert_eq!(of(Pick::Service("q".into())), ids(&[5, 6, 7]));
    assert_eq!(of(Pick::Role(leader())), ids(&[3]));
    assert_eq!(of(Pick::Zone("a".into())), ids(&[0, 1, 5]));
    assert_eq!(of(Pick::Region("east".into())), ids(&[0, 1, 2, 5]));
    assert_eq!(of(Pick::All).len(), 8);
    assert_eq!(wide(vec![Pick::Node("p-1".into()), Pick::Rest], 1).len(), 8);
    for seed in 0..40 {
        let of = |pick: Pick| wide(vec![pick], seed).into_iter().collect::<BTreeSet<_>>();
        let (three, in_p) = (NodeId(3), |nodes: &BTreeSet<NodeId>| nodes.iter().all(|node| node.0 < 5));
        assert_eq!(of(Pick::Random(3)).len(), 3);
        let (minority, majority) = (of(Pick::Minority(p())), of(Pick::Majority(p())));
        assert!((minority.len(), majority.len()) == (2, 3) && in_p(&minority) && in_p(&majority));
        let with = [of(Pick::MinorityWith(p(), leader())), of(Pick::MajorityWith(p(), leader()))];
        assert!(
            with[0].len() == 2 && with[1].len() == 3 && with.iter().all(|w| w.contains(&three) && in_p(w))
        );
        let without = [of(Pick::MinorityWithout(p(), leader())), of(Pick::MajorityWithout(p(), leader()))];
        assert!(
            without[0].len() == 2 && without[1].len() == 3 && without.iter().all(|w| !w.contains(&three))
        );
    }
    let drawn: BTreeSet<_> = (0..100).map(|seed| wide(vec![Pick::Minority(p())], seed)).collect();
    assert_eq!(drawn.len(), 10, "every pair is drawn by some seed");
}

#[test]
fn what_a_shape_drew_gives_the_same_run_when_it_is_written_out() {
    let all = || (0..7).map(name).collect::<Vec<_>>();
    let everybody: Script = (0..7)
        .map(|node| (node, 1_500.ms(), (0..7).filter(|to| *to != node).map(|to| Send(to, 1)).collect()))
        .collect();
    let groups = |run: &Run| -> Vec<Vec<Pick>> {
        let named = |group: &Vec<NodeId>| group.iter().map(|node| name(node.0)).collect();
        run.faults[0].chose.iter().map(named).collect()
    };
    let shapes: [fn(Vec<Pick>) -> Fault; 5] =
        [Fault::Halves, Fault::Bridge, Fault::MinorityThird, Fault::MajoritiesRing, Fault::Isolate];
    for shape in shapes {
        let drawn = |seed| {
            let picks = if matches!(shape(vec![]), Fault::Isolate(_)) {
                vec![Pick::Random(2)]
            } else {
                vec![Pick::Service("p".into())]
            };
            let mut plan = plan(7, constant(1.ms()), vec![(1.s(), Some(1.s()), shape(picks))]);
            plan.seed = seed;
            plan
        };
        let chosen = run(drawn(3), everybody.clone());
        let fault = chosen.faults[0].planned.fault.as_drawn(groups(&chosen));
        let mut named = drawn(3);
        named.faults[0].fault = fault;
        let again = run(named, everybody.clone());
        assert_eq!(again.fingerprint, chosen.fingerprint, "{:?}", shape(all()));
        assert!(chosen.faults[0].bit());
        let others: BTreeSet<_> =
            (0..10).map(|seed| groups(&run(drawn(seed), everybody.clone())).len()).collect();
        assert!(!others.is_empty());
        let different: BTreeSet<_> =
            (0..10).map(|seed| format!("{:?}", groups(&run(drawn(seed), everybody.clone())))).collect();
        assert!(different.len() > 1, "the seed draws the shape");
    }
}

#[test]
fn a_fault_says_whether_a_quorum_was_lost_while_it_lasted() {
    let lost = |faults: Vec<(Span, Option<Span>, Fault)>| -> Vec<bool> {
        let run = run(plan(5, constant(1.ms()), faults), vec![]);
        run.faults.iter().map(|fault| fault.effect.quorum_lost).collect()
    };
    let some = |nodes: &[u32]| nodes.iter().map(|&node| name(node)).collect::<Vec<_>>();
    let crash = |at: u64, nodes: &[u32]| (at.s(), Some(1.s()), Fault::Crash(some(nodes)));
    assert_eq!(lost(vec![crash(1, &[0, 1]), crash(3, &[0, 1, 2])]), [false, true]);
    assert_eq!(
        lost(vec![crash(1, &[0, 1]), (1_500.ms(), Some(1.s()), Fault::Pause(some(&[2])))]),
        [true, true]
    );
    let split = |groups: &[&[u32]]| Fault::Split(groups.iter().map(|group| some(group)).collect());
    let cut = |fault| lost(vec![(1.s(), Some(1.s()), fault)]);
    assert_eq!(cut(split(&[&[0, 1], &[2, 3, 4]])), [false]);
    assert_eq!(cut(split(&[&[0, 1], &[2, 3], &[4]])), [true]);
    assert_eq!(cut(Fault::Bridge(some(&[0, 1, 2, 3, 4]))), [false], "the bridge reaches everybody");
    assert_eq!(cut(Fault::MajoritiesRing(some(&[0, 1, 2, 3, 4]))), [false]);
    assert_eq!(cut(Fault::Isolate(some(&[0, 1, 2]))), [true]);
    assert_eq!(cut(Fault::OneWay { from: some(&[0, 1, 2]), to: some(&[3, 4]) }), [false]);
    assert_eq!(cut(Fault::OneWay { from: some(&[0, 1]), to: some(&[2, 3, 4]) }), [false]);
    assert_eq!(cut(Fault::Clog { from: some(&[0, 1]), to: some(&[2, 3, 4]) }), [false]);
}

#[test]
fn leaders_that_rise_while_a_fault_lasts_are_counted() {
    let run = run(waiting(Schedule::At(moment(4_500))), reigns());
    assert_eq!((run.faults[0].effect.leader_changes, run.faults[0].effect.role_changes), (1, 1));
}
