//! Disks: what survives a crash.
//!
//! A write changes at once what the process reads, and is durable when a sync that began after it is over. A crash
//! forgets what is not durable, except that the system may have written some of it early; the seed says how much.
//! Protocols that answer before they sync are caught by exactly this.

use crate::rng::Rng;
use alloc::vec::Vec;
use core::{fmt::Debug, hash::Hash, ops::Deref};

/// State that survives a crash, once synced.
///
/// The contract, kept by the engine: a sync begins with `flush` and is over with `flushed`; there is at most one at a
/// time. What is written in between belongs to the next one.
pub trait Durable: Clone + Debug + Default + Hash + 'static {
    /// A sync begins: what is written now is on its way to the platter.
    fn flush(&mut self);
    /// The sync is over: what was written when it began is durable.
    fn flushed(&mut self);
    /// The process died: only what was synced is sure to remain, and what remains is what the next life reads.
    fn crash(&mut self, rng: &mut Rng);
}

/// No disk.
impl Durable for () {
    fn flush(&mut self) {}
    fn flushed(&mut self) {}
    fn crash(&mut self, _: &mut Rng) {}
}

/// Two parts of a disk, synced together.
impl<A: Durable, B: Durable> Durable for (A, B) {
    fn flush(&mut self) {
        self.0.flush();
        self.1.flush();
    }
    fn flushed(&mut self) {
        self.0.flushed();
        self.1.flushed();
    }
    fn crash(&mut self, rng: &mut Rng) {
        self.0.crash(rng);
        self.1.crash(rng);
    }
}

/// One value, replaced atomically.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Cell<T> {
    value: T,
    flight: Option<T>,
    synced: T,
}

impl<T> Cell<T> {
    /// Writes.
    pub fn set(&mut self, value: T) {
        self.value = value;
    }
    /// Reads what was written last, synced or not.
    pub fn get(&self) -> &T {
        &self.value
    }
}

impl<T: Clone + Debug + Default + Hash + 'static> Durable for Cell<T> {
    fn flush(&mut self) {
        self.flight = Some(self.value.clone());
    }
    fn flushed(&mut self) {
        self.synced = self.flight.take().expect("a sync that ends has begun");
    }
    /// The system may have written a newer value early: the old, the one in flight or the newest remains.
    fn crash(&mut self, rng: &mut Rng) {
        let flight = self.flight.take();
        match rng.below(3) {
            0 => {}
            1 => self.synced = flight.unwrap_or_else(|| self.synced.clone()),
            _ => self.synced = self.value.clone(),
        }
        self.value = self.synced.clone();
    }
}

/// An append-only file of records whose end can be cut off.
///
/// A crash keeps the synced records and a prefix of what was appended since. Cutting is a write too: records that were
/// cut off since the last sync may be back after a crash.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Log<T> {
    items: Vec<T>,
    synced: Image<T>,
    flight: Option<Image<T>>,
}

/// What the platter holds: the first `len` records of the log as it is now, then records that were cut off since.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Image<T> {
    len: usize,
    cut: Vec<T>,
}

impl<T: Clone> Image<T> {
    fn truncate(&mut self, items: &[T], len: usize) {
        if len < self.len {
            self.cut.splice(0..0, items[len..self.len].iter().cloned());
            self.len = len;
        }
    }
}

impl<T> Default for Log<T> {
    fn default() -> Self {
        Log { items: Vec::new(), synced: Image { len: 0, cut: Vec::new() }, flight: None }
    }
}

impl<T: Clone> Log<T> {
    /// Appends a record.
    pub fn push(&mut self, item: T) {
        self.items.push(item);
    }
    /// Cuts the log down to its first `len` records.
    pub fn truncate(&mut self, len: usize) {
        self.synced.truncate(&self.items, len);
        if let Some(flight) = &mut self.flight {
            flight.truncate(&self.items, len);
        }
        self.items.truncate(len);
    }
}

impl<T> Deref for Log<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.items
    }
}

impl<T: Clone + Debug + Hash + 'static> Durable for Log<T> {
    fn flush(&mut self) {
        self.flight = Some(Image { len: self.items.len(), cut: Vec::new() });
    }
    fn flushed(&mut self) {
        self.synced = self.flight.take().expect("a sync that ends has begun");
    }
    fn crash(&mut self, rng: &mut Rng) {
        let flight = self.flight.take();
        let durable = self.synced.len;
        match rng.below(3) {
            0 => self.become_image(None),
            1 => self.become_image(flight),
            // The cuts reached the platter, and a part of what was appended after them.
            _ => {
                let torn = rng.range(durable as u64, self.items.len() as u64 + 1) as usize;
                self.items.truncate(torn);
            }
        }
        self.synced = Image { len: self.items.len(), cut: Vec::new() };
    }
}

impl<T> Log<T> {
    fn become_image(&mut self, flight: Option<Image<T>>) {
        let image = flight
            .unwrap_or_else(|| Image { len: self.synced.len, cut: core::mem::take(&mut self.synced.cut) });
        self.items.truncate(image.len);
        self.items.extend(image.cut);
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
                copy.crash(&mut keys.stream(Purpose::Disk, 0, i));
                copy.to_vec()
            })
            .collect()
    }

    fn synced(items: &[u32]) -> Log<u32> {
        let mut log = Log::default();
        items.iter().for_each(|&i| log.push(i));
        log.flush();
        log.flushed();
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
        log.flush();
        log.push(3);
        log.flushed();
        assert_eq!(crashes(&log), [vec![1, 2], vec![1, 2, 3]].into());
        log.flush();
        log.truncate(1);
        log.flushed();
        assert!(crashes(&log).contains(&vec![1, 2, 3]), "the cut came after the sync began");
    }

    #[test]
    fn a_cell_keeps_the_synced_value_or_a_newer_one() {
        let mut cell = Cell::default();
        cell.set(1);
        cell.flush();
        cell.flushed();
        cell.set(2);
        let keys = Keys::new(1);
        let mut seen = [0; 3];
        for i in 0..100 {
            let mut copy = cell.clone();
            copy.crash(&mut keys.stream(Purpose::Disk, 0, i));
            seen[*copy.get() as usize] += 1;
        }
        assert_eq!(seen[0], 0);
        assert!(seen[1] > 20 && seen[2] > 20, "{seen:?}");
    }
}
