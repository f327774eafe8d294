//! At whom faults are aimed, and which ends links have: every name exists, and no node is named twice.

use super::{At, Check};
use crate::{
    diagnostics::Place,
    format::{CLIENT, CLIENTS, Scenario},
    messages::meaning,
};
use sim_core::fault::{Fault, Pick};
use std::collections::BTreeMap;

/// What a name stands for.
enum Named<'a> {
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
        Names { groups, by_name, by_stem }
    }

    fn resolve(&self, name: &str) -> Named<'a> {
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
    fn services(&self) -> Vec<&'a str> {
        self.groups.iter().map(|group| group.0).collect()
    }

    /// The first nodes of each service: enough to suggest one.
    fn nodes(&self) -> Vec<String> {
        let of = |&(_, stem, nodes): &(&str, &str, u32)| {
            let stem = stem.to_owned();
            (1..=nodes.min(9)).map(move |number| format!("{stem}-{number}"))
        };
        self.groups.iter().take(100).flat_map(of).collect()
    }
}

/// The end of a link: a service or a node.
pub(super) fn link_end(check: &mut Check<'_, '_>, at: At<'_>, name: &str) {
    let known = check.knows_names();
    match check.names.resolve(name) {
        Named::Service(..) | Named::Node(..) => {}
        Named::Beyond(service, nodes) if known => {
            check.say(meaning::node_beyond(at.place(), name, service, nodes))
        }
        Named::Unknown if known => {
            let (services, nodes) = (check.names.services(), check.names.nodes());
            check.say(meaning::no_end(at.place(), name, &services, &nodes));
        }
        Named::Beyond(..) | Named::Unknown => {}
    }
}

/// What one fault has named so far.
#[derive(Default)]
struct Seen {
    /// Services named as a whole.
    services: BTreeMap<String, Place>,
    /// Nodes, each with its service.
    nodes: BTreeMap<String, (String, Place)>,
    /// How many of each service are taken, one way or another.
    taken: BTreeMap<String, u64>,
    random: u64,
    rest: Option<Place>,
}

/// All picks of one fault, `at` being what stands under `do`.
pub(super) fn check(check: &mut Check<'_, '_>, at: At<'_>, fault: &Fault) {
    let mut seen = Seen::default();
    let mut group = |check: &mut Check<'_, '_>, at: At<'_>, picks: &[Pick]| {
        if picks.is_empty() {
            check.say(meaning::aims_at_nobody(at.place()));
        }
        for (index, pick) in picks.iter().enumerate() {
            if check.mistakes.full() {
                return;
            }
            one(check, at.item(index), pick, &mut seen);
        }
    };
    match fault {
        Fault::Heal => {}
        Fault::Split(groups) => {
            if groups.len() < 2 {
                check.say(meaning::one_group(at.item(0).place()));
            }
            if groups.len() > crate::format::LIST_MAX {
                return check.say(meaning::list_too_long(
                    at.item(0).place(),
                    groups.len(),
                    crate::format::LIST_MAX,
                ));
            }
            for (index, picks) in groups.iter().enumerate() {
                group(check, at.item(0).item(index), picks);
            }
        }
        Fault::OneWay { from, to } => {
            group(check, at.key("from"), from);
            group(check, at.key("to"), to);
        }
        Fault::Crash(picks) | Fault::Restart(picks) | Fault::Pause(picks) | Fault::Resume(picks) => {
            group(check, at.item(0), picks);
        }
    }
}

fn one(check: &mut Check<'_, '_>, at: At<'_>, pick: &Pick, seen: &mut Seen) {
    let known = check.knows_names();
    let name_at = at.item(0);
    match pick {
        Pick::Rest => {
            if let Some(first) = seen.rest.replace(at.place()) {
                check.say(meaning::named_twice(at.place(), "`Rest`", first));
            }
        }
        Pick::Role(role) => self::role(check, name_at, role),
        Pick::Random(0) => check.say(meaning::picks_none(name_at.place())),
        Pick::Random(count) => {
            seen.random += u64::from(*count);
            let servers = check.scenario.services.iter().map(|service| u64::from(service.nodes)).sum();
            if known && seen.random > servers {
                check.say(meaning::too_many_picked(at.place(), seen.random, servers, "all servers"));
            }
        }
        Pick::RandomOf(name, count) => match check.names.resolve(name) {
            _ if *count == 0 => check.say(meaning::picks_none(at.item(1).place())),
            Named::Service(service, nodes) => {
                take(check, at, seen, service, u64::from(*count), nodes);
            }
            Named::Node(..) | Named::Beyond(..) | Named::Unknown => no_service(check, name_at, name),
        },
        Pick::Service(name) => match check.names.resolve(name) {
            Named::Service(service, nodes) => {
                let node = seen.nodes.values().find(|node| node.0 == service).map(|node| node.1.clone());
                if let Some(first) = seen.services.get(service).cloned().or(node) {
                    check.say(meaning::named_twice(at.place(), &format!("a node of `{service}`"), first));
                } else {
                    take(check, at, seen, service, u64::from(nodes), nodes);
                }
                seen.services.insert(service.to_owned(), at.place());
            }
            Named::Node(..) | Named::Beyond(..) | Named::Unknown => no_service(check, name_at, name),
        },
        Pick::Node(name) => match check.names.resolve(name) {
            Named::Node(service, nodes) => {
                let node = seen.nodes.get(name).map(|node| node.1.clone());
                if let Some(first) = node.or_else(|| seen.services.get(service).cloned()) {
                    check.say(meaning::named_twice(at.place(), &format!("`{name}`"), first));
                } else {
                    take(check, at, seen, service, 1, nodes);
                }
                seen.nodes.insert(name.clone(), (service.to_owned(), at.place()));
            }
            Named::Beyond(service, nodes) if known => {
                check.say(meaning::node_beyond(name_at.place(), name, service, nodes));
            }
            Named::Service(..) if known => check.say(meaning::service_not_node(name_at.place(), name)),
            Named::Unknown if known => {
                let names = check.names.nodes();
                check.say(meaning::no_node(name_at.place(), name, &names));
            }
            Named::Beyond(..) | Named::Service(..) | Named::Unknown => {}
        },
    }
}

fn take(check: &mut Check<'_, '_>, at: At<'_>, seen: &mut Seen, service: &str, count: u64, nodes: u32) {
    let taken = seen.taken.entry(service.to_owned()).or_default();
    *taken += count;
    let asked = *taken;
    if asked > u64::from(nodes) && check.knows_names() {
        check.say(meaning::too_many_picked(at.place(), asked, u64::from(nodes), &format!("`{service}`")));
    }
}

fn no_service(check: &mut Check<'_, '_>, at: At<'_>, name: &str) {
    if !check.knows_names() {
        return;
    }
    if let Named::Node(..) = check.names.resolve(name) {
        check.say(meaning::node_not_service(at.place(), name));
    } else {
        let names = check.names.services();
        check.say(meaning::no_such_service(at.place(), name, &names));
    }
}

fn role(check: &mut Check<'_, '_>, at: At<'_>, role: &str) {
    let Some(protocols) = &check.protocols else { return };
    let roles: Vec<&str> = protocols.iter().flat_map(|protocol| check.catalog.roles(protocol)).collect();
    if !roles.contains(&role) {
        check.say(meaning::no_role(at.place(), role, &roles));
    }
}
