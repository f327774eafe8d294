//! The checks on histories made by hand, each rule both ways, and against the linearizability checker on random ones.

use super::*;
use crate::{
    check::linearizability::{Budget, Finding, linearizable},
    history::{Call, History, Outcome},
    protocol::NodeId,
    spec::{Access, Message, Spec},
    time::{Span, Time},
};
use alloc::{collections::BTreeMap, vec::Vec};
use proptest::prelude::*;
use std::vec;

/// Registers under keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Registry {}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Op {
    Get(u64),
    Put(u64, u64),
    /// Writes the second value if the first is there.
    Swap(u64, u64, u64),
    /// Is no access of a register.
    Ping,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Ret {
    Found(Option<u64>),
    Done(bool),
}

impl Message for Op {
    fn bytes(&self) -> u64 {
        17
    }
}
impl Message for Ret {
    fn bytes(&self) -> u64 {
        9
    }
}
impl Spec for Registry {
    type Op = Op;
    type Ret = Ret;
    type State = BTreeMap<u64, u64>;
    fn apply(state: &mut BTreeMap<u64, u64>, op: &Op) -> Ret {
        match *op {
            Op::Get(key) => Ret::Found(state.get(&key).copied()),
            Op::Put(key, value) => {
                state.insert(key, value);
                Ret::Done(true)
            }
            Op::Swap(key, from, to) => {
                let hit = state.get(&key) == Some(&from);
                if hit {
                    state.insert(key, to);
                }
                Ret::Done(hit)
            }
            Op::Ping => Ret::Done(true),
        }
    }
    fn key(op: &Op) -> u64 {
        match *op {
            Op::Get(key) | Op::Put(key, _) | Op::Swap(key, ..) => key,
            Op::Ping => u64::MAX,
        }
    }
    fn is_read(op: &Op) -> bool {
        matches!(op, Op::Get(_) | Op::Ping)
    }
    fn kind(_: &Op) -> &'static str {
        "op"
    }
    const REGISTERS: bool = true;
    fn access(op: &Op, ret: Option<&Ret>) -> Option<Access> {
        let (read, written) = match (*op, ret) {
            (Op::Get(_), Some(Ret::Found(found))) => (Some(*found), None),
            (Op::Put(_, value) | Op::Swap(_, _, value), None) | (Op::Put(_, value), _) => (None, Some(value)),
            (Op::Swap(_, from, to), Some(Ret::Done(true))) => (Some(Some(from)), Some(to)),
            (Op::Get(_) | Op::Swap(..), _) => (None, None),
            (Op::Ping, _) => return None,
        };
        Some(Access { read, written })
    }
}

/// A call of a client at a server; both count from 0.
fn call(who: (u32, u32), op: Op, called: u64, outcome: Outcome<Ret>) -> Call<Registry> {
    let called = Time(called);
    Call {
        client: NodeId(who.0),
        server: NodeId(10 + who.1),
        operation: 0,
        op,
        intended: called,
        called,
        outcome,
    }
}

/// Client `who` writes a value under key 0.
fn put(who: u32, value: u64, called: u64, ended: u64) -> Call<Registry> {
    call((who, 0), Op::Put(0, value), called, Outcome::Ok(Ret::Done(true), Time(ended)))
}

/// The same, without an answer.
fn lose(who: u32, value: u64, called: u64) -> Call<Registry> {
    call((who, 0), Op::Put(0, value), called, Outcome::Unknown)
}

/// Client `who` finds a value under key 0, or nothing (0).
fn get(who: u32, value: u64, called: u64, ended: u64) -> Call<Registry> {
    at(0, get_none(who, called, ended), value)
}

fn get_none(who: u32, called: u64, ended: u64) -> Call<Registry> {
    call((who, 0), Op::Get(0), called, Outcome::Ok(Ret::Found(None), Time(ended)))
}

/// The read, at another server, finding this value.
fn at(server: u32, mut read: Call<Registry>, value: u64) -> Call<Registry> {
    let Outcome::Ok(_, ended) = read.outcome else { return read };
    read.server = NodeId(10 + server);
    read.outcome = Outcome::Ok(Ret::Found((value > 0).then_some(value)), ended);
    read
}

fn registers(calls: &[Call<Registry>]) -> Registers {
    Registers::of(&History { calls: calls.to_vec(), ..History::default() }).expect("it has registers")
}

/// By how much reads were stale.
fn stale(calls: &[Call<Registry>]) -> Vec<u64> {
    let found = staleness(&registers(calls), |_| true);
    assert_eq!(found.worst.map(|worst| worst.by), found.stale.last().copied());
    found.stale.iter().map(|by| by.0).collect()
}

#[test]
fn a_read_is_stale_since_the_acknowledgement_of_what_it_missed() {
    let writes = [put(1, 1, 0, 10), put(1, 2, 20, 30), put(1, 3, 40, 50)];
    let with = |read: Call<Registry>| stale(&[&writes[..], &[read]].concat());
    assert_eq!(with(get(2, 1, 60, 70)), [30], "since 2 was acknowledged");
    assert_eq!(with(get(2, 2, 60, 70)), [10]);
    assert_eq!(with(get(2, 3, 60, 70)), [0; 0]);
    assert_eq!(with(get(2, 2, 50, 70)), [0; 0], "moments that touch overlap");
    assert_eq!(with(get(2, 2, 45, 70)), [0; 0], "3 was not acknowledged yet");
    assert_eq!(with(get_none(2, 35, 36)), [25], "there is something since 10");
    assert_eq!(with(get_none(2, 5, 36)), [0; 0]);
    assert_eq!(with(get(2, 9, 60, 70)), [0; 0], "nobody wrote that");
    // A compare-and-set that hits has read what it expected.
    let swap = |hit| call((2, 0), Op::Swap(0, 1, 9), 60, Outcome::Ok(Ret::Done(hit), Time(70)));
    assert_eq!(with(swap(true)), [30]);
    assert_eq!(with(swap(false)), [0; 0]);
}

#[test]
fn only_what_was_certainly_over_is_overwritten() {
    let then = [put(2, 2, 20, 30), get(3, 1, 60, 70)];
    let with = |first: &[Call<Registry>]| stale(&[first, &then[..]].concat());
    assert_eq!(with(&[put(1, 1, 0, 10)]), [30]);
    assert_eq!(with(&[put(1, 1, 0, 25)]), [0; 0], "1 and 2 overlap");
    assert_eq!(with(&[put(1, 1, 0, 20)]), [0; 0], "1 and 2 touch");
    assert_eq!(with(&[lose(1, 1, 0)]), [0; 0], "1 may come late");
    assert_eq!(with(&[lose(1, 1, 0), put(1, 1, 5, 10)]), [0; 0], "1 may come again");
    assert_eq!(with(&[put(1, 1, 0, 4), put(1, 1, 5, 10)]), [30], "both calls have ended");
    // Who was told of a single call knows that it has happened.
    assert_eq!(with(&[lose(1, 1, 0), get(4, 1, 5, 10)]), [30]);
    assert_eq!(with(&[lose(1, 1, 0), get(4, 1, 5, 20)]), [0; 0]);
    assert_eq!(with(&[lose(1, 1, 0), lose(1, 1, 3), get(4, 1, 5, 10)]), [0; 0]);
    // A refused call did not happen, so nobody wrote what was read.
    let refused = call((1, 0), Op::Put(0, 1), 0, Outcome::Refused(Time(10)));
    let calls = [&[refused], &then[..]].concat();
    assert_eq!(stale(&calls), [0; 0]);
    assert_eq!(staleness(&registers(&calls), |_| true).unheard, 1);
}

#[test]
fn what_overwrites_must_be_acknowledged_and_wholly_later() {
    let with =
        |second: &[Call<Registry>]| stale(&[&[put(1, 1, 0, 10)], second, &[get(3, 1, 60, 70)]].concat());
    assert_eq!(with(&[lose(2, 2, 20)]), [0; 0]);
    assert_eq!(with(&[put(2, 2, 20, 65)]), [0; 0]);
    // Its first call may have happened before 1.
    assert_eq!(with(&[lose(2, 2, 5), put(2, 2, 20, 30)]), [0; 0]);
    assert_eq!(with(&[lose(2, 2, 15), put(2, 2, 20, 30)]), [30]);
    // The earliest acknowledgement counts, not that of the write called first.
    assert_eq!(with(&[put(2, 2, 20, 50), put(3, 3, 25, 30)]), [30]);
    // Other keys are other registers.
    let other = call((2, 0), Op::Put(1, 2), 20, Outcome::Ok(Ret::Done(true), Time(30)));
    assert_eq!(with(&[other]), [0; 0]);
}

#[test]
fn percentiles_are_of_all_reads_that_count() {
    let mut calls = vec![put(1, 1, 0, 10), put(1, 2, 20, 30)];
    calls.extend((0..8).map(|_| get(2, 2, 100, 101)));
    calls.extend([get(3, 1, 40, 41), get(2, 1, 50, 51), call((2, 0), Op::Ping, 60, Outcome::Unknown)]);
    let all = staleness(&registers(&calls), |_| true);
    assert_eq!((all.reads, all.share()), (10, Some(0.2)));
    let percentile = |percent| all.percentile(percent).map(|by| by.0);
    assert_eq!(percentile(50.0), Some(0));
    assert_eq!(percentile(80.0), Some(0));
    assert_eq!(percentile(80.1), Some(10));
    assert_eq!(percentile(90.0), Some(10));
    assert_eq!(percentile(100.0), Some(20));
    let worst = StaleRead { read: 11, missed: 1, by: Span(20) };
    assert_eq!(all.worst, Some(worst));
    let some = staleness(&registers(&calls), |read| read.client == NodeId(3));
    assert_eq!((some.reads, some.stale), (1, vec![Span(10)]));
    let none = staleness(&registers(&calls), |_| false);
    assert_eq!((none.percentile(50.0), none.share()), (None, None));
}

/// How often a guarantee was broken, and tested.
fn broken(guarantee: Guarantee, calls: &[Call<Registry>]) -> (usize, usize) {
    let found = sessions(&registers(calls));
    let kept = found.of(guarantee);
    assert_eq!(kept.broken > 0, !kept.first.is_empty());
    (kept.broken, kept.tested)
}

#[test]
fn a_session_reads_its_own_writes() {
    let with = |calls: &[Call<Registry>]| broken(Guarantee::ReadYourWrites, calls);
    let (one, two) = (put(1, 1, 0, 10), put(2, 2, 20, 30));
    let read = |value| with(&[one.clone(), two.clone(), get(2, value, 40, 50)]);
    assert_eq!(read(2), (0, 1));
    assert_eq!(read(1), (1, 1));
    assert_eq!(read(0), (1, 1));
    assert_eq!(with(&[one.clone(), two.clone(), get(3, 1, 40, 50)]), (0, 0), "another session");
    assert_eq!(with(&[one.clone(), two.clone(), get(2, 1, 29, 50)]), (0, 0), "not acknowledged yet");
    assert_eq!(with(&[one.clone(), lose(2, 2, 20), get(2, 1, 40, 50)]), (0, 0), "never acknowledged");
    assert_eq!(with(&[put(1, 1, 0, 20), two.clone(), get(2, 1, 40, 50)]), (0, 1), "1 may be newer");
    assert_eq!(with(&[one.clone(), two.clone(), put(1, 3, 25, 35), get(2, 3, 40, 50)]), (0, 1));
    let found = sessions(&registers(&[one, two, get(2, 1, 60, 70), get(2, 0, 40, 50)]));
    assert_eq!(found.of(Guarantee::ReadYourWrites).first, [1, 2], "the first of two, by number of the call");
}

#[test]
fn a_session_reads_forward() {
    let with = |calls: &[Call<Registry>]| {
        let writes = [put(1, 1, 0, 10), put(1, 2, 20, 30)];
        broken(Guarantee::MonotonicReads, &[&writes[..], calls].concat())
    };
    assert_eq!(with(&[get(2, 1, 40, 50), get(2, 2, 60, 70)]), (0, 1));
    assert_eq!(with(&[get(2, 2, 40, 50), get(2, 1, 60, 70)]), (1, 1));
    assert_eq!(with(&[get(2, 1, 40, 50), get_none(2, 60, 70)]), (1, 1));
    assert_eq!(with(&[get_none(2, 40, 50), get(2, 1, 60, 70)]), (0, 0));
    assert_eq!(with(&[get(2, 2, 40, 50), get(3, 1, 60, 70)]), (0, 0), "another session");
    assert_eq!(with(&[get(2, 2, 40, 65), get(2, 1, 60, 70)]), (0, 0), "open at the same time");
    assert_eq!(with(&[get(2, 2, 40, 60), get(2, 1, 60, 70)]), (0, 0), "at one moment");
    assert_eq!(with(&[put(1, 3, 25, 45), get(2, 3, 50, 55), get(2, 2, 60, 70)]), (0, 1), "2 and 3 overlap");
    // The newest of what was seen counts, and not only the last.
    assert_eq!(with(&[get(2, 2, 40, 50), get(2, 1, 51, 52), get(2, 1, 60, 70)]), (2, 2));
}

#[test]
fn the_writes_of_a_session_are_seen_in_order() {
    let with = |calls: &[Call<Registry>]| broken(Guarantee::MonotonicWrites, calls);
    let (one, two) = (put(1, 1, 0, 10), put(1, 2, 20, 30));
    let back = [get(2, 2, 40, 50), get(2, 1, 60, 70)];
    assert_eq!(with(&[&[one.clone(), two.clone()], &back[..]].concat()), (1, 1));
    assert_eq!(with(&[one.clone(), two.clone(), get(2, 2, 40, 50), get(2, 2, 60, 70)]), (0, 1));
    assert_eq!(with(&[one.clone(), two.clone(), get(2, 1, 40, 50), get(2, 2, 60, 70)]), (0, 0));
    assert_eq!(with(&[&[one.clone(), put(3, 2, 20, 30)], &back[..]].concat()), (0, 0), "of two sessions");
    assert_eq!(with(&[&[put(1, 1, 0, 20), two.clone()], &back[..]].concat()), (0, 0), "in no order");
    // That 1 had happened before 2 was made is not enough: its session was not told by then.
    let untold = [put(1, 9, 0, 1), put(1, 1, 2, 25), get(4, 1, 3, 5), two.clone()];
    assert_eq!(with(&[&untold[..], &back[..]].concat()), (0, 1));
    let apart = [get(2, 2, 40, 50), get(3, 1, 60, 70)];
    assert_eq!(with(&[&[one.clone(), two.clone()], &apart[..]].concat()), (0, 0), "of two readers");
    // That others wrote in between changes nothing.
    let more = [put(4, 3, 32, 34), get(2, 2, 40, 50), get(2, 3, 51, 52), get(2, 1, 60, 70)];
    let found = sessions(&registers(&[&[one, two], &more[..]].concat()));
    assert_eq!(found.of(Guarantee::MonotonicWrites).first, [0, 1, 3, 5]);
}

#[test]
fn what_a_session_writes_is_seen_after_what_it_had_read() {
    let with = |calls: &[Call<Registry>]| broken(Guarantee::WritesFollowReads, calls);
    let basis = [put(1, 1, 0, 10), get(2, 1, 12, 14), put(2, 2, 20, 30)];
    let then = |calls: &[Call<Registry>]| with(&[&basis[..], calls].concat());
    assert_eq!(then(&[get(3, 2, 40, 50), get(3, 1, 60, 70)]), (1, 1));
    assert_eq!(then(&[get(3, 2, 40, 50), get(3, 2, 60, 70)]), (0, 1));
    assert_eq!(then(&[get(3, 1, 40, 50), get(3, 2, 60, 70)]), (0, 0));
    assert_eq!(then(&[get(3, 2, 40, 50), get(4, 1, 60, 70)]), (0, 0), "of two readers");
    // Without the read there is nothing that 2 follows.
    assert_eq!(with(&[put(1, 1, 0, 10), put(2, 2, 20, 30), get(3, 2, 40, 50), get(3, 1, 60, 70)]), (0, 0));
    assert_eq!(
        with(&[put(1, 1, 0, 10), get(2, 1, 12, 21), put(2, 2, 20, 30), get(3, 2, 40, 50), get(3, 1, 60, 70)]),
        (0, 0)
    );
    // What was read may be acknowledged only later: that somebody read it is enough.
    let early =
        [put(1, 1, 0, 35), get(2, 1, 12, 14), put(2, 2, 20, 30), get(3, 2, 40, 50), get(3, 1, 60, 70)];
    assert_eq!(with(&early), (1, 1));
    // And what is older than what was read.
    let older = [
        put(4, 9, 0, 1),
        put(1, 1, 2, 10),
        get(2, 1, 12, 14),
        put(2, 2, 20, 30),
        get(3, 2, 40, 50),
        get(3, 9, 60, 70),
    ];
    assert_eq!(with(&older), (1, 1));
    assert_eq!(sessions(&registers(&older)).of(Guarantee::WritesFollowReads).first, [2, 3, 4, 5]);
}

/// Whether everything is judged.
const AT_ONCE: Rest = Rest { from: Time::ZERO, within: Span::ZERO };

fn lost(rest: Rest, calls: &[Call<Registry>]) -> (usize, usize) {
    let found = lost_writes(&registers(calls), rest);
    assert_eq!(found.last.iter().map(|last| last.count).sum::<usize>(), found.lost);
    (found.lost, found.judged)
}

#[test]
fn an_acknowledged_write_is_there_in_the_end_or_something_newer() {
    let with = |read: Call<Registry>| lost(AT_ONCE, &[put(1, 1, 0, 10), put(2, 2, 20, 30), read]);
    assert_eq!(with(get(3, 2, 40, 50)), (0, 2));
    assert_eq!(with(get(3, 1, 40, 50)), (1, 2));
    assert_eq!(with(get(3, 0, 40, 50)), (2, 2));
    assert_eq!(with(get(3, 1, 25, 50)), (0, 0), "not after the last write");
    assert_eq!(with(get(3, 9, 40, 50)), (0, 0), "nobody wrote that");
    let calls = |read| [put(1, 1, 0, 25), put(2, 2, 20, 30), read];
    assert_eq!(lost(AT_ONCE, &calls(get(3, 1, 40, 50))), (0, 2), "which is newer cannot be told");
    // One reader who finds it is enough.
    let found = [put(1, 1, 0, 10), put(2, 2, 20, 30), get(3, 2, 40, 50), get(3, 1, 60, 70)];
    assert_eq!(lost(AT_ONCE, &found), (0, 2));
    // What was not acknowledged may be missing, and what comes late hides what it overwrote.
    assert_eq!(lost(AT_ONCE, &[put(1, 1, 0, 10), lose(2, 2, 20), get(3, 1, 40, 50)]), (0, 1));
    assert_eq!(
        lost(AT_ONCE, &[lose(1, 1, 0), put(2, 2, 20, 30), get(3, 1, 40, 50)]),
        (0, 0),
        "1 may be older"
    );
    let last =
        lost_writes(&registers(&[put(1, 1, 0, 10), put(2, 2, 20, 30), get_none(3, 40, 50)]), AT_ONCE).last;
    assert_eq!(last, [LostWrite { key: 0, write: 1, read: 2, count: 2 }]);
}

#[test]
fn reads_at_rest_come_late_enough() {
    let calls = [put(1, 1, 0, 10), put(2, 2, 20, 30), get(3, 1, 40, 50)];
    let rest = |from, within| lost(Rest { from: Time(from), within: Span(within) }, &calls);
    assert_eq!(rest(0, 9), (1, 2));
    assert_eq!(rest(0, 10), (0, 0));
    assert_eq!(rest(35, 4), (1, 2));
    assert_eq!(rest(35, 5), (0, 0));
    // An unanswered write is waited for from its call on.
    let calls = [&calls[..], &[lose(4, 4, 39)]].concat();
    assert_eq!(lost(AT_ONCE, &calls), (1, 2));
    assert_eq!(lost(Rest { within: Span(1), ..AT_ONCE }, &calls), (0, 0));
}

fn disagreements(calls: &[Call<Registry>]) -> (usize, usize, usize) {
    let found = convergence(&registers(calls), AT_ONCE);
    (found.disagreements.len(), found.judged, found.open)
}

#[test]
fn servers_tell_the_same_in_the_end() {
    let with = |reads: &[(u32, u64)]| {
        let mut calls = vec![put(1, 1, 0, 10), put(2, 2, 20, 30)];
        calls.extend(
            (40..)
                .zip(reads)
                .map(|(moment, (server, value))| at(*server, get_none(3, moment, moment), *value)),
        );
        disagreements(&calls)
    };
    assert_eq!(with(&[(0, 2), (1, 2)]), (0, 1, 0));
    assert_eq!(with(&[(0, 2), (1, 1)]), (1, 1, 0));
    assert_eq!(with(&[(0, 2), (1, 0)]), (1, 1, 0));
    assert_eq!(with(&[(0, 2), (0, 1)]), (0, 0, 0), "one server");
    assert_eq!(with(&[(0, 1), (1, 2), (0, 2)]), (0, 1, 0), "its last answer counts");
    assert_eq!(with(&[(0, 2), (1, 2), (2, 1)]), (1, 1, 0));
    assert_eq!(with(&[(0, 2), (1, 9)]), (0, 0, 1), "nobody wrote that");
    assert_eq!(with(&[]), (0, 0, 0));
    // An unanswered write may come between the two reads.
    let late = |value| {
        [put(1, 1, 0, 10), lose(2, 2, 20), at(0, get_none(3, 40, 41), 1), at(1, get_none(3, 50, 51), value)]
    };
    assert_eq!(disagreements(&late(2)), (0, 0, 1));
    assert_eq!(disagreements(&late(0)), (1, 1, 0));
    let seen = [&late(2)[..], &[at(1, get_none(3, 35, 36), 2)]].concat();
    assert_eq!(disagreements(&seen), (1, 1, 0), "it had come before the first of them");
}

/// Anything that the checks find in a history.
fn anomalies(calls: &[Call<Registry>]) -> Vec<&'static str> {
    let registers = registers(calls);
    let sessions = sessions(&registers);
    let mut found: Vec<&str> = Guarantee::ALL
        .into_iter()
        .filter(|guarantee| sessions.of(*guarantee).broken > 0)
        .map(Guarantee::phrase)
        .collect();
    let here = [
        (!staleness(&registers, |_| true).stale.is_empty(), "stale"),
        (lost_writes(&registers, AT_ONCE).lost > 0, "lost"),
        (!convergence(&registers, AT_ONCE).disagreements.is_empty(), "disagreement"),
    ];
    found.extend(here.into_iter().filter(|(here, _)| *here).map(|(_, what)| what));
    found
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Answered,
    Refused,
    /// No answer, and it happens, perhaps long after.
    Late,
    /// No answer, and it never happens.
    Never,
}

/// A few dozen calls on two keys, within 100 ns, some of them repeats of the one before.
fn plans() -> impl Strategy<Value = Vec<(u32, u32, u64, u64, u64, u64, Fate)>> {
    let fate = prop_oneof![
        12 => Just(Fate::Answered), 1 => Just(Fate::Refused), 1 => Just(Fate::Late), 1 => Just(Fate::Never)
    ];
    prop::collection::vec((0..2u32, 0..3u32, 0..12u64, 0..100u64, 0..15u64, 0..=10u64, fate), 4..40)
}

/// Most calls are about one key.
fn key_of(kind: u64) -> u64 {
    u64::from(matches!(kind, 2 | 7))
}

/// What the plans say, carried out at one moment each, in the order of these; `twist` may change what reads are told.
fn carried_out(plans: &[(u32, u32, u64, u64, u64, u64, Fate)], twist: &[u64]) -> Vec<Call<Registry>> {
    let mut order = Vec::new();
    let mut writes = vec![0];
    for (index, &(client, server, kind, called, length, part, fate)) in plans.iter().enumerate() {
        let (key, value) = (key_of(kind), index as u64 + 1);
        let last = writes[writes.len() - 1];
        let op = match kind / 2 {
            0..=2 => Op::Get(key),
            3 => Op::Put(key, value),
            // The value of an earlier write under the same key once more: that operation is made again.
            4 if last > 0 && key_of(plans[last as usize - 1].2) == key => Op::Put(key, last),
            _ => Op::Swap(key, last, value),
        };
        if matches!(op, Op::Put(..)) {
            writes.push(if let Op::Put(_, value) = op { value } else { 0 });
        }
        let moment = match fate {
            Fate::Late => called + 3 * length,
            Fate::Answered | Fate::Refused | Fate::Never => called + length * part / 10,
        };
        order.push((moment, index, call((client, server), op, called, Outcome::Unknown)));
    }
    order.sort_by_key(|(moment, index, _)| (*moment, *index));
    let mut state = BTreeMap::new();
    for (_, index, call) in &mut order {
        let (.., called, length, _, fate) = plans[*index];
        let ended = Time(called + length);
        match fate {
            Fate::Refused => call.outcome = Outcome::Refused(ended),
            Fate::Never => {}
            Fate::Late => drop(Registry::apply(&mut state, &call.op)),
            Fate::Answered => call.outcome = Outcome::Ok(Registry::apply(&mut state, &call.op), ended),
        }
    }
    for ((_, _, call), twist) in order.iter_mut().zip(twist.iter().filter(|_| !twist.is_empty())) {
        if let (Op::Get(_), Outcome::Ok(ret, _), 1..12) = (call.op, &mut call.outcome, *twist) {
            *ret = Ret::Found(Some(*twist - 1).filter(|value| *value > 0));
        }
    }
    let mut calls: Vec<_> = order.into_iter().map(|(.., call)| call).collect();
    calls.sort_by_key(|call| call.called);
    calls
}

fn is_linearizable(calls: &[Call<Registry>]) -> bool {
    linearizable(&History { calls: calls.to_vec(), ..History::default() }, Budget::default()).finding
        == Finding::Linearizable
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_one_server_would_have_answered_shows_no_anomaly(plans in plans()) {
        let calls = carried_out(&plans, &[]);
        prop_assert!(is_linearizable(&calls));
        prop_assert_eq!(anomalies(&calls), Vec::<&str>::new());
    }

    #[test]
    fn what_shows_an_anomaly_is_not_linearizable(plans in plans(), twist in prop::collection::vec(0..40u64, 40)) {
        let calls = carried_out(&plans, &twist);
        let found = anomalies(&calls);
        if !found.is_empty() {
            prop_assert!(!is_linearizable(&calls), "{found:?} in {calls:?}");
        }
    }
}

#[test]
fn every_anomaly_shows_in_random_histories() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let strategy = (plans(), prop::collection::vec(0..40u64, 40));
    let mut count: BTreeMap<&str, u32> = BTreeMap::new();
    for _ in 0..8_000 {
        let (plans, twist) = strategy.new_tree(&mut runner).expect("no filter rejects it").current();
        for found in anomalies(&carried_out(&plans, &twist)) {
            *count.entry(found).or_default() += 1;
        }
    }
    std::println!("{count:?}");
    let all = Guarantee::ALL.map(Guarantee::phrase);
    for anomaly in all.into_iter().chain(["stale", "lost", "disagreement"]) {
        assert!(count.get(anomaly).is_some_and(|count| *count > 20), "{anomaly}: {count:?}");
    }
}

#[test]
fn a_million_calls_are_judged_in_a_moment() {
    // The last two values under each key; every tenth read finds the older one.
    let mut last = vec![[None; 2]; 1 << 10];
    let mut calls = Vec::new();
    for index in 0..1_000_000u64 {
        let word = index.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let key = (word ^ word >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 54;
        let (client, called, held) = ((index % 49) as u32, index * 1_000, &mut last[key as usize]);
        let (op, ret) = if index % 2 == 1 {
            *held = [Some(index), held[0]];
            (Op::Put(key, index), Ret::Done(true))
        } else {
            (Op::Get(key), Ret::Found(held[usize::from(index % 10 == 0)]))
        };
        calls.push(call((client, client % 5), op, called, Outcome::Ok(ret, Time(called + 50_000))));
    }
    let registers = registers(&calls);
    let found = staleness(&registers, |_| true);
    assert_eq!(found.reads, 500_000);
    assert!(found.stale.len() > 80_000, "{}", found.stale.len());
    let found = sessions(&registers);
    for guarantee in Guarantee::ALL {
        assert!(found.of(guarantee).broken > 10, "{found:?}");
    }
    assert!(lost_writes(&registers, AT_ONCE).keys > 300);
    assert!(convergence(&registers, AT_ONCE).judged > 30);
}

#[test]
fn what_may_be_older_and_may_be_newer_is_no_pass() {
    let again = [lose(1, 1, 0), put(1, 1, 5, 10), put(2, 2, 20, 30), get(2, 1, 40, 50)];
    let once = [lose(1, 1, 0), put(2, 2, 20, 30), get(2, 1, 40, 50)];
    for calls in [&again[..], &once] {
        let registers = registers(calls);
        let kept = sessions(&registers);
        let kept = kept.of(Guarantee::ReadYourWrites);
        assert_eq!((kept.tested, kept.broken, kept.open), (0, 0, 1));
        let stale = staleness(&registers, |_| true);
        assert_eq!((stale.reads, stale.stale.len(), stale.open), (0, 0, 1));
        let lost = lost_writes(&registers, AT_ONCE);
        assert_eq!((lost.lost, lost.open), (0, 1), "{lost:?}");
    }
    // Called after what it might be older than, it is not older.
    let later = registers(&[put(2, 2, 0, 10), lose(1, 1, 20), put(1, 1, 25, 30), get(2, 1, 40, 50)]);
    assert_eq!(sessions(&later).of(Guarantee::ReadYourWrites).open, 0);
    assert_eq!((staleness(&later, |_| true).reads, lost_writes(&later, AT_ONCE).open), (1, 0));
}

#[test]
fn a_doubtful_read_hides_no_certain_disagreement() {
    let calls = [
        put(1, 1, 0, 10),
        put(2, 2, 20, 30),
        lose(3, 3, 35),
        at(0, get(4, 1, 40, 41), 1),
        at(1, get(4, 1, 42, 43), 2),
        at(2, get(4, 1, 44, 45), 3),
    ];
    assert_eq!(disagreements(&calls), disagreements(&calls[..5]));
    assert_eq!(convergence(&registers(&calls), AT_ONCE).disagreements.len(), 1);
}
