//! Repeats Figure 16 of the Raft paper: how long a cluster is without a leader, for eight ranges of election timeouts. Prints a
//! table, and draws the curves to `sim-out/figure-16.svg`, beside the published ones where their raw data is at hand.
//!
//! `cargo run --release --example figure-16 [TRIALS]`, a thousand trials of each if nothing else is said.

mod measure;

use measure::{RANGES, distance, published, quantile, times};
use plotters::prelude::*;
use std::error::Error;

/// Colours that people tell apart who see few (Okabe and Ito).
const COLOURS: [RGBColor; 8] = [
    RGBColor(0, 0, 0),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 158, 115),
    RGBColor(213, 94, 0),
    RGBColor(0, 114, 178),
    RGBColor(204, 121, 167),
    RGBColor(148, 130, 0),
];

fn main() -> Result<(), Box<dyn Error>> {
    let trials = std::env::args().nth(1).map_or(Ok(1_000), |trials| trials.parse())?;
    println!(
        "| election timeouts (ms) | trials | median (ms) | 95 of 100 (ms) | longest (ms) | distance to the published |"
    );
    println!("|---|---:|---:|---:|---:|---:|");
    let mut curves = Vec::new();
    for range in RANGES {
        let measured = times(range, trials);
        let theirs = published(range);
        let [median, late, longest] = [0.5, 0.95, 1.0].map(|share| quantile(&measured, share));
        let apart =
            theirs.as_ref().map_or("–".into(), |theirs| format!("{:.3}", distance(&measured, theirs)));
        let (low, high) = range;
        println!("| {low}–{high} | {} | {median:.1} | {late:.1} | {longest:.1} | {apart} |", measured.len());
        curves.push((range, measured, theirs));
    }
    std::fs::create_dir_all("sim-out")?;
    let path = "sim-out/figure-16.svg";
    draw(path, trials, &curves)?;
    println!("\n{path}");
    Ok(())
}

type Curve = ((u64, u64), Vec<f64>, Option<Vec<f64>>);

fn draw(path: &str, trials: u64, curves: &[Curve]) -> Result<(), Box<dyn Error>> {
    let area = SVGBackend::new(path, (960, 600)).into_drawing_area();
    area.fill(&WHITE)?;
    let title = format!("Time without a leader, {trials} elections of each kind (Raft, Figure 16)");
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 20))
        .margin(16)
        .x_label_area_size(48)
        .y_label_area_size(60)
        .build_cartesian_2d((10.0..5_000.0).log_scale(), 0.0..100.0)?;
    let published = if curves.iter().any(|curve| curve.2.is_some()) { "; thin: as published" } else { "" };
    chart
        .configure_mesh()
        .x_desc(format!("time without a leader (ms){published}"))
        .y_desc("elections that are over (%)")
        .x_label_formatter(&|x| format!("{x:.0}"))
        .light_line_style(TRANSPARENT)
        .draw()?;
    for ((range, ours, theirs), colour) in curves.iter().zip(COLOURS) {
        if let Some(theirs) = theirs {
            chart.draw_series(LineSeries::new(steps(theirs), colour.mix(0.5).stroke_width(1)))?;
        }
        chart
            .draw_series(LineSeries::new(steps(ours), colour.stroke_width(2)))?
            .label(format!("{}–{} ms", range.0, range.1))
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    area.present()?;
    Ok(())
}

/// A distribution: the share of the elections that were over at each moment.
fn steps(times: &[f64]) -> impl Iterator<Item = (f64, f64)> {
    let count = times.len() as f64;
    times.iter().enumerate().map(move |(index, &time)| (time, (index + 1) as f64 / count * 100.0))
}
