//! Variants side by side: whatever any of them expects, looked up in all of them.

use crate::{
    format::{Claim, Expectation, Scenario},
    judge::{self, Sources, Told},
};
use sim_core::{
    judged::{Cell, Comparison, Judged, Row, Status},
    time::Span,
};

/// Compares variants of the file of this name, each with its name, what it was to be, and what became of it.
pub fn compare(name: &str, variants: &[(&str, &Scenario, &Judged)]) -> Comparison {
    let mut subjects: Vec<(String, bool, Expectation)> = Vec::new();
    let clients = variants.iter().any(|(_, scenario, _)| scenario.clients.is_some());
    let expected = variants.iter().flat_map(|(_, scenario, _)| scenario.expect.iter());
    let measured = measured().into_iter().filter(|_| clients);
    for subject in measured.chain(expected.flat_map(subjects_of)) {
        if !subjects.iter().any(|known| known.0 == subject.0) && tells_apart(&subject.2, variants) {
            subjects.push(subject);
        }
    }
    // Claims first: they tell designs apart; figures say what that costs.
    subjects.sort_by_key(|(_, claim, _)| !claim);
    let row = |(subject, claim, expectation): (String, bool, Expectation)| Row {
        cells: variants
            .iter()
            .map(|(_, scenario, judged)| cell(claim, &expectation, scenario, judged))
            .collect(),
        subject,
    };
    Comparison {
        name: name.into(),
        variants: variants.iter().map(|&(name, ..)| name.into()).collect(),
        rows: subjects.into_iter().map(row).collect(),
    }
}

/// So many clients are told by number.
const NUMBERS_MAX: usize = 12;

/// What only one of them can have tells nothing about the others.
fn tells_apart(expectation: &Expectation, variants: &[(&str, &Scenario, &Judged)]) -> bool {
    let (Expectation::Always(name) | Expectation::Sometimes(name)) = expectation else { return true };
    let has = |judged: &&Judged| judged.run.properties.iter().any(|property| property.name == name.as_str());
    variants.iter().filter(|(_, _, judged)| has(judged)).count() > 1
}

fn cell(claim: bool, expectation: &Expectation, scenario: &Scenario, judged: &Judged) -> Cell {
    let absent = Cell { holds: Some(Status::Vacuous), found: "–".into() };
    if let Expectation::Always(name) | Expectation::Sometimes(name) = expectation
        && !judged.run.properties.iter().any(|property| property.name == name)
    {
        return absent;
    }
    let sources = Sources::of(scenario, &judged.run);
    let told = Told::of(scenario, &judged.run);
    let verdict = judge::expected(expectation, &judged.run, &judged.measures, &sources, &told);
    match (verdict.status, claim) {
        (Status::Vacuous, _) => absent,
        // What never came about is no fault of this variant: it may be what another is there for.
        (status, _) if matches!(expectation, Expectation::Sometimes(_)) => {
            let found = if status == Status::Held { "yes" } else { "never" };
            Cell { holds: None, found: found.into() }
        }
        (Status::Held, true) => Cell { holds: Some(Status::Held), found: "yes".into() },
        (Status::Failed, true) => Cell { holds: Some(Status::Failed), found: how_broken(&verdict.finding) },
        (Status::Undecided, _) => Cell { holds: Some(Status::Undecided), found: "undecided".into() },
        (Status::Held | Status::Failed, false) => {
            Cell { holds: None, found: figure(expectation, &verdict.finding) }
        }
    }
}

/// The figure in what was found: it comes first, but for these.
fn figure(expectation: &Expectation, finding: &str) -> String {
    let start = if matches!(expectation, Expectation::Downtime { .. }) {
        "the longest was "
    } else if matches!(expectation, Expectation::Recovers { .. }) {
        "service was back after "
    } else if matches!(expectation, Expectation::Staleness { .. }) {
        "worst "
    } else {
        ""
    };
    if finding == "there was none" {
        return "none".into();
    }
    let from = finding.split_once(start).map_or(finding, |(_, rest)| rest);
    let figure = from.split([':', ',']).next().unwrap_or_default();
    figure.split(" over ").next().unwrap_or_default().to_string()
}

/// How often, or when, a claim was broken.
fn how_broken(finding: &str) -> String {
    let after = |mark: &str| finding.split_once(mark).map(|(_, rest)| rest);
    if let Some(rest) = after(" broken at ") {
        return format!("at {}", rest.split(' ').next().unwrap_or_default());
    }
    let rest = after(" broken in ").or_else(|| after("(")).unwrap_or(finding);
    rest.split([',', ';', ')']).next().unwrap_or_default().to_string()
}

/// What is measured of all that have clients.
fn measured() -> Vec<(String, bool, Expectation)> {
    let latency = |percentile| Expectation::Latency { percentile, at_most: Span::ZERO };
    let availability =
        Expectation::Availability { at_least: None, at_most: None, during: None, clients: None };
    let downtime = Expectation::Downtime { at_most: Span::ZERO };
    [availability, latency(50.0), latency(99.0), downtime].iter().flat_map(subjects_of).collect()
}

/// What an expectation is about: its name, whether it is a claim, and the expectation without its bounds and the right way
/// round.
fn subjects_of(expectation: &Expectation) -> Vec<(String, bool, Expectation)> {
    let during =
        |fault: &Option<String>| fault.as_ref().map_or(String::new(), |name| format!(" during {name}"));
    // All by number: these are the sides of a cut.
    let of = |clients: &Option<Vec<String>>| {
        let Some(clients) = clients else { return String::new() };
        let number = |name: &String| name.rsplit('-').next().unwrap_or_default().to_string();
        let numbers: Vec<String> = clients.iter().take(NUMBERS_MAX).map(number).collect();
        let more = if clients.len() > NUMBERS_MAX { ", …" } else { "" };
        format!(" of clients {}{more}", numbers.join(", "))
    };
    let claim = |name: &str, expectation: Expectation| vec![(name.to_string(), true, expectation)];
    let figure = |name: String, expectation: Expectation| vec![(name, false, expectation)];
    match expectation {
        Expectation::Linearizable | Expectation::Violates(Claim::Linearizable) => {
            claim("linearizable", Expectation::Linearizable)
        }
        Expectation::Always(name) | Expectation::Violates(Claim::Always(name)) => {
            claim(name, Expectation::Always(name.clone()))
        }
        Expectation::Sometimes(name) => claim(name, Expectation::Sometimes(name.clone())),
        Expectation::Reached { what, .. } => figure(
            what.clone(),
            Expectation::Reached { what: what.clone(), within: Some(Span(u64::MAX)), not_before: None },
        ),
        Expectation::Availability { during: fault, clients, .. } => figure(
            format!("availability{}{}", of(clients), during(fault)),
            Expectation::Availability {
                at_least: Some(0.0),
                at_most: None,
                during: fault.clone(),
                clients: clients.clone(),
            },
        ),
        Expectation::Latency { percentile, .. } => figure(
            format!("latency p{percentile}"),
            Expectation::Latency { percentile: *percentile, at_most: Span(u64::MAX) },
        ),
        Expectation::Effect { of, what, .. } => {
            let what = *what;
            let effect = Expectation::Effect { of: of.clone(), what, at_least: Some(0), at_most: None };
            figure(format!("{of}: {}", judge::words(what)), effect)
        }
        Expectation::QuorumLost(of) | Expectation::QuorumKept(of) => {
            claim(&format!("quorum kept during {of}"), Expectation::QuorumKept(of.clone()))
        }
        Expectation::Recovers { from, .. } => figure(
            format!("back after {from}"),
            Expectation::Recovers { from: from.clone(), within: Span(u64::MAX) },
        ),
        Expectation::Staleness { percentile, during: fault, clients, .. } => {
            let (percentile, fault, clients) = (*percentile, fault.clone(), clients.clone());
            // How stale in general is said of all alike, and here it is the stalest that counts.
            let name = format!("stalest read{}{}", of(&clients), during(&fault));
            let (at_least, at_most) = (Some(Span::ZERO), None);
            figure(name, Expectation::Staleness { percentile, at_least, at_most, during: fault, clients })
        }
        Expectation::StaleReads { during: fault, clients, .. } => {
            let (fault, clients) = (fault.clone(), clients.clone());
            let name = format!("stale reads{}{}", of(&clients), during(&fault));
            let (at_least, at_most) = (Some(0.0), None);
            figure(name, Expectation::StaleReads { at_least, at_most, during: fault, clients })
        }
        Expectation::NoLostWrites { within } | Expectation::Violates(Claim::NoLostWrites { within }) => {
            claim("no acknowledged write is lost", Expectation::NoLostWrites { within: *within })
        }
        Expectation::Converges { within } | Expectation::Violates(Claim::Converges { within }) => {
            claim("all servers agree in the end", Expectation::Converges { within: *within })
        }
        Expectation::Sessions(guarantees) | Expectation::Violates(Claim::Sessions(guarantees)) => guarantees
            .iter()
            .map(|&guarantee| (guarantee.phrase().to_string(), true, Expectation::Sessions(vec![guarantee])))
            .collect(),
        Expectation::Downtime { .. } => {
            figure("longest with nobody served".into(), Expectation::Downtime { at_most: Span(u64::MAX) })
        }
    }
}
