//! What must hold of a chain, and what should happen at least once.

use super::{Chain, Update};
use sim_core::prelude::*;

/// What was ever acknowledged, and who is known to have it.
#[derive(Clone, Debug, Default, Hash)]
pub struct Ghost {
    /// The updates that a tail has acknowledged, by index: the version that names each there.
    acknowledged: Vec<u64>,
    /// How far each server's history was found to agree with that, and how long it was then.
    agrees: BTreeMap<NodeId, (usize, usize)>,
    version: u64,
    chain: Vec<NodeId>,
    news: News,
}

/// What the last event changed.
#[derive(Clone, Copy, Debug, Default, Hash)]
struct News {
    repaired: bool,
    joined: bool,
    /// A tail acknowledged something else at this index than another did before.
    conflict: Option<usize>,
}

impl<S: Spec> sim_core::property::Ghost<Chain<S>> for Ghost {
    fn observe(&mut self, view: &View<'_, Chain<S>>, changed: NodeId) -> bool {
        let history = &view.disk(changed).history;
        self.news = News::default();
        let before = self.acknowledged.len();
        if let Some(state) = view.state(changed)
            && state.place.tail
            && state.caught_up.is_some()
        {
            let upto = state.acknowledged.min(state.agreed).min(history.records() as usize);
            let known = self.agrees.get(&changed).map_or(0, |agrees| agrees.0);
            for (index, update) in history.iter().enumerate().take(upto).skip(known) {
                match self.acknowledged.get(index) {
                    None => self.acknowledged.push(update.version),
                    Some(&version) if version != update.version => {
                        self.news.conflict.get_or_insert(index + 1);
                    }
                    Some(_) => {}
                }
            }
        }
        let setup = view.disk(view.first).setup.synced();
        if setup.version != self.version {
            self.news.repaired = setup.chain.len() < self.chain.len();
            self.news.joined = setup.chain == self.chain && self.version != 0;
            (self.version, self.chain) = (setup.version, setup.chain.clone());
        }
        let agrees = self.agrees.get(&changed).copied().unwrap_or_default();
        let from = if history.len() < agrees.1 { 0 } else { agrees.0 };
        let more = history[from..].iter().zip(&self.acknowledged[from.min(self.acknowledged.len())..]);
        let now =
            (from + more.take_while(|(update, version)| update.version == **version).count(), history.len());
        self.agrees.insert(changed, now);
        now != agrees
            || before != self.acknowledged.len()
            || self.news.repaired
            || self.news.joined
            || self.news.conflict.is_some()
    }
}

impl<S: Spec> Chain<S> {
    pub(super) const CLAIMS: &'static [Property<Self>] = &[
        Property::always("update propagation invariant", When::News, propagation),
        Property::always("acknowledged updates survive", When::News, survive),
        Property::sometimes("chain repaired", When::News, |ghost: &Ghost, _, _| {
            Judgement::happened(ghost.news.repaired)
        }),
        Property::sometimes("server joined", When::News, |ghost: &Ghost, _, _| {
            Judgement::happened(ghost.news.joined)
        }),
    ];
}

/// Down the chain histories only get shorter (the Update Propagation Invariant, §3): what a server holds, and knows its
/// predecessor to hold, the predecessor holds. Said of servers that are whole.
fn propagation<S: Spec>(_: &Ghost, view: &View<'_, Chain<S>>, changed: NodeId) -> Judgement {
    let setup = view.disk(view.first).setup.synced();
    let whole = &setup.chain[..setup.chain.len() - usize::from(setup.joining)];
    let mut judged = Judgement::Idle;
    for pair in whole.windows(2).filter(|pair| pair.contains(&changed)) {
        let (above, below) = (&view.disk(pair[0]).history, &view.disk(pair[1]).history);
        let Some(agreed) = view.state(pair[1]).filter(|s| s.setup.version == setup.version).map(|s| s.agreed)
        else {
            continue;
        };
        let name = |update: Option<&Update<_>>| update.map(|u| u.version);
        let Some(last) = agreed.checked_sub(1) else { continue };
        if name(above.get(last)) != name(below.get(last)) {
            return Judgement::Broken(format!(
                "node {} holds an update at index {agreed} that node {} before it does not hold",
                pair[1].0, pair[0].0
            ));
        }
        judged = Judgement::Holds;
    }
    judged
}

/// Every server that is whole has on its disk whatever a tail acknowledged, and tails acknowledge one history.
fn survive<S: Spec>(ghost: &Ghost, view: &View<'_, Chain<S>>, changed: NodeId) -> Judgement {
    if let Some(index) = ghost.news.conflict {
        return Judgement::Broken(format!(
            "node {} acknowledged at index {index} what differs from what another had acknowledged there",
            changed.0
        ));
    }
    let setup = view.disk(view.first).setup.synced();
    let whole = &setup.chain[..setup.chain.len() - usize::from(setup.joining)];
    let all = ghost.acknowledged.len();
    if all == 0 {
        return Judgement::Idle;
    }
    let lacks = |node: &&NodeId| {
        let disk = &view.disk(**node).history;
        (disk.records() as usize) < all
            || disk.get(all - 1).map(|u| u.version) != ghost.acknowledged.last().copied()
    };
    match whole.iter().find(lacks) {
        None => Judgement::Holds,
        Some(&node) => Judgement::Broken(format!("node {} lacks some of {all} acknowledged updates", node.0)),
    }
}
