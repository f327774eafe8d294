//! Whether runs got worse: results of now against earlier ones, figure by figure.
//!
//! **One run on each side.** Runs are deterministic: with the same scenario text and seed, or the same plan, whatever moved was moved
//! by a change of the program. Nothing is tolerated then unless a tolerance says so; between runs of different plans
//! [`OTHER_PLAN`] is, where no tolerance says otherwise.
//!
//! **Several seeds.** The difference of the means has an interval: Student's t over the differences seed by seed where both sides
//! have the same seeds, else Welch's. It holds with a confidence of 95 % for all figures of a scenario together (Bonferroni: each
//! has its part of the 5 %). A figure got worse when the whole of its interval lies beyond the tolerance, and better when the whole of it lies
//! on the better side of zero.
//!
//! **Expectations.** One that got worse with some seed that both sides have got worse; without common seeds, one that always held and
//! now does not always, or that holds less often, by Welch's interval.

use crate::{
    allowance::{Allowance, Tolerance},
    metrics::{Better, FAMILIES, Unit},
    results::{Measured, Results},
    statistics::{self, Interval, mean},
    verdicts::sign,
    words::{clean, counted},
};
use sim_core::judged::Status;
use std::collections::{BTreeMap, BTreeSet};

/// How sure all intervals of a scenario together are.
const CONFIDENCE: f64 = 0.95;
/// What is tolerated between single runs of different plans, where nobody says anything else.
const OTHER_PLAN: Allowance = Allowance::Part(0.05);

/// What became of everything that can be compared.
#[derive(Clone, Debug)]
pub struct Regression {
    /// By name.
    pub(crate) scenarios: Vec<Compared>,
    /// Scenarios that only the baseline has.
    pub(crate) gone: Vec<String>,
    /// Scenarios that only the other side has.
    pub(crate) new: Vec<String>,
}

/// One scenario.
#[derive(Clone, Debug)]
pub(crate) struct Compared {
    pub(crate) name: String,
    /// Runs on both sides and how they were compared, as a phrase.
    pub(crate) how: String,
    /// Everything that was compared; expectations first.
    pub(crate) rows: Vec<Row>,
    /// The means of now, for histories.
    pub(crate) figures: BTreeMap<String, f64>,
    /// Runs of now, and how many of them held in all.
    pub(crate) runs: (usize, usize),
}

/// One figure or expectation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) subject: String,
    pub(crate) baseline: String,
    pub(crate) current: String,
    /// How far it went and what was tolerated.
    pub(crate) change: String,
    pub(crate) found: Found,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Found {
    /// More than is tolerated.
    Worse,
    /// It may be, but the seeds are too few to say so.
    Unsure,
    /// Worse, but tolerated.
    Within,
    Better,
    /// It moved, which is neither better nor worse.
    Moved,
    Same,
}

impl Found {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Found::Worse => "worse",
            Found::Unsure => "unsure",
            Found::Within => "tolerated",
            Found::Better => "better",
            Found::Moved => "moved",
            Found::Same => "same",
        }
    }

    /// So that nothing rests on colour alone.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Found::Worse => sign(Status::Failed),
            Found::Unsure => sign(Status::Undecided),
            Found::Within => "≈",
            Found::Better => sign(Status::Held),
            Found::Moved => "·",
            Found::Same => "=",
        }
    }
}

impl Regression {
    /// Whether anything got worse, a scenario that was not run any more included.
    pub fn worse(&self) -> bool {
        !self.gone.is_empty() || self.rows().any(|row| row.found == Found::Worse)
    }
    /// Whether there was nothing to compare.
    pub fn is_empty(&self) -> bool {
        self.scenarios.is_empty()
    }
    pub(crate) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.scenarios.iter().flat_map(|scenario| &scenario.rows)
    }
}

/// Compares results with earlier ones, scenario by scenario.
pub fn regression(baseline: &Results, current: &Results, tolerance: &Tolerance) -> Regression {
    let only = |one: &Results, other: &Results| -> Vec<String> {
        one.0.keys().filter(|name| !other.0.contains_key(*name)).map(|name| clean(name)).collect()
    };
    let both = baseline.0.iter().filter_map(|(name, runs)| Some((name, runs, current.0.get(name)?)));
    Regression {
        scenarios: both
            .map(|(name, baseline, current)| compared(name, baseline, current, tolerance))
            .collect(),
        gone: only(baseline, current),
        new: only(current, baseline),
    }
}

type Runs = BTreeMap<u64, Measured>;

/// How the runs of a scenario are compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// One run of the same plan on each side, or of another one.
    Single { same: bool },
    /// Seed by seed.
    Pairs,
    /// As two samples.
    Samples,
}

fn compared(name: &str, baseline: &Runs, current: &Runs, tolerance: &Tolerance) -> Compared {
    let (manner, runs) = manner(baseline, current);
    let of = |runs: &Runs, seeds: &[u64]| -> Vec<Measured> {
        seeds.iter().filter_map(|seed| runs.get(seed)).cloned().collect()
    };
    let sides = [of(baseline, &runs[0]), of(current, &runs[1])];
    let names: BTreeSet<&(usize, String)> =
        sides.iter().flatten().flat_map(|run| run.figures.keys()).collect();
    let judged = names.iter().filter(|(place, _)| FAMILIES[*place].better != Better::Neither).count();
    let confidence = 1.0 - (1.0 - CONFIDENCE) / judged.max(1) as f64;
    let mut rows = expectations(manner, &sides);
    rows.extend(names.iter().map(|name| figure(name, manner, &sides, tolerance, confidence)));
    let means = names.iter().filter_map(|&name| {
        let values: Vec<f64> = current.values().filter_map(|run| run.figures.get(name)).copied().collect();
        (!values.is_empty()).then(|| (clean(&name.1), mean(&values)))
    });
    let held =
        current.values().filter(|run| run.verdicts.values().all(|status| *status == Status::Held)).count();
    Compared {
        name: clean(name),
        how: how(manner, &sides, [baseline.len(), current.len()]),
        figures: means.collect(),
        runs: (current.len(), held),
        rows,
    }
}

/// How to compare, and which seeds of both sides.
fn manner(baseline: &Runs, current: &Runs) -> (Manner, [Vec<u64>; 2]) {
    let seeds = [baseline, current].map(|runs| runs.keys().copied().collect::<Vec<u64>>());
    let common: Vec<u64> = seeds[0].iter().filter(|seed| current.contains_key(seed)).copied().collect();
    if seeds[0].len().min(seeds[1].len()) == 1 {
        // A single run can be compared with its like only; where there is none, with the first of the others.
        let pick = |side: usize| vec![common.first().copied().unwrap_or(seeds[side][0])];
        let (a, b) = (&baseline[&pick(0)[0]], &current[&pick(1)[0]]);
        let text = a.seed == b.seed && a.scenario_hash == b.scenario_hash;
        return (Manner::Single { same: text || a.plan_hash == b.plan_hash }, [pick(0), pick(1)]);
    }
    if common.len() > 1 && common.len() == seeds[0].len().min(seeds[1].len()) {
        return (Manner::Pairs, [common.clone(), common]);
    }
    (Manner::Samples, seeds)
}

fn how(manner: Manner, sides: &[Vec<Measured>; 2], all: [usize; 2]) -> String {
    let used = [sides[0].len(), sides[1].len()];
    let of = if used == all { String::new() } else { format!(" (of {} and {})", all[0], all[1]) };
    match manner {
        Manner::Single { same: true } => format!("one run of the same plan each{of}"),
        Manner::Single { same: false } => format!("one run each{of}, of different plans"),
        Manner::Pairs => format!("{} on both sides{of}", counted(used[0] as u64, "seed")),
        Manner::Samples => {
            format!("{} against {}", counted(used[0] as u64, "seed"), counted(used[1] as u64, "seed"))
        }
    }
}

/// The figures of both sides under a name; of pairs, of those seeds only that have it on both sides.
fn values(name: &(usize, String), manner: Manner, sides: &[Vec<Measured>; 2]) -> [Vec<f64>; 2] {
    let [a, b] = sides
        .each_ref()
        .map(|runs| runs.iter().map(|run| run.figures.get(name).copied()).collect::<Vec<_>>());
    match manner {
        Manner::Pairs => {
            a.into_iter().zip(b).filter_map(|(a, b)| a.zip(b)).unzip::<f64, f64, Vec<_>, Vec<_>>().into()
        }
        Manner::Single { .. } | Manner::Samples => [a, b].map(|side| side.into_iter().flatten().collect()),
    }
}

fn figure(
    name: &(usize, String),
    manner: Manner,
    sides: &[Vec<Measured>; 2],
    tolerance: &Tolerance,
    confidence: f64,
) -> Row {
    let family = FAMILIES[name.0];
    let sign = match family.better {
        Better::Higher => -1.0,
        Better::Lower => 1.0,
        Better::Neither => 0.0,
    };
    let [a, b] = values(name, manner, sides);
    let shown = |side: &[f64]| if side.is_empty() { "–".into() } else { family.unit.shown(mean(side)) };
    let row = |change: String, found| Row {
        subject: clean(&name.1),
        baseline: shown(&a),
        current: shown(&b),
        change,
        found,
    };
    let interval = match manner {
        Manner::Single { .. } => {
            a.first().zip(b.first()).map(|(a, b)| Interval { low: b - a, mean: b - a, high: b - a })
        }
        Manner::Pairs => {
            let differences: Vec<f64> = a.iter().zip(&b).map(|(a, b)| b - a).collect();
            statistics::around(&differences, confidence)
        }
        Manner::Samples => statistics::welch(&a, &b, confidence),
    };
    let Some(interval) = interval else {
        // Of one plan, what was there to be measured is to stay so.
        let gone = manner == Manner::Single { same: true } && b.is_empty() && sign != 0.0;
        return row("not measured on both sides".into(), if gone { Found::Worse } else { Found::Moved });
    };
    let allowance = tolerance
        .of(&name.1, family.name)
        .or((manner == Manner::Single { same: false }).then_some(OTHER_PLAN));
    let allowed = allowance.map_or(0.0, |allowance| allowance.from(mean(&a)));
    let found = judge(interval, sign, allowed);
    row(change(interval, family.unit, mean(&a), allowed, manner, sign), found)
}

fn judge(interval: Interval, sign: f64, allowed: f64) -> Found {
    let (one, other) = (interval.low * sign, interval.high * sign);
    let (least, most) = (one.min(other), one.max(other));
    if interval.low <= 0.0 && interval.high >= 0.0 {
        Found::Same
    } else if sign == 0.0 {
        Found::Moved
    } else if least > allowed {
        Found::Worse
    } else if most < 0.0 {
        Found::Better
    } else if most > allowed {
        Found::Unsure
    } else {
        Found::Within
    }
}

fn change(interval: Interval, unit: Unit, baseline: f64, allowed: f64, manner: Manner, sign: f64) -> String {
    let mut text = unit.moved(interval.mean);
    if unit != Unit::Share && baseline > 0.0 {
        text += &format!(
            " ({}{:.1}\u{a0}%)",
            if interval.mean < 0.0 { "−" } else { "+" },
            interval.mean.abs() / baseline * 100.0
        );
    }
    if !matches!(manner, Manner::Single { .. }) {
        text += &format!(" [{} … {}]", unit.moved(interval.low), unit.moved(interval.high));
    }
    if sign != 0.0 && allowed > 0.0 {
        text += &format!(", {} allowed", unit.moved(sign * allowed));
    }
    text
}

fn expectations(manner: Manner, sides: &[Vec<Measured>; 2]) -> Vec<Row> {
    let names: BTreeSet<&String> = sides.iter().flatten().flat_map(|run| run.verdicts.keys()).collect();
    names.into_iter().map(|name| expectation(name, manner, sides)).collect()
}

fn expectation(name: &str, manner: Manner, sides: &[Vec<Measured>; 2]) -> Row {
    let [a, b] = sides
        .each_ref()
        .map(|runs| runs.iter().map(|run| run.verdicts.get(name).copied()).collect::<Vec<_>>());
    let held = |side: &[Option<Status>]| side.iter().filter(|status| **status == Some(Status::Held)).count();
    let shown = |side: &[Option<Status>]| match side {
        [None] => "–".into(),
        [Some(status)] => status.word().to_string(),
        several => format!("held {} of {}", held(several), several.len()),
    };
    let row = |change: String, found| Row {
        subject: name.into(),
        baseline: shown(&a),
        current: shown(&b),
        change,
        found,
    };
    if b.iter().all(Option::is_none) {
        // Whoever takes out what held makes a gate of nothing.
        let found = if held(&a) > 0 { Found::Worse } else { Found::Moved };
        return row("is not judged any more".into(), found);
    }
    if a.iter().all(Option::is_none) {
        return row("was not judged before".into(), Found::Moved);
    }
    if manner == Manner::Samples {
        let share = |side: &[Option<Status>]| -> Vec<f64> {
            side.iter().flatten().map(|status| f64::from(u8::from(*status != Status::Held))).collect()
        };
        let always = held(&a) == a.len() && held(&b) < b.len();
        let interval = statistics::welch(&share(&a), &share(&b), CONFIDENCE);
        return match interval.map(|interval| judge(interval, 1.0, 0.0)) {
            _ if always => row("held with every seed before".into(), Found::Worse),
            Some(found @ (Found::Worse | Found::Better)) => row("by Welch's interval".into(), found),
            Some(Found::Unsure | Found::Within | Found::Moved | Found::Same) | None => {
                row(String::new(), Found::Same)
            }
        };
    }
    let pairs = || a.iter().zip(&b).filter_map(|(a, b)| a.zip(*b));
    let (worse, better) = (pairs().filter(|(a, b)| b > a).count(), pairs().filter(|(a, b)| b < a).count());
    let seeds = |count: usize, word| {
        if pairs().count() > 1 {
            format!("{word} with {}", counted(count as u64, "seed"))
        } else {
            String::new()
        }
    };
    match (worse, better) {
        (0, 0) => row(String::new(), Found::Same),
        (0, better) => row(seeds(better, "better"), Found::Better),
        (worse, _) => row(seeds(worse, "worse"), Found::Worse),
    }
}

#[cfg(test)]
mod tests;
