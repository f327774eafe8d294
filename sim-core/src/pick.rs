//! Whom a fault hits: picks become nodes when the fault strikes, by names, places, roles of that
//! moment, what it waited for, and the seed.

use crate::{
    fault::Pick,
    plan::Zone,
    protocol::{NodeId, Role},
    rng::{Keys, Purpose, fate},
    run::ServiceInfo,
};
use alloc::{collections::BTreeSet, vec, vec::Vec};

/// Where nodes are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) services: &'a [ServiceInfo],
    pub(crate) zones: &'a [Zone],
}

/// Resolves the groups of picks of a fault, from left to right, `Rest` after all others; no node is chosen twice, except
/// by `Everybody`. What is drawn is drawn among the nodes that are `fit`: up, for harm; down or frozen, for its end.
/// `trigger` is where what the fault waited for came true; it is nobody's any more if nobody could choose it. `key` is the
/// fault's, so that removing another fault does not change what this one chooses.
pub(crate) fn resolve(
    key: u64,
    groups: &[&[Pick]],
    place: Place<'_>,
    trigger: &mut Option<NodeId>,
    role: impl Fn(NodeId) -> Role,
    fit: impl Fn(NodeId) -> bool,
    keys: &Keys,
) -> Vec<Vec<NodeId>> {
    let services = place.services;
    let servers = || services.iter().filter(|s| !s.clients).flat_map(ServiceInfo::ids);
    let called = |name: &str| services.iter().filter(move |s| s.name == name).collect::<Vec<_>>();
    let of = |name: &str| called(name).into_iter().flat_map(ServiceInfo::ids).collect::<Vec<NodeId>>();
    let mut taken: BTreeSet<NodeId> = BTreeSet::new();
    let mut number = 0;
    let mut chosen = Vec::new();
    let mut rest = None;
    for picks in groups {
        let mut group = Vec::new();
        for pick in *picks {
            let free = |node: &NodeId| !taken.contains(node);
            let plays = |node: &NodeId, wanted: &str| role(*node).0 == wanted;
            // Every node has a lot of its own, so whether one is fit changes nothing about the others.
            let lots = keys.key(Purpose::Pick, key, number);
            let draw = |from: Vec<NodeId>, count: usize| -> Vec<NodeId> {
                let from = from.into_iter().filter(free).filter(|node| fit(*node));
                let mut drawn: Vec<(u64, NodeId)> =
                    from.map(|node| (fate(lots, node.0, 0, 0, 0).next_u64(), node)).collect();
                drawn.sort_unstable();
                drawn.into_iter().take(count).map(|(_, node)| node).collect()
            };
            let minority = |name: &str| (of(name).len().max(1) - 1) / 2;
            let majority = |name: &str| of(name).len() / 2 + 1;
            let with = |name: &str, wanted: &str, count: usize| {
                let (players, others) = of(name).into_iter().partition(|node| plays(node, wanted));
                let mut drawn = draw(players, count);
                let left = count - drawn.len();
                drawn.extend(draw(others, left));
                drawn
            };
            let zones = |wanted: &dyn Fn(&Zone) -> bool| -> Vec<NodeId> {
                place.zones.iter().filter(|zone| wanted(zone)).flat_map(|zone| zone.nodes.clone()).collect()
            };
            let without = |name: &str, wanted: &str| {
                of(name).into_iter().filter(|node| !plays(node, wanted)).collect::<Vec<_>>()
            };
            let mut nodes: Vec<NodeId> = match pick {
                Pick::Node(name) => services.iter().find_map(|s| s.node(name)).into_iter().collect(),
                Pick::Service(name) => of(name),
                Pick::Role(wanted) => servers().filter(|node| plays(node, wanted)).collect(),
                Pick::Zone(name) => zones(&|zone| zone.name == *name),
                Pick::Region(name) => zones(&|zone| zone.region == *name),
                Pick::Random(count) => draw(servers().collect(), *count as usize),
                Pick::RandomOf(name, count) => draw(of(name), *count as usize),
                Pick::TriggerOf(name) => {
                    *trigger = trigger.filter(|node| of(name).contains(node) && free(node) && fit(*node));
                    trigger.map_or_else(|| draw(of(name), 1), |node| vec![node])
                }
                Pick::Minority(name) => draw(of(name), minority(name)),
                Pick::Majority(name) => draw(of(name), majority(name)),
                Pick::MinorityWith(name, role) => with(name, role, minority(name)),
                Pick::MajorityWith(name, role) => with(name, role, majority(name)),
                Pick::MinorityWithout(name, role) => draw(without(name, role), minority(name)),
                Pick::MajorityWithout(name, role) => draw(without(name, role), majority(name)),
                Pick::All => servers().collect(),
                Pick::Everybody => Vec::new(), // added below
                Pick::Rest => {
                    rest = Some(chosen.len());
                    Vec::new()
                }
            };
            nodes.retain(free);
            nodes.sort_unstable();
            number += 1;
            taken.extend(&nodes);
            group.extend(nodes);
        }
        // Who is everybody is nobody else's loss.
        if picks.contains(&Pick::Everybody) {
            group = services.iter().flat_map(ServiceInfo::ids).collect();
        }
        chosen.push(group);
    }
    if let Some(group) = rest {
        let free = services.iter().flat_map(ServiceInfo::ids).filter(|node| !taken.contains(node));
        chosen[group].extend(free);
    }
    chosen
}
