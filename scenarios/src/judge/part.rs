//! What an expectation leaves out that is about some of the clients, about one kind of operation, or about the time of a fault.

use super::effects::Sources;
use sim_core::{
    protocol::NodeId,
    run::{Operation, Run},
    time::Time,
};
use std::collections::BTreeSet;

/// The part of a run that an expectation is about: while faults were in force, what some clients did, and of which kind.
pub(super) struct Part {
    /// Begins with a space if it says anything.
    pub(super) phrase: String,
    kind: Option<String>,
    windows: Option<Vec<(Time, Time)>>,
    clients: Option<Vec<NodeId>>,
}

impl Part {
    pub(super) fn of(
        during: Option<&str>,
        clients: Option<&[String]>,
        run: &Run,
        sources: &Sources<'_>,
    ) -> Part {
        let mut phrase = String::new();
        if let Some(clients) = clients {
            phrase.push_str(&format!(" of {}", clients.join(", ")));
        }
        if let Some(fault) = during {
            phrase.push_str(&format!(" during {fault}"));
        }
        let node = |name: &String| run.services.iter().find_map(|service| service.node(name));
        Part {
            phrase,
            kind: None,
            windows: during.map(|fault| sources.windows(fault, run.ended)),
            clients: clients.map(|names| names.iter().filter_map(node).collect()),
        }
    }

    /// The operations of this kind in it.
    pub(super) fn only(self, kind: Option<&str>) -> Part {
        let Some(kind) = kind else { return self };
        Part { phrase: format!(" of {kind}{}", self.phrase), kind: Some(kind.into()), ..self }
    }

    /// Whether this operation counts.
    pub(super) fn holds(&self, operation: &Operation) -> bool {
        self.kind.as_ref().is_none_or(|kind| kind == operation.kind)
            && self.counts(operation.client, operation.intended)
    }

    /// Why there may be no operation in it: a kind that there is none of.
    pub(super) fn emptiness(&self, operations: &[Operation]) -> Option<String> {
        let kind = self.kind.as_ref()?;
        let kinds: BTreeSet<&str> = operations.iter().map(|operation| operation.kind).collect();
        if kinds.is_empty() || kinds.contains(kind.as_str()) {
            return None;
        }
        let known: Vec<&str> = kinds.into_iter().collect();
        Some(format!("there are no operations of the kind `{kind}`, only `{}`", known.join("`, `")))
    }

    /// Whether what this client did then counts.
    pub(super) fn counts(&self, client: NodeId, at: Time) -> bool {
        let within = |&(from, to): &(Time, Time)| (from..to).contains(&at);
        self.clients.as_ref().is_none_or(|clients| clients.contains(&client))
            && self.windows.as_ref().is_none_or(|windows| windows.iter().any(within))
    }
}
