//! How long to wait for an answer that may be large, and come over busy lines, before one asks again.
//!
//! Who asks again too early makes busy lines busier, until they carry nothing else (Jacobson, "Congestion avoidance and control",
//! SIGCOMM 1988). So it is measured how long answers take, as TCP does (RFC 6298), and who has asked in vain waits twice as long
//! the next time. Each question says when it was asked, and its answer says that again, so that nobody takes the answer to one
//! for that to another (RFC 7323, §3).

use sim_core::{prelude::*, rto::Rto};

/// Refuses a span, the value of this key, after which something is done again and again, if little else would be done then.
pub(crate) fn check(key: &'static str, span: Span) -> Result<(), (&'static str, String)> {
    const SHORTEST: Span = Span(100_000);
    if span < SHORTEST {
        let found = format!("every {span} there would be little but that");
        return Err((key, format!("{found}; `{SHORTEST}` or more would do")));
    }
    Ok(())
}

/// How long to wait.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Retry {
    rto: Rto,
    /// Whether there was an answer yet.
    known: bool,
    least: Span,
    /// How often what was waited for did not come, since something did.
    vain: u32,
}

impl Retry {
    /// No line is taken to be slower than a megabyte in this span, as long as nobody knows better.
    const PER_MEGABYTE: Span = Span(1_000_000_000);
    /// Nobody waits longer than this, nor so many times what he waited first.
    const MAX: Span = Span(3_600_000_000_000);
    const DOUBLED_MAX: u32 = 10;

    /// Never shorter than this.
    pub(crate) fn new(least: Span) -> Retry {
        Retry { rto: Rto::new(least, Span(1), Retry::MAX.max(least)), known: false, least, vain: 0 }
    }

    /// For an answer to what was asked so many times in vain; it stands for so many bytes, here or there.
    pub(crate) fn after(&self, bytes: u64, tries: u32) -> Span {
        let wait = match self.known {
            // On a line that somebody else begins to use too, the next one takes twice as long as all before.
            true => (self.rto.span() * 2).max(self.least),
            false => self.least + Retry::PER_MEGABYTE * (bytes / 1_000_000),
        };
        let doubled = (tries + self.vain).min(Retry::DOUBLED_MAX);
        (wait * (1 << doubled)).min(Retry::MAX.max(self.least))
    }

    /// Something did not come in time, and nobody asks for it again: the next one may take longer (RFC 6298, §5.5).
    pub(crate) fn back_off(&mut self) {
        self.vain = (self.vain + 1).min(Retry::DOUBLED_MAX);
    }

    /// An answer came, after so long.
    pub(crate) fn sample(&mut self, took: Span) {
        (self.known, self.vain) = (true, 0);
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
        assert_eq!(retry.after(0, 60), retry.after(0, 10));
        let before = retry.after(0, 0);
        retry.back_off();
        assert_eq!(retry.after(0, 0), before * 2);
        retry.sample(100.s());
        assert!(retry.after(0, 0) < before * 2);
        // Somebody has set a clock.
        retry.sample(Span(u64::MAX));
        assert_eq!(retry.after(0, 6), Retry::MAX);
    }
}
