//! Cluster membership changes (§6), and what the dissertation adds: single-server changes and learners (chapter 4), leadership
//! transfer (§3.10), check-quorum (§6.2) and pre-vote (§9.6).

use super::*;

fn five(change: impl Fn(&mut Config)) -> Cluster {
    let mut config = Config { voters: Some(3), ..Config::default() };
    config.changes = vec![Change { at: 1.s(), voters: vec![1, 4, 5], learners: vec![] }];
    change(&mut config);
    cluster(5, config)
}

fn voters(cluster: &Cluster, server: NodeId) -> String {
    let shown = cluster.state(server).unwrap().show();
    shown.into_iter().find(|(label, _)| *label == "voters").unwrap().1.replace("node ", "")
}

/// The operator asks everybody for the first change; what is said then reaches whom it may.
fn ask(cluster: &mut Cluster, servers: u32, reaches: impl Fn(NodeId) -> bool) {
    for server in (0..servers).map(NodeId) {
        let said = cluster.fire(server, &Timer::Change(0));
        cluster.settle(server, said, |_, to| reaches(to));
    }
}

fn beat(cluster: &mut Cluster, leader: NodeId, reaches: impl Fn(NodeId) -> bool) {
    let said = cluster.fire(leader, &Timer::Heartbeat);
    cluster.settle(leader, said, |_, to| reaches(to));
}

#[test]
fn servers_that_do_not_take_part_never_campaign() {
    let [.., outsider] = nodes::<5>();
    let mut cluster = five(|_| {});
    assert!(campaign(&mut cluster, outsider).is_empty());
    assert_eq!((role(&cluster, outsider), term(&cluster, outsider)), ("follower", 0));
}

#[test]
fn a_change_goes_through_a_joint_configuration_6() {
    let [leader, b, c, d, e] = nodes();
    let mut cluster = five(|_| {});
    elect(&mut cluster, leader);
    ask(&mut cluster, 5, |_| true);
    beat(&mut cluster, leader, |_| true);
    let changes: Vec<(usize, usize)> = cluster
        .disk(leader)
        .log
        .iter()
        .filter_map(|entry| match &entry.command {
            Command::Change(members) => Some((members.voters().len(), members.all().len())),
            Command::Noop | Command::Apply(_) => None,
        })
        .collect();
    // Learners d and e; joint: the voters of both; the new ones alone.
    assert_eq!(changes, [(3, 5), (3, 5), (3, 3)]);
    for server in [leader, d, e] {
        assert_eq!(voters(&cluster, server), "0, 3, 4");
    }
    assert!(cluster.violations().is_empty());
    // b and c are not sent anything any more.
    let said = cluster.request(leader, Op::Put(1, 10)).1;
    let to: Vec<NodeId> = appends(&said).into_iter().map(|(to, ..)| to).collect();
    assert_eq!(to, [d, e], "not to {b:?} and {c:?}");
}

/// The leader of term 2, while the voters are {1, 4, 5} and were {1, 2, 3}.
fn joint() -> Cluster {
    let [leader, b, c, d, e] = nodes();
    let mut cluster = Cluster::new(5, Config::default());
    left_behind(&mut cluster, leader, 1, &[1]);
    let members = Members::new(vec![leader, d, e], vec![leader, b, c], vec![]);
    cluster.disk(leader).log.push(Entry { term: 1, command: Command::Change(Box::new(members)) });
    cluster.boot(leader);
    cluster
}

#[test]
fn agreement_requires_separate_majorities_from_both_the_old_and_new_configurations_6() {
    let [leader, b, c, d, e] = nodes();
    // For commitment.
    for (heard, wanted) in [(vec![d, e], 0), (vec![b, c], 0), (vec![b], 0), (vec![b, d], 3), (vec![c, e], 3)]
    {
        let mut cluster = joint();
        crown(&mut cluster, leader, 5);
        for &server in &heard {
            cluster.step(leader, Deliver(server, appended(2, Ok(3))));
        }
        assert_eq!(commit(&cluster, leader), wanted, "{heard:?}");
    }
    // For reads.
    let mut cluster = joint();
    crown(&mut cluster, leader, 5);
    for server in [b, d] {
        cluster.step(leader, Deliver(server, appended(2, Ok(3))));
    }
    let asked = cluster.request(leader, Op::Get(1)).1;
    let Some(Output::Send(_, Msg::AppendEntries { round, .. })) = asked.last() else { panic!("{asked:?}") };
    let echo = |server| Deliver(server, Msg::Appended { term: 2, prev: 3, matched: Ok(3), round: *round });
    let answers = |outputs: Outputs| outputs.iter().any(|output| matches!(output, Output::Answer(..)));
    assert!(
        ![d, e].map(|server| answers(cluster.step(leader, echo(server)))).contains(&true),
        "the new ones alone"
    );
    assert!(answers(cluster.step(leader, echo(c))));
    // And for elections.
    for (granting, wanted) in [(vec![d, e], "candidate"), (vec![b, c], "candidate"), (vec![b, e], "leader")] {
        let mut cluster = joint();
        campaign(&mut cluster, leader);
        for &voter in &granting {
            hear_vote(&mut cluster, leader, voter, 2, true);
        }
        assert_eq!(role(&cluster, leader), wanted, "{granting:?}");
    }
}

#[test]
fn a_leader_that_is_not_part_of_the_new_configuration_steps_down_6() {
    let [leader, _, _, d, e] = nodes();
    let mut cluster = five(|config| config.changes[0].voters = vec![4, 5]);
    elect(&mut cluster, leader);
    ask(&mut cluster, 5, |_| true);
    assert_eq!(role(&cluster, leader), "follower");
    assert!(campaign(&mut cluster, leader).is_empty(), "and campaigns no more");
    let asked = campaign(&mut cluster, d);
    cluster.settle(d, asked, |_, _| true);
    assert_eq!((role(&cluster, d), voters(&cluster, e)), ("leader", "3, 4".into()));
    assert!(cluster.violations().is_empty());
}

#[test]
fn a_server_uses_the_latest_configuration_in_its_log_whether_it_is_committed_or_not_6() {
    let [leader, b, ..] = nodes::<5>();
    let mut cluster = five(|config| (config.way, config.changes[0].voters) = (Way::Single, vec![1, 2]));
    elect(&mut cluster, leader);
    // The change is in two logs of three, and nobody has answered.
    for server in nodes::<5>() {
        let said = cluster.fire(server, &Timer::Change(0));
        cluster.settle(server, said, |_, to| to == b);
    }
    assert_eq!((voters(&cluster, leader), voters(&cluster, b)), ("0, 1".into(), "0, 1".into()));
    assert_eq!((commit(&cluster, leader), commit(&cluster, b)), (1, 1));
    // It is cut off by another leader, which has none of it.
    let end = cluster.disk(b).log.end();
    assert_eq!(end, 2);
    cluster.step(b, Deliver(NodeId(2), append(5, (1, 1), &[5], 0)));
    assert_eq!(voters(&cluster, b), "0, 1, 2");
    // It is there again after a boot, where it is on the disk.
    cluster.crash(leader);
    cluster.boot(leader);
    let known = if cluster.disk(leader).log.end() == 2 { "0, 1" } else { "0, 1, 2" };
    assert_eq!(voters(&cluster, leader), known);
}

#[test]
fn a_newcomer_does_not_vote_until_it_has_caught_up_4_2_1() {
    let [leader, b, c, d, ..] = nodes::<5>();
    let mut cluster = five(|config| {
        (config.way, config.changes[0].voters) = (Way::Single, vec![1, 2, 3, 4]);
        config.batch = 1;
    });
    elect(&mut cluster, leader);
    let old = [leader, b, c];
    for value in 0..5 {
        let said = cluster.request(leader, Op::Put(1, value)).1;
        cluster.settle(leader, said, |_, to| old.contains(&to));
    }
    ask(&mut cluster, 5, |to| old.contains(&to));
    beat(&mut cluster, leader, |to| old.contains(&to));
    assert_eq!(voters(&cluster, leader), "0, 1, 2", "it has heard nothing yet");
    for _ in 0..10 {
        beat(&mut cluster, leader, |_| true);
    }
    assert_eq!((voters(&cluster, leader), voters(&cluster, d)), ("0, 1, 2, 3".into(), "0, 1, 2, 3".into()));
    assert!(cluster.violations().is_empty());
}

#[test]
fn only_one_change_at_a_time_may_be_pending_4_1() {
    let [leader, ..] = nodes::<5>();
    let mut cluster = five(|config| {
        (config.way, config.voters) = (Way::Single, Some(5));
        config.changes = vec![
            Change { at: 1.s(), voters: vec![1, 2, 3, 4], learners: vec![] },
            Change { at: 2.s(), voters: vec![1, 2, 3], learners: vec![] },
        ];
    });
    elect(&mut cluster, leader);
    let entries = |cluster: &mut Cluster| cluster.disk(leader).log.end();
    // Nobody hears of the first, so it is not committed when the second is asked for.
    cluster.fire(leader, &Timer::Change(0));
    let pending = entries(&mut cluster);
    cluster.fire(leader, &Timer::Change(1));
    cluster.fire(leader, &Timer::Heartbeat);
    assert_eq!((entries(&mut cluster), voters(&cluster, leader)), (pending, "0, 1, 2, 3".into()));
    beat(&mut cluster, leader, |_| true);
    beat(&mut cluster, leader, |_| true);
    assert_eq!(voters(&cluster, leader), "0, 1, 2");
    assert!(cluster.violations().is_empty());
}

#[test]
fn a_leader_changes_nobody_before_it_committed_an_entry_of_its_own_term() {
    let [leader, ..] = nodes::<5>();
    let mut cluster = five(|config| (config.way, config.changes[0].voters) = (Way::Single, vec![1, 2]));
    crown(&mut cluster, leader, 3);
    cluster.fire(leader, &Timer::Change(0));
    assert_eq!(voters(&cluster, leader), "0, 1, 2");
    beat(&mut cluster, leader, |_| true);
    beat(&mut cluster, leader, |_| true);
    assert_eq!(voters(&cluster, leader), "0, 1");
}

#[test]
fn the_prior_leader_stops_accepting_requests_and_sends_timeout_now_3_10() {
    let [leader, b, c] = nodes();
    let transfers = vec![Transfer { at: 1.s(), to: 2 }];
    let mut cluster = cluster(3, Config { check_quorum: true, transfers, ..Config::default() });
    elect(&mut cluster, leader);
    let told = cluster.fire(leader, &Timer::Transfer(0));
    assert!(matches!(only_message(&told), Msg::TimeoutNow { term: 1 }), "{told:?}");
    assert!(matches!(cluster.request(leader, Op::Put(1, 10)).1[..], [Output::Answer(_, Answer::Refused)]));
    // Servers that heard the leader a moment ago vote all the same: it was told to campaign.
    cluster.settle(leader, told, |_, _| true);
    assert_eq!([leader, b, c].map(|server| role(&cluster, server)), ["follower", "leader", "follower"]);
    assert!(cluster.violations().is_empty());
}

#[test]
fn if_leadership_transfer_does_not_complete_after_about_an_election_timeout_the_leader_resumes_3_10() {
    let [leader, ..] = nodes::<3>();
    let transfers = vec![Transfer { at: 1.s(), to: 2 }];
    let mut cluster = cluster(3, Config { transfers, ..Config::default() });
    elect(&mut cluster, leader);
    cluster.fire(leader, &Timer::Transfer(0));
    cluster.fire(leader, &Timer::Resume);
    assert_eq!(appends(&cluster.request(leader, Op::Put(1, 10)).1).len(), 2);
}

/// What told the successor may be late, so somebody else may lead at any time from then on.
#[test]
fn a_leader_that_told_a_successor_has_no_lease_any_more_3_10() {
    let [leader, ..] = nodes::<3>();
    let transfers = vec![Transfer { at: 1.s(), to: 2 }];
    let mut cluster = cluster(3, Config { reads: Reads::Lease, transfers, ..Config::default() });
    elect(&mut cluster, leader);
    beat(&mut cluster, leader, |_| true);
    let at_once =
        |cluster: &mut Cluster| matches!(cluster.request(leader, Op::Get(1)).1[..], [Output::Answer(..)]);
    assert!(at_once(&mut cluster), "the lease holds");
    for transfer in [false, true] {
        if transfer {
            cluster.fire(leader, &Timer::Transfer(0));
            cluster.fire(leader, &Timer::Resume);
        }
        beat(&mut cluster, leader, |_| true);
        assert_eq!(at_once(&mut cluster), !transfer);
    }
}

#[test]
fn a_leader_steps_down_if_an_election_timeout_elapses_without_a_round_of_heartbeats_to_a_majority_6_2() {
    let [leader, b, ..] = nodes::<3>();
    let mut cluster = cluster(3, Config { check_quorum: true, ..Config::default() });
    elect(&mut cluster, leader);
    beat(&mut cluster, leader, |to| to == b || to == leader);
    cluster.fire(leader, &Timer::Quorum);
    assert_eq!(role(&cluster, leader), "leader", "one other answered");
    cluster.fire(leader, &Timer::Heartbeat);
    cluster.fire(leader, &Timer::Quorum);
    assert_eq!(role(&cluster, leader), "follower");
}

#[test]
fn a_server_only_increments_its_term_if_it_learns_that_others_would_vote_for_it_9_6() {
    let [a, b, c] = nodes();
    let mut cluster = cluster(3, Config { pre_vote: true, ..Config::default() });
    for _ in 0..5 {
        let asked = campaign(&mut cluster, a);
        assert!(asked.iter().all(|output| matches!(output, Output::Send(_, Msg::PreVote { term: 1, .. }))));
        assert_eq!((role(&cluster, a), term(&cluster, a)), ("pre-candidate", 0));
    }
    // They may just have heard a leader, and so they would not; after an election timeout they would.
    let would = |cluster: &mut Cluster, voter| {
        let answer = cluster.step(voter, Deliver(a, Msg::PreVote { term: 1, last: (0, 0) }));
        matches!(only_message(&answer), Msg::PreVoted { granted: true, .. })
    };
    assert!(would(&mut cluster, b) && would(&mut cluster, c), "{:?}", cluster.now());
    assert_eq!((term(&cluster, b), term(&cluster, c)), (0, 0), "and nobody's term has changed");
    elect(&mut cluster, a);
    assert!(!would(&mut cluster, b), "it hears a leader");
    assert_eq!(term(&cluster, a), 1);
    // The leader knows of itself, however long ago it heard another: or else its vote and the candidate's own would do.
    cluster.pass(1.s());
    let answer = cluster.step(a, Deliver(b, Msg::PreVote { term: 2, last: (9, 9) }));
    assert!(matches!(only_message(&answer), Msg::PreVoted { term: 1, granted: false }), "{answer:?}");
    // A log that is behind gets no vote.
    cluster.pass(1.s());
    let behind = cluster.step(b, Deliver(c, Msg::PreVote { term: 2, last: (0, 0) }));
    assert!(matches!(only_message(&behind), Msg::PreVoted { term: 1, granted: false }), "{behind:?}");
}
