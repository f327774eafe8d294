//! Copies: what a node holds of keys, how it takes in what it is told of them, and what is on its disk.

use super::{Dynamo, Flaw, Object, Versions};
use sim_core::prelude::*;

/// What survives a crash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Disk {
    /// Whom it knows.
    pub members: Cell<BTreeSet<NodeId>>,
    /// What became of it and its copies, in order: what came after a boot is there only if the boot is.
    pub log: Log<Record>,
}

/// What became of a node and its copies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Record {
    /// It booted: another life begins.
    Booted,
    /// It holds this of a key of its own.
    Own(u64, Object),
    /// The key is not its own any more.
    Left(u64),
    /// It keeps this of a key for another.
    Hint(u64, NodeId, Object),
    /// The other has it.
    Handed(u64, NodeId),
}

/// The copies of a node, as the log tells of them.
#[derive(Clone, Debug, Default, Hash)]
pub struct Copies {
    /// Of its own keys.
    pub(super) own: BTreeMap<u64, Object>,
    /// Of keys that it keeps for others.
    pub(super) hints: BTreeMap<(u64, NodeId), Object>,
}

impl Dynamo {
    /// Takes in what is told of a key, for this node itself or for another, and whether that was news.
    pub(super) fn store(&mut self, key: u64, object: &Object, home: NodeId, ctx: &mut Ctx<Self>) -> bool {
        let held =
            if home == ctx.me { self.copies.own.get(&key) } else { self.copies.hints.get(&(key, home)) };
        let mut merged = held.cloned().unwrap_or_default();
        if self.has(Flaw::Overwrite) {
            merged = Object::default();
        }
        merged.merge(object, self.config.versions);
        if self.has(Flaw::DroppedSibling) {
            merged.keep_last();
        }
        let news = held != Some(&merged);
        if news && home == ctx.me {
            self.record(Record::Own(key, merged), ctx);
        } else if news {
            self.numbers.insert((key, home), self.next);
            self.next += 1;
            self.record(Record::Hint(key, home, merged), ctx);
        }
        // Also where it is no news: the sync that covers it may not be over.
        if !self.has(Flaw::UnsyncedStore) {
            ctx.sync();
        }
        news
    }

    pub(super) fn record(&mut self, record: Record, ctx: &mut Ctx<Self>) {
        self.copies.apply(&record);
        ctx.disk.log.push(record);
    }
}

impl Copies {
    pub(super) fn apply(&mut self, record: &Record) {
        match record {
            Record::Booted => {}
            Record::Own(key, object) => drop(self.own.insert(*key, object.clone())),
            Record::Left(key) => drop(self.own.remove(key)),
            Record::Hint(key, home, object) => drop(self.hints.insert((*key, *home), object.clone())),
            Record::Handed(key, home) => drop(self.hints.remove(&(*key, *home))),
        }
    }

    /// All that is held of a key, whoever it is for.
    pub(super) fn of(&self, key: u64, rule: Versions) -> Object {
        let mut all = self.own.get(&key).cloned().unwrap_or_default();
        for (_, object) in self.hints.range((key, NodeId(0))..=(key, NodeId::NONE)) {
            all.merge(object, rule);
        }
        all
    }
}

impl Durable for Disk {
    fn parts(&mut self, visit: &mut impl FnMut(&mut dyn Part)) {
        visit(&mut self.members);
        visit(&mut self.log);
    }
}
