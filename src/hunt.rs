//! `sim hunt` and `sim merge`: many seeds, and what came of them.

use crate::{
    asked::{Asked, folder, read_all},
    commands::{BAD_INPUT, say},
    output,
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use reports::{clean, count, counted, quoted};
use scenarios::{
    Registry,
    format::{Expectation, Scenario},
    hunt::{self, CHUNK, Ended, Header, Hunt, Merged, Outcome, Results, Signature, Tally, Watch},
    play, shrink,
};
use sim_core::{digest::Digest, judged::Status, time::Span};
use std::{
    num::NonZero,
    ops::Range,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

/// The seeds of a hunt; not empty.
pub(crate) type Seeds = Range<u64>;

/// So many seeds are tried where nobody says how many.
const SEEDS: Range<u64> = 0..1_000;
/// So many events a run of a hunt may take.
pub(crate) const EVENTS: u64 = 50_000_000;
/// So many runs shrinking may take.
pub(crate) const RUNS: u64 = 3_000;
/// So many failing seeds are named.
const NAMED: usize = 5;

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

/// Says what shows a failure of a seed again.
fn say_again((file, set): (&str, &[String]), seed: u64, signature: &Signature, events: u64) {
    let set: String = set.iter().map(|set| format!(" --set {}", quoted(set))).collect();
    let again = format!("sim run {} --seed {seed}{}{set}", quoted(file), budget(&signature.check, events));
    say!("  again      {}    ({})", clean(&again), clean(&signature.check));
}

/// The hunt's budget of events, for a run that is to end where the hunt's did because of it.
pub(crate) fn budget(check: &str, events: u64) -> String {
    if check == hunt::RUNAWAY { format!(" --events {events}") } else { String::new() }
}

/// Which program this is: a protocol that was changed since makes what an earlier build found worthless.
fn build() -> Result<String, String> {
    let program = std::env::current_exe().and_then(std::fs::read);
    let program = program.map_err(|error| format!("cannot read the running program: {error}"))?;
    let mut digest = Digest::new();
    std::hash::Hash::hash(&program, &mut digest);
    Ok(format!("{:016x}", digest.finish()))
}

/// 1 if a seed failed, 3 if there was nothing to judge, 4 if none was decided.
fn code(tally: &Tally) -> u8 {
    match tally {
        _ if !tally.failures.is_empty() => 1,
        _ if tally.vacuous == tally.seeds => 3,
        _ if tally.undecided > 0 => 4,
        _ => 0,
    }
}

/// What should come true some time, and did in no seed.
fn never<'a>(one: &'a Asked, tally: &Tally) -> Vec<&'a str> {
    let reached = |name: &str| tally.coverage.reached.contains_key(&format!("sometimes {name}"));
    let wanted = one.scenario.expect.iter().filter_map(|expectation| {
        if let Expectation::Sometimes(name) = expectation { Some(name.as_str()) } else { None }
    });
    wanted.filter(|name| tally.seeds > 0 && !reached(name)).collect()
}

fn sum(tally: &Tally) -> String {
    counted(tally.seeds, "seed")
}

fn report(tally: &Tally, ended: Ended, keep_going: bool) {
    let groups = tally.groups();
    if groups.is_empty() {
        let late = match ended {
            Ended::Late if stopped() => "; stopped",
            Ended::Late => "; time is up",
            Ended::Done | Ended::Failed => "",
        };
        match tally.seeds {
            0 => say!("  ∅ none tried{late}"),
            _ => say!("  ✔ none failed{late}"),
        }
    }
    for (signature, seeds) in groups {
        let named: Vec<String> = seeds.iter().take(NAMED).map(u64::to_string).collect();
        let more = if seeds.len() > NAMED { ", …" } else { "" };
        let count = match seeds.len() {
            1 if !keep_going => "seed".to_string(),
            1 => "1 seed:".to_string(),
            several => format!("{}:", counted(several as u64, "seed")),
        };
        say!("  ✘ {}", clean(&signature.to_string()));
        say!("      {count} {}{more}", named.join(", "));
        say!("      {}", clean(&tally.failures[&seeds[0]].finding));
    }
    for (seeds, what) in
        [(tally.vacuous, "had an expectation with nothing to judge"), (tally.undecided, "were not decided")]
    {
        if seeds > 0 {
            say!("  ∅ {} {what}", count(seeds));
        }
    }
}

/// What was reached.
fn reached(tally: &Tally) {
    if let Some(settled) = tally.coverage.settled() {
        let states = counted(tally.coverage.reached.len() as u64, "state");
        say!("  reached    {states} and changes of role, the last new one by seed {settled}");
    }
}

/// What the protocols hope for, and no seed reached.
fn unreached(registry: &Registry, one: &Asked, tally: &Tally) {
    let reached = &tally.coverage.reached;
    let mut hoped: Vec<String> = Vec::new();
    for protocol in registry.listing() {
        if one.scenario.services.iter().any(|service| service.run == protocol.name) {
            let sometimes = protocol.properties.iter().filter(|(_, always)| !always);
            hoped.extend(sometimes.map(|(name, _)| format!("sometimes {name}")));
        }
    }
    let never: Vec<&str> =
        hoped.iter().filter(|what| !reached.contains_key(*what)).map(String::as_str).collect();
    if !never.is_empty() && !reached.is_empty() {
        say!("             never: {}", never.join(", "));
    }
}

pub(crate) fn merge(files: &[PathBuf], out: &Path) -> u8 {
    // A folder is what `hunt --out` was given.
    let file = |path: &PathBuf| if path.is_dir() { path.join("hunt.jsonl") } else { path.clone() };
    let files: Vec<PathBuf> = files.iter().map(file).collect();
    let paths: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    let path = out.join("hunt.jsonl");
    let merged = Results::merge(&paths).and_then(|merged| {
        let _lock = merged.results.may_replace(&path, &merged.header)?;
        output::write(out, "hunt.jsonl", |to| merged.results.save(&merged.header, to))?;
        Ok(merged)
    });
    let Merged { header, results, alike, missing } = match merged {
        Ok(merged) => merged,
        Err(message) => return refused(&message),
    };
    let tally = results.tally();
    say!("{}: {}", clean(&header.file), sum(&tally));
    report(&tally, Ended::Done, true);
    for (signature, seeds) in tally.groups().into_iter().take(NAMED) {
        say_again((&header.file, &header.set), seeds[0], signature, header.events);
    }
    reached(&tally);
    if !missing.is_empty() {
        let named: Vec<String> =
            missing.iter().take(NAMED).map(|(part, parts)| format!("{part}/{parts}")).collect();
        let more = if missing.len() > NAMED { ", …" } else { "" };
        say!("  missing    there are no results of --shard {}{more}", named.join(", "));
    }
    let gaps = results.gaps();
    if !gaps.is_empty() {
        let named: Vec<String> =
            gaps.iter().take(NAMED).map(|gap| format!("{}..{}", gap.start, gap.end)).collect();
        let more = if gaps.len() > NAMED { ", …" } else { "" };
        say!("  unfinished seeds {}{more}", named.join(", "));
    }
    if !alike {
        say!("  mixed      different builds of sim found these: what one fails by, another may not");
    }
    say!("  results    {}", path.display());
    match code(&tally) {
        0 if !(missing.is_empty() && gaps.is_empty()) => Status::Undecided.exit_code(),
        code => code,
    }
}

/// Looks at the clock, and shows how far the hunt is.
pub(crate) struct Watcher {
    bar: ProgressBar,
    since: Instant,
    until: Option<Duration>,
    tried: AtomicU64,
    events: AtomicU64,
    failed: AtomicU64,
}

impl Watcher {
    /// For a hunt in so many files.
    pub(crate) fn new(name: &str, terms: &Terms, files: usize) -> Watcher {
        let (seeds, (_, parts)) = (terms.seeds(), terms.shard.unwrap_or((1, 1)));
        let until = terms.time.map(|time| Duration::from_nanos(time.0));
        let length = if until.is_some() {
            None
        } else {
            Some(((seeds.end - seeds.start) / parts).saturating_mul(files as u64))
        };
        let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr_with_hz(5));
        let template = match length {
            Some(_) => "{prefix} {wide_bar} {percent:>3} %  {msg}  {eta} left",
            None => "{prefix} {spinner} {msg}  {elapsed}",
        };
        bar.set_style(ProgressStyle::with_template(template).expect("the template is well formed"));
        bar.set_prefix(name.to_string());
        let zero = || AtomicU64::new(0);
        Watcher { bar, since: now(), until, tried: zero(), events: zero(), failed: zero() }
    }

    pub(crate) fn end(&self) -> Duration {
        self.bar.finish_and_clear();
        self.since.elapsed()
    }
}

impl Watch for Watcher {
    fn tried(&self, outcome: &Outcome) {
        let tried = self.tried.fetch_add(1, Relaxed) + 1;
        let events = self.events.fetch_add(outcome.events, Relaxed) + outcome.events;
        let failed = self.failed.fetch_add(u64::from(outcome.failure.is_some()), Relaxed)
            + u64::from(outcome.failure.is_some());
        // Not for each: threads would wait for one another at the bar.
        if tried.is_multiple_of(16) || outcome.failure.is_some() {
            let seconds = self.since.elapsed().as_secs_f64().max(1e-3);
            self.bar.set_position(tried);
            self.bar.set_message(format!(
                "{:.0} seeds/s, {:.1} M events/s, {failed} failed",
                tried as f64 / seconds,
                events as f64 / seconds / 1e6
            ));
        }
    }

    fn goes_on(&self) -> bool {
        !stopped() && self.until.is_none_or(|until| self.since.elapsed() < until)
    }
}

/// The exit code of what was stopped by Ctrl-C, as shells have it.
pub(crate) const STOPPED: u8 = 130;

/// Whether Ctrl-C was pressed: what is under way ends, and says what it has. Pressed again, it ends everything.
static STOP: AtomicBool = AtomicBool::new(false);

pub(crate) fn stopped() -> bool {
    STOP.load(Relaxed)
}

/// The same for whoever asks whether to go on.
pub(crate) fn goes_on() -> bool {
    !stopped()
}

/// From here on Ctrl-C ends a hunt and not the program. Where that cannot be had, it does what it always did.
pub(crate) fn heed() {
    STOP.store(false, Relaxed);
    // It is heeded already where this is not the program's first hunt.
    drop(ctrlc::set_handler(|| {
        if STOP.swap(true, Relaxed) {
            std::process::exit(i32::from(STOPPED));
        }
    }));
}

#[allow(clippy::disallowed_methods)]
fn now() -> Instant {
    // How long the hunt takes decides how many seeds are tried, and never what comes of one.
    Instant::now()
}
