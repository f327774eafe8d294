//! Reads a scenario file: text to outline, outline to [`Scenario`], and then whether it makes sense.
//!
//! Every key is used or refused, and every value is read by itself, so that one reading finds all mistakes of a file
//! that can be told apart. Where a value cannot be read, a harmless one takes its place until the end of the reading,
//! and nothing is said about what depends on it. Time and memory are in proportion to the size of the file.

use crate::{
    decode::{decode, repeated},
    diagnostics::{Diagnostics, Mistakes, nearest},
    format::{
        Catalog, Clients, Clock, Disk, Expectation, FILE_MAX, Keys, LIST_MAX, Link, Load, NODES_MAX, Network,
        Rate, Raw, Retry, Route, Scenario, Service, TimedFault, UNTIL_MAX, Vacuous, When,
    },
    messages::{self, meaning},
    outline::{Field, Node, Outline, Shape},
    validate,
};
use serde::de::DeserializeOwned;
use sim_core::{
    fault::Fault,
    rng::Chance,
    sample::Delay,
    time::{Span, Time},
};
use std::collections::{BTreeMap, BTreeSet};

/// A key of a structure, and an example of its value if it may not be left out.
type Key = (&'static str, Option<&'static str>);

const SCENARIO: &[Key] = &[
    ("about", Some("\"what happens here, and what to watch\"")),
    ("seed", Some("7")),
    ("until", Some("\"60s\"")),
    ("services", Some("{ \"db\": (run: \"raft\", nodes: 5) }")),
    ("clients", None),
    ("network", Some("(delay: LogNormal(median: \"1ms\", p99: \"8ms\"))")),
    ("faults", None),
    ("calm", None),
    ("expect", Some("[Linearizable]")),
    ("vacuous", None),
];
const SERVICE: &[Key] =
    &[("run", Some("\"raft\"")), ("nodes", Some("5")), ("with", None), ("disk", None), ("clock", None)];
const DISK: &[Key] = &[("sync", None)];
const CLOCK: &[Key] = &[("offset", None), ("drift", None)];
const CLIENT: &[Key] = &[
    ("nodes", Some("10")),
    ("of", Some("\"db\"")),
    ("load", Some("Open(Poisson(200.0))")),
    ("mix", None),
    ("keys", None),
    ("timeout", None),
    ("deadline", None),
    ("retry", None),
    ("route", None),
    ("start", None),
];
const RETRY: &[Key] = &[("attempts", None), ("backoff", None)];
const NETWORK: &[Key] =
    &[("delay", Some("LogNormal(median: \"1ms\", p99: \"8ms\")")), ("loss", None), ("links", None)];
const LINK: &[Key] =
    &[("from", Some("\"db\"")), ("to", Some("\"clients\"")), ("delay", None), ("loss", None)];
const FAULT: &[Key] = &[
    ("name", None),
    ("at", None),
    ("after", None),
    ("lasts", None),
    ("do", Some("Crash([Role(\"leader\")])")),
    ("say", None),
];

/// Reads a scenario, or says everything that keeps it from being one.
///
/// `file` is only a name, for the messages.
pub fn read(file: &str, source: &str, catalog: &dyn Catalog) -> Result<Scenario, Diagnostics> {
    if source.len() > FILE_MAX {
        return Err(Diagnostics::of_file(file, &messages::too_large(source.len(), FILE_MAX)));
    }
    let outline = outline(file, source)?;
    if !matches!((&outline.root.shape, &outline.root.name), (Shape::Fields(_), None)) {
        let mistake = messages::expected("keys and values in `( )`", source, &outline.root);
        return Err(Diagnostics::new(file, source, Mistakes::one(mistake)));
    }
    let mut reader = Reader { outline: &outline, mistakes: Mistakes::default() };
    let scenario = reader.scenario();
    let mut mistakes = reader.mistakes;
    validate::validate(&scenario, &outline, catalog, &mut mistakes);
    if mistakes.is_empty() { Ok(scenario) } else { Err(Diagnostics::new(file, source, mistakes)) }
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
        let part = self.part("the scenario", &self.outline.root, SCENARIO);
        let services = part.get("services").map(|node| self.services(node)).unwrap_or_default();
        let network = part.get("network").map(|node| self.network(node));
        let faults = part.get("faults").map(|node| self.faults(node)).unwrap_or_default();
        Scenario {
            about: flowing(&self.value_or::<String>(part, "about", String::new())),
            seed: self.value_or(part, "seed", 0),
            until: self.value_or(part, "until", Time(UNTIL_MAX.0)),
            services,
            clients: part.get("clients").map(|node| self.clients(node)),
            network: network.unwrap_or(Network { delay: NO_DELAY, loss: Chance::NEVER, links: Vec::new() }),
            faults,
            calm: self.value_or(part, "calm", Span::ZERO),
            expect: self.values(part, "expect", || Expectation::Linearizable),
            vacuous: self.value_or(part, "vacuous", Vacuous::Refuse),
        }
    }

    fn services(&mut self, node: &'a Node) -> Vec<Service> {
        let outline = self.outline;
        let Shape::Map(fields) = &node.shape else {
            self.mistakes.push(messages::expected("services by name in `{ }`", outline.source, node));
            return Vec::new();
        };
        if let Some((second, first)) = repeated(outline.source, fields) {
            let twice = outline.text(&second.key);
            self.mistakes.push(messages::key_twice(second.key.clone(), twice, first.key.clone()));
        }
        let mut services = Vec::new();
        for field in fields {
            if !outline.text(&field.key).ends_with('"') {
                self.mistakes.push(meaning::service_unquoted(field.key.clone(), outline.text(&field.key)));
            }
            services.push(self.service(outline.key(field), &field.value));
        }
        services
    }

    fn service(&mut self, name: String, node: &'a Node) -> Service {
        let part = self.part(&messages::quote(&name), node, SERVICE);
        let disk = part.get("disk").map(|node| self.part("`disk`", node, DISK));
        let clock = part.get("clock").map(|node| self.part("`clock`", node, CLOCK));
        Service {
            name,
            run: self.value_or(part, "run", String::new()),
            nodes: self.count(part),
            with: part.get("with").map(|node| self.raw(node)),
            disk: disk
                .map_or_else(Disk::default, |part| Disk { sync: self.value_or(part, "sync", NO_DELAY) }),
            clock: clock.map_or_else(Clock::default, |part| Clock {
                offset: self.value_or(part, "offset", Span::ZERO),
                drift: self.value_or(part, "drift", 0.0),
            }),
        }
    }

    fn clients(&mut self, node: &'a Node) -> Clients {
        let part = self.part("`clients`", node, CLIENT);
        let timeout = self.value_or(part, "timeout", Clients::TIMEOUT);
        let retry = part.get("retry").map(|node| self.part("`retry`", node, RETRY));
        let default = Retry::default();
        Clients {
            nodes: self.count(part),
            of: self.value_or(part, "of", String::new()),
            load: self.value_or(part, "load", Load::Open(Rate::Constant(1.0))),
            mix: part.get("mix").map(|node| self.raw(node)),
            keys: self.value_or(part, "keys", Keys::default()),
            timeout,
            deadline: self.value_or(part, "deadline", timeout),
            retry: retry.map_or_else(Retry::default, |part| Retry {
                attempts: self.value_or(part, "attempts", default.attempts),
                backoff: self.value_or(part, "backoff", default.backoff),
            }),
            route: self.value_or(part, "route", Route::default()),
            start: self.value_or(part, "start", Time::ZERO),
        }
    }

    fn network(&mut self, node: &'a Node) -> Network {
        let part = self.part("`network`", node, NETWORK);
        let links = part.get("links").map(|node| self.list(node)).unwrap_or_default();
        Network {
            delay: self.value_or(part, "delay", NO_DELAY),
            loss: self.value_or(part, "loss", Chance::NEVER),
            links: links.iter().map(|node| self.link(node)).collect(),
        }
    }

    fn link(&mut self, node: &'a Node) -> Link {
        let part = self.part("a link", node, LINK);
        if self.sound(node) && part.get("delay").is_none() && part.get("loss").is_none() {
            self.mistakes.push(meaning::link_same(node.body()));
        }
        Link {
            from: self.value_or(part, "from", String::new()),
            to: self.value_or(part, "to", String::new()),
            delay: part.get("delay").and_then(|node| self.value(node)),
            loss: part.get("loss").and_then(|node| self.value(node)),
        }
    }

    fn faults(&mut self, node: &'a Node) -> Vec<TimedFault> {
        let mut faults: Vec<TimedFault> = self.list(node).iter().map(|node| self.fault(node)).collect();
        let mut taken: BTreeSet<String> = faults.iter().map(|fault| fault.name.clone()).collect();
        let mut numbers: BTreeMap<&str, u64> = BTreeMap::new();
        for fault in faults.iter_mut().filter(|fault| fault.name.is_empty()) {
            let kind = fault.fault.kind();
            let number = numbers.entry(kind).or_default();
            while fault.name.is_empty() || taken.contains(&fault.name) {
                *number += 1;
                fault.name = if *number == 1 { kind.to_owned() } else { format!("{kind}-{number}") };
            }
            taken.insert(fault.name.clone());
        }
        faults
    }

    /// A fault without a name has an empty one for now.
    fn fault(&mut self, node: &'a Node) -> TimedFault {
        let part = self.part("a fault", node, FAULT);
        let when = match (part.get("at"), part.get("after")) {
            (Some(at), None) => self.value(at).map(When::At),
            (None, Some(after)) => self.value(after).map(|(name, span)| When::After(name, span)),
            (Some(_), Some(after)) => {
                self.mistakes.push(meaning::two_moments(after.at.clone()));
                None
            }
            (None, None) => {
                if self.sound(node) {
                    self.mistakes.push(meaning::no_moment(opening(node)));
                }
                None
            }
        };
        let name = part.get("name").and_then(|node| Some((node, self.value::<String>(node)?)));
        let unfit = |name: &str| {
            name.trim().is_empty() || name.chars().any(char::is_control) || name.chars().count() > 60
        };
        if let Some((node, _)) = name.as_ref().filter(|(_, name)| unfit(name)) {
            self.mistakes.push(meaning::fault_name(node.at.clone()));
        }
        TimedFault {
            name: name.map_or_else(String::new, |(_, name)| name),
            when: when.unwrap_or(When::At(Time::ZERO)),
            lasts: part.get("lasts").and_then(|node| self.value(node)),
            fault: self.value_or(part, "do", Fault::Heal),
            say: flowing(&self.value_or::<String>(part, "say", String::new())),
        }
    }

    // The parts of parts.

    fn sound(&self, node: &Node) -> bool {
        self.mistakes.none_in(&node.at)
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
        decode(self.outline.source, node).map_err(|mistake| self.mistakes.push(mistake)).ok()
    }

    fn value_or<T: DeserializeOwned>(&mut self, part: Part<'a>, key: &str, default: T) -> T {
        part.get(key).and_then(|node| self.value(node)).unwrap_or(default)
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

const NO_DELAY: Delay = Delay::Constant(Span::ZERO);

/// The bracket that opens a structure, or as much of another value.
fn opening(node: &Node) -> std::ops::Range<usize> {
    let start = node.body().start;
    start..start + 1
}

/// Text for people: line breaks and indentation are only how the file is laid out.
fn flowing(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
