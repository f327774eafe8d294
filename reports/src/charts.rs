//! Charts over time, drawn with plotters: availability, latency, and whatever else has a line.
//!
//! Plotters draws axes, shades and series; badges, keys and the texts that appear when something is pointed at are laid
//! over its picture, because it has none of them and guesses the width of text.

use crate::{
    areas,
    axis::{Axis, LEFT, RIGHT, Scale, WIDTH},
    columns::{Column, columns, together},
    marks::Marks,
    palette::{BLUE, Color, GREEN, GRID, INK, MUTED, ORANGE, PAPER, PURPLE, VERMILLION},
    svg::{self, Anchor, COLUMN},
    words::{clean, moment, span},
};
use plotters::{prelude::*, style::Color as _};
use sim_core::{judged::Judged, time::Time};

/// Where a picture is to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a file of its own: on white, with its subject and a legend of the faults.
    File,
    /// On a page that says all that around it.
    Page,
}

/// Something drawn in the plot; both coordinates from 0 to 1.
pub(crate) enum Series {
    Line(Vec<(f64, f64)>, Color, u32),
    /// Between the line and the top.
    Above(Vec<(f64, f64)>, Color),
    Dots(Vec<(f64, f64)>, Color),
    Block([(f64, f64); 2], Color, f64),
}

pub(crate) struct Chart<'a> {
    pub(crate) judged: &'a Judged,
    pub(crate) axis: Axis,
    /// Texts that appear where something between two moments is pointed at.
    pub(crate) tips: Vec<(Time, Time, String)>,
    pub(crate) title: &'a str,
    pub(crate) key: Vec<(String, Color)>,
    pub(crate) ticks: Vec<(f64, String)>,
    pub(crate) series: Vec<Series>,
    /// A dashed line across the plot at this height, and what it is.
    pub(crate) rule: Option<(f64, String)>,
    /// Upright lines at these shares of the time axis, and what they are.
    pub(crate) uprights: Vec<(f64, String)>,
    pub(crate) height: f64,
}

/// The share of operations that were served in time, window by window, as an SVG file.
///
/// Faults are shaded and numbered, downtimes stand as bars on the axis.
pub fn availability_svg(judged: &Judged) -> String {
    availability(judged, Place::File)
}

/// The latency of answered operations, window by window, as an SVG file: median, 99th percentile and maximum.
///
/// The axis is logarithmic where the values differ by more than a factor of twenty. Faults are shaded and numbered.
pub fn latency_svg(judged: &Judged) -> String {
    latency(judged, Place::File)
}

pub(crate) fn availability(judged: &Judged, place: Place) -> String {
    let axis = Axis::of(judged);
    let columns = columns(judged, axis.end);
    let mut series = Vec::new();
    for run in runs(&columns, |c| c.served.wanted > 0) {
        let share = |c: &Column| c.served.availability().unwrap_or(0.0);
        let steps: Vec<(f64, f64)> =
            run.iter().flat_map(|c| [c.from, c.until].map(|t| (axis.share(t), share(c)))).collect();
        series.push(Series::Above(steps.clone(), PURPLE));
        series.push(Series::Line(steps, BLUE, 2));
    }
    const BARS_MAX: usize = 200;
    for d in judged.measures.downtimes.iter().take(BARS_MAX) {
        // A short one is still to be seen.
        let (from, until) = (axis.share(d.from), axis.share(d.until).max(axis.share(d.from) + 0.002));
        series.push(Series::Block([(from, 0.0), (until, 0.045)], INK, 1.0));
    }
    let deadline = format!("served within {}", span(judged.measures.deadline));
    let mut key = vec![(deadline, BLUE), ("late or never".into(), PURPLE)];
    if !judged.measures.downtimes.is_empty() {
        key.push(("nobody served".into(), INK));
    }
    let ticks = [0, 25, 50, 75, 100].map(|n| (f64::from(n) / 100.0, format!("{n}\u{a0}%"))).into();
    let title = "Availability";
    let tips = tips(&columns);
    let (rule, uprights, height) = (None, Vec::new(), 150.0);
    Chart { judged, axis, tips, title, key, ticks, series, rule, uprights, height }.draw(place)
}

pub(crate) fn latency(judged: &Judged, place: Place) -> String {
    latency_on(latency_scale(&[judged]), judged, place)
}

/// A scale on which the latencies of all of these can be seen.
pub(crate) fn latency_scale(all: &[&Judged]) -> Scale {
    let columns = all.iter().flat_map(|judged| columns(judged, Axis::of(judged).end));
    let answered: Vec<Column> = columns.filter(|column| column.latency.count > 0).collect();
    Scale::of(answered.iter().flat_map(|column| [column.latency.p50, column.latency.max]))
}

pub(crate) fn latency_on(scale: Scale, judged: &Judged, place: Place) -> String {
    let axis = Axis::of(judged);
    let columns = columns(judged, axis.end);
    let mut series = Vec::new();
    for run in runs(&columns, |c| c.latency.count > 0) {
        let points = |pick: fn(&Column) -> sim_core::time::Span| -> Vec<(f64, f64)> {
            run.iter().map(|c| (axis.share(c.middle()), scale.share(pick(c)))).collect()
        };
        series.push(Series::Dots(points(|c| c.latency.max), ORANGE));
        series.push(line(points(|c| c.latency.p99), BLUE));
        series.push(line(points(|c| c.latency.p50), GREEN));
    }
    let deadline = judged.measures.deadline;
    let rule = (0.02..0.98)
        .contains(&scale.share(deadline))
        .then(|| (scale.share(deadline), format!("deadline {}", span(deadline))));
    let worst = if together(judged) > 1 { "worst p99" } else { "p99" };
    let key = vec![("p50".into(), GREEN), (worst.into(), BLUE), ("max".into(), ORANGE)];
    let ticks = scale.ticks().into_iter().map(|t| (scale.share(t), span(t))).collect();
    let title = match scale {
        Scale::Linear(_) => "Latency of answered operations",
        Scale::Log(..) => "Latency of answered operations (logarithmic)",
    };
    let tips = tips(&columns);
    let (uprights, height) = (Vec::new(), 200.0);
    Chart { judged, axis, tips, title, key, ticks, series, rule, uprights, height }.draw(place)
}

fn tips(columns: &[Column]) -> Vec<(Time, Time, String)> {
    columns.iter().map(|column| (column.from, column.until, column.sentence())).collect()
}

/// A line, or a dot where one point is all there is.
fn line(points: Vec<(f64, f64)>, color: Color) -> Series {
    if points.len() == 1 { Series::Dots(points, color) } else { Series::Line(points, color, 2) }
}

/// The longest stretches of columns that have something to show.
fn runs(columns: &[Column], shows: impl Fn(&Column) -> bool) -> Vec<Vec<Column>> {
    columns.split(|c| !shows(c)).filter(|run| !run.is_empty()).map(<[Column]>::to_vec).collect()
}

/// What a picture is of: in a file of its own also of which run.
pub(crate) fn subject(judged: &Judged, title: &str, place: Place) -> String {
    match place {
        Place::Page => title.to_string(),
        Place::File => {
            let scenario = clean(&judged.provenance.scenario);
            let scenario = if scenario.is_empty() { String::new() } else { format!("{scenario} · ") };
            format!("{title} · {scenario}seed {}", judged.run.seed)
        }
    }
}

impl Chart<'_> {
    const HEAD: f64 = 22.0;
    const FOOT: f64 = 24.0;

    pub(crate) fn draw(self, place: Place) -> String {
        let marks = Marks::of(self.judged, self.axis);
        let top = Self::HEAD + marks.height() + 6.0;
        let bottom = top + self.height;
        let legend = if place == Place::File { marks.legend_height() } else { 0.0 };
        let size = (WIDTH as u32, (bottom + Self::FOOT + legend) as u32);
        let mut svg = String::new();
        self.plot(&mut svg, size, (top, legend), place, &marks).expect("drawing into a string does not fail");
        // Plotters gives no classes: bands are known by their paint, which nothing else has.
        for (color, opacity) in areas::paints() {
            let band = format!("opacity=\"{opacity}\" fill=\"{}\"", color.light);
            svg = svg.replace(&band, &format!("class=\"band\" {band}"));
        }
        let end = svg.rfind("</svg>").expect("plotters closes what it opens");
        svg.truncate(end);
        self.head(&mut svg, place);
        if let Some((share, name)) = self.rule.as_ref().filter(|_| !self.series.is_empty()) {
            let y = bottom - self.height * share;
            svg::dashes(&mut svg, (LEFT, y), (WIDTH - RIGHT, y), MUTED);
            svg::label(&mut svg, (LEFT + 6.0, y - 4.0), Anchor::Start, MUTED, WIDTH, name);
        }
        self.uprights(&mut svg, top, bottom);
        self.tips(&mut svg, top, bottom);
        marks.draw(&mut svg, Self::HEAD, bottom);
        if place == Place::File {
            marks.draw_legend(&mut svg, bottom + Self::FOOT);
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn plot(
        &self,
        svg: &mut String,
        size: (u32, u32),
        (top, below): (f64, f64),
        place: Place,
        marks: &Marks,
    ) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
        let root = SVGBackend::with_string(svg, size).into_drawing_area();
        if place == Place::File {
            root.fill(&rgb(PAPER))?;
        }
        let moments: Vec<(f64, String)> =
            self.axis.ticks().into_iter().map(|t| (self.axis.share(t), moment(t))).collect();
        let at = |ticks: &[(f64, String)]| ticks.iter().map(|(share, _)| fine(*share)).collect::<Vec<i32>>();
        let mut chart = ChartBuilder::on(&root)
            .margin_top(top as u32)
            .margin_right(RIGHT as u32)
            .margin_bottom(below as u32)
            .x_label_area_size(Self::FOOT as u32)
            .y_label_area_size(LEFT as u32)
            .build_cartesian_2d(
                (0..FINE).with_key_points(at(&moments)),
                (0..FINE).with_key_points(at(&self.ticks)),
            )?;
        chart
            .configure_mesh()
            .bold_line_style(rgb(GRID))
            .light_line_style(TRANSPARENT)
            .axis_style(rgb(MUTED))
            .label_style(("sans-serif", 13.64).into_font().color(&rgb(MUTED)))
            .x_label_formatter(&|share| named(&moments, *share))
            .y_label_formatter(&|share| named(&self.ticks, *share))
            .draw()?;
        for band in marks.bands() {
            let (x, width) = band.place;
            let [from, until] = [x, x + width].map(|x| fine((x - LEFT) / (WIDTH - LEFT - RIGHT)));
            let paint = rgb(band.color).mix(band.opacity).filled();
            chart.draw_series([Rectangle::new([(from, 0), (until, FINE)], paint)])?;
        }
        for series in &self.series {
            match series {
                Series::Line(points, color, width) => {
                    let style = rgb(*color).stroke_width(*width);
                    chart.draw_series([PathElement::new(
                        points.iter().map(spot).collect::<Vec<_>>(),
                        style,
                    )])?;
                }
                Series::Above(points, color) => {
                    let style = rgb(*color).mix(0.5);
                    chart.draw_series(AreaSeries::new(points.iter().map(spot), FINE, style))?;
                }
                Series::Dots(points, color) => {
                    let dot = |point| Circle::new(spot(point), 2, rgb(*color).filled());
                    chart.draw_series(points.iter().map(dot))?;
                }
                Series::Block(corners, color, opacity) => {
                    chart.draw_series([Rectangle::new(
                        [spot(&corners[0]), spot(&corners[1])],
                        rgb(*color).mix(*opacity).filled(),
                    )])?;
                }
            }
        }
        root.present()
    }

    /// The title and the key, and what is missing if there is nothing to draw.
    fn head(&self, svg: &mut String, place: Place) {
        let mut x = WIDTH - RIGHT;
        for (name, color) in self.key.iter().rev() {
            x -= name.chars().count() as f64 * COLUMN;
            svg::label(svg, (x, 14.0), Anchor::Start, INK, f64::MAX, name);
            x -= 18.0;
            svg::block(svg, (x, 8.0, 14.0, 4.0), &format!("fill=\"{}\"", color.light), "");
            x -= 14.0;
        }
        let title = subject(self.judged, self.title, place);
        svg::label(svg, (4.0, 14.0), Anchor::Start, INK, x - 8.0, &title);
        if self.series.is_empty() {
            let middle = (WIDTH / 2.0, Self::HEAD + self.height / 2.0);
            svg::label(svg, middle, Anchor::Middle, MUTED, WIDTH, "no operation, nothing to show");
        }
    }

    /// Each with its name beside it, one below the other.
    fn uprights(&self, svg: &mut String, top: f64, bottom: f64) {
        for (index, (share, name)) in self.uprights.iter().enumerate() {
            let x = LEFT + (WIDTH - LEFT - RIGHT) * share;
            svg::dashes(svg, (x, top), (x, bottom), VERMILLION);
            let y = top + 14.0 * (index as f64 + 1.0);
            // Towards the side on which there is more room.
            let (anchor, x, room) = match *share < 0.5 {
                true => (Anchor::Start, x + 5.0, WIDTH - RIGHT - x),
                false => (Anchor::End, x - 5.0, x - LEFT),
            };
            svg::label(svg, (x, y), anchor, INK, room, name);
        }
    }

    /// A text for every column, shown when it is pointed at.
    fn tips(&self, svg: &mut String, top: f64, bottom: f64) {
        svg.push_str("<g fill-opacity=\"0\">\n");
        for (from, until, text) in &self.tips {
            let (left, right) = (self.axis.x(*from), self.axis.x(*until));
            svg::block(svg, (left, top, right - left, bottom - top), "", text);
        }
        svg.push_str("</g>\n");
    }
}

/// The length of both axes in the units that plotters is given: it labels whole numbers only where one likes.
pub(crate) const FINE: i32 = 1_000_000;

pub(crate) fn fine(share: f64) -> i32 {
    (share * f64::from(FINE)).round() as i32
}

fn spot(&(x, y): &(f64, f64)) -> (i32, i32) {
    (fine(x), fine(y))
}

/// The name of the tick at that place.
pub(crate) fn named(ticks: &[(f64, String)], at: i32) -> String {
    ticks.iter().find(|(share, _)| fine(*share) == at).map(|(_, name)| name.clone()).unwrap_or_default()
}

pub(crate) fn rgb(color: Color) -> RGBColor {
    let (red, green, blue) = color.rgb();
    RGBColor(red, green, blue)
}
