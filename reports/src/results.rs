//! Summaries of earlier runs, read back. Where they come from nobody knows: they are checked, and what is wrong with one is said
//! with its file and key.

use crate::{
    metrics::{Figures, figures, known},
    summary::{SCHEMA, summary_json},
    words::clean,
};
use serde::Deserialize;
use sim_core::judged::{Judged, Status};
use std::collections::BTreeMap;

/// A file with more bytes is no summary.
pub const SUMMARY_MAX: u64 = 64 << 20;
/// So many runs are compared at most.
pub const RUNS_MAX: usize = 10_000;

/// What a comparison looks at; whatever else is in a summary is left alone.
#[derive(Debug, Deserialize)]
pub(crate) struct Summary {
    scenario: Scenario,
    pub(crate) run: RunFacts,
    pub(crate) operations: Operations,
    pub(crate) latency: Percentiles,
    pub(crate) latency_by_kind: Vec<KindLatency>,
    pub(crate) downtimes: Vec<Stretch>,
    verdicts: Vec<VerdictEntry>,
    pub(crate) faults: Vec<FaultEntry>,
    pub(crate) traffic: Traffic,
}

#[derive(Debug, Deserialize)]
struct Scenario {
    name: String,
    scenario_hash: String,
    plan_hash: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct RunFacts {
    seed: String,
    fingerprint: String,
    pub(crate) events: u64,
    pub(crate) ended_ns: u64,
    pub(crate) role_changes: u64,
    pub(crate) leaderships: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Operations {
    pub(crate) wanted: u64,
    pub(crate) in_time: u64,
    pub(crate) late: u64,
    pub(crate) refused: u64,
    pub(crate) unknown: u64,
    pub(crate) availability: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Percentiles {
    count: u64,
    p50_ns: u64,
    p90_ns: u64,
    p99_ns: u64,
    p999_ns: u64,
    max_ns: u64,
    mean_ns: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct KindLatency {
    pub(crate) kind: String,
    #[serde(flatten)]
    pub(crate) latency: Percentiles,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Stretch {
    pub(crate) from_ns: u64,
    pub(crate) until_ns: u64,
}

#[derive(Debug, Deserialize)]
struct VerdictEntry {
    expectation: String,
    status: Word,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Held,
    Undecided,
    Vacuous,
    Failed,
}

#[derive(Debug, Deserialize)]
pub(crate) struct FaultEntry {
    pub(crate) name: String,
    struck_ns: Option<u64>,
    recovery: Option<Recovery>,
}

#[derive(Debug, Deserialize)]
struct Recovery {
    outcome: Outcome,
    after_ns: Option<u64>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Uninterrupted,
    Restored,
    Never,
    Unmeasured,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Traffic {
    pub(crate) sent: u64,
    pub(crate) bytes: u64,
}

impl Percentiles {
    /// By the names of their families; none where nothing was answered.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&'static str, Option<f64>)> {
        let some = self.count > 0;
        let all = [
            ("latency.p50", self.p50_ns),
            ("latency.p90", self.p90_ns),
            ("latency.p99", self.p99_ns),
            ("latency.p999", self.p999_ns),
            ("latency.max", self.max_ns),
            ("latency.mean", self.mean_ns),
        ];
        all.into_iter().map(move |(name, value)| (name, some.then_some(value as f64)))
    }
}

impl FaultEntry {
    /// How long service was gone, in nanoseconds; to the end of the run if it never came back.
    pub(crate) fn took(&self, ended_ns: u64) -> Option<f64> {
        let recovery = self.recovery.as_ref()?;
        match recovery.outcome {
            Outcome::Uninterrupted => Some(0.0),
            Outcome::Restored => recovery.after_ns.map(|after| after as f64),
            Outcome::Never => self.struck_ns.map(|struck| ended_ns.saturating_sub(struck) as f64),
            Outcome::Unmeasured => None,
        }
    }
}

/// An earlier run, as far as its summary tells.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Its scenario's name.
    pub(crate) scenario: String,
    pub(crate) seed: u64,
    pub(crate) scenario_hash: String,
    pub(crate) plan_hash: String,
    pub(crate) fingerprint: String,
    pub(crate) file: String,
    pub(crate) verdicts: BTreeMap<String, Status>,
    pub(crate) figures: Figures,
}

impl Measured {
    /// What its summary tells of a run: the same figures, whether it was read back or not.
    pub fn of(judged: &Judged) -> Measured {
        let summary = summary_json(judged);
        Measured::read("the summary", summary.as_bytes()).expect("what is written can be read")
    }

    /// The same without figures of single kinds of operation and single faults.
    pub fn whole(mut self) -> Measured {
        self.figures.retain(|(_, name), _| known(name).is_some());
        self
    }

    /// Reads a summary; `file` is only its name, for messages.
    ///
    /// # Errors
    /// With file and key if it is none, or one of another version.
    pub fn read(file: &str, bytes: &[u8]) -> Result<Measured, String> {
        #[derive(Deserialize)]
        struct Head {
            schema: String,
        }
        let Head { schema } = parse(file, bytes)?;
        if schema != SCHEMA {
            let schema: String = clean(&schema).chars().take(60).collect();
            return Err(format!("{file}: its schema is `{schema}`; this version of sim reads `{SCHEMA}`"));
        }
        let summary: Summary = parse(file, bytes)?;
        let wrong = |key: &str, why: &str| Err(format!("{file}: `{key}` {why}"));
        if summary.operations.availability.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
            return wrong("operations.availability", "is no share from 0 to 1");
        }
        let Ok(seed) = summary.run.seed.parse() else {
            return wrong("run.seed", "is no seed: a whole number below 2^64, in quotes");
        };
        let figures = figures(&summary);
        let (mut verdicts, mut counts) = (BTreeMap::new(), BTreeMap::<String, u64>::new());
        for verdict in summary.verdicts {
            // The same expectation may stand in a file twice.
            let name = clean(&verdict.expectation);
            let count = counts.entry(name.clone()).or_default();
            *count += 1;
            let name = if *count == 1 { name } else { format!("{name} ({count})") };
            verdicts.insert(name, verdict.status.status());
        }
        Ok(Measured {
            scenario: summary.scenario.name,
            seed,
            scenario_hash: summary.scenario.scenario_hash,
            plan_hash: summary.scenario.plan_hash,
            fingerprint: summary.run.fingerprint,
            file: file.into(),
            verdicts,
            figures,
        })
    }
}

impl Word {
    fn status(self) -> Status {
        match self {
            Word::Held => Status::Held,
            Word::Undecided => Status::Undecided,
            Word::Vacuous => Status::Vacuous,
            Word::Failed => Status::Failed,
        }
    }
}

fn parse<'a, T: Deserialize<'a>>(file: &str, bytes: &'a [u8]) -> Result<T, String> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let (path, inner) = (error.path().to_string(), error.inner());
        let place = if path == "." { String::new() } else { format!(" in `{}`:", clean(&path)) };
        format!("{file}: no summary of sim:{place} {}", clean(&inner.to_string()))
    })?;
    reader.end().map_err(|error| format!("{file}: no summary of sim: {error}"))?;
    Ok(value)
}

/// Runs by scenario and seed.
#[derive(Clone, Debug, Default)]
pub struct Results(pub(crate) BTreeMap<String, BTreeMap<u64, Measured>>);

impl Results {
    /// Adds a run.
    ///
    /// # Errors
    /// If there is another one of this scenario and seed already, or there are too many.
    pub fn add(&mut self, measured: Measured) -> Result<(), String> {
        let count: usize = self.0.values().map(BTreeMap::len).sum();
        if count >= RUNS_MAX {
            return Err(format!("{}: more than {RUNS_MAX} runs are too many to compare", measured.file));
        }
        let seeds = self.0.entry(measured.scenario.clone()).or_default();
        match seeds.get(&measured.seed) {
            Some(there) if there.fingerprint != measured.fingerprint => Err(format!(
                "{} and {} are different runs of `{}` with seed {}: give one of them",
                there.file,
                measured.file,
                clean(&measured.scenario),
                measured.seed
            )),
            Some(_) => Ok(()),
            None => {
                seeds.insert(measured.seed, measured);
                Ok(())
            }
        }
    }
}
