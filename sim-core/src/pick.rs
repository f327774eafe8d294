//! Whom a fault hits: picks become nodes when the fault strikes, by names, roles of that moment, and the seed.

use crate::{
    digest::Digest,
    fault::Pick,
    protocol::{NodeId, Role},
    rng::{Keys, Purpose},
    run::ServiceInfo,
};
use alloc::{collections::BTreeSet, vec::Vec};
use core::hash::Hash;

/// Resolves the groups of picks of the fault called `name`, from left to right, `Rest` after all others; no node is
/// chosen twice. What is drawn is drawn among the nodes that are `fit`: up, for harm; down or frozen, for its end.
pub(crate) fn resolve(
    name: &str,
    groups: &[&[Pick]],
    services: &[ServiceInfo],
    role: impl Fn(NodeId) -> Role,
    fit: impl Fn(NodeId) -> bool,
    keys: &Keys,
) -> Vec<Vec<NodeId>> {
    // The fault's name is its key: removing another fault does not change what this one chooses.
    let mut digest = Digest::new();
    name.hash(&mut digest);
    let who = digest.finish();
    let mut taken: BTreeSet<NodeId> = BTreeSet::new();
    let mut number = 0;
    let mut chosen = Vec::new();
    let mut rest = None;
    for picks in groups {
        let mut group = Vec::new();
        for pick in *picks {
            let free = |node: &NodeId| !taken.contains(node);
            let servers = || services.iter().filter(|s| !s.clients);
            let draw = |from: Vec<NodeId>, count: u32| -> Vec<NodeId> {
                let mut rng = keys.stream(Purpose::Pick, who, number);
                let count = (count as usize).min(from.len());
                let mut drawn: Vec<NodeId> =
                    rng.choose(from.len(), count).into_iter().map(|i| from[i]).collect();
                drawn.sort_unstable();
                drawn
            };
            let fit = |node: &NodeId| fit(*node);
            let nodes: Vec<NodeId> = match pick {
                Pick::Node(name) => {
                    services.iter().find_map(|s| s.node(name)).filter(free).into_iter().collect()
                }
                Pick::Service(name) => {
                    called(services, name).flat_map(ServiceInfo::ids).filter(free).collect()
                }
                Pick::Role(wanted) => {
                    let plays = |node: &NodeId| role(*node).0 == *wanted;
                    servers().flat_map(ServiceInfo::ids).filter(free).filter(plays).collect()
                }
                Pick::Random(count) => {
                    draw(servers().flat_map(ServiceInfo::ids).filter(free).filter(fit).collect(), *count)
                }
                Pick::RandomOf(name, count) => draw(
                    called(services, name).flat_map(ServiceInfo::ids).filter(free).filter(fit).collect(),
                    *count,
                ),
                Pick::Rest => {
                    rest = Some(chosen.len());
                    Vec::new()
                }
            };
            number += 1;
            taken.extend(&nodes);
            group.extend(nodes);
        }
        chosen.push(group);
    }
    if let Some(group) = rest {
        let free = services.iter().flat_map(ServiceInfo::ids).filter(|node| !taken.contains(node));
        chosen[group].extend(free);
    }
    chosen
}

fn called<'a>(services: &'a [ServiceInfo], name: &'a str) -> impl Iterator<Item = &'a ServiceInfo> {
    services.iter().filter(move |service| service.name == name)
}
