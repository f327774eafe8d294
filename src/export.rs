//! `sim export`: a run for viewers that others wrote.

use crate::{
    Choice,
    asked::{folder, read},
    commands::{BAD_INPUT, say},
    output,
    progress::Progress,
};
use reports::{Format, counted};
use scenarios::{Registry, plan::Plan, play::EVENTS_MAX};
use sim_core::{
    judged::Judged,
    time::{Span, Time},
    trace::{Scope, Window},
};
use std::{
    borrow::Cow,
    path::{Path, PathBuf},
};

/// So many events and packets are exported at most: what has more, no viewer opens.
const MOST: u64 = 5_000_000;

/// Instead of those of the other commands.
pub(crate) const CODES: &str = "Exit codes: 0 it is written; 2 bad input or usage, or results that cannot be written; 3 nothing happened in that stretch.";

/// The exit code where there was nothing to export.
const NOTHING: u8 = 3;

/// What opens it.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Viewer {
    /// ui.perfetto.dev or chrome://tracing: inputs as slices, arrows for messages, roles, faults, operations.
    Perfetto,
    /// ShiViz: a space-time diagram by vector clocks.
    Shiviz,
    /// Wireshark: every message as a packet, those too that never arrived.
    Pcapng,
}

impl Viewer {
    fn format(self) -> (Format, &'static str, &'static str) {
        match self {
            Viewer::Perfetto => (Format::Perfetto, "trace.json", "event"),
            Viewer::Shiviz => (Format::Shiviz, "trace.log", "event"),
            Viewer::Pcapng => (Format::Pcapng, "trace.pcapng", "packet"),
        }
    }
}

/// What of the run is exported; without an end, up to its end.
pub(crate) struct Stretch {
    pub(crate) from: Span,
    pub(crate) until: Option<Span>,
}

pub(crate) fn export(
    registry: &Registry,
    file: &Path,
    choice: &Choice,
    to: Viewer,
    stretch: Stretch,
    out: Option<&Path>,
) -> u8 {
    match exported(registry, file, choice, to, stretch, out) {
        Ok(code) => code,
        Err(message) => {
            if !message.is_empty() {
                eprintln!("error: {message}");
            }
            BAD_INPUT
        }
    }
}

fn exported(
    registry: &Registry,
    file: &Path,
    choice: &Choice,
    to: Viewer,
    Stretch { from, until }: Stretch,
    out: Option<&Path>,
) -> Result<u8, String> {
    // A run is known by its plan, which lies in its folder.
    let file = if file.is_dir() { Cow::Owned(file.join("plan.ron")) } else { Cow::Borrowed(file) };
    let one = read(registry, &file, &choice.set).ok_or_else(String::new)?;
    let plan = Plan::new(&one.scenario, choice.seed.unwrap_or(one.scenario.seed));
    let (format, name, noun) = to.format();
    let default = || folder(None, &one, 1, &plan.core.seed.to_string()).join(name);
    let place: PathBuf = out.map_or_else(default, Path::to_path_buf);
    output::replaceable(&place, &one.file)?;
    if until.is_some_and(|until| until < from) || from.0 > plan.core.until.0 {
        return Err(format!(
            "nothing lies between these moments: the run goes from 0s to {}",
            plan.core.until
        ));
    }
    let window =
        Window { from: Time(from.0), until: until.map_or(Time::MAX, |until| Time(until.0)), budget: MOST };
    let mut world = registry.world(&plan)?;
    world.trace_only(Scope { windows: vec![window], events: Vec::new() });
    let mut progress = Progress::new(&one.name);
    world.run(EVENTS_MAX);
    progress.doing("writing");
    let (provenance, measures) = Default::default();
    let judged = Judged { provenance, run: world.finish(), measures, verdicts: Vec::new() };
    let (folder, name) = output::split(&place)?;
    let mut written = 0;
    output::write(folder, &name, |to| format.write(&judged, to).map(|count| written = count))?;
    drop(progress);
    if let Some(why) = &judged.run.stopped {
        say!("the run stopped early, at {}: {why}", judged.run.ended);
    }
    let left_out = judged.run.trace.as_ref().map_or(0, sim_core::trace::Trace::left_out);
    if left_out > 0 {
        say!(
            "only the first of them: {} more are too many; choose with --from and --until",
            counted(left_out, "event")
        );
    }
    if written == 0 {
        say!("{}: nothing happened there; choose another stretch with --from and --until", place.display());
        return Ok(NOTHING);
    }
    say!(
        "{}: {} of seed {}: {}",
        place.display(),
        counted(written as u64, noun),
        judged.run.seed,
        format.advice()
    );
    Ok(0)
}
