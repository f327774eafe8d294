//! The workers, as the master knows them: who is there, and at what.

use super::{Config, MapReduce, Phase, master::Run};
use sim_core::prelude::*;

/// The workers, as the master knows them.
#[derive(Clone, Debug, Hash)]
pub(super) struct Crew {
    first: NodeId,
    workers: Vec<Known>,
    /// By machine: the worker on it.
    pub(super) machines: BTreeMap<NodeId, NodeId>,
}

#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Known {
    /// Which process it is; `None` until it was heard of.
    pub(super) life: Option<u64>,
    pub(super) heard: Time,
    /// Whether it was heard of, and not given up since.
    pub(super) alive: bool,
    /// Whether it was given up, with all that it had: a master that came back does not know yet.
    pub(super) lost: bool,
    /// What it is at.
    pub(super) runs: Vec<(u64, Phase)>,
}

impl Crew {
    pub(super) fn new(ctx: &mut Ctx<MapReduce>) -> Crew {
        let workers: Vec<NodeId> = ctx.members().skip(1).collect();
        let known = Known { heard: ctx.now(), ..Known::default() };
        Crew {
            first: NodeId(ctx.me.0 + 1),
            workers: vec![known; workers.len()],
            machines: workers.iter().map(|worker| (ctx.machine(*worker), *worker)).collect(),
        }
    }

    pub(super) fn known(&mut self, worker: NodeId) -> &mut Known {
        &mut self.workers[(worker.0 - self.first.0) as usize]
    }
    pub(super) fn all(&self) -> impl Iterator<Item = NodeId> + use<> {
        (self.first.0..self.first.0 + self.workers.len() as u32).map(NodeId)
    }

    /// Whether this process runs there, and was not given up.
    pub(super) fn is(&mut self, worker: NodeId, life: u64) -> bool {
        let known = self.known(worker);
        known.alive && known.life == Some(life)
    }

    /// A worker is no longer at this.
    pub(super) fn free(&mut self, run: &Run) {
        self.known(run.worker).runs.retain(|(number, _)| *number != run.attempt.number);
    }

    /// Whether a worker has room for one more.
    pub(super) fn has_room(&mut self, worker: NodeId, phase: Phase, config: &Config) -> bool {
        let slots = match phase {
            Phase::Map => config.map_slots,
            Phase::Reduce => config.reduce_slots,
        };
        let known = self.known(worker);
        known.alive && known.runs.iter().filter(|(_, of)| *of == phase).count() < slots as usize
    }
}
