//! What lies over the lanes: frozen nodes, the sides of cuts, broken properties.

use crate::{
    axis::Axis,
    lanes::{LANE, PITCH},
    palette::{INK, PAPER, VERMILLION},
    svg::{self, escape, px},
    words::{moment, short},
};
use sim_core::{fault::Fault, judged::Judged, protocol::NodeId};
use std::fmt::Write;

const OVERLAYS_MAX: usize = 200;

/// What faults did to single nodes: frozen ones, and the sides of cuts.
pub(crate) fn faults(out: &mut String, judged: &Judged, nodes: &[NodeId], axis: Axis, top: f64) {
    let mut left = OVERLAYS_MAX;
    for fault in &judged.run.faults {
        let Some((from, until)) = fault.window(axis.end) else { continue };
        let (x, end) = (axis.x(from), axis.x(until));
        let name = short(&fault.planned.name, 80);
        for (group, chosen) in fault.chose.iter().enumerate() {
            for node in chosen {
                let Some(lane) = nodes.iter().position(|n| n == node) else { continue };
                if left == 0 {
                    return;
                }
                left -= 1;
                let y = top + PITCH * lane as f64;
                match fault.planned.fault {
                    Fault::Pause(_) => {
                        svg::block(
                            out,
                            (x, y, (end - x).max(2.0), LANE),
                            "fill=\"url(#frozen)\"",
                            &format!("frozen: {name}"),
                        );
                    }
                    Fault::Split(_) | Fault::OneWay { .. } if end - x >= 18.0 && group < 26 => {
                        let letter = char::from(b'A' + group as u8);
                        side(out, (x, y), letter, &format!("side {letter} of {name}"));
                    }
                    Fault::Split(_) | Fault::OneWay { .. } => {}
                    Fault::Heal | Fault::Crash(_) | Fault::Restart(_) | Fault::Resume(_) => {}
                }
            }
        }
    }
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
