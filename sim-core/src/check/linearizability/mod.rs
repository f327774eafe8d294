//! Is a history linearizable? The checker for every object that has a [`Spec`].
//!
//! **Model.** A history is linearizable when each call can be given one moment between its request and its answer such
//! that the calls, carried out one by one in the order of those moments, return exactly what was recorded (Herlihy and
//! Wing, "Linearizability: a correctness condition for concurrent objects", 1990). A refused call did not happen and
//! is left out. A call without an answer may happen at any moment after its request, or never; if it only reads, it
//! constrains nothing and is left out too. Real-time order is strict: a call made in the very instant in which another
//! returns overlaps it, and a call may take no time at all.
//!
//! **Method.** The problem is NP-complete, so what counts is which histories are cheap. Operations on different keys
//! never affect one another, so a history is linearizable when each key's part is (Herlihy and Wing's locality). Per
//! key the search walks the requests and answers in order of time and keeps the *frontier*: every configuration that
//! explains all answers so far. A call is carried out only when an answer forces it: at the answer to `X`,
//! configurations in which `X` has not happened try all sequences of open calls that end in `X` (Lowe, "Testing for
//! linearizability", 2017: *just-in-time linearization*, a refinement of Wing and Gong 1993). An empty frontier is
//! a violation, and this answer is the first that nothing explains. Four reductions, proved where they are coded in
//! `frontier.rs`, keep the frontier small even with hundreds of unanswered writes.
//!
//! **Cost.** Time is about calls times frontier times open calls, memory depends on frontier and open calls and not on
//! the length of the history. Both are bounded by a [`Budget`] that is counted, not timed: the same history
//! with the same budget has the same verdict on every machine. Out of budget is [`Finding::Unknown`], never a guess.

mod antichain;
mod frontier;
mod states;
mod witness;

use crate::{
    history::{History, Outcome},
    spec::Spec,
    time::Time,
};
use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};
use frontier::{Found, explain};
pub use witness::{Possible, Witness};

/// How much a check may cost, in units that do not depend on the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Calls tried at a configuration, and configurations compared; a hundred million take a second or two. A key may
    /// spend half of what earlier keys left, the last key all of it, so that one hard key does not starve the others.
    pub steps: u64,
    /// Machine words of eight bytes held at once by configurations and remembered transitions. The states themselves
    /// are not counted: no more than one per configuration and open call.
    pub words: u64,
}

/// Two hundred million steps (a few seconds) and 64 Mi words (half a gibibyte).
impl Default for Budget {
    fn default() -> Self {
        Budget { steps: 200_000_000, words: 64 << 20 }
    }
}

/// What was found, and on what it rests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the history is linearizable.
    pub finding: Finding,
    /// How much there was to look at.
    pub counts: Counts,
}

/// Whether a history is linearizable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Every key's calls can be ordered.
    Linearizable,
    /// Some key's calls cannot: the violation that shows first in time.
    Violated(Box<Witness>),
    /// No violation was found, but the budget ended before every key was decided.
    Unknown(Shortage),
}

/// Where a check ran out of budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// The first key that was not decided.
    pub key: u64,
    /// The call, as an index into the history, whose answer was being explained.
    pub call: usize,
    /// What there was too little of.
    pub of: Resource,
}

/// What a [`Budget`] limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// [`Budget::steps`].
    Steps,
    /// [`Budget::words`].
    Words,
}

/// What a verdict rests on. `calls = checked + refused + reads_unanswered`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls in the history.
    pub calls: usize,
    /// Calls that the verdict depends on.
    pub checked: usize,
    /// Of the checked calls, those without an answer: writes that may or may not have happened.
    pub unanswered: usize,
    /// Left out, because they did not happen.
    pub refused: usize,
    /// Left out, because nothing is known of what they read.
    pub reads_unanswered: usize,
    /// Keys with at least one checked call.
    pub keys: usize,
    /// Of these, the keys whose calls cannot be ordered.
    pub keys_violated: usize,
    /// Of these, the keys on which the budget ended.
    pub keys_undecided: usize,
    /// The largest number of calls of one key that could happen at one moment: open, or never answered.
    pub window: usize,
    /// The largest frontier: how many explanations had to be kept at once.
    pub frontier: usize,
    /// Steps taken, without those that made a witness small.
    pub steps: u64,
}

/// Judges `history` against its specification. A call is one request to one server, so a client may have several
/// open; calls need not be sorted.
///
/// ```
/// # use sim_core::{check::linearizability::{Budget, Finding, linearizable}, history::*, protocol::NodeId, spec::Spec};
/// # use sim_core::time::{Time, Units};
/// /// One number, to be set and read: `Some(value)` sets it, `None` reads it.
/// #[derive(Clone, Debug, PartialEq, Eq, Hash)]
/// enum Cell {}
/// impl Spec for Cell {
///     type Op = Number;
///     type Ret = u64;
///     type State = u64;
///     fn apply(state: &mut u64, op: &Number) -> u64 {
///         *state = op.0.unwrap_or(*state);
///         *state
///     }
/// #   fn key(_: &Number) -> u64 { 0 }
/// #   fn is_read(op: &Number) -> bool { op.0.is_none() }
/// #   fn kind(_: &Number) -> &'static str { "number" }
///     // key, is_read and kind as usual
/// }
/// # #[derive(Clone, Debug, PartialEq, Eq, Hash)]
/// # struct Number(Option<u64>);
/// # impl sim_core::spec::Message for Number { fn bytes(&self) -> u64 { 8 } }
/// let call = |op, called, ret, returned| Call::<Cell> {
///     client: NodeId(0), server: NodeId(1), operation: 0, op: Number(op),
///     intended: Time(called), called: Time(called), outcome: Outcome::Ok(ret, Time(returned)),
/// };
/// let mut history = History { calls: vec![call(Some(7), 0, 7, 10), call(None, 20, 7, 30)], ..History::default() };
/// assert_eq!(linearizable(&history, Budget::default()).finding, Finding::Linearizable);
/// history.calls[1].outcome = Outcome::Ok(0, Time(30));
/// assert!(matches!(linearizable(&history, Budget::default()).finding, Finding::Violated(_)));
/// ```
pub fn linearizable<S: Spec>(history: &History<S>, budget: Budget) -> Verdict {
    let mut counts = Counts { calls: history.calls.len(), ..Counts::default() };
    let keys = split(history, &mut counts);
    counts.keys = keys.len();
    let mut violated: Option<(Time, u64, &[Item])> = None;
    let mut shortage = None;
    for (done, (&key, items)) in keys.iter().enumerate() {
        let left = budget.steps.saturating_sub(counts.steps);
        let share = if done + 1 == keys.len() { left } else { left / 2 };
        let search = explain(history, items, Budget { steps: share, ..budget });
        counts.steps += search.steps;
        counts.window = counts.window.max(search.window);
        counts.frontier = counts.frontier.max(search.frontier);
        match search.found {
            Found::Explained => {}
            Found::Stuck(stuck) => {
                counts.keys_violated += 1;
                if violated.is_none_or(|(earliest, ..)| stuck.at < earliest) {
                    violated = Some((stuck.at, key, items));
                }
            }
            Found::Short(of, call) => {
                counts.keys_undecided += 1;
                shortage.get_or_insert(Shortage { key, call: call as usize, of });
            }
        }
    }
    let finding = match (violated, shortage) {
        (Some((_, key, items)), _) => {
            Finding::Violated(Box::new(witness::witness(history, key, items, budget)))
        }
        (None, Some(shortage)) => Finding::Unknown(shortage),
        (None, None) => Finding::Linearizable,
    };
    Verdict { finding, counts }
}

/// A call as the search sees it.
#[derive(Clone, Copy, Debug)]
struct Item {
    /// Its index in the history.
    call: u32,
    called: Time,
    /// When its answer came, which then counts; `None` if it may happen at any time after `called`, or never.
    returned: Option<Time>,
}

/// The calls that matter, by key, each in the order of the history.
fn split<S: Spec>(history: &History<S>, counts: &mut Counts) -> BTreeMap<u64, Vec<Item>> {
    let mut keys: BTreeMap<u64, Vec<Item>> = BTreeMap::new();
    for (index, call) in history.calls.iter().enumerate() {
        let returned = match call.outcome {
            Outcome::Ok(_, at) => {
                assert!(
                    at >= call.called,
                    "call {index} returned at {at}, before it was made at {}",
                    call.called
                );
                Some(at)
            }
            Outcome::Refused(_) => {
                counts.refused += 1;
                continue;
            }
            Outcome::Unknown if S::is_read(&call.op) => {
                counts.reads_unanswered += 1;
                continue;
            }
            Outcome::Unknown => {
                counts.unanswered += 1;
                None
            }
        };
        counts.checked += 1;
        let index = u32::try_from(index).expect("fewer than four thousand million calls");
        keys.entry(S::key(&call.op)).or_default().push(Item { call: index, called: call.called, returned });
    }
    keys
}

#[cfg(test)]
mod tests;
