//! The five properties of Figure 3, in its order.

use super::{Ghost, facts::Applied, ghost::News};
use crate::raft::{Journal, Raft, term_at};
use sim_core::prelude::*;

/// "At most one leader can be elected in a given term. §5.2"
pub(super) fn election_safety<S: Spec>(ghost: &Ghost, view: &View<'_, Raft<S>>, node: NodeId) -> Judgement {
    let Some(state) = view.state(node).filter(|s| s.leads()) else { return Judgement::Idle };
    let first = ghost.leaders[&state.term];
    if first == node {
        return Judgement::Holds;
    }
    Judgement::Broken(format!("term {} has two leaders: node {} and node {}", state.term, first.0, node.0))
}

/// "A leader never overwrites or deletes entries in its log; it only appends new entries. §5.3"
pub(super) fn append_only<S: Spec>(ghost: &Ghost, view: &View<'_, Raft<S>>, node: NodeId) -> Judgement {
    let News { elected, len, first, .. } = ghost.news;
    let log = &view.disk(node).log;
    if first > len && log.end() == len {
        return Judgement::Idle;
    }
    let Some(state) = view.state(node).filter(|s| s.leads() && !elected) else { return Judgement::Idle };
    if first > len {
        return Judgement::Holds;
    }
    Judgement::Broken(format!(
        "the leader of term {} changed its log of {len} entries at index {first}",
        state.term
    ))
}

/// "If two logs contain an entry with the same index and term, then the logs are identical in all entries up through
/// the given index. §5.3" By induction over the index: index and term determine the entry and the term before it.
pub(super) fn log_matching<S: Spec>(ghost: &Ghost, view: &View<'_, Raft<S>>, node: NodeId) -> Judgement {
    if ghost.news.first > view.disk(node).log.end() {
        return Judgement::Idle;
    }
    let Some((index, now, held)) = ghost.news.mismatch else { return Judgement::Holds };
    let entry = if held.record == now.record { "the same entry" } else { "another entry" };
    Judgement::Broken(format!(
        "node {} holds at index {index} an entry of term {} after one of term {}; another log held {entry} of that term \
         there, after one of term {}",
        node.0, now.term, now.before, held.before
    ))
}

/// "If a log entry is committed in a given term, then that entry will be present in the logs of the leaders for all
/// higher-numbered terms. §5.4" Judged for a leader when it appears, and for all who lead when something is committed.
pub(super) fn completeness<S: Spec>(ghost: &Ghost, view: &View<'_, Raft<S>>, node: NodeId) -> Judgement {
    let News { elected, fresh, .. } = ghost.news;
    if elected {
        return complete(ghost, view, node, 1);
    }
    if fresh >= ghost.applied.end() {
        return Judgement::Idle;
    }
    for &leader in ghost.reigning.keys() {
        if let broken @ Judgement::Broken(_) = complete(ghost, view, leader, fresh) {
            return broken;
        }
    }
    Judgement::Holds
}

fn complete<S: Spec>(ghost: &Ghost, view: &View<'_, Raft<S>>, leader: NodeId, from: usize) -> Judgement {
    let (Some(state), log) = (view.state(leader), &view.disk(leader).log) else { return Judgement::Idle };
    if let broken @ Judgement::Broken(_) = whole(ghost, log, leader) {
        return broken;
    }
    for index in from.max(log.start() + 1)..ghost.applied.end() {
        let Some(Applied { by, term: Some(term), .. }) = ghost.applied.get(index) else { continue };
        let has = index <= log.end() && term_at(log, index) == term;
        if by < state.term && !has {
            return Judgement::Broken(format!(
                "node {} leads term {} without the entry at index {index} of term {term}, which was committed by term {by}",
                leader.0, state.term
            ));
        }
    }
    Judgement::Holds
}

/// A snapshot stands for the entries that were applied, and no others.
fn whole<S: Spec>(ghost: &Ghost, log: &Journal<S>, node: NodeId) -> Judgement {
    let (term, digest) = (log.snapshot().state.term, log.snapshot().digest().finish());
    match ghost.applied.get(log.start()) {
        Some(fact) if other(fact.term, term) || other(fact.digest, digest) => Judgement::Broken(format!(
            "node {} has a snapshot of other entries up to index {} than were applied",
            node.0,
            log.start()
        )),
        Some(_) | None => Judgement::Holds,
    }
}

/// "If a server has applied a log entry at a given index to its state machine, no other server will ever apply a
/// different log entry for the same index. §5.4.3"
pub(super) fn machine_safety<S: Spec>(ghost: &Ghost, view: &View<'_, Raft<S>>, node: NodeId) -> Judgement {
    let (before, now) = ghost.news.applied;
    if now <= before {
        return Judgement::Idle;
    }
    let (place, log) = (view.index(node), &view.disk(node).log);
    if before < log.start()
        && let broken @ Judgement::Broken(_) = whole(ghost, log, node)
    {
        return broken;
    }
    for index in before.max(log.start()) + 1..=now {
        let (Some(first), Some(entry)) = (ghost.applied.get(index), ghost.seen[place].get(index)) else {
            continue;
        };
        if other(first.term, entry.term) || other(first.record, entry.record) {
            return Judgement::Broken(format!(
                "node {} applied at index {index} an entry of term {}; another server had applied one of term {}",
                node.0,
                entry.term,
                first.term.unwrap_or(entry.term)
            ));
        }
    }
    Judgement::Holds
}

/// Whether it is known to be something else.
fn other(known: Option<u64>, now: u64) -> bool {
    known.is_some_and(|known| known != now)
}
