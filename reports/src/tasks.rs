//! What nodes worked on, drawn over time: how many tasks were at work, and node by node every one of them.

use crate::{
    axis::Axis,
    charts::{Chart, Place, Series},
    gauges::{Picture, stacked, ticks},
    palette::{BLUE, Color, GREEN, ORANGE, PURPLE, SKY},
    rows::layout,
    sums::kinds,
    timeline::timeline,
    words::{count, moment, short},
};
use sim_core::{judged::Judged, time::Time};

/// So many moments tell a rise from a fall.
const COLUMNS_MAX: u64 = 200;

/// The tasks of the nodes as one SVG file: how many were at work, and a timeline with a lane for each node. `None` if nobody
/// told of any.
///
/// What is begun again is striped, a backup is hollow, and what came to nothing is pale and ends in a mark. However many
/// tasks there are, the file stays below two mebibytes; what it leaves out it says.
pub fn tasks_svg(judged: &Judged) -> Option<String> {
    stacked(pictures(judged, Place::File))
}

pub(crate) fn pictures(judged: &Judged, place: Place) -> Vec<Picture> {
    if judged.run.tasks.tasks.is_empty() {
        return Vec::new();
    }
    let kinds = palette(judged);
    let layout = layout(&judged.run, Axis::of(judged));
    vec![at_work(judged, &kinds, place), timeline(judged, &layout, &kinds, place)]
}

/// The kinds of work, each with its colour.
pub(crate) type Kinds = Vec<(&'static str, Color)>;

fn palette(judged: &Judged) -> Kinds {
    // Not that of what faults do to the network, and not that of warnings.
    let colors = [BLUE, ORANGE, GREEN, PURPLE, SKY].into_iter().cycle();
    kinds(&judged.run.tasks.tasks).into_iter().zip(colors).collect()
}

/// How many tasks of each kind were at work on all nodes together.
fn at_work(judged: &Judged, kinds: &Kinds, place: Place) -> Picture {
    let axis = Axis::of(judged);
    let moment_of =
        |column: u64| Time((u128::from(axis.end.0) * u128::from(column) / u128::from(COLUMNS_MAX)) as u64);
    let moments: Vec<Time> = (0..=COLUMNS_MAX).map(moment_of).collect();
    let numbers: Vec<Vec<u64>> = kinds.iter().map(|(kind, _)| working(judged, kind, &moments)).collect();
    let most = numbers.iter().flatten().copied().max().unwrap_or(0).max(1) as f64;
    let line = |numbers: &Vec<u64>, color: Color| {
        let point = |(at, number): (&Time, &u64)| (axis.share(*at), *number as f64 / most);
        Series::Line(moments.iter().zip(numbers).map(point).collect(), color, 2)
    };
    let tip = |index: usize| {
        let each = kinds.iter().zip(&numbers);
        let parts: Vec<String> = each
            .map(|((kind, _), numbers)| format!("{} {}", count(numbers[index]), short(kind, 24)))
            .collect();
        (moments[index - 1], moments[index], format!("{}: {}", moment(moments[index]), parts.join(", ")))
    };
    let title = "Tasks at work on all nodes".to_string();
    let whole = |tick: &f64| tick.fract() == 0.0;
    let chart = Chart {
        judged,
        axis,
        tips: (1..moments.len()).map(tip).collect(),
        title: &title,
        key: kinds.iter().map(|(kind, color)| (short(kind, 24), *color)).collect(),
        ticks: ticks(most).into_iter().filter(whole).map(|tick| (tick / most, count(tick as u64))).collect(),
        series: kinds.iter().zip(&numbers).map(|((_, color), numbers)| line(numbers, *color)).collect(),
        rule: None,
        uprights: Vec::new(),
        height: 110.0,
    };
    Picture { svg: chart.draw(place), title }
}

/// How many tasks of a kind had begun and not ended at these moments.
fn working(judged: &Judged, kind: &str, moments: &[Time]) -> Vec<u64> {
    let tasks = judged.run.tasks.tasks.iter().filter(|task| task.kind == kind);
    let (mut begun, mut ended): (Vec<Time>, Vec<Time>) = (Vec::new(), Vec::new());
    for task in tasks {
        begun.push(task.begun);
        ended.extend(task.ended);
    }
    begun.sort_unstable();
    ended.sort_unstable();
    let by = |times: &[Time], at: Time| times.partition_point(|time| *time <= at) as u64;
    moments.iter().map(|at| by(&begun, *at).saturating_sub(by(&ended, *at))).collect()
}
