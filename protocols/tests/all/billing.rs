//! The billing service, rule by rule: what a worker and the bank do, one input at a time.

use protocols::{
    billing::{Billing, Config, Flaw, Guard, Msg, Stamp, Timer},
    leases::{Lease, Leases, Op, Ret},
};
use sim_core::{
    harness::{Harness, Output},
    prelude::*,
};

const BANK: NodeId = NodeId(0);
const WORKER: NodeId = NodeId(1);
const OTHER: NodeId = NodeId(2);

fn booted(guard: Guard, flaw: Option<Flaw>) -> Harness<Billing> {
    let mut nodes = Harness::new(3, Config { guard, flaw, ..Config::default() });
    for node in [BANK, WORKER, OTHER] {
        nodes.boot(node);
    }
    nodes
}

fn stamp(token: u64, sequence: u64) -> Stamp {
    Stamp { token, sequence }
}

/// What the bank says to a message, and what it has charged by then.
fn bank(nodes: &mut Harness<Billing>, msg: Msg) -> (Msg, Vec<u64>) {
    let outputs = nodes.step(BANK, Input::Deliver(WORKER, msg));
    let [Output::Send(_, said)] = outputs.as_slice() else { panic!("{outputs:?}") };
    (said.clone(), nodes.disk(BANK).1.to_vec())
}

/// What a worker asks the store at its next heartbeat.
fn asks(nodes: &mut Harness<Billing>, worker: NodeId) -> (Ticket, Op) {
    let outputs = nodes.fire(worker, &Timer::Heartbeat);
    let [Output::Call(_, ticket, op)] = outputs.as_slice() else { panic!("{outputs:?}") };
    (*ticket, *op)
}

fn hears(nodes: &mut Harness<Billing>, worker: NodeId, ticket: Ticket, ret: Ret) -> Vec<Msg> {
    let outputs = nodes.step(worker, Input::Response(ticket, Answer::Ok(ret)));
    outputs.into_iter().map(|output| if let Output::Send(_, msg) = output { msg } else { panic!() }).collect()
}

/// A worker that was granted the lease with this token, and what it asked the bank.
fn elected(nodes: &mut Harness<Billing>, worker: NodeId, token: u64) -> Vec<Msg> {
    let (ticket, _) = asks(nodes, worker);
    let lease = Lease { holder: Some(u64::from(worker.0)), token, renewals: 0 };
    hears(nodes, worker, ticket, Ret::Done(lease))
}

fn done(nodes: &mut Harness<Billing>, worker: NodeId, at: Stamp, next: u64) {
    assert!(nodes.step(worker, Input::Deliver(BANK, Msg::Done(at, next))).is_empty());
}

#[test]
fn a_bank_with_a_fence_refuses_what_bears_an_older_token_or_number() {
    let mut nodes = booted(Guard::Fencing, None);
    assert_eq!(bank(&mut nodes, Msg::Charge(stamp(1, 2), 0)), (Msg::Done(stamp(1, 2), 1), vec![0]));
    assert_eq!(bank(&mut nodes, Msg::Ask(stamp(2, 1))), (Msg::Done(stamp(2, 1), 1), vec![0]));
    assert_eq!(bank(&mut nodes, Msg::Charge(stamp(1, 3), 1)), (Msg::Late(stamp(1, 3)), vec![0]));
    assert_eq!(bank(&mut nodes, Msg::Charge(stamp(2, 2), 1)), (Msg::Done(stamp(2, 2), 2), vec![0, 1]));
    // A copy of it is answered as it was, and does nothing.
    assert_eq!(bank(&mut nodes, Msg::Charge(stamp(2, 2), 1)), (Msg::Done(stamp(2, 2), 2), vec![0, 1]));
    assert_eq!(bank(&mut nodes, Msg::Ask(stamp(2, 1))), (Msg::Late(stamp(2, 1)), vec![0, 1]));
}

#[test]
fn the_fence_and_the_books_survive_a_crash() {
    let mut nodes = booted(Guard::Fencing, None);
    bank(&mut nodes, Msg::Charge(stamp(3, 1), 0));
    nodes.crash(BANK);
    nodes.boot(BANK);
    assert_eq!(bank(&mut nodes, Msg::Charge(stamp(2, 9), 0)), (Msg::Late(stamp(2, 9)), vec![0]));
    assert_eq!(bank(&mut nodes, Msg::Ask(stamp(4, 1))), (Msg::Done(stamp(4, 1), 1), vec![0]));
}

#[test]
fn a_bank_without_a_guard_charges_again_and_one_that_knows_numbers_does_not() {
    for (guard, charged) in [(Guard::Nothing, vec![0, 0]), (Guard::Idempotency, vec![0])] {
        let mut nodes = booted(guard, None);
        bank(&mut nodes, Msg::Charge(stamp(2, 2), 0));
        assert_eq!(bank(&mut nodes, Msg::Charge(stamp(1, 7), 0)), (Msg::Done(stamp(1, 7), 1), charged));
    }
}

#[test]
fn a_charge_made_twice_breaks_the_property_and_says_which() {
    let mut nodes = booted(Guard::Nothing, None);
    bank(&mut nodes, Msg::Charge(stamp(1, 1), 0));
    bank(&mut nodes, Msg::Charge(stamp(1, 2), 0));
    nodes.step(BANK, Input::Deliver(WORKER, Msg::Ask(stamp(1, 3))));
    let [violation] = nodes.violations() else { panic!("{:?}", nodes.violations()) };
    assert_eq!(
        (violation.property, violation.found.as_str()),
        ("no invoice is charged twice", "invoice 0 was charged twice")
    );
}

#[test]
fn who_was_told_of_what_the_bank_charged_twice_was_told_the_truth_and_no_more() {
    let mut nodes = booted(Guard::Nothing, None);
    bank(&mut nodes, Msg::Charge(stamp(1, 1), 0));
    bank(&mut nodes, Msg::Charge(stamp(1, 2), 0));
    elected(&mut nodes, WORKER, 1);
    // Two charges are on its disk, and both are invoice 0.
    done(&mut nodes, WORKER, stamp(1, 1), 2);
    let broken: Vec<_> = nodes.violations().iter().map(|found| found.property).collect();
    assert_eq!(broken, ["no invoice is charged twice", "what a worker was told stands"]);
}

#[test]
fn redirects_are_followed_and_not_for_ever() {
    let mut nodes = booted(Guard::Fencing, None);
    let (ticket, _) = asks(&mut nodes, WORKER);
    let redirect = Answer::Redirect(NodeId(3));
    let outputs = nodes.step(WORKER, Input::Response(ticket, redirect));
    let [Output::Call(_, again, _)] = outputs[..] else { panic!("{outputs:?}") };
    // The store of a harness has one node, so one redirect is as far as it goes.
    assert!(nodes.step(WORKER, Input::Response(again, Answer::Redirect(NodeId(3)))).is_empty());
    let (_, op) = asks(&mut nodes, WORKER);
    assert!(matches!(op, Op::Take { .. }), "the next heartbeat begins anew");
}

#[test]
fn an_invoice_that_is_left_out_breaks_the_property() {
    let mut nodes = booted(Guard::Fencing, None);
    bank(&mut nodes, Msg::Charge(stamp(1, 1), 1));
    nodes.step(BANK, Input::Deliver(WORKER, Msg::Ask(stamp(1, 2))));
    assert!(nodes.violations().iter().any(|found| found.property == "no invoice is passed over"));
}

#[test]
fn two_holders_of_one_token_break_the_property() {
    let mut nodes = booted(Guard::Fencing, None);
    elected(&mut nodes, WORKER, 1);
    assert!(nodes.violations().is_empty());
    elected(&mut nodes, OTHER, 1);
    assert!(nodes.violations().iter().any(|found| found.property == "a token is one worker's"));
}

#[test]
fn a_free_lease_is_taken_and_one_that_changes_is_left_alone() {
    let mut nodes = booted(Guard::Fencing, None);
    let (ticket, op) = asks(&mut nodes, WORKER);
    assert_eq!(op, Op::Take { lease: 0, by: 1, seen: Lease::default() });
    let mut lease = Lease { holder: Some(2), token: 1, renewals: 0 };
    assert!(hears(&mut nodes, WORKER, ticket, Ret::Denied(lease)).is_empty());
    // Four heartbeats are as long as the lease; it is renewed once meanwhile, and then no more.
    for renewals in [0, 1, 1, 1, 1] {
        let (ticket, op) = asks(&mut nodes, WORKER);
        assert_eq!(op, Op::Look(0));
        lease.renewals = renewals;
        hears(&mut nodes, WORKER, ticket, Ret::Known(lease));
    }
    let (_, op) = asks(&mut nodes, WORKER);
    assert_eq!(op, Op::Take { lease: 0, by: 1, seen: lease });
}

#[test]
fn a_new_holder_asks_the_bank_before_it_charges_and_goes_on_from_there() {
    let mut nodes = booted(Guard::Fencing, None);
    assert_eq!(elected(&mut nodes, WORKER, 4), [Msg::Ask(stamp(4, 1))]);
    done(&mut nodes, WORKER, stamp(4, 1), 17);
    let [Output::Send(BANK, msg)] = &nodes.fire(WORKER, &Timer::Due)[..] else { panic!() };
    assert_eq!(*msg, Msg::Charge(stamp(4, 2), 17));
    // Invoice 17 falls due after 18 times 100 ms, and sending the charge takes 5 ms of work.
    assert!(nodes.now() >= Time(1_800_000_000));
}

#[test]
fn a_worker_that_hears_nothing_of_a_charge_asks_under_a_new_number() {
    let mut nodes = booted(Guard::Fencing, None);
    elected(&mut nodes, WORKER, 1);
    done(&mut nodes, WORKER, stamp(1, 1), 0);
    nodes.fire(WORKER, &Timer::Due);
    let [Output::Send(BANK, msg)] = &nodes.fire(WORKER, &Timer::Silence)[..] else { panic!() };
    assert_eq!(*msg, Msg::Ask(stamp(1, 3)));
    // What comes of the charge now is not the answer to that.
    done(&mut nodes, WORKER, stamp(1, 2), 1);
    assert!(nodes.timers(WORKER).iter().all(|(timer, _)| *timer != Timer::Due));
}

#[test]
fn a_holder_stops_when_its_lease_has_run_out_or_is_anothers_or_its_stamp_is_late() {
    let leads =
        |nodes: &Harness<Billing>| nodes.state(WORKER).is_some_and(|worker| worker.role() == Role("holder"));
    let mut nodes = booted(Guard::Fencing, None);
    elected(&mut nodes, WORKER, 1);
    done(&mut nodes, WORKER, stamp(1, 1), 0);
    assert!(leads(&nodes));
    nodes.fire(WORKER, &Timer::Lapse);
    assert!(!leads(&nodes));
    assert!(nodes.timers(WORKER).iter().all(|(timer, _)| *timer == Timer::Heartbeat));

    let mut nodes = booted(Guard::Fencing, None);
    elected(&mut nodes, WORKER, 1);
    let (ticket, op) = asks(&mut nodes, WORKER);
    assert_eq!(op, Op::Renew { lease: 0, token: 1 });
    hears(&mut nodes, WORKER, ticket, Ret::Denied(Lease { holder: Some(2), token: 2, renewals: 0 }));
    assert!(!leads(&nodes));

    let mut nodes = booted(Guard::Fencing, None);
    elected(&mut nodes, WORKER, 1);
    nodes.step(WORKER, Input::Deliver(BANK, Msg::Late(stamp(1, 1))));
    assert!(!leads(&nodes));
}

#[test]
fn a_lease_counts_from_when_its_renewal_was_asked_for() {
    let mut nodes = booted(Guard::Fencing, None);
    elected(&mut nodes, WORKER, 1);
    let (ticket, _) = asks(&mut nodes, WORKER);
    let asked = nodes.now();
    nodes.pass(200.ms());
    hears(&mut nodes, WORKER, ticket, Ret::Done(Lease { holder: Some(1), token: 1, renewals: 1 }));
    let (_, lapse) = nodes.timers(WORKER).into_iter().find(|(timer, _)| *timer == Timer::Lapse).unwrap();
    assert_eq!(lapse, asked + Config::default().lease);
}

/// The stores' clients may renew and give back too, and replicas that apply the same hold the same.
#[test]
fn a_lease_that_was_given_back_is_free_and_keeps_its_token() {
    let mut leases = BTreeMap::new();
    Leases::apply(&mut leases, &Op::Take { lease: 0, by: 1, seen: Lease::default() });
    Leases::apply(&mut leases, &Op::Release { lease: 0, token: 1 });
    let taken = Leases::apply(&mut leases, &Op::Take { lease: 0, by: 2, seen: Lease::default() });
    assert_eq!(taken, Ret::Done(Lease { holder: Some(2), token: 2, renewals: 0 }));
}
