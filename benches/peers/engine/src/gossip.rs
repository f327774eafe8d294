//! In every round each node tells three random others the highest number that it knows, and one more.

use crate::{done, uniform};
use harness::{DELAY_NANOS, Done, FANOUT, LOSS, ROUND_NANOS, Task, rounds};
use sim_core::{link::LinkPlan, prelude::*, rng::Chance, time::Time, world::World};

#[derive(Clone, Debug, Hash)]
struct Gossip {
    seen: u64,
    left: u64,
}

#[derive(Clone, Debug, Hash)]
struct Rumor(u64);

impl Message for Rumor {
    fn bytes(&self) -> u64 {
        8
    }
}

#[derive(Clone, Debug, Hash, PartialEq)]
struct Round;

impl Protocol for Gossip {
    type Config = u64;
    type Msg = Rumor;
    type Timer = Round;
    type Disk = ();
    type Serves = Never;
    type Calls = Never;
    type Ghost = ();
    const PROPERTIES: &'static [Property<Self>] = &[];
    const ROLES: &'static [Role] = &[Role::PEER];

    fn start(rounds: &u64, ctx: &mut Ctx<'_, Self>) -> Self {
        ctx.set(Round, Span(ROUND_NANOS));
        Gossip { seen: 0, left: *rounds }
    }
    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<'_, Self>) {
        match input {
            Deliver(_, Rumor(number)) => self.seen = self.seen.max(number),
            Timeout(Round) => {
                let count = ctx.members().len() as u64;
                for _ in 0..FANOUT {
                    let to = NodeId(ctx.rng.below(count) as u32);
                    ctx.send(to, Rumor(self.seen + 1));
                }
                self.left -= 1;
                if self.left > 0 {
                    ctx.set(Round, Span(ROUND_NANOS));
                }
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
    let loss = Chance::new(LOSS).expect("a probability");
    let link = LinkPlan { loss, ..uniform(DELAY_NANOS) };
    crate::world::<Gossip>(task.size, rounds(task), link, Time::MAX)
}

pub(crate) fn run(task: Task) -> Done {
    done(world(task), u64::MAX, |_| rounds(task) * FANOUT * task.size)
}
