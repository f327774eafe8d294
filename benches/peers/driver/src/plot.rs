//! The plot: what an event of PHOLD costs as the nodes grow in number.

use crate::{
    plan::{HEAP, LOOP, OURS, ROWS, SIMCORE, SMALL, thousands},
    samples::Samples,
};
use harness::Workload;
use plotters::{prelude::*, series::LineSeries};

/// The curves and their colours, which people who see colours differently can tell apart as well.
const CURVES: &[(&str, RGBColor)] = &[
    (OURS, RGBColor(213, 94, 0)),
    (LOOP, RGBColor(0, 0, 0)),
    (HEAP, RGBColor(120, 120, 120)),
    (SMALL, RGBColor(0, 114, 178)),
    (SIMCORE, RGBColor(0, 158, 115)),
];

/// The picture, as SVG.
pub(crate) fn scaling(samples: &Samples) -> Result<String, String> {
    let mut svg = String::new();
    draw(samples, &mut svg).map_err(|error| format!("scaling.svg cannot be drawn: {error}"))?;
    Ok(svg)
}

type Failed = Box<dyn std::error::Error>;

fn draw(samples: &Samples, svg: &mut String) -> Result<(), Failed> {
    let area = SVGBackend::with_string(svg, (960, 600)).into_drawing_area();
    area.fill(&WHITE)?;
    let highest = CURVES.iter().flat_map(|(name, _)| points(samples, name)).map(|(_, nanos)| nanos);
    let top = highest.fold(1_000.0, f64::max) * 1.3;
    let mut chart = ChartBuilder::on(&area)
        .caption("PHOLD: processor time per event", ("sans-serif", 24))
        .margin(16)
        .margin_right(170)
        .x_label_area_size(56)
        .y_label_area_size(72)
        .build_cartesian_2d((10.0..1_000_000f64).log_scale(), (10.0..top).log_scale())?;
    chart
        .configure_mesh()
        .x_desc("nodes, and events pending")
        .y_desc("nanoseconds")
        .x_label_formatter(&|x: &f64| thousands(x.round() as u64))
        .y_label_formatter(&|y: &f64| thousands(y.round() as u64))
        .label_style(("sans-serif", 15))
        .axis_desc_style(("sans-serif", 17))
        .light_line_style(RGBColor(240, 240, 240))
        .bold_line_style(RGBColor(215, 215, 215))
        .draw()?;
    for (name, color) in CURVES {
        let points = points(samples, name);
        chart.draw_series(LineSeries::new(points.iter().copied(), color.stroke_width(2)))?;
        chart.draw_series(points.iter().map(|&point| Circle::new(point, 4, color.filled())))?;
    }
    for (name, color, end, height) in labels(samples, |point| chart.backend_coord(point)) {
        let style = ("sans-serif", 16).into_font().color(color);
        area.draw(&Text::new(name, (end + 12, height - 8), style))?;
    }
    area.present()?;
    Ok(())
}

/// The name of a curve, its colour, and where the name goes.
type Label = (&'static str, &'static RGBColor, i32, i32);

/// The names of the curves: at their right ends, but none upon another.
fn labels(samples: &Samples, at: impl Fn(&(f64, f64)) -> (i32, i32)) -> Vec<Label> {
    let ends = CURVES.iter().filter_map(|(name, color)| {
        let (x, y) = at(points(samples, name).last()?);
        Some((*name, color, x, y))
    });
    let mut labels: Vec<_> = ends.collect();
    labels.sort_by_key(|label| label.3);
    for index in 1..labels.len() {
        labels[index].3 = labels[index].3.max(labels[index - 1].3 + 20);
    }
    labels
}

fn points(samples: &Samples, system: &str) -> Vec<(f64, f64)> {
    let phold = ROWS.iter().filter(|row| row.workload == Workload::Phold);
    let point = |size: u64| Some((size as f64, samples.least(system, Workload::Phold, size)?));
    phold.filter_map(|row| point(row.size)).collect()
}
