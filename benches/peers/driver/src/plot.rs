//! The plot: what an event of PHOLD costs as nodes, and as messages in flight grow in number, and where our worlds outgrow the
//! caches.

use crate::{
    machine,
    plan::{HEAP, LOOP, OURS, ROWS, SIMCORE, SMALL, thousands},
    samples::Samples,
};
use harness::Workload;
use plotters::{coord::Shift, prelude::*, series::LineSeries};

/// The curves and their colours, which people who see colours differently can tell apart as well.
const CURVES: &[(&str, RGBColor)] = &[
    (OURS, RGBColor(213, 94, 0)),
    (LOOP, RGBColor(0, 0, 0)),
    (HEAP, RGBColor(120, 120, 120)),
    (SMALL, RGBColor(0, 114, 178)),
    (SIMCORE, RGBColor(0, 158, 115)),
];

/// One chart: how a workload's events become dearer as something grows.
struct Chart {
    workload: Workload,
    caption: &'static str,
    grows: &'static str,
    sizes: (f64, f64),
}

const CHARTS: [Chart; 2] = [
    Chart {
        workload: Workload::Phold,
        caption: "PHOLD: processor time per event",
        grows: "nodes, and messages in flight",
        sizes: (10.0, 1_000_000.0),
    },
    Chart {
        workload: Workload::Crowd,
        caption: "the same among 1,000 nodes",
        grows: "messages in flight",
        sizes: (1_000.0, 10_000_000.0),
    },
];

/// The picture, as SVG.
pub(crate) fn scaling(samples: &Samples) -> Result<String, String> {
    let mut svg = String::new();
    draw(samples, &mut svg).map_err(|error| format!("scaling.svg cannot be drawn: {error}"))?;
    Ok(svg)
}

type Failed = Box<dyn std::error::Error>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

fn draw(samples: &Samples, svg: &mut String) -> Result<(), Failed> {
    let area = SVGBackend::with_string(svg, (960, 1_160)).into_drawing_area();
    area.fill(&WHITE)?;
    for (chart, part) in CHARTS.iter().zip(area.split_evenly((CHARTS.len(), 1))) {
        draw_one(chart, samples, &part, &area)?;
    }
    area.present()?;
    Ok(())
}

/// Draws a chart on a part of the whole.
fn draw_one(what: &Chart, samples: &Samples, area: &Area<'_>, whole: &Area<'_>) -> Result<(), Failed> {
    let highest = CURVES.iter().flat_map(|(name, _)| points(what, samples, name)).map(|(_, nanos)| nanos);
    let top = highest.fold(1_000.0, f64::max) * 1.3;
    let (least, most) = what.sizes;
    let mut chart = ChartBuilder::on(area)
        .caption(what.caption, ("sans-serif", 24))
        .margin(16)
        .margin_right(170)
        .x_label_area_size(56)
        .y_label_area_size(72)
        .build_cartesian_2d((least..most).log_scale(), (10.0..top).log_scale())?;
    chart
        .configure_mesh()
        .x_desc(what.grows)
        .y_desc("nanoseconds")
        .x_label_formatter(&|x: &f64| thousands(x.round() as u64))
        .y_label_formatter(&|y: &f64| thousands(y.round() as u64))
        .label_style(("sans-serif", 15))
        .axis_desc_style(("sans-serif", 17))
        .light_line_style(RGBColor(240, 240, 240))
        .bold_line_style(RGBColor(215, 215, 215))
        .draw()?;
    let ours = CURVES[0].1;
    for (level, size) in outgrown(what, samples) {
        chart.draw_series(DashedLineSeries::new(
            [(size, 10.0), (size, top)],
            4,
            4,
            ours.mix(0.6).stroke_width(1),
        ))?;
        let (x, y) = chart.backend_coord(&(size, top));
        let style = ("sans-serif", 14).into_font().color(&ours);
        whole.draw(&Text::new(format!("ours outgrows L{level}, about"), (x + 5, y + 6), style))?;
    }
    for (name, color) in CURVES {
        let points = points(what, samples, name);
        chart.draw_series(LineSeries::new(points.iter().copied(), color.stroke_width(2)))?;
        chart.draw_series(points.iter().map(|&point| Circle::new(point, 4, color.filled())))?;
    }
    for (name, color, end, height) in labels(what, samples, |point| chart.backend_coord(point)) {
        let style = ("sans-serif", 16).into_font().color(color);
        whole.draw(&Text::new(name, (end + 12, height - 8), style))?;
    }
    Ok(())
}

/// At which sizes a world of ours is larger than each cache, by the memory that it takes for one more of what grows.
fn outgrown(what: &Chart, samples: &Samples) -> Vec<(u32, f64)> {
    let rows = ROWS.iter().filter(|row| row.workload == what.workload);
    let peak = |size| Some((size as f64, samples.cell(OURS, what.workload, size)?.peak_kib as f64 * 1024.0));
    let peaks: Vec<_> = rows.filter_map(|row| peak(row.size)).collect();
    let (Some(first), Some(last)) = (peaks.first(), peaks.last()) else { return Vec::new() };
    let each = (last.1 - first.1) / (last.0 - first.0);
    let sizes = machine::caches().into_iter().map(|(level, bytes)| (level, bytes as f64 / each));
    sizes.filter(|(_, size)| (what.sizes.0..what.sizes.1).contains(size)).collect()
}

/// The name of a curve, its colour, and where the name goes.
type Label = (&'static str, &'static RGBColor, i32, i32);

/// The names of the curves: at their right ends, but none upon another.
fn labels(what: &Chart, samples: &Samples, at: impl Fn(&(f64, f64)) -> (i32, i32)) -> Vec<Label> {
    let ends = CURVES.iter().filter_map(|(name, color)| {
        let (x, y) = at(points(what, samples, name).last()?);
        Some((*name, color, x, y))
    });
    let mut labels: Vec<_> = ends.collect();
    labels.sort_by_key(|label| label.3);
    for index in 1..labels.len() {
        labels[index].3 = labels[index].3.max(labels[index - 1].3 + 20);
    }
    labels
}

fn points(what: &Chart, samples: &Samples, system: &str) -> Vec<(f64, f64)> {
    let rows = ROWS.iter().filter(|row| row.workload == what.workload);
    let point = |size: u64| Some((size as f64, samples.least(system, what.workload, size)?));
    rows.filter_map(|row| point(row.size)).collect()
}
