//! Every fault of hosts, clocks and disks: it does what it says, only that, only to those it chose, and it ends.

use crate::puppet::*;
use sim_core::{
    fault::{Fault, Keep, Shift},
    plan::{ClockPlan, Damage, HostPlan, Plan, Timers},
    prelude::*,
    sample::Delay,
    time::Time,
};

fn two(faults: Vec<(Span, Option<Span>, Fault)>) -> Plan {
    plan(2, constant(1.ms()), faults)
}

/// What the node found on its disk at each of its boots.
fn found(run: &sim_core::run::Run, node: u32) -> Vec<String> {
    noted(run, node).into_iter().map(|(_, text)| text).filter(|text| text.starts_with('[')).collect()
}

// Hosts.

#[test]
fn a_power_loss_leaves_nothing_that_was_not_synced_whatever_the_seed() {
    let script = vec![(1, 100.ms(), vec![Write(1), Sync]), (1, 200.ms(), vec![Write(2)])];
    let after = |fault: fn(Vec<sim_core::fault::Pick>) -> Fault| {
        let one = |seed| {
            let mut plan = two(vec![(1.s(), Some(1.s()), fault(vec![name(1)]))]);
            plan.seed = seed;
            let run = run(plan, script.clone());
            (found(&run, 1)[1].clone(), run.faults[0].effect.records > 0)
        };
        (0..30).map(one).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(after(Fault::PowerLoss), [("[1]".into(), true)].into());
    let killed = after(Fault::Crash);
    assert!(
        killed.iter().any(|(found, _)| found == "[1, 2]"),
        "a killed process leaves the page cache: {killed:?}"
    );
}

#[test]
fn a_wipe_leaves_nothing_at_all() {
    let script = vec![(1, 100.ms(), vec![Write(1), Sync]), (0, 100.ms(), vec![Write(1), Sync])];
    let run = run(two(vec![(1.s(), Some(1.s()), Fault::Wipe(vec![name(1)]))]), script);
    assert_eq!(found(&run, 1), ["[]", "[]"]);
    assert_eq!(found(&run, 0), ["[]"], "the other one did not even boot again");
    // The value and the one record of the log.
    assert_eq!((run.faults[0].effect.records, run.faults[0].effect.nodes), (2, 1));
    assert_eq!(run.faults[0].ended, Some(Time(2_000_000_000)));
}

#[test]
fn a_slow_processor_takes_so_many_times_as_long_while_it_lasts() {
    let work = |at: Span| (0, at, vec![Work(10.ms()), Send(1, at.0)]);
    let script = vec![work(1_500.ms()), work(2_500.ms())];
    let slow = Fault::Slow { of: vec![name(0)], factor: 5.0 };
    let run = run(two(vec![(1.s(), Some(1.s()), slow)]), script);
    let when: Vec<Span> = delivered(&run, 1).into_iter().map(|(at, _)| at).collect();
    assert_eq!(when, [1_551.ms(), 2_511.ms()]);
    assert_eq!((run.faults[0].effect.delayed, run.faults[0].bit()), (1, true));
}

#[test]
fn a_slow_processor_that_nobody_uses_bites_nothing() {
    let slow = Fault::Slow { of: vec![name(0)], factor: 5.0 };
    let run = run(two(vec![(1.s(), Some(1.s()), slow)]), vec![(0, 1_500.ms(), vec![Send(1, 1)])]);
    assert_eq!(delivered(&run, 1), [(1_501.ms(), 1)]);
    assert!(!run.faults[0].bit());
}

#[test]
fn work_under_way_goes_on_at_the_new_pace_when_a_processor_becomes_slow_and_when_it_recovers() {
    let slow = || Fault::Slow { of: vec![name(0)], factor: 5.0 };
    let when = |from: Span, lasts| {
        let run = run(
            two(vec![(from, Some(lasts), slow())]),
            vec![(0, 1_500.ms(), vec![Work(10.ms()), Send(1, 1)])],
        );
        (delivered(&run, 1)[0].0, run.faults[0].effect.delayed)
    };
    assert_eq!(when(1.s(), 520.ms()), (1_527.ms(), 1), "4 ms of work in 20 ms, and 6 ms at the old pace");
    assert_eq!(when(1_505.ms(), 1.s()), (1_531.ms(), 1), "5 ms, and 5 ms that take 25 ms");
    assert_eq!(when(1_505.ms(), 5.ms()), (1_515.ms(), 1), "5 ms, 1 ms in 5 ms, and 4 ms");
}

#[test]
fn inputs_on_a_core_go_on_at_the_new_pace_too() {
    let slow = Fault::Slow { of: vec![name(1)], factor: 1_000.0 };
    let mut plan = two(vec![(105.ms(), Some(1.s()), slow)]);
    plan.services[0].host = HostPlan { message: Delay::Constant(10.ms()), ..HostPlan::default() };
    let run = run(plan, vec![(0, 100.ms(), vec![Send(1, 1), Send(1, 2)])]);
    // 4 ms, 1 ms in a second, 5 ms.
    assert_eq!(delivered(&run, 1), [(1_110.ms(), 1), (1_120.ms(), 2)]);
}

#[test]
fn a_frozen_process_does_no_work_and_goes_on_where_it_stood() {
    let mut plan = two(vec![(105.ms(), Some(1.s()), Fault::Pause(vec![name(1)]))]);
    plan.services[0].host = HostPlan { message: Delay::Constant(10.ms()), ..HostPlan::default() };
    let run1 = run(plan, vec![(0, 100.ms(), vec![Send(1, 1), Send(1, 2)]), (0, 500.ms(), vec![Send(1, 3)])]);
    assert_eq!(delivered(&run1, 1), [(1_111.ms(), 1), (1_121.ms(), 2), (1_131.ms(), 3)]);
    // What a step itself asks for stands still as well; a slow processor does not make it go.
    let faults = vec![
        (1_504.ms(), Some(1.s()), Fault::Pause(vec![name(0)])),
        (1_600.ms(), Some(100.ms()), Fault::Slow { of: vec![name(0)], factor: 0.001 }),
    ];
    let run2 = run(two(faults), vec![(0, 1_500.ms(), vec![Work(10.ms()), Send(1, 1)])]);
    assert_eq!(delivered(&run2, 1), [(2_511.ms(), 1)]);
}

#[test]
fn inputs_cost_processor_time_and_wait_for_a_core() {
    let sends = vec![(0, 100.ms(), vec![Send(1, 1), Send(1, 2), Send(1, 3)])];
    let on = |cores, queue| {
        let mut plan = two(vec![]);
        let message = Delay::Constant(10.ms());
        plan.services[0].host = HostPlan { cores, message, queue, ..HostPlan::default() };
        run(plan, sends.clone())
    };
    let when = |run: &sim_core::run::Run| delivered(run, 1).iter().map(|d| d.0).collect::<Vec<_>>();
    assert_eq!(when(&on(1, None)), [111.ms(), 121.ms(), 131.ms()]);
    assert_eq!(when(&on(2, None)), [111.ms(), 111.ms(), 121.ms()]);
    let bounded = on(1, Some(1));
    assert_eq!(when(&bounded), [111.ms(), 121.ms()], "one is served, one waits, one is too many");
    assert_eq!(bounded.traffic.refused, 1);
}

#[test]
fn what_waits_for_a_core_dies_with_the_process_and_leaks_nothing() {
    let mut plan = two(vec![(105.ms(), Some(1.s()), Fault::Crash(vec![name(1)]))]);
    plan.services[0].host = HostPlan { message: Delay::Constant(10.ms()), ..HostPlan::default() };
    let mut world = world(plan, vec![(0, 100.ms(), vec![Send(1, 1), Send(1, 2), Send(1, 3)])]);
    world.run(1_000_000);
    assert_eq!(world.pending(), 0);
    assert_eq!(delivered(&world.finish(), 1), []);
}

// Clocks.

#[test]
fn a_clock_jump_is_seen_by_whoever_looks_and_is_undone() {
    let looks = vec![(0, 500.ms(), vec![Look]), (0, 1_500.ms(), vec![Look]), (0, 2_500.ms(), vec![Look])];
    let jump = |by| Fault::ClockJump { of: vec![name(0)], by };
    let run1 = run(two(vec![(1.s(), Some(1.s()), jump(Shift::Ahead(5.s())))]), looks.clone());
    let shown: Vec<String> = looked(&run1, 0).into_iter().map(|(_, shown)| shown).collect();
    assert_eq!(shown, ["500ms", "6.5s", "2.5s"]);
    assert_eq!((run1.faults[0].effect.misled, run1.faults[0].bit()), (1, true));
    let run2 = run(two(vec![(1.s(), None, jump(Shift::Behind(300.ms())))]), looks);
    let shown: Vec<String> = looked(&run2, 0).into_iter().map(|(_, shown)| shown).collect();
    assert_eq!(shown, ["500ms", "1.2s", "2.2s"]);
    // Nobody looks: it bit nothing.
    assert!(!run(two(vec![(1.s(), None, jump(Shift::Ahead(1.s())))]), vec![]).faults[0].bit());
}

#[test]
fn a_jump_moves_timers_only_where_they_follow_the_clock_that_is_shown() {
    let script = vec![(0, 100.ms(), vec![Set(1, 4.s()), After(2, 3.s()), Set(3, 1.s())])];
    let ring = |timers, by| {
        let mut plan = two(vec![(2.s(), None, Fault::ClockJump { of: vec![name(0)], by })]);
        plan.services[0].clock = ClockPlan { timers, ..ClockPlan::default() };
        rang(&run(plan, script.clone()), 0)
    };
    let at = |list: &[(u64, u8)]| {
        list.iter().map(|(ms, alarm)| (ms.ms(), format!("Alarm({alarm})"))).collect::<Vec<_>>()
    };
    let ahead = Shift::Ahead(1.s());
    assert_eq!(ring(Timers::Monotonic, ahead), at(&[(1_100, 3), (3_100, 2), (4_100, 1)]));
    assert_eq!(ring(Timers::Wall, ahead), at(&[(1_100, 3), (2_100, 2), (3_100, 1)]));
    assert_eq!(ring(Timers::Wall, Shift::Behind(1.s())), at(&[(1_100, 3), (4_100, 2), (5_100, 1)]));
    // What would be overdue by far rings at once.
    assert_eq!(ring(Timers::Wall, Shift::Ahead(60.s())), at(&[(1_100, 3), (2_000, 2), (2_000, 1)]));
}

#[test]
fn huge_jumps_at_once_are_all_undone() {
    let jump = || Fault::ClockJump { of: vec![name(0)], by: Shift::Ahead(Span(i64::MAX as u64)) };
    let faults = (1..=5).map(|at| (at.s(), Some(1500.ms()), jump())).collect();
    let run = run(two(faults), vec![(0, 9.s(), vec![Look])]);
    assert_eq!(looked(&run, 0), [(9.s(), "9s".to_string())]);
}

#[test]
fn a_drifting_clock_changes_the_rate_of_running_timers_too_and_keeps_what_it_gained() {
    let script = vec![(0, 0.ms(), vec![Set(1, 4.s())]), (0, 6_500.ms(), vec![Look])];
    let drift = Fault::ClockDrift { of: vec![name(0)], by: 1.0 };
    let run = run(two(vec![(2.s(), Some(2.s()), drift)]), script);
    // Two seconds at its own pace, the other two in one.
    assert_eq!(rang(&run, 0), [(3.s(), "Alarm(1)".to_string())]);
    // It gained two seconds; the script's line at 6.5 s was set at the boot, and is early by them as well.
    assert_eq!(looked(&run, 0), [(4_500.ms(), "6.5s".to_string())]);
    assert!(run.faults[0].bit());
}

#[test]
fn a_strobe_sets_the_clock_off_and_right_again_until_it_ends() {
    let looks = (0..8).map(|i| (0, (950 + 100 * i).ms(), vec![Look])).collect();
    let strobe = Fault::ClockStrobe { of: vec![name(0)], by: Shift::Ahead(1.s()), every: 100.ms() };
    let run = run(two(vec![(1.s(), Some(500.ms()), strobe)]), looks);
    let shown: Vec<String> = looked(&run, 0).into_iter().map(|(_, shown)| shown).collect();
    assert_eq!(shown, ["950ms", "2.05s", "1.15s", "2.25s", "1.35s", "2.45s", "1.55s", "1.65s"]);
    assert_eq!(run.faults[0].effect.misled, 3);
}

#[test]
fn a_clock_reset_sets_clocks_right_and_ends_their_faults() {
    let looks = vec![(0, 3_400.ms(), vec![Look]), (1, 3_500.ms(), vec![Look])];
    let both = || vec![name(0), name(1)];
    let faults = vec![
        (1.s(), None, Fault::ClockJump { of: both(), by: Shift::Ahead(7.s()) }),
        (1.s(), None, Fault::ClockDrift { of: vec![name(0)], by: 0.5 }),
        (2.s(), None, Fault::ClockReset(vec![name(0)])),
        (3.s(), None, Fault::ClockReset(vec![name(1)])),
    ];
    let run = run(two(faults), looks);
    let shown = |node| looked(&run, node)[0].1.clone();
    // The line at 3.4 s came half a second early, measured by the clock that ran fast for a second; 3.5 s did not.
    assert_eq!((shown(0), shown(1)), ("2.9s".into(), "3.5s".into()));
    assert_eq!(run.faults[0].ended, Some(Time(3_000_000_000)));
    assert_eq!(run.faults[1].ended, Some(Time(2_000_000_000)));
}

// Disks.

fn syncs(times: &[u64]) -> Script {
    times.iter().map(|&ms| (0, ms.ms(), vec![Write(ms), Sync, Send(1, ms)])).collect()
}

#[test]
fn a_slow_disk_takes_so_many_times_as_long_while_it_lasts() {
    let slow = Fault::DiskSlow { of: vec![name(0)], factor: 10.0 };
    let run = run(two(vec![(1.s(), Some(1.s()), slow)]), syncs(&[500, 1_500, 2_500]));
    let when: Vec<Span> = delivered(&run, 1).into_iter().map(|(at, _)| at).collect();
    assert_eq!(when, [506.ms(), 1_551.ms(), 2_506.ms()]);
    assert_eq!(run.faults[0].effect.delayed, 1);
}

#[test]
fn a_sync_under_way_goes_on_at_the_new_pace() {
    let when = |from: Span, lasts| {
        let slow = Fault::DiskSlow { of: vec![name(0)], factor: 1_000.0 };
        let run = run(two(vec![(from, Some(lasts), slow)]), syncs(&[1_500]));
        (delivered(&run, 1)[0].0, run.faults[0].effect.delayed)
    };
    assert_eq!(when(1.s(), 1_500.ms()), (2_505.ms(), 1), "1 ms in a second, 4 ms at the old pace");
    assert_eq!(when(1_504.ms(), 2.s()), (2_505.ms(), 1), "4 ms, and 1 ms that takes a second");
}

#[test]
fn each_record_that_a_sync_writes_adds_to_it() {
    let mut plan = two(vec![]);
    plan.services[0].disk.write = Delay::Constant(1.ms());
    // Each write changes the value and appends a record.
    let run = run(plan, vec![(0, 100.ms(), vec![Write(1), Write(2), Write(3), Sync, Send(1, 1)])]);
    assert_eq!(
        delivered(&run, 1),
        [(110.ms(), 1)],
        "5 ms, 1 ms for the value, 3 ms for the records, 1 ms of network"
    );
}

#[test]
fn no_sync_is_over_before_a_disk_stall_is() {
    let stall = Fault::DiskStall(vec![name(0)]);
    let run = run(two(vec![(1.s(), Some(1.s()), stall)]), syncs(&[998, 1_500, 2_500]));
    let when: Vec<Span> = delivered(&run, 1).into_iter().map(|(at, _)| at).collect();
    // The first was under way; the second waits behind it and is made after it.
    assert_eq!(when, [2_001.ms(), 2_006.ms(), 2_506.ms()]);
    assert!(run.faults[0].bit());
}

#[test]
fn a_full_disk_stops_the_process_that_writes_until_there_is_room() {
    let full = Fault::DiskFull(vec![name(0)]);
    let mut script = syncs(&[500, 1_500]);
    script.push((1, 1_600.ms(), vec![Send(0, 7)]));
    script.push((1, 2_600.ms(), vec![Send(0, 8)]));
    let run1 = run(two(vec![(1.s(), Some(1.s()), full)]), script);
    assert_eq!(delivered(&run1, 0), [(2_601.ms(), 8)], "it was down from 1.5 s to 2 s");
    assert_eq!(found(&run1, 0).len(), 2);
    assert_eq!(
        (run1.faults[0].effect.failed, run1.faults[0].effect.dropped),
        (1, 1),
        "a sync, and a message"
    );
    // Who only reads does not notice.
    let idle = vec![(1, 1_600.ms(), vec![Send(0, 7)])];
    let run2 = run(two(vec![(1.s(), Some(1.s()), Fault::DiskFull(vec![name(0)]))]), idle);
    assert_eq!(delivered(&run2, 0), [(1_601.ms(), 7)]);
    assert!(!run2.faults[0].bit());
}

#[test]
fn a_full_disk_keeps_a_killed_process_from_booting() {
    let faults = vec![
        (1.s(), Some(3.s()), Fault::DiskFull(vec![name(0)])),
        (2.s(), Some(1.s()), Fault::Crash(vec![name(0)])),
        (5.s(), None, Fault::Restart(vec![name(0)])),
    ];
    let run = run(two(faults), vec![(1, 3_500.ms(), vec![Send(0, 1)]), (1, 5_500.ms(), vec![Send(0, 2)])]);
    assert_eq!(delivered(&run, 0), [(5_501.ms(), 2)]);
    let full = &run.faults[0];
    assert_eq!((full.effect.failed, full.effect.dropped, full.bit()), (1, 1, true), "a boot, and a message");
}

#[test]
fn bit_rot_is_found_at_the_next_boot_and_what_follows_is_as_planned() {
    let script: Script = vec![(0, 100.ms(), vec![Write(1), Write(2), Write(3), Sync])];
    let after = |damage, crashed: bool| {
        let rot = Fault::BitRot { of: vec![name(0)], records: 100 };
        let mut faults = vec![(1.s(), None, rot)];
        if crashed {
            faults.push((2.s(), Some(1.s()), Fault::Crash(vec![name(0)])));
        }
        let mut plan = two(faults);
        plan.services[0].disk.damage = damage;
        run(plan, script.clone())
    };
    let unnoticed = after(Damage::Stop, false);
    assert_eq!(unnoticed.faults[0].effect.records, 4, "the value and three records");
    assert_eq!(found(&unnoticed, 0), ["[]"], "nobody reads what is in memory already");
    let stopped = after(Damage::Stop, true);
    assert_eq!(found(&stopped, 0), ["[]"]);
    assert_eq!((unnoticed.faults[0].effect.failed, stopped.faults[0].effect.failed), (0, 1));
    let (_, remark) = noted(&stopped, 0).pop().unwrap();
    assert_eq!(remark, "4 damaged on disk: does not start");
    assert_eq!(found(&after(Damage::Truncate, true), 0), ["[]", "[]"]);
}

#[test]
fn bit_rot_that_keeps_a_quorum_leaves_every_record_whole_on_a_majority() {
    let script: Script =
        (0..5).map(|node| (node, 100.ms(), (1..=20).map(Write).chain([Sync]).collect())).collect();
    let rot = || Fault::BitRot { of: (0..5).map(name).collect(), records: 15 };
    let after = |keep| {
        let mut plan = plan(5, constant(1.ms()), vec![(1.s(), None, rot())]);
        plan.faults[0].keep = keep;
        run(plan, script.clone()).faults.remove(0).effect
    };
    assert_eq!(after(Keep::Nothing).records, 75);
    let spared = after(Keep::Quorum);
    // A process that finds damage does not start, and has nothing: two of five may.
    assert_eq!((spared.records, spared.nodes, spared.spared), (30, 2, 3));
}

/// Two of three have it all, and the third has half of it.
#[test]
fn a_wipe_and_rot_that_must_keep_a_quorum_ask_what_the_others_have() {
    let mut script: Script = (0..3).map(|node| (node, 100.ms(), vec![Write(1), Sync])).collect();
    script.extend((0..2).map(|node| (node, 200.ms(), vec![Write(2), Sync])));
    let chose = |damage, fault: Fault| {
        let mut plan = plan(3, constant(1.ms()), vec![(1.s(), Some(1.s()), fault)]);
        plan.services[0].disk.damage = damage;
        plan.faults[0].keep = Keep::Quorum;
        let effect = run(plan, script.clone()).faults.remove(0).effect;
        (effect.nodes, effect.spared)
    };
    for damage in [Damage::Stop, Damage::Truncate] {
        let rot = |node| Fault::BitRot { of: vec![name(node)], records: 1 };
        for (node, expected) in [(0, (0, 1)), (1, (0, 1)), (2, (1, 0))] {
            assert_eq!(chose(damage, Fault::Wipe(vec![name(node)])), expected, "wipe of {node}");
            assert_eq!(chose(damage, rot(node)), expected, "rot of {node}");
        }
    }
}

/// The first has what nobody else has, and is spared. That costs the others nothing.
#[test]
fn who_was_spared_is_still_there_for_the_others() {
    let mut script: Script = (0..3).map(|node| (node, 100.ms(), vec![Write(1), Sync])).collect();
    script.push((0, 200.ms(), vec![Write(2), Sync]));
    let wipe = Fault::Wipe((0..3).map(name).collect());
    let mut plan = plan(3, constant(1.ms()), vec![(1.s(), Some(1.s()), wipe)]);
    plan.faults[0].keep = Keep::Quorum;
    let run = run(plan, script);
    assert_eq!(run.faults[0].chose, [vec![NodeId(1)]]);
}

/// As many records, and others.
#[test]
fn a_log_that_says_something_else_is_no_copy() {
    let mut script: Script = (0..3).map(|node| (node, 100.ms(), vec![Write(1), Sync])).collect();
    script.extend([
        (0, 200.ms(), vec![Write(2), Sync]),
        (1, 200.ms(), vec![Write(2), Sync]),
        (2, 200.ms(), vec![Write(3), Sync]),
    ]);
    let mut plan = plan(3, constant(1.ms()), vec![(1.s(), Some(1.s()), Fault::Wipe(vec![name(0)]))]);
    plan.faults[0].keep = Keep::Quorum;
    assert_eq!(run(plan, script).faults[0].effect.spared, 1);
}

#[test]
fn rot_hits_the_same_records_of_a_node_whoever_else_it_hits() {
    let script: Script =
        (0..3).map(|node| (node, 100.ms(), (1..=40).map(Write).chain([Sync]).collect())).collect();
    let left = |of: &[u32]| {
        let rot = Fault::BitRot { of: of.iter().map(|&node| name(node)).collect(), records: 1 };
        let mut plan = plan(
            3,
            constant(1.ms()),
            vec![(1.s(), None, rot), (2.s(), Some(1.s()), Fault::Crash(vec![name(2)]))],
        );
        plan.services[0].disk.damage = Damage::Truncate;
        found(&run(plan, script.clone()), 2)[1].clone()
    };
    assert_eq!(left(&[2]), left(&[0, 1, 2]));
    assert_eq!(left(&[2]), left(&[1, 2]));
}

#[test]
fn what_must_keep_a_quorum_spares_the_nodes_that_would_break_it() {
    let all = || (0..5).map(name).collect::<Vec<_>>();
    let faults = vec![(1.s(), None, Fault::Pause(vec![name(0)])), (2.s(), None, Fault::Crash(all()))];
    let mut plan = plan(5, constant(1.ms()), faults);
    plan.faults[1].keep = Keep::Quorum;
    let run = run(plan, vec![]);
    // One is frozen already and may as well die; one more may.
    assert_eq!(run.faults[1].chose, [vec![NodeId(0), NodeId(1)]]);
    assert_eq!((run.faults[1].effect.nodes, run.faults[1].effect.spared), (2, 3));
    assert!(!run.faults[1].effect.quorum_lost);
}

#[test]
fn end_ends_the_fault_it_names_and_no_other() {
    let faults = vec![
        (1.s(), None, Fault::Crash(vec![name(0)])),
        (1.s(), None, Fault::Crash(vec![name(1)])),
        (2.s(), None, Fault::End("fault-0".into())),
        (3.s(), None, Fault::End("fault-0".into())),
    ];
    let run = run(two(faults), vec![]);
    assert_eq!(run.faults[0].ended, Some(Time(2_000_000_000)));
    assert_eq!(run.faults[1].ended, None);
    assert_eq!((run.faults[2].bit(), run.faults[3].bit()), (true, false));
    assert_eq!((found(&run, 0).len(), found(&run, 1).len()), (2, 1));
}

#[test]
fn what_must_keep_a_quorum_counts_cuts_as_well() {
    let side = |nodes: &[u32]| nodes.iter().map(|&node| name(node)).collect::<Vec<_>>();
    let faults = vec![
        (1.s(), None, Fault::Split(vec![side(&[0, 1]), side(&[2, 3, 4])])),
        (2.s(), None, Fault::PowerLoss(side(&[0, 4]))),
        (3.s(), None, Fault::Isolate(side(&[3]))),
        (4.s(), None, Fault::Isolate(side(&[1]))),
    ];
    let mut plan = plan(5, constant(1.ms()), faults);
    plan.faults.iter_mut().for_each(|fault| fault.keep = Keep::Quorum);
    let run = run(plan, vec![]);
    // Of the three that are a majority none may go; of the other two any.
    assert_eq!(run.faults[1].chose, [vec![NodeId(0)]]);
    assert_eq!((run.faults[2].effect.spared, run.faults[2].ended), (1, Some(Time(3_000_000_000))));
    assert_eq!((run.faults[3].effect.spared, run.faults[3].ended), (0, None));
    assert!(run.faults.iter().all(|fault| !fault.effect.quorum_lost));
}

#[test]
fn a_full_disk_that_stops_a_majority_has_cost_the_quorum() {
    let full = Fault::DiskFull((0..3).map(name).collect());
    let script: Script = (0..3).map(|node| (node, 1_500.ms(), vec![Write(1), Sync])).collect();
    let run = run(plan(5, constant(1.ms()), vec![(1.s(), Some(1.s()), full)]), script);
    assert!(run.faults[0].effect.quorum_lost);
    assert_eq!(run.faults[0].effect.failed, 3);
}

/// What a full run queue turns away while a fault holds the node up is that fault's.
#[test]
fn a_run_queue_that_a_fault_filled_turns_away_on_its_account() {
    let faults = [Fault::Pause(vec![name(1)]), Fault::Slow { of: vec![name(1)], factor: 1_000.0 }];
    for fault in faults {
        let mut plan = two(vec![(1.s(), Some(1.s()), fault)]);
        plan.services[0].host =
            HostPlan { message: Delay::Constant(10.ms()), queue: Some(1), ..HostPlan::default() };
        let sends = (0..5).map(|i| (0, (1_100 + 20 * i).ms(), vec![Send(1, i)])).collect();
        let run = run(plan, sends);
        let effect = run.faults[0].effect;
        assert!(run.traffic.refused >= 3, "{}", run.traffic.refused);
        assert_eq!(effect.dropped, run.traffic.refused, "{}", run.faults[0].planned.fault);
    }
}

/// What was written after a disk rotted goes with it at the next boot: that is no harm as long as others have it.
#[test]
fn a_node_with_a_rotten_disk_is_restarted_only_if_others_hold_what_it_holds() {
    let mut script: Script = (0..5).map(|node| (node, 100.ms(), vec![Write(1), Sync])).collect();
    script.extend((0..3).map(|node| (node, 1_500.ms(), vec![Write(2), Sync])));
    let spared = |node, fault: Fault| {
        let rot = Fault::BitRot { of: vec![name(0)], records: 1 };
        let mut plan = plan(5, constant(1.ms()), vec![(1.s(), None, rot), (2.s(), Some(1.s()), fault)]);
        plan.faults.iter_mut().for_each(|fault| fault.keep = Keep::Quorum);
        let run = run(plan, script.clone());
        assert_eq!(run.faults[0].effect.nodes, 1);
        (node, run.faults[1].effect.spared)
    };
    for fault in [Fault::Crash, Fault::PowerLoss, Fault::DiskFull] {
        // Of three that wrote, two are left beside the rotten one: no majority of five.
        assert_eq!(spared(0, fault(vec![name(0)])), (0, 1), "{}", fault(vec![name(0)]));
        assert_eq!(spared(1, fault(vec![name(1)])), (1, 0), "{}", fault(vec![name(1)]));
    }
}
