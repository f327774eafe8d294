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
    assert_eq!(cluster.disk(leader).log[..], [Entry { term: 1, op: None }]);
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
