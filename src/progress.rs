//! A progress bar for what takes longer than a second; nothing at all when nobody watches.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sim_core::time::{Span, Time};
use std::{
    sync::mpsc::{self, RecvTimeoutError},
    time::{Duration, Instant},
};

/// Shows how far a run is, once it has taken a second.
pub(crate) struct Progress {
    bar: ProgressBar,
    since: Instant,
    name: String,
    shown: bool,
    /// Dropped when what goes on now is over.
    done: Option<mpsc::Sender<()>>,
}

impl Progress {
    pub(crate) fn new(name: &str) -> Progress {
        Progress { bar: ProgressBar::hidden(), since: now(), name: name.into(), shown: false, done: None }
    }

    /// The run has come to `now` of `until`, and taken so many events.
    pub(crate) fn at(&mut self, now: Time, until: Time, events: u64) {
        if !self.shown && self.since.elapsed() > Duration::from_secs(1) {
            self.shown = true;
            self.bar = ProgressBar::with_draw_target(Some(until.0), ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{prefix} {wide_bar} {percent:>3} %  {msg}  {eta} left");
            self.bar.set_style(style.expect("the template is well formed"));
            self.bar.set_prefix(self.name.clone());
        }
        if self.shown {
            self.bar.set_position(now.0);
            self.bar.set_message(format!(
                "{:.1} M events, {:.0} s simulated",
                events as f64 / 1e6,
                Span(now.0).as_secs()
            ));
        }
    }

    /// The run is over and something else is going on, of which nobody knows how far it is.
    pub(crate) fn doing(&mut self, what: &'static str) {
        self.bar.finish_and_clear();
        self.bar = ProgressBar::hidden();
        self.bar.set_style(
            ProgressStyle::with_template("{prefix} {spinner} {msg}  {elapsed}").expect("well formed"),
        );
        self.bar.set_prefix(self.name.clone());
        self.bar.set_message(what);
        let bar = self.bar.clone();
        let (done, wait) = mpsc::channel();
        self.done = Some(done);
        // Nobody calls back while a checker searches, so a thread of its own shows the bar after a second.
        #[allow(clippy::disallowed_methods)]
        std::thread::spawn(move || {
            if wait.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
                bar.set_draw_target(ProgressDrawTarget::stderr());
                bar.enable_steady_tick(Duration::from_millis(200));
            }
        });
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[allow(clippy::disallowed_methods)]
fn now() -> Instant {
    // The one look at the wall clock: whether somebody has waited for a second. No run depends on it.
    Instant::now()
}
