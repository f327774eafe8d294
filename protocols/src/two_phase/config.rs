//! What a scenario may say about two-phase commit, and the flaws that it may switch on.

use serde::{Deserialize, Serialize};
use sim_core::prelude::*;

/// Timing and choices.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Who begins.
    pub begins: Begins,
    /// When: the first vote is asked for, or the first resource manager is prepared, so long after the start.
    pub work: Span,
    /// Who is neither prepared nor decided so long after the start aborts, if it still may.
    pub patience: Span,
    /// What was not answered is said again, so often.
    pub resend: Span,
    /// So many resource managers, the last ones, cannot commit: they abort when they are asked, or when they would prepare.
    pub refuse: u32,
    /// A mistake to make: for teaching, and to test the tests.
    pub flaw: Option<Flaw>,
}

/// Who begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Begins {
    /// The transaction manager, with a round of questions.
    #[default]
    Asked,
    /// Each resource manager for itself.
    Spontaneous,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            begins: Begins::Asked,
            work: 10.ms(),
            patience: 1.s(),
            resend: 100.ms(),
            refuse: 0,
            flaw: None,
        }
    }
}

impl Config {
    /// Refuses what cannot work: which key, and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        if self.resend == Span::ZERO {
            return Err(("resend", "saying it again every 0s would never end; `100ms` would do".into()));
        }
        if self.patience <= self.work {
            let found = format!("patience of {} is over before the work of {}", self.patience, self.work);
            return Err(("patience", format!("{found}: nothing could commit; more would do")));
        }
        Ok(())
    }

    /// Refuses what so many nodes cannot do: which key, and why.
    pub fn check_for(&self, nodes: u32) -> Result<(), (&'static str, String)> {
        let managers = nodes.saturating_sub(1);
        if managers == 0 {
            let found = "a transaction manager alone has nobody to agree with";
            return Err(("", format!("{found}; 2 nodes or more would do")));
        }
        if self.refuse > managers {
            let found = format!("{} of {managers} resource managers cannot refuse", self.refuse);
            return Err(("refuse", format!("{found}; 0 to {managers} can")));
        }
        Ok(())
    }
}

/// Mistakes that implementations have made. Each costs one line where the decision is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Flaw {
    /// A resource manager says that it is prepared before that is on its disk, so a crash can take it back.
    UnsyncedVote,
    /// A resource manager in doubt runs out of patience, and aborts.
    ImpatientInDoubt,
    /// The transaction manager tells its decision before that is on its disk, so a crash can make it decide again.
    UnsyncedDecision,
    /// The transaction manager commits when a majority is prepared.
    MajorityCommit,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 4] =
        [Flaw::UnsyncedVote, Flaw::ImpatientInDoubt, Flaw::UnsyncedDecision, Flaw::MajorityCommit];
}
