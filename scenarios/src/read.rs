//! Reads a scenario file: text to outline, outline to [`Scenario`], and then whether it makes sense.
//!
//! Every key is used or refused, and every value is read by itself, so that one reading finds all mistakes of a file
//! that can be told apart. Where a value cannot be read, a harmless one takes its place until the end of the reading,
//! and nothing is said about what depends on it. Time and memory are in proportion to the size of the file.

pub(crate) mod faults;
pub(crate) mod world;

use crate::{
    decode::{decode_under, repeated},
    diagnostics::{Diagnostics, Mistakes, nearest},
    format::{Catalog, Expectation, FILE_MAX, LIST_MAX, NODES_MAX, Raw, Scenario, UNTIL_MAX, Vacuous},
    messages::{self, meaning},
    outline::{Field, Node, Outline, Shape},
    validate,
    variants::{self, VARIANTS, Variants},
};
use serde::de::DeserializeOwned;
use sim_core::time::{Span, Time};

/// A key of a structure, and an example of its value if it may not be left out.
pub(crate) type Key = (&'static str, Option<&'static str>);

const SCENARIO: &[Key] = &[
    ("about", Some("\"what happens here, and what to watch\"")),
    ("seed", Some("7")),
    ("until", Some("\"60s\"")),
    ("services", Some("{ \"db\": (run: \"raft\", nodes: 5) }")),
    ("clients", None),
    ("topology", None),
    ("network", Some("(delay: LogNormal(median: \"1ms\", p99: \"8ms\"))")),
    ("faults", None),
    ("nemesis", None),
    ("calm", None),
    ("expect", Some("[Linearizable]")),
    ("vacuous", None),
    ("explore", None),
    (VARIANTS, None),
];

/// Reads a scenario, or says everything that keeps it from being one. A file that has variants is none.
///
/// `file` is only a name, for the messages.
pub fn read(file: &str, source: &str, catalog: &dyn Catalog) -> Result<Scenario, Diagnostics> {
    only(file, read_all(file, source, catalog)?, None)
}

/// The scenario of this variant; without a name, of a file without variants.
pub fn only(file: &str, all: Variants, variant: Option<&str>) -> Result<Scenario, Diagnostics> {
    let names: Vec<String> = all.iter().filter_map(|(name, _)| name.clone()).collect();
    let found = all.into_iter().find(|(name, _)| name.as_deref() == variant).map(|(_, scenario)| scenario);
    found.ok_or_else(|| Diagnostics::of_file(file, &messages::variants::unknown(variant, &names)))
}

/// Reads all variants of a scenario, each with its name; the scenario itself, without a name, if it has none.
pub fn read_all(file: &str, source: &str, catalog: &dyn Catalog) -> Result<Variants, Diagnostics> {
    read_some(file, source, catalog, |_| true)
}

/// The same for variants with such names.
pub(crate) fn read_some(
    file: &str,
    source: &str,
    catalog: &dyn Catalog,
    wanted: impl Fn(&str) -> bool,
) -> Result<Variants, Diagnostics> {
    if source.len() > FILE_MAX {
        return Err(Diagnostics::of_file(file, &messages::too_large(source.len(), FILE_MAX)));
    }
    let mut outline = outline(file, source)?;
    if !matches!((&outline.root.shape, &outline.root.name), (Shape::Fields(_), None)) {
        let mistake = messages::expected("keys and values in `( )`", source, &outline.root);
        return Err(Diagnostics::new(file, source, Mistakes::one(mistake)));
    }
    let wrong = |mistakes| Diagnostics::new(file, source, mistakes);
    let Some(parts) = variants::parts(&outline).map_err(wrong)? else {
        return Ok(vec![(None, read_root(&outline, None, catalog).map_err(wrong)?)]);
    };
    let mut all = Vec::new();
    let mut index = 0;
    while let Some((name, root)) = parts.root(&outline, index) {
        outline.root = root;
        if wanted(&name) {
            let scenario = read_root(&outline, parts.introduction(&outline, index), catalog)
                .map_err(|mistakes| wrong(mistakes).with_note(messages::variants::inside(&name)))?;
            all.push((Some(name), scenario));
        }
        index += 1;
    }
    Ok(all)
}

/// `before` is an introduction that comes before the scenario's own.
fn read_root(
    outline: &Outline<'_>,
    before: Option<&Node>,
    catalog: &dyn Catalog,
) -> Result<Scenario, Mistakes> {
    let mut reader = Reader { outline, mistakes: Mistakes::default() };
    let mut scenario = reader.scenario();
    if let Some(before) = before.and_then(|node| reader.value_under::<String>(Some("about"), node)) {
        scenario.about = flowing(&format!("{before} {}", scenario.about));
    }
    let mut mistakes = reader.mistakes;
    validate::validate(&scenario, outline, catalog, &mut mistakes);
    if mistakes.is_empty() { Ok(scenario) } else { Err(mistakes) }
}

/// The text of a file, if it is one that could hold a scenario.
pub fn text<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, Diagnostics> {
    if bytes.len() > FILE_MAX {
        return Err(Diagnostics::of_file(file, &messages::too_large(bytes.len(), FILE_MAX)));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
        Diagnostics::of_file(file, &messages::not_utf8(line))
    })
}

/// The outline of a file, or what is wrong with its brackets, quotes and commas.
pub(crate) fn outline<'a>(file: &str, source: &'a str) -> Result<Outline<'a>, Diagnostics> {
    Outline::of(source).map_err(|mut mistakes| {
        if mistakes.list.iter().all(|mistake| mistake.at.start >= source.trim_end().len()) {
            mistakes = Mistakes::one(messages::empty_file(0..source.len().min(1)));
        }
        Diagnostics::new(file, source, mistakes)
    })
}

struct Reader<'a> {
    outline: &'a Outline<'a>,
    mistakes: Mistakes,
}

/// A structure with its keys.
#[derive(Clone, Copy)]
struct Part<'a> {
    outline: &'a Outline<'a>,
    fields: &'a [Field],
}

impl<'a> Part<'a> {
    fn get(&self, key: &str) -> Option<&'a Node> {
        self.fields.iter().find(|field| self.outline.key(field) == key).map(|field| &field.value)
    }
}

impl<'a> Reader<'a> {
    fn scenario(&mut self) -> Scenario {
        let root = &self.outline.root;
        let part = match self.has(root, "topology") {
            false => self.part("the scenario", root, SCENARIO),
            true => self.part("the scenario", root, &without_example(SCENARIO, "network")),
        };
        let services = part.get("services").map(|node| self.services(node)).unwrap_or_default();
        let topology = part.get("topology").map(|node| self.topology(node));
        let network = part.get("network").map(|node| self.network(node, topology.is_some()));
        let until = self.value_or(part, "until", Time(UNTIL_MAX.0));
        let calm = self.value_or(part, "calm", Span::ZERO);
        let harm_until = Time(until.0.saturating_sub(calm.0));
        let (faults, nemesis) = self.faults(part, harm_until, &services);
        Scenario {
            about: flowing(&self.value_or::<String>(part, "about", String::new())),
            seed: self.value_or(part, "seed", 0),
            until,
            services,
            clients: part.get("clients").map(|node| self.clients(node)),
            topology,
            network: network.unwrap_or_default(),
            faults,
            nemesis,
            calm,
            expect: self.values(part, "expect", || Expectation::Linearizable),
            vacuous: self.value_or(part, "vacuous", Vacuous::Refuse),
            explore: self.maybe(part, "explore"),
        }
    }

    // The parts of parts.

    fn sound(&self, node: &Node) -> bool {
        self.mistakes.none_in(&node.at)
    }

    /// Whether a structure has this key.
    fn has(&self, node: &Node, key: &str) -> bool {
        let Shape::Fields(fields) = &node.shape else { return false };
        fields.iter().any(|field| self.outline.key(field) == key)
    }

    /// A structure, with what is wrong with its keys noted.
    fn part(&mut self, owner: &str, node: &'a Node, keys: &[Key]) -> Part<'a> {
        let outline = self.outline;
        let part = |fields| Part { outline, fields };
        let fields = match (&node.shape, &node.name) {
            (Shape::Fields(fields), None) => fields.as_slice(),
            (Shape::Items(items), None) if items.is_empty() => &[],
            (_, _) => {
                let what = format!("keys and values in `( )` for {owner}");
                self.mistakes.push(messages::expected(&what, outline.source, node));
                return part(&[]);
            }
        };
        let names: Vec<&str> = keys.iter().map(|key| key.0).collect();
        let mut meant = Vec::new();
        for field in fields {
            let key = outline.key(field);
            if !names.contains(&key.as_str()) {
                meant.extend(nearest(&key, names.iter().copied()));
                self.mistakes.push(messages::unknown_key(field.key.clone(), &key, owner, &names));
            }
        }
        if let Some((second, first)) = repeated(outline.source, fields) {
            let twice = outline.text(&second.key);
            self.mistakes.push(messages::key_twice(second.key.clone(), twice, first.key.clone()));
        }
        for (key, example) in keys.iter().filter(|key| key.1.is_some()) {
            if part(fields).get(key).is_none() && !meant.contains(key) {
                self.mistakes.push(messages::key_lacking(opening(node), owner, key, *example));
            }
        }
        part(fields)
    }

    fn value<T: DeserializeOwned>(&mut self, node: &Node) -> Option<T> {
        self.value_under(None, node)
    }

    fn value_under<T: DeserializeOwned>(&mut self, key: Option<&str>, node: &Node) -> Option<T> {
        decode_under(key, self.outline.source, node).map_err(|mistake| self.mistakes.push(mistake)).ok()
    }

    /// What stands under a key, if it is there and can be read.
    fn maybe<T: DeserializeOwned>(&mut self, part: Part<'a>, key: &str) -> Option<T> {
        part.get(key).and_then(|node| self.value_under(Some(key), node))
    }

    fn value_or<T: DeserializeOwned>(&mut self, part: Part<'a>, key: &str, default: T) -> T {
        self.maybe(part, key).unwrap_or(default)
    }

    fn list(&mut self, node: &'a Node) -> &'a [Node] {
        match &node.shape {
            Shape::List(items) if items.len() <= LIST_MAX => items,
            Shape::List(items) => {
                self.mistakes.push(meaning::list_too_long(opening(node), items.len(), LIST_MAX));
                &[]
            }
            Shape::Text | Shape::Word | Shape::Fields(_) | Shape::Items(_) | Shape::Map(_) => {
                self.mistakes.push(messages::expected("a list in `[ ]`", self.outline.source, node));
                &[]
            }
        }
    }

    /// The values of a list; where one cannot be read, `other` takes its place.
    fn values<T: DeserializeOwned>(&mut self, part: Part<'a>, key: &str, other: fn() -> T) -> Vec<T> {
        let items = part.get(key).map(|node| self.list(node)).unwrap_or_default();
        items.iter().map(|node| self.value(node).unwrap_or_else(other)).collect()
    }

    /// The number of nodes of a service or of clients.
    fn count(&mut self, part: Part<'a>) -> u32 {
        let Some(node) = part.get("nodes") else { return 1 };
        let Some(count) = self.value::<u64>(node) else { return 1 };
        if (1..=NODES_MAX).contains(&count) {
            return count as u32;
        }
        let text = self.outline.text(&node.at);
        self.mistakes.push(meaning::node_count(node.at.clone(), text, count, NODES_MAX));
        1
    }

    fn raw(&mut self, node: &Node) -> Raw {
        Raw { text: self.outline.text(&node.at).to_owned(), at: node.at.start }
    }
}

/// The same keys, one of which may be left out after all.
fn without_example(keys: &[Key], optional: &str) -> Vec<Key> {
    let key = |key: &Key| if key.0 == optional { (key.0, None) } else { *key };
    keys.iter().map(key).collect()
}

/// The bracket that opens a structure, or as much of another value.
fn opening(node: &Node) -> std::ops::Range<usize> {
    let start = node.body().start;
    start..start + 1
}

/// Text for people: line breaks and indentation are only how the file is laid out.
fn flowing(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
