//! The network of a plan: what the topology says of every pair of zones, and then the exceptions of the file.

use crate::{
    format::{Link, Scenario},
    places::Places,
    topology::{Distances, Topology},
};
use sim_core::{
    link::{LinkException, LinkPlan, NetworkPlan, Nic},
    protocol::NodeId,
    sample::Delay,
};
use std::collections::BTreeMap;

pub(super) fn network(scenario: &Scenario, places: &Places) -> NetworkPlan {
    let default = &scenario.network.default;
    let distances = scenario.topology.as_ref().map(|topology| (topology, topology.distances()));
    let mut links = Vec::new();
    if let Some(topology) = &scenario.topology {
        links = topology.links(&places.zone_of, |delay| LinkPlan { delay, ..default.clone() });
    }
    for link in &scenario.network.links {
        let (from, to) = (places.named(&link.from), places.named(&link.to));
        match &distances {
            Some((topology, distances)) if link.delay.is_none() => {
                links.extend(by_zone(link, default, [from, to], places, topology, distances));
            }
            Some(_) | None => {
                links.push(LinkException { from, to, link: link.plan(default), pipe: link.bandwidth });
            }
        }
    }
    NetworkPlan {
        default: default.clone(),
        links,
        nics: nics(scenario),
        machines: machines(scenario, places),
    }
}

/// The machine of each node; empty when nobody shares one.
fn machines(scenario: &Scenario, places: &Places) -> Vec<NodeId> {
    if scenario.services.iter().all(|service| service.beside.is_none()) {
        return Vec::new();
    }
    let mut machines: Vec<NodeId> = places.services.iter().flat_map(|info| info.ids()).collect();
    for (service, info) in scenario.services.iter().zip(&places.services) {
        let Some(host) = places.services.iter().find(|host| Some(&host.name) == service.beside.as_ref())
        else {
            continue;
        };
        for (node, on) in info.ids().zip(host.ids()) {
            machines[node.0 as usize] = on;
        }
    }
    machines
}

/// An exception that leaves the delay to the topology: one for each pair of zones of its ends.
fn by_zone(
    link: &Link,
    default: &LinkPlan,
    ends: [Vec<NodeId>; 2],
    places: &Places,
    topology: &Topology,
    distances: &Distances,
) -> Vec<LinkException> {
    let [from, to] = ends.map(|nodes| {
        let mut zones: BTreeMap<Option<usize>, Vec<NodeId>> = BTreeMap::new();
        for node in nodes {
            zones.entry(places.zone_of[node.0 as usize]).or_default().push(node);
        }
        zones
    });
    let mut links = Vec::new();
    for (from_zone, from) in &from {
        for (to_zone, to) in &to {
            let rtt = from_zone.zip(*to_zone).and_then(|(from, to)| distances.at(from, to));
            let delay: Option<Delay> = rtt.map(|rtt| topology.delay(rtt));
            let elsewhere =
                delay.map_or_else(|| default.clone(), |delay| LinkPlan { delay, ..default.clone() });
            let (from, to) = (from.clone(), to.clone());
            links.push(LinkException { from, to, link: link.plan(&elsewhere), pipe: link.bandwidth });
        }
    }
    links
}

/// How each node is attached; empty when nobody says anything about it.
fn nics(scenario: &Scenario) -> Vec<Nic> {
    let clients = scenario.clients.iter().map(|clients| (clients.nodes, clients.nic));
    let all =
        scenario.services.iter().map(|service| (service.nodes, scenario.host_of(service).nic)).chain(clients);
    let all: Vec<(u32, Nic)> =
        all.map(|(nodes, nic)| (nodes, nic.or(scenario.network.nic).unwrap_or_default())).collect();
    if all.iter().all(|(_, nic)| *nic == Nic::default()) {
        return Vec::new();
    }
    all.into_iter().flat_map(|(nodes, nic)| std::iter::repeat_n(nic, nodes as usize)).collect()
}
