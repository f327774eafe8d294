//! `sim replay` and `sim diff`: what happened, event by event, and where two runs part.

use crate::{
    Choice,
    asked::{read, read_any},
    commands::{BAD_INPUT, colored, say},
};
use reports::{clean, quoted};
use scenarios::{Registry, panics, plan::Plan, play::EVENTS_MAX};
use sim_core::{
    check::linearizability::{Budget, Finding, Witness},
    protocol::NodeId,
    run::Run,
    time::{Span, Time},
    trace::{Entry, Trace},
};
use std::{path::Path, str::FromStr};

/// So many events are shown before the one that is asked for, and a few after it.
const BEFORE: u64 = 24;
const AFTER: u64 = 6;
/// No text of an event is shown in more characters.
const WIDTH: usize = 110;

/// An event by its number, or a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    Event(u64),
    At(Time),
}

impl FromStr for Point {
    type Err = String;
    fn from_str(text: &str) -> Result<Point, String> {
        let event = text.replace('_', "").parse().map(Point::Event);
        event.or_else(|_| text.parse::<Span>().map(|span| Point::At(Time(span.0)))).map_err(|_| {
            format!("`{text}` is neither the number of an event, like 820, nor a moment, like 6.4s")
        })
    }
}

/// Reads `A,B`.
pub(crate) fn seeds(text: &str) -> Result<(u64, u64), String> {
    let seeds = text.split_once(',').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    seeds.ok_or_else(|| "write two seeds, like 7,8".into())
}

/// What is shown of a run.
pub(crate) struct View {
    pub(crate) until: Option<Point>,
    pub(crate) around: Option<Point>,
    pub(crate) show: Vec<String>,
}

pub(crate) fn replay(registry: &Registry, file: &Path, choice: &Choice, view: &View) -> u8 {
    let Some(one) = read_any(registry, file, &choice.set) else { return BAD_INPUT };
    if !one.scenario.path().is_empty() {
        return crate::explore::replay(registry, &one, choice, view);
    }
    let shown = played(registry, file, choice, EVENTS_MAX).and_then(|played| show(registry, &played, view));
    match shown {
        Ok(broken) => u8::from(broken),
        Err(message) => {
            if !message.is_empty() {
                eprintln!("error: {message}");
            }
            BAD_INPUT
        }
    }
}

/// A run with a trace.
struct Played {
    plan: Plan,
    run: Run,
    /// What a protocol said that panicked: the run has its events up to there.
    panic: Option<String>,
}

/// Runs a file. An empty message: what is wrong with the file was said already.
fn played(registry: &Registry, file: &Path, choice: &Choice, events_max: u64) -> Result<Played, String> {
    let one = read(registry, file, &choice.set).ok_or_else(String::new)?;
    let plan = Plan::new(&one.scenario, choice.seed.unwrap_or(one.scenario.seed));
    let mut world = registry.world(&plan)?;
    world.trace();
    let (run, panic) = panics::left_behind(&mut world, events_max);
    let said = panic.as_ref().map(|said| format!("a panic that leaves nothing to show: {said}"));
    Ok(Played { plan, run: run.ok_or_else(|| said.unwrap_or_default())?, panic })
}

/// Whether something broke.
fn show(registry: &Registry, played: &Played, view: &View) -> Result<bool, String> {
    let Played { plan, run, panic } = played;
    let trace = run.trace.as_ref().expect("it was traced");
    let last = trace.entries().next_back().map_or(0, |entry| entry.number);
    let event = |point: Point| match point {
        Point::Event(number) => number,
        Point::At(at) => {
            trace.entries().take_while(|entry| entry.at <= at).last().map_or(0, |entry| entry.number)
        }
    };
    let unexplained = unexplained(run);
    let broken = run.violations.first().map(|violation| violation.event);
    let broken = broken.or(unexplained.as_ref().map(|witness| event(Point::At(witness.at))));
    // Without a word from the user: the moment at which something broke, or the end.
    let middle = view.around.map(event).or(broken).unwrap_or(last);
    let until = view.until.map(event);
    if let Some(wanted) = [Some(middle), until].into_iter().flatten().find(|&number| number > last) {
        return Err(format!("there is no event {wanted}: the run has {last}"));
    }
    for point in [view.until, view.around].into_iter().flatten() {
        if let Point::At(at) = point
            && at > run.ended
        {
            return Err(format!("there is nothing at {at}: the run ends at {}", run.ended));
        }
    }
    let (from, to) = match (until, view.around) {
        (Some(until), None) => (until.saturating_sub(BEFORE), until),
        (Some(until), Some(_)) => (middle.saturating_sub(BEFORE), until),
        (None, _) => (middle.saturating_sub(BEFORE), middle + AFTER),
    };
    if until.is_some_and(|until| until < from) {
        return Err(format!(
            "`--until` comes before all that `--around` shows, which is from event {from} on"
        ));
    }
    let nodes: Vec<NodeId> = view.show.iter().map(|name| node(run, name)).collect::<Result<_, _>>()?;
    let bold = |text: &str| if colored() { format!("\x1b[1m{text}\x1b[0m") } else { text.to_string() };
    let mut faults: Vec<(Time, String)> = Vec::new();
    for report in &run.faults {
        let name = &report.planned.name;
        let chose: Vec<String> = report.chose.iter().flatten().map(|&node| run.name(node)).collect();
        faults.extend(report.struck.map(|at| (at, format!("{name} strikes: {}", chose.join(", ")))));
        faults.extend(report.ended.map(|at| (at, format!("{name} is over"))));
    }
    faults.sort();
    let mut faults = faults.into_iter().peekable();
    say!("{:>7}  {:<14} {:<10} {}", "event", "time", "node", "input");
    for entry in trace.entries().take_while(|entry| entry.number <= to) {
        while let Some((at, text)) = faults.next_if(|(at, _)| *at <= entry.at) {
            if entry.number >= from {
                say!("{:>7}  {:<14} {}", "", at.to_string(), bold(&format!("⚡ {text}")));
            }
        }
        if entry.number < from || !nodes.is_empty() && !nodes.contains(&entry.node) {
            continue;
        }
        say!("{}", line(run, &entry));
        for violation in run.violations.iter().filter(|violation| violation.event == entry.number) {
            let found = format!("✘ {}: {}", violation.property, violation.found);
            say!("{:>7}  {:<14} {:<10} {}", "", "", "", bold(&found));
        }
        if let Some(said) = panic.as_ref().filter(|_| entry.number == last) {
            say!("{:>7}  {:<14} {:<10} {}", "", "", "", bold(&format!("✘ panic: {}", clipped(said))));
        }
    }
    // What comes later is not shown, and has not happened yet.
    let unexplained = unexplained.filter(|witness| event(Point::At(witness.at)) <= to);
    let broken = run.violations.iter().any(|violation| violation.event <= to)
        || unexplained.is_some()
        || panic.is_some() && last <= to;
    if let Some(witness) = unexplained {
        say!("\n{}", bold(&format!("✘ no order of the calls explains an answer at {}", witness.at)));
        witness.lines.iter().for_each(|line| say!("  {}", clipped(line)));
    }
    let stop = until.unwrap_or(middle);
    // After a panic there is no state to show.
    let stop = if panic.is_some() && stop == last { last.saturating_sub(1) } else { stop };
    say!("\nafter event {stop}:");
    states(registry, plan, run, stop, &nodes)?;
    Ok(broken)
}

/// The first answer that no order of the calls explains, if there is one; not looked for where a property broke.
fn unexplained(run: &Run) -> Option<Witness> {
    let histories = run.histories.iter().filter(|_| run.violations.is_empty());
    let witnesses = histories.filter_map(|history| match history.linearizable(Budget::default()).finding {
        Finding::Violated(witness) => Some(*witness),
        Finding::Linearizable | Finding::Unknown(_) => None,
    });
    witnesses.min_by_key(|witness| witness.at)
}

/// The states of servers, or of the nodes asked for, after an event.
fn states(registry: &Registry, plan: &Plan, run: &Run, event: u64, nodes: &[NodeId]) -> Result<(), String> {
    let mut world = registry.world(plan)?;
    // It may take a few events more, what had waited for one among them; and one of those may be the one that panics.
    if let Err(said) = panics::caught(|| world.run(event)) {
        say!("  no states: what followed at once panicked: {}", clipped(&said));
        return Ok(());
    }
    let servers = run.services.iter().filter(|service| !service.clients).flat_map(|service| service.ids());
    let all: Vec<NodeId> = if nodes.is_empty() { servers.take(SHOWN).collect() } else { nodes.to_vec() };
    for node in all {
        let values: Vec<String> =
            world.show(node).into_iter().map(|(label, value)| format!("{label} {value}")).collect();
        say!(
            "  {:<10} {:<10} {}",
            run.name(node),
            world.role(node).0,
            clipped(&run.named(&values.join(" · ")))
        );
    }
    Ok(())
}

/// Of larger services so many nodes are shown.
const SHOWN: usize = 25;

fn node(run: &Run, name: &str) -> Result<NodeId, String> {
    let found = run.services.iter().find_map(|service| service.node(name));
    found.ok_or_else(|| {
        let names: Vec<String> =
            run.services.iter().map(|s| format!("{}-1 to {}-{}", s.prefix, s.prefix, s.nodes)).collect();
        format!("there is no node `{name}`: nodes are called {}", names.join(", "))
    })
}

fn line(run: &Run, entry: &Entry<'_>) -> String {
    let from = entry.peer.map_or(String::new(), |peer| format!(" from {}", run.name(peer)));
    let kind = entry.kind.word();
    let text = clipped(&format!("{kind}{from}  {}", entry.text));
    format!(
        "{:>7}  {:<14} {:<10} {}",
        entry.number,
        entry.at.to_string(),
        run.name(entry.node),
        text.trim_end()
    )
}

pub(crate) fn clipped(text: &str) -> String {
    let plain = clean(text);
    if plain.chars().count() <= WIDTH {
        return plain;
    }
    plain.chars().take(WIDTH - 1).collect::<String>() + "…"
}

/// So many events are compared: two traces of more would not fit into everybody's memory.
const COMPARED: u64 = 2_000_000;

/// Where two runs part: the last events that they share, and the first that they do not.
pub(crate) fn diff(registry: &Registry, files: [&Path; 2], seeds: [Option<u64>; 2], set: &[String]) -> u8 {
    let run = |index: usize| {
        // What is set is set in the second: the first is as it is.
        let set = if index == 1 { set.to_vec() } else { Vec::new() };
        played(registry, files[index], &Choice { seed: seeds[index], set }, COMPARED)
    };
    match run(0).and_then(|one| Ok((one, run(1)?))) {
        Ok((one, other)) => apart(&one, &other, files),
        Err(message) => {
            if !message.is_empty() {
                eprintln!("error: {message}");
            }
            BAD_INPUT
        }
    }
}

fn apart(one: &Played, other: &Played, files: [&Path; 2]) -> u8 {
    let panics = [&one.panic, &other.panic];
    let (one, other) = (&one.run, &other.run);
    let (Some(a), Some(b)) = (&one.trace, &other.trace) else { unreachable!("both were traced") };
    let shared = a.entries().zip(b.entries()).take_while(|(a, b)| a.same_input(b)).count();
    let lines = |trace: &Trace, run: &Run, from: usize, count: usize| -> Vec<String> {
        trace.entries().skip(from).take(count).map(|entry| line(run, &entry)).collect()
    };
    let called = |index: usize, run: &Run| {
        format!("{} (seed {})", quoted(&files[index].display().to_string()), run.seed)
    };
    if shared == a.len() && shared == b.len() {
        let same = one.fingerprint == other.fingerprint;
        let some = if one.stopped.is_some() { ", as far as they were compared" } else { "" };
        say!("the same {} events in {} and {}{some}", a.len(), called(0, one), called(1, other));
        if !same {
            say!(
                "but the states that they led to differ, or what is on disk: the fingerprints are {:016x} and {:016x}",
                one.fingerprint,
                other.fingerprint
            );
        }
        return u8::from(!same);
    }
    say!("{shared} events are the same; then they part");
    for line in lines(a, one, shared.saturating_sub(5), shared.min(5)) {
        say!("  {line}");
    }
    for (mark, trace, run, index) in [("<", a, one, 0), (">", b, other, 1)] {
        say!("{mark} {}", called(index, run));
        let next = lines(trace, run, shared, 4);
        match panics[index].as_ref().filter(|_| next.is_empty()) {
            Some(said) => say!("{mark} a panic: {}", clipped(said)),
            None if next.is_empty() => say!("{mark} the run has ended"),
            None => next.iter().for_each(|line| say!("{mark} {line}")),
        }
    }
    1
}
