//! The network: who can reach whom, how late, with what luck. [`crate::link`] says what lies between two nodes; this is
//! the machine that does it.
//!
//! A message is handed over, and either gets a moment of arrival or is lost. Its fate depends on the seed, the two
//! ends, the moment, and how many messages went between these ends at that same moment; on nothing else. So removing a
//! fault or a client from a plan leaves the fates of unrelated messages as they were, and no link costs memory.
//! Messages overtake one another freely: this is a datagram network.
//!
//! The way of a message, in this order:
//!
//! 1. The sender's uplink. One that finds its queue full is dropped; any other uses its time, whatever comes after.
//! 2. Cuts, then chance: it may be lost, or else be one that a fault is to lose; it may be doubled, and each copy may be
//!    damaged. The plan's own links come first; a fault counts only what they would have let through, and each of several
//!    faults counts what it would have done alone.
//! 3. The delay of the link, and what faults add to it.
//! 4. The pipe that its link shares with others, the pipes of faults in the order in which they struck, the receiver's
//!    downlink. Each takes messages in the order in which their first bits arrive, which is known only when they do; so
//!    each has an event of its own, and `onward` leads from one to the next. A damaged message is dropped at the end.
//! 5. Arrival: a cut that struck meanwhile stops it, a clog holds it back.
//!
//! Bits are passed on as they come (cut-through): a transfer over an uplink and a downlink of equal rate takes its size
//! divided by the rate, once, plus the delay. A pipe is busy for size / rate from a message's first bit on, and sends the
//! last bit then or when it has come, whichever is later. So slow senders do not slow one another in a fast pipe.
//!
//! A message to oneself stays in its host: it meets neither pipes nor faults, only what its link does. One to another node on
//! the same machine meets nothing at all.

mod bursts;
mod harms;
mod links;
mod luck;
mod packet;
mod pipes;
mod scope;
#[cfg(test)]
mod tests;

use crate::{
    kernel::Event,
    link::{Impairment, NetworkPlan},
    protocol::NodeId,
    run::{Effect, Traffic},
    stream::StreamPlan,
    time::{Span, Time},
};
use alloc::vec::Vec;
use harms::{Does, Harms};
use links::Links;
use luck::{FAULT, derived};
use packet::{Packet, Sent};
use pipes::{Passage, Pipes, Stage, Turn};
use scope::Scope;

/// What the network counts: the run's traffic, and what each fault of the plan did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Books {
    pub(crate) traffic: Traffic,
    /// By the fault's number.
    pub(crate) effects: Vec<Effect>,
    /// Faults that have done all that they were to do, and are over as soon as somebody reads this.
    pub(crate) done: Vec<usize>,
    /// By node: messages and bytes that it handed over. Empty while nobody wants to know.
    pub(crate) senders: Vec<(u64, u64)>,
}

/// What becomes of a message that is handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Lost(Loss),
    Once(Arrival),
    /// The network made a copy.
    Twice(Result<Arrival, Loss>, Result<Arrival, Loss>),
}

/// Why a message does not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// By chance.
    Luck,
    Cut,
    /// A queue was full.
    Overflow,
    /// It is damaged.
    Damage,
}

/// When a message is due at its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    pub(crate) at: Time,
    /// 0 if it is there then; otherwise the number of its passage, for [`Network::onward`]. Never `u32::MAX`.
    pub(crate) leg: u32,
}

/// What becomes of a message on a passage through pipes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Onward {
    /// It is there.
    Arrived,
    /// It goes on.
    At(Arrival),
    Dropped(Loss),
}

/// Whether a message that has come all the way reaches its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrives {
    Yes,
    /// A cut stops it.
    Stopped,
    /// A clog keeps its event until [`Network::end`].
    Held,
}

#[derive(Clone, Debug)]
pub(crate) struct Network {
    /// Whether there is nothing but delay and independent loss, and no fault is in force: the usual case, and the fast one.
    quiet: bool,
    /// Whether faults do nothing but cut and clog, on such a network.
    simple: bool,
    /// Whether the plan asks for nothing else, without faults.
    simple_plan: bool,
    /// Whether somebody wants to know who sends how much, or what becomes of it: the fast path does not tell.
    watched: bool,
    /// Whether nothing comes between a message that has come all the way and its receiver, and nobody asks when it came.
    clear: bool,
    /// Whether somebody asks.
    traced: bool,
    key: u64,
    nodes: usize,
    links: Links,
    sent: Sent,
    pipes: Pipes,
    harms: Harms,
}

impl Network {
    pub(crate) fn new(plan: &NetworkPlan, key: u64, nodes: usize) -> Network {
        let links = Links::new(plan, key, nodes);
        let pipes = Pipes::new(plan, nodes);
        let simple = links.plain() && pipes.none() && plan.machines.is_empty();
        Network {
            quiet: simple,
            simple,
            simple_plan: simple,
            watched: false,
            clear: true,
            traced: false,
            key,
            links,
            nodes,
            sent: Sent::default(),
            pipes,
            harms: Harms::default(),
        }
    }

    /// Starts over with another plan for the same nodes, under another key.
    pub(crate) fn reset(&mut self, plan: &NetworkPlan, key: u64) {
        let Network { mut sent, .. } = core::mem::replace(self, Network::new(plan, key, self.nodes));
        sent.clear();
        self.sent = sent;
    }

    /// From here on what each node sends is counted.
    pub(crate) fn meter(&mut self, books: &mut Books) {
        (self.quiet, self.watched) = (false, true);
        books.senders.resize(self.nodes, (0, 0));
    }

    /// From here on somebody follows each message.
    pub(crate) fn trace(&mut self) {
        (self.quiet, self.watched) = (false, true);
        (self.clear, self.traced) = (false, true);
    }

    /// The interface of a node, as far as the plan limits it: for its uplink, then its downlink, the rate in bytes a
    /// second, and the bytes that have passed it by now.
    pub(crate) fn passed(&self, node: NodeId, now: Time) -> [Option<(u64, f64)>; 2] {
        self.pipes.passed(node, now)
    }

    /// What its uplink has taken and not sent yet by now, in bytes, and then its downlink, where they are limited.
    pub(crate) fn queued(&self, node: NodeId, now: Time) -> [Option<u64>; 2] {
        self.pipes.queued(node, now)
    }

    /// The machine of a node, by the first node on it.
    pub(crate) fn machine(&self, node: NodeId) -> NodeId {
        self.links.machine(node)
    }

    /// Whether [`Network::send_in_quiet`] will do.
    #[inline]
    pub(crate) fn quiet(&self) -> bool {
        self.quiet
    }

    /// Hands a message over while the network is quiet: when it arrives, unless it is lost.
    #[inline(always)]
    pub(crate) fn send_in_quiet(
        &mut self,
        from: NodeId,
        to: NodeId,
        bytes: u64,
        now: Time,
        books: &mut Books,
    ) -> Option<Time> {
        books.traffic.sent += 1;
        books.traffic.bytes += bytes;
        let luck = self.links.luck_apart(from, to);
        if let Some(delay) = luck.certain() {
            return Some(now + delay);
        }
        let nth = self.sent.number(from, to, now);
        let delay = luck.deal(Packet { from, to, at: now, nth });
        books.traffic.lost += u64::from(delay.is_none());
        Some(now + delay?)
    }

    /// Hands a message over. The caller posts an event for each arrival, with its `leg`.
    pub(crate) fn send(
        &mut self,
        from: NodeId,
        to: NodeId,
        bytes: u64,
        now: Time,
        books: &mut Books,
    ) -> Fate {
        books.traffic.sent += 1;
        books.traffic.bytes += bytes;
        if let Some((messages, sum)) = books.senders.get_mut(from.0 as usize) {
            (*messages, *sum) = (*messages + 1, *sum + bytes);
        }
        // Counted before anything can stop it: what a fault or a full queue takes away re-deals nothing.
        let packet = Packet { from, to, at: now, nth: self.sent.number(from, to, now) };
        if !self.simple {
            return self.send_with_care(packet, bytes, books);
        }
        if self.harms.stop(from, to, books) {
            return Fate::Lost(Loss::Cut);
        }
        match self.links.luck_apart(from, to).deal(packet) {
            Some(_) if self.harms.lose_next(from, to, books) => Fate::Lost(Loss::Cut),
            Some(delay) => Fate::Once(Arrival { at: now + delay, leg: 0 }),
            None => {
                books.traffic.lost += 1;
                Fate::Lost(Loss::Luck)
            }
        }
    }

    /// The same where anything may happen.
    fn send_with_care(&mut self, packet: Packet, bytes: u64, books: &mut Books) -> Fate {
        let Packet { from, to, at: now, .. } = packet;
        let luck = self.links.luck(from, to);
        if from != to && self.links.together(from, to) {
            return Fate::Once(Arrival { at: now + luck.delay(packet), leg: 0 });
        }
        let turn = match from == to {
            true => Some(Turn { first: now, last: now }),
            false => self.pipes.leave(from, bytes, now),
        };
        let Some(turn) = turn else {
            books.traffic.overflowed += 1;
            return Fate::Lost(Loss::Overflow);
        };
        if self.harms.stop(from, to, books) {
            return Fate::Lost(Loss::Cut);
        }
        if luck.loses(packet) || self.harms.lose(packet, books) {
            books.traffic.lost += 1;
            return Fate::Lost(Loss::Luck);
        }
        if self.harms.lose_next(from, to, books) {
            return Fate::Lost(Loss::Cut);
        }
        let doubled = luck.doubles(packet);
        if !(self.harms.double(packet, books) || doubled) {
            return self.depart(packet, bytes, turn, books).map_or_else(Fate::Lost, Fate::Once);
        }
        books.traffic.duplicated += 1;
        let original = self.depart(packet, bytes, turn, books);
        let copy = self.depart(packet.copy(), bytes, turn, books);
        Fate::Twice(original, copy)
    }

    /// Sends one copy on its way from the uplink, which it left in `turn`.
    fn depart(&mut self, packet: Packet, bytes: u64, turn: Turn, books: &mut Books) -> Result<Arrival, Loss> {
        let Packet { from, to, .. } = packet;
        let luck = self.links.luck(from, to);
        let mut passage = Passage::new(bytes, luck.damages(packet));
        let delay = luck.delay(packet) + luck.holds(packet) + self.harms.worsen(packet, &mut passage, books);
        passage.last = turn.last + delay;
        if self.gate(from, to, Stage::Start).is_some() {
            return Ok(Arrival { at: turn.first + delay, leg: self.pipes.passages.insert(passage) + 1 });
        }
        books.traffic.corrupted += u64::from(passage.damaged);
        if passage.damaged { Err(Loss::Damage) } else { Ok(Arrival { at: passage.last, leg: 0 }) }
    }

    /// Whether a message that has come all the way may simply be taken: no fault of the network is in force.
    #[inline]
    pub(crate) fn clear(&self) -> bool {
        self.clear
    }

    /// Whether a message that has come all the way reaches its receiver: harm may have struck meanwhile.
    #[inline]
    pub(crate) fn arrives(&mut self, from: NodeId, to: NodeId, event: Event, books: &mut Books) -> Arrives {
        if self.harms.none() || self.links.together(from, to) {
            return Arrives::Yes;
        }
        self.harms.arrives(from, to, event, books)
    }

    /// How the link from one node to another carries connections; `None` if it carries datagrams.
    #[inline]
    pub(crate) fn stream(&self, from: NodeId, to: NodeId) -> Option<&StreamPlan> {
        self.links.stream(from, to)
    }

    /// Where a node stands in what stops messages at this moment. Between nodes with the same marks it makes no difference
    /// which of them sends.
    pub(crate) fn marks(&self, node: NodeId) -> Vec<u32> {
        self.harms.marks(node)
    }

    /// Whether a node reaches nobody.
    pub(crate) fn alone(&self, node: NodeId) -> bool {
        self.harms.isolates(node)
    }

    /// Whether nothing stops messages between these two, in both directions; of a node and itself, between two with its
    /// marks.
    pub(crate) fn mutual(&self, one: NodeId, other: NodeId) -> bool {
        self.harms.passes(one, other) && self.harms.passes(other, one)
    }
}

/// Harms: each is in force, under the number of its fault, until that ends.
impl Network {
    /// The groups can no longer reach one another; if one-way, the first can no longer reach the second. A node in no
    /// group still reaches everybody.
    pub(crate) fn split(&mut self, fault: usize, groups: &[Vec<NodeId>], one_way: bool) {
        let scope = match groups {
            [from, to, ..] if one_way => Scope::one_way(from, to, self.nodes),
            groups => Scope::split(groups, self.nodes),
        };
        self.begin(fault, scope, Does::Cut);
    }

    /// The nodes form a ring: each reaches its nearest on both sides, just enough for a majority. Nodes that are not on
    /// it reach everybody.
    pub(crate) fn ring(&mut self, fault: usize, order: &[NodeId]) {
        self.begin(fault, Scope::ring(order, self.nodes), Does::Cut);
    }

    /// Each of these nodes is alone.
    pub(crate) fn isolate(&mut self, fault: usize, nodes: &[NodeId]) {
        self.begin(fault, Scope::isolate(nodes, self.nodes), Does::Cut);
    }

    /// What arrives is held back.
    pub(crate) fn clog(&mut self, fault: usize, from: &[NodeId], to: &[NodeId]) {
        self.begin(fault, Scope::one_way(from, to, self.nodes), Does::hold());
    }

    /// The next so many messages from some nodes to others are lost.
    pub(crate) fn lose(&mut self, fault: usize, from: &[NodeId], to: &[NodeId], messages: u32) {
        self.begin(fault, Scope::one_way(from, to, self.nodes), Does::Lose(messages));
    }

    /// Messages from some nodes to others have worse luck; they share one pipe, if it has one. `salt` is a hash of the
    /// fault's name: what it draws depends on that, and not on what other faults there are.
    pub(crate) fn degrade(
        &mut self,
        fault: usize,
        salt: u64,
        from: &[NodeId],
        to: &[NodeId],
        link: &Impairment,
    ) {
        let does = Does::worsen(link, derived(self.key, FAULT, salt), 1);
        self.begin(fault, Scope::one_way(from, to, self.nodes), does);
    }

    /// Every message that one of these nodes sends or receives has worse luck, once if both do. If it has a pipe, each
    /// node gets two of its own, for what it sends and for what it receives.
    pub(crate) fn degrade_nic(&mut self, fault: usize, salt: u64, of: &[NodeId], link: &Impairment) {
        let does = Does::worsen(link, derived(self.key, FAULT, salt), 2 * of.len());
        self.begin(fault, Scope::touch(of, self.nodes), does);
    }

    /// What these nodes send takes longer, by their places: nothing, a step, two steps, …
    pub(crate) fn rank(&mut self, fault: usize, of: &[NodeId], step: Span) {
        self.begin(fault, Scope::sent_by(of, self.nodes), Does::Rank(step));
    }

    fn begin(&mut self, fault: usize, scope: Scope, does: Does) {
        self.harms.begin(fault, scope, does);
        (self.quiet, self.clear) = (false, false);
        self.simple &= !self.harms.worsens();
    }

    /// Takes the harm away. Returns the events that a clog held, in the order in which they came, to be posted anew:
    /// each asks again whether it arrives.
    pub(crate) fn end(&mut self, fault: usize) -> Vec<Event> {
        let held = self.harms.end(fault);
        self.simple = self.simple_plan && !self.harms.worsens();
        self.quiet = self.simple && self.harms.none() && !self.watched;
        self.clear = self.harms.none() && !self.traced;
        held
    }
}
