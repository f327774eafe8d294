//! What clients ask of a service: how operations of a specification are made up.

use crate::text::Texts;
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
    /// The texts that operations on so many keys work on, where they work on texts.
    fn texts(_mix: &Self::Mix, _keys: u64) -> Option<Texts> {
        None
    }
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

/// Kinds by name, with the share that a mix gives each; shares need not add up to 1.
pub(crate) struct Shares<const N: usize>(pub(crate) [(&'static str, f64); N]);

impl<const N: usize> Shares<N> {
    /// Refuses shares that nothing can be drawn by; `kind` says of what they are.
    pub(crate) fn check(&self, kind: &str) -> Result<(), String> {
        if let Some((name, share)) = self.0.iter().find(|(_, share)| !share.is_finite() || *share < 0.0) {
            return Err(format!("the share of `{name}` is {share}; a share is 0 or more"));
        }
        if self.sum() <= 0.0 {
            return Err(format!("the mix is empty: give at least one kind of {kind} a share"));
        }
        Ok(())
    }

    /// The name of a kind, each as likely as its share is large.
    pub(crate) fn draw(&self, rng: &mut Rng) -> &'static str {
        let point = rng.unit() * self.sum();
        let mut below = 0.0;
        let drawn = self.0.iter().find(|(_, share)| {
            below += share;
            point < below
        });
        drawn.or(self.0.last()).expect("there are kinds to draw from").0
    }

    fn sum(&self) -> f64 {
        self.0.iter().map(|(_, share)| share).sum()
    }
}
