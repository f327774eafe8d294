//! nexosim: models on an executor, here with one thread. Models talk through ports that are connected beforehand, which
//! for random targets would be a port for every pair. So here they schedule into each other by the public `Scheduler`,
//! with an `EventSource` for each model; for ping-pong that is faster than ports as well. It has no network and no
//! randomness: the models draw the delay and the loss themselves.

use harness::{
    DELAY_NANOS, Done, Draw, FANOUT, LOSS, PING_NANOS, REST_NANOS, ROUND_NANOS, TIMEOUT_NANOS, Task,
    Workload, rounds,
};
use nexosim::{
    model::{Context, Model, schedulable},
    ports::EventSource,
    simulation::{EventId, EventKey, Mailbox, Scheduler, SimInit, Simulation},
    time::MonotonicTime,
};
use serde::{Deserialize, Serialize};
use std::{
    sync::{
        Arc, Mutex, MutexGuard, OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

fn main() {
    harness::main("nexosim 1.0.0", |task| {
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

/// What the models share.
struct Shared<E>(OnceLock<Inner<E>>);

impl<E> Default for Shared<E> {
    fn default() -> Self {
        Shared(OnceLock::new())
    }
}

struct Inner<E> {
    scheduler: Scheduler,
    models: Vec<EventId<E>>,
    draw: Mutex<Draw>,
    /// Messages delivered, where they are the units.
    messages: AtomicU64,
}

impl<E: Clone + Send + 'static> Shared<E> {
    fn get(&self) -> &Inner<E> {
        self.0.get().expect("set before the first event")
    }
    fn send(&self, to: usize, nanos: u64, event: E) {
        let inner = self.get();
        let after = Duration::from_nanos(nanos);
        inner.scheduler.schedule_event(after, &inner.models[to], event).expect("it is in the future");
    }
    fn draw(&self) -> MutexGuard<'_, Draw> {
        self.get().draw.lock().expect("nobody panics")
    }
    fn delay(&self) -> u64 {
        self.draw().nanos(DELAY_NANOS.0, DELAY_NANOS.1)
    }
    fn anyone(&self) -> usize {
        self.draw().below(self.get().models.len() as u64) as usize
    }
}

/// A simulation of so many models. `add` makes one, and says where its events come in.
fn simulation<E, M: Model<Env = ()>>(
    seed: u64,
    count: usize,
    shared: &Arc<Shared<E>>,
    model: impl Fn(usize, Arc<Shared<E>>) -> M,
    connect: impl Fn(&Mailbox<M>, &mut SimInit) -> EventId<E>,
) -> Simulation {
    let mut bench = SimInit::with_num_threads(1);
    let mut models = Vec::with_capacity(count);
    for index in 0..count {
        let mailbox = Mailbox::new();
        models.push(connect(&mailbox, &mut bench));
        bench = bench.add_model(model(index, shared.clone()), mailbox, &format!("model{index}"));
    }
    let sim = bench.init(MonotonicTime::EPOCH).expect("a bench that is right");
    let draw = Mutex::new(Draw::new(seed));
    let inner = Inner { scheduler: sim.scheduler(), models, draw, messages: AtomicU64::new(0) };
    assert!(shared.0.set(inner).is_ok(), "set once");
    sim
}

/// Steps to the next time that has events: nearly always to one event.
fn step(sim: &mut Simulation) {
    sim.step().expect("models do not fail");
}

fn check(sim: &Simulation) -> u64 {
    let time = sim.time();
    time.as_secs() as u64 * 1_000_000_000 + u64::from(time.subsec_nanos())
}

#[derive(Serialize, Deserialize)]
struct Hopper {
    count: u64,
    #[serde(skip)]
    shared: Arc<Shared<u64>>,
}

#[Model]
impl Hopper {
    fn hop(&mut self, hops: u64) {
        self.count += 1;
        let delay = self.shared.draw().phold_nanos();
        self.shared.send(self.shared.anyone(), delay, hops + 1);
    }
}

fn phold(task: Task) -> Done {
    let shared = Arc::default();
    let mut sim = simulation(
        42,
        task.size as usize,
        &shared,
        |_, shared| Hopper { count: 0, shared },
        |mailbox, bench| EventSource::new().connect(Hopper::hop, mailbox).register(bench),
    );
    for to in 0..task.size as usize {
        let delay = shared.draw().phold_nanos();
        shared.send(to, delay, 0);
    }
    for _ in 0..task.units {
        step(&mut sim);
    }
    Done { units: task.units, check: check(&sim) }
}

#[derive(Serialize, Deserialize)]
struct Player {
    other: usize,
    #[serde(skip)]
    shared: Arc<Shared<u64>>,
}

#[Model]
impl Player {
    fn ball(&mut self, throws: u64) {
        self.shared.send(self.other, PING_NANOS, throws + 1);
    }
}

fn ping(task: Task) -> Done {
    let shared = Arc::default();
    let mut sim = simulation(
        42,
        2,
        &shared,
        |index, shared| Player { other: 1 - index, shared },
        |mailbox, bench| EventSource::new().connect(Player::ball, mailbox).register(bench),
    );
    shared.send(1, PING_NANOS, 0);
    for _ in 0..task.units {
        step(&mut sim);
    }
    Done { units: task.units, check: check(&sim) }
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum Gossip {
    Round,
    Rumor(u64),
}

#[derive(Serialize, Deserialize)]
struct Gossiper {
    index: usize,
    left: u64,
    seen: u64,
    #[serde(skip)]
    shared: Arc<Shared<Gossip>>,
}

#[Model]
impl Gossiper {
    fn on(&mut self, gossip: Gossip) {
        match gossip {
            Gossip::Round => {
                for _ in 0..FANOUT {
                    let to = self.shared.anyone();
                    let lost = self.shared.draw().unit() <= LOSS;
                    if !lost {
                        self.shared.send(to, self.shared.delay(), Gossip::Rumor(self.seen + 1));
                    }
                }
                self.left -= 1;
                if self.left > 0 {
                    self.shared.send(self.index, ROUND_NANOS, Gossip::Round);
                }
            }
            Gossip::Rumor(number) => self.seen = self.seen.max(number),
        }
    }
}

fn gossip(task: Task) -> Done {
    let shared = Arc::default();
    let mut sim = simulation(
        42,
        task.size as usize,
        &shared,
        |index, shared| Gossiper { index, left: rounds(task), seen: 0, shared },
        |mailbox, bench| EventSource::new().connect(Gossiper::on, mailbox).register(bench),
    );
    for index in 0..task.size as usize {
        shared.send(index, ROUND_NANOS, Gossip::Round);
    }
    sim.run().expect("models do not fail");
    Done { units: rounds(task) * FANOUT * task.size, check: check(&sim) }
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum Call {
    Ask { from: usize, number: u64 },
    Answer(u64),
    Rested,
}

/// Node 0 is the server, the others are clients.
#[derive(Serialize, Deserialize)]
struct Node {
    index: usize,
    asked: u64,
    served: u64,
    #[serde(skip)]
    shared: Arc<Shared<Call>>,
}

#[Model]
impl Node {
    fn on(&mut self, call: Call) {
        match call {
            Call::Ask { from, number } => {
                self.shared.send(from, self.shared.delay(), Call::Answer(number));
            }
            Call::Answer(number) => {
                self.served = number;
                self.shared.send(self.index, REST_NANOS, Call::Rested);
            }
            Call::Rested => {
                self.asked += 1;
                let ask = Call::Ask { from: self.index, number: self.asked };
                self.shared.send(0, self.shared.delay(), ask);
            }
        }
    }
}

fn seeds(task: Task) -> Done {
    let mut sum = 0u64;
    for seed in 0..task.units {
        let shared = Arc::default();
        let mut sim = simulation(
            seed,
            3,
            &shared,
            |index, shared| Node { index, asked: 0, served: 0, shared },
            |mailbox, bench| EventSource::new().connect(Node::on, mailbox).register(bench),
        );
        for client in [1, 2] {
            // Not at once: what is scheduled must lie in the future.
            shared.send(client, 1, Call::Rested);
        }
        sim.step_until(Duration::from_secs(task.size)).expect("models do not fail");
        sum = sum.rotate_left(1) ^ shared.draw().bits();
    }
    Done { units: task.units, check: sum }
}

#[derive(Serialize, Deserialize)]
struct Caller {
    index: usize,
    asked: u64,
    given_up: u64,
    #[serde(skip)]
    timer: Option<EventKey>,
    #[serde(skip)]
    shared: Arc<Shared<Call>>,
}

#[Model]
impl Caller {
    fn on(&mut self, call: Call, ctx: &Context<Self>) {
        match call {
            Call::Ask { from, number } => {
                self.shared.get().messages.fetch_add(1, Relaxed);
                self.shared.send(from, self.shared.delay(), Call::Answer(number));
            }
            Call::Answer(number) => {
                self.shared.get().messages.fetch_add(1, Relaxed);
                if number == self.asked {
                    if let Some(timer) = self.timer.take() {
                        timer.cancel();
                    }
                    self.ask(ctx);
                }
            }
            // It begins.
            Call::Rested => self.ask(ctx),
        }
    }
    #[nexosim(schedulable)]
    fn give_up(&mut self, _: (), ctx: &Context<Self>) {
        self.given_up += 1;
        self.ask(ctx);
    }
    fn ask(&mut self, ctx: &Context<Self>) {
        self.asked += 1;
        let ask = Call::Ask { from: self.index, number: self.asked };
        self.shared.send(self.shared.anyone(), self.shared.delay(), ask);
        let timer =
            ctx.schedule_keyed_event(Duration::from_nanos(TIMEOUT_NANOS), schedulable!(Self::give_up), ());
        self.timer = Some(timer.expect("it is in the future"));
    }
}

fn timeouts(task: Task) -> Done {
    let shared = Arc::default();
    let mut sim = simulation(
        42,
        task.size as usize,
        &shared,
        |index, shared| Caller { index, asked: 0, given_up: 0, timer: None, shared },
        |mailbox, bench| EventSource::new().connect(Caller::on, mailbox).register(bench),
    );
    for index in 0..task.size as usize {
        shared.send(index, 1, Call::Rested);
    }
    let messages = || shared.get().messages.load(Relaxed);
    while messages() < task.units {
        step(&mut sim);
    }
    Done { units: messages(), check: check(&sim) }
}
