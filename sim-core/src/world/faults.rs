//! The faults of a plan as they run: `moments.rs` says when each strikes, `strikes.rs` what it does then, `ends.rs` how it
//! ends, `quorums.rs` what it cost.

mod ends;
mod moments;
mod quorums;
mod strikes;

use crate::{
    digest::Digest,
    fault::{Fault, PlannedFault},
    plan::Plan,
    protocol::NodeId,
    run::FaultReport,
};
use alloc::{collections::BTreeSet, vec::Vec};
use core::hash::Hash;

/// What the world keeps about the faults of its plan.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults {
    /// One by one, in the order of the plan.
    all: Vec<Running>,
    /// Those that wait for a condition.
    armed: Vec<Armed>,
    /// The first of the sequence numbers that are kept for faults; 0 before the run has begun.
    first: u64,
    calm: bool,
}

#[derive(Clone, Debug)]
struct Running {
    report: FaultReport,
    /// A hash of its name: what it draws depends on it, and not on its place in the plan.
    key: u64,
    /// The nodes that it hurts at the moment.
    hurt: BTreeSet<NodeId>,
    /// The nodes that it counted.
    hit: BTreeSet<NodeId>,
    /// Whether a strobe has set its clocks off just now.
    lit: bool,
}

/// A fault that waits for its moment.
#[derive(Clone, Debug)]
struct Armed {
    fault: usize,
    /// Changes of role looked at so far, and how many of them count.
    seen: usize,
    count: u32,
}

impl Faults {
    pub(super) fn new(plan: &Plan) -> Faults {
        let running = |planned: &PlannedFault| {
            let mut digest = Digest::new();
            planned.name.hash(&mut digest);
            let planned = PlannedFault { fault: planned.fault.plain(), ..planned.clone() };
            let report = FaultReport {
                planned,
                struck: None,
                ended: None,
                chose: Vec::new(),
                effect: Default::default(),
            };
            Running { report, key: digest.finish(), hurt: BTreeSet::new(), hit: BTreeSet::new(), lit: false }
        };
        Faults { all: plan.faults.iter().map(running).collect(), armed: Vec::new(), first: 0, calm: false }
    }

    /// Whether some fault waits for a condition.
    #[inline]
    pub(super) fn waiting(&self) -> bool {
        !self.armed.is_empty()
    }

    pub(super) fn reports(self) -> Vec<FaultReport> {
        self.all.into_iter().map(|running| running.report).collect()
    }

    fn fault(&self, index: usize) -> &Fault {
        &self.all[index].report.planned.fault
    }

    /// Whether a fault is one of a node's interface.
    fn degrades(&self, index: usize, node: NodeId) -> bool {
        let report = &self.all[index].report;
        let nodes = report.chose.first();
        matches!(report.planned.fault, Fault::DegradeNic { .. }) && nodes.is_some_and(|of| of.contains(&node))
    }

    /// The faults of which `wanted` holds that hurt a node.
    fn hurting(&self, node: NodeId, wanted: impl Fn(&Fault) -> bool) -> impl Iterator<Item = usize> {
        let of =
            move |running: &&Running| running.hurt.contains(&node) && wanted(&running.report.planned.fault);
        let indices = self.all.iter().enumerate();
        indices.filter(move |(_, running)| of(running)).map(|(index, _)| index)
    }
}
