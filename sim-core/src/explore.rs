//! Small worlds in every order: whatever messages may arrive, timers run out, processes crash and boot next is tried.
//!
//! A run follows one schedule through time. Here time stands still, and from each state all steps are taken: any
//! message that was sent may arrive, however long ago that was; any timer that is set may run out, however long it was
//! set for. States are visited breadth first, so the first violation is reached by as few steps as any. It is the
//! simulated protocol itself that is explored: steps are taken, disks synced and properties judged by the code that
//! runs them in a world, through a [`crate::harness::Harness`].
//!
//! What is known of a visited state is a 64-bit fingerprint: of states and disks, timers that are set, messages that may
//! arrive, history variables, and how far the bounds are used up. Two states whose fingerprints are equal count as one;
//! among n states that happens by mistake with a probability of about n²/2⁶⁵.
//!
//! What has no part in it: clocks (they stand still at zero), random draws (each step of a node draws the same),
//! answers to requests, and how long anything takes. Losses need no step: a message that never arrives is lost.

mod search;
mod snapshot;

use crate::{
    property::PropertyReport,
    protocol::{Never, NodeId, Protocol},
    spec::Spec,
};
use alloc::{format, string::String, vec::Vec};
use core::any::TypeId;
use serde::{Deserialize, Serialize};
use snapshot::Stage;

/// How far to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How often a message arrives.
    pub messages: Messages,
    /// So many timers run out, over all nodes; `None` for any number.
    pub timeouts: Option<u32>,
    /// So many crashes, over all nodes. A process that crashed may boot at any moment.
    pub crashes: u32,
    /// No path is longer; `None` for any length.
    pub depth: Option<u32>,
    /// No more states are visited.
    pub states: u32,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { messages: Messages::Once, timeouts: None, crashes: 0, depth: None, states: 1_000_000 }
    }
}

/// How often a message arrives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Messages {
    /// Once, or never.
    #[default]
    Once,
    /// Any number of times: what was sent stays, as in specifications whose messages are a set.
    Again,
}

/// One thing that happens. Messages and timers are written as `Debug` writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A message arrives.
    Deliver {
        /// Who sent it.
        from: NodeId,
        /// Who gets it.
        to: NodeId,
        /// What it says.
        msg: String,
    },
    /// A timer runs out.
    Timeout {
        /// Whose it is.
        node: NodeId,
        /// Which one.
        timer: String,
    },
    /// The next request is made of a node.
    Operation {
        /// Which node.
        node: NodeId,
        /// What is asked.
        op: String,
    },
    /// A process dies, and what it had not synced is gone.
    Crash(NodeId),
    /// It boots again.
    Boot(NodeId),
}

impl Step {
    /// The node that takes it.
    pub fn node(&self) -> NodeId {
        match *self {
            Step::Deliver { to: node, .. }
            | Step::Timeout { node, .. }
            | Step::Operation { node, .. }
            | Step::Crash(node)
            | Step::Boot(node) => node,
        }
    }
}

/// A small world: so many nodes of one protocol, and the requests that are made of them.
#[derive(Clone, Debug)]
pub struct Small<P: Protocol> {
    /// What the protocol is told.
    pub config: P::Config,
    /// How many nodes.
    pub nodes: u32,
    /// Requests in the order in which they are made, each at a moment and of a node of the exploration's choice.
    pub operations: Vec<<P::Serves as Spec>::Op>,
    /// How far to go.
    pub bounds: Bounds,
}

/// What an exploration came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exploration {
    /// Distinct states that were visited, the first one included.
    pub states: u64,
    /// Steps that were taken, those to states already visited included.
    pub steps: u64,
    /// The length of the longest path that was needed to reach a state.
    pub depth: u32,
    /// Why it ended.
    pub ended: Ended,
    /// The first violation, if there was one.
    pub violation: Option<Counterexample>,
    /// What became of the properties.
    pub properties: Vec<PropertyReport>,
}

/// Why an exploration ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Nothing was left to visit.
    All,
    /// Paths of this length, the longest allowed, had more states behind them.
    Depth(u32),
    /// So many states were visited as are allowed. Every path up to this length was looked at.
    States(u32),
    /// A property was broken.
    Violated,
    /// Whoever watched wanted no more. Every path up to this length was looked at.
    Stopped(u32),
}

/// A violation, and a shortest path to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counterexample {
    /// The property.
    pub property: &'static str,
    /// What was found, with the values that disagree.
    pub found: String,
    /// The steps; the last one breaks the property.
    pub path: Vec<Step>,
}

/// How far an exploration is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// States visited so far.
    pub states: u64,
    /// The length of the paths that are looked at now.
    pub depth: u32,
    /// States that wait for their turn.
    pub waiting: u64,
}

/// A state along a path: what people are shown of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    /// By node, its role and labelled values of its state; `None` while no process runs.
    pub nodes: Vec<Option<Vec<(&'static str, String)>>>,
    /// Property and finding of what the last step broke, if it did.
    pub broken: Vec<(&'static str, String)>,
}

impl<P: Protocol> Small<P> {
    /// Visits every state within the bounds, or stops at the first violation, or when `goes_on` says so.
    pub fn explore(&self, goes_on: &mut dyn FnMut(Progress) -> bool) -> Result<Exploration, String> {
        self.check()?;
        Ok(search::search(self, goes_on))
    }

    /// Takes the steps of a path one by one, and shows the state before the first and after each. A step that is not
    /// possible is an error, which says which would be.
    pub fn follow(&self, path: &[Step], show: &mut dyn FnMut(Option<&Step>, &Scene)) -> Result<(), String> {
        self.check()?;
        // A path is bound by itself.
        let bounds = Bounds { timeouts: None, crashes: u32::MAX, ..self.bounds.clone() };
        let small = Small { bounds, ..self.clone() };
        let mut stage = Stage::new(&small);
        let mut here = stage.first();
        show(None, &stage.scene(&here));
        for (index, step) in path.iter().enumerate() {
            let choice = stage.find(&here, step).map_err(|found| format!("step {}: {found}", index + 1))?;
            stage.enter(&here);
            here = stage.take(&here, choice);
            show(Some(step), &stage.scene(&here));
        }
        Ok(())
    }

    fn check(&self) -> Result<(), String> {
        if TypeId::of::<P::Calls>() != TypeId::of::<Never>() {
            return Err("it calls another service: only a service by itself can be explored".into());
        }
        if self.nodes == 0 || self.nodes > NODES_MAX {
            let nodes = self.nodes;
            return Err(format!("{nodes} nodes: a world of 1 to {NODES_MAX} nodes can be explored"));
        }
        Ok(())
    }
}

/// Nobody waits for the end of more.
const NODES_MAX: u32 = 64;

#[cfg(test)]
mod tests;
