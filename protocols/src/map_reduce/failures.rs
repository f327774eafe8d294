//! Workers that fail (§3.3): each shows that it is there, and what one had that is gone begins anew elsewhere.

use super::{
    Attempt, Config, Flaw, MapReduce,
    Msg::*,
    Phase, Sign, Task,
    Timer::*,
    master::{Master, Run},
};
use sim_core::prelude::*;

impl Master {
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
}
