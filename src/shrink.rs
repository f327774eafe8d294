//! `sim shrink`: a small scenario file that fails, with a comment that says how and what to type.

use crate::{
    Choice,
    asked::{Asked, read},
    commands::{BAD_INPUT, say},
    hunt::{STOPPED, budget, stopped},
    output,
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use reports::{clean, counted, quoted};
use scenarios::{
    Registry,
    shrink::{self, Shrunk, Size, Terms},
    write::brief,
};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

pub(crate) fn shrink(
    registry: &Registry,
    file: &Path,
    choice: &Choice,
    terms: Terms,
    out: Option<&Path>,
) -> u8 {
    let Some(one) = read(registry, file, &choice.set) else { return BAD_INPUT };
    let seed = choice.seed.unwrap_or(one.scenario.seed);
    let folder = || Path::new("sim-out").join(&one.name).join(seed.to_string());
    let path = out.map_or_else(|| folder().join("shrunk.ron"), PathBuf::from);
    match shrink_one(registry, &one, seed, terms, &path) {
        Ok(Some(shrunk)) => {
            say(&shrunk, &path);
            if stopped() { STOPPED } else { 1 }
        }
        Ok(None) if stopped() => STOPPED,
        Ok(None) => {
            say!("{}: seed {seed} does not fail: there is nothing to shrink", one.file);
            0
        }
        Err(message) => {
            eprintln!("error: {message}");
            BAD_INPUT
        }
    }
}

/// Shrinks what a seed fails by, and writes it to a file; `None` if it does not fail.
pub(crate) fn shrink_one(
    registry: &Registry,
    one: &Asked,
    seed: u64,
    terms: Terms,
    path: &Path,
) -> Result<Option<Shrunk>, String> {
    output::replaceable(path, &one.file)?;
    let bar = ProgressBar::with_draw_target(Some(terms.runs_max), ProgressDrawTarget::stderr_with_hz(5));
    let style = ProgressStyle::with_template("{prefix} {spinner} {pos} runs  {msg}  {elapsed}");
    bar.set_style(style.expect("the template is well formed"));
    bar.set_prefix(format!("shrinking seed {seed}"));
    bar.enable_steady_tick(Duration::from_millis(200));
    let shrunk = shrink::shrink(registry, &one.scenario, seed, terms, &mut |runs, size| {
        bar.set_position(runs);
        bar.set_message(told(size));
    });
    bar.finish_and_clear();
    let Some(shrunk) = shrunk? else { return Ok(None) };
    let (folder, name) = output::split(path)?;
    let text = text(registry, &shrunk, (&one.file, seed), path, terms.events_max);
    output::write(folder, &name, |to| to.write_all(text.as_bytes()))?;
    Ok(Some(shrunk))
}

/// Says how small it has become, and where it is.
pub(crate) fn say(shrunk: &Shrunk, path: &Path) {
    let [before, after] = shrunk.size;
    say!("  shrunk     {} → {}, in {} runs", told(before), told(after), shrunk.runs);
    say!("             {}", path.display());
}

fn told(size: Size) -> String {
    format!(
        "{}, {}, {}, {}",
        counted(size.faults as u64, "fault"),
        counted(size.operations as u64, "operation"),
        counted(size.servers, "server"),
        size.length
    )
}

/// The scenario file: what fails, how to run it, where it comes from, and the scenario.
fn text(
    registry: &Registry,
    shrunk: &Shrunk,
    (from, seed): (&str, u64),
    path: &Path,
    events_max: u64,
) -> String {
    let [before, after] = shrunk.size;
    let file = quoted(&path.display().to_string());
    // A name can hold anything; a comment ends with its line.
    let comment = [
        format!("{} fails: {}", shrunk.failure.signature.check, shrunk.failure.finding),
        format!("Run it:      sim run {file}{}", budget(&shrunk.failure.signature.check, events_max)),
        format!("Look at it:  sim replay {file}"),
        format!("Shrunk from {from}, seed {seed}: {}; of {}.", told(after), told(before)),
    ];
    let comment: String = comment.into_iter().map(|text| format!("// {}\n", clean(&text))).collect();
    comment + &brief(&shrunk.scenario, registry)
}
