//! What a person needs to see why a history is not linearizable.

use super::{
    Budget, Item,
    frontier::{Found, Stuck, explain},
};
use crate::{history::History, spec::Spec, time::Time};
use alloc::{format, string::String, vec::Vec};

/// Why a history is not linearizable. Calls are indices into [`History::calls`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The key whose calls cannot be ordered.
    pub key: u64,
    /// The call whose answer nothing explains, given everything that was answered before it.
    pub call: usize,
    /// When that answer came: until then, and no longer, the history can be explained.
    pub at: Time,
    /// How many calls of the key had been made by then.
    pub prefix: usize,
    /// The calls of the key that overlap that call, or were never answered.
    pub concurrent: Vec<usize>,
    /// What the state may have been just before the answer, each possibility once, at most sixteen.
    pub possible: Vec<Possible>,
    /// How many possibilities there were.
    pub possible_count: usize,
    /// A few calls that cannot be ordered even by themselves, the unexplained one among them, by time of the call. As
    /// few as a bounded search found; removing one more would leave nothing wrong, or something else wrong.
    pub core: Vec<usize>,
    /// All of this as text, a line each.
    pub lines: Vec<String>,
}

/// A state that explains everything so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Possible {
    /// The state, as text.
    pub state: String,
    /// The call that made it, unless it is the initial state.
    pub last: Option<usize>,
}

/// Possible states that a witness lists at most.
const POSSIBLE_MAX: usize = 16;
/// Lines about concurrent calls at most.
const LINES_MAX: usize = 32;

/// Calls that are allowed to happen late, at most: many at once are hard to search.
const LATE_MAX: usize = 300;

/// Explains why `items`, the calls of `key`, cannot be ordered; they must not be, within `budget`.
pub(super) fn witness<S: Spec>(history: &History<S>, key: u64, items: &[Item], budget: Budget) -> Witness {
    let Found::Stuck(stuck) = explain(history, items, budget).found else {
        unreachable!("the same search with no less budget ended in a violation of key {key} before");
    };
    let prefix: Vec<Item> = items.iter().filter(|item| item.called <= stuck.at).copied().collect();
    let called = history.calls[stuck.call as usize].called;
    let concurrent =
        prefix.iter().filter(|item| item.call != stuck.call && item.returned.is_none_or(|at| at >= called));
    let mut witness = Witness {
        key,
        call: stuck.call as usize,
        at: stuck.at,
        prefix: prefix.len(),
        concurrent: concurrent.map(|item| item.call as usize).collect(),
        possible: Vec::new(),
        possible_count: stuck.states.len(),
        core: core(history, prefix, &stuck, budget),
        lines: Vec::new(),
    };
    for (state, last) in stuck.states.iter().take(POSSIBLE_MAX) {
        witness.possible.push(Possible { state: format!("{state:?}"), last: last.map(|call| call as usize) });
    }
    witness.lines = lines(history, &witness);
    witness
}

fn lines<S: Spec>(history: &History<S>, witness: &Witness) -> Vec<String> {
    let line = |index: usize| format!("  {}", history.describe(index));
    let mut lines = Vec::new();
    lines.push(format!("key {}: nothing explains the answer to", witness.key));
    lines.push(line(witness.call));
    lines.push(format!("just before it, at {}, the state could only be", witness.at));
    for possible in &witness.possible {
        lines.push(match possible.last {
            Some(index) => format!("  {}, made by call {index}", possible.state),
            None => format!("  {}, as at the start", possible.state),
        });
    }
    more(&mut lines, witness.possible_count, witness.possible.len());
    if !witness.concurrent.is_empty() {
        lines.push(String::from("these calls overlap it or were never answered"));
        lines.extend(witness.concurrent.iter().rev().take(LINES_MAX).rev().map(|&index| line(index)));
        more(&mut lines, witness.concurrent.len(), LINES_MAX);
    }
    lines.push(String::from("these alone cannot be ordered"));
    lines.extend(witness.core.iter().take(LINES_MAX).map(|&index| line(index)));
    more(&mut lines, witness.core.len(), LINES_MAX);
    lines
}

fn more(lines: &mut Vec<String>, count: usize, shown: usize) {
    if count > shown {
        lines.push(format!("  and {} more", count - shown));
    }
}

/// Makes the violation small, by trying ever smaller groups of calls, oldest first.
///
/// Allowing a call to happen at any time after its request, or never, only adds explanations, and so does leaving out
/// a read: what is still a violation then is the original one. Leaving out a write is not like that: what remains may be
/// wrong only because nobody wrote what was read. So a call is left out only if the unexplained answer still is the
/// first without explanation, and could be explained at some other moment by some of the calls, if that was so before.
fn core<S: Spec>(history: &History<S>, mut items: Vec<Item>, stuck: &Stuck<S>, budget: Budget) -> Vec<usize> {
    for item in items.iter_mut().filter(|item| item.returned.is_some_and(|at| at > stuck.at)) {
        item.returned = None;
    }
    items.retain(|item| item.returned.is_some() || !is_read(history, item));
    let mut effort = Effort { history, call: stuck.call, explicable: true, steps: budget.steps / 4, budget };
    effort.explicable = effort.is_explicable(&items) != Some(false);
    if let Some(fewer) = effort.recent(&items) {
        items = fewer;
    }
    let other = |item: &Item| item.call != stuck.call;
    let other_read = |item: &Item| other(item) && is_read(history, item);
    reduce(&mut items, other_read, |_| None, |less| effort.is_violation(less));
    if items.len() <= LATE_MAX {
        let answered_write = |item: &Item| item.returned.is_some() && !is_read(history, item);
        let late = |item: &Item| Some(Item { returned: None, ..*item });
        reduce(&mut items, answered_write, late, |less| effort.is_violation(less));
    }
    reduce(&mut items, other, |_| None, |less| effort.is_same_violation(less));
    items.sort_unstable_by_key(|item| (item.called, item.call));
    items.iter().map(|item| item.call as usize).collect()
}

fn is_read<S: Spec>(history: &History<S>, item: &Item) -> bool {
    S::is_read(&history.calls[item.call as usize].op)
}

/// What may still be spent on making one violation small. When nothing is left, no attempt succeeds.
struct Effort<'h, S: Spec> {
    history: &'h History<S>,
    /// The unexplained call, and whether it could have been explained at another moment.
    call: u32,
    explicable: bool,
    steps: u64,
    budget: Budget,
}

impl<S: Spec> Effort<'_, S> {
    fn explain(&mut self, items: &[Item]) -> Found<S> {
        // No attempt takes all that is left.
        let search = explain(self.history, items, Budget { steps: self.steps / 4, ..self.budget });
        // Sorting and walking cost something too.
        self.steps -= (search.steps + 16 * items.len() as u64).min(self.steps);
        search.found
    }

    fn is_violation(&mut self, items: &[Item]) -> bool {
        self.steps > 0 && matches!(self.explain(items), Found::Stuck(_))
    }

    fn is_same_violation(&mut self, items: &[Item]) -> bool {
        self.steps > 0
            && matches!(self.explain(items), Found::Stuck(stuck) if stuck.call == self.call)
            && (!self.explicable || self.is_explicable(items) == Some(true))
    }

    /// Whether the answer could be explained at some moment, if not with all of the calls then with some of them;
    /// `None` if that is too hard to say.
    fn is_explicable(&mut self, items: &[Item]) -> Option<bool> {
        let always = |item: &Item| Item { called: Time::ZERO, returned: Some(Time::MAX), ..*item };
        let (call, history) = (self.call, self.history);
        let stretch = |item: &Item| if item.call == call { always(item) } else { *item };
        let all: Vec<Item> = items.iter().map(stretch).collect();
        if matches!(self.explain(&all), Found::Explained) {
            return Some(true);
        }
        if items.len() > LATE_MAX {
            return None;
        }
        let free = |item: &Item| match item.call == call {
            true => Some(always(item)),
            false => (!is_read(history, item)).then_some(Item { returned: None, ..*item }),
        };
        let some: Vec<Item> = items.iter().filter_map(free).collect();
        match self.explain(&some) {
            Found::Explained => Some(true),
            Found::Stuck(_) => Some(false),
            Found::Short(..) => None,
        }
    }

    /// The last few calls, without the reads or with them, if they are the same violation.
    fn recent(&mut self, items: &[Item]) -> Option<Vec<Item>> {
        let mut starts: Vec<Time> = items.iter().map(|item| item.called).collect();
        starts.sort_unstable();
        let counts = core::iter::successors(Some(16), |count| Some(4 * count))
            .take_while(|&count| count < items.len());
        for count in counts {
            let start = starts[items.len() - count];
            let recent = items.iter().filter(|item| item.call == self.call || item.called >= start).copied();
            let with_reads: Vec<Item> = recent.collect();
            let is_write = |item: &&Item| item.call == self.call || !is_read(self.history, item);
            let without: Vec<Item> = with_reads.iter().filter(is_write).copied().collect();
            if self.is_same_violation(&without) {
                return Some(without);
            }
            if self.is_same_violation(&with_reads) {
                return Some(with_reads);
            }
        }
        None
    }
}

/// Replaces groups of the eligible `items`, halving the groups from all to one, while `holds`.
fn reduce(
    items: &mut Vec<Item>,
    eligible: impl Fn(&Item) -> bool,
    replace: impl Fn(&Item) -> Option<Item>,
    mut holds: impl FnMut(&[Item]) -> bool,
) {
    let mut group = items.len();
    while group > 0 {
        let mut skip = 0;
        loop {
            let chosen: Vec<u32> = items
                .iter()
                .filter(|item| eligible(item))
                .skip(skip)
                .take(group)
                .map(|item| item.call)
                .collect();
            if chosen.is_empty() {
                break;
            }
            let change = |item: &Item| match chosen.binary_search(&item.call) {
                Ok(_) => replace(item),
                Err(_) => Some(*item),
            };
            let less: Vec<Item> = items.iter().filter_map(change).collect();
            if holds(&less) {
                *items = less;
            } else {
                skip += chosen.len();
            }
        }
        group /= 2;
    }
}
