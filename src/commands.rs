//! What each subcommand does.

use crate::{Choice, output, progress::Progress};
use reports::counted;
pub(crate) use reports::quoted;
use scenarios::{
    Registry,
    diagnostics::Diagnostics,
    format::{FILE_MAX, Scenario},
    plan::Plan,
    play::{self, Detail},
    read, set,
    variants::Variants,
    vocabulary,
};
use sim_core::{
    judged::{Judged, Status},
    run::Run,
    trace::{Scope, Trace},
};
use std::{
    io::{BufRead, BufReader, IsTerminal, Read, Write},
    path::{Path, PathBuf},
    process,
    sync::Arc,
};

/// Says a line on standard output. Who reads no further is not told the rest, and that is no error.
macro_rules! say {
    ($($part:tt)*) => {
        drop(std::io::Write::write_fmt(&mut std::io::stdout(), format_args!("{}\n", format_args!($($part)*))))
    };
}
pub(crate) use say;

/// Bad input or usage.
pub(crate) const BAD_INPUT: u8 = 2;

/// A scenario as it was asked for on the command line.
pub(crate) struct Asked {
    /// Its file, and behind a `#` its variant, if the file has some.
    pub(crate) file: String,
    /// The file's name without `.ron`, and behind a `#` its variant.
    pub(crate) name: String,
    /// The file's name without `.ron`.
    pub(crate) stem: String,
    pub(crate) variant: Option<String>,
    pub(crate) text: Arc<str>,
    pub(crate) scenario: Scenario,
}

/// What is to be left of runs.
pub(crate) struct Wanted<'a> {
    pub(crate) out: Option<&'a Path>,
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

/// Reads all files before the first one runs: a mistake in the last should not cost the time of the others.
pub(crate) fn read_all(registry: &Registry, files: &[PathBuf], set: &[String]) -> Option<Vec<Asked>> {
    let asked: Vec<_> = files.iter().map(|file| read(registry, file, set)).collect();
    let asked: Vec<Asked> = asked.into_iter().collect::<Option<_>>()?;
    folders_differ(&asked.iter().collect::<Vec<_>>()).then_some(asked)
}

/// Whether no two files would write to the same folder; says so if they would.
fn folders_differ(asked: &[&Asked]) -> bool {
    let clash = asked.iter().enumerate().find_map(|(i, one)| {
        asked[..i].iter().find(|other| other.stem == one.stem).map(|other| (other, one))
    });
    if let Some((one, other)) = clash {
        eprintln!(
            "error: {} and {} would write to the same folder: give them one by one, with `--out DIR` each",
            one.file, other.file
        );
    }
    clash.is_none()
}

/// Where the results of one of so many files go; `of` names which results, where nobody says where.
pub(crate) fn folder(out: Option<&Path>, one: &Asked, files: usize, of: &str) -> PathBuf {
    match out {
        None => Path::new("sim-out").join(&one.stem).join(of),
        Some(out) if files == 1 => out.to_path_buf(),
        Some(out) => out.join(&one.stem),
    }
}

fn play_and_write(
    registry: &Registry,
    one: &Asked,
    plan: &Plan,
    choice: &Choice,
    folder: &Path,
    &Wanted { trace, png, parquet, .. }: &Wanted<'_>,
) -> Result<Judged, String> {
    let mut progress = Progress::new(&one.name);
    let detail = if trace { Detail::Trace } else { Detail::Readings };
    let mut profile = Vec::new();
    let run = play::run(registry, plan, detail, &mut |now, until, events| {
        profile.push((now, events));
        progress.at(now, until, events);
    })?;
    progress.doing("checking");
    let origin = play::Origin {
        file: &one.file,
        name: &one.name,
        text: &one.text,
        command: command(one, plan, choice),
    };
    let mut judged = play::judge(registry, plan, run, origin);
    if !trace && let Some(scope) = reports::scope(&judged, &profile) {
        progress.doing("tracing");
        judged.run.trace = traced(registry, plan, scope, &judged.run)?;
    }
    progress.doing("writing");
    // What an earlier run left here goes first: nobody shall take its report for this one's.
    output::clear(folder, &["report.html", "trace.jsonl", "ops.parquet"])?;
    let text = |text: String| move |to: &mut (dyn Write + Send)| to.write_all(text.as_bytes());
    output::write(folder, "plan.ron", text(judged.provenance.plan.clone()))?;
    output::picture(folder, "latency", Some(reports::latency_svg(&judged)), png)?;
    output::picture(folder, "availability", Some(reports::availability_svg(&judged)), png)?;
    output::picture(folder, "gauges", reports::gauges_svg(&judged), png)?;
    output::picture(folder, "tasks", reports::tasks_svg(&judged), png)?;
    output::write(folder, "summary.json", text(reports::summary_json(&judged)))?;
    output::write(folder, "ops.csv", |to| reports::operations_csv(&judged, to))?;
    if parquet {
        output::write(folder, "ops.parquet", |to| reports::operations_parquet(&judged, to))?;
    }
    output::write(folder, "history.jsonl", |to| reports::history_jsonl(&judged, to))?;
    if trace {
        output::write(folder, "trace.jsonl", |to| reports::trace_jsonl(&judged, to))?;
    }
    // Last, because it is what people open: when it is there, everything is.
    output::write(folder, "report.html", text(reports::html(&judged)))?;
    drop(progress);
    say!("{}", reports::text(&judged, colored()).trim_end());
    say!("report      {}", folder.join("report.html").display());
    Ok(judged)
}

/// The trace of what matters in a run, for its page: the run is played once more.
fn traced(registry: &Registry, plan: &Plan, scope: Scope, first: &Run) -> Result<Option<Trace>, String> {
    let mut world = registry.world(plan)?;
    world.trace_only(scope);
    world.run(play::EVENTS_MAX);
    let again = world.finish();
    assert_eq!(
        (again.fingerprint, again.events),
        (first.fingerprint, first.events),
        "a run is a function of its plan, traced or not"
    );
    Ok(again.trace)
}

/// The command that gives this run again.
fn command(one: &Asked, plan: &Plan, choice: &Choice) -> String {
    let mut words = vec!["sim run".to_string(), quoted(&one.file), format!("--seed {}", plan.core.seed)];
    words.extend(choice.set.iter().map(|set| format!("--set {}", quoted(set))));
    words.join(" ")
}

pub(crate) fn colored() -> bool {
    #[allow(clippy::disallowed_methods)]
    // The only variable that is read: the custom by which people switch colours off (no-color.org).
    let unwanted = std::env::var("NO_COLOR").is_ok_and(|value| !value.is_empty());
    std::io::stdout().is_terminal() && !unwanted
}

pub(crate) fn check(registry: &Registry, files: &[PathBuf], set: &[String]) -> u8 {
    let mut code = 0;
    for file in files {
        let Some(variants) = read_variants(registry, file, set) else {
            code = BAD_INPUT;
            continue;
        };
        for one in variants {
            let servers = one.scenario.services.iter().map(|s| u64::from(s.nodes)).sum::<u64>();
            let nodes = servers + one.scenario.clients.as_ref().map_or(0, |c| u64::from(c.nodes));
            let faults = one.scenario.faults.len() + one.scenario.nemesis.len();
            say!(
                "{}: ok: {}, {}, {}, until {}",
                one.file,
                counted(nodes, "node"),
                counted(faults as u64, "fault"),
                counted(one.scenario.expect.len() as u64, "expectation"),
                one.scenario.until
            );
        }
    }
    code
}

/// Reads a scenario that is to run; says on standard error what is wrong with it.
pub(crate) fn read(registry: &Registry, file: &Path, set: &[String]) -> Option<Asked> {
    read_any(registry, file, set).filter(runs)
}

/// Whether a scenario can run; says so if it cannot.
pub(crate) fn runs(one: &Asked) -> bool {
    let runs = one.scenario.path().is_empty();
    if !runs {
        eprintln!("error: {}: this is a path through an explored world: `sim replay` plays it", one.file);
    }
    runs
}

/// Reads a scenario, or a path through one.
pub(crate) fn read_any(registry: &Registry, file: &Path, set: &[String]) -> Option<Asked> {
    let (path, variant) = variant(file);
    let one = variants(registry, path, variant, set).and_then(|(all, text)| {
        let shown = path.display().to_string();
        Ok(asked(path, variant.map(str::to_string), read::only(&shown, all, variant)?, text.into()))
    });
    one.map_err(|problems| complain(&problems)).ok()
}

/// Reads all variants of a scenario, or the one that is named behind its file; or else itself.
pub(crate) fn read_variants(registry: &Registry, file: &Path, set: &[String]) -> Option<Vec<Asked>> {
    if variant(file).1.is_some() {
        return Some(vec![read_any(registry, file, set)?]);
    }
    let (all, text) = variants(registry, file, None, set).map_err(|problems| complain(&problems)).ok()?;
    let text: Arc<str> = text.into();
    Some(all.into_iter().map(|(name, scenario)| asked(file, name, scenario, text.clone())).collect())
}

fn complain(problems: &Diagnostics) {
    eprintln!("{}", problems.render(std::io::stderr().is_terminal()).trim_end());
}

/// A file, and the variant that is named behind it; a file whose own name has a `#` is no variant.
fn variant(file: &Path) -> (&Path, Option<&str>) {
    let split = || file.to_str().filter(|_| !file.exists())?.rsplit_once('#');
    split().map_or((file, None), |(file, variant)| (Path::new(file), Some(variant)))
}

/// All variants of a file, of which `wanted` is asked for if any one is; see [`set::read_set_all`].
fn variants(
    registry: &Registry,
    file: &Path,
    wanted: Option<&str>,
    set: &[String],
) -> Result<(Variants, String), Diagnostics> {
    let shown = file.display().to_string();
    let bytes =
        contents(file).map_err(|error| Diagnostics::of_file(&shown, &format!("cannot read it: {error}")))?;
    let source = read::text(&shown, &bytes)?;
    let set: Vec<&str> = set.iter().map(String::as_str).collect();
    set::read_set_all(&shown, source, &set, wanted, registry)
}

fn asked(file: &Path, variant: Option<String>, scenario: Scenario, text: Arc<str>) -> Asked {
    let stem = file.file_stem().map_or_else(|| "scenario".into(), |stem| stem.to_string_lossy().into_owned());
    let behind = variant.as_ref().map_or_else(String::new, |variant| format!("#{variant}"));
    let (file, name) = (format!("{}{behind}", file.display()), format!("{stem}{behind}"));
    Asked { file, name, stem, variant, text, scenario }
}

/// The file's bytes, at most one more than a scenario may have: `read` refuses what is longer.
fn contents(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(file)?.take(FILE_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

pub(crate) fn list(registry: &Registry) -> u8 {
    for protocol in registry.listing() {
        say!("{}\n    {}", protocol.name, protocol.about);
        say!("    roles       {}", protocol.roles.join(", "));
        let names = |wanted: bool| {
            let of = protocol.properties.iter().filter(|(_, always)| *always == wanted);
            of.map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
        };
        say!("    always      {}", names(true));
        say!("    sometimes   {}", names(false));
        say!("    operations  {}", protocol.mix);
        if !protocol.calls.is_empty() {
            say!("    calls       {}", protocol.calls.join(" or "));
        }
        say!("    with        {}", protocol.config);
        if !protocol.flaws.is_empty() {
            say!("    flaws       {}", protocol.flaws.join(", "));
        }
    }
    say!("\nfaults, links, delays, expectations and how to write them: sim list faults");
    0
}

pub(crate) fn list_faults(markdown: bool) -> u8 {
    let table = if markdown { vocabulary::markdown() } else { vocabulary::text() };
    say!("{}", table.trim_end());
    0
}

pub(crate) fn fingerprint(registry: &Registry, file: &Path, choice: &Choice, trace: Option<&Path>) -> u8 {
    let Some(one) = read(registry, file, &choice.set) else { return BAD_INPUT };
    let plan = Plan::new(&one.scenario, choice.seed.unwrap_or(one.scenario.seed));
    let detail = if trace.is_some() { Detail::Trace } else { Detail::Results };
    let run = match play::run(registry, &plan, detail, &mut |_, _, _| {}) {
        Ok(run) => run,
        Err(message) => {
            eprintln!("error: {message}");
            return BAD_INPUT;
        }
    };
    say!("{:016x} {}", run.fingerprint, run.events);
    if let Some(path) = trace {
        let judged = Judged {
            provenance: Default::default(),
            run,
            measures: Default::default(),
            verdicts: Vec::new(),
        };
        let (folder, name) = (path.parent().unwrap_or(Path::new(".")), path.file_name().unwrap_or_default());
        if let Err(message) =
            output::write(folder, &name.to_string_lossy(), |to| reports::trace_jsonl(&judged, to))
        {
            eprintln!("error: {message}");
            return BAD_INPUT;
        }
    }
    0
}

pub(crate) fn verify(registry: &Registry, file: &Path, choice: &Choice) -> u8 {
    let Some(one) = read(registry, file, &choice.set) else { return BAD_INPUT };
    let plan = Plan::new(&one.scenario, choice.seed.unwrap_or(one.scenario.seed));
    let mut progress = Progress::new(&one.name);
    // The other process reads nothing off the nodes: to look at them must make no difference either.
    let detail = Detail::Readings;
    let here = play::run(registry, &plan, detail, &mut |now, until, events| progress.at(now, until, events));
    drop(progress);
    let here = match here {
        Ok(run) => format!("{:016x} {}", run.fingerprint, run.events),
        Err(message) => {
            eprintln!("error: {message}");
            return BAD_INPUT;
        }
    };
    let there = match elsewhere(file, choice, None) {
        Ok(there) => there,
        Err(message) => {
            eprintln!("error: {message}");
            return 101;
        }
    };
    let seed = plan.core.seed;
    if here == there {
        say!("{}: seed {seed}: the same run in two processes: fingerprint and events {here}", one.file);
        return 0;
    }
    say!(
        "{}: seed {seed}: NOT the same run\n  in this process  {here}\n  in a fresh one   {there}",
        one.file
    );
    match first_difference(file, choice) {
        Ok(Some((line, a, b))) => say!("first diverging event, number {line}:\n  {a}\n  {b}"),
        Ok(None) => say!(
            "two more runs, traced, took the same inputs: the difference lies in states or results, or comes and goes"
        ),
        Err(message) => eprintln!("error: no trace to compare: {message}"),
    }
    1
}

/// The fingerprint and number of events of the same run in a fresh process.
fn elsewhere(file: &Path, choice: &Choice, trace: Option<&Path>) -> Result<String, String> {
    let program = std::env::current_exe().map_err(|e| format!("cannot find the running program: {e}"))?;
    let mut command = process::Command::new(program);
    command.arg("fingerprint").arg(file);
    if let Some(seed) = choice.seed {
        command.arg("--seed").arg(seed.to_string());
    }
    for set in &choice.set {
        command.arg("--set").arg(set);
    }
    if let Some(path) = trace {
        command.arg("--trace").arg(path);
    }
    let output = command.stderr(process::Stdio::inherit()).output();
    let output = output.map_err(|e| format!("cannot start a fresh process: {e}"))?;
    if !output.status.success() {
        return Err(format!("the fresh process ended with {}", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_string())
}

type Difference = (usize, String, String);

/// Runs twice more with traces, each in a fresh process, and finds the first line that differs.
fn first_difference(file: &Path, choice: &Choice) -> Result<Option<Difference>, String> {
    let folder = std::env::temp_dir().join(format!("sim-verify-{}", process::id()));
    let paths = [folder.join("a.jsonl"), folder.join("b.jsonl")];
    let found =
        paths.iter().try_for_each(|path| elsewhere(file, choice, Some(path)).map(drop)).and_then(|()| {
            let open = |path: &Path| {
                let file =
                    std::fs::File::open(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
                Ok::<_, String>(BufReader::new(file).lines())
            };
            let (mut a, mut b) = (open(&paths[0])?, open(&paths[1])?);
            for number in 1.. {
                let line = |next: Option<std::io::Result<String>>| match next {
                    None => "the run has ended".to_string(),
                    Some(line) => line.unwrap_or_else(|error| error.to_string()),
                };
                match (a.next(), b.next()) {
                    (None, None) => break,
                    (one, other) => {
                        let (one, other) = (line(one), line(other));
                        if one != other {
                            return Ok(Some((number, one, other)));
                        }
                    }
                }
            }
            Ok(None)
        });
    let _ = std::fs::remove_dir_all(&folder);
    found
}
