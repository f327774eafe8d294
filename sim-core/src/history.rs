//! Histories: what clients asked, when, and what they were told. Recorded by the engine, judged by checkers.
//!
//! Two views of the same calls. A *call* is one request to one server and is what safety is judged on: a call that
//! got no answer may have taken effect, or may yet. An *operation* is what a user wanted: one or more calls (retries,
//! redirects) until an answer or until the client gives up; availability and latency are judged on operations.

use crate::{
    protocol::NodeId,
    spec::{Access, Spec},
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
    /// The first of the clients, which people call `client-1`.
    pub first: NodeId,
}

impl<S: Spec> History<S> {
    /// A call for people, in a line: who, what, what came back, and when. `index` is one of a call.
    pub fn describe(&self, index: usize) -> String {
        let call = &self.calls[index];
        let (op, called) = (&call.op, call.called);
        let client = call.client.0.saturating_sub(self.first.0) + 1;
        match &call.outcome {
            Outcome::Ok(ret, at) => {
                format!("call {index}, client-{client}: {op:?} -> {ret:?} [{called} .. {at}]")
            }
            Outcome::Refused(at) => {
                format!("call {index}, client-{client}: {op:?} refused [{called} .. {at}]")
            }
            Outcome::Unknown => format!("call {index}, client-{client}: {op:?} -> no answer [{called} ..)"),
        }
    }
}

/// A [`Call`] of any specification: what was asked and answered as texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnyCall {
    /// Who asked.
    pub client: NodeId,
    /// Whom.
    pub server: NodeId,
    /// The client's operation this call was made for.
    pub operation: u32,
    /// The kind of operation in a word: "get".
    pub kind: &'static str,
    /// The key it touches.
    pub key: u64,
    /// Whether it changes nothing.
    pub reads: bool,
    /// What was asked, as its `Debug` writes it.
    pub asked: String,
    /// When the user wanted it.
    pub intended: Time,
    /// When the request left the client.
    pub called: Time,
    /// What came back, as its `Debug` writes it.
    pub outcome: Outcome<String>,
    /// What it did to the register under its key, if its specification has registers and this is an operation on one.
    pub register: Option<Access>,
}

impl AnyCall {
    /// What came back, if that was a result.
    pub fn answer(&self) -> Option<&str> {
        match &self.outcome {
            Outcome::Ok(answer, _) => Some(answer),
            Outcome::Refused(_) | Outcome::Unknown => None,
        }
    }

    /// When something came back, if it did.
    pub fn returned(&self) -> Option<Time> {
        match self.outcome {
            Outcome::Ok(_, at) | Outcome::Refused(at) => Some(at),
            Outcome::Unknown => None,
        }
    }

    /// What a call says, whatever its specification.
    pub fn of<S: Spec>(call: &Call<S>) -> AnyCall {
        let (outcome, answer) = match &call.outcome {
            Outcome::Ok(answer, at) => (Outcome::Ok(format!("{answer:?}"), *at), Some(answer)),
            Outcome::Refused(at) => (Outcome::Refused(*at), None),
            Outcome::Unknown => (Outcome::Unknown, None),
        };
        let register = if S::REGISTERS { S::access(&call.op, answer) } else { None };
        AnyCall {
            client: call.client,
            server: call.server,
            operation: call.operation,
            kind: S::kind(&call.op),
            key: S::key(&call.op),
            reads: S::is_read(&call.op),
            asked: format!("{:?}", call.op),
            intended: call.intended,
            called: call.called,
            outcome,
            register,
        }
    }
}

impl<S: Spec> Default for History<S> {
    fn default() -> Self {
        History { calls: Vec::new(), first: NodeId(0) }
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
