//! How far a small world is explored, and a path through it.

use serde::{Deserialize, Serialize};
pub use sim_core::explore::Messages;

/// How far `sim explore` goes. The one service of the file is explored by itself: any message that was sent may arrive at
/// any moment, or never, and any timer that is set may run out. Time, the network and faults have no part in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Explore {
    /// How often a message arrives. Default: `Once`, or never.
    pub messages: Messages,
    /// So many timers run out at most, over all nodes. Default: any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeouts: Option<u32>,
    /// So many crashes at most, over all nodes; boots follow at any moment. Default: none.
    pub crashes: u32,
    /// So many operations, the first ones of the first client, each made at any moment of any node; at most
    /// [`Explore::OPERATIONS_MAX`]. Default: none.
    pub operations: u32,
    /// No path is longer. Default: any length.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depth: Option<u32>,
    /// No more states are visited; 1 to [`Explore::STATES_MAX`]. Default: a million, some 30 MB.
    pub states: u32,
    /// A path: what `sim replay` plays. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<Step>,
}

impl Default for Explore {
    fn default() -> Explore {
        Explore {
            messages: Messages::Once,
            timeouts: None,
            crashes: 0,
            operations: 0,
            depth: None,
            states: 1_000_000,
            path: Vec::new(),
        }
    }
}

impl Explore {
    /// More operations than this make no small world.
    pub const OPERATIONS_MAX: u32 = 1_000;
    /// So many states take some 6 GB.
    pub const STATES_MAX: u32 = 200_000_000;
}

/// A step of a path. Messages and timers are written as their protocol writes them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Step {
    /// A message arrives.
    Deliver {
        /// The node that sent it.
        from: String,
        /// The node that gets it.
        to: String,
        /// What it says.
        msg: String,
    },
    /// A timer runs out.
    Timeout {
        /// Whose it is.
        node: String,
        /// Which one.
        timer: String,
    },
    /// The next operation is made of a node.
    Operation {
        /// Which node.
        node: String,
        /// What is asked.
        op: String,
    },
    /// A process dies, and what it had not synced is gone.
    Crash(String),
    /// It boots again.
    Boot(String),
}

impl Step {
    /// The nodes that it names.
    pub fn nodes(&self) -> Vec<&str> {
        match self {
            Step::Deliver { from, to, .. } => vec![from, to],
            Step::Timeout { node, .. }
            | Step::Operation { node, .. }
            | Step::Crash(node)
            | Step::Boot(node) => {
                vec![node]
            }
        }
    }
}
