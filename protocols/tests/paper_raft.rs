//! Raft does what its paper says: one test per sentence, named after it, with the section it is from (Ongaro and
//! Ousterhout, "In Search of an Understandable Consensus Algorithm", extended version, 2014), and the tables and
//! figures that the paper and etcd published. Single servers are driven by hand; nothing here is timed or random.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod tables;

use protocols::{
    kv::{Kv, Op, Ret},
    raft::{
        Backtrack, Config, Entry, Flaw, Msg, Raft, Reads, Timer,
        quorum::{Election, committed, poll},
    },
};
use sim_core::{
    harness::{Harness, Output},
    prelude::*,
};

type Server = Raft<Kv>;
type Cluster = Harness<Server>;
type Outputs = Vec<Output<Server>>;

fn nodes<const N: usize>() -> [NodeId; N] {
    std::array::from_fn(|index| NodeId(index as u32))
}

/// Servers that are all up, in term 0, with empty logs.
fn cluster(servers: u32, config: Config) -> Cluster {
    let mut cluster = Cluster::new(servers, config);
    (0..servers).for_each(|server| drop(cluster.boot(NodeId(server))));
    cluster
}

/// Writes the disk of a server as an earlier life left it: its term, and entries of these terms.
fn left_behind(cluster: &mut Cluster, server: NodeId, term: u64, log: &[u64]) {
    let disk = cluster.disk(server);
    disk.vote.set((term, None));
    log.iter().for_each(|&term| disk.log.push(Entry { term, op: None }));
}

/// A cluster in which only `server` is up, with a past.
fn alone(servers: u32, server: NodeId, term: u64, log: &[u64]) -> Cluster {
    let mut cluster = Cluster::new(servers, Config::default());
    left_behind(&mut cluster, server, term, log);
    cluster.boot(server);
    cluster
}

fn terms(cluster: &mut Cluster, server: NodeId) -> Vec<u64> {
    cluster.disk(server).log.iter().map(|entry| entry.term).collect()
}

fn role(cluster: &Cluster, server: NodeId) -> &'static str {
    cluster.state(server).map_or("down", |state| state.role().0)
}

fn term(cluster: &Cluster, server: NodeId) -> u64 {
    cluster.state(server).unwrap().epoch()
}

fn commit(cluster: &Cluster, server: NodeId) -> usize {
    let shown = cluster.state(server).unwrap().show();
    shown.into_iter().find(|(label, _)| *label == "commit").unwrap().1.parse().unwrap()
}

fn campaign(cluster: &mut Cluster, server: NodeId) -> Outputs {
    cluster.fire(server, &Timer::Election)
}

/// Lets a server campaign, and everybody who is up take part.
fn elect(cluster: &mut Cluster, server: NodeId) {
    let request = campaign(cluster, server);
    cluster.settle(server, request, |_, _| true);
    assert_eq!(role(cluster, server), "leader");
}

/// The vote of `voter` as it reaches `server`.
fn hear_vote(cluster: &mut Cluster, server: NodeId, voter: NodeId, term: u64, granted: bool) -> Outputs {
    cluster.step(server, Deliver(voter, Msg::Vote { term, granted }))
}

/// Makes a server that is up alone the leader, with the votes of all others. What it said is dropped.
fn crown(cluster: &mut Cluster, server: NodeId, servers: u32) {
    campaign(cluster, server);
    let term = term(cluster, server);
    for voter in (0..servers).map(NodeId).filter(|&voter| voter != server) {
        hear_vote(cluster, server, voter, term, true);
    }
    assert_eq!(role(cluster, server), "leader");
}

fn append(term: u64, prev: (u64, usize), entries: &[u64], commit: usize) -> Msg<Op> {
    let entries = entries.iter().map(|&term| Entry { term, op: None }).collect();
    Msg::AppendEntries { term, prev, entries, commit, round: 0 }
}

fn appended(term: u64, matched: Result<usize, usize>) -> Msg<Op> {
    Msg::Appended { term, matched, round: 0 }
}

/// The one message among the outputs.
fn only_message(outputs: &Outputs) -> &Msg<Op> {
    match &outputs[..] {
        [Output::Send(_, msg)] => msg,
        other => panic!("one message was expected, found {other:?}"),
    }
}

fn granted(outputs: &Outputs) -> bool {
    matches!(only_message(outputs), Msg::Vote { granted: true, .. })
}

/// What a follower answered to AppendEntries.
fn matched(outputs: &Outputs) -> Result<usize, usize> {
    let Msg::Appended { matched, .. } = only_message(outputs) else { panic!("{outputs:?}") };
    *matched
}

/// The AppendEntries among the outputs: to whom, after which index, with how many entries.
fn appends(outputs: &Outputs) -> Vec<(NodeId, usize, usize)> {
    let append = |output: &Output<Server>| match output {
        Output::Send(to, Msg::AppendEntries { prev, entries, .. }) => Some((*to, prev.1, entries.len())),
        Output::Send(..) | Output::Answer(..) | Output::Call(..) => None,
    };
    outputs.iter().filter_map(append).collect()
}

fn deadline(cluster: &Cluster, server: NodeId, timer: Timer) -> Option<Time> {
    cluster.timers(server).into_iter().find(|(set, _)| *set == timer).map(|(_, at)| at)
}

// Figure 2 and §5.1: terms.

#[test]
fn persistent_state_is_updated_on_stable_storage_before_responding_figure_2() {
    let [server, candidate, leader] = nodes();
    for seed in 0..32 {
        let mut cluster = Cluster::seeded(seed, 3, Config::default());
        cluster.boot(server);
        let crash = |cluster: &mut Cluster| {
            cluster.crash(server);
            cluster.boot(server);
        };

        // A vote.
        assert!(granted(
            &cluster.step(server, Deliver(candidate, Msg::RequestVote { term: 1, last: (0, 0) }))
        ));
        crash(&mut cluster);
        assert_eq!(*cluster.disk(server).vote.get(), (1, Some(candidate)));

        // Entries.
        assert_eq!(matched(&cluster.step(server, Deliver(leader, append(1, (0, 0), &[1, 1], 0)))), Ok(2));
        crash(&mut cluster);
        assert_eq!(terms(&mut cluster, server), [1, 1]);

        // A term that it heard of in a message that needs no answer, told in the next one.
        cluster.step(server, Deliver(candidate, Msg::Vote { term: 5, granted: false }));
        let told = cluster.step(server, Deliver(leader, append(4, (1, 2), &[], 0)));
        assert!(matches!(only_message(&told), Msg::Appended { term: 5, .. }));
        crash(&mut cluster);
        assert_eq!(term(&cluster, server), 5);

        // A term and a vote of its own.
        assert_eq!(campaign(&mut cluster, server).len(), 2);
        crash(&mut cluster);
        assert_eq!(*cluster.disk(server).vote.get(), (6, Some(server)));

        // What a leader appends itself.
        crown(&mut cluster, server, 3);
        cluster.request(server, Op::Put(1, 1));
        crash(&mut cluster);
        assert_eq!(terms(&mut cluster, server), [1, 1, 7, 7]);
    }
}

#[test]
fn without_the_syncs_a_crash_takes_back_what_was_told_figure_2() {
    let [server, candidate] = nodes();
    let told = |flaw: Flaw, msg: Msg<Op>, seed: u64| {
        let mut cluster = Cluster::seeded(seed, 3, Config { flaw: Some(flaw), ..Config::default() });
        cluster.boot(server);
        assert_eq!(cluster.step(server, Deliver(candidate, msg)).len(), 1);
        cluster.crash(server);
        (*cluster.disk(server).vote.get(), terms(&mut cluster, server))
    };
    let vote = Msg::RequestVote { term: 1, last: (0, 0) };
    assert!((0..32).any(|seed| told(Flaw::UnsyncedVote, vote.clone(), seed).0 == (0, None)));
    let entries = append(1, (0, 0), &[1], 0);
    assert!((0..32).any(|seed| told(Flaw::UnsyncedLog, entries.clone(), seed).1.is_empty()));
}

#[test]
fn if_a_servers_term_is_smaller_it_updates_its_current_term_to_the_larger_value_5_1() {
    let [server, other] = nodes();
    for msg in [
        Msg::RequestVote { term: 7, last: (0, 0) },
        Msg::Vote { term: 7, granted: false },
        append(7, (0, 0), &[], 0),
        appended(7, Err(0)),
    ] {
        let mut cluster = alone(3, server, 2, &[]);
        cluster.step(server, Deliver(other, msg));
        assert_eq!(term(&cluster, server), 7);
    }
}

#[test]
fn if_a_candidate_or_leader_discovers_that_its_term_is_out_of_date_it_immediately_reverts_to_follower_5_1() {
    let [server, other] = nodes();
    let candidate = |cluster: &mut Cluster| drop(campaign(cluster, server));
    let leader = |cluster: &mut Cluster| crown(cluster, server, 3);
    for make in [&candidate as &dyn Fn(&mut Cluster), &leader] {
        for msg in [
            Msg::RequestVote { term: 7, last: (0, 0) },
            Msg::Vote { term: 7, granted: false },
            append(7, (0, 0), &[], 0),
            appended(7, Err(0)),
        ] {
            let mut cluster = alone(3, server, 2, &[]);
            make(&mut cluster);
            cluster.step(server, Deliver(other, msg));
            assert_eq!((role(&cluster, server), term(&cluster, server)), ("follower", 7));
            assert!(deadline(&cluster, server, Timer::Election).is_some());
            assert_eq!(deadline(&cluster, server, Timer::Heartbeat), None);
        }
    }
}

#[test]
fn if_a_server_receives_a_request_with_a_stale_term_number_it_rejects_the_request_5_1() {
    let [server, other] = nodes();
    let mut cluster = alone(3, server, 3, &[1, 3]);
    let vote = cluster.step(server, Deliver(other, Msg::RequestVote { term: 2, last: (9, 9) }));
    assert!(matches!(only_message(&vote), Msg::Vote { term: 3, granted: false }));
    let answer = cluster.step(server, Deliver(other, append(2, (1, 1), &[2], 2)));
    assert!(matches!(only_message(&answer), Msg::Appended { term: 3, matched: Err(_), .. }));
    assert_eq!(terms(&mut cluster, server), [1, 3]);
    assert_eq!(commit(&cluster, server), 0);
}

#[test]
fn an_answer_with_a_stale_term_number_counts_for_nothing_5_1() {
    let [server, voter] = nodes();
    let mut cluster = alone(3, server, 0, &[]);
    campaign(&mut cluster, server);
    campaign(&mut cluster, server);
    hear_vote(&mut cluster, server, voter, 1, true);
    assert_eq!(role(&cluster, server), "candidate", "that vote was for term 1, and this is term 2");
    hear_vote(&mut cluster, server, voter, 2, true);
    assert_eq!(role(&cluster, server), "leader");
    cluster.step(server, Deliver(voter, appended(1, Ok(1))));
    assert_eq!(commit(&cluster, server), 0);
    cluster.step(server, Deliver(voter, appended(2, Ok(1))));
    assert_eq!(commit(&cluster, server), 1);
}

// §5.2: leader election.

#[test]
fn when_servers_start_up_they_begin_as_followers_5_2() {
    let [server] = nodes();
    let mut cluster = alone(3, server, 4, &[1, 4]);
    assert_eq!((role(&cluster, server), term(&cluster, server)), ("follower", 4));
    crown(&mut cluster, server, 3);
    cluster.crash(server);
    cluster.boot(server);
    assert_eq!((role(&cluster, server), term(&cluster, server)), ("follower", 5));
}

#[test]
fn to_begin_an_election_a_follower_increments_its_term_votes_for_itself_and_asks_all_others_5_2() {
    let [server, ..] = nodes::<5>();
    let mut cluster = alone(5, server, 4, &[1, 4]);
    let asked = campaign(&mut cluster, server);
    assert_eq!((role(&cluster, server), term(&cluster, server)), ("candidate", 5));
    assert_eq!(*cluster.disk(server).vote.get(), (5, Some(server)));
    let request = |output: &Output<Server>| {
        let Output::Send(to, Msg::RequestVote { term: 5, last: (4, 2) }) = output else {
            panic!("{output:?}")
        };
        to.0
    };
    assert_eq!(asked.iter().map(request).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert!(
        deadline(&cluster, server, Timer::Election).unwrap() > cluster.now(),
        "it resets the election timer"
    );
}

#[test]
fn election_timeouts_are_chosen_randomly_from_a_fixed_interval_5_2() {
    let cluster = cluster(64, Config::default());
    let timeout = |server| deadline(&cluster, NodeId(server), Timer::Election).unwrap().since(Time::ZERO);
    let timeouts: BTreeSet<Span> = (0..64).map(timeout).collect();
    assert_eq!(timeouts.len(), 64);
    assert!(timeouts.iter().all(|timeout| (150.ms()..300.ms()).contains(timeout)));
}

#[test]
fn an_election_in_one_round_goes_as_published_5_2() {
    let [candidate] = nodes();
    for (servers, votes, wanted) in tables::ELECTIONS {
        let mut cluster = alone(servers, candidate, 0, &[]);
        campaign(&mut cluster, candidate);
        for (voter, vote) in (1..).map(NodeId).zip(votes.chars()).filter(|(_, vote)| *vote != '_') {
            hear_vote(&mut cluster, candidate, voter, 1, vote == 'y');
        }
        assert_eq!(role(&cluster, candidate), wanted, "{servers} servers, votes {votes}");
        assert_eq!(term(&cluster, candidate), 1);
    }
}

#[test]
fn a_vote_that_is_heard_twice_counts_once_5_2() {
    let [candidate, voter] = nodes();
    let mut cluster = alone(5, candidate, 0, &[]);
    campaign(&mut cluster, candidate);
    (0..3).for_each(|_| drop(hear_vote(&mut cluster, candidate, voter, 1, true)));
    assert_eq!(role(&cluster, candidate), "candidate");
}

#[test]
fn each_server_will_vote_for_at_most_one_candidate_in_a_given_term_first_come_first_served_5_2() {
    let [voter, first, second] = nodes();
    let mut cluster = alone(3, voter, 0, &[]);
    let mut ask = |candidate, term| {
        granted(&cluster.step(voter, Deliver(candidate, Msg::RequestVote { term, last: (0, 0) })))
    };
    assert!(ask(first, 1));
    assert!(!ask(second, 1));
    assert!(ask(first, 1), "asked again, it says the same");
    assert!(ask(second, 2), "another term, another vote");
    assert!(!ask(first, 2));
}

#[test]
fn a_server_remains_follower_as_long_as_it_receives_valid_rpcs_5_2() {
    let [server, other] = nodes();
    let heard = |msg: Msg<Op>| {
        let mut cluster = alone(3, server, 2, &[2]);
        let before = deadline(&cluster, server, Timer::Election).unwrap();
        cluster.pass(149.ms());
        cluster.step(server, Deliver(other, msg));
        let after = deadline(&cluster, server, Timer::Election).unwrap();
        assert!(after == before || after >= cluster.now() + 150.ms());
        after != before
    };
    assert!(heard(append(2, (2, 1), &[], 0)), "a leader was heard");
    assert!(heard(Msg::RequestVote { term: 3, last: (2, 1) }), "a vote was granted");
    assert!(!heard(Msg::RequestVote { term: 3, last: (1, 1) }), "a vote was refused");
    assert!(!heard(append(1, (0, 0), &[], 0)), "that leader is of the past");
}

#[test]
fn a_candidate_recognizes_a_leader_of_its_term_as_legitimate_and_returns_to_follower_state_5_2() {
    let [candidate, leader] = nodes();
    let mut cluster = alone(3, candidate, 0, &[]);
    campaign(&mut cluster, candidate);
    cluster.step(candidate, Deliver(leader, append(1, (0, 0), &[1], 0)));
    assert_eq!((role(&cluster, candidate), term(&cluster, candidate)), ("follower", 1));
    assert_eq!(terms(&mut cluster, candidate), [1]);
}

#[test]
fn if_the_term_in_the_rpc_is_smaller_the_candidate_rejects_it_and_continues_in_candidate_state_5_2() {
    let [candidate, leader] = nodes();
    let mut cluster = alone(3, candidate, 1, &[]);
    campaign(&mut cluster, candidate);
    let answer = cluster.step(candidate, Deliver(leader, append(1, (0, 0), &[1], 0)));
    assert!(matches!(only_message(&answer), Msg::Appended { term: 2, matched: Err(_), .. }));
    assert_eq!(role(&cluster, candidate), "candidate");
    assert!(terms(&mut cluster, candidate).is_empty());
}

#[test]
fn when_a_vote_is_split_each_candidate_will_time_out_and_start_a_new_election_5_2() {
    let [one, two] = nodes();
    let mut cluster = cluster(2, Config::default());
    for expected in 1..4 {
        let asked = [campaign(&mut cluster, one), campaign(&mut cluster, two)];
        for (from, outputs) in [one, two].into_iter().zip(asked) {
            cluster.settle(from, outputs, |_, _| true);
        }
        assert_eq!(
            (role(&cluster, one), role(&cluster, two)),
            ("follower", "follower"),
            "nobody has two votes"
        );
        assert_eq!((term(&cluster, one), term(&cluster, two)), (expected, expected));
    }
}

#[test]
fn leaders_send_periodic_heartbeats_to_all_followers_5_2() {
    let [leader, ..] = nodes::<5>();
    let mut cluster = cluster(5, Config::default());
    elect(&mut cluster, leader);
    for _ in 0..3 {
        let before = cluster.now();
        assert_eq!(deadline(&cluster, leader, Timer::Election), None);
        let beat = cluster.fire(leader, &Timer::Heartbeat);
        assert_eq!(cluster.now(), before + 50.ms());
        assert_eq!(appends(&beat), [1, 2, 3, 4].map(|follower| (NodeId(follower), 1, 0)));
        cluster.settle(leader, beat, |_, _| true);
    }
}

// §5.3: log replication.

#[test]
fn a_leader_appends_the_command_to_its_log_then_issues_append_entries_in_parallel_5_3() {
    let [leader, ..] = nodes::<3>();
    let mut cluster = cluster(3, Config::default());
    elect(&mut cluster, leader);
    let (_, outputs) = cluster.request(leader, Op::Put(1, 10));
    assert_eq!(cluster.disk(leader).log.last(), Some(&Entry { term: 1, op: Some(Op::Put(1, 10)) }));
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
    for _ in 0..20 {
        let beat = cluster.fire(leader, &Timer::Heartbeat);
        assert_eq!(appends(&beat), [(follower, 2, 0), (slow, 1, 1)]);
        cluster.settle(leader, beat, |from, to| from != slow && to != slow);
    }
    let beat = cluster.fire(leader, &Timer::Heartbeat);
    cluster.settle(leader, beat, |_, _| true);
    assert_eq!(terms(&mut cluster, slow), [1, 1]);
}

#[test]
fn raft_rpcs_are_idempotent_5_5() {
    let [server, other] = nodes();
    let mut cluster = alone(3, server, 1, &[1]);
    for msg in [append(2, (1, 1), &[2, 2], 2), Msg::RequestVote { term: 3, last: (2, 3) }] {
        let mut twice = |msg: &Msg<Op>| format!("{:?}", cluster.step(server, Deliver(other, msg.clone())));
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
    let (mut refused, mut first) = (0, None);
    while let Some((from, output)) = flight.pop_front() {
        let Output::Send(to, msg) = output else { continue };
        match &msg {
            Msg::AppendEntries { prev, .. } if to == follower => drop(first.get_or_insert(prev.1 + 1)),
            Msg::Appended { matched: Err(_), .. } => refused += 1,
            Msg::AppendEntries { .. } | Msg::Appended { .. } | Msg::RequestVote { .. } | Msg::Vote { .. } => {
            }
        }
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

#[test]
fn the_leader_of_figure_7_is_elected_by_those_whose_logs_are_not_ahead_5_4_1() {
    let [leader, ..] = nodes::<7>();
    let mut cluster = Cluster::new(7, Config::default());
    left_behind(&mut cluster, leader, 7, &tables::LEADER);
    cluster.boot(leader);
    let mut voters = Vec::new();
    let asked = campaign(&mut cluster, leader);
    for (output, (name, log, _)) in asked.into_iter().zip(tables::FOLLOWERS) {
        let Output::Send(voter, msg) = output else { panic!("{output:?}") };
        left_behind(&mut cluster, voter, 7, log);
        cluster.boot(voter);
        if granted(&cluster.step(voter, Deliver(leader, msg))) {
            voters.push(name);
        }
    }
    assert_eq!(voters, ["a", "b", "e", "f"]);
}

// §5.4: safety.

#[test]
fn the_voter_denies_its_vote_if_its_own_log_is_more_up_to_date_5_4_1() {
    let [voter, candidate] = nodes();
    for (log, last, wanted) in tables::VOTERS {
        let mut cluster = alone(3, voter, 2, log);
        let vote = cluster.step(voter, Deliver(candidate, Msg::RequestVote { term: 3, last }));
        assert_eq!(
            granted(&vote),
            wanted,
            "a voter with {log:?} asked by a candidate whose last entry is {last:?}"
        );
    }
}

#[test]
fn only_log_entries_from_the_leaders_current_term_are_committed_by_counting_replicas_5_4_2() {
    let [leader, follower] = nodes();
    for (index, wanted) in tables::OWN_TERM_ONLY {
        let mut cluster = alone(2, leader, 2, &[1, 2]);
        crown(&mut cluster, leader, 2);
        assert_eq!(terms(&mut cluster, leader), [1, 2, 3]);
        cluster.step(leader, Deliver(follower, appended(3, Ok(index))));
        assert_eq!(commit(&cluster, leader), wanted, "acknowledged up to {index}");
    }
}

/// Lets a server win the election of a term with the votes of others; what it says as leader is returned, unheard.
fn win(cluster: &mut Cluster, server: NodeId, wanted: u64, voters: &[NodeId]) -> Outputs {
    while term(cluster, server) + 1 < wanted {
        campaign(cluster, server);
    }
    let mut news = Vec::new();
    for output in campaign(cluster, server) {
        let Output::Send(voter, request) = output else { panic!("{output:?}") };
        if voters.contains(&voter) {
            let vote = cluster.step(voter, Deliver(server, request));
            assert!(granted(&vote), "{voter:?} votes for {server:?}");
            news.extend(cluster.step(server, Deliver(voter, only_message(&vote).clone())));
        }
    }
    assert_eq!((role(cluster, server), term(cluster, server)), ("leader", wanted));
    news
}

/// Figure 8 (a) to (c). The entries are the no-ops with which these leaders open their terms.
fn figure_8() -> Cluster {
    let [s1, s2, s3, s4, s5] = nodes();
    let mut cluster = Cluster::new(5, Config { batch: 1, ..Config::default() });
    for server in [s1, s2, s3, s4, s5] {
        left_behind(&mut cluster, server, 1, &[1]);
        cluster.boot(server);
    }
    // (a) S1 leads term 2 and replicates its entry to S2 only.
    let news = win(&mut cluster, s1, 2, &[s2, s3]);
    cluster.settle(s1, news, |from, to| [s1, s2].contains(&from) && [s1, s2].contains(&to));
    assert_eq!(terms(&mut cluster, s2), [1, 2]);
    // (b) S1 crashes; S5 leads term 3 with the votes of S3 and S4, and its entry reaches nobody.
    cluster.crash(s1);
    win(&mut cluster, s5, 3, &[s3, s4]);
    assert_eq!(terms(&mut cluster, s5), [1, 3]);
    // (c) S5 crashes; S1 restarts and leads term 4; its entry of term 2 reaches S3, the one of term 4 nobody.
    cluster.crash(s5);
    cluster.boot(s1);
    let news = win(&mut cluster, s1, 4, &[s2, s3]);
    let probe = news.into_iter().find(|output| matches!(output, Output::Send(to, _) if *to == s3));
    let mut flight = Vec::from_iter(probe);
    while terms(&mut cluster, s3) != [1, 2] {
        let answer = cluster.step(s3, Deliver(s1, only_message(&flight).clone()));
        flight = cluster.step(s1, Deliver(s3, only_message(&answer).clone()));
    }
    cluster.step(s1, Deliver(s3, appended(4, Ok(2))));
    cluster.step(s1, Deliver(s2, appended(4, Ok(2))));
    cluster
}

#[test]
fn a_leader_cannot_determine_commitment_using_log_entries_from_older_terms_figure_8() {
    let [s1, s2, s3, s4, s5] = nodes();
    let mut cluster = figure_8();
    assert_eq!(commit(&cluster, s1), 0, "the entry of term 2 is on a majority and still not committed");
    // (d) S1 crashes; S5 may be elected, and overwrites that entry everywhere.
    cluster.crash(s1);
    cluster.boot(s5);
    let news = win(&mut cluster, s5, 5, &[s2, s3, s4]);
    cluster.settle(s5, news, |_, _| true);
    for server in [s2, s3, s4, s5] {
        assert_eq!(terms(&mut cluster, server), [1, 3, 5]);
    }
    assert_eq!(commit(&cluster, s5), 3);
    assert!(cluster.violations().is_empty(), "{:?}", cluster.violations());
}

#[test]
fn once_an_entry_of_its_term_is_on_a_majority_earlier_ones_are_committed_with_it_figure_8() {
    let [s1, s2, _, s4, s5] = nodes();
    let mut cluster = figure_8();
    // (e) S1 replicates its entry of term 4 as well.
    let beat = cluster.fire(s1, &Timer::Heartbeat);
    cluster.settle(s1, beat, |from, to| from != s4 && to != s4);
    assert_eq!(commit(&cluster, s1), 3);
    // Now S5 cannot win: S2 and S3 deny it their votes.
    cluster.crash(s1);
    cluster.boot(s5);
    while term(&cluster, s5) < 6 {
        let asked = campaign(&mut cluster, s5);
        cluster.settle(s5, asked, |_, _| true);
        assert_ne!(role(&cluster, s5), "leader");
    }
    let asked = campaign(&mut cluster, s2);
    cluster.settle(s2, asked, |_, _| true);
    assert_eq!(terms(&mut cluster, s5)[..3], [1, 2, 4]);
    assert!(cluster.violations().is_empty(), "{:?}", cluster.violations());
}

// §8: clients.

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
    let echo = |server: u32, round| Deliver(NodeId(server), Msg::Appended { term: 1, matched: Ok(2), round });
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
    let heard = |matched| Deliver(follower, Msg::Appended { term: 2, matched: Ok(matched), round: *round });
    let early = cluster.step(leader, heard(2));
    assert!(
        !early.iter().any(|o| matches!(o, Output::Answer(..))),
        "nothing of its own term is committed yet"
    );
    let answered = cluster.step(leader, heard(3));
    assert!(answered.iter().any(|o| matches!(o, Output::Answer(to, Answer::Ok(_)) if *to == ticket)));
}

// Majorities.

#[test]
fn what_a_majority_has_reached_is_as_published() {
    for (known, wanted) in tables::COMMITS {
        let index = committed(known, |index| index.unwrap_or(0));
        assert_eq!(index, wanted.unwrap_or(u64::MAX), "{known:?}");
    }
}

#[test]
fn what_the_votes_of_all_members_come_to_is_as_published() {
    for (votes, wanted) in tables::POLLS {
        let votes: Vec<_> = votes.chars().map(|vote| (vote != '_').then_some(vote == 'y')).collect();
        let found = match poll(&votes) {
            Election::Won => "VoteWon",
            Election::Lost => "VoteLost",
            Election::Pending => "VotePending",
        };
        assert_eq!(found, wanted, "{votes:?}");
    }
}
