//! Leases (dissertation §6.4.1): a leader that a quorum has answered serves reads from its own state for as long as nobody
//! can have been elected since. It costs no messages, and it trusts clocks: set the leader's clock back, and it serves
//! the past.

use super::{Config, Flaw};
use sim_core::prelude::*;

/// What a leader knows of its lease. All times are those of its own clock.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Lease {
    /// Rounds of AppendEntries that no quorum has answered yet, and when each began.
    rounds: VecDeque<(u64, Time)>,
    until: Time,
    /// Others were told that they may lead.
    given_up: bool,
}

impl Lease {
    /// A round of AppendEntries goes out.
    pub(super) fn ask(&mut self, round: u64, now: Time) {
        self.rounds.push_back((round, now));
    }

    /// A quorum has answered this round: whoever answered votes for nobody else for an election timeout after it began. A
    /// tenth of that is kept back for clocks that run at different rates.
    pub(super) fn renew(&mut self, confirmed: u64, config: &Config) {
        while let Some(&(round, began)) = self.rounds.front()
            && round <= confirmed
        {
            self.rounds.pop_front();
            let tenths = if config.flaw == Some(Flaw::LongLease) { 20 } else { 9 };
            if self.given_up {
                continue;
            }
            self.until = began + Span(config.election.0.0 / 10 * tenths);
        }
    }

    /// There will be no lease in this term any more: what told others to campaign may arrive at any time.
    pub(super) fn give_up(&mut self) {
        (self.until, self.given_up) = (Time::ZERO, true);
    }

    pub(super) fn holds(&self, now: Time) -> bool {
        now < self.until
    }
}
