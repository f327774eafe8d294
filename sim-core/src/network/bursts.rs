//! Loss in bursts, without memory: the state of a slot is found by looking back (coupling from the past: Propp and
//! Wilson, "Exact sampling with coupled Markov chains and applications to statistical mechanics", 1996).
//!
//! Every slot of a link has a coin, a number u in [0, 1) that depends on the key, the link and the slot alone. With the
//! chances p (to enter) and r (to leave), one coin moves both states at once:
//!
//! ```text
//! p + r <= 1    0 ......... p ............... 1-r ......... 1
//!                  bad      stays as it was        good          good to bad: u < p;    bad to good: u >= 1-r
//!
//! p + r > 1     0 ........ 1-r ................ p ......... 1
//!                  bad         the opposite        good          good to bad: u < p;    bad to good: u >= 1-r
//! ```
//!
//! Outside the middle the coin alone decides. So going back from a slot to the first such coin, and counting how often
//! the middle turned the state around, gives the state that the whole past would have given.

use super::{
    luck::{BURST, SLOT, derived},
    packet::Packet,
};
use crate::{
    link::Bursts,
    protocol::NodeId,
    rng::{Chance, fate},
};

/// [`Bursts`] made ready for looking back.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    /// The length of a slot in nanoseconds, above 0.
    slot: u64,
    /// Below this coins make a slot bad.
    low: f64,
    /// From here on they make it good.
    high: f64,
    /// Whether those in between turn the state around; otherwise they leave it.
    turns: bool,
    /// The share of bad slots.
    bad: f64,
    /// The chance that a message is lost in a bad one, and the key of that.
    loss: (Chance, u64),
    /// The key of the coins.
    coins: u64,
}

/// A look back ends after between one and two times so many slots: at the same slot for so many in a row, so that they
/// agree. There the state is drawn by the share of bad slots. It is practically never reached (the slowest chain that
/// [`Bursts::check`] lets pass has a chance of 10^-14), but for chains that turn around in nearly every slot.
const REACH: u64 = 1 << 15;

impl Chain {
    pub(super) fn new(plan: &Bursts, key: u64) -> Chain {
        let (enter, leave) = (plan.enter.as_f64(), plan.leave.as_f64());
        Chain {
            slot: plan.slot.0.max(1),
            low: enter.min(1.0 - leave),
            high: enter.max(1.0 - leave),
            turns: enter + leave > 1.0,
            bad: enter / (enter + leave),
            loss: (plan.loss, derived(key, BURST, 0)),
            coins: derived(key, SLOT, 0),
        }
    }

    /// Whether the link is always bad, and a bad link loses everything.
    pub(super) fn stops_all(&self) -> bool {
        self.bad >= 1.0 && self.loss.0 == Chance::ALWAYS
    }

    /// Whether a burst takes this message.
    pub(super) fn loses(&self, packet: Packet) -> bool {
        self.bad(packet.from, packet.to, packet.at.0 / self.slot) && packet.meets(self.loss)
    }

    /// Whether a link is bad in a slot.
    pub(super) fn bad(&self, from: NodeId, to: NodeId, slot: u64) -> bool {
        let origin = (slot / REACH).saturating_sub(1) * REACH;
        let mut turned = false;
        for earlier in (origin..=slot).rev() {
            let coin = self.coin(from, to, earlier);
            if coin < self.low {
                return !turned;
            }
            if coin >= self.high {
                return turned;
            }
            turned ^= self.turns;
        }
        let before = fate(self.coins, from.0, to.0, origin, 1).unit() < self.bad;
        before != turned
    }

    pub(super) fn coin(&self, from: NodeId, to: NodeId, slot: u64) -> f64 {
        fate(self.coins, from.0, to.0, slot, 0).unit()
    }
}
