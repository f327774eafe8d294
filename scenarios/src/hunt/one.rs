//! One seed: run, judged, and told in a line.

use super::{Signature, coverage};
use crate::{
    format::{Expectation, Scenario},
    judge, measure,
    panics::{caught, left_behind},
    plan::Plan,
    registry::Registry,
};
use serde::{Deserialize, Serialize};
use sim_core::{
    judged::{Status, Verdict},
    run::Run,
    time::{Span, Time},
    world::World,
};
use std::collections::BTreeSet;

/// What a seed came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// Events that it took.
    pub events: u64,
    /// Whether an expectation had nothing to judge.
    pub vacuous: bool,
    /// Whether a budget of the judge ran out.
    pub undecided: bool,
    /// What it reached, in words.
    pub reached: BTreeSet<String>,
    /// What went wrong.
    pub failure: Option<Failure>,
}

/// Why a seed failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// What is the same for all that fail like this.
    pub signature: Signature,
    /// What was found in this run.
    pub finding: String,
    /// When a property was broken, if one was.
    pub at: Option<Time>,
}

/// Tries seeds of one scenario, one after another, in one world that is used again.
pub struct Trial<'a> {
    registry: &'a Registry,
    scenario: &'a Scenario,
    events_max: u64,
    world: Option<World>,
}

impl<'a> Trial<'a> {
    /// Nothing is built yet.
    pub fn new(registry: &'a Registry, scenario: &'a Scenario, events_max: u64) -> Trial<'a> {
        Trial { registry, scenario, events_max, world: None }
    }

    /// Tries a seed. A panic of a protocol is a failure like others.
    ///
    /// # Errors
    /// When the world cannot be built.
    pub fn run(&mut self, seed: u64) -> Result<Outcome, String> {
        let plan = Plan::new(self.scenario, seed);
        let played = caught(|| self.play(&plan));
        let mut run = match played {
            Ok(run) => run?,
            Err(message) => {
                // Whatever it left half done is gone.
                self.world = None;
                let signature = Signature::new("panic", &message);
                let failure = Some(Failure { signature, finding: message, at: None });
                let reached = BTreeSet::new();
                return Ok(Outcome { seed, events: 0, vacuous: false, undecided: false, reached, failure });
            }
        };
        let reached = coverage::reached(&run);
        let runaway = run.stopped.take();
        let verdicts = self.verdicts(&run);
        let failure = self.failure(&run, &verdicts, runaway);
        let is = |status| verdicts.iter().any(|verdict| verdict.status == status);
        let (vacuous, undecided) = (is(Status::Vacuous), is(Status::Undecided));
        Ok(Outcome { seed, events: run.events, vacuous, undecided, reached, failure })
    }

    /// What the run of a seed leaves behind, up to a panic if there is one; with a trace, if that is wanted. `None` if too little is
    /// left, or nothing can be built.
    pub(crate) fn left_behind(&mut self, seed: u64, traced: bool) -> Option<Run> {
        let (plan, events_max) = (Plan::new(self.scenario, seed), self.events_max);
        if !matches!(caught(|| self.world(&plan).map(|_| ())), Ok(Ok(()))) {
            self.world = None;
            return None;
        }
        let world = self.world.as_mut()?;
        if traced {
            world.trace();
        }
        let (run, panic) = left_behind(world, events_max);
        if run.is_none() || panic.is_some() {
            self.world = None;
        }
        run
    }

    fn play(&mut self, plan: &Plan) -> Result<Run, String> {
        let events_max = self.events_max;
        let world = self.world(plan)?;
        world.run(events_max);
        Ok(world.finish())
    }

    /// A world for a plan: the one that is there, made new.
    fn world(&mut self, plan: &Plan) -> Result<&mut World, String> {
        Ok(match &mut self.world {
            Some(world) => {
                world.reset(plan.core.clone());
                world
            }
            none => none.insert(self.registry.world(plan)?),
        })
    }

    fn verdicts(&self, run: &Run) -> Vec<Verdict> {
        let deadline = self.scenario.clients.as_ref().map_or(Span::ZERO, |clients| clients.deadline);
        let measured = |expectation: &Expectation| match expectation {
            Expectation::Availability { .. }
            | Expectation::Latency { .. }
            | Expectation::MessagesPerOperation { .. }
            | Expectation::Recovers { .. }
            | Expectation::Downtime { .. } => true,
            Expectation::Linearizable
            | Expectation::Violates(_)
            | Expectation::Always(_)
            | Expectation::Sometimes(_)
            | Expectation::Reached { .. }
            | Expectation::Times { .. }
            | Expectation::Never(_)
            | Expectation::Messages { .. }
            | Expectation::Effect { .. }
            | Expectation::QuorumLost(_)
            | Expectation::QuorumKept(_)
            | Expectation::Staleness { .. }
            | Expectation::StaleReads { .. }
            | Expectation::NoLostWrites { .. }
            | Expectation::Sessions(_)
            | Expectation::Converges { .. } => false,
        };
        let needed = self.scenario.expect.iter().any(measured);
        let measures = if needed { measure::measure(run, deadline) } else { Default::default() };
        judge::judge(self.scenario, run, &measures)
    }

    /// The most telling of what failed: what ran away, then the property that was broken first, then the first expectation
    /// of the file. What should come true some time is a matter of all seeds and not of one.
    fn failure(&self, run: &Run, verdicts: &[Verdict], runaway: Option<String>) -> Option<Failure> {
        if let Some(finding) = runaway {
            let signature = Signature::new(super::RUNAWAY, "");
            return Some(Failure { signature, finding, at: Some(run.ended) });
        }
        let failed = |verdict: &&Verdict| {
            verdict.status == Status::Failed && !verdict.expectation.starts_with("sometimes ")
        };
        let first = verdicts.iter().find(failed)?;
        let broken = run.violations.first().filter(|violation| {
            verdicts.iter().filter(failed).any(|v| v.finding.contains(violation.property))
        });
        Some(match broken {
            Some(violation) => Failure {
                signature: Signature::new(format!("always {}", violation.property), &violation.found),
                finding: format!(
                    "{} at {} of {}: {}",
                    violation.property,
                    violation.at,
                    run.name(violation.node),
                    violation.found
                ),
                at: Some(violation.at),
            },
            None => Failure {
                signature: Signature::new(first.expectation.clone(), ""),
                finding: first.finding.clone(),
                at: None,
            },
        })
    }
}
