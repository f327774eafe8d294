//! The protocols do what their papers say, alone by hand and in whole worlds.
//!
//! One program: each of its own would compile the same generic code again.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test says what went wrong by failing")]

mod billing;
mod chunks;
mod crdt_laws;
mod dfs;
mod dynamo;
mod dynamo_theory;
mod election_timing;
mod elections;
mod explore;
mod flood;
mod gossip;
mod heartbeat;
mod map_reduce;
mod measured;
mod multi_paxos;
mod paper_raft;
mod paxos;
mod quorum_store;
mod quorum_theory;
mod raft_under_faults;
mod replication_costs;
mod replication_timing;
mod settings;
mod swim;
mod tiers;
mod two_phase;
