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
    let scenario = read("test", text, &Registry::of_few()).expect("sound");
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
    let regions = ["us-east-1", "eu-west-1", "ca-central-1"].map(|name| region(name, &[&format!("{name}a")]));
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
    back.links.iter_mut().for_each(|link| link.between = (link.between.1.clone(), link.between.0.clone()));
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
    let all = [Region("us-east-1"), Region("eu-west-1"), Region("moon"), Zone("v1"), Zone("v2"), Zone("i1")];
    assert_eq!(sites[..6], all);
    let weight =
        |a: usize, b: usize| graph.find_edge(NodeIndex::new(a), NodeIndex::new(b)).map(|edge| graph[edge]);
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
    let found: Vec<_> = links.iter().map(|l| (l.from.clone(), l.to.clone(), l.link.delay.clone())).collect();
    let nodes = |nodes: &[u32]| nodes.iter().copied().map(NodeId).collect::<Vec<_>>();
    let (virginia, ireland, moon) = (nodes(&[0, 3]), nodes(&[4]), nodes(&[1]));
    let row =
        |from: &Vec<NodeId>, to: &Vec<NodeId>, us: u64| (from.clone(), to.clone(), Delay::Constant(us.us()));
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
    expect_flaw(&Topology::default(), "regions", "there is no region: write at least one, with its zones");
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
    let what = "there is no path between `us-east-1` and `moon`: write how far they are apart under `links`";
    expect_flaw(&topology, "regions.\"moon\"", what);
    topology.regions.rotate_right(1);
    let what = "there is no path between `moon` and `us-east-1`: write how far they are apart under `links`";
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
