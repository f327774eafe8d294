//! The list of protocols: one line each.

use crate::{
    balancer::{self, Balancer},
    billing::{self, Billing},
    cache::{self, Cache},
    chunks::{
        push::{self, Push},
        swarm::{self, Swarm},
    },
    crdt::{self, Crdt},
    dfs::{self, Dfs},
    dynamo::{self, Dynamo},
    election::{
        bully::{self, Bully},
        ring::{self, Ring},
    },
    gossip::{
        epidemic::{self, Epidemic},
        flood::{self, Flood},
        swim::{self, Swim},
    },
    heartbeat::{self, Heartbeat},
    kv::Kv,
    leases::Leases,
    map_reduce::{self, MapReduce},
    multi_paxos::{self, MultiPaxos},
    paxos::{self, Paxos},
    quorum_store::{self, QuorumStore},
    raft::{self, Raft},
    replication::{
        chain::{self, Chain},
        multi_leader::{self, MultiLeader},
        primary_backup::{self, PrimaryBackup},
    },
    text::Texts,
    two_phase::{self, TwoPhase},
    workload::Workload,
};
use core::fmt::Debug;
use serde::{Serialize, de::DeserializeOwned};
use sim_core::prelude::*;

/// Whoever wants to know every protocol.
pub trait Catalog {
    /// Takes note of a protocol, the name by which scenarios call it, and what it is in a sentence.
    fn add<P>(&mut self, name: &'static str, about: &'static str)
    where
        P: Protocol,
        P::Config: Settings,
        P::Serves: Workload;
}

/// Shows every protocol to `catalog`.
pub fn list(catalog: &mut impl Catalog) {
    catalog.add::<Raft<Kv>>(
        "raft",
        "a replicated key-value map: leader election and log replication (Ongaro 2014)",
    );
    catalog.add::<Raft<Leases>>(
        "raft-leases",
        "leases with tokens, kept by Raft: for services that elect a leader (Gray and Cheriton 1989, Burrows 2006)",
    );
    catalog.add::<Billing>(
        "billing",
        "a bank and workers, of whom one charges, elected by a lease: each invoice once, with fencing tokens or without",
    );
    catalog.add::<Cache>(
        "cache",
        "a read-through cache in front of a key-value store: time to live, LRU, no stale sets (Nishtala et al. 2013)",
    );
    catalog.add::<Balancer<Kv>>(
        "load-balancer",
        "one address for the servers of a key-value store: five policies, redirects followed, failing servers ejected",
    );
    catalog.add::<Chain<Kv>>(
        "chain-replication",
        "a replicated key-value map: updates enter at the head of a chain, the tail answers (van Renesse and Schneider 2004)",
    );
    catalog.add::<Push>(
        "chunk-push",
        "a file in chunks by a plan made beforehand: client and server, chain, tree, or optimal (Mundinger et al. 2008)",
    );
    catalog.add::<Swarm>(
        "chunk-swarm",
        "a file in chunks among peers that a tracker or gossip brings together: rarest first, tit for tat (Cohen 2003)",
    );
    catalog.add::<Crdt>(
        "crdt",
        "counters, sets and registers that every replica updates by itself, merged by gossip (Shapiro et al. 2011)",
    );
    catalog.add::<Dfs>(
        "dfs",
        "a distributed file system: one master, chunks written once, copies in other zones (Ghemawat et al. 2003)",
    );
    catalog.add::<Dynamo>(
        "dynamo",
        "an always writeable key-value store: sloppy quorums, vector clocks, Merkle trees, gossip (DeCandia et al. 2007)",
    );
    catalog.add::<Bully>(
        "bully",
        "leader election: the highest that lives leads, and silence is death (Garcia-Molina 1982)",
    );
    catalog.add::<Ring>(
        "ring-election",
        "leader election on a ring: a number that comes back to its owner is the greatest (Chang and Roberts 1979)",
    );
    catalog.add::<Epidemic>(
        "epidemic",
        "a database that spreads by rumours and by anti-entropy: push, pull and both (Demers et al. 1987)",
    );
    catalog.add::<Heartbeat>(
        "heartbeat",
        "everybody tells everybody that it is there, and who is silent is suspected (Chandra and Toueg 1996)",
    );
    catalog.add::<MapReduce>(
        "map-reduce",
        "jobs of map and reduce tasks over a file system: locality, re-execution, backups (Dean and Ghemawat 2004)",
    );
    catalog.add::<MultiLeader>(
        "multi-leader",
        "a key-value map that every node writes: last writer wins, or version vectors (Parker et al. 1983)",
    );
    catalog.add::<MultiPaxos<Kv>>(
        "multi-paxos",
        "a replicated key-value map: Paxos for each slot of a log, under one leader (Lamport 2001, van Renesse 2015)",
    );
    catalog.add::<Paxos>(
        "paxos",
        "one value is chosen, once: a register that is written by consensus (Lamport 2001)",
    );
    catalog.add::<PrimaryBackup<Kv>>(
        "primary-backup",
        "a replicated key-value map: a primary ships what it is asked, a backup takes over (Budhiraja et al. 1993)",
    );
    catalog.add::<QuorumStore>(
        "quorum-store",
        "a replicated register for each key: N replicas, read and written by quorums of R and W (Gifford 1979, ABD 1995)",
    );
    catalog.add::<Flood>(
        "flood",
        "a database that spreads along the links of a topology, with retries or without: grid, line, ring, tree, all, random",
    );
    catalog.add::<Swim>(
        "swim",
        "who lives and who does not: pings, indirect pings, suspicion and refutation (Das, Gupta and Motivala 2002)",
    );
    catalog.add::<TwoPhase>(
        "two-phase-commit",
        "one transaction: the first node is the transaction manager, the others resource managers (Gray and Lamport 2006)",
    );
}

/// A protocol's configuration as a scenario file gives it.
pub trait Settings: Clone + Debug + Default + Serialize + DeserializeOwned {
    /// Names of mistakes that `flaw` can switch on, in scenario files.
    fn flaws() -> Vec<String> {
        Vec::new()
    }
    /// Refuses what cannot work for a service of so many nodes, in words: where in the configuration (a key, or empty for
    /// the whole), and what was found and what would do.
    fn check(&self, nodes: u32) -> Result<(), (&'static str, String)>;
    /// The texts that a service has from the beginning, where it has some.
    fn texts(&self) -> Option<Texts> {
        None
    }
}

impl Settings for raft::Config {
    fn flaws() -> Vec<String> {
        // They are written as they are called here.
        raft::Flaw::ALL.iter().map(|flaw| format!("{flaw:?}")).collect()
    }
    fn check(&self, nodes: u32) -> Result<(), (&'static str, String)> {
        raft::Config::check(self)?;
        self.check_for(nodes)
    }
}

impl Settings for balancer::Config {
    fn flaws() -> Vec<String> {
        balancer::Flaw::ALL.iter().map(|flaw| format!("{flaw:?}")).collect()
    }
    fn check(&self, _: u32) -> Result<(), (&'static str, String)> {
        balancer::Config::check(self)
    }
}

impl Settings for cache::Config {
    fn flaws() -> Vec<String> {
        cache::Flaw::ALL.iter().map(|flaw| format!("{flaw:?}")).collect()
    }
    fn check(&self, _: u32) -> Result<(), (&'static str, String)> {
        cache::Config::check(self)
    }
}

impl Settings for push::Config {
    fn flaws() -> Vec<String> {
        push::Flaw::ALL.iter().map(|flaw| format!("{flaw:?}")).collect()
    }
    fn check(&self, nodes: u32) -> Result<(), (&'static str, String)> {
        push::Config::check(self)?;
        self.check_for(nodes)
    }
}

impl Settings for swarm::Config {
    fn flaws() -> Vec<String> {
        swarm::Flaw::ALL.iter().map(|flaw| format!("{flaw:?}")).collect()
    }
    fn check(&self, nodes: u32) -> Result<(), (&'static str, String)> {
        swarm::Config::check(self)?;
        self.check_for(nodes)
    }
}

impl Settings for billing::Config {
    fn flaws() -> Vec<String> {
        billing::Flaw::ALL.iter().map(|flaw| format!("{flaw:?}")).collect()
    }
    fn check(&self, nodes: u32) -> Result<(), (&'static str, String)> {
        billing::Config::check(self)?;
        self.check_for(nodes)
    }
}

impl Settings for chain::Config {
    fn flaws() -> Vec<String> {
        chain::Flaw::ALL.iter().map(|flaw| format!("{flaw:?}")).collect()
    }
    fn check(&self, _: u32) -> Result<(), (&'static str, String)> {
        chain::Config::check(self)
    }
}

impl Settings for multi_leader::Config {
    fn flaws() -> Vec<String> {
        multi_leader::Flaw::ALL.iter().map(|flaw| format!("{flaw:?}")).collect()
    }
    fn check(&self, _: u32) -> Result<(), (&'static str, String)> {
        multi_leader::Config::check(self)
    }
}

impl Settings for primary_backup::Config {
    fn flaws() -> Vec<String> {
        primary_backup::Flaw::ALL.iter().map(|flaw| format!("{flaw:?}")).collect()
    }
    fn check(&self, nodes: u32) -> Result<(), (&'static str, String)> {
        primary_backup::Config::check(self)?;
        self.check_for(nodes)
    }
}

impl Settings for multi_paxos::Config {
    fn flaws() -> Vec<String> {
        multi_paxos::Flaw::ALL.iter().map(|flaw| format!("{flaw:?}")).collect()
    }
    fn check(&self, _: u32) -> Result<(), (&'static str, String)> {
        multi_paxos::Config::check(self)
    }
}

impl Settings for paxos::Config {
    fn flaws() -> Vec<String> {
        paxos::Flaw::ALL.iter().map(|flaw| format!("{flaw:?}")).collect()
    }
    fn check(&self, _: u32) -> Result<(), (&'static str, String)> {
        paxos::Config::check(self)
    }
}

impl Settings for two_phase::Config {
    fn flaws() -> Vec<String> {
        two_phase::Flaw::ALL.iter().map(|flaw| format!("{flaw:?}")).collect()
    }
    fn check(&self, nodes: u32) -> Result<(), (&'static str, String)> {
        two_phase::Config::check(self)?;
        self.check_for(nodes)
    }
}

impl Settings for quorum_store::Config {
    fn flaws() -> Vec<String> {
        quorum_store::Flaw::ALL.iter().map(|flaw| format!("{flaw:?}")).collect()
    }
    fn check(&self, nodes: u32) -> Result<(), (&'static str, String)> {
        quorum_store::Config::check(self)?;
        self.check_for(nodes)
    }
}

impl Settings for dynamo::Config {
    fn flaws() -> Vec<String> {
        dynamo::Flaw::ALL.iter().map(|flaw| format!("{flaw:?}")).collect()
    }
    fn check(&self, nodes: u32) -> Result<(), (&'static str, String)> {
        dynamo::Config::check(self)?;
        self.check_for(nodes)
    }
}

impl Settings for crdt::Config {
    fn flaws() -> Vec<String> {
        crdt::Flaw::ALL.iter().map(|flaw| format!("{flaw:?}")).collect()
    }
    fn check(&self, nodes: u32) -> Result<(), (&'static str, String)> {
        crdt::Config::check(self)?;
        self.check_for(nodes)
    }
}

impl Settings for bully::Config {
    fn flaws() -> Vec<String> {
        bully::Flaw::ALL.iter().map(|flaw| format!("{flaw:?}")).collect()
    }
    fn check(&self, _: u32) -> Result<(), (&'static str, String)> {
        bully::Config::check(self)
    }
}

impl Settings for ring::Config {
    fn flaws() -> Vec<String> {
        ring::Flaw::ALL.iter().map(|flaw| format!("{flaw:?}")).collect()
    }
    fn check(&self, _: u32) -> Result<(), (&'static str, String)> {
        ring::Config::check(self)
    }
}

impl Settings for epidemic::Config {
    fn flaws() -> Vec<String> {
        epidemic::Flaw::ALL.iter().map(|flaw| format!("{flaw:?}")).collect()
    }
    fn check(&self, nodes: u32) -> Result<(), (&'static str, String)> {
        epidemic::Config::check(self)?;
        self.check_for(nodes)
    }
}

impl Settings for swim::Config {
    fn flaws() -> Vec<String> {
        swim::Flaw::ALL.iter().map(|flaw| format!("{flaw:?}")).collect()
    }
    fn check(&self, _: u32) -> Result<(), (&'static str, String)> {
        swim::Config::check(self)
    }
}

impl Settings for flood::Config {
    fn flaws() -> Vec<String> {
        flood::Flaw::ALL.iter().map(|flaw| format!("{flaw:?}")).collect()
    }
    fn check(&self, nodes: u32) -> Result<(), (&'static str, String)> {
        flood::Config::check(self)?;
        self.check_for(nodes)
    }
}

impl Settings for dfs::Config {
    fn flaws() -> Vec<String> {
        dfs::Flaw::ALL.iter().map(|flaw| format!("{flaw:?}")).collect()
    }
    fn check(&self, nodes: u32) -> Result<(), (&'static str, String)> {
        dfs::Config::check(self)?;
        self.check_for(nodes)
    }
    fn texts(&self) -> Option<Texts> {
        let dfs::Config { texts, chunks, words, .. } = *self;
        Some(Texts { count: texts.into(), chunks, words })
    }
}

impl Settings for map_reduce::Config {
    fn flaws() -> Vec<String> {
        map_reduce::Flaw::ALL.iter().map(|flaw| format!("{flaw:?}")).collect()
    }
    fn check(&self, nodes: u32) -> Result<(), (&'static str, String)> {
        map_reduce::Config::check(self)?;
        self.check_for(nodes)
    }
}

impl Settings for heartbeat::Config {
    fn flaws() -> Vec<String> {
        heartbeat::Flaw::ALL.iter().map(|flaw| format!("{flaw:?}")).collect()
    }
    fn check(&self, _: u32) -> Result<(), (&'static str, String)> {
        heartbeat::Config::check(self)
    }
}
