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

use crate::workload::Workload;
use Timer::*;
use serde::{Deserialize, Serialize};
use sim_core::prelude::*;

/// The specification: a register that is written once. Whoever proposes hears what was chosen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Decree {}

/// Proposes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Propose(pub u64);

impl Spec for Decree {
    type Op = Propose;
    type Ret = u64;
    type State = Option<u64>;
    fn apply(chosen: &mut Option<u64>, Propose(value): &Propose) -> u64 {
        *chosen.get_or_insert(*value)
    }
    fn key(_: &Propose) -> u64 {
        0
    }
    fn is_read(_: &Propose) -> bool {
        false
    }
    fn kind(_: &Propose) -> &'static str {
        "propose"
    }
}

impl Workload for Decree {
    type Mix = ();
    type Memory = ();
    const MIX: &'static str = "propose: a value that nobody else proposes";
    fn check((): &()) -> Result<(), String> {
        Ok(())
    }
    fn draw((): &(), _: u64, fresh: u64, (): &(), _: &mut Rng) -> Propose {
        Propose(fresh)
    }
    fn learn((): &mut (), _: &Propose, _: &u64) {}
}

/// Timing and choices.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// A proposer that has not heard what was chosen begins a higher ballot after a time between these; the second is not
    /// reached, unless they are the same: then proposers that meet once meet always.
    pub retry: (Span, Span),
    /// A mistake to make: for teaching, and to test the tests.
    pub flaw: Option<Flaw>,
}

impl Default for Config {
    fn default() -> Config {
        Config { retry: (50.ms(), 150.ms()), flaw: None }
    }
}

impl Config {
    /// Refuses what cannot work: which key, and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        let (low, high) = self.retry;
        if low == Span::ZERO || high < low {
            let found = format!("retries between {low} and {high}");
            return Err(("retry", format!("{found}: the first must be above 0 and at most the second")));
        }
        Ok(())
    }
}

/// Mistakes that implementations have made. Each costs one line where the decision is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Flaw {
    /// Half of the acceptors are taken for a majority.
    SmallQuorum,
    /// A proposer proposes its own value, whatever was accepted before.
    OwnValue,
    /// A proposer takes the value of any acceptor that has accepted one, and not that of the highest ballot.
    AnyValue,
    /// An acceptor accepts in a ballot below what it promised.
    BrokenPromise,
    /// An acceptor that boots has forgotten what it promised and accepted.
    ForgottenPromise,
    /// An acceptor says that it accepted before that is on its disk.
    UnsyncedAccept,
    /// A proposer that boots begins again with its first ballot.
    ReusedBallot,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 7] = [
        Flaw::SmallQuorum,
        Flaw::OwnValue,
        Flaw::AnyValue,
        Flaw::BrokenPromise,
        Flaw::ForgottenPromise,
        Flaw::UnsyncedAccept,
        Flaw::ReusedBallot,
    ];
}

/// The number of a proposal: two proposers never have the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ballot {
    /// Counts up at each proposer.
    pub round: u64,
    /// Whose it is, by its place in the group.
    pub proposer: u32,
}

/// A value, and the ballot in which it was accepted.
type Accepted = Option<(Ballot, u64)>;

/// What is said. Lamport's phases, in order.
#[allow(missing_docs, reason = "each variant says what its fields are")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Msg {
    /// 1a: promise to accept nothing below this ballot.
    Prepare { ballot: Ballot },
    /// 1b: promised, and this was accepted last.
    Promise { ballot: Ballot, accepted: Accepted },
    /// 2a: accept this value.
    Accept { ballot: Ballot, value: u64 },
    /// 2b: accepted; told to all learners.
    Accepted { ballot: Ballot, value: u64 },
    /// Neither: a higher ballot was promised. "For efficiency", says the paper.
    Preempted { promised: Ballot },
    /// What was chosen, for whoever asks later.
    Chosen { value: u64 },
}

/// What a node waits for.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Timer {
    /// The ballot has come to nothing.
    Retry,
}

/// "An acceptor must remember this information even if it fails and then restarts", and a proposer its highest ballot (§2.5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Memory {
    /// The highest ballot that was promised.
    pub promised: Ballot,
    /// What was accepted last.
    pub accepted: Accepted,
    /// The highest round that was begun here.
    pub round: u64,
}

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

    const PROPERTIES: &'static [Property<Self>] = &[
        Property::always("agreement", When::News, agreement),
        Property::always("one value a ballot", When::News, one_value),
        Property::sometimes("value chosen", When::News, |ghost: &Ghost, _, _| {
            Judgement::happened(!ghost.chosen.is_empty())
        }),
        Property::sometimes("chosen in a later ballot", When::News, |ghost: &Ghost, _, _| {
            Judgement::happened(ghost.chosen.values().any(|ballot| ballot.round > 1))
        }),
        Property::sometimes("value of another adopted", When::News, |ghost: &Ghost, _, _| {
            Judgement::happened(ghost.adopted)
        }),
    ];
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

/// Who has durably accepted what, what was chosen so, and what learners were told.
#[derive(Clone, Debug, Default, Hash)]
pub struct Ghost {
    /// By ballot: the values, and for each who accepted it.
    accepted: BTreeMap<Ballot, BTreeMap<u64, BTreeSet<NodeId>>>,
    /// By value: the first ballot in which a majority accepted it.
    chosen: BTreeMap<u64, Ballot>,
    /// What learners believe.
    learned: BTreeMap<u64, NodeId>,
    /// A proposer proposed what another had proposed before.
    adopted: bool,
}

impl sim_core::property::Ghost<Paxos> for Ghost {
    fn observe(&mut self, view: &View<'_, Paxos>, changed: NodeId) -> bool {
        let mut news = false;
        if let Some((ballot, value)) = view.disk(changed).synced().accepted {
            let majority = view.nodes.len() / 2 + 1;
            let acceptors = self.accepted.entry(ballot).or_default().entry(value).or_default();
            news = acceptors.insert(changed);
            if news && acceptors.len() >= majority {
                self.chosen.entry(value).or_insert(ballot);
            }
            let wish = view.state(NodeId(view.first.0 + ballot.proposer)).and_then(|proposer| proposer.wish);
            self.adopted |= news && wish.is_some_and(|wish| wish != value);
        }
        if let Some(value) = view.state(changed).and_then(|node| node.chosen)
            && !self.learned.contains_key(&value)
        {
            self.learned.insert(value, changed);
            news = true;
        }
        news
    }
}

/// "Only a single value is chosen, and a process never learns that a value has been chosen unless it actually has been" (§2.1).
fn agreement(ghost: &Ghost, _: &View<'_, Paxos>, _: NodeId) -> Judgement {
    let mut chosen = ghost.chosen.iter();
    if let (Some((one, first)), Some((two, second))) = (chosen.next(), chosen.next()) {
        return Judgement::Broken(format!(
            "two values were chosen: {one} in round {} and {two} in round {}",
            first.round, second.round
        ));
    }
    let mut learned = ghost.learned.iter();
    if let (Some((one, first)), Some((two, second))) = (learned.next(), learned.next()) {
        return Judgement::Broken(format!(
            "node {} learned {one}, and node {} learned {two}",
            first.0, second.0
        ));
    }
    if ghost.chosen.is_empty() && ghost.learned.is_empty() { Judgement::Idle } else { Judgement::Holds }
}

/// Nobody else can have a proposer's ballot, so whatever is accepted in one is the same value.
fn one_value(ghost: &Ghost, _: &View<'_, Paxos>, _: NodeId) -> Judgement {
    let mut ballots = ghost.accepted.iter();
    match ballots.find(|(_, values)| values.len() > 1) {
        None => Judgement::Holds,
        Some((ballot, values)) => Judgement::Broken(format!(
            "{} values were accepted in round {} of proposer {}",
            values.len(),
            ballot.round,
            ballot.proposer
        )),
    }
}

impl Message for Propose {
    fn bytes(&self) -> u64 {
        8
    }
}

impl Message for Msg {
    fn bytes(&self) -> u64 {
        match self {
            Msg::Prepare { .. } | Msg::Preempted { .. } => 13,
            Msg::Promise { accepted, .. } => 14 + if accepted.is_some() { 20 } else { 0 },
            Msg::Accept { .. } | Msg::Accepted { .. } => 21,
            Msg::Chosen { .. } => 9,
        }
    }
}
