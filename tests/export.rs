//! `sim export`: which runs it takes, and what it refuses. `.ci/exports` has what it writes read by programs of others.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test says what went wrong by failing")]

mod folder;

use folder::Folder;
use std::{
    fs,
    process::{Command, Output},
};

fn sim(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sim")).args(args).output().unwrap()
}

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
            assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
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
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && text.contains(said), "{more:?}: {text}");
        assert!(!folder.0.join("out").exists());
    }
    assert_eq!(fs::read_to_string(file).unwrap(), SMALL);
}
