//! Exhaustive exploration against published counts, and the shortest ways in which flawed protocols go wrong.

use protocols::{
    kv::{Kv, Op},
    raft::{self, Flaw, Raft},
    two_phase::{self, Begins, TwoPhase},
};
use sim_core::{
    explore::{Bounds, Ended, Exploration, Messages, Small, Step},
    protocol::{NodeId, Protocol},
};

fn explore<P: Protocol>(small: &Small<P>) -> Exploration {
    small.explore(&mut |_| true).expect("it can be explored")
}

/// The last step of the path to a violation breaks the property, and none before it does.
fn plays<P: Protocol>(small: &Small<P>, found: &Exploration) {
    let violation = found.violation.as_ref().expect("there is a violation");
    let mut broken = Vec::new();
    small.follow(&violation.path, &mut |_, scene| broken.push(scene.broken.clone())).expect("it is a path");
    let last = broken.pop().expect("there is a last step");
    assert_eq!(last[0], (violation.property, violation.found.clone()));
    assert!(broken.iter().all(Vec::is_empty), "{broken:?}");
}

fn two_phase(
    managers: u32,
    begins: Begins,
    flaw: Option<two_phase::Flaw>,
    bounds: Bounds,
) -> Small<TwoPhase> {
    let config = two_phase::Config { begins, flaw, ..two_phase::Config::default() };
    Small { config, nodes: managers + 1, operations: vec![], bounds }
}

/// ENG8: the counts of the TLA+ specification, whose messages are a set.
#[test]
fn two_phase_commit_has_the_known_numbers_of_states() {
    for (managers, states) in [(1, 12), (2, 56), (3, 288), (4, 1568), (5, 8832)] {
        let bounds = Bounds { messages: Messages::Again, ..Bounds::default() };
        let found = explore(&two_phase(managers, Begins::Spontaneous, None, bounds));
        assert_eq!((found.states, found.ended), (states, Ended::All), "{managers} resource managers");
        assert_eq!(found.violation, None);
    }
}

#[test]
fn two_phase_commit_survives_crashes_and_its_flawed_versions_do_not() {
    for begins in [Begins::Spontaneous, Begins::Asked] {
        let bounds = || Bounds { messages: Messages::Again, crashes: 2, ..Bounds::default() };
        let right = explore(&two_phase(2, begins, None, bounds()));
        assert_eq!((right.violation, right.ended), (None, Ended::All), "{begins:?}");
        for flaw in two_phase::Flaw::ALL {
            let small = two_phase(3, begins, Some(flaw), bounds());
            let found = explore(&small);
            assert_eq!(found.ended, Ended::Violated, "{begins:?} {flaw:?}");
            plays(&small, &found);
        }
    }
}

fn raft(nodes: u32, flaw: Option<Flaw>, timeouts: u32, crashes: u32, operations: u64) -> Small<Raft<Kv>> {
    let config = raft::Config { flaw, ..raft::Config::default() };
    let bounds = Bounds { timeouts: Some(timeouts), crashes, ..Bounds::default() };
    Small { config, nodes, operations: (1..=operations).map(|n| Op::Put(n, n)).collect(), bounds }
}

#[test]
fn small_worlds_of_raft_hold_what_the_paper_promises() {
    for (nodes, timeouts, crashes, operations) in [(2, 2, 1, 1), (3, 1, 1, 1)] {
        let found = explore(&raft(nodes, None, timeouts, crashes, operations));
        assert_eq!((found.violation, found.ended), (None, Ended::All), "{nodes} nodes");
        let judged = found.properties.iter().filter(|property| property.held > 0).count();
        assert!(judged >= 4, "{:?}", found.properties);
    }
}

/// The shortest ways to a violation, worked out by hand for the first three: two campaign; two campaign and a third
/// votes for both; it votes, forgets by way of a crash and a boot, and votes again.
#[test]
fn flaws_of_raft_are_found_by_shortest_paths() {
    for (flaw, timeouts, crashes, property, steps) in [
        (Flaw::SmallQuorum, 2, 0, "election safety", 2),
        (Flaw::DoubleVote, 2, 0, "election safety", 6),
        (Flaw::ForgottenVote, 2, 1, "election safety", 8),
        (Flaw::ForgottenTerm, 2, 1, "election safety", 8),
        (Flaw::UnsyncedVote, 2, 1, "election safety", 8),
        (Flaw::StaleVote, 3, 0, "election safety", 7),
        (Flaw::UncheckedLog, 2, 0, "leader completeness", 8),
        (Flaw::UnsyncedLog, 2, 1, "leader completeness", 10),
    ] {
        let small = raft(3, Some(flaw), timeouts, crashes, 0);
        let found = explore(&small);
        let violation = found.violation.as_ref().unwrap_or_else(|| panic!("{flaw:?}: {found:?}"));
        assert_eq!((violation.property, violation.path.len()), (property, steps), "{flaw:?}: {violation:?}");
        plays(&small, &found);
        // Shortest: with paths of one step less there is none.
        let mut shorter = small.clone();
        shorter.bounds.depth = Some(steps as u32 - 1);
        let found = explore(&shorter);
        assert_eq!((found.violation, found.ended), (None, Ended::Depth(steps as u32 - 1)), "{flaw:?}");
    }
}

#[test]
fn a_step_that_cannot_be_taken_is_named_with_what_could() {
    let small = raft(3, None, 1, 0, 0);
    let step = Step::Timeout { node: NodeId(1), timer: "Heartbeat".into() };
    let error = small.follow(&[step], &mut |_, _| {}).expect_err("a follower sets no such timer");
    assert!(error.starts_with("step 1:") && error.contains(r#"timer: "Election""#), "{error}");
}
