//! The bully algorithm: what an election costs (EL2), the paper rule by rule, and mistakes.

use super::{FIRST, SECOND, THIRD, broken, crash, delivered, happened, plan, play, sent};
use protocols::election::bully::{Bully, Config, Flaw, Msg, Timer};
use sim_core::{
    fault::Fault,
    harness::Harness,
    link::{LinkException, LinkPlan},
    prelude::*,
    run::Run,
    sample::Delay,
};

/// The highest of so many nodes leads, and dies; one of the others misses it first, because the last heartbeat came to it
/// earlier. How many questions, answers and announcements that takes, and who leads then.
fn bully_election(nodes: u32, first: u32) -> ([u64; 3], NodeId) {
    let highest = NodeId(nodes - 1);
    let mut plan = plan(1, nodes, Delay::Constant(1.ms()), 3.s());
    let late: Vec<NodeId> = (0..nodes - 1).filter(|&node| node != first).map(NodeId).collect();
    let link = LinkPlan::new(Delay::Constant(61.ms()));
    plan.network.links.push(LinkException { from: vec![highest], to: late, link, pipe: None });
    plan.faults = vec![crash(highest.0, 2.s(), None, Fault::Crash)];
    let config =
        Config { watch: (100.ms(), 100.ms()), answer: 10.ms(), coordinator: 25.ms(), ..Config::default() };
    let run = play::<Bully>(plan, config);
    let count = |kind| delivered(&run, Time::ZERO + 2.s(), kind);
    // Questions to the dead one are sent, too; nothing else is.
    let counts = [count("Election") + run.traffic.dead, count("Ok"), count("Coordinator")];
    let leader = run.roles.iter().rev().find(|change| change.role == Role::LEADER).unwrap().node;
    (counts, leader)
}

#[test]
fn five_nodes_elect_the_second_highest_with_nineteen_messages_or_with_four() {
    assert_eq!(bully_election(5, 0), ([10, 6, 3], NodeId(3)));
    assert_eq!(bully_election(5, 3), ([1, 0, 3], NodeId(3)));
}

#[test]
fn m_electors_take_m_times_m_plus_one_halves_questions() {
    for nodes in [2, 3, 5, 8, 20] {
        for first in 0..nodes - 1 {
            let m = u64::from(nodes - 1 - first);
            let wanted = [m * (m + 1) / 2, m * (m - 1) / 2, u64::from(nodes) - 2];
            assert_eq!(bully_election(nodes, first), (wanted, NodeId(nodes - 2)), "{first} of {nodes}");
        }
    }
}

/// Nodes of which the last leads and the others follow it.
fn bullies(nodes: u32) -> Harness<Bully> {
    let mut group = Harness::<Bully>::new(nodes, Config::default());
    (0..nodes).for_each(|node| drop(group.boot(NodeId(node))));
    let leader = NodeId(nodes - 1);
    for node in (0..nodes - 1).map(NodeId) {
        group.step(node, Deliver(leader, Msg::Coordinator));
        assert_eq!(group.state(node).unwrap().role(), Role("follower"));
    }
    group
}

#[test]
fn who_misses_the_leader_asks_all_that_are_higher() {
    let mut group = bullies(4);
    let told = group.fire(SECOND, &Timer::Watch);
    assert_eq!(sent(&told), [(THIRD, Msg::Election), (NodeId(3), Msg::Election)]);
}

#[test]
fn who_is_asked_answers_and_holds_an_election_of_its_own_but_one_at_a_time() {
    let mut group = bullies(4);
    let answered = (FIRST, Msg::Ok);
    let asked = || Deliver(FIRST, Msg::Election);
    assert_eq!(sent(&group.step(THIRD, asked())), [answered.clone(), (NodeId(3), Msg::Election)]);
    assert_eq!(sent(&group.step(THIRD, asked())), [answered]);
}

#[test]
fn who_is_not_answered_leads_and_tells_all_that_are_lower() {
    let mut group = bullies(4);
    group.fire(THIRD, &Timer::Watch);
    let told = group.fire(THIRD, &Timer::Unanswered);
    assert_eq!(sent(&told), [FIRST, SECOND].map(|lower| (lower, Msg::Coordinator)));
    let beat = group.fire(THIRD, &Timer::Beat);
    assert_eq!(sent(&beat), [FIRST, SECOND].map(|lower| (lower, Msg::Heartbeat)));
}

#[test]
fn who_is_answered_waits_to_be_told_and_asks_again_if_it_is_not() {
    let mut group = bullies(3);
    group.fire(FIRST, &Timer::Watch);
    assert_eq!(sent(&group.step(FIRST, Deliver(SECOND, Msg::Ok))), []);
    let [(timer, _)] = group.timers(FIRST).try_into().unwrap();
    assert_eq!(timer, Timer::Unled);
    let asks = [SECOND, THIRD].map(|higher| (higher, Msg::Election));
    assert_eq!(sent(&group.fire(FIRST, &Timer::Unled)), asks);
}

#[test]
fn who_boots_holds_an_election_and_the_highest_has_nobody_to_ask() {
    let mut group = bullies(3);
    group.crash(SECOND);
    assert_eq!(sent(&group.boot(SECOND)), [(THIRD, Msg::Election)]);
    group.crash(THIRD);
    assert_eq!(sent(&group.boot(THIRD)), [FIRST, SECOND].map(|lower| (lower, Msg::Coordinator)));
}

#[test]
fn a_leader_gives_way_to_a_higher_one_and_nobody_listens_to_a_lower_one() {
    let mut group = bullies(4);
    group.fire(THIRD, &Timer::Watch);
    group.fire(THIRD, &Timer::Unanswered);
    for (node, from) in [(THIRD, NodeId(3)), (FIRST, NodeId(3)), (FIRST, THIRD)] {
        group.step(node, Deliver(from, Msg::Heartbeat));
        assert_eq!(group.state(node).unwrap().role(), Role("follower"));
        let [(timer, _)] = group.timers(node).try_into().unwrap();
        assert_eq!(timer, Timer::Watch);
    }
    let shown = group.state(FIRST).unwrap().show();
    assert_eq!(shown, [("state", "follows node 3".to_string())]);
}

/// The leader dies and comes back; meanwhile the next highest dies for good, so much later.
fn troubled_bullies(later: Span, flaw: Option<Flaw>) -> Run {
    let mut plan = plan(1, 5, Delay::Uniform(1.ms(), 10.ms()), 6.s());
    plan.faults =
        vec![crash(4, 1.s(), Some(3.s()), Fault::Crash), crash(3, 1.s() + later, None, Fault::Crash)];
    play::<Bully>(plan, Config { flaw, ..Config::default() })
}

#[test]
fn every_mistake_of_a_bully_breaks_what_it_should() {
    let spans = (0..40).map(|n| 100.ms() + 10.ms() * n);
    for span in spans.clone() {
        let run = troubled_bullies(span, None);
        assert!(run.violations.is_empty() && happened(&run, "a leader gave way"), "{span}");
    }
    for (flaw, property) in [
        (Flaw::SilentHigher, "nobody higher lives"),
        (Flaw::ShortAnswer, "nobody higher lives"),
        (Flaw::StubbornLeader, "one leader"),
        (Flaw::EndlessWait, "the highest soon leads all"),
        (Flaw::UnwatchedLeader, "the highest soon leads all"),
    ] {
        let found = spans.clone().find(|&span| broken(&troubled_bullies(span, Some(flaw)), property));
        assert!(found.is_some(), "{flaw:?} does not break {property}");
    }
    assert!(!happened(&troubled_bullies(1.s(), Some(Flaw::SilentBoot)), "elected"));
}
