//! Whoever gets the message sends it on to a random node.

use crate::{done, uniform};
use harness::{CROWD_NODES, Done, PHOLD_NANOS, Task, Workload};
use sim_core::{prelude::*, time::Time, world::World};

#[derive(Clone, Debug, Hash)]
struct Hop {
    count: u64,
}

#[derive(Clone, Debug, Hash)]
struct Ball(u64);

impl Message for Ball {
    fn bytes(&self) -> u64 {
        8
    }
}

impl Hop {
    fn pass(&mut self, hops: u64, ctx: &mut Ctx<'_, Self>) {
        let members = ctx.members();
        let to = NodeId(ctx.rng.below(members.len() as u64) as u32);
        ctx.send(to, Ball(hops + 1));
    }
}

impl Protocol for Hop {
    /// How many messages each sends when it starts.
    type Config = u64;
    type Msg = Ball;
    type Timer = Never;
    type Disk = ();
    type Serves = Never;
    type Calls = Never;
    type Ghost = ();
    const PROPERTIES: &'static [Property<Self>] = &[];
    const ROLES: &'static [Role] = &[Role::PEER];

    fn start(messages: &u64, ctx: &mut Ctx<'_, Self>) -> Self {
        let mut hop = Hop { count: 0 };
        (0..*messages).for_each(|_| hop.pass(0, ctx));
        hop
    }
    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<'_, Self>) {
        match input {
            Deliver(_, Ball(hops)) => {
                self.count += 1;
                self.pass(hops, ctx);
            }
            Timeout(never) => match never {},
            Request(_, never) => match never {},
            Response(..) => {}
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

/// The world of a task, which has not begun.
pub fn world(task: Task) -> World {
    let nodes = nodes(task);
    assert!(task.size.is_multiple_of(nodes), "as many messages for each of {nodes} nodes");
    crate::world::<Hop>(nodes, task.size / nodes, uniform(PHOLD_NANOS), Time::MAX)
}

pub(crate) fn run(task: Task) -> Done {
    // A boot is an event too.
    let boots = nodes(task);
    done(world(task), boots + task.units, |world| world.events() - boots)
}

fn nodes(task: Task) -> u64 {
    if task.workload == Workload::Crowd { CROWD_NODES } else { task.size }
}
