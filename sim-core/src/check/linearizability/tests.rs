//! The checker against a plain one that tries everything, on every tiny history and on many random ones.

use super::*;
use crate::{history::Call, protocol::NodeId, spec::Message};
use alloc::{collections::BTreeSet, string::String};
use std::println;

/// A number from 0 to 3, with all kinds of operations: blind, conditional, commuting, telling.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Cell {}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum CellOp {
    Read,
    Write(u8),
    /// Returns whether it replaced the first by the second.
    Replace(u8, u8),
    /// Adds, blindly.
    Add(u8),
    /// Adds and returns the sum.
    AddRead(u8),
    /// Writes and returns what was there.
    Swap(u8),
}

impl Message for CellOp {
    fn bytes(&self) -> u64 {
        1
    }
}
impl Message for u8 {
    fn bytes(&self) -> u64 {
        1
    }
}
impl Spec for Cell {
    type Op = CellOp;
    type Ret = u8;
    type State = u8;
    fn apply(state: &mut u8, op: &CellOp) -> u8 {
        let was = *state;
        match *op {
            CellOp::Read => was,
            CellOp::Write(value) => {
                *state = value;
                0
            }
            CellOp::Replace(from, to) => {
                if was == from {
                    *state = to;
                }
                u8::from(was == from)
            }
            CellOp::Add(value) => {
                *state = (was + value) % 4;
                0
            }
            CellOp::AddRead(value) => {
                *state = (was + value) % 4;
                *state
            }
            CellOp::Swap(value) => {
                *state = value;
                was
            }
        }
    }
    fn key(_: &CellOp) -> u64 {
        7
    }
    fn is_read(op: &CellOp) -> bool {
        matches!(op, CellOp::Read)
    }
    fn kind(_: &CellOp) -> &'static str {
        "cell"
    }
}

/// A list: order matters, and nothing is ever forgotten but by `Clear`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum List {}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum ListOp {
    Read,
    /// Blindly.
    Append(u8),
    /// Appends and returns the list.
    AppendRead(u8),
    Clear,
}

impl Message for ListOp {
    fn bytes(&self) -> u64 {
        1
    }
}
impl Spec for List {
    type Op = ListOp;
    type Ret = Vec<u8>;
    type State = Vec<u8>;
    fn apply(state: &mut Vec<u8>, op: &ListOp) -> Vec<u8> {
        match *op {
            ListOp::Read => state.clone(),
            ListOp::Append(value) => {
                state.push(value);
                Vec::new()
            }
            ListOp::AppendRead(value) => {
                state.push(value);
                state.clone()
            }
            ListOp::Clear => {
                state.clear();
                Vec::new()
            }
        }
    }
    fn key(_: &ListOp) -> u64 {
        7
    }
    fn is_read(op: &ListOp) -> bool {
        matches!(op, ListOp::Read)
    }
    fn kind(_: &ListOp) -> &'static str {
        "list"
    }
}

fn call<S: Spec>(op: S::Op, called: u64, outcome: Outcome<S::Ret>) -> Call<S> {
    let called = Time(called);
    Call { client: NodeId(0), server: NodeId(1), operation: 0, op, intended: called, called, outcome }
}

fn ok<S: Spec>(op: S::Op, ret: S::Ret, called: u64, returned: u64) -> Call<S> {
    call(op, called, Outcome::Ok(ret, Time(returned)))
}

fn put(value: u8, called: u64, returned: u64) -> Call<Cell> {
    ok(CellOp::Write(value), 0, called, returned)
}

fn get(value: u8, called: u64, returned: u64) -> Call<Cell> {
    ok(CellOp::Read, value, called, returned)
}

fn unanswered(op: CellOp, called: u64) -> Call<Cell> {
    call(op, called, Outcome::Unknown)
}

fn judge<S: Spec>(calls: &[Call<S>]) -> Finding {
    linearizable(&History { calls: calls.to_vec(), ..History::default() }, Budget::default()).finding
}

fn is_linearizable<S: Spec>(calls: &[Call<S>]) -> bool {
    match judge(calls) {
        Finding::Linearizable => true,
        Finding::Violated(_) => false,
        Finding::Unknown(shortage) => panic!("{shortage:?} for {}", text(calls)),
    }
}

/// For people: a call per line.
fn text<S: Spec>(calls: &[Call<S>]) -> String {
    calls
        .iter()
        .map(|call| std::format!("\n  {:?} from {}: {:?}", call.op, call.called.0, call.outcome))
        .collect()
}

/// Wing and Gong's search as it is written down: any call that no other, not yet placed, must precede may be next.
fn can_be_ordered<S: Spec>(calls: &[Call<S>]) -> bool {
    fn returned<S: Spec>(call: &Call<S>) -> Option<Time> {
        match call.outcome {
            Outcome::Ok(_, at) => Some(at),
            Outcome::Refused(_) | Outcome::Unknown => None,
        }
    }
    fn from<S: Spec>(
        calls: &[Call<S>],
        placed: u32,
        state: &S::State,
        seen: &mut BTreeSet<(u32, String)>,
    ) -> bool {
        let is_placed = |index: usize| placed >> index & 1 == 1;
        if calls.iter().enumerate().all(|(index, call)| is_placed(index) || returned(call).is_none()) {
            return true;
        }
        if !seen.insert((placed, std::format!("{state:?}"))) {
            return false;
        }
        (0..calls.len()).filter(|&index| !is_placed(index)).any(|index| {
            let must_precede = |other: &Call<S>| returned(other).is_some_and(|at| at < calls[index].called);
            if (0..calls.len()).any(|other| !is_placed(other) && must_precede(&calls[other])) {
                return false;
            }
            let mut state = state.clone();
            let ret = S::apply(&mut state, &calls[index].op);
            let agrees = match &calls[index].outcome {
                Outcome::Ok(recorded, _) => *recorded == ret,
                Outcome::Refused(_) => false,
                Outcome::Unknown => true,
            };
            agrees && from(calls, placed | 1 << index, &state, seen)
        })
    }
    from(calls, 0, &S::State::default(), &mut BTreeSet::new())
}

#[test]
fn overlapping_gets_may_see_a_put_in_either_order_only_while_it_is_open() {
    assert_eq!(judge(&[put(1, 0, 100), get(1, 25, 75), get(0, 30, 60)]), Finding::Linearizable);
    assert!(!is_linearizable(&[put(2, 0, 100), get(2, 10, 30), get(0, 40, 90)]));
}

#[test]
fn calls_that_take_no_time_and_calls_that_touch_overlap() {
    assert!(is_linearizable(&[put(1, 0, 100), get(1, 75, 75), get(0, 60, 60)]));
    assert!(!is_linearizable(&[put(1, 0, 100), get(1, 60, 60), get(0, 75, 75)]));
    assert!(is_linearizable(&[put(1, 0, 100), get(1, 60, 60), get(0, 60, 60)]));
    assert!(is_linearizable(&[put(1, 50, 50), get(0, 50, 50), get(1, 50, 50)]));
    assert!(is_linearizable(&[put(1, 0, 50), get(0, 50, 60)]));
    assert!(!is_linearizable(&[put(1, 0, 50), get(0, 51, 60)]));
}

#[test]
fn a_put_without_answer_may_happen_late_or_never_but_once() {
    let put = |value, called| unanswered(CellOp::Write(value), called);
    assert!(is_linearizable(&[put(1, 0), get(0, 10, 20)]));
    assert!(is_linearizable(&[put(1, 0), get(0, 10, 20), get(1, 30, 40), get(1, 50, 60)]));
    assert!(!is_linearizable(&[put(1, 0), get(1, 10, 20), get(0, 30, 40)]));
    assert!(!is_linearizable(&[put(1, 50), get(1, 10, 20)]));
    assert!(is_linearizable(&[put(1, 0), put(2, 0), get(1, 10, 20), get(2, 30, 40)]));
    assert!(!is_linearizable(&[put(1, 0), put(2, 0), get(1, 10, 20), get(2, 30, 40), get(1, 50, 60)]));
    assert!(is_linearizable(&[
        put(1, 0),
        put(2, 0),
        put(1, 0),
        get(1, 10, 20),
        get(2, 30, 40),
        get(1, 50, 60)
    ]));
}

#[test]
fn calls_that_cannot_matter_are_counted_and_left_out() {
    let refused = call(CellOp::Write(3), 0, Outcome::Refused(Time(5)));
    let calls =
        std::vec![refused, put(1, 10, 20), unanswered(CellOp::Read, 12), unanswered(CellOp::Write(2), 15)];
    let Counts { calls, checked, unanswered, refused, reads_unanswered, keys, .. } =
        linearizable(&History { calls, ..History::default() }, Budget::default()).counts;
    assert_eq!((calls, checked, unanswered, refused, reads_unanswered, keys), (4, 2, 1, 1, 1, 1));
}

/// Calls `visit` with every sequence of `count` of the `choices`.
fn every<T: Clone>(choices: &[T], count: usize, chosen: &mut Vec<T>, visit: &mut impl FnMut(&[T])) {
    if count == 0 {
        return visit(chosen);
    }
    for choice in choices {
        chosen.push(choice.clone());
        every(choices, count - 1, chosen, visit);
        chosen.pop();
    }
}

/// All calls to the cell at moments up to `end`.
fn all_calls(ops: &[(CellOp, Option<u8>)], end: u64) -> Vec<Call<Cell>> {
    let mut all = Vec::new();
    for &(op, ret) in ops {
        for called in 0..=end {
            match ret {
                Some(ret) => all.extend((called..=end).map(|returned| ok(op, ret, called, returned))),
                None => all.push(unanswered(op, called)),
            }
        }
    }
    all
}

fn compare_all(ops: &[(CellOp, Option<u8>)], end: u64, count: usize) {
    let (mut good, mut bad) = (0, 0);
    every(&all_calls(ops, end), count, &mut Vec::new(), &mut |calls| {
        // The order of simultaneous calls in the history is nothing; one of them is enough.
        if calls.is_sorted_by_key(|call| (call.called, call.op)) {
            let expected = can_be_ordered(calls);
            assert_eq!(is_linearizable(calls), expected, "{}", text(calls));
            *(if expected { &mut good } else { &mut bad }) += 1;
        }
    });
    println!("{count} calls until {end}: {good} linearizable, {bad} not");
    assert!(good > 1000);
    assert!(bad > 1000);
}

#[test]
fn agrees_with_trying_everything_on_all_histories_of_three_calls() {
    use CellOp::{Read, Replace, Write};
    let answered =
        [(Write(1), Some(0)), (Write(2), Some(0)), (Read, Some(0)), (Read, Some(1)), (Read, Some(2))];
    let conditional = [(Replace(0, 1), Some(1)), (Replace(1, 2), Some(1)), (Replace(0, 2), Some(0))];
    let silent = [(Write(1), None), (Replace(1, 2), None)];
    compare_all(&[&answered[..], &conditional, &silent].concat(), 3, 3);
}

#[test]
fn agrees_with_trying_everything_on_all_histories_of_four_calls() {
    use CellOp::{Read, Write};
    compare_all(&[(Write(1), Some(0)), (Read, Some(0)), (Read, Some(1)), (Write(1), None)], 3, 4);
    compare_all(
        &[(Write(1), Some(0)), (Write(2), Some(0)), (Read, Some(1)), (Read, Some(2)), (Write(2), None)],
        2,
        4,
    );
}

/// A generator of numbers, to be the same for ever (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ word >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ word >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        (word ^ word >> 31) % end
    }
    fn byte(&mut self, end: u8) -> u8 {
        self.below(u64::from(end)) as u8
    }
}

/// Calls that happened in an order, some unheard of, some of which never did; then up to four lies.
fn invent<S: Spec>(
    numbers: &mut Numbers,
    count: u64,
    mut op: impl FnMut(&mut Numbers) -> S::Op,
) -> Vec<Call<S>> {
    let mut calls: Vec<Call<S>> = Vec::new();
    let mut state = S::State::default();
    let length = 1 + numbers.below(8);
    let unheard = numbers.below(5);
    for moment in 0..count {
        let op = op(numbers);
        let called = (4 * moment).saturating_sub(numbers.below(4 * length));
        let happens = numbers.below(10) < 8;
        if numbers.below(10) < unheard || !happens {
            if happens {
                S::apply(&mut state, &op);
            }
            calls.push(call(op, called, Outcome::Unknown));
        } else {
            let ret = S::apply(&mut state, &op);
            calls.push(ok(op, ret, called, 4 * moment + numbers.below(4 * length)));
        }
    }
    for _ in 0..numbers.below(5) {
        let (liar, other) = (numbers.below(count) as usize, numbers.below(count) as usize);
        match (numbers.below(2), calls[liar].outcome.clone(), calls[other].outcome.clone()) {
            (0, Outcome::Ok(_, at), Outcome::Ok(ret, _)) => calls[liar].outcome = Outcome::Ok(ret, at),
            (_, Outcome::Ok(ret, at), _) => {
                let later = numbers.below(20);
                calls[liar].called.0 += later;
                calls[liar].outcome = Outcome::Ok(ret, Time(at.0 + later));
            }
            _ => {}
        }
    }
    calls.sort_by_key(|call| call.called);
    calls
}

fn compare_random<S: Spec>(seed: u64, histories: u64, size: u64, op: impl Fn(&mut Numbers) -> S::Op) {
    let (mut good, mut bad) = (0, 0);
    let numbers = &mut Numbers(seed);
    for _ in 0..histories {
        let count = 2 + numbers.below(size - 1);
        let calls = invent::<S>(numbers, count, &op);
        let expected = can_be_ordered(&calls);
        match judge(&calls) {
            Finding::Linearizable => assert!(expected, "{}", text(&calls)),
            Finding::Unknown(shortage) => panic!("{shortage:?}: {}", text(&calls)),
            Finding::Violated(witness) => {
                assert!(!expected, "{}", text(&calls));
                let core: Vec<Call<S>> = witness.core.iter().map(|&index| calls[index].clone()).collect();
                assert!(witness.core.contains(&witness.call));
                assert!(!can_be_ordered(&core), "{} of {}", text(&core), text(&calls));
            }
        }
        *(if expected { &mut good } else { &mut bad }) += 1;
    }
    println!("{good} linearizable, {bad} not");
    assert!(good > histories / 10);
    assert!(bad > histories / 20);
}

fn register(numbers: &mut Numbers) -> CellOp {
    match numbers.below(6) {
        0..3 => CellOp::Read,
        3..5 => CellOp::Write(numbers.byte(4)),
        _ => CellOp::Replace(numbers.byte(4), numbers.byte(4)),
    }
}

fn anything(numbers: &mut Numbers) -> CellOp {
    match numbers.below(8) {
        0..2 => CellOp::Read,
        2..4 => CellOp::Write(numbers.byte(4)),
        4 => CellOp::Replace(numbers.byte(4), numbers.byte(4)),
        5 => CellOp::Add(numbers.byte(3)),
        6 => CellOp::AddRead(numbers.byte(3)),
        _ => CellOp::Swap(numbers.byte(4)),
    }
}

fn list(numbers: &mut Numbers) -> ListOp {
    match numbers.below(8) {
        0..3 => ListOp::Read,
        3..5 => ListOp::Append(numbers.byte(3)),
        5..7 => ListOp::AppendRead(numbers.byte(3)),
        _ => ListOp::Clear,
    }
}

#[test]
fn agrees_with_trying_everything_on_random_registers() {
    compare_random::<Cell>(1, 20_000, 6, register);
    compare_random::<Cell>(2, 4_000, 12, register);
}

#[test]
fn agrees_with_trying_everything_on_random_cells() {
    compare_random::<Cell>(3, 20_000, 6, anything);
    compare_random::<Cell>(4, 4_000, 12, anything);
}

#[test]
fn agrees_with_trying_everything_on_random_lists() {
    compare_random::<List>(5, 20_000, 6, list);
    compare_random::<List>(6, 3_000, 10, list);
}

#[test]
fn no_budget_no_verdict() {
    let calls: Vec<Call<Cell>> =
        (0..8).map(|value| ok(CellOp::Swap(value % 4), (value + 1) % 4, 0, 100)).collect();
    let history = History { calls, ..History::default() };
    for (budget, of) in [
        (Budget { steps: 10, ..Budget::default() }, Resource::Steps),
        (Budget { words: 10, ..Budget::default() }, Resource::Words),
    ] {
        let verdict = linearizable(&history, budget);
        assert!(matches!(verdict.finding, Finding::Unknown(shortage) if shortage.of == of), "{verdict:?}");
        assert!(verdict.counts.steps <= budget.steps);
        assert_eq!(verdict.counts.keys_undecided, 1);
    }
}
