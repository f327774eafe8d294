//! What the tasks of a run came to, by service and kind: how many, how often again, how long, and where their input lay.

use crate::words::{count, counted, pack, short, size, span};
use sim_core::{
    run::Run,
    task::{How, Task, Why},
    time::{Span, Time},
};
use std::collections::{BTreeMap, BTreeSet};

/// The tasks of one kind that the nodes of one service worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskSum {
    /// Which service, by its position in the run.
    pub service: usize,
    /// The kind of work.
    pub kind: &'static str,
    /// Different tasks, however often each was done.
    pub tasks: u64,
    /// Of those, the ones that were done at least once.
    pub finished: u64,
    /// Every time that one was done.
    pub done: u64,
    /// Times that one was begun because it was lost.
    pub again: u64,
    /// Times that one was begun because somebody else was slow at it.
    pub backups: u64,
    /// Of those, the ones that were done first.
    pub backups_won: u64,
    /// Ended because the node went down.
    pub lost: u64,
    /// Given up because somebody else was faster.
    pub beaten: u64,
    /// Could not be done.
    pub failed: u64,
    /// Went on at the end of the run.
    pub running: u64,
    /// Bytes that were taken in.
    pub bytes: u64,
    /// Of those, what did not leave the machine.
    pub local: u64,
    /// How long those that were done took: the lower one of the middle two, 0 if none was.
    pub median: Span,
    /// The longest of them.
    pub longest: Span,
}

impl TaskSum {
    /// Bytes that came from other machines.
    pub fn crossed(&self) -> u64 {
        self.bytes.saturating_sub(self.local)
    }
}

/// Sums up the tasks of a run: services in their order, kinds in the order in which they were first begun.
pub fn task_sums(run: &Run) -> Vec<TaskSum> {
    let kinds = kinds(&run.tasks.tasks);
    let mut groups: BTreeMap<(usize, usize), Vec<&Task>> = BTreeMap::new();
    for task in &run.tasks.tasks {
        let service = run.services.iter().position(|service| service.holds(task.node));
        let kind = kinds.iter().position(|kind| *kind == task.kind);
        if let Some(place) = service.zip(kind) {
            groups.entry(place).or_default().push(task);
        }
    }
    groups.into_iter().map(|((service, kind), tasks)| sum(service, kinds[kind], &tasks)).collect()
}

/// The kinds of work, in the order in which they were first begun.
pub(crate) fn kinds(tasks: &[Task]) -> Vec<&'static str> {
    let mut kinds: Vec<&'static str> = Vec::new();
    for task in tasks {
        if !kinds.contains(&task.kind) {
            kinds.push(task.kind);
        }
    }
    kinds
}

fn sum(service: usize, kind: &'static str, tasks: &[&Task]) -> TaskSum {
    let all = |is: &dyn Fn(&Task) -> bool| tasks.iter().filter(|task| is(task)).count() as u64;
    let how = |how: How| all(&|task| task.how == how);
    let different = |is: &dyn Fn(&Task) -> bool| {
        let chosen = tasks.iter().filter(|task| is(task)).map(|task| (task.job, task.number));
        chosen.collect::<BTreeSet<_>>().len() as u64
    };
    let done = tasks.iter().filter(|task| task.how == How::Done);
    let mut took: Vec<Span> = done.map(|task| lasted(task, task.begun)).collect();
    took.sort_unstable();
    TaskSum {
        service,
        kind,
        tasks: different(&|_| true),
        finished: different(&|task| task.how == How::Done),
        done: how(How::Done),
        again: all(&|task| task.why == Why::Again),
        backups: all(&|task| task.why == Why::Backup),
        backups_won: all(&|task| task.why == Why::Backup && task.how == How::Done),
        lost: how(How::Lost),
        beaten: how(How::Beaten),
        failed: how(How::Failed),
        running: how(How::Running),
        bytes: tasks.iter().fold(0, |sum, task| sum.saturating_add(task.bytes)),
        local: tasks.iter().fold(0, |sum, task| sum.saturating_add(task.local)),
        median: took.get(took.len().saturating_sub(1) / 2).copied().unwrap_or(Span::ZERO),
        longest: took.last().copied().unwrap_or(Span::ZERO),
    }
}

/// How long a task took, or has taken by `end`.
pub(crate) fn lasted(task: &Task, end: Time) -> Span {
    let ended = task.ended.unwrap_or(end);
    if ended < task.begun { Span::ZERO } else { ended.since(task.begun) }
}

/// What nodes worked on, a line or two for each kind of work.
pub(crate) fn lines(run: &Run, room: usize) -> Vec<String> {
    const SHOWN: usize = 4;
    let sums = task_sums(run);
    let several = sums.iter().any(|sum| sum.service != sums[0].service);
    let mut lines = Vec::new();
    for sum in sums.iter().take(SHOWN) {
        let mut phrases = phrases(sum);
        if let Some(service) = run.services.get(sum.service).filter(|_| several) {
            phrases[0] = format!("{}: {}", short(&service.name, 24), phrases[0]);
        }
        lines.extend(pack(&phrases, " · ", room));
    }
    if sums.len() > SHOWN {
        lines.push(format!("… and {}", counted((sums.len() - SHOWN) as u64, "more kind")));
    }
    lines
}

/// In a few phrases: how many, where the input lay, what had to be done more than once, and how long they took.
fn phrases(sum: &TaskSum) -> Vec<String> {
    let number = match sum.finished == sum.tasks {
        true => count(sum.tasks),
        false => format!("{} of {}", count(sum.finished), count(sum.tasks)),
    };
    let mut phrases = vec![format!("{number} {}", short(sum.kind, 24))];
    if sum.bytes > 0 {
        phrases.push(input(sum.kind, sum.bytes, sum.local));
    }
    // What was lost and begun again is told once.
    let lost = if sum.lost > sum.again { sum.lost } else { 0 };
    let odd = [(sum.again, "again"), (lost, "lost"), (sum.failed, "failed"), (sum.running, "under way")];
    phrases.extend(odd.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{} {word}", count(*n))));
    if sum.backups > 0 {
        phrases.push(format!("{}, {} won", counted(sum.backups, "backup"), count(sum.backups_won)));
    }
    if sum.done > 0 {
        phrases.push(format!("p50 {} · max {}", span(sum.median), span(sum.longest)));
    }
    phrases
}

/// What came in, and how much of it from where the work was done: all of what is read should, little of a shuffle can.
pub(crate) fn input(kind: &str, bytes: u64, local: u64) -> String {
    // Rounded down: nothing but all of it is all of it.
    let share = |part: u64| u128::from(part) * 100 / u128::from(bytes.max(1));
    match kind {
        "reduce" => {
            let crossed = share(bytes.saturating_sub(local));
            format!("{} shuffled, {crossed}\u{a0}% over the network", size(bytes))
        }
        _ => format!("{}\u{a0}% of {} on the spot", share(local), size(bytes)),
    }
}
