//! Specifications: what a service promises, as a sequential object.

use crate::protocol::{Never, NodeId};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::String,
    vec::Vec,
};
use core::{fmt::Debug, hash::Hash};

/// A deterministic sequential object: what a service promises, what Raft replicates, what the checker replays.
///
/// The type itself is never built (an empty enum will do): it only names the operations, their results and the state.
/// The derivable bounds are there so that types that mention it can derive theirs. What was asked and answered is read by
/// more than one thread once a run is over.
pub trait Spec: Clone + Debug + Eq + Hash + Sized + 'static {
    /// What a client may ask.
    type Op: Message + Eq + Send + Sync;
    /// What it gets back.
    type Ret: Message + Eq + Send + Sync;
    /// What the operations act on; `default()` is the state before the first operation. It has a size, for it is sent to
    /// whoever has fallen behind.
    type State: Message + Default + Eq;

    /// Carries out `op` and says what it returned. Total and deterministic: no error, no clock, no randomness.
    fn apply(state: &mut Self::State, op: &Self::Op) -> Self::Ret;
    /// The part of the state that `op` touches: operations on different keys never affect one another, so each key
    /// is checked alone. Return the same key for all where the state cannot be divided.
    fn key(op: &Self::Op) -> u64;
    /// Whether `op` leaves every state as it is.
    fn is_read(op: &Self::Op) -> bool;
    /// The kind of `op` in a word, for reports: "get", "put".
    fn kind(op: &Self::Op) -> &'static str;

    /// Whether some operations read and write a register, one under each key, so that [`crate::check::register`] can
    /// judge them. What says so here overrides [`Spec::access`] too.
    const REGISTERS: bool = false;
    /// What `op` did to the register under its key, if it returned `ret`, or may have done if it was not answered;
    /// `None` if it is no operation on a register.
    ///
    /// 1. What it read is what the register held before it wrote.
    /// 2. Calls that write the same value to the same key are one write, made again: operations write values of their own.
    /// 3. Nothing else changes a register, and none is emptied.
    fn access(op: &Self::Op, ret: Option<&Self::Ret>) -> Option<Access> {
        let _ = (op, ret);
        None
    }

    /// Whether some operations update counters or sets, one counter or one element under each key, so that
    /// [`crate::check::merged`] can judge them. What says so here overrides [`Spec::merge`] too.
    const MERGES: bool = false;
    /// What `op` did to the counter or the element under its key, if it returned `ret`, or may have done if it was not answered;
    /// `None` if it is no operation on one, or a read that was not answered. Updates that are called again count again.
    fn merge(op: &Self::Op, ret: Option<&Self::Ret>) -> Option<Merge> {
        let _ = (op, ret);
        None
    }
}

/// What a call did to a counter or to an element of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Merge {
    /// It counted by so much.
    Count(i64),
    /// It was told what the counter shows.
    Counted(i64),
    /// It added the element.
    Add,
    /// It removed the element.
    Remove,
    /// It was told whether the element is there.
    Contains(bool),
}

/// What a call did to a register.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Access {
    /// What it found there: `Some(None)` if nothing was ever written, `None` if the call does not tell.
    pub read: Option<Option<u64>>,
    /// What it wrote; without an answer, what it may have written.
    pub written: Option<u64>,
}

/// A value that travels: it has a size on the wire.
pub trait Message: Clone + Debug + Hash + 'static {
    /// Size in bytes as a real encoding would have it, without the headers below the service.
    fn bytes(&self) -> u64;
}

/// What a service answers. A refusal is definite: the operation did not and will not happen. Silence is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer<R> {
    /// It happened, and this is what it returned.
    Ok(R),
    /// It did not happen and never will; try again later or elsewhere.
    Refused,
    /// It did not happen here; that node may know better.
    Redirect(NodeId),
}

impl Spec for Never {
    type Op = Never;
    type Ret = Never;
    type State = ();
    fn apply(_: &mut (), op: &Never) -> Never {
        match *op {}
    }
    fn key(op: &Never) -> u64 {
        match *op {}
    }
    fn is_read(op: &Never) -> bool {
        match *op {}
    }
    fn kind(op: &Never) -> &'static str {
        match *op {}
    }
}
impl Message for Never {
    fn bytes(&self) -> u64 {
        match *self {}
    }
}
impl Message for u64 {
    fn bytes(&self) -> u64 {
        8
    }
}
impl Message for i64 {
    fn bytes(&self) -> u64 {
        8
    }
}
impl Message for String {
    fn bytes(&self) -> u64 {
        4 + self.len() as u64
    }
}
impl Message for () {
    fn bytes(&self) -> u64 {
        0
    }
}
impl<T: Message> Message for Option<T> {
    fn bytes(&self) -> u64 {
        1 + self.as_ref().map_or(0, Message::bytes)
    }
}
impl<T: Message> Message for Vec<T> {
    fn bytes(&self) -> u64 {
        4 + self.iter().map(Message::bytes).sum::<u64>()
    }
}
impl<T: Message + Ord> Message for BTreeSet<T> {
    fn bytes(&self) -> u64 {
        4 + self.iter().map(Message::bytes).sum::<u64>()
    }
}
impl<K: Message + Ord, V: Message> Message for BTreeMap<K, V> {
    fn bytes(&self) -> u64 {
        4 + self.iter().map(|(key, value)| key.bytes() + value.bytes()).sum::<u64>()
    }
}
