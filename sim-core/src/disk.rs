//! Disks: what survives a crash.
//!
//! A write changes at once what the process reads, and is durable when a sync that began after it is over. A crash
//! forgets what is not durable, except that the system may have written some of it early; the seed says how much.
//! Protocols that answer before they sync are caught by exactly this.
//!
//! What was synced may rot. Every record has a checksum, so damage is found when a booting process reads its disk, and
//! not before.

mod log;

use crate::rng::Rng;
use core::{
    fmt::Debug,
    hash::{Hash, Hasher},
};
pub use log::{Log, Snapshot};

/// State that survives a crash, once synced: a disk with its parts, which are synced together.
///
/// The contract, kept by the engine: a sync begins with `flush` and is over with `flushed`; there is at most one at a
/// time. What is written in between belongs to the next one.
pub trait Durable: Clone + Debug + Default + Hash + 'static {
    /// Shows every part, always in the same order.
    fn parts(&mut self, visit: &mut impl FnMut(&mut dyn Part));

    /// A sync begins: what is written now is on its way to the platter.
    fn flush(&mut self) {
        self.parts(&mut |part| part.flush());
    }
    /// The sync is over: what was written when it began is durable.
    fn flushed(&mut self) {
        self.parts(&mut |part| part.flushed());
    }
    /// Records that the next sync has to write.
    fn dirty(&mut self) -> u64 {
        let mut records = 0;
        self.parts(&mut |part| records += part.dirty());
        records
    }
    /// The process died: what was synced remains, and what remains is what the next life reads. The number of records
    /// that are gone.
    fn crash(&mut self, end: End, rng: &mut Rng) -> u64 {
        let mut lost = 0;
        self.parts(&mut |part| lost += part.crash(end, rng));
        lost
    }
    /// Records that are durable.
    fn records(&mut self) -> u64 {
        let mut records = 0;
        self.parts(&mut |part| records += part.records());
        records
    }
    /// Damages the durable record of this number, counted over all parts. Whether there was one that was whole.
    fn damage(&mut self, record: u64) -> bool {
        let (mut first, mut done) = (0, false);
        self.parts(&mut |part| {
            let records = part.records();
            if (first..first + records).contains(&record) {
                done = part.damage(record - first);
            }
            first += records;
        });
        done
    }
    /// Damaged records, as whoever reads the disk finds them by their checksums.
    fn damages(&mut self) -> u64 {
        let mut damages = 0;
        self.parts(&mut |part| damages += part.damages());
        damages
    }
    /// Goes on with what precedes the damage: logs end before their first damaged record, damaged values are new again.
    fn cut_damage(&mut self) {
        self.parts(&mut |part| part.cut_damage());
    }
}

/// How a life ends, as far as its disk is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The process dies: of what was not synced, the system may have written some already.
    Killed,
    /// The power fails: of what was not being synced nothing remains, of a sync under way a prefix. The record after that
    /// is torn: its checksum is wrong, and the next life cuts it off.
    PowerLost,
}

/// A part of a disk: a [`Cell`] or a [`Log`]. The methods are those of [`Durable`], records counted from 0.
#[allow(missing_docs, reason = "said at `Durable`")]
pub trait Part {
    fn flush(&mut self);
    fn flushed(&mut self);
    fn dirty(&self) -> u64;
    fn crash(&mut self, end: End, rng: &mut Rng) -> u64;
    fn records(&self) -> u64;
    fn damage(&mut self, record: u64) -> bool;
    fn damages(&self) -> u64;
    /// What the first so many durable records say, as one number, if there are so many. A value is nobody else's, and says
    /// nothing here.
    fn prefix(&self, records: u64) -> Option<u64>;
    fn cut_damage(&mut self);
}

/// No disk.
impl Durable for () {
    fn parts(&mut self, _: &mut impl FnMut(&mut dyn Part)) {}
}

/// Two disks, synced together.
impl<A: Durable, B: Durable> Durable for (A, B) {
    fn parts(&mut self, visit: &mut impl FnMut(&mut dyn Part)) {
        self.0.parts(visit);
        self.1.parts(visit);
    }
}

/// One value, replaced atomically.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell<T> {
    value: T,
    flight: Option<T>,
    synced: T,
    dirty: bool,
    damaged: bool,
}

impl<T> Cell<T> {
    /// Writes.
    pub fn set(&mut self, value: T) {
        self.value = value;
        self.dirty = true;
    }
    /// Reads what was written last, synced or not.
    pub fn get(&self) -> &T {
        &self.value
    }
    /// What is durable: no process can tell, but proofs are about it.
    pub fn synced(&self) -> &T {
        &self.synced
    }
}

/// What a later life can read of it; whether the next sync has work follows from that.
impl<T: Hash> Hash for Cell<T> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (&self.value, &self.flight, &self.synced).hash(hasher);
        if self.damaged {
            self.damaged.hash(hasher);
        }
    }
}

impl<T: Clone + Debug + Default + Hash + 'static> Durable for Cell<T> {
    fn parts(&mut self, visit: &mut impl FnMut(&mut dyn Part)) {
        visit(self);
    }
}

impl<T: Clone + Debug + Default + Hash + 'static> Part for Cell<T> {
    fn flush(&mut self) {
        self.flight = Some(self.value.clone());
        self.dirty = false;
    }
    fn flushed(&mut self) {
        self.synced = self.flight.take().expect("a sync that ends has begun");
        self.damaged = false;
    }
    fn dirty(&self) -> u64 {
        u64::from(self.dirty)
    }
    /// The system may have written a newer value early: the old, the one in flight or the newest remains.
    fn crash(&mut self, end: End, rng: &mut Rng) -> u64 {
        let flight = self.flight.take();
        let unsynced = u64::from(self.dirty || flight.is_some());
        let kept = match end {
            End::PowerLost => rng.below(2) * u64::from(flight.is_some()),
            End::Killed => rng.below(3),
        };
        match kept {
            0 => {}
            1 => {
                self.damaged &= flight.is_none();
                self.synced = flight.unwrap_or_else(|| self.synced.clone());
            }
            _ => {
                self.damaged &= unsynced == 0;
                self.synced = self.value.clone();
            }
        }
        self.value = self.synced.clone();
        self.dirty = false;
        if kept < 2 { unsynced } else { 0 }
    }
    fn records(&self) -> u64 {
        1
    }
    fn damage(&mut self, _: u64) -> bool {
        !core::mem::replace(&mut self.damaged, true)
    }
    fn damages(&self) -> u64 {
        u64::from(self.damaged)
    }
    fn prefix(&self, _: u64) -> Option<u64> {
        Some(0)
    }
    fn cut_damage(&mut self) {
        if core::mem::take(&mut self.damaged) {
            *self = Cell::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Keys, Purpose};

    #[test]
    fn a_cell_keeps_the_synced_value_or_a_newer_one() {
        let mut cell = Cell::default();
        cell.set(1);
        Part::flush(&mut cell);
        Part::flushed(&mut cell);
        cell.set(2);
        let keys = Keys::new(1);
        let mut seen = [0; 3];
        for i in 0..100 {
            let mut copy = cell.clone();
            Part::crash(&mut copy, End::Killed, &mut keys.stream(Purpose::Disk, 0, i));
            seen[*copy.get() as usize] += 1;
        }
        assert_eq!(seen[0], 0);
        assert!(seen[1] > 20 && seen[2] > 20, "{seen:?}");
    }
}
