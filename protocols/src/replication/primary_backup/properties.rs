//! What must hold of primary and backups, and what should happen at least once.

use super::{Entry, PrimaryBackup, Standing};
use core::ops::Range;
use sim_core::prelude::*;

/// What was acknowledged, and what a change of the primary made of it.
#[derive(Clone, Debug, Default, Hash)]
pub struct Ghost {
    /// What was acknowledged at each index: the epoch of the entry, which names it there, and whether it is a write.
    acknowledged: Vec<(u64, bool)>,
    /// Each node as it was seen last: its epoch, whether it was primary in it, and how much it had acknowledged.
    seen: BTreeMap<NodeId, Seen>,
    news: News,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Seen {
    epoch: u64,
    primary: bool,
    /// Acknowledged, as far as that is on its disk: the answer waits for it.
    acknowledged: usize,
    /// Acknowledged as soon as it is on its disk.
    promised: usize,
}

/// What the last event changed.
#[derive(Clone, Debug, Default, Hash)]
struct News {
    /// A node became primary by taking over.
    promoted: bool,
    /// A primary learned that it is one no more.
    deposed: bool,
    /// Acknowledged writes that a new primary does not have.
    lost: usize,
    /// An index at which a primary acknowledged something else than another did before.
    conflict: Option<usize>,
}

impl<S: Spec> sim_core::property::Ghost<PrimaryBackup<S>> for Ghost {
    fn observe(&mut self, view: &View<'_, PrimaryBackup<S>>, changed: NodeId) -> bool {
        let before = self.seen.get(&changed).copied().unwrap_or_default();
        let log = &view.disk(changed).log;
        let records = log.records() as usize;
        let Some(state) = view.state(changed) else {
            self.news = News::default();
            // What came to its disk after its last input, and before the crash, was answered.
            self.acknowledge::<S>(log, before.acknowledged..before.promised.min(records));
            return self.seen.remove(&changed).is_some();
        };
        let primary = matches!(state.standing, Standing::Primary(_));
        let promised = if primary { state.acknowledged } else { 0 };
        let acknowledged = promised.min(records);
        let now = Seen { epoch: state.epoch, primary, acknowledged, promised };
        if now == before {
            return false;
        }
        self.seen.insert(changed, now);
        let began = primary && (!before.primary || before.epoch != now.epoch);
        self.news = News {
            promoted: began && !self.acknowledged.is_empty(),
            deposed: before.primary && !primary,
            ..News::default()
        };
        if began {
            let held = |index: usize| log.get(index).is_some_and(|e| e.epoch == self.acknowledged[index].0);
            let kept = (0..self.acknowledged.len()).take_while(|&index| held(index)).count();
            self.news.lost = self.acknowledged.drain(kept..).filter(|&(_, write)| write).count();
        }
        self.acknowledge::<S>(log, if began { 0 } else { before.acknowledged }..acknowledged);
        true
    }
}

impl Ghost {
    /// Takes note of what the owner of this log acknowledged.
    fn acknowledge<S: Spec>(&mut self, log: &Log<Entry<S::Op>>, indices: Range<usize>) {
        for index in indices {
            let entry = &log[index];
            match self.acknowledged.get(index) {
                None => {
                    self.acknowledged.push((entry.epoch, entry.op.as_ref().is_some_and(|op| !S::is_read(op))))
                }
                Some(&(epoch, _)) if epoch != entry.epoch => {
                    self.news.conflict.get_or_insert(index + 1);
                }
                Some(_) => {}
            }
        }
    }
}

impl<S: Spec> PrimaryBackup<S> {
    pub(super) const CLAIMS: &'static [Property<Self>] = &[
        Property::always("acknowledged writes survive", When::News, survive),
        Property::always("same epoch, same history", When::News, same_history),
        Property::sometimes("acknowledged writes lost", When::News, |ghost: &Ghost, _, _| {
            Judgement::times(ghost.news.lost as u64 + u64::from(ghost.news.conflict.is_some()))
        }),
        Property::sometimes("backup took over", When::News, |ghost: &Ghost, _, _| {
            Judgement::happened(ghost.news.promoted)
        }),
        Property::sometimes("old primary fenced", When::News, |ghost: &Ghost, _, _| {
            Judgement::happened(ghost.news.deposed)
        }),
    ];
}

/// A new primary has all that any primary acknowledged, and no two acknowledge different things at one index. Said of
/// shipping that promises it: synchronous, and semi-synchronous to half of the group.
fn survive<S: Spec>(ghost: &Ghost, view: &View<'_, PrimaryBackup<S>>, changed: NodeId) -> Judgement {
    let Some(state) = view.state(changed) else { return Judgement::Idle };
    if !state.config.survives(view.nodes.len()) {
        return Judgement::Idle;
    }
    let News { promoted, lost, conflict, .. } = ghost.news;
    match conflict {
        Some(index) => Judgement::Broken(format!(
            "node {} acknowledged at index {index} what differs from what another had acknowledged there",
            changed.0
        )),
        None if lost > 0 => Judgement::Broken(format!(
            "node {} is primary of epoch {} without {lost} acknowledged writes",
            changed.0, state.epoch
        )),
        None if promoted => Judgement::Holds,
        None => Judgement::Idle,
    }
}

/// An epoch has one primary, which only appends: logs that hold an entry of one epoch at one index hold the same entry,
/// and the same before it. Whatever the shipping.
fn same_history<S: Spec>(_: &Ghost, view: &View<'_, PrimaryBackup<S>>, changed: NodeId) -> Judgement {
    let ours = &view.disk(changed).log;
    let mut judged = Judgement::Idle;
    for (place, member) in view.nodes.iter().enumerate().filter(|&(place, _)| place != view.index(changed)) {
        let theirs = &member.disk.log;
        let Some(last) = ours.len().min(theirs.len()).checked_sub(1) else { continue };
        if ours[last].epoch != theirs[last].epoch {
            continue;
        }
        let before = last.checked_sub(1);
        if ours[last] != theirs[last] || before.is_some_and(|at| ours[at].epoch != theirs[at].epoch) {
            return Judgement::Broken(format!(
                "node {} and node {} hold different histories up to index {} of epoch {}",
                changed.0,
                view.first.0 + place as u32,
                last + 1,
                ours[last].epoch
            ));
        }
        judged = Judgement::Holds;
    }
    judged
}
