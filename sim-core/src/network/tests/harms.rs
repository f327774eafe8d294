//! Harms: whom they concern, what they count, and that their end leaves no trace.

use super::*;
use crate::link::{Bursts, Reorder};

fn quiet(nodes: usize) -> Net {
    Net::new(&only(LinkPlan::new(Delay::Constant(1.ms()))), 1, nodes)
}

fn at(ms: u64) -> Time {
    Time::ZERO + ms.ms()
}

fn reached(net: &Net, from: NodeId, all: u32) -> Vec<NodeId> {
    nodes(0..all).into_iter().filter(|&to| reaches(net, from, to)).collect()
}

fn reaches(net: &Net, from: NodeId, to: NodeId) -> bool {
    from == to || net.network.harms.passes(from, to)
}

#[test]
fn a_split_separates_its_groups_and_nobody_else() {
    let mut net = quiet(4);
    net.network.split(0, &[vec![A], vec![B, C]], false);
    assert_eq!(reached(&net, A, 4), [A, D]);
    assert_eq!(reached(&net, B, 4), [B, C, D]);
    assert_eq!(reached(&net, D, 4), [A, B, C, D]);
    net.network.end(0);
    assert_eq!(reached(&net, A, 4), [A, B, C, D]);
    net.network.split(0, &[vec![A], vec![B, C]], true);
    assert_eq!(reached(&net, A, 4), [A, D]);
    assert_eq!(reached(&net, B, 4), [A, B, C, D]);
}

#[test]
fn on_a_ring_everybody_reaches_a_majority_and_no_two_the_same() {
    for n in 4..=9u32 {
        let mut net = quiet(n as usize + 1);
        // An order of its own: by steps of n - 2 or 3, whichever goes round.
        let step =
            (2..n).find(|step| n % step != 0 && (n * 2) % step != 0 || *step == n - 1).expect("n - 1 does");
        let order: Vec<NodeId> = (0..n).map(|place| NodeId(place * step % n)).collect();
        net.network.ring(0, &order);
        let views: Vec<Vec<NodeId>> = nodes(0..n).into_iter().map(|from| reached(&net, from, n)).collect();
        for (node, view) in views.iter().enumerate() {
            assert!(view.contains(&NodeId(node as u32)));
            // The least that is a majority and the same on both sides.
            assert_eq!(view.len() as u32, 1 + 2 * (n / 2).div_ceil(2), "of {n}");
            assert!(view.len() as u32 > n / 2 && (view.len() as u32) < n);
            assert!(!views[..node].contains(view), "two of {n} see the same");
            assert!(view.iter().all(|&to| reaches(&net, to, NodeId(node as u32))), "both ways");
        }
        assert!(reaches(&net, order[0], order[1]), "neighbours in the order are neighbours");
        assert!(!reaches(&net, order[0], order[n as usize / 2]), "the far side is cut");
        assert_eq!(reached(&net, NodeId(n), n + 1).len() as u32, n + 1, "who is not on it reaches everybody");
    }
}

#[test]
fn each_isolated_node_is_alone() {
    let mut net = quiet(4);
    net.network.isolate(0, &[A, B]);
    assert_eq!(reached(&net, A, 4), [A]);
    assert_eq!(reached(&net, B, 4), [B]);
    assert_eq!(reached(&net, C, 4), [C, D]);
    let through = net.send(C, D, 10, at(0));
    let stopped = net.send(C, A, 10, at(0));
    net.run();
    assert!(net.arrival(through).is_some() && net.arrival(stopped).is_none());
}

#[test]
fn every_cut_counts_what_it_would_have_stopped() {
    let mut net = quiet(4);
    net.network.split(0, &[vec![A, B], vec![C]], false);
    net.network.isolate(1, &[C]);
    net.network.split(2, &[vec![C], vec![A]], true);
    net.send(A, C, 10, at(0)); // 0 and 1
    net.send(C, A, 10, at(0)); // all three
    net.send(C, D, 10, at(0)); // 1
    net.send(A, B, 10, at(0)); // none
    net.run();
    let dropped: Vec<u64> = net.books.effects.iter().map(|effect| effect.dropped).collect();
    assert_eq!(dropped, [2, 3, 1, 0]);
    assert_eq!(net.books.traffic.cut, 3);
    net.assert_all_accounted_for();
    // One ends, and the others go on.
    net.network.end(1);
    assert!(reaches(&net, C, D) && !reaches(&net, A, C));
}

#[test]
fn a_cut_stops_what_is_on_its_way() {
    let mut net = quiet(2);
    net.send(A, B, 10, at(0));
    net.network.isolate(0, &[B]);
    net.run();
    assert_eq!((net.arrived.len(), net.books.traffic.cut, net.books.effects[0].dropped), (0, 1, 1));
}

#[test]
fn what_is_sent_into_a_cut_is_lost_even_if_it_would_arrive_after_its_end() {
    let mut net = quiet(2);
    net.network.isolate(0, &[B]);
    net.send(A, B, 10, at(0));
    net.network.end(0);
    net.run();
    assert_eq!((net.arrived.len(), net.books.traffic.cut), (0, 1));
}

#[test]
fn a_clog_holds_in_order_and_releases_in_order() {
    let mut net = quiet(3);
    net.network.clog(0, &[A, C], &[B]);
    net.network.clog(1, &[C], &[B]);
    assert!(!reaches(&net, A, B) && reaches(&net, B, A));
    for (from, ms) in [(A, 0), (C, 1), (A, 2)] {
        net.send(from, B, 10, at(ms));
    }
    let back = net.send(B, A, 10, at(3));
    net.run();
    assert_eq!(net.arrived, [(back, at(4))]);
    let mut branch = net.clone();
    let release = |net: &mut Net, fault| {
        for event in net.network.end(fault) {
            let from = if event.slot == 1 { C } else { A };
            net.post(from, event, Arrival { at: at(10), leg: event.round });
        }
        net.run();
    };
    release(&mut net, 0);
    assert_eq!(net.arrived[1..], [(0, at(10)), (2, at(10))], "the other clog still holds one");
    release(&mut net, 1);
    assert_eq!(net.arrived[3..], [(1, at(10))]);
    assert_eq!([0, 1].map(|fault| net.books.effects[fault].delayed), [3, 1]);
    assert!(net.network.end(0).is_empty(), "released once");
    // A copy holds what the original held; a cut meets what is released.
    branch.network.end(1);
    branch.network.isolate(2, &[C]);
    release(&mut branch, 0);
    assert_eq!(branch.arrived[1..], [(0, at(10)), (2, at(10))]);
    assert_eq!(branch.books.effects[2].dropped, 1);
}

#[test]
fn a_message_that_came_through_pipes_is_held_at_its_end() {
    let pipe = Pipe { rate: Rate(1_000_000), queue: Bytes(10_000), express: Bytes(0) };
    let nics = vec![Nic::default(), Nic { up: None, down: Some(pipe) }];
    let mut net = Net::new(&NetworkPlan { nics, ..only(instant()) }, 1, 2);
    net.network.clog(0, &[A], &[B]);
    net.send(A, B, 1_000, at(0));
    net.send(A, B, 0, at(5));
    net.run();
    assert_eq!(net.network.pipes.passages.len(), 0);
    let held = net.network.end(0);
    assert_eq!(held.iter().map(|event| (event.slot, event.round)).collect::<Vec<_>>(), [(0, 0), (1, 0)]);
}

fn awful() -> Impairment {
    Impairment {
        delay: Some(Delay::Exponential(2.ms())),
        loss: Chance::ratio(1, 5),
        bursts: Some(Bursts {
            slot: 10.ms(),
            enter: Chance::ratio(1, 10),
            leave: Chance::ratio(1, 2),
            loss: Chance::ALWAYS,
        }),
        duplicate: Chance::ratio(1, 10),
        reorder: Some(Reorder { chance: Chance::ratio(1, 10), by: Delay::Constant(30.ms()) }),
        corrupt: Chance::ratio(1, 10),
        bandwidth: None,
    }
}

/// Everything a fate says, of messages between eight nodes; harm as `begin` says in the second third.
fn fates(begin: impl Fn(&mut Network), ends: &[usize]) -> Vec<(NodeId, NodeId, Fate)> {
    let link = LinkPlan { loss: Chance::ratio(1, 10), ..LinkPlan::new(Delay::Uniform(1.ms(), 9.ms())) };
    let mut net = Net::new(&only(link), 3, 8);
    let mut rng = test_rng(8);
    let mut fates = Vec::new();
    for step in 0..60_000 {
        match step {
            20_000 => begin(&mut net.network),
            40_000 => ends.iter().for_each(|&fault| _ = net.network.end(fault)),
            _ => {}
        }
        let (from, to) = (NodeId(rng.below(8) as u32), NodeId(rng.below(8) as u32));
        fates.push((from, to, net.network.send(from, to, 100, at(step / 3), &mut net.books)));
    }
    assert!(net.network.quiet(), "what is over costs nothing any more");
    fates
}

#[test]
fn without_a_harm_all_other_fates_are_as_they_were() {
    let calm = fates(|_| {}, &[]);
    let cut = |network: &mut Network| network.split(0, &[vec![A], vec![B, C]], false);
    let worse = |network: &mut Network| network.degrade(1, 42, &[A, B], &[C, D], &awful());
    let one = fates(worse, &[1]);
    let both = fates(
        |network| {
            cut(network);
            worse(network);
        },
        &[0, 1],
    );
    let mut concerned = 0;
    for (index, &(from, to, calm)) in calm.iter().enumerate() {
        let in_force = (20_000..40_000).contains(&index);
        let worsened = in_force && from <= B && (to == C || to == D);
        let stopped = in_force
            && from != to
            && (from == A && (to == B || to == C) || to == A && (from == B || from == C));
        concerned += u64::from(worsened && calm != one[index].2);
        assert!(worsened || calm == one[index].2, "number {index}");
        assert_eq!(
            both[index].2,
            if stopped { Fate::Lost(Loss::Cut) } else { one[index].2 },
            "number {index}"
        );
    }
    assert!(concerned > 500, "{concerned}");
}

#[test]
fn what_a_fault_draws_follows_from_its_name_and_not_from_its_number() {
    let draws = |fault, salt| fates(|network| network.degrade(fault, salt, &[A], &[B], &awful()), &[fault]);
    assert_eq!(draws(0, 42), draws(3, 42));
    assert_ne!(draws(0, 42), draws(0, 43));
    let nic = |fault, salt| fates(|network| network.degrade_nic(fault, salt, &[A], &awful()), &[fault]);
    assert_eq!(nic(0, 42), nic(3, 42));
    assert_ne!(nic(0, 42), nic(0, 43));
}

/// What a link does by itself, a fault does too, beside it.
#[test]
fn worse_luck_takes_its_shares_and_counts_them() {
    let count = 200_000;
    let link = LinkPlan { loss: Chance::ratio(1, 2), ..LinkPlan::new(Delay::Constant(1.ms())) };
    let mut net = Net::new(&only(link), 3, 3);
    let worse = Impairment { bursts: None, delay: None, ..awful() };
    net.network.degrade(2, 42, &[A], &[B], &worse);
    for ms in 0..count {
        net.send(A, B, 100, at(ms));
        net.send(B, A, 100, at(ms));
    }
    net.run();
    net.assert_all_accounted_for();
    let (effect, t) = (net.books.effects[2], net.books.traffic);
    assert_share(effect.dropped, t.sent - t.lost + effect.dropped - count / 2, 0.2);
    assert_share(t.lost - effect.dropped, 2 * count, 0.5);
    let through = effect.dropped * 4; // 4 in 5 of what the link let through
    assert_near(effect.duplicated as f64, through as f64 * 0.1, 0.05);
    assert_eq!(effect.duplicated, t.duplicated);
    let copies = through as f64 * 1.1;
    assert_near(effect.corrupted as f64, copies * 0.1, 0.05);
    assert_eq!(effect.corrupted, t.corrupted);
    assert_near(effect.delayed as f64, copies * 0.1, 0.05);
}

#[test]
fn a_bad_interface_harms_what_it_sends_and_what_it_receives_once() {
    let worse = Impairment { delay: Some(Delay::Constant(10.ms())), ..Impairment::default() };
    let mut net = quiet(4);
    net.network.degrade_nic(0, 1, &[A, B], &worse);
    net.send(A, B, 10, at(0));
    net.send(B, C, 10, at(0));
    net.send(C, A, 10, at(0));
    net.send(C, D, 10, at(0));
    net.run();
    assert_eq!(net.arrived, [(3, at(1)), (0, at(11)), (1, at(11)), (2, at(11))]);
    assert_eq!(net.books.effects[0].delayed, 3);
}

/// A megabit a second has room for 125 bytes a millisecond.
const LIMPING: Pipe = Pipe { rate: Rate(125_000), queue: Bytes(500), express: Bytes(0) };

#[test]
fn worse_links_share_one_pipe_and_worse_interfaces_have_their_own() {
    let narrow = Impairment { bandwidth: Some(LIMPING), ..Impairment::default() };
    let mut net = quiet(4);
    net.network.degrade(0, 1, &[A, B], &[C, D], &narrow);
    net.send(A, C, 250, at(0));
    net.send(B, D, 250, at(0));
    net.send(C, A, 250, at(0));
    net.run();
    assert_eq!(net.arrived, [(2, at(1)), (0, at(3)), (1, at(5))]);
    net.network.end(0);
    net.network.degrade_nic(1, 1, &[A, B], &narrow);
    net.arrived.clear();
    let first = net.send(A, C, 250, at(10));
    net.send(B, D, 250, at(10));
    net.send(C, A, 250, at(10)); // its other direction is free
    net.send(A, B, 250, at(10)); // behind the first, then through the other one's downlink
    net.run();
    assert_eq!(net.arrived, [(first, at(13)), (first + 1, at(13)), (first + 2, at(13)), (first + 3, at(15))]);
    net.assert_all_accounted_for();
    assert_eq!([0, 1].map(|fault| net.books.effects[fault].delayed), [2, 4]);
}

#[test]
fn a_narrow_link_drops_what_does_not_fit_and_lets_go_at_its_end() {
    let narrow = Impairment {
        bandwidth: Some(LIMPING),
        delay: Some(Delay::Constant(1.ms())),
        ..Impairment::default()
    };
    let mut net = quiet(2);
    net.network.degrade(0, 1, &[A], &[B], &narrow);
    (0..7).for_each(|_| _ = net.send(A, B, 125, at(0)));
    net.send(A, B, 125, at(2)); // comes to the pipe after its end
    net.run_to(at(3));
    net.network.end(0);
    net.run();
    let numbers: Vec<u32> = net.arrived.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [0, 7, 1, 2, 3, 4]);
    assert_eq!(net.arrival(7), Some(at(4)), "the pipe is gone, what it took keeps its turn");
    let effect = net.books.effects[0];
    assert_eq!((effect.dropped, effect.delayed, net.books.traffic.overflowed), (2, 8, 2));
    net.assert_all_accounted_for();
}

#[test]
fn two_faults_on_a_link_add_up_and_one_goes_on_when_the_other_ends() {
    let worse = |rate, ms: u64| Impairment {
        bandwidth: Some(Pipe { rate: Rate(rate), queue: Bytes(500), express: Bytes(0) }),
        delay: Some(Delay::Constant(ms.ms())),
        ..Impairment::default()
    };
    let mut net = quiet(2);
    net.network.degrade(0, 1, &[A], &[B], &worse(125_000, 10));
    net.network.degrade(1, 2, &[A], &[B], &worse(62_500, 20));
    net.send(A, B, 250, at(0));
    net.run();
    net.network.end(0);
    net.send(A, B, 250, at(100));
    net.run();
    net.network.end(1);
    net.send(A, B, 250, at(200));
    net.run();
    assert_eq!(net.arrived, [(0, at(35)), (1, at(125)), (2, at(201))]);
    assert_eq!([0, 1].map(|fault| net.books.effects[fault].delayed), [1, 2]);
}

#[test]
fn a_fault_whose_pipe_is_wide_enough_delays_nobody() {
    let narrow = Nic { up: Some(LIMPING), down: None };
    let wide =
        Impairment { bandwidth: Some(Pipe { rate: Rate(250_000), ..LIMPING }), ..Impairment::default() };
    let mut net = Net::new(&NetworkPlan { nics: vec![narrow; 3], ..only(instant()) }, 1, 3);
    net.network.degrade(0, 1, &[A, B], &[C], &wide);
    net.send(A, C, 250, at(0));
    net.send(B, C, 250, at(0));
    net.run();
    assert_eq!(net.arrived, [(0, at(2)), (1, at(2))]);
    assert_eq!(net.books.effects[0], Effect::default());
}
