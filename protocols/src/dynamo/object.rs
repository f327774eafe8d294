//! What is kept of a key: one version, or several that are concurrent (§4.4).

use super::{Versions, clock::VectorClock};
use core::cmp::Ordering;
use sim_core::prelude::*;

/// A version of a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// What its coordinator's clock showed, in nanoseconds, or one more than at its write before.
    pub written: u64,
    /// The value.
    pub value: u64,
    /// All that it supersedes, and itself.
    pub clock: VectorClock,
}

/// The versions of a key of which none supersedes another, in order; empty if it was never written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Object(Vec<Version>);

impl Version {
    /// Whether this one supersedes `other`, or is it.
    pub fn supersedes(&self, other: &Version, rule: Versions) -> bool {
        match rule {
            Versions::Siblings => self.clock.descends(&other.clock),
            Versions::LastWriterWins => {
                (self.written, self.value).cmp(&(other.written, other.value)) != Ordering::Less
            }
        }
    }
}

impl Object {
    /// A key that was written once.
    pub fn new(version: Version) -> Object {
        Object(vec![version])
    }

    /// What is concurrent.
    pub fn versions(&self) -> &[Version] {
        &self.0
    }

    /// Of concurrent versions a register can return but one: the one that was written last, if clocks are right.
    pub fn value(&self) -> Option<u64> {
        self.0.last().map(|version| version.value)
    }

    /// All that these versions have taken in.
    pub fn context(&self) -> VectorClock {
        let mut context = VectorClock::default();
        self.0.iter().for_each(|version| context.join(&version.clock));
        context
    }

    /// Whether some version supersedes this one, or is it.
    pub fn covers(&self, version: &Version, rule: Versions) -> bool {
        self.0.iter().any(|held| held.supersedes(version, rule))
    }

    /// Takes in the versions of `other`, and drops those that are superseded ("syntactic reconciliation").
    pub fn merge(&mut self, other: &Object, rule: Versions) {
        for version in &other.0 {
            if !self.covers(version, rule) {
                self.0.retain(|held| !version.supersedes(held, rule));
                self.0.push(version.clone());
            }
        }
        self.0.sort_unstable();
    }

    /// Forgets all but the last.
    pub fn keep_last(&mut self) {
        self.0.drain(..self.0.len().saturating_sub(1));
    }
}

impl Message for Object {
    fn bytes(&self) -> u64 {
        2 + self.0.iter().map(|version| 17 + 12 * version.clock.width() as u64).sum::<u64>()
    }
}
