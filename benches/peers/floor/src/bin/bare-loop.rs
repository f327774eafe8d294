//! The floor: a loop around the best queue, with no simulator at all.

use floor::{phold, queue::Ladder, timeouts};
use harness::Workload;

fn main() {
    harness::main("bare loop", |task| match task.workload {
        Workload::Phold | Workload::Crowd => Some(phold::run::<Ladder<_>>(task)),
        Workload::Timeouts => Some(timeouts::moved::<Ladder<_>>(task)),
        // These have a network, or need a world to construct.
        Workload::PingPong | Workload::Gossip | Workload::Seeds => None,
    });
}
