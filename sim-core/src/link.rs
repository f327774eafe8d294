//! Links as data: what lies between two nodes, and what a fault may add to it. The same types are read from scenario
//! files, carried by plans and shown in reports; nothing here acts. `network.rs` does what they say.

use crate::{
    protocol::NodeId,
    rng::Chance,
    sample::Delay,
    size::{Bytes, Rate},
    stream::StreamPlan,
    time::Span,
};
use alloc::{format, string::String, vec::Vec};
use serde::{Deserialize, Serialize};

/// How a link treats messages.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkPlan {
    /// From handing over to arrival, without what queues and transmission add.
    pub delay: Delay,
    /// The probability that a message is lost, independent of all others.
    pub loss: Chance,
    /// Loss that comes in bursts, beside `loss`.
    pub bursts: Option<Bursts>,
    /// The probability that a message arrives twice; each copy has its own delay.
    pub duplicate: Chance,
    /// Messages that are held back now and then, so that later ones overtake them.
    pub reorder: Option<Reorder>,
    /// The probability that a message is damaged on the way: its checksum tells, and the receiver drops it.
    pub corrupt: Chance,
    /// Whether every message travels alone, or in connections.
    pub transport: Transport,
}

impl LinkPlan {
    /// A datagram link that only delays.
    pub fn new(delay: Delay) -> LinkPlan {
        LinkPlan {
            delay,
            loss: Chance::NEVER,
            bursts: None,
            duplicate: Chance::NEVER,
            reorder: None,
            corrupt: Chance::NEVER,
            transport: Transport::Datagram,
        }
    }
}

/// The whole network: one default, exceptions by direction, and what each node is attached with.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkPlan {
    /// Every link that no exception names.
    pub default: LinkPlan,
    /// Exceptions; a later one wins.
    pub links: Vec<LinkException>,
    /// Where nodes are attached, by node; empty while every attachment is infinitely fast. Of nodes on one machine only
    /// the first one's counts.
    pub nics: Vec<Nic>,
    /// The machine of each node, named by the first node on it; empty while each has its own. What nodes on one machine say
    /// to one another stays there: it takes [`NetworkPlan::LOOPBACK`], and meets neither interfaces nor faults of the network.
    /// Faults of the network are aimed at nodes: to cut a machine off, name all that run on it.
    pub machines: Vec<NodeId>,
}

impl NetworkPlan {
    /// From one process to another on the same machine, and through both of their kernels.
    pub const LOOPBACK: Span = Span(20_000);

    /// A network without exceptions whose attachments are infinitely fast.
    pub fn new(default: LinkPlan) -> NetworkPlan {
        NetworkPlan { default, links: Vec::new(), nics: Vec::new(), machines: Vec::new() }
    }

    /// The machine of a node, by the first node on it.
    #[inline]
    pub fn machine(machines: &[NodeId], node: NodeId) -> NodeId {
        machines.get(node.0 as usize).copied().unwrap_or(node)
    }
}

/// All links from one set of nodes to another.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkException {
    /// The senders.
    pub from: Vec<NodeId>,
    /// The receivers.
    pub to: Vec<NodeId>,
    /// How these links behave.
    pub link: LinkPlan,
    /// A pipe that all messages from these senders to these receivers share.
    pub pipe: Option<Pipe>,
}

/// Loss in bursts: a two-state Markov chain per directed link (Gilbert, "Capacity of a burst-noise channel", 1960;
/// Elliott, 1963). Time is cut into slots; a link is good or bad for a whole slot. The share of bad slots is
/// `enter / (enter + leave)`, and a bad stretch is `1 / leave` slots long on average.
///
/// The state of a slot is a function of the seed, the link and the slot alone, so it needs no memory, and what others
/// send changes nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bursts {
    /// How long a slot is.
    pub slot: Span,
    /// The probability that a bad slot follows a good one.
    pub enter: Chance,
    /// The probability that a good slot follows a bad one.
    pub leave: Chance,
    /// The probability that a message which is sent in a bad slot is lost. Default: 1.
    #[serde(default = "certain")]
    pub loss: Chance,
}

fn certain() -> Chance {
    Chance::ALWAYS
}

impl Bursts {
    /// The smallest sum of `enter` and `leave`: the state of a slot is found by looking back about `1 / (enter + leave)`
    /// slots.
    pub const CHANGE_MIN: f64 = 0.001;
    /// The largest sum: beyond, a link does nothing but change in every slot, and again one would look back for long.
    pub const CHANGE_MAX: f64 = 1.999;

    /// Whether the numbers make sense together; otherwise what was found and what would do.
    pub fn check(&self) -> Result<(), String> {
        let change = self.enter.as_f64() + self.leave.as_f64();
        if self.slot == Span::ZERO {
            return Err("slots of 0s have no end: write a length, like \"1ms\"".into());
        }
        if self.enter.is_never() {
            return Err(
                "a link that never turns bad has no bursts: leave them out, or write `enter: 0.01`".into()
            );
        }
        if self.leave.is_never() {
            return Err("a link that never turns good again is a cut: write `leave: 0.25`".into());
        }
        if change < Self::CHANGE_MIN {
            return Err(format!(
                "a link that changes with probability {change} a slot hardly ever does: write longer slots"
            ));
        }
        if change > Self::CHANGE_MAX {
            return Err(
                "a link that changes in every slot has no bursts: write a smaller `enter` or `leave`".into(),
            );
        }
        Ok(())
    }
}

/// Messages that are held back now and then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reorder {
    /// The probability that a message is held back.
    pub chance: Chance,
    /// For how long, beside its delay.
    pub by: Delay,
}

/// A bottleneck: so many bytes a second, and a queue of bounded size in front of it. First come, first served, but for what
/// is small enough to be let through; what finds the queue full is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pipe {
    /// Bytes per second.
    pub rate: Rate,
    /// The most bytes that wait, not counting the message in transmission. Default: 1MB.
    #[serde(default = "queue")]
    pub queue: Bytes,
    /// Messages of at most this size pass between the packets of larger ones: they wait for one another only, and larger ones
    /// give way to them. The queue has as much room for them again. A message is one packet here whatever its size, where a real transfer is thousands of them, and a request
    /// need not wait until it is over. Default: 0B, nobody passes.
    #[serde(default, skip_serializing_if = "nothing")]
    pub express: Bytes,
}

fn nothing(bytes: &Bytes) -> bool {
    bytes.0 == 0
}

fn queue() -> Bytes {
    Bytes(1_000_000)
}

/// How a node is attached to the network: what it sends and what it receives are resources that transfers share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nic {
    /// What it sends. Default: infinitely fast.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up: Option<Pipe>,
    /// What it receives. Default: infinitely fast.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub down: Option<Pipe>,
}

/// How messages travel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Transport {
    /// Every message for itself: it may be lost, come twice, and overtake others.
    #[default]
    Datagram,
    /// In connections: in order, and again when lost, until the sender gives up.
    Stream(StreamPlan),
}

/// What a fault adds to links, beside what they do anyway.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Impairment {
    /// More delay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<Delay>,
    /// More loss.
    #[serde(skip_serializing_if = "never")]
    pub loss: Chance,
    /// Loss in bursts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bursts: Option<Bursts>,
    /// Duplicates.
    #[serde(skip_serializing_if = "never")]
    pub duplicate: Chance,
    /// Messages that are held back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reorder: Option<Reorder>,
    /// Damage on the way.
    #[serde(skip_serializing_if = "never")]
    pub corrupt: Chance,
    /// A bottleneck that all messages on these links share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bandwidth: Option<Pipe>,
}

fn never(chance: &Chance) -> bool {
    chance.is_never()
}

impl Impairment {
    /// Whether it says anything, and makes sense; otherwise what was found and what would do.
    pub fn check(&self) -> Result<(), String> {
        if *self == Impairment::default() {
            return Err("links that are not changed at all: write what gets worse, like `(loss: 0.1)`".into());
        }
        for delay in self.delay.iter().chain(self.reorder.iter().map(|reorder| &reorder.by)) {
            delay.check()?;
        }
        self.bursts.iter().try_for_each(Bursts::check)
    }
}
