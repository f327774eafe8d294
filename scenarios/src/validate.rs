//! Whether a scenario makes sense: names exist, numbers are within reach, moments lie within the run.
//!
//! Works on the scenario for what it says and on the outline for where it says it. What depends on a value that could
//! not be read is passed over: the reader has enough to do with the value.

mod expect;
mod explore;
mod faults;
mod harm;
mod names;
mod nemesis;
mod picks;
mod registers;
mod world;

use crate::{
    decode::split_advice,
    diagnostics::{Mistake, Mistakes, Place},
    format::{
        CLIENT, CLIENTS, Catalog, Clients, KEYS_MAX, Keys, Load, NODES_MAX, OPERATIONS_MAX, Rate, Raw,
        Refusal, Scenario, Service, UNTIL_MAX,
    },
    messages::{self, meaning},
    outline::{Node, Outline, Shape},
};
use sim_core::{
    rng::{self, Purpose},
    sample::Delay,
    time::{Span, Time},
};

/// Notes everything in `scenario` that makes no sense.
pub(crate) fn validate(
    scenario: &Scenario,
    outline: &Outline<'_>,
    catalog: &dyn Catalog,
    mistakes: &mut Mistakes,
) {
    let top = At { outline, node: &outline.root };
    let names = names::Names::of(scenario);
    let protocols = protocols(scenario, catalog);
    let mut check = Check { scenario, catalog, mistakes, top, names, protocols };
    check.run();
    check.services();
    if let Some(clients) = &scenario.clients {
        check.clients(clients);
    }
    check.sizes();
    check.topology();
    check.network();
    let strikes = faults::check(&mut check);
    expect::check(&mut check, &strikes);
    explore::check(&mut check);
}

struct Check<'a, 'm> {
    scenario: &'a Scenario,
    catalog: &'a dyn Catalog,
    mistakes: &'m mut Mistakes,
    top: At<'a>,
    names: names::Names<'a>,
    /// The protocols of all services, each once; `None` when one of them is not known.
    protocols: Option<Vec<&'a str>>,
}

fn protocols<'a>(scenario: &'a Scenario, catalog: &dyn Catalog) -> Option<Vec<&'a str>> {
    let known = catalog.protocols();
    let mut protocols: Vec<&str> = scenario.services.iter().map(|service| service.run.as_str()).collect();
    protocols.sort_unstable();
    protocols.dedup();
    let complete = !protocols.is_empty() && protocols.iter().all(|protocol| known.contains(protocol));
    complete.then_some(protocols)
}

/// A place in the outline. Steps to what the file leaves out stay where they are.
#[derive(Clone, Copy)]
struct At<'a> {
    outline: &'a Outline<'a>,
    node: &'a Node,
}

impl<'a> At<'a> {
    fn find(self, name: &str) -> Option<At<'a>> {
        let (Shape::Fields(fields) | Shape::Map(fields)) = &self.node.shape else { return None };
        let field = fields.iter().find(|field| self.outline.key(field) == name)?;
        Some(At { node: &field.value, ..self })
    }
    fn key(self, name: &str) -> At<'a> {
        self.find(name).unwrap_or(self)
    }
    /// The entry of a list, of values in parentheses, or of a map.
    fn item(self, index: usize) -> At<'a> {
        let node = match &self.node.shape {
            Shape::List(items) | Shape::Items(items) => items.get(index),
            Shape::Map(fields) | Shape::Fields(fields) => fields.get(index).map(|field| &field.value),
            Shape::Text | Shape::Word => None,
        };
        At { node: node.unwrap_or(self.node), ..self }
    }
    /// The key of the entry of a map.
    fn entry(self, index: usize) -> Place {
        match &self.node.shape {
            Shape::Map(fields) if index < fields.len() => fields[index].key.clone(),
            Shape::Map(_)
            | Shape::Fields(_)
            | Shape::List(_)
            | Shape::Items(_)
            | Shape::Text
            | Shape::Word => self.place(),
        }
    }
    fn place(self) -> Place {
        self.node.at.clone()
    }
}

impl<'a> Check<'a, '_> {
    /// Whether what the file says here could be read.
    fn sound(&self, at: At<'_>) -> bool {
        self.mistakes.none_in(&at.node.at)
    }

    fn say(&mut self, mistake: Mistake) {
        self.mistakes.push(mistake);
    }

    /// Whether all services and clients could be read, so that what they do not have does not exist.
    fn knows_names(&self) -> bool {
        let clients = self.top.find("clients").is_none_or(|at| self.sound(at));
        clients && self.top.find("services").is_some_and(|at| self.sound(at))
    }

    fn run(&mut self) {
        let Scenario { about, until, calm, .. } = self.scenario;
        let said = |check: &Self, key| check.top.find(key).filter(|at| check.sound(*at));
        if let Some(at) = said(self, "about").filter(|_| about.is_empty()) {
            self.say(meaning::about_empty(at.place()));
        }
        if let Some(at) = said(self, "until") {
            if *until == Time::ZERO {
                self.say(meaning::until_zero(at.place()));
            } else if until.0 > UNTIL_MAX.0 {
                self.say(meaning::until_far(at.place(), *until));
            } else if calm.0 >= until.0 && *calm > Span::ZERO {
                self.say(meaning::calm_long(self.top.key("calm").place(), *calm, *until));
            }
        }
    }

    fn services(&mut self) {
        let Some(all) = self.top.find("services") else { return };
        if self.scenario.services.is_empty() && self.sound(all) {
            self.say(meaning::no_service(all.place()));
        }
        for (index, service) in self.scenario.services.iter().enumerate() {
            if self.mistakes.full() {
                return;
            }
            let (before, _) = self.scenario.services.split_at(index);
            self.service(all.entry(index), all.item(index), service, before);
        }
    }

    fn service(&mut self, key: Place, at: At<'a>, service: &'a Service, before: &'a [Service]) {
        let name = service.name.as_str();
        if name == CLIENTS || name == CLIENT {
            self.say(meaning::service_reserved(key, name));
        } else if let Some(why) = unfit(name) {
            self.say(meaning::service_name(key, name, why));
        }
        if at.find("run").is_some_and(|at| self.sound(at)) {
            let protocols = self.catalog.protocols();
            if protocols.contains(&service.run.as_str()) {
                self.config(at, service);
                self.calls(at, service, before);
                self.beside(at, service, before);
                let most = self.catalog.nodes_max(&service.run);
                if let Some(nodes) =
                    at.find("nodes").filter(|nodes| self.sound(*nodes) && u64::from(service.nodes) > most)
                {
                    self.say(meaning::too_many_for(nodes.place(), service.nodes, &service.run, most));
                }
            } else {
                self.say(meaning::no_protocol(at.key("run").place(), &service.run, &protocols));
            }
        }
        self.hosts(at, service);
        self.attachment(at, service.nic.as_ref());
        if service.beside.is_none() {
            self.zones(at, &service.zones);
        }
        let drift = at.key("clock").key("drift");
        if !(0.0..0.5).contains(&service.clock.drift) {
            self.say(meaning::drift(drift.place(), service.clock.drift));
        }
    }

    /// Whether a service calls one that stands before it and serves what it asks.
    fn calls(&mut self, at: At<'a>, service: &Service, before: &[Service]) {
        let known = self.catalog.protocols();
        let Service { name, run, calls, .. } = service;
        let fits = |callee: &&Service| self.catalog.fits(run, &callee.run);
        let fitting: Vec<&str> = before.iter().filter(fits).map(|callee| callee.name.as_str()).collect();
        match (at.find("calls"), calls) {
            (None, _) if self.catalog.calls(run) => {
                self.say(meaning::calls_lacking(at.key("run").place(), run, &fitting));
            }
            (None, _) => {}
            (Some(at), _) if !self.catalog.calls(run) => self.say(meaning::calls_nobody(at.place(), run)),
            (Some(at), Some(callee)) => match before.iter().find(|service| service.name == *callee) {
                None if self.scenario.services.iter().any(|service| service.name == *callee) => {
                    self.say(meaning::calls_later(at.place(), name, callee));
                }
                None => self.say(meaning::no_such_service(at.place(), callee, &fitting)),
                Some(service) if known.contains(&service.run.as_str()) && !fits(&service) => {
                    self.say(meaning::calls_misfit(at.place(), run, callee, &service.run, &fitting));
                }
                Some(_) => {}
            },
            // It could not be read, and that was said.
            (Some(_), None) => {}
        }
    }

    /// Whether a service runs on machines that another brought, and leaves what belongs to them to that one.
    fn beside(&mut self, at: At<'a>, service: &Service, before: &[Service]) {
        let Some((place, beside)) = at.find("beside").zip(service.beside.as_ref()) else { return };
        let Some(host) = before.iter().find(|host| host.name == *beside) else {
            let known: Vec<&str> = before.iter().map(|host| host.name.as_str()).collect();
            return self.say(meaning::no_such_machines(place.place(), beside, &known));
        };
        if host.beside.is_some() {
            self.say(meaning::beside_a_guest(place.place(), host));
        }
        if service.nodes > host.nodes {
            self.say(meaning::beside_too_few(place.place(), service.nodes, host));
        }
        for key in ["nic", "zones"] {
            if let Some(at) = at.find(key) {
                self.say(meaning::belongs_to_machines(at.place(), key, &host.name));
            }
        }
    }

    fn config(&mut self, at: At<'a>, service: &Service) {
        match &service.with {
            Some(raw) => {
                let refused = self.catalog.check_config(&service.run, &raw.text, service.nodes);
                self.refused(refused, raw, at.key("with"), &service.run, "with");
            }
            None => {
                if let Err(refusal) = self.catalog.check_config(&service.run, "()", service.nodes) {
                    let why = match refusal {
                        Refusal::Misread(misread) => {
                            let first = misread.0.into_iter().next();
                            first.map_or_else(String::new, |mistake| owned(mistake, "with").what)
                        }
                        Refusal::Shape(error) => error.code.to_string(),
                        Refusal::Meaning { message, .. } => message,
                    };
                    self.say(meaning::needs(at.key("run").place(), &service.run, &why));
                }
            }
        }
    }

    /// Notes why a catalog refused a piece of the file.
    fn refused(&mut self, refused: Result<(), Refusal>, raw: &Raw, at: At<'a>, owner: &str, key: &str) {
        match refused {
            Ok(()) => {}
            Err(Refusal::Misread(misread)) => {
                for mistake in misread.0 {
                    let mut mistake = owned(mistake, key);
                    mistake.at = mistake.at.start + raw.at..mistake.at.end + raw.at;
                    if let Some(also) = &mut mistake.also {
                        also.0 = also.0.start + raw.at..also.0.end + raw.at;
                    }
                    self.say(mistake);
                }
            }
            Err(Refusal::Shape(error)) => {
                let offset = raw.at + offset(&raw.text, error.span.start.line, error.span.start.col);
                let place = at.outline.token_at(offset).map_or(at.place(), |token| token.at.clone());
                self.say(messages::from_ron(place, &error.code.to_string()));
            }
            Err(Refusal::Meaning { path, message }) => {
                let node = crate::set::find(at.outline, at.node, &path).unwrap_or(at.node);
                let (why, help) = split_advice(&message);
                self.say(Mistake { help, ..meaning::misfit(node.at.clone(), owner, key, &why) });
            }
        }
    }

    /// Whether the texts that clients want worked on are those that are there: in their service, or in one that it calls.
    fn texts(&mut self, at: At<'a>, clients: &'a Clients, service: &'a Service) {
        fn written(raw: Option<&Raw>) -> &str {
            raw.map_or("()", |raw| raw.text.as_str())
        }
        let (Keys::Uniform(keys) | Keys::Zipf { count: keys, .. }) = clients.keys;
        let mix = written(clients.mix.as_ref());
        let Some(wanted) = self.catalog.texts_wanted(&service.run, mix, keys) else { return };
        // A service calls one that stands before it, so this ends.
        let mut holder = Some(service);
        while let Some(service) = holder {
            if let Some(held) = self.catalog.texts_held(&service.run, written(service.with.as_ref())) {
                if (held.chunks, held.words) != (wanted.chunks, wanted.words) {
                    self.say(meaning::other_texts(at.key("mix").place(), wanted, &service.name, held));
                } else if wanted.count > held.count {
                    self.say(meaning::few_texts(at.key("keys").place(), wanted, &service.name, held));
                }
                return;
            }
            let before = self.scenario.services.iter().take_while(|other| other.name != service.name);
            holder = before.into_iter().find(|other| Some(&other.name) == service.calls.as_ref());
        }
    }

    fn clients(&mut self, clients: &'a Clients) {
        let at = self.top.key("clients");
        let names: Vec<&str> = self.scenario.services.iter().map(|service| service.name.as_str()).collect();
        let of = at.find("of").filter(|of| self.sound(*of));
        if let Some(of) = of.filter(|_| self.top.find("services").is_some()) {
            match self.scenario.services.iter().find(|service| service.name == clients.of) {
                None if names.is_empty() => {}
                None => self.say(meaning::no_such_service(of.place(), &clients.of, &names)),
                Some(service) => {
                    let known = self.catalog.protocols().contains(&service.run.as_str());
                    if known && !self.catalog.serves(&service.run) {
                        return self.say(meaning::serves_nothing(of.place(), &clients.of, &service.run));
                    }
                    if let Some(raw) = clients.mix.as_ref().filter(|_| known) {
                        let refused = self.catalog.check_mix(&service.run, &raw.text);
                        self.refused(refused, raw, at.key("mix"), &service.run, "mix");
                    }
                    if known {
                        self.texts(at, clients, service);
                    }
                }
            }
        }
        self.attachment(at, clients.nic.as_ref());
        self.zones(at, &clients.zones);
        match clients.keys {
            Keys::Uniform(count) => self.key_count(at.key("keys").item(0), count),
            Keys::Zipf { count, s } => {
                self.key_count(at.key("keys").key("count"), count);
                if !(0.0..=10.0).contains(&s) {
                    self.say(meaning::zipf_exponent(at.key("keys").key("s").place(), s));
                }
            }
        }
        for (key, span) in [("timeout", clients.timeout), ("deadline", clients.deadline)] {
            if let Some(at) = at.find(key).filter(|_| span == Span::ZERO) {
                self.say(meaning::no_time(at.place(), key));
            }
        }
        if !(1..=1_000).contains(&clients.retry.attempts) {
            self.say(meaning::attempts(at.key("retry").key("attempts").place(), clients.retry.attempts));
        }
        for (index, (name, _)) in clients.only.iter().flatten().enumerate() {
            let client = matches!(self.names.resolve(name), names::Named::Node(CLIENTS, _));
            if let Some(at) = at.find("only").filter(|at| !client && self.sound(*at)) {
                self.say(meaning::no_client(at.item(index).item(0).place(), name, clients.nodes));
            }
        }
        let until = self.scenario.until;
        if clients.start >= until && until > Time::ZERO {
            self.say(meaning::starts_late(at.key("start").place(), clients.start, until));
        }
        if let (Some(stop), Some(at)) = (clients.writes_until, at.find("writes_until"))
            && !(clients.start < stop && stop < until)
            && until > clients.start
        {
            self.say(meaning::writes_end(at.place(), stop, clients.start, until));
        }
        self.load(at.key("load"), clients);
    }

    fn key_count(&mut self, at: At<'a>, count: u64) {
        if !(1..=KEYS_MAX).contains(&count) {
            self.say(meaning::key_count(at.place(), count, KEYS_MAX));
        }
    }

    fn load(&mut self, at: At<'a>, clients: &Clients) {
        let seconds = self.scenario.until.since(clients.start).as_secs();
        let count = match &clients.load {
            Load::Open(Rate::Poisson(rate) | Rate::Constant(rate)) if *rate <= 0.0 => {
                return self.say(meaning::rate(at.item(0).item(0).place(), *rate));
            }
            Load::Open(Rate::Poisson(rate) | Rate::Constant(rate)) => rate * seconds,
            Load::Closed { think } => {
                let network = &self.scenario.network;
                let elsewhere = match &self.scenario.topology {
                    Some(topology) if self.stand_in_zones(clients) => topology.delay(topology.hosts),
                    Some(_) | None => network.default.delay.clone(),
                };
                let delays = network.links.iter().filter_map(|link| link.delay.as_ref()).chain([&elsewhere]);
                let travel = delays.map(typical).fold(f64::INFINITY, f64::min);
                let cycle = think.as_secs() + 2.0 * travel;
                if cycle <= 0.0 {
                    let known = self.top.find("network").is_some_and(|at| self.sound(at));
                    return if known {
                        self.say(meaning::timeless_load(at.place()))
                    };
                }
                f64::from(clients.nodes) * seconds / cycle
            }
        };
        let known =
            ["clients", "network", "until"].map(|key| self.top.find(key).is_some_and(|at| self.sound(at)));
        if count > OPERATIONS_MAX && known == [true; 3] {
            self.say(meaning::operations(at.place(), count, OPERATIONS_MAX));
        }
    }

    /// Whether clients and the service that they call all stand in zones, so that the network's own delay is not theirs.
    fn stand_in_zones(&self, clients: &Clients) -> bool {
        let service = self.scenario.services.iter().find(|service| service.name == clients.of);
        !clients.zones.is_empty()
            && service.is_some_and(|service| !self.scenario.host_of(service).zones.is_empty())
    }

    /// The nodes of the world, clients included.
    fn nodes(&self) -> u64 {
        let services = self.scenario.services.iter().map(|service| u64::from(service.nodes));
        let clients = self.scenario.clients.iter().map(|clients| u64::from(clients.nodes));
        services.chain(clients).sum()
    }

    fn sizes(&mut self) {
        let total = self.nodes();
        if total > NODES_MAX && self.knows_names() {
            let at = self.top.key("services");
            self.say(meaning::nodes_together(at.place(), total, NODES_MAX));
        }
    }
}

/// A mistake about the whole of what stands under a key, which the catalog does not know.
fn owned(mut mistake: Mistake, key: &str) -> Mistake {
    if mistake.what.starts_with("this has ") || mistake.what.starts_with("this lacks ") {
        mistake.what.replace_range(..4, &format!("`{key}`"));
    }
    mistake
}

/// What keeps a name from being the name of a service.
pub(crate) fn unfit(name: &str) -> Option<&'static str> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    if name.is_empty() || name.chars().count() > 40 {
        Some("not 1 to 40 characters")
    } else if !name.chars().all(fits) {
        Some("a character that may not be in it")
    } else if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        Some("does not start with a letter")
    } else if stem.ends_with('-') {
        Some("could be mistaken for the name of a node")
    } else {
        None
    }
}

/// A delay that many are longer than, in seconds: the median of some.
fn typical(delay: &Delay) -> f64 {
    let sampler = delay.sampler();
    let mut rng = rng::Keys::new(0).stream(Purpose::Test, 0, 0);
    let mut drawn: Vec<Span> = (0..31).map(|_| sampler.draw(&mut rng)).collect();
    drawn.sort_unstable();
    drawn[drawn.len() / 2].as_secs()
}

/// The byte at a line and column, both counted from 1 and in characters.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = &text[start.min(text.len())..];
    start + rest.chars().take(column.saturating_sub(1)).map(char::len_utf8).sum::<usize>()
}
