//! What a run asks of the allocator: nothing for an event or a message, and little for a node.

use harness::{Task, Workload};
use sim_core::{time::Units, world::World};
use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

/// The system's, which counts what it is asked for.
struct Counting;

static REQUESTS: AtomicU64 = AtomicU64::new(0);
static HELD: AtomicU64 = AtomicU64::new(0);

// SAFETY: it hands every request on as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        REQUESTS.fetch_add(1, Relaxed);
        HELD.fetch_add(layout.size() as u64, Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size() as u64, Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Requests to the allocator while the world takes so many more events, and goes on to the end of the second.
fn requests(world: &mut World, events: u64) -> u64 {
    let (before, enough) = (REQUESTS.load(Relaxed), world.events() + events);
    while world.events() < enough {
        world.run_to(world.now() + 1.s(), u64::MAX);
    }
    REQUESTS.load(Relaxed) - before
}

// One test, because the counters are the process's.
#[test]
fn memory_is_for_nodes_and_not_for_events() {
    let task = |workload, size| Task { workload, size, units: 1_000_000_000 };
    let worlds = [
        ("ping-pong", engine::ping::world(task(Workload::PingPong, 2))),
        ("phold", engine::phold::world(task(Workload::Phold, 1_000))),
        ("gossip", engine::gossip::world(task(Workload::Gossip, 1_000))),
        ("timeouts", engine::timeouts::world(task(Workload::Timeouts, 1_000))),
    ];
    for (name, mut world) in worlds {
        let warm = requests(&mut world, 20_000_000);
        let (held, steady) = (HELD.load(Relaxed), requests(&mut world, 1_000_000));
        // Before anything is printed: what is printed is kept in memory as well.
        let now = HELD.load(Relaxed);
        println!("{name}: {warm} requests to begin with, {steady} for a million events more");
        assert_eq!((steady, now), (0, held), "{name}");
    }

    let nodes = 1_000_000;
    let before = HELD.load(Relaxed);
    let mut world = engine::idle::world(nodes);
    world.run(u64::MAX);
    let each = (HELD.load(Relaxed) - before) / nodes;
    println!("{each} bytes for an idle node");
    assert!(each <= 200, "{each} bytes for an idle node");
}
