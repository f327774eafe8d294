//! A state of a small world, what can happen in it, and how that is made to happen.

use super::{Messages, Scene, Small, Step};
use crate::{
    digest::Digest,
    disk::End,
    group::Group,
    harness::{Harness, Output},
    kernel::{Event, What},
    mail::Armed,
    node::Member,
    protocol::{Input, NodeId, Protocol, Ticket},
    rng::Purpose,
    slab::Arena,
    time::Time,
};
use alloc::{format, rc::Rc, string::String, vec::Vec};
use core::{fmt::Debug, hash::Hash};

/// A state. Nodes are shared between the states that have them in common.
#[derive(Clone, Debug)]
pub(super) struct Snapshot<P: Protocol> {
    nodes: Vec<Rc<Stand<P>>>,
    timers: Arena<Armed<P::Timer>>,
    /// The events of timers that are set, oldest first.
    set: Vec<Event>,
    /// Messages that may arrive, by fingerprint.
    flight: Vec<Flight<P>>,
    ghost: P::Ghost,
    used: Used,
    /// Property and finding of what was broken on the way here.
    pub(super) broken: Vec<(&'static str, String)>,
}

/// A node.
#[derive(Debug)]
struct Stand<P: Protocol> {
    member: Member<P>,
    /// Of its state and its disk.
    digest: u64,
}

/// A message that may arrive.
#[derive(Clone, Debug)]
struct Flight<P: Protocol> {
    digest: u64,
    from: NodeId,
    to: NodeId,
    msg: Rc<P::Msg>,
}

/// How far the bounds are used up: what is left decides what can come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Used {
    timeouts: u32,
    crashes: u32,
    operations: u32,
}

/// A step that is possible, by where the snapshot has what it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    Deliver(usize),
    Timeout(usize),
    Operation(NodeId),
    Crash(NodeId),
    Boot(NodeId),
}

/// Where steps are taken.
pub(super) struct Stage<'a, P: Protocol> {
    small: &'a Small<P>,
    pub(super) harness: Harness<P>,
}

fn digest(value: &impl Hash) -> u64 {
    let mut digest = Digest::new();
    value.hash(&mut digest);
    digest.finish()
}

impl<P: Protocol> Snapshot<P> {
    /// What tells it from others.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut all = Digest::new();
        self.nodes.iter().for_each(|node| all.add(node.digest));
        // In which order timers were set, and which slots they have, does not matter.
        let timer = |event: &Event| digest(&(event.node, &self.armed(*event).timer));
        all.add(self.set.iter().fold(self.set.len() as u64, |sum, event| sum.wrapping_add(timer(event))));
        all.add(self.flight.len() as u64);
        self.flight.iter().for_each(|flight| all.add(flight.digest));
        self.ghost.hash(&mut all);
        self.used.hash(&mut all);
        all.finish()
    }

    fn armed(&self, event: Event) -> &Armed<P::Timer> {
        self.timers.peek(event.slot, event.round).expect("timers that are gone are swept out")
    }

    fn up(&self, node: NodeId) -> bool {
        self.nodes[node.0 as usize].member.state.is_some()
    }
}

impl<'a, P: Protocol> Stage<'a, P> {
    pub(super) fn new(small: &'a Small<P>) -> Self {
        Stage { small, harness: Harness::new(small.nodes, small.config.clone()) }
    }

    /// Comes to a state, from which steps are taken then.
    pub(super) fn enter(&mut self, here: &Snapshot<P>) {
        let group = &mut self.harness.group;
        group.members.clear();
        group.members.extend(here.nodes.iter().map(|node| node.member.clone()));
        self.harness.timers.clear();
        self.enter_again(here);
    }

    /// All but the nodes.
    fn enter_again(&mut self, here: &Snapshot<P>) {
        self.harness.group.mail.timers = here.timers.clone();
        self.harness.timers.clone_from(&here.set);
        self.harness.group.ghost = here.ghost.clone();
    }

    /// Every node has booted.
    pub(super) fn first(&mut self) -> Snapshot<P> {
        let nodes = core::mem::take(&mut self.harness.group.members).into_iter();
        let mut here = Snapshot {
            nodes: nodes.map(|member| Rc::new(Stand { member, digest: 0 })).collect(),
            timers: Arena::default(),
            set: Vec::new(),
            flight: Vec::new(),
            ghost: P::Ghost::default(),
            used: Used::default(),
            broken: Vec::new(),
        };
        for node in 0..self.small.nodes {
            self.enter(&here);
            here = self.take(&here, Choice::Boot(NodeId(node)));
        }
        here
    }

    /// All that may happen next.
    pub(super) fn choices(&self, here: &Snapshot<P>) -> Vec<Choice> {
        let bounds = &self.small.bounds;
        let mut choices = Vec::new();
        for (index, flight) in here.flight.iter().enumerate() {
            // Of equal messages one will do; who is down hears nothing.
            let twin = index > 0 && here.flight[index - 1].digest == flight.digest;
            if !twin && here.up(flight.to) {
                choices.push(Choice::Deliver(index));
            }
        }
        if bounds.timeouts.is_none_or(|most| here.used.timeouts < most) {
            choices.extend((0..here.set.len()).map(Choice::Timeout));
        }
        let nodes = || (0..self.small.nodes).map(NodeId);
        if (here.used.operations as usize) < self.small.operations.len() {
            choices.extend(nodes().filter(|&node| here.up(node)).map(Choice::Operation));
        }
        if here.used.crashes < bounds.crashes {
            choices.extend(nodes().filter(|&node| here.up(node)).map(Choice::Crash));
        }
        choices.extend(nodes().filter(|&node| !here.up(node)).map(Choice::Boot));
        choices
    }

    /// The state after a step from the one that was entered, which is entered again then.
    pub(super) fn take(&mut self, here: &Snapshot<P>, choice: Choice) -> Snapshot<P> {
        let node = self.node(here, choice);
        let keys = &self.harness.kernel.keys;
        // Whenever it was taken and whatever came before, a step draws the same.
        let rng = keys.stream(Purpose::Protocol, u64::from(node.0), 0);
        self.harness.group.members[node.0 as usize].rng = rng;
        let mut used = here.used;
        let mut flight = here.flight.clone();
        let harness = &mut self.harness;
        let outputs = match choice {
            Choice::Deliver(index) => {
                let Flight { from, ref msg, .. } = here.flight[index];
                if self.small.bounds.messages == Messages::Once {
                    flight.remove(index);
                }
                let slot = harness.group.mail.messages.insert((from, P::Msg::clone(msg)));
                harness.handle(Event { node: node.0, slot, round: 0, what: What::Message })
            }
            Choice::Timeout(index) => {
                used.timeouts += u32::from(self.small.bounds.timeouts.is_some());
                let event = harness.timers.remove(index);
                // Time stands still, so what is set for later is due now.
                let armed = harness.group.mail.timers.at(event.slot);
                armed.at = Time::ZERO;
                armed.queued = (armed.at, armed.seq);
                harness.handle(event)
            }
            Choice::Operation(_) => {
                let number = used.operations;
                used.operations += 1;
                let ticket = Ticket { caller: NodeId(self.small.nodes), slot: number, round: 0 };
                harness.step(node, Input::Request(ticket, self.small.operations[number as usize].clone()))
            }
            Choice::Crash(_) => {
                used.crashes += 1;
                harness.crash_by(node, End::PowerLost);
                Vec::new()
            }
            Choice::Boot(_) => harness.boot(node),
        };
        for output in outputs {
            match output {
                Output::Send(to, msg) => self.post(&mut flight, node, to, msg),
                Output::Answer(..) => {}
                Output::Call(..) => unreachable!("what calls others is not explored"),
            }
        }
        self.leave(here, node, flight, used)
    }

    fn post(&self, flight: &mut Vec<Flight<P>>, from: NodeId, to: NodeId, msg: P::Msg) {
        let digest = digest(&(from, to, &msg));
        let place = flight.partition_point(|other| other.digest < digest);
        let there = flight.get(place).is_some_and(|other| other.digest == digest);
        if !there || self.small.bounds.messages == Messages::Once {
            flight.insert(place, Flight { digest, from, to, msg: Rc::new(msg) });
        }
    }

    /// What the harness is now, as a snapshot. Nodes other than the one that took the step are as they were.
    fn leave(
        &mut self,
        here: &Snapshot<P>,
        moved: NodeId,
        flight: Vec<Flight<P>>,
        used: Used,
    ) -> Snapshot<P> {
        let harness = &mut self.harness;
        harness.sweep();
        let before = here.nodes[moved.0 as usize].member.clone();
        let mut member = core::mem::replace(&mut harness.group.members[moved.0 as usize], before);
        // What took processor time is done.
        harness.kernel.now = Time::ZERO;
        if let Some(aside) = &mut member.node.aside {
            aside.busy = Time::ZERO;
        }
        let digest = digest(&(&member.state, &member.disk));
        let mut nodes = here.nodes.clone();
        nodes[moved.0 as usize] = Rc::new(Stand { member, digest });
        harness.kernel.roles.clear();
        harness.kernel.notes.clear();
        let violations = harness.kernel.violations.drain(..);
        let next = Snapshot {
            nodes,
            timers: core::mem::take(&mut harness.group.mail.timers),
            set: core::mem::take(&mut harness.timers),
            flight,
            ghost: core::mem::take(&mut harness.group.ghost),
            used,
            broken: violations.map(|violation| (violation.property, violation.found)).collect(),
        };
        self.enter_again(here);
        next
    }

    fn node(&self, here: &Snapshot<P>, choice: Choice) -> NodeId {
        match choice {
            Choice::Deliver(index) => here.flight[index].to,
            Choice::Timeout(index) => NodeId(here.set[index].node),
            Choice::Operation(node) | Choice::Crash(node) | Choice::Boot(node) => node,
        }
    }

    /// A choice in words.
    pub(super) fn step(&self, here: &Snapshot<P>, choice: Choice) -> Step {
        match choice {
            Choice::Deliver(index) => {
                let Flight { from, to, ref msg, .. } = here.flight[index];
                Step::Deliver { from, to, msg: text(&**msg) }
            }
            Choice::Timeout(index) => {
                let event = here.set[index];
                Step::Timeout { node: NodeId(event.node), timer: text(&here.armed(event).timer) }
            }
            Choice::Operation(node) => {
                let op = &self.small.operations[here.used.operations as usize];
                Step::Operation { node, op: text(op) }
            }
            Choice::Crash(node) => Step::Crash(node),
            Choice::Boot(node) => Step::Boot(node),
        }
    }

    /// The choice that a step in words is; otherwise what would be possible at its node.
    pub(super) fn find(&self, here: &Snapshot<P>, wanted: &Step) -> Result<Choice, String> {
        let choices = self.choices(here);
        let found = choices.iter().find(|&&choice| self.step(here, choice) == *wanted);
        found.copied().ok_or_else(|| {
            let near = choices.iter().map(|&choice| self.step(here, choice));
            let near: Vec<String> =
                near.filter(|step| step.node() == wanted.node()).map(|step| text(&step)).collect();
            let would = match near.len() {
                0 => String::from("nothing can happen at its node"),
                _ => format!("at its node these can: {}", near.join("; ")),
            };
            format!("{wanted:?} cannot happen here; {would}")
        })
    }

    pub(super) fn scene(&self, here: &Snapshot<P>) -> Scene {
        let show = |node: &Rc<Stand<P>>| node.member.state.as_ref().map(Protocol::show);
        Scene { nodes: here.nodes.iter().map(show).collect(), broken: here.broken.clone() }
    }

    /// What became of the properties so far.
    pub(super) fn properties(&self) -> Vec<crate::property::PropertyReport> {
        self.harness.group.properties(0)
    }
}

fn text(value: &impl Debug) -> String {
    format!("{value:?}")
}
