//! What the world asks of a group, done to its members.

use super::{Group, Host, Members, SetClock, Tally};
use crate::{
    clock::Clock,
    digest::Digest,
    disk::{Durable, End},
    gauge::{Bound, Reading, Surroundings},
    kernel::{Event, Kernel, Packed, Process, What},
    node::{Ills, Member, Node},
    plan::{Damage, ServicePlan},
    property::{Property, PropertyReport},
    protocol::{NodeId, Protocol, Role},
    rng::Keys,
    run::AnyHistory,
    slab::NO_SLOT,
    time::{Span, Time},
    trace::{Kind, Tracer},
};
use alloc::{boxed::Box, format, string::String, vec::Vec};
use core::{hash::Hash, hint::black_box};

impl<P: Protocol> Group for Members<P> {
    fn reset(&mut self, plan: &ServicePlan, kernel: &mut Kernel) {
        self.mail.reset(plan, self.first);
        self.ghost = P::Ghost::default();
        self.tallies.clear();
        self.tallies.resize(P::PROPERTIES.len(), Tally::default());
        (self.clients, self.led) = (plan.clients, false);
        self.host = Host::new(&plan.host);
        self.damage = plan.disk.damage;
        self.clock = plan.clock;
        self.members.resize_with(plan.nodes as usize, Member::new);
        kernel.processes.resize((self.first.0 + plan.nodes) as usize, Process::Unborn);
        for index in 0..self.members.len() {
            self.reset_node(index, kernel);
            let node = self.first.0 + index as u32;
            kernel.post(Time::ZERO, Event { node, slot: 0, round: 0, what: What::Boot });
        }
    }

    #[inline]
    fn handle(&mut self, packed: Packed, kernel: &mut Kernel) {
        let index = self.at(packed.node());
        let Member { state, node, .. } = &self.members[index];
        // Nearly every event is a message or a timer of a node that need not wait for anything.
        if state.is_some() && node.ready(kernel.now) {
            if packed.is(What::Message) && packed.unpack().round == 0 && kernel.network.clear() {
                let (from, msg) = self.mail.messages.take(packed.unpack().slot);
                kernel.books.traffic.delivered += 1;
                return self.deliver(index, from, msg, kernel);
            }
            if packed.is(What::Timer) {
                let event = packed.unpack();
                if self.due(index, event, kernel) {
                    let timer = self.free(index, event.slot);
                    self.timeout(index, timer, kernel);
                }
                return;
            }
        }
        self.handle_with_care(index, packed, kernel);
    }

    fn foresee(&self, event: Event) {
        let Member { state, node, .. } = &self.members[self.at(NodeId(event.node))];
        black_box((state.is_some(), node.life));
        if event.what == What::Message {
            self.mail.messages.foresee(event.slot);
        }
        if node.timers != NO_SLOT {
            self.mail.timers.foresee(node.timers);
        }
    }

    fn boot(&mut self, node: NodeId, kernel: &mut Kernel) -> bool {
        let index = self.at(node);
        let Member { state, disk, node: Node { aside, .. }, .. } = &mut self.members[index];
        if state.is_some() {
            return false;
        }
        if let Some(aside) = aside {
            if let Some(&fault) = aside.ills.as_ref().and_then(|ills| ills.full.first()) {
                aside.hurt = Some(fault);
                kernel.books.effects[fault].failed += 1;
                return false;
            }
            if let Some(fault) = aside.rotten
                && disk.damages() > 0
            {
                let damages = disk.damages();
                kernel.books.effects[fault].failed += 1;
                kernel.note(node, format!("{damages} damaged on disk: {}", self.damage.says()));
                match self.damage {
                    Damage::Stop => {
                        aside.hurt = Some(fault);
                        return false;
                    }
                    Damage::Truncate => disk.cut_damage(),
                }
            }
            (aside.hurt, aside.rotten) = (None, None);
        }
        kernel.runs(node);
        kernel.take(node, Kind::Boot, NodeId::NONE);
        self.turn(index, Kind::Boot, kernel);
        self.within(index, kernel, |state, config, ctx| *state = Some(P::start(config, ctx)));
        self.judge(index, kernel);
        true
    }

    fn crash(&mut self, node: NodeId, fault: usize, end: End, kernel: &mut Kernel) -> bool {
        let index = self.at(node);
        if self.members[index].state.is_none() {
            return false;
        }
        kernel.take(node, Kind::Crash, NodeId::NONE);
        self.turn(index, Kind::Crash, kernel);
        kernel.forgets(node);
        let mut lost = Vec::new();
        {
            let Member { state, disk, node: inner, .. } = &mut self.members[index];
            *state = None;
            inner.life += 1;
            inner.timers = NO_SLOT;
            let aside = inner.aside(node, &kernel.keys);
            kernel.books.effects[fault].records += disk.crash(end, &mut aside.disk_rng);
            aside.hurt = Some(fault);
            (aside.paused, aside.busy) = (None, Time::ZERO);
            (aside.syncing, aside.synced) = (0, Time::MAX);
            aside.waiting.clear();
            lost.extend(aside.inbox.drain(..));
            if let Some(service) = &mut aside.service {
                lost.extend(service.cores.iter_mut().filter_map(Option::take).map(|job| job.input));
                lost.extend(service.line.drain(..));
            }
            if let Some(ills) = &mut aside.ills {
                ills.late = false;
            }
        }
        // What waited in the inbox dies with the process; no input comes of it any more, but its slots become free.
        for event in lost {
            self.dispatch(index, event, kernel);
        }
        self.mail.calls.free_if(|open| open.caller == node);
        if let Some(tasks) = &mut kernel.tasks {
            tasks.lost(node, kernel.now);
        }
        kernel.hang_up(node, end == End::Killed, fault);
        self.judge(index, kernel);
        true
    }

    fn erase(&mut self, node: NodeId) -> u64 {
        let index = self.at(node);
        let disk = &mut self.members[index].disk;
        let records = disk.records();
        *disk = P::Disk::default();
        if let Some(aside) = &mut self.members[index].node.aside {
            aside.rotten = None;
        }
        records
    }

    fn ail(&mut self, node: NodeId, ills: Ills, kernel: &mut Kernel) {
        let index = self.at(node);
        let inner = &mut self.members[index].node;
        let life = inner.life;
        let aside = inner.aside(node, &kernel.keys);
        let before = aside.ills.take().map_or_else(Ills::default, |before| *before);
        let late = before.late && !ills.stalled.is_empty();
        for &fault in ills.stalled.iter().filter(|fault| late && !before.stalled.contains(fault)) {
            kernel.books.effects[fault].delayed += 1;
        }
        aside.change_pace((node, life), &before, &ills, kernel);
        if ills != Ills::default() {
            aside.ills = Some(Box::new(Ills { late, ..ills }));
        }
        if before.late && !late {
            aside.synced = kernel.now;
            kernel.post(kernel.now, Event { node: node.0, slot: 0, round: life, what: What::Synced });
        }
    }

    fn set_clock(&mut self, node: NodeId, how: SetClock, kernel: &mut Kernel) -> Option<u64> {
        let index = self.at(node);
        let before = self.members[index].node.clock();
        let mut clock = before;
        match how {
            SetClock::Jump(by) => clock.jump(by),
            SetClock::Steer(by) => clock.steer(kernel.now, by),
            SetClock::Right => clock = self.clock.clock(node.0, &kernel.keys),
        }
        if clock == before {
            return None;
        }
        self.members[index].node.aside(node, &kernel.keys).clock = clock;
        let shown = |clock: Clock| clock.shows(kernel.now).0;
        let jumped = if self.mail.timers_follow_jumps { shown(clock).abs_diff(shown(before)) } else { 0 };
        if jumped == 0 && clock.drift == before.drift {
            return Some(0);
        }
        let ahead = shown(clock) > shown(before);
        let moved = self.retime(index, kernel, |left| {
            let left = before.measured(left);
            clock.real(if ahead { left - Span(jumped) } else { left + Span(jumped) })
        });
        Some(moved)
    }

    fn blame(&mut self, node: NodeId, fault: usize, kernel: &mut Kernel) {
        let index = self.at(node);
        let aside = self.members[index].node.aside(node, &kernel.keys);
        aside.hurt = Some(fault);
        // What waits in a frozen node waits on.
        kernel.books.effects[fault].delayed +=
            if aside.paused.is_some() { aside.inbox.len() as u64 } else { 0 };
    }

    fn records(&mut self, node: NodeId) -> Vec<u64> {
        let index = self.at(node);
        let mut records = Vec::new();
        self.members[index].disk.parts(&mut |part| records.push(part.records()));
        records
    }

    fn prefixes(&mut self, node: NodeId, lengths: &[u64]) -> Vec<Option<u64>> {
        let index = self.at(node);
        let (mut prefixes, mut lengths) = (Vec::new(), lengths.iter());
        self.members[index].disk.parts(&mut |part| {
            prefixes.push(lengths.next().and_then(|&length| part.prefix(length)));
        });
        prefixes
    }

    fn unsynced(&mut self, node: NodeId) -> bool {
        let index = self.at(node);
        let member = &mut self.members[index];
        member.disk.dirty() > 0 || member.node.aside.as_ref().is_some_and(|aside| aside.syncing > 0)
    }

    fn rotten(&self, node: NodeId) -> bool {
        let index = self.at(node);
        self.members[index].node.aside.as_ref().is_some_and(|aside| aside.rotten.is_some())
    }

    fn damage(&mut self, node: NodeId, record: u64, fault: usize, keys: &Keys) -> bool {
        let index = self.at(node);
        let member = &mut self.members[index];
        member.node.aside(node, keys).rotten = Some(fault);
        member.disk.damage(record)
    }

    fn runs(&self, node: NodeId) -> bool {
        let member = &self.members[self.at(node)];
        member.state.is_some() && !member.node.paused()
    }

    fn hurt(&self, node: NodeId) -> Option<usize> {
        self.members[self.at(node)].node.hurt()
    }

    fn pause(&mut self, node: NodeId, fault: usize, kernel: &mut Kernel) -> bool {
        let index = self.at(node);
        let member = &mut self.members[index];
        if member.state.is_none() || member.node.paused() {
            return false;
        }
        kernel.take(node, Kind::Pause, NodeId::NONE);
        self.turn(index, Kind::Pause, kernel);
        let member = &mut self.members[index];
        let aside = member.node.aside(node, &kernel.keys);
        (aside.paused, aside.hurt) = (Some(kernel.now), Some(fault));
        kernel.role(node, Role::PAUSED, member.node.epoch, false);
        true
    }

    fn resume(&mut self, node: NodeId, kernel: &mut Kernel) -> bool {
        let index = self.at(node);
        let member = &mut self.members[index];
        if !member.node.paused() {
            return false;
        }
        kernel.take(node, Kind::Resume, NodeId::NONE);
        self.turn(index, Kind::Resume, kernel);
        let member = &mut self.members[index];
        let life = member.node.life;
        let aside = member.node.aside(node, &kernel.keys);
        aside.thaw(node, life, kernel);
        aside.hurt = None;
        kernel.role(node, member.node.role(), member.node.epoch, false);
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

    fn look(&self, node: NodeId, tracer: &mut Tracer, now: Time) {
        self.show_to(tracer, self.at(node), now);
    }

    fn in_flight(&self) -> u64 {
        self.mail.calls.len() as u64
    }

    fn pending(&self) -> usize {
        let asides = self.members.iter().filter_map(|member| member.node.aside.as_ref());
        let held: usize = asides.map(|aside| aside.inbox.len() + aside.waiting.len()).sum();
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

    fn gauges(&self) -> Vec<(&'static str, &'static str)> {
        P::GAUGES.iter().map(|gauge| (gauge.name, gauge.unit)).collect()
    }

    fn read(&self, gauge: usize, stride: usize, into: &mut Vec<Reading>) {
        let gauge = &P::GAUGES[gauge];
        let reading = |state: &P| [(gauge.read)(state), (gauge.goal)(state)].map(|x| x.unwrap_or(f64::NAN));
        let nodes = self.members.iter().step_by(stride);
        into.extend(nodes.map(|member| member.state.as_ref().map_or([f64::NAN; 2], reading)));
    }

    fn inputs_waiting(&self, node: NodeId) -> usize {
        let aside = self.members[self.at(node)].node.aside.as_ref();
        aside.map_or(0, |aside| {
            aside.inbox.len() + aside.service.as_ref().map_or(0, |service| service.line.len())
        })
    }

    fn clock(&self, node: NodeId) -> Clock {
        self.members[self.at(node)].node.clock()
    }

    fn bounds(&self, around: &Surroundings) -> Vec<Bound> {
        P::bounds(&self.config, around)
    }

    fn copy(&self) -> Box<dyn Group> {
        Box::new(self.clone())
    }
}
