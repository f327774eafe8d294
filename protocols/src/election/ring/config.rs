//! What a scenario may say about an election on a ring, and the flaws that it may switch on.

use serde::{Deserialize, Serialize};
use sim_core::prelude::*;

/// Timing and choices.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Which node has which number.
    pub order: Order,
    /// Who begins by itself when it boots for the first time.
    pub begins: Begins,
    /// A node begins so long after its boot.
    pub start: Span,
    /// Who has taken part and has heard of no leader begins anew after a time between these; the second is not reached, unless
    /// they are the same.
    pub patience: (Span, Span),
    /// A mistake to make: for teaching, and to test the tests.
    pub flaw: Option<Flaw>,
}

/// Which node has which number; nodes are counted in the direction in which messages go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Order {
    /// Each draws its own: all orders are equally likely.
    #[default]
    Random,
    /// Each has a greater one than its predecessor, the best case: every number but the greatest is swallowed at once.
    Ascending,
    /// Each has a smaller one than its predecessor, the worst case: every number goes as far as the last node at least.
    Descending,
}

/// Who begins by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Begins {
    /// Everybody, at the same time.
    #[default]
    All,
    /// The first node; the others are drawn in.
    First,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            order: Order::Random,
            begins: Begins::All,
            start: 10.ms(),
            patience: (1.s(), 2.s()),
            flaw: None,
        }
    }
}

impl Config {
    /// Refuses what cannot work: which key, and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        let (low, high) = self.patience;
        if low == Span::ZERO || high < low {
            let found = format!("patience between {low} and {high}");
            return Err(("patience", format!("{found}: the first must be above 0 and at most the second")));
        }
        let drawn =
            matches!(self.flaw, Some(Flaw::SharedNumbers | Flaw::ForgottenNumber | Flaw::UnsyncedNumber));
        if drawn && self.order != Order::Random {
            let found = format!("no number is drawn where the order is {:?}", self.order);
            return Err(("flaw", format!("{found}; with `order: Random` this mistake can be made")));
        }
        Ok(())
    }
}

/// Mistakes that implementations have made. Each costs one line where the decision is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Flaw {
    /// A node passes on smaller numbers too, so each comes back to its owner.
    PassSmaller,
    /// Who has heard of no leader for a while leads.
    ImpatientLeader,
    /// Who passes on a greater number follows its owner, before it is elected.
    EagerFollower,
    /// Numbers are drawn from a few, and nobody sees to it that they differ.
    SharedNumbers,
    /// A node draws another number at each boot.
    ForgottenNumber,
    /// A node sends its number before it is on the disk, so a crash can take it away.
    UnsyncedNumber,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 6] = [
        Flaw::PassSmaller,
        Flaw::ImpatientLeader,
        Flaw::EagerFollower,
        Flaw::SharedNumbers,
        Flaw::ForgottenNumber,
        Flaw::UnsyncedNumber,
    ];
}
