//! History variables of Multi-Paxos: what the proofs remember and nodes do not.
//!
//! The ghost reads the journals of acceptors as they grow. A record counts once it is durable, so that a value is chosen when a
//! majority has it on their disks in one ballot; what a replica applied, and that it leads, counts once all that it had written
//! by then is durable, for nothing that follows from it leaves the node before. Each look costs what an event changed.
//!
//! Here is how the ghost keeps up with nodes; `seen.rs` is what it has seen of them, `slots.rs` what follows for each slot.

mod seen;
mod slots;

use super::{Ballot, Command, MultiPaxos, Record, properties::Breach};
use core::hash::Hash;
use seen::{Fact, Glance, Seen};
use sim_core::{digest::Digest, prelude::*};
use slots::Slot;

/// History variables: what the proofs remember and nodes do not.
#[derive(Clone, Debug, Default)]
pub struct Ghost {
    /// By slot: what is known of it, but for slots that are in the snapshots of all.
    slots: BTreeMap<u64, Slot>,
    /// Up to this slot all is in the snapshots of all.
    past: u64,
    /// What the state machine was where snapshots were taken: by slot, its digest.
    prefixes: BTreeMap<u64, u64>,
    /// Who led which ballot.
    leaders: BTreeMap<Ballot, NodeId>,
    /// Each node as it was seen last.
    seen: Vec<Seen>,
    /// What the last event showed.
    pub(super) news: News,
}

/// What the last event showed.
#[derive(Clone, Debug, Default)]
pub(super) struct News {
    pub(super) breaches: Vec<Breach>,
    pub(super) led: bool,
    pub(super) accepted: bool,
    pub(super) chosen: bool,
    pub(super) applied: bool,
    pub(super) leader_changed: bool,
    pub(super) gap_filled: bool,
    pub(super) finished: bool,
    pub(super) out_of_order: bool,
    pub(super) installed: bool,
    pub(super) shortened: bool,
}

/// What is remembered; what the last event showed is not.
impl Hash for Ghost {
    fn hash<H: core::hash::Hasher>(&self, hasher: &mut H) {
        let Ghost { slots, past, prefixes, leaders, seen, news: _ } = self;
        (slots, past, prefixes, leaders, seen).hash(hasher);
    }
}

fn digest(value: &impl Hash) -> u64 {
    let mut digest = Digest::new();
    value.hash(&mut digest);
    digest.finish()
}

impl<S: Spec> sim_core::property::Ghost<MultiPaxos<S>> for Ghost {
    /// News is what grows a journal or the durable part of it, what is applied, and who leads.
    fn observe(&mut self, view: &View<'_, MultiPaxos<S>>, node: NodeId) -> bool {
        self.seen.resize(view.nodes.len(), Seen::default());
        let now = Glance::at(view, node);
        let before = core::mem::replace(&mut self.seen[view.index(node)].glance, now);
        if before == now {
            return false;
        }
        self.news = News::default();
        self.reads(view, node, before, now);
        if let Some(ballot) = now.leads.filter(|_| now.leads != before.leads) {
            self.seen[view.index(node)].led.push_back((now.records, ballot));
        }
        if now.prefix > before.prefix {
            self.shortens(view, node, before, now);
        }
        self.settles(view, node);
        if view.state(node).is_none() {
            // What was not durable did not happen.
            let seen = &mut self.seen[view.index(node)];
            seen.applied.clear();
            seen.led.clear();
        }
        true
    }
}

impl Ghost {
    /// What a node wrote and applied since it was seen last.
    fn reads<S: Spec>(&mut self, view: &View<'_, MultiPaxos<S>>, node: NodeId, before: Glance, now: Glance) {
        let (journal, seen) = (view.disk(node), &mut self.seen[view.index(node)]);
        // After a crash what is left on the disk is durable, and nobody heard of the rest.
        seen.written.retain(|(records, _)| *records <= now.records);
        let Some(state) = view.state(node) else { return };
        for index in before.records.max(journal.start())..now.records {
            let fact = match &journal[index - journal.start()] {
                Record::Promised(ballot) => Fact::Promised(*ballot),
                Record::Chosen(_) => continue,
                Record::Accepted(slot, (ballot, command)) => {
                    let value = digest(command);
                    if ballot.proposer as usize == view.index(node) {
                        let proposed = &mut self.slots.entry(*slot).or_default().proposed;
                        // An old no-op that is proposed again fills nothing.
                        self.news.gap_filled |= *command == Command::Noop && !proposed.contains_key(&value);
                        proposed.entry(value).or_insert(*ballot);
                    }
                    Fact::Accepted(*slot, *ballot, value)
                }
            };
            seen.written.push_back((index + 1, fact));
        }
        for slot in before.chosen.max(now.prefix) + 1..=now.chosen {
            let value = state.acceptor.accepted.get(&slot).map(|(_, command)| digest(command));
            seen.applied.push_back((now.records, slot, value));
        }
    }

    /// A ballot is led by one node, and once: a second life may not take it up again.
    fn leads(&mut self, node: NodeId, ballot: Ballot) {
        self.news.led = true;
        self.news.leader_changed |=
            self.leaders.range(..ballot).next_back().is_some_and(|(_, &last)| last != node);
        if let Some(&first) = self.leaders.get(&ballot) {
            self.news.breaches.push(Breach::SecondLeader(ballot, first));
        }
        self.leaders.insert(ballot, node);
    }

    /// A node has a new snapshot: its own, or another's.
    fn shortens<S: Spec>(
        &mut self,
        view: &View<'_, MultiPaxos<S>>,
        node: NodeId,
        before: Glance,
        now: Glance,
    ) {
        self.news.shortened = true;
        self.news.installed = now.prefix > before.chosen && view.state(node).is_some();
        let machine = digest(&view.disk(node).snapshot().state.prefix.machine);
        if *self.prefixes.entry(now.prefix).or_insert(machine) != machine {
            self.news.breaches.push(Breach::OtherPrefix(now.prefix));
        }
        let past = self.seen.iter().map(|seen| seen.glance.prefix).min().unwrap_or(0);
        if past > self.past {
            self.past = past;
            self.slots = self.slots.split_off(&(past + 1));
            self.prefixes = self.prefixes.split_off(&past);
        }
    }

    /// What is durable by now counts. Disks finish between the inputs of their nodes: where a node applied what is not known
    /// to be chosen, those of the others are looked at first.
    fn settles<S: Spec>(&mut self, view: &View<'_, MultiPaxos<S>>, node: NodeId) {
        let durable = view.disk(node).durable();
        self.settle(view, node);
        while let Some(&(records, ballot)) = self.seen[view.index(node)].led.front()
            && records <= durable
        {
            self.seen[view.index(node)].led.pop_front();
            self.leads(node, ballot);
        }
        while let Some(&(records, slot, value)) = self.seen[view.index(node)].applied.front()
            && records <= durable
        {
            self.seen[view.index(node)].applied.pop_front();
            if slot <= self.past {
                continue;
            }
            if self.slots.get(&slot).is_none_or(|slot| slot.chosen.is_none()) {
                (0..view.nodes.len() as u32)
                    .for_each(|index| self.settle(view, NodeId(view.first.0 + index)));
            }
            self.applied(slot, value);
        }
    }

    /// Takes note of what a node wrote and is durable.
    fn settle<S: Spec>(&mut self, view: &View<'_, MultiPaxos<S>>, node: NodeId) {
        let (durable, majority) = (view.disk(node).durable(), view.nodes.len() / 2 + 1);
        let place = view.index(node);
        while let Some(&(records, fact)) = self.seen[place].written.front()
            && records <= durable
        {
            self.seen[place].written.pop_front();
            let promised = &mut self.seen[place].promised;
            let before = *promised;
            match fact {
                Fact::Promised(ballot) => *promised = before.max(ballot),
                Fact::Accepted(slot, ballot, value) => {
                    *promised = before.max(ballot);
                    if ballot < before {
                        self.news.breaches.push(Breach::BelowPromise(slot, ballot, before));
                    }
                    if slot > self.past {
                        self.accepted(slot, ballot, value, node, majority);
                    }
                }
            }
        }
    }
}
