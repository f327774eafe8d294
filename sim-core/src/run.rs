//! A finished run: everything that checkers, expectations and reports may look at. Plain data, no live world.

use crate::{
    check::{
        linearizability::{Budget, Verdict as Linearizability},
        merged::Merged,
        register::Registers,
    },
    digest::Digest,
    fault::{Fault, PlannedFault, Schedule},
    gauge::Recording,
    history::{AnyCall, History, Outcome},
    names,
    plan::Zone,
    property::PropertyReport,
    protocol::{NodeId, Role},
    spec::Spec,
    stream::StreamCounts,
    task::Tasks,
    time::{Span, Time},
    trace::Trace,
};
use alloc::{boxed::Box, collections::BTreeMap, format, string::String, vec::Vec};
use core::fmt::Debug;

/// What a run left behind.
#[derive(Debug)]
pub struct Run {
    /// The seed of every random draw.
    pub seed: u64,
    /// When the run was to end.
    pub until: Time,
    /// When it did end: earlier than `until` only when `stopped` says why.
    pub ended: Time,
    /// Why the run ended early, if it did: the event budget was spent.
    pub stopped: Option<String>,
    /// Inputs that nodes took: deliveries, timers, requests, answers, boots.
    pub events: u64,
    /// One number for everything that happened and every state it led to; equal plans have equal fingerprints.
    pub fingerprint: u64,
    /// Services in the order of their nodes.
    pub services: Vec<ServiceInfo>,
    /// The zones in which nodes stand; empty where there are none.
    pub zones: Vec<Zone>,
    /// What the network did.
    pub traffic: Traffic,
    /// Every fault of the plan, in order of time, with what it chose and did.
    pub faults: Vec<FaultReport>,
    /// Changes of role, node by node, in order of time. A node that goes down has the role `down`.
    pub roles: Vec<RoleChange>,
    /// Broken properties, first ones first; at most [`Run::VIOLATIONS_MAX`] are kept.
    pub violations: Vec<Violation>,
    /// For every property of every service: how often it was judged, and what came of it.
    pub properties: Vec<PropertyReport>,
    /// Free remarks of protocols.
    pub notes: Vec<Note>,
    /// What clients asked and were told, one history per group of clients.
    pub histories: Vec<Box<dyn AnyHistory>>,
    /// Every event, when tracing was asked for.
    pub trace: Option<Trace>,
    /// What was read off the nodes, when a recording was asked for.
    pub recording: Option<Recording>,
    /// What nodes worked on, when a recording was asked for.
    pub tasks: Tasks,
}

impl Run {
    /// So many violations are kept. Each property has at most one, its first: once broken, it is not judged any more.
    pub const VIOLATIONS_MAX: usize = 100;

    /// The name of a node, such as `db-2`.
    pub fn name(&self, node: NodeId) -> String {
        match self.services.iter().find(|s| s.holds(node)) {
            Some(service) => service.node_name(node),
            None => format!("node-{}", node.0),
        }
    }

    /// A text with nodes by their names, where protocols wrote `node 2` or `NodeId(2)`.
    pub fn named(&self, text: &str) -> String {
        names::of_services(&self.services, text)
    }

    /// Number of nodes of all services.
    pub fn node_count(&self) -> u32 {
        self.services.iter().map(|s| s.nodes).sum()
    }
}

/// A service: nodes `first .. first + nodes`, all running one protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceInfo {
    /// Its name in the scenario.
    pub name: String,
    /// What its nodes are called before the number: `db` gives `db-1`.
    pub prefix: String,
    /// The first node.
    pub first: NodeId,
    /// How many nodes.
    pub nodes: u32,
    /// Whether these are clients: the world's edge, whose histories are judged.
    pub clients: bool,
}

impl ServiceInfo {
    /// Whether `node` is one of this service's.
    pub fn holds(&self, node: NodeId) -> bool {
        node.0 >= self.first.0 && node.0 - self.first.0 < self.nodes
    }
    /// The name of one of its nodes; people count from 1.
    pub fn node_name(&self, node: NodeId) -> String {
        format!("{}-{}", self.prefix, node.0 - self.first.0 + 1)
    }
    /// Its node of this name, if it is one of its names.
    pub fn node(&self, name: &str) -> Option<NodeId> {
        let number = name.strip_prefix(self.prefix.as_str())?.strip_prefix('-')?;
        let index = number.parse::<u32>().ok()?.checked_sub(1).filter(|&index| index < self.nodes)?;
        // Only the way the name is written counts: not 01, not +1.
        let node = NodeId(self.first.0 + index);
        (self.node_name(node) == name).then_some(node)
    }
    /// Its nodes in order.
    pub fn ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (self.first.0..self.first.0 + self.nodes).map(NodeId)
    }
}

/// Counts of what the network did with messages, requests and answers alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Handed to the network.
    pub sent: u64,
    /// Their sizes, in bytes.
    pub bytes: u64,
    /// Arrived at a process.
    pub delivered: u64,
    /// Lost by chance.
    pub lost: u64,
    /// Stopped by a cut, at sending or on the way; or lost because a fault said so.
    pub cut: u64,
    /// Arrived where no process was running.
    pub dead: u64,
    /// Copies that the network made.
    pub duplicated: u64,
    /// Damaged on the way, found by checksum and thrown away.
    pub corrupted: u64,
    /// Dropped because the queue of a link or an interface was full.
    pub overflowed: u64,
    /// Dropped because the run queue of a node was full.
    pub refused: u64,
    /// What connections did.
    pub streams: StreamCounts,
}

/// What a fault did.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultReport {
    /// The fault as planned.
    pub planned: PlannedFault,
    /// When it struck; `None` when the run ended before.
    pub struck: Option<Time>,
    /// When it ended (healed, restarted, resumed); `None` when it lasted to the end of the run.
    pub ended: Option<Time>,
    /// The nodes it chose, in the order of [`crate::fault::Fault::picks`].
    pub chose: Vec<Vec<NodeId>>,
    /// Whom a [`crate::fault::Pick::TriggerOf`] chose, if that was not drawn.
    pub trigger: Option<NodeId>,
    /// What it did to the world.
    pub effect: Effect,
}

impl FaultReport {
    /// The time during which it was in force, for harm that struck; up to the end of the run when it did not end.
    pub fn window(&self, run_end: Time) -> Option<(Time, Time)> {
        let from = self.struck.filter(|_| self.planned.fault.harms())?;
        Some((from, self.ended.unwrap_or(run_end)))
    }

    /// When it struck, or is planned to strike; `None` for a fault that waited in vain for its moment.
    pub fn moment(&self) -> Option<Time> {
        match self.planned.when {
            Schedule::At(at) => Some(self.struck.unwrap_or(at)),
            Schedule::After(..) | Schedule::When { .. } => self.struck,
        }
    }

    /// Whether it made a difference that somebody could notice: what changes only how things *would* go, such as a cut, a
    /// slow disk or a clock that is wrong, has bitten once something went that way.
    pub fn bit(&self) -> bool {
        let Effect { nodes, dropped, failed, delayed, duplicated, corrupted, misled, records, .. } =
            self.effect;
        match self.planned.fault.plain() {
            Fault::Split(_)
            | Fault::OneWay { .. }
            | Fault::Isolate(_)
            | Fault::Halves(_)
            | Fault::Bridge(_)
            | Fault::MinorityThird(_)
            | Fault::MajoritiesRing(_)
            | Fault::Lose { .. } => dropped > 0,
            Fault::Clog { .. } | Fault::Pause(_) => delayed > 0,
            Fault::Degrade { .. } | Fault::DegradeNic { .. } | Fault::Ranks { .. } => {
                dropped + delayed + duplicated + corrupted > 0
            }
            Fault::Slow { .. } | Fault::DiskSlow { .. } | Fault::DiskStall(_) => delayed > 0,
            Fault::ClockJump { .. } | Fault::ClockDrift { .. } | Fault::ClockStrobe { .. } => misled > 0,
            Fault::DiskFull(_) => failed > 0,
            Fault::BitRot { .. } => records > 0,
            // A boot that was refused was tried.
            Fault::Restart(_) => nodes + failed as u32 > 0,
            Fault::Crash(_)
            | Fault::PowerLoss(_)
            | Fault::Wipe(_)
            | Fault::Resume(_)
            | Fault::ClockReset(_)
            | Fault::Heal
            | Fault::End(_)
            | Fault::Gray(..) => nodes > 0,
        }
    }
}

/// The traces a fault left; [`FaultReport::bit`] says whether they amount to anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// Nodes whose state it changed: cut off, taken down, booted, frozen, let go, slowed, misled; for the end of other
    /// faults the nodes that it set free.
    pub nodes: u32,
    /// Nodes that it chose and had to spare (`keep: Quorum`).
    pub spared: u32,
    /// Messages it destroyed, or that reached a node which it had taken down.
    pub dropped: u64,
    /// Syncs that failed because of it; for bit rot the boots that found it.
    pub failed: u64,
    /// Messages, timers, syncs and work that it held back.
    pub delayed: u64,
    /// Messages that arrived twice because of it.
    pub duplicated: u64,
    /// Messages that it damaged, and that the receiver threw away.
    pub corrupted: u64,
    /// Times that a node looked at a clock that this fault had made wrong, or measured a timer with it.
    pub misled: u64,
    /// Records on disk that it destroyed: unsynced ones that a crash lost, damaged ones, erased ones.
    pub records: u64,
    /// Calls of clients that were waiting for an answer when it struck.
    pub in_flight: u64,
    /// Changes of role of servers while it was in force.
    pub role_changes: u64,
    /// Servers that became leader while it was in force.
    pub leader_changes: u64,
    /// Whether, at some moment while it was in force, a service had no node that ran and reached a majority, both ways,
    /// counting all faults in force.
    pub quorum_lost: bool,
}

/// A node took another role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoleChange {
    /// When.
    pub at: Time,
    /// Who.
    pub node: NodeId,
    /// The new role; [`Role::DOWN`] while no process runs.
    pub role: Role,
    /// The protocol's epoch, term or ballot at that moment; 0 where there is none.
    pub epoch: u64,
}

/// A property that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// When.
    pub at: Time,
    /// The number of the event after which it was seen.
    pub event: u64,
    /// The node whose change broke it.
    pub node: NodeId,
    /// The property's name.
    pub property: &'static str,
    /// What was found, with the values that disagree.
    pub found: String,
}

/// A remark of a protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// When.
    pub at: Time,
    /// Who.
    pub node: NodeId,
    /// What it said.
    pub text: String,
}

impl Note {
    /// So many remarks are kept; later ones are dropped.
    pub const MAX: usize = 10_000;
}

/// An operation as its user saw it, whatever its specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Who wanted it.
    pub client: NodeId,
    /// Which one of that client's it is, from 0.
    pub number: u32,
    /// Its kind in a word: "get".
    pub kind: &'static str,
    /// The key it touches.
    pub key: u64,
    /// When it was wanted.
    pub intended: Time,
    /// When it was answered with a result, if it was.
    pub done: Option<Time>,
    /// Calls it took.
    pub calls: u32,
    /// Whether some call got no answer, so that it may have taken effect unseen.
    pub unknown: bool,
}

impl Operation {
    /// From the intended start to the answer.
    pub fn latency(&self) -> Option<Span> {
        self.done.map(|done| done.since(self.intended))
    }
}

/// A [`History`] of any specification.
pub trait AnyHistory: Debug + Send + Sync {
    /// The operations, by intended start, then client, then number.
    fn operations(&self) -> Vec<Operation>;
    /// Number of calls.
    fn calls(&self) -> usize;
    /// Searches for an order of the calls that explains every answer.
    fn linearizable(&self, budget: Budget) -> Linearizability;
    /// Its reads and writes of registers; `None` if its specification has none.
    fn registers(&self) -> Option<Registers>;
    /// Its counters and sets; `None` if its specification has none.
    fn merged(&self) -> Option<Merged>;
    /// A call by its place in the history, whatever its specification.
    fn call(&self, index: usize) -> AnyCall;
    /// See [`History::describe`].
    fn describe(&self, call: usize) -> String;
    /// Folds every call into `digest`.
    fn digest(&self, digest: &mut Digest);
}

impl<S: Spec> AnyHistory for History<S> {
    fn operations(&self) -> Vec<Operation> {
        // What is sorted is small and lies together; millions of calls do not. And it is nearly in order: a client's calls
        // are made one operation after another but for those that it repeats.
        let mut clients: BTreeMap<NodeId, Vec<(u32, usize)>> = BTreeMap::new();
        for (index, call) in self.calls.iter().enumerate() {
            clients.entry(call.client).or_default().push((call.operation, index));
        }
        clients.values_mut().for_each(|calls| calls.sort());
        let mut operations: Vec<Operation> = Vec::new();
        let mut last = None;
        for call in clients.into_values().flatten().map(|(_, index)| &self.calls[index]) {
            if last != Some((call.client, call.operation)) {
                last = Some((call.client, call.operation));
                operations.push(Operation {
                    client: call.client,
                    number: call.operation,
                    kind: S::kind(&call.op),
                    key: S::key(&call.op),
                    intended: call.intended,
                    done: None,
                    calls: 0,
                    unknown: false,
                });
            }
            let operation = operations.last_mut().expect("pushed above");
            operation.calls += 1;
            match call.outcome {
                Outcome::Ok(_, at) => operation.done = Some(at),
                Outcome::Refused(_) => {}
                Outcome::Unknown => operation.unknown = true,
            }
        }
        let key = |(index, o): (usize, &Operation)| (o.intended, o.client, index);
        let mut order: Vec<(Time, NodeId, usize)> = operations.iter().enumerate().map(key).collect();
        // Each client's are in order already.
        order.sort();
        order.into_iter().map(|(_, _, index)| operations[index]).collect()
    }
    fn calls(&self) -> usize {
        self.calls.len()
    }
    fn linearizable(&self, budget: Budget) -> Linearizability {
        crate::check::linearizability::linearizable(self, budget)
    }
    fn registers(&self) -> Option<Registers> {
        Registers::of(self)
    }
    fn merged(&self) -> Option<Merged> {
        Merged::of(self)
    }
    fn call(&self, index: usize) -> AnyCall {
        AnyCall::of(&self.calls[index])
    }
    fn describe(&self, call: usize) -> String {
        History::describe(self, call)
    }
    fn digest(&self, digest: &mut Digest) {
        use core::hash::Hash;
        self.calls.len().hash(digest);
        for call in &self.calls {
            call.hash(digest);
        }
    }
}
