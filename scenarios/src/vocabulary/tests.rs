//! The table against the reader of scenario files: what it says is read, and what is read it says.

mod names;

use super::*;
use crate::{
    format::{Claim, Clock, Expectation, Figure},
    read::{
        faults::{self, FAULT, KIND},
        read,
        world::{self, LINK, NETWORK, REGION_LINK, SERVICE},
    },
    registry::Registry,
};
use names::{fields, keys, variants};
use protocols::raft::{Config, Reads};
use sim_core::{
    check::register::Guarantee,
    fault::{Condition, Fault, Gray, Keep, Pick, Shift},
    link::{Bursts, Impairment, Nic, Pipe, Reorder, Transport},
    plan::{Damage, DiskPlan, HostPlan, Timers},
    sample::Delay,
    stream::StreamPlan,
};
use std::collections::BTreeSet;

type Words = BTreeSet<String>;

fn words<'a>(list: impl IntoIterator<Item = &'a str>) -> Words {
    list.into_iter().map(String::from).collect()
}

/// The words of a piece of RON that are neither quoted nor numbers.
fn words_of(ron: &str) -> Words {
    let bare: String = ron.split('"').step_by(2).collect::<Vec<_>>().join(" ");
    let word = |word: &&str| word.starts_with(|c: char| c.is_ascii_alphabetic());
    bare.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(word).map(String::from).collect()
}

/// The words of all pieces of RON in a sentence.
fn words_quoted_in(sentence: &str) -> Words {
    sentence.split('`').skip(1).step_by(2).flat_map(words_of).collect()
}

/// What the examples of a section are about: the first word of each.
fn heads(section: Section) -> Words {
    let head = |(example, _): &(&str, &str)| example.split(['(', ':']).next().unwrap().to_owned();
    let heads: Words = section.entries.iter().map(head).collect();
    assert_eq!(heads.len(), section.entries.len(), "something is in `{}` twice", section.title);
    heads
}

fn names_of(keys: &[crate::read::Key], without: &[&str]) -> Words {
    words(keys.iter().map(|key| key.0).filter(|name| !without.contains(name)))
}

/// The entry that begins with this word.
fn entry(section: Section, head: &str) -> (&'static str, &'static str) {
    let ours = |(example, _): &&(&str, &str)| example.split(['(', ':']).next() == Some(head);
    *section.entries.iter().find(ours).expect("the section has it")
}

/// The parts of a scenario that examples are put into.
struct Parts {
    service: String,
    topology: &'static str,
    network: String,
    faults: String,
    nemesis: String,
    expect: String,
}

impl Default for Parts {
    fn default() -> Parts {
        Parts {
            service: r#"run: "raft", nodes: 5, zones: ["us-east-1a"]"#.into(),
            topology: r#"regions: { "us-east-1": ["us-east-1a", "us-east-1b"], "eu-west-1": ["eu-west-1a"] }"#,
            network: String::new(),
            faults: String::new(),
            nemesis: String::new(),
            expect: "Linearizable".into(),
        }
    }
}

fn scenario(parts: &Parts) -> String {
    let Parts { service, topology, network, faults, nemesis, expect } = parts;
    // Not every example says where nodes stand.
    let delay = if network.starts_with("delay") { "" } else { r#"delay: Constant("1ms"), "# };
    format!(
        r#"(
    about: "a world for one example",
    seed: 1,
    until: "60s",
    services: {{ "db": ({service}) }},
    clients: (nodes: 5, of: "db", load: Open(Poisson(10.0)), zones: ["us-east-1a"]),
    topology: ({topology}),
    network: ({delay}{network}),
    faults: [
        (name: "first", at: "1s", lasts: "1s", do: Crash([Random(1)])),
        (name: "split", at: "3s", lasts: "1s", do: Halves([Service("db")])),
        {faults}
    ],
    nemesis: [{nemesis}],
    expect: [{expect}],
)"#
    )
}

/// Scenarios with an example in every place where it may stand.
fn scenarios(section: &Section, example: &str) -> Vec<String> {
    let key = example.split(':').next().unwrap();
    let one = |parts| vec![scenario(&parts)];
    let fault = |text: String| Parts { faults: text, ..Parts::default() };
    match section.title {
        "Faults" => one(fault(format!(r#"(at: "20s", do: {example})"#))),
        "Gray failures" => one(fault(format!(r#"(at: "20s", do: Gray({example}, [Role("leader")]))"#))),
        "When" => {
            let when = match key {
                "at" | "between" | "every" | "after" | "when" => "",
                "from" | "to" => r#", every: "5s""#,
                "latest" => r#", when: RoleTaken("leader", 9)"#,
                _ => r#", at: "20s""#,
            };
            one(fault(format!(r#"({example}{when}, do: Crash([Service("db")]))"#)))
        }
        "Conditions" => one(fault(format!("(when: {example}, do: Crash([Random(1)]))"))),
        "Picks" if key == "Everybody" => {
            one(fault(format!(r#"(at: "20s", do: OneWay(from: [Role("leader")], to: [{example}]))"#)))
        }
        "Picks" if key.starts_with("TriggerOf") => {
            one(fault(format!(r#"(when: RoleChange("db"), do: Crash([{example}]))"#)))
        }
        "Picks" => one(fault(format!(r#"(at: "20s", do: Crash([{example}]))"#))),
        "Generators" => {
            let of = if ["of", "kinds"].contains(&key) { "" } else { r#", of: "db""# };
            one(Parts { nemesis: format!("({example}{of})"), ..Parts::default() })
        }
        "Nodes" if key == "calls" => {
            let zones = Parts::default().service.split_once("zones").unwrap().1.to_owned();
            let store = format!(r#""store": (run: "raft-leases", nodes: 3, zones{zones})"#);
            let caller = format!(r#""workers": (run: "billing", nodes: 3, {example}, zones{zones})"#);
            vec![scenario(&Parts::default()).replace(r#""db": ("#, &format!(r#"{store}, {caller}, "db": ("#))]
        }
        "Nodes" if key == "beside" => {
            let zones = Parts::default().service.split_once("zones").unwrap().1.to_owned();
            let host = format!(r#""files": (run: "quorum-store", nodes: 3, zones{zones})"#);
            let guest = format!(r#""guests": (run: "quorum-store", nodes: 3, {example})"#);
            vec![scenario(&Parts::default()).replace(r#""db": ("#, &format!(r#"{host}, {guest}, "db": ("#))]
        }
        "Nodes" => {
            let needed = [("run", r#", run: "raft""#), ("nodes", ", nodes: 5")];
            let rest: String =
                needed.into_iter().filter(|(name, _)| *name != key).map(|(_, text)| text).collect();
            one(Parts { service: format!("{example}{rest}"), ..Parts::default() })
        }
        "Links" => {
            let places = places(key);
            assert!(!places.is_empty(), "`{key}` can be said nowhere");
            let parts = |place: &&str| match *place {
                "network" => Parts { network: example.into(), ..Parts::default() },
                "links" => {
                    let link = format!(r#"links: [(from: "db", to: "clients", {example})]"#);
                    Parts { network: link, ..Parts::default() }
                }
                _ => fault(format!(
                    r#"(at: "20s", do: Degrade(from: [Service("db")], to: [Service("clients")], link: ({example})))"#
                )),
            };
            places.iter().map(parts).map(|parts| scenario(&parts)).collect()
        }
        "Delays" => one(Parts { network: format!("delay: {example}"), ..Parts::default() }),
        "Topology" => {
            let regions = if key == "regions" { "" } else { Parts::default().topology };
            vec![
                scenario(&Parts::default())
                    .replace(Parts::default().topology, &format!("{example}, {regions}")),
            ]
        }
        "Expectations" => one(Parts { expect: example.into(), ..Parts::default() }),
        other => panic!("say here where examples of `{other}` stand"),
    }
}

/// Where a key of a link may stand.
fn places(key: &str) -> Vec<&'static str> {
    let keys = [
        ("network", names_of(NETWORK, &[])),
        ("links", names_of(LINK, &[])),
        ("fault", words(fields::<Impairment>().iter().copied())),
    ];
    keys.iter().filter(|(_, keys)| keys.contains(key)).map(|(place, _)| *place).collect()
}

#[test]
fn every_example_is_read() {
    let registry = Registry::of_few();
    for section in SECTIONS {
        for (example, _) in section.entries {
            for text in scenarios(section, example) {
                if let Err(problems) = read("example.ron", &text, &registry) {
                    panic!("{}: `{example}`:\n{}", section.title, problems.render(false));
                }
            }
        }
    }
}

#[test]
fn every_variant_and_every_key_has_an_example_of_its_own_and_none_is_made_up() {
    let enums: [(Section, &[&str]); 6] = [
        (FAULTS, variants::<Fault>()),
        (GRAY, variants::<Gray>()),
        (CONDITIONS, variants::<Condition>()),
        (PICKS, variants::<Pick>()),
        (DELAYS, variants::<Delay>()),
        (EXPECT, variants::<Expectation>()),
    ];
    for (section, known) in enums {
        assert_eq!(heads(section), words(known.iter().copied()), "{}", section.title);
    }
    // `do` is in the place of every fault; only plans say `part_of`.
    assert_eq!(heads(MOMENTS), names_of(FAULT, &["do", "part_of"]));
    assert!(words_quoted_in(FAULTS.place).contains("do"));
    assert_eq!(heads(NEMESIS), names_of(faults::NEMESIS, &[]));
    assert_eq!(heads(NODES), names_of(SERVICE, &[]));
    assert_eq!(heads(TOPOLOGY), names_of(world::TOPOLOGY, &[]));
    let links: Words = names_of(NETWORK, &[]).union(&names_of(LINK, &["from", "to"])).cloned().collect();
    assert_eq!(heads(LINKS), links);
}

#[test]
fn every_key_inside_an_example_is_there() {
    for (section, inside) in
        [(FAULTS, keys::<Fault>()), (DELAYS, keys::<Delay>()), (EXPECT, keys::<Expectation>())]
    {
        for (variant, keys) in inside {
            let (example, meaning) = entry(section, variant);
            let said: Words = words_of(example).union(&words_quoted_in(meaning)).cloned().collect();
            for key in keys {
                assert!(said.contains(*key), "`{variant}` takes `{key}`, and its line does not say so");
            }
        }
    }
    let structures = [
        (entry(NODES, "host"), words(fields::<HostPlan>().iter().copied())),
        (entry(NODES, "disk"), words(fields::<DiskPlan>().iter().copied())),
        (entry(NODES, "clock"), words(fields::<Clock>().iter().copied())),
        (entry(NODES, "nic"), words(fields::<Nic>().iter().chain(fields::<Pipe>()).copied())),
        (entry(LINKS, "bursts"), words(fields::<Bursts>().iter().copied())),
        (entry(LINKS, "reorder"), words(fields::<Reorder>().iter().copied())),
        (entry(LINKS, "bandwidth"), words(fields::<Pipe>().iter().copied())),
        (entry(LINKS, "transport"), words(fields::<StreamPlan>().iter().copied())),
        (entry(LINKS, "links"), words(["from", "to"])),
        (entry(NEMESIS, "kinds"), names_of(KIND, &[])),
        (entry(TOPOLOGY, "links"), names_of(REGION_LINK, &[])),
    ];
    for ((example, _), keys) in structures {
        let missing: Vec<_> = keys.difference(&words_of(example)).cloned().collect();
        assert!(missing.is_empty(), "`{example}` does not show {missing:?}");
    }
    // Small enums, in the line where they are needed.
    let choices: [((&str, &str), &[&str]); 10] = [
        (entry(FAULTS, "ClockJump"), variants::<Shift>()),
        (entry(NODES, "disk"), variants::<Damage>()),
        (entry(NODES, "clock"), variants::<Timers>()),
        (entry(LINKS, "transport"), variants::<Transport>()),
        (entry(MOMENTS, "keep"), variants::<Keep>()),
        (entry(NEMESIS, "keep"), variants::<Keep>()),
        (entry(EXPECT, "Violates"), variants::<Claim>()),
        (entry(EXPECT, "Sessions"), variants::<Guarantee>()),
        (entry(EXPECT, "Effect"), variants::<Figure>()),
        (entry(EXPECT, "Effect"), &["at_least", "at_most"]),
    ];
    for ((example, meaning), names) in choices {
        let said: Words = words_of(example).union(&words_quoted_in(meaning)).cloned().collect();
        let missing: Vec<_> = names.iter().filter(|name| !said.contains(**name)).collect();
        assert!(missing.is_empty(), "`{example}` does not mention {missing:?}");
    }
}

#[test]
fn every_word_is_known() {
    let mut known = Words::new();
    for keys in [FAULT, faults::NEMESIS, KIND, NETWORK, LINK, SERVICE, world::TOPOLOGY, REGION_LINK] {
        known.append(&mut names_of(keys, &[]));
    }
    let lists: [&[&str]; 27] = [
        variants::<Fault>(),
        variants::<Gray>(),
        variants::<Condition>(),
        variants::<Pick>(),
        variants::<Delay>(),
        variants::<Expectation>(),
        variants::<Claim>(),
        variants::<Guarantee>(),
        variants::<Figure>(),
        variants::<Shift>(),
        variants::<Damage>(),
        variants::<Timers>(),
        variants::<Transport>(),
        variants::<Keep>(),
        variants::<Reads>(),
        fields::<Config>(),
        fields::<HostPlan>(),
        fields::<DiskPlan>(),
        fields::<Clock>(),
        fields::<Nic>(),
        fields::<Pipe>(),
        fields::<Bursts>(),
        fields::<Reorder>(),
        fields::<StreamPlan>(),
        fields::<Impairment>(),
        // What else the sentences speak of.
        &["faults", "clients", "topology", "network", "nemesis", "expect", "link"],
        &["ron", "plan", "sim", "list", "db"],
    ];
    known.extend(lists.concat().into_iter().map(String::from));
    for inside in [keys::<Fault>(), keys::<Delay>(), keys::<Expectation>()] {
        known.extend(inside.into_iter().flat_map(|(_, keys)| keys.iter().copied()).map(String::from));
    }
    for section in SECTIONS {
        let mut said = words_quoted_in(section.place);
        for (example, meaning) in section.entries {
            said.append(&mut words_of(example));
            said.append(&mut words_quoted_in(meaning));
        }
        let strange: Vec<_> = said.difference(&known).collect();
        assert!(strange.is_empty(), "{}: no reader knows {strange:?}", section.title);
    }
}

#[test]
fn keys_of_links_say_where_they_may_not_stand() {
    for (example, meaning) in LINKS.entries {
        let key = example.split(':').next().unwrap();
        let says = match places(key).as_slice() {
            ["network", "links", "fault"] => "",
            ["network", "links"] => "in `network` and `links`: ",
            ["links", "fault"] => "in `links` and a fault's `link`: ",
            ["network"] => "in `network`: ",
            other => panic!("`{key}` stands in {other:?}"),
        };
        assert!(meaning.starts_with(says) && (!says.is_empty() || !meaning.starts_with("in `")), "`{key}`");
    }
}

#[test]
fn both_renderings_hold_every_line_and_neither_is_too_wide() {
    let (markdown, text) = (markdown(), text());
    for section in SECTIONS {
        for (example, meaning) in section.entries {
            assert!(!example.contains(['|', '`']), "`{example}` would break the Markdown");
            assert!(!meaning.contains('|') && meaning.matches('`').count() % 2 == 0, "{meaning}");
            assert!(markdown.contains(&format!("| `{example}` | {meaning} |\n")));
            assert!(text.contains(&format!("  {example}")));
        }
    }
    assert!(text.lines().all(|line| line.chars().count() <= LINE), "a line is too long");
    assert!(text.lines().all(|line| line.trim_end() == line), "a line ends in spaces");
}

#[test]
fn the_built_in_regions_are_all_named() {
    let (_, says) = entry(TOPOLOGY, "regions");
    assert!(says.ends_with(&crate::regions::names().join(", ")), "{says}");
}
