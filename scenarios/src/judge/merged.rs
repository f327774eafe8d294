//! What clients were told of counters and sets, beside what they were told of registers.

use super::registers::{TOLD_MAX, Told, lines, more};
use sim_core::{
    check::merged::{Merged, Shown},
    check::register::Rest,
    judged::{Status, Verdict},
};

/// What became of counters and sets.
struct Found {
    judged: usize,
    wrong: usize,
    finding: String,
    evidence: Vec<String>,
}

/// Adds what became of the updates of counters and sets to a verdict on writes.
pub(super) fn kept(registers: Verdict, rest: Rest, told: &Told<'_>) -> Verdict {
    let all = told.check_merged(|merged: &Merged| merged.kept(rest));
    let judged = all.iter().map(|(_, kept)| kept.keys).sum();
    let updates: usize = all.iter().map(|(_, kept)| kept.updates).sum();
    let wrong = all.iter().map(|(_, kept)| kept.wrong.len()).sum();
    let finding = match wrong {
        0 => format!("{updates} updates of {judged} counters and elements of sets are accounted for"),
        _ => format!("{wrong} of {judged} counters and elements of sets do not show what was done to them"),
    };
    let mut evidence = Vec::new();
    for (history, kept) in &all {
        for wrong in kept.wrong.iter().take(TOLD_MAX) {
            evidence.push(format!("{}, and a later read", wanted(wrong.wanted)));
            evidence.extend(lines(*history, &[wrong.read]));
        }
    }
    more(&mut evidence, wrong);
    beside(registers, Found { judged, wrong, finding, evidence })
}

/// Adds whether servers agree on counters and sets to a verdict on registers.
pub(super) fn agree(registers: Verdict, rest: Rest, told: &Told<'_>) -> Verdict {
    let all = told.check_merged(|merged: &Merged| merged.agreement(rest));
    let judged = all.iter().map(|(_, found)| found.judged).sum();
    let wrong = all.iter().map(|(_, found)| found.differ.len()).sum();
    let open: usize = all.iter().map(|(_, found)| found.open).sum();
    let open = match open {
        0 => String::new(),
        _ => format!("; of {open} more nobody knows, for an update had no answer"),
    };
    let finding = match wrong {
        0 => format!("servers agree on all of {judged} counters and elements of sets{open}"),
        _ => format!("servers disagree on {wrong} of {judged} counters and elements of sets{open}"),
    };
    let mut evidence = Vec::new();
    for (history, found) in &all {
        for (_, reads) in found.differ.iter().take(TOLD_MAX) {
            evidence.push("the last answers of two servers".into());
            evidence.extend(lines(*history, reads));
        }
    }
    more(&mut evidence, wrong);
    beside(registers, Found { judged, wrong, finding, evidence })
}

fn wanted(shown: Shown) -> String {
    match shown {
        Shown::Count(low, high) if low == high => format!("{low} were counted"),
        Shown::Count(low, high) => format!("{low} to {high} were counted"),
        Shown::Element(true) => "the element was added when every removal had been answered".into(),
        Shown::Element(false) => "nobody added the element".into(),
    }
}

/// One verdict on both: a history may have registers, or counters and sets, or all of them.
fn beside(mut registers: Verdict, merged: Found) -> Verdict {
    if merged.judged == 0 {
        return registers;
    }
    let status = if merged.wrong == 0 { Status::Held } else { Status::Failed };
    if registers.status == Status::Vacuous {
        (registers.status, registers.finding) = (status, merged.finding);
    } else {
        registers.status = registers.status.max(status);
        registers.finding = match merged.wrong {
            0 => format!("{}; {}", registers.finding, merged.finding),
            _ => format!("{}; {}", merged.finding, registers.finding),
        };
    }
    if merged.wrong > 0 {
        let figure = format!("{} of {}", merged.wrong, merged.judged);
        registers.figure =
            if registers.figure.is_empty() { figure } else { format!("{}, {figure}", registers.figure) };
    }
    registers.evidence.extend(merged.evidence);
    registers
}
