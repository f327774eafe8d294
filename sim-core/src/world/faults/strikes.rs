//! What faults do when they strike.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "`World::act` tells all faults apart, other places their own kinds"
)]

use super::quorums::Quorum;
use crate::world::World;
use crate::{
    disk::End,
    fault::{Area, Fault, Keep, Pick},
    group::SetClock,
    kernel::{Event, What},
    node::Ills,
    pick,
    protocol::{NodeId, Role},
    rng::{Purpose, Rng},
    time::Span,
};
use alloc::{collections::BTreeSet, vec, vec::Vec};

/// Which of a fault's random streams draws its shape.
const SHAPE: u64 = 1;

impl World {
    pub(super) fn act(&mut self, index: usize) {
        let fault = self.faults.fault(index).clone();
        let mut chose = self.resolve(index, &fault);
        self.spare(index, &fault, &mut chose);
        let report = &mut self.faults.all[index].report;
        report.struck = Some(self.kernel.now);
        report.chose.clone_from(&chose);
        self.kernel.books.effects[index].in_flight = self.groups.iter().map(|g| g.in_flight()).sum();
        // Counted before it acts, so that the change of role it causes at once is its own.
        if fault.harms() {
            self.kernel.active.push(index);
        }
        let nodes: Vec<NodeId> = chose.iter().flatten().copied().collect();
        match &fault {
            Fault::Heal | Fault::End(_) => self.cure(index, &fault),
            Fault::Restart(_) | Fault::Resume(_) | Fault::ClockReset(_) => self.mend(index, &fault, &nodes),
            Fault::BitRot { records, .. } => self.rot(index, &nodes, *records),
            Fault::Split(_)
            | Fault::OneWay { .. }
            | Fault::Isolate(_)
            | Fault::Halves(_)
            | Fault::Bridge(_)
            | Fault::MinorityThird(_)
            | Fault::MajoritiesRing(_)
            | Fault::Clog { .. }
            | Fault::Lose { .. }
            | Fault::Degrade { .. }
            | Fault::DegradeNic { .. }
            | Fault::Ranks { .. } => self.worsen(index, &fault, &chose),
            Fault::Crash(_)
            | Fault::PowerLoss(_)
            | Fault::Wipe(_)
            | Fault::Pause(_)
            | Fault::Slow { .. }
            | Fault::ClockJump { .. }
            | Fault::ClockDrift { .. }
            | Fault::ClockStrobe { .. }
            | Fault::DiskSlow { .. }
            | Fault::DiskStall(_)
            | Fault::DiskFull(_) => self.hurt(index, &fault, &nodes),
            Fault::Gray(..) => unreachable!("a world has the faults that ready-made ones stand for"),
        }
        self.count_quorums();
        if self.faults.all[index].report.planned.lasts == Some(Span::ZERO) {
            self.end(index);
        }
    }

    fn resolve(&mut self, index: usize, fault: &Fault) -> Vec<Vec<NodeId>> {
        let aims = |pick: &Pick| matches!(pick, Pick::TriggerOf(_));
        let aims = fault.picks().into_iter().flatten().any(aims);
        let mut trigger = self.faults.all[index].report.trigger.filter(|_| aims);
        let chosen = self.choose(index, fault, &mut trigger);
        self.faults.all[index].report.trigger = trigger;
        chosen
    }

    fn choose(&self, index: usize, fault: &Fault, trigger: &mut Option<NodeId>) -> Vec<Vec<NodeId>> {
        let frozen =
            |node: NodeId| self.faults.hurting(node, |f| matches!(f, Fault::Pause(_))).next().is_some();
        let fit = |node: NodeId| match fault {
            Fault::Restart(_) => self.role(node) == Role::DOWN,
            Fault::Resume(_) => frozen(node),
            _ => self.role(node) != Role::DOWN,
        };
        let key = self.faults.all[index].key;
        let place = pick::Place { services: &self.services, zones: &self.plan.zones };
        let role = |node| self.role(node);
        let mut chosen = pick::resolve(key, &fault.picks(), place, trigger, role, fit, &self.kernel.keys);
        if fault.spares_clients() {
            let client = |node: NodeId| self.services[self.group_of(node)].clients;
            chosen.iter_mut().for_each(|group| group.retain(|&node| !client(node)));
        }
        let mut nodes: Vec<NodeId> = chosen.iter().flatten().copied().collect();
        let named = fault.picks().iter().copied().flatten().all(|pick| matches!(pick, Pick::Node(_)));
        let shuffled = |mut nodes: Vec<NodeId>| {
            self.rng(index, SHAPE).shuffle(&mut nodes);
            nodes
        };
        match fault {
            Fault::Halves(_) => {
                let mut first = shuffled(nodes);
                let second = first.split_off(first.len() / 2);
                vec![first, second]
            }
            // The last one of the shuffled nodes is the bridge.
            Fault::Bridge(_) => {
                nodes = shuffled(nodes);
                nodes.pop();
                let second = nodes.split_off(nodes.len() / 2);
                vec![nodes, second]
            }
            Fault::MinorityThird(_) => {
                let mut third = shuffled(nodes);
                let rest = third.split_off((third.len().saturating_sub(1) / 3).max(1).min(third.len()));
                vec![third, rest]
            }
            Fault::MajoritiesRing(_) | Fault::Ranks { .. } if !named => vec![shuffled(nodes)],
            _ => chosen,
        }
    }

    /// A random stream of a fault.
    pub(super) fn rng(&self, index: usize, which: u64) -> Rng {
        self.kernel.keys.stream(Purpose::Fault, self.faults.all[index].key, which)
    }

    /// Takes away from what a fault chose as much as it must spare.
    fn spare(&mut self, index: usize, fault: &Fault, chose: &mut [Vec<NodeId>]) {
        let hosts = matches!(fault.area(), Some(Area::Hosts | Area::Clocks | Area::Disks));
        let of_nodes = hosts || matches!(fault, Fault::Isolate(_) | Fault::DegradeNic { .. });
        if self.faults.all[index].report.planned.keep == Keep::Nothing || !of_nodes || fault.momentary() {
            return;
        }
        let mut quorums = self.unharmed();
        let lost = !quorums.values().all(Quorum::holds);
        let mut wiped = BTreeSet::new();
        let mut spared = 0;
        for group in chose {
            group.retain(|&node| {
                // A boot cuts off what follows damage, or does not come to pass: then the node has lost what it holds.
                let rotten = self.groups[self.group_of(node)].rotten(node);
                let loses = matches!(fault, Fault::Wipe(_)) || rotten && fault.kills();
                // When a full disk stops a process, nobody knows what it will hold then.
                let may_lose = rotten && matches!(fault, Fault::DiskFull(_));
                let quorum = quorums.get_mut(&self.group_of(node));
                let hits = !lost
                    && !may_lose
                    && (!loses || self.replicated(node, &wiped))
                    && quorum.is_none_or(|quorum| quorum.spares(node));
                if loses && hits {
                    wiped.insert(node);
                }
                spared += u32::from(!hits);
                hits
            });
        }
        self.kernel.books.effects[index].spared += spared;
    }

    /// Faults of the network. One that must keep a quorum and does not is over at once.
    fn worsen(&mut self, index: usize, fault: &Fault, chose: &[Vec<NodeId>]) {
        let some = |group: &Vec<NodeId>| !group.is_empty();
        let two = matches!(
            fault,
            Fault::Isolate(_) | Fault::MajoritiesRing(_) | Fault::DegradeNic { .. } | Fault::Ranks { .. }
        );
        if chose.iter().filter(|group| some(group)).count() < if two { 1 } else { 2 } {
            return self.end(index);
        }
        let salt = self.faults.all[index].key;
        let network = &mut self.kernel.network;
        match fault {
            Fault::OneWay { .. } => network.split(index, chose, true),
            Fault::Isolate(_) => network.isolate(index, &chose[0]),
            Fault::MajoritiesRing(_) => network.ring(index, &chose[0]),
            Fault::Clog { .. } => network.clog(index, &chose[0], &chose[1]),
            Fault::Lose { messages, .. } => network.lose(index, &chose[0], &chose[1], *messages),
            Fault::Degrade { link, .. } => network.degrade(index, salt, &chose[0], &chose[1], link),
            Fault::DegradeNic { link, .. } => network.degrade_nic(index, salt, &chose[0], link),
            Fault::Ranks { step, .. } => network.rank(index, &chose[0], *step),
            _ => network.split(index, chose, false),
        }
        let nodes: u32 = chose.iter().map(|group| group.len() as u32).sum();
        let keep = self.faults.all[index].report.planned.keep;
        if keep == Keep::Quorum && !self.unharmed().values().all(Quorum::holds) {
            self.kernel.books.effects[index].spared += nodes;
            return self.end(index);
        }
        self.kernel.books.effects[index].nodes += nodes;
    }

    /// Faults of nodes. What another fault of the same kind did already lasts for as long as either does.
    fn hurt(&mut self, index: usize, fault: &Fault, nodes: &[NodeId]) {
        self.faults.all[index].lit = matches!(fault, Fault::ClockStrobe { .. });
        for &node in nodes {
            let group = self.group_of(node);
            let group = &mut self.groups[group];
            let hurt = match fault {
                Fault::Crash(_) | Fault::PowerLoss(_) | Fault::Wipe(_) => {
                    let lost = matches!(fault, Fault::PowerLoss(_));
                    let end = if lost { End::PowerLost } else { End::Killed };
                    let hurt = group.crash(node, index, end, &mut self.kernel);
                    let down = group.role(node) == Role::DOWN;
                    if down && matches!(fault, Fault::Wipe(_)) {
                        self.kernel.books.effects[index].records += group.erase(node);
                    }
                    let holds = |f: &Fault| f.kills() || matches!(f, Fault::DiskFull(_));
                    let held = self.faults.hurting(node, holds).next().is_some();
                    if !hurt && !held && !matches!(fault, Fault::Wipe(_)) {
                        continue;
                    }
                    // A frozen node that is killed is no longer the freeze's.
                    self.release(node, |f| matches!(f, Fault::Pause(_)));
                    hurt || matches!(fault, Fault::Wipe(_))
                }
                Fault::Pause(_) => {
                    let hurt = group.pause(node, index, &mut self.kernel);
                    if !hurt && group.role(node) == Role::DOWN {
                        continue;
                    }
                    hurt
                }
                _ => true,
            };
            if hurt {
                self.hit(index, node);
            }
            self.faults.take_on(index, node);
            // A host whose process is dead already is there to answer for it, until now.
            if matches!(fault, Fault::PowerLoss(_)) && self.power(node, index) {
                self.hit(index, node);
            }
            self.set_clock(index, node, true);
            self.ail(node);
        }
        if self.faults.all[index].hurt.is_empty() {
            return self.end(index);
        }
        if let Fault::ClockStrobe { every, .. } = fault {
            self.kernel.post(self.kernel.now + *every, strobe(index));
        }
    }

    /// Damages synced records of nodes, drawn by the seed. A node that finds damage has nothing any more, or only what
    /// precedes it: so one that must be spared is spared any.
    fn rot(&mut self, index: usize, nodes: &[NodeId], records: u32) {
        let keep = self.faults.all[index].report.planned.keep == Keep::Quorum;
        for &node in nodes {
            if keep && !self.replicated(node, &BTreeSet::new()) {
                self.kernel.books.effects[index].spared += 1;
                continue;
            }
            let service = self.group_of(node);
            let group = &mut self.groups[service];
            let there: u64 = group.records(node).iter().sum();
            let mut rng =
                self.kernel.keys.stream(Purpose::Disk, self.faults.all[index].key, u64::from(node.0));
            let mut done = 0;
            for record in rng.choose(there as usize, records as usize) {
                done += u64::from(group.damage(node, record as u64, index, &self.kernel.keys));
            }
            self.kernel.books.effects[index].records += done;
            self.kernel.books.effects[index].nodes += u32::from(done > 0);
        }
        self.end(index);
    }

    /// Sets the clock of a node off, as a fault in force wants it, or back.
    pub(super) fn set_clock(&mut self, index: usize, node: NodeId, off: bool) {
        let sign = if off { 1 } else { -1 };
        let how = match *self.faults.fault(index) {
            Fault::ClockJump { by, .. } | Fault::ClockStrobe { by, .. } => {
                SetClock::Jump(i64::from(sign) * by.nanoseconds())
            }
            Fault::ClockDrift { by, .. } => {
                SetClock::Steer(i64::from(sign) * (by.clamp(-1.0, 1.0) * 1e9) as i64)
            }
            _ => return,
        };
        let group = self.group_of(node);
        let group = &mut self.groups[group];
        self.kernel.books.effects[index].misled += group.set_clock(node, how, &mut self.kernel).unwrap_or(0);
    }

    /// The next change of a strobe.
    pub(in crate::world) fn strobe(&mut self, index: usize) {
        let Fault::ClockStrobe { every, .. } = *self.faults.fault(index) else { return };
        if !self.kernel.active.contains(&index) {
            return;
        }
        let lit = !self.faults.all[index].lit;
        self.faults.all[index].lit = lit;
        for node in self.faults.all[index].hurt.clone() {
            self.set_clock(index, node, lit);
            self.ail(node);
        }
        self.kernel.post(self.kernel.now + every, strobe(index));
    }

    /// Tells a node what all faults in force do to it.
    pub(super) fn ail(&mut self, node: NodeId) {
        let mut ills = Ills::default();
        for index in self.faults.hurting(node, |_| true).collect::<Vec<_>>() {
            match *self.faults.fault(index) {
                Fault::Slow { factor, .. } => ills.cpu.push((index, factor)),
                Fault::DiskSlow { factor, .. } => ills.disk.push((index, factor)),
                Fault::DiskStall(_) => ills.stalled.push(index),
                Fault::DiskFull(_) => ills.full.push(index),
                Fault::ClockJump { .. } => ills.wrong.push(index),
                Fault::ClockStrobe { .. } if self.faults.all[index].lit => ills.wrong.push(index),
                Fault::ClockDrift { .. } => {
                    ills.wrong.push(index);
                    ills.drifting.push(index);
                }
                _ => {}
            }
        }
        let group = self.group_of(node);
        self.groups[group].ail(node, ills, &mut self.kernel);
    }
}

fn strobe(index: usize) -> Event {
    Event { node: index as u32, slot: 0, round: 0, what: What::Strobe }
}
