//! What each subcommand does.

use crate::{Choice, output, progress::Progress};
use scenarios::{
    Registry,
    diagnostics::Diagnostics,
    format::{FILE_MAX, Scenario},
    plan::Plan,
    play, read, set, vocabulary,
};
use sim_core::judged::{Judged, Status};
use std::{
    io::{BufRead, BufReader, IsTerminal, Read, Write},
    path::{Path, PathBuf},
    process,
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
    pub(crate) file: String,
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) scenario: Scenario,
}

pub(crate) fn run(
    registry: &Registry,
    files: &[PathBuf],
    choice: &Choice,
    out: Option<&Path>,
    trace: bool,
) -> u8 {
    let Some(asked) = read_all(registry, files, &choice.set) else { return BAD_INPUT };
    let mut worst = Status::Held;
    for (index, one) in asked.iter().enumerate() {
        let plan = Plan::new(&one.scenario, choice.seed.unwrap_or(one.scenario.seed));
        let folder = folder(out, one, asked.len(), &plan.core.seed.to_string());
        if index > 0 {
            say!("");
        }
        match play_and_write(registry, one, &plan, choice, &folder, trace) {
            Ok(judged) => worst = worst.max(judged.status()),
            Err(message) => {
                eprintln!("error: {message}");
                return BAD_INPUT;
            }
        }
    }
    worst.exit_code()
}

/// Reads all files before the first one runs: a mistake in the last should not cost the time of the others.
pub(crate) fn read_all(registry: &Registry, files: &[PathBuf], set: &[String]) -> Option<Vec<Asked>> {
    let asked: Vec<_> = files.iter().map(|file| read(registry, file, set)).collect();
    let asked: Vec<Asked> = asked.into_iter().collect::<Option<_>>()?;
    if let Some((one, other)) = same_folder(&asked) {
        eprintln!(
            "error: {one} and {other} would write to the same folder: give them one by one, with `--out DIR` each"
        );
        return None;
    }
    Some(asked)
}

/// Where the results of one of so many files go; `of` names which results, where nobody says where.
pub(crate) fn folder(out: Option<&Path>, one: &Asked, files: usize, of: &str) -> PathBuf {
    match out {
        None => Path::new("sim-out").join(&one.name).join(of),
        Some(out) if files == 1 => out.to_path_buf(),
        Some(out) => out.join(&one.name),
    }
}

/// Two files whose results would lie in the same folder.
fn same_folder(asked: &[Asked]) -> Option<(&str, &str)> {
    let pairs =
        asked.iter().enumerate().flat_map(|(i, one)| asked[..i].iter().map(move |other| (other, one)));
    let clash = |(one, other): &(&Asked, &Asked)| one.name == other.name;
    pairs.filter(clash).map(|(one, other)| (one.file.as_str(), other.file.as_str())).next()
}

fn play_and_write(
    registry: &Registry,
    one: &Asked,
    plan: &Plan,
    choice: &Choice,
    folder: &Path,
    trace: bool,
) -> Result<Judged, String> {
    let mut progress = Progress::new(&one.name);
    let run = play::run(registry, plan, trace, &mut |now, until, events| progress.at(now, until, events))?;
    progress.doing("checking");
    let origin = play::Origin {
        file: &one.file,
        name: &one.name,
        text: &one.text,
        command: command(one, plan, choice),
    };
    let judged = play::judge(registry, plan, run, origin);
    progress.doing("writing");
    // What an earlier run left here goes first: nobody shall take its report for this one's.
    output::clear(folder, &["report.html", "trace.jsonl"])?;
    let text = |text: String| move |to: &mut dyn Write| to.write_all(text.as_bytes());
    output::write(folder, "plan.ron", text(judged.provenance.plan.clone()))?;
    output::write(folder, "latency.svg", text(reports::latency_svg(&judged)))?;
    output::write(folder, "availability.svg", text(reports::availability_svg(&judged)))?;
    output::write(folder, "summary.json", text(reports::summary_json(&judged)))?;
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

/// The command that gives this run again.
fn command(one: &Asked, plan: &Plan, choice: &Choice) -> String {
    let mut words = vec!["sim run".to_string(), quoted(&one.file), format!("--seed {}", plan.core.seed)];
    words.extend(choice.set.iter().map(|set| format!("--set {}", quoted(set))));
    words.join(" ")
}

/// A word for a POSIX shell.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_string()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
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
        match read_any(registry, file, set) {
            Some(one) => say!(
                "{}: ok: {} nodes, {} faults, {} expectations, until {}",
                one.file,
                one.scenario.services.iter().map(|s| u64::from(s.nodes)).sum::<u64>()
                    + one.scenario.clients.as_ref().map_or(0, |c| u64::from(c.nodes)),
                one.scenario.faults.len(),
                one.scenario.expect.len(),
                one.scenario.until
            ),
            None => code = BAD_INPUT,
        }
    }
    code
}

/// Reads a scenario that is to run; says on standard error what is wrong with it.
pub(crate) fn read(registry: &Registry, file: &Path, set: &[String]) -> Option<Asked> {
    let one = read_any(registry, file, set)?;
    if one.scenario.path().is_empty() {
        return Some(one);
    }
    eprintln!("error: {}: this is a path through an explored world: `sim replay` plays it", one.file);
    None
}

/// Reads a scenario, or a path through one.
pub(crate) fn read_any(registry: &Registry, file: &Path, set: &[String]) -> Option<Asked> {
    let shown = file.display().to_string();
    let read = contents(file)
        .map_err(|error| Diagnostics::of_file(&shown, &format!("cannot read it: {error}")))
        .and_then(|bytes| {
            let source = read::text(&shown, &bytes)?;
            let set: Vec<&str> = set.iter().map(String::as_str).collect();
            set::read_set(&shown, source, &set, registry)
        });
    match read {
        Ok((scenario, text)) => {
            let name = file
                .file_stem()
                .map_or_else(|| "scenario".into(), |stem| stem.to_string_lossy().into_owned());
            Some(Asked { file: shown, name, text, scenario })
        }
        Err(problems) => {
            eprintln!("{}", problems.render(std::io::stderr().is_terminal()).trim_end());
            None
        }
    }
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
    let run = match play::run(registry, &plan, trace.is_some(), &mut |_, _, _| {}) {
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
    let here = play::run(registry, &plan, false, &mut |now, until, events| progress.at(now, until, events));
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
