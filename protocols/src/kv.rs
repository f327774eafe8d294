//! A map from keys to values, with compare-and-set: what most services here serve, and what their clients ask.

use crate::workload::{Shares, Workload};
use serde::{Deserialize, Serialize};
use sim_core::{prelude::*, spec::Access};

/// The specification.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Kv {}

/// What a client may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// Reads a key.
    Get(u64),
    /// Writes a value to a key.
    Put(u64, u64),
    /// Writes the second value to a key if it holds the first.
    Cas(u64, u64, u64),
}

/// What it gets back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ret {
    /// What the key holds, if it was ever written.
    Value(Option<u64>),
    /// Written.
    Done,
    /// Whether the key held what was expected, and so was written.
    Swapped(bool),
}

impl Spec for Kv {
    type Op = Op;
    type Ret = Ret;
    type State = BTreeMap<u64, u64>;

    fn apply(map: &mut Self::State, op: &Op) -> Ret {
        match *op {
            Op::Get(key) => Ret::Value(map.get(&key).copied()),
            Op::Put(key, value) => {
                map.insert(key, value);
                Ret::Done
            }
            Op::Cas(key, expected, value) => {
                let hit = map.get(&key) == Some(&expected);
                if hit {
                    map.insert(key, value);
                }
                Ret::Swapped(hit)
            }
        }
    }

    fn key(op: &Op) -> u64 {
        match *op {
            Op::Get(key) | Op::Put(key, _) | Op::Cas(key, ..) => key,
        }
    }

    fn is_read(op: &Op) -> bool {
        match op {
            Op::Get(_) => true,
            Op::Put(..) | Op::Cas(..) => false,
        }
    }

    fn kind(op: &Op) -> &'static str {
        match op {
            Op::Get(_) => "get",
            Op::Put(..) => "put",
            Op::Cas(..) => "cas",
        }
    }

    const REGISTERS: bool = true;

    /// A compare-and-set that hit has read what it expected, and one that missed found anything else.
    fn access(op: &Op, ret: Option<&Ret>) -> Option<Access> {
        let (read, written) = match (*op, ret) {
            (Op::Get(_), Some(Ret::Value(found))) => (Some(*found), None),
            (Op::Get(_), Some(Ret::Done | Ret::Swapped(_)) | None) => (None, None),
            (Op::Put(_, value), _) => (None, Some(value)),
            (Op::Cas(_, expected, value), Some(Ret::Swapped(true))) => (Some(Some(expected)), Some(value)),
            (Op::Cas(_, _, value), None) => (None, Some(value)),
            (Op::Cas(..), Some(Ret::Value(_) | Ret::Done | Ret::Swapped(false))) => (None, None),
        };
        Some(Access { read, written })
    }
}

impl Message for Op {
    fn bytes(&self) -> u64 {
        match self {
            Op::Get(_) => 9,
            Op::Put(..) => 17,
            Op::Cas(..) => 25,
        }
    }
}

impl Message for Ret {
    fn bytes(&self) -> u64 {
        match self {
            Ret::Value(_) => 9,
            Ret::Done => 1,
            Ret::Swapped(_) => 2,
        }
    }
}

/// Shares of the kinds of operation; they need not add up to 1. A kind that a mix does not name has none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mix {
    /// Reads.
    #[serde(default)]
    pub get: f64,
    /// Blind writes of a value never written before.
    #[serde(default)]
    pub put: f64,
    /// Compare-and-set from the value this client saw last on that key to one never written before.
    #[serde(default)]
    pub cas: f64,
}

impl Default for Mix {
    fn default() -> Mix {
        Mix { get: 0.5, put: 0.5, cas: 0.0 }
    }
}

impl Mix {
    fn shares(&self) -> Shares<3> {
        Shares([("get", self.get), ("put", self.put), ("cas", self.cas)])
    }
}

impl Workload for Kv {
    type Mix = Mix;
    /// The value this client saw last, by key.
    type Memory = BTreeMap<u64, u64>;
    const MIX: &'static str = "get, put and cas: a share each";

    fn check(mix: &Mix) -> Result<(), String> {
        mix.shares().check("operation")
    }

    fn draw(mix: &Mix, key: u64, fresh: u64, memory: &Self::Memory, rng: &mut Rng) -> Op {
        match mix.shares().draw(rng) {
            "get" => Op::Get(key),
            "put" => Op::Put(key, fresh),
            _ => Op::Cas(key, memory.get(&key).copied().unwrap_or(0), fresh),
        }
    }

    fn learn(memory: &mut Self::Memory, op: &Op, ret: &Ret) {
        match (*op, *ret) {
            (Op::Get(key), Ret::Value(Some(value)))
            | (Op::Put(key, value), Ret::Done)
            | (Op::Cas(key, _, value), Ret::Swapped(true)) => {
                memory.insert(key, value);
            }
            (Op::Get(_) | Op::Put(..) | Op::Cas(..), Ret::Value(_) | Ret::Done | Ret::Swapped(_)) => {}
        }
    }
}
