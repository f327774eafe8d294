//! Faults taken together: `flap`, `flap-2`, `flap-3` are one fault that came three times, and a nemesis is one story
//! however often it strikes. Where there are many faults, a reader wants the sums first.

use crate::{
    effects::{self, Trace},
    faults::{self, Outcome},
    words::{count, moment, short, span},
};
use sim_core::{
    judged::{Judged, Restored},
    time::{Span, Time},
};
use std::collections::BTreeMap;

/// Up to so many faults are told one by one.
pub(crate) const SINGLY_MAX: usize = 12;

/// Faults whose names have the same stem, and what they came to together.
#[derive(Debug)]
pub(crate) struct Group {
    /// The stem; the whole name where the group has one member.
    pub(crate) stem: String,
    /// Their positions in the run.
    pub(crate) members: Vec<usize>,
    /// From the first strike to the last end.
    pub(crate) when: String,
    /// `split`, or `12 crash, 9 split, 7 pause`.
    pub(crate) kinds: String,
    /// Whom they chose, where all chose the same.
    pub(crate) whom: String,
    /// `38 bit, 2 bit nothing: 1,204 messages dropped; quorum lost 4 times`.
    pub(crate) effect: String,
    /// Whether none of them made a difference.
    pub(crate) idle: bool,
    pub(crate) recovery: String,
    pub(crate) unrecovered: bool,
}

/// The faults of a run by the stems of their names, in the order of their first ones.
pub(crate) fn groups(judged: &Judged) -> Vec<Group> {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut groups: Vec<(&str, Vec<usize>)> = Vec::new();
    for (index, report) in judged.run.faults.iter().enumerate() {
        let stem = stem(&report.planned.name);
        let place = *places.entry(stem).or_insert(groups.len());
        if place == groups.len() {
            groups.push((stem, Vec::new()));
        }
        groups[place].1.push(index);
    }
    let recoveries = faults::recoveries(judged);
    groups.into_iter().map(|(stem, members)| group(judged, &recoveries, stem, members)).collect()
}

/// The name without its number: `flap` for `flap-2`.
fn stem(name: &str) -> &str {
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit());
    match bare.strip_suffix(['-', ' ']) {
        Some(stem) if bare.len() < name.len() && !stem.is_empty() => stem,
        _ => name,
    }
}

fn group(judged: &Judged, recoveries: &BTreeMap<usize, Restored>, stem: &str, members: Vec<usize>) -> Group {
    let reports = || members.iter().map(|&index| &judged.run.faults[index]);
    let with = |outcome: Outcome| reports().filter(|report| Outcome::of(report) == outcome).count() as u64;
    let first = reports().next().expect("a group has a member");
    let alike = reports().all(|other| other.chose == first.chose);
    let stem = if members.len() == 1 { &first.planned.name } else { stem };
    let mut sums: BTreeMap<Trace, u64> = BTreeMap::new();
    for (trace, number) in reports().flat_map(effects::traces) {
        let sum = sums.entry(trace).or_default();
        *sum = sum.saturating_add(number);
    }
    let outcomes = [
        (with(Outcome::Bit), "bit"),
        (with(Outcome::Nothing), "bit nothing"),
        (with(Outcome::NotStruck), "never struck"),
    ];
    let mut effect: Vec<String> = outcomes
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| {
            format!("{} {word}", if *number == members.len() as u64 { "all".into() } else { count(*number) })
        })
        .collect();
    // What is worst is told first, whichever kind of fault most of it comes from.
    let mut sums: Vec<(Trace, u64)> = sums.into_iter().collect();
    sums.sort_by_key(|(trace, _)| !matches!(trace, Trace::QuorumLost | Trace::LeaderChanges));
    let sums: Vec<String> = sums.into_iter().map(|(trace, number)| trace.phrase(number)).collect();
    effect = vec![effect.join(", ")];
    if !sums.is_empty() {
        effect.push(sums.join("; "));
    }
    let ended: Vec<Restored> = members.iter().filter_map(|index| recoveries.get(index).copied()).collect();
    let (recovery, unrecovered) = recovery(&ended);
    Group {
        stem: short(stem, 80),
        when: when(judged, &members),
        kinds: kinds(reports().map(|report| report.planned.fault.kind())),
        whom: if alike { faults::whom(judged, first) } else { String::new() },
        effect: effect.join(": "),
        idle: with(Outcome::Bit) == 0,
        recovery,
        unrecovered,
        members,
    }
}

fn when(judged: &Judged, members: &[usize]) -> String {
    let reports = || members.iter().map(|&index| &judged.run.faults[index]);
    let end = judged.run.ended;
    let over =
        |report: &sim_core::run::FaultReport| report.window(end).map(|(_, until)| until).or(report.struck);
    let from: Option<Time> = reports().filter_map(|report| report.struck).min();
    let until: Option<Time> = reports().filter_map(over).max();
    match (from, until) {
        (Some(from), Some(until)) if from < until => format!("{}–{}", moment(from), moment(until)),
        (Some(from), _) => moment(from),
        (None, _) => "never".into(),
    }
}

/// The kinds, most frequent first; with their numbers where there are several.
fn kinds(all: impl Iterator<Item = &'static str>) -> String {
    const SHOWN: usize = 4;
    let mut often: BTreeMap<&str, u64> = BTreeMap::new();
    for kind in all {
        *often.entry(kind).or_default() += 1;
    }
    let mut often: Vec<(&str, u64)> = often.into_iter().collect();
    if let [(only, _)] = often[..] {
        return only.into();
    }
    often.sort_by_key(|(kind, number)| (core::cmp::Reverse(*number), *kind));
    let mut parts: Vec<String> =
        often.iter().take(SHOWN).map(|(kind, number)| format!("{} {kind}", count(*number))).collect();
    let more: u64 = often.iter().skip(SHOWN).map(|(_, number)| number).sum();
    if more > 0 {
        parts.push(format!("{} {}", count(more), if more == 1 { "other" } else { "others" }));
    }
    parts.join(", ")
}

/// The worst that became of service after any of them, and whether it is that there was none.
fn recovery(ended: &[Restored]) -> (String, bool) {
    let after = |outcome: &Restored| match outcome {
        Restored::After(after) => Some(*after),
        Restored::Uninterrupted | Restored::Never | Restored::Unmeasured(_) => None,
    };
    let never = ended.iter().filter(|outcome| **outcome == Restored::Never).count() as u64;
    let worst: Option<Span> = ended.iter().filter_map(after).max();
    match worst {
        _ if never > 0 => (format!("not back before the end after {}", count(never)), true),
        Some(worst) => (format!("back within {}", span(worst)), false),
        None if ended.contains(&Restored::Uninterrupted) => ("no downtime".into(), false),
        None => (String::new(), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_at_the_end_is_not_the_name() {
        let names = ["flap", "flap-2", "nemesis-300", "cut 17", "db2", "7", "-7", "a-b"];
        assert_eq!(names.map(stem), ["flap", "flap", "nemesis", "cut", "db2", "7", "-7", "a-b"]);
    }

    #[test]
    fn the_most_frequent_kinds_come_first_and_the_rest_is_counted() {
        let all = ["crash", "split", "split", "pause", "wipe", "clog", "heal"];
        assert_eq!(kinds(all.into_iter()), "2 split, 1 clog, 1 crash, 1 heal, 2 others");
        assert_eq!(kinds(["crash"; 3].into_iter()), "crash");
    }
}
