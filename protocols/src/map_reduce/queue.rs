//! The tasks of a job that wait for a worker: map tasks for one on whose machine their chunk is, if they can (§3.4).

use super::{Config, MapReduce, Order, Phase, Task, Timer::*, crew::Crew, master::Master};
use crate::dfs::{Op, Place};
use core::cmp::Reverse;
use sim_core::prelude::*;

/// The tasks of a job that wait for a worker.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Queue {
    /// Where chunks are is known.
    ready: bool,
    /// By map task: the workers on whose machines its chunk is.
    homes: Vec<Vec<NodeId>>,
    /// By worker: map tasks whose chunk is on its machine, the first one last. Empty where nobody cares.
    near: BTreeMap<NodeId, Vec<u32>>,
    /// Map tasks in the order in which they begin elsewhere, and how many of them were looked at.
    order: Vec<u32>,
    looked: usize,
    /// Reduce tasks that were looked at.
    reduces: u32,
    /// Tasks that are to begin anew.
    again: [VecDeque<u32>; 2],
}

impl Queue {
    /// A task is to begin anew.
    pub(super) fn begin_again(&mut self, phase: Phase, index: u32) {
        self.again[phase as usize].push_back(index);
        if phase == Phase::Map && !self.near.is_empty() {
            for worker in self.homes[index as usize].clone() {
                self.near.entry(worker).or_default().push(index);
            }
        }
    }

    /// The file system has said where chunks are.
    pub(super) fn fill(&mut self, places: &[Place], crew: &Crew, config: &Config, ctx: &Ctx<MapReduce>) {
        self.ready = true;
        self.order = (0..places.len() as u32).collect();
        if config.order == Order::LongestFirst {
            self.order.sort_by_key(|map| Reverse(places[*map as usize].bytes));
        }
        let home = |place: &Place| {
            let machines = place.nodes.iter().map(|node| ctx.machine(*node));
            machines.filter_map(|machine| crew.machines.get(&machine)).copied().collect()
        };
        self.homes = places.iter().map(home).collect();
        if config.locality {
            for map in self.order.iter().rev() {
                for worker in &self.homes[*map as usize] {
                    self.near.entry(*worker).or_default().push(*map);
                }
            }
        }
    }

    /// Whether a map task's chunk is on a worker's machine.
    pub(super) fn at_home(&self, map: u32, worker: NodeId) -> bool {
        self.homes.get(map as usize).is_some_and(|homes| homes.contains(&worker))
    }
}

impl Master {
    /// Asks the file system where the chunks of a job are, until it says so.
    pub(super) fn locate(&mut self, number: u64, config: &Config, ctx: &mut Ctx<MapReduce>) {
        let Some(progress) = self.job(number).filter(|progress| !progress.queue.ready) else { return };
        let text = progress.job.text;
        self.calls.retain(|call, other| {
            let earlier = *other == number;
            if earlier {
                ctx.forget(*call);
            }
            !earlier
        });
        let Some(server) = ctx.callees().next() else { return };
        let call = ctx.call(server, Op::Locate(text));
        self.calls.insert(call, number);
        ctx.after(config.retry, Unlocated(number));
    }

    /// It says that somebody else knows.
    pub(super) fn elsewhere(&mut self, call: Ticket, to: NodeId, ctx: &mut Ctx<MapReduce>) {
        let Some(number) = self.calls.remove(&call) else { return };
        let Some(text) = self.job(number).map(|progress| progress.job.text) else { return };
        let call = ctx.call(to, Op::Locate(text));
        self.calls.insert(call, number);
    }

    /// It says where they are: the work begins.
    pub(super) fn located(
        &mut self,
        call: Ticket,
        places: Vec<Place>,
        config: &Config,
        ctx: &mut Ctx<MapReduce>,
    ) {
        let Some(number) = self.calls.remove(&call) else { return };
        let crew = &self.crew;
        let job = self.jobs.iter_mut().find(|(other, _)| *other == number);
        let Some((_, progress)) = job.filter(|(_, progress)| !progress.queue.ready) else { return };
        if places.len() != progress.maps.len() {
            // There is no such text, and there never will be.
            return self.end(number, Answer::Refused, config, ctx);
        }
        progress.queue.fill(&places, crew, config, ctx);
        self.assign_all(config, ctx);
    }

    /// The next task of a job for a worker: one whose chunk is on its machine, if it can be.
    pub(super) fn next_task(
        &mut self,
        job: usize,
        phase: Phase,
        worker: NodeId,
        config: &Config,
    ) -> Option<Task> {
        let (number, progress) = &mut self.jobs[job];
        if !progress.queue.ready || phase == Phase::Reduce && !progress.fetchable(config) {
            return None;
        }
        let queue = &mut progress.queue;
        let statuses = if phase == Phase::Map { &progress.maps } else { &progress.reduces };
        let waits = |index: &u32| statuses[*index as usize].waits();
        let pop = |list: &mut Vec<u32>| core::iter::from_fn(|| list.pop()).find(waits);
        let mut again = || core::iter::from_fn(|| queue.again[phase as usize].pop_front()).find(waits);
        let task = |index: u32| Task { job: *number, phase, index };
        if phase == Phase::Reduce {
            let index = again().or_else(|| {
                let fresh = (queue.reduces..statuses.len() as u32).find(waits)?;
                queue.reduces = fresh + 1;
                Some(fresh)
            })?;
            return Some(task(index));
        }
        if let Some(index) = queue.near.get_mut(&worker).and_then(pop) {
            return Some(task(index));
        }
        let index = again().or_else(|| {
            let rest = &queue.order[queue.looked..];
            let found = rest.iter().position(waits);
            queue.looked += found.map_or(rest.len(), |found| found + 1);
            found.map(|found| rest[found])
        })?;
        Some(task(index))
    }
}
