//! History variables of Dynamo: what was written, answered and kept, and what an event changed of that.

use super::{Copies, Dynamo, Record, Versions, clock::VectorClock, object::Object, object::Version};
use sim_core::prelude::*;

/// History variables.
#[derive(Clone, Debug, Default, Hash)]
pub struct Ghost {
    pub(super) seen: Vec<Seen>,
    /// What was ever stored, by key and clock.
    written: BTreeMap<(u64, VectorClock), Version>,
    /// Versions that were found beside others of which neither superseded the other, by key and clock.
    concurrent: BTreeSet<(u64, VectorClock)>,
    /// The answered writes of each key that no other answered one supersedes.
    pub(super) answered: BTreeMap<u64, Object>,
    pub(super) news: News,
}

/// A node as it was seen last.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Seen {
    /// What its log says, and what is durable of that.
    pub(super) log: Replayed,
    pub(super) durable: Replayed,
    /// Versions that it was the first to store and may still lose: where in its log.
    fresh: Vec<(usize, u64, VectorClock)>,
    /// Writes that it answered, with the length of its log then: the answer is out once so much is durable.
    answers: Vec<(usize, u64, Version)>,
    /// In this life.
    answered: u64,
    done: super::Done,
}

#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Replayed {
    len: usize,
    pub(super) copies: Copies,
}

/// What an event changed at a node.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct News {
    pub(super) answered: Option<(u64, Version)>,
    pub(super) recorded: bool,
    pub(super) siblings: bool,
    /// So many versions turned out to be concurrent with one that was there, and not known to be.
    pub(super) conflicts: u64,
    pub(super) hinted: bool,
    pub(super) handed: bool,
    pub(super) repaired: bool,
    pub(super) evened: bool,
    /// Keys of which it dropped a copy.
    pub(super) dropped: Vec<u64>,
    /// It holds nothing any more that has seen this version of a key.
    pub(super) lost: Option<(u64, Version)>,
    pub(super) twice: Option<(u64, Version, Version)>,
}

impl sim_core::property::Ghost<Dynamo> for Ghost {
    fn observe(&mut self, view: &View<'_, Dynamo>, changed: NodeId) -> bool {
        self.seen.resize(view.nodes.len(), Seen::default());
        self.news = News::default();
        self.look_at_log(view, changed);
        let running = view.nodes.iter().find_map(|node| node.state.as_ref());
        let rule = running.map_or(Versions::Siblings, |state| state.config.versions);
        let seen = &mut self.seen[view.index(changed)];
        if let Some(state) = view.state(changed) {
            if state.answered.0 > seen.answered {
                self.news.answered = state.answered.1.clone();
            }
            self.news.handed = state.done.handed > seen.done.handed;
            self.news.repaired = state.done.repaired > seen.done.repaired;
            self.news.evened = state.done.evened > seen.done.evened;
            (seen.answered, seen.done) = (state.answered.0, state.done);
        }
        if let Some((key, version)) = self.news.answered.clone() {
            seen.answers.push((view.disk(changed).log.len(), key, version));
        }
        let down = view.state(changed).is_none();
        if down || self.news.answered.is_some() || !self.news.dropped.is_empty() {
            self.look_at_disks(view, rule);
        }
        if down {
            // What waited for its disk was never said.
            let seen = &mut self.seen[view.index(changed)];
            seen.answers.clear();
            (seen.answered, seen.done) = (0, super::Done::default());
        }
        let News { answered, recorded, handed, repaired, evened, .. } = &self.news;
        answered.is_some() || *recorded || *handed || *repaired || *evened
    }
}

impl Ghost {
    fn look_at_disks(&mut self, view: &View<'_, Dynamo>, rule: Versions) {
        for (seen, node) in self.seen.iter_mut().zip(view.nodes) {
            let (log, records) = (&node.disk.log, node.disk.log.records() as usize);
            seen.durable.follow(log, records, |_, _, _| {});
            for (_, key, version) in seen.answers.extract_if(.., |(len, ..)| *len <= records) {
                self.answered.entry(key).or_default().merge(&Object::new(version), rule);
            }
        }
    }

    fn look_at_log(&mut self, view: &View<'_, Dynamo>, changed: NodeId) {
        let Ghost { seen, written, concurrent, news, .. } = self;
        let log = &view.disk(changed).log;
        let Seen { log: replayed, fresh, .. } = &mut seen[view.index(changed)];
        fresh.retain(|(place, ..)| *place >= log.records() as usize);
        let Some(state) = view.state(changed).filter(|_| log.len() >= replayed.len) else {
            // A crash took the end: what nobody else had stored was never written. The rest was looked at before.
            for (_, key, clock) in fresh.drain(..) {
                written.remove(&(key, clock));
            }
            return replayed.follow(log, log.len(), |_, _, _| {});
        };
        let rule = state.config.versions;
        replayed.follow(log, log.len(), |place, record, before| {
            news.recorded = true;
            let (key, held, object) = match record {
                Record::Booted => return,
                Record::Own(key, object) => (*key, before.own.get(key), object),
                Record::Hint(key, home, object) => {
                    news.hinted = true;
                    (*key, before.hints.get(&(*key, *home)), object)
                }
                Record::Left(key) | Record::Handed(key, _) => return news.dropped.push(*key),
            };
            news.siblings |= object.versions().len() > 1;
            let there = held.into_iter().flat_map(|held| held.versions()).chain(object.versions());
            // Where clocks decide, nobody asks what there is before writing, and no vector tells who had seen what.
            for version in there.clone().filter(|_| rule == Versions::Siblings) {
                let beside = |other: &Version| version.clock.compare(&other.clock).is_none();
                let Some(other) = there.clone().find(|other| beside(other)) else { continue };
                // Of a pair, one is the conflict.
                let [known, new] =
                    [other, version].map(|version| !concurrent.insert((key, version.clock.clone())));
                news.conflicts += u64::from(!known || !new);
            }
            let lost = held.and_then(|held| held.versions().iter().find(|v| !object.covers(v, rule)));
            if let Some(lost) = lost {
                news.lost = Some((key, lost.clone()));
            }
            for version in object.versions() {
                let first = written.entry((key, version.clock.clone())).or_insert_with(|| {
                    fresh.push((place, key, version.clock.clone()));
                    version.clone()
                });
                if first.value != version.value {
                    news.twice = Some((key, first.clone(), version.clone()));
                }
            }
        });
    }
}

impl Replayed {
    /// Goes on to the first `len` records of a log, and looks at each that is new beside the copies before it; from the
    /// beginning, if there are fewer than before.
    fn follow(&mut self, log: &[Record], len: usize, mut look: impl FnMut(usize, &Record, &Copies)) {
        if len < self.len {
            *self = Replayed::default();
        }
        for (place, record) in log[..len].iter().enumerate().skip(self.len) {
            look(place, record, &self.copies);
            self.copies.apply(record);
        }
        self.len = len;
    }
}
