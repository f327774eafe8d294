//! Panels one below the other: how figures go along a row of labelled places, with a line for each of a few names.

use crate::{
    axis::{LEFT, RIGHT, WIDTH},
    charts::{FINE, fine, named, rgb},
    metrics::Unit,
    palette::{BLUE, Color, GREEN, GRID, INK, MUTED, ORANGE, PAPER, PURPLE, SKY, VERMILLION, YELLOW},
    svg::{self, Anchor, COLUMN},
};
use plotters::{prelude::*, style::Color as _};

/// One figure.
pub(crate) struct Panel {
    /// What it is.
    pub(crate) title: String,
    pub(crate) unit: Unit,
    /// What stands below its places.
    pub(crate) labels: Vec<String>,
    pub(crate) lines: Vec<Line>,
    /// What the places are.
    pub(crate) across: String,
}

/// One line; `None` where there is no value.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) values: Vec<Option<f64>>,
    /// Between which values it may lie; empty if nobody knows.
    pub(crate) band: Vec<Option<(f64, f64)>>,
}

const COLORS: [Color; 8] = [BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, MUTED, YELLOW];
const HEAD: f64 = 26.0;
const PLOT: f64 = 150.0;
const FOOT: f64 = 40.0;
const EACH: f64 = HEAD + PLOT + FOOT;
const LEGEND: f64 = 18.0;

/// The panels as an SVG file, with a legend and a line that says what all of it is.
pub(crate) fn draw(panels: &[Panel], source: &str) -> String {
    let names: Vec<&str> =
        panels.first().map_or(Vec::new(), |p| p.lines.iter().map(|line| &*line.name).collect());
    let below = EACH * panels.len() as f64;
    let size = (WIDTH as u32, (below + LEGEND * (names.len() as f64 + 1.0) + 8.0) as u32);
    let mut out = String::new();
    plot(&mut out, size, panels).expect("drawing into a string does not fail");
    out.truncate(out.rfind("</svg>").expect("plotters closes what it opens"));
    for (index, panel) in panels.iter().enumerate() {
        panel.words(&mut out, EACH * index as f64);
    }
    for (index, name) in names.iter().enumerate() {
        let y = below + LEGEND * (index as f64 + 0.5);
        svg::block(&mut out, (LEFT, y, 14.0, 4.0), &format!("fill=\"{}\"", color(index).light), "");
        svg::label(&mut out, (LEFT + 20.0, y + 5.0), Anchor::Start, INK, WIDTH - LEFT, name);
    }
    let y = below + LEGEND * (names.len() as f64 + 0.8);
    svg::label(&mut out, (LEFT, y), Anchor::Start, MUTED, WIDTH - LEFT, source);
    out.push_str("</svg>\n");
    out
}

fn color(index: usize) -> Color {
    COLORS[index % COLORS.len()]
}

/// An axis of values: its ends and its ticks.
struct Values {
    low: f64,
    high: f64,
    ticks: Vec<f64>,
}

impl Values {
    /// One on which all of these can be seen, from zero where that leaves them half of it.
    fn of(all: impl Iterator<Item = f64> + Clone, unit: Unit) -> Values {
        let most = if unit == Unit::Share { 1.0 } else { f64::MAX };
        let all = all.map(|value| value.clamp(0.0, most));
        let max = all.clone().fold(0.0, f64::max);
        let min = all.fold(max, f64::min);
        let from = if min > max / 2.0 { min } else { 0.0 };
        let range = if max > from { max - from } else { max.max(1.0) };
        let step = round_step(range / 4.0);
        let low = ((from - range * 0.1) / step).floor().max(0.0) * step;
        let mut high = ((max + range * 0.1) / step).ceil() * step;
        if unit == Unit::Share {
            high = high.min(1.0);
        }
        // No more than a dozen: a step is a quarter of the range at least a half of it.
        let ticks = (0..12)
            .map(|n| low + step * f64::from(n))
            .take_while(|tick| *tick <= high * (1.0 + 1e-9))
            .collect();
        Values { low, high: high.max(low + step * 1e-3), ticks }
    }
    fn share(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }
}

/// The largest of 1, 2, 5 times a power of ten that is at most `value`.
fn round_step(value: f64) -> f64 {
    let mut ten = 1.0;
    while ten > value && ten > 1e-12 {
        ten /= 10.0;
    }
    while ten * 10.0 <= value && ten < 1e18 {
        ten *= 10.0;
    }
    [5.0, 2.0, 1.0].into_iter().map(|n| n * ten).find(|step| *step <= value).unwrap_or(ten)
}

impl Panel {
    fn values(&self) -> Values {
        let lines = self.lines.iter();
        let points = lines.clone().flat_map(|line| line.values.iter().flatten().copied());
        let bands = lines.flat_map(|line| line.band.iter().flatten().flat_map(|(low, high)| [*low, *high]));
        Values::of(points.chain(bands).filter(|value| value.is_finite()), self.unit)
    }

    /// How far to the right a place is, from 0 to 1.
    fn across(&self, place: usize) -> f64 {
        (place as f64 + 0.5) / self.labels.len().max(1) as f64
    }

    /// Title and labels.
    fn words(&self, out: &mut String, top: f64) {
        let unit = match self.unit {
            Unit::Share => " in %",
            Unit::Time => " as simulated time",
            Unit::Number => "",
        };
        svg::label(
            out,
            (LEFT, top + 17.0),
            Anchor::Start,
            INK,
            WIDTH - LEFT,
            &format!("{}{unit}", self.title),
        );
        let each = (WIDTH - LEFT - RIGHT) / self.labels.len().max(1) as f64;
        // As many labels as there is room for, the last one among them.
        let widest =
            self.labels.iter().map(|label| label.chars().count()).max().unwrap_or(0) as f64 * COLUMN + 8.0;
        let nth = (widest / each).ceil().max(1.0) as usize;
        for (place, label) in
            self.labels.iter().enumerate().filter(|(n, _)| (self.labels.len() - 1 - n).is_multiple_of(nth))
        {
            let x = LEFT + (WIDTH - LEFT - RIGHT) * self.across(place);
            svg::label(out, (x, top + HEAD + PLOT + 14.0), Anchor::Middle, MUTED, each * nth as f64, label);
        }
        let middle = (LEFT + (WIDTH - LEFT - RIGHT) / 2.0, top + HEAD + PLOT + 29.0);
        svg::label(out, middle, Anchor::Middle, MUTED, WIDTH, &self.across);
    }
}

fn plot(
    out: &mut String,
    size: (u32, u32),
    panels: &[Panel],
) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
    let root = SVGBackend::with_string(out, size).into_drawing_area();
    root.fill(&rgb(PAPER))?;
    for (index, panel) in panels.iter().enumerate() {
        let top = (EACH * index as f64) as i32;
        let area = root.clone().shrink((0, top), (size.0, EACH as u32));
        let values = panel.values();
        let ticks: Vec<(f64, String)> =
            values.ticks.iter().map(|tick| (values.share(*tick), panel.unit.shown(*tick))).collect();
        let mut chart = ChartBuilder::on(&area)
            .margin_top(HEAD as u32)
            .margin_right(RIGHT as u32)
            .margin_bottom(FOOT as u32)
            .y_label_area_size(LEFT as u32)
            .build_cartesian_2d(
                0..FINE,
                (0..FINE).with_key_points(ticks.iter().map(|(share, _)| fine(*share)).collect()),
            )?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .bold_line_style(rgb(GRID))
            .light_line_style(TRANSPARENT)
            .axis_style(rgb(MUTED))
            .label_style(("sans-serif", 13.64).into_font().color(&rgb(MUTED)))
            .y_label_formatter(&|share| named(&ticks, *share))
            .draw()?;
        let spot = |place: usize, value: f64| (fine(panel.across(place)), fine(values.share(value)));
        for (index, line) in panel.lines.iter().enumerate() {
            let color = rgb(color(index));
            let band: Vec<(usize, (f64, f64))> =
                line.band.iter().enumerate().filter_map(|(place, ends)| Some((place, (*ends)?))).collect();
            if band.len() > 1 {
                let back = band.iter().rev().map(|(place, (_, high))| spot(*place, *high));
                let around = band.iter().map(|(place, (low, _))| spot(*place, *low)).chain(back);
                chart.draw_series([Polygon::new(around.collect::<Vec<_>>(), color.mix(0.18))])?;
            }
            let stretches = line.values.iter().enumerate().collect::<Vec<_>>();
            for stretch in stretches.split(|(_, value)| value.is_none()).filter(|stretch| !stretch.is_empty())
            {
                let points: Vec<(i32, i32)> =
                    stretch.iter().filter_map(|(place, value)| Some(spot(*place, (**value)?))).collect();
                chart.draw_series(points.iter().map(|point| Circle::new(*point, 3, color.filled())))?;
                chart.draw_series([PathElement::new(points, color.stroke_width(2))])?;
            }
            for (place, (low, high)) in band {
                chart.draw_series([PathElement::new(vec![spot(place, low), spot(place, high)], color)])?;
            }
        }
    }
    root.present()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_holds_its_values_and_has_a_few_ticks() {
        for all in [vec![], vec![0.0], vec![1.0], vec![0.98, 0.99], vec![3.0, 1e15], vec![1e-9], vec![7.0; 3]]
        {
            for unit in [Unit::Share, Unit::Time, Unit::Number] {
                let values = Values::of(all.iter().copied(), unit);
                assert!((2..=12).contains(&values.ticks.len()), "{all:?} {:?}", values.ticks);
                assert!(values.low < values.high && values.low >= 0.0);
                assert!(
                    unit == Unit::Share || all.iter().all(|value| (values.low..=values.high).contains(value))
                );
            }
        }
    }

    #[test]
    fn steps_are_round() {
        assert_eq!([0.9, 1.0, 3.0, 70.0, 0.03].map(round_step), [0.5, 1.0, 2.0, 50.0, 0.02]);
    }

    #[test]
    fn values_of_others_do_no_harm() {
        for value in [f64::MAX, -f64::MAX, 1e-320, f64::INFINITY, f64::NAN, -0.0] {
            for unit in [Unit::Share, Unit::Time, Unit::Number] {
                let line = |band| Line { name: String::new(), values: vec![Some(value), Some(1.0)], band };
                let lines = vec![line(Vec::new()), line(vec![Some((value, 1.0)), Some((0.0, value))])];
                let labels = vec![String::new(); 2];
                let svg =
                    draw(&[Panel { title: String::new(), unit, labels, lines, across: String::new() }], "");
                assert!(svg.ends_with("</svg>\n") && !svg.contains("NaN"), "{svg}");
            }
        }
        draw(&[], "");
    }

    #[test]
    fn labels_of_others_are_escaped() {
        let line =
            Line { name: "<b>".into(), values: vec![Some(1.0), None, Some(f64::NAN)], band: Vec::new() };
        let panel = Panel {
            title: "a".into(),
            unit: Unit::Number,
            labels: vec!["<script>".into(), "x".into(), String::new()],
            lines: vec![line],
            across: "place".into(),
        };
        let svg = draw(&[panel], "<source>");
        assert!(!svg.contains("<script") && !svg.contains("<b>") && !svg.contains("<source"), "{svg}");
    }
}
