//! anysystem: processes on nodes, a network with delay and loss, timers by name, messages and names that are strings. It
//! keeps a log of all events, which grows as long as it runs.

use anysystem::{Context, Message, Process, System};
use harness::{
    DELAY_NANOS, Done, FANOUT, LOSS, PHOLD_NANOS, PING_NANOS, REST_NANOS, ROUND_NANOS, TIMEOUT_NANOS, Task,
    Workload, rounds,
};
use std::{cell::Cell, rc::Rc};

fn main() {
    harness::main("anysystem 0.3.0", |task| {
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

/// What handlers give back.
type Handled = Result<(), String>;

/// Its clock counts in seconds.
fn seconds(nanos: u64) -> f64 {
    nanos as f64 * 1e-9
}

fn system(seed: u64, (low, high): (u64, u64), loss: f64) -> System {
    let system = System::new(seed);
    let mut network = system.network();
    network.set_delays(seconds(low), seconds(high));
    network.set_drop_rate(loss);
    drop(network);
    system
}

/// The names of so many processes.
fn names(count: u64) -> Rc<Vec<String>> {
    Rc::new((0..count).map(|index| format!("process{index}")).collect())
}

fn anyone(names: &[String], ctx: &mut Context) -> String {
    names[(ctx.rand() * names.len() as f64) as usize].clone()
}

/// Adds a process on a node of its own, and tells it to begin.
fn add(system: &mut System, name: &str, process: impl Process + 'static) {
    let node = format!("node of {name}");
    system.add_node(&node);
    system.add_process(name, Box::new(process), &node);
}

fn begin(system: &mut System, names: &[String]) {
    for name in names {
        system.send_local_message(name, Message::new("BEGIN", ""));
    }
}

fn number(message: &Message) -> Result<u64, String> {
    message.data.parse().map_err(|error| format!("`{}`: {error}", message.data))
}

#[derive(Clone)]
struct Hopper {
    names: Rc<Vec<String>>,
    count: Rc<Cell<u64>>,
}

impl Process for Hopper {
    fn on_message(&mut self, message: Message, _: String, ctx: &mut Context) -> Handled {
        self.count.set(self.count.get() + 1);
        let hops = (number(&message)? + 1).to_string();
        let to = anyone(&self.names, ctx);
        ctx.send(Message::new("HOP", &hops), to);
        Ok(())
    }
    fn on_local_message(&mut self, _: Message, ctx: &mut Context) -> Handled {
        let to = anyone(&self.names, ctx);
        ctx.send(Message::new("HOP", "0"), to);
        Ok(())
    }
    fn on_timer(&mut self, _: String, _: &mut Context) -> Handled {
        Ok(())
    }
}

fn phold(task: Task) -> Done {
    let mut system = system(1, PHOLD_NANOS, 0.0);
    let (names, count) = (names(task.size), Rc::new(Cell::new(0)));
    for name in names.iter() {
        add(&mut system, name, Hopper { names: names.clone(), count: count.clone() });
    }
    begin(&mut system, &names);
    while count.get() < task.units {
        system.steps(64);
    }
    Done { units: count.get(), check: system.time().to_bits() }
}

#[derive(Clone)]
struct Player {
    other: String,
    count: Rc<Cell<u64>>,
}

impl Process for Player {
    fn on_message(&mut self, message: Message, from: String, ctx: &mut Context) -> Handled {
        self.count.set(self.count.get() + 1);
        let throws = (number(&message)? + 1).to_string();
        ctx.send(Message::new("BALL", &throws), from);
        Ok(())
    }
    fn on_local_message(&mut self, _: Message, ctx: &mut Context) -> Handled {
        ctx.send(Message::new("BALL", "0"), self.other.clone());
        Ok(())
    }
    fn on_timer(&mut self, _: String, _: &mut Context) -> Handled {
        Ok(())
    }
}

fn ping(task: Task) -> Done {
    let mut system = system(1, (PING_NANOS, PING_NANOS), 0.0);
    let (names, count) = (names(2), Rc::new(Cell::new(0)));
    for (name, other) in [(0, 1), (1, 0)] {
        let player = Player { other: names[other].clone(), count: count.clone() };
        add(&mut system, &names[name], player);
    }
    begin(&mut system, &names[..1]);
    while count.get() < task.units {
        system.steps(64);
    }
    Done { units: count.get(), check: system.time().to_bits() }
}

#[derive(Clone)]
struct Gossiper {
    names: Rc<Vec<String>>,
    left: u64,
    seen: u64,
    heard: Rc<Cell<u64>>,
}

impl Process for Gossiper {
    fn on_message(&mut self, message: Message, _: String, _: &mut Context) -> Handled {
        self.heard.set(self.heard.get() + 1);
        self.seen = self.seen.max(number(&message)?);
        Ok(())
    }
    fn on_local_message(&mut self, _: Message, ctx: &mut Context) -> Handled {
        ctx.set_timer("round", seconds(ROUND_NANOS));
        Ok(())
    }
    fn on_timer(&mut self, _: String, ctx: &mut Context) -> Handled {
        for _ in 0..FANOUT {
            let rumor = Message::new("RUMOR", &(self.seen + 1).to_string());
            let to = anyone(&self.names, ctx);
            ctx.send(rumor, to);
        }
        self.left -= 1;
        if self.left > 0 {
            ctx.set_timer("round", seconds(ROUND_NANOS));
        }
        Ok(())
    }
}

fn gossip(task: Task) -> Done {
    let mut system = system(1, DELAY_NANOS, LOSS);
    let (names, heard) = (names(task.size), Rc::new(Cell::new(0)));
    for name in names.iter() {
        let (names, heard) = (names.clone(), heard.clone());
        add(&mut system, name, Gossiper { names, left: rounds(task), seen: 0, heard });
    }
    begin(&mut system, &names);
    system.step_until_no_events();
    Done { units: rounds(task) * FANOUT * task.size, check: heard.get() }
}

#[derive(Clone)]
struct Server;

impl Process for Server {
    fn on_message(&mut self, message: Message, from: String, ctx: &mut Context) -> Handled {
        ctx.send(Message::new("ANSWER".to_string(), message.data), from);
        Ok(())
    }
    fn on_local_message(&mut self, _: Message, _: &mut Context) -> Handled {
        Ok(())
    }
    fn on_timer(&mut self, _: String, _: &mut Context) -> Handled {
        Ok(())
    }
}

#[derive(Clone)]
struct Client {
    asked: u64,
    served: Rc<Cell<u64>>,
}

impl Process for Client {
    fn on_message(&mut self, _: Message, _: String, ctx: &mut Context) -> Handled {
        self.served.set(self.served.get() + 1);
        ctx.set_timer("rest", seconds(REST_NANOS));
        Ok(())
    }
    fn on_local_message(&mut self, _: Message, ctx: &mut Context) -> Handled {
        self.on_timer("rest".to_string(), ctx)
    }
    fn on_timer(&mut self, _: String, ctx: &mut Context) -> Handled {
        self.asked += 1;
        ctx.send(Message::new("ASK", &self.asked.to_string()), "server".to_string());
        Ok(())
    }
}

fn seeds(task: Task) -> Done {
    let served = Rc::new(Cell::new(0));
    for seed in 0..task.units {
        let mut system = system(seed, DELAY_NANOS, 0.0);
        add(&mut system, "server", Server);
        let clients = ["client1", "client2"].map(str::to_string);
        for client in &clients {
            add(&mut system, client, Client { asked: 0, served: served.clone() });
        }
        begin(&mut system, &clients);
        system.step_for_duration(task.size as f64);
    }
    Done { units: task.units, check: served.get() }
}

#[derive(Clone)]
struct Caller {
    names: Rc<Vec<String>>,
    asked: u64,
    given_up: u64,
    count: Rc<Cell<u64>>,
}

impl Caller {
    fn ask(&mut self, ctx: &mut Context) {
        self.asked += 1;
        let to = anyone(&self.names, ctx);
        ctx.send(Message::new("ASK", &self.asked.to_string()), to);
        ctx.set_timer("give up", seconds(TIMEOUT_NANOS));
    }
}

impl Process for Caller {
    fn on_message(&mut self, message: Message, from: String, ctx: &mut Context) -> Handled {
        self.count.set(self.count.get() + 1);
        if message.tip == "ASK" {
            ctx.send(Message::new("ANSWER".to_string(), message.data), from);
        } else if number(&message)? == self.asked {
            ctx.cancel_timer("give up");
            self.ask(ctx);
        }
        Ok(())
    }
    fn on_local_message(&mut self, _: Message, ctx: &mut Context) -> Handled {
        self.ask(ctx);
        Ok(())
    }
    fn on_timer(&mut self, _: String, ctx: &mut Context) -> Handled {
        self.given_up += 1;
        self.ask(ctx);
        Ok(())
    }
}

fn timeouts(task: Task) -> Done {
    let mut system = system(1, DELAY_NANOS, 0.0);
    let (names, count) = (names(task.size), Rc::new(Cell::new(0)));
    for name in names.iter() {
        let caller = Caller { names: names.clone(), asked: 0, given_up: 0, count: count.clone() };
        add(&mut system, name, caller);
    }
    begin(&mut system, &names);
    while count.get() < task.units {
        system.steps(64);
    }
    Done { units: count.get(), check: system.time().to_bits() }
}
