//! A node's own clock: off by an offset, and running a little fast or slow.

use crate::time::{Span, Time};

/// Maps between true time and what a node's clock shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Clock {
    /// How far ahead the clock was at the start of the run, in nanoseconds; negative when behind.
    pub offset: i64,
    /// How much it gains per second of true time, in nanoseconds (parts per billion); negative when it loses.
    pub drift: i32,
}

const BILLION: i128 = 1_000_000_000;

impl Clock {
    /// What the clock shows at a true moment; never before zero.
    pub fn shows(&self, truth: Time) -> Time {
        if *self == Clock::default() {
            return truth;
        }
        let gained = i128::from(truth.0) * i128::from(self.drift) / BILLION;
        let shown = i128::from(truth.0) + i128::from(self.offset) + gained;
        Time(shown.clamp(0, i128::from(u64::MAX)) as u64)
    }

    /// The true length of a span that the node measures with this clock.
    pub fn real(&self, span: Span) -> Span {
        if self.drift == 0 || span == Span::MAX {
            return span;
        }
        let real = i128::from(span.0) * BILLION / (BILLION + i128::from(self.drift));
        Span(real.clamp(0, i128::from(u64::MAX)) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Units;

    #[test]
    fn a_fast_clock_runs_ahead_and_its_timers_fire_early() {
        let clock = Clock { offset: 5_000_000, drift: 100_000 };
        assert_eq!(clock.shows(Time(10_000_000_000)), Time(10_000_000_000 + 5_000_000 + 1_000_000));
        assert!(clock.real(10.s()) < 10.s());
        assert_eq!(Clock::default().real(10.s()), 10.s());
    }

    #[test]
    fn a_clock_that_is_behind_shows_zero_at_the_start() {
        assert_eq!(Clock { offset: -1_000, drift: 0 }.shows(Time(10)), Time::ZERO);
    }
}
