//! From a scenario to a plan, and from a finished run back to a scenario in which every choice is written out.

use crate::{
    format::{self, Raw, Scenario, When},
    registry::Registry,
};
use sim_core::{
    fault::{Pick, PlannedFault},
    network::{LinkException, LinkPlan, NetworkPlan},
    plan::{ClockPlan, Plan as Core, ServicePlan, number},
    protocol::NodeId,
    run::{Run, ServiceInfo},
    sample::Delay,
    time::Span,
};

/// A plan: what the engine needs, and the scenario it came from, which holds what each protocol needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The scenario, with the seed of this run.
    pub scenario: Scenario,
    /// What the engine needs.
    pub core: Core,
}

impl Plan {
    /// The plan of one run of a scenario.
    pub fn new(scenario: &Scenario, seed: u64) -> Plan {
        let scenario = Scenario { seed, ..scenario.clone() };
        let mut services: Vec<ServicePlan> = Vec::new();
        for service in &scenario.services {
            services.push(ServicePlan {
                name: service.name.clone(),
                prefix: service.name.clone(),
                nodes: service.nodes,
                sync: service.disk.sync.clone(),
                clock: ClockPlan { offset: service.clock.offset, drift: service.clock.drift },
                clients: false,
            });
        }
        if let Some(clients) = &scenario.clients {
            services.push(ServicePlan {
                name: format::CLIENTS.into(),
                prefix: format::CLIENT.into(),
                nodes: clients.nodes,
                sync: Delay::Constant(Span::ZERO),
                clock: ClockPlan::default(),
                clients: true,
            });
        }
        let network = network(&scenario, &services);
        let strikes = scenario.strikes();
        let fault = |(timed, at): (&format::TimedFault, _)| PlannedFault {
            name: timed.name.clone(),
            at,
            lasts: timed.lasts,
            fault: timed.fault.clone(),
            say: timed.say.clone(),
        };
        let faults = scenario.faults.iter().zip(strikes).map(fault).collect();
        let core = Core { seed, until: scenario.until, services, network, faults };
        Plan { scenario, core }
    }

    /// What the run was, as a scenario: whom each fault hit and when, and every default. Played again, it gives the same
    /// run.
    pub fn resolved(&self, run: &Run, registry: &Registry) -> Scenario {
        let mut scenario = self.scenario.clone();
        for service in &mut scenario.services {
            let with = service.with.as_ref().map(|raw| raw.text.as_str());
            service.with = registry.config_text(&service.run, with).map(|text| Raw { text, at: 0 });
        }
        if let Some(clients) = &mut scenario.clients
            && let Some(service) = scenario.services.iter().find(|s| s.name == clients.of)
        {
            let mix = clients.mix.as_ref().map(|raw| raw.text.as_str());
            clients.mix = registry.mix_text(&service.run, mix).map(|text| Raw { text, at: 0 });
        }
        for timed in &mut scenario.faults {
            let Some(report) = run.faults.iter().find(|f| f.planned.name == timed.name) else { continue };
            timed.when = When::At(report.planned.at);
            // A fault that found nobody keeps its aim: it could not be written down otherwise. `Rest` stays `Rest`: it
            // leaves nothing to choose once the others are named.
            if report.struck.is_some() && report.chose.iter().all(|group| !group.is_empty()) {
                let named = |node: &NodeId| Pick::Node(run.name(*node));
                let group = |(group, picks): (&Vec<NodeId>, &[Pick])| match picks {
                    [Pick::Rest] => picks.to_vec(),
                    _ => group.iter().map(named).collect(),
                };
                let groups = report.chose.iter().zip(timed.fault.picks()).map(group).collect();
                timed.fault = timed.fault.aimed(groups);
            }
        }
        scenario
    }
}

/// Links by number of node. An exception that gives only one of delay and loss takes the other from the network.
fn network(scenario: &Scenario, services: &[ServicePlan]) -> NetworkPlan {
    let services = &number(services);
    let default = LinkPlan { delay: scenario.network.delay.clone(), loss: scenario.network.loss };
    let link = |link: &format::Link| LinkException {
        from: nodes(&link.from, services),
        to: nodes(&link.to, services),
        link: LinkPlan {
            delay: link.delay.clone().unwrap_or_else(|| default.delay.clone()),
            loss: link.loss.unwrap_or(default.loss),
        },
    };
    NetworkPlan { links: scenario.network.links.iter().map(link).collect(), default }
}

/// The nodes that a name stands for: a whole service, or one node.
fn nodes(name: &str, services: &[ServiceInfo]) -> Vec<NodeId> {
    match services.iter().find(|service| service.name == name) {
        Some(service) => service.ids().collect(),
        None => services.iter().find_map(|service| service.node(name)).into_iter().collect(),
    }
}
