//! Every node asks a random other, and sets a timeout that the answer cancels; then it asks again.

use crate::{done, uniform};
use harness::{DELAY_NANOS, Done, TIMEOUT_NANOS, Task};
use sim_core::{prelude::*, time::Time, world::World};

#[derive(Clone, Debug, Hash)]
struct Caller {
    asked: u64,
    given_up: u64,
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
struct GiveUp;

impl Caller {
    fn ask(&mut self, ctx: &mut Ctx<'_, Self>) {
        self.asked += 1;
        let to = NodeId(ctx.rng.below(ctx.members().len() as u64) as u32);
        ctx.send(to, Msg::Ask(self.asked));
        ctx.set(GiveUp, Span(TIMEOUT_NANOS));
    }
}

impl Protocol for Caller {
    type Config = ();
    type Msg = Msg;
    type Timer = GiveUp;
    type Disk = ();
    type Serves = Never;
    type Calls = Never;
    type Ghost = ();
    const PROPERTIES: &'static [Property<Self>] = &[];
    const ROLES: &'static [Role] = &[Role::PEER];

    fn start((): &(), ctx: &mut Ctx<'_, Self>) -> Self {
        let mut caller = Caller { asked: 0, given_up: 0 };
        caller.ask(ctx);
        caller
    }
    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<'_, Self>) {
        match input {
            Deliver(from, Msg::Ask(number)) => ctx.send(from, Msg::Answer(number)),
            Deliver(_, Msg::Answer(number)) if number == self.asked => {
                ctx.cancel(&GiveUp);
                self.ask(ctx);
            }
            Deliver(_, Msg::Answer(_)) => {}
            Timeout(GiveUp) => {
                self.given_up += 1;
                self.ask(ctx);
            }
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
    crate::world::<Caller>(task.size, (), uniform(DELAY_NANOS), Time::MAX)
}

pub(crate) fn run(task: Task) -> Done {
    done(world(task), task.size + task.units, |world| world.events() - task.size)
}
