//! What a scenario may say about a quorum store, and the flaws that it may switch on.

use serde::{Deserialize, Serialize};
use sim_core::prelude::*;

/// Quorums and choices. The defaults are majorities of all nodes and a linearizable register.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// N: so many nodes keep each key; `None` is all of them.
    pub replicas: Option<u32>,
    /// R: so many of them answer a read, or tell a write which version is the latest; `None` is a majority.
    pub read: Option<u32>,
    /// W: so many of them have stored a write before it is answered; `None` is a majority.
    pub write: Option<u32>,
    /// What a read does with what it found.
    pub reads: Reads,
    /// Where versions come from.
    pub versions: Versions,
    /// Whom a coordinator asks.
    pub asks: Asks,
    /// Who has not answered is asked again, so often.
    pub resend: Span,
    /// An operation is given up after so long.
    pub patience: Span,
    /// A mistake to make: for teaching, and to test the tests.
    pub flaw: Option<Flaw>,
}

/// What a read does with what it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Reads {
    /// It stores it at W replicas before it answers, unless they have it: no later read sees anything older (ABD).
    WriteBack,
    /// It answers: a write under way may be seen by one read and missed by the next.
    Plain,
}

/// Where the version of a write comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Versions {
    /// One more than the highest counter of R replicas: a round trip more.
    Counter,
    /// The clock of the coordinator: no round trip, and no better than clocks are.
    Clock,
}

/// Whom a coordinator asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Asks {
    /// Every replica; the first R or W answers count.
    All,
    /// R or W replicas drawn for each operation, and no others (PBS §2.1).
    Quorum,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            replicas: None,
            read: None,
            write: None,
            reads: Reads::WriteBack,
            versions: Versions::Counter,
            asks: Asks::All,
            resend: 100.ms(),
            patience: 1.s(),
            flaw: None,
        }
    }
}

impl Config {
    /// Refuses what cannot work: which key, and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        for (key, quorum) in [("read", self.read), ("write", self.write), ("replicas", self.replicas)] {
            if quorum == Some(0) {
                return Err((key, "0 replicas hold nothing; 1 or more would do".into()));
            }
            if let (Some(quorum), Some(replicas)) = (quorum, self.replicas)
                && quorum > replicas
            {
                let found = format!("{quorum} of {replicas} replicas will never answer");
                return Err((key, format!("{found}; 1 to {replicas} would do")));
            }
        }
        if self.resend == Span::ZERO {
            return Err(("resend", "asking again every 0s would never end; `100ms` would do".into()));
        }
        if self.patience == Span::ZERO {
            return Err(("patience", "every operation would be given up at once; `1s` would do".into()));
        }
        Ok(())
    }

    /// Refuses what so many nodes cannot do: which key, and why.
    pub fn check_for(&self, nodes: u32) -> Result<(), (&'static str, String)> {
        for (key, count) in [("replicas", self.replicas), ("read", self.read), ("write", self.write)] {
            if let Some(count) = count.filter(|&count| count > nodes) {
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
    /// A write is answered when one replica fewer than W has stored it.
    SmallWriteQuorum,
    /// A replica says that it has stored a write before that is on its disk.
    UnsyncedStore,
    /// A replica stores whatever arrives last, an older version too.
    OlderWins,
    /// A write takes its version from the coordinator's own copy, without asking a quorum.
    UnaskedVersion,
    /// The version does not tell the lives of a coordinator apart, so that one that was back from a crash may give a
    /// version out again.
    ReusedVersion,
    /// A read that should store what it found answers at once.
    ForgottenWriteBack,
    /// A write that found no W replicas in time is refused, as if it had not happened.
    RefusedWrite,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 7] = [
        Flaw::SmallWriteQuorum,
        Flaw::UnsyncedStore,
        Flaw::OlderWins,
        Flaw::UnaskedVersion,
        Flaw::ReusedVersion,
        Flaw::ForgottenWriteBack,
        Flaw::RefusedWrite,
    ];
}
