//! What becomes of connections whose ends die, come back, or hear old news.

use super::{
    super::{Kind, StreamCounts},
    CLIENT, SERVER, is_data,
    net::{DELAY, Net},
};
use crate::time::Units;
use std::{vec, vec::Vec};

#[test]
fn a_process_that_dies_is_mourned_by_its_peer_after_its_last_words() {
    let mut net = Net::reliable();
    net.send(CLIENT, SERVER);
    net.run(1.s());
    net.send(SERVER, CLIENT);
    net.send(CLIENT, SERVER);
    net.crash(SERVER);
    assert_eq!(net.discarded, [2], "nobody will read it");
    net.run(DELAY);
    assert_eq!(net.parcels_delivered(), [0, 1]);
    assert!(net.streams.ends.is_empty());
    assert_eq!(net.streams.counts.resets, 1);

    net.send(CLIENT, SERVER);
    net.settle();
    assert_eq!(net.discarded, [2, 3], "nobody listens");
    assert_eq!(net.streams.counts.resets, 2);

    net.boot(SERVER);
    net.send(CLIENT, SERVER);
    net.settle();
    assert_eq!(net.parcels_delivered(), [0, 1, 4]);
    assert_eq!(net.streams.counts.opened, 3);
}

#[test]
fn an_end_believes_in_a_dead_peer_until_it_sends() {
    let mut net = Net::reliable();
    net.send(CLIENT, SERVER);
    net.run(1.s());
    net.power_off(SERVER);
    net.run(1_000.s());
    net.boot(SERVER);
    net.run(1_000.s());
    assert_eq!(net.streams.ends.len(), 1, "half open");
    let asked = net.now;
    net.send(CLIENT, SERVER);
    assert_eq!(net.discarded, [1], "it can go nowhere, though its sender does not know");
    net.run(DELAY * 2);
    assert!(net.streams.ends.is_empty());
    let last = net.flights.last().expect("a Rst");
    assert_eq!((last.at, last.packet.kind), (asked + DELAY, Kind::Rst));
    net.send(CLIENT, SERVER);
    net.settle();
    assert_eq!(net.parcels_delivered(), [0, 2]);
}

#[test]
fn a_rebooted_peer_takes_the_place_of_its_former_self() {
    let mut net = Net::reliable();
    net.send(CLIENT, SERVER);
    net.run(1.s());
    net.power_off(CLIENT);
    net.boot(CLIENT);
    net.send(CLIENT, SERVER);
    let asked = net.now;
    net.settle();
    assert_eq!(net.delivered[1], (asked + DELAY * 3, 1));
    assert_eq!(net.streams.counts, StreamCounts { opened: 2, resets: 1, ..StreamCounts::default() });
}

/// A Syn that arrives twice, long after its connection: the SynAck is answered by Rst, and nothing is left.
#[test]
fn an_old_syn_opens_nothing_that_lasts() {
    let mut net = Net::new(|flight| match flight.packet.kind {
        Kind::Syn => vec![DELAY, 100.s()],
        Kind::SynAck | Kind::Ack(_) | Kind::Data(_) | Kind::Rst => vec![DELAY],
    });
    net.send(CLIENT, SERVER);
    net.run(10.s());
    net.power_off(SERVER);
    net.boot(SERVER);
    net.settle();
    assert_eq!(net.streams.ends.keys().collect::<Vec<_>>(), [&(CLIENT, SERVER)]);
    assert_eq!(net.parcels_delivered(), [0]);
}

/// A segment for an end that is gone, while another one has begun to take its place: its sender learns of it.
#[test]
fn a_segment_for_a_former_self_is_refused() {
    let mut net = Net::new(|flight| match flight.packet.kind {
        Kind::Syn => vec![DELAY, 10.s()],
        Kind::SynAck | Kind::Ack(_) | Kind::Data(_) | Kind::Rst => vec![DELAY],
    });
    net.send(CLIENT, SERVER);
    net.run(1.s());
    net.power_off(SERVER);
    net.boot(SERVER);
    net.run(10.s() - DELAY - 999.ms());
    net.send(CLIENT, SERVER);
    net.run(DELAY + 2.ms());
    let refused = net.flights.iter().filter(|f| f.packet.kind == Kind::Rst && f.from == SERVER);
    assert_eq!(refused.count(), 1);
    net.settle();
    assert!(net.streams.ends.is_empty());
    assert_eq!(net.sent(is_data).len(), 2, "nothing is sent again to one that is not there");
}

/// A Rst, or a Syn, that took ten seconds: the connection it is about is long gone, and another one there.
#[test]
fn late_words_about_a_former_connection_are_ignored() {
    for late in [Kind::Rst, Kind::Syn] {
        let mut first = true;
        let mut net = Net::new(move |flight| {
            let late =
                flight.packet.kind == late && core::mem::replace(&mut first, flight.packet.kind != late);
            if late { vec![DELAY, 10.s()] } else { vec![DELAY] }
        });
        net.send(CLIENT, SERVER);
        net.run(1.s());
        net.crash(CLIENT);
        net.boot(CLIENT);
        net.send(CLIENT, SERVER);
        net.run(1.s());
        net.send(SERVER, CLIENT);
        net.run(20.s());
        net.send(CLIENT, SERVER);
        net.settle();
        assert_eq!(net.parcels_delivered(), [0, 1, 2, 3], "{late:?}");
        assert_eq!(net.streams.counts, StreamCounts { opened: 2, resets: 1, ..StreamCounts::default() });
    }
}
