//! Pipes: resources that transfers share. Each is first come, first served, but for small messages that may pass large
//! ones, and knows what waits in front of it; a message on its way through several has a passage.

use super::{Arrival, Books, Loss, Network, Onward};
use crate::{
    link::{NetworkPlan, Pipe},
    protocol::NodeId,
    slab::Slab,
    time::{Span, Time},
};
use alloc::{collections::VecDeque, vec::Vec};

/// A pipe at work.
#[derive(Clone, Debug)]
pub(super) struct Bottleneck {
    plan: Pipe,
    /// When it will have sent all that it took.
    all: Busy,
    /// When it will have sent all that passes larger messages, which wait for these and not the other way round.
    express: Busy,
    /// Messages that wait, in order: when the turn of each comes, and its bytes. The one in transmission is not here.
    line: VecDeque<(Time, u64)>,
    /// The bytes of all of them.
    waiting: u64,
    /// All bytes that it ever took.
    taken: u64,
}

/// When the first and the last bit of a message leave a pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) first: Time,
    pub(super) last: Time,
}

/// Until when there is something to send.
#[derive(Clone, Copy, Debug)]
struct Busy {
    /// In whole nanoseconds.
    until: Time,
    /// And what that leaves out, in parts of a nanosecond (`rate` of them make one), so that small messages in a fast
    /// pipe do not add up to a slower one.
    rest: u64,
}

impl Busy {
    const FREE: Busy = Busy { until: Time::ZERO, rest: 0 };

    /// A message is sent after what is there already, or at once.
    fn take(&mut self, bytes: u64, rate: u64, now: Time) -> Turn {
        if self.until < now {
            *self = Busy { until: now, rest: 0 };
        }
        let first = self.until;
        let rate = u128::from(rate.max(1));
        let work = u128::from(bytes) * 1_000_000_000 + u128::from(self.rest);
        self.until += Span(u64::try_from(work / rate).unwrap_or(u64::MAX));
        self.rest = (work % rate) as u64;
        Turn { first, last: self.until + Span(u64::from(self.rest > 0)) }
    }

    /// The bytes that are to be sent after `now`.
    fn left(&self, rate: u64, now: Time) -> u64 {
        let nanos = u128::from(self.until.0.saturating_sub(now.0));
        u64::try_from(nanos * u128::from(rate) / 1_000_000_000).unwrap_or(u64::MAX)
    }
}

impl Bottleneck {
    pub(super) fn new(plan: &Pipe) -> Bottleneck {
        let line = VecDeque::new();
        Bottleneck { plan: *plan, all: Busy::FREE, express: Busy::FREE, line, waiting: 0, taken: 0 }
    }

    /// Takes a message whose first bit comes `now`; `None` if it would have to wait and does not fit into the queue.
    /// Calls come in order of time.
    pub(super) fn take(&mut self, bytes: u64, now: Time) -> Option<Turn> {
        while let Some(&(turn, bytes)) = self.line.front()
            && turn <= now
        {
            self.waiting -= bytes;
            self.line.pop_front();
        }
        let Pipe { rate, queue, express } = self.plan;
        let express = (1..=express.0).contains(&bytes);
        if express && self.express.until > now {
            self.express.left(rate.0, now).checked_add(bytes).filter(|&all| all <= queue.0)?;
        } else if !express && self.all.until > now {
            self.waiting = self.waiting.checked_add(bytes).filter(|&all| all <= queue.0)?;
            self.line.push_back((self.all.until, bytes));
        }
        self.taken += bytes;
        let turn = self.all.take(bytes, rate.0, now);
        Some(if express { self.express.take(bytes, rate.0, now) } else { turn })
    }
}

/// The pipes of a plan, and the messages between them.
#[derive(Clone, Debug)]
pub(super) struct Pipes {
    /// By node; empty while nobody has one.
    up: Vec<Option<Bottleneck>>,
    /// By node; empty while nobody has one.
    pub(super) down: Vec<Option<Bottleneck>>,
    /// The machine of each node; empty while each has its own. Nodes on one share its pipes, which stand under the first.
    machines: Vec<NodeId>,
    /// By link; empty while none has one.
    pub(super) shared: Vec<Option<Bottleneck>>,
    pub(super) passages: Slab<Passage>,
}

impl Pipes {
    pub(super) fn new(plan: &NetworkPlan, nodes: usize) -> Pipes {
        let nics = || plan.nics.iter().take(nodes);
        Pipes {
            up: at_work(nics().map(|nic| nic.up.as_ref())),
            down: at_work(nics().map(|nic| nic.down.as_ref())),
            shared: at_work(core::iter::once(None).chain(plan.links.iter().map(|e| e.pipe.as_ref()))),
            machines: plan.machines.clone(),
            passages: Slab::default(),
        }
    }

    /// Where the pipes of a node stand.
    fn place(&self, node: NodeId) -> usize {
        NetworkPlan::machine(&self.machines, node).0 as usize
    }

    /// See [`Network::passed`].
    pub(super) fn passed(&self, node: NodeId, now: Time) -> [Option<(u64, f64)>; 2] {
        [&self.up, &self.down].map(|pipes| {
            let pipe = pipes.get(self.place(node))?.as_ref()?;
            let rate = pipe.plan.rate.0;
            let left = Span(pipe.all.until.0.saturating_sub(now.0)).as_secs() * rate as f64;
            Some((rate, pipe.taken as f64 - left))
        })
    }

    /// See [`Network::queued`].
    pub(super) fn queued(&self, node: NodeId, now: Time) -> [Option<u64>; 2] {
        [&self.up, &self.down].map(|pipes| {
            let pipe = pipes.get(self.place(node))?.as_ref()?;
            Some(pipe.all.left(pipe.plan.rate.0, now))
        })
    }

    pub(super) fn none(&self) -> bool {
        self.up.is_empty() && self.down.is_empty() && self.shared.is_empty()
    }

    /// When a message that is handed over `now` leaves its sender; `None` if the uplink's queue is full.
    pub(super) fn leave(&mut self, from: NodeId, bytes: u64, now: Time) -> Option<Turn> {
        let place = self.place(from);
        match at(&mut self.up, place) {
            Some(pipe) => pipe.take(bytes, now),
            None => Some(Turn { first: now, last: now }),
        }
    }
}

/// The pipe with this number, if there is one.
pub(super) fn at(pipes: &mut [Option<Bottleneck>], index: usize) -> Option<&mut Bottleneck> {
    pipes.get_mut(index)?.as_mut()
}

fn at_work<'a>(plans: impl Iterator<Item = Option<&'a Pipe>>) -> Vec<Option<Bottleneck>> {
    let pipes: Vec<Option<Bottleneck>> = plans.map(|plan| plan.map(Bottleneck::new)).collect();
    if pipes.iter().any(Option::is_some) { pipes } else { Vec::new() }
}

/// A pipe on somebody's way.
pub(super) struct Gate<'a> {
    pub(super) stage: Stage,
    /// The fault that put it there, if one did.
    pub(super) fault: Option<usize>,
    pub(super) pipe: &'a mut Bottleneck,
}

/// The last pipe that a message has passed, in the order of its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Start,
    /// The pipe of its link.
    Shared,
    /// A pipe of the harm with this number, of its sender or its receiver.
    Harm(u32, End),
    /// The receiver's downlink.
    Down,
}

/// One of the two ends of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    Sender,
    Receiver,
}

/// A message on its way through pipes.
#[derive(Clone, Debug)]
pub(super) struct Passage {
    pub(super) stage: Stage,
    pub(super) bytes: u64,
    /// When its last bit comes to where its first bit is.
    pub(super) last: Time,
    pub(super) damaged: bool,
    /// The faults that held it back so far: each counts it once.
    late: Vec<usize>,
}

impl Passage {
    pub(super) fn new(bytes: u64, damaged: bool) -> Passage {
        Passage { stage: Stage::Start, bytes, last: Time::ZERO, damaged, late: Vec::new() }
    }

    /// This fault holds it back.
    pub(super) fn delayed(&mut self, fault: usize, books: &mut Books) {
        if !self.late.contains(&fault) {
            self.late.push(fault);
            books.effects[fault].delayed += 1;
        }
    }
}

/// The way of a message from pipe to pipe.
impl Network {
    /// The event of an arrival with `leg` has fired: the first bit has come to a pipe. Whatever has become of the two
    /// ends, the caller must ask, and post the event again where it goes on: the passage is forgotten at its end.
    pub(crate) fn onward(
        &mut self,
        leg: u32,
        from: NodeId,
        to: NodeId,
        now: Time,
        books: &mut Books,
    ) -> Onward {
        let slot = leg - 1;
        let mut stage = self.pipes.passages.at(slot).stage;
        let bytes = self.pipes.passages.at(slot).bytes;
        while let Some(gate) = self.gate(from, to, stage) {
            stage = gate.stage;
            let (fault, turn) = (gate.fault, gate.pipe.take(bytes, now));
            let Some(turn) = turn else {
                books.traffic.overflowed += 1;
                if let Some(fault) = fault {
                    books.effects[fault].dropped += 1;
                }
                self.pipes.passages.take(slot);
                return Onward::Dropped(Loss::Overflow);
            };
            let passage = self.pipes.passages.at(slot);
            if let Some(fault) = fault
                && turn.last > passage.last
            {
                passage.delayed(fault, books);
            }
            (passage.stage, passage.last) = (stage, passage.last.max(turn.last));
            if turn.first > now && self.gate(from, to, stage).is_some() {
                return Onward::At(Arrival { at: turn.first, leg });
            }
        }
        let passage = self.pipes.passages.take(slot);
        if passage.damaged {
            books.traffic.corrupted += 1;
            return Onward::Dropped(Loss::Damage);
        }
        if passage.last > now { Onward::At(Arrival { at: passage.last, leg: 0 }) } else { Onward::Arrived }
    }

    /// The next pipe on the way of a message that is past `stage`.
    pub(super) fn gate(&mut self, from: NodeId, to: NodeId, stage: Stage) -> Option<Gate<'_>> {
        if self.links.together(from, to) {
            return None;
        }
        let place = self.pipes.place(to);
        if stage < Stage::Shared
            && let Some(pipe) = at(&mut self.pipes.shared, self.links.index(from, to))
        {
            return Some(Gate { stage: Stage::Shared, fault: None, pipe });
        }
        if let Some(gate) = self.harms.gate(from, to, stage) {
            return Some(gate);
        }
        let pipe = at(&mut self.pipes.down, place).filter(|_| stage < Stage::Down)?;
        Some(Gate { stage: Stage::Down, fault: None, pipe })
    }
}
