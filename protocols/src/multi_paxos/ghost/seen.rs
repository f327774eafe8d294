//! Each node as it was seen last, so that a look at it costs what has changed.

use crate::multi_paxos::{Ballot, MultiPaxos, Standing};
use sim_core::prelude::*;

/// A node.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Seen {
    pub(super) glance: Glance,
    /// The highest ballot that is on its disk as promised.
    pub(super) promised: Ballot,
    /// What it wrote that may not be durable yet, and after how many records it is.
    pub(super) written: VecDeque<(usize, Fact)>,
    /// The slots that it applied, with the values, when it had written so many records: `None` where there was nothing.
    pub(super) applied: VecDeque<(usize, u64, Option<u64>)>,
    /// The ballots that it came to lead, when it had written so many records.
    pub(super) led: VecDeque<(usize, Ballot)>,
}

/// What tells at a glance whether there is news of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Glance {
    pub(super) records: usize,
    pub(super) durable: usize,
    /// The slots of its snapshot, and those that it applied.
    pub(super) prefix: u64,
    pub(super) chosen: u64,
    pub(super) leads: Option<Ballot>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Fact {
    Promised(Ballot),
    Accepted(u64, Ballot, u64),
}

impl Glance {
    pub(super) fn at<S: Spec>(view: &View<'_, MultiPaxos<S>>, node: NodeId) -> Glance {
        let journal = view.disk(node);
        let (records, durable) = (journal.end(), journal.durable());
        let glance =
            Glance { records, durable, prefix: journal.snapshot().state.prefix.slot, ..Glance::default() };
        let Some(state) = view.state(node) else { return glance };
        let leads = match state.standing {
            Standing::Leading { ballot, .. } => Some(ballot),
            Standing::Following | Standing::Preparing { .. } => None,
        };
        Glance { chosen: state.chosen, leads, ..glance }
    }
}
