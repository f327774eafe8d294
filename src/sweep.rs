//! `sim sweep`: a grid of parameters, several seeds each, on all cores.

use crate::{
    asked::{Asked, folder, read_variants, runs},
    commands::{BAD_INPUT, say},
    hunt::Seeds,
    output,
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rayon::prelude::*;
use reports::{Measured, Point, Sweep, clean, count, quoted};
use scenarios::{
    Registry,
    plan::Plan,
    play::{self, Detail},
};
use std::{
    io::Write,
    num::NonZero,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

/// Instead of those of the other commands.
pub(crate) const CODES: &str = "Exit codes: 0 the grid was run, whatever its runs came to; 2 bad input or usage, or results that cannot be written.";

/// So many points a grid has at most.
const POINTS_MAX: usize = 1_000;
/// So many runs at most.
const RUNS_MAX: u64 = 20_000;

/// How far to go.
pub(crate) struct Terms {
    pub(crate) set: Vec<String>,
    pub(crate) seeds: Seeds,
    pub(crate) jobs: Option<u16>,
    pub(crate) png: bool,
}

pub(crate) fn sweep(registry: &Registry, file: &Path, terms: &Terms, out: Option<&Path>) -> u8 {
    match swept(registry, file, terms, out) {
        Ok(()) => 0,
        Err(message) => {
            if !message.is_empty() {
                eprintln!("error: {message}");
            }
            BAD_INPUT
        }
    }
}

/// A point of the grid, still to be run.
struct Place {
    values: Vec<String>,
    asked: Asked,
}

fn swept(registry: &Registry, file: &Path, terms: &Terms, out: Option<&Path>) -> Result<(), String> {
    let (parameters, places) = grid(registry, file, terms)?;
    let points = played(registry, &places, terms)?;
    let first = &places[0].asked;
    let sweep = Sweep {
        scenario: first.stem.clone(),
        file: file.display().to_string(),
        version: env!("CARGO_PKG_VERSION").into(),
        command: command(file, terms),
        parameters,
        points,
    };
    let folder = folder(out, first, 1, "sweep");
    let text = |text: String| move |to: &mut (dyn Write + Send)| to.write_all(text.as_bytes());
    output::write(&folder, "sweep.csv", |to| reports::sweep_csv(&sweep, to))?;
    output::write(&folder, "sweep.json", text(reports::sweep_json(&sweep)))?;
    output::picture(&folder, "sweep", Some(reports::sweep_svg(&sweep)), terms.png)?;
    say!("{}", reports::sweep_text(&sweep).trim_end());
    say!("\nagain: {}", clean(&sweep.command));
    let names = ["sweep.csv", "sweep.json", "sweep.svg", "sweep.png"];
    let files = names.into_iter().take(if terms.png { 4 } else { 3 }).map(|name| folder.join(name));
    say!("results  {}", files.map(|file| file.display().to_string()).collect::<Vec<_>>().join(", "));
    Ok(())
}

/// What is varied and every combination of it, each read before the first one is run.
fn grid(registry: &Registry, file: &Path, terms: &Terms) -> Result<(Vec<String>, Vec<Place>), String> {
    let choices: Vec<(String, Vec<String>)> =
        terms.set.iter().map(|set| choices(set)).collect::<Result<_, _>>()?;
    if let Some((path, _)) = choices
        .iter()
        .enumerate()
        .find(|(at, one)| choices[..*at].iter().any(|other| other.0 == one.0))
        .map(|(_, one)| one)
    {
        return Err(format!("`--set {path}=…` is given twice: give all its values at once"));
    }
    let points = choices.iter().try_fold(1, |all: usize, (_, values)| all.checked_mul(values.len()));
    let too_many = |points: usize, seeds: u64| {
        format!(
            "{} points with {} seeds each are too many: at most {} points and {} runs; vary less, or take fewer --seeds",
            count(points as u64),
            count(seeds),
            count(POINTS_MAX as u64),
            count(RUNS_MAX)
        )
    };
    let seeds = terms.seeds.end - terms.seeds.start;
    let fits = |points: usize| points <= POINTS_MAX && (points as u64).saturating_mul(seeds) <= RUNS_MAX;
    let points =
        points.filter(|points| fits(*points)).ok_or_else(|| too_many(points.unwrap_or(usize::MAX), seeds))?;
    let mut places = Vec::new();
    for index in 0..points {
        let mut rest = index;
        let mut set: Vec<String> = Vec::new();
        let mut values: Vec<String> = Vec::new();
        // The last one varies fastest.
        for (path, all) in choices.iter().rev() {
            let value = &all[rest % all.len()];
            rest /= all.len();
            set.insert(0, format!("{path}={value}"));
            if all.len() > 1 {
                values.insert(0, value.clone());
            }
        }
        let variants = read_variants(registry, file, &set).ok_or_else(String::new)?;
        if variants.iter().any(|one| !runs(one)) {
            return Err(String::new());
        }
        let several = variants.len() > 1;
        for asked in variants {
            let variant = asked.variant.clone().filter(|_| several);
            places.push(Place { values: values.iter().cloned().chain(variant).collect(), asked });
        }
    }
    if !fits(places.len()) {
        return Err(too_many(places.len(), seeds));
    }
    let mut parameters: Vec<String> =
        choices.into_iter().filter(|(_, values)| values.len() > 1).map(|(path, _)| path).collect();
    parameters.extend((places[0].values.len() > parameters.len()).then(|| "variant".to_string()));
    if parameters.is_empty() {
        return Err(
            "nothing varies: give a parameter several values, like `--set services.db.nodes=3,5,7`".into()
        );
    }
    Ok((parameters, places))
}

/// A path and its values, which commas part where they stand in no brackets and no quotes.
fn choices(set: &str) -> Result<(String, Vec<String>), String> {
    let wanted = || format!("`--set {set}`: write a path and its values, like `services.db.nodes=3,5,7`");
    let (path, all) = set.split_once('=').ok_or_else(wanted)?;
    let (mut values, mut depth, mut quoted, mut escaped) = (vec![String::new()], 0_usize, false, false);
    for c in all.chars() {
        match c {
            '"' if !escaped => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted => depth = depth.saturating_sub(1),
            ',' if !quoted && depth == 0 => {
                values.push(String::new());
                continue;
            }
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        values.last_mut().expect("it begins with one").push(c);
    }
    let values: Vec<String> = values.iter().map(|value| value.trim().to_string()).collect();
    if values.iter().any(String::is_empty) {
        return Err(wanted());
    }
    if let Some(twice) = values.iter().enumerate().find(|(at, value)| values[..*at].contains(value)) {
        return Err(format!("`--set {set}`: `{}` stands there twice", twice.1));
    }
    Ok((path.trim().to_string(), values))
}

/// Runs all of it. What comes of it is put together in the order of the grid, whichever thread was first.
fn played(registry: &Registry, places: &[Place], terms: &Terms) -> Result<Vec<Point>, String> {
    let threads =
        terms.jobs.map(usize::from).or_else(|| std::thread::available_parallelism().ok().map(NonZero::get));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or(1)).build();
    let pool = pool.map_err(|error| format!("cannot start threads: {error}"))?;
    let jobs: Vec<(&Place, u64)> =
        places.iter().flat_map(|place| terms.seeds.clone().map(move |seed| (place, seed))).collect();
    let bar = ProgressBar::with_draw_target(Some(jobs.len() as u64), ProgressDrawTarget::stderr_with_hz(5));
    let style = ProgressStyle::with_template("{prefix} {wide_bar} {pos} of {len} runs  {eta} left");
    bar.set_style(style.expect("the template is well formed"));
    bar.set_prefix(places[0].asked.stem.clone());
    let run = |(place, seed): &(&Place, u64)| {
        let measured = measured(registry, &place.asked, *seed);
        bar.inc(1);
        measured
    };
    // Nobody goes on after a run that cannot be had; of several the first in the order of the grid is told.
    let failed = AtomicUsize::new(usize::MAX);
    let run = |(index, job): (usize, &(&Place, u64))| {
        if failed.load(Relaxed) < index {
            return None;
        }
        let measured = run(job);
        if measured.is_err() {
            failed.fetch_min(index, Relaxed);
        }
        Some(measured)
    };
    let runs: Vec<Option<Result<Measured, String>>> =
        pool.install(|| jobs.par_iter().enumerate().map(run).collect());
    bar.finish_and_clear();
    let runs: Vec<Measured> = runs.into_iter().flatten().collect::<Result<_, _>>()?;
    let mut runs = runs.into_iter();
    let each = (terms.seeds.end - terms.seeds.start) as usize;
    let point =
        |place: &Place| Point { values: place.values.clone(), runs: runs.by_ref().take(each).collect() };
    Ok(places.iter().map(point).collect())
}

fn measured(registry: &Registry, asked: &Asked, seed: u64) -> Result<Measured, String> {
    let plan = Plan::new(&asked.scenario, seed);
    let run = play::run(registry, &plan, Detail::Results, &mut |_, _, _| {})?;
    let origin =
        play::Origin { file: &asked.file, name: &asked.name, text: &asked.text, command: String::new() };
    Ok(Measured::of(&play::judge(registry, &plan, run, origin)).whole())
}

/// The command that gives this sweep again; with how many threads makes no difference.
fn command(file: &Path, terms: &Terms) -> String {
    let mut words = vec!["sim sweep".to_string(), quoted(&file.display().to_string())];
    words.extend(terms.set.iter().map(|set| format!("--set {}", quoted(set))));
    words.push(match terms.seeds.start {
        0 => format!("--seeds {}", terms.seeds.end),
        start => format!("--seeds {start}..{}", terms.seeds.end),
    });
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::choices;

    #[test]
    fn commas_part_values_where_they_stand_alone() {
        let of = |set: &str| choices(set).map(|(path, values)| (path, values.join(" | ")));
        let wanted = |path: &str, values: &str| Ok((path.to_string(), values.to_string()));
        assert_eq!(of("a.b=3, 5,7"), wanted("a.b", "3 | 5 | 7"));
        assert_eq!(of("a=(\"1ms\",\"2ms\"),Uniform(1, 2)"), wanted("a", "(\"1ms\",\"2ms\") | Uniform(1, 2)"));
        assert_eq!(of(r#"a="x,\",(",y"#), wanted("a", r#""x,\",(" | y"#));
        assert_eq!(of("a=5"), wanted("a", "5"));
        for bad in ["a", "a=", "a=1,", "a=,1", "a=1,2,1"] {
            assert!(of(bad).is_err(), "{bad}");
        }
    }
}
