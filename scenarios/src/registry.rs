//! The registry: every protocol that a scenario can name, with what the runner must be able to do with it.

use crate::{
    explore,
    format::{self, Catalog, Clients, Keys, Load, Rate, Refusal, Route, Scenario, Service, parse},
    plan::Plan,
};
use protocols::{
    catalog::{self, Settings},
    client::{self, Client},
    text::Texts,
    workload::{KeyChoice, Workload},
};
use sim_core::{
    explore::{Exploration, Progress, Scene, Small, Step},
    protocol::{Never, NodeId, Protocol},
    rng::Keys as Seeds,
    sample::Zipf,
    spec::Spec,
    time::{Span, Time, Units},
    world::World,
};
use std::{any::TypeId, marker::PhantomData};

/// Every protocol by name. Start from [`Registry::standard`] and add your own.
#[derive(Default)]
pub struct Registry {
    entries: Vec<Entry>,
}

struct Entry {
    name: &'static str,
    about: &'static str,
    kind: Box<dyn Kind>,
}

/// What the runner can do with a protocol, whatever its types.
trait Kind: Sync + Send {
    fn roles(&self) -> Vec<&'static str>;
    fn properties(&self) -> Vec<(&'static str, bool)>;
    fn nodes_max(&self) -> u64;
    /// What its nodes serve, and what they ask of another service: specifications, if any.
    fn specs(&self) -> [Option<TypeId>; 2];
    fn registers(&self) -> bool;
    fn flaws(&self) -> Vec<String>;
    fn mix(&self) -> &'static str;
    fn check_config(&self, text: &str, nodes: u32) -> Result<(), Refusal>;
    fn check_mix(&self, text: &str) -> Result<(), Refusal>;
    fn texts_held(&self, text: &str) -> Option<Texts>;
    fn texts_wanted(&self, text: &str, keys: u64) -> Option<Texts>;
    /// The configuration with every default written out.
    fn config_text(&self, text: Option<&str>) -> Result<String, Refusal>;
    fn mix_text(&self, text: Option<&str>) -> Result<String, Refusal>;
    fn populate(&self, service: &Service, world: &mut World) -> Result<(), String>;
    fn populate_clients(&self, clients: &Clients, world: &mut World) -> Result<(), String>;
    fn explore(
        &self,
        scenario: &Scenario,
        service: &Service,
        goes_on: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<Exploration, String>;
    fn follow(
        &self,
        scenario: &Scenario,
        service: &Service,
        path: &[Step],
        show: &mut dyn FnMut(Option<&Step>, &Scene),
    ) -> Result<(), String>;
}

struct Typed<P>(PhantomData<fn() -> P>);

impl Registry {
    /// Without any protocol.
    pub fn empty() -> Registry {
        Registry::default()
    }

    /// With every protocol of this project.
    #[cfg(not(test))]
    pub fn standard() -> Registry {
        let mut registry = Registry::empty();
        catalog::list(&mut registry);
        registry
    }

    /// With a few. The unit tests of this crate want no others, and would take minutes to build with all of them.
    #[cfg(test)]
    pub(crate) fn of_few() -> Registry {
        use protocols::{billing::Billing, kv::Kv, leases::Leases, quorum_store::QuorumStore, raft::Raft};
        let mut registry = Registry::empty();
        registry.add::<Raft<Kv>>("raft", "");
        registry.add::<Raft<Leases>>("raft-leases", "");
        registry.add::<Billing>("billing", "");
        registry.add::<QuorumStore>("quorum-store", "");
        registry
    }

    /// Adds a protocol: the name by which scenarios call it, and what it is in a sentence. A later one of the same name
    /// takes the place of the earlier.
    pub fn add<P>(&mut self, name: &'static str, about: &'static str)
    where
        P: Protocol,
        P::Config: Settings,
        P::Serves: Workload,
    {
        self.entries.retain(|entry| entry.name != name);
        self.entries.push(Entry { name, about, kind: Box::new(Typed::<P>(PhantomData)) });
        self.entries.sort_by_key(|entry| entry.name);
    }

    /// What is registered, for `sim list`: by name.
    pub fn listing(&self) -> Vec<Listing> {
        let listing = |entry: &Entry| Listing {
            name: entry.name,
            about: entry.about,
            roles: entry.kind.roles(),
            properties: entry.kind.properties(),
            mix: entry.kind.mix(),
            calls: self.callees(entry.name),
            config: entry.kind.config_text(None).unwrap_or_default(),
            flaws: entry.kind.flaws(),
        };
        self.entries.iter().map(listing).collect()
    }

    fn callees(&self, caller: &str) -> Vec<&'static str> {
        self.entries.iter().map(|entry| entry.name).filter(|callee| self.fits(caller, callee)).collect()
    }

    fn kind(&self, name: &str) -> Option<&dyn Kind> {
        self.entries.iter().find(|entry| entry.name == name).map(|entry| &*entry.kind)
    }

    /// The configuration that `with` gives this protocol, with every default written out.
    pub(crate) fn config_text(&self, protocol: &str, with: Option<&str>) -> Option<String> {
        self.kind(protocol)?.config_text(with).ok()
    }

    /// The same for the mix of operations.
    pub(crate) fn mix_text(&self, protocol: &str, mix: Option<&str>) -> Option<String> {
        self.kind(protocol)?.mix_text(mix).ok()
    }

    /// See [`explore::explore`].
    pub(crate) fn explore(
        &self,
        scenario: &Scenario,
        service: &Service,
        goes_on: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<Exploration, String> {
        self.known(service)?.explore(scenario, service, goes_on)
    }

    /// See [`explore::follow`].
    pub(crate) fn follow(
        &self,
        scenario: &Scenario,
        service: &Service,
        path: &[Step],
        show: &mut dyn FnMut(Option<&Step>, &Scene),
    ) -> Result<(), String> {
        self.known(service)?.follow(scenario, service, path, show)
    }

    fn known(&self, service: &Service) -> Result<&dyn Kind, String> {
        self.kind(&service.run).ok_or_else(|| format!("there is no protocol `{}`", service.run))
    }

    /// Builds the world of a plan.
    pub fn world(&self, plan: &Plan) -> Result<World, String> {
        let mut world = World::new(plan.core.clone());
        for service in &plan.scenario.services {
            let kind = self.known(service)?;
            kind.populate(service, &mut world)?;
        }
        if let Some(clients) = &plan.scenario.clients {
            let of = plan.scenario.services.iter().find(|s| s.name == clients.of);
            let Some(kind) = of.and_then(|s| self.kind(&s.run)) else {
                return Err(format!("clients call `{}`, which is no service", clients.of));
            };
            kind.populate_clients(clients, &mut world)?;
        }
        Ok(world)
    }
}

/// A registered protocol, for people.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The name that scenarios use.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// The roles of its nodes.
    pub roles: Vec<&'static str>,
    /// Its properties, and whether each must always hold.
    pub properties: Vec<(&'static str, bool)>,
    /// The operations that its clients can be told to mix.
    pub mix: &'static str,
    /// The protocols that serve what it asks of another service; none if it asks nothing.
    pub calls: Vec<&'static str>,
    /// Its default configuration, as RON.
    pub config: String,
    /// The mistakes that its configuration can switch on, under `flaw`.
    pub flaws: Vec<String>,
}

impl catalog::Catalog for Registry {
    fn add<P>(&mut self, name: &'static str, about: &'static str)
    where
        P: Protocol,
        P::Config: Settings,
        P::Serves: Workload,
    {
        Registry::add::<P>(self, name, about);
    }
}

impl Catalog for Registry {
    fn protocols(&self) -> Vec<&str> {
        self.entries.iter().map(|entry| entry.name).collect()
    }
    fn roles(&self, protocol: &str) -> Vec<&'static str> {
        self.kind(protocol).map_or_else(Vec::new, Kind::roles)
    }
    fn properties(&self, protocol: &str) -> Vec<(&'static str, bool)> {
        self.kind(protocol).map_or_else(Vec::new, Kind::properties)
    }
    fn serves(&self, protocol: &str) -> bool {
        self.kind(protocol).is_none_or(|kind| kind.specs()[0].is_some())
    }
    fn calls(&self, protocol: &str) -> bool {
        self.kind(protocol).is_some_and(|kind| kind.specs()[1].is_some())
    }
    fn fits(&self, caller: &str, callee: &str) -> bool {
        let specs = |protocol| self.kind(protocol).map_or([None; 2], Kind::specs);
        let ([_, asked], [served, _]) = (specs(caller), specs(callee));
        asked.is_some() && asked == served
    }
    fn registers(&self, protocol: &str) -> bool {
        self.kind(protocol).is_none_or(Kind::registers)
    }
    fn nodes_max(&self, protocol: &str) -> u64 {
        self.kind(protocol).map_or(u64::MAX, Kind::nodes_max)
    }
    fn check_config(&self, protocol: &str, ron_text: &str, nodes: u32) -> Result<(), Refusal> {
        self.kind(protocol).map_or(Ok(()), |kind| kind.check_config(ron_text, nodes))
    }
    fn check_mix(&self, protocol: &str, ron_text: &str) -> Result<(), Refusal> {
        self.kind(protocol).map_or(Ok(()), |kind| kind.check_mix(ron_text))
    }
    fn texts_held(&self, protocol: &str, ron_text: &str) -> Option<Texts> {
        self.kind(protocol)?.texts_held(ron_text)
    }
    fn texts_wanted(&self, protocol: &str, ron_text: &str, keys: u64) -> Option<Texts> {
        self.kind(protocol)?.texts_wanted(ron_text, keys)
    }
}

fn print<T: serde::Serialize>(value: &T) -> Result<String, Refusal> {
    format::options().to_string(value).map_err(|error| error.to_string().into())
}

/// The service of a scenario as a small world. Its operations are those that the first client would make first, if it
/// got no answers.
fn small<P>(scenario: &Scenario, service: &Service) -> Result<Small<P>, String>
where
    P: Protocol,
    P::Config: Settings,
    P::Serves: Workload,
{
    let read = "it was checked when the file was read";
    let config = parse(service.with.as_ref().map_or("()", |raw| &raw.text)).map_err(|_| read)?;
    let wanted = scenario.explore.clone().unwrap_or_default();
    let mut operations = Vec::new();
    if let Some(clients) = &scenario.clients {
        let mix = clients.mix.as_ref().map_or_else(|| Ok(Default::default()), |raw| parse(&raw.text));
        let (mix, keys) = (mix.map_err(|_| read)?, key_choice(&clients.keys)?);
        let (seeds, first) = (Seeds::new(scenario.seed), NodeId(service.nodes));
        let memory = <P::Serves as Workload>::Memory::default();
        operations.extend(
            (0..wanted.operations).map(|number| {
                client::operation::<P::Serves>(&seeds, first, number, (&mix, &keys), &memory).0
            }),
        );
    }
    Ok(Small { config, nodes: service.nodes, operations, bounds: explore::bounds(&wanted) })
}

fn key_choice(keys: &Keys) -> Result<KeyChoice, String> {
    Ok(match *keys {
        Keys::Uniform(count) => KeyChoice::Uniform(count),
        Keys::Zipf { count, s } => KeyChoice::Zipf(Zipf::new(count, s)?),
    })
}

impl<P> Kind for Typed<P>
where
    P: Protocol,
    P::Config: Settings,
    P::Serves: Workload,
{
    fn roles(&self) -> Vec<&'static str> {
        P::ROLES.iter().map(|role| role.0).collect()
    }

    fn properties(&self) -> Vec<(&'static str, bool)> {
        use sim_core::property::Kind::Always;
        P::PROPERTIES.iter().map(|property| (property.name, property.kind == Always)).collect()
    }

    fn nodes_max(&self) -> u64 {
        u64::from(P::NODES_MAX)
    }

    fn specs(&self) -> [Option<TypeId>; 2] {
        [TypeId::of::<P::Serves>(), TypeId::of::<P::Calls>()]
            .map(|spec| Some(spec).filter(|spec| *spec != TypeId::of::<Never>()))
    }

    fn registers(&self) -> bool {
        P::Serves::REGISTERS
    }

    fn flaws(&self) -> Vec<String> {
        P::Config::flaws()
    }

    fn mix(&self) -> &'static str {
        P::Serves::MIX
    }

    fn check_config(&self, text: &str, nodes: u32) -> Result<(), Refusal> {
        let config: P::Config = parse(text)?;
        config.check(nodes).map_err(|(path, message)| Refusal::Meaning { path: path.into(), message })
    }

    fn check_mix(&self, text: &str) -> Result<(), Refusal> {
        Ok(P::Serves::check(&parse(text)?)?)
    }

    fn texts_held(&self, text: &str) -> Option<Texts> {
        parse::<P::Config>(text).ok()?.texts()
    }

    fn texts_wanted(&self, text: &str, keys: u64) -> Option<Texts> {
        P::Serves::texts(&parse(text).ok()?, keys)
    }

    fn config_text(&self, text: Option<&str>) -> Result<String, Refusal> {
        print(&text.map_or_else(|| Ok(P::Config::default()), parse)?)
    }

    fn mix_text(&self, text: Option<&str>) -> Result<String, Refusal> {
        print(&text.map_or_else(|| Ok(<P::Serves as Workload>::Mix::default()), parse)?)
    }

    fn populate(&self, service: &Service, world: &mut World) -> Result<(), String> {
        let config = parse(service.with.as_ref().map_or("()", |raw| &raw.text))
            .map_err(|_| "the configuration was checked when the file was read")?;
        world.populate::<P>(config, service.calls.as_deref())
    }

    fn populate_clients(&self, clients: &Clients, world: &mut World) -> Result<(), String> {
        let mix = clients.mix.as_ref().map_or_else(|| Ok(Default::default()), |raw| parse(&raw.text));
        let gap = |rate: f64| Span((f64::from(clients.nodes) / rate * 1e9).round().max(1.0) as u64);
        let config = client::Config {
            load: match clients.load {
                Load::Open(Rate::Poisson(rate)) => client::Load::Poisson(gap(rate)),
                Load::Open(Rate::Constant(rate)) => client::Load::Constant(gap(rate)),
                // No time at all between operations would let a refusing service spin at one moment for ever.
                Load::Closed { think } => client::Load::Closed(think.max(1.us())),
            },
            mix: mix.map_err(|_| "the mix was checked when the file was read")?,
            keys: key_choice(&clients.keys)?,
            timeout: clients.timeout,
            attempts: clients.retry.attempts,
            backoff: clients.retry.backoff,
            route: match clients.route {
                Route::Sticky => client::Route::Sticky,
                Route::Spread => client::Route::Spread,
            },
            start: clients.start.since(Time::ZERO),
            writes_until: clients.writes_until.map(|until| until.since(Time::ZERO)),
            only: clients.only.as_ref().map(|only| {
                let node = |name: &String| world.nodes(format::CLIENTS)?.node(name);
                let of = |(name, numbers): &(String, Vec<u32>)| {
                    let node = node(name);
                    numbers.iter().filter_map(move |&number| Some((node?, number))).collect::<Vec<_>>()
                };
                only.iter().flat_map(of).collect()
            }),
        };
        world.populate::<Client<P::Serves>>(config, Some(&clients.of))
    }

    fn explore(
        &self,
        scenario: &Scenario,
        service: &Service,
        goes_on: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<Exploration, String> {
        small::<P>(scenario, service)?.explore(goes_on)
    }

    fn follow(
        &self,
        scenario: &Scenario,
        service: &Service,
        path: &[Step],
        show: &mut dyn FnMut(Option<&Step>, &Scene),
    ) -> Result<(), String> {
        small::<P>(scenario, service)?.follow(path, show)
    }
}
