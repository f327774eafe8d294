//! A hunt: many seeds of one scenario, until one fails, or all are tried, or time is up.
//!
//! What a hunt finds does not depend on the number of threads. Seeds are taken in chunks of [`CHUNK`], in order; a hunt
//! that stops at the first failure finishes every lower seed of its chunk first, and reports the lowest that fails.
//! `one.rs` tries a seed, `signature.rs` says when two failures are the same, `coverage.rs` counts what seeds reached,
//! `results.rs` is the file that outlives the hunt, `merged.rs` joins those of shards.

mod coverage;
mod merged;
mod one;
mod results;
mod signature;

use crate::{format::Scenario, registry::Registry};
pub use coverage::Coverage;
pub use merged::Merged;
pub use one::{Failure, Outcome, Trial};
pub use results::{Header, Results};
pub use signature::Signature;
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// Seeds are taken, shared among shards and written down so many at a time.
pub const CHUNK: u64 = 256;

/// The check of a run that took more events than it may.
pub const RUNAWAY: &str = "runaway";

/// Seeds are below this.
pub const SEEDS_MAX: u64 = 1 << 60;

/// What is hunted, and how far.
#[derive(Clone, Debug)]
pub struct Hunt<'a> {
    /// The scenario; its own seed is of no account.
    pub scenario: &'a Scenario,
    /// The seeds to try.
    pub seeds: Range<u64>,
    /// Which part of them, counted from 0, of how many parts.
    pub shard: (u64, u64),
    /// Whether to go on after a failure.
    pub keep_going: bool,
    /// A run that takes more events has run away. That is a failure too.
    pub events_max: u64,
}

/// What many seeds came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Seeds tried to their end.
    pub seeds: u64,
    /// Events of all of them.
    pub events: u64,
    /// Seeds whose runs had nothing to judge.
    pub vacuous: u64,
    /// Seeds on which a budget of the judge ran out.
    pub undecided: u64,
    /// What was reached.
    pub coverage: Coverage,
    /// Every failure, by seed.
    pub failures: BTreeMap<u64, Failure>,
}

impl Tally {
    /// Counts a seed.
    pub fn add(&mut self, outcome: Outcome) {
        // Files can hold any numbers, and these are counted on from there.
        self.seeds = self.seeds.saturating_add(1);
        self.events = self.events.saturating_add(outcome.events);
        self.vacuous = self.vacuous.saturating_add(outcome.vacuous.into());
        self.undecided = self.undecided.saturating_add(outcome.undecided.into());
        self.coverage.add(outcome.seed, outcome.reached);
        if let Some(failure) = outcome.failure {
            self.failures.insert(outcome.seed, failure);
        }
    }

    /// Counts what another tally did.
    pub fn join(&mut self, other: Tally) {
        self.seeds = self.seeds.saturating_add(other.seeds);
        self.events = self.events.saturating_add(other.events);
        self.vacuous = self.vacuous.saturating_add(other.vacuous);
        self.undecided = self.undecided.saturating_add(other.undecided);
        self.coverage.join(other.coverage);
        self.failures.extend(other.failures);
    }

    /// Failures that are the same, with their seeds in order; the group with the lowest seed first.
    pub fn groups(&self) -> Vec<(&Signature, Vec<u64>)> {
        let mut groups: BTreeMap<&Signature, Vec<u64>> = BTreeMap::new();
        for (&seed, failure) in &self.failures {
            groups.entry(&failure.signature).or_default().push(seed);
        }
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_by_key(|(_, seeds)| seeds[0]);
        groups
    }
}

/// Why a hunt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All seeds were tried.
    Done,
    /// A seed failed.
    Failed,
    /// There was no more time.
    Late,
}

/// Somebody who wants to know of seeds as they end, from whichever thread.
pub trait Watch: Sync {
    /// A seed was tried.
    fn tried(&self, outcome: &Outcome);
    /// Whether there is time for another seed.
    fn goes_on(&self) -> bool;
}

/// Hunts on so many threads, and writes down what it finds. Seeds that `results` has already are not tried again.
///
/// # Errors
/// When a world cannot be built, or results cannot be written.
pub fn hunt(
    registry: &Registry,
    hunt: &Hunt<'_>,
    threads: usize,
    results: &mut Results,
    watch: &dyn Watch,
) -> Result<(Tally, Ended), String> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| format!("cannot start {threads} threads: {error}"))?;
    let (done, failures) = results.of(hunt);
    let known = if hunt.keep_going { None } else { failures.keys().next().copied() };
    let field = Field {
        hunt,
        // What failed before is tried once more, so that it counts as tried.
        end: AtomicU64::new(known.map_or(u64::MAX, |seed| seed + 1)),
        seeds: Mutex::new(Box::new(hunt.seeds_left(results))),
        state: Mutex::new(State {
            results,
            chunks: BTreeMap::new(),
            done,
            tally: Tally { failures, ..Tally::default() },
            late: false,
        }),
    };
    // Each thread keeps its world, and takes one seed after another.
    let ends = pool.broadcast(|_| {
        let mut trial = Trial::new(registry, hunt.scenario, hunt.events_max);
        while let Some(seed) = field.next(watch) {
            let outcome = trial.run(seed)?;
            watch.tried(&outcome);
            field.tried(outcome)?;
        }
        Ok(())
    });
    ends.into_iter().collect::<Result<(), String>>()?;
    Ok(field.state.into_inner().unwrap_or_else(PoisonError::into_inner).sum(hunt))
}

impl Hunt<'_> {
    /// Whether it takes the seeds of a chunk, or leaves them to another shard.
    fn takes(&self, chunk: u64) -> bool {
        dealt(chunk..chunk + 1, self.shard).next().is_some()
    }

    /// The seeds that are still to be tried, in order.
    fn seeds_left(&self, results: &Results) -> impl Iterator<Item = u64> + Send + use<> {
        let Range { start, end } = self.seeds;
        let done: BTreeSet<u64> = results.chunks_done(&self.seeds);
        let chunks = dealt(start / CHUNK..end.div_ceil(CHUNK), self.shard);
        chunks.filter(move |chunk| !done.contains(chunk)).flat_map(move |chunk| within(chunk, &(start..end)))
    }
}

/// Those of these chunks that are dealt to a shard: this one, counted from 0, of so many. They are dealt one by one, so that
/// shards of a hunt that ends early have tried about the same seeds.
fn dealt(chunks: Range<u64>, (part, parts): (u64, u64)) -> impl Iterator<Item = u64> {
    assert!(part < parts, "there is no part {part} of {parts}, counted from 0");
    let here = chunks.start % parts;
    let ahead = if part < here { parts - here + part } else { part - here };
    let next = move |chunk: &u64| chunk.checked_add(parts);
    std::iter::successors(chunks.start.checked_add(ahead), next).take_while(move |chunk| *chunk < chunks.end)
}

/// The seeds of a chunk that are among these.
fn within(chunk: u64, seeds: &Range<u64>) -> Range<u64> {
    let (from, to) = (chunk * CHUNK, chunk.saturating_add(1).saturating_mul(CHUNK));
    from.max(seeds.start)..to.min(seeds.end)
}

/// What the threads of a hunt share.
struct Field<'a> {
    hunt: &'a Hunt<'a>,
    /// Seeds below this are tried: a failure ends the hunt, where it is not to go on.
    end: AtomicU64,
    seeds: Mutex<Box<dyn Iterator<Item = u64> + Send + 'a>>,
    state: Mutex<State<'a>>,
}

struct State<'a> {
    results: &'a mut Results,
    /// Seeds of chunks that are not written down as done.
    chunks: BTreeMap<u64, Vec<Outcome>>,
    /// What each chunk came to that is, by its first seed.
    done: BTreeMap<u64, Tally>,
    tally: Tally,
    late: bool,
}

impl Field<'_> {
    /// The next seed to try, if there is one, and time. Below the lowest failure every seed is tried.
    fn next(&self, watch: &dyn Watch) -> Option<u64> {
        let mut seeds = lock(&self.seeds);
        let goes_on = watch.goes_on();
        let seed = seeds.next().filter(|&seed| seed < self.end.load(Relaxed))?;
        if !goes_on {
            lock(&self.state).late = true;
            return None;
        }
        Some(seed)
    }

    fn tried(&self, outcome: Outcome) -> Result<(), String> {
        let State { results, chunks, done, .. } = &mut *lock(&self.state);
        if let Some(failure) = &outcome.failure {
            results.failed(outcome.seed, failure)?;
            if !self.hunt.keep_going {
                self.end.fetch_min(outcome.seed, Relaxed);
            }
        }
        let number = outcome.seed / CHUNK;
        let chunk = chunks.entry(number).or_default();
        chunk.push(outcome);
        let seeds = within(number, &self.hunt.seeds);
        let fails = !self.hunt.keep_going && chunk.iter().any(|outcome| outcome.failure.is_some());
        if chunk.len() as u64 == seeds.end - seeds.start && !fails {
            let mut tally = Tally::default();
            chunks.remove(&number).into_iter().flatten().for_each(|outcome| tally.add(outcome));
            results.done(seeds.clone(), &tally)?;
            done.insert(seeds.start, tally);
        }
        Ok(())
    }
}

impl State<'_> {
    /// All of it, but for what lies above a failure that ended the hunt: that depends on how threads took turns.
    fn sum(mut self, hunt: &Hunt<'_>) -> (Tally, Ended) {
        let new = self.chunks.values().flatten().filter(|outcome| outcome.failure.is_some());
        let all = self.tally.failures.keys().copied().chain(new.map(|outcome| outcome.seed));
        let lowest = all.min().filter(|_| !hunt.keep_going).unwrap_or(u64::MAX);
        let counts = |outcome: &Outcome| outcome.seed <= lowest;
        let outcomes = self.chunks.into_values().flatten().filter(counts);
        outcomes.for_each(|outcome| self.tally.add(outcome));
        let below = self.done.into_iter().filter(|(first, _)| *first <= lowest);
        below.for_each(|(_, done)| self.tally.join(done));
        self.tally.failures.retain(|&seed, _| seed <= lowest);
        let failed = !hunt.keep_going && !self.tally.failures.is_empty();
        let ended = match (failed, self.late) {
            (true, _) => Ended::Failed,
            (false, true) => Ended::Late,
            (false, false) => Ended::Done,
        };
        (self.tally, ended)
    }
}

/// A thread that panicked left nothing half done here: what is behind these locks is whole after every statement.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
