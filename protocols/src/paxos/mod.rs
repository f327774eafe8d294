//! Paxos: one value is chosen, once, whoever proposes and whoever dies. After §2 of "Paxos Made Simple" (Lamport, 2001), whose
//! words are used here, with ballots for its proposal numbers.
//!
//! Every node is proposer, acceptor and learner. A proposer picks a ballot higher than any it knows and asks a majority of
//! acceptors to *prepare*; they promise to accept nothing in lower ballots, and say what they accepted last. Then it asks them
//! to *accept*: the value of the highest ballot among their answers or, if they accepted nothing, its own. A value is chosen once a
//! majority of acceptors has accepted it in one ballot; they tell all learners.
//!
//! Two majorities have an acceptor in common, so whoever prepares a higher ballot hears of a value that was chosen, and can
//! propose no other. Two proposers can keep each other from it for ever, each preparing before the other's values are
//! accepted; that they wait for a random time makes this unlikely, and a leader would mend it (§2.4), which is left out here,
//! as are more values than one (§3).
//!
//! Here are nodes and the phases; `decree.rs` is what clients ask for, `messages.rs` what is said and remembered.

mod config;
mod decree;
mod messages;
mod properties;

use Timer::*;
pub use config::{Config, Flaw};
pub use decree::{Decree, Propose};
use messages::Accepted;
pub use messages::{Ballot, Memory, Msg, Timer};
pub use properties::Ghost;
use sim_core::prelude::*;

/// A node.
#[derive(Clone, Debug, Hash)]
pub struct Paxos {
    config: Config,
    /// The value to propose, while nothing is known to be chosen.
    wish: Option<u64>,
    proposal: Option<Proposal>,
    /// The highest round that was heard of.
    round: u64,
    /// Who accepted what in which ballot, as a learner heard.
    heard: BTreeMap<Ballot, (u64, BTreeSet<NodeId>)>,
    chosen: Option<u64>,
    waiting: Vec<Ticket>,
}

/// A ballot of one's own.
#[derive(Clone, Debug, Hash)]
struct Proposal {
    ballot: Ballot,
    /// Who promised, until a majority has.
    promises: BTreeSet<NodeId>,
    /// The value of the highest ballot that they spoke of.
    highest: Accepted,
    proposed: bool,
}

impl Protocol for Paxos {
    type Config = Config;
    type Msg = Msg;
    type Timer = Timer;
    type Disk = Cell<Memory>;
    type Serves = Decree;
    type Calls = Never;
    type Ghost = Ghost;

    const PROPERTIES: &'static [Property<Self>] = properties::CLAIMS;
    const ROLES: &'static [Role] = &[Role::PEER];
    /// Every acceptor tells every learner: messages grow with the square.
    const NODES_MAX: u32 = 1_000;

    fn start(config: &Config, ctx: &mut Ctx<Self>) -> Self {
        if config.flaw == Some(Flaw::ForgottenPromise) {
            ctx.disk.set(Memory { round: ctx.disk.get().round, ..Memory::default() });
        }
        let round = if config.flaw == Some(Flaw::ReusedBallot) { 0 } else { ctx.disk.get().round };
        Paxos {
            config: config.clone(),
            wish: None,
            proposal: None,
            round,
            heard: BTreeMap::new(),
            chosen: None,
            waiting: Vec::new(),
        }
    }

    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        match input {
            Request(ticket, Propose(value)) => match self.chosen {
                Some(chosen) => ctx.answer(ticket, Answer::Ok(chosen)),
                None => {
                    self.waiting.push(ticket);
                    if self.wish.is_none() {
                        self.wish = Some(value);
                        self.prepare(ctx);
                    }
                }
            },
            Timeout(Retry) => self.prepare(ctx),

            // Acceptors.
            Deliver(from, Msg::Prepare { ballot }) => self.promise(from, ballot, ctx),
            Deliver(from, Msg::Accept { ballot, value }) => self.accept(from, ballot, value, ctx),
            // Proposers.
            Deliver(from, Msg::Promise { ballot, accepted }) => self.propose(from, ballot, accepted, ctx),
            Deliver(_, Msg::Preempted { promised }) => self.round = self.round.max(promised.round),
            // Learners.
            Deliver(from, Msg::Accepted { ballot, value }) => self.learn(from, ballot, value, ctx),
            Deliver(_, Msg::Chosen { value }) => self.know(value, ctx),

            Response(_, Answer::Ok(never)) => match never {},
            Response(_, Answer::Refused | Answer::Redirect(_)) => {}
        }
    }

    fn role(&self) -> Role {
        Role::PEER
    }
    fn epoch(&self) -> u64 {
        self.round
    }
    fn show(&self) -> Vec<(&'static str, String)> {
        let chosen = self.chosen.map_or_else(|| "nothing".to_string(), |value| value.to_string());
        vec![("round", self.round.to_string()), ("chosen", chosen)]
    }
}

impl Paxos {
    /// Phase 1a: "A proposer selects a proposal number n and sends a prepare request with number n to a majority of
    /// acceptors"; here to all of them, itself included.
    fn prepare(&mut self, ctx: &mut Ctx<Self>) {
        self.round += 1;
        let ballot = Ballot { round: self.round, proposer: ctx.index(ctx.me) as u32 };
        self.proposal = Some(Proposal { ballot, promises: BTreeSet::new(), highest: None, proposed: false });
        ctx.set(Retry, self.config.retry.0..self.config.retry.1);
        ctx.disk.set(Memory { round: self.round, ..ctx.disk.get().clone() });
        ctx.sync();
        ctx.broadcast(Msg::Prepare { ballot });
        self.promise(ctx.me, ballot, ctx);
    }

    /// Phase 1b: "If an acceptor receives a prepare request with number n greater than that of any prepare request to which it
    /// has already responded, then it responds with a promise not to accept any more proposals numbered less than n and with
    /// the highest-numbered proposal (if any) that it has accepted."
    fn promise(&mut self, proposer: NodeId, ballot: Ballot, ctx: &mut Ctx<Self>) {
        self.round = self.round.max(ballot.round);
        if let Some(value) = self.chosen {
            return self.tell(proposer, Msg::Chosen { value }, ctx);
        }
        let Memory { promised, accepted, round } = *ctx.disk.get();
        if ballot < promised {
            return self.tell(proposer, Msg::Preempted { promised }, ctx);
        }
        ctx.disk.set(Memory { promised: ballot, accepted, round });
        ctx.sync();
        self.tell(proposer, Msg::Promise { ballot, accepted }, ctx);
    }

    /// Phase 2a: "If the proposer receives a response to its prepare requests (numbered n) from a majority of acceptors, then
    /// it sends an accept request to each of those acceptors for a proposal numbered n with a value v, where v is the value of the
    /// highest-numbered proposal among the responses, or is any value if the responses reported no proposals."
    fn propose(&mut self, from: NodeId, ballot: Ballot, accepted: Accepted, ctx: &mut Ctx<Self>) {
        let (quorum, any) = (self.quorum(ctx), self.has(Flaw::AnyValue));
        let Some(own) = self.wish else { return };
        let Some(proposal) = self.proposal.as_mut().filter(|own| own.ballot == ballot && !own.proposed)
        else {
            return;
        };
        proposal.promises.insert(from);
        proposal.highest = if any { accepted.or(proposal.highest) } else { proposal.highest.max(accepted) };
        if proposal.promises.len() < quorum {
            return;
        }
        proposal.proposed = true;
        let adopted = proposal.highest.filter(|_| self.config.flaw != Some(Flaw::OwnValue));
        let value = adopted.map_or(own, |(_, value)| value);
        ctx.broadcast(Msg::Accept { ballot, value });
        self.accept(ctx.me, ballot, value, ctx);
    }

    /// Phase 2b: "If an acceptor receives an accept request for a proposal numbered n, it accepts the proposal unless it has
    /// already responded to a prepare request having a number greater than n."
    fn accept(&mut self, proposer: NodeId, ballot: Ballot, value: u64, ctx: &mut Ctx<Self>) {
        let Memory { promised, round, .. } = *ctx.disk.get();
        if ballot < promised && !self.has(Flaw::BrokenPromise) {
            return self.tell(proposer, Msg::Preempted { promised }, ctx);
        }
        ctx.disk.set(Memory { promised: promised.max(ballot), accepted: Some((ballot, value)), round });
        if !self.has(Flaw::UnsyncedAccept) {
            ctx.sync();
        }
        ctx.broadcast(Msg::Accepted { ballot, value });
        self.learn(ctx.me, ballot, value, ctx);
    }

    /// "To learn that a value has been chosen, a learner must find out that a proposal has been accepted by a majority of
    /// acceptors" (§2.3).
    fn learn(&mut self, from: NodeId, ballot: Ballot, value: u64, ctx: &mut Ctx<Self>) {
        let (_, acceptors) = self.heard.entry(ballot).or_insert_with(|| (value, BTreeSet::new()));
        acceptors.insert(from);
        if acceptors.len() >= self.quorum(ctx) {
            self.know(value, ctx);
        }
    }

    /// What was chosen is known, and those who wait hear of it: once its own part in it, if any, is on the disk.
    fn know(&mut self, value: u64, ctx: &mut Ctx<Self>) {
        if self.chosen.is_none() {
            (self.chosen, self.proposal) = (Some(value), None);
            self.heard.clear();
            ctx.cancel(&Retry);
        }
        for ticket in core::mem::take(&mut self.waiting) {
            ctx.answer(ticket, Answer::Ok(self.chosen.unwrap_or(value)));
        }
    }

    /// Says something to a node, or to itself.
    fn tell(&mut self, to: NodeId, msg: Msg, ctx: &mut Ctx<Self>) {
        if to == ctx.me {
            self.step(Deliver(to, msg), ctx);
        } else {
            ctx.send(to, msg);
        }
    }

    fn quorum(&self, ctx: &Ctx<Self>) -> usize {
        if self.has(Flaw::SmallQuorum) { ctx.members().len() / 2 } else { ctx.quorum() }
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.config.flaw == Some(flaw)
    }
}
