//! The network alone, driven by a queue of ten lines: what arrives when, what is counted, and what is left behind.

use super::*;
use crate::{
    kernel::What,
    link::{Impairment, LinkException, LinkPlan, Nic, Pipe},
    rng::{Chance, Keys, Purpose, Rng},
    sample::Delay,
    size::{Bytes, Rate},
    time::{Span, Units},
};
use alloc::{collections::BTreeMap, vec};

mod harms;
mod luck;
mod pipes;

/// A network with its events, and what came out of it.
#[derive(Clone, Debug)]
struct Net {
    network: Network,
    books: Books,
    queue: BTreeMap<(Time, u32), (NodeId, Event)>,
    posted: u32,
    /// The number of a message that arrived, and when.
    arrived: Vec<(u32, Time)>,
    sent: u32,
}

impl Net {
    fn new(plan: &NetworkPlan, seed: u64, nodes: usize) -> Net {
        let key = Keys::new(seed).key(Purpose::Test, 0, 0);
        Net {
            network: Network::new(plan, key, nodes),
            books: Books { effects: vec![Effect::default(); 4], ..Books::default() },
            queue: BTreeMap::new(),
            posted: 0,
            arrived: Vec::new(),
            sent: 0,
        }
    }

    /// Lets everything happen that is due before `at`, then sends a message. Its number.
    fn send(&mut self, from: NodeId, to: NodeId, bytes: u64, at: Time) -> u32 {
        self.run_to(at);
        let number = self.sent;
        self.sent += 1;
        let event = Event { node: to.0, slot: number, round: 0, what: What::Message };
        match self.network.send(from, to, bytes, at, &mut self.books) {
            Fate::Lost(_) => {}
            Fate::Once(arrival) => self.post(from, event, arrival),
            Fate::Twice(original, copy) => {
                for arrival in original.into_iter().chain(copy) {
                    self.post(from, event, arrival);
                }
            }
        }
        number
    }

    fn post(&mut self, from: NodeId, event: Event, arrival: Arrival) {
        self.queue.insert((arrival.at, self.posted), (from, Event { round: arrival.leg, ..event }));
        self.posted += 1;
    }

    fn run(&mut self) {
        self.run_to(Time::MAX);
    }

    fn run_to(&mut self, until: Time) {
        while let Some(first) = self.queue.first_entry()
            && first.key().0 < until
        {
            let ((now, _), (from, event)) = first.remove_entry();
            let to = NodeId(event.node);
            if event.round != 0 {
                match self.network.onward(event.round, from, to, now, &mut self.books) {
                    Onward::Arrived => {}
                    Onward::At(arrival) => {
                        self.post(from, event, arrival);
                        continue;
                    }
                    Onward::Dropped(_) => continue,
                }
            }
            if self.network.arrives(from, to, event, &mut self.books) == Arrives::Yes {
                self.books.traffic.delivered += 1;
                self.arrived.push((event.slot, now));
            }
        }
    }

    /// When a message arrived first.
    fn arrival(&self, number: u32) -> Option<Time> {
        self.arrived.iter().find(|(arrived, _)| *arrived == number).map(|(_, at)| *at)
    }

    /// What went in came out, one way or another, and nothing is left behind.
    fn assert_all_accounted_for(&self) {
        let t = self.books.traffic;
        assert_eq!(t.sent + t.duplicated, t.delivered + t.lost + t.cut + t.corrupted + t.overflowed, "{t:?}");
        assert_eq!(self.network.pipes.passages.len(), 0, "every passage ends");
    }
}

const A: NodeId = NodeId(0);
const B: NodeId = NodeId(1);
const C: NodeId = NodeId(2);
const D: NodeId = NodeId(3);

fn nodes(range: core::ops::Range<u32>) -> Vec<NodeId> {
    range.map(NodeId).collect()
}

fn instant() -> LinkPlan {
    LinkPlan::new(Delay::Constant(Span::ZERO))
}

fn only(link: LinkPlan) -> NetworkPlan {
    NetworkPlan::new(link)
}

fn test_rng(seed: u64) -> Rng {
    Keys::new(seed).stream(Purpose::Test, 1, 0)
}

/// Within four standard errors of a share.
#[track_caller]
fn assert_share(count: u64, of: u64, share: f64) {
    let found = count as f64 / of as f64;
    let error = libm::sqrt(share * (1.0 - share) / of as f64);
    assert!((found - share).abs() <= 4.0 * error, "{found}, not {share} ± {}", 4.0 * error);
}

#[track_caller]
fn assert_near(found: f64, expected: f64, tolerance: f64) {
    assert!((found / expected - 1.0).abs() <= tolerance, "{found}, not {expected} ± {} %", 100.0 * tolerance);
}
