//! Who does what: the jobs, their tasks, and what is done of them.

use super::{
    Attempt, Config, Flaw, Job, MapReduce, Msg::*, News, Phase, Task, Timer::*, progress::Progress,
    schedule::Crew, worker::Outcome,
};
use crate::dfs::{Op, Place};
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
    calls: BTreeMap<Ticket, u64>,
    /// What the last input finished, if it did: a job with its output, by part.
    pub(super) finished: Option<(Job, Vec<(u32, String)>)>,
    pub(super) counts: Counts,
    /// As they were before the last input.
    pub(super) counted: Counts,
}

/// What has happened so far.
#[derive(Clone, Copy, Debug, Default, Hash)]
pub(super) struct Counts {
    /// Jobs that came.
    pub(super) jobs: u32,
    pub(super) mapped: u32,
    pub(super) reduced: u32,
    /// Tasks that were done once, and were begun again.
    pub(super) again: u32,
    /// Backups that ended before what they were to stand in for.
    pub(super) faster: u32,
    /// Chunks that were read where they lie.
    pub(super) local: u32,
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

/// What the master writes down.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Record {
    /// A job came, and the number by which people know it.
    Came(u64, Job, u32),
    /// A map task of it is done, and its output is there.
    Mapped(u64, u32, NodeId),
    /// A reduce task of it is done.
    Reduced(u64, u32, String),
    /// It is over.
    Over(u64),
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
        master.counts.jobs = ctx.disk.snapshot().state;
        for record in ctx.disk.iter().cloned() {
            match record {
                Record::Came(number, job, shown) => {
                    master.counts.jobs = shown - 1;
                    master.add(number, job);
                }
                Record::Mapped(number, map, at) => master.mapped(number, map, at),
                Record::Reduced(number, part, file) => master.reduced(number, part, file),
                Record::Over(number) => master.jobs.retain(|(other, _)| *other != number),
            }
        }
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

    /// What is mapped of a job, from this place of the list on.
    pub(super) fn news(&self, job: u64, from: u32) -> News {
        let progress = self.jobs.iter().find(|(number, _)| *number == job).map(|(_, progress)| progress);
        let mapped = progress.and_then(|progress| progress.list.get(from as usize..));
        News { list: self.life, from, mapped: mapped.unwrap_or_default().to_vec() }
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

    fn add(&mut self, number: u64, job: Job) {
        self.counts.jobs += 1;
        self.jobs.push((number, Progress::new(job, self.counts.jobs)));
    }

    pub(super) fn job(&mut self, number: u64) -> Option<&mut Progress> {
        self.jobs.iter_mut().find(|(other, _)| *other == number).map(|(_, progress)| progress)
    }

    /// Asks the file system where the chunks of a job are, until it says so.
    pub(super) fn locate(&mut self, number: u64, config: &Config, ctx: &mut Ctx<MapReduce>) {
        let Some(progress) = self.job(number).filter(|progress| !progress.queue.ready()) else { return };
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
        let Some((_, progress)) = job.filter(|(_, progress)| !progress.queue.ready()) else { return };
        if places.len() != progress.maps.len() {
            // There is no such text, and there never will be.
            return self.end(number, Answer::Refused, config, ctx);
        }
        progress.queue.fill(&places, crew, config, ctx);
        self.assign_all(config, ctx);
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
    fn mapped(&mut self, number: u64, map: u32, at: NodeId) {
        self.counts.mapped += 1;
        let Some(progress) = self.job(number) else { return };
        let status = &mut progress.maps[map as usize];
        let new = status.done.replace(at).is_none();
        (status.tried, status.before) = (true, true);
        progress.mapped += u32::from(new);
        progress.list.push((map, at));
    }

    /// A reduce task is done: its file stands.
    fn reduced(&mut self, number: u64, part: u32, file: String) {
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
    fn end(&mut self, number: u64, answer: Answer<String>, config: &Config, ctx: &mut Ctx<MapReduce>) {
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

    /// Writes down what a master that comes back must know.
    fn write(&mut self, record: Record, config: &Config, ctx: &mut Ctx<MapReduce>) {
        match config.checkpoint {
            None => {}
            Some(Span::ZERO) => {
                ctx.disk.push(record);
                ctx.sync();
            }
            Some(_) => ctx.disk.push(record),
        }
    }

    pub(super) fn checkpoint(&mut self, config: &Config, ctx: &mut Ctx<MapReduce>) {
        ctx.sync();
        if let Some(every) = config.checkpoint {
            ctx.set(Checkpoint, every);
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
