//! What a scenario may say about epidemics.

use crate::gossip::database::Begins;
use crate::retry;
use serde::{Deserialize, Serialize};
use sim_core::prelude::*;

/// How updates spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Each site contacts one other per cycle. What is said and answered within a cycle should arrive within it: delays are to be
    /// less than a third of it.
    pub cycle: Span,
    /// Whether all cycles begin at the same time.
    pub phase: Phase,
    /// Rumour mongering; `None` without.
    pub rumours: Option<Rumours>,
    /// Anti-entropy; `None` without.
    pub anti_entropy: Option<AntiEntropy>,
    /// Where the first update comes from.
    pub begins: Begins,
    /// A claim: so long after an update is durable where it began, each site that has run as long knows it, or a newer one.
    /// It is judged whenever something happens at a site; `None` claims nothing.
    pub soon: Option<Span>,
    /// A mistake to make: for teaching, and to test the tests.
    pub flaw: Option<Flaw>,
}

/// When cycles begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Phase {
    /// For all at the same moments, by their clocks: the synchronous cycles of the paper. What happens in one cycle counts as
    /// simultaneous, so a site that heard an update in this cycle did not know it when somebody else told it.
    #[default]
    Together,
    /// For each site at its own moments.
    Random,
}

/// Who tells whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum How {
    /// Whoever contacts another tells it.
    #[default]
    Push,
    /// Whoever contacts another asks it.
    Pull,
    /// Both.
    PushPull,
}

/// Rumour mongering: a site tells what is new to it until it has lost interest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rumours {
    /// Who tells whom.
    pub how: How,
    /// What makes a contact count towards losing interest.
    pub counts: Counts,
    /// How interest is lost.
    pub loses: Loses,
}

/// What makes a contact count towards losing interest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Counts {
    /// The other says that it knew: such contacts were useless.
    #[default]
    Feedback,
    /// Every cycle with a contact counts.
    Blind,
}

/// How interest is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Loses {
    /// Never: everybody is told, for ever.
    Never,
    /// After so many contacts in a row that count.
    Counter(u32),
    /// After each contact that counts with a probability of one in so many.
    Coin(u32),
}

impl Default for Loses {
    fn default() -> Loses {
        Loses::Counter(2)
    }
}

/// Anti-entropy: databases are compared, and both sides know the newer of all in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AntiEntropy {
    /// Who tells whom.
    pub how: How,
    /// How often a site picks another to compare with.
    pub every: Span,
    /// Whether what is found becomes a rumour again (§1.5).
    pub found: Found,
}

impl Default for AntiEntropy {
    fn default() -> AntiEntropy {
        AntiEntropy { how: How::PushPull, every: 1.s(), found: Found::Cold }
    }
}

/// What becomes of an update that anti-entropy finds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Found {
    /// It is known, and no more.
    #[default]
    Cold,
    /// It is a rumour again, where rumours are told.
    Hot,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            cycle: 100.ms(),
            phase: Phase::Together,
            rumours: Some(Rumours::default()),
            anti_entropy: None,
            begins: Begins::Asked,
            soon: None,
            flaw: None,
        }
    }
}

impl Config {
    /// Refuses what cannot work: which key, and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        retry::check("cycle", self.cycle)?;
        let (rumours, entropy) = (self.rumours, self.anti_entropy);
        if rumours.is_none() && entropy.is_none() {
            let found = "neither rumours nor anti-entropy: nothing would spread";
            return Err(("rumours", format!("{found}; `()` would do")));
        }
        if let Some(entropy) = entropy {
            retry::check("anti_entropy", entropy.every)?;
        }
        if let Some(Rumours { loses: Loses::Counter(0) | Loses::Coin(0), .. }) = rumours {
            return Err(("rumours", "interest is lost after 1 contact or more, not after 0".into()));
        }
        let bites = match self.flaw {
            Some(Flaw::EarlyDeath) => {
                matches!(rumours, Some(Rumours { loses: Loses::Counter(2..), .. }))
            }
            Some(Flaw::PresenceOnly) => entropy.is_some_and(|entropy| entropy.how == How::PushPull),
            Some(Flaw::Restamp | Flaw::Overwrite | Flaw::UnsyncedUpdate) | None => true,
        };
        if !bites {
            let needs =
                "`EarlyDeath` needs a counter of 2 or more, `PresenceOnly` anti-entropy that is `PushPull`";
            return Err(("flaw", format!("this mistake cannot be made here: {needs}")));
        }
        Ok(())
    }

    /// Refuses what so many nodes cannot do: which key, and why.
    pub fn check_for(&self, nodes: u32) -> Result<(), (&'static str, String)> {
        self.begins.check(nodes)
    }
}

/// Mistakes that implementations have made. Each costs one line where the decision is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Flaw {
    /// Interest is lost after the first useless contact, whatever the counter says.
    EarlyDeath,
    /// Who hears an update stamps it with its own clock, so that old values pass for new ones.
    Restamp,
    /// Who hears an update takes it, also if it is older than what it knows.
    Overwrite,
    /// Anti-entropy sends the keys that the other lacks, and not those of which it has an old value.
    PresenceOnly,
    /// Updates are told before they are on the disk.
    UnsyncedUpdate,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 5] =
        [Flaw::EarlyDeath, Flaw::Restamp, Flaw::Overwrite, Flaw::PresenceOnly, Flaw::UnsyncedUpdate];
}
