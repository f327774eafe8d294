//! Histories: what clients asked, when, and what they were told. Recorded by the engine, judged by checkers.
//!
//! Two views of the same calls. A *call* is one request to one server and is what safety is judged on: a call that
//! got no answer may have taken effect, or may yet. An *operation* is what a user wanted: one or more calls (retries,
//! redirects) until an answer or until the client gives up; availability and latency are judged on operations.

use crate::{
    protocol::NodeId,
    spec::Spec,
    time::{Span, Time},
};
use alloc::{format, string::String, vec::Vec};

/// One request to one server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Call<S: Spec> {
    /// Who asked.
    pub client: NodeId,
    /// Whom.
    pub server: NodeId,
    /// The client's operation this call was made for; retries share it. Counts from 0 per client.
    pub operation: u32,
    /// What was asked.
    pub op: S::Op,
    /// When the user wanted it: in open loop the arrival, before any queueing (no coordinated omission).
    pub intended: Time,
    /// When the request left the client.
    pub called: Time,
    /// What came back.
    pub outcome: Outcome<S::Ret>,
}

/// What a client knows about a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome<R> {
    /// Answered with a result at that moment.
    Ok(R, Time),
    /// Definitely did not happen: refused or redirected, told at that moment.
    Refused(Time),
    /// No answer: it may have happened, or may happen at any time after the call.
    Unknown,
}

/// The calls of all clients of one service, in the order in which they were made.
#[derive(Clone, Debug)]
pub struct History<S: Spec> {
    /// Every call, by time of the call.
    pub calls: Vec<Call<S>>,
}

impl<S: Spec> History<S> {
    /// A call for people, in a line: who, what, what came back, and when. `index` is one of a call.
    pub fn describe(&self, index: usize) -> String {
        let call = &self.calls[index];
        let (client, op, called) = (call.client.0, &call.op, call.called);
        match &call.outcome {
            Outcome::Ok(ret, at) => {
                format!("call {index}, client {client}: {op:?} -> {ret:?} [{called} .. {at}]")
            }
            Outcome::Refused(at) => {
                format!("call {index}, client {client}: {op:?} refused [{called} .. {at}]")
            }
            Outcome::Unknown => format!("call {index}, client {client}: {op:?} -> no answer [{called} ..)"),
        }
    }
}

impl<S: Spec> Default for History<S> {
    fn default() -> Self {
        History { calls: Vec::new() }
    }
}

/// On whose behalf a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Intent {
    /// The client's operation, counted by the client from 0; [`Intent::NEW`] for a call that is one of its own.
    pub operation: u32,
    /// How long ago the operation was wanted.
    pub late: Span,
}

impl Intent {
    /// The operation number that stands for "the next one".
    pub const NEW: u32 = u32::MAX;
    /// An operation of a single call, wanted now.
    pub const NOW: Intent = Intent { operation: Intent::NEW, late: Span::ZERO };
}
