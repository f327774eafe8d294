//! What seeds reached: states that tests hope to see, and what a hunt never saw.

use serde::{Deserialize, Serialize};
use sim_core::{property::Kind, protocol::Role, run::Run};
use std::collections::{BTreeMap, BTreeSet};

/// How many seeds reached what, and which was the first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Coverage {
    /// By what was reached: the number of seeds, and the lowest.
    pub reached: BTreeMap<String, (u64, u64)>,
}

impl Coverage {
    pub(super) fn add(&mut self, seed: u64, reached: BTreeSet<String>) {
        reached.into_iter().for_each(|what| self.count(what, 1, seed));
    }

    pub(super) fn join(&mut self, other: Coverage) {
        other.reached.into_iter().for_each(|(what, (seeds, first))| self.count(what, seeds, first));
    }

    fn count(&mut self, what: String, seeds: u64, first: u64) {
        let entry = self.reached.entry(what).or_insert((0, first));
        *entry = (entry.0.saturating_add(seeds), entry.1.min(first));
    }

    /// The seed from which on nothing new was reached.
    pub fn settled(&self) -> Option<u64> {
        self.reached.values().map(|&(_, first)| first).max()
    }
}

/// What a run reached: properties that came true, changes from role to role, and how far epochs went.
pub(super) fn reached(run: &Run) -> BTreeSet<String> {
    let sometimes = run.properties.iter().filter(|p| p.kind == Kind::Sometimes && p.held > 0);
    let mut reached: BTreeSet<String> = sometimes.map(|p| format!("sometimes {}", p.name)).collect();
    let mut roles = BTreeMap::new();
    let mut pairs: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut epoch = 0;
    for change in &run.roles {
        let clients = run.services.iter().any(|service| service.clients && service.holds(change.node));
        if !clients {
            let before: Role = roles.insert(change.node, change.role).unwrap_or(Role::DOWN);
            pairs.insert((before.0, change.role.0));
            epoch = epoch.max(change.epoch);
        }
    }
    reached.extend(pairs.into_iter().map(|(before, now)| format!("{before} to {now}")));
    // By powers of two: two runs that differ in little are no news.
    let power = epoch.checked_ilog2().map_or(0, |power| 1u64 << power);
    reached.insert(format!("epoch {power} or more"));
    reached
}
