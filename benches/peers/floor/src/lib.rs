//! The hand-written floor. A bare loop around a queue is the least that a workload can cost; a complete small simulator
//! (links, loss, partitions, crashes, a digest) is the least that one can cost whose results are worth anything.
//!
//! - [`queue`]: the ladder, the best queue that we know, and the standard library's heap.
//! - [`phold`] and [`timeouts`]: loops with nothing but the model and a queue.
//! - [`simulator`]: the complete small one, and in [`models`] what runs on it.

pub mod models;
pub mod phold;
pub mod queue;
pub mod simulator;
pub mod timeouts;
