//! Plans: everything that decides a run, as plain data. Equal plans give equal runs.

use crate::{
    clock::Clock,
    fault::PlannedFault,
    network::NetworkPlan,
    protocol::NodeId,
    rng::{Keys, Purpose},
    run::ServiceInfo,
    sample::Delay,
    time::{Span, Time},
};
use alloc::{string::String, vec::Vec};

/// What decides a run, besides the configuration of each protocol.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The seed of every random draw.
    pub seed: u64,
    /// When the run ends.
    pub until: Time,
    /// The services; their nodes are numbered in this order.
    pub services: Vec<ServicePlan>,
    /// The network.
    pub network: NetworkPlan,
    /// What goes wrong, in any order.
    pub faults: Vec<PlannedFault>,
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
    /// How long a sync of its disks takes.
    pub sync: Delay,
    /// How wrong its clocks are.
    pub clock: ClockPlan,
    /// Whether these are clients: the edge of the world, whose calls are recorded and judged.
    pub clients: bool,
}

/// How wrong the clocks of a service are. Each node draws its own clock within these bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ClockPlan {
    /// At the start a clock is ahead or behind by at most this.
    pub offset: Span,
    /// And gains or loses at most this share of the time that passes: 0.0001 is 100 ppm. At most 0.5.
    pub drift: f64,
}

impl ClockPlan {
    pub(crate) fn clock(&self, node: u32, keys: &Keys) -> Clock {
        if *self == ClockPlan::default() {
            return Clock::default();
        }
        let mut rng = keys.stream(Purpose::Clock, u64::from(node), 0);
        let offset = self.offset.0.min(i64::MAX as u64 / 2) as i64;
        let drift = (self.drift.clamp(0.0, 0.5) * 1e9) as i64;
        let mut within = |bound: i64| rng.range(0, 2 * bound as u64 + 1) as i64 - bound;
        Clock { offset: within(offset), drift: within(drift) as i32 }
    }
}
