//! What a scenario may say about SWIM.

use super::memberlist;
use crate::gossip::epidemic::Phase;
use crate::retry;
use serde::{Deserialize, Serialize};
use sim_core::prelude::*;

/// Timing and choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The protocol period T': each member probes one other in it.
    pub period: Span,
    /// A direct probe that is not answered by then is made indirect.
    pub probe: Span,
    /// So many members are asked to probe for one that got no answer: the paper's k.
    pub indirect: u32,
    /// Whom to probe next.
    pub order: Order,
    /// Whether all periods begin at the same time.
    pub phase: Phase,
    /// Each member sends a piece of news λ · ⌈log10(members + 1)⌉ times, with its other messages.
    pub retransmit: u32,
    /// So many pieces of news go with one message, at most.
    pub piggyback: u32,
    /// What becomes of a member that did not answer.
    pub suspicion: Suspicion,
    /// A member pings one of those that it holds dead so often, in case it lives; `None` if never.
    pub reconnect: Option<Span>,
    /// A claim: who has been down for so long is held dead by all that have run as long.
    pub detects: Option<Span>,
    /// A claim: who has run for so long is not held dead by anybody who has held it so all the time, by that one's clock.
    pub forgives: Option<Span>,
    /// A claim: whether a member that runs may be declared dead.
    pub accuracy: Accuracy,
    /// A mistake to make: for teaching, and to test the tests.
    pub flaw: Option<Flaw>,
}

/// Whom to probe next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Order {
    /// All, one after the other, in an order that is drawn anew for each round (§4.3): nobody waits longer than 2n − 1 periods.
    #[default]
    RoundRobin,
    /// Anybody, each equally likely (§3.1).
    Random,
}

/// What becomes of a member that did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Suspicion {
    /// It is declared dead at once (§3).
    None,
    /// It is suspected, and declared dead if it does not refute that within this time (§4.2).
    Fixed(Span),
    /// The time is that of hashicorp/memberlist: at least `mult` · max(1, log10 n) periods, `max_mult` times that while nobody
    /// else suspects, and falling as up to `confirmations` others do (Dadgar, Phillips and Currey, "Lifeguard", 2018).
    Memberlist {
        /// The least, in periods of a group of up to ten.
        mult: u32,
        /// The longest, in multiples of the least.
        max_mult: u32,
        /// So many others make it the least.
        confirmations: u32,
    },
}

impl Suspicion {
    /// What is left of a suspicion that so many others share after `elapsed`, in a group of so many.
    pub(super) fn left(self, confirmed: u32, elapsed: Span, members: u32, period: Span) -> Span {
        match self {
            Suspicion::None => Span::ZERO,
            Suspicion::Fixed(span) => span - elapsed,
            Suspicion::Memberlist { mult, max_mult, confirmations } => {
                // As there: who could not be confirmed in so small a group is not waited for.
                let wanted = if confirmations + 2 > members { 0 } else { confirmations };
                let least = memberlist::suspicion_timeout(mult, members, period);
                let longest = least * u64::from(max_mult);
                let left = memberlist::remaining(confirmed, wanted, elapsed, least, longest);
                Span(u64::try_from(left).unwrap_or(0))
            }
        }
    }
}

/// Whether a member that runs may be declared dead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Accuracy {
    /// It may: it is slow, or cut off, and will refute. How often that happened is counted.
    #[default]
    Lenient,
    /// It may not: that breaks a property.
    Strict,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            period: 1.s(),
            probe: 300.ms(),
            indirect: 3,
            order: Order::RoundRobin,
            phase: Phase::Random,
            retransmit: 4,
            piggyback: 6,
            suspicion: Suspicion::Memberlist { mult: 4, max_mult: 6, confirmations: 2 },
            reconnect: Some(10.s()),
            detects: None,
            forgives: None,
            accuracy: Accuracy::Lenient,
            flaw: None,
        }
    }
}

impl Config {
    /// Refuses what cannot work: which key, and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        retry::check("period", self.period)?;
        if self.probe == Span::ZERO || self.probe >= self.period {
            let found = format!("an answer within {}", self.probe);
            return Err((
                "probe",
                format!("{found}: above 0s and below the period of {} would do", self.period),
            ));
        }
        if self.reconnect == Some(Span::ZERO) {
            return Err(("reconnect", "every 0s would never end; `10s` would do".into()));
        }
        if self.retransmit == 0 || self.piggyback == 0 {
            let key = if self.retransmit == 0 { "retransmit" } else { "piggyback" };
            return Err((key, "nobody would hear of anything; 1 or more would do".into()));
        }
        if let Suspicion::Memberlist { mult: 0, .. } | Suspicion::Memberlist { max_mult: 0, .. } =
            self.suspicion
        {
            return Err(("suspicion", "`mult` and `max_mult` are 1 or more".into()));
        }
        let suspects =
            matches!(self.flaw, Some(Flaw::IgnoredRefutation | Flaw::EagerVerdict | Flaw::SilentAccused));
        if suspects && self.suspicion == Suspicion::None {
            return Err(("flaw", "this mistake needs suspicion; `Fixed(\"3s\")` would do".into()));
        }
        Ok(())
    }
}

/// Mistakes that implementations have made. Each costs one line where the decision is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Flaw {
    /// A suspicion that was refuted runs out all the same.
    IgnoredRefutation,
    /// Whatever is heard last counts, also with an old incarnation.
    OldIncarnation,
    /// Who suspects a member raises its incarnation, so that it is believed.
    AccuserBumps,
    /// Who hears that it is suspected or held dead says nothing.
    SilentAccused,
    /// A failed probe is a verdict: suspicion is left out.
    EagerVerdict,
    /// Who got no answer probes the same member again, for ever.
    StuckProbe,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 6] = [
        Flaw::IgnoredRefutation,
        Flaw::OldIncarnation,
        Flaw::AccuserBumps,
        Flaw::SilentAccused,
        Flaw::EagerVerdict,
        Flaw::StuckProbe,
    ];
}
