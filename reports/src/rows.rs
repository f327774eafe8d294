//! Where tasks stand in their timeline: which nodes get a lane, in which row of it a task stands so that none lies over
//! another, and which tasks are too short to be drawn alone.

use crate::{
    axis::{Axis, WIDTH},
    sums::lasted,
};
use sim_core::{
    protocol::NodeId,
    run::Run,
    task::{How, Task, Why},
    time::Time,
};
use std::collections::BTreeMap;

/// So many nodes get a lane.
pub(crate) const LANES_MAX: usize = 60;
/// So many tasks at once are told apart on a node.
pub(crate) const ROWS_MAX: usize = 8;
/// So many bars are drawn; the more tasks there are, the shorter ones are taken together.
const PIECES_MAX: usize = 3_500;

/// The lane of a node.
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    pub(crate) node: NodeId,
    pub(crate) rows: Vec<Vec<Piece>>,
}

/// A task, or several that are too short for a bar each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) from: Time,
    pub(crate) until: Time,
    /// The first one, by its position in the run.
    pub(crate) first: usize,
    pub(crate) tasks: u64,
    /// All are of one kind.
    pub(crate) alike: bool,
    /// So many of them were not simply done.
    pub(crate) odd: u64,
}

/// What the timeline shows, and how much it does not.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    pub(crate) lanes: Vec<Lane>,
    /// Nodes that had tasks.
    pub(crate) nodes: usize,
    /// Lanes of nodes that were chosen because most went otherwise than planned there.
    pub(crate) eventful: usize,
    /// Tasks for which there was no row.
    pub(crate) crowded_out: u64,
    /// Tasks that share their bar.
    pub(crate) shared: u64,
    /// Of those, the ones that were not simply done.
    pub(crate) hidden: u64,
}

/// Whether a task is nothing but done, or under way, as it was planned.
pub(crate) fn plain(task: &Task) -> bool {
    task.why == Why::First && matches!(task.how, How::Done | How::Running)
}

/// Lays out the tasks of a run along an axis.
pub(crate) fn layout(run: &Run, axis: Axis) -> Layout {
    let mut by_node: BTreeMap<NodeId, Vec<usize>> = BTreeMap::new();
    for (index, task) in run.tasks.tasks.iter().enumerate() {
        by_node.entry(task.node).or_default().push(index);
    }
    let mut layout = Layout { nodes: by_node.len(), ..Layout::default() };
    let (chosen, eventful) = chosen(run, &by_node);
    layout.eventful = eventful;
    let mut lanes: Vec<(NodeId, Vec<Vec<usize>>)> = Vec::new();
    for node in chosen {
        let (rows, left) = rows(run, axis, &by_node[&node]);
        layout.crowded_out += left;
        lanes.push((node, rows));
    }
    let all = || lanes.iter().flat_map(|(_, rows)| rows);
    let (pixels, anything) = thinned(|pixels, anything| {
        all().map(|row| merged(run, axis, row, pixels, anything).len()).sum::<usize>() <= PIECES_MAX
    });
    let pieces = |row: &Vec<usize>| merged(run, axis, row, pixels, anything);
    let lane = |(node, rows): &(NodeId, Vec<Vec<usize>>)| Lane {
        node: *node,
        rows: rows.iter().map(pieces).collect(),
    };
    layout.lanes = lanes.iter().map(lane).collect();
    let drawn = layout.lanes.iter().flat_map(|lane| &lane.rows).flatten();
    let shared: Vec<&Piece> = drawn.filter(|piece| piece.tasks > 1).collect();
    let (tasks, odd) =
        (shared.iter().map(|piece| piece.tasks).sum(), shared.iter().map(|piece| piece.odd).sum());
    (layout.shared, layout.hidden) = (tasks, odd);
    layout
}

/// Which nodes get a lane, and how many of them because of what happened there: a third is kept for nodes on which most was
/// lost, done again or backed up; the others are spread evenly.
fn chosen(run: &Run, by_node: &BTreeMap<NodeId, Vec<usize>>) -> (Vec<NodeId>, usize) {
    let all: Vec<NodeId> = by_node.keys().copied().collect();
    if all.len() <= LANES_MAX {
        return (all, 0);
    }
    let odd = |node: &NodeId| by_node[node].iter().filter(|index| !plain(&run.tasks.tasks[**index])).count();
    let mut eventful: Vec<(usize, NodeId)> = all.iter().map(|node| (odd(node), *node)).collect();
    eventful.retain(|(odd, _)| *odd > 0);
    eventful.sort_by_key(|(odd, node)| (core::cmp::Reverse(*odd), *node));
    eventful.truncate(LANES_MAX / 3);
    let mut chosen: Vec<NodeId> = eventful.iter().map(|(_, node)| *node).collect();
    let rest: Vec<NodeId> = all.into_iter().filter(|node| !chosen.contains(node)).collect();
    let room = LANES_MAX - chosen.len();
    chosen.extend((0..room).map(|index| rest[index * rest.len() / room]));
    chosen.sort_unstable();
    (chosen, eventful.len())
}

/// When a task is over, for a picture.
fn over(task: &Task, axis: Axis) -> Time {
    task.begun + lasted(task, axis.end)
}

/// The tasks of a node in rows without overlaps: each in the first row that is free. And how many found none.
fn rows(run: &Run, axis: Axis, tasks: &[usize]) -> (Vec<Vec<usize>>, u64) {
    let mut sorted: Vec<&usize> = tasks.iter().collect();
    sorted.sort_by_key(|index| run.tasks.tasks[**index].begun);
    let (mut rows, mut free, mut left) = (Vec::<Vec<usize>>::new(), Vec::<Time>::new(), 0);
    for &index in sorted {
        let task = &run.tasks.tasks[index];
        let row = free.iter().position(|free| *free <= task.begun).unwrap_or(rows.len());
        if row == ROWS_MAX {
            left += 1;
            continue;
        }
        if row == rows.len() {
            rows.push(Vec::new());
            free.push(Time::ZERO);
        }
        rows[row].push(index);
        free[row] = over(task, axis);
    }
    (rows, left)
}

/// From how many pixels on a task has a bar of its own, and whether those that are not plain share one too: as few as are
/// few enough, and what went otherwise than planned is hidden last.
fn thinned(few: impl Fn(f64, bool) -> bool) -> (f64, bool) {
    const PLAIN: [f64; 5] = [1.0, 2.0, 4.0, 8.0, 16.0];
    if let Some(pixels) = PLAIN.into_iter().find(|pixels| few(*pixels, false)) {
        return (pixels, false);
    }
    let mut pixels = 1.0;
    while !few(pixels, true) && pixels <= WIDTH {
        pixels *= 2.0;
    }
    (pixels, true)
}

/// The tasks of a row, with neighbours shorter than so many pixels in one piece; those that are not plain only if it may hold
/// anything.
fn merged(run: &Run, axis: Axis, row: &[usize], pixels: f64, anything: bool) -> Vec<Piece> {
    // A piece may be of several kinds while it is short: a long one would say nothing.
    let mixed_max = pixels.max(4.0);
    let width = |from: Time, until: Time| axis.x(until) - axis.x(from);
    let mut pieces: Vec<Piece> = Vec::new();
    // Whether the last piece takes more.
    let mut open = false;
    for &index in row {
        let task = &run.tasks.tasks[index];
        let (from, until, odd) = (task.begun, over(task, axis), u64::from(!plain(task)));
        let short = width(from, until) < pixels && (anything || odd == 0);
        let fits = |last: &Piece| {
            let same = last.alike && run.tasks.tasks[last.first].kind == task.kind;
            width(last.until, from) < pixels && (same || width(last.from, until) < mixed_max)
        };
        match pieces.last_mut() {
            Some(last) if open && short && fits(last) => {
                last.alike &= run.tasks.tasks[last.first].kind == task.kind;
                (last.until, last.tasks, last.odd) = (until, last.tasks + 1, last.odd + odd);
            }
            Some(_) | None => {
                pieces.push(Piece { from, until, first: index, tasks: 1, alike: true, odd });
                open = short;
            }
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_goes_no_further_than_it_must() {
        assert_eq!(thinned(|_, _| true), (1.0, false));
        assert_eq!(thinned(|pixels, _| pixels > 3.0), (4.0, false));
        assert_eq!(thinned(|_, anything| anything), (1.0, true));
        assert_eq!(thinned(|pixels, anything| anything && pixels > 20.0), (32.0, true));
        assert!(thinned(|_, _| false).0 > WIDTH, "it ends");
    }
}
