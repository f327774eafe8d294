//! From a scenario to a plan, and from a finished run back to a scenario in which every choice is written out.

mod links;

use crate::{
    expand::expand,
    format::{Expectation, Raw, Scenario, TimedFault, When},
    places::{Places, plans},
    registry::Registry,
};
use sim_core::{
    fault::{Fault, Pick, PlannedFault, Schedule},
    plan::Plan as Core,
    run::{FaultReport, Run},
    time::{Span, Time},
};
use std::collections::{BTreeMap, BTreeSet};

/// A larger group of nodes is not written out node by node where nothing in it is left to chance.
const NAMED_MAX: usize = 1_000;

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
        let places = Places::of(&scenario);
        let fault = |timed: TimedFault| PlannedFault {
            when: schedule(&timed.when),
            name: timed.name,
            lasts: timed.lasts,
            keep: timed.keep,
            fault: timed.fault,
            say: timed.say,
        };
        let core = Core {
            seed,
            until: scenario.until,
            calm_from: if scenario.calm == Span::ZERO { Time::MAX } else { scenario.calm_from() },
            services: plans(&scenario),
            network: links::network(&scenario, &places),
            zones: places.zones,
            faults: expand(&scenario, seed).into_iter().map(fault).collect(),
        };
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
        scenario.faults = expand(&self.scenario, self.scenario.seed);
        // One without a strike has none the next time either; what is expected of it needs its name.
        let struck: BTreeSet<&str> =
            scenario.faults.iter().filter_map(|timed| timed.part_of.as_deref()).collect();
        scenario.nemesis.retain(|nemesis| !struck.contains(nemesis.name.as_str()));
        let reports: BTreeMap<&str, &FaultReport> =
            run.faults.iter().map(|report| (report.planned.name.as_str(), report)).collect();
        let places = Places::of(&scenario);
        // Those that keep waiting for their moment: what comes after them has not struck, and must not be said to; or
        // they struck too late for the recovery that is expected, which a file that names the moment must not ask for.
        let harm_until = scenario.calm_from();
        let late = |expectation: &Expectation| recovers_late(expectation, &scenario, &reports);
        let mut awaited: BTreeSet<String> = scenario.expect.iter().filter_map(late).collect();
        for timed in scenario.faults.iter_mut().rev() {
            let Some(report) = reports.get(timed.name.as_str()) else { continue };
            match report.struck {
                Some(at) if !awaited.contains(&timed.name) && at < harm_until => {
                    strike(timed, at, harm_until)
                }
                Some(_) | None => {
                    if let When::After(name, _) = &timed.when {
                        awaited.insert(name.clone());
                    }
                }
            }
            if report.struck.is_some() {
                aim(timed, report, &places);
            }
        }
        scenario
    }
}

/// The fault from which a recovery is expected that the end of the run would cut off.
fn recovers_late(
    expectation: &Expectation,
    scenario: &Scenario,
    reports: &BTreeMap<&str, &FaultReport>,
) -> Option<String> {
    let Expectation::Recovers { from, within } = expectation else { return None };
    let struck = reports.get(from.as_str())?.struck?;
    let lasts = scenario.faults.iter().find(|timed| timed.name == *from)?.lasts.unwrap_or(Span::ZERO);
    (*within > scenario.until.since(struck + lasts)).then(|| from.clone())
}

/// When the engine is to carry out a fault that was expanded.
fn schedule(when: &When) -> Schedule {
    match when {
        When::At(at) => Schedule::At(*at),
        When::After(name, span) => Schedule::After(name.clone(), *span),
        When::When { condition, from, latest } => {
            Schedule::When { condition: condition.clone(), from: *from, latest: *latest }
        }
        When::Between(..) | When::Every { .. } => unreachable!("expanded faults have one moment: {when:?}"),
    }
}

/// Writes down when a fault struck. What would last beyond the end of all harm lasts until then.
fn strike(timed: &mut TimedFault, at: Time, harm_until: Time) {
    timed.when = When::At(at);
    timed.lasts = timed.lasts.filter(|lasts| at + *lasts <= harm_until);
}

/// Writes down whom a fault hit. One that found nobody keeps its aim: it could not be written down otherwise. `Rest` and
/// `Everybody` stay: they leave nothing to choose once the others are named.
fn aim(timed: &mut TimedFault, report: &FaultReport, places: &Places) {
    // Where a condition came true is known to who waited for it, and not to a moment.
    let written = |pick: &Pick| match (pick, report.trigger) {
        (Pick::TriggerOf(_), Some(node)) => Pick::Node(places.name(node)),
        (Pick::TriggerOf(service), None) => Pick::RandomOf(service.clone(), 1),
        (pick, _) => pick.clone(),
    };
    if timed.fault.picks().into_iter().flatten().any(|pick| matches!(pick, Pick::TriggerOf(_))) {
        let groups = timed.fault.picks().iter().map(|picks| picks.iter().map(written).collect()).collect();
        timed.fault = timed.fault.aimed(groups);
    }
    let picks = timed.fault.picks();
    let ring = matches!(timed.fault, Fault::MajoritiesRing(_));
    let nobody = report.chose.iter().any(Vec::is_empty);
    if nobody || report.chose.is_empty() || ring && report.chose[0].len() < 4 {
        return;
    }
    let same = picks.len() == report.chose.len();
    let group = |(index, group): (usize, &Vec<_>)| match picks.get(index).filter(|_| same && !ring) {
        Some([Pick::Rest]) => vec![Pick::Rest],
        Some(picks) if places.known(picks).as_ref() == Some(group) && picks.contains(&Pick::Everybody) => {
            vec![Pick::Everybody]
        }
        Some(picks) if group.len() > NAMED_MAX && places.known(picks).as_ref() == Some(group) => {
            picks.to_vec()
        }
        Some(_) | None => group.iter().map(|node| Pick::Node(places.name(*node))).collect(),
    };
    let groups = report.chose.iter().enumerate().map(group).collect();
    timed.fault = timed.fault.as_drawn(groups);
}
