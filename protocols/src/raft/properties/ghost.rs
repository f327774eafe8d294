//! The ghost: it looks at what each event has changed, and keeps what the properties are judged by.

use super::facts::{Applied, Held, Shelf};
use super::seen::{Glance, Known, Seen};
use crate::raft::{Journal, Raft, term_at};
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
    /// All that was applied, unless there is a gap: something that nobody saw.
    digest: Digest,
    gap: bool,
    /// Each server as it was seen last.
    pub(super) seen: Vec<Seen>,
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
        let Ghost { leaders, reigning, campaign, held, held_too, applied, digest, gap, seen, news: _ } = self;
        (leaders, reigning, campaign, held, held_too, applied, digest, gap, seen).hash(hasher);
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
        let (len, first) = (seen.end(), seen.first_change(log));
        seen.see(first, log);
        let elected = now.leads != before.leads && now.leads != 0;
        if now.leads != before.leads {
            self.reigns(node, now.leads);
        }
        if now.campaigns != 0 {
            self.campaigns(node, now.campaigns);
        }
        let mismatch = self.holds(place, first, log);
        let fresh = self.applied.end();
        self.applies(place, before, view.state(node), log);
        self.seen[place].compact(log.start());
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
        let mut before = term_at(log, first - 1);
        for index in first..=log.end() {
            let Known { term, record } = self.seen[place].get(index).expect("it was seen");
            let now = Held { term, record, before };
            before = term;
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
        mismatch
    }

    /// The server at this place may have applied more than `before`.
    fn applies<S: Spec>(&mut self, place: usize, before: Glance, state: Option<&Raft<S>>, log: &Journal<S>) {
        let (now, by) = (self.seen[place].glance, state.map_or(0, |state| state.term));
        if now.tentative > 0 {
            let own = &mut self.seen[place];
            let noted = own.tentative.back().map_or(now.applied.max(before.applied), |(index, ..)| *index);
            for index in noted + 1..=now.applied + now.tentative {
                own.tentative.extend(own.get(index).map(|entry| (index, entry, by)));
            }
        }
        // What was durable before a crash may have been told, even if nobody has looked at this server since.
        let survived = |own: &Seen| {
            let held = |&&(index, entry, _): &&(usize, Known, u64)| {
                index <= log.start() || own.get(index) == Some(entry)
            };
            own.tentative.iter().take_while(held).last().map_or(0, |(index, ..)| *index)
        };
        let reach = if state.is_some() { now.applied } else { survived(&self.seen[place]) };
        for index in self.applied.end()..=reach {
            let Some((Known { term, record }, by)) = self.entry(place, index, by) else {
                self.gap = true;
                self.applied.put(index, Applied { by, term: None, record: None, digest: None });
                continue;
            };
            self.digest.add(record);
            let digest = (!self.gap).then(|| self.digest.finish());
            self.applied.put(index, Applied { by, term: Some(term), record: Some(record), digest });
        }
        if self.gap {
            self.believe(log);
        }
        let own = &mut self.seen[place].tentative;
        if !own.is_empty() {
            own.retain(|&(index, ..)| index > now.applied && state.is_some());
        }
    }

    /// What nobody saw, the first snapshot that stands for it is believed.
    #[cold]
    fn believe<S: Spec>(&mut self, log: &Journal<S>) {
        let snapshot = log.snapshot();
        let (end, mut digest) = (snapshot.len(), snapshot.digest());
        let term = Some(snapshot.state.term);
        let open = |fact: &Applied| fact.digest.is_none() && (fact.term.is_none() || fact.term == term);
        let Some(fact) = self.applied.get(end).filter(open) else { return };
        self.applied.amend(end, Applied { term, digest: Some(digest.finish()), ..fact });
        for index in end + 1..self.applied.end() {
            let Some((fact, record)) = self.applied.get(index).and_then(|fact| Some((fact, fact.record?)))
            else {
                return;
            };
            digest.add(record);
            self.applied.amend(index, Applied { digest: Some(digest.finish()), ..fact });
        }
        (self.digest, self.gap) = (digest, false);
    }

    /// What the server at this place has applied at an index, and in which term: what it noted before, what its log held, or
    /// what another noted that made its snapshot.
    fn entry(&self, place: usize, index: usize, by: u64) -> Option<(Known, u64)> {
        let noted = |seen: &Seen| {
            seen.tentative.iter().find(|(noted, ..)| *noted == index).map(|&(_, entry, by)| (entry, by))
        };
        let own = &self.seen[place];
        let held = || Some((own.get(index)?, by));
        noted(own).or_else(held).or_else(|| self.seen.iter().find_map(noted))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kv::{Kv, Op},
        raft::{Command, Entry, Snapshot, properties::facts::record},
    };

    /// Two entries were seen; the third was applied and went into a snapshot before anybody looked; and the fourth was seen.
    fn with_a_gap(log: &Journal<Kv>) -> Ghost {
        let mut ghost = Ghost { gap: true, ..Ghost::default() };
        for (index, entry) in (1..).zip(&log[..4]) {
            let (term, record) = (Some(entry.term), Some(record(entry)));
            ghost.digest.add(record.unwrap_or(0));
            let digest = (index < 3).then(|| ghost.digest.finish());
            let known = Applied { by: 1, term, record, digest };
            ghost
                .applied
                .put(index, if index == 3 { Applied { term: None, record: None, ..known } } else { known });
        }
        ghost
    }

    fn log() -> Journal<Kv> {
        let mut log = Journal::<Kv>::default();
        (0..4).for_each(|value| log.push(Entry { term: 1, command: Command::Apply(Op::Put(0, value)) }));
        log
    }

    fn digests(ghost: &Ghost) -> [Option<u64>; 4] {
        [1, 2, 3, 4].map(|index| ghost.applied.get(index).and_then(|fact| fact.digest))
    }

    #[test]
    fn a_gap_is_closed_by_a_snapshot_that_stands_for_it() {
        let mut log = log();
        let whole = with_a_gap(&log).digest;
        for end in [3, 4] {
            let mut ghost = with_a_gap(&log);
            assert_eq!(digests(&ghost)[2..], [None, None]);
            ghost.believe::<Kv>(&log);
            assert!(ghost.gap, "there is no snapshot of it yet");
            log.compact(end, Snapshot { term: 1, ..Snapshot::default() });
            ghost.believe::<Kv>(&log);
            assert!(!ghost.gap && digests(&ghost).iter().skip(end - 1).all(Option::is_some));
            assert_eq!((digests(&ghost)[3], ghost.digest), (Some(whole.finish()), whole));
            log = self::log();
        }
    }

    #[test]
    fn a_snapshot_that_ends_with_another_entry_than_was_applied_is_not_believed() {
        let mut log = log();
        let mut ghost = with_a_gap(&log);
        log.compact(4, Snapshot { term: 2, ..Snapshot::default() });
        ghost.believe::<Kv>(&log);
        assert!(ghost.gap && digests(&ghost)[3].is_none());
    }
}
