//! Which part of a run is traced.

use crate::time::Time;
use alloc::{vec, vec::Vec};

/// Which part of a run is traced: what lies in one of these windows, or among these events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// In order of time, and apart.
    pub windows: Vec<Window>,
    /// First and last numbers of events; in order, and apart. These are traced whatever the windows' budgets.
    pub events: Vec<(u64, u64)>,
}

/// A stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its first moment.
    pub from: Time,
    /// Its last moment.
    pub until: Time,
    /// At most so many inputs and packets of it are kept; those that come first.
    pub budget: u64,
}

impl Scope {
    /// The whole run.
    pub fn all() -> Scope {
        Scope {
            windows: vec![Window { from: Time::ZERO, until: Time::MAX, budget: u64::MAX }],
            events: Vec::new(),
        }
    }

    /// Whether a moment, or an event, is to be traced. Both only go on from call to call, and what is behind is dropped.
    pub(super) fn admits(&mut self, now: Time, event: u64) -> Admission {
        let over = self.events.iter().take_while(|(_, last)| *last < event).count();
        if over > 0 {
            self.events.drain(..over);
        }
        let over = self.windows.iter().take_while(|window| window.until < now).count();
        if over > 0 {
            self.windows.drain(..over);
        }
        if self.events.first().is_some_and(|(first, _)| *first <= event) {
            return Admission::Inside;
        }
        match self.windows.first().filter(|window| window.from <= now) {
            None => Admission::Outside,
            Some(window) if window.budget == 0 => Admission::Exhausted,
            Some(_) => Admission::Inside,
        }
    }

    /// Something was kept.
    pub(super) fn spend(&mut self, now: Time) {
        if let Some(window) = self.windows.first_mut().filter(|window| window.from <= now) {
            window.budget = window.budget.saturating_sub(1);
        }
    }
}

/// Whether something is traced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    Inside,
    Outside,
    /// It lies in a window whose budget is spent.
    Exhausted,
}
