//! What is said, and the copies that it carries.

use Msg::*;
use sim_core::prelude::*;

/// What tells writes of a key apart, and which is the later one: compared field by field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// One more than those before; or the time in nanoseconds that the coordinator's clock showed.
    pub counter: u64,
    /// The coordinator.
    pub node: NodeId,
    /// Which of its lives.
    pub life: u64,
}

/// What a replica holds of a key that was ever written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Held {
    /// Its version.
    pub version: Version,
    /// Its value.
    pub value: u64,
}

/// What is said. `id` is the operation, as its coordinator counts.
#[allow(missing_docs, reason = "each variant says what its fields are")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Msg {
    /// What do you hold of this key?
    Query { id: u64, key: u64 },
    /// This.
    Report { id: u64, copy: Option<Held> },
    /// Store this, unless you hold something later.
    Store { id: u64, key: u64, copy: Held },
    /// I hold that, or something later, for good.
    Stored { id: u64 },
}

impl Message for Msg {
    fn bytes(&self) -> u64 {
        match self {
            Query { .. } => 17,
            Report { copy, .. } => 10 + copy.map_or(0, |_| 28),
            Store { .. } => 45,
            Stored { .. } => 9,
        }
    }
}
