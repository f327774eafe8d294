//! The timeline of tasks: a lane for each node, in it a bar for each task from when it began to when it ended.
//!
//! Nothing is told by colour alone but the kind, and that stands in the text that appears where one points: what is begun
//! again is striped, a backup is hollow, what came to nothing is pale and ends in a mark.

use crate::{
    axis::{Axis, LEFT, RIGHT, WIDTH},
    bars::{STRIPES, Sort, bar, ending, label, legend},
    charts::{self, subject},
    gauges::Picture,
    lanes::{PATTERNS, moments, shades},
    marks::Marks,
    overlays,
    palette::{CROWDED, INK, MUTED, PAPER, QUIET},
    roles,
    rows::{LANES_MAX, Layout, Piece, ROWS_MAX},
    sums::{input, lasted},
    svg::{self, Anchor},
    tasks::Kinds,
    words::{self, columns, count, counted, moment, short, span},
};
use sim_core::{
    judged::Judged,
    protocol::{NodeId, Role},
    task::{How, Task, Why},
};
use std::collections::BTreeSet;

const HEAD: f64 = 22.0;
/// Between lanes; it has room for a line that says what was not well.
const GAP: f64 = 6.0;
/// A lane is as high as its name at least.
const LANE_MIN: f64 = 11.0;
/// Rows share about so much height.
const HEIGHT: f64 = 640.0;
/// With more bars than this they have no numbers.
const NUMBERED_MAX: usize = 800;
/// So many stretches in which nodes did not run are drawn; the more there are, the larger the gaps that are drawn over.
const STRETCHES_MAX: usize = 500;

/// Where a lane stands.
#[derive(Clone, Copy)]
struct Place {
    top: f64,
    height: f64,
    /// From one row to the next.
    pitch: f64,
}

/// Where the lanes stand, and where the last one ends.
fn places(layout: &Layout, top: f64) -> (Vec<Place>, f64) {
    let rows: usize = layout.lanes.iter().map(|lane| lane.rows.len()).sum();
    let pitch = (HEIGHT / rows.max(1) as f64).clamp(5.0, 13.0).floor();
    let mut bottom = top;
    let mut place = |rows: usize| {
        let height = (rows as f64 * pitch - 1.0).max(LANE_MIN);
        let place = Place { top: bottom, height, pitch: (height + 1.0) / rows.max(1) as f64 };
        bottom += height + GAP;
        place
    };
    let places = layout.lanes.iter().map(|lane| place(lane.rows.len())).collect();
    (places, bottom)
}

pub(crate) fn timeline(judged: &Judged, layout: &Layout, kinds: &Kinds, place: charts::Place) -> Picture {
    let axis = Axis::of(judged);
    let marks = Marks::of(judged, axis);
    let top = HEAD + marks.height() + 6.0;
    let (places, bottom) = places(layout, top);
    let nodes: Vec<NodeId> = layout.lanes.iter().map(|lane| lane.node).collect();
    let title = "What nodes worked on".to_string();
    let mut body = String::new();
    svg::label(&mut body, (4.0, 14.0), Anchor::Start, INK, WIDTH, &subject(judged, &title, place));
    for lane in &places {
        let paint = format!("fill=\"{}\" fill-opacity=\"0.35\"", QUIET.light);
        svg::block(&mut body, (LEFT, lane.top, WIDTH - LEFT - RIGHT, lane.height), &paint, "");
    }
    shades(&mut body, &marks, axis, (top, bottom));
    let idle = not_running(&mut body, judged, &nodes, axis, &places);
    let pieces = || layout.lanes.iter().flat_map(|lane| &lane.rows).flatten();
    let numbered = pieces().count() <= NUMBERED_MAX;
    // Marks lie over the bars of neighbours too.
    let mut over = String::new();
    for (lane, at) in layout.lanes.iter().zip(&places) {
        let name = words::node(&judged.run, lane.node);
        let baseline = at.top + at.height / 2.0 + 4.0;
        svg::label(&mut body, (LEFT - 8.0, baseline), Anchor::End, INK, LEFT - 10.0, &name);
        for (row, pieces) in lane.rows.iter().enumerate() {
            let place = (axis, at.top + at.pitch * row as f64, at.pitch - 1.0);
            for piece in pieces {
                draw((&mut body, &mut over), judged, kinds, piece, place, numbered);
            }
        }
    }
    body.push_str(&over);
    let below = |lane: usize, _| places[lane].top + places[lane].height + GAP / 2.0;
    let ills = overlays::ills(&mut body, judged, &nodes, axis, below);
    marks.draw(&mut body, HEAD, bottom);
    moments(&mut body, axis, bottom);
    let shown: BTreeSet<Sort> = pieces().map(|piece| Sort::of(judged, piece)).collect();
    let mut bottom = legend(&mut body, kinds, &shown, (&idle, &ills), bottom + 26.0);
    for note in notes(judged, layout) {
        svg::label(&mut body, (LEFT, bottom + 9.5), Anchor::Start, MUTED, WIDTH - LEFT, &note);
        bottom += 16.0;
    }
    if place == charts::Place::File {
        marks.draw_legend(&mut body, bottom);
        bottom += marks.legend_height();
    }
    let mut out = format!(
        "<svg width=\"{WIDTH}\" height=\"{0}\" viewBox=\"0 0 {WIDTH} {0}\" xmlns=\"http://www.w3.org/2000/svg\">\n",
        (bottom + 4.0).ceil()
    );
    if place == charts::Place::File {
        let paint = format!("fill=\"{}\"", PAPER.light);
        svg::block(&mut out, (0.0, 0.0, WIDTH, (bottom + 4.0).ceil()), &paint, "");
    }
    for part in [PATTERNS, STRIPES, &body, "</svg>\n"] {
        out.push_str(part);
    }
    Picture { svg: out, title }
}

fn draw(
    (bars, marks): (&mut String, &mut String),
    judged: &Judged,
    kinds: &Kinds,
    piece: &Piece,
    (axis, y, height): (Axis, f64, f64),
    numbered: bool,
) {
    let task = &judged.run.tasks.tasks[piece.first];
    let color = kinds.iter().find(|(kind, _)| *kind == task.kind).map_or(CROWDED, |(_, color)| *color);
    let (x, end) = (axis.x(piece.from), axis.x(piece.until));
    // A sliver of ground between neighbours tells them apart; what is short is still to be seen.
    let width = (end - x - if end - x > 3.0 { 0.7 } else { 0.0 }).max(1.0);
    let sort = Sort::of(judged, piece);
    let title = match sort {
        Sort::One(..) => sentence(judged, task, axis),
        Sort::Several { alike } => several(judged, piece, task, alike),
    };
    bar(bars, sort, color, (x, y, width, height), &title);
    ending(marks, sort, (x + width, y, height));
    let number = (task.number + 1).to_string();
    if numbered && height >= 9.0 && piece.tasks == 1 && columns(&number) as f64 * 5.5 + 9.0 <= width {
        label(marks, sort, color, (x + width / 2.0, y + height / 2.0 + 3.0), &number);
    }
}

/// All about a task: `worker-3: map 17 of job 1, again, 2s–3.4s (1.4s): done; 64MB read, all of it on the spot`.
fn sentence(judged: &Judged, task: &Task, axis: Axis) -> String {
    let why = match task.why {
        Why::First => "",
        Why::Again => ", again",
        Why::Backup => ", as a backup",
    };
    let how = match task.how {
        How::Running => "still at it",
        How::Done => "done",
        How::Beaten => "given up, another was faster",
        How::Failed => "failed",
        How::Lost => "lost with the node",
    };
    let lasted = lasted(task, axis.end);
    let mut sentence = format!(
        "{}: {} {} of job {}{why}, {}–{} ({}): {how}",
        words::node(&judged.run, task.node),
        short(task.kind, 24),
        count(u64::from(task.number) + 1),
        count(u64::from(task.job) + 1),
        moment(task.begun),
        moment(task.begun + lasted),
        span(lasted)
    );
    if task.bytes > 0 {
        sentence += &format!("; {}", input(task.kind, task.bytes, task.local));
    }
    sentence
}

fn several(judged: &Judged, piece: &Piece, first: &Task, alike: bool) -> String {
    let what = if alike { short(first.kind, 24) + " " } else { String::new() };
    let odd = match piece.odd {
        0 => String::new(),
        odd => format!(", {} of them not simply done", count(odd)),
    };
    format!(
        "{}: {} {what}tasks, {}–{}{odd}",
        words::node(&judged.run, first.node),
        count(piece.tasks),
        moment(piece.from),
        moment(piece.until)
    )
}

/// Shows when nodes were down or frozen, and says which there was.
fn not_running(
    out: &mut String,
    judged: &Judged,
    nodes: &[NodeId],
    axis: Axis,
    places: &[Place],
) -> Vec<(&'static str, &'static str)> {
    const LOOKS: [(&str, &str); 2] = [("node down", "url(#down)"), ("node frozen", "url(#frozen)")];
    let changes = roles::changes(judged);
    let mut windows = Vec::new();
    for (lane, node) in nodes.iter().enumerate() {
        for stretch in roles::stretches(&changes, *node, axis.end) {
            let looks = [Role::DOWN, Role::PAUSED].iter().position(|role| *role == stretch.role);
            windows.extend(looks.map(|look| ((lane, look), stretch.from, stretch.until, 0)));
        }
    }
    let mut seen = BTreeSet::new();
    for (((lane, look), from, until, _), _) in crate::areas::together(windows, axis, STRETCHES_MAX) {
        let (name, fill) = LOOKS[look];
        let Place { top, height, .. } = places[lane];
        let place = (axis.x(from), top, (axis.x(until) - axis.x(from)).max(1.0), height);
        let title = format!("{name}, {}–{}", moment(from), moment(until));
        svg::block(out, place, &format!("fill=\"{fill}\" fill-opacity=\"0.6\""), &title);
        seen.insert(look);
    }
    seen.into_iter().map(|look| LOOKS[look]).collect()
}

/// What is not to be seen, in words.
fn notes(judged: &Judged, layout: &Layout) -> Vec<String> {
    let mut notes = Vec::new();
    if layout.nodes > layout.lanes.len() {
        let others = match layout.eventful {
            0 => "spread evenly".into(),
            eventful => format!(
                "the {} with most that was lost, given up or done more than once, the others spread evenly",
                count(eventful as u64)
            ),
        };
        notes.push(format!(
            "{LANES_MAX} of {} that had tasks: {others}",
            counted(layout.nodes as u64, "node")
        ));
    }
    if layout.shared > 0 {
        let hidden = match layout.hidden {
            0 => String::new(),
            hidden => format!("; {} of them were lost, given up or done more than once", count(hidden)),
        };
        notes
            .push(format!("{} so short that neighbours share a bar{hidden}", counted(layout.shared, "task")));
    }
    if layout.crowded_out > 0 {
        notes.push(format!(
            "{} not shown: more than {ROWS_MAX} at once on their node",
            counted(layout.crowded_out, "task")
        ));
    }
    if judged.run.tasks.untold > 0 {
        notes.push(format!(
            "{} not shown: they began after the {} that are kept",
            counted(judged.run.tasks.untold, "task"),
            count(sim_core::task::Tasks::MAX as u64)
        ));
    }
    notes
}
