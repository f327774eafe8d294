//! A world: the kernel, the groups, and the faults of a plan. Built from a plan, run to its end, turned into a [`Run`].

mod faults;
mod record;

use crate::{
    gauge::Recorder,
    group::{Group, Members},
    kernel::{Kernel, Packed, What},
    mail::Callee,
    names,
    network::Network,
    plan::{self, Plan, ServicePlan},
    protocol::{Never, NodeId, Protocol, Role},
    rng::{Keys, Purpose},
    run::{Run, ServiceInfo, Traffic},
    spec::Spec,
    time::Time,
    trace::{Scope, Tracer},
    wire::{Wire, WireId},
};
use alloc::{boxed::Box, format, string::String, vec::Vec};
use core::any::TypeId;
use faults::Faults;

/// A simulated world. Copying it is a snapshot: the copy goes on exactly as the original would.
#[derive(Debug)]
pub struct World {
    kernel: Kernel,
    plan: Plan,
    services: Vec<ServiceInfo>,
    groups: Vec<Box<dyn Group>>,
    /// The first node of each group but the first one.
    borders: Vec<u32>,
    /// The specification on each wire.
    specs: Vec<TypeId>,
    /// What each populated service serves.
    serves: Vec<WireId>,
    faults: Faults,
    /// So many of the next events were looked at ahead of time.
    foreseen: u32,
    stopped: Option<String>,
    recorder: Option<Recorder>,
}

/// Worlds with fewer nodes and fewer events pending fit into caches.
const FORESEEN_FROM: [usize; 2] = [4096, 16_384];
/// So many events later it is asked again whether a small world has become a large one.
const FORESEEN_AGAIN: u32 = 4096;
/// So many events are looked at together.
const FORESEEN: usize = 32;

impl Clone for World {
    fn clone(&self) -> World {
        World {
            kernel: self.kernel.clone(),
            plan: self.plan.clone(),
            services: self.services.clone(),
            groups: self.groups.iter().map(|g| g.copy()).collect(),
            borders: self.borders.clone(),
            specs: self.specs.clone(),
            serves: self.serves.clone(),
            faults: self.faults.clone(),
            foreseen: self.foreseen,
            stopped: self.stopped.clone(),
            recorder: self.recorder.clone(),
        }
    }
}

impl World {
    /// A world without nodes yet; [`World::populate`] fills the plan's services in their order.
    pub fn new(plan: Plan) -> World {
        let services = plan::number(&plan.services);
        let nodes = services.iter().map(|s| s.nodes as usize).sum();
        let machines = plan.network.machines.len();
        assert!(machines == 0 || machines == nodes, "{machines} machines are told of {nodes} nodes");
        let keys = Keys::new(plan.seed);
        let network = Network::new(&plan.network, keys.key(Purpose::Network, 0, 0), nodes);
        let mut kernel = Kernel::new(network, keys, plan.faults.len());
        kernel.place(&plan.zones, nodes);
        let borders = services.iter().skip(1).map(|service| service.first.0).collect();
        let faults = Faults::new(&plan);
        World {
            kernel,
            plan,
            services,
            groups: Vec::new(),
            borders,
            specs: Vec::new(),
            serves: Vec::new(),
            faults,
            foreseen: 0,
            stopped: None,
            recorder: None,
        }
    }

    /// Fills the next service of the plan with nodes that run `P`. `asks` names the service that they call, which must
    /// be filled already and serve what they ask; it is left out if `P::Calls` is `Never`, and only then.
    pub fn populate<P: Protocol>(&mut self, config: P::Config, asks: Option<&str>) -> Result<(), String> {
        let Some(service) = self.plan.services.get(self.groups.len()) else {
            return Err("every service of the plan is filled already".into());
        };
        let calls = TypeId::of::<P::Calls>();
        let asks = match asks {
            None if calls == TypeId::of::<Never>() => Callee::NONE,
            None => return Err(format!("service `{}` calls another service: say which", service.name)),
            Some(name) if calls == TypeId::of::<Never>() => {
                return Err(format!("service `{}` calls nobody, not `{name}`", service.name));
            }
            Some(name) => {
                let callee = self.services.iter().zip(&self.serves).find(|(info, _)| info.name == *name);
                let Some((info, &wire)) = callee else {
                    return Err(format!(
                        "service `{}` calls `{name}`, which is not there before it",
                        service.name
                    ));
                };
                if self.specs[wire.0] != calls {
                    return Err(format!(
                        "service `{}` asks for {}, which `{name}` does not serve",
                        service.name,
                        core::any::type_name::<P::Calls>()
                    ));
                }
                Callee { wire, first: info.first, nodes: info.nodes }
            }
        };
        let first = self.services[self.groups.len()].first;
        let serves = wire::<P::Serves>(&mut self.specs, &mut self.kernel);
        let mut group = Members::<P>::new(config, first, serves, asks);
        group.reset(service, &mut self.kernel);
        self.serves.push(serves);
        self.groups.push(Box::new(group));
        Ok(())
    }

    /// Starts over with another plan, such as the same one with another seed: the world is then what a new one would be, and
    /// keeps its memory. Its services run what they ran; all else is the plan's.
    ///
    /// # Panics
    /// If the plan has other services, or other numbers of nodes.
    pub fn reset(&mut self, plan: Plan) {
        let same = |(old, new): (&ServiceInfo, &ServicePlan)| old.name == new.name && old.nodes == new.nodes;
        let services = self.services.iter().zip(&plan.services);
        assert!(
            self.groups.len() == plan.services.len() && services.clone().all(same),
            "a world is reset to a plan with the same services"
        );
        self.kernel.reset(&plan.network, Keys::new(plan.seed), plan.faults.len());
        self.kernel.place(&plan.zones, self.services.iter().map(|s| s.nodes as usize).sum());
        for (group, service) in self.groups.iter_mut().zip(&plan.services) {
            group.reset(service, &mut self.kernel);
        }
        self.faults = Faults::new(&plan);
        (self.foreseen, self.stopped, self.recorder) = (0, None, None);
        self.services = plan::number(&plan.services);
        self.plan = plan;
    }

    /// Records every input, what is sent and what becomes of it, and how states change. Call it before the world runs.
    pub fn trace(&mut self) {
        self.trace_only(Scope::all());
    }

    /// Records a part of the run. Call it before the world runs.
    pub fn trace_only(&mut self, scope: Scope) {
        self.kernel.trace = Some(Box::new(Tracer::new(scope)));
        self.kernel.network.trace();
    }

    /// The nodes of the service called `name`.
    pub fn nodes(&self, name: &str) -> Option<&ServiceInfo> {
        self.services.iter().find(|s| s.name == name)
    }

    /// The moment it has reached.
    pub fn now(&self) -> Time {
        self.kernel.now
    }

    /// Inputs taken so far.
    pub fn events(&self) -> u64 {
        self.kernel.events
    }

    /// Values in flight or armed: what memory follows.
    pub fn pending(&self) -> usize {
        let wires: usize = self.kernel.wires.iter().map(|wire| wire.len()).sum();
        self.groups.iter().map(|g| g.pending()).sum::<usize>() + wires + self.kernel.packets.len()
    }

    /// The role of a node at this moment.
    pub fn role(&self, node: NodeId) -> Role {
        self.groups[self.group_of(node)].role(node)
    }

    /// Labelled values of a node's state at this moment.
    pub fn show(&self, node: NodeId) -> Vec<(&'static str, String)> {
        self.groups[self.group_of(node)].show(node)
    }

    /// The position of a node's group: among few borders it is found sooner than in a table of all nodes.
    #[inline]
    fn group_of(&self, node: NodeId) -> usize {
        group_of(&self.borders, node)
    }

    /// Goes on until the end of the plan, or until `events_max` inputs were taken in all.
    pub fn run(&mut self, events_max: u64) {
        self.run_to(self.plan.until, events_max);
    }

    /// Goes on until `until`; what is due at exactly that moment still happens.
    pub fn run_to(&mut self, until: Time, events_max: u64) {
        while let Some(at) = self.sample_due().filter(|at| *at <= until) {
            self.go_on(at, events_max);
            if self.stopped.is_some() {
                return;
            }
            self.sample();
        }
        self.go_on(until, events_max);
    }

    fn go_on(&mut self, until: Time, events_max: u64) {
        assert_eq!(self.groups.len(), self.services.len(), "every service is filled before the world runs");
        self.begin();
        self.stopped = None;
        loop {
            if self.kernel.events >= events_max && self.kernel.queue.next_at().is_some_and(|at| at <= until.0)
            {
                self.stopped = Some(format!(
                    "stopped at {}: {events_max} events taken, the most that this run may take",
                    self.kernel.now
                ));
                return;
            }
            if self.foreseen == 0 {
                self.foresee();
            }
            self.foreseen -= 1;
            let Some((at, _, packed)) = self.kernel.queue.pop_by(until.0) else { break };
            self.kernel.now = Time(at);
            if packed.of_node() {
                let node = packed.node();
                let group = self.group_of(node);
                self.groups[group].handle(packed, &mut self.kernel);
                if self.faults.waiting() {
                    self.watch(Some(node));
                }
                continue;
            }
            let event = packed.unpack();
            match event.what {
                What::Boot
                | What::Message
                | What::Timer
                | What::Request
                | What::Response
                | What::Synced
                | What::Worked
                | What::Served => unreachable!("it is of a node"),
                What::Failed => {
                    let group = self.group_of(NodeId(event.node));
                    self.groups[group].handle(packed, &mut self.kernel);
                    self.count_quorums();
                    self.watch(None);
                }
                What::Packet => self.kernel.packet(event),
                What::Wake => self.kernel.wake(event),
                What::Strike => {
                    self.strike(event);
                    self.watch(None);
                }
                What::Over => {
                    self.end(event.node as usize);
                    self.watch(None);
                }
                What::Strobe => self.strobe(event.node as usize),
                What::Calm => self.calm(),
            }
        }
        self.kernel.now = self.kernel.now.max(until);
    }

    /// In a world that is larger than the processor's caches, an event would wait for memory three or four times: for its
    /// node, for what that sends and for its message. So the next few dozen are looked at together, and what they need
    /// comes near at the same time.
    #[inline(never)]
    fn foresee(&mut self) {
        let [nodes, pending] = FORESEEN_FROM;
        if self.kernel.processes.len() < nodes && self.kernel.queue.len() < pending {
            self.foreseen = FORESEEN_AGAIN;
            return;
        }
        let look = |event: Packed| {
            let event = event.unpack();
            if event.what.concerns_node() {
                self.groups[group_of(&self.borders, NodeId(event.node))].foresee(event);
            }
        };
        let sorted = self.kernel.queue.fetch(look);
        self.foreseen = sorted.clamp(1, FORESEEN) as u32;
        // So many are sorted at a time only if their times are equal, and were not told ahead.
        if sorted > 2 * FORESEEN {
            self.kernel.queue.sorted().take(FORESEEN).for_each(look);
        }
    }

    /// What the run left behind. Once taken it is gone: the world is of no use any more, until it is reset.
    pub fn finish(&mut self) -> Run {
        for group in &self.groups {
            group.digest(&mut self.kernel.digest);
        }
        let trace = self.kernel.trace.take().map(|mut tracer| {
            for node in tracer.unseen() {
                self.groups[self.group_of(node)].look(node, &mut tracer, self.kernel.now);
            }
            let mut trace = tracer.finish();
            self.name(trace.texts());
            trace
        });
        let mut violations = core::mem::take(&mut self.kernel.violations);
        self.name(violations.iter_mut().map(|violation| &mut violation.found));
        let mut notes = core::mem::take(&mut self.kernel.notes);
        self.name(notes.iter_mut().map(|note| &mut note.text));
        let mut faults = core::mem::take(&mut self.faults).reports();
        for (report, effect) in faults.iter_mut().zip(&self.kernel.books.effects) {
            report.effect = *effect;
        }
        faults.sort_by_key(|report| report.moment().unwrap_or(Time::MAX));
        Run {
            seed: self.plan.seed,
            until: self.plan.until,
            ended: self.kernel.now,
            stopped: self.stopped.take(),
            events: self.kernel.events,
            fingerprint: core::hash::Hasher::finish(&self.kernel.digest),
            traffic: Traffic { streams: self.kernel.streams.counts, ..self.kernel.books.traffic },
            faults,
            roles: core::mem::take(&mut self.kernel.roles),
            violations,
            properties: self.groups.iter().enumerate().flat_map(|(i, g)| g.properties(i)).collect(),
            notes,
            histories: self.groups.iter_mut().filter_map(|g| g.take_history()).collect(),
            trace,
            recording: self.recorder.take().map(Recorder::finish),
            tasks: self.kernel.tasks.take().unwrap_or_default(),
            services: self.services.clone(),
            zones: self.plan.zones.clone(),
        }
    }
}

impl World {
    /// Texts of protocols, with nodes by their names.
    fn name<'a>(&self, texts: impl Iterator<Item = &'a mut String>) {
        texts.for_each(|text| *text = names::of_services(&self.services, text));
    }
}

/// The position of a node's group, by the first nodes of all but the first one.
#[inline]
fn group_of(borders: &[u32], node: NodeId) -> usize {
    borders.iter().position(|&first| node.0 < first).unwrap_or(borders.len())
}

/// The wire of this specification, strung if it is the first of its kind.
fn wire<S: Spec>(specs: &mut Vec<TypeId>, kernel: &mut Kernel) -> WireId {
    let id = TypeId::of::<S>();
    WireId(specs.iter().position(|&spec| spec == id).unwrap_or_else(|| {
        specs.push(id);
        kernel.wires.push(Box::new(Wire::<S>::default()));
        specs.len() - 1
    }))
}
