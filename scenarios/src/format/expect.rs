//! What a scenario can expect.

use serde::{Deserialize, Serialize};
use sim_core::{check::register::Guarantee, time::Span};

/// What must come true of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Expectation {
    /// What clients saw could have been seen of a service that does one operation at a time.
    Linearizable,
    /// This claim is *broken* in the run. For scenarios that show what a design does not give.
    Violates(Claim),
    /// A property of a protocol holds throughout.
    Always(String),
    /// A property of a protocol comes true at least once.
    Sometimes(String),
    /// What comes true in other runs does not in this one: the property is one for [`Expectation::Sometimes`].
    Never(String),
    /// A property of a protocol comes true for the first time within some time from the start, and not before some other.
    /// At least one of the bounds is given.
    Reached {
        /// The property.
        what: String,
        /// More than nothing, at most the length of the run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        within: Option<Span>,
        /// More than nothing, at most `within`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        not_before: Option<Span>,
    },
    /// How often a property of a protocol came true: what [`Expectation::Sometimes`] counts. At least one of the bounds is given.
    Times {
        /// The property.
        what: String,
        /// The least.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_least: Option<u64>,
        /// The most; not below `at_least`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_most: Option<u64>,
    },
    /// The share of operations that were served within their deadline: of all, or of those that `during`, `clients` and `kind`
    /// leave.
    /// At least one of the bounds is given.
    Availability {
        /// From 0 to 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_least: Option<f64>,
        /// From 0 to 1, not below `at_least`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_most: Option<f64>,
        /// The name of a fault or a nemesis that lasts: only operations that were wanted while it was in force count.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        during: Option<String>,
        /// Names of clients: only their operations count.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        clients: Option<Vec<String>>,
        /// A kind of operation: only these count.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kind: Option<String>,
    },
    /// So many per cent of the answered operations were answered within `at_most`, and were not all answered before `at_least`:
    /// of all, or of those that `during`, `clients` and `kind` leave. At least one of the bounds is given.
    Latency {
        /// Above 0, at most 100.
        percentile: f64,
        /// More than nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_least: Option<Span>,
        /// More than nothing; not below `at_least`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_most: Option<Span>,
        /// As in [`Expectation::Availability`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        during: Option<String>,
        /// As in [`Expectation::Availability`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        clients: Option<Vec<String>>,
        /// As in [`Expectation::Availability`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kind: Option<String>,
    },
    /// How many messages the network was handed, requests and answers among them. At least one of the bounds is given.
    Messages {
        /// The least.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_least: Option<u64>,
        /// The most; not below `at_least`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_most: Option<u64>,
    },
    /// The same, for each operation that was answered: what an answer costs. At least one of the bounds is given.
    MessagesPerOperation {
        /// The least: 0 or more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_least: Option<f64>,
        /// The most: 0 or more, not below `at_least`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_most: Option<f64>,
    },
    /// What a fault did, over all its strikes: so much, or not more than so much. At least one of the bounds is given.
    Effect {
        /// The name of a fault or a nemesis.
        of: String,
        /// Which figure.
        what: Figure,
        /// The least.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_least: Option<u64>,
        /// The most; not below `at_least`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_most: Option<u64>,
    },
    /// At some moment while this fault was in force, some service had no node that ran and reached a majority.
    QuorumLost(String),
    /// Throughout, while this fault was in force, every service had a node that ran and reached a majority.
    QuorumKept(String),
    /// After this fault strikes (for the first time, if it strikes often), operations are served again within this, whether or not it is over: at least half as
    /// many a second as before.
    Recovers {
        /// The name of a fault.
        from: String,
        /// More than nothing.
        within: Span,
    },
    /// How long the longest stretch was in which nobody was served. At least one of the bounds is given.
    Downtime {
        /// More than nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_least: Option<Span>,
        /// More than nothing; not below `at_least`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_most: Option<Span>,
    },
    /// How old what clients read was: of a read that missed a write which had been acknowledged before, the time since the
    /// earliest such acknowledgement; of others, nothing. At least one of the bounds is given.
    Staleness {
        /// Of so many per cent of the reads: above 0, at most 100. Without it, of the stalest.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        percentile: Option<f64>,
        /// More than nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_least: Option<Span>,
        /// Nothing stale at all, if it is nothing; not below `at_least`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_most: Option<Span>,
        /// The name of a fault or a nemesis that lasts: only reads that were made while it was in force count.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        during: Option<String>,
        /// Names of clients: only their reads count.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        clients: Option<Vec<String>>,
    },
    /// The share of reads that were stale at all: of all, or of those that `during` and `clients` leave. At least one of the
    /// bounds is given.
    StaleReads {
        /// From 0 to 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_least: Option<f64>,
        /// From 0 to 1, not below `at_least`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_most: Option<f64>,
        /// As in [`Expectation::Staleness`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        during: Option<String>,
        /// As in [`Expectation::Staleness`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        clients: Option<Vec<String>>,
    },
    /// Acknowledged writes, or later ones, are found by reads that are made in the calm part, so long after it began and
    /// after the last write of their key; and so are updates of counters and sets, each once.
    NoLostWrites {
        /// More than nothing.
        within: Span,
    },
    /// Each client sees its own past: every one of these guarantees is kept. At least one is named, and none twice.
    Sessions(Vec<Guarantee>),
    /// All servers give the same answer to reads that are made in the calm part, so long after it began and after the last
    /// write of their key.
    Converges {
        /// More than nothing.
        within: Span,
    },
}

/// What is counted of a fault's effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Figure {
    /// Messages that it destroyed, or that reached a node which it had taken down.
    Dropped,
    /// Syncs that failed because of it; for bit rot the boots that found it.
    Failed,
    /// Messages, timers, syncs and work that it held back.
    Delayed,
    /// Messages that arrived twice because of it.
    Duplicated,
    /// Messages that it damaged.
    Corrupted,
    /// Times that a node looked at a clock that it had made wrong.
    Misled,
    /// Records on disk that it destroyed.
    Records,
    /// Nodes whose state it changed.
    Nodes,
    /// Nodes that it chose and had to spare.
    Spared,
    /// Servers that became leader while it was in force.
    LeaderChanges,
    /// Changes of role of servers while it was in force.
    RoleChanges,
}

/// What can be expected to be violated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Claim {
    /// See [`Expectation::Linearizable`].
    Linearizable,
    /// See [`Expectation::Always`].
    Always(String),
    /// See [`Expectation::NoLostWrites`].
    NoLostWrites {
        /// More than nothing.
        within: Span,
    },
    /// See [`Expectation::Sessions`]: at least one of these is broken.
    Sessions(Vec<Guarantee>),
    /// See [`Expectation::Converges`].
    Converges {
        /// More than nothing.
        within: Span,
    },
}
