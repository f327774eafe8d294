//! What a scenario may say about flooding.

use super::Topology;
use crate::gossip::database::Begins;
use crate::retry;
use serde::{Deserialize, Serialize};
use sim_core::prelude::*;

/// How updates spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Who is whose neighbour.
    pub topology: Topology,
    /// Whether an update goes back to whom it came from.
    pub to: To,
    /// What was not acknowledged is sent again so often; `None`: nothing is acknowledged, and what is lost is lost.
    pub retry: Option<Span>,
    /// Where the first update comes from.
    pub begins: Begins,
    /// A claim: so long after an update is durable where it began, each node that has run as long knows it, or a newer one.
    /// It is judged whenever something happens at a node; `None` claims nothing.
    pub soon: Option<Span>,
    /// A mistake to make: for teaching, and to test the tests.
    pub flaw: Option<Flaw>,
}

/// Whom an update is passed on to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum To {
    /// All neighbours but the one that it came from: 2E − (n − 1) messages for E links and n nodes.
    #[default]
    SkipSender,
    /// All neighbours: 2E messages.
    Echo,
}

impl Config {
    /// Refuses what cannot work: which key, and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        if let Some(again) = self.retry {
            retry::check("retry", again)?;
        }
        match self.topology {
            Topology::Tree(0) => return Err(("topology", "a tree has an arity of 1 or more".into())),
            Topology::Regular(degree) if degree == 0 || degree % 2 == 1 => {
                let found = format!("a random graph of degree {degree}");
                return Err(("topology", format!("{found}: it is made of rings, so 2, 4, 6, … would do")));
            }
            Topology::Grid
            | Topology::Line
            | Topology::Ring
            | Topology::Total
            | Topology::Tree(_)
            | Topology::Regular(_) => {}
        }
        if matches!(self.flaw, Some(Flaw::LooseAck | Flaw::OneRetry)) && self.retry.is_none() {
            return Err(("flaw", "this mistake needs `retry`; `100ms` would do".into()));
        }
        Ok(())
    }

    /// Refuses what so many nodes cannot do: which key, and why.
    pub fn check_for(&self, nodes: u32) -> Result<(), (&'static str, String)> {
        if self.topology == Topology::Total && nodes > 10_000 {
            let found = format!("{nodes} nodes that are all neighbours send {nodes} messages each");
            return Err(("topology", format!("{found}; up to 10000 do")));
        }
        self.begins.check(nodes)
    }
}

/// Mistakes that implementations have made. Each costs one line where the decision is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Flaw {
    /// What was known already goes back to whom it came from, which sends it back, and so on.
    ForgottenEcho,
    /// The last of the neighbours is left out.
    ForgottenNeighbour,
    /// An acknowledgement of an older update of a key passes for one of the newer.
    LooseAck,
    /// What was sent twice is not sent again.
    OneRetry,
    /// Updates are told before they are on the disk.
    UnsyncedUpdate,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 5] =
        [Flaw::ForgottenEcho, Flaw::ForgottenNeighbour, Flaw::LooseAck, Flaw::OneRetry, Flaw::UnsyncedUpdate];
}
