//! What came of a hunt, for people, and as an exit code.

use super::stopped;
use crate::{asked::Asked, commands::say};
use reports::{clean, count, counted, quoted};
use scenarios::{
    Registry,
    format::Expectation,
    hunt::{self, Ended, Signature, Tally},
};

/// So many failing seeds are named, and so many other things of which there may be many.
pub(super) const NAMED: usize = 5;

/// What failed, by what it failed by, and how many said nothing.
pub(super) fn report(tally: &Tally, ended: Ended, keep_going: bool) {
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
        let count = match seeds.len() {
            1 if !keep_going => "seed".to_string(),
            1 => "1 seed:".to_string(),
            several => format!("{}:", counted(several as u64, "seed")),
        };
        say!("  ✘ {}", clean(&signature.to_string()));
        say!("      {count} {}", named(seeds.iter().map(u64::to_string)));
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

/// Says what shows a failure of a seed again.
pub(super) fn say_again((file, set): (&str, &[String]), seed: u64, signature: &Signature, events: u64) {
    let set: String = set.iter().map(|set| format!(" --set {}", quoted(set))).collect();
    let again = format!("sim run {} --seed {seed}{}{set}", quoted(file), budget(&signature.check, events));
    say!("  again      {}    ({})", clean(&again), clean(&signature.check));
}

/// The hunt's budget of events, for a run that is to end where the hunt's did because of it.
pub(crate) fn budget(check: &str, events: u64) -> String {
    if check == hunt::RUNAWAY { format!(" --events {events}") } else { String::new() }
}

/// What was reached.
pub(super) fn reached(tally: &Tally) {
    if let Some(settled) = tally.coverage.settled() {
        let states = counted(tally.coverage.reached.len() as u64, "state");
        say!("  reached    {states} and changes of role, the last new one by seed {settled}");
    }
}

/// What the protocols hope for, and no seed reached.
pub(super) fn unreached(registry: &Registry, one: &Asked, tally: &Tally) {
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

/// What should come true some time, and did in no seed.
pub(super) fn never<'a>(one: &'a Asked, tally: &Tally) -> Vec<&'a str> {
    let reached = |name: &str| tally.coverage.reached.contains_key(&format!("sometimes {name}"));
    let wanted = one.scenario.expect.iter().filter_map(|expectation| {
        if let Expectation::Sometimes(name) = expectation { Some(name.as_str()) } else { None }
    });
    wanted.filter(|name| tally.seeds > 0 && !reached(name)).collect()
}

/// 1 if a seed failed, 3 if there was nothing to judge, 4 if some were not decided.
pub(super) fn code(tally: &Tally) -> u8 {
    match tally {
        _ if !tally.failures.is_empty() => 1,
        _ if tally.vacuous == tally.seeds => 3,
        _ if tally.undecided > 0 => 4,
        _ => 0,
    }
}

/// How many were tried.
pub(super) fn sum(tally: &Tally) -> String {
    counted(tally.seeds, "seed")
}

/// The first of them, and whether there are more.
pub(super) fn named(mut things: impl Iterator<Item = String>) -> String {
    let mut first: Vec<String> = things.by_ref().take(NAMED).collect();
    first.extend(things.next().map(|_| "…".to_string()));
    first.join(", ")
}
