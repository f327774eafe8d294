//! What nodes say to one another.

use crate::gossip::database::{Stamp, Update};
use sim_core::prelude::*;

/// What is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Msg {
    /// This is so.
    Tell(Update),
    /// I know that of this key, up to this stamp.
    Ack(u64, Stamp),
}

impl Message for Msg {
    fn bytes(&self) -> u64 {
        match self {
            Msg::Tell(update) => 1 + update.bytes(),
            Msg::Ack(..) => 21,
        }
    }
}
