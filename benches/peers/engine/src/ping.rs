//! Two nodes throw a ball.

use crate::done;
use harness::{Done, PING_NANOS, Task};
use sim_core::{link::LinkPlan, prelude::*, sample::Delay, time::Time, world::World};

#[derive(Clone, Debug, Hash)]
struct Player {
    caught: u64,
}

#[derive(Clone, Debug, Hash)]
struct Ball(u64);

impl Message for Ball {
    fn bytes(&self) -> u64 {
        8
    }
}

impl Protocol for Player {
    type Config = ();
    type Msg = Ball;
    type Timer = Never;
    type Disk = ();
    type Serves = Never;
    type Calls = Never;
    type Ghost = ();
    const PROPERTIES: &'static [Property<Self>] = &[];
    const ROLES: &'static [Role] = &[Role::PEER];

    fn start((): &(), ctx: &mut Ctx<'_, Self>) -> Self {
        if ctx.index(ctx.me) == 0 {
            ctx.broadcast(Ball(0));
        }
        Player { caught: 0 }
    }
    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<'_, Self>) {
        match input {
            Deliver(from, Ball(throws)) => {
                self.caught += 1;
                ctx.send(from, Ball(throws + 1));
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
pub fn world(_: Task) -> World {
    let link = LinkPlan::new(Delay::Constant(Span(PING_NANOS)));
    crate::world::<Player>(2, (), link, Time::MAX)
}

pub(crate) fn run(task: Task) -> Done {
    done(world(task), 2 + task.units, |world| world.events() - 2)
}
