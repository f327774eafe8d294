//! `Reached` and `Times`: when something first came true and how often, and what is said of bounds that make no sense.

use scenarios::{Registry, plan::Plan, play, read::read};
use sim_core::judged::Status;

/// Votes are asked for after 10 ms and take a round trip of 2 ms; the decision takes another millisecond to all.
fn file(expect: &str) -> String {
    format!(
        r#"(
    about: "A transaction.",
    seed: 1,
    until: "1s",
    services: {{ "bank": (run: "two-phase-commit", nodes: 3, with: (work: "10ms", patience: "500ms")) }},
    network: (delay: Constant("1ms")),
    expect: [{expect}],
)"#
    )
}

fn found(expect: &str) -> (Status, String, String) {
    let registry = Registry::standard();
    let text = file(expect);
    let scenario = read("file", &text, &registry).expect("it reads");
    let plan = Plan::new(&scenario, 1);
    let run = play::run(&registry, &plan, play::Detail::Results, &mut |_, _, _| {}).expect("it runs");
    let origin = play::Origin { file: "file", name: "file", text: &text, command: String::new() };
    let verdict = play::judge(&registry, &plan, run, origin).verdicts.remove(0);
    (verdict.status, verdict.expectation, verdict.finding)
}

fn problem(expect: &str) -> String {
    read("file", &file(expect), &Registry::standard()).expect_err("refused").render(false).to_string()
}

#[test]
fn the_moment_at_which_something_first_came_true_is_held_against_both_bounds() {
    let both = r#"Reached(what: "all committed", within: "13ms", not_before: "13ms")"#;
    let phrase = "all committed not before 13ms and within 13ms";
    assert_eq!(found(both), (Status::Held, phrase.into(), "13ms".into()));
    let status = |bounds: &str| found(&format!(r#"Reached(what: "all committed", {bounds})"#)).0;
    assert_eq!(status(r#"within: "12ms""#), Status::Failed);
    assert_eq!(status(r#"not_before: "14ms""#), Status::Failed);
    assert_eq!(status(r#"not_before: "12ms""#), Status::Held);
    let never = r#"Reached(what: "all aborted", not_before: "1ms")"#;
    assert_eq!(
        found(never),
        (Status::Failed, "all aborted not before 1ms".into(), "it never happened".into())
    );
}

#[test]
fn how_often_something_came_true_is_held_against_both_bounds() {
    let once = r#"Times(what: "all committed", at_least: 1, at_most: 1)"#;
    let phrase = "all committed exactly once";
    assert_eq!(found(once), (Status::Held, phrase.into(), "once".into()));
    let status = |what: &str| found(&format!("Times(what: {what})")).0;
    assert_eq!(status(r#""all committed", at_least: 2"#), Status::Failed);
    assert_eq!(status(r#""all committed", at_most: 0"#), Status::Failed);
    // Never is a number of times.
    assert_eq!(status(r#""all aborted", at_most: 3"#), Status::Held);
    assert_eq!(status(r#""all aborted", at_least: 1"#), Status::Failed);
    assert!(problem(r#"Times(what: "all committed")"#).contains("at_least"));
    assert!(problem(r#"Times(what: "all comitted", at_most: 1)"#).contains("all committed"));
    assert!(problem(r#"Times(what: "all committed", at_least: 2, at_most: 1)"#).contains("at_most"));
}

#[test]
fn bounds_that_cannot_be_met_are_refused() {
    assert!(problem(r#"Reached(what: "all committed")"#).contains("this does not say when"));
    let crossed = problem(r#"Reached(what: "all committed", within: "1ms", not_before: "2ms")"#);
    assert!(crossed.contains("nothing comes true within 1ms and not before 2ms"), "{crossed}");
    assert!(problem(r#"Reached(what: "all committed", within: "2s")"#).contains("the run is over after 1s"));
    assert!(
        problem(r#"Reached(what: "all committed", within: "0s")"#).contains("longer than no time at all")
    );
    assert!(problem(r#"Reached(what: "atomicity", within: "1ms")"#).contains("Always"));
    assert!(problem(r#"Reached(what: "all comitted", within: "1ms")"#).contains("all committed"));
}
