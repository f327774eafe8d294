//! How long to wait for an answer that may be large, and come over busy lines, before one asks again.
//!
//! Who asks again too early makes busy lines busier, until they carry nothing else (Jacobson, "Congestion avoidance and control",
//! SIGCOMM 1988). So it is measured how long answers take, as TCP does (RFC 6298), and who has asked in vain waits twice as long
//! the next time. Each question says when it was asked, and its answer says that again, so that nobody takes the answer to one
//! for that to another (RFC 7323, §3).

use sim_core::{prelude::*, rto::Rto};

/// How long to wait.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Retry {
    rto: Rto,
    /// Whether there was an answer yet.
    known: bool,
}

impl Retry {
    /// No line is taken to be slower than a megabyte in this span, as long as nobody knows better.
    const PER_MEGABYTE: Span = Span(1_000_000_000);
    /// Nobody waits longer than this, or so many times what he waited first.
    const MAX: Span = Span(3_600_000_000_000);
    const DOUBLED_MAX: u32 = 6;

    /// Never shorter than this.
    pub(crate) fn new(least: Span) -> Retry {
        Retry { rto: Rto::new(least, least, Retry::MAX.max(least)), known: false }
    }

    /// For an answer to what was asked so many times in vain; it stands for so many bytes, here or there.
    pub(crate) fn after(&self, bytes: u64, tries: u32) -> Span {
        let megabytes = bytes.div_ceil(1_000_000);
        let slack =
            if self.known || bytes < 1_000_000 { Span::ZERO } else { Retry::PER_MEGABYTE * megabytes };
        (self.rto.span() + slack) * (1 << tries.min(Retry::DOUBLED_MAX))
    }

    /// An answer came, after so long.
    pub(crate) fn sample(&mut self, took: Span) {
        self.known = true;
        self.rto.sample(took);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_counts_until_answers_say_more() {
        let mut retry = Retry::new(10.s());
        assert_eq!(
            [retry.after(0, 0), retry.after(64_000_000, 0), retry.after(64_000_000, 1)],
            [10.s(), 74.s(), 148.s()]
        );
        retry.sample(1.s());
        assert_eq!(retry.after(64_000_000, 0), 10.s(), "lines are fast: 64 s are not needed");
        retry.sample(100.s());
        assert!(retry.after(0, 0) > 100.s(), "lines have become slow");
        assert_eq!(retry.after(0, 60), retry.after(0, 6));
    }
}
