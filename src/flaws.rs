//! `sim hunt --flaws`: how good the hunter is. Every mistake that a protocol can be told to make is hunted with scenarios that
//! do not know of it.

use crate::{
    asked::read,
    commands::{BAD_INPUT, say},
    hunt::{RUNS, STOPPED, Terms, Watcher, heed, stopped},
    output,
    shrink::shrink_one,
};
use reports::{count, counted};
use scenarios::{
    Registry,
    hunt::{self, CHUNK, Hunt, Outcome, Results, Watch},
    shrink::{self, Size},
};
use sim_core::time::Span;
use std::{
    iter::successors,
    ops::Range,
    path::{Path, PathBuf},
};

/// Where and how a flaw was found.
struct Found {
    file: String,
    check: String,
    /// What it was shrunk to, if that was wanted.
    shrunk: Option<Size>,
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
        eprintln!(
            "error: `--set {set}` has no place beside `--flaws`, which switches on one after the other"
        );
        return BAD_INPUT;
    }
    let mut flaws: Vec<(&str, String)> = Vec::new();
    let mut services = Vec::new();
    for file in files {
        let named = file.to_string_lossy();
        if !file.exists() && registry.listing().iter().any(|protocol| protocol.name == named) {
            eprintln!(
                "error: `{named}` is a protocol: name scenario files of it, like scenarios/hunt/{named}.ron"
            );
            return BAD_INPUT;
        }
        let Some(one) = read(registry, file, set) else { return BAD_INPUT };
        let Some(service) = one.scenario.services.last() else { return BAD_INPUT };
        let listing = registry.listing();
        let protocol = listing.iter().find(|protocol| protocol.name == service.run);
        let Some(protocol) = protocol.filter(|protocol| !protocol.flaws.is_empty()) else {
            eprintln!("error: {}: `{}` has no flaws that could be switched on", one.file, service.run);
            return BAD_INPUT;
        };
        flaws.extend(protocol.flaws.iter().map(|flaw| (protocol.name, flaw.clone())));
        services.push((file, service.name.clone(), protocol.name));
    }
    heed();
    flaws.sort_unstable();
    flaws.dedup();
    let (title, line) = if out.is_some() { (" shrunk to |", "---|") } else { ("", "") };
    say!("| flaw | found | seeds | simulated | took | by | in |{title}");
    say!("|---|---|---:|---:|---:|---|---|{line}");
    let mut missed = 0;
    for (protocol, flaw) in flaws {
        let (mut seeds, mut simulated) = (0, Span::ZERO);
        let (mut found, mut unsound) = (None, None);
        // What an earlier hunt left is not what this one finds.
        if let Some(out) = out
            && let Err(message) = output::clear(&out.join(protocol), &[&format!("{flaw}.ron")])
        {
            eprintln!("error: {message}");
            return BAD_INPUT;
        }
        // Each file with the flaw, and as it is.
        let mut worlds = Vec::new();
        for (file, service, _) in services.iter().filter(|(.., runs)| *runs == protocol) {
            let flawed = [set, &[format!("services.{service}.with.flaw={flaw}")]].concat();
            let Some(one) = read(registry, file, &flawed) else { return BAD_INPUT };
            let Some(faultless) = read(registry, file, set) else { return BAD_INPUT };
            worlds.push((one, faultless));
        }
        let watcher = Watcher::new(&flaw, terms, worlds.len());
        let turns = turns(terms.seeds()).flat_map(|part| worlds.iter().map(move |both| (part.clone(), both)));
        let hunted = |scenario, seeds, threads, watch: &dyn Watch| {
            let hunted = Hunt { seeds, ..terms.hunt(scenario) };
            hunt::hunt(registry, &hunted, threads, &mut Results::default(), watch).map(|(tally, _)| tally)
        };
        for (part, (one, faultless)) in turns.take_while(|_| watcher.goes_on()) {
            let tally = hunted(&one.scenario, part, terms.threads(), &watcher).and_then(|tally| {
                // What fails without the flaw says nothing of it.
                let seed = tally.failures.keys().next().copied();
                let other = seed.map(|seed| hunted(&faultless.scenario, seed..seed + 1, 1, &Unwatched));
                let other = other.transpose()?.and_then(|other| other.failures.into_values().next());
                Ok((tally, other))
            });
            let (tally, other) = match tally {
                Ok(both) => both,
                Err(message) => {
                    eprintln!("error: {message}");
                    return BAD_INPUT;
                }
            };
            seeds += tally.seeds;
            simulated = simulated + Span(one.scenario.until.0) * tally.seeds;
            if let Some((&seed, failure)) = tally.failures.first_key_value() {
                match other {
                    None => found = Some((one, seed, failure.signature.check.clone())),
                    Some(other) => {
                        let check = other.signature.check;
                        unsound = Some((format!("without it, too: {check}, seed {seed}"), one.name.clone()));
                    }
                }
                break;
            }
        }
        let took = watcher.end();
        if stopped() {
            say!("stopped before all flaws were hunted");
            return STOPPED;
        }
        let found = found.map(|(one, seed, check)| {
            let shrunk = out.map(|out| {
                let terms = shrink::Terms { runs_max: RUNS, events_max: terms.events };
                let file = out.join(protocol).join(format!("{flaw}.ron"));
                shrink_one(registry, one, seed, terms, &file)
            });
            let shrunk = shrunk.transpose().unwrap_or_else(|message| {
                eprintln!("error: {flaw}: {message}");
                None
            });
            Found { file: one.name.clone(), check, shrunk: shrunk.flatten().map(|shrunk| shrunk.size[1]) }
        });
        // A flaw that there was no time for was not missed.
        let all = (terms.seeds().end - terms.seeds().start).saturating_mul(worlds.len() as u64);
        let (word, check, file, shrunk) = match (found, unsound) {
            (Some(Found { file, check, shrunk }), _) => ("✔", check, file, shrunk),
            (None, Some((check, file))) => ("✘", check, file, None),
            (None, None) if seeds < all => ("?", "time is up".into(), "–".into(), None),
            (None, None) => ("✘", "–".into(), "–".into(), None),
        };
        missed += u32::from(word != "✔");
        let small = |size: Size| {
            let faults = counted(size.faults as u64, "fault");
            format!("{faults}, {}", counted(size.operations as u64, "operation"))
        };
        let small = shrunk.map_or_else(|| "–".into(), small);
        let shrunk = if out.is_some() { format!(" {small} |") } else { String::new() };
        let seconds = simulated.as_secs();
        let simulated =
            if seconds < 600.0 { format!("{seconds:.0} s") } else { format!("{:.1} h", seconds / 3_600.0) };
        let took = took.as_secs_f64();
        say!("| {flaw} | {word} | {} | {simulated} | {took:.1} s | {check} | {file} |{shrunk}", count(seeds));
    }
    u8::from(missed > 0)
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
