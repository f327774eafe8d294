//! When faults strike: at known moments, after one another, and when something comes true.

use super::Armed;
use crate::{
    fault::{Condition, Schedule},
    kernel::{Event, What},
    protocol::{NodeId, Role},
    run::RoleChange,
    time::{Span, Time},
    world::World,
};

/// In the `slot` of a strike: whether the fault strikes, or begins to wait for its moment.
const STRIKE: u32 = 0;
const ARM: u32 = 1;
/// It has waited for long enough.
const LATEST: u32 = 2;

impl World {
    /// Puts the faults into the queue, once. Their sequence numbers are set apart, after those of the boots and before
    /// all others, ends before strikes: a node that one fault gives back can be another's at the same moment. A fault
    /// that waits for its moment has the place that it would have had, had the plan named that moment.
    pub(in crate::world) fn begin(&mut self) {
        if self.faults.first > 0 {
            return;
        }
        self.faults.first = self.kernel.seq + 1;
        self.kernel.seq += 2 * self.faults.all.len() as u64 + 1;
        for index in 0..self.faults.all.len() {
            match self.faults.all[index].report.planned.when {
                Schedule::At(at) => self.plan_strike(index, at, STRIKE),
                Schedule::When { from, latest, .. } => {
                    self.plan_strike(index, from, ARM);
                    latest.iter().for_each(|&latest| self.plan_strike(index, latest, LATEST));
                }
                Schedule::After(..) => {}
            }
        }
        if self.plan.calm_from < Time::MAX {
            let seq = self.faults.first + 2 * self.faults.all.len() as u64;
            let event = Event { node: 0, slot: 0, round: 0, what: What::Calm };
            self.kernel.post_as(self.plan.calm_from, seq, event);
        }
    }

    pub(super) fn plan_strike(&mut self, index: usize, at: Time, slot: u32) {
        let seq = self.faults.first + (self.faults.all.len() + index) as u64;
        self.kernel.post_as(at, seq, Event { node: index as u32, slot, round: 0, what: What::Strike });
        if slot == STRIKE {
            self.plan_end(index, at);
        }
    }

    /// The end of a fault that strikes at this moment, if it ends by itself.
    fn plan_end(&mut self, index: usize, at: Time) {
        let planned = &self.faults.all[index].report.planned;
        if let Some(lasts) = planned.lasts.filter(|_| !planned.fault.momentary()) {
            let seq = self.faults.first + index as u64;
            let over = Event { node: index as u32, slot: 0, round: 0, what: What::Over };
            self.kernel.post_as(at + lasts, seq, over);
        }
    }

    pub(in crate::world) fn strike(&mut self, event: Event) {
        let index = event.node as usize;
        let harms = self.faults.fault(index).harms();
        if self.faults.calm || harms && self.kernel.now >= self.plan.calm_from {
            return;
        }
        match event.slot {
            ARM => {
                let since = self.kernel.roles.len();
                self.faults.armed.push(Armed { fault: index, since, seen: 0, count: 0 });
                return self.watch(None);
            }
            LATEST => {
                let armed = self.faults.armed.len();
                self.faults.armed.retain(|armed| armed.fault != index);
                if self.faults.armed.len() == armed {
                    return;
                }
                self.plan_end(index, self.kernel.now);
            }
            _ => {}
        }
        self.act(index);
        let name = self.faults.all[index].report.planned.name.clone();
        for later in 0..self.faults.all.len() {
            if let Schedule::After(first, span) = &self.faults.all[later].report.planned.when
                && *first == name
            {
                let at = self.kernel.now + *span;
                self.plan_strike(later, at, STRIKE);
            }
        }
    }

    /// Looks whether what a fault waits for has come true: now that something happened at `node`, or anywhere.
    pub(in crate::world) fn watch(&mut self, node: Option<NodeId>) {
        if self.faults.armed.is_empty() {
            return;
        }
        let mut armed = core::mem::take(&mut self.faults.armed);
        armed.retain_mut(|armed| {
            let index = armed.fault;
            let holds = match &self.faults.all[index].report.planned.when {
                // Borrowed from the report while the world is asked.
                Schedule::When { condition, .. } => self.holds(&condition.clone(), armed, node),
                Schedule::At(_) | Schedule::After(..) => false,
            };
            if holds {
                self.faults.all[index].trigger = node;
                self.plan_strike(index, self.kernel.now + Span(1), STRIKE);
            }
            !holds
        });
        self.faults.armed.append(&mut armed);
    }

    fn holds(&mut self, condition: &Condition, armed: &mut Armed, node: Option<NodeId>) -> bool {
        let seen = armed.seen;
        let moved = node.is_none() || seen < self.kernel.roles.len();
        armed.seen = self.kernel.roles.len();
        let servers = || self.services.iter().filter(|s| !s.clients).flat_map(|s| s.ids());
        match condition {
            Condition::Role(role) => moved && servers().any(|node| self.role(node).0 == *role),
            Condition::NoRole(role) => moved && !servers().any(|node| self.role(node).0 == *role),
            Condition::RoleTaken(role, times) => {
                let taken = (seen..self.kernel.roles.len()).filter(|&change| self.took(change, role));
                armed.count += taken.count() as u64;
                armed.count >= u64::from(*times)
            }
            Condition::Epoch(epoch) => self.kernel.epoch >= *epoch,
            Condition::Answered(calls) => self.kernel.answered >= *calls,
            Condition::Shows(label, least) => {
                let shows = |node: NodeId| {
                    let values = self.show(node);
                    let value = values.iter().find(|(shown, _)| shown == label);
                    value
                        .and_then(|(_, value)| value.parse::<u64>().ok())
                        .is_some_and(|value| value >= *least)
                };
                match node {
                    Some(node) => servers().any(|server| server == node) && shows(node),
                    None => servers().any(shows),
                }
            }
            Condition::RoleChange(service) => {
                let changes = seen.max(armed.since)..self.kernel.roles.len();
                let changed = |change: usize| {
                    let RoleChange { node, role, .. } = self.kernel.roles[change];
                    role != Role::DOWN && self.is_of(node, service) && self.took(change, role.0)
                };
                changes.clone().any(changed)
            }
            Condition::Unsynced(service) => match node {
                Some(node) if self.is_of(node, service) => {
                    let group = self.group_of(node);
                    self.groups[group].unsynced(node)
                }
                _ => false,
            },
            Condition::Handled(service, inputs) => {
                armed.count += u64::from(node.is_some_and(|node| self.is_of(node, service)));
                armed.count >= *inputs
            }
        }
    }

    fn is_of(&self, node: NodeId, service: &str) -> bool {
        self.services[self.group_of(node)].name == service
    }

    /// Whether with this change a node took the role, and did not only go on with it after it was frozen.
    fn took(&self, change: usize, role: &str) -> bool {
        let RoleChange { node, role: new, .. } = self.kernel.roles[change];
        let before = || self.kernel.roles[..change].iter().rev().filter(|earlier| earlier.node == node);
        let last = || before().map(|earlier| earlier.role).find(|role| *role != Role::PAUSED);
        new.0 == role && last() != Some(new)
    }

    /// From now on nothing goes wrong.
    pub(in crate::world) fn calm(&mut self) {
        self.faults.calm = true;
        self.faults.armed.clear();
        for index in self.kernel.active.clone() {
            self.end(index);
        }
    }
}
