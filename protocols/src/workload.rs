//! What clients ask of a service: how operations of a specification are made up.

use core::fmt::Debug;
use core::hash::Hash;
use serde::{Serialize, de::DeserializeOwned};
use sim_core::{prelude::*, sample::Zipf};

/// A specification whose operations can be made up, so that clients can put load on it.
pub trait Workload: Spec {
    /// What a scenario may say about the mix of operations.
    type Mix: Clone + Debug + Default + PartialEq + Serialize + DeserializeOwned + 'static;
    /// What a client remembers of the answers it got.
    type Memory: Clone + Debug + Default + Hash + 'static;
    /// The mix in a phrase, for `sim list`.
    const MIX: &'static str;

    /// Refuses a mix that makes no sense, in words.
    fn check(mix: &Self::Mix) -> Result<(), String>;
    /// Makes up an operation on `key`. `fresh` is a value that no operation of the run has used.
    fn draw(mix: &Self::Mix, key: u64, fresh: u64, memory: &Self::Memory, rng: &mut Rng) -> Self::Op;
    /// Takes note of an answer.
    fn learn(memory: &mut Self::Memory, op: &Self::Op, ret: &Self::Ret);
}

/// Nothing is asked of what serves nothing; scenarios whose clients would are refused.
impl Workload for Never {
    type Mix = ();
    type Memory = ();
    const MIX: &'static str = "nothing: it takes no requests";

    fn check((): &()) -> Result<(), String> {
        Err("it takes no requests".into())
    }
    fn draw((): &(), _: u64, _: u64, (): &(), _: &mut Rng) -> Never {
        unreachable!("nobody calls what takes no requests")
    }
    fn learn((): &mut (), op: &Never, _: &Never) {
        match *op {}
    }
}

/// Which keys operations touch.
#[derive(Clone, Debug, PartialEq)]
pub enum KeyChoice {
    /// All of so many keys alike.
    Uniform(u64),
    /// Key number k of so many with a probability proportional to 1/(k+1)^s.
    Zipf(Zipf),
}

impl KeyChoice {
    pub(crate) fn draw(&self, rng: &mut Rng) -> u64 {
        match self {
            KeyChoice::Uniform(count) => rng.below(*count),
            KeyChoice::Zipf(zipf) => zipf.draw(rng),
        }
    }
}
