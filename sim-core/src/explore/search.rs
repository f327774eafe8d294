//! Breadth first, and what is kept of a state once it was visited: its fingerprint, and the step that led there. States
//! are numbered in the order of their discovery, which is the order in which they are looked at; each is made anew
//! when its turn comes, from the last one by way of the state at which their paths part. So memory is about thirty bytes
//! a state, however large a state is.

use super::{
    Counterexample, Ended, Exploration, Progress, Small, Step,
    snapshot::{Choice, Snapshot, Stage},
};
use crate::protocol::Protocol;
use alloc::{collections::BTreeSet, vec, vec::Vec};

/// What was visited.
struct Visited {
    fingerprints: BTreeSet<u64>,
    /// By state: the one before, and which of the choices there led here.
    came: Vec<(u32, u32)>,
}

/// The number of the first state.
const FIRST: u32 = 0;
/// Progress is told after so many states.
const TELL: usize = 1024;

/// The states on the path to one, by number.
struct Trail<'a, P: Protocol> {
    stage: Stage<'a, P>,
    states: Vec<(u32, Snapshot<P>)>,
}

impl<P: Protocol> Trail<'_, P> {
    /// Goes to a state, which is `depth` steps from the first, and enters it.
    fn go(&mut self, number: u32, depth: usize, visited: &Visited) {
        let mut steps = Vec::new();
        let (mut state, mut at) = (number, depth);
        while self.states.get(at).is_none_or(|(here, _)| *here != state) {
            let (before, choice) = visited.came[state as usize];
            steps.push((state, choice));
            (state, at) = (before, at - 1);
        }
        self.states.truncate(at + 1);
        for (state, choice) in steps.into_iter().rev() {
            let here = &self.states[self.states.len() - 1].1;
            self.stage.enter(here);
            let next = self.stage.take(here, self.stage.choices(here)[choice as usize]);
            self.states.push((state, next));
        }
        self.stage.enter(&self.states[depth].1);
    }

    /// The steps on the path, and a last one.
    fn steps(&self, visited: &Visited, last: Option<Choice>) -> Vec<Step> {
        let stage = &self.stage;
        let pairs = self.states.iter().zip(self.states.iter().skip(1));
        let taken = pairs.map(|((_, here), (next, _))| {
            let choice = stage.choices(here)[visited.came[*next as usize].1 as usize];
            stage.step(here, choice)
        });
        let end = self.states.last().map(|(_, here)| here);
        taken.chain(end.zip(last).map(|(here, choice)| stage.step(here, choice))).collect()
    }
}

pub(super) fn search<P: Protocol>(
    small: &Small<P>,
    goes_on: &mut dyn FnMut(Progress) -> bool,
) -> Exploration {
    let mut stage = Stage::new(small);
    let first = stage.first();
    let mut visited = Visited { fingerprints: BTreeSet::from([first.fingerprint()]), came: vec![(FIRST, 0)] };
    let mut violation = counterexample(&first, Vec::new);
    let mut trail = Trail { stage, states: vec![(FIRST, first)] };
    let (mut steps, mut depth, mut number) = (0, 0, FIRST);
    // The first state that is one step further away than those looked at now.
    let mut further = 1;
    let mut ended = if violation.is_some() { Ended::Violated } else { Ended::All };
    'search: while violation.is_none() && (number as usize) < visited.came.len() {
        if number == further {
            (further, depth) = (visited.came.len() as u32, depth + 1);
        }
        trail.go(number, depth as usize, &visited);
        let choices = trail.stage.choices(&trail.states[depth as usize].1);
        if small.bounds.depth.is_some_and(|most| depth >= most) && !choices.is_empty() {
            ended = Ended::Depth(depth);
            break;
        }
        for (index, choice) in choices.into_iter().enumerate() {
            steps += 1;
            let Trail { stage, states } = &mut trail;
            let next = stage.take(&states[depth as usize].1, choice);
            violation = counterexample(&next, || trail.steps(&visited, Some(choice)));
            if violation.is_some() {
                (ended, depth) = (Ended::Violated, depth + 1);
                break 'search;
            }
            if !visited.fingerprints.insert(next.fingerprint()) {
                continue;
            }
            if visited.came.len() >= small.bounds.states as usize {
                ended = Ended::States(depth);
                break 'search;
            }
            visited.came.push((number, index as u32));
            let states = visited.came.len();
            let waiting = states as u64 - u64::from(number);
            if states.is_multiple_of(TELL) && !goes_on(Progress { states: states as u64, depth, waiting }) {
                ended = Ended::Stopped(depth);
                break 'search;
            }
        }
        number += 1;
    }
    let (states, properties) = (visited.came.len() as u64, trail.stage.properties());
    Exploration { states, steps, depth, ended, violation, properties }
}

/// The violation that a state has, if it has one, with the path to it.
fn counterexample<P: Protocol>(
    here: &Snapshot<P>,
    path: impl FnOnce() -> Vec<Step>,
) -> Option<Counterexample> {
    let (property, found) = here.broken.first().cloned()?;
    Some(Counterexample { property, found, path: path() })
}
