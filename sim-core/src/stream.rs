//! Streams: parcels in order and exactly once, for as long as both ends live. As much of TCP as a simulator of messages
//! needs (RFC 9293, 6298, 5681, 6582).
//!
//! Two nodes share at most one connection, opened by whoever sends first. It has two **ends**, and each acts only on
//! what its own packets told it, so the ends may disagree: one believes in the connection while the other gave up or
//! was rebooted. Nothing here knows a queue or a network. A call hands over a packet, a parcel or a moment, and gets
//! back actions for the caller to carry out.
//!
//! What happens:
//! * *Open.* Syn, SynAck, Ack. Data follow the Ack at once, so the first parcel arrives after one and a half round trips
//!   instead of a half. Ends that open at the same time get one connection.
//! * *Data.* One parcel is one segment. Every data packet is acknowledged at once, cumulatively, by a packet of its own.
//! * *Loss.* The oldest segment is sent again when its timer rings, each time after twice the time, or after three
//!   duplicate acks. What else was outstanding then follows as acks come in. After so many tries the end gives up and
//!   is gone without a word; the next parcel opens a new connection.
//! * *Crash.* The host of a process that dies tells each peer by Rst. Without power it tells nobody; once it is up again
//!   it answers packets for connections that it does not know by Rst. An end that gets a Rst is gone.
//! * *Reopening.* A Syn from a newer end of the peer shows that the old one is gone, and takes its place.
//!
//! An end has a number that no other end ever has, and says in every packet which end it means. So what belongs to an
//! earlier connection is recognised however late it comes, and a parcel on its way to one end never reaches another:
//!
//! ```text
//!   A opens 1   Syn 1 -> B        B accepts it as 2     SynAck 2,1 -> A
//!   A sends     Data 1,2 -> B     B delivers
//!   B is rebooted, and A does not know
//!   A sends     Data 1,2 -> B     B has no end 2        Rst 2,1 -> A
//! ```
//!
//! What becomes of a parcel is decided by who holds it. Until the handshake is done it is its sender's. Once sent it is
//! the receiving end's, which delivers it when its packet arrives in order; so the last words of a process that died
//! still arrive. An end that dies discards what it holds.
//!
//! Not here: windows (flow control and congestion control: whatever is handed over is sent at once), segments smaller or
//! larger than a parcel, delayed or piggybacked acks, selective acks, keepalive, Fin. A process does not learn that a
//! connection broke, except by silence.

mod end;
#[cfg(test)]
mod tests;

use crate::{
    kernel::Event,
    protocol::NodeId,
    time::{Span, Time, Units},
};
use alloc::{collections::BTreeMap, format, string::String, vec::Vec};
use end::{End, State};
use serde::{Deserialize, Serialize};

/// How patient streams are. What is left out has the value that Linux gives it.
///
/// ```
/// use sim_core::{stream::StreamPlan, time::Units};
/// let plan = StreamPlan { rto_min: 1.s(), ..StreamPlan::default() };
/// assert_eq!(plan.check(), Ok(()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StreamPlan {
    /// No retransmission timeout is shorter. RFC 6298 has 1 s.
    pub rto_min: Span,
    /// None is longer, however often it was doubled.
    pub rto_max: Span,
    /// So often a Syn or a SynAck is sent again before its end gives up: 127 s for 6.
    pub syn_retries: u32,
    /// So often a segment is sent again by its timer before its end gives up: at least 924.6 s for 15.
    pub retries: u32,
}

impl Default for StreamPlan {
    fn default() -> StreamPlan {
        StreamPlan { rto_min: 200.ms(), rto_max: 120.s(), syn_retries: 6, retries: 15 }
    }
}

impl StreamPlan {
    /// Whether the numbers make sense together; otherwise what was found and what would do.
    pub fn check(&self) -> Result<(), String> {
        let StreamPlan { rto_min, rto_max, .. } = *self;
        if rto_max == Span::ZERO {
            return Err(String::from(
                "a stream with an `rto_max` of 0s sends everything again at once: write a longer one, like \"120s\"",
            ));
        }
        if rto_min > rto_max {
            return Err(format!(
                "a stream's `rto_min` of {rto_min} is longer than its `rto_max` of {rto_max}: write a shorter `rto_min` \
                 or a longer `rto_max`"
            ));
        }
        Ok(())
    }
}

/// What streams did in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamCounts {
    /// Connections begun by a Syn; two when both ends begin at once.
    pub opened: u64,
    /// Packets sent again: by a timer, after duplicate acks, or in answer to a Syn that was sent again.
    pub retransmitted: u64,
    /// Ends that a Rst closed (also one that refused their Syn), or the Syn of a newer connection.
    pub resets: u64,
    /// Ends that retransmitted as often as they may.
    pub gave_up: u64,
}

/// What a stream carries: a handle of the caller's, and the size of what it stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parcel {
    pub(crate) event: Event,
    pub(crate) bytes: u64,
}

/// What goes over the network between two hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    /// The number of the end that sends it.
    mine: u32,
    /// The number of the end that it is for; [`Packet::NOBODY`] in the first Syn.
    yours: u32,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Syn,
    SynAck,
    /// Every segment before this one has arrived.
    Ack(u32),
    /// The segment of this number, counted from 0; numbers start again after 2^32.
    Data(u32),
    Rst,
}

impl Packet {
    /// What each packet weighs besides its parcel: the headers of IPv4 and TCP without options.
    pub(crate) const HEADER: u64 = 40;
    /// The number of no end.
    const NOBODY: u32 = 0;

    /// The answer to a packet for a connection that does not exist; never an answer to a Rst.
    fn refusal(self) -> Option<Packet> {
        (self.kind != Kind::Rst).then_some(Packet { mine: self.yours, yours: self.mine, kind: Kind::Rst })
    }
}

/// Whose timer it is: that of the node's end towards the peer, if it still is the one that asked for this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) node: NodeId,
    pub(crate) peer: NodeId,
}

/// What the caller is to do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    /// Hand a packet to the network; `bytes` is its whole size.
    Transmit { from: NodeId, to: NodeId, packet: Packet, bytes: u64 },
    /// The parcel has arrived.
    Deliver { parcel: Event },
    /// The parcel will never arrive: free what it stands for.
    Discard { parcel: Event },
    /// Call [`Streams::wake`] at this moment.
    Wake { at: Time, token: Token },
}

/// When a call happens, what the plan of the link is, and where its actions go.
#[derive(Debug)]
pub(crate) struct Moment<'a> {
    pub(crate) now: Time,
    pub(crate) plan: &'a StreamPlan,
    pub(crate) out: &'a mut Vec<Action>,
}

/// Every connection of the world.
///
/// The caller's duties:
/// 1. It carries out every action. Those of one call in their order; that a delivery leads to further calls in between
///    does no harm.
/// 2. A packet that reaches a host is handed to [`Streams::arrive`] if a process runs there, to [`Streams::refuse`] if
///    none does, to nobody if the host has no power. It may be late, lost, twice there, or overtake others.
/// 3. It calls [`Streams::wake`] at exactly the moment asked for, whatever the process is doing: streams are the host's.
/// 4. It calls [`Streams::crash`] or [`Streams::power_off`] whenever a process ends.
///
/// Each parcel comes back in one Deliver or in one Discard. What was lost with a sender that died is discarded only
/// when the receiving end learns of it, or dies too.
#[derive(Clone, Debug, Default)]
pub(crate) struct Streams {
    /// By the node whose end it is, and its peer.
    ends: BTreeMap<(NodeId, NodeId), End>,
    /// The number of the newest end.
    newest: u32,
    pub(crate) counts: StreamCounts,
}

impl Streams {
    /// A process sends a parcel.
    pub(crate) fn send(&mut self, from: NodeId, to: NodeId, parcel: Parcel, moment: &mut Moment<'_>) {
        match self.ends.get_mut(&(from, to)) {
            None => {
                self.counts.opened += 1;
                let end = self.open(from, to, State::SynSent, moment);
                end.transmit(Kind::Syn, 0, moment);
                end.queue.push_back(parcel);
            }
            Some(end) => match end.state {
                State::SynSent | State::SynReceived(_) => end.queue.push_back(parcel),
                State::Established(_) => self.dispatch(from, to, parcel, moment),
            },
        }
    }

    /// A packet reached the host of a running process.
    pub(crate) fn arrive(&mut self, from: NodeId, to: NodeId, packet: Packet, moment: &mut Moment<'_>) {
        if packet.kind == Kind::Syn {
            return self.accept(from, to, packet.mine, moment);
        }
        if packet.kind == Kind::Rst {
            return self.reset(from, to, packet.yours, moment.out);
        }
        let Some(end) = self.ends.get_mut(&(to, from)).filter(|end| end.expects(packet)) else {
            return Streams::refuse(from, to, packet, moment.out);
        };
        let opens = !matches!(end.state, State::Established(_));
        if opens {
            // Whatever answers a Syn or a SynAck shows that it has arrived.
            end.establish(packet.mine, moment);
        }
        match packet.kind {
            Kind::Ack(number) => end.acked(number, &mut self.counts, moment),
            Kind::Data(number) => end.receive(number, moment),
            Kind::Syn | Kind::SynAck | Kind::Rst => end.acknowledge(moment),
        }
        if opens {
            let queue = core::mem::take(&mut end.queue);
            queue.into_iter().for_each(|parcel| self.dispatch(to, from, parcel, moment));
        }
    }

    /// A packet reached a host where no process runs.
    pub(crate) fn refuse(from: NodeId, to: NodeId, packet: Packet, out: &mut Vec<Action>) {
        if let Some(packet) = packet.refusal() {
            out.push(Action::Transmit { from: to, to: from, packet, bytes: Packet::HEADER });
        }
    }

    /// A timer rings. One that was moved since is set again, one that is no longer needed does nothing.
    pub(crate) fn wake(&mut self, token: Token, moment: &mut Moment<'_>) {
        let end = self.ends.get_mut(&(token.node, token.peer));
        let Some(end) = end.filter(|end| end.queued == moment.now) else { return };
        end.queued = Time::MAX;
        if end.deadline > moment.now {
            return end.arm(moment.out);
        }
        if !end.timeout(&mut self.counts, moment) {
            self.counts.gave_up += 1;
            self.close(token.node, token.peer, moment.out);
        }
    }

    /// A process died. Its host closes its ends and tells their peers.
    pub(crate) fn crash(&mut self, node: NodeId, out: &mut Vec<Action>) {
        let tell = |end: &End| Some(Packet { mine: end.number, yours: end.theirs()?, kind: Kind::Rst });
        for peer in self.peers(node) {
            if let Some(packet) = tell(&self.ends[&(node, peer)]) {
                out.push(Action::Transmit { from: node, to: peer, packet, bytes: Packet::HEADER });
            }
            self.close(node, peer, out);
        }
    }

    /// A host lost its power, and its process with it: its ends are gone, and nobody is told.
    pub(crate) fn power_off(&mut self, node: NodeId, out: &mut Vec<Action>) {
        self.peers(node).into_iter().for_each(|peer| self.close(node, peer, out));
    }

    /// The nodes to which this one has an end.
    fn peers(&self, node: NodeId) -> Vec<NodeId> {
        let all = (node, NodeId(0))..=(node, NodeId(u32::MAX));
        self.ends.range(all).map(|(&(_, peer), _)| peer).collect()
    }

    /// A new end, which waits for an answer to the packet that the caller sends.
    fn open(&mut self, node: NodeId, peer: NodeId, state: State, moment: &mut Moment<'_>) -> &mut End {
        self.newest = self.newest.checked_add(1).expect("a run opens fewer than 2^32 ends");
        let end = self.ends.entry((node, peer)).or_insert(End::new(self.newest, node, peer, state, moment));
        assert_eq!(end.number, self.newest, "an end is opened where there is none");
        end.start(moment);
        end
    }

    /// A Syn of the peer's end `theirs` arrived.
    fn accept(&mut self, from: NodeId, to: NodeId, theirs: u32, moment: &mut Moment<'_>) {
        if let Some(end) = self.ends.get_mut(&(to, from)) {
            match end.state {
                // Both open at once.
                State::SynSent => {
                    end.state = State::SynReceived(theirs);
                    return end.transmit(Kind::SynAck, 0, moment);
                }
                State::SynReceived(known) if known == theirs => {
                    return end.again(Kind::SynAck, &mut self.counts, moment);
                }
                State::Established(known) if known == theirs => return end.acknowledge(moment),
                // Older than the connection: a duplicate that was long on its way.
                State::SynReceived(known) | State::Established(known) if known > theirs => return,
                State::SynReceived(_) | State::Established(_) => {
                    self.counts.resets += 1;
                    self.close(to, from, moment.out);
                }
            }
        }
        self.open(to, from, State::SynReceived(theirs), moment).transmit(Kind::SynAck, 0, moment);
    }

    /// A Rst for the end `number` arrived.
    fn reset(&mut self, from: NodeId, to: NodeId, number: u32, out: &mut Vec<Action>) {
        if self.ends.get(&(to, from)).is_some_and(|end| end.number == number) {
            self.counts.resets += 1;
            self.close(to, from, out);
        }
    }

    /// Sends a parcel over a connection that its sender believes in, and leaves it to the receiving end. If that one is
    /// gone, the packets go nowhere, as their sender will find out.
    fn dispatch(&mut self, from: NodeId, to: NodeId, parcel: Parcel, moment: &mut Moment<'_>) {
        let end = self.ends.get_mut(&(from, to)).expect("only an open end sends");
        let theirs = end.theirs();
        end.segment(parcel.bytes, moment);
        match self.ends.get_mut(&(to, from)).filter(|end| Some(end.number) == theirs) {
            Some(end) => end.inbound.push_back(end::Inbound { parcel: parcel.event, here: false }),
            None => moment.out.push(Action::Discard { parcel: parcel.event }),
        }
    }

    /// The end is gone, and with it all that it holds.
    fn close(&mut self, node: NodeId, peer: NodeId, out: &mut Vec<Action>) {
        let end = self.ends.remove(&(node, peer)).expect("only an open end is closed");
        out.extend(end.queue.iter().map(|parcel| Action::Discard { parcel: parcel.event }));
        out.extend(end.inbound.iter().map(|inbound| Action::Discard { parcel: inbound.parcel }));
    }
}
