//! PHOLD as a bare loop.

use crate::queue::Queue;
use harness::{CROWD_NODES, Done, Draw, Task, Workload};

/// An event: eight bytes, so sixteen with its time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hop {
    to: u32,
    hops: u32,
}

/// Runs it on a queue.
pub fn run<Q: Queue<Hop>>(task: Task) -> Done {
    let mut draw = Draw::new(42);
    let mut queue = Q::new();
    let nodes = if task.workload == Workload::Crowd { CROWD_NODES } else { task.size };
    let mut counts = vec![0u64; nodes as usize];
    for event in 0..task.size {
        queue.push(draw.phold_nanos(), Hop { to: (event % nodes) as u32, hops: 0 });
    }
    let mut now = 0;
    for _ in 0..task.units {
        let (time, hop) = queue.pop().expect("every event makes another");
        now = time;
        if let Some(next) = queue.next() {
            prefetch(&counts[next.to as usize]);
        }
        counts[hop.to as usize] += 1;
        let delay = draw.phold_nanos();
        let to = draw.below(nodes) as u32;
        queue.push(now + delay, Hop { to, hops: hop.hops + 1 });
    }
    Done { units: task.units, check: counts.iter().fold(now, |check, count| check.rotate_left(5) ^ count) }
}

/// Asks the processor to bring this into its cache.
#[inline(always)]
fn prefetch<T>(what: &T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch neither reads nor writes anything that the program could notice.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch(std::ptr::from_ref(what).cast(), _MM_HINT_T0);
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = what;
}
