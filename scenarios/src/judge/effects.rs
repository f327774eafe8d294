//! What faults did: claims of the file about it, and whether each of them made a difference.
//!
//! A fault that strikes often, and a nemesis, are judged by all their strikes together: one flap that met no message is
//! no reason for doubt, but a link that flaps for nothing is.

use super::{bounds, fits, held, verdict};
use crate::{
    expand::expand,
    format::{Figure, Scenario, Service},
};
use sim_core::{
    fault::{Fault, Schedule},
    judged::{Status, Verdict},
    plan::Timers,
    run::{Effect, FaultReport, Run, ServiceInfo},
    sample::Delay,
    time::{Span, Time},
};
use std::collections::BTreeMap;

/// So many faults without effect are told with their reasons in one line; the rest are counted.
const TOLD_MAX: usize = 5;

/// The faults of a run by the names that the file gives them.
pub(crate) struct Sources<'a> {
    /// In the order of the file; a nemesis may have no strike at all.
    all: Vec<(String, Vec<&'a FaultReport>)>,
}

impl<'a> Sources<'a> {
    pub(crate) fn of(scenario: &Scenario, run: &'a Run) -> Sources<'a> {
        let reports: BTreeMap<&str, &FaultReport> =
            run.faults.iter().map(|report| (report.planned.name.as_str(), report)).collect();
        let mut all: Vec<(String, Vec<&FaultReport>)> = Vec::new();
        let mut index: BTreeMap<String, usize> = BTreeMap::new();
        let mut add = |name: &String, report: Option<&&'a FaultReport>| {
            let at = *index.entry(name.clone()).or_insert(all.len());
            if at == all.len() {
                all.push((name.clone(), Vec::new()));
            }
            all[at].1.extend(report.copied());
        };
        for strike in expand(scenario, run.seed) {
            add(strike.part_of.as_ref().unwrap_or(&strike.name), reports.get(strike.name.as_str()));
        }
        scenario.nemesis.iter().for_each(|nemesis| add(&nemesis.name, None));
        Sources { all }
    }

    /// When this fault or nemesis was in force.
    pub(super) fn windows(&self, name: &str, run_end: Time) -> Vec<(Time, Time)> {
        self.strikes(name).into_iter().filter_map(|report| report.window(run_end)).collect()
    }

    /// All strikes of the fault or nemesis of this name, or the one strike that is called so.
    fn strikes(&self, name: &str) -> Vec<&'a FaultReport> {
        let whole = self.all.iter().find(|(source, _)| source == name).map(|(_, strikes)| strikes.clone());
        let one = || {
            let mut reports = self.all.iter().flat_map(|(_, strikes)| strikes);
            reports.find(|report| report.planned.name == name).map(|report| vec![*report])
        };
        whole.or_else(one).unwrap_or_default()
    }
}

/// The verdict on a figure of a fault's effect.
pub(super) fn effect(
    of: &str,
    what: Figure,
    at_least: Option<u64>,
    at_most: Option<u64>,
    sources: &Sources<'_>,
) -> Verdict {
    let bounds = bounds(at_least.map(|bound| bound.to_string()), at_most.map(|bound| bound.to_string()));
    let phrase = format!("{of}: {} {bounds}", words(what));
    let strikes = sources.strikes(of);
    if strikes.iter().all(|report| report.struck.is_none()) {
        return verdict(phrase, Status::Vacuous, "it never struck");
    }
    let found: u64 = strikes.iter().map(|report| figure(&report.effect, what)).sum();
    let finding = match strikes.len() {
        1 => format!("{found}"),
        count => format!("{found}, in {count} strikes"),
    };
    Verdict { figure: found.to_string(), ..verdict(phrase, held(fits(found, at_least, at_most)), finding) }
}

fn figure(effect: &Effect, what: Figure) -> u64 {
    match what {
        Figure::Dropped => effect.dropped,
        Figure::Delayed => effect.delayed,
        Figure::Duplicated => effect.duplicated,
        Figure::Corrupted => effect.corrupted,
        Figure::Failed => effect.failed,
        Figure::Misled => effect.misled,
        Figure::Records => effect.records,
        Figure::Nodes => u64::from(effect.nodes),
        Figure::Spared => u64::from(effect.spared),
        Figure::LeaderChanges => effect.leader_changes,
        Figure::RoleChanges => effect.role_changes,
    }
}

pub(crate) fn words(what: Figure) -> &'static str {
    match what {
        Figure::Dropped => "dropped",
        Figure::Delayed => "delayed",
        Figure::Duplicated => "duplicated",
        Figure::Corrupted => "corrupted",
        Figure::Failed => "failed",
        Figure::Misled => "misled",
        Figure::Records => "records",
        Figure::Nodes => "nodes",
        Figure::Spared => "spared",
        Figure::LeaderChanges => "leader changes",
        Figure::RoleChanges => "role changes",
    }
}

/// The verdict on whether some service lost its quorum while a fault was in force, or whether none did.
pub(super) fn quorum(of: &str, wanted_lost: bool, sources: &Sources<'_>) -> Verdict {
    let phrase = format!("quorum {} during {of}", if wanted_lost { "lost" } else { "kept" });
    let strikes = sources.strikes(of);
    let struck: Vec<_> = strikes.iter().filter(|report| report.struck.is_some()).collect();
    if struck.is_empty() {
        return verdict(phrase, Status::Vacuous, "it never struck");
    }
    let lost: Vec<&str> = struck
        .iter()
        .filter(|report| report.effect.quorum_lost)
        .map(|report| report.planned.name.as_str())
        .collect();
    let finding = match lost.as_slice() {
        [] if wanted_lost => "every service kept a majority throughout".into(),
        // What changed nothing proves nothing.
        [] if !struck.iter().any(|report| report.bit()) => {
            return verdict(phrase, Status::Vacuous, "the fault bit nothing");
        }
        [] => "every service kept a majority throughout".into(),
        [_] if struck.len() == 1 => "a service had no node that reached a majority".into(),
        [first, ..] => {
            format!("lost in {} of {} strikes, first in {first}", lost.len(), struck.len())
        }
    };
    let figure = format!("lost in {} of {}", lost.len(), struck.len());
    Verdict { figure, ..verdict(phrase, held(lost.is_empty() != wanted_lost), finding) }
}

/// The verdict on whether every fault made a difference; `None` without faults.
pub(super) fn bites(scenario: &Scenario, run: &Run, sources: &Sources<'_>) -> Option<Verdict> {
    let blunt: Vec<String> =
        sources.all.iter().filter_map(|(name, strikes)| why_not(name, strikes, scenario, run)).collect();
    let count = sources.all.len();
    let phrase = "every fault bites";
    match blunt.as_slice() {
        _ if count == 0 => None,
        [] => Some(verdict(phrase, Status::Held, format!("{count} of {count}"))),
        _ => {
            let told = blunt.iter().take(TOLD_MAX).cloned().collect::<Vec<_>>().join("; ");
            let more = match blunt.len().saturating_sub(TOLD_MAX) {
                0 => String::new(),
                more => format!("; and {more} more"),
            };
            let finding = format!("without effect: {told}{more}");
            Some(Verdict { evidence: blunt, ..verdict(phrase, Status::Vacuous, finding) })
        }
    }
}

/// Why a fault made no difference, if it made none: of several strikes, the reasons that they have.
fn why_not(name: &str, strikes: &[&FaultReport], scenario: &Scenario, run: &Run) -> Option<String> {
    if strikes.is_empty() {
        return Some(format!("{name} (it never struck: no gap was over in time)"));
    }
    if strikes.iter().any(|report| report.bit()) {
        return None;
    }
    let mut reasons: Vec<(String, usize)> = Vec::new();
    for report in strikes {
        let reason = reason(report, scenario, run);
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += 1,
            None => reasons.push((reason, 1)),
        }
    }
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let often = |(reason, count): &(String, usize)| match *count {
        1 => reason.clone(),
        count => format!("{count} times: {reason}"),
    };
    let told: Vec<String> = reasons.iter().take(3).map(often).collect();
    Some(format!("{name} ({})", told.join(", ")))
}

/// What is missing for a fault that made no difference.
fn reason(report: &FaultReport, scenario: &Scenario, run: &Run) -> String {
    let fault = report.planned.fault.plain();
    if report.struck.is_none() {
        let calm = if scenario.calm > Span::ZERO { "the calm began first" } else { "the run ended first" };
        return String::from(match &report.planned.when {
            Schedule::At(_) => "the run ended first",
            Schedule::When { .. } => "its moment never came",
            Schedule::After(name, _) => {
                let first = run.faults.iter().find(|other| other.planned.name == *name);
                match first.is_some_and(|first| first.struck.is_some()) {
                    true => calm,
                    false => return format!("`{name}`, which it follows, never struck"),
                }
            }
        });
    }
    let effect = &report.effect;
    if effect.spared > 0 && effect.nodes == 0 {
        return "it had to spare whom it chose".into();
    }
    let needed = if fault.picks().len() > 1 || report.chose.len() > 1 { 2 } else { 1 };
    let groups = report.chose.iter().filter(|group| !group.is_empty()).count();
    if groups < needed && !matches!(fault, Fault::Heal | Fault::End(_)) {
        let nobody = if groups > 0 { "it found only one side" } else { "it found nobody" };
        let down = matches!(fault, Fault::Restart(_)).then_some("nobody was down");
        let frozen = matches!(fault, Fault::Resume(_)).then_some("nobody was frozen");
        return String::from(down.or(frozen).unwrap_or(nobody));
    }
    missing(&fault, report, scenario, run)
}

/// The same for a fault that struck somebody.
fn missing(fault: &Fault, report: &FaultReport, scenario: &Scenario, run: &Run) -> String {
    let hit = |wanted: &dyn Fn(&Service) -> bool| services(report, scenario, run).iter().any(|s| wanted(s));
    let takes = |delay: &Delay| *delay != Delay::Constant(Span::ZERO);
    String::from(match fault {
        Fault::Split(_)
        | Fault::OneWay { .. }
        | Fault::Isolate(_)
        | Fault::Halves(_)
        | Fault::Bridge(_)
        | Fault::MinorityThird(_)
        | Fault::MajoritiesRing(_)
        | Fault::Lose { .. }
        | Fault::Clog { .. } => "no message met it",
        Fault::Degrade { .. } | Fault::DegradeNic { .. } | Fault::Ranks { .. } => {
            "no message that met it fared worse"
        }
        Fault::Pause(_) => "nothing waited for them",
        Fault::Slow { .. } if hit(&|s| takes(&s.host.message) || takes(&s.host.request)) => {
            "nothing took processor time meanwhile"
        }
        Fault::Slow { .. } => "nothing took processor time: give the service `host: (message: …)`",
        Fault::DiskSlow { .. } if !hit(&|s| takes(&s.disk.sync) || takes(&s.disk.write)) => {
            "its disks take no time: give the service `disk: (sync: …)`"
        }
        Fault::DiskSlow { .. } | Fault::DiskStall(_) | Fault::DiskFull(_) => "nothing was written to disk",
        Fault::ClockJump { .. } | Fault::ClockStrobe { .. }
            if hit(&|s| s.clock.timers == Timers::Monotonic) =>
        {
            "nobody looked at the clock, and timers follow it only with `clock: (timers: Wall)`"
        }
        Fault::ClockJump { .. } | Fault::ClockDrift { .. } | Fault::ClockStrobe { .. } => {
            "nobody looked at the clock"
        }
        Fault::BitRot { .. } => "there was no record to damage",
        Fault::Crash(_) | Fault::PowerLoss(_) | Fault::Wipe(_) => "they were down already",
        Fault::Restart(_) => "they were not down",
        Fault::Resume(_) => "they were not frozen",
        Fault::Heal => "there was nothing to heal",
        Fault::End(name) => return format!("`{name}` was not in force"),
        Fault::ClockReset(_) | Fault::Gray(..) => "it changed nothing",
    })
}

/// The services of the nodes that a fault chose.
fn services<'s>(report: &FaultReport, scenario: &'s Scenario, run: &Run) -> Vec<&'s Service> {
    let chose = |info: &ServiceInfo| report.chose.iter().flatten().any(|node| info.holds(*node));
    let chosen = run.services.iter().filter(|info| chose(info)).map(|info| info.name.as_str());
    chosen.filter_map(|name| scenario.services.iter().find(|service| service.name == name)).collect()
}
