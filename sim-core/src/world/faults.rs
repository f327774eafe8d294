//! The faults of a plan as they run: `moments.rs` says when each strikes, `strikes.rs` what it does then, `ends.rs` how it
//! ends, `quorums.rs` what it cost.

mod ends;
mod moments;
mod quorums;
mod strikes;

use crate::{
    digest::Digest,
    fault::{Condition, Fault, PlannedFault},
    plan::Plan,
    protocol::NodeId,
    run::FaultReport,
    time::Time,
};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use core::hash::Hash;

/// What the world keeps about the faults of its plan.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults {
    /// One by one, in the order of the plan.
    all: Vec<Running>,
    /// Those that hurt a node at the moment: what [`Running::hurt`] says, by node.
    hurting: BTreeMap<NodeId, BTreeSet<usize>>,
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
    condition: Condition,
    /// It strikes then in any case.
    latest: Option<Time>,
    /// The place of the service that the condition names.
    service: Option<usize>,
    /// Changes of role when it began to wait, those looked at so far, and what counts of what it waits for.
    since: usize,
    seen: usize,
    count: u64,
    /// Inputs that all nodes had taken when it looked last.
    events: u64,
    /// It has come true, and strikes at the latest moment, which is the next.
    done: bool,
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
                trigger: None,
                effect: Default::default(),
            };
            Running { report, key: digest.finish(), hurt: BTreeSet::new(), hit: BTreeSet::new(), lit: false }
        };
        Faults { all: plan.faults.iter().map(running).collect(), ..Faults::default() }
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

    /// A fault hurts a node from now on.
    fn take_on(&mut self, index: usize, node: NodeId) {
        self.all[index].hurt.insert(node);
        self.hurting.entry(node).or_default().insert(index);
    }

    /// A fault hurts a node no longer.
    fn let_go(&mut self, index: usize, node: NodeId) {
        self.all[index].hurt.remove(&node);
        if let Some(faults) = self.hurting.get_mut(&node) {
            faults.remove(&index);
            if faults.is_empty() {
                self.hurting.remove(&node);
            }
        }
    }

    /// A fault hurts nobody any longer. Whom it hurt.
    fn let_all_go(&mut self, index: usize) -> BTreeSet<NodeId> {
        let nodes = self.all[index].hurt.clone();
        nodes.iter().for_each(|&node| self.let_go(index, node));
        nodes
    }

    /// The nodes whose interfaces a fault makes worse.
    fn degraded(&self, index: usize) -> Option<&Vec<NodeId>> {
        let report = &self.all[index].report;
        report.chose.first().filter(|_| matches!(report.planned.fault, Fault::DegradeNic { .. }))
    }

    /// The faults of which `wanted` holds that hurt a node, in the order of the plan.
    fn hurting(&self, node: NodeId, wanted: impl Fn(&Fault) -> bool) -> impl Iterator<Item = usize> {
        let faults = self.hurting.get(&node).into_iter().flatten().copied();
        faults.filter(move |&index| wanted(&self.all[index].report.planned.fault))
    }
}
