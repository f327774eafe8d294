//! Scenario files: what they may say, what is wrong with them, how they are played and judged.
//!
//! ```text
//! file ─read─▶ Scenario ─Plan::new(seed): expand─▶ Plan ─Registry::world─▶ World ─run─▶ Run ─measure, judge─▶ Judged
//! ```
//!
//! Reading is strict: every key is used, every name exists, every duration has a unit, or the file is refused with its
//! line, its column and what would do. A plan is a scenario with nothing left to choose; `plan.ron`, which every run
//! leaves behind, is a scenario file too, in which whom each fault hit is written out.

#![forbid(unsafe_code)]

pub mod compare;
mod decode;
pub mod diagnostics;
pub mod expand;
pub mod explore;
pub mod format;
pub mod hunt;
pub mod judge;
pub mod measure;
mod messages;
mod outline;
pub mod panics;
mod places;
pub mod plan;
pub mod play;
pub mod read;
pub mod regions;
mod registry;
pub mod set;
pub mod shrink;
mod tokens;
pub mod tolerance;
pub mod topology;
mod validate;
pub mod variants;
pub mod vocabulary;
pub mod write;

pub use registry::{Listing, Registry};
