//! Harm that faults do to the network: cuts, clogs, and worse luck.

use super::{
    Arrives, Books,
    luck::Luck,
    packet::Packet,
    pipes::{Bottleneck, End, Gate, Passage, Stage},
    scope::Scope,
};
use crate::{kernel::Event, link::Impairment, protocol::NodeId, time::Span};
use alloc::{boxed::Box, vec::Vec};

/// The harms in force, in the order in which they struck.
#[derive(Clone, Debug, Default)]
pub(super) struct Harms {
    harms: Vec<Harm>,
    /// How many there were in all: the number of the next.
    count: u32,
}

#[derive(Clone, Debug)]
struct Harm {
    fault: usize,
    number: u32,
    scope: Scope,
    does: Does,
}

/// What a harm does to the messages that it concerns.
#[derive(Clone, Debug)]
pub(super) enum Does {
    Cut,
    /// Holds these, in the order in which they came.
    Clog(Vec<Event>),
    /// Loses so many more.
    Lose(u32),
    Worsen(Box<Worse>),
    /// Delays what a node sends by so much for each place that it has after the first.
    Rank(Span),
}

#[derive(Clone, Debug)]
pub(super) struct Worse {
    luck: Luck,
    /// [`Scope::pipe`] says which is whose.
    pipes: Vec<Bottleneck>,
}

impl Harm {
    #[inline]
    fn cuts(&self, from: NodeId, to: NodeId) -> bool {
        matches!(self.does, Does::Cut) && self.scope.concerns(from, to)
    }
}

impl Does {
    pub(super) fn hold() -> Does {
        Does::Clog(Vec::new())
    }

    /// Worse luck under `key`, and as many pipes, if there are any.
    pub(super) fn worsen(link: &Impairment, key: u64, pipes: usize) -> Does {
        let pipes = link.bandwidth.iter().flat_map(|pipe| core::iter::repeat_n(Bottleneck::new(pipe), pipes));
        Does::Worsen(Box::new(Worse { luck: Luck::of(link, key), pipes: pipes.collect() }))
    }
}

/// How they begin and end.
impl Harms {
    pub(super) fn begin(&mut self, fault: usize, scope: Scope, does: Does) {
        self.harms.push(Harm { fault, number: self.count, scope, does });
        self.count += 1;
    }

    pub(super) fn end(&mut self, fault: usize) -> Vec<Event> {
        let mut released = Vec::new();
        for harm in self.harms.extract_if(.., |harm| harm.fault == fault) {
            match harm.does {
                Does::Clog(held) => released.extend(held),
                Does::Cut | Does::Lose(_) | Does::Worsen(_) | Does::Rank(_) => {}
            }
        }
        released
    }

    #[inline]
    pub(super) fn none(&self) -> bool {
        self.harms.is_empty()
    }

    /// Whether some harm is more than a cut or a clog.
    pub(super) fn worsens(&self) -> bool {
        self.harms.iter().any(|harm| matches!(harm.does, Does::Worsen(_) | Does::Rank(_)))
    }
}

/// What they do.
impl Harms {
    /// Where a node stands in all that lets no message pass.
    pub(super) fn marks(&self, node: NodeId) -> Vec<u32> {
        self.stops().map(|harm| harm.scope.mark(node)).collect()
    }

    /// Whether a node is cut off from everybody by one of them.
    pub(super) fn isolates(&self, node: NodeId) -> bool {
        self.stops().any(|harm| harm.scope.isolates(node))
    }

    /// Whether messages pass from one node to another, or between two that stand where it does.
    pub(super) fn passes(&self, from: NodeId, to: NodeId) -> bool {
        !self.stops().any(|harm| harm.scope.parts(from, to))
    }

    /// Those that let no message pass. A link that loses all is no better than none.
    fn stops(&self) -> impl Iterator<Item = &Harm> {
        self.harms.iter().filter(|harm| match &harm.does {
            Does::Cut | Does::Clog(_) => true,
            Does::Worsen(worse) => worse.luck.stops_all(),
            Does::Lose(_) | Does::Rank(_) => false,
        })
    }

    /// Loses a message that nothing else does, if one is to be lost; the first harm of those that would counts it.
    #[inline]
    pub(super) fn lose_next(&mut self, from: NodeId, to: NodeId, books: &mut Books) -> bool {
        for harm in &mut self.harms {
            if let Does::Lose(left) = &mut harm.does
                && *left > 0
                && harm.scope.concerns(from, to)
            {
                *left -= 1;
                books.traffic.cut += 1;
                books.effects[harm.fault].dropped += 1;
                if *left == 0 {
                    books.done.push(harm.fault);
                }
                return true;
            }
        }
        false
    }

    /// Whether a cut stops a message; every one that would counts it.
    #[inline]
    pub(super) fn stop(&self, from: NodeId, to: NodeId, books: &mut Books) -> bool {
        let stopped = self.harms.iter().any(|harm| harm.cuts(from, to));
        if stopped {
            books.traffic.cut += 1;
            for harm in self.harms.iter().filter(|harm| harm.cuts(from, to)) {
                books.effects[harm.fault].dropped += 1;
            }
        }
        stopped
    }

    /// Whether a message gets through to its receiver. The first clog in its way keeps its event.
    pub(super) fn arrives(&mut self, from: NodeId, to: NodeId, event: Event, books: &mut Books) -> Arrives {
        if self.stop(from, to, books) {
            return Arrives::Stopped;
        }
        for harm in &mut self.harms {
            if let Does::Clog(held) = &mut harm.does
                && harm.scope.concerns(from, to)
            {
                // It has come all the way: no passage is left to it.
                held.push(Event { round: 0, ..event });
                books.effects[harm.fault].delayed += 1;
                return Arrives::Held;
            }
        }
        Arrives::Yes
    }

    /// Whether worse luck loses a message; every harm that would counts it.
    pub(super) fn lose(&self, packet: Packet, books: &mut Books) -> bool {
        let mut lost = false;
        for (fault, luck) in self.lucks(packet) {
            if luck.loses(packet) {
                books.effects[fault].dropped += 1;
                lost = true;
            }
        }
        lost
    }

    /// Whether worse luck doubles a message; every harm that would counts it.
    pub(super) fn double(&self, packet: Packet, books: &mut Books) -> bool {
        let mut doubled = false;
        for (fault, luck) in self.lucks(packet) {
            if luck.doubles(packet) {
                books.effects[fault].duplicated += 1;
                doubled = true;
            }
        }
        doubled
    }

    /// By how much worse luck delays a message that begins its passage. It may be damaged as well.
    pub(super) fn worsen(&self, packet: Packet, passage: &mut Passage, books: &mut Books) -> Span {
        let mut delay = Span::ZERO;
        for (fault, late) in self.ranks(packet) {
            passage.delayed(fault, books);
            delay = delay + late;
        }
        for (fault, luck) in self.lucks(packet) {
            let more = luck.delay(packet) + luck.holds(packet);
            if more > Span::ZERO {
                passage.delayed(fault, books);
                delay = delay + more;
            }
            if luck.damages(packet) {
                passage.damaged = true;
                books.effects[fault].corrupted += 1;
            }
        }
        delay
    }

    fn lucks(&self, packet: Packet) -> impl Iterator<Item = (usize, &Luck)> {
        self.harms.iter().filter_map(move |harm| match &harm.does {
            Does::Worsen(worse) if harm.scope.concerns(packet.from, packet.to) => {
                Some((harm.fault, &worse.luck))
            }
            Does::Worsen(_) | Does::Rank(_) | Does::Cut | Does::Clog(_) | Does::Lose(_) => None,
        })
    }

    /// By how much each of them delays what this sender sends.
    fn ranks(&self, packet: Packet) -> impl Iterator<Item = (usize, Span)> {
        self.harms.iter().filter_map(move |harm| match harm.does {
            Does::Rank(step) if harm.scope.concerns(packet.from, packet.to) => {
                let late = step * u64::from(harm.scope.mark(packet.from) - 1);
                (late > Span::ZERO).then_some((harm.fault, late))
            }
            Does::Rank(_) | Does::Worsen(_) | Does::Cut | Does::Clog(_) | Does::Lose(_) => None,
        })
    }

    /// The next pipe of a harm on the way of a message that is past `stage`.
    pub(super) fn gate(&mut self, from: NodeId, to: NodeId, stage: Stage) -> Option<Gate<'_>> {
        for harm in &mut self.harms {
            let Does::Worsen(worse) = &mut harm.does else { continue };
            if worse.pipes.is_empty() || !harm.scope.concerns(from, to) {
                continue;
            }
            for end in [End::Sender, End::Receiver] {
                let next = Stage::Harm(harm.number, end);
                if stage < next
                    && let Some(pipe) = harm.scope.pipe(from, to, end)
                {
                    return Some(Gate { stage: next, fault: Some(harm.fault), pipe: &mut worse.pipes[pipe] });
                }
            }
        }
        None
    }
}
