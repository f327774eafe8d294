//! simrs: components that handle events by `&self`, events of any type in a binary heap, equal times in no particular
//! order. It has no network and no randomness, so the models draw the delay and the loss themselves. Its documentation
//! keeps what changes in `State`, or in cells of the component; the cells are faster.

use harness::{
    DELAY_NANOS, Done, Draw, FANOUT, LOSS, PING_NANOS, REST_NANOS, ROUND_NANOS, Task, Workload, rounds,
};
use simrs::{Component, ComponentId, Execute, Executor, Scheduler, Simulation, State};
use std::{
    cell::{Cell, RefCell},
    fmt,
    rc::Rc,
    time::Duration,
};

fn main() {
    harness::main("simrs 0.2.0", |task| match task.workload {
        Workload::Phold => Some(phold(task)),
        Workload::PingPong => Some(ping(task)),
        Workload::Gossip => Some(gossip(task)),
        Workload::Seeds => Some(seeds(task)),
        // What is scheduled cannot be cancelled.
        Workload::Crowd | Workload::Timeouts => None,
    });
}

/// What the components share: randomness, and each other's ids, known only when all have been added.
struct Shared<E> {
    draw: RefCell<Draw>,
    ids: RefCell<Vec<ComponentId<E>>>,
}

impl<E: fmt::Debug + 'static> Shared<E> {
    fn new(seed: u64) -> Rc<Self> {
        Rc::new(Shared { draw: RefCell::new(Draw::new(seed)), ids: RefCell::default() })
    }
    fn add(&self, sim: &mut Simulation, component: impl Component<Event = E> + 'static) {
        let id = sim.add_component(component);
        self.ids.borrow_mut().push(id);
    }
    fn id(&self, index: usize) -> ComponentId<E> {
        self.ids.borrow()[index]
    }
    fn anyone(&self) -> ComponentId<E> {
        let ids = self.ids.borrow();
        ids[self.draw.borrow_mut().below(ids.len() as u64) as usize]
    }
    fn delay(&self) -> Duration {
        Duration::from_nanos(self.draw.borrow_mut().nanos(DELAY_NANOS.0, DELAY_NANOS.1))
    }
}

/// PHOLD and ping-pong.
#[derive(Debug)]
struct Ball(u64);

struct Hopper {
    shared: Rc<Shared<Ball>>,
    count: Cell<u64>,
}

impl Component for Hopper {
    type Event = Ball;
    fn process_event(&self, _: ComponentId<Ball>, ball: &Ball, scheduler: &mut Scheduler, _: &mut State) {
        self.count.set(self.count.get() + 1);
        let delay = self.shared.draw.borrow_mut().phold_nanos();
        scheduler.schedule(Duration::from_nanos(delay), self.shared.anyone(), Ball(ball.0 + 1));
    }
}

fn phold(task: Task) -> Done {
    let mut sim = Simulation::default();
    let shared = Shared::new(42);
    for _ in 0..task.size {
        shared.add(&mut sim, Hopper { shared: shared.clone(), count: Cell::new(0) });
    }
    for index in 0..task.size as usize {
        let delay = shared.draw.borrow_mut().phold_nanos();
        sim.schedule(Duration::from_nanos(delay), shared.id(index), Ball(0));
    }
    Executor::steps(task.units as usize).execute(&mut sim);
    Done { units: task.units, check: sim.scheduler.time().as_nanos() as u64 }
}

struct Player {
    shared: Rc<Shared<Ball>>,
    other: usize,
}

impl Component for Player {
    type Event = Ball;
    fn process_event(&self, _: ComponentId<Ball>, ball: &Ball, scheduler: &mut Scheduler, _: &mut State) {
        let other = self.shared.id(self.other);
        scheduler.schedule(Duration::from_nanos(PING_NANOS), other, Ball(ball.0 + 1));
    }
}

fn ping(task: Task) -> Done {
    let mut sim = Simulation::default();
    let shared = Shared::new(42);
    for other in [1, 0] {
        shared.add(&mut sim, Player { shared: shared.clone(), other });
    }
    sim.schedule(Duration::from_nanos(PING_NANOS), shared.id(1), Ball(0));
    Executor::steps(task.units as usize).execute(&mut sim);
    Done { units: task.units, check: sim.scheduler.time().as_nanos() as u64 }
}

#[derive(Debug)]
enum Gossip {
    Round,
    Rumor(u64),
}

struct Gossiper {
    shared: Rc<Shared<Gossip>>,
    left: Cell<u64>,
    seen: Cell<u64>,
}

impl Component for Gossiper {
    type Event = Gossip;
    fn process_event(
        &self,
        me: ComponentId<Gossip>,
        gossip: &Gossip,
        scheduler: &mut Scheduler,
        _: &mut State,
    ) {
        match gossip {
            Gossip::Round => {
                for _ in 0..FANOUT {
                    let to = self.shared.anyone();
                    let lost = self.shared.draw.borrow_mut().unit() <= LOSS;
                    if !lost {
                        scheduler.schedule(self.shared.delay(), to, Gossip::Rumor(self.seen.get() + 1));
                    }
                }
                self.left.set(self.left.get() - 1);
                if self.left.get() > 0 {
                    scheduler.schedule(Duration::from_nanos(ROUND_NANOS), me, Gossip::Round);
                }
            }
            Gossip::Rumor(number) => self.seen.set(self.seen.get().max(*number)),
        }
    }
}

fn gossip(task: Task) -> Done {
    let mut sim = Simulation::default();
    let shared = Shared::new(42);
    for index in 0..task.size as usize {
        let left = Cell::new(rounds(task));
        shared.add(&mut sim, Gossiper { shared: shared.clone(), left, seen: Cell::new(0) });
        sim.schedule(Duration::from_nanos(ROUND_NANOS), shared.id(index), Gossip::Round);
    }
    Executor::unbound().execute(&mut sim);
    let check = sim.scheduler.time().as_nanos() as u64;
    Done { units: rounds(task) * FANOUT * task.size, check }
}

#[derive(Debug)]
enum Call {
    Ask { from: usize, number: u64 },
    Answer(u64),
    Rested,
}

struct Server {
    shared: Rc<Shared<Call>>,
}

impl Component for Server {
    type Event = Call;
    fn process_event(&self, _: ComponentId<Call>, call: &Call, scheduler: &mut Scheduler, _: &mut State) {
        if let Call::Ask { from, number } = *call {
            scheduler.schedule(self.shared.delay(), self.shared.id(from), Call::Answer(number));
        }
    }
}

struct Client {
    shared: Rc<Shared<Call>>,
    index: usize,
    asked: Cell<u64>,
    served: Cell<u64>,
}

impl Component for Client {
    type Event = Call;
    fn process_event(&self, me: ComponentId<Call>, call: &Call, scheduler: &mut Scheduler, _: &mut State) {
        match *call {
            Call::Rested => {
                self.asked.set(self.asked.get() + 1);
                let ask = Call::Ask { from: self.index, number: self.asked.get() };
                scheduler.schedule(self.shared.delay(), self.shared.id(0), ask);
            }
            Call::Answer(number) => {
                self.served.set(number);
                scheduler.schedule(Duration::from_nanos(REST_NANOS), me, Call::Rested);
            }
            Call::Ask { .. } => {}
        }
    }
}

fn seeds(task: Task) -> Done {
    let mut check = 0u64;
    for seed in 0..task.units {
        let mut sim = Simulation::default();
        let shared = Shared::new(seed);
        shared.add(&mut sim, Server { shared: shared.clone() });
        for index in [1, 2] {
            let (asked, served) = (Cell::new(0), Cell::new(0));
            shared.add(&mut sim, Client { shared: shared.clone(), index, asked, served });
            sim.schedule(Duration::ZERO, shared.id(index), Call::Rested);
        }
        Executor::timed(Duration::from_secs(task.size)).execute(&mut sim);
        check = check.rotate_left(1) ^ shared.draw.borrow_mut().bits();
    }
    Done { units: task.units, check }
}
