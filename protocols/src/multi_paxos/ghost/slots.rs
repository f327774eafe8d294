//! Slots: what was proposed, accepted, chosen and applied in each.

use super::{Ghost, digest};
use crate::multi_paxos::{Ballot, Command, properties::Breach};
use sim_core::prelude::*;

/// A slot.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Slot {
    /// Values that were proposed, by digest: the ballot in which each was first.
    pub(super) proposed: BTreeMap<u64, Ballot>,
    /// By ballot: the value, and who has durably accepted it.
    accepted: BTreeMap<Ballot, (u64, BTreeSet<NodeId>)>,
    /// The value that was chosen first, and its ballot.
    pub(super) chosen: Option<(u64, Ballot)>,
    /// The value that was applied first.
    applied: Option<u64>,
}

impl Ghost {
    /// A node has accepted a value durably. With that it may be chosen.
    pub(super) fn accepted(&mut self, slot: u64, ballot: Ballot, value: u64, node: NodeId, majority: usize) {
        let before = slot.checked_sub(1).filter(|&before| before > self.past);
        let open_before =
            before.is_some_and(|before| self.slots.get(&before).is_none_or(|slot| slot.chosen.is_none()));
        let Slot { proposed, accepted, chosen, .. } = self.slots.entry(slot).or_default();
        let news = &mut self.news;
        news.accepted = true;
        if !proposed.contains_key(&value) {
            news.breaches.push(Breach::NeverProposed(slot, ballot));
        }
        if let Some((one, first)) = *chosen
            && one != value
            && ballot > first
        {
            news.breaches.push(Breach::OtherThanChosen(slot, first, ballot));
        }
        let (one, acceptors) = accepted.entry(ballot).or_insert_with(|| (value, BTreeSet::new()));
        if *one != value {
            return news.breaches.push(Breach::SecondInBallot(slot, ballot));
        }
        acceptors.insert(node);
        if acceptors.len() < majority {
            return;
        }
        news.chosen = true;
        match *chosen {
            None => {
                *chosen = Some((value, ballot));
                let higher = accepted.range(ballot..).find(|(_, (other, _))| *other != value);
                if let Some((&higher, _)) = higher {
                    news.breaches.push(Breach::OtherThanChosen(slot, ballot, higher));
                }
                news.out_of_order |= open_before;
                news.finished |= proposed.get(&value).is_some_and(|first| first.proposer != ballot.proposer)
                    && value != digest(&Command::<u64>::Noop);
            }
            Some((one, first)) if one != value => {
                news.breaches.push(Breach::SecondChosen(slot, first, ballot));
            }
            Some(_) => {}
        }
    }

    /// A replica applied a value, or went past a slot without one.
    pub(super) fn applied(&mut self, slot: u64, value: Option<u64>) {
        self.news.applied = true;
        let Slot { chosen, applied, .. } = self.slots.entry(slot).or_default();
        if value.is_none() || chosen.map(|(value, _)| value) != value {
            self.news.breaches.push(Breach::NotChosen(slot));
        }
        let value = value.unwrap_or_default();
        if *applied.get_or_insert(value) != value {
            self.news.breaches.push(Breach::AppliedOther(slot));
        }
    }
}
