//! Pipes: what is sent through one takes its time, what does not fit is dropped, and nobody is slowed by more than that.

use super::*;
use crate::network::pipes::{Bottleneck, Turn};

/// A megabyte a second, and as much as anybody wants may wait: a kilobyte takes a millisecond.
const MEGABYTE: Pipe = Pipe { rate: Rate(1_000_000), queue: Bytes(u64::MAX), express: Bytes(0) };
const FAST: Pipe = Pipe { rate: Rate(10_000_000), queue: Bytes(u64::MAX), express: Bytes(0) };

fn nic(up: Option<Pipe>, down: Option<Pipe>) -> Nic {
    Nic { up, down }
}

fn attached(delay: Span, nics: Vec<Nic>) -> NetworkPlan {
    NetworkPlan { nics, ..only(LinkPlan::new(Delay::Constant(delay))) }
}

/// Everybody to `A` through one pipe.
fn bottleneck(delay: Span, senders: u32, pipe: Pipe) -> NetworkPlan {
    let link = LinkPlan::new(Delay::Constant(delay));
    let exception = LinkException { from: nodes(1..senders + 1), to: vec![A], link, pipe: Some(pipe) };
    NetworkPlan { links: vec![exception], ..only(instant()) }
}

fn at(ms: u64) -> Time {
    Time::ZERO + ms.ms()
}

/// ENG5: M/D/1. The mean wait is ρs / 2(1 - ρ).
#[test]
fn messages_of_one_size_that_come_at_random_wait_as_long_as_queueing_theory_says() {
    for seed in 0..3 {
        let mut net = Net::new(&attached(5.ms(), vec![nic(Some(MEGABYTE), None)]), seed, 2);
        let mut rng = test_rng(seed);
        let (mut now, mut waits) = (Time::ZERO, 0.0);
        const COUNT: u64 = 1_100_000;
        for number in 0..COUNT {
            now += crate::sample::exponential(&mut rng, Span(1_428_571)); // ρ = 0.7
            let Fate::Once(arrival) = net.network.send(A, B, 1_000, now, &mut net.books) else {
                panic!("lost")
            };
            assert_eq!(arrival.leg, 0, "an uplink alone needs no passage");
            if number >= COUNT / 11 {
                waits += arrival.at.since(now + 6.ms()).as_millis();
            }
        }
        assert_near(waits / 1e6, 1.1667, 0.02);
    }
}

/// A second's worth of messages, all at once or in step, is through after a second: even messages so small that they
/// take six and a half nanoseconds.
#[test]
fn a_saturated_pipe_carries_its_rate() {
    for (rate, bytes) in [(1_000_000, 1_000), (9_999_999_999, 65), (3_000_000, 7)] {
        let pipe = Pipe { rate: Rate(rate), queue: Bytes(u64::MAX), express: Bytes(0) };
        let count = (rate / bytes).min(100_000);
        let seconds = (count * bytes) as f64 / rate as f64;
        let few = [nic(None, Some(pipe)), Nic::default(), Nic::default()];
        for (plan, senders) in [
            (attached(5.ms(), vec![Nic::default(), nic(Some(pipe), None)]), 1),
            (attached(5.ms(), few.to_vec()), 3),
            (bottleneck(5.ms(), 3, pipe), 3),
        ] {
            let mut net = Net::new(&plan, 1, 4);
            for number in 0..count {
                let from = NodeId(1 + number as u32 % senders);
                net.send(from, A, bytes, Time(number * 5 % 2_000));
            }
            net.run();
            net.assert_all_accounted_for();
            let last = net.arrived.iter().map(|(_, last)| last.since(at(5))).max().expect("they arrived");
            assert_near(last.as_secs(), seconds, 0.001);
            assert_eq!(net.arrived.len() as u64, count);
        }
    }
}

#[test]
fn a_transfer_through_equal_pipes_takes_its_time_once() {
    let megabyte = Some(MEGABYTE);
    let mut plan = attached(5.ms(), vec![nic(megabyte, megabyte); 2]);
    plan.links.push(LinkException { from: vec![A], to: vec![B], link: plan.default.clone(), pipe: megabyte });
    let mut net = Net::new(&plan, 1, 2);
    net.send(A, B, 100_000, at(0));
    net.send(A, B, 100_000, at(0));
    net.run();
    assert_eq!(net.arrived, [(0, at(105)), (1, at(205))]);
    net.assert_all_accounted_for();
}

#[test]
fn the_slowest_pipe_on_the_way_sets_the_pace() {
    for (up, down) in [(MEGABYTE, FAST), (FAST, MEGABYTE)] {
        let mut net = Net::new(&attached(5.ms(), vec![nic(Some(up), None), nic(None, Some(down))]), 1, 2);
        net.send(A, B, 100_000, at(0));
        net.send(A, B, 100_000, at(1));
        net.run();
        assert_eq!(net.arrived, [(0, at(105)), (1, at(205))]);
    }
}

#[test]
fn equal_transfers_to_one_receiver_take_as_many_times_as_long() {
    let mut plan = attached(5.ms(), vec![nic(Some(MEGABYTE), Some(MEGABYTE)); 9]);
    plan.default.delay = Delay::Uniform(4.ms(), 6.ms());
    let mut net = Net::new(&plan, 1, 9);
    nodes(1..9).into_iter().for_each(|from| _ = net.send(from, A, 1_000_000, at(0)));
    net.run();
    let last = net.arrived.iter().map(|(_, at)| *at).max().expect("they arrived");
    assert_near(last.as_secs(), 8.0, 0.01);
}

#[test]
fn slow_senders_do_not_slow_one_another_in_a_fast_pipe() {
    let mut nics = vec![nic(Some(MEGABYTE), None); 11];
    nics[0] = nic(None, Some(FAST));
    let mut net = Net::new(&attached(5.ms(), nics), 1, 11);
    nodes(1..11).into_iter().for_each(|from| _ = net.send(from, A, 1_000_000, at(0)));
    net.run();
    assert_eq!(net.arrived.len(), 10);
    assert!(net.arrived.iter().all(|(_, arrived)| *arrived == at(1_005)), "{:?}", net.arrived);
}

#[test]
fn a_full_queue_drops_exactly_what_does_not_fit() {
    let pipe = Pipe { rate: Rate(1_000_000), queue: Bytes(3_000), express: Bytes(0) };
    let middle = bottleneck(0.ms(), 1, pipe);
    let up = attached(0.ms(), vec![Nic::default(), nic(Some(pipe), None)]);
    let down = attached(0.ms(), vec![nic(None, Some(pipe))]);
    for plan in [up, middle, down] {
        let mut net = Net::new(&plan, 1, 2);
        // One in transmission, three kilobytes waiting; the fourth and fifth to wait find no room, a small one neither.
        (0..6).for_each(|_| _ = net.send(B, A, 1_000, at(0)));
        net.send(B, A, 1, at(0));
        net.send(B, A, 0, at(0));
        // After a millisecond there is room again: 1000 bytes, and not one more.
        net.send(B, A, 999, Time(1_000_001));
        net.send(B, A, 2, Time(1_000_001));
        net.send(B, A, 1, Time(1_000_001));
        // When the turn of a message comes, its room is free at once.
        net.send(B, A, 1_000, at(2));
        net.run();
        let numbers: Vec<u32> = net.arrived.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 7, 8, 10, 11]);
        assert_eq!(net.arrival(3), Some(at(4)));
        assert_eq!(net.books.traffic.overflowed, 4);
        net.assert_all_accounted_for();
    }
}

#[test]
fn a_message_that_need_not_wait_may_be_larger_than_the_queue() {
    let pipe = Pipe { rate: Rate(1_000_000), queue: Bytes(0), express: Bytes(0) };
    let mut net = Net::new(&attached(0.ms(), vec![nic(Some(pipe), None)]), 1, 2);
    net.send(A, B, 5_000, at(0));
    net.send(A, B, 1, at(4));
    net.send(A, B, 5_000, at(5));
    net.run();
    assert_eq!(net.arrived, [(0, at(5)), (2, at(10))]);
}

#[test]
fn lost_and_damaged_messages_use_the_pipes_up_to_where_they_go() {
    for (loss, corrupt) in [(Chance::ALWAYS, Chance::NEVER), (Chance::NEVER, Chance::ALWAYS)] {
        let bad = LinkPlan { loss, corrupt, ..instant() };
        let exception = LinkException { from: vec![A], to: vec![B], link: bad, pipe: None };
        let mut nics = vec![nic(Some(MEGABYTE), None); 3];
        nics[1] = nic(None, Some(Pipe { rate: Rate(500_000), ..MEGABYTE }));
        let mut net = Net::new(&NetworkPlan { links: vec![exception], nics, ..only(instant()) }, 1, 3);
        net.send(A, B, 1_000, at(0));
        let next = net.send(A, C, 1_000, at(0));
        let same = net.send(C, B, 1_000, at(0));
        net.run();
        assert_eq!(net.arrival(next), Some(at(2)), "the uplink was busy");
        let waited = if loss == Chance::ALWAYS { 2 } else { 4 };
        assert_eq!(net.arrival(same), Some(at(waited)), "the downlink was busy if it came so far");
        net.assert_all_accounted_for();
        assert_eq!(net.books.traffic.lost + net.books.traffic.corrupted, 1);
    }
}

#[test]
fn copies_leave_the_sender_once_and_come_to_the_receiver_twice() {
    let mut plan = attached(0.ms(), vec![nic(Some(MEGABYTE), None), nic(None, Some(MEGABYTE))]);
    plan.default.duplicate = Chance::ALWAYS;
    let mut net = Net::new(&plan, 1, 2);
    net.send(A, B, 1_000, at(0));
    net.send(A, B, 1_000, at(0));
    net.run();
    assert_eq!(net.arrived, [(0, at(1)), (0, at(2)), (1, at(3)), (1, at(4))]);
    net.assert_all_accounted_for();
}

#[test]
fn a_message_to_oneself_stays_in_its_host() {
    let mut plan = attached(1.ms(), vec![nic(Some(MEGABYTE), Some(MEGABYTE)); 2]);
    plan.links.push(LinkException {
        from: vec![A],
        to: vec![A, B],
        link: plan.default.clone(),
        pipe: Some(MEGABYTE),
    });
    let mut net = Net::new(&plan, 1, 2);
    net.network.isolate(0, &[A]);
    let worse = Impairment { loss: Chance::ALWAYS, ..Impairment::default() };
    net.network.degrade_nic(1, 1, &[A], &worse);
    net.send(A, A, 1_000_000, at(0));
    net.run();
    assert_eq!(net.arrived, [(0, at(1))]);
}

#[test]
fn nodes_on_one_machine_share_its_pipes_and_meet_nothing_between_them() {
    // A and B share a machine; that B has no limits of its own says nothing.
    let megabyte = Some(MEGABYTE);
    let mut plan = attached(5.ms(), vec![nic(megabyte, megabyte); 4]);
    plan.nics[1] = Nic::default();
    plan.machines = vec![A, A, C, D];
    let at = |ms: u64| Time::ZERO + ms.ms();
    for way in ["down", "up"] {
        let mut net = Net::new(&plan, 1, 4);
        for (one, other) in [(A, C), (B, D)] {
            let (from, to) = if way == "down" { (other, one) } else { (one, other) };
            net.send(from, to, 1_000_000, at(0));
        }
        // Meanwhile a hundred megabytes pass from A to B, and back, cut off as both are.
        net.network.isolate(0, &[A, B]);
        net.network.degrade_nic(1, 1, &[A, B], &Impairment { loss: Chance::ALWAYS, ..Impairment::default() });
        net.send(A, B, 100_000_000, at(1));
        net.send(B, A, 100_000_000, at(1));
        net.run_to(at(2));
        net.network.end(0);
        net.network.end(1);
        net.run();
        let there = at(1) + NetworkPlan::LOOPBACK;
        assert_eq!(net.arrived, [(2, there), (3, there), (0, at(1_005)), (1, at(2_005))], "{way}");
        net.assert_all_accounted_for();
    }
}

/// Random traffic over everything at once: memory follows what is on its way, and a copy goes on as the original does.
#[test]
fn passages_end_and_a_copy_of_the_network_goes_on_alike() {
    let pipe = Pipe { rate: Rate(200_000), queue: Bytes(20_000), express: Bytes(0) };
    let mut plan = attached(1.ms(), vec![nic(Some(pipe), Some(pipe)); 8]);
    let link =
        LinkPlan { corrupt: Chance::ratio(1, 10), duplicate: Chance::ratio(1, 10), ..plan.default.clone() };
    plan.links.push(LinkException { from: nodes(0..4), to: nodes(4..8), link, pipe: Some(FAST) });
    let mut net = Net::new(&plan, 1, 8);
    let worse = Impairment { bandwidth: Some(pipe), ..Impairment::default() };
    let (mut rng, mut most, mut copy) = (test_rng(2), 0, None);
    for step in 0..60_000u64 {
        match step {
            10_000 => net.network.degrade(0, 5, &nodes(0..3), &nodes(4..8), &worse),
            20_000 => net.network.degrade_nic(1, 6, &nodes(2..6), &worse),
            30_000 => copy = Some((net.clone(), rng.clone())),
            40_000 => _ = net.network.end(0),
            50_000 => _ = net.network.end(1),
            _ => {}
        }
        let (from, to) = (NodeId(rng.below(8) as u32), NodeId(rng.below(8) as u32));
        net.send(from, to, rng.below(1_500), Time(step * 500_000));
        most = most.max(net.network.pipes.passages.len());
    }
    net.run();
    net.assert_all_accounted_for();
    let t = net.books.traffic;
    assert!(t.overflowed > 1_000 && t.corrupted > 100 && t.duplicated > 100, "{t:?}");
    assert!(most < 2_000, "{most} at once");
    let (mut copy, mut rng) = copy.expect("it was made half way");
    for step in 30_000..60_000u64 {
        match step {
            40_000 => _ = copy.network.end(0),
            50_000 => _ = copy.network.end(1),
            _ => {}
        }
        let (from, to) = (NodeId(rng.below(8) as u32), NodeId(rng.below(8) as u32));
        copy.send(from, to, rng.below(1_500), Time(step * 500_000));
    }
    copy.run();
    assert_eq!((copy.arrived, copy.books.traffic), (net.arrived, net.books.traffic));
}

#[test]
fn a_pipe_serves_first_bits_in_the_order_in_which_they_come() {
    let mut plan = attached(0.ms(), vec![Nic::default(), nic(None, Some(MEGABYTE))]);
    let link = plan.default.clone();
    plan.links.push(LinkException { from: vec![A], to: vec![B], link, pipe: Some(MEGABYTE) });
    let mut net = Net::new(&plan, 1, 3);
    (0..3).for_each(|_| _ = net.send(A, B, 100_000, at(0)));
    // The third is still in front of the shared pipe when this one comes.
    let other = net.send(C, B, 10_000, at(150));
    net.run();
    assert_eq!(net.arrived, [(0, at(100)), (1, at(200)), (other, at(210)), (2, at(310))]);
}

#[test]
fn fractions_of_a_nanosecond_are_kept_while_a_pipe_is_busy_and_forgotten_when_it_is_idle() {
    let pipe = Pipe { rate: Rate(1_500_000_000), ..MEGABYTE }; // a byte takes two thirds of a nanosecond
    let mut net = Net::new(&attached(0.ms(), vec![nic(Some(pipe), None)]), 1, 2);
    for ns in [0, 0, 0, 100, 200] {
        net.send(A, B, 1, Time(ns));
    }
    net.run();
    assert_eq!(net.arrived.iter().map(|(_, at)| at.0).collect::<Vec<_>>(), [1, 2, 2, 101, 201]);
}

#[test]
fn what_is_small_passes_between_the_packets_of_what_is_large_which_gives_way() {
    let pipe = Pipe { express: Bytes(100), ..MEGABYTE };
    let mut pipe = Bottleneck::new(&pipe);
    let at = |ms: u64| Time::ZERO + ms.ms();
    let turn = |first, last| Some(Turn { first, last });
    assert_eq!(pipe.take(1_000_000, at(0)), turn(at(0), at(1_000)));
    // A tenth of a millisecond, at once and not after a second.
    assert_eq!(pipe.take(100, at(10)), turn(at(10), at(10) + 100.us()));
    // What is one byte larger waits, and for all that was taken: no bit is sent for nothing.
    assert_eq!(pipe.take(101, at(20)), turn(at(1_000) + 100.us(), at(1_000) + 201.us()));
    assert_eq!(pipe.take(1_000_000, at(30)), turn(at(1_000) + 201.us(), at(2_000) + 201.us()));
}

#[test]
fn small_messages_wait_for_one_another_and_carry_no_more_than_the_rate() {
    let at = |us: u64| Time::ZERO + us.us();
    let turn = |first, last| Some(Turn { first: at(first), last: at(last) });
    let mut pipe = Bottleneck::new(&Pipe { express: Bytes(100), queue: Bytes(250), ..MEGABYTE });
    // The large one is in transmission for a millisecond; three small ones are through after 0.3 of it.
    assert_eq!(pipe.take(1_000, at(0)), turn(0, 1_000));
    assert_eq!(pipe.take(100, at(0)), turn(0, 100));
    assert_eq!(pipe.take(100, at(0)), turn(100, 200));
    // 200 bytes are there, and 100 more are too much for the queue until half of one is sent.
    assert_eq!(pipe.take(100, at(0)), None);
    assert_eq!(pipe.take(100, at(50)), turn(200, 300));
    // All of them together are sent in 1.3 ms.
    assert_eq!(pipe.take(200, at(50)), turn(1_300, 1_500));
}
