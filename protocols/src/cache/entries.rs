//! Entries: what is kept, for how long and how much of it, and what is not kept because something has overtaken it.

use super::*;

/// A value that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Entry {
    value: Option<u64>,
    /// When it was asked for, and when it was served last, in the order of use.
    pub(super) asked: Time,
    pub(super) served: Time,
    used: u64,
}

impl Cache {
    /// What is kept of a key, if it may still be served.
    pub(super) fn look_up(&mut self, key: u64, now: Time) -> Option<Option<u64>> {
        let entry = self.entries.get_mut(&key)?;
        if now.since(entry.asked) > self.config.ttl && self.config.flaw != Some(Flaw::NoExpiry) {
            self.drop_entry(key);
            return None;
        }
        self.order.remove(&entry.used);
        self.uses += 1;
        (entry.served, entry.used) = (now, self.uses);
        let value = entry.value;
        self.order.insert(self.uses, key);
        Some(value)
    }

    /// What the store said was passed on: it is kept, unless something has overtaken it.
    pub(super) fn fetched(&mut self, key: u64, value: Option<u64>, call: Ticket, asked: Time) {
        let overtaken = !self.fetches.get(&key).is_some_and(|fetches| fetches.contains(&call));
        if self.config.flaw == Some(Flaw::LastAnswer) {
            self.forget(key, call);
        } else {
            self.fetches.remove(&key);
        }
        if !overtaken {
            self.keep(key, value, asked);
        } else if self.entries.get(&key).is_some_and(|entry| entry.value != value) {
            self.drop_entry(key);
        }
    }

    fn keep(&mut self, key: u64, value: Option<u64>, asked: Time) {
        self.drop_entry(key);
        if self.entries.len() >= self.config.capacity as usize
            && self.config.flaw != Some(Flaw::NoEviction)
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.entries.remove(&oldest);
        }
        self.uses += 1;
        self.order.insert(self.uses, key);
        self.entries.insert(key, Entry { value, asked, served: asked, used: self.uses });
    }

    /// A key is written: what is kept of it, or on its way, is old.
    pub(super) fn written(&mut self, key: u64) {
        if self.config.flaw != Some(Flaw::KeptOnWrite) {
            self.drop_entry(key);
        }
        if self.config.flaw != Some(Flaw::StaleSet) {
            self.fetches.remove(&key);
        }
    }

    fn drop_entry(&mut self, key: u64) {
        if let Some(entry) = self.entries.remove(&key) {
            self.order.remove(&entry.used);
        }
    }

    /// A fetch is no longer under way.
    pub(super) fn forget(&mut self, key: u64, call: Ticket) {
        if let Some(fetches) = self.fetches.get_mut(&key) {
            fetches.remove(&call);
            if fetches.is_empty() {
                self.fetches.remove(&key);
            }
        }
    }
}
