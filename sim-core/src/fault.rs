//! Faults as data: what goes wrong, when, and for whom. The same types are read from scenario files, carried by plans
//! and shown in reports; nothing here acts. `world.rs` carries them out.

use crate::time::{Span, Time};
use alloc::{string::String, vec::Vec};
use core::fmt;
use serde::{Deserialize, Serialize};

/// A fault with its moment.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedFault {
    /// What reports and other faults call it; unique in a plan.
    pub name: String,
    /// When it strikes.
    pub at: Time,
    /// How long until it ends by itself: a cut heals, a crashed node restarts, a paused one resumes.
    pub lasts: Option<Span>,
    /// What happens.
    pub fault: Fault,
    /// A sentence for the reader of the report; may be empty.
    pub say: String,
}

/// What can go wrong. Every variant bites or says that it did not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Fault {
    /// Cuts the network between groups: nodes of different groups cannot reach one another in either direction.
    /// A node in no group still reaches everybody. Messages on their way when the cut strikes are lost too.
    Split(Vec<Vec<Pick>>),
    /// Cuts one direction only: messages from `from` to `to` are lost, answers in the other direction still pass.
    OneWay {
        /// The senders that are no longer heard.
        from: Vec<Pick>,
        /// Those who no longer hear them.
        to: Vec<Pick>,
    },
    /// Ends every cut that is in force.
    Heal,
    /// Kills processes: memory is gone, of the disk remains what was synced and perhaps part of what was not.
    Crash(Vec<Pick>),
    /// Boots nodes that are down.
    Restart(Vec<Pick>),
    /// Freezes processes, as a long garbage collection or SIGSTOP would: messages and timers wait, nothing is lost.
    Pause(Vec<Pick>),
    /// Lets frozen processes go on; what waited arrives at once.
    Resume(Vec<Pick>),
}

/// For whom. Picks of one fault are resolved when it strikes, from left to right and `Rest` after all others; no node is
/// chosen twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Pick {
    /// The node of this name, such as `db-1`.
    Node(String),
    /// Every node of this service; `clients` are a service too.
    Service(String),
    /// Every server whose protocol says that this is its role at that moment, such as `leader`. None may have it.
    Role(String),
    /// So many servers (not clients), drawn by the seed among those that are up; for `Restart` among those that are down,
    /// for `Resume` among those that are frozen.
    Random(u32),
    /// So many nodes of this service, drawn likewise.
    RandomOf(String, u32),
    /// Every node of the world that this fault does not name otherwise, clients included. At most once in a fault.
    Rest,
}

impl Fault {
    /// The fault in one word, for tables: "split", "crash".
    pub fn kind(&self) -> &'static str {
        match self {
            Fault::Split(_) => "split",
            Fault::OneWay { .. } => "one-way cut",
            Fault::Heal => "heal",
            Fault::Crash(_) => "crash",
            Fault::Restart(_) => "restart",
            Fault::Pause(_) => "pause",
            Fault::Resume(_) => "resume",
        }
    }

    /// Whether this is harm, and not the end of some earlier harm.
    pub fn harms(&self) -> bool {
        match self {
            Fault::Split(_) | Fault::OneWay { .. } | Fault::Crash(_) | Fault::Pause(_) => true,
            Fault::Heal | Fault::Restart(_) | Fault::Resume(_) => false,
        }
    }

    /// The groups of picks, in the order in which they are resolved.
    pub fn picks(&self) -> Vec<&[Pick]> {
        match self {
            Fault::Split(groups) => groups.iter().map(Vec::as_slice).collect(),
            Fault::OneWay { from, to } => [from.as_slice(), to.as_slice()].into(),
            Fault::Heal => Vec::new(),
            Fault::Crash(whom) | Fault::Restart(whom) | Fault::Pause(whom) | Fault::Resume(whom) => {
                [whom.as_slice()].into()
            }
        }
    }

    /// The same fault aimed at other picks, given in the order of [`Fault::picks`].
    pub fn aimed(&self, mut groups: Vec<Vec<Pick>>) -> Fault {
        let mut next = || if groups.is_empty() { Vec::new() } else { groups.remove(0) };
        match self {
            Fault::Split(_) => Fault::Split(groups),
            Fault::OneWay { .. } => Fault::OneWay { from: next(), to: next() },
            Fault::Heal => Fault::Heal,
            Fault::Crash(_) => Fault::Crash(next()),
            Fault::Restart(_) => Fault::Restart(next()),
            Fault::Pause(_) => Fault::Pause(next()),
            Fault::Resume(_) => Fault::Resume(next()),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}
