//! Where nodes are: regions, zones in them, and how far these are apart.
//!
//! A message between two hosts of one zone takes half of [`Topology::hosts`], between two zones of one region half of
//! [`Topology::zones`], and between two regions half of the round trip between them. That is what `links` say, or else
//! the built-in matrix ([`regions`]); two regions of which neither knows anything reach one another
//! along the shortest path over the others. A path is never taken in place of a link, not even a faster one: links are
//! routes as somebody measured or wants them, and a world's next region must not change the distance between two that
//! it had before. Zones cost nothing to enter or leave, because measured round trips between regions include that.
//!
//! Delays vary around their half of the round trip as [`Topology::jitter`] says, alike in both directions and
//! independently from message to message. Nothing here knows about capacity or failures: those belong to links and
//! faults.

use crate::{
    diagnostics::nearest,
    messages::{quote, suggestion},
    regions,
};
use petgraph::{
    algo::dijkstra,
    graph::{NodeIndex, UnGraph},
    visit::{Dfs, VisitMap},
};
use sim_core::{
    link::{LinkException, LinkPlan},
    protocol::NodeId,
    sample::Delay,
    time::Span,
};
use std::collections::{BTreeMap, BTreeSet};

/// The regions and zones of a world, as a scenario writes them.
///
/// ```
/// use scenarios::topology::{Region, RegionLink, Topology};
/// use sim_core::time::Units;
/// let region = |name: &str, zones: &[&str]| Region {
///     name: name.into(),
///     zones: zones.iter().map(|zone| zone.to_string()).collect(),
/// };
/// let topology = Topology {
///     regions: vec![region("us-east-1", &["us-east-1a", "us-east-1b"]), region("moon", &["moon-1"])],
///     links: vec![RegionLink { between: ("us-east-1".into(), "moon".into()), rtt: 2_600.ms() }],
///     ..Topology::default()
/// };
/// assert_eq!(topology.check(), Ok(()));
/// assert_eq!(topology.rtt("us-east-1a", "us-east-1b"), Some(1.ms()));
/// assert_eq!(topology.rtt("moon-1", "us-east-1b"), Some(2_600.ms()));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Topology {
    /// The regions in the order of the file; at least one, with distinct names.
    pub regions: Vec<Region>,
    /// Distances between regions that the built-in matrix does not have, or has otherwise; each pair once.
    pub links: Vec<RegionLink>,
    /// The round trip between two zones of one region; at most [`Topology::RTT_MAX`]. Default: [`Topology::ZONES`].
    pub zones: Span,
    /// The round trip within one zone; at most [`Topology::RTT_MAX`]. Default: [`Topology::HOSTS`].
    pub hosts: Span,
    /// By which ratio the 99th percentile of a delay is above its median; from 0, which is no variation at all, to
    /// [`Topology::JITTER_MAX`]. Default: [`Topology::JITTER`].
    pub jitter: f64,
}

/// A region, and the zones in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Region {
    /// Its name; one of [`regions::names`] has known distances to the others.
    pub name: String,
    /// The names of its zones, at least one, distinct over all regions.
    pub zones: Vec<String>,
}

/// How far two regions are apart.
#[derive(Clone, Debug, PartialEq)]
pub struct RegionLink {
    /// The names of two regions of the same topology; their order does not matter.
    pub between: (String, String),
    /// The round trip; more than nothing, at most [`Topology::RTT_MAX`].
    pub rtt: Span,
}

impl Default for Topology {
    fn default() -> Topology {
        Topology {
            regions: Vec::new(),
            links: Vec::new(),
            zones: Topology::ZONES,
            hosts: Topology::HOSTS,
            jitter: Topology::JITTER,
        }
    }
}

/// What a node of the graph stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Site<'a> {
    /// A region, by its name.
    Region(&'a str),
    /// A zone, by its name.
    Zone(&'a str),
}

/// A mistake in a topology: a path such as `links[0].between` below it, and what was found and what would do.
pub type Flaw = (String, String);

impl Topology {
    /// The round trip between two zones of one region, unless the file says otherwise.
    pub const ZONES: Span = Span(1_000_000);
    /// The round trip within one zone, unless the file says otherwise.
    pub const HOSTS: Span = Span(200_000);
    /// How much delays vary, unless the file says otherwise.
    pub const JITTER: f64 = 0.2;
    /// The most that delays may vary.
    pub const JITTER_MAX: f64 = 10.0;
    /// The most zones, over all regions.
    pub const ZONES_MAX: usize = 100;
    /// The longest round trip: a day. A sum over all regions stays far within 64 bits.
    pub const RTT_MAX: Span = Span(24 * 3_600 * 1_000_000_000);

    /// The names of all zones, region by region in the order of the file. Zones are counted in this order, from 0.
    pub fn zone_names(&self) -> impl Iterator<Item = &str> {
        self.regions.iter().flat_map(|region| &region.zones).map(String::as_str)
    }

    /// The index of the zone with this name.
    pub fn zone(&self, name: &str) -> Option<usize> {
        self.zone_names().position(|zone| zone == name)
    }

    /// The sites, and the round trips between those that are linked, in nanoseconds.
    ///
    /// Its nodes are first the regions, then the zones, each in the order of the file. Edges lead from region to
    /// region, from a zone to its region (no distance), and from zone to zone within a region. Hosts are no nodes.
    pub fn graph(&self) -> UnGraph<Site<'_>, u64> {
        let links: BTreeMap<_, _> =
            self.links.iter().map(|link| (sorted(&link.between.0, &link.between.1), link.rtt)).collect();
        let mut graph = UnGraph::default();
        for (b, second) in self.regions.iter().enumerate() {
            let node = graph.add_node(Site::Region(&second.name));
            for (a, first) in self.regions[..b].iter().enumerate() {
                let (first, second) = (first.name.as_str(), second.name.as_str());
                let given = links.get(&sorted(first, second)).copied();
                if let Some(rtt) = given.or_else(|| regions::round_trip(first, second)) {
                    graph.add_edge(NodeIndex::new(a), node, rtt.0);
                }
            }
        }
        for (index, region) in self.regions.iter().enumerate() {
            let mut zones: Vec<NodeIndex> = Vec::new();
            for zone in &region.zones {
                let node = graph.add_node(Site::Zone(zone));
                graph.add_edge(NodeIndex::new(index), node, 0);
                for other in &zones {
                    graph.add_edge(*other, node, self.zones.0);
                }
                zones.push(node);
            }
        }
        graph
    }

    /// The round trips between all zones.
    pub fn distances(&self) -> Distances {
        let graph = self.graph();
        let nodes: Vec<NodeIndex> = graph.node_indices().collect();
        let (regions, zones) = nodes.split_at(self.regions.len());
        // What `dijkstra` returns is in no order: it is only ever asked for a node.
        let paths: Vec<_> =
            regions.iter().map(|&from| dijkstra(&graph, from, None, |e| *e.weight())).collect();
        let home: Vec<NodeIndex> = self
            .regions
            .iter()
            .zip(regions)
            .flat_map(|(region, &at)| region.zones.iter().map(move |_| at))
            .collect();
        let edge = |a, b| graph.find_edge(a, b).map(|edge| graph[edge]);
        let mut rtts = Vec::with_capacity(zones.len() * zones.len());
        for a in 0..zones.len() {
            for b in 0..zones.len() {
                rtts.push(match a == b {
                    true => Some(self.hosts),
                    false => edge(zones[a], zones[b])
                        .or_else(|| edge(home[a], home[b]))
                        .or_else(|| paths[home[a].index()].get(&home[b]).copied())
                        .map(Span),
                });
            }
        }
        Distances { zones: self.zone_names().map(String::from).collect(), rtts }
    }

    /// The round trip between two zones by name, as in [`Distances::rtt`]. Computes all of them to answer.
    pub fn rtt(&self, zone_a: &str, zone_b: &str) -> Option<Span> {
        self.distances().rtt(zone_a, zone_b)
    }

    /// The delay of one message whose round trip takes this long.
    pub fn delay(&self, rtt: Span) -> Delay {
        let median = Span(rtt.0 / 2);
        let p99 = Span((median.0 as f64 * (1.0 + self.jitter)).round() as u64);
        if p99 <= median { Delay::Constant(median) } else { Delay::LogNormal { median, p99 } }
    }

    /// The links between nodes that are in zones: one exception for each ordered pair of zones that have nodes, a zone
    /// and itself included, in the order of the zones of the senders. Nodes in no zone are named by none of them.
    ///
    /// `zone_of_node` has the index of each node's zone, by node. The topology must have passed [`Topology::check`].
    /// What comes back holds twice as many nodes as there are, times the number of zones that have some.
    pub fn links(
        &self,
        zone_of_node: &[Option<usize>],
        link: impl Fn(Delay) -> LinkPlan,
    ) -> Vec<LinkException> {
        let distances = self.distances();
        let mut members: Vec<Vec<NodeId>> = vec![Vec::new(); distances.zones.len()];
        for (node, zone) in zone_of_node.iter().enumerate() {
            if let Some(zone) = zone {
                members[*zone].push(NodeId(u32::try_from(node).expect("nodes are numbered in 32 bits")));
            }
        }
        let used: Vec<usize> = (0..members.len()).filter(|zone| !members[*zone].is_empty()).collect();
        let mut exceptions = Vec::with_capacity(used.len() * used.len());
        for &from in &used {
            for &to in &used {
                let rtt = distances.at(from, to).expect("a topology that passed its check is connected");
                let (from, to) = (members[from].clone(), members[to].clone());
                exceptions.push(LinkException { from, to, link: link(self.delay(rtt)), pipe: None });
            }
        }
        exceptions
    }

    /// Whether the topology makes sense: every promise of its fields is kept, and every region can be reached.
    pub fn check(&self) -> Result<(), Vec<Flaw>> {
        let mut flaws = Vec::new();
        self.check_names(&mut flaws);
        self.check_links(&mut flaws);
        self.check_numbers(&mut flaws);
        if flaws.is_empty() {
            self.check_paths(&mut flaws); // a misspelt name must not be told twice
        }
        if flaws.is_empty() { Ok(()) } else { Err(flaws) }
    }

    fn check_names(&self, flaws: &mut Vec<Flaw>) {
        let mut say = |at: String, what: String| flaws.push((at, what));
        let zones = self.zone_names().count();
        if self.regions.is_empty() {
            say("regions".into(), "there is no region: write at least one, with its zones".into());
        } else if zones > Topology::ZONES_MAX {
            say("regions".into(), format!("there are {zones} zones: write at most {}", Topology::ZONES_MAX));
        }
        let mut names = BTreeSet::new();
        let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
        for region in &self.regions {
            let (name, at) = (&region.name, region_path(&region.name));
            if !fit(name) {
                say(at.clone(), format!("{} cannot be the name of a region: {NAME}", quote(name)));
            }
            if !names.insert(name) {
                say(
                    at.clone(),
                    format!("there are two regions {}: write all its zones in one list", quote(name)),
                );
            }
            if region.zones.is_empty() {
                say(at.clone(), format!("the region {} has no zone: write at least one", quote(name)));
            }
            for (index, zone) in region.zones.iter().enumerate() {
                let at = format!("{at}[{index}]");
                if !fit(zone) {
                    say(at, format!("{} cannot be the name of a zone: {NAME}", quote(zone)));
                } else if let Some(other) = taken.insert(zone, name) {
                    let (zone, other) = (quote(zone), quote(other));
                    say(
                        at,
                        format!(
                            "the zone {zone} is there already, in the region {other}: write another name"
                        ),
                    );
                }
            }
        }
    }

    fn check_links(&self, flaws: &mut Vec<Flaw>) {
        let mut say = |at: String, what: String| flaws.push((at, what));
        let known: Vec<&str> = self.regions.iter().map(|region| region.name.as_str()).collect();
        let mut pairs = BTreeSet::new();
        for (index, RegionLink { between: (a, b), rtt }) in self.links.iter().enumerate() {
            let at = |rest: &str| format!("links[{index}].{rest}");
            let mut sound = true;
            for (side, name) in
                [a, b].into_iter().enumerate().filter(|(_, name)| !known.contains(&name.as_str()))
            {
                sound = false;
                let advice = match regions::names().contains(&name.as_str()) {
                    true => String::from("write it under `regions`, with its zones"),
                    false => suggestion(name, &known),
                };
                say(at(&format!("between[{side}]")), format!("there is no region {}: {advice}", quote(name)));
            }
            if sound && a == b {
                say(at("between"), format!("{} is linked with itself: write two regions", quote(a)));
            } else if sound && !pairs.insert(sorted(a, b)) {
                let (a, b) = (quote(a), quote(b));
                say(
                    at("between"),
                    format!("{a} and {b} are linked already: write one round trip, for both directions"),
                );
            }
            if *rtt == Span::ZERO {
                say(at("rtt"), "a round trip between regions takes some time: write more than 0s".into());
            } else if *rtt > Topology::RTT_MAX {
                say(at("rtt"), too_long(*rtt));
            }
        }
    }

    fn check_numbers(&self, flaws: &mut Vec<Flaw>) {
        for (at, rtt) in [("zones", self.zones), ("hosts", self.hosts)] {
            if rtt > Topology::RTT_MAX {
                flaws.push((at.into(), too_long(rtt)));
            }
        }
        if !(0.0..=Topology::JITTER_MAX).contains(&self.jitter) {
            let what =
                format!("a jitter of {}: write a number from 0 to {}", self.jitter, Topology::JITTER_MAX);
            flaws.push(("jitter".into(), what));
        }
    }

    /// Notes one region of every part that cannot be reached from the first region.
    fn check_paths(&self, flaws: &mut Vec<Flaw>) {
        let graph = self.graph();
        let mut walk = Dfs::empty(&graph);
        for (index, region) in self.regions.iter().enumerate() {
            let node = NodeIndex::new(index);
            if walk.discovered.is_visited(&node) {
                continue;
            }
            if index > 0 {
                flaws.push(self.no_path(&self.regions[0].name, &region.name));
            }
            walk.move_to(node);
            while walk.next(&graph).is_some() {}
        }
    }

    /// Blames the region whose distances are not built in; of two such, the second.
    fn no_path(&self, a: &str, b: &str) -> Flaw {
        let built_in = |name: &str| regions::names().contains(&name);
        let odd = if built_in(b) { a } else { b };
        let free =
            regions::names().iter().copied().filter(|name| self.regions.iter().all(|r| r.name != *name));
        let advice = match nearest(odd, free) {
            Some(near) => format!("write `{near}` if you mean that, or how far they are apart under `links`"),
            None => String::from("write how far they are apart under `links`"),
        };
        (region_path(odd), format!("there is no path between {} and {}: {advice}", quote(a), quote(b)))
    }
}

/// The round trips between all zones of a topology.
#[derive(Clone, Debug, PartialEq)]
pub struct Distances {
    zones: Vec<String>,
    /// Row by row; the same in both directions.
    rtts: Vec<Option<Span>>,
}

impl Distances {
    /// The round trip between two zones, or within one; `None` when no path leads from one to the other, or when there
    /// is no zone of such a name.
    pub fn rtt(&self, zone_a: &str, zone_b: &str) -> Option<Span> {
        let index = |name: &str| self.zones.iter().position(|zone| zone == name);
        self.at(index(zone_a)?, index(zone_b)?)
    }

    /// The same by index, in the order of [`Topology::zone_names`].
    ///
    /// Panics if there is no zone of such an index.
    pub fn at(&self, zone_a: usize, zone_b: usize) -> Option<Span> {
        assert!(zone_a < self.zones.len());
        assert!(zone_b < self.zones.len());
        self.rtts[zone_a * self.zones.len() + zone_b]
    }
}

const NAME: &str = "write 1 to 60 characters on one line";

fn fit(name: &str) -> bool {
    !name.trim().is_empty() && !name.chars().any(char::is_control) && name.chars().count() <= 60
}

fn sorted<'a>(a: &'a str, b: &'a str) -> (&'a str, &'a str) {
    (a.min(b), a.max(b))
}

fn region_path(name: &str) -> String {
    format!("regions.\"{name}\"")
}

fn too_long(rtt: Span) -> String {
    format!("a round trip of {rtt} is longer than a day: write at most \"24h\"")
}

#[cfg(test)]
mod tests;
