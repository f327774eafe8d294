//! Variants: several designs in one file, each the rest of the file with some of its values replaced.
//!
//! A variant says what it has instead, where the file says it. Structures and maps are gone through key by key; any other
//! value takes the place of the file's. What a variant expects is added to what the file expects of all, and its
//! introduction follows the file's. What is under `with` and `mix` is the protocol's own, and replaced as a whole.

use crate::{
    decode::repeated,
    diagnostics::Mistakes,
    format::Scenario,
    messages::{key_twice, variants as messages},
    outline::{Field, Node, Outline, Shape},
    validate::unfit,
};
use std::collections::BTreeMap;

/// The variants of a file with their names; of a file without any, itself, without a name.
pub type Variants = Vec<(Option<String>, Scenario)>;

/// The key that they stand under.
pub(crate) const VARIANTS: &str = "variants";
/// The most variants of a file.
pub const VARIANTS_MAX: usize = 32;
/// What is handed to protocols as it stands.
pub(crate) const RAW: [&str; 2] = ["with", "mix"];

/// What all variants of a file have in common, and what each of them has instead.
pub(crate) struct Parts {
    base: Node,
    variants: Vec<(String, Node)>,
}

impl Parts {
    /// The introduction that the file gives them all, for a variant that has one of its own.
    pub(crate) fn introduction(&self, outline: &Outline<'_>, index: usize) -> Option<&Node> {
        self.variants.get(index).and_then(|(_, over)| about(outline, over))?;
        about(outline, &self.base)
    }

    /// A variant by its position, with its name. One at a time: each may be as large as the whole file.
    pub(crate) fn root(&self, outline: &Outline<'_>, index: usize) -> Option<(String, Node)> {
        let (name, over) = self.variants.get(index)?;
        Some((name.clone(), merged(outline, &self.base, over, "")))
    }
}

/// Takes a file with variants apart; `None` if it has none.
pub(crate) fn parts(outline: &Outline<'_>) -> Result<Option<Parts>, Mistakes> {
    let Shape::Fields(fields) = &outline.root.shape else { return Ok(None) };
    // What stands twice in one place would be one of the two after merging.
    let mut mistakes = Mistakes::default();
    let Some(variants) = fields.iter().find(|field| outline.key(field) == VARIANTS) else { return Ok(None) };
    let rest = fields.iter().filter(|field| outline.key(field) != VARIANTS).cloned().collect();
    let base = Node { shape: Shape::Fields(rest), ..outline.root.clone() };
    let Shape::Map(named) = &variants.value.shape else {
        return Err(Mistakes::one(crate::messages::expected(
            "variants by name in `{ }`",
            outline.source,
            &variants.value,
        )));
    };
    if named.is_empty() || named.len() > VARIANTS_MAX {
        let place = variants.value.at.start..variants.value.at.start + 1;
        return Err(Mistakes::one(messages::count(place, named.len(), VARIANTS_MAX)));
    }
    repeated_below(outline, &outline.root, "", &mut mistakes);
    let mut parts: Vec<(String, Node)> = Vec::new();
    for variant in named {
        let name = outline.key(variant);
        if let Some(why) = unfit(&name) {
            mistakes.push(messages::name(variant.key.clone(), &name, why));
        }
        let fields = match &variant.value.shape {
            Shape::Fields(fields) if variant.value.name.is_none() => fields.as_slice(),
            Shape::Items(items) if items.is_empty() && variant.value.name.is_none() => &[],
            Shape::Text
            | Shape::Word
            | Shape::Fields(_)
            | Shape::Items(_)
            | Shape::List(_)
            | Shape::Map(_) => {
                let what = "what it has instead, as keys and values in `( )`";
                mistakes.push(crate::messages::expected(what, outline.source, &variant.value));
                continue;
            }
        };
        for field in fields {
            match outline.key(field).as_str() {
                VARIANTS => mistakes.push(messages::nested(field.key.clone())),
                "seed" => mistakes.push(messages::seed(field.key.clone())),
                _ => {}
            }
        }
        let shape = Shape::Fields(fields.to_vec());
        parts.push((name, Node { at: base.at.clone(), name: None, shape }));
    }
    if mistakes.is_empty() { Ok(Some(Parts { base, variants: parts })) } else { Err(mistakes) }
}

/// Says of every structure in which a key stands twice.
fn repeated_below(outline: &Outline<'_>, node: &Node, key: &str, mistakes: &mut Mistakes) {
    let (Shape::Fields(fields) | Shape::Map(fields)) = &node.shape else { return };
    if RAW.contains(&key) {
        return;
    }
    if let Some((second, first)) = repeated(outline.source, fields) {
        let name = outline.key(second);
        mistakes.push(key_twice(second.key.clone(), &name, first.key.clone()));
    }
    for field in fields {
        repeated_below(outline, &field.value, &outline.key(field), mistakes);
    }
}

fn about<'n>(outline: &Outline<'_>, node: &'n Node) -> Option<&'n Node> {
    let Shape::Fields(fields) = &node.shape else { return None };
    fields.iter().find(|field| outline.key(field) == "about").map(|field| &field.value)
}

/// What stands at `base`, with what `over` says instead.
fn merged(outline: &Outline<'_>, base: &Node, over: &Node, key: &str) -> Node {
    let structures = base.name.is_none() && over.name.is_none() && !RAW.contains(&key);
    let shape = match (&base.shape, &over.shape) {
        (Shape::Fields(base), Shape::Fields(over)) if structures => Shape::Fields(all(outline, base, over)),
        (Shape::Map(base), Shape::Map(over)) if structures => Shape::Map(all(outline, base, over)),
        (Shape::List(base), Shape::List(over)) if key == "expect" => {
            Shape::List(base.iter().chain(over).cloned().collect())
        }
        _ => return over.clone(),
    };
    Node { shape, ..base.clone() }
}

fn all(outline: &Outline<'_>, base: &[Field], over: &[Field]) -> Vec<Field> {
    let mut instead: BTreeMap<String, &Field> =
        over.iter().map(|field| (outline.key(field), field)).collect();
    let mut all = Vec::new();
    for field in base {
        let key = outline.key(field);
        all.push(match instead.remove(&key) {
            // What is wrong with the value is told where the variant says it.
            Some(other) => {
                Field { key: other.key.clone(), value: merged(outline, &field.value, &other.value, &key) }
            }
            None => field.clone(),
        });
    }
    // What only the variant has, in its order.
    all.extend(over.iter().filter(|field| instead.contains_key(&outline.key(field))).cloned());
    all
}
