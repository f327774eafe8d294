//! Who is given what: workers that are there, tasks that wait, and tasks that lag behind.

use super::{
    Attempt, Config, Flaw, MapReduce,
    Msg::*,
    News, Order, Phase, Sign, Task,
    Timer::*,
    master::{Master, Run},
};
use crate::dfs::Place;
use core::cmp::Reverse;
use sim_core::prelude::*;

/// The workers, as the master knows them.
#[derive(Clone, Debug, Hash)]
pub(super) struct Crew {
    first: NodeId,
    workers: Vec<Known>,
    /// By machine: the worker on it.
    machines: BTreeMap<NodeId, NodeId>,
}

#[derive(Clone, Debug, Default, Hash)]
struct Known {
    /// Which process it is; `None` until it was heard of.
    life: Option<u64>,
    heard: Time,
    /// Whether it was heard of, and not given up since.
    alive: bool,
    /// Whether it was given up, with all that it had: a master that came back does not know yet.
    lost: bool,
    /// What it is at.
    runs: Vec<(u64, Phase)>,
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

    fn known(&mut self, worker: NodeId) -> &mut Known {
        &mut self.workers[(worker.0 - self.first.0) as usize]
    }
    fn all(&self) -> impl Iterator<Item = NodeId> + use<> {
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
    fn has_room(&mut self, worker: NodeId, phase: Phase, config: &Config) -> bool {
        let slots = match phase {
            Phase::Map => config.map_slots,
            Phase::Reduce => config.reduce_slots,
        };
        let known = self.known(worker);
        known.alive && known.runs.iter().filter(|(_, of)| *of == phase).count() < slots as usize
    }
}

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
    pub(super) fn ready(&self) -> bool {
        self.ready
    }

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
    fn at_home(&self, map: u32, worker: NodeId) -> bool {
        self.homes.get(map as usize).is_some_and(|homes| homes.contains(&worker))
    }
}

impl Master {
    /// Gives a worker as much as it has room for, of the oldest job first.
    pub(super) fn assign(&mut self, worker: NodeId, config: &Config, ctx: &mut Ctx<MapReduce>) {
        for phase in [Phase::Map, Phase::Reduce] {
            let mut place = 0;
            while place < self.jobs.len() && self.crew.has_room(worker, phase, config) {
                match self.next_task(place, phase, worker, config) {
                    Some(task) => self.give(worker, task, false, ctx),
                    None => place += 1,
                }
            }
        }
    }

    /// Gives every worker as much as it has room for.
    pub(super) fn assign_all(&mut self, config: &Config, ctx: &mut Ctx<MapReduce>) {
        self.crew.all().for_each(|worker| self.assign(worker, config, ctx));
    }

    /// Reduce tasks may have become possible.
    pub(super) fn open_reduces(&mut self, job: u64, config: &Config, ctx: &mut Ctx<MapReduce>) {
        let Some(progress) = self.job(job) else { return };
        assert!(progress.mapped > 0, "a map task was just done");
        let before = f64::from(progress.mapped - 1) >= config.fetch_from * progress.maps.len() as f64;
        if !before && progress.fetchable(config) {
            self.assign_all(config, ctx);
        }
    }

    /// The next task of a job for a worker: one whose chunk is on its machine, if it can be.
    fn next_task(&mut self, job: usize, phase: Phase, worker: NodeId, config: &Config) -> Option<Task> {
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

    /// A worker gets a task.
    fn give(&mut self, worker: NodeId, task: Task, backup: bool, ctx: &mut Ctx<MapReduce>) {
        let (number, since) = (self.next, ctx.now());
        let Some(progress) = self.job(task.job) else { return };
        let (job, shown) = (progress.job, progress.shown);
        let local = task.phase == Phase::Map && progress.queue.at_home(task.index, worker);
        let status = progress.status(task);
        let why = match (backup, status.tried) {
            (true, _) => Why::Backup,
            (false, true) => Why::Again,
            (false, false) => Why::First,
        };
        status.tried = true;
        status.runs.push(number);
        let again = why == Why::Again && status.before;
        self.next += 1;
        self.counts.again += u32::from(again);
        self.crew.known(worker).runs.push((number, task.phase));
        let attempt = Attempt { number, task, job, shown, why, local };
        let news = self.news_for(task);
        self.runs.insert(number, Run { attempt, worker, since, told: news.mapped.len() as u32 });
        ctx.send(worker, Do(attempt, news));
    }

    /// What whoever begins a task must know of what is mapped.
    fn news_for(&self, task: Task) -> News {
        self.news(task.job, if task.phase == Phase::Reduce { 0 } else { u32::MAX })
    }

    /// When all is mapped, reducers are told at once; otherwise with their next beat.
    pub(super) fn tell(&mut self, job: u64, ctx: &mut Ctx<MapReduce>) {
        let Some(progress) = self.job(job) else { return };
        if (progress.mapped as usize) < progress.maps.len() {
            return;
        }
        let all = progress.list.len() as u32;
        let reduces = |run: &Run| run.attempt.task.job == job && run.attempt.task.phase == Phase::Reduce;
        for run in self.runs.values().filter(|run| reduces(run)) {
            ctx.send(run.worker, Tell(job, self.news(job, run.told)));
        }
        self.runs.values_mut().filter(|run| reduces(run)).for_each(|run| run.told = all);
    }

    /// A worker shows that it is there, what it is at, and what it knows.
    pub(super) fn beat(&mut self, from: NodeId, sign: Sign, config: &Config, ctx: &mut Ctx<MapReduce>) {
        let Sign { life, list, runs, known } = sign;
        let now = ctx.now();
        if self.crew.known(from).life.is_some_and(|other| other != life) {
            self.lose(from, config, ctx);
        }
        let worker = self.crew.known(from);
        (worker.life, worker.heard) = (Some(life), now);
        (worker.alive, worker.lost) = (true, false);
        for (job, at) in known {
            let at = if list == self.life || at == u32::MAX { at } else { 0 };
            match self.jobs.iter().find(|(number, _)| *number == job) {
                None => ctx.send(from, Over(job)),
                Some((_, progress)) if (at as usize) < progress.list.len() => {
                    ctx.send(from, Tell(job, self.news(job, at)));
                }
                Some(_) => {}
            }
        }
        self.compare(from, &runs, config, ctx);
        self.assign(from, config, ctx);
    }

    /// Compares what a worker is at with what it should be at.
    fn compare(&mut self, from: NodeId, runs: &[(u64, Task)], config: &Config, ctx: &mut Ctx<MapReduce>) {
        let now = ctx.now();
        for (number, task) in
            runs.iter().filter(|(number, _)| !self.runs.contains_key(number)).copied().collect::<Vec<_>>()
        {
            let Some(progress) = self.job(task.job) else { continue };
            let (job, shown) = (progress.job, progress.shown);
            let local = task.phase == Phase::Map && progress.queue.at_home(task.index, from);
            let status = progress.status(task);
            if status.done.is_some() {
                ctx.send(from, Drop(number));
                continue;
            }
            // Somebody forgot that it was begun: a master that came back, or one that had given this worker up.
            status.runs.push(number);
            status.tried = true;
            let attempt = Attempt { number, task, job, shown, why: Why::Again, local };
            self.runs.insert(number, Run { attempt, worker: from, since: now, told: 0 });
            self.crew.known(from).runs.push((number, task.phase));
        }
        for (number, _) in self.crew.known(from).runs.clone() {
            let Some(run) = self.runs.get(&number) else { continue };
            // It was not heard of, or the worker's next word was on its way before.
            if runs.iter().any(|(other, _)| *other == number) || now.since(run.since) <= config.beat * 4 {
                continue;
            }
            let news = self.news_for(run.attempt.task);
            ctx.send(from, Do(run.attempt, news));
        }
    }

    /// Looks who is not there any more, and who lags behind.
    pub(super) fn look(&mut self, config: &Config, ctx: &mut Ctx<MapReduce>) {
        let now = ctx.now();
        for worker in self.crew.all() {
            let known = self.crew.known(worker);
            if !known.lost && now.since(known.heard) > config.patience {
                (known.alive, known.lost) = (false, true);
                self.lose(worker, config, ctx);
            }
        }
        self.back_up(config, ctx);
        ctx.set(Pulse, config.beat);
    }

    /// A process is gone, and with it what it was at and what it had mapped.
    fn lose(&mut self, worker: NodeId, config: &Config, ctx: &mut Ctx<MapReduce>) {
        self.crew.known(worker).runs.clear();
        if config.flaw != Some(Flaw::LostTask) {
            let gone = self.runs.values().filter(|run| run.worker == worker).map(|run| run.attempt);
            for Attempt { number, task, .. } in gone.collect::<Vec<_>>() {
                self.runs.remove(&number);
                let Some(progress) = self.job(task.job) else { continue };
                progress.status(task).runs.retain(|run| *run != number);
                progress.queue.begin_again(task.phase, task.index);
            }
        }
        if config.flaw != Some(Flaw::LostOutput) {
            for (_, progress) in &mut self.jobs {
                let mapped = (0..).zip(&progress.maps).filter(|(_, status)| status.done == Some(worker));
                let mapped: Vec<u32> = mapped.map(|(map, _)| map).collect();
                for map in mapped {
                    progress.unmap(map);
                }
            }
        }
        self.assign_all(config, ctx);
    }

    /// A reducer cannot get what was mapped there.
    pub(super) fn missing(
        &mut self,
        job: u64,
        maps: &[u32],
        at: NodeId,
        config: &Config,
        ctx: &mut Ctx<MapReduce>,
    ) {
        let Some(progress) = self.job(job) else { return };
        for map in maps {
            if progress.maps[*map as usize].done == Some(at) && config.flaw != Some(Flaw::LostOutput) {
                progress.unmap(*map);
            }
        }
        self.assign_all(config, ctx);
    }

    /// Runs what lags behind a second time, where there is room and nothing else to begin.
    fn back_up(&mut self, config: &Config, ctx: &mut Ctx<MapReduce>) {
        let now = ctx.now();
        let mut slow: Vec<(Time, NodeId, Task)> = Vec::new();
        for (number, progress) in &self.jobs {
            for (phase, statuses) in [(Phase::Map, &progress.maps), (Phase::Reduce, &progress.reduces)] {
                let Some(behind) = progress.slow(phase, config.backups) else { continue };
                if statuses.iter().any(|status| status.waits()) {
                    continue;
                }
                let runs = statuses.iter().filter(|status| status.done.is_none() && status.runs.len() == 1);
                let runs = runs.filter_map(|status| self.runs.get(&status.runs[0]));
                let runs =
                    runs.filter(|run| run.attempt.task.job == *number && now.since(run.since) >= behind);
                slow.extend(runs.map(|run| (run.since, run.worker, run.attempt.task)));
            }
        }
        slow.sort_unstable();
        for (_, at, task) in slow {
            let mut free: Vec<NodeId> = self.crew.all().collect();
            free.retain(|worker| *worker != at && self.crew.has_room(*worker, task.phase, config));
            let Some(worker) = ctx.rng.pick(&free).copied() else { continue };
            self.give(worker, task, true, ctx);
        }
    }
}
