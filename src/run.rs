//! `sim run`: plays scenarios, has them judged, and writes what came of them.

use crate::{
    Choice,
    asked::{Asked, folder, folders_differ, read_variants, runs},
    commands::{BAD_INPUT, colored, say},
    output,
    progress::Progress,
};
use reports::quoted;
use scenarios::{
    Registry,
    format::Scenario,
    plan::Plan,
    play::{self, Detail, Judgement},
};
use sim_core::{
    judged::{Judged, Status},
    run::Run,
    trace::{Scope, Trace},
};
use std::{
    io::Write,
    panic::resume_unwind,
    path::{Path, PathBuf},
    thread,
};

/// What is to be left of runs.
pub(crate) struct Wanted<'a> {
    pub(crate) out: Option<&'a Path>,
    /// Events that a run may take.
    pub(crate) events: u64,
    pub(crate) trace: bool,
    pub(crate) png: bool,
    pub(crate) parquet: bool,
    pub(crate) junit: Option<&'a Path>,
}

pub(crate) fn run(registry: &Registry, files: &[PathBuf], choice: &Choice, wanted: &Wanted<'_>) -> u8 {
    let Wanted { out, junit, .. } = *wanted;
    let asked: Vec<_> = files.iter().map(|file| read_variants(registry, file, &choice.set)).collect();
    let Some(asked) = asked.into_iter().collect::<Option<Vec<Vec<Asked>>>>() else { return BAD_INPUT };
    if asked.iter().flatten().any(|one| !runs(one))
        || !folders_differ(&asked.iter().filter_map(|variants| variants.first()).collect::<Vec<_>>())
    {
        return BAD_INPUT;
    }
    let mut worst = Status::Held;
    let mut first = true;
    let mut verdicts = reports::Verdicts::default();
    let replaced = |junit: &Path| {
        files.iter().try_for_each(|file| output::replaceable(junit, &file.to_string_lossy()))?;
        output::absent(junit)
    };
    if let Some(Err(message)) = junit.map(replaced) {
        eprintln!("error: {message}");
        return BAD_INPUT;
    }
    for variants in &asked {
        let mut played = Vec::new();
        for one in variants {
            let plan = Plan::new(&one.scenario, choice.seed.unwrap_or(one.scenario.seed));
            let whole = folder(out, one, asked.len(), &plan.core.seed.to_string());
            // What compared an earlier run would seem to be about this one.
            if let Err(message) = output::clear(&whole, &["comparison.html"]) {
                eprintln!("error: {message}");
                return BAD_INPUT;
            }
            let folder = one.variant.as_ref().map_or(whole.clone(), |variant| whole.join(variant));
            if !std::mem::take(&mut first) {
                say!("");
            }
            match play_and_write(registry, one, &plan, choice, &folder, wanted) {
                Ok(judged) => {
                    worst = worst.max(judged.status());
                    verdicts.add(&judged);
                    played.push((one, judged, whole));
                }
                Err(message) => {
                    eprintln!("error: {message}");
                    return BAD_INPUT;
                }
            }
        }
        if let Err(message) = compare(&played) {
            eprintln!("error: {message}");
            return BAD_INPUT;
        }
    }
    if let Some(Err(message)) = junit.map(|file| output::write_file(file, verdicts.xml())) {
        eprintln!("error: {message}");
        return BAD_INPUT;
    }
    worst.exit_code()
}

/// Variants of one file, side by side.
fn compare(played: &[(&Asked, Judged, PathBuf)]) -> Result<(), String> {
    let [(first, _, folder), _, ..] = played else { return Ok(()) };
    let variants: Vec<(&str, &Scenario, &Judged)> = played
        .iter()
        .map(|(one, judged, _)| (one.variant.as_deref().unwrap_or_default(), &one.scenario, judged))
        .collect();
    let comparison = scenarios::compare::compare(&first.stem, &variants);
    let judged: Vec<&Judged> = variants.iter().map(|(_, _, judged)| *judged).collect();
    let html = reports::comparison_html(&comparison, &judged);
    output::write(folder, "comparison.html", move |to| to.write_all(html.as_bytes()))?;
    say!("\n{}", reports::comparison_text(&comparison, colored()).trim_end());
    say!("comparison  {}", folder.join("comparison.html").display());
    Ok(())
}

fn play_and_write(
    registry: &Registry,
    one: &Asked,
    plan: &Plan,
    choice: &Choice,
    folder: &Path,
    wanted: &Wanted<'_>,
) -> Result<Judged, String> {
    let trace = wanted.trace;
    let mut progress = Progress::new(&one.name);
    let detail = if trace { Detail::Trace } else { Detail::Readings };
    let mut profile = Vec::new();
    let run = play::run_within(wanted.events, registry, plan, detail, &mut |now, until, events| {
        profile.push((now, events));
        progress.at(now, until, events);
    })?;
    // What an earlier run left here goes first: nobody shall take its report for this one's.
    output::clear(folder, &["report.html", "summary.json", "ops.csv", "trace.jsonl", "ops.parquet"])?;
    progress.doing("checking");
    let origin = play::Origin {
        file: &one.file,
        name: &one.name,
        text: &one.text,
        command: command(one, plan, choice, wanted.events),
    };
    // The history is the largest file, and what is judged does not change it.
    let (judgement, written) = both(
        || Judgement::of(registry, plan, &run, origin),
        || output::write(folder, "history.jsonl", |to| reports::history_jsonl(&run, to)),
    );
    written?;
    let mut judged = judgement.with(run);
    if !trace && let Some(scope) = reports::scope(&judged, &profile) {
        progress.doing("tracing");
        judged.run.trace = traced(registry, plan, (scope, wanted.events), &judged.run)?;
    }
    progress.doing("writing");
    let (html, rows) = both(|| reports::html(&judged), || write_rows(&judged, folder, wanted));
    rows?;
    write_figures(&judged, folder, wanted.png)?;
    // Last, because it is what people open: when it is there, everything is.
    output::write(folder, "report.html", |to| to.write_all(html.as_bytes()))?;
    drop(progress);
    say!("{}", reports::text(&judged, colored()).trim_end());
    say!("report      {}", folder.join("report.html").display());
    Ok(judged)
}

/// Does the one here, where the stack is that of the program, and the other beside it.
fn both<A, B: Send>(here: impl FnOnce() -> A, beside: impl FnOnce() -> B + Send) -> (A, B) {
    thread::scope(|scope| {
        let beside = scope.spawn(beside);
        let here = here();
        (here, beside.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })
}

/// What has a line for each operation or event.
fn write_rows(judged: &Judged, folder: &Path, wanted: &Wanted<'_>) -> Result<(), String> {
    output::write(folder, "ops.csv", |to| reports::operations_csv(judged, to))?;
    if wanted.parquet {
        output::write(folder, "ops.parquet", |to| reports::operations_parquet(judged, to))?;
    }
    if wanted.trace {
        output::write(folder, "trace.jsonl", |to| reports::trace_jsonl(judged, to))?;
    }
    Ok(())
}

/// What sums a run up: its plan, its pictures, its summary.
fn write_figures(judged: &Judged, folder: &Path, png: bool) -> Result<(), String> {
    let text = |text: String| move |to: &mut (dyn Write + Send)| to.write_all(text.as_bytes());
    output::write(folder, "plan.ron", text(judged.provenance.plan.clone()))?;
    output::picture(folder, "latency", Some(reports::latency_svg(judged)), png)?;
    output::picture(folder, "availability", Some(reports::availability_svg(judged)), png)?;
    output::picture(folder, "gauges", reports::gauges_svg(judged), png)?;
    output::picture(folder, "tasks", reports::tasks_svg(judged), png)?;
    output::write(folder, "summary.json", text(reports::summary_json(judged)))
}

/// The trace of what matters in a run, for its page: the run is played once more.
fn traced(
    registry: &Registry,
    plan: &Plan,
    (scope, events): (Scope, u64),
    first: &Run,
) -> Result<Option<Trace>, String> {
    let mut world = registry.world(plan)?;
    world.trace_only(scope);
    world.run(events);
    let again = world.finish();
    assert_eq!(
        (again.fingerprint, again.events),
        (first.fingerprint, first.events),
        "a run is a function of its plan, traced or not"
    );
    Ok(again.trace)
}

/// The command that gives this run again.
fn command(one: &Asked, plan: &Plan, choice: &Choice, events: u64) -> String {
    let mut words = vec!["sim run".to_string(), quoted(&one.file), format!("--seed {}", plan.core.seed)];
    words.extend((events != play::EVENTS_MAX).then(|| format!("--events {events}")));
    words.extend(choice.set.iter().map(|set| format!("--set {}", quoted(set))));
    words.join(" ")
}
