//! Faults on the time axis: a shade for as long as harm was in force, a row of bars for each area that was harmed, and a
//! numbered badge where each fault struck.
//!
//! The rows have names, so nothing is told by colour alone: the badge of harm is filled, that of its end is hollow.
//! Badges never overlap: they stand in up to [`ROWS_MAX`] rows, and one that finds no room in any is left to the tables,
//! which carry the same numbers. The name stands beside the badge where the next one leaves room.

use crate::{
    areas::{self, Band, Strip},
    axis::{Axis, LEFT, RIGHT, WIDTH},
    faults::{self, Outcome, Told},
    groups::{self, SINGLY_MAX},
    palette::{GREEN, INK, MUTED, PAPER, VERMILLION},
    svg::{self, Anchor, COLUMN, escape, px},
    words::{columns, count, counted, short},
};
use sim_core::{judged::Judged, time::Time};
use std::fmt::Write;

const ROWS_MAX: usize = 3;
const ROW: f64 = 18.0;
/// The height of a row of bars.
const BAR: f64 = 12.0;
/// With more faults than this, badges keep to one row and have no lines below them: the shades say enough.
const CROWD: usize = 40;
const LEGEND_MAX: usize = 8;

/// The faults of a run, laid out along its axis.
#[derive(Debug)]
pub(crate) struct Marks {
    /// When harm was in force, by area.
    strips: Vec<Strip>,
    badges: Vec<Badge>,
    crowded: bool,
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
        let all = &judged.run.faults;
        let crowded = all.len() > CROWD;
        let rows_max = if crowded { 1 } else { ROWS_MAX };
        let mut badges: Vec<Badge> = Vec::new();
        // Where there is a crowd, most find no room: only those that do are put into words.
        let mut edge = 0.0;
        let struck = all.iter().enumerate().filter_map(|(index, report)| Some((index, report.struck?)));
        let placed: Vec<(usize, Time)> = struck
            .filter(|(index, at)| {
                let (x, end) = span(axis, *index, *at);
                let free = !crowded || edge <= x;
                edge = if free { end } else { edge };
                free
            })
            .collect();
        for ((index, at), fault) in
            placed.iter().zip(faults::told(judged, placed.iter().map(|(index, _)| *index)))
        {
            let (x, _) = span(axis, *index, *at);
            // A row in which the names of all can be read, or else one in which the badges can.
            let free = |row: usize, end: fn(&Badge) -> f64| {
                badges.iter().rev().find(|b| b.row == row).is_none_or(|last| end(last) <= x)
            };
            let row = (0..rows_max).find(|&row| free(row, Badge::wanted_end));
            if let Some(row) = row.or_else(|| (0..rows_max).find(|&row| free(row, Badge::end))) {
                badges.push(Badge { x, row, room: 0.0, fault });
            }
        }
        for index in 0..badges.len() {
            let (x, row) = (badges[index].name_x(), badges[index].row);
            let next = badges[index + 1..].iter().find(|b| b.row == row).map_or(WIDTH - 2.0, |b| b.x - 4.0);
            badges[index].room = if crowded { 0.0 } else { next - x };
        }
        let rows = badges.iter().map(|b| b.row + 1).max().unwrap_or(0);
        Marks { strips: areas::strips(judged, axis), badges, crowded, legend: legend(judged), rows }
    }

    /// When harm was in force, as shades.
    pub(crate) fn bands(&self) -> Vec<Band> {
        areas::bands(&self.strips, self.crowded)
    }

    /// Pixels that badges and bars need above the plot.
    pub(crate) fn height(&self) -> f64 {
        let bars = areas::harmed(&self.strips).len() as f64 * BAR;
        self.rows as f64 * ROW + if bars > 0.0 { bars + 2.0 } else { 0.0 }
    }

    /// Badges and bars, with the first row at `top`, and a thin line from each badge down to `bottom`.
    pub(crate) fn draw(&self, out: &mut String, top: f64, bottom: f64) {
        self.draw_bars(out, top + self.rows as f64 * ROW);
        for badge in self.badges.iter().filter(|_| !self.crowded) {
            let (x, y) = (badge.x, top + badge.row as f64 * ROW);
            let color = if badge.fault.area.is_some() { VERMILLION } else { GREEN };
            svg::dashes(out, (x, y + 14.0), (x, bottom), color);
        }
        for badge in &self.badges {
            let (x, y) = (badge.x, top + badge.row as f64 * ROW);
            let (color, fill, ink) = match badge.fault.area {
                Some(_) => (VERMILLION, VERMILLION, PAPER),
                None => (GREEN, PAPER, INK),
            };
            let fault = &badge.fault;
            let (width, number) = (width(fault.number), fault.number);
            let _ = writeln!(
                out,
                "<g><title>{}</title><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"13\" rx=\"3\" fill=\"{}\" \
                 stroke=\"{}\"/><text x=\"{}\" y=\"{}\" text-anchor=\"middle\" font-family=\"sans-serif\" \
                 font-size=\"10\" font-weight=\"bold\" fill=\"{}\">{number}</text>",
                escape(&sentence(fault)),
                px(x),
                px(y + 0.5),
                px(width),
                fill.light,
                color.light,
                px(x + width / 2.0),
                px(y + 10.5),
                ink.light,
            );
            if badge.room > 4.0 * COLUMN {
                svg::label(out, (badge.name_x(), y + 10.5), Anchor::Start, INK, badge.room, &fault.name);
            }
            out.push_str("</g>\n");
        }
    }

    /// A row of bars for each area that was harmed.
    fn draw_bars(&self, out: &mut String, top: f64) {
        for (row, area) in areas::harmed(&self.strips).into_iter().enumerate() {
            let y = top + BAR * row as f64;
            svg::label(out, (LEFT - 8.0, y + 9.0), Anchor::End, MUTED, LEFT - 10.0, areas::word(area));
            for strip in self.strips.iter().filter(|strip| strip.area == area) {
                let (x, width) = strip.place();
                let paint = format!("fill=\"{}\"", areas::color(area).light);
                svg::block(out, (x, y + 3.0, width, 6.0), &paint, &strip.title);
            }
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

/// Where the badge of a fault starts, and where the next one may.
fn span(axis: Axis, index: usize, at: Time) -> (f64, f64) {
    let width = width(index + 1);
    let x = axis.x(at).min(WIDTH - RIGHT - width);
    (x, x + width + 3.0)
}

fn sentence(fault: &Told) -> String {
    let mut parts = vec![format!("{} {}{}", fault.when, fault.name, fault.aside())];
    parts.extend([&fault.whom, &fault.effect, &fault.recovery, &fault.say].map(String::clone));
    parts.retain(|part| !part.is_empty());
    parts.join(" · ")
}

fn legend(judged: &Judged) -> Vec<String> {
    let all = judged.run.faults.len();
    if all > SINGLY_MAX {
        return crowd(judged);
    }
    let line = |fault: Told| {
        let mut line = format!("{}  {}{}, {}", fault.number, fault.name, fault.aside(), fault.when);
        if !fault.whom.is_empty() {
            line.push_str(&format!(": {}", fault.whom));
        }
        if fault.outcome != Outcome::Bit {
            line.push_str(&format!(" — {}", fault.effect));
        }
        line
    };
    let mut lines: Vec<String> = faults::told(judged, 0..all.min(LEGEND_MAX)).into_iter().map(line).collect();
    if all > LEGEND_MAX {
        lines.push(format!("… and {}", counted((all - LEGEND_MAX) as u64, "more fault")));
    }
    lines
}

/// Many faults, taken together.
fn crowd(judged: &Judged) -> Vec<String> {
    let groups = groups::groups(judged);
    let line = |group: &groups::Group| {
        let times = match group.members.len() {
            1 => String::new(),
            many => format!(" × {}", count(many as u64)),
        };
        format!("{}{times} ({}), {}", short(&group.stem, 60), group.kinds, group.when)
    };
    let mut lines: Vec<String> = groups.iter().take(LEGEND_MAX).map(line).collect();
    let more: usize = groups.iter().skip(LEGEND_MAX).map(|group| group.members.len()).sum();
    if more > 0 {
        lines.push(format!("… and {}", counted(more as u64, "more fault")));
    }
    lines
}
