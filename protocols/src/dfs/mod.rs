//! A distributed file system with one master: Ghemawat, Gobioff and Leung, "The Google file system" (SOSP 2003).
//!
//! The first node is the master (§2.4): it knows which chunks there are and who has copies, and decides where new ones go. The
//! others are servers, which keep chunks on their disks. Any node takes requests, as the library that is linked into
//! applications does there: it asks the master where a chunk is, and a server for what is in it.
//!
//! - What the master decides is on its disk before anybody is told (the operation log, §2.6.3). Who has copies is not: servers
//!   say so when they start, and whenever what they have is not what the master thinks (§2.6.2).
//! - A chunk is pushed from server to server along a chain (§3.2); here each has it on its disk before it passes it on.
//!   Then the master is told, and from then on the chunk stands. Of several that are written under one name, the one stands
//!   of which the master hears first, and every writer is told what stands: so writing again is harmless.
//! - A server that is silent counts as dead, and each chunk of which there are too few copies is copied from one that has it to one
//!   that has not (§4.3), in another zone if there is one: copies outlive a rack (§4.2).
//!
//! `files.rs` says what is promised, `messages.rs` what nodes say, `gateway.rs` how a request is served, `server.rs` how copies are kept, `master.rs` what
//! the master knows and says, `replication.rs` where it has copies made.
//!
//! Left out: appends and overwriting, so leases and primaries (§3.1, §3.3), snapshots, deletion and its garbage, checksums of
//! blocks, shadow masters; chunks travel whole, and those that lost against another under the same name stay where they are.

mod config;
mod files;
mod gateway;
mod master;
mod messages;
mod properties;
mod replication;
mod server;

pub(crate) use config::check_beats;
pub use config::{Config, Flaw};
pub use files::{Content, File, Files, Mix, Name, Op, Place, Ret};
pub use messages::Msg;

use crate::retry::Retry;
use Msg::*;
use Timer::*;
use core::hash::Hash;
use gateway::Ask;
use master::Master;
use properties::Ghost;
use sim_core::{digest::Digest, prelude::*};

/// One of several chunks that were written under one name: the number of the request that wrote it, 0 for what was there
/// from the beginning.
pub type Version = u64;

/// What a set of copies hashes to is the sum of this over all of them.
fn hash(copy: (Name, Version)) -> u64 {
    let mut digest = Digest::new();
    copy.hash(&mut digest);
    digest.finish()
}

/// What a node waits for.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Timer {
    /// A server shows that it is there; the master looks who is not.
    Pulse,
    /// This request has waited for long enough.
    Again(u64),
}

/// What is on disks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Record {
    /// A server's copy.
    Has(Name, Version, Content),
    /// The master's decision: what stands, and how large it is.
    Stands(Name, Version, u64),
}

/// A node.
#[derive(Clone, Debug, Hash)]
pub struct Dfs {
    /// What the first node is besides.
    master: Option<Master>,
    /// By name and version: where on the disk it is; and what all of them hash to.
    copies: BTreeMap<(Name, Version), usize>,
    hash: u64,
    /// What it knows to stand.
    standing: BTreeMap<Name, Version>,
    asks: BTreeMap<u64, Ask>,
    /// How long to wait for a chunk, and until one is written.
    reading: Retry,
    writing: Retry,
    /// The number of the next request: no other life or node has had it.
    next: u64,
    /// Whether the last input was its boot, and not its very first.
    booted: bool,
    config: Config,
}

impl Protocol for Dfs {
    type Config = Config;
    type Msg = Msg;
    type Timer = Timer;
    type Disk = Log<Record>;
    type Serves = Files;
    type Calls = Never;
    type Ghost = Ghost;

    const PROPERTIES: &'static [Property<Self>] = &[
        Property::always("under one name one chunk stands", When::News, properties::once),
        Property::always("what stands is on a disk", When::EveryEvent, properties::kept),
        Property::sometimes("a chunk was written", When::News, properties::written),
        Property::sometimes("a lost copy was replaced", When::EveryEvent, properties::replaced),
    ];
    const ROLES: &'static [Role] = &[Role("master"), Role("server")];
    const NODES_MAX: u32 = 10_000;
    const GAUGES: &'static [Gauge<Self>] = &[
        Gauge::new("copies held", "chunks", |node| node.master.is_none().then_some(node.copies.len() as f64)),
        Gauge::new("chunks with too few copies", "chunks", |node| {
            node.master.as_ref().map(|master| master.thin(node.config.replicas) as f64)
        }),
    ];

    fn start(config: &Config, ctx: &mut Ctx<Self>) -> Self {
        let next = ctx.rng.next_u64() >> 1;
        let mut node = Dfs {
            master: None,
            copies: BTreeMap::new(),
            hash: 0,
            standing: BTreeMap::new(),
            asks: BTreeMap::new(),
            reading: Retry::new(config.retry),
            writing: Retry::new(config.retry),
            next,
            booted: !ctx.first_boot(),
            config: config.clone(),
        };
        if ctx.first_boot() {
            node.install(ctx);
        }
        node.read_disk(ctx);
        if node.master.is_none() && !ctx.first_boot() {
            ctx.send(Dfs::master(ctx), Report(node.copies.keys().copied().collect()));
        }
        node.pulse(ctx);
        node
    }

    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        self.booted = false;
        if let Some(master) = &mut self.master {
            master.replaced = 0;
        }
        match input {
            Request(ticket, Op::Locate(text)) => self.locate(ticket, text, ctx),
            Request(ticket, Op::Read(name)) => self.ask(ticket, name, None, ctx),
            Request(ticket, Op::Create(name, content)) => self.ask(ticket, name, Some(content), ctx),

            // A request in progress.
            Deliver(_, Targets(number, to)) => self.write(number, to, ctx),
            Deliver(_, Stored(version, since)) => self.stored(version, since, ctx),
            Deliver(_, At(number, name, found)) => self.found(number, name, found, ctx),
            Deliver(_, Take(number, content, since)) => self.took(number, content, since, ctx),
            Timeout(Again(number)) => self.again(number, ctx),

            // A server.
            Deliver(_, Push(name, version, content, rest, back)) => {
                self.keep(name, version, content, ctx);
                self.pass_on(name, version, rest, back, ctx);
            }
            Deliver(_, Copy(name, version, to)) => self.pass_on(name, version, vec![to], None, ctx),
            Deliver(from, Fetch(number, name, version, since)) => {
                let content = self.copy(name, version, ctx);
                ctx.send(from, Take(number, content, since));
            }
            Deliver(from, Tell) => ctx.send(from, Report(self.copies.keys().copied().collect())),
            Timeout(Pulse) => self.pulse(ctx),

            // The master.
            Deliver(from, msg @ (Where(..) | Target(..) | Commit(..) | Beat(_) | Holds(..) | Report(_))) => {
                if let Some(master) = &mut self.master {
                    master.hear(from, msg, &self.config, ctx);
                }
            }
            Response(_, Answer::Ok(never)) => match never {},
            Response(_, Answer::Refused | Answer::Redirect(_)) => {}
        }
    }

    fn role(&self) -> Role {
        Self::ROLES[usize::from(self.master.is_none())]
    }
    fn epoch(&self) -> u64 {
        0
    }
    fn show(&self) -> Vec<(&'static str, String)> {
        match &self.master {
            Some(master) => master.show(),
            None => {
                vec![("copies", self.copies.len().to_string()), ("requests", self.asks.len().to_string())]
            }
        }
    }
}

impl Dfs {
    fn has(&self, flaw: Flaw) -> bool {
        self.config.flaw == Some(flaw)
    }

    fn master(ctx: &Ctx<Self>) -> NodeId {
        ctx.members().next().expect("a service has a node")
    }
}
