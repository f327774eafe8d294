//! What a configuration asks of a service of so many nodes, and cannot get, is refused, with the key that asks for it.

use protocols::{
    catalog::Settings,
    crdt, dynamo,
    election::{bully, ring},
    multi_paxos, paxos, quorum_store,
    raft::{Change, Config, Transfer},
    replication::primary_backup::{self, Shipping},
    two_phase,
};
use sim_core::prelude::*;

fn refused(settings: &impl Settings, nodes: u32) -> Option<&'static str> {
    settings.check(nodes).err().map(|(key, _)| key)
}

fn raft(change: impl Fn(&mut Config)) -> Config {
    let mut config = Config::default();
    change(&mut config);
    config
}

fn change(at: Span, voters: &[u32], learners: &[u32]) -> Change {
    Change { at, voters: voters.to_vec(), learners: learners.to_vec() }
}

#[test]
fn what_raft_cannot_do_is_refused() {
    assert_eq!(refused(&Config::default(), 1), None);
    for (config, key) in [
        (raft(|c| c.snapshot = Some(0)), "snapshot"),
        (raft(|c| c.voters = Some(0)), "voters"),
        (raft(|c| c.voters = Some(4)), "voters"),
        (raft(|c| c.learners = 1), "learners"),
        (raft(|c| (c.voters, c.learners) = (Some(2), 2)), "learners"),
        (raft(|c| c.changes = vec![change(1.s(), &[], &[])]), "changes"),
        (raft(|c| c.changes = vec![change(1.s(), &[4], &[])]), "changes"),
        (raft(|c| c.changes = vec![change(1.s(), &[0], &[])]), "changes"),
        (raft(|c| c.changes = vec![change(1.s(), &[1], &[4])]), "changes"),
        (raft(|c| c.changes = vec![change(1.s(), &[1, 2, 1], &[])]), "changes"),
        (raft(|c| c.changes = vec![change(1.s(), &[1, 2], &[3, 2])]), "changes"),
        (raft(|c| c.changes = vec![change(2.s(), &[1], &[]), change(1.s(), &[1], &[])]), "changes"),
        (raft(|c| c.transfers = vec![Transfer { at: 1.s(), to: 4 }]), "transfers"),
        (raft(|c| c.transfers = [2, 1].map(|at| Transfer { at: at.s(), to: 1 }).into()), "transfers"),
    ] {
        assert_eq!(refused(&config, 3), Some(key), "{config:?}");
    }
    let many = vec![change(1.s(), &[1], &[]); Config::ASKED_MAX + 1];
    assert_eq!(refused(&raft(|c| c.changes = many.clone()), 3), Some(""));
    let fine = raft(|c| {
        (c.voters, c.learners, c.snapshot) = (Some(2), 1, Some(1));
        c.changes = vec![change(1.s(), &[1, 2, 3], &[]), change(1.s(), &[3], &[1, 2])];
        c.transfers = vec![Transfer { at: 1.s(), to: 3 }];
    });
    assert_eq!(refused(&fine, 3), None);
}

#[test]
fn quorums_that_would_never_answer_are_refused() {
    let store = |replicas, read, write| quorum_store::Config { replicas, read, write, ..Default::default() };
    assert_eq!(refused(&store(None, Some(4), None), 3), Some("read"));
    assert_eq!(refused(&store(None, None, Some(4)), 3), Some("write"));
    assert_eq!(refused(&store(Some(4), None, None), 3), Some("replicas"));
    assert_eq!(refused(&store(Some(3), Some(3), Some(1)), 3), None);
    assert_eq!(refused(&dynamo::Config::default(), 1), Some("read"));
    assert_eq!(refused(&dynamo::Config::default(), 2), None);
    let shipping = |shipping| primary_backup::Config { shipping, ..Default::default() };
    assert_eq!(refused(&shipping(Shipping::SemiSynchronous(3)), 3), Some("shipping"));
    assert_eq!(refused(&shipping(Shipping::SemiSynchronous(2)), 3), None);
}

#[test]
fn nobody_is_asked_for_who_is_not_there() {
    assert_eq!(refused(&crdt::Config { fanout: 3, ..Default::default() }, 3), Some("fanout"));
    assert_eq!(refused(&crdt::Config { fanout: 2, ..Default::default() }, 3), None);
    assert_eq!(refused(&crdt::Config::default(), 1), None);
    assert_eq!(refused(&two_phase::Config { refuse: 3, ..Default::default() }, 3), Some("refuse"));
    assert_eq!(refused(&two_phase::Config { refuse: 2, ..Default::default() }, 3), None);
    assert_eq!(refused(&two_phase::Config::default(), 1), Some(""));
    assert_eq!(refused(&paxos::Config { retry: (2.ms(), 1.ms()), ..Default::default() }, 3), Some("retry"));
}

#[test]
fn what_multi_paxos_cannot_do_is_refused() {
    use multi_paxos::Config;
    assert_eq!(refused(&Config::default(), 1), None);
    for (config, key) in [
        (Config { election: (2.ms(), 1.ms()), heartbeat: 1.ms(), ..Config::default() }, "election"),
        (Config { election: (Span::ZERO, 1.ms()), ..Config::default() }, "election"),
        (Config { heartbeat: Span::ZERO, ..Config::default() }, "heartbeat"),
        (Config { heartbeat: 150.ms(), ..Config::default() }, "heartbeat"),
        (Config { window: 0, ..Config::default() }, "window"),
        (Config { snapshot: Some(0), ..Config::default() }, "snapshot"),
    ] {
        assert_eq!(refused(&config, 3), Some(key), "{config:?}");
    }
    let least = Config {
        election: (2.ms(), 2.ms()),
        heartbeat: 1.ms(),
        window: 1,
        snapshot: Some(1),
        ..Config::default()
    };
    assert_eq!(refused(&least, 3), None);
}

#[test]
fn elections_that_could_not_be_held_are_refused() {
    let ring = |patience| ring::Config { patience, ..Default::default() };
    assert_eq!(refused(&ring((Span::ZERO, 1.s())), 3), Some("patience"));
    assert_eq!(refused(&ring((2.s(), 1.s())), 3), Some("patience"));
    assert_eq!(refused(&ring((1.s(), 1.s())), 1), None);
    let forgetful =
        |order| ring::Config { order, flaw: Some(ring::Flaw::ForgottenNumber), ..Default::default() };
    assert_eq!(refused(&forgetful(ring::Order::Ascending), 3), Some("flaw"));
    assert_eq!(refused(&forgetful(ring::Order::Random), 3), None);
    let bully = |heartbeat, watch, answer, coordinator| bully::Config {
        heartbeat,
        watch,
        answer,
        coordinator,
        ..Default::default()
    };
    let watch = (20.ms(), 30.ms());
    assert_eq!(refused(&bully(Span::ZERO, watch, 5.ms(), 6.ms()), 3), Some("heartbeat"));
    assert_eq!(refused(&bully(20.ms(), watch, 5.ms(), 6.ms()), 3), Some("watch"));
    assert_eq!(refused(&bully(10.ms(), (30.ms(), 20.ms()), 5.ms(), 6.ms()), 3), Some("watch"));
    assert_eq!(refused(&bully(10.ms(), watch, Span::ZERO, 6.ms()), 3), Some("answer"));
    assert_eq!(refused(&bully(10.ms(), watch, 5.ms(), 5.ms()), 3), Some("coordinator"));
    assert_eq!(refused(&bully(10.ms(), watch, 5.ms(), 6.ms()), 1), None);
    assert_eq!(refused(&bully::Config::default(), 5), None);
}
