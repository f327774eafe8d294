//! State-based replicated data types ("A comprehensive study of Convergent and Commutative Replicated Data Types", Shapiro,
//! Preguiça, Baquero and Zawirski, 2011; numbers are its specifications).
//!
//! The states of each type form a join semilattice: `join` is commutative, associative and idempotent, and an update only
//! moves up. So replicas that have taken in the same updates are equal, in whatever order and however often these came.

use sim_core::prelude::*;

/// A state that can be joined.
pub trait Join: Clone + Default + Eq {
    /// The least state above both.
    fn join(&mut self, other: &Self);

    /// Whether this state has all that `other` has.
    fn includes(&self, other: &Self) -> bool {
        let mut joined = self.clone();
        joined.join(other);
        joined == *self
    }
}

/// A counter that only grows: each replica counts its own (specification 6).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct GCounter(BTreeMap<NodeId, u64>);

impl GCounter {
    /// Counts one for this replica.
    pub fn increment(&mut self, replica: NodeId) {
        let own = self.0.entry(replica).or_insert(0);
        *own = own.saturating_add(1);
    }
    /// What this replica has counted.
    pub fn of(&self, replica: NodeId) -> u64 {
        self.0.get(&replica).copied().unwrap_or(0)
    }
    /// The sum.
    pub fn value(&self) -> u64 {
        self.0.values().fold(0, |sum, count| sum.saturating_add(*count))
    }
    /// What is no join: each is added.
    pub(super) fn add(&mut self, other: &GCounter) {
        for (&replica, &count) in &other.0 {
            let own = self.0.entry(replica).or_insert(0);
            *own = own.saturating_add(count);
        }
    }
}

impl Join for GCounter {
    fn join(&mut self, other: &Self) {
        for (&replica, &count) in &other.0 {
            let own = self.0.entry(replica).or_insert(0);
            *own = count.max(*own);
        }
    }
}

/// A counter that goes up and down: two that only grow (specification 7).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PnCounter {
    /// What was counted up.
    pub up: GCounter,
    /// What was counted down.
    pub down: GCounter,
}

impl PnCounter {
    /// The difference.
    pub fn value(&self) -> i64 {
        self.up.value().wrapping_sub(self.down.value()) as i64
    }
}

impl Join for PnCounter {
    fn join(&mut self, other: &Self) {
        self.up.join(&other.up);
        self.down.join(&other.down);
    }
}

/// What tells one addition of an element from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag {
    /// The replica that took it.
    pub replica: NodeId,
    /// As that replica counts.
    pub number: u64,
}

/// A set in which a removal takes away the additions that its replica had seen, and no others: of an addition and a removal
/// that are concurrent, the addition wins (specification 15, with tombstones instead of causal delivery).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct OrSet {
    added: BTreeSet<(u8, Tag)>,
    /// Kept for ever: that is the price of having no causal delivery.
    removed: BTreeSet<Tag>,
}

impl OrSet {
    /// Adds an element under a tag that was never used.
    pub fn add(&mut self, element: u8, tag: Tag) {
        self.added.insert((element, tag));
    }
    /// Removes an element.
    pub fn remove(&mut self, element: u8) {
        let seen = self.added.iter().filter(|(added, _)| *added == element);
        self.removed.extend(seen.map(|(_, tag)| *tag));
    }
    /// What is no removal: it forgets that the element was ever added.
    pub(super) fn forget(&mut self, element: u8) {
        self.added.retain(|(added, _)| *added != element);
    }
    /// Whether the element is there.
    pub fn contains(&self, element: u8) -> bool {
        self.added.iter().any(|(added, tag)| *added == element && !self.removed.contains(tag))
    }
}

impl Join for OrSet {
    fn join(&mut self, other: &Self) {
        self.added.extend(&other.added);
        self.removed.extend(&other.removed);
    }
}

/// A register whose last write wins: the one with the latest stamp (specification 8).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LwwRegister(Option<(Stamp, u64)>);

/// When a value was written, and by whom: no two are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    /// In nanoseconds.
    pub time: u64,
    /// The replica that took it.
    pub replica: NodeId,
}

impl LwwRegister {
    /// Writes; a stamp that is not later changes nothing.
    pub fn assign(&mut self, stamp: Stamp, value: u64) {
        self.0 = self.0.max(Some((stamp, value)));
    }
    /// What it holds.
    pub fn value(&self) -> Option<u64> {
        self.0.map(|(_, value)| value)
    }
    /// When that was written; 0 if it never was.
    pub fn time(&self) -> u64 {
        self.0.map_or(0, |(stamp, _)| stamp.time)
    }
}

impl Join for LwwRegister {
    fn join(&mut self, other: &Self) {
        self.0 = self.0.max(other.0);
    }
}

/// What is under a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Object {
    /// Its counter.
    pub counter: PnCounter,
    /// Its set.
    pub set: OrSet,
    /// Its register.
    pub register: LwwRegister,
}

impl Join for Object {
    fn join(&mut self, other: &Self) {
        self.counter.join(&other.counter);
        self.set.join(&other.set);
        self.register.join(&other.register);
    }
}

/// All keys: a map of joinable states is one, key by key.
impl Join for BTreeMap<u64, Object> {
    fn join(&mut self, other: &Self) {
        for (&key, object) in other {
            self.entry(key).or_default().join(object);
        }
    }
}

impl Message for Object {
    fn bytes(&self) -> u64 {
        let counters = self.counter.up.0.len() + self.counter.down.0.len();
        let tags = 13 * self.set.added.len() + 12 * self.set.removed.len();
        (8 + 12 * counters + tags) as u64 + self.register.0.map_or(1, |_| 21)
    }
}
