//! Faults that overlap, on one node or in one moment: each does and undoes its own, and nothing else.

use crate::puppet::*;
use sim_core::{
    fault::{Condition, Fault, Keep, PlannedFault, Schedule, Shift},
    link::Transport,
    plan::{ClockPlan, HostPlan, Plan, ServicePlan, Timers},
    prelude::*,
    sample::Delay,
    stream::StreamPlan,
    time::Time,
};

fn two(faults: Vec<(Span, Option<Span>, Fault)>) -> Plan {
    plan(2, constant(1.ms()), faults)
}
fn boots(run: &sim_core::run::Run, node: u32) -> Vec<Span> {
    let boots = run
        .trace
        .as_ref()
        .unwrap()
        .entries()
        .filter(|e| e.kind == sim_core::trace::Kind::Boot && e.node == NodeId(node));
    boots.map(|e| Span(e.at.0)).collect()
}

#[test]
fn a_timer_that_waits_in_a_frozen_node_survives_a_clock_fault() {
    let of = || vec![name(0)];
    let drift = Fault::ClockDrift { of: of(), by: 0.5 };
    let run = run(
        two(vec![(1.s(), Some(3.s()), Fault::Pause(of())), (3.s(), Some(5.s()), drift)]),
        vec![(0, 100.ms(), vec![Set(1, 2.s())])],
    );
    assert_eq!(rang(&run, 0).iter().map(|r| r.0).collect::<Vec<_>>(), [4.s()]);
}
#[test]
fn a_timer_that_waits_behind_work_may_be_set_before_it() {
    // Line 0 works for 100 ms from 1 s on; meanwhile line 1 and Alarm(1) become due. Line 1 moves the alarm, and works.
    let run = run(
        two(vec![]),
        vec![
            (0, 900.ms(), vec![Set(1, 160.ms())]),
            (0, 1_000.ms(), vec![Work(100.ms())]),
            (0, 1_050.ms(), vec![Set(1, 10.ms()), Work(50.ms())]),
        ],
    );
    // Set anew at 1.1 s for 1.11 s, and the work that follows lasts until 1.15 s.
    assert_eq!(rang(&run, 0), [(1_150.ms(), "Alarm(1)".to_string())]);
}
#[test]
fn two_slow_clocks_at_once_are_both_undone() {
    let drift = || Fault::ClockDrift { of: vec![name(0)], by: -0.7 };
    // After both, a second takes a second. The crash starts the script anew: its lines count from the boot.
    let run = run(
        two(vec![
            (1.s(), Some(2.s()), drift()),
            (2.s(), Some(2.s()), drift()),
            (5.s(), Some(100.ms()), Fault::Crash(vec![name(0)])),
        ]),
        vec![(0, 1.s(), vec![Set(1, 1.s())])],
    );
    assert_eq!(rang(&run, 0).last().unwrap().0, 7_100.ms());
}
#[test]
fn a_timer_outlives_a_clock_that_nearly_stands_still() {
    let mut plan =
        two(vec![(1.s(), Some(1.s()), Fault::ClockDrift { of: vec![name(0)], by: -0.999_999_999 })]);
    plan.until = Time(60_000_000_000);
    let run = run(plan, vec![(0, 100.ms(), vec![Set(1, 30.s())])]);
    assert_eq!(rang(&run, 0).len(), 1);
}
#[test]
fn two_full_disks_at_once_end_when_the_last_one_does() {
    let full = || Fault::DiskFull(vec![name(1)]);
    let run = run(
        two(vec![(1.s(), Some(2.s()), full()), (2.s(), Some(2.s()), full())]),
        vec![(1, 1_500.ms(), vec![Write(1), Sync])],
    );
    assert_eq!(boots(&run, 1), [Span::ZERO, 4.s()]);
}
#[test]
fn a_node_that_crashed_before_its_disk_was_full_comes_back_when_it_no_longer_is() {
    let run = run(
        two(vec![
            (1.s(), Some(2.s()), Fault::Crash(vec![name(1)])),
            (2.s(), Some(2.s()), Fault::DiskFull(vec![name(1)])),
        ]),
        vec![],
    );
    assert_eq!(boots(&run, 1), [Span::ZERO, 4.s()]);
}
#[test]
fn a_sync_that_fails_as_the_fault_ends_does_not_hang() {
    let of = || vec![name(1)];
    let run = run(
        two(vec![(1.s(), Some(2.s()), Fault::Pause(of())), (1.s(), Some(2.s()), Fault::DiskFull(of()))]),
        vec![(1, 2.s(), vec![Write(1), Sync, Send(0, 1)])],
    );
    assert!(!delivered(&run, 0).is_empty() || boots(&run, 1).len() == 2, "neither answered nor stopped");
}
#[test]
fn a_fault_inside_another_counts_no_node_twice() {
    let of = || vec![name(1)];
    for fault in [Fault::Crash, Fault::Pause] {
        let run =
            run(two(vec![(1.s(), Some(5.s()), fault(of())), (2.s(), Some(1.s()), fault(of()))]), vec![]);
        assert_eq!(
            (run.faults[0].effect.nodes, run.faults[1].effect.nodes),
            (1, 0),
            "{}",
            run.faults[0].planned.fault
        );
    }
}
#[test]
fn a_wipe_that_outlasts_a_crash_counts_no_node_twice() {
    let of = || vec![name(1)];
    let run = run(
        two(vec![(1.s(), Some(2.s()), Fault::Crash(of())), (2.s(), Some(3.s()), Fault::Wipe(of()))]),
        vec![],
    );
    assert_eq!(run.faults[1].effect.nodes, 1);
}
#[test]
fn a_freeze_that_outlasts_another_counts_what_it_holds_back() {
    let of = || vec![name(1)];
    let run = run(
        two(vec![(1.s(), Some(1.s()), Fault::Pause(of())), (1_500.ms(), Some(3.s()), Fault::Pause(of()))]),
        vec![(0, 3.s(), vec![Send(1, 1)])],
    );
    assert_eq!(delivered(&run, 1), [(4_500.ms(), 1)]);
    assert_eq!((run.faults[0].effect.delayed, run.faults[1].effect.delayed), (0, 1));
}
#[test]
fn a_stall_that_outlasts_another_counts_what_it_holds_back() {
    let of = || vec![name(1)];
    let run = run(
        two(vec![(1.s(), Some(2.s()), Fault::DiskStall(of())), (2.s(), Some(3.s()), Fault::DiskStall(of()))]),
        vec![(1, 1_500.ms(), vec![Write(1), Sync, Send(0, 1)])],
    );
    assert_eq!(delivered(&run, 0), [(5_001.ms(), 1)]);
    assert!(run.faults[1].bit());
}
#[test]
fn full_disks_that_take_a_service_down_cost_its_quorum() {
    let of = (0..3).map(name).collect();
    let write = |node| (node, 1_500.ms(), vec![Write(1), Sync]);
    let run = run(
        plan(3, constant(1.ms()), vec![(1.s(), Some(2.s()), Fault::DiskFull(of))]),
        vec![write(0), write(1), write(2)],
    );
    assert_eq!(run.faults[0].effect.failed, 3);
    assert!(run.faults[0].effect.quorum_lost);
}
fn when(condition: Condition, fault: Fault) -> PlannedFault {
    let mut planned = PlannedFault::at("waits", Time::ZERO, None, fault);
    planned.when = Schedule::When { condition, from: Time::ZERO, latest: None };
    planned
}
#[test]
fn what_a_fault_brings_about_is_seen_at_once() {
    let mut plan = two(vec![(2.s(), None, Fault::Crash(vec![name(1)]))]);
    plan.faults.push(PlannedFault {
        when: Schedule::When {
            condition: Condition::NoRole("leader".into()),
            from: Time(1_500_000_000),
            latest: None,
        },
        ..when(Condition::NoRole("x".into()), Fault::Crash(vec![name(0)]))
    });
    let run = run(plan, vec![(0, 1.s(), vec![Send(1, 100)]), (0, 5.s(), vec![Look])]);
    let waits = run.faults.iter().find(|f| f.planned.name == "waits").unwrap();
    assert_eq!(waits.struck, Some(Time(2_000_000_001)));
}
#[test]
fn a_leader_that_is_frozen_for_a_while_took_its_role_once() {
    let mut plan = two(vec![(2.s(), Some(1.s()), Fault::Pause(vec![name(1)]))]);
    plan.faults.push(when(Condition::RoleTaken("leader".into(), 2), Fault::Crash(vec![name(0)])));
    let run = run(plan, vec![(0, 1.s(), vec![Send(1, 100)]), (0, 5.s(), vec![Look])]);
    let waits = run.faults.iter().find(|f| f.planned.name == "waits").unwrap();
    assert_eq!(waits.struck, None);
}
#[test]
fn what_clients_show_is_not_waited_for() {
    let mut plan = Plan::new(
        1,
        Time(10_000_000_000),
        vec![ServicePlan::new("p", 2), ServicePlan::clients(1)],
        constant(1.ms()),
    );
    plan.faults.push(when(Condition::Shows("count".into(), 1), Fault::Crash(vec![name(0)])));
    let mut world = sim_core::world::World::new(plan);
    world.populate::<Puppet>(Lines(vec![]), None).unwrap();
    world.populate::<Puppet>(Lines(vec![(0, 1.s(), vec![Send(2, 1)])]), None).unwrap();
    world.run(1000);
    let run = world.finish();
    assert_eq!(run.faults[0].struck, None);
}
#[test]
fn a_reset_of_clocks_that_are_right_bites_nothing() {
    let run = run(two(vec![(1.s(), None, Fault::ClockReset(vec![name(0)]))]), vec![]);
    assert!(!run.faults[0].bit());
}
#[test]
fn nothing_strikes_when_the_calm_begins() {
    let mut plan = two(vec![(2.s(), None, Fault::Crash(vec![name(0)]))]);
    plan.calm_from = Time(2_000_000_000);
    let run = run(plan, vec![]);
    assert_eq!((run.faults[0].struck, boots(&run, 0).len()), (None, 1));
}
#[test]
fn a_node_that_cannot_start_is_no_part_of_the_quorum_that_is_kept() {
    let mut plan = plan(
        3,
        constant(1.ms()),
        vec![
            (1.s(), None, Fault::BitRot { of: vec![name(0)], records: 2 }),
            (2.s(), Some(1.s()), Fault::Crash(vec![name(0)])),
            (4.s(), None, Fault::Crash(vec![name(1)])),
        ],
    );
    plan.faults[2].keep = Keep::Quorum;
    let run = run(plan, vec![(0, 500.ms(), vec![Write(1), Sync])]);
    assert_eq!(boots(&run, 0).len(), 1, "it does not start");
    assert!(!run.faults[2].effect.quorum_lost, "{:?}", run.faults[2].effect);
}
#[test]
fn a_fault_of_no_length_is_over_at_once() {
    let run = run(two(vec![(1.s(), Some(Span::ZERO), Fault::Crash(vec![name(0)]))]), vec![]);
    assert_eq!(run.faults[0].ended, Some(Time(1_000_000_000)));
}
#[test]
fn a_strobe_whose_node_crashes_and_is_reset_leaves_the_clock_right() {
    let of = || vec![name(0)];
    let mut plan = two(vec![
        (1.s(), Some(4.s()), Fault::ClockStrobe { of: of(), by: Shift::Ahead(1.s()), every: 300.ms() }),
        (1_200.ms(), Some(100.ms()), Fault::Crash(of())),
        (1_250.ms(), None, Fault::ClockReset(of())),
        (2.s(), Some(3.s()), Fault::ClockJump { of: of(), by: Shift::Behind(1.s()) }),
        (2_500.ms(), Some(1.s()), Fault::ClockDrift { of: of(), by: 0.25 }),
    ]);
    plan.services[0].clock = ClockPlan { timers: Timers::Wall, ..ClockPlan::default() };
    let run = run(plan, vec![(0, 7.s(), vec![Look])]);
    // Booted at 1.3 s with a clock that was right again; the jump was undone, and the drift gained a quarter of a second.
    assert_eq!(looked(&run, 0), [(8_050.ms(), "8.3s".to_string())]);
}
#[test]
fn a_message_waits_for_a_core_across_a_freeze_and_a_crash() {
    let of = || vec![name(1)];
    let mut plan =
        two(vec![(105.ms(), Some(1.s()), Fault::Pause(of())), (600.ms(), Some(1.s()), Fault::Crash(of()))]);
    plan.services[0].host =
        HostPlan { message: Delay::Constant(10.ms()), queue: Some(1), ..HostPlan::default() };
    let mut world = world(
        plan,
        (0..20).map(|i| (0, (100 + 40 * i).ms(), vec![Send(1, 1), Send(1, 2), Send(1, 3)])).collect(),
    );
    world.run(1_000_000);
    assert_eq!(world.pending(), 0);
}
#[test]
fn a_crash_outlasts_the_full_disk_that_took_the_process_before() {
    let run = run(
        two(vec![
            (1.s(), Some(2.s()), Fault::DiskFull(vec![name(1)])),
            (2.s(), Some(3.s()), Fault::Crash(vec![name(1)])),
        ]),
        vec![(1, 1_500.ms(), vec![Write(1), Sync]), (0, 4.s(), vec![Send(1, 1)])],
    );
    assert_eq!(boots(&run, 1), [Span::ZERO, 5.s()]);
    assert_eq!(
        (run.faults[1].effect.nodes, run.faults[1].effect.dropped),
        (1, 1),
        "it is the crash's by then"
    );
}
/// A host whose process is dead refuses connections at once. One without power answers nobody.
#[test]
fn a_power_loss_silences_the_host_of_a_dead_process() {
    let mut network = constant(1.ms());
    network.default.transport = Transport::Stream(StreamPlan::default());
    let sends = |faults| run(plan(2, network.clone(), faults), vec![(0, 3.s(), vec![Send(1, 1)])]);
    let crash = || (1.s(), Some(4.s()), Fault::Crash(vec![name(1)]));
    let refused = sends(vec![crash()]);
    assert_eq!((refused.traffic.streams.resets, delivered(&refused, 1).len()), (1, 0));
    let dark = sends(vec![crash(), (2.s(), Some(2.s()), Fault::PowerLoss(vec![name(1)]))]);
    assert_eq!(dark.traffic.streams.resets, 1, "at 4 s it has power again, and refuses the second try");
    assert_eq!((dark.faults[1].effect.nodes, dark.faults[1].effect.dropped), (1, 1));
    assert_eq!(dark.faults[0].effect.dropped, 1);
}
#[test]
fn a_freeze_that_stops_nothing_but_work_has_bitten() {
    let run = run(
        two(vec![(1_504.ms(), Some(1.s()), Fault::Pause(vec![name(0)]))]),
        vec![(0, 1_500.ms(), vec![Work(10.ms()), Send(1, 1)])],
    );
    assert_eq!((run.faults[0].effect.delayed, run.faults[0].bit()), (1, true));
}
#[test]
fn a_freeze_within_another_counts_what_waits_on() {
    let of = || vec![name(0)];
    let faults = vec![(1.s(), Some(2.s()), Fault::Pause(of())), (2.s(), Some(3.s()), Fault::Pause(of()))];
    let run = run(two(faults), vec![(1, 1_500.ms(), vec![Send(0, 1)])]);
    assert_eq!(delivered(&run, 0), [(5.s(), 1)]);
    assert_eq!([0, 1].map(|fault| run.faults[fault].effect.delayed), [1, 1]);
}
#[test]
fn a_fault_that_did_nothing_hands_nothing_over() {
    let of = || vec![name(1)];
    let faults = vec![
        (4.s(), Some(1.s()), Fault::Crash(of())),
        (1.s(), Some(8.s()), Fault::Crash(of())),
        (2.s(), Some(2500.ms()), Fault::Crash(of())),
    ];
    let run = run(two(faults), vec![(0, 6.s(), vec![Send(1, 1)])]);
    let effects = [0, 1, 2].map(|fault| (run.faults[fault].effect.nodes, run.faults[fault].effect.dropped));
    // In the order of their strikes.
    assert_eq!(effects, [(1, 1), (0, 0), (0, 0)]);
}
#[test]
fn however_slow_a_disk_was_it_goes_on_when_all_is_over() {
    let slow = || Fault::DiskSlow { of: vec![name(0)], factor: 1e6 };
    let faults = (0..4).map(|_| (1.s(), Some(1.s()), slow())).collect();
    let run = run(two(faults), vec![(0, 1_500.ms(), vec![Write(1), Sync, Send(1, 1)])]);
    assert_eq!(delivered(&run, 1).len(), 1);
}
#[test]
fn a_boot_that_is_refused_gives_a_dark_host_no_power() {
    let mut network = constant(1.ms());
    network.default.transport = Transport::Stream(StreamPlan::default());
    let of = || vec![name(1)];
    let faults = vec![
        (1.s(), Some(6.s()), Fault::DiskFull(of())),
        (2.s(), Some(4.s()), Fault::PowerLoss(of())),
        (3.s(), None, Fault::Restart(of())),
    ];
    let script = vec![(1, 1_500.ms(), vec![Write(1), Sync]), (0, 4.s(), vec![Send(1, 1)])];
    let run = run(plan(2, network, faults), script);
    let restart = &run.faults[2];
    assert_eq!((restart.effect.nodes, restart.effect.failed, restart.bit()), (0, 1, true));
    // Its Syns at 4 s and 5 s meet no host; only that of 7 s is answered.
    assert_eq!(run.faults[1].effect.dropped, 2);
}
