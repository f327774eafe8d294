//! The ghost: it looks at what each event has changed, and keeps what the properties are judged by.

use super::facts::{Applied, Held, Shelf, record};
use super::seen::{Glance, Seen};
use crate::raft::{Journal, Raft, entry_at};
use core::hash::Hash;
use sim_core::{digest::Digest, prelude::*};

/// History variables: what the proofs remember and servers do not.
#[derive(Clone, Debug, Default)]
pub struct Ghost {
    /// Who led each term, first.
    pub(super) leaders: BTreeMap<u64, NodeId>,
    /// Who believes to lead, and in which term.
    pub(super) reigning: BTreeMap<NodeId, u64>,
    /// The last term in which anybody campaigned, who did, and the term before that one.
    pub(super) campaign: Campaign,
    /// What the first log to have an entry at an index held there.
    held: Shelf<Held>,
    /// What logs held there under other terms, by index and term.
    held_too: BTreeMap<(usize, u64), Held>,
    /// What was applied at each index, by whoever did so first.
    pub(super) applied: Shelf<Applied>,
    /// All that was applied.
    digest: Digest,
    /// Each server as it was seen last.
    seen: Vec<Seen>,
    /// What the last event changed.
    pub(super) news: News,
}

#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Campaign {
    pub(super) term: u64,
    pub(super) candidates: BTreeSet<NodeId>,
    /// Two or more campaigned in the term before this one, and nobody won it.
    pub(super) split: bool,
}

/// What an event changed at a server; indexes count from 1.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct News {
    /// It became a leader.
    pub(super) elected: bool,
    /// The length of its log before, and the first index at which it is another log now.
    pub(super) len: usize,
    pub(super) first: usize,
    /// What it has applied before and now.
    pub(super) applied: (usize, usize),
    /// The first index that nobody had applied before, if it applied it now.
    pub(super) fresh: usize,
    /// An index at which its log holds another entry than some log did under the same term: its entry, and that one.
    pub(super) mismatch: Option<(usize, Held, Held)>,
}

/// What is remembered; what the last event changed is not.
impl Hash for Ghost {
    fn hash<H: core::hash::Hasher>(&self, hasher: &mut H) {
        let Ghost { leaders, reigning, campaign, held, held_too, applied, digest, seen, news: _ } = self;
        (leaders, reigning, campaign, held, held_too, applied, digest, seen).hash(hasher);
    }
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
