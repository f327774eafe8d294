//! `sim explore` and `sim replay` of what it finds, as somebody types them.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test says what went wrong by failing")]

mod folder;

use folder::Folder;
use std::{fs, process::Command};

const RAFT: &str = "scenarios/explore/raft-double-vote.ron";
const COMMIT: &str = "scenarios/explore/two-phase-commit.ron";

/// The exit code, and everything that is said.
fn sim(args: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sim"));
    let output = command.args(args).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (output.status.code().unwrap(), text)
}

#[test]
fn a_small_world_is_visited_in_full() {
    let folder = Folder::new("explore-all");
    let out = folder.path("path.ron");
    let (code, text) = sim(&["explore", COMMIT, "--out", &out]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("✔ always atomicity") && text.contains("288 states"), "{text}");
    assert!(text.contains("all there are"), "{text}");
    assert!(!fs::exists(&out).unwrap(), "there is no path to write");
    // What the file says and what is set instead of it.
    let (code, text) = sim(&["explore", COMMIT, "--set", "services.bank.nodes=3", "--out", &out]);
    assert!(code == 0 && text.contains("56 states"), "{text}");
    let (code, text) = sim(&["explore", COMMIT, "--set", "explore.states=100", "--out", &out]);
    assert_eq!(code, 4, "{text}");
    assert!(text.contains("`explore.states` allows no more than 100"), "{text}");
    // What no state so near shows, one further away may.
    let (code, text) = sim(&["explore", COMMIT, "--set", "explore.depth=8", "--out", &out]);
    assert_eq!(code, 4, "{text}");
    assert!(text.contains("in every state within 8 steps"), "{text}");
    assert!(text.contains("? sometimes all committed"), "{text}");
    let (code, text) = sim(&["explore", COMMIT, "--set", "services.bank.with.refuse=1", "--out", &out]);
    assert!(code == 1 && text.contains("✘ sometimes all committed"), "{text}");
}

#[test]
fn the_path_to_a_violation_is_a_file_that_replays_in_a_fresh_process() {
    let folder = Folder::new("explore-path");
    let path = folder.path("path.ron");
    let (code, text) = sim(&["explore", RAFT, "--out", &path]);
    assert_eq!(code, 0, "the file expects it: {text}");
    assert!(text.contains("broken after 6 steps"), "{text}");
    let (code, text) = sim(&["replay", &path]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("✘ election safety: term 1 has two leaders: db-1 and db-3"), "{text}");
    let (code, short) = sim(&["replay", &path, "--until", "3", "--show", "db-1"]);
    assert_eq!(code, 0, "not yet: {short}");
    assert!(short.contains("after step 3:") && !short.contains("\n  db-2 "), "{short}");
    // Without the flaw the path cannot be taken to its end, or breaks nothing: here the second vote is refused.
    let (code, text) = sim(&["replay", &path, "--set", "services.db.with.flaw=None"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("step 6") && text.contains("granted: false"), "{text}");
    // It is no schedule in time.
    for command in ["run", "hunt", "shrink", "verify", "explore"] {
        let (code, text) = sim(&[command, &path]);
        assert!(code == 2 && text.contains("`sim replay` plays it"), "{command}: {text}");
    }
    let (code, text) = sim(&["check", &path]);
    assert_eq!(code, 0, "{text}");
    let (code, text) = sim(&["replay", &path, "--until", "9"]);
    assert!(code == 2 && text.contains("there is no step 9: the path has 6"), "{text}");
    let (code, text) = sim(&["replay", &path, "--until", "2s"]);
    assert!(code == 2 && text.contains("a path has steps, here 6, and no moments"), "{text}");
    let (code, text) = sim(&["explore", RAFT, "--out", RAFT]);
    assert!(code == 2 && text.contains("may be replaced"), "{text}");
}

#[test]
fn a_violation_that_nobody_expects_fails() {
    let folder = Folder::new("explore-fails");
    let flaw = "services.bank.with.flaw=MajorityCommit";
    let (code, text) = sim(&["explore", COMMIT, "--set", flaw, "--out", &folder.path("path.ron")]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("✘ always unanimity"), "{text}");
}
