//! The windows of a run as the columns of a chart: as they are, or neighbours taken together where there are more windows
//! than a chart can show.

use crate::words::{count, moment, percent, span};
use sim_core::{
    judged::{Judged, Latency, Served, Window},
    time::Time,
};

/// So many columns fit into a chart.
const COLUMNS_MAX: usize = 240;

/// One column of a chart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) from: Time,
    pub(crate) until: Time,
    pub(crate) served: Served,
    /// Of several windows: the median of their medians, and the worst of their other percentiles.
    pub(crate) latency: Latency,
}

/// The columns of a run whose axis ends at `end`.
pub(crate) fn columns(judged: &Judged, end: Time) -> Vec<Column> {
    let m = &judged.measures;
    let column = |windows: &[Window]| {
        let first = windows.first()?;
        let until = first.from + m.window * windows.len() as u64;
        Some(Column {
            from: first.from,
            until: until.min(end),
            served: served(windows),
            latency: latency(windows),
        })
    };
    m.windows.chunks(together(judged)).filter_map(column).filter(|c| c.from < c.until).collect()
}

/// How many windows make one column.
pub(crate) fn together(judged: &Judged) -> usize {
    judged.measures.windows.len().div_ceil(COLUMNS_MAX).max(1)
}

fn served(windows: &[Window]) -> Served {
    windows.iter().map(|w| w.served).fold(Served::default(), |a, b| Served {
        wanted: a.wanted + b.wanted,
        in_time: a.in_time + b.in_time,
        late: a.late + b.late,
        refused: a.refused + b.refused,
        unknown: a.unknown + b.unknown,
    })
}

fn latency(windows: &[Window]) -> Latency {
    if let [only] = windows {
        return only.latency;
    }
    let mut all: Vec<Latency> = windows.iter().map(|w| w.latency).filter(|l| l.count > 0).collect();
    all.sort_by_key(|l| l.p50);
    let Some(middle) = all.get(all.len() / 2) else { return Latency::default() };
    all.iter().fold(Latency { count: 0, ..*middle }, |a, b| Latency {
        count: a.count + b.count,
        p50: a.p50,
        p90: a.p90.max(b.p90),
        p99: a.p99.max(b.p99),
        p999: a.p999.max(b.p999),
        max: a.max.max(b.max),
        mean: a.mean.max(b.mean),
    })
}

impl Column {
    /// The moment in its middle.
    pub(crate) fn middle(&self) -> Time {
        Time(self.from.0 + (self.until.0 - self.from.0) / 2)
    }

    /// Everything about it in a sentence, to be shown when pointed at.
    pub(crate) fn sentence(&self) -> String {
        let Served { wanted, in_time, late, refused, unknown } = self.served;
        let when = format!("{}–{}", moment(self.from), moment(self.until));
        if wanted == 0 {
            return format!("{when}: no operation was wanted");
        }
        let mut out = format!("{when}: {} of {} in time", percent(in_time, wanted), count(wanted));
        for (number, word) in [(late, "late"), (refused, "refused"), (unknown, "unknown")] {
            if number > 0 {
                out.push_str(&format!(", {} {word}", count(number)));
            }
        }
        if self.latency.count > 0 {
            let Latency { p50, p99, max, .. } = self.latency;
            out.push_str(&format!("; p50 {}, p99 {}, max {}", span(p50), span(p99), span(max)));
        }
        out
    }
}
