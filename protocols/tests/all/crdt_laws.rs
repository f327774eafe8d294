//! Replicated data types are what their paper says: their states form a semilattice, updates move up in it, and replicas
//! that have taken in the same updates are equal, in whatever order and however often these came.

use core::fmt::Debug;
use protocols::{
    crdt::{
        Config, Crdt, Flaw, Gossip, State,
        types::{GCounter, Join, LwwRegister, Object, OrSet, PnCounter, Stamp, Tag},
    },
    objects::{Op, Ret},
};
use sim_core::{
    harness::{Harness, Output},
    prelude::*,
    rng::{Keys, Purpose},
};

const REPLICAS: usize = 4;
/// Where the elements of sets and the keys of a map end here: few, so that updates meet.
const FEW: u64 = 3;

fn rng(seed: u64) -> Rng {
    Keys::new(seed).stream(Purpose::Test, 0, 0)
}

/// A type with an update that a replica makes: the `n`-th of all.
trait Updated: Join + Debug {
    fn update(&mut self, replica: NodeId, n: u64, rng: &mut Rng);
}

impl Updated for GCounter {
    fn update(&mut self, replica: NodeId, _: u64, _: &mut Rng) {
        self.increment(replica);
    }
}
impl Updated for PnCounter {
    fn update(&mut self, replica: NodeId, _: u64, rng: &mut Rng) {
        let side = if rng.below(2) == 0 { &mut self.up } else { &mut self.down };
        side.increment(replica);
    }
}
impl Updated for OrSet {
    fn update(&mut self, replica: NodeId, n: u64, rng: &mut Rng) {
        let element = rng.below(FEW) as u8;
        if rng.below(2) == 0 {
            self.add(element, Tag { replica, number: n });
        } else {
            self.remove(element);
        }
    }
}
impl Updated for LwwRegister {
    fn update(&mut self, replica: NodeId, n: u64, rng: &mut Rng) {
        // Clocks are far from right, and stamps of different replicas meet.
        self.assign(Stamp { time: rng.below(8), replica }, n);
    }
}
impl Updated for Object {
    fn update(&mut self, replica: NodeId, n: u64, rng: &mut Rng) {
        match rng.below(3) {
            0 => self.counter.update(replica, n, rng),
            1 => self.set.update(replica, n, rng),
            _ => self.register.update(replica, n, rng),
        }
    }
}
impl Updated for State {
    fn update(&mut self, replica: NodeId, n: u64, rng: &mut Rng) {
        self.entry(rng.below(FEW)).or_default().update(replica, n, rng);
    }
}

fn joined<T: Join>(one: &T, other: &T) -> T {
    let mut joined = one.clone();
    joined.join(other);
    joined
}

/// Replicas update and merge at random. Every state that any of them ever had.
fn states<T: Updated>(seed: u64) -> Vec<T> {
    let mut rng = rng(seed);
    let mut replicas = vec![T::default(); REPLICAS];
    let mut all = replicas.clone();
    for n in 0..30 {
        let which = rng.below(REPLICAS as u64) as usize;
        let before = replicas[which].clone();
        if rng.below(3) == 0 {
            let other = all[rng.below(all.len() as u64) as usize].clone();
            replicas[which].join(&other);
        } else {
            replicas[which].update(NodeId(which as u32), n, &mut rng);
        }
        assert!(replicas[which].includes(&before), "seed {seed}: it moved up from {before:?}");
        all.push(replicas[which].clone());
    }
    all
}

fn laws<T: Updated>() {
    for seed in 0..100 {
        let all = states::<T>(seed);
        let mut rng = rng(seed + 1_000_000);
        let mut any = || &all[rng.below(all.len() as u64) as usize];
        for _ in 0..200 {
            let (a, b, c) = (any(), any(), any());
            assert_eq!(joined(a, b), joined(b, a), "commutative, seed {seed}");
            assert_eq!(joined(a, &joined(b, c)), joined(&joined(a, b), c), "associative, seed {seed}");
            assert_eq!(joined(a, a), *a, "idempotent, seed {seed}");
            assert!(joined(a, b).includes(a) && joined(a, b).includes(b), "above both, seed {seed}");
        }
        // Whatever the order, and however often each comes.
        let everything = all.iter().fold(T::default(), |sum, state| joined(&sum, state));
        for _ in 0..10 {
            let mut order: Vec<&T> = all.iter().chain(&all[..10]).collect();
            rng.shuffle(&mut order);
            let sum = order.into_iter().fold(T::default(), |sum, state| joined(&sum, state));
            assert_eq!(sum, everything, "seed {seed}");
        }
    }
}

#[test]
fn states_form_a_semilattice() {
    laws::<GCounter>();
    laws::<PnCounter>();
    laws::<OrSet>();
    laws::<LwwRegister>();
    laws::<Object>();
    laws::<State>();
}

#[test]
fn an_addition_wins_against_a_removal_that_had_not_seen_it() {
    let [one, other] = [0, 1].map(NodeId);
    let mut here = OrSet::default();
    here.add(7, Tag { replica: one, number: 1 });
    let mut there = here.clone();
    there.remove(7);
    assert!(!joined(&here, &there).contains(7), "it had seen the only addition");
    here.add(7, Tag { replica: one, number: 2 });
    assert!(joined(&here, &there).contains(7));
    there.add(7, Tag { replica: other, number: 1 });
    there.remove(7);
    assert!(joined(&here, &there).contains(7), "nor this one");
    here.remove(7);
    assert!(!joined(&here, &there).contains(7));
}

/// The replicas of a service, to which the same updates come in one order and whose states come in any, more than once, or
/// not at all until the end: they agree, and on what the updates amount to.
#[test]
fn replicas_agree_on_what_the_updates_amount_to() {
    for seed in 0..60 {
        let mut rng = rng(seed);
        let replicas: Vec<NodeId> = (0..REPLICAS as u32).map(NodeId).collect();
        let mut harness = Harness::<Crdt>::seeded(seed, REPLICAS as u32, Config::default());
        replicas.iter().for_each(|&replica| drop(harness.boot(replica)));
        let (mut count, mut flight) = (0, Vec::new());
        for n in 0..60 {
            let at = replicas[rng.below(4) as usize];
            match rng.below(6) {
                0 => {
                    flight.extend(gossip(&mut harness, at));
                }
                1 if !flight.is_empty() => {
                    // It stays in flight, and may come again.
                    let (to, msg) = flight[rng.below(flight.len() as u64) as usize].clone();
                    harness.step(to, Deliver(at, msg));
                }
                2 => {
                    harness.crash(at);
                    harness.boot(at);
                }
                3 => {
                    harness.request(at, Op::Add(0, n as u8 % 4));
                }
                4 => {
                    harness.request(at, Op::Decrement(0));
                    count -= 1;
                }
                _ => {
                    harness.request(at, Op::Increment(0));
                    count += 1;
                }
            }
        }
        // Twice around, everybody has heard of everything.
        for &from in replicas.iter().chain(&replicas) {
            let Output::Send(_, msg) = harness.fire(from, &Gossip).remove(0) else { panic!("it gossips") };
            replicas.iter().for_each(|&to| drop(harness.step(to, Deliver(from, msg.clone()))));
        }
        for &replica in &replicas {
            let answer = harness.request(replica, Op::Count(0)).1;
            assert!(
                matches!(answer[..], [Output::Answer(_, Answer::Ok(Ret::Count(found)))] if found == count),
                "seed {seed}: {answer:?} and not {count}"
            );
        }
        let contents: Vec<Vec<bool>> = replicas
            .iter()
            .map(|&replica| {
                let asked = (0..4).map(|element| harness.request(replica, Op::Contains(0, element)).1);
                asked.map(|answer| format!("{answer:?}").contains("true")).collect()
            })
            .collect();
        assert!(contents.iter().all(|elements| *elements == contents[0]), "seed {seed}");
        assert!(harness.violations().is_empty(), "{:?}", harness.violations());
    }
}

/// What a replica sends now.
fn gossip(harness: &mut Harness<Crdt>, from: NodeId) -> Vec<(NodeId, protocols::crdt::Merge)> {
    let sent = harness.fire(from, &Gossip).into_iter().filter_map(|output| match output {
        Output::Send(to, msg) => Some((to, msg)),
        Output::Answer(..) | Output::Call(..) => None,
    });
    sent.collect()
}

/// A property that cannot fail says nothing: each mistake breaks one.
#[test]
fn merging_by_overwriting_is_found() {
    let config = Config { flaw: Some(Flaw::Overwrite), ..Config::default() };
    let mut harness = Harness::<Crdt>::new(2, config);
    let [one, other] = [0, 1].map(NodeId);
    for replica in [one, other] {
        harness.boot(replica);
        harness.request(replica, Op::Increment(0));
    }
    let (_, msg) = gossip(&mut harness, one).remove(0);
    harness.step(other, Deliver(one, msg));
    assert_eq!(harness.violations().len(), 1);
    assert_eq!(harness.violations()[0].property, "states only grow");
}
