//! A finished, judged run as terminal text, JSON, CSV, SVG and one self-contained HTML page; and the summaries of such runs, read back
//! and compared.
//!
//! Every function here is pure: a [`Judged`](sim_core::judged::Judged) goes in, text comes out, and equal runs give equal
//! bytes. No file, clock, environment or network is touched, and no simulation state either: what is not in the judged
//! run cannot be reported.
//!
//! Scenario files are not trusted. Whatever they say is escaped for the place where it appears, control characters are
//! replaced, and lists are cut at a length that keeps the page small; what is cut says how much is missing.

mod allowance;
mod areas;
mod axis;
mod bars;
mod charts;
mod columns;
mod comparison;
mod effects;
mod embed;
mod entries;
mod export;
mod faults;
mod gauges;
mod groups;
mod history;
mod html;
mod junit;
mod lanes;
mod manner;
mod marks;
mod metrics;
mod moments;
mod operations;
mod overlays;
mod page;
mod paint;
mod palette;
mod panel;
mod parquet;
mod past;
mod plain;
mod png;
mod recorded;
mod regression;
mod regression_text;
mod results;
mod roles;
mod rows;
mod schedule;
mod script;
mod statistics;
mod summary;
mod sums;
mod svg;
mod sweep;
mod tables;
mod tasks;
mod text;
mod timeline;
mod trace;
mod verdicts;
mod words;

pub use allowance::{Allowance, Tolerance, tolerable};
pub use charts::{availability_svg, latency_svg};
pub use comparison::{comparison_html, comparison_text};
pub use export::Format;
pub use gauges::gauges_svg;
pub use history::history_jsonl;
pub use html::{css, html};
pub use junit::{Verdicts, regression_junit};
pub use moments::{EVENTS_MAX, scope};
pub use operations::operations_csv;
pub use parquet::operations_parquet;
pub use past::{Entry, PAST_MAX, trend_svg};
pub use png::png;
pub use regression::{Regression, regression};
pub use regression_text::{regression_markdown, regression_text};
pub use results::{Measured, RUNS_MAX, Results, SUMMARY_MAX};
pub use roles::leads;
pub use script::WORDS;
pub use summary::{SCHEMA, summary_json};
pub use sums::{TaskSum, task_sums};
pub use sweep::{Point, Sweep, sweep_csv, sweep_json, sweep_svg, sweep_text};
pub use tasks::tasks_svg;
pub use text::text;
pub use trace::trace_jsonl;
pub use verdicts::sign;
pub use words::{clean, count, counted, quoted};
