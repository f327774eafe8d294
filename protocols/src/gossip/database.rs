//! What is spread: updates of a database, of which every site keeps a copy.
//!
//! Each update has a stamp, and of two updates of one key the one with the later stamp counts ("Epidemic algorithms for
//! replicated database maintenance", Demers et al., PODC 1987, §1.1).

use core::hash::Hash;
use serde::{Deserialize, Serialize};
use sim_core::{digest::Digest, prelude::*};

/// When and where an update began; no two have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    /// By the clock of the site; later than what the site knew of the key.
    pub time: Time,
    /// The site.
    pub site: NodeId,
}

/// A key has a new value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Update {
    /// The key.
    pub key: u64,
    /// Its value.
    pub value: u64,
    /// When and where it began.
    pub stamp: Stamp,
}

impl Message for Update {
    fn bytes(&self) -> u64 {
        28
    }
}

/// The newest update of each key that a site knows of. Sorted by key, and no larger than it must be: there may be a million
/// sites.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Database(Vec<Update>);

impl Database {
    /// What is known of a key.
    pub fn get(&self, key: u64) -> Option<&Update> {
        self.0.binary_search_by_key(&key, |update| update.key).ok().map(|place| &self.0[place])
    }

    /// Whether this update is known, or a newer one of the same key.
    pub fn knows(&self, update: &Update) -> bool {
        self.get(update.key).is_some_and(|known| known.stamp >= update.stamp)
    }

    /// Replaces what is known of the update's key, whatever the stamps say.
    pub fn set(&mut self, update: Update) {
        match self.0.binary_search_by_key(&update.key, |known| known.key) {
            Ok(place) => self.0[place] = update,
            Err(place) => {
                self.0.reserve_exact(1);
                self.0.insert(place, update);
            }
        }
    }

    /// All that is known, by key.
    pub fn updates(&self) -> &[Update] {
        &self.0
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A number that two databases share only if they are equal, as good as surely (§1.3).
    pub fn checksum(&self) -> u64 {
        let mut digest = Digest::new();
        self.0.hash(&mut digest);
        digest.finish()
    }
}

/// Where the first update comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Begins {
    /// From clients.
    #[default]
    Asked,
    /// From the node of this number, counted from 1 as in names: when it boots for the first time, key 0 has the value 1.
    Node(u32),
}

impl Begins {
    /// Whether it is this member, at its first boot, from which the first update comes; `index` counts from 0.
    pub(crate) fn at(self, index: usize) -> bool {
        match self {
            Begins::Asked => false,
            Begins::Node(number) => number as usize == index + 1,
        }
    }

    /// Refuses a node that is not there, in words.
    pub(crate) fn check(self, nodes: u32) -> Result<(), (&'static str, String)> {
        match self {
            Begins::Node(number) if number == 0 || number > nodes => {
                Err(("begins", format!("there is no node {number}; 1 to {nodes} would do")))
            }
            Begins::Asked | Begins::Node(_) => Ok(()),
        }
    }
}

/// One bit for each member of a group: what ghosts remember of a million nodes in an eighth of a megabyte.
#[derive(Clone, Debug, Default, Hash)]
pub(crate) struct Bits {
    words: Vec<u64>,
    count: usize,
}

impl Bits {
    /// Sets the bit of a member, or takes it away.
    pub(crate) fn set(&mut self, index: usize, to: bool) {
        if self.words.len() <= index / 64 {
            self.words.resize(index / 64 + 1, 0);
        }
        let (word, bit) = (&mut self.words[index / 64], 1 << (index % 64));
        match (to, *word & bit != 0) {
            (true, false) => self.count += 1,
            (false, true) => self.count -= 1,
            (true, true) | (false, false) => return,
        }
        *word ^= bit;
    }

    /// How many are set.
    pub(crate) fn count(&self) -> usize {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_counted_once() {
        let mut bits = Bits::default();
        for (index, to, count) in [(3, true, 1), (200, true, 2), (3, true, 2), (3, false, 1), (70, false, 1)]
        {
            bits.set(index, to);
            assert_eq!(bits.count(), count);
        }
    }

    #[test]
    fn later_stamps_are_news_and_earlier_ones_are_not() {
        let update =
            |time, value| Update { key: 7, value, stamp: Stamp { time: Time(time), site: NodeId(1) } };
        let mut database = Database::default();
        assert!(!database.knows(&update(1, 1)));
        database.set(update(2, 2));
        assert!(database.knows(&update(1, 1)) && database.knows(&update(2, 2)));
        assert!(!database.knows(&update(3, 3)));
    }
}
