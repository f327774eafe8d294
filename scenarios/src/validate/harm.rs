//! What faults do, for how long, and whom they spare: numbers within reach, and nothing said in vain.

use super::{At, Check, picks};
use crate::{
    format::{STROBES_MAX, TimedFault},
    messages::{harm, meaning},
};
use sim_core::{
    fault::{Fault, Gray, Keep, Pick, Shift},
    time::Span,
};

/// The most times as long that something takes.
const FACTOR_MAX: f64 = 1e6;

/// The numbers of a fault, `at` being what stands under `do`.
pub(super) fn check(check: &mut Check<'_, '_>, at: At<'_>, fault: &Fault) {
    match fault {
        Fault::Slow { factor, .. } | Fault::DiskSlow { factor, .. } => {
            if !(*factor > 1.0 && *factor <= FACTOR_MAX) {
                check.say(harm::factor(at.key("factor").place(), *factor));
            }
        }
        Fault::ClockDrift { by, .. } => {
            if !(*by >= -0.999 && *by <= 1.0 && *by != 0.0) {
                check.say(harm::clock_drift(at.key("by").place(), *by));
            }
        }
        Fault::ClockJump { by, .. } => shift(check, at, *by),
        Fault::ClockStrobe { by, every, .. } => {
            shift(check, at, *by);
            if *every == Span::ZERO {
                check.say(meaning::no_time(at.key("every").place(), "every"));
            }
        }
        Fault::Lose { messages: 0, .. } => check.say(harm::no_messages(at.key("messages").place())),
        Fault::BitRot { records: 0, .. } => check.say(harm::no_records(at.key("records").place())),
        Fault::Degrade { link, .. } | Fault::DegradeNic { link, .. } => {
            check.impairment(at.key("link"), link)
        }
        Fault::Ranks { step: Span::ZERO, .. } => check.say(meaning::no_time(at.key("step").place(), "step")),
        Fault::Split(_)
        | Fault::OneWay { .. }
        | Fault::Isolate(_)
        | Fault::Halves(_)
        | Fault::Bridge(_)
        | Fault::MinorityThird(_)
        | Fault::MajoritiesRing(_)
        | Fault::Clog { .. }
        | Fault::Lose { .. }
        | Fault::Ranks { .. }
        | Fault::Heal
        | Fault::Crash(_)
        | Fault::PowerLoss(_)
        | Fault::Wipe(_)
        | Fault::Restart(_)
        | Fault::Pause(_)
        | Fault::Resume(_)
        | Fault::ClockReset(_)
        | Fault::DiskStall(_)
        | Fault::DiskFull(_)
        | Fault::BitRot { .. }
        | Fault::End(_) => {}
        Fault::Gray(gray, of) => {
            let one_way = matches!(gray, Gray::DeafNic | Gray::MuteNic);
            if let Some(index) = of.iter().position(|pick| one_way && *pick == Pick::Rest) {
                check.say(harm::cut_from_nobody(at.item(1).item(index).place()));
            }
        }
    }
}

fn shift(check: &mut Check<'_, '_>, at: At<'_>, by: Shift) {
    let (Shift::Ahead(span) | Shift::Behind(span)) = by;
    if span == Span::ZERO {
        check.say(harm::shift_zero(at.key("by").place()));
    }
}

/// Adds how often a fault that strikes so many `times` sets clocks.
pub(super) fn strobes(
    check: &mut Check<'_, '_>,
    at: At<'_>,
    fault: &Fault,
    lasts: Span,
    times: u64,
    total: &mut u64,
) {
    let Fault::ClockStrobe { every, .. } = fault else { return };
    let before = *total;
    let changes = lasts.0.checked_div(every.0).unwrap_or(0).saturating_mul(times);
    let changes = changes.saturating_mul(check.nodes().max(1));
    *total = before.saturating_add(changes);
    if *total > STROBES_MAX && before <= STROBES_MAX {
        check.say(harm::strobes(at.key("every").place(), *total, STROBES_MAX));
    }
}

/// What is said around a fault: `lasts`, `keep` and `rolling`. Returns how many nodes it goes to one after the other.
pub(super) fn around(check: &mut Check<'_, '_>, at: At<'_>, timed: &TimedFault) -> u64 {
    if !at.find("do").is_some_and(|at| check.sound(at)) {
        return 1;
    }
    let fault = &timed.fault;
    if let (Some(lasts), Some(span)) = (at.find("lasts"), timed.lasts) {
        if fault.momentary() {
            check.say(meaning::cannot_last(lasts.place(), fault.kind()));
        } else if span == Span::ZERO {
            check.say(meaning::lasts_nothing(lasts.place()));
        }
    }
    if let Some(keep) = at.find("keep").filter(|_| timed.keep != Keep::Nothing && !fault.harms()) {
        check.say(harm::keep_harmless(keep.place(), fault.kind()));
    }
    match (at.find("rolling"), timed.rolling) {
        (Some(rolling), Some(span)) => rolls(check, at, rolling, fault, span),
        (_, _) => 1,
    }
}

fn rolls(check: &mut Check<'_, '_>, at: At<'_>, rolling: At<'_>, fault: &Fault, span: Span) -> u64 {
    let shape = matches!(
        fault,
        Fault::Halves(_)
            | Fault::Bridge(_)
            | Fault::MinorityThird(_)
            | Fault::MajoritiesRing(_)
            | Fault::Ranks { .. }
    );
    let groups = fault.picks();
    let [picks] = groups.as_slice() else {
        check.say(harm::rolls_not(rolling.place(), fault.kind()));
        return 1;
    };
    if shape || matches!(fault, Fault::Split(_)) {
        check.say(harm::rolls_not(rolling.place(), fault.kind()));
        return 1;
    }
    if span == Span::ZERO {
        check.say(meaning::no_time(rolling.place(), "rolling"));
    }
    let mut nodes = 0;
    for (index, pick) in picks.iter().enumerate() {
        let known =
            matches!(pick, Pick::Node(_) | Pick::Service(_) | Pick::Zone(_) | Pick::Region(_) | Pick::All);
        match picks::count(check, pick).filter(|_| known) {
            Some(count) => nodes += count,
            None => {
                check.say(harm::rolls_unknown(picks::group(at.key("do"), fault, 0).item(index).place()));
            }
        }
    }
    nodes
}
