//! What clients got and what it cost: availability, latency, downtime, recovery, messages.

use super::{bounds, fits, held, part::Part, percent, verdict};
use crate::measure;
use sim_core::{
    judged::{Measures, Restored, Status, Verdict},
    run::{Operation, Run},
    time::Span,
};

pub(super) fn availability(
    (at_least, at_most): (Option<f64>, Option<f64>),
    part: &Part,
    run: &Run,
    measures: &Measures,
) -> Verdict {
    let bounds = bounds(at_least.map(percent), at_most.map(percent));
    let phrase = format!("availability{} {bounds}", part.phrase);
    let served = measure::served_of(measures, run.ended, |operation| part.holds(operation));
    let Some(share) = served.availability() else {
        let why = part.emptiness(&measures.operations).unwrap_or("no operation was wanted".into());
        return verdict(phrase, Status::Vacuous, why);
    };
    let (in_time, wanted, deadline) = (served.in_time, served.wanted, measures.deadline);
    let figure = percent(share);
    let finding = format!("{figure}: {in_time} of {wanted} operations served within {deadline}");
    Verdict { figure, ..verdict(phrase, held(fits(share, at_least, at_most)), finding) }
}

pub(super) fn latency(
    percentile: f64,
    (at_least, at_most): (Option<Span>, Option<Span>),
    part: &Part,
    measures: &Measures,
) -> Verdict {
    let bounds = bounds(at_least.map(|bound| bound.to_string()), at_most.map(|bound| bound.to_string()));
    let phrase = format!("latency p{percentile}{} {bounds}", part.phrase);
    let operations = measures.operations.iter().filter(|operation| part.holds(operation));
    let mut latencies: Vec<Span> = operations.filter_map(Operation::latency).collect();
    let Some(found) = measure::percentile(&mut latencies, percentile) else {
        let why = part.emptiness(&measures.operations).unwrap_or("no operation was answered".into());
        return verdict(phrase, Status::Vacuous, why);
    };
    let figure = format!("{:.3}ms", found.as_millis());
    let finding = format!("{figure} over {} answered operations", latencies.len());
    Verdict { figure, ..verdict(phrase, held(fits(found, at_least, at_most)), finding) }
}

pub(super) fn messages((at_least, at_most): (Option<u64>, Option<u64>), run: &Run) -> Verdict {
    let phrase = format!(
        "messages {}",
        bounds(at_least.map(|bound| bound.to_string()), at_most.map(|bound| bound.to_string()))
    );
    let sent = run.traffic.sent;
    let finding = format!("{sent} were sent, {} bytes", run.traffic.bytes);
    let status = match sent {
        0 if at_least.is_none() => Status::Vacuous,
        _ => held(fits(sent, at_least, at_most)),
    };
    Verdict { figure: sent.to_string(), ..verdict(phrase, status, finding) }
}

pub(super) fn messages_per_operation(
    (at_least, at_most): (Option<f64>, Option<f64>),
    run: &Run,
    measures: &Measures,
) -> Verdict {
    let phrase = format!(
        "messages per operation {}",
        bounds(at_least.map(|bound| bound.to_string()), at_most.map(|bound| bound.to_string()))
    );
    let (sent, answered) = (run.traffic.sent, measures.latency.count);
    if answered == 0 {
        return verdict(phrase, Status::Vacuous, "no operation was answered");
    }
    let cost = sent as f64 / answered as f64;
    let figure = format!("{cost:.2}");
    let finding = format!("{figure}: {sent} were sent for {answered} operations that were answered");
    Verdict { figure, ..verdict(phrase, held(fits(cost, at_least, at_most)), finding) }
}

pub(super) fn recovers(from: &str, within: Span, run: &Run, measures: &Measures) -> Verdict {
    let phrase = format!("recovers from {from} within {within}");
    let index = run.faults.iter().position(|f| f.planned.name == from && f.struck.is_some());
    let Some(index) = index.filter(|&index| run.faults[index].bit()) else {
        return verdict(phrase, Status::Vacuous, "the fault bit nothing");
    };
    let Some(recovery) = measures.recoveries.iter().find(|r| r.fault == index) else {
        return verdict(phrase, Status::Vacuous, "the fault does no harm to recover from");
    };
    let (status, figure, finding) = match recovery.outcome {
        // Some may have waited all the time: see the availability of the clients that are cut off.
        Restored::Uninterrupted => (
            Status::Held,
            "no downtime".into(),
            String::from("no downtime: somebody was served all the time"),
        ),
        Restored::After(after) => {
            let figure = format!("{:.1}ms", after.as_millis());
            let finding = format!("service was back after {figure}");
            (held(after <= within), figure, finding)
        }
        Restored::Never => (
            Status::Failed,
            "never".into(),
            String::from("service did not come back before the end of the run"),
        ),
        Restored::Unmeasured(why) => (Status::Vacuous, String::new(), why.phrase().into()),
    };
    Verdict { figure, ..verdict(phrase, status, finding) }
}

pub(super) fn downtime((at_least, at_most): (Option<Span>, Option<Span>), measures: &Measures) -> Verdict {
    let bounds = bounds(at_least.map(|bound| bound.to_string()), at_most.map(|bound| bound.to_string()));
    let phrase = format!("downtime {bounds}");
    if measures.total.wanted == 0 {
        return verdict(phrase, Status::Vacuous, "no operation was wanted");
    }
    let (length, figure, finding) = match measures.downtimes.first() {
        None => (Span::ZERO, "none".into(), "there was none".into()),
        Some(longest) => {
            let (length, from) = (longest.until.since(longest.from), longest.from.as_secs());
            let figure = format!("{:.1}ms", length.as_millis());
            let finding = format!("the longest was {figure}, from {from:.3}s");
            (length, figure, finding)
        }
    };
    Verdict { figure, ..verdict(phrase, held(fits(length, at_least, at_most)), finding) }
}
