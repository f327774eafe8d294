//! Interaction with clients (§8).

use super::*;

#[test]
fn a_server_that_is_not_the_leader_rejects_the_request_and_names_the_leader_8() {
    let [leader, follower, _] = nodes();
    let mut cluster = cluster(3, Config::default());
    let asked = |cluster: &mut Cluster| match cluster.request(follower, Op::Put(1, 10)).1.pop() {
        Some(Output::Answer(_, answer)) => answer,
        other => panic!("{other:?}"),
    };
    assert_eq!(asked(&mut cluster), Answer::Refused, "it knows of none");
    elect(&mut cluster, leader);
    assert_eq!(asked(&mut cluster), Answer::Redirect(leader));
    assert_eq!(terms(&mut cluster, follower), [1], "it takes nothing into its log");
}

#[test]
fn a_request_whose_place_in_the_log_another_entry_took_is_refused_8() {
    let [deposed, leader, follower] = nodes();
    let mut cluster = cluster(3, Config::default());
    elect(&mut cluster, deposed);
    let (ticket, _) = cluster.request(deposed, Op::Put(1, 10));
    let news = win(&mut cluster, leader, 2, &[follower]);
    let mut outputs = cluster.settle(leader, news, |_, _| true);
    let beat = cluster.fire(leader, &Timer::Heartbeat);
    outputs.extend(cluster.settle(leader, beat, |_, _| true));
    assert_eq!(terms(&mut cluster, deposed), [1, 2]);
    let [(from, Output::Answer(to, Answer::Refused))] = outputs[..] else { panic!("{outputs:?}") };
    assert_eq!((from, to), (deposed, ticket));
}

#[test]
fn each_leader_commits_a_blank_no_op_entry_into_the_log_at_the_start_of_its_term_8() {
    let [leader, ..] = nodes::<3>();
    let mut cluster = cluster(3, Config::default());
    elect(&mut cluster, leader);
    assert_eq!(cluster.disk(leader).log[..], [Entry { term: 1, command: Command::Noop }]);
    assert_eq!(commit(&cluster, leader), 1);
}

#[test]
fn a_leader_must_check_whether_it_has_been_deposed_before_processing_a_read_only_request_8() {
    let [leader, follower, ..] = nodes::<5>();
    let mut cluster = cluster(5, Config::default());
    elect(&mut cluster, leader);
    let put = cluster.request(leader, Op::Put(1, 10)).1;
    cluster.settle(leader, put, |_, _| true);
    let round = |outputs: &Outputs| match outputs[..] {
        [Output::Send(_, Msg::AppendEntries { round, .. }), ..] => round,
        ref other => panic!("{other:?}"),
    };
    let before = round(&cluster.fire(leader, &Timer::Heartbeat));
    let (ticket, asked) = cluster.request(leader, Op::Get(1));
    assert_eq!(asked.len(), 4, "it asks everybody and answers nobody");
    let now = round(&asked);
    let echo = |server: u32, round| {
        Deliver(NodeId(server), Msg::Appended { term: 1, prev: 1, matched: Ok(2), round })
    };
    for server in 1..5 {
        assert!(cluster.step(leader, echo(server, before)).is_empty(), "an answer to an earlier heartbeat");
    }
    assert!(cluster.step(leader, echo(1, now)).is_empty(), "two of five");
    let answered = cluster.step(leader, echo(2, now));
    let [Output::Answer(to, Answer::Ok(Ret::Value(Some(10))))] = answered[..] else { panic!("{answered:?}") };
    assert_eq!(to, ticket);

    // And if it has been deposed, the read is refused.
    let (ticket, _) = cluster.request(leader, Op::Get(1));
    let news = cluster.step(leader, Deliver(follower, appended(2, Err(0))));
    let [Output::Answer(to, Answer::Refused)] = news[..] else { panic!("{news:?}") };
    assert_eq!(to, ticket);
}

#[test]
fn a_leader_must_have_the_latest_information_on_which_entries_are_committed_8() {
    let [leader, follower, _] = nodes();
    let mut cluster = alone(3, leader, 1, &[1, 1]);
    crown(&mut cluster, leader, 3);
    let (ticket, asked) = cluster.request(leader, Op::Get(1));
    let Some(Output::Send(_, Msg::AppendEntries { round, .. })) = asked.last() else { panic!("{asked:?}") };
    let heard =
        |matched| Deliver(follower, Msg::Appended { term: 2, prev: 0, matched: Ok(matched), round: *round });
    let early = cluster.step(leader, heard(2));
    assert!(
        !early.iter().any(|o| matches!(o, Output::Answer(..))),
        "nothing of its own term is committed yet"
    );
    let answered = cluster.step(leader, heard(3));
    assert!(answered.iter().any(|o| matches!(o, Output::Answer(to, Answer::Ok(_)) if *to == ticket)));
}

#[test]
fn a_leader_that_a_quorum_answered_serves_reads_without_asking_until_its_lease_is_over_6_4_1() {
    let [leader, ..] = nodes::<3>();
    let mut cluster = cluster(3, Config { reads: Reads::Lease, ..Config::default() });
    elect(&mut cluster, leader);
    let put = cluster.request(leader, Op::Put(1, 10)).1;
    cluster.settle(leader, put, |_, _| true);
    let reads = |cluster: &mut Cluster| match cluster.request(leader, Op::Get(1)).1[..] {
        [Output::Answer(_, Answer::Ok(Ret::Value(Some(10))))] => true,
        [Output::Send(..), Output::Send(..)] => false,
        ref other => panic!("{other:?}"),
    };
    assert!(reads(&mut cluster), "nobody needs to be asked");
    let heard = cluster.now();
    // Heartbeats that nobody answers do not prolong it.
    while cluster.now() < heard + 130.ms() {
        assert_eq!(reads(&mut cluster), cluster.now() < heard + 135.ms());
        cluster.fire(leader, &Timer::Heartbeat);
    }
    assert!(!reads(&mut cluster), "nine tenths of an election timeout are over");
    // One that a quorum answers does, from when it was sent.
    let beat = cluster.fire(leader, &Timer::Heartbeat);
    cluster.settle(leader, beat, |_, _| true);
    assert!(reads(&mut cluster));
}

#[test]
fn a_server_that_heard_a_leader_a_moment_ago_neither_votes_nor_updates_its_term_4_2_3() {
    let [leader, follower, rival] = nodes();
    let ask = || Deliver(rival, Msg::RequestVote { term: 7, last: (9, 9), told: false });
    let mut leased = cluster(3, Config { reads: Reads::Lease, ..Config::default() });
    assert!(leased.step(follower, ask()).is_empty(), "it may have heard one just before it booted");
    elect(&mut leased, leader);
    assert!(leased.step(follower, ask()).is_empty());
    assert_eq!(term(&leased, follower), 1);
    let waited = leased.now() + 150.ms();
    while leased.now() < waited {
        leased.fire(leader, &Timer::Heartbeat);
    }
    assert!(granted(&leased.step(follower, ask())), "silence makes it free");
    // Without leases, anybody may ask at any time.
    let mut plain = cluster(3, Config::default());
    elect(&mut plain, leader);
    assert!(granted(&plain.step(follower, ask())));
}

/// A leader of an earlier term that leads again has counted its rounds anew: what a follower says to a message of that term, in
/// the term of today, confirms none of today's rounds. It would let a leader that was replaced serve the past.
#[test]
fn the_answer_to_a_message_of_an_old_term_confirms_no_read_6_4() {
    let [leader, follower, _] = nodes();
    let mut cluster = alone(3, follower, 7, &[]);
    let old = Msg::AppendEntries { term: 6, prev: (0, 0), entries: vec![], commit: 0, round: 31 };
    let refused = only_message(&cluster.step(follower, Deliver(leader, old))).clone();
    assert!(matches!(refused, Msg::Appended { term: 7, matched: Err(_), round: 0, .. }), "{refused:?}");
    let snapshot = Box::new(cluster.disk(leader).log.snapshot().clone());
    let old = Msg::InstallSnapshot { term: 6, snapshot, round: 31 };
    let refused = only_message(&cluster.step(follower, Deliver(leader, old))).clone();
    assert!(matches!(refused, Msg::Appended { term: 7, matched: Err(_), round: 0, .. }), "{refused:?}");
}
