//! The kernel: time, the event queue, the network, and what is counted. It moves handles; groups own values. It never
//! names a message, a timer or a specification.

use crate::{
    digest::Digest,
    link::NetworkPlan,
    network::{Arrives, Books, Fate, Network, Onward},
    plan::Zone,
    protocol::{NodeId, Role},
    queue::Queue,
    rng::{Keys, Purpose},
    run::{Effect, Note, RoleChange, Run, Traffic, Violation},
    slab::Slab,
    spec::Spec,
    stream::{Action, Moment, Packet, Parcel, StreamPlan, Streams, Token},
    task::Tasks,
    time::Time,
    trace::{Kind, Tracer},
    wire::{AnyWire, Wire, WireId},
};
use alloc::{boxed::Box, string::String, vec::Vec};

/// What waits in the queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Event {
    /// Whom it concerns; for the world's own events the number of a fault.
    pub(crate) node: u32,
    /// Where its value lives in the group's slabs.
    pub(crate) slot: u32,
    /// A round or a life that must still be current, so that what was cancelled or killed is recognised.
    pub(crate) round: u32,
    pub(crate) what: What,
}

impl Event {
    /// The round of a message that has come to its node; no cut can stop it any more.
    pub(crate) const ARRIVED: u32 = u32::MAX;
    /// The round of an input that a core has served.
    pub(crate) const SERVED: u32 = u32::MAX - 1;
    /// The round of a message that will not arrive: its value is freed.
    pub(crate) const GONE: u32 = u32::MAX - 2;
    /// The highest round that is the number of a leg.
    pub(crate) const LEG_MAX: u32 = u32::MAX - 3;
}

/// An [`Event`] as the queue holds it: two words beside its time and its sequence number, 32 bytes in all. They are moved
/// in registers; an event written field by field and read as a whole would wait for memory at every turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packed(u64, u64);

impl Event {
    #[inline(always)]
    pub(crate) fn pack(self) -> Packed {
        let pair = |low: u32, high: u32| u64::from(high) << 32 | u64::from(low);
        Packed(pair(self.node, self.slot), pair(self.round, self.what as u32))
    }
}

impl Packed {
    #[inline(always)]
    pub(crate) fn node(self) -> NodeId {
        NodeId(self.0 as u32)
    }

    /// Whether it is of this kind: where that is known, unpacking it looks nothing up.
    #[inline(always)]
    pub(crate) fn is(self, what: What) -> bool {
        self.1 >> 32 == what as u64
    }

    /// Whether it is no more than its node's business, as nearly all are.
    #[inline(always)]
    pub(crate) fn of_node(self) -> bool {
        self.1 >> 32 <= What::Served as u64
    }

    #[inline(always)]
    pub(crate) fn unpack(self) -> Event {
        let what = What::ALL[(self.1 >> 32) as usize];
        Event { node: self.0 as u32, slot: (self.0 >> 32) as u32, round: self.1 as u32, what }
    }
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
    /// The processor is done with what a step asked for.
    Worked,
    /// A core is done with an input: the node acts on it now.
    Served,
    /// A sync failed: the process stops.
    Failed,
    /// A packet of a connection; its own fate, not that of what it carries.
    Packet,
    /// A connection's timer.
    Wake,
    /// A fault of the plan strikes, or begins to wait for its moment.
    Strike,
    /// A fault is over: its time is, or it has done all that it was to do.
    Over,
    /// A clock that is set back and forth is set once more.
    Strobe,
    /// Nothing goes wrong from now on.
    Calm,
}

impl What {
    /// Whether it is an event of a node.
    pub(crate) fn concerns_node(self) -> bool {
        (self as u32) < What::Packet as u32
    }

    /// By number.
    const ALL: [What; 15] = [
        What::Boot,
        What::Message,
        What::Timer,
        What::Request,
        What::Response,
        What::Synced,
        What::Worked,
        What::Served,
        What::Failed,
        What::Packet,
        What::Wake,
        What::Strike,
        What::Over,
        What::Strobe,
        What::Calm,
    ];
}

/// Whether a process runs on a node, as connections want to know it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Process {
    Runs,
    /// Not yet.
    Unborn,
    /// A fault took it down; the host runs, and answers for the process.
    Killed(u32),
    /// A fault took it down, and the host too.
    PowerLost(u32),
}

/// Everything that nodes share.
#[derive(Clone, Debug)]
pub struct Kernel {
    pub(crate) now: Time,
    pub(crate) seq: u64,
    pub(crate) queue: Queue<Packed>,
    pub(crate) network: Network,
    pub(crate) keys: Keys,
    pub(crate) wires: Vec<Box<dyn AnyWire>>,
    pub(crate) streams: Streams,
    /// Packets of connections on their way, each with its sender.
    pub(crate) packets: Slab<(NodeId, Packet)>,
    /// By node.
    pub(crate) processes: Vec<Process>,
    pub(crate) digest: Digest,
    pub(crate) events: u64,
    /// What the network did, and what each fault of the plan did so far.
    pub(crate) books: Books,
    pub(crate) roles: Vec<RoleChange>,
    pub(crate) violations: Vec<Violation>,
    pub(crate) notes: Vec<Note>,
    /// Writes down what happens, when somebody wants to know.
    pub(crate) trace: Option<Box<Tracer>>,
    /// What nodes work on, when somebody wants to know.
    pub(crate) tasks: Option<Tasks>,
    /// The zone of each node, from 1; 0 for those in none. Empty while there are no zones.
    pub(crate) zones: Vec<u32>,
    /// The faults in force.
    pub(crate) active: Vec<usize>,
    /// The highest epoch that a server has shown.
    pub(crate) epoch: u64,
    /// Calls of clients that were answered with a result.
    pub(crate) answered: u64,
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
            streams: Streams::default(),
            packets: Slab::default(),
            processes: Vec::new(),
            digest: Digest::new(),
            events: 0,
            books: Books {
                traffic: Traffic::default(),
                effects: alloc::vec![Effect::default(); faults],
                done: Vec::new(),
                senders: Vec::new(),
            },
            roles: Vec::new(),
            violations: Vec::new(),
            notes: Vec::new(),
            trace: None,
            tasks: None,
            zones: Vec::new(),
            active: Vec::new(),
            epoch: 0,
            answered: 0,
        }
    }

    /// Starts over with another plan and another seed. Wires are as they were, with nothing on them.
    pub(crate) fn reset(&mut self, plan: &NetworkPlan, keys: Keys, faults: usize) {
        (self.now, self.seq, self.keys) = (Time::ZERO, 0, keys);
        self.queue.clear();
        self.network.reset(plan, keys.key(Purpose::Network, 0, 0));
        self.wires.iter_mut().for_each(|wire| wire.clear());
        self.streams = Streams::default();
        self.packets.clear();
        self.processes.clear();
        (self.digest, self.events) = (Digest::new(), 0);
        self.books.traffic = Traffic::default();
        self.books.senders.clear();
        self.books.effects.clear();
        self.books.effects.resize(faults, Effect::default());
        self.roles.clear();
        self.violations.clear();
        self.notes.clear();
        (self.trace, self.tasks) = (None, None);
        self.active.clear();
        (self.epoch, self.answered) = (0, 0);
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
        self.queue.push(at.0, seq, event.pack());
    }

    /// Posts an event in a place among equals that it was given before.
    #[inline]
    pub(crate) fn post_as(&mut self, at: Time, seq: u64, event: Event) {
        self.queue.push(at.0, seq, event.pack());
    }

    /// Hands a message to the network, as a datagram.
    #[inline]
    pub(crate) fn send(&mut self, from: NodeId, to: NodeId, bytes: u64) -> Fate {
        let fate = self.network.send(from, to, bytes, self.now, &mut self.books);
        // Not at once: whoever sends is in the middle of something.
        while let Some(fault) = self.books.done.pop() {
            self.post(self.now, Event { node: fault as u32, slot: 0, round: 0, what: What::Over });
        }
        fate
    }

    /// Whether a message that has come this far arrives: a cut that struck meanwhile stops it, a clog keeps it.
    #[inline]
    pub(crate) fn arrives(&mut self, from: NodeId, event: Event) -> Arrives {
        self.network.arrives(from, NodeId(event.node), event, &mut self.books)
    }

    /// A message reached a node where no process runs; `fault` is what took the process down.
    pub(crate) fn dead(&mut self, fault: Option<usize>) {
        self.books.traffic.dead += 1;
        if let Some(fault) = fault {
            self.books.effects[fault].dropped += 1;
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

    /// In which zones nodes stand, as the plan says.
    pub(crate) fn place(&mut self, zones: &[Zone], nodes: usize) {
        self.zones.clear();
        if zones.is_empty() {
            return;
        }
        self.zones.resize(nodes, 0);
        for (number, zone) in (1..).zip(zones) {
            zone.nodes.iter().for_each(|node| self.zones[node.0 as usize] = number);
        }
    }

    /// A node took another role; `server` tells whether it counts among a fault's effects.
    pub(crate) fn role(&mut self, node: NodeId, role: Role, epoch: u64, server: bool) {
        self.roles.push(RoleChange { at: self.now, node, role, epoch });
        if server {
            self.active.iter().for_each(|&fault| self.books.effects[fault].role_changes += 1);
        }
    }

    /// The leadership of a service was taken, and not for the first time.
    pub(crate) fn leader_changed(&mut self) {
        self.active.iter().for_each(|&fault| self.books.effects[fault].leader_changes += 1);
    }

    pub(crate) fn note(&mut self, node: NodeId, text: String) {
        if self.notes.len() < Note::MAX {
            self.notes.push(Note { at: self.now, node, text });
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

/// Connections: what they ask for is carried out here.
impl Kernel {
    /// Hands a message to the network, in a connection. Its event is posted when it arrives, or when it is known that it
    /// never will.
    pub(crate) fn stream(&mut self, from: NodeId, to: NodeId, bytes: u64, parcel: Event) {
        self.streaming(from, to, |streams, moment| {
            streams.send(from, to, Parcel { event: parcel, bytes }, moment);
        });
    }

    /// A packet has come to its node, or to the next leg of its way there.
    pub(crate) fn packet(&mut self, mut event: Event) {
        let to = NodeId(event.node);
        let (from, packet) = *self.packets.at(event.slot);
        if event.round != 0 {
            match self.network.onward(event.round, from, to, self.now, &mut self.books) {
                Onward::Arrived => event.round = 0,
                Onward::At(arrival) => return self.post(arrival.at, Event { round: arrival.leg, ..event }),
                Onward::Dropped(_) => {
                    self.packets.take(event.slot);
                    return;
                }
            }
        }
        match self.arrives(from, event) {
            Arrives::Held => return,
            Arrives::Stopped => {
                self.packets.take(event.slot);
                return;
            }
            Arrives::Yes => self.packets.take(event.slot),
        };
        let killer = match self.processes[to.0 as usize] {
            Process::Runs => {
                return self.streaming(to, from, |streams, moment| streams.arrive(from, to, packet, moment));
            }
            Process::Unborn => None,
            Process::Killed(fault) => Some(fault),
            Process::PowerLost(fault) => return self.dead(Some(fault as usize)),
        };
        self.dead(killer.map(|fault| fault as usize));
        self.streaming(to, from, |_, moment| Streams::refuse(from, to, packet, moment.out));
    }

    /// A timer of a connection runs out.
    pub(crate) fn wake(&mut self, event: Event) {
        let token = Token { node: NodeId(event.node), peer: NodeId(event.slot) };
        self.streaming(token.node, token.peer, |streams, moment| streams.wake(token, moment));
    }

    /// The process of a node is gone, and its connections with it. Its host tells the peers, unless it has lost its power.
    pub(crate) fn hang_up(&mut self, node: NodeId, powered: bool, fault: usize) {
        let killed = if powered { Process::Killed } else { Process::PowerLost };
        self.processes[node.0 as usize] = killed(fault as u32);
        self.streaming(node, node, |streams, moment| match powered {
            true => streams.crash(node, moment.out),
            false => streams.power_off(node, moment.out),
        });
    }

    /// From here on this is why no process runs on a node that is down.
    pub(crate) fn down(&mut self, node: NodeId, why: Process) {
        match &mut self.processes[node.0 as usize] {
            process @ (Process::Killed(_) | Process::PowerLost(_)) => *process = why,
            Process::Runs | Process::Unborn => {}
        }
    }

    /// A node's process runs.
    pub(crate) fn runs(&mut self, node: NodeId) {
        self.processes[node.0 as usize] = Process::Runs;
    }

    /// Lets the connections act, on behalf of `node` towards `peer`, and does what they ask for.
    fn streaming(&mut self, node: NodeId, peer: NodeId, act: impl FnOnce(&mut Streams, &mut Moment<'_>)) {
        let network = &self.network;
        let plan = network.stream(node, peer).or_else(|| network.stream(peer, node));
        let plan = plan.copied().unwrap_or_else(StreamPlan::default);
        let mut out = Vec::new();
        act(&mut self.streams, &mut Moment { now: self.now, plan: &plan, out: &mut out });
        for action in out {
            match action {
                Action::Deliver { parcel } => self.post(self.now, parcel),
                Action::Discard { parcel } => self.post(self.now, Event { round: Event::GONE, ..parcel }),
                Action::Wake { at, token } => {
                    let what = What::Wake;
                    self.post(at, Event { node: token.node.0, slot: token.peer.0, round: 0, what });
                }
                Action::Transmit { from, to, packet, bytes } => {
                    let (first, second) = match self.send(from, to, bytes) {
                        Fate::Lost(_) => (None, None),
                        Fate::Once(arrival) => (Some(arrival), None),
                        Fate::Twice(first, second) => (first.ok(), second.ok()),
                    };
                    for arrival in first.into_iter().chain(second) {
                        let slot = self.packets.insert((from, packet));
                        let event = Event { node: to.0, slot, round: arrival.leg, what: What::Packet };
                        self.post(arrival.at, event);
                    }
                }
            }
        }
    }
}
