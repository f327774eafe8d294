//! What must hold of several leaders, and what should happen at least once.

use super::{MultiLeader, Store};
use sim_core::prelude::*;

pub(super) const CLAIMS: &[Property<MultiLeader>] = &[
    Property::always("same writes, same versions", When::News, same),
    Property::always("nobody knows a node's writes better", When::News, known),
    Property::sometimes("conflict", When::News, |ghost: &Ghost, _, _| Judgement::times(ghost.conflicts)),
    Property::sometimes("write without effect", When::News, |ghost: &Ghost, _, _| {
        Judgement::happened(ghost.ineffective)
    }),
    Property::sometimes("all agree", When::News, agree),
];

/// What the last event changed at a node.
#[derive(Clone, Debug, Default, Hash)]
pub struct Ghost {
    /// Each node's disk as it was seen last, and its counts of conflicts and of writes without effect.
    seen: BTreeMap<NodeId, (Option<Store>, u64, u64)>,
    conflicts: u64,
    ineffective: bool,
}

impl sim_core::property::Ghost<MultiLeader> for Ghost {
    fn observe(&mut self, view: &View<'_, MultiLeader>, changed: NodeId) -> bool {
        let store = view.disk(changed).get();
        let (conflicts, ineffective) =
            view.state(changed).map_or((0, 0), |state| (state.conflicts, state.ineffective));
        let seen = self.seen.entry(changed).or_default();
        self.conflicts = conflicts.saturating_sub(seen.1);
        self.ineffective = ineffective > seen.2;
        // A process that was killed has taken its counts with it.
        (seen.1, seen.2) = (conflicts.min(seen.1), ineffective.min(seen.2));
        let news = seen.0.as_ref() != Some(store) || self.conflicts > 0 || self.ineffective;
        if news {
            *seen = (Some(store.clone()), conflicts, ineffective);
        }
        news
    }
}

/// Nodes that have heard of the same writes of a key hold the same of it.
fn same(_: &Ghost, view: &View<'_, MultiLeader>, changed: NodeId) -> Judgement {
    let ours = view.disk(changed).get();
    let mut judged = Judgement::Idle;
    for (index, member) in view.nodes.iter().enumerate().filter(|(index, _)| *index != view.index(changed)) {
        for (key, entry) in &ours.entries {
            let Some(theirs) = member.disk.get().entries.get(key).filter(|e| e.context == entry.context)
            else {
                continue;
            };
            if theirs.versions != entry.versions {
                return Judgement::Broken(format!(
                    "node {} and node {} have heard of the same writes of key {key}, and hold {:?} and {:?}",
                    changed.0,
                    view.first.0 + index as u32,
                    entry.versions.iter().map(|v| v.value).collect::<Vec<_>>(),
                    theirs.versions.iter().map(|v| v.value).collect::<Vec<_>>(),
                ));
            }
            judged = Judgement::Holds;
        }
    }
    judged
}

/// A dot is given once: nobody has heard of a write of a node that is not on that node's disk.
fn known(_: &Ghost, view: &View<'_, MultiLeader>, changed: NodeId) -> Judgement {
    for (key, entry) in &view.disk(changed).get().entries {
        for (&node, &number) in &entry.context {
            let taken = view.disk(node).get().writes;
            if number > taken {
                return Judgement::Broken(format!(
                    "node {} has heard of write {number} of node {} on key {key}, which knows of {taken} only",
                    changed.0, node.0
                ));
            }
        }
    }
    Judgement::Holds
}

/// All hold the same, and something.
fn agree(_: &Ghost, view: &View<'_, MultiLeader>, _: NodeId) -> Judgement {
    let stores = || view.nodes.iter().map(|member| &member.disk.get().entries);
    let first = stores().next().expect("a group has a first node");
    Judgement::happened(!first.is_empty() && stores().all(|entries| entries == first))
}
