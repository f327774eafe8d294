//! Work in parts, so that a processor which becomes slow, or recovers, shows.

use super::{Config, MapReduce};
use sim_core::{prelude::*, sample::Delay};

/// What is left of a piece of work: so many parts, so long each.
#[derive(Clone, Copy, Debug, Hash)]
pub(super) struct Slices {
    pub(super) left: u32,
    pub(super) each: Span,
}

/// Into so many parts.
const SLICES: u32 = 10;

impl Slices {
    pub(super) fn of(takes: &Delay, bytes: u64, config: &Config, ctx: &mut Ctx<MapReduce>) -> Slices {
        let unit = u128::from(takes.sampler().draw(ctx.rng).0);
        let all = unit * u128::from(bytes) / u128::from(config.per.0);
        let each = u64::try_from(all / u128::from(SLICES)).unwrap_or(u64::MAX);
        Slices { left: SLICES, each: Span(each) }
    }
}
