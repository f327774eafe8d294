//! Generators of faults: what they may do, when, and how often at most.

use super::{At, Check, faults::Total, harm, picks};
use crate::{
    expand::{aimed_at, strikes_max},
    format::Nemesis,
    messages::{harm as words, meaning},
};
use sim_core::{
    fault::Pick,
    time::{Span, Time},
};
use std::collections::BTreeSet;

/// The largest weight of a kind.
const WEIGHT_MAX: f64 = 1e6;
/// So many faults may be in force at the same time.
const AT_ONCE_MAX: u32 = 100;

pub(super) fn check(check: &mut Check<'_, '_>, total: &mut Total) {
    let all = check.top.key("nemesis");
    let scenario = check.scenario;
    let mut names: BTreeSet<&str> = scenario.faults.iter().map(|timed| timed.name.as_str()).collect();
    for (index, nemesis) in scenario.nemesis.iter().enumerate() {
        if check.mistakes.full() {
            return;
        }
        let at = all.item(index);
        if let Some(at) =
            at.find("name").filter(|at| check.sound(*at) && names.contains(nemesis.name.as_str()))
        {
            check.say(meaning::fault_twice(at.place(), &nemesis.name));
        }
        names.insert(&nemesis.name);
        if check.sound(at) {
            one(check, at, nemesis, total);
        }
    }
}

fn one(check: &mut Check<'_, '_>, at: At<'_>, nemesis: &Nemesis, total: &mut Total) {
    kinds(check, at.key("kinds"), nemesis);
    check.delay(at.key("gap"), &nemesis.gap);
    check.delay(at.key("dwell"), &nemesis.dwell);
    if !(1..=AT_ONCE_MAX).contains(&nemesis.at_once) {
        check.say(words::at_once(at.key("at_once").place(), nemesis.at_once));
    }
    if nemesis.swarm.is_never() {
        check.say(words::swarm_never(at.key("swarm").place()));
    }
    if !nemesis.aim.is_never() && !nemesis.kinds.iter().any(|kind| aimed_at(&kind.fault).is_some()) {
        check.say(words::aims_at_none(at.key("aim").place()));
    }
    if !check.sound(at) {
        return;
    }
    if nemesis.from >= nemesis.to {
        let place = at.find("to").or(at.find("from")).unwrap_or(at).place();
        return check.say(words::ends_before_it_starts(place, nemesis.from, nemesis.to));
    }
    let (until, calm) = (check.scenario.until, check.scenario.calm_from());
    let known = ["until", "calm"].map(|key| check.top.find(key).is_none_or(|at| check.sound(at)));
    if known == [true; 2] && calm > Time::ZERO && nemesis.to > calm {
        let (what, from) = if calm < until { ("the calm begins", calm) } else { ("the run ends", until) };
        check.say(words::nemesis_late(at.key("to").place(), nemesis.to, what, from));
    }
    let Some(strikes) = strikes_max(nemesis) else {
        let place = at.find("gap_min").or(at.find("dwell_min")).unwrap_or(at).place();
        return check.say(words::nemesis_boundless(place));
    };
    let longest = (0..nemesis.kinds.len()).map(|index| at.key("kinds").item(index).key("do"));
    let longest = longest.max_by_key(|at| at.node.at.len()).filter(|_| at.find("kinds").is_some());
    total.add(check, longest.unwrap_or(at), strikes);
    for (index, kind) in nemesis.kinds.iter().enumerate() {
        let span = Span(nemesis.to.since(nemesis.from).0.saturating_mul(u64::from(nemesis.at_once)));
        harm::strobes(check, at.key("kinds").item(index).key("do"), &kind.fault, span, 1, &mut total.strobes);
    }
}

fn kinds(check: &mut Check<'_, '_>, at: At<'_>, nemesis: &Nemesis) {
    if nemesis.kinds.is_empty() {
        return check.say(words::kinds_empty(at.place()));
    }
    for (index, kind) in nemesis.kinds.iter().enumerate() {
        if check.mistakes.full() {
            return;
        }
        let at = at.item(index);
        if !(kind.weight > 0.0 && kind.weight <= WEIGHT_MAX) {
            check.say(words::weight(at.key("weight").place(), kind.weight));
        }
        // Those that stand for a service make sense, and stand nowhere in the file.
        if let Some(at) = at.find("do").filter(|at| check.sound(*at)) {
            if !kind.fault.harms() {
                check.say(words::kind_harmless(at.place(), kind.fault.kind()));
            }
            for pick in kind.fault.picks().into_iter().flatten() {
                if let Pick::TriggerOf(service) = pick {
                    check.say(words::kind_triggered(at.place(), service));
                }
            }
            picks::check(check, at, &kind.fault);
            harm::check(check, at, &kind.fault);
        }
    }
}
