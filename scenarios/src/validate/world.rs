//! Hosts, links and places: numbers within reach, and zones that exist.

use super::{At, Check, picks};
use crate::{
    decode::split_advice,
    format::{CORES_MAX, ENDS_MAX, Link, REPEATED_MAX, Service},
    messages::{meaning, world},
    write,
};
use sim_core::{
    link::{Bursts, Impairment, LinkPlan, Nic, Pipe, Reorder, Transport},
    plan::{DiskPlan, HostPlan},
    sample::Delay,
    time::Span,
};

/// The most zones that one service names.
const ZONES_MAX: usize = 10_000;

impl<'a> Check<'a, '_> {
    pub(super) fn hosts(&mut self, at: At<'a>, service: &'a Service) {
        let Service { host, disk, .. } = service;
        let HostPlan { cores, message, request, queue } = host;
        let of = at.key("host");
        if !(1..=CORES_MAX).contains(cores) {
            self.say(world::cores(of.key("cores").place(), *cores, CORES_MAX));
        }
        if *queue == Some(0) {
            self.say(world::queue_nothing(of.key("queue").place()));
        }
        self.delay(of.key("message"), message);
        self.delay(of.key("request"), request);
        let DiskPlan { sync, write, damage: _ } = disk;
        self.delay(at.key("disk").key("sync"), sync);
        self.delay(at.key("disk").key("write"), write);
    }

    pub(super) fn attachment(&mut self, at: At<'a>, nic: Option<&Nic>) {
        let Some(Nic { up, down }) = nic else { return };
        for (key, pipe) in [("up", up), ("down", down)] {
            if let Some(pipe) = pipe {
                self.pipe(at.key("nic").key(key), pipe);
            }
        }
    }

    fn pipe(&mut self, at: At<'_>, pipe: &Pipe) {
        if pipe.rate.0 == 0 {
            self.say(world::rate_nothing(at.key("rate").place()));
        }
        if pipe.queue.0 == 0 {
            self.say(world::queue_nothing(at.key("queue").place()));
        }
    }

    /// The zones in which the nodes of a service, or clients, stand.
    pub(super) fn zones(&mut self, at: At<'a>, zones: &[String]) {
        let delay = || self.top.find("network").is_some_and(|network| network.find("delay").is_some());
        if zones.is_empty() && at.find("zones").is_none() && self.scenario.topology.is_some() && !delay() {
            return self.say(world::nowhere(at.place()));
        }
        let Some(at) = at.find("zones").filter(|at| self.sound(*at)) else { return };
        if zones.len() > ZONES_MAX {
            return self.say(world::zones_many(at.place(), zones.len(), ZONES_MAX));
        }
        let Some(topology) = &self.scenario.topology else {
            return self.say(world::no_topology(at.place()));
        };
        if !self.top.find("topology").is_some_and(|at| self.sound(at)) {
            return;
        }
        let known: Vec<&str> = topology.zone_names().collect();
        for (index, zone) in zones.iter().enumerate() {
            if !known.contains(&zone.as_str()) && !self.mistakes.full() {
                self.say(world::no_zone(at.item(index).place(), zone, &known));
            }
        }
    }

    pub(super) fn topology(&mut self) {
        let Some(at) = self.top.find("topology").filter(|at| self.sound(*at)) else { return };
        let Some(Err(flaws)) = self.scenario.topology.as_ref().map(crate::topology::Topology::check) else {
            return;
        };
        for (path, message) in flaws {
            let node = crate::set::find(at.outline, at.node, &path).unwrap_or(at.node);
            let (why, help) = split_advice(&message);
            self.say(world::wrong(node.at.clone(), &why, help));
        }
    }

    pub(super) fn network(&mut self) {
        let Some(at) = self.top.find("network") else { return };
        let network = &self.scenario.network;
        let LinkPlan { delay, bursts, reorder, transport, .. } = &network.default;
        self.delay(at.key("delay"), delay);
        self.parts(at, bursts.as_ref(), reorder.as_ref(), Some(transport), None);
        self.attachment(at, network.nic.as_ref());
        for (index, link) in network.links.iter().enumerate() {
            if self.mistakes.full() {
                return;
            }
            self.link(at.key("links").item(index), link);
        }
        if self.mistakes.is_empty() {
            self.link_sizes(at);
        }
    }

    fn link(&mut self, at: At<'a>, link: &Link) {
        if let Some(delay) = &link.delay {
            self.delay(at.key("delay"), delay);
        }
        let Link { bursts, reorder, transport, bandwidth, .. } = link;
        self.parts(at, bursts.as_ref(), reorder.as_ref(), transport.as_ref(), bandwidth.as_ref());
        for (key, name) in [("from", &link.from), ("to", &link.to)] {
            if at.find(key).is_some_and(|at| self.sound(at)) {
                picks::link_end(self, at.key(key), name);
            }
        }
        let spread = [&link.from, &link.to].into_iter().any(|name| self.names.zones_of(name) > 1);
        if let Some(at) = at.find("bandwidth").filter(|_| link.delay.is_none() && spread) {
            self.say(world::pipe_over_zones(at.place()));
        }
    }

    /// What links and their exceptions have in common.
    fn parts(
        &mut self,
        at: At<'_>,
        bursts: Option<&Bursts>,
        reorder: Option<&Reorder>,
        transport: Option<&Transport>,
        pipe: Option<&Pipe>,
    ) {
        if let Some(Err(why)) = bursts.map(Bursts::check) {
            self.wrong(at.key("bursts"), &why);
        }
        if let Some(reorder) = reorder {
            self.delay(at.key("reorder").key("by"), &reorder.by);
        }
        if let Some(Transport::Stream(stream)) = transport {
            let at = at.key("transport");
            // The structure may have parentheses of its own.
            let at = at.find("rto_min").or_else(|| at.find("rto_max")).map_or(at.item(0), |_| at);
            if stream.rto_min == Span::ZERO {
                self.say(meaning::no_time(at.key("rto_min").place(), "rto_min"));
            } else if stream.rto_max < stream.rto_min {
                self.say(world::timeout_order(at.key("rto_max").place()));
            }
            for (key, count) in [("syn_retries", stream.syn_retries), ("retries", stream.retries)] {
                if count > 255 {
                    self.say(world::retries(at.key(key).place(), count));
                }
            }
        }
        if let Some(pipe) = pipe {
            self.pipe(at.key("bandwidth"), pipe);
        }
    }

    /// What a fault adds to links.
    pub(super) fn impairment(&mut self, at: At<'_>, link: &Impairment) {
        match link.check() {
            Err(why) => self.wrong(at, &why),
            Ok(()) => {
                if let Some(pipe) = &link.bandwidth {
                    self.pipe(at.key("bandwidth"), pipe);
                }
            }
        }
    }

    /// That the engine can hold what the file says of links: each exception has lists of the nodes at its ends, and
    /// repeats what it does not say.
    fn link_sizes(&mut self, at: At<'a>) {
        let network = &self.scenario.network;
        let scenario = self.scenario;
        let services =
            scenario.services.iter().map(|service| (service.nodes, &scenario.host_of(service).zones));
        let clients = self.scenario.clients.iter().map(|clients| (clients.nodes, &clients.zones));
        let standing: Vec<_> = services.chain(clients).filter(|(_, zones)| !zones.is_empty()).collect();
        let mut zones: Vec<&String> = standing.iter().flat_map(|(_, zones)| zones.iter()).collect();
        zones.sort_unstable();
        zones.dedup();
        let placed: u64 = standing.iter().map(|(nodes, _)| u64::from(*nodes)).sum();
        let named = network.links.iter().map(|link| {
            // Where the delay is the topology's, a list of nodes for each zone at the other end.
            let ends = [&link.from, &link.to].map(|name| (self.names.size(name), self.names.zones_of(name)));
            if link.delay.is_some() {
                ends[0].0 + ends[1].0
            } else {
                ends[0].0 * ends[1].1 + ends[1].0 * ends[0].1
            }
        });
        let ends = named.fold(2 * placed * zones.len() as u64, u64::saturating_add);
        if ends > ENDS_MAX {
            return self.say(world::ends_many(at.place(), ends, ENDS_MAX));
        }
        let copies = network.links.len() + zones.len() * zones.len();
        let LinkPlan { delay, reorder, .. } = &network.default;
        let length = write::value(delay).len() + write::value(reorder).len();
        if copies.saturating_mul(length) > REPEATED_MAX {
            self.say(world::repeats(at.key("delay").place(), copies, REPEATED_MAX));
        }
    }

    pub(super) fn delay(&mut self, at: At<'_>, delay: &Delay) {
        if let Err(message) = delay.check() {
            let (why, help) = split_advice(&message);
            self.say(meaning::delay(at.place(), &why, help));
        }
    }

    fn wrong(&mut self, at: At<'_>, message: &str) {
        let (why, help) = split_advice(message);
        self.say(world::wrong(at.place(), &why, help));
    }
}
