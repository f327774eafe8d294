//! Exploring the service of a scenario, and playing a path through it.

use crate::{
    format::{Claim, Expectation, Explore, Scenario, Service, Step, Vacuous},
    judge::verdict,
    registry::Registry,
};
use sim_core::{
    explore::{self, Bounds, Ended, Exploration, Progress, Scene},
    judged::{Status, Verdict},
    property::Kind,
    protocol::NodeId,
};

/// Visits every state of the scenario's service within its bounds, or stops at the first violation, or when `goes_on`
/// says so.
pub fn explore(
    registry: &Registry,
    scenario: &Scenario,
    goes_on: &mut dyn FnMut(Progress) -> bool,
) -> Result<Exploration, String> {
    let service = alone(scenario)?;
    registry.explore(scenario, service, goes_on)
}

/// Plays the path of a scenario, and shows the state before its first step and after each.
pub fn follow(
    registry: &Registry,
    scenario: &Scenario,
    show: &mut dyn FnMut(Option<&Step>, &Scene),
) -> Result<(), String> {
    let service = alone(scenario)?;
    let path = &scenario.explore.as_ref().ok_or("the file has no `explore`, so there is no path in it")?.path;
    let steps: Vec<explore::Step> = path
        .iter()
        .map(|step| numbered(step, service))
        .collect::<Option<_>>()
        .ok_or("a step names no node")?;
    registry.follow(scenario, service, &steps, &mut |step, scene| {
        show(step.map(|step| named(step, service)).as_ref(), scene);
    })
}

/// The scenario with the path to a violation in place of its bounds, and what was found in its introduction.
pub fn counterexample(scenario: &Scenario, found: &explore::Counterexample) -> Scenario {
    let mut scenario = scenario.clone();
    let service = &scenario.services[0];
    let path = found.path.iter().map(|step| named(step, service)).collect();
    let explore = scenario.explore.take().unwrap_or_default();
    scenario.explore = Some(Explore { path, ..explore });
    scenario.about = format!(
        "A shortest path to a violation: {} is broken after {} steps.",
        found.property,
        found.path.len()
    );
    scenario
}

/// What an exploration says to what the scenario expects of its service's properties.
pub fn judge(scenario: &Scenario, found: &Exploration) -> Vec<Verdict> {
    // Bounds are part of what is asked; only that no more states were allowed leaves it open.
    let complete = matches!(found.ended, Ended::All | Ended::Depth(_));
    // Paths may be longer: what is in no state so near may be in one further away.
    let within = match found.ended {
        Ended::Depth(1) => " within 1 step".to_string(),
        Ended::Depth(steps) => format!(" within {steps} steps"),
        Ended::All | Ended::States(_) | Ended::Violated | Ended::Stopped(_) => String::new(),
    };
    let broken = found.violation.as_ref();
    let held = |name: &str| found.properties.iter().any(|report| report.name == name && report.held > 0);
    let always = |name: &str| match broken {
        Some(counterexample) if counterexample.property == name => {
            let steps = counterexample.path.len();
            let found = scenario.services[0].named(&counterexample.found);
            (Status::Failed, format!("broken after {steps} steps: {found}"))
        }
        _ if !complete => (Status::Undecided, "not broken as far as was looked".into()),
        _ if held(name) => (Status::Held, format!("in every state{within}")),
        _ => (Status::Vacuous, "there was nothing to judge".into()),
    };
    let mut verdicts = Vec::new();
    let mut asked: Vec<&str> = Vec::new();
    for expectation in &scenario.expect {
        match expectation {
            Expectation::Always(name) => {
                let (status, finding) = always(name);
                asked.push(name);
                verdicts.push(verdict(format!("always {name}"), status, finding));
            }
            Expectation::Violates(Claim::Always(name)) => {
                let (status, finding) = match always(name) {
                    (Status::Failed, finding) => (Status::Held, format!("as expected: {finding}")),
                    (Status::Held, finding) if found.ended == Ended::All => {
                        (Status::Failed, format!("but it holds {finding}"))
                    }
                    (Status::Held, finding) => (Status::Undecided, format!("it holds {finding}")),
                    other => other,
                };
                asked.push(name);
                verdicts.push(verdict(format!("violates {name}"), status, finding));
            }
            Expectation::Never(name) => {
                let (status, finding) = match held(name) {
                    true => (Status::Failed, "reached".into()),
                    false if complete => (Status::Held, format!("in no state{within}")),
                    false => (Status::Undecided, "not reached as far as was looked".into()),
                };
                verdicts.push(verdict(format!("never {name}"), status, finding));
            }
            Expectation::Sometimes(name) => {
                let (status, finding) = match held(name) {
                    true => (Status::Held, "reached".into()),
                    false if found.ended == Ended::All => (Status::Failed, "in no state".into()),
                    false if complete => (Status::Undecided, format!("in no state{within}")),
                    false => (Status::Undecided, "not reached as far as was looked".into()),
                };
                verdicts.push(verdict(format!("sometimes {name}"), status, finding));
            }
            // These are about runs.
            Expectation::Linearizable
            | Expectation::Violates(
                Claim::Linearizable
                | Claim::NoLostWrites { .. }
                | Claim::Sessions(_)
                | Claim::Converges { .. },
            )
            | Expectation::Reached { .. }
            | Expectation::Times { .. }
            | Expectation::Availability { .. }
            | Expectation::Latency { .. }
            | Expectation::Messages { .. }
            | Expectation::MessagesPerOperation { .. }
            | Expectation::Effect { .. }
            | Expectation::QuorumLost(_)
            | Expectation::QuorumKept(_)
            | Expectation::Recovers { .. }
            | Expectation::Downtime { .. }
            | Expectation::Staleness { .. }
            | Expectation::StaleReads { .. }
            | Expectation::NoLostWrites { .. }
            | Expectation::Sessions(_)
            | Expectation::Converges { .. } => {}
        }
    }
    // A violation ends the exploration; what others would have come to is not known.
    let others = found.properties.iter().filter(|report| report.kind == Kind::Always);
    for report in others.filter(|report| !asked.contains(&report.name)) {
        let (status, finding) = always(report.name);
        if status == Status::Failed || broken.is_none() && status != Status::Vacuous {
            verdicts.push(verdict(format!("always {}", report.name), status, finding));
        }
    }
    if verdicts.is_empty() {
        verdicts.push(verdict("anything is judged", Status::Vacuous, "the protocol has no properties"));
    }
    if scenario.vacuous == Vacuous::Allow {
        verdicts.iter_mut().filter(|v| v.status == Status::Vacuous).for_each(|v| v.status = Status::Held);
    }
    verdicts
}

/// The bounds as the engine wants them.
pub(crate) fn bounds(explore: &Explore) -> Bounds {
    let &Explore { messages, timeouts, crashes, depth, states, .. } = explore;
    Bounds { messages, timeouts, crashes, depth, states }
}

/// The only service.
fn alone(scenario: &Scenario) -> Result<&Service, String> {
    match scenario.services.as_slice() {
        [service] => Ok(service),
        several => Err(format!("the file has {} services, and one by itself can be explored", several.len())),
    }
}

fn numbered(step: &Step, service: &Service) -> Option<explore::Step> {
    let node = |name: &String| (0..service.nodes).find(|&node| service.node_name(node) == *name).map(NodeId);
    Some(match step {
        Step::Deliver { from, to, msg } => {
            explore::Step::Deliver { from: node(from)?, to: node(to)?, msg: msg.clone() }
        }
        Step::Timeout { node: name, timer } => {
            explore::Step::Timeout { node: node(name)?, timer: timer.clone() }
        }
        Step::Operation { node: name, op } => explore::Step::Operation { node: node(name)?, op: op.clone() },
        Step::Crash(name) => explore::Step::Crash(node(name)?),
        Step::Boot(name) => explore::Step::Boot(node(name)?),
    })
}

fn named(step: &explore::Step, service: &Service) -> Step {
    let name = |node: NodeId| service.node_name(node.0);
    match step {
        explore::Step::Deliver { from, to, msg } => {
            Step::Deliver { from: name(*from), to: name(*to), msg: msg.clone() }
        }
        explore::Step::Timeout { node, timer } => Step::Timeout { node: name(*node), timer: timer.clone() },
        explore::Step::Operation { node, op } => Step::Operation { node: name(*node), op: op.clone() },
        explore::Step::Crash(node) => Step::Crash(name(*node)),
        explore::Step::Boot(node) => Step::Boot(name(*node)),
    }
}
