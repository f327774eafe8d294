//! The bully algorithm: the highest that lives leads. After "Elections in a Distributed Computing System" (Garcia-Molina,
//! IEEE Transactions on Computers C-31(1), 1982), with the messages that §15.3 of "Distributed Systems" (Coulouris et al., 5th
//! edition, 2011) makes of it.
//!
//! Nodes are ranked by their places in the group. Who misses the leader asks all that are higher whether they live. If none
//! answers in time it leads, and tells all that are lower. If one answers it waits to be told who leads: those that were asked
//! hold elections of their own, and the highest of them is answered by nobody. A node that boots holds an election too, so
//! a recovered higher node takes the lead from a lower one: hence the name. If m nodes below a dead leader hold an election,
//! that takes m(m+1)/2 questions, m(m−1)/2 answers and one announcement to each that is lower than the new leader. A
//! question that comes when that is over begins another election, with the same result.
//!
//! It rests on the paper's assumptions that messages arrive within a known time and that nodes never pause, so that silence
//! is death. `answer` must be longer than a round trip. Where that is not so (a cut, a loss, a pause, a slow link), each part
//! of the group has a leader of its own and believes the rest to be dead; there is no quorum here, and no epoch, that could
//! tell them apart. The paper's second algorithm, by invitations, is for such worlds.
//!
//! Left out: the paper's halting of lower nodes before the new leader takes over, so the old one and the new one both lead
//! while the announcement is on its way; and the distribution of a new state. Added: a leader says at intervals that it lives,
//! where the paper has the others ask.

mod config;
mod properties;

use State::*;
use Timer::*;
pub use config::{Config, Flaw};
pub use properties::Ghost;
use sim_core::prelude::*;

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Msg {
    /// To a higher node: do you live? I hold an election.
    Election,
    /// To a lower node that asked: I live; leave it to me.
    Ok,
    /// To the lower nodes: I lead.
    Coordinator,
    /// To the lower nodes, at intervals: I lead and live. Not part of an election.
    Heartbeat,
}

/// What a node waits for: one of these at a time.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Timer {
    /// Asking: no higher node lives.
    Unanswered,
    /// Answered: who answered has died since.
    Unled,
    /// Following: the leader is silent.
    Watch,
    /// Leading: it is time to say so.
    Beat,
}

/// How far a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// It has asked the higher nodes whether they live.
    Asking,
    /// A higher node lives, and is to lead or to say who does.
    Answered,
    /// It knows the leader.
    Following(NodeId),
    /// It is the leader.
    Leading,
}

/// A node.
#[derive(Clone, Debug, Hash)]
pub struct Bully {
    state: State,
    config: Config,
}

impl Protocol for Bully {
    type Config = Config;
    type Msg = Msg;
    type Timer = Timer;
    type Disk = ();
    type Serves = Never;
    type Calls = Never;
    type Ghost = Ghost;

    const PROPERTIES: &'static [Property<Self>] = properties::CLAIMS;
    const ROLES: &'static [Role] = &[Role::LEADER, Role("follower"), Role("candidate")];
    /// A node asks all that are higher.
    const NODES_MAX: u32 = 1_000;

    fn start(config: &Config, ctx: &mut Ctx<Self>) -> Self {
        let mut node = Bully { state: Answered, config: config.clone() };
        if !node.has(Flaw::SilentBoot) {
            node.elect(ctx);
        }
        node
    }

    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        match input {
            Timeout(Watch | Unled) => self.elect(ctx),
            Timeout(Unanswered) => self.lead(ctx),
            Timeout(Beat) => {
                self.tell_lower(Msg::Heartbeat, ctx);
                ctx.set(Beat, self.config.heartbeat);
            }

            Deliver(lower, Msg::Election) => {
                if !self.has(Flaw::SilentHigher) {
                    ctx.send(lower, Msg::Ok);
                }
                if matches!(self.state, Following(_) | Leading) {
                    self.elect(ctx);
                }
            }
            Deliver(_, Msg::Ok) => {
                if self.state == Asking {
                    self.enter(Answered, ctx);
                    if !self.has(Flaw::EndlessWait) {
                        ctx.set(Unled, self.config.coordinator);
                    }
                }
            }
            Deliver(higher, Msg::Coordinator) => {
                self.follow(higher, ctx);
                if self.has(Flaw::UnwatchedLeader) {
                    ctx.cancel(&Watch);
                }
            }
            Deliver(higher, Msg::Heartbeat) => match self.state {
                // A cut has healed: this one has not yet heard that it no longer leads.
                Following(leader) if leader > higher => {}
                Asking | Answered | Following(_) | Leading => self.follow(higher, ctx),
            },

            Request(_, never) | Response(_, Answer::Ok(never)) => match never {},
            Response(_, Answer::Refused | Answer::Redirect(_)) => {}
        }
    }

    fn role(&self) -> Role {
        match self.state {
            Leading => Role::LEADER,
            Following(_) => Self::ROLES[1],
            Asking | Answered => Self::ROLES[2],
        }
    }
    fn epoch(&self) -> u64 {
        0
    }
    fn show(&self) -> Vec<(&'static str, String)> {
        let state = match self.state {
            Asking => "asks who is higher".to_string(),
            Answered => "waits for a leader".to_string(),
            Following(leader) => format!("follows node {}", leader.0),
            Leading => "leads".to_string(),
        };
        vec![("state", state)]
    }
}

impl Bully {
    fn elect(&mut self, ctx: &mut Ctx<Self>) {
        let higher = ctx.members().skip(ctx.index(ctx.me) + 1);
        if higher.len() == 0 {
            return self.lead(ctx);
        }
        self.enter(Asking, ctx);
        let patience =
            if self.has(Flaw::ShortAnswer) { Span(self.config.answer.0 / 4) } else { self.config.answer };
        ctx.set(Unanswered, patience);
        higher.for_each(|node| ctx.send(node, Msg::Election));
    }

    fn lead(&mut self, ctx: &mut Ctx<Self>) {
        self.enter(Leading, ctx);
        ctx.set(Beat, self.config.heartbeat);
        self.tell_lower(Msg::Coordinator, ctx);
    }

    fn follow(&mut self, leader: NodeId, ctx: &mut Ctx<Self>) {
        if self.state == Leading && self.has(Flaw::StubbornLeader) {
            return;
        }
        self.enter(Following(leader), ctx);
        ctx.set(Watch, self.config.watch.0..self.config.watch.1);
    }

    /// Another state: what it waited for in the last one is off.
    fn enter(&mut self, state: State, ctx: &mut Ctx<Self>) {
        self.state = state;
        for timer in [Unanswered, Unled, Watch, Beat] {
            ctx.cancel(&timer);
        }
    }

    fn tell_lower(&self, msg: Msg, ctx: &mut Ctx<Self>) {
        for node in ctx.members().take(ctx.index(ctx.me)) {
            ctx.send(node, msg.clone());
        }
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.config.flaw == Some(flaw)
    }
}

impl Message for Msg {
    fn bytes(&self) -> u64 {
        1
    }
}
