//! When a fault was to strike, and why it did not, in words.

use crate::words::{count, counted, moment, short, span, times};
use sim_core::{
    fault::{Condition, Schedule},
    judged::Judged,
    run::FaultReport,
    time::{Span, Time},
};

/// What its moment depends on: `3s after split`, `once no server is leader`; empty for a moment that is written down.
pub(crate) fn trigger(schedule: &Schedule) -> String {
    match schedule {
        Schedule::At(_) => String::new(),
        Schedule::After(first, Span::ZERO) => format!("right after {}", short(first, 40)),
        Schedule::After(first, later) => format!("{} after {}", span(*later), short(first, 40)),
        Schedule::When { condition, from, latest } => {
            let or = latest.map(|at| format!(", or at {}", moment(at))).unwrap_or_default();
            format!("once {}{}{or}", phrase(condition), onwards(*from))
        }
    }
}

/// The condition, as it is when it holds.
pub(crate) fn phrase(condition: &Condition) -> String {
    match condition {
        Condition::Role(role) => format!("a server is {}", short(role, 40)),
        Condition::NoRole(role) => format!("no server is {}", short(role, 40)),
        Condition::RoleTaken(role, taken) => {
            format!("servers became {} {}", short(role, 40), times((*taken).into()))
        }
        Condition::Epoch(epoch) => format!("a server is in epoch {} or later", count(*epoch)),
        Condition::Answered(1) => "a call was answered".into(),
        Condition::Answered(calls) => format!("{} were answered", counted(*calls, "call")),
        Condition::Shows(label, least) => {
            format!("a server shows {} of {} or more", short(label, 40), count(*least))
        }
        Condition::RoleChange(service) => format!("a role changes in {}", short(service, 40)),
        Condition::Unsynced(service) => {
            format!("something is written in {} that is not synced", short(service, 40))
        }
        Condition::Handled(service, inputs) => {
            format!("{} handled {}", short(service, 40), counted(*inputs, "input"))
        }
    }
}

fn onwards(from: Time) -> String {
    if from == Time::ZERO { String::new() } else { format!(", from {} on", moment(from)) }
}

/// Why a fault did not strike.
pub(crate) fn why_not(judged: &Judged, report: &FaultReport) -> String {
    let over = |at: Time| {
        if at < judged.run.ended {
            "never struck: the calm part of the run had begun".into()
        } else {
            "never struck: the run ended first".into()
        }
    };
    match &report.planned.when {
        Schedule::At(at) => over(*at),
        Schedule::After(first, later) => {
            let first = judged.run.faults.iter().find(|other| other.planned.name == *first);
            match first.map(|other| (other.struck, &other.planned.name)) {
                Some((None, name)) => format!("never struck: {} never did", short(name, 40)),
                Some((Some(struck), _)) => over(struck + *later),
                None => "never struck".into(),
            }
        }
        Schedule::When { from, .. } if *from >= judged.run.ended => over(*from),
        Schedule::When { condition, from, .. } => {
            let since =
                if *from == Time::ZERO { String::new() } else { format!(" from {} on", moment(*from)) };
            format!("its moment never came: it waited{since} until {}", phrase(condition))
        }
    }
}
