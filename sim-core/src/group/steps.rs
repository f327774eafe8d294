//! One input, and what is judged after it.

use super::{Members, Tally};
use crate::{
    kernel::Kernel,
    node::{DOWN, Member},
    outbox::Outbox,
    property::{Ghost, Judgement, Property, View, When},
    protocol::{Ctx, Input, NodeId, Protocol, Role},
    time::Time,
    trace::{Kind, Taken, Tracer},
};
use alloc::vec::Vec;
use core::{fmt::Debug, hash::Hash};

impl<P: Protocol> Members<P> {
    /// Gives a node its input, which says `content` and comes from `peer`, or was `set` under this sequence number. The
    /// content is taken in before there is an input: one that is looked at and then moved costs twice as much.
    #[inline(always)]
    pub(super) fn input<T: Hash + Debug>(
        &mut self,
        index: usize,
        (kind, peer, set): (Kind, NodeId, u64),
        content: T,
        input: impl FnOnce(T) -> Input<P>,
        kernel: &mut Kernel,
    ) {
        let me = NodeId(self.first.0 + index as u32);
        kernel.take(me, kind, peer);
        content.hash(&mut kernel.digest);
        if kernel.trace.is_some() {
            self.write_down(index, Taken { node: me, kind, peer, set }, &content, kernel);
        }
        self.within(index, kernel, |state, _, ctx| {
            state.as_mut().expect("inputs reach running processes only").step(input(content), ctx);
        });
        self.judge(index, kernel);
    }

    #[inline(always)]
    pub(super) fn deliver(&mut self, index: usize, from: NodeId, msg: P::Msg, kernel: &mut Kernel) {
        self.input(index, (Kind::Deliver, from, 0), msg, |msg| Input::Deliver(from, msg), kernel);
    }

    #[inline(always)]
    pub(super) fn timeout(&mut self, index: usize, (timer, set): (P::Timer, u64), kernel: &mut Kernel) {
        self.input(index, (Kind::Timeout, NodeId::NONE, set), timer, Input::Timeout, kernel);
    }

    /// The trace takes in an input that a node is about to take, and what the node's last one led to.
    #[cold]
    #[inline(never)]
    pub(super) fn write_down(&self, index: usize, taken: Taken, content: &dyn Debug, kernel: &mut Kernel) {
        let event = (kernel.events, kernel.now, kernel.seq);
        let Some(tracer) = &mut kernel.trace else { return };
        if tracer.curious(taken.node, kernel.now, kernel.events) {
            self.show_to(tracer, index, kernel.now);
        }
        tracer.take(taken, event, content);
    }

    /// A node shows its state.
    pub(super) fn show_to(&self, tracer: &mut Tracer, index: usize, now: Time) {
        let node = NodeId(self.first.0 + index as u32);
        let state = self.members[index].state.as_ref();
        let standing = state.map_or((Role::DOWN, 0), |state| (state.role(), state.epoch()));
        tracer.look(node, now, standing, state.map_or_else(Vec::new, Protocol::show));
    }

    /// Runs `act` on a node with all that it may reach.
    #[inline(always)]
    pub(super) fn within(
        &mut self,
        index: usize,
        kernel: &mut Kernel,
        act: impl FnOnce(&mut Option<P>, &P::Config, &mut Ctx<'_, P>),
    ) {
        let me = NodeId(self.first.0 + index as u32);
        let count = self.members.len() as u32;
        let member = &mut self.members[index];
        let mut ctx = Ctx {
            me,
            disk: &mut member.disk,
            rng: &mut member.rng,
            first: self.first,
            count,
            out: Outbox { me, node: &mut member.node, mail: &mut self.mail, spent: crate::time::Span::ZERO },
            kernel,
        };
        act(&mut member.state, &self.config, &mut ctx);
    }

    /// Notes a change of role and judges the properties that ask to be.
    #[inline(always)]
    pub(super) fn judge(&mut self, index: usize, kernel: &mut Kernel) {
        let me = NodeId(self.first.0 + index as u32);
        let Member { state, node, .. } = &mut self.members[index];
        let (role, epoch) = match state {
            Some(state) => (place::<P>(state.role(), node.role), state.epoch()),
            None => (DOWN, 0),
        };
        let changed = role != node.role || epoch != node.epoch;
        if changed {
            self.change(index, role, epoch, kernel);
        }
        if !P::PROPERTIES.is_empty() {
            self.judge_due(me, changed, kernel);
        }
    }

    /// A node took another role, or came to another epoch.
    #[cold]
    #[inline(never)]
    fn change(&mut self, index: usize, role: u32, epoch: u64, kernel: &mut Kernel) {
        let me = NodeId(self.first.0 + index as u32);
        let node = &mut self.members[index].node;
        let moved = role != node.role;
        (node.role, node.epoch) = (role, epoch);
        if !self.clients {
            kernel.epoch = kernel.epoch.max(epoch);
        }
        if moved {
            let role = node.role();
            kernel.role(me, role, epoch, !self.clients);
            if !self.clients && role == Role::LEADER && core::mem::replace(&mut self.led, true) {
                kernel.leader_changed();
            }
        }
    }

    /// Judges the properties whose time has come. Out of line: this and what is inlined here would be in memory as often as
    /// there are ways to take an input.
    #[inline(never)]
    fn judge_due(&mut self, me: NodeId, changed: bool, kernel: &mut Kernel) {
        let view = View { first: self.first, nodes: &self.members, now: kernel.now };
        let news = self.ghost.observe(&view, me);
        if !(changed || news || Self::EVERY_EVENT) {
            return;
        }
        for (property, tally) in P::PROPERTIES.iter().zip(&mut self.tallies) {
            let due = match property.when {
                When::EveryEvent => true,
                When::News => news,
                When::RoleChange => changed,
            };
            if due && tally.broken == 0 {
                judge_one(property, tally, &self.ghost, &view, me, kernel);
            }
        }
    }

    /// Whether some property is judged whatever happened. If none is, most events are no cause to go through them.
    const EVERY_EVENT: bool = {
        let (mut index, mut found) = (0, false);
        while index < P::PROPERTIES.len() {
            found |= matches!(P::PROPERTIES[index].when, When::EveryEvent);
            index += 1;
        }
        found
    };
}

/// The place of a role among those of the protocol. Nearly always it is where it was `before`.
#[inline]
fn place<P: Protocol>(role: Role, before: u32) -> u32 {
    if P::ROLES.get(before as usize).is_some_and(|before| core::ptr::eq(before.0, role.0)) {
        return before;
    }
    let place = P::ROLES.iter().position(|&listed| listed == role);
    place.unwrap_or_else(|| panic!("the role {:?} is missing in the protocol's ROLES", role.0)) as u32
}

fn judge_one<P: Protocol>(
    property: &Property<P>,
    tally: &mut Tally,
    ghost: &P::Ghost,
    view: &View<'_, P>,
    node: NodeId,
    kernel: &mut Kernel,
) {
    match (property.judge)(ghost, view, node) {
        Judgement::Idle => {}
        Judgement::Holds => {
            tally.held += 1;
            tally.first.get_or_insert(kernel.now);
        }
        Judgement::Times(count) => {
            tally.held += count;
            tally.first.get_or_insert(kernel.now);
        }
        Judgement::Broken(found) => {
            tally.broken += 1;
            kernel.violate(node, property.name, found);
        }
    }
}
