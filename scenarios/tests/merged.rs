//! `NoLostWrites` and `Converges` of counters and sets: what clients were told of them in the end.

use scenarios::{Registry, plan::Plan, play, read::read};
use sim_core::judged::{Status, Verdict};

/// Four replicas under a cut, which must be over before anything is judged.
fn verdicts(with: &str) -> [Verdict; 2] {
    let text = format!(
        r#"(
    about: "Counters and sets.",
    seed: 1,
    until: "12s",
    services: {{ "db": (run: "crdt", nodes: 4, with: (gossip: "50ms"{with})) }},
    clients: (
        nodes: 4, of: "db", load: Open(Poisson(200.0)), mix: (counters: 1.0, sets: 1.0, registers: 0.0), keys: Uniform(4),
        route: Spread, start: "500ms", writes_until: "9s",
    ),
    network: (delay: Uniform("1ms", "5ms"), links: [(from: "db", to: "db", duplicate: 0.2)]),
    faults: [(name: "cut", at: "2s", lasts: "4s", do: Halves([Service("db")]))],
    calm: "3s",
    expect: [NoLostWrites(within: "1s"), Converges(within: "1s")],
)"#
    );
    let registry = Registry::standard();
    let scenario = read("file", &text, &registry).expect("it reads");
    let plan = Plan::new(&scenario, 1);
    let run = play::run(&registry, &plan, play::Detail::Results, &mut |_, _, _| {}).expect("it runs");
    let origin = play::Origin { file: "file", name: "file", text: &text, command: String::new() };
    let mut verdicts = play::judge(&registry, &plan, run, origin).verdicts.into_iter();
    [0, 1].map(|_| verdicts.next().expect("there are two"))
}

#[test]
fn every_acknowledged_update_is_there_once_and_everywhere() {
    let [kept, agree] = verdicts("");
    assert_eq!((kept.status, agree.status), (Status::Held, Status::Held), "{kept:?} {agree:?}");
    assert!(kept.finding.contains("counters and elements of sets are accounted for"), "{}", kept.finding);
    assert!(agree.finding.starts_with("servers agree on all of"), "{}", agree.finding);
}

#[test]
fn what_counts_twice_and_what_is_forgotten_shows() {
    let [kept, _] = verdicts(", flaw: SummedMerge");
    assert_eq!(kept.status, Status::Failed);
    assert!(kept.finding.contains("do not show what was done to them"), "{}", kept.finding);
    assert!(kept.evidence[0].contains("counted, and a later read"), "{:?}", kept.evidence);
    let [kept, _] = verdicts(", flaw: ReusedTag");
    assert_eq!(kept.status, Status::Failed);
    assert!(
        kept.evidence.iter().any(|line| line.contains("when every removal had been answered")),
        "{:?}",
        kept.evidence
    );
}
