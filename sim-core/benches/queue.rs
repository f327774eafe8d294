//! The cost of one hold (pop the earliest event, push another one a random delay later) on the event queue and on a
//! binary heap of the same 32-byte entries. `cargo bench -p sim-core --bench queue`
//!
//! Each number is the least of five runs, in ns per hold, and includes drawing the delay; the row `draw only` says how
//! much that is.

#![allow(clippy::disallowed_methods, reason = "a benchmark looks at the wall clock")]

use sim_core::{
    queue::Queue,
    rng::{Keys, Purpose, Rng},
    sample::Sampler,
    time::Span,
};
use std::{cmp::Reverse, collections::BinaryHeap, hint::black_box, time::Instant};

/// As large as the engine's events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Event(u64, u64);

trait Pending {
    fn push(&mut self, at: u64, seq: u64);
    fn pop(&mut self) -> u64;
}

impl Pending for Queue<Event> {
    #[inline]
    fn push(&mut self, at: u64, seq: u64) {
        Queue::push(self, at, seq, Event(at, seq));
    }
    #[inline]
    fn pop(&mut self) -> u64 {
        Queue::pop(self).expect("a hold pushes what it pops").0
    }
}

impl Pending for BinaryHeap<Reverse<(u64, u64, Event)>> {
    #[inline]
    fn push(&mut self, at: u64, seq: u64) {
        BinaryHeap::push(self, Reverse((at, seq, Event(at, seq))));
    }
    #[inline]
    fn pop(&mut self) -> u64 {
        BinaryHeap::pop(self).expect("a hold pushes what it pops").0.0
    }
}

/// Only the drawing.
impl Pending for u64 {
    #[inline]
    fn push(&mut self, at: u64, _: u64) {
        *self = at;
    }
    #[inline]
    fn pop(&mut self) -> u64 {
        *self
    }
}

const HOLDS: u64 = 2_000_000;

fn hold(mut pending: impl Pending, count: u64, mut delay: impl FnMut(&mut Rng) -> u64) -> f64 {
    let mut rng = Keys::new(1).stream(Purpose::Test, 0, 0);
    let mut seq = 0;
    for _ in 0..count {
        pending.push(delay(&mut rng), seq);
        seq += 1;
    }
    let mut run = |holds| {
        for _ in 0..holds {
            let at = pending.pop() + delay(&mut rng);
            pending.push(at, seq);
            seq += 1;
        }
    };
    run(3 * count.min(1_000_000)); // until the queue has its usual shape
    (0..5).map(|_| nanoseconds(HOLDS, || run(HOLDS))).fold(f64::INFINITY, f64::min)
}

/// Per unit of `work`.
fn nanoseconds(units: u64, work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_nanos() as f64 / units as f64
}

fn main() {
    let exponential = Sampler::Exponential { mean: 1e9 };
    let uniform = Sampler::Uniform(Span(1_000_000), Span(10_000_000));
    let late = |rng: &mut Rng| 100_000_000 + exponential.draw(rng).0;
    let near = |rng: &mut Rng| uniform.draw(rng).0;
    let mixed = |rng: &mut Rng| if rng.below(10) == 0 { 1_000_000_000 } else { uniform.draw(rng).0 };
    let ties = |rng: &mut Rng| (1 + rng.below(9)) * 1_000_000;
    let zero = |rng: &mut Rng| if rng.below(4) == 0 { 0 } else { uniform.draw(rng).0 };

    println!("{:34} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}", "ns per hold", 10, 50, 100, "1k", "100k", "1M");
    let row = |name: &str, measure: &dyn Fn(u64) -> f64| {
        print!("{name:34}");
        for count in [10, 50, 100, 1_000, 100_000, 1_000_000] {
            print!(" {:9.1}", measure(count));
        }
        println!();
    };
    row("0.1 + Exp(1) s      draw only", &|_| hold(0, 0, late));
    row("                    queue", &|count| hold(Queue::new(), count, late));
    row("                    binary heap", &|count| hold(BinaryHeap::new(), count, late));
    row("uniform 1..10 ms    draw only", &|_| hold(0, 0, near));
    row("                    queue", &|count| hold(Queue::new(), count, near));
    row("                    binary heap", &|count| hold(BinaryHeap::new(), count, near));
    row("90 % that, 10 % 1 s queue", &|count| hold(Queue::new(), count, mixed));
    row("whole ms (ties)     queue", &|count| hold(Queue::new(), count, ties));
    row("25 % zero delay     queue", &|count| hold(Queue::new(), count, zero));

    const NEW: u64 = 1_000_000;
    let new = nanoseconds(NEW, || (0..NEW).for_each(|_| drop(black_box(Queue::<Event>::new()))));
    println!("new and drop {new:.1} ns");
}
