//! The scenario file as data: what a file may say, with every default written out.
//!
//! These types are what `read` makes of a file and what `write` makes a
//! file of. Nothing here acts, and nothing is resolved: a role is still a role, a random node still random. What a
//! value may be is checked while reading (`validate.rs`), so whoever holds a [`Scenario`] may rely on it:
//!
//! * every service, node, zone, role, property and fault that is named exists,
//! * every duration, ratio and count lies in the range that its field documents,
//! * faults whose moment is known strike before the run ends, end before it ends, and leave its calm part alone,
//! * [`expand`](crate::expand::expand) makes at most [`LIST_MAX`] faults of it.

mod expect;
mod explore;
mod faults;
mod network;

pub use crate::decode::{Misread, parse};
use crate::topology::Topology;
pub use expect::{Claim, Expectation, Figure};
pub use explore::{Explore, Messages, Step};
pub use faults::{Kind, Nemesis, TimedFault, When};
pub use network::{Link, Network};
use protocols::text::Texts;
use ron::error::SpannedError;
use serde::{Deserialize, Serialize};
use sim_core::{
    link::Nic,
    names::named,
    plan::{DiskPlan, HostPlan, Timers},
    time::{Span, Time},
};

/// The name by which faults, links and picks call all clients together. No service may have it.
pub const CLIENTS: &str = "clients";
/// What the names of clients start with: `client-1`, `client-2`, …
pub const CLIENT: &str = "client";
/// The most nodes that a world may have, clients included.
pub const NODES_MAX: u64 = 1_000_000;
/// The most operations that clients may be asked to make in one run.
pub const OPERATIONS_MAX: f64 = 50_000_000.0;
/// The longest run: ten years of 365 days.
pub const UNTIL_MAX: Span = Span(10 * 365 * 24 * 3_600 * 1_000_000_000);
/// The most keys that clients may choose from.
pub const KEYS_MAX: u64 = 1_000_000_000;
/// The most services, faults, links, expectations, or groups of a split, that a file may list; and the most faults that a run may
/// have, when each strike of those that strike often is counted.
pub const LIST_MAX: usize = 10_000;
/// The largest scenario file, in bytes. Nobody writes so much, but `plan.ron` has each strike of each fault.
pub const FILE_MAX: usize = 1 << 24;
/// The most bytes that all strikes of all faults may take to write down, and what links repeat of the network.
pub const REPEATED_MAX: usize = 1 << 26;
/// The most strikes of all faults, times the nodes of the world: each strike looks at every node.
pub const LOOKS_MAX: u64 = 50_000_000;
/// The most faults that may wait for a condition, which is looked at whenever something happens.
pub const WAITING_MAX: usize = 100;
/// The most nodes that all links together may name, each at both ends.
pub const ENDS_MAX: u64 = 50_000_000;
/// The most cores of a node.
pub const CORES_MAX: u32 = 1_024;
/// The most often that clocks may be set by the strobes of one run, if each sets those of all nodes.
pub const STROBES_MAX: u64 = 10_000_000;

/// A scenario: a world, what goes wrong in it, and what is expected of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Two or three sentences for whoever runs it. Line breaks in the file are read as spaces.
    pub about: String,
    /// Everything that is random follows from it.
    pub seed: u64,
    /// When the run ends: more than nothing, at most [`UNTIL_MAX`].
    pub until: Time,
    /// The services in the order of the file; at least one, with distinct names.
    pub services: Vec<Service>,
    /// Who uses a service. Without clients there are no operations, and a run that must judge some is vacuous.
    pub clients: Option<Clients>,
    /// Where nodes can stand, and how far these places are apart. Default: nowhere.
    pub topology: Option<Topology>,
    /// What lies between the nodes.
    pub network: Network,
    /// What goes wrong, in the order of the file.
    pub faults: Vec<TimedFault>,
    /// Generators of what else goes wrong. Their names differ from one another and from those of the faults.
    pub nemesis: Vec<Nemesis>,
    /// The last part of the run, in which no fault strikes or is in force; shorter than the run. Default: none.
    pub calm: Span,
    /// What must come true; at least one, none twice.
    pub expect: Vec<Expectation>,
    /// Whether a run in which an expectation had nothing to judge is accepted. Default: refused.
    pub vacuous: Vacuous,
    /// How far `sim explore` goes. Default: see [`Explore`].
    pub explore: Option<Explore>,
}

impl Scenario {
    /// The service whose machines a service runs on: mostly its own.
    pub(crate) fn host_of<'a>(&'a self, service: &'a Service) -> &'a Service {
        let beside = service.beside.as_ref();
        beside.and_then(|name| self.services.iter().find(|other| other.name == *name)).unwrap_or(service)
    }
}

/// Nodes that all run one protocol. They are called `<name>-1`, `<name>-2`, …
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// 1 to 40 of `a-z 0-9 - _`, starts with a letter, does not end in `-` or in `-` and digits, and is neither
    /// `clients` nor `client`.
    pub name: String,
    /// The protocol that its nodes run: a name from the catalog.
    pub run: String,
    /// How many nodes; at least 1.
    pub nodes: u32,
    /// The service whose nodes its nodes call: one that stands before it and serves what they ask. Needed by protocols that
    /// call another service, and only by them.
    pub calls: Option<String>,
    /// The service on whose machines its nodes run, each on that of the node with the same number: one that stands before
    /// it, has as many nodes at least, and machines of its own. What nodes on one machine say to one another stays there; they
    /// share its interface, and stand where it stands, so `nic` and `zones` are said there. Default: machines of their own.
    pub beside: Option<String>,
    /// What the protocol is to be told, in its own terms; `None` leaves it its defaults.
    pub with: Option<Raw>,
    /// The processor of each node; 1 to [`CORES_MAX`] cores. Default: inputs cost no time.
    pub host: HostPlan,
    /// The disk of each node. Default: it takes no time.
    pub disk: DiskPlan,
    /// The clock of each node.
    pub clock: Clock,
    /// How each node is attached; `None` leaves it what the network says.
    pub nic: Option<Nic>,
    /// Zones of the topology: the node with index i, from 0, stands in the i-th of them, in turn. Default: nowhere.
    pub zones: Vec<String>,
}

/// How wrong clocks are. Default: not at all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Clock {
    /// Each node's clock is ahead or behind by at most this.
    pub offset: Span,
    /// Each node's clock runs fast or slow by at most this ratio: 0.0001 is 100 ppm. From 0 to below 0.5.
    pub drift: f64,
    /// What timers are measured with. Default: a clock that is never set.
    pub timers: Timers,
}

/// Those who call a service: nodes named `client-1`, `client-2`, …
#[derive(Clone, Debug, PartialEq)]
pub struct Clients {
    /// How many; at least 1.
    pub nodes: u32,
    /// The service they call.
    pub of: String,
    /// How often.
    pub load: Load,
    /// Which operations, in the terms of what the service serves; `None` leaves its default mix.
    pub mix: Option<Raw>,
    /// On which keys. Default: a hundred, all alike.
    pub keys: Keys,
    /// How long one call waits for its answer; more than nothing. Default: 1s.
    pub timeout: Span,
    /// An operation counts as served when it was answered within this; more than nothing. Default: `timeout`.
    pub deadline: Span,
    /// What follows a call that was refused or timed out.
    pub retry: Retry,
    /// Where operations begin. Default: `Sticky`.
    pub route: Route,
    /// When the first operation may begin; before the end of the run. Default: at once.
    pub start: Time,
    /// From this moment on only operations that change nothing are made, so that a run can show what a service comes to
    /// rest at: after `start` and before the end of the run. The others are drawn all the same. Default: never.
    pub writes_until: Option<Time>,
    /// The only operations that are made, by the names of clients and the numbers of each one's operations, from 0: what the
    /// others would have been is drawn all the same. Default: all.
    pub only: Option<Vec<(String, Vec<u32>)>>,
    /// How each client is attached; `None` leaves it what the network says.
    pub nic: Option<Nic>,
    /// Zones of the topology, in turn as those of a service. Default: nowhere.
    pub zones: Vec<String>,
}

/// How often operations are made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Load {
    /// Operations start whether or not earlier ones were answered, as from users who know nothing of each other.
    Open(Rate),
    /// Every client makes one operation at a time, and thinks between the answer and the next.
    Closed {
        /// From one answer to the next operation.
        think: Span,
    },
}

/// Operations per second, over all clients together; more than none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Rate {
    /// At random moments, so many on average.
    Poisson(f64),
    /// At equal distances.
    Constant(f64),
}

/// Where operations begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Route {
    /// At the server that answered last; a redirect moves the client there for good.
    #[default]
    Sticky,
    /// At a server drawn anew for each operation; a redirect moves only that operation.
    Spread,
}

/// How an operation chooses its key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Keys {
    /// So many keys, all equally likely; 1 to [`KEYS_MAX`].
    Uniform(u64),
    /// Some keys are hotter than others: the i-th is chosen in proportion to 1/i^s.
    Zipf {
        /// So many keys; 1 to [`KEYS_MAX`].
        count: u64,
        /// How uneven: 0 is uniform, 1 is common, at most 10.
        s: f64,
    },
}

/// What a client does about a call that was refused or timed out.
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    /// Calls per operation at most, the first included; 1 to 1000. Default: 1, because a call that timed out may
    /// have taken effect, and one that is repeated may do so twice. Following a redirect is not a call of its own.
    pub attempts: u32,
    /// The wait before the second call; it doubles for each further one, with jitter. Default: 20ms.
    pub backoff: Span,
}

/// What a run is worth in which an expectation had nothing to judge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Vacuous {
    /// It does not count as passed.
    #[default]
    Refuse,
    /// It counts as passed, and says so.
    Allow,
}

/// A piece of RON that only a protocol or a spec can read, as it stands in the file.
#[derive(Clone, Debug)]
pub struct Raw {
    /// One RON value.
    pub text: String,
    /// Where in the file it starts, in bytes.
    pub at: usize,
}

/// Two pieces are equal when they say the same; where they stand does not matter.
impl PartialEq for Raw {
    fn eq(&self, other: &Raw) -> bool {
        self.text == other.text
    }
}

/// What a scenario can name that is not in the file: protocols and what belongs to them.
pub trait Catalog {
    /// The names of all protocols.
    fn protocols(&self) -> Vec<&str>;
    /// The roles that nodes of this protocol can have.
    fn roles(&self, protocol: &str) -> Vec<&'static str>;
    /// The properties of this protocol by name, and whether each must always hold (or come true once).
    fn properties(&self, protocol: &str) -> Vec<(&'static str, bool)>;
    /// Whether this protocol answers requests, so that clients can make some.
    fn serves(&self, protocol: &str) -> bool;
    /// Whether this protocol calls another service.
    fn calls(&self, protocol: &str) -> bool;
    /// Whether `callee` serves what `caller` asks.
    fn fits(&self, caller: &str, callee: &str) -> bool;
    /// Whether some of these requests read and write registers.
    fn registers(&self, protocol: &str) -> bool;
    /// The most nodes that a service of this protocol may have.
    fn nodes_max(&self, protocol: &str) -> u64;
    /// Reads what a file says under `with`, for a service of so many nodes. A file without `with` is checked with `()`.
    fn check_config(&self, protocol: &str, ron_text: &str, nodes: u32) -> Result<(), Refusal>;
    /// Reads what a file says under `mix`, for the spec that this protocol serves. Not called when there is no `mix`.
    fn check_mix(&self, protocol: &str, ron_text: &str) -> Result<(), Refusal>;
    /// The texts that a service of this protocol has from the beginning, by what a file says under `with`.
    fn texts_held(&self, protocol: &str, ron_text: &str) -> Option<Texts>;
    /// The texts that so many keys of this mix stand for.
    fn texts_wanted(&self, protocol: &str, ron_text: &str, keys: u64) -> Option<Texts>;
}

/// Why a [`Catalog`] refuses a piece of RON.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// It is not what the protocol reads, says [`parse`].
    Misread(Misread),
    /// It is not what the protocol reads, says `ron`; positions count from the start of the piece.
    Shape(SpannedError),
    /// It reads well, but a value makes no sense: what was found and what would do, lower case.
    Meaning {
        /// Where in the piece, if known: keys and indices as in `election[0]`; empty for the whole of it.
        path: String,
        /// What was found and what would do.
        message: String,
    },
}

impl From<SpannedError> for Refusal {
    fn from(error: SpannedError) -> Refusal {
        Refusal::Shape(error)
    }
}
impl From<String> for Refusal {
    fn from(message: String) -> Refusal {
        Refusal::Meaning { path: String::new(), message }
    }
}

/// How scenario files are read, and everything inside them: `Some` may be left out, and so may the inner parentheses
/// of newtypes.
pub fn options() -> ron::Options {
    use ron::extensions::Extensions;
    ron::Options::default().with_default_extension(
        Extensions::IMPLICIT_SOME | Extensions::UNWRAP_NEWTYPES | Extensions::UNWRAP_VARIANT_NEWTYPES,
    )
}

impl Default for Keys {
    fn default() -> Keys {
        Keys::Uniform(100)
    }
}
impl Default for Retry {
    fn default() -> Retry {
        Retry { attempts: 1, backoff: Span(20_000_000) }
    }
}
impl Clients {
    /// How long a call waits unless the file says otherwise.
    pub const TIMEOUT: Span = Span(1_000_000_000);
}

impl Service {
    /// The name of its node with this index, which counts from 0: `db-1` is the node at 0.
    pub fn node_name(&self, index: u32) -> String {
        format!("{}-{}", self.name, u64::from(index) + 1)
    }

    /// A text about it alone, with its nodes by their names.
    pub fn named(&self, text: &str) -> String {
        named(text, |node| (node.0 < self.nodes).then(|| self.node_name(node.0)))
    }
}

impl Scenario {
    /// The path through its explored world, if it holds one.
    pub fn path(&self) -> &[Step] {
        self.explore.as_ref().map_or(&[], |explore| &explore.path)
    }

    /// When the calm part begins; the end of the run when there is none.
    pub fn calm_from(&self) -> Time {
        Time(self.until.0.saturating_sub(self.calm.0))
    }
}
