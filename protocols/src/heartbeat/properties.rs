//! What must hold of heartbeats.

use super::{About, Heartbeat, Peer, patience};
use sim_core::prelude::*;

/// What happened, by true time: nodes' own clocks may be wrong.
#[derive(Clone, Debug, Default, Hash)]
pub struct Ghost {
    /// Who is down, and since when.
    down: BTreeMap<NodeId, Time>,
    /// When a node heard of another, or began to watch it.
    heard: BTreeMap<(NodeId, NodeId), Time>,
    /// When a node booted.
    booted: BTreeMap<NodeId, Time>,
    /// How long the last input's subject had been silent.
    silence: Span,
}

impl Ghost {
    /// Since when a node has heard nothing of another.
    fn silent_since(&self, node: NodeId, of: NodeId) -> Time {
        let booted = self.booted.get(&node).copied().unwrap_or(Time::ZERO);
        self.heard.get(&(node, of)).copied().unwrap_or(Time::ZERO).max(booted)
    }
}

impl sim_core::property::Ghost<Heartbeat> for Ghost {
    fn observe(&mut self, view: &View<'_, Heartbeat>, changed: NodeId) -> bool {
        let Some(state) = view.state(changed) else {
            return self.down.insert(changed, view.now).is_none();
        };
        if self.down.remove(&changed).is_some() {
            self.booted.insert(changed, view.now);
        }
        if let Some(About { node, heard, .. }) = state.last {
            self.silence = view.now.since(self.silent_since(changed, node));
            if heard {
                self.heard.insert((changed, node), view.now);
            }
        }
        true
    }
}

/// What the last input of a node was about, and what the node thinks of that one now.
fn last<'a>(view: &View<'a, Heartbeat>, changed: NodeId) -> Option<(About, &'a Peer)> {
    let node = view.state(changed)?;
    let about = node.last?;
    Some((about, node.peers.get(&about.node)?))
}

/// Whether the last input made a node suspected; which one.
fn suspicion<'a>(view: &View<'a, Heartbeat>, changed: NodeId) -> Option<(NodeId, &'a Peer)> {
    let (about, peer) = last(view, changed)?;
    (peer.suspected && !about.suspected).then_some((about.node, peer))
}

pub(super) fn silent(ghost: &Ghost, view: &View<'_, Heartbeat>, changed: NodeId) -> Judgement {
    let Some((node, peer)) = suspicion(view, changed) else { return Judgement::Idle };
    let Some(config) = view.state(changed).map(|state| state.config) else { return Judgement::Idle };
    if ghost.silence >= config.period * u64::from(peer.misses) {
        return Judgement::Holds;
    }
    Judgement::Broken(format!("node {} is suspected after a silence of {}", node.0, ghost.silence))
}

pub(super) fn trusted(_: &Ghost, view: &View<'_, Heartbeat>, changed: NodeId) -> Judgement {
    match last(view, changed) {
        Some((About { node, heard: true, .. }, peer)) if peer.suspected => {
            Judgement::Broken(format!("node {} was just heard, and is suspected", node.0))
        }
        Some((About { heard: true, .. }, _)) => Judgement::Holds,
        Some(_) | None => Judgement::Idle,
    }
}

/// What was sent before a crash may come after it; from then on silence must be noticed in time.
pub(super) fn complete(ghost: &Ghost, view: &View<'_, Heartbeat>, changed: NodeId) -> Judgement {
    let Some(node) = view.state(changed) else { return Judgement::Idle };
    let mut judgement = Judgement::Idle;
    for (dead, since) in &ghost.down {
        let Some(peer) = node.peers.get(dead) else { continue };
        let bound = patience(peer.misses, &node.config) + node.config.period;
        if view.now.since(ghost.silent_since(changed, *dead).max(*since)) <= bound {
            continue;
        }
        if !peer.suspected {
            return Judgement::Broken(format!("node {} has been down since {since}", dead.0));
        }
        judgement = Judgement::Holds;
    }
    judgement
}

pub(super) fn mistaken(ghost: &Ghost, view: &View<'_, Heartbeat>, changed: NodeId) -> Judgement {
    let suspicion = suspicion(view, changed);
    Judgement::happened(suspicion.is_some_and(|(node, _)| !ghost.down.contains_key(&node)))
}

pub(super) fn right(ghost: &Ghost, view: &View<'_, Heartbeat>, changed: NodeId) -> Judgement {
    let suspicion = suspicion(view, changed);
    Judgement::happened(suspicion.is_some_and(|(node, _)| ghost.down.contains_key(&node)))
}

pub(super) fn taken_back(_: &Ghost, view: &View<'_, Heartbeat>, changed: NodeId) -> Judgement {
    let back = last(view, changed).is_some_and(|(about, peer)| about.suspected && !peer.suspected);
    Judgement::happened(back)
}
