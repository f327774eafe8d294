//! A node as the engine keeps it: what every input needs, and beside it whatever is out of the ordinary.

use crate::{
    clock::Clock,
    disk::Durable,
    kernel::{Event, Kernel, What},
    mail::{Armed, DiskTimes},
    protocol::{NodeId, Protocol, Role, Ticket},
    rng::{Keys, Purpose, Rng},
    slab::{Arena, NO_SLOT},
    spec::{Answer, Spec},
    time::{Span, Time},
};
use alloc::{boxed::Box, collections::VecDeque, vec::Vec};

/// A node: its process if one runs, its disk, and what the engine keeps about it.
///
/// What every input needs comes first and begins where a line of the processor's caches does: in a large world each line
/// is a wait for memory.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub struct Member<P: Protocol> {
    pub(crate) rng: Rng,
    pub(crate) node: Node<P>,
    /// The process; `None` while it is down.
    pub state: Option<P>,
    /// What survives it.
    pub disk: P::Disk,
}

impl<P: Protocol> Member<P> {
    /// One that is told everything by [`Node::reset`] and its like.
    pub(crate) fn new() -> Member<P> {
        Member {
            rng: Keys::new(0).stream(Purpose::Protocol, 0, 0),
            node: Node::new(),
            state: None,
            disk: P::Disk::default(),
        }
    }
}

/// What the engine keeps about a node: here what every input needs, and beside it what many nodes never need.
#[derive(Clone, Debug)]
pub(crate) struct Node<P: Protocol> {
    /// Whatever is out of the ordinary: effects or inputs that wait, a clock that is wrong, a fault. `None` if it never
    /// had any of it.
    pub(crate) aside: Option<Box<Aside<P>>>,
    pub(crate) epoch: u64,
    /// Goes up at each crash: timers, syncs and work of an earlier life are recognised and dropped.
    pub(crate) life: u32,
    /// The slot of one of the named timers that are set, or cancelled and still queued; each names the next.
    pub(crate) timers: u32,
    /// Operations begun by calls that are operations of their own.
    pub(crate) operations: u32,
    /// Its place among the roles of the protocol; [`DOWN`] if no process runs.
    pub(crate) role: u32,
}

/// In place of a role: no process runs.
pub(crate) const DOWN: u32 = u32::MAX;

/// What is out of the ordinary about a node.
#[derive(Clone, Debug)]
pub(crate) struct Aside<P: Protocol> {
    /// Effects behind a barrier, the barrier itself in front; empty when nothing waits.
    pub(crate) waiting: VecDeque<Waiting<P>>,
    /// Barriers at the front of `waiting` that the sync in progress, if any, covers.
    pub(crate) syncing: usize,
    /// When that is over; `Time::MAX` if there is none, or nobody knows.
    pub(crate) synced: Time,
    /// Inputs that arrived while the node was busy or frozen.
    pub(crate) inbox: VecDeque<Event>,
    /// The processor is busy until then.
    pub(crate) busy: Time,
    /// Frozen, since when.
    pub(crate) paused: Option<Time>,
    /// What the inputs that a core works on and those that wait for one are; `None` where they cost no time.
    pub(crate) service: Option<Box<Service>>,
    /// What faults in force do to it.
    pub(crate) ills: Option<Box<Ills>>,
    pub(crate) clock: Clock,
    pub(crate) disk_rng: Rng,
    /// The fault that damaged a record of its disk, if no boot got over that since.
    pub(crate) rotten: Option<usize>,
    /// The fault that took the node down, or froze it.
    pub(crate) hurt: Option<usize>,
}

/// Inputs in service at a node.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) rng: Rng,
    /// What each core works on.
    pub(crate) cores: Vec<Option<Job>>,
    /// What waits for a core.
    pub(crate) line: VecDeque<Event>,
}

/// An input on a core.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Job {
    pub(crate) input: Event,
    pub(crate) done: Time,
}

/// What faults in force do to a node. Each counts what it did.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Ills {
    /// Faults that make the processor slow, and the factors.
    pub(crate) cpu: Vec<(usize, f64)>,
    /// Faults that make the disk slow, and the factors.
    pub(crate) disk: Vec<(usize, f64)>,
    /// Faults that make the disk hang.
    pub(crate) stalled: Vec<usize>,
    /// Faults that fill the disk.
    pub(crate) full: Vec<usize>,
    /// Faults that make the clock show a wrong time.
    pub(crate) wrong: Vec<usize>,
    /// Faults that make it run at a wrong rate.
    pub(crate) drifting: Vec<usize>,
    /// A sync would be over, but for the disk that hangs.
    pub(crate) late: bool,
}

impl Ills {
    /// Nothing takes longer: 36 years, beyond every run. What ends never could not be made faster again.
    pub(crate) const LONGEST: Span = Span(1 << 60);

    /// Processor time, as the processor is now.
    pub(crate) fn stretched(ills: Option<&Ills>, span: Span, kernel: &mut Kernel) -> Span {
        ills.map_or(span, |ills| Ills::stretch(&ills.cpu, span, kernel))
    }

    fn stretch(by: &[(usize, f64)], span: Span, kernel: &mut Kernel) -> Span {
        if span == Span::ZERO {
            return span;
        }
        let slow = |span: Span, &(fault, factor): &(usize, f64)| {
            kernel.books.effects[fault].delayed += 1;
            Span((span.0 as f64 * factor) as u64)
        };
        by.iter().fold(span, slow).min(Ills::LONGEST)
    }
}

/// An effect that others can see, held back by a barrier; or the barrier.
#[derive(Clone, Debug)]
pub(crate) enum Waiting<P: Protocol> {
    Sync,
    Work(Time),
    Send(NodeId, P::Msg),
    Answer(Ticket, Answer<<P::Serves as Spec>::Ret>),
    Call(NodeId, Ticket, <P::Calls as Spec>::Op),
}

impl<P: Protocol> Node<P> {
    /// One that was never up.
    fn new() -> Node<P> {
        Node { aside: None, epoch: 0, life: 0, timers: NO_SLOT, operations: 0, role: DOWN }
    }

    /// As if it had never been up. What was aside keeps its memory.
    pub(crate) fn reset(&mut self, me: NodeId, keys: &Keys) {
        let aside = self.aside.take();
        *self = Node::new();
        self.aside = aside;
        if let Some(aside) = &mut self.aside {
            let Aside { mut waiting, mut inbox, .. } = core::mem::replace(&mut **aside, Aside::new(me, keys));
            waiting.clear();
            inbox.clear();
            (aside.waiting, aside.inbox) = (waiting, inbox);
        }
    }

    /// Its role when it was last looked at.
    pub(crate) fn role(&self) -> Role {
        P::ROLES.get(self.role as usize).copied().unwrap_or(Role::DOWN)
    }

    /// What is out of the ordinary about it; from here on there is a place for that.
    #[inline]
    pub(crate) fn aside(&mut self, me: NodeId, keys: &Keys) -> &mut Aside<P> {
        self.aside.get_or_insert_with(|| Box::new(Aside::new(me, keys)))
    }

    /// Where effects have to wait, if something waits there already.
    #[inline]
    pub(crate) fn barriers(&mut self) -> Option<&mut VecDeque<Waiting<P>>> {
        self.aside.as_mut().map(|aside| &mut aside.waiting).filter(|waiting| !waiting.is_empty())
    }

    /// Whether it takes inputs as they come: they need not wait, and cost no processor time.
    #[inline]
    pub(crate) fn ready(&self, now: Time) -> bool {
        self.aside.as_ref().is_none_or(|aside| !aside.holds_more(now) && aside.service.is_none())
    }

    /// Whether an input that arrives has to wait.
    #[inline]
    pub(crate) fn holds(&self, now: Time) -> bool {
        self.aside.as_ref().is_some_and(|aside| aside.holds_more(now))
    }

    pub(crate) fn paused(&self) -> bool {
        self.aside.as_ref().is_some_and(|aside| aside.paused.is_some())
    }

    /// The fault that took the node down, or froze it.
    pub(crate) fn hurt(&self) -> Option<usize> {
        self.aside.as_ref().and_then(|aside| aside.hurt)
    }

    pub(crate) fn clock(&self) -> Clock {
        self.aside.as_ref().map_or_else(Clock::default, |aside| aside.clock)
    }

    /// The faults that fill its disk.
    pub(crate) fn full(&self) -> Option<usize> {
        self.aside.as_ref()?.ills.as_ref()?.full.first().copied()
    }

    /// A named timer loses its name.
    #[inline]
    pub(crate) fn unlist(&mut self, slot: u32, timers: &mut Arena<Armed<P::Timer>>) {
        let next = timers.at(slot).next;
        if self.timers == slot {
            self.timers = next;
            return;
        }
        let mut before = self.timers;
        while before != NO_SLOT {
            let armed = timers.at(before);
            if armed.next == slot {
                armed.next = next;
                return;
            }
            before = armed.next;
        }
    }

    /// Begins a sync that covers every barrier now waiting: group commit. On a full disk it fails.
    pub(crate) fn flush(&mut self, me: NodeId, disk: &mut P::Disk, times: &DiskTimes, kernel: &mut Kernel) {
        let life = self.life;
        let event = |what| Event { node: me.0, slot: 0, round: life, what };
        let aside = self.aside(me, &kernel.keys);
        aside.syncing = aside.waiting.iter().filter(|w| matches!(w, Waiting::Sync)).count();
        let mut takes = times.sync.draw(&mut aside.disk_rng);
        if times.write.constant() != Some(Span::ZERO) {
            takes = (0..disk.dirty()).fold(takes, |sum, _| sum + times.write.draw(&mut aside.disk_rng));
        }
        if let Some(ills) = &aside.ills {
            if let Some(&fault) = ills.full.first().filter(|_| disk.dirty() > 0) {
                kernel.books.effects[fault].failed += 1;
                return kernel.post(kernel.now, event(What::Failed));
            }
            takes = Ills::stretch(&ills.disk, takes, kernel);
        }
        disk.flush();
        aside.synced = kernel.now + takes;
        kernel.post(aside.synced, event(What::Synced));
    }

    /// The true length of a span that the node measures with its clock.
    #[inline]
    pub(crate) fn real(&self, span: Span, kernel: &mut Kernel) -> Span {
        let Some(aside) = &self.aside else { return span };
        if let Some(ills) = &aside.ills {
            ills.drifting.iter().for_each(|&fault| kernel.books.effects[fault].misled += 1);
        }
        aside.clock.real(span)
    }

    /// What the node's clock shows.
    #[inline]
    pub(crate) fn looks_at_clock(&self, kernel: &mut Kernel) -> Time {
        let Some(aside) = &self.aside else { return kernel.now };
        if let Some(ills) = &aside.ills {
            ills.wrong.iter().for_each(|&fault| kernel.books.effects[fault].misled += 1);
        }
        aside.clock.shows(kernel.now)
    }
}

impl<P: Protocol> Aside<P> {
    fn new(me: NodeId, keys: &Keys) -> Aside<P> {
        Aside {
            waiting: VecDeque::new(),
            syncing: 0,
            synced: Time::MAX,
            inbox: VecDeque::new(),
            busy: Time::ZERO,
            paused: None,
            service: None,
            ills: None,
            clock: Clock::default(),
            disk_rng: keys.stream(Purpose::Disk, u64::from(me.0), 0),
            rotten: None,
            hurt: None,
        }
    }

    /// Whether inputs have to wait.
    #[inline]
    pub(crate) fn holds(&self, now: Time) -> bool {
        self.paused.is_some() || self.busy > now
    }

    /// Whether one that arrives has to: while others wait it goes behind them, even if the node is free by now.
    #[inline]
    fn holds_more(&self, now: Time) -> bool {
        self.holds(now) || !self.inbox.is_empty()
    }
}
