//! What of a run is in its page: the events around what matters, within a budget, and the calls that no order explains.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod fixture;

use fixture::at;
use serde_json::Value;
use sim_core::{
    judged::Judged,
    protocol::NodeId,
    time::{Span, Time, Units},
    trace::{Entry, Fate, Kind, Packet, PacketId, Scope, State, Trace},
};

fn embedded(judged: &Judged) -> Value {
    let page = reports::html(judged);
    let data = page.split_once("id=\"data\">").unwrap().1.split_once("</script>").unwrap().0;
    serde_json::from_str(data).unwrap()
}

fn numbers(list: &Value) -> Vec<i64> {
    list.as_array().unwrap().iter().map(|number| number.as_i64().unwrap()).collect()
}

/// Differences added up.
fn summed(list: &Value) -> Vec<i64> {
    let mut sum = 0;
    let next = |by: i64| {
        sum += by;
        sum
    };
    numbers(list).into_iter().map(next).collect()
}

/// So many events, evenly over the run: each is the message that the one before it sent, and changes a value.
fn long_trace(judged: &Judged, events: u64) -> Trace {
    let mut trace = Trace::default();
    let moment =
        |number: u64| Time((u128::from(judged.run.ended.0) * u128::from(number) / u128::from(events)) as u64);
    for number in 1..=events {
        let (node, peer) = (NodeId((number % 5) as u32), NodeId(((number - 1) % 5) as u32));
        let text = format!("Message number {number} <script>alert({number})</script>");
        let cause = number - 1;
        let packet = (cause > 0).then(|| {
            trace.send(Packet {
                id: PacketId(0),
                kind: Kind::Deliver,
                from: peer,
                to: node,
                bytes: 40,
                cause,
                sent: moment(cause),
                reached: Some(moment(number)),
                ended: Some(moment(number)),
                fate: Fate::Arrived(number),
                copy_of: None,
                text: &text,
            })
        });
        trace.record(Entry {
            number,
            at: moment(number),
            node,
            peer: Some(peer),
            kind: Kind::Deliver,
            text: &text,
            cause: packet.map(|_| cause),
            packet,
        });
        trace.show(&State {
            after: Some(number),
            at: moment(number),
            node,
            role: sim_core::protocol::Role("follower"),
            epoch: number / 1_000,
            values: vec![("count", &number.to_string()), ("always", "the same")],
        });
    }
    trace
}

/// A violated run of so many events, with that trace.
fn traced(events: u64) -> Judged {
    let mut judged = fixture::violated(5.s());
    judged.run.events = events;
    for violation in &mut judged.run.violations {
        violation.event =
            (u128::from(events) * u128::from(violation.at.0) / u128::from(judged.run.ended.0)) as u64;
    }
    judged.run.trace = Some(long_trace(&judged, events));
    judged
}

#[test]
fn a_small_run_is_in_its_page_as_a_whole() {
    let judged = traced(2_000);
    let data = embedded(&judged);
    let entries = &data["trace"]["entries"];
    assert_eq!(summed(&entries["number"]), (1..=2_000).collect::<Vec<i64>>());
    assert_eq!(numbers(&entries["cause"])[1..], vec![1; 1_999]);
    let packets = &data["trace"]["packets"];
    assert_eq!(summed(&packets["cause"]), (1..2_000).collect::<Vec<i64>>());
    assert!(numbers(&packets["fate"]).iter().all(|&fate| fate == 1));
    // Each packet is the one that its entry names.
    assert_eq!(numbers(&entries["packet"]), (-1..1_999).collect::<Vec<i64>>());
    assert_eq!(numbers(&entries["text"])[1..], numbers(&packets["text"]));
    assert_eq!(data["trace"]["absent"], "");
    let states = &data["trace"]["states"];
    // What stays the same is said once for each node.
    let values: Vec<usize> =
        states["values"].as_array().unwrap().iter().map(|values| values.as_array().unwrap().len()).collect();
    assert_eq!(
        (values.len(), &values[..5], values[5..].iter().all(|&length| length == 2)),
        (2_000, &[4; 5][..], true)
    );
}

#[test]
fn a_large_trace_is_cut_around_what_matters_and_nothing_that_matters_is_dropped() {
    let judged = traced(120_000);
    let page = reports::html(&judged);
    assert!(page.len() < 2 << 20, "{} bytes", page.len());
    let data = embedded(&judged);
    let number = summed(&data["trace"]["entries"]["number"]);
    let moments = summed(&data["trace"]["entries"]["at"]);
    assert!((3_000..=30_000).contains(&number.len()), "{}", number.len());
    assert!(!judged.run.violations.is_empty());
    for violation in &judged.run.violations {
        assert!(number.binary_search(&(violation.event as i64)).is_ok(), "{violation:?}");
    }
    // Around each fault, and at the start, there is something on both sides.
    let near = |at: Time, side: i64| {
        moments.iter().any(|&moment| {
            let by = (moment - at.0 as i64) * side;
            (1..20_000_000).contains(&by)
        })
    };
    for fault in judged.run.faults.iter().filter_map(|fault| fault.struck) {
        assert!(near(fault, 1) && near(fault, -1), "{fault}");
    }
    assert_eq!(number[0], 1);
    assert_eq!(page, reports::html(&traced(120_000)), "the same run has the same page");
}

#[test]
fn a_gap_between_events_is_followed_by_what_changed_in_it() {
    let judged = traced(120_000);
    let data = embedded(&judged);
    let (number, node) =
        (summed(&data["trace"]["entries"]["number"]), numbers(&data["trace"]["entries"]["node"]));
    let states = &data["trace"]["states"];
    let (after, of, epoch) = (numbers(&states["after"]), numbers(&states["node"]), numbers(&states["epoch"]));
    let gap = (1..number.len()).find(|&i| number[i] > number[i - 1] + 100).unwrap();
    // Every node's last state before the gap's end is there, though its event is not.
    for other in 0..5 {
        let last = (0..after.len()).rfind(|&i| of[i] == other && after[i] < number[gap]).unwrap();
        assert!(after[last] > number[gap - 1] && after[last] >= number[gap] - 5, "node {other}");
        assert_eq!(epoch[last], after[last] / 1_000);
    }
    assert!(node[gap] < 5);
}

#[test]
fn which_part_of_a_run_is_traced_for_its_page() {
    let mut judged = fixture::violated(5.s());
    let profile: Vec<(Time, u64)> = (1..200).map(|i| (at(300 * i), 4_000 * i)).collect();
    judged.run.events = 0;
    assert_eq!(reports::scope(&judged, &[]), None);
    judged.run.events = 50_000;
    assert_eq!(reports::scope(&judged, &profile), Some(Scope::all()));
    judged.run.events = reports::EVENTS_MAX + 1;
    assert_eq!(reports::scope(&judged, &profile), None);
    judged.run.events = 800_000;
    for (violation, event) in judged.run.violations.iter_mut().zip([300_000, 300_100, 600_000]) {
        violation.event = event;
    }
    let Scope { windows, events } = reports::scope(&judged, &profile).unwrap();
    for pair in windows.windows(2) {
        assert!(pair[0].until < pair[1].from, "{pair:?}");
    }
    let inside = |at: Time| windows.iter().any(|window| window.from <= at && at <= window.until);
    assert!(inside(Time::ZERO));
    for fault in judged.run.faults.iter().filter_map(|fault| fault.struck) {
        assert!(inside(fault), "{fault}");
    }
    for violation in &judged.run.violations {
        assert!(inside(violation.at));
        let whole = |&(first, last): &(u64, u64)| first < violation.event && violation.event + 100 < last;
        assert!(events.iter().any(whole), "{violation:?} in {events:?}");
    }
    let traced: u64 = windows.iter().map(|window| window.until.since(window.from).0).sum();
    assert!(Span(traced) < 10.s(), "only a part of sixty seconds");
}

#[test]
fn a_page_without_events_says_why_and_which_command_gives_them() {
    let mut judged = fixture::partition(5.s());
    judged.run.events = 3_000_000;
    let trace = &embedded(&judged)["trace"];
    assert_eq!(trace["asks"], true);
    assert!(trace["absent"].as_str().unwrap().contains("3,000,000 events"), "{trace}");
    judged.run.events = 100;
    assert_eq!(embedded(&judged)["trace"]["asks"], false);
}

#[test]
fn a_hundred_thousand_operations_are_sampled_and_all_failures_kept() {
    let mut judged = fixture::partition(5.s());
    let one = judged.measures.operations[0];
    let many = |i: u64| {
        let mut operation = one;
        operation.intended = Time(600_000 * i);
        operation.done = (!i.is_multiple_of(20)).then(|| Time(600_000 * i + 5_000_000));
        operation.unknown = i.is_multiple_of(20);
        operation
    };
    judged.measures.operations = (0..100_000).map(many).collect();
    let operations = &embedded(&judged)["operations"];
    let what = numbers(&operations["what"]);
    assert_eq!((&operations["total"], &operations["failures"]), (&100_000.into(), &5_000.into()));
    assert_eq!((&operations["failed_step"], &operations["served_step"]), (&1.into(), &4.into()));
    assert_eq!(what.iter().filter(|&&what| what & 3 != 0).count(), 5_000, "every failure");
    assert_eq!(what.iter().filter(|&&what| what & 3 == 0).count(), 95_000 / 4);
    assert!(reports::html(&judged).len() < 3 << 20);
}
