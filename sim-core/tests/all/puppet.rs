//! A protocol that does what a script says and nothing else, and worlds full of it.

#![allow(unreachable_pub, reason = "what tests share")]

use sim_core::{
    fault::{Fault, Pick, PlannedFault},
    link::{LinkPlan, NetworkPlan},
    plan::{DiskPlan, Plan, ServicePlan},
    prelude::*,
    run::Run,
    sample::Delay,
    time::Time,
    trace::Kind as Taken,
    world::World,
};

/// What a node does at a moment of its script.
#[derive(Clone, Debug)]
pub enum Do {
    Send(u32, u64),
    Set(u8, Span),
    Cancel(u8),
    After(u8, Span),
    Write(u64),
    Sync,
    Work(Span),
    /// Looks at its clock, and remarks what it shows.
    Look,
}
pub use Do::*;

/// Node, moment (by its own clock, since its boot), what it does in one step.
pub type Script = Vec<(u32, Span, Vec<Do>)>;

#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Timer {
    Line(usize),
    Alarm(u8),
}

#[derive(Clone, Debug, Hash)]
pub struct Puppet {
    pub got: Vec<u64>,
    lines: Lines,
}

#[derive(Clone, Debug)]
pub struct Lines(pub Script);

/// The script is the same for all: no part of what tells two states apart.
impl std::hash::Hash for Lines {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

impl Protocol for Puppet {
    type Config = Lines;
    type Msg = u64;
    type Timer = Timer;
    type Disk = (Cell<u64>, Log<u64>);
    type Serves = Never;
    type Calls = Never;
    type Ghost = ();
    const PROPERTIES: &'static [Property<Self>] = &[];
    const ROLES: &'static [Role] = &[Role::PEER, Role::LEADER];
    const GAUGES: &'static [Gauge<Self>] = &[Gauge::toward(
        "got",
        "messages",
        |node| Some(node.got.len() as f64),
        // Who got nothing yet does not know that there is anything to get.
        |node| (!node.got.is_empty()).then_some(3.0),
    )];

    fn start(config: &Lines, ctx: &mut Ctx<Self>) -> Self {
        let index = ctx.index(ctx.me) as u32;
        // What it finds on its disk, for the test to see.
        let found = format!("{:?}", ctx.disk.1.to_vec());
        ctx.note(|| found);
        for (line, (node, at, _)) in config.0.iter().enumerate() {
            if *node == index {
                ctx.set(Timer::Line(line), *at);
            }
        }
        Puppet { got: vec![], lines: config.clone() }
    }

    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        match input {
            Timeout(Timer::Line(line)) => {
                for act in self.lines.0[line].2.clone() {
                    match act {
                        Send(to, value) => ctx.send(NodeId(to), value),
                        Set(alarm, wait) => ctx.set(Timer::Alarm(alarm), wait),
                        Cancel(alarm) => ctx.cancel(&Timer::Alarm(alarm)),
                        After(alarm, wait) => drop(ctx.after(wait, Timer::Alarm(alarm))),
                        Write(value) => {
                            ctx.disk.0.set(value);
                            ctx.disk.1.push(value);
                        }
                        Sync => ctx.sync(),
                        Work(span) => ctx.work(span),
                        Look => {
                            let now = ctx.now();
                            ctx.note(|| format!("clock {now}"));
                        }
                    }
                }
            }
            Timeout(Timer::Alarm(_)) => {}
            Deliver(_, value) => self.got.push(value),
            Request(_, op) => match op {},
            Response(_, answer) => match answer {
                Answer::Ok(never) => match never {},
                Answer::Refused | Answer::Redirect(_) => {}
            },
        }
    }
    /// It leads while the last thing it got was a 100.
    fn role(&self) -> Role {
        if self.got.last() == Some(&100) { Role::LEADER } else { Role::PEER }
    }
    fn epoch(&self) -> u64 {
        self.got.len() as u64
    }
    fn bounds(_: &Lines, around: &Surroundings) -> Vec<Bound> {
        let at = Time(around.nics.len() as u64 * 1_000_000_000);
        vec![Bound { gauge: "got", name: "a second a node".into(), at }]
    }
    fn show(&self) -> Vec<(&'static str, String)> {
        vec![("got", format!("{:?}", self.got)), ("count", self.got.len().to_string())]
    }
}

/// A network on which everything takes this long.
pub fn constant(delay: Span) -> NetworkPlan {
    NetworkPlan::new(LinkPlan::new(Delay::Constant(delay)))
}

/// So many nodes, `p-1` and so on, with faults called `fault-0` and so on, for ten seconds.
pub fn plan(nodes: u32, network: NetworkPlan, faults: Vec<(Span, Option<Span>, Fault)>) -> Plan {
    let disk = DiskPlan { sync: Delay::Constant(5.ms()), ..DiskPlan::default() };
    let services = vec![ServicePlan { disk, ..ServicePlan::new("p", nodes) }];
    let named = |(i, (at, lasts, fault)): (usize, (Span, Option<Span>, Fault))| {
        PlannedFault::at(&format!("fault-{i}"), Time(at.0), lasts, fault)
    };
    let faults = faults.into_iter().enumerate().map(named).collect();
    Plan { faults, ..Plan::new(1, Time(10_000_000_000), services, network) }
}

pub fn world(plan: Plan, script: Script) -> World {
    let mut world = World::new(plan);
    world.populate::<Puppet>(Lines(script), None).unwrap();
    world.trace();
    world
}

pub fn run(plan: Plan, script: Script) -> Run {
    let mut world = world(plan, script);
    world.run(1_000_000);
    world.finish()
}

/// When and what the node was delivered.
pub fn delivered(run: &Run, node: u32) -> Vec<(Span, u64)> {
    let entries = run.trace.as_ref().unwrap().entries();
    let mine = entries.filter(|e| e.node == NodeId(node) && e.kind == Taken::Deliver);
    mine.map(|e| (Span(e.at.0), e.text.parse().unwrap())).collect()
}

/// When alarms rang at the node.
pub fn rang(run: &Run, node: u32) -> Vec<(Span, String)> {
    let entries = run.trace.as_ref().unwrap().entries();
    let mine =
        entries.filter(|e| e.node == NodeId(node) && e.kind == Taken::Timeout && e.text.starts_with("Alarm"));
    mine.map(|e| (Span(e.at.0), e.text.to_string())).collect()
}

pub fn name(node: u32) -> Pick {
    Pick::Node(format!("p-{}", node + 1))
}

/// What the node remarked, and when.
pub fn noted(run: &Run, node: u32) -> Vec<(Span, String)> {
    let mine = run.notes.iter().filter(|note| note.node == NodeId(node));
    mine.map(|note| (Span(note.at.0), note.text.clone())).collect()
}

/// What the clock of a node showed when it looked.
pub fn looked(run: &Run, node: u32) -> Vec<(Span, String)> {
    let notes = noted(run, node).into_iter();
    notes.filter_map(|(at, text)| Some((at, text.strip_prefix("clock ")?.to_string()))).collect()
}
