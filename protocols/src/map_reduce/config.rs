//! What a scenario may say of MapReduce.

use crate::dfs::check_beats;
use serde::{Deserialize, Serialize};
use sim_core::{prelude::*, sample::Delay, size::Bytes};

/// How jobs are run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// So many map tasks run on a worker at the same time.
    pub map_slots: u32,
    /// And so many reduce tasks.
    pub reduce_slots: u32,
    /// How long the map function takes for an amount of input, drawn for each run of a task.
    pub map: Delay,
    /// And the reduce function.
    pub reduce: Delay,
    /// For this amount.
    pub per: Bytes,
    /// Whether pairs with the same key are combined before they leave the map task (§4.3).
    pub combine: bool,
    /// Whether a map task goes to where its chunk is, if it can (§3.4).
    pub locality: bool,
    /// In which order map tasks begin, of those that a worker may have.
    pub order: Order,
    /// When a task is run a second time because the first is slow (§3.6).
    pub backups: Backups,
    /// Reduce tasks begin to fetch when this share of the map tasks is done.
    pub fetch_from: f64,
    /// So many fetches of a reduce task are under way at the same time.
    pub fetches: u32,
    /// How often workers show that they are there, and the master looks.
    pub beat: Span,
    /// After so long without a word a worker counts as dead, and its tasks begin anew, done or not (§3.3).
    pub patience: Span,
    /// What brought no answer for so long is asked again. It is longer where answers take longer, and twice as long each time, as
    /// in the file system.
    pub retry: Span,
    /// How often the master writes down what is done; `None`: never, and a master that crashes forgets its jobs (§3.3).
    pub checkpoint: Option<Span>,
    /// A mistake to make: for teaching, and to test the tests.
    pub flaw: Option<Flaw>,
}

/// In which order tasks begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Order {
    /// By number.
    Given,
    /// The largest first, so that none is left for the end (Graham 1969).
    LongestFirst,
}

/// When a task is run a second time although the first run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Backups {
    /// Never.
    Never,
    /// When no task waits for its first run, and this one has taken so many times what those of its kind that are done took on
    /// average; as long as none is done, nobody lags behind. (The paper has it when a job is close to completion, whoever is slow;
    /// `Behind(0.0)` is that.)
    Behind(f64),
}

impl Default for Config {
    fn default() -> Config {
        Config {
            map_slots: 2,
            reduce_slots: 2,
            map: Delay::Constant(1.s()),
            reduce: Delay::Constant(1.s()),
            per: Bytes(64_000_000),
            combine: true,
            locality: true,
            order: Order::Given,
            backups: Backups::Behind(1.5),
            fetch_from: 0.05,
            fetches: 5,
            beat: 500.ms(),
            patience: 5.s(),
            retry: 30.s(),
            checkpoint: Some(Span::ZERO),
            flaw: None,
        }
    }
}

impl Config {
    /// Refuses what cannot work: which key, and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        for (key, slots) in
            [("map_slots", self.map_slots), ("reduce_slots", self.reduce_slots), ("fetches", self.fetches)]
        {
            if !(1..=1_000).contains(&slots) {
                return Err((key, format!("{slots} at the same time; 1 to 1000 would do")));
            }
        }
        for (key, takes) in [("map", &self.map), ("reduce", &self.reduce)] {
            takes.check().map_err(|why| (key, why))?;
        }
        if self.per.0 == 0 {
            return Err(("per", "nothing takes no time; `64MB` would do".into()));
        }
        if !(0.0..=1.0).contains(&self.fetch_from) {
            return Err(("fetch_from", format!("a share of {}; 0 to 1 would do", self.fetch_from)));
        }
        if let Backups::Behind(times) = self.backups
            && !(0.0..=1e6).contains(&times)
        {
            return Err(("backups", format!("{times} times as long; `Behind(1.5)` would do")));
        }
        check_beats(self.beat, self.patience, self.retry)
    }

    /// Refuses what so many nodes cannot do: which key, and why.
    pub fn check_for(&self, nodes: u32) -> Result<(), (&'static str, String)> {
        match nodes {
            0 | 1 => Err(("", "one node is a master without workers; 2 or more would do".into())),
            _ => Ok(()),
        }
    }
}

/// Mistakes that implementations have made. Each costs one line where the decision is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Flaw {
    /// Every run of a reduce task that ends adds its output.
    OutputTwice,
    /// What a dead worker had mapped counts as done.
    LostOutput,
    /// What a dead worker was at is waited for.
    LostTask,
    /// A reduce task that cannot get what was mapped goes on without it.
    MissingSkipped,
    /// What is mapped again is reduced again.
    FetchedTwice,
    /// A reduce task begins when all are mapped, whether or not it has fetched everything.
    EarlyReduce,
    /// The combiner counts pairs where it should add values up.
    PairsCounted,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 7] = [
        Flaw::OutputTwice,
        Flaw::LostOutput,
        Flaw::LostTask,
        Flaw::MissingSkipped,
        Flaw::FetchedTwice,
        Flaw::EarlyReduce,
        Flaw::PairsCounted,
    ];
}
