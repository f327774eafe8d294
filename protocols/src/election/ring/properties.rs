//! What must hold of an election on a ring whatever happens, and what should happen at least once.

use super::Ring;
use sim_core::prelude::*;

pub(super) const CLAIMS: &[Property<Ring>] = &[
    Property::always("one leader", When::News, one_leader),
    Property::always("the greatest leads", When::News, greatest),
    Property::always("only the elected is followed", When::News, elected),
    Property::sometimes("elected", When::News, |ghost: &Ghost, _, _| Judgement::happened(ghost.elects)),
    Property::sometimes("all know the leader", When::News, |ghost: &Ghost, view, _| {
        Judgement::happened(ghost.knows.values().flatten().count() == view.nodes.len())
    }),
];

/// Who has which number, who was ever elected, and whom everybody takes for the leader.
#[derive(Clone, Debug, Default, Hash)]
pub struct Ghost {
    numbers: BTreeMap<NodeId, u64>,
    elected: BTreeSet<(NodeId, u64)>,
    /// Whether somebody has just been.
    elects: bool,
    knows: BTreeMap<NodeId, Option<u64>>,
}

impl sim_core::property::Ghost<Ring> for Ghost {
    fn observe(&mut self, view: &View<'_, Ring>, changed: NodeId) -> bool {
        self.elects = false;
        let Some(node) = view.state(changed) else {
            return self.knows.insert(changed, None).flatten().is_some();
        };
        self.numbers.insert(changed, node.number);
        let before = self.knows.insert(changed, node.leader).flatten();
        self.elects = node.leader == Some(node.number) && self.elected.insert((changed, node.number));
        self.elects || before != node.leader
    }
}

/// Nobody else is ever elected, not even later.
fn one_leader(ghost: &Ghost, _: &View<'_, Ring>, _: NodeId) -> Judgement {
    let mut elected = ghost.elected.iter();
    match (elected.next(), elected.next()) {
        (None, _) => Judgement::Idle,
        (Some(_), None) => Judgement::Holds,
        (Some(one), Some(two)) => Judgement::Broken(format!(
            "two were elected: node {} with number {}, and node {} with number {}",
            one.0.0, one.1, two.0.0, two.1
        )),
    }
}

/// Who leads has the greatest number of all: of those that are down, too.
fn greatest(ghost: &Ghost, view: &View<'_, Ring>, changed: NodeId) -> Judgement {
    let Some(leader) = view.state(changed).filter(|node| node.leader == Some(node.number)) else {
        return Judgement::Idle;
    };
    match ghost.numbers.iter().find(|&(_, &number)| number > leader.number) {
        None => Judgement::Holds,
        Some((node, number)) => Judgement::Broken(format!(
            "node {} leads with number {}, and node {} has number {number}",
            changed.0, leader.number, node.0
        )),
    }
}

/// Whom anybody takes for the leader was elected.
fn elected(ghost: &Ghost, view: &View<'_, Ring>, changed: NodeId) -> Judgement {
    match view.state(changed).and_then(|node| node.leader) {
        None => Judgement::Idle,
        Some(leader) if ghost.elected.iter().any(|&(_, number)| number == leader) => Judgement::Holds,
        Some(leader) => {
            Judgement::Broken(format!("node {} follows number {leader}, which was not elected", changed.0))
        }
    }
}
