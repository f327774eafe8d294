//! Node lanes: for every server a strip of time, coloured by its role, so that an election reads as a picture.
//!
//! A stretch with a leading role carries its epoch. Over the strips lie the faults: a hatched end of a strip is a process
//! that does not run, dots are a frozen one, and letters say on which side of a cut a node stood. Below a strip run lines,
//! one per area, for as long as the node's links, processor, clock or disk were not well.

use crate::{
    axis::{Axis, LEFT, RIGHT, WIDTH},
    marks::Marks,
    overlays::{self, Ill},
    palette::{
        BLUE, CROWDED, Color, GREEN, GRID, INK, MUTED, ORANGE, PAPER, PURPLE, QUIET, SKY, VERMILLION, YELLOW,
    },
    roles::{self, Stretch},
    svg::{self, Anchor, COLUMN, px},
    words::{self, columns, count, counted, moment, short, span},
};
use sim_core::{
    judged::Judged,
    protocol::{NodeId, Role},
    run::RoleChange,
    time::Time,
};
use std::{collections::BTreeSet, fmt::Write};

const LANES_MAX: usize = 24;
const PIECES_MAX: usize = 2_000;
pub(crate) const LANE: f64 = 18.0;
/// From one lane to the next; the gap has room for a line per area.
pub(crate) const PITCH: f64 = 29.0;

/// What fills a piece of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fill {
    Role(Role),
    /// So many stretches, each too short to be seen.
    Crowd(u64),
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    from: Time,
    until: Time,
    epoch: u64,
    fill: Fill,
}

/// The lanes of all servers, or of the busiest where there are too many, as SVG for the page.
pub(crate) fn lanes(judged: &Judged) -> String {
    let axis = Axis::of(judged);
    let mut changes = roles::changes(judged);
    let (nodes, hidden) = chosen(judged, &changes);
    changes.retain(|change| nodes.binary_search(&change.node).is_ok());
    let marks = Marks::of(judged, axis);
    let head = 22.0;
    let top = head + marks.height() + 4.0;
    let bottom = top + PITCH * nodes.len().max(1) as f64;
    let pieces = pieces(&nodes, &changes, axis);
    let key = key(&pieces);
    let mut body = String::new();
    if nodes.is_empty() {
        svg::label(
            &mut body,
            (WIDTH / 2.0, top + 14.0),
            Anchor::Middle,
            MUTED,
            WIDTH,
            "no server, nothing to show",
        );
    } else {
        shades(&mut body, &marks, axis, (top, bottom));
    }
    for (index, (node, pieces)) in nodes.iter().zip(&pieces).enumerate() {
        let y = top + PITCH * index as f64;
        let name = words::node(&judged.run, *node);
        svg::label(&mut body, (LEFT - 8.0, y + 13.0), Anchor::End, INK, LEFT - 10.0, &name);
        lane(&mut body, &name, pieces, axis, y, &key);
    }
    overlays::faults(&mut body, judged, &nodes, axis, top);
    let height = |lane: usize, area| top + PITCH * lane as f64 + overlays::below(area);
    let ills = overlays::ills(&mut body, judged, &nodes, axis, height);
    overlays::violations(&mut body, judged, &nodes, axis, top);
    marks.draw(&mut body, head, bottom);
    svg::label(&mut body, (4.0, 14.0), Anchor::Start, INK, WIDTH, "Roles of the servers");
    moments(&mut body, axis, bottom);
    let crowded = pieces.iter().flatten().any(|piece| matches!(piece.fill, Fill::Crowd(_)));
    let height = legend(&mut body, &key, (crowded, &ills), bottom + 26.0, hidden);
    let mut out = String::new();
    let _ = writeln!(
        out,
        "<svg width=\"{WIDTH}\" height=\"{0}\" viewBox=\"0 0 {WIDTH} {0}\" xmlns=\"http://www.w3.org/2000/svg\">\n{PATTERNS}",
        px(height)
    );
    out.push_str(&body);
    out.push_str("</svg>\n");
    out
}

/// A hatch for what is down and dots for what is frozen; both show on light and dark.
pub(crate) const PATTERNS: &str = "<defs><pattern id=\"down\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" \
    patternTransform=\"rotate(45)\"><line x1=\"0\" y1=\"0\" x2=\"0\" y2=\"6\" stroke=\"#666666\" stroke-width=\"3\"/></pattern>\
    <pattern id=\"frozen\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\"><circle cx=\"2.5\" cy=\"2.5\" r=\"1.6\" \
    fill=\"#222222\"/></pattern></defs>\n";

/// Which nodes get a lane: all, or those whose role changed most often; and how many do not.
fn chosen(judged: &Judged, changes: &[RoleChange]) -> (Vec<NodeId>, usize) {
    let mut nodes: Vec<NodeId> = roles::servers(judged).collect();
    let hidden = nodes.len().saturating_sub(LANES_MAX);
    if hidden > 0 {
        let mut often = vec![0_usize; judged.run.node_count() as usize];
        for change in changes {
            often[change.node.0 as usize] += 1;
        }
        nodes.sort_by_key(|n| (core::cmp::Reverse(often[n.0 as usize]), *n));
        nodes.truncate(LANES_MAX);
        nodes.sort_unstable();
    }
    (nodes, hidden)
}

/// The lanes cut into pieces; the more there are, the shorter ones are taken together.
fn pieces(nodes: &[NodeId], changes: &[RoleChange], axis: Axis) -> Vec<Vec<Piece>> {
    let stretches: Vec<Vec<Stretch>> =
        nodes.iter().map(|&n| roles::stretches(changes, n, axis.end)).collect();
    let mut pixels = 1.0;
    loop {
        let lanes: Vec<Vec<Piece>> = stretches.iter().map(|s| merged(s, axis, pixels)).collect();
        if lanes.iter().map(Vec::len).sum::<usize>() <= PIECES_MAX || pixels > WIDTH {
            return lanes;
        }
        pixels *= 2.0;
    }
}

fn merged(stretches: &[Stretch], axis: Axis, pixels: f64) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    let mut crowd = 0;
    for s in stretches.iter().filter(|s| s.from < s.until) {
        let short = axis.x(s.until) - axis.x(s.from) < pixels;
        match out.last_mut() {
            Some(last) if short && crowd > 0 => {
                crowd += 1;
                *last = Piece { until: s.until, fill: Fill::Crowd(crowd), ..*last };
            }
            _ => {
                out.push(Piece { from: s.from, until: s.until, epoch: s.epoch, fill: Fill::Role(s.role) });
                crowd = u64::from(short);
            }
        }
    }
    out
}

/// The roles that occur, each with its colour; the familiar ones have colours of their own.
fn key(lanes: &[Vec<Piece>]) -> Vec<(Role, Color)> {
    let roles: BTreeSet<Role> = lanes
        .iter()
        .flatten()
        .filter_map(|piece| match piece.fill {
            Fill::Role(role) => Some(role),
            Fill::Crowd(_) => None,
        })
        .collect();
    let mut spare = [GREEN, SKY, YELLOW, VERMILLION].into_iter().cycle();
    let mut color = |role: Role| match role.0 {
        _ if roles::leads(role) => BLUE,
        "candidate" | "proposer" | "electing" | "view change" => ORANGE,
        "follower" | "backup" | "replica" | "peer" | "acceptor" | "member" | "idle" => QUIET,
        "down" => MUTED,
        "paused" | "frozen" => PURPLE,
        _ => spare.next().expect("it never ends"),
    };
    let mut key: Vec<(Role, Color)> = roles.into_iter().map(|role| (role, color(role))).collect();
    key.sort_by_key(|(role, _)| (!roles::leads(*role), *role == Role::DOWN, *role));
    key.truncate(12);
    key
}

fn lane(out: &mut String, name: &str, pieces: &[Piece], axis: Axis, y: f64, key: &[(Role, Color)]) {
    let width = |piece: &Piece| axis.x(piece.until) - axis.x(piece.from);
    let (long, brief): (Vec<&Piece>, Vec<&Piece>) = pieces.iter().partition(|p| width(p) >= 2.0);
    // A short stretch is drawn last and wider than it was, or nobody would see it.
    for piece in long.into_iter().chain(brief) {
        let (x, width) = (axis.x(piece.from), width(piece).max(2.0));
        let lasted = span(piece.until.since(piece.from));
        let when = format!("{}–{} ({lasted})", moment(piece.from), moment(piece.until));
        let (paint, title) = match piece.fill {
            Fill::Crowd(n) => {
                (format!("fill=\"{}\"", CROWDED.light), format!("{name}: {} roles, {when}", count(n)))
            }
            Fill::Role(role) if role == Role::DOWN => {
                ("fill=\"url(#down)\"".into(), format!("{name}: down, {when}"))
            }
            Fill::Role(role) => {
                let color = key.iter().find(|(r, _)| *r == role).map_or(CROWDED, |(_, color)| *color);
                let title = format!("{name}: {}, epoch {}, {when}", short(role.0, 40), piece.epoch);
                (format!("fill=\"{}\"", color.light), title)
            }
        };
        svg::block(out, (x, y, width, LANE), &paint, &title);
        let leads = matches!(piece.fill, Fill::Role(role) if roles::leads(role));
        let (long, brief) = (format!("epoch {}", piece.epoch), piece.epoch.to_string());
        let fits = |text: &str| columns(text) as f64 * COLUMN + 8.0 <= width;
        if let Some(text) = [long, brief].iter().find(|text| leads && piece.epoch > 0 && fits(text)) {
            // The letters of a cut stand at the start of what it covers, so the epoch stands at the end.
            svg::label(out, (x + width - 5.0, y + 13.0), Anchor::End, PAPER, width, text);
        }
    }
}

/// Moments as upright lines, and when harm was in force.
pub(crate) fn shades(out: &mut String, marks: &Marks, axis: Axis, (top, bottom): (f64, f64)) {
    for tick in axis.ticks() {
        let x = px(axis.x(tick));
        let (top, bottom) = (px(top), px(bottom));
        let _ = writeln!(
            out,
            "<line x1=\"{x}\" y1=\"{top}\" x2=\"{x}\" y2=\"{bottom}\" stroke=\"{}\"/>",
            GRID.light
        );
    }
    for band in marks.bands() {
        let (x, width) = band.place;
        let paint = format!("class=\"band\" fill=\"{}\" fill-opacity=\"{}\"", band.color.light, band.opacity);
        svg::block(out, (x, top - 3.0, width, bottom - top + 1.0), &paint, "");
    }
}

pub(crate) fn moments(out: &mut String, axis: Axis, bottom: f64) {
    for tick in axis.ticks() {
        svg::label(out, (axis.x(tick), bottom + 12.0), Anchor::Middle, MUTED, WIDTH, &moment(tick));
    }
}

/// What the colours mean; returns where it ends.
fn legend(
    out: &mut String,
    key: &[(Role, Color)],
    (crowded, ills): (bool, &[Ill]),
    top: f64,
    hidden: usize,
) -> f64 {
    let (mut x, mut y) = (LEFT, top);
    let mut entries: Vec<(String, &str)> = Vec::new();
    for (role, color) in key {
        entries.push((short(role.0, 24), if *role == Role::DOWN { "url(#down)" } else { color.light }));
    }
    if crowded {
        entries.push(("too many to tell apart".into(), CROWDED.light));
    }
    for (name, fill) in entries {
        let width = 20.0 + (columns(&name) + 2) as f64 * COLUMN;
        if x + width > WIDTH - RIGHT {
            (x, y) = (LEFT, y + 18.0);
        }
        svg::block(out, (x, y, 14.0, 11.0), &format!("fill=\"{fill}\""), "");
        svg::label(out, (x + 19.0, y + 9.5), Anchor::Start, INK, width, &name);
        x += width;
    }
    if !ills.is_empty() {
        (x, y) = (LEFT, y + 18.0);
    }
    for ill in ills {
        ill.draw(out, (x, y + 5.5), 16.0);
        svg::label(out, (x + 21.0, y + 9.5), Anchor::Start, INK, WIDTH, ill.phrase());
        x += 24.0 + (columns(ill.phrase()) + 2) as f64 * COLUMN;
    }
    if hidden > 0 {
        y += 18.0;
        let more = format!("… and {} whose role changed less often", counted(hidden as u64, "more server"));
        svg::label(out, (LEFT, y + 9.5), Anchor::Start, MUTED, WIDTH - LEFT, &more);
    }
    y + 18.0
}
