//! Primary and backups: one node takes all requests and ships them to the others; when it is silent, another takes over.
//! After "A principle for resilient sharing of distributed resources" (Alsberg and Day, 1976) and "The primary-backup
//! approach" (Budhiraja, Marzullo, Schneider and Toueg, 1993, chapter 8 of Mullender's "Distributed Systems"), whose names are
//! used.
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
//!
//! Here are what nodes keep and wait for, and the step that takes inputs in; `messages.rs` is what they say, `shipping.rs` how
//! requests come to be acknowledged, `failover.rs` how a backup takes over.

mod config;
mod failover;
mod messages;
mod properties;
mod shipping;

use Msg::*;
use Standing::*;
use Timer::*;
pub use config::{Config, Flaw, Reads, Shipping};
pub use messages::{Entry, Msg};
pub use properties::Ghost;
use sim_core::prelude::*;

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
        let known = self.primary.map_or_else(|| "nobody".to_string(), |node| node.to_string());
        vec![
            ("role", self.role().0.to_string()),
            ("epoch", self.epoch.to_string()),
            ("primary", known),
            ("acknowledged", self.acknowledged.to_string()),
            ("began with", self.began.to_string()),
        ]
    }
}

impl<S: Spec> PrimaryBackup<S> {
    fn has(&self, flaw: Flaw) -> bool {
        self.config.flaw == Some(flaw)
    }
}

/// The epoch of the entry at `index`; 0 before the first.
fn epoch_at<O>(log: &[Entry<O>], index: usize) -> u64 {
    index.checked_sub(1).map_or(0, |i| log[i].epoch)
}

/// Epoch and index of the last entry: compared so, the later log is the one that has all that was acknowledged.
fn last<O>(log: &[Entry<O>]) -> (u64, usize) {
    (epoch_at(log, log.len()), log.len())
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
