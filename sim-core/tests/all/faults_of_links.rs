//! Every fault of the network, and every property of a link, seen from the nodes: what it stops, delays, doubles or damages,
//! only that, and only until it ends.

use crate::puppet::*;
use sim_core::{
    fault::{Fault, Pick},
    link::{Bursts, Impairment, LinkException, LinkPlan, NetworkPlan, Nic, Pipe, Reorder, Transport},
    plan::Plan,
    prelude::*,
    rng::Chance,
    run::Run,
    sample::Delay,
    size::{Bytes, Rate},
    stream::StreamPlan,
    time::Time,
};

/// Every node sends to every other at these moments, in milliseconds.
fn everybody(nodes: u32, times: &[u64]) -> Script {
    let to_all = |from: u32, ms: u64| -> Vec<Do> {
        (0..nodes).filter(|&to| to != from).map(|to| Send(to, u64::from(from) * 100 + ms % 100)).collect()
    };
    let lines = (0..nodes).flat_map(|from| times.iter().map(move |&ms| (from, ms)));
    lines.map(|(from, ms)| (from, ms.ms(), to_all(from, ms))).collect()
}

/// Who heard whom between two moments.
fn heard(run: &Run, from: Span, to: Span) -> std::collections::BTreeSet<(u32, u32)> {
    let entries = run.trace.as_ref().unwrap().entries();
    let delivered = entries.filter(|e| e.peer.is_some() && (from.0..to.0).contains(&e.at.0));
    delivered.map(|e| (e.peer.unwrap().0, e.node.0)).collect()
}

/// The pairs that cannot talk while the fault is in force, after checking that before and afterwards all can.
fn silent(nodes: u32, fault: Fault) -> Vec<(u32, u32)> {
    let plan = plan(nodes, constant(1.ms()), vec![(1.s(), Some(1.s()), fault)]);
    let run = run(plan, everybody(nodes, &[500, 1_500, 2_500]));
    let pairs = |from: u64| heard(&run, from.ms(), (from + 1_000).ms());
    let all = pairs(0);
    assert_eq!(all.len(), (nodes * (nodes - 1)) as usize);
    assert_eq!(pairs(2_000), all, "the end of the fault ends it");
    let silent: Vec<_> = all.difference(&pairs(1_000)).copied().collect();
    assert_eq!(run.faults[0].effect.dropped, silent.len() as u64);
    assert_eq!(run.faults[0].bit(), !silent.is_empty());
    silent
}

fn some(nodes: &[u32]) -> Vec<Pick> {
    nodes.iter().map(|&node| name(node)).collect()
}

#[test]
fn each_shape_of_a_cut_silences_the_pairs_it_says() {
    assert_eq!(silent(3, Fault::Isolate(some(&[1]))), [(0, 1), (1, 0), (1, 2), (2, 1)]);
    assert_eq!(silent(3, Fault::OneWay { from: some(&[0]), to: some(&[1, 2]) }), [(0, 1), (0, 2)]);
    assert_eq!(silent(4, Fault::Isolate(some(&[0, 1]))).len(), 10, "each is alone, not both together");
    // Halves of five: two against three, both ways.
    assert_eq!(silent(5, Fault::Halves(some(&[0, 1, 2, 3, 4]))).len(), 12);
    // Two halves of two, and one who reaches all.
    let bridged = silent(5, Fault::Bridge(some(&[0, 1, 2, 3, 4])));
    assert_eq!(bridged.len(), 8);
    assert_eq!((0..5).filter(|node| bridged.iter().all(|pair| pair.0 != *node)).count(), 1);
    for (nodes, third) in [(3, 1), (4, 1), (5, 1), (6, 1), (7, 2), (10, 3)] {
        let all: Vec<u32> = (0..nodes).collect();
        assert_eq!(
            silent(nodes, Fault::MinorityThird(some(&all))).len() as u32,
            2 * third * (nodes - third),
            "{nodes}"
        );
    }
    // In a ring of five, in this order, everybody hears the two beside him.
    let ring = silent(5, Fault::MajoritiesRing(some(&[0, 2, 4, 1, 3])));
    assert_eq!(ring.len(), 10);
    assert!(!ring.contains(&(0, 2)) && !ring.contains(&(3, 0)) && ring.contains(&(0, 1)));
}

#[test]
fn a_clog_holds_messages_back_and_releases_them_in_order() {
    let clog = Fault::Clog { from: some(&[0]), to: some(&[1]) };
    let script = vec![
        (0, 999.ms(), vec![Send(1, 1)]), // on its way
        (0, 1_200.ms(), vec![Send(1, 2), Send(2, 3)]),
        (1, 1_200.ms(), vec![Send(0, 4)]),
        (0, 1_400.ms(), vec![Send(1, 5)]),
    ];
    let run = run(plan(3, constant(2.ms()), vec![(1.s(), Some(1.s()), clog)]), script);
    assert_eq!(delivered(&run, 1), [(2.s(), 1), (2.s(), 2), (2.s(), 5)]);
    assert_eq!((delivered(&run, 2), delivered(&run, 0)), (vec![(1_202.ms(), 3)], vec![(1_202.ms(), 4)]));
    assert_eq!((run.faults[0].effect.delayed, run.faults[0].effect.dropped, run.traffic.cut), (3, 0, 0));
}

#[test]
fn a_loss_takes_the_next_messages_it_is_aimed_at_and_is_over_with_the_last() {
    // From node 0 to node 1 every millisecond from 1 s on, and once from node 0 to itself and to node 2, and from node 1 back.
    let mut script: Script = (0..10).map(|i| (0, (1_000 + i).ms(), vec![Send(1, i)])).collect();
    script.push((0, 1_003.ms(), vec![Send(0, 20), Send(2, 21)]));
    script.push((1, 1_003.ms(), vec![Send(0, 22)]));
    let lose = |from: &[u32], to: &[u32], messages| Fault::Lose { from: some(from), to: some(to), messages };
    let run_with = |faults| run(plan(3, constant(5.ms()), faults), script.clone());
    let got = |run: &Run| delivered(run, 1).into_iter().map(|(_, i)| i).collect::<Vec<u64>>();
    let window = |run: &Run, index: usize| run.faults[index].window(Time::MAX).unwrap();
    let moment = |span: Span| Time::ZERO + span;

    // It strikes before what is sent at the same moment, leaves alone what is on its way, and counts to two.
    let two = run_with(vec![(1_003.ms(), None, lose(&[0], &[1], 2))]);
    assert_eq!(got(&two), [0, 1, 2, 5, 6, 7, 8, 9]);
    assert_eq!((delivered(&two, 0).len(), delivered(&two, 2).len()), (2, 1), "nobody else is concerned");
    assert_eq!(window(&two, 0), (moment(1_003.ms()), moment(1_004.ms())), "it ends with the second");
    assert_eq!((two.faults[0].effect.dropped, two.traffic.cut, two.traffic.lost), (2, 2, 0));
    assert!(two.faults[0].bit());

    // Two at a time do not share a message; the one that struck first takes the first.
    let both = vec![(1_003.ms(), None, lose(&[0], &[1], 1)), (1_002.ms(), None, lose(&[0], &[1, 2], 2))];
    let both = run_with(both);
    assert_eq!(got(&both), [0, 1, 5, 6, 7, 8, 9]);
    assert_eq!(
        both.faults.iter().map(|report| report.effect.dropped).collect::<Vec<_>>(),
        [2, 1],
        "in order of time"
    );

    // One that has not had enough is over with its time, or when the network heals; or lasts.
    let more = |lasts| vec![(1_003.ms(), lasts, lose(&[0], &[1], 100))];
    assert_eq!(got(&run_with(more(Some(3.ms())))), [0, 1, 2, 6, 7, 8, 9]);
    let healed = [more(None), vec![(1_005.ms(), None, Fault::Heal)]].concat();
    assert_eq!(got(&run_with(healed)), [0, 1, 2, 5, 6, 7, 8, 9]);
    assert_eq!(got(&run_with(more(None))), [0, 1, 2]);

    // One that nothing meets has bitten nothing.
    let idle = run_with(vec![(2.s(), None, lose(&[0], &[1], 1))]);
    assert!(!idle.faults[0].bit());
}

/// Fates are dealt to all messages, lost ones too: which others are lost, doubled or late is as it was.
#[test]
fn a_loss_changes_no_fate_but_that_of_its_message() {
    let half = Chance::ratio(1, 2);
    let mut link = LinkPlan::new(Delay::Uniform(1.ms(), 9.ms()));
    (link.loss, link.duplicate) = (Chance::ratio(1, 4), half);
    let script: Script = (0..200).map(|i| (0, (1_000 + i / 2).ms(), vec![Send(1, i)])).collect();
    let with = |faults| {
        let mut plan = plan(2, constant(1.ms()), faults);
        plan.network.default = link.clone();
        run(plan, script.clone())
    };
    let lose = Fault::Lose { from: some(&[0]), to: some(&[1]), messages: 1 };
    let (all, one) = (delivered(&with(vec![]), 1), delivered(&with(vec![(1_020.ms(), None, lose)]), 1));
    let gone = all.iter().find(|entry| !one.contains(entry)).unwrap().1;
    assert!((40..50).contains(&gone), "{gone}: the first from then on that would have come");
    assert_eq!(one, all.into_iter().filter(|(_, i)| *i != gone).collect::<Vec<_>>());
}

#[test]
fn two_clogs_hold_what_both_want_until_the_second_ends() {
    let clog = || Fault::Clog { from: some(&[0]), to: some(&[1]) };
    let faults = vec![(1.s(), Some(1.s()), clog()), (1_500.ms(), Some(2.s()), clog())];
    let run = run(plan(2, constant(2.ms()), faults), vec![(0, 1_200.ms(), vec![Send(1, 1)])]);
    assert_eq!(delivered(&run, 1), [(3_500.ms(), 1)]);
}

/// A thousand messages over one link, one a millisecond from 1 s on, the fault lasting from 1.2 s to 1.8 s.
fn thousand(fault: Fault) -> (Run, Run) {
    let script: Script = (0..1_000).map(|i| (0, (1_000 + i).ms(), vec![Send(1, i), Send(2, i)])).collect();
    let with = plan(3, constant(5.ms()), vec![(1_200.ms(), Some(600.ms()), fault)]);
    let mut without = with.clone();
    without.faults.clear();
    (run(with, script.clone()), run(without, script))
}

fn impairments() -> Vec<(&'static str, Impairment)> {
    let half = Chance::ratio(1, 2);
    let pipe = Pipe { rate: Rate(4_000), queue: Bytes(80), express: Bytes(0) };
    let slow = Delay::Uniform(10.ms(), 20.ms());
    let bursts = Bursts { slot: 10.ms(), enter: half, leave: half, loss: Chance::ALWAYS };
    let none = Impairment::default;
    vec![
        ("delay", Impairment { delay: Some(slow.clone()), ..none() }),
        ("loss", Impairment { loss: half, ..none() }),
        ("bursts", Impairment { bursts: Some(bursts), ..none() }),
        ("duplicate", Impairment { duplicate: half, ..none() }),
        ("reorder", Impairment { reorder: Some(Reorder { chance: half, by: slow }), ..none() }),
        ("corrupt", Impairment { corrupt: half, ..none() }),
        ("bandwidth", Impairment { bandwidth: Some(pipe), ..none() }),
    ]
}

#[test]
fn what_ranked_nodes_send_is_later_by_their_ranks_and_nothing_else_is() {
    let script = |at: Span| (0..4u32).map(move |node| (node, at, vec![Send((node + 1) % 4, 7)]));
    let scripts = || [1.s(), 3.s(), 5.s()].into_iter().flat_map(script).collect::<Script>();
    let ranks = |of| vec![(2.s(), Some(2.s()), Fault::Ranks { of, step: 30.ms() })];
    let took = |run: &Run, at: Span| -> Vec<u64> {
        let late = |node| delivered(run, (node + 1) % 4).into_iter().find(|(when, _)| *when > at).unwrap().0;
        (0..4u32).map(|node| (late(node).0 - at.0) / 1_000_000).collect()
    };
    let named = run(plan(4, constant(1.ms()), ranks(vec![name(2), name(0), name(1)])), scripts());
    assert_eq!(took(&named, 1.s()), [1, 1, 1, 1]);
    assert_eq!(took(&named, 3.s()), [31, 61, 1, 1], "the first of them is as fast as who has no rank");
    assert_eq!(took(&named, 5.s()), [1, 1, 1, 1]);
    let effect = named.faults[0].effect;
    assert_eq!((effect.nodes, effect.delayed, effect.dropped), (3, 2, 0));
    let drawn = |seed| {
        let plan = plan(4, constant(1.ms()), ranks(vec![Pick::Service("p".into())]));
        let ranked = run(Plan { seed, ..plan }, scripts());
        let late = took(&ranked, 3.s());
        let mut sorted = late.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [1, 31, 61, 91]);
        late
    };
    let orders: std::collections::BTreeSet<Vec<u64>> = (0..40).map(drawn).collect();
    assert!(orders.len() > 15, "{} of 24 orders", orders.len());
}

#[test]
fn each_impairment_does_what_it_says_to_its_link_while_it_lasts_and_nothing_else() {
    for (what, link) in impairments() {
        for nic in [false, true] {
            let of_two = Fault::Degrade { from: some(&[0]), to: some(&[1]), link: link.clone() };
            let of_nic = Fault::DegradeNic { of: some(&[1]), link: link.clone() };
            let (run, calm) = thousand(if nic { of_nic } else { of_two });
            let effect = run.faults[0].effect;
            assert_eq!(delivered(&run, 2), delivered(&calm, 2), "{what}: the other link");
            let (got, before) = (delivered(&run, 1), delivered(&calm, 1));
            let untouched = |list: &[(Span, u64)]| -> Vec<(Span, u64)> {
                list.iter().filter(|(_, i)| *i < 200 || *i >= 800).copied().collect()
            };
            assert_eq!(untouched(&got), untouched(&before), "{what}: before and after");
            assert_ne!(got, before, "{what}: it changes the trace");
            let late = got.iter().filter(|entry| !before.contains(entry)).count() as u64;
            let about_half = |count: u64| (240..=360).contains(&count);
            match what {
                "delay" => assert_eq!((got.len(), late, effect.delayed), (1_000, 600, 600)),
                "loss" => assert!(got.len() as u64 == 1_000 - effect.dropped && about_half(effect.dropped)),
                "bursts" => assert!(
                    got.len() as u64 == 1_000 - effect.dropped && (150..450).contains(&effect.dropped)
                ),
                "duplicate" => {
                    assert!(got.len() as u64 == 1_000 + effect.duplicated && about_half(effect.duplicated));
                    assert_eq!(run.traffic.duplicated, effect.duplicated);
                }
                "reorder" => {
                    assert!(got.len() == 1_000 && late == effect.delayed && about_half(late));
                    assert!(got.windows(2).any(|two| two[0].1 > two[1].1), "some overtook others");
                }
                "corrupt" => {
                    assert!(got.len() as u64 == 1_000 - effect.corrupted && about_half(effect.corrupted));
                    assert_eq!((run.traffic.corrupted, effect.dropped), (effect.corrupted, 0));
                }
                // 8 bytes a millisecond on offer, 4 bytes a millisecond taken, ten messages of queue.
                _ => {
                    assert!((280..=300).contains(&effect.dropped), "{effect:?}");
                    assert_eq!(got.len() as u64, 1_000 - effect.dropped);
                    assert_eq!(run.traffic.overflowed, effect.dropped);
                }
            }
            assert!(run.faults[0].bit());
        }
    }
}

#[test]
fn heal_ends_every_kind_of_network_fault() {
    let link = || Impairment { loss: Chance::ALWAYS, ..Impairment::default() };
    let faults = vec![
        (1.s(), None, Fault::Isolate(some(&[0]))),
        (1.s(), None, Fault::Clog { from: some(&[1]), to: some(&[2]) }),
        (1.s(), None, Fault::Degrade { from: some(&[2]), to: some(&[1]), link: link() }),
        (1.s(), None, Fault::DegradeNic { of: some(&[2]), link: link() }),
        (1.s(), None, Fault::Pause(some(&[0]))),
        (2.s(), None, Fault::Heal),
    ];
    let run = run(plan(3, constant(1.ms()), faults), everybody(3, &[2_500]));
    let ended: Vec<bool> = run.faults.iter().map(|fault| fault.ended == Some(Time(2_000_000_000))).collect();
    assert_eq!(ended[..5], [true, true, true, true, false]);
    assert_eq!(heard(&run, 2.s(), 3.s()).len(), 2, "all but the frozen one, which neither hears nor speaks");
}

#[test]
fn what_two_overlapping_cuts_stop_counts_for_both() {
    let cut = || Fault::Split(vec![some(&[0]), some(&[1])]);
    let faults = vec![(1.s(), Some(1.s()), cut()), (1.s(), Some(1.s()), cut())];
    let run = run(plan(2, constant(1.ms()), faults), vec![(0, 1_500.ms(), vec![Send(1, 1)])]);
    assert_eq!((run.faults[0].effect.dropped, run.faults[1].effect.dropped, run.traffic.cut), (1, 1, 1));
}

// Bandwidth.

#[test]
fn what_a_node_sends_and_receives_shares_its_interface() {
    let pipe = Some(Pipe { rate: Rate(800), queue: Bytes(1_000), express: Bytes(0) }); // a message of 8 bytes takes 10 ms
    let nics = |up, down| {
        let mut nics = vec![Nic::default(); 4];
        (nics[0].up, nics[3].down) = (up, down);
        NetworkPlan { nics, ..constant(1.ms()) }
    };
    let out =
        run(plan(4, nics(pipe, None), vec![]), vec![(0, 1.s(), vec![Send(1, 1), Send(2, 2), Send(1, 3)])]);
    assert_eq!(delivered(&out, 1), [(1_011.ms(), 1), (1_031.ms(), 3)]);
    assert_eq!(delivered(&out, 2), [(1_021.ms(), 2)]);
    let into = run(
        plan(4, nics(None, pipe), vec![]),
        (0..3).map(|n| (n, 1.s(), vec![Send(3, u64::from(n))])).collect(),
    );
    assert_eq!(delivered(&into, 3), [(1_011.ms(), 0), (1_021.ms(), 1), (1_031.ms(), 2)]);
    // Through both: the bytes flow on while they come in.
    let both = run(plan(4, nics(pipe, pipe), vec![]), vec![(0, 1.s(), vec![Send(3, 1), Send(3, 2)])]);
    assert_eq!(delivered(&both, 3), [(1_011.ms(), 1), (1_021.ms(), 2)]);
}

#[test]
fn a_cut_meets_a_message_in_a_queue_as_well() {
    let pipe = Some(Pipe { rate: Rate(80), queue: Bytes(1_000), express: Bytes(0) }); // 100 ms a message
    let nics = vec![Nic::default(), Nic { up: None, down: pipe }];
    let network = NetworkPlan { nics, ..constant(1.ms()) };
    let cut = Fault::Split(vec![some(&[0]), some(&[1])]);
    let mut world = world(
        plan(2, network, vec![(1_150.ms(), Some(1.s()), cut)]),
        vec![(0, 1.s(), (0..5).map(|i| Send(1, i)).collect())],
    );
    world.run(1_000_000);
    assert_eq!(world.pending(), 0, "what was stopped was freed");
    let run = world.finish();
    assert_eq!(delivered(&run, 1), [(1_101.ms(), 0)]);
    assert_eq!(run.faults[0].effect.dropped, 4);
}

// Streams.

fn streaming(delay: Delay, loss: Chance) -> NetworkPlan {
    let transport = Transport::Stream(StreamPlan::default());
    NetworkPlan::new(LinkPlan { loss, transport, ..LinkPlan::new(delay) })
}

#[test]
fn a_stream_delivers_everything_once_and_in_order_over_a_bad_link() {
    let delay = Delay::Exponential(20.ms());
    let script: Script = (0..500).map(|i| (0, (1_000 + 5 * i).ms(), vec![Send(1, i)])).collect();
    let mut plan = plan(2, streaming(delay, Chance::ratio(1, 10)), vec![]);
    plan.until = Time::ZERO + 60.s();
    let mut world = world(plan, script);
    world.run(1_000_000);
    assert_eq!(world.pending(), 0);
    let run = world.finish();
    let got: Vec<u64> = delivered(&run, 1).into_iter().map(|(_, value)| value).collect();
    assert_eq!(got, (0..500).collect::<Vec<_>>());
    assert!(
        run.traffic.streams.retransmitted > 30 && run.traffic.streams.opened == 1,
        "{:?}",
        run.traffic.streams
    );
}

#[test]
fn a_streams_first_message_waits_for_the_handshake() {
    let script =
        vec![(0, 1.s(), vec![Send(1, 1)]), (0, 2.s(), vec![Send(1, 2)]), (1, 3.s(), vec![Send(0, 3)])];
    let run = run(plan(2, streaming(Delay::Constant(10.ms()), Chance::NEVER), vec![]), script);
    assert_eq!(delivered(&run, 1), [(1_030.ms(), 1), (2_010.ms(), 2)]);
    assert_eq!(delivered(&run, 0), [(3_010.ms(), 3)], "both ways over one connection");
}

#[test]
fn a_crash_resets_streams_and_a_power_loss_leaves_them_half_open() {
    let script =
        || vec![(0, 500.ms(), vec![Send(1, 1)]), (0, 3.s(), vec![Send(1, 2)]), (0, 4.s(), vec![Send(1, 3)])];
    let after = |fault: Fault| {
        run(
            plan(2, streaming(Delay::Constant(10.ms()), Chance::NEVER), vec![(1.s(), Some(1.s()), fault)]),
            script(),
        )
    };
    let crash = after(Fault::Crash(some(&[1])));
    // The peer was told: the next message opens a connection of its own.
    assert_eq!(delivered(&crash, 1), [(530.ms(), 1), (3_030.ms(), 2), (4_010.ms(), 3)]);
    let power = after(Fault::PowerLoss(some(&[1])));
    // Nobody told the peer: its next message goes into the void and is answered by a reset.
    assert_eq!(delivered(&power, 1), [(530.ms(), 1), (4_030.ms(), 3)]);
    assert_eq!((crash.traffic.streams.resets, power.traffic.streams.resets), (1, 1));
    assert_eq!(
        (crash.faults[0].effect.dropped, power.faults[0].effect.dropped),
        (0, 0),
        "nobody asked meanwhile"
    );
}

#[test]
fn a_stream_survives_a_cut_that_is_shorter_than_its_patience() {
    let cut = Fault::Split(vec![some(&[0]), some(&[1])]);
    let script = vec![
        (0, 500.ms(), vec![Send(1, 1)]),
        (0, 1_100.ms(), vec![Send(1, 2)]),
        (0, 1_900.ms(), vec![Send(1, 3)]),
    ];
    let run = run(
        plan(2, streaming(Delay::Constant(10.ms()), Chance::NEVER), vec![(1.s(), Some(1.s()), cut)]),
        script,
    );
    let got: Vec<u64> = delivered(&run, 1).into_iter().map(|(_, value)| value).collect();
    assert_eq!(got, [1, 2, 3]);
    let at = delivered(&run, 1)[1].0;
    // Sent again 0.2, 0.6, 1.4 s after the first time: the third meets a healed network.
    assert!((2_400.ms()..2_600.ms()).contains(&at), "{at}");
}

#[test]
fn an_exception_holds_for_its_links_only() {
    let link = LinkPlan { loss: Chance::ALWAYS, ..LinkPlan::new(Delay::Constant(1.ms())) };
    let pipe = Some(Pipe { rate: Rate(80), queue: Bytes(8), express: Bytes(0) });
    let (from, to) = (vec![NodeId(0)], vec![NodeId(1)]);
    let network = |link, pipe| NetworkPlan {
        links: vec![LinkException { from: from.clone(), to: to.clone(), link, pipe }],
        ..constant(1.ms())
    };
    let lost = run(plan(3, network(link, None), vec![]), everybody(3, &[500]));
    assert_eq!((heard(&lost, 0.s(), 1.s()).len(), lost.traffic.lost), (5, 1));
    let script = vec![(0, 1.s(), vec![Send(1, 1), Send(1, 2), Send(1, 3), Send(2, 4)])];
    let narrow = run(plan(3, network(LinkPlan::new(Delay::Constant(1.ms())), pipe), vec![]), script);
    assert_eq!(
        delivered(&narrow, 1),
        [(1_101.ms(), 1), (1_201.ms(), 2)],
        "one is sent, one waits, one is dropped"
    );
    assert_eq!((delivered(&narrow, 2), narrow.traffic.overflowed), (vec![(1_001.ms(), 4)], 1));
}

#[test]
fn a_link_that_loses_everything_costs_the_quorum_like_a_cut() {
    let worse = |link: Impairment| {
        let nic = Fault::DegradeNic { of: (0..3).map(name).collect(), link };
        run(plan(3, constant(1.ms()), vec![(1.s(), Some(1.s()), nic)]), vec![]).faults[0].effect.quorum_lost
    };
    let loss = |loss| Impairment { loss, ..Impairment::default() };
    let corrupt = |corrupt| Impairment { corrupt, ..Impairment::default() };
    assert!(worse(loss(Chance::ALWAYS)) && worse(corrupt(Chance::ALWAYS)));
    assert!(!worse(loss(Chance::ratio(99, 100))) && !worse(corrupt(Chance::ratio(99, 100))));
    let slot = 10.ms();
    let bursts = |enter, leave| Bursts { slot, enter, leave, loss: Chance::ALWAYS };
    let burst = |bursts| Impairment { bursts: Some(bursts), ..Impairment::default() };
    assert!(worse(burst(bursts(Chance::ALWAYS, Chance::NEVER))));
    assert!(!worse(burst(bursts(Chance::ALWAYS, Chance::ratio(1, 2)))));
}

/// However many small groups there are, it is the large one that has the quorum.
#[test]
fn a_majority_is_found_among_many_small_groups() {
    let lost = |large: u32| {
        let mut groups: Vec<Vec<Pick>> = (0..100).map(|node| vec![name(node)]).collect();
        groups.push((100..100 + large).map(name).collect());
        let plan = plan(300, constant(1.ms()), vec![(1.s(), Some(1.s()), Fault::Split(groups))]);
        run(plan, vec![]).faults[0].effect.quorum_lost
    };
    assert!(!lost(200), "200 of 300");
}
