//! What nodes say to one another.

use super::Chunk;
use Msg::*;
use sim_core::prelude::*;

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Msg {
    /// A chunk, all of it; its size; and when it was sent.
    Take(Chunk, u64, Time),
    /// It is here, on disk, and was sent then.
    Got(u32, Time),
    /// It came, and is not what it should be.
    Damaged(u32),
    /// So many have come to me from outside: to who shares my corner of an optimal plan.
    Came(u32),
}

impl Message for Msg {
    fn bytes(&self) -> u64 {
        match self {
            Take(_, bytes, _) => *bytes,
            Got(..) => 13,
            Damaged(_) | Came(_) => 5,
        }
    }
}
