//! One end of a connection: what it sent and waits to hear of, what it waits to receive, and its timer.

use super::{Action, Kind, Moment, Packet, Parcel, StreamCounts, Token};
use crate::{
    kernel::Event,
    protocol::NodeId,
    rto::Rto,
    time::{Span, Time, Units},
};
use alloc::{collections::VecDeque, vec::Vec};

/// How far the handshake is; the numbers are those of the peer's end, which never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Its Syn is on the way.
    SynSent,
    /// The peer's Syn arrived, and a SynAck is on the way.
    SynReceived(u32),
    /// The peer has answered.
    Established(u32),
}

#[derive(Clone, Debug)]
pub(super) struct End {
    pub(super) number: u32,
    node: NodeId,
    peer: NodeId,
    pub(super) state: State,
    /// When it sent its Syn or SynAck, whose answer gives the first sample; `None` once that was sent again.
    opened: Option<Time>,

    /// Parcels that wait for the handshake; empty once it is done.
    pub(super) queue: VecDeque<Parcel>,
    /// Segments sent and not acked, oldest first.
    pub(super) sent: VecDeque<Sent>,
    /// The number of the first of them; of the next segment when there is none.
    pub(super) unacked: u32,
    /// Acks in a row that brought nothing new.
    duplicates: u32,
    loss: Option<Loss>,

    /// Parcels that the peer's end sent and that were not delivered, oldest first. They are here before their packets
    /// arrive, which is known to nobody but `here`.
    pub(super) inbound: VecDeque<Inbound>,
    /// The number of the first of them.
    pub(super) awaited: u32,

    pub(super) rto: Rto,
    /// Retransmissions by the timer since anything new was acked.
    attempts: u32,
    /// When the timer is due; `Time::MAX` while nothing is unanswered.
    pub(super) deadline: Time,
    /// When the caller was asked to wake it, perhaps before `deadline`: then the timer is set again. `Time::MAX` if it
    /// was not asked.
    pub(super) queued: Time,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    bytes: u64,
    at: Time,
    /// Sent more than once: its ack may be meant for any of them.
    again: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Inbound {
    pub(super) parcel: Event,
    /// Its packet arrived.
    pub(super) here: bool,
}

/// A loss that is being made up for.
#[derive(Clone, Copy, Debug)]
struct Loss {
    /// So many segments were outstanding when it was noticed, and still are.
    left: usize,
    cure: Cure,
}

/// What is sent again when an ack covers only a part of them.
#[derive(Clone, Copy, Debug)]
enum Cure {
    /// After duplicate acks: the first of the rest (RFC 6582 §3.2, step 3).
    First,
    /// After a timeout: all the rest, because none of it may have arrived. Slow start would do so in steps.
    Rest,
    /// All of it was sent again already.
    Nothing,
}

impl End {
    /// RFC 5681 §3.2: so many duplicate acks mean a loss.
    const DUPLICATES: u32 = 3;

    pub(super) fn new(number: u32, node: NodeId, peer: NodeId, state: State, moment: &Moment<'_>) -> End {
        End {
            number,
            node,
            peer,
            state,
            opened: Some(moment.now),
            queue: VecDeque::new(),
            sent: VecDeque::new(),
            unacked: 0,
            duplicates: 0,
            loss: None,
            inbound: VecDeque::new(),
            awaited: 0,
            // RFC 6298 §2.1
            rto: rto(1.s(), moment),
            attempts: 0,
            deadline: Time::MAX,
            queued: Time::MAX,
        }
    }

    /// The number of the peer's end, once it is known.
    pub(super) fn theirs(&self) -> Option<u32> {
        match self.state {
            State::SynSent => None,
            State::SynReceived(theirs) | State::Established(theirs) => Some(theirs),
        }
    }

    /// Whether a packet is from its peer's end and for this one. The first that it hears of the other may be a SynAck.
    pub(super) fn expects(&self, packet: Packet) -> bool {
        let known = self.theirs().map_or(packet.kind == Kind::SynAck, |theirs| packet.mine == theirs);
        packet.yours == self.number && known
    }

    /// The handshake is done.
    pub(super) fn establish(&mut self, theirs: u32, moment: &Moment<'_>) {
        self.state = State::Established(theirs);
        match self.opened {
            Some(opened) => self.rto.sample(moment.now.since(opened)),
            // §5.7: data begin although the handshake gave no sample.
            None if self.attempts > 0 => self.rto = rto(3.s(), moment),
            // The peer asked twice, and no timer rang here.
            None => {}
        }
        self.attempts = 0;
        self.deadline = Time::MAX;
    }

    /// Sends a packet that carries a parcel of so many bytes, or none.
    pub(super) fn transmit(&self, kind: Kind, bytes: u64, moment: &mut Moment<'_>) {
        let packet = Packet { mine: self.number, yours: self.theirs().unwrap_or(Packet::NOBODY), kind };
        let bytes = Packet::HEADER + bytes;
        moment.out.push(Action::Transmit { from: self.node, to: self.peer, packet, bytes });
    }

    /// Says what has arrived so far.
    pub(super) fn acknowledge(&self, moment: &mut Moment<'_>) {
        self.transmit(Kind::Ack(self.awaited), 0, moment);
    }

    /// Sends the next segment.
    pub(super) fn segment(&mut self, bytes: u64, moment: &mut Moment<'_>) {
        let number = self.unacked.wrapping_add(self.sent.len() as u32);
        self.sent.push_back(Sent { bytes, at: moment.now, again: false });
        self.transmit(Kind::Data(number), bytes, moment);
        if self.deadline == Time::MAX {
            self.start(moment);
        }
    }

    /// A segment arrived. It is acked in any case: the ack of an earlier copy may be lost. The host acks before the
    /// process reads.
    pub(super) fn receive(&mut self, number: u32, moment: &mut Moment<'_>) {
        let index = number.wrapping_sub(self.awaited) as usize;
        if let Some(inbound) = self.inbound.get_mut(index) {
            inbound.here = true;
        }
        let ready = self.inbound.iter().take_while(|inbound| inbound.here).count();
        self.awaited = self.awaited.wrapping_add(ready as u32);
        self.acknowledge(moment);
        moment.out.extend(self.inbound.drain(..ready).map(|i| Action::Deliver { parcel: i.parcel }));
    }

    /// The peer has every segment before `number`.
    pub(super) fn acked(&mut self, number: u32, counts: &mut StreamCounts, moment: &mut Moment<'_>) {
        let newly = number.wrapping_sub(self.unacked) as usize;
        if newly > self.sent.len() {
            return; // overtaken by a later ack
        }
        if newly > 0 {
            self.advance(newly, counts, moment);
        } else if !self.sent.is_empty() {
            self.duplicates += 1;
            if self.duplicates == End::DUPLICATES && self.loss.is_none() {
                self.loss = Some(Loss { left: self.sent.len(), cure: Cure::First });
                self.resend(0, counts, moment);
            }
        }
    }

    /// So many segments were acked that had not been.
    fn advance(&mut self, newly: usize, counts: &mut StreamCounts, moment: &mut Moment<'_>) {
        let oldest = self.sent[0].at;
        // Karn's rule, RFC 6298 §3: no sample from what was sent again.
        if self.sent.drain(..newly).filter(|sent| sent.again).count() == 0 {
            self.rto.sample(moment.now.since(oldest));
        }
        self.unacked = self.unacked.wrapping_add(newly as u32);
        self.attempts = 0;
        self.duplicates = 0;
        if self.sent.is_empty() {
            self.deadline = Time::MAX; // §5.2
        } else {
            self.start(moment); // §5.3
        }
        self.cure(newly, counts, moment);
    }

    /// Goes on making up for a loss, of which so many segments were acked now.
    fn cure(&mut self, newly: usize, counts: &mut StreamCounts, moment: &mut Moment<'_>) {
        let Some(loss) = self.loss.take() else { return };
        let left = loss.left.saturating_sub(newly);
        if left == 0 {
            return;
        }
        let (again, cure) = match loss.cure {
            Cure::First => (1, Cure::First),
            Cure::Rest => (left, Cure::Nothing),
            Cure::Nothing => (0, Cure::Nothing),
        };
        self.loss = Some(Loss { left, cure });
        (0..again).for_each(|index| self.resend(index, counts, moment));
    }

    /// Sends an unacked segment again; 0 is the oldest.
    fn resend(&mut self, index: usize, counts: &mut StreamCounts, moment: &mut Moment<'_>) {
        counts.retransmitted += 1;
        let sent = &mut self.sent[index];
        sent.again = true;
        let bytes = sent.bytes;
        self.transmit(Kind::Data(self.unacked.wrapping_add(index as u32)), bytes, moment);
    }

    /// Nothing was heard in time. Whether it tries again; otherwise it gives up.
    pub(super) fn timeout(&mut self, counts: &mut StreamCounts, moment: &mut Moment<'_>) -> bool {
        let retries = match self.state {
            State::SynSent | State::SynReceived(_) => moment.plan.syn_retries,
            State::Established(_) => moment.plan.retries,
        };
        if self.attempts >= retries {
            return false;
        }
        self.attempts += 1;
        match self.state {
            State::SynSent => self.again(Kind::Syn, counts, moment),
            State::SynReceived(_) => self.again(Kind::SynAck, counts, moment),
            State::Established(_) => {
                self.duplicates = 0;
                self.loss = Some(Loss { left: self.sent.len(), cure: Cure::Rest });
                self.resend(0, counts, moment); // §5.4
            }
        }
        self.rto.back_off(); // §5.5
        self.start(moment); // §5.6
        true
    }

    /// Sends its Syn or SynAck again.
    pub(super) fn again(&mut self, kind: Kind, counts: &mut StreamCounts, moment: &mut Moment<'_>) {
        counts.retransmitted += 1;
        self.opened = None;
        self.transmit(kind, 0, moment);
    }

    /// Starts the timer, or starts it again.
    pub(super) fn start(&mut self, moment: &mut Moment<'_>) {
        self.deadline = moment.now + self.rto.span();
        self.arm(moment.out);
    }

    /// Asks to be woken in time, unless it will be anyway.
    pub(super) fn arm(&mut self, out: &mut Vec<Action>) {
        if self.deadline < self.queued {
            self.queued = self.deadline;
            let token = Token { node: self.node, peer: self.peer };
            out.push(Action::Wake { at: self.deadline, token });
        }
    }
}

/// A timeout of which nothing is known yet but this.
fn rto(first: Span, moment: &Moment<'_>) -> Rto {
    Rto::new(first, moment.plan.rto_min, moment.plan.rto_max)
}
