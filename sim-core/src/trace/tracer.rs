//! Writes the trace as the run goes on. Packets are known by the slot of their value, so nothing that travels carries more
//! than it does in a run that is not traced.

use super::{
    Fate, Input, Kind, PacketId, Sent, Shown, Trace,
    scope::{Admission, Scope},
};
use crate::{
    kernel::{Event, Kernel, What},
    protocol::{NodeId, Role},
    time::Time,
};
use alloc::{
    collections::{BTreeMap, VecDeque},
    format,
    string::String,
    vec::Vec,
};
use core::fmt::Debug;

/// A trace in the making.
#[derive(Clone, Debug)]
pub(crate) struct Tracer {
    trace: Trace,
    scope: Scope,
    /// What is on its way, by the kind of its event, its receiver and its slot.
    flying: BTreeMap<(Kind, NodeId, u32), Flying>,
    /// What has come to its node just now, as the input that it takes next.
    arriving: Option<Flying>,
    /// By node: the causes of effects that wait behind a barrier, in their order.
    held: BTreeMap<NodeId, VecDeque<u64>>,
    /// The cause of the effect that is let go just now.
    released: Option<u64>,
    /// Sequence numbers, and the event that drew those that follow; 0 where no traced event did.
    drew: Vec<(u64, u64)>,
    looked: BTreeMap<NodeId, Looked>,
}

/// What is known of a packet when it is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draft {
    pub(super) kind: Kind,
    pub(super) from: NodeId,
    pub(super) to: NodeId,
    pub(super) bytes: u64,
    pub(super) cause: u64,
    pub(super) sent: Time,
    pub(super) text: u32,
}

/// Of a packet that is not in the trace unless it arrives there.
const NO_TEXT: u32 = u32::MAX;

/// A packet on its way.
#[derive(Clone, Copy, Debug)]
struct Flying {
    draft: Draft,
    /// Its place in the trace, if it has one.
    id: PacketId,
    copy_of: PacketId,
    reached: Time,
}

/// What a node showed when it was last looked at.
#[derive(Clone, Debug)]
struct Looked {
    /// The event after which it was not yet looked at.
    due: Option<(u64, Time)>,
    role: Role,
    epoch: u64,
    values: Vec<(&'static str, String)>,
}

/// An input as it is taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    pub(crate) node: NodeId,
    pub(crate) kind: Kind,
    pub(crate) peer: NodeId,
    /// The sequence number under which the timer was set; 0 for other inputs.
    pub(crate) set: u64,
}

impl Tracer {
    pub(crate) fn new(scope: Scope) -> Tracer {
        Tracer {
            trace: Trace::default(),
            scope,
            flying: BTreeMap::new(),
            arriving: None,
            held: BTreeMap::new(),
            released: None,
            drew: Vec::new(),
            looked: BTreeMap::new(),
        }
    }

    /// The trace. Every node that [`Tracer::unseen`] names was looked at.
    pub(crate) fn finish(mut self) -> Trace {
        self.trace.shown.sort_by_key(|shown| (shown.at, shown.after));
        self.trace
    }

    /// The nodes that were not looked at since their last event.
    pub(crate) fn unseen(&self) -> Vec<NodeId> {
        self.looked.iter().filter(|(_, looked)| looked.due.is_some()).map(|(&node, _)| node).collect()
    }

    /// Whether the state of a node is wanted before it takes this event.
    pub(crate) fn curious(&mut self, node: NodeId, now: Time, event: u64) -> bool {
        self.looked.get(&node).is_some_and(|looked| looked.due.is_some())
            || self.scope.admits(now, event) == Admission::Inside
    }

    /// A node shows its state, which is what its last event led to.
    pub(crate) fn look(
        &mut self,
        node: NodeId,
        now: Time,
        (role, epoch): (Role, u64),
        values: Vec<(&'static str, String)>,
    ) {
        let down = || Looked { due: None, role: Role::DOWN, epoch: 0, values: Vec::new() };
        let looked = self.looked.entry(node).or_insert_with(down);
        let due = looked.due.take();
        if (looked.role, looked.epoch) == (role, epoch) && looked.values == values {
            return;
        }
        let from = self.trace.values.len() as u32;
        for (label, value) in &values {
            let text = self.trace.texts.number(value);
            self.trace.values.push((label, text));
        }
        let (after, at) = due.unwrap_or((0, now));
        let range = (from, self.trace.values.len() as u32);
        self.trace.shown.push(Shown { after, at, node, role, epoch, values: range });
        (looked.role, looked.epoch, looked.values) = (role, epoch, values);
    }

    /// A node takes an input. `seq` is the last sequence number drawn before.
    pub(crate) fn take(&mut self, taken: Taken, (number, at, seq): (u64, Time, u64), text: &dyn Debug) {
        let arriving = self.arriving.take();
        let admission = self.scope.admits(at, number);
        if admission != Admission::Inside {
            self.trace.left_out += u64::from(admission == Admission::Exhausted);
            if self.drew.last().is_none_or(|&(_, event)| event != 0) {
                self.drew.push((seq, 0));
            }
            if let Some(flying) = arriving {
                self.land(flying, Fate::Arrived(number), at);
            }
            return;
        }
        self.scope.spend(at);
        self.drew.push((seq, number));
        let (mut packet, mut cause, mut words) = (PacketId::NONE, 0, NO_TEXT);
        if let Some(mut flying) = arriving {
            if flying.id == PacketId::NONE {
                flying.draft.text = self.trace.texts.number(&format!("{text:?}"));
                flying.id = self.admit(flying.draft, flying.copy_of, at);
            }
            self.land(flying, Fate::Arrived(number), at);
            (packet, cause, words) = (flying.id, flying.draft.cause, flying.draft.text);
        } else if taken.kind == Kind::Timeout {
            let drawn = self.drew.partition_point(|&(seq, _)| seq < taken.set);
            cause = drawn.checked_sub(1).map_or(0, |place| self.drew[place].1);
        }
        if words == NO_TEXT {
            words = self.trace.texts.number(&format!("{text:?}"));
        }
        let Taken { node, kind, peer, .. } = taken;
        self.trace.inputs.push(Input { at, number, cause, node, peer, text: words, packet, kind });
        if let Some(looked) = self.looked.get_mut(&node) {
            looked.due = Some((number, at));
        }
    }

    /// A packet comes into the trace.
    fn admit(&mut self, draft: Draft, copy_of: PacketId, now: Time) -> PacketId {
        let id = PacketId(self.trace.sent.len() as u32);
        let (reached, ended) = (Time::MAX, Time::MAX);
        self.trace.sent.push(Sent { draft, reached, ended, fate: Fate::Underway, copy_of });
        self.scope.spend(now);
        id
    }

    /// A packet has come to its end.
    fn land(&mut self, flying: Flying, fate: Fate, at: Time) {
        if let Some(sent) = self.trace.sent.get_mut(flying.id.0 as usize) {
            (sent.reached, sent.ended, sent.fate) = (flying.reached, at, fate);
        }
    }
}

/// The kind of input that an event brings.
fn kind(what: What) -> Kind {
    if what == What::Request {
        Kind::Request
    } else if what == What::Response {
        Kind::Response
    } else {
        Kind::Deliver
    }
}

/// What the kernel tells a tracer, if there is one.
impl Kernel {
    /// Something is sent: the same for all copies of it.
    #[inline]
    pub(crate) fn drafts(
        &mut self,
        ends: (NodeId, NodeId),
        bytes: u64,
        what: What,
        text: &impl Debug,
    ) -> Option<Draft> {
        if self.trace.is_some() { self.draft(ends, bytes, what, text) } else { None }
    }

    #[cold]
    #[inline(never)]
    fn draft(
        &mut self,
        (from, to): (NodeId, NodeId),
        bytes: u64,
        what: What,
        text: &dyn Debug,
    ) -> Option<Draft> {
        let tracer = self.trace.as_mut()?;
        let cause = tracer.released.unwrap_or(self.events);
        let text = match tracer.scope.admits(self.now, self.events) {
            Admission::Inside => tracer.trace.texts.number(&format!("{text:?}")),
            Admission::Exhausted => {
                tracer.trace.left_out += 1;
                NO_TEXT
            }
            Admission::Outside => NO_TEXT,
        };
        Some(Draft { kind: kind(what), from, to, bytes, cause, sent: self.now, text })
    }

    /// It is on its way, in this slot. Returns its place in the trace.
    #[inline]
    pub(crate) fn flies(
        &mut self,
        draft: Option<Draft>,
        slot: u32,
        copy_of: Option<PacketId>,
    ) -> Option<PacketId> {
        let draft = draft?;
        told(self, |tracer, _| tracer.fly(draft, slot, copy_of.unwrap_or(PacketId::NONE)))?
    }

    /// It was stopped as it was sent. Returns its place in the trace.
    #[inline]
    pub(crate) fn fails(
        &mut self,
        draft: Option<Draft>,
        fate: Fate,
        copy_of: Option<PacketId>,
    ) -> Option<PacketId> {
        let draft = draft.filter(|draft| draft.text != NO_TEXT)?;
        told(self, |tracer, now| tracer.fail(draft, fate, copy_of.unwrap_or(PacketId::NONE), now))
    }

    /// It has come to its receiver's host.
    #[inline]
    pub(crate) fn reaches(&mut self, event: &Event) {
        told(self, |tracer, now| tracer.reach(event, now));
    }

    /// It comes to its node now, which takes it as its next input or is [`Kernel::misses`].
    #[inline]
    pub(crate) fn comes(&mut self, event: &Event) {
        told(self, |tracer, _| tracer.arriving = tracer.flying.remove(&place(event)));
    }

    /// What came to its node is no input there.
    #[inline]
    pub(crate) fn misses(&mut self, fate: Fate) {
        told(self, |tracer, now| tracer.miss(fate, now));
    }

    /// It will not arrive.
    #[inline]
    pub(crate) fn vanishes(&mut self, event: &Event, fate: Fate) {
        self.comes(event);
        self.misses(fate);
    }

    /// An effect of the current event waits behind a barrier.
    #[inline]
    pub(crate) fn holds(&mut self, node: NodeId) {
        let event = self.events;
        told(self, |tracer, _| tracer.held.entry(node).or_default().push_back(event));
    }

    /// The first effect that waits at a node is let go, until [`Kernel::let_go`].
    #[inline]
    pub(crate) fn lets_go(&mut self, node: NodeId) {
        told(self, |tracer, _| {
            tracer.released = tracer.held.get_mut(&node).and_then(VecDeque::pop_front);
        });
    }

    #[inline]
    pub(crate) fn let_go(&mut self) {
        told(self, |tracer, _| tracer.released = None);
    }

    /// Nothing waits at a node any more.
    pub(crate) fn forgets(&mut self, node: NodeId) {
        told(self, |tracer, _| drop(tracer.held.remove(&node)));
    }

    /// Sequence numbers are drawn that no event asked for.
    pub(crate) fn draws(&mut self) {
        let seq = self.seq;
        told(self, |tracer, _| tracer.drew.push((seq, 0)));
    }
}

/// Tells the tracer, if there is one. A run without one has no more of this than the question.
#[inline(always)]
fn told<R>(kernel: &mut Kernel, tell: impl FnOnce(&mut Tracer, Time) -> R) -> Option<R> {
    #[cold]
    #[inline(never)]
    fn aside<R>(tracer: &mut Tracer, now: Time, tell: impl FnOnce(&mut Tracer, Time) -> R) -> R {
        tell(tracer, now)
    }
    let now = kernel.now;
    kernel.trace.as_mut().map(|tracer| aside(tracer, now, tell))
}

/// Where what an event brings is among what is on its way.
fn place(event: &Event) -> (Kind, NodeId, u32) {
    (kind(event.what), NodeId(event.node), event.slot)
}

/// What becomes of packets.
impl Tracer {
    fn fly(&mut self, draft: Draft, slot: u32, copy_of: PacketId) -> Option<PacketId> {
        let id = match draft.text {
            NO_TEXT => PacketId::NONE,
            _ => self.admit(draft, copy_of, draft.sent),
        };
        let flying = Flying { draft, id, copy_of, reached: Time::MAX };
        self.flying.insert((draft.kind, draft.to, slot), flying);
        id.known()
    }

    fn fail(&mut self, draft: Draft, fate: Fate, copy_of: PacketId, now: Time) -> PacketId {
        let id = self.admit(draft, copy_of, draft.sent);
        self.land(Flying { draft, id, copy_of, reached: Time::MAX }, fate, now);
        id
    }

    fn reach(&mut self, event: &Event, now: Time) {
        if let Some(flying) = self.flying.get_mut(&place(event)) {
            flying.reached = now;
        }
    }

    fn miss(&mut self, fate: Fate, now: Time) {
        if let Some(flying) = self.arriving.take() {
            self.land(flying, fate, now);
        }
    }
}
