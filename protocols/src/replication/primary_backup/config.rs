//! What a scenario may say about primary and backups, and the flaws that it may switch on.

use serde::{Deserialize, Serialize};
use sim_core::prelude::*;

/// Timing and choices.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// When the primary acknowledges a request, and when backups hear of it.
    pub shipping: Shipping,
    /// How reads are served.
    pub reads: Reads,
    /// How often the primary lets itself be heard.
    pub heartbeat: Span,
    /// The backup next in line takes over when it has heard nothing of a primary for so long; the primary leaves out a
    /// backup that it has not heard for so long.
    pub timeout: Span,
    /// Each backup further down the line waits so much longer than the one before it.
    pub stagger: Span,
    /// A mistake to make: for teaching, and to test the tests.
    pub flaw: Option<Flaw>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            shipping: Shipping::Synchronous,
            reads: Reads::Shipped,
            heartbeat: 50.ms(),
            timeout: 200.ms(),
            stagger: 100.ms(),
            flaw: None,
        }
    }
}

impl Config {
    /// Refuses what cannot work: which key, and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        if self.heartbeat == Span::ZERO || self.heartbeat >= self.timeout {
            let found = format!("a heartbeat every {} with a timeout of {}", self.heartbeat, self.timeout);
            return Err((
                "heartbeat",
                format!(
                    "{found}: backups would take over from a living primary; more than 0 and less than {} would do",
                    self.timeout
                ),
            ));
        }
        if self.stagger == Span::ZERO {
            return Err((
                "stagger",
                "with 0s all backups would take over at once, and again; `100ms` would do".into(),
            ));
        }
        match self.shipping {
            Shipping::SemiSynchronous(0) => {
                Err(("shipping", "`SemiSynchronous(0)` waits for nobody; 1 or more would do".into()))
            }
            Shipping::Asynchronous(Span::ZERO) => {
                Err(("shipping", "shipping every 0s would never end; `100ms` would do".into()))
            }
            Shipping::Synchronous | Shipping::SemiSynchronous(_) | Shipping::Asynchronous(_) => Ok(()),
        }
    }

    /// Refuses what so many nodes cannot do: which key, and why.
    pub fn check_for(&self, nodes: u32) -> Result<(), (&'static str, String)> {
        let backups = nodes.saturating_sub(1);
        match self.shipping {
            Shipping::SemiSynchronous(count) if count > backups => {
                let found = format!("{count} of {backups} backups will never have anything");
                Err((
                    "shipping",
                    format!("{found}: nothing would be acknowledged; `Synchronous` waits for all"),
                ))
            }
            Shipping::Synchronous | Shipping::SemiSynchronous(_) | Shipping::Asynchronous(_) => Ok(()),
        }
    }

    /// Whether no crash can lose what was acknowledged, in a group of so many nodes: every majority that a new primary
    /// hears holds it.
    pub fn survives(&self, nodes: usize) -> bool {
        match self.shipping {
            Shipping::Synchronous => true,
            Shipping::SemiSynchronous(backups) => backups as usize + 1 > nodes / 2,
            Shipping::Asynchronous(_) => false,
        }
    }
}

/// When the primary acknowledges a request, and when backups hear of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Shipping {
    /// Backups hear at once, and it is acknowledged when all that take part have it on their disks.
    Synchronous,
    /// Backups hear at once, and it is acknowledged when so many of them have it on their disks. With fewer than half of
    /// the group it can be lost. At most as many as there are backups.
    SemiSynchronous(u32),
    /// It is acknowledged when the primary has it on its disk, and backups hear of it so often.
    Asynchronous(Span),
}

/// How reads are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Reads {
    /// Like any other request: shipped, and acknowledged with it.
    Shipped,
    /// From the primary's state, without asking anybody. One that was deposed and does not know it tells the past.
    Primary,
    /// From the state of whichever replica is asked. Backups lag.
    Any,
}

/// Mistakes that implementations have made. Each costs one line where the decision is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Flaw {
    /// A backup takes over without asking anybody, so the old primary is not fenced off.
    Unfenced,
    /// Backups take what primaries of older epochs ship.
    UncheckedEpoch,
    /// A backup says that it has what it was shipped before that is on its disk.
    UnsyncedBackup,
    /// A new primary goes on with its own log, even if somebody has a later one.
    OwnLog,
    /// The primary acknowledges before any backup has said anything.
    EarlyAnswer,
    /// A backup takes entries without looking whether its log agrees up to there.
    UncheckedPrevious,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 6] = [
        Flaw::Unfenced,
        Flaw::UncheckedEpoch,
        Flaw::UnsyncedBackup,
        Flaw::OwnLog,
        Flaw::EarlyAnswer,
        Flaw::UncheckedPrevious,
    ];
}
