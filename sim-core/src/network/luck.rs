//! What may befall a message: of a link, or of a fault on top of it. Each kind of mishap draws from a stream of its own,
//! so that switching one on re-deals none of the others.

use super::{bursts::Chain, packet::Packet};
use crate::{
    digest::Digest,
    link::{Impairment, LinkPlan},
    rng::Chance,
    sample::{Delay, Sampler},
    time::Span,
};
use alloc::boxed::Box;

/// An [`Impairment`] made ready for drawing; its bandwidth is somebody else's business.
#[derive(Clone, Debug)]
pub(super) struct Luck {
    delay: Sampler,
    loss: Chance,
    /// Of `loss`, then `delay`.
    key: u64,
    more: Option<Box<Mishaps>>,
}

/// What most links know nothing of, each with its key.
#[derive(Clone, Debug)]
struct Mishaps {
    bursts: Option<Chain>,
    duplicate: (Chance, u64),
    reorder: Option<(Chance, Sampler, u64)>,
    corrupt: (Chance, u64),
}

// What streams are for. The numbers are part of the meaning of a seed: they never change, and none is used twice.
pub(super) const SLOT: u64 = 1;
pub(super) const BURST: u64 = 2;
pub(super) const DUPLICATE: u64 = 3;
pub(super) const REORDER: u64 = 4;
pub(super) const CORRUPT: u64 = 5;
/// The key of a fault, by a hash of its name.
pub(super) const FAULT: u64 = 6;

/// A key that follows from `key`.
pub(super) fn derived(key: u64, purpose: u64, which: u64) -> u64 {
    let mut digest = Digest::new();
    [key, purpose, which].into_iter().for_each(|word| digest.add(word));
    digest.finish()
}

impl Luck {
    /// A link is what becomes worse than a perfect one.
    pub(super) fn of_link(plan: &LinkPlan, key: u64) -> Luck {
        let LinkPlan { delay, loss, bursts, duplicate, reorder, corrupt, transport: _ } = plan.clone();
        let impairment =
            Impairment { delay: Some(delay), loss, bursts, duplicate, reorder, corrupt, bandwidth: None };
        Luck::of(&impairment, key)
    }

    pub(super) fn of(plan: &Impairment, key: u64) -> Luck {
        let Impairment { delay, loss, bursts, duplicate, reorder, corrupt, bandwidth: _ } = plan;
        let plain = bursts.is_none() && duplicate.is_never() && reorder.is_none() && corrupt.is_never();
        let more = || Mishaps {
            bursts: bursts.as_ref().map(|bursts| Chain::new(bursts, key)),
            duplicate: (*duplicate, derived(key, DUPLICATE, 0)),
            reorder: reorder.as_ref().map(|r| (r.chance, r.by.sampler(), derived(key, REORDER, 0))),
            corrupt: (*corrupt, derived(key, CORRUPT, 0)),
        };
        Luck {
            delay: delay.as_ref().map_or(Sampler::Constant(Span::ZERO), Delay::sampler),
            loss: *loss,
            key,
            more: (!plain).then(|| Box::new(more())),
        }
    }

    /// Whether there is nothing but delay and loss.
    pub(super) fn plain(&self) -> bool {
        self.more.is_none()
    }

    /// Whether no message gets through.
    pub(super) fn stops_all(&self) -> bool {
        let damages = |more: &Mishaps| more.corrupt.0 == Chance::ALWAYS;
        let lost = |more: &Mishaps| more.bursts.as_ref().is_some_and(Chain::stops_all);
        self.loss == Chance::ALWAYS || self.more.as_ref().is_some_and(|more| damages(more) || lost(more))
    }

    /// The delay of every message on a plain link that leaves nothing to chance.
    #[inline]
    pub(super) fn certain(&self) -> Option<Span> {
        self.delay.constant().filter(|_| self.loss.is_never())
    }

    /// The delay of a message on a plain link, unless that loses it.
    #[inline(always)]
    pub(super) fn deal(&self, packet: Packet) -> Option<Span> {
        let mut rng = packet.rng(self.key);
        if rng.chance(self.loss) { None } else { Some(self.delay.draw(&mut rng)) }
    }

    /// Whether a message is lost.
    pub(super) fn loses(&self, packet: Packet) -> bool {
        let bursts = || self.more.as_ref().and_then(|more| more.bursts.as_ref());
        !self.loss.is_never() && packet.rng(self.key).chance(self.loss)
            || bursts().is_some_and(|bursts| bursts.loses(packet))
    }

    /// The delay of a message that is not lost.
    pub(super) fn delay(&self, packet: Packet) -> Span {
        self.delay.constant().unwrap_or_else(|| {
            let mut rng = packet.rng(self.key);
            rng.chance(self.loss);
            self.delay.draw(&mut rng)
        })
    }

    /// For how long a message is held back beside its delay, so that others overtake it.
    pub(super) fn holds(&self, packet: Packet) -> Span {
        let Some((chance, by, key)) = self.more.as_ref().and_then(|more| more.reorder.as_ref()) else {
            return Span::ZERO;
        };
        let mut rng = packet.rng(*key);
        if rng.chance(*chance) { by.draw(&mut rng) } else { Span::ZERO }
    }

    /// Whether a message comes twice.
    pub(super) fn doubles(&self, packet: Packet) -> bool {
        self.more.as_ref().is_some_and(|more| packet.meets(more.duplicate))
    }

    /// Whether a message is damaged.
    pub(super) fn damages(&self, packet: Packet) -> bool {
        self.more.as_ref().is_some_and(|more| packet.meets(more.corrupt))
    }
}
