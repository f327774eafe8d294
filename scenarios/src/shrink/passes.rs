//! What is tried, in which order: first what takes most away, then what makes the rest simpler.

use super::Shrinker;
use crate::format::{Clients, Expectation, Network, Scenario, Service, TimedFault, Vacuous, When};
use sim_core::{
    fault::{Fault, Keep, Pick},
    link::LinkPlan,
    plan::{DiskPlan, HostPlan},
    rng::Chance,
    sample::Delay,
    time::{Span, Time, Units},
};
use std::collections::BTreeMap;

/// Other seeds that are tried where a change deals all chances anew.
pub(super) const SEEDS: u64 = 12;
/// After so many rounds nothing gets smaller any more, or by so little that nobody cares.
const ROUNDS: u32 = 6;

impl Shrinker<'_> {
    pub(super) fn shrink(&mut self) {
        self.expectations();
        for _ in 0..ROUNDS {
            let before = self.best.clone();
            self.length();
            self.faults();
            self.operations();
            self.clients();
            self.servers();
            self.world();
            self.losses();
            self.each_fault();
            if self.best == before || self.spent() {
                return;
            }
        }
    }

    /// The best, changed.
    fn changed(&self, change: impl FnOnce(&mut Scenario)) -> Scenario {
        let mut changed = self.best.clone();
        change(&mut changed);
        changed
    }

    fn change(&mut self, change: impl FnOnce(&mut Scenario)) -> bool {
        let changed = self.changed(change);
        self.keeps(changed)
    }

    /// The same where less time is left for what is expected.
    fn hurry(&mut self, change: impl FnOnce(&mut Scenario)) -> bool {
        let changed = self.changed(change);
        self.keeps_in_good_time(changed)
    }

    /// Protocols and mixes are told what the file told them, without every default.
    pub(super) fn as_it_was_said(&mut self, scenario: &Scenario) {
        self.change(|best| {
            for (service, said) in best.services.iter_mut().zip(&scenario.services) {
                service.with.clone_from(&said.with);
            }
            if let (Some(clients), Some(said)) = (&mut best.clients, &scenario.clients) {
                clients.mix.clone_from(&said.mix);
            }
        });
        self.change(|best| best.faults.iter_mut().for_each(|timed| timed.part_of = None));
    }

    /// Only what fails is expected.
    fn expectations(&mut self) {
        if let Some(property) = self.signature.check.strip_prefix("always ") {
            let property = Expectation::Always(property.to_string());
            self.change(|best| best.expect = vec![property]);
        }
        self.change(|best| best.vacuous = Vacuous::Refuse);
        let all = self.best.expect.clone();
        self.fewest(all, |shrinker, left| shrinker.change(|best| best.expect = left));
        let about = format!("A small scenario in which this fails: {}.", self.signature.check);
        self.change(|best| best.about = about);
    }

    /// The run ends soon after what fails; nothing strikes later, or is calm then.
    fn length(&mut self) {
        let broken = self.failure.at.map(|at| Time((at.0 / 1_000_000 + 2) * 1_000_000));
        let parts = (1..8).map(|eighths| Time(self.best.until.0 / 8 * eighths));
        let ends: Vec<Time> = broken.into_iter().chain(parts).collect();
        for end in ends {
            if end < self.best.until && self.hurry(|best| cut(best, end)) {
                break;
            }
        }
        self.change(|best| best.calm = Span::ZERO);
    }

    fn faults(&mut self) {
        let all = self.best.faults.clone();
        self.fewest(all, |shrinker, left| shrinker.change(|best| best.faults = left));
    }

    /// Names the operations that are left.
    fn operations(&mut self) {
        let Some(clients) = &self.best.clients else { return };
        let all: Vec<(String, u32)> = match &clients.only {
            Some(only) => only
                .iter()
                .flat_map(|(name, numbers)| numbers.iter().map(move |&number| (name.clone(), number)))
                .collect(),
            None => {
                let Some(run) = self.run(&self.best, self.best.seed, false) else { return };
                let operations = run.histories.iter().flat_map(|history| history.operations());
                operations.map(|operation| (run.name(operation.client), operation.number)).collect()
            }
        };
        self.fewest(all, |shrinker, left| {
            let mut only: BTreeMap<String, Vec<u32>> = BTreeMap::new();
            left.into_iter().for_each(|(name, number)| only.entry(name).or_default().push(number));
            only.values_mut().for_each(|numbers| numbers.sort_unstable());
            shrinker.change(|best| {
                if let Some(clients) = &mut best.clients {
                    clients.only = Some(only.into_iter().collect());
                }
            })
        });
    }

    /// Those who want nothing need not be there.
    fn clients(&mut self) {
        if self.change(|best| best.clients = None) {
            return;
        }
        let Some(clients) = &self.best.clients else { return };
        let index = |name: &String| name.rsplit('-').next().and_then(|number| number.parse::<u32>().ok());
        let last = clients.only.iter().flatten().filter_map(|(name, _)| index(name)).max().unwrap_or(1);
        if last < clients.nodes {
            self.change(|best| of_clients(best, |clients| clients.nodes = last));
        }
        self.hurry(|best| of_clients(best, |clients| clients.retry = Default::default()));
        self.hurry(|best| of_clients(best, |clients| clients.deadline = clients.timeout));
        self.change(|best| of_clients(best, |clients| clients.nic = None));
        self.change(|best| of_clients(best, |clients| clients.writes_until = None));
    }

    fn servers(&mut self) {
        for index in 0..self.best.services.len() {
            let nodes = self.best.services[index].nodes;
            for fewer in 1..nodes.min(8) {
                let candidate = self.changed(|best| best.services[index].nodes = fewer);
                if self.keeps_with_some_seed(&candidate) {
                    break;
                }
            }
        }
    }

    /// A network and nodes without anything out of the ordinary.
    fn world(&mut self) {
        let simple = Delay::Constant(1.ms());
        let Network { default, links, nic } = self.best.network.clone();
        if !links.is_empty() {
            let candidate = self.changed(|best| best.network.links.clear());
            self.keeps_with_some_seed(&candidate);
        }
        if default.delay != simple {
            let candidate = self.changed(|best| best.network.default.delay = simple.clone());
            self.keeps_with_some_seed(&candidate);
        }
        if nic.is_some() {
            self.change(|best| best.network.nic = None);
        }
        let calmer: [fn(&mut LinkPlan); 5] = [
            |link| link.loss = Chance::NEVER,
            |link| link.bursts = None,
            |link| link.duplicate = Chance::NEVER,
            |link| link.reorder = None,
            |link| link.corrupt = Chance::NEVER,
        ];
        for calm in calmer {
            self.change(|best| calm(&mut best.network.default));
        }
        for index in 0..self.best.services.len() {
            let plainer: [fn(&mut Service); 4] = [
                |service| service.disk = DiskPlan { damage: service.disk.damage, ..DiskPlan::default() },
                |service| service.host = HostPlan::default(),
                |service| service.clock = Default::default(),
                |service| service.nic = None,
            ];
            for plain in plainer {
                self.change(|best| plain(&mut best.services[index]));
            }
        }
    }

    /// Each fault that is left: aimed at fewer, shorter, at a rounder moment.
    fn each_fault(&mut self) {
        for index in 0..self.best.faults.len() {
            self.change(|best| best.faults[index].keep = Keep::Nothing);
            self.change(|best| best.faults[index].say.clear());
            self.aim(index);
            self.change(|best| {
                if let Fault::Lose { messages, .. } = &mut best.faults[index].fault {
                    *messages = 1;
                }
            });
            self.change(|best| best.faults[index].lasts = None);
            for _ in 0..10 {
                let halve = |best: &mut Scenario| {
                    let lasts = &mut best.faults[index].lasts;
                    *lasts = lasts.map(|lasts| Span((lasts.0 / 2).max(1)));
                };
                if !self.change(halve) {
                    break;
                }
            }
            for unit in [1.s(), 100.ms(), 10.ms(), 1.ms(), 1.us()] {
                let round = |number: u64| number - number % unit.0;
                let moment = |best: &mut Scenario| {
                    if let When::At(at) = &mut best.faults[index].when {
                        at.0 = round(at.0).max(1);
                    }
                };
                let length = |best: &mut Scenario| {
                    let lasts = &mut best.faults[index].lasts;
                    *lasts = lasts.map(|lasts| Span(round(lasts.0).max(1)));
                };
                self.change(moment);
                self.change(length);
            }
        }
    }

    /// Takes nodes that a fault names away from it, one by one.
    fn aim(&mut self, index: usize) {
        let groups: Vec<Vec<Pick>> =
            self.best.faults[index].fault.picks().iter().map(|picks| picks.to_vec()).collect();
        for (group, picks) in groups.iter().enumerate().rev() {
            for pick in (0..picks.len()).rev() {
                let current: Vec<Vec<Pick>> =
                    self.best.faults[index].fault.picks().iter().map(|picks| picks.to_vec()).collect();
                let fits = current.get(group).is_some_and(|picks| picks.len() > 1 && pick < picks.len());
                if fits {
                    let mut fewer = current;
                    fewer[group].remove(pick);
                    self.change(|best| {
                        let fault: &mut Fault = &mut best.faults[index].fault;
                        *fault = fault.aimed(fewer);
                    });
                }
            }
        }
    }

    /// Delta debugging: leaves away what can be left away, in halves first, then in ever smaller parts, down to one by one.
    pub(super) fn fewest<T: Clone>(&mut self, all: Vec<T>, mut keeps: impl FnMut(&mut Self, Vec<T>) -> bool) {
        let mut left = all;
        if left.is_empty() || keeps(self, Vec::new()) {
            return;
        }
        let mut part = left.len().div_ceil(2);
        loop {
            let mut from = 0;
            let mut less = false;
            while from < left.len() && left.len() > 1 {
                let to = (from + part).min(left.len());
                let rest: Vec<T> = left[..from].iter().chain(&left[to..]).cloned().collect();
                if !rest.is_empty() && keeps(self, rest.clone()) {
                    (left, less) = (rest, true);
                } else {
                    from = to;
                }
            }
            if part == 1 && !less || self.spent() {
                return;
            }
            part = part.div_ceil(2).min(left.len()).max(1);
        }
    }
}

fn of_clients(scenario: &mut Scenario, change: impl FnOnce(&mut Clients)) {
    if let Some(clients) = &mut scenario.clients {
        change(clients);
    }
}

/// Nothing happens from `end` on.
fn cut(scenario: &mut Scenario, end: Time) {
    scenario.until = end;
    scenario.calm = Span::ZERO;
    let strikes = |timed: &TimedFault| match timed.when {
        When::At(at) => at < end,
        When::Between(..) | When::Every { .. } | When::After(..) | When::When { .. } => false,
    };
    scenario.faults.retain(strikes);
    for timed in &mut scenario.faults {
        if let When::At(at) = timed.when {
            timed.lasts = timed.lasts.filter(|lasts| at + *lasts < end);
        }
    }
    of_clients(scenario, |clients| {
        if clients.start >= end {
            clients.start = Time::ZERO;
        }
        clients.writes_until = clients.writes_until.filter(|stop| *stop < end);
    });
}
