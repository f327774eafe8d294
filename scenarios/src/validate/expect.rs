//! What is expected: something, once, of properties and faults that exist, within bounds that can be met.

use super::{
    At, Check,
    faults::Moments,
    names::Named,
    registers::{registers, rests, sessions},
};
use crate::{
    format::{CLIENTS, Claim, Expectation},
    messages::meaning,
};
use sim_core::time::Span;
use std::collections::BTreeMap;

/// `strikes` are the moments of the faults, where they are known.
pub(super) fn check(check: &mut Check<'_, '_>, strikes: &[Option<Moments>]) {
    let Some(all) =
        check.top.find("expect").filter(|at| !check.scenario.expect.is_empty() || check.sound(*at))
    else {
        return;
    };
    let expect = &check.scenario.expect;
    if expect.is_empty() {
        check.say(meaning::nothing_expected(all.place()));
    }
    let readable = ["faults", "nemesis"].map(|key| check.top.find(key).is_none_or(|at| check.sound(at)));
    let strikes = Some(strikes).filter(|_| readable == [true; 2]);
    let mut before: BTreeMap<String, usize> = BTreeMap::new();
    for (index, expectation) in expect.iter().enumerate() {
        let at = all.item(index);
        if check.mistakes.full() || !check.sound(at) {
            continue;
        }
        let first = |key: &String| before.get(key).map(|earlier| all.item(*earlier).place());
        let key = format!("{expectation:?}");
        if let Some(first) = first(&key) {
            check.say(meaning::expected_twice(at.place(), first));
        } else if let Some(first) = opposite(expectation).and_then(|key| first(&format!("{key:?}"))) {
            check.say(meaning::contradiction(at.place(), first));
        }
        before.entry(key).or_insert(index);
        one(check, at, expectation, strikes);
    }
}

/// What cannot come true together with this.
fn opposite(expectation: &Expectation) -> Option<Expectation> {
    match expectation {
        Expectation::Linearizable => Some(Expectation::Violates(Claim::Linearizable)),
        Expectation::Always(name) => Some(Expectation::Violates(Claim::Always(name.clone()))),
        Expectation::Violates(Claim::Linearizable) => Some(Expectation::Linearizable),
        Expectation::Violates(Claim::Always(name)) => Some(Expectation::Always(name.clone())),
        Expectation::NoLostWrites { within } => {
            Some(Expectation::Violates(Claim::NoLostWrites { within: *within }))
        }
        Expectation::Violates(Claim::NoLostWrites { within }) => {
            Some(Expectation::NoLostWrites { within: *within })
        }
        Expectation::Sessions(all) => Some(Expectation::Violates(Claim::Sessions(all.clone()))),
        Expectation::Violates(Claim::Sessions(all)) => Some(Expectation::Sessions(all.clone())),
        Expectation::Converges { within } => {
            Some(Expectation::Violates(Claim::Converges { within: *within }))
        }
        Expectation::Violates(Claim::Converges { within }) => {
            Some(Expectation::Converges { within: *within })
        }
        Expectation::QuorumLost(of) => Some(Expectation::QuorumKept(of.clone())),
        Expectation::QuorumKept(of) => Some(Expectation::QuorumLost(of.clone())),
        Expectation::Sometimes(name) => Some(Expectation::Never(name.clone())),
        Expectation::Never(name) => Some(Expectation::Sometimes(name.clone())),
        Expectation::Reached { .. }
        | Expectation::Times { .. }
        | Expectation::Effect { .. }
        | Expectation::Availability { .. }
        | Expectation::Latency { .. }
        | Expectation::Messages { .. }
        | Expectation::MessagesPerOperation { .. }
        | Expectation::Recovers { .. }
        | Expectation::Downtime { .. }
        | Expectation::Staleness { .. }
        | Expectation::StaleReads { .. } => None,
    }
}

fn one(
    check: &mut Check<'_, '_>,
    at: At<'_>,
    expectation: &Expectation,
    strikes: Option<&[Option<Moments>]>,
) {
    match expectation {
        Expectation::Linearizable | Expectation::Violates(Claim::Linearizable) => {}
        Expectation::Violates(Claim::Always(name)) => property(check, at.item(0).item(0), name, true),
        Expectation::Always(name) => property(check, at.item(0), name, true),
        Expectation::Sometimes(name) | Expectation::Never(name) => property(check, at.item(0), name, false),
        Expectation::Reached { what, within, not_before } => {
            property(check, at.key("what"), what, false);
            reached(check, at, *within, *not_before);
        }
        Expectation::Times { what, at_least, at_most } => {
            property(check, at.key("what"), what, false);
            counts(check, at, *at_least, *at_most);
        }
        Expectation::Availability { at_least, at_most, during, clients, kind: _ } => {
            shares(check, at, *at_least, *at_most);
            part(check, at, strikes, during.as_ref(), clients.as_deref());
        }
        Expectation::Latency { percentile, at_least, at_most, during, clients, kind: _ } => {
            percent(check, at, *percentile);
            spans(check, at, *at_least, *at_most);
            if let Some(most) = *at_most {
                some_time(check, at, "at_most", most);
            }
            part(check, at, strikes, during.as_ref(), clients.as_deref());
        }
        Expectation::Messages { at_least, at_most } => counts(check, at, *at_least, *at_most),
        Expectation::MessagesPerOperation { at_least, at_most } => costs(check, at, *at_least, *at_most),
        Expectation::Downtime { at_least, at_most } => {
            spans(check, at, *at_least, *at_most);
            if let Some(most) = *at_most {
                some_time(check, at, "at_most", most);
            }
        }
        Expectation::Effect { of, what: _, at_least, at_most } => {
            if strikes.is_some() {
                named(check, at.key("of"), of);
            }
            counts(check, at, *at_least, *at_most);
        }
        Expectation::Staleness { percentile, at_least, at_most, during, clients } => {
            registers(check, at);
            percentile.iter().for_each(|percentile| percent(check, at, *percentile));
            spans(check, at, *at_least, *at_most);
            part(check, at, strikes, during.as_ref(), clients.as_deref());
        }
        Expectation::StaleReads { at_least, at_most, during, clients } => {
            registers(check, at);
            shares(check, at, *at_least, *at_most);
            part(check, at, strikes, during.as_ref(), clients.as_deref());
        }
        Expectation::NoLostWrites { within } | Expectation::Converges { within } => {
            registers(check, at);
            rests(check, at, *within);
        }
        Expectation::Violates(Claim::NoLostWrites { within } | Claim::Converges { within }) => {
            registers(check, at);
            rests(check, at.item(0), *within);
        }
        Expectation::Sessions(guarantees) => sessions(check, at, at.item(0), guarantees),
        Expectation::Violates(Claim::Sessions(guarantees)) => {
            sessions(check, at, at.item(0).item(0), guarantees);
        }
        Expectation::QuorumLost(of) | Expectation::QuorumKept(of) => {
            if strikes.is_some() {
                harmful(check, at.item(0), of);
            }
        }
        Expectation::Recovers { from, within } => {
            some_time(check, at, "within", *within);
            if let Some(strikes) = strikes {
                recovers(check, at, from, *within, strikes);
            }
        }
    }
}

/// The fault does harm that lasts, and the clients exist.
fn part(
    check: &mut Check<'_, '_>,
    at: At<'_>,
    strikes: Option<&[Option<Moments>]>,
    during: Option<&String>,
    clients: Option<&[String]>,
) {
    if let Some(of) = during.filter(|_| strikes.is_some()) {
        harmful(check, at.key("during"), of);
    }
    some_clients(check, at.key("clients"), clients);
}

fn percent(check: &mut Check<'_, '_>, at: At<'_>, percentile: f64) {
    if percentile <= 0.0 || percentile > 100.0 {
        check.say(meaning::percentile(at.key("percentile").place(), percentile));
    }
}

pub(super) fn some_time(check: &mut Check<'_, '_>, at: At<'_>, key: &str, span: Span) {
    if span == Span::ZERO {
        check.say(meaning::no_time(at.key(key).place(), key));
    }
}

fn property(check: &mut Check<'_, '_>, at: At<'_>, name: &str, always: bool) {
    let Some(protocols) = &check.protocols else { return };
    let all: Vec<(&str, bool)> =
        protocols.iter().flat_map(|protocol| check.catalog.properties(protocol)).collect();
    if all.contains(&(name, always)) {
        return;
    }
    if all.contains(&(name, !always)) {
        return check.say(meaning::other_kind(at.place(), name, if always { "Sometimes" } else { "Always" }));
    }
    let known: Vec<&str> =
        all.iter().filter(|property| property.1 == always).map(|property| property.0).collect();
    check.say(meaning::no_property(at.place(), name, if always { "Always" } else { "Sometimes" }, &known));
}

fn reached(check: &mut Check<'_, '_>, at: At<'_>, within: Option<Span>, not_before: Option<Span>) {
    match (within, not_before) {
        (None, None) => check.say(meaning::no_moment(at.place())),
        (Some(high), Some(low)) if low > high => {
            check.say(meaning::moments_crossed(at.key("within").place(), low, high));
        }
        (Some(_), _) | (_, Some(_)) => {}
    }
    for (key, span) in [("within", within), ("not_before", not_before)] {
        span.iter().for_each(|span| some_time(check, at, key, *span));
    }
    let length = Span(check.scenario.until.0);
    if let Some(within) = within.filter(|within| *within > length)
        && check.top.find("until").is_some_and(|at| check.sound(at))
    {
        check.say(meaning::reached_late(at.key("within").place(), within, length));
    }
}

/// At least one bound, and not the wrong way round.
fn counts(check: &mut Check<'_, '_>, at: At<'_>, low: Option<u64>, high: Option<u64>) {
    match (low, high) {
        (None, None) => check.say(meaning::no_bound(at.place())),
        (Some(low), Some(high)) if low > high => {
            check.say(meaning::crossed(at.key("at_most").place(), "number", low, high));
        }
        (Some(_), _) | (_, Some(_)) => {}
    }
}

/// The same of spans; the lower one is more than nothing.
fn spans(check: &mut Check<'_, '_>, at: At<'_>, low: Option<Span>, high: Option<Span>) {
    match (low, high) {
        (None, None) => check.say(meaning::no_bound(at.place())),
        (Some(low), Some(high)) if low > high => {
            check.say(meaning::crossed(at.key("at_most").place(), "time", low, high));
        }
        (Some(low), _) => some_time(check, at, "at_least", low),
        (None, Some(_)) => {}
    }
}

/// The same of what something costs.
fn costs(check: &mut Check<'_, '_>, at: At<'_>, low: Option<f64>, high: Option<f64>) {
    for (key, cost) in [("at_least", low), ("at_most", high)] {
        if let Some(cost) = cost.filter(|cost| !cost.is_finite() || *cost < 0.0) {
            return check.say(meaning::not_a_cost(at.key(key).place(), cost));
        }
    }
    match (low, high) {
        (None, None) => check.say(meaning::no_bound(at.place())),
        (Some(low), Some(high)) if low > high => {
            check.say(meaning::crossed(at.key("at_most").place(), "number", low, high));
        }
        (Some(_), _) | (_, Some(_)) => {}
    }
}

fn shares(check: &mut Check<'_, '_>, at: At<'_>, low: Option<f64>, high: Option<f64>) {
    for (key, share) in [("at_least", low), ("at_most", high)] {
        if let Some(share) = share.filter(|share| !(0.0..=1.0).contains(share)) {
            return check.say(meaning::not_a_share(at.key(key).place(), share));
        }
    }
    match (low, high) {
        (None, None) => check.say(meaning::no_bound(at.place())),
        (Some(low), Some(high)) if low > high => {
            check.say(meaning::crossed(at.key("at_most").place(), "share", low, high));
        }
        (Some(_), _) | (_, Some(_)) => {}
    }
}

/// These are clients, and some.
fn some_clients(check: &mut Check<'_, '_>, at: At<'_>, clients: Option<&[String]>) {
    if clients.is_some_and(<[String]>::is_empty) {
        check.say(meaning::no_clients_named(at.place()));
    }
    for (index, name) in clients.into_iter().flatten().enumerate() {
        if !matches!(check.names.resolve(name), Named::Node(CLIENTS, _)) {
            let nodes = check.scenario.clients.as_ref().map_or(0, |clients| clients.nodes);
            check.say(meaning::no_client(at.item(index).place(), name, nodes));
        }
    }
}

/// A fault or a nemesis with this name; says so if there is none.
fn named(check: &mut Check<'_, '_>, at: At<'_>, name: &str) -> bool {
    let scenario = check.scenario;
    let fault = |name: &str| {
        scenario.faults.iter().any(|fault| fault.name == name || fault.part_of.as_deref() == Some(name))
    };
    if fault(name) || scenario.nemesis.iter().any(|nemesis| nemesis.name == name) {
        return true;
    }
    let nemesis = scenario.nemesis.iter().map(|nemesis| nemesis.name.as_str());
    let known: Vec<&str> = scenario.faults.iter().map(|fault| fault.name.as_str()).chain(nemesis).collect();
    check.say(meaning::no_fault_at_all(at.place(), name, &known));
    false
}

/// The same, and it does harm.
fn harmful(check: &mut Check<'_, '_>, at: At<'_>, name: &str) -> bool {
    if !named(check, at, name) {
        return false;
    }
    match check.scenario.faults.iter().find(|fault| fault.name == name) {
        Some(fault) if !fault.fault.harms() => {
            check.say(meaning::recovers_from_good(at.place(), fault.fault.kind()));
            false
        }
        // What it harms shows at a later boot, and that is for as long as the node stays away.
        Some(fault) if fault.fault.momentary() => {
            check.say(meaning::over_at_once(at.place(), fault.fault.kind()));
            false
        }
        Some(_) | None => true,
    }
}

fn recovers(check: &mut Check<'_, '_>, at: At<'_>, from: &str, within: Span, strikes: &[Option<Moments>]) {
    let scenario = check.scenario;
    if !harmful(check, at.key("from"), from) {
        return;
    }
    let Some(index) = scenario.faults.iter().position(|fault| fault.name == from) else { return };
    let Some(moments) = strikes.get(index).copied().flatten() else { return };
    let fault = &scenario.faults[index];
    if fault.part_of.is_some() {
        return; // a nemesis drew its moment, which is nobody's mistake
    }
    let lasts = fault.lasts.unwrap_or(Span::ZERO);
    let left = scenario.until.since(moments.first + lasts);
    if within > left && check.top.find("until").is_some_and(|at| check.sound(at)) {
        check.say(meaning::recovers_late(at.key("within").place(), within, left));
    }
}
