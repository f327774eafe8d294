//! Leases in a replicated store: who may act, under which token, as long as it keeps saying so.
//!
//! A lease is a lock that its holder loses by silence (Gray and Cheriton, 1989). Whoever is granted one gets a *token*, larger
//! than that of every earlier grant: a service that remembers the largest it has seen can refuse what an earlier holder
//! still sends (a *sequencer*: Burrows, "The Chubby lock service", OSDI 2006, §2.4).
//!
//! The store has no clock, so that all replicas do the same. In etcd its leader has one, and revokes what was not renewed
//! in time; here contenders do: who has seen a lease unchanged for as long as it lasts, by its own clock, takes it over from
//! exactly that state. Both rest on the same assumption: no clock runs much faster than another.

use crate::workload::{Shares, Workload};
use serde::{Deserialize, Serialize};
use sim_core::prelude::*;

/// The specification.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Leases {}

/// A lease as the store knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Lease {
    /// Who holds it, if anybody.
    pub holder: Option<u64>,
    /// The token of the last grant; 0 if there was none.
    pub token: u64,
    /// How often it was renewed since. A contender sees by this that its holder lives.
    pub renewals: u64,
}

/// What a client may ask. Leases have numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// What is known of a lease.
    Look(u64),
    /// Takes a lease that is free, or that still is what the contender has seen.
    Take {
        /// Which.
        lease: u64,
        /// For whom.
        by: u64,
        /// What has looked dead for long enough; a free lease is taken whatever this says.
        seen: Lease,
    },
    /// Tells that the holder lives.
    Renew {
        /// Which.
        lease: u64,
        /// The holder's token.
        token: u64,
    },
    /// Gives a lease back.
    Release {
        /// Which.
        lease: u64,
        /// The holder's token.
        token: u64,
    },
}

/// What it gets back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ret {
    /// What is known of the lease.
    Known(Lease),
    /// Taken, renewed or given back; what is known of it now.
    Done(Lease),
    /// It is another's; what is known of it.
    Denied(Lease),
}

impl Spec for Leases {
    type Op = Op;
    type Ret = Ret;
    type State = BTreeMap<u64, Lease>;

    fn apply(leases: &mut Self::State, op: &Op) -> Ret {
        let known = leases.get(&Self::key(op)).copied().unwrap_or_default();
        let current = |token| known.holder.is_some() && known.token == token;
        let after = match *op {
            Op::Look(_) => return Ret::Known(known),
            Op::Take { by, seen, .. } if known.holder.is_none() || known == seen => {
                Lease { holder: Some(by), token: known.token + 1, renewals: 0 }
            }
            Op::Renew { token, .. } if current(token) => Lease { renewals: known.renewals + 1, ..known },
            Op::Release { token, .. } if current(token) => Lease { holder: None, ..known },
            Op::Take { .. } | Op::Renew { .. } | Op::Release { .. } => return Ret::Denied(known),
        };
        leases.insert(Self::key(op), after);
        Ret::Done(after)
    }

    fn key(op: &Op) -> u64 {
        match *op {
            Op::Look(lease)
            | Op::Take { lease, .. }
            | Op::Renew { lease, .. }
            | Op::Release { lease, .. } => lease,
        }
    }

    fn is_read(op: &Op) -> bool {
        matches!(op, Op::Look(_))
    }

    fn kind(op: &Op) -> &'static str {
        match op {
            Op::Look(_) => "look",
            Op::Take { .. } => "take",
            Op::Renew { .. } => "renew",
            Op::Release { .. } => "release",
        }
    }
}

impl Message for Lease {
    fn bytes(&self) -> u64 {
        self.holder.bytes() + 16
    }
}

impl Message for Op {
    fn bytes(&self) -> u64 {
        9 + match self {
            Op::Look(_) => 0,
            Op::Take { seen, .. } => 8 + seen.bytes(),
            Op::Renew { .. } | Op::Release { .. } => 8,
        }
    }
}

impl Message for Ret {
    fn bytes(&self) -> u64 {
        let (Ret::Known(lease) | Ret::Done(lease) | Ret::Denied(lease)) = self;
        1 + lease.bytes()
    }
}

/// Shares of the kinds of operation; they need not add up to 1. A kind that a mix does not name has none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mix {
    /// Looks at a lease.
    #[serde(default)]
    pub look: f64,
    /// Takes a lease from the state in which this client saw it last.
    #[serde(default)]
    pub take: f64,
    /// Renews it, with the last token that this client saw.
    #[serde(default)]
    pub renew: f64,
    /// Gives it back, likewise.
    #[serde(default)]
    pub release: f64,
}

impl Default for Mix {
    fn default() -> Mix {
        Mix { look: 0.3, take: 0.3, renew: 0.3, release: 0.1 }
    }
}

impl Mix {
    fn shares(&self) -> Shares<4> {
        Shares([("look", self.look), ("take", self.take), ("renew", self.renew), ("release", self.release)])
    }
}

impl Workload for Leases {
    type Mix = Mix;
    /// The state in which this client saw each lease last.
    type Memory = BTreeMap<u64, Lease>;
    const MIX: &'static str = "look, take, renew and release: a share each";

    fn check(mix: &Mix) -> Result<(), String> {
        mix.shares().check("operation")
    }

    fn draw(mix: &Mix, lease: u64, fresh: u64, memory: &Self::Memory, rng: &mut Rng) -> Op {
        let seen = memory.get(&lease).copied().unwrap_or_default();
        match mix.shares().draw(rng) {
            "look" => Op::Look(lease),
            "take" => Op::Take { lease, by: fresh, seen },
            "renew" => Op::Renew { lease, token: seen.token },
            _ => Op::Release { lease, token: seen.token },
        }
    }

    fn learn(memory: &mut Self::Memory, op: &Op, ret: &Ret) {
        let (Ret::Known(lease) | Ret::Done(lease) | Ret::Denied(lease)) = *ret;
        memory.insert(Self::key(op), lease);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(holder: Option<u64>, token: u64, renewals: u64) -> Lease {
        Lease { holder, token, renewals }
    }

    #[test]
    fn a_lease_is_taken_when_it_is_free_or_has_not_changed_and_its_tokens_grow() {
        let mut leases = BTreeMap::new();
        let mut apply = |op| Leases::apply(&mut leases, &op);
        let take = |by, seen| Op::Take { lease: 7, by, seen };
        assert_eq!(apply(Op::Look(7)), Ret::Known(Lease::default()));
        assert_eq!(apply(take(1, Lease::default())), Ret::Done(lease(Some(1), 1, 0)));
        // What others saw of it before is over.
        assert_eq!(apply(take(2, Lease::default())), Ret::Denied(lease(Some(1), 1, 0)));
        assert_eq!(apply(Op::Renew { lease: 7, token: 1 }), Ret::Done(lease(Some(1), 1, 1)));
        assert_eq!(apply(take(2, lease(Some(1), 1, 0))), Ret::Denied(lease(Some(1), 1, 1)));
        assert_eq!(apply(take(2, lease(Some(1), 1, 1))), Ret::Done(lease(Some(2), 2, 0)));
        // The holder of before can neither renew nor give back what is another's now.
        assert_eq!(apply(Op::Renew { lease: 7, token: 1 }), Ret::Denied(lease(Some(2), 2, 0)));
        assert_eq!(apply(Op::Release { lease: 7, token: 1 }), Ret::Denied(lease(Some(2), 2, 0)));
        assert_eq!(apply(Op::Release { lease: 7, token: 2 }), Ret::Done(lease(None, 2, 0)));
        assert_eq!(apply(Op::Renew { lease: 7, token: 2 }), Ret::Denied(lease(None, 2, 0)));
        assert_eq!(apply(take(1, Lease::default())), Ret::Done(lease(Some(1), 3, 0)));
    }
}
