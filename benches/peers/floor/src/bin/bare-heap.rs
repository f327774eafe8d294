//! A loop around the standard library's heap, as everybody writes it first.

use floor::{phold, queue::Heap, timeouts};
use harness::Workload;

fn main() {
    harness::main("bare BinaryHeap", |task| match task.workload {
        Workload::Phold | Workload::Crowd => Some(phold::run::<Heap<_>>(task)),
        Workload::Timeouts => Some(timeouts::crossed_out::<Heap<_>>(task)),
        // These have a network, or need a world to construct.
        Workload::PingPong | Workload::Gossip | Workload::Seeds => None,
    });
}
