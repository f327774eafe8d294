//! Multi-Paxos: a log of values, each chosen by Paxos, under a leader that asks for promises once for all of them. After §3 of
//! "Paxos Made Simple" (Lamport, 2001), with "Paxos Made Moderately Complex" (van Renesse and Altinbuken, 2015) for the parts
//! that this leaves open, and "Paxos Made Live" (Chandra, Griesemer and Redstone, 2007) for disks, snapshots and catching up.
//! `paxos/` is one value; read that first. Compare `raft/`, which does the same otherwise.
//!
//! The log is made of *slots*, and each slot is an instance of Paxos: ballots, promises, proposals that a majority accepts.
//! What is accepted in one slot does not depend on any other, so a leader proposes for several at once, they are chosen in
//! any order, and there may be *gaps*. A replica applies chosen values in the order of their slots.
//!
//! - Everybody is acceptor, learner and client's contact; one leads. Who hears no leader begins a higher ballot with one
//!   *prepare* request for all slots from its first gap on. Once a majority promised, and said what it accepted there, it
//!   leads: it proposes the values of the highest ballots anew, and no-ops for the gaps between them.
//! - A request takes the next slot, and a round trip to a majority: *accept*, *accepted*. Reads are requests like any other.
//! - A leader says in every message up to which slot all is chosen, and lets itself be heard. A learner that cannot tell what
//!   was chosen asks; the leader proposes it once more, or sends a snapshot.
//! - An acceptor has on its disk what it promises and accepts before anybody hears of it.
//!
//! Against Raft: a leader need not have the whole log when it is elected, it learns what it lacks by the promises. A value that
//! is proposed again gets the new ballot, where Raft's entries keep their term, and copies of older ones may not be counted
//! (Figure 8 of its paper). Logs may have holes. The ticket is part of a command, so whoever gets it chosen answers its client,
//! even if another took the request.
//!
//! Left out: changes of the members, leases for reads, several commands in a value, telling the same request made twice from
//! two requests. The last is the client's: calls are judged one by one.
//!
//! Here are what nodes keep and wait for, and the step that takes inputs in; `messages.rs` is what they say, `acceptor.rs`
//! phases 1b and 2b and what is on the disk, `leader.rs` phases 1a and 2a, `replica.rs` learners and clients, `properties.rs`
//! and `ghost/` what must hold.

mod acceptor;
mod config;
mod ghost;
mod leader;
mod messages;
mod properties;
mod replica;

pub use crate::paxos::Ballot;
use Msg::*;
use Standing::*;
use Timer::*;
use acceptor::Mark;
pub use acceptor::{Acceptor, Compacted, Journal, Prefix, Record};
pub use config::{Config, Flaw};
pub use ghost::Ghost;
pub use messages::{Command, Msg, Proposal};
use sim_core::prelude::*;

/// What a node waits for.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Timer {
    /// No leader was heard for too long, or a ballot has come to nothing.
    Silence,
    /// It is time for a leader to be heard.
    Heartbeat,
    /// It is time for a leader to see whether a majority still answers.
    Quorum,
}

/// A node.
#[derive(Clone, Debug, Hash)]
pub struct MultiPaxos<S: Spec> {
    config: Config,
    /// As on the disk, where what was written last may not be durable yet.
    acceptor: Acceptor<S::Op>,
    standing: Standing<S::Op>,
    /// Whom it last heard leading, since it heard of no higher ballot.
    leader: Option<NodeId>,
    /// The highest round that was heard of.
    round: u64,
    /// Ballots of its own since it last heard a leader.
    vain: u32,
    /// All slots up to this one are known to be chosen, and are applied.
    chosen: u64,
    machine: S::State,
    /// The snapshots that will replace the first records of the journal when they are due.
    marks: VecDeque<Mark<S>>,
}

/// What a node is about besides accepting.
#[derive(Clone, Debug, Hash)]
enum Standing<O> {
    Following,
    /// Phase 1: who promised, and what they accepted, in the highest ballot for each slot.
    Preparing {
        ballot: Ballot,
        promises: Vec<NodeId>,
        found: BTreeMap<u64, Proposal<O>>,
    },
    /// Phase 2: the next free slot, and the slots proposed that are not applied. Their values are those that it accepted
    /// itself.
    Leading {
        ballot: Ballot,
        next: u64,
        proposals: BTreeMap<u64, Pending>,
        /// Who was heard since the quorum was checked last.
        heard: BTreeSet<NodeId>,
        /// The snapshot that each learner was sent last: up to which slot, and when.
        sent: BTreeMap<NodeId, (u64, Time)>,
    },
}

/// A proposal under way.
#[derive(Clone, Debug, Default, Hash)]
struct Pending {
    /// Who accepted it.
    acceptors: Vec<NodeId>,
    /// Whether a heartbeat went out since it was proposed: those who have not accepted it since are asked again.
    late: bool,
}

impl<S: Spec> Protocol for MultiPaxos<S> {
    type Config = Config;
    type Msg = Msg<S>;
    type Timer = Timer;
    type Disk = Journal<S>;
    type Serves = S;
    type Calls = Never;
    type Ghost = Ghost;

    const PROPERTIES: &'static [Property<Self>] = Self::CLAIMS;
    const ROLES: &'static [Role] = &[Role("acceptor"), Role("proposer"), Role("leader")];
    /// A leader keeps who accepted each proposal.
    const NODES_MAX: u32 = 1_000;

    fn start(config: &Config, ctx: &mut Ctx<Self>) -> Self {
        let acceptor = Self::remembered(config, ctx);
        let prefix = ctx.disk.snapshot().state.prefix.clone();
        let mut node = MultiPaxos {
            config: config.clone(),
            standing: Following,
            leader: None,
            round: if config.flaw == Some(Flaw::ReusedBallot) { 0 } else { acceptor.promised.round },
            vain: 0,
            chosen: prefix.slot,
            machine: prefix.machine,
            marks: VecDeque::new(),
            acceptor,
        };
        while node.chosen < node.acceptor.known {
            node.apply(ctx);
        }
        node.wait(ctx);
        node
    }

    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        match input {
            // Phase 1.
            Timeout(Silence) => self.prepare(ctx),
            Deliver(from, Prepare { ballot, first }) => self.promise(from, ballot, first, ctx),
            Deliver(from, Promise { ballot, accepted, snapshot }) => {
                if matches!(self.standing, Preparing { ballot: own, .. } if own == ballot) {
                    snapshot.into_iter().for_each(|prefix| self.install(*prefix, ctx));
                    self.count_promise(from, ballot, accepted, ctx);
                }
            }
            // Phase 2.
            Request(ticket, op) => self.request(ticket, op, ctx),
            Deliver(from, Accept { ballot, slot, command, chosen }) => {
                if self.accept(from, slot, (ballot, command), ctx) {
                    self.learn(ballot, chosen, ctx);
                }
            }
            Deliver(from, Accepted { ballot, slot }) => {
                self.hear(from, ballot);
                self.count_accepted(from, ballot, slot, ctx);
            }
            Timeout(Quorum) => self.check_quorum(ctx),
            Deliver(from, Heard { ballot }) => self.hear(from, ballot),
            Deliver(_, Preempted { promised }) => {
                if promised > self.acceptor.promised {
                    self.retire(promised, ctx);
                }
            }
            // Learners.
            Timeout(Heartbeat) => {
                self.tidy(ctx);
                self.beat(ctx);
            }
            Deliver(from, Alive { ballot, chosen }) => {
                let promised = self.acceptor.promised;
                if ballot < promised {
                    return ctx.send(from, Preempted { promised });
                }
                self.follow(from, ballot, ctx);
                self.learn(ballot, chosen, ctx);
                self.tidy(ctx);
                if self.chosen < chosen {
                    ctx.send(from, Missing { ballot, first: self.chosen + 1 });
                } else if self.config.check_quorum {
                    ctx.send(from, Heard { ballot });
                }
            }
            Deliver(from, Missing { ballot, first }) => {
                self.hear(from, ballot);
                self.teach(from, ballot, first, ctx);
            }
            Deliver(_, Snapshot { prefix }) => {
                // A leader knows what was chosen before by the promises that it got, or is about to.
                if !matches!(self.standing, Leading { .. }) {
                    self.install(*prefix, ctx);
                }
            }

            Response(_, Answer::Ok(never)) => match never {},
            Response(_, Answer::Refused | Answer::Redirect(_)) => {}
        }
    }

    fn role(&self) -> Role {
        match self.standing {
            Following => Role("acceptor"),
            Preparing { .. } => Role("proposer"),
            Leading { .. } => Role("leader"),
        }
    }

    fn epoch(&self) -> u64 {
        self.round
    }

    fn show(&self) -> Vec<(&'static str, String)> {
        let known = self.leader.map_or_else(|| "nobody".to_string(), |node| node.to_string());
        let Ballot { round, proposer } = self.acceptor.promised;
        vec![
            ("role", self.role().0.to_string()),
            ("promised", format!("{round}.{proposer}")),
            ("leader", known),
            ("chosen", self.chosen.to_string()),
        ]
    }
}

impl<S: Spec> MultiPaxos<S> {
    fn has(&self, flaw: Flaw) -> bool {
        self.config.flaw == Some(flaw)
    }
}
