//! Verdicts in words and signs, and their part of the terminal summary.

use crate::{
    paint::Ink,
    text::{Page, WIDTH},
    words::{clean, columns, count, counted, fit, wrap},
};
use sim_core::judged::{Judged, Status, Verdict};

const VERDICTS_MAX: usize = 10;
const EVIDENCE_MAX: usize = 8;
const EVIDENCE_EACH: usize = 5;

/// The sign of a verdict, so that nothing rests on colour alone.
pub fn sign(status: Status) -> &'static str {
    match status {
        Status::Held => "✔",
        Status::Undecided => "?",
        Status::Vacuous => "∅",
        Status::Failed => "✘",
    }
}

/// What the run came to, in one sentence.
pub(crate) fn headline(judged: &Judged) -> String {
    let all = judged.verdicts.len() as u64;
    let of = |status| judged.verdicts.iter().filter(|v| v.status == status).count() as u64;
    let bad = [
        (Status::Failed, "failed"),
        (Status::Vacuous, "had nothing to judge"),
        (Status::Undecided, "undecided"),
    ];
    let mut parts: Vec<String> =
        bad.iter().filter(|(s, _)| of(*s) > 0).map(|(s, word)| format!("{} {word}", count(of(*s)))).collect();
    if let Some(first) = parts.first_mut() {
        *first = first.replacen(' ', &format!(" of {} ", counted(all, "expectation")), 1);
    }
    let verdict = match (all, parts.is_empty()) {
        (0, _) => "nothing was judged".into(),
        (1, true) => "the one expectation holds".into(),
        (_, true) => format!("all {} hold", counted(all, "expectation")),
        (_, false) => parts.join(", "),
    };
    let early = if judged.run.stopped.is_some() { ", stopped early" } else { "" };
    format!("{verdict}{early}")
}

/// In the order of the file; when there are too many, what did not hold comes first.
pub(crate) fn expectations(judged: &Judged, page: &mut Page) {
    if judged.verdicts.is_empty() {
        return;
    }
    page.line("");
    let mut shown: Vec<&Verdict> = judged.verdicts.iter().collect();
    if shown.len() > VERDICTS_MAX {
        shown.sort_by_key(|v| core::cmp::Reverse(v.status));
    }
    let hidden = shown.split_off(shown.len().min(VERDICTS_MAX));
    let wide = shown.iter().map(|v| columns(&clean(&v.expectation))).max().unwrap_or(0).min(44);
    let mut evidence_left = EVIDENCE_MAX;
    for verdict in shown {
        let phrase = fit(&clean(&verdict.expectation), wide);
        let gap = " ".repeat(wide - columns(&phrase) + 2);
        let finding = clean(&verdict.finding);
        // What did not hold is told in full, what did in one line.
        let (room, lines_max) = (WIDTH - wide - 6, if verdict.status == Status::Held { 1 } else { 3 });
        let mut finding = folded(&finding, room, lines_max).into_iter();
        let sign = page.paint.ink(Ink::of(verdict.status), sign(verdict.status));
        page.line(format!("  {sign} {phrase}{gap}{}", finding.next().unwrap_or_default()).trim_end());
        for line in finding {
            page.line(&format!("{}{line}", " ".repeat(wide + 6)));
        }
        if verdict.status != Status::Held {
            let lines = evidence(verdict);
            let shown = lines.len().min(EVIDENCE_EACH).min(evidence_left);
            evidence_left -= shown;
            support(lines, shown, page);
        }
    }
    if !hidden.is_empty() {
        let held = hidden.iter().filter(|v| v.status == Status::Held).count();
        page.line(&format!("  … and {} more, {held} of them held", hidden.len()));
    }
}

/// A line that fits as it is, a longer one in several.
fn folded(line: &str, room: usize, lines_max: usize) -> Vec<String> {
    match lines_max {
        1 => vec![fit(line, room)],
        _ if columns(line) <= room => vec![line.into()],
        _ => wrap(line, room, lines_max),
    }
}

/// What supports a verdict beyond its finding.
pub(crate) fn evidence(verdict: &Verdict) -> &[String] {
    match verdict.evidence.as_slice() {
        [only] if *only == verdict.finding => &[],
        lines => lines,
    }
}

fn support(lines: &[String], shown: usize, page: &mut Page) {
    for line in &lines[..shown] {
        for line in folded(&clean(line), WIDTH - 6, 3) {
            let line = page.paint.ink(Ink::Dim, &line);
            page.line(&format!("      {line}"));
        }
    }
    if shown > 0 && shown < lines.len() {
        let more = counted((lines.len() - shown) as u64, "more line");
        let line = page.paint.ink(Ink::Dim, &format!("… {more} in the report"));
        page.line(&format!("      {line}"));
    }
}
