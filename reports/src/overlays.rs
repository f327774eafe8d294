//! What lies over the lanes: frozen nodes, the sides of cuts, what is not well about a node, broken properties.

use crate::{
    areas::{self, Window},
    axis::Axis,
    lanes::{LANE, PITCH},
    palette::{INK, PAPER, VERMILLION},
    svg::{self, escape, px},
    words::{moment, short},
};
use sim_core::{
    fault::{Area, Fault},
    judged::Judged,
    protocol::NodeId,
};
use std::fmt::Write;

const OVERLAYS_MAX: usize = 200;
/// So many lines are drawn below the lanes; the more there are, the larger the gaps that are drawn over.
const LINES_MAX: usize = 1_000;

/// How a fault shows on the lanes of the nodes that it chose.
enum Look {
    /// Dots.
    Frozen,
    /// A letter for each group, or for each node.
    Side,
    Apart,
    /// A line below the lane, or a mark where it is over at once.
    Ill(Area),
    /// The role says it, or there is nothing to see.
    Nothing,
}

impl Look {
    fn of(fault: &Fault) -> Look {
        match fault.plain() {
            Fault::Pause(_) => Look::Frozen,
            Fault::Split(_)
            | Fault::OneWay { .. }
            | Fault::Halves(_)
            | Fault::Bridge(_)
            | Fault::MinorityThird(_) => Look::Side,
            Fault::Isolate(_) | Fault::MajoritiesRing(_) => Look::Apart,
            Fault::Clog { .. }
            | Fault::Lose { .. }
            | Fault::Degrade { .. }
            | Fault::DegradeNic { .. }
            | Fault::Ranks { .. } => Look::Ill(Area::Network),
            Fault::Slow { .. } => Look::Ill(Area::Hosts),
            Fault::ClockJump { .. } | Fault::ClockDrift { .. } | Fault::ClockStrobe { .. } => {
                Look::Ill(Area::Clocks)
            }
            Fault::DiskSlow { .. } | Fault::DiskStall(_) | Fault::DiskFull(_) | Fault::BitRot { .. } => {
                Look::Ill(Area::Disks)
            }
            Fault::Heal
            | Fault::Crash(_)
            | Fault::PowerLoss(_)
            | Fault::Wipe(_)
            | Fault::Restart(_)
            | Fault::Resume(_)
            | Fault::ClockReset(_)
            | Fault::Gray(..)
            | Fault::End(_) => Look::Nothing,
        }
    }
}

/// What faults did to single nodes: frozen ones, and the sides of cuts.
pub(crate) fn faults(out: &mut String, judged: &Judged, nodes: &[NodeId], axis: Axis, top: f64) {
    let mut left = OVERLAYS_MAX;
    for fault in &judged.run.faults {
        let Some((from, until)) = fault.window(axis.end) else { continue };
        let (x, end) = (axis.x(from), axis.x(until));
        let (name, look) = (short(&fault.planned.name, 80), Look::of(&fault.planned.fault));
        for (group, chosen) in fault.chose.iter().enumerate() {
            for (position, node) in chosen.iter().enumerate() {
                let Some(lane) = nodes.iter().position(|n| n == node) else { continue };
                let y = top + PITCH * lane as f64;
                let letter = match look {
                    Look::Side => u8::try_from(group),
                    Look::Apart => u8::try_from(position),
                    Look::Frozen if left > 0 => {
                        left -= 1;
                        let title = format!("frozen: {name}");
                        svg::block(out, (x, y, (end - x).max(2.0), LANE), "fill=\"url(#frozen)\"", &title);
                        continue;
                    }
                    Look::Frozen | Look::Ill(_) | Look::Nothing => continue,
                };
                if let Some(letter) = letter.ok().filter(|&n| n < 26 && end - x >= 18.0 && left > 0) {
                    left -= 1;
                    let letter = char::from(b'A' + letter);
                    side(out, (x, y), letter, &format!("side {letter} of {name}"));
                }
            }
        }
    }
}

/// What is not well about a node, as a line below its lane or a mark there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ill {
    Lasting(Area),
    /// Records on its disk were damaged.
    Rot,
}

impl Ill {
    /// What it means.
    pub(crate) fn phrase(self) -> &'static str {
        match self {
            Ill::Lasting(Area::Network) => "links impaired",
            Ill::Lasting(Area::Hosts) => "processor slow",
            Ill::Lasting(Area::Clocks) => "clock wrong",
            Ill::Lasting(Area::Disks) => "disk slow, stalled or full",
            Ill::Rot => "records damaged",
        }
    }

    /// Draws it from a point on, so many pixels long.
    pub(crate) fn draw(self, out: &mut String, (x, y): (f64, f64), width: f64) {
        let area = match self {
            Ill::Lasting(area) => area,
            Ill::Rot => return diamond(out, (x + width / 2.0, y), ""),
        };
        line(out, area, (x, y), width, "");
    }
}

/// The height at which the line of an area runs below its lane.
pub(crate) fn below(area: Area) -> f64 {
    let row = areas::ALL.iter().position(|other| *other == area).unwrap_or(0);
    LANE + 2.5 + 2.5 * row as f64
}

/// Draws what was not well at the height for an area of a lane, and returns what there was of it.
pub(crate) fn ills(
    out: &mut String,
    judged: &Judged,
    nodes: &[NodeId],
    axis: Axis,
    height: impl Fn(usize, Area) -> f64,
) -> Vec<Ill> {
    let mut windows: Vec<Window<(usize, Area)>> = Vec::new();
    let mut seen: Vec<Ill> = Vec::new();
    let mut marks_left = OVERLAYS_MAX;
    for (index, fault) in judged.run.faults.iter().enumerate() {
        let Look::Ill(area) = Look::of(&fault.planned.fault) else { continue };
        let Some((from, until)) = fault.window(axis.end) else { continue };
        let ill = if fault.planned.fault.momentary() { Ill::Rot } else { Ill::Lasting(area) };
        for lane in fault.chose.iter().flatten().filter_map(|node| nodes.iter().position(|n| n == node)) {
            match ill {
                Ill::Rot if fault.effect.records > 0 && marks_left > 0 => {
                    marks_left -= 1;
                    let at = (axis.x(from), height(lane, area));
                    let title = format!("{}, {}", short(&fault.planned.name, 80), moment(from));
                    diamond(out, at, &title);
                }
                Ill::Lasting(area) if from < until => {
                    windows.push(((lane, area), from, until, index));
                }
                Ill::Rot | Ill::Lasting(_) => continue,
            }
            seen.push(ill);
        }
    }
    for (((lane, area), from, until, index), _) in areas::together(windows, axis, LINES_MAX) {
        let (x, end) = (axis.x(from), axis.x(until));
        let name = short(&judged.run.faults[index].planned.name, 80);
        let title = format!("{name}, {}–{}", moment(from), moment(until));
        line(out, area, (x, height(lane, area)), (end - x).max(2.0), &title);
    }
    seen.sort_unstable();
    seen.dedup();
    seen
}

fn line(out: &mut String, area: Area, (x, y): (f64, f64), width: f64, title: &str) {
    let _ = writeln!(
        out,
        "<line x1=\"{}\" y1=\"{y}\" x2=\"{}\" y2=\"{y}\" stroke=\"{}\" stroke-width=\"2\" stroke-dasharray=\"{}\">\
         <title>{}</title></line>",
        px(x),
        px(x + width),
        areas::color(area).light,
        areas::dashes(area),
        escape(title),
        y = px(y)
    );
}

fn diamond(out: &mut String, (x, y): (f64, f64), title: &str) {
    let _ = writeln!(
        out,
        "<path d=\"M{} {}l4 4l-4 4l-4 -4z\" fill=\"{}\" stroke=\"{}\"><title>{}</title></path>",
        px(x),
        px(y - 4.0),
        areas::color(Area::Disks).light,
        INK.light,
        escape(title)
    );
}

/// A cross where a property was broken, on the lane of the node whose change broke it.
pub(crate) fn violations(out: &mut String, judged: &Judged, nodes: &[NodeId], axis: Axis, top: f64) {
    for violation in &judged.run.violations {
        let Some(lane) = nodes.iter().position(|n| *n == violation.node) else { continue };
        let (x, y) = (axis.x(violation.at), top + PITCH * lane as f64 + LANE / 2.0);
        let title = format!(
            "{} broken at {}: {}",
            violation.property,
            moment(violation.at),
            short(&violation.found, 200)
        );
        let _ = writeln!(
            out,
            "<g stroke-width=\"3\" stroke=\"{}\"><title>{}</title><circle cx=\"{x}\" cy=\"{y}\" r=\"8\" fill=\"{}\" \
             stroke-width=\"1\"/><path d=\"M{} {}l8 8m0 -8l-8 8\"/></g>",
            VERMILLION.light,
            escape(&title),
            PAPER.light,
            px(x - 4.0),
            px(y - 4.0),
            x = px(x),
            y = px(y)
        );
    }
}

fn side(out: &mut String, (x, y): (f64, f64), letter: char, title: &str) {
    let _ = writeln!(
        out,
        "<g><title>{}</title><rect x=\"{}\" y=\"{}\" width=\"13\" height=\"12\" rx=\"2\" fill=\"{}\" stroke=\"{}\"/>\
         <text x=\"{}\" y=\"{}\" text-anchor=\"middle\" font-family=\"sans-serif\" font-size=\"9\" font-weight=\"bold\" \
         fill=\"{}\">{letter}</text></g>",
        escape(title),
        px(x + 2.0),
        px(y + 3.0),
        PAPER.light,
        VERMILLION.light,
        px(x + 8.5),
        px(y + 12.3),
        INK.light
    );
}
