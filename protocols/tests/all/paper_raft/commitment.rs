//! What is committed (§5.4.2, Figure 8), and the majorities that it takes.

use super::*;

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
    for _ in 0..2 {
        let answer = cluster.step(s3, Deliver(s1, only_message(&flight).clone()));
        flight = cluster.step(s1, Deliver(s3, only_message(&answer).clone()));
    }
    assert_eq!(terms(&mut cluster, s3), [1, 2]);
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
        let found = match poll(&votes, |vote| *vote) {
            Election::Won => "VoteWon",
            Election::Lost => "VoteLost",
            Election::Pending => "VotePending",
        };
        assert_eq!(found, wanted, "{votes:?}");
    }
}
