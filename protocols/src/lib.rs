//! The protocols that a scenario can run, and the clients that put load on them. One small folder each.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod balancer;
pub mod billing;
pub mod cache;
pub mod catalog;
pub mod chunks;
pub mod client;
pub mod crdt;
pub mod dfs;
pub mod dynamo;
pub mod election;
pub mod gossip;
pub mod heartbeat;
pub mod kv;
pub mod leases;
pub mod map_reduce;
pub mod multi_paxos;
pub mod objects;
pub mod paxos;
pub mod quorum_store;
pub mod raft;
pub mod replication;
mod retry;
pub mod text;
pub mod two_phase;
pub mod workload;
