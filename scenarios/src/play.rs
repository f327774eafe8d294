//! Playing a plan: build the world, run it, measure and judge what came of it.

use crate::{judge, measure, plan::Plan, registry::Registry, write};
use sim_core::{
    digest::Digest,
    judged::{Judged, Measures, Provenance, Verdict},
    run::Run,
    time::{Span, Time},
};

/// A run takes at most so many inputs: what takes more at one moment has run away.
pub const EVENTS_MAX: u64 = 2_000_000_000;
/// Progress is told so often.
const SLICES: u64 = 200;

/// What is read off the nodes, for charts, is read so often.
const SAMPLES: u32 = 200;

/// Where a scenario came from, for its provenance.
#[derive(Clone, Debug)]
pub struct Origin<'a> {
    /// The file as it was named.
    pub file: &'a str,
    /// The scenario's name.
    pub name: &'a str,
    /// The file's text, overrides included.
    pub text: &'a str,
    /// The command that gives this run again.
    pub command: String,
}

/// What of a run is kept for whoever looks at it. No event depends on that, and no fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// What came of it.
    Results,
    /// And what was read off the nodes, for charts.
    Readings,
    /// And every event.
    Trace,
}

/// Runs a plan to its end. `progress` is told now and then how far it is: the moment reached, the end, and the inputs
/// taken so far.
pub fn run(
    registry: &Registry,
    plan: &Plan,
    detail: Detail,
    progress: &mut dyn FnMut(Time, Time, u64),
) -> Result<Run, String> {
    run_within(EVENTS_MAX, registry, plan, detail, progress)
}

/// The same, where a run may take so many inputs.
pub fn run_within(
    events_max: u64,
    registry: &Registry,
    plan: &Plan,
    detail: Detail,
    progress: &mut dyn FnMut(Time, Time, u64),
) -> Result<Run, String> {
    let mut world = registry.world(plan)?;
    if detail != Detail::Results {
        world.record(SAMPLES);
    }
    if detail == Detail::Trace {
        world.trace();
    }
    let until = plan.core.until;
    for slice in 1..SLICES {
        let at = Time((u128::from(until.0) * u128::from(slice) / u128::from(SLICES)) as u64);
        world.run_to(at, events_max);
        progress(at, until, world.events());
    }
    world.run(events_max);
    Ok(world.finish())
}

/// What is made of a finished run: all that is [`Judged`] but the run.
#[derive(Clone, Debug)]
pub struct Judgement {
    provenance: Provenance,
    measures: Measures,
    verdicts: Vec<Verdict>,
}

impl Judgement {
    /// Measures and judges a run that somebody else looks at too.
    pub fn of(registry: &Registry, plan: &Plan, run: &Run, origin: Origin<'_>) -> Judgement {
        let deadline = plan.scenario.clients.as_ref().map_or(Span::ZERO, |clients| clients.deadline);
        let measures = measure::measure(run, deadline);
        let verdicts = judge::judge(&plan.scenario, run, &measures);
        let written = write::write(&plan.resolved(run, registry));
        let provenance = Provenance {
            scenario: origin.name.into(),
            file: origin.file.into(),
            about: plan.scenario.about.clone(),
            scenario_hash: hash(origin.text),
            plan_hash: hash(&written),
            plan: written,
            version: env!("CARGO_PKG_VERSION").into(),
            command: origin.command,
        };
        Judgement { provenance, measures, verdicts }
    }

    /// Together with the run that it is about.
    pub fn with(self, run: Run) -> Judged {
        let Judgement { provenance, measures, verdicts } = self;
        Judged { provenance, run, measures, verdicts }
    }
}

/// Measures and judges a finished run.
pub fn judge(registry: &Registry, plan: &Plan, run: Run, origin: Origin<'_>) -> Judged {
    Judgement::of(registry, plan, &run, origin).with(run)
}

/// What tells one text from another.
pub fn hash(text: &str) -> u64 {
    let mut digest = Digest::new();
    core::hash::Hash::hash(text, &mut digest);
    core::hash::Hasher::finish(&digest)
}
