//! Where things stand: the one time axis that all pictures share, and the axis of latency.

use sim_core::{
    judged::Judged,
    time::{Span, Time},
};

/// Width of every picture, in pixels.
pub(crate) const WIDTH: f64 = 1000.0;
/// Room for labels to the left of the plot.
pub(crate) const LEFT: f64 = 92.0;
/// Room to the right of it.
pub(crate) const RIGHT: f64 = 16.0;
const PLOT: f64 = WIDTH - LEFT - RIGHT;

/// The time axis of a run: from its start to its end, in every picture between the same two pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axis {
    /// The end of the run; never the start.
    pub(crate) end: Time,
}

impl Axis {
    pub(crate) fn of(judged: &Judged) -> Axis {
        let ends = [judged.run.ended, judged.run.until, Time(1_000_000_000)];
        Axis { end: ends.into_iter().find(|t| *t > Time::ZERO).expect("the last one is not zero") }
    }

    /// The share of the run that is over at `time`, from 0 to 1.
    pub(crate) fn share(self, time: Time) -> f64 {
        time.min(self.end).0 as f64 / self.end.0 as f64
    }

    /// The pixel of a moment.
    pub(crate) fn x(self, time: Time) -> f64 {
        LEFT + PLOT * self.share(time)
    }

    /// Round moments, about ten of them.
    pub(crate) fn ticks(self) -> Vec<Time> {
        let step = round_up(self.end.0 / 12 + 1);
        (0..=self.end.0 / step).map(|n| Time(n * step)).collect()
    }
}

/// The smallest of 1, 2, 5, 10, 20, 50, … that is at least `value`.
fn round_up(value: u64) -> u64 {
    let ten = 10_u64.pow(value.max(1).ilog10());
    [1, 2, 5, 10].into_iter().filter_map(|n| ten.checked_mul(n)).find(|&n| n >= value).unwrap_or(u64::MAX)
}

/// The largest of 1, 2, 5, 10, 20, 50, … that is at most `value`.
fn round_down(value: u64) -> u64 {
    let ten = 10_u64.pow(value.max(1).ilog10());
    [5, 2, 1].into_iter().filter_map(|n| ten.checked_mul(n)).find(|&n| n <= value).unwrap_or(1)
}

/// An axis of spans: linear where they are alike, logarithmic where they differ widely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// From zero to this many nanoseconds.
    Linear(u64),
    /// Between two positive numbers of nanoseconds.
    Log(u64, u64),
}

impl Scale {
    /// Spans that differ by more than this factor are drawn on a logarithmic axis.
    const WIDE: u64 = 20;

    /// An axis on which all of `spans` can be seen.
    pub(crate) fn of(spans: impl Iterator<Item = Span> + Clone) -> Scale {
        let max = spans.clone().max().unwrap_or(Span(1_000_000)).0.max(1);
        let min = spans.filter(|s| s.0 > 0).min().unwrap_or(Span(max)).0;
        if max / min > Self::WIDE {
            Scale::Log(round_down(min), round_up(max))
        } else {
            Scale::Linear(round_up(max / 10 + 1).saturating_mul(max.div_ceil(round_up(max / 10 + 1))))
        }
    }

    /// How high a span stands, from 0 to 1.
    pub(crate) fn share(self, span: Span) -> f64 {
        let share = match self {
            Scale::Linear(max) => span.0 as f64 / max as f64,
            Scale::Log(min, max) => {
                let low = libm::log10(min as f64);
                (libm::log10(span.0.max(1) as f64) - low) / (libm::log10(max as f64) - low)
            }
        };
        share.clamp(0.0, 1.0)
    }

    /// Round spans, from four to a dozen of them.
    pub(crate) fn ticks(self) -> Vec<Span> {
        match self {
            Scale::Linear(max) => {
                let step = round_up(max / 6 + 1);
                (0..=max / step).map(|n| Span(n * step)).collect()
            }
            Scale::Log(min, max) => {
                let decades = (max / min).checked_ilog10().unwrap_or(0);
                let finer: &[u64] = if decades < 4 { &[1, 2, 5] } else { &[1] };
                let all = (0..20)
                    .flat_map(|power| finer.iter().filter_map(move |n| 10_u64.pow(power).checked_mul(*n)));
                all.filter(|n| (min..=max).contains(n)).map(Span).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::time::Units;

    #[test]
    fn a_wide_range_is_logarithmic_and_holds_its_ends() {
        let scale = Scale::of([1_300.us(), 19_400.ms()].into_iter());
        assert_eq!(scale, Scale::Log(1_000_000, 20_000_000_000));
        assert_eq!(scale.ticks().first(), Some(&1.ms()));
        assert!(scale.share(1_300.us()) > 0.0 && scale.share(19_400.ms()) < 1.0);
    }

    #[test]
    fn a_narrow_range_starts_at_zero() {
        let scale = Scale::of([3.ms(), 14.ms()].into_iter());
        assert_eq!(scale, Scale::Linear(14_000_000));
        assert_eq!(scale.ticks()[..2], [0.ms(), 5.ms()]);
    }

    #[test]
    fn extremes_do_not_overflow() {
        for spans in [vec![], vec![Span(0)], vec![Span(1)], vec![Span::MAX], vec![Span(1), Span::MAX]] {
            let scale = Scale::of(spans.iter().copied());
            assert!(spans.iter().all(|s| scale.share(*s).is_finite()), "{spans:?} {scale:?}");
            assert!(scale.ticks().len() < 70);
        }
        assert!(Axis { end: Time::MAX }.ticks().len() < 20);
        assert!(Axis { end: Time(1) }.ticks().len() < 20);
    }
}
