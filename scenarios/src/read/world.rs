//! Reads what the world consists of: services, clients, places, links.

use super::{Key, Part, Reader, opening, without_example};
use crate::{
    decode::repeated,
    format::{Clients, Clock, Keys, LIST_MAX, Link, Load, Network, Rate, Retry, Route, Service},
    messages::{self, meaning},
    outline::{Field, Node, Shape},
    topology::{Region, RegionLink, Topology},
};
use sim_core::{
    link::{LinkPlan, Nic},
    plan::{DiskPlan, HostPlan},
    sample::Delay,
    time::{Span, Time},
};

pub(crate) const SERVICE: &[Key] = &[
    ("run", Some("\"raft\"")),
    ("nodes", Some("5")),
    ("calls", None),
    ("beside", None),
    ("with", None),
    ("host", None),
    ("disk", None),
    ("clock", None),
    ("nic", None),
    ("zones", None),
];
const CLIENT: &[Key] = &[
    ("nodes", Some("10")),
    ("of", Some("\"db\"")),
    ("load", Some("Open(Poisson(200.0))")),
    ("mix", None),
    ("keys", None),
    ("timeout", None),
    ("deadline", None),
    ("retry", None),
    ("route", None),
    ("start", None),
    ("writes_until", None),
    ("only", None),
    ("nic", None),
    ("zones", None),
];
const RETRY: &[Key] = &[("attempts", None), ("backoff", None)];
pub(crate) const NETWORK: &[Key] = &[
    ("delay", Some("LogNormal(median: \"1ms\", p99: \"8ms\")")),
    ("loss", None),
    ("bursts", None),
    ("duplicate", None),
    ("reorder", None),
    ("corrupt", None),
    ("transport", None),
    ("nic", None),
    ("links", None),
];
pub(crate) const LINK: &[Key] = &[
    ("from", Some("\"db\"")),
    ("to", Some("\"clients\"")),
    ("delay", None),
    ("loss", None),
    ("bursts", None),
    ("duplicate", None),
    ("reorder", None),
    ("corrupt", None),
    ("transport", None),
    ("bandwidth", None),
];
pub(crate) const TOPOLOGY: &[Key] = &[
    ("regions", Some("{ \"us-east-1\": [\"us-east-1a\", \"us-east-1b\"] }")),
    ("links", None),
    ("zones", None),
    ("hosts", None),
    ("jitter", None),
];
pub(crate) const REGION_LINK: &[Key] =
    &[("between", Some("(\"us-east-1\", \"moon\")")), ("rtt", Some("\"2.6s\""))];

impl<'a> Reader<'a> {
    pub(super) fn services(&mut self, node: &'a Node) -> Vec<Service> {
        let fields = self.named(node, "services by name in `{ }`");
        let mut services = Vec::new();
        for field in fields {
            let text = self.outline.text(&field.key);
            if !text.ends_with('"') {
                self.mistakes.push(meaning::service_unquoted(field.key.clone(), text));
            }
            services.push(self.service(self.outline.key(field), &field.value));
        }
        services
    }

    /// The entries of a map, of which none may be there twice.
    fn named(&mut self, node: &'a Node, what: &str) -> &'a [Field] {
        let source = self.outline.source;
        let Shape::Map(fields) = &node.shape else {
            self.mistakes.push(messages::expected(what, source, node));
            return &[];
        };
        if fields.len() > LIST_MAX {
            self.mistakes.push(meaning::list_too_long(opening(node), fields.len(), LIST_MAX));
            return &[];
        }
        if let Some((second, first)) = repeated(source, fields) {
            let twice = self.outline.text(&second.key);
            self.mistakes.push(messages::key_twice(second.key.clone(), twice, first.key.clone()));
        }
        fields
    }

    fn service(&mut self, name: String, node: &'a Node) -> Service {
        let part = self.part(&messages::quote(&name), node, SERVICE);
        Service {
            name,
            run: self.value_or(part, "run", String::new()),
            nodes: self.count(part),
            calls: self.maybe(part, "calls"),
            beside: self.maybe(part, "beside"),
            with: part.get("with").map(|node| self.raw(node)),
            host: self.value_or(part, "host", HostPlan::default()),
            disk: self.value_or(part, "disk", DiskPlan::default()),
            clock: self.value_or(part, "clock", Clock::default()),
            nic: self.nic(part),
            zones: self.value_or(part, "zones", Vec::new()),
        }
    }

    fn nic(&mut self, part: Part<'a>) -> Option<Nic> {
        self.maybe(part, "nic")
    }

    pub(super) fn clients(&mut self, node: &'a Node) -> Clients {
        let part = self.part("`clients`", node, CLIENT);
        let timeout = self.value_or(part, "timeout", Clients::TIMEOUT);
        let retry = part.get("retry").map(|node| self.part("`retry`", node, RETRY));
        let default = Retry::default();
        Clients {
            nodes: self.count(part),
            of: self.value_or(part, "of", String::new()),
            load: self.value_or(part, "load", Load::Open(Rate::Constant(1.0))),
            mix: part.get("mix").map(|node| self.raw(node)),
            keys: self.value_or(part, "keys", Keys::default()),
            timeout,
            deadline: self.value_or(part, "deadline", timeout),
            retry: retry.map_or_else(Retry::default, |part| Retry {
                attempts: self.value_or(part, "attempts", default.attempts),
                backoff: self.value_or(part, "backoff", default.backoff),
            }),
            route: self.value_or(part, "route", Route::default()),
            start: self.value_or(part, "start", Time::ZERO),
            writes_until: self.maybe(part, "writes_until"),
            only: self.maybe(part, "only"),
            nic: self.nic(part),
            zones: self.value_or(part, "zones", Vec::new()),
        }
    }

    /// `placed`: whether there is a topology, which says how long messages travel.
    pub(super) fn network(&mut self, node: &'a Node, placed: bool) -> Network {
        let part = match placed {
            false => self.part("`network`", node, NETWORK),
            true => self.part("`network`", node, &without_example(NETWORK, "delay")),
        };
        let links = part.get("links").map(|node| self.list(node)).unwrap_or_default();
        let none = LinkPlan::new(Delay::Constant(Span::ZERO));
        Network {
            default: LinkPlan {
                delay: self.value_or(part, "delay", none.delay),
                loss: self.value_or(part, "loss", none.loss),
                bursts: self.maybe(part, "bursts"),
                duplicate: self.value_or(part, "duplicate", none.duplicate),
                reorder: self.maybe(part, "reorder"),
                corrupt: self.value_or(part, "corrupt", none.corrupt),
                transport: self.value_or(part, "transport", none.transport),
            },
            nic: self.nic(part),
            links: links.iter().map(|node| self.link(node)).collect(),
        }
    }

    fn link(&mut self, node: &'a Node) -> Link {
        let part = self.part("a link", node, LINK);
        let differs = |key: &&Key| !["from", "to"].contains(&key.0) && part.get(key.0).is_some();
        if self.sound(node) && LINK.iter().find(differs).is_none() {
            self.mistakes.push(meaning::link_same(node.body()));
        }
        Link {
            from: self.value_or(part, "from", String::new()),
            to: self.value_or(part, "to", String::new()),
            delay: self.maybe(part, "delay"),
            loss: self.maybe(part, "loss"),
            bursts: self.maybe(part, "bursts"),
            duplicate: self.maybe(part, "duplicate"),
            reorder: self.maybe(part, "reorder"),
            corrupt: self.maybe(part, "corrupt"),
            transport: self.maybe(part, "transport"),
            bandwidth: self.maybe(part, "bandwidth"),
        }
    }

    pub(super) fn topology(&mut self, node: &'a Node) -> Topology {
        let part = self.part("`topology`", node, TOPOLOGY);
        let regions = part.get("regions").map(|node| self.named(node, "regions by name in `{ }`"));
        let region = |reader: &mut Self, field: &'a Field| Region {
            name: reader.outline.key(field),
            zones: reader.value(&field.value).unwrap_or_default(),
        };
        let links = part.get("links").map(|node| self.list(node)).unwrap_or_default();
        Topology {
            regions: regions.unwrap_or_default().iter().map(|field| region(self, field)).collect(),
            links: links.iter().map(|node| self.region_link(node)).collect(),
            zones: self.value_or(part, "zones", Topology::ZONES),
            hosts: self.value_or(part, "hosts", Topology::HOSTS),
            jitter: self.value_or(part, "jitter", Topology::JITTER),
        }
    }

    fn region_link(&mut self, node: &'a Node) -> RegionLink {
        let part = self.part("a link between regions", node, REGION_LINK);
        RegionLink {
            between: self.value_or(part, "between", Default::default()),
            rtt: self.value_or(part, "rtt", Span::ZERO),
        }
    }
}
