//! How far a hunt is, and when it ends before its seeds do: at a limit of time, or at Ctrl-C.

use super::Terms;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use scenarios::hunt::{Outcome, Watch};
use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

/// Looks at the clock, and shows how far the hunt is.
pub(crate) struct Watcher {
    bar: ProgressBar,
    since: Instant,
    until: Option<Duration>,
    pub(super) tried: AtomicU64,
    pub(super) events: AtomicU64,
    failed: AtomicU64,
}

impl Watcher {
    /// For a hunt in so many files.
    pub(crate) fn new(name: &str, terms: &Terms, files: usize) -> Watcher {
        let (seeds, (_, parts)) = (terms.seeds(), terms.shard.unwrap_or((1, 1)));
        let until = terms.time.map(|time| Duration::from_nanos(time.0));
        let length = if until.is_some() {
            None
        } else {
            Some(((seeds.end - seeds.start) / parts).saturating_mul(files as u64))
        };
        let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr_with_hz(5));
        let template = match length {
            Some(_) => "{prefix} {wide_bar} {percent:>3} %  {msg}  {eta} left",
            None => "{prefix} {spinner} {msg}  {elapsed}",
        };
        bar.set_style(ProgressStyle::with_template(template).expect("the template is well formed"));
        bar.set_prefix(name.to_string());
        let zero = || AtomicU64::new(0);
        Watcher { bar, since: now(), until, tried: zero(), events: zero(), failed: zero() }
    }

    pub(crate) fn end(&self) -> Duration {
        self.bar.finish_and_clear();
        self.since.elapsed()
    }
}

impl Watch for Watcher {
    fn tried(&self, outcome: &Outcome) {
        let tried = self.tried.fetch_add(1, Relaxed) + 1;
        let events = self.events.fetch_add(outcome.events, Relaxed) + outcome.events;
        let failed = self.failed.fetch_add(u64::from(outcome.failure.is_some()), Relaxed)
            + u64::from(outcome.failure.is_some());
        // Not for each: threads would wait for one another at the bar.
        if tried.is_multiple_of(16) || outcome.failure.is_some() {
            let seconds = self.since.elapsed().as_secs_f64().max(1e-3);
            self.bar.set_position(tried);
            self.bar.set_message(format!(
                "{:.0} seeds/s, {:.1} M events/s, {failed} failed",
                tried as f64 / seconds,
                events as f64 / seconds / 1e6
            ));
        }
    }

    fn goes_on(&self) -> bool {
        !stopped() && self.until.is_none_or(|until| self.since.elapsed() < until)
    }
}

/// The exit code of what was stopped by Ctrl-C, as shells have it.
pub(crate) const STOPPED: u8 = 130;

/// Whether Ctrl-C was pressed: what is under way ends, and says what it has. Pressed again, it ends everything.
static STOP: AtomicBool = AtomicBool::new(false);

pub(crate) fn stopped() -> bool {
    STOP.load(Relaxed)
}

/// The same for whoever asks whether to go on.
pub(crate) fn goes_on() -> bool {
    !stopped()
}

/// From here on Ctrl-C ends a hunt and not the program. Where that cannot be had, it does what it always did.
pub(crate) fn heed() {
    STOP.store(false, Relaxed);
    // It is heeded already where this is not the program's first hunt.
    drop(ctrlc::set_handler(|| {
        if STOP.swap(true, Relaxed) {
            std::process::exit(i32::from(STOPPED));
        }
    }));
}

#[allow(clippy::disallowed_methods)]
fn now() -> Instant {
    // How long the hunt takes decides how many seeds are tried, and never what comes of one.
    Instant::now()
}
