//! The clauses of the quorum store, one message at a time.

use protocols::{
    kv::{Op, Ret},
    quorum_store::{Asks, Config, Flaw, Msg, QuorumStore, Reads, Timer, Versions},
};
use sim_core::{
    harness::{Harness, Output},
    prelude::*,
};

const COORDINATOR: NodeId = NodeId(0);
const SECOND: NodeId = NodeId(1);
const THIRD: NodeId = NodeId(2);

fn booted(nodes: u32, config: Config) -> Harness<QuorumStore> {
    config.check().unwrap();
    let mut harness = Harness::new(nodes, config);
    (0..nodes).for_each(|node| drop(harness.boot(NodeId(node))));
    harness
}

/// Asks a node for something while messages pass between these only: what it answers, if it does.
fn ask(
    harness: &mut Harness<QuorumStore>,
    node: NodeId,
    op: Op,
    passes: impl Fn(NodeId, NodeId) -> bool,
) -> Option<Answer<Ret>> {
    let (_, outputs) = harness.request(node, op);
    answer(harness, node, outputs, passes)
}

fn answer(
    harness: &mut Harness<QuorumStore>,
    node: NodeId,
    outputs: Vec<Output<QuorumStore>>,
    passes: impl Fn(NodeId, NodeId) -> bool,
) -> Option<Answer<Ret>> {
    harness.settle(node, outputs, passes).into_iter().find_map(|(_, output)| match output {
        Output::Answer(_, answer) => Some(answer),
        Output::Send(..) | Output::Call(..) => None,
    })
}

fn value(answer: Option<Answer<Ret>>) -> Option<u64> {
    let Some(Answer::Ok(Ret::Value(value))) = answer else { panic!("{answer:?}") };
    value
}

fn everybody(_: NodeId, _: NodeId) -> bool {
    true
}

/// A coordinator that stores at the first of the others only, and is never told so: a write under way.
fn write_under_way(harness: &mut Harness<QuorumStore>, value: u64) {
    let (_, asked) = harness.request(COORDINATOR, Op::Put(0, value));
    let queried = asked.into_iter().filter(|output| matches!(output, Output::Send(SECOND, _))).collect();
    // The answer to its question lets it write, and what it writes reaches nobody but itself.
    let stores = core::cell::Cell::new(0);
    harness.settle(COORDINATOR, queried, |from, to| {
        let passes =
            (from, to) != (COORDINATOR, SECOND) && (from, to) != (COORDINATOR, THIRD) || stores.get() < 1;
        stores.set(stores.get() + 1);
        passes
    });
}

#[test]
fn a_read_stores_what_it_found_before_it_answers_so_that_no_later_read_misses_it() {
    for (reads, later) in [(Reads::WriteBack, Some(2)), (Reads::Plain, Some(1))] {
        let mut harness = booted(3, Config { reads, ..Config::default() });
        assert_eq!(ask(&mut harness, COORDINATOR, Op::Put(0, 1), everybody), Some(Answer::Ok(Ret::Done)));
        write_under_way(&mut harness, 2);
        let without = |missing: NodeId| move |from, to| from != missing && to != missing;
        // One read meets it at its coordinator; the next asks the other two.
        assert_eq!(value(ask(&mut harness, SECOND, Op::Get(0), without(THIRD))), Some(2));
        assert_eq!(value(ask(&mut harness, THIRD, Op::Get(0), without(COORDINATOR))), later, "{reads:?}");
    }
}

/// Two round trips more would be for nothing.
#[test]
fn a_read_that_a_quorum_agrees_on_stores_nothing() {
    let mut harness = booted(5, Config::default());
    assert_eq!(ask(&mut harness, COORDINATOR, Op::Put(0, 1), everybody), Some(Answer::Ok(Ret::Done)));
    let (_, asked) = harness.request(SECOND, Op::Get(0));
    assert!(asked.iter().all(|output| matches!(output, Output::Send(_, Msg::Query { .. }))), "{asked:?}");
    let told = std::cell::Cell::new(0);
    let counted = |from, to| {
        told.set(told.get() + usize::from(from == SECOND && to != SECOND));
        true
    };
    assert_eq!(value(answer(&mut harness, SECOND, asked, counted)), Some(1));
    assert_eq!(told.get(), 4, "each of the others is asked, and nobody is told");
}

#[test]
fn a_write_takes_a_later_version_than_any_that_was_answered() {
    let mut harness = booted(3, Config::default());
    for (value, coordinator) in [(1, COORDINATOR), (2, THIRD), (3, SECOND), (4, COORDINATOR)] {
        assert_eq!(ask(&mut harness, coordinator, Op::Put(0, value), everybody), Some(Answer::Ok(Ret::Done)));
    }
    let reported = harness.step(THIRD, Deliver(SECOND, Msg::Query { id: 9, key: 0 }));
    let [Output::Send(SECOND, Msg::Report { id: 9, copy: Some(copy) })] = reported[..] else {
        panic!("{reported:?}")
    };
    assert_eq!((copy.value, copy.version.counter), (4, 4));
    // An older one that arrives late changes nothing, and is acknowledged.
    let older = protocols::quorum_store::Held {
        value: 9,
        version: protocols::quorum_store::Version { counter: 3, ..copy.version },
    };
    let stored = harness.step(THIRD, Deliver(SECOND, Msg::Store { id: 9, key: 0, copy: older }));
    assert!(matches!(stored[..], [Output::Send(SECOND, Msg::Stored { id: 9 })]));
    assert_eq!(value(ask(&mut harness, THIRD, Op::Get(0), everybody)), Some(4));
}

#[test]
fn without_a_quorum_a_read_is_refused_in_the_end_and_a_write_that_may_have_happened_is_not() {
    for (op, refused) in [(Op::Get(0), true), (Op::Put(0, 1), false)] {
        // The clock gives the version: the write is under way at once.
        let config = Config { versions: Versions::Clock, patience: 300.ms(), ..Config::default() };
        for (config, refused) in
            [(config.clone(), refused), (Config { flaw: Some(Flaw::RefusedWrite), ..config }, true)]
        {
            let mut harness = booted(3, config);
            assert_eq!(ask(&mut harness, COORDINATOR, op, |_, _| false), None);
            let mut answers = Vec::new();
            while let Some((timer, _)) = harness.timers(COORDINATOR).first().cloned() {
                let again = harness.fire(COORDINATOR, &timer);
                answers.extend(answer(&mut harness, COORDINATOR, again, |_, _| false));
            }
            assert_eq!(answers, vec![Answer::Refused; usize::from(refused)], "{op:?}");
        }
    }
    // A write that has found no version to write under has not happened either.
    let mut harness = booted(3, Config { patience: 100.ms(), ..Config::default() });
    let (_, outputs) = harness.request(COORDINATOR, Op::Put(0, 1));
    assert_eq!(answer(&mut harness, COORDINATOR, outputs, |_, _| false), None);
    let (timer, _) = harness.timers(COORDINATOR)[0].clone();
    let outputs = harness.fire(COORDINATOR, &timer);
    assert!(matches!(outputs[..], [Output::Answer(_, Answer::Refused)]), "{outputs:?}");
}

#[test]
fn who_has_not_answered_is_asked_again_and_nobody_else() {
    let mut harness = booted(5, Config::default());
    let (_, outputs) = harness.request(COORDINATOR, Op::Get(0));
    let only_second = |from, to| [from, to].iter().all(|node| [COORDINATOR, SECOND].contains(node));
    assert_eq!(answer(&mut harness, COORDINATOR, outputs, only_second), None, "two of five are no majority");
    let (timer, _) = harness.timers(COORDINATOR)[0].clone();
    assert!(matches!(timer, Timer::Again(_)));
    let again = harness.fire(COORDINATOR, &timer);
    let asked: Vec<u32> = again
        .iter()
        .map(|output| match output {
            Output::Send(to, Msg::Query { .. }) => to.0,
            other @ (Output::Send(..) | Output::Answer(..) | Output::Call(..)) => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(asked, [2, 3, 4]);
    assert_eq!(value(answer(&mut harness, COORDINATOR, again, everybody)), None);
}

#[test]
fn the_replicas_of_a_key_are_the_nodes_from_its_number_on_and_a_quorum_is_drawn_among_them() {
    let config =
        Config { replicas: Some(2), read: Some(1), write: Some(1), asks: Asks::Quorum, ..Config::default() };
    let mut harness = booted(5, config);
    let mut asked = BTreeSet::new();
    for _ in 0..40 {
        for output in harness.request(SECOND, Op::Get(4)).1 {
            let Output::Send(to, Msg::Query { key: 4, .. }) = output else { panic!("{output:?}") };
            asked.insert(to.0);
        }
    }
    assert_eq!(asked, [0, 4].into(), "the fifth, and around to the first");
}

#[test]
fn compare_and_set_is_refused_and_quorums_that_cannot_be_are_too() {
    let mut harness = booted(3, Config::default());
    assert_eq!(ask(&mut harness, SECOND, Op::Cas(0, 1, 2), everybody), Some(Answer::Refused));
    let refused = |config: Config| config.check().unwrap_err().0;
    assert_eq!(refused(Config { read: Some(0), ..Config::default() }), "read");
    assert_eq!(refused(Config { replicas: Some(3), write: Some(4), ..Config::default() }), "write");
    assert_eq!(refused(Config { resend: Span::ZERO, ..Config::default() }), "resend");
    assert_eq!(refused(Config { patience: Span::ZERO, ..Config::default() }), "patience");
}

/// A coordinator that is no replica crashes while its write is at one; when it is back, the others know nothing of that.
#[test]
fn a_version_is_given_out_once_in_all_lives() {
    for (flaw, found) in [(None, 0), (Some(Flaw::ReusedVersion), 1)] {
        let mut harness = booted(4, Config { replicas: Some(3), flaw, ..Config::default() });
        let coordinator = NodeId(3);
        let (_, outputs) = harness.request(coordinator, Op::Put(0, 1));
        let told = [(); 3].map(|()| core::cell::Cell::new(0));
        // The question reaches all, and what is to be stored the third only.
        let answer = answer(&mut harness, coordinator, outputs, |from, to| {
            let before = told.get(to.0 as usize).map_or(0, |count| count.replace(count.get() + 1));
            from != coordinator || to == THIRD || before == 0
        });
        assert_eq!(answer, None);
        harness.crash(coordinator);
        harness.boot(coordinator);
        let without_third = |from, to| from != THIRD && to != THIRD;
        assert_eq!(ask(&mut harness, coordinator, Op::Put(0, 2), without_third), Some(Answer::Ok(Ret::Done)));
        let violations = harness.violations();
        assert_eq!(violations.len(), found, "{violations:?}");
        assert!(violations.iter().all(|violation| violation.property == "one value per version"));
    }
}
