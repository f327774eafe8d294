//! Streams among hosts that die, over a network that loses, doubles and delays.

use super::{
    super::StreamCounts,
    net::{Flight, Host, Net},
};
use crate::{
    protocol::NodeId,
    rng::{Chance, Keys, Purpose, Rng},
    time::{Span, Time, Units},
};
use proptest::{
    prelude::{Just, ProptestConfig, Strategy, any, prop_oneof},
    proptest,
    test_runner::RngSeed,
};
use std::{cell::Cell, collections::BTreeMap, vec, vec::Vec};

#[derive(Clone, Copy, Debug)]
enum Step {
    Send(NodeId, NodeId),
    /// A host that has no process boots instead.
    Crash(NodeId),
    PowerOff(NodeId),
    Boot(NodeId),
    Wait(Span),
}

fn nodes() -> impl Iterator<Item = NodeId> {
    (0..3).map(NodeId)
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let node = || (0..3_u32).prop_map(NodeId);
    let step = prop_oneof![
        200 => (node(), node()).prop_map(|(from, to)| Step::Send(from, to)),
        10 => node().prop_map(Step::Crash),
        10 => node().prop_map(Step::PowerOff),
        20 => node().prop_map(Step::Boot),
        80 => (0..300_u64).prop_map(|wait| Step::Wait(wait.ms())),
        10 => (0..30_u64).prop_map(|wait| Step::Wait(wait.s())),
        1 => Just(Step::Wait(2_000.s())),
    ];
    proptest::collection::vec(step, 1..200)
}

/// Loses a packet in five, doubles one in ten, and delays each by 1 to 80 ms, now and then by a minute.
fn chaos(mut rng: Rng) -> impl FnMut(&Flight) -> Vec<Span> {
    move |_| {
        let copies =
            if rng.chance(Chance::ratio(1, 5)) { 0 } else { 1 + u32::from(rng.chance(Chance::ratio(1, 10))) };
        let mut delay = |_| if rng.chance(Chance::ratio(1, 100)) { 60.s() } else { rng.range(1, 80).ms() };
        (0..copies).map(&mut delay).collect()
    }
}

/// The parcels that each end was given to send, by its number.
type Lives = BTreeMap<u32, Vec<u32>>;

fn act(net: &mut Net, step: Step, lives: &mut Lives) {
    let runs = |net: &Net, node: NodeId| net.hosts[node.0 as usize] == Host::Runs;
    match step {
        Step::Send(from, to) => {
            if runs(net, from) {
                let parcel = net.send(from, to);
                lives.entry(net.streams.ends[&(from, to)].number).or_default().push(parcel);
            }
        }
        Step::Crash(node) => {
            if runs(net, node) {
                net.crash(node)
            } else {
                net.boot(node)
            }
        }
        Step::PowerOff(node) => net.power_off(node),
        Step::Boot(node) => net.boot(node),
        Step::Wait(span) => net.run(span),
    }
}

/// What always holds: each parcel was delivered once, or discarded once, or is held; and what was delivered is a prefix
/// of what its sender's end was given.
fn judge(net: &Net, lives: &Lives) {
    let mut fates = vec![0; net.parcels as usize];
    for parcel in net.parcels_delivered().iter().chain(&net.discarded) {
        fates[*parcel as usize] += 1;
    }
    assert!(fates.iter().all(|&fates| fates <= 1), "{fates:?}");
    assert_eq!(fates.iter().filter(|&&fates| fates == 0).count(), net.held());
    for parcels in lives.values() {
        let mut delivered = net.parcels_delivered();
        delivered.retain(|parcel| parcels.contains(parcel));
        assert_eq!(delivered, parcels[..delivered.len()]);
    }
}

/// All hosts run and no packet is lost any more. Whoever sends twice, the second time when it has had time to find out
/// about a broken connection, is heard; and nothing is left to do.
fn heal(net: &mut Net) {
    net.mend();
    nodes().for_each(|node| net.boot(node));
    net.settle();
    for (from, to) in nodes().flat_map(|from| nodes().map(move |to| (from, to))) {
        net.send(from, to);
        net.settle();
        let parcel = net.send(from, to);
        net.settle();
        assert!(net.parcels_delivered().contains(&parcel), "{parcel} from {from:?} to {to:?}");
    }
    for end in net.streams.ends.values() {
        assert_eq!((end.sent.len(), end.queue.len()), (0, 0));
        assert_eq!((end.deadline, end.queued), (Time::MAX, Time::MAX));
    }
}

#[test]
fn every_parcel_arrives_in_order_and_once_or_is_discarded() {
    let config = ProptestConfig {
        cases: 500,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let counts = Cell::new(StreamCounts::default());
    proptest!(config, |(steps in steps(), seed in any::<u64>())| {
        let mut net = Net::new(chaos(Keys::new(seed).stream(Purpose::Test, 0, 0)));
        let mut lives = Lives::new();
        for step in steps {
            act(&mut net, step, &mut lives);
            judge(&net, &lives);
        }
        counts.set(sum(counts.get(), net.streams.counts));
        heal(&mut net);
        judge(&net, &lives);
        nodes().for_each(|node| net.power_off(node));
        judge(&net, &lives);
        assert_eq!(net.held(), 0);
    });
    // Nothing is proved by runs in which nothing happened.
    let StreamCounts { opened, retransmitted, resets, gave_up } = counts.get();
    assert!(opened > 3_000, "{opened}");
    assert!(retransmitted > 5_000, "{retransmitted}");
    assert!(resets > 500, "{resets}");
    assert!(gave_up > 50, "{gave_up}");
}

fn sum(a: StreamCounts, b: StreamCounts) -> StreamCounts {
    StreamCounts {
        opened: a.opened + b.opened,
        retransmitted: a.retransmitted + b.retransmitted,
        resets: a.resets + b.resets,
        gave_up: a.gave_up + b.gave_up,
    }
}
