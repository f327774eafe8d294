//! Log compaction (§7).

use super::*;

fn compacting(servers: u32, every: u32) -> Cluster {
    cluster(servers, Config { snapshot: Some(every), ..Config::default() })
}

/// Has the leader take so many writes, and everybody who hears of them.
fn write(cluster: &mut Cluster, leader: NodeId, count: u64, heard: impl Fn(NodeId) -> bool) {
    for value in 0..count {
        // A key each, so that state machines differ by every one of them.
        let asked = cluster.request(leader, Op::Put(value, value)).1;
        cluster.settle(leader, asked, |_, to| heard(to));
    }
    // A heartbeat tells of the last commit.
    let beat = cluster.fire(leader, &Timer::Heartbeat);
    cluster.settle(leader, beat, |_, to| heard(to));
}

fn start(cluster: &mut Cluster, server: NodeId) -> usize {
    cluster.disk(server).log.start()
}

#[test]
fn raft_log_grows_during_normal_operation_but_cannot_grow_without_bound_7() {
    let [leader, ..] = nodes::<3>();
    let mut cluster = compacting(3, 100);
    elect(&mut cluster, leader);
    for round in 1..=20 {
        write(&mut cluster, leader, 1_000, |_| true);
        for server in nodes::<3>() {
            let log = &cluster.disk(server).log;
            assert!(log.len() <= 200, "{} entries after {round} thousand", log.len());
            assert!(log.end() > round * 1_000);
        }
    }
    assert!(cluster.violations().is_empty());
}

#[test]
fn the_leader_must_occasionally_send_snapshots_to_followers_that_lag_behind_7() {
    let [leader, other, behind] = nodes();
    let mut cluster = compacting(3, 10);
    elect(&mut cluster, leader);
    write(&mut cluster, leader, 50, |to| to != behind);
    assert_eq!((start(&mut cluster, behind), commit(&cluster, behind)), (0, 0));
    assert!(start(&mut cluster, leader) > 20);
    // From the next heartbeats on it is heard again.
    for _ in 0..3 {
        let beat = cluster.fire(leader, &Timer::Heartbeat);
        cluster.settle(leader, beat, |_, _| true);
    }
    assert_eq!(commit(&cluster, behind), commit(&cluster, other));
    assert!(start(&mut cluster, behind) > 20);
    let state = |cluster: &Cluster, server| format!("{:?}", cluster.state(server).unwrap());
    let machine =
        |text: String| text.split("machine:").nth(1).unwrap().split("waiting").next().unwrap().to_string();
    assert_eq!(machine(state(&cluster, behind)), machine(state(&cluster, other)), "the same state machine");
    assert!(cluster.violations().is_empty());
}

#[test]
fn a_server_that_boots_goes_on_from_its_snapshot_7() {
    let [leader, follower, _] = nodes();
    let mut cluster = compacting(3, 10);
    elect(&mut cluster, leader);
    write(&mut cluster, leader, 50, |_| true);
    cluster.crash(follower);
    cluster.boot(follower);
    let begins = start(&mut cluster, follower);
    assert!(begins > 20);
    assert_eq!(commit(&cluster, follower), begins, "what a snapshot stands for was committed");
    let beat = cluster.fire(leader, &Timer::Heartbeat);
    cluster.settle(leader, beat, |_, _| true);
    assert_eq!(commit(&cluster, follower), commit(&cluster, leader));
    assert!(cluster.violations().is_empty());
}

/// A snapshot as a leader of term 2 has it that took so many no-ops of its term.
fn snapshot(entries: usize) -> Msg<Kv> {
    let mut log = Journal::<Kv>::default();
    (0..entries).for_each(|_| log.push(Entry { term: 2, command: Command::Noop }));
    let members = Members::new(nodes::<3>().to_vec(), vec![], vec![]);
    log.compact(entries, Snapshot { term: 2, machine: BTreeMap::from([(1, 10)]), members });
    Msg::InstallSnapshot { term: 2, snapshot: Box::new(log.snapshot().clone()), round: 0 }
}

#[test]
fn if_existing_entry_has_same_index_and_term_retain_log_entries_following_it_7() {
    let [follower, leader, _] = nodes();
    let mut cluster = alone(3, follower, 2, &[2, 2, 2, 2]);
    assert_eq!(matched(&cluster.step(follower, Deliver(leader, snapshot(3)))), Ok(3));
    let log = &cluster.disk(follower).log;
    assert_eq!((log.start(), log.end()), (3, 4));
    // "Discard the entire log" otherwise: of another term, or shorter.
    for log in [&[1, 1, 1, 1][..], &[2, 2]] {
        let mut cluster = alone(3, follower, 2, log);
        assert_eq!(matched(&cluster.step(follower, Deliver(leader, snapshot(3)))), Ok(3));
        let log = &cluster.disk(follower).log;
        assert_eq!((log.start(), log.end()), (3, 3));
        assert_eq!(commit(&cluster, follower), 3);
    }
}

#[test]
fn a_snapshot_that_is_behind_changes_nothing_7() {
    let [follower, leader, _] = nodes();
    let mut cluster = alone(3, follower, 2, &[2, 2, 2, 2]);
    cluster.step(follower, Deliver(leader, append(2, (2, 4), &[2], 5)));
    assert_eq!(matched(&cluster.step(follower, Deliver(leader, snapshot(3)))), Ok(3));
    assert_eq!((commit(&cluster, follower), start(&mut cluster, follower)), (5, 0));
    // One of an older term is answered with the newer one.
    let mut newer = alone(3, follower, 3, &[]);
    let answer = newer.step(follower, Deliver(leader, snapshot(3)));
    assert!(matches!(only_message(&answer), Msg::Appended { term: 3, matched: Err(0), .. }), "{answer:?}");
    assert_eq!(start(&mut newer, follower), 0);
}

#[test]
fn a_crash_before_the_snapshot_is_on_the_disk_leaves_the_old_log_whole_7() {
    let [follower, leader, _] = nodes();
    for seed in 0..20 {
        let mut cluster = Cluster::seeded(seed, 3, Config::default());
        left_behind(&mut cluster, follower, 2, &[1, 1]);
        cluster.boot(follower);
        cluster.step(follower, Deliver(leader, snapshot(3)));
        cluster.crash(follower);
        let log = &cluster.disk(follower).log;
        assert!([(0, 2), (3, 3)].contains(&(log.start(), log.end())), "{}..{}", log.start(), log.end());
    }
}
