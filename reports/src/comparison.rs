//! Variants side by side: a table on the terminal, a page with the table and every variant's pictures.

use crate::{
    charts::{self, Place},
    embed,
    html::css,
    page::Listed,
    paint::{Ink, Paint},
    script,
    verdicts::{headline, sign},
    words::{clean, columns, counted, fit, short},
};
use askama::Template;
use sim_core::judged::{Cell, Comparison, Judged, Status};

/// So wide a column of the table on the terminal at most.
const COLUMN_MAX: usize = 26;
/// So wide its first one.
const SUBJECT_MAX: usize = 56;

/// The table for a terminal, with or without colour. Ends with a newline.
pub fn comparison_text(comparison: &Comparison, color: bool) -> String {
    let paint = Paint(color);
    let subjects =
        comparison.rows.iter().map(|row| columns(&row.subject)).max().unwrap_or(0).min(SUBJECT_MAX);
    let wide = |place: usize| {
        let cells = comparison.rows.iter().map(|row| columns(&shown(&row.cells[place])));
        let name = columns(&comparison.variants[place]);
        cells.max().unwrap_or(0).max(name).min(COLUMN_MAX)
    };
    let widths: Vec<usize> = (0..comparison.variants.len()).map(wide).collect();
    let padded = |text: &str, width: usize| {
        let text = fit(&clean(text), width);
        let room = width.saturating_sub(columns(&text));
        text + &" ".repeat(room)
    };
    let head: Vec<String> =
        comparison.variants.iter().zip(&widths).map(|(name, &width)| padded(name, width)).collect();
    let title = padded(&comparison.name, subjects);
    let mut text = paint.ink(Ink::Bold, format!("{title}  {}", head.join("  ")).trim_end()) + "\n";
    for row in &comparison.rows {
        let cells = row.cells.iter().zip(&widths).map(|(cell, &width)| {
            let padded = padded(&shown(cell), width);
            cell.holds.map_or(padded.clone(), |status| paint.ink(Ink::of(status), &padded))
        });
        let line = format!("{}  {}", padded(&row.subject, subjects), cells.collect::<Vec<_>>().join("  "));
        text += line.trim_end();
        text.push('\n');
    }
    if comparison.left_out > 0 {
        text += &format!("and {}\n", counted(comparison.left_out as u64, "more row"));
    }
    text
}

/// What stands in a cell: whether it holds, or how much.
fn shown(cell: &Cell) -> String {
    match cell.holds {
        Some(Status::Held) => "✔".into(),
        Some(Status::Failed) => format!("✘ {}", cell.found),
        Some(Status::Vacuous | Status::Undecided) | None => cell.found.clone(),
    }
}

#[derive(Template)]
#[template(path = "comparison.html")]
struct Page {
    css: String,
    policy: String,
    script: String,
    data: String,
    name: String,
    about: String,
    /// Whether any of them has clients.
    clients: bool,
    variants: Vec<Variant>,
    rows: Listed<Row>,
}

struct Variant {
    name: String,
    word: &'static str,
    sign: &'static str,
    headline: String,
    about: String,
    availability: String,
    latency: String,
    clients: bool,
}

struct Row {
    subject: String,
    cells: Vec<(&'static str, String)>,
}

/// What an introduction says beyond what is said for all.
fn own<'a>(about: &'a str, common: &str) -> &'a str {
    about.strip_prefix(common).unwrap_or(about).trim_start()
}

/// The page: the table, and each variant with its introduction and its pictures. Reports of the variants are looked for in
/// folders of their names beside it. `judged` has the variants in the order of the comparison.
pub fn comparison_html(comparison: &Comparison, judged: &[&Judged]) -> String {
    let word = |cell: &Cell| cell.holds.filter(|holds| *holds != Status::Vacuous).map_or("", Status::word);
    let rows: Vec<Row> = comparison
        .rows
        .iter()
        .map(|row| Row {
            subject: short(&row.subject, 200),
            cells: row.cells.iter().map(|cell| (word(cell), short(&shown(cell), 200))).collect(),
        })
        .collect();
    // One scale for all: what is higher is slower.
    let scale = charts::latency_scale(judged);
    let variant = |(name, judged): (&String, &&Judged)| Variant {
        name: short(name, 100),
        word: judged.status().word(),
        sign: sign(judged.status()),
        headline: headline(judged),
        about: short(own(&judged.provenance.about, &comparison.about), 2_000),
        availability: charts::availability(judged, Place::Page),
        latency: charts::latency_on(scale, judged, Place::Page),
        clients: judged.measures.total.wanted > 0,
    };
    let script = script::comparison();
    let page = Page {
        css: format!("{}{}", css(), include_str!("../templates/page/page.css")),
        policy: script::policy(&script),
        script,
        data: embed::variants(&comparison.variants, judged),
        name: short(&comparison.name, 120),
        about: short(&comparison.about, 2_000),
        clients: judged.iter().any(|judged| judged.measures.total.wanted > 0),
        variants: comparison.variants.iter().zip(judged).map(variant).collect(),
        rows: Listed::new(rows, comparison.rows.len() + comparison.left_out, "more row"),
    };
    page.render().expect("rendering into a string does not fail")
}
