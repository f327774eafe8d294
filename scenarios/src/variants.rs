//! Variants: several designs in one file, each the rest of the file with some of its values replaced.
//!
//! A variant says what it has instead, where the file says it. Structures and maps are gone through key by key; any other
//! value takes the place of the file's. What a variant expects is added to what the file expects of all. What is under
//! `with` and `mix` is the protocol's own, and replaced as a whole.

use crate::{
    diagnostics::Mistakes,
    format::Scenario,
    messages::variants as messages,
    outline::{Field, Node, Outline, Shape},
    validate::unfit,
};

/// The variants of a file with their names; of a file without any, itself, without a name.
pub type Variants = Vec<(Option<String>, Scenario)>;

/// The key that they stand under.
pub(crate) const VARIANTS: &str = "variants";
/// The most variants of a file.
pub const VARIANTS_MAX: usize = 32;
/// What is handed to protocols as it stands.
const RAW: [&str; 2] = ["with", "mix"];

/// What all variants of a file have in common, and what each of them has instead.
pub(crate) struct Parts {
    base: Node,
    variants: Vec<(String, Node)>,
}

impl Parts {
    /// A variant by its position, with its name. One at a time: each may be as large as the whole file.
    pub(crate) fn root(&self, outline: &Outline<'_>, index: usize) -> Option<(String, Node)> {
        let (name, over) = self.variants.get(index)?;
        Some((name.clone(), merged(outline, &self.base, over, "")))
    }
}

/// Takes a file with variants apart; `None` if it has none.
pub(crate) fn parts(outline: &Outline<'_>) -> Result<Option<Parts>, Mistakes> {
    let Shape::Fields(fields) = &outline.root.shape else { return Ok(None) };
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
    let mut parts: Vec<(String, Node)> = Vec::new();
    let mut mistakes = Mistakes::default();
    for variant in named {
        let name = outline.key(variant);
        if let Some(why) = unfit(&name) {
            mistakes.push(messages::name(variant.key.clone(), &name, why));
        }
        if let Some((second, first)) = crate::decode::repeated(outline.source, named)
            && second.key == variant.key
        {
            mistakes.push(crate::messages::key_twice(second.key.clone(), &name, first.key.clone()));
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
        if let Some(nested) = fields.iter().find(|field| outline.key(field) == VARIANTS) {
            mistakes.push(messages::nested(nested.key.clone()));
        }
        let shape = Shape::Fields(fields.to_vec());
        parts.push((name, Node { at: base.at.clone(), name: None, shape }));
    }
    if mistakes.is_empty() { Ok(Some(Parts { base, variants: parts })) } else { Err(mistakes) }
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
    let same = |one: &Field, other: &&Field| outline.key(one) == outline.key(other);
    let kept = base.iter().map(|field| match over.iter().find(|other| same(field, other)) {
        Some(other) => {
            let value = merged(outline, &field.value, &other.value, &outline.key(field));
            // What is wrong with the value is told where the variant says it.
            Field { key: other.key.clone(), value }
        }
        None => field.clone(),
    });
    let new = over.iter().filter(|field| !base.iter().any(|other| same(other, field))).cloned();
    kept.chain(new).collect()
}
