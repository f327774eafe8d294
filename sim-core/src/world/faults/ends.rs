//! How faults end.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "`World::act` tells all faults apart, other places their own kinds"
)]

use crate::world::World;
use crate::{
    fault::{Area, Fault},
    group::SetClock,
    kernel::Process,
    protocol::{NodeId, Role},
};
use alloc::vec::Vec;

impl World {
    /// The fault's time is up, or somebody ends it: what it did is undone, except where another fault does the same.
    pub(in crate::world) fn end(&mut self, index: usize) {
        let Some(position) = self.kernel.active.iter().position(|&active| active == index) else { return };
        self.kernel.active.remove(position);
        self.faults.all[index].report.ended = Some(self.kernel.now);
        for event in self.kernel.network.end(index) {
            self.kernel.post(self.kernel.now, event);
        }
        for node in self.faults.let_all_go(index) {
            self.recover(index, node);
        }
        self.count_quorums();
    }

    /// A node is no longer this fault's.
    fn recover(&mut self, index: usize, node: NodeId) {
        let fault = self.faults.fault(index).clone();
        if !matches!(fault, Fault::ClockStrobe { .. }) || self.faults.all[index].lit {
            self.set_clock(index, node, false);
        }
        self.ail(node);
        let group = self.group_of(node);
        if fault.kills() || matches!(fault, Fault::DiskFull(_)) {
            let full = self.groups[group].hurt(node) == Some(index);
            let other = self.faults.hurting(node, Fault::kills).next();
            match other {
                // That one keeps it down from here on.
                Some(other) if full => self.hand_over(node, other),
                Some(_) => self.keep_down(node),
                None if fault.kills() || full => drop(self.boot(node)),
                None => {}
            }
        } else if let Fault::Pause(_) = fault {
            let other = self.faults.hurting(node, |f| matches!(f, Fault::Pause(_))).next();
            match other {
                Some(other) if self.groups[group].hurt(node) == Some(index) => self.hand_over(node, other),
                Some(_) => {}
                None => drop(self.groups[group].resume(node, &mut self.kernel)),
            }
        }
    }

    /// Boots a node that is down. Whether its process runs now, and did not before.
    fn boot(&mut self, node: NodeId) -> bool {
        let group = self.group_of(node);
        let booted = self.groups[group].boot(node, &mut self.kernel);
        if !booted {
            self.keep_down(node);
        }
        booted
    }

    /// A node stays down: whoever is to blame for it, its host answers or not.
    fn keep_down(&mut self, node: NodeId) {
        if let Some(fault) = self.groups[self.group_of(node)].hurt(node) {
            self.power(node, fault);
        }
    }

    /// What kept a node down, or frozen, is over; this fault does so from here on.
    fn hand_over(&mut self, node: NodeId, to: usize) {
        let group = self.group_of(node);
        self.groups[group].blame(node, to, &mut self.kernel);
        self.power(node, to);
        self.hit(to, node);
    }

    /// A node is down because of a fault. Whether its host is without power is for all of them to say. Whether it is now,
    /// and was not before.
    pub(super) fn power(&mut self, node: NodeId, fault: usize) -> bool {
        let dark = self.faults.hurting(node, |f| matches!(f, Fault::PowerLoss(_))).next();
        let why = dark.map_or(Process::Killed(fault as u32), |dark| Process::PowerLost(dark as u32));
        let before = self.kernel.processes[node.0 as usize];
        self.kernel.down(node, why);
        dark.is_some() && matches!(before, Process::Killed(_))
    }

    /// Counts a node among those whose state a fault changed.
    pub(super) fn hit(&mut self, index: usize, node: NodeId) {
        if self.faults.all[index].hit.insert(node) {
            self.kernel.books.effects[index].nodes += 1;
        }
    }

    /// Ends faults as a whole.
    pub(super) fn cure(&mut self, index: usize, fault: &Fault) {
        for other in self.kernel.active.clone() {
            let planned = &self.faults.all[other].report.planned;
            let ends = match fault {
                Fault::End(name) => planned.name == *name,
                _ => planned.fault.area() == Some(Area::Network),
            };
            if ends {
                let hurt = self.faults.all[other].hurt.len() as u32;
                let network = planned.fault.area() == Some(Area::Network);
                let nodes = if network { self.kernel.books.effects[other].nodes } else { hurt };
                self.kernel.books.effects[index].nodes += nodes;
                self.end(other);
            }
        }
    }

    /// Brings nodes back, whoever took them.
    pub(super) fn mend(&mut self, index: usize, fault: &Fault, nodes: &[NodeId]) {
        for &node in nodes {
            let group = self.group_of(node);
            let mended = match fault {
                Fault::Restart(_) => {
                    let booted = self.boot(node);
                    if booted {
                        self.release(node, Fault::kills);
                    } else if self.role(node) == Role::DOWN {
                        self.kernel.books.effects[index].failed += 1;
                    }
                    booted
                }
                Fault::Resume(_) => {
                    let resumed = self.groups[group].resume(node, &mut self.kernel);
                    self.release(node, |f| matches!(f, Fault::Pause(_)));
                    resumed
                }
                _ => {
                    let group = &mut self.groups[group];
                    let wrong = group.set_clock(node, SetClock::Right, &mut self.kernel).is_some();
                    self.release(node, |f| f.area() == Some(Area::Clocks));
                    self.ail(node);
                    wrong
                }
            };
            self.kernel.books.effects[index].nodes += u32::from(mended);
        }
    }

    /// The node is no longer one of these faults': those that hurt nobody any more are over.
    pub(super) fn release(&mut self, node: NodeId, which: impl Fn(&Fault) -> bool) {
        for index in self.faults.hurting(node, which).collect::<Vec<_>>() {
            self.faults.let_go(index, node);
            if self.faults.all[index].hurt.is_empty() {
                self.end(index);
            }
        }
    }
}
