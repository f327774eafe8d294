//! Terms, and what must be on the disk before anybody hears of it (Figure 2, §5.1).

use super::*;

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
            &cluster
                .step(server, Deliver(candidate, Msg::RequestVote { term: 1, last: (0, 0), told: false }))
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
    let told = |flaw: Flaw, msg: Msg<Kv>, seed: u64| {
        let mut cluster = Cluster::seeded(seed, 3, Config { flaw: Some(flaw), ..Config::default() });
        cluster.boot(server);
        assert_eq!(cluster.step(server, Deliver(candidate, msg)).len(), 1);
        cluster.crash(server);
        (*cluster.disk(server).vote.get(), terms(&mut cluster, server))
    };
    let vote = Msg::RequestVote { term: 1, last: (0, 0), told: false };
    assert!((0..32).any(|seed| told(Flaw::UnsyncedVote, vote.clone(), seed).0 == (0, None)));
    let entries = append(1, (0, 0), &[1], 0);
    assert!((0..32).any(|seed| told(Flaw::UnsyncedLog, entries.clone(), seed).1.is_empty()));
}

#[test]
fn if_a_servers_term_is_smaller_it_updates_its_current_term_to_the_larger_value_5_1() {
    let [server, other] = nodes();
    for msg in [
        Msg::RequestVote { term: 7, last: (0, 0), told: false },
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
            Msg::RequestVote { term: 7, last: (0, 0), told: false },
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
    let vote = cluster.step(server, Deliver(other, Msg::RequestVote { term: 2, last: (9, 9), told: false }));
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
