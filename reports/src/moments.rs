//! What matters of a run, moment by moment, and which part of its events goes into the page for that.
//!
//! Everything here counts; nothing measures time on a wall. So the same run has the same page on every machine.

use crate::roles;
use sim_core::{
    judged::Judged,
    run::Run,
    time::Time,
    trace::{Scope, Trace, Window},
};

/// A run of more events is not run a second time for its trace.
pub const EVENTS_MAX: u64 = 1_000_000;
/// So many events go into a page, at most.
const ENTRIES_MAX: u64 = 30_000;
/// And they take about so many bytes there.
const BYTES_MAX: usize = 1_000_000;
/// So many moments are looked at; the most important ones first.
const MOMENTS_MAX: usize = 400;
/// Around a violation so many events before it, and half as many after it, are traced whatever else happens.
const AROUND: u64 = 400;

/// Something worth looking at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) at: Time,
    /// The number of the event, if it is one.
    pub(crate) event: Option<u64>,
}

/// What matters, the most important first: violations, the answer that no order explains, strikes of faults, the start, who
/// began to lead, ends of faults.
pub(crate) fn moments(judged: &Judged, unexplained: Option<Time>) -> Vec<Moment> {
    let run = &judged.run;
    let at = |at: Time| Moment { at, event: None };
    let mut moments: Vec<Moment> =
        run.violations.iter().map(|v| Moment { at: v.at, event: Some(v.event) }).collect();
    moments.extend(unexplained.map(at));
    moments.extend(run.faults.iter().filter_map(|fault| fault.struck).map(at));
    moments.push(at(Time::ZERO));
    moments.extend(roles::leaderships(judged).iter().map(|change| at(change.at)));
    moments.extend(run.faults.iter().filter_map(|fault| fault.ended).map(at));
    moments.truncate(MOMENTS_MAX);
    moments
}

/// Which part of a run is to be traced when it is run a second time; `None` if it is too large for that, or no event was
/// taken. `profile` tells how far the run was how often: moments, and events taken by then.
pub fn scope(judged: &Judged, profile: &[(Time, u64)]) -> Option<Scope> {
    let run = &judged.run;
    if run.events == 0 || run.events > EVENTS_MAX || run.stopped.is_some() {
        return None;
    }
    if run.events <= ENTRIES_MAX * 2 {
        return Some(Scope::all());
    }
    let moments = moments(judged, crate::embed::unexplained(judged).map(|(_, witness)| witness.at));
    // Some overlap, and some have fewer events around them than the run has on average: twice as many are asked for.
    let each = ENTRIES_MAX * 2 / moments.len().max(1) as u64;
    let line = Profile::new(profile, run);
    let mut windows: Vec<Window> = moments
        .iter()
        .map(|moment| {
            let event = line.event(moment.at);
            let (from, until) = (line.time(event.saturating_sub(each / 3)), line.time(event + each * 2 / 3));
            Window { from: from.min(moment.at), until: until.max(moment.at), budget: each * 6 }
        })
        .collect();
    windows.sort_by_key(|window| window.from);
    windows.dedup_by(|next, last| {
        let overlap = next.from <= last.until;
        if overlap {
            last.until = last.until.max(next.until);
            last.budget += next.budget;
        }
        overlap
    });
    let mut events: Vec<(u64, u64)> =
        moments.iter().filter_map(|m| m.event).map(|e| (e.saturating_sub(AROUND), e + AROUND / 2)).collect();
    events.sort_unstable();
    events.dedup_by(|next, last| {
        let overlap = next.0 <= last.1;
        if overlap {
            last.1 = last.1.max(next.1);
        }
        overlap
    });
    Some(Scope { windows, events })
}

/// How many events were taken by which moment, with straight lines between.
struct Profile(Vec<(Time, u64)>);

impl Profile {
    fn new(profile: &[(Time, u64)], run: &Run) -> Profile {
        let mut points = vec![(Time::ZERO, 0)];
        points.extend(profile.iter().filter(|(at, _)| *at > Time::ZERO && *at < run.ended).copied());
        points.push((run.ended, run.events));
        Profile(points)
    }

    fn event(&self, at: Time) -> u64 {
        let next = self.0.partition_point(|(time, _)| *time < at).clamp(1, self.0.len() - 1);
        let ((t0, e0), (t1, e1)) = (self.0[next - 1], self.0[next]);
        let share = at.since(t0).as_secs() / t1.since(t0).as_secs().max(1e-9);
        e0 + (e1.saturating_sub(e0) as f64 * share.clamp(0.0, 1.0)) as u64
    }

    fn time(&self, event: u64) -> Time {
        let next = self.0.partition_point(|(_, events)| *events < event).clamp(1, self.0.len() - 1);
        let ((t0, e0), (t1, e1)) = (self.0[next - 1], self.0[next]);
        let share = event.saturating_sub(e0) as f64 / e1.saturating_sub(e0).max(1) as f64;
        Time(t0.0 + (t1.since(t0).0 as f64 * share.clamp(0.0, 1.0)) as u64)
    }
}

/// The entries of a trace that go into a page, by position: around each moment as many as there is room for, the same for
/// all. Those of one moment come before it and after it, one to two.
pub(crate) fn chosen(trace: &Trace, moments: &[Moment], cost: &[usize]) -> Vec<usize> {
    /// What one moment gets in a turn.
    const TURN: [usize; 2] = [8, 16];
    let all = cost.len();
    let (mut left, mut room) = (BYTES_MAX, ENTRIES_MAX as usize);
    let mut taken = vec![false; all];
    let places: Vec<(u64, Time)> = trace.entries().map(|entry| (entry.number, entry.at)).collect();
    let mut reach: Vec<[usize; 2]> = moments
        .iter()
        .map(|moment| {
            let place = places.partition_point(|&(number, at)| match moment.event {
                Some(event) => number < event,
                None => at < moment.at,
            });
            [place, place]
        })
        .collect();
    loop {
        let before = room;
        for [low, high] in &mut reach {
            let wanted = (low.saturating_sub(TURN[0])..*low).rev().chain(*high..(*high + TURN[1]).min(all));
            for place in wanted {
                if taken[place] {
                    continue;
                }
                if room == 0 || cost[place] > left {
                    return (0..all).filter(|&place| taken[place]).collect();
                }
                taken[place] = true;
                (room, left) = (room - 1, left - cost[place]);
            }
            (*low, *high) = (low.saturating_sub(TURN[0]), (*high + TURN[1]).min(all));
        }
        if room == before && reach.iter().all(|&[low, high]| low == 0 && high == all) || moments.is_empty() {
            return (0..all).filter(|&place| taken[place]).collect();
        }
    }
}
