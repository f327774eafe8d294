//! A deterministic simulator for distributed systems, as a library: register your own protocol and get the whole
//! command line with it.
//!
//! ```no_run
//! fn main() -> std::process::ExitCode {
//!     let registry = sim::Registry::standard();
//!     // registry.add::<YourProtocol>("your-protocol", "what it is, in a sentence");
//!     sim::main(&registry)
//! }
//! ```
//!
//! Where things are: [`core`] is the engine and what a protocol is written against, [`protocols`] are those that come
//! with it, [`scenarios`] reads files, plans, runs and judges, [`reports`] draws what came of it.

mod asked;
mod commands;
mod compare;
mod explore;
mod export;
mod flaws;
mod hunt;
mod output;
mod progress;
mod replay;
mod run;
mod serve;
mod shrink;
mod sweep;
mod verify;

use clap::{Args, Parser, Subcommand};
use std::{ffi::OsString, path::PathBuf, process::ExitCode};

pub use protocols;
pub use reports;
pub use scenarios::{self, Registry};
pub use sim_core as core;
use sim_core::time::Span;

/// A deterministic simulator for distributed systems: write a scenario file, get a judged run.
#[derive(Debug, Parser)]
#[command(
    name = "sim",
    version,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 every expectation holds; 1 one failed; 2 bad input or usage, or results that cannot be written; 3 vacuous: there was \
                  nothing to judge;\n4 undecided: a budget ran out, or a part is missing; 101 a bug of sim; 130 a hunt that Ctrl-C stopped."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Play scenarios, judge them, write reports.
    Run {
        /// Scenario files.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        #[command(flatten)]
        choice: Choice,
        /// Where to write the reports [default: sim-out/<scenario>/<seed>; with several files, a folder for each in
        /// here].
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Stop a run that takes more events than this: what it came to is undecided.
        #[arg(long, value_name = "N", default_value_t = scenarios::play::EVENTS_MAX, value_parser = clap::value_parser!(u64).range(1..))]
        events: u64,
        /// Also write trace.jsonl: every input that a node took.
        #[arg(long)]
        trace: bool,
        /// Also write every picture as PNG.
        #[arg(long)]
        png: bool,
        /// Also write the operations as Parquet: ops.parquet, with the columns of ops.csv.
        #[arg(long)]
        parquet: bool,
        /// Also write the verdicts of all runs as JUnit XML, for CI servers.
        #[arg(long, value_name = "FILE")]
        junit: Option<PathBuf>,
    },
    /// Compare results with earlier ones, and fail if anything got worse.
    #[command(after_help = compare::CODES)]
    Compare {
        /// What was: a summary.json, or a folder with some in or below it.
        baseline: PathBuf,
        /// What is now, likewise. Runs are matched by scenario, and by seed where both have it.
        current: PathBuf,
        /// How much worse each metric may get, as RON: `(default: "5%", metrics: {"latency.p99": "10%"})`.
        #[arg(long, value_name = "FILE")]
        tolerance: Option<PathBuf>,
        /// Write comparison.md, junit.xml and, with --history, trend.svg in here.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// With --out and --history, also write trend.png.
        #[arg(long, requires_all = ["out", "history"])]
        png: bool,
        /// Write the table as Markdown.
        #[arg(long, value_name = "FILE")]
        markdown: Option<PathBuf>,
        /// Write it as JUnit XML, a test for each metric.
        #[arg(long, value_name = "FILE")]
        junit: Option<PathBuf>,
        /// Add a line with the figures of now to this file.
        #[arg(long, value_name = "FILE", requires = "label")]
        history: Option<PathBuf>,
        /// What the line is called, such as the name of a commit.
        #[arg(long, value_name = "TEXT", requires = "history")]
        label: Option<String>,
    },
    /// Read scenarios and say what is wrong with them; run nothing, write nothing.
    Check {
        /// Scenario files.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Read the file as if it said this, as for `run`.
        #[arg(long = "set", value_name = "PATH=VALUE")]
        set: Vec<String>,
    },
    /// Try many seeds of scenarios, and find those that fail.
    Hunt {
        /// Scenario files.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// The seeds: `A..B` without B, or `N` for 0..N [default: 1000; with --time as many as there is time for].
        #[arg(long, value_name = "SEEDS", value_parser = hunt::seeds)]
        seeds: Option<hunt::Seeds>,
        /// Stop after this, for each file; with --flaws for each flaw, over all files: `60s`, `10m`.
        #[arg(long, value_name = "SPAN")]
        time: Option<Span>,
        /// How many threads [default: one for each core].
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
        jobs: Option<u16>,
        /// Try only the k-th of n parts of the seeds, dealt 256 at a time: `1/4`. `sim merge` joins what came of them.
        #[arg(long, value_name = "K/N", value_parser = hunt::shard)]
        shard: Option<(u64, u64)>,
        /// Hunt every mistake that the protocol of the last service can be told to make, in all files together, and print which
        /// are found; with --out each is shrunk, to a file there: `raft/DoubleVote.ron`.
        #[arg(long, conflicts_with_all = ["shard", "keep_going", "no_shrink"])]
        flaws: bool,
        /// Do not shrink what fails.
        #[arg(long)]
        no_shrink: bool,
        /// Do not stop at the first failure.
        #[arg(long)]
        keep_going: bool,
        /// A run that takes more events than this has run away.
        #[arg(long, value_name = "N", default_value_t = hunt::EVENTS, value_parser = clap::value_parser!(u64).range(1..))]
        events: u64,
        /// Read the files as if they said this, as for `run`.
        #[arg(long = "set", value_name = "PATH=VALUE")]
        set: Vec<String>,
        /// Where to keep results [default: sim-out/<scenario>/hunt; with several files, a folder for each in here]. A hunt
        /// that was interrupted goes on there.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Run a grid of parameters with several seeds each, and say how figures depend on them.
    #[command(after_help = sweep::CODES)]
    Sweep {
        /// A scenario file. Its variants, if it has some, are one more parameter.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Read the file as if it said each of these in turn: `services.db.nodes=3,5,7`. One that is given a single value is the same in
        /// all runs.
        #[arg(long = "set", value_name = "PATH=VALUE,…")]
        set: Vec<String>,
        /// The seeds of every point: `A..B` without B, or `N` for 0..N.
        #[arg(long, value_name = "SEEDS", value_parser = hunt::seeds, default_value = "10")]
        seeds: hunt::Seeds,
        /// How many threads [default: one for each core]. The results do not depend on it.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
        jobs: Option<u16>,
        /// Where to write sweep.csv, sweep.json and sweep.svg [default: sim-out/<scenario>/sweep].
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Also write sweep.png.
        #[arg(long)]
        png: bool,
    },
    /// Visit every state of a small world: all orders in which messages arrive, timers run out, processes crash.
    Explore {
        /// A scenario file with one service. Its `explore` says how far to go.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Read the file as if it said this, for example `--set explore.timeouts=3`.
        #[arg(long = "set", value_name = "PATH=VALUE")]
        set: Vec<String>,
        /// Where to write the path to a violation [default: sim-out/<scenario>/explore/path.ron].
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Make a seed that fails into a small scenario that fails in the same way, with every fault written out.
    Shrink {
        /// A scenario file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        choice: Choice,
        /// The file to write [default: sim-out/<scenario>/<seed>/shrunk.ron].
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Runs that it may take.
        #[arg(long, value_name = "N", default_value_t = 3_000, value_parser = clap::value_parser!(u64).range(2..))]
        runs: u64,
        /// A run that takes more events than this has run away.
        #[arg(long, value_name = "N", default_value_t = hunt::EVENTS, value_parser = clap::value_parser!(u64).range(1..))]
        events: u64,
    },
    /// Play a scenario, or the plan of a run, and print what happened where something broke, and the states there.
    Replay {
        /// A scenario file, such as plan.ron.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        choice: Choice,
        /// Go no further than this: the number of an event, or a moment like `6.4s`.
        #[arg(long, value_name = "EVENT|TIME")]
        until: Option<replay::Point>,
        /// Show what happened around this instead of around the first violation.
        #[arg(long, value_name = "EVENT|TIME")]
        around: Option<replay::Point>,
        /// Show only this node's events and states; may be given several times.
        #[arg(long, value_name = "NODE")]
        show: Vec<String>,
    },
    /// Play a scenario, or the plan of a run, and write what happened for a viewer: Perfetto, ShiViz or Wireshark.
    #[command(after_help = export::CODES)]
    Export {
        /// A scenario file, such as plan.ron, or the folder of a run.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        choice: Choice,
        /// For which viewer.
        #[arg(long, value_name = "VIEWER")]
        to: export::Viewer,
        /// Leave out what happened before this moment.
        #[arg(long, value_name = "TIME", default_value = "0s")]
        from: Span,
        /// Leave out what happened after this moment.
        #[arg(long, value_name = "TIME")]
        until: Option<Span>,
        /// The file to write [default: sim-out/<scenario>/<seed>/trace.json, .log or .pcapng].
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Find the first event at which two runs part.
    Diff {
        /// A scenario file.
        #[arg(value_name = "FILE")]
        one: PathBuf,
        /// Another [default: the same].
        #[arg(value_name = "FILE")]
        other: Option<PathBuf>,
        /// Seeds to play them with, instead of the files' own.
        #[arg(long, value_name = "A,B", value_parser = replay::seeds)]
        seeds: Option<(u64, u64)>,
        /// Read the second as if it said this, as for `run`.
        #[arg(long = "set", value_name = "PATH=VALUE")]
        set: Vec<String>,
    },
    /// Join the results of a hunt in parts.
    Merge {
        /// Files called hunt.jsonl.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// The folder for the joined hunt.jsonl.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Show scenarios in a browser of this machine: run them, look at their reports, interfere with them, save what came of it.
    #[command(after_help = serve::HELP)]
    Serve {
        /// A folder with scenario files in or below it, or one scenario file. Links in it are not followed.
        #[arg(value_name = "DIR|FILE")]
        path: PathBuf,
        /// The port on 127.0.0.1; 0 for any that is free.
        #[arg(long, value_name = "N", default_value_t = 7878)]
        port: u16,
    },
    /// Run a scenario here and in a fresh process, and compare every event.
    Verify {
        /// A scenario file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        choice: Choice,
    },
    /// Name the protocols, what they can be told, and what is checked of them.
    List {
        /// Name something else instead.
        what: Option<What>,
        /// In Markdown.
        #[arg(long, requires = "what")]
        markdown: bool,
    },
    /// Run a scenario and print its fingerprint and number of events: what `verify` asks of its fresh process.
    #[command(hide = true)]
    Fingerprint {
        file: PathBuf,
        #[command(flatten)]
        choice: Choice,
        #[arg(long)]
        trace: Option<PathBuf>,
    },
}

/// What can be listed besides protocols.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum What {
    /// Every fault, and whatever else a scenario can say of a world and its failures, with an example each.
    Faults,
}

/// Which run of a scenario.
#[derive(Clone, Debug, Default, Args)]
struct Choice {
    /// Play another seed than the file's.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Read the file as if it said this, for example `--set network.loss=0.05` or `--set services.db.nodes=7`.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
}

/// The whole command line, with the protocols of this registry. Reads the arguments of the process; the exit code is
/// the command's.
pub fn main(registry: &Registry) -> ExitCode {
    ExitCode::from(command(registry, std::env::args_os()))
}

/// One command, with the protocols of this registry: `args` are its words, the name of the program first. Gives its exit code.
pub fn command(registry: &Registry, args: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> u8 {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors; everything else is bad usage, which is exit code 2.
            let code = if error.use_stderr() { 2 } else { 0 };
            let _ = error.print();
            return code;
        }
    };
    match cli.command {
        Command::Run { files, choice, out, events, trace, png, parquet, junit } => {
            let wanted =
                run::Wanted { out: out.as_deref(), events, trace, png, parquet, junit: junit.as_deref() };
            run::run(registry, &files, &choice, &wanted)
        }
        Command::Compare { baseline, current, tolerance, out, png, markdown, junit, history, label } => {
            let to = compare::To { out, png, markdown, junit, history: history.zip(label) };
            compare::compare(&baseline, &current, tolerance.as_deref(), &to)
        }
        Command::Check { files, set } => commands::check(registry, &files, &set),
        Command::Hunt { files, seeds, time, jobs, shard, flaws, no_shrink, keep_going, events, set, out } => {
            let terms = hunt::Terms { seeds, time, jobs, shard, shrinks: !no_shrink, keep_going, events };
            if flaws {
                return flaws::hunt(registry, &files, &terms, &set, out.as_deref());
            }
            hunt::hunt(registry, &files, &terms, &set, out.as_deref())
        }
        Command::Shrink { file, choice, out, runs, events } => {
            hunt::heed();
            let goes_on = hunt::goes_on;
            let terms = scenarios::shrink::Terms { runs_max: runs, events_max: events, goes_on };
            shrink::shrink(registry, &file, &choice, terms, out.as_deref())
        }
        Command::Sweep { file, set, seeds, jobs, out, png } => {
            sweep::sweep(registry, &file, &sweep::Terms { set, seeds, jobs, png }, out.as_deref())
        }
        Command::Explore { file, set, out } => explore::explore(registry, &file, &set, out.as_deref()),
        Command::Replay { file, choice, until, around, show } => {
            replay::replay(registry, &file, &choice, &replay::View { until, around, show })
        }
        Command::Export { file, choice, to, from, until, out } => {
            let stretch = export::Stretch { from, until };
            export::export(registry, &file, &choice, to, stretch, out.as_deref())
        }
        Command::Diff { one, other, seeds, set } => {
            let files = [one.as_path(), other.as_deref().unwrap_or(&one)];
            replay::diff(registry, files, [seeds.map(|seeds| seeds.0), seeds.map(|seeds| seeds.1)], &set)
        }
        Command::Merge { files, out } => hunt::merge(&files, &out),
        Command::Serve { path, port } => serve::serve(registry, &path, port),
        Command::Verify { file, choice } => verify::verify(registry, &file, &choice),
        Command::List { what: None, .. } => commands::list(registry),
        Command::List { what: Some(What::Faults), markdown } => commands::list_faults(markdown),
        Command::Fingerprint { file, choice, trace } => {
            verify::fingerprint(registry, &file, &choice, trace.as_deref())
        }
    }
}
