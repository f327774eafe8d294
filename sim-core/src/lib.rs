//! The engine of a deterministic simulator for distributed systems.
//!
//! A **world** is a **kernel** and **groups** of **nodes**. All nodes of a group run one [`protocol::Protocol`]; the
//! group owns their states, messages and timers with their real types. The kernel owns time, the event queue, the
//! network and the faults, and moves small events that carry slot numbers, never messages. A run is a function of its
//! [`plan::Plan`]: equal plans give equal runs, on every machine.
//!
//! There is no `std` here, no `unsafe`, no hash map, no clock and no thread: what could make two runs differ cannot be
//! named. Transcendental functions come from `libm`, random numbers from streams keyed by (seed, purpose, who, which).
//!
//! Start reading at [`protocol`] (what a protocol is), then [`world`] (how a run goes), then [`kernel`] and [`group`].

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod check;
pub mod clock;
pub mod digest;
pub mod disk;
pub mod explore;
pub mod fault;
pub mod gauge;
pub mod group;
pub mod harness;
pub mod history;
pub mod judged;
pub mod kernel;
pub mod link;
mod mail;
pub mod names;
pub mod network;
pub mod node;
mod outbox;
mod pick;
pub mod plan;
pub mod property;
pub mod protocol;
pub mod queue;
pub mod rng;
pub mod rto;
pub mod run;
pub mod sample;
pub mod size;
mod slab;
pub mod spec;
pub mod stream;
pub mod task;
pub mod time;
pub mod trace;
mod wire;
pub mod world;

/// Transcendental functions that give the same on every platform: for protocols whose formulas need one.
pub use libm;

/// What a protocol's file needs.
pub mod prelude {
    pub use crate::{
        disk::{Cell, Durable, Log, Part},
        gauge::{Bound, Gauge, Surroundings},
        history::Intent,
        property::{Judgement, Kind, Property, View, When},
        protocol::{
            Alarm, Ctx,
            Input::{self, Deliver, Request, Response, Timeout},
            Never, NodeId, Protocol, Role, Ticket,
        },
        rng::Rng,
        spec::{Answer, Message, Spec},
        task::{How, Why},
        time::{Span, Time, Units, Wait},
    };
    pub use alloc::{
        boxed::Box,
        collections::{BTreeMap, BTreeSet, VecDeque},
        format,
        string::{String, ToString},
        vec,
        vec::Vec,
    };
}
