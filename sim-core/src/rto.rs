//! The retransmission timeout (RFC 6298): how long to wait for an answer before one asks again.

use crate::time::Span;

/// How long to wait for an answer. The floor is under the whole timeout, as in the RFC; Linux has it under the variance.
///
/// ```
/// use sim_core::{rto::Rto, time::Units};
/// let mut rto = Rto::new(1.s(), 1.s(), 60.s());
/// rto.sample(4.s());
/// assert_eq!((rto.span(), rto.after(1)), (12.s(), 24.s()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rto {
    /// The smoothed round-trip time and its mean deviation, once there was a sample.
    smoothed: Option<(Span, Span)>,
    /// The timeout now. Doubled values stay until the next sample.
    span: Span,
    min: Span,
    max: Span,
}

impl Rto {
    /// The clock's granularity.
    const G: Span = Span(1);

    /// §2.1: before any sample it is `first`; it is never shorter than `min` nor longer than `max` (§2.4, §2.5).
    pub fn new(first: Span, min: Span, max: Span) -> Rto {
        Rto { smoothed: None, span: first.max(min).min(max), min, max }
    }

    /// The timeout now.
    pub fn span(&self) -> Span {
        self.span
    }

    /// The timeout of a question that was asked so many times in vain, where each question backs off for itself (§5.5).
    pub fn after(&self, tries: u32) -> Span {
        (self.span * (1 << tries.min(32))).min(self.max)
    }

    /// §2.2, §2.3: a round trip took `sample`.
    pub fn sample(&mut self, sample: Span) {
        let (mean, deviation) = match self.smoothed {
            None => (sample, Span(sample.0 / 2)),
            Some((mean, deviation)) => {
                let error = Span(mean.0.abs_diff(sample.0));
                (Span((mean * 7 + sample).0 / 8), Span((deviation * 3 + error).0 / 4))
            }
        };
        self.smoothed = Some((mean, deviation));
        self.span = (mean + (deviation * 4).max(Rto::G)).max(self.min).min(self.max);
    }

    /// §5.5: the timer rang.
    pub fn back_off(&mut self) {
        self.span = (self.span * 2).max(self.min).min(self.max);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Units;

    /// Samples of .1, .2, .1 and .3 s, worked out by hand from the formulas; the last ends in half a nanosecond.
    #[test]
    fn samples_give_the_timeouts_of_the_rfc() {
        let mut rto = Rto::new(1.s(), Span::ZERO, 120.s());
        assert_eq!(rto.span, 1.s());
        let samples = [(100, 300_000_000), (200, 362_500_000), (100, 310_937_500), (300, 473_632_812)];
        for (sample, expected) in samples {
            rto.sample(sample.ms());
            assert_eq!(rto.span, Span(expected));
        }
    }

    #[test]
    fn a_timeout_doubles_up_to_the_longest_and_collapses_with_the_next_sample() {
        let mut rto = Rto::new(1.s(), 200.ms(), 120.s());
        rto.sample(1.ms());
        assert_eq!(rto.span, 200.ms(), "the shortest there is");
        for expected in [400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 51_200, 102_400, 120_000, 120_000] {
            rto.back_off();
            assert_eq!(rto.span, expected.ms());
        }
        rto.sample(1.ms());
        assert_eq!(rto.span, 200.ms());
    }

    /// However steady the round trips are, an ack that takes no longer than the others is in time.
    #[test]
    fn a_timeout_is_longer_than_a_steady_round_trip() {
        let mut rto = Rto::new(1.s(), Span::ZERO, 120.s());
        (0..1_000).for_each(|_| rto.sample(80.ms()));
        assert_eq!(rto.span, 80.ms() + Rto::G);
    }
}
