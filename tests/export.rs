//! `sim export`: which runs it takes, and what it refuses. `.ci/exports` has what it writes read by programs of others.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test says what went wrong by failing")]

mod folder;

use folder::{Folder, code, err, out, sim};
use std::{collections::BTreeMap, fs};

const SMALL: &str = r#"(
    about: "a small one",
    seed: 1,
    until: "3s",
    services: { "db": (run: "raft", nodes: 3) },
    clients: (nodes: 2, of: "db", load: Open(Constant(50.0)), start: "500ms"),
    network: (delay: Constant("1ms"), loss: 0.05),
    expect: [Linearizable],
)"#;

#[test]
fn a_run_is_exported_from_its_scenario_its_plan_and_its_folder_alike() {
    let folder = Folder::new("export-alike");
    let file = folder.file("small.ron", SMALL);
    assert!(sim(&["run", &file, "--seed", "4", "--out", &folder.path("run")]).status.success());
    for to in ["perfetto", "shiviz", "pcapng"] {
        let export = |file: &str, more: &[&str], name: &str| {
            let name = folder.path(name);
            let output = sim(&[&["export", file, "--to", to, "--out", &name], more].concat());
            assert_eq!(code(&output), 0, "{}", err(&output));
            fs::read(name).unwrap()
        };
        let one = export(&file, &["--seed", "4"], "one");
        assert!(one.len() > 10_000, "{to}: {} bytes", one.len());
        assert_eq!(export(&folder.path("run"), &[], "two"), one, "{to}");
        assert_eq!(export(&folder.path("run/plan.ron"), &[], "three"), one, "{to}");
        let part = export(&file, &["--seed", "4", "--from", "1s", "--until", "1500ms"], "part");
        assert!(part.len() < one.len() / 2 && part.len() > 1_000, "{to}: {} of {}", part.len(), one.len());
    }
}

#[test]
fn what_makes_no_sense_is_refused_and_nothing_is_replaced() {
    let folder = Folder::new("export-refused");
    let file = folder.file("small.ron", SMALL);
    let out = folder.path("out");
    for (more, said) in [
        (vec!["--to", "gantt", "--out", &out], "possible values: perfetto, shiviz, pcapng"),
        (vec!["--to", "shiviz", "--from", "2s", "--until", "1s", "--out", &out], "nothing lies between"),
        (vec!["--to", "shiviz", "--from", "9s", "--out", &out], "from 0s to 3s"),
        (vec!["--to", "shiviz", "--out", &file], "no file that may be replaced"),
        (vec!["--to", "shiviz", "--from", "9", "--out", &out], "no unit"),
    ] {
        let output = sim(&[&["export", &file], more.as_slice()].concat());
        let text = err(&output);
        assert!(code(&output) == 2 && text.contains(said), "{more:?}: {text}");
        assert!(!folder.0.join("out").exists());
    }
    assert_eq!(fs::read_to_string(file).unwrap(), SMALL);
}

#[test]
fn a_stretch_in_which_nothing_happened_is_no_success() {
    let folder = Folder::new("export-nothing");
    let file = folder.file("small.ron", SMALL);
    let stretch = ["--from", "2999999999ns", "--until", "2999999999ns", "--out", &folder.path("out")];
    for to in ["perfetto", "shiviz", "pcapng"] {
        let output = sim(&[&["export", &file, "--to", to], &stretch[..]].concat());
        assert_eq!(code(&output), 3, "{to}");
        assert!(out(&output).contains("nothing happened there"), "{to}");
    }
}

/// Viewers draw slices of a thread that overlap one inside the other, or not at all.
#[test]
fn slices_of_inputs_at_almost_the_same_moment_do_not_overlap() {
    let folder = Folder::new("export-slices");
    let file = folder.file("small.ron", &SMALL.replace(r#"Constant("1ms")"#, r#"Uniform("1ms", "1001us")"#));
    let out = folder.path("out");
    assert!(sim(&["export", &file, "--to", "perfetto", "--out", &out]).status.success());
    let trace: serde_json::Value = serde_json::from_str(&fs::read_to_string(out).unwrap()).unwrap();
    let mut threads: BTreeMap<String, Vec<(u64, u64)>> = BTreeMap::new();
    for slice in trace["traceEvents"].as_array().unwrap().iter().filter(|event| event["ph"] == "X") {
        let nanos = |key: &str| (slice[key].as_f64().unwrap() * 1e3).round() as u64;
        threads
            .entry(format!("{} {}", slice["pid"], slice["tid"]))
            .or_default()
            .push((nanos("ts"), nanos("dur")));
    }
    let mut near = 0;
    for slices in threads.values() {
        for pair in slices.windows(2) {
            assert!(pair[0].0 + pair[0].1 <= pair[1].0, "{pair:?}");
            near += u64::from(pair[1].0 - pair[0].0 < 1_000);
        }
    }
    assert!(near > 10, "{near} were close");
}
