//! How much worse each figure may get, as tolerance files say it.

use crate::{
    metrics::{Better, FAMILIES, Unit},
    results::Results,
};
use sim_core::time::Span;
use std::collections::{BTreeMap, BTreeSet};

/// How much worse a figure may get.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Allowance {
    /// By this part of what it was.
    Part(f64),
    /// By so much: a share, nanoseconds or things.
    Much(f64),
}

impl Allowance {
    /// Reads what a tolerance says of a metric, or with `None` of all: `5%`, `0.1pp`, `2ms`, `3`.
    ///
    /// # Errors
    /// What would do, if that does not suit the metric.
    pub fn of(metric: Option<&str>, text: &str) -> Result<Allowance, String> {
        let unit =
            metric.and_then(|name| FAMILIES.iter().find(|f| is_of(name, f.name))).map(|family| family.unit);
        let number = |text: &str| text.trim().parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0);
        let (part, points) =
            (text.strip_suffix('%').and_then(number), text.strip_suffix("pp").and_then(number));
        match (unit, part, points) {
            (_, Some(part), _) => Ok(Allowance::Part(part / 100.0)),
            (Some(Unit::Share), None, Some(points)) => Ok(Allowance::Much(points / 100.0)),
            (Some(Unit::Time), None, None) => match text.parse::<Span>() {
                Ok(span) => Ok(Allowance::Much(span.0 as f64)),
                Err(_) => Err("write a part like \"5%\" or a span like \"2ms\"".into()),
            },
            (Some(Unit::Number), None, None) if number(text).is_some() => {
                Ok(number(text).map(Allowance::Much).expect("looked at above"))
            }
            (Some(Unit::Number), None, _) => Err("write a part like \"5%\" or a number like \"0.5\"".into()),
            (Some(Unit::Share), None, None) => {
                Err("write percentage points like \"0.1pp\" or a part like \"5%\"".into())
            }
            (Some(Unit::Time), None, Some(_)) => {
                Err("write a part like \"5%\" or a span like \"2ms\"".into())
            }
            (None, None, _) => Err("write a part like \"5%\": it goes for metrics of every unit".into()),
        }
    }

    pub(crate) fn from(self, baseline: f64) -> f64 {
        match self {
            Allowance::Part(part) => part * baseline.abs(),
            Allowance::Much(much) => much,
        }
    }
}

/// Whether a metric is of a family: `latency.get.p99` is of `latency.p99`, `recovery.split` of `recovery`.
fn is_of(metric: &str, family: &str) -> bool {
    let inside = |(head, tail): (&str, &str)| {
        let rest = metric.strip_prefix(head).and_then(|rest| rest.strip_suffix(tail));
        rest.is_some_and(|rest| rest.len() > 2 && rest.starts_with('.') && rest.ends_with('.'))
    };
    metric == family
        || (family == "recovery" && metric.starts_with("recovery."))
        || (family.starts_with("latency.") && family.split_once('.').is_some_and(inside))
}

/// How much worse every figure may get.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tolerance {
    /// Where nothing else is said.
    pub default: Option<Allowance>,
    /// By metric, or by family of metrics.
    pub metrics: BTreeMap<String, Allowance>,
}

impl Tolerance {
    pub(crate) fn of(&self, metric: &str, family: &str) -> Option<Allowance> {
        self.metrics.get(metric).or_else(|| self.metrics.get(family)).copied().or(self.default)
    }
}

/// The metrics that a tolerance can be given for: all families, and what there is in these results.
pub fn tolerable(baseline: &Results, current: &Results) -> BTreeSet<String> {
    let directed = |place: usize| FAMILIES[place].better != Better::Neither;
    let families =
        (0..FAMILIES.len()).filter(|&place| directed(place)).map(|place| FAMILIES[place].name.into());
    let runs =
        [baseline, current].into_iter().flat_map(|results| results.0.values().flat_map(BTreeMap::values));
    let names = runs.flat_map(|run| run.figures.keys());
    families.chain(names.filter(|(place, _)| directed(*place)).map(|(_, name)| name.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::is_of;

    #[test]
    fn a_member_of_a_family_is_known_by_both_ends() {
        assert!(is_of("latency.get.p99", "latency.p99") && is_of("latency.p99", "latency.p99"));
        assert!(is_of("recovery.split", "recovery") && is_of("latency.a.b.p99", "latency.p99"));
        for (name, family) in [
            ("latency.get.p999", "latency.p99"),
            ("latency.p99", "latency.p999"),
            ("downtime.longest", "downtime"),
            ("latency..p99", "latency.p99"),
        ] {
            assert!(!is_of(name, family), "{name} {family}");
        }
    }
}
