//! MapReduce: Dean and Ghemawat, "MapReduce: simplified data processing on large clusters" (OSDI 2004).
//!
//! The first node is the master, the others are workers (§3.1). A map task reads one chunk of a file, applies the user's map
//! function, and keeps the pairs that come of it on its own disk, one file for each reduce task. A reduce task fetches its
//! file from every map task over the network (the shuffle), sorts, applies the reduce function to each key, and writes one
//! file of the output.
//!
//! - The functions are deterministic, so it does no harm to run a task twice; what must not happen twice is that its output
//!   counts (§3.3). A map task counts when the master hears of it first. The output of a reduce task is written once, under a
//!   name that follows from the job and the task: the file system says to whoever comes second what stands.
//! - A worker that is silent counts as dead: what it was at begins anew elsewhere, and so does what it had mapped, which lay on
//!   its disk and nowhere else. Reducers are told where to fetch from instead.
//! - The master writes down what is done (a checkpoint), and goes on from there when it is back; without, its jobs are forgotten,
//!   and clients ask again.
//! - A map task goes to a worker on whose machine its chunk lies (§3.4). Put workers `beside` the servers of the file system.
//! - When nothing else is left to begin, tasks that lag behind are run a second time, and the first to end counts (§3.6).
//!
//! `functions.rs` has what users write, `master.rs` who does what, `progress.rs` how far a job is, `schedule.rs` who is given
//! what, `worker.rs` how a task is run, `output.rs` what a map task leaves, `shuffle.rs` how a reduce task gets its pairs.
//!
//! Left out: splitting a file otherwise than by its chunks, tasks that are close to a chunk without being on its machine, skipping
//! records that crash the user's function (§4.6), counters (§4.9), the user's own partition functions, and the time that a map
//! task's output takes on a disk: it is gone with the process.

mod config;
pub mod functions;
mod jobs;
mod master;
mod output;
mod progress;
mod properties;
mod schedule;
mod shuffle;
mod worker;

pub use config::{Backups, Config, Flaw, Order};
pub use jobs::{Job, Jobs, Mix};

use crate::{
    client::Shared,
    dfs::{Files, Ret},
};
use Msg::*;
use Timer::*;
use functions::Pair;
use master::{Master, Record};
use sim_core::prelude::*;
use worker::{Outcome, Worker};

/// One of the two functions of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// The map function.
    Map,
    /// The reduce function.
    Reduce,
}

/// A task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Task {
    /// The job's number.
    pub job: u64,
    /// Which function.
    pub phase: Phase,
    /// Which chunk, or which file of the output.
    pub index: u32,
}

/// A run of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attempt {
    /// Its number: no other run of any task has it.
    pub number: u64,
    /// What is done.
    pub task: Task,
    /// For which job.
    pub job: Job,
    /// The number by which people know that job.
    pub shown: u32,
    /// Why.
    pub why: Why,
    /// Whether the chunk lies on the worker's machine.
    pub local: bool,
}

/// Where the output of a map task is.
pub type Mapped = (u32, NodeId);

/// A piece of a master's list of what is mapped. One that came back has a list of its own: what it had not written down is not
/// in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct News {
    /// Whose list: the number of the master's process.
    pub list: u64,
    /// From this place on.
    pub from: u32,
    /// What is in it.
    pub mapped: Vec<Mapped>,
}

/// A worker's sign of life.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sign {
    /// The number of its process.
    pub life: u64,
    /// The list of which it heard last.
    pub list: u64,
    /// What it is at, and what it has done and knows not to be heard.
    pub runs: Vec<(u64, Task)>,
    /// The jobs of which it has something, and how much it knows of that list; [`u32::MAX`] if it need not know.
    pub known: Vec<(u64, u32)>,
}

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Msg {
    /// To a worker: run this; and to a reducer: so much is mapped already.
    Do(Attempt, News),
    /// To a worker: somebody else was faster.
    Drop(u64),
    /// To a worker: this job is over.
    Over(u64),
    /// To a reducer: what was mapped for a job.
    Tell(u64, News),
    /// To the master.
    Beat(Sign),
    /// To the master: this process has run this, and this came of it.
    Done(u64, u64, Task, Outcome),
    /// To a worker: that was heard.
    Heard(u64),
    /// To a worker that has mapped: for this reducer's run, pairs of a job for one of its reduce tasks, from these map tasks;
    /// and when that was asked.
    Fetch(u64, u64, u32, Vec<u32>, Time),
    /// To a reducer.
    Pairs(Parcel),
    /// To the master: these of a job's map tasks cannot be fetched from there.
    Missing(u64, Vec<u32>, NodeId),
}

/// What a worker has mapped, for one reducer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Parcel {
    /// The reducer's run.
    pub run: u64,
    /// The map tasks whose pairs are here; of most there may be none.
    pub of: Vec<u32>,
    /// By map task, those that there are.
    pub pairs: Vec<(u32, Vec<Pair>)>,
    /// So many bytes they stand for.
    pub bytes: u64,
    /// The map tasks that were asked for, and are not here.
    pub lacking: Vec<u32>,
    /// When they were, by the reducer's clock.
    pub asked: Time,
}

impl Message for Msg {
    fn bytes(&self) -> u64 {
        match self {
            Do(_, news) => 76 + 8 * news.mapped.len() as u64,
            Drop(_) | Over(_) | Heard(_) => 8,
            Tell(_, news) => 20 + 8 * news.mapped.len() as u64,
            Beat(sign) => 16 + 22 * sign.runs.len() as u64 + 12 * sign.known.len() as u64,
            Done(_, _, _, outcome) => 30 + outcome.bytes(),
            Fetch(_, _, _, maps, _) => 28 + 4 * maps.len() as u64,
            Pairs(parcel) => 24 + parcel.bytes + 4 * (parcel.of.len() + parcel.lacking.len()) as u64,
            Missing(_, maps, _) => 12 + 4 * maps.len() as u64,
        }
    }
}

/// What a node waits for.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Timer {
    /// A worker shows that it is there; the master looks who is not, and who is slow.
    Pulse,
    /// What is done goes to the master's disk.
    Checkpoint,
    /// The file system has not said where the chunks of this job are.
    Unlocated(u64),
    /// The file system has not answered this run.
    Silent(u64),
    /// The processor is done with a part of this run.
    Computed(u64),
    /// This run may have waited for too long for some worker's pairs.
    Unfetched(u64),
}

/// A node.
#[derive(Clone, Debug, Hash)]
pub struct MapReduce {
    part: Part,
    config: Shared<Config>,
}

/// What a node is.
#[derive(Clone, Debug, Hash)]
#[allow(clippy::large_enum_variant, reason = "there is one of each node")]
enum Part {
    Master(Master),
    Worker(Worker),
}

impl Protocol for MapReduce {
    type Config = Config;
    type Msg = Msg;
    type Timer = Timer;
    /// What a master writes down; and how many jobs there were in what was dropped of that.
    type Disk = Log<Record, u32>;
    type Serves = Jobs;
    type Calls = Files;
    type Ghost = ();

    const PROPERTIES: &'static [Property<Self>] = &[
        Property::always("the output is that of a sequential run", When::EveryEvent, properties::sequential),
        Property::always("each part of an output counts once", When::EveryEvent, properties::once),
        Property::sometimes("a job is done", When::EveryEvent, properties::done),
        Property::sometimes("what was done is done again", When::EveryEvent, properties::again),
        Property::sometimes("a backup was faster", When::EveryEvent, properties::backup),
        Property::sometimes("a chunk was read where it lies", When::EveryEvent, properties::local),
    ];
    const ROLES: &'static [Role] = &[Role("master"), Role("worker")];
    const NODES_MAX: u32 = 10_000;
    const GAUGES: &'static [Gauge<Self>] = &[
        Gauge::new("map tasks done", "tasks", |node| {
            node.master().map(|master| f64::from(master.counts.mapped))
        }),
        Gauge::new("reduce tasks done", "tasks", |node| {
            node.master().map(|master| f64::from(master.counts.reduced))
        }),
        Gauge::new("tasks running", "tasks", |node| node.worker().map(|worker| worker.running() as f64)),
        Gauge::new("shuffled", "bytes", |node| node.worker().map(|worker| worker.shuffled() as f64)),
    ];

    fn start(config: &Config, ctx: &mut Ctx<Self>) -> Self {
        let part = match ctx.index(ctx.me) {
            0 => Part::Master(Master::boot(config, ctx)),
            _ => Part::Worker(Worker::boot(config, ctx)),
        };
        MapReduce { part, config: Shared(config.clone()) }
    }

    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        let config = &self.config.0;
        match &mut self.part {
            Part::Master(master) => {
                master.begin_step();
                match input {
                    Request(ticket, job) => master.submit(ticket, job, config, ctx),
                    Response(call, Answer::Ok(Ret::Places(places))) => {
                        master.located(call, places, config, ctx)
                    }
                    Response(call, Answer::Redirect(to)) => master.elsewhere(call, to, ctx),
                    Deliver(from, Beat(sign)) => master.beat(from, sign, config, ctx),
                    Deliver(from, Done(life, run, task, outcome)) => {
                        master.done((from, life), run, task, outcome, config, ctx);
                    }
                    Deliver(_, Missing(job, maps, at)) => master.missing(job, &maps, at, config, ctx),
                    Timeout(Unlocated(job)) => master.locate(job, config, ctx),
                    Timeout(Checkpoint) => master.checkpoint(config, ctx),
                    Timeout(Pulse) => master.look(config, ctx),
                    Response(_, Answer::Ok(Ret::Stands(_) | Ret::Found(_)) | Answer::Refused)
                    | Deliver(_, Do(..) | Drop(_) | Over(_) | Tell(..) | Heard(_) | Fetch(..) | Pairs(..))
                    | Timeout(Silent(_) | Computed(_) | Unfetched(..)) => {}
                }
            }
            Part::Worker(worker) => match input {
                Deliver(_, Do(attempt, news)) => worker.begin(attempt, &news, config, ctx),
                Response(call, Answer::Ok(Ret::Found(Some(content)))) => {
                    worker.read(call, content, config, ctx)
                }
                Timeout(Computed(run)) => worker.computed(run, config, ctx),
                Deliver(from, Fetch(run, job, part, maps, asked)) => {
                    worker.serve(from, run, (job, part), maps, asked, ctx);
                }
                Deliver(from, Pairs(parcel)) => worker.fetched(from, parcel, config, ctx),
                Deliver(_, Tell(job, news)) => worker.learn(job, &news, config, ctx),
                Response(call, Answer::Ok(Ret::Stands(content))) => worker.written(call, content, ctx),
                Deliver(_, Heard(run)) => worker.heard(run),
                Deliver(_, Drop(run)) => worker.drop_run(run, ctx),
                Deliver(_, Over(job)) => worker.over(job, ctx),
                Timeout(Pulse) => worker.pulse(config, ctx),
                Timeout(Silent(run)) => worker.silent(run, ctx),
                Timeout(Unfetched(run)) => worker.unfetched(run, config, ctx),
                Request(ticket, _) => ctx.answer(ticket, Answer::Redirect(master(ctx))),
                Response(
                    _,
                    Answer::Ok(Ret::Places(_) | Ret::Found(None)) | Answer::Refused | Answer::Redirect(_),
                )
                | Deliver(_, Beat(_) | Done(..) | Missing(..))
                | Timeout(Unlocated(_) | Checkpoint) => {}
            },
        }
    }

    fn role(&self) -> Role {
        Self::ROLES[usize::from(self.master().is_none())]
    }
    fn epoch(&self) -> u64 {
        0
    }
    fn show(&self) -> Vec<(&'static str, String)> {
        match &self.part {
            Part::Master(master) => master.show(),
            Part::Worker(worker) => worker.show(),
        }
    }
}

impl MapReduce {
    fn master(&self) -> Option<&Master> {
        match &self.part {
            Part::Master(master) => Some(master),
            Part::Worker(_) => None,
        }
    }
    fn worker(&self) -> Option<&Worker> {
        match &self.part {
            Part::Master(_) => None,
            Part::Worker(worker) => Some(worker),
        }
    }
}

/// Who is the master.
fn master(ctx: &Ctx<MapReduce>) -> NodeId {
    ctx.members().next().expect("a service has a node")
}
