//! Load balancer and cache, rule by rule. The harness knows one server outside the group; what several servers are for is in
//! `scenarios/mixed/`.

use protocols::{
    balancer::{self, Balancer, Place, Policy, Server},
    cache::{self, Cache, Invalidate},
    kv::{Kv, Op, Ret},
};
use sim_core::{
    harness::{Harness, Output},
    prelude::*,
    rng::{Keys, Purpose},
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

/// Servers with so many requests under way, of which these are ejected.
fn servers(under_way: &[u32], ejected: &[usize]) -> Vec<Server> {
    let server = |(index, &under_way)| Server { under_way, failures: 0, ejected: ejected.contains(&index) };
    under_way.iter().enumerate().map(server).collect()
}

/// The servers that a policy chooses for a thousand requests one after the other, and how often each.
fn chosen(policy: Policy, servers: &[Server], tried: &[usize], mut place: Place) -> (Vec<usize>, Vec<usize>) {
    let mut rng = Keys::new(7).stream(Purpose::Test, 0, 0);
    let mut counts = vec![0; servers.len()];
    let order: Vec<usize> = (0..1_000)
        .map(|_| {
            place.chosen = policy.choose(servers, tried, place, &mut rng);
            counts[place.chosen] += 1;
            place.chosen
        })
        .collect();
    (order, counts)
}

#[test]
fn round_robin_goes_round_whoever_answers() {
    let idle = servers(&[0; 4], &[]);
    for answered in 0..4 {
        let (order, _) = chosen(Policy::RoundRobin, &idle, &[], Place { chosen: 1, answered });
        assert_eq!(order[..6], [2, 3, 0, 1, 2, 3]);
    }
    let (order, _) = chosen(Policy::RoundRobin, &servers(&[0; 4], &[3]), &[1], Place::default());
    assert_eq!(order[..4], [2, 0, 2, 0], "neither the ejected nor the tried one");
}

#[test]
fn any_server_is_drawn_but_those_tried_and_ejected() {
    let (_, counts) = chosen(Policy::Random, &servers(&[9, 0, 0, 0], &[1]), &[2], Place::default());
    assert_eq!(counts[1..3], [0, 0]);
    assert!(counts[0].abs_diff(500) < 80, "{counts:?}");
}

#[test]
fn the_fewest_requests_win_and_ties_are_broken_in_turn() {
    let (order, _) = chosen(Policy::LeastRequests, &servers(&[1, 0, 1, 0], &[]), &[], Place::default());
    assert_eq!(order[..4], [1, 3, 1, 3]);
    let (order, _) = chosen(Policy::LeastRequests, &servers(&[1, 0, 1, 0], &[]), &[1, 3], Place::default());
    assert_eq!(order[..4], [2, 0, 2, 0]);
}

#[test]
fn of_two_drawn_servers_the_better_is_taken() {
    // The worst of four is taken only where it is drawn twice, and the best unless it is not drawn at all.
    let (_, counts) = chosen(Policy::TwoChoices, &servers(&[0, 1, 2, 3], &[]), &[], Place::default());
    for (count, sixteenths) in counts.iter().zip([7, 5, 3, 1]) {
        assert!(count.abs_diff(1_000 * sixteenths / 16) < 60, "{counts:?}");
    }
    let (_, counts) = chosen(Policy::TwoChoices, &servers(&[0, 1, 2, 3], &[]), &[0, 1], Place::default());
    assert_eq!(counts[..2], [0, 0]);
}

#[test]
fn the_server_that_answered_is_kept_to_unless_it_was_tried_or_is_ejected() {
    let place = Place { chosen: 0, answered: 2 };
    let first =
        |ejected, tried: &[usize]| chosen(Policy::Sticky, &servers(&[0; 4], ejected), tried, place).0[0];
    assert_eq!((first(&[], &[]), first(&[], &[2]), first(&[2, 3], &[])), (2, 3, 0));
}

#[test]
fn when_all_were_tried_or_ejected_the_ejected_come_before_the_tried() {
    for policy in
        [Policy::RoundRobin, Policy::Random, Policy::LeastRequests, Policy::TwoChoices, Policy::Sticky]
    {
        let only = |ejected: &[usize], tried: &[usize]| {
            let (order, _) = chosen(policy, &servers(&[0; 3], ejected), tried, Place::default());
            BTreeSet::from_iter(order)
        };
        assert_eq!(only(&[2], &[0, 1]), [2].into(), "{policy:?}");
        assert_eq!(only(&[0, 2], &[0, 1, 2]), [1].into(), "{policy:?}");
    }
}

#[test]
fn a_request_that_failed_and_still_counts_is_found() {
    let flaw = Some(balancer::Flaw::FailedUnderWay);
    let mut nodes = balancer(balancer::Config { tries: 1, flaw, ..Default::default() });
    let (_, outputs) = nodes.request(NODE, Op::Get(1));
    nodes.step(NODE, Input::Response(call(&outputs).0, Answer::Refused));
    let broken: Vec<_> = nodes.violations().iter().map(|found| found.property).collect();
    assert_eq!(broken, ["what is counted as under way is under way"]);
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

/// Two that fetch the same key at the same time.
fn both(nodes: &mut Harness<Cache>) -> (Ticket, Ticket) {
    let mut ask = || get(nodes, 1).expect_err("nothing is kept");
    (ask(), ask())
}

#[test]
fn an_answer_that_comes_after_a_newer_one_is_not_kept() {
    let mut nodes = cache(cache::Config::default());
    let (first, second) = both(&mut nodes);
    brings(&mut nodes, first, 8);
    // Asked later, and answered by the store before another node's write.
    brings(&mut nodes, second, 7);
    // Nobody knows which of them is newer.
    let third = get(&mut nodes, 1).unwrap_err();
    brings(&mut nodes, third, 8);
    assert_eq!(get(&mut nodes, 1), Ok(Some(8)));
}

#[test]
fn an_answer_that_differs_from_what_is_kept_takes_its_place_from_it() {
    let mut nodes = cache(cache::Config::default());
    let (first, second) = both(&mut nodes);
    brings(&mut nodes, second, 7);
    brings(&mut nodes, first, 8);
    assert!(get(&mut nodes, 1).is_err(), "who was told 8 may not be told 7");
}

#[test]
fn an_answer_that_comes_late_is_not_kept_after_a_newer_one_has_expired_or_made_room() {
    for capacity in [1, 2] {
        let mut nodes = cache(cache::Config { ttl: 10.ms(), capacity, ..Default::default() });
        let (first, second) = both(&mut nodes);
        brings(&mut nodes, first, 8);
        fetched(&mut nodes, 2, 9);
        nodes.pass(11.ms());
        let third = get(&mut nodes, 1).unwrap_err();
        brings(&mut nodes, second, 7);
        let fourth = get(&mut nodes, 1).unwrap_err();
        brings(&mut nodes, third, 8);
        assert!(get(&mut nodes, 1).is_err(), "it was overtaken by the second");
        brings(&mut nodes, fourth, 8);
    }
}

#[test]
fn a_read_without_an_answer_tells_nothing_about_what_is_kept_or_on_its_way() {
    let mut nodes = cache(cache::Config::default());
    let (first, second) = both(&mut nodes);
    assert!(nodes.fire(NODE, &cache::Timer::Silence(first)).is_empty());
    brings(&mut nodes, second, 7);
    assert_eq!(get(&mut nodes, 1), Ok(Some(7)), "the other was not overtaken");

    let mut nodes = cache(cache::Config::default());
    let (first, second) = both(&mut nodes);
    brings(&mut nodes, first, 7);
    assert!(nodes.fire(NODE, &cache::Timer::Silence(second)).is_empty());
    assert_eq!(get(&mut nodes, 1), Ok(Some(7)), "what is kept stays");
}

#[test]
fn a_write_without_an_answer_may_have_happened() {
    let mut nodes = cache(cache::Config::default());
    let (_, outputs) = nodes.request(NODE, Op::Put(1, 9));
    let (write, _) = call(&outputs);
    fetched(&mut nodes, 1, 7);
    assert!(nodes.fire(NODE, &cache::Timer::Silence(write)).is_empty());
    assert!(get(&mut nodes, 1).is_err());
}

#[test]
fn mistakes_make_a_cache_serve_what_was_written_over() {
    let flawed = |flaw| cache(cache::Config { flaw: Some(flaw), ..Default::default() });
    let write = |nodes: &mut Harness<Cache>| {
        let (_, outputs) = nodes.request(NODE, Op::Put(1, 9));
        nodes.step(NODE, Input::Response(call(&outputs).0, Answer::Ok(Ret::Done)));
    };
    let mut nodes = flawed(cache::Flaw::KeptOnWrite);
    fetched(&mut nodes, 1, 7);
    write(&mut nodes);
    assert_eq!(get(&mut nodes, 1), Ok(Some(7)));

    let mut nodes = flawed(cache::Flaw::StaleSet);
    let read = get(&mut nodes, 1).unwrap_err();
    write(&mut nodes);
    brings(&mut nodes, read, 7);
    assert_eq!(get(&mut nodes, 1), Ok(Some(7)));

    let mut nodes = flawed(cache::Flaw::LastAnswer);
    let (first, second) = both(&mut nodes);
    brings(&mut nodes, first, 8);
    brings(&mut nodes, second, 7);
    assert_eq!(get(&mut nodes, 1), Ok(Some(7)));
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
