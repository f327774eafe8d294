//! Properties: what must always hold, and what should happen at least once so that a green run means something.

use crate::{
    protocol::{NodeId, Protocol},
    time::Time,
};
use alloc::string::String;
use core::hash::Hash;

/// A named claim about a service, judged while it runs.
pub struct Property<P: Protocol> {
    /// In the words of its paper, lower case: "election safety".
    pub name: &'static str,
    /// Must it always hold, or happen once?
    pub kind: Kind,
    /// When it is judged.
    pub when: When,
    /// Judges the node that changed, in view of all and of what the group's ghost remembers.
    pub judge: Judge<P>,
}

impl<P: Protocol> Property<P> {
    /// A claim that must always hold.
    pub const fn always(name: &'static str, when: When, judge: Judge<P>) -> Self {
        Property { name, kind: Kind::Always, when, judge }
    }
    /// Something that should happen at least once.
    pub const fn sometimes(name: &'static str, when: When, judge: Judge<P>) -> Self {
        Property { name, kind: Kind::Sometimes, when, judge }
    }
}

/// How a property is judged.
pub type Judge<P> = fn(ghost: &<P as Protocol>::Ghost, view: &View<'_, P>, changed: NodeId) -> Judgement;

/// History variables of a group: what proofs remember and nodes do not. `()` where there are none.
pub trait Ghost<P: Protocol>: Clone + core::fmt::Debug + Default + Hash + 'static {
    /// Takes note of what an event changed at a node, before the properties are judged. Whether that is news: where it is
    /// not, every property with [`When::News`] would be [`Judgement::Idle`].
    fn observe(&mut self, view: &View<'_, P>, changed: NodeId) -> bool;
}

/// Remembers nothing, so to it everything is news.
impl<P: Protocol> Ghost<P> for () {
    fn observe(&mut self, _: &View<'_, P>, _: NodeId) -> bool {
        true
    }
}

/// The two kinds of claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A violation is a failure of the run.
    Always,
    /// Never reached is worth knowing: what it guards was not exercised.
    Sometimes,
}

/// When a property is judged. None costs a walk over all nodes per event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// After every event, for the node that took it.
    EveryEvent,
    /// After events that are news to the ghost, for the node that took them.
    News,
    /// After events that changed the node's role or epoch.
    RoleChange,
}

/// What a property found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Nothing to judge this time.
    Idle,
    /// Judged, and it holds; for `Sometimes`: it happened.
    Holds,
    /// Of `Sometimes`: it happened so many times at once.
    Times(u64),
    /// Judged, and it is broken: the values that disagree. Nodes are written `node 2`, by their [`NodeId`] and not by their
    /// position in the group: reports put their names there.
    Broken(String),
}

impl Judgement {
    /// Of something that should happen once: whether it did now.
    pub const fn happened(so: bool) -> Judgement {
        if so { Judgement::Holds } else { Judgement::Idle }
    }

    /// Of something that is counted: how often it happened now.
    pub const fn times(count: u64) -> Judgement {
        if count > 0 { Judgement::Times(count) } else { Judgement::Idle }
    }
}

/// The group as its properties see it.
pub struct View<'a, P: Protocol> {
    /// The first node of the group.
    pub first: NodeId,
    /// For each node its process, if one runs, and its disk.
    pub nodes: &'a [crate::node::Member<P>],
    /// The moment.
    pub now: Time,
}

impl<'a, P: Protocol> View<'a, P> {
    /// The process of `node`, if one runs.
    pub fn state(&self, node: NodeId) -> Option<&'a P> {
        self.nodes[(node.0 - self.first.0) as usize].state.as_ref()
    }
    /// The disk of `node`.
    pub fn disk(&self, node: NodeId) -> &'a P::Disk {
        &self.nodes[(node.0 - self.first.0) as usize].disk
    }
    /// The position of `node` in its group, from 0.
    pub fn index(&self, node: NodeId) -> usize {
        (node.0 - self.first.0) as usize
    }
}

/// What became of a property in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PropertyReport {
    /// The service it belongs to, by its position in [`crate::run::Run::services`].
    pub service: usize,
    /// Its name.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// How often it was judged and held (`Always`; until it was broken), or happened (`Sometimes`).
    pub held: u64,
    /// 1 if it was broken and 0 if not: once broken, a property is not judged any more.
    pub broken: u64,
    /// When it first held or happened.
    pub first: Option<Time>,
}
