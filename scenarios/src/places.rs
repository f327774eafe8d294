//! The nodes of a scenario by number, and where they stand.

use crate::format::{CLIENT, CLIENTS, Scenario};
use sim_core::{
    fault::Pick,
    plan::{ServicePlan, Zone},
    protocol::NodeId,
    run::ServiceInfo,
};

/// Everybody, and where.
pub(crate) struct Places {
    /// Services in the order of the file, the clients last.
    pub(crate) services: Vec<ServiceInfo>,
    /// The zone of each node, by its index in the topology; empty where there is none.
    pub(crate) zone_of: Vec<Option<usize>>,
    /// The zones of the topology with who stands there.
    pub(crate) zones: Vec<Zone>,
}

impl Places {
    pub(crate) fn of(scenario: &Scenario) -> Places {
        let plans: Vec<ServicePlan> = plans(scenario);
        let services = sim_core::plan::number(&plans);
        let Some(topology) = &scenario.topology else {
            return Places { services, zone_of: Vec::new(), zones: Vec::new() };
        };
        let clients = scenario.clients.iter().map(|clients| &clients.zones);
        let stands = scenario.services.iter().map(|service| &scenario.host_of(service).zones).chain(clients);
        let mut zones: Vec<Zone> = Vec::new();
        for region in &topology.regions {
            let zone =
                |name: &String| Zone { name: name.clone(), region: region.name.clone(), nodes: vec![] };
            zones.extend(region.zones.iter().map(zone));
        }
        let mut zone_of = Vec::new();
        for (service, names) in services.iter().zip(stands) {
            let indices: Vec<Option<usize>> = names.iter().map(|name| topology.zone(name)).collect();
            for (index, node) in service.ids().enumerate() {
                let zone = if indices.is_empty() { None } else { indices[index % indices.len()] };
                zone_of.push(zone);
                if let Some(zone) = zone {
                    zones[zone].nodes.push(node);
                }
            }
        }
        Places { services, zone_of, zones }
    }

    /// The nodes that a name stands for: a whole service, or one node.
    pub(crate) fn named(&self, name: &str) -> Vec<NodeId> {
        match self.services.iter().find(|service| service.name == name) {
            Some(service) => service.ids().collect(),
            None => self.services.iter().find_map(|service| service.node(name)).into_iter().collect(),
        }
    }

    /// The name of a node.
    pub(crate) fn name(&self, node: NodeId) -> String {
        let service = self.services.iter().find(|service| service.holds(node));
        service.expect("every node is some service's").node_name(node)
    }

    /// Whom these picks mean, each node once, in the order in which the engine resolves them; `None` if that depends on
    /// the run or the seed.
    pub(crate) fn known(&self, picks: &[Pick]) -> Option<Vec<NodeId>> {
        let mut nodes: Vec<NodeId> = Vec::new();
        let mut taken = std::collections::BTreeSet::new();
        for pick in picks {
            let mut more: Vec<NodeId> = match pick {
                Pick::Node(name) | Pick::Service(name) => self.named(name),
                Pick::Zone(name) => self.standing(|zone| zone.name == *name),
                Pick::Region(name) => self.standing(|zone| zone.region == *name),
                Pick::All => self.servers().flat_map(ServiceInfo::ids).collect(),
                Pick::Everybody => self.services.iter().flat_map(ServiceInfo::ids).collect(),
                Pick::Role(_)
                | Pick::Random(_)
                | Pick::RandomOf(..)
                | Pick::TriggerOf(_)
                | Pick::Minority(_)
                | Pick::MinorityWith(..)
                | Pick::MinorityWithout(..)
                | Pick::Majority(_)
                | Pick::MajorityWith(..)
                | Pick::MajorityWithout(..)
                | Pick::Rest => return None,
            };
            more.sort_unstable();
            nodes.extend(more.into_iter().filter(|node| taken.insert(*node)));
        }
        Some(nodes)
    }

    fn servers(&self) -> impl Iterator<Item = &ServiceInfo> {
        self.services.iter().filter(|service| !service.clients)
    }

    fn standing(&self, wanted: impl Fn(&Zone) -> bool) -> Vec<NodeId> {
        self.zones.iter().filter(|zone| wanted(zone)).flat_map(|zone| zone.nodes.iter().copied()).collect()
    }
}

/// The services, the clients last, as the engine wants them.
pub(crate) fn plans(scenario: &Scenario) -> Vec<ServicePlan> {
    let clock = |clock: &crate::format::Clock| sim_core::plan::ClockPlan {
        offset: clock.offset,
        drift: clock.drift,
        timers: clock.timers,
    };
    let service = |service: &crate::format::Service| ServicePlan {
        host: service.host.clone(),
        disk: service.disk.clone(),
        clock: clock(&service.clock),
        ..ServicePlan::new(&service.name, service.nodes)
    };
    let clients = scenario.clients.iter().map(|clients| ServicePlan {
        prefix: CLIENT.into(),
        clients: true,
        ..ServicePlan::new(CLIENTS, clients.nodes)
    });
    scenario.services.iter().map(service).chain(clients).collect()
}
