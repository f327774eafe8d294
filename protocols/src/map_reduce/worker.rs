//! How a task is run, from what the master says to what the master is told.

use super::{
    Attempt, Config, MapReduce,
    Msg::*,
    News, Phase, Sign, Task,
    Timer::*,
    functions::{Pair, reduced},
    master,
    messages::Outcome,
    output::{Output, scaled},
    shuffle::Shuffle,
    slices::Slices,
};
use crate::{dfs::Content, retry::Retry};
use sim_core::prelude::*;

/// A worker.
#[derive(Clone, Debug, Hash)]
pub(super) struct Worker {
    /// The number of this process, so that the master sees when it is another.
    life: u64,
    /// The master's list of which it heard last.
    pub(super) list: u64,
    /// The server of the file system on this machine, if there is one.
    pub(super) server: Option<NodeId>,
    pub(super) runs: BTreeMap<u64, Run>,
    /// Runs that are over, and the master has not said that it heard.
    told: BTreeMap<u64, (Task, Outcome)>,
    /// By job: the runs that were ever begun here, so that none is begun twice.
    begun: BTreeMap<u64, BTreeSet<u64>>,
    /// By job and map task: what was mapped here.
    pub(super) outputs: BTreeMap<(u64, u32), Output>,
    /// By call to the file system: the run that it is for, and when it was made.
    pub(super) calls: BTreeMap<Ticket, (u64, Time)>,
    /// How long to wait for a chunk, for pairs, and until an output is written.
    pub(super) reading: Retry,
    pub(super) fetching: Retry,
    pub(super) writing: Retry,
    pub(super) shuffled: u64,
}

/// A run of a task.
#[derive(Clone, Debug, Hash)]
pub(super) struct Run {
    pub(super) attempt: Attempt,
    pub(super) state: State,
    /// Until when it waits for the file system, which was silent so many times.
    pub(super) alarm: Option<Alarm>,
    pub(super) silences: u32,
}

/// How far a run is.
#[derive(Clone, Debug, Hash)]
pub(super) enum State {
    Reading,
    /// The processor works on this.
    Mapping(Content, Slices),
    Fetching(Shuffle),
    Reducing(Vec<Pair>, (u64, u64), Slices),
    Writing(Content),
}

impl Worker {
    pub(super) fn boot(config: &Config, ctx: &mut Ctx<MapReduce>) -> Worker {
        let here = ctx.machine(ctx.me);
        let mut worker = Worker {
            life: ctx.rng.next_u64(),
            list: 0,
            server: ctx.callees().find(|server| ctx.machine(*server) == here),
            runs: BTreeMap::new(),
            told: BTreeMap::new(),
            begun: BTreeMap::new(),
            outputs: BTreeMap::new(),
            calls: BTreeMap::new(),
            reading: Retry::new(config.retry),
            fetching: Retry::new(config.retry),
            writing: Retry::new(config.retry),
            shuffled: 0,
        };
        worker.pulse(config, ctx);
        worker
    }

    /// The master wants a task to be run.
    pub(super) fn begin(&mut self, attempt: Attempt, news: &News, config: &Config, ctx: &mut Ctx<MapReduce>) {
        let Attempt { number, task, job, shown, why, .. } = attempt;
        if !self.begun.entry(task.job).or_default().insert(number) {
            return;
        }
        let (kind, state) = match task.phase {
            Phase::Map => ("map", State::Reading),
            Phase::Reduce => ("reduce", State::Fetching(Shuffle::new(job.text.chunks))),
        };
        ctx.task(number, kind, (shown, task.index), why);
        self.runs.insert(number, Run { attempt, state, alarm: None, silences: 0 });
        match task.phase {
            Phase::Map => self.ask(number, self.server, ctx),
            Phase::Reduce => self.learn(task.job, news, config, ctx),
        }
    }

    /// The chunk is here.
    pub(super) fn read(&mut self, call: Ticket, content: Content, config: &Config, ctx: &mut Ctx<MapReduce>) {
        let Some(run) = self.answered(call, ctx).filter(|run| matches!(run.state, State::Reading)) else {
            return;
        };
        let Attempt { number, local, .. } = run.attempt;
        ctx.task_takes(number, content.bytes, local);
        let slices = Slices::of(&config.map, content.bytes, config, ctx);
        run.state = State::Mapping(content, slices);
        ctx.compute(slices.each, Computed(number));
    }

    /// The processor has done a part.
    pub(super) fn computed(&mut self, number: u64, config: &Config, ctx: &mut Ctx<MapReduce>) {
        let Some(run) = self.runs.get_mut(&number) else { return };
        let (State::Mapping(_, slices) | State::Reducing(_, _, slices)) = &mut run.state else { return };
        slices.left -= 1;
        if slices.left > 0 {
            ctx.compute(slices.each, Computed(number));
            return;
        }
        let Attempt { task, job, .. } = run.attempt;
        match core::mem::replace(&mut run.state, State::Reading) {
            State::Mapping(content, _) => {
                let output = Output::new(&run.attempt, &content, config);
                self.outputs.insert((task.job, task.index), output);
                self.finish(number, Outcome::Mapped, ctx);
            }
            State::Reducing(pairs, scale, _) => {
                let text = reduced(job.function, pairs);
                let bytes = scaled(text.len() as u64, scale);
                run.state = State::Writing(Content { text, bytes });
                self.ask(number, self.server, ctx);
            }
            State::Reading | State::Fetching(_) | State::Writing(_) => {}
        }
    }

    /// The output stands, whoever wrote it.
    pub(super) fn written(&mut self, call: Ticket, content: Content, ctx: &mut Ctx<MapReduce>) {
        let Some(run) = self.answered(call, ctx).filter(|run| matches!(run.state, State::Writing(_))) else {
            return;
        };
        let number = run.attempt.number;
        self.finish(number, Outcome::Reduced(content.text), ctx);
    }

    fn finish(&mut self, number: u64, outcome: Outcome, ctx: &mut Ctx<MapReduce>) {
        let Some(run) = self.runs.remove(&number) else { return };
        ctx.task_ends(number, How::Done);
        ctx.send(master(ctx), Done(self.life, number, run.attempt.task, outcome.clone()));
        self.told.insert(number, (run.attempt.task, outcome));
    }

    /// The master has heard what came of a run.
    pub(super) fn heard(&mut self, number: u64) {
        self.told.remove(&number);
    }

    /// Somebody else was faster.
    pub(super) fn drop_run(&mut self, number: u64, ctx: &mut Ctx<MapReduce>) {
        self.told.remove(&number);
        if let Some(mut run) = self.runs.remove(&number) {
            if let State::Fetching(shuffle) = &mut run.state {
                shuffle.take(ctx);
            }
            if let Some(alarm) = run.alarm {
                ctx.stop(alarm);
            }
            self.forget_calls(number, ctx);
            ctx.task_ends(number, How::Beaten);
        }
    }

    /// A job is over: nothing of it is needed any more.
    pub(super) fn over(&mut self, job: u64, ctx: &mut Ctx<MapReduce>) {
        let runs: Vec<u64> = self
            .runs
            .iter()
            .filter(|(_, run)| run.attempt.task.job == job)
            .map(|(number, _)| *number)
            .collect();
        runs.into_iter().for_each(|number| self.drop_run(number, ctx));
        self.told.retain(|_, (task, _)| task.job != job);
        self.outputs.retain(|(of, _), _| *of != job);
        self.begun.remove(&job);
    }

    /// Shows that it is there, and tells again what the master has not heard.
    pub(super) fn pulse(&mut self, config: &Config, ctx: &mut Ctx<MapReduce>) {
        let to = master(ctx);
        for (number, (task, outcome)) in &self.told {
            ctx.send(to, Done(self.life, *number, *task, outcome.clone()));
        }
        let running = self.runs.iter().map(|(number, run)| (*number, run.attempt.task));
        let over = self.told.iter().map(|(number, (task, _))| (*number, *task));
        let mut known: BTreeMap<u64, u32> = self.begun.keys().map(|job| (*job, u32::MAX)).collect();
        for run in self.runs.values() {
            if let State::Fetching(shuffle) = &run.state {
                let least = known.entry(run.attempt.task.job).or_insert(u32::MAX);
                *least = shuffle.known(self.list).min(*least);
                for (at, maps) in shuffle.missing() {
                    ctx.send(to, Missing(run.attempt.task.job, maps, at));
                }
            }
        }
        let (runs, known) = (running.chain(over).collect(), known.into_iter().collect());
        ctx.send(to, Beat(Sign { life: self.life, list: self.list, runs, known }));
        ctx.set(Pulse, config.beat);
    }

    pub(super) fn show(&self) -> Vec<(&'static str, String)> {
        let runs = self.runs.values().map(|run| {
            let Task { phase, index, .. } = run.attempt.task;
            let kind = if phase == Phase::Map { "map" } else { "reduce" };
            format!("{kind} {index}")
        });
        let runs: Vec<String> = runs.collect();
        vec![("runs", runs.join(", ")), ("mapped", self.outputs.len().to_string())]
    }
}
