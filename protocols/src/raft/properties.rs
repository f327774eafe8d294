//! What must hold of Raft (Figure 3 of the paper), judged after every event, and what should happen at least once.
//!
//! Each check costs what the event changed, not what the cluster holds: the ghost remembers each log as it was seen
//! last, every entry that any log ever held, and everything that was ever applied.

use super::{Entry, Raft, Standing, term_at};
use core::hash::Hash;
use sim_core::{digest::Digest, prelude::*};

/// History variables: what the proofs remember and servers do not.
#[derive(Clone, Debug, Default)]
pub struct Ghost {
    /// Who led each term, first.
    leaders: BTreeMap<u64, NodeId>,
    /// Who believes to lead, and in which term.
    reigning: BTreeMap<NodeId, u64>,
    /// The last term in which anybody campaigned.
    campaign: u64,
    /// What any log ever held, by index and term: the entry's hash, and the term before it.
    held: BTreeMap<(usize, u64), (u64, u64)>,
    /// What was applied at each index, by whoever did so first.
    applied: Vec<Applied>,
    /// Each server as it was seen last.
    seen: Vec<Seen>,
    /// What the last event changed.
    news: News,
}

#[derive(Clone, Copy, Debug)]
struct Applied {
    term: u64,
    hash: u64,
    /// The term of the server that applied it: it was committed in this term or before.
    by: u64,
}

#[derive(Clone, Debug, Default)]
struct Seen {
    /// The terms of its log.
    terms: Vec<u64>,
    applied: usize,
    /// The term that it led.
    led: Option<u64>,
}

/// What an event changed at a server; indexes count from 1.
#[derive(Clone, Copy, Debug, Default)]
struct News {
    /// It became a leader.
    elected: bool,
    /// The length of its log before, and the first index at which it is another log now.
    len: usize,
    first: usize,
    /// What it has applied before and now.
    applied: (usize, usize),
    /// The first index that nobody had applied before, if it applied it now.
    fresh: usize,
}

fn hash<O: Hash>(entry: &Entry<O>) -> u64 {
    let mut digest = Digest::new();
    entry.op.hash(&mut digest);
    digest.finish()
}

impl<S: Spec> sim_core::property::Ghost<Raft<S>> for Ghost {
    fn observe(&mut self, view: &View<'_, Raft<S>>, node: NodeId) {
        // A server alone leads and applies before its disk is done, and only its answers wait: what a crash takes back,
        // nobody was told of.
        if view.nodes.len() == 1 && view.state(node).is_none() {
            *self = Ghost::default();
        }
        if self.seen.is_empty() {
            self.seen.resize(view.nodes.len(), Seen::default());
        }
        let log = &view.disk(node).log;
        let seen = &mut self.seen[view.index(node)];
        let (len, first) = (seen.terms.len(), first_change(&seen.terms, log));
        for index in first..=log.len() {
            let fact = (hash(&log[index - 1]), term_at(log, index - 1));
            self.held.entry((index, log[index - 1].term)).or_insert(fact);
        }
        seen.terms.truncate(first - 1);
        seen.terms.extend(log[first - 1..].iter().map(|entry| entry.term));

        let state = view.state(node);
        let applied = (seen.applied, state.map_or(0, |s| s.applied));
        seen.applied = applied.1;
        let fresh = self.applied.len() + 1;
        for index in fresh..=applied.1 {
            let entry = &log[index - 1];
            let by = state.map_or(0, |s| s.term);
            self.applied.push(Applied { term: entry.term, hash: hash(entry), by });
        }

        let led = state.filter(|s| s.leads()).map(|s| s.term);
        let elected = led.is_some() && led != seen.led;
        if led != seen.led {
            match led {
                Some(term) => self.reigning.insert(node, term),
                None => self.reigning.remove(&node),
            };
        }
        seen.led = led;
        self.news = News { elected, len, first, applied, fresh };
    }
}

/// The first index at which `log` is not the log with these terms. Logs are cut and appended to, nothing else, so the
/// last index that agrees is found from the end.
fn first_change<O>(terms: &[u64], log: &[Entry<O>]) -> usize {
    let mut index = terms.len().min(log.len());
    while index > 0 && terms[index - 1] != log[index - 1].term {
        index -= 1;
    }
    index + 1
}

impl<S: Spec> Raft<S> {
    /// The five properties of Figure 3, in its order, and what a run should have seen.
    pub(super) const CLAIMS: &'static [Property<Self>] = &[
        Property {
            name: "election safety",
            kind: Kind::Always,
            when: When::RoleChange,
            judge: election_safety,
        },
        Property {
            name: "leader append-only",
            kind: Kind::Always,
            when: When::EveryEvent,
            judge: append_only,
        },
        Property { name: "log matching", kind: Kind::Always, when: When::EveryEvent, judge: log_matching },
        Property {
            name: "leader completeness",
            kind: Kind::Always,
            when: When::EveryEvent,
            judge: completeness,
        },
        Property {
            name: "state machine safety",
            kind: Kind::Always,
            when: When::EveryEvent,
            judge: machine_safety,
        },
        Property {
            name: "leader changed",
            kind: Kind::Sometimes,
            when: When::RoleChange,
            judge: leader_changed,
        },
        Property {
            name: "log conflict repaired",
            kind: Kind::Sometimes,
            when: When::EveryEvent,
            judge: repaired,
        },
        Property { name: "vote split", kind: Kind::Sometimes, when: When::RoleChange, judge: vote_split },
    ];

    fn leads(&self) -> bool {
        matches!(self.standing, Standing::Leader { .. })
    }
}

/// "At most one leader can be elected in a given term. §5.2"
fn election_safety<S: Spec>(ghost: &mut Ghost, view: &View<'_, Raft<S>>, node: NodeId) -> Judgement {
    let Some(state) = view.state(node).filter(|s| s.leads()) else { return Judgement::Idle };
    let first = *ghost.leaders.entry(state.term).or_insert(node);
    if first == node {
        return Judgement::Holds;
    }
    Judgement::Broken(format!("term {} has two leaders: node {} and node {}", state.term, first.0, node.0))
}

/// "A leader never overwrites or deletes entries in its log; it only appends new entries. §5.3"
fn append_only<S: Spec>(ghost: &mut Ghost, view: &View<'_, Raft<S>>, node: NodeId) -> Judgement {
    let News { elected, len, first, .. } = ghost.news;
    let log = &view.disk(node).log;
    if first > len && log.len() == len {
        return Judgement::Idle;
    }
    let Some(state) = view.state(node).filter(|s| s.leads() && !elected) else { return Judgement::Idle };
    if first > len {
        return Judgement::Holds;
    }
    Judgement::Broken(format!(
        "the leader of term {} changed its log of {len} entries at index {first}",
        state.term
    ))
}

/// "If two logs contain an entry with the same index and term, then the logs are identical in all entries up through
/// the given index. §5.3" By induction over the index: index and term determine the entry and the term before it.
fn log_matching<S: Spec>(ghost: &mut Ghost, view: &View<'_, Raft<S>>, node: NodeId) -> Judgement {
    let log = &view.disk(node).log;
    if ghost.news.first > log.len() {
        return Judgement::Idle;
    }
    for index in ghost.news.first..=log.len() {
        let term = log[index - 1].term;
        let (held, now) = (ghost.held[&(index, term)], (hash(&log[index - 1]), term_at(log, index - 1)));
        if held != now {
            return Judgement::Broken(format!(
                "node {} holds at index {index} an entry of term {term} after one of term {}; another log held {} of \
                 that term there, after one of term {}",
                node.0,
                now.1,
                if held.0 == now.0 { "the same entry" } else { "another entry" },
                held.1
            ));
        }
    }
    Judgement::Holds
}

/// "If a log entry is committed in a given term, then that entry will be present in the logs of the leaders for all
/// higher-numbered terms. §5.4" Judged for a leader when it appears, and for all who lead when something is committed.
fn completeness<S: Spec>(ghost: &mut Ghost, view: &View<'_, Raft<S>>, node: NodeId) -> Judgement {
    let News { elected, fresh, .. } = ghost.news;
    if elected {
        return complete(ghost, view, node, 1);
    }
    if fresh > ghost.applied.len() {
        return Judgement::Idle;
    }
    for &leader in ghost.reigning.keys() {
        if let broken @ Judgement::Broken(_) = complete(ghost, view, leader, fresh) {
            return broken;
        }
    }
    Judgement::Holds
}

fn complete<S: Spec>(ghost: &Ghost, view: &View<'_, Raft<S>>, leader: NodeId, from: usize) -> Judgement {
    let (Some(state), log) = (view.state(leader), &view.disk(leader).log) else { return Judgement::Idle };
    for (index, fact) in (from..).zip(&ghost.applied[from - 1..]) {
        let has = index <= log.len() && term_at(log, index) == fact.term;
        if fact.by < state.term && !has {
            return Judgement::Broken(format!(
                "node {} leads term {} without the entry at index {index} of term {}, which was committed by term {}",
                leader.0, state.term, fact.term, fact.by
            ));
        }
    }
    Judgement::Holds
}

/// "If a server has applied a log entry at a given index to its state machine, no other server will ever apply a
/// different log entry for the same index. §5.4.3"
fn machine_safety<S: Spec>(ghost: &mut Ghost, view: &View<'_, Raft<S>>, node: NodeId) -> Judgement {
    let (before, now) = ghost.news.applied;
    if now <= before {
        return Judgement::Idle;
    }
    let log = &view.disk(node).log;
    for index in before + 1..=now {
        let (entry, first) = (&log[index - 1], ghost.applied[index - 1]);
        if (entry.term, hash(entry)) != (first.term, first.hash) {
            return Judgement::Broken(format!(
                "node {} applied at index {index} an entry of term {}; another server had applied one of term {}",
                node.0, entry.term, first.term
            ));
        }
    }
    Judgement::Holds
}

/// Leadership went over to another server.
fn leader_changed<S: Spec>(ghost: &mut Ghost, view: &View<'_, Raft<S>>, node: NodeId) -> Judgement {
    let Some(state) = view.state(node).filter(|s| s.leads()) else { return Judgement::Idle };
    match ghost.leaders.range(..state.term).next_back() {
        Some((_, &before)) if before != node => Judgement::Holds,
        _ => Judgement::Idle,
    }
}

/// A follower threw away entries that its leader does not have.
fn repaired<S: Spec>(ghost: &mut Ghost, view: &View<'_, Raft<S>>, node: NodeId) -> Judgement {
    if view.state(node).is_some() && ghost.news.first <= ghost.news.len {
        Judgement::Holds
    } else {
        Judgement::Idle
    }
}

/// A term in which somebody campaigned went by without a leader.
fn vote_split<S: Spec>(ghost: &mut Ghost, view: &View<'_, Raft<S>>, node: NodeId) -> Judgement {
    let campaigns = |s: &&Raft<S>| matches!(s.standing, Standing::Candidate { .. });
    let Some(state) = view.state(node).filter(campaigns) else { return Judgement::Idle };
    let before = ghost.campaign;
    ghost.campaign = before.max(state.term);
    let split = before > 0 && state.term > before && !ghost.leaders.contains_key(&before);
    if split { Judgement::Holds } else { Judgement::Idle }
}
