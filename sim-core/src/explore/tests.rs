use super::*;
use crate::{
    disk::Cell,
    property::{Judgement, Property, When},
    protocol::{Ctx, Input, Role},
    spec::Answer,
    time::Units,
};
use alloc::{string::ToString, vec};

/// Everybody tells everybody a number once, when its timer runs out, and adds up what it hears. What it heard is on the disk
/// if it is told to sync.
#[derive(Clone, Debug, Hash)]
struct Sum {
    heard: u64,
    syncs: bool,
}

impl Protocol for Sum {
    type Config = bool;
    type Msg = u64;
    type Timer = ();
    type Disk = Cell<u64>;
    type Serves = Never;
    type Calls = Never;
    type Ghost = ();
    const PROPERTIES: &'static [Property<Self>] =
        &[Property::always("less than 100", When::EveryEvent, |(), view, changed| {
            match view.state(changed) {
                Some(node) if node.heard >= 100 => Judgement::Broken(node.heard.to_string()),
                Some(_) | None => Judgement::Holds,
            }
        })];
    const ROLES: &'static [Role] = &[Role::PEER];

    fn start(&syncs: &bool, ctx: &mut Ctx<'_, Self>) -> Self {
        ctx.set((), 1.s());
        Sum { heard: *ctx.disk.get(), syncs }
    }
    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<'_, Self>) {
        match input {
            Input::Timeout(()) => ctx.broadcast(1 + ctx.index(ctx.me) as u64),
            Input::Deliver(_, number) => {
                self.heard += number;
                ctx.disk.set(self.heard);
                if self.syncs {
                    ctx.sync();
                }
            }
            Input::Request(_, never) | Input::Response(_, Answer::Ok(never)) => match never {},
            Input::Response(_, Answer::Refused | Answer::Redirect(_)) => {}
        }
    }
    fn role(&self) -> Role {
        Role::PEER
    }
    fn epoch(&self) -> u64 {
        0
    }
    fn show(&self) -> Vec<(&'static str, String)> {
        vec![("heard", self.heard.to_string())]
    }
}

fn explore(nodes: u32, syncs: bool, bounds: Bounds) -> Exploration {
    let small: Small<Sum> = Small { config: syncs, nodes, operations: vec![], bounds };
    small.explore(&mut |_| true).expect("it can be explored")
}

/// Each message is not sent, on its way or there, and those of one sender are sent together: so many states a sender,
/// independently of the others.
#[test]
fn once_every_message_is_unsent_on_its_way_or_there() {
    for (nodes, states) in [(1, 2), (2, 3 * 3), (3, 5 * 5 * 5)] {
        let found = explore(nodes, true, Bounds::default());
        assert_eq!((found.states, found.ended, found.violation), (states, Ended::All, None), "{nodes} nodes");
        // The longest way: all timers, then all messages.
        assert_eq!(found.depth, nodes + nodes * (nodes - 1));
    }
}

#[test]
fn again_a_message_can_be_heard_until_something_breaks() {
    let found = explore(2, true, Bounds { messages: Messages::Again, ..Bounds::default() });
    let violation = found.violation.expect("the sum grows");
    // Number 2 is the larger one: it is sent once and heard fifty times.
    assert_eq!((violation.property, violation.path.len()), ("less than 100", 51));
    assert_eq!(violation.found, "100");
}

#[test]
fn bounds_are_kept_and_said() {
    let found = explore(3, true, Bounds { timeouts: Some(1), ..Bounds::default() });
    assert_eq!((found.states, found.depth), (1 + 3 * 4, 3), "one timer, then its two messages");
    let found = explore(3, true, Bounds { depth: Some(2), ..Bounds::default() });
    assert_eq!((found.ended, found.depth), (Ended::Depth(2), 2));
    let found = explore(3, true, Bounds { states: 100, ..Bounds::default() });
    let Ended::States(depth) = found.ended else { panic!("{found:?}") };
    assert_eq!(found.states, 100);
    // What it says of depth is true: so many states lie within it.
    let within = explore(3, true, Bounds { depth: Some(depth), ..Bounds::default() });
    assert!(within.states <= 100, "{within:?}");
    let mut told = 0;
    let small: Small<Sum> = Small { config: true, nodes: 5, operations: vec![], bounds: Bounds::default() };
    let found = small.explore(&mut |progress| {
        told += 1;
        progress.states < 3000
    });
    assert!(matches!(found.expect("it can be explored").ended, Ended::Stopped(_)));
    assert_eq!(told, 3);
}

/// What was heard survives a crash if it was synced, and only then.
#[test]
fn crashes_lose_what_was_not_synced() {
    let path = [
        Step::Timeout { node: NodeId(0), timer: "()".into() },
        Step::Deliver { from: NodeId(0), to: NodeId(1), msg: "1".into() },
        Step::Crash(NodeId(1)),
        Step::Boot(NodeId(1)),
    ];
    for (syncs, heard) in [(true, "1"), (false, "0")] {
        let small: Small<Sum> =
            Small { config: syncs, nodes: 2, operations: vec![], bounds: Bounds::default() };
        let mut scenes = Vec::new();
        small.follow(&path, &mut |_, scene| scenes.push(scene.clone())).expect("it is a path");
        assert_eq!(scenes.len(), 5);
        assert_eq!(scenes[3].nodes[1], None, "it is down");
        assert_eq!(scenes[4].nodes[1], Some(vec![("heard", heard.to_string())]));
    }
}

/// The same exploration, whatever it is asked twice.
#[test]
fn it_is_the_same_each_time() {
    let bounds = || Bounds { crashes: 1, states: 5_000, ..Bounds::default() };
    assert_eq!(explore(3, false, bounds()), explore(3, false, bounds()));
}
