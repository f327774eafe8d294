//! `sim hunt --flaws`: how good the hunter is. Every mistake that a protocol can be told to make is hunted with scenarios that
//! do not know of it.

use crate::{
    asked::{Asked, read},
    commands::{BAD_INPUT, say},
    hunt::{RUNS, STOPPED, Terms, Watcher, goes_on, heed, refused, stopped},
    output,
    shrink::shrink_one,
};
use reports::{count, counted};
use scenarios::{
    Registry,
    hunt::{self, CHUNK, Hunt, Outcome, Results, Tally, Watch},
    shrink::{self, Size},
};
use sim_core::{judged::Status, time::Span};
use std::{
    iter::successors,
    ops::Range,
    path::{Path, PathBuf},
};

/// A file as it is, and what its last service is called and runs.
struct Field<'a> {
    file: &'a Path,
    faultless: Asked,
    service: String,
    runs: &'static str,
}

/// What came of hunting a flaw.
enum End<'a> {
    /// This seed fails with it, by that check, and not without it.
    Found(&'a Asked, u64, String),
    /// What fails with it fails without it, too: in that file, by that check, first with this seed.
    Unsound(&'a Asked, u64, String),
    /// No seed fails.
    Missed,
    /// Not all seeds were tried.
    Late,
}

/// Hunts every flaw of the protocol that the last service of each file runs, for whom those that it calls are there: the first few
/// seeds of each file, then the next, until it is found. What is found is shrunk, if there is a folder for it.
pub(crate) fn hunt(
    registry: &Registry,
    files: &[PathBuf],
    terms: &Terms,
    set: &[String],
    out: Option<&Path>,
) -> u8 {
    if let Some(set) = set.iter().find(|set| set.contains(".with.flaw")) {
        return refused(&format!(
            "`--set {set}` has no place beside `--flaws`, which switches on one after the other"
        ));
    }
    let mut flaws: Vec<(&str, String)> = Vec::new();
    let mut fields = Vec::new();
    for file in files {
        let listing = registry.listing();
        let named = file.to_string_lossy();
        if !file.exists() && listing.iter().any(|protocol| protocol.name == named) {
            return refused(&format!("`{named}` is a protocol: name scenario files that run it"));
        }
        let Some(faultless) = read(registry, file, set) else { return BAD_INPUT };
        let Some(service) = faultless.scenario.services.last() else { return BAD_INPUT };
        let protocol = listing.iter().find(|protocol| protocol.name == service.run);
        let Some(protocol) = protocol.filter(|protocol| !protocol.flaws.is_empty()) else {
            let run = &service.run;
            return refused(&format!("{}: `{run}` has no flaws that could be switched on", faultless.file));
        };
        flaws.extend(protocol.flaws.iter().map(|flaw| (protocol.name, flaw.clone())));
        fields.push(Field { file, service: service.name.clone(), runs: protocol.name, faultless });
    }
    flaws.sort_unstable();
    flaws.dedup();
    heed();
    let (title, line) = if out.is_some() { (" shrunk to |", "---|") } else { ("", "") };
    say!("| flaw | found | seeds | simulated | took | by | in |{title}");
    say!("|---|---|---:|---:|---:|---|---|{line}");
    let mut worst = Status::Held;
    for (protocol, flaw) in flaws {
        if stopped() {
            break;
        }
        // What an earlier hunt left is not what this one finds.
        let file = out.map(|out| out.join(protocol).join(format!("{flaw}.ron")));
        let absent = |path: &Path| {
            let mut read = fields.iter().map(|field| field.file.to_string_lossy());
            read.try_for_each(|read| output::replaceable(path, &read))?;
            output::absent(path)
        };
        if let Some(Err(message)) = file.as_deref().map(absent) {
            return refused(&message);
        }
        let mut worlds = Vec::new();
        for field in fields.iter().filter(|field| field.runs == protocol) {
            let flawed = [set, &[format!("services.{}.with.flaw={flaw}", field.service)]].concat();
            let Some(flawed) = read(registry, field.file, &flawed) else { return BAD_INPUT };
            worlds.push((flawed, &field.faultless));
        }
        let watcher = Watcher::new(&flaw, terms, worlds.len());
        let mut tried = Tried::default();
        let end = hunt_one(registry, &worlds, terms, &watcher, &mut tried);
        let took = watcher.end().as_secs_f64();
        let end = match end {
            Ok(end) => end,
            Err(message) => return refused(&message),
        };
        let (status, check, name) = match &end {
            End::Found(one, _, check) => (Status::Held, check.clone(), one.name.as_str()),
            End::Unsound(one, seed, check) => {
                (Status::Failed, format!("fails without it, too: {check}, seed {seed}"), one.name.as_str())
            }
            End::Missed => (Status::Failed, "–".into(), "–"),
            End::Late => (Status::Undecided, "–".into(), "–"),
        };
        worst = worst.max(status);
        let shrunk = match (&end, &file) {
            (End::Found(one, seed, _), Some(file)) if !stopped() => {
                let terms = shrink::Terms { runs_max: RUNS, events_max: terms.events, goes_on };
                shrink_one(registry, one, *seed, terms, file).unwrap_or_else(|message| {
                    refused(&format!("{flaw}: {message}"));
                    None
                })
            }
            _ => None,
        };
        let shrunk = match shrunk.map(|shrunk| shrunk.size[1]) {
            Some(Size { faults, operations, .. }) => {
                let faults = counted(faults as u64, "fault");
                format!(" {faults}, {} |", counted(operations as u64, "operation"))
            }
            None if out.is_some() => " – |".into(),
            None => String::new(),
        };
        let (word, seeds) = (reports::sign(status), count(tried.seeds));
        say!(
            "| {flaw} | {word} | {seeds} | {} | {took:.1} s | {check} | {name} |{shrunk}",
            tried.simulated()
        );
    }
    if stopped() {
        say!("stopped before all of them were hunted");
        return STOPPED;
    }
    worst.exit_code()
}

/// What was tried for a flaw.
#[derive(Default)]
struct Tried {
    seeds: u64,
    span: Span,
}

impl Tried {
    fn simulated(&self) -> String {
        let seconds = self.span.as_secs();
        if seconds < 600.0 { format!("{seconds:.0} s") } else { format!("{:.1} h", seconds / 3_600.0) }
    }
}

/// Hunts a flaw in worlds that have it, each beside the one that has not.
fn hunt_one<'a>(
    registry: &Registry,
    worlds: &'a [(Asked, &Asked)],
    terms: &Terms,
    watcher: &Watcher,
    tried: &mut Tried,
) -> Result<End<'a>, String> {
    let mut unsound = None;
    let all = (terms.seeds().end - terms.seeds().start).saturating_mul(worlds.len() as u64);
    for part in turns(terms.seeds()) {
        for (one, faultless) in worlds {
            let mut left = part.clone();
            while !left.is_empty() && watcher.goes_on() {
                let tally = run(registry, one, left.clone(), terms, watcher)?;
                tried.seeds += tally.seeds;
                tried.span = tried.span + Span(one.scenario.until.0) * tally.seeds;
                let Some((seed, failure)) = tally.failures.into_iter().next() else { break };
                // What fails without the flaw says nothing of it.
                let other = run(registry, faultless, seed..seed + 1, terms, &Unwatched)?;
                let Some(other) = other.failures.into_values().next() else {
                    return Ok(End::Found(one, seed, failure.signature.check));
                };
                unsound.get_or_insert((one, seed, other.signature.check));
                left.start = seed + 1;
            }
        }
        if !watcher.goes_on() {
            break;
        }
    }
    Ok(match unsound {
        Some((one, seed, check)) => End::Unsound(one, seed, check),
        None if tried.seeds < all => End::Late,
        None => End::Missed,
    })
}

fn run(
    registry: &Registry,
    one: &Asked,
    seeds: Range<u64>,
    terms: &Terms,
    watch: &dyn Watch,
) -> Result<Tally, String> {
    let threads = if seeds.end - seeds.start == 1 { 1 } else { terms.threads() };
    let hunted = Hunt { seeds, ..terms.hunt(&one.scenario) };
    hunt::hunt(registry, &hunted, threads, &mut Results::default(), watch).map(|(tally, _)| tally)
}

/// Nobody wants to know.
struct Unwatched;

impl Watch for Unwatched {
    fn tried(&self, _: &Outcome) {}
    fn goes_on(&self) -> bool {
        true
    }
}

/// These seeds in parts: a few first, so that what is easy to find in one file does not wait for all seeds of another; then
/// ever more, so that threads wait for one another less often.
fn turns(seeds: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let end = seeds.end;
    let part =
        move |start: u64, width: u64| (start < end).then(|| start..end.min(start.saturating_add(width)));
    let widths =
        successors(Some((seeds.start, FIRST)), |&(start, width)| Some((start + width, CHUNK.min(2 * width))));
    widths.map_while(move |(start, width)| part(start, width))
}

/// So many seeds of each file come first.
const FIRST: u64 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_seed_has_one_turn() {
        let parts: Vec<_> = turns(5..700).collect();
        assert_eq!(parts[..3], [5..13, 13..29, 29..61]);
        assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start));
        assert_eq!(parts.last().unwrap().end, 700);
        assert!(turns(0..3).eq(std::iter::once(0..3)));
        assert_eq!(turns(0..u64::MAX).nth(9).map(|part| part.end - part.start), Some(CHUNK));
    }
}
