//! At whom faults are aimed, and which ends links have: every name exists, and no node is named twice.

use super::{At, Check, names::Named};
use crate::{
    diagnostics::Place,
    format::CLIENTS,
    messages::{harm, meaning},
};
use sim_core::fault::{Fault, Pick};
use std::collections::BTreeMap;

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
    /// Zones and regions.
    places: BTreeMap<String, Place>,
    /// How many of each service are taken, one way or another.
    taken: BTreeMap<String, u64>,
    random: u64,
    all: Option<Place>,
    rest: Option<Place>,
}

impl Seen {
    /// Where all servers were named, if `service` is one of theirs.
    fn all(&self, service: &str) -> Option<Place> {
        self.all.clone().filter(|_| service != CLIENTS)
    }
}

/// All picks of one fault, `at` being what stands under `do`.
pub(super) fn check(check: &mut Check<'_, '_>, at: At<'_>, fault: &Fault) {
    let groups = fault.picks();
    if let Fault::Split(_) = fault {
        let most = crate::format::LIST_MAX;
        if groups.len() < 2 {
            check.say(meaning::one_group(at.item(0).place()));
        }
        if groups.len() > most {
            return check.say(meaning::list_too_long(at.item(0).place(), groups.len(), most));
        }
    }
    let mut seen = Seen::default();
    for (index, picks) in groups.iter().enumerate() {
        let at = group(at, fault, index);
        if picks.is_empty() {
            check.say(meaning::aims_at_nobody(at.place()));
        }
        for (index, pick) in picks.iter().enumerate() {
            if check.mistakes.full() {
                return;
            }
            one(check, at.item(index), pick, &mut seen);
            let named = if let Pick::Node(name) = pick {
                matches!(check.names.resolve(name), Named::Node(CLIENTS, ..))
            } else {
                matches!(
                    pick,
                    Pick::Service(name) | Pick::RandomOf(name, _) | Pick::TriggerOf(name) if name == CLIENTS
                )
            };
            if named && fault.spares_clients() {
                check.say(harm::clients_spared(at.item(index).place(), fault.kind()));
            }
            let alone = groups.len() == 2 && !matches!(fault, Fault::Split(_)) && picks.len() == 1;
            let rest = || groups.iter().any(|picks| picks.contains(&Pick::Rest));
            if *pick == Pick::Everybody && (!alone || rest()) {
                check.say(harm::everybody(at.item(index).place()));
            }
        }
    }
    enough(check, group(at, fault, 0), fault);
}

/// Where a group of picks stands, `at` being what stands under `do`.
pub(super) fn group<'a>(at: At<'a>, fault: &Fault, index: usize) -> At<'a> {
    match fault {
        Fault::Split(_) => at.item(0).item(index),
        Fault::OneWay { .. } | Fault::Clog { .. } | Fault::Lose { .. } | Fault::Degrade { .. } => {
            at.key(if index == 0 { "from" } else { "to" })
        }
        Fault::DegradeNic { .. }
        | Fault::Ranks { .. }
        | Fault::Slow { .. }
        | Fault::ClockJump { .. }
        | Fault::ClockDrift { .. }
        | Fault::ClockStrobe { .. }
        | Fault::DiskSlow { .. }
        | Fault::BitRot { .. } => at.key("of"),
        Fault::Gray(..) => at.item(1),
        Fault::Heal
        | Fault::End(_)
        | Fault::Isolate(_)
        | Fault::Halves(_)
        | Fault::Bridge(_)
        | Fault::MinorityThird(_)
        | Fault::MajoritiesRing(_)
        | Fault::Crash(_)
        | Fault::PowerLoss(_)
        | Fault::Wipe(_)
        | Fault::Restart(_)
        | Fault::Pause(_)
        | Fault::Resume(_)
        | Fault::ClockReset(_)
        | Fault::DiskStall(_)
        | Fault::DiskFull(_) => at.item(0),
    }
}

/// Whether a shape has as many nodes as it takes, where their number is known.
fn enough(check: &mut Check<'_, '_>, at: At<'_>, fault: &Fault) {
    let halves =
        matches!(fault, Fault::Halves(_) | Fault::MinorityThird(_) | Fault::Ranks { .. }).then_some(2);
    let bridge = matches!(fault, Fault::Bridge(_)).then_some(3);
    let ring = matches!(fault, Fault::MajoritiesRing(_)).then_some(4);
    let Some(needs) = halves.or(bridge).or(ring) else { return };
    let picks = fault.picks();
    let counts: Option<Vec<u64>> = picks[0].iter().map(|pick| count(check, pick)).collect();
    let found: u64 = counts.unwrap_or_default().iter().sum();
    if (1..needs).contains(&found) && check.knows_names() {
        check.say(harm::too_few(at.place(), fault.kind(), needs, found));
    }
}

/// How many nodes a pick chooses, if others take none of them away; `None` if that depends on the run.
pub(super) fn count(check: &Check<'_, '_>, pick: &Pick) -> Option<u64> {
    let names = &check.names;
    let size = |name: &str| if names.is_group(name) { names.size(name) } else { 0 };
    match pick {
        Pick::Node(_) => Some(1),
        Pick::Service(name) => Some(size(name)),
        Pick::Zone(name) => Some(names.zones.get(name.as_str()).copied().unwrap_or(0)),
        Pick::Region(name) => Some(names.regions.get(name.as_str()).copied().unwrap_or(0)),
        Pick::Random(count) | Pick::RandomOf(_, count) => Some(u64::from(*count)),
        Pick::TriggerOf(_) => Some(1),
        Pick::Minority(name) | Pick::MinorityWith(name, _) => Some(minority(size(name))),
        Pick::Majority(name) | Pick::MajorityWith(name, _) => Some(size(name) / 2 + 1),
        Pick::All => Some(names.servers),
        Pick::Role(_)
        | Pick::MinorityWithout(..)
        | Pick::MajorityWithout(..)
        | Pick::Everybody
        | Pick::Rest => None,
    }
}

fn minority(nodes: u64) -> u64 {
    (nodes.max(1) - 1) / 2
}

fn one(check: &mut Check<'_, '_>, at: At<'_>, pick: &Pick, seen: &mut Seen) {
    let known = check.knows_names();
    let name_at = at.item(0);
    match pick {
        Pick::Everybody => {}
        Pick::Rest => {
            if let Some(first) = seen.rest.replace(at.place()) {
                check.say(meaning::named_twice(at.place(), "`Rest`", first));
            }
        }
        Pick::Role(role) => self::role(check, name_at, role),
        Pick::Zone(name) => {
            let zones = check.names.zones.clone();
            standing(check, at, "zone", name, &zones, seen);
        }
        Pick::Region(name) => {
            let regions = check.names.regions.clone();
            standing(check, at, "region", name, &regions, seen);
        }
        Pick::Minority(name) => share(check, at, pick, (name, None), minority, seen),
        Pick::MinorityWith(name, role) | Pick::MinorityWithout(name, role) => {
            share(check, at, pick, (name, Some(role)), minority, seen);
        }
        Pick::Majority(name) => share(check, at, pick, (name, None), |nodes| nodes / 2 + 1, seen),
        Pick::MajorityWith(name, role) | Pick::MajorityWithout(name, role) => {
            share(check, at, pick, (name, Some(role)), |nodes| nodes / 2 + 1, seen);
        }
        Pick::All => {
            let servers = |name: &&String| **name != CLIENTS;
            let service =
                seen.services.iter().find(|(name, _)| servers(name)).map(|(_, place)| place.clone());
            let node = seen.nodes.values().find(|node| servers(&&node.0)).map(|node| node.1.clone());
            if let Some(first) = service.or(node).or(seen.all.replace(at.place())) {
                check.say(meaning::named_twice(at.place(), "a server", first));
            }
        }
        Pick::Random(0) => check.say(meaning::picks_none(name_at.place())),
        Pick::Random(count) => {
            seen.random += u64::from(*count);
            let servers = check.names.servers;
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
        Pick::TriggerOf(name) => match check.names.resolve(name) {
            Named::Service(service, nodes) => take(check, at, seen, service, 1, nodes),
            Named::Node(..) | Named::Beyond(..) | Named::Unknown => no_service(check, name_at, name),
        },
        Pick::Service(name) => match check.names.resolve(name) {
            Named::Service(service, nodes) => {
                let node = seen.nodes.values().find(|node| node.0 == service).map(|node| node.1.clone());
                if let Some(first) = seen.services.get(service).cloned().or(node).or(seen.all(service)) {
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
                let whole = || seen.services.get(service).cloned().or(seen.all(service));
                if let Some(first) = node.or_else(whole) {
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

/// So many of the nodes of a service, by the number that it has.
fn share(
    check: &mut Check<'_, '_>,
    at: At<'_>,
    pick: &Pick,
    (name, role): (&str, Option<&String>),
    count: impl Fn(u64) -> u64,
    seen: &mut Seen,
) {
    let Named::Service(service, nodes) = check.names.resolve(name) else {
        return no_service(check, at.item(0), name);
    };
    match count(u64::from(nodes)) {
        0 if check.knows_names() => check.say(harm::no_minority(at.item(0).place(), service, nodes)),
        count => take(check, at, seen, service, count, nodes),
    }
    if let (Pick::MajorityWithout(_, role), 0..3, true) = (pick, nodes, check.knows_names()) {
        check.say(harm::no_majority_without(at.place(), service, nodes, role));
    }
    let Some(role) = role else { return };
    let run = check.names.group(service).and_then(|index| check.scenario.services.get(index));
    let run = run.map(|service| &service.run);
    if check.protocols.is_some() {
        let roles = run.map_or_else(Vec::new, |run| check.catalog.roles(run));
        if !roles.contains(&role.as_str()) {
            check.say(harm::no_role_in(at.item(1).place(), role, service, &roles));
        }
    }
}

/// A zone or a region, of which `all` are there with so many nodes.
fn standing(
    check: &mut Check<'_, '_>,
    at: At<'_>,
    kind: &str,
    name: &str,
    all: &BTreeMap<&str, u64>,
    seen: &mut Seen,
) {
    let known = check.top.find("topology").is_none_or(|at| check.sound(at));
    match all.get(name) {
        None if known => {
            let names: Vec<&str> = all.keys().copied().collect();
            check.say(harm::no_place(at.item(0).place(), kind, name, &names));
        }
        Some(0) if known && check.knows_names() => {
            check.say(harm::nobody_there(at.item(0).place(), kind, name));
        }
        None | Some(_) => {}
    }
    if let Some(first) = seen.places.insert(format!("{kind} {name}"), at.place()) {
        check.say(meaning::named_twice(at.place(), &format!("the {kind} `{name}`"), first));
    }
}

/// A service whose nodes run a protocol.
pub(super) fn server(check: &mut Check<'_, '_>, at: At<'_>, name: &str) {
    match check.names.resolve(name) {
        Named::Service(CLIENTS, _) => check.say(harm::clients_have_none(at.place())),
        Named::Service(..) => {}
        Named::Node(..) | Named::Beyond(..) | Named::Unknown => no_service(check, at, name),
    }
}

pub(super) fn role(check: &mut Check<'_, '_>, at: At<'_>, role: &str) {
    let Some(protocols) = &check.protocols else { return };
    let roles: Vec<&str> = protocols.iter().flat_map(|protocol| check.catalog.roles(protocol)).collect();
    if !roles.contains(&role) {
        check.say(meaning::no_role(at.place(), role, &roles));
    }
}
