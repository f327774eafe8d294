//! The colours of all pictures: those of Okabe and Ito, which colour-blind people can tell apart.
//!
//! Pictures carry the light colours as plain attributes, so they look right in any viewer. The page overrides them by
//! attribute where the reader prefers a dark screen ([`dark_css`]); that is why every colour here has one meaning.

use std::fmt::Write;

/// A colour on a light and on a dark ground.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Color {
    pub(crate) light: &'static str,
    pub(crate) dark: &'static str,
}

const fn color(light: &'static str, dark: &'static str) -> Color {
    Color { light, dark }
}

pub(crate) const PAPER: Color = color("#FFFFFF", "#171A1F");
pub(crate) const INK: Color = color("#222222", "#E8E8E8");
pub(crate) const MUTED: Color = color("#666666", "#A4A9B0");
pub(crate) const GRID: Color = color("#DDDDDD", "#3A3F47");
pub(crate) const BLUE: Color = color("#0072B2", "#3A86D8");
pub(crate) const GREEN: Color = color("#009E73", "#2BBE92");
pub(crate) const ORANGE: Color = color("#E69F00", "#F0B02E");
pub(crate) const VERMILLION: Color = color("#D55E00", "#F0803C");
pub(crate) const PURPLE: Color = color("#CC79A7", "#DB93BC");
pub(crate) const YELLOW: Color = color("#F0E442", "#F0E442");
pub(crate) const SKY: Color = color("#56B4E9", "#A8DDFF");
/// The role that most nodes have most of the time: present, but quiet.
pub(crate) const QUIET: Color = color("#CBD9E6", "#34424F");
/// A part of a lane with more changes than there are pixels.
pub(crate) const CROWDED: Color = color("#9A9A9A", "#7C828A");

const ALL: [Color; 13] =
    [PAPER, INK, MUTED, GRID, BLUE, GREEN, ORANGE, VERMILLION, PURPLE, YELLOW, SKY, QUIET, CROWDED];

/// Style rules that turn the pictures of a page dark.
pub(crate) fn dark_css() -> String {
    let mut css = String::new();
    for Color { light, dark } in ALL {
        let _ = write!(css, "svg [fill=\"{light}\"]{{fill:{dark}}}svg [stroke=\"{light}\"]{{stroke:{dark}}}");
    }
    css
}

/// The colours as variables of a style, for what a script draws.
pub(crate) fn variables(pick: fn(Color) -> &'static str) -> String {
    let named = [
        ("grid", GRID),
        ("blue", BLUE),
        ("green", GREEN),
        ("orange", ORANGE),
        ("vermillion", VERMILLION),
        ("purple", PURPLE),
        ("yellow", YELLOW),
        ("sky", SKY),
        ("quiet", QUIET),
        ("crowded", CROWDED),
    ];
    let mut css = String::new();
    for (name, color) in named {
        let _ = write!(css, "--{name}:{};", pick(color));
    }
    css
}

impl Color {
    /// The light colour as numbers.
    pub(crate) fn rgb(self) -> (u8, u8, u8) {
        let part = |at: usize| {
            u8::from_str_radix(&self.light[at..at + 2], 16).expect("written above as six hex digits")
        };
        (part(1), part(3), part(5))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(color: &str) -> [f64; 3] {
        [1, 3, 5].map(|at| f64::from(u8::from_str_radix(&color[at..at + 2], 16).unwrap()))
    }

    /// Relative luminance (WCAG 2.2).
    fn luminance(color: &str) -> f64 {
        let linear = |part: f64| {
            let part = part / 255.0;
            if part <= 0.04045 { part / 12.92 } else { libm::pow((part + 0.055) / 1.055, 2.4) }
        };
        let [red, green, blue] = parts(color).map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    #[test]
    fn lines_are_told_from_one_another_and_from_the_dark() {
        let lines = [BLUE, GREEN, ORANGE, VERMILLION, PURPLE, YELLOW, SKY];
        let distance = |a: &str, b: &str| {
            let square: f64 = parts(a).into_iter().zip(parts(b)).map(|(a, b)| (a - b) * (a - b)).sum();
            square.sqrt()
        };
        // Two that nobody could tell apart were sixteen apart. On white the colours are as Okabe and Ito have them, yellow too,
        // which is light there and comes last.
        for (place, one) in lines.iter().enumerate() {
            for other in &lines[..place] {
                assert!(distance(one.light, other.light) > 45.0, "{one:?} {other:?}");
                assert!(distance(one.dark, other.dark) > 45.0, "{one:?} {other:?}");
            }
            // What is no text needs a contrast of three (WCAG 2.2, 1.4.11).
            let contrast = (luminance(one.dark) + 0.05) / (luminance(PAPER.dark) + 0.05);
            assert!(contrast > 3.0, "{one:?}: {contrast}");
        }
    }
}
