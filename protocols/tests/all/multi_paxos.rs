//! Multi-Paxos does what its papers say: Lamport, "Paxos Made Simple" (2001), whose sentences name the tests; van Renesse and
//! Altinbuken, "Paxos Made Moderately Complex" (2015).

use protocols::{
    kv::{Kv, Op, Ret},
    multi_paxos::{
        Ballot, Command, Config, Flaw, Msg, MultiPaxos, Prefix, Proposal, Record,
        Timer::{Heartbeat, Quorum, Silence},
    },
};
use sim_core::{
    explore::{Bounds, Ended, Small},
    fault::{Fault, Pick, PlannedFault},
    harness::{Harness, Output},
    link::{LinkPlan, NetworkPlan},
    plan::{DiskPlan, Plan, ServicePlan},
    prelude::*,
    sample::Delay,
    world::World,
};

type Paxos = MultiPaxos<Kv>;
type Group = Harness<Paxos>;
type Said = Output<Paxos>;

const LEADER: NodeId = NodeId(0);
const ACCEPTOR: NodeId = NodeId(1);
const OTHER: NodeId = NodeId(2);

fn group_with(nodes: u32, config: Config) -> Group {
    let mut group = Group::new(nodes, config);
    (0..nodes).for_each(|node| drop(group.boot(NodeId(node))));
    group
}

fn group(nodes: u32) -> Group {
    group_with(nodes, Config::default())
}

fn flawed(nodes: u32, flaw: Flaw) -> Group {
    group_with(nodes, Config { flaw: Some(flaw), ..Config::default() })
}

fn ballot(round: u64, proposer: u32) -> Ballot {
    Ballot { round, proposer }
}

/// The leader's first ballot, as every test elects it.
const FIRST: Ballot = Ballot { round: 1, proposer: 0 };

fn everybody(_: NodeId, _: NodeId) -> bool {
    true
}

/// A node runs out of patience, and leads if those let it whom `passes` lets hear.
fn elect(group: &mut Group, node: NodeId, passes: impl Fn(NodeId, NodeId) -> bool) {
    let prepare = group.fire(node, &Silence);
    group.settle(node, prepare, passes);
}

/// The messages among outputs, with whom they go to.
fn sent(outputs: &[Said]) -> Vec<(NodeId, Msg<Kv>)> {
    outputs
        .iter()
        .filter_map(|output| match output {
            Output::Send(to, msg) => Some((*to, msg.clone())),
            Output::Answer(..) | Output::Call(..) => None,
        })
        .collect()
}

/// The one message that a step sends to a node.
fn one(outputs: &[Said], to: NodeId) -> Msg<Kv> {
    let mut all = sent(outputs).into_iter().filter(|(node, _)| *node == to);
    let msg = all.next().unwrap_or_else(|| panic!("nothing for {to:?} in {outputs:?}")).1;
    assert!(all.next().is_none(), "{outputs:?}");
    msg
}

fn shown(group: &Group, node: NodeId, label: &str) -> String {
    let shown = group.state(node).unwrap().show();
    shown.iter().find(|(name, _)| *name == label).unwrap().1.clone()
}

fn put(value: u64) -> Op {
    Op::Put(7, value)
}

/// What a client asks, without a client: its ticket comes from a group of its own.
fn asked(value: u64) -> Command<Op> {
    let (ticket, _) = group(1).request(LEADER, put(value));
    Command::Ask(ticket, put(value))
}

fn accept(ballot: Ballot, slot: u64, command: Command<Op>) -> Msg<Kv> {
    Msg::Accept { ballot, slot, command, chosen: 0 }
}

fn promise(ballot: Ballot, accepted: &[(u64, Proposal<Op>)]) -> Msg<Kv> {
    Msg::Promise { ballot, accepted: accepted.iter().cloned().collect(), snapshot: None }
}

fn broken(group: &Group) -> Vec<&'static str> {
    group.violations().iter().map(|violation| violation.property).collect()
}

// Acceptors.

#[test]
fn an_acceptor_promises_for_all_slots_and_tells_what_it_accepted_from_the_first_one_on() {
    let mut group = group(3);
    let [one, three] = [asked(1), asked(3)];
    for (slot, command) in [(1, &one), (3, &three)] {
        let said = group.step(ACCEPTOR, Deliver(LEADER, accept(FIRST, slot, command.clone())));
        assert_eq!(one_of(&said), Msg::Accepted { ballot: FIRST, slot });
    }
    let two = ballot(2, 2);
    let said = group.step(ACCEPTOR, Deliver(OTHER, Msg::Prepare { ballot: two, first: 2 }));
    assert_eq!(one_of(&said), promise(two, &[(3, (FIRST, three))]));
    // "A promise not to accept any more proposals numbered less than n", in any slot.
    for msg in [
        accept(FIRST, 9, one),
        Msg::Prepare { ballot: FIRST, first: 1 },
        Msg::Alive { ballot: FIRST, chosen: 3 },
    ] {
        let said = group.step(ACCEPTOR, Deliver(LEADER, msg));
        assert_eq!(one_of(&said), Msg::Preempted { promised: two });
    }
}

/// The one message that a step sends.
fn one_of(outputs: &[Said]) -> Msg<Kv> {
    assert_eq!(outputs.len(), 1, "{outputs:?}");
    sent(outputs).pop().unwrap().1
}

#[test]
fn an_acceptor_must_remember_this_information_even_if_it_fails_and_then_restarts() {
    let mut group = group(3);
    let (command, two) = (asked(1), ballot(2, 2));
    group.step(ACCEPTOR, Deliver(LEADER, accept(FIRST, 5, command.clone())));
    group.step(ACCEPTOR, Deliver(OTHER, Msg::Prepare { ballot: two, first: 1 }));
    group.crash(ACCEPTOR);
    group.boot(ACCEPTOR);
    let records = [Record::Accepted(5, (FIRST, command.clone())), Record::Promised(two)];
    assert_eq!(group.disk(ACCEPTOR)[..], records);
    let said = group.step(ACCEPTOR, Deliver(LEADER, accept(FIRST, 6, Command::Noop)));
    assert_eq!(one_of(&said), Msg::Preempted { promised: two });
    let three = ballot(3, 0);
    let said = group.step(ACCEPTOR, Deliver(LEADER, Msg::Prepare { ballot: three, first: 1 }));
    assert_eq!(one_of(&said), promise(three, &[(5, (FIRST, command))]));
    // And a proposer its highest ballot: the next one is higher than all that it promised.
    let said = group.fire(ACCEPTOR, &Silence);
    assert_eq!(one(&said, OTHER), Msg::Prepare { ballot: ballot(4, 1), first: 1 });
}

// Leaders.

#[test]
fn a_leader_takes_the_value_of_the_highest_numbered_proposal_among_the_responses() {
    let mut group = group(5);
    group.fire(LEADER, &Silence);
    let [low, high] = [asked(1), asked(2)];
    let old = |command: &Command<Op>, round| promise(FIRST, &[(1, (ballot(round, 4), command.clone()))]);
    let said = group.step(LEADER, Deliver(ACCEPTOR, old(&high, 0)));
    assert!(said.is_empty(), "two of five are no majority");
    let again = group.step(LEADER, Deliver(ACCEPTOR, old(&high, 0)));
    assert!(again.is_empty(), "who promises twice counts once");
    // Of another ballot, so it counts for nothing.
    let other = group.step(LEADER, Deliver(OTHER, promise(ballot(9, 0), &[])));
    assert!(other.is_empty());
    let lower = promise(FIRST, &[(1, (Ballot::default(), low))]);
    let said = group.step(LEADER, Deliver(OTHER, lower));
    let proposed: Vec<_> =
        sent(&said).into_iter().filter(|(to, _)| *to == ACCEPTOR).map(|(_, msg)| msg).collect();
    assert_eq!(proposed[0], accept(FIRST, 1, high));
    assert_eq!(proposed[1], Msg::Alive { ballot: FIRST, chosen: 0 });
    assert_eq!(shown(&group, LEADER, "role"), "leader");
}

#[test]
fn gaps_are_filled_with_no_ops_and_the_next_request_takes_the_slot_after_all() {
    let mut group = group(3);
    group.fire(LEADER, &Silence);
    let [two, five] = [asked(2), asked(5)];
    let old = ballot(0, 2);
    let said = group.step(
        LEADER,
        Deliver(ACCEPTOR, promise(FIRST, &[(2, (old, two.clone())), (5, (old, five.clone()))])),
    );
    let proposed: Vec<_> =
        sent(&said).into_iter().filter(|(to, _)| *to == OTHER).map(|(_, msg)| msg).collect();
    let wanted = [Command::Noop, two, Command::Noop, Command::Noop, five];
    let accepts = (1..).zip(wanted).map(|(slot, command)| accept(FIRST, slot, command));
    assert_eq!(proposed, accepts.chain([Msg::Alive { ballot: FIRST, chosen: 0 }]).collect::<Vec<_>>());
    let (_, said) = group.request(LEADER, put(6));
    assert!(matches!(one(&said, OTHER), Msg::Accept { slot: 6, .. }));
}

#[test]
fn commands_are_chosen_in_any_order_and_applied_in_that_of_their_slots() {
    let mut group = group(3);
    elect(&mut group, LEADER, everybody);
    let tickets = [1, 2, 3].map(|value| group.request(LEADER, put(value)).0);
    let mut accepted = |slot| group.step(LEADER, Deliver(ACCEPTOR, Msg::Accepted { ballot: FIRST, slot }));
    assert!(accepted(3).is_empty(), "slots 1 and 2 come first");
    assert!(accepted(2).is_empty());
    let answered: Vec<Ticket> = accepted(1)
        .into_iter()
        .map(|output| match output {
            Output::Answer(ticket, Answer::Ok(Ret::Done)) => ticket,
            Output::Send(..) | Output::Answer(..) | Output::Call(..) => panic!("{output:?}"),
        })
        .collect();
    assert_eq!(answered, tickets);
    assert!(accepted(1).is_empty(), "who is heard again is not answered again");
    let (ticket, _) = group.request(LEADER, Op::Get(7));
    let said = group.step(LEADER, Deliver(OTHER, Msg::Accepted { ballot: FIRST, slot: 4 }));
    assert!(
        matches!(said[..], [Output::Answer(to, Answer::Ok(Ret::Value(Some(3))))] if to == ticket),
        "{said:?}"
    );
}

#[test]
fn in_the_steady_state_a_command_costs_one_round_trip_to_a_majority() {
    for nodes in [3, 5, 7] {
        let mut group = group(nodes);
        elect(&mut group, LEADER, everybody);
        let others = nodes as usize - 1;
        for slot in 1..=20 {
            let (ticket, asked) = group.request(LEADER, put(slot));
            let sent = sent(&asked);
            assert_eq!((sent.len(), asked.len()), (others, others), "phase 2a, and nothing else");
            for (heard, (acceptor, msg)) in (2..).zip(sent) {
                assert!(
                    matches!(msg, Msg::Accept { slot: at, chosen, .. } if at == slot && chosen == slot - 1)
                );
                let said = group.step(acceptor, Deliver(LEADER, msg));
                let reply = one_of(&said);
                assert_eq!(reply, Msg::Accepted { ballot: FIRST, slot });
                // With itself it is a majority exactly here, and neither before nor once more.
                let answered = group.step(LEADER, Deliver(acceptor, reply));
                assert_eq!(
                    answered.len(),
                    usize::from(heard == nodes / 2 + 1),
                    "{nodes} nodes: {answered:?}"
                );
                assert!(answered.iter().all(
                    |output| matches!(output, Output::Answer(to, Answer::Ok(Ret::Done)) if *to == ticket)
                ));
            }
        }
        // The last is known to be chosen with the next heartbeat: one message to each, and no answer.
        let said = group.fire(LEADER, &Heartbeat);
        assert_eq!(said.len(), others);
        assert!(group.settle(LEADER, said, everybody).is_empty());
        (0..nodes).for_each(|node| assert_eq!(shown(&group, NodeId(node), "chosen"), "20"));
        assert_eq!(broken(&group), [""; 0]);
    }
}

#[test]
fn phase_1_is_executed_once_for_all_slots() {
    let mut group = group(3);
    elect(&mut group, LEADER, everybody);
    // Of fifty commands the last twenty get through to nobody but one acceptor.
    for value in 1..=50 {
        let (_, said) = group.request(LEADER, put(value));
        let passes = |from, to| value <= 30 || to == ACCEPTOR && from == LEADER;
        group.settle(LEADER, said, passes);
    }
    let beat = group.fire(LEADER, &Heartbeat);
    group.settle(LEADER, beat, everybody);
    group.crash(LEADER);
    let prepare = group.fire(OTHER, &Silence);
    assert_eq!(sent(&prepare).len(), 2, "one prepare request for each of the others");
    let two = ballot(2, 2);
    assert_eq!(one(&prepare, ACCEPTOR), Msg::Prepare { ballot: two, first: 31 });
    let promised = group.step(ACCEPTOR, Deliver(OTHER, Msg::Prepare { ballot: two, first: 31 }));
    let Msg::Promise { accepted, .. } = one_of(&promised) else { panic!("{promised:?}") };
    assert_eq!(accepted.keys().copied().collect::<Vec<_>>(), (31..=50).collect::<Vec<_>>());
    let said = group.settle(ACCEPTOR, promised, everybody);
    assert_eq!(said.len(), 20, "the clients of all that the other began are answered: {said:?}");
    let (_, said) = group.request(OTHER, put(51));
    assert!(matches!(one(&said, ACCEPTOR), Msg::Accept { slot: 51, .. }), "no phase 1 any more");
    assert_eq!(broken(&group), [""; 0]);
}

#[test]
fn a_leader_that_hears_of_a_higher_ballot_retires_and_tries_again_later() {
    let mut group = group(3);
    elect(&mut group, LEADER, everybody);
    group.step(LEADER, Deliver(ACCEPTOR, Msg::Preempted { promised: ballot(7, 1) }));
    assert_eq!(shown(&group, LEADER, "role"), "acceptor");
    assert!(group.timers(LEADER).iter().all(|(timer, _)| *timer == Silence));
    let (_, said) = group.request(LEADER, put(1));
    assert!(matches!(said[..], [Output::Answer(_, Answer::Refused)]));
    let said = group.fire(LEADER, &Silence);
    assert_eq!(one(&said, ACCEPTOR), Msg::Prepare { ballot: ballot(8, 0), first: 1 });
    // What it hears of a ballot that is past is nothing to it.
    group.step(LEADER, Deliver(ACCEPTOR, Msg::Preempted { promised: ballot(7, 1) }));
    assert_eq!(shown(&group, LEADER, "role"), "proposer");
}

#[test]
fn proposers_in_vain_wait_for_longer_and_longer_until_a_leader_is_heard() {
    let longest = |ballots: u32, heard: bool| {
        let wait = |seed| {
            let mut group = Group::seeded(seed, 3, Config::default());
            group.boot(LEADER);
            (0..ballots).for_each(|_| drop(group.fire(LEADER, &Silence)));
            if heard {
                group.step(LEADER, Deliver(ACCEPTOR, Msg::Alive { ballot: ballot(99, 1), chosen: 0 }));
            }
            let now = group.now();
            let [(Silence, at)] = group.timers(LEADER)[..] else { panic!("{:?}", group.timers(LEADER)) };
            at.since(now)
        };
        let waits: Vec<Span> = (0..200).map(wait).collect();
        assert!(waits.iter().all(|wait| *wait >= 150.ms()));
        waits.into_iter().max().unwrap()
    };
    for (ballots, most) in
        [(0, 300.ms()), (1, 300.ms()), (2, 450.ms()), (3, 750.ms()), (4, 1_350.ms()), (9, 1_350.ms())]
    {
        let longest = longest(ballots, false);
        assert!(longest < most && longest > most - 30.ms(), "{ballots} ballots: {longest}");
    }
    assert!(longest(9, true) < 300.ms());
}

#[test]
fn what_is_lost_on_the_way_is_proposed_again_to_those_who_lack_it() {
    let mut group = group(5);
    elect(&mut group, LEADER, everybody);
    let (ticket, said) = group.request(LEADER, put(1));
    assert!(group.settle(LEADER, said, |_, to| to == ACCEPTOR || to == LEADER).is_empty());
    // The first heartbeat may follow at once: what it finds under way is not late.
    assert_eq!(group.fire(LEADER, &Heartbeat).len(), 4);
    let again = group.fire(LEADER, &Heartbeat);
    assert_eq!(again.len(), 4 + 3, "to all but the acceptor that has it");
    let said = group.settle(LEADER, again, everybody);
    assert!(matches!(said[..], [(LEADER, Output::Answer(to, Answer::Ok(Ret::Done)))] if to == ticket));
}

#[test]
fn a_leader_has_so_many_slots_under_way_and_no_more() {
    let mut group = group_with(3, Config { window: 2, ..Config::default() });
    elect(&mut group, LEADER, everybody);
    let request = |group: &mut Group| sent(&group.request(LEADER, put(1)).1).len();
    assert_eq!([request(&mut group), request(&mut group), request(&mut group)], [2, 2, 0]);
    group.step(LEADER, Deliver(ACCEPTOR, Msg::Accepted { ballot: FIRST, slot: 1 }));
    assert_eq!([request(&mut group), request(&mut group)], [2, 0]);
}

#[test]
fn a_leader_that_no_majority_answers_makes_room() {
    let mut group = group_with(5, Config { check_quorum: true, ..Config::default() });
    elect(&mut group, LEADER, everybody);
    // Answers to heartbeats are enough, of two of the other four.
    let beat = group.fire(LEADER, &Heartbeat);
    group.settle(LEADER, beat, |from, to| from == LEADER || to == LEADER && from <= OTHER);
    group.fire(LEADER, &Quorum);
    assert_eq!(shown(&group, LEADER, "role"), "leader");
    // Those of one are not, nor are those in other ballots.
    let beat = group.fire(LEADER, &Heartbeat);
    group.settle(LEADER, beat, |from, to| from == LEADER || to == LEADER && from == ACCEPTOR);
    group.step(LEADER, Deliver(OTHER, Msg::Heard { ballot: ballot(0, 2) }));
    group.fire(LEADER, &Quorum);
    assert_eq!(shown(&group, LEADER, "role"), "acceptor");
    assert!(group.timers(LEADER).iter().all(|(timer, _)| *timer == Silence));
}

#[test]
fn a_leader_that_does_not_check_its_quorum_asks_for_no_answers() {
    let mut group = group(3);
    elect(&mut group, LEADER, everybody);
    let beat = group.fire(LEADER, &Heartbeat);
    assert!(beat.iter().all(|said| matches!(said, Output::Send(_, Msg::Alive { .. }))));
    assert!(group.timers(LEADER).iter().all(|(timer, _)| *timer == Heartbeat));
}

// Learners and clients.

#[test]
fn clients_are_sent_to_the_leader() {
    let mut group = group(3);
    let answer = |group: &mut Group| match group.request(ACCEPTOR, put(1)).1[..] {
        [Output::Answer(_, ref answer)] => *answer,
        ref other => panic!("{other:?}"),
    };
    assert_eq!(answer(&mut group), Answer::Refused, "nobody is known to lead");
    elect(&mut group, LEADER, everybody);
    assert_eq!(answer(&mut group), Answer::Redirect(LEADER));
}

#[test]
fn a_learner_trusts_what_it_accepted_only_if_it_was_in_the_ballot_of_who_tells_it() {
    let mut group = group(3);
    let (old, new) = (asked(1), asked(2));
    group.step(ACCEPTOR, Deliver(OTHER, accept(ballot(0, 2), 1, old)));
    let said = group.step(ACCEPTOR, Deliver(LEADER, Msg::Alive { ballot: FIRST, chosen: 1 }));
    assert_eq!(one_of(&said), Msg::Missing { ballot: FIRST, first: 1 });
    assert_eq!(shown(&group, ACCEPTOR, "chosen"), "0");
    let taught = Msg::Accept { ballot: FIRST, slot: 1, command: new, chosen: 1 };
    group.step(ACCEPTOR, Deliver(LEADER, taught));
    assert_eq!(shown(&group, ACCEPTOR, "chosen"), "1");
    assert!(group.step(ACCEPTOR, Deliver(LEADER, Msg::Alive { ballot: FIRST, chosen: 1 })).is_empty());
}

/// Three nodes with snapshots every four slots. The third hears nothing of twenty commands.
fn with_one_behind() -> Group {
    let mut group = group_with(3, Config { snapshot: Some(4), ..Config::default() });
    elect(&mut group, LEADER, everybody);
    for value in 1..=20 {
        let (_, said) = group.request(LEADER, put(value));
        group.settle(LEADER, said, |_, to| to != OTHER);
        let beat = group.fire(LEADER, &Heartbeat);
        group.settle(LEADER, beat, |_, to| to != OTHER);
    }
    group
}

#[test]
fn a_replica_that_missed_slots_is_told_and_gets_a_snapshot_of_what_was_dropped() {
    let mut group = with_one_behind();
    assert_eq!(group.disk(LEADER).snapshot().state.prefix.slot, 16);
    let kept = group.disk(LEADER).len();
    assert!(kept < 20, "the journal is short: {kept} records");
    for told in ["20", "20"] {
        let beat = group.fire(LEADER, &Heartbeat);
        group.settle(LEADER, beat, everybody);
        assert_eq!(shown(&group, OTHER, "chosen"), told);
    }
    // It is whole: after a crash, and as the leader.
    group.crash(OTHER);
    group.boot(OTHER);
    group.crash(LEADER);
    elect(&mut group, OTHER, everybody);
    let (ticket, said) = group.request(OTHER, Op::Get(7));
    let said = group.settle(OTHER, said, everybody);
    assert!(
        matches!(said[..], [(OTHER, Output::Answer(to, Answer::Ok(Ret::Value(Some(20)))))] if to == ticket),
        "{said:?}"
    );
    assert_eq!(broken(&group), [""; 0]);
}

#[test]
fn a_snapshot_that_is_on_its_way_is_not_sent_again_at_once() {
    let mut group = with_one_behind();
    let snapshots = |group: &mut Group, first| {
        let said = group.step(LEADER, Deliver(OTHER, Msg::Missing { ballot: FIRST, first }));
        sent(&said).iter().filter(|(_, msg)| matches!(msg, Msg::Snapshot { .. })).count()
    };
    assert_eq!([snapshots(&mut group, 1), snapshots(&mut group, 1)], [1, 0]);
    group.pass(299.ms());
    assert_eq!(snapshots(&mut group, 1), 0);
    group.pass(1.ms());
    assert_eq!(snapshots(&mut group, 1), 1, "it may have been lost");
    assert_eq!(snapshots(&mut group, 17), 0, "it has arrived");
}

#[test]
fn a_new_leader_that_was_behind_learns_what_was_dropped_with_the_promises() {
    let mut group = with_one_behind();
    group.crash(LEADER);
    let prepare = group.fire(OTHER, &Silence);
    assert_eq!(one(&prepare, ACCEPTOR), Msg::Prepare { ballot: ballot(2, 2), first: 1 });
    group.settle(OTHER, prepare, everybody);
    assert_eq!(shown(&group, OTHER, "role"), "leader");
    assert_eq!(shown(&group, OTHER, "chosen"), "20");
    let (_, said) = group.request(OTHER, Op::Get(7));
    let said = group.settle(OTHER, said, everybody);
    assert!(matches!(said[..], [(OTHER, Output::Answer(_, Answer::Ok(Ret::Value(Some(20)))))]), "{said:?}");
    assert_eq!(broken(&group), [""; 0]);
}

#[test]
fn a_snapshot_takes_nothing_from_an_acceptor_but_what_was_chosen() {
    let mut group = group_with(3, Config { snapshot: Some(4), ..Config::default() });
    let later = asked(9);
    group.step(ACCEPTOR, Deliver(LEADER, accept(FIRST, 9, later.clone())));
    let prefix = Prefix { slot: 8, machine: [(7, 8)].into() };
    group.step(ACCEPTOR, Deliver(LEADER, Msg::Snapshot { prefix: Box::new(prefix.clone()) }));
    let two = ballot(2, 2);
    let said = group.step(ACCEPTOR, Deliver(OTHER, Msg::Prepare { ballot: two, first: 1 }));
    let accepted = [(9, (FIRST, later))].into();
    assert_eq!(one_of(&said), Msg::Promise { ballot: two, accepted, snapshot: Some(Box::new(prefix)) });
    // An older one is nothing new.
    let older = Prefix { slot: 4, machine: [(7, 4)].into() };
    group.step(ACCEPTOR, Deliver(LEADER, Msg::Snapshot { prefix: Box::new(older) }));
    assert_eq!(shown(&group, ACCEPTOR, "chosen"), "8");
}

// Properties: each can fail.

/// What is durable since the last step of a node is seen with the next one.
fn look(group: &mut Group) {
    let stale = Msg::Preempted { promised: Ballot::default() };
    for node in [LEADER, ACCEPTOR, OTHER] {
        group.step(node, Deliver(node, stale.clone()));
    }
    let stale = Msg::Prepare { ballot: Ballot::default(), first: 1 };
    for node in [LEADER, ACCEPTOR, OTHER] {
        group.step(node, Deliver(node, stale.clone()));
    }
}

#[test]
fn a_ballot_that_is_led_twice_is_found() {
    let mut group = flawed(3, Flaw::ReusedBallot);
    elect(&mut group, LEADER, everybody);
    group.crash(LEADER);
    group.boot(LEADER);
    elect(&mut group, LEADER, everybody);
    assert_eq!(broken(&group), ["one leader per ballot"]);
}

/// One node leads as soon as it begins a ballot. If it crashes before that is on its disk nobody has heard of it.
#[test]
fn a_ballot_that_was_led_before_it_was_durable_may_be_led_again() {
    let disk = DiskPlan { sync: Delay::Constant(400.ms()), ..DiskPlan::default() };
    let services = vec![ServicePlan { disk, ..ServicePlan::new("db", 1) }];
    let network = NetworkPlan::new(LinkPlan::new(Delay::Constant(1.ms())));
    let mut plan = Plan::new(1, Time::ZERO + 3.s(), services, network);
    let crash = Fault::Crash(vec![Pick::Service("db".into())]);
    plan.faults.push(PlannedFault::at("crash", Time::ZERO + 350.ms(), Some(10.ms()), crash));
    let mut world = World::new(plan);
    world.populate::<Paxos>(Config::default(), None).unwrap();
    world.run_to(Time::ZERO + 349.ms(), u64::MAX);
    assert_eq!(world.role(LEADER), Role("leader"));
    world.run(u64::MAX);
    let run = world.finish();
    assert_eq!(run.violations.iter().map(|found| &found.found).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn a_promise_that_is_broken_is_found() {
    let mut group = flawed(3, Flaw::BrokenPromise);
    elect(&mut group, LEADER, everybody);
    let (_, said) = group.request(LEADER, put(1));
    group.step(ACCEPTOR, Deliver(OTHER, Msg::Prepare { ballot: ballot(2, 2), first: 1 }));
    group.step(ACCEPTOR, Deliver(LEADER, one(&said, ACCEPTOR)));
    look(&mut group);
    assert_eq!(broken(&group), ["promises are kept"]);
}

#[test]
fn values_that_nobody_proposed_and_two_in_one_ballot_are_found() {
    let mut group = group(3);
    group.step(ACCEPTOR, Deliver(LEADER, accept(FIRST, 1, asked(1))));
    look(&mut group);
    assert_eq!(broken(&group), ["only proposed values are accepted"]);
    group.step(OTHER, Deliver(LEADER, accept(FIRST, 1, asked(2))));
    look(&mut group);
    assert_eq!(broken(&group), ["only proposed values are accepted", "one value per ballot and slot"]);
}

#[test]
fn a_value_that_is_chosen_again_and_another_one_is_found() {
    let mut group = flawed(3, Flaw::IgnoredAccepted);
    elect(&mut group, LEADER, everybody);
    let (_, said) = group.request(LEADER, put(1));
    group.settle(LEADER, said, |_, to| to != OTHER);
    group.crash(LEADER);
    elect(&mut group, OTHER, everybody);
    assert_eq!(broken(&group), [""; 0]);
    let (_, said) = group.request(OTHER, put(2));
    let accepted = group.step(ACCEPTOR, Deliver(OTHER, one(&said, ACCEPTOR)));
    look_without_leader(&mut group);
    assert_eq!(broken(&group)[0], "higher ballots keep chosen values");
    group.settle(ACCEPTOR, accepted, everybody);
    look_without_leader(&mut group);
    assert_eq!(
        BTreeSet::from_iter(broken(&group)),
        BTreeSet::from([
            "higher ballots keep chosen values",
            "one value per slot",
            "only chosen values are applied",
            "replicas apply the same prefix"
        ])
    );
}

#[test]
fn a_value_that_is_chosen_below_another_that_was_accepted_is_found() {
    let mut group = group(3);
    group.step(OTHER, Deliver(OTHER, accept(ballot(2, 2), 1, asked(2))));
    group.step(ACCEPTOR, Deliver(LEADER, accept(FIRST, 1, asked(1))));
    look(&mut group);
    assert!(!broken(&group).contains(&"higher ballots keep chosen values"));
    group.step(LEADER, Deliver(LEADER, accept(FIRST, 1, asked(1))));
    look(&mut group);
    assert!(broken(&group).contains(&"higher ballots keep chosen values"), "{:?}", broken(&group));
}

fn look_without_leader(group: &mut Group) {
    for node in [ACCEPTOR, OTHER] {
        group.step(node, Deliver(node, Msg::Prepare { ballot: Ballot::default(), first: 1 }));
    }
}

#[test]
fn what_is_applied_before_it_is_chosen_is_found() {
    let mut group = flawed(3, Flaw::Unordered);
    elect(&mut group, LEADER, everybody);
    let (_, first) = group.request(LEADER, put(1));
    let (_, second) = group.request(LEADER, put(2));
    group.settle(LEADER, second, everybody);
    look(&mut group);
    assert_eq!(broken(&group), ["only chosen values are applied"]);
    drop(first);
}

#[test]
fn snapshots_that_differ_are_found() {
    let mut group = group_with(3, Config { snapshot: Some(4), ..Config::default() });
    let wrong = Prefix { slot: 4, machine: [(7, 0)].into() };
    group.step(OTHER, Deliver(LEADER, Msg::Snapshot { prefix: Box::new(wrong) }));
    elect(&mut group, LEADER, |_, to| to != OTHER);
    for value in 1..=9 {
        let (_, said) = group.request(LEADER, put(value));
        group.settle(LEADER, said, |_, to| to != OTHER);
    }
    assert_eq!(broken(&group), [""; 0]);
    group.fire(LEADER, &Heartbeat);
    assert_eq!(broken(&group), ["replicas apply the same prefix"]);
}

// Small worlds, in every order.

fn small(nodes: u32, flaw: Option<Flaw>, crashes: u32) -> Small<Paxos> {
    let config = Config { flaw, ..Config::default() };
    let bounds = Bounds { timeouts: Some(2), crashes, ..Bounds::default() };
    Small { config, nodes, operations: vec![put(1), put(2)], bounds }
}

#[test]
fn two_nodes_of_which_one_crashes_break_nothing_in_any_order() {
    let found = small(2, None, 1).explore(&mut |_| true).unwrap();
    assert_eq!((&found.violation, found.ended), (&None, Ended::All), "{} states", found.states);
    let idle: Vec<_> =
        found.properties.iter().filter(|property| property.held == 0).map(|p| p.name).collect();
    // With two nodes whoever proposed the earlier slots is one of the majority: there are no gaps.
    assert_eq!(idle, ["gap filled", "snapshot installed"], "{} states", found.states);
    assert!(found.states > 80_000, "{}", found.states);
}

#[test]
fn flaws_are_found_by_shortest_paths() {
    for (flaw, property, steps) in [
        (Flaw::SmallQuorum, "only chosen values are applied", 2),
        (Flaw::BrokenPromise, "promises are kept", 6),
        (Flaw::Unordered, "only chosen values are applied", 7),
        (Flaw::IgnoredAccepted, "higher ballots keep chosen values", 9),
    ] {
        let found = small(3, Some(flaw), 0).explore(&mut |_| true).unwrap();
        let violation = found.violation.unwrap_or_else(|| panic!("{flaw:?}: {} states", found.states));
        assert_eq!((violation.property, violation.path.len()), (property, steps), "{flaw:?}");
    }
}
