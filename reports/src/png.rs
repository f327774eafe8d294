//! Pictures as PNG, for slides and for whatever shows no SVG. The font is bundled, so that no machine's own fonts matter.

use resvg::{
    tiny_skia::{Color, Pixmap, Transform},
    usvg::{ImageHrefResolver, Options, Tree},
};
use std::sync::Arc;

/// Regular and bold. They have Latin and Greek letters, arrows, and the signs of reports; what they lack is shown as a box.
const FONTS: [&[u8]; 2] =
    [include_bytes!("../fonts/DejaVuSans.ttf"), include_bytes!("../fonts/DejaVuSans-Bold.ttf")];
const FAMILY: &str = "DejaVu Sans";
/// Pixels of the picture for each of the SVG: enough for a projector.
const SCALE: f32 = 2.0;
/// No picture has more pixels.
const PIXELS_MAX: u64 = 100_000_000;

/// An SVG of this crate as PNG on white, twice as large. Nothing but its own text is read: neither files nor fonts of the machine.
///
/// # Errors
/// What is no SVG, and what would be larger than a hundred million pixels.
pub fn png(svg: &str) -> Result<Vec<u8>, String> {
    let mut options = Options {
        font_family: FAMILY.into(),
        image_href_resolver: ImageHrefResolver {
            resolve_data: Box::new(|_, _, _| None),
            resolve_string: Box::new(|_, _| None),
        },
        ..Options::default()
    };
    let fonts = Arc::make_mut(&mut options.fontdb);
    for font in FONTS {
        fonts.load_font_data(font.to_vec());
    }
    fonts.set_sans_serif_family(FAMILY);
    let tree = Tree::from_str(svg, &options).map_err(|error| format!("this is no SVG: {error}"))?;
    let size = tree.size().to_int_size().scale_by(SCALE);
    let size = size.filter(|size| u64::from(size.width()) * u64::from(size.height()) <= PIXELS_MAX);
    let mut pixels = size
        .and_then(|size| Pixmap::new(size.width(), size.height()))
        .ok_or_else(|| format!("a picture of more than {PIXELS_MAX} pixels"))?;
    pixels.fill(Color::WHITE);
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| error.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]
mod tests {
    use super::*;

    fn drawn(inside: &str) -> Pixmap {
        let svg =
            format!(r#"<svg xmlns="http://www.w3.org/2000/svg" width="100" height="20">{inside}</svg>"#);
        Pixmap::decode_png(&png(&svg).unwrap()).unwrap()
    }

    fn ink(pixels: &Pixmap) -> usize {
        pixels.pixels().iter().filter(|pixel| pixel.green() < 128).count()
    }

    #[test]
    fn text_is_drawn_in_the_font_that_comes_with_it() {
        let line = |weight: &str, text: &str| {
            drawn(&format!(r#"<text y="15" font-family="sans-serif" font-weight="{weight}">{text}</text>"#))
        };
        let plain = line("normal", "p99 ≤ 5 µs → ✔");
        assert_eq!((plain.width(), plain.height()), (200, 40));
        assert!(ink(&plain) > 200, "{}", ink(&plain));
        assert!(ink(&line("bold", "p99 ≤ 5 µs → ✔")) > ink(&plain), "bold is another font");
        // Each sign is one of its own, not the box that stands for all that is missing.
        let signs: Vec<Vec<u8>> =
            "✔✘∅≤≥→·…–×±µ".chars().map(|sign| line("normal", &sign.to_string()).data().to_vec()).collect();
        for (index, sign) in signs.iter().enumerate() {
            assert!(!signs[..index].contains(sign), "{index}");
        }
    }

    #[test]
    fn no_file_is_read() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/pictures");
        let picture = std::fs::read_dir(file).unwrap().next().unwrap().unwrap().path();
        let image = format!(r#"<image href="{}" width="100" height="20"/>"#, picture.display());
        assert_eq!(ink(&drawn(&image)), 0);
    }

    #[test]
    fn what_is_no_picture_or_too_large_is_refused() {
        assert!(png("hello").is_err());
        let large = r#"<svg xmlns="http://www.w3.org/2000/svg" width="100000" height="100000"/>"#;
        assert!(png(large).unwrap_err().contains("pixels"));
    }
}
