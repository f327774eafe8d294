//! The command line as its users meet it: what it writes, what it refuses, and with which exit code it ends.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test says what went wrong by failing")]

mod folder;

use folder::{Folder, code, err, out, sim};
use std::{fs, process::Command};

/// A scenario of a second or two, with these parts put in.
fn small(faults: &str, expect: &str) -> String {
    format!(
        r#"(
    about: "a small one",
    seed: 1,
    until: "3s",
    services: {{ "db": (run: "raft", nodes: 3) }},
    clients: (nodes: 2, of: "db", load: Open(Constant(50.0)), start: "500ms"),
    network: (delay: Constant("1ms")),
    faults: [{faults}],
    expect: [{expect}],
)"#
    )
}

#[test]
fn a_run_that_holds_writes_its_reports_and_ends_with_0() {
    let folder = Folder::new("holds");
    let file = folder.file("small.ron", &small("", "Linearizable"));
    let output = sim(&["run", &file, "--out", &folder.path("out")]);
    assert_eq!(code(&output), 0, "{}{}", out(&output), err(&output));
    let mut names: Vec<String> = fs::read_dir(folder.0.join("out"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "availability.svg",
            "history.jsonl",
            "latency.svg",
            "ops.csv",
            "plan.ron",
            "report.html",
            "summary.json"
        ]
    );
    assert!(out(&output).contains("seed") && out(&output).contains("sim run"), "{}", out(&output));
    assert!(!out(&output).contains('\u{1b}'), "no colours when nobody watches");
    assert_eq!(err(&output), "", "no progress bar when nobody watches");
    let summary: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.0.join("out/summary.json")).unwrap()).unwrap();
    assert!(summary["schema"].as_str().unwrap().starts_with("sim-summary/"));
}

#[test]
fn a_failed_expectation_ends_with_1() {
    let folder = Folder::new("fails");
    let file = folder.file("small.ron", &small("", "Availability(at_most: 0.5)"));
    let output = sim(&["run", &file, "--out", &folder.path("out")]);
    assert_eq!(code(&output), 1, "{}", out(&output));
    assert!(out(&output).contains("failed"), "{}", out(&output));
}

#[test]
fn a_run_without_operations_or_with_a_blunt_fault_is_vacuous_and_ends_with_3() {
    let folder = Folder::new("vacuous");
    let idle = small("", "Linearizable").replace(r#"start: "500ms""#, r#"start: "2999999us""#);
    let blunt = small(r#"(at: "1s", do: Heal)"#, "Linearizable");
    for (name, text) in [("idle.ron", idle), ("blunt.ron", blunt)] {
        let file = folder.file(name, &text);
        let output = sim(&["run", &file, "--out", &folder.path("out")]);
        assert_eq!(code(&output), 3, "{name}: {}{}", out(&output), err(&output));
        let allowed = folder.file(name, &text.replace("expect:", "vacuous: Allow, expect:"));
        let output = sim(&["run", &allowed, "--out", &folder.path("out")]);
        assert_eq!(code(&output), 0, "{name}, allowed: {}", out(&output));
    }
}

#[test]
fn a_kind_of_operation_that_nobody_made_is_vacuous() {
    let folder = Folder::new("kind");
    for kind in ["put", "frobnicate"] {
        let expect = format!(r#"Latency(percentile: 99.0, at_most: "2s", kind: "{kind}")"#);
        let file = folder.file("small.ron", &small("", &expect));
        let output = sim(&["run", &file, "--out", &folder.path("out")]);
        assert_eq!(code(&output), if kind == "put" { 0 } else { 3 }, "{}", out(&output));
    }
}

#[test]
fn what_operations_cost_is_bounded_on_both_sides() {
    let folder = Folder::new("costs");
    // Three nodes: a request, two copies and their acknowledgements, and the answer are the least of a write.
    let costs = [("at_most: 0.1", 1), ("at_least: 1000.0", 1), ("at_least: 1.0, at_most: 1000.0", 0)];
    for (bounds, wanted) in costs {
        let file = folder.file("small.ron", &small("", &format!("MessagesPerOperation({bounds})")));
        let output = sim(&["run", &file, "--out", &folder.path("out")]);
        assert_eq!(code(&output), wanted, "{bounds}: {}", out(&output));
    }
}

#[test]
fn a_replay_stops_at_the_answer_that_nothing_explains() {
    let output = sim(&["replay", "scenarios/stale-reads.ron"]);
    assert_eq!(code(&output), 1, "{}", err(&output));
    let said = out(&output);
    let at =
        said.split("no order of the calls explains an answer at ").nth(1).unwrap_or_else(|| panic!("{said}"));
    let at = at.lines().next().unwrap();
    // The event that brought it is among those shown, and the states are those after it.
    let event = said
        .lines()
        .find(|line| line.contains(at) && line.contains("response"))
        .unwrap_or_else(|| panic!("{said}"));
    let number = event.split_whitespace().next().unwrap();
    assert!(said.contains(&format!("after event {number}:")), "{said}");
    for part in ["these alone cannot be ordered", "just before it"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn verdicts_do_not_take_the_place_of_the_scenario() {
    let folder = Folder::new("junit");
    let file = folder.file("small.ron", &small("", "Linearizable"));
    let output = sim(&["run", &file, "--junit", &file, "--out", &folder.path("out")]);
    assert_eq!(code(&output), 2, "{}", out(&output));
    assert!(fs::read_to_string(&file).unwrap().contains("a small one"));
}

#[test]
fn a_mistake_in_one_file_runs_none_and_writes_nothing() {
    let folder = Folder::new("mistake");
    let good = folder.file("good.ron", &small("", "Linearizable"));
    let bad = folder.file("bad.ron", &small("", "Linearizable").replace("nodes: 3", "nods: 3"));
    let output = sim(&["run", &good, &bad, "--out", &folder.path("out")]);
    assert_eq!(code(&output), 2);
    assert!(!folder.0.join("out").exists());
    let text = err(&output);
    assert!(text.contains("bad.ron:5"), "{text}");
    assert!(text.contains("did you mean `nodes`?"), "{text}");
    assert_eq!(code(&sim(&["check", &good])), 0);
    assert_eq!(code(&sim(&["check", &good, &bad])), 2);
}

#[test]
fn services_may_share_machines_that_are_there_already() {
    let folder = Folder::new("beside");
    let with = |guest: &str| {
        let services =
            format!(r#""db": (run: "raft", nodes: 3), "guest": (run: "quorum-store", nodes: 2, {guest})"#);
        small("", "Linearizable").replace(r#""db": (run: "raft", nodes: 3)"#, &services)
    };
    let good = folder.file("good.ron", &with(r#"beside: "db""#));
    let bad = folder.file("bad.ron", &with(r#"beside: "bd""#));
    let checked = sim(&["check", &good]);
    assert_eq!(code(&checked), 0, "{}", err(&checked));
    let checked = sim(&["check", &bad]);
    assert_eq!(code(&checked), 2);
    assert!(err(&checked).contains("did you mean `db`?"), "{}", err(&checked));
}

#[test]
fn a_folder_that_cannot_be_written_is_named_and_ends_with_2() {
    let folder = Folder::new("unwritable");
    let file = folder.file("small.ron", &small("", "Linearizable"));
    let blocked = folder.file("blocked", "a file where the folder should be");
    let output = sim(&["run", &file, "--out", &blocked]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("cannot write") && err(&output).contains("--out"), "{}", err(&output));
}

#[test]
fn bad_usage_ends_with_2_and_help_with_0() {
    assert_eq!(code(&sim(&["run"])), 2);
    assert_eq!(code(&sim(&["walk"])), 2);
    assert_eq!(code(&sim(&["run", "no-such-file.ron"])), 2);
    assert_eq!(code(&sim(&["run", "scenarios"])), 2, "a folder is no file");
    assert_eq!(code(&sim(&["--help"])), 0);
    assert_eq!(code(&sim(&["--version"])), 0);
    let list = sim(&["list"]);
    assert_eq!(code(&list), 0);
    assert!(out(&list).contains("raft") && out(&list).contains("election safety"));
    assert!(out(&list).contains("sim list faults"), "it says where the rest is");
}

#[test]
fn the_vocabulary_is_listed_for_people_and_in_markdown() {
    let (text, markdown) = (sim(&["list", "faults"]), sim(&["list", "faults", "--markdown"]));
    assert_eq!((code(&text), code(&markdown)), (0, 0));
    for word in ["Split(", "nemesis", "LogNormal(", "regions:", "QuorumKept("] {
        assert!(out(&text).contains(word) && out(&markdown).contains(word), "{word}");
    }
    assert!(out(&markdown).contains("| write | for |") && !out(&text).contains("| write | for |"));
    assert_eq!(code(&sim(&["list", "--markdown"])), 2, "only the vocabulary has Markdown");
    assert_eq!(code(&sim(&["list", "fault"])), 2);
}

#[test]
fn set_changes_what_the_file_says_and_the_reproducing_command_says_so_too() {
    let folder = Folder::new("set");
    let file = folder.file("small.ron", &small("", "Linearizable"));
    let output =
        sim(&["run", &file, "--set", "services.db.nodes=5", "--seed", "9", "--out", &folder.path("out")]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let plan = fs::read_to_string(folder.0.join("out/plan.ron")).unwrap();
    assert!(plan.contains("nodes: 5") && plan.contains("seed: 9"), "{plan}");
    assert!(out(&output).contains("--seed 9 --set services.db.nodes=5"), "{}", out(&output));
    for wrong in ["services.db.nods=5", "services.db.nodes", "services.db.nodes=many"] {
        let output = sim(&["run", &file, "--set", wrong, "--out", &folder.path("out")]);
        assert_eq!(code(&output), 2, "{wrong}: {}", out(&output));
    }
}

#[test]
fn the_plan_that_a_run_leaves_behind_is_a_scenario_that_gives_the_same_run() {
    let folder = Folder::new("plan");
    let faults = r#"(at: "1s", lasts: "500ms", do: Crash([Role("leader"), Random(1)])), (name: "cut", after: ("crash", "1s"), lasts: "200ms", do: Split([[Random(1)], [Rest]]))"#;
    let file = folder.file("small.ron", &small(faults, "Linearizable"));
    let output = sim(&["run", &file, "--out", &folder.path("out")]);
    assert_eq!(code(&output), 0, "{}{}", out(&output), err(&output));
    let plan = folder.path("out/plan.ron");
    let text = fs::read_to_string(&plan).unwrap();
    assert!(!text.contains("Random") && !text.contains("Role"), "{text}");
    assert_eq!(out(&sim(&["fingerprint", &file])), out(&sim(&["fingerprint", &plan])));
    let again = sim(&["run", &plan, "--out", &folder.path("again")]);
    assert_eq!(code(&again), 0, "{}", err(&again));
    assert_eq!(text, fs::read_to_string(folder.path("again/plan.ron")).unwrap(), "a plan's plan is itself");
}

#[test]
fn a_trace_has_one_line_per_event() {
    let folder = Folder::new("trace");
    let file = folder.file("small.ron", &small("", "Linearizable"));
    let output = sim(&["run", &file, "--trace", "--out", &folder.path("out")]);
    assert_eq!(code(&output), 0);
    let trace = fs::read_to_string(folder.0.join("out/trace.jsonl")).unwrap();
    let summary: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.0.join("out/summary.json")).unwrap()).unwrap();
    let events =
        out(&sim(&["fingerprint", &file])).split_whitespace().nth(1).unwrap().parse::<usize>().unwrap();
    assert_eq!(trace.lines().count(), events);
    assert_eq!(summary["run"]["events"], events);
    assert!(trace.contains("\"leader\":\"db-") && !trace.contains("NodeId(") && !trace.contains("node "));
    // Each cause is an earlier event, and what an event sent and arrived is an input somewhere.
    let lines: Vec<serde_json::Value> =
        trace.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut arrived = 0;
    for (line, number) in lines.iter().zip(1..) {
        assert_eq!(line["number"], number);
        assert!(line["cause"].as_u64().is_none_or(|cause| cause < number), "{line}");
        for packet in line["sent"].as_array().into_iter().flatten() {
            if let Some(event) = packet["event"].as_u64() {
                let there = &lines[event as usize - 1];
                assert_eq!((&there["cause"], &there["packet"]), (&line["number"], &packet["packet"]));
                arrived += 1;
            }
        }
    }
    assert!(arrived > 100 && lines.iter().any(|line| line["state"]["role"] == "leader"));
}

/// The page of a run that was played a second time for its events is that of one that was traced at once.
#[test]
fn a_page_has_the_events_of_its_run_whether_it_was_traced_or_not() {
    let folder = Folder::new("page");
    let crash = r#"(name: "crash", at: "1s", lasts: "1s", do: Crash([Role("leader")]))"#;
    let file = folder.file("small.ron", &small(crash, "Linearizable"));
    let page = |out: &str, trace: &[&str]| {
        let output = sim(&[&["run", file.as_str(), "--out", &folder.path(out)][..], trace].concat());
        assert_eq!(code(&output), 0, "{}{}", crate::out(&output), err(&output));
        fs::read_to_string(folder.0.join(out).join("report.html")).unwrap()
    };
    let pages = [page("one", &[]), page("two", &[]), page("traced", &["--trace"])];
    assert!(pages[0] == pages[1], "equal runs have equal pages");
    let events = |page: &str| -> serde_json::Value {
        let data = page.split_once("id=\"data\">").unwrap().1.split_once("</script>").unwrap().0;
        serde_json::from_str::<serde_json::Value>(data).unwrap()["trace"].clone()
    };
    let trace = events(&pages[0]);
    assert!(trace == events(&pages[2]), "the same events, traced or played again");
    assert!(trace["entries"]["number"].as_array().unwrap().len() > 500);
    // The crash is among them, and somebody was sent something that no process took.
    let has =
        |list: &serde_json::Value, number: u64| list.as_array().unwrap().iter().any(|kind| *kind == number);
    assert!(has(&trace["entries"]["kind"], 1) && has(&trace["packets"]["fate"], 4));
}

#[test]
fn verify_compares_with_a_fresh_process() {
    let folder = Folder::new("verify");
    let file = folder.file("small.ron", &small("", "Linearizable"));
    let output = sim(&["verify", &file]);
    assert_eq!(code(&output), 0, "{}{}", out(&output), err(&output));
    assert!(out(&output).contains("the same run"));
}

/// What a hostile or careless hand could put in a file: an answer in words, exit 2, and neither a panic nor a hang.
#[test]
fn a_hundred_malformed_files_are_refused_in_words() {
    let folder = Folder::new("malformed");
    let good = small(r#"(at: "1s", lasts: "1s", do: Crash([Node("db-1")]))"#, "Linearizable");
    let mut bad: Vec<String> = vec![
        String::new(),
        "(".into(),
        "(".repeat(100_000),
        "[".repeat(100_000),
        "(a:".repeat(50_000),
        "/*".repeat(10_000),
        "\"".into(),
        "\u{0}".into(),
        "()".into(),
        "nonsense".into(),
        good.replace("nodes: 3", "nodes: 4000000000"),
        good.replace("nodes: 3", "nodes: 99999999999999999999999999"),
        good.replace("nodes: 3", "nodes: 0"),
        good.replace("nodes: 3", "nodes: -1"),
        good.replace("nodes: 3", "nodes: 3.5"),
        good.replace("nodes: 3", "nodes: \"three\""),
        good.replace("\"3s\"", "\"3\""),
        good.replace("\"3s\"", "3"),
        good.replace("\"3s\"", "\"99999999999h\""),
        good.replace("\"3s\"", "\"0s\""),
        good.replace("50.0", "-1.0"),
        good.replace("50.0", "0.0"),
        good.replace("50.0", "1e300"),
        good.replace("50.0", "NaN"),
        good.replace("50.0", "inf"),
        good.replace("seed: 1", "seed: -1"),
        good.replace("seed: 1,", ""),
        good.replace("seed: 1", "seed: 1, seed: 2"),
        good.replace("raft", "rafd"),
        good.replace("db-1", "db-4"),
        good.replace("db-1", "../../etc/passwd"),
        good.replace("at: \"1s\"", "at: \"5s\""),
        good.replace("lasts: \"1s\"", "lasts: \"1h\""),
        good.replace("Linearizable", "Linearisable"),
        good.replace("Linearizable", ""),
        good.replace("of: \"db\"", "of: \"bd\""),
        good.replace("delay: Constant(\"1ms\")", "delay: Uniform(\"2ms\", \"1ms\")"),
        good.replace("delay: Constant(\"1ms\")", "delay: Constant(\"1ms\"), loss: 2.0"),
        "x".repeat(2 << 20),
    ];
    // Cut short anywhere, and with a byte changed anywhere: most of these are wrong, all must be answered.
    for i in 0..40 {
        bad.push(good.chars().take(good.len() * i / 41).collect());
    }
    for i in 0..30 {
        let mut bytes = good.clone().into_bytes();
        let at = (i * 7919 + 13) % bytes.len();
        bytes[at] = b"({[\"\\/,:)x0"[i % 11];
        bad.push(String::from_utf8_lossy(&bytes).into_owned());
    }
    assert!(bad.len() >= 100);
    let mut refused = 0;
    for (number, text) in bad.iter().enumerate() {
        let file = folder.file("bad.ron", text);
        // 256 MiB of address space and ten seconds, kept by the shell.
        let output = Command::new("bash")
            .args([
                "-c",
                "ulimit -v 262144; exec timeout 10 \"$0\" check \"$1\"",
                env!("CARGO_BIN_EXE_sim"),
                &file,
            ])
            .output()
            .unwrap();
        let (code, text) = (code(&output), err(&output));
        assert!(code == 2 || code == 0 && number > 80, "file {number}: exit {code}: {text}");
        if code == 2 {
            refused += 1;
            assert!(text.contains("error") && !text.contains("panicked"), "file {number}: {text}");
            assert!(text.len() < 20_000, "file {number}: {} bytes of complaint", text.len());
        }
    }
    assert!(refused >= 90, "{refused} refused");
}

#[test]
fn a_second_run_leaves_nothing_of_the_first() {
    let folder = Folder::new("second");
    let file = folder.file("small.ron", &small("", "Linearizable"));
    let run = |extra: &[&str]| code(&sim(&[&["run", &file, "--out", &folder.path("out")], extra].concat()));
    assert_eq!(run(&["--trace"]), 0);
    assert!(folder.0.join("out/trace.jsonl").exists());
    assert_eq!(run(&[]), 0);
    assert!(!folder.0.join("out/trace.jsonl").exists());
}

#[test]
fn files_whose_results_would_overwrite_one_another_are_refused() {
    let folder = Folder::new("clash");
    fs::create_dir(folder.0.join("other")).unwrap();
    let file = folder.file("small.ron", &small("", "Linearizable"));
    let other = folder.file("other/small.ron", &small("", "Linearizable"));
    let output = sim(&["run", &file, &other, "--out", &folder.path("out")]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("same folder"), "{}", err(&output));
}

#[test]
fn who_reads_no_further_makes_no_error() {
    let program = env!("CARGO_BIN_EXE_sim");
    let line = format!("{program} list | head -0; echo ${{PIPESTATUS[0]}}");
    let output = Command::new("bash").args(["-c", &line]).output().unwrap();
    assert_eq!(out(&output).trim(), "0", "{}", err(&output));
}

/// Replication must not feed on itself: at two thousand writes a second over a wide area every entry still travels about
/// once to each server, and a write takes two round trips, one to the leader and one to a majority.
#[test]
fn a_busy_wide_area_costs_no_more_per_operation_than_an_idle_one() {
    let folder = Folder::new("busy");
    let text = r#"(
        about: "load", seed: 1, until: "6s",
        services: { "db": (run: "raft", nodes: 5) },
        clients: (nodes: 20, of: "db", load: Open(Constant(2000.0)), mix: (get: 0.0, put: 1.0), start: "1s"),
        network: (delay: Constant("35ms")),
        expect: [Availability(at_least: 1.0), Latency(percentile: 95.0, at_most: "140ms")],
    )"#;
    let file = folder.file("busy.ron", text);
    let output = sim(&["run", &file, "--out", &folder.path("out")]);
    assert_eq!(code(&output), 0, "{}", out(&output));
    let summary: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.0.join("out/summary.json")).unwrap()).unwrap();
    let number = |part: &str, name: &str| summary[part][name].as_f64().unwrap();
    let bytes = number("traffic", "bytes") / number("operations", "wanted");
    assert!(bytes < 1_000.0, "{bytes} bytes per operation");
}

#[test]
fn variants_are_played_together_and_compared_and_each_can_be_named() {
    let folder = Folder::new("variants");
    let variants = r#"variants: {
        "three": (expect: [Linearizable]),
        "five": (services: { "db": (nodes: 5) }, expect: [Sometimes("leader changed")]),
    },
)"#;
    let text = small("", "Availability(at_least: 0.5)");
    let text = text.strip_suffix(')').unwrap().to_string() + variants;
    let file = folder.file("both.ron", &text);
    let output = sim(&["run", &file, "--out", &folder.path("out")]);
    // Nobody made the leader change in the second.
    assert_eq!(code(&output), 1, "{}{}", out(&output), err(&output));
    for name in ["comparison.html", "three/report.html", "five/plan.ron"] {
        assert!(folder.0.join("out").join(name).is_file(), "{name}");
    }
    let said = out(&output);
    assert!(said.contains("both#three: all") && said.contains("comparison  "), "{said}");
    let table = said.lines().rev().find(|line| line.starts_with("both ")).unwrap();
    assert!(table.contains("three") && table.contains("five"), "{said}");

    let one = format!("{file}#three");
    assert_eq!(code(&sim(&["run", &one, "--out", &folder.path("one")])), 0);
    assert!(folder.0.join("one/three/report.html").is_file());
    assert_eq!(code(&sim(&["verify", &one])), 0);
    // What takes one scenario says that there are several.
    let refused = sim(&["verify", &file]);
    assert_eq!(code(&refused), 2);
    assert!(err(&refused).contains("name one of them behind the file"), "{}", err(&refused));
    // The same by another name: the second variant is the file with five nodes.
    let fingerprint = |args: &[&str]| out(&sim(&[&["fingerprint"], args].concat()));
    let plain = folder.file("plain.ron", &small("", "Linearizable"));
    assert_eq!(
        fingerprint(&[&format!("{file}#five")]),
        fingerprint(&[&plain, "--set", "services.db.nodes=5"])
    );
}
