//! What must hold of Raft (Figure 3 of the paper), judged after every event, and what should happen at least once.
//!
//! Each check costs what the event changed, not what the cluster holds: the ghost remembers each log as it was seen
//! last, every entry that any log ever held, and everything that was ever applied.

use super::{Entry, Journal, Raft, Standing, entry_at, last, term_at};
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
    held: Shelf<Held>,
    /// What logs held there under other terms, by index and term.
    held_too: BTreeMap<(usize, u64), Held>,
    /// What was applied at each index, by whoever did so first.
    applied: Shelf<Applied>,
    /// All that was applied.
    digest: Digest,
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
    fn at<S: Spec>(log: &Journal<S>, index: usize) -> Held {
        let entry = entry_at(log, index);
        Held { term: entry.term, hash: hash(entry), before: term_at(log, index - 1) }
    }
}

#[derive(Clone, Copy, Debug, Hash)]
struct Applied {
    term: u64,
    /// The term of the server that applied it: it was committed in this term or before.
    by: u64,
    /// Its digest, and that of all up to it, as snapshots that stand for them have it.
    record: u64,
    digest: u64,
}

/// Facts by index, from 1, without the first ones: what the snapshots of all servers stand for is past.
#[derive(Clone, Debug, Hash)]
struct Shelf<T> {
    past: usize,
    facts: Vec<T>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Shelf { past: 0, facts: Vec::new() }
    }
}

impl<T: Copy> Shelf<T> {
    /// The index after the last.
    fn end(&self) -> usize {
        self.past + self.facts.len() + 1
    }
    fn get(&self, index: usize) -> Option<T> {
        self.facts.get(index.checked_sub(self.past + 1)?).copied()
    }
    /// Puts a fact at its end, or at an index beyond, where all before is past then.
    fn put(&mut self, index: usize, fact: T) {
        if index > self.end() {
            self.forget(index - 1);
        }
        self.facts.push(fact);
    }
    /// What is up to this index is past.
    fn forget(&mut self, index: usize) {
        let gone = index.saturating_sub(self.past);
        self.facts.drain(..gone.min(self.facts.len()));
        self.past += gone;
    }
    /// What is up to this index may be forgotten: it is when it is half of all, so that it costs little.
    fn may_forget(&mut self, index: usize) {
        if index.saturating_sub(self.past) > self.facts.len() / 2 {
            self.forget(index.min(self.end() - 1));
        }
    }
}

#[derive(Clone, Debug, Default, Hash)]
struct Seen {
    /// For how many entries its snapshot stands.
    start: usize,
    /// The terms of the entries after it.
    terms: Vec<u64>,
    /// What it has applied as the only voter, and what may not be durable yet.
    tentative: VecDeque<(usize, Applied)>,
    glance: Glance,
}

/// What tells at a glance whether anything changed at a server that properties look at. Logs are cut and appended to,
/// nothing else, so one that ends as it did is as it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Glance {
    /// Term and index of its last entry.
    last: (u64, usize),
    start: usize,
    applied: usize,
    /// How much it has applied beyond that, and may forget again.
    tentative: usize,
    /// Whether it is a majority.
    alone: bool,
    /// The term that it leads, and that in which it is a candidate; 0 if it does not, and is not.
    leads: u64,
    campaigns: u64,
}

impl Glance {
    /// A server that is the only voter applies before its disk is done, and only its answers wait: what a crash takes back
    /// nobody was told of. So that counts as applied when it is durable.
    #[inline]
    fn at<S: Spec>(view: &View<'_, Raft<S>>, node: NodeId, seen: &Seen) -> Glance {
        let log = &view.disk(node).log;
        let (last, start) = (last(log), log.start());
        let Some(state) = view.state(node) else { return Glance { last, start, ..Glance::default() } };
        let (leads, campaigns) = match state.standing {
            Standing::Follower | Standing::PreCandidate { .. } => (0, 0),
            Standing::Candidate { .. } => (0, state.term),
            Standing::Leader { .. } => (state.term, 0),
        };
        let alone = leads != 0 && state.members.one_decides();
        // It may have added voters since, in the very step in which it applied.
        let careful = alone || seen.glance.alone || !seen.tentative.is_empty();
        let applied = if careful { state.applied.min(log.durable()) } else { state.applied };
        Glance { last, start, applied, tentative: state.applied - applied, alone, leads, campaigns }
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
        let Ghost { leaders, reigning, campaign, held, held_too, applied, digest, seen, news: _ } = self;
        (leaders, reigning, campaign, held, held_too, applied, digest, seen).hash(hasher);
    }
}

/// An entry as the digest of a snapshot has it.
fn record<O: Hash>(entry: &Entry<O>) -> u64 {
    let mut digest = Digest::new();
    entry.hash(&mut digest);
    digest.finish()
}

fn hash<O: Hash>(entry: &Entry<O>) -> u64 {
    let mut digest = Digest::new();
    entry.command.hash(&mut digest);
    digest.finish()
}

impl<S: Spec> sim_core::property::Ghost<Raft<S>> for Ghost {
    /// News is a change of what a server's log holds, of what it has applied or of whether it leads, and whatever happens
    /// to a candidate. Heartbeats and their answers, most of what happens, change none of it.
    fn observe(&mut self, view: &View<'_, Raft<S>>, node: NodeId) -> bool {
        if self.seen.is_empty() {
            self.seen.resize(view.nodes.len(), Seen::default());
        }
        let seen = &self.seen[view.index(node)];
        let now = Glance::at(view, node, seen);
        let news = now != seen.glance || now.campaigns != 0;
        if news {
            self.note(now, view, node);
        }
        news
    }
}

impl Ghost {
    /// Takes note of news. Out of line: there is none after most events.
    #[inline(never)]
    fn note<S: Spec>(&mut self, now: Glance, view: &View<'_, Raft<S>>, node: NodeId) {
        let (place, log) = (view.index(node), &view.disk(node).log);
        let seen = &mut self.seen[place];
        let before = core::mem::replace(&mut seen.glance, now);
        let len = seen.start + seen.terms.len();
        let first = seen.first_change(log);
        let elected = now.leads != before.leads && now.leads != 0;
        if now.leads != before.leads {
            self.reigns(node, now.leads);
        }
        if now.campaigns != 0 {
            self.campaigns(node, now.campaigns);
        }
        let mismatch = self.holds(place, first, log);
        let fresh = self.applied.end();
        let by = view.state(node).map_or(0, |s| s.term);
        let fact = |index| {
            let entry = entry_at(log, index);
            Applied { term: entry.term, by, record: record(entry), digest: 0 }
        };
        let own = &mut self.seen[place].tentative;
        if now.tentative > 0 {
            let known = own.back().map_or(now.applied.max(before.applied), |(index, _)| *index);
            own.extend((known + 1..=now.applied + now.tentative).map(|index| (index, fact(index))));
        }
        // What was not in the log any more was applied before: by whoever made the snapshot, or by itself.
        for index in fresh..=now.applied {
            let known = own.iter().find(|(known, _)| *known == index).map(|(_, fact)| *fact);
            let Some(fact) = known.or_else(|| (index > log.start()).then(|| fact(index))) else { continue };
            self.digest.add(fact.record);
            self.applied.put(index, Applied { digest: self.digest.finish(), ..fact });
        }
        if !own.is_empty() {
            own.retain(|&(index, _)| index > now.applied && view.state(node).is_some());
        }
        if now.start != before.start {
            self.forget();
        }
        let applied = (before.applied, now.applied);
        self.news = News { elected, len, first, applied, fresh, mismatch };
    }

    /// The log at this place is another one from index `first` on. Where it holds another entry than some log did under
    /// the same term, if anywhere.
    fn holds<S: Spec>(
        &mut self,
        place: usize,
        first: usize,
        log: &Journal<S>,
    ) -> Option<(usize, Held, Held)> {
        let mut mismatch = None;
        for index in first..=log.end() {
            let now = Held::at(log, index);
            if self.held.end() <= index {
                self.held.put(index, now);
            }
            let held = match self.held.get(index) {
                Some(held) if held.term == now.term => held,
                Some(_) => *self.held_too.entry((index, now.term)).or_insert(now),
                None => now,
            };
            if held != now {
                mismatch = Some((index, now, held));
            }
        }
        let Seen { start, terms, .. } = &mut self.seen[place];
        terms.truncate(first - *start - 1);
        terms.extend(log[first - *start - 1..].iter().map(|entry| entry.term));
        mismatch
    }

    /// What the snapshots of all servers stand for will not be asked for any more, but for the last of it.
    fn forget(&mut self) {
        let past = self.seen.iter().map(|seen| seen.start).min().unwrap_or(0).saturating_sub(1);
        self.held.may_forget(past);
        self.applied.may_forget(past);
        self.held_too = self.held_too.split_off(&(past + 1, 0));
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

impl Seen {
    /// The first index at which `log` is another one than was seen. Logs are cut and appended to, nothing else, so the last
    /// index that agrees is found from the end.
    fn first_change<S: Spec>(&mut self, log: &Journal<S>) -> usize {
        match log.start().checked_sub(self.start) {
            Some(0) => {}
            Some(dropped) if dropped <= self.terms.len() => drop(self.terms.drain(..dropped)),
            Some(_) | None => self.terms.clear(),
        }
        self.start = log.start();
        let mut kept = self.terms.len().min(log.len());
        while kept > 0 && self.terms[kept - 1] != log[kept - 1].term {
            kept -= 1;
        }
        self.start + kept + 1
    }
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
        Property::sometimes("snapshot installed", When::News, installed),
        Property::sometimes("members changed", When::News, changed),
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
    if first > len && log.end() == len {
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
    if ghost.news.first > view.disk(node).log.end() {
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
    if fresh >= ghost.applied.end() {
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
    if let broken @ Judgement::Broken(_) = whole(ghost, log, leader) {
        return broken;
    }
    for index in from.max(log.start() + 1)..ghost.applied.end() {
        let Some(fact) = ghost.applied.get(index) else { continue };
        let has = index <= log.end() && term_at(log, index) == fact.term;
        if fact.by < state.term && !has {
            return Judgement::Broken(format!(
                "node {} leads term {} without the entry at index {index} of term {}, which was committed by term {}",
                leader.0, state.term, fact.term, fact.by
            ));
        }
    }
    Judgement::Holds
}

/// A snapshot stands for the entries that were applied, and no others.
fn whole<S: Spec>(ghost: &Ghost, log: &Journal<S>, node: NodeId) -> Judgement {
    match ghost.applied.get(log.start()) {
        Some(fact) if fact.digest != log.snapshot().digest() => Judgement::Broken(format!(
            "node {} has a snapshot of other entries up to index {} than were applied",
            node.0,
            log.start()
        )),
        Some(_) | None => Judgement::Holds,
    }
}

/// "If a server has applied a log entry at a given index to its state machine, no other server will ever apply a
/// different log entry for the same index. §5.4.3"
fn machine_safety<S: Spec>(ghost: &Ghost, view: &View<'_, Raft<S>>, node: NodeId) -> Judgement {
    let (before, now) = ghost.news.applied;
    if now <= before {
        return Judgement::Idle;
    }
    let log = &view.disk(node).log;
    if before < log.start()
        && let broken @ Judgement::Broken(_) = whole(ghost, log, node)
    {
        return broken;
    }
    for index in before.max(log.start()) + 1..=now {
        let Some(first) = ghost.applied.get(index) else { continue };
        let entry = entry_at(log, index);
        if record(entry) != first.record {
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
    Judgement::happened(view.state(node).is_some() && ghost.news.first <= ghost.news.len)
}

/// A term in which two or more campaigned went by without a leader.
fn vote_split<S: Spec>(ghost: &Ghost, view: &View<'_, Raft<S>>, node: NodeId) -> Judgement {
    let campaign = &ghost.campaign;
    let opens = campaign.split && campaign.candidates.len() == 1 && campaign.candidates.contains(&node);
    let now = view
        .state(node)
        .is_some_and(|s| s.term == campaign.term && matches!(s.standing, Standing::Candidate { .. }));
    Judgement::happened(opens && now)
}

/// A server got a snapshot of entries that its own log does not have.
fn installed<S: Spec>(ghost: &Ghost, view: &View<'_, Raft<S>>, node: NodeId) -> Judgement {
    Judgement::happened(ghost.news.len < view.disk(node).log.start())
}

/// A change of the members is committed and applied.
fn changed<S: Spec>(ghost: &Ghost, view: &View<'_, Raft<S>>, node: NodeId) -> Judgement {
    let Some(state) = view.state(node).filter(|state| state.changed > 0) else { return Judgement::Idle };
    let (before, now) = ghost.news.applied;
    Judgement::happened((before + 1..=now).contains(&state.changed))
}
