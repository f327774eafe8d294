//! The small simulator, with ChaCha8 for each node as well.

use floor::models;
use harness::Workload;
use rand_chacha::ChaCha8Rng;

fn main() {
    harness::main("small simulator", |task| {
        Some(match task.workload {
            Workload::Crowd => return None,
            Workload::Phold => models::phold::<ChaCha8Rng>(task),
            Workload::PingPong => models::ping::<ChaCha8Rng>(task),
            Workload::Gossip => models::gossip::<ChaCha8Rng>(task),
            Workload::Seeds => models::seeds::<ChaCha8Rng>(task),
            Workload::Timeouts => models::timeouts::<ChaCha8Rng>(task),
        })
    });
}
