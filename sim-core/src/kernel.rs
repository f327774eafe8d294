//! The kernel: time, the event queue, the network, and what is counted. It moves handles; groups own values. It never
//! names a message, a timer or a specification.

use crate::{
    digest::Digest,
    network::Network,
    protocol::{NodeId, Role},
    queue::Queue,
    rng::Keys,
    run::{Effect, Note, RoleChange, Run, Traffic, Violation},
    spec::Spec,
    time::Time,
    trace::{Entry, Kind, Trace},
    wire::{AnyWire, Wire, WireId},
};
use alloc::{boxed::Box, string::String, vec::Vec};

/// What waits in the queue: 16 bytes, beside its time and its sequence number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Whom it concerns; for the world's own events the number of a fault.
    pub(crate) node: u32,
    /// Where its value lives in the group's slabs.
    pub(crate) slot: u32,
    /// A round or a life that must still be current, so that what was cancelled or killed is recognised.
    pub(crate) round: u32,
    pub(crate) what: What,
}

/// The kinds of event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum What {
    #[default]
    Boot,
    Message,
    Timer,
    Request,
    Response,
    /// The disk is done.
    Synced,
    /// The processor is done.
    Worked,
    /// A fault of the plan strikes.
    Strike,
    /// A fault with a length is over.
    Over,
}

/// Everything that nodes share.
#[derive(Clone, Debug)]
pub struct Kernel {
    pub(crate) now: Time,
    pub(crate) seq: u64,
    pub(crate) queue: Queue<Event>,
    pub(crate) network: Network,
    pub(crate) keys: Keys,
    pub(crate) wires: Vec<Box<dyn AnyWire>>,
    pub(crate) digest: Digest,
    pub(crate) events: u64,
    pub(crate) traffic: Traffic,
    pub(crate) roles: Vec<RoleChange>,
    pub(crate) violations: Vec<Violation>,
    pub(crate) notes: Vec<Note>,
    pub(crate) trace: Option<Trace>,
    /// What each fault of the plan did so far.
    pub(crate) effects: Vec<Effect>,
    /// The faults in force.
    pub(crate) active: Vec<usize>,
}

impl Kernel {
    pub(crate) fn new(network: Network, keys: Keys, faults: usize) -> Kernel {
        Kernel {
            now: Time::ZERO,
            seq: 0,
            queue: Queue::new(),
            network,
            keys,
            wires: Vec::new(),
            digest: Digest::new(),
            events: 0,
            traffic: Traffic::default(),
            roles: Vec::new(),
            violations: Vec::new(),
            notes: Vec::new(),
            trace: None,
            effects: alloc::vec![Effect::default(); faults],
            active: Vec::new(),
        }
    }

    /// The next sequence number: equal times fire first set, first out.
    #[inline]
    pub(crate) fn ticket(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }

    #[inline]
    pub(crate) fn post(&mut self, at: Time, event: Event) {
        let seq = self.ticket();
        self.queue.push(at.0, seq, event);
    }

    /// Hands a message to the network. The moment of its arrival, unless it is lost on the way.
    #[inline]
    pub(crate) fn send(&mut self, from: NodeId, to: NodeId, bytes: u64) -> Option<Time> {
        self.traffic.sent += 1;
        self.traffic.bytes += bytes;
        if let Some(fault) = self.network.cut(from, to) {
            self.traffic.cut += 1;
            self.effects[fault].dropped += 1;
            return None;
        }
        let arrival = self.network.travel(from, to, self.now);
        self.traffic.lost += u64::from(arrival.is_none());
        arrival
    }

    /// Whether a message that has come this far arrives: a cut that struck meanwhile stops it.
    #[inline]
    pub(crate) fn arrives(&mut self, from: NodeId, to: NodeId) -> bool {
        match self.network.cut(from, to) {
            None => true,
            Some(fault) => {
                self.traffic.cut += 1;
                self.effects[fault].dropped += 1;
                false
            }
        }
    }

    /// A message reached a node where no process runs; `fault` is what took the process down.
    pub(crate) fn dead(&mut self, fault: Option<usize>) {
        self.traffic.dead += 1;
        if let Some(fault) = fault {
            self.effects[fault].dropped += 1;
        }
    }

    /// A node takes an input: it counts, and becomes part of the fingerprint.
    #[inline]
    pub(crate) fn take(&mut self, node: NodeId, kind: Kind, peer: NodeId) {
        self.events += 1;
        self.digest.add(self.now.0);
        self.digest.add(u64::from(node.0) << 32 | u64::from(peer.0));
        self.digest.add(kind as u64);
    }

    /// Writes the input down, when tracing; `text` runs only then.
    #[inline]
    pub(crate) fn trace(&mut self, node: NodeId, kind: Kind, peer: NodeId, text: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            let peer = (peer != NodeId::NONE).then_some(peer);
            trace.record(Entry { number: self.events, at: self.now, node, peer, kind, text: &text() });
        }
    }

    /// A node took another role; `server` tells whether it counts among a fault's effects.
    pub(crate) fn role(&mut self, node: NodeId, role: Role, epoch: u64, server: bool) {
        self.roles.push(RoleChange { at: self.now, node, role, epoch });
        if server {
            for &fault in &self.active {
                self.effects[fault].role_changes += 1;
            }
        }
    }

    pub(crate) fn violate(&mut self, node: NodeId, property: &'static str, found: String) {
        if self.violations.len() < Run::VIOLATIONS_MAX {
            self.violations.push(Violation { at: self.now, event: self.events, node, property, found });
        }
    }

    pub(crate) fn wire<S: Spec>(&mut self, id: WireId) -> &mut Wire<S> {
        let wire = self.wires[id.0].as_any().downcast_mut();
        wire.expect("the specs of caller and callee were compared when the world was built")
    }
}
