//! Pieces of SVG written by hand: what lies over the charts, and the lanes.

use crate::{
    palette::Color,
    words::{clean, fit},
};
use std::fmt::Write;

/// About how wide a column of eleven-pixel text is. Generous, because the reader's font is not known here.
pub(crate) const COLUMN: f64 = 6.6;

/// Text for an element or an attribute of XML or HTML.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A coordinate with one decimal: enough for a screen, and the same text everywhere.
pub(crate) fn px(value: f64) -> String {
    let tenths = (value * 10.0).round() as i64;
    match tenths % 10 {
        0 => (tenths / 10).to_string(),
        rest => format!("{}{}.{}", if tenths < 0 { "-" } else { "" }, (tenths / 10).abs(), rest.abs()),
    }
}

/// On which side of its coordinate a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// A line of eleven-pixel text with its baseline at `y`, cut to `room` pixels; untrusted text is escaped.
pub(crate) fn label(out: &mut String, (x, y): (f64, f64), anchor: Anchor, ink: Color, room: f64, text: &str) {
    let anchor = match anchor {
        Anchor::Start => "start",
        Anchor::Middle => "middle",
        Anchor::End => "end",
    };
    let text = escape(&fit(&clean(text), (room / COLUMN).max(0.0) as usize));
    let _ = writeln!(
        out,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\" font-family=\"sans-serif\" font-size=\"11\" fill=\"{}\">{text}</text>",
        px(x),
        px(y),
        ink.light
    );
}

/// A dashed line between two points.
pub(crate) fn dashes(out: &mut String, from: (f64, f64), to: (f64, f64), color: Color) {
    let _ = writeln!(
        out,
        "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"{}\" stroke-opacity=\"0.55\" stroke-dasharray=\"2 3\"/>",
        px(from.0),
        px(from.1),
        px(to.0),
        px(to.1),
        color.light
    );
}

/// A rectangle given by its left, top, width and height.
pub(crate) fn block(out: &mut String, (x, y, width, height): (f64, f64, f64, f64), paint: &str, title: &str) {
    let _ = write!(
        out,
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" {paint}",
        px(x),
        px(y),
        px(width.max(0.0)),
        px(height)
    );
    let _ = match title {
        "" => writeln!(out, "/>"),
        title => writeln!(out, "><title>{}</title></rect>", escape(title)),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_have_one_decimal_and_no_minus_zero() {
        assert_eq!([0.0, -0.01, 12.04, 12.05, -3.26].map(px), ["0", "0", "12", "12.1", "-3.3"]);
    }

    #[test]
    fn markup_is_escaped() {
        assert_eq!(escape("<a b='c'>&\u{0}"), "&lt;a b=&#39;c&#39;&gt;&amp;\u{fffd}");
    }
}
