//! `sim explore`, and `sim replay` of a path that it found.

use crate::{
    Choice,
    asked::{Asked, read},
    commands::{BAD_INPUT, colored, say},
    output,
    replay::{Point, View, clipped},
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use reports::{count, counted, quoted};
use scenarios::{
    Registry, explore,
    format::{Explore, Messages, Scenario, Service, Step},
    write::brief,
};
use sim_core::{
    explore::{Ended, Exploration, Scene},
    judged::{Status, Verdict},
};
use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

pub(crate) fn explore(registry: &Registry, file: &Path, set: &[String], out: Option<&Path>) -> u8 {
    let Some(one) = read(registry, file, set) else { return BAD_INPUT };
    let default = || Path::new("sim-out").join(&one.name).join("explore").join("path.ron");
    let path = out.map_or_else(default, PathBuf::from);
    match explore_one(registry, &one, &path) {
        Ok(status) => status.exit_code(),
        Err(message) => {
            eprintln!("error: {}: {message}", one.file);
            BAD_INPUT
        }
    }
}

fn explore_one(registry: &Registry, one: &Asked, path: &Path) -> Result<Status, String> {
    output::replaceable(path, &one.file)?;
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(5));
    let style = ProgressStyle::with_template("{prefix} {spinner} {msg}  {elapsed}");
    bar.set_style(style.expect("the template is well formed"));
    bar.set_prefix(one.name.clone());
    let since = now();
    let found = explore::explore(registry, &one.scenario, &mut |progress| {
        let [states, waiting] = [progress.states, progress.waiting].map(count);
        bar.set_message(format!("{states} states, {waiting} to go, {} steps away", progress.depth));
        true
    });
    let took = since.elapsed();
    bar.finish_and_clear();
    let found = found?;
    say!("{}: {}", one.name, world(&one.scenario));
    for Verdict { expectation, status, finding, .. } in explore::judge(&one.scenario, &found) {
        say!("  {} {expectation:<36} {finding}", reports::sign(status));
    }
    say!("  {}", summary(&one.scenario, &found, took));
    let service = &one.scenario.services[0];
    if let Some(violation) = &found.violation {
        let scenario = explore::counterexample(&one.scenario, violation);
        say!("  shortest path to the violation:");
        for (index, step) in scenario.path().iter().enumerate() {
            say!("  {:>5}  {}", index + 1, words(step, service));
        }
        let (folder, name) = output::split(path)?;
        let again = format!("// sim replay {}\n", quoted(&path.display().to_string()));
        let text = again + &brief(&scenario, registry);
        output::write(folder, &name, |to| to.write_all(text.as_bytes()))?;
        say!("  path       {}", path.display());
        say!("  again      sim replay {}", quoted(&path.display().to_string()));
    }
    let status = explore::judge(&one.scenario, &found).iter().map(|verdict| verdict.status).max();
    Ok(status.unwrap_or(Status::Vacuous))
}

/// The world and its bounds in a line.
fn world(scenario: &Scenario) -> String {
    let service = &scenario.services[0];
    let Explore { messages, timeouts, crashes, operations, .. } =
        scenario.explore.clone().unwrap_or_default();
    let nodes = counted(u64::from(service.nodes), "node");
    let messages = match messages {
        Messages::Once => "messages arrive once or never",
        Messages::Again => "messages arrive any number of times",
    };
    let some = |amount: u32, what: &str| match amount {
        0 => format!("no {what}"),
        _ => format!("at most {}", counted(u64::from(amount), what)),
    };
    let timeouts = timeouts.map_or("any number of timeouts".into(), |most| some(most, "timeout"));
    let operations = if operations > 0 { counted(u64::from(operations), "operation") } else { "none".into() };
    let operations = operations.replace("none", "no operation");
    format!(
        "{nodes} of `{}`; {messages}; {timeouts}, {}, {operations}",
        service.run,
        some(crashes, "crash").replace("crashs", "crashes")
    )
}

fn summary(scenario: &Scenario, found: &Exploration, took: Duration) -> String {
    let explore = scenario.explore.clone().unwrap_or_default();
    let looked =
        |depth: u32| format!("every path of up to {} was looked at", counted(u64::from(depth), "step"));
    let how = match found.ended {
        Ended::All => "all there are".to_string(),
        Ended::Depth(depth) => format!("{}, and `explore.depth` allows no longer ones", looked(depth)),
        Ended::States(depth) => format!(
            "undecided: `explore.states` allows no more than {}; {}",
            count(u64::from(explore.states)),
            looked(depth)
        ),
        Ended::Violated => "up to the first violation".to_string(),
        Ended::Stopped(depth) => format!("stopped; {}", looked(depth)),
    };
    let seconds = took.as_secs_f64();
    format!(
        "{}, {}, {} deep, {seconds:.1} s: {how}",
        counted(found.states, "state"),
        counted(found.steps, "step"),
        found.depth
    )
}

fn words(step: &Step, service: &Service) -> String {
    let clipped = |text: String| clipped(&service.named(&text));
    match step {
        Step::Deliver { from, to, msg } => clipped(format!("{to:<10} deliver from {from}  {msg}")),
        Step::Timeout { node, timer } => clipped(format!("{node:<10} timeout  {timer}")),
        Step::Operation { node, op } => clipped(format!("{node:<10} request  {op}")),
        Step::Crash(node) => format!("{node:<10} crash"),
        Step::Boot(node) => format!("{node:<10} boot"),
    }
}

fn node(step: &Step) -> &str {
    match step {
        Step::Deliver { to: node, .. }
        | Step::Timeout { node, .. }
        | Step::Operation { node, .. }
        | Step::Crash(node)
        | Step::Boot(node) => node,
    }
}

/// Plays a path: each step, and the state of its node after it.
pub(crate) fn replay(registry: &Registry, one: &Asked, choice: &Choice, view: &View) -> u8 {
    match play(registry, one, choice, view) {
        Ok(broken) => u8::from(broken),
        Err(message) => {
            eprintln!("error: {}: {message}", one.file);
            BAD_INPUT
        }
    }
}

fn play(registry: &Registry, one: &Asked, choice: &Choice, view: &View) -> Result<bool, String> {
    if choice.seed.is_some() {
        return Err("a path draws nothing, so `--seed` has no place here".into());
    }
    let last = one.scenario.path().len();
    let until = match (view.until, view.around) {
        (None, None) => last,
        (Some(Point::Event(step)), None) if step as usize <= last => step as usize,
        (Some(Point::Event(step)), None) => {
            return Err(format!("there is no step {step}: the path has {last}"));
        }
        _ => {
            return Err(format!(
                "a path has steps, here {last}, and no moments: `--until 3` stops after the third, and there is no \
                 `--around`"
            ));
        }
    };
    let service = &one.scenario.services[0];
    let names: Vec<String> = (0..service.nodes).map(|node| service.node_name(node)).collect();
    if let Some(stranger) = view.show.iter().find(|name| !names.contains(name)) {
        return Err(format!("there is no node `{stranger}`: nodes are called {}", names.join(", ")));
    }
    let shown = |name: &str| view.show.is_empty() || view.show.iter().any(|shown| shown == name);
    let bold = |text: &str| if colored() { format!("\x1b[1m{text}\x1b[0m") } else { text.to_string() };
    let state = |scene: &Scene, index: usize| match &scene.nodes[index] {
        None => "down".to_string(),
        Some(values) => {
            let values: Vec<String> =
                values.iter().map(|(label, value)| format!("{label} {value}")).collect();
            clipped(&service.named(&values.join(" · ")))
        }
    };
    let (mut number, mut broken) = (0, false);
    let mut end: Vec<String> = Vec::new();
    say!("{:>5}  {:<10} input, and the state after it", "step", "node");
    explore::follow(registry, &one.scenario, &mut |step, scene| {
        if let Some(step) = step {
            number += 1;
            if number > until {
                return;
            }
            if shown(node(step)) {
                say!("{number:>5}  {}", words(step, service));
                let index = names.iter().position(|name| name == node(step)).unwrap_or(0);
                say!("{:>5}  {:<10} → {}", "", "", state(scene, index));
            }
            for (property, found) in &scene.broken {
                broken = true;
                say!("{:>5}  {:<10} {}", "", "", bold(&format!("✘ {property}: {}", service.named(found))));
            }
        }
        let nodes = names.iter().enumerate().filter(|(_, name)| shown(name));
        end = nodes.map(|(index, name)| format!("  {name:<10} {}", state(scene, index))).collect();
    })?;
    say!("\nafter step {until}:");
    end.iter().for_each(|line| say!("{line}"));
    if !broken && until == last {
        say!("\nno property was broken on this path");
    }
    Ok(broken)
}

#[allow(clippy::disallowed_methods)]
fn now() -> Instant {
    // How long it takes is told; nothing depends on it.
    Instant::now()
}
