//! Each server as it was seen last, so that a look at it costs what has changed.

use super::facts::record;
use crate::raft::{Journal, Raft, Standing, last, term_at};
use sim_core::prelude::*;

#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Seen {
    /// For how many entries its snapshot stands.
    pub(super) start: usize,
    /// The entries after it.
    entries: Vec<Known>,
    /// What it has applied as a leader and was not durable when it was seen: index, entry, and the term that it led.
    pub(super) tentative: VecDeque<(usize, Known, u64)>,
    pub(super) glance: Glance,
}

/// What tells at a glance whether anything changed at a server that properties look at. Logs are cut and appended to,
/// nothing else, so one that ends as it did is as it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Glance {
    /// Term and index of its last entry.
    last: (u64, usize),
    pub(super) start: usize,
    pub(super) applied: usize,
    /// How much it has applied beyond that, and may forget again.
    pub(super) tentative: usize,
    /// The term that it leads, and that in which it is a candidate; 0 if it does not, and is not.
    pub(super) leads: u64,
    pub(super) campaigns: u64,
}

impl Glance {
    /// A leader that is the only voter, if only within one event, applies before its disk is done, and only its answers wait:
    /// what a crash takes back nobody was told of. So that counts as applied when it is durable.
    #[inline]
    pub(super) fn at<S: Spec>(view: &View<'_, Raft<S>>, node: NodeId, seen: &Seen) -> Glance {
        let log = &view.disk(node).log;
        let (last, start) = (last(log), log.start());
        let Some(state) = view.state(node) else { return Glance { last, start, ..Glance::default() } };
        let (leads, campaigns) = match state.standing {
            Standing::Follower | Standing::PreCandidate { .. } => (0, 0),
            Standing::Candidate { .. } => (0, state.term),
            Standing::Leader { .. } => (state.term, 0),
        };
        let careful = leads != 0 || seen.glance.leads != 0 || !seen.tentative.is_empty();
        let applied = if careful { state.applied.min(log.durable()) } else { state.applied };
        Glance { last, start, applied, tentative: state.applied - applied, leads, campaigns }
    }
}

/// An entry by its term, and as the digest of a snapshot takes it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Known {
    pub(super) term: u64,
    pub(super) record: u64,
}

impl Seen {
    /// The index of the last entry.
    pub(super) fn end(&self) -> usize {
        self.start + self.entries.len()
    }

    pub(super) fn get(&self, index: usize) -> Option<Known> {
        self.entries.get(index.checked_sub(self.start + 1)?).copied()
    }

    /// The first index at which `log` is another one than was seen. Logs are cut and appended to, nothing else, so the last
    /// index that agrees is found from the end.
    pub(super) fn first_change<S: Spec>(&self, log: &Journal<S>) -> usize {
        let start = log.start();
        let mut kept = if self.goes_on(log) { self.end().min(log.end()) } else { start };
        while kept > start && self.entries[kept - self.start - 1].term != term_at(log, kept) {
            kept -= 1;
        }
        kept + 1
    }

    /// Sees what `log` holds from index `first` on, where it is another one than was seen. What was seen of what is in its
    /// snapshot by now is kept until [`Seen::compact`], unless that is a snapshot of other entries.
    pub(super) fn see<S: Spec>(&mut self, first: usize, log: &Journal<S>) {
        if !self.goes_on(log) {
            (self.start, self.entries) = (log.start(), Vec::new());
        }
        self.entries.truncate(first - self.start - 1);
        let new = &log[first - log.start() - 1..];
        self.entries.extend(new.iter().map(|entry| Known { term: entry.term, record: record(entry) }));
    }

    /// Whether `log` begins as what was seen: with the same snapshot, or one of entries that were seen.
    fn goes_on<S: Spec>(&self, log: &Journal<S>) -> bool {
        let snapshot = log.snapshot();
        let end = snapshot.len();
        end == self.start || self.get(end).is_some_and(|last| last.term == snapshot.state.term)
    }

    /// A snapshot stands for so many entries, which are not needed any more.
    pub(super) fn compact(&mut self, start: usize) {
        self.entries.drain(..start - self.start);
        self.start = start;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kv::{Kv, Op},
        raft::{Command, Entry, Snapshot},
    };
    use sim_core::{
        disk::{End, Part},
        rng::{Keys, Purpose},
    };

    type Log = Journal<Kv>;
    /// All entries of a log, with those that its snapshot stands for.
    type Whole = Vec<Known>;

    fn known(log: &Log) -> impl Iterator<Item = Known> {
        log.iter().map(|entry| Known { term: entry.term, record: record(entry) })
    }

    fn append(log: &mut Log, term: u64, value: u64) {
        log.push(Entry { term, command: Command::Apply(Op::Put(0, value)) });
    }

    fn compact(log: &mut Log, whole: &Whole, end: usize) {
        let term = end.checked_sub(1).map_or(0, |last| whole[last].term);
        log.compact(end, Snapshot { term, ..Snapshot::default() });
    }

    /// Appends, cuts, snapshots of its own and of others, syncs and crashes in any order.
    #[test]
    fn a_log_is_seen_as_it_is_whatever_became_of_it() {
        for case in 0..300 {
            let rng = &mut Keys::new(case).stream(Purpose::Test, 0, 0);
            let (mut log, mut seen, mut term) = (Log::default(), Seen::default(), 1);
            let mut before = Whole::new();
            // What each snapshot stands for, by its digest.
            let mut wholes = BTreeMap::from([(log.snapshot().digest().finish(), Whole::new())]);
            for value in 0..300 {
                let (start, end) = (log.start() as u64, log.end() as u64 + 1);
                match rng.below(16) {
                    0 => {
                        log.truncate(rng.range(start, end) as usize);
                        term += 1;
                    }
                    1 => compact(&mut log, &before, rng.range(start, end) as usize),
                    2 => {
                        // Another's log begins as this one does, and goes on in another way.
                        let same = rng.below(end) as usize;
                        let mut whole = before[..same].to_vec();
                        let mut other = Log::default();
                        term += 1;
                        (0..=rng.below(6)).for_each(|_| append(&mut other, term, value));
                        whole.extend(known(&other));
                        let mut snapshot = Log::default();
                        whole.iter().for_each(|entry| append(&mut snapshot, entry.term, value));
                        compact(&mut snapshot, &whole, whole.len());
                        wholes.insert(snapshot.snapshot().digest().finish(), whole);
                        log.install(snapshot.snapshot().clone());
                        term += 1;
                    }
                    3 => {
                        Part::crash(&mut log, [End::Killed, End::PowerLost][rng.below(2) as usize], rng);
                        term += 1;
                    }
                    4 | 5 => {
                        Part::flush(&mut log);
                        Part::flushed(&mut log);
                    }
                    _ => (0..rng.below(3)).for_each(|_| append(&mut log, term, value)),
                }
                let digest = log.snapshot().digest().finish();
                let mut now = wholes.get(&digest).unwrap_or(&before)[..log.start()].to_vec();
                wholes.entry(digest).or_insert_with(|| now.clone());
                now.extend(known(&log));

                // After a crash an older snapshot may be back, and entries that were not seen as such.
                let lost = log.start() < seen.start;
                let first = seen.first_change(&log);
                seen.see(first, &log);
                let agree = before.iter().zip(&now).take_while(|(before, now)| before == now).count();
                assert_eq!(first, if lost { log.start() } else { agree.max(log.start()) } + 1);
                assert_eq!(seen.end(), log.end());
                for index in 1..=log.end() {
                    assert!(seen.get(index).is_none_or(|entry| entry == now[index - 1]), "at index {index}");
                }
                seen.compact(log.start());
                assert!(seen.get(log.start()).is_none());
                assert!((log.start() + 1..=log.end()).all(|index| seen.get(index) == Some(now[index - 1])));
                before = now;
            }
        }
    }
}
