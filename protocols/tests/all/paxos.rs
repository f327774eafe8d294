//! Paxos does what its paper says (Lamport, "Paxos Made Simple", 2001, §2), and small worlds of it are explored exhaustively.

use protocols::paxos::{Ballot, Config, Flaw, Memory, Msg, Paxos, Propose};
use sim_core::{
    explore::{Bounds, Ended, Exploration, Small},
    harness::{Harness, Output},
    prelude::*,
};

type Group = Harness<Paxos>;

fn group(nodes: u32) -> Group {
    let mut group = Group::new(nodes, Config::default());
    (0..nodes).for_each(|node| drop(group.boot(NodeId(node))));
    group
}

fn ballot(round: u64, proposer: u32) -> Ballot {
    Ballot { round, proposer }
}

/// What a node answers the one who asked.
fn answer(outputs: &[Output<Paxos>], to: NodeId) -> &Msg {
    let to_asker = |output: &'_ &Output<Paxos>| matches!(output, Output::Send(node, _) if *node == to);
    match outputs.iter().find(to_asker) {
        Some(Output::Send(_, msg)) => msg,
        other => panic!("{other:?} of {outputs:?}"),
    }
}

#[test]
fn an_acceptor_promises_not_to_accept_any_more_proposals_numbered_less_than_n() {
    let mut group = group(3);
    let [acceptor, proposer] = [NodeId(0), NodeId(1)];
    let mut hear = |msg: Msg| answer(&group.step(acceptor, Deliver(proposer, msg)), proposer).clone();
    let five = ballot(5, 1);
    assert_eq!(hear(Msg::Prepare { ballot: five }), Msg::Promise { ballot: five, accepted: None });
    let lower = ballot(4, 2);
    assert_eq!(hear(Msg::Prepare { ballot: lower }), Msg::Preempted { promised: five });
    assert_eq!(hear(Msg::Accept { ballot: lower, value: 7 }), Msg::Preempted { promised: five });
    assert_eq!(hear(Msg::Accept { ballot: five, value: 8 }), Msg::Accepted { ballot: five, value: 8 });
    let six = ballot(6, 1);
    let accepted = Some((five, 8));
    assert_eq!(hear(Msg::Prepare { ballot: six }), Msg::Promise { ballot: six, accepted });
}

#[test]
fn an_acceptor_must_remember_this_information_even_if_it_fails_and_then_restarts() {
    let mut group = group(3);
    let [acceptor, proposer] = [NodeId(0), NodeId(1)];
    let five = ballot(5, 1);
    group.step(acceptor, Deliver(proposer, Msg::Accept { ballot: five, value: 8 }));
    group.crash(acceptor);
    group.boot(acceptor);
    assert_eq!(*group.disk(acceptor).get(), Memory { promised: five, accepted: Some((five, 8)), round: 0 });
    let refused = group.step(acceptor, Deliver(proposer, Msg::Prepare { ballot: ballot(4, 1) }));
    assert_eq!(*answer(&refused, proposer), Msg::Preempted { promised: five });
}

#[test]
fn a_proposer_takes_the_value_of_the_highest_numbered_proposal_among_the_responses() {
    let mut group = group(5);
    let proposer = NodeId(0);
    group.request(proposer, Propose(1));
    let own = ballot(1, 0);
    let heard = |accepted| Msg::Promise { ballot: own, accepted };
    assert!(
        group.step(proposer, Deliver(NodeId(1), heard(Some((ballot(0, 3), 33))))).is_empty(),
        "two of five"
    );
    let news = group.step(proposer, Deliver(NodeId(2), heard(Some((ballot(0, 4), 44)))));
    assert_eq!(*answer(&news, NodeId(1)), Msg::Accept { ballot: own, value: 44 });
    // With the same answers from nobody who accepted anything, it is its own.
    let mut fresh = self::group(3);
    fresh.request(proposer, Propose(1));
    let news = fresh.step(proposer, Deliver(NodeId(1), heard(None)));
    assert_eq!(*answer(&news, NodeId(1)), Msg::Accept { ballot: own, value: 1 });
}

fn small(nodes: u32, flaw: Option<Flaw>, timeouts: u32, crashes: u32) -> Small<Paxos> {
    let config = Config { flaw, ..Config::default() };
    let bounds = Bounds { timeouts: Some(timeouts), crashes, ..Bounds::default() };
    Small { config, nodes, operations: vec![Propose(1), Propose(2)], bounds }
}

fn explore(small: &Small<Paxos>) -> Exploration {
    small.explore(&mut |_| true).expect("it can be explored")
}

#[test]
fn only_a_single_value_is_chosen_in_any_order_of_two_proposals() {
    let found = explore(&small(2, None, 1, 1));
    assert_eq!((found.violation, found.ended), (None, Ended::All));
    assert!(
        found.states > 300_000 && found.properties.iter().all(|property| property.held > 0),
        "{:?}",
        found.properties
    );
}

#[test]
fn flaws_of_paxos_are_found_by_shortest_paths() {
    for (flaw, timeouts, crashes) in
        [(Flaw::OwnValue, 0, 0), (Flaw::SmallQuorum, 0, 0), (Flaw::ForgottenPromise, 0, 2)]
    {
        let small = small(2, Some(flaw), timeouts, crashes);
        let found = explore(&small);
        let violation = found.violation.as_ref().unwrap_or_else(|| panic!("{flaw:?}: {found:?}"));
        println!("{flaw:?}: {} after {} steps", violation.property, violation.path.len());
        assert_eq!(violation.property, "agreement", "{flaw:?}");
        let steps = violation.path.len() as u32;
        let mut shorter = small.clone();
        shorter.bounds.depth = Some(steps - 1);
        assert_eq!(explore(&shorter).violation, None, "{flaw:?}");
    }
}
