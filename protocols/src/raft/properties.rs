//! What must hold of Raft (Figure 3 of the paper), judged after every event, and what should happen at least once.
//!
//! Each check costs what the event changed, not what the cluster holds: the ghost remembers each log as it was seen
//! last, every entry that any log ever held, and everything that was ever applied.

use super::{Entry, Raft, Standing, last, term_at};
use core::hash::Hash;
use sim_core::{digest::Digest, prelude::*};

/// History variables: what the proofs remember and servers do not.
#[derive(Clone, Debug, Default)]
pub struct Ghost {
    /// Who led each term, first.
    leaders: BTreeMap<u64, NodeId>,
    /// Who believes to lead, and in which term.
    reigning: BTreeMap<NodeId, u64>,
    /// The last term in which anybody campaigned, who did, and the term before that one.
    campaign: Campaign,
    /// What the first log to have an entry at an index held there.
    held: Vec<Held>,
    /// What logs held there under other terms, by index and term.
    held_too: BTreeMap<(usize, u64), Held>,
    /// What was applied at each index, by whoever did so first.
    applied: Vec<Applied>,
    /// Each server as it was seen last.
    seen: Vec<Seen>,
    /// What the last event changed.
    news: News,
}

#[derive(Clone, Debug, Default, Hash)]
struct Campaign {
    term: u64,
    candidates: BTreeSet<NodeId>,
    /// Two or more campaigned in the term before this one, and nobody won it.
    split: bool,
}

/// An entry by its term and hash, and the term before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Held {
    term: u64,
    hash: u64,
    before: u64,
}

impl Held {
    fn at<O: Hash>(log: &[Entry<O>], index: usize) -> Held {
        let entry = &log[index - 1];
        Held { term: entry.term, hash: hash(entry), before: term_at(log, index - 1) }
    }
}

#[derive(Clone, Copy, Debug, Hash)]
struct Applied {
    term: u64,
    hash: u64,
    /// The term of the server that applied it: it was committed in this term or before.
    by: u64,
}

#[derive(Clone, Debug, Default, Hash)]
struct Seen {
    /// The terms of its log.
    terms: Vec<u64>,
    glance: Glance,
}

/// What tells at a glance whether anything changed at a server that properties look at. Logs are cut and appended to,
/// nothing else, so one that ends as it did is as it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Glance {
    /// Term and index of its last entry.
    last: (u64, usize),
    applied: usize,
    /// The term that it leads, and that in which it is a candidate; 0 if it does not, and is not.
    leads: u64,
    campaigns: u64,
}

impl Glance {
    #[inline]
    fn at<S: Spec>(view: &View<'_, Raft<S>>, node: NodeId) -> Glance {
        let last = last(&view.disk(node).log);
        let Some(state) = view.state(node) else { return Glance { last, ..Glance::default() } };
        let (leads, campaigns) = match state.standing {
            Standing::Follower => (0, 0),
            Standing::Candidate { .. } => (0, state.term),
            Standing::Leader { .. } => (state.term, 0),
        };
        Glance { last, applied: state.applied, leads, campaigns }
    }
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
    /// An index at which its log holds another entry than some log did under the same term: its entry, and that one.
    mismatch: Option<(usize, Held, Held)>,
}

/// What is remembered; what the last event changed is not.
impl Hash for Ghost {
    fn hash<H: core::hash::Hasher>(&self, hasher: &mut H) {
        let Ghost { leaders, reigning, campaign, held, held_too, applied, seen, news: _ } = self;
        (leaders, reigning, campaign, held, held_too, applied, seen).hash(hasher);
    }
}

fn hash<O: Hash>(entry: &Entry<O>) -> u64 {
    let mut digest = Digest::new();
    entry.op.hash(&mut digest);
    digest.finish()
}

impl<S: Spec> sim_core::property::Ghost<Raft<S>> for Ghost {
    /// News is a change of what a server's log holds, of what it has applied or of whether it leads, and whatever happens
    /// to a candidate. Heartbeats and their answers, most of what happens, change none of it.
    fn observe(&mut self, view: &View<'_, Raft<S>>, node: NodeId) -> bool {
        if self.seen.is_empty() || view.nodes.len() == 1 {
            self.begin(view, node);
        }
        let now = Glance::at(view, node);
        let news = now != self.seen[view.index(node)].glance || now.campaigns != 0;
        if news {
            self.note(now, view, node);
        }
        news
    }
}

impl Ghost {
    /// Begins to watch, and begins anew when a server that is alone dies: it leads and applies before its disk is done, and
    /// only its answers wait, so what a crash takes back nobody was told of.
    #[cold]
    #[inline(never)]
    fn begin<S: Spec>(&mut self, view: &View<'_, Raft<S>>, node: NodeId) {
        if view.state(node).is_none() {
            *self = Ghost::default();
        }
        self.seen.resize(view.nodes.len(), Seen::default());
    }

    /// Takes note of news. Out of line: there is none after most events.
    #[inline(never)]
    fn note<S: Spec>(&mut self, now: Glance, view: &View<'_, Raft<S>>, node: NodeId) {
        let (place, log) = (view.index(node), &view.disk(node).log[..]);
        let Seen { terms, glance } = &mut self.seen[place];
        let before = core::mem::replace(glance, now);
        let (len, first) = (terms.len(), first_change(terms, log));
        let elected = now.leads != before.leads && now.leads != 0;
        if now.leads != before.leads {
            self.reigns(node, now.leads);
        }
        if now.campaigns != 0 {
            self.campaigns(node, now.campaigns);
        }
        let mismatch = self.holds(place, first, log);
        let fresh = self.applied.len() + 1;
        for index in fresh..=now.applied {
            let entry = &log[index - 1];
            let by = view.state(node).map_or(0, |s| s.term);
            self.applied.push(Applied { term: entry.term, hash: hash(entry), by });
        }
        let applied = (before.applied, now.applied);
        self.news = News { elected, len, first, applied, fresh, mismatch };
    }

    /// The log at this place is another one from index `first` on. Where it holds another entry than some log did under
    /// the same term, if anywhere.
    fn holds<O: Hash>(
        &mut self,
        place: usize,
        first: usize,
        log: &[Entry<O>],
    ) -> Option<(usize, Held, Held)> {
        let mut mismatch = None;
        for index in first..=log.len() {
            let now = Held::at(log, index);
            if self.held.len() < index {
                self.held.push(now);
            }
            let held = match self.held[index - 1] {
                held if held.term == now.term => held,
                _ => *self.held_too.entry((index, now.term)).or_insert(now),
            };
            if held != now {
                mismatch = Some((index, now, held));
            }
        }
        let terms = &mut self.seen[place].terms;
        terms.truncate(first - 1);
        terms.extend(log[first - 1..].iter().map(|entry| entry.term));
        mismatch
    }

    /// A server leads this term now; no more, if it is 0.
    #[cold]
    fn reigns(&mut self, node: NodeId, term: u64) {
        if term == 0 {
            self.reigning.remove(&node);
        } else {
            self.reigning.insert(node, term);
            self.leaders.entry(term).or_insert(node);
        }
    }

    /// A server is a candidate.
    #[cold]
    fn campaigns(&mut self, node: NodeId, term: u64) {
        if term > self.campaign.term {
            let contested = self.campaign.candidates.len() > 1;
            let split = contested && !self.leaders.contains_key(&self.campaign.term);
            self.campaign = Campaign { term, candidates: BTreeSet::new(), split };
        }
        if term == self.campaign.term {
            self.campaign.candidates.insert(node);
        }
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
        Property::always("election safety", When::RoleChange, election_safety),
        Property::always("leader append-only", When::News, append_only),
        Property::always("log matching", When::News, log_matching),
        Property::always("leader completeness", When::News, completeness),
        Property::always("state machine safety", When::News, machine_safety),
        Property::sometimes("leader changed", When::RoleChange, leader_changed),
        Property::sometimes("log conflict repaired", When::News, repaired),
        Property::sometimes("vote split", When::RoleChange, vote_split),
    ];

    fn leads(&self) -> bool {
        matches!(self.standing, Standing::Leader { .. })
    }
}

/// "At most one leader can be elected in a given term. §5.2"
fn election_safety<S: Spec>(ghost: &Ghost, view: &View<'_, Raft<S>>, node: NodeId) -> Judgement {
    let Some(state) = view.state(node).filter(|s| s.leads()) else { return Judgement::Idle };
    let first = ghost.leaders[&state.term];
    if first == node {
        return Judgement::Holds;
    }
    Judgement::Broken(format!("term {} has two leaders: node {} and node {}", state.term, first.0, node.0))
}

/// "A leader never overwrites or deletes entries in its log; it only appends new entries. §5.3"
fn append_only<S: Spec>(ghost: &Ghost, view: &View<'_, Raft<S>>, node: NodeId) -> Judgement {
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
fn log_matching<S: Spec>(ghost: &Ghost, view: &View<'_, Raft<S>>, node: NodeId) -> Judgement {
    if ghost.news.first > view.disk(node).log.len() {
        return Judgement::Idle;
    }
    let Some((index, now, held)) = ghost.news.mismatch else { return Judgement::Holds };
    let entry = if held.hash == now.hash { "the same entry" } else { "another entry" };
    Judgement::Broken(format!(
        "node {} holds at index {index} an entry of term {} after one of term {}; another log held {entry} of that term \
         there, after one of term {}",
        node.0, now.term, now.before, held.before
    ))
}

/// "If a log entry is committed in a given term, then that entry will be present in the logs of the leaders for all
/// higher-numbered terms. §5.4" Judged for a leader when it appears, and for all who lead when something is committed.
fn completeness<S: Spec>(ghost: &Ghost, view: &View<'_, Raft<S>>, node: NodeId) -> Judgement {
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
fn machine_safety<S: Spec>(ghost: &Ghost, view: &View<'_, Raft<S>>, node: NodeId) -> Judgement {
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
fn leader_changed<S: Spec>(ghost: &Ghost, view: &View<'_, Raft<S>>, node: NodeId) -> Judgement {
    let Some(state) = view.state(node).filter(|s| s.leads()) else { return Judgement::Idle };
    match ghost.leaders.range(..state.term).next_back() {
        Some((_, &before)) if before != node => Judgement::Holds,
        _ => Judgement::Idle,
    }
}

/// A follower threw away entries that its leader does not have.
fn repaired<S: Spec>(ghost: &Ghost, view: &View<'_, Raft<S>>, node: NodeId) -> Judgement {
    if view.state(node).is_some() && ghost.news.first <= ghost.news.len {
        Judgement::Holds
    } else {
        Judgement::Idle
    }
}

/// A term in which two or more campaigned went by without a leader.
fn vote_split<S: Spec>(ghost: &Ghost, view: &View<'_, Raft<S>>, node: NodeId) -> Judgement {
    let campaign = &ghost.campaign;
    let opens = campaign.split && campaign.candidates.len() == 1 && campaign.candidates.contains(&node);
    let now = view
        .state(node)
        .is_some_and(|s| s.term == campaign.term && matches!(s.standing, Standing::Candidate { .. }));
    if opens && now { Judgement::Holds } else { Judgement::Idle }
}
