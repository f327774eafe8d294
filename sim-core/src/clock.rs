//! A node's own clock: off by an offset, and running a little fast or slow.

use crate::time::{Span, Time};

/// Maps between true time and what a node's clock shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Clock {
    /// How far ahead the clock was at the start of the run, in nanoseconds; negative when behind.
    pub offset: i128,
    /// How much it gains per second of true time, in nanoseconds (parts per billion); negative when it loses. Faults may add
    /// up to more than a clock can lose: it never runs slower than at a thousandth of its pace.
    pub drift: i64,
}

const BILLION: i128 = 1_000_000_000;

impl Clock {
    /// By so much it may run slow: a thousandth of its pace is left, so that timers still ring some day.
    const SLOWEST: i64 = -999_000_000;

    /// The drift that it runs with.
    fn rate(&self) -> i128 {
        i128::from(self.drift.max(Self::SLOWEST))
    }

    /// What the clock shows at a true moment; never before zero.
    pub fn shows(&self, truth: Time) -> Time {
        if *self == Clock::default() {
            return truth;
        }
        let gained = i128::from(truth.0) * self.rate() / BILLION;
        let shown = i128::from(truth.0) + self.offset + gained;
        Time(shown.clamp(0, i128::from(u64::MAX)) as u64)
    }

    /// The true length of a span that the node measures with this clock, rounded up: a timer that rang before its clock
    /// says so would be set again for nothing, at the same moment and for ever.
    pub fn real(&self, span: Span) -> Span {
        if self.drift == 0 || span == Span::MAX {
            return span;
        }
        let pace = BILLION + self.rate();
        let real = (i128::from(span.0) * BILLION + pace - 1) / pace;
        Span(real.clamp(0, i128::from(u64::MAX)) as u64)
    }

    /// What this clock measures of a true span: the inverse of [`Clock::real`], but for rounding.
    pub fn measured(&self, span: Span) -> Span {
        let measured = (i128::from(span.0) * (BILLION + self.rate()) + BILLION - 1) / BILLION;
        Span(measured.clamp(0, i128::from(u64::MAX)) as u64)
    }

    /// Sets the clock ahead by so many nanoseconds, or back.
    pub(crate) fn jump(&mut self, by: i64) {
        self.offset += i128::from(by);
    }

    /// Makes the clock run faster from `now` on by so many parts per billion, or slower.
    pub(crate) fn steer(&mut self, now: Time, by: i64) {
        let gained = |clock: &Clock| i128::from(now.0) * clock.rate() / BILLION;
        let before = gained(self);
        self.drift = self.drift.saturating_add(by);
        // It goes on from what it shows.
        self.offset += before - gained(self);
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
    fn no_span_is_too_short_for_a_fast_clock() {
        for drift in [1, 1_000, 50_000_000, 1_000_000_000] {
            assert_eq!(Clock { offset: 0, drift }.real(Span(1)), Span(1), "drift {drift}");
        }
    }

    #[test]
    fn a_clock_that_is_behind_shows_zero_at_the_start() {
        assert_eq!(Clock { offset: -1_000, drift: 0 }.shows(Time(10)), Time::ZERO);
    }
}
