//! What can be wrong with variants: the words.

use super::{mistake, quote};
use crate::{
    diagnostics::{Mistake, Place},
    variants::VARIANTS,
};

pub(crate) fn count(at: Place, found: usize, most: usize) -> Mistake {
    match found {
        0 => mistake(at, "there is no variant", "empty").help("leave `variants` out, or name two"),
        _ => mistake(at, format!("{found} variants are too many for one page"), format!("more than {most}")),
    }
}

pub(crate) fn name(at: Place, found: &str, why: &str) -> Mistake {
    mistake(at, format!("{} cannot be the name of a variant", quote(found)), why)
        .help("write 1 to 40 of `a-z`, `0-9`, `-` and `_`, starting with a letter and not ending like `-1`")
}

pub(crate) fn nested(at: Place) -> Mistake {
    mistake(at, "a variant has no variants", "inside a variant").help("write it beside the others")
}

pub(crate) fn seed(at: Place) -> Mistake {
    mistake(at, "all variants are played with the same seed", "a seed of its own")
        .help("write it beside `variants`, or play one of them with `--seed`")
}

/// `wanted` is what was asked for, if anything was.
pub(crate) fn unknown(wanted: Option<&str>, names: &[String]) -> String {
    let known: Vec<String> = names.iter().map(|name| quote(name)).collect();
    let known = known.join(", ");
    match wanted {
        None => format!(
            "this file has variants: name one of them behind the file, as in `FILE#{}` ({known})",
            names[0]
        ),
        Some(wanted) if names.is_empty() => {
            format!("there is no variant {}: this file has none", quote(wanted))
        }
        Some(wanted) => format!("there is no variant {}: there are {known}", quote(wanted)),
    }
}

/// `path` is set for all variants; the one of this `name`, and so all that are `wanted`, has something else there.
pub(crate) fn set_unheard(at: Place, path: &str, wanted: Option<&str>, name: &str) -> Mistake {
    let who =
        wanted.map_or_else(|| "every variant".into(), |wanted| format!("the variant {}", quote(wanted)));
    mistake(at, format!("{who} has something else there"), "set for all of them")
        .help(format!("write `--set {VARIANTS}.{name}.{path}=…`"))
}

/// Where a mistake was found.
pub(crate) fn inside(name: &str) -> String {
    format!("in the variant {}", quote(name))
}
