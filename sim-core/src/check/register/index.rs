//! Reads, and the writes that they found, by key.

use crate::{
    history::{History, Outcome},
    protocol::NodeId,
    spec::Spec,
    time::Time,
};
use alloc::{collections::BTreeMap, vec::Vec};
use core::ops::Range;

/// The reads and writes of registers in a history, whatever its specification. Calls are indices into
/// [`History::calls`].
#[derive(Clone, Debug, Default)]
pub struct Registers {
    /// By key, in ascending order.
    pub(super) keys: Vec<Key>,
    /// By key, then by time of the call, then by call.
    pub(super) reads: Vec<Read>,
    /// By key, then by value.
    pub(super) versions: Vec<Version>,
}

/// Where the reads and the versions of a key are.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) key: u64,
    pub(super) reads: Range<usize>,
    pub(super) versions: Range<usize>,
    /// When the last of its writes ended, or was called if it was not answered.
    pub(super) written: Time,
}

/// A call that told what a register held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    /// Which call.
    pub call: usize,
    /// Who asked.
    pub client: NodeId,
    /// Who answered.
    pub server: NodeId,
    /// When it was made.
    pub called: Time,
    /// When it was answered.
    pub ended: Time,
    /// What it found.
    pub found: Found,
}

/// What a read found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Found {
    /// That nothing was ever written.
    Nothing,
    /// The value of a write, by its place in the index.
    Version(usize),
    /// A value that no call can have written.
    Unheard,
}

/// A write: all calls that write one value to one key, without those that were refused.
#[derive(Clone, Debug)]
pub(super) struct Version {
    pub(super) key: u64,
    pub(super) value: u64,
    /// Whose it is; `None` if several clients write the same.
    pub(super) writer: Option<NodeId>,
    /// When its first call was made.
    pub(super) called: Time,
    /// When it was acknowledged first, and which call that was.
    pub(super) acked: Option<(Time, usize)>,
    /// After this moment it takes effect no more, and it has taken effect if it ever does.
    pub(super) over: Option<Time>,
    /// How many calls.
    pub(super) calls: u32,
    /// Whether one of them was not answered.
    pub(super) unanswered: bool,
}

impl Registers {
    /// Of `history`; `None` if its specification has no registers.
    pub fn of<S: Spec>(history: &History<S>) -> Option<Registers> {
        if !S::REGISTERS {
            return None;
        }
        let (mut found, mut writes) = (Vec::new(), Vec::new());
        for (call, made) in history.calls.iter().enumerate() {
            let (ret, ended) = match &made.outcome {
                // No answer comes before its question.
                Outcome::Ok(ret, at) => (Some(ret), Some((*at).max(made.called))),
                Outcome::Unknown => (None, None),
                Outcome::Refused(_) => continue,
            };
            let Some(access) = S::access(&made.op, ret) else { continue };
            let key = S::key(&made.op);
            if let (Some(value), Some(ended)) = (access.read, ended) {
                let (client, server, called) = (made.client, made.server, made.called);
                found.push((key, value, Read { call, client, server, called, ended, found: Found::Nothing }));
            }
            if let Some(value) = access.written {
                writes.push(Write { key, value, called: made.called, ended, client: made.client, call });
            }
        }
        Some(Registers::joined(found, writes))
    }

    fn joined(mut found: Vec<(u64, Option<u64>, Read)>, writes: Vec<Write>) -> Registers {
        let mut keys: BTreeMap<u64, Key> = BTreeMap::new();
        for write in &writes {
            let of = keys.entry(write.key).or_insert_with(|| Key::new(write.key));
            of.written = of.written.max(write.ended.unwrap_or(write.called));
        }
        let mut versions = versions(writes);
        found.sort_unstable_by_key(|(key, _, read)| (*key, read.called, read.call));
        for (of, value, read) in &mut found {
            let Some(value) = value else { continue };
            read.found = match versions.binary_search_by_key(&(*of, *value), |v| (v.key, v.value)) {
                Ok(version) => {
                    versions[version].seen(read.ended);
                    Found::Version(version)
                }
                Err(_) => Found::Unheard,
            };
        }
        for (place, version) in versions.iter().enumerate() {
            stretch(&mut keys.entry(version.key).or_insert_with(|| Key::new(version.key)).versions, place);
        }
        for (place, (of, ..)) in found.iter().enumerate() {
            stretch(&mut keys.entry(*of).or_insert_with(|| Key::new(*of)).reads, place);
        }
        let reads = found.into_iter().map(|(_, _, read)| read).collect();
        Registers { keys: keys.into_values().collect(), reads, versions }
    }

    /// What a read found is certainly not older than any write that was called until then.
    pub(super) fn stands_for(&self, found: Found) -> Age {
        match found {
            Found::Nothing | Found::Unheard => Age::Start,
            Found::Version(version) => {
                let Version { called, over, unanswered, .. } = self.versions[version];
                // A call without an answer took effect some time, or none did after the first.
                Age::Over(over.filter(|_| !unanswered).unwrap_or(called))
            }
        }
    }

    /// Whether what a read found may be older than what was called then, and may be newer.
    pub(super) fn open(&self, found: Found, called: Time) -> bool {
        let older = self.over(found).is_some_and(|age| age.before(called));
        !older && found != Found::Unheard && self.stands_for(found).before(called)
    }

    /// When what a read found was over: `None` if it may still have been written later, or by nobody. What is there from
    /// the start is older than everything.
    pub(super) fn over(&self, found: Found) -> Option<Age> {
        match found {
            Found::Nothing => Some(Age::Start),
            Found::Version(version) => self.versions[version].over.map(Age::Over),
            Found::Unheard => None,
        }
    }
}

impl Key {
    fn new(key: u64) -> Key {
        Key { key, reads: 0..0, versions: 0..0, written: Time::ZERO }
    }
}

/// Takes in the next place.
fn stretch(range: &mut Range<usize>, place: usize) {
    if range.start == range.end {
        range.start = place;
    }
    range.end = place + 1;
}

/// How old something certainly is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Age {
    /// Older than every write.
    Start,
    /// Over at that moment.
    Over(Time),
}

impl Age {
    /// Whether it is certainly older than what was called then.
    pub(super) fn before(self, called: Time) -> bool {
        match self {
            Age::Start => true,
            Age::Over(at) => at < called,
        }
    }
}

/// A call that wrote, or may have written.
struct Write {
    key: u64,
    value: u64,
    called: Time,
    ended: Option<Time>,
    client: NodeId,
    call: usize,
}

fn versions(mut writes: Vec<Write>) -> Vec<Version> {
    writes.sort_unstable_by_key(|write| (write.key, write.value, write.called, write.call));
    let mut versions: Vec<Version> = Vec::new();
    for write in writes {
        let acked = write.ended.map(|at| (at, write.call));
        match versions.last_mut().filter(|last| (last.key, last.value) == (write.key, write.value)) {
            Some(version) => {
                version.writer = version.writer.filter(|writer| *writer == write.client);
                version.over = version.over.zip(write.ended).map(|(one, other)| one.max(other));
                version.acked = version.acked.into_iter().chain(acked).min();
                version.calls += 1;
                version.unanswered |= write.ended.is_none();
            }
            None => versions.push(Version {
                key: write.key,
                value: write.value,
                writer: Some(write.client),
                called: write.called,
                acked,
                over: write.ended,
                calls: 1,
                unanswered: write.ended.is_none(),
            }),
        }
    }
    versions
}

impl Version {
    /// Somebody was told of it at that moment. A single call has taken effect then, and does so once.
    fn seen(&mut self, at: Time) {
        if self.calls == 1 {
            let at = at.max(self.called);
            self.over = Some(self.over.map_or(at, |over| over.min(at)));
        }
    }
}
