//! Load balancer and cache, rule by rule. The harness knows one server outside the group; what several servers are for is in
//! `scenarios/mixed/`.

use protocols::{
    balancer::{self, Balancer},
    cache::{self, Cache, Invalidate},
    kv::{Kv, Op, Ret},
};
use sim_core::{
    harness::{Harness, Output},
    prelude::*,
};

const NODE: NodeId = NodeId(0);

/// The only call among outputs.
fn call<P: Protocol<Calls = Kv>>(outputs: &[Output<P>]) -> (Ticket, Op) {
    let [Output::Call(_, ticket, op)] = outputs else { panic!("{outputs:?}") };
    (*ticket, *op)
}

/// The answers among outputs.
fn answers<P: Protocol<Serves = Kv>>(outputs: Vec<Output<P>>) -> Vec<(Ticket, Answer<Ret>)> {
    let answer =
        |output| if let Output::Answer(ticket, answer) = output { Some((ticket, answer)) } else { None };
    outputs.into_iter().filter_map(answer).collect()
}

fn balancer(config: balancer::Config) -> Harness<Balancer<Kv>> {
    let mut nodes = Harness::new(1, config);
    nodes.boot(NODE);
    nodes
}

#[test]
fn an_answer_goes_to_whoever_asked_for_it() {
    let mut nodes = balancer(balancer::Config::default());
    let (first, outputs) = nodes.request(NODE, Op::Get(1));
    let (one, _) = call(&outputs);
    let (second, outputs) = nodes.request(NODE, Op::Get(2));
    let (other, _) = call(&outputs);
    let value = |value| Answer::Ok(Ret::Value(Some(value)));
    assert_eq!(answers(nodes.step(NODE, Input::Response(other, value(2)))), [(second, value(2))]);
    assert_eq!(answers(nodes.step(NODE, Input::Response(one, value(1)))), [(first, value(1))]);
    assert!(nodes.violations().is_empty());
}

#[test]
fn a_write_without_an_answer_is_neither_tried_again_nor_called_refused() {
    let mut nodes = balancer(balancer::Config::default());
    let (_, outputs) = nodes.request(NODE, Op::Put(1, 7));
    let (ticket, _) = call(&outputs);
    assert!(nodes.fire(NODE, &balancer::Timer::Silence(ticket)).is_empty());
    // What comes of it later is nobody's business any more.
    assert!(nodes.step(NODE, Input::Response(ticket, Answer::Ok(Ret::Done))).is_empty());
}

#[test]
fn a_read_without_an_answer_is_tried_again_and_refused_in_the_end() {
    let mut nodes = balancer(balancer::Config { tries: 2, ..Default::default() });
    let (asked, outputs) = nodes.request(NODE, Op::Get(1));
    let (first, _) = call(&outputs);
    let (second, op) = call(&nodes.fire(NODE, &balancer::Timer::Silence(first)));
    assert_eq!(op, Op::Get(1));
    let outputs = nodes.fire(NODE, &balancer::Timer::Silence(second));
    assert_eq!(answers(outputs), [(asked, Answer::Refused)]);
}

#[test]
fn a_write_that_was_refused_is_tried_again() {
    let mut nodes = balancer(balancer::Config { tries: 2, ..Default::default() });
    let (asked, outputs) = nodes.request(NODE, Op::Put(1, 7));
    let (first, _) = call(&outputs);
    let (second, op) = call(&nodes.step(NODE, Input::Response(first, Answer::Refused)));
    assert_eq!(op, Op::Put(1, 7));
    let outputs = nodes.step(NODE, Input::Response(second, Answer::Ok(Ret::Done)));
    assert_eq!(answers(outputs), [(asked, Answer::Ok(Ret::Done))]);
}

#[test]
fn redirects_are_followed_and_not_for_ever() {
    let mut nodes = balancer(balancer::Config { tries: 1, ..Default::default() });
    let (asked, outputs) = nodes.request(NODE, Op::Put(1, 7));
    let (first, _) = call(&outputs);
    let (second, op) = call(&nodes.step(NODE, Input::Response(first, Answer::Redirect(NodeId(1)))));
    assert_eq!(op, Op::Put(1, 7));
    let outputs = nodes.step(NODE, Input::Response(second, Answer::Redirect(NodeId(1))));
    assert_eq!(answers(outputs), [(asked, Answer::Refused)]);
}

#[test]
fn a_server_that_fails_in_a_row_is_ejected_for_a_while() {
    let mut nodes = balancer(balancer::Config { failures: 2, tries: 1, ..Default::default() });
    let ejected = |nodes: &Harness<Balancer<Kv>>| nodes.state(NODE).unwrap().show()[1].1 == "1";
    let fail = |nodes: &mut Harness<Balancer<Kv>>, well: bool| {
        let (_, outputs) = nodes.request(NODE, Op::Get(1));
        let (ticket, _) = call(&outputs);
        let answer = if well { Answer::Ok(Ret::Value(None)) } else { Answer::Refused };
        nodes.step(NODE, Input::Response(ticket, answer));
    };
    fail(&mut nodes, false);
    fail(&mut nodes, true);
    fail(&mut nodes, false);
    assert!(!ejected(&nodes), "not in a row");
    fail(&mut nodes, false);
    assert!(ejected(&nodes));
    nodes.fire(NODE, &balancer::Timer::Readmit(0));
    assert!(!ejected(&nodes));
}

fn cache(config: cache::Config) -> Harness<Cache> {
    let mut nodes = Harness::new(1, config);
    nodes.boot(NODE);
    nodes
}

/// Reads a key: what the cache has of it, or the call that it makes for it.
fn get(nodes: &mut Harness<Cache>, key: u64) -> Result<Option<u64>, Ticket> {
    let (asked, outputs) = nodes.request(NODE, Op::Get(key));
    match outputs.as_slice() {
        [Output::Answer(ticket, Answer::Ok(Ret::Value(value)))] if *ticket == asked => Ok(*value),
        outputs => Err(call(outputs).0),
    }
}

fn fetched(nodes: &mut Harness<Cache>, key: u64, value: u64) {
    let ticket = get(nodes, key).expect_err("it is not there yet");
    brings(nodes, ticket, value);
}

fn brings(nodes: &mut Harness<Cache>, ticket: Ticket, value: u64) {
    let outputs = nodes.step(NODE, Input::Response(ticket, Answer::Ok(Ret::Value(Some(value)))));
    assert_eq!(answers(outputs).len(), 1);
}

#[test]
fn what_was_read_is_served_until_its_time_to_live_is_over() {
    let mut nodes = cache(cache::Config { ttl: 100.ms(), ..Default::default() });
    fetched(&mut nodes, 1, 7);
    nodes.pass(100.ms());
    assert_eq!(get(&mut nodes, 1), Ok(Some(7)));
    nodes.pass(Span(1));
    assert!(get(&mut nodes, 1).is_err());
}

#[test]
fn a_value_is_as_old_as_the_question_that_brought_it() {
    let mut nodes = cache(cache::Config { ttl: 100.ms(), ..Default::default() });
    let ticket = get(&mut nodes, 1).unwrap_err();
    nodes.pass(80.ms());
    brings(&mut nodes, ticket, 7);
    nodes.pass(20.ms());
    assert_eq!(get(&mut nodes, 1), Ok(Some(7)));
    nodes.pass(Span(1));
    assert!(get(&mut nodes, 1).is_err());
}

#[test]
fn a_write_throws_away_what_is_kept_and_what_is_on_its_way() {
    let mut nodes = cache(cache::Config::default());
    fetched(&mut nodes, 1, 7);
    fetched(&mut nodes, 2, 8);
    let (_, outputs) = nodes.request(NODE, Op::Put(1, 9));
    let (write, _) = call(&outputs);
    // Read while the write is under way: passed on, and not kept.
    let read = get(&mut nodes, 1).unwrap_err();
    nodes.step(NODE, Input::Response(write, Answer::Ok(Ret::Done)));
    brings(&mut nodes, read, 7);
    assert!(get(&mut nodes, 1).is_err());
    assert_eq!(get(&mut nodes, 2), Ok(Some(8)));
}

#[test]
fn what_was_asked_before_another_tells_of_a_write_is_not_kept() {
    let mut nodes = cache(cache::Config::default());
    fetched(&mut nodes, 1, 7);
    let read = get(&mut nodes, 2).unwrap_err();
    nodes.step(NODE, Input::Deliver(NODE, Invalidate(1)));
    nodes.step(NODE, Input::Deliver(NODE, Invalidate(2)));
    brings(&mut nodes, read, 8);
    assert!(get(&mut nodes, 1).is_err());
    assert!(get(&mut nodes, 2).is_err());
}

#[test]
fn the_entry_used_longest_ago_makes_room() {
    let mut nodes = cache(cache::Config { capacity: 2, ..Default::default() });
    fetched(&mut nodes, 1, 7);
    fetched(&mut nodes, 2, 8);
    assert_eq!(get(&mut nodes, 1), Ok(Some(7)));
    fetched(&mut nodes, 3, 9);
    assert_eq!((get(&mut nodes, 1), get(&mut nodes, 3)), (Ok(Some(7)), Ok(Some(9))));
    assert!(get(&mut nodes, 2).is_err());
    assert!(nodes.violations().is_empty());
}

#[test]
fn mistakes_break_what_is_said_of_a_cache() {
    let broken = |flaw, capacity, act: fn(&mut Harness<Cache>)| {
        let mut nodes =
            cache(cache::Config { ttl: 1.ms(), capacity, flaw: Some(flaw), ..Default::default() });
        act(&mut nodes);
        nodes.violations().first().map(|found| found.property)
    };
    let stale = broken(cache::Flaw::NoExpiry, 1, |nodes| {
        fetched(nodes, 1, 7);
        nodes.pass(2.ms());
        get(nodes, 1).unwrap();
    });
    assert_eq!(stale, Some("nothing is served beyond its time to live"));
    let full = broken(cache::Flaw::NoEviction, 1, |nodes| {
        fetched(nodes, 1, 7);
        fetched(nodes, 2, 8);
    });
    assert_eq!(full, Some("no more is kept than there is room for"));
}
