//! Single nodes driven by hand, for unit tests of protocols: this input, then those outputs, and nothing in between.
//!
//! The nodes are a real group: inputs are taken, effects held back, disks synced and properties judged by the code that
//! runs them in a world. What is left out is everything around it: no message travels, no timer runs out and no node
//! boots unless the test says so; disks sync at once, and clocks are right. A copy of a harness is a snapshot.

use crate::{
    disk::{Durable, End},
    group::{Group, Members},
    kernel::{Event, Kernel, Process, What},
    link::{LinkPlan, NetworkPlan},
    mail::Callee,
    network::Network,
    plan::ServicePlan,
    protocol::{Input, NodeId, Protocol, Ticket},
    queue::Queue,
    rng::{Keys, Purpose},
    run::Violation,
    sample::Delay,
    spec::{Answer, Spec},
    time::{Span, Time},
    wire::{Wire, WireId},
};
use alloc::{boxed::Box, collections::VecDeque, vec::Vec};

/// A group whose nodes take their inputs from a test.
///
/// ```
/// use sim_core::{harness::{Harness, Output}, prelude::*};
///
/// /// Tells everybody the highest number that it has heard of.
/// #[derive(Clone, Debug, Hash)]
/// struct Highest(u64);
///
/// impl Protocol for Highest {
///     type Config = ();
///     type Msg = u64;
///     type Timer = &'static str;
///     type Disk = Cell<u64>;
///     type Serves = Never;
///     type Calls = Never;
///     type Ghost = ();
///     const PROPERTIES: &'static [Property<Self>] = &[];
///     const ROLES: &'static [Role] = &[Role::PEER];
///
///     fn start(_: &(), ctx: &mut Ctx<Self>) -> Self {
///         ctx.set("remind", 1.s());
///         Highest(*ctx.disk.get())
///     }
///     fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
///         match input {
///             Deliver(_, number) if number <= self.0 => {}
///             Deliver(_, number) => {
///                 self.0 = number;
///                 ctx.disk.set(number);
///                 ctx.sync();
///                 ctx.broadcast(number);
///             }
///             Timeout(_) => ctx.broadcast(self.0),
///             Request(_, never) | Response(_, Answer::Ok(never)) => match never {},
///             Response(_, Answer::Refused | Answer::Redirect(_)) => {}
///         }
///     }
///     fn role(&self) -> Role { Role::PEER }
///     fn epoch(&self) -> u64 { 0 }
///     fn show(&self) -> Vec<(&'static str, String)> { vec![] }
/// }
///
/// let [old, young, third] = [0, 1, 2].map(NodeId);
/// let mut harness = Harness::<Highest>::new(3, ());
/// harness.disk(old).set(5); // as an earlier life left it
/// harness.boot(old);
///
/// // One input at a time, with what comes of it.
/// assert!(harness.step(old, Deliver(young, 4)).is_empty());
/// let told = harness.step(old, Deliver(young, 6));
/// assert!(matches!(told[..], [Output::Send(to, 6), Output::Send(_, 6)] if to == young));
///
/// // What was synced is there after a crash.
/// harness.crash(old);
/// harness.boot(old);
/// assert_eq!(harness.state(old).unwrap().0, 6);
///
/// // Or let messages flow until all is quiet.
/// harness.boot(young);
/// harness.boot(third);
/// let reminder = harness.fire(old, &"remind");
/// harness.settle(old, reminder, |_, to| to != third);
/// assert_eq!(harness.state(young).unwrap().0, 6);
/// assert_eq!(harness.state(third).unwrap().0, 0);
/// ```
#[derive(Clone, Debug)]
pub struct Harness<P: Protocol> {
    pub(crate) group: Members<P>,
    pub(crate) kernel: Kernel,
    /// The events of timers that are set, or cancelled and not reused.
    pub(crate) timers: Vec<Event>,
    asked: u32,
}

/// What a step made a node do, as others see it.
#[derive(Clone, Debug)]
pub enum Output<P: Protocol> {
    /// It sent a message to a node of its group.
    Send(NodeId, P::Msg),
    /// It answered a request.
    Answer(Ticket, Answer<<P::Serves as Spec>::Ret>),
    /// It called a node of another service.
    Call(NodeId, Ticket, <P::Calls as Spec>::Op),
}

/// Where the two wires of a harness are: what its nodes serve, and what they ask.
const SERVES: WireId = WireId(0);
const ASKS: WireId = WireId(1);
/// The one fault there is: the test.
const TEST: usize = 0;

impl<P: Protocol> Harness<P> {
    /// So many nodes, numbered from 0; none has booted, and all disks are new. Random draws follow from seed 0.
    pub fn new(nodes: u32, config: P::Config) -> Self {
        Self::seeded(0, nodes, config)
    }

    /// The same with random draws (timeouts, what a crash leaves of unsynced writes) from another seed.
    pub fn seeded(seed: u64, nodes: u32, config: P::Config) -> Self {
        let plan = NetworkPlan::new(LinkPlan::new(Delay::Constant(Span::ZERO)));
        let keys = Keys::new(seed);
        // One node more than the group has: whoever asks and is asked outside it.
        let network = Network::new(&plan, keys.key(Purpose::Network, 0, 0), nodes as usize + 1);
        let mut kernel = Kernel::new(network, keys, 1);
        kernel.wires.push(Box::new(Wire::<P::Serves>::default()));
        kernel.wires.push(Box::new(Wire::<P::Calls>::default()));
        let asks = Callee { wire: ASKS, first: NodeId(nodes), nodes: 1 };
        let mut group = Members::new(config, NodeId(0), SERVES, asks);
        group.reset(&ServicePlan::new("nodes", nodes), &mut kernel);
        kernel.processes.push(Process::Runs);
        kernel.queue = Queue::new();
        Harness { group, kernel, timers: Vec::new(), asked: 0 }
    }

    /// The disk of a node. What a test writes before [`Harness::boot`] counts as synced by an earlier life.
    pub fn disk(&mut self, node: NodeId) -> &mut P::Disk {
        &mut self.group.members[node.0 as usize].disk
    }

    /// The process of a node, if one runs.
    pub fn state(&self, node: NodeId) -> Option<&P> {
        self.group.members[node.0 as usize].state.as_ref()
    }

    /// Boots a node that is down.
    pub fn boot(&mut self, node: NodeId) -> Vec<Output<P>> {
        let disk = self.disk(node);
        disk.flush();
        disk.flushed();
        assert!(self.group.boot(node, &mut self.kernel), "node {} runs already", node.0);
        self.collect()
    }

    /// Kills the process of a node: its timers are gone, and of its disk remains what was synced and perhaps more.
    pub fn crash(&mut self, node: NodeId) {
        self.crash_by(node, End::Killed);
    }

    /// The same with a choice of what becomes of the disk.
    pub(crate) fn crash_by(&mut self, node: NodeId, end: End) {
        assert!(self.group.crash(node, TEST, end, &mut self.kernel), "node {} is down already", node.0);
        let (gone, kept) = self.timers.drain(..).partition::<Vec<Event>, _>(|event| event.node == node.0);
        self.timers = kept;
        // Their life is over, so nothing rings; but their slots become free.
        gone.into_iter().for_each(|event| self.group.handle(event.pack(), &mut self.kernel));
    }

    /// Gives a node its input, and returns what others see of it, in order. The answer to a call that is not open, or
    /// no longer, does not reach it; a timer must be set.
    pub fn step(&mut self, node: NodeId, input: Input<P>) -> Vec<Output<P>> {
        assert!(self.state(node).is_some(), "node {} is down: boot it before it takes {input:?}", node.0);
        let outside = NodeId(self.group.members.len() as u32);
        let (what, slot) = match input {
            Input::Deliver(from, msg) => (What::Message, self.group.mail.messages.insert((from, msg))),
            Input::Request(ticket, op) => {
                (What::Request, self.kernel.wire::<P::Serves>(SERVES).requests.insert((ticket, op)))
            }
            Input::Response(ticket, answer) => {
                (What::Response, self.kernel.wire::<P::Calls>(ASKS).answers.insert((outside, ticket, answer)))
            }
            Input::Timeout(timer) => return self.fire(node, &timer),
        };
        self.handle(Event { node: node.0, slot, round: 0, what })
    }

    /// Gives a node an event, whose value is where it belongs.
    pub(crate) fn handle(&mut self, event: Event) -> Vec<Output<P>> {
        self.group.handle(event.pack(), &mut self.kernel);
        self.collect()
    }

    /// Frees the timers that were cancelled, or moved and left behind.
    pub(crate) fn sweep(&mut self) {
        let (group, kernel) = (&mut self.group, &mut self.kernel);
        self.timers.retain(|event| {
            let armed = group.mail.timers.peek(event.slot, event.round);
            let set = armed.is_some_and(|armed| armed.at != Time::MAX);
            if !set && armed.is_some() {
                group.handle(event.pack(), kernel);
            }
            set
        });
    }

    /// Asks a node for something: the ticket of the request, and what others see of it.
    pub fn request(&mut self, node: NodeId, op: <P::Serves as Spec>::Op) -> (Ticket, Vec<Output<P>>) {
        let ticket = Ticket { caller: NodeId(self.group.members.len() as u32), slot: self.asked, round: 0 };
        self.asked += 1;
        (ticket, self.step(node, Input::Request(ticket, op)))
    }

    /// The timers that are set at a node, with the moments at which they would run out, earliest first.
    pub fn timers(&self, node: NodeId) -> Vec<(P::Timer, Time)> {
        self.armed(node).into_iter().map(|(_, timer, at)| (timer.clone(), at)).collect()
    }

    /// Lets a timer that is set run out: time goes on to that moment. Others that were due before then still wait.
    pub fn fire(&mut self, node: NodeId, timer: &P::Timer) -> Vec<Output<P>> {
        let found = self.armed(node).into_iter().find(|(_, armed, _)| *armed == timer);
        let Some((position, _, at)) = found else {
            panic!("{timer:?} is not set at node {}; set are {:?}", node.0, self.timers(node));
        };
        self.kernel.now = self.kernel.now.max(at);
        let event = self.timers.remove(position);
        self.group.handle(event.pack(), &mut self.kernel);
        let outputs = self.collect();
        // The event of a timer that was moved is posted once more, and rings then.
        match self.timers.iter().position(|posted| *posted == event) {
            None => outputs,
            Some(again) => {
                self.timers.remove(again);
                self.group.handle(event.pack(), &mut self.kernel);
                self.collect()
            }
        }
    }

    /// Lets time go by; nothing runs out.
    pub fn pass(&mut self, span: Span) {
        self.kernel.now += span;
    }

    /// The moment that clocks show.
    pub fn now(&self) -> Time {
        self.kernel.now
    }

    /// Delivers the messages among these outputs of `from` where `passes(from, to)`, and those that this gives rise to,
    /// in the order of their sending, until there are none left. Nodes that are down hear nothing. Returns all that is
    /// not a message, with whose output it is.
    pub fn settle(
        &mut self,
        from: NodeId,
        outputs: Vec<Output<P>>,
        passes: impl Fn(NodeId, NodeId) -> bool,
    ) -> Vec<(NodeId, Output<P>)> {
        let mut flight: VecDeque<_> = outputs.into_iter().map(|output| (from, output)).collect();
        let mut rest = Vec::new();
        while let Some((from, output)) = flight.pop_front() {
            match output {
                Output::Send(to, msg) => {
                    if passes(from, to) && self.state(to).is_some() {
                        flight.extend(self.step(to, Input::Deliver(from, msg)).into_iter().map(|o| (to, o)));
                    }
                }
                output @ (Output::Answer(..) | Output::Call(..)) => rest.push((from, output)),
            }
        }
        rest
    }

    /// Properties that were found broken.
    pub fn violations(&self) -> &[Violation] {
        &self.kernel.violations
    }

    /// The timers set at a node, each with its position in `self.timers`, in the order in which they would run out.
    fn armed(&self, node: NodeId) -> Vec<(usize, &P::Timer, Time)> {
        let mut armed = Vec::new();
        for (position, event) in self.timers.iter().enumerate().filter(|(_, event)| event.node == node.0) {
            match self.group.mail.timers.peek(event.slot, event.round) {
                Some(timer) if timer.at != Time::MAX => {
                    armed.push((timer.at, timer.seq, position, &timer.timer))
                }
                Some(_) | None => {}
            }
        }
        armed.sort_unstable_by_key(|&(at, seq, ..)| (at, seq));
        armed.into_iter().map(|(at, _, position, timer)| (position, timer, at)).collect()
    }

    /// What the last input set off: messages are outputs, timers wait, and work is done at once.
    fn collect(&mut self) -> Vec<Output<P>> {
        let mut outputs = Vec::new();
        loop {
            let mut queue = core::mem::take(&mut self.kernel.queue);
            if queue.next_at().is_none() {
                return outputs;
            }
            while let Some((at, _, event)) = queue.pop() {
                let event = event.unpack();
                match event.what {
                    What::Message => {
                        let (_, msg) = self.group.mail.messages.take(event.slot);
                        outputs.push(Output::Send(NodeId(event.node), msg));
                    }
                    What::Response => {
                        let (_, ticket, answer) =
                            self.kernel.wire::<P::Serves>(SERVES).answers.take(event.slot);
                        outputs.push(Output::Answer(ticket, answer));
                    }
                    What::Request => {
                        let (ticket, op) = self.kernel.wire::<P::Calls>(ASKS).requests.take(event.slot);
                        outputs.push(Output::Call(NodeId(event.node), ticket, op));
                    }
                    What::Timer => self.timers.push(event),
                    What::Synced | What::Worked => {
                        self.kernel.now = self.kernel.now.max(Time(at));
                        self.group.handle(event.pack(), &mut self.kernel);
                    }
                    What::Boot
                    | What::Served
                    | What::Failed
                    | What::Packet
                    | What::Wake
                    | What::Strike
                    | What::Over
                    | What::Strobe
                    | What::Calm => unreachable!("a harness has no such events"),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        disk::Cell,
        property::Property,
        protocol::{Ctx, Never, Role},
        time::Units,
    };
    use alloc::string::String;

    /// Passes requests on to node 9 and answers them with what that says. A request postpones timer 2.
    #[derive(Clone, Debug, Hash)]
    struct Relay {
        open: Vec<(Ticket, Ticket)>,
        heard: u64,
    }

    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    enum Number {}

    impl Spec for Number {
        type Op = u64;
        type Ret = u64;
        type State = ();
        fn apply((): &mut (), op: &u64) -> u64 {
            *op
        }
        fn key(op: &u64) -> u64 {
            *op
        }
        fn is_read(_: &u64) -> bool {
            true
        }
        fn kind(_: &u64) -> &'static str {
            "ask"
        }
    }

    impl Protocol for Relay {
        type Config = ();
        type Msg = Never;
        type Timer = u8;
        type Disk = Cell<u64>;
        type Serves = Number;
        type Calls = Number;
        type Ghost = ();
        const PROPERTIES: &'static [Property<Self>] = &[];
        const ROLES: &'static [Role] = &[Role::PEER];

        fn start((): &(), ctx: &mut Ctx<'_, Self>) -> Self {
            ctx.set(1, 10.ms());
            ctx.set(2, 20.ms());
            Relay { open: Vec::new(), heard: *ctx.disk.get() }
        }
        fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<'_, Self>) {
            match input {
                Input::Deliver(_, never) => match never {},
                Input::Timeout(timer) => ctx.set(timer, 5.ms()),
                Input::Request(ticket, op) => {
                    ctx.set(2, 40.ms());
                    ctx.work(3.ms());
                    let call = ctx.call(NodeId(9), op);
                    self.open.push((call, ticket));
                }
                Input::Response(call, answer) => {
                    let position =
                        self.open.iter().position(|&(open, _)| open == call).expect("an open call");
                    let (_, ticket) = self.open.swap_remove(position);
                    if let Answer::Ok(number) = answer {
                        self.heard = number;
                        ctx.disk.set(number);
                        ctx.sync();
                    }
                    ctx.answer(ticket, answer);
                }
            }
        }
        fn role(&self) -> Role {
            Role::PEER
        }
        fn epoch(&self) -> u64 {
            0
        }
        fn show(&self) -> Vec<(&'static str, String)> {
            Vec::new()
        }
    }

    const NODE: NodeId = NodeId(0);

    fn booted() -> Harness<Relay> {
        let mut harness = Harness::new(1, ());
        assert!(harness.boot(NODE).is_empty());
        harness
    }

    #[test]
    fn a_request_becomes_a_call_and_its_response_the_answer() {
        let mut harness = booted();
        let (ticket, outputs) = harness.request(NODE, 7);
        let [Output::Call(NodeId(9), call, 7)] = outputs[..] else { panic!("{outputs:?}") };
        assert_eq!(harness.now(), Time::ZERO + 3.ms(), "work takes its time");
        let outputs = harness.step(NODE, Input::Response(call, Answer::Ok(8)));
        assert!(matches!(outputs[..], [Output::Answer(to, Answer::Ok(8))] if to == ticket), "{outputs:?}");
        assert!(harness.step(NODE, Input::Response(call, Answer::Ok(9))).is_empty(), "one answer per call");
        harness.crash(NODE);
        harness.boot(NODE);
        assert_eq!(harness.state(NODE).expect("it runs").heard, 8);
    }

    #[test]
    fn a_timer_runs_out_when_the_test_says_so_and_dies_with_its_process() {
        let mut harness = booted();
        let at = |span| Time::ZERO + span;
        assert_eq!(harness.timers(NODE), [(1, at(10.ms())), (2, at(20.ms()))]);
        assert!(harness.fire(NODE, &1).is_empty());
        assert_eq!(harness.timers(NODE), [(1, at(15.ms())), (2, at(20.ms()))]);
        harness.fire(NODE, &2);
        assert_eq!(harness.now(), at(20.ms()), "the other one is overdue and waits");
        assert_eq!(harness.timers(NODE), [(1, at(15.ms())), (2, at(25.ms()))]);
        harness.crash(NODE);
        assert!(harness.timers(NODE).is_empty());
        assert_eq!(harness.group.mail.timers.len(), 0, "no slot is lost");
        harness.boot(NODE);
        assert_eq!(harness.timers(NODE), [(1, at(30.ms())), (2, at(40.ms()))]);
    }

    #[test]
    fn a_timer_that_was_moved_runs_out_once_and_at_the_later_moment() {
        let mut harness = booted();
        harness.request(NODE, 7);
        assert_eq!(harness.timers(NODE), [(1, Time::ZERO + 10.ms()), (2, Time::ZERO + 40.ms())]);
        harness.fire(NODE, &2);
        assert_eq!(harness.timers(NODE), [(1, Time::ZERO + 10.ms()), (2, Time::ZERO + 45.ms())]);
    }
}
