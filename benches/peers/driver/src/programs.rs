//! Building the programs, and running one.

use crate::{
    plan::{Row, System},
    samples::Sample,
};
use std::{
    io::{self, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How long a process may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often we look whether it has ended.
const GLANCE: Duration = Duration::from_millis(5);

/// Where the programs are: this one is among them.
pub(crate) fn folder() -> Result<PathBuf, String> {
    if cfg!(debug_assertions) {
        return Err("a debug build measures nothing: run with `cargo run --release -p peers`".to_string());
    }
    let this = std::env::current_exe().map_err(|error| format!("where is this program? {error}"))?;
    Ok(this.parent().map(Path::to_path_buf).unwrap_or_default())
}

/// Builds a package: alone, so that it has the features that it asks for, and none that another one does.
pub(crate) fn build(package: &str, folder: &Path) -> Result<(), String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_string());
    let target = folder.parent().unwrap_or(folder);
    let status = Command::new(cargo)
        .args(["build", "--release", "--locked", "--quiet", "--target-dir"])
        .arg(target)
        // It would take the place of the flags in .cargo/config.toml, which madsim needs.
        .env_remove("RUSTFLAGS")
        // Where the package is, for one of them is a workspace of its own.
        .current_dir(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(package))
        .status()
        .map_err(|error| format!("cargo does not start: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{package}` does not build: cargo gave {status}")) }
}

/// Runs one measurement.
pub(crate) fn measure(folder: &Path, system: &System, row: &Row, units: u64) -> Result<Sample, String> {
    let mut child = Command::new(folder.join(system.program))
        .args([row.name(), &row.size.to_string(), &units.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("`{}` does not start: {error}", system.program))?;
    let said = listen(child.stdout.take());
    let complained = listen(child.stderr.take());
    let status = wait(&mut child)?;
    let said = said.join().unwrap_or_default();
    let complained = complained.join().unwrap_or_default();
    if !status.success() {
        let reason = complained.lines().next().unwrap_or("and said nothing");
        return Err(format!("ended with {status}: {reason}"));
    }
    parse(&said, system, row).ok_or_else(|| format!("expected a line `RESULT …`, found `{}`", said.trim()))
}

/// Reads all that comes, on a thread, so that the process never waits for us.
fn listen(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || pipe.and_then(|pipe| io::read_to_string(pipe).ok()).unwrap_or_default())
}

/// Waits for it, but not for ever.
fn wait(child: &mut Child) -> Result<ExitStatus, String> {
    let failed = |error: io::Error| format!("cannot be waited for: {error}");
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            return Ok(status);
        }
        if start.elapsed() > PATIENCE {
            child.kill().map_err(failed)?;
            child.wait().map_err(failed)?;
            return Err(format!("took more than {} s", PATIENCE.as_secs()));
        }
        thread::sleep(GLANCE);
    }
}

/// `RESULT <system> <workload> <size> <units> <cpu ns> <peak KiB> <check>`, from the end: the system may have spaces.
fn parse(said: &str, system: &System, row: &Row) -> Option<Sample> {
    let line = said.lines().find_map(|line| line.strip_prefix("RESULT "))?;
    let mut words = line.rsplitn(7, ' ');
    let check = words.next()?.to_string();
    let peak_kib = words.next()?.parse().ok()?;
    let cpu_nanos: u64 = words.next()?.parse().ok()?;
    let units: u64 = words.next()?.parse().ok()?;
    let size = words.next()?.parse().ok()?;
    let workload = words.next()?;
    if workload != row.name() || units == 0 {
        return None;
    }
    Some(Sample {
        system: system.name,
        program: words.next()?.to_string(),
        workload: row.name(),
        size,
        round: 0,
        units,
        cpu_nanos,
        nanos_per_unit: cpu_nanos as f64 / units as f64,
        peak_kib,
        check,
    })
}
