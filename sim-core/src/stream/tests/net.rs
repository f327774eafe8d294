//! Three hosts, and a network made of a sorted map and a closure that decides the fate of each packet.

use super::super::{Action, Kind, Moment, Packet, Parcel, StreamPlan, Streams, Token};
use crate::{
    kernel::Event,
    protocol::NodeId,
    time::{Span, Time},
};
use std::{boxed::Box, collections::BTreeMap, vec, vec::Vec};

/// How long a packet travels, where nothing else is said.
pub(super) const DELAY: Span = Span(50_000_000);

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Host {
    Runs,
    /// The host is up, its process is not.
    Bare,
    Off,
}

/// A packet on its way, as it was handed over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flight {
    pub(super) at: Time,
    pub(super) from: NodeId,
    pub(super) to: NodeId,
    pub(super) packet: Packet,
    pub(super) bytes: u64,
}

pub(super) enum Pending {
    Arrival(Flight),
    Wake(Token),
}

/// How long each copy of a packet travels; no copy, and it is lost.
type Fate = Box<dyn FnMut(&Flight) -> Vec<Span>>;

pub(super) struct Net {
    pub(super) streams: Streams,
    pub(super) plan: StreamPlan,
    pub(super) now: Time,
    pub(super) queue: BTreeMap<(Time, u64), Pending>,
    seq: u64,
    fate: Fate,
    pub(super) hosts: [Host; 3],
    pub(super) parcels: u32,
    pub(super) flights: Vec<Flight>,
    pub(super) delivered: Vec<(Time, u32)>,
    pub(super) discarded: Vec<u32>,
}

impl Net {
    pub(super) fn new(fate: impl FnMut(&Flight) -> Vec<Span> + 'static) -> Net {
        Net {
            streams: Streams::default(),
            plan: StreamPlan::default(),
            now: Time::ZERO,
            queue: BTreeMap::new(),
            seq: 0,
            fate: Box::new(fate),
            hosts: [Host::Runs; 3],
            parcels: 0,
            flights: Vec::new(),
            delivered: Vec::new(),
            discarded: Vec::new(),
        }
    }

    /// Every packet takes [`DELAY`], unless `lost` says so.
    pub(super) fn losing(mut lost: impl FnMut(&Flight) -> bool + 'static) -> Net {
        Net::new(move |flight| if lost(flight) { vec![] } else { vec![DELAY] })
    }

    pub(super) fn reliable() -> Net {
        Net::losing(|_| false)
    }

    /// From now on every packet takes [`DELAY`], and none is lost.
    pub(super) fn mend(&mut self) {
        self.fate = Box::new(|_| vec![DELAY]);
    }

    fn act(&mut self, call: impl FnOnce(&mut Streams, &mut Moment<'_>)) {
        let mut out = Vec::new();
        call(&mut self.streams, &mut Moment { now: self.now, plan: &self.plan, out: &mut out });
        for action in out {
            match action {
                Action::Transmit { from, to, packet, bytes } => {
                    let flight = Flight { at: self.now, from, to, packet, bytes };
                    self.flights.push(flight);
                    for delay in (self.fate)(&flight) {
                        self.post(self.now + delay, Pending::Arrival(flight));
                    }
                }
                Action::Wake { at, token } => self.post(at, Pending::Wake(token)),
                Action::Deliver { parcel } => self.delivered.push((self.now, parcel.slot)),
                Action::Discard { parcel } => self.discarded.push(parcel.slot),
            }
        }
    }

    fn post(&mut self, at: Time, pending: Pending) {
        self.seq += 1;
        self.queue.insert((at, self.seq), pending);
    }

    /// Sends the next parcel, of 100 bytes.
    pub(super) fn send(&mut self, from: NodeId, to: NodeId) -> u32 {
        let slot = self.parcels;
        self.parcels += 1;
        let parcel = Parcel { event: Event { slot, ..Event::default() }, bytes: 100 };
        self.act(|streams, moment| streams.send(from, to, parcel, moment));
        slot
    }

    /// Sends the next `count` parcels.
    pub(super) fn burst(&mut self, from: NodeId, to: NodeId, count: u32) {
        for _ in 0..count {
            self.send(from, to);
        }
    }

    pub(super) fn crash(&mut self, node: NodeId) {
        self.hosts[node.0 as usize] = Host::Bare;
        self.act(|streams, moment| streams.crash(node, moment.out));
    }

    pub(super) fn power_off(&mut self, node: NodeId) {
        self.hosts[node.0 as usize] = Host::Off;
        self.act(|streams, moment| streams.power_off(node, moment.out));
    }

    pub(super) fn boot(&mut self, node: NodeId) {
        self.hosts[node.0 as usize] = Host::Runs;
    }

    fn step(&mut self) {
        let ((at, _), pending) = self.queue.pop_first().expect("something is pending");
        self.now = at;
        match pending {
            Pending::Wake(token) => self.act(|streams, moment| streams.wake(token, moment)),
            Pending::Arrival(Flight { from, to, packet, .. }) => match self.hosts[to.0 as usize] {
                Host::Runs => self.act(|streams, moment| streams.arrive(from, to, packet, moment)),
                Host::Bare => self.act(|_, moment| Streams::refuse(from, to, packet, moment.out)),
                Host::Off => {}
            },
        }
    }

    /// Goes on for so long.
    pub(super) fn run(&mut self, span: Span) {
        let until = self.now + span;
        while self.queue.first_key_value().is_some_and(|((at, _), _)| *at <= until) {
            self.step();
        }
        self.now = until;
    }

    /// Goes on until nothing is pending: no end waits for anything.
    pub(super) fn settle(&mut self) {
        while !self.queue.is_empty() {
            self.step();
        }
    }

    pub(super) fn sent(&self, kind: fn(Kind) -> bool) -> Vec<Time> {
        self.flights.iter().filter(|f| kind(f.packet.kind)).map(|f| f.at).collect()
    }

    /// Parcels that were neither delivered nor discarded so far.
    pub(super) fn held(&self) -> usize {
        self.streams.ends.values().map(|end| end.queue.len() + end.inbound.len()).sum()
    }

    pub(super) fn parcels_delivered(&self) -> Vec<u32> {
        self.delivered.iter().map(|&(_, parcel)| parcel).collect()
    }
}
