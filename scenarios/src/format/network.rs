//! What a scenario says about links. The parts of a link are the engine's own types; the exceptions are ours.

use sim_core::{
    link::{Bursts, LinkPlan, Nic, Pipe, Reorder, Transport},
    rng::Chance,
    sample::Delay,
    time::Span,
};

/// What lies between the nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// How every link behaves that no zone and no exception speaks of. Only its delay has no default, and that only
    /// where there is no topology.
    pub default: LinkPlan,
    /// How every node is attached whose service does not say. Default: infinitely fast.
    pub nic: Option<Nic>,
    /// Exceptions by direction; later ones win.
    pub links: Vec<Link>,
}

impl Default for Network {
    fn default() -> Network {
        Network { default: LinkPlan::new(Delay::Constant(Span::ZERO)), nic: None, links: Vec::new() }
    }
}

/// An exception from the network: messages from one service or node to another. What it does not say is as elsewhere
/// in the network, whatever the zones of its ends; at least one thing differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// The senders: a service, `clients`, or a node.
    pub from: String,
    /// The receivers: a service, `clients`, or a node.
    pub to: String,
    /// How long a message travels.
    pub delay: Option<Delay>,
    /// The probability that a message is lost.
    pub loss: Option<Chance>,
    /// Loss that comes in bursts; one with `loss: 0` for a link that has none.
    pub bursts: Option<Bursts>,
    /// The probability that a message arrives twice.
    pub duplicate: Option<Chance>,
    /// Messages that are held back; one with `chance: 0` for a link that has none.
    pub reorder: Option<Reorder>,
    /// The probability that a message is damaged on the way.
    pub corrupt: Option<Chance>,
    /// Whether messages travel in connections.
    pub transport: Option<Transport>,
    /// A pipe that all messages from these senders to these receivers share. Default: none.
    pub bandwidth: Option<Pipe>,
}

impl Link {
    /// A link like all others: a start, to be changed.
    pub fn new(from: &str, to: &str) -> Link {
        Link {
            from: from.into(),
            to: to.into(),
            delay: None,
            loss: None,
            bursts: None,
            duplicate: None,
            reorder: None,
            corrupt: None,
            transport: None,
            bandwidth: None,
        }
    }

    /// How it behaves, given how links behave elsewhere.
    pub fn plan(&self, elsewhere: &LinkPlan) -> LinkPlan {
        LinkPlan {
            delay: self.delay.as_ref().unwrap_or(&elsewhere.delay).clone(),
            loss: self.loss.unwrap_or(elsewhere.loss),
            bursts: self.bursts.as_ref().or(elsewhere.bursts.as_ref()).cloned(),
            duplicate: self.duplicate.unwrap_or(elsewhere.duplicate),
            reorder: self.reorder.as_ref().or(elsewhere.reorder.as_ref()).cloned(),
            corrupt: self.corrupt.unwrap_or(elsewhere.corrupt),
            transport: self.transport.as_ref().unwrap_or(&elsewhere.transport).clone(),
        }
    }
}
