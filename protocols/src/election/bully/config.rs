//! What a scenario may say about the bully algorithm, and the flaws that it may switch on.

use serde::{Deserialize, Serialize};
use sim_core::prelude::*;

/// Timing and choices.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// A leader says that it lives, so often.
    pub heartbeat: Span,
    /// Who has heard nothing of its leader for a time between these takes it for dead; the second is not reached, unless they
    /// are the same.
    pub watch: (Span, Span),
    /// Who has not answered after this is dead: longer than a round trip, or else the living are taken for dead.
    pub answer: Span,
    /// Who was answered, and has heard of no leader after this, holds another election. Longer than `answer`, for which who
    /// answered may have to wait.
    pub coordinator: Span,
    /// A mistake to make: for teaching, and to test the tests.
    pub flaw: Option<Flaw>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            heartbeat: 50.ms(),
            watch: (150.ms(), 250.ms()),
            answer: 50.ms(),
            coordinator: 150.ms(),
            flaw: None,
        }
    }
}

impl Config {
    /// Refuses what cannot work: which key, and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        let (low, high) = self.watch;
        if self.heartbeat == Span::ZERO {
            return Err(("heartbeat", "saying it every 0s would never end; `50ms` would do".into()));
        }
        if low <= self.heartbeat || high < low {
            let found = format!("watching for {low} to {high} with a heartbeat of {}", self.heartbeat);
            return Err((
                "watch",
                format!("{found}: the first must be longer than that, and at most the second"),
            ));
        }
        if self.answer == Span::ZERO {
            return Err(("answer", "nobody answers within 0s; more than a round trip would do".into()));
        }
        if self.coordinator <= self.answer {
            let found = format!("waiting {} for a leader that first waits {}", self.coordinator, self.answer);
            return Err(("coordinator", format!("{found} for answers; more would do")));
        }
        Ok(())
    }
}

/// Mistakes that implementations have made. Each costs one line where the decision is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Flaw {
    /// Who is asked holds an election, and does not answer.
    SilentHigher,
    /// A quarter of the time is given to answers.
    ShortAnswer,
    /// Who boots waits to be told who leads.
    SilentBoot,
    /// A leader does not give way to a higher one.
    StubbornLeader,
    /// Who was answered waits for a leader, however long.
    EndlessWait,
    /// A leader is watched from its first heartbeat on only, and not from its announcement.
    UnwatchedLeader,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 6] = [
        Flaw::SilentHigher,
        Flaw::ShortAnswer,
        Flaw::SilentBoot,
        Flaw::StubbornLeader,
        Flaw::EndlessWait,
        Flaw::UnwatchedLeader,
    ];
}
