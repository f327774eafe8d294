//! What must hold of Multi-Paxos, and what should happen at least once.

use super::{Ballot, Ghost, MultiPaxos};
use sim_core::prelude::*;

/// What is wrong, and in which slot.
#[derive(Clone, Debug)]
pub(super) enum Breach {
    SecondLeader(Ballot, NodeId),
    BelowPromise(u64, Ballot, Ballot),
    SecondInBallot(u64, Ballot),
    NeverProposed(u64, Ballot),
    OtherThanChosen(u64, Ballot, Ballot),
    SecondChosen(u64, Ballot, Ballot),
    NotChosen(u64),
    AppliedOther(u64),
    OtherPrefix(u64),
}

impl<S: Spec> MultiPaxos<S> {
    pub(super) const CLAIMS: &'static [Property<Self>] = &[
        Property::always("one leader per ballot", When::News, |ghost: &Ghost, _, node| {
            ghost.judge(ghost.news.led, node, |breach| matches!(breach, Breach::SecondLeader(..)))
        }),
        Property::always("promises are kept", When::News, |ghost: &Ghost, _, node| {
            ghost.judge(ghost.news.accepted, node, |breach| matches!(breach, Breach::BelowPromise(..)))
        }),
        Property::always("one value per ballot and slot", When::News, |ghost: &Ghost, _, node| {
            ghost.judge(ghost.news.accepted, node, |breach| matches!(breach, Breach::SecondInBallot(..)))
        }),
        Property::always("only proposed values are accepted", When::News, |ghost: &Ghost, _, node| {
            ghost.judge(ghost.news.accepted, node, |breach| matches!(breach, Breach::NeverProposed(..)))
        }),
        Property::always("higher ballots keep chosen values", When::News, |ghost: &Ghost, _, node| {
            ghost.judge(ghost.news.accepted, node, |breach| matches!(breach, Breach::OtherThanChosen(..)))
        }),
        Property::always("one value per slot", When::News, |ghost: &Ghost, _, node| {
            ghost.judge(ghost.news.chosen, node, |breach| matches!(breach, Breach::SecondChosen(..)))
        }),
        Property::always("only chosen values are applied", When::News, |ghost: &Ghost, _, node| {
            ghost.judge(ghost.news.applied, node, |breach| matches!(breach, Breach::NotChosen(..)))
        }),
        Property::always("replicas apply the same prefix", When::News, |ghost: &Ghost, _, node| {
            let judged = ghost.news.applied || ghost.news.shortened;
            ghost.judge(judged, node, |breach| {
                matches!(breach, Breach::AppliedOther(..) | Breach::OtherPrefix(..))
            })
        }),
        Property::sometimes("leader changed", When::News, |ghost: &Ghost, _, _| {
            Judgement::happened(ghost.news.leader_changed)
        }),
        Property::sometimes("new leader finished what another began", When::News, |ghost: &Ghost, _, _| {
            Judgement::happened(ghost.news.finished)
        }),
        Property::sometimes("gap filled", When::News, |ghost: &Ghost, _, _| {
            Judgement::happened(ghost.news.gap_filled)
        }),
        Property::sometimes("chosen out of order", When::News, |ghost: &Ghost, _, _| {
            Judgement::happened(ghost.news.out_of_order)
        }),
        Property::sometimes("snapshot installed", When::News, |ghost: &Ghost, _, _| {
            Judgement::happened(ghost.news.installed)
        }),
    ];
}

impl Ghost {
    /// What the last event means for one property: idle if there was nothing to judge.
    fn judge(&self, judged: bool, node: NodeId, concerns: fn(&Breach) -> bool) -> Judgement {
        match self.news.breaches.iter().find(|breach| concerns(breach)) {
            Some(breach) => Judgement::Broken(breach.says(node.0)),
            None if judged => Judgement::Holds,
            None => Judgement::Idle,
        }
    }
}

impl Breach {
    fn says(&self, node: u32) -> String {
        let name = |ballot: &Ballot| format!("{}.{}", ballot.round, ballot.proposer);
        match self {
            Breach::SecondLeader(ballot, first) => {
                format!("node {node} leads ballot {}, which node {} led before", name(ballot), first.0)
            }
            Breach::BelowPromise(slot, ballot, promised) => format!(
                "an acceptor accepted in slot {slot} in ballot {} after it promised {}",
                name(ballot),
                name(promised)
            ),
            Breach::SecondInBallot(slot, ballot) => {
                format!("two values were accepted in slot {slot} in ballot {}", name(ballot))
            }
            Breach::NeverProposed(slot, ballot) => {
                format!("a value was accepted in slot {slot} in ballot {} that nobody proposed", name(ballot))
            }
            Breach::OtherThanChosen(slot, first, ballot) => format!(
                "in slot {slot} a value was chosen in ballot {}, and another accepted in ballot {}",
                name(first),
                name(ballot)
            ),
            Breach::SecondChosen(slot, first, ballot) => format!(
                "two values were chosen in slot {slot}, in ballots {} and {}",
                name(first),
                name(ballot)
            ),
            Breach::NotChosen(slot) => {
                format!("node {node} applied in slot {slot} what was not chosen there")
            }
            Breach::AppliedOther(slot) => {
                format!("node {node} applied in slot {slot} something else than another had applied there")
            }
            Breach::OtherPrefix(slot) => {
                format!("node {node} has a snapshot of slot {slot} that differs from another's")
            }
        }
    }
}
