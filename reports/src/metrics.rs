//! What of a run is compared with another run: figures by name, and which way of each is the better one.

use crate::{
    results::Summary,
    words::{count, span},
};
use sim_core::time::Span;
use std::collections::BTreeMap;

/// Which way a figure had better go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Better {
    Higher,
    Lower,
    /// It is told when it moves, and that is all.
    Neither,
}

/// What a figure is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// From 0 to 1.
    Share,
    /// Nanoseconds.
    Time,
    /// Things, or things for each of others.
    Number,
}

/// A figure of a kind of its own, or one of a family such as the 99th percentiles of all kinds of operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Family {
    pub(crate) name: &'static str,
    pub(crate) better: Better,
    pub(crate) unit: Unit,
}

const fn family(name: &'static str, better: Better, unit: Unit) -> Family {
    Family { name, better, unit }
}

/// All of them, in the order of tables.
pub(crate) static FAMILIES: [Family; 19] = [
    family("availability", Better::Higher, Unit::Share),
    family("throughput", Better::Higher, Unit::Number),
    family("latency.p50", Better::Lower, Unit::Time),
    family("latency.p90", Better::Lower, Unit::Time),
    family("latency.p99", Better::Lower, Unit::Time),
    family("latency.p999", Better::Lower, Unit::Time),
    family("latency.max", Better::Lower, Unit::Time),
    family("latency.mean", Better::Lower, Unit::Time),
    family("downtime", Better::Lower, Unit::Time),
    family("downtime.longest", Better::Lower, Unit::Time),
    family("recovery", Better::Lower, Unit::Time),
    family("messages_per_operation", Better::Lower, Unit::Number),
    family("bytes_per_operation", Better::Lower, Unit::Number),
    family("operations", Better::Neither, Unit::Number),
    family("refused", Better::Neither, Unit::Number),
    family("unknown", Better::Neither, Unit::Number),
    family("events", Better::Neither, Unit::Number),
    family("leaderships", Better::Neither, Unit::Number),
    family("role_changes", Better::Neither, Unit::Number),
];

/// The family of that name.
pub(crate) fn known(name: &str) -> Option<Family> {
    FAMILIES.into_iter().find(|family| family.name == name)
}

/// The figures of a run by place in [`FAMILIES`] and name; what was not there to be measured is missing.
pub(crate) type Figures = BTreeMap<(usize, String), f64>;

pub(crate) fn figures(summary: &Summary) -> Figures {
    let mut figures = Figures::new();
    let mut put = |family: &str, name: String, value: Option<f64>| {
        let place = FAMILIES.iter().position(|known| known.name == family).expect("one of the families");
        figures.extend(value.map(|value| ((place, name), value)));
    };
    let mut whole = |name: &str, value: Option<f64>| put(name, name.into(), value);
    let operations = &summary.operations;
    let served = operations.in_time as f64 + operations.late as f64;
    let ended = Span(summary.run.ended_ns).as_secs();
    whole("availability", operations.availability);
    whole("throughput", (ended > 0.0).then(|| served / ended));
    whole("operations", Some(operations.wanted as f64));
    whole("refused", Some(operations.refused as f64));
    whole("unknown", Some(operations.unknown as f64));
    let each = |number: u64| (operations.wanted > 0).then(|| number as f64 / operations.wanted as f64);
    whole("messages_per_operation", each(summary.traffic.sent));
    whole("bytes_per_operation", each(summary.traffic.bytes));
    let lengths = summary.downtimes.iter().map(|d| d.until_ns.saturating_sub(d.from_ns));
    whole("downtime", Some(lengths.clone().map(|length| length as f64).sum()));
    whole("downtime.longest", Some(lengths.max().unwrap_or(0) as f64));
    whole("events", Some(summary.run.events as f64));
    whole("leaderships", Some(summary.run.leaderships as f64));
    whole("role_changes", Some(summary.run.role_changes as f64));
    for (family, value) in summary.latency.each() {
        put(family, family.into(), value);
    }
    for kind in &summary.latency_by_kind {
        for (family, value) in kind.latency.each() {
            let (latency, which) = family.split_once('.').expect("as in `latency.p50`");
            put(family, format!("{latency}.{}.{which}", kind.kind), value);
        }
    }
    for fault in &summary.faults {
        put("recovery", format!("recovery.{}", fault.name), fault.took(summary.run.ended_ns));
    }
    figures
}

impl Unit {
    /// A figure as people read it.
    pub(crate) fn shown(self, value: f64) -> String {
        match self {
            Unit::Share => format!("{:.2}\u{a0}%", value * 100.0),
            Unit::Time => span(Span(value.max(0.0).round() as u64)),
            Unit::Number if value.abs() < 1_000.0 && value.fract() != 0.0 => {
                format!("{value:.3}").trim_end_matches('0').trim_end_matches('.').into()
            }
            Unit::Number => count(value.max(0.0).round() as u64),
        }
    }

    /// How far it went, with its sign.
    pub(crate) fn moved(self, by: f64) -> String {
        let sign = if by < 0.0 { "−" } else { "+" };
        match self {
            Unit::Share => format!("{sign}{:.2}\u{a0}pp", by.abs() * 100.0),
            Unit::Time | Unit::Number => format!("{sign}{}", self.shown(by.abs())),
        }
    }
}
