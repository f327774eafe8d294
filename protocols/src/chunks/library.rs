//! The file as a service: clients read chunks from a machine that is to have them, and wait until it does.

use crate::workload::Workload;
use sim_core::prelude::*;

/// The specification: every chunk has one content, whoever is asked, and nobody changes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Library {}

/// Reads the chunk of this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Read(pub u32);

impl Message for Read {
    fn bytes(&self) -> u64 {
        4
    }
}

impl Spec for Library {
    type Op = Read;
    type Ret = u64;
    type State = ();
    fn apply((): &mut (), op: &Read) -> u64 {
        super::store::Chunk::right(op.0).content
    }
    fn key(op: &Read) -> u64 {
        u64::from(op.0)
    }
    fn is_read(_: &Read) -> bool {
        true
    }
    fn kind(_: &Read) -> &'static str {
        "read"
    }
}

impl Workload for Library {
    type Mix = ();
    type Memory = ();
    const MIX: &'static str = "nothing to mix: clients read chunks, by key";

    fn check((): &()) -> Result<(), String> {
        Ok(())
    }
    fn draw((): &(), key: u64, _: u64, (): &(), _: &mut Rng) -> Read {
        Read(key as u32)
    }
    fn learn((): &mut (), _: &Read, _: &u64) {}
}
