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
//! `jobs.rs` says what is promised, `functions.rs` has what users write, `messages.rs` what nodes say. Of the master `master.rs` has the jobs and what is done
//! of them, `progress.rs` how far one is, `queue.rs` what waits and where its chunk lies, `crew.rs` who works, `schedule.rs` who is
//! given what, `failures.rs` what is lost and begins anew, `checkpoints.rs` what is written down. Of a worker `worker.rs` has how
//! a task is run, `slices.rs` how long that takes, `calls.rs` what the file system is asked, `output.rs` what a map task leaves,
//! `reducer.rs` and `shuffle.rs` how a reduce task gets its pairs.
//!
//! Left out: splitting a file otherwise than by its chunks, tasks that are close to a chunk without being on its machine, skipping
//! records that crash the user's function (§4.6), counters (§4.9), the user's own partition functions, and the time that a map
//! task's output takes on a disk: it is gone with the process.

mod calls;
mod checkpoints;
mod config;
mod crew;
mod failures;
pub mod functions;
mod jobs;
mod master;
mod messages;
mod output;
mod progress;
mod properties;
mod queue;
mod reducer;
mod schedule;
mod shuffle;
mod slices;
mod worker;

pub use config::{Backups, Config, Flaw, Order};
pub use jobs::{Job, Jobs, Mix};
pub use messages::{Attempt, Mapped, Msg, News, Parcel, Phase, Sign, Task};

use crate::{
    client::Shared,
    dfs::{Files, Ret},
};
use Msg::*;
use Timer::*;
use checkpoints::Record;
use master::Master;
use sim_core::prelude::*;
use worker::Worker;

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
        Gauge::new("tasks running", "tasks", |node| node.worker().map(|worker| worker.runs.len() as f64)),
        Gauge::new("shuffled", "bytes", |node| node.worker().map(|worker| worker.shuffled as f64)),
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
