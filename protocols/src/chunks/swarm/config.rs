//! What a scenario may say of a swarm.

use crate::chunks::properties;
use crate::retry;
use serde::{Deserialize, Serialize};
use sim_core::{prelude::*, rng::Chance, size::Bytes};

/// The file, and how it is spread.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// So many chunks.
    pub chunks: u32,
    /// Of so many bytes each.
    pub chunk: Bytes,
    /// Who says who is there. A tracker is the first node, the source the one after it; without one the source is the first.
    pub peers: Peers,
    /// Which chunk a peer chooses.
    pub pick: Pick,
    /// Whom a peer serves.
    pub serve: Serve,
    /// Who has fewer neighbours than this looks for more; who has twice as many turns others away.
    pub neighbours: u32,
    /// So many uploads of a peer are under way at the same time.
    pub slots: u32,
    /// And so many downloads: a peer that waits for so many chunks declines more.
    pub downloads: u32,
    /// Who has not answered after so long is given up, and what did not come is asked for again. It is longer where chunks take longer
    /// (by a second for each megabyte, as long as nobody knows).
    pub patience: Span,
    /// How often, on average, a peer greets its neighbours, and looks for more if it has too few.
    pub refresh: Span,
    /// So many peers, the last ones, give nothing.
    pub free_riders: u32,
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
            peers: Peers::Tracker,
            pick: Pick::Rarest,
            serve: Serve::Anybody,
            neighbours: 20,
            slots: 2,
            downloads: 2,
            patience: 2.s(),
            refresh: 1.s(),
            free_riders: 0,
            damage: Chance::NEVER,
            flaw: None,
        }
    }
}

/// Who says who is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Peers {
    /// The first node.
    Tracker,
    /// Everybody, from what others told it; who is new knows the source.
    Gossip,
}

/// Which chunk a peer chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Pick {
    /// One that the fewest of its neighbours have.
    Rarest,
    /// Any, each equally likely.
    Random,
    /// The first.
    First,
}

/// Whom a peer serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Serve {
    /// Anybody who lacks something that it has.
    Anybody,
    /// Whoever of them gave it most; of those who gave nothing only the one whose turn it is.
    Givers,
}

impl Config {
    pub(super) fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    /// Refuses what cannot work: which key, and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        properties::check_file(self.chunks, self.chunk, self.slots, self.patience)?;
        if self.neighbours == 0 {
            return Err(("neighbours", "a peer without neighbours gets nothing; 20 would do".into()));
        }
        if self.downloads == 0 {
            return Err(("downloads", "a peer that declines everything gets nothing; 2 would do".into()));
        }
        retry::check("refresh", self.refresh)?;
        Ok(())
    }

    /// Refuses what so many nodes cannot do: which key, and why.
    pub fn check_for(&self, nodes: u32) -> Result<(), (&'static str, String)> {
        let others = self.source() + 1;
        if nodes <= others {
            return Err(("peers", format!("{nodes} nodes leave nobody to receive; {} would do", others + 1)));
        }
        if self.free_riders > nodes - others {
            let found = format!("{} of {} peers cannot ride for free", self.free_riders, nodes - others);
            return Err(("free_riders", format!("{found}; 0 to {} can", nodes - others)));
        }
        Ok(())
    }

    /// Which node the source is.
    pub(super) fn source(&self) -> u32 {
        u32::from(self.peers == Peers::Tracker)
    }
}

/// Mistakes that implementations have made. Each costs one line where the decision is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Flaw {
    /// A chunk is kept whatever is in it.
    Unverified,
    /// A chunk that comes twice is counted twice, so that a peer thinks that it has the file.
    CountedTwice,
    /// A chunk is told of, and passed on, as soon as it was asked for.
    EarlyHave,
    /// What was asked for and did not come is not asked for again.
    ForgottenRequest,
    /// Whoever does not answer keeps the upload that it was offered.
    LeakedSlot,
    /// The last chunk is never chosen.
    LastForgotten,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 6] = [
        Flaw::Unverified,
        Flaw::CountedTwice,
        Flaw::EarlyHave,
        Flaw::ForgottenRequest,
        Flaw::LeakedSlot,
        Flaw::LastForgotten,
    ];
}
