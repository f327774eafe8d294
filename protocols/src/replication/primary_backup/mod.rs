//! Primary and backups: one node takes all requests and ships them to the others; when it is silent, another takes over.
//! After "A principle for resilient sharing of distributed resources" (Alsberg and Day, 1976) and "The primary-backup
//! approach" (Budhiraja, Marzullo, Schneider and Toueg, 1993, in Mullender's "Distributed Systems"), whose names are used.
//!
//! The primary appends what clients ask to its log, and ships it. When it acknowledges is the choice of this protocol:
//! when all backups have it, when k of them have it, or at once, with backups told now and then. Backups apply what
//! was acknowledged.
//!
//! Failover. The papers assume that messages take a bounded time, so that silence means a crash. Here networks are slow and
//! break, so the old primary may live; it is *fenced*. Every reign is an epoch, and an epoch belongs to one node (those
//! that leave its remainder when divided by the number of nodes). A backup that hears no primary for too long takes its
//! next epoch and asks all to join it. Who joins refuses what older epochs ship, and hands over its log if it is
//! later. With a majority the backup is primary, and goes on with the latest log that it heard of. Whatever was
//! acknowledged by a majority is in it (the argument of Viewstamped Replication, Oki and Liskov 1988). The logs of
//! backups are made equal to the primary's, as they are after a restart: from where they are known to agree.
//!
//! A backup that is silent would hold up synchronous shipping for ever. The primary then begins a new epoch itself,
//! and waits from there on for those that joined it, and for the others once they have caught up.
//!
//! Left out: compaction of logs, changes of the group, and the server of last resort that the papers send clients to:
//! clients are redirected to the primary, or try the next node. Indexes count entries from 1.

mod config;
mod failover;
mod properties;

use Msg::*;
use Standing::*;
use Timer::*;
pub use config::{Config, Flaw, Reads, Shipping};
pub use properties::Ghost;
use sim_core::prelude::*;

/// An entry of the log: `None` opens an epoch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry<O> {
    /// The epoch of the primary that took it.
    pub epoch: u64,
    /// What to apply.
    pub op: Option<O>,
}

/// What is said.
#[allow(missing_docs, reason = "each variant says what its fields are")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Msg<O> {
    /// A primary is heard, and sends the entries that follow `prev` (epoch and index), perhaps none; so many are
    /// acknowledged.
    Ship { epoch: u64, prev: (u64, usize), entries: Vec<Entry<O>>, acknowledged: usize },
    /// A backup's log agrees with the primary's up to this index; `None`: it does not agree at `prev`, or the epoch is over.
    Shipped { epoch: u64, matched: Option<usize> },
    /// Who wants to be primary asks all to join its epoch; `last` is the epoch and index of its last entry.
    Fence { epoch: u64, last: (u64, usize) },
    /// I have joined, and take nothing from older epochs any more. The log, if it is later than yours.
    Fenced { epoch: u64, log: Vec<Entry<O>> },
}

/// What a node waits for.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Timer {
    /// Nothing was heard of a primary for too long.
    Silence,
    /// It is time to be heard as a primary.
    Heartbeat,
    /// It is time to ship (asynchronously).
    Tell,
}

/// What survives a crash.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Disk<O> {
    /// The latest epoch joined.
    pub epoch: Cell<u64>,
    /// What was asked, in order.
    pub log: Log<Entry<O>>,
}

/// A node.
#[derive(Clone, Debug, Hash)]
pub struct PrimaryBackup<S: Spec> {
    config: Config,
    standing: Standing,
    epoch: u64,
    /// The primary of this epoch, if it was heard.
    primary: Option<NodeId>,
    acknowledged: usize,
    applied: usize,
    machine: S::State,
    /// Requests in the log, by index: the epoch in which each was taken, and whom to answer.
    waiting: BTreeMap<usize, (u64, Ticket)>,
    /// The length of the log with which it last took over.
    began: usize,
}

#[derive(Clone, Debug, Hash)]
enum Standing {
    Backup,
    /// Wants to be primary: who has joined.
    Candidate(BTreeSet<NodeId>),
    /// What is known of each member.
    Primary(Vec<Replica>),
}

/// What a primary knows of a backup.
#[derive(Clone, Debug, Hash)]
struct Replica {
    /// Its log is known to agree up to here.
    matched: usize,
    /// The last index shipped to it.
    sent: usize,
    heard: Time,
    /// Whether synchronous shipping waits for it.
    takes_part: bool,
}

impl<S: Spec> Protocol for PrimaryBackup<S> {
    type Config = Config;
    type Msg = Msg<S::Op>;
    type Timer = Timer;
    type Disk = Disk<S::Op>;
    type Serves = S;
    type Calls = Never;
    type Ghost = Ghost;

    const PROPERTIES: &'static [Property<Self>] = Self::CLAIMS;
    const ROLES: &'static [Role] = &[Role("backup"), Role("candidate"), Role("primary")];
    /// The primary keeps something about each.
    const NODES_MAX: u32 = 1_000;

    fn start(config: &Config, ctx: &mut Ctx<Self>) -> Self {
        let mut node = PrimaryBackup {
            config: config.clone(),
            standing: Backup,
            epoch: *ctx.disk.epoch.get(),
            primary: None,
            acknowledged: 0,
            applied: 0,
            machine: S::State::default(),
            waiting: BTreeMap::new(),
            began: 0,
        };
        if ctx.index(ctx.me) == 0 && node.epoch == 0 {
            node.take_over(ctx);
        } else {
            node.listen(ctx);
        }
        node
    }

    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        // Whoever hears of a later epoch joins it.
        if let Deliver(_, msg) = &input
            && msg.epoch() > self.epoch
        {
            self.join(msg.epoch(), ctx);
        }
        match input {
            Request(ticket, op) => self.request(ticket, op, ctx),

            // The primary ships, and backups take it.
            Timeout(Heartbeat) => self.heartbeat(ctx),
            Timeout(Tell) => self.ship_all(ctx),
            Deliver(from, Ship { epoch, prev, entries, acknowledged }) => {
                let current = epoch == self.epoch || self.has(Flaw::UncheckedEpoch);
                let matched =
                    if current { self.append(from, prev, entries, acknowledged, ctx) } else { None };
                ctx.send(from, Shipped { epoch: self.epoch, matched });
            }
            Deliver(from, Shipped { epoch, matched }) => {
                if epoch == self.epoch {
                    self.shipped(from, matched, ctx);
                }
            }

            // The primary is silent: a backup takes over.
            Timeout(Silence) => self.take_over(ctx),
            Deliver(from, Fence { epoch, last: theirs }) => {
                if epoch == self.epoch {
                    let later = last(&ctx.disk.log) > theirs;
                    let log = if later { ctx.disk.log.to_vec() } else { Vec::new() };
                    ctx.send(from, Fenced { epoch, log });
                }
            }
            Deliver(from, Fenced { epoch, log }) => {
                if epoch == self.epoch {
                    self.fenced(from, log, ctx);
                }
            }

            Response(_, Answer::Ok(never)) => match never {},
            Response(_, Answer::Refused | Answer::Redirect(_)) => {}
        }
    }

    fn role(&self) -> Role {
        match self.standing {
            Backup => Role("backup"),
            Candidate(_) => Role("candidate"),
            Primary(_) => Role("primary"),
        }
    }
    fn epoch(&self) -> u64 {
        self.epoch
    }
    fn show(&self) -> Vec<(&'static str, String)> {
        let known = self.primary.map_or_else(|| "nobody".to_string(), |node| node.0.to_string());
        vec![
            ("role", self.role().0.to_string()),
            ("epoch", self.epoch.to_string()),
            ("primary", known),
            ("acknowledged", self.acknowledged.to_string()),
            ("began with", self.began.to_string()),
        ]
    }
}

/// Requests and shipping.
impl<S: Spec> PrimaryBackup<S> {
    fn request(&mut self, ticket: Ticket, op: S::Op, ctx: &mut Ctx<Self>) {
        let leads = matches!(self.standing, Primary(_));
        let local = self.config.reads == Reads::Any || self.config.reads == Reads::Primary && leads;
        if S::is_read(&op) && local {
            return ctx.answer(ticket, Answer::Ok(S::apply(&mut self.machine, &op)));
        }
        if !leads {
            return ctx.answer(ticket, self.primary.map_or(Answer::Refused, Answer::Redirect));
        }
        ctx.disk.log.push(Entry { epoch: self.epoch, op: Some(op) });
        ctx.sync();
        self.waiting.insert(ctx.disk.log.len(), (self.epoch, ticket));
        if !matches!(self.config.shipping, Shipping::Asynchronous(_)) {
            self.ship_all(ctx);
        }
        self.acknowledge(ctx);
    }

    /// Ships what each backup was not sent yet.
    fn ship_all(&mut self, ctx: &mut Ctx<Self>) {
        let Primary(replicas) = &mut self.standing else { return };
        for peer in ctx.peers() {
            let from = core::mem::replace(&mut replicas[ctx.index(peer)].sent, ctx.disk.log.len());
            ship(self.epoch, self.acknowledged, peer, from..ctx.disk.log.len(), ctx);
        }
        if let Shipping::Asynchronous(interval) = self.config.shipping {
            ctx.set(Tell, interval);
        }
    }

    fn heartbeat(&mut self, ctx: &mut Ctx<Self>) {
        let now = ctx.now();
        let Primary(replicas) = &mut self.standing else { return };
        let silent = |replica: &Replica| replica.takes_part && replica.heard + self.config.timeout < now;
        let own = ctx.index(ctx.me);
        replicas[own].heard = now;
        if self.config.shipping == Shipping::Synchronous && replicas.iter().any(silent) {
            return self.take_over(ctx);
        }
        for peer in ctx.peers() {
            let sent = replicas[ctx.index(peer)].sent;
            ship(self.epoch, self.acknowledged, peer, sent..sent, ctx);
        }
        ctx.set(Heartbeat, self.config.heartbeat);
    }

    /// A backup takes what it was shipped: up to which index its log now agrees, if it does.
    fn append(
        &mut self,
        from: NodeId,
        prev: (u64, usize),
        entries: Vec<Entry<S::Op>>,
        acknowledged: usize,
        ctx: &mut Ctx<Self>,
    ) -> Option<usize> {
        self.standing = Backup;
        self.primary = Some(from);
        self.listen(ctx);
        let agrees = prev.1 <= ctx.disk.log.len() && epoch_at(&ctx.disk.log, prev.1) == prev.0;
        if !agrees && !self.has(Flaw::UncheckedPrevious) {
            return None;
        }
        let matched = prev.1 + entries.len();
        let mut written = false;
        for (index, entry) in (prev.1 + 1..).zip(entries) {
            if index <= ctx.disk.log.len() && ctx.disk.log[index - 1].epoch == entry.epoch {
                continue;
            }
            self.cut(index - 1, ctx);
            ctx.disk.log.push(entry);
            written = true;
        }
        if written && !self.has(Flaw::UnsyncedBackup) {
            ctx.sync();
        }
        let known = acknowledged.min(matched).min(ctx.disk.log.len());
        self.acknowledged = self.acknowledged.max(known);
        self.apply(ctx);
        Some(matched)
    }

    fn shipped(&mut self, from: NodeId, matched: Option<usize>, ctx: &mut Ctx<Self>) {
        let now = ctx.now();
        let Primary(replicas) = &mut self.standing else { return };
        let replica = &mut replicas[ctx.index(from)];
        replica.heard = now;
        match matched {
            Some(index) => {
                replica.matched = replica.matched.max(index);
                // One that has caught up is waited for again.
                replica.takes_part |= replica.matched >= self.acknowledged;
                self.acknowledge(ctx);
            }
            // From where it is known to agree: the beginning, if nothing is known.
            None => ship(self.epoch, self.acknowledged, from, replica.matched..replica.sent, ctx),
        }
    }

    /// Acknowledges what enough backups have. They count from the first entry of this epoch on, which has all before it.
    fn acknowledge(&mut self, ctx: &mut Ctx<Self>) {
        let Primary(replicas) = &self.standing else { return };
        let own = ctx.index(ctx.me);
        let backups = || replicas.iter().enumerate().filter(|&(place, _)| place != own).map(|(_, r)| r);
        let all = ctx.disk.log.len();
        let enough = match self.config.shipping {
            _ if self.config.flaw == Some(Flaw::EarlyAnswer) => all,
            Shipping::Synchronous => {
                backups().filter(|r| r.takes_part).map(|r| r.matched).min().unwrap_or(all)
            }
            Shipping::SemiSynchronous(count) => {
                let mut matched: Vec<usize> = backups().map(|r| r.matched).collect();
                matched.sort_unstable_by(|a, b| b.cmp(a));
                matched.get(count as usize - 1).copied().unwrap_or(0)
            }
            Shipping::Asynchronous(_) => all,
        };
        if enough > self.acknowledged && ctx.disk.log[enough - 1].epoch == self.epoch {
            self.acknowledged = enough;
            self.apply(ctx);
        }
    }

    /// Applies what is acknowledged, and answers those who asked for it here.
    fn apply(&mut self, ctx: &mut Ctx<Self>) {
        while self.applied < self.acknowledged {
            let Entry { epoch, op } = &ctx.disk.log[self.applied];
            self.applied += 1;
            let Some(op) = op else { continue };
            let ret = S::apply(&mut self.machine, op);
            if let Some((taken, ticket)) = self.waiting.remove(&self.applied)
                && taken == *epoch
            {
                ctx.answer(ticket, Answer::Ok(ret));
            }
        }
    }

    /// Cuts the log down. If something of it was applied, which asynchronous shipping allows, the state is built anew.
    fn cut(&mut self, len: usize, ctx: &mut Ctx<Self>) {
        ctx.disk.log.truncate(len);
        self.waiting.split_off(&(len + 1));
        self.acknowledged = self.acknowledged.min(len);
        if self.applied > len {
            (self.machine, self.applied) = (S::State::default(), 0);
            self.apply(ctx);
        }
    }
}

/// Ships these entries, counted from 0, to a backup.
fn ship<S: Spec>(
    epoch: u64,
    acknowledged: usize,
    to: NodeId,
    range: core::ops::Range<usize>,
    ctx: &mut Ctx<PrimaryBackup<S>>,
) {
    let log = &ctx.disk.log;
    let prev = (epoch_at(log, range.start), range.start);
    let entries = log[range].to_vec();
    ctx.send(to, Ship { epoch, prev, entries, acknowledged });
}

/// The epoch of the entry at `index`; 0 before the first.
fn epoch_at<O>(log: &[Entry<O>], index: usize) -> u64 {
    index.checked_sub(1).map_or(0, |i| log[i].epoch)
}

/// Epoch and index of the last entry: compared so, the later log is the one that has all that was acknowledged.
fn last<O>(log: &[Entry<O>]) -> (u64, usize) {
    (epoch_at(log, log.len()), log.len())
}

impl<O> Msg<O> {
    fn epoch(&self) -> u64 {
        match self {
            Ship { epoch, .. } | Shipped { epoch, .. } | Fence { epoch, .. } | Fenced { epoch, .. } => *epoch,
        }
    }
}

impl<O: Message> Message for Msg<O> {
    fn bytes(&self) -> u64 {
        let size = |entries: &[Entry<O>]| -> u64 {
            entries.iter().map(|e| 9 + e.op.as_ref().map_or(0, Message::bytes)).sum()
        };
        match self {
            Ship { entries, .. } => 32 + size(entries),
            Shipped { .. } => 17,
            Fence { .. } => 24,
            Fenced { log, .. } => 8 + size(log),
        }
    }
}

impl<O> Default for Disk<O> {
    fn default() -> Self {
        Disk { epoch: Cell::default(), log: Log::default() }
    }
}

impl<O: Message> Durable for Disk<O> {
    fn parts(&mut self, visit: &mut impl FnMut(&mut dyn Part)) {
        visit(&mut self.epoch);
        visit(&mut self.log);
    }
}
