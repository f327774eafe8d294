//! Gossip: how news reaches everybody when nobody is in charge.
//!
//! `epidemic` tells rumours and compares databases with random others, `flood` passes on what it hears along given links, and
//! `swim` learns who lives and who does not. Read them in this order. `database` is what the first two spread, `spread` what must
//! hold of both, `permutation` an order that nobody stores.

pub mod database;
pub mod epidemic;
pub mod flood;
pub mod permutation;
pub mod spread;
pub mod swim;

use sim_core::prelude::*;

/// Judges each of these, by what is wrong with it: idle without any, broken by the first that is.
fn judge<T>(mut items: impl Iterator<Item = T>, wrong: impl Fn(T) -> Option<String>) -> Judgement {
    let Some(first) = items.next() else { return Judgement::Idle };
    match wrong(first).or_else(|| items.find_map(wrong)) {
        Some(found) => Judgement::Broken(found),
        None => Judgement::Holds,
    }
}
