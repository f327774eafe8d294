//! How a task looks: its bar, the mark at its end, its number, and what all that means.

use crate::{
    axis::{LEFT, RIGHT, WIDTH},
    overlays::Ill,
    palette::{BLUE, CROWDED, Color, GREEN, INK, PAPER, VERMILLION},
    rows::Piece,
    svg::{self, Anchor, COLUMN, px},
    tasks::Kinds,
    words::{columns, short},
};
use sim_core::{
    judged::Judged,
    task::{How, Why},
};
use std::{collections::BTreeSet, fmt::Write};

/// White stripes, for what is begun again.
pub(crate) const STRIPES: &str = "<defs><pattern id=\"again\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" \
    patternTransform=\"rotate(45)\"><line x1=\"0\" y1=\"0\" x2=\"0\" y2=\"5\" stroke=\"#FFFFFF\" stroke-width=\"4\"/>\
    </pattern></defs>\n";

/// How a piece looks, beside its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sort {
    One(Why, How),
    /// Several tasks, all of one kind or not.
    Several {
        alike: bool,
    },
}

impl Sort {
    pub(crate) fn of(judged: &Judged, piece: &Piece) -> Sort {
        let task = &judged.run.tasks.tasks[piece.first];
        if piece.tasks == 1 { Sort::One(task.why, task.how) } else { Sort::Several { alike: piece.alike } }
    }
}

/// The bar of a task; `sort` says how it is filled.
pub(crate) fn bar(
    out: &mut String,
    sort: Sort,
    color: Color,
    (x, y, width, height): (f64, f64, f64, f64),
    title: &str,
) {
    let (why, how) = match sort {
        Sort::One(why, how) => (why, how),
        Sort::Several { alike } => {
            let color = if alike { color } else { CROWDED };
            return svg::block(out, (x, y, width, height), &format!("fill=\"{}\"", color.light), title);
        }
    };
    let cut = matches!(how, How::Beaten | How::Failed | How::Lost);
    let pale = if cut { " fill-opacity=\"0.4\"" } else { "" };
    let solid = format!("fill=\"{}\"{pale}", color.light);
    match why {
        Why::First => svg::block(out, (x, y, width, height), &solid, title),
        Why::Again => {
            svg::block(out, (x, y, width, height), &solid, title);
            svg::block(out, (x, y, width, height), "fill=\"url(#again)\" pointer-events=\"none\"", "");
            let edge = format!("fill=\"none\" stroke=\"{}\"", color.light);
            svg::block(out, (x + 0.5, y + 0.5, (width - 1.0).max(0.1), height - 1.0), &edge, "");
        }
        Why::Backup => {
            let faint = if cut { " stroke-opacity=\"0.6\"" } else { "" };
            let hollow =
                format!("fill=\"{}\" stroke=\"{}\" stroke-width=\"2\"{faint}", PAPER.light, color.light);
            svg::block(out, (x + 1.0, y + 1.0, (width - 2.0).max(0.1), height - 2.0), &hollow, title);
        }
    }
}

/// The mark at the end of what came to nothing: a stroke where somebody else was faster, else a cross.
pub(crate) fn ending(out: &mut String, sort: Sort, (x, y, height): (f64, f64, f64)) {
    let Sort::One(_, how) = sort else { return };
    let (shape, color) = match how {
        How::Beaten => (format!("M{} {}v{}", px(x - 1.0), px(y - 0.5), px(height + 1.0)), INK),
        How::Lost | How::Failed => {
            let size = (height - 1.0).min(7.0);
            let at = (px(x - size / 2.0), px(y + (height - size) / 2.0));
            let color = if how == How::Lost { INK } else { VERMILLION };
            (format!("M{} {}l{size} {size}m0 -{size}l-{size} {size}", at.0, at.1), color)
        }
        How::Running | How::Done => return,
    };
    let _ = writeln!(
        out,
        "<path d=\"{shape}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\" pointer-events=\"none\"/>",
        color.light
    );
}

/// The number of a task in its bar, legible on every fill.
pub(crate) fn label(out: &mut String, sort: Sort, color: Color, (x, y): (f64, f64), number: &str) {
    let plain = matches!(sort, Sort::One(Why::First, How::Done | How::Running));
    let ink = match plain {
        // On light colours, black in every mode.
        true if ![BLUE, GREEN].contains(&color) => "#111111",
        true => PAPER.light,
        false => INK.light,
    };
    let halo = match plain {
        true => String::new(),
        false => format!(" stroke=\"{}\" stroke-width=\"2.5\" paint-order=\"stroke\"", PAPER.light),
    };
    let _ = writeln!(
        out,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\" font-family=\"sans-serif\" font-size=\"9\" fill=\"{ink}\"{halo} \
         pointer-events=\"none\">{number}</text>",
        px(x),
        px(y)
    );
}

/// What looks mean; returns where it ends.
pub(crate) fn legend(
    out: &mut String,
    kinds: &Kinds,
    shown: &BTreeSet<Sort>,
    (idle, ills): (&[(&'static str, &'static str)], &[Ill]),
    top: f64,
) -> f64 {
    const SWATCH: f64 = 22.0;
    const KINDS_MAX: usize = 8;
    let color = kinds.first().map_or(CROWDED, |(_, color)| *color);
    let some = |is: &dyn Fn(Why, How) -> bool| {
        shown.iter().any(|sort| matches!(sort, Sort::One(why, how) if is(*why, *how)))
    };
    let mut entries: Vec<(String, Look)> = Vec::new();
    let plain = Sort::One(Why::First, How::Done);
    for (kind, color) in kinds.iter().take(KINDS_MAX) {
        entries.push((short(kind, 24), Look::Bar(plain, *color)));
    }
    for (why, name) in [(Why::Again, "done again"), (Why::Backup, "backup")] {
        if some(&|other, _| other == why) {
            entries.push((name.into(), Look::Bar(Sort::One(why, How::Done), color)));
        }
    }
    for (how, name) in [(How::Beaten, "another was faster"), (How::Lost, "lost"), (How::Failed, "failed")] {
        if some(&|_, other| other == how) {
            entries.push((name.into(), Look::Bar(Sort::One(Why::First, how), color)));
        }
    }
    if shown.contains(&Sort::Several { alike: false }) {
        entries.push(("several kinds".into(), Look::Bar(Sort::Several { alike: false }, CROWDED)));
    }
    entries.extend(idle.iter().map(|(name, fill)| (name.to_string(), Look::Fill(fill))));
    entries.extend(ills.iter().map(|ill| (ill.phrase().to_string(), Look::Ill(*ill))));
    let (mut x, mut y) = (LEFT, top);
    for (name, look) in entries {
        let width = SWATCH + 8.0 + (columns(&name) + 2) as f64 * COLUMN;
        if x + width > WIDTH - RIGHT {
            (x, y) = (LEFT, y + 18.0);
        }
        match look {
            Look::Bar(sort, color) => {
                bar(out, sort, color, (x, y, SWATCH, 11.0), "");
                ending(out, sort, (x + SWATCH, y, 11.0));
            }
            Look::Fill(fill) => {
                svg::block(out, (x, y, SWATCH, 11.0), &format!("fill=\"{fill}\" fill-opacity=\"0.6\""), "")
            }
            Look::Ill(ill) => ill.draw(out, (x, y + 5.5), SWATCH),
        }
        svg::label(out, (x + SWATCH + 8.0, y + 9.5), Anchor::Start, INK, width, &name);
        x += width;
    }
    y + 20.0
}

/// How an entry of the legend looks.
enum Look {
    Bar(Sort, Color),
    Fill(&'static str),
    Ill(Ill),
}
