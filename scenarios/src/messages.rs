//! The words of all messages about scenario files, in one place so that they can be read together.
//!
//! Lower case, no full stop; what was found, then what would do. This file has what can be wrong with a text and with
//! the shape of a value; the others have what can be wrong with a value that reads well: [`meaning`], and of what goes wrong
//! [`harm`], of hosts, links and places [`world`].

pub(crate) mod harm;
pub(crate) mod meaning;
pub(crate) mod variants;
pub(crate) mod world;

use crate::{
    diagnostics::{Mistake, Place, nearest},
    outline::{Node, Shape},
};

/// A mistake with a message and nothing else.
pub(crate) fn mistake(at: Place, what: impl Into<String>, label: impl Into<String>) -> Mistake {
    Mistake { at, what: what.into(), label: label.into(), help: None, also: None }
}

impl Mistake {
    pub(crate) fn help(self, help: impl Into<String>) -> Mistake {
        Mistake { help: Some(help.into()), ..self }
    }
    fn maybe(self, help: Option<String>) -> Mistake {
        Mistake { help, ..self }
    }
    fn also(self, at: Place, label: impl Into<String>) -> Mistake {
        Mistake { also: Some(Box::new((at, label.into()))), ..self }
    }
}

/// A piece of the file inside a message: not longer than a message should be, and on one line.
pub(crate) fn quote(text: &str) -> String {
    let line: String = text.chars().take(50).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.len() < text.len() { format!("`{line}…`") } else { format!("`{line}`") }
}

/// The kind of a fault with its article, if it takes one: a split, an isolation, halves.
pub(crate) fn a(kind: &str) -> String {
    match kind {
        "worse links" | "halves" | "ranks" => kind.into(),
        "isolation" | "end" => format!("an {kind}"),
        _ => format!("a {kind}"),
    }
}

/// `a`, `b` or `c`
pub(crate) fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        None => String::from("nothing"),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

/// "did you mean this?", or else what there is.
pub(crate) fn suggestion(found: &str, known: &[&str]) -> String {
    match nearest(found, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => String::from("there is none that could be named here"),
        None if known.len() > 14 => {
            let (count, first) = (known.len(), known[0]);
            format!("write one of the {count} that there are, such as `{first}`: see `sim list faults`")
        }
        None => format!("write {}", one_of(known.iter().copied())),
    }
}

// The file.

pub(crate) fn too_large(bytes: usize, most: usize) -> String {
    format!("the file has {bytes} bytes, and a scenario at most {most}: is this a scenario file?")
}

pub(crate) fn not_utf8(line: usize) -> String {
    format!("line {line} is not UTF-8 text: is this a scenario file?")
}

pub(crate) fn empty_file(at: Place) -> Mistake {
    mistake(at, "the file is empty", "a scenario is missing")
        .help("start with `(about: \"…\", seed: 7, until: \"60s\", …)`")
}

// The text.

pub(crate) fn comment_unended(at: Place) -> Mistake {
    mistake(at, "this comment never ends", "starts here").help("end it with `*/`; comments nest")
}

pub(crate) fn string_unended(at: Place) -> Mistake {
    mistake(at, "this string never ends", "starts here").help("end it with the quote that it starts with")
}

pub(crate) fn string_swallows(at: Place) -> Mistake {
    mistake(at, "this string runs on into later lines and ends in the middle of a value", "starts here")
        .help("its closing `\"` seems to be missing")
}

pub(crate) fn no_such_escape(at: Place, found: &str) -> Mistake {
    mistake(at, format!("{} is no escape", quote(found)), "not an escape")
        .help("write `\\\\` for a backslash; escapes are `\\n`, `\\t`, `\\r`, `\\0`, `\\\"`, `\\'`, `\\x41` and `\\u{41}`")
}

pub(crate) fn too_deep(at: Place, most: usize) -> Mistake {
    mistake(at, format!("brackets are nested more than {most} deep"), "one too deep")
        .help("a scenario needs no more than ten")
}

pub(crate) fn bracket_unopened(at: Place, close: char) -> Mistake {
    mistake(at, format!("this `{close}` closes nothing"), "no bracket is open here")
        .help(format!("remove the `{close}`, or look for a missing opening bracket before it"))
}

pub(crate) fn bracket_unclosed(at: Place, close: char) -> Mistake {
    mistake(at, "this bracket is never closed", "opened here").help(format!("a `{close}` is missing"))
}

pub(crate) fn bracket_mismatched(at: Place, close: char, found: (Place, char)) -> Mistake {
    mistake(at, format!("this bracket is not closed by `{close}` but meets `{}`", found.1), "opened here")
        .also(found.0, format!("`{close}` was expected by now"))
        .help(format!("a `{close}` is missing in between, or the `{}` is one too many", found.1))
}

pub(crate) fn trailing(at: Place) -> Mistake {
    mistake(at, "there is more after the end", "nothing should follow")
        .help("the scenario ended with the bracket before this")
}

pub(crate) fn no_such_attribute(at: Place) -> Mistake {
    mistake(at, "this is not an attribute that is known here", "unknown")
        .help("remove the line: everything that can be enabled is")
}

pub(crate) fn no_such_extension(at: Place, found: &str) -> Mistake {
    mistake(at, format!("there is no extension {}", quote(found)), "unknown")
        .help("remove the line: everything that can be enabled is")
}

pub(crate) fn value_missing(at: Place, found: &str) -> Mistake {
    let what = if found.is_empty() {
        String::from("a value was expected, found the end")
    } else {
        format!("a value was expected, found {}", quote(found))
    };
    mistake(at, what, "a value is missing before this")
}

pub(crate) fn equals_sign(at: Place) -> Mistake {
    mistake(at, "`=` does not belong here", "here").help("a key and its value are written `key: value`")
}

pub(crate) fn semicolon(at: Place) -> Mistake {
    mistake(at, "`;` does not belong here", "here").help("values are separated by `,`")
}

pub(crate) fn key_missing(at: Place, found: &str) -> Mistake {
    mistake(at, format!("`key: value` was expected, found {}", quote(found)), "not a key and a `:`")
}

pub(crate) fn key_quoted(at: Place, found: &str) -> Mistake {
    let bare = found.trim_matches('"');
    mistake(at, "this key is in quotes", "not in quotes")
        .help(format!("inside `( )` write {} without quotes", quote(bare)))
}

pub(crate) fn comma_missing(at: Place, next: Place, found: &str) -> Mistake {
    match found.chars().next() {
        Some(';') => semicolon(next),
        Some(':') => mistake(next, "`:` does not belong here", "here")
            .help("`key: value` needs a key in all places of the same brackets, or in none"),
        Some(_) | None => {
            mistake(at, format!("`,` was expected before {}", quote(found)), "a comma is missing here")
        }
    }
}

// The shape of a value.

/// What a value is, for "expected …, found …".
pub(crate) fn found(source: &str, node: &Node) -> String {
    let text = &source[node.at.clone()];
    match (&node.name, &node.shape) {
        (Some(name), _) => format!("`{}(…)`", quote(&source[name.clone()]).trim_matches('`')),
        (None, Shape::Text) => format!("the text {}", quote(text)),
        (None, Shape::Word) if number(text) => format!("the number {}", quote(text)),
        (None, Shape::Word) => quote(text),
        (None, Shape::Fields(_)) => String::from("keys and values in `( )`"),
        (None, Shape::Items(items)) if items.is_empty() => String::from("`()`"),
        (None, Shape::Items(_)) => String::from("values in `( )`"),
        (None, Shape::List(_)) => String::from("a list in `[ ]`"),
        (None, Shape::Map(_)) => String::from("a map in `{ }`"),
    }
}

fn number(text: &str) -> bool {
    ron::from_str::<f64>(text).is_ok()
}

pub(crate) fn expected(what: &str, source: &str, node: &Node) -> Mistake {
    let text = &source[node.at.clone()];
    let what = match what {
        "a string" => "a text in quotes",
        "f32" | "f64" => "a number",
        "i8" | "i16" | "i32" | "i64" | "i128" | "u8" | "u16" | "u32" | "u64" | "u128" => "a whole number",
        other => other,
    };
    let mistake =
        mistake(node.at.clone(), format!("expected {what}, found {}", found(source, node)), label(what));
    let advice = match (&node.name, &node.shape) {
        (Some(name), Shape::Fields(_)) if what.starts_with("keys and values") => {
            format!("leave out {}", quote(&source[name.clone()]))
        }
        (None, Shape::Word) if text.contains(['“', '”', '„', '‘', '’', '«', '»']) => {
            String::from("write straight quotes, `\"`")
        }
        (None, Shape::Word) if what.contains("duration") && number(text) => {
            format!("write it with a unit, like \"{text}ms\" or \"{text}s\"")
        }
        (None, Shape::Word) if what.contains("in quotes") && !number(text) => {
            format!("write \"{}\"", quote(text).trim_matches('`'))
        }
        (None, Shape::Text) if what.contains("number") => String::from("write it without quotes"),
        (_, Shape::Items(_) | Shape::Fields(_)) if what.contains("[ ]") => {
            String::from("lists are written `[…, …]`")
        }
        (None, Shape::List(_)) if what.contains("( )") => String::from("write `( )` instead of `[ ]`"),
        (None, Shape::Map(_)) if what.contains("( )") => {
            String::from("write `( )` instead of `{ }`, and keys without quotes")
        }
        (None, Shape::Fields(_)) if what.contains("{ }") => {
            String::from("write `{ }` instead of `( )`, and names in quotes")
        }
        (
            _,
            Shape::Text | Shape::Word | Shape::Items(_) | Shape::List(_) | Shape::Map(_) | Shape::Fields(_),
        ) => {
            return mistake;
        }
    };
    mistake.help(advice)
}

fn label(what: &str) -> String {
    let short = what.split([':', ',']).next().and_then(|what| what.split(" for ").next()).unwrap_or(what);
    if short.chars().count() <= 60 { format!("not {short}") } else { String::from("not what is expected") }
}

pub(crate) fn out_of_range(at: Place, found: &str, low: i128, high: i128) -> Mistake {
    mistake(
        at,
        format!("{} is out of range", quote(found)),
        format!("expected a whole number from {low} to {high}"),
    )
}

pub(crate) fn not_finite(at: Place, found: &str) -> Mistake {
    mistake(at, format!("expected a finite number, found {}", quote(found)), "not finite")
}

/// No variant of an enum. `name` is its name in the code, which is also the word for it.
pub(crate) fn no_variant(name: &str, variants: &[&str], source: &str, node: &Node) -> Mistake {
    let found = found(source, node);
    mistake(
        node.at.clone(),
        format!("expected a {}, found {found}", name.to_lowercase()),
        format!("not a {}", name.to_lowercase()),
    )
    .help(format!("write {}", one_of(variants.iter().copied())))
}

pub(crate) fn unknown_variant(at: Place, found: &str, variants: &[&str]) -> Mistake {
    mistake(at, format!("{} is not known here", quote(found)), "unknown").help(suggestion(found, variants))
}

pub(crate) fn unknown_key(at: Place, found: &str, owner: &str, known: &[&str]) -> Mistake {
    mistake(at, format!("{owner} has no key {}", quote(found)), "unknown key").help(suggestion(found, known))
}

pub(crate) fn no_metric(at: Place, found: &str, known: &[&str]) -> Mistake {
    let help = match nearest(found, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("write one of {}", one_of(known.iter().take(14).copied())),
    };
    mistake(at, format!("there is no metric {} that gets better or worse", quote(found)), "unknown")
        .help(help)
}

pub(crate) fn no_tolerance(at: Place, found: &str, metric: Option<&str>, help: String) -> Mistake {
    let of = metric.map_or(String::from("all metrics"), quote);
    mistake(at, format!("{} is no tolerance for {of}", quote(found)), "not a tolerance").help(help)
}

pub(crate) fn key_twice(at: Place, found: &str, first: Place) -> Mistake {
    mistake(at, format!("{} is given twice", quote(found)), "the second one").also(first, "the first one")
}

pub(crate) fn key_lacking(at: Place, owner: &str, key: &str, example: Option<&str>) -> Mistake {
    let help = example.map(|example| format!("write `{key}: {example}`"));
    mistake(at, format!("{owner} lacks the key `{key}`"), format!("`{key}` is missing")).maybe(help)
}

pub(crate) fn takes_nothing(at: Place, name: &str) -> Mistake {
    mistake(at, format!("{} takes nothing in parentheses", quote(name)), "too much")
        .help(format!("write {}", quote(name)))
}

pub(crate) fn takes_something(at: Place, name: &str, keys: &[&str]) -> Mistake {
    let inside = if keys.is_empty() {
        String::from("…")
    } else {
        keys.iter().map(|key| format!("{key}: …")).collect::<Vec<_>>().join(", ")
    };
    let name = quote(name);
    let name = name.trim_matches('`');
    mistake(at, format!("`{name}` lacks what belongs in its parentheses"), "incomplete")
        .help(format!("write `{name}({inside})`"))
}

pub(crate) fn takes_keys(at: Place, name: &str, keys: &[&str]) -> Mistake {
    let inside = keys.iter().map(|key| format!("{key}: …")).collect::<Vec<_>>().join(", ");
    let name = quote(name);
    let name = name.trim_matches('`');
    mistake(at, format!("what stands in the parentheses of `{name}` needs keys"), "without keys")
        .help(format!("write `{name}({inside})`"))
}

pub(crate) fn wrong_count(at: Place, owner: &str, expected: usize, found: usize) -> Mistake {
    let plural = if expected == 1 { "" } else { "s" };
    mistake(
        at,
        format!("{owner} takes {expected} value{plural}, found {found}"),
        format!("{found} instead of {expected}"),
    )
}

pub(crate) fn from_ron(at: Place, error: &str) -> Mistake {
    let mut text = error.to_owned();
    if let Some(first) = text.get_mut(0..1) {
        first.make_ascii_lowercase();
    }
    mistake(at, text, "here")
}

// `--set`.

pub(crate) fn set_no_value(at: Place) -> Mistake {
    mistake(at, "`--set` takes a path and a value", "no `=` in this")
        .help("write `path=value`, like `clients.nodes=20`")
}

pub(crate) fn set_bad_path(at: Place, why: &str) -> Mistake {
    mistake(at, why, "not a path")
        .help("a path is keys and positions, like `services.db.nodes` or `faults[0].at`")
}

pub(crate) fn set_no_key(at: Place, found: &str, owner: &str, known: &[&str]) -> Mistake {
    let mistake = mistake(at, format!("{owner} has no {}", quote(found)), "not there");
    if known.is_empty() { mistake } else { mistake.help(suggestion(found, known)) }
}

pub(crate) fn set_no_item(at: Place, index: usize, owner: &str, count: usize) -> Mistake {
    let help = match count {
        0 => String::from("it is empty"),
        1 => String::from("it has one entry, `[0]`"),
        _ => format!("it has {count} entries, `[0]` to `[{}]`", count - 1),
    };
    mistake(at, format!("{owner} has no entry [{index}]"), "not there").help(help)
}

pub(crate) fn set_no_inside(at: Place, owner: &str) -> Mistake {
    mistake(at, format!("{owner} is a single value, nothing in it can be named"), "goes too far")
}

pub(crate) fn set_bad_value(at: Place, why: Option<String>) -> Mistake {
    mistake(at, "the value of `--set` is not one value of RON", "not one value").maybe(why)
}

pub(crate) fn sound_without(arguments: &[&str]) -> String {
    let sets: Vec<String> = arguments.iter().map(|argument| quote(&format!("--set {argument}"))).collect();
    format!("the file reads well without {}", sets.join(" "))
}
