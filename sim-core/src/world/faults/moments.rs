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
use alloc::vec::Vec;

/// In the `slot` of a strike: whether the fault strikes, or begins to wait for its moment.
const STRIKE: u32 = 0;
const ARM: u32 = 1;
/// It has waited for long enough.
const LATEST: u32 = 2;
/// Which of a fault's random streams draws the node at which it came true.
const TRIGGER: u64 = 2;

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
                let armed = self.arm(index);
                self.faults.armed.extend(armed);
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

    fn arm(&self, fault: usize) -> Option<Armed> {
        let Schedule::When { condition, latest, .. } = self.faults.all[fault].report.planned.when.clone()
        else {
            return None;
        };
        let service = match &condition {
            Condition::RoleChange(name) | Condition::Unsynced(name) | Condition::Handled(name, _) => {
                self.services.iter().position(|service| service.name == *name)
            }
            Condition::Role(_)
            | Condition::NoRole(_)
            | Condition::RoleTaken(..)
            | Condition::Epoch(_)
            | Condition::Answered(_)
            | Condition::Shows(..) => None,
        };
        let (since, events) = (self.kernel.roles.len(), self.kernel.events);
        Some(Armed { fault, condition, latest, service, since, seen: 0, count: 0, events, done: false })
    }

    /// Looks whether what a fault waits for has come true: now that something happened at `node`, or anywhere.
    pub(in crate::world) fn watch(&mut self, node: Option<NodeId>) {
        if self.faults.armed.is_empty() {
            return;
        }
        let mut all = core::mem::take(&mut self.faults.armed);
        all.retain_mut(|armed| {
            if armed.done {
                return true;
            }
            let Some(trigger) = self.holds(armed, node) else { return true };
            self.faults.all[armed.fault].report.trigger = trigger;
            let next = self.kernel.now + Span(1);
            // Then it strikes anyway, and two events of one number would have no order.
            armed.done = armed.latest == Some(next);
            if !armed.done {
                self.plan_strike(armed.fault, next, STRIKE);
            }
            armed.done
        });
        self.faults.armed.append(&mut all);
    }

    /// Whether it has come true, and at which node, if it was at one.
    fn holds(&mut self, armed: &mut Armed, node: Option<NodeId>) -> Option<Option<NodeId>> {
        let seen = armed.seen;
        let moved = node.is_none() || seen < self.kernel.roles.len();
        armed.seen = self.kernel.roles.len();
        let servers = || self.services.iter().filter(|s| !s.clients).flat_map(|s| s.ids());
        let here = |node: NodeId| armed.service == Some(self.group_of(node));
        let holds = match &armed.condition {
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
                    value.and_then(|(_, value)| number(value)).is_some_and(|value| value >= *least)
                };
                match node {
                    Some(node) => servers().any(|server| server == node) && shows(node),
                    None => servers().any(shows),
                }
            }
            Condition::RoleChange(_) => {
                let mut changes = seen.max(armed.since)..self.kernel.roles.len();
                let changed = changes.find(|&change| {
                    let RoleChange { node, role, .. } = self.kernel.roles[change];
                    // What a fault does to a process is no change that the process makes.
                    let made = role != Role::DOWN && role != Role::PAUSED;
                    made && here(node) && self.took(change, role.0)
                });
                return changed.map(|change| Some(self.kernel.roles[change].node));
            }
            Condition::Handled(_, inputs) => {
                // Not every event is an input: a timer may have been set anew, a process be dead.
                let taken = self.kernel.events > armed.events;
                armed.count += u64::from(taken && node.is_some_and(here));
                armed.events = self.kernel.events;
                armed.count >= *inputs
            }
            Condition::Unsynced(_) => return self.unsynced(armed, node),
        };
        holds.then_some(node)
    }

    /// The node that has written what is not synced; of several, when nothing has happened at one, one that the seed draws.
    fn unsynced(&mut self, armed: &Armed, node: Option<NodeId>) -> Option<Option<NodeId>> {
        let service = armed.service?;
        if let Some(node) = node {
            let unsynced = self.group_of(node) == service && self.groups[service].unsynced(node);
            return unsynced.then_some(Some(node));
        }
        let nodes: Vec<NodeId> = self.services[service].ids().collect();
        let unsynced: Vec<NodeId> =
            nodes.into_iter().filter(|&node| self.groups[service].unsynced(node)).collect();
        self.rng(armed.fault, TRIGGER).pick(&unsynced).copied().map(Some)
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

/// The number that a state shows. A node counts by its own.
fn number(shown: &str) -> Option<u64> {
    shown.strip_prefix("node ").unwrap_or(shown).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_node_that_is_shown_counts_by_its_number() {
        assert_eq!([number("17"), number(&NodeId(3).to_string())], [Some(17), Some(3)]);
        assert_eq!([number("nobody"), number("node 0, node 1")], [None, None]);
    }
}
