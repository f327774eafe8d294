//! A job in progress: what is done of it, what waits, and who is at what.

use super::{Backups, Config, Job, Mapped, Phase, Task, queue::Queue};
use sim_core::prelude::*;

/// A job in progress.
#[derive(Clone, Debug, Hash)]
pub(super) struct Progress {
    pub(super) job: Job,
    pub(super) shown: u32,
    /// Who waits for it.
    pub(super) tickets: Vec<Ticket>,
    pub(super) queue: Queue,
    pub(super) maps: Vec<Status>,
    pub(super) reduces: Vec<Status>,
    /// So many map tasks are done.
    pub(super) mapped: u32,
    pub(super) reduced: u32,
    /// Every map task that was done, in this order, and where; a later entry for the same task takes the place of the earlier.
    pub(super) list: Vec<Mapped>,
    /// The files of the output that stand.
    pub(super) files: Vec<(u32, String)>,
    /// Whether these were all there before, and were judged.
    pub(super) judged: bool,
    /// How long map and reduce tasks took that are done, all together, and how many there were.
    pub(super) took: [(Span, u32); 2],
}

/// What is known of a task.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Status {
    /// Who has done it.
    pub(super) done: Option<NodeId>,
    /// The runs of it.
    pub(super) runs: Vec<u64>,
    /// Whether it was ever begun, and ever done.
    pub(super) tried: bool,
    pub(super) before: bool,
}

/// What has happened so far, to all jobs.
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

impl Status {
    /// Whether nobody is at it.
    pub(super) fn waits(&self) -> bool {
        self.done.is_none() && self.runs.is_empty()
    }
}

impl Progress {
    pub(super) fn new(job: Job, shown: u32) -> Progress {
        let statuses = |count: u32| vec![Status::default(); count as usize];
        Progress {
            job,
            shown,
            tickets: Vec::new(),
            queue: Queue::default(),
            maps: statuses(job.text.chunks),
            reduces: statuses(job.reduces),
            mapped: 0,
            reduced: 0,
            list: Vec::new(),
            files: Vec::new(),
            judged: false,
            took: [(Span::ZERO, 0); 2],
        }
    }

    pub(super) fn status(&mut self, task: Task) -> &mut Status {
        match task.phase {
            Phase::Map => &mut self.maps[task.index as usize],
            Phase::Reduce => &mut self.reduces[task.index as usize],
        }
    }

    /// Whether reduce tasks may begin to fetch.
    pub(super) fn fetchable(&self, config: &Config) -> bool {
        f64::from(self.mapped) >= config.fetch_from * self.maps.len() as f64
    }

    /// A task lags behind when it has taken so long.
    pub(super) fn slow(&self, phase: Phase, backups: Backups) -> Option<Span> {
        let Backups::Behind(times) = backups else { return None };
        let (all, count) = self.took[phase as usize];
        // Whoever need not lag behind need not be compared with anybody.
        (count > 0 || times == 0.0).then(|| Span((all.0 as f64 / f64::from(count.max(1)) * times) as u64))
    }

    pub(super) fn show(&self) -> (String, String) {
        (format!("{}/{}", self.mapped, self.maps.len()), format!("{}/{}", self.reduced, self.reduces.len()))
    }

    /// What was mapped is lost: it is to be done again, unless it is not needed any more.
    pub(super) fn unmap(&mut self, map: u32) {
        if self.reduced == self.job.reduces {
            return;
        }
        self.maps[map as usize].done = None;
        self.mapped -= 1;
        self.queue.begin_again(Phase::Map, map);
    }
}
