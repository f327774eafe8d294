//! One input, and what is judged after it.

use super::{Members, Tally};
use crate::{
    kernel::Kernel,
    members::Outbox,
    property::{Ghost, Judgement, Property, View, When},
    protocol::{Ctx, Input, NodeId, Protocol, Role},
    trace::Kind,
};
use alloc::format;
use core::hash::Hash;

impl<P: Protocol> Members<P> {
    /// Gives a node its input.
    #[inline]
    pub(super) fn input(&mut self, index: usize, input: Input<P>, peer: NodeId, kernel: &mut Kernel) {
        let me = NodeId(self.first.0 + index as u32);
        let kind = match &input {
            Input::Deliver(..) => Kind::Deliver,
            Input::Timeout(_) => Kind::Timeout,
            Input::Request(..) => Kind::Request,
            Input::Response(..) => Kind::Response,
        };
        kernel.take(me, kind, peer);
        match &input {
            Input::Deliver(_, msg) => msg.hash(&mut kernel.digest),
            Input::Timeout(timer) => timer.hash(&mut kernel.digest),
            Input::Request(_, op) => op.hash(&mut kernel.digest),
            Input::Response(_, answer) => answer.hash(&mut kernel.digest),
        }
        kernel.trace(me, kind, peer, || match &input {
            Input::Deliver(_, msg) => format!("{msg:?}"),
            Input::Timeout(timer) => format!("{timer:?}"),
            Input::Request(_, op) => format!("{op:?}"),
            Input::Response(_, answer) => format!("{answer:?}"),
        });
        self.within(index, kernel, |state, _, ctx| {
            state.as_mut().expect("inputs reach running processes only").step(input, ctx);
        });
        self.judge(index, kernel);
    }

    /// Runs `act` on a node with all that it may reach.
    #[inline]
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
    #[inline]
    pub(super) fn judge(&mut self, index: usize, kernel: &mut Kernel) {
        let me = NodeId(self.first.0 + index as u32);
        let member = &mut self.members[index];
        let (role, epoch) = member.state.as_ref().map_or((Role::DOWN, 0), |s| (s.role(), s.epoch()));
        let moved = role != member.node.role;
        let changed = moved || epoch != member.node.epoch;
        if changed {
            (member.node.role, member.node.epoch) = (role, epoch);
            if !self.clients {
                kernel.epoch = kernel.epoch.max(epoch);
            }
        }
        if moved {
            kernel.role(me, role, epoch, !self.clients);
        }
        let view = View { first: self.first, nodes: &self.members, now: kernel.now };
        self.ghost.observe(&view, me);
        for (property, tally) in P::PROPERTIES.iter().zip(&mut self.tallies) {
            if property.when == When::RoleChange && !changed || tally.broken > 0 {
                continue;
            }
            judge_one(property, tally, &self.ghost, &view, me, kernel);
        }
    }
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
        Judgement::Broken(found) => {
            tally.broken += 1;
            kernel.violate(node, property.name, found);
        }
    }
}
