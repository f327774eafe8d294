//! What clients were told of registers: how old, in which order, and whether it stayed.

use super::{bounds, fits, held, merged, part::Part, percent, turned, verdict};
use crate::format::Scenario;
use sim_core::{
    check::{
        merged::Merged,
        register::{
            Convergence, Guarantee, Lost, Registers, Rest, Sessions, Staleness, convergence, lost_writes,
            sessions, staleness,
        },
    },
    judged::{Status, Verdict},
    run::{AnyHistory, Run},
    time::{Span, Time, Units},
};
use std::cell::OnceCell;

/// So many keys are told one by one.
pub(super) const TOLD_MAX: usize = 5;
/// What every verdict on the order of writes rests on.
const ASSUMED: &str = "of two writes the one made when the other was over is taken for the newer";

/// The registers of a run, looked for when they are needed first.
pub(crate) struct Told<'a> {
    scenario: &'a Scenario,
    run: &'a Run,
    found: OnceCell<Vec<Checked<'a, Registers>>>,
    merged: OnceCell<Vec<Checked<'a, Merged>>>,
}

/// A history with what a check found in it.
pub(super) type Checked<'a, T> = (&'a dyn AnyHistory, T);

impl<'a> Told<'a> {
    pub(crate) fn of(scenario: &'a Scenario, run: &'a Run) -> Told<'a> {
        Told { scenario, run, found: OnceCell::new(), merged: OnceCell::new() }
    }

    /// Judges every history that has registers.
    fn check<T>(&self, check: impl Fn(&Registers) -> T) -> Vec<Checked<'a, T>> {
        let found = self.found.get_or_init(|| {
            let histories = self.run.histories.iter().map(|history| &**history);
            histories.filter_map(|history| Some((history, history.registers()?))).collect()
        });
        found.iter().map(|(history, registers)| (*history, check(registers))).collect()
    }

    /// The same of every history that has counters or sets.
    pub(super) fn check_merged<T>(&self, check: impl Fn(&Merged) -> T) -> Vec<Checked<'a, T>> {
        let found = self.merged.get_or_init(|| {
            let histories = self.run.histories.iter().map(|history| &**history);
            histories.filter_map(|history| Some((history, history.merged()?))).collect()
        });
        found.iter().map(|(history, merged)| (*history, check(merged))).collect()
    }

    /// When the service should have come to rest: the faults are over, and it is the calm part if there is one.
    fn rest(&self, within: Span) -> Rest {
        let calm = if self.scenario.calm > Span::ZERO { self.scenario.calm_from() } else { Time::ZERO };
        // What does not end is how the world is from then on.
        let ends = self.run.faults.iter().filter_map(|fault| {
            let (struck, end) = fault.window(self.run.ended)?;
            let stays = fault.planned.fault.momentary() || fault.ended.is_none();
            Some(if stays { struck } else { end })
        });
        Rest { from: ends.fold(calm, Time::max), within }
    }

    fn staleness(&self, part: &Part) -> Vec<Checked<'a, Staleness>> {
        self.check(|registers| staleness(registers, |read| part.counts(read.client, read.called)))
    }
}

pub(super) fn lines(history: &dyn AnyHistory, calls: &[usize]) -> Vec<String> {
    calls.iter().map(|call| format!("  {}", history.describe(*call))).collect()
}

/// All histories as one.
fn joined(all: &[Checked<'_, Staleness>]) -> Staleness {
    let mut joined = Staleness::default();
    for (_, found) in all {
        joined.reads += found.reads;
        joined.unheard += found.unheard;
        joined.open += found.open;
        joined.stale.extend(&found.stale);
    }
    joined.stale.sort_unstable();
    joined
}

/// What the stalest read missed.
fn worst(all: &[Checked<'_, Staleness>]) -> Vec<String> {
    let stalest = all.iter().filter_map(|(history, found)| Some((history, found.worst?)));
    let Some((history, worst)) = stalest.max_by_key(|(_, worst)| worst.by) else { return Vec::new() };
    let said =
        format!("the stalest read, by {}, and the acknowledged write that it missed", rounded(worst.by));
    [vec![said], lines(*history, &[worst.read, worst.missed])].concat()
}

fn unread(found: &Staleness) -> &'static str {
    match (found.unheard, found.open) {
        (0, 0) => "no read was answered",
        (_, 0) => "nobody wrote what was read",
        (..) => "all that was read had been written without an answer, nobody knows when",
    }
}

/// What nobody knows, as it is said at the end of a finding.
fn unknown(count: usize, noun: &str) -> String {
    match count {
        0 => String::new(),
        1 => format!("; 1 more {noun} depends on a write without an answer"),
        _ => format!("; {count} more {noun}s depend on writes without an answer"),
    }
}

/// Seconds or milliseconds, to three digits after the point.
fn rounded(span: Span) -> String {
    if span >= 1.s() { format!("{:.3}s", span.as_secs()) } else { format!("{:.3}ms", span.as_millis()) }
}

/// How stale reads were in general.
fn spread(found: &Staleness) -> String {
    let at = |percentile| found.percentile(percentile).unwrap_or(Span::ZERO);
    let (stale, reads) = (found.stale.len(), found.reads);
    let mut text = match stale {
        0 => format!("none of {reads} reads was stale"),
        _ => format!("{stale} of {reads} reads stale"),
    };
    // Where most are fresh, what most are says nothing.
    let told = [("p50", 50.0), ("p99", 99.0), ("worst", 100.0)].into_iter();
    for (word, stale) in
        told.map(|(word, percentile)| (word, at(percentile))).filter(|told| told.1 > Span::ZERO)
    {
        text += &format!(", {word} {}", rounded(stale));
    }
    text += &unknown(found.open, "read");
    if found.unheard > 0 {
        text += &format!("; {} more found what nobody wrote", found.unheard);
    }
    text
}

/// How stale reads of this part were: so many per cent of them, or the stalest.
pub(super) fn stale_by(
    percentile: Option<f64>,
    (at_least, at_most): (Option<Span>, Option<Span>),
    part: &Part,
    told: &Told<'_>,
) -> Verdict {
    let bounds = bounds(at_least.map(|bound| bound.to_string()), at_most.map(|bound| bound.to_string()));
    let of = percentile.map_or_else(String::new, |percentile| format!(" p{percentile}"));
    let phrase = format!("staleness{of}{} {bounds}", part.phrase);
    let all = told.staleness(part);
    let found = joined(&all);
    let Some(stale) = found.percentile(percentile.unwrap_or(100.0)) else {
        return verdict(phrase, Status::Vacuous, unread(&found));
    };
    let figure = if stale == Span::ZERO { "none".into() } else { rounded(stale) };
    let status = held(fits(stale, at_least, at_most));
    Verdict { figure, evidence: worst(&all), ..verdict(phrase, status, spread(&found)) }
}

/// The share of stale reads in this part.
pub(super) fn stale_reads(
    (at_least, at_most): (Option<f64>, Option<f64>),
    part: &Part,
    told: &Told<'_>,
) -> Verdict {
    let phrase =
        format!("stale reads{} {}", part.phrase, bounds(at_least.map(percent), at_most.map(percent)));
    let all = told.staleness(part);
    let found = joined(&all);
    let Some(share) = found.share() else {
        return verdict(phrase, Status::Vacuous, unread(&found));
    };
    let figure = percent(share);
    let finding = format!("{figure}: {}", spread(&found));
    let status = held(fits(share, at_least, at_most));
    Verdict { figure, evidence: worst(&all), ..verdict(phrase, status, finding) }
}

/// Every acknowledged write is found at rest, or something newer; and every update of counters and sets.
pub(super) fn no_lost_writes(within: Span, told: &Told<'_>) -> Verdict {
    let rest = told.rest(within);
    merged::kept(found_again(within, rest, told), rest, told)
}

fn found_again(within: Span, rest: Rest, told: &Told<'_>) -> Verdict {
    let phrase = format!("no lost writes within {within}");
    let all: Vec<Checked<'_, Lost>> = told.check(|registers| lost_writes(registers, rest));
    let sum = |count: fn(&Lost) -> usize| all.iter().map(|(_, found)| count(found)).sum::<usize>();
    let (keys, judged, lost) = (sum(|found| found.keys), sum(|found| found.judged), sum(|found| found.lost));
    let open = unknown(sum(|found| found.open), "write");
    if judged == 0 && !open.is_empty() {
        let finding = format!("of no acknowledged write is known whether it is there{open}");
        return verdict(phrase, Status::Vacuous, finding);
    }
    if judged == 0 {
        let finding = format!("no key with acknowledged writes was read {}", after(rest));
        return verdict(phrase, Status::Vacuous, finding);
    }
    let losers = sum(|found| found.last.len());
    if lost == 0 {
        let finding =
            format!("{judged} acknowledged writes of {keys} keys: each, or a newer one, is there{open}");
        return verdict(phrase, Status::Held, finding);
    }
    let finding =
        format!("{lost} of {judged} acknowledged writes, on {losers} of {keys} keys{open}; {ASSUMED}");
    let mut evidence = Vec::new();
    for (history, found) in &all {
        for last in found.last.iter().take(TOLD_MAX) {
            evidence
                .push(format!("key {}: {} lost, the last of them, and a later read", last.key, last.count));
            evidence.extend(lines(*history, &[last.write, last.read]));
        }
    }
    more(&mut evidence, losers);
    let figure = format!("{lost} of {judged} writes");
    Verdict { figure, evidence, ..verdict(phrase, Status::Failed, finding) }
}

/// When reads begin to count.
fn after(rest: Rest) -> String {
    format!("more than {} after its last write, and after {}", rest.within, Span(rest.from.0))
}

pub(super) fn more(evidence: &mut Vec<String>, keys: usize) {
    if keys > TOLD_MAX {
        evidence.push(format!("and {} more keys", keys - TOLD_MAX));
    }
}

/// All servers tell the same at rest.
pub(super) fn converges(within: Span, told: &Told<'_>) -> Verdict {
    let rest = told.rest(within);
    merged::agree(agree(within, rest, told), rest, told)
}

fn agree(within: Span, rest: Rest, told: &Told<'_>) -> Verdict {
    let phrase = format!("converges within {within}");
    let all: Vec<Checked<'_, Convergence>> = told.check(|registers| convergence(registers, rest));
    let sum = |count: fn(&Convergence) -> usize| all.iter().map(|(_, found)| count(found)).sum::<usize>();
    let (judged, open) = (sum(|found| found.judged), sum(|found| found.open));
    let open = match open {
        0 => String::new(),
        _ => format!("; of {open} more nobody knows, for a write had no answer or no writer"),
    };
    if judged == 0 {
        let finding = format!("no key was read at two servers {}{open}", after(rest));
        return verdict(phrase, Status::Vacuous, finding);
    }
    let differ = sum(|found| found.disagreements.len());
    if differ == 0 {
        return verdict(phrase, Status::Held, format!("servers agree on all of {judged} keys{open}"));
    }
    let mut evidence = Vec::new();
    for (history, found) in &all {
        for one in found.disagreements.iter().take(TOLD_MAX) {
            evidence.push(format!("key {}: the last answers of two servers", one.key));
            evidence.extend(lines(*history, &one.reads));
        }
    }
    more(&mut evidence, differ);
    let figure = format!("{differ} of {judged} keys");
    let finding = format!("servers disagree on {figure}{open}");
    Verdict { figure, evidence, ..verdict(phrase, Status::Failed, finding) }
}

/// Each of these guarantees is kept.
pub(super) fn kept(guarantees: &[Guarantee], told: &Told<'_>) -> Verdict {
    let phrase = names(guarantees);
    let all: Vec<Checked<'_, Sessions>> = told.check(sessions);
    let (mut status, mut findings, mut evidence) = (Status::Held, Vec::new(), Vec::new());
    let mut figures = Vec::new();
    for &guarantee in guarantees {
        let sum = |count: fn(&Sessions, Guarantee) -> usize| {
            all.iter().map(|(_, found)| count(found, guarantee)).sum::<usize>()
        };
        let tested = sum(|found, guarantee| found.of(guarantee).tested);
        let broken = sum(|found, guarantee| found.of(guarantee).broken);
        let open = unknown(sum(|found, guarantee| found.of(guarantee).open), "read");
        let name = guarantee.phrase();
        status = status.max(match (tested, broken) {
            (0, _) => Status::Vacuous,
            (_, 0) => Status::Held,
            (..) => Status::Failed,
        });
        findings.push(match (tested, broken) {
            (0, _) => format!("{name} never put to the test{open}"),
            (_, 0) => format!("{name} kept in {tested} reads{open}"),
            (..) => format!("{name} broken in {broken} of {tested} reads{open}"),
        });
        if broken > 0 {
            figures.push(format!("{broken} of {tested} reads"));
        }
        let first = all.iter().find(|(_, found)| found.of(guarantee).broken > 0);
        if let Some((history, found)) = first {
            evidence.push(format!("{name}, the first time it was broken"));
            evidence.extend(lines(*history, &found.of(guarantee).first));
        }
    }
    if status == Status::Failed {
        evidence.push(ASSUMED.into());
    }
    Verdict { figure: figures.join(", "), evidence, ..verdict(phrase, status, findings.join(", ")) }
}

fn names(guarantees: &[Guarantee]) -> String {
    guarantees.iter().map(|guarantee| guarantee.phrase()).collect::<Vec<_>>().join(", ")
}

/// At least one of these guarantees is broken.
pub(super) fn not_kept(guarantees: &[Guarantee], told: &Told<'_>) -> Verdict {
    let found = kept(guarantees, told);
    turned(&format!("violates {}", names(guarantees)), "clients saw their own past", found)
}
