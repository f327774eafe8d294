//! What is expected of registers can be judged: there are some, clients read them, and late enough.

use super::{At, Check, expect::some_time};
use crate::{format::Scenario, messages::meaning};
use sim_core::{check::register::Guarantee, time::Span};

/// What clients call has registers, so that reads and writes can be told apart.
pub(super) fn registers(check: &mut Check<'_, '_>, at: At<'_>) {
    let of = check.scenario.clients.as_ref().map(|clients| clients.of.as_str());
    let service = check.scenario.services.iter().find(|service| Some(service.name.as_str()) == of);
    match service {
        Some(service) => {
            let known = check.catalog.protocols().contains(&service.run.as_str());
            if known && !check.catalog.registers(&service.run) {
                check.say(meaning::no_registers(at.place(), &service.name, &service.run));
            }
        }
        None if of.is_none() && check.knows_names() => check.say(meaning::no_clients(at.place())),
        None => {}
    }
}

/// Reads can come so late that they count.
pub(super) fn rests(check: &mut Check<'_, '_>, at: At<'_>, within: Span) {
    some_time(check, at, "within", within);
    let &Scenario { calm, until, .. } = check.scenario;
    let left = if calm > Span::ZERO { calm } else { Span(until.0) };
    let known = ["until", "calm"].map(|key| check.top.find(key).is_none_or(|at| check.sound(at)));
    if within >= left && left > Span::ZERO && known == [true; 2] {
        check.say(meaning::rests_late(at.key("within").place(), within, left));
    }
}

pub(super) fn sessions(check: &mut Check<'_, '_>, at: At<'_>, list: At<'_>, guarantees: &[Guarantee]) {
    registers(check, at);
    if guarantees.is_empty() {
        check.say(meaning::no_guarantee(list.place()));
    }
    for (index, guarantee) in guarantees.iter().enumerate() {
        if let Some(first) = guarantees[..index].iter().position(|earlier| earlier == guarantee) {
            check.say(meaning::expected_twice(list.item(index).place(), list.item(first).place()));
        }
    }
}
