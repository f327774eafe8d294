//! simcore: components that hold a context, events of any type in a binary heap, `cast!` to tell them apart. It has no
//! network, so the models draw the delay and the loss themselves; but for PHOLD from the randomness of the simulation.

use harness::{
    DELAY_NANOS, Done, Draw, FANOUT, LOSS, PING_NANOS, REST_NANOS, ROUND_NANOS, TIMEOUT_NANOS, Task,
    Workload, rounds,
};
use serde::Serialize;
use simcore::{Event, EventHandler, EventId, Id, Simulation, SimulationContext, cast};
use std::{cell::RefCell, rc::Rc};

fn main() {
    harness::main("simcore 0.1.0", |task| {
        Some(match task.workload {
            Workload::Crowd => return None,
            Workload::Phold => phold(task),
            Workload::PingPong => ping(task),
            Workload::Gossip => gossip(task),
            Workload::Seeds => seeds(task),
            Workload::Timeouts => timeouts(task),
        })
    });
}

/// Its clock counts in seconds.
fn seconds(nanos: u64) -> f64 {
    nanos as f64 * 1e-9
}

/// The delay of a message.
fn delay(ctx: &SimulationContext) -> f64 {
    seconds(DELAY_NANOS.0) + seconds(DELAY_NANOS.1 - DELAY_NANOS.0) * ctx.rand()
}

/// Adds nodes, whose ids are 0, 1, 2 and so on if they are the first things in the simulation.
fn add<N: EventHandler + 'static>(sim: &mut Simulation, count: u64, node: impl Fn(SimulationContext) -> N) {
    for index in 0..count {
        let name = format!("node{index}");
        let ctx = sim.create_context(&name);
        let id = sim.add_handler(&name, Rc::new(RefCell::new(node(ctx))));
        assert_eq!(u64::from(id), index, "simcore numbers what is added from 0 on");
    }
}

#[derive(Clone, Serialize)]
struct Hop {
    hops: u64,
}

struct Hopper {
    ctx: SimulationContext,
    nodes: u64,
    count: u64,
    draw: Rc<RefCell<Draw>>,
}

impl EventHandler for Hopper {
    fn on(&mut self, event: Event) {
        cast!(match event.data {
            Hop { hops } => {
                self.count += 1;
                let mut draw = self.draw.borrow_mut();
                let delay = draw.phold_seconds();
                let to = draw.below(self.nodes) as Id;
                self.ctx.emit(Hop { hops: hops + 1 }, to, delay);
            }
        })
    }
}

fn phold(task: Task) -> Done {
    let mut sim = Simulation::new(1);
    let draw = Rc::new(RefCell::new(Draw::new(42)));
    add(&mut sim, task.size, |ctx| Hopper { ctx, nodes: task.size, count: 0, draw: draw.clone() });
    let root = sim.create_context("root");
    for to in 0..task.size {
        let delay = draw.borrow_mut().phold_seconds();
        root.emit(Hop { hops: 0 }, to as Id, delay);
    }
    sim.steps(task.units);
    Done { units: sim.event_count() - task.size, check: sim.time().to_bits() }
}

#[derive(Clone, Serialize)]
struct Ball {
    throws: u64,
}

struct Player {
    ctx: SimulationContext,
}

impl EventHandler for Player {
    fn on(&mut self, event: Event) {
        let from = event.src;
        cast!(match event.data {
            Ball { throws } => {
                self.ctx.emit(Ball { throws: throws + 1 }, from, seconds(PING_NANOS));
            }
        })
    }
}

fn ping(task: Task) -> Done {
    let mut sim = Simulation::new(1);
    add(&mut sim, 2, |ctx| Player { ctx });
    let first = sim.create_context("node0");
    first.emit(Ball { throws: 0 }, 1, seconds(PING_NANOS));
    sim.steps(task.units);
    Done { units: task.units, check: sim.time().to_bits() }
}

#[derive(Clone, Serialize)]
struct Round {}

#[derive(Clone, Serialize)]
struct Rumor {
    number: u64,
}

struct Gossip {
    ctx: SimulationContext,
    nodes: u32,
    left: u64,
    seen: u64,
}

impl EventHandler for Gossip {
    fn on(&mut self, event: Event) {
        cast!(match event.data {
            Round {} => {
                for _ in 0..FANOUT {
                    let to = self.ctx.gen_range(0..self.nodes);
                    if self.ctx.rand() >= LOSS {
                        self.ctx.emit(Rumor { number: self.seen + 1 }, to, delay(&self.ctx));
                    }
                }
                self.left -= 1;
                if self.left > 0 {
                    self.ctx.emit_self(Round {}, seconds(ROUND_NANOS));
                }
            }
            Rumor { number } => {
                self.seen = self.seen.max(number);
            }
        })
    }
}

fn gossip(task: Task) -> Done {
    let mut sim = Simulation::new(1);
    add(&mut sim, task.size, |ctx| {
        ctx.emit_self(Round {}, seconds(ROUND_NANOS));
        Gossip { ctx, nodes: task.size as u32, left: rounds(task), seen: 0 }
    });
    sim.step_until_no_events();
    Done { units: rounds(task) * FANOUT * task.size, check: sim.time().to_bits() ^ sim.event_count() }
}

#[derive(Clone, Serialize)]
struct Ask {
    number: u64,
}

#[derive(Clone, Serialize)]
struct Answer {
    number: u64,
}

#[derive(Clone, Serialize)]
struct Rested {}

struct Server {
    ctx: SimulationContext,
}

impl EventHandler for Server {
    fn on(&mut self, event: Event) {
        let from = event.src;
        cast!(match event.data {
            Ask { number } => {
                self.ctx.emit(Answer { number }, from, delay(&self.ctx));
            }
        })
    }
}

struct Client {
    ctx: SimulationContext,
    server: Id,
    asked: u64,
    served: u64,
}

impl EventHandler for Client {
    fn on(&mut self, event: Event) {
        cast!(match event.data {
            Rested {} => {
                self.asked += 1;
                self.ctx.emit(Ask { number: self.asked }, self.server, delay(&self.ctx));
            }
            Answer { number } => {
                self.served = number;
                self.ctx.emit_self(Rested {}, seconds(REST_NANOS));
            }
        })
    }
}

fn seeds(task: Task) -> Done {
    let mut check = 0u64;
    for seed in 0..task.units {
        let mut sim = Simulation::new(seed);
        let ctx = sim.create_context("server");
        let server = sim.add_handler("server", Rc::new(RefCell::new(Server { ctx })));
        for name in ["client1", "client2"] {
            let ctx = sim.create_context(name);
            ctx.emit_self(Rested {}, 0.0);
            sim.add_handler(name, Rc::new(RefCell::new(Client { ctx, server, asked: 0, served: 0 })));
        }
        sim.step_until_time(task.size as f64);
        check = check.rotate_left(1) ^ sim.event_count();
    }
    Done { units: task.units, check }
}

#[derive(Clone, Serialize)]
struct GiveUp {}

/// The events that counted, and the calls that were given up.
#[derive(Default)]
struct Tally {
    messages: u64,
    given_up: u64,
}

struct Caller {
    ctx: SimulationContext,
    nodes: u32,
    asked: u64,
    timer: EventId,
    tally: Rc<RefCell<Tally>>,
}

impl Caller {
    fn ask(&mut self) {
        self.asked += 1;
        let to = self.ctx.gen_range(0..self.nodes);
        self.ctx.emit(Ask { number: self.asked }, to, delay(&self.ctx));
        self.timer = self.ctx.emit_self(GiveUp {}, seconds(TIMEOUT_NANOS));
    }
}

impl EventHandler for Caller {
    fn on(&mut self, event: Event) {
        let from = event.src;
        cast!(match event.data {
            Ask { number } => {
                self.tally.borrow_mut().messages += 1;
                self.ctx.emit(Answer { number }, from, delay(&self.ctx));
            }
            Answer { number } => {
                self.tally.borrow_mut().messages += 1;
                if number == self.asked {
                    self.ctx.cancel_event(self.timer);
                    self.ask();
                }
            }
            GiveUp {} => {
                self.tally.borrow_mut().given_up += 1;
                self.ask();
            }
        })
    }
}

fn timeouts(task: Task) -> Done {
    let mut sim = Simulation::new(1);
    let tally = Rc::new(RefCell::new(Tally::default()));
    add(&mut sim, task.size, |ctx| {
        let mut caller = Caller { ctx, nodes: task.size as u32, asked: 0, timer: 0, tally: tally.clone() };
        caller.ask();
        caller
    });
    while tally.borrow().messages < task.units {
        sim.steps(64);
    }
    let tally = tally.borrow();
    Done { units: tally.messages, check: sim.time().to_bits() ^ tally.given_up }
}
