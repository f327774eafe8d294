//! Nodes that boot and then do nothing: what the engine keeps for each.

use crate::uniform;
use harness::DELAY_NANOS;
use sim_core::{prelude::*, time::Time, world::World};

#[derive(Clone, Debug, Hash)]
struct Idle;

impl Protocol for Idle {
    type Config = ();
    type Msg = Never;
    type Timer = Never;
    type Disk = ();
    type Serves = Never;
    type Calls = Never;
    type Ghost = ();
    const PROPERTIES: &'static [Property<Self>] = &[];
    const ROLES: &'static [Role] = &[Role::PEER];

    fn start((): &(), _: &mut Ctx<'_, Self>) -> Self {
        Idle
    }
    fn step(&mut self, _: Input<Self>, _: &mut Ctx<'_, Self>) {}
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

/// So many of them, none of which has booted.
pub fn world(nodes: u64) -> World {
    crate::world::<Idle>(nodes, (), uniform(DELAY_NANOS), Time::MAX)
}
