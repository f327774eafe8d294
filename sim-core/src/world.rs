//! A world: the kernel, the groups, and the faults of a plan. Built from a plan, run to its end, turned into a [`Run`].

use crate::{
    fault::Fault,
    group::{Group, Members, Setup},
    kernel::{Event, Kernel, What},
    network::Network,
    pick,
    plan::{self, Plan},
    protocol::{Never, NodeId, Protocol, Role},
    rng::{Keys, Purpose},
    run::{FaultReport, Run, ServiceInfo},
    spec::Spec,
    time::Time,
    trace::Trace,
    wire::{Wire, WireId},
};
use alloc::{boxed::Box, collections::BTreeSet, format, string::String, vec::Vec};
use core::any::TypeId;

/// A simulated world. Copying it is a snapshot: the copy goes on exactly as the original would.
#[derive(Debug)]
pub struct World {
    kernel: Kernel,
    plan: Plan,
    services: Vec<ServiceInfo>,
    groups: Vec<Box<dyn Group>>,
    /// The group of each node.
    group_of: Vec<u16>,
    /// The specification on each wire.
    specs: Vec<TypeId>,
    /// What each populated service serves.
    serves: Vec<WireId>,
    faults: Vec<FaultReport>,
    /// The nodes that each fault hurt and that are not well again.
    hurt: Vec<BTreeSet<NodeId>>,
    /// Whether the faults of the plan are in the queue.
    begun: bool,
    stopped: Option<String>,
}

impl Clone for World {
    fn clone(&self) -> World {
        World {
            kernel: self.kernel.clone(),
            plan: self.plan.clone(),
            services: self.services.clone(),
            groups: self.groups.iter().map(|g| g.copy()).collect(),
            group_of: self.group_of.clone(),
            specs: self.specs.clone(),
            serves: self.serves.clone(),
            faults: self.faults.clone(),
            hurt: self.hurt.clone(),
            begun: self.begun,
            stopped: self.stopped.clone(),
        }
    }
}

impl World {
    /// A world without nodes yet; [`World::populate`] fills the plan's services in their order.
    pub fn new(plan: Plan) -> World {
        let services = plan::number(&plan.services);
        let nodes = services.iter().map(|s| s.nodes as usize).sum();
        let keys = Keys::new(plan.seed);
        let network = Network::new(&plan.network, keys.key(Purpose::Network, 0, 0), nodes);
        let kernel = Kernel::new(network, keys, plan.faults.len());
        let mut group_of = Vec::with_capacity(nodes);
        for (index, service) in services.iter().enumerate() {
            group_of.extend(service.ids().map(|_| index as u16));
        }
        let mut faults = Vec::new();
        for planned in &plan.faults {
            faults.push(FaultReport {
                planned: planned.clone(),
                struck: None,
                ended: None,
                chose: Vec::new(),
                effect: Default::default(),
            });
        }
        let hurt = plan.faults.iter().map(|_| BTreeSet::new()).collect();
        World {
            kernel,
            plan,
            services,
            groups: Vec::new(),
            group_of,
            specs: Vec::new(),
            serves: Vec::new(),
            faults,
            hurt,
            begun: false,
            stopped: None,
        }
    }

    /// Fills the next service of the plan with nodes that run `P`. `asks` names the service that they call, which must
    /// be filled already and serve what they ask; it may be left out only if `P::Calls` is `Never`.
    pub fn populate<P: Protocol>(&mut self, config: P::Config, asks: Option<&str>) -> Result<(), String> {
        let Some(service) = self.plan.services.get(self.groups.len()) else {
            return Err("every service of the plan is filled already".into());
        };
        let asks = match asks {
            None if TypeId::of::<P::Calls>() == TypeId::of::<Never>() => WireId(usize::MAX),
            None => return Err(format!("service `{}` calls another service: say which", service.name)),
            Some(name) => {
                let callee =
                    self.services.iter().position(|s| s.name == *name).and_then(|i| self.serves.get(i));
                let Some(&wire) = callee else {
                    return Err(format!(
                        "service `{}` calls `{name}`, which is not there before it",
                        service.name
                    ));
                };
                if self.specs[wire.0] != TypeId::of::<P::Calls>() {
                    return Err(format!(
                        "service `{}` asks for {}, which `{name}` does not serve",
                        service.name,
                        core::any::type_name::<P::Calls>()
                    ));
                }
                wire
            }
        };
        let info = &self.services[self.groups.len()];
        let setup = Setup {
            first: info.first,
            count: info.nodes,
            serves: wire::<P::Serves>(&mut self.specs, &mut self.kernel),
            asks,
            sync: service.sync.sampler(),
            clocks: info.ids().map(|id| service.clock.clock(id.0, &self.kernel.keys)).collect(),
            clients: service.clients,
        };
        self.serves.push(setup.serves);
        self.groups.push(Box::new(Members::<P>::new(config, &setup, &mut self.kernel)));
        Ok(())
    }

    /// Records every input from now on.
    pub fn trace(&mut self) {
        self.kernel.trace = Some(Trace::default());
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
        self.groups.iter().map(|g| g.pending()).sum::<usize>() + wires
    }

    /// The role of a node at this moment.
    pub fn role(&self, node: NodeId) -> Role {
        self.groups[self.group_of[node.0 as usize] as usize].role(node)
    }

    /// Labelled values of a node's state at this moment.
    pub fn show(&self, node: NodeId) -> Vec<(&'static str, String)> {
        self.groups[self.group_of[node.0 as usize] as usize].show(node)
    }

    /// Goes on until the end of the plan, or until `events_max` inputs were taken in all.
    pub fn run(&mut self, events_max: u64) {
        self.run_to(self.plan.until, events_max);
    }

    /// Goes on until `until`; what is due at exactly that moment still happens.
    pub fn run_to(&mut self, until: Time, events_max: u64) {
        assert_eq!(self.groups.len(), self.services.len(), "every service is filled before the world runs");
        self.begin();
        self.stopped = None;
        while let Some(at) = self.kernel.queue.next_at() {
            if at > until.0 {
                break;
            }
            if self.kernel.events >= events_max {
                self.stopped = Some(format!(
                    "stopped at {}: {events_max} events taken, the most that this run may take",
                    self.kernel.now
                ));
                return;
            }
            let Some((at, _, event)) = self.kernel.queue.pop() else { return };
            self.kernel.now = Time(at);
            match event.what {
                What::Strike => self.strike(event.node as usize),
                What::Over => self.over(event.node as usize),
                What::Boot
                | What::Message
                | What::Timer
                | What::Request
                | What::Response
                | What::Synced
                | What::Worked => {
                    let group = self.group_of[event.node as usize] as usize;
                    self.groups[group].handle(event, &mut self.kernel);
                }
            }
        }
        self.kernel.now = self.kernel.now.max(until);
    }

    /// Puts the faults into the queue, once: after the boots, and ends before strikes, so that a node that one fault
    /// gives back can be another's at the same moment.
    fn begin(&mut self) {
        if core::mem::replace(&mut self.begun, true) {
            return;
        }
        let event = |index: usize, what| Event { node: index as u32, slot: 0, round: 0, what };
        for (index, planned) in self.plan.faults.iter().enumerate() {
            if let Some(lasts) = planned.lasts.filter(|_| planned.fault.harms()) {
                self.kernel.post(planned.at + lasts, event(index, What::Over));
            }
        }
        for (index, planned) in self.plan.faults.iter().enumerate() {
            self.kernel.post(planned.at, event(index, What::Strike));
        }
    }

    /// What the run left behind.
    pub fn finish(mut self) -> Run {
        for group in &self.groups {
            group.digest(&mut self.kernel.digest);
        }
        for (report, effect) in self.faults.iter_mut().zip(&self.kernel.effects) {
            report.effect = *effect;
        }
        let mut faults = self.faults;
        faults.sort_by_key(|f| f.planned.at);
        Run {
            seed: self.plan.seed,
            until: self.plan.until,
            ended: self.kernel.now,
            stopped: self.stopped,
            events: self.kernel.events,
            fingerprint: core::hash::Hasher::finish(&self.kernel.digest),
            traffic: self.kernel.traffic,
            faults,
            roles: self.kernel.roles,
            violations: self.kernel.violations,
            properties: self.groups.iter().enumerate().flat_map(|(i, g)| g.properties(i)).collect(),
            notes: self.kernel.notes,
            histories: self.groups.iter_mut().filter_map(|g| g.take_history()).collect(),
            trace: self.kernel.trace,
            services: self.services,
        }
    }
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

/// What a fault does to one node: whether it changed anything.
type Act = fn(&mut dyn Group, NodeId, usize, &mut Kernel) -> bool;

/// Faults: how each strikes and how it ends.
impl World {
    fn strike(&mut self, index: usize) {
        let planned = self.faults[index].planned.clone();
        let chose = self.resolve(&planned.name, &planned.fault);
        let nodes: Vec<NodeId> = chose.iter().flatten().copied().collect();
        self.faults[index].struck = Some(self.kernel.now);
        self.faults[index].chose = chose.clone();
        self.kernel.effects[index].in_flight = self.groups.iter().map(|g| g.in_flight()).sum();
        // Counted before it acts, so that the change of role it causes at once is its own.
        if planned.fault.harms() {
            self.kernel.active.push(index);
        }
        match &planned.fault {
            Fault::Split(_) => self.cut(index, &chose, false),
            Fault::OneWay { .. } => self.cut(index, &chose, true),
            Fault::Heal => self.heal(index),
            Fault::Crash(_) => self.hurt(index, &nodes, Role::DOWN, |g, node, i, k| g.crash(node, i, k)),
            Fault::Pause(_) => self.hurt(index, &nodes, Role::PAUSED, |g, node, i, k| g.pause(node, i, k)),
            Fault::Restart(_) => self.mend(index, &nodes, |g, node, _, k| g.boot(node, k)),
            Fault::Resume(_) => self.mend(index, &nodes, |g, node, _, k| g.resume(node, k)),
        }
    }

    /// The fault's time is up: what it did is undone, except where another fault does the same.
    fn over(&mut self, index: usize) {
        let nodes: Vec<NodeId> = core::mem::take(&mut self.hurt[index]).into_iter().collect();
        let kind = core::mem::discriminant(&self.faults[index].planned.fault);
        for node in nodes {
            let same = |i: &usize| core::mem::discriminant(&self.faults[*i].planned.fault) == kind;
            match (0..self.hurt.len()).filter(same).find(|&i| self.hurt[i].contains(&node)) {
                // That one keeps it down, or frozen, from here on.
                Some(other) => self.kernel.effects[other].nodes += 1,
                None => {
                    let group = &mut self.groups[self.group_of[node.0 as usize] as usize];
                    match self.faults[index].planned.fault {
                        Fault::Crash(_) => group.boot(node, &mut self.kernel),
                        Fault::Pause(_) => group.resume(node, &mut self.kernel),
                        Fault::Split(_) | Fault::OneWay { .. } => false,
                        Fault::Heal | Fault::Restart(_) | Fault::Resume(_) => false,
                    };
                }
            }
        }
        self.end(index);
    }

    fn resolve(&self, name: &str, fault: &Fault) -> Vec<Vec<NodeId>> {
        let frozen = |node: &NodeId| {
            let pauses = self
                .faults
                .iter()
                .zip(&self.hurt)
                .filter(|(f, _)| matches!(f.planned.fault, Fault::Pause(_)));
            pauses.into_iter().any(|(_, hurt)| hurt.contains(node))
        };
        let fit = |node: NodeId| match fault {
            Fault::Restart(_) => self.role(node) == Role::DOWN,
            Fault::Resume(_) => frozen(&node),
            Fault::Split(_) | Fault::OneWay { .. } | Fault::Heal | Fault::Crash(_) | Fault::Pause(_) => {
                self.role(node) != Role::DOWN
            }
        };
        pick::resolve(name, &fault.picks(), &self.services, |node| self.role(node), fit, &self.kernel.keys)
    }

    fn cut(&mut self, index: usize, groups: &[Vec<NodeId>], one_way: bool) {
        if groups.iter().filter(|g| !g.is_empty()).count() < 2 {
            return self.end(index);
        }
        self.kernel.effects[index].nodes = groups.iter().map(|g| g.len() as u32).sum();
        self.kernel.network.split(index, groups, one_way);
    }

    fn heal(&mut self, index: usize) {
        let cuts = self
            .kernel
            .active
            .clone()
            .into_iter()
            .filter(|&i| matches!(self.faults[i].planned.fault, Fault::Split(_) | Fault::OneWay { .. }));
        for cut in cuts.collect::<Vec<_>>() {
            self.kernel.effects[index].nodes += self.kernel.effects[cut].nodes;
            self.end(cut);
        }
    }

    /// Takes nodes down, or freezes them. One that is so already stays so for as long as this fault lasts too.
    fn hurt(&mut self, index: usize, nodes: &[NodeId], role: Role, act: Act) {
        for &node in nodes {
            let group = &mut self.groups[self.group_of[node.0 as usize] as usize];
            if act(&mut **group, node, index, &mut self.kernel) {
                self.kernel.effects[index].nodes += 1;
                // A frozen node that is killed is no longer the freeze's.
                self.release(node);
                self.hurt[index].insert(node);
            } else if self.hurt.iter().any(|held| held.contains(&node)) && self.is(node, role) {
                self.hurt[index].insert(node);
            }
        }
        if self.hurt[index].is_empty() {
            self.end(index);
        }
    }

    /// Brings nodes back, whoever took them.
    fn mend(&mut self, index: usize, nodes: &[NodeId], act: Act) {
        for &node in nodes {
            let group = &mut self.groups[self.group_of[node.0 as usize] as usize];
            if act(&mut **group, node, index, &mut self.kernel) {
                self.kernel.effects[index].nodes += 1;
                self.release(node);
            }
        }
    }

    /// Whether a node is down, or frozen, as `role` says.
    fn is(&self, node: NodeId, role: Role) -> bool {
        let group = &self.groups[self.group_of[node.0 as usize] as usize];
        match role {
            Role::DOWN => group.role(node) == Role::DOWN,
            _ => group.role(node) != Role::DOWN,
        }
    }

    /// The node is well again, or another fault's: faults that hurt nobody any more are over.
    fn release(&mut self, node: NodeId) {
        for index in 0..self.hurt.len() {
            if self.hurt[index].remove(&node) && self.hurt[index].is_empty() {
                self.end(index);
            }
        }
    }

    fn end(&mut self, index: usize) {
        if let Some(position) = self.kernel.active.iter().position(|&i| i == index) {
            self.kernel.active.remove(position);
            self.kernel.network.heal(index);
            self.faults[index].ended = Some(self.kernel.now);
        }
    }
}
