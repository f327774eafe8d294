//! What must hold of replicated data types, and what should happen at least once.

use super::{
    Crdt, State,
    types::{Join, Object},
};
use crate::objects::{ELEMENTS, Op};
use sim_core::prelude::*;

pub(super) const CLAIMS: &[Property<Crdt>] = &[
    Property::always("states only grow", When::News, only_grow),
    Property::always("nobody knows more than the source", When::News, source),
    Property::always("an update shows where it was made", When::News, shows),
    Property::sometimes("learned from another", When::News, |ghost: &Ghost, _, _| held(ghost.news.learned)),
    Property::sometimes("all agree", When::News, |_, view, changed| {
        let state = |index: usize| view.nodes[index].state.as_ref().map(|replica| &replica.state);
        let first = state(view.index(changed)).filter(|state| !state.is_empty());
        held(first.is_some() && (0..view.nodes.len()).all(|index| state(index) == first))
    }),
];

/// History variables.
#[derive(Clone, Debug, Default, Hash)]
pub struct Ghost {
    /// Each replica as it was seen last: whether it ran, its state, and its updates and merges.
    seen: Vec<Seen>,
    news: News,
}

#[derive(Clone, Debug, Default, Hash)]
struct Seen {
    up: bool,
    state: State,
    counts: [u64; 2],
}

/// What an event changed at a replica.
#[derive(Clone, Debug, Default, Hash)]
struct News {
    /// It took this update.
    updated: Option<Op>,
    learned: bool,
    /// It has forgotten something about this key.
    shrunk: Option<u64>,
}

impl sim_core::property::Ghost<Crdt> for Ghost {
    fn observe(&mut self, view: &View<'_, Crdt>, changed: NodeId) -> bool {
        self.seen.resize(view.nodes.len(), Seen::default());
        self.news = News::default();
        let seen = &mut self.seen[view.index(changed)];
        let Some(replica) = view.state(changed) else {
            seen.up = false;
            return false;
        };
        if !seen.up {
            // What was not durable is gone, and so is everything if the disk was wiped.
            *seen = Seen { up: true, state: replica.state.clone(), counts: [0; 2] };
            return false;
        }
        let counts = [replica.updates, replica.learned];
        if counts == seen.counts {
            return false;
        }
        self.news.updated = replica.last.filter(|_| counts[0] > seen.counts[0]);
        self.news.learned = counts[1] > seen.counts[1];
        let nothing = Object::default();
        let now = |key: &u64| replica.state.get(key).unwrap_or(&nothing);
        self.news.shrunk =
            seen.state.iter().find(|(key, object)| !now(key).includes(object)).map(|(&key, _)| key);
        (seen.counts, seen.state) = (counts, replica.state.clone());
        true
    }
}

/// Updates and merges move up in the lattice.
fn only_grow(ghost: &Ghost, _: &View<'_, Crdt>, changed: NodeId) -> Judgement {
    match ghost.news.shrunk {
        Some(key) => Judgement::Broken(format!("node {} has forgotten something about key {key}", changed.0)),
        None => Judgement::Holds,
    }
}

/// What a replica counted is on its disk before others hear of it, and counts once. (Who wipes disks breaks this.)
fn source(ghost: &Ghost, view: &View<'_, Crdt>, changed: NodeId) -> Judgement {
    let Some(replica) = view.state(changed).filter(|_| ghost.news.learned) else { return Judgement::Idle };
    for (index, node) in view.nodes.iter().enumerate() {
        let source = NodeId(view.first.0 + index as u32);
        if source == changed {
            continue;
        }
        for (key, object) in &replica.state {
            let nothing = Object::default();
            let durable = node.disk.synced().state.get(key).unwrap_or(&nothing);
            let counts = |object: &Object| [object.counter.up.of(source), object.counter.down.of(source)];
            let (known, counted) = (counts(object), counts(durable));
            if known[0] > counted[0] || known[1] > counted[1] {
                return Judgement::Broken(format!(
                    "key {key}: node {} knows of {known:?} ups and downs of node {}, which has {counted:?} on its disk",
                    changed.0, source.0
                ));
            }
        }
    }
    Judgement::Holds
}

/// Whoever is told that an update is done sees it there: no removal that came before undoes an addition, and no stamp that
/// came before is later.
fn shows(ghost: &Ghost, view: &View<'_, Crdt>, changed: NodeId) -> Judgement {
    let (Some(op), Some(replica)) = (ghost.news.updated, view.state(changed)) else { return Judgement::Idle };
    let object = &replica.state[&op.object()];
    let shows = match op {
        Op::Add(_, element) => object.set.contains(element % ELEMENTS),
        Op::Remove(_, element) => !object.set.contains(element % ELEMENTS),
        Op::Assign(_, value) => object.register.value() == Some(value),
        Op::Increment(_) | Op::Decrement(_) | Op::Count(_) | Op::Contains(..) | Op::Value(_) => {
            return Judgement::Idle;
        }
    };
    if shows {
        Judgement::Holds
    } else {
        Judgement::Broken(format!("node {} took {op:?} and does not show it", changed.0))
    }
}

fn held(so: bool) -> Judgement {
    Judgement::happened(so)
}
