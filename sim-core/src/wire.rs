//! Calls between services on their way: the one place where a value of one group is read by another. Typed by the
//! specification that both ends were checked to share when the world was built.

use crate::{
    protocol::{NodeId, Ticket},
    slab::Slab,
    spec::{Answer, Spec},
};
use alloc::boxed::Box;
use core::{any::Any, fmt::Debug};

/// Requests and answers of one specification in flight.
#[derive(Clone, Debug)]
pub(crate) struct Wire<S: Spec> {
    pub(crate) requests: Slab<(Ticket, S::Op)>,
    pub(crate) answers: Slab<(NodeId, Ticket, Answer<S::Ret>)>,
}

impl<S: Spec> Default for Wire<S> {
    fn default() -> Self {
        Wire { requests: Slab::default(), answers: Slab::default() }
    }
}

/// A wire of any specification, as the kernel holds it.
pub(crate) trait AnyWire: Debug {
    fn as_any(&mut self) -> &mut dyn Any;
    fn copy(&self) -> Box<dyn AnyWire>;
    /// Requests and answers in flight.
    fn len(&self) -> usize;
    /// Nothing is in flight any more.
    fn clear(&mut self);
}

impl<S: Spec> AnyWire for Wire<S> {
    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
    fn copy(&self) -> Box<dyn AnyWire> {
        Box::new(Wire::clone(self))
    }
    fn len(&self) -> usize {
        self.requests.len() + self.answers.len()
    }
    fn clear(&mut self) {
        self.requests.clear();
        self.answers.clear();
    }
}

impl Clone for Box<dyn AnyWire> {
    fn clone(&self) -> Self {
        (**self).copy()
    }
}

/// The position of a wire in the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WireId(pub(crate) usize);
