//! Log replication (§5.3, §5.5, Figure 7).

use super::*;

#[test]
fn a_leader_appends_the_command_to_its_log_then_issues_append_entries_in_parallel_5_3() {
    let [leader, ..] = nodes::<3>();
    let mut cluster = cluster(3, Config::default());
    elect(&mut cluster, leader);
    let (_, outputs) = cluster.request(leader, Op::Put(1, 10));
    assert_eq!(
        cluster.disk(leader).log.last(),
        Some(&Entry { term: 1, command: Command::Apply(Op::Put(1, 10)) })
    );
    assert_eq!(appends(&outputs), [(NodeId(1), 1, 1), (NodeId(2), 1, 1)]);
    assert_eq!(outputs.len(), 2, "no answer before the entry is safely replicated");
}

#[test]
fn an_entry_is_committed_once_it_is_on_a_majority_of_the_servers_5_3() {
    let [leader] = nodes();
    for (servers, by, wanted) in tables::ACKNOWLEDGED {
        let mut cluster = cluster(servers, Config::default());
        elect(&mut cluster, leader);
        let before = commit(&cluster, leader);
        assert_eq!(before, 1, "the entry that opens the term");
        let (ticket, mut outputs) = cluster.request(leader, Op::Put(1, 10));
        for server in by.iter().map(|&number| NodeId(number - 1)) {
            outputs.extend(cluster.step(leader, Deliver(server, appended(1, Ok(2)))));
        }
        let answered = |output: &Output<Server>| matches!(output, Output::Answer(to, Answer::Ok(Ret::Done)) if *to == ticket);
        assert_eq!(commit(&cluster, leader) == 2, wanted, "{servers} servers, acknowledged by {by:?}");
        assert_eq!(outputs.iter().filter(|o| answered(o)).count(), usize::from(wanted));
    }
}

#[test]
fn this_also_commits_all_preceding_entries_in_the_leaders_log_5_3() {
    let [leader, follower] = nodes();
    let mut cluster = alone(3, leader, 2, &[1, 1, 2]);
    crown(&mut cluster, leader, 3);
    cluster.step(leader, Deliver(follower, appended(3, Ok(4))));
    assert_eq!(commit(&cluster, leader), 4);
}

#[test]
fn once_a_follower_learns_that_a_log_entry_is_committed_it_applies_the_entry_in_log_order_5_3() {
    let [leader, follower, _] = nodes();
    let mut cluster = cluster(3, Config { reads: Reads::Local, ..Config::default() });
    elect(&mut cluster, leader);
    for value in [10, 20, 30] {
        let (_, outputs) = cluster.request(leader, Op::Put(1, value));
        cluster.settle(leader, outputs, |_, _| true);
    }
    let read = |cluster: &mut Cluster| match &cluster.request(follower, Op::Get(1)).1[..] {
        [Output::Answer(_, Answer::Ok(Ret::Value(value)))] => *value,
        other => panic!("{other:?}"),
    };
    assert_eq!(read(&mut cluster), Some(20), "that the third one is committed was not told yet");
    let beat = cluster.fire(leader, &Timer::Heartbeat);
    cluster.settle(leader, beat, |_, _| true);
    assert_eq!(read(&mut cluster), Some(30));
}

#[test]
fn if_the_follower_does_not_find_an_entry_with_the_same_index_and_term_it_refuses_the_new_entries_5_3() {
    let [follower, leader] = nodes();
    for (prev, wanted) in [
        ((0, 0), Ok(1)),
        ((1, 1), Ok(2)),
        ((2, 2), Ok(3)),
        ((1, 2), Err(())),
        ((3, 2), Err(())),
        ((2, 3), Err(())),
    ] {
        let mut cluster = alone(3, follower, 3, &[1, 2]);
        let answer = cluster.step(follower, Deliver(leader, append(3, prev, &[3], 0)));
        assert_eq!(matched(&answer).map_err(drop), wanted, "after term {} at index {}", prev.0, prev.1);
        if wanted.is_err() {
            assert_eq!(terms(&mut cluster, follower), [1, 2]);
        }
    }
}

#[test]
fn conflicting_entries_in_follower_logs_will_be_overwritten_with_entries_from_the_leaders_log_5_3() {
    let [follower, leader] = nodes();
    for (prev, entries, wanted) in tables::APPENDS {
        let mut cluster = alone(3, follower, tables::FOLLOWER_TERM, &tables::FOLLOWER);
        cluster.step(follower, Deliver(leader, append(tables::FOLLOWER_TERM, prev, entries, 0)));
        assert_eq!(terms(&mut cluster, follower), wanted, "{entries:?} after {prev:?}");
    }
}

#[test]
fn an_append_entries_that_comes_late_takes_nothing_away_figure_2() {
    let [follower, leader] = nodes();
    let mut cluster = alone(3, follower, 1, &[]);
    cluster.step(follower, Deliver(leader, append(1, (0, 0), &[1, 1, 1], 2)));
    let late = cluster.step(follower, Deliver(leader, append(1, (0, 0), &[1], 0)));
    assert_eq!(matched(&late), Ok(1), "it speaks of what that message said, not of the whole log");
    assert_eq!(terms(&mut cluster, follower), [1, 1, 1]);
    assert_eq!(commit(&cluster, follower), 2);
}

#[test]
fn an_answer_that_comes_late_takes_nothing_back_figure_2() {
    let [leader, one, two] = nodes();
    let mut cluster = alone(5, leader, 0, &[]);
    crown(&mut cluster, leader, 5);
    cluster.request(leader, Op::Put(1, 10));
    cluster.step(leader, Deliver(one, appended(1, Ok(2))));
    cluster.step(leader, Deliver(one, appended(1, Ok(1))));
    let again = cluster.step(leader, Deliver(one, appended(1, Err(1))));
    assert_eq!(appends(&again), [], "it never goes back behind what is known to match");
    cluster.step(leader, Deliver(two, appended(1, Ok(2))));
    assert_eq!(commit(&cluster, leader), 2);
}

#[test]
fn set_commit_index_to_the_minimum_of_leader_commit_and_index_of_last_new_entry_figure_2() {
    let [follower, leader] = nodes();
    // The third entry is not the leader's, which has sent nothing beyond the second yet.
    let mut cluster = alone(3, follower, 2, &[1, 1, 1]);
    cluster.step(follower, Deliver(leader, append(2, (1, 1), &[1], 5)));
    assert_eq!(commit(&cluster, follower), 2);
    cluster.step(follower, Deliver(leader, append(2, (1, 2), &[2, 2, 2], 4)));
    assert_eq!(commit(&cluster, follower), 4);
    assert!(cluster.violations().is_empty());
}

#[test]
fn the_leader_retries_append_entries_indefinitely_even_after_it_has_responded_to_the_client_5_3() {
    let [leader, follower, slow] = nodes();
    let mut cluster = cluster(3, Config::default());
    elect(&mut cluster, leader);
    let (_, outputs) = cluster.request(leader, Op::Put(1, 10));
    let answers = cluster.settle(leader, outputs, |from, to| from != slow && to != slow);
    assert_eq!(answers.len(), 1);
    // The first heartbeat asks; from the second on it is known that nothing came.
    let beat = cluster.fire(leader, &Timer::Heartbeat);
    cluster.settle(leader, beat, |from, to| from != slow && to != slow);
    for _ in 0..20 {
        let beat = cluster.fire(leader, &Timer::Heartbeat);
        assert_eq!(appends(&beat), [(follower, 2, 0), (slow, 1, 1)]);
        cluster.settle(leader, beat, |from, to| from != slow && to != slow);
    }
    let beat = cluster.fire(leader, &Timer::Heartbeat);
    cluster.settle(leader, beat, |_, _| true);
    assert_eq!(terms(&mut cluster, slow), [1, 1]);
}

/// Beyond the paper: see the head of `raft/mod.rs`.
#[test]
fn a_follower_that_left_two_heartbeats_unanswered_hears_of_new_entries_with_the_next_one() {
    let [leader, follower, slow] = nodes();
    let mut cluster = cluster(3, Config::default());
    elect(&mut cluster, leader);
    let mut told = Vec::new();
    for value in 0..4 {
        let put = cluster.request(leader, Op::Put(1, value)).1;
        told.push(appends(&put).iter().any(|(to, ..)| *to == slow));
        cluster.settle(leader, put, |from, to| from != slow && to != slow);
        let beat = cluster.fire(leader, &Timer::Heartbeat);
        assert!(value == 0 || appends(&beat).contains(&(slow, 1, value as usize + 1)));
        cluster.settle(leader, beat, |from, to| from != slow && to != slow);
    }
    assert_eq!(told, [true, true, false, false]);
    assert_eq!(commit(&cluster, follower), 5);
    let beat = cluster.fire(leader, &Timer::Heartbeat);
    cluster.settle(leader, beat, |_, _| true);
    assert_eq!(terms(&mut cluster, slow), [1; 5]);
    let put = cluster.request(leader, Op::Put(1, 4)).1;
    assert_eq!(appends(&put), [(follower, 5, 1), (slow, 5, 1)], "it has answered: it is told at once again");
}

#[test]
fn raft_rpcs_are_idempotent_5_5() {
    let [server, other] = nodes();
    let mut cluster = alone(3, server, 1, &[1]);
    for msg in [append(2, (1, 1), &[2, 2], 2), Msg::RequestVote { term: 3, last: (2, 3), told: false }] {
        let mut twice = |msg: &Msg<Kv>| format!("{:?}", cluster.step(server, Deliver(other, msg.clone())));
        assert_eq!(twice(&msg), twice(&msg));
    }
    assert_eq!(terms(&mut cluster, server), [1, 2, 2]);
    assert_eq!(commit(&cluster, server), 2);
}

/// Elects the leader of Figure 7 and lets it bring one follower in line: how many of its probes were refused.
fn repair(log: &[u64], backtrack: Backtrack) -> u32 {
    let [leader, follower] = nodes();
    let mut cluster = Cluster::new(7, Config { backtrack, ..Config::default() });
    left_behind(&mut cluster, leader, 7, &tables::LEADER);
    left_behind(&mut cluster, follower, 7, log);
    cluster.boot(leader);
    cluster.boot(follower);
    campaign(&mut cluster, leader);
    let votes = (2..6).map(NodeId).flat_map(|voter| hear_vote(&mut cluster, leader, voter, 8, true));
    let mut flight: VecDeque<_> = votes.map(|output| (leader, output)).collect();
    let (mut messages, mut refused, mut first) = (0, 0, None);
    while let Some((from, output)) = flight.pop_front() {
        let Output::Send(to, msg) = output else { continue };
        match &msg {
            Msg::AppendEntries { prev, .. } if to == follower => drop(first.get_or_insert(prev.1 + 1)),
            Msg::Appended { matched: Err(_), .. } => refused += 1,
            Msg::Vote { .. }
            | Msg::Appended { .. }
            | Msg::AppendEntries { .. }
            | Msg::RequestVote { .. }
            | Msg::PreVote { .. }
            | Msg::PreVoted { .. }
            | Msg::InstallSnapshot { .. }
            | Msg::TimeoutNow { .. } => {}
        }
        messages += 1;
        assert!(messages < 1_000, "it never comes to an end");
        if cluster.state(to).is_some() {
            flight.extend(cluster.step(to, Deliver(from, msg)).into_iter().map(|output| (to, output)));
        }
    }
    assert_eq!(first, Some(11), "nextIndex starts just after the last entry in the leader's log");
    assert_eq!(terms(&mut cluster, follower), terms(&mut cluster, leader));
    assert_eq!(terms(&mut cluster, leader)[..10], tables::LEADER, "a leader never overwrites its own log");
    assert!(cluster.violations().is_empty());
    refused
}

#[test]
fn after_a_rejection_the_leader_decrements_next_index_and_retries_until_the_logs_match_figure_7() {
    for (name, log, refused) in tables::FOLLOWERS {
        assert_eq!(repair(log, Backtrack::ByOne), refused, "({name})");
    }
}

#[test]
fn one_append_entries_rpc_will_be_required_for_each_term_with_conflicting_entries_5_3() {
    // (a) and (b) only lack entries; (e) is short and conflicts in term 4; (f) conflicts in terms 3 and 2.
    for ((name, log, _), refused) in tables::FOLLOWERS.into_iter().zip([1, 1, 0, 0, 2, 2]) {
        assert_eq!(repair(log, Backtrack::ByTerm), refused, "({name})");
    }
}

/// Beyond the paper: see the head of `raft/mod.rs`. Whoever lacks entries is asked one thing at a time, however many
/// answers to what was sent before still come in.
#[test]
fn a_follower_with_a_gap_is_asked_one_question_at_a_time() {
    let [leader, one] = nodes();
    let mut cluster = alone(5, leader, 1, &[1, 1, 1, 1]);
    crown(&mut cluster, leader, 5);
    let refusal = |prev| Deliver(one, Msg::Appended { term: 2, prev, matched: Err(2), round: 0 });
    let probe = cluster.step(leader, refusal(4));
    assert_eq!(appends(&probe), [(one, 1, 4)], "from the latest place worth trying");
    let put = cluster.request(leader, Op::Put(1, 10)).1;
    assert!(!appends(&put).is_empty(), "the others hear of a new entry at once");
    assert!(appends(&put).iter().all(|(to, ..)| *to != one), "and this one when the question is answered");
    assert_eq!(appends(&cluster.step(leader, refusal(5))), [], "an answer to what was sent before");
    let news = cluster.step(leader, Deliver(one, appended(2, Ok(5))));
    assert_eq!(appends(&news), [(one, 5, 1)]);
}
