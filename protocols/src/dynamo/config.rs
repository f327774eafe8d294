//! What a scenario may say about Dynamo, and the flaws that it may switch on.

use serde::{Deserialize, Serialize};
use sim_core::prelude::*;

/// Quorums, timing and choices. N, R and W are the paper's "common (3,2,2)" (§6).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// N: so many nodes keep each key, as far as there are so many.
    pub replicas: u32,
    /// R: so many answer a read.
    pub read: u32,
    /// W: so many have stored a write before it is answered.
    pub write: u32,
    /// Whether others stand in for replicas that do not answer.
    pub quorum: Quorum,
    /// What becomes of concurrent writes.
    pub versions: Versions,
    /// Virtual nodes of each node.
    pub tokens: u32,
    /// Who has not answered is asked again, so often, and others with it.
    pub resend: Span,
    /// An operation is given up after so long.
    pub patience: Span,
    /// Copies kept for others are offered to them, so often.
    pub handoff: Span,
    /// Merkle trees are compared with a random node, so often.
    pub anti_entropy: Span,
    /// Merkle trees have 2^depth leaves.
    pub depth: u32,
    /// The list of members is exchanged with a random node, so often.
    pub gossip: Span,
    /// A mistake to make: for teaching, and to test the tests.
    pub flaw: Option<Flaw>,
}

/// Whether others stand in for replicas that do not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Quorum {
    /// "The first N healthy nodes from the preference list" (§4.6): the next one keeps a copy with a hint for whom.
    Sloppy,
    /// The first N, healthy or not.
    Strict,
}

/// What becomes of concurrent writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Versions {
    /// Vector clocks tell that they are concurrent, and both are kept until a later write has seen both.
    Siblings,
    /// The one with the later time is kept, and the other is lost.
    LastWriterWins,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            replicas: 3,
            read: 2,
            write: 2,
            quorum: Quorum::Sloppy,
            versions: Versions::Siblings,
            tokens: 8,
            resend: 50.ms(),
            patience: 1.s(),
            handoff: 1.s(),
            anti_entropy: 1.s(),
            depth: 6,
            gossip: 200.ms(),
            flaw: None,
        }
    }
}

impl Config {
    /// Refuses what cannot work: which key, and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        for (key, quorum) in [("replicas", self.replicas), ("read", self.read), ("write", self.write)] {
            if quorum == 0 || quorum > self.replicas {
                let wanted =
                    if key == "replicas" { "1 or more".into() } else { format!("1 to {}", self.replicas) };
                return Err((key, format!("{quorum} of {} replicas; {wanted} would do", self.replicas)));
            }
        }
        if !(1..=1_000).contains(&self.tokens) {
            return Err(("tokens", format!("{} virtual nodes each; 1 to 1000 would do", self.tokens)));
        }
        if self.depth > 16 {
            return Err((
                "depth",
                format!("2^{} leaves are too many; a depth up to 16 would do", self.depth),
            ));
        }
        let spans = [
            ("resend", self.resend),
            ("patience", self.patience),
            ("handoff", self.handoff),
            ("anti_entropy", self.anti_entropy),
            ("gossip", self.gossip),
        ];
        match spans.iter().find(|(_, span)| *span == Span::ZERO) {
            Some((key, _)) => Err((key, "again and again after 0s would never end; `1s` would do".into())),
            None => Ok(()),
        }
    }

    /// Refuses what so many nodes cannot do: which key, and why.
    pub fn check_for(&self, nodes: u32) -> Result<(), (&'static str, String)> {
        for (key, count) in [("read", self.read), ("write", self.write)] {
            if count > nodes {
                return Err((
                    key,
                    format!("{count} of {nodes} nodes will never answer; 1 to {nodes} would do"),
                ));
            }
        }
        Ok(())
    }
}

/// Mistakes that implementations have made. Each costs one line where the decision is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Flaw {
    /// A write is answered when one node fewer than W has stored it.
    SmallWriteQuorum,
    /// A node says that it has stored a write before that is on its disk.
    UnsyncedStore,
    /// A copy kept for another node is dropped when it is sent there, and not when it has arrived.
    DroppedHint,
    /// The coordinator does not count its write in the vector clock.
    UncountedWrite,
    /// Of concurrent versions the last is kept, as if it had seen the others.
    DroppedSibling,
    /// What arrives replaces what is held, whatever their clocks say.
    Overwrite,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 6] = [
        Flaw::SmallWriteQuorum,
        Flaw::UnsyncedStore,
        Flaw::DroppedHint,
        Flaw::UncountedWrite,
        Flaw::DroppedSibling,
        Flaw::Overwrite,
    ];
}
