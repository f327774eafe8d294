//! Do all servers tell the same in the end?
//!
//! Of each key the last read at rest that each server answered is compared. *Disagreement* is two of them with different
//! findings, all of which were over before the first of these reads was made: nothing was written that could have come in
//! between. A key that fewer than two servers were asked for at rest is not judged, nor is one where a read found a write
//! whose end nobody knows, for it may have come in between.
//!
//! The servers are those whom clients asked. Where these ask others before they answer, it is not their own copies that are
//! compared.

use super::{
    index::{Age, Found, Read, Registers},
    settled::Rest,
};
use crate::{protocol::NodeId, time::Time};
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
        let Some(earliest) = last.values().map(|read| read.called).min().filter(|_| last.len() > 1) else {
            continue;
        };
        match differs(registers, &last, earliest) {
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

/// Two reads that found different things, if there are any; `None` if one of the reads may have found what was written
/// after `earliest`.
fn differs(
    registers: &Registers,
    last: &BTreeMap<NodeId, &Read>,
    earliest: Time,
) -> Option<Option<[usize; 2]>> {
    let mut first: Option<(Found, usize)> = None;
    let mut differs = None;
    for read in last.values() {
        let age: Age = registers.over(read.found)?;
        if !age.before(earliest) {
            return None;
        }
        let (found, call) = *first.get_or_insert((read.found, read.call));
        if found != read.found && differs.is_none() {
            differs = Some([call, read.call]);
        }
    }
    Some(differs)
}
