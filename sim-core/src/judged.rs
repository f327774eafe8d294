//! A run with its judgement: what the scenario's expectations say about it and the figures they rest on. The result
//! that reports draw.

use crate::{
    run::{Operation, Run},
    time::{Span, Time},
};
use alloc::{string::String, vec::Vec};

/// A finished run, measured and judged.
#[derive(Debug)]
pub struct Judged {
    /// Where it came from.
    pub provenance: Provenance,
    /// What happened.
    pub run: Run,
    /// What clients got out of it.
    pub measures: Measures,
    /// One verdict per expectation, in the order of the file, then what is always judged.
    pub verdicts: Vec<Verdict>,
}

/// Everything needed to get the same run again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// The scenario's name: its file name without `.ron`.
    pub scenario: String,
    /// Its file, as it was given on the command line.
    pub file: String,
    /// Its introduction.
    pub about: String,
    /// Hash of the scenario's text, overrides included.
    pub scenario_hash: u64,
    /// Hash of the plan's text.
    pub plan_hash: u64,
    /// The plan as RON: a scenario file in which every choice is written out.
    pub plan: String,
    /// Version of the simulator.
    pub version: String,
    /// The one command that gives this run again.
    pub command: String,
}

impl Judged {
    /// The worst verdict decides: a failure, then a vacuous one, then an undecided one. Without any verdict nothing was
    /// judged, which is no pass.
    pub fn status(&self) -> Status {
        self.verdicts.iter().map(|v| v.status).max().unwrap_or(Status::Vacuous)
    }
}

/// Variants of one scenario, side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The name of the file they are variants of.
    pub name: String,
    /// What their introductions have in common. May be empty.
    pub about: String,
    /// The variants by name, in the order of the file.
    pub variants: Vec<String>,
    /// What was found of each; claims first, then figures.
    pub rows: Vec<Row>,
    /// So many more rows there would be.
    pub left_out: usize,
}

/// Something that is expected of a variant or measured of all, and what was found of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What: "linearizable", "latency p99".
    pub subject: String,
    /// One for each variant.
    pub cells: Vec<Cell>,
}

/// What was found of one variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Whether it holds, if it is a claim and no figure; [`Status::Vacuous`] where there is nothing to say.
    pub holds: Option<Status>,
    /// In words or as a figure.
    pub found: String,
}

/// What became of an expectation, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It holds.
    Held,
    /// The checker's budget ran out first.
    Undecided,
    /// There was nothing to judge: no pass.
    Vacuous,
    /// It does not hold.
    Failed,
}

impl Status {
    /// The word for tables.
    pub fn word(self) -> &'static str {
        match self {
            Status::Held => "held",
            Status::Undecided => "undecided",
            Status::Vacuous => "vacuous",
            Status::Failed => "failed",
        }
    }
    /// The exit code of a run whose worst verdict this is.
    pub fn exit_code(self) -> u8 {
        match self {
            Status::Held => 0,
            Status::Failed => 1,
            Status::Vacuous => 3,
            Status::Undecided => 4,
        }
    }
}

/// What became of one expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The expectation as a phrase: "linearizable", "availability of db at least 85 %".
    pub expectation: String,
    /// Its verdict.
    pub status: Status,
    /// The finding in one line, with the numbers it rests on.
    pub finding: String,
    /// What it comes to, for tables: a number, or how often a claim was broken. Empty where there is no such thing.
    pub figure: String,
    /// What supports it, line by line: the shortest witness of a violation, for instance. May be empty.
    pub evidence: Vec<String>,
}

/// What clients got.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measures {
    /// Every operation of every group of clients, by intended start.
    pub operations: Vec<Operation>,
    /// An operation counts as served when it is answered within this span of its intended start.
    pub deadline: Span,
    /// Over the whole run, without operations whose deadline lies beyond the end.
    pub total: Served,
    /// Width of the windows below.
    pub window: Span,
    /// The run cut into windows of equal width, by intended start.
    pub windows: Vec<Window>,
    /// Latency of answered operations, over the whole run.
    pub latency: Latency,
    /// The same by kind of operation, in alphabetical order.
    pub by_kind: Vec<(&'static str, Latency)>,
    /// Stretches in which somebody waited and nobody was answered, for a tenth of a second or more and for at least five
    /// times the median latency; longest first, the
    /// twenty longest.
    pub downtimes: Vec<Downtime>,
    /// For each fault of the run (by its position there) that struck and does harm: when service was restored.
    pub recoveries: Vec<Recovery>,
}

/// How many operations were wanted and what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Served {
    /// Operations wanted.
    pub wanted: u64,
    /// Answered within the deadline.
    pub in_time: u64,
    /// Answered after it.
    pub late: u64,
    /// Given up without an answer, none of whose calls can have taken effect.
    pub refused: u64,
    /// Given up without an answer, and perhaps done all the same.
    pub unknown: u64,
}

impl Served {
    /// The share that was served in time, from 0 to 1; `None` when nothing was wanted.
    pub fn availability(&self) -> Option<f64> {
        (self.wanted > 0).then(|| self.in_time as f64 / self.wanted as f64)
    }
}

/// One window of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Where it starts.
    pub from: Time,
    /// What became of the operations that were wanted in it.
    pub served: Served,
    /// Their latency, where answered.
    pub latency: Latency,
}

/// Percentiles of latency, from an HDR histogram with three significant digits; all zero when `count` is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    /// Operations measured.
    pub count: u64,
    /// Half were at most this slow.
    pub p50: Span,
    /// 90 of 100.
    pub p90: Span,
    /// 99 of 100.
    pub p99: Span,
    /// 999 of 1000.
    pub p999: Span,
    /// The slowest.
    pub max: Span,
    /// The arithmetic mean.
    pub mean: Span,
}

/// A stretch of time without service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Downtime {
    /// When somebody began to wait: at the last answer before, or with the first operation wanted after it.
    pub from: Time,
    /// When the next operation was answered; the end of the run if none was.
    pub until: Time,
}

/// What became of service after a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// The fault, by its position in [`Run::faults`].
    pub fault: usize,
    /// Whether and when it was restored.
    pub outcome: Restored,
}

/// When service was restored after a fault.
///
/// Service is steady at a moment that begins a second in which no downtime begins, and in which at least half as many
/// operations are answered as in an average second of the ten before the strike, or all that are wanted are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restored {
    /// It was never gone: it is steady at the strike, and the first operation wanted from then on was served in time.
    Uninterrupted,
    /// So long after the strike came the first answer from the first moment on at which service is steady.
    After(Span),
    /// There is no such moment before the end of the run.
    Never,
    /// It cannot be told.
    Unmeasured(Why),
}

impl Restored {
    /// The word for tables.
    pub fn word(self) -> &'static str {
        match self {
            Restored::Uninterrupted => "uninterrupted",
            Restored::After(_) => "restored",
            Restored::Never => "never",
            Restored::Unmeasured(_) => "unmeasured",
        }
    }
}

/// Why it cannot be told when service was restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Nothing was served in the ten seconds before the strike, so there is nothing to compare with.
    Idle,
    /// Less than a second and the deadline was left of the run.
    Late,
}

impl Why {
    /// The reason as a phrase.
    pub fn phrase(self) -> &'static str {
        match self {
            Why::Idle => "nothing was served in the ten seconds before",
            Why::Late => "the run ended too soon after it",
        }
    }
}
