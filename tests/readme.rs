//! What the README shows of the program is what the program says.
//!
//! `BLESS=1 cargo test --test readme` writes it anew.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test says what went wrong by failing")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What stands before and after the table, and before and after the sample.
const VOCABULARY: (&str, &str) = (
    "<!-- vocabulary: `sim list faults --markdown`, renewed by `BLESS=1 cargo test --test readme` -->\n",
    "<!-- end of vocabulary -->\n",
);
const SAMPLE: (&str, &str) =
    ("The first plays the main demonstration and prints this:\n\n```text\n", "```\n");

fn sim(args: &[&str]) -> String {
    let mut sim = Command::new(env!("CARGO_BIN_EXE_sim"));
    let output = sim.args(args).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The README with `said` between two marks.
fn with(readme: &str, (begin, end): (&str, &str), said: &str) -> String {
    let (before, rest) = readme.split_once(begin).expect("the README has the mark where this begins");
    let (_, after) = rest.split_once(end).expect("the README has the mark where this ends");
    [before, begin, said, end, after].concat()
}

#[test]
fn the_readme_shows_what_the_program_says() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("readme-{}", std::process::id()));
    let out = folder.display().to_string();
    let sample = sim(&["run", "scenarios/partition.ron", "--out", &out]).replace(&out, "sim-out/partition/7");
    let _ = fs::remove_dir_all(&folder);
    let vocabulary = format!("\n{}\n", sim(&["list", "faults", "--markdown"]));

    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let wanted = with(&with(&readme, SAMPLE, &sample), VOCABULARY, &vocabulary);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &wanted).unwrap();
    }
    let readme = fs::read_to_string(&path).unwrap();
    let differs = readme.lines().zip(wanted.lines()).find(|(shown, said)| shown != said);
    assert!(readme == wanted, "{differs:?}; if that is wanted: BLESS=1 cargo test --test readme");
}
