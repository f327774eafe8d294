//! The golden fingerprints of `tests/golden.txt`, in a build that holds the engine, the protocols and the reader of
//! scenarios and nothing else: neither charts nor command line, whose dependencies switch on features of shared crates.

use scenarios::{Registry, plan::Plan, play, read};
use std::{fs, path::Path};

#[test]
fn the_golden_scenarios_give_their_golden_fingerprints_without_the_command_line_too() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let golden =
        fs::read_to_string(root.join("tests/golden.txt")).expect("tests/golden.txt is part of the project");
    let registry = Registry::standard();
    let mut lines = 0;
    for line in golden.lines() {
        let name = line.split(' ').next().expect("a line begins with a scenario's name");
        let file = root.join("scenarios").join(format!("{name}.ron"));
        let text = fs::read_to_string(&file).expect("the scenario is part of the project");
        let scenario = read::read(name, &text, &registry).expect("it reads");
        let plan = Plan::new(&scenario, scenario.seed);
        let here =
            |plan| play::run(&registry, plan, play::Detail::Results, &mut |_, _, _| {}).expect("it runs");
        let (first, second) = (here(&plan), here(&plan));
        assert_eq!(first.fingerprint, second.fingerprint, "twice in a process");
        assert_eq!(format!("{name} {:016x} {}", first.fingerprint, first.events), line);
        lines += 1;
    }
    assert_eq!(lines, 3);
}
