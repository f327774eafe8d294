//! Plays runs, in full or up to a moment.
//!
//! A run is a function of its scenario, so nothing has to be kept alive between two clicks: an interference is one more fault
//! of the scenario, and the run is played anew from its beginning. What is shown and what is saved are the same by construction.

use crate::{film::Moment, live::Live, refusal::Refusal, workers::Wanted};
use scenarios::{
    Registry,
    format::Scenario,
    plan::Plan,
    play::{self, Origin},
};
use sim_core::{
    judged::Judged,
    protocol::Role,
    run::Run,
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
/// So many nodes tell what they know at the end.
const SHOWN_MAX: usize = 64;

/// What a server knows, in its own terms: its number in the world, and labelled values.
pub(crate) type Shown = (u32, Vec<(&'static str, String)>);

/// A run that was played.
pub(crate) struct Played {
    pub(crate) run: Run,
    /// What servers knew at its end.
    shows: Vec<Shown>,
    /// The fingerprint of what lay before the moment that was marked, and of every state that it led to.
    pub(crate) marked: Option<u64>,
    /// Moments, and events taken by then.
    profile: Vec<(Time, u64)>,
}

/// How far a run is played.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Until {
    /// To its end.
    End,
    /// Everything before this moment.
    Before(Time),
}

impl Until {
    fn last(self, plan: &Plan) -> Time {
        match self {
            Until::End => plan.core.until,
            Until::Before(at) => before(at),
        }
    }
}

/// The last moment before this one.
fn before(at: Time) -> Time {
    Time(at.0.saturating_sub(1))
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
        let (most, events_max) = (world.events() + STEP, wanted.events_max);
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

/// Plays a run. Its past at a moment may be `mark`ed.
pub(crate) fn play(
    registry: &Registry,
    plan: &Plan,
    until: Until,
    mark: Option<Time>,
    wanted: &Wanted,
) -> Result<Played, Refusal> {
    let mut world = registry.world(plan).map_err(Refusal::unfit)?;
    world.record(SAMPLES);
    let mut marked = None;
    if let Some(at) = mark {
        go_on(&mut world, before(at), wanted)?;
        marked = Some(world.clone().finish().fingerprint);
    }
    let last = until.last(plan);
    let mut profile = Vec::new();
    for slice in 1..=u64::from(SAMPLES) {
        let at = Time((u128::from(last.0) * u128::from(slice) / u128::from(SAMPLES)) as u64);
        go_on(&mut world, at, wanted)?;
        profile.push((at, world.events()));
    }
    let servers = plan.core.services.iter().zip(sim_core::plan::number(&plan.core.services));
    let ids = servers.filter(|(_, info)| !info.clients).flat_map(|(_, info)| info.ids());
    let mut shows: Vec<Shown> = ids.take(SHOWN_MAX).map(|node| (node.0, world.show(node))).collect();
    let run = world.finish();
    for (_, value) in shows.iter_mut().flat_map(|(_, values)| values) {
        *value = run.named(value);
    }
    Ok(Played { run, shows, marked, profile })
}

/// What came of a run.
pub(crate) fn judge(registry: &Registry, live: &Live, plan: &Plan, run: Run) -> Judged {
    let (name, command) = (live.name(), live.command());
    play::judge(registry, plan, run, Origin { file: &live.file, name: &name, text: &live.text, command })
}

/// The page that explains a run.
pub(crate) fn report(
    registry: &Registry,
    live: &Live,
    until: Until,
    wanted: &Wanted,
) -> Result<String, Refusal> {
    let plan = live.plan();
    let Played { run, profile, .. } = play(registry, &plan, until, None, wanted)?;
    let mut judged = judge(registry, live, &plan, run);
    if let Some(scope) = reports::scope(&judged, &profile) {
        judged.run.trace = traced(registry, &plan, scope, until, wanted)?;
    }
    Ok(reports::html(&judged))
}

/// The trace of what matters in a run: it is played once more.
fn traced(
    registry: &Registry,
    plan: &Plan,
    scope: Scope,
    until: Until,
    wanted: &Wanted,
) -> Result<Option<Trace>, Refusal> {
    let mut world = registry.world(plan).map_err(Refusal::unfit)?;
    world.trace_only(scope);
    go_on(&mut world, until.last(plan), wanted)?;
    Ok(world.finish().trace)
}

/// What is known at a moment.
pub(crate) fn moment(registry: &Registry, live: &Live, at: Time, wanted: &Wanted) -> Result<Moment, Refusal> {
    let plan = live.plan();
    let Played { run, shows, .. } = play(registry, &plan, Until::Before(at), None, wanted)?;
    Ok(Moment::of(live, at, shows, &judge(registry, live, &plan, run)))
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
