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
mod tests {
    use super::*;
    use crate::{Registry, plan::Plan, read::read};
    use sim_core::time::Units;

    fn region(name: &str, zones: &[&str]) -> Region {
        Region { name: name.into(), zones: zones.iter().map(|zone| String::from(*zone)).collect() }
    }

    fn link(a: &str, b: &str, rtt: Span) -> RegionLink {
        RegionLink { between: (a.into(), b.into()), rtt }
    }

    fn world(regions: Vec<Region>, links: Vec<RegionLink>) -> Topology {
        Topology { regions, links, ..Topology::default() }
    }

    /// Two zones in Virginia, one in Ireland, and one on the moon, which only Virginia can call.
    fn earth_and_moon() -> Topology {
        world(
            vec![region("us-east-1", &["v1", "v2"]), region("eu-west-1", &["i1"]), region("moon", &["m1"])],
            vec![link("us-east-1", "moon", 2_600.ms())],
        )
    }

    fn flaws(topology: &Topology) -> Vec<Flaw> {
        topology.check().expect_err("has a flaw")
    }

    fn flaw(topology: &Topology) -> Flaw {
        let flaws = flaws(topology);
        assert_eq!(flaws.len(), 1, "{flaws:?}");
        flaws[0].clone()
    }

    fn expect_flaw(topology: &Topology, path: &str, what: &str) {
        assert_eq!(flaw(topology), (path.into(), what.into()));
    }

    /// What links are like otherwise, from a scenario that says so.
    fn plain_link() -> LinkPlan {
        let text = r#"(about: "a", seed: 1, until: "1s", services: { "db": (run: "raft", nodes: 3) },
            network: (delay: Constant("7ms"), loss: 0.25), expect: [Always("election safety")], vacuous: Allow)"#;
        let scenario = read("test", text, &Registry::standard()).expect("sound");
        Plan::new(&scenario, 1).core.network.default
    }

    #[test]
    fn hosts_zones_and_regions_are_as_far_apart_as_the_file_says() {
        let topology = Topology { zones: 3.ms(), hosts: 50.us(), ..earth_and_moon() };
        assert_eq!(topology.check(), Ok(()));
        let distances = topology.distances();
        assert_eq!(distances.rtt("v1", "v1"), Some(50.us()));
        assert_eq!(distances.rtt("v1", "v2"), Some(3.ms()));
        assert_eq!(distances.rtt("v2", "i1"), regions::round_trip("us-east-1", "eu-west-1"));
        assert_eq!(distances.rtt("m1", "v1"), Some(2_600.ms()));
        assert_eq!(distances.rtt("v1", "v3"), None);
        assert_eq!(topology.rtt("v1", "v2"), distances.rtt("v1", "v2"));
        assert_eq!(topology.zone("i1"), Some(2));
        assert_eq!(distances.at(2, 2), Some(50.us()));
    }

    #[test]
    fn without_a_link_the_shortest_path_counts() {
        let mut topology = earth_and_moon();
        assert_eq!(topology.rtt("i1", "m1"), Some(2_600.ms() + 68_100.us()));
        topology.regions.push(region("mars", &["r1"]));
        topology.links.push(link("mars", "moon", 400.s()));
        topology.links.push(link("eu-west-1", "mars", 450.s()));
        topology.links.push(link("moon", "eu-west-1", 60.s()));
        assert_eq!(topology.rtt("r1", "v1"), Some(402_600.ms()), "by way of the moon");
        assert_eq!(topology.rtt("r1", "i1"), Some(450.s()));
    }

    #[test]
    fn a_link_of_the_file_replaces_the_built_in_one_and_no_detour_undercuts_it() {
        let regions =
            ["us-east-1", "eu-west-1", "ca-central-1"].map(|name| region(name, &[&format!("{name}a")]));
        let topology = world(regions.to_vec(), vec![link("eu-west-1", "us-east-1", 500.ms())]);
        assert_eq!(topology.rtt("us-east-1a", "eu-west-1a"), Some(500.ms()));
        let (to_canada, from_canada) = (16_400.us(), 70_800.us());
        assert_eq!(topology.rtt("us-east-1a", "ca-central-1a"), Some(to_canada));
        assert_eq!(topology.rtt("ca-central-1a", "eu-west-1a"), Some(from_canada));
    }

    #[test]
    fn one_more_region_leaves_the_built_in_distances_as_they_are() {
        let all = regions::names().iter().map(|name| region(name, &[name])).collect();
        let distances = world(all, Vec::new()).distances();
        for a in regions::names() {
            for b in regions::names().iter().filter(|b| *b != a) {
                assert_eq!(distances.rtt(a, b), regions::round_trip(a, b), "{a} {b}");
            }
        }
    }

    #[test]
    fn distances_do_not_depend_on_the_order_of_the_file() {
        let forth = earth_and_moon();
        let mut back = forth.clone();
        back.regions.reverse();
        back.links
            .iter_mut()
            .for_each(|link| link.between = (link.between.1.clone(), link.between.0.clone()));
        for a in forth.zone_names() {
            for b in forth.zone_names() {
                assert_eq!(forth.rtt(a, b), back.rtt(a, b), "{a} {b}");
                assert_eq!(forth.rtt(a, b), forth.rtt(b, a), "{a} {b}");
            }
        }
    }

    #[test]
    fn the_graph_has_regions_and_zones_and_what_links_them() {
        let topology = earth_and_moon();
        let graph = topology.graph();
        let sites: Vec<Site<'_>> = graph.node_weights().copied().collect();
        use Site::{Region, Zone};
        let all =
            [Region("us-east-1"), Region("eu-west-1"), Region("moon"), Zone("v1"), Zone("v2"), Zone("i1")];
        assert_eq!(sites[..6], all);
        let weight = |a: usize, b: usize| {
            graph.find_edge(NodeIndex::new(a), NodeIndex::new(b)).map(|edge| graph[edge])
        };
        assert_eq!(weight(0, 1), Some(68_100_000));
        assert_eq!(weight(2, 0), Some(2_600_000_000));
        assert_eq!(weight(1, 2), None);
        assert_eq!(weight(0, 3), Some(0));
        assert_eq!(weight(3, 4), Some(1_000_000));
        assert_eq!(weight(3, 5), None);
    }

    #[test]
    fn a_delay_is_half_the_round_trip_with_a_tail_as_long_as_the_jitter_says() {
        let topology = earth_and_moon();
        assert_eq!(topology.delay(100.ms()), Delay::LogNormal { median: 50.ms(), p99: 60.ms() });
        let still = Topology { jitter: 0.0, ..topology.clone() };
        assert_eq!(still.delay(100.ms()), Delay::Constant(50.ms()));
        let wild = Topology { jitter: 10.0, ..topology };
        assert_eq!(wild.delay(100.ms()), Delay::LogNormal { median: 50.ms(), p99: 550.ms() });
        for rtt in [Span::ZERO, 1.ns(), 2.ns(), 3.ns(), Topology::RTT_MAX] {
            assert_eq!(wild.delay(rtt).check(), Ok(()));
        }
        assert_eq!(wild.delay(Span::ZERO), Delay::Constant(Span::ZERO));
    }

    #[test]
    fn links_are_one_exception_for_each_ordered_pair_of_zones_in_use() {
        let topology = Topology { jitter: 0.0, ..earth_and_moon() };
        let zone = |name| topology.zone(name);
        // Nobody is in the second zone of Virginia, and node 2 is nowhere.
        let zone_of_node = [zone("v1"), zone("m1"), None, zone("v1"), zone("i1")];
        let plain = plain_link();
        let links = topology.links(&zone_of_node, |delay| LinkPlan { delay, ..plain.clone() });
        let found: Vec<_> =
            links.iter().map(|l| (l.from.clone(), l.to.clone(), l.link.delay.clone())).collect();
        let nodes = |nodes: &[u32]| nodes.iter().copied().map(NodeId).collect::<Vec<_>>();
        let (virginia, ireland, moon) = (nodes(&[0, 3]), nodes(&[4]), nodes(&[1]));
        let row = |from: &Vec<NodeId>, to: &Vec<NodeId>, us: u64| {
            (from.clone(), to.clone(), Delay::Constant(us.us()))
        };
        assert_eq!(
            found,
            [
                row(&virginia, &virginia, 100),
                row(&virginia, &ireland, 34_050),
                row(&virginia, &moon, 1_300_000),
                row(&ireland, &virginia, 34_050),
                row(&ireland, &ireland, 100),
                row(&ireland, &moon, 1_334_050),
                row(&moon, &virginia, 1_300_000),
                row(&moon, &ireland, 1_334_050),
                row(&moon, &moon, 100),
            ]
        );
        assert!(links.iter().all(|link| link.link.loss == plain.loss));
        assert_eq!(topology.links(&[None, None], |delay| LinkPlan { delay, ..plain.clone() }), []);
        let again = topology.links(&zone_of_node, |delay| LinkPlan { delay, ..plain.clone() });
        assert_eq!(links, again);
    }

    #[test]
    fn names_must_be_names_and_distinct() {
        expect_flaw(
            &Topology::default(),
            "regions",
            "there is no region: write at least one, with its zones",
        );
        let one = |zones: &[&str]| world(vec![region("moon", zones)], vec![]);
        let path = "regions.\"moon\"";
        expect_flaw(&one(&[]), path, "the region `moon` has no zone: write at least one");
        let what = "`` cannot be the name of a zone: write 1 to 60 characters on one line";
        expect_flaw(&one(&["a", ""]), "regions.\"moon\"[1]", what);
        let what = "the zone `a` is there already, in the region `moon`: write another name";
        expect_flaw(&one(&["a", "b", "a"]), "regions.\"moon\"[2]", what);
        let what = "`` cannot be the name of a region: write 1 to 60 characters on one line";
        expect_flaw(&world(vec![region("", &["a"])], vec![]), "regions.\"\"", what);
        let twice = world(vec![region("moon", &["a"]), region("moon", &["b"])], vec![]);
        expect_flaw(&twice, path, "there are two regions `moon`: write all its zones in one list");
        let zones: Vec<String> = (0..=Topology::ZONES_MAX).map(|zone| zone.to_string()).collect();
        let mut many = world(vec![Region { name: "moon".into(), zones }], vec![]);
        expect_flaw(&many, "regions", "there are 101 zones: write at most 100");
        many.regions[0].zones.pop();
        assert_eq!(many.check(), Ok(()));
    }

    #[test]
    fn links_must_join_two_regions_of_the_world_once() {
        let with = |links: &[RegionLink]| {
            let mut topology = earth_and_moon();
            topology.links.extend_from_slice(links);
            topology
        };
        let lost = with(&[link("moan", "eu-west-1", 1.s())]);
        expect_flaw(&lost, "links[1].between[0]", "there is no region `moan`: did you mean `moon`?");
        let lost = with(&[link("moon", "eu-west-2", 1.s())]);
        let what = "there is no region `eu-west-2`: write it under `regions`, with its zones";
        expect_flaw(&lost, "links[1].between[1]", what);
        let lost = with(&[link("moon", "Andromeda", 1.s())]);
        let what = "there is no region `Andromeda`: write `us-east-1`, `eu-west-1` or `moon`";
        expect_flaw(&lost, "links[1].between[1]", what);
        let own = with(&[link("moon", "moon", 1.s())]);
        expect_flaw(&own, "links[1].between", "`moon` is linked with itself: write two regions");
        let what = "`moon` and `us-east-1` are linked already: write one round trip, for both directions";
        expect_flaw(&with(&[link("moon", "us-east-1", 1.s())]), "links[1].between", what);
    }

    #[test]
    fn every_region_must_be_reached() {
        let mut topology = earth_and_moon();
        topology.links.clear();
        let what =
            "there is no path between `us-east-1` and `moon`: write how far they are apart under `links`";
        expect_flaw(&topology, "regions.\"moon\"", what);
        topology.regions.rotate_right(1);
        let what =
            "there is no path between `moon` and `us-east-1`: write how far they are apart under `links`";
        expect_flaw(&topology, "regions.\"moon\"", what);
        // Mars and its moon reach one another: one link is lacking, and one is asked for.
        let mut topology = earth_and_moon();
        topology.regions.extend([region("mars", &["r1"]), region("phobos", &["p1"])]);
        topology.links.push(link("mars", "phobos", 60.ms()));
        assert_eq!(flaw(&topology).0, "regions.\"mars\"");
        assert_eq!(topology.rtt("p1", "v1"), None);
        assert_eq!(topology.rtt("p1", "r1"), Some(60.ms()));
    }

    #[test]
    fn a_misspelt_region_is_told_once_and_set_right() {
        let topology = world(vec![region("us-esat-1", &["v1"]), region("eu-west-1", &["i1"])], vec![]);
        let what = "there is no path between `us-esat-1` and `eu-west-1`: write `us-east-1` if you mean that, \
                    or how far they are apart under `links`";
        expect_flaw(&topology, "regions.\"us-esat-1\"", what);
    }

    #[test]
    fn numbers_must_be_within_reach() {
        for (jitter, sound) in [(0.0, true), (10.0, true), (-0.1, false), (10.1, false), (f64::NAN, false)] {
            assert_eq!(Topology { jitter, ..earth_and_moon() }.check().is_ok(), sound, "{jitter}");
        }
        let wild = Topology { jitter: 11.0, ..earth_and_moon() };
        expect_flaw(&wild, "jitter", "a jitter of 11: write a number from 0 to 10");
        let day = Topology { zones: 86_401.s(), hosts: Span::MAX, ..earth_and_moon() };
        let paths: Vec<String> = flaws(&day).into_iter().map(|flaw| flaw.0).collect();
        assert_eq!(paths, ["zones", "hosts"]);
        assert_eq!(Topology { zones: Span::ZERO, hosts: Span::ZERO, ..earth_and_moon() }.check(), Ok(()));
        let mut long = earth_and_moon();
        long.links[0].rtt = 86_401.s();
        let what = "a round trip of 86401s is longer than a day: write at most \"24h\"";
        expect_flaw(&long, "links[0].rtt", what);
        long.links[0].rtt = Span::ZERO;
        let what = "a round trip between regions takes some time: write more than 0s";
        expect_flaw(&long, "links[0].rtt", what);
    }

    #[test]
    fn the_path_of_a_flaw_leads_to_it_in_the_file() {
        let text = r#"(regions: { "us-east-1": ["v1", "x"], "moon": ["m1"] },
            links: [(between: ("moon", "sun"), rtt: "0s")], jitter: 11)"#;
        let outline = crate::outline::Outline::of(text).expect("RON");
        let found = |path| crate::set::find(&outline, &outline.root, path).map(|node| &text[node.at.clone()]);
        assert_eq!(found("regions.\"moon\""), Some("[\"m1\"]"));
        assert_eq!(found("regions.\"us-east-1\"[1]"), Some("\"x\""));
        assert_eq!(found("links[0].between"), Some("(\"moon\", \"sun\")"));
        assert_eq!(found("links[0].between[1]"), Some("\"sun\""));
        assert_eq!(found("links[0].rtt"), Some("\"0s\""));
        assert_eq!(found("jitter"), Some("11"));
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let mut topology = earth_and_moon();
        topology.regions[1].zones.push("v1".into());
        topology.links[0].between.1 = "moom".into();
        topology.jitter = -1.0;
        let paths: Vec<String> = flaws(&topology).into_iter().map(|flaw| flaw.0).collect();
        assert_eq!(paths, ["regions.\"eu-west-1\"[1]", "links[0].between[1]", "jitter"]);
    }
}
