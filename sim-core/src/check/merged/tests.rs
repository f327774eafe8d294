//! Histories made by hand, each rule both ways.

use super::*;
use crate::{history::Call, spec::Message, time::Span};
use std::vec;

/// A counter and an element.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Both {}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Op {
    Count(i64),
    Counted,
    Add,
    Remove,
    Contains,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Ret(i64);

impl Message for Op {
    fn bytes(&self) -> u64 {
        9
    }
}
impl Message for Ret {
    fn bytes(&self) -> u64 {
        8
    }
}
impl Spec for Both {
    type Op = Op;
    type Ret = Ret;
    type State = ();
    fn apply((): &mut (), _: &Op) -> Ret {
        Ret(0)
    }
    fn key(op: &Op) -> u64 {
        u64::from(matches!(op, Op::Add | Op::Remove | Op::Contains))
    }
    fn is_read(op: &Op) -> bool {
        matches!(op, Op::Counted | Op::Contains)
    }
    fn kind(_: &Op) -> &'static str {
        "op"
    }
    const MERGES: bool = true;
    fn merge(op: &Op, ret: Option<&Ret>) -> Option<Merge> {
        match op {
            Op::Count(by) => Some(Merge::Count(*by)),
            Op::Counted => ret.map(|ret| Merge::Counted(ret.0)),
            Op::Add => Some(Merge::Add),
            Op::Remove => Some(Merge::Remove),
            Op::Contains => ret.map(|ret| Merge::Contains(ret.0 > 0)),
        }
    }
}

fn call(op: Op, server: u32, called: u64, outcome: Outcome<Ret>) -> Call<Both> {
    let (called, client, server) = (Time(called), NodeId(0), NodeId(10 + server));
    Call { client, server, operation: 0, op, intended: called, called, outcome }
}
/// An update that takes ten.
fn done(op: Op, called: u64) -> Call<Both> {
    call(op, 0, called, Outcome::Ok(Ret(0), Time(called + 10)))
}
fn lost(op: Op, called: u64) -> Call<Both> {
    call(op, 0, called, Outcome::Unknown)
}
fn read(op: Op, server: u32, called: u64, found: i64) -> Call<Both> {
    call(op, server, called, Outcome::Ok(Ret(found), Time(called + 10)))
}

fn merged(calls: &[Call<Both>]) -> Merged {
    Merged::of(&History { calls: calls.to_vec(), ..History::default() }).expect("it has some")
}

const REST: Rest = Rest { from: Time(0), within: Span(100) };

/// Whether a read at rest that shows this is as it should be; `None` if it is not judged.
fn fits(calls: &[Call<Both>], read: Call<Both>) -> Option<bool> {
    let kept = merged(&[calls, &[read]].concat()).kept(REST);
    (kept.keys > 0).then_some(kept.wrong.is_empty())
}

#[test]
fn what_is_acknowledged_counts_once_and_what_is_not_at_most_once() {
    let counted = |calls: &[Call<Both>], found| fits(calls, read(Op::Counted, 0, 500, found));
    let sure =
        [done(Op::Count(1), 0), done(Op::Count(1), 20), done(Op::Count(-1), 40), done(Op::Count(5), 60)];
    assert_eq!([5, 6, 7].map(|found| counted(&sure, found)), [Some(false), Some(true), Some(false)]);
    let open = [&sure[..], &[lost(Op::Count(3), 80), lost(Op::Count(-2), 90)]].concat();
    assert_eq!(
        [3, 4, 9, 10].map(|found| counted(&open, found)),
        [Some(false), Some(true), Some(true), Some(false)]
    );
    let refused = [done(Op::Count(1), 0), call(Op::Count(1), 0, 20, Outcome::Refused(Time(30)))];
    assert_eq!([1, 2].map(|found| counted(&refused, found)), [Some(true), Some(false)]);
    assert_eq!([0, 1].map(|found| counted(&[], found)), [Some(true), Some(false)]);
}

#[test]
fn an_element_stays_if_no_removal_can_have_seen_it() {
    let contains = |calls: &[Call<Both>], found| fits(calls, read(Op::Contains, 0, 500, found));
    let both = |calls: &[Call<Both>]| [contains(calls, 0), contains(calls, 1)];
    assert_eq!(both(&[]), [Some(true), Some(false)], "nobody added it");
    assert_eq!(both(&[done(Op::Remove, 0)]), [Some(true), Some(false)]);
    assert_eq!(both(&[done(Op::Add, 0)]), [Some(false), Some(true)]);
    assert_eq!(both(&[done(Op::Remove, 0), done(Op::Add, 20)]), [Some(false), Some(true)]);
    assert_eq!(both(&[done(Op::Remove, 10), done(Op::Add, 20)]), [None; 2], "moments that touch overlap");
    assert_eq!(
        both(&[done(Op::Add, 0), done(Op::Remove, 20)]),
        [None; 2],
        "a removal need not have heard of it"
    );
    assert_eq!(both(&[lost(Op::Remove, 0), done(Op::Add, 20)]), [None; 2], "it may be removed yet");
    assert_eq!(both(&[lost(Op::Add, 0)]), [None; 2]);
}

#[test]
fn only_reads_at_rest_count() {
    let calls = [done(Op::Count(1), 0)];
    assert_eq!(fits(&calls, read(Op::Counted, 0, 110, 7)), None);
    assert_eq!(fits(&calls, read(Op::Counted, 0, 111, 7)), Some(false));
    let kept = merged(&[done(Op::Count(1), 0), read(Op::Counted, 0, 200, 1), read(Op::Counted, 0, 210, 2)])
        .kept(REST);
    let wrong = vec![Wrong { key: 0, read: 2, wanted: Shown::Count(1, 1) }];
    assert_eq!(kept, Kept { keys: 1, updates: 1, wrong });
}

#[test]
fn servers_that_show_different_things_at_rest_differ() {
    let last = |update: Call<Both>, one, other| {
        let reads =
            [read(Op::Counted, 0, 200, 9), read(Op::Counted, 0, 210, one), read(Op::Counted, 1, 220, other)];
        merged(&[&[update][..], &reads].concat()).agreement(REST)
    };
    assert_eq!(last(done(Op::Count(1), 0), 1, 1), Agreement { judged: 1, ..Agreement::default() });
    let differ = vec![(0, [2, 3])];
    assert_eq!(last(done(Op::Count(1), 0), 1, 2), Agreement { judged: 1, open: 0, differ });
    assert_eq!(last(lost(Op::Count(1), 0), 1, 2), Agreement { open: 1, ..Agreement::default() });
    let one = merged(&[read(Op::Counted, 0, 200, 0), read(Op::Counted, 0, 210, 1)]);
    assert_eq!(one.agreement(REST), Agreement::default(), "one server alone");
}
