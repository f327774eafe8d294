//! Generators of faults: gap, strike, dwell, and again.

use super::{Names, key};
use crate::format::{CLIENTS, Kind, Nemesis, TimedFault, When};
use sim_core::{
    fault::{Condition, Fault, Pick},
    rng::{Chance, Keys, Purpose, Rng},
    time::{Span, Time},
};

/// The random streams of a nemesis. Each question has its own, so that another choice of kinds leaves the moments alone.
const GAPS: u64 = 16;
const DWELLS: u64 = 17;
const KINDS: u64 = 18;
const SWARM: u64 = 19;
const AIM: u64 = 20;

/// A strike that waits for inputs waits for so many at most: each falls between other two.
const INPUTS_MAX: u64 = 8;

/// The faults of a nemesis in one run, in order of time.
pub(super) fn faults(nemesis: &Nemesis, keys: &Keys, names: &mut Names) -> Vec<TimedFault> {
    let stream = |which| keys.stream(Purpose::Fault, key(&nemesis.name), which);
    let (mut gaps, mut dwells, mut draws) = (stream(GAPS), stream(DWELLS), stream(KINDS));
    let mut aims = stream(AIM);
    let (gap, dwell) = (nemesis.gap.sampler(), nemesis.dwell.sampler());
    let kinds = enabled(&nemesis.kinds, nemesis.swarm, &mut stream(SWARM));
    let mut faults = Vec::new();
    // When those in force end, and where the gap begins.
    let mut ends: Vec<Time> = Vec::new();
    let mut idle = nemesis.from;
    loop {
        if ends.len() >= nemesis.at_once as usize {
            ends.sort_unstable();
            idle = idle.max(ends.remove(0));
        }
        let waits = gap.draw(&mut gaps).max(nemesis.gap_min);
        let at = idle + waits;
        let lasts = dwell.draw(&mut dwells).max(nemesis.dwell_min).max(Span(1));
        if at >= nemesis.to || nemesis.to.since(at) < nemesis.dwell_min {
            return faults;
        }
        let Some(kind) = draw(&kinds, &mut draws) else { return faults };
        let left = nemesis.to.since(at);
        let lasts = lasts.min(left);
        let fault = kind.fault.plain();
        // An aimed one waits for as long as nothing happened before it, at most, and all of that is its turn.
        let waits = waits.min(Span(left.0 - lasts.0));
        let (fault, when, waits) = match aim(&fault, nemesis.aim, &mut aims) {
            Some((condition, fault)) if waits > Span::ZERO => {
                (fault, When::When { condition, from: at, latest: Some(at + waits) }, waits)
            }
            Some(_) | None => (fault, When::At(at), Span::ZERO),
        };
        ends.retain(|end| *end > at);
        // What is over at once takes its turn all the same: that bounds how many there are.
        ends.push(at + waits + lasts);
        idle = at;
        faults.push(TimedFault {
            name: names.next(&nemesis.name),
            part_of: Some(nemesis.name.clone()),
            when,
            lasts: (!fault.momentary()).then_some(lasts),
            keep: nemesis.keep,
            rolling: None,
            fault,
            say: String::new(),
        });
    }
}

/// What a fault waits for if it is aimed, and the fault that hits the node where that happens.
fn aim(fault: &Fault, chance: Chance, rng: &mut Rng) -> Option<(Condition, Fault)> {
    let aimed = rng.chance(chance);
    let (what, inputs) = (rng.below(3), rng.below(INPUTS_MAX) + 1);
    let service = aimed_at(fault).filter(|_| aimed)?.to_string();
    let one = [Pick::RandomOf(service.clone(), 1)];
    let mut groups: Vec<Vec<Pick>> = fault.picks().iter().map(|picks| picks.to_vec()).collect();
    let hit = groups.iter_mut().find(|picks| **picks == one);
    let fault = match hit {
        Some(picks) => {
            *picks = vec![Pick::TriggerOf(service.clone())];
            fault.aimed(groups)
        }
        None => fault.clone(),
    };
    let condition = match what {
        0 => Condition::RoleChange(service),
        1 => Condition::Unsynced(service),
        _ => Condition::Handled(service, inputs),
    };
    Some((condition, fault))
}

/// The service of servers that a fault names first.
pub(crate) fn aimed_at(fault: &Fault) -> Option<&str> {
    fault.picks().into_iter().flatten().find_map(|pick| {
        let (Pick::Service(name) | Pick::RandomOf(name, _)) = pick else { return None };
        (name != CLIENTS).then_some(name.as_str())
    })
}

/// The kinds that take part: each with this probability, and at least one.
fn enabled<'a>(kinds: &'a [Kind], chance: Chance, rng: &mut Rng) -> Vec<&'a Kind> {
    let enabled: Vec<&Kind> = kinds.iter().filter(|_| rng.chance(chance)).collect();
    if enabled.is_empty() { rng.pick(kinds).into_iter().collect() } else { enabled }
}

/// One kind, in proportion to the weights.
fn draw<'a>(kinds: &[&'a Kind], rng: &mut Rng) -> Option<&'a Kind> {
    let total: f64 = kinds.iter().map(|kind| kind.weight).sum();
    let mut left = rng.unit() * total;
    let drawn = kinds.iter().find(|kind| {
        left -= kind.weight;
        left < 0.0
    });
    drawn.or(kinds.last()).copied()
}

/// How many strikes there can be, whatever is drawn; `None` when nothing bounds them.
pub(crate) fn strikes_max(nemesis: &Nemesis) -> Option<u64> {
    let time = nemesis.to.since(nemesis.from).0;
    let by_gap = time.checked_div(nemesis.gap_min.0).map(|count| count + 1);
    let by_dwell =
        time.checked_div(nemesis.dwell_min.0).map(|count| (count + 1) * u64::from(nemesis.at_once));
    by_gap.into_iter().chain(by_dwell).min()
}
