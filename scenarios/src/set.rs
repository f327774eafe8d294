//! `--set path=value`: replaces one value in the text of a scenario before it is read, and leaves the rest of the
//! text as it is.
//!
//! A path is keys and positions: `until`, `services.db.nodes`, `faults[0].at`, `expect[1].at_least`. A name may be in
//! quotes (`services."db"`). A fault can be named instead of counted (`faults.split.at`). The name of a variant steps
//! into its parentheses, and may be left out before a key: `clients.load.Open.Poisson` is the rate of
//! `Open(Poisson(200.0))`, `faults[0].do.Split[0][1]` the second pick of the first group. A key that is not there is
//! added, with the structures around it.
//!
//! A value is RON. Because shells eat quotes, they may be left out: where a text stands in the file or belongs, and
//! around what is no other RON, such as `60s`.

use crate::{
    diagnostics::{Diagnostics, Edit, Mistake, Mistakes, Place},
    format::{Catalog, Scenario},
    messages,
    outline::{Node, Outline, Shape, key},
    read::{only, outline, read_all, read_some, text},
    variants::{RAW, VARIANTS, Variants},
};

/// The keys whose values are texts. (`at_most` is a text or a number, depending on where it stands.)
const TEXTS: [&str; 38] = [
    "about",
    "at",
    "backoff",
    "calm",
    "deadline",
    "dwell_min",
    "every",
    "from",
    "gap_min",
    "hosts",
    "lasts",
    "mean",
    "median",
    "min",
    "msg",
    "name",
    "node",
    "of",
    "offset",
    "op",
    "p99",
    "part_of",
    "rate",
    "rolling",
    "rto_max",
    "rto_min",
    "rtt",
    "run",
    "say",
    "sd",
    "slot",
    "start",
    "think",
    "timeout",
    "timer",
    "to",
    "until",
    "within",
];

/// The keys whose values are things by name, in `{ }`.
const NAMED: [&str; 2] = ["services", "regions"];

/// The text `source` with the value at `path` replaced by `value`, or added if only its key is missing.
pub fn set(source: &str, path: &str, value: &str) -> Result<String, Diagnostics> {
    splice("the scenario", source, &format!("{path}={value}")).map(|splice| splice.text)
}

/// Reads a scenario after [`set`]ting some values, each given as `path=value`. Also returns the text that was read.
///
/// Mistakes made in a value are shown in the argument that it came from.
pub fn read_set(
    file: &str,
    source: &str,
    arguments: &[&str],
    catalog: &dyn Catalog,
) -> Result<(Scenario, String), Diagnostics> {
    let (all, text) = read_set_all(file, source, arguments, None, catalog)?;
    Ok((only(file, all, None)?, text))
}

/// The same for all variants, of which `wanted` is asked for, if any one is: see [`read_all`]. What is set for all, and
/// replaced by each variant that is asked for, is refused: it would come to nothing.
pub fn read_set_all(
    file: &str,
    source: &str,
    arguments: &[&str],
    wanted: Option<&str>,
    catalog: &dyn Catalog,
) -> Result<(Variants, String), Diagnostics> {
    let mut edited = text(file, source.as_bytes())?.to_owned();
    let mut edits: Vec<Edit> = Vec::new();
    for argument in arguments {
        let splice = splice(file, &edited, argument).map_err(|diagnostics| diagnostics.with_edits(&edits))?;
        edits = edits.into_iter().filter_map(|edit| moved(edit, &splice.replaced, splice.length)).collect();
        edits.extend(splice.edits);
        edited = splice.text;
    }
    for argument in arguments {
        unheard(&outline(file, &edited)?, argument, wanted)
            .map_err(|mistake| Diagnostics::new("--set", argument, Mistakes::one(mistake)))?;
    }
    let diagnostics = match read_all(file, &edited, catalog) {
        Ok(all) => return Ok((all, edited)),
        Err(diagnostics) if arguments.is_empty() => return Err(diagnostics),
        Err(diagnostics) => diagnostics,
    };
    let diagnostics = match read_all(file, source, catalog) {
        Err(_) => return Err(diagnostics.with_edits(&edits)),
        // What is set need not make sense for variants that nobody asks for.
        Ok(all) => {
            match wanted.filter(|wanted| all.iter().any(|(name, _)| name.as_deref() == Some(wanted))) {
                None => diagnostics,
                Some(wanted) => match read_some(file, &edited, catalog, |name| name == wanted) {
                    Ok(all) => return Ok((all, edited)),
                    Err(diagnostics) => diagnostics,
                },
            }
        }
    };
    Err(diagnostics.with_edits(&edits).with_note(messages::sound_without(arguments)))
}

/// The node at `path` below `node`, if there is one.
pub(crate) fn find<'n>(outline: &Outline<'_>, node: &'n Node, path: &str) -> Option<&'n Node> {
    let mut target = Target::at(node);
    for (step, _) in steps(path, 0).ok()? {
        target = target.step(outline, &step)?;
    }
    Some(target.node)
}

/// Refuses what every variant that is asked for replaces.
fn unheard(outline: &Outline<'_>, argument: &str, wanted: Option<&str>) -> Result<(), Mistake> {
    let (path, _) = halves(argument)?;
    let steps = steps(&argument[path.clone()], path.start)?;
    let to_variants = matches!(&steps[0].0, Step::Key(name) if name == VARIANTS);
    let Some(variants) = Target::at(&outline.root).step(outline, &Step::Key(VARIANTS.into())) else {
        return Ok(());
    };
    let Shape::Map(named) = &variants.node.shape else { return Ok(()) };
    let mut asked = named.iter().filter(|field| wanted.is_none_or(|wanted| outline.key(field) == wanted));
    if to_variants || named.is_empty() || !asked.all(|field| replaces(outline, &field.value, &steps)) {
        return Ok(());
    }
    let name = wanted.map_or_else(|| outline.key(&named[0]), str::to_string);
    Err(messages::variants::set_unheard(path.clone(), &argument[path], wanted, &name))
}

/// Whether a variant has something else at the end of a path: there, or as a whole on the way to it.
fn replaces(outline: &Outline<'_>, variant: &Node, steps: Located<'_>) -> bool {
    let mut target = Target::at(variant);
    for (index, (step, _)) in steps.iter().enumerate() {
        let structure = matches!(target.node.shape, Shape::Fields(_) | Shape::Map(_));
        if index > 0 && (!structure || target.node.name.is_some()) {
            return true;
        }
        let Some(next) = target.step(outline, step) else { return false };
        match step {
            Step::Key(key) if RAW.contains(&key.as_str()) => return true,
            // These are added to what the file expects.
            Step::Key(key) if index == 0 && key == "expect" => return false,
            Step::Key(_) | Step::Index(_) => target = next,
        }
    }
    // A structure at the end is gone through key by key.
    !matches!(target.node.shape, Shape::Fields(_) | Shape::Map(_)) || target.node.name.is_some()
}

/// A text after a value was put into it.
struct Splice {
    text: String,
    /// What gave way.
    replaced: Place,
    /// How long its replacement is.
    length: usize,
    edits: Vec<Edit>,
}

/// Where an earlier edit is after another one replaced a piece of the text.
fn moved(mut edit: Edit, replaced: &Place, length: usize) -> Option<Edit> {
    let shift = |offset: usize| offset + length - replaced.len();
    if replaced.end <= edit.at.start {
        edit.at = shift(edit.at.start)..shift(edit.at.end);
    } else if edit.at.start <= replaced.start && replaced.end <= edit.at.end && edit.at != *replaced {
        edit.at.end = shift(edit.at.end);
    } else if replaced.start < edit.at.end {
        return None;
    }
    Some(edit)
}

#[derive(Debug, PartialEq)]
enum Step {
    Key(String),
    Index(usize),
}

fn splice(file: &str, source: &str, argument: &str) -> Result<Splice, Diagnostics> {
    let blame = |mistake: Mistake| Diagnostics::new("--set", argument, Mistakes::one(mistake));
    let outline = outline(file, source)?;
    let (path, value) = halves(argument).map_err(blame)?;
    let steps = steps(&argument[path.clone()], path.start).map_err(blame)?;
    let (target, rest) = walk(&outline, argument, &steps).map_err(blame)?;
    let name = steps.iter().rev().find_map(|(step, _)| match step {
        Step::Key(name) => Some(name.as_str()),
        Step::Index(_) => None,
    });
    let old = rest.is_empty().then_some(target.node);
    let (value_text, verbatim) = ron_value(argument, &value, old, name).map_err(blame)?;
    let blamed = |at, shown, verbatim| Edit { at, argument: argument.to_owned(), shown, verbatim };
    let (replaced, new, after, mut edits) = if rest.is_empty() {
        (target.at.clone(), value_text.clone(), 0, Vec::new())
    } else {
        let bad = |(step, _): &&(Step, Place)| matches!(step, Step::Key(name) if !name.chars().all(|c| c.is_alphanumeric() || c == '_'));
        // Names in quotes may have anything in them; keys have not.
        let named = matches!(target.node.shape, Shape::Map(_));
        if let Some((_, place)) = rest.iter().skip(usize::from(named)).find(bad) {
            return Err(blame(messages::set_bad_path(place.clone(), "this is no key")));
        }
        let (at, new, after, keys) = insertion(&target, rest, &value_text);
        let shown = rest[0].1.start..rest[rest.len() - 1].1.end;
        let keys = keys.into_iter().zip(rest).map(|(key, step)| blamed(key, step.1.clone(), false));
        let edits = std::iter::once(blamed(at..at + new.len(), shown, false)).chain(keys).collect();
        (at..at, new, after, edits)
    };
    // The value is followed by nothing but the brackets that were added around it.
    let end = replaced.start + new.len() - after;
    let quotes = usize::from(!verbatim && value_text.len() == value.len() + 2);
    edits.push(blamed(end - value_text.len() + quotes..end - quotes, value.clone(), verbatim || quotes == 1));
    edits.push(blamed(end - value_text.len()..end, value, false));
    let text = [&source[..replaced.start], &new, &source[replaced.end..]].concat();
    Ok(Splice { text, replaced, length: new.len(), edits })
}

/// The path and the value of an argument: what stands before and after the first `=` that is not in quotes.
fn halves(argument: &str) -> Result<(Place, Place), Mistake> {
    let mut quoted = false;
    for (at, c) in argument.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '=' if !quoted => {
                return Ok((trimmed(argument, 0..at), trimmed(argument, at + 1..argument.len())));
            }
            _ => {}
        }
    }
    Err(messages::set_no_value(0..argument.len()))
}

/// A place without the white space at its ends.
fn trimmed(text: &str, place: Place) -> Place {
    let piece = &text[place.clone()];
    let start = place.start + piece.len() - piece.trim_start().len();
    start..start + piece.trim().len()
}

/// The steps of a path, each with its place.
fn steps(path: &str, base: usize) -> Result<Vec<(Step, Place)>, Mistake> {
    let mut steps = Vec::new();
    let mut at = 0;
    let bad = |at: usize, why: &str| Err(messages::set_bad_path(base + at..base + path.len(), why));
    while at < path.len() {
        let rest = &path[at..];
        let length = if let Some(inside) = rest.strip_prefix('[') {
            let Some(length) = inside.find(']') else { return bad(at, "a `]` is missing") };
            let Ok(index) = inside[..length].parse() else {
                return bad(at, "between `[ ]` belongs a position, from 0 on");
            };
            steps.push((Step::Index(index), base + at..base + at + length + 2));
            length + 2
        } else {
            let dot = usize::from(at > 0);
            let Some(name) = rest.get(dot..).filter(|_| at == 0 || rest.starts_with('.')) else {
                return bad(at, "a `.` or `[` is missing here");
            };
            let length = match name.strip_prefix('"').map(|inside| inside.find('"')) {
                Some(Some(length)) => length + 2,
                Some(None) => return bad(at, "a closing quote is missing"),
                None => name.find(['.', '[', '"']).unwrap_or(name.len()),
            };
            if length == 0 {
                return bad(at, "a key is missing here");
            }
            let place = base + at + dot..base + at + dot + length;
            steps.push((Step::Key(key(&name[..length])), place));
            dot + length
        };
        at += length;
    }
    if steps.is_empty() { bad(0, "the path is empty") } else { Ok(steps) }
}

/// What a path leads to: a node, or what stands in its parentheses.
#[derive(Clone)]
struct Target<'n> {
    node: &'n Node,
    at: Place,
}

impl<'n> Target<'n> {
    fn at(node: &'n Node) -> Target<'n> {
        Target { node, at: node.at.clone() }
    }

    fn step(&self, outline: &Outline<'_>, step: &Step) -> Option<Target<'n>> {
        match (step, &self.node.shape) {
            (Step::Index(index), Shape::List(items) | Shape::Items(items)) => {
                items.get(*index).map(Target::at)
            }
            (Step::Key(name), Shape::Fields(fields) | Shape::Map(fields)) => {
                let field = fields.iter().find(|field| outline.key(field) == *name);
                field.map(|field| Target::at(&field.value)).or_else(|| self.inside(outline, name))
            }
            (Step::Key(name), Shape::List(items)) => {
                let called = |node: &&Node| match &node.shape {
                    Shape::Fields(fields) => fields.iter().any(|field| {
                        outline.key(field) == "name" && key(outline.text(&field.value.at)) == *name
                    }),
                    Shape::Text | Shape::Word | Shape::Items(_) | Shape::List(_) | Shape::Map(_) => false,
                };
                items.iter().find(called).map(Target::at)
            }
            (Step::Key(name), Shape::Items(_)) => self.inside(outline, name),
            (Step::Index(_) | Step::Key(_), _) => None,
        }
    }

    /// Into the parentheses of the variant with this name.
    fn inside(&self, outline: &Outline<'_>, name: &str) -> Option<Target<'n>> {
        self.node.name.as_ref().filter(|found| key(outline.text(found)) == name)?;
        match &self.node.shape {
            Shape::Items(items) if items.len() == 1 => Some(Target::at(&items[0])),
            Shape::Items(_)
            | Shape::Fields(_)
            | Shape::Text
            | Shape::Word
            | Shape::List(_)
            | Shape::Map(_) => Some(Target { node: self.node, at: self.node.body() }),
        }
    }
}

type Located<'s> = &'s [(Step, Place)];

/// As far along the path as the text goes, and the keys that are missing there.
fn walk<'n, 's>(
    outline: &'n Outline<'_>,
    argument: &str,
    steps: Located<'s>,
) -> Result<(Target<'n>, Located<'s>), Mistake> {
    let mut target = Target::at(&outline.root);
    for (done, (step, place)) in steps.iter().enumerate() {
        if let Some(next) = target.step(outline, step) {
            target = next;
            continue;
        }
        let owner = match done {
            0 => String::from("the scenario"),
            _ => format!("`{}`", &argument[..steps[done - 1].1.end]),
        };
        let rest = &steps[done..];
        let in_variants = matches!(&steps[0].0, Step::Key(name) if name == VARIANTS);
        // A variant may say something of what stands in the file; others cannot say something of what is not there.
        let named = matches!(target.node.shape, Shape::Map(_));
        let there = if in_variants { done > 1 } else { !named || rest.len() == 1 };
        let adds = there && rest.iter().all(|(step, _)| matches!(step, Step::Key(_)));
        return match (step, &target.node.shape) {
            (_, Shape::Fields(_) | Shape::Map(_)) if adds => Ok((target, rest)),
            (_, Shape::Items(items)) if adds && items.is_empty() => Ok((target, rest)),
            (_, Shape::Text | Shape::Word) => Err(messages::set_no_inside(place.clone(), &owner)),
            (Step::Index(index), Shape::List(items) | Shape::Items(items)) => {
                Err(messages::set_no_item(place.clone(), *index, &owner, items.len()))
            }
            (Step::Index(_) | Step::Key(_), Shape::Fields(fields) | Shape::Map(fields)) => {
                let known: Vec<String> = fields.iter().map(|field| outline.key(field)).collect();
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                Err(messages::set_no_key(place.clone(), &argument[place.clone()], &owner, &known))
            }
            (Step::Key(_), Shape::List(_) | Shape::Items(_)) => {
                Err(messages::set_no_key(place.clone(), &argument[place.clone()], &owner, &[]))
            }
        };
    }
    Ok((target, &[]))
}

/// Where and what to insert for keys that are missing, how much of it comes after the value, and where each key will stand.
fn insertion(target: &Target<'_>, rest: Located<'_>, value: &str) -> (usize, String, usize, Vec<Place>) {
    let (last, mut by_name) = match &target.node.shape {
        Shape::Fields(fields) => (fields.last(), false),
        Shape::Map(fields) => (fields.last(), true),
        Shape::Items(_) | Shape::List(_) | Shape::Text | Shape::Word => (None, false),
    };
    let open = target.node.name.as_ref().map_or(target.node.at.start, |name| name.end) + 1;
    let at = last.map_or(open, |field| field.value.at.end);
    let mut new = String::from(if last.is_some() { ", " } else { "" });
    let (mut keys, mut after) = (Vec::new(), String::new());
    for (index, (step, _)) in rest.iter().enumerate() {
        let Step::Key(name) = step else { continue };
        let start = at + new.len();
        new += &if by_name { format!("{name:?}") } else { name.clone() };
        keys.push(start..at + new.len());
        new += ": ";
        by_name = NAMED.contains(&name.as_str()) && !by_name;
        if index + 1 < rest.len() {
            let (open, close) = if by_name { ("{ ", " }") } else { ("(", ")") };
            new += open;
            after.insert_str(0, close);
        }
    }
    new += value;
    (at, new + &after, after.len(), keys)
}

/// The RON of a value, in quotes if they were left out, and whether it is as it was given.
fn ron_value(
    argument: &str,
    value: &Place,
    old: Option<&Node>,
    name: Option<&str>,
) -> Result<(String, bool), Mistake> {
    let given = &argument[value.clone()];
    let is_text = given.starts_with(['"', '\'']) || given.starts_with("r\"") || given.starts_with("r#");
    let outline = Outline::of(given);
    let word = outline
        .as_ref()
        .is_ok_and(|outline| outline.root.name.is_none() && matches!(outline.root.shape, Shape::Word));
    let known =
        ron::from_str::<f64>(given).is_ok() || given.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let replaces_text = old.is_some_and(|old| matches!(old.shape, Shape::Text));
    let belongs = old.is_none() && name.is_some_and(|name| TEXTS.contains(&name));
    if !is_text && (replaces_text || belongs || word && !known) {
        let quoted = ron::to_string(given).unwrap_or_else(|_| format!("{given:?}"));
        return Ok((quoted, false));
    }
    match outline {
        // A comment in the value must not swallow what follows it.
        Ok(outline) => Ok((outline.text(&outline.root.at).to_owned(), outline.root.at == (0..given.len()))),
        Err(mistakes) => {
            let why = mistakes.list.into_iter().next().map(|mistake| mistake.what);
            Err(messages::set_bad_value(value.clone(), why))
        }
    }
}
