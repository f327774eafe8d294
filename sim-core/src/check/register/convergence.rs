//! Do all servers tell the same in the end?
//!
//! Of each key the last read at rest that each server answered is compared. *Disagreement* is two of them with different
//! findings, all of which were over before the first of these reads was made: nothing was written that could have come in
//! between. A key that fewer than two servers were asked for at rest is not judged. A read that found a write whose end
//! nobody knows is left out, for that may have come in between; where only such reads differ from the others, the key is
//! *open*.
//!
//! The servers are those whom clients asked. Where these ask others before they answer, it is not their own copies that are
//! compared.

use super::{
    index::{Age, Read, Registers},
    settled::Rest,
};
use crate::protocol::NodeId;
use alloc::{collections::BTreeMap, vec::Vec};

/// Whether servers agree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Convergence {
    /// Keys that were judged.
    pub judged: usize,
    /// Keys left out, because what a read at rest found may have been written then, or by nobody.
    pub open: usize,
    /// One for each key on which servers disagree, by key.
    pub disagreements: Vec<Disagreement>,
}

/// Two servers that tell different things at rest. Calls are indices into the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// The key.
    pub key: u64,
    /// The last reads at rest of two servers, by call.
    pub reads: [usize; 2],
}

/// Judges every key that at least two servers were asked for at rest.
pub fn convergence(registers: &Registers, rest: Rest) -> Convergence {
    let mut found = Convergence::default();
    for key in &registers.keys {
        let last: BTreeMap<NodeId, &Read> =
            rest.reads(registers, key).iter().map(|read| (read.server, read)).collect();
        if last.len() < 2 {
            continue;
        }
        match differs(registers, &last) {
            None => found.open += 1,
            Some(differs) => {
                found.judged += 1;
                found.disagreements.extend(differs.map(|mut reads| {
                    reads.sort_unstable();
                    Disagreement { key: key.key, reads }
                }));
            }
        }
    }
    found
}

/// Two reads that found different things, if there are any; `None` if there are none for certain, but one of the reads may
/// have found what was written later than another was made.
fn differs(registers: &Registers, last: &BTreeMap<NodeId, &Read>) -> Option<Option<[usize; 2]>> {
    let over = |read: &&&Read| registers.over(read.found).is_some();
    let earliest = last.values().filter(over).map(|read| read.called).min()?;
    let settled = |read: &&&Read| registers.over(read.found).is_some_and(|age: Age| age.before(earliest));
    let mut certain = last.values().filter(settled);
    let first = certain.next()?;
    match certain.find(|read| read.found != first.found) {
        Some(other) => Some(Some([first.call, other.call])),
        None if last.values().all(|read| settled(&read)) => Some(None),
        None => None,
    }
}
