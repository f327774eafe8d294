//! The data files of a run, as somebody reads them who has nothing but the files.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test says what went wrong by failing")]

mod folder;

use folder::Folder;
use parquet::{
    file::reader::{FileReader, SerializedFileReader},
    record::Field,
};
use serde_json::Value;
use std::{collections::BTreeMap, fs, path::Path, process::Command};

/// Plays a small world with a cut in it, and returns the folder of what it left.
fn played(name: &str) -> Folder {
    let folder = Folder::new(name);
    let file = folder.file(
        "small.ron",
        r#"(
    about: "a small one",
    seed: 3,
    until: "6s",
    services: { "db": (run: "raft", nodes: 3) },
    clients: (nodes: 3, of: "db", load: Open(Constant(80.0)), start: "500ms", keys: Uniform(5), timeout: "500ms", deadline: "700ms"),
    network: (delay: Constant("1ms"), loss: 0.01),
    faults: [(name: "cut", at: "2s", lasts: "1s", do: Split([[Role("leader"), Node("client-1")], [Rest]]))],
    expect: [Linearizable],
)"#,
    );
    let sim = Command::new(env!("CARGO_BIN_EXE_sim"))
        .args(["run", &file, "--png", "--parquet", "--out", &folder.path("out")])
        .output()
        .unwrap();
    assert_eq!(sim.status.code(), Some(0), "{}", String::from_utf8_lossy(&sim.stdout));
    folder
}

fn read(folder: &Folder, name: &str) -> String {
    fs::read_to_string(folder.0.join("out").join(name)).unwrap()
}

/// First cells of the rows of a table of `DATA.md`, under the heading that starts so.
fn documented(heading: &str) -> Vec<String> {
    let text = include_str!("../reports/DATA.md").split(heading).nth(1).unwrap();
    let part = text.split("\n## ").next().unwrap();
    let rows = part.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| row.split('`').next().unwrap().to_string()).collect()
}

fn operations(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    lines
        .map(|line| {
            names.iter().zip(line.split(',')).map(|(&name, cell)| (name.into(), cell.into())).collect()
        })
        .collect()
}

fn calls(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_operations_add_up_to_the_summary() {
    let folder = played("data-operations");
    let text = read(&folder, "ops.csv");
    assert_eq!(text.lines().next().unwrap(), documented("## `ops.csv`").join(","));
    let (rows, summary) =
        (operations(&text), serde_json::from_str::<Value>(&read(&folder, "summary.json")).unwrap());
    for outcome in ["in_time", "late", "refused", "unknown"] {
        let counted = rows.iter().filter(|row| row["counted"] == "true" && row["outcome"] == outcome);
        assert_eq!(summary["operations"][outcome], counted.count(), "{outcome}");
    }
    assert!(
        rows.iter().any(|row| row["counted"] == "false")
            && rows.iter().any(|row| row["outcome"] == "unknown")
    );
    let latencies = rows.iter().filter_map(|row| row["latency_ns"].parse::<u64>().ok());
    assert_eq!(summary["latency"]["max_ns"], latencies.clone().max().unwrap());
    assert_eq!(summary["latency"]["count"], latencies.count());
    assert!(rows.is_sorted_by_key(|row| row["intended_ns"].parse::<u64>().unwrap()));
}

#[test]
fn the_calls_add_up_to_the_operations() {
    let folder = played("data-calls");
    let (rows, calls) = (operations(&read(&folder, "ops.csv")), calls(&read(&folder, "history.jsonl")));
    let mut keys: Vec<String> = Vec::new();
    for (key, value) in calls.iter().flat_map(|call| call.as_object().unwrap()) {
        let inside = value.as_object().filter(|_| key == "register");
        match inside {
            Some(register) => keys.extend(register.keys().map(|inside| format!("{key}.{inside}"))),
            None => keys.push(key.clone()),
        }
    }
    keys.sort();
    keys.dedup();
    let mut documented = documented("## `history.jsonl`");
    documented.sort();
    assert_eq!(keys, documented);
    for row in &rows {
        let mine = |call: &&Value| {
            call["client"] == row["client"].as_str()
                && call["operation"].as_u64() == row["operation"].parse().ok()
        };
        let mine: Vec<&Value> = calls.iter().filter(mine).collect();
        assert_eq!(mine.len().to_string(), row["calls"], "{row:?}");
        let answered = mine.iter().find(|call| call["outcome"] == "ok");
        let answered = answered.map(|call| call["returned_ns"].to_string()).unwrap_or_default();
        assert_eq!(answered, row["answered_ns"], "{row:?}");
    }
    let refused = calls.iter().filter(|call| call["outcome"] == "refused");
    assert!(refused.clone().all(|call| call.get("register").is_none()), "it did nothing");
    for outcome in ["ok", "refused", "unknown"] {
        assert!(calls.iter().any(|call| call["outcome"] == outcome), "{outcome}");
    }
}

/// What the map says to the calls one after another, in the order of their answers: with one client at a time on a key, the
/// order in which they happened.
#[test]
fn a_history_without_overlaps_can_be_replayed_from_its_texts() {
    let folder = Folder::new("data-replay");
    let file = folder.file(
        "one.ron",
        r#"(
    about: "one client, so that no calls overlap",
    seed: 1,
    until: "4s",
    services: { "db": (run: "raft", nodes: 3) },
    clients: (nodes: 1, of: "db", load: Closed(think: "5ms"), start: "500ms", keys: Uniform(3), mix: (get: 0.4, put: 0.3, cas: 0.3)),
    network: (delay: Constant("1ms")),
    expect: [Linearizable],
)"#,
    );
    let sim =
        Command::new(env!("CARGO_BIN_EXE_sim")).args(["run", &file, "--out", &folder.path("out")]).status();
    assert!(sim.unwrap().success());
    let mut map: BTreeMap<u64, u64> = BTreeMap::new();
    let mut kinds = BTreeMap::<String, u64>::new();
    for call in calls(&read(&folder, "history.jsonl")).iter().filter(|call| call["outcome"] == "ok") {
        let (key, asked) = (call["key"].as_u64().unwrap(), &call["asked"]);
        let before = map.get(&key).copied();
        let answer = if asked["Get"].is_number() {
            serde_json::json!({ "Value": before })
        } else if let Some(put) = asked["Put"].as_array() {
            map.insert(key, put[1].as_u64().unwrap());
            "Done".into()
        } else {
            let cas = asked["Cas"].as_array().unwrap();
            let swaps = before == cas[1].as_u64();
            if swaps {
                map.insert(key, cas[2].as_u64().unwrap());
            }
            serde_json::json!({ "Swapped": swaps })
        };
        assert_eq!(call["answer"], answer, "{call}");
        *kinds.entry(call["kind"].as_str().unwrap().into()).or_default() += 1;
    }
    assert!(kinds.len() == 3 && kinds.values().all(|count| *count > 20), "{kinds:?}");
}

/// What the scenario says of itself: the client hears that its compare-and-set failed, and then reads what it wrote.
#[test]
fn an_answer_that_is_lost_leaves_the_client_with_the_wrong_one() {
    let folder = Folder::new("data-lost-answers");
    let mut sim = Command::new(env!("CARGO_BIN_EXE_sim"));
    sim.args(["run", "scenarios/faults/lost-answers.ron", "--out", &folder.path("out")]);
    assert_eq!(sim.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap().status.code(), Some(0));
    let calls = calls(&read(&folder, "history.jsonl"));
    let unanswered: Vec<&Value> = calls.iter().filter(|call| call["outcome"] == "unknown").collect();
    let operation = &unanswered[0]["operation"];
    assert!(unanswered.len() == 3 && unanswered.iter().all(|call| call["operation"] == *operation));
    let place =
        calls.iter().position(|call| call["operation"] == *operation && call["outcome"] == "ok").unwrap();
    let (told, next) = (&calls[place], &calls[place + 1]);
    assert_eq!(told["answer"], serde_json::json!({ "Swapped": false }));
    assert_eq!(next["answer"], serde_json::json!({ "Value": told["asked"]["Cas"][2] }));
}

#[test]
fn parquet_holds_what_csv_does() {
    let folder = played("data-parquet");
    let file = fs::File::open(folder.0.join("out/ops.parquet")).unwrap();
    let rows: Vec<BTreeMap<String, String>> = SerializedFileReader::new(file)
        .unwrap()
        .get_row_iter(None)
        .unwrap()
        .map(|row| {
            let columns = row.unwrap().into_columns().into_iter();
            let cell = |field| {
                if let Field::Str(text) = field {
                    return text;
                }
                if field == Field::Null { String::new() } else { field.to_string() }
            };
            columns.map(|(name, field)| (name, cell(field))).collect()
        })
        .collect();
    assert_eq!(rows, operations(&read(&folder, "ops.csv")));
}

#[test]
fn pictures_are_written_as_png_too_and_none_is_left_of_an_earlier_run() {
    let folder = played("data-png");
    for name in ["latency", "availability"] {
        let file = folder.0.join("out").join(format!("{name}.png"));
        let bytes = fs::read(&file).unwrap();
        assert!(bytes.starts_with(b"\x89PNG\r\n"), "{name}");
    }
    let again = Command::new(env!("CARGO_BIN_EXE_sim"))
        .args(["run", &folder.path("small.ron"), "--out", &folder.path("out")])
        .output()
        .unwrap();
    assert_eq!(again.status.code(), Some(0));
    for name in ["latency.png", "availability.png", "ops.parquet"] {
        assert!(!folder.0.join("out").join(name).exists(), "{name}");
    }
    assert!(folder.0.join("out/latency.svg").exists());
}

/// Every file below a folder, by its name there.
fn everything(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        match entry.path().is_dir() {
            true => {
                let below = everything(&entry.path()).into_iter();
                all.extend(below.map(|(file, bytes)| (format!("{name}/{file}"), bytes)));
            }
            false => drop(all.insert(name, fs::read(entry.path()).unwrap())),
        }
    }
    all
}

#[test]
fn the_same_run_leaves_the_same_files_in_every_time_zone_language_and_number_of_threads() {
    let folder = Folder::new("data-same");
    let variants = r#"(
    about: "two networks",
    seed: 3,
    until: "4s",
    services: { "db": (run: "raft", nodes: 3) },
    clients: (nodes: 3, of: "db", load: Open(Poisson(80.0)), start: "500ms"),
    network: (delay: Constant("1ms")),
    faults: [(name: "cut", at: "2s", lasts: "1s", do: Isolate([Role("leader")]))],
    expect: [Linearizable],
    variants: { "near": (about: "a millisecond"), "far": (about: "ten", network: (delay: LogNormal(median: "10ms", p99: "30ms"))) },
)"#;
    let places = [
        (
            "here",
            [("TZ", "UTC"), ("LC_ALL", "C"), ("LANG", "C"), ("RAYON_NUM_THREADS", "1"), ("COLUMNS", "80")],
            "1",
        ),
        (
            "there",
            [
                ("TZ", "Pacific/Chatham"),
                ("LC_ALL", "de_DE.UTF-8"),
                ("LANG", "ar_EG.UTF-8"),
                ("RAYON_NUM_THREADS", "3"),
                ("COLUMNS", "200"),
            ],
            "3",
        ),
    ];
    let left = places.map(|(place, environment, jobs)| {
        let cwd = folder.0.join(place);
        fs::create_dir_all(cwd.join("home")).unwrap();
        fs::write(cwd.join("small.ron"), variants).unwrap();
        let run = |args: &[&str]| {
            let mut sim = Command::new(env!("CARGO_BIN_EXE_sim"));
            // No fonts, no settings, nothing of whoever tests this.
            sim.current_dir(&cwd).env_clear().envs(environment).env("HOME", cwd.join("home"));
            let output = sim.args(args).output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
            String::from_utf8(output.stdout).unwrap()
        };
        let said = run(&["run", "small.ron", "--png", "--parquet", "--trace", "--out", "out"]);
        let sweep = ["--set", "clients.nodes=2,4", "--seeds", "3", "--jobs", jobs, "--png", "--out", "swept"];
        run(&[&["sweep", "small.ron"][..], &sweep].concat());
        (said, everything(&cwd))
    });
    let [(said, here), (also, there)] = &left;
    assert_eq!(said, also);
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(here), names(there));
    for ending in [".html", ".json", ".csv", ".svg", ".png", ".parquet", ".jsonl", ".ron"] {
        assert!(here.keys().any(|name| name.ends_with(ending)), "no {ending} in {:?}", names(here));
    }
    let differ: Vec<&String> = here.keys().filter(|name| here[*name] != there[*name]).collect();
    assert!(differ.is_empty(), "{differ:?}");
}
