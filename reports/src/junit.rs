//! JUnit XML, which CI servers show as tests: a verdict is a test, and so is a metric that was compared.
//!
//! No times are given: a simulated one would be taken for one that somebody waited.

use crate::{
    regression::{Found, Regression, Row},
    regression_text::absent,
    words::clean,
};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use sim_core::judged::{Judged, Status, Verdict};

/// The verdicts of runs as JUnit XML: a suite for each run, a test for each expectation. One that has nothing to judge, and one that
/// is undecided, is no pass: the first is a failure and the second an error.
#[derive(Debug)]
pub struct Verdicts(Report);

impl Default for Verdicts {
    fn default() -> Verdicts {
        Verdicts(Report::new("sim run"))
    }
}

impl Verdicts {
    /// Adds a run.
    pub fn add(&mut self, judged: &Judged) {
        let provenance = &judged.provenance;
        let mut suite = TestSuite::new(clean(&format!("{}, seed {}", provenance.scenario, judged.run.seed)));
        let fingerprint = format!("{:016x}", judged.run.fingerprint);
        suite.add_property(("fingerprint", &*fingerprint));
        suite.add_property(("again", &*clean(&provenance.command)));
        for verdict in &judged.verdicts {
            suite.add_test_case(case(
                &provenance.scenario,
                &verdict.expectation,
                of_verdict(verdict, judged),
            ));
        }
        self.0.add_test_suite(suite);
    }

    /// All of it as XML.
    pub fn xml(&self) -> String {
        xml(&self.0)
    }
}

fn of_verdict(verdict: &Verdict, judged: &Judged) -> TestCaseStatus {
    let kind = match verdict.status {
        Status::Held => return TestCaseStatus::success(),
        Status::Failed | Status::Vacuous => NonSuccessKind::Failure,
        Status::Undecided => NonSuccessKind::Error,
    };
    let again = format!("again: {}", judged.provenance.command);
    let lines: Vec<String> = verdict.evidence.iter().chain([&again]).map(|line| clean(line)).collect();
    not_passed(kind, verdict.status.word(), &verdict.finding, &lines.join("\n"))
}

/// A comparison with earlier results as JUnit XML: a suite for each scenario, a test for each metric and expectation.
pub fn regression_junit(regression: &Regression) -> String {
    let mut report = Report::new("sim compare");
    for scenario in &regression.scenarios {
        let mut suite = TestSuite::new(clean(&scenario.name));
        for row in &scenario.rows {
            suite.add_test_case(case(&scenario.name, &row.subject, of_row(row)));
        }
        report.add_test_suite(suite);
    }
    for (name, why, _) in absent(regression).filter(|(.., found)| *found == Found::Worse) {
        let mut suite = TestSuite::new(clean(name));
        suite.add_test_case(case(name, "is run", not_passed(NonSuccessKind::Failure, "gone", why, "")));
        report.add_test_suite(suite);
    }
    xml(&report)
}

fn of_row(row: &Row) -> TestCaseStatus {
    if row.found != Found::Worse {
        return TestCaseStatus::success();
    }
    let message = format!("{} → {}  {}", row.baseline, row.current, row.change);
    not_passed(NonSuccessKind::Failure, row.found.word(), message.trim_end(), "")
}

fn not_passed(kind: NonSuccessKind, word: &str, message: &str, description: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(word).set_message(clean(message));
    if !description.is_empty() {
        status.set_description(description);
    }
    status
}

fn case(class: &str, name: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(clean(name), status);
    case.set_classname(clean(class));
    case
}

fn xml(report: &Report) -> String {
    report.to_string().expect("writing to a string does not fail")
}
