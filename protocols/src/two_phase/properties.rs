//! What must hold of two-phase commit, and what should happen at least once.

use super::{State::*, TwoPhase};
use sim_core::prelude::*;

pub(super) const CLAIMS: &[Property<TwoPhase>] = &[
    Property::always("atomicity", When::News, atomicity),
    Property::always("unanimity", When::News, unanimity),
    Property::sometimes("all committed", When::News, |ghost: &Ghost, view, _| {
        Judgement::happened(ghost.committed.len() == view.nodes.len())
    }),
    Property::sometimes("all aborted", When::News, |ghost: &Ghost, view, _| {
        Judgement::happened(ghost.aborted.len() == view.nodes.len())
    }),
    Property::sometimes("in doubt without a manager", When::News, |ghost: &Ghost, _, _| {
        Judgement::times(ghost.news)
    }),
];

/// Who has ever decided, and how: with the decision on its disk, for a process that dies before that has told nobody.
#[derive(Clone, Debug, Default, Hash)]
pub struct Ghost {
    committed: BTreeSet<NodeId>,
    aborted: BTreeSet<NodeId>,
    /// Resource managers that were seen in doubt since the transaction manager went down; and how many of them only now.
    doubtful: BTreeSet<NodeId>,
    news: u64,
}

impl sim_core::property::Ghost<TwoPhase> for Ghost {
    fn observe(&mut self, view: &View<'_, TwoPhase>, changed: NodeId) -> bool {
        let before = self.doubtful.len();
        if view.state(view.first).is_some() {
            self.doubtful.clear();
        } else {
            // When the manager goes down, all who are prepared are in doubt at once; later, whoever gets there.
            let looked = match changed == view.first {
                true => view.first.0..view.first.0 + view.nodes.len() as u32,
                false => changed.0..changed.0 + 1,
            };
            let doubts = |node: &NodeId| {
                view.state(*node).is_some_and(|state| !state.manager && state.state == Prepared)
            };
            self.doubtful.extend(looked.map(NodeId).filter(doubts));
        }
        self.news = self.doubtful.len().saturating_sub(before) as u64;
        let decided = match view.disk(changed).synced() {
            Committed => self.committed.insert(changed),
            Aborted => self.aborted.insert(changed),
            Working | Prepared => false,
        };
        decided || self.news > 0
    }
}

/// `TCConsistent`: no two decide differently, and nobody changes its mind.
fn atomicity(ghost: &Ghost, view: &View<'_, TwoPhase>, _: NodeId) -> Judgement {
    let (Some(committed), Some(aborted)) = (ghost.committed.first(), ghost.aborted.first()) else {
        return Judgement::Holds;
    };
    let name = |node: &NodeId| match view.index(*node) {
        0 => format!("the transaction manager, node {},", node.0),
        _ => format!("resource manager node {}", node.0),
    };
    Judgement::Broken(format!("{} committed and {} aborted", name(committed), name(aborted)))
}

/// Nobody commits before all are prepared, and can no longer abort by themselves.
fn unanimity(ghost: &Ghost, view: &View<'_, TwoPhase>, changed: NodeId) -> Judgement {
    if !ghost.committed.contains(&changed) {
        return Judgement::Idle;
    }
    let unready = |&index: &usize| !matches!(view.nodes[index].disk.synced(), Prepared | Committed);
    match (1..view.nodes.len()).find(unready) {
        None => Judgement::Holds,
        Some(index) => Judgement::Broken(format!(
            "node {} committed while resource manager node {} is {:?}",
            changed.0,
            view.first.0 + index as u32,
            view.nodes[index].disk.synced()
        )),
    }
}
