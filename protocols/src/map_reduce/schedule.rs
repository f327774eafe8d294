//! Who is given what: every worker as much as it has room for, and a second time what lags behind (§3.6).

use super::{
    Attempt, Config, MapReduce,
    Msg::*,
    News, Phase, Task,
    master::{Master, Run},
};
use sim_core::prelude::*;

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

    /// What is mapped of a job, from this place of the list on.
    pub(super) fn news(&self, job: u64, from: u32) -> News {
        let progress = self.jobs.iter().find(|(number, _)| *number == job).map(|(_, progress)| progress);
        let mapped = progress.and_then(|progress| progress.list.get(from as usize..));
        News { list: self.life, from, mapped: mapped.unwrap_or_default().to_vec() }
    }

    /// What whoever begins a task must know of what is mapped.
    pub(super) fn news_for(&self, task: Task) -> News {
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

    /// Runs what lags behind a second time, where there is room and nothing else to begin.
    pub(super) fn back_up(&mut self, config: &Config, ctx: &mut Ctx<MapReduce>) {
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
