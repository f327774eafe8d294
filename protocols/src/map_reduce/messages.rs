//! What master and workers say to one another, and what they say it of: tasks, runs of them, and what came of those.

use super::{Job, functions::Pair};
use Msg::*;
use sim_core::prelude::*;

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

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The pairs are here.
    Mapped,
    /// This file of the output stands in the file system.
    Reduced(String),
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

impl Message for Outcome {
    /// Of a file that stands only its name is told; that its content is here too is for those who check.
    fn bytes(&self) -> u64 {
        match self {
            Outcome::Mapped => 1,
            Outcome::Reduced(_) => 17,
        }
    }
}
