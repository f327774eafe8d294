//! What clients got out of a run: availability, latency, downtimes, recovery. Pure functions of the operations.

use hdrhistogram::Histogram;
use sim_core::{
    judged::{Downtime, Latency, Measures, Recovery, Restored, Served, Why, Window},
    run::{Operation, Run},
    time::{Span, Time},
};
use std::collections::BTreeMap;

/// About so many windows make a curve that is neither jagged nor flat.
const WINDOWS: u64 = 120;
/// So many downtimes are reported.
const DOWNTIMES_MAX: usize = 20;
/// Waiting for less than this, or than so many times the median latency, is no downtime.
const DOWNTIME_MIN: Span = Span(100_000_000);
const DOWNTIME_MEDIANS: u64 = 5;
/// Service before a fault is measured over this long, and after it must be back for `STEADY`.
const BEFORE: Span = Span(10_000_000_000);
const STEADY: Span = Span(1_000_000_000);

/// Measures a run whose operations count as served when they are answered within `deadline`.
pub fn measure(run: &Run, deadline: Span) -> Measures {
    // Each history is in order, but all that follows wants one order over all of them.
    let mut operations: Vec<Operation> =
        run.histories.iter().flat_map(|history| history.operations()).collect();
    operations.sort_by_key(|o| (o.intended, o.client));
    let window = window_width(run.ended);
    // What was wanted so late that its deadline lies beyond the end can still come: it says nothing yet.
    let judged: Vec<&Operation> = operations.iter().filter(|o| o.intended + deadline <= run.ended).collect();
    let all: Vec<&Operation> = operations.iter().collect();
    let mut kinds: BTreeMap<&'static str, Latencies> = BTreeMap::new();
    for operation in &operations {
        kinds.entry(operation.kind).or_default().count(operation);
    }
    let latency = Latencies::of_all(kinds.values()).figures();
    let answers = answers(&all);
    let floor = DOWNTIME_MIN.max(latency.p50 * DOWNTIME_MEDIANS);
    let outages = outages(&all, &answers, run.ended, floor);
    let service = Service { operations: &all, answers: &answers, outages: &outages, deadline };
    Measures {
        deadline,
        total: served(&judged, deadline),
        window,
        windows: windows(&judged, window, run.ended, deadline),
        latency,
        by_kind: kinds.into_iter().map(|(kind, latencies)| (kind, latencies.figures())).collect(),
        recoveries: recoveries(run, service),
        downtimes: longest(outages),
        operations,
    }
}

/// How many of those operations were served that count, in a run that has ended then.
pub(crate) fn served_of(measures: &Measures, ended: Time, counts: impl Fn(&Operation) -> bool) -> Served {
    let judged = measures.operations.iter().filter(|o| o.intended + measures.deadline <= ended);
    served(&judged.filter(|operation| counts(operation)).collect::<Vec<_>>(), measures.deadline)
}

fn in_time(operation: &Operation, deadline: Span) -> bool {
    operation.latency().is_some_and(|latency| latency <= deadline)
}

fn served(operations: &[&Operation], deadline: Span) -> Served {
    let mut served = Served { wanted: operations.len() as u64, ..Served::default() };
    for operation in operations {
        match operation.latency() {
            Some(latency) if latency <= deadline => served.in_time += 1,
            Some(_) => served.late += 1,
            None if operation.unknown => served.unknown += 1,
            None => served.refused += 1,
        }
    }
    served
}

/// A round width (1, 2 or 5 times a power of ten) that gives at most [`WINDOWS`] windows.
fn window_width(ended: Time) -> Span {
    let wanted = (ended.0 / WINDOWS).max(1);
    let mut width = 1u64;
    for factor in [2, 5, 10].into_iter().cycle() {
        if width >= wanted {
            break;
        }
        let decade = 10u64.saturating_pow(width.ilog10());
        width = decade.saturating_mul(factor);
    }
    Span(width)
}

fn windows(operations: &[&Operation], width: Span, ended: Time, deadline: Span) -> Vec<Window> {
    let count = ended.0.div_ceil(width.0) as usize;
    let mut rest = operations;
    let window = |index: usize| {
        let from = Time(index as u64 * width.0);
        let split = rest.partition_point(|o| o.intended < from + width);
        let (inside, after) = rest.split_at(split);
        rest = after;
        Window { from, served: served(inside, deadline), latency: Latencies::of(inside).figures() }
    };
    (0..count).map(window).collect()
}

/// What operations waited.
struct Latencies {
    histogram: Histogram<u64>,
    max: Span,
}

impl Default for Latencies {
    fn default() -> Self {
        Latencies { histogram: Histogram::new(3).expect("three digits are allowed"), max: Span::ZERO }
    }
}

impl Latencies {
    fn of(operations: &[&Operation]) -> Latencies {
        let mut all = Latencies::default();
        operations.iter().for_each(|operation| all.count(operation));
        all
    }

    fn of_all<'a>(some: impl Iterator<Item = &'a Latencies>) -> Latencies {
        some.fold(Latencies::default(), |mut all, one| {
            all.histogram.add(&one.histogram).expect("the histogram grows with what it is given");
            all.max = all.max.max(one.max);
            all
        })
    }

    /// Counts an operation, if it was answered.
    fn count(&mut self, operation: &Operation) {
        let Some(latency) = operation.latency() else { return };
        self.histogram.record(latency.0).expect("the histogram grows with what it records");
        self.max = self.max.max(latency);
    }

    fn figures(&self) -> Latency {
        if self.histogram.is_empty() {
            return Latency::default();
        }
        // The histogram answers with the upper end of a bucket, which may lie above all that was recorded.
        let quantile = |q| Span(self.histogram.value_at_quantile(q)).min(self.max);
        Latency {
            count: self.histogram.len(),
            p50: quantile(0.5),
            p90: quantile(0.9),
            p99: quantile(0.99),
            p999: quantile(0.999),
            max: self.max,
            mean: Span(self.histogram.mean().round() as u64),
        }
    }
}

/// What `percentile` per cent of the latencies do not exceed; `None` without any. Sorts them.
pub fn percentile(latencies: &mut [Span], percentile: f64) -> Option<Span> {
    latencies.sort_unstable();
    let rank = (percentile / 100.0 * latencies.len() as f64).ceil() as usize;
    latencies.get(rank.max(1) - 1).copied()
}

/// Stretches in which somebody waited and nobody was answered, for `floor` at least; in order of time.
///
/// Each lies between two answers that follow one another, and begins when somebody begins to wait: at the earlier answer,
/// if an operation that the later one answers was wanted before it, or when the next one is wanted. An operation that is
/// given up waits no longer, which nobody tells us: what was wanted before the earlier answer and never answered is left
/// out.
fn outages(operations: &[&Operation], answers: &[Time], ended: Time, floor: Span) -> Vec<Downtime> {
    // For the first so many operations, by intended start: when the last of their answers came.
    let mut latest = vec![Time::ZERO];
    for operation in operations {
        let before = latest.last().copied().unwrap_or_default();
        latest.push(before.max(operation.done.unwrap_or_default()));
    }
    let mut found = Vec::new();
    let (mut last, mut wanted) = (Time::ZERO, 0);
    for next in answers.iter().copied().map(Some).chain([None]) {
        while operations.get(wanted).is_some_and(|o| o.intended <= last) {
            wanted += 1;
        }
        let waits_already = next.is_some_and(|next| latest[wanted] >= next);
        let begins = operations.get(wanted).map(|o| o.intended);
        let from = if waits_already { Some(last) } else { begins };
        let until = next.unwrap_or(ended);
        if let Some(from) = from
            && from < until
            && until.since(from) >= floor
        {
            found.push(Downtime { from, until });
        }
        last = until;
    }
    found
}

fn longest(mut downtimes: Vec<Downtime>) -> Vec<Downtime> {
    downtimes.sort_by_key(|d| (core::cmp::Reverse(d.until.since(d.from)), d.from));
    downtimes.truncate(DOWNTIMES_MAX);
    downtimes
}

/// When service was restored after each fault that does harm.
fn recoveries(run: &Run, service: Service<'_>) -> Vec<Recovery> {
    let harms = run.faults.iter().enumerate().filter(|(_, report)| report.planned.fault.harms());
    let struck = harms.filter_map(|(fault, report)| report.struck.map(|struck| (fault, struck)));
    struck.map(|(fault, at)| Recovery { fault, outcome: service.restored(at, run.ended) }).collect()
}

/// The moments at which operations were answered, in order.
fn answers(operations: &[&Operation]) -> Vec<Time> {
    // By intended start they are nearly in order, which the sort that keeps order makes use of.
    let mut answers: Vec<Time> = operations.iter().filter_map(|o| o.done).collect();
    answers.sort();
    answers
}

/// What clients got.
struct Service<'a> {
    /// By intended start.
    operations: &'a [&'a Operation],
    answers: &'a [Time],
    outages: &'a [Downtime],
    deadline: Span,
}

impl Service<'_> {
    /// Service is back at the first moment from the strike on that begins a second in which no downtime begins, and in
    /// which at least half as many operations are answered as in an average second of the ten before the strike, or all
    /// that are wanted are served: when there are fewer clients, fewer answers are enough.
    fn restored(&self, struck: Time, ended: Time) -> Restored {
        let before = Time(struck.0.saturating_sub(BEFORE.0));
        let (usual, seconds) = (self.between(before, struck), struck.since(before));
        if usual == 0 {
            return Restored::Unmeasured(Why::Idle);
        }
        if ended.since(struck) < STEADY + self.deadline {
            return Restored::Unmeasured(Why::Late);
        }
        // usual/seconds per second, half of it, for one second: in whole numbers, so that no rounding decides.
        let enough = |at: Time| {
            let now = self.between(at, at + STEADY);
            u128::from(now) * 2 * u128::from(seconds.0) >= u128::from(usual) * u128::from(STEADY.0)
        };
        let last = Time(ended.0 - STEADY.0 - self.deadline.0);
        let first = self.answers.partition_point(|&at| at < struck);
        let starts = self.answers[first..].iter().copied().take_while(|&at| at <= last);
        let back = |at: &Time| !self.breaks_off(*at) && (enough(*at) || self.serves_all(*at));
        match core::iter::once(struck).chain(starts).find(back) {
            None => Restored::Never,
            Some(at) if at == struck && self.serves_next(struck) => Restored::Uninterrupted,
            Some(at) => Restored::After(self.first_answer(at).since(struck)),
        }
    }

    /// How many operations were answered from `from` on and before `until`.
    fn between(&self, from: Time, until: Time) -> u64 {
        let index = |time: Time| self.answers.partition_point(|&at| at < time);
        (index(until) - index(from)) as u64
    }

    /// The operations wanted in the second from `at` on.
    fn wanted(&self, at: Time) -> &[&Operation] {
        let index = |time: Time| self.operations.partition_point(|o| o.intended < time);
        &self.operations[index(at)..index(at + STEADY)]
    }

    /// Whether some are wanted in the second from `at` on, and all of them served in time.
    fn serves_all(&self, at: Time) -> bool {
        let wanted = self.wanted(at);
        !wanted.is_empty() && wanted.iter().all(|o| in_time(o, self.deadline))
    }

    /// Whether a downtime begins in the second from `at` on, or goes on at `at`.
    fn breaks_off(&self, at: Time) -> bool {
        let next = self.outages.partition_point(|d| d.until <= at);
        self.outages.get(next).is_some_and(|d| d.from < at + STEADY)
    }

    /// Whether the first operation that is wanted from `at` on is served in time.
    fn serves_next(&self, at: Time) -> bool {
        let next = self.operations.partition_point(|o| o.intended < at);
        self.operations.get(next).is_some_and(|o| in_time(o, self.deadline))
    }

    fn first_answer(&self, at: Time) -> Time {
        self.answers.get(self.answers.partition_point(|&t| t < at)).copied().unwrap_or(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::{protocol::NodeId, time::Units};

    fn operation(at: Span, done: Option<Span>) -> Operation {
        let time = |span: Span| Time(span.0);
        Operation {
            client: NodeId(0),
            number: 0,
            kind: "get",
            key: 0,
            intended: time(at),
            done: done.map(|after| time(at) + after),
            calls: 1,
            unknown: done.is_none(),
        }
    }

    #[test]
    fn windows_are_round_and_about_a_hundred() {
        for (ended, width) in [(60.s(), 500.ms()), (10.s(), 100.ms()), (1.s(), 10.ms()), (100.s(), 1.s())] {
            assert_eq!(window_width(Time(ended.0)), width);
        }
    }

    #[test]
    fn a_late_answer_is_no_service_but_counts_in_the_latency() {
        let operations =
            [operation(1.s(), Some(5.ms())), operation(2.s(), Some(3.s())), operation(3.s(), None)];
        let all: Vec<&Operation> = operations.iter().collect();
        let got = served(&all, 1.s());
        assert_eq!((got.wanted, got.in_time, got.late, got.unknown, got.refused), (3, 1, 1, 1, 0));
        let whole = Latencies::of(&all);
        let figures = whole.figures();
        assert_eq!(figures.max, 3.s());
        assert!(figures.p50.0.abs_diff(5.ms().0) < 5.ms().0 / 500, "three digits: {}", figures.p50);
        let parts = [Latencies::of(&all[..1]), Latencies::of(&all[1..])];
        assert_eq!(Latencies::of_all(parts.iter()).figures(), figures);
        let mut latencies = vec![3.s(), 5.ms()];
        assert_eq!(percentile(&mut latencies, 50.0), Some(5.ms()));
        assert_eq!(percentile(&mut latencies, 100.0), Some(3.s()));
        assert_eq!(percentile(&mut [], 50.0), None);
    }

    #[test]
    fn a_downtime_runs_from_the_first_operation_in_vain_to_the_next_one_served() {
        let answer = |i: u64| if (10..30).contains(&i) { None } else { Some(1.ms()) };
        let operations: Vec<Operation> = (0..100).map(|i| operation(100.ms() * i, answer(i))).collect();
        let all: Vec<&Operation> = operations.iter().collect();
        let time = |span: Span| Time(span.0);
        let found = longest(outages(&all, &answers(&all), time(10.s()), 100.ms()));
        assert_eq!(found, [Downtime { from: time(1.s()), until: time(3_001.ms()) }]);
        // One client at a time, and one operation that waits for eight seconds: nobody else is wanted, and yet.
        let lone =
            [operation(1.s(), Some(5.ms())), operation(2.s(), Some(8.s())), operation(11.s(), Some(5.ms()))];
        let found = outages(
            &lone.iter().collect::<Vec<_>>(),
            &answers(&lone.iter().collect::<Vec<_>>()),
            time(12.s()),
            100.ms(),
        );
        assert_eq!(found, [Downtime { from: time(2.s()), until: time(10.s()) }]);
        // Everybody waits through it and is answered in the end.
        let patient: Vec<Operation> = (0..80)
            .map(|i| operation(100.ms() * i, Some(if i < 20 { 1.ms() } else { 9.s() - 100.ms() * i })))
            .collect();
        let found = outages(
            &patient.iter().collect::<Vec<_>>(),
            &answers(&patient.iter().collect::<Vec<_>>()),
            time(12.s()),
            100.ms(),
        );
        assert_eq!(found, [Downtime { from: time(2.s()), until: time(9.s()) }]);
        // Never again.
        let end = [operation(1.s(), Some(5.ms())), operation(2.s(), None)];
        let found = outages(
            &end.iter().collect::<Vec<_>>(),
            &answers(&end.iter().collect::<Vec<_>>()),
            time(12.s()),
            100.ms(),
        );
        assert_eq!(found, [Downtime { from: time(2.s()), until: time(12.s()) }]);
    }

    /// What became of service after a strike at `struck`, in a run of thirty seconds in which an operation is wanted
    /// every ten milliseconds and served unless it lies between two milliseconds of `vain`; the deadline is one second.
    fn restored(struck: Span, vain: &[(u64, u64)]) -> Restored {
        let lost = |ms: u64| vain.iter().any(|range| range.0 <= ms && ms < range.1);
        let at = |ms: u64| operation(1.ms() * ms, (!lost(ms)).then(|| 2.ms()));
        let operations: Vec<Operation> = (0..2_900).map(|i| at(i * 10 + 3)).collect();
        let all: Vec<&Operation> = operations.iter().collect();
        let outages = outages(&all, &answers(&all), Time(30.s().0), 100.ms());
        let service =
            Service { operations: &all, answers: &answers(&all), outages: &outages, deadline: 1.s() };
        service.restored(Time(struck.0), Time(30.s().0))
    }

    #[test]
    fn service_that_goes_on_was_not_interrupted() {
        assert_eq!(restored(20.s(), &[]), Restored::Uninterrupted);
        // An outage that was over before the strike, or begins later than a second after it, is of another cause.
        assert_eq!(restored(20.s(), &[(18_000, 19_990), (21_010, 23_000)]), Restored::Uninterrupted);
    }

    #[test]
    fn service_is_back_with_the_first_operation_served_of_a_steady_second() {
        let after = |ms: u64| Restored::After(1.ms() * ms);
        assert_eq!(restored(20.s(), &[(20_000, 21_400)]), after(1_405));
        // One operation in vain is no downtime, but an interruption.
        assert_eq!(restored(20.s(), &[(20_000, 20_010)]), after(15));
        // A second that is good enough as a whole does not hide the outage in it.
        assert_eq!(restored(20.s(), &[(20_300, 20_700)]), after(705));
        // A short return is none.
        assert_eq!(restored(20.s(), &[(20_000, 21_000), (21_200, 23_000)]), after(3_005));
    }

    #[test]
    fn service_that_stays_away_never_comes_back() {
        assert_eq!(restored(20.s(), &[(20_000, 30_000)]), Restored::Never);
        assert_eq!(restored(20.s(), &[(20_000, 28_500)]), Restored::Never);
    }

    #[test]
    fn what_cannot_be_told_is_not_told() {
        assert_eq!(restored(20.s(), &[(0, 20_000)]), Restored::Unmeasured(Why::Idle));
        assert_eq!(restored(0.s(), &[]), Restored::Unmeasured(Why::Idle));
        assert_eq!(restored(28.s(), &[]), Restored::Uninterrupted);
        assert_eq!(restored(28.s() + 1.ns(), &[]), Restored::Unmeasured(Why::Late));
        assert_eq!(restored(28.s() + 1.ns(), &[(28_000, 30_000)]), Restored::Unmeasured(Why::Late));
    }
}
