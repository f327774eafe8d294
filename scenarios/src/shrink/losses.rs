//! Losses that chance deals become faults that name them: each of these can be left away like any other fault, and what is
//! left says which messages it was.

use super::Shrinker;
use crate::format::{Scenario, TimedFault, When};
use sim_core::{
    fault::{Fault, Keep, Pick},
    link::Impairment,
    protocol::NodeId,
    rng::Chance,
    run::Run,
    time::Time,
    trace::Fate,
};
use std::collections::BTreeMap;

/// Among more than so many it is not worth while to look for the few that matter.
const LOST_MAX: usize = 100;
/// Of a longer run the trace would take too much memory.
const EVENTS_MAX: u64 = 1_000_000;
/// More than so many are harder to read than a chance.
const NAMED_MAX: usize = 5;

impl Shrinker<'_> {
    /// Leaves chance nothing to lose: no message is lost any more, or a few are that are named. Where more would have to be, and in
    /// connections, which send again, it is left to chance.
    pub(super) fn losses(&mut self) {
        let certain = without_chance(&self.best);
        if certain == self.best || self.keeps(certain.clone()) {
            return;
        }
        let lost = self.lost();
        if lost.is_empty() {
            return;
        }
        let before = (self.best.clone(), self.failure.clone());
        let with = |named: &[TimedFault]| {
            let mut changed = certain.clone();
            changed.faults.extend_from_slice(named);
            changed
        };
        if !self.keeps(with(&lost)) {
            return;
        }
        self.fewest(lost, |shrinker, left: Vec<TimedFault>| shrinker.keeps(with(&left)));
        if self.best.faults.len() > certain.faults.len() + NAMED_MAX {
            (self.best, self.failure) = before;
        }
    }
}

impl Shrinker<'_> {
    /// What chance loses in the best, if that is not too much.
    fn lost(&mut self) -> Vec<TimedFault> {
        let mut run = |traced| {
            let run = self.run(&self.best, self.best.seed, traced)?;
            self.runs += 1;
            self.events += run.events;
            (run.events <= EVENTS_MAX && (1..=LOST_MAX as u64).contains(&run.traffic.lost)).then_some(run)
        };
        run(false).and_then(|_| run(true)).map_or_else(Vec::new, |run| named(&run))
    }
}

/// The same in a good world: without faults, and without losses.
pub(super) fn without_harm(scenario: &Scenario) -> Scenario {
    without_chance(&Scenario { faults: Vec::new(), ..scenario.clone() })
}

/// The same where chance loses nothing. All other fates are as they were: they are dealt whether something may be lost or not.
fn without_chance(scenario: &Scenario) -> Scenario {
    let mut certain = scenario.clone();
    let network = &mut certain.network;
    (network.default.loss, network.default.bursts) = (Chance::NEVER, None);
    for link in &mut network.links {
        (link.loss, link.bursts) = (link.loss.map(|_| Chance::NEVER), None);
    }
    certain.faults.retain_mut(|timed| {
        let mut plain = timed.fault.plain();
        let (Fault::Degrade { link, .. } | Fault::DegradeNic { link, .. }) = &mut plain else { return true };
        // What is lost for certain is a cut, and no chance.
        let chance = |link: &Impairment| !link.loss.is_never() || link.bursts.is_some();
        if link.loss == Chance::ALWAYS || !chance(link) {
            return true;
        }
        (link.loss, link.bursts) = (Chance::NEVER, None);
        let more = *link != Impairment::default();
        timed.fault = plain;
        more
    });
    certain
}

/// What chance lost in a run, in order of time. What a node sends to itself meets no fault, and has to be left to chance.
fn named(run: &Run) -> Vec<TimedFault> {
    let mut lost: BTreeMap<(Time, NodeId, NodeId), u32> = BTreeMap::new();
    for packet in run.trace.iter().flat_map(|trace| trace.packets()) {
        if packet.fate == Fate::Lost && packet.from != packet.to {
            *lost.entry((packet.sent, packet.from, packet.to)).or_default() += 1;
        }
    }
    let one = |node: NodeId| vec![Pick::Node(run.name(node))];
    let fault = |(number, ((at, from, to), messages))| TimedFault {
        name: format!("lost-{number}"),
        part_of: None,
        when: When::At(at),
        lasts: None,
        keep: Keep::Nothing,
        rolling: None,
        fault: Fault::Lose { from: one(from), to: one(to), messages },
        say: String::new(),
    };
    (1..).zip(lost).map(fault).collect()
}
