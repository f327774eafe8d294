//! The engine's promises, one by one, on a protocol that does what a script says and nothing else.

use crate::puppet::*;
use sim_core::{
    fault::{Fault, Pick},
    link::{LinkException, LinkPlan, NetworkPlan},
    plan::ClockPlan,
    prelude::*,
    rng::Chance,
    sample::Delay,
    time::Time,
};

fn lossy(loss: Chance) -> NetworkPlan {
    NetworkPlan::new(LinkPlan { loss, ..LinkPlan::new(Delay::Exponential(5.ms())) })
}

#[test]
fn a_message_arrives_after_the_delay_of_its_link() {
    let mut network = constant(3.ms());
    network.links.push(LinkException {
        from: vec![NodeId(0)],
        to: vec![NodeId(2)],
        link: LinkPlan::new(Delay::Constant(40.ms())),
        pipe: None,
    });
    let run = run(
        plan(3, network, vec![]),
        vec![(0, 1.s(), vec![Send(1, 7), Send(2, 8)]), (2, 2.s(), vec![Send(0, 9)])],
    );
    assert_eq!(delivered(&run, 1), [(1_003.ms(), 7)]);
    assert_eq!(delivered(&run, 2), [(1_040.ms(), 8)]);
    assert_eq!(delivered(&run, 0), [(2_003.ms(), 9)], "the exception holds in one direction");
    assert_eq!((run.traffic.sent, run.traffic.delivered, run.traffic.bytes), (3, 3, 24));
}

#[test]
fn a_link_that_always_loses_delivers_nothing_and_says_so() {
    let mut network = constant(1.ms());
    network.default.loss = Chance::new(1.0).unwrap();
    let run = run(plan(2, network, vec![]), vec![(0, 1.s(), vec![Send(1, 7)])]);
    assert_eq!(delivered(&run, 1), []);
    assert_eq!(run.traffic.lost, 1);
}

#[test]
fn a_split_stops_messages_both_ways_and_those_on_their_way_until_it_heals() {
    let split = Fault::Split(vec![vec![name(0)], vec![name(1)]]);
    let script = vec![
        (0, 990.ms(), vec![Send(1, 1)]), // on its way when the cut strikes
        (0, 1500.ms(), vec![Send(1, 2), Send(2, 3)]),
        (1, 1500.ms(), vec![Send(0, 4)]),
        (0, 2500.ms(), vec![Send(1, 5)]),
    ];
    let run = run(plan(3, constant(20.ms()), vec![(1.s(), Some(1.s()), split)]), script);
    assert_eq!(delivered(&run, 1), [(2_520.ms(), 5)]);
    assert_eq!(delivered(&run, 2), [(1_520.ms(), 3)], "a node in no group reaches and is reached");
    assert_eq!(delivered(&run, 0), []);
    assert_eq!((run.faults[0].effect.dropped, run.traffic.cut), (3, 3));
    assert_eq!(run.faults[0].ended, Some(Time(2_000_000_000)));
    assert!(run.faults[0].bit());
}

#[test]
fn a_one_way_cut_stops_one_direction_only() {
    let cut = Fault::OneWay { from: vec![name(0)], to: vec![Pick::Rest] };
    let script = vec![(0, 1500.ms(), vec![Send(1, 1)]), (1, 1500.ms(), vec![Send(0, 2)])];
    let run = run(plan(2, constant(1.ms()), vec![(1.s(), None, cut)]), script);
    assert_eq!(delivered(&run, 1), []);
    assert_eq!(delivered(&run, 0), [(1_501.ms(), 2)]);
    assert_eq!(run.faults[0].ended, None);
}

#[test]
fn heal_ends_every_cut_and_a_heal_without_cuts_bites_nothing() {
    let cuts = vec![
        (1.s(), None, Fault::Split(vec![vec![name(0)], vec![name(1)]])),
        (1.s(), None, Fault::OneWay { from: vec![name(0)], to: vec![name(2)] }),
        (2.s(), None, Fault::Heal),
        (3.s(), None, Fault::Heal),
    ];
    let script =
        vec![(0, 1500.ms(), vec![Send(1, 1), Send(2, 2)]), (0, 2500.ms(), vec![Send(1, 3), Send(2, 4)])];
    let run = run(plan(3, constant(1.ms()), cuts), script);
    assert_eq!(delivered(&run, 1), [(2_501.ms(), 3)]);
    assert_eq!(delivered(&run, 2), [(2_501.ms(), 4)]);
    assert!(run.faults[2].bit());
    assert!(!run.faults[3].bit());
}

#[test]
fn a_crash_forgets_memory_timers_and_messages_and_keeps_what_was_synced() {
    let crash = Fault::Crash(vec![name(1)]);
    let script = vec![
        (1, 100.ms(), vec![Write(1), Sync, Send(0, 1)]),
        (1, 200.ms(), vec![Write(2), Set(1, 5.s())]), // neither synced nor rung
        (0, 1100.ms(), vec![Send(1, 9)]),             // to a dead process
    ];
    let run = run(plan(2, constant(1.ms()), vec![(1.s(), Some(1.s()), crash)]), script);
    assert_eq!((run.faults[0].effect.nodes, run.faults[0].effect.dropped, run.traffic.dead), (1, 1, 1));
    let found: Vec<&str> =
        run.notes.iter().filter(|n| n.node == NodeId(1)).map(|n| n.text.as_str()).collect();
    assert_eq!(found[0], "[]");
    assert!(
        found[1] == "[1]" || found[1] == "[1, 2]",
        "the unsynced write may or may not be there: {found:?}"
    );
    // The script starts again at the boot at 2 s, so the alarm set at 2.2 s rings, and that of 0.2 s does not.
    assert_eq!(rang(&run, 1), [(7_200.ms(), "Alarm(1)".to_string())]);
}

#[test]
fn a_pause_holds_back_messages_and_timers_and_loses_none() {
    let pause = Fault::Pause(vec![name(1)]);
    let script = vec![
        (0, 1100.ms(), vec![Send(1, 1), Send(1, 2)]),
        (1, 900.ms(), vec![Set(1, 500.ms())]),
        (0, 2500.ms(), vec![Send(1, 3)]),
    ];
    let run = run(plan(2, constant(1.ms()), vec![(1.s(), Some(1.s()), pause)]), script);
    assert_eq!(delivered(&run, 1), [(2.s(), 1), (2.s(), 2), (2_501.ms(), 3)]);
    assert_eq!(rang(&run, 1), [(2.s(), "Alarm(1)".to_string())]);
    assert_eq!(run.faults[0].effect.delayed, 3);
}

#[test]
fn crashing_a_frozen_node_and_booting_it_leaves_nothing_frozen() {
    let faults = vec![
        (1.s(), Some(5.s()), Fault::Pause(vec![name(1)])),
        (2.s(), Some(1.s()), Fault::Crash(vec![name(1)])),
    ];
    let script = vec![(0, 1500.ms(), vec![Send(1, 1)]), (0, 3500.ms(), vec![Send(1, 2)])];
    let run = run(plan(2, constant(1.ms()), faults), script);
    assert_eq!(delivered(&run, 1), [(3_501.ms(), 2)], "what waited in the inbox died with the process");
    assert_eq!(run.faults[0].ended, Some(Time(2_000_000_000)));
    assert_eq!(run.faults[1].ended, Some(Time(3_000_000_000)));
}

#[test]
fn effects_after_a_sync_wait_for_the_disk_and_the_node_goes_on_meanwhile() {
    let script = vec![
        (0, 100.ms(), vec![Send(1, 1), Write(1), Sync, Send(1, 2)]),
        (0, 102.ms(), vec![Write(2), Sync, Send(1, 3)]), // waits for the first sync, then for its own
        (0, 103.ms(), vec![Write(3), Sync, Send(1, 4)]), // group commit: the same sync as the line before
    ];
    let run = run(plan(2, constant(1.ms()), vec![]), script);
    assert_eq!(delivered(&run, 1), [(101.ms(), 1), (106.ms(), 2), (111.ms(), 3), (111.ms(), 4)]);
}

#[test]
fn a_busy_processor_holds_back_effects_and_inputs() {
    let script = vec![
        (0, 100.ms(), vec![Send(1, 1), Work(50.ms()), Send(1, 2), Set(1, 10.ms())]),
        (1, 110.ms(), vec![Send(0, 9)]),
    ];
    let run = run(plan(2, constant(1.ms()), vec![]), script);
    assert_eq!(delivered(&run, 1), [(101.ms(), 1), (151.ms(), 2)]);
    assert_eq!(delivered(&run, 0), [(150.ms(), 9)]);
    assert_eq!(rang(&run, 0), [(160.ms(), "Alarm(1)".to_string())], "timers count from the end of the work");
}

#[test]
fn a_timer_set_again_moves_and_a_cancelled_one_does_not_ring() {
    let script = vec![
        (
            0,
            100.ms(),
            vec![
                Set(1, 100.ms()),
                Set(2, 100.ms()),
                Set(3, 500.ms()),
                After(4, 100.ms()),
                After(4, 100.ms()),
            ],
        ),
        (0, 150.ms(), vec![Set(1, 100.ms()), Cancel(2), Set(3, 10.ms())]),
        (0, 160.ms(), vec![Cancel(2), Set(2, 200.ms())]),
    ];
    let run = run(plan(1, constant(1.ms()), vec![]), script);
    let alarm = |at: Span, n: u8| (at, format!("Alarm({n})"));
    assert_eq!(
        rang(&run, 0),
        [alarm(160.ms(), 3), alarm(200.ms(), 4), alarm(200.ms(), 4), alarm(250.ms(), 1), alarm(360.ms(), 2)]
    );
}

#[test]
fn equal_times_fire_first_set_first_out_even_when_a_timer_was_moved_there() {
    // Alarm 1 is moved to 300 ms before alarm 2 is set to the same moment: it was set first, so it rings first.
    let script = vec![
        (0, 100.ms(), vec![Set(1, 50.ms())]),
        (0, 110.ms(), vec![Set(1, 190.ms())]),
        (0, 120.ms(), vec![Set(2, 180.ms())]),
        (0, 299.ms(), vec![Send(0, 5)]),
    ];
    let run = run(plan(1, constant(1.ms()), vec![]), script);
    let order: Vec<String> = rang(&run, 0).into_iter().map(|(_, alarm)| alarm).collect();
    assert_eq!(order, ["Alarm(1)", "Alarm(2)"]);
    assert_eq!(delivered(&run, 0), [(300.ms(), 5)]);
}

#[test]
fn a_drifting_clock_fires_its_timers_early_or_late() {
    let mut plan = plan(20, constant(1.ms()), vec![]);
    plan.services[0].clock = ClockPlan { offset: 100.ms(), drift: 0.01, ..ClockPlan::default() };
    let run = run(plan, (0..20).map(|n| (n, 1.s(), vec![Send(n, 1)])).collect());
    let times: std::collections::BTreeSet<Span> = (0..20).map(|n| delivered(&run, n)[0].0).collect();
    assert!(times.len() > 15, "each clock drifts by itself");
    assert!(times.iter().all(|&t| t > 990.ms() && t < 1_012.ms()), "{times:?}");
}

#[test]
fn the_same_plan_gives_the_same_run_and_another_seed_another() {
    let busy = |seed| {
        let network = lossy(Chance::new(0.1).unwrap());
        let mut plan = plan(5, network, vec![(1.s(), Some(1.s()), Fault::Crash(vec![Pick::Random(2)]))]);
        plan.seed = seed;
        let script =
            (0..500u32).map(|i| (i % 5, 10.ms() * u64::from(i), vec![Write(7), Sync, Send((i + 1) % 5, 1)]));
        run(plan, script.collect()).fingerprint
    };
    assert_eq!(busy(1), busy(1));
    assert_ne!(busy(1), busy(2));
}

#[test]
fn a_copied_world_goes_on_as_the_original_does() {
    let script: Script = (0..300u32)
        .map(|i| (i % 3, 10.ms() * u64::from(i), vec![Write(1), Sync, Send((i + 1) % 3, 1)]))
        .collect();
    let mut original =
        world(plan(3, constant(15.ms()), vec![(1.s(), Some(1.s()), Fault::Pause(vec![name(1)]))]), script);
    original.run_to(Time(1_500_000_000), u64::MAX);
    let mut copy = original.clone();
    original.run(u64::MAX);
    copy.run(u64::MAX);
    assert_eq!(original.finish().fingerprint, copy.finish().fingerprint);
}

/// The fate of a packet depends on its ends and its moment: taking a fault, or another node's traffic, away leaves it.
#[test]
fn fates_of_unrelated_messages_survive_the_removal_of_a_fault_or_a_sender() {
    let network = || lossy(Chance::new(0.3).unwrap());
    let pair: Script =
        (0..200u32).map(|i| (0, 1.ms() * (10 * u64::from(i) + 5), vec![Send(1, u64::from(i))])).collect();
    let noise: Script =
        (0..200u32).map(|i| (2, 1.ms() * (7 * u64::from(i) + 5), vec![Send(3, 1), Send(3, 2)])).collect();
    let fault = vec![(500.ms(), Some(1.s()), Fault::Crash(vec![name(3)]))];
    let alone = run(plan(4, network(), vec![]), pair.clone());
    let busy = run(plan(4, network(), fault), [pair, noise].concat());
    assert_eq!(delivered(&alone, 1), delivered(&busy, 1));
    assert!(delivered(&alone, 1).len() > 100 && delivered(&alone, 1).len() < 180, "and some were lost");
}

#[test]
fn memory_follows_what_is_pending_and_not_the_length_of_the_run() {
    let script: Script =
        (0..9_000u32).map(|i| (0, 1.ms() * u64::from(i), vec![Set(1, 50.ms()), Send(1, 1)])).collect();
    let mut world = world(plan(2, constant(5.ms()), vec![]), script);
    world.run_to(Time(8_999_000_000), u64::MAX);
    assert!(world.pending() < 20, "{} values pending", world.pending());
}

#[test]
fn a_run_that_takes_too_many_events_is_stopped_and_says_so() {
    let script: Script = (0..1_000u32).map(|i| (0, 1.ms() * u64::from(i), vec![])).collect();
    let mut world = world(plan(1, constant(1.ms()), vec![]), script);
    world.run(100);
    let run = world.finish();
    assert!(run.stopped.is_some_and(|why| why.contains("100 events")));
    assert!(run.ended < run.until);
}

#[test]
fn picks_name_nodes_once_and_from_left_to_right() {
    let split = Fault::Split(vec![vec![Pick::Random(2)], vec![Pick::Random(2)], vec![Pick::Rest]]);
    let run = run(plan(7, constant(1.ms()), vec![(1.s(), None, split)]), vec![]);
    let chose = &run.faults[0].chose;
    assert_eq!(chose.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 3]);
    let all: std::collections::BTreeSet<NodeId> = chose.iter().flatten().copied().collect();
    assert_eq!(all.len(), 7);
}

/// One sender, one moment, two receivers: a cut towards the one leaves the other's message its fate.
#[test]
fn a_cut_does_not_deal_new_fates_to_messages_that_it_does_not_stop() {
    let network = || lossy(Chance::new(0.3).unwrap());
    let script: Script =
        (0..200u32).map(|i| (0, 10.ms() * u64::from(i), vec![Send(1, 1), Send(2, u64::from(i))])).collect();
    let cut = vec![(500.ms(), Some(1.s()), Fault::Split(vec![vec![name(0)], vec![name(1)]]))];
    let whole = run(plan(3, network(), vec![]), script.clone());
    let split = run(plan(3, network(), cut), script);
    assert_eq!(delivered(&whole, 2), delivered(&split, 2));
    assert!(delivered(&split, 1).len() < delivered(&whole, 1).len());
}

#[test]
fn a_timer_that_was_moved_waits_in_its_new_place_while_the_node_is_frozen() {
    let pause = Fault::Pause(vec![name(1)]);
    let script = vec![
        (1, 100.ms(), vec![Set(1, 150.ms())]),
        (1, 110.ms(), vec![Set(1, 290.ms())]), // moved from 250 ms to 400 ms
        (0, 300.ms(), vec![Send(1, 7)]),
    ];
    let run = run(plan(2, constant(1.ms()), vec![(200.ms(), Some(300.ms()), pause)]), script);
    let entries = run.trace.as_ref().unwrap().entries();
    let mine: Vec<&str> =
        entries.filter(|e| e.node == NodeId(1) && e.at >= Time(500_000_000)).map(|e| e.text).collect();
    assert_eq!(mine, ["", "7", "Alarm(1)"], "the pause ends, then in the order of their moments");
    assert_eq!(run.faults[0].effect.delayed, 2);
}

#[test]
fn a_cancelled_timer_is_no_effect_of_a_pause() {
    let pause = Fault::Pause(vec![name(0)]);
    let script = vec![(0, 100.ms(), vec![Set(1, 150.ms())]), (0, 110.ms(), vec![Cancel(1)])];
    let run = run(plan(1, constant(1.ms()), vec![(200.ms(), Some(100.ms()), pause)]), script);
    assert!(!run.faults[0].bit(), "{:?}", run.faults[0].effect);
}

#[test]
fn a_timer_set_again_to_the_same_moment_goes_behind_those_set_before() {
    let script = vec![(0, 100.ms(), vec![Set(1, 200.ms()), Set(2, 200.ms()), Set(1, 200.ms())])];
    let run = run(plan(1, constant(1.ms()), vec![]), script);
    let order: Vec<String> = rang(&run, 0).into_iter().map(|(_, alarm)| alarm).collect();
    assert_eq!(order, ["Alarm(2)", "Alarm(1)"]);
}

#[test]
fn what_arrives_when_a_busy_node_becomes_free_goes_behind_what_waits() {
    let script = vec![
        (0, 100.ms(), vec![Work(10.ms())]),
        (1, 104.ms(), vec![Send(0, 7)]),
        (1, 90.ms(), vec![Send(0, 8)]), // on its way for 20 ms: arrives at 110 ms, with an older number
    ];
    let mut network = constant(1.ms());
    network.default.delay = Delay::Constant(20.ms());
    let early = run(plan(2, network, vec![]), script);
    assert_eq!(delivered(&early, 0), [(110.ms(), 8), (124.ms(), 7)]);
    let script = vec![
        (0, 100.ms(), vec![Work(30.ms())]),
        (1, 100.ms(), vec![Send(0, 7)]), // arrives at 120 ms and waits
        (1, 110.ms(), vec![Send(0, 8)]), // arrives at 130 ms, the moment at which the node is free
    ];
    let mut network = constant(1.ms());
    network.default.delay = Delay::Constant(20.ms());
    let waits = run(plan(2, network, vec![]), script);
    assert_eq!(delivered(&waits, 0), [(130.ms(), 7), (130.ms(), 8)]);
}

#[test]
fn a_fault_that_begins_when_another_ends_takes_the_node_over() {
    let crash = || Fault::Crash(vec![name(0)]);
    let faults = vec![(1.s(), Some(1.s()), crash()), (2.s(), Some(1.s()), crash())];
    let run = run(plan(1, constant(1.ms()), faults), vec![]);
    assert!(run.faults.iter().all(|f| f.bit()));
    let down: Vec<(Time, &str)> = run.roles.iter().map(|r| (r.at, r.role.0)).collect();
    let at = |s: u64| Time(s * 1_000_000_000);
    assert_eq!(down[1..], [(at(1), "down"), (at(2), "peer"), (at(2), "down"), (at(3), "peer")]);
}

#[test]
fn a_fault_at_the_very_start_finds_processes_running() {
    let run = run(plan(2, constant(1.ms()), vec![(0.s(), None, Fault::Crash(vec![name(0)]))]), vec![]);
    assert!(run.faults[0].bit());
}

#[test]
fn a_node_that_two_faults_keep_down_comes_back_when_the_second_ends() {
    let crash = || Fault::Crash(vec![name(0)]);
    let faults = vec![(1.s(), Some(2.s()), crash()), (2.s(), Some(3.s()), crash())];
    let run = run(plan(1, constant(1.ms()), faults), vec![]);
    let up = run.roles.iter().rfind(|r| r.role != Role::DOWN).unwrap();
    assert_eq!(up.at, Time(5_000_000_000));
    assert!(run.faults.iter().all(|f| f.bit()), "the second kept it down for two seconds more");
    assert_eq!(run.faults[0].ended, Some(Time(3_000_000_000)));
    assert_eq!(run.faults[1].ended, Some(Time(5_000_000_000)));
}

#[test]
fn naming_every_node_of_a_large_world_is_no_work() {
    let all = |range: std::ops::Range<u32>| range.map(name).collect::<Vec<_>>();
    let split = Fault::Split(vec![all(0..10_000), all(10_000..20_000)]);
    let run = run(plan(20_000, constant(1.ms()), vec![(1.s(), None, split)]), vec![]);
    assert_eq!(run.faults[0].chose.iter().map(Vec::len).sum::<usize>(), 20_000);
}

#[test]
fn a_world_that_was_stopped_can_go_on() {
    let script: Script = (0..100u32).map(|i| (0, 1.ms() * u64::from(i), vec![])).collect();
    let mut world = world(plan(1, constant(1.ms()), vec![]), script);
    world.run_to(Time(1_000_000_000), 10);
    world.run(u64::MAX);
    let run = world.finish();
    assert_eq!((run.stopped, run.ended), (None, run.until));
}

/// Two runs that differ in the content of one message only, and in nothing that it leads to.
#[test]
fn the_fingerprint_takes_in_what_messages_say() {
    let say = |value| {
        let crash = vec![(2.s(), None, Fault::Crash(vec![name(1)]))];
        run(plan(2, constant(1.ms()), crash), vec![(0, 1.s(), vec![Send(1, value)])]).fingerprint
    };
    assert_eq!(say(1), say(1));
    assert_ne!(say(1), say(2));
}

#[test]
fn whether_a_cut_stops_a_message_to_a_frozen_node_is_decided_when_it_arrives() {
    let faults = vec![
        (1.s(), Some(4.s()), Fault::Pause(vec![name(1)])),
        (2.s(), Some(1.s()), Fault::Split(vec![vec![name(0)], vec![name(1)]])),
    ];
    let script = vec![
        (0, 1500.ms(), vec![Send(1, 1)]), // arrives before the cut
        (0, 1990.ms(), vec![Send(1, 2)]), // on its way when the cut strikes: lost
        (0, 2500.ms(), vec![Send(1, 3)]), // into the cut: lost
        (0, 3500.ms(), vec![Send(1, 4)]), // after it
    ];
    let run = run(plan(2, constant(20.ms()), faults), script);
    assert_eq!(delivered(&run, 1), [(5.s(), 1), (5.s(), 4)]);
    assert_eq!((run.faults[1].effect.dropped, run.faults[0].effect.delayed), (2, 2));
}

#[test]
fn a_cure_drawn_by_chance_is_drawn_among_those_who_need_it() {
    let faults = vec![
        (1.s(), None, Fault::Crash(vec![name(0), name(1)])),
        (2.s(), None, Fault::Restart(vec![Pick::Random(2)])),
        (3.s(), None, Fault::Pause(vec![name(2)])),
        (4.s(), None, Fault::Resume(vec![Pick::Random(3)])),
    ];
    let run = run(plan(5, constant(1.ms()), faults), vec![(0, 1.ms(), vec![])]);
    assert_eq!(run.faults[1].chose, [[NodeId(0), NodeId(1)]]);
    assert_eq!(run.faults[3].chose, [[NodeId(2)]]);
}
