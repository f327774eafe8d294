//! Operations, one by one as far as there is room, and by window.

use super::differences;
use crate::columns::Column;
use serde::Serialize;
use sim_core::{
    judged::Judged,
    run::Operation,
    time::{Span, Time},
};
use std::collections::BTreeMap;

/// So many operations are drawn one by one.
const DRAWN_MAX: usize = 30_000;
/// Of those that were not served in time at most so many.
const FAILURES_MAX: usize = 20_000;
/// So many kinds have percentiles of their own.
const KINDS_MAX: usize = 8;

#[derive(Serialize)]
pub(super) struct Operations {
    total: usize,
    failures: usize,
    /// Of those served in time one of so many is here.
    served_step: usize,
    /// And of the others.
    failed_step: usize,
    kinds: Vec<&'static str>,
    /// In microseconds, as differences.
    at: Vec<i64>,
    /// In microseconds; -1 where there was no answer.
    took: Vec<i64>,
    /// Four times the kind, and 0 in time, 1 late, 2 refused, 3 unknown.
    what: Vec<u32>,
    client: Vec<u32>,
    key: Vec<u64>,
}

/// What became of an operation.
fn outcome(operation: &Operation, deadline: Span) -> u32 {
    match operation.latency() {
        Some(latency) if latency <= deadline => 0,
        Some(_) => 1,
        None if operation.unknown => 3,
        None => 2,
    }
}

pub(super) fn operations(judged: &Judged) -> Operations {
    let m = &judged.measures;
    let mut kinds: Vec<&'static str> = m.operations.iter().map(|o| o.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let failed = |o: &Operation| outcome(o, m.deadline) != 0;
    let failures = m.operations.iter().filter(|o| failed(o)).count();
    let failed_step = failures.div_ceil(FAILURES_MAX).max(1);
    let room = DRAWN_MAX - failures.div_ceil(failed_step);
    let served_step = (m.operations.len() - failures).div_ceil(room).max(1);
    let mut counts = [0usize; 2];
    let drawn: Vec<&Operation> = m
        .operations
        .iter()
        .filter(|operation| {
            let (count, step) = match failed(operation) {
                true => (&mut counts[1], failed_step),
                false => (&mut counts[0], served_step),
            };
            *count += 1;
            (*count - 1).is_multiple_of(step)
        })
        .collect();
    Operations {
        total: m.operations.len(),
        failures,
        served_step,
        failed_step,
        at: differences(drawn.iter().map(|o| o.intended), 1_000),
        took: drawn.iter().map(|o| o.latency().map_or(-1, |span| (span.0 / 1_000) as i64)).collect(),
        what: drawn
            .iter()
            .map(|o| 4 * kinds.binary_search(&o.kind).unwrap_or(0) as u32 + outcome(o, m.deadline))
            .collect(),
        client: drawn.iter().map(|o| o.client.0).collect(),
        key: drawn.iter().map(|o| o.key.min(1 << 53)).collect(),
        kinds,
    }
}

#[derive(Serialize)]
pub(super) struct Columns {
    from: Vec<u64>,
    until: Vec<u64>,
    /// Wanted, in time, late, refused, unknown.
    served: Vec<[u64; 5]>,
    /// By kind, all of them first under the name "": p50, p99 and p99.9 in microseconds; -1 where nothing was answered.
    latency: Vec<(&'static str, Vec<[i64; 3]>)>,
}

pub(super) fn columns(judged: &Judged, shown: &[Column]) -> Columns {
    let mut latency = vec![("", percentiles(judged, shown, None))];
    let kinds: BTreeMap<&'static str, u64> =
        judged.measures.by_kind.iter().map(|(kind, latency)| (*kind, latency.count)).collect();
    if kinds.len() > 1 {
        latency
            .extend(kinds.keys().take(KINDS_MAX).map(|&kind| (kind, percentiles(judged, shown, Some(kind)))));
    }
    Columns {
        from: shown.iter().map(|column| column.from.0).collect(),
        until: shown.iter().map(|column| column.until.0).collect(),
        served: shown
            .iter()
            .map(|column| {
                let s = &column.served;
                [s.wanted, s.in_time, s.late, s.refused, s.unknown]
            })
            .collect(),
        latency,
    }
}

/// Column by column, of the operations themselves.
fn percentiles(judged: &Judged, shown: &[Column], kind: Option<&str>) -> Vec<[i64; 3]> {
    let mut answered: Vec<Vec<u64>> = vec![Vec::new(); shown.len()];
    let ends: Vec<Time> = shown.iter().map(|column| column.until).collect();
    for operation in judged.measures.operations.iter().filter(|o| kind.is_none_or(|kind| o.kind == kind)) {
        let place = ends.partition_point(|end| *end <= operation.intended);
        if let (Some(latency), Some(column)) = (operation.latency(), answered.get_mut(place)) {
            column.push(latency.0);
        }
    }
    let figures = |mut latencies: Vec<u64>| {
        latencies.sort_unstable();
        let at = |per_mille: usize| {
            let rank = (latencies.len() * per_mille).div_ceil(1_000).max(1);
            latencies.get(rank - 1).map_or(-1, |nanos| (nanos / 1_000) as i64)
        };
        [at(500), at(990), at(999)]
    };
    answered.into_iter().map(figures).collect()
}
