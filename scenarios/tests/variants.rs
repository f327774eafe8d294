//! Variants: what they replace, what they add, and what is said of those that make no sense.

use scenarios::{
    Registry,
    format::{Expectation, Scenario},
    plan::Plan,
    play,
    read::{only, read, read_all},
    set::read_set_all,
};
use sim_core::judged::{Comparison, Judged, Row, Status};

const FILE: &str = r#"(
    about: "A store, in several ways.",
    seed: 1,
    until: "10s",
    services: { "db": (run: "quorum-store", nodes: 3, with: (read: 2, write: 2), disk: (sync: Constant("1ms"))) },
    clients: (nodes: 2, of: "db", load: Open(Poisson(20.0)), mix: (get: 0.5, put: 0.5), keys: Uniform(3)),
    network: (delay: Constant("1ms")),
    faults: [(name: "cut", at: "2s", lasts: "2s", do: Isolate([Node("db-1")]))],
    expect: [Availability(at_least: 0.1)],
    VARIANTS
)"#;

fn all(variants: &str) -> Result<Vec<(Option<String>, Scenario)>, String> {
    let text = FILE.replace("VARIANTS", variants);
    read_all("file.ron", &text, &Registry::standard()).map_err(|problems| problems.render(false).to_string())
}

fn variant(variants: &str) -> Scenario {
    all(variants).unwrap_or_else(|problems| panic!("{problems}")).remove(0).1
}

fn problem(variants: &str) -> String {
    all(variants).expect_err("it makes no sense")
}

#[test]
fn a_file_without_variants_is_its_only_scenario() {
    let all = all("").unwrap();
    assert_eq!(all.iter().map(|(name, _)| name.as_deref()).collect::<Vec<_>>(), [None]);
}

#[test]
fn values_are_replaced_key_by_key_and_the_rest_stays() {
    let base = all("").unwrap().remove(0).1;
    let other =
        variant(r#"variants: { "five": (services: { "db": (nodes: 5) }, clients: (keys: Uniform(7))) }"#);
    let mut wanted = base.clone();
    wanted.services[0].nodes = 5;
    if let Some(clients) = &mut wanted.clients {
        clients.keys = scenarios::format::Keys::Uniform(7);
    }
    assert_eq!(other, wanted);
    assert_eq!(variant(r#"variants: { "same": () }"#), base);
}

#[test]
fn what_is_the_protocols_own_and_lists_are_replaced_as_a_whole() {
    let other = variant(r#"variants: { "one": (services: { "db": (with: (read: 1)) }, faults: []) }"#);
    assert_eq!(other.services[0].with.as_ref().map(|raw| raw.text.as_str()), Some("(read: 1)"));
    assert!(other.faults.is_empty());
}

#[test]
fn a_variant_adds_services_and_expectations() {
    let other = variant(
        r#"variants: { "fronted": (
            services: { "lb": (run: "load-balancer", nodes: 1, calls: "db") },
            clients: (of: "lb"),
            expect: [Linearizable],
        ) }"#,
    );
    assert_eq!(other.services.iter().map(|service| service.name.as_str()).collect::<Vec<_>>(), ["db", "lb"]);
    assert!(matches!(other.expect.as_slice(), [Expectation::Availability { .. }, Expectation::Linearizable]));
}

#[test]
fn a_file_with_variants_is_no_single_scenario_until_one_is_named() {
    let two = r#"variants: { "few": (), "many": (services: { "db": (nodes: 5) }) }"#;
    let text = FILE.replace("VARIANTS", two);
    let refused = read("file.ron", &text, &Registry::standard()).unwrap_err().render(false).to_string();
    assert!(
        refused.contains("this file has variants: name one of them behind the file, as in `FILE#few`"),
        "{refused}"
    );
    assert_eq!(only("file.ron", all(two).unwrap(), Some("many")).unwrap().services[0].nodes, 5);
    let refused = only("file.ron", all(two).unwrap(), Some("most")).unwrap_err().render(false).to_string();
    assert!(refused.contains("there is no variant `most`: there are `few`, `many`"), "{refused}");
    let refused = only("file.ron", all("").unwrap(), Some("most")).unwrap_err().render(false).to_string();
    assert!(refused.contains("this file has none"), "{refused}");
}

#[test]
fn mistakes_are_told_where_the_variant_makes_them() {
    for (variants, said) in [
        ("variants: {}", "there is no variant"),
        ("variants: [(), ()]", "expected variants by name in `{ }`"),
        (r#"variants: { "a": 7 }"#, "expected what it has instead"),
        (r#"variants: { "../up": () }"#, "`../up` cannot be the name of a variant"),
        (r#"variants: { "a": (variants: {}) }"#, "a variant has no variants"),
        (r#"variants: { "a": (), "a": () }"#, "`a`"),
        (r#"variants: { "a": (sevices: {}) }"#, "has no key `sevices`"),
        (r#"variants: { "a": (services: { "db": (nodes: 0) }) }"#, "there must be at least one node"),
        (r#"variants: { "fine": (), "a": (clients: (of: "bd")) }"#, "there is no service `bd`"),
    ] {
        let problem = problem(variants);
        assert!(problem.contains(said), "{variants}: {problem}");
    }
    let inside = problem(r#"variants: { "fine": (), "late": (clients: (of: "bd")) }"#);
    assert!(inside.contains("in the variant `late`") && inside.contains("file.ron:10:"), "{inside}");
    let many: String = (0..33).map(|index| format!("\"v{index}\": (), ")).collect();
    assert!(problem(&format!("variants: {{ {many} }}")).contains("33 variants are too many"));
}

/// Plays variants and puts them side by side.
fn compared(all: &[(Option<String>, Scenario)]) -> Comparison {
    let registry = Registry::standard();
    let play = |(_, scenario): &(Option<String>, Scenario)| {
        let plan = Plan::new(scenario, 1);
        let run =
            play::run(&registry, &plan, play::Detail::Results, &mut |_, _, _| {}).expect("it can be built");
        let origin = play::Origin { file: "", name: "", text: "", command: String::new() };
        play::judge(&registry, &plan, run, origin)
    };
    let judged: Vec<Judged> = all.iter().map(play).collect();
    let named =
        |((name, scenario), judged)| (Option::as_deref(name).expect("it is a variant"), scenario, judged);
    let variants: Vec<(&str, &Scenario, &Judged)> =
        all.iter().map(|(name, scenario)| (name, scenario)).zip(&judged).map(named).collect();
    scenarios::compare::compare("file", &variants)
}

#[test]
fn long_comparisons_are_cut_and_say_so() {
    let percentiles: Vec<String> = (1..=230)
        .map(|tenth| format!(r#"Latency(percentile: {}.{}, at_most: "9s")"#, tenth / 10, tenth % 10))
        .collect();
    let clients: Vec<String> = (1..=15).map(|number| format!(r#""client-{number}""#)).collect();
    let text = format!(
        r#"variants: {{
            "few": (),
            "many": (clients: (nodes: 20), expect: [{}, Availability(at_least: 0.1, clients: [{}])]),
        }}"#,
        percentiles.join(", "),
        clients.join(", ")
    );
    let comparison = compared(&all(&text).unwrap());
    assert_eq!(comparison.rows.len(), 200);
    // Of 231 subjects and what is measured of everything.
    assert!(comparison.left_out > 31, "{}", comparison.left_out);
    let some = all(&format!(
        r#"variants: {{ "few": (clients: (nodes: 20)), "many": (clients: (nodes: 20), expect: [Availability(at_least: 0.1, clients: [{}])]) }}"#,
        clients.join(", ")
    ));
    let subjects: Vec<String> = compared(&some.unwrap()).rows.into_iter().map(|row| row.subject).collect();
    let wanted = "availability of 15 clients, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, …";
    assert!(subjects.iter().any(|subject| subject == wanted), "{subjects:?}");
}

#[test]
fn what_one_variant_expects_is_looked_up_in_all() {
    let two = all(r#"variants: {
            "quorum": (expect: [Linearizable, Always("write quorum")]),
            "one": (
                services: { "db": (with: (read: 1, write: 1, reads: Plain)) },
                clients: (load: Open(Poisson(2000.0)), route: Spread),
                network: (delay: Exponential("5ms")),
                expect: [Violates(Linearizable), Sometimes("written back by a read")],
            ),
        }"#)
    .unwrap();
    let comparison = compared(&two);
    assert_eq!(comparison.variants, ["quorum", "one"]);
    let row = |subject: &str| {
        let row = comparison.rows.iter().find(|row| row.subject == subject);
        row.unwrap_or_else(|| panic!("no {subject} in {comparison:?}")).cells.clone()
    };
    let holds: Vec<_> = row("linearizable").iter().map(|cell| cell.holds).collect();
    assert_eq!(holds, [Some(Status::Held), Some(Status::Failed)]);
    assert!(row("linearizable")[1].found.ends_with("of 3 keys"), "{comparison:?}");
    assert!(row("written back by a read").iter().all(|cell| cell.holds.is_none()));
    assert_eq!(row("written back by a read")[1].found, "never");
    assert!(row("availability")[0].found.ends_with('%'));
    assert!(row("latency p50")[0].found.ends_with("ms"));
    // Figures come after claims.
    let claim = |row: &Row| row.cells.iter().any(|cell| cell.holds.is_some());
    assert!(comparison.rows.is_sorted_by_key(|row| !claim(row)), "{comparison:?}");
}

#[test]
fn a_key_that_stands_twice_is_refused_on_either_side() {
    for (twice, variants) in [
        ("nodes", r#"variants: { "a": (services: { "db": (nodes: 5, nodes: 7) }) }"#),
        ("until", r#"variants: { "a": (until: "9s", until: "8s") }"#),
        ("variants", r#"variants: { "a": () }, variants: { "b": () }"#),
        ("b", r#"variants: { "b": (), "b": () }"#),
    ] {
        let found = problem(variants);
        assert!(found.contains(&format!("`{twice}`")) && found.contains("twice"), "{twice}: {found}");
    }
    let seeded = problem(r#"variants: { "a": (seed: 2) }"#);
    assert!(seeded.contains("the same seed"), "{seeded}");
}

#[test]
fn an_introduction_follows_the_files() {
    let about = |variants| variant(variants).about;
    assert_eq!(
        about(r#"variants: { "a": (about: "It is fast.") }"#),
        "A store, in several ways. It is fast."
    );
    assert_eq!(about(r#"variants: { "a": () }"#), "A store, in several ways.");
}

#[test]
fn what_is_set_need_only_make_sense_for_who_is_asked_for() {
    let text = FILE.replace(
        "VARIANTS",
        r#"variants: { "quorum": (), "raft": (services: { "db": (run: "raft", with: ()) }) }"#,
    );
    let read = |argument, wanted| {
        let found = read_set_all("file.ron", &text, &[argument], wanted, &Registry::standard());
        found.map_err(|problems| problems.render(false).to_string())
    };
    // `with` of the base is no longer that of `raft`, so what is set there is for `quorum` alone.
    let set = "services.db.with.read=9";
    assert!(read(set, None).unwrap_err().contains("in the variant `quorum`"));
    assert!(read(set, Some("quorum")).unwrap_err().contains("in the variant `quorum`"));
    let set = "services.db.with.write=1";
    let (found, _) = read(set, Some("quorum")).unwrap();
    assert_eq!(found.len(), 2, "it makes sense for all");
    let set = "clients.mix=(counters: 1.0)";
    assert!(read(set, Some("raft")).unwrap_err().contains("in the variant `raft`"));
    let set = "variants.quorum.services.db.nodes=0";
    let (found, _) = read(set, Some("raft")).unwrap();
    assert_eq!(found.iter().map(|(name, _)| name.as_deref()).collect::<Vec<_>>(), [Some("raft")]);
    assert!(read(set, Some("quorum")).is_err());
}

#[test]
fn what_is_set_may_be_the_first_that_a_variant_says_of_a_service() {
    let text = FILE.replace("VARIANTS", r#"variants: { "one": (), "two": (calm: "1s") }"#);
    for name in ["one", "two"] {
        let argument = format!("variants.{name}.services.db.nodes=5");
        let (all, _) =
            read_set_all("file.ron", &text, &[&argument], Some(name), &Registry::standard()).unwrap();
        let found = only("file.ron", all, Some(name)).unwrap();
        assert_eq!(found.services[0].nodes, 5, "{argument}");
    }
}

#[test]
fn what_is_set_for_nothing_is_refused() {
    let text = FILE.replace(
        "VARIANTS",
        r#"variants: { "one": (services: { "db": (with: (read: 1)) }), "two": (until: "9s", services: { "db": (with: ()) }) }"#,
    );
    let set = |argument: &str, wanted: Option<&str>| {
        let found = read_set_all("file.ron", &text, &[argument], wanted, &Registry::standard());
        found.map(drop).map_err(|problems| problems.render(false).to_string())
    };
    for (argument, wanted, said) in [
        ("services.db.with.read=2", None, "write `--set variants.one.services.db.with.read=…`"),
        ("services.db.with=(read: 3)", Some("two"), "write `--set variants.two.services.db.with=…`"),
        ("until=8s", Some("two"), "the variant `two` has something else there"),
        ("variants.three.until=8s", None, "`variants` has no `three`"),
    ] {
        let found = set(argument, wanted).expect_err(argument);
        assert!(found.contains(said), "{argument}: {found}");
    }
    for (argument, wanted) in [
        ("until=8s", None),
        ("until=8s", Some("one")),
        ("services.db.nodes=5", None),
        ("expect[0].at_least=0.2", None),
        ("variants.two.until=8s", None),
    ] {
        assert_eq!(set(argument, wanted), Ok(()), "{argument}");
    }
}
