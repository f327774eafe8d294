//! The smallest complete simulator: nodes that know nothing of each other's types, links with delay and loss, partitions,
//! crashes, timers, a stream of randomness for the network and one for each node, and a digest of all that happened.

use crate::queue::{Ladder, Queue};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoroshiro128PlusPlus;

/// A node. `S` is the kind of its stream.
pub trait Node<M, S> {
    /// It begins.
    fn start(&mut self, core: &mut Core<M, S>, me: u32);
    /// A message arrives.
    fn message(&mut self, core: &mut Core<M, S>, me: u32, from: u32, message: M);
    /// A timer is due.
    fn timer(&mut self, core: &mut Core<M, S>, me: u32, name: u32);
}

/// A node's own randomness.
pub trait Stream {
    /// The stream of this node.
    fn new(seed: u64, node: u32) -> Self;
    /// Thirty-two random bits.
    fn bits(&mut self) -> u32;
}

impl Stream for ChaCha8Rng {
    fn new(seed: u64, node: u32) -> Self {
        let mut stream = ChaCha8Rng::seed_from_u64(seed);
        stream.set_stream(u64::from(node) + 1);
        stream
    }
    #[inline]
    fn bits(&mut self) -> u32 {
        self.next_u32()
    }
}

impl Stream for Xoroshiro128PlusPlus {
    fn new(seed: u64, node: u32) -> Self {
        Xoroshiro128PlusPlus::seed_from_u64(seed ^ u64::from(node) << 32)
    }
    #[inline]
    fn bits(&mut self) -> u32 {
        (self.next_u64() >> 32) as u32
    }
}

/// What the links do.
#[derive(Clone, Copy, Debug)]
pub struct Links {
    /// The delay in nanoseconds: between these.
    pub delay: (u64, u64),
    /// The share of messages that is lost.
    pub loss: f64,
}

/// All but the nodes themselves: what a node is handed to act with.
#[derive(Debug)]
pub struct Core<M, S> {
    queue: Ladder<Event<M>>,
    now: u64,
    seed: u64,
    network: ChaCha8Rng,
    delay: (u64, u64),
    /// A message is lost if the draw is below this.
    loss: u64,
    slots: Vec<Slot<S>>,
    /// Messages sent so far.
    pub sent: u64,
    /// Messages delivered so far.
    pub delivered: u64,
    /// What happened, in one number.
    pub digest: u64,
}

/// What the simulator knows of a node.
#[derive(Debug)]
struct Slot<S> {
    /// A crash adds one, and events of an earlier epoch come to nothing.
    epoch: u32,
    /// Messages pass within a group only: a partition.
    group: u32,
    /// Made when it is first used.
    stream: Option<S>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Event<M> {
    to: u32,
    epoch: u32,
    kind: Kind<M>,
}

#[derive(Clone, Copy, Debug)]
enum Kind<M> {
    Message { from: u32, message: M },
    Timer { name: u32 },
}

impl<M> Default for Kind<M> {
    fn default() -> Self {
        Kind::Timer { name: 0 }
    }
}

impl<M: Copy + Default, S: Stream> Core<M, S> {
    /// A world of so many nodes.
    pub fn new(seed: u64, nodes: u32, links: Links) -> Self {
        let slots = (0..nodes).map(|_| Slot { epoch: 0, group: 0, stream: None });
        Core {
            queue: Ladder::new(),
            now: 0,
            seed,
            network: ChaCha8Rng::seed_from_u64(seed),
            delay: links.delay,
            loss: (links.loss * u64::MAX as f64) as u64,
            slots: slots.collect(),
            sent: 0,
            delivered: 0,
            digest: 0,
        }
    }

    /// The time.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// Sends a message.
    #[inline]
    pub fn send(&mut self, from: u32, to: u32, message: M) {
        self.sent += 1;
        let target = &self.slots[to as usize];
        if self.slots[from as usize].group != target.group {
            return;
        }
        if self.loss != 0 && self.network.next_u64() < self.loss {
            return;
        }
        let epoch = target.epoch;
        let (low, high) = self.delay;
        let mut delay = low;
        if low != high {
            delay += ((u128::from(self.network.next_u64()) * u128::from(high - low)) >> 64) as u64;
        }
        let kind = Kind::Message { from, message };
        self.queue.push(self.now + delay, Event { to, epoch, kind });
    }

    /// Sets a timer.
    #[inline]
    pub fn set(&mut self, me: u32, after: u64, name: u32) {
        let epoch = self.slots[me as usize].epoch;
        self.queue.push(self.now + after, Event { to: me, epoch, kind: Kind::Timer { name } });
    }

    /// A random number in `0..n`, from the node's own stream.
    #[inline]
    pub fn below(&mut self, me: u32, n: u32) -> u32 {
        let seed = self.seed;
        let stream = self.slots[me as usize].stream.get_or_insert_with(|| S::new(seed, me));
        ((u64::from(stream.bits()) * u64::from(n)) >> 32) as u32
    }

    /// Starts the nodes and runs until that time, or until so many messages are delivered.
    pub fn run(&mut self, nodes: &mut [Box<dyn Node<M, S>>], until: u64, messages: u64) {
        for (me, node) in nodes.iter_mut().enumerate() {
            node.start(self, me as u32);
        }
        // Here, and not in `self`, so that it stays in a register.
        let mut digest = self.digest;
        while let Some((time, event)) = self.queue.pop() {
            if time > until {
                break;
            }
            self.now = time;
            if self.slots[event.to as usize].epoch != event.epoch {
                continue;
            }
            digest = note(digest, time, event.to, event.kind);
            let node = &mut nodes[event.to as usize];
            match event.kind {
                Kind::Message { from, message } => {
                    self.delivered += 1;
                    node.message(self, event.to, from, message);
                }
                Kind::Timer { name } => node.timer(self, event.to, name),
            }
            if self.delivered >= messages {
                break;
            }
        }
        self.digest = digest;
    }
}

/// Adds to the digest when, where and whence.
#[inline(always)]
fn note<M>(digest: u64, time: u64, to: u32, kind: Kind<M>) -> u64 {
    let other = match kind {
        Kind::Message { from, .. } => from,
        Kind::Timer { name } => !name,
    };
    let mut digest = (digest ^ time).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    digest ^= digest >> 32;
    digest ^= u64::from(other) << 32 | u64::from(to);
    digest = digest.wrapping_mul(0xD6E8_FEB8_6659_FD93);
    digest ^ digest >> 32
}
