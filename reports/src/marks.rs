//! Faults on the time axis: a shade for as long as each was in force, and a numbered badge where it struck.
//!
//! Badges never overlap: they stand in up to [`ROWS_MAX`] rows, and one that finds no room in any is left to the tables,
//! which carry the same numbers. The name stands beside the badge where the next one leaves room.

use crate::{
    axis::{Axis, RIGHT, WIDTH},
    faults::{self, Told},
    palette::{GREEN, INK, MUTED, PAPER, VERMILLION},
    svg::{self, Anchor, COLUMN, escape, px},
    words::{columns, counted},
};
use sim_core::{judged::Judged, time::Time};
use std::fmt::Write;

const ROWS_MAX: usize = 3;
const ROW: f64 = 18.0;
/// How opaque the shade of a fault is. In every picture it has the class `band`.
pub(crate) const BAND: f64 = 0.1;
/// More harm than this is shaded as one, without regard to which fault it was.
const BANDS_MAX: usize = 60;
const BADGES_MAX: usize = 200;
const LEGEND_MAX: usize = 8;

/// The faults of a run, laid out along its axis.
#[derive(Debug)]
pub(crate) struct Marks {
    /// When harm was in force.
    pub(crate) bands: Vec<(Time, Time)>,
    badges: Vec<Badge>,
    legend: Vec<String>,
    rows: usize,
}

#[derive(Debug)]
struct Badge {
    x: f64,
    row: usize,
    /// Pixels for the name.
    room: f64,
    fault: Told,
}

impl Badge {
    /// Where it ends, with a gap.
    fn end(&self) -> f64 {
        self.x + width(self.fault.number) + 3.0
    }
    /// Where its name starts.
    fn name_x(&self) -> f64 {
        self.x + width(self.fault.number) + 4.0
    }
    /// Where its name should end, with a gap.
    fn wanted_end(&self) -> f64 {
        self.name_x() + (columns(&self.fault.name).min(18) + 1) as f64 * COLUMN
    }
}

impl Marks {
    pub(crate) fn of(judged: &Judged, axis: Axis) -> Marks {
        let mut badges: Vec<Badge> = Vec::new();
        let told = faults::told(judged, BADGES_MAX);
        let struck = |fault: &Told| fault.outcome != faults::Outcome::NotStruck;
        let legend = legend(judged, &told);
        for fault in told.into_iter().filter(struck) {
            let x = axis.x(fault.at).min(WIDTH - RIGHT - width(fault.number));
            // A row in which the names of all can be read, or else one in which the badges can.
            let free = |row: usize, end: fn(&Badge) -> f64| {
                badges.iter().rev().find(|b| b.row == row).is_none_or(|last| end(last) <= x)
            };
            let row = (0..ROWS_MAX).find(|&row| free(row, Badge::wanted_end));
            if let Some(row) = row.or_else(|| (0..ROWS_MAX).find(|&row| free(row, Badge::end))) {
                badges.push(Badge { x, row, room: 0.0, fault });
            }
        }
        for index in 0..badges.len() {
            let (x, row) = (badges[index].name_x(), badges[index].row);
            let next = badges[index + 1..].iter().find(|b| b.row == row).map_or(WIDTH - 2.0, |b| b.x - 4.0);
            badges[index].room = next - x;
        }
        let rows = badges.iter().map(|b| b.row + 1).max().unwrap_or(0);
        Marks { bands: bands(judged, axis), badges, legend, rows }
    }

    /// Pixels that the badges need above the plot.
    pub(crate) fn height(&self) -> f64 {
        self.rows as f64 * ROW
    }

    /// The badges, with the first row at `top` and a thin line from each down to `bottom`.
    pub(crate) fn draw(&self, out: &mut String, top: f64, bottom: f64) {
        for badge in &self.badges {
            let (x, y) = (badge.x, top + badge.row as f64 * ROW);
            let color = if badge.fault.harms { VERMILLION } else { GREEN };
            svg::dashes(out, (x, y + 14.0), (x, bottom), color);
        }
        for badge in &self.badges {
            let (x, y) = (badge.x, top + badge.row as f64 * ROW);
            let color = if badge.fault.harms { VERMILLION } else { GREEN };
            let fault = &badge.fault;
            let (width, number) = (width(fault.number), fault.number);
            let _ = writeln!(
                out,
                "<g><title>{}</title><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"14\" rx=\"3\" fill=\"{}\"/>\
                 <text x=\"{}\" y=\"{}\" text-anchor=\"middle\" font-family=\"sans-serif\" font-size=\"10\" \
                 font-weight=\"bold\" fill=\"{}\">{number}</text>",
                escape(&sentence(fault)),
                px(x),
                px(y),
                px(width),
                color.light,
                px(x + width / 2.0),
                px(y + 10.5),
                PAPER.light,
            );
            if badge.room > 4.0 * COLUMN {
                svg::label(out, (badge.name_x(), y + 10.5), Anchor::Start, INK, badge.room, &fault.name);
            }
            out.push_str("</g>\n");
        }
    }

    /// Pixels that the legend needs.
    pub(crate) fn legend_height(&self) -> f64 {
        if self.legend.is_empty() { 0.0 } else { 16.0 * self.legend.len() as f64 + 8.0 }
    }

    /// What the numbers mean, one line each.
    pub(crate) fn draw_legend(&self, out: &mut String, top: f64) {
        for (index, line) in self.legend.iter().enumerate() {
            let y = top + 16.0 * (index as f64 + 1.0);
            svg::label(out, (crate::axis::LEFT, y), Anchor::Start, MUTED, WIDTH - crate::axis::LEFT, line);
        }
    }
}

/// The width of a badge.
fn width(number: usize) -> f64 {
    7.0 + 7.0 * columns(&number.to_string()) as f64
}

fn sentence(fault: &Told) -> String {
    let mut parts = vec![format!("{} {} ({})", fault.when, fault.name, fault.kind)];
    parts.extend([&fault.whom, &fault.effect, &fault.recovery, &fault.say].map(String::clone));
    parts.retain(|part| !part.is_empty());
    parts.join(" · ")
}

fn legend(judged: &Judged, told: &[Told]) -> Vec<String> {
    let line = |fault: &Told| {
        let kind = if fault.name.contains(fault.kind) { String::new() } else { format!(" ({})", fault.kind) };
        let mut line = format!("{}  {}{kind}, {}", fault.number, fault.name, fault.when);
        if !fault.whom.is_empty() {
            line.push_str(&format!(": {}", fault.whom));
        }
        if fault.outcome != faults::Outcome::Bit {
            line.push_str(&format!(" — {}", fault.effect));
        }
        line
    };
    let mut lines: Vec<String> = told.iter().take(LEGEND_MAX).map(line).collect();
    if judged.run.faults.len() > lines.len() {
        lines
            .push(format!("… and {}", counted((judged.run.faults.len() - lines.len()) as u64, "more fault")));
    }
    lines
}

/// One band per fault, or their union where there are too many.
fn bands(judged: &Judged, axis: Axis) -> Vec<(Time, Time)> {
    let windows = judged.run.faults.iter().filter_map(|f| f.window(axis.end));
    let mut all: Vec<(Time, Time)> =
        windows.filter(|(from, until)| from < until && *from < axis.end).collect();
    if all.len() <= BANDS_MAX {
        return all;
    }
    all.sort_unstable();
    let pixel = axis.end.0 / WIDTH as u64;
    let mut union: Vec<(Time, Time)> = Vec::new();
    for (from, until) in all {
        match union.last_mut() {
            Some(last) if from.0 <= last.1.0.saturating_add(pixel) => last.1 = last.1.max(until),
            _ => union.push((from, until)),
        }
    }
    union
}
