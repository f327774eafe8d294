//! Which reads come late enough to tell what a service has settled on.

use super::index::{Key, Read, Registers};
use crate::time::{Span, Time};

/// When a service should have come to rest: so long after the last write of a key, and not before a moment at which the
/// faults are over. A stale read shows that news travels; one at rest shows that no more news comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rest {
    /// Nothing is judged before this moment.
    pub from: Time,
    /// How long a write, or the end of the faults, may take to be seen everywhere.
    pub within: Span,
}

impl Rest {
    /// When something that was written last at this moment is at rest.
    pub(crate) fn begins(self, written: Time) -> Time {
        self.from.max(written) + self.within
    }

    /// The reads of `key` at rest, in the order of their calls.
    pub(super) fn reads<'r>(self, registers: &'r Registers, key: &Key) -> &'r [Read] {
        let reads = &registers.reads[key.reads.clone()];
        let rests = self.begins(key.written);
        &reads[reads.partition_point(|read| read.called <= rests)..]
    }
}
