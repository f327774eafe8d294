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
//! (dissertation §6.4.1, with the refusal to vote of §4.2.3), backing up by whole terms (§5.3). A leader sends each
//! entry to a follower once and at once, without waiting for the answer to the one before; it sends again from where
//! the logs are known to agree when the follower finds a gap, or leaves a heartbeat unanswered. To a follower that is
//! silent for longer it sends with heartbeats only. From the dissertation are pre-vote (§9.6), a leader's check of its
//! quorum (§6.2), learners (§4.2.1) and leadership transfer (§3.10). Left out: snapshots in chunks, asking again for a
//! vote within a term, and client sessions (§6.3): a request that arrives twice is applied twice, so a network that
//! duplicates breaks linearizability (`scenarios/faults/duplicates.ron`).
//! Indexes count entries from 1, as in the paper; 0 is the place before the first.
//!
//! Here are what servers keep and wait for, and the step that takes inputs in; `messages.rs` is what they say; `elections.rs`,
//! `replication.rs`, `clients.rs`, `lease.rs`, `snapshots.rs`, `membership.rs` and `transfer.rs` are what a step does, section by
//! section; `quorum.rs` counts, and `properties` is what must hold.

mod clients;
mod config;
mod elections;
mod flaws;
mod lease;
mod membership;
mod messages;
mod properties;
pub mod quorum;
mod replication;
mod snapshots;
mod transfer;

use Msg::*;
use Standing::*;
use Timer::*;
use config::numbered;
pub use config::{Backtrack, Change, Config, Reads, Transfer, Way};
pub use flaws::Flaw;
use lease::Lease;
pub use membership::Members;
pub use messages::{Command, Entry, Msg};
pub use properties::Ghost;
use quorum::{Bounded, Election as Poll};
use sim_core::{names::listed, prelude::*};
use snapshots::Mark;
pub use snapshots::{Compacted, Journal, Snapshot};

/// What a server waits for.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Timer {
    /// Nothing was heard of a leader for too long.
    Election,
    /// It is time to be heard as a leader.
    Heartbeat,
    /// It is time for a leader to look whether a quorum still answers.
    Quorum,
    /// The successor should lead by now.
    Resume,
    /// The operator asks for a change of members.
    Change(u32),
    /// The operator asks for another leader.
    Transfer(u32),
}

/// "Persistent state on all servers: updated on stable storage before responding to RPCs."
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Disk<S: Spec> {
    /// `currentTerm` and `votedFor`.
    pub vote: Cell<(u64, Option<NodeId>)>,
    /// The log, and the snapshot before it.
    pub log: Journal<S>,
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
    /// Who takes part, after the entry at index `changed`: a Change, or the last that a snapshot stands for.
    members: Members,
    changed: usize,
    /// The change that the operator asked for last, if it may still be wanted.
    wish: Option<u32>,
    /// The snapshot that will replace the log up to it when the next is due.
    mark: Option<Mark<S>>,
}

/// Follower, candidate or leader, with what only such a server keeps.
#[derive(Clone, Debug, Hash)]
enum Standing {
    Follower,
    /// Votes by member: granted, refused, or not heard of.
    Candidate {
        votes: Vec<Option<bool>>,
    },
    /// What is known of each member, how many rounds of AppendEntries went out, and who is to lead next.
    Leader {
        followers: Vec<Progress>,
        round: u64,
        lease: Lease,
        successor: Option<NodeId>,
    },
    /// Who would vote for it, by member.
    PreCandidate {
        votes: Vec<Option<bool>>,
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
    /// Whether it answered since the leader last looked.
    answered: bool,
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
    type Msg = Msg<S>;
    type Timer = Timer;
    type Disk = Disk<S>;
    type Serves = S;
    type Calls = Never;
    type Ghost = Ghost;

    const PROPERTIES: &'static [Property<Self>] = Self::CLAIMS;
    const ROLES: &'static [Role] =
        &[Role("follower"), Role("candidate"), Role("leader"), Role("pre-candidate")];
    /// Each keeps a vote and a progress for every other, and an election sends votes by the square.
    const NODES_MAX: u32 = 1_000;

    fn start(config: &Config, ctx: &mut Ctx<Self>) -> Self {
        ctx.set(Election, config.election.0..config.election.1);
        match config.flaw {
            Some(Flaw::ForgottenTerm) => ctx.disk.vote.set((0, None)),
            Some(Flaw::ForgottenVote) => ctx.disk.vote.set((ctx.disk.vote.get().0, None)),
            Some(_) | None => {}
        }
        let mut wish = None;
        let now = ctx.now();
        for (which, Change { at, .. }) in (0..).zip(&config.changes) {
            match Time(at.0) {
                at if at > now => drop(ctx.after(at.since(now), Timer::Change(which))),
                _ => wish = Some(which),
            }
        }
        for (which, at) in (0..).zip(config.transfers.iter().map(|transfer| Time(transfer.at.0))) {
            if at > now {
                ctx.after(at.since(now), Timer::Transfer(which));
            }
        }
        let (changed, members) = Self::members_at(config, ctx.disk.log.end(), ctx);
        let log = &ctx.disk.log;
        Raft {
            config: config.clone(),
            standing: Follower,
            leader: None,
            commit: log.start(),
            applied: log.start(),
            machine: log.snapshot().state.machine.clone(),
            waiting: BTreeMap::new(),
            reads: VecDeque::new(),
            term: ctx.disk.vote.get().0,
            written: false,
            heard: if config.faithful() { now } else { Time::ZERO },
            members,
            changed,
            wish,
            mark: None,
        }
    }

    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        // "If a server receives a RequestVote request within the minimum election timeout of hearing from a current
        // leader, it does not update its term or grant its vote" (dissertation §4.2.3): what leases stand on.
        if let Deliver(_, RequestVote { told: false, .. }) = &input
            && (self.config.reads == Reads::Lease || self.config.check_quorum)
            && self.hears_a_leader(ctx)
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
            Timeout(Election) => self.stand(ctx),
            Timeout(Heartbeat) => self.heartbeat(ctx),
            Timeout(Quorum) => self.check_quorum(ctx),
            Timeout(Resume) => self.resume(),
            Timeout(Timer::Change(which)) => self.ask(which, ctx),
            Timeout(Timer::Transfer(which)) => self.hand_over(which, ctx),

            Deliver(from, PreVote { term, last }) => self.pre_vote(from, term, last, ctx),
            Deliver(from, PreVoted { term, granted }) => {
                if !granted || term == self.term + 1 || self.has(Flaw::PreVoteCounts) {
                    self.count_pre_vote(from, granted, ctx);
                }
            }
            Deliver(from, RequestVote { term, last, .. }) => self.vote(from, term, last, ctx),
            Deliver(from, Vote { term, granted }) => {
                if term == self.term || self.has(Flaw::UncheckedTerm) || self.has(Flaw::StaleVote) {
                    self.count(from, granted, ctx);
                }
            }
            Deliver(from, AppendEntries { term, prev, entries, commit, round }) => {
                if term < self.term && !self.has(Flaw::UncheckedTerm) {
                    self.persist(ctx);
                    // Whose round this was may lead again by now: it is none of its rounds in the term of the answer.
                    let refused = Appended { term: self.term, prev: prev.1, matched: Err(0), round: 0 };
                    return ctx.send(from, refused);
                }
                self.hear(from, ctx);
                let matched = self.append(prev, entries, ctx);
                if let Ok(matched) = matched {
                    let known = match self.config.flaw {
                        Some(Flaw::UncheckedCommit) => ctx.disk.log.end(),
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
            Deliver(from, InstallSnapshot { term, snapshot, round }) => {
                let prev = snapshot.len();
                let (matched, round) = match term {
                    term if term < self.term => (Err(0), 0),
                    _ => {
                        self.hear(from, ctx);
                        (Ok(self.install(*snapshot, ctx)), round)
                    }
                };
                self.persist(ctx);
                ctx.send(from, Appended { term: self.term, prev, matched, round });
            }
            Deliver(_, TimeoutNow { term }) => {
                if term == self.term && self.members.votes(ctx.me) {
                    self.campaign(true, ctx);
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
            PreCandidate { .. } => Role("pre-candidate"),
        }
    }

    fn epoch(&self) -> u64 {
        self.term
    }

    fn show(&self) -> Vec<(&'static str, String)> {
        let known = self.leader.map_or_else(|| "nobody".to_string(), |node| node.to_string());
        vec![
            ("role", self.role().0.to_string()),
            ("term", self.term.to_string()),
            ("leader", known),
            ("commit", self.commit.to_string()),
            ("applied", self.applied.to_string()),
            ("voters", listed(self.members.voters().iter().copied())),
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
    fn take(&mut self, command: Command<S::Op>, ctx: &mut Ctx<Self>) {
        ctx.disk.log.push(Entry { term: self.term, command });
        self.written = true;
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.config.flaw == Some(flaw)
    }
}

/// The entry at `index`, which is after the snapshot.
fn entry_at<S: Spec>(log: &Journal<S>, index: usize) -> &Entry<S::Op> {
    &log[index - log.start() - 1]
}

/// The term of the entry at `index`, which may be the last that the snapshot stands for; 0 before the first.
fn term_at<S: Spec>(log: &Journal<S>, index: usize) -> u64 {
    if index == log.start() { log.snapshot().state.term } else { entry_at(log, index).term }
}

/// Term and index of the last entry: compared so, the later log is the more up-to-date one (§5.4.1).
fn last<S: Spec>(log: &Journal<S>) -> (u64, usize) {
    (term_at(log, log.end()), log.end())
}

/// Where a leader should try next when the log does not agree at `prev`: just past the end of a short log, or the first
/// entry of the conflicting term (§5.3).
fn conflict<S: Spec>(log: &Journal<S>, prev: usize) -> usize {
    if prev > log.end() {
        return log.end() + 1;
    }
    let term = term_at(log, prev);
    log.start() + log.partition_point(|entry| entry.term < term) + 1
}

impl<S: Spec> Default for Disk<S> {
    fn default() -> Self {
        Disk { vote: Cell::default(), log: Log::default() }
    }
}

impl<S: Spec> Durable for Disk<S> {
    fn parts(&mut self, visit: &mut impl FnMut(&mut dyn Part)) {
        visit(&mut self.vote);
        visit(&mut self.log);
    }
}
