//! The workloads on the small simulator.

use crate::simulator::{Core, Links, Node, Stream};
use harness::{
    DELAY_NANOS, Done, FANOUT, LOSS, PHOLD_NANOS, PING_NANOS, REST_NANOS, ROUND_NANOS, TIMEOUT_NANOS, Task,
    rounds,
};

fn reliable(delay: (u64, u64)) -> Links {
    Links { delay, loss: 0.0 }
}

/// So many nodes of one kind.
fn nodes<M, S, N: Node<M, S> + 'static>(count: u32, node: impl Fn() -> N) -> Vec<Box<dyn Node<M, S>>> {
    (0..count).map(|_| Box::new(node()) as Box<dyn Node<M, S>>).collect()
}

/// PHOLD: whoever gets the message sends it on to a random node.
struct Hop {
    nodes: u32,
    count: u64,
}

impl Hop {
    fn pass<S: Stream>(&self, core: &mut Core<u64, S>, me: u32, hops: u64) {
        let to = core.below(me, self.nodes);
        core.send(me, to, hops + 1);
    }
}

impl<S: Stream> Node<u64, S> for Hop {
    fn start(&mut self, core: &mut Core<u64, S>, me: u32) {
        self.pass(core, me, 0);
    }
    fn message(&mut self, core: &mut Core<u64, S>, me: u32, _: u32, hops: u64) {
        self.count += 1;
        self.pass(core, me, hops);
    }
    fn timer(&mut self, _: &mut Core<u64, S>, _: u32, _: u32) {}
}

/// PHOLD.
pub fn phold<S: Stream>(task: Task) -> Done {
    let size = task.size as u32;
    let mut core = Core::<u64, S>::new(1, size, reliable(PHOLD_NANOS));
    core.run(&mut nodes(size, || Hop { nodes: size, count: 0 }), u64::MAX, task.units);
    Done { units: core.delivered, check: core.digest }
}

/// Ping-pong: two nodes throw a ball.
struct Player {
    caught: u64,
}

impl<S: Stream> Node<u64, S> for Player {
    fn start(&mut self, core: &mut Core<u64, S>, me: u32) {
        if me == 0 {
            core.send(0, 1, 0);
        }
    }
    fn message(&mut self, core: &mut Core<u64, S>, me: u32, from: u32, throws: u64) {
        self.caught += 1;
        core.send(me, from, throws + 1);
    }
    fn timer(&mut self, _: &mut Core<u64, S>, _: u32, _: u32) {}
}

/// Ping-pong.
pub fn ping<S: Stream>(task: Task) -> Done {
    let mut core = Core::<u64, S>::new(1, 2, reliable((PING_NANOS, PING_NANOS)));
    core.run(&mut nodes(2, || Player { caught: 0 }), u64::MAX, task.units);
    Done { units: core.delivered, check: core.digest }
}

/// Gossip: in every round a node tells three others the highest number that it knows, and one more.
struct Gossip {
    nodes: u32,
    left: u64,
    seen: u64,
}

impl<S: Stream> Node<u64, S> for Gossip {
    fn start(&mut self, core: &mut Core<u64, S>, me: u32) {
        core.set(me, ROUND_NANOS, 0);
    }
    fn message(&mut self, _: &mut Core<u64, S>, _: u32, _: u32, number: u64) {
        self.seen = self.seen.max(number);
    }
    fn timer(&mut self, core: &mut Core<u64, S>, me: u32, _: u32) {
        for _ in 0..FANOUT {
            let to = core.below(me, self.nodes);
            core.send(me, to, self.seen + 1);
        }
        self.left -= 1;
        if self.left > 0 {
            core.set(me, ROUND_NANOS, 0);
        }
    }
}

/// Gossip.
pub fn gossip<S: Stream>(task: Task) -> Done {
    let size = task.size as u32;
    let left = rounds(task);
    let mut core = Core::<u64, S>::new(1, size, Links { delay: DELAY_NANOS, loss: LOSS });
    core.run(&mut nodes(size, || Gossip { nodes: size, left, seen: 0 }), u64::MAX, u64::MAX);
    Done { units: core.sent, check: core.digest }
}

#[derive(Clone, Copy)]
enum Call {
    Ask(u64),
    Answer(u64),
}

impl Default for Call {
    fn default() -> Self {
        Call::Ask(0)
    }
}

/// Seeds: the server.
struct Server;

impl<S: Stream> Node<Call, S> for Server {
    fn start(&mut self, _: &mut Core<Call, S>, _: u32) {}
    fn message(&mut self, core: &mut Core<Call, S>, me: u32, from: u32, call: Call) {
        if let Call::Ask(number) = call {
            core.send(me, from, Call::Answer(number));
        }
    }
    fn timer(&mut self, _: &mut Core<Call, S>, _: u32, _: u32) {}
}

/// Seeds: a client that asks, waits for the answer and rests.
struct Client {
    asked: u64,
    served: u64,
}

impl<S: Stream> Node<Call, S> for Client {
    fn start(&mut self, core: &mut Core<Call, S>, me: u32) {
        self.timer(core, me, 0);
    }
    fn message(&mut self, core: &mut Core<Call, S>, me: u32, _: u32, call: Call) {
        if let Call::Answer(_) = call {
            self.served += 1;
            core.set(me, REST_NANOS, 0);
        }
    }
    fn timer(&mut self, core: &mut Core<Call, S>, me: u32, _: u32) {
        self.asked += 1;
        core.send(me, 0, Call::Ask(self.asked));
    }
}

/// Seeds.
pub fn seeds<S: Stream>(task: Task) -> Done {
    let until = task.size * 1_000_000_000;
    let mut check = 0u64;
    for seed in 0..task.units {
        let mut core = Core::<Call, S>::new(seed, 3, reliable(DELAY_NANOS));
        let client = || Box::new(Client { asked: 0, served: 0 });
        let mut nodes: Vec<Box<dyn Node<Call, S>>> = vec![Box::new(Server), client(), client()];
        core.run(&mut nodes, until, u64::MAX);
        check = check.rotate_left(1) ^ core.digest;
    }
    Done { units: task.units, check }
}

/// Timeouts: every node asks a random other. It has one timer, set all the time, that goes back to wait if it is early.
struct Caller {
    nodes: u32,
    asked: u64,
    deadline: u64,
    given_up: u64,
}

impl Caller {
    fn ask<S: Stream>(&mut self, core: &mut Core<Call, S>, me: u32) {
        self.asked += 1;
        self.deadline = core.now() + TIMEOUT_NANOS;
        let to = core.below(me, self.nodes);
        core.send(me, to, Call::Ask(self.asked));
    }
}

impl<S: Stream> Node<Call, S> for Caller {
    fn start(&mut self, core: &mut Core<Call, S>, me: u32) {
        self.ask(core, me);
        core.set(me, TIMEOUT_NANOS, 0);
    }
    fn message(&mut self, core: &mut Core<Call, S>, me: u32, from: u32, call: Call) {
        match call {
            Call::Ask(number) => core.send(me, from, Call::Answer(number)),
            Call::Answer(number) if number == self.asked => self.ask(core, me),
            Call::Answer(_) => {}
        }
    }
    fn timer(&mut self, core: &mut Core<Call, S>, me: u32, _: u32) {
        if self.deadline <= core.now() {
            self.given_up += 1;
            self.ask(core, me);
        }
        core.set(me, self.deadline - core.now(), 0);
    }
}

/// Timeouts.
pub fn timeouts<S: Stream>(task: Task) -> Done {
    let nodes_count = task.size as u32;
    let caller = || Caller { nodes: nodes_count, asked: 0, deadline: 0, given_up: 0 };
    let mut core = Core::<Call, S>::new(1, nodes_count, reliable(DELAY_NANOS));
    core.run(&mut nodes(nodes_count, caller), u64::MAX, task.units);
    Done { units: core.delivered, check: core.digest }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;

    /// A millisecond each way.
    #[test]
    fn ping_pong_keeps_time() {
        let mut core = Core::<u64, ChaCha8Rng>::new(1, 2, reliable((PING_NANOS, PING_NANOS)));
        core.run(&mut nodes(2, || Player { caught: 0 }), u64::MAX, 1_000);
        assert_eq!(core.now(), 1_000 * PING_NANOS);
    }

    /// One message in a hundred is lost, and none is late.
    #[test]
    fn gossip_loses_some() {
        let mut core = Core::<u64, ChaCha8Rng>::new(1, 100, Links { delay: DELAY_NANOS, loss: LOSS });
        core.run(&mut nodes(100, || Gossip { nodes: 100, left: 1_000, seen: 0 }), u64::MAX, u64::MAX);
        assert_eq!(core.sent, 300_000);
        let lost = core.sent - core.delivered;
        assert!((2_700..3_300).contains(&lost), "3,000 expected, {lost} lost");
        assert!(core.now() < 1_000 * ROUND_NANOS + DELAY_NANOS.1, "{}", core.now());
    }
}
