//! A server that answers, and two clients that ask, wait for the answer and rest; each run with another seed.

use crate::uniform;
use harness::{DELAY_NANOS, Done, REST_NANOS, Task};
use sim_core::{
    link::NetworkPlan,
    plan::{Plan, ServicePlan},
    prelude::*,
    time::Time,
    world::World,
};

#[derive(Clone, Debug, Hash)]
enum Node {
    Server,
    Client { asked: u64, served: u64 },
}

#[derive(Clone, Debug, Hash)]
enum Msg {
    Ask(u64),
    Answer(u64),
}

impl Message for Msg {
    fn bytes(&self) -> u64 {
        8
    }
}

#[derive(Clone, Debug, Hash, PartialEq)]
struct Rest;

impl Protocol for Node {
    type Config = ();
    type Msg = Msg;
    type Timer = Rest;
    type Disk = ();
    type Serves = Never;
    type Calls = Never;
    type Ghost = ();
    const PROPERTIES: &'static [Property<Self>] = &[];
    const ROLES: &'static [Role] = &[Role::PEER];

    fn start((): &(), ctx: &mut Ctx<'_, Self>) -> Self {
        if ctx.index(ctx.me) == 0 {
            return Node::Server;
        }
        ctx.set(Rest, Span::ZERO);
        Node::Client { asked: 0, served: 0 }
    }
    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<'_, Self>) {
        match (self, input) {
            (_, Deliver(from, Msg::Ask(number))) => ctx.send(from, Msg::Answer(number)),
            (Node::Client { served, .. }, Deliver(_, Msg::Answer(_))) => {
                *served += 1;
                ctx.set(Rest, Span(REST_NANOS));
            }
            (Node::Client { asked, .. }, Timeout(Rest)) => {
                *asked += 1;
                ctx.send(NodeId(0), Msg::Ask(*asked));
            }
            (Node::Server, Deliver(..) | Timeout(_)) => {}
            (_, Request(_, never)) => match never {},
            (_, Response(..)) => {}
        }
    }
    fn role(&self) -> Role {
        Role::PEER
    }
    fn epoch(&self) -> u64 {
        0
    }
    fn show(&self) -> Vec<(&'static str, String)> {
        vec![]
    }
}

pub(crate) fn run(task: Task) -> Done {
    let until = Time(task.size * 1_000_000_000);
    let plan = |seed| {
        let network = NetworkPlan::new(uniform(DELAY_NANOS));
        Plan::new(seed, until, vec![ServicePlan::new("all", 3)], network)
    };
    // As a hunt does: one world for all seeds.
    let mut world = World::new(plan(0));
    world.populate::<Node>((), None).expect("the plan has this service");
    let mut check = 0u64;
    for seed in 0..task.units {
        world.reset(plan(seed));
        world.run(u64::MAX);
        check = check.rotate_left(1) ^ world.finish().fingerprint;
    }
    Done { units: task.units, check }
}
