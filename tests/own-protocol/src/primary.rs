//! Primary copy, the simplest replication there is: the first node takes every request, tells the others, and answers
//! when all of them have it. There is no election: while the first node, or any other, is away, nothing is written.
//! A primary that boots again tells its log anew. It is here to show what a protocol of one's own looks like.

use Msg::*;
use serde::{Deserialize, Serialize};
use sim::core::prelude::*;
use sim::protocols::{catalog::Settings, kv::Kv};

type Op = <Kv as Spec>::Op;

#[derive(Clone, Debug, Hash)]
pub(crate) enum Msg {
    /// The entry at this index.
    Copy { index: usize, op: Op },
    /// All entries before this index are here.
    Copied { until: usize },
}

/// How long the primary waits before it tells those again who have not answered.
#[derive(Clone, Debug, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    pub(crate) again: Span,
}

#[derive(Clone, Debug, Hash)]
pub(crate) struct Primary {
    config: Config,
    leads: bool,
    machine: <Kv as Spec>::State,
    /// What every node has, at the primary; what this node has, at the others.
    log: Vec<Op>,
    /// Entries that came before their turn.
    early: BTreeMap<usize, Op>,
    /// At the primary, entries that are not everywhere yet: by index, who lacks them, and whom to answer.
    waiting: BTreeMap<usize, (BTreeSet<NodeId>, Option<Ticket>)>,
}

#[derive(Clone, Debug, PartialEq, Hash)]
pub(crate) struct Again;

impl Protocol for Primary {
    type Config = Config;
    type Msg = Msg;
    type Timer = Again;
    type Disk = Log<Op>;
    type Serves = Kv;
    type Calls = Never;
    type Ghost = ();

    const PROPERTIES: &'static [Property<Self>] = &[Property {
        name: "copies agree",
        kind: Kind::Always,
        when: When::EveryEvent,
        judge: |_, view, node| {
            let (primary, copy) = (&view.disk(view.first)[..], &view.disk(node)[..]);
            if copy.is_empty() || node == view.first {
                Judgement::Idle
            } else if primary.starts_with(copy) {
                Judgement::Holds
            } else {
                Judgement::Broken(format!("{} entries, not all of them the primary's", copy.len()))
            }
        },
    }];
    const ROLES: &'static [Role] = &[Role("primary"), Role("copy")];

    fn start(config: &Config, ctx: &mut Ctx<Self>) -> Self {
        let log = ctx.disk.to_vec();
        let leads = ctx.index(ctx.me) == 0;
        let told = if leads { 0..log.len() } else { 0..0 };
        let waiting = told.map(|index| (index, (ctx.peers().collect(), None))).collect();
        ctx.set(Again, config.again);
        Primary {
            config: config.clone(),
            leads,
            machine: Default::default(),
            log,
            early: BTreeMap::new(),
            waiting,
        }
    }

    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        let primary = ctx.members().next().expect("a group has a first node");
        match input {
            Request(ticket, _) if ctx.me != primary => ctx.answer(ticket, Answer::Redirect(primary)),
            Request(ticket, op) => {
                let index = self.log.len();
                self.log.push(op);
                ctx.disk.push(op);
                ctx.sync();
                self.waiting.insert(index, (ctx.peers().collect(), Some(ticket)));
                ctx.broadcast(Copy { index, op });
            }
            Deliver(_, Copy { index, op }) => {
                // Messages overtake one another: what comes early waits for what comes before it.
                self.early.insert(index, op);
                while let Some(op) = self.early.remove(&self.log.len()) {
                    self.log.push(op);
                    ctx.disk.push(op);
                }
                self.early.retain(|&index, _| index > self.log.len());
                ctx.sync();
                ctx.send(primary, Copied { until: self.log.len() });
            }
            Deliver(from, Copied { until }) => {
                for (_, (lacking, _)) in self.waiting.range_mut(..until) {
                    lacking.remove(&from);
                }
                // In order: what is everywhere, and all before it.
                while let Some(first) = self.waiting.first_entry()
                    && first.get().0.is_empty()
                {
                    let (index, (_, ticket)) = first.remove_entry();
                    let ret = Kv::apply(&mut self.machine, &self.log[index]);
                    if let Some(ticket) = ticket {
                        ctx.answer(ticket, Answer::Ok(ret));
                    }
                }
            }
            Timeout(Again) => {
                for (&index, (lacking, _)) in &self.waiting {
                    for &node in lacking {
                        ctx.send(node, Copy { index, op: self.log[index] });
                    }
                }
                ctx.set(Again, self.config.again);
            }
            Response(_, answer) => match answer {
                Answer::Ok(never) => match never {},
                Answer::Refused | Answer::Redirect(_) => {}
            },
        }
    }

    fn role(&self) -> Role {
        if self.leads { Role("primary") } else { Role("copy") }
    }
    fn epoch(&self) -> u64 {
        0
    }
    fn show(&self) -> Vec<(&'static str, String)> {
        vec![("entries", self.log.len().to_string())]
    }
}

impl Default for Config {
    fn default() -> Config {
        Config { again: 50.ms() }
    }
}

impl Settings for Config {
    fn check(&self, _: u32) -> Result<(), (&'static str, String)> {
        if self.again == Span::ZERO {
            return Err((
                "again",
                "a pause of no time would never end; give it a millisecond or more".into(),
            ));
        }
        Ok(())
    }
}

impl Message for Msg {
    fn bytes(&self) -> u64 {
        match self {
            Copy { op, .. } => 8 + op.bytes(),
            Copied { .. } => 8,
        }
    }
}
