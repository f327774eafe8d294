//! When faults strike and end: within the run, and outside of its calm part.

use super::{At, Check, picks};
use crate::{
    format::{TimedFault, When},
    messages::meaning,
};
use sim_core::{
    fault::Fault,
    time::{Span, Time},
};
use std::collections::BTreeMap;

pub(super) fn check(check: &mut Check<'_, '_>) {
    let all = check.top.key("faults");
    let faults = &check.scenario.faults;
    // The moment of each fault by its name; `None` when it could not be read.
    let mut named: BTreeMap<&str, Option<Time>> = BTreeMap::new();
    let mut strikes = Vec::with_capacity(faults.len());
    let readable = check.sound(all);
    for (index, timed) in faults.iter().enumerate() {
        if check.mistakes.full() {
            return;
        }
        let at = all.item(index);
        let sound = check.sound(at);
        if let Some(name) = at.find("name").filter(|_| named.contains_key(timed.name.as_str()) && sound) {
            check.say(meaning::fault_twice(name.place(), &timed.name));
        }
        let moment = if sound { moment(check, at, timed, &named, readable) } else { None };
        named.entry(&timed.name).or_insert(moment);
        strikes.push(moment);
        if at.find("do").is_some_and(|at| check.sound(at)) {
            picks::check(check, at.key("do"), &timed.fault);
        }
    }
    for (index, timed) in faults.iter().enumerate() {
        if let Some(strikes) = strikes[index] {
            within_run(check, all.item(index), timed, strikes);
        }
    }
    let calm = check.scenario.calm > Span::ZERO && check.top.find("calm").is_some_and(|at| check.sound(at));
    let until = check.top.find("until").is_some_and(|at| check.sound(at));
    if calm && until && check.scenario.calm.0 < check.scenario.until.0 {
        in_calm(check, all, &strikes);
    }
}

/// When a fault strikes. Where some fault is not `readable`, it may be the one that is meant by a name.
fn moment(
    check: &mut Check<'_, '_>,
    at: At<'_>,
    timed: &TimedFault,
    named: &BTreeMap<&str, Option<Time>>,
    readable: bool,
) -> Option<Time> {
    match &timed.when {
        When::At(at) => Some(*at),
        When::After(name, span) => match named.get(name.as_str()) {
            Some(earlier) => earlier.map(|earlier| earlier + *span),
            None => {
                if readable {
                    let known: Vec<&str> = named.keys().copied().collect();
                    check.say(meaning::no_fault(at.key("after").item(0).place(), name, &known));
                }
                None
            }
        },
    }
}

fn moment_at(at: At<'_>) -> At<'_> {
    at.find("at").unwrap_or_else(|| at.key("after").item(1))
}

fn within_run(check: &mut Check<'_, '_>, at: At<'_>, timed: &TimedFault, strikes: Time) {
    let until = check.scenario.until;
    if let (Some(lasts), Some(_)) = (at.find("lasts"), timed.lasts) {
        if !timed.fault.harms() {
            return check.say(meaning::cannot_last(lasts.place(), timed.fault.kind()));
        }
        if timed.lasts == Some(Span::ZERO) {
            return check.say(meaning::lasts_nothing(lasts.place()));
        }
    }
    if !check.top.find("until").is_some_and(|at| check.sound(at)) {
        return;
    }
    let ends = strikes + timed.lasts.unwrap_or(Span::ZERO);
    if strikes >= until {
        check.say(meaning::strikes_late(moment_at(at).place(), &timed.name, strikes, until));
    } else if ends > until {
        check.say(meaning::lasts_long(at.key("lasts").place(), &timed.name, ends, until));
    }
}

/// In the calm part no harm is in force, and nothing strikes. What ends earlier harm may strike right at its start.
fn in_calm(check: &mut Check<'_, '_>, all: At<'_>, strikes: &[Option<Time>]) {
    let (from, until) = (check.scenario.calm_from(), check.scenario.until);
    // The last moment before the calm at which something of each kind strikes.
    let mut last: BTreeMap<&str, Time> = BTreeMap::new();
    for (timed, struck) in check.scenario.faults.iter().zip(strikes) {
        // What could not be read may be what ends a harm.
        let struck = struck.unwrap_or(from);
        let latest = last.entry(timed.fault.kind()).or_default();
        *latest = if struck <= from { struck.max(*latest) } else { *latest };
    }
    for (index, timed) in check.scenario.faults.iter().enumerate() {
        let Some(struck) = strikes[index].filter(|struck| *struck < until) else { continue };
        let at = all.item(index);
        let ends = timed.lasts.map(|lasts| struck + lasts);
        if struck > from || struck == from && timed.fault.harms() {
            check.say(meaning::strikes_in_calm(moment_at(at).place(), &timed.name, struck, from));
        } else if let Some(ends) = ends.filter(|ends| *ends > from && *ends <= until) {
            check.say(meaning::lasts_into_calm(at.key("lasts").place(), &timed.name, ends, from));
        } else if let (None, Some((kind, written))) = (ends, cure(&timed.fault))
            && last.get(kind).is_none_or(|cured| *cured < struck)
        {
            check.say(meaning::endless_in_calm(at.key("do").place(), &timed.name, written, from));
        }
    }
}

/// What ends a harm that does not end by itself: its kind, and how it is written.
fn cure(fault: &Fault) -> Option<(&'static str, &'static str)> {
    match fault {
        Fault::Split(_) | Fault::OneWay { .. } => Some(("heal", "Heal")),
        Fault::Crash(_) => Some(("restart", "Restart")),
        Fault::Pause(_) => Some(("resume", "Resume")),
        Fault::Heal | Fault::Restart(_) | Fault::Resume(_) => None,
    }
}
