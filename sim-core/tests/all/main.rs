//! The engine's promises: queue, randomness, links, faults, traces.
//!
//! One program: each of its own would compile the same generic code again.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test says what went wrong by failing")]

mod beside_a_map;
mod causality;
mod distributions;
mod engine;
mod fault_overlaps;
mod fault_schedules;
mod fault_storms;
mod faults_of_links;
mod faults_of_nodes;
mod puppet;
mod queue;
mod random;
mod recording;
mod tasks;
mod trace;
