//! The clauses of Dynamo, one message at a time.

use protocols::{
    dynamo::{Config, Dynamo, Quorum, Timer, Versions, ring::Ring},
    kv::{Op, Ret},
};
use sim_core::{
    harness::{Harness, Output},
    prelude::*,
};

const NODES: u32 = 5;

/// Nodes that know one another.
fn acquainted(config: Config) -> Harness<Dynamo> {
    config.check().unwrap();
    let mut harness = Harness::<Dynamo>::new(NODES, config);
    let nodes: Vec<NodeId> = (0..NODES).map(NodeId).collect();
    nodes.iter().for_each(|&node| drop(harness.boot(node)));
    // All tell the first, which answers; the second round brings what came later.
    for &node in nodes.iter().chain(&nodes) {
        let told = harness.fire(node, &Timer::Gossip);
        harness.settle(node, told, |_, _| true);
    }
    harness
}

fn settle(
    harness: &mut Harness<Dynamo>,
    node: NodeId,
    outputs: Vec<Output<Dynamo>>,
    passes: impl Fn(NodeId, NodeId) -> bool,
) -> Option<Answer<Ret>> {
    harness.settle(node, outputs, passes).into_iter().find_map(|(_, output)| match output {
        Output::Answer(_, answer) => Some(answer),
        Output::Send(..) | Output::Call(..) => None,
    })
}

/// Asks, and lets the first timers run out where messages are lost, until there is an answer.
fn ask(
    harness: &mut Harness<Dynamo>,
    node: NodeId,
    op: Op,
    passes: impl Fn(NodeId, NodeId) -> bool + Copy,
) -> Option<Answer<Ret>> {
    let (_, outputs) = harness.request(node, op);
    let mut found = settle(harness, node, outputs, passes);
    let again = |harness: &Harness<Dynamo>| {
        let timers = harness.timers(node).into_iter();
        timers.map(|(timer, _)| timer).find(|timer| matches!(timer, Timer::Again(_)))
    };
    for _ in 0..30 {
        let Some(timer) = again(harness) else { return found };
        let outputs = harness.fire(node, &timer);
        found = found.or(settle(harness, node, outputs, passes));
    }
    found
}

fn shown(harness: &Harness<Dynamo>, node: NodeId, what: &str) -> u64 {
    let shown = harness.state(node).unwrap().show();
    shown.iter().find(|(label, _)| *label == what).unwrap().1.parse().unwrap()
}

/// How many nodes hold a key of their own, over all.
fn all(harness: &Harness<Dynamo>, what: &str) -> u64 {
    (0..NODES).map(|node| shown(harness, NodeId(node), what)).sum()
}

fn both(one: NodeId, other: NodeId, side: &[u32]) -> bool {
    side.contains(&one.0) == side.contains(&other.0)
}

#[test]
fn members_are_found_by_gossip_and_each_key_has_n_homes() {
    let mut harness = acquainted(Config::default());
    let written = ask(&mut harness, NodeId(0), Op::Put(7, 1), |_, _| true);
    assert_eq!(written, Some(Answer::Ok(Ret::Done)));
    assert_eq!((all(&harness, "keys"), all(&harness, "hints")), (3, 0));
    // Any node finds it.
    for node in 0..NODES {
        let read = ask(&mut harness, NodeId(node), Op::Get(7), |_, _| true);
        assert_eq!(read, Some(Answer::Ok(Ret::Value(Some(1)))));
    }
    assert_eq!(ask(&mut harness, NodeId(1), Op::Cas(7, 1, 2), |_, _| true), Some(Answer::Refused));
}

#[test]
fn others_stand_in_for_nodes_that_are_cut_off_and_hand_over_when_these_are_back() {
    for (quorum, served) in [(Quorum::Sloppy, true), (Quorum::Strict, false)] {
        let mut harness = acquainted(Config { quorum, ..Config::default() });
        let mut answered = 0;
        // Two nodes alone: of no key are all three homes there, and of some none but one.
        for key in 0..20 {
            let answer =
                ask(&mut harness, NodeId(1), Op::Put(key, key + 1), |one, other| both(one, other, &[1, 3]));
            answered += u64::from(answer == Some(Answer::Ok(Ret::Done)));
        }
        assert_eq!(answered == 20, served, "{quorum:?}: {answered} of 20 writes were answered");
        if !served {
            assert_eq!(all(&harness, "hints"), 0);
            continue;
        }
        assert!(all(&harness, "hints") > 0);
        let hints = all(&harness, "hints");
        for keeper in [1, 3].map(NodeId) {
            // What does not arrive is kept.
            let offered = harness.fire(keeper, &Timer::Hints);
            harness.settle(keeper, offered, |_, _| false);
            assert!(shown(&harness, keeper, "hints") > 0);
            let offered = harness.fire(keeper, &Timer::Hints);
            harness.settle(keeper, offered, |_, _| true);
            assert_eq!(shown(&harness, keeper, "hints"), 0);
        }
        assert_eq!(all(&harness, "handed over"), hints);
        for key in 0..20 {
            let read = ask(&mut harness, NodeId(4), Op::Get(key), |_, _| true);
            assert!(
                matches!(read, Some(Answer::Ok(Ret::Value(Some(value)))) if value == key + 1),
                "{read:?}"
            );
        }
        assert!(harness.violations().is_empty(), "{:?}", harness.violations());
    }
}

#[test]
fn concurrent_writes_are_siblings_until_a_write_has_seen_both_and_the_last_one_wins_where_time_decides() {
    for (versions, siblings) in [(Versions::Siblings, 3), (Versions::LastWriterWins, 0)] {
        let mut harness = acquainted(Config { write: 1, read: 1, versions, ..Config::default() });
        let side = |one, other| both(one, other, &[1, 3]);
        ask(&mut harness, NodeId(1), Op::Put(0, 10), side);
        harness.pass(1.s());
        ask(&mut harness, NodeId(0), Op::Put(0, 20), side);
        // Everything that is kept for others goes home, and the homes compare.
        for _ in 0..3 {
            for node in (0..NODES).map(NodeId) {
                for timer in [Timer::Hints, Timer::Compare] {
                    let outputs = harness.fire(node, &timer);
                    harness.settle(node, outputs, |_, _| true);
                }
            }
        }
        for node in (0..NODES).map(NodeId) {
            let read = ask(&mut harness, node, Op::Get(0), |_, _| true);
            assert_eq!(read, Some(Answer::Ok(Ret::Value(Some(20)))), "{versions:?}: the one written last");
        }
        assert_eq!(all(&harness, "siblings"), siblings, "{versions:?}");
        ask(&mut harness, NodeId(2), Op::Put(0, 30), |_, _| true);
        assert_eq!(all(&harness, "siblings"), 0, "it has seen both");
        assert!(harness.violations().is_empty(), "{:?}", harness.violations());
    }
}

#[test]
fn a_read_tells_replicas_what_they_missed() {
    let mut harness = acquainted(Config::default());
    let members = (0..NODES).map(NodeId).collect();
    let missing = Ring::new(&members, Config::default().tokens).preference(5)[0];
    let (_, outputs) = harness.request(NodeId(0), Op::Put(5, 1));
    let answer = settle(&mut harness, NodeId(0), outputs, |from, to| from != missing && to != missing);
    assert_eq!(answer, Some(Answer::Ok(Ret::Done)));
    assert_eq!(shown(&harness, missing, "keys"), 0);
    ask(&mut harness, NodeId(0), Op::Get(5), |_, _| true);
    assert_eq!(shown(&harness, missing, "keys"), 1);
    assert_eq!(shown(&harness, NodeId(0), "read repairs"), 1);
}

#[test]
fn quorums_and_trees_that_cannot_be_are_refused() {
    let refused = |config: Config| config.check().unwrap_err().0;
    assert_eq!(refused(Config { read: 4, ..Config::default() }), "read");
    assert_eq!(refused(Config { write: 0, ..Config::default() }), "write");
    assert_eq!(refused(Config { replicas: 0, ..Config::default() }), "replicas");
    assert_eq!(refused(Config { tokens: 0, ..Config::default() }), "tokens");
    assert_eq!(refused(Config { depth: 17, ..Config::default() }), "depth");
    assert_eq!(refused(Config { gossip: Span::ZERO, ..Config::default() }), "gossip");
}
