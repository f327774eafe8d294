//! `sim compare` as CI uses it: what it fails on, what it lets pass, and what it refuses to read.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test says what went wrong by failing")]

mod folder;

use folder::{Folder, code, err, out, sim};
use serde_json::{Value, json};
use std::fs;

const SMALL: &str = r#"(
    about: "a small one",
    seed: 1,
    until: "4s",
    services: { "db": (run: "raft", nodes: 3) },
    clients: (nodes: 3, of: "db", load: Open(Poisson(60.0)), start: "500ms"),
    network: (delay: Uniform("1ms", "3ms")),
    faults: [(name: "crash", at: "2s", lasts: "500ms", do: Crash([Role("leader")]))],
    expect: [Linearizable, Availability(at_least: 0.2)],
)"#;

/// Plays the small scenario with these seeds, each into a folder of its own below `to`.
fn played(folder: &Folder, to: &str, seeds: std::ops::Range<u64>, set: &[&str]) -> String {
    let file = folder.file("small.ron", SMALL);
    for seed in seeds {
        let (seed, place) = (seed.to_string(), folder.path(&format!("{to}/{seed}")));
        let mut args = vec!["run", &file, "--seed", &seed, "--out", &place];
        set.iter().for_each(|set| args.extend(["--set", set]));
        let output = sim(&args);
        assert_eq!(code(&output), 0, "{}", out(&output));
    }
    folder.path(to)
}

/// The summary of a run, with some values replaced by JSON pointer, in a folder of its own.
fn changed(folder: &Folder, from: &str, name: &str, changes: &[(&str, Value)]) -> String {
    let mut summary: Value = serde_json::from_str(&fs::read_to_string(from).unwrap()).unwrap();
    for (pointer, value) in changes {
        *summary.pointer_mut(pointer).unwrap() = value.clone();
    }
    folder.file(name, &summary.to_string())
}

#[test]
fn the_same_run_again_is_the_same_and_a_change_for_the_worse_is_not() {
    let folder = Folder::new("compare-single");
    let [one, again] = ["one", "again"].map(|to| played(&folder, to, 1..2, &[]));
    let output = sim(&["compare", &one, &again]);
    assert_eq!(code(&output), 0, "{}{}", out(&output), err(&output));
    assert!(out(&output).contains("small: one run of the same plan each"), "{}", out(&output));
    let file = format!("{one}/1/summary.json");
    let summary: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    let p99 = summary["latency"]["p99_ns"].as_u64().unwrap();
    // A nanosecond is enough in one direction, and an improvement in the other.
    let slower = changed(&folder, &file, "slower.json", &[("/latency/p99_ns", json!(p99 + 1))]);
    let output = sim(&["compare", &file, &slower]);
    assert_eq!(code(&output), 1, "{}", out(&output));
    assert!(out(&output).contains("✘ worse     latency.p99"), "{}", out(&output));
    assert!(out(&output).contains("1 worse"), "{}", out(&output));
    let output = sim(&["compare", &slower, &file]);
    assert_eq!(code(&output), 0, "{}", out(&output));
    assert!(out(&output).contains("✔ better    latency.p99"), "{}", out(&output));
    // More served is better, though the number is higher; more events are neither.
    let share = summary["operations"]["availability"].as_f64().unwrap();
    let less = [("/operations/availability", json!(share - 0.01)), ("/run/events", json!(1))];
    let less = changed(&folder, &file, "less.json", &less);
    let text = out(&sim(&["compare", &file, &less]));
    assert!(text.contains("✘ worse     availability") && text.contains("· moved     events"), "{text}");
    assert!(out(&sim(&["compare", &less, &file])).contains("✔ better    availability"));
}

#[test]
fn what_is_tolerated_passes_and_no_more() {
    let folder = Folder::new("compare-tolerance");
    let one = played(&folder, "one", 1..2, &[]);
    let file = format!("{one}/1/summary.json");
    let with = |p99: u64, share: f64| {
        let changes = [("/latency/p99_ns", json!(p99)), ("/operations/availability", json!(share))];
        changed(&folder, &file, &format!("{p99}-{share}.json"), &changes)
    };
    let before = with(10_000_000, 0.9);
    let tolerance =
        folder.file("tolerance.ron", r#"(metrics: {"latency.p99": "10%", "availability": "0.5pp"})"#);
    let against = |now: &str| sim(&["compare", &before, now, "--tolerance", &tolerance]);
    let output = against(&with(11_000_000, 0.8951));
    assert_eq!(code(&output), 0, "{}", out(&output));
    assert!(out(&output).contains("≈ tolerated latency.p99"), "{}", out(&output));
    assert_eq!(code(&against(&with(11_000_001, 0.9))), 1);
    assert_eq!(code(&against(&with(10_000_000, 0.8949))), 1);
    // Between different plans a little is tolerated that nobody spoke of.
    for (p99, wanted) in [(10_400_000, 0), (10_600_000, 1)] {
        let other = [
            ("/scenario/scenario_hash", json!("0")),
            ("/scenario/plan_hash", json!("0")),
            ("/latency/p99_ns", json!(p99)),
            ("/operations/availability", json!(0.9)),
        ];
        let output = sim(&["compare", &before, &changed(&folder, &file, "other.json", &other)]);
        assert_eq!(code(&output), wanted, "{}", out(&output));
        assert!(out(&output).contains("one run each, of different plans"), "{}", out(&output));
    }
    // A family stands for its members, and a member's own word counts more.
    let kind = [("/latency_by_kind/0/p99_ns", json!(1_000_000))];
    let worse = [("/latency_by_kind/0/p99_ns", json!(1_050_000))];
    let [before, now] =
        [("kind.json", kind), ("worse.json", worse)].map(|(name, to)| changed(&folder, &file, name, &to));
    let kinds: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    let member = format!("latency.{}.p99", kinds["latency_by_kind"][0]["kind"].as_str().unwrap());
    for (tolerance, wanted) in [
        (r#"(metrics: {"latency.p99": "10%"})"#.to_string(), 0),
        (r#"(metrics: {"latency.p50": "10%"})"#.to_string(), 1),
        (r#"(default: "6%")"#.to_string(), 0),
        (format!(r#"(default: "9%", metrics: {{"latency.p99": "10%", "{member}": "40us"}})"#), 1),
        (format!(r#"(metrics: {{"{member}": "50us"}})"#), 0),
    ] {
        let file = folder.file("t.ron", &tolerance);
        let output = sim(&["compare", &before, &now, "--tolerance", &file]);
        assert_eq!(code(&output), wanted, "{tolerance}: {}{}", out(&output), err(&output));
    }
}

#[test]
fn a_mistake_in_a_tolerance_file_is_told_with_its_line() {
    let folder = Folder::new("compare-mistake");
    let one = played(&folder, "one", 1..2, &[]);
    for (text, said) in [
        (
            "(\n metrics: {\"latency.p9\": \"1%\"})",
            vec!["t.ron:2", "`latency.p9`", "did you mean `latency.p9"],
        ),
        ("(metrics: {\"events\": \"1%\"})", vec!["no metric `events` that gets better or worse"]),
        ("(\n\ndefaults: \"1%\")", vec!["t.ron:3", "did you mean `default`?"]),
        ("(default: \"2ms\")", vec!["write a part like \"5%\""]),
        ("(metrics: {\"latency.p99\": \"1pp\"})", vec!["a span like \"2ms\""]),
        ("(metrics: {\"availability\": \"3\"})", vec!["percentage points like \"0.1pp\""]),
        ("(metrics: {\"availability\": \"-1%\"})", vec!["`-1%` is no tolerance for `availability`"]),
        ("(metrics: {\"downtime\": 5})", vec!["text in quotes"]),
    ] {
        let output = sim(&["compare", &one, &one, "--tolerance", &folder.file("t.ron", text)]);
        assert_eq!((code(&output), out(&output)), (2, String::new()), "{text}: {}", err(&output));
        said.iter().for_each(|said| assert!(err(&output).contains(said), "{text}: {said}: {}", err(&output)));
    }
}

#[test]
fn seeds_are_compared_in_pairs_or_as_samples() {
    let folder = Folder::new("compare-seeds");
    let before = played(&folder, "before", 1..7, &[]);
    let again = sim(&["compare", &before, &before]);
    assert_eq!(code(&again), 0);
    assert!(out(&again).contains("small: 6 seeds on both sides"), "{}", out(&again));
    // Twice as slow a network shows in pairs, and in samples of other seeds as well.
    let slow = ["network.delay=Uniform(\"2ms\", \"6ms\")"];
    let slower = played(&folder, "slower", 1..7, &slow);
    let others = played(&folder, "others", 11..18, &slow);
    for (now, how) in [(&slower, "6 seeds on both sides"), (&others, "6 seeds against 7 seeds")] {
        let output = sim(&["compare", &before, now]);
        let text = out(&output);
        assert_eq!(code(&output), 1, "{text}");
        assert!(text.contains(how) && text.contains("✘ worse     latency.p50"), "{text}");
        let back = sim(&["compare", now, &before]);
        assert!(out(&back).contains("✔ better    latency.p50"), "{}", out(&back));
    }
    // Other seeds of the very same world: chance alone fails nobody.
    let chance = played(&folder, "chance", 21..28, &[]);
    let output = sim(&["compare", &before, &chance]);
    assert_eq!(code(&output), 0, "{}", out(&output));
    // Half of it would be too much.
    let tolerance = folder.file("t.ron", r#"(default: "500%")"#);
    assert_eq!(code(&sim(&["compare", &before, &slower, "--tolerance", &tolerance])), 0);
}

#[test]
fn a_verdict_that_falls_and_a_scenario_that_is_gone_are_worse() {
    let folder = Folder::new("compare-verdicts");
    let one = played(&folder, "one", 1..2, &[]);
    let file = format!("{one}/1/summary.json");
    let failed = changed(&folder, &file, "failed.json", &[("/verdicts/0/status", json!("failed"))]);
    let output = sim(&["compare", &file, &failed]);
    assert_eq!(code(&output), 1);
    assert!(
        out(&output).contains("linearizable") && out(&output).contains("held → failed"),
        "{}",
        out(&output)
    );
    assert_eq!(code(&sim(&["compare", &failed, &file])), 0);
    let undecided = changed(&folder, &file, "undecided.json", &[("/verdicts/0/status", json!("undecided"))]);
    assert_eq!(code(&sim(&["compare", &file, &undecided])), 1);
    assert_eq!(code(&sim(&["compare", &undecided, &failed])), 1);
    // Of two scenarios one is not run any more; and of one nothing is left to compare.
    let other = changed(&folder, &file, "other.json", &[("/scenario/name", json!("other"))]);
    fs::create_dir_all(folder.0.join("both/a")).unwrap();
    fs::create_dir_all(folder.0.join("both/b")).unwrap();
    fs::copy(&file, folder.0.join("both/a/summary.json")).unwrap();
    fs::copy(&other, folder.0.join("both/b/summary.json")).unwrap();
    let output = sim(&["compare", &folder.path("both"), &file]);
    assert_eq!(code(&output), 1, "{}", out(&output));
    assert!(out(&output).contains("other: in the baseline only"), "{}", out(&output));
    assert_eq!(code(&sim(&["compare", &file, &folder.path("both")])), 0);
    assert_eq!(code(&sim(&["compare", &file, &other])), 3);
}

#[test]
fn what_is_no_summary_is_refused_with_its_file_and_key() {
    let folder = Folder::new("compare-hostile");
    let one = played(&folder, "one", 1..2, &[]);
    let file = format!("{one}/1/summary.json");
    let with = |pointer: &str, value: Value| {
        let name = format!("bad{pointer}{value}.json").replace(['/', '"'], "-");
        changed(&folder, &file, &name, &[(pointer, value)])
    };
    for (bad, said) in [
        (with("/schema", json!("sim-summary/9")), "its schema is `sim-summary/9`"),
        (with("/latency/p99_ns", json!(-1)), "`latency.p99_ns`"),
        (with("/latency/p99_ns", json!("1")), "`latency.p99_ns`"),
        (with("/operations/availability", json!(1.5)), "`operations.availability` is no share"),
        (with("/run/seed", json!("x")), "`run.seed` is no seed"),
        (with("/verdicts/1/status", json!("fine")), "`verdicts[1].status`"),
        (with("/operations", json!([])), "`operations`"),
        (folder.file("empty.json", ""), "no summary of sim"),
        (folder.file("deep.json", &"[".repeat(1 << 20)), "no summary of sim"),
        (folder.file("text.json", "\u{1b}[2J{}"), "no summary of sim"),
        (folder.path("nowhere.json"), "nowhere.json"),
        (folder.path("one/1/plan.ron"), "plan.ron"),
    ] {
        let output = sim(&["compare", &file, &bad]);
        assert_eq!((code(&output), out(&output)), (2, String::new()), "{said}: {}", err(&output));
        assert!(err(&output).contains(said), "{said}: {}", err(&output));
        assert!(!err(&output).contains('\u{1b}'));
    }
    fs::create_dir_all(folder.0.join("none")).unwrap();
    assert!(
        err(&sim(&["compare", &folder.path("none"), &file])).contains("there is no summary.json in or below")
    );
    // Names of folders are words of others, too.
    let odd = folder.0.join("odd\u{1b}[2J");
    fs::create_dir_all(&odd).unwrap();
    fs::write(odd.join("summary.json"), "{}").unwrap();
    let output = sim(&["compare", &file, &odd.display().to_string()]);
    assert!(code(&output) == 2 && !err(&output).contains('\u{1b}'), "{:?}", err(&output));
    // Two runs of one seed cannot both be meant.
    fs::create_dir_all(folder.0.join("two/a")).unwrap();
    fs::create_dir_all(folder.0.join("two/b")).unwrap();
    fs::copy(&file, folder.0.join("two/a/summary.json")).unwrap();
    let other = with("/run/fingerprint", json!("0"));
    fs::copy(other, folder.0.join("two/b/summary.json")).unwrap();
    let output = sim(&["compare", &folder.path("two"), &file]);
    assert!(code(&output) == 2 && err(&output).contains("different runs of `small`"), "{}", err(&output));
}

#[test]
fn numbers_of_others_do_no_harm() {
    let folder = Folder::new("compare-numbers");
    let one = played(&folder, "one", 1..3, &[]);
    let file = format!("{one}/1/summary.json");
    let text = fs::read_to_string(&file).unwrap();
    for number in ["18446744073709551615", "0"] {
        // Every whole number of the file, the format's own aside.
        let lines = text.lines().map(|line| match line.split_once("\": ") {
            Some((key, value)) if value.trim_end_matches(',').parse::<u64>().is_ok() => {
                format!("{key}\": {number}{}", if value.ends_with(',') { "," } else { "" })
            }
            Some(_) | None => line.to_string(),
        });
        let changed = lines.collect::<Vec<_>>().join("\n");
        assert!(changed.matches(number).count() > 100);
        let odd = folder.file("odd.json", &changed);
        let seeds = folder.path(&format!("seeds-{number}"));
        fs::create_dir_all(format!("{seeds}/1")).unwrap();
        fs::copy(&odd, format!("{seeds}/1/summary.json")).unwrap();
        fs::create_dir_all(format!("{seeds}/2")).unwrap();
        fs::write(format!("{seeds}/2/summary.json"), changed.replace("\"seed\": \"1\"", "\"seed\": \"2\""))
            .unwrap();
        for (before, now) in [(&file, &odd), (&odd, &file), (&odd, &odd), (&one, &seeds), (&seeds, &one)] {
            let args = [
                "compare",
                before,
                now,
                "--out",
                &folder.path("out"),
                "--history",
                &folder.path("h"),
                "--label",
                "x",
            ];
            let output = sim(&args);
            assert!(code(&output) < 2, "{number}: {}{}", out(&output), err(&output));
            assert!(!out(&output).contains("NaN") && !out(&output).contains("inf"), "{}", out(&output));
        }
    }
}

/// Strings of others, as hostile as they come.
const HOSTILE: &str = "x`|<script>alert(1)</script>&@all\u{1b}[31m\u{0}\"'\u{202e}";

#[test]
fn it_leaves_markdown_junit_and_a_history_with_its_trend() {
    let folder = Folder::new("compare-files");
    let one = played(&folder, "one", 1..2, &[]);
    let hostile = |name: &str, status: &str| {
        let changes = [
            ("/scenario/name", json!(HOSTILE)),
            ("/verdicts/0/expectation", json!(HOSTILE)),
            ("/verdicts/0/status", json!(status)),
        ];
        changed(&folder, &format!("{one}/1/summary.json"), name, &changes)
    };
    let (before, now) = (hostile("before.json", "held"), hostile("now.json", "failed"));
    let (history, to) = (folder.path("history.jsonl"), folder.path("out"));
    for (now, label, wanted) in
        [(&before, "a1", 0), (&now, &HOSTILE.replace('\0', ""), 1), (&before, "c3", 0)]
    {
        let args = ["compare", &before, now, "--out", &to, "--history", &history, "--label", label];
        let output = sim(&args);
        assert_eq!(code(&output), wanted, "{}", err(&output));
        assert!(!out(&output).contains('\u{1b}') && !out(&output).contains('\u{202e}'), "{:?}", out(&output));
    }
    let args =
        ["compare", &before, &now, "--markdown", &folder.path("m.md"), "--junit", &folder.path("j.xml")];
    assert_eq!(code(&sim(&args)), 1);
    let read = |name: &str| fs::read_to_string(folder.0.join(name)).unwrap();
    let markdown = read("m.md");
    assert!(markdown.starts_with("### ✘ Something got worse"), "{markdown}");
    let row = markdown.lines().find(|line| line.contains("worse | ")).unwrap();
    assert_eq!(row.matches('|').count(), 6, "{row}");
    assert_eq!(row.matches('`').count(), 2, "{row}");
    let junit = read("j.xml");
    assert!(junit.contains("failures=\"1\"") && junit.contains("&lt;script"), "{junit}");
    assert!(
        !junit.contains("<script") && !junit.contains("timestamp") && !junit.contains('\u{1b}'),
        "{junit}"
    );
    let trend = read("out/trend.svg");
    assert!(trend.contains("a1") && trend.contains("c3") && !trend.contains("<script"), "{trend}");
    assert_eq!(read("history.jsonl").lines().count(), 3);
    let labels: Vec<Value> =
        read("history.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(labels[1]["worse"], 1);
    // And none replaces what it reads.
    let output = sim(&["compare", &before, &now, "--markdown", &before]);
    assert!(code(&output) == 2 && err(&output).contains("no file that may be replaced"), "{}", err(&output));
    let history = folder.path("history.jsonl");
    let label = ["--history", &history, "--label", "x"];
    let output = sim(&[&["compare", &before, &now, "--junit", &history][..], &label].concat());
    assert_eq!(code(&output), 2, "{}", out(&output));
    // Nor a summary in a folder that is read.
    fs::create_dir(folder.0.join("results")).unwrap();
    fs::copy(&before, folder.0.join("results/summary.json")).unwrap();
    let (results, within) = (folder.path("results"), folder.path("results/summary.json"));
    let output = sim(&["compare", &results, &now, "--markdown", &within]);
    assert!(code(&output) == 2 && err(&output).contains("is read, or written twice"), "{}", err(&output));
    assert!(read("results/summary.json").starts_with('{'));
    let twice = folder.path("twice");
    let output = sim(&["compare", &before, &now, "--junit", &twice, "--markdown", &twice]);
    assert_eq!(code(&output), 2, "{}", out(&output));
    assert_eq!(read("history.jsonl").lines().count(), 3);
    // A comparison that does not come about leaves none of an earlier one.
    assert!(folder.0.join("out/junit.xml").exists());
    let output = sim(&["compare", &before, &folder.path("nowhere"), "--out", &to]);
    assert!(code(&output) == 2 && !folder.0.join("out/junit.xml").exists());
    // What is there and is no history stays as it is.
    let notes = folder.file("notes.txt", "my notes\n");
    let output = sim(&["compare", &before, &now, "--history", &notes, "--label", "d4"]);
    assert!(code(&output) == 2 && err(&output).contains("notes.txt:1: no history"), "{}", err(&output));
    assert_eq!(fs::read_to_string(notes).unwrap(), "my notes\n");
}

#[test]
fn a_run_leaves_its_verdicts_as_junit() {
    let folder = Folder::new("compare-junit");
    let file = folder.file("small.ron", SMALL);
    let strict = folder.file("strict.ron", &SMALL.replace("at_least: 0.2", "at_least: 1.0"));
    let junit = folder.path("runs.xml");
    let output = sim(&["run", &file, &strict, "--out", &folder.path("out"), "--junit", &junit]);
    assert_eq!(code(&output), 1);
    let xml = fs::read_to_string(&junit).unwrap();
    let suites = xml.matches("<testsuite name=").count();
    assert_eq!((suites, xml.matches("<failure").count()), (2, 1), "{xml}");
    assert!(xml.contains("name=\"small, seed 1\"") && xml.contains("type=\"failed\""), "{xml}");
    assert!(xml.contains("again: sim run") && !xml.contains("timestamp"), "{xml}");
    // A run that does not come about leaves no verdicts of an earlier one.
    assert_eq!(code(&sim(&["run", &file, "--out", &junit, "--junit", &junit])), 2);
}

#[test]
fn the_trend_is_drawn_as_png_too_where_that_is_wanted_and_else_none_is_left() {
    let folder = Folder::new("compare-png");
    let one = played(&folder, "one", 1..2, &[]);
    let (history, to) = (folder.path("history.jsonl"), folder.path("out"));
    let compared = |label: &str, png: &[&str]| {
        let args = ["compare", &one, &one, "--history", &history, "--label", label, "--out", &to];
        let output = sim(&[&args[..], png].concat());
        assert_eq!(code(&output), 0, "{}{}", out(&output), err(&output));
    };
    let picture = folder.0.join("out/trend.png");
    compared("d1", &["--png"]);
    let first = fs::read(&picture).unwrap();
    assert!(first.starts_with(b"\x89PNG\r\n") && first.len() > 5_000, "{} bytes", first.len());
    compared("d2", &["--png"]);
    assert_ne!(fs::read(&picture).unwrap(), first, "it has one more point");
    compared("d3", &[]);
    assert!(!picture.exists() && folder.0.join("out/trend.svg").exists());
}
