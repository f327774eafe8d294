//! Plans: everything that decides a run, as plain data. Equal plans give equal runs.

use crate::{
    clock::Clock,
    fault::PlannedFault,
    link::NetworkPlan,
    protocol::NodeId,
    rng::{Keys, Purpose},
    run::ServiceInfo,
    sample::Delay,
    time::{Span, Time},
};
use alloc::{string::String, vec::Vec};
use serde::{Deserialize, Serialize};

/// What decides a run, besides the configuration of each protocol.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The seed of every random draw.
    pub seed: u64,
    /// When the run ends.
    pub until: Time,
    /// From here on nothing goes wrong: every fault that is in force ends, and none strikes. [`Time::MAX`] if there is
    /// no such part.
    pub calm_from: Time,
    /// The services; their nodes are numbered in this order.
    pub services: Vec<ServicePlan>,
    /// Where nodes stand, for faults that are aimed at a zone or a region.
    pub zones: Vec<Zone>,
    /// The network.
    pub network: NetworkPlan,
    /// What goes wrong, in any order.
    pub faults: Vec<PlannedFault>,
}

impl Plan {
    /// A world in which nothing goes wrong.
    pub fn new(seed: u64, until: Time, services: Vec<ServicePlan>, network: NetworkPlan) -> Plan {
        let (zones, faults) = (Vec::new(), Vec::new());
        Plan { seed, until, calm_from: Time::MAX, services, zones, network, faults }
    }
}

/// Nodes that stand together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    /// Its name.
    pub name: String,
    /// The region it is in.
    pub region: String,
    /// The nodes in it.
    pub nodes: Vec<NodeId>,
}

/// Numbers the nodes of services, one service after the other.
pub fn number(services: &[ServicePlan]) -> Vec<ServiceInfo> {
    let mut first = 0;
    let info = |service: &ServicePlan| {
        let info = ServiceInfo {
            name: service.name.clone(),
            prefix: service.prefix.clone(),
            first: NodeId(first),
            nodes: service.nodes,
            clients: service.clients,
        };
        first += service.nodes;
        info
    };
    services.iter().map(info).collect()
}

/// A service: so many nodes, all alike.
#[derive(Clone, Debug, PartialEq)]
pub struct ServicePlan {
    /// Its name.
    pub name: String,
    /// What its nodes are called before their number.
    pub prefix: String,
    /// How many nodes.
    pub nodes: u32,
    /// The processor of each node.
    pub host: HostPlan,
    /// Its disk.
    pub disk: DiskPlan,
    /// How wrong its clocks are.
    pub clock: ClockPlan,
    /// Whether these are clients: the edge of the world, whose calls are recorded and judged.
    pub clients: bool,
}

impl ServicePlan {
    /// So many servers called `name`, on hosts without faults of their own.
    pub fn new(name: &str, nodes: u32) -> ServicePlan {
        ServicePlan {
            name: name.into(),
            prefix: name.into(),
            nodes,
            host: HostPlan::default(),
            disk: DiskPlan::default(),
            clock: ClockPlan::default(),
            clients: false,
        }
    }

    /// So many clients, called `client-1` and so on.
    pub fn clients(nodes: u32) -> ServicePlan {
        ServicePlan { prefix: "client".into(), clients: true, ..ServicePlan::new("clients", nodes) }
    }
}

/// What a node can do at a time. By default inputs cost no time, and nothing waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HostPlan {
    /// So many inputs are served at the same time; at least 1.
    pub cores: u32,
    /// Processor time of a message from a node of the same service, before the node acts on it.
    pub message: Delay,
    /// Processor time of a request of another service.
    pub request: Delay,
    /// The most messages and requests that wait for a core; what comes on top is dropped. Default: no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<u32>,
}

impl Default for HostPlan {
    fn default() -> HostPlan {
        let nothing = Delay::Constant(Span::ZERO);
        HostPlan { cores: 1, message: nothing.clone(), request: nothing, queue: None }
    }
}

/// The disk of a node. By default it takes no time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DiskPlan {
    /// How long a sync takes, whatever it writes.
    pub sync: Delay,
    /// What each record adds to the sync that writes it.
    pub write: Delay,
    /// What a process does that finds a record damaged.
    pub damage: Damage,
}

impl Default for DiskPlan {
    fn default() -> DiskPlan {
        let nothing = Delay::Constant(Span::ZERO);
        DiskPlan { sync: nothing.clone(), write: nothing, damage: Damage::Stop }
    }
}

/// What a process does that boots and finds a record whose checksum is wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Damage {
    /// It does not start: somebody must look after the disk.
    #[default]
    Stop,
    /// It cuts the log off before the damaged record, and a damaged value is as it was at the very first start. Convenient,
    /// and in a replicated service it loses what was acknowledged (Alagappan et al., "Protocol-aware recovery for
    /// consensus-based storage", 2018).
    Truncate,
}

impl Damage {
    pub(crate) fn says(self) -> &'static str {
        match self {
            Damage::Stop => "does not start",
            Damage::Truncate => "goes on with what precedes it",
        }
    }
}

/// How wrong the clocks of a service are. Each node draws its own clock within these bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ClockPlan {
    /// At the start a clock is ahead or behind by at most this.
    pub offset: Span,
    /// And gains or loses at most this share of the time that passes: 0.0001 is 100 ppm. At most 0.5.
    pub drift: f64,
    /// What timers are measured with.
    pub timers: Timers,
}

/// What timers are measured with. Both run as fast as the node's clock does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Timers {
    /// A clock that is never set: a jump leaves timers alone (`CLOCK_MONOTONIC`).
    #[default]
    Monotonic,
    /// The clock that the node shows: a jump ahead makes timers fire early, a jump back makes them late.
    Wall,
}

impl ClockPlan {
    pub(crate) fn clock(&self, node: u32, keys: &Keys) -> Clock {
        if self.offset == Span::ZERO && self.drift == 0.0 {
            return Clock::default();
        }
        let mut rng = keys.stream(Purpose::Clock, u64::from(node), 0);
        let offset = self.offset.0.min(i64::MAX as u64 / 4) as i64;
        let drift = (self.drift.clamp(0.0, 0.5) * 1e9) as i64;
        let mut within = |bound: i64| rng.range(0, 2 * bound as u64 + 1) as i64 - bound;
        Clock { offset: within(offset).into(), drift: within(drift) }
    }
}
