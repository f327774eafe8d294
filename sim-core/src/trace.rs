//! The trace: every input that a node took, what was sent and what became of it, and how states changed. Written only when
//! asked for, read after the run.
//!
//! [`Trace::entries`] are the inputs, numbered as the events of the run are. Each names its *cause*: the event that sent the
//! message, or set the timer. [`Trace::packets`] are the messages, requests and answers, those too that never arrived.
//! [`Trace::states`] are what nodes showed of their states after inputs that changed it.
//!
//! `scope.rs` says which part of a run is traced, `tracer.rs` writes it down as it happens.

mod scope;
mod tracer;

pub use scope::{Scope, Window};
pub(crate) use tracer::{Draft, Taken, Tracer};

use crate::{
    protocol::{NodeId, Role},
    time::Time,
};
use alloc::{collections::BTreeMap, string::String, vec::Vec};

/// A recording of a run, or of parts of it. Texts are kept once, however often they occur.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// By number.
    inputs: Vec<Input>,
    /// By [`PacketId`].
    sent: Vec<Sent>,
    /// In order of time.
    shown: Vec<Shown>,
    /// The labelled values of all states, one after the other.
    values: Vec<(&'static str, u32)>,
    texts: Texts,
    left_out: u64,
}

/// Texts by number.
#[derive(Clone, Debug, Default)]
struct Texts {
    all: Vec<String>,
    index: BTreeMap<String, u32>,
}

/// One input: 48 bytes.
#[derive(Clone, Copy, Debug)]
struct Input {
    at: Time,
    number: u64,
    /// 0 where it is not known.
    cause: u64,
    node: NodeId,
    peer: NodeId,
    text: u32,
    packet: PacketId,
    kind: Kind,
}

/// One packet.
#[derive(Clone, Copy, Debug)]
struct Sent {
    draft: Draft,
    reached: Time,
    ended: Time,
    fate: Fate,
    copy_of: PacketId,
}

/// What a node showed.
#[derive(Clone, Copy, Debug)]
struct Shown {
    /// 0 for what it was before the first of its events that are here.
    after: u64,
    at: Time,
    node: NodeId,
    role: Role,
    epoch: u64,
    /// Its values, by position.
    values: (u32, u32),
}

/// One input, readable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The number of the event, from 1. Where a number is left out, so is its event.
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
    /// The number of the event that sent it, or that set the timer; `None` where no event did. It may lie outside of what is
    /// traced: of a timer it is not known then.
    pub cause: Option<u64>,
    /// The packet that brought it.
    pub packet: Option<PacketId>,
}

impl Entry<'_> {
    /// Whether both say the same of the input itself, wherever it came from.
    pub fn same_input(&self, other: &Entry<'_>) -> bool {
        let input = |entry: &Entry<'_>| (entry.number, entry.at, entry.node, entry.peer, entry.kind);
        input(self) == input(other) && self.text == other.text
    }
}

/// The number of a packet in its trace, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PacketId(pub u32);

impl PacketId {
    const NONE: PacketId = PacketId(u32::MAX);

    fn known(self) -> Option<PacketId> {
        (self != PacketId::NONE).then_some(self)
    }
}

/// A message, request or answer on its way, readable. In a connection it is one packet here, however often it is sent again;
/// what connections send for themselves is not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Its number.
    pub id: PacketId,
    /// The kind of input that it is when it arrives: [`Kind::Deliver`], [`Kind::Request`] or [`Kind::Response`].
    pub kind: Kind,
    /// Who sent it.
    pub from: NodeId,
    /// To whom.
    pub to: NodeId,
    /// Its size.
    pub bytes: u64,
    /// The number of the event whose step sent it. It may lie outside of what is traced.
    pub cause: u64,
    /// When it was handed to the network: later than its cause where it waited for a disk or a processor.
    pub sent: Time,
    /// When it came to the receiver's host, if it did: earlier than it is taken where that is frozen or busy.
    pub reached: Option<Time>,
    /// When its fate was decided: the moment of its arrival as an input, or of its loss.
    pub ended: Option<Time>,
    /// What became of it.
    pub fate: Fate,
    /// The packet that it doubles, if the network made it.
    pub copy_of: Option<PacketId>,
    /// What it says.
    pub text: &'a str,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    /// It was still on its way, or in its receiver's line, when the trace ended.
    Underway,
    /// It arrived, as the event of this number.
    Arrived(u64),
    /// It was lost by chance.
    Lost,
    /// A cut stopped it, at once or on its way; or a fault was to lose it.
    Cut,
    /// It came to a node where no process was running.
    Dead,
    /// The queue of an interface or a link was full.
    Overflowed,
    /// It was damaged on its way, and thrown away for that.
    Corrupted,
    /// Its receiver's run queue was full.
    Refused,
    /// The connection that was to carry it ended first.
    Reset,
    /// An answer that came when nobody waited for it any more.
    Unawaited,
}

impl Fate {
    /// The number of the event as which a packet arrived, if it did.
    pub fn event(self) -> Option<u64> {
        if let Fate::Arrived(event) = self { Some(event) } else { None }
    }

    /// The fate in a word, for files and tables.
    pub fn word(self) -> &'static str {
        match self {
            Fate::Underway => "underway",
            Fate::Arrived(_) => "arrived",
            Fate::Lost => "lost",
            Fate::Cut => "cut",
            Fate::Dead => "dead",
            Fate::Overflowed => "overflowed",
            Fate::Corrupted => "corrupted",
            Fate::Refused => "refused",
            Fate::Reset => "reset",
            Fate::Unawaited => "unawaited",
        }
    }
}

/// What a node showed of its state, readable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State<'a> {
    /// The number of the event that led to it; `None` for what was so before the node's next event that is traced.
    pub after: Option<u64>,
    /// When.
    pub at: Time,
    /// Whose it is.
    pub node: NodeId,
    /// Its role; [`Role::DOWN`] if no process runs.
    pub role: Role,
    /// Its epoch, term or ballot; 0 where there is none.
    pub epoch: u64,
    /// Labels and values: ("commit", "17").
    pub values: Vec<(&'static str, &'a str)>,
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
    /// All texts, to be changed. Nothing is recorded any more after that.
    pub(crate) fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        self.texts.index = BTreeMap::new();
        self.texts.all.iter_mut()
    }
}

impl Texts {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(&number) = self.index.get(text) {
            return number;
        }
        let number = self.all.len() as u32;
        self.all.push(text.into());
        self.index.insert(text.into(), number);
        number
    }
}

/// Reading.
impl Trace {
    /// Number of inputs recorded.
    pub fn len(&self) -> usize {
        self.inputs.len()
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty()
    }

    /// All inputs in order.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = Entry<'_>> + DoubleEndedIterator {
        self.inputs.iter().map(|input| self.readable(input))
    }

    /// The input of this number, if it was recorded.
    pub fn entry(&self, number: u64) -> Option<Entry<'_>> {
        let place = self.inputs.binary_search_by_key(&number, |input| input.number).ok()?;
        Some(self.readable(&self.inputs[place]))
    }

    /// All packets, in the order in which they were sent. Those that were sent before the trace begins, or between two of its
    /// windows, come where they arrived in it.
    pub fn packets(&self) -> impl ExactSizeIterator<Item = Packet<'_>> + DoubleEndedIterator {
        (0..self.sent.len() as u32).map(|id| self.packet(PacketId(id)))
    }

    /// The packet of this number.
    ///
    /// # Panics
    /// If it is not one of this trace's.
    pub fn packet(&self, id: PacketId) -> Packet<'_> {
        let Sent { draft, reached, ended, fate, copy_of } = self.sent[id.0 as usize];
        let known = |at: Time| (at != Time::MAX).then_some(at);
        Packet {
            id,
            kind: draft.kind,
            from: draft.from,
            to: draft.to,
            bytes: draft.bytes,
            cause: draft.cause,
            sent: draft.sent,
            reached: known(reached),
            ended: known(ended),
            fate,
            copy_of: copy_of.known(),
            text: &self.texts.all[draft.text as usize],
        }
    }

    /// What nodes showed of their states, wherever that changed, in order of time.
    pub fn states(&self) -> impl ExactSizeIterator<Item = State<'_>> {
        self.shown.iter().map(|shown| State {
            after: (shown.after > 0).then_some(shown.after),
            at: shown.at,
            node: shown.node,
            role: shown.role,
            epoch: shown.epoch,
            values: self.values[shown.values.0 as usize..shown.values.1 as usize]
                .iter()
                .map(|&(label, text)| (label, self.texts.all[text as usize].as_str()))
                .collect(),
        })
    }

    /// Inputs and packets that were in a window of the scope and went beyond its budget.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    fn readable(&self, input: &Input) -> Entry<'_> {
        Entry {
            number: input.number,
            at: input.at,
            node: input.node,
            peer: (input.peer != NodeId::NONE).then_some(input.peer),
            kind: input.kind,
            text: &self.texts.all[input.text as usize],
            cause: (input.cause > 0).then_some(input.cause),
            packet: input.packet.known(),
        }
    }
}

/// Writing by hand, for whoever makes up a run.
impl Trace {
    /// Adds one input; numbers go up.
    pub fn record(&mut self, entry: Entry<'_>) {
        let text = self.texts.number(entry.text);
        self.inputs.push(Input {
            at: entry.at,
            number: entry.number,
            cause: entry.cause.unwrap_or(0),
            node: entry.node,
            peer: entry.peer.unwrap_or(NodeId::NONE),
            text,
            packet: entry.packet.unwrap_or(PacketId::NONE),
            kind: entry.kind,
        });
    }

    /// Adds one packet. Its number is its place, whatever `packet` says.
    pub fn send(&mut self, packet: Packet<'_>) -> PacketId {
        let Packet { kind, from, to, bytes, cause, sent, .. } = packet;
        let text = self.texts.number(packet.text);
        let id = PacketId(self.sent.len() as u32);
        self.sent.push(Sent {
            draft: Draft { kind, from, to, bytes, cause, sent, text },
            reached: packet.reached.unwrap_or(Time::MAX),
            ended: packet.ended.unwrap_or(Time::MAX),
            fate: packet.fate,
            copy_of: packet.copy_of.unwrap_or(PacketId::NONE),
        });
        id
    }

    /// Adds what a node shows; in order of time.
    pub fn show(&mut self, state: &State<'_>) {
        let from = self.values.len() as u32;
        for &(label, value) in &state.values {
            let text = self.texts.number(value);
            self.values.push((label, text));
        }
        let State { at, node, role, epoch, .. } = *state;
        let values = (from, self.values.len() as u32);
        self.shown.push(Shown { after: state.after.unwrap_or(0), at, node, role, epoch, values });
    }
}
