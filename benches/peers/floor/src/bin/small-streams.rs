//! The small simulator with sixteen bytes of randomness for each node: what a million nodes ask for.

use floor::models;
use harness::Workload;
use rand_xoshiro::Xoroshiro128PlusPlus;

fn main() {
    harness::main("small simulator, small streams", |task| match task.workload {
        Workload::Phold => Some(models::phold::<Xoroshiro128PlusPlus>(task)),
        // The streams matter only where there are many of them.
        Workload::Crowd | Workload::PingPong | Workload::Gossip | Workload::Seeds | Workload::Timeouts => {
            None
        }
    });
}
