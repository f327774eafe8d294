//! Two-phase commit: all parts of a transaction commit, or none does. After §3 of "Consensus on Transaction Commit" (Gray
//! and Lamport, 2006), whose names are used here, and the `TwoPhase` specification that belongs to it.
//!
//! The first node is the transaction manager, the others are resource managers. A resource manager that is ready
//! to commit is *prepared*: from then on it may neither commit nor abort by itself. The transaction manager commits once
//! all are prepared, and may abort before that; its decision is on its disk before it tells anybody. A resource manager
//! that is prepared and hears no decision is *in doubt*, and blocked for as long as the transaction manager is down:
//! the weakness that Paxos Commit mends, in the same paper.
//!
//! The protocol begins as it is told. `Asked`: the transaction manager asks for votes, and every decision is acknowledged:
//! four messages for each resource manager. `Spontaneous`: resource managers prepare, or abort, by themselves, and
//! acknowledge nothing, as in the specification. Left out: more than one transaction, and what it changes.
//!
//! Here are both managers, and the step that takes inputs in; `messages.rs` is what they say and have on their disks.

mod config;
mod messages;
mod properties;

use State::*;
use Timer::*;
pub use config::{Begins, Config, Flaw};
pub use messages::{Msg, State, Timer};
pub use properties::Ghost;
use sim_core::prelude::*;

/// A node.
#[derive(Clone, Debug, Hash)]
pub struct TwoPhase {
    manager: bool,
    state: State,
    /// The transaction manager: who said to be prepared. Lost in a crash, and asked for again.
    prepared: BTreeSet<NodeId>,
    /// The transaction manager: who said to have done as was decided.
    done: BTreeSet<NodeId>,
    config: Config,
}

impl Protocol for TwoPhase {
    type Config = Config;
    type Msg = Msg;
    type Timer = Timer;
    type Disk = Cell<State>;
    type Serves = Never;
    type Calls = Never;
    type Ghost = Ghost;

    const PROPERTIES: &'static [Property<Self>] = properties::CLAIMS;
    const ROLES: &'static [Role] = &[Role("transaction manager"), Role("resource manager")];
    /// The transaction manager keeps a vote of every other.
    const NODES_MAX: u32 = 10_000;

    fn start(config: &Config, ctx: &mut Ctx<Self>) -> Self {
        let (manager, state) = (ctx.index(ctx.me) == 0, *ctx.disk.get());
        let (prepared, done) = (BTreeSet::new(), BTreeSet::new());
        match (state, config.begins) {
            (Working, Begins::Spontaneous) if manager => ctx.set(Patience, config.patience),
            (Working, begins) => {
                ctx.set(Patience, config.patience);
                if manager || begins == Begins::Spontaneous {
                    ctx.set(Work, config.work);
                }
            }
            (Prepared, _) => ctx.set(Resend, Span::ZERO),
            (Committed | Aborted, _) if manager => ctx.set(Resend, Span::ZERO),
            (Committed | Aborted, _) => {}
        }
        TwoPhase { manager, state, prepared, done, config: config.clone() }
    }

    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        match input {
            // The transaction manager.
            Timeout(Work | Resend) if self.manager => self.tell(ctx),
            Timeout(Decide) => self.decide(Committed, ctx),
            Timeout(Patience) if self.manager => self.decide(Aborted, ctx),
            Deliver(from, Msg::Prepared) => self.count(from, ctx),
            Deliver(_, Msg::Refused) => self.decide(Aborted, ctx),
            Deliver(from, Msg::Done) => drop(self.done.insert(from)),

            // A resource manager.
            Timeout(Work) => self.prepare(ctx),
            Timeout(Patience) => self.finish(Aborted, ctx),
            Timeout(Resend) => self.vote(ctx),
            Deliver(_, Msg::Prepare) => match self.state {
                Working => self.prepare(ctx),
                Prepared | Committed | Aborted => self.vote(ctx),
            },
            Deliver(_, Msg::Commit) => self.obey(Committed, ctx),
            Deliver(_, Msg::Abort) => self.obey(Aborted, ctx),

            Request(_, never) | Response(_, Answer::Ok(never)) => match never {},
            Response(_, Answer::Refused | Answer::Redirect(_)) => {}
        }
    }

    fn role(&self) -> Role {
        Self::ROLES[usize::from(!self.manager)]
    }
    fn epoch(&self) -> u64 {
        0
    }
    fn show(&self) -> Vec<(&'static str, String)> {
        let state = match (self.manager, self.state) {
            (true, Working) => "waits for votes",
            (false, Working) => "working",
            (_, Prepared) => "prepared",
            (_, Committed) => "committed",
            (_, Aborted) => "aborted",
        };
        vec![("state", state.to_string())]
    }
}

impl TwoPhase {
    /// The transaction manager asks those who have not voted, or tells its decision to those who have not done it.
    fn tell(&mut self, ctx: &mut Ctx<Self>) {
        let (msg, heard) = match self.state {
            Working | Prepared => (Msg::Prepare, &self.prepared),
            Committed => (Msg::Commit, &self.done),
            Aborted => (Msg::Abort, &self.done),
        };
        for peer in ctx.peers().filter(|peer| !heard.contains(peer)) {
            ctx.send(peer, msg.clone());
        }
        if heard.len() < ctx.members().len() - 1 {
            ctx.set(Resend, self.config.resend);
        }
    }

    fn count(&mut self, from: NodeId, ctx: &mut Ctx<Self>) {
        if self.state != Working {
            return;
        }
        self.prepared.insert(from);
        let all = ctx.members().len() - 1;
        let enough = if self.has(Flaw::MajorityCommit) { all / 2 + 1 } else { all };
        if self.prepared.len() >= enough {
            ctx.set(Decide, Span::ZERO);
        }
    }

    fn decide(&mut self, state: State, ctx: &mut Ctx<Self>) {
        if self.state != Working {
            return;
        }
        self.state = state;
        ctx.disk.set(state);
        if !self.has(Flaw::UnsyncedDecision) {
            ctx.sync();
        }
        for timer in [Work, Decide, Patience] {
            ctx.cancel(&timer);
        }
        self.tell(ctx);
    }

    /// A resource manager gives the decision out of its hands, or cannot.
    fn prepare(&mut self, ctx: &mut Ctx<Self>) {
        let refuses = ctx.index(ctx.me) + self.config.refuse as usize >= ctx.members().len();
        if refuses {
            self.finish(Aborted, ctx);
        } else {
            self.state = Prepared;
            ctx.disk.set(Prepared);
            ctx.cancel(&Work);
            if !self.has(Flaw::ImpatientInDoubt) {
                ctx.cancel(&Patience);
            }
            if !self.has(Flaw::UnsyncedVote) {
                ctx.sync();
            }
        }
        if self.state == Prepared || self.config.begins == Begins::Asked {
            self.vote(ctx);
        }
    }

    fn vote(&mut self, ctx: &mut Ctx<Self>) {
        let manager = ctx.members().next().expect("a group has a first node");
        match self.state {
            Working => {}
            Prepared => {
                ctx.send(manager, Msg::Prepared);
                ctx.set(Resend, self.config.resend);
            }
            // Asked again: the decision came before the question.
            Committed => ctx.send(manager, Msg::Prepared),
            Aborted => ctx.send(manager, Msg::Refused),
        }
    }

    fn obey(&mut self, decision: State, ctx: &mut Ctx<Self>) {
        if matches!(self.state, Working | Prepared) {
            self.finish(decision, ctx);
        }
        if self.config.begins == Begins::Asked {
            ctx.send(ctx.members().next().expect("a group has a first node"), Msg::Done);
        }
    }

    fn finish(&mut self, state: State, ctx: &mut Ctx<Self>) {
        self.state = state;
        ctx.disk.set(state);
        ctx.sync();
        for timer in [Work, Patience, Resend] {
            ctx.cancel(&timer);
        }
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.config.flaw == Some(flaw)
    }
}
