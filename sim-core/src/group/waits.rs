//! What waits at a node: effects for the disk and the processor, inputs for a node that is frozen, busy or has no core
//! free.

use super::Members;
use crate::{
    disk::Durable,
    kernel::{Event, Kernel, What},
    node::{Ills, Job, Member, Node, Service, Waiting},
    protocol::{NodeId, Protocol},
    time::Time,
};
use alloc::collections::VecDeque;

impl<P: Protocol> Members<P> {
    /// Carries out what waited for a barrier that has fallen, up to the next one.
    pub(super) fn advance(&mut self, index: usize, kernel: &mut Kernel) {
        let me = NodeId(self.first.0 + index as u32);
        let Member { disk, node, .. } = &mut self.members[index];
        let Some(aside) = &mut node.aside else { return };
        if aside.paused.is_some() {
            return;
        }
        while let Some(front) = aside.waiting.front() {
            match front {
                Waiting::Work(until) if *until > kernel.now => return,
                Waiting::Sync if aside.syncing == 0 => return node.flush(me, disk, &self.mail.disk, kernel),
                Waiting::Sync => return,
                Waiting::Work(_) | Waiting::Send(..) | Waiting::Answer(..) | Waiting::Call(..) => {}
            }
            let effect = aside.waiting.pop_front().expect("there is a front");
            self.mail.release(me, effect, kernel);
        }
    }

    /// The disk is done: the barriers that this sync covered fall.
    pub(super) fn synced(&mut self, index: usize, kernel: &mut Kernel) {
        let me = NodeId(self.first.0 + index as u32);
        let Member { disk, node: Node { aside, .. }, .. } = &mut self.members[index];
        let Some(aside) = aside.as_mut().filter(|aside| aside.synced == kernel.now) else { return };
        aside.synced = Time::MAX;
        if let Some(ills) = &mut aside.ills
            && !ills.stalled.is_empty()
        {
            ills.late = true;
            ills.stalled.iter().for_each(|&fault| kernel.books.effects[fault].delayed += 1);
            return;
        }
        disk.flushed();
        let mut covered = core::mem::take(&mut aside.syncing);
        // Everything up to the last covered barrier goes out, unless the processor holds some of it back: those
        // barriers are durable already and are taken away.
        let mut kept = VecDeque::new();
        let mut held = aside.paused.is_some();
        while covered > 0 {
            match aside.waiting.pop_front().expect("a covered barrier waits in the queue") {
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
            aside.waiting.push_front(effect);
        }
        self.advance(index, kernel);
    }

    /// Takes the inputs that arrived while the node was busy or frozen, until it is busy again.
    pub(super) fn drain(&mut self, index: usize, kernel: &mut Kernel) {
        while let Some(aside) = &mut self.members[index].node.aside
            && !aside.holds(kernel.now)
            && let Some(event) = aside.inbox.pop_front()
        {
            self.admit(index, event, kernel);
        }
    }

    /// Keeps an event for later. A timer that is not due does not wait: it was cancelled, or rings another time.
    pub(super) fn hold(&mut self, index: usize, mut event: Event, kernel: &mut Kernel) {
        let waits = self.members[index].node.aside.as_ref().map_or(0, |aside| aside.inbox.len());
        if event.what == What::Timer {
            if !self.due(index, event, kernel) {
                return;
            }
        } else if event.round != Event::SERVED {
            let asks = event.what != What::Response;
            if asks && waits >= self.host.queue {
                self.charge(index, kernel);
                return self.refuse(event, kernel);
            }
            event.round = Event::ARRIVED;
        }
        let aside = self.members[index].node.aside(NodeId(event.node), &kernel.keys);
        if let (true, Some(fault)) = (aside.paused.is_some(), aside.hurt) {
            kernel.books.effects[fault].delayed += 1;
        }
        aside.inbox.push_back(event);
    }

    /// A full run queue is the work of whatever freezes the node or makes it slow.
    fn charge(&mut self, index: usize, kernel: &mut Kernel) {
        let Some(aside) = &self.members[index].node.aside else { return };
        let slow = aside.ills.iter().flat_map(|ills| &ills.cpu).map(|&(fault, _)| fault);
        for fault in slow.chain(aside.hurt.filter(|_| aside.paused.is_some())) {
            kernel.books.effects[fault].dropped += 1;
        }
    }

    /// The node is free for an input: it acts on it at once, or after the processor time that it costs.
    pub(super) fn admit(&mut self, index: usize, event: Event, kernel: &mut Kernel) {
        let costs = matches!(event.what, What::Message | What::Request) && event.round != Event::SERVED;
        match self.members[index].node.service() {
            Some(service) if costs => {
                let Some(core) = service.cores.iter().position(Option::is_none) else {
                    if service.line.len() < self.host.queue {
                        return service.line.push_back(Event { round: Event::ARRIVED, ..event });
                    }
                    self.charge(index, kernel);
                    return self.refuse(event, kernel);
                };
                self.serve(index, core, event, kernel);
            }
            Some(_) | None => self.dispatch(index, event, kernel),
        }
    }

    /// A core takes an input.
    fn serve(&mut self, index: usize, core: usize, event: Event, kernel: &mut Kernel) {
        let Node { aside, life, .. } = &mut self.members[index].node;
        let Some(aside) = aside else { return };
        let Some(service) = &mut aside.service else { return };
        let times = if event.what == What::Request { &self.host.request } else { &self.host.message };
        let takes = times.draw(&mut service.rng);
        let done = kernel.now + Ills::stretched(aside.ills.as_deref(), takes, kernel);
        service.cores[core] = Some(Job { input: event, done });
        kernel.post(done, Event { node: event.node, slot: core as u32, round: *life, what: What::Served });
    }

    /// A core is done: the node acts on the input, unless it is busy, and the core takes the next one. A core of a frozen
    /// node is not done, nor is one that has become slower meanwhile.
    pub(super) fn served(&mut self, index: usize, core: usize, kernel: &mut Kernel) {
        let Some(aside) = &mut self.members[index].node.aside else { return };
        let holds = aside.holds(kernel.now);
        let Some(service) = aside.service.as_mut().filter(|_| aside.paused.is_none()) else { return };
        let Some(job) = service.cores[core].take_if(|job| job.done == kernel.now) else { return };
        let next = service.line.pop_front();
        let event = Event { round: Event::SERVED, ..job.input };
        if holds {
            self.hold(index, event, kernel);
        } else {
            self.dispatch(index, event, kernel);
        }
        if let Some(next) = next {
            self.serve(index, core, next, kernel);
        }
    }
}

impl<P: Protocol> Node<P> {
    /// Its cores at work, if its inputs cost processor time.
    fn service(&mut self) -> Option<&mut Service> {
        self.aside.as_mut()?.service.as_deref_mut()
    }
}
