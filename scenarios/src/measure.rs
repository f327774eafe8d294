//! What clients got out of a run: availability, latency, downtimes, recovery. Pure functions of the operations.

use hdrhistogram::Histogram;
use sim_core::{
    judged::{Downtime, Latency, Measures, Recovery, Served, Window},
    run::{Operation, Run},
    time::{Span, Time},
};
use std::collections::BTreeMap;

/// About so many windows make a curve that is neither jagged nor flat.
const WINDOWS: u64 = 120;
/// So many downtimes are reported.
const DOWNTIMES_MAX: usize = 20;
/// Fewer operations in vain than this, one after another, or a shorter time, are bad luck and no downtime.
const DOWNTIME_OPERATIONS: usize = 3;
const DOWNTIME_MIN: Span = Span(100_000_000);
/// Service before a fault is measured over this long, and after it must be back for `STEADY`.
const BEFORE: Span = Span(10_000_000_000);
const STEADY: Span = Span(1_000_000_000);

/// Measures a run whose operations count as served when they are answered within `deadline`.
pub fn measure(run: &Run, deadline: Span) -> Measures {
    let operations: Vec<Operation> = run.histories.iter().flat_map(|history| history.operations()).collect();
    let window = window_width(run.ended);
    // What was wanted so late that its deadline lies beyond the end can still come: it says nothing yet.
    let judged: Vec<&Operation> = operations.iter().filter(|o| o.intended + deadline <= run.ended).collect();
    let mut kinds: BTreeMap<&'static str, Vec<&Operation>> = BTreeMap::new();
    for operation in &operations {
        kinds.entry(operation.kind).or_default().push(operation);
    }
    Measures {
        deadline,
        total: served(&judged, deadline),
        window,
        windows: windows(&judged, window, run.ended, deadline),
        latency: latency(&operations.iter().collect::<Vec<_>>()),
        by_kind: kinds.into_iter().map(|(kind, operations)| (kind, latency(&operations))).collect(),
        downtimes: downtimes(&judged, deadline),
        recoveries: recoveries(run, &judged, deadline),
        operations,
    }
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
        Window { from, served: served(inside, deadline), latency: latency(inside) }
    };
    (0..count).map(window).collect()
}

fn latency(operations: &[&Operation]) -> Latency {
    let mut histogram: Histogram<u64> = Histogram::new(3).expect("three digits are allowed");
    for latency in operations.iter().filter_map(|o| o.latency()) {
        histogram.record(latency.0).expect("the histogram grows with what it records");
    }
    if histogram.is_empty() {
        return Latency::default();
    }
    let max = operations.iter().filter_map(|o| o.latency()).max().unwrap_or_default();
    // The histogram answers with the upper end of a bucket, which may lie above all that was recorded.
    let quantile = |q| Span(histogram.value_at_quantile(q)).min(max);
    Latency {
        count: histogram.len(),
        p50: quantile(0.5),
        p90: quantile(0.9),
        p99: quantile(0.99),
        p999: quantile(0.999),
        max,
        mean: Span(histogram.mean().round() as u64),
    }
}

/// The latency that `percentile` per cent of the answered operations did not exceed; `None` without any.
pub fn percentile(operations: &[Operation], percentile: f64) -> Option<Span> {
    let mut latencies: Vec<Span> = operations.iter().filter_map(Operation::latency).collect();
    latencies.sort_unstable();
    let rank = (percentile / 100.0 * latencies.len() as f64).ceil() as usize;
    latencies.get(rank.max(1) - 1).copied()
}

/// Stretches of a tenth of a second or more in which one operation after another was wanted in vain, longest first.
fn downtimes(operations: &[&Operation], deadline: Span) -> Vec<Downtime> {
    let mut found = Vec::new();
    let mut vain: Vec<Time> = Vec::new();
    let mut close = |vain: &mut Vec<Time>, until: Option<Time>| {
        if let (true, Some(&from), Some(&last)) =
            (vain.len() >= DOWNTIME_OPERATIONS, vain.first(), vain.last())
        {
            let until = until.unwrap_or(last);
            if until.since(from) >= DOWNTIME_MIN {
                found.push(Downtime { from, until });
            }
        }
        vain.clear();
    };
    for operation in operations {
        if in_time(operation, deadline) {
            close(&mut vain, Some(operation.intended));
        } else {
            vain.push(operation.intended);
        }
    }
    close(&mut vain, None);
    found.sort_by_key(|d| (core::cmp::Reverse(d.until.since(d.from)), d.from));
    found.truncate(DOWNTIMES_MAX);
    found
}

/// When service was restored after each fault that does harm: the first moment, from the strike on, that begins a second
/// in which at least half as many operations are served as in an average second of the ten before the strike.
fn recoveries(run: &Run, operations: &[&Operation], deadline: Span) -> Vec<Recovery> {
    let served: Vec<Time> = operations.iter().filter(|o| in_time(o, deadline)).map(|o| o.intended).collect();
    let between = |from: Time, until: Time| {
        let index = |time: Time| served.partition_point(|&at| at < time);
        (index(until) - index(from).min(index(until))) as u64
    };
    let mut recoveries = Vec::new();
    for (fault, report) in run.faults.iter().enumerate() {
        let Some(struck) = report.struck.filter(|_| report.planned.fault.harms()) else { continue };
        let before = Time(struck.0.saturating_sub(BEFORE.0));
        let (usual, seconds) = (between(before, struck), struck.since(before));
        // usual/seconds per second, half of it, for one second: in whole numbers, so that no rounding decides.
        let enough = |at: Time| {
            let now = between(at, at + STEADY);
            u128::from(now) * 2 * u128::from(seconds.0) >= u128::from(usual) * u128::from(STEADY.0)
        };
        let known = run.ended.since(struck) >= STEADY + deadline && usual > 0;
        let last = Time(run.ended.0.saturating_sub(STEADY.0 + deadline.0));
        let starts = served.iter().copied().skip_while(|&at| at < struck).take_while(|&at| at <= last);
        let back = known.then(|| core::iter::once(struck).chain(starts).find(|&at| enough(at))).flatten();
        recoveries.push(Recovery { fault, after: back.map(|at| first_served(&served, at).since(struck)) });
    }
    recoveries
}

/// Service is back when it serves, which may be a little after the second began that counts.
fn first_served(served: &[Time], at: Time) -> Time {
    served.get(served.partition_point(|&t| t < at)).copied().unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::{protocol::NodeId, time::Units};

    fn operation(at: Span, done: Option<Span>) -> Operation {
        let time = |span: Span| Time(span.0);
        Operation {
            client: NodeId(0),
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
        assert_eq!(latency(&all).max, 3.s());
        assert!(
            latency(&all).p50.0.abs_diff(5.ms().0) < 5.ms().0 / 500,
            "three digits: {}",
            latency(&all).p50
        );
        assert_eq!(percentile(&operations, 50.0), Some(5.ms()));
        assert_eq!(percentile(&operations, 100.0), Some(3.s()));
        assert_eq!(percentile(&[], 50.0), None);
    }

    #[test]
    fn a_downtime_runs_from_the_first_operation_in_vain_to_the_next_one_served() {
        let answer = |i: u64| if (10..30).contains(&i) { None } else { Some(1.ms()) };
        let operations: Vec<Operation> = (0..100).map(|i| operation(100.ms() * i, answer(i))).collect();
        let all: Vec<&Operation> = operations.iter().collect();
        let time = |span: Span| Time(span.0);
        assert_eq!(downtimes(&all, 1.s()), [Downtime { from: time(1.s()), until: time(3.s()) }]);
    }
}
