//! Who does what: the jobs, their tasks, and what is done of them.

use super::{
    Attempt, Config, Flaw, Job, MapReduce,
    Msg::*,
    Phase, Task,
    Timer::*,
    checkpoints::Record,
    crew::Crew,
    messages::Outcome,
    progress::{Counts, Progress},
};
use sim_core::prelude::*;

/// The master.
#[derive(Clone, Debug, Hash)]
pub(super) struct Master {
    /// In the order in which they came, by number.
    pub(super) jobs: Vec<(u64, Progress)>,
    pub(super) crew: Crew,
    /// The number of this process, and of its lists of what is mapped.
    pub(super) life: u64,
    /// Runs that were begun and have not ended, by number.
    pub(super) runs: BTreeMap<u64, Run>,
    /// The number of the next run: nobody has had it.
    pub(super) next: u64,
    /// Calls to the file system, by the job that they are made for.
    pub(super) calls: BTreeMap<Ticket, u64>,
    /// What the last input finished, if it did: a job with its output, by part.
    pub(super) finished: Option<(Job, Vec<(u32, String)>)>,
    pub(super) counts: Counts,
    /// As they were before the last input.
    pub(super) counted: Counts,
}

/// A run of a task, as the master knows it.
#[derive(Clone, Debug, Hash)]
pub(super) struct Run {
    pub(super) attempt: Attempt,
    pub(super) worker: NodeId,
    pub(super) since: Time,
    /// So much of the job's news its worker was sent.
    pub(super) told: u32,
}

impl Master {
    pub(super) fn boot(config: &Config, ctx: &mut Ctx<MapReduce>) -> Master {
        let mut master = Master {
            jobs: Vec::new(),
            crew: Crew::new(ctx),
            life: ctx.rng.next_u64(),
            runs: BTreeMap::new(),
            next: ctx.rng.next_u64() >> 1,
            calls: BTreeMap::new(),
            finished: None,
            counts: Counts::default(),
            counted: Counts::default(),
        };
        master.read_disk(ctx);
        let jobs: Vec<u64> = master.jobs.iter().map(|(number, _)| *number).collect();
        for number in jobs {
            master.end_if_done(number, config, ctx);
            master.locate(number, config, ctx);
        }
        ctx.set(Pulse, config.beat);
        if let Some(every) = config.checkpoint.filter(|every| *every > Span::ZERO) {
            ctx.set(Checkpoint, every);
        }
        master
    }

    pub(super) fn begin_step(&mut self) {
        (self.finished, self.counted) = (None, self.counts);
    }

    /// A client wants a job done; if somebody else wants the same, they wait together.
    pub(super) fn submit(&mut self, ticket: Ticket, job: Job, config: &Config, ctx: &mut Ctx<MapReduce>) {
        if let Some((number, progress)) = self.jobs.iter_mut().find(|(_, progress)| progress.job == job) {
            progress.tickets.push(ticket);
            let number = *number;
            return self.end_if_done(number, config, ctx);
        }
        let number = ctx.rng.next_u64();
        self.add(number, job);
        self.write(Record::Came(number, job, self.counts.jobs), config, ctx);
        if let Some((_, progress)) = self.jobs.last_mut() {
            progress.tickets.push(ticket);
        }
        self.locate(number, config, ctx);
    }

    pub(super) fn add(&mut self, number: u64, job: Job) {
        self.counts.jobs += 1;
        self.jobs.push((number, Progress::new(job, self.counts.jobs)));
    }

    pub(super) fn job(&mut self, number: u64) -> Option<&mut Progress> {
        self.jobs.iter_mut().find(|(other, _)| *other == number).map(|(_, progress)| progress)
    }

    /// A worker has run a task.
    pub(super) fn done(
        &mut self,
        (from, life): (NodeId, u64),
        run: u64,
        task: Task,
        outcome: Outcome,
        config: &Config,
        ctx: &mut Ctx<MapReduce>,
    ) {
        // What an earlier process of it has mapped is gone.
        if !self.crew.is(from, life) {
            return;
        }
        let now = ctx.now();
        let ended = self.runs.remove(&run);
        if let Some(ended) = &ended {
            self.crew.free(ended);
            if let Some(progress) = self.job(task.job) {
                let (all, count) = progress.took[task.phase as usize];
                progress.took[task.phase as usize] = (all + now.since(ended.since), count + 1);
                progress.status(task).runs.retain(|other| *other != run);
            }
        }
        let Some(progress) = self.job(task.job) else { return ctx.send(from, Over(task.job)) };
        let new = progress.status(task).done.is_none();
        if new || config.flaw == Some(Flaw::OutputTwice) && task.phase == Phase::Reduce {
            if let Some(Run { attempt, .. }) = &ended {
                self.counts.faster += u32::from(attempt.why == Why::Backup);
                self.counts.local += u32::from(attempt.local);
            }
            self.give_up_others(task, ctx);
            match outcome {
                Outcome::Mapped => {
                    self.mapped(task.job, task.index, from);
                    self.write(Record::Mapped(task.job, task.index, from), config, ctx);
                    self.tell(task.job, ctx);
                }
                Outcome::Reduced(file) => {
                    self.reduced(task.job, task.index, file.clone());
                    self.write(Record::Reduced(task.job, task.index, file), config, ctx);
                    self.end_if_done(task.job, config, ctx);
                }
            }
        }
        // Only now: what was written down is durable before the worker forgets it.
        ctx.send(from, Heard(run));
        self.assign(from, config, ctx);
        if new && task.phase == Phase::Map {
            self.open_reduces(task.job, config, ctx);
        }
    }

    /// A map task is done.
    pub(super) fn mapped(&mut self, number: u64, map: u32, at: NodeId) {
        self.counts.mapped += 1;
        let Some(progress) = self.job(number) else { return };
        let status = &mut progress.maps[map as usize];
        let new = status.done.replace(at).is_none();
        (status.tried, status.before) = (true, true);
        progress.mapped += u32::from(new);
        progress.list.push((map, at));
    }

    /// A reduce task is done: its file stands.
    pub(super) fn reduced(&mut self, number: u64, part: u32, file: String) {
        self.counts.reduced += 1;
        let Some(progress) = self.job(number) else { return };
        let new = progress.reduces[part as usize].done.replace(NodeId::NONE).is_none();
        progress.reduced += u32::from(new);
        progress.files.push((part, file));
    }

    /// Who else is at a task that is done may stop.
    fn give_up_others(&mut self, task: Task, ctx: &mut Ctx<MapReduce>) {
        let Some(progress) = self.job(task.job) else { return };
        for run in core::mem::take(&mut progress.status(task).runs) {
            if let Some(run) = self.runs.remove(&run) {
                self.crew.free(&run);
                ctx.send(run.worker, Drop(run.attempt.number));
            }
        }
    }

    fn end_if_done(&mut self, number: u64, config: &Config, ctx: &mut Ctx<MapReduce>) {
        let Some(progress) = self.job(number) else { return };
        if progress.reduced < progress.job.reduces {
            return;
        }
        progress.files.sort_by_key(|(part, _)| *part);
        let output = progress.files.iter().map(|(_, file)| file.as_str()).collect();
        let judged = core::mem::replace(&mut progress.judged, true);
        let finished = (!judged).then(|| (progress.job, progress.files.clone()));
        // Of one that a master which crashed was asked for, whoever asked will ask again, and is answered then.
        let awaited = !progress.tickets.is_empty();
        self.finished = finished.or(self.finished.take());
        if awaited {
            self.end(number, Answer::Ok(output), config, ctx);
        }
    }

    /// A job is over.
    pub(super) fn end(
        &mut self,
        number: u64,
        answer: Answer<String>,
        config: &Config,
        ctx: &mut Ctx<MapReduce>,
    ) {
        let Some(place) = self.jobs.iter().position(|(other, _)| *other == number) else { return };
        let (_, progress) = self.jobs.remove(place);
        self.write(Record::Over(number), config, ctx);
        for ticket in progress.tickets {
            ctx.answer(ticket, answer.clone());
        }
        self.runs.retain(|_, run| {
            if run.attempt.task.job == number {
                self.crew.free(run);
            }
            run.attempt.task.job != number
        });
        ctx.broadcast(Over(number));
        if self.jobs.is_empty() && config.checkpoint.is_some() {
            // What is over need not be read again.
            let end = ctx.disk.end();
            ctx.disk.compact(end, self.counts.jobs);
        }
    }

    pub(super) fn show(&self) -> Vec<(&'static str, String)> {
        let (maps, reduces): (Vec<String>, Vec<String>) =
            self.jobs.iter().map(|(_, progress)| progress.show()).unzip();
        vec![
            ("jobs", self.jobs.len().to_string()),
            ("mapped", maps.join(", ")),
            ("reduced", reduces.join(", ")),
        ]
    }
}
