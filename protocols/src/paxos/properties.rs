//! What must hold of Paxos, and what should happen at least once.

use super::{Accepted, Ballot, Paxos};
use sim_core::prelude::*;

pub(super) const CLAIMS: &[Property<Paxos>] = &[
    Property::always("agreement", When::News, agreement),
    Property::always("one value a ballot", When::News, one_value),
    Property::sometimes("value chosen", When::News, |ghost: &Ghost, _, _| {
        Judgement::happened(!ghost.chosen.is_empty())
    }),
    Property::sometimes("chosen in a later ballot", When::News, |ghost: &Ghost, _, _| {
        Judgement::happened(ghost.chosen.values().any(|ballot| ballot.round > 1))
    }),
    Property::sometimes("value of another adopted", When::News, |ghost: &Ghost, _, _| {
        Judgement::happened(ghost.adopted)
    }),
];

/// Who has durably accepted what, what was chosen so, and what learners were told.
#[derive(Clone, Debug, Default, Hash)]
pub struct Ghost {
    /// By ballot: the values, and for each who accepted it.
    accepted: BTreeMap<Ballot, BTreeMap<u64, BTreeSet<NodeId>>>,
    /// By value: the first ballot in which a majority accepted it.
    chosen: BTreeMap<u64, Ballot>,
    /// What learners believe.
    learned: BTreeMap<u64, NodeId>,
    /// What nodes know that may have learned it by an acceptance of their own, and that acceptance, if it is not durable.
    early: BTreeMap<NodeId, (u64, Accepted)>,
    /// A proposer proposed what another had proposed before.
    adopted: bool,
}

impl sim_core::property::Ghost<Paxos> for Ghost {
    fn observe(&mut self, view: &View<'_, Paxos>, changed: NodeId) -> bool {
        let mut news = false;
        if let Some((ballot, value)) = view.disk(changed).synced().accepted {
            let majority = view.nodes.len() / 2 + 1;
            let acceptors = self.accepted.entry(ballot).or_default().entry(value).or_default();
            news = acceptors.insert(changed);
            if news && acceptors.len() >= majority {
                self.chosen.entry(value).or_insert(ballot);
            }
            let wish = view.state(NodeId(view.first.0 + ballot.proposer)).and_then(|proposer| proposer.wish);
            self.adopted |= news && wish.is_some_and(|wish| wish != value);
        }
        news |= self.learns(view, changed);
        news
    }
}

impl Ghost {
    /// A node that accepted a value may know it for chosen before its disk has that acceptance. Unless it is flawed it tells
    /// nobody until then, and a crash takes back both; so it has learned the value when the acceptance is durable.
    fn learns(&mut self, view: &View<'_, Paxos>, node: NodeId) -> bool {
        let disk = view.disk(node);
        if let Some(value) = view.state(node).and_then(|node| node.chosen)
            && !self.learned.contains_key(&value)
        {
            let own = disk.get().accepted.filter(|(_, own)| *own == value);
            self.early.insert(node, (value, own));
        }
        let Some(&(value, own)) = self.early.get(&node) else { return false };
        let durable = own.is_none() || own == disk.synced().accepted;
        if durable || view.state(node).is_none() {
            self.early.remove(&node);
        }
        let news = durable && !self.learned.contains_key(&value);
        if news {
            self.learned.insert(value, node);
        }
        news
    }
}

/// "Only a single value is chosen, and a process never learns that a value has been chosen unless it actually has been" (§2.1).
fn agreement(ghost: &Ghost, _: &View<'_, Paxos>, _: NodeId) -> Judgement {
    let mut chosen = ghost.chosen.iter();
    if let (Some((one, first)), Some((two, second))) = (chosen.next(), chosen.next()) {
        return Judgement::Broken(format!(
            "two values were chosen: {one} in round {} and {two} in round {}",
            first.round, second.round
        ));
    }
    let mut learned = ghost.learned.iter();
    if let (Some((one, first)), Some((two, second))) = (learned.next(), learned.next()) {
        return Judgement::Broken(format!(
            "node {} learned {one}, and node {} learned {two}",
            first.0, second.0
        ));
    }
    if ghost.chosen.is_empty() && ghost.learned.is_empty() { Judgement::Idle } else { Judgement::Holds }
}

/// Nobody else can have a proposer's ballot, so whatever is accepted in one is the same value.
fn one_value(ghost: &Ghost, _: &View<'_, Paxos>, _: NodeId) -> Judgement {
    let mut ballots = ghost.accepted.iter();
    match ballots.find(|(_, values)| values.len() > 1) {
        None => Judgement::Holds,
        Some((ballot, values)) => Judgement::Broken(format!(
            "{} values were accepted in round {} of proposer {}",
            values.len(),
            ballot.round,
            ballot.proposer
        )),
    }
}
