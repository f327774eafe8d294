//! The trace: every input that a node took, as small records. Written only when asked for, read after the run.

use crate::{protocol::NodeId, time::Time};
use alloc::{collections::BTreeMap, string::String, vec::Vec};

/// A recording of all inputs of a run, in order. Texts are kept once, however often they occur.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    records: Vec<Record>,
    texts: Vec<String>,
    index: BTreeMap<String, u32>,
}

/// One input: 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Record {
    at: Time,
    number: u64,
    node: NodeId,
    peer: NodeId,
    text: u32,
    kind: Kind,
}

/// One input, readable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The number of the event, from 1.
    pub number: u64,
    /// When.
    pub at: Time,
    /// Who took it.
    pub node: NodeId,
    /// Who sent it, if somebody did.
    pub peer: Option<NodeId>,
    /// Of which kind.
    pub kind: Kind,
    /// The message, timer, request or answer itself.
    pub text: &'a str,
}

/// The kinds of input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A process started.
    Boot,
    /// A process was killed.
    Crash,
    /// A process was frozen.
    Pause,
    /// A frozen process went on.
    Resume,
    /// A message of a node of the same service.
    Deliver,
    /// A timer.
    Timeout,
    /// A call of another service.
    Request,
    /// The answer to a call.
    Response,
}

impl Kind {
    /// The kind in a word, for files and tables.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Boot => "boot",
            Kind::Crash => "crash",
            Kind::Pause => "pause",
            Kind::Resume => "resume",
            Kind::Deliver => "deliver",
            Kind::Timeout => "timeout",
            Kind::Request => "request",
            Kind::Response => "response",
        }
    }
}

impl Trace {
    /// Adds one input.
    pub fn record(&mut self, entry: Entry<'_>) {
        let text = match self.index.get(entry.text) {
            Some(&text) => text,
            None => {
                let text = self.texts.len() as u32;
                self.texts.push(entry.text.into());
                self.index.insert(entry.text.into(), text);
                text
            }
        };
        self.records.push(Record {
            at: entry.at,
            number: entry.number,
            node: entry.node,
            peer: entry.peer.unwrap_or(NodeId::NONE),
            text,
            kind: entry.kind,
        });
    }

    /// Number of inputs recorded.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// All inputs in order.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.records.iter().map(|r| Entry {
            number: r.number,
            at: r.at,
            node: r.node,
            peer: (r.peer != NodeId::NONE).then_some(r.peer),
            kind: r.kind,
            text: &self.texts[r.text as usize],
        })
    }
}
