//! Raft: leader election and log replication, after Figure 2 of "In Search of an Understandable Consensus Algorithm"
//! (Ongaro and Ousterhout, 2014). Names and section numbers are the paper's.
//!
//! Every server is a follower, a candidate or a leader. Time is cut into terms, each with at most one leader. A
//! follower that hears nothing for an election timeout becomes a candidate of the next term and asks for votes; a
//! server votes once per term, and only for a log at least as up to date as its own, so a leader's log holds all that
//! was committed. The leader appends what clients ask to its log and sends it to the others; what a majority holds is
//! committed and applied. Term, vote and log are on the disk before any message tells of them.
//!
//! Beyond Figure 2: the no-op entry of a new leader (§8), reads without log entries (dissertation §6.4) and on leases
//! (dissertation §6.4.1, with the refusal to vote of §4.2.3), backing up by
//! whole terms (§5.3). A leader sends each entry to a follower once and at once, without waiting for the answer to the
//! one before; it sends again from where the logs are known to agree when the follower finds a gap, or leaves a
//! heartbeat unanswered. To a follower that is silent for longer it sends with heartbeats only. Left out: log
//! compaction (§7), membership changes (§6), pre-vote, and asking again for a vote within a term.
//! Indexes count entries from 1, as in the paper; 0 is the place before the first.
//!
//! Here are what servers say, keep and wait for, and the step that takes it in; `elections.rs`, `replication.rs` and
//! `clients.rs` are what a step does, section by section.

mod clients;
mod config;
mod elections;
mod lease;
mod properties;
pub mod quorum;
mod replication;

use Msg::*;
use Standing::*;
use Timer::*;
pub use config::{Backtrack, Config, Flaw, Reads};
use lease::Lease;
pub use properties::Ghost;
use quorum::Election as Poll;
use sim_core::prelude::*;

/// An entry of the log: `None` is the no-op that opens a term.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry<O> {
    /// The term of the leader that took it.
    pub term: u64,
    /// What to apply.
    pub op: Option<O>,
}

/// The two calls of the paper and their answers.
#[allow(missing_docs, reason = "each variant says what its fields are")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Msg<O> {
    /// A candidate asks for a vote; `last` is the term and index of its last entry.
    RequestVote { term: u64, last: (u64, usize) },
    /// The vote.
    Vote { term: u64, granted: bool },
    /// A leader is heard, and sends the entries that follow index `prev.1` of term `prev.0`, perhaps none. `round` counts
    /// what a leader announced to all: its echo shows when the follower still followed.
    AppendEntries { term: u64, prev: (u64, usize), entries: Vec<Entry<O>>, commit: usize, round: u64 },
    /// A follower's log agrees up to index `Ok`; or it does not agree at `prev`, and index `Err` is the latest worth
    /// trying next.
    Appended { term: u64, prev: usize, matched: Result<usize, usize>, round: u64 },
}

/// What a server waits for.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Timer {
    /// Nothing was heard of a leader for too long.
    Election,
    /// It is time to be heard as a leader.
    Heartbeat,
}

/// "Persistent state on all servers: updated on stable storage before responding to RPCs."
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Disk<O> {
    /// `currentTerm` and `votedFor`.
    pub vote: Cell<(u64, Option<NodeId>)>,
    /// The log.
    pub log: Log<Entry<O>>,
}

/// A server.
#[derive(Clone, Debug, Hash)]
pub struct Raft<S: Spec> {
    config: Config,
    standing: Standing,
    /// Whom it last heard leading its term.
    leader: Option<NodeId>,
    commit: usize,
    applied: usize,
    machine: S::State,
    /// Requests in the log, by index: the term in which each was taken, and whom to answer.
    waiting: BTreeMap<usize, (u64, Ticket)>,
    /// Reads that wait for a round of heartbeats: the round, the commit index they saw, and what to do.
    reads: VecDeque<Read<S::Op>>,
    /// `currentTerm`, as on the disk.
    term: u64,
    /// Whether something was written to the disk since the last sync.
    written: bool,
    /// When, by its own clock, it last heard a leader, or began its life: it may have heard one just before.
    heard: Time,
}

/// Follower, candidate or leader, with what only such a server keeps.
#[derive(Clone, Debug, Hash)]
enum Standing {
    Follower,
    /// Votes by member: granted, refused, or not heard of.
    Candidate {
        votes: Vec<Option<bool>>,
    },
    /// What is known of each member, and how many rounds of AppendEntries went out.
    Leader {
        followers: Vec<Progress>,
        round: u64,
        lease: Lease,
    },
}

/// What a leader knows of a follower.
#[derive(Clone, Debug, Default, Hash)]
struct Progress {
    next: usize,
    matched: usize,
    /// The last index sent to it.
    sent: usize,
    /// Whether its log was found to disagree, and where it begins to is being looked for: one question at a time.
    probing: bool,
    /// The last round it answered.
    round: u64,
    /// Heartbeats since it answered last, counted up to [`SILENT`].
    silent: u8,
}

/// So many heartbeats without an answer, and a follower is left alone between heartbeats.
const SILENT: u8 = 2;

/// A read that waits.
#[derive(Clone, Debug, Hash)]
struct Read<O> {
    round: u64,
    index: usize,
    op: O,
    ticket: Ticket,
}

impl<S: Spec> Protocol for Raft<S> {
    type Config = Config;
    type Msg = Msg<S::Op>;
    type Timer = Timer;
    type Disk = Disk<S::Op>;
    type Serves = S;
    type Calls = Never;
    type Ghost = Ghost;

    const PROPERTIES: &'static [Property<Self>] = Self::CLAIMS;
    const ROLES: &'static [Role] = &[Role("follower"), Role("candidate"), Role("leader")];
    /// Each keeps a vote and a progress for every other, and an election sends votes by the square.
    const NODES_MAX: u32 = 1_000;

    fn start(config: &Config, ctx: &mut Ctx<Self>) -> Self {
        ctx.set(Election, config.election.0..config.election.1);
        match config.flaw {
            Some(Flaw::ForgottenTerm) => ctx.disk.vote.set((0, None)),
            Some(Flaw::ForgottenVote) => ctx.disk.vote.set((ctx.disk.vote.get().0, None)),
            Some(_) | None => {}
        }
        Raft {
            config: config.clone(),
            standing: Follower,
            leader: None,
            commit: 0,
            applied: 0,
            machine: S::State::default(),
            waiting: BTreeMap::new(),
            reads: VecDeque::new(),
            term: ctx.disk.vote.get().0,
            written: false,
            heard: if config.reads == Reads::Lease { ctx.now() } else { Time::ZERO },
        }
    }

    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        // "If a server receives a RequestVote request within the minimum election timeout of hearing from a current
        // leader, it does not update its term or grant its vote" (dissertation §4.2.3): what leases stand on.
        if let (Reads::Lease, Deliver(_, RequestVote { .. })) = (self.config.reads, &input)
            && ctx.now() < self.heard + self.config.election.0
        {
            return;
        }
        // "If RPC request or response contains term T > currentTerm: set currentTerm = T, convert to follower."
        if let Deliver(_, msg) = &input
            && msg.term() > self.term
        {
            self.follow(msg.term(), ctx);
        }
        match input {
            Timeout(Election) => self.campaign(ctx),
            Timeout(Heartbeat) => self.heartbeat(ctx),

            Deliver(from, RequestVote { term, last }) => self.vote(from, term, last, ctx),
            Deliver(from, Vote { term, granted }) => {
                if term == self.term || self.has(Flaw::UncheckedTerm) || self.has(Flaw::StaleVote) {
                    self.count(from, granted, ctx);
                }
            }
            Deliver(from, AppendEntries { term, prev, entries, commit, round }) => {
                if term < self.term && !self.has(Flaw::UncheckedTerm) {
                    self.persist(ctx);
                    return ctx
                        .send(from, Appended { term: self.term, prev: prev.1, matched: Err(0), round });
                }
                let matched = self.append(from, prev, entries, ctx);
                if let Ok(matched) = matched {
                    let known = match self.config.flaw {
                        Some(Flaw::UncheckedCommit) => ctx.disk.log.len(),
                        Some(Flaw::BoundlessCommit) => usize::MAX,
                        Some(_) | None => matched,
                    };
                    self.commit = self.commit.max(commit.min(known));
                }
                if !self.has(Flaw::UnsyncedLog) {
                    self.persist(ctx);
                }
                ctx.send(from, Appended { term: self.term, prev: prev.1, matched, round });
                self.apply(ctx);
            }
            Deliver(from, Appended { term, prev, matched, round }) => {
                if term == self.term {
                    self.appended(from, prev, matched, round, ctx);
                }
            }
            Request(ticket, op) => self.request(ticket, op, ctx),
            Response(_, answer) => match answer {
                Answer::Ok(never) => match never {},
                Answer::Refused | Answer::Redirect(_) => {}
            },
        }
    }

    fn role(&self) -> Role {
        match self.standing {
            Follower => Role("follower"),
            Candidate { .. } => Role("candidate"),
            Leader { .. } => Role("leader"),
        }
    }

    fn epoch(&self) -> u64 {
        self.term
    }

    fn show(&self) -> Vec<(&'static str, String)> {
        let known = self.leader.map_or_else(|| "nobody".to_string(), |node| node.0.to_string());
        vec![
            ("role", self.role().0.to_string()),
            ("term", self.term.to_string()),
            ("leader", known),
            ("commit", self.commit.to_string()),
            ("applied", self.applied.to_string()),
        ]
    }
}

impl<S: Spec> Raft<S> {
    /// "Updated on stable storage before responding": what was written is synced before what is sent next.
    fn persist(&mut self, ctx: &mut Ctx<Self>) {
        if core::mem::take(&mut self.written) {
            ctx.sync();
        }
    }

    /// A leader only ever appends to its log.
    fn take(&mut self, op: Option<S::Op>, ctx: &mut Ctx<Self>) {
        ctx.disk.log.push(Entry { term: self.term, op });
        self.written = true;
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.config.flaw == Some(flaw)
    }
}

/// The term of the entry at `index`; 0 before the first.
fn term_at<O>(log: &[Entry<O>], index: usize) -> u64 {
    index.checked_sub(1).map_or(0, |i| log[i].term)
}

/// Term and index of the last entry: compared so, the later log is the more up-to-date one (§5.4.1).
fn last<O>(log: &[Entry<O>]) -> (u64, usize) {
    (term_at(log, log.len()), log.len())
}

/// Where a leader should try next when the log does not agree at `prev`: just past the end of a short log, or the first
/// entry of the conflicting term (§5.3).
fn conflict<O>(log: &[Entry<O>], prev: usize) -> usize {
    if prev > log.len() {
        return log.len() + 1;
    }
    let term = term_at(log, prev);
    log.partition_point(|entry| entry.term < term) + 1
}

impl<O> Msg<O> {
    fn term(&self) -> u64 {
        match self {
            RequestVote { term, .. }
            | Vote { term, .. }
            | AppendEntries { term, .. }
            | Appended { term, .. } => *term,
        }
    }
}

impl<O: Message> Message for Msg<O> {
    fn bytes(&self) -> u64 {
        match self {
            RequestVote { .. } => 24,
            Vote { .. } => 9,
            AppendEntries { entries, .. } => {
                40 + entries.iter().map(|e| 9 + e.op.as_ref().map_or(0, Message::bytes)).sum::<u64>()
            }
            Appended { .. } => 33,
        }
    }
}

impl<O> Default for Disk<O> {
    fn default() -> Self {
        Disk { vote: Cell::default(), log: Log::default() }
    }
}

impl<O: Message> Durable for Disk<O> {
    fn parts(&mut self, visit: &mut impl FnMut(&mut dyn Part)) {
        visit(&mut self.vote);
        visit(&mut self.log);
    }
}
