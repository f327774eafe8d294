//! What faults act on, in pictures: an area has a name, a colour and a kind of line, and its harm is a strip of time.

use crate::{
    axis::{Axis, WIDTH},
    palette::{BLUE, Color, INK, MUTED, PURPLE, VERMILLION},
    words::{counted, moment, short},
};
use sim_core::{fault::Area, judged::Judged, time::Time};

/// In the order in which they are shown.
pub(crate) const ALL: [Area; 4] = [Area::Network, Area::Hosts, Area::Clocks, Area::Disks];

/// So many strips are drawn in a picture; the more there are, the larger the gaps that are drawn over.
const STRIPS_MAX: usize = 200;

/// Its name.
pub(crate) fn word(area: Area) -> &'static str {
    match area {
        Area::Network => "network",
        Area::Hosts => "hosts",
        Area::Clocks => "clocks",
        Area::Disks => "disks",
    }
}

pub(crate) fn color(area: Area) -> Color {
    match area {
        Area::Network => VERMILLION,
        Area::Hosts => MUTED,
        Area::Clocks => BLUE,
        Area::Disks => PURPLE,
    }
}

/// The shade where several areas are harmed and shown as one.
const SEVERAL: (Color, f64) = (INK, 0.07);

/// How opaque its shade is: pale colours need more. In every picture a shade has the class `band`.
fn shade(area: Area) -> f64 {
    match area {
        Area::Network | Area::Clocks => 0.1,
        Area::Hosts => 0.15,
        Area::Disks => 0.2,
    }
}

/// Its line, for eyes that do not tell the colours apart.
pub(crate) fn dashes(area: Area) -> &'static str {
    match area {
        Area::Network => "none",
        Area::Hosts => "7 2",
        Area::Clocks => "2 2",
        Area::Disks => "7 2 2 2",
    }
}

/// A time in which an area was harmed without a gap that could be seen.
#[derive(Clone, Debug)]
pub(crate) struct Strip {
    pub(crate) area: Area,
    /// Where it starts, in pixels.
    pub(crate) x: f64,
    /// Where it ends.
    pub(crate) end: f64,
    /// What it was, to be shown when pointed at.
    pub(crate) title: String,
}

impl Strip {
    /// Where it starts and how wide it is; a short one is still to be seen.
    pub(crate) fn place(&self) -> (f64, f64) {
        (self.x, (self.end - self.x).max(1.0))
    }
}

/// The areas that were harmed for a time.
pub(crate) fn harmed(strips: &[Strip]) -> Vec<Area> {
    ALL.into_iter().filter(|area| strips.iter().any(|strip| strip.area == *area)).collect()
}

/// A shade behind a plot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Band {
    /// Where it starts and how wide it is, in pixels.
    pub(crate) place: (f64, f64),
    pub(crate) color: Color,
    pub(crate) opacity: f64,
}

/// The shades of these strips: each in its colour, or where there is a crowd one layer for all, which is darker nowhere.
pub(crate) fn bands(strips: &[Strip], crowded: bool) -> Vec<Band> {
    let band = |area: Option<Area>, place| {
        let (color, opacity) = area.map_or(SEVERAL, |area| (color(area), shade(area)));
        Band { place, color, opacity }
    };
    if !crowded {
        return strips.iter().map(|strip| band(Some(strip.area), strip.place())).collect();
    }
    let mut sorted: Vec<&Strip> = strips.iter().collect();
    sorted.sort_by(|a, b| a.x.total_cmp(&b.x));
    let mut union: Vec<(Option<Area>, f64, f64)> = Vec::new();
    for strip in sorted {
        match union.last_mut() {
            Some((area, _, end)) if strip.x <= *end + 1.0 => {
                *area = area.filter(|area| *area == strip.area);
                *end = end.max(strip.end);
            }
            _ => union.push((Some(strip.area), strip.x, strip.end)),
        }
    }
    union.into_iter().map(|(area, x, end)| band(area, (x, (end - x).max(1.0)))).collect()
}

/// Every paint that a band may have.
pub(crate) fn paints() -> impl Iterator<Item = (Color, f64)> {
    ALL.into_iter().map(|area| (color(area), shade(area))).chain([SEVERAL])
}

/// When harm was in force, area by area: what overlaps within a pixel is one.
pub(crate) fn strips(judged: &Judged, axis: Axis) -> Vec<Strip> {
    let mut windows: Vec<Window<Area>> = Vec::new();
    for (index, report) in judged.run.faults.iter().enumerate() {
        let fault = &report.planned.fault;
        let Some((area, (from, until))) = fault.area().zip(report.window(axis.end)) else { continue };
        if from < until && from < axis.end && !fault.momentary() {
            windows.push((area, from, until.min(axis.end), index));
        }
    }
    let strips = together(windows, axis, STRIPS_MAX).into_iter();
    strips.map(|(window, faults)| strip(judged, axis, window, faults)).collect()
}

/// A time in which a fault was in force, for what it is drawn at, and the fault's position in the run.
pub(crate) type Window<Place> = (Place, Time, Time, usize);

/// Windows of the same place that overlap within a pixel as one, with the number of windows in each. Where there are
/// more than `most`, larger gaps are drawn over too.
pub(crate) fn together<Place: Ord + Copy>(
    mut windows: Vec<Window<Place>>,
    axis: Axis,
    most: usize,
) -> Vec<(Window<Place>, u64)> {
    windows.sort_unstable();
    let mut pixels = 1;
    loop {
        let merged = merged(&windows, pixels * (axis.end.0 / WIDTH as u64));
        if merged.len() <= most || pixels > WIDTH as u64 {
            return merged;
        }
        pixels *= 2;
    }
}

/// Windows with gaps of at most this many nanoseconds as one.
fn merged<Place: Ord + Copy>(windows: &[Window<Place>], gap: u64) -> Vec<(Window<Place>, u64)> {
    let mut out: Vec<(Window<Place>, u64)> = Vec::new();
    for &(place, from, until, index) in windows {
        match out.last_mut() {
            Some((last, number)) if last.0 == place && from.0 <= last.2.0.saturating_add(gap) => {
                last.2 = last.2.max(until);
                *number += 1;
            }
            _ => out.push(((place, from, until, index), 1)),
        }
    }
    out
}

fn strip(judged: &Judged, axis: Axis, (area, from, until, first): Window<Area>, faults: u64) -> Strip {
    let name = short(&judged.run.faults[first].planned.name, 60);
    let more = if faults > 1 { format!(" and {}", counted(faults - 1, "more fault")) } else { String::new() };
    let title = format!("{}, {}–{}: {name}{more}", word(area), moment(from), moment(until));
    Strip { area, x: axis.x(from), end: axis.x(until), title }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_overlaps_within_a_pixel_is_one_and_places_stay_apart() {
        let axis = Axis { end: Time(1_000_000) };
        let window = |place, from, until, index| (place, Time(from), Time(until), index);
        let windows = vec![
            window(1, 30_000, 40_000, 2),
            window(0, 0, 9_000, 0),
            window(0, 9_900, 20_000, 1),
            window(0, 30_000, 31_000, 3),
        ];
        assert_eq!(
            together(windows.clone(), axis, 10),
            [
                (window(0, 0, 20_000, 0), 2),
                (window(0, 30_000, 31_000, 3), 1),
                (window(1, 30_000, 40_000, 2), 1)
            ]
        );
        assert_eq!(together(windows, axis, 2).len(), 2, "what is too much is drawn with larger gaps");
    }
}
