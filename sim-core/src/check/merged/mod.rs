//! What clients saw of counters and sets: whether every acknowledged update is there in the end, once, and whether all servers
//! tell the same. For services whose replicas answer by themselves and merge what they have (Shapiro, Preguiça, Baquero and
//! Zawirski, "Conflict-free replicated data types", 2011).
//!
//! **Model.** Under each key lies a counter, or one element of a set; [`crate::spec::Spec::merge`] says which calls do what.
//! Updates of a counter commute, so what it should show does not depend on their order: an acknowledged update counts once, and
//! one without an answer once or not at all. An element is there for certain if an acknowledged addition was called when all
//! removals were over, for no removal can have seen it; and it is not there if nobody ever added it. Of additions and
//! removals that overlap, and of a removal after an addition elsewhere that it need not have heard of, nothing is said.
//!
//! What counts is requests: where the network doubles one on its way, and the service takes it twice, a counter shows more than
//! anybody counted, and an element may be removed again after it was added. That is said as what it is, for clients see it.
//!
//! Only reads at [`Rest`] are judged: updates travel.
//!
//! **Cost.** Calls times the logarithm of calls.

#[cfg(test)]
mod tests;

use super::register::Rest;
use crate::{
    history::{History, Outcome},
    protocol::NodeId,
    spec::{Merge, Spec},
    time::Time,
};
use alloc::{collections::BTreeMap, vec::Vec};

/// The counters and elements of a history, whatever its specification. Calls are indices into [`History::calls`].
#[derive(Clone, Debug, Default)]
pub struct Merged {
    keys: BTreeMap<u64, Key>,
}

#[derive(Clone, Debug, Default)]
struct Key {
    updates: Vec<Update>,
    /// By time of the call, then by call.
    reads: Vec<Read>,
    /// When the last update ended, or was called if it was not answered.
    written: Time,
}

#[derive(Clone, Copy, Debug)]
struct Update {
    what: Merge,
    called: Time,
    /// `None` without an answer.
    ended: Option<Time>,
}

#[derive(Clone, Copy, Debug)]
struct Read {
    call: usize,
    server: NodeId,
    called: Time,
    shown: Shown,
}

/// What a read showed, or what one may show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A counter between these, both included.
    Count(i64, i64),
    /// An element that is there, or is not.
    Element(bool),
}

/// What became of updates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Counters and elements that were read at rest, and of which it is known what they should show.
    pub keys: usize,
    /// Their acknowledged updates.
    pub updates: usize,
    /// One for each that shows something else, by key.
    pub wrong: Vec<Wrong>,
}

/// A counter or element that does not show what was done to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The key.
    pub key: u64,
    /// The first read at rest that shows it, by call.
    pub read: usize,
    /// What it should show.
    pub wanted: Shown,
}

/// Whether servers agree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// Counters and elements that at least two servers were asked for at rest.
    pub judged: usize,
    /// Those on which they differ, but an update without an answer may have come in between.
    pub open: usize,
    /// The last reads at rest of two servers, by call, one for each key on which servers differ.
    pub differ: Vec<(u64, [usize; 2])>,
}

impl Merged {
    /// Of `history`; `None` if its specification has none.
    pub fn of<S: Spec>(history: &History<S>) -> Option<Merged> {
        if !S::MERGES {
            return None;
        }
        let mut merged = Merged::default();
        for (call, made) in history.calls.iter().enumerate() {
            let (ret, ended) = match &made.outcome {
                Outcome::Ok(ret, at) => (Some(ret), Some((*at).max(made.called))),
                Outcome::Unknown => (None, None),
                Outcome::Refused(_) => continue,
            };
            let Some(what) = S::merge(&made.op, ret) else { continue };
            let key = merged.keys.entry(S::key(&made.op)).or_default();
            let shown = match what {
                Merge::Counted(count) => Shown::Count(count, count),
                Merge::Contains(there) => Shown::Element(there),
                Merge::Count(_) | Merge::Add | Merge::Remove => {
                    key.written = key.written.max(ended.unwrap_or(made.called));
                    key.updates.push(Update { what, called: made.called, ended });
                    continue;
                }
            };
            key.reads.push(Read { call, server: made.server, called: made.called, shown });
        }
        merged.keys.values_mut().for_each(|key| key.reads.sort_by_key(|read| (read.called, read.call)));
        Some(merged)
    }

    /// Whether every acknowledged update is there, once.
    pub fn kept(&self, rest: Rest) -> Kept {
        let mut kept = Kept::default();
        for (&name, key) in &self.keys {
            let reads = key.at_rest(rest);
            let Some(wanted) = key.wanted().filter(|_| !reads.is_empty()) else { continue };
            kept.keys += 1;
            kept.updates += key.updates.iter().filter(|update| update.ended.is_some()).count();
            let wrong = reads.iter().find(|read| !read.shown.within(wanted));
            kept.wrong.extend(wrong.map(|read| Wrong { key: name, read: read.call, wanted }));
        }
        kept
    }

    /// Whether all servers show the same.
    pub fn agreement(&self, rest: Rest) -> Agreement {
        let mut found = Agreement::default();
        for (&name, key) in &self.keys {
            let last: BTreeMap<NodeId, &Read> =
                key.at_rest(rest).iter().map(|read| (read.server, read)).collect();
            let mut all = last.values();
            let (Some(one), true) = (all.next(), last.len() > 1) else { continue };
            match all.find(|other| other.shown != one.shown) {
                None => found.judged += 1,
                // What nobody answered may arrive at any time.
                Some(_) if key.updates.iter().any(|update| update.ended.is_none()) => found.open += 1,
                Some(other) => {
                    found.judged += 1;
                    let mut reads = [one.call, other.call];
                    reads.sort_unstable();
                    found.differ.push((name, reads));
                }
            }
        }
        found
    }
}

impl Key {
    fn at_rest(&self, rest: Rest) -> &[Read] {
        let begins = rest.begins(self.written);
        &self.reads[self.reads.partition_point(|read| read.called <= begins)..]
    }

    /// What it should show, if that is known.
    fn wanted(&self) -> Option<Shown> {
        match self.reads.first()?.shown {
            Shown::Count(..) => Some(self.counted()),
            Shown::Element(_) => self.there().map(Shown::Element),
        }
    }

    fn counted(&self) -> Shown {
        let (mut low, mut high) = (0_i64, 0_i64);
        for update in &self.updates {
            let Merge::Count(by) = update.what else { continue };
            let sure = update.ended.is_some();
            low = low.saturating_add(if sure || by < 0 { by } else { 0 });
            high = high.saturating_add(if sure || by > 0 { by } else { 0 });
        }
        Shown::Count(low, high)
    }

    fn there(&self) -> Option<bool> {
        let of = |what| self.updates.iter().filter(move |update| update.what == what);
        if of(Merge::Add).next().is_none() {
            return Some(false);
        }
        // The moment after which nobody removes any more; never, if that is not known.
        let removed = of(Merge::Remove).map(|update| update.ended.unwrap_or(Time::MAX)).max();
        let stays = |add: &Update| add.ended.is_some() && removed.is_none_or(|removed| removed < add.called);
        of(Merge::Add).any(stays).then_some(true)
    }
}

impl Shown {
    fn within(self, wanted: Shown) -> bool {
        match (self, wanted) {
            (Shown::Count(low, high), Shown::Count(least, most)) => least <= low && high <= most,
            (Shown::Element(found), Shown::Element(wanted)) => found == wanted,
            (Shown::Count(..), Shown::Element(_)) | (Shown::Element(_), Shown::Count(..)) => false,
        }
    }
}
