//! What a scenario may say of a plan.

use crate::chunks::{properties, store::size};
use serde::{Deserialize, Serialize};
use sim_core::{prelude::*, rng::Chance, size::Bytes};

/// The file, and how it is spread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// So many chunks.
    pub chunks: u32,
    /// Of so many bytes each.
    pub chunk: Bytes,
    /// Who sends what to whom.
    pub plan: Strategy,
    /// So many uploads of a node are under way at the same time. One keeps to the order of the plan; two keep its uplink busy while
    /// acknowledgements travel, and make others wait whose turn it was.
    pub slots: u32,
    /// What was not acknowledged after so long is sent again. It is longer where chunks take longer (by a second for each megabyte, as
    /// long as nobody knows), and twice as long after each try.
    pub patience: Span,
    /// The probability that a sender's memory damages a chunk, and the network faithfully delivers that.
    pub damage: Chance,
    /// A mistake to make: for teaching, and to test the tests.
    pub flaw: Option<Flaw>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            chunks: 10,
            chunk: Bytes(500_000_000),
            plan: Strategy::Optimal,
            slots: 1,
            patience: 2.s(),
            damage: Chance::NEVER,
            flaw: None,
        }
    }
}

/// The plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Strategy {
    /// The first node sends all to all.
    ClientServer,
    /// The first so many nodes have the file, and each serves its share of the others.
    Senders(u32),
    /// Every node sends to the next.
    Chain,
    /// Every node sends each chunk to so many others.
    Tree(u32),
    /// As fast as can be.
    Optimal,
}

/// Most chunks of a file.
pub const CHUNKS_MAX: u32 = 1_000_000;

impl Config {
    /// Refuses what cannot work: which key, and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        properties::check_file(self.chunks, self.chunk, self.slots, self.patience)?;
        match self.plan {
            Strategy::Senders(0) => Err(("plan", "nobody would have the file; `Senders(1)` would do".into())),
            Strategy::Tree(0) => Err(("plan", "nobody would pass anything on; `Tree(2)` would do".into())),
            Strategy::ClientServer
            | Strategy::Senders(_)
            | Strategy::Chain
            | Strategy::Tree(_)
            | Strategy::Optimal => Ok(()),
        }
    }

    /// Refuses what so many nodes cannot do: which key, and why.
    pub fn check_for(&self, nodes: u32) -> Result<(), (&'static str, String)> {
        let sources = self.sources();
        if nodes <= sources {
            let found = format!("{nodes} nodes of which {sources} have the file leave nobody to receive it");
            return Err(("plan", format!("{found}; {} would do", u64::from(sources) + 1)));
        }
        let transfers = u64::from(self.chunks) * u64::from(nodes);
        if transfers > 20_000_000 {
            return Err((
                "chunks",
                format!("{transfers} transfers are more than are planned; 20000000 would do"),
            ));
        }
        Ok(())
    }

    pub(super) fn settings(&self) -> Settings {
        Settings {
            chunk: size(self.chunk),
            slots: self.slots as usize,
            damage: self.damage,
            sources: self.sources(),
            flaw: self.flaw,
        }
    }

    pub(super) fn sources(&self) -> u32 {
        if let Strategy::Senders(count) = self.plan { count } else { 1 }
    }
}

/// What steps need of the configuration.
#[derive(Clone, Debug, Hash)]
pub(super) struct Settings {
    pub(super) chunk: u64,
    pub(super) slots: usize,
    pub(super) damage: Chance,
    pub(super) sources: u32,
    pub(super) flaw: Option<Flaw>,
}

/// Mistakes that implementations have made. Each costs one line where the decision is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Flaw {
    /// A chunk is kept whatever is in it.
    Unverified,
    /// A chunk that comes twice is counted twice, so that a node thinks that it has the file.
    CountedTwice,
    /// A chunk is passed on before it has come.
    EarlyPass,
    /// What was lost is not sent again.
    ForgottenLoss,
    /// A chunk is acknowledged before it is on the disk, so that a crash can take it back.
    UnsyncedAck,
    /// The last transfer of a plan is not made.
    LastForgotten,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 6] = [
        Flaw::Unverified,
        Flaw::CountedTwice,
        Flaw::EarlyPass,
        Flaw::ForgottenLoss,
        Flaw::UnsyncedAck,
        Flaw::LastForgotten,
    ];
}
