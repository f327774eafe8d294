//! Leader election (§5.2), and the election restriction (§5.4.1).

use super::*;

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
        let Output::Send(to, Msg::RequestVote { term: 5, last: (4, 2), told: false }) = output else {
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
        // Its own, which it counts by itself unless that decides.
        hear_vote(&mut cluster, candidate, candidate, 1, true);
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
        granted(
            &cluster.step(voter, Deliver(candidate, Msg::RequestVote { term, last: (0, 0), told: false })),
        )
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
    let heard = |msg: Msg<Kv>| {
        let mut cluster = alone(3, server, 2, &[2]);
        let before = deadline(&cluster, server, Timer::Election).unwrap();
        cluster.pass(149.ms());
        cluster.step(server, Deliver(other, msg));
        let after = deadline(&cluster, server, Timer::Election).unwrap();
        assert!(after == before || after >= cluster.now() + 150.ms());
        after != before
    };
    assert!(heard(append(2, (2, 1), &[], 0)), "a leader was heard");
    assert!(heard(Msg::RequestVote { term: 3, last: (2, 1), told: false }), "a vote was granted");
    assert!(!heard(Msg::RequestVote { term: 3, last: (1, 1), told: false }), "a vote was refused");
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

#[test]
fn the_voter_denies_its_vote_if_its_own_log_is_more_up_to_date_5_4_1() {
    let [voter, candidate] = nodes();
    for (log, last, wanted) in tables::VOTERS {
        let mut cluster = alone(3, voter, 2, log);
        let vote = cluster.step(voter, Deliver(candidate, Msg::RequestVote { term: 3, last, told: false }));
        assert_eq!(
            granted(&vote),
            wanted,
            "a voter with {log:?} asked by a candidate whose last entry is {last:?}"
        );
    }
}

/// A candidate whose own vote is the majority leads when that vote is on its disk, as if it had come from another: before, a
/// crash would let it lead the same term twice, with other entries.
#[test]
fn a_server_alone_leads_no_term_before_its_vote_is_on_the_disk_5_2() {
    let [server] = nodes();
    let mut cluster = cluster(1, Config::default());
    let own = campaign(&mut cluster, server);
    assert_eq!(role(&cluster, server), "candidate");
    assert!(
        matches!(own[..], [Output::Send(to, Msg::Vote { term: 1, granted: true })] if to == server),
        "{own:?}"
    );
    hear_vote(&mut cluster, server, server, 1, true);
    assert_eq!(role(&cluster, server), "leader");
}
