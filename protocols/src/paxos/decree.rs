//! What Paxos decides: one value, once.

use crate::workload::Workload;
use sim_core::prelude::*;

/// The specification: a register that is written once. Whoever proposes hears what was chosen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Decree {}

/// Proposes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Propose(pub u64);

impl Spec for Decree {
    type Op = Propose;
    type Ret = u64;
    type State = Option<u64>;
    fn apply(chosen: &mut Option<u64>, Propose(value): &Propose) -> u64 {
        *chosen.get_or_insert(*value)
    }
    fn key(_: &Propose) -> u64 {
        0
    }
    fn is_read(_: &Propose) -> bool {
        false
    }
    fn kind(_: &Propose) -> &'static str {
        "propose"
    }
}

impl Workload for Decree {
    type Mix = ();
    type Memory = ();
    const MIX: &'static str = "propose: a value that nobody else proposes";
    fn check((): &()) -> Result<(), String> {
        Ok(())
    }
    fn draw((): &(), _: u64, fresh: u64, (): &(), _: &mut Rng) -> Propose {
        Propose(fresh)
    }
    fn learn((): &mut (), _: &Propose, _: &u64) {}
}

impl Message for Propose {
    fn bytes(&self) -> u64 {
        8
    }
}
