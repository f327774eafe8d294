//! When faults strike and end: within the run, outside of its calm part, and not too often.

use super::{At, Check, harm, nemesis, picks};
use crate::{
    expand::strikes,
    format::{CLIENTS, LIST_MAX, LOOKS_MAX, Nemesis, REPEATED_MAX, TimedFault, WAITING_MAX, When},
    messages::{self, meaning},
};
use sim_core::{
    fault::{Condition, Fault, Keep, Pick},
    time::{Span, Time},
};
use std::collections::{BTreeMap, BTreeSet};

/// The latest moments at which a fault may strike, if they are known before the run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moments {
    /// For the first time.
    pub(super) first: Time,
    /// For the last time.
    pub(super) last: Time,
}

/// Also returns the moments of each fault; `None` where they are not known, or could not be read.
pub(super) fn check(check: &mut Check<'_, '_>) -> Vec<Option<Moments>> {
    let all = check.top.key("faults");
    let faults = &check.scenario.faults;
    let mut named: BTreeMap<&str, Option<Moments>> = BTreeMap::new();
    let mut known = Vec::with_capacity(faults.len());
    let readable = check.sound(all);
    let mut total = Total::default();
    for (index, timed) in faults.iter().enumerate() {
        if check.mistakes.full() {
            return known;
        }
        let at = all.item(index);
        let sound = check.sound(at);
        if let Some(name) = at.find("name").filter(|_| named.contains_key(timed.name.as_str()) && sound) {
            check.say(meaning::fault_twice(name.place(), &timed.name));
        }
        if at.find("do").is_some_and(|at| check.sound(at)) {
            picks::check(check, at.key("do"), &timed.fault);
            harm::check(check, at.key("do"), &timed.fault);
        }
        let nodes = harm::around(check, at, timed);
        let moments = if sound { moments(check, at, timed, &named, readable, nodes) } else { None };
        if sound {
            let strikes = times(timed).saturating_mul(nodes);
            total.add(check, at.key("do"), strikes);
            let compares =
                timed.keep == Keep::Quorum && matches!(timed.fault, Fault::Wipe(_) | Fault::BitRot { .. });
            if compares {
                total.compare(check, at.key("do"), strikes);
            }
        }
        if sound {
            triggers(check, at, timed);
        }
        named.entry(&timed.name).or_insert(moments);
        known.push(moments);
    }
    if readable {
        ends(check, all);
        strobes(check, all, &mut total.strobes);
    }
    for (index, timed) in faults.iter().enumerate() {
        if let Some(moments) = known[index] {
            within_run(check, all.item(index), timed, moments.last);
        }
    }
    nemesis::check(check, &mut total);
    if readable && !check.mistakes.full() {
        waits(check, all);
    }
    known
}

/// That so many faults wait at the same time at most: each looks at every event. A generator that aims has as many waiting as
/// it may have in force.
fn waits(check: &mut Check<'_, '_>, all: At<'_>) {
    let aims = |nemesis: &&Nemesis| !nemesis.aim.is_never();
    let aimed: usize =
        check.scenario.nemesis.iter().filter(aims).map(|nemesis| nemesis.at_once as usize).sum();
    // Ends come before beginnings of the same moment, and those in the order of the file.
    let mut changes: Vec<(Time, bool, usize)> = Vec::new();
    for (index, timed) in check.scenario.faults.iter().enumerate() {
        if let When::When { from, latest, .. } = &timed.when {
            // What does not wait is a mistake that was told.
            if latest.is_some_and(|latest| latest <= *from) {
                continue;
            }
            changes.push((*from, true, index));
            changes.extend(latest.map(|latest| (latest, false, index)));
        }
    }
    changes.sort_unstable();
    let mut waiting = aimed;
    if waiting > WAITING_MAX {
        return check.say(messages::harm::too_many_aimed(
            check.top.key("nemesis").place(),
            waiting,
            WAITING_MAX,
        ));
    }
    for (_, begins, index) in changes {
        waiting = if begins { waiting + 1 } else { waiting - 1 };
        if waiting > WAITING_MAX {
            let at = all.item(index).key("when").place();
            return check.say(messages::harm::too_many_wait(at, WAITING_MAX));
        }
    }
}

/// That whoever aims at the trigger waits for something at that service, and at one trigger.
fn triggers(check: &mut Check<'_, '_>, at: At<'_>, timed: &TimedFault) {
    let picks = timed.fault.picks();
    let mut triggers = picks.into_iter().flatten().filter_map(|pick| {
        let Pick::TriggerOf(service) = pick else { return None };
        Some(service)
    });
    let Some(service) = triggers.next() else { return };
    let place = at.key("do").place();
    if triggers.next().is_some() {
        return check.say(messages::harm::two_triggers(place));
    }
    let condition = match &timed.when {
        When::When { condition, .. } => condition,
        When::At(_) | When::Between(..) | When::Every { .. } | When::After(..) => {
            return check.say(messages::harm::nothing_triggers(place, service));
        }
    };
    if let Condition::RoleChange(other) | Condition::Unsynced(other) | Condition::Handled(other, _) =
        condition
        && other != service
        && other != CLIENTS
    {
        check.say(messages::harm::triggered_elsewhere(place, service, other));
    }
}

/// How many strikes all faults have, and how much they take to write down.
#[derive(Default)]
pub(super) struct Total {
    strikes: u64,
    bytes: u64,
    compared: u64,
    /// How often strobes set clocks.
    pub(super) strobes: u64,
}

impl Total {
    /// `at` is what stands under `do`, which becomes so many faults.
    pub(super) fn add(&mut self, check: &mut Check<'_, '_>, at: At<'_>, strikes: u64) {
        let before = (self.strikes, self.bytes);
        let length = at.node.at.len() as u64;
        self.strikes = self.strikes.saturating_add(strikes);
        self.bytes = self.bytes.saturating_add(length.saturating_mul(strikes));
        let nodes = check.nodes().max(1);
        let most = LOOKS_MAX / nodes;
        if self.strikes > LIST_MAX as u64 && before.0 <= LIST_MAX as u64 {
            check.say(messages::harm::too_many_strikes(at.place(), self.strikes, LIST_MAX));
        } else if self.bytes > REPEATED_MAX as u64 && before.1 <= REPEATED_MAX as u64 {
            check.say(messages::harm::too_long_in_all(at.place(), self.bytes, REPEATED_MAX));
        } else if self.strikes > most && before.0 <= most {
            check.say(messages::harm::too_many_looks(at.place(), self.strikes, nodes, LOOKS_MAX));
        }
    }
}

impl Total {
    /// So many strikes compare the disk of each node with those of all others.
    fn compare(&mut self, check: &mut Check<'_, '_>, at: At<'_>, strikes: u64) {
        let before = self.compared;
        let nodes = check.nodes().max(1);
        self.compared = before.saturating_add(strikes.saturating_mul(nodes).saturating_mul(nodes));
        if self.compared > LOOKS_MAX && before <= LOOKS_MAX {
            let most = (LOOKS_MAX / nodes / nodes).max(1);
            check.say(messages::harm::too_many_compared(at.place(), strikes, nodes, most));
        }
    }
}

/// How often a fault strikes, not counting from node to node.
fn times(timed: &TimedFault) -> u64 {
    match timed.when {
        When::Every { every, from, to } if every > Span::ZERO => strikes(every, from, to),
        When::Every { .. } | When::At(_) | When::Between(..) | When::After(..) | When::When { .. } => 1,
    }
}

/// When a fault strikes, going from node to node over so many `nodes`. Where some fault is not `readable`, it may be the
/// one that is meant by a name.
fn moments(
    check: &mut Check<'_, '_>,
    at: At<'_>,
    timed: &TimedFault,
    named: &BTreeMap<&str, Option<Moments>>,
    readable: bool,
    nodes: u64,
) -> Option<Moments> {
    let once = |at: Time| Some(Moments { first: at, last: at });
    let moments = match &timed.when {
        When::At(at) => once(*at),
        When::Between(from, to) if from >= to => {
            check.say(messages::harm::ends_before_it_starts(at.key("between").place(), *from, *to));
            None
        }
        When::Between(_, to) => once(Time(to.0 - 1)),
        When::Every { every: Span::ZERO, .. } => {
            check.say(meaning::no_time(at.key("every").place(), "every"));
            None
        }
        When::Every { from, to, .. } if from >= to => {
            let place = at.find("to").or(at.find("from")).unwrap_or(at).place();
            check.say(messages::harm::ends_before_it_starts(place, *from, *to));
            None
        }
        When::Every { every, from, to } => {
            if let Some(lasts) = timed.lasts.filter(|lasts| lasts >= every && timed.fault.harms()) {
                check.say(messages::harm::overlaps(at.key("lasts").place(), lasts, *every));
            }
            Some(Moments { first: *from, last: *from + *every * (strikes(*every, *from, *to) - 1) })
        }
        When::After(name, span) => match named.get(name.as_str()) {
            Some(earlier) => earlier.and_then(|earlier| once(earlier.first + *span)),
            None => {
                if readable {
                    let known: Vec<&str> = named.keys().copied().collect();
                    check.say(meaning::no_fault(at.key("after").item(0).place(), name, &known));
                }
                None
            }
        },
        When::When { condition: waited, from, latest } => {
            condition(check, at.key("when"), waited);
            match latest {
                None => within_run(check, at, &TimedFault { lasts: None, ..timed.clone() }, *from),
                Some(latest) if latest <= from => {
                    check.say(messages::harm::latest_before_from(at.key("latest").place(), *from, *latest));
                }
                Some(latest) => within_run(check, at, timed, *latest),
            }
            None
        }
    };
    let step = timed.rolling.unwrap_or(Span::ZERO) * (nodes.max(1) - 1);
    moments.map(|moments| Moments { last: moments.last + step, ..moments })
}

/// Whether a condition can come true, and does not hold from the start.
fn condition(check: &mut Check<'_, '_>, at: At<'_>, condition: &Condition) {
    match condition {
        Condition::Role(role) | Condition::NoRole(role) => picks::role(check, at.item(0), role),
        Condition::RoleTaken(role, times) => {
            picks::role(check, at.item(0), role);
            if *times == 0 {
                check.say(messages::harm::condition_never(at.item(1).place(), "0 times is never too few"));
            }
        }
        Condition::Epoch(0) | Condition::Answered(0) => {
            check.say(messages::harm::condition_never(at.item(0).place(), "0 is never too few"));
        }
        Condition::Epoch(_) => {}
        Condition::Answered(_) => {
            if check.scenario.clients.is_none() && check.top.find("clients").is_none() {
                check.say(messages::harm::no_calls(at.place()));
            }
        }
        Condition::Shows(label, least) => {
            let fits = !label.trim().is_empty() && label.chars().count() <= 60;
            if !fits || label.chars().any(char::is_control) {
                check.say(messages::harm::label(at.item(0).place()));
            }
            if *least == 0 {
                check.say(messages::harm::condition_never(at.item(1).place(), "0 is never too few"));
            }
        }
        Condition::RoleChange(service) | Condition::Unsynced(service) => {
            picks::server(check, at.item(0), service);
        }
        Condition::Handled(service, inputs) => {
            picks::server(check, at.item(0), service);
            if *inputs == 0 {
                check.say(messages::harm::condition_never(at.item(1).place(), "0 is never too few"));
            }
        }
    }
}

/// What says when a fault strikes for the last time.
fn moment_at(at: At<'_>) -> At<'_> {
    let second = |key| at.find(key).map(|at| at.item(1));
    let from = || at.find("when").map(|_| at.find("latest").unwrap_or(at.key("from")));
    let said = at.find("rolling").or_else(|| at.find("at")).or_else(|| second("between"));
    let said = said.or_else(|| at.find("every").and_then(|every| at.find("to").or(Some(every))));
    said.or_else(|| second("after")).or_else(from).unwrap_or(at)
}

fn within_run(check: &mut Check<'_, '_>, at: At<'_>, timed: &TimedFault, strikes: Time) {
    let (until, from) = (check.scenario.until, check.scenario.calm_from());
    let known = |key: &str| check.top.find(key).is_some_and(|at| check.sound(at));
    if !known("until") {
        return;
    }
    let calm = known("calm") && check.scenario.calm > Span::ZERO && from > Time::ZERO;
    let lasts = timed.lasts.filter(|_| !timed.fault.momentary());
    let ends = strikes + lasts.unwrap_or(Span::ZERO);
    let (name, strikes_at) = (&timed.name, moment_at(at).place());
    let shown = match timed.when {
        When::Between(_, to) if timed.rolling.is_none() => to,
        When::Between(..) | When::At(_) | When::Every { .. } | When::After(..) | When::When { .. } => strikes,
    };
    if strikes >= until {
        check.say(meaning::strikes_late(strikes_at, name, shown, until));
    } else if calm && (strikes > from || strikes == from && timed.fault.harms()) {
        // What ends earlier harm may strike right at the start of the calm.
        check.say(meaning::strikes_in_calm(strikes_at, name, shown, from));
    } else if ends > until {
        check.say(meaning::lasts_long(at.key("lasts").place(), name, ends, until));
    } else if calm && ends > from {
        check.say(meaning::lasts_into_calm(at.key("lasts").place(), name, ends, from));
    }
}

/// That what is to be ended is there, lasts, and is one fault.
fn ends(check: &mut Check<'_, '_>, all: At<'_>) {
    let scenario = check.scenario;
    let nemesis: BTreeSet<&str> = scenario.nemesis.iter().map(|nemesis| nemesis.name.as_str()).collect();
    let faults: BTreeMap<&str, &TimedFault> =
        scenario.faults.iter().map(|timed| (timed.name.as_str(), timed)).collect();
    for (index, timed) in scenario.faults.iter().enumerate() {
        let Fault::End(name) = &timed.fault else { continue };
        if check.mistakes.full() {
            return;
        }
        let at = all.item(index).key("do").item(0).place();
        let often = |timed: &TimedFault| matches!(timed.when, When::Every { .. }) || timed.rolling.is_some();
        check.mistakes.list.extend(match faults.get(name.as_str()) {
            Some(_) if *name == timed.name => Some(messages::harm::ends_itself(at)),
            Some(other) if often(other) => Some(messages::harm::ends_many(at, name)),
            Some(other) if other.fault.momentary() => {
                Some(messages::harm::ends_nothing(at, name, other.fault.kind()))
            }
            Some(_) => None,
            None if nemesis.contains(name.as_str()) => Some(messages::harm::ends_many(at, name)),
            None => {
                let known: Vec<&str> = faults.keys().copied().filter(|other| *other != timed.name).collect();
                Some(meaning::no_fault_at_all(at, name, &known))
            }
        });
    }
}

/// That clocks are not set too often, by all faults together.
fn strobes(check: &mut Check<'_, '_>, all: At<'_>, total: &mut u64) {
    for (index, timed) in check.scenario.faults.iter().enumerate() {
        let from = if let When::At(at) = timed.when { at } else { Time::ZERO };
        let lasts = timed.lasts.unwrap_or(check.scenario.calm_from().since(from));
        // Each node of a rolling strobe is a strobe of its own, which sets one clock.
        harm::strobes(check, all.item(index).key("do"), &timed.fault, lasts, times(timed), total);
    }
}
