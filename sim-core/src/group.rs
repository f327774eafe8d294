//! A group: nodes that all run one protocol. It turns the kernel's events into inputs, steps the nodes, and judges
//! their properties. The kernel sees it through one narrow trait.
//!
//! This file says what a group is, and `members.rs` does what the world asks of one.
//! `arrivals.rs` says what reaches a node, `waits.rs` what has to wait there, `pace.rs` what becomes of
//! work under way when the pace changes, `timers.rs` when timers ring, `steps.rs` how a
//! node takes an input.

mod arrivals;
mod members;
mod pace;
mod steps;
mod timers;
mod waits;

use crate::{
    clock::Clock,
    digest::Digest,
    disk::End,
    gauge::{Bound, Reading, Surroundings},
    kernel::{Event, Kernel, Packed, What},
    mail::{Callee, Mail},
    node::{Ills, Member, Service},
    plan::{ClockPlan, Damage, HostPlan, ServicePlan},
    property::PropertyReport,
    protocol::{NodeId, Protocol, Role},
    rng::{Keys, Purpose},
    run::AnyHistory,
    sample::Sampler,
    time::{Span, Time},
    trace::{Kind, Taken, Tracer},
    wire::WireId,
};
use alloc::{boxed::Box, collections::VecDeque, string::String, vec::Vec};
use core::fmt::Debug;

/// A group of any protocol, as the world holds it.
pub(crate) trait Group: Debug {
    /// Starts over with nodes as the plan wants them, none of which has booted. Memory is kept.
    fn reset(&mut self, plan: &ServicePlan, kernel: &mut Kernel);
    /// Takes an event for one of its nodes.
    fn handle(&mut self, event: Packed, kernel: &mut Kernel);
    /// Looks at what `handle` will need for an event, so that it is near by then. Changes nothing.
    fn foresee(&self, event: Event);
    /// Boots a node that is down. Whether it was.
    fn boot(&mut self, node: NodeId, kernel: &mut Kernel) -> bool;
    /// Kills a node's process. Whether one ran.
    fn crash(&mut self, node: NodeId, fault: usize, end: End, kernel: &mut Kernel) -> bool;
    /// Erases the disk of a node that is down. The number of records that were on it.
    fn erase(&mut self, node: NodeId) -> u64;
    /// Says what all faults in force do to a node now.
    fn ail(&mut self, node: NodeId, ills: Ills, kernel: &mut Kernel);
    /// Does something to a node's clock. The number of timers that run out at another time because of it; `None` if the
    /// clock goes on as it did.
    fn set_clock(&mut self, node: NodeId, how: SetClock, kernel: &mut Kernel) -> Option<u64>;
    /// From here on it is this fault that keeps the node down, or frozen.
    fn blame(&mut self, node: NodeId, fault: usize, kernel: &mut Kernel);
    /// The number of durable records of a node, part by part of its disk.
    fn records(&mut self, node: NodeId) -> Vec<u64>;
    /// What the first so many durable records of each part say, as one number; `None` if there are fewer.
    fn prefixes(&mut self, node: NodeId, lengths: &[u64]) -> Vec<Option<u64>>;
    /// Whether a node has written what is not durable yet.
    fn unsynced(&mut self, node: NodeId) -> bool;
    /// Whether a record of its disk was damaged, and no boot got over that since.
    fn rotten(&self, node: NodeId) -> bool;
    /// Damages a durable record. Whether there was one that was whole.
    fn damage(&mut self, node: NodeId, record: u64, fault: usize, keys: &Keys) -> bool;
    /// Whether a process runs on a node, and is not frozen.
    fn runs(&self, node: NodeId) -> bool;
    /// The fault that took a node down, or froze it, if one did.
    fn hurt(&self, node: NodeId) -> Option<usize>;
    /// Freezes a node's process. Whether one ran that was not frozen.
    fn pause(&mut self, node: NodeId, fault: usize, kernel: &mut Kernel) -> bool;
    /// Lets a frozen process go on. Whether it was frozen.
    fn resume(&mut self, node: NodeId, kernel: &mut Kernel) -> bool;
    /// The role of a node; [`Role::DOWN`] if no process runs.
    fn role(&self, node: NodeId) -> Role;
    /// Labelled values of a node's state, for people.
    fn show(&self, node: NodeId) -> Vec<(&'static str, String)>;
    /// A node shows its state to the trace.
    fn look(&self, node: NodeId, tracer: &mut Tracer, now: Time);
    /// Calls that wait for an answer.
    fn in_flight(&self) -> u64;
    /// Values held in slabs: what is pending, for tests of memory.
    fn pending(&self) -> usize;
    /// Folds every state and disk into `digest`.
    fn digest(&self, digest: &mut Digest);
    /// What became of its properties; `service` is its position.
    fn properties(&self, service: usize) -> Vec<PropertyReport>;
    /// Its history, if it keeps one. Leaves an empty one behind.
    fn take_history(&mut self) -> Option<Box<dyn AnyHistory>>;
    /// The gauges of its protocol: name and unit.
    fn gauges(&self) -> Vec<(&'static str, &'static str)>;
    /// Reads one of them at every so many-th node.
    fn read(&self, gauge: usize, stride: usize, into: &mut Vec<Reading>);
    /// How many inputs wait for this node: for a core, or because it is busy or frozen.
    fn inputs_waiting(&self, node: NodeId) -> usize;
    /// The clock of this node.
    fn clock(&self, node: NodeId) -> Clock;
    /// What theory says of them.
    fn bounds(&self, around: &Surroundings) -> Vec<Bound>;
    /// A copy, for snapshots.
    fn copy(&self) -> Box<dyn Group>;
}

/// Nodes `first .. first + members.len()`, all running `P`.
#[derive(Clone, Debug)]
pub(crate) struct Members<P: Protocol> {
    config: P::Config,
    first: NodeId,
    pub(crate) members: Vec<Member<P>>,
    pub(crate) mail: Mail<P>,
    pub(crate) ghost: P::Ghost,
    tallies: Vec<Tally>,
    clients: bool,
    /// Whether somebody has led.
    led: bool,
    host: Host,
    damage: Damage,
    /// How wrong the clocks are without faults.
    clock: ClockPlan,
}

/// What inputs cost.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    pub(crate) cores: usize,
    pub(crate) message: Sampler,
    pub(crate) request: Sampler,
    pub(crate) queue: usize,
}

impl Host {
    fn new(plan: &HostPlan) -> Host {
        Host {
            cores: plan.cores.max(1) as usize,
            message: plan.message.sampler(),
            request: plan.request.sampler(),
            queue: plan.queue.map_or(usize::MAX, |most| most as usize),
        }
    }

    fn serves(&self) -> bool {
        [&self.message, &self.request].iter().any(|times| times.constant() != Some(Span::ZERO))
    }
}

/// What a fault does to a clock.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SetClock {
    /// Sets it ahead by so many nanoseconds, or back.
    Jump(i64),
    /// Makes it run faster by so many parts per billion, or slower.
    Steer(i64),
    /// Sets it to what it would show without faults.
    Right,
}

/// What became of a property so far.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    held: u64,
    broken: u64,
    first: Option<Time>,
}

impl<P: Protocol> Members<P> {
    /// A group without nodes; [`Group::reset`] brings them.
    pub(crate) fn new(config: P::Config, first: NodeId, serves: WireId, asks: Callee) -> Self {
        let plan = ServicePlan::new("", 0);
        Members {
            config,
            first,
            members: Vec::new(),
            mail: Mail::new(serves, asks),
            ghost: P::Ghost::default(),
            tallies: Vec::new(),
            clients: false,
            led: false,
            host: Host::new(&plan.host),
            damage: plan.disk.damage,
            clock: plan.clock,
        }
    }

    /// As it is before the first boot.
    fn reset_node(&mut self, index: usize, kernel: &Kernel) {
        let id = NodeId(self.first.0 + index as u32);
        let Member { rng, node, state, disk } = &mut self.members[index];
        *rng = kernel.keys.stream(Purpose::Protocol, u64::from(id.0), 0);
        *state = None;
        *disk = P::Disk::default();
        node.reset(id, &kernel.keys);
        let clock = self.clock.clock(id.0, &kernel.keys);
        if clock != Clock::default() {
            node.aside(id, &kernel.keys).clock = clock;
        }
        if self.host.serves() {
            node.aside(id, &kernel.keys).service = Some(Box::new(Service {
                rng: kernel.keys.stream(Purpose::Work, u64::from(id.0), 0),
                cores: alloc::vec![None; self.host.cores],
                line: VecDeque::new(),
            }));
        }
    }

    /// The trace takes in that a process begins or ends, is frozen or goes on.
    fn turn(&self, index: usize, kind: Kind, kernel: &mut Kernel) {
        let node = NodeId(self.first.0 + index as u32);
        self.write_down(index, Taken { node, kind, peer: NodeId::NONE, set: 0 }, &format_args!(""), kernel);
    }

    #[inline]
    fn at(&self, node: NodeId) -> usize {
        (node.0 - self.first.0) as usize
    }

    /// An event of any kind, for a node in whatever state.
    #[inline(never)]
    fn handle_with_care(&mut self, index: usize, packed: Packed, kernel: &mut Kernel) {
        let mut event = packed.unpack();
        let mail = matches!(event.what, What::Message | What::Request | What::Response);
        if mail {
            if !self.arrives(&mut event, kernel) {
                return;
            }
            kernel.reaches(&event);
        }
        match event.what {
            What::Message | What::Timer | What::Request | What::Response => {
                let Member { state, node, .. } = &self.members[index];
                if state.is_none() || node.ready(kernel.now) {
                    self.dispatch(index, event, kernel);
                } else if node.holds(kernel.now) {
                    self.hold(index, event, kernel);
                } else {
                    self.admit(index, event, kernel);
                }
            }
            What::Boot => {
                self.boot(NodeId(event.node), kernel);
            }
            What::Synced | What::Worked | What::Served | What::Failed
                if event.round != self.members[index].node.life => {}
            What::Synced => self.synced(index, kernel),
            What::Worked => {
                self.advance(index, kernel);
                self.drain(index, kernel);
            }
            What::Served => self.served(index, event.slot as usize, kernel),
            What::Failed => {
                let node = &mut self.members[index].node;
                match node.full() {
                    Some(fault) => drop(self.crash(NodeId(event.node), fault, End::Killed, kernel)),
                    // There is room again.
                    None => {
                        node.aside(NodeId(event.node), &kernel.keys).syncing = 0;
                        self.advance(index, kernel);
                    }
                }
            }
            What::Packet | What::Wake | What::Strike | What::Over | What::Strobe | What::Calm => {
                unreachable!("the world handles its own events")
            }
        }
    }
}
