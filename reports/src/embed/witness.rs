//! Why no order of the calls explains an answer: the calls themselves, to be drawn as bars.

use crate::words::{count, counted, moment, node, short};
use serde::Serialize;
use sim_core::{
    check::linearizability::{Budget, Finding, Witness},
    judged::Judged,
};

/// So many calls are drawn.
const CALLS_MAX: usize = 40;

#[derive(Serialize)]
pub(super) struct Shown {
    key: u64,
    at: u64,
    sentences: Vec<String>,
    states: Vec<String>,
    calls: Vec<Bar>,
    left_out: usize,
}

#[derive(Serialize)]
struct Bar {
    call: usize,
    client: String,
    server: String,
    op: String,
    answer: Option<String>,
    called: u64,
    /// -1 where nothing came back.
    returned: i64,
    /// The call whose answer nothing explains.
    stuck: bool,
    /// One of those that cannot be ordered even by themselves.
    core: bool,
    /// It made a state that is possible.
    made: bool,
}

/// The first answer that no order of the calls explains, and the history it is in; only looked for where a verdict rests on
/// one.
pub(crate) fn unexplained(judged: &Judged) -> Option<(usize, Witness)> {
    let rests = |v: &sim_core::judged::Verdict| v.expectation.contains("lineariz") && !v.evidence.is_empty();
    if !judged.verdicts.iter().any(rests) {
        return None;
    }
    let found = judged.run.histories.iter().enumerate().filter_map(|(place, history)| {
        match history.linearizable(Budget::default()).finding {
            Finding::Violated(witness) => Some((place, *witness)),
            Finding::Linearizable | Finding::Unknown(_) => None,
        }
    });
    found.min_by_key(|(_, witness)| witness.at)
}

pub(super) fn shown(judged: &Judged, history: usize, witness: &Witness) -> Shown {
    let (run, history) = (&judged.run, &judged.run.histories[history]);
    let makers: Vec<usize> = witness.possible.iter().filter_map(|possible| possible.last).collect();
    // The few that matter, then others that overlap, latest first.
    let mut all: Vec<usize> = witness.core.iter().chain([&witness.call]).chain(&makers).copied().collect();
    all.extend(witness.concurrent.iter().rev());
    let mut wanted: Vec<usize> = Vec::new();
    for call in all {
        if !wanted.contains(&call) {
            wanted.push(call);
        }
        if wanted.len() > 10 * CALLS_MAX {
            break;
        }
    }
    let left_out = wanted.len().saturating_sub(CALLS_MAX);
    wanted.truncate(CALLS_MAX);
    let bar = |call: usize| {
        let info = history.call(call);
        Bar {
            call,
            client: node(run, info.client),
            server: node(run, info.server),
            op: short(&info.asked, 80),
            answer: info.answer().map(|answer| short(answer, 80)),
            called: info.called.0,
            returned: info.returned().map_or(-1, |at| at.0 as i64),
            stuck: call == witness.call,
            core: witness.core.contains(&call),
            made: makers.contains(&call),
        }
    };
    let mut calls: Vec<Bar> = wanted.into_iter().map(bar).collect();
    calls.sort_by_key(|bar| (bar.called, bar.call));
    let states = witness.possible.iter().map(|possible| short(&possible.state, 120)).collect();
    Shown {
        key: witness.key.min(1 << 53),
        at: witness.at.0,
        sentences: sentences(judged, witness, history.as_ref()),
        states,
        calls,
        left_out,
    }
}

/// What the picture shows, in words.
fn sentences(judged: &Judged, witness: &Witness, history: &dyn sim_core::run::AnyHistory) -> Vec<String> {
    let stuck = history.call(witness.call);
    let who = node(&judged.run, stuck.client);
    let answer = stuck.answer().map_or("a refusal".into(), |answer| short(answer, 80));
    let possible = match witness.possible.as_slice() {
        [only] => format!("the value could only be {}", short(&only.state, 120)),
        several => format!("the value was one of {} that are listed below", count(several.len() as u64)),
    };
    let prefix = counted(witness.prefix.saturating_sub(1) as u64, "call");
    vec![
        format!(
            "Until {} every answer on key {} can be explained: {prefix} made by then can be put into an order that gives all of them.",
            moment(witness.at),
            witness.key
        ),
        format!(
            "Then {who} is told {answer} in answer to {}. Just before, in whatever order the calls are put, {possible}.",
            short(&stuck.asked, 80)
        ),
        "So no order of the calls explains this answer. The calls drawn strong cannot be ordered even by themselves.".into(),
    ]
}
