//! Counters, sets and registers: a service whose updates can be merged, and what clients ask of it.

use crate::workload::{Shares, Workload};
use serde::{Deserialize, Serialize};
use sim_core::{
    prelude::*,
    spec::{Access, Merge},
};

/// The specification: under each key a counter, a set of a few elements, and a register.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Objects {}

/// Elements are numbered from 0; there are so many.
pub const ELEMENTS: u8 = 8;

/// What a client may ask. Elements are numbers modulo [`ELEMENTS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// Counts up.
    Increment(u64),
    /// Counts down.
    Decrement(u64),
    /// Reads the counter.
    Count(u64),
    /// Adds an element to the set.
    Add(u64, u8),
    /// Removes an element from the set.
    Remove(u64, u8),
    /// Asks whether an element is in the set.
    Contains(u64, u8),
    /// Writes the register.
    Assign(u64, u64),
    /// Reads the register.
    Value(u64),
}

impl Op {
    /// The key of the objects that it is about.
    pub fn object(self) -> u64 {
        match self {
            Op::Increment(key)
            | Op::Decrement(key)
            | Op::Count(key)
            | Op::Assign(key, _)
            | Op::Value(key) => key,
            Op::Add(key, _) | Op::Remove(key, _) | Op::Contains(key, _) => key,
        }
    }
}

/// What it gets back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ret {
    /// Updated.
    Done,
    /// What the counter shows.
    Count(i64),
    /// Whether the element is there.
    Contains(bool),
    /// What the register holds, if it was ever written.
    Value(Option<u64>),
}

/// One key of the sequential object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Plain {
    count: i64,
    elements: BTreeSet<u8>,
    value: Option<u64>,
}

impl Message for Plain {
    fn bytes(&self) -> u64 {
        8 + self.elements.len() as u64 + self.value.bytes()
    }
}

impl Spec for Objects {
    type Op = Op;
    type Ret = Ret;
    type State = BTreeMap<u64, Plain>;

    fn apply(objects: &mut Self::State, op: &Op) -> Ret {
        let key = op.object();
        // Reading leaves no trace.
        let mut nothing = Plain::default();
        let object = match Self::is_read(op) {
            true => objects.get_mut(&key).unwrap_or(&mut nothing),
            false => objects.entry(key).or_default(),
        };
        match *op {
            Op::Increment(_) => object.count += 1,
            Op::Decrement(_) => object.count -= 1,
            Op::Add(_, element) => drop(object.elements.insert(element % ELEMENTS)),
            Op::Remove(_, element) => drop(object.elements.remove(&(element % ELEMENTS))),
            Op::Assign(_, value) => object.value = Some(value),
            Op::Count(_) => return Ret::Count(object.count),
            Op::Contains(_, element) => {
                return Ret::Contains(object.elements.contains(&(element % ELEMENTS)));
            }
            Op::Value(_) => return Ret::Value(object.value),
        }
        Ret::Done
    }

    /// A counter, a register and each element of a set have nothing to do with one another.
    fn key(op: &Op) -> u64 {
        let part = match *op {
            Op::Increment(_) | Op::Decrement(_) | Op::Count(_) => 0,
            Op::Assign(..) | Op::Value(_) => 1,
            Op::Add(_, element) | Op::Remove(_, element) | Op::Contains(_, element) => {
                2 + u64::from(element % ELEMENTS)
            }
        };
        op.object() * 16 + part
    }

    fn is_read(op: &Op) -> bool {
        match op {
            Op::Count(_) | Op::Contains(..) | Op::Value(_) => true,
            Op::Increment(_) | Op::Decrement(_) | Op::Add(..) | Op::Remove(..) | Op::Assign(..) => false,
        }
    }

    fn kind(op: &Op) -> &'static str {
        match op {
            Op::Increment(_) => "increment",
            Op::Decrement(_) => "decrement",
            Op::Count(_) => "count",
            Op::Add(..) => "add",
            Op::Remove(..) => "remove",
            Op::Contains(..) => "contains",
            Op::Assign(..) => "assign",
            Op::Value(_) => "value",
        }
    }

    const REGISTERS: bool = true;

    /// Counters and sets are no registers: many of their updates lead to the same state.
    fn access(op: &Op, ret: Option<&Ret>) -> Option<Access> {
        match (*op, ret) {
            (Op::Assign(_, value), _) => Some(Access { read: None, written: Some(value) }),
            (Op::Value(_), Some(Ret::Value(found))) => Some(Access { read: Some(*found), written: None }),
            (Op::Value(_), Some(Ret::Done | Ret::Count(_) | Ret::Contains(_)) | None) => {
                Some(Access::default())
            }
            (
                Op::Increment(_)
                | Op::Decrement(_)
                | Op::Count(_)
                | Op::Add(..)
                | Op::Remove(..)
                | Op::Contains(..),
                _,
            ) => None,
        }
    }

    const MERGES: bool = true;

    fn merge(op: &Op, ret: Option<&Ret>) -> Option<Merge> {
        match (*op, ret) {
            (Op::Increment(_), _) => Some(Merge::Count(1)),
            (Op::Decrement(_), _) => Some(Merge::Count(-1)),
            (Op::Count(_), Some(Ret::Count(count))) => Some(Merge::Counted(*count)),
            (Op::Add(..), _) => Some(Merge::Add),
            (Op::Remove(..), _) => Some(Merge::Remove),
            (Op::Contains(..), Some(Ret::Contains(there))) => Some(Merge::Contains(*there)),
            (Op::Count(_) | Op::Contains(..) | Op::Assign(..) | Op::Value(_), _) => None,
        }
    }
}

impl Message for Op {
    fn bytes(&self) -> u64 {
        match self {
            Op::Increment(_) | Op::Decrement(_) | Op::Count(_) | Op::Value(_) => 9,
            Op::Add(..) | Op::Remove(..) | Op::Contains(..) => 10,
            Op::Assign(..) => 17,
        }
    }
}

impl Message for Ret {
    fn bytes(&self) -> u64 {
        match self {
            Ret::Done => 1,
            Ret::Contains(_) => 2,
            Ret::Count(_) | Ret::Value(_) => 9,
        }
    }
}

/// Shares of the three kinds of object; they need not add up to 1. A kind that a mix does not name has none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mix {
    /// Counters: of their updates four in five are increments.
    #[serde(default)]
    pub counters: f64,
    /// Sets: of their updates two in three are additions.
    #[serde(default)]
    pub sets: f64,
    /// Registers: values never written before.
    #[serde(default)]
    pub registers: f64,
    /// The share of reads in what is asked of each: 0 to 1, and 0.5 if it is not named.
    #[serde(default = "half")]
    pub reads: f64,
}

fn half() -> f64 {
    0.5
}

impl Default for Mix {
    fn default() -> Mix {
        Mix { counters: 1.0, sets: 1.0, registers: 1.0, reads: half() }
    }
}

impl Mix {
    fn shares(&self) -> Shares<3> {
        Shares([("counters", self.counters), ("sets", self.sets), ("registers", self.registers)])
    }
}

impl Workload for Objects {
    type Mix = Mix;
    type Memory = ();
    const MIX: &'static str =
        "counters, sets and registers: a share each; reads: the share of reads among these";

    fn check(mix: &Mix) -> Result<(), String> {
        mix.shares().check("object")?;
        if !(0.0..=1.0).contains(&mix.reads) {
            return Err(format!("the share of reads is {}; 0 to 1 would do", mix.reads));
        }
        Ok(())
    }

    fn draw(mix: &Mix, key: u64, fresh: u64, (): &(), rng: &mut Rng) -> Op {
        let kind = mix.shares().draw(rng);
        let (read, which) = (rng.unit() < mix.reads, rng.unit());
        let element = rng.below(u64::from(ELEMENTS)) as u8;
        if kind == "counters" {
            match (read, which < 0.8) {
                (true, _) => Op::Count(key),
                (false, true) => Op::Increment(key),
                (false, false) => Op::Decrement(key),
            }
        } else if kind == "sets" {
            match (read, which < 2.0 / 3.0) {
                (true, _) => Op::Contains(key, element),
                (false, true) => Op::Add(key, element),
                (false, false) => Op::Remove(key, element),
            }
        } else if read {
            Op::Value(key)
        } else {
            Op::Assign(key, fresh)
        }
    }

    fn learn((): &mut (), _: &Op, _: &Ret) {}
}
