//! Variants side by side: whatever any of them expects, looked up in all of them.

use crate::{
    format::{Claim, Expectation, Scenario},
    judge::{self, Sources, Told},
};
use sim_core::{
    judged::{Cell, Comparison, Judged, Row, Status},
    time::Span,
};
use std::collections::BTreeSet;

/// So many rows are compared.
const ROWS_MAX: usize = 200;
/// So many clients are told by number.
const NUMBERS_MAX: usize = 12;

/// Compares variants of the file of this name, each with its name, what it was to be, and what became of it.
pub fn compare(name: &str, variants: &[(&str, &Scenario, &Judged)]) -> Comparison {
    let variant = |&(_, scenario, judged)| Variant {
        scenario,
        judged,
        sources: Sources::of(scenario, &judged.run),
        told: Told::of(scenario, &judged.run),
    };
    let all: Vec<Variant<'_>> = variants.iter().map(variant).collect();
    let clients = all.iter().any(|variant| variant.scenario.clients.is_some());
    let expected = all.iter().flat_map(|variant| &variant.scenario.expect);
    let mut seen = BTreeSet::new();
    let mut subjects: Vec<Subject> = measured()
        .into_iter()
        .filter(|_| clients)
        .chain(expected.flat_map(subjects_of))
        .filter(|subject| seen.insert(format!("{:?}", subject.expectation)) && tells_apart(subject, &all))
        .collect();
    // Claims first: they tell designs apart; figures say what that costs.
    subjects.sort_by_key(|subject| subject.about == About::Figure);
    let left_out = subjects.len().saturating_sub(ROWS_MAX);
    subjects.truncate(ROWS_MAX);
    let row = |subject: Subject| Row {
        cells: all.iter().map(|variant| variant.cell(&subject)).collect(),
        subject: subject.name,
    };
    let abouts: Vec<&str> = all.iter().map(|variant| variant.scenario.about.as_str()).collect();
    Comparison {
        name: name.into(),
        about: in_common(&abouts).into(),
        variants: variants.iter().map(|&(name, ..)| name.into()).collect(),
        rows: subjects.into_iter().map(row).collect(),
        left_out,
    }
}

/// The sentences that all texts begin with.
fn in_common<'a>(texts: &[&'a str]) -> &'a str {
    let Some((&first, others)) = texts.split_first() else { return "" };
    let same = |text: &&str| first.bytes().zip(text.bytes()).take_while(|(a, b)| a == b).count();
    let shared = others.iter().map(same).min().unwrap_or(0);
    let ends = first.match_indices(['.', '!', '?']).map(|(at, _)| at + 1);
    let mut whole =
        ends.filter(|&end| end <= shared && (end == first.len() || first[end..].starts_with(' ')));
    &first[..whole.next_back().unwrap_or(0)]
}

/// What is compared.
struct Subject {
    name: String,
    about: About,
    /// Without its bounds, and the right way round.
    expectation: Expectation,
}

#[derive(Clone, Copy, PartialEq)]
enum About {
    /// It holds or does not.
    Claim,
    /// So much.
    Figure,
}

/// What only one design can be asked, and what holds of it, tells nothing about the others. What happens to one only
/// does: that it comes to conflicts, for instance.
fn tells_apart(subject: &Subject, variants: &[Variant<'_>]) -> bool {
    let Expectation::Always(name) = &subject.expectation else { return true };
    variants.iter().filter(|variant| variant.has(name)).count() > 1
}

struct Variant<'a> {
    scenario: &'a Scenario,
    judged: &'a Judged,
    sources: Sources<'a>,
    told: Told<'a>,
}

impl Variant<'_> {
    /// Whether one of its protocols has a property of this name.
    fn has(&self, name: &str) -> bool {
        self.judged.run.properties.iter().any(|property| property.name == name)
    }

    fn cell(&self, subject: &Subject) -> Cell {
        let absent = Cell { holds: Some(Status::Vacuous), found: "–".into() };
        if let Expectation::Always(name) | Expectation::Sometimes(name) = &subject.expectation
            && !self.has(name)
        {
            return absent;
        }
        let (status, figure) = self.found(&subject.expectation);
        match (status, subject.about) {
            (Status::Vacuous, _) => absent,
            (Status::Undecided, _) => Cell { holds: Some(Status::Undecided), found: "undecided".into() },
            (Status::Held, About::Claim) => Cell { holds: Some(status), found: "yes".into() },
            (Status::Failed, About::Claim) => Cell { holds: Some(status), found: figure },
            (Status::Held | Status::Failed, About::Figure) => Cell { holds: None, found: figure },
        }
    }

    /// What came of an expectation: what was found already, if it or its opposite was expected.
    fn found(&self, expectation: &Expectation) -> (Status, String) {
        let mut judged = self.scenario.expect.iter().zip(&self.judged.verdicts);
        let expected = judged.find_map(|(expected, verdict)| {
            let status = match (expected == expectation, verdict.status) {
                (true, status) => status,
                (false, _) if !is_opposite(expected, expectation) => return None,
                (false, Status::Held) => Status::Failed,
                (false, Status::Failed) => Status::Held,
                (false, status) => status,
            };
            Some((status, verdict.figure.clone()))
        });
        expected.unwrap_or_else(|| {
            let Judged { run, measures, .. } = self.judged;
            let verdict = judge::expected(expectation, run, measures, &self.sources, &self.told);
            (verdict.status, verdict.figure)
        })
    }
}

/// Whether it is expected that this is violated.
fn is_opposite(expected: &Expectation, of: &Expectation) -> bool {
    let Expectation::Violates(claim) = expected else { return false };
    match claim {
        Claim::Linearizable => *of == Expectation::Linearizable,
        Claim::Always(name) => *of == Expectation::Always(name.clone()),
        Claim::NoLostWrites { within } => *of == Expectation::NoLostWrites { within: *within },
        Claim::Converges { within } => *of == Expectation::Converges { within: *within },
        Claim::Sessions(guarantees) => {
            // One is asked for at a time; of several that are to be violated, nobody knows which was.
            guarantees.len() == 1 && *of == Expectation::Sessions(guarantees.clone())
        }
    }
}

/// What is measured of all that have clients.
fn measured() -> Vec<Subject> {
    let latency = |percentile| Expectation::Latency {
        percentile,
        at_least: None,
        at_most: None,
        during: None,
        clients: None,
        kind: None,
    };
    let availability =
        Expectation::Availability { at_least: None, at_most: None, during: None, clients: None, kind: None };
    let downtime = Expectation::Downtime { at_least: None, at_most: None };
    [availability, latency(50.0), latency(99.0), downtime].iter().flat_map(subjects_of).collect()
}

/// What an expectation is about.
fn subjects_of(expectation: &Expectation) -> Vec<Subject> {
    let claim = |name: &str, expectation: Expectation| {
        vec![Subject { name: name.into(), about: About::Claim, expectation }]
    };
    let figure =
        |name: String, expectation: Expectation| vec![Subject { name, about: About::Figure, expectation }];
    match expectation.clone() {
        Expectation::Linearizable | Expectation::Violates(Claim::Linearizable) => {
            claim("linearizable", Expectation::Linearizable)
        }
        Expectation::Always(name) | Expectation::Violates(Claim::Always(name)) => {
            claim(&name, Expectation::Always(name.clone()))
        }
        // What never comes about is no fault of a variant: it may be what another is there for.
        Expectation::Sometimes(name)
        | Expectation::Never(name)
        | Expectation::Times { what: name, at_least: _, at_most: _ } => {
            figure(name.clone(), Expectation::Sometimes(name))
        }
        Expectation::Reached { what, .. } => figure(
            what.clone(),
            Expectation::Reached { what, within: Some(Span(u64::MAX)), not_before: None },
        ),
        Expectation::Availability { at_least: _, at_most: _, during, clients, kind } => figure(
            format!("availability{}", part(kind.as_ref(), clients.as_deref(), during.as_ref())),
            Expectation::Availability { at_least: None, at_most: None, during, clients, kind },
        ),
        Expectation::Latency { percentile, at_least: _, at_most: _, during, clients, kind } => figure(
            format!("latency p{percentile}{}", part(kind.as_ref(), clients.as_deref(), during.as_ref())),
            Expectation::Latency { percentile, at_least: None, at_most: None, during, clients, kind },
        ),
        Expectation::Messages { .. } => {
            figure("messages".into(), Expectation::Messages { at_least: None, at_most: None })
        }
        Expectation::MessagesPerOperation { .. } => figure(
            "messages per operation".into(),
            Expectation::MessagesPerOperation { at_least: None, at_most: None },
        ),
        Expectation::Effect { of, what, .. } => figure(
            format!("{of}: {}", judge::words(what)),
            Expectation::Effect { of, what, at_least: None, at_most: None },
        ),
        Expectation::QuorumLost(of) | Expectation::QuorumKept(of) => {
            claim(&format!("quorum kept during {of}"), Expectation::QuorumKept(of))
        }
        Expectation::Recovers { from, .. } => {
            figure(format!("back after {from}"), Expectation::Recovers { from, within: Span(u64::MAX) })
        }
        // How stale in general is said of all alike, and here it is the stalest that counts.
        Expectation::Staleness { percentile: _, at_least: _, at_most: _, during, clients } => figure(
            format!("stalest read{}", part(None, clients.as_deref(), during.as_ref())),
            Expectation::Staleness { percentile: None, at_least: None, at_most: None, during, clients },
        ),
        Expectation::StaleReads { at_least: _, at_most: _, during, clients } => figure(
            format!("stale reads{}", part(None, clients.as_deref(), during.as_ref())),
            Expectation::StaleReads { at_least: None, at_most: None, during, clients },
        ),
        Expectation::NoLostWrites { within } | Expectation::Violates(Claim::NoLostWrites { within }) => {
            claim(
                &format!("no acknowledged write is lost, after {within}"),
                Expectation::NoLostWrites { within },
            )
        }
        Expectation::Converges { within } | Expectation::Violates(Claim::Converges { within }) => {
            claim(&format!("all servers agree after {within}"), Expectation::Converges { within })
        }
        Expectation::Sessions(guarantees) | Expectation::Violates(Claim::Sessions(guarantees)) => guarantees
            .into_iter()
            .flat_map(|guarantee| claim(guarantee.phrase(), Expectation::Sessions(vec![guarantee])))
            .collect(),
        Expectation::Downtime { .. } => figure(
            "longest with nobody served".into(),
            Expectation::Downtime { at_least: None, at_most: None },
        ),
    }
}

/// Which operations, in words: begins with a space if it says anything. Clients by number: these are the sides of a cut.
fn part(kind: Option<&String>, clients: Option<&[String]>, during: Option<&String>) -> String {
    let mut words = kind.map_or_else(String::new, |kind| format!(" of {kind}"));
    if let Some(clients) = clients {
        let number = |name: &String| name.rsplit('-').next().unwrap_or_default().to_string();
        let numbers: Vec<String> = clients.iter().take(NUMBERS_MAX).map(number).collect();
        words += &match clients.len() {
            ..=NUMBERS_MAX => format!(" of clients {}", numbers.join(", ")),
            count => format!(" of {count} clients, {}, …", numbers.join(", ")),
        };
    }
    words + &during.map_or_else(String::new, |fault| format!(" during {fault}"))
}

#[cfg(test)]
mod tests {
    use super::in_common;

    #[test]
    fn introductions_have_whole_sentences_in_common() {
        assert_eq!(in_common(&["One cut. Five designs.", "One cut. Five fingers."]), "One cut.");
        assert_eq!(in_common(&["One cut.", "One cut. It heals."]), "One cut.");
        assert_eq!(in_common(&["A cut of 1.5 s. A", "A cut of 1.5 s, B"]), "");
        assert_eq!(in_common(&["Grüße. Ä", "Grüße. Ö"]), "Grüße.");
        assert_eq!(in_common(&[]), "");
    }
}
