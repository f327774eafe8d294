//! `sim hunt`: many seeds, and what came of them.

mod merge;
mod told;
mod watch;

use crate::{
    asked::{Asked, folder, read_all},
    commands::{BAD_INPUT, say},
};
pub(crate) use merge::merge;
use reports::{clean, count, counted};
use scenarios::{
    Registry,
    format::Scenario,
    hunt::{self, CHUNK, Ended, Header, Hunt, Results},
    play, shrink,
};
use sim_core::{digest::Digest, time::Span};
use std::{
    num::NonZero,
    ops::Range,
    path::{Path, PathBuf},
    sync::atomic::Ordering::Relaxed,
};
pub(crate) use told::budget;
use told::{NAMED, code, never, reached, report, say_again, sum, unreached};
pub(crate) use watch::{STOPPED, Watcher, goes_on, heed, stopped};

/// The seeds of a hunt; not empty.
pub(crate) type Seeds = Range<u64>;

/// So many seeds are tried where nobody says how many.
const SEEDS: Range<u64> = 0..1_000;
/// So many events a run of a hunt may take.
pub(crate) const EVENTS: u64 = 50_000_000;
/// So many runs shrinking may take.
pub(crate) const RUNS: u64 = 3_000;

/// How far a hunt goes.
pub(crate) struct Terms {
    pub(crate) seeds: Option<Seeds>,
    pub(crate) time: Option<Span>,
    pub(crate) jobs: Option<u16>,
    pub(crate) shard: Option<(u64, u64)>,
    pub(crate) shrinks: bool,
    pub(crate) keep_going: bool,
    pub(crate) events: u64,
}

impl Terms {
    /// The seeds to try. With a limit of time there are seeds enough.
    pub(crate) fn seeds(&self) -> Seeds {
        let many = if self.time.is_some() { 0..hunt::SEEDS_MAX } else { SEEDS };
        self.seeds.clone().unwrap_or(many)
    }

    pub(crate) fn threads(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        self.jobs.map_or(cores, usize::from)
    }

    pub(crate) fn hunt<'a>(&self, scenario: &'a Scenario) -> Hunt<'a> {
        let (part, parts) = self.shard.unwrap_or((1, 1));
        Hunt {
            scenario,
            seeds: self.seeds(),
            shard: (part - 1, parts),
            keep_going: self.keep_going,
            events_max: self.events,
        }
    }
}

/// Reads `A..B` or `N`.
pub(crate) fn seeds(text: &str) -> Result<Seeds, String> {
    let number = |text: &str| text.replace('_', "").parse::<u64>().ok();
    let seeds = match text.split_once("..") {
        None => number(text).map(|count| 0..count),
        Some((from, to)) => number(from).zip(number(to)).map(|(from, to)| from..to),
    };
    let seeds = seeds.filter(|seeds| !seeds.is_empty() && seeds.end <= hunt::SEEDS_MAX);
    let wanted = "write 1000 for the seeds 0..1000, or 1000..2000: at least one, all below 2^60";
    seeds.ok_or_else(|| wanted.into())
}

/// Reads `k/n`.
pub(crate) fn shard(text: &str) -> Result<(u64, u64), String> {
    let number = |text: &str| text.parse::<u64>().ok();
    let shard = text.split_once('/').and_then(|(part, parts)| number(part).zip(number(parts)));
    let fits = |&(part, parts): &(u64, u64)| (1..=parts).contains(&part);
    shard.filter(fits).ok_or_else(|| "write 1/4 for the first of four parts".into())
}

pub(crate) fn hunt(
    registry: &Registry,
    files: &[PathBuf],
    terms: &Terms,
    set: &[String],
    out: Option<&Path>,
) -> u8 {
    let Some(asked) = read_all(registry, files, set) else { return BAD_INPUT };
    heed();
    let mut worst = 0;
    for one in &asked {
        let folder = folder(out, one, asked.len(), "hunt");
        match hunt_one(registry, one, terms, set, &folder) {
            Ok(code) => worst = worst.max(code),
            Err(message) => return refused(&message),
        }
        if stopped() {
            return STOPPED;
        }
    }
    worst
}

/// Says why on standard error. What it quotes of files can hold anything.
pub(crate) fn refused(message: &str) -> u8 {
    eprintln!("error: {}", clean(message));
    BAD_INPUT
}

fn hunt_one(
    registry: &Registry,
    one: &Asked,
    terms: &Terms,
    set: &[String],
    folder: &Path,
) -> Result<u8, String> {
    let header = Header {
        file: one.file.clone(),
        set: set.to_vec(),
        scenario: format!("{:016x}", play::hash(&one.text)),
        version: env!("CARGO_PKG_VERSION").into(),
        build: build()?,
        events: terms.events,
        shard: terms.shard.unwrap_or((1, 1)),
    };
    let path = folder.join("hunt.jsonl");
    std::fs::create_dir_all(folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    let (mut results, aside) = Results::open(&path, &header)?;
    if let Some(aside) = aside {
        say!("{}: results of another build of sim are in {} now", one.name, aside.display());
    }
    let watcher = Watcher::new(&one.name, terms, 1);
    let threads = terms.threads();
    let (tally, ended) = hunt::hunt(registry, &terms.hunt(&one.scenario), threads, &mut results, &watcher)?;
    let took = watcher.end();
    let mut head = format!("{}: {}", one.name, sum(&tally));
    let (tried, events) = (watcher.tried.load(Relaxed), watcher.events.load(Relaxed));
    if tally.seeds > tried {
        head += &format!(", {} of them in an earlier hunt", count(tally.seeds - tried));
    }
    if took.as_secs_f64() > 0.0 && tried > 0 {
        let each = |count: u64| count as f64 / took.as_secs_f64();
        let threads = counted(threads as u64, "thread");
        head += &format!(
            " ({:.1} s, {:.0} seeds/s, {:.2} M events/s, {threads})",
            took.as_secs_f64(),
            each(tried),
            each(events) / 1e6
        );
    }
    say!("{head}");
    report(&tally, ended, terms.keep_going);
    if tally.seeds == 0 && ended == Ended::Done {
        say!("             seeds are dealt to shards {CHUNK} at a time: none of these is for this one");
    }
    for (signature, seeds) in tally.groups().into_iter().take(NAMED) {
        say_again((&one.file, set), seeds[0], signature, terms.events);
        if terms.shrinks && !stopped() {
            let file = folder.join(format!("seed-{}.ron", seeds[0]));
            let terms = shrink::Terms { runs_max: RUNS, events_max: terms.events, goes_on };
            if let Some(shrunk) = crate::shrink::shrink_one(registry, one, seeds[0], terms, &file)? {
                crate::shrink::say(&shrunk, &file);
            }
        }
    }
    let never = never(one, &tally);
    for name in &never {
        say!("  ✘ sometimes {name}: in none of {}", sum(&tally));
    }
    reached(&tally);
    unreached(registry, one, &tally);
    say!("  results    {}", path.display());
    if stopped() {
        say!("  stopped: what was found is kept there, and the same command goes on");
    }
    Ok(if never.is_empty() { code(&tally) } else { 1 })
}

/// Which program this is: a protocol that was changed since makes what an earlier build found worthless.
fn build() -> Result<String, String> {
    let program = std::env::current_exe().and_then(std::fs::read);
    let program = program.map_err(|error| format!("cannot read the running program: {error}"))?;
    let mut digest = Digest::new();
    std::hash::Hash::hash(&program, &mut digest);
    Ok(format!("{:016x}", digest.finish()))
}
