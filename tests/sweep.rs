//! `sim sweep`: the same runs as `sim run` makes one by one, put together in the same way whatever the number of threads.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test says what went wrong by failing")]

mod folder;

use folder::{Folder, code, err, out, sim};
use serde_json::Value;
use std::{collections::BTreeMap, fs};

const SMALL: &str = r#"(
    about: "a small one",
    seed: 1,
    until: "3s",
    services: { "db": (run: "raft", nodes: 3) },
    clients: (nodes: 2, of: "db", load: Open(Poisson(60.0)), start: "500ms"),
    network: (delay: Uniform("1ms", "3ms"), loss: 0.02),
    faults: [(name: "crash", at: "1500ms", lasts: "500ms", do: Crash([Role("leader")]))],
    expect: [Linearizable, Availability(at_least: 0.75)],
)"#;

/// The lines of a sweep.csv whose fields have no commas, by column.
fn rows(folder: &Folder, name: &str) -> Vec<BTreeMap<String, String>> {
    let text = fs::read_to_string(folder.0.join(name)).unwrap();
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap().split(',').collect();
    let row = |line: &str| -> BTreeMap<String, String> {
        head.iter().zip(line.split(',')).map(|(&name, cell)| (name.into(), cell.into())).collect()
    };
    lines.map(row).collect()
}

#[test]
fn threads_make_no_difference_and_each_run_is_that_of_sim_run() {
    let folder = Folder::new("sweep-same");
    let file = folder.file("small.ron", SMALL);
    let sweep = |jobs: &str, to: &str| {
        let set = ["--set", "services.db.nodes=3,5", "--set", "network.loss=0.0,0.05,0.3"];
        let args = ["sweep", &file, "--seeds", "2..5", "--jobs", jobs, "--out", &folder.path(to)];
        let output = sim(&[&args[..], &set].concat());
        assert_eq!(code(&output), 0, "{}", err(&output));
        assert_eq!(err(&output), "", "no progress bar when nobody watches");
        out(&output).replace(&folder.path(to), "")
    };
    let text = sweep("1", "one");
    assert_eq!(text, sweep("4", "four"));
    for name in ["sweep.csv", "sweep.json", "sweep.svg"] {
        let read = |to: &str| fs::read(folder.0.join(to).join(name)).unwrap();
        assert_eq!(read("one"), read("four"), "{name}");
    }
    let rows = rows(&folder, "one/sweep.csv");
    assert_eq!(rows.len(), 2 * 3 * 3);
    // The last parameter varies fastest, and then the seeds.
    let order: Vec<[&str; 3]> =
        rows.iter().map(|row| ["services.db.nodes", "network.loss", "seed"].map(|key| &*row[key])).collect();
    assert_eq!(order[..4], [["3", "0.0", "2"], ["3", "0.0", "3"], ["3", "0.0", "4"], ["3", "0.05", "2"]]);
    assert_eq!(order[9], ["5", "0.0", "2"]);
    let statuses: Vec<&String> = rows.iter().map(|row| &row["status"]).collect();
    assert!(statuses.iter().any(|s| *s == "held") && statuses.iter().any(|s| *s == "failed"), "{statuses:?}");
    for row in [&rows[1], &rows[10], &rows[17]] {
        let set = ["services.db.nodes", "network.loss"].map(|key| format!("{key}={}", row[key]));
        let place = folder.path("run");
        let run = ["run", &file, "--seed", &row["seed"], "--set", &set[0], "--set", &set[1], "--out", &place];
        assert!(sim(&run).status.code() < Some(2));
        let summary: Value =
            serde_json::from_str(&fs::read_to_string(folder.0.join("run/summary.json")).unwrap()).unwrap();
        assert_eq!(summary["run"]["fingerprint"], *row["fingerprint"]);
        assert_eq!(summary["status"], *row["status"]);
        assert_eq!(summary["operations"]["availability"].to_string(), row["availability"]);
        assert_eq!(summary["latency"]["p99_ns"].to_string(), row["latency.p99_ns"]);
    }
}

#[test]
fn the_table_and_the_json_sum_up_the_runs() {
    let folder = Folder::new("sweep-sums");
    let file = folder.file("small.ron", SMALL);
    let args =
        ["sweep", &file, "--set", "network.loss=0.0,0.3", "--seeds", "7", "--out", &folder.path("out")];
    let output = sim(&args);
    let rows = rows(&folder, "out/sweep.csv");
    let json: Value =
        serde_json::from_str(&fs::read_to_string(folder.0.join("out/sweep.json")).unwrap()).unwrap();
    assert_eq!(json["schema"], "sim-sweep/1");
    assert_eq!(json["seeds"].as_array().unwrap().len(), 7);
    for (point, loss) in json["points"].as_array().unwrap().iter().zip(["0.0", "0.3"]) {
        let mine: Vec<_> = rows.iter().filter(|row| row["network.loss"] == loss).collect();
        let mut shares: Vec<f64> = mine.iter().map(|row| row["availability"].parse().unwrap()).collect();
        shares.sort_by(f64::total_cmp);
        // Of seven the median is the fourth, and lies between the first and the last with 98 %.
        let told = &point["metrics"]["availability"];
        assert_eq!([&told["median"], &told["low"], &told["high"]], [&shares[3], &shares[0], &shares[6]]);
        let held = mine.iter().filter(|row| row["status"] == "held").count();
        assert_eq!(point["held"], held);
        let line = out(&output).lines().find(|line| line.starts_with(loss)).unwrap().to_string();
        assert!(line.ends_with(&format!("{held} of 7")), "{line}");
        assert!(line.contains(&format!("{:.2}\u{a0}% (", shares[3] * 100.0)), "{line}");
    }
}

#[test]
fn a_run_with_nothing_to_judge_does_not_count_as_held() {
    let folder = Folder::new("sweep-vacuous");
    let file = folder.file("small.ron", SMALL);
    let set = ["--set", "clients.start=500ms,2999999us", "--set", "expect=[Linearizable]"];
    let output = sim(&[&["sweep", &file, "--seeds", "3", "--out", &folder.path("out")], &set[..]].concat());
    let held =
        |start: &str| out(&output).lines().find(|line| line.starts_with(start)).map(str::to_string).unwrap();
    assert!(held("500ms").ends_with("3 of 3") && held("2999999us").ends_with("0 of 3"), "{}", out(&output));
    let rows = rows(&folder, "out/sweep.csv");
    assert!(rows.iter().filter(|row| row["clients.start"] != "500ms").all(|row| row["status"] != "held"));
}

#[test]
fn variants_are_one_more_parameter_and_texts_do_no_harm() {
    let folder = Folder::new("sweep-variants");
    let variants = r#"variants: { "fast": (network: (delay: Constant("1ms"))), "slow": (network: (delay: Constant("20ms"))) },
    expect:"#;
    let file = folder.file("two.ron", &SMALL.replace("expect:", variants));
    let output = sim(&["sweep", &file, "--seeds", "2", "--out", &folder.path("out")]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let names: Vec<String> =
        rows(&folder, "out/sweep.csv").into_iter().map(|row| row["variant"].clone()).collect();
    assert_eq!(names, ["fast", "fast", "slow", "slow"]);
    let hostile = "about=\"<script>alert(1)</script>\",\"=1+1|`\u{1b}[2J\"";
    let output = sim(&["sweep", &file, "--set", hostile, "--seeds", "1", "--out", &folder.path("hostile")]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let svg = fs::read_to_string(folder.0.join("hostile/sweep.svg")).unwrap();
    assert!(!svg.contains("<script") && svg.contains("&lt;script") && !svg.contains('\u{1b}'), "{svg}");
    assert!(!out(&output).contains('\u{1b}'));
}

#[test]
fn what_is_no_grid_is_refused() {
    let folder = Folder::new("sweep-refused");
    let file = folder.file("small.ron", SMALL);
    for (more, said) in [
        (vec![], "nothing varies"),
        (vec!["--set", "services.db.nodes=3"], "nothing varies"),
        (vec!["--set", "services.db.nodes=3,,5"], "write a path and its values"),
        (vec!["--set", "services.db.nodes=3,5,3"], "stands there twice"),
        (vec!["--set", "services.db.nodes=3,5", "--set", "services.db.nodes=3,7"], "is given twice"),
        (vec!["--set", "services.db.nods=3,5"], "did you mean `nodes`?"),
        (vec!["--set", "services.db.nodes=3,x"], "whole number"),
        (
            vec!["--set", "services.db.nodes=3,5", "--seeds", "10001"],
            "2 points with 10,001 seeds each are too many",
        ),
        (vec!["--set", "services.db.nodes=3,5", "--seeds", "5..5"], "at least one"),
    ] {
        let to = folder.path("out");
        let output = sim(&[&["sweep", &file, "--out", &to], more.as_slice()].concat());
        assert!(code(&output) == 2 && err(&output).contains(said), "{more:?}: {}", err(&output));
        assert!(!folder.0.join("out").exists());
    }
    let one = format!("faults[0].at={}", (1..=40).map(|v| format!("{v}ms")).collect::<Vec<_>>().join(","));
    let two = format!("network.loss={}", (0..40).map(|v| format!("0.{v:02}1")).collect::<Vec<_>>().join(","));
    let output = sim(&["sweep", &file, "--set", &one, "--set", &two]);
    assert!(err(&output).contains("1,600 points with 10 seeds each are too many"), "{}", err(&output));
}
