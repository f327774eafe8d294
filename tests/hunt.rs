//! Hunts as their users meet them: what is found does not depend on threads, nothing that was found is lost, and what
//! panics or runs away is a finding.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test says what went wrong by failing")]

mod folder;

use folder::Folder;
use scenarios::{
    format::TimedFault,
    hunt::{self, Ended, Header, Hunt, Merged, Outcome, Results, Tally, Watch},
    panics,
    plan::Plan,
    read::read,
};
use serde::{Deserialize, Serialize};
use sim::{
    Registry,
    core::{
        fault::{Fault, Pick},
        link::LinkPlan,
        prelude::*,
        time::Time,
    },
    protocols::{catalog::Settings, kv::Kv},
    scenarios,
};
use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicU64, Ordering::SeqCst},
    time::Duration,
};

const RAFT: &str = "scenarios/hunt/raft.ron";

fn sim(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sim"));
    command.args(args).current_dir(env!("CARGO_MANIFEST_DIR")).stderr(Stdio::null());
    command
}

/// The exit code, and standard output without what depends on the clock and on the folder.
fn hunted(args: &[&str]) -> (i32, String) {
    let output = sim(&[&["hunt"], args].concat()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let path = |line: &str| line.starts_with("  results") || line.ends_with(".ron");
    let steady = text.lines().filter(|line| !path(line));
    let steady = steady.map(|line| line.split(" (").next().unwrap());
    (output.status.code().unwrap(), steady.collect::<Vec<_>>().join("\n"))
}

const FLAW: &str = "services.db.with.flaw=UncheckedPrevious";

#[test]
fn the_lowest_failing_seed_is_found_whatever_the_number_of_threads() {
    let folder = Folder::new("hunt-threads");
    let one = |jobs: &str, more: &[&str]| {
        let out = folder.path(&format!("{jobs}{}", more.len()));
        let args = [&[RAFT, "--set", FLAW, "--jobs", jobs, "--seeds", "600", "--out", &out], more].concat();
        hunted(&args)
    };
    let (code, alone) = one("1", &[]);
    assert_eq!(code, 1, "{alone}");
    assert!(alone.contains("✘ always "), "{alone}");
    assert_eq!(one("2", &[]), (1, alone.clone()));
    assert_eq!(one("5", &[]), (1, alone.clone()));
    // Who goes on finds more, and the same lowest one.
    let (code, all) = one("1", &["--keep-going"]);
    assert_eq!((code, &all), (1, &one("3", &["--keep-going"]).1));
    let lowest = |text: &str| {
        let line =
            text.lines().find_map(|line| line.trim().strip_prefix("again      sim run ").map(str::to_string));
        line.unwrap().split(" --seed ").nth(1).unwrap().split(' ').next().unwrap().parse::<u64>().unwrap()
    };
    assert_eq!(lowest(&alone), lowest(&all));
    assert!(all.lines().filter(|line| line.contains('✘')).count() > 1, "several ways to fail: {all}");
    // The seed that it names fails.
    let seed = lowest(&alone).to_string();
    let again = sim(&["run", RAFT, "--set", FLAW, "--seed", &seed, "--out", &folder.path("again")]);
    assert_eq!({ again }.output().unwrap().status.code(), Some(1));
}

#[test]
fn a_protocol_without_a_flaw_survives() {
    let folder = Folder::new("hunt-survives");
    let (code, text) = hunted(&[RAFT, "--seeds", "300..500", "--out", &folder.path("o")]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("200 seeds") && text.contains("✔ none failed"), "{text}");
}

fn results(path: &str) -> Tally {
    let path = Path::new(path).join("hunt.jsonl");
    Merged::of(&[&path]).unwrap().results.tally()
}

#[test]
fn shards_joined_are_the_whole() {
    let folder = Folder::new("hunt-shards");
    let terms = ["--seeds", "1024", "--keep-going", "--set", FLAW];
    let whole = folder.path("whole");
    hunted(&[&[RAFT, "--out", &whole], &terms[..]].concat());
    let parts: Vec<String> = (1..=3).map(|part| folder.path(&format!("part-{part}"))).collect();
    for (part, out) in parts.iter().enumerate() {
        let shard = format!("{}/3", part + 1);
        hunted(&[&[RAFT, "--out", out, "--shard", &shard], &terms[..]].concat());
    }
    let files: Vec<String> = parts.iter().map(|part| format!("{part}/hunt.jsonl")).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let merged = sim(&[&["merge", "--out", &folder.path("merged")], &files[..]].concat()).output().unwrap();
    assert_eq!(merged.status.code(), Some(1));
    assert_eq!(results(&folder.path("merged")), results(&whole));
    let merge = |files: &[&str], out: &str| {
        let out = folder.path(out);
        let args = [&["merge", "--out", &out], files].concat();
        let joined = sim(&args).stderr(Stdio::piped()).output().unwrap();
        let text = [joined.stdout, joined.stderr].concat();
        (joined.status.code().unwrap(), String::from_utf8(text).unwrap())
    };
    assert_eq!(merge(&[files[0], files[0]], "twice").0, 2, "no seed counts twice");
    // A folder is what the hunt was given. What is missing is said, and so is how to see a failure again.
    let (code, text) = merge(&[&parts[0], &parts[2]], "gaps");
    assert_eq!(code, 1);
    assert!(!text.contains("unfinished"), "said once: {text}");
    assert!(
        text.contains("there are no results of --shard 2/3\n")
            && text.contains(&format!(" --set {FLAW}    (")),
        "{text}"
    );
    assert!(text.contains("  reached    "), "{text}");
    // One that was begun is not missing, and one of another build is told of.
    let begun = fs::read_to_string(files[1])
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .replace("\"build\":\"", "\"build\":\"0");
    let begun = (folder.path("begun.jsonl"), begun + "\n");
    fs::write(&begun.0, &begun.1).unwrap();
    let (_, text) = merge(&[files[0], &begun.0, files[2]], "begun");
    assert!(text.contains("unfinished seeds 256..512\n") && !text.contains("missing"), "{text}");
    assert!(text.contains("mixed      different builds of sim"), "{text}");
    fs::write(&begun.0, begun.1.replace("\"shard\":[2,3]", "\"shard\":[5,3]")).unwrap();
    let (code, text) = merge(&[&begun.0], "none");
    assert!(code == 2 && text.contains("begun.jsonl:1: there is no shard 5/3"), "{text}");
    let (_, text) = merge(&files, "merged");
    assert!(!text.contains("unfinished") && !text.contains("missing") && !text.contains("mixed"), "{text}");
    let (code, text) = merge(&[&parts[1]], "merged");
    assert!(code == 2 && text.contains("holds results that would be lost"), "{text}");
    // What is joined again is written again; nothing else is written over.
    assert_eq!(merge(&files, "merged").0, 1);
    for out in ["part-1", "whole"] {
        let before = fs::read(Path::new(&folder.path(out)).join("hunt.jsonl")).unwrap();
        let (code, text) = merge(&files, out);
        assert!(code == 2 && text.contains("holds results already, of `--shard 1/"), "{text}");
        assert_eq!(fs::read(Path::new(&folder.path(out)).join("hunt.jsonl")).unwrap(), before);
    }
}

#[test]
fn a_shard_for_which_there_are_no_seeds_says_so() {
    let folder = Folder::new("hunt-none");
    let (code, text) = hunted(&[RAFT, "--seeds", "100", "--shard", "2/2", "--out", &folder.path("o")]);
    assert_eq!(code, 3);
    assert!(text.contains("∅ none tried") && !text.contains('✔') && text.contains("256 at a time"), "{text}");
}

#[test]
fn two_hunts_do_not_write_to_one_file() {
    let folder = Folder::new("hunt-twice");
    let path = folder.0.join("hunt.jsonl");
    let header = |build: &str| Header {
        file: "one.ron".into(),
        set: Vec::new(),
        scenario: String::new(),
        version: String::new(),
        build: build.into(),
        events: 1,
        shard: (1, 1),
    };
    let first = Results::open(&path, &header("a")).unwrap();
    assert!(Results::open(&path, &header("a")).unwrap_err().contains("is being written by another hunt"));
    drop(first);
    // Results of each build are kept.
    for (build, aside) in [("a", None), ("b", Some("hunt.old.jsonl")), ("c", Some("hunt.old-2.jsonl"))] {
        let (_, moved) = Results::open(&path, &header(build)).unwrap();
        assert_eq!(moved, aside.map(|name| folder.0.join(name)));
    }
    assert!(fs::read_to_string(folder.0.join("hunt.old.jsonl")).unwrap().contains("\"build\":\"a\""));
}

/// What fails without the flaw, too, is no find.
#[test]
fn a_flaw_is_not_found_by_what_fails_without_it() {
    let folder = Folder::new("hunt-unsound");
    let scenario = fs::read_to_string("scenarios/hunt/chain.ron").unwrap();
    let path = folder.path("chain.ron");
    fs::write(&path, scenario.replace("expect: [", "expect: [Latency(percentile: 50.0, at_most: \"1ns\"), "))
        .unwrap();
    let (code, text) = hunted(&[&path, "--flaws", "--seeds", "4"]);
    assert_eq!(code, 1, "{text}");
    let rows: Vec<&str> = text.lines().skip(2).collect();
    assert!(!rows.is_empty() && rows.iter().all(|row| row.contains("| ✘ |")), "{text}");
    assert!(text.contains("fails without it, too: latency p50 at most 1ns, seed 0"), "{text}");
}

/// Properties know their nodes by number; the numbers of a second service go on from the first.
#[test]
fn nodes_of_a_second_service_have_its_name_in_what_was_found() {
    let folder = Folder::new("hunt-second");
    let scenario = fs::read_to_string("scenarios/hunt/chain.ron").unwrap();
    let path = folder.file(
        "second.ron",
        &scenario.replace("services: {", "services: { \"other\": (run: \"raft\", nodes: 3),"),
    );
    let flaw = "services.db.with.flaw=UnsyncedForward";
    let (code, text) =
        hunted(&[&path, "--set", flaw, "--no-shrink", "--seeds", "64", "--out", &folder.path("o")]);
    assert_eq!(code, 1, "{text}");
    let said = text.lines().find_map(|line| line.split_once("update propagation invariant at ")).unwrap().1;
    let (place, found) = said.split_once(": ").unwrap();
    assert!(place.contains(" of db-") && found.starts_with("db-") && !found.contains("node"), "{said}");
}

#[test]
fn what_runs_away_is_shown_again_within_the_same_budget() {
    let folder = Folder::new("hunt-away");
    let out = folder.path("o");
    let (code, text) =
        hunted(&["scenarios/hunt/chain.ron", "--events", "100", "--seeds", "2", "--out", &out]);
    assert_eq!(code, 1);
    assert!(text.contains("again      sim run scenarios/hunt/chain.ron --seed 0 --events 100"), "{text}");
    let shrunk = fs::read_to_string(Path::new(&out).join("seed-0.ron")).unwrap();
    let run = shrunk.lines().find_map(|line| line.strip_prefix("// Run it:      sim ")).unwrap();
    for run in ["run scenarios/hunt/chain.ron --seed 0 --events 100", run] {
        let args: Vec<&str> = run.split(' ').collect();
        let output = sim(&args).args(["--out", &folder.path("again")]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        // Of the shrunk one there may be nothing left to judge.
        assert!(
            matches!(output.status.code(), Some(3 | 4)) && text.contains("100 events taken"),
            "{run}: {text}"
        );
    }
}

#[test]
fn a_hunt_that_goes_on_counts_what_failed_before() {
    let folder = Folder::new("hunt-again");
    let out = folder.path("o");
    let args = [RAFT, "--set", FLAW, "--no-shrink", "--out", &out];
    let first = hunted(&args);
    assert!(first.1.starts_with("raft: 12 seeds\n"), "{}", first.1);
    assert_eq!(hunted(&args), first);
    // Where all of a chunk is known, too, only the lowest that failed is told of.
    hunted(&[&args[..], &["--keep-going", "--seeds", "256"]].concat());
    let (_, text) = hunted(&args);
    assert!(
        text.lines().filter(|line| line.contains('✘')).count() == 1 && text.contains("seed 11\n"),
        "{text}"
    );
}

#[cfg(unix)]
#[test]
fn a_hunt_that_is_interrupted_says_what_it_has() {
    let folder = Folder::new("hunt-stopped");
    let patient = |done: &mut dyn FnMut() -> bool| {
        (0..600).any(|_| {
            std::thread::sleep(Duration::from_millis(100));
            done()
        })
    };
    for (more, says) in
        [(&["--keep-going"][..], "the same command goes on"), (&["--flaws"], "stopped before")]
    {
        let out = folder.path(more[0]);
        let args = ["hunt", RAFT, "--seeds", "1000000000", "--no-shrink", "--out", &out];
        let args = if more == ["--flaws"] { &args[..4] } else { &args[..] };
        let said = folder.0.join("said.txt");
        let mut child = sim(args).args(more).stdout(fs::File::create(&said).unwrap()).spawn().unwrap();
        // Both begin after it heeds the signal.
        let begun = || Path::new(&out).join("hunt.jsonl").exists() || fs::metadata(&said).unwrap().len() > 0;
        assert!(patient(&mut || begun()), "it never began");
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
        let ended = patient(&mut || child.try_wait().unwrap().is_some());
        let _ = child.kill();
        let text = fs::read_to_string(&said).unwrap();
        let code = child.wait().unwrap().code();
        assert!(ended && code == Some(130) && text.contains(says), "{more:?}: {code:?} {text}");
    }
}

/// Killed at twenty moments, each time in the middle of something; the next one goes on where it was. On a machine that is so busy
/// that nothing was found by then, it goes on until something is.
#[test]
fn a_hunt_that_is_killed_loses_nothing_that_it_found() {
    let folder = Folder::new("hunt-killed");
    let out = folder.path("o");
    let args = ["hunt", RAFT, "--seeds", "2048", "--keep-going", "--set", FLAW, "--out", &out];
    let mut known = 0;
    for round in 0..100 {
        if round >= 20 && known > 0 {
            break;
        }
        let mut hunt = sim(&args).stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(40 + 37 * round));
        hunt.kill().unwrap();
        hunt.wait().unwrap();
        if Path::new(&out).join("hunt.jsonl").exists() {
            let path = Path::new(&out).join("hunt.jsonl");
            let lines = fs::read_to_string(&path).unwrap();
            let failed =
                lines.lines().filter(|line| line.contains("\"failed\"") && line.ends_with('}')).count();
            assert!(failed >= known, "round {round}: {failed} of {known} failures are left");
            known = failed;
        }
    }
    assert!(known > 0, "it was never killed after a find");
    assert_eq!(sim(&args).output().unwrap().status.code(), Some(1));
    let whole = folder.path("whole");
    let mut again = args;
    again[8] = &whole;
    sim(&again).output().unwrap();
    assert_eq!(results(&out), results(&whole));
    // A line that was torn is dropped, and its seeds are tried again.
    let path = Path::new(&out).join("hunt.jsonl");
    let text = fs::read(&path).unwrap();
    fs::write(&path, &text[..text.len() - 7]).unwrap();
    sim(&args).output().unwrap();
    assert_eq!(results(&out), results(&whole));
}

#[test]
fn results_of_another_hunt_are_refused() {
    let folder = Folder::new("hunt-another");
    let out = folder.path("o");
    hunted(&[RAFT, "--seeds", "4", "--out", &out]);
    let other = Command::new(env!("CARGO_BIN_EXE_sim"))
        .args(["hunt", RAFT, "--seeds", "4", "--set", FLAW, "--out", &out])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert_eq!(other.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&other.stderr).contains("another hunt, without `--set`: remove it"));
    fs::write(Path::new(&out).join("hunt.jsonl"), "{\"what\":1}\n").unwrap();
    assert_eq!(sim(&["hunt", RAFT, "--out", &out]).output().unwrap().status.code(), Some(2));
}

/// Fails as it is told to, when its seed says so.
#[derive(Clone, Debug, Hash)]
struct Trap(Config);

#[derive(Clone, Debug, Default, Hash, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// Once in so many times.
    rarely: u64,
    panics: bool,
    spins: bool,
}

impl Settings for Config {
    fn check(&self, _: u32) -> Result<(), (&'static str, String)> {
        Ok(())
    }
}

impl Protocol for Trap {
    type Config = Config;
    type Msg = Never;
    type Timer = ();
    type Disk = ();
    type Serves = Kv;
    type Calls = Never;
    type Ghost = ();
    const PROPERTIES: &'static [Property<Self>] = &[];
    const ROLES: &'static [Role] = &[Role::PEER];

    fn start(config: &Config, ctx: &mut Ctx<Self>) -> Self {
        ctx.set((), 10.ms());
        Trap(config.clone())
    }
    fn step(&mut self, input: Input<Self>, ctx: &mut Ctx<Self>) {
        match input {
            Timeout(()) => {
                let drawn = ctx.rng.below(20.max(self.0.rarely));
                assert!(!self.0.panics || drawn != 7, "the {drawn} came up");
                ctx.set((), if self.0.spins { Span::ZERO } else { 10.ms() });
            }
            Request(ticket, _) => ctx.answer(ticket, Answer::Refused),
            Deliver(_, never) => match never {},
            Response(..) => {}
        }
    }
    fn role(&self) -> Role {
        Role::PEER
    }
    fn epoch(&self) -> u64 {
        0
    }
    fn show(&self) -> Vec<(&'static str, String)> {
        vec![]
    }
}

/// What came before a panic is there to be looked at, and whom its faults hit to be written down.
#[test]
fn a_run_that_panics_leaves_behind_what_came_before() {
    let mut registry = Registry::standard();
    registry.add::<Trap>("trap", "it fails");
    let folder = Folder::new("panic-replayed");
    let file = folder.file(
        "file.ron",
        r#"(about: "x", seed: 1, until: "2s", services: { "t": (run: "trap", nodes: 3, with: (panics: true, rarely: 200)) },
        network: (delay: Constant("1ms")), vacuous: Allow, expect: [Linearizable],
        faults: [(at: "15ms", lasts: "1s", do: Pause([RandomOf("t", 1)]))])"#,
    );
    let scenario = read("file.ron", &fs::read_to_string(&file).unwrap(), &registry).unwrap();
    let plan = Plan::new(&scenario, 1);
    let mut world = registry.world(&plan).unwrap();
    world.trace();
    let (run, panic) = panics::left_behind(&mut world, u64::MAX);
    let (run, panic) = (run.unwrap(), panic.unwrap());
    assert!(panic.starts_with("the 7 came up (tests/hunt.rs:"), "{panic}");
    let last = run.trace.as_ref().unwrap().entries().next_back().unwrap();
    assert_eq!((last.number, last.at), (run.events, run.ended));
    assert!(last.at > Time::ZERO + 15.ms(), "else the next says nothing: {}", last.at);
    let [TimedFault { fault: Fault::Pause(picks), .. }] = &*plan.resolved(&run, &registry).faults else {
        panic!("there is one fault")
    };
    assert!(matches!(&**picks, [Pick::Node(_)]), "{picks:?}");
    // The input that panicked is the last that is shown, and the states before it are.
    let replay = |args: &[&str]| {
        let args = [&["sim", "replay", &file], args].concat();
        sim::command(&registry, args)
    };
    assert_eq!((replay(&[]), replay(&["--until", "3"])), (1, 0), "what comes later has not happened yet");
    assert_eq!(replay(&["--until", &(run.events + 1).to_string()]), 2);
}

struct Patience(AtomicU64);
impl Watch for Patience {
    fn tried(&self, _: &Outcome) {
        self.0.fetch_add(1, SeqCst);
    }
    fn goes_on(&self) -> bool {
        self.0.load(SeqCst) < 10_000
    }
}

fn trapped(with: &str, seeds: Range<u64>, events_max: u64) -> (Tally, Ended) {
    let mut registry = Registry::standard();
    registry.add::<Trap>("trap", "it fails");
    let text = format!(
        r#"(about: "x", seed: 1, until: "200ms", services: {{ "t": (run: "trap", nodes: 2, with: {with}) }},
            network: (delay: Constant("1ms")), vacuous: Allow, expect: [Linearizable])"#
    );
    let scenario = read("trap.ron", &text, &registry).unwrap();
    let terms = Hunt { scenario: &scenario, seeds, shard: (0, 1), keep_going: true, events_max };
    hunt::hunt(&registry, &terms, 2, &mut Results::default(), &Patience(AtomicU64::new(0))).unwrap()
}

#[test]
fn a_panic_of_a_protocol_is_a_finding_and_not_the_end() {
    let (tally, ended) = trapped("(panics: true)", 0..300, 1_000_000);
    assert_eq!((tally.seeds, ended), (300, Ended::Done));
    assert!(tally.failures.len() > 100 && tally.failures.len() < 300, "{}", tally.failures.len());
    let groups = tally.groups();
    assert_eq!(groups.len(), 1, "{groups:?}");
    assert_eq!(groups[0].0.check, "panic");
    assert!(groups[0].0.cause.starts_with("the # came up (tests/hunt.rs:#)"), "{}", groups[0].0);
    // The world that comes after one that panicked is as good as new.
    let calm = trapped("(panics: false)", 0..300, 1_000_000).0;
    let of_those = |tally: &Tally| tally.events;
    assert!(of_those(&tally) < of_those(&calm) && calm.failures.is_empty());
}

#[test]
fn what_spins_at_one_moment_has_run_away() {
    let (tally, _) = trapped("(spins: true)", 0..40, 30);
    let groups = tally.groups();
    assert_eq!(groups.len(), 1, "{groups:?}");
    assert_eq!(groups[0].0.to_string(), "runaway");
    assert!(tally.failures[&groups[0].1[0]].finding.contains("30 events taken"));
}

#[test]
fn what_is_written_down_of_a_hunt_is_read_again() {
    let folder = Folder::new("hunt-written");
    let path = folder.0.join("hunt.jsonl");
    let header = Header {
        file: "x.ron".into(),
        set: Vec::new(),
        scenario: "1".into(),
        version: "2".into(),
        build: "3".into(),
        events: 3,
        shard: (1, 1),
    };
    drop(Results::open(&path, &header).unwrap());
    let other = Header { scenario: "2".into(), ..header.clone() };
    assert!(Results::open(&path, &other).unwrap_err().contains("another hunt"));
    let (results, aside) = Results::open(&path, &header).unwrap();
    assert_eq!((results.tally(), aside), (Tally::default(), None));
    drop(results);
    // A protocol may have changed: what another build found is kept, and counts for nothing.
    let before = fs::read(&path).unwrap();
    let rebuilt = Header { build: "4".into(), ..header.clone() };
    let (results, aside) = Results::open(&path, &rebuilt).unwrap();
    assert_eq!(results.tally(), Tally::default());
    assert_eq!(fs::read(aside.unwrap()).unwrap(), before);
    assert!(fs::read_to_string(&path).unwrap().contains("\"build\":\"4\""));
}

/// The seed that a hunt reports, and the file that it shrank it to.
fn shrunk(folder: &Folder, flaw: &str) -> (String, PathBuf) {
    let out = folder.path(flaw);
    let set = format!("services.db.with.flaw={flaw}");
    let hunt = sim(&["hunt", RAFT, "--seeds", "4096", "--set", &set, "--out", &out]).output().unwrap();
    assert_eq!(hunt.status.code(), Some(1), "{flaw} is found");
    let file = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().path());
    let file = file.into_iter().find(|path| path.extension().is_some_and(|ext| ext == "ron")).unwrap();
    (String::from_utf8(hunt.stdout).unwrap(), file)
}

#[test]
fn what_fails_is_shrunk_to_a_file_that_fails_in_the_same_way_and_says_how() {
    let folder = Folder::new("hunt-shrunk");
    for flaw in ["UncheckedPrevious", "UncheckedLog", "UncheckedTerm", "UnsyncedLog", "DoubleVote"] {
        let (said, file) = shrunk(&folder, flaw);
        let signature = said.lines().find_map(|line| line.trim().strip_prefix("✘ ")).unwrap();
        let text = fs::read_to_string(&file).unwrap();
        let comment = text.lines().next().unwrap();
        let check = signature.split(": ").next().unwrap();
        assert!(comment.starts_with(&format!("// {check} fails: ")), "{comment}");
        let scenario = read("shrunk.ron", &text, &Registry::standard()).unwrap();
        let operations = scenario.clients.iter().flat_map(|clients| clients.only.iter().flatten());
        let operations: usize = operations.map(|(_, numbers)| numbers.len()).sum();
        assert!(scenario.nemesis.is_empty() && scenario.faults.len() <= 5 && operations <= 10, "{text}");
        let file = file.display().to_string();
        let run = sim(&["run", &file, "--out", &folder.path("run")]).output().unwrap();
        assert_eq!(run.status.code(), Some(1), "a fresh process finds the same: {text}");
        let replay = String::from_utf8(sim(&["replay", &file]).output().unwrap().stdout).unwrap();
        let property = check.strip_prefix("always ").unwrap();
        assert!(replay.contains(&format!("✘ {property}: ")), "{replay}");
        assert!(replay.contains("\n  db-1 ") && replay.contains("term "), "the states come last: {replay}");
        // The same hunt, the same file.
        let again = Folder::new("hunt-shrunk-again");
        let same = fs::read_to_string(shrunk(&again, flaw).1).unwrap();
        let body =
            |text: &str| text.lines().filter(|line| !line.starts_with("//")).collect::<Vec<_>>().join("\n");
        assert_eq!(body(&same), body(&text));
    }
}

#[test]
fn a_seed_that_does_not_fail_is_not_shrunk() {
    let folder = Folder::new("hunt-holds");
    let shrink = sim(&["shrink", RAFT, "--seed", "1", "--out", &folder.path("x.ron")]).output().unwrap();
    assert_eq!(shrink.status.code(), Some(0));
    assert!(!Path::new(&folder.path("x.ron")).exists());
}

#[test]
fn two_runs_are_compared_event_by_event() {
    let diff = |args: &[&str]| {
        let output = sim(&[&["diff", RAFT], args].concat()).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, same) = diff(&["--seeds", "3,3"]);
    assert!(code == 0 && same.starts_with("the same "), "{same}");
    let (code, other) = diff(&["--seeds", "3,4"]);
    assert!(code == 1 && other.contains("events are the same; then they part"), "{other}");
    // A flaw shows where it first makes a difference.
    let (code, flawed) = diff(&["--seeds", "11,11", "--set", "services.db.with.flaw=UncheckedPrevious"]);
    assert_eq!(code, 1);
    assert!(flawed.contains("Appended"), "a follower accepts what it should refuse: {flawed}");
}

#[test]
fn a_replay_shows_what_is_asked_for() {
    let replay = |args: &[&str]| {
        let output = sim(&[&["replay", RAFT], args].concat()).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, text) = replay(&["--until", "10"]);
    assert_eq!((code, text.lines().filter(|line| line.trim_start().starts_with("10 ")).count()), (0, 1));
    assert!(text.contains("after event 10:"), "{text}");
    let (_, text) = replay(&["--around", "5s", "--show", "db-2"]);
    let events = text.lines().skip(1).take_while(|line| !line.is_empty());
    let others = events.filter(|line| !line.contains(" db-2 ") && !line.contains('⚡'));
    assert_eq!(others.count(), 0, "{text}");
    assert_eq!(replay(&["--show", "db-9"]).0, 2);
    assert_eq!(replay(&["--until", "99999999"]).0, 2);
    assert_eq!([["--until", "99s"], ["--around", "99s"]].map(|beyond| replay(&beyond).0), [2, 2]);
    assert_eq!(replay(&["--around", "100", "--until", "50"]).0, 2);
}

#[test]
fn every_flaw_is_a_line_of_a_table() {
    let table =
        sim(&["hunt", "scenarios/hunt/raft-elections.ron", "--flaws", "--seeds", "64"]).output().unwrap();
    let text = String::from_utf8(table.stdout).unwrap();
    assert_eq!(table.status.code(), Some(1), "some take more than that: {text}");
    let lines: Vec<&str> = text.lines().skip(2).collect();
    assert_eq!(lines.len(), 23, "{text}");
    assert!(lines.iter().any(|line| line.starts_with("| DoubleVote | ✔ | 1 | ")), "{text}");
    assert!(lines.iter().any(|line| line.starts_with("| LongLease | ✘ | 64 | ")), "{text}");
    let both = sim(&["hunt", RAFT, "--flaws", "--seeds", "1", "--set", FLAW]).output().unwrap();
    assert_eq!(both.status.code(), Some(2), "a flaw that would be hunted under other names");
}

/// What comes, is applied and goes into a snapshot in one event nobody has seen in a log.
#[test]
fn a_snapshot_for_every_entry_is_no_mistake() {
    let folder = Folder::new("hunt-compact");
    let every = |entries: &str| {
        let set = format!("services.db.with.snapshot={entries}");
        hunted(&[
            "scenarios/hunt/raft-members.ron",
            "--seeds",
            "60",
            "--set",
            &set,
            "--out",
            &folder.path(entries),
        ])
    };
    for entries in ["1", "2", "3"] {
        let (code, text) = every(entries);
        assert_eq!(code, 0, "{text}");
        assert!(!text.contains("never:"), "members changed, and snapshots were sent: {text}");
    }
}

/// A node that heard a majority accept, itself among it before its disk had it, and crashed. It had told nobody.
#[test]
fn what_an_acceptor_knew_before_its_disk_is_not_what_it_learned() {
    let folder = Folder::new("hunt-learned");
    for seed in [17725, 41243, 57516, 87247, 87426] {
        let seeds = format!("{seed}..{}", seed + 1);
        let (code, text) =
            hunted(&["scenarios/hunt/paxos.ron", "--seeds", &seeds, "--out", &folder.path(&seeds)]);
        assert_eq!(code, 0, "{text}");
    }
}

#[test]
fn flaws_are_hunted_in_all_files_by_turns_whatever_the_number_of_threads() {
    let table = |jobs: &str| {
        let files = ["scenarios/hunt/paxos-blinks.ron", "scenarios/hunt/paxos.ron"];
        let args = [&["hunt"], &files[..], &["--flaws", "--seeds", "100", "--jobs", jobs]].concat();
        let output = sim(&args).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        // All columns but the time that it took.
        let cells = |line: &str| {
            line.split(" | ")
                .enumerate()
                .filter(|(at, _)| *at != 4)
                .map(|(_, cell)| cell.to_string())
                .collect()
        };
        text.lines().map(cells).collect::<Vec<Vec<String>>>()
    };
    let one = table("1");
    assert_eq!(one, table("2"));
    let row = |flaw: &str| one.iter().find(|row| row[0].ends_with(flaw)).unwrap();
    assert_eq!(row("ReusedBallot")[1..3], ["✘", "200"], "a hundred seeds of each");
    let any = row("AnyValue");
    assert!(any[1] == "✔" && any[2].parse::<u64>().unwrap() < 200, "{any:?}");
}

#[test]
fn a_hunt_tells_of_the_seeds_that_it_was_asked_for_and_of_no_others() {
    let folder = Folder::new("hunt-asked");
    let out = folder.path("o");
    let ask = |seeds: &str| hunted(&[RAFT, "--seeds", seeds, "--set", FLAW, "--no-shrink", "--out", &out]);
    assert_eq!(ask("100").0, 1);
    let (code, text) = ask("0..5");
    assert!(code == 0 && text.starts_with("raft: 5 seeds\n  ✔ none failed"), "{text}");
    let (_, text) = ask("12..40");
    assert!(text.starts_with("raft: ") && !text.contains("seed 11"), "{text}");
    // Once more, from what is written down.
    assert_eq!(ask("0..5").1.lines().nth(1), Some("  ✔ none failed"));
}

#[test]
fn what_should_come_true_some_time_must_in_some_seed() {
    let folder = Folder::new("hunt-sometimes");
    let set = r#"expect=[Sometimes("log conflict repaired")]"#;
    let hunt = |more: &[&str]| {
        let out = folder.path(&format!("{}", more.len()));
        hunted(&[&[RAFT, "--seeds", "20", "--set", set, "--out", &out], more].concat())
    };
    assert_eq!(hunt(&[]).0, 0);
    let (code, text) = hunt(&["--set", "nemesis=[]"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("✘ sometimes log conflict repaired: in none of 20 seeds"), "{text}");
}

#[test]
fn nothing_but_a_file_of_its_own_is_replaced_by_a_shrunk_one() {
    let folder = Folder::new("hunt-replace");
    let here = folder.path("raft.ron");
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(RAFT), &here).unwrap();
    for out in [here.as_str(), folder.0.to_str().unwrap()] {
        let shrink = sim(&["shrink", &here, "--seed", "11", "--set", FLAW, "--out", out]).output().unwrap();
        assert_eq!(shrink.status.code(), Some(2), "{out}");
    }
    assert!(fs::read_to_string(&here).unwrap().contains("nemesis"));
}

/// Waits at a seed that fails, so that the other threads finish whole chunks beyond it.
struct Slow;
impl Watch for Slow {
    fn tried(&self, outcome: &Outcome) {
        if outcome.failure.is_some() {
            std::thread::sleep(Duration::from_millis(400));
        }
    }
    fn goes_on(&self) -> bool {
        true
    }
}

#[test]
fn what_other_threads_did_beyond_the_failure_does_not_count() {
    let mut registry = Registry::standard();
    registry.add::<Trap>("trap", "it fails");
    let text = r#"(about: "x", seed: 1, until: "200ms", network: (delay: Constant("1ms")), vacuous: Allow,
        services: { "t": (run: "trap", nodes: 2, with: (panics: true, rarely: 40000)) }, expect: [Linearizable])"#;
    let scenario = read("trap.ron", text, &registry).unwrap();
    let hunt = |threads| {
        let terms = Hunt {
            scenario: &scenario,
            seeds: 0..20_000,
            shard: (0, 1),
            keep_going: false,
            events_max: 10_000,
        };
        hunt::hunt(&registry, &terms, threads, &mut Results::default(), &Slow).unwrap()
    };
    let (alone, ended) = hunt(1);
    assert_eq!((ended, alone.failures.len()), (Ended::Failed, 1));
    assert!(alone.seeds < 19_000, "it stopped: {}", alone.seeds);
    assert_eq!(hunt(3).0, alone);
}

/// What fails because chance lost a message is shrunk to a file in which nothing is left to chance: it names the message.
#[test]
fn a_loss_by_chance_is_shrunk_to_a_fault_that_names_the_message() {
    let folder = Folder::new("losses");
    let lossy_links = ("loss: 0.1", "");
    let lossy_nic = ("", r#"faults: [(at: "1s", lasts: "3s", do: Gray(LossyNic, [Node("db-1")]))],"#);
    for (index, (links, faults)) in [lossy_links, lossy_nic].into_iter().enumerate() {
        let text = format!(
            r#"(
    about: "x", seed: 1, until: "6s",
    services: {{ "db": (run: "raft", nodes: 1) }},
    clients: (nodes: 2, of: "db", load: Open(Constant(20.0)), mix: (get: 0.5, put: 0.5), timeout: "300ms", retry: (attempts: 1), start: "1s"),
    network: (delay: Constant("1ms"), {links}), {faults} expect: [Availability(at_least: 1.0)],
)"#
        );
        let (file, shrunk) =
            (folder.file(&format!("{index}.ron"), &text), folder.path(&format!("{index}-small.ron")));
        let shrink = sim(&["shrink", &file, "--seed", "1", "--out", &shrunk]).output().unwrap();
        assert_eq!(shrink.status.code(), Some(1), "{}", String::from_utf8_lossy(&shrink.stderr));
        let text = fs::read_to_string(&shrunk).unwrap();
        let scenario = read("shrunk.ron", &text, &Registry::standard()).unwrap();
        let (default, plain) =
            (&scenario.network.default, LinkPlan::new(scenario.network.default.delay.clone()));
        assert_eq!(*default, plain, "chance has no say: {text}");
        let [TimedFault { fault: Fault::Lose { messages: 1, .. }, .. }] = scenario.faults.as_slice() else {
            panic!("one message is lost: {text}")
        };
        let said = |set: &str| {
            sim(&["run", &shrunk, "--set", set, "--out", &folder.path("out")]).output().unwrap().status.code()
        };
        assert_eq!((said("seed=1"), said("faults=[]")), (Some(1), Some(0)), "{text}");
    }
}

/// A job takes longer than a call waits for it. A hunter that gave jobs no more time than a call would get a smaller file, and one
/// that fails in every world.
#[test]
fn what_is_shrunk_holds_without_its_faults_if_it_did_before() {
    const FILE: &str = r#"(
    about: "x", seed: 1, until: "20s",
    services: {
        "files": (run: "dfs", nodes: 3, with: (chunks: 2, words: 5, replicas: 1, chunk: "1KB")),
        "jobs": (run: "map-reduce", nodes: 3, calls: "files", with: (map: Constant("1s"), reduce: Constant("1s"), per: "1KB", patience: "30s", backups: Never)),
    },
    clients: (
        nodes: 1, of: "jobs", load: Closed(think: "1s"), mix: (chunks: 2, words: 5, reduces: 1), keys: Uniform(1), start: "1s",
        timeout: "1s", deadline: "6s", retry: (attempts: 30, backoff: "10ms"), only: [("client-1", [0])],
    ),
    network: (delay: Constant("1ms")), expect: [Availability(at_least: 1.0)],
    faults: [(at: "1500ms", lasts: "8s", do: Pause([Node("jobs-2"), Node("jobs-3")])), (at: "2s", lasts: "100ms", do: Pause([Node("files-3")]))],
)"#;
    let folder = Folder::new("good-time");
    let (file, shrunk) = (folder.file("file.ron", FILE), folder.path("shrunk.ron"));
    let code = |args: &[&str]| sim(args).output().unwrap().status.code();
    let held = |file: &str, set: &str| code(&["run", file, "--set", set, "--out", &folder.path("out")]);
    assert_eq!((held(&file, "seed=1"), held(&file, "faults=[]")), (Some(1), Some(0)));
    assert_eq!(code(&["shrink", &file, "--seed", "1", "--out", &shrunk]), Some(1));
    let text = fs::read_to_string(&shrunk).unwrap();
    assert_eq!(text.matches("do: ").count(), 1, "{text}");
    assert_eq!((held(&shrunk, "seed=1"), held(&shrunk, "faults=[]")), (Some(1), Some(0)), "{text}");
}
