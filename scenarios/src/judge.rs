//! From a finished run to verdicts: one for each expectation of the scenario, and one for each thing that is judged
//! whether the scenario asks or not.

mod costs;
mod effects;
mod merged;
mod part;
mod registers;

use crate::format::{Claim, Expectation, Scenario, Vacuous};
pub(crate) use effects::{Sources, words};
use part::Part;
pub(crate) use registers::Told;
use sim_core::{
    check::linearizability::{Budget, Finding, Verdict as Search},
    judged::{Measures, Status, Verdict},
    property::{Kind, PropertyReport},
    run::Run,
    time::Span,
};

/// Judges a run by its scenario.
pub fn judge(scenario: &Scenario, run: &Run, measures: &Measures) -> Vec<Verdict> {
    let sources = Sources::of(scenario, run);
    let told = Told::of(scenario, run);
    let one = |expectation| expected(expectation, run, measures, &sources, &told);
    let mut verdicts: Vec<Verdict> = scenario.expect.iter().map(one).collect();
    verdicts.extend(unasked(scenario, run, measures, &sources));
    if verdicts.is_empty() {
        verdicts.push(verdict("anything is judged", Status::Vacuous, "the scenario expects nothing"));
    }
    if scenario.vacuous == Vacuous::Allow {
        for verdict in verdicts.iter_mut().filter(|v| v.status == Status::Vacuous) {
            verdict.status = Status::Held;
            verdict.finding.push_str(" (the scenario allows this)");
        }
    }
    verdicts
}

pub(crate) fn verdict(expectation: impl Into<String>, status: Status, finding: impl Into<String>) -> Verdict {
    Verdict {
        expectation: expectation.into(),
        status,
        finding: finding.into(),
        figure: String::new(),
        evidence: Vec::new(),
    }
}

/// Whether what was found lies within its bounds.
fn fits<T: PartialOrd>(found: T, at_least: Option<T>, at_most: Option<T>) -> bool {
    at_least.is_none_or(|bound| found >= bound) && at_most.is_none_or(|bound| found <= bound)
}

/// The bounds as they are said: at least one is there.
fn bounds(at_least: Option<String>, at_most: Option<String>) -> String {
    if let Some(least) = &at_least
        && at_most.as_ref() == Some(least)
    {
        return format!("exactly {least}");
    }
    let bounds = [("at least", at_least), ("at most", at_most)];
    let said = bounds.into_iter().filter_map(|(word, bound)| Some(format!("{word} {}", bound?)));
    said.collect::<Vec<_>>().join(" and ")
}

fn held(condition: bool) -> Status {
    if condition { Status::Held } else { Status::Failed }
}

pub(crate) fn expected(
    expectation: &Expectation,
    run: &Run,
    measures: &Measures,
    sources: &Sources<'_>,
    told: &Told<'_>,
) -> Verdict {
    match expectation {
        Expectation::Linearizable => linearizable(run),
        Expectation::Violates(claim) => violated(claim, run, told),
        Expectation::Always(name) => property(name, Kind::Always, run),
        Expectation::Sometimes(name) => property(name, Kind::Sometimes, run),
        Expectation::Reached { what, within, not_before } => reached(what, *within, *not_before, run),
        Expectation::Never(name) => never(name, run),
        Expectation::Times { what, at_least, at_most } => counted(what, (*at_least, *at_most), run),
        Expectation::Availability { at_least, at_most, during, clients, kind } => {
            let part = Part::of(during.as_deref(), clients.as_deref(), run, sources).only(kind.as_deref());
            costs::availability((*at_least, *at_most), &part, run, measures)
        }
        Expectation::Latency { percentile, at_least, at_most, during, clients, kind } => {
            let part = Part::of(during.as_deref(), clients.as_deref(), run, sources).only(kind.as_deref());
            costs::latency(*percentile, (*at_least, *at_most), &part, measures)
        }
        Expectation::Messages { at_least, at_most } => costs::messages((*at_least, *at_most), run),
        Expectation::MessagesPerOperation { at_least, at_most } => {
            costs::messages_per_operation((*at_least, *at_most), run, measures)
        }
        Expectation::Effect { of, what, at_least, at_most } => {
            effects::effect(of, *what, *at_least, *at_most, sources)
        }
        Expectation::QuorumLost(of) => effects::quorum(of, true, sources),
        Expectation::QuorumKept(of) => effects::quorum(of, false, sources),
        Expectation::Recovers { from, within } => costs::recovers(from, *within, run, measures),
        Expectation::Downtime { at_least, at_most } => costs::downtime((*at_least, *at_most), measures),
        Expectation::Staleness { percentile, at_least, at_most, during, clients } => {
            let part = Part::of(during.as_deref(), clients.as_deref(), run, sources);
            registers::stale_by(*percentile, (*at_least, *at_most), &part, told)
        }
        Expectation::StaleReads { at_least, at_most, during, clients } => {
            let part = Part::of(during.as_deref(), clients.as_deref(), run, sources);
            registers::stale_reads((*at_least, *at_most), &part, told)
        }
        Expectation::NoLostWrites { within } => registers::no_lost_writes(*within, told),
        Expectation::Sessions(guarantees) => registers::kept(guarantees, told),
        Expectation::Converges { within } => registers::converges(*within, told),
    }
}

/// The verdict on a claim that is wanted to fail.
fn violated(claim: &Claim, run: &Run, told: &Told<'_>) -> Verdict {
    match claim {
        Claim::Linearizable => {
            turned("violates linearizability", "every answer can be explained", linearizable(run))
        }
        Claim::Always(name) => {
            let phrase = format!("violates {name}");
            turned(&phrase, "it held throughout", property(name, Kind::Always, run))
        }
        Claim::NoLostWrites { within } => {
            let phrase = format!("loses writes, seen after {within}");
            turned(&phrase, "none is lost", registers::no_lost_writes(*within, told))
        }
        Claim::Sessions(guarantees) => registers::not_kept(guarantees, told),
        Claim::Converges { within } => {
            let phrase = format!("does not converge within {within}");
            turned(&phrase, "it does", registers::converges(*within, told))
        }
    }
}

/// The verdict on an expectation that wants the opposite. What proves the violation stays as evidence.
fn turned(phrase: &str, but: &str, found: Verdict) -> Verdict {
    let (status, finding) = match found.status {
        Status::Failed => (Status::Held, format!("as expected: {}", found.finding)),
        Status::Held => (Status::Failed, format!("but {but}: {}", found.finding)),
        Status::Undecided | Status::Vacuous => (found.status, found.finding),
    };
    Verdict { expectation: phrase.into(), status, finding, ..found }
}

fn linearizable(run: &Run) -> Verdict {
    let searches: Vec<Search> = run.histories.iter().map(|h| h.linearizable(Budget::default())).collect();
    let sum = |count: fn(&Search) -> usize| searches.iter().map(count).sum::<usize>();
    let (checked, keys) = (sum(|s| s.counts.checked), sum(|s| s.counts.keys));
    let unanswered = sum(|s| s.counts.unanswered);
    let noun = if keys == 1 { "key" } else { "keys" };
    let counts = format!("{checked} calls on {keys} {noun} checked, {unanswered} unanswered");
    let mut worst = verdict("linearizable", Status::Held, counts.clone());
    if checked == unanswered {
        let calls = run.histories.iter().map(|h| h.calls()).sum::<usize>();
        let finding =
            format!("none of {calls} calls was answered with a result, so there is nothing to explain");
        return verdict("linearizable", Status::Vacuous, finding);
    }
    for search in &searches {
        match &search.finding {
            Finding::Linearizable => {}
            Finding::Violated(witness) => {
                let broken = search.counts.keys_violated;
                worst.status = Status::Failed;
                worst.finding = format!(
                    "no order explains key {} ({broken} of {keys} {noun} broken, {checked} calls)",
                    witness.key
                );
                worst.figure = format!("{broken} of {keys} {noun}");
                worst.evidence = witness.lines.clone();
            }
            Finding::Unknown(shortage) if worst.status == Status::Held => {
                worst.status = Status::Undecided;
                worst.finding =
                    format!("the search gave up on key {} of {keys}; {checked} calls", shortage.key);
            }
            Finding::Unknown(_) => {}
        }
    }
    worst
}

fn property(name: &str, kind: Kind, run: &Run) -> Verdict {
    let all: Vec<_> = run.properties.iter().filter(|p| p.name == name && p.kind == kind).collect();
    let (held, broken) = (all.iter().map(|p| p.held).sum::<u64>(), all.iter().any(|p| p.broken > 0));
    let first = all.iter().filter_map(|p| p.first).min();
    match kind {
        Kind::Always if broken => {
            let lines = violations(run, |property| property == name);
            let finding = lines.first().cloned().unwrap_or_default();
            let broken = run.violations.iter().find(|violation| violation.property == name);
            let figure = broken.map_or_else(String::new, |broken| format!("at {:.3}s", broken.at.as_secs()));
            let phrase = format!("always {name}");
            Verdict { figure, evidence: lines, ..verdict(phrase, Status::Failed, finding) }
        }
        Kind::Always if held == 0 => {
            verdict(format!("always {name}"), Status::Vacuous, "it was never put to the test")
        }
        Kind::Always => verdict(format!("always {name}"), Status::Held, format!("judged {}", times(held))),
        Kind::Sometimes => {
            let phrase = format!("sometimes {name}");
            match first {
                Some(at) => {
                    let finding = format!("{}, first at {:.3}s", times(held), at.as_secs());
                    Verdict { figure: times(held), ..verdict(phrase, Status::Held, finding) }
                }
                None => {
                    let figure = "never".into();
                    Verdict { figure, ..verdict(phrase, Status::Failed, "it never happened") }
                }
            }
        }
    }
}

/// Something that should not happen does not.
fn never(name: &str, run: &Run) -> Verdict {
    turned(&format!("never {name}"), "it happened", property(name, Kind::Sometimes, run))
}

/// How often something happened.
fn counted(what: &str, (at_least, at_most): (Option<u64>, Option<u64>), run: &Run) -> Verdict {
    let phrase = format!("{what} {}", bounds(at_least.map(times), at_most.map(times)));
    let mine = run.properties.iter().filter(|p| p.name == what && p.kind == Kind::Sometimes);
    let found = mine.map(|p| p.held).sum();
    let figure = if found == 0 { "never".into() } else { times(found) };
    let status = held(fits(found, at_least, at_most));
    Verdict { figure: figure.clone(), ..verdict(phrase, status, figure) }
}

/// When a property first came true, which a protocol's `sometimes` properties say.
fn reached(what: &str, within: Option<Span>, not_before: Option<Span>, run: &Run) -> Verdict {
    let bounds: Vec<String> = not_before
        .map(|span| format!("not before {span}"))
        .into_iter()
        .chain(within.map(|span| format!("within {span}")))
        .collect();
    let phrase = format!("{what} {}", bounds.join(" and "));
    let mine = run.properties.iter().filter(|p| p.name == what && p.kind == Kind::Sometimes);
    match mine.filter_map(|p| p.first).min() {
        Some(at) => {
            let after = Span(at.0);
            let figure = after.to_string();
            let status = held(fits(after, not_before, within));
            Verdict { figure: figure.clone(), ..verdict(phrase, status, figure) }
        }
        // That it comes later than this was never seen, and is no pass.
        None => Verdict { figure: "never".into(), ..verdict(phrase, Status::Failed, "it never happened") },
    }
}

fn violations(run: &Run, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let broken = run.violations.iter().filter(|v| wanted(v.property));
    broken
        .map(|v| {
            let (name, at) = (run.name(v.node), v.at.as_secs());
            format!("{} broken at {at:.6}s (event {}) by {name}: {}", v.property, v.event, v.found)
        })
        .collect()
}

fn times(count: u64) -> String {
    if count == 1 { "once".into() } else { format!("{count} times") }
}

/// Rounded down, so that only what is perfect reads 100 %.
fn percent(share: f64) -> String {
    format!("{:.2} %", (share * 10_000.0 + 1e-9).floor() / 100.0)
}

/// What is judged in every run: properties that nobody mentioned, faults that bit nothing, progress in the calm part,
/// and whether the run came to its end.
fn unasked(scenario: &Scenario, run: &Run, measures: &Measures, sources: &Sources<'_>) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    let mentioned = |name: &str| {
        scenario.expect.iter().any(|e| match e {
            Expectation::Always(n) | Expectation::Violates(Claim::Always(n)) => n == name,
            Expectation::Linearizable
            | Expectation::Violates(
                Claim::Linearizable
                | Claim::NoLostWrites { .. }
                | Claim::Sessions(_)
                | Claim::Converges { .. },
            )
            | Expectation::Sometimes(_)
            | Expectation::Reached { .. }
            | Expectation::Times { .. }
            | Expectation::Never(_)
            | Expectation::Messages { .. }
            | Expectation::MessagesPerOperation { .. }
            | Expectation::Effect { .. }
            | Expectation::QuorumLost(_)
            | Expectation::QuorumKept(_)
            | Expectation::Availability { .. }
            | Expectation::Latency { .. }
            | Expectation::Recovers { .. }
            | Expectation::Downtime { .. }
            | Expectation::Staleness { .. }
            | Expectation::StaleReads { .. }
            | Expectation::NoLostWrites { .. }
            | Expectation::Sessions(_)
            | Expectation::Converges { .. } => false,
        })
    };
    let others: Vec<_> =
        run.properties.iter().filter(|p| p.kind == Kind::Always && !mentioned(p.name)).collect();
    if !others.is_empty() {
        verdicts.push(others_hold(&others, violations(run, |property| !mentioned(property))));
    }
    verdicts.extend(effects::bites(scenario, run, sources));
    if scenario.calm > Span::ZERO && scenario.clients.is_some() {
        verdicts.push(progress(scenario, run, measures));
    }
    if let Some(why) = &run.stopped {
        verdicts.push(verdict("the run comes to its end", Status::Undecided, why.clone()));
    }
    verdicts
}

/// One verdict on all properties that nobody mentioned, given how they were broken.
fn others_hold(others: &[&PropertyReport], broken: Vec<String>) -> Verdict {
    let phrase = "every other safety property";
    let judged: u64 = others.iter().map(|p| p.held + p.broken).sum();
    let idle: Vec<&str> = others.iter().filter(|p| p.held + p.broken == 0).map(|p| p.name).collect();
    if others.iter().any(|p| p.broken > 0) {
        let finding = broken.first().cloned().unwrap_or_default();
        return Verdict { evidence: broken, ..verdict(phrase, Status::Failed, finding) };
    }
    let count = others.len() - idle.len();
    let noun = if count == 1 { "property" } else { "properties" };
    let finding = format!("{count} {noun}, judged {}", times(judged));
    match idle.as_slice() {
        [] => verdict(phrase, Status::Held, finding),
        _ if judged == 0 => {
            verdict(phrase, Status::Vacuous, format!("never put to the test: {}", idle.join(", ")))
        }
        names => {
            verdict(phrase, Status::Held, format!("{finding}; never put to the test: {}", names.join(", ")))
        }
    }
}

/// In the calm part, when all faults are over, operations that are wanted are served.
fn progress(scenario: &Scenario, run: &Run, measures: &Measures) -> Verdict {
    let phrase = "progress in the calm part";
    let from = scenario.calm_from();
    let first = measures.operations.partition_point(|o| o.intended < from);
    let wanted = measures.operations[first..].iter().filter(|o| o.intended + measures.deadline <= run.ended);
    let (mut all, mut done) = (0, 0);
    for operation in wanted {
        all += 1;
        done += u32::from(operation.done.is_some());
    }
    match (all, done) {
        (0, _) => verdict(phrase, Status::Vacuous, "no operation was wanted"),
        // More than half: an answer now and then is no progress.
        _ if done * 2 <= all => {
            verdict(phrase, Status::Failed, format!("only {done} of {all} operations served"))
        }
        _ => verdict(phrase, Status::Held, format!("{done} of {all} operations served")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn property(name: &'static str, held: u64, broken: u64) -> PropertyReport {
        PropertyReport { service: 0, name, kind: Kind::Always, held, broken, first: None }
    }

    #[test]
    fn what_was_never_put_to_the_test_is_no_pass_and_no_failure() {
        let verdict = |all: &[PropertyReport]| {
            let verdict = others_hold(&all.iter().collect::<Vec<_>>(), vec!["two leaders".into()]);
            (verdict.status, verdict.finding)
        };
        let (tried, idle) = (property("election safety", 2, 0), property("log matching", 0, 0));
        assert_eq!(
            verdict(core::slice::from_ref(&idle)),
            (Status::Vacuous, "never put to the test: log matching".into())
        );
        let some = "1 property, judged 2 times; never put to the test: log matching";
        assert_eq!(verdict(&[tried.clone(), idle.clone()]), (Status::Held, some.into()));
        assert_eq!(verdict(&[tried.clone(), tried]), (Status::Held, "2 properties, judged 4 times".into()));
        assert_eq!(verdict(&[property("one leader", 0, 1), idle]), (Status::Failed, "two leaders".into()));
    }
}
