//! A group: nodes that all run one protocol. It turns the kernel's events into inputs, steps the nodes, and judges
//! their properties. The kernel sees it through one narrow trait.

use crate::{
    clock::Clock,
    digest::Digest,
    disk::Durable,
    history::{History, Outcome},
    kernel::{Event, Kernel, What},
    members::{Mail, Member, Node, Outbox, Waiting},
    property::{Ghost, Judgement, Property, PropertyReport, View, When},
    protocol::{Ctx, Input, NodeId, Protocol, Role},
    rng::Purpose,
    run::AnyHistory,
    sample::Sampler,
    slab::Slab,
    spec::Answer,
    time::Time,
    trace::Kind,
    wire::WireId,
};
use alloc::{boxed::Box, collections::VecDeque, format, string::String, vec::Vec};
use core::{fmt::Debug, hash::Hash};

/// A group of any protocol, as the world holds it.
pub trait Group: Debug {
    /// Takes an event for one of its nodes.
    fn handle(&mut self, event: Event, kernel: &mut Kernel);
    /// Boots a node that is down. Whether it was.
    fn boot(&mut self, node: NodeId, kernel: &mut Kernel) -> bool;
    /// Kills a node's process. Whether one ran.
    fn crash(&mut self, node: NodeId, fault: usize, kernel: &mut Kernel) -> bool;
    /// Freezes a node's process. Whether one ran that was not frozen.
    fn pause(&mut self, node: NodeId, fault: usize, kernel: &mut Kernel) -> bool;
    /// Lets a frozen process go on. Whether it was frozen.
    fn resume(&mut self, node: NodeId, kernel: &mut Kernel) -> bool;
    /// The role of a node; [`Role::DOWN`] if no process runs.
    fn role(&self, node: NodeId) -> Role;
    /// Labelled values of a node's state, for people.
    fn show(&self, node: NodeId) -> Vec<(&'static str, String)>;
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
    ghost: P::Ghost,
    tallies: Vec<Tally>,
    clients: bool,
}

/// The round of a message's event that has reached its node and waits there.
const ARRIVED: u32 = 1;

/// What became of a property so far.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    held: u64,
    broken: u64,
    first: Option<Time>,
}

/// How a group is set up.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) first: NodeId,
    pub(crate) count: u32,
    pub(crate) serves: WireId,
    pub(crate) asks: WireId,
    pub(crate) sync: Sampler,
    pub(crate) clocks: Vec<Clock>,
    /// Whether these are clients, whose calls are recorded.
    pub(crate) clients: bool,
}

impl<P: Protocol> Members<P> {
    pub(crate) fn new(config: P::Config, setup: &Setup, kernel: &mut Kernel) -> Self {
        let member = |index: u32| {
            let id = setup.first.0 + index;
            kernel.post(Time::ZERO, Event { node: id, slot: 0, round: 0, what: What::Boot });
            Member {
                state: None,
                disk: P::Disk::default(),
                rng: kernel.keys.stream(Purpose::Protocol, u64::from(id), 0),
                node: Node {
                    life: 0,
                    clock: setup.clocks[index as usize],
                    disk_rng: kernel.keys.stream(Purpose::Disk, u64::from(id), 0),
                    timers: Vec::new(),
                    waiting: VecDeque::new(),
                    syncing: 0,
                    busy: Time::ZERO,
                    inbox: VecDeque::new(),
                    paused: false,
                    hurt: None,
                    role: Role::DOWN,
                    epoch: 0,
                    operations: 0,
                },
            }
        };
        Members {
            config,
            first: setup.first,
            members: (0..setup.count).map(member).collect(),
            mail: Mail {
                messages: Slab::default(),
                timers: Slab::default(),
                calls: Slab::default(),
                serves: setup.serves,
                asks: setup.asks,
                sync: setup.sync,
                history: setup.clients.then(History::default),
            },
            ghost: P::Ghost::default(),
            tallies: P::PROPERTIES.iter().map(|_| Tally::default()).collect(),
            clients: setup.clients,
        }
    }

    fn at(&self, node: NodeId) -> usize {
        (node.0 - self.first.0) as usize
    }

    /// Takes the event's value out of its slab: the input, with who sent it. `None` if there is nothing to take after
    /// all: a message that a cut stops, a timer that was cancelled or moved, an answer that nobody waits for.
    #[inline]
    fn open(&mut self, event: Event, kernel: &mut Kernel) -> Option<(Input<P>, NodeId)> {
        let index = self.at(NodeId(event.node));
        let (up, hurt) = (self.members[index].state.is_some(), self.members[index].node.hurt);
        match event.what {
            What::Message => {
                let (from, msg) = self.mail.messages.take(event.slot);
                Self::lands(from, event, up, hurt, kernel).then_some((Input::Deliver(from, msg), from))
            }
            What::Request => {
                let (ticket, op) = kernel.wire::<P::Serves>(self.mail.serves).requests.take(event.slot);
                let landed = Self::lands(ticket.caller, event, up, hurt, kernel);
                landed.then_some((Input::Request(ticket, op), ticket.caller))
            }
            What::Response => {
                let (from, ticket, answer) = kernel.wire::<P::Calls>(self.mail.asks).answers.take(event.slot);
                if !Self::lands(from, event, up, hurt, kernel) {
                    return None;
                }
                let open = *self.mail.calls.get(ticket.slot, ticket.round)?;
                self.mail.calls.take(ticket.slot);
                if let Some(history) = &mut self.mail.history {
                    history.calls[open.record as usize].outcome = match &answer {
                        Answer::Ok(ret) => Outcome::Ok(ret.clone(), kernel.now),
                        Answer::Refused | Answer::Redirect(_) => Outcome::Refused(kernel.now),
                    };
                }
                Some((Input::Response(ticket, answer), from))
            }
            What::Timer => self
                .due(index, event, kernel)
                .then(|| (Input::Timeout(self.free(index, event.slot)), NodeId::NONE)),
            What::Boot | What::Synced | What::Worked | What::Strike | What::Over => None,
        }
    }

    /// Whether a message finds a process and no cut in its way. Counts it either way.
    #[inline]
    fn lands(from: NodeId, event: Event, up: bool, hurt: Option<usize>, kernel: &mut Kernel) -> bool {
        if event.round != ARRIVED && !kernel.arrives(from, NodeId(event.node)) {
            return false;
        }
        if !up {
            kernel.dead(hurt);
            return false;
        }
        kernel.traffic.delivered += 1;
        true
    }

    /// Whether a timer is due when its event is. Of a dead life, or cancelled: its slot is freed. Moved since its event
    /// was posted: the event is posted again, in the place that the timer has now.
    fn due(&mut self, index: usize, event: Event, kernel: &mut Kernel) -> bool {
        let life = self.members[index].node.life;
        let armed = self.mail.timers.at(event.slot);
        if armed.life != life || armed.at == Time::MAX {
            self.free(index, event.slot);
            return false;
        }
        if (armed.at, armed.seq) != armed.queued {
            armed.queued = (armed.at, armed.seq);
            kernel.queue.push(armed.at.0, armed.seq, event);
            return false;
        }
        true
    }

    fn free(&mut self, index: usize, slot: u32) -> P::Timer {
        let armed = self.mail.timers.take(slot);
        let timers = &mut self.members[index].node.timers;
        if let Some(position) = timers.iter().position(|&listed| listed == slot) {
            timers.swap_remove(position);
        }
        armed.timer
    }

    /// Gives a node its input.
    #[inline]
    fn input(&mut self, index: usize, input: Input<P>, peer: NodeId, kernel: &mut Kernel) {
        let me = NodeId(self.first.0 + index as u32);
        let kind = match &input {
            Input::Deliver(..) => Kind::Deliver,
            Input::Timeout(_) => Kind::Timeout,
            Input::Request(..) => Kind::Request,
            Input::Response(..) => Kind::Response,
        };
        kernel.take(me, kind, peer);
        match &input {
            Input::Deliver(_, msg) => msg.hash(&mut kernel.digest),
            Input::Timeout(timer) => timer.hash(&mut kernel.digest),
            Input::Request(_, op) => op.hash(&mut kernel.digest),
            Input::Response(_, answer) => answer.hash(&mut kernel.digest),
        }
        kernel.trace(me, kind, peer, || match &input {
            Input::Deliver(_, msg) => format!("{msg:?}"),
            Input::Timeout(timer) => format!("{timer:?}"),
            Input::Request(_, op) => format!("{op:?}"),
            Input::Response(_, answer) => format!("{answer:?}"),
        });
        self.within(index, kernel, |state, _, ctx| {
            state.as_mut().expect("inputs reach running processes only").step(input, ctx);
        });
        self.judge(index, kernel);
    }

    /// Runs `act` on a node with all that it may reach.
    #[inline]
    fn within(
        &mut self,
        index: usize,
        kernel: &mut Kernel,
        act: impl FnOnce(&mut Option<P>, &P::Config, &mut Ctx<'_, P>),
    ) {
        let me = NodeId(self.first.0 + index as u32);
        let count = self.members.len() as u32;
        let member = &mut self.members[index];
        let clock = member.node.clock;
        let mut ctx = Ctx {
            me,
            now: clock.shows(kernel.now),
            disk: &mut member.disk,
            rng: &mut member.rng,
            first: self.first,
            count,
            clock,
            out: Outbox { me, node: &mut member.node, mail: &mut self.mail, spent: crate::time::Span::ZERO },
            kernel,
        };
        act(&mut member.state, &self.config, &mut ctx);
    }

    /// Notes a change of role and judges the properties that ask to be.
    #[inline]
    fn judge(&mut self, index: usize, kernel: &mut Kernel) {
        let me = NodeId(self.first.0 + index as u32);
        let member = &mut self.members[index];
        let (role, epoch) = member.state.as_ref().map_or((Role::DOWN, 0), |s| (s.role(), s.epoch()));
        let moved = role != member.node.role;
        let changed = moved || epoch != member.node.epoch;
        if changed {
            (member.node.role, member.node.epoch) = (role, epoch);
        }
        if moved {
            kernel.role(me, role, epoch, !self.clients);
        }
        let view = View { first: self.first, nodes: &self.members, now: kernel.now };
        self.ghost.observe(&view, me);
        for (property, tally) in P::PROPERTIES.iter().zip(&mut self.tallies) {
            if property.when == When::RoleChange && !changed || tally.broken > 0 {
                continue;
            }
            judge_one(property, tally, &self.ghost, &view, me, kernel);
        }
    }

    /// Carries out what waited for a barrier that has fallen, up to the next one.
    fn advance(&mut self, index: usize, kernel: &mut Kernel) {
        let me = NodeId(self.first.0 + index as u32);
        let Member { disk, node, .. } = &mut self.members[index];
        if node.paused {
            return;
        }
        while let Some(front) = node.waiting.front() {
            match front {
                Waiting::Work(until) if *until > kernel.now => return,
                Waiting::Sync if node.syncing == 0 => return node.flush(me, disk, self.mail.sync, kernel),
                Waiting::Sync => return,
                Waiting::Work(_) | Waiting::Send(..) | Waiting::Answer(..) | Waiting::Call(..) => {}
            }
            let effect = node.waiting.pop_front().expect("there is a front");
            self.mail.release(me, effect, kernel);
        }
    }

    /// The disk is done: the barriers that this sync covered fall.
    fn synced(&mut self, index: usize, kernel: &mut Kernel) {
        let me = NodeId(self.first.0 + index as u32);
        let Member { disk, node, .. } = &mut self.members[index];
        disk.flushed();
        let mut covered = core::mem::take(&mut node.syncing);
        // Everything up to the last covered barrier goes out, unless the processor holds some of it back: those
        // barriers are durable already and are taken away.
        let mut kept = VecDeque::new();
        let mut held = node.paused;
        while covered > 0 {
            match node.waiting.pop_front().expect("a covered barrier waits in the queue") {
                Waiting::Sync => covered -= 1,
                Waiting::Work(until) if until > kernel.now => {
                    held = true;
                    kept.push_back(Waiting::Work(until));
                }
                effect @ (Waiting::Work(_) | Waiting::Send(..) | Waiting::Answer(..) | Waiting::Call(..)) => {
                    if held {
                        kept.push_back(effect);
                    } else {
                        self.mail.release(me, effect, kernel);
                    }
                }
            }
        }
        while let Some(effect) = kept.pop_back() {
            node.waiting.push_front(effect);
        }
        self.advance(index, kernel);
    }

    /// Takes the inputs that arrived while the node was busy or frozen, until it is busy again.
    fn drain(&mut self, index: usize, kernel: &mut Kernel) {
        while !self.members[index].node.holds(kernel.now)
            && let Some(event) = self.members[index].node.inbox.pop_front()
        {
            self.dispatch(index, event, kernel);
        }
    }

    /// Keeps an event for later. A timer that is not due does not wait: it was cancelled, or rings another time.
    fn hold(&mut self, index: usize, mut event: Event, kernel: &mut Kernel) {
        if event.what == What::Timer && !self.due(index, event, kernel) {
            return;
        }
        if let Some(from) = self.sender(event, kernel)
            && event.round != ARRIVED
        {
            // A cut stops it now or not at all: it has come as far as the node.
            if !kernel.arrives(from, NodeId(event.node)) {
                return self.discard(event, kernel);
            }
            event.round = ARRIVED;
        }
        let node = &mut self.members[index].node;
        if let (true, Some(fault)) = (node.paused, node.hurt) {
            kernel.effects[fault].delayed += 1;
        }
        node.inbox.push_back(event);
    }

    /// Who sent what this event delivers.
    fn sender(&mut self, event: Event, kernel: &mut Kernel) -> Option<NodeId> {
        match event.what {
            What::Message => Some(self.mail.messages.at(event.slot).0),
            What::Request => {
                Some(kernel.wire::<P::Serves>(self.mail.serves).requests.at(event.slot).0.caller)
            }
            What::Response => Some(kernel.wire::<P::Calls>(self.mail.asks).answers.at(event.slot).0),
            What::Timer | What::Boot | What::Synced | What::Worked | What::Strike | What::Over => None,
        }
    }

    /// Frees what a message that does not arrive has held.
    fn discard(&mut self, event: Event, kernel: &mut Kernel) {
        match event.what {
            What::Message => drop(self.mail.messages.take(event.slot)),
            What::Request => drop(kernel.wire::<P::Serves>(self.mail.serves).requests.take(event.slot)),
            What::Response => drop(kernel.wire::<P::Calls>(self.mail.asks).answers.take(event.slot)),
            What::Timer | What::Boot | What::Synced | What::Worked | What::Strike | What::Over => {}
        }
    }

    fn dispatch(&mut self, index: usize, event: Event, kernel: &mut Kernel) {
        if let Some((input, peer)) = self.open(event, kernel) {
            self.input(index, input, peer, kernel);
        }
    }
}

impl<P: Protocol> Node<P> {
    /// Whether inputs have to wait.
    #[inline]
    fn holds(&self, now: Time) -> bool {
        self.paused || self.busy > now
    }
}

fn judge_one<P: Protocol>(
    property: &Property<P>,
    tally: &mut Tally,
    ghost: &P::Ghost,
    view: &View<'_, P>,
    node: NodeId,
    kernel: &mut Kernel,
) {
    match (property.judge)(ghost, view, node) {
        Judgement::Idle => {}
        Judgement::Holds => {
            tally.held += 1;
            tally.first.get_or_insert(kernel.now);
        }
        Judgement::Broken(found) => {
            tally.broken += 1;
            kernel.violate(node, property.name, found);
        }
    }
}

impl<P: Protocol> Group for Members<P> {
    #[inline]
    fn handle(&mut self, event: Event, kernel: &mut Kernel) {
        let index = self.at(NodeId(event.node));
        let node = &mut self.members[index].node;
        match event.what {
            What::Message | What::Timer | What::Request | What::Response => {
                // What arrives while others wait goes behind them, even if the node is free by now.
                let waits = node.holds(kernel.now) || !node.inbox.is_empty();
                if waits && self.members[index].state.is_some() {
                    self.hold(index, event, kernel);
                } else {
                    self.dispatch(index, event, kernel);
                }
            }
            What::Boot => {
                self.boot(NodeId(event.node), kernel);
            }
            What::Synced if event.round == node.life => self.synced(index, kernel),
            What::Worked if event.round == node.life => {
                self.advance(index, kernel);
                self.drain(index, kernel);
            }
            What::Synced | What::Worked => {}
            What::Strike | What::Over => unreachable!("the world handles its own events"),
        }
    }

    fn boot(&mut self, node: NodeId, kernel: &mut Kernel) -> bool {
        let index = self.at(node);
        if self.members[index].state.is_some() {
            return false;
        }
        self.members[index].node.hurt = None;
        kernel.take(node, Kind::Boot, NodeId::NONE);
        kernel.trace(node, Kind::Boot, NodeId::NONE, String::new);
        self.within(index, kernel, |state, config, ctx| *state = Some(P::start(config, ctx)));
        self.judge(index, kernel);
        true
    }

    fn crash(&mut self, node: NodeId, fault: usize, kernel: &mut Kernel) -> bool {
        let index = self.at(node);
        if self.members[index].state.is_none() {
            return false;
        }
        kernel.take(node, Kind::Crash, NodeId::NONE);
        kernel.trace(node, Kind::Crash, NodeId::NONE, String::new);
        let inbox = {
            let Member { state, disk, node, .. } = &mut self.members[index];
            *state = None;
            disk.crash(&mut node.disk_rng);
            node.life += 1;
            node.hurt = Some(fault);
            (node.paused, node.busy, node.syncing) = (false, Time::ZERO, 0);
            node.timers.clear();
            node.waiting.clear();
            core::mem::take(&mut node.inbox)
        };
        // What waited in the inbox dies with the process; opening it frees its slots.
        for event in inbox {
            self.open(event, kernel);
        }
        self.mail.calls.free_if(|open| open.caller == node);
        self.judge(index, kernel);
        true
    }

    fn pause(&mut self, node: NodeId, fault: usize, kernel: &mut Kernel) -> bool {
        let index = self.at(node);
        let member = &mut self.members[index];
        if member.state.is_none() || member.node.paused {
            return false;
        }
        kernel.take(node, Kind::Pause, NodeId::NONE);
        kernel.trace(node, Kind::Pause, NodeId::NONE, String::new);
        member.node.paused = true;
        member.node.hurt = Some(fault);
        kernel.role(node, Role::PAUSED, member.node.epoch, false);
        true
    }

    fn resume(&mut self, node: NodeId, kernel: &mut Kernel) -> bool {
        let index = self.at(node);
        let member = &mut self.members[index];
        if !member.node.paused {
            return false;
        }
        kernel.take(node, Kind::Resume, NodeId::NONE);
        kernel.trace(node, Kind::Resume, NodeId::NONE, String::new);
        member.node.paused = false;
        member.node.hurt = None;
        kernel.role(node, member.node.role, member.node.epoch, false);
        self.advance(index, kernel);
        self.drain(index, kernel);
        true
    }

    fn role(&self, node: NodeId) -> Role {
        self.members[self.at(node)].state.as_ref().map_or(Role::DOWN, Protocol::role)
    }

    fn show(&self, node: NodeId) -> Vec<(&'static str, String)> {
        self.members[self.at(node)].state.as_ref().map_or_else(Vec::new, Protocol::show)
    }

    fn in_flight(&self) -> u64 {
        self.mail.calls.len() as u64
    }

    fn pending(&self) -> usize {
        let waiting = |member: &Member<P>| member.node.inbox.len() + member.node.waiting.len();
        let held: usize = self.members.iter().map(waiting).sum();
        self.mail.messages.len() + self.mail.timers.len() + self.mail.calls.len() + held
    }

    fn digest(&self, digest: &mut Digest) {
        for member in &self.members {
            member.state.hash(digest);
            member.disk.hash(digest);
        }
        if let Some(history) = &self.mail.history {
            AnyHistory::digest(history, digest);
        }
    }

    fn properties(&self, service: usize) -> Vec<PropertyReport> {
        let report = |(property, tally): (&Property<P>, &Tally)| PropertyReport {
            service,
            name: property.name,
            kind: property.kind,
            held: tally.held,
            broken: tally.broken,
            first: tally.first,
        };
        P::PROPERTIES.iter().zip(&self.tallies).map(report).collect()
    }

    fn take_history(&mut self) -> Option<Box<dyn AnyHistory>> {
        let history = self.mail.history.as_mut().map(core::mem::take)?;
        Some(Box::new(history))
    }

    fn copy(&self) -> Box<dyn Group> {
        Box::new(self.clone())
    }
}
