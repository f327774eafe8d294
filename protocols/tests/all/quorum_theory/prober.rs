//! A client that writes, and at given moments after the answer reads what it wrote.

use protocols::{
    kv::{Kv, Op, Ret},
    quorum_store::{Config as Store, QuorumStore},
};
use sim_core::{
    link::{LinkException, LinkPlan, NetworkPlan},
    plan::{Plan, ServicePlan},
    prelude::*,
    run::Run,
    sample::Delay,
    world::World,
};

/// What it does.
#[derive(Clone, Debug)]
pub(crate) struct Probing {
    /// Who coordinates writes, and who reads.
    pub(crate) writer: u32,
    pub(crate) reader: u32,
    /// It reads so long after a write was answered.
    pub(crate) reads: Vec<Span>,
    /// So many times.
    pub(crate) trials: u64,
}

/// What it found: for each of its reads how often it missed the last k writes, by k from 0, up to a bound.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Prober {
    written: u64,
    open: Vec<(Ticket, usize)>,
    missed: Vec<[u64; LAGS]>,
    writer: NodeId,
    reader: NodeId,
    reads: Vec<Span>,
    trials: u64,
}

const LAGS: usize = 11;
/// From the last answer of a trial to the next write.
const REST: Span = Span(1_000_000);

impl Protocol for Prober {
    type Config = Probing;
    type Msg = Never;
    /// Read number `n`, or `None`: write.
    type Timer = Option<usize>;
    type Disk = ();
    type Serves = Never;
    type Calls = Kv;
    type Ghost = ();
    const PROPERTIES: &'static [Property<Self>] = &[];
    const ROLES: &'static [Role] = &[Role::PEER];

    fn start(config: &Probing, ctx: &mut Ctx<Self>) -> Self {
        ctx.set(None, REST);
        let Probing { writer, reader, reads, trials } = config.clone();
        let (writer, reader) = (NodeId(writer), NodeId(reader));
        let missed = vec![[0; LAGS]; reads.len()];
        Prober { written: 0, open: Vec::new(), missed, writer, reader, reads, trials }
    }

    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        match input {
            Timeout(None) => {
                self.written += 1;
                ctx.call(self.writer, Op::Put(0, self.written));
            }
            Response(_, Answer::Ok(Ret::Done)) => {
                for (number, &after) in self.reads.iter().enumerate() {
                    ctx.set(Some(number), after);
                }
                self.rest(self.reads.is_empty(), ctx);
            }
            Timeout(Some(number)) => {
                let ticket = ctx.call(self.reader, Op::Get(0));
                self.open.push((ticket, number));
            }
            Response(ticket, Answer::Ok(Ret::Value(value))) => {
                let place = self.open.iter().position(|open| open.0 == ticket).expect("it asked");
                let (_, number) = self.open.swap_remove(place);
                let lag = (self.written - value.unwrap_or(0)) as usize;
                for count in &mut self.missed[number][..=lag.min(LAGS - 1)] {
                    *count += 1;
                }
                self.rest(self.missed.iter().all(|missed| missed[0] == self.written), ctx);
            }
            Response(_, answer) => panic!("{answer:?}"),
            Deliver(_, never) | Request(_, never) => match never {},
        }
    }

    fn role(&self) -> Role {
        Role::PEER
    }
    fn epoch(&self) -> u64 {
        0
    }
    fn show(&self) -> Vec<(&'static str, String)> {
        let counts = self.missed.iter().flatten();
        counts.map(|count| ("missed", count.to_string())).collect()
    }
}

impl Prober {
    fn rest(&mut self, done: bool, ctx: &mut Ctx<Self>) {
        if done && self.written < self.trials {
            ctx.set(None, REST);
        }
    }
}

/// N replicas and beside them a node that coordinates writes and one that reads, and a client right beside both of these.
#[derive(Clone)]
pub(crate) struct Setting {
    pub(crate) replicas: u32,
    pub(crate) read: u32,
    pub(crate) write: u32,
    /// Delays of the messages Store, Stored, Query and Report.
    pub(crate) wars: [Delay; 4],
    pub(crate) store: Store,
}

impl Setting {
    pub(crate) fn new([replicas, read, write]: [u32; 3], wars: [Delay; 4]) -> Setting {
        Setting { replicas, read, write, wars, store: patient() }
    }

    /// How often each read missed the last k writes, by k; and the run.
    pub(crate) fn probe(&self, seed: u64, reads: &[Span], trials: u64) -> (Vec<[f64; LAGS]>, Run) {
        let (writer, reader) = (self.replicas, self.replicas + 1);
        let all: Vec<NodeId> = (0..self.replicas).map(NodeId).collect();
        let link = |from: &[NodeId], to: &[NodeId], delay: &Delay| LinkException {
            from: from.to_vec(),
            to: to.to_vec(),
            link: LinkPlan::new(delay.clone()),
            pipe: None,
        };
        let (w, r) = ([NodeId(writer)], [NodeId(reader)]);
        let [store, stored, query, report] = &self.wars;
        let links = vec![
            link(&w, &all, store),
            link(&all, &w, stored),
            link(&r, &all, query),
            link(&all, &r, report),
        ];
        let network = NetworkPlan { links, ..NetworkPlan::new(LinkPlan::new(Delay::Constant(Span::ZERO))) };
        let services = vec![ServicePlan::new("db", self.replicas + 2), ServicePlan::clients(1)];
        let mut world = World::new(Plan::new(seed, Time(u64::MAX / 2), services, network));
        let config = Store {
            replicas: Some(self.replicas),
            read: Some(self.read),
            write: Some(self.write),
            ..self.store.clone()
        };
        world.populate::<QuorumStore>(config, None).unwrap();
        let probing = Probing { writer, reader, reads: reads.to_vec(), trials };
        world.populate::<Prober>(probing, Some("db")).unwrap();
        world.run(u64::MAX);
        let shown = world.show(NodeId(self.replicas + 2));
        let count = |(_, text): &(_, String)| text.parse::<u64>().unwrap() as f64;
        let counts: Vec<f64> = shown.iter().map(count).collect();
        let missed: Vec<[f64; LAGS]> = counts.chunks(LAGS).map(|counts| counts.try_into().unwrap()).collect();
        assert!(missed.iter().all(|missed| missed[0] == trials as f64), "every read was answered");
        let share = |missed: &[f64; LAGS]| missed.map(|count| count / trials as f64);
        (missed.iter().map(share).collect(), world.finish())
    }
}

/// Versions from clocks, no write-back, and nobody is asked twice: what the papers model.
pub(crate) fn patient() -> Store {
    use protocols::quorum_store::{Reads, Versions};
    Store {
        reads: Reads::Plain,
        versions: Versions::Clock,
        resend: 100.s(),
        patience: 1_000_000.s(),
        ..Store::default()
    }
}
