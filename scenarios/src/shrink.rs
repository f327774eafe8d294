//! Shrinking: from a seed that fails to a small scenario that fails in the same way, without a generator, with every fault
//! written out.
//!
//! Delta debugging (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", 2002) over the plan: what
//! can be left out is left out, what is left is made simpler, as long as the [`Signature`] stays. Every attempt is a
//! scenario that is written, read again and run, so nothing that no file can say is ever tried. The same seed gives the same
//! result: attempts are counted, and no clock is asked.

mod losses;
mod passes;

use crate::{
    expand::expand,
    format::Scenario,
    hunt::{Failure, Signature, Trial},
    plan::Plan,
    read::read,
    registry::Registry,
    write::write,
};
use sim_core::{run::Run, time::Span};

/// What a shrunk scenario is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Faults, each strike counted.
    pub faults: usize,
    /// Operations that clients want.
    pub operations: usize,
    /// Nodes that are no clients.
    pub servers: u64,
    /// How long the run is.
    pub length: Span,
}

/// A scenario that still fails.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// It, with its seed.
    pub scenario: Scenario,
    /// How it fails.
    pub failure: Failure,
    /// Runs that it took.
    pub runs: u64,
    /// What there was, and what is left of it.
    pub size: [Size; 2],
}

/// How far shrinking goes.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Runs that it may take.
    pub runs_max: u64,
    /// Events that a run may take, as in the hunt that found the seed.
    pub events_max: u64,
    /// Whether to go on; if not, what was reached is the result.
    pub goes_on: fn() -> bool,
}

/// Shrinks what this seed of a scenario fails by; `None` if it does not fail, or nobody wanted to go on before all was written
/// out. `watch` is told how many runs were taken and how large the smallest failing scenario is.
///
/// # Errors
/// When the world cannot be built, or the failure does not come again once all faults are written out.
pub fn shrink(
    registry: &Registry,
    scenario: &Scenario,
    seed: u64,
    terms: Terms,
    watch: &mut dyn FnMut(u64, Size),
) -> Result<Option<Shrunk>, String> {
    let failed = Trial::new(registry, scenario, terms.events_max).run(seed)?.failure;
    let Some(failure) = failed else { return Ok(None) };
    let mut shrinker = Shrinker {
        registry,
        signature: failure.signature.clone(),
        best: Scenario { seed, ..scenario.clone() },
        failure,
        runs: 1,
        events: 0,
        terms,
        watch,
    };
    let plan = Plan::new(scenario, seed);
    // A run that panicked may have left too little behind to say whom its faults hit.
    let left = shrinker.run(scenario, seed, false);
    let expanded = Scenario { faults: expand(scenario, seed), nemesis: Vec::new(), ..plan.scenario.clone() };
    let written = left.map(|run| plan.resolved(&run, registry)).into_iter().chain([expanded]);
    if !written.into_iter().any(|written| shrinker.keeps(written)) {
        if !(terms.goes_on)() {
            return Ok(None);
        }
        return Err("the failure does not come again when every fault is written out".into());
    }
    let before = shrinker.size();
    shrinker.as_it_was_said(scenario);
    shrinker.shrink();
    let (after, Shrinker { best, failure, runs, .. }) = (shrinker.size(), shrinker);
    Ok(Some(Shrunk { scenario: best, failure, runs, size: [before, after] }))
}

/// All attempts together may take so many events, which is a minute at most.
const EVENTS_MAX: u64 = 100_000_000;

struct Shrinker<'a> {
    registry: &'a Registry,
    signature: Signature,
    /// The smallest scenario that fails.
    best: Scenario,
    failure: Failure,
    runs: u64,
    /// Events of all runs so far.
    events: u64,
    terms: Terms,
    watch: &'a mut dyn FnMut(u64, Size),
}

impl Shrinker<'_> {
    /// Takes a scenario for the best, if it fails in the same way.
    fn keeps(&mut self, candidate: Scenario) -> bool {
        if candidate == self.best || self.spent() {
            return false;
        }
        // What no file can say is not tried, and costs no run.
        let Ok(read) = read("shrunk.ron", &write(&candidate), self.registry) else { return false };
        self.runs += 1;
        let mut trial = Trial::new(self.registry, &read, self.terms.events_max);
        let outcome = trial.run(read.seed).ok();
        self.events += outcome.as_ref().map_or(0, |outcome| outcome.events);
        let failed = outcome.and_then(|outcome| outcome.failure);
        let Some(failure) = failed.filter(|failure| failure.signature == self.signature) else {
            return false;
        };
        (self.best, self.failure) = (read, failure);
        let size = self.size();
        (self.watch)(self.runs, size);
        true
    }

    /// The same for a change of how long things may take. What would be late in a good world too says nothing of a bad one: if it
    /// holds where nothing goes wrong, it still has to.
    fn keeps_in_good_time(&mut self, candidate: Scenario) -> bool {
        let before = self.best.clone();
        let failure = self.failure.clone();
        if !self.keeps(candidate) {
            return false;
        }
        if before == losses::without_harm(&before)
            || self.fails_without_harm(&before)
            || !self.fails_without_harm(&self.best.clone())
        {
            return true;
        }
        (self.best, self.failure) = (before, failure);
        false
    }

    fn fails_without_harm(&mut self, scenario: &Scenario) -> bool {
        if self.spent() {
            return true;
        }
        let good = losses::without_harm(scenario);
        // An expectation about a fault cannot be judged without it.
        let Ok(good) = read("shrunk.ron", &write(&good), self.registry) else { return true };
        self.runs += 1;
        let outcome = Trial::new(self.registry, &good, self.terms.events_max).run(good.seed).ok();
        self.events += outcome.as_ref().map_or(0, |outcome| outcome.events);
        let failed = outcome.and_then(|outcome| outcome.failure);
        failed.is_some_and(|failure| failure.signature == self.signature)
    }

    /// Whether there is nothing left to spend on attempts.
    fn spent(&self) -> bool {
        self.runs >= self.terms.runs_max || self.events >= EVENTS_MAX || !(self.terms.goes_on)()
    }

    /// The same with other seeds, where a change deals all chances anew.
    fn keeps_with_some_seed(&mut self, candidate: &Scenario) -> bool {
        let seeds = [self.best.seed].into_iter().chain(0..passes::SEEDS);
        seeds.into_iter().any(|seed| self.keeps(Scenario { seed, ..candidate.clone() }))
    }

    /// What a run of a scenario leaves behind, with a trace if that is wanted; `None` if it panics so badly that nothing is left.
    fn run(&self, scenario: &Scenario, seed: u64, traced: bool) -> Option<Run> {
        let mut trial = Trial::new(self.registry, scenario, self.terms.events_max);
        trial.left_behind(seed, traced)
    }

    fn size(&self) -> Size {
        let operations = match self.best.clients.as_ref().map(|clients| &clients.only) {
            None => 0,
            Some(Some(only)) => only.iter().map(|(_, numbers)| numbers.len()).sum(),
            Some(None) => {
                let run = self.run(&self.best, self.best.seed, false);
                run.map_or(0, |run| run.histories.iter().map(|history| history.operations().len()).sum())
            }
        };
        Size {
            faults: expand(&self.best, self.best.seed).len(),
            operations,
            servers: self.best.services.iter().map(|service| u64::from(service.nodes)).sum(),
            length: Span(self.best.until.0),
        }
    }
}
