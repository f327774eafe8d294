//! A run as the page plays it: the whole of it, played ahead, of which the page shows what lies before its present moment.
//!
//! A run is a function of its scenario, so nothing has to be kept alive between two clicks: an interference is one more fault
//! of the scenario, and the run is played anew from its beginning. What is shown and what is saved are the same by construction.

use crate::{live::Live, refusal::Refusal, workers::Wanted};
use scenarios::{
    Registry,
    format::Scenario,
    plan::Plan,
    play::{self, Origin},
};
use serde::Serialize;
use sim_core::{
    judged::Judged,
    protocol::Role,
    run::{FaultReport, Run},
    time::{Span, Time},
    trace::{Scope, Trace},
    world::World,
};

/// The most nodes of a world here, clients included.
pub const NODES_MAX: u64 = 2_000;
/// The longest run here, in simulated time.
pub const UNTIL_MAX: Span = Span(3_600 * 1_000_000_000);
/// Whether anybody still waits is asked after so many.
const STEP: u64 = 100_000;
/// What is read off the nodes, for charts, is read so often; and the profile of a run has so many points.
const SAMPLES: u32 = 200;
/// So many changes of role go to the page.
const ROLES_MAX: usize = 50_000;
/// So many nodes tell what they know at a moment.
const SHOWN_MAX: usize = 64;
/// So many faults, violations, verdicts go to the page.
const LISTED_MAX: usize = 500;

/// A whole run, for the page.
#[derive(Debug, Serialize)]
pub(crate) struct Film {
    pub(crate) id: String,
    /// So many interferences there are.
    revision: usize,
    title: String,
    about: String,
    seed: String,
    command: String,
    until: u64,
    /// Where no harm may strike any more.
    calm_from: Option<u64>,
    events: u64,
    pub(crate) fingerprint: String,
    status: &'static str,
    nodes: Vec<Node>,
    /// When, who, what from then on, epoch.
    roles: Vec<(u64, u32, &'static str, u64)>,
    /// The roles among them that lead.
    leads: Vec<&'static str>,
    faults: Vec<Fault>,
    violations: Vec<(u64, u32, String)>,
    /// When, how many operations were wanted, how many served in time.
    windows: Vec<(u64, u64, u64)>,
    verdicts: Vec<Verdict>,
    acts: Vec<(u64, String)>,
    /// What the page leaves out, in words; may be empty.
    note: String,
}

#[derive(Debug, Serialize)]
struct Node {
    name: String,
    service: String,
    client: bool,
}

#[derive(Debug, Serialize)]
struct Fault {
    name: String,
    kind: &'static str,
    /// How it cuts: `sides`, `apart`, `one-way`, or not.
    cuts: &'static str,
    network: bool,
    harms: bool,
    struck: u64,
    ended: Option<u64>,
    chose: Vec<Vec<u32>>,
    say: String,
}

#[derive(Debug, Serialize)]
struct Verdict {
    word: &'static str,
    sign: &'static str,
    expectation: String,
    finding: String,
}

/// A run up to a moment: everything before it.
#[derive(Debug, Serialize)]
pub(crate) struct Moment {
    at: u64,
    events: u64,
    /// What each server knows, by its position in the world.
    shows: Vec<(u32, Vec<(&'static str, String)>)>,
    verdicts: Vec<Verdict>,
}

/// A run up to a moment, for whoever interferes there.
pub(crate) struct Past {
    /// Of everything that happened before, and every state that it led to.
    pub(crate) fingerprint: u64,
    pub(crate) run: Run,
    shows: Vec<(u32, Vec<(&'static str, String)>)>,
}

/// Refuses worlds that are too large for here.
pub(crate) fn fits(scenario: &Scenario) -> Result<(), Refusal> {
    let clients = scenario.clients.as_ref().map_or(0, |clients| u64::from(clients.nodes));
    let nodes = scenario.services.iter().map(|service| u64::from(service.nodes)).sum::<u64>() + clients;
    if nodes > NODES_MAX {
        return Err(Refusal::unfit(format!(
            "this world has {nodes} nodes, and {NODES_MAX} are the most here: `sim run` plays it, or set fewer"
        )));
    }
    if scenario.until.since(Time::ZERO) > UNTIL_MAX {
        return Err(Refusal::unfit(format!(
            "this run lasts {}, and {UNTIL_MAX} is the longest here: `sim run` plays it, or set `until`",
            scenario.until
        )));
    }
    Ok(())
}

/// Goes on until `until`, unless that takes too many events, or nobody waits any more.
fn go_on(world: &mut World, until: Time, wanted: &Wanted) -> Result<(), Refusal> {
    loop {
        let most = world.events() + STEP;
        let events_max = wanted.events_max;
        world.run_to(until, most.min(events_max));
        if world.events() >= events_max {
            return Err(Refusal::unfit(format!(
                "this run takes more than {events_max} events, the most here: `sim run` plays it, or make it shorter or smaller"
            )));
        }
        if world.events() < most {
            return Ok(());
        }
        wanted.still()?;
    }
}

fn world(registry: &Registry, plan: &Plan) -> Result<World, Refusal> {
    registry.world(plan).map_err(Refusal::unfit)
}

/// The last moment before this one.
fn before(at: Time) -> Time {
    Time(at.0.saturating_sub(1))
}

/// Plays a run up to a moment.
pub(crate) fn past(registry: &Registry, plan: &Plan, at: Time, wanted: &Wanted) -> Result<Past, Refusal> {
    let mut world = world(registry, plan)?;
    world.record(SAMPLES);
    go_on(&mut world, before(at), wanted)?;
    let servers = plan.core.services.iter().zip(sim_core::plan::number(&plan.core.services));
    let ids = servers.filter(|(_, info)| !info.clients).flat_map(|(_, info)| info.ids());
    let shows = ids.take(SHOWN_MAX).map(|node| (node.0, world.show(node))).collect();
    let run = world.finish();
    Ok(Past { fingerprint: run.fingerprint, run, shows })
}

/// A whole run, judged; and the fingerprint of its past at a moment, if one is asked for.
pub(crate) struct Whole {
    pub(crate) judged: Judged,
    pub(crate) past: Option<u64>,
    /// Moments, and events taken by then.
    profile: Vec<(Time, u64)>,
}

/// Plays a run to its end.
pub(crate) fn whole(
    registry: &Registry,
    live: &Live,
    cut: Option<Time>,
    wanted: &Wanted,
) -> Result<Whole, Refusal> {
    let plan = live.plan();
    let mut world = world(registry, &plan)?;
    world.record(SAMPLES);
    let mut past = None;
    if let Some(at) = cut {
        go_on(&mut world, before(at), wanted)?;
        past = Some(world.clone().finish().fingerprint);
    }
    let mut profile = Vec::new();
    let until = plan.core.until;
    for slice in 1..=u64::from(SAMPLES) {
        let at = Time((u128::from(until.0) * u128::from(slice) / u128::from(SAMPLES)) as u64);
        go_on(&mut world, at, wanted)?;
        profile.push((at, world.events()));
    }
    let judged = judge(registry, live, &plan, world.finish());
    Ok(Whole { judged, past, profile })
}

fn judge(registry: &Registry, live: &Live, plan: &Plan, run: Run) -> Judged {
    let (name, command) = (live.name(), live.command());
    play::judge(registry, plan, run, Origin { file: &live.file, name: &name, text: &live.text, command })
}

/// The page that explains a run: all of it, or what lies before a moment.
pub(crate) fn report(
    registry: &Registry,
    live: &Live,
    until: Option<Time>,
    wanted: &Wanted,
) -> Result<String, Refusal> {
    let plan = live.plan();
    if let Some(at) = until {
        let past = past(registry, &plan, at, wanted)?;
        return Ok(reports::html(&judge(registry, live, &plan, past.run)));
    }
    let Whole { mut judged, profile, .. } = whole(registry, live, None, wanted)?;
    if let Some(scope) = reports::scope(&judged, &profile) {
        judged.run.trace = traced(registry, &plan, scope, wanted)?;
    }
    Ok(reports::html(&judged))
}

/// The trace of what matters in a run: it is played once more.
fn traced(registry: &Registry, plan: &Plan, scope: Scope, wanted: &Wanted) -> Result<Option<Trace>, Refusal> {
    let mut world = world(registry, plan)?;
    world.trace_only(scope);
    go_on(&mut world, plan.core.until, wanted)?;
    Ok(world.finish().trace)
}

/// What is known at a moment.
pub(crate) fn moment(registry: &Registry, live: &Live, at: Time, wanted: &Wanted) -> Result<Moment, Refusal> {
    let plan = live.plan();
    let past = past(registry, &plan, at, wanted)?;
    let judged = judge(registry, live, &plan, past.run);
    Ok(Moment { at: at.0, events: judged.run.events, shows: past.shows, verdicts: verdicts(&judged) })
}

impl Film {
    pub(crate) fn of(live: &Live, judged: &Judged) -> Film {
        let run = &judged.run;
        let calm = live.scenario.calm_from();
        let server = |service: &sim_core::run::ServiceInfo| {
            let node = |id| Node {
                name: service.node_name(id),
                service: service.name.clone(),
                client: service.clients,
            };
            service.ids().map(node).collect::<Vec<_>>()
        };
        let mut leads: Vec<&str> =
            run.roles.iter().filter(|c| reports::leads(c.role)).map(|c| c.role.0).collect();
        leads.sort_unstable();
        leads.dedup();
        let changes = run.roles.iter().take(ROLES_MAX);
        Film {
            id: live.id.to_string(),
            revision: live.acts.len(),
            title: live.name(),
            about: live.scenario.about.clone(),
            seed: run.seed.to_string(),
            command: live.command(),
            until: run.until.0,
            calm_from: (calm < live.scenario.until).then_some(calm.0),
            events: run.events,
            fingerprint: format!("{:016x}", run.fingerprint),
            status: judged.status().word(),
            nodes: run.services.iter().flat_map(server).collect(),
            roles: changes.map(|c| (c.at.0, c.node.0, c.role.0, c.epoch)).collect(),
            leads,
            faults: run.faults.iter().filter_map(fault).take(LISTED_MAX).collect(),
            violations: run
                .violations
                .iter()
                .map(|v| (v.at.0, v.node.0, reports::clean(&format!("{}: {}", v.property, v.found))))
                .collect(),
            windows: judged
                .measures
                .windows
                .iter()
                .map(|w| (w.from.0, w.served.wanted, w.served.in_time))
                .collect(),
            verdicts: verdicts(judged),
            acts: live.acts.iter().map(|act| (act.at.0, act.words.clone())).collect(),
            note: match run.roles.len() > ROLES_MAX || run.faults.len() > LISTED_MAX {
                true => format!(
                    "Only the first {ROLES_MAX} changes of role and {LISTED_MAX} faults are shown here; the report has them all."
                ),
                false => String::new(),
            },
        }
    }
}

/// A fault that struck.
fn fault(report: &FaultReport) -> Option<Fault> {
    use sim_core::fault::Fault as F;
    let plain = report.planned.fault.plain();
    let cuts = if matches!(plain, F::Split(_) | F::Halves(_) | F::MinorityThird(_)) {
        "sides"
    } else if matches!(plain, F::Isolate(_)) {
        "apart"
    } else if matches!(plain, F::OneWay { .. }) {
        "one-way"
    } else {
        ""
    };
    Some(Fault {
        name: reports::clean(&report.planned.name),
        kind: report.planned.fault.kind(),
        cuts,
        network: report.planned.fault.area() == Some(sim_core::fault::Area::Network),
        harms: report.planned.fault.harms() && !report.planned.fault.momentary(),
        struck: report.struck?.0,
        ended: report.ended.map(|at| at.0),
        chose: report.chose.iter().map(|group| group.iter().map(|node| node.0).collect()).collect(),
        say: reports::clean(&report.planned.say),
    })
}

fn verdicts(judged: &Judged) -> Vec<Verdict> {
    let verdict = |v: &sim_core::judged::Verdict| Verdict {
        word: v.status.word(),
        sign: reports::sign(v.status),
        expectation: reports::clean(&v.expectation),
        finding: reports::clean(&v.finding),
    };
    judged.verdicts.iter().take(LISTED_MAX).map(verdict).collect()
}

/// What each node is at the end of a run, by its position.
pub(crate) fn roles(run: &Run) -> Vec<Role> {
    let mut roles = vec![Role::DOWN; run.node_count() as usize];
    for change in &run.roles {
        if let Some(role) = roles.get_mut(change.node.0 as usize) {
            *role = change.role;
        }
    }
    roles
}
