//! From the faults that a file speaks of to the faults of one run.
//!
//! What strikes often, rolls from node to node, strikes at a moment drawn by the seed, or is thought up by a nemesis
//! becomes plain faults, each with its moment, before the run begins; and a ready-made failure becomes what it stands
//! for. Only what waits for something that depends on the run stays open: `when`, and what comes after it.
//!
//! Every draw has a key of its own, made of the name of the fault or nemesis: leaving one out leaves all others alone.

mod nemesis;

use crate::{
    format::{Scenario, TimedFault, When},
    places::Places,
};
use sim_core::{
    digest::Digest,
    fault::Pick,
    rng::{Keys, Purpose},
    time::{Span, Time},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{Hash, Hasher},
};

pub(crate) use nemesis::{aimed_at, strikes_max};

/// The random streams of a fault, after those that the engine draws from (0 is its moment, 1 its shape).
const MOMENT: u64 = 0;

/// The faults of the run of a scenario with this seed, in the order of the file, those of each nemesis last.
///
/// Each is `At`, `After` one that waits, or `When`; none rolls. The strikes of one that strikes often are called `flap`,
/// `flap-2`, `flap-3`, …, without the numbers that the file gives to others, and are `part_of` it.
///
/// ```
/// use scenarios::{Registry, expand::expand, read::read};
/// let text = r#"(about: "x", seed: 1, until: "20s", services: { "db": (run: "raft", nodes: 3) },
///     network: (delay: Constant("1ms")), expect: [Linearizable],
///     faults: [(name: "flap", every: "8s", from: "2s", lasts: "1s", do: Isolate([RandomOf("db", 1)]))])"#;
/// let scenario = read("flap.ron", text, &Registry::standard()).unwrap();
/// let names: Vec<String> = expand(&scenario, 1).into_iter().map(|fault| fault.name).collect();
/// assert_eq!(names, ["flap", "flap-2", "flap-3"]);
/// ```
pub fn expand(scenario: &Scenario, seed: u64) -> Vec<TimedFault> {
    let keys = Keys::new(seed);
    let rolls = scenario.faults.iter().any(|timed| timed.rolling.is_some());
    let places = rolls.then(|| Places::of(scenario));
    let mut names = Names::of(scenario);
    // The moments of those that have one; of several strikes the first.
    let mut struck: BTreeMap<&str, Time> = BTreeMap::new();
    let mut all = Vec::new();
    for timed in &scenario.faults {
        let starts = starts(timed, &struck, &keys);
        if let Some(When::At(at)) = starts.first() {
            struck.insert(&timed.name, *at);
        }
        let often = matches!(timed.when, When::Every { .. }) || timed.rolling.is_some();
        let part_of = timed.part_of.clone().or_else(|| often.then(|| timed.name.clone()));
        let plain = TimedFault { part_of, rolling: None, fault: timed.fault.plain(), ..timed.clone() };
        for start in starts {
            match (timed.rolling, &places) {
                (Some(step), Some(places)) => {
                    let mut first = None;
                    let nodes = timed.fault.picks().first().and_then(|picks| places.known(picks));
                    for (index, node) in nodes.unwrap_or_default().into_iter().enumerate() {
                        let name = names.next(&timed.name);
                        let when = later(&start, first.as_deref(), step * index as u64);
                        // Aimed before it becomes what it stands for: that may have more groups.
                        let fault = timed.fault.aimed(vec![vec![Pick::Node(places.name(node))]]).plain();
                        first.get_or_insert_with(|| name.clone());
                        all.push(TimedFault { name, when, fault, ..plain.clone() });
                    }
                }
                (_, _) => {
                    all.push(TimedFault { name: names.next(&timed.name), when: start, ..plain.clone() });
                }
            }
        }
    }
    for nemesis in &scenario.nemesis {
        all.extend(nemesis::faults(nemesis, &keys, &mut names));
    }
    all
}

/// When a fault strikes, each time.
fn starts(timed: &TimedFault, struck: &BTreeMap<&str, Time>, keys: &Keys) -> Vec<When> {
    match &timed.when {
        When::At(_) | When::When { .. } => vec![timed.when.clone()],
        When::Between(from, to) => {
            let drawn = keys.stream(Purpose::Fault, key(&timed.name), MOMENT).range(from.0, to.0);
            vec![When::At(Time(drawn))]
        }
        When::After(name, span) => match struck.get(name.as_str()) {
            Some(at) => vec![When::At(*at + *span)],
            None => vec![timed.when.clone()],
        },
        When::Every { every, from, to } => {
            (0..strikes(*every, *from, *to)).map(|index| When::At(*from + *every * index)).collect()
        }
    }
}

/// How many strikes there are from one moment on and before another.
pub(crate) fn strikes(every: Span, from: Time, to: Time) -> u64 {
    to.since(from).0.div_ceil(every.0.max(1))
}

/// So long after a start; where that depends on the run, after the `first` strike, if this is not it.
fn later(start: &When, first: Option<&str>, span: Span) -> When {
    match (start, first) {
        (When::At(at), _) => When::At(*at + span),
        (When::After(name, after), _) => When::After(name.clone(), *after + span),
        (_, Some(first)) => When::After(first.into(), span),
        (_, None) => start.clone(),
    }
}

/// What the draws for a fault or a nemesis depend on, beside the seed.
fn key(name: &str) -> u64 {
    let mut digest = Digest::new();
    name.hash(&mut digest);
    Hasher::finish(&digest)
}

/// Names for strikes.
struct Names {
    /// Those that the file gives.
    given: BTreeSet<String>,
    /// How many strikes of each name there are.
    counts: BTreeMap<String, u64>,
}

impl Names {
    fn of(scenario: &Scenario) -> Names {
        let nemesis = scenario.nemesis.iter().map(|nemesis| nemesis.name.clone());
        let given = scenario.faults.iter().map(|fault| fault.name.clone()).chain(nemesis).collect();
        Names { given, counts: BTreeMap::new() }
    }

    /// The name of the next strike.
    fn next(&mut self, of: &str) -> String {
        let count = self.counts.entry(of.into()).or_default();
        loop {
            *count += 1;
            let name = if *count == 1 { String::from(of) } else { format!("{of}-{count}") };
            if *count == 1 || !self.given.contains(&name) {
                return name;
            }
        }
    }
}
