//! Failure detection by heartbeats: everybody tells everybody, again and again, that it is there, and who is silent is suspected.
//! Chandra and Toueg, "Unreliable failure detectors for reliable distributed systems" (Journal of the ACM 1996), figure 10.
//!
//! A node suspects whoever it has not heard of for as long as so many heartbeats take. It may be mistaken: heartbeats get lost.
//! So who is heard of again is trusted again, and from then on (if `adapt` says so) is given one heartbeat more, which makes the
//! detector eventually perfect: mistakes end, if there is a bound on what goes wrong.
//!
//! With n nodes that is n(n-1) messages a period, and n(n-1) chances of a mistake: what membership by gossip does better
//! ([`crate::gossip::swim`]). If a heartbeat is lost with probability p, k in a row are after (1 - p^k) / (p^k (1 - p)) on average.
//!
//! Left out: a measure of suspicion instead of a verdict (Hayashibara et al. 2004).

mod config;
mod properties;

pub use config::{Config, Flaw};

use Timer::*;
use properties::Ghost;
use sim_core::{names::listed, prelude::*};

/// I am there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Beat;

impl Message for Beat {
    fn bytes(&self) -> u64 {
        1
    }
}

/// What a node waits for.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Timer {
    /// The next heartbeat is due.
    Next,
    /// This one has been silent for too long.
    Silence(NodeId),
}

/// What a node knows of another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Peer {
    suspected: bool,
    /// So many heartbeats it may miss.
    misses: u32,
    alarm: Alarm,
}

/// What an input was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct About {
    /// Whom.
    node: NodeId,
    /// Whether that one was suspected before.
    suspected: bool,
    /// Whether it was heard of.
    heard: bool,
}

/// A node.
#[derive(Clone, Debug, Hash)]
pub struct Heartbeat {
    peers: BTreeMap<NodeId, Peer>,
    /// What the last input was about.
    last: Option<About>,
    config: Config,
}

impl Protocol for Heartbeat {
    type Config = Config;
    type Msg = Beat;
    type Timer = Timer;
    type Disk = ();
    type Serves = Never;
    type Calls = Never;
    type Ghost = Ghost;

    const PROPERTIES: &'static [Property<Self>] = &[
        Property::always("who is suspected was silent", When::EveryEvent, properties::silent),
        Property::always("who is heard is trusted", When::EveryEvent, properties::trusted),
        Property::always("the dead are soon suspected", When::EveryEvent, properties::complete),
        Property::sometimes("the living are suspected", When::EveryEvent, properties::mistaken),
        Property::sometimes("the dead are suspected", When::EveryEvent, properties::right),
        Property::sometimes("a suspicion is taken back", When::EveryEvent, properties::taken_back),
    ];
    const ROLES: &'static [Role] = &[Role::PEER];
    const NODES_MAX: u32 = 500;
    const GAUGES: &'static [Gauge<Self>] = &[Gauge::new("nodes suspected", "nodes", |node| {
        Some(node.peers.values().filter(|peer| peer.suspected).count() as f64)
    })];

    fn start(config: &Config, ctx: &mut Ctx<Self>) -> Self {
        let misses = config.misses;
        let watch = |node, ctx: &mut Ctx<Self>| {
            let alarm = ctx.after(patience(misses, config), Silence(node));
            (node, Peer { suspected: false, misses, alarm })
        };
        let peers: Vec<NodeId> = ctx.peers().collect();
        let peers = peers.into_iter().map(|node| watch(node, ctx)).collect();
        ctx.set(Next, config.period);
        Heartbeat { peers, last: None, config: *config }
    }

    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        self.last = None;
        match input {
            Timeout(Next) => {
                ctx.broadcast(Beat);
                ctx.set(Next, self.config.period);
            }
            Deliver(from, Beat) => self.hear(from, ctx),
            Timeout(Silence(node)) => {
                if let Some(peer) = self.peers.get_mut(&node) {
                    self.last = Some(About { node, suspected: peer.suspected, heard: false });
                    peer.suspected = true;
                }
            }
            Request(_, never) => match never {},
            Response(_, Answer::Ok(never)) => match never {},
            Response(_, Answer::Refused | Answer::Redirect(_)) => {}
        }
    }

    fn role(&self) -> Role {
        Role::PEER
    }
    fn epoch(&self) -> u64 {
        0
    }
    fn show(&self) -> Vec<(&'static str, String)> {
        let suspected = self.peers.iter().filter(|(_, peer)| peer.suspected);
        vec![("suspects", listed(suspected.map(|(node, _)| *node)))]
    }
}

impl Heartbeat {
    fn hear(&mut self, from: NodeId, ctx: &mut Ctx<Self>) {
        let Config { adapt, flaw, .. } = self.config;
        let Some(peer) = self.peers.get_mut(&from) else { return };
        self.last = Some(About { node: from, suspected: peer.suspected, heard: true });
        ctx.stop(peer.alarm);
        if peer.suspected && flaw == Some(Flaw::Stubborn) {
            return;
        }
        peer.misses += u32::from(peer.suspected && adapt);
        if !(peer.suspected && flaw == Some(Flaw::Unwatched)) {
            peer.alarm = ctx.after(patience(peer.misses, &self.config), Silence(from));
        }
        peer.suspected = false;
    }
}

/// How long who may miss so many may be silent.
fn patience(misses: u32, config: &Config) -> Span {
    let misses = misses - u32::from(config.flaw == Some(Flaw::Eager));
    config.period * u64::from(misses) + Span(config.period.0 / 2)
}
