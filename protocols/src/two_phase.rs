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

use State::*;
use Timer::*;
use serde::{Deserialize, Serialize};
use sim_core::prelude::*;

/// Timing and choices.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Who begins.
    pub begins: Begins,
    /// When: the first vote is asked for, or the first resource manager is prepared, so long after the start.
    pub work: Span,
    /// Who is neither prepared nor decided so long after the start aborts, if it still may.
    pub patience: Span,
    /// What was not answered is said again, so often.
    pub resend: Span,
    /// So many resource managers, the last ones, cannot commit: they abort when they are asked, or when they would prepare.
    pub refuse: u32,
    /// A mistake to make: for teaching, and to test the tests.
    pub flaw: Option<Flaw>,
}

/// Who begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Begins {
    /// The transaction manager, with a round of questions.
    #[default]
    Asked,
    /// Each resource manager for itself.
    Spontaneous,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            begins: Begins::Asked,
            work: 10.ms(),
            patience: 1.s(),
            resend: 100.ms(),
            refuse: 0,
            flaw: None,
        }
    }
}

impl Config {
    /// Refuses what cannot work: which key, and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        if self.resend == Span::ZERO {
            return Err(("resend", "saying it again every 0s would never end; `100ms` would do".into()));
        }
        if self.patience <= self.work {
            let found = format!("patience of {} is over before the work of {}", self.patience, self.work);
            return Err(("patience", format!("{found}: nothing could commit; more would do")));
        }
        Ok(())
    }

    /// Refuses what so many nodes cannot do: which key, and why.
    pub fn check_for(&self, nodes: u32) -> Result<(), (&'static str, String)> {
        let managers = nodes.saturating_sub(1);
        if managers == 0 {
            let found = "a transaction manager alone has nobody to agree with";
            return Err(("", format!("{found}; 2 nodes or more would do")));
        }
        if self.refuse > managers {
            let found = format!("{} of {managers} resource managers cannot refuse", self.refuse);
            return Err(("refuse", format!("{found}; 0 to {managers} can")));
        }
        Ok(())
    }
}

/// Mistakes that implementations have made. Each costs one line where the decision is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Flaw {
    /// A resource manager says that it is prepared before that is on its disk, so a crash can take it back.
    UnsyncedVote,
    /// A resource manager in doubt runs out of patience, and aborts.
    ImpatientInDoubt,
    /// The transaction manager tells its decision before that is on its disk, so a crash can make it decide again.
    UnsyncedDecision,
    /// The transaction manager commits when a majority is prepared.
    MajorityCommit,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 4] =
        [Flaw::UnsyncedVote, Flaw::ImpatientInDoubt, Flaw::UnsyncedDecision, Flaw::MajorityCommit];
}

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Msg {
    /// Can you commit?
    Prepare,
    /// I can, and from now on I wait for your word.
    Prepared,
    /// I cannot, and have aborted.
    Refused,
    /// All commit.
    Commit,
    /// All abort.
    Abort,
    /// I did what you decided.
    Done,
}

/// What a node waits for.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Timer {
    /// The work is done, or votes are asked for.
    Work,
    /// All are prepared: the transaction manager may commit.
    Decide,
    /// It has taken too long.
    Patience,
    /// Something was not answered.
    Resend,
}

/// How far a node is with the transaction. The transaction manager is never prepared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum State {
    /// Nothing is promised or decided.
    #[default]
    Working,
    /// It can commit, and has promised to wait for the decision.
    Prepared,
    /// It has committed.
    Committed,
    /// It has aborted.
    Aborted,
}

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

    const PROPERTIES: &'static [Property<Self>] = &[
        Property::always("atomicity", When::News, atomicity),
        Property::always("unanimity", When::News, unanimity),
        Property::sometimes("all committed", When::News, |ghost: &Ghost, view, _| {
            Judgement::happened(ghost.committed.len() == view.nodes.len())
        }),
        Property::sometimes("all aborted", When::News, |ghost: &Ghost, view, _| {
            Judgement::happened(ghost.aborted.len() == view.nodes.len())
        }),
        Property::sometimes("in doubt without a manager", When::News, |ghost: &Ghost, _, _| {
            Judgement::times(ghost.news)
        }),
    ];
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

/// Who has ever decided, and how: with the decision on its disk, for a process that dies before that has told nobody.
#[derive(Clone, Debug, Default, Hash)]
pub struct Ghost {
    committed: BTreeSet<NodeId>,
    aborted: BTreeSet<NodeId>,
    /// Resource managers that were seen in doubt since the transaction manager went down; and how many of them only now.
    doubtful: BTreeSet<NodeId>,
    news: u64,
}

impl sim_core::property::Ghost<TwoPhase> for Ghost {
    fn observe(&mut self, view: &View<'_, TwoPhase>, changed: NodeId) -> bool {
        let before = self.doubtful.len();
        if view.state(view.first).is_some() {
            self.doubtful.clear();
        } else {
            // When the manager goes down, all who are prepared are in doubt at once; later, whoever gets there.
            let looked = match changed == view.first {
                true => view.first.0..view.first.0 + view.nodes.len() as u32,
                false => changed.0..changed.0 + 1,
            };
            let doubts = |node: &NodeId| {
                view.state(*node).is_some_and(|state| !state.manager && state.state == Prepared)
            };
            self.doubtful.extend(looked.map(NodeId).filter(doubts));
        }
        self.news = self.doubtful.len().saturating_sub(before) as u64;
        let decided = match view.disk(changed).synced() {
            Committed => self.committed.insert(changed),
            Aborted => self.aborted.insert(changed),
            Working | Prepared => false,
        };
        decided || self.news > 0
    }
}

/// `TCConsistent`: no two decide differently, and nobody changes its mind.
fn atomicity(ghost: &Ghost, view: &View<'_, TwoPhase>, _: NodeId) -> Judgement {
    let (Some(committed), Some(aborted)) = (ghost.committed.first(), ghost.aborted.first()) else {
        return Judgement::Holds;
    };
    let name = |node: &NodeId| match view.index(*node) {
        0 => "the transaction manager".to_string(),
        index => format!("resource manager {index}"),
    };
    Judgement::Broken(format!("{} committed and {} aborted", name(committed), name(aborted)))
}

/// Nobody commits before all are prepared, and can no longer abort by themselves.
fn unanimity(ghost: &Ghost, view: &View<'_, TwoPhase>, changed: NodeId) -> Judgement {
    if !ghost.committed.contains(&changed) {
        return Judgement::Idle;
    }
    let unready = |&index: &usize| !matches!(view.nodes[index].disk.synced(), Prepared | Committed);
    match (1..view.nodes.len()).find(unready) {
        None => Judgement::Holds,
        Some(index) => Judgement::Broken(format!(
            "node {} committed while resource manager {index} is {:?}",
            view.index(changed),
            view.nodes[index].disk.synced()
        )),
    }
}

impl Message for Msg {
    fn bytes(&self) -> u64 {
        1
    }
}
