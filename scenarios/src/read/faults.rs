//! Reads what goes wrong: faults with their moments, and generators of faults.

use super::{Key, Part, Reader, flowing, opening};
use crate::{
    format::{Kind, Nemesis, Service, TimedFault, When},
    messages::{harm, meaning},
    outline::Node,
};
use sim_core::{
    fault::{Fault, Keep},
    plan::Timers,
    rng::Chance,
    sample::Delay,
    time::{Span, Time},
};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) const FAULT: &[Key] = &[
    ("name", None),
    ("part_of", None),
    ("at", None),
    ("between", None),
    ("every", None),
    ("after", None),
    ("when", None),
    ("from", None),
    ("to", None),
    ("latest", None),
    ("lasts", None),
    ("keep", None),
    ("rolling", None),
    ("do", Some("Crash([Role(\"leader\")])")),
    ("say", None),
];
/// Each says when a fault strikes.
const MOMENTS: [&str; 5] = ["at", "between", "every", "after", "when"];
pub(crate) const NEMESIS: &[Key] = &[
    ("name", None),
    ("from", None),
    ("to", None),
    ("of", None),
    ("kinds", None),
    ("gap", None),
    ("gap_min", None),
    ("dwell", None),
    ("dwell_min", None),
    ("at_once", None),
    ("keep", None),
    ("swarm", None),
    ("aim", None),
];
pub(crate) const KIND: &[Key] = &[("weight", None), ("do", Some("Crash([RandomOf(\"db\", 1)])"))];

impl<'a> Reader<'a> {
    /// All faults and generators of the scenario, each with a name. Harm ends at `harm_until`.
    pub(super) fn faults(
        &mut self,
        part: Part<'a>,
        harm_until: Time,
        services: &[Service],
    ) -> (Vec<TimedFault>, Vec<Nemesis>) {
        let list = |reader: &mut Self, key| part.get(key).map(|node| reader.list(node)).unwrap_or_default();
        let (faults, nemesis) = (list(self, "faults"), list(self, "nemesis"));
        let mut faults: Vec<_> = faults.iter().map(|node| self.fault(node, harm_until)).collect();
        let mut nemesis: Vec<_> =
            nemesis.iter().map(|node| self.nemesis(node, harm_until, services)).collect();
        let unnamed = faults.iter_mut().map(|fault| (&mut fault.name, fault.fault.kind()));
        name(unnamed.chain(nemesis.iter_mut().map(|nemesis| (&mut nemesis.name, "nemesis"))).collect());
        (faults, nemesis)
    }

    /// A fault without a name has an empty one for now.
    fn fault(&mut self, node: &'a Node, harm_until: Time) -> TimedFault {
        let part = self.part("a fault", node, FAULT);
        TimedFault {
            name: self.name(part, "name").unwrap_or_default(),
            part_of: self.name(part, "part_of"),
            when: self.when(node, part, harm_until).unwrap_or(When::At(Time::ZERO)),
            lasts: self.maybe(part, "lasts"),
            keep: self.value_or(part, "keep", Keep::Nothing),
            rolling: self.maybe(part, "rolling"),
            fault: self.value_or(part, "do", Fault::Heal),
            say: flowing(&self.value_or::<String>(part, "say", String::new())),
        }
    }

    fn name(&mut self, part: Part<'a>, key: &str) -> Option<String> {
        let name = self.maybe::<String>(part, key)?;
        // A strike of many has their name, and a number.
        let most = if key == "name" && part.get("part_of").is_some() { 70 } else { 60 };
        let control = name.chars().any(char::is_control);
        let unfit = name.trim().is_empty() || control || name.chars().count() > most;
        if let Some(node) = part.get(key).filter(|_| unfit) {
            self.mistakes.push(meaning::fault_name(node.at.clone()));
        }
        Some(name)
    }

    fn when(&mut self, node: &'a Node, part: Part<'a>, harm_until: Time) -> Option<When> {
        let said: Vec<&str> = MOMENTS.into_iter().filter(|key| part.get(key).is_some()).collect();
        let moment = match said.as_slice() {
            [moment] => *moment,
            [] => {
                if self.sound(node) {
                    self.mistakes.push(harm::no_moment(opening(node)));
                }
                return None;
            }
            [first, .., second] => {
                let at = part.get(second).map_or(node.at.clone(), |node| node.at.clone());
                self.mistakes.push(harm::two_moments(at, first));
                return None;
            }
        };
        for (key, with) in [("from", &["every", "when"][..]), ("to", &["every"]), ("latest", &["when"])] {
            if let Some(node) = part.get(key).filter(|_| !with.contains(&moment)) {
                self.mistakes.push(harm::bound_without(node.at.clone(), key, moment, with));
            }
        }
        Some(match moment {
            "at" => When::At(self.maybe(part, "at")?),
            "between" => {
                let (from, to) = self.maybe(part, "between")?;
                When::Between(from, to)
            }
            "every" => When::Every {
                every: self.maybe(part, "every")?,
                from: self.value_or(part, "from", Time::ZERO),
                to: self.value_or(part, "to", harm_until),
            },
            "after" => {
                let (name, span) = self.maybe(part, "after")?;
                When::After(name, span)
            }
            _ => When::When {
                condition: self.maybe(part, "when")?,
                from: self.value_or(part, "from", Time::ZERO),
                latest: self.maybe(part, "latest"),
            },
        })
    }

    fn nemesis(&mut self, node: &'a Node, harm_until: Time, services: &[Service]) -> Nemesis {
        let part = self.part("a nemesis", node, NEMESIS);
        let kinds = match (part.get("kinds"), part.get("of")) {
            (Some(kinds), None) => self.list(kinds).iter().map(|node| self.kind(node)).collect(),
            (None, Some(of)) => self.kinds_for(of, services),
            (Some(_), Some(of)) => {
                self.mistakes.push(harm::of_and_kinds(of.at.clone()));
                Vec::new()
            }
            (None, None) => {
                if self.sound(node) {
                    self.mistakes.push(harm::no_kinds(opening(node)));
                }
                Vec::new()
            }
        };
        Nemesis {
            name: self.name(part, "name").unwrap_or_default(),
            from: self.value_or(part, "from", Time::ZERO),
            to: self.value_or(part, "to", harm_until),
            kinds,
            gap: self.value_or(part, "gap", Delay::Exponential(Span(5_000_000_000))),
            gap_min: self.value_or(part, "gap_min", Span::ZERO),
            dwell: self.value_or(part, "dwell", Delay::Uniform(Span(1_000_000_000), Span(5_000_000_000))),
            dwell_min: self.value_or(part, "dwell_min", Span(100_000_000)),
            at_once: self.value_or(part, "at_once", 1),
            keep: self.value_or(part, "keep", Keep::Nothing),
            swarm: self.value_or(part, "swarm", Chance::ALWAYS),
            aim: self.value_or(part, "aim", Chance::NEVER),
        }
    }

    fn kind(&mut self, node: &'a Node) -> Kind {
        let part = self.part("a kind of fault", node, KIND);
        Kind { weight: self.value_or(part, "weight", 1.0), fault: self.value_or(part, "do", Fault::Heal) }
    }

    /// What befalls the service that a nemesis names.
    fn kinds_for(&mut self, of: &'a Node, services: &[Service]) -> Vec<Kind> {
        let Some(name) = self.value_under::<String>(Some("of"), of) else { return Vec::new() };
        let Some(service) = services.iter().find(|service| service.name == name) else {
            let names: Vec<&str> = services.iter().map(|service| service.name.as_str()).collect();
            self.mistakes.push(meaning::no_such_service(of.at.clone(), &name, &names));
            return Vec::new();
        };
        let none = Delay::Constant(Span::ZERO);
        let slow_disk = service.disk.sync != none || service.disk.write != none;
        Nemesis::kinds_for(&name, service.nodes, slow_disk, service.clock.timers == Timers::Wall)
    }
}

/// Gives those without a name one after their kind, with a number where it is taken.
fn name(mut all: Vec<(&mut String, &'static str)>) {
    let mut taken: BTreeSet<String> = all.iter().map(|(name, _)| String::clone(name)).collect();
    let mut numbers: BTreeMap<&str, u64> = BTreeMap::new();
    for (name, kind) in all.iter_mut().filter(|(name, _)| name.is_empty()) {
        let number = numbers.entry(kind).or_default();
        while name.is_empty() || taken.contains(*name) {
            *number += 1;
            **name = if *number == 1 { String::from(*kind) } else { format!("{kind}-{number}") };
        }
        taken.insert(name.clone());
    }
}
