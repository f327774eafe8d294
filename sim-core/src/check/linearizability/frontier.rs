//! The search: all explanations of the answers so far, carried from one answer to the next.
//!
//! An *explanation* is a state together with, for each open call, whether it has happened. A configuration stands for
//! many: a call in `left` and not in `owed` may be taken to have happened or not, as later answers like it. Without
//! answer to agree with, calls are such from the start, which makes them nothing special. Four reductions; "covers"
//! means: whatever can follow the other can follow this.
//!
//! 1. *More that may happen and less that must covers.* What follows the covered one uses only calls in its `left` and
//!    discharges all of its `owed`, so it is open to the covering one too. For unanswered calls this keeps
//!    the explanations with the fewest of them used, for reads those with the most of them explained. Unanswered calls
//!    that ask for the same are interchangeable, so they are used in the order in which they were made.
//! 2. *A call that at this state returns what it did and changes nothing becomes optional.* It can happen here, or
//!    later: with and without it are both explanations, at the same state. For a read "happened" covers "not yet", so
//!    it simply happened.
//! 3. *A call that the next one hides becomes optional.* Let `W` be open calls of which every selection, in order of
//!    slots, can happen before `X`, and `X` returns and leaves the same after each selection. Then every selection
//!    is an explanation after `X`, at the same state: one configuration instead of 2^|W|. Blind writes are such.
//! 4. *A call is not tried where nothing notices it.* Let `b` lead from state `s` to `t`. If at `t` no owed call becomes
//!    optional by 2, and each call `a` that could be next either cannot happen at `t`, or changes nothing there, or makes
//!    the same of `s` as of `t` and hides all that is owed, then every sequence that starts with `b, a` can start with `a`
//!    alone: the state is the same, `b` is left and not owed, nothing else is owed that would not be otherwise. The
//!    shortest sequences to an explanation never contain such a `b`. They are all tried: the search is breadth first, so
//!    what covers a step of a shortest sequence was reached by one that is no longer, and can follow it to the end.
//!
//! Delaying is safe: take an order of the whole history and cut it before each answer after the answered call. What
//! lies between two cuts are calls that were open at the second answer, in a sequence that ends in its call.

use super::{
    Budget, Item, Resource,
    antichain::{Antichain, Configuration, add, each, has, remove},
    states::{NONE, Slot, States, hash},
};
use crate::{
    history::{History, Outcome},
    spec::Spec,
    time::Time,
};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec,
    vec::Vec,
};

/// How a search ended, and what it took.
pub(super) struct Search<S: Spec> {
    pub(super) found: Found<S>,
    pub(super) steps: u64,
    pub(super) window: usize,
    pub(super) frontier: usize,
}

pub(super) enum Found<S: Spec> {
    /// All answers have an explanation.
    Explained,
    /// This one has none.
    Stuck(Stuck<S>),
    /// The budget ended at the answer to this call.
    Short(Resource, u32),
}

/// The first answer without explanation.
pub(super) struct Stuck<S: Spec> {
    pub(super) call: u32,
    pub(super) at: Time,
    /// The states before it, each with the call that made it.
    pub(super) states: Vec<(S::State, Option<u32>)>,
}

/// Looks for an order of `items` that explains all their answers.
pub(super) fn explain<S: Spec>(history: &History<S>, items: &[Item], budget: Budget) -> Search<S> {
    let mut moments = Vec::with_capacity(2 * items.len());
    for (index, item) in items.iter().enumerate() {
        // Requests before answers: calls that touch in time overlap.
        moments.push((item.called, Moment::Request, index));
        moments.extend(item.returned.map(|at| (at, Moment::Answer, index)));
    }
    moments.sort_unstable();
    let mut walk = Walk::new(history, budget);
    let mut places = vec![0; items.len()];
    let mut frontier = 1;
    for (at, moment, index) in moments {
        let item = &items[index];
        if moment == Moment::Request {
            places[index] = walk.request(item);
            continue;
        }
        let found = match walk.answer(places[index]) {
            Ok(0) => Found::Stuck(walk.stuck(places[index], at)),
            Ok(explanations) => {
                frontier = frontier.max(explanations);
                continue;
            }
            Err(resource) => Found::Short(resource, item.call),
        };
        return Search { found, steps: walk.steps.min(budget.steps), window: walk.window, frontier };
    }
    // What needs no search counts as steps too, and may end a little beyond the budget: it is decided all the same.
    Search { found: Found::Explained, steps: walk.steps.min(budget.steps), window: walk.window, frontier }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    Request,
    Answer,
}

/// Calls are tested for hiding one another only while they make no more states than this.
const SELECTIONS_MAX: usize = 64;
/// With more possible steps than this, it pays to know which are the same everywhere.
const STEPS_MANY: usize = 4;

struct Walk<'h, S: Spec> {
    history: &'h History<S>,
    budget: Budget,
    states: States<S>,
    /// The calls that may happen. A slot is free again when its call was answered.
    slots: Vec<Slot<'h, S>>,
    free: Vec<usize>,
    /// The slots of calls without answer, by hash of what they ask for.
    unanswered: BTreeMap<u64, Vec<usize>>,
    /// What explains all answers so far.
    frontier: Antichain,
    /// While an answer is explained: what was reached from the frontier, in order of the calls it took.
    reached: Antichain,
    /// And what of it explains the answer.
    explained: Antichain,
    /// The node being expanded, and a configuration being made.
    node: Scratch,
    made: Scratch,
    steps: u64,
    window: usize,
}

#[derive(Debug, Default)]
struct Scratch {
    state: u32,
    last: u32,
    left: Vec<u64>,
    owed: Vec<u64>,
}

impl Scratch {
    fn set(&mut self, from: &Configuration<'_>) {
        (self.state, self.last) = (from.state, from.last);
        self.left.clear();
        self.left.extend_from_slice(from.left);
        self.owed.clear();
        self.owed.extend_from_slice(from.owed);
    }
    fn get(&self) -> Configuration<'_> {
        Configuration { state: self.state, last: self.last, left: &self.left, owed: &self.owed }
    }
}

/// A call that may happen at the node being expanded.
struct Step {
    slot: usize,
    /// The state it leads to.
    next: u32,
    /// Whether it hides those that can be hidden, and whether these are all that are owed.
    hides: bool,
    hides_all: bool,
    /// Whether no other step is noticed by it, since it makes the same of all states.
    steady: bool,
}

impl<'h, S: Spec> Walk<'h, S> {
    fn new(history: &'h History<S>, budget: Budget) -> Self {
        let mut states = States::new();
        let state = states.number(S::State::default());
        let mut frontier = Antichain::default();
        frontier.clear(1);
        frontier.push(&Configuration { state, last: NONE, left: &[0], owed: &[0] });
        Walk {
            history,
            budget,
            states,
            slots: Vec::new(),
            free: Vec::new(),
            unanswered: BTreeMap::new(),
            frontier,
            reached: Antichain::default(),
            explained: Antichain::default(),
            node: Scratch::default(),
            made: Scratch::default(),
            steps: 0,
            window: 0,
        }
    }

    /// Words per set of calls.
    fn width(&self) -> usize {
        self.slots.len().div_ceil(64).max(1)
    }

    /// A call was made: it may happen from now on, and must if it has an answer.
    fn request(&mut self, item: &Item) -> usize {
        let call = &self.history.calls[item.call as usize];
        let ret = match &call.outcome {
            Outcome::Ok(ret, _) if item.returned.is_some() => Some(ret),
            Outcome::Ok(..) | Outcome::Refused(_) | Outcome::Unknown => None,
        };
        let read = S::is_read(&call.op);
        let before = if ret.is_none() { self.latest_alike(&call.op) } else { None };
        let new = Slot { call: item.call, op: &call.op, ret, before, tried: 0, constant: true, result: NONE };
        // Unanswered calls never leave; in new slots they stay in the order in which they were made.
        let slot = ret.and_then(|_| self.free.pop()).unwrap_or(self.slots.len());
        if slot == self.slots.len() {
            self.slots.push(new);
            self.states.widen(self.slots.len());
            if self.slots.len() % 64 == 1 {
                self.frontier.widen(self.width());
            }
        } else {
            self.slots[slot] = new;
        }
        self.window = self.window.max(self.slots.len() - self.free.len());
        for index in 0..self.frontier.len() {
            self.steps += 1;
            let state = self.frontier.get(index).state;
            let next = self.states.after(state, slot, &self.slots);
            let (left, owed) = self.frontier.calls_mut(index);
            if !read {
                add(left, slot);
            }
            // Reduction 2.
            if ret.is_some() && next != state {
                add(owed, slot);
            }
        }
        slot
    }

    /// The latest of the calls without answer that ask for the same as one that is about to take the next slot.
    fn latest_alike(&mut self, op: &S::Op) -> Option<usize> {
        let alike = self.unanswered.entry(hash(op)).or_default();
        let before = alike.iter().rev().copied().find(|&slot| *self.slots[slot].op == *op);
        alike.push(self.slots.len());
        before
    }

    /// A call was answered: brings every explanation to where it has happened. Returns how many there are; if none,
    /// the frontier stays as it was.
    fn answer(&mut self, slot: usize) -> Result<usize, Resource> {
        self.renumber();
        let done = |of: &Configuration<'_>| !has(of.left, slot) && !has(of.owed, slot);
        if (0..self.frontier.len()).all(|index| done(&self.frontier.get(index))) {
            self.steps += self.frontier.len() as u64;
            self.free.push(slot);
            return Ok(self.frontier.len());
        }
        self.reached.clear(self.width());
        self.explained.clear(self.width());
        for index in 0..self.frontier.len() {
            let start = self.frontier.get(index);
            if done(&start) {
                self.explained.push(&start);
            } else if !self.reached.covers(&start) {
                self.reached.push(&start);
            }
        }
        let mut node = 0;
        while node < self.reached.len() {
            self.expand(node, slot);
            node += 1;
            self.steps += self.width() as u64;
            self.steps +=
                core::mem::take(&mut self.reached.compared) + core::mem::take(&mut self.explained.compared);
            if let Some(resource) = self.lacks() {
                return Err(resource);
            }
        }
        if self.explained.len() == 0 {
            return Ok(0);
        }
        self.free.push(slot);
        self.frontier.take_best(&mut self.explained);
        self.steps += core::mem::take(&mut self.frontier.compared);
        Ok(self.frontier.len())
    }

    /// What there is too little of to go on. Whatever was found since the last time is then not to be trusted.
    fn lacks(&self) -> Option<Resource> {
        let sets = self.frontier.words() + self.reached.words() + self.explained.words();
        match (self.steps > self.budget.steps, sets + self.states.words() > self.budget.words) {
            (true, _) => Some(Resource::Steps),
            (_, true) => Some(Resource::Words),
            (false, false) => None,
        }
    }

    /// Tries the calls that can happen at a node on the way to `target`.
    fn expand(&mut self, node: usize, target: usize) {
        self.node.set(&self.reached.get(node));
        if !has(&self.node.owed, target) {
            self.made.set(&self.node.get());
            self.keep(target);
            if !has(&self.node.left, target) {
                return;
            }
        }
        let (hidden, mut steps) = self.steps();
        if steps.len() > STEPS_MANY {
            self.mark_steady(&mut steps);
        }
        for step in &steps {
            if self.lacks().is_some() {
                return;
            }
            self.steps += 1;
            let pays = match step.next {
                NONE => false,
                next if next == self.node.state => step.hides && hidden.iter().any(|&slot| slot != step.slot),
                _ => step.slot == target || self.is_noticed(step, &steps),
            };
            if pays {
                self.take(step, &hidden, target);
            }
        }
    }

    /// The calls that may happen at the node and where they lead, and the owed calls that can be hidden by the next.
    fn steps(&mut self) -> (Vec<usize>, Vec<Step>) {
        let (mut hidden, mut selections, mut complete) = (Vec::new(), vec![self.node.state], true);
        for slot in each(&self.node.owed).filter(|&slot| has(&self.node.left, slot)) {
            let after = |&state: &u32| self.states.after(state, slot, &self.slots);
            let reached: Vec<u32> = selections.iter().map(after).collect();
            self.steps += reached.len() as u64;
            if reached.contains(&NONE) || reached.len() > SELECTIONS_MAX {
                complete = false;
                continue;
            }
            hidden.push(slot);
            for state in reached {
                if !selections.contains(&state) {
                    selections.push(state);
                }
            }
        }
        let mut steps = Vec::new();
        for slot in each(&self.node.left) {
            if self.slots[slot].before.is_some_and(|before| has(&self.node.left, before)) {
                continue;
            }
            if self.lacks().is_some() {
                break;
            }
            self.steps += 1;
            let next = self.states.after(self.node.state, slot, &self.slots);
            let hides = selections.iter().all(|&state| self.states.after(state, slot, &self.slots) == next);
            steps.push(Step { slot, next, hides, hides_all: hides && complete, steady: false });
        }
        (hidden, steps)
    }

    /// Whether anything notices that `step` is taken; if not, it need not be (reduction 4).
    fn is_noticed(&mut self, step: &Step, steps: &[Step]) -> bool {
        let then = step.next;
        let mut after = |slot| {
            self.steps += 1;
            self.states.after(then, slot, &self.slots)
        };
        let by_owed = each(&self.node.owed).any(|slot| slot != step.slot && after(slot) == then);
        // Another call that asks for the same could be next.
        let by_twin = self.slots[step.slot].ret.is_none() && after(step.slot) != then;
        let by_next = |next: &Step| {
            let at = after(next.slot);
            at != NONE && at != then && !(at == next.next && next.hides_all)
        };
        by_owed || by_twin || steps.iter().filter(|next| next.slot != step.slot && !next.steady).any(by_next)
    }

    /// Carries out `step` at the node.
    fn take(&mut self, step: &Step, hidden: &[usize], target: usize) {
        self.made.set(&self.node.get());
        (self.made.state, self.made.last) = (step.next, self.slots[step.slot].call);
        remove(&mut self.made.left, step.slot);
        remove(&mut self.made.owed, step.slot);
        if step.hides {
            hidden.iter().for_each(|&slot| remove(&mut self.made.owed, slot));
        }
        // Reduction 2.
        for slot in each(&self.node.owed) {
            if self.states.after(step.next, slot, &self.slots) == step.next {
                remove(&mut self.made.owed, slot);
            }
        }
        if step.slot == target {
            self.keep(target);
        } else if !self.reached.covers(&self.made.get()) {
            self.reached.push(&self.made.get());
        }
    }

    /// Keeps what was made as an explanation in which `target` has happened.
    fn keep(&mut self, target: usize) {
        remove(&mut self.made.left, target);
        remove(&mut self.made.owed, target);
        if !self.explained.covers(&self.made.get()) {
            self.explained.push(&self.made.get());
        }
    }

    /// Finds the steps that make the same of all states met so far, so that none of the others is noticed by them.
    fn mark_steady(&mut self, steps: &mut [Step]) {
        for step in steps {
            let mut slot = &mut self.slots[step.slot];
            while slot.constant && slot.tried < self.states.len() && self.steps <= self.budget.steps {
                let state = slot.tried as u32;
                self.steps += 1;
                let result = self.states.after(state, step.slot, &self.slots);
                slot = &mut self.slots[step.slot];
                slot.constant = slot.tried == 0 || slot.result == result;
                slot.result = result;
                slot.tried += 1;
            }
            step.steady = slot.constant && (step.next == NONE || step.hides_all);
        }
    }

    /// Forgets the states that no explanation needs, once they outnumber the others.
    fn renumber(&mut self) {
        if self.states.len() <= 2 * (self.frontier.len() + self.slots.len()) {
            return;
        }
        let old = self.states.forget();
        self.frontier.rename(|state| self.states.number(old[state as usize].clone()));
        for slot in &mut self.slots {
            (slot.tried, slot.constant) = (0, true);
        }
    }

    /// What is known when nothing explains the answer of the call in `slot`.
    fn stuck(&self, slot: usize, at: Time) -> Stuck<S> {
        let mut seen = BTreeSet::new();
        let mut states = Vec::new();
        for index in 0..self.frontier.len() {
            let Configuration { state, last, .. } = self.frontier.get(index);
            if seen.insert((state, last)) {
                states.push((self.states.get(state).clone(), (last != NONE).then_some(last)));
            }
        }
        Stuck { call: self.slots[slot].call, at, states }
    }
}
