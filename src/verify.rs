//! `sim verify` and `sim fingerprint`: is a run the same in another process?

use crate::{
    Choice,
    asked::read,
    commands::{BAD_INPUT, say},
    output,
    progress::Progress,
};
use scenarios::{
    Registry,
    plan::Plan,
    play::{self, Detail},
};
use sim_core::judged::Judged;
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process,
};

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
