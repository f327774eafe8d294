//! What clients are told of registers, from the file to the verdict: who keeps what, who does not, and when there is
//! nothing to say.

use scenarios::{
    Registry,
    plan::Plan,
    play::{self, Origin},
    read::read,
};
use sim_core::{
    judged::{Status, Verdict},
    run::{Operation, Run},
    time::{Time, Units},
};

/// Three servers for twenty seconds, the last six of them calm; half of the load are writes, for twelve seconds.
fn text(service: &str, clients: &str, expect: &str) -> String {
    format!(
        r#"(about: "x", seed: 1, until: "20s", calm: "6s",
            services: {{ "db": ({service}, nodes: 3, disk: (sync: Uniform("500us", "1ms"))) }},
            clients: (nodes: 6, of: "db", load: Open(Poisson(100.0)), keys: Uniform(10), start: "1s", deadline: "2s",
                {clients}),
            network: (delay: Uniform("1ms", "4ms")),
            faults: [(name: "cut", at: "5s", lasts: "5s", do: Split({CUT}))],
            expect: [{expect}])"#
    )
}

fn run(service: &str, clients: &str, expect: &str, seed: u64) -> (Registry, Plan, Run) {
    let registry = Registry::standard();
    let scenario = read("test.ron", &text(service, clients, expect), &registry);
    let plan = Plan::new(&scenario.unwrap_or_else(|found| panic!("{found}")), seed);
    let run = play::run(&registry, &plan, play::Detail::Results, &mut |_, _, _| {})
        .expect("the world can be built");
    (registry, plan, run)
}

fn verdicts(service: &str, clients: &str, expect: &str, seed: u64) -> Vec<Verdict> {
    let (registry, plan, run) = run(service, clients, expect, seed);
    let origin = Origin { file: "test.ron", name: "test", text: "", command: String::new() };
    play::judge(&registry, &plan, run, origin).verdicts
}

/// Clients stand on neither side.
const CUT: &str = r#"[[Node("db-1"), Node("db-2")], [Node("db-3")]]"#;
const WRITES: &str = r#"writes_until: "12s""#;
const SPREAD: &str = r#"route: Spread, writes_until: "12s""#;
const ALL: &str = "Sessions([ReadYourWrites, MonotonicReads, MonotonicWrites, WritesFollowReads])";

/// What the first expectations came to.
fn statuses(service: &str, clients: &str, expect: &[&str], seed: u64) -> Vec<Status> {
    let found = verdicts(service, clients, &expect.join(", "), seed);
    found.iter().take(expect.len()).map(|verdict| verdict.status).collect()
}

#[test]
fn what_agrees_on_every_write_shows_no_anomaly_for_any_seed() {
    let expect = ["Linearizable", r#"Staleness(at_most: "0s")"#, ALL, r#"NoLostWrites(within: "1s")"#];
    for service in [r#"run: "raft""#, r#"run: "quorum-store""#, r#"run: "primary-backup""#] {
        for seed in 0..6 {
            assert_eq!(statuses(service, SPREAD, &expect, seed), [Status::Held; 4], "{service} {seed}");
        }
    }
}

/// Any server may be asked, and each asks others: all tell the same.
#[test]
fn servers_that_ask_a_majority_tell_the_same() {
    let expect = [r#"Converges(within: "1s")"#];
    assert_eq!(statuses(r#"run: "quorum-store""#, SPREAD, &expect, 1), [Status::Held]);
}

/// ISO3: reads of one copy and writes of one copy (R = W = 1) break what a session is promised, and so do the reads of
/// backups. Whatever is broken in a run, its opposite is expected of it.
#[test]
fn reads_of_any_copy_break_session_guarantees() {
    let one = r#"run: "quorum-store", with: (read: 1, write: 1, reads: Plain, versions: Clock)"#;
    let backups = r#"run: "primary-backup", with: (reads: Any)"#;
    for service in [one, backups] {
        for guarantee in ["ReadYourWrites", "MonotonicReads"] {
            let expect = [format!("Sessions([{guarantee}])"), format!("Violates(Sessions([{guarantee}]))")];
            // One cannot expect both in one file.
            let kept = verdicts(service, SPREAD, &expect[0], 1).swap_remove(0);
            let broken = verdicts(service, SPREAD, &expect[1], 1).swap_remove(0);
            assert_eq!((kept.status, broken.status), (Status::Failed, Status::Held), "{service}: {kept:?}");
            assert_eq!(kept.evidence, broken.evidence);
            assert!(kept.evidence[1].contains("Put") || kept.evidence[1].contains("Get"), "{kept:?}");
        }
    }
}

#[test]
fn leaders_that_resolve_conflicts_lose_writes_and_agree_in_the_end() {
    let service = r#"run: "multi-leader", with: (conflicts: HighestWins)"#;
    let expect =
        [r#"NoLostWrites(within: "1s")"#, r#"Converges(within: "1s")"#, r#"StaleReads(at_most: 0.0)"#];
    let found = verdicts(service, r#"writes_until: "9s""#, &expect.join(", "), 1);
    let statuses: Vec<Status> = found.iter().take(3).map(|verdict| verdict.status).collect();
    assert_eq!(statuses, [Status::Failed, Status::Held, Status::Failed], "{found:?}");
    assert!(found[0].finding.contains("is taken for the newer"), "{}", found[0].finding);
    assert!(found[0].evidence[1].contains("Put") && found[0].evidence[2].contains("Get"), "{:?}", found[0]);
}

/// Without anti-entropy nobody hears later what was said while a cut was in the way.
#[test]
fn copies_that_nobody_evens_out_stay_apart() {
    let service = r#"run: "quorum-store", with: (read: 1, write: 1, reads: Plain, versions: Clock)"#;
    let found = verdicts(service, r#"route: Spread, writes_until: "9s""#, r#"Converges(within: "1s")"#, 1);
    assert_eq!(found[0].status, Status::Failed, "{:?}", found[0]);
    assert!(found[0].evidence[0].contains("the last answers of two servers"), "{:?}", found[0]);
}

#[test]
fn nothing_to_judge_is_no_pass() {
    let expect = [
        r#"Staleness(at_most: "1s")"#,
        "StaleReads(at_most: 0.5)",
        ALL,
        r#"NoLostWrites(within: "1s")"#,
        r#"Violates(Converges(within: "1s"))"#,
    ];
    let found = verdicts(r#"run: "raft""#, "mix: (put: 1.0)", &expect.join(", "), 1);
    for verdict in found.iter().take(5) {
        assert_eq!(verdict.status, Status::Vacuous, "{verdict:?}");
    }
    // Only the leader answers, so there are no two servers to compare.
    let expect = [r#"Converges(within: "1s")"#];
    assert_eq!(statuses(r#"run: "raft""#, WRITES, &expect, 1), [Status::Vacuous]);
    // Without `writes_until`, keys are hardly ever at rest.
    assert_eq!(
        statuses(r#"run: "raft""#, "timeout: \"1s\"", &[r#"NoLostWrites(within: "5900ms")"#], 1),
        [Status::Vacuous]
    );
}

#[test]
fn a_part_of_the_reads_can_be_meant() {
    let backups = r#"run: "primary-backup", with: (reads: Any)"#;
    let expect = [
        r#"Staleness(at_least: "2s", during: "cut")"#,
        r#"Staleness(at_least: "2s", clients: ["client-2"])"#,
        r#"Staleness(at_most: "4900ms", at_least: "3s")"#,
        r#"Staleness(percentile: 50.0, at_most: "0s")"#,
    ];
    let found = verdicts(backups, SPREAD, &expect.join(", "), 1);
    let statuses: Vec<Status> = found.iter().take(4).map(|verdict| verdict.status).collect();
    assert_eq!(statuses[0], Status::Held, "{:?}", found[0]);
    assert_eq!(statuses[3], Status::Held, "{:?}", found[3]);
    assert_eq!(found[0].expectation, "staleness during cut at least 2s");
    assert_eq!(found[1].expectation, "staleness of client-2 at least 2s");
    assert_eq!(found[2].expectation, "staleness at least 3s and at most 4.9s");
    let of = |index: usize| found[index].finding.split(" of ").nth(1).map(str::to_owned);
    assert_ne!(of(0), of(2), "the cut lasts a quarter of the run");
    assert_ne!(of(1), of(2));
}

/// Clients go on reading, and what they did before is not another for it.
#[test]
fn nothing_is_written_from_the_moment_on_that_the_file_names() {
    let operations =
        |clients: &str| run(r#"run: "raft""#, clients, "Linearizable", 1).2.histories[0].operations();
    let (all, fewer) = (operations("timeout: \"1s\""), operations(WRITES));
    let end = Time::ZERO + 12.s();
    let before = |all: &[Operation]| {
        all.iter()
            .filter(|o| o.intended < end)
            .map(|o| (o.client, o.number, o.kind, o.key, o.intended))
            .collect::<Vec<_>>()
    };
    assert_eq!(before(&all), before(&fewer));
    let after =
        |all: &[Operation], kind: &str| all.iter().filter(|o| o.intended >= end && o.kind == kind).count();
    assert!(after(&all, "put") > 300);
    assert_eq!(after(&fewer, "put"), 0);
    assert_eq!(after(&fewer, "get"), after(&all, "get"));
    assert!(after(&fewer, "get") > 300);
    // One at a time, and the next one follows as if it had taken no time.
    let closed = r#"load: Closed(think: "20ms"), writes_until: "12s""#;
    let text = text(r#"run: "raft""#, closed, "Linearizable").replacen("load: Open(Poisson(100.0)), ", "", 1);
    let registry = Registry::standard();
    let scenario = read("test.ron", &text, &registry).unwrap_or_else(|found| panic!("{found}"));
    let run = play::run(&registry, &Plan::new(&scenario, 1), play::Detail::Results, &mut |_, _, _| {})
        .expect("it can be built");
    let closed = run.histories[0].operations();
    assert!(after(&closed, "get") > 300);
    assert_eq!(after(&closed, "put"), 0);
}
