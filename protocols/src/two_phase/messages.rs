//! What is said; what a node waits for, and how far it is: that is on its disk.

use sim_core::prelude::*;

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Msg {
    /// Can you commit?
    Prepare,
    /// I can, and from now on I wait for your word.
    Prepared,
    /// I cannot, and have aborted.
    Refused,
    /// All commit.
    Commit,
    /// All abort.
    Abort,
    /// I did what you decided.
    Done,
}

/// What a node waits for.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Timer {
    /// The work is done, or votes are asked for.
    Work,
    /// All are prepared: the transaction manager may commit.
    Decide,
    /// It has taken too long.
    Patience,
    /// Something was not answered.
    Resend,
}

/// How far a node is with the transaction. The transaction manager is never prepared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum State {
    /// Nothing is promised or decided.
    #[default]
    Working,
    /// It can commit, and has promised to wait for the decision.
    Prepared,
    /// It has committed.
    Committed,
    /// It has aborted.
    Aborted,
}

impl Message for Msg {
    fn bytes(&self) -> u64 {
        1
    }
}
