//! Is what was acknowledged still there?
//!
//! An acknowledged write is *lost* when every read of its key at rest finds something certainly older than it, or nothing:
//! neither the write nor anything that may have come after it is there. A write whose key is not read at rest is not
//! judged, one that conflicts with what is there (they overlap) is not counted, and one for which stands only what may be
//! older and may be newer is *open*.
//!
//! One lost write says little about how many others had been made before it and were superseded by it; all that nothing
//! later stands for are counted.

use super::{
    index::{Age, Found, Registers},
    settled::Rest,
};
use crate::time::Time;
use alloc::vec::Vec;

/// What became of acknowledged writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// Keys with an acknowledged write and a read at rest.
    pub keys: usize,
    /// Acknowledged writes of these keys, without the open ones.
    pub judged: usize,
    /// Those of which nobody knows: what is there was tried without an answer, perhaps later than it was called.
    pub open: usize,
    /// Of these, the lost ones.
    pub lost: usize,
    /// The last one that was lost of each key that lost some, by key.
    pub last: Vec<LostWrite>,
}

/// A write that is not there any more. Calls are indices into the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LostWrite {
    /// The key.
    pub key: u64,
    /// The acknowledged call.
    pub write: usize,
    /// A read at rest, which finds the newest of what is there.
    pub read: usize,
    /// How many acknowledged writes of this key are lost.
    pub count: usize,
}

/// Judges every acknowledged write of the keys that are read at rest.
pub fn lost_writes(registers: &Registers, rest: Rest) -> Lost {
    let mut found = Lost::default();
    for key in &registers.keys {
        let mut acked: Vec<(Time, usize)> = registers.versions[key.versions.clone()]
            .iter()
            .filter_map(|version| Some((version.called, version.acked?.1)))
            .collect();
        let reads = rest.reads(registers, key).iter().filter(|read| read.found != Found::Unheard);
        // What is not over may have come after any write.
        let age = |found| registers.over(found).unwrap_or(Age::Over(Time::MAX));
        let newest = reads
            .clone()
            .map(|read| (age(read.found), read.call))
            .max_by_key(|(age, call)| (*age, core::cmp::Reverse(*call)));
        let stands = reads.map(|read| registers.stands_for(read.found)).max();
        let Some(((age, read), stands)) = newest.zip(stands).filter(|_| !acked.is_empty()) else { continue };
        found.keys += 1;
        found.judged += acked.len();
        acked.retain(|(called, _)| stands.before(*called));
        let doubtful = acked.len();
        acked.retain(|(called, _)| age.before(*called));
        found.lost += acked.len();
        found.open += doubtful - acked.len();
        found.judged -= doubtful - acked.len();
        if let Some((_, write)) = acked.iter().max() {
            found.last.push(LostWrite { key: key.key, write: *write, read, count: acked.len() });
        }
    }
    found
}
