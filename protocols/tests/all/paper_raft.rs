//! Raft does what its paper says: one test per sentence, named after it, with the section it is from (Ongaro and
//! Ousterhout, "In Search of an Understandable Consensus Algorithm", extended version, 2014), and the tables and
//! figures that the paper and etcd published. Single servers are driven by hand; nothing here is timed or random.

mod clients;
mod commitment;
mod elections;
mod members;
mod replication;
mod snapshots;
mod tables;
mod terms;

use protocols::{
    kv::{Kv, Op, Ret},
    raft::{
        Backtrack, Change, Command, Config, Entry, Flaw, Journal, Members, Msg, Raft, Reads, Snapshot, Timer,
        Transfer, Way,
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
    log.iter().for_each(|&term| disk.log.push(Entry { term, command: Command::Noop }));
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

fn append(term: u64, prev: (u64, usize), entries: &[u64], commit: usize) -> Msg<Kv> {
    let entries = entries.iter().map(|&term| Entry { term, command: Command::Noop }).collect();
    Msg::AppendEntries { term, prev, entries, commit, round: 0 }
}

fn appended(term: u64, matched: Result<usize, usize>) -> Msg<Kv> {
    let prev = matched.unwrap_or_else(|latest| latest);
    Msg::Appended { term, prev, matched, round: 0 }
}

/// The one message among the outputs.
fn only_message(outputs: &Outputs) -> &Msg<Kv> {
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
