//! Which server a request goes to.

use serde::{Deserialize, Serialize};
use sim_core::prelude::*;

/// Which server a request goes to, of those that are not ejected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Policy {
    /// One after the other.
    #[default]
    RoundRobin,
    /// Any, all alike.
    Random,
    /// The one with the fewest requests of this balancer under way.
    LeastRequests,
    /// The better of two drawn ones, by the same measure.
    TwoChoices,
    /// The one that answered last, until it fails; then the next: where one server leads and the others redirect.
    Sticky,
}

/// Where a balancer is, in the order of its servers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Place {
    /// The server that was chosen last.
    pub chosen: usize,
    /// The server that answered last, or the one after it if that has failed since.
    pub answered: usize,
}

/// A server as a balancer knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Server {
    /// Requests of this balancer that it has not answered.
    pub under_way: u32,
    /// Failures in a row.
    pub failures: u32,
    /// Whether it is left out for a while.
    pub ejected: bool,
}

impl Policy {
    /// The server that a request goes to which was tried at some: of those that are not ejected, and that it was not tried
    /// at, as far as there are any.
    pub fn choose(self, servers: &[Server], tried: &[usize], place: Place, rng: &mut Rng) -> usize {
        let ejected = |server: usize| servers[server].ejected;
        let first = match self {
            Policy::Sticky => place.answered,
            Policy::RoundRobin | Policy::Random | Policy::LeastRequests | Policy::TwoChoices => {
                place.chosen + 1
            }
        };
        // In turn, so that of several that are as good it is not always the same.
        let turn = (0..servers.len()).map(|step| (first + step) % servers.len());
        let rank = |&server: &usize| (tried.contains(&server), ejected(server));
        let best = turn.clone().map(|server| rank(&server)).min();
        let fit: Vec<usize> = turn.filter(|server| Some(rank(server)) == best).collect();
        let mut drawn = || fit[rng.below(fit.len() as u64) as usize];
        let under_way = |server: &usize| servers[*server].under_way;
        match self {
            Policy::RoundRobin | Policy::Sticky => fit[0],
            Policy::Random => drawn(),
            Policy::LeastRequests => fit.iter().copied().min_by_key(under_way).unwrap_or(fit[0]),
            Policy::TwoChoices => {
                let (one, two) = (drawn(), drawn());
                if under_way(&two) < under_way(&one) { two } else { one }
            }
        }
    }
}
