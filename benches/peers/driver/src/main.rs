//! Builds all the programs, runs them in turn, and writes the tables and the plot.
//!
//! A measurement is a process of its own. In every round each row of the table is measured once on every system, one
//! right after the other, so that whatever else the machine does falls on all of them.

mod machine;
mod plan;
mod plot;
mod programs;
mod report;
mod samples;
mod verdicts;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use plan::{ROWS, SYSTEMS, System};
use samples::{Failure, Sample, Samples};
use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

/// Compares the engine with a hand-written floor and with other engines.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
    /// How often everything is measured.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// A tenth of the work, and no sizes above 100,000: to see that it runs, not to publish.
    #[arg(long)]
    quick: bool,
    /// Only these systems: `ours`, `floor`, or a peer, as in `ours,floor,simcore`.
    #[arg(long, value_delimiter = ',', value_name = "GROUPS")]
    only: Vec<String>,
    /// Where peers.md, peers.json and scaling.svg go.
    #[arg(long, default_value = "out", value_name = "DIR")]
    out: PathBuf,
}

fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), String> {
    let mut systems = chosen(&options.only)?;
    let programs = programs::folder()?;
    build(&mut systems, &programs)?;
    let samples = measure(options, &systems, &programs);
    write(options, &systems, &samples)?;
    println!("{}", report::tables(&systems, &samples));
    println!("{}", verdicts::text(&samples));
    for failure in &samples.failures {
        eprintln!("warning: {failure}");
    }
    for difference in samples.unsteady() {
        eprintln!("warning: {difference}");
    }
    Ok(())
}

/// The systems that `--only` names: all of them if it names none.
fn chosen(only: &[String]) -> Result<Vec<&'static System>, String> {
    for group in only {
        if !SYSTEMS.iter().any(|system| system.group == group) {
            let mut groups: Vec<_> = SYSTEMS.iter().map(|system| system.group).collect();
            groups.dedup();
            return Err(format!("--only: no systems `{group}`, expected some of {}", groups.join(", ")));
        }
    }
    let wanted = |system: &&System| only.is_empty() || only.iter().any(|group| system.group == group);
    Ok(SYSTEMS.iter().filter(wanted).collect())
}

/// Builds them. A peer that does not build (one of them needs Python's library) is left out, with a warning.
fn build(systems: &mut Vec<&'static System>, programs: &Path) -> Result<(), String> {
    let mut packages: Vec<_> = systems.iter().map(|system| system.package).collect();
    packages.dedup();
    for package in packages {
        eprintln!("building {package}");
        let Err(message) = programs::build(package, programs) else { continue };
        if systems.iter().any(|system| system.package == package && !system.is_peer()) {
            return Err(message);
        }
        eprintln!("warning: {message}; left out");
        systems.retain(|system| system.package != package);
    }
    Ok(())
}

fn measure(options: &Options, systems: &[&'static System], programs: &Path) -> Samples {
    let mut samples = Samples::default();
    let tasks = || {
        ROWS.iter()
            .filter(|row| !options.quick || row.size <= 100_000)
            .flat_map(|row| systems.iter().filter_map(move |&system| Some((system, row, row.units(system)?))))
    };
    let bar = ProgressBar::new(u64::from(options.rounds) * tasks().count() as u64);
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len}, {eta} left: {msg}");
    bar.set_style(style.expect("a template that is right"));
    bar.enable_steady_tick(Duration::from_millis(200));
    for round in 0..options.rounds {
        for (system, row, units) in tasks() {
            bar.inc(1);
            // Where it failed once it would only take its two minutes again.
            if samples.failures.iter().any(|failure| failure.is(system, row)) {
                continue;
            }
            bar.set_message(format!("round {}, {row} on {}", round + 1, system.name));
            let units = if options.quick { (units / 10).max(1) } else { units };
            match programs::measure(programs, system, row, units) {
                Ok(result) => samples.add(Sample { round, ..result }),
                Err(reason) => samples.failures.push(Failure::new(system, row, reason)),
            }
        }
    }
    bar.finish_and_clear();
    samples
}

fn write(options: &Options, systems: &[&System], samples: &Samples) -> Result<(), String> {
    let out = &options.out;
    let failed = |what: &str, error: io::Error| format!("{}: {error}", out.join(what).display());
    fs::create_dir_all(out).map_err(|error| failed("", error))?;
    let about = machine::About::now(options.rounds);
    fs::write(out.join("peers.md"), report::markdown(&about, systems, samples))
        .map_err(|error| failed("peers.md", error))?;
    fs::write(out.join("peers.json"), report::json(&about, samples))
        .map_err(|error| failed("peers.json", error))?;
    fs::write(out.join("scaling.svg"), plot::scaling(samples)?).map_err(|error| failed("scaling.svg", error))
}
