//! What a scenario may say about billing, and the flaws that it may switch on.

use serde::{Deserialize, Serialize};
use sim_core::prelude::*;

/// Timing and choices.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// An invoice falls due so often.
    pub every: Span,
    /// Processor time between looking at the clock and sending a charge.
    pub work: Span,
    /// How long a lease lasts after it was taken or renewed.
    pub lease: Span,
    /// How often its holder renews it, and the others look at it; shorter than the lease.
    pub heartbeat: Span,
    /// How long a worker waits for the bank before it asks how far the charges have come.
    pub patience: Span,
    /// What the bank does about charges that come late.
    pub guard: Guard,
    /// A mistake to make: for teaching, and to test the tests.
    pub flaw: Option<Flaw>,
}

/// What the bank does about charges that come late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Guard {
    /// Nothing: it trusts that the lease is enough.
    Nothing,
    /// It refuses what bears an older stamp (the token, and the number within the lease) than what it heard last, and does
    /// not do again what bears the same.
    #[default]
    Fencing,
    /// It does not charge an invoice before the one that comes next. That is enough where invoices are charged in the order
    /// of their numbers; otherwise the bank would have to keep all of these.
    Idempotency,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            every: 100.ms(),
            work: 5.ms(),
            lease: 2.s(),
            heartbeat: 500.ms(),
            patience: 300.ms(),
            guard: Guard::Fencing,
            flaw: None,
        }
    }
}

impl Config {
    /// Refuses what cannot work: which key, and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        let spans = [("every", self.every), ("heartbeat", self.heartbeat), ("patience", self.patience)];
        if let Some((key, _)) = spans.into_iter().find(|(_, span)| *span == Span::ZERO) {
            return Err((key, "every 0s would never end; `100ms` would do".into()));
        }
        if self.heartbeat >= self.lease {
            let found = format!("a lease of {} runs out before it is renewed", self.lease);
            return Err(("heartbeat", format!("{found}: less would do, such as a quarter")));
        }
        Ok(())
    }

    /// Refuses what so many nodes cannot do: which key, and why.
    pub fn check_for(&self, nodes: u32) -> Result<(), (&'static str, String)> {
        match nodes {
            0 | 1 => {
                Err(("", "the first node is the bank, so nobody is left to work; 2 or more would do".into()))
            }
            _ => Ok(()),
        }
    }
}

/// Mistakes that implementations have made. Each costs one line where the decision is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Flaw {
    /// The bank compares the tokens of leases alone, and not what is said within one.
    TokenOnly,
    /// The bank's fence is not on its disk, and so forgotten in a crash.
    UnsyncedFence,
    /// The bank says that it has charged before that is on its disk.
    UnsyncedCharge,
    /// A worker that hears nothing of a charge sends it again.
    BlindRetry,
    /// A worker that hears nothing of a charge takes it for done.
    BlindTrust,
    /// A worker that takes a lease over goes on from where it has been itself, and does not ask the bank.
    OldBooks,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 6] = [
        Flaw::TokenOnly,
        Flaw::UnsyncedFence,
        Flaw::UnsyncedCharge,
        Flaw::BlindRetry,
        Flaw::BlindTrust,
        Flaw::OldBooks,
    ];
}
