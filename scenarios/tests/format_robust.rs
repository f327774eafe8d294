//! Whatever a file holds, reading it ends soon, without a panic, in a scenario or in words about it.

mod common;

use common::{BASE, Zoo};
use proptest::{prelude::*, test_runner::RngSeed};
use scenarios::{
    read::read,
    set::{read_set, set},
};

/// Reads `text`, and shows what is wrong with it.
fn survives(text: &str) {
    if let Err(found) = read("broken.ron", text, &Zoo) {
        assert!(!found.is_empty());
        let shown = found.to_string();
        assert!(shown.starts_with("error: "), "{shown}");
        assert!(shown.len() < 100_000, "{} bytes of answer", shown.len());
    }
}

/// The same, and it must be wrong.
fn refused(text: &str) -> String {
    survives(text);
    read("broken.ron", text, &Zoo).expect_err("it is wrong").to_string()
}

/// A number for each step of a fixed sequence (Numerical Recipes' generator).
fn sequence(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed;
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    }
}

#[test]
fn files_that_break_off() {
    for end in (0..BASE.len()).step_by(7).filter(|end| BASE.is_char_boundary(*end)) {
        survives(&BASE[..end]);
        survives(&BASE[end..]);
    }
}

#[test]
fn files_with_bytes_flipped_inserted_and_removed() {
    for seed in 0..600 {
        let mut next = sequence(seed);
        let mut bytes = BASE.as_bytes().to_vec();
        for _ in 0..=next(4) {
            let at = next(bytes.len());
            match next(3) {
                0 => bytes[at] ^= 1 << next(8),
                1 => bytes.insert(at, b"()[]{}:,\"'\\/*#r=.-0\n\x00\xff"[next(22)]),
                _ => drop(bytes.remove(at)),
            }
        }
        survives(&String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn files_with_a_word_in_place_of_another() {
    let words = [
        "[]",
        "{}",
        "()",
        "-1",
        "\"x\"",
        "''",
        "1e999",
        "None",
        "Some(1)",
        "Rest",
        "99999999999999999999",
        "",
    ];
    let places: Vec<usize> = BASE.match_indices([' ', '(', '[']).map(|(at, _)| at + 1).collect();
    for at in places {
        let end = BASE[at..].find([',', ')', ']', ' ', '\n']).map_or(BASE.len(), |length| at + length);
        for word in words {
            survives(&[&BASE[..at], word, &BASE[end..]].concat());
        }
    }
}

#[test]
fn brackets_without_end() {
    for open in ["(", "[", "{", "(a:", "[[(", "{\"a\":", "Some(", "(at: ["] {
        assert!(refused(&open.repeat(100_000)).contains("nested more than 128 deep"));
        survives(&BASE.replace("seed: 7", &format!("seed: {}", open.repeat(100_000))));
    }
    let deep = |depth: usize| {
        BASE.replace("reads: ReadIndex", &format!("reads: {}7{}", "[".repeat(depth), "]".repeat(depth)))
    };
    survives(&deep(120));
    assert!(refused(&deep(125)).contains("nested more than 128 deep"));
}

#[test]
fn a_mebibyte_of_anything() {
    let fill = |piece: &str| piece.repeat(1_000_000 / piece.len());
    let pieces = [
        ":",
        ",",
        "a",
        "a,",
        "a ",
        "\"",
        "\"a\"",
        "'",
        "'a'",
        "1",
        "-",
        ".",
        "\\",
        "/",
        "/*",
        "//\n",
        "=",
        "a=",
        ";",
        "#",
        "r#",
        "r\"",
        "()",
        "()\n",
        "a:",
        "a:1,",
        "\n",
        "\u{feff}",
        "é",
        "\"\\q\"",
        "#![",
        "#![enable(x)]",
        "\u{1b}[31m",
        "\t",
    ];
    for piece in pieces {
        survives(&fill(piece));
        survives(&format!("({})", fill(piece)));
        survives(&format!("(about: [{}])", fill(piece)));
        survives(&BASE.replace("seed: 7", &format!("seed: {}", fill(piece))));
    }
    for number in
        [fill("9"), format!("0.{}", fill("1")), format!("1e{}", fill("9")), format!("0x{}", fill("f"))]
    {
        survives(&BASE.replace("seed: 7", &format!("seed: {number}")));
        survives(&BASE.replace("0.001", &number));
        survives(&BASE.replace("\"60s\"", &format!("\"{number}s\"")));
    }
    let long = fill("word ");
    for old in
        ["\"raft\"", "\"db\"", "\"split\"", "\"leader\"", "\"db-1\"", "\"clients\"", "\"election safety\""]
    {
        survives(&BASE.replace(old, &format!("{long:?}")));
    }
    survives(&BASE.replace("nodes: 10", &format!("{}: 10", fill("nodes"))));
    survives(&BASE.replace("Poisson", &fill("Poisson")));
    survives(
        &BASE
            .replace("\n", " ")
            .replace("// The scenario that the tests of this folder break.", "")
            .replace("Rest", &format!("/*{long}*/ Rset")),
    );
}

#[test]
fn lists_without_measure() {
    let many = |count: usize, piece: &dyn Fn(usize) -> String| (0..count).map(piece).collect::<String>();
    let faults = |piece: &dyn Fn(usize) -> String| {
        survives(&BASE.replace("faults: [", &format!("faults: [{}", many(9_000, piece))));
    };
    faults(&|_| "(at: \"1s\", do: Heal),".to_owned());
    faults(&|i| format!("(name: \"f{i}\", at: \"1s\", do: Crash([Node(\"db-{i}\")])),"));
    faults(&|i| format!("(name: \"f{i}\", after: (\"f{}\", \"1ns\"), do: Heal),", i + 1));
    faults(&|i| format!("(name: \"splid{i}\", after: (\"splitt{i}\", \"1ns\"), do: Heal),"));
    faults(&|i| format!("(at: \"1s\", do: Pause([Role(\"leeder{i}\"), Service(\"dbb\")])),"));
    faults(&|_| "(),".to_owned());
    survives(&BASE.replace("faults: [", &format!("faults: [{}", many(90_000, &|_| "(),".to_owned()))));
    let picks = many(70_000, &|i| format!("Node(\"db-{i}\"),"));
    survives(&BASE.replace("Node(\"db-1\")", &picks));
    let groups = many(80_000, &|_| "[Rest],".to_owned());
    survives(&BASE.replace("[Rest]]", &format!("{groups}[Rest]]")));
    faults(&|i| format!("(name: \"f{i}\", every: \"{}us\", do: Crash([Service(\"db\")])),", i + 1));
    faults(&|i| format!("(name: \"f{i}\", at: \"1s\", rolling: \"1ns\", lasts: \"1ns\", do: Crash([All])),"));
    faults(&|i| format!("(when: Role(\"leeder{i}\"), do: Split([[Zone(\"a{i}\")], [All]])),"));
    faults(&|i| format!("(name: \"f{i}\", at: \"1s\", do: End(\"g{i}\")),"));
    faults(&|i| {
        format!(
            "(at: \"{i}us\", do: Degrade(from: [All], to: [Rest], link: (delay: Uniform(\"1ms\", \"{i}us\")))),"
        )
    });
    let long = many(30_000, &|i| format!("\"{i}us\","));
    let delay = format!("Empirical([{long}])");
    let flap = format!("faults: [(every: \"10ms\", do: DegradeNic(of: [All], link: (delay: {delay}))),");
    assert!(refused(&BASE.replace("faults: [", &flap)).contains("bytes to write down"));
    let links = many(5_000, &|i| format!("(from: \"db\", to: \"lb\", loss: 0.{i}),"));
    let text = BASE.replace("delay: LogNormal(median: \"1ms\", p99: \"8ms\")", &format!("delay: {delay}"));
    assert!(
        refused(&text.replace("links: [", &format!("links: [{links}"))).contains("repeat what stands here")
    );
    let wide = BASE.replace("nodes: 1)", "nodes: 500000)").replace("links: [", &format!("links: [{links}"));
    assert!(refused(&wide).contains("all links together name"));
    let mixture = format!("{}Constant(\"1ms\"){}", "Mixture([(1.0, ".repeat(20), ")])".repeat(20));
    assert!(
        refused(&BASE.replace("LogNormal(median: \"1ms\", p99: \"8ms\")", &mixture)).contains("mixtures")
    );
    let kinds = many(9_000, &|i| format!("(weight: {i}, do: Crash([RandomOf(\"db\", {i})])),"));
    survives(&BASE.replace("faults: [", &format!("nemesis: [(kinds: [{kinds}])], faults: [")));
    let nemesis = many(9_000, &|_| "(of: \"db\"),".to_owned());
    survives(&BASE.replace("faults: [", &format!("nemesis: [{nemesis}], faults: [")));
    let zones = many(9_000, &|i| format!("\"z{i}\","));
    survives(&BASE.replace("faults: [", &format!("topology: (regions: {{ \"a\": [{zones}] }}), faults: [")));
    let services = |piece: &dyn Fn(usize) -> String| {
        survives(&BASE.replace("\"lb\":", &format!("{}\"lb\":", many(20_000, piece))));
    };
    services(&|i| format!("\"s{i}x\": (run: \"raft\", nodes: 1),"));
    services(&|i| format!("\"s{i}x\": (run: \"raft{i}\", nodes: 1),"));
    services(&|i| format!("\"s{i}x\": (run: \"balancer\", nodes: 1000000),"));
    services(&|_| "\"x\": (),".to_owned());
    let links = many(9_000, &|i| format!("(from: \"dd{i}\", to: \"db-{i}\", loss: 0),"));
    survives(&BASE.replace("links: [", &format!("links: [{links}")));
    let expect = many(9_000, &|i| {
        format!("Recovers(from: \"split{i}\", within: \"{i}ms\"), Always(\"election safety{i}\"),")
    });
    survives(&BASE.replace("expect: [", &format!("expect: [{expect}")));
    let expect = many(4_500, &|i| {
        format!("Recovers(from: \"split\", within: \"{i}us\"), Downtime(at_most: \"{i}us\"),")
    });
    survives(&BASE.replace("expect: [", &format!("expect: [{expect}")));
}

#[test]
fn numbers_at_the_edges() {
    let edges = [
        "0",
        "1",
        "-0",
        "4294967295",
        "4294967296",
        "18446744073709551615",
        "18446744073709551616",
        "1e308",
        "5e-324",
    ];
    let spans = ["0s", "1ns", "18446744073709551615ns", "5124095h", "87600h", "87601h"];
    for old in [
        "nodes: 5",
        "nodes: 10",
        "seed: 7",
        "Random(1)",
        "(200.0)",
        "count: 100",
        "s: 0.99",
        "attempts: 3",
        "drift: 0.0001",
    ] {
        let stem = old.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ')'));
        let close = if old.ends_with(')') { ")" } else { "" };
        for edge in edges {
            survives(&BASE.replacen(old, &format!("{stem}{edge}{close}"), 1));
        }
    }
    for old in ["60s", "20s", "5s", "2s", "10s", "500ms", "1ms", "8ms", "150ms", "5ms"] {
        for span in spans {
            survives(&BASE.replace(&format!("\"{old}\""), &format!("\"{span}\"")));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, rng_seed: RngSeed::Fixed(7), ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in "\\PC{0,200}") {
        survives(&text);
    }

    #[test]
    fn any_path_and_value(path in "[a-z.\\[\\]0-9\"=]{0,30}", value in "\\PC{0,30}") {
        if let Err(found) = set(BASE, &path, &value) {
            prop_assert!(found.to_string().starts_with("error: "));
        }
        let argument = format!("{path}={value}");
        if let Err(found) = read_set("test.ron", BASE, &[&argument], &Zoo) {
            prop_assert!(found.to_string().starts_with("error: "));
        }
    }

    #[test]
    fn any_value_at_a_path_that_is_there(
        path in prop::sample::select(vec!["seed", "until", "about", "services.db", "services.db.run", "clients.load.Open",
            "clients.retry.attempts", "network.links[0].loss", "faults[0].do.Split[0][1]", "faults.split.say", "expect[3].at_least",
            "expect", "new", "clients.new.key", "faults[3].lasts"]),
        value in "[-a-z0-9A-Z(){}\\[\\]:,.\"\\\\/*é ]{0,20}",
    ) {
        let argument = format!("{path}={value}");
        if let Err(found) = read_set("test.ron", BASE, &[&argument, "until=61s", &argument], &Zoo) {
            prop_assert!(found.to_string().starts_with("error: "));
        }
        // Whatever was put there is one value: what stands around it is read as before.
        if let Ok(text) = set(BASE, path, &value) {
            prop_assert!(set(&text, path, "7").is_ok());
        }
    }

    #[test]
    fn a_number_that_is_set_is_the_number_that_is_read(seed: u64, nodes in 5u32..1000, loss in 0.0f64..=1.0) {
        let arguments = [format!("seed={seed}"), format!("services.db.nodes={nodes}"), format!("network.loss={loss:?}")];
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let (scenario, _) = read_set("test.ron", BASE, &arguments, &Zoo).unwrap();
        prop_assert_eq!(scenario.seed, seed);
        prop_assert_eq!(scenario.services[0].nodes, nodes);
        prop_assert_eq!(scenario.network.default.loss, sim_core::rng::Chance::new(loss).unwrap());
    }
}

/// Each would be looked at whenever something happens.
#[test]
fn more_faults_that_wait_for_a_condition_than_can_be_looked_at() {
    let waiting = |count: usize| {
        let more: String =
            (0..count).map(|i| format!("(name: \"w{i}\", when: Epoch(1), do: Heal),")).collect();
        BASE.replace("(at: \"45s\", do: Heal),", &format!("(at: \"45s\", do: Heal), {more}"))
    };
    assert!(read("many.ron", &waiting(100), &Zoo).is_ok());
    let found = refused(&waiting(101));
    assert!(found.starts_with("error: one fault too many waits for a condition\n"), "{found}");
    assert!(found.contains("more than 100 do"), "{found}");
}
