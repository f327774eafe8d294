//! The names of everybody, and how many stand where.

use crate::format::{CLIENT, CLIENTS, Scenario};
use std::collections::BTreeMap;

/// What a name stands for.
pub(super) enum Named<'a> {
    /// All nodes of this service, so many.
    Service(&'a str, u32),
    /// A node of this service, which has so many.
    Node(&'a str, u32),
    /// It would be a node of this service, which has only so many.
    Beyond(&'a str, u32),
    /// Nothing.
    Unknown,
}

/// The names of all groups of nodes.
pub(super) struct Names<'a> {
    /// Every service with its number of nodes, and what its nodes are called after; the clients come last.
    groups: Vec<(&'a str, &'a str, u32)>,
    by_name: BTreeMap<&'a str, usize>,
    by_stem: BTreeMap<&'a str, usize>,
    /// How many nodes all services have together.
    pub(super) servers: u64,
    /// How many zones the nodes of each group stand in, in the same order; none counts as one.
    zones_of: Vec<u64>,
    /// How many nodes stand in each zone, and in each region.
    pub(super) zones: BTreeMap<&'a str, u64>,
    pub(super) regions: BTreeMap<&'a str, u64>,
}

impl<'a> Names<'a> {
    pub(super) fn of(scenario: &'a Scenario) -> Names<'a> {
        let services = scenario.services.iter();
        let clients = scenario.clients.iter().map(|clients| (CLIENTS, CLIENT, clients.nodes));
        let groups: Vec<_> = services
            .map(|service| (service.name.as_str(), service.name.as_str(), service.nodes))
            .chain(clients)
            .collect();
        let by_name = groups.iter().enumerate().map(|(index, group)| (group.0, index)).collect();
        let by_stem = groups.iter().enumerate().map(|(index, group)| (group.1, index)).collect();
        let mut names = Names {
            groups,
            by_name,
            by_stem,
            servers: scenario.services.iter().map(|service| u64::from(service.nodes)).sum(),
            zones_of: Vec::new(),
            zones: BTreeMap::new(),
            regions: BTreeMap::new(),
        };
        names.place(scenario);
        names
    }

    /// Counts who stands where.
    fn place(&mut self, scenario: &'a Scenario) {
        let clients = scenario.clients.iter().map(|clients| (clients.nodes, &clients.zones));
        let services =
            scenario.services.iter().map(|service| (service.nodes, &scenario.host_of(service).zones));
        let mut standing: BTreeMap<&str, u64> = BTreeMap::new();
        for (nodes, zones) in services.chain(clients) {
            let (nodes, count) = (u64::from(nodes), zones.len() as u64);
            for (index, zone) in zones.iter().enumerate().take(nodes as usize) {
                // The nodes with this index, and every `count`-th after it.
                *standing.entry(zone).or_default() += (nodes - index as u64).div_ceil(count);
            }
            let mut used: Vec<&String> = zones.iter().take(nodes as usize).collect();
            used.sort_unstable();
            used.dedup();
            self.zones_of.push(used.len().max(1) as u64);
        }
        for region in scenario.topology.iter().flat_map(|topology| &topology.regions) {
            for zone in &region.zones {
                let nodes = standing.get(zone.as_str()).copied().unwrap_or(0);
                self.zones.insert(zone, nodes);
                *self.regions.entry(&region.name).or_default() += nodes;
            }
        }
    }

    /// How many nodes a service or a node is.
    pub(super) fn size(&self, name: &str) -> u64 {
        self.by_name.get(name).map_or(1, |&index| u64::from(self.groups[index].2))
    }

    /// Whether this is a service, or all clients.
    pub(super) fn is_group(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// The position of a service; clients come last.
    pub(super) fn group(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// In how many zones a service or a node stands.
    pub(super) fn zones_of(&self, name: &str) -> u64 {
        self.by_name.get(name).map_or(1, |&index| self.zones_of[index])
    }

    pub(super) fn resolve(&self, name: &str) -> Named<'a> {
        if let Some(&index) = self.by_name.get(name) {
            return Named::Service(self.groups[index].0, self.groups[index].2);
        }
        let Some((stem, number)) = name.rsplit_once('-') else { return Named::Unknown };
        let Some(&index) = self.by_stem.get(stem) else { return Named::Unknown };
        let (service, _, nodes) = self.groups[index];
        let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let plain = digits && !number.starts_with('0');
        match number.parse::<u32>() {
            Ok(number) if plain && number <= nodes => Named::Node(service, nodes),
            Ok(_) | Err(_) if plain || number == "0" => Named::Beyond(service, nodes),
            Ok(_) | Err(_) => Named::Unknown,
        }
    }

    /// All services, and the clients.
    pub(super) fn services(&self) -> Vec<&'a str> {
        self.groups.iter().map(|group| group.0).collect()
    }

    /// The first nodes of each service: enough to suggest one.
    pub(super) fn nodes(&self) -> Vec<String> {
        let of = |&(_, stem, nodes): &(&str, &str, u32)| {
            let stem = stem.to_owned();
            (1..=nodes.min(9)).map(move |number| format!("{stem}-{number}"))
        };
        self.groups.iter().take(100).flat_map(of).collect()
    }
}
