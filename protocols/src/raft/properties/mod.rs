//! What must hold of Raft (Figure 3 of the paper), judged after every event, and what should happen at least once.
//!
//! Each check costs what the event changed, not what the cluster holds: the ghost remembers each log as it was seen
//! last, and of every index that some server's log still has what any log ever held there, and what was applied.
//!
//! Here is what should happen; `figure_3.rs` is what must hold, and `ghost.rs`, `seen.rs` and `facts.rs` what is remembered
//! to judge it by.

mod facts;
mod figure_3;
mod ghost;
mod seen;

use super::{Raft, Standing};
use figure_3::{append_only, completeness, election_safety, log_matching, machine_safety};
pub use ghost::Ghost;
use sim_core::prelude::*;

impl<S: Spec> Raft<S> {
    /// The five properties of Figure 3, in its order, and what a run should have seen.
    pub(super) const CLAIMS: &'static [Property<Self>] = &[
        Property::always("election safety", When::RoleChange, election_safety),
        Property::always("leader append-only", When::News, append_only),
        Property::always("log matching", When::News, log_matching),
        Property::always("leader completeness", When::News, completeness),
        Property::always("state machine safety", When::News, machine_safety),
        Property::sometimes("leader changed", When::RoleChange, leader_changed),
        Property::sometimes("log conflict repaired", When::News, repaired),
        Property::sometimes("vote split", When::RoleChange, vote_split),
        Property::sometimes("snapshot installed", When::News, installed),
        Property::sometimes("members changed", When::News, changed),
    ];

    fn leads(&self) -> bool {
        matches!(self.standing, Standing::Leader { .. })
    }
}

/// Leadership went over to another server.
fn leader_changed<S: Spec>(ghost: &Ghost, view: &View<'_, Raft<S>>, node: NodeId) -> Judgement {
    let Some(state) = view.state(node).filter(|s| s.leads()) else { return Judgement::Idle };
    match ghost.leaders.range(..state.term).next_back() {
        Some((_, &before)) if before != node => Judgement::Holds,
        _ => Judgement::Idle,
    }
}

/// A follower threw away entries that its leader does not have.
fn repaired<S: Spec>(ghost: &Ghost, view: &View<'_, Raft<S>>, node: NodeId) -> Judgement {
    Judgement::happened(view.state(node).is_some() && ghost.news.first <= ghost.news.len)
}

/// A term in which two or more campaigned went by without a leader.
fn vote_split<S: Spec>(ghost: &Ghost, view: &View<'_, Raft<S>>, node: NodeId) -> Judgement {
    let campaign = &ghost.campaign;
    let opens = campaign.split && campaign.candidates.len() == 1 && campaign.candidates.contains(&node);
    let now = view
        .state(node)
        .is_some_and(|s| s.term == campaign.term && matches!(s.standing, Standing::Candidate { .. }));
    Judgement::happened(opens && now)
}

/// A server got a snapshot of entries that its own log does not have.
fn installed<S: Spec>(ghost: &Ghost, view: &View<'_, Raft<S>>, node: NodeId) -> Judgement {
    Judgement::happened(ghost.news.len < view.disk(node).log.start())
}

/// A change of the members is committed and applied.
fn changed<S: Spec>(ghost: &Ghost, view: &View<'_, Raft<S>>, node: NodeId) -> Judgement {
    let Some(state) = view.state(node).filter(|state| state.changed > 0) else { return Judgement::Idle };
    let (before, now) = ghost.news.applied;
    Judgement::happened((before + 1..=now).contains(&state.changed))
}
