//! A finished, judged run as terminal text, JSON, SVG and one self-contained HTML page.
//!
//! Every function here is pure: a [`Judged`](sim_core::judged::Judged) goes in, text comes out, and equal runs give equal
//! bytes. No file, clock, environment or network is touched, and no simulation state either: what is not in the judged
//! run cannot be reported.
//!
//! Scenario files are not trusted. Whatever they say is escaped for the place where it appears, control characters are
//! replaced, and lists are cut at a length that keeps the page small; what is cut says how much is missing.

mod areas;
mod axis;
mod bars;
mod charts;
mod columns;
mod comparison;
mod effects;
mod embed;
mod entries;
mod faults;
mod gauges;
mod groups;
mod html;
mod lanes;
mod manner;
mod marks;
mod moments;
mod overlays;
mod page;
mod paint;
mod palette;
mod recorded;
mod roles;
mod rows;
mod schedule;
mod script;
mod summary;
mod sums;
mod svg;
mod tables;
mod tasks;
mod text;
mod timeline;
mod trace;
mod verdicts;
mod words;

pub use charts::{availability_svg, latency_svg};
pub use comparison::{comparison_html, comparison_text};
pub use gauges::gauges_svg;
pub use html::html;
pub use moments::{EVENTS_MAX, scope};
pub use summary::{SCHEMA, summary_json};
pub use sums::{TaskSum, task_sums};
pub use tasks::tasks_svg;
pub use text::text;
pub use trace::trace_jsonl;
pub use verdicts::sign;
pub use words::{clean, count, counted};
