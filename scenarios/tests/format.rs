//! What is said about scenario files that are wrong.
//!
//! Each file `format/*.txt` holds cases: a heading, what to change in `format/base.ron`, and every word of the answer.
//!
//! ```text
//! == unknown key
//! - nodes: 10
//! + node: 10
//!
//! error: `clients` has no key `node`
//! ```
//!
//! `-` and `+` lines replace the first text by the second, where `\n` is a line break; a `+` line alone is the whole
//! file. A `$` line is an argument of `--set`. A case that reads well answers with the lines that are not as in
//! `base.ron`. `BLESS=1 cargo test -p scenarios` writes down the answers as they are now.

mod common;

use common::{BASE, Zoo, base};
use scenarios::{
    expand::expand,
    format::{FILE_MAX, When},
    read::{self, read},
    set::{read_set, set},
};
use sim_core::time::Time;
use std::{fs, path::PathBuf};

/// Replays the cases of one file.
fn check(name: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/format").join(name);
    let before = fs::read_to_string(&path).expect("the file of cases is there");
    let mut cases = before.split("\n== ");
    let head = cases.next().unwrap_or_default().trim_end().to_owned() + "\n";
    common::golden(name, &cases.fold(head, |text, case| text + &answered(case)));
}

fn answered(case: &str) -> String {
    let mut text = base();
    let (mut removed, mut sets, mut question) = (None, Vec::new(), String::new());
    for (index, line) in case.lines().enumerate() {
        let unescaped = line.get(2..).unwrap_or("").replace("\\n", "\n");
        if line.starts_with("- ") {
            assert!(text.contains(&unescaped), "not in the base file: {line}");
            removed = Some(unescaped);
        } else if line.starts_with("+ ") || line == "+" {
            text = match removed.take() {
                Some(old) => text.replacen(&old, &unescaped, 1),
                None => unescaped,
            };
        } else if let Some(argument) = line.strip_prefix("$ ") {
            sets.push(argument.to_owned());
        } else if index > 0 {
            break;
        }
        question += line;
        question += "\n";
    }
    let sets: Vec<&str> = sets.iter().map(String::as_str).collect();
    let answer = match read_set("test.ron", &text, &sets, &Zoo) {
        Ok((_, edited)) => {
            let changed = edited.lines().filter(|line| !BASE.lines().any(|old| old == *line));
            format!("reads well\n{}", changed.map(|line| format!("{}\n", line.trim())).collect::<String>())
        }
        Err(diagnostics) => diagnostics.to_string(),
    };
    let answer: Vec<&str> = answer.trim_end().lines().map(str::trim_end).collect();
    format!("\n== {question}\n{}\n", answer.join("\n"))
}

#[test]
fn mistakes_in_the_text() {
    check("text.txt");
}

#[test]
fn mistakes_in_the_shape_of_values() {
    check("shape.txt");
}

#[test]
fn mistakes_in_services_clients_and_the_network() {
    check("world.txt");
}

#[test]
fn mistakes_in_faults() {
    check("faults.txt");
}

#[test]
fn mistakes_in_moments_and_harm() {
    check("harm.txt");
}

#[test]
fn mistakes_in_generators_of_faults() {
    check("nemesis.txt");
}

#[test]
fn mistakes_in_hosts_links_and_places() {
    check("links.txt");
}

#[test]
fn mistakes_in_expectations() {
    check("expect.txt");
}

#[test]
fn mistakes_in_what_is_explored() {
    check("explore.txt");
}

#[test]
fn several_mistakes_at_once() {
    check("several.txt");
}

#[test]
fn values_from_the_command_line() {
    check("set.txt");
}

#[test]
fn the_base_file_reads_well() {
    let scenario = read("base.ron", BASE, &Zoo).unwrap_or_else(|found| panic!("{found}"));
    assert_eq!(
        scenario.about,
        "The leader is cut off together with one follower. Nothing that was acknowledged is lost."
    );
    let names: Vec<&str> = scenario.faults.iter().map(|fault| fault.name.as_str()).collect();
    assert_eq!(names, ["split", "again", "one-way cut", "heal"]);
    let strikes: Vec<When> = expand(&scenario, 7).into_iter().map(|fault| fault.when).collect();
    assert_eq!(strikes, [20, 25, 41, 45].map(|second| When::At(Time(second * 1_000_000_000))));
}

#[test]
fn a_file_that_is_no_text_or_too_large_is_refused() {
    let found = read::text("core", b"(\nabout: \"\xff\")").expect_err("not UTF-8");
    assert_eq!(found.to_string(), "error: line 2 is not UTF-8 text: is this a scenario file?\n--> core");
    let large = vec![b' '; FILE_MAX + 1];
    let found = read::text("disk.img", &large).expect_err("too large").to_string();
    assert!(found.contains("16777217 bytes"), "{found}");
    let found = read("disk.img", std::str::from_utf8(&large).unwrap(), &Zoo).expect_err("too large");
    assert_eq!(found.len(), 1);
}

#[test]
fn at_most_twenty_mistakes_are_shown_and_all_are_counted() {
    let text = base().replace("faults: [", &format!("faults: [{}", "(at: 5, do: Heal),".repeat(300)));
    let found = read("many.ron", &text, &Zoo).expect_err("300 mistakes");
    assert_eq!(found.len(), 300);
    let shown = found.to_string();
    assert_eq!(shown.matches("error:").count(), 20);
    assert!(shown.ends_with("and 280 more"), "{shown}");
}

#[test]
fn colours_only_on_request() {
    let found = read("x.ron", "(", &Zoo).expect_err("unclosed");
    assert!(!found.render(false).contains('\u{1b}'));
    assert!(found.render(true).contains('\u{1b}'));
}

#[test]
fn setting_a_value_leaves_the_rest_of_the_text_alone() {
    let text = set(BASE, "services.db.nodes", "3").unwrap();
    assert_eq!(text, BASE.replacen("nodes: 5", "nodes: 3", 1));
}
