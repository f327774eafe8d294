//! What streams do, one sentence at a time.

mod chaos;
mod lives;
mod net;

use super::*;
use core::mem::size_of;
use net::{DELAY, Net, Pending};
use std::{vec, vec::Vec};

const CLIENT: NodeId = NodeId(0);
const SERVER: NodeId = NodeId(1);

fn at(span: Span) -> Time {
    Time::ZERO + span
}

fn is_data(kind: Kind) -> bool {
    matches!(kind, Kind::Data(_))
}

#[test]
fn what_is_in_flight_is_small() {
    assert_eq!(size_of::<Packet>(), 16);
    assert_eq!(size_of::<Token>(), 8);
    assert_eq!(size_of::<Action>(), 32);
}

#[test]
fn a_handshake_costs_one_round_trip() {
    let mut net = Net::reliable();
    net.send(CLIENT, SERVER);
    net.send(CLIENT, SERVER);
    net.settle();
    assert_eq!(net.delivered, [(at(DELAY * 3), 0), (at(DELAY * 3), 1)]);
    net.send(SERVER, CLIENT);
    let asked = net.now;
    net.settle();
    assert_eq!(net.delivered[2], (asked + DELAY, 2), "the connection carries both ways");
    assert_eq!(net.streams.counts, StreamCounts { opened: 1, ..StreamCounts::default() });
    let sizes = |kind: fn(Kind) -> bool| {
        let some = net.flights.iter().filter(move |f| kind(f.packet.kind));
        some.map(|f| f.bytes).collect::<Vec<_>>()
    };
    assert_eq!(sizes(is_data), [140; 3]);
    assert_eq!(sizes(|kind| !is_data(kind)), [40; 6], "Syn, SynAck and Ack, and an ack for each segment");
}

#[test]
fn ends_that_open_at_once_share_one_connection() {
    let mut net = Net::reliable();
    net.send(CLIENT, SERVER);
    net.send(SERVER, CLIENT);
    net.settle();
    assert_eq!(net.delivered, [(at(DELAY * 3), 0), (at(DELAY * 3), 1)]);
    assert_eq!(net.streams.counts, StreamCounts { opened: 2, ..StreamCounts::default() });
}

#[test]
fn a_node_can_send_to_itself() {
    let mut net = Net::reliable();
    net.send(CLIENT, CLIENT);
    net.settle();
    net.send(CLIENT, CLIENT);
    net.settle();
    assert_eq!(net.parcels_delivered(), [0, 1]);
    net.crash(CLIENT);
    net.settle();
    assert_eq!(net.streams.counts, StreamCounts { opened: 1, ..StreamCounts::default() });
}

#[test]
fn an_end_gives_up_a_handshake_after_127_seconds() {
    for (retries, waits, total) in [(6, vec![1, 3, 7, 15, 31, 63], 127), (5, vec![1, 3, 7, 15, 31], 63)] {
        let mut net = Net::losing(|_| true);
        net.plan.syn_retries = retries;
        net.send(CLIENT, SERVER);
        net.settle();
        let syns = net.sent(|kind| kind == Kind::Syn);
        assert_eq!(syns[1..], waits.into_iter().map(|s| at(s.s())).collect::<Vec<_>>());
        assert_eq!((net.now, &net.discarded[..]), (at(total.s()), &[0][..]));
        assert_eq!(net.streams.counts.gave_up, 1);
        assert!(net.streams.ends.is_empty());
    }
}

/// Round trips of 2 ms, so that the timeout is the shortest; then nothing gets through any more.
#[test]
fn an_end_gives_up_a_segment_after_924_6_seconds() {
    let mut net = Net::new(|flight| if flight.at < at(1.s()) { vec![1.ms()] } else { vec![] });
    net.send(CLIENT, SERVER);
    net.run(1.s());
    net.send(CLIENT, SERVER);
    net.settle();
    assert_eq!(net.now, at(1.s() + 924_600.ms()));
    assert_eq!(net.streams.counts.retransmitted, 15);
    let times = net.sent(is_data);
    let waits: Vec<u64> = times[1..].windows(2).map(|pair| pair[1].since(pair[0]).0 / 1_000_000).collect();
    assert_eq!(waits[..11], [200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 51_200, 102_400, 120_000]);
    assert_eq!(net.streams.counts.gave_up, 1);
    assert_eq!(net.held(), 1, "the server's end would still deliver a packet that is late");

    net.mend();
    net.send(CLIENT, SERVER);
    net.settle();
    assert_eq!(net.parcels_delivered(), [0, 2], "a new connection");
    assert_eq!(net.discarded, [1], "lost with the old one, whose place the new one takes");
    assert_eq!(net.streams.counts.resets, 1);
}

/// A connection that is open at 1 s, then sends `count` segments of which the first copy of the first is lost.
fn first_of(count: u32) -> Net {
    let mut lost = false;
    let mut net = Net::losing(move |flight| {
        let first = flight.at == at(1.s()) && is_data(flight.packet.kind);
        first && !core::mem::replace(&mut lost, true)
    });
    net.send(CLIENT, SERVER);
    net.run(1.s());
    net.burst(CLIENT, SERVER, count);
    net.settle();
    net
}

#[test]
fn a_lost_segment_holds_back_the_later_ones() {
    // Two samples of 100 ms: SRTT 100 ms, RTTVAR 37.5 ms.
    let rung = at(1.s() + 250.ms());
    let net = first_of(3);
    assert_eq!(net.delivered[1..], [1, 2, 3].map(|parcel| (rung + DELAY, parcel)));
    assert_eq!(net.streams.counts.retransmitted, 1);
}

#[test]
fn three_duplicate_acks_bring_a_lost_segment_back_before_its_timer() {
    let net = first_of(4);
    let third_duplicate = at(1.s() + DELAY * 2);
    assert_eq!(net.delivered[1..], [1, 2, 3, 4].map(|parcel| (third_duplicate + DELAY, parcel)));
    assert_eq!(net.streams.counts.retransmitted, 1);
}

/// RFC 6582 §3.2: each partial ack shows the next hole, which costs one more round trip and no timeout.
#[test]
fn every_hole_costs_one_round_trip() {
    let mut losses = vec![1, 3];
    let mut net = Net::losing(move |flight| match flight.packet.kind {
        Kind::Data(number) if losses.first() == Some(&number) => losses.remove(0) == number,
        Kind::Data(_) | Kind::Syn | Kind::SynAck | Kind::Ack(_) | Kind::Rst => false,
    });
    net.send(CLIENT, SERVER);
    net.run(1.s());
    net.burst(CLIENT, SERVER, 7);
    net.run(110.ms());
    // Their duplicate acks come while the second hole is being filled.
    net.burst(CLIENT, SERVER, 3);
    net.settle();
    let (first, second) = (at(1.s() + DELAY * 3), at(1.s() + DELAY * 5));
    assert_eq!(net.delivered[1..3], [(first, 1), (first, 2)]);
    assert_eq!(net.delivered[3..], [3, 4, 5, 6, 7, 8, 9, 10].map(|parcel| (second, parcel)));
    assert_eq!(net.streams.counts.retransmitted, 2);
}

/// What was lost in a cut follows at once when the first retransmission gets through, not one timeout after the other.
#[test]
fn a_cut_that_heals_costs_one_timeout_and_a_round_trip() {
    let cut = at(1.s())..at(10.s());
    let mut net = Net::losing(move |flight| cut.contains(&flight.at));
    net.send(CLIENT, SERVER);
    net.run(1.s());
    net.burst(CLIENT, SERVER, 20);
    net.settle();
    // 250 ms, doubled: the timer rings after .25, .75, 1.75, 3.75, 7.75 and 15.75 s.
    let through = at(1.s() + 15_750.ms() + DELAY);
    assert_eq!(net.delivered[1], (through, 1));
    assert!(net.delivered[2..].iter().all(|&(when, _)| when == through + DELAY * 2));
    assert_eq!(net.delivered.len(), 21);
    assert_eq!(net.streams.counts.retransmitted, 6 + 19);
}

/// The ack of a segment that was sent twice is no sample, and the doubled timeout stays until there is one.
#[test]
fn what_was_sent_again_gives_no_sample() {
    let mut net = first_of(1);
    let rto = |net: &Net| net.streams.ends[&(CLIENT, SERVER)].rto.span();
    assert_eq!(rto(&net), 500.ms());
    net.send(CLIENT, SERVER);
    net.settle();
    // A third sample of 100 ms: RTTVAR 28.125 ms.
    assert_eq!(rto(&net), 212_500.us());
}

/// RFC 6298 §5.7: a handshake that needed a second Syn, or a second SynAck, leaves 3 s.
#[test]
fn a_handshake_that_was_sent_again_gives_no_sample() {
    for (kind, node, peer) in [(Kind::Syn, CLIENT, SERVER), (Kind::SynAck, SERVER, CLIENT)] {
        let mut lost = false;
        let mut net =
            Net::losing(move |flight| flight.packet.kind == kind && !core::mem::replace(&mut lost, true));
        net.send(CLIENT, SERVER);
        net.run(1_160.ms());
        assert_eq!(net.delivered, [(at(1.s() + DELAY * 3), 0)]);
        assert_eq!(net.streams.ends[&(node, peer)].rto.span(), 3.s());
    }
}

/// The network doubled the Syn: nobody waited in vain, so §5.7 does not apply.
#[test]
fn a_handshake_whose_syn_came_twice_gives_no_sample_and_costs_no_three_seconds() {
    let mut net = Net::new(|flight| vec![DELAY; if flight.packet.kind == Kind::Syn { 2 } else { 1 }]);
    net.send(CLIENT, SERVER);
    net.run(200.ms());
    assert_eq!(net.delivered, [(at(DELAY * 3), 0)]);
    assert_eq!(net.streams.ends[&(SERVER, CLIENT)].rto.span(), 1.s());
}

#[test]
fn an_end_without_anything_to_wait_for_has_no_timer() {
    let mut net = Net::reliable();
    net.send(CLIENT, SERVER);
    net.run(1.s());
    assert!(net.streams.ends.values().all(|end| end.deadline == Time::MAX));
    net.settle();
    assert!(net.now < at(2.s()), "the last wake that was asked for does nothing");
    assert!(net.streams.ends.values().all(|end| end.queued == Time::MAX && end.sent.is_empty()));
}

#[test]
fn timers_are_set_again_instead_of_anew() {
    let mut net = Net::reliable();
    let wakes = |net: &Net| net.queue.values().filter(|pending| matches!(pending, Pending::Wake(_))).count();
    for _ in 0..2_000 {
        net.send(CLIENT, SERVER);
        net.run(1.ms());
        assert!(wakes(&net) <= 3, "{} wakes are pending", wakes(&net));
    }
    assert_eq!(wakes(&net), 1, "those of the handshake came late and are gone");
}

/// Retransmissions are counted per loss, not per connection.
#[test]
fn an_end_that_hears_of_anything_new_starts_to_count_again() {
    let mut copies = BTreeMap::new();
    let mut net = Net::losing(move |flight| match flight.packet.kind {
        Kind::Data(number) => {
            let copy: &mut u32 = copies.entry(number).or_default();
            *copy += 1;
            *copy <= 2
        }
        Kind::Syn | Kind::SynAck | Kind::Ack(_) | Kind::Rst => false,
    });
    net.plan.retries = 2;
    for _ in 0..3 {
        net.send(CLIENT, SERVER);
        net.settle();
    }
    assert_eq!(net.parcels_delivered(), [0, 1, 2]);
}

/// An ack of several segments is a sample of the oldest: the longest that it can be.
#[test]
fn an_ack_of_several_segments_is_a_sample_of_the_oldest() {
    let mut net = Net::losing(|flight| flight.packet.kind == Kind::Ack(2));
    net.send(CLIENT, SERVER);
    net.run(1.s());
    net.send(CLIENT, SERVER);
    net.run(10.ms());
    net.send(CLIENT, SERVER);
    net.settle();
    // 100, 100 and 110 ms: SRTT 101.25 ms, RTTVAR 30.625 ms.
    assert_eq!(net.streams.ends[&(CLIENT, SERVER)].rto.span(), 223_750.us());
}

/// Numbers of segments start again after 2^32.
#[test]
fn segments_are_told_apart_beyond_the_last_number() {
    let mut net = Net::new(|flight| match flight.packet.kind {
        Kind::Data(number) if number % 3 == 0 => vec![DELAY * 3, DELAY * 5],
        Kind::Data(_) | Kind::Syn | Kind::SynAck | Kind::Ack(_) | Kind::Rst => vec![DELAY],
    });
    net.send(CLIENT, SERVER);
    net.settle();
    let near = u32::MAX - 5;
    net.streams.ends.get_mut(&(CLIENT, SERVER)).expect("open").unacked = near;
    net.streams.ends.get_mut(&(SERVER, CLIENT)).expect("open").awaited = near;
    net.burst(CLIENT, SERVER, 20);
    net.settle();
    assert_eq!(net.parcels_delivered(), (0..=20).collect::<Vec<_>>());
    assert_eq!(net.streams.ends[&(CLIENT, SERVER)].unacked, near.wrapping_add(20));
}

#[test]
fn a_plan_that_makes_no_sense_is_refused_with_what_would_do() {
    let says = |plan: StreamPlan| plan.check().expect_err("refused");
    let never = StreamPlan { rto_min: Span::ZERO, rto_max: Span::ZERO, ..StreamPlan::default() };
    assert_eq!(
        says(never),
        "a stream with an `rto_max` of 0s sends everything again at once: write a longer one, like \"120s\""
    );
    assert_eq!(
        says(StreamPlan { rto_max: 100.ms(), ..StreamPlan::default() }),
        "a stream's `rto_min` of 200ms is longer than its `rto_max` of 100ms: write a shorter `rto_min` or a longer \
         `rto_max`"
    );
    let read = |text| serde_json::from_str::<StreamPlan>(text);
    assert_eq!(read("{}").expect("all defaults"), StreamPlan::default());
    assert_eq!(read(r#"{"retries": 3}"#).expect("one of them").retries, 3);
    assert!(read(r#"{"retires": 3}"#).is_err());
}
