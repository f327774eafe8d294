//! Logs: files of records that grow at their end, and whose beginning a snapshot can replace.

use super::{Durable, End, Part};
use crate::{digest::Digest, rng::Rng};
use alloc::{boxed::Box, collections::BTreeSet, vec::Vec};
use core::{
    fmt::Debug,
    hash::{Hash, Hasher},
    mem::{replace, take},
    ops::Deref,
};

/// An append-only file of records whose end can be cut off, and whose first records a [`Snapshot`] can replace.
///
/// A crash keeps the synced records and a prefix of what was appended since. Cutting is a write too: records that were
/// cut off since the last sync may be back after a crash. A snapshot replaces what it stands for in one step, as databases
/// have it with a new file and a rename: after a crash there is the one or the other.
///
/// Records are counted from the first that was ever appended: those that the snapshot stands for have numbers too. As a
/// slice, the log is the records after the snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log<T, H = ()> {
    snapshot: Snapshot<H>,
    items: Vec<T>,
    synced: Image<T, H>,
    flight: Option<Image<T, H>>,
    /// Durable records that rotted; any one that the snapshot stands for is the snapshot itself.
    damaged: BTreeSet<usize>,
}

/// What the first records of a log have come to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Snapshot<H> {
    /// What they have come to.
    pub state: H,
    len: usize,
    digest: Digest,
}

impl<H> Snapshot<H> {
    /// How many records it stands for. No log has none of these.
    #[allow(clippy::len_without_is_empty, reason = "it is no container")]
    pub fn len(&self) -> usize {
        self.len
    }
    /// The [`Digest`] of the digests of all records that it stands for. Two that stand for the same have the same.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

/// What the platter holds: what was dropped from the front of the log since, then the first `len` records of the log as it is
/// now, then records that were cut off since.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Image<T, H> {
    /// The snapshot that was replaced since, and the records that followed it.
    front: Option<Box<(Snapshot<H>, Vec<T>)>>,
    len: usize,
    cut: Vec<T>,
}

impl<T, H> Image<T, H> {
    fn of(len: usize) -> Image<T, H> {
        Image { front: None, len, cut: Vec::new() }
    }

    /// The records after its snapshot, without those that were cut off since.
    fn kept(&self) -> usize {
        self.front.as_ref().map_or(0, |front| front.1.len()) + self.len
    }

    /// The records that its snapshot stands for, where `now` are those of the log's.
    fn start(&self, now: usize) -> usize {
        self.front.as_ref().map_or(now, |front| front.0.len)
    }
}

impl<T: Clone, H: Clone> Image<T, H> {
    /// The log loses all but its first `len` records.
    fn truncate(&mut self, items: &[T], len: usize) {
        if len < self.len {
            self.cut.splice(0..0, items[len..self.len].iter().cloned());
            self.len = len;
        }
    }

    /// The log loses its snapshot, and these first records.
    fn drop_front(&mut self, snapshot: &Snapshot<H>, dropped: &[T]) {
        let shared = self.len.min(dropped.len());
        let front = self.front.get_or_insert_with(|| Box::new((snapshot.clone(), Vec::new())));
        front.1.extend_from_slice(&dropped[..shared]);
        self.len -= shared;
    }
}

impl<T, H: Default> Default for Log<T, H> {
    fn default() -> Self {
        let snapshot = Snapshot { state: H::default(), len: 0, digest: Digest::new() };
        Log { snapshot, items: Vec::new(), synced: Image::of(0), flight: None, damaged: BTreeSet::new() }
    }
}

impl<T, H> Log<T, H> {
    /// The snapshot: of nothing, if there is none.
    pub fn snapshot(&self) -> &Snapshot<H> {
        &self.snapshot
    }
    /// The number of records that the snapshot stands for: the first record of the slice has this number, from 0.
    pub fn start(&self) -> usize {
        self.snapshot.len
    }
    /// The number of records, with those that the snapshot stands for.
    pub fn end(&self) -> usize {
        self.snapshot.len + self.items.len()
    }
    /// The number of durable records, with those that the durable snapshot stands for: no process can tell, but proofs are
    /// about it.
    pub fn durable(&self) -> usize {
        self.synced.start(self.snapshot.len) + self.synced.kept()
    }
}

impl<T: Clone, H: Clone> Log<T, H> {
    /// Appends a record.
    pub fn push(&mut self, item: T) {
        self.items.push(item);
    }

    /// Cuts the log down to its first `len` records, with those that the snapshot stands for.
    ///
    /// # Panics
    /// When the snapshot stands for more.
    pub fn truncate(&mut self, len: usize) {
        let len = len.checked_sub(self.snapshot.len).expect("a snapshot cannot be cut");
        self.synced.truncate(&self.items, len);
        if let Some(flight) = &mut self.flight {
            flight.truncate(&self.items, len);
        }
        self.items.truncate(len);
    }

    /// Replaces the whole log by a snapshot that somebody else made.
    pub fn install(&mut self, snapshot: Snapshot<H>) {
        self.truncate(self.snapshot.len);
        self.become_headed(snapshot, 0);
    }

    fn become_headed(&mut self, snapshot: Snapshot<H>, dropped: usize) {
        for image in [Some(&mut self.synced), self.flight.as_mut()].into_iter().flatten() {
            image.drop_front(&self.snapshot, &self.items[..dropped]);
        }
        self.items.drain(..dropped);
        self.snapshot = snapshot;
    }
}

impl<T: Clone + Hash, H: Clone> Log<T, H> {
    /// Replaces the first `len` records, with those that the last snapshot stands for, by what they have come to.
    ///
    /// # Panics
    /// When there are fewer, or the last snapshot stands for more.
    pub fn compact(&mut self, len: usize, state: H) {
        assert!(len <= self.end(), "the log has {} records, not {len}", self.end());
        let dropped = len.checked_sub(self.snapshot.len).expect("a snapshot cannot be taken apart");
        let digest = running(self.snapshot.digest, &self.items[..dropped]);
        self.become_headed(Snapshot { state, len, digest }, dropped);
    }
}

fn running<T: Hash>(mut digest: Digest, items: &[T]) -> Digest {
    for item in items {
        let mut record = Digest::new();
        item.hash(&mut record);
        digest.add(record.finish());
    }
    digest
}

impl<T, H> Deref for Log<T, H> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.items
    }
}

impl<T: Hash, H: Hash> Hash for Image<T, H> {
    fn hash<S: Hasher>(&self, hasher: &mut S) {
        (self.len, &self.cut).hash(hasher);
        if let Some(front) = &self.front {
            front.hash(hasher);
        }
    }
}

impl<T: Hash, H: Hash> Hash for Log<T, H> {
    fn hash<S: Hasher>(&self, hasher: &mut S) {
        (&self.items, &self.synced, &self.flight).hash(hasher);
        if self.snapshot.len > 0 {
            self.snapshot.hash(hasher);
        }
        if !self.damaged.is_empty() {
            self.damaged.hash(hasher);
        }
    }
}

impl<T: Clone + Debug + Hash + 'static, H: Clone + Debug + Default + Hash + 'static> Durable for Log<T, H> {
    fn parts(&mut self, visit: &mut impl FnMut(&mut dyn Part)) {
        visit(self);
    }
}

impl<T: Clone + Debug + Hash + 'static, H: Clone + Debug + Default + Hash + 'static> Part for Log<T, H> {
    fn flush(&mut self) {
        self.flight = Some(Image::of(self.items.len()));
    }
    fn flushed(&mut self) {
        let before = self.durable();
        let replaced = self.synced.front.is_some();
        self.synced = self.flight.take().expect("a sync that ends has begun");
        // What was cut off and written anew is whole again, and so is a new snapshot.
        if !self.damaged.is_empty() {
            let start = if replaced { self.synced.start(self.snapshot.len) } else { 0 };
            self.damaged.retain(|&record| record < before && record >= start);
        }
    }
    fn dirty(&self) -> u64 {
        let Image { front, len, cut } = self.flight.as_ref().unwrap_or(&self.synced);
        (self.items.len() - len) as u64 + u64::from(!cut.is_empty()) + u64::from(front.is_some())
    }
    fn crash(&mut self, end: End, rng: &mut Rng) -> u64 {
        let flight = self.flight.take();
        let (durable, written) = (self.durable(), self.end());
        self.damaged.retain(|&record| record < durable);
        match end {
            End::PowerLost => self.lose_power(flight, rng),
            End::Killed => match rng.below(3) {
                0 => self.become_image(None),
                1 => self.become_image(flight),
                // The cuts and the snapshot reached the platter, and a part of what was appended after them.
                _ => {
                    let torn = rng.range(self.synced.len as u64, self.items.len() as u64 + 1) as usize;
                    self.items.truncate(torn);
                }
            },
        }
        self.synced = Image::of(self.items.len());
        written.saturating_sub(self.end()) as u64
    }
    fn records(&self) -> u64 {
        self.durable() as u64
    }
    fn damage(&mut self, record: u64) -> bool {
        let within = (record as usize) < self.synced.start(self.snapshot.len);
        self.damaged.insert(if within { 0 } else { record as usize })
    }
    fn damages(&self) -> u64 {
        self.damaged.len() as u64
    }
    /// Nothing is known of fewer records than the snapshot stands for.
    fn prefix(&self, records: u64) -> Option<u64> {
        let (snapshot, front) = match &self.synced.front {
            None => (&self.snapshot, &[][..]),
            Some(front) => (&front.0, &front.1[..]),
        };
        let wanted = (records as usize).checked_sub(snapshot.len).filter(|&n| n <= self.synced.kept())?;
        let first = wanted.min(front.len());
        let digest = running(snapshot.digest, &front[..first]);
        Some(running(digest, &self.items[..wanted - first]).finish())
    }
    fn cut_damage(&mut self) {
        let Some(&first) = self.damaged.first() else { return };
        let whole = take(self);
        if let Some(kept) = first.checked_sub(whole.snapshot.len) {
            *self = Log { snapshot: whole.snapshot, items: whole.items, ..Log::default() };
            self.items.truncate(kept);
            self.synced.len = kept;
        }
    }
}

impl<T, H> Log<T, H> {
    /// Of a sync under way that only appends a prefix remains; of one that cuts nothing, and of one that replaces the
    /// snapshot all or nothing.
    fn lose_power(&mut self, flight: Option<Image<T, H>>, rng: &mut Rng) {
        let durable = self.synced.kept();
        let headed = self.snapshot.len;
        let renews = flight.as_ref().is_some_and(|image| image.start(headed) != self.synced.start(headed));
        if renews {
            let done = rng.below(2) == 1;
            return self.become_image(flight.filter(|_| done));
        }
        let appends = self.synced.cut.is_empty();
        let under_way = flight.filter(|image| appends && image.kept() >= durable);
        let most = under_way.as_ref().map(|image| image.kept() + image.cut.len());
        self.become_image(under_way);
        if let Some(most) = most {
            self.items.truncate(rng.range(durable as u64, most as u64 + 1) as usize);
        }
    }

    fn become_image(&mut self, flight: Option<Image<T, H>>) {
        let image = flight.unwrap_or_else(|| replace(&mut self.synced, Image::of(0)));
        self.items.truncate(image.len);
        self.items.extend(image.cut);
        if let Some(front) = image.front {
            let (snapshot, items) = *front;
            self.snapshot = snapshot;
            self.items.splice(0..0, items);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Keys, Purpose};
    use alloc::vec;

    fn crashes(log: &Log<u32>) -> alloc::collections::BTreeSet<Vec<u32>> {
        let keys = Keys::new(1);
        (0..200)
            .map(|i| {
                let mut copy = log.clone();
                Part::crash(&mut copy, End::Killed, &mut keys.stream(Purpose::Disk, 0, i));
                copy.to_vec()
            })
            .collect()
    }

    fn synced(items: &[u32]) -> Log<u32> {
        let mut log = Log::default();
        items.iter().for_each(|&i| log.push(i));
        Part::flush(&mut log);
        Part::flushed(&mut log);
        log
    }

    #[test]
    fn a_crash_keeps_what_was_synced_and_a_prefix_of_the_rest() {
        let mut log = synced(&[1, 2]);
        log.push(3);
        log.push(4);
        let expected = [vec![1, 2], vec![1, 2, 3], vec![1, 2, 3, 4]];
        assert_eq!(crashes(&log), expected.into());
    }

    #[test]
    fn what_was_cut_but_not_synced_may_come_back() {
        let mut log = synced(&[1, 2, 3]);
        log.truncate(1);
        log.push(9);
        assert_eq!(crashes(&log), [vec![1, 2, 3], vec![1], vec![1, 9]].into());
    }

    #[test]
    fn what_is_written_during_a_sync_belongs_to_the_next_one() {
        let mut log = synced(&[1]);
        log.push(2);
        Part::flush(&mut log);
        log.push(3);
        Part::flushed(&mut log);
        assert_eq!(crashes(&log), [vec![1, 2], vec![1, 2, 3]].into());
        Part::flush(&mut log);
        log.truncate(1);
        Part::flushed(&mut log);
        assert!(crashes(&log).contains(&vec![1, 2, 3]), "the cut came after the sync began");
    }

    #[test]
    fn a_power_loss_keeps_what_was_synced_and_a_prefix_of_a_sync_under_way() {
        let keys = Keys::new(1);
        let left = |log: &Log<u32>| -> alloc::collections::BTreeSet<Vec<u32>> {
            let after = |i| {
                let mut copy = log.clone();
                Part::crash(&mut copy, End::PowerLost, &mut keys.stream(Purpose::Disk, 0, i));
                assert_eq!(copy.records(), copy.len() as u64);
                copy.to_vec()
            };
            (0..200).map(after).collect()
        };
        let mut log = synced(&[1]);
        log.push(2);
        log.push(3);
        assert_eq!(left(&log), [vec![1]].into(), "nothing was being synced");
        Part::flush(&mut log);
        log.push(4);
        assert_eq!(left(&log), [vec![1], vec![1, 2], vec![1, 2, 3]].into());
        // What is cut off meanwhile is still part of the sync; what the sync cuts off is there or not.
        log.truncate(2);
        assert_eq!(left(&log), [vec![1], vec![1, 2], vec![1, 2, 3]].into());
        let mut cut = synced(&[1, 2]);
        cut.truncate(1);
        cut.push(9);
        Part::flush(&mut cut);
        assert_eq!(left(&cut), [vec![1, 2]].into());
    }

    /// Whole contents: what the snapshot stands for, and the records after it.
    type Contents = (usize, Vec<u32>);

    fn contents(log: &Log<u32>) -> Contents {
        (log.start(), log.to_vec())
    }

    /// Random writes, syncs, snapshots and crashes, beside whole copies of what each sync covered.
    #[test]
    fn a_crash_leaves_what_was_synced_or_newer_and_never_a_mixture() {
        let keys = Keys::new(7);
        let (mut old_snapshots, mut new_snapshots, mut crashes) = (0, 0, 0);
        for world in 0..400 {
            let mut rng = keys.stream(Purpose::Ops, world, 0);
            let mut log = Log::<u32>::default();
            let (mut durable, mut flight): (Contents, Option<Contents>) = ((0, vec![]), None);
            for step in 0..60 {
                match rng.below(12) {
                    0..5 => log.push(step),
                    5 => log.truncate(rng.range(log.start() as u64, log.end() as u64 + 1) as usize),
                    6 => {
                        let upto = rng.range(log.start() as u64, log.end() as u64 + 1) as usize;
                        log.compact(upto, ());
                    }
                    7 => {
                        let mut other = Log::<u32>::default();
                        (0..log.end() as u32 + 2).for_each(|i| other.push(1000 + i));
                        other.compact(other.end(), ());
                        log.install(other.snapshot().clone());
                    }
                    8 | 9 if flight.is_none() => {
                        Part::flush(&mut log);
                        flight = Some(contents(&log));
                    }
                    8..=10 => {
                        if let Some(covered) = flight.take() {
                            Part::flushed(&mut log);
                            durable = covered;
                            assert_eq!(
                                Part::records(&log),
                                (durable.0 + durable.1.len()) as u64 - log.synced.cut.len() as u64
                            );
                        }
                    }
                    _ => {
                        let end = if rng.below(2) == 0 { End::Killed } else { End::PowerLost };
                        let newest = contents(&log);
                        Part::crash(&mut log, end, &mut rng);
                        let left = contents(&log);
                        let prefix_of = |of: &Contents| of.0 == left.0 && of.1.starts_with(&left.1);
                        let synced = left == durable;
                        let covered = flight
                            .as_ref()
                            .is_some_and(|f| left == *f || end == End::PowerLost && prefix_of(f));
                        let newer = end == End::Killed && prefix_of(&newest);
                        assert!(
                            synced || covered || newer,
                            "{durable:?} {flight:?} {newest:?} became {left:?}"
                        );
                        crashes += 1;
                        old_snapshots += u64::from(left.0 != newest.0);
                        new_snapshots += u64::from(left.0 != durable.0);
                        assert_eq!(Part::records(&log), log.end() as u64);
                        (durable, flight) = (left, None);
                    }
                }
            }
        }
        assert!(
            crashes > 1000 && old_snapshots > 200 && new_snapshots > 200,
            "{crashes} {old_snapshots} {new_snapshots}"
        );
    }

    #[test]
    fn what_a_log_says_does_not_depend_on_its_snapshots() {
        let whole = synced(&[1, 2, 3, 4, 5]);
        let mut log = whole.clone();
        log.compact(2, ());
        assert_eq!(Part::prefix(&log, 1), Part::prefix(&whole, 1), "the snapshot is not durable yet");
        Part::flush(&mut log);
        Part::flushed(&mut log);
        log.compact(4, ());
        Part::flush(&mut log);
        Part::flushed(&mut log);
        assert_eq!(log.to_vec(), [5]);
        assert_eq!(Part::prefix(&log, 3), None);
        assert_eq!(Part::prefix(&log, 4), Part::prefix(&whole, 4));
        assert_eq!(Part::prefix(&log, 5), Part::prefix(&whole, 5));
        assert_eq!(Part::prefix(&log, 6), None);
        assert_ne!(Part::prefix(&synced(&[1, 2, 3, 9]), 4), Part::prefix(&whole, 4));
        assert_eq!(log.snapshot().digest().finish(), Part::prefix(&whole, 4).unwrap());
    }

    #[test]
    fn damage_to_a_snapshot_loses_all_and_a_new_snapshot_is_whole() {
        let mut log = synced(&[1, 2, 3]);
        log.compact(2, ());
        Part::flush(&mut log);
        Part::flushed(&mut log);
        assert!(Part::damage(&mut log, 1));
        assert!(!Part::damage(&mut log, 0), "the same record");
        let mut cut = log.clone();
        Part::cut_damage(&mut cut);
        assert_eq!(contents(&cut), (0, vec![]));
        log.compact(3, ());
        Part::flush(&mut log);
        Part::flushed(&mut log);
        assert_eq!(Part::damages(&log), 0);
        let mut tail = synced(&[1, 2, 3]);
        tail.compact(1, ());
        Part::flush(&mut tail);
        Part::flushed(&mut tail);
        Part::damage(&mut tail, 2);
        Part::cut_damage(&mut tail);
        assert_eq!((contents(&tail), Part::records(&tail)), ((1, vec![2]), 2));
    }
}
