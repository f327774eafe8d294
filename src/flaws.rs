//! `sim hunt --flaws`: how good the hunter is. Every mistake that a protocol can be told to make is hunted with scenarios that
//! do not know of it.

use crate::{
    commands::{BAD_INPUT, read, say},
    hunt::{SEEDS, Terms, Watcher, thousands},
};
use scenarios::{
    Registry,
    hunt::{self, Hunt, Results},
};
use sim_core::time::Span;
use std::{num::NonZero, path::PathBuf, time::Duration};

/// Where and how a flaw was found.
struct Found {
    file: String,
    check: String,
}

/// Hunts every flaw of the protocol that the first service of each file runs, file after file until it is found.
pub(crate) fn hunt(registry: &Registry, files: &[PathBuf], terms: &Terms, set: &[String]) -> u8 {
    let mut flaws: Vec<(&str, &str)> = Vec::new();
    let mut services = Vec::new();
    for file in files {
        let Some(one) = read(registry, file, set) else { return BAD_INPUT };
        let service = &one.scenario.services[0];
        let listing = registry.listing();
        let protocol = listing.iter().find(|protocol| protocol.name == service.run);
        let Some(protocol) = protocol.filter(|protocol| !protocol.flaws.is_empty()) else {
            eprintln!("error: {}: `{}` has no flaws that could be switched on", one.file, service.run);
            return BAD_INPUT;
        };
        flaws.extend(protocol.flaws.iter().map(|flaw| (protocol.name, *flaw)));
        services.push((file, service.name.clone(), protocol.name));
    }
    flaws.sort_unstable();
    flaws.dedup();
    say!("| flaw | found | seeds | simulated | took | by | in |");
    say!("|---|---|---:|---:|---:|---|---|");
    let mut missed = 0;
    for (protocol, flaw) in flaws {
        let (mut seeds, mut simulated, mut took) = (0, Span::ZERO, Duration::ZERO);
        let mut found = None;
        for (file, service, _) in services.iter().filter(|(.., runs)| *runs == protocol) {
            let flawed = [set, &[format!("services.{service}.with.flaw={flaw}")]].concat();
            let Some(one) = read(registry, file, &flawed) else { return BAD_INPUT };
            let many = if terms.time.is_some() { 0..hunt::SEEDS_MAX } else { SEEDS };
            let hunted = Hunt {
                scenario: &one.scenario,
                seeds: terms.seeds.clone().unwrap_or(many),
                shard: (0, 1),
                keep_going: false,
                events_max: terms.events,
            };
            let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
            let threads = terms.jobs.map_or(cores, usize::from);
            let watcher = Watcher::new(flaw, terms, &hunted.seeds, 1);
            let tally = hunt::hunt(registry, &hunted, threads, &mut Results::default(), &watcher);
            took += watcher.end();
            let tally = match tally {
                Ok((tally, _)) => tally,
                Err(message) => {
                    eprintln!("error: {message}");
                    return BAD_INPUT;
                }
            };
            seeds += tally.seeds;
            simulated = simulated + Span(one.scenario.until.0) * tally.seeds;
            if let Some(failure) = tally.failures.values().next() {
                found = Some(Found { file: one.name.clone(), check: failure.signature.check.clone() });
                break;
            }
        }
        let (word, check, file) = match found {
            Some(Found { file, check }) => ("✔", check, file),
            None => {
                missed += 1;
                ("✘", "–".into(), "–".into())
            }
        };
        let seconds = simulated.as_secs();
        let simulated =
            if seconds < 600.0 { format!("{seconds:.0} s") } else { format!("{:.1} h", seconds / 3_600.0) };
        let took = took.as_secs_f64();
        say!("| {flaw} | {word} | {} | {simulated} | {took:.1} s | {check} | {file} |", thousands(seeds));
    }
    u8::from(missed > 0)
}
