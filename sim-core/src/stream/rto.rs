//! The retransmission timeout of one end (RFC 6298).

use super::StreamPlan;
use crate::time::{Span, Units};

/// How long to wait for an ack. The floor is under the whole timeout, as in the RFC; Linux has it under the variance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rto {
    /// The smoothed round-trip time and its mean deviation, once there was a sample.
    smoothed: Option<(Span, Span)>,
    /// The timeout now. Doubled values stay until the next sample.
    pub(super) span: Span,
}

impl Rto {
    /// The clock's granularity.
    const G: Span = Span(1);

    /// §2.1: before any sample.
    pub(super) fn new(plan: &StreamPlan) -> Rto {
        Rto { smoothed: None, span: within(1_000.ms(), plan) }
    }

    /// §5.7: data begin although the handshake gave no sample.
    pub(super) fn fallback(plan: &StreamPlan) -> Rto {
        Rto { smoothed: None, span: within(3.s(), plan) }
    }

    /// §2.2, §2.3: a round trip took `sample`.
    pub(super) fn sample(&mut self, sample: Span, plan: &StreamPlan) {
        let (mean, deviation) = match self.smoothed {
            None => (sample, Span(sample.0 / 2)),
            Some((mean, deviation)) => {
                let error = Span(mean.0.abs_diff(sample.0));
                (Span((mean * 7 + sample).0 / 8), Span((deviation * 3 + error).0 / 4))
            }
        };
        self.smoothed = Some((mean, deviation));
        self.span = within(mean + (deviation * 4).max(Rto::G), plan);
    }

    /// §5.5: the timer rang.
    pub(super) fn back_off(&mut self, plan: &StreamPlan) {
        self.span = within(self.span * 2, plan);
    }
}

/// §2.4, §2.5
fn within(span: Span, plan: &StreamPlan) -> Span {
    span.max(plan.rto_min).min(plan.rto_max)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Samples of .1, .2, .1 and .3 s, worked out by hand from the formulas; the last ends in half a nanosecond.
    #[test]
    fn samples_give_the_timeouts_of_the_rfc() {
        let plan = StreamPlan { rto_min: Span::ZERO, ..StreamPlan::default() };
        let mut rto = Rto::new(&plan);
        assert_eq!(rto.span, 1.s());
        let samples = [(100, 300_000_000), (200, 362_500_000), (100, 310_937_500), (300, 473_632_812)];
        for (sample, expected) in samples {
            rto.sample(sample.ms(), &plan);
            assert_eq!(rto.span, Span(expected));
        }
    }

    #[test]
    fn a_timeout_doubles_up_to_the_longest_and_collapses_with_the_next_sample() {
        let plan = StreamPlan::default();
        let mut rto = Rto::new(&plan);
        rto.sample(1.ms(), &plan);
        assert_eq!(rto.span, 200.ms(), "the shortest there is");
        for expected in [400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 51_200, 102_400, 120_000, 120_000] {
            rto.back_off(&plan);
            assert_eq!(rto.span, expected.ms());
        }
        rto.sample(1.ms(), &plan);
        assert_eq!(rto.span, 200.ms());
    }

    /// However steady the round trips are, an ack that takes no longer than the others is in time.
    #[test]
    fn a_timeout_is_longer_than_a_steady_round_trip() {
        let plan = StreamPlan { rto_min: Span::ZERO, ..StreamPlan::default() };
        let mut rto = Rto::new(&plan);
        (0..1_000).for_each(|_| rto.sample(80.ms(), &plan));
        assert_eq!(rto.span, 80.ms() + Rto::G);
    }
}
