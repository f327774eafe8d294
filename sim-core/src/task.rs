//! Tasks: pieces of work that a node begins and ends, for timelines. Like gauges they are told only when a run is recorded,
//! and change nothing: a protocol names its tasks itself, so that it need remember nothing of them.

use crate::{protocol::NodeId, time::Time};
use alloc::{collections::BTreeMap, vec::Vec};

/// A piece of work, as somebody looks at it who draws it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Who works.
    pub node: NodeId,
    /// The kind of work, in a word: "map".
    pub kind: &'static str,
    /// What it is part of, by number.
    pub job: u32,
    /// Which of its kind in that, from 0.
    pub number: u32,
    /// Why it is done.
    pub why: Why,
    /// When it began.
    pub begun: Time,
    /// When it ended; `None` if it went on at the end of the run.
    pub ended: Option<Time>,
    /// What became of it.
    pub how: How,
    /// Bytes that it took in from elsewhere or from its own machine, as far as it said so.
    pub bytes: u64,
    /// Of those, what did not leave the machine.
    pub local: u64,
}

/// Why a task is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// It has to be.
    First,
    /// It was done, or begun, and is lost.
    Again,
    /// Somebody else is at it, and slow.
    Backup,
}

/// What became of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// It goes on.
    Running,
    /// It is done.
    Done,
    /// Somebody else was faster, so that it was given up.
    Beaten,
    /// It could not be done.
    Failed,
    /// The node went down.
    Lost,
}

/// All tasks of a run, in the order in which they began.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tasks {
    /// The first [`Tasks::MAX`].
    pub tasks: Vec<Task>,
    /// So many came after them.
    pub untold: u64,
    open: BTreeMap<(NodeId, u64), usize>,
}

impl Tasks {
    /// So many are kept.
    pub const MAX: usize = 200_000;

    pub(crate) fn begin(&mut self, key: u64, task: Task) {
        if self.tasks.len() >= Tasks::MAX {
            self.untold += 1;
            return;
        }
        self.open.insert((task.node, key), self.tasks.len());
        self.tasks.push(task);
    }

    pub(crate) fn took(&mut self, node: NodeId, key: u64, bytes: u64, local: bool) {
        if let Some(&at) = self.open.get(&(node, key)) {
            let task = &mut self.tasks[at];
            task.bytes += bytes;
            task.local += if local { bytes } else { 0 };
        }
    }

    pub(crate) fn end(&mut self, node: NodeId, key: u64, how: How, now: Time) {
        if let Some(at) = self.open.remove(&(node, key)) {
            (self.tasks[at].ended, self.tasks[at].how) = (Some(now), how);
        }
    }

    /// A node went down.
    pub(crate) fn lost(&mut self, node: NodeId, now: Time) {
        let range = (node, 0)..=(node, u64::MAX);
        let keys: Vec<_> = self.open.range(range).map(|((_, key), _)| *key).collect();
        keys.into_iter().for_each(|key| self.end(node, key, How::Lost, now));
    }
}
