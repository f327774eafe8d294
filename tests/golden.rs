//! Golden fingerprints through the whole program: the runs of three scenarios never change by accident.
//!
//! `tests/golden.txt` holds them, a line each: scenario, fingerprint, number of events. `sim-core/tests/golden.rs` checks
//! the same lines in a build without the command line, whose dependencies could change how others are compiled.
//! `BLESS=1 cargo test --test golden` writes them anew; a commit that does says which behaviour changed, and why.

use std::{fs, path::Path, process::Command};

const SCENARIOS: [&str; 3] = ["partition", "lossy-network", "wan"];

#[test]
fn the_golden_scenarios_give_their_golden_fingerprints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let line = |name: &str| {
        let file = root.join("scenarios").join(format!("{name}.ron"));
        let mut sim = Command::new(env!("CARGO_BIN_EXE_sim"));
        let output = sim.arg("fingerprint").arg(file).output().expect("sim starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        format!("{name} {}", String::from_utf8_lossy(&output.stdout).trim())
    };
    let found: String = SCENARIOS.map(|name| line(name) + "\n").concat();
    let path = root.join("tests/golden.txt");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &found).expect("the checkout can be written");
    }
    let golden = fs::read_to_string(&path).expect("tests/golden.txt is part of the project");
    assert_eq!(found, golden, "a run changed; if that is wanted: BLESS=1 cargo test --test golden");
}
