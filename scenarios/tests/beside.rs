//! Services that share machines: where their nodes stand in the plan, and that such a plan is written and played again. And
//! services that work on what another one has.

use scenarios::{Registry, format::Scenario, plan::Plan, play, read::read, write::write};
use sim_core::protocol::NodeId;

/// Three machines in two zones that a store brings, two of them with another store beside; then one with machines of its
/// own, and clients.
const TEXT: &str = r#"(about: "x", seed: 1, until: "5s",
    services: {
        "files": (run: "quorum-store", nodes: 3, nic: (up: (rate: "1MB/s")), zones: ["a", "b"]),
        "guests": (run: "quorum-store", nodes: 2, beside: "files"),
        "others": (run: "quorum-store", nodes: 1, zones: ["b"]),
    },
    clients: (nodes: 1, of: "guests", load: Open(Constant(20.0)), start: "500ms", zones: ["a"]),
    topology: (regions: { "us-east-1": ["a", "b"] }, zones: "2ms", hosts: "200us", jitter: 0.0),
    network: (delay: Constant("1ms")), expect: [Linearizable])"#;

fn scenario(text: &str) -> Scenario {
    read("test.ron", text, &Registry::standard()).unwrap_or_else(|found| panic!("{found}"))
}

#[test]
fn guests_stand_where_their_hosts_stand() {
    let plan = Plan::new(&scenario(TEXT), 1).core;
    // Files 0 to 2, guests 3 and 4, another 5, the client 6.
    assert_eq!(plan.network.machines, [0, 1, 2, 0, 1, 5, 6].map(NodeId));
    let zones: Vec<(&str, Vec<u32>)> = plan
        .zones
        .iter()
        .map(|zone| (zone.name.as_str(), zone.nodes.iter().map(|node| node.0).collect()))
        .collect();
    assert_eq!(zones, [("a", vec![0, 2, 3, 6]), ("b", vec![1, 4, 5])]);
    let limited: Vec<bool> = plan.network.nics.iter().map(|nic| nic.up.is_some()).collect();
    assert_eq!(limited, [true, true, true, true, true, false, false]);
    // Where nobody shares a machine nothing is said of machines.
    let apart = TEXT.replace(r#"beside: "files""#, r#"zones: ["a", "b"]"#);
    assert_eq!(Plan::new(&scenario(&apart), 1).core.network.machines, []);
}

#[test]
fn whom_they_are_beside_is_written_down_and_gives_the_same_run() {
    let registry = Registry::standard();
    let run = |scenario: &Scenario| {
        let plan = Plan::new(scenario, 1);
        let run =
            play::run(&registry, &plan, play::Detail::Results, &mut |_, _, _| {}).expect("it can be built");
        (run.fingerprint, write(&plan.resolved(&run, &registry)))
    };
    let (fingerprint, written) = run(&scenario(TEXT));
    assert!(written.contains(r#"beside: "files""#), "{written}");
    assert_eq!(run(&scenario(&written)).0, fingerprint);
}

#[test]
fn jobs_are_for_texts_that_are_there() {
    const JOBS: &str = r#"(about: "x", seed: 1, until: "5s",
    services: {
        "files": (run: "dfs", nodes: 4, with: (texts: 2, chunks: 8, words: 10)),
        "jobs": (run: "map-reduce", nodes: 4, calls: "files"),
    },
    clients: (nodes: 1, of: "jobs", load: Closed(think: "1s"), keys: Uniform(2), mix: (chunks: 8, words: 10), start: "500ms"),
    network: (delay: Constant("1ms")), expect: [Linearizable])"#;
    let refused = |from: &str, to: &str| {
        assert!(JOBS.contains(from), "{from}");
        let text = JOBS.replace(from, to);
        read("test.ron", &text, &Registry::standard()).expect_err("no such texts").to_string()
    };
    scenario(JOBS);
    for (to, what) in [
        ("mix: (chunks: 9, words: 10)", "9 chunks of 10 words"),
        ("mix: (chunks: 8)", "8 chunks of 20 words"),
    ] {
        let message = refused("mix: (chunks: 8, words: 10)", to);
        for part in [
            what,
            "`files` has texts of 8 chunks of 10 words each",
            "test.ron:6",
            "write `chunks: 8, words: 10` here",
        ] {
            assert!(message.contains(part), "{part}: {message}");
        }
    }
    let message = refused("Uniform(2)", "Uniform(3)");
    for part in ["3 keys stand for as many texts", "`files` has 2", "write `Uniform(2)`, or `texts: 3` there"]
    {
        assert!(message.contains(part), "{part}: {message}");
    }
}
